"""Which donation may serve which need (contract §2 and the boundaries of §4), pair by pair.

`i` are donations, `j` needs, `c` communities, all as indices; they broadcast.
"""

from __future__ import annotations

import numpy as np

from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Floats, Ints

STEPS = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing")
"""What each step of §2 refuses with; a pair that passes all of them has passed `len(STEPS)`."""


def same_thing(f: Facts, i: Ints, j: Ints) -> tuple[Bools, Floats]:
    """Tell whether the item fits, and the substitution penalty of a unit."""
    given, asked = f.gifts.item[i], f.wants.item[j]
    row = f.substitutes.find(asked, given)
    same = given == asked
    penalty = np.zeros(row.shape)
    penalty[row >= 0] = f.penalty[row[row >= 0]]
    return same | (row >= 0), np.where(same, 0.0, penalty)


def good_enough(f: Facts, i: Ints, j: Ints) -> Bools:
    """Tell whether the quality suffices."""
    return f.gifts.quality[i] >= f.wants.quality[j]


def marked_for_group(f: Facts, i: Ints, j: Ints) -> Bools:
    """Tell whether the earmarks admit the group of the need."""
    return f.groups_marked[f.gifts.group_mark[i], f.wants.group[j]]


def marked_for_community(f: Facts, i: Ints, c: Ints) -> Bools:
    """Tell whether the earmarks admit the community."""
    return f.places_marked[f.gifts.place_mark[i], c]


def within_bounds(f: Facts, i: Ints, c: Ints) -> tuple[Bools, Floats]:
    """Tell whether the boundary policy admits the community, and what the transfer of a kg costs."""
    ties = f.ties
    home = f.gifts.community[i]
    ours, theirs = ties.organization[home], ties.organization[c]
    row = ties.agreements.find(ours, theirs)
    transfer = np.zeros(row.shape)
    transfer[row >= 0] = ties.transfer[row[row >= 0]]
    same_organization = (ours == theirs) & (ours >= 0)
    admitted = (home < 0) | (home == c)
    match f.settings.policy.boundary:
        case "open":
            admitted = np.ones(row.shape, dtype=bool)
        case "district":
            admitted = admitted | ((ties.district[home] == ties.district[c]) & (ties.district[home] >= 0))
        case "organization":
            admitted = admitted | same_organization
        case "agreements":
            admitted = admitted | same_organization | (row >= 0)
        case "community":
            pass
    return admitted, transfer
