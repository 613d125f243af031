"""The best that any column offers a need of the blocks from 1, stage by stage.

A column is an admissible pair with one route: direct, or a hub with a day of arrival and days of
storage. What it offers per unit served is its gain in the stage, less the prices of everything
that it uses, the price of the need aside:

    (g + Σ w·g' + ratio·π − a − λ·kg − β·κ') ÷ ratio

All routes are looked at. A longer stay costs more and uses more, so that of the days with one day of
arrival only the shortest stay counts; unit costs are rounded, so that columns near the best one
are reckoned one by one, and only the rest is left out by a bound on the rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matchopt.verifier import routes
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.loads import agreement_of, lanes_taken
from matchopt.verifier.meetings import Met
from matchopt.verifier.price_rows import LAST
from matchopt.verifier.prices import Prices, Stage, Tolls
from matchopt.verifier.profiles import Profiles

_HALF = 0.500_01 / 10_000
"""Currency: what rounding may add to a unit cost, or take away."""


class _Offers(NamedTuple):
    """Some pairs at one stage: what they offer before costs and tolls; `dear` is what unit cost counts."""

    met: Met
    before: Floats
    dear: Floats
    load: Floats


class Columns:
    """Watches the sweep and keeps the most that is offered to each need profile (column) by stage (row)."""

    def __init__(self, f: Facts, prices: Prices, gifts: Profiles, needs: Profiles, cell: Ints) -> None:
        self.f, self.prices, self.needs = f, prices, needs
        self.most: Floats = np.full((len(prices.stages), needs.size), -np.inf)
        self.least_gift = [gifts.least(stage.gift) for stage in prices.stages]
        self.least_need = [needs.least(stage.need) for stage in prices.stages]
        self.worth = [worth_of(f, prices, k, cell)[needs.stands] for k in range(len(prices.stages))]
        self.dear = [stage.budget + (stage.name == LAST) for stage in prices.stages]

    def note(self, met: Met) -> None:
        """Look at some pairs."""
        g, p = self.f.gifts, self.prices
        block = p.need_block[met.j]
        r = np.flatnonzero((block > 0) & (p.gift_block[met.i] == block) & (g.whole[met.i] > 0))
        if not r.size:
            return
        met, block = met.at(r), block[r]
        for k, stage in enumerate(p.stages):
            before = met.ratio * self.worth[k][met.need] - self.least_gift[k][met.gift]
            before += stage.budget[block] * met.fees.purchase
            offers = _Offers(met, before, self.dear[k][block], g.load[met.i])
            self._look(k, stage, offers, block)

    def _look(self, k: int, stage: Stage, offers: _Offers, block: Ints) -> None:
        met = offers.met
        cheapest = (offers.before - offers.dear * met.cost / 10_000) / met.ratio
        tolled = np.isin(block, list(stage.tolls))
        free = np.flatnonzero(~tolled)
        self._offer(k, met.need[free], cheapest[free])
        hopeful = tolled & (cheapest > self.least_need[k][met.need])
        for b in np.unique(block[hopeful]).tolist():
            r = np.flatnonzero(hopeful & (block == b))
            part = _Offers(met.at(r), offers.before[r], offers.dear[r], offers.load[r])
            self._tolled(k, stage.tolls[b], float(self.dear[k][b]), part)

    def _offer(self, k: int, need: Ints, value: Floats) -> None:
        np.maximum.at(self.most[k], need, value)

    def _tolled(self, k: int, tolls: Tolls, dear: float, o: _Offers) -> None:
        """Look at all routes of pairs whose block has tolls."""
        f, met, size = self.f, o.met, len(o.before)
        o = o._replace(before=o.before - o.load * tolls.agreements[agreement_of(f, met.i, met.goal)])
        lane = lanes_taken(f, met.i, met.goal, np.full(size, routes.DIRECT))[0]
        timely = met.direct.open & routes.direct_days(met.trip, met.direct.lead).timely
        cost = routes.direct_price(f, met.trip, met.direct).total(met.fees) / 10_000
        value = (o.before - o.dear * cost - o.load * tolls.lanes[lane]) / met.ratio
        self._offer(k, met.need[timely], value[timely])
        for h in range(len(f.hubs.names)):
            _, into, out = lanes_taken(f, met.i, met.goal, np.full(size, h))
            before = o.before - o.load * (tolls.lanes[into] + tolls.lanes[out])
            self._by_hub(k, h, _Days.of(f, tolls, h, dear), o._replace(before=before))

    def _by_hub(self, k: int, h: int, days: _Days, o: _Offers) -> None:
        """Look at all days of the way through hub `h`."""
        f, met = self.f, o.met
        windows = _windows(f, met, h)
        usable = met.into.open[met.row, h] & met.out.open[h, met.goal] & (windows.first <= windows.last)
        bar = np.maximum(self.most[k], self.least_need[k])
        usable &= (o.before - o.dear * (met.cost / 10_000)) / met.ratio > bar[met.need]
        r = np.flatnonzero(usable)
        o, met, windows = _Offers(met.at(r), o.before[r], o.dear[r], o.load[r]), met.at(r), windows.at(r)
        carriage = met.into.cost[met.row, h] + met.out.cost[h, met.goal] + f.hubs.handling[h]
        way = o.before - o.dear * (met.trip.weight * carriage + met.fees.total())
        most = way + o.dear * _HALF - met.trip.weight * days.least(windows)
        r = np.flatnonzero(most / met.ratio > bar[met.need])
        self._one_by_one(k, h, days, _Offers(met.at(r), o.before[r], o.dear[r], o.load[r]), windows.at(r))

    def _one_by_one(self, k: int, h: int, days: _Days, o: _Offers, windows: _Windows) -> None:
        """Reckon the columns of every day of arrival exactly."""
        f, met = self.f, o.met
        carriage = met.into.cost[met.row, h] + met.out.cost[h, met.goal]
        for later in range(int((windows.last - windows.first).max(initial=-1)) + 1):
            arrival = windows.last - later
            r = np.flatnonzero(arrival >= windows.first)
            arrival, leave = arrival[r], np.maximum(windows.leave[r], arrival[r])
            price = routes.hub_price(f, met.trip.at(r), h, carriage[r], leave - arrival)
            cost = price.total(met.fees.at(r)) / 10_000
            toll = days.takes[arrival] + days.upto[leave] - days.upto[arrival]
            self._offer(k, met.need[r], (o.before[r] - o.dear[r] * cost - o.load[r] * toll) / met.ratio[r])


def worth_of(f: Facts, p: Prices, k: int, cell: Ints) -> Floats:
    """Return what a unit served counts at stage `k`, by need: gain, kept stages, fairness."""
    stage, w = p.stages[k], f.wants
    worth = np.where(cell >= 0, np.append(stage.fair, 0.0)[cell], 0.0)
    if stage.name == LAST and f.settings.policy.objective == "total-cost":
        worth += w.price / 10_000
    for r, kept in enumerate(p.stages):
        mine = tier_of(kept) == w.priority
        worth[mine] += stage.reached[p.need_block[mine], r] + (r == k)
    return worth


def tier_of(stage: Stage) -> int:
    """Return the tier that a stage is about, 0 for none."""
    word, _, number = stage.name.partition(" ")
    return int(number) if word == "tier" else 0


class _Windows(NamedTuple):
    """Days of arrival at a hub, from the first to the last, and the first day to leave it."""

    first: Ints
    last: Ints
    leave: Ints

    def at(self, rows: Ints) -> _Windows:
        return _Windows(self.first[rows], self.last[rows], self.leave[rows])


def _windows(f: Facts, met: Met, h: int) -> _Windows:
    """Return the days at hub `h`, counted from the start of the horizon."""
    lead_in, lead_out = met.into.lead[met.row, h], met.out.lead[h, met.goal]
    trip = met.trip
    first, leave = trip.first + lead_in - f.start, trip.wanted - lead_out - f.start
    return _Windows(first, np.minimum(trip.last + lead_in, trip.due - lead_out) - f.start, leave)


class _Days(NamedTuple):
    """What days at one hub cost a kg: tolls on arrival, on storage up to a day, and the storage itself.

    `early` is what arrival on a day before one leaves costs, apart from what depends on when that is.
    """

    takes: Floats
    upto: Floats
    stay: float
    at_once: _Least
    early: _Least

    @classmethod
    def of(cls, f: Facts, tolls: Tolls, h: int, dear: float) -> _Days:
        takes, upto = tolls.takes[h], np.append(0.0, np.cumsum(tolls.holds[h]))
        stay = dear * float(f.hubs.storage[h])
        early = takes - upto[:-1] - stay * np.arange(len(takes))
        return cls(takes, upto, stay, _Least(takes), _Least(early))

    def least(self, w: _Windows) -> Floats:
        """Return the least cost of a kg by pair, of all days of arrival."""
        at_once = self.at_once.between(np.maximum(w.first, w.leave), w.last)
        until = np.clip(w.leave, 0, len(self.takes))
        early = self.early.between(w.first, np.minimum(w.last, w.leave - 1))
        return np.minimum(at_once, early + self.upto[until] + self.stay * until)


class _Least:
    """The least of any run of values, by tables of the least of 1, 2, 4 … values."""

    def __init__(self, values: Floats) -> None:
        self._tables = [values]
        width = 1
        while 2 * width <= len(values):
            table = self._tables[-1]
            self._tables.append(np.minimum(table[:-width], table[width:]))
            width *= 2

    def between(self, first: Ints, last: Ints) -> Floats:
        """Return the least value from `first` to `last`, infinite where that is no run."""
        least = np.full(len(first), np.inf)
        runs: Bools = first <= last
        size = np.where(runs, last - first + 1, 1)
        level = np.floor(np.log2(size)).astype(np.int64)
        for k, table in enumerate(self._tables):
            r = np.flatnonzero(runs & (level == k))
            least[r] = np.minimum(table[first[r]], table[last[r] - 2**k + 1])
        return least
