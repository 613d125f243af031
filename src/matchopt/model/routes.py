"""The cheapest route of each pair: direct or through one hub, in time (contract §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints
from matchopt.model.affinities import Affinities
from matchopt.model.classes import CHANNELS, Demand, Supply
from matchopt.model.money import to_money, with_residue
from matchopt.model.places import Atlas, Legs, Places
from matchopt.model.rules import Items, Rules

if TYPE_CHECKING:
    from matchopt.case import Case

DIRECT = -1
"""Hub number of a direct delivery."""

Three = tuple[Floats, Floats, Floats]
"""Unit costs of transport, handling and storage, of shapes that broadcast."""

Four = tuple[Floats, Floats, Floats, Floats]
"""Unit costs of identification, penalty, transfer and purchase, of shapes that broadcast."""

Array = TypeVar("Array", Ints, Floats)

COST_KINDS = ("transport", "handling", "storage", "identification", "penalty", "transfer", "purchase")


class Hubs:
    """The hubs of a case, in the order of their names."""

    def __init__(self, case: Case, atlas: Atlas) -> None:
        table = case.table("hubs").sort_values("hub", kind="stable", ignore_index=True)
        rates = case.settings.rates
        self.names = table["hub"].to_numpy(dtype=object)
        self.places: Places = atlas.named(table["hub"])
        self.handling = table["handling_cost"].fillna(rates.hub_handling).to_numpy(dtype=np.float64)
        self.storage = table["storage_cost"].fillna(rates.hub_storage).to_numpy(dtype=np.float64)
        self.cold = table["cold"].to_numpy(dtype=bool)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Window:
    """When a pair could move: pick-up ``first..last``, delivery ``earliest..latest``."""

    first: Ints
    last: Ints
    earliest: Ints
    latest: Ints


@dataclass(frozen=True, slots=True)
class _Trips:
    """Pairs (n,) that may go through hubs: donated item, window, places, and what any route costs."""

    item: Ints
    window: Window
    tail: Ints
    head: Ints
    shared: Floats


@dataclass(frozen=True, slots=True)
class Choice:
    """The cheapest route of each pair.

    Attributes
    ----------
    connected, in_time : bool
        Whether some allowed route exists at all; and one that delivers in time.
    cost : int
        1/10 000 currency per donated unit, `FORBIDDEN` where none is in time.
    hub : int
        Hub number, or `DIRECT`.
    """

    connected: Bools
    in_time: Bools
    cost: Ints
    hub: Ints


@dataclass(frozen=True, slots=True)
class Itinerary:
    """Hubs, days and unit costs of given pairs.

    `hub` is a number of `Hubs` or `DIRECT`. `stay` counts the days in storage; a direct delivery
    arrives on its delivery day.
    `unit_cost` is (pairs, kinds) in 1/10 000 currency per donated unit, in the order of
    `COST_KINDS`; its rows add up to the cost by which the route was chosen.
    """

    hub: Ints
    pickup: Ints
    arrival: Ints
    stay: Ints
    delivery: Ints
    unit_cost: Ints


class Router:
    """Routes between the places of some donation and need classes.

    Legs are laid out once for all places of a part of the network; pairs of classes then
    only look them up.
    """

    def __init__(
        self, case: Case, items: Items, rules: Rules, fondness: Affinities, atlas: Atlas, hubs: Hubs,
        tails: Places, heads: Places,
    ) -> None:  # fmt: skip
        self._items, self._rules, self.hubs, self._fondness = items, rules, hubs, fondness
        self._rates = case.settings.rates
        identification = self._rates.identification
        self._identification = np.array([getattr(identification, channel) for channel in CHANNELS])
        self.direct = atlas.legs(tails, heads)
        self.inbound = atlas.legs(tails, hubs.places)
        self.outbound = atlas.legs(hubs.places, heads)
        self._linked, self._linked_cold, self._rival = self._survey()

    def _survey(self) -> tuple[Bools, Bools, Bools]:
        """Look over all legs once: which places hubs link, which cold hubs link, where a hub may be cheaper.

        A hub costs at least its two legs and its handling. Where that is no less than the direct
        way, per kg and even without storage, no pair of the two places needs to look at hubs.
        """
        linked = np.zeros(self.direct.connected.shape, dtype=bool)
        linked_cold = linked.copy()
        least = np.full(linked.shape, np.inf)
        for h in range(len(self.hubs)):
            joined = self.inbound.connected[:, h, None] & self.outbound.connected[h]
            per_kg = self.inbound.transport[:, h, None] + self.outbound.transport[h] + self.hubs.handling[h]
            least = np.where(joined, np.minimum(least, per_kg), least)
            linked |= joined
            linked_cold |= joined & self.hubs.cold[h]
        direct = self.direct.transport + self._rates.handling_direct
        return linked, linked_cold, least < direct + 1e-9 * (1 + direct)

    def choose(self, supply: Supply, demand: Demand, tail: Ints, head: Ints, admitted: Bools) -> Choice:
        """Return the cheapest route of each pair; ties go to direct, then to the first hub by name.

        Parameters
        ----------
        supply, demand
            Classes whose arrays broadcast against each other.
        tail, head
            Their place numbers in this router, of the same shapes.
        admitted
            Pairs that matter; the others are not worked out in full.
        """
        window = self.window(supply, demand)
        shared = _total(self._pair_costs(supply, demand))
        cold = self._items.cold[supply.item]
        linked = np.where(cold, self._linked_cold[tail, head], self._linked[tail, head])
        linked = linked & ~self._direct_only(supply.item)
        direct, lead = self.direct_way(supply.item, tail, head)
        delivery = direct_delivery(window, lead)
        in_time = direct & (delivery <= window.latest)
        cost = to_money(_sum(self._direct_costs(supply.item, tail, head)) + shared)
        cost = np.where(in_time, cost, FORBIDDEN)
        hub = np.full(cost.shape, DIRECT, dtype=np.int64)
        possible = (np.maximum(window.first, window.earliest) <= window.latest) & (
            window.first <= window.last
        )
        ask = np.nonzero(admitted & linked & possible & (self._rival[tail, head] | ~in_time))
        if len(ask[0]):

            def at(values: Array) -> Array:
                return np.broadcast_to(values, cost.shape)[ask]

            some = Window(*(at(days) for days in _days(window)))
            trips = _Trips(at(supply.item), some, at(tail), at(head), at(shared))
            cost[ask], hub[ask] = self._through_hubs(trips, cost[ask])
        return Choice(direct | linked, cost < FORBIDDEN, cost, hub)

    def _through_hubs(self, trips: _Trips, direct: Ints) -> tuple[Ints, Ints]:
        """Return the least cost and its hub for trips whose direct way costs `direct`."""
        least, hub = direct.copy(), np.full(len(direct), DIRECT, dtype=np.int64)
        tail, head, window = trips.tail, trips.head, trips.window
        for h in range(len(self.hubs)):
            joined = self.inbound.connected[tail, h] & self.outbound.connected[h, head]
            stay, delivery = _hub_days(window, self._through_days(tail, h, head))
            timely = joined & self.may_pass(trips.item, h) & (delivery <= window.latest)
            price = to_money(_sum(self._hub_costs(trips.item, tail, h, head, stay)) + trips.shared)
            better = np.flatnonzero(timely & (price < least))
            least[better] = price[better]
            hub[better] = h
        return least, hub

    def itinerary(self, supply: Supply, demand: Demand, tail: Ints, head: Ints, hub: Ints) -> Itinerary:
        """Return the days and costs of pairs (n,) over the hubs that `choose` gave them."""
        window = self.window(supply, demand)
        pickup, arrival, stay, delivery = (np.zeros(len(hub), dtype=np.int64) for _ in range(4))
        for h in np.unique(hub):
            at = np.flatnonzero(hub == h)
            item, there, here = supply.item[at], tail[at], head[at]
            some = Window(*(np.broadcast_to(d, hub.shape)[at] for d in _days(window)))
            if h == DIRECT:
                _, lead = self.direct_way(item, there, here)
                delivery[at] = arrival[at] = direct_delivery(some, lead)
                pickup[at] = delivery[at] - lead
            else:
                through = self._through_days(there, h, here)
                stay[at], delivery[at] = _hub_days(some, through)
                pickup[at] = delivery[at] - through - stay[at]
                arrival[at] = pickup[at] + self.inbound.lead[there, h]
        return Itinerary(
            hub, pickup, arrival, stay, delivery, self.unit_costs(supply, demand, tail, head, hub, stay)
        )

    def unit_costs(
        self, supply: Supply, demand: Demand, tail: Ints, head: Ints, hub: Ints, stay: Ints
    ) -> Ints:
        """Return the unit costs (n, kinds) of pairs (n,) over hubs `hub` with `stay` days in storage."""
        parts = np.zeros((3, len(hub)))
        for h in np.unique(hub):
            at = np.flatnonzero(hub == h)
            item, there, here = supply.item[at], tail[at], head[at]
            if h == DIRECT:
                costs = self._direct_costs(item, there, here)
            else:
                costs = self._hub_costs(item, there, h, here, stay[at])
            parts[:, at] = np.stack(np.broadcast_arrays(*costs))
        shared = np.stack(np.broadcast_arrays(*self._pair_costs(supply, demand), hub)[:4])
        return _rounded_parts(parts, shared)

    def direct_cost(self, item: Ints, tail: Ints, head: Ints) -> Floats:
        """Return transport, handling and storage of one unit that goes direct, in currency, not rounded."""
        return np.asarray(_sum(self._direct_costs(item, tail, head)))

    def hub_rate(self, tail: Ints, hub: int, head: Ints) -> Floats:
        """Return transport and handling of one kg through `hub`, in currency, not rounded."""
        legs = self.inbound.transport[tail, hub] + self.outbound.transport[hub, head]
        return np.asarray(legs + self.hubs.handling[hub])

    def pair_cost(self, supply: Supply, demand: Demand) -> Floats:
        """Return what one unit costs whatever its route, purchases aside, in currency, not rounded."""
        identification, penalty, transfer, _ = self._pair_costs(supply, demand)
        return identification + penalty + transfer

    def window(self, supply: Supply, demand: Demand) -> Window:
        """Return when classes that broadcast could move; `latest` leaves the shelf life asked for."""
        latest = np.minimum(demand.last, supply.expiry - demand.min_remaining_days)
        return Window(supply.first, supply.last, demand.first, latest)

    def _direct_only(self, item: Ints) -> Bools:
        """Return which items travel direct only: services, and money."""
        return np.asarray(self._items.service[item] | self._items.funds[item])

    def direct_way(self, item: Ints, tail: Ints, head: Ints) -> tuple[Bools, Ints]:
        """Return whether items can go direct, and the days it takes; money is there at once."""
        funds = self._items.funds[item]
        return self.direct.connected[tail, head] | funds, np.where(funds, 0, self.direct.lead[tail, head])

    def may_pass(self, item: Ints, hub: int) -> Bools:
        """Return which items `hub` may take: cold ones only if it is cold, no service and no money."""
        return np.asarray((self.hubs.cold[hub] | ~self._items.cold[item]) & ~self._direct_only(item))

    def _through_days(self, tail: Ints, hub: int, head: Ints) -> Ints:
        return np.asarray(self.inbound.lead[tail, hub] + self.outbound.lead[hub, head])

    def _direct_costs(self, item: Ints, tail: Ints, head: Ints) -> Three:
        """Return transport, handling, storage per unit of direct deliveries."""
        weight, service = self._items.weight[item], self._items.service[item]
        legs: Legs = self.direct
        transport = weight * np.where(service, legs.lane_rate[tail, head], legs.transport[tail, head])
        handling = np.where(service, 0.0, weight * self._rates.handling_direct)
        return transport, handling, np.zeros(())

    def _hub_costs(self, item: Ints, tail: Ints, hub: int, head: Ints, stay: Ints) -> Three:
        """Return transport, handling, storage per unit of deliveries through `hub`."""
        weight = self._items.weight[item]
        transport = weight * (self.inbound.transport[tail, hub] + self.outbound.transport[hub, head])
        handling = weight * self.hubs.handling[hub]
        storage = weight * (stay * self.hubs.storage[hub])
        return transport, handling, storage

    def _pair_costs(self, supply: Supply, demand: Demand) -> Four:
        """Return identification, penalty, transfer, purchase per unit, whatever the route."""
        fit = self._items.fit(supply.item, demand.item)
        return (
            fit.ratio * self._identification[demand.channel],
            fit.penalty + fit.ratio * self._fondness.cost(supply, demand),
            self._items.weight[supply.item] * self._rules.transfer(supply, demand),
            fit.purchase,
        )


def _sum(costs: Three) -> Floats:
    return costs[0] + costs[1] + costs[2]


def _total(costs: Four) -> Floats:
    return costs[0] + costs[1] + costs[2] + costs[3]


def _days(window: Window) -> tuple[Ints, Ints, Ints, Ints]:
    return window.first, window.last, window.earliest, window.latest


def direct_delivery(window: Window, lead: Ints) -> Ints:
    """Return the earliest delivery day, beyond `latest` where there is none."""
    day = np.maximum(window.earliest, window.first + lead)
    return np.where(day <= window.last + lead, day, window.latest + 1)


def _hub_days(window: Window, through: Ints) -> tuple[Ints, Ints]:
    """Return the fewest storage days and, with them, the earliest delivery day."""
    stay = np.maximum(0, window.earliest - (window.last + through))
    return stay, np.maximum(window.earliest, window.first + through)


def _rounded_parts(route: Floats, shared: Floats) -> Ints:
    """Round the unit costs of route (3, n) and pair (4, n) so that they add up to the rounded total."""
    costs = np.concatenate([route, shared]).T
    total = to_money(
        _sum((route[0], route[1], route[2])) + _total((shared[0], shared[1], shared[2], shared[3]))
    )
    return with_residue(to_money(costs), total, largest=costs.argmax(axis=1))
