"""The shopping list: what funds buy, recomputed from the allocations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from matchopt.language import tr
from matchopt.verifier.facts import NO_DAY, Facts
from matchopt.verifier.keys import Bools, Texts
from matchopt.verifier.lines import Lines
from matchopt.verifier.sheet import Sheet, row_name
from matchopt.verifier.violation import Report
from matchopt.verifier.ways import day

TABLE = "purchases"
_TEXTS = ("item", "community", "donation_id", "donor", "need_id")
_NUMBERS = ("quantity", "unit_price", "amount")


def check_purchases(f: Facts, sheet: Sheet, lines: Lines, report: Report) -> None:
    """Check that the list has a row for each line of money that buys, with its figures, in order."""
    right = _right(f, lines)
    stated = pd.DataFrame(
        {column: sheet.text(column) for column in _TEXTS}
        | {"delivery_day": sheet.day("delivery_day")}
        | {column: sheet.number(column) for column in _NUMBERS}
    )
    if len(stated) != len(right):
        report.add(
            "purchases",
            TABLE,
            "",
            tr("has {stated} rows; the allocations buy {right} times", stated=len(stated), right=len(right)),
        )
        return
    for column in (*_TEXTS, "delivery_day"):
        there, wanted = stated[column].to_numpy(), right[column].to_numpy()
        _note(report, column, (there != wanted).astype(bool), there, wanted)
    for column in _NUMBERS:
        there, wanted = stated[column].to_numpy(), right[column].to_numpy()
        slack = (0.51e-4 if column == "amount" else 0.51e-6) + np.abs(wanted) * 2.0**-48
        _note(report, column, np.abs(there - wanted) > slack, there, wanted)


def _right(f: Facts, lines: Lines) -> pd.DataFrame:
    """Return the list as it has to be."""
    rows = np.flatnonzero(lines.bought)
    i, j = lines.i[rows], lines.j[rows]
    rates = np.array([float(rate) for rate in lines.rates] or [1.0])[lines.rate[rows]]
    spent = lines.given[rows] * f.gifts.grain[i]
    served = lines.given[rows] * rates * f.wants.grain[j]
    listed = pd.DataFrame(
        {
            "item": f.wants.items[j], "community": f.wants.communities[j],
            "delivery_day": lines.delivery[rows] if f.dated else np.full(len(rows), NO_DAY),
            "quantity": served, "unit_price": spent / np.where(served > 0, served, 1.0), "amount": spent,
            "donation_id": f.gifts.ids[i], "donor": f.gifts.donors[i], "need_id": f.wants.ids[j],
        }
    )  # fmt: skip
    return listed.sort_values(
        ["item", "community", "delivery_day", "need_id", "donation_id"], kind="stable", ignore_index=True
    )


def _note(report: Report, column: str, wrong: Bools, stated: Texts, right: Texts) -> None:
    def shown(value: object) -> str:
        if column == "delivery_day":
            return day(int(str(value)))
        return f"{value:.10g}" if isinstance(value, float) else str(value)

    report.each(
        "purchases",
        TABLE,
        wrong,
        row_name,
        lambda r: tr(
            "{column} is «{stated}»; it has to be «{right}»",
            column=column,
            stated=shown(stated[r]),
            right=shown(right[r]),
        ),
    )
