"""Sums of what is asked and served, by whatever column, the worst first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

PLAIN = ["asked", "served", "unmet", "needs", "full", "part", "none"]


def rows(table: pd.DataFrame) -> Iterable[Any]:
    """Return the rows as tuples with names."""
    return table.itertuples()


def coverage(needs: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Add up needs by one or several columns.

    Returns
    -------
    DataFrame
        One row a value: asked, served, unmet; needs, and how many are served in full, in part, not at all;
        share (served ÷ asked).
    """
    full, none = needs["unmet"] <= 0, needs["served"] <= 0
    marked = needs.assign(needs=1, full=full, part=~full & ~none, none=~full & none)
    found = marked.groupby(by, observed=True, sort=True)[PLAIN].sum().reset_index()
    found[["needs", "full", "part", "none"]] = found[["needs", "full", "part", "none"]].astype(int)
    return found.assign(share=(found["served"] / found["asked"].where(found["asked"] > 0)).fillna(1.0))


def worst_first(found: pd.DataFrame) -> pd.DataFrame:
    """Return sums with the smallest share first; of several the one where more is missing."""
    return found.sort_values(["share", "unmet"], ascending=[True, False], kind="stable", ignore_index=True)


def main_reasons(needs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return how many needs stay unmet, by columns and reason, the most frequent reason first."""
    short = needs[needs["unmet"] > 0]
    found = short.groupby([*by, "reason"], observed=True).agg(count=("unmet", "size"), unmet=("unmet", "sum"))
    return found.reset_index().sort_values(
        [*by, "count"], ascending=[True] * len(by) + [False], kind="stable", ignore_index=True
    )
