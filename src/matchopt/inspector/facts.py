"""Facts: what a case says, as arrays that the checks index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.inspector.keys import Bools, Floats, Ints, Names, Pairs, Texts
from matchopt.inspector.places import Roads, Spots
from matchopt.settings import Settings

NEVER = 2**40
"""A day beyond every calendar: no expiry."""

NO_DAY = int(np.datetime64("NaT", "D").astype(np.int64))
"""Day number of an empty cell."""


@dataclass(frozen=True, slots=True)
class Gifts:
    """The donations. Quantities count steps of the item; days are day numbers.

    `place_mark` and `group_mark` are rows of `Facts.places_marked` and `Facts.groups_marked`.
    """

    ids: Texts
    donors: Texts
    items: Texts
    item: Ints
    step: Floats
    weight: Floats
    cold: Bools
    service: Bools
    spots: Spots
    community: Ints
    first: Ints
    last: Ints
    expires: Ints
    quality: Ints
    offered: Ints
    plannable: Ints
    place_mark: Ints
    group_mark: Ints


@dataclass(frozen=True, slots=True)
class Wants:
    """The needs. `fee` is the identification cost of a unit; `price` what a unit unmet costs, in 1/10 000."""

    ids: Texts
    communities: Texts
    items: Texts
    channels: Texts
    item: Ints
    step: Floats
    community: Ints
    group: Ints
    first: Ints
    last: Ints
    remaining: Ints
    quality: Ints
    priority: Ints
    asked: Ints
    fee: Floats
    price: Ints
    excluded: Bools


@dataclass(frozen=True, slots=True)
class Hubs:
    """The hubs, sorted by name; a capacity without limit is infinite."""

    names: Texts
    spots: Spots
    handling: Floats
    storage: Floats
    cold: Bools
    holds: Floats
    takes: Floats


@dataclass(frozen=True, slots=True)
class Ties:
    """What communities and organisations have to do with each other.

    Attributes
    ----------
    district, organization
        Codes by community.
    agreements
        Directed pair of organisations → row of `transfer` (currency/kg) and `passes` (kg at most).
    """

    organizations: Names
    district: Ints
    organization: Ints
    agreements: Pairs
    transfer: Floats
    passes: Floats


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case says.

    Attributes
    ----------
    dated
        Whether any table holds a day; if not, all is on day 0.
    start, end
        First and last day of the horizon.
    spots
        The places of the communities.
    lane_capacity
        kg over the horizon by row of the lanes, infinite without limit.
    places_marked, groups_marked
        Donor's earmark × community (group): admitted; the last column stands for none.
    substitutes, penalty
        Pair of need item and donated item → row of `penalty`.
    """

    settings: Settings
    dated: bool
    start: int
    end: int
    gifts: Gifts
    wants: Wants
    hubs: Hubs
    ties: Ties
    roads: Roads
    places: Names
    spots: Spots
    lane_capacity: Floats
    places_marked: Bools
    groups_marked: Bools
    substitutes: Pairs
    penalty: Floats


def tenthousandths(money: Floats) -> Ints:
    """Round currency to whole 1/10 000, half to even, as decimals would."""
    return np.minimum(np.rint(np.round(money * 10_000, 6)), 2.0**61).astype(np.int64)
