"""The money on each row of the allocations, held against what a unit costs over its way."""

from __future__ import annotations

import numpy as np

from matchopt.language import tr
from matchopt.verifier.facts import money
from matchopt.verifier.keys import Floats, Texts
from matchopt.verifier.routes import Fees
from matchopt.verifier.violation import Report
from matchopt.verifier.ways import TABLE, Ways

RESIDUE = 3.0
"""Units of 1/10 000 by which a component may differ from its own value, per unit given: rounding the
other five and the total takes at most half a unit each, and the component takes all of it. (The
seventh, the purchase, is a whole unit of currency and has nothing to round.)"""

COLUMNS = ("transport_cost", "handling_cost", "storage_cost", "other_cost")


def check_charges(
    ways: Ways, fees: Fees, given: Floats, stated: Floats, names: Texts, report: Report
) -> None:
    """Hold the stated money (1/10 000) against the unit cost and its components, times the units given."""
    good = ways.sound & (given > 0)
    fractional = given != np.floor(given)
    parts = (ways.price.transport, ways.price.handling, ways.price.storage, fees.total())
    for row, (column, part) in enumerate(zip(COLUMNS, parts, strict=True)):
        right = part * 10_000 * given
        slack = RESIDUE * given + 1 + np.abs(right) * 2.0**-40
        report.each(
            "cost",
            TABLE,
            good & (np.abs(stated[row] - right) > slack),
            names,
            lambda r, c=column, s=stated[row], v=right: tr(
                "{c} is {s}; it has to be {v}", c=c, s=money(s[r]), v=money(v[r])
            ),  # type: ignore[misc]
        )
    right = ways.unit * given
    slack = np.where(fractional, 0.51, 0.01) + np.abs(right) * 2.0**-50
    report.each(
        "cost",
        TABLE,
        good & (np.abs(stated[4] - right) > slack),
        names,
        lambda r: tr(
            "total_cost is {stated}; {given} × {unit} is {right}",
            stated=money(stated[4][r]),
            given=f"{given[r]:g}",
            unit=money(ways.unit[r]),
            right=money(right[r]),
        ),
    )
    added = stated[:4].sum(axis=0)
    slack = np.where(fractional, 2.6, 0.01) + np.abs(right) * 2.0**-48
    report.each(
        "cost",
        TABLE,
        good & (np.abs(added - stated[4]) > slack),
        names,
        lambda r: tr(
            "the four costs add up to {added}, total_cost is {stated}",
            added=money(added[r]),
            stated=money(stated[4][r]),
        ),
    )
