"""What may be shown to the public: no ids, no donors, nothing that fewer than five needs stand behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from matchopt.language import tr
from matchopt.result.plan_tables import PlanTables

FEW = 5
"""Counts below this are not told."""

COUNTS = ("full", "part", "none")
"""Columns of counts that add up to the column ``needs``."""


def public_tables(t: PlanTables) -> PlanTables:
    """Return the tables without ids and donors, the few put together.

    Communities, items, categories and groups with fewer than five needs become one, to which the next
    smallest is added until five stand behind it.
    """
    needs = t.needs.assign(need="")
    lines = t.lines.assign(need="", donation="", donor="")
    purchases = t.purchases.assign(need="", donor="")
    for column, together in (
        ("community", tr("small communities together")),
        ("item", tr("rare items together")),
        ("category", tr("rare categories together")),
        ("group", tr("small groups together")),
        ("channel", "resident"),
    ):
        few = _few(needs[column])
        if few:
            needs[column] = _merged(needs[column], few, together)
            for table in (lines, purchases):
                if column in table:
                    table[column] = _merged(table[column], few, together)
    seen = set(needs["community"].astype(str))
    places = t.places[(t.places["kind"] == "hub") | t.places["place"].isin(seen)].reset_index(drop=True)
    donations = t.donations.assign(donation="", donor="")
    rare = _few(donations["item"])
    if rare:
        donations["item"] = _merged(donations["item"], rare, tr("rare items together"))
        lines["given"] = _merged(lines["given"], rare, tr("rare items together"))
    origins = pd.DataFrame({"latitude": np.nan, "longitude": np.nan}, index=t.origins.index)
    return replace(
        t,
        needs=needs,
        donations=donations,
        lines=lines,
        purchases=purchases,
        places=places,
        origins=origins,
        public=True,
    )


def _few(column: pd.Series) -> set[str]:
    """Return the values that are too rare, so many of the rarest that together they are not."""
    counts = column.astype(str).value_counts().sort_values(kind="stable")
    small = int((counts < FEW).sum())
    if not small:
        return set()
    while small < len(counts) and counts.iloc[:small].sum() < FEW:
        small += 1
    return set(counts.index[:small])


def _merged(column: pd.Series, few: set[str], together: str) -> pd.Series:
    texts = column.astype(str)
    return texts.where(~texts.isin(few), together).astype("category")


def suppressed(table: pd.DataFrame, counts: Sequence[str], quantities: Sequence[str] = ()) -> pd.DataFrame:
    """Return a table with small counts as NaN, so that they do not follow from the others either.

    Parameters
    ----------
    table
        One row a group; a column ``needs`` counts all.
    counts
        Columns of counts that add up to ``needs``, or that stand alone.
    quantities
        What is left out as well where ``needs`` itself is small.
    """
    shown = table.copy()
    values = shown[list(counts)].astype(float)
    hidden = (values > 0) & (values < FEW)
    if set(counts) == set(COUNTS):
        # One hidden count would follow from the sum: the next smallest is hidden with it.
        marks, numbers = hidden.to_numpy(copy=True), values.to_numpy()
        for row in np.flatnonzero(marks.sum(axis=1) == 1):
            others = np.where(marks[row] | (numbers[row] == 0), np.inf, numbers[row])
            if np.isfinite(others).any():
                marks[row, int(others.argmin())] = True
        hidden = pd.DataFrame(marks, index=hidden.index, columns=hidden.columns)
    shown[list(counts)] = values.mask(hidden)
    if "needs" in shown:
        few = (table["needs"] > 0) & (table["needs"] < FEW)
        for name in ("needs", *counts, *quantities):
            shown[name] = shown[name].astype(float).mask(few)
    return shown
