"""Entries in groups: all members of some of the groups at once."""

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
