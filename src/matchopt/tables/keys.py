"""Keys of a table: rows that stand twice, and lanes that say the same twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Ints
from matchopt.contract.frames import frame_of
from matchopt.errors import Severity
from matchopt.language import tr
from matchopt.tables.findings import LEAVE_OUT, Cure, Findings, Said
from matchopt.tables.typed import Checked, is_empty

NUMBERED = frozenset(["need_id", "donation_id"])
"""Ids that say nothing but which row it is: a second row of one may have another."""


def check_keys(checked: Checked, found: Findings, *, referred: bool) -> Checked:
    """Report keys that stand twice; merge lanes that say the same twice.

    Parameters
    ----------
    referred
        Whether other tables may mean one of two needs or donations by their id.
    """
    keys = list(checked.table.key)
    if not keys or (len(keys) == 1 and len(checked.coded(keys[0])[1]) == len(checked.rows)):
        return checked
    named = frame_of({key: checked.array(key) for key in keys})
    again = named.duplicated(keep="first").to_numpy() & checked.sound(*keys)
    if not again.any():
        return checked
    first = _first_rows(checked, keys)
    at = np.flatnonzero(again)
    if checked.name == "lanes":
        return _merge_lanes(checked, at, first, found)
    own = tr("every row has a {joined} of its own", joined=" → ".join(map(checked.header, keys)))
    free = _free_ids(checked, at, first) if keys[0] in NUMBERED and not referred else {}

    def say(k: int) -> Said:
        value = " → ".join(str(checked.array(key)[k]) for key in keys)
        cure = Cure(tr("{cure}; here, say, {id}", cure=own, id=free[k]), free[k]) if k in free else own
        return value, tr("stands in row {row} already", row=checked.row(int(first[k]))), cure

    found.rows(Severity.ERROR, "duplicate_id", checked, keys[0], at, say)
    return checked


def _free_ids(checked: Checked, at: npt.NDArray[np.intp], first: Ints) -> dict[int, str]:
    """Return ids for rows that repeat that of another and say something else."""
    ids = checked.array(checked.table.key[0])
    taken = set(ids.tolist())
    whole = pd.concat([checked.frame, checked.extras], axis=1).astype(object)
    here, there = (whole.iloc[rows].reset_index(drop=True) for rows in (at, first[at]))
    other = ~((here == there) | (here.isna() & there.isna())).all(axis=1).to_numpy()
    free = {}
    for k in at[other].tolist():
        free[k] = next(name for n in count(2) if (name := f"{ids[k]}-{n}") not in taken)
        taken.add(free[k])
    return free


def _first_rows(checked: Checked, keys: Sequence[str]) -> Ints:
    """Return, for each row, the position of the first row with the same key."""
    groups = checked.frame.groupby(list(keys), sort=False).ngroup().to_numpy()
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)


def _merge_lanes(checked: Checked, at: npt.NDArray[np.intp], first: Ints, found: Findings) -> Checked:
    """Drop lanes that repeat an earlier one word for word; refuse those that contradict it."""
    same = np.ones(len(at), dtype=bool)
    for column in checked.table.columns:
        values = checked.array(column.name)
        here, there = values[at], values[first[at]]
        same &= (here == there) | (is_empty(here) & is_empty(there))
    repeats = np.zeros(len(checked.rows), dtype=bool)
    repeats[at[same]] = True

    def say(k: int) -> Said:
        pair = f"{checked.array('from_place')[k]} → {checked.array('to_place')[k]}"
        other = checked.row(int(first[k]))
        if repeats[k]:
            problem = tr("repeats row {other}; it is read once", other=other)
            return pair, problem, Cure(tr("leave one of them out"), LEAVE_OUT)
        cure = tr("keep the row that is right; one row a pair and direction")
        return pair, tr("contradicts row {other}", other=other), cure

    found.rows(Severity.WARNING, "repeated_lane", checked, "from_place", at[same], say)
    found.rows(Severity.ERROR, "contradictory_lanes", checked, "from_place", at[~same], say)
    return checked.kept(~repeats)
