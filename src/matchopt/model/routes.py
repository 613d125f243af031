"""The cheapest route of each pair: direct or through one hub, in time (contract §3)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Shorts
from matchopt.kernels import sized
from matchopt.model.classes import CHANNELS, Demand, Supply
from matchopt.model.money import to_money, with_residue
from matchopt.model.pair_kernels import HubTables, fill_leg_table
from matchopt.model.places import Atlas, Places, legs_between
from matchopt.model.rules import Affinities, Items, Rules

if TYPE_CHECKING:
    from matchopt.contract.case import Case

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
        order, rates = np.argsort(case.column("hubs", "hub"), kind="stable"), case.settings.rates
        self.names, handling, storage, self.cold, self.throughput_capacity, self.storage_capacity = (
            case.column("hubs", name)[order]
            for name in (
                "hub",
                "handling_cost",
                "storage_cost",
                "cold",
                "throughput_capacity",
                "storage_capacity",
            )
        )
        self.places: Places = atlas.named(self.names)
        self.handling = np.where(np.isnan(handling), rates.hub_handling, handling)
        self.storage = np.where(np.isnan(storage), rates.hub_storage, storage)

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
class HubLegs:
    """All legs (a, b) into hubs or out of them: currency per kg, infinite without a route, and days."""

    cost: Floats
    lead: Shorts

    @classmethod
    def between(cls, atlas: Atlas, tails: Places, heads: Places) -> Self:
        """Return the legs from `tails` to `heads` (distinct names)."""
        shape = len(tails), len(heads)
        cost, lead = np.empty(shape), np.empty(shape, dtype=np.int32)
        sized(fill_leg_table, cost.size)(atlas.roads(tails, heads), cost, lead)
        return cls(cost, lead)

    def to(self, heads: Ints) -> Self:
        """Return the legs to some of the heads."""
        return type(self)(self.cost[:, heads], self.lead[:, heads])


@dataclass(frozen=True, slots=True)
class ScheduledRoutes:
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

    @classmethod
    def none(cls) -> Self:
        """Return no routes."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, none, none, np.zeros((0, len(COST_KINDS)), dtype=np.int64))

    def take(self, at: Ints) -> ScheduledRoutes:
        """Return the routes at `at`."""
        return ScheduledRoutes(*(getattr(self, f.name)[at] for f in fields(self)))


class Router:
    """Routes between the places of some donation and need classes.

    Legs into hubs and out of them are laid out for all places of a part of the network; direct ones are
    worked out when they are asked for. Parts share communities: whoever makes routers for several of them
    works the legs `outbound` out once for all.
    """

    def __init__(
        self,
        case: Case,
        items: Items,
        rules: Rules,
        affinities: Affinities,
        atlas: Atlas,
        hubs: Hubs,
        tails: Places,
        heads: Places,
        outbound: HubLegs,
    ) -> None:
        self._items, self._rules, self.hubs, self._affinities = items, rules, hubs, affinities
        self._rates = case.settings.rates
        identification = self._rates.identification
        self.identification = np.array([getattr(identification, channel) for channel in CHANNELS])
        self.roads = atlas.roads(tails, heads)
        self.inbound, self.outbound = HubLegs.between(atlas, tails, hubs.places), outbound
        direct, through = self._rates.handling_direct, hubs.handling
        self._least_handling = float(min([direct, *through]))
        crooked = atlas.has_lanes or bool(np.isnan(hubs.places.latitude).any()) or atlas.displaced(tails)
        straight = not crooked and bool((through > direct).all())
        quick = not self.inbound.lead.any() and not self.outbound.lead.any()
        alike, personal = len(np.unique(hubs.storage)) < 2 and quick, affinities.matter or rules.transfers
        self.shape = crooked, straight, alike, personal

    def hub_tables(self) -> HubTables:
        """Return the hubs and the legs into them and out of them as kernels know them."""
        into, out, hubs = self.inbound, self.outbound, self.hubs
        order = np.argsort(into.cost, axis=1, kind="stable").astype(np.int32)
        rates = np.stack([hubs.handling, hubs.storage, hubs.cold.astype(np.float64)], axis=1)
        legs = into.cost, into.lead, out.cost.T, out.lead.T
        return HubTables(rates, order, *legs, self._rates.handling_direct, self._least_handling)

    def cheapest_routes(
        self, supply: Supply, demand: Demand, tail: Ints, head: Ints, hub: Ints
    ) -> ScheduledRoutes:
        """Return the days and costs of pairs (n,) over the hubs that `choose` gave them."""
        window = self.window(supply, demand)
        pickup, arrival, stay, delivery = (np.zeros(len(hub), dtype=np.int64) for _ in range(4))
        for h in np.unique(hub):
            at = np.flatnonzero(hub == h)
            item, there, here = supply.item[at], tail[at], head[at]
            some = Window(*(np.broadcast_to(d, hub.shape)[at] for d in _days(window)))
            if h == DIRECT:
                _, lead = self.direct_leg(item, there, here)
                delivery[at] = arrival[at] = direct_delivery(some, lead)
                pickup[at] = delivery[at] - lead
            else:
                through = self._through_days(there, h, here)
                stay[at], delivery[at] = _hub_days(some, through)
                pickup[at] = delivery[at] - through - stay[at]
                arrival[at] = pickup[at] + self.inbound.lead[there, h]
        return ScheduledRoutes(
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
        legs = self.inbound.cost[tail, hub] + self.outbound.cost[hub, head]
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

    def direct_leg(self, item: Ints, tail: Ints, head: Ints) -> tuple[Bools, Ints]:
        """Return whether items (n,) can go direct, and the days it takes; money is there at once."""
        funds, legs = self._items.funds[item], legs_between(self.roads, tail, head)
        return legs.connected | funds, np.where(funds, 0, legs.lead)

    def may_pass(self, item: Ints, hub: int) -> Bools:
        """Return which items `hub` may take: cold ones only if it is cold, no service and no money."""
        return np.asarray((self.hubs.cold[hub] | ~self._items.cold[item]) & ~self._direct_only(item))

    def _through_days(self, tail: Ints, hub: int, head: Ints) -> Ints:
        return np.asarray(self.inbound.lead[tail, hub] + self.outbound.lead[hub, head])

    def _direct_costs(self, item: Ints, tail: Ints, head: Ints) -> Three:
        """Return transport, handling, storage per unit of direct deliveries."""
        weight, service = self._items.weight[item], self._items.service[item]
        legs = legs_between(self.roads, tail, head)
        transport = weight * np.where(service, legs.lane_rate, legs.transport)
        handling = np.where(service, 0.0, weight * self._rates.handling_direct)
        return transport, handling, np.zeros(())

    def _hub_costs(self, item: Ints, tail: Ints, hub: int, head: Ints, stay: Ints) -> Three:
        """Return transport, handling, storage per unit of deliveries through `hub`."""
        weight = self._items.weight[item]
        transport = weight * (self.inbound.cost[tail, hub] + self.outbound.cost[hub, head])
        handling = weight * self.hubs.handling[hub]
        storage = weight * (stay * self.hubs.storage[hub])
        return transport, handling, storage

    def _pair_costs(self, supply: Supply, demand: Demand) -> Four:
        """Return identification, penalty, transfer, purchase per unit, whatever the route."""
        fit = self._items.fit(supply.item, demand.item)
        return (
            fit.ratio * self.identification[demand.channel],
            fit.penalty + fit.ratio * self._affinities.cost(supply, demand),
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
