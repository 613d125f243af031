"""The facts of a case as arrays that the checks index, and quantities as exact whole numbers.

A grain is the power of ten of which every quantity of an item, its step and its lots are whole
multiples: 1 for bags of rice, 0.1 where the step is 0.5. What leaves a donor on one line is a
whole number of granules, the least common multiple of step and lot. Days are day numbers, money
is in currency or, where it says so, in 1/10 000 of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.settings import Settings

Counts = Ints | Texts
"""Exact numbers: int64 where they are sure to fit, else Python integers and Fractions."""

Record = TypeVar("Record", bound=tuple[Any, ...])
"""A named tuple of arrays with one entry a row, and of other such tuples."""

NEVER = 2**40
"""A day beyond every calendar: no expiry."""

NO_DAY = int(np.datetime64("NaT", "D").astype(np.int64))
"""Day number of an empty cell."""

MOST_DECIMALS = 6
"""Digits after the point that quantities are shown with, and kept with."""

EARTH_RADIUS_KM = 6371.0088

_FEW = 2**9
"""Rows that are fewer are told apart quicker one by one than column by column."""

LARGEST = 2.0**62
"""What int64 is sure to hold."""


class Names:
    """Names → codes in the order they come; a name that is empty or unknown has code -1."""

    def __init__(self, *columns: Texts) -> None:
        distinct = dict.fromkeys(text for column in columns for text in column.tolist())
        distinct.pop("", None)
        self.texts: Texts = np.array([*distinct], dtype=object)
        self._codes = {text: code for code, text in enumerate(distinct)}

    def __len__(self) -> int:
        return len(self.texts)

    def of(self, texts: Texts) -> Ints:
        """Return the codes of `texts`."""
        codes = map(self._codes.get, texts.tolist(), repeat(-1))
        return np.fromiter(codes, dtype=np.int64, count=len(texts))


class PairIndex:
    """Finds the row of a table by its pair of codes; rows with an unknown code are never found."""

    def __init__(self, first: Ints, second: Ints) -> None:
        self.first, self.second = first, second
        rows = np.flatnonzero((first >= 0) & (second >= 0))
        self._width = int(second.max(initial=0)) + 1
        keys = first[rows] * self._width + second[rows]
        order = np.argsort(keys, kind="stable")
        self._rows, self._keys = rows[order], keys[order]

    def find(self, first: Ints, second: Ints) -> Ints:
        """Return the row of each pair, -1 where there is none; the arrays broadcast."""
        if not self._keys.size:
            return np.full(np.broadcast_shapes(first.shape, second.shape), -1, dtype=np.int64)
        known = (first >= 0) & (second >= 0) & (second < self._width)
        key = first * self._width + second
        at = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
        return np.where(known & (self._keys[at] == key), self._rows[at], -1)


class Coordinates(NamedTuple):
    """Places: code of the name (-1: unnamed) and coordinates (NaN: unknown)."""

    name: Ints
    latitude: Floats
    longitude: Floats


class PlaceLegs(NamedTuple):
    """Legs from place to place: is there one, cost of a kg, lead days, cost as the lane gives it or 0."""

    open: Bools
    cost: Floats
    lead: Ints
    quoted: Floats


class LaneFacts(NamedTuple):
    """The lanes by pair of places, and the rates where there is none; no limit of kg is infinite."""

    between: PairIndex
    distance: Floats
    cost: Floats
    lead: Ints
    capacity: Floats
    rate: float
    detour: float

    def legs(self, start: Coordinates, goal: Coordinates) -> PlaceLegs:
        """Return the legs from `start` to `goal`; the two broadcast."""
        same = (start.name == goal.name) & (start.name >= 0)
        beeline = great_circle(start, goal) * self.detour
        located = ~np.isnan(beeline)
        distance = np.where(same | ~located, 0.0, beeline)
        if not len(self.lead):
            nothing = np.zeros(distance.shape)
            return PlaceLegs(nothing == 0, distance * self.rate, nothing.astype(np.int64), nothing)
        lane = self.between.find(start.name, goal.name)
        by_lane = lane >= 0
        told = np.where(by_lane, self.distance[lane], np.nan)
        distance = np.where(np.isnan(told), distance, told)
        quote = np.where(by_lane, self.cost[lane], np.nan)
        cost = np.where(np.isnan(quote), self.rate * distance, quote)
        lead = np.where(by_lane, self.lead[lane], 0)
        return PlaceLegs(by_lane | same | located, cost, lead, np.nan_to_num(quote))


def great_circle(start: Coordinates, goal: Coordinates) -> Floats:
    """Return the distance in km by the haversine formula; NaN where a coordinate is unknown."""
    south, north = np.radians(start.latitude), np.radians(goal.latitude)
    rise = np.sin((north - south) / 2) ** 2
    turn = np.sin(np.radians(goal.longitude - start.longitude) / 2) ** 2
    chord = rise + np.cos(south) * np.cos(north) * turn
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0))), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class DonationFacts:
    """The donations. Quantities count grains (`grain` units each).

    `weight` is what a unit weighs on the way (funds: nothing), `load` what it weighs on shared
    capacities (services neither). `place_mark` and `group_mark` are rows of `Facts.places_marked`
    and `Facts.groups_marked`. Of money that may buy a granule is its lot, or the smallest money there is
    (`fine`); lines of it that are no purchases are `multiple` granules.
    """

    ids: Texts
    donors: Texts
    items: Texts
    item: Ints
    grain: Floats
    granule: Ints
    multiple: Ints
    fine: Bools
    weight: Floats
    load: Floats
    cold: Bools
    service: Bools
    funds: Bools
    spots: Coordinates
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
class NeedFacts:
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


class HubFacts(NamedTuple):
    """The hubs, sorted by name; a capacity without limit is infinite."""

    names: Texts
    spots: Coordinates
    handling: Floats
    storage: Floats
    cold: Bools
    holds: Floats
    takes: Floats


class AgreementFacts(NamedTuple):
    """The agreements by directed pair of organisations: currency/kg, and kg at most (infinite: no limit)."""

    between: PairIndex
    transfer: Floats
    passes: Floats


class SubstitutionFacts(NamedTuple):
    """The substitutions by pair of need item and donated item."""

    between: PairIndex
    ratio: Floats
    penalty: Floats


class AffinityFacts(NamedTuple):
    """The rows of the table affinities, by who they name, the most specific ones first.

    `by` has the rows by pairs of codes, and these by donation and by need. `donor` are codes of donors;
    `named_donation` and `named_need` are numbers of their own where a row names them, else -1.
    """

    weight: float
    score: Floats
    by: tuple[tuple[PairIndex, Ints, Ints], ...]
    donor: Ints
    named_donation: Ints
    named_need: Ints

    @property
    def matter(self) -> bool:
        """Whether any fit costs anything."""
        return bool(self.weight) and bool(self.score.size)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case says.

    Attributes
    ----------
    dated
        Whether any table holds a day; if not, all is on day 0.
    start, end
        First and last day of the horizon.
    capacitated
        Whether any capacity is given: a line may then take any route, on any days.
    item_funds, buyable, lumps, categories
        By item, the last entry standing for none: is it money; its purchase price (NaN without); the least
        that whole steps of it cost, in whole 1/10 000, of which all that is bought costs multiples; its
        category, the item's own name where it has none.
    tiers
        The priorities that needs have, in order.
    places, organizations
        Names. `spots` are the places of the communities.
    district, organization, population
        By community: codes, and people (NaN where not given).
    places_marked, groups_marked
        Donor's earmark × community (group): admitted; the last column stands for none.
    outbound
        Legs from hub (row) to community (column).
    """

    settings: Settings
    dated: bool
    start: int
    end: int
    capacitated: bool
    donations: DonationFacts
    needs: NeedFacts
    hubs: HubFacts
    item_funds: Bools
    buyable: Floats
    lumps: Ints
    categories: Texts
    tiers: tuple[int, ...]
    places: Names
    organizations: Names
    spots: Coordinates
    district: Ints
    organization: Ints
    population: Floats
    lanes: LaneFacts
    outbound: PlaceLegs
    agreements: AgreementFacts
    substitutions: SubstitutionFacts
    affinities: AffinityFacts
    places_marked: Bools
    groups_marked: Bools

    @property
    def days(self) -> int:
        """Number of days of the horizon."""
        return self.end - self.start + 1

    @property
    def by_cost(self) -> bool:
        """Whether the objective is the total cost; else coverage comes first."""
        return self.settings.policy.objective == "total-cost"


def pick(record: Record, rows: Any) -> Record:
    """Return some rows of a record of arrays; what is neither array nor record is kept."""
    parts = (
        part[rows] if isinstance(part, np.ndarray) else pick(part, rows) if isinstance(part, tuple) else part
        for part in record
    )
    return type(record)(*parts)


def classes(*columns: Ints | Floats) -> tuple[Ints, int]:
    """Number the distinct rows of `columns` as they come; return the number of each row, and of all."""
    if len(columns[0]) < _FEW:
        known = (np.where(c == c, c, np.inf) if c.dtype.kind == "f" else c for c in columns)
        seen: dict[tuple[float, ...], int] = {}
        rows = zip(*(column.tolist() for column in known), strict=True)
        return np.array([seen.setdefault(row, len(seen)) for row in rows], dtype=np.int64), len(seen)
    code, count = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        inner, values = pd.factorize(column, use_na_sentinel=False)
        code, distinct = pd.factorize(code * max(len(values), 1) + inner)
        count = len(distinct)
    return code.astype(np.int64), count


def repeated(code: Ints | Texts) -> Bools:
    """Mark all rows but the first one of each code."""
    again: Bools = pd.Index(code, dtype=code.dtype).duplicated()
    return again


def sums(index: Ints, amounts: Ints, size: int) -> Counts:
    """Add up amounts by index, in Python integers where tampering might overflow others."""
    fits = np.abs(amounts.astype(np.float64)).sum() < LARGEST
    added: Counts = np.zeros(size, dtype=np.int64 if fits else object)
    np.add.at(added, index, amounts.astype(added.dtype))
    return added


def total(counts: Counts, grain: Floats, factor: Ints | None = None) -> Fraction:
    """Add up quantities, counted in grains, times `factor`, exactly, in units."""
    if (grain == 1).all():
        return Fraction(_added(counts, factor))
    whole = Fraction(0)
    for size in np.unique(grain).tolist():
        mine: Bools = grain == size
        whole += Fraction(repr(size)) * _added(counts[mine], None if factor is None else factor[mine])
    return whole


def _added(counts: Counts, factor: Ints | None) -> int | Fraction:
    """Add up counts times `factor`, in Python's numbers where int64 might overflow."""
    factors = np.ones(1, dtype=np.int64) if factor is None else factor
    if counts.dtype != object:
        most = [float(np.abs(part.astype(np.float64)).max(initial=0.0)) for part in (counts, factors)]
        if len(counts) * most[0] * most[1] < LARGEST:
            return int(counts.sum() if factor is None else (counts * factor).sum())
    pairs = zip(counts.tolist(), np.broadcast_to(factors, counts.shape).tolist(), strict=True)
    added: int | Fraction = sum((count * times for count, times in pairs), 0)
    return added


def micro(number: Fraction) -> Fraction:
    """Return by how much a quantity may be off for being shown with six decimals."""
    return Fraction(0) if (number * 10**MOST_DECIMALS).denominator == 1 else Fraction(1, 2 * 10**6)


def tenthousandths(money: Floats) -> Ints:
    """Round currency to whole 1/10 000, half to even, as decimals would."""
    return np.minimum(np.rint(np.round(money * 10_000, 6)), 2.0**61).astype(np.int64)


def money(units: float | Fraction) -> str:
    """Return 1/10 000 of currency as text with four decimals."""
    return f"{float(units) / 10_000:.4f}"


def monies(units: Any) -> Callable[[int], str]:
    """Return what words rows of 1/10 000 of currency."""
    return lambda r: money(units[r])


def dates(numbers: Ints) -> Callable[[int], str]:
    """Return what words rows of day numbers."""
    return lambda r: day(numbers[r])


def day(number: int) -> str:
    """Return a day number as an ISO day."""
    return "empty" if number == NO_DAY else str(np.datetime64(int(number), "D"))


def added(row: npt.NDArray[np.int64], amount: Floats, size: int) -> Floats:
    """Add up amounts by row; -1 is none."""
    used = row >= 0
    return np.bincount(row[used], weights=amount[used], minlength=size).astype(np.float64)
