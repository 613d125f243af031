"""Keys that stand twice; lanes that say the same twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matchopt.errors import Severity
from matchopt.language import tr
from matchopt.tables.findings import Findings, Said
from matchopt.tables.typed import Checked, is_empty


def check_keys(checked: Checked, found: Findings) -> Checked:
    """Report keys that stand twice; merge lanes that say the same twice."""
    keys = list(checked.table.key)
    if not keys:
        return checked
    if len(keys) == 1 and len(checked.coded(keys[0])[1]) == len(checked.rows):
        return checked
    again = checked.frame.duplicated(keys, keep="first").to_numpy() & checked.sound(*keys)
    if not again.any():
        return checked
    first = _first_rows(checked, keys)
    at = np.flatnonzero(again)
    if checked.name == "lanes":
        return _merge_lanes(checked, at, first, found)
    joined = " → ".join(keys)
    found.rows(
        Severity.ERROR,
        "duplicate_id",
        checked,
        keys[0],
        at,
        lambda k: (
            " → ".join(str(checked.frame[key].iloc[k]) for key in keys),
            tr("stands in row {row} already", row=checked.row(int(first[k]))),
            tr("every row has a {joined} of its own", joined=joined),
        ),
    )
    return checked


def _first_rows(checked: Checked, keys: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return, for each row, the position of the first row with the same key."""
    groups = checked.frame.groupby(list(keys), sort=False).ngroup().to_numpy()
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)


def _merge_lanes(
    checked: Checked, at: npt.NDArray[np.intp], first: npt.NDArray[np.int64], found: Findings
) -> Checked:
    """Drop lanes that repeat an earlier one word for word; refuse those that contradict it."""
    same = np.ones(len(at), dtype=bool)
    for column in checked.table.columns:
        values = checked.array(column.name)
        here, there = values[at], values[first[at]]
        same &= (here == there) | (is_empty(here) & is_empty(there))

    def say(k: int) -> Said:
        pair = f"{checked.frame['from_place'].iloc[k]} → {checked.frame['to_place'].iloc[k]}"
        other = checked.row(int(first[k]))
        if repeats[k]:
            return pair, tr("repeats row {other}; it is read once", other=other), tr("leave one of them out")
        return (
            pair,
            tr("contradicts row {other}", other=other),
            tr("keep the row that is right; one row a pair and direction"),
        )

    repeats = np.zeros(len(checked.rows), dtype=bool)
    repeats[at[same]] = True
    found.rows(Severity.WARNING, "repeated_lane", checked, "from_place", at[same], say)
    found.rows(Severity.ERROR, "contradictory_lanes", checked, "from_place", at[~same], say)
    return checked.kept(~repeats)
