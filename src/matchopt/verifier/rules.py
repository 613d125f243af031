"""Which donation may serve which need (contract §2 and the boundaries of §4), pair by pair.

`i` are donations, `j` needs, `c` communities, all as indices; they broadcast.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints

STEPS = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing", "declined")
"""What each step of §2 refuses with, and last what commitments bar; a pair that passes all of them has
passed `len(STEPS)`."""


class Fit(NamedTuple):
    """How a donated item serves a need.

    Attributes
    ----------
    open
        Whether it does.
    ratio
        Units of the need that one donated unit serves.
    penalty
        What the substitution costs per donated unit.
    bought
        Whether money buys something else: a donated unit then costs one of purchase.
    """

    open: Bools
    ratio: Floats
    penalty: Floats
    bought: Bools

    def spread(self, size: int) -> Fit:
        """Return what holds for one pair for `size` pairs of the same items."""
        return Fit(*(np.broadcast_to(part, size) for part in self))  # type: ignore[arg-type]


def same_thing(f: Facts, i: Ints, j: Ints) -> Fit:
    """Tell whether the item fits, and how."""
    given, asked = f.gifts.item[i], f.wants.item[j]
    row = f.substitutes.find(asked, given)
    same = given == asked
    named = (row >= 0) & ~same
    price = f.items.buyable[asked]
    other = f.items.funds[given] & ~f.items.funds[asked]
    buys = other & ~named & ~np.isnan(price)
    ratio, penalty = np.ones(named.shape), np.zeros(named.shape)
    ratio[named], penalty[named] = f.ratio[row[named]], f.penalty[row[named]]
    ratio[buys] = 1 / np.broadcast_to(price, buys.shape)[buys]
    fits = same | named | buys
    return Fit(fits, ratio, penalty, other & fits)


def exact_ratio(f: Facts, i: int, j: int) -> Fraction:
    """Return the ratio of a pair that fits as the fraction that the tables write."""
    given, asked = f.gifts.item[i], f.wants.item[j]
    if given == asked:
        return Fraction(1)
    row = int(f.substitutes.find(asked, given))
    if row >= 0:
        return Fraction(repr(float(f.ratio[row])))
    return 1 / Fraction(repr(float(f.items.buyable[asked])))


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
