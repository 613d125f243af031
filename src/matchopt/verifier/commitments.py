"""What an earlier plan has led to (docs/replan.md): lines that stay, pairs that are barred, promises.

To keep a promise takes its route and its quantity to the unit. Its route is a column like any other, be it
not the cheapest of its pair. Who keeps it loses what the column's offer falls short of the best one of the
need, on all of the quantity, and saves the cost of a change: of all promises of a block, no plan gains more
than the sum of what is saved above what is lost, where that is above 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.case import Case
from matchopt.tolerances import ROUNDING
from matchopt.verifier.facts import NO_DAY, Counts, Facts, Names, PairIndex, classes, pick
from matchopt.verifier.gather import Tables, counted
from matchopt.verifier.prices import PriceTable
from matchopt.verifier.rules import DIRECT, PairFacts, admissible, line_granule, loaded, stated_routes

PINNED = ("accepted", "in_transit", "delivered")
BARRED = ("declined", "cancelled")
PROMISED = ("planned",)

_NUMBERED = re.compile(r"A\d{4,15}")
"""Ids that are numbers."""

FREE, CLOSED = -1, -2
"""In place of the only donation that a need may have: any; none."""


class EarlierLines(NamedTuple):
    """Lines of an earlier plan, each donation, need, route and schedule once.

    All days are 0 where the case knows none; `stay` counts days of storage, `given` grains of the donation;
    `name` is the id of the line, the largest of several.
    """

    i: Ints
    j: Ints
    hub: Ints
    pickup: Ints
    arrival: Ints
    delivery: Ints
    stay: Ints
    given: Ints
    name: Texts

    def claimed(self, keys: tuple[Ints, ...]) -> Texts:
        """Return the name that the line with each of `keys` has, "" where there is none."""
        return np.append(self.name, np.array([""], dtype=object))[self.find(keys)]

    def find(self, keys: tuple[Ints, ...]) -> Ints:
        """Return which line has each of `keys` (donation, need, hub and days), -1 for none."""
        size = len(self.i)
        if not size:
            return np.full(len(keys[0]), -1, dtype=np.int64)
        code, _ = classes(*(np.concatenate(both) for both in zip(self[:6], keys, strict=True)))
        at = np.full(int(code.max(initial=0)) + 1, -1, dtype=np.int64)
        at[code[:size]] = np.arange(size)
        return at[code[size:]]


@dataclass(frozen=True, slots=True)
class CommitmentFacts:
    """What the table `commitments` of a case says, if it is `given`.

    Lines that are `pinned` stay; those `promised` cost `churn` (1/10 000) each to change. Pairs that are
    `declined` are not proposed again; `only` is the one donation that may serve a need, `FREE` or `CLOSED`.
    `last` is the highest number of an id that a line ever had.
    """

    given: bool
    pinned: EarlierLines
    promised: EarlierLines
    declined: PairIndex
    only: Ints
    churn: Fraction
    last: int

    def ids(self, keys: tuple[Ints, ...]) -> tuple[Texts, int]:
        """Return the ids of rows by their donation, need, hub and days, and the last number that ids use.

        A row that goes as an earlier line did has the id of that, of several rows the first one, but those
        that stay before all. The others count on.
        """
        stays, told = (lines.claimed(keys) for lines in (self.pinned, self.promised))
        ids, taken = np.where(stays != "", stays, told), set[str]()
        claims = np.concatenate([np.flatnonzero(stays != ""), np.flatnonzero((stays == "") & (told != ""))])
        for r in claims.tolist():
            ids[r] = "" if ids[r] in taken else ids[r]
            taken.add(ids[r])
        new = np.flatnonzero(ids == "")
        last = self.last + len(new)
        width = max(4, len(str(last)))
        ids[new] = [f"A{number:0{width}}" for number in range(self.last + 1, last + 1)]
        return ids, last

    def bars(self, i: Ints, j: Ints) -> Bools:
        """Tell which pairs are barred; the two broadcast."""
        only = self.only[j]
        return np.asarray((self.declined.find(i, j) >= 0) | ((only != FREE) & (only != i)), dtype=np.bool_)

    def keeps(self, keys: tuple[Ints, ...], new: Ints) -> Bools:
        """Tell which lines, of `new` grains each, keep a promise to the unit."""
        promised = np.append(self.promised.given, -1)[self.promised.find(keys)]
        return np.asarray((new > 0) & (promised == new), dtype=np.bool_)

    @property
    def any_bars(self) -> bool:
        """Whether any pair is barred."""
        return bool(len(self.declined.first)) or bool((self.only != FREE).any())

    def marks(self, donations: int) -> tuple[Ints, Ints]:
        """Return for each donation and need a number that tells it apart if it has a pair that is barred."""
        donation = np.full(donations, -1, dtype=np.int64)
        need = np.where(self.only != FREE, np.arange(len(self.only)), -1)
        donation[self.declined.first], need[self.declined.second] = self.declined.first, self.declined.second
        sole = self.only[self.only >= 0]
        donation[sole] = sole
        return donation, need


def commitments_of(case: Case, f: Facts) -> CommitmentFacts:
    """Read the commitments of a case."""
    given = "commitments" in case.tables
    t, status = Tables(case), Tables(case).text("commitments", "status")
    only = np.full(len(f.needs.ids), FREE, dtype=np.int64)
    churn = Fraction(round(Fraction(str(f.settings.policy.churn_cost)) * 10_000))
    none, names = np.zeros(0, dtype=np.int64), t.text("commitments", "allocation_id")
    known = [*names.tolist()]
    if case.earlier is not None:
        for lines_before in (case.earlier.allocations, case.earlier.retired):
            known += lines_before["allocation_id"].tolist()
        known.append(case.earlier.last_id)
    last = max((int(name[1:]) for name in known if _NUMBERED.fullmatch(str(name))), default=0)
    if not given:
        lines = EarlierLines(none, none, none, none, none, none, none, none, none.astype(object))
        return CommitmentFacts(given, lines, lines, PairIndex(none, none), only, churn, last)
    i = Names(f.donations.ids).of(t.text("commitments", "donation_id"))
    j = Names(f.needs.ids).of(t.text("commitments", "need_id"))
    quantity = np.nan_to_num(t.number("commitments", "quantity"))
    grains = counted(quantity, np.rint(1 / f.donations.grain[i]).astype(np.int64))
    hub = Names(f.hubs.names).of(t.text("commitments", "hub"))
    days = [t.day("commitments", name) for name in ("pickup_day", "arrival_day", "delivery_day")]
    table = EarlierLines(i, j, hub, days[0], days[1], days[2], np.zeros_like(i), grains, names)
    pinned, promised = (_scheduled(f, pick(table, np.isin(status, words))) for words in (PINNED, PROMISED))
    out = np.isin(status, BARRED)
    for need in np.unique(pinned.j[f.needs.single[pinned.j]]).tolist():
        sources = np.unique(pinned.i[pinned.j == need])
        only[need] = sources[0] if len(sources) == 1 else CLOSED
    return CommitmentFacts(given, pinned, promised, PairIndex(i[out], j[out]), only, churn, last)


def _scheduled(f: Facts, lines: EarlierLines) -> EarlierLines:
    """Return lines with their days, each once; where none is given they go at once, and never stop."""
    if not len(lines.i):
        return lines
    routes = stated_routes(f, PairFacts.of(f, lines.i, lines.j), lines.hub)
    by_hub, told = lines.hub != DIRECT, lines.pickup != NO_DAY
    pickup = np.where(told, lines.pickup, f.donations.first[lines.i])
    delivery = np.where(told, lines.delivery, pickup + routes.lead_in + routes.lead_out)
    arrival = np.where(by_hub, np.where(told, lines.arrival, pickup + routes.lead_in), delivery)
    lead_out = routes.lead_out
    if not f.dated:
        pickup = arrival = delivery = lead_out = np.zeros_like(lines.i)
    stay = np.where(by_hub, np.maximum(delivery - lead_out - arrival, 0), 0)
    lines = EarlierLines(*lines[:3], pickup, arrival, delivery, stay, lines.given, lines.name)
    code, count = classes(*lines[:6])
    total, name = np.zeros(count, dtype=np.int64), np.full(count, "", dtype=object)
    np.add.at(total, code, lines.given)
    for k, own in zip(code.tolist(), lines.name.tolist(), strict=True):
        name[k] = max(name[k], own)
    return pick(lines, np.unique(code, return_index=True)[1])._replace(given=total, name=name)


def remaining(f: Facts, planned: Counts, met: Counts) -> Facts:
    """Return the facts with what lines that stay leave of donations and needs, exactly."""
    left = np.maximum(f.donations.plannable - planned.astype(np.int64), 0)
    short = np.maximum(f.needs.asked - met, 0)
    donations = replace(f.donations, plannable=left)
    needs = replace(f.needs, asked=short)
    return replace(f, donations=donations, needs=needs)


@dataclass(frozen=True, slots=True)
class PromiseOffers:
    """Promises that can be kept: need, block, and the units of the need that each brings.

    `offers` is what the route of each offers per unit served (column), by stage (row), as `proof.Columns` has
    it; `churn` the currency that each costs if it is changed.
    """

    j: Ints
    block: Ints
    units: Floats
    offers: Floats
    churn: float

    def gain(self, best: Floats, blocks: int) -> Floats:
        """Return by block what no plan gains more by promises; `best` is the best offer to each need."""
        lost = np.maximum(best[self.j] - self.offers[-1], 0.0) * self.units
        saved = np.maximum(self.churn - lost, 0.0) - self.churn
        return np.bincount(self.block, weights=saved, minlength=blocks).astype(np.float64)


def promises_of(
    f: Facts, rest: Facts, commitments: CommitmentFacts, prices: PriceTable, cell: Ints
) -> PromiseOffers:
    """Return the promises that can be kept, by what is left in `rest`."""
    lines = commitments.promised
    keepable = _keepable(f, rest, commitments) if commitments.churn else np.zeros(len(lines.i), dtype=bool)
    lines = pick(lines, keepable)
    p, block = PairFacts.of(f, lines.i, lines.j), prices.need_block[lines.j]
    cost = stated_routes(f, p, lines.hub).cost(p, lines.stay).total(p.fees) / 10_000
    offers = np.zeros((len(prices.stages), len(p.i)))
    come, by_hub = lines.arrival - f.start, np.flatnonzero(lines.hub >= 0)
    for k, stage in enumerate(prices.stages if len(p.i) else ()):
        before = p.ratio * prices.worth(f, k, cell)[p.j] - stage.donation[p.i]
        before += stage.budget[block] * p.fees.unbudgeted()
        toll = np.zeros(len(p.i))
        for b, tolls in stage.tolls.items():
            r, h = np.flatnonzero(block == b), by_hub[block[by_hub] == b]
            toll[r] = tolls.of_legs(f, pick(p, r), lines.hub[r])
            toll[h] += tolls.of_days(lines.hub[h], come[h], come[h] + lines.stay[h])
        toll *= f.donations.load[p.i]
        offers[k] = (before - prices.cost_counts(k)[block] * cost - toll) / p.ratio
    units = lines.given * f.donations.grain[p.i] * p.ratio
    return PromiseOffers(p.j, block, units, offers, float(commitments.churn) / 10_000)


def _keepable(f: Facts, rest: Facts, commitments: CommitmentFacts) -> Bools:
    """Tell which promises the rules still admit, in whole granules, with enough left, on their routes."""
    d, lines = f.donations, commitments.promised
    i, j, p = lines.i, lines.j, PairFacts.of(f, lines.i, lines.j)
    good = (d.plannable[i] > 0) & ~f.needs.excluded[j] & ~commitments.bars(i, j) & admissible(f, i, j)
    good &= (lines.given % line_granule(f, p) == 0) & (lines.given <= rest.donations.plannable[i])
    asked = rest.needs.asked[j].astype(np.float64) * f.needs.grain[j]
    good &= lines.given * d.grain[i] * p.ratio <= asked * (1 + ROUNDING)
    routes = stated_routes(f, p, lines.hub)
    best = routes.schedule(p)
    usual = best.timely & (lines.pickup == best.pickup) & (lines.arrival == best.arrival)
    usual &= lines.delivery == best.delivery
    fits = (lines.pickup >= p.first) & (lines.pickup <= p.last) & (lines.delivery <= p.due)
    fits &= (lines.arrival == lines.pickup + routes.lead_in) & (lines.delivery >= p.wanted)
    fits &= lines.delivery - routes.lead_out >= lines.arrival
    fits &= routes.stored | (lines.delivery == lines.arrival)
    return np.asarray(good & routes.open & (usual | (fits & loaded(f, p))), dtype=np.bool_)
