"""Commitments: lines that stay as they are, and lines that it costs something to change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.fields import PINNED
from matchopt.model.calendar import Calendar, days_of
from matchopt.model.capacities import Burden, Capacities, Loads
from matchopt.model.classes import Demand, Supply
from matchopt.model.money import QuantityScale, exact_dot
from matchopt.model.places import Atlas, Places
from matchopt.model.routes import COST_KINDS, DIRECT, HubLegs, Hubs, Itinerary, Router
from matchopt.model.rules import Items, Rules

if TYPE_CHECKING:
    from matchopt.case import Case
    from matchopt.model.affinities import Affinities

KEYS = ["donation", "need", "hub", "pickup", "arrival", "delivery"]
"""What tells two lines apart."""

PROMISED = frozenset({"planned"})


def committed(case: Case, status: frozenset[str]) -> pd.DataFrame:
    """Return the commitments of some statuses; their positions in the tables besides."""
    table = case.table("commitments")
    table = table[table["status"].isin(status)]
    return table.assign(
        donation=pd.Index(case.donations["donation_id"]).get_indexer(table["donation_id"]),
        need=pd.Index(case.needs["need_id"]).get_indexer(table["need_id"]),
    )


@dataclass(frozen=True, slots=True)
class Pinned:
    """Lines that stay, whatever the rules say of them (l,).

    Attributes
    ----------
    donation, need, quantity : (l,) int
        Table rows, and scaled donated quantity.
    ratio : (l,) float
        Units of the need that one donated unit serves.
    way
        Hubs, days and unit costs.
    loads
        What a donated unit of each puts on shared capacities.
    """

    donation: Ints
    need: Ints
    quantity: Ints
    ratio: Floats
    way: Itinerary
    loads: Loads

    @property
    def spent(self) -> int:
        """What the lines cost, purchases aside, in 1/10 000 currency × scaled quantity."""
        return exact_dot(self.way.unit_cost[:, :-1].sum(axis=1), self.quantity)

    def planned(self, count: int) -> Ints:
        """Return the scaled quantity given of each of `count` donations."""
        total = np.zeros(count, dtype=np.int64)
        np.add.at(total, self.donation, self.quantity)
        return total

    def served(self, count: int) -> Ints:
        """Return the scaled quantity served of each of `count` needs, rounded up."""
        served = np.bincount(self.need, self.quantity * self.ratio, minlength=count)
        return np.asarray(np.ceil(served - 4 * np.spacing(served)).astype(np.int64))

    def load(self, count: int, unit: int) -> Floats:
        """Return the kg on each of `count` capacities; `unit` is that of the scale."""
        kg = self.loads.kg * self.quantity[self.loads.which] / unit
        return np.bincount(self.loads.row, weights=kg, minlength=count).astype(np.float64)

    @classmethod
    def none(cls) -> Self:
        """Return no line."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        way = Itinerary(whole, whole, whole, whole, whole, np.zeros((0, len(COST_KINDS)), dtype=np.int64))
        return cls(whole, whole, whole, real, way, Loads(whole, whole, real))

    @classmethod
    def of(
        cls, case: Case, items: Items, rules: Rules, fondness: Affinities, atlas: Atlas, hubs: Hubs,
        calendar: Calendar, capacities: Capacities, scale: QuantityScale, supply: Supply, demand: Demand,
        place: Places,
    ) -> Self:  # fmt: skip
        """Return the lines that `case` pins; `supply`, `demand` and `place` are of all rows of its tables."""
        table = committed(case, PINNED)
        if not len(table):
            return cls.none()
        donation, need = table["donation"].to_numpy(), table["need"].to_numpy()
        mine, theirs = supply.take(donation), demand.take(need)
        givers, tail = np.unique(donation, return_inverse=True)
        communities, head = np.unique(theirs.community, return_inverse=True)
        tails, heads = place.take(givers), atlas.at(communities)
        router = Router(case, items, rules, fondness, atlas, hubs, tails, heads)
        # What no way is known for goes all the same; nothing is known of what that costs.
        for side in ("inbound", "outbound"):
            legs: HubLegs = getattr(router, side)
            setattr(router, side, replace(legs, cost=np.where(np.isinf(legs.cost), 0.0, legs.cost)))
        way = _ways(table, hubs, calendar, router, mine, tail, head)
        lines = table.assign(
            hub=way.hub, pickup=way.pickup, arrival=way.arrival, delivery=way.delivery,
            scaled=scale.to_ints(table["quantity"].to_numpy(dtype=np.float64)), at=np.arange(len(table)),
        ).groupby(KEYS, sort=True).agg(scaled=("scaled", "sum"), at=("at", "first"))  # fmt: skip
        at = lines["at"].to_numpy()
        mine, theirs, tail, head = mine.take(at), theirs.take(at), tail[at], head[at]
        hub, stay = way.hub[at], way.stay[at]
        way = Itinerary(
            hub, way.pickup[at], way.arrival[at], stay, way.delivery[at],
            router.unit_costs(mine, theirs, tail, head, hub, stay),
        )  # fmt: skip
        weight = np.where(items.service[mine.item], 0.0, items.weight[mine.item])
        burden = Burden(capacities, atlas, hubs, tails, heads)
        loads = burden.loads(way, tail, head, rules.agreement(mine, theirs), weight)
        ratio = np.broadcast_to(items.fit(mine.item, theirs.item).ratio, at.shape).astype(np.float64)
        return cls(donation[at], need[at], lines["scaled"].to_numpy(), ratio, way, loads)


def _ways(
    table: pd.DataFrame,
    hubs: Hubs,
    calendar: Calendar,
    router: Router,
    supply: Supply,
    tail: Ints,
    head: Ints,
) -> Itinerary:
    """Return hubs and days of the rows of `table`, without costs."""
    hub, given, (pickup, arrival, delivery) = _stated(table, hubs, calendar)
    _, lead_in = router.direct_way(supply.item, tail, head)
    lead_out = np.zeros_like(lead_in)
    for h in np.unique(hub[hub != DIRECT]):
        at = np.flatnonzero(hub == h)
        lead_in[at], lead_out[at] = router.inbound.lead[tail[at], h], router.outbound.lead[h, head[at]]
    pickup = np.where(given, pickup, supply.first)
    delivery = np.where(given, delivery, pickup + lead_in + lead_out)
    arrival = np.where(hub == DIRECT, delivery, np.where(given, arrival, pickup + lead_in))
    stay = np.where(hub == DIRECT, 0, np.maximum(delivery - lead_out - arrival, 0))
    return Itinerary(
        hub, pickup, arrival, stay, delivery, np.zeros((len(hub), len(COST_KINDS)), dtype=np.int64)
    )


def _stated(
    table: pd.DataFrame, hubs: Hubs, calendar: Calendar
) -> tuple[Ints, Bools, tuple[Ints, Ints, Ints]]:
    """Return the hub of each row, whether days are given, and these; in an undated case all are day 0."""
    names = pd.Index(hubs.names, dtype=object)
    hub = names.get_indexer(pd.Index(table["hub"], dtype=object)).astype(np.int64)
    hub = np.where(table["hub"].to_numpy(dtype=object) == "", DIRECT, hub)
    pickup, given = days_of(table["pickup_day"])
    arrival, _ = days_of(table["arrival_day"])
    delivery, _ = days_of(table["delivery_day"])
    if not calendar.dated:
        zero = np.zeros(len(table), dtype=np.int64)
        return hub, np.ones(len(table), dtype=bool), (zero, zero, zero)
    return hub, given, (pickup, arrival, delivery)


@dataclass(frozen=True, slots=True)
class Promised:
    """Lines of an earlier plan that it costs something to change (p,), each told apart by its `KEYS`.

    Attributes
    ----------
    donation, need, quantity, hub, pickup, arrival, delivery : (p,) int
        Table rows, scaled donated quantity, hub number and days.
    cost : int
        1/10 000 currency that each one costs if it is changed.
    """

    donation: Ints
    need: Ints
    quantity: Ints
    hub: Ints
    pickup: Ints
    arrival: Ints
    delivery: Ints
    cost: int

    def __len__(self) -> int:
        return len(self.donation)

    @classmethod
    def of(cls, case: Case, hubs: Hubs, calendar: Calendar, scale: QuantityScale, cost: int) -> Self:
        """Return the promises of `case`, of which it costs `cost` to change one."""
        table = committed(case, PROMISED)
        hub, _, (pickup, arrival, delivery) = _stated(table, hubs, calendar)
        arrival = np.where(hub == DIRECT, delivery, arrival)
        lines = table.assign(
            hub=hub, pickup=pickup, arrival=arrival, delivery=delivery,
            scaled=scale.to_ints(table["quantity"].to_numpy(dtype=np.float64)),
        ).groupby(KEYS, sort=True)["scaled"].sum().reset_index()  # fmt: skip
        ints = {name: lines[name].to_numpy(dtype=np.int64) for name in [*KEYS, "scaled"]}
        quantity = ints.pop("scaled")
        return cls(**ints, quantity=quantity, cost=cost)

    def frame(self) -> pd.DataFrame:
        """Return the lines as a table of their `KEYS`, with the column ``promised``."""
        columns = {name: getattr(self, name) for name in KEYS}
        return pd.DataFrame(columns | {"promised": self.quantity})
