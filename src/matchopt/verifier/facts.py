"""Facts: what a case says, as arrays that the checks index."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matchopt.contract.settings import Settings
from matchopt.verifier.affinities import Affinities
from matchopt.verifier.keys import Bools, Floats, Ints, Names, Pairs, Texts
from matchopt.verifier.places import Roads, Spots

NEVER = 2**40
"""A day beyond every calendar: no expiry."""

NO_DAY = int(np.datetime64("NaT", "D").astype(np.int64))
"""Day number of an empty cell."""


@dataclass(frozen=True, slots=True)
class Gifts:
    """The donations. Quantities count grains (`grain` units each); days are day numbers.

    `weight` is what a unit weighs on the way (funds: nothing), `load` what it weighs on shared
    capacities (services neither). `place_mark` and `group_mark` are rows of `Facts.places_marked`
    and `Facts.groups_marked`.
    """

    ids: Texts
    donors: Texts
    items: Texts
    item: Ints
    grain: Floats
    granule: Ints
    weight: Floats
    load: Floats
    cold: Bools
    service: Bools
    funds: Bools
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
    most_communities: Floats

    @property
    def whole(self) -> Ints:
        """What can be given at most, in whole granules: grains."""
        return self.plannable // self.granule * self.granule


@dataclass(frozen=True, slots=True)
class Wants:
    """The needs. `fee` is the identification cost of a unit; `price` what a unit unmet costs, in 1/10 000.

    `asked` and `step` count grains (`grain` units each).
    """

    ids: Texts
    communities: Texts
    items: Texts
    channels: Texts
    categories: Texts
    item: Ints
    grain: Floats
    step: Ints
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
    single: Bools
    whole: Bools


@dataclass(frozen=True, slots=True)
class Items:
    """What §2 and §5 ask of items, by code; the last entry stands for none.

    `buyable` is the purchase price (NaN without); `category` the item's own name where it has none.
    """

    names: Names
    funds: Bools
    buyable: Floats
    category: Texts


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
    population
        By community; NaN where not given.
    """

    communities: Names
    organizations: Names
    district: Ints
    organization: Ints
    agreements: Pairs
    transfer: Floats
    passes: Floats
    population: Floats


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case says.

    Attributes
    ----------
    dated
        Whether any table holds a day; if not, all is on day 0.
    start, end
        First and last day of the horizon.
    shared
        Whether any capacity is given: a line may then take any route, on any days.
    spots
        The places of the communities.
    lane_capacity
        kg over the horizon by row of the lanes, infinite without limit.
    places_marked, groups_marked
        Donor's earmark × community (group): admitted; the last column stands for none.
    substitutes
        Pair of need item and donated item → row of `ratio` and `penalty`.
    """

    settings: Settings
    dated: bool
    start: int
    end: int
    shared: bool
    gifts: Gifts
    wants: Wants
    items: Items
    hubs: Hubs
    ties: Ties
    roads: Roads
    places: Names
    spots: Spots
    lane_capacity: Floats
    places_marked: Bools
    groups_marked: Bools
    substitutes: Pairs
    ratio: Floats
    penalty: Floats
    affinities: Affinities

    @property
    def days(self) -> int:
        """Number of days of the horizon."""
        return self.end - self.start + 1


def tenthousandths(money: Floats) -> Ints:
    """Round currency to whole 1/10 000, half to even, as decimals would."""
    return np.minimum(np.rint(np.round(money * 10_000, 6)), 2.0**61).astype(np.int64)


def money(units: float | Fraction) -> str:
    """Return 1/10 000 of currency as text with four decimals."""
    return f"{float(units) / 10_000:.4f}"
