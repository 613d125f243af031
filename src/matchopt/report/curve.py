"""The price of fairness as a table: what each higher floor costs, in coverage and in money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matchopt.language import tr
from matchopt.report import words
from matchopt.report.section import RIGHT, Section

if TYPE_CHECKING:
    import pandas as pd

TIER = "served_tier_"


def price_of_fairness(curve: pd.DataFrame, currency: str) -> Section:
    """Return the table of a fairness curve.

    Parameters
    ----------
    curve
        One row a point: floor, served, coverage, ``served_tier_<t>`` …, logistics_cost,
        bound_cost, gap; see `matchopt.fairness_curve`.
    currency
        What its money is in.
    """
    tiers = [str(name) for name in curve.columns if str(name).startswith(TIER)]
    header = (
        tr("smallest coverage"),
        tr("served"),
        tr("of all"),
        *(tr("priority {tier}", tier=name.removeprefix(TIER)) for name in tiers),
        tr("cost, {currency}", currency=currency),
        tr("at the least"),
        tr("gap"),
    )
    rows = tuple(
        (
            words.percent(point["floor"], 1),
            words.quantity(point["served"]),
            words.percent(point["coverage"], 1),
            *(words.quantity(point[name]) for name in tiers),
            words.money(point["logistics_cost"]),
            words.money(point["bound_cost"]),
            words.gap(point["gap"]),
        )
        for point in curve.to_dict("records")
    )
    return Section(tr("What fairness costs"), header, (RIGHT,) * len(header), rows)
