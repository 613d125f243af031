"""Entries in groups: all members of some of them at once, and where two ways to cut the same meet."""

from __future__ import annotations

import numpy as np

from matchopt.arrays import Ints


def starts(index: Ints, groups: int) -> Ints:
    """Return where each of `groups` groups starts, and the last one ends, in ascending `index`."""
    return np.searchsorted(index, np.arange(groups + 1))


def members(start: Ints, groups: Ints) -> tuple[Ints, Ints]:
    """Return the places of all members of `groups`, group after group, and how many each has."""
    count = start[groups + 1] - start[groups]
    first = start[groups] - np.cumsum(count) + count
    return np.repeat(first, count) + np.arange(count.sum()), count


def overlaps(first: Ints, second: Ints) -> tuple[Ints, Ints, Ints]:
    """Cut the same length into pieces `first` (p,) and into pieces `second` (q,), one after another.

    Return which piece of each any stretch between two cuts is in, and how long it is.
    """
    ends = np.cumsum(first), np.cumsum(second)
    cuts = np.union1d(*ends)
    cuts = cuts[cuts > 0]
    return (
        np.searchsorted(ends[0], cuts),
        np.searchsorted(ends[1], cuts),
        np.diff(cuts, prepend=0),
    )
