"""The cheapest route of each pair: direct or through one hub, in time (contract §3)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Shorts
from matchopt.kernels import sized
from matchopt.model.classes import CHANNELS, Demand, Supply
from matchopt.model.money import MONEY_SCALE, to_money, with_residue
from matchopt.model.pair_kernels import HubTables, fill_leg_table
from matchopt.model.places import Atlas, Places, legs_between
from matchopt.model.rules import Affinities, Items, Rules

if TYPE_CHECKING:
    from matchopt.contract.case import Case
    from matchopt.contract.settings import Rates

DIRECT = -1
"""Hub number of a direct delivery."""

COST_KINDS = ("transport", "handling", "storage", "identification", "penalty", "transfer", "purchase")
RATED_KINDS = ("penalty",)
"""Kinds that are minimised like the others, though no money is spent on them: no budget counts them."""

BUDGETED = np.array([kind not in (*RATED_KINDS, "purchase") for kind in COST_KINDS])
"""Which kinds `policy.budget` counts: what is really spent, purchases aside."""


def budgeted(unit_cost: Ints) -> Ints:
    """Return of unit costs (n, kinds) what the budget counts."""
    return np.asarray(unit_cost[:, BUDGETED].sum(axis=1))


class Hubs:
    """The hubs of a case, in the order of their names."""

    def __init__(self, case: Case, atlas: Atlas) -> None:
        order, rates = np.argsort(case.column("hubs", "hub"), kind="stable"), case.settings.rates
        columns = ["hub", "handling_cost", "storage_cost", "cold", "throughput_capacity", "storage_capacity"]
        self.names, handling, storage, self.cold, self.throughput_capacity, self.storage_capacity = (
            case.column("hubs", name)[order] for name in columns
        )
        self.places: Places = atlas.named(self.names)
        self.handling = np.where(np.isnan(handling), rates.hub_handling, handling)
        self.storage = np.where(np.isnan(storage), rates.hub_storage, storage)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Terms:
    """What routes depend on besides their pairs: rates, items, rules, places and hubs of a case."""

    rates: Rates
    items: Items
    rules: Rules
    affinities: Affinities
    atlas: Atlas
    hubs: Hubs


@dataclass(frozen=True, slots=True)
class Window:
    """When a pair could move: pick-up ``first..last``, delivery ``earliest..latest``."""

    first: Ints
    last: Ints
    earliest: Ints
    latest: Ints


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of donation and need classes (n,), and where they lie among the places of a router."""

    supply: Supply
    demand: Demand
    tail: Ints
    head: Ints

    @property
    def item(self) -> Ints:
        """Item code of each donation."""
        return self.supply.item

    def take(self, at: Ints) -> Pairs:
        """Return the pairs at `at`."""
        return Pairs(self.supply.take(at), self.demand.take(at), self.tail[at], self.head[at])

    def window(self) -> Window:
        """Return when they could move; `latest` leaves the shelf life asked for."""
        latest = np.minimum(self.demand.last, self.supply.expiry - self.demand.min_remaining_days)
        return Window(self.supply.first, self.supply.last, self.demand.first, latest)


@dataclass(frozen=True, slots=True)
class Sides:
    """The classes of one part of the network, and their places; any two of them are a pair."""

    supply: Supply
    demand: Demand
    tail: Ints
    head: Ints

    def pairs(self, rows: Ints, columns: Ints) -> Pairs:
        """Return the pairs (n,) of some rows and columns."""
        supply, demand = self.supply.take(rows), self.demand.take(columns)
        return Pairs(supply, demand, self.tail[rows], self.head[columns])


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rules look at of each row of the tables, and where donations lie."""

    supply: Supply
    demand: Demand
    place: Places


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
    computed when they are asked for. Parts share communities: whoever makes routers for several of them
    computes the legs `outbound` once for all.

    Attributes
    ----------
    shape
        As in `CostTables`: crooked, straight, alike, personal.
    """

    def __init__(self, terms: Terms, tails: Places, heads: Places, outbound: HubLegs) -> None:
        self.terms, self.hubs, atlas, hubs = terms, terms.hubs, terms.atlas, terms.hubs
        identification = terms.rates.identification
        self.identification = np.array([getattr(identification, channel) for channel in CHANNELS])
        self.roads = atlas.roads(tails, heads)
        self.inbound, self.outbound = HubLegs.between(atlas, tails, hubs.places), outbound
        direct = terms.rates.handling_direct
        crooked = atlas.has_lanes or bool(np.isnan(hubs.places.latitude).any()) or atlas.displaced(tails)
        straight = not crooked and bool((hubs.handling > direct).all())
        quick = not self.inbound.lead.any() and not self.outbound.lead.any()
        alike = len(np.unique(hubs.storage)) < 2 and quick
        self.shape = crooked, straight, alike, terms.affinities.matter or terms.rules.transfers

    def hub_tables(self) -> HubTables:
        """Return the hubs and the legs into them and out of them as kernels know them."""
        into, out, hubs, direct = self.inbound, self.outbound, self.hubs, self.terms.rates.handling_direct
        order = np.argsort(into.cost, axis=1, kind="stable").astype(np.int32)
        rates = np.stack([hubs.handling, hubs.storage, hubs.cold.astype(np.float64)], axis=1)
        legs = into.cost, into.lead, out.cost.T, out.lead.T
        return HubTables(rates, order, *legs, direct, float(min([direct, *hubs.handling])))

    def cheapest_routes(self, pairs: Pairs, hub: Ints) -> ScheduledRoutes:
        """Return the days and costs of the best routes of pairs over the hubs of the cheapest ones.

        Through a hub these are the fewest days in storage, then the earliest delivery.
        """
        window, direct = pairs.window(), hub == DIRECT
        lead_in, lead_out = self.leads(pairs, hub)
        through = lead_in + lead_out
        stay = np.where(direct, 0, np.maximum(0, window.earliest - (window.last + through)))
        soonest = np.maximum(window.earliest, window.first + through)
        delivery = np.where(direct, direct_delivery(window, lead_in), soonest)
        pickup = delivery - through - stay
        cost = self.unit_costs(pairs, hub, stay)
        return ScheduledRoutes(hub, pickup, pickup + lead_in, stay, delivery, cost)

    def leads(self, pairs: Pairs, hub: Ints) -> tuple[Ints, Ints]:
        """Return the days to the hub, or all the way where there is none, and those out of it."""
        _, lead_in = self.direct_leg(pairs)
        lead_out, at = np.zeros_like(lead_in), np.flatnonzero(hub != DIRECT)
        lead_in[at] = self.inbound.lead[pairs.tail[at], hub[at]]
        lead_out[at] = self.outbound.lead[hub[at], pairs.head[at]]
        return lead_in, lead_out

    def unit_costs(self, pairs: Pairs, hub: Ints, stay: Ints) -> Ints:
        """Return the unit costs (n, kinds) of pairs over hubs `hub` with `stay` days in storage.

        Each kind is rounded so that they add up to the rounded total. Of those that the budget counts the
        largest takes up the difference: purchases and what is rated are their own rounded values, and so what
        the budget counts is the rounded total less these.
        """
        weight, hubs, route = self.terms.items.weight[pairs.item], self.hubs, np.zeros((3, len(hub)))
        straight, at = np.flatnonzero(hub == DIRECT), np.flatnonzero(hub != DIRECT)
        route[0, straight], route[1, straight] = self._direct_costs(pairs.take(straight))
        route[0, at] = weight[at] * self._hub_legs(pairs.take(at), hub[at])
        route[1, at] = weight[at] * hubs.handling[hub[at]]
        route[2, at] = weight[at] * (stay[at] * hubs.storage[hub[at]])
        identification, penalty, transfer, purchase = self._pair_costs(pairs)
        total = route[0] + route[1] + route[2] + (identification + penalty + transfer + purchase)
        shared = np.broadcast_arrays(identification, penalty, transfer, purchase, hub)[:4]
        costs = np.concatenate([route, np.stack(shared)]).T
        largest = np.where(BUDGETED, costs, -1.0).argmax(axis=1)
        return with_residue(to_money(costs), to_money(total), largest=largest)

    def direct_cost(self, pairs: Pairs) -> Floats:
        """Return transport and handling of one unit that goes direct, in currency, not rounded."""
        transport, handling = self._direct_costs(pairs)
        return np.asarray(transport + handling + 0.0)

    def hub_rate(self, pairs: Pairs, hub: int) -> Floats:
        """Return transport and handling of one kg through `hub`, in currency, not rounded."""
        return np.asarray(self._hub_legs(pairs, hub) + self.hubs.handling[hub])

    def pair_cost(self, pairs: Pairs) -> Floats:
        """Return what the budget counts of one unit whatever its route, in currency, not rounded."""
        identification, _, transfer, _ = self._pair_costs(pairs)
        return identification + transfer

    def unbudgeted(self, pairs: Pairs) -> Floats:
        """Return what one unit costs that the budget does not count, in currency, to 1/10 000."""
        _, penalty, _, purchase = self._pair_costs(pairs)
        return np.asarray(to_money(penalty) / MONEY_SCALE + purchase)

    def direct_leg(self, pairs: Pairs) -> tuple[Bools, Ints]:
        """Return whether pairs can go direct, and the days it takes; money is there at once."""
        funds, legs = self.terms.items.funds[pairs.item], legs_between(self.roads, pairs.tail, pairs.head)
        return legs.connected | funds, np.where(funds, 0, legs.lead)

    def may_pass(self, pairs: Pairs, hub: Ints | int) -> Bools:
        """Return whether `hub` joins pairs and may take their goods.

        Cold ones pass only if it is cold, no service and no money ever.
        """
        items, item = self.terms.items, pairs.item
        goods = (self.hubs.cold[hub] | ~items.cold[item]) & ~(items.service[item] | items.funds[item])
        return np.asarray(np.isfinite(self._hub_legs(pairs, hub)) & goods)

    def _hub_legs(self, pairs: Pairs, hub: Ints | int) -> Floats:
        """Return what a kg costs on both legs, infinite where one is missing."""
        return np.asarray(self.inbound.cost[pairs.tail, hub] + self.outbound.cost[hub, pairs.head])

    def _direct_costs(self, pairs: Pairs) -> tuple[Floats, Floats]:
        """Return transport and handling per unit of direct deliveries."""
        weight, service = self.terms.items.weight[pairs.item], self.terms.items.service[pairs.item]
        legs = legs_between(self.roads, pairs.tail, pairs.head)
        transport = weight * np.where(service, legs.lane_rate, legs.transport)
        return transport, np.where(service, 0.0, weight * self.terms.rates.handling_direct)

    def _pair_costs(self, pairs: Pairs) -> tuple[Floats, Floats, Floats, Floats]:
        """Return identification, penalty, transfer, purchase per unit, whatever the route."""
        t, supply, demand = self.terms, pairs.supply, pairs.demand
        fit = t.items.fit(supply.item, demand.item)
        identification = fit.ratio * self.identification[demand.channel]
        penalty = fit.penalty + fit.ratio * t.affinities.cost(supply, demand)
        transfer = t.items.weight[supply.item] * t.rules.transfer(supply, demand)
        return identification, penalty, transfer, fit.purchase


def direct_delivery(window: Window, lead: Ints) -> Ints:
    """Return the earliest delivery day, beyond `latest` where there is none."""
    day = np.maximum(window.earliest, window.first + lead)
    return np.where(day <= window.last + lead, day, window.latest + 1)
