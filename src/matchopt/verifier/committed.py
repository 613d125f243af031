"""What an earlier plan has led to (docs/replan.md): lines that stay, pairs that are barred, promises."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.verifier import routes, rules
from matchopt.verifier.facts import NO_DAY, Facts
from matchopt.verifier.keys import Bools, Counts, Ints, Names, Pairs, Texts, classes
from matchopt.verifier.quantities import counted
from matchopt.verifier.tables import Tables

PINNED = ("accepted", "in_transit", "delivered")
BARRED = ("declined", "cancelled")
PROMISED = ("planned",)

FREE, CLOSED = -1, -2
"""In place of the only donation that a need may have: any; none."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Lines as they are stated, each donation, need and way once.

    Attributes
    ----------
    i, j, hub, pickup, arrival, delivery
        Donation, need and way; all days are 0 where the case knows none.
    stay
        Days of storage.
    given
        Grains of the donation.
    """

    i: Ints
    j: Ints
    hub: Ints
    pickup: Ints
    arrival: Ints
    delivery: Ints
    stay: Ints
    given: Ints

    def keys(self) -> tuple[Ints, ...]:
        """What tells lines apart."""
        return self.i, self.j, self.hub, self.pickup, self.arrival, self.delivery

    def at(self, rows: Ints | Bools) -> Stated:
        """Return some of the lines."""
        columns = (*self.keys(), self.stay, self.given)
        return Stated(*(column[rows] for column in columns))


@dataclass(frozen=True, slots=True)
class Committed:
    """What the table `commitments` of a case says.

    Attributes
    ----------
    given
        Whether the case has the table.
    pinned, promised
        Lines that stay, and lines that it costs `churn` (1/10 000) each to change.
    declined
        Pairs of donation and need that are not proposed again.
    only
        By need: the one donation that may serve it, `FREE` or `CLOSED`.
    """

    given: bool
    pinned: Stated
    promised: Stated
    declined: Pairs
    only: Ints
    churn: Fraction

    def bars(self, i: Ints, j: Ints) -> Bools:
        """Tell which pairs are barred; the two broadcast."""
        only = self.only[j]
        return np.asarray((self.declined.find(i, j) >= 0) | ((only != FREE) & (only != i)), dtype=np.bool_)

    def keeps(self, keys: tuple[Ints, ...], new: Ints) -> Bools:
        """Tell which lines, of `new` grains each, keep a promise that counts."""
        if not self.churn:
            return np.zeros(len(new), dtype=bool)
        return np.asarray(
            (new > 0) & (np.append(self.promised.given, -1)[found_in(keys, self.promised)] == new)
        )

    @property
    def any_bars(self) -> bool:
        """Whether any pair is barred."""
        return bool(len(self.declined.first)) or bool((self.only != FREE).any())

    def marks(self, gifts: int, needs: int) -> tuple[Ints, Ints]:
        """Return for each donation and need a number that tells it apart if it has a pair that is barred."""
        gift, need = np.full(gifts, -1, dtype=np.int64), np.where(self.only != FREE, np.arange(needs), -1)
        gift[self.declined.first], need[self.declined.second] = self.declined.first, self.declined.second
        sole = self.only[self.only >= 0]
        gift[sole] = sole
        return gift, need


def committed_of(case: Case, f: Facts) -> Committed:
    """Read the commitments of a case."""
    t = Tables(case)
    status = t.text("commitments", "status")
    i = Names(f.gifts.ids).of(t.text("commitments", "donation_id"))
    j = Names(f.wants.ids).of(t.text("commitments", "need_id"))
    quantity = np.nan_to_num(t.number("commitments", "quantity"))
    given = counted(quantity, np.rint(1 / f.gifts.grain[i]).astype(np.int64)) if len(i) else i
    hubs = t.text("commitments", "hub")
    hub = np.where(hubs == "", routes.DIRECT, _codes(f.hubs.names, hubs))
    days = [t.day("commitments", name) for name in ("pickup_day", "arrival_day", "delivery_day")]
    pinned = _stated(f, np.isin(status, PINNED), i, j, hub, given, days)
    promised = _stated(f, np.isin(status, PROMISED), i, j, hub, given, days)
    out = np.isin(status, BARRED)
    only = np.full(len(f.wants.ids), FREE, dtype=np.int64)
    for need in np.unique(pinned.j[f.wants.single[pinned.j]]).tolist():
        sources = np.unique(pinned.i[pinned.j == need])
        only[need] = sources[0] if len(sources) == 1 else CLOSED
    churn = Fraction(str(f.settings.policy.churn_cost)) * 10_000
    table = "commitments" in case.tables
    return Committed(table, pinned, promised, Pairs(i[out], j[out]), only, Fraction(round(churn)))


def _codes(names: Texts, texts: Texts) -> Ints:
    return pd.Index(names, dtype=object).get_indexer(pd.Index(texts, dtype=object)).astype(np.int64)


def _stated(f: Facts, mine: Bools, i: Ints, j: Ints, hub: Ints, given: Ints, days: list[Ints]) -> Stated:
    """Return lines with their days; where none is given they go at once, and never stop."""
    rows = np.flatnonzero(mine)
    i, j, hub, given = i[rows], j[rows], hub[rows], given[rows]
    lead_in, lead_out = leads(f, i, j, hub)
    pickup, arrival, delivery = (day[rows] for day in days)
    told = pickup != NO_DAY
    pickup = np.where(told, pickup, f.gifts.first[i])
    delivery = np.where(told, delivery, pickup + lead_in + lead_out)
    arrival = np.where(hub < 0, delivery, np.where(told, arrival, pickup + lead_in))
    if not f.dated:
        pickup = arrival = delivery = np.zeros_like(i)
        lead_out = np.zeros_like(i)
    stay = np.where(hub < 0, 0, np.maximum(delivery - lead_out - arrival, 0))
    lines = Stated(i, j, hub, pickup, arrival, delivery, stay, given)
    if not len(i):
        return lines
    code, count = classes(*lines.keys())
    first = np.unique(code, return_index=True)[1]
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, code, given)
    return replace(lines.at(first), given=total)


def leads(f: Facts, i: Ints, j: Ints, hub: Ints) -> tuple[Ints, Ints]:
    """Return the days to the hub, or to the community on a direct way, and those out of the hub."""
    start, goal = f.gifts.spots.at(i), f.spots.at(f.wants.community[j])
    straight = routes.straight(f, i, f.wants.community[j]).lead
    if not len(f.hubs.names):
        return straight, np.zeros_like(straight)
    middle = f.hubs.spots.at(np.maximum(hub, 0))
    into, out = f.roads.legs(start, middle).lead, f.roads.legs(middle, goal).lead
    return np.where(hub >= 0, into, straight), np.where(hub >= 0, out, 0)


def price_of(f: Facts, lines: Stated, fees: routes.Fees) -> tuple[routes.Price, Ints]:
    """Return what a unit costs over stated ways, part by part and in all; free where no way is known."""
    goal = f.wants.community[lines.j]
    trip = routes.Trip.of(f, lines.i, lines.j)
    price = routes.direct_price(f, trip, routes.straight(f, lines.i, goal))
    if len(f.hubs.names):
        h = np.maximum(lines.hub, 0)
        middle = f.hubs.spots.at(h)
        carriage = f.roads.legs(f.gifts.spots.at(lines.i), middle).cost
        carriage = carriage + f.roads.legs(middle, f.spots.at(goal)).cost
        through = routes.hub_price(f, trip, h, carriage, lines.stay)
        price = routes.Price(*(np.where(lines.hub >= 0, x, y) for x, y in zip(through, price, strict=True)))
    return price, price.total(fees)


def fees_of(f: Facts, i: Ints, j: Ints) -> routes.Fees:
    """Return what is added to a unit of pairs whose items fit."""
    transfer = rules.within_bounds(f, i, f.wants.community[j])[1]
    return routes.Fees.of(f, i, j, rules.same_thing(f, i, j), transfer)


def found_in(keys: tuple[Ints, ...], lines: Stated) -> Ints:
    """Return which of `lines` has each of `keys`, -1 for none."""
    if not len(lines.i):
        return np.full(len(keys[0]), -1, dtype=np.int64)
    both = [np.concatenate([theirs, mine]) for theirs, mine in zip(lines.keys(), keys, strict=True)]
    code, _ = classes(*both)
    at = np.full(int(code.max(initial=0)) + 1, -1, dtype=np.int64)
    at[code[: len(lines.i)]] = np.arange(len(lines.i))
    return at[code[len(lines.i) :]]


def remaining(f: Facts, planned: Counts, met: Counts) -> Facts:
    """Return the facts with what lines that stay leave of donations and needs.

    What a need misses counts in whole millionths of a unit where a ratio makes it no whole number of grains.
    """
    left = np.maximum(f.gifts.plannable - planned.astype(np.int64), 0)
    if met.dtype != object:
        short: Ints | Texts = np.maximum(f.wants.asked - met, 0)
    else:
        fine = np.maximum(np.rint(f.wants.grain * 10**6), 1).astype(np.int64).tolist()
        short = np.array(
            [max(Fraction(math.floor((asked - m) * parts), parts), Fraction(0))
             for asked, m, parts in zip(f.wants.asked.tolist(), met.tolist(), fine, strict=True)],
            dtype=object,
        )  # fmt: skip
        whole = [number.denominator == 1 for number in short]
        short = np.array([int(n) for n in short], dtype=np.int64) if all(whole) else short
    return replace(f, gifts=replace(f.gifts, plannable=left), wants=replace(f.wants, asked=short))  # type: ignore[arg-type]
