"""All the routes a pair can go: direct, or through any hub on any day, and what each one loads.

With shared capacities the cheapest route of a pair may be taken, so that another hub, another
day or a direct trip must stay open. Of all routes through a hub that arrive on one day, the one
that leaves first stores least and costs least, whatever storage is worth; a route is therefore
known by its hub and arrival day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.model.linking import CapacityLoads, Loads
from matchopt.model.money import MONEY_SCALE
from matchopt.model.routes import (
    COST_KINDS,
    DIRECT,
    Pairs,
    Router,
    ScheduledRoutes,
    Sides,
    Window,
    budgeted,
    direct_delivery,
)

CELLS = 2**18
"""Days × days of leaving that prices are laid out for in one go."""


@dataclass(frozen=True, slots=True)
class HubWindow:
    """When pairs may pass a hub: arrivals ``first..last``, and the first day they may leave.

    `first` > `last` where they cannot.
    """

    first: Ints
    last: Ints
    leave: Ints


@dataclass(frozen=True, slots=True)
class CapacityPrices:
    """What a kg pays besides its route, by capacity.

    Attributes
    ----------
    row : (r,) float
        Price of each capacity row, currency per kg.
    cost : float
        What one currency unit of cost counts.
    """

    row: Floats
    cost: float


class RouteOptions:
    """The routes of the pairs of one part of the network."""

    def __init__(self, router: Router, sides: Sides, loads: CapacityLoads) -> None:
        self._router, self._sides, self._loads = router, sides, loads
        self._items, self._capacities = router.terms.items, loads.capacities

    def every(self, rows: Ints, columns: Ints, beside: Ints | None = None) -> tuple[Ints, ScheduledRoutes]:
        """Return all routes of admitted pairs (n,) that may be worth taking, each with its pair.

        Through hubs that know no days they arrive on the best one, or up to `beside` (n,) days from it.
        """
        pairs = self._sides.pairs(rows, columns)
        window = pairs.window()
        connected, lead = self._router.direct_leg(pairs)
        delivery = direct_delivery(window, lead)
        straight = np.flatnonzero(connected & (delivery <= window.latest))
        pair, hub = [straight], [np.full(len(straight), DIRECT, dtype=np.int64)]
        arrival = [delivery[straight]]
        for h in range(len(self._router.hubs)):
            span = self._hub_window(pairs, window, h)
            at = np.flatnonzero(span.first <= span.last)
            first, last, leave = span.first[at], span.last[at], span.leave[at]
            # What loads nothing by day has one way: the fewest days in storage, then the earliest delivery.
            only, near = np.minimum(np.maximum(first, leave), last), 0 if beside is None else beside[at]
            by_day = self._capacities.by_day(h) & (self.weight(rows[at]) > 0)
            first = np.where(by_day, first, np.maximum(first, only - near))
            last = np.where(by_day, last, np.minimum(last, only + near))
            count = last - first + 1
            which = np.repeat(np.arange(len(at)), count)
            pair.append(at[which])
            hub.append(np.full(len(which), h, dtype=np.int64))
            arrival.append(np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which])
        of = np.concatenate(pair)
        return of, self.route(rows[of], columns[of], np.concatenate(hub), np.concatenate(arrival))

    def route(self, rows: Ints, columns: Ints, hub: Ints, arrival: Ints) -> ScheduledRoutes:
        """Return the routes of pairs (n,) through `hub`, arriving there on day `arrival`."""
        pairs = self._sides.pairs(rows, columns)
        lead_in, lead_out = self._router.leads(pairs, hub)
        stay = np.where(hub == DIRECT, 0, np.maximum(pairs.demand.first - lead_out - arrival, 0))
        cost = self._router.unit_costs(pairs, hub, stay)
        return ScheduledRoutes(hub, arrival - lead_in, arrival, stay, arrival + stay + lead_out, cost)

    def open_to(
        self, rows: Ints, columns: Ints, hub: Ints, days: tuple[Ints, Ints, Ints]
    ) -> tuple[Bools, ScheduledRoutes]:
        """Return whether pairs (n,) that no rule keeps apart may go a given route, and that route.

        On any days that fit where shared capacities bear on the pair; else on those that are best through
        the hub.

        Parameters
        ----------
        hub, days : (n,) int
            Hub, and days of pick-up, arrival and delivery.
        """
        pairs, (pickup, arrival, delivery) = self._sides.pairs(rows, columns), days
        window, (fits, _), at = pairs.window(), self._router.direct_leg(pairs), np.flatnonzero(hub != DIRECT)
        fits[at] = self._router.may_pass(pairs.take(at), hub[at])
        lead_in, lead_out = self._router.leads(pairs, hub)
        stay = delivery - lead_out - arrival
        fits &= (pickup >= window.first) & (pickup <= window.last) & (arrival == pickup + lead_in)
        fits &= (delivery >= window.earliest) & (delivery <= window.latest)
        fits &= np.where(hub == DIRECT, delivery == arrival, stay >= 0)
        stay = np.where(hub == DIRECT, 0, np.maximum(stay, 0))
        at = np.flatnonzero(fits)
        best = self._router.cheapest_routes(pairs.take(at), hub[at])
        usual = (best.pickup == pickup[at]) & (best.arrival == arrival[at]) & (best.delivery == delivery[at])
        other = at[~usual]
        fits[other] = self.loaded(rows[other], columns[other])
        cost = self._router.unit_costs(pairs, np.where(fits, hub, DIRECT), stay)
        return fits, ScheduledRoutes(hub, pickup, arrival, stay, delivery, cost)

    def loaded(self, rows: Ints, columns: Ints) -> Bools:
        """Return whether shared capacities bear on pairs (n,): some route in time loads one."""
        bears = np.zeros(len(rows), dtype=bool)
        if not len(self._capacities):
            return bears
        pairs, router = self._sides.pairs(rows, columns), self._router
        window, (connected, lead) = pairs.window(), router.direct_leg(pairs)
        arrival = direct_delivery(window, lead)
        at, stay = np.flatnonzero(connected & (arrival <= window.latest)), np.zeros(len(rows), dtype=np.int64)
        for h in range(DIRECT, len(router.hubs)):
            if h != DIRECT:
                span = self._hub_window(pairs, window, h)
                at, arrival = np.flatnonzero(span.first <= span.last), span.first
                # What comes first may stay longest; one night is enough to load a store.
                stay = np.minimum(window.latest - router.outbound.lead[h, pairs.head] - arrival, 1)
            hub, some = np.full(len(at), h), arrival[at]
            none = np.zeros((len(at), len(COST_KINDS)), dtype=np.int64)
            route = ScheduledRoutes(hub, some, some, stay[at], some, none)
            bears[at[self._loads.of(route, pairs.take(at)).which]] = True
        return bears

    def loads(self, route: ScheduledRoutes, rows: Ints, columns: Ints) -> Loads:
        """Return what the routes of pairs (n,) load."""
        return self._loads.of(route, self._sides.pairs(rows, columns))

    def weight(self, rows: Ints) -> Floats:
        """Return the kg that a donated unit of `rows` puts on shared capacities."""
        return self._items.loads(self._sides.supply.item[rows])

    def _hub_window(self, pairs: Pairs, window: Window, hub: int) -> HubWindow:
        """Return when pairs may pass `hub`."""
        router = self._router
        into, out_of = router.inbound.lead[pairs.tail, hub], router.outbound.lead[hub, pairs.head]
        first, leave, latest = window.first + into, window.earliest - out_of, window.latest - out_of
        possible = router.may_pass(pairs, hub) & (window.first <= window.last)
        possible &= np.maximum(first, leave) <= latest
        last = np.minimum(window.last + into, latest)
        return HubWindow(first, np.where(possible, last, first - 1), leave)

    def least(self, rows: Ints, columns: Ints, prices: CapacityPrices) -> tuple[Floats, Ints, Ints]:
        """Return the least priced cost per donated unit of admitted pairs (n,), its hub and arrival.

        The cost is that which the budget counts, before rounding, each currency unit counting
        ``prices.cost``, with the capacities it loads at their prices.
        """
        pairs, loads, router = self._sides.pairs(rows, columns), self._loads, self._router
        tail, head, window = pairs.tail, pairs.head, pairs.window()
        weight, spare = self.weight(rows), np.append(prices.row, 0.0)
        connected, lead = router.direct_leg(pairs)
        arrival = direct_delivery(window, lead)
        cost = prices.cost * router.direct_cost(pairs)
        cost = cost + weight * self._lane(loads.direct, tail, head, spare)
        best = np.where(connected & (arrival <= window.latest), cost, np.inf)
        hub = np.full(len(rows), DIRECT, dtype=np.int64)
        for h in range(len(router.hubs)):
            span = self._hub_window(pairs, window, h)
            at = np.flatnonzero(span.first <= span.last)
            if not len(at):
                continue
            wait, day = self._arrival_prices(prices, spare, h).least(
                span.first[at], span.last[at], span.leave[at]
            )
            there, here, this = tail[at], head[at], np.full(len(at), h)
            price = prices.cost * router.hub_rate(pairs.take(at), h) + wait
            price = price + self._lane(loads.inbound, there, this, spare)
            price = price + self._lane(loads.outbound, this, here, spare)
            total = weight[at] * price
            better = np.flatnonzero(total < best[at])
            best[at[better]], hub[at[better]], arrival[at[better]] = total[better], h, day[better]
        agreement = self._capacities.agreement[router.terms.rules.agreement(pairs.supply, pairs.demand)]
        shared = prices.cost * router.pair_cost(pairs) + weight * spare[agreement]
        return best + shared, hub, arrival

    def _lane(self, lane: Ints, tail: Ints, head: Ints, spare: Floats) -> Floats:
        return spare[lane[tail, head]] if self._loads.lanes else np.zeros(())

    def _arrival_prices(self, prices: CapacityPrices, spare: Floats, hub: int) -> ArrivalPrices:
        enter = spare[self._capacities.throughput[hub]]
        night = spare[self._capacities.storage[hub]] + prices.cost * self._router.hubs.storage[hub]
        idle = np.full(self._capacities.skipped, prices.cost * self._router.hubs.storage[hub])
        return ArrivalPrices(
            enter, night, self._capacities.start, float(idle.cumsum()[-1]) if len(idle) else 0.0
        )


class ArrivalPrices:
    """The cheapest arrival day at one hub, for any span of days.

    Arriving on day d for leaving on day l costs ``enter[d] + (until[max(l, d)] - until[d])``, `until` being
    the price of all nights up to a day. Range minima are looked up in sparse tables by powers of two, one row
    for each day of leaving that is asked for, a few rows at a time: memory grows with the days, not with
    their square. The spans asked for say which days there are; all others are never looked at.

    Parameters
    ----------
    enter, night : (days,) float
        What a kg pays on the day it arrives, and for the night that follows each day.
    start
        The first day.
    before
        The price of the nights of the horizon before it. It counts for nothing, but sums of floats depend on
        where they begin, and they are to be the same whichever days are looked at.
    """

    def __init__(self, enter: Floats, night: Floats, start: int, before: float = 0.0) -> None:
        self._enter, self._start = enter, start
        self._until = np.cumsum(np.concatenate([[before], night]))

    def least(self, first: Ints, last: Ints, leave: Ints) -> tuple[Floats, Ints]:
        """Return the least price per kg of arriving within spans ``first..last``, and its day.

        Of days that cost the same it is the first.
        """
        a, b = first - self._start, last - self._start
        low, high = int(a.min()), int(b.max())
        arrival, enter, until = np.arange(low, high + 1), self._enter[low : high + 1], self._until
        # Whoever may leave before the first of these days waits for nothing, as on that day itself.
        leaving = np.clip(leave - self._start, low, len(self._enter))
        leaves, row = np.unique(leaving, return_inverse=True)
        rows = max(1, CELLS // len(enter))
        price, day = np.empty(len(a)), np.empty(len(a), dtype=np.int64)
        order = np.argsort(row, kind="stable")
        cuts = np.searchsorted(row[order], np.arange(0, len(leaves), rows))
        for at in np.split(order, cuts[1:]):
            some = leaves[row[at[0]] : row[at[-1]] + 1]
            stay = until[np.maximum(some[:, None], arrival)] - until[arrival]
            table = enter + stay
            price[at], day[at] = _range_minima(table, row[at] - row[at[0]], a[at] - low, b[at] - low)
        return price, day + low + self._start


def _range_minima(table: Floats, row: Ints, first: Ints, last: Ints) -> tuple[Floats, Ints]:
    """Return the least of ``table[row, first..last]`` (n,) and the first column that has it."""
    power = np.frexp(last - first + 1)[1] - 1
    column = np.empty(len(row), dtype=np.int64)
    best = np.broadcast_to(np.arange(table.shape[1]), table.shape)
    height = np.arange(len(table))[:, None]
    for exponent in range(int(power.max()) + 1):
        # Here `best[r, c]` is the column of the least of the 2**exponent entries from c on.
        at = np.flatnonzero(power == exponent)
        left, right = best[row[at], first[at]], best[row[at], last[at] - (1 << exponent) + 1]
        column[at] = np.where(table[row[at], right] < table[row[at], left], right, left)
        left, right = best[:, : -(1 << exponent)], best[:, 1 << exponent :]
        best = np.where(table[height, right] < table[height, left], right, left)
    return table[row, column], column


def unit_price(route: ScheduledRoutes) -> tuple[Floats, Floats]:
    """Return of what one donated unit costs what the budget counts, and the rest, in currency."""
    counted = budgeted(route.unit_cost)
    return counted / MONEY_SCALE, (route.unit_cost.sum(axis=1) - counted) / MONEY_SCALE
