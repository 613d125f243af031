"""Commitments: lines that stay, lines that it costs something to change, and pairs that are barred."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.fields import BARRED, PINNED
from matchopt.contract.frames import key_positions, positions
from matchopt.model.calendar import Calendar, days_of
from matchopt.model.linking import NO_LOADS, Capacities, CapacityLoads, Loads
from matchopt.model.money import Quantities, QuantityScale, exact_dot
from matchopt.model.pair_kernels import BarredPairs
from matchopt.model.routes import (
    COST_KINDS,
    DIRECT,
    HubLegs,
    Pairs,
    Router,
    Rows,
    ScheduledRoutes,
    Terms,
    budgeted,
)

if TYPE_CHECKING:
    from matchopt.contract.case import Case


KEYS = ["donation", "need", "hub", "pickup", "arrival", "delivery"]
"""What tells two lines apart."""

PROMISED = frozenset({"planned"})
NUMBERED = re.compile(r"^A([0-9]{4,15})$")


def last_number(case: Case) -> int:
    """Return the highest number of an id such as A0001 that an earlier line ever had, 0 for none."""
    names = [*case.column("commitments", "allocation_id").tolist()]
    if case.earlier is not None:
        for lines in (case.earlier.allocations, case.earlier.retired):
            names += lines["allocation_id"].tolist()
        names.append(case.earlier.last_id)
    return max((int(known[1]) for known in map(NUMBERED.match, map(str, names)) if known), default=0)


@dataclass(frozen=True, slots=True)
class Pinned:
    """Lines that stay, whatever the rules say of them (l,).

    Attributes
    ----------
    name : (l,) object
        Id of each line, "" where it has none.
    donation, need, quantity : (l,) int
        Table rows, and scaled donated quantity.
    ratio : (l,) float
        Units of the need that one donated unit serves.
    route
        Hubs, days and unit costs.
    loads
        What a donated unit of each puts on shared capacities.
    """

    name: Texts
    donation: Ints
    need: Ints
    quantity: Ints
    ratio: Floats
    route: ScheduledRoutes
    loads: Loads

    @classmethod
    def none(cls) -> Self:
        """Return no lines."""
        none = np.zeros(0, dtype=np.int64)
        return cls(np.zeros(0, dtype=object), none, none, none, np.zeros(0), ScheduledRoutes.none(), NO_LOADS)

    @property
    def spent(self) -> int:
        """What the budget counts of the lines, in 1/10 000 currency × scaled quantity."""
        return exact_dot(budgeted(self.route.unit_cost), self.quantity)

    def planned(self, count: int) -> Ints:
        """Return the scaled quantity given of each of `count` donations."""
        total = np.zeros(count, dtype=np.int64)
        np.add.at(total, self.donation, self.quantity)
        return total

    def short(self, asked: Ints) -> Quantities:
        """Return what the lines leave of what each need asks (n,)."""
        wanted = Quantities.whole(asked)
        served = Quantities.added_up(self.need, self.quantity, self.ratio, len(asked))
        return wanted - served.at_most(wanted)

    def load(self, count: int, unit: int) -> Floats:
        """Return the kg on each of `count` capacities; `unit` is that of the scale."""
        kg = self.loads.kg * self.quantity[self.loads.which] / unit
        return np.bincount(self.loads.row, weights=kg, minlength=count).astype(np.float64)

    def frame(self) -> pd.DataFrame:
        """Return the lines as a table of their `KEYS`, with the column ``name``."""
        days = {name: getattr(self.route, name) for name in KEYS[2:]}
        return pd.DataFrame({"donation": self.donation, "need": self.need, **days, "name": self.name})


@dataclass(frozen=True, slots=True)
class Promised:
    """Lines of an earlier plan that it costs something to change (p,), each told apart by its `KEYS`.

    Attributes
    ----------
    name : (p,) object
        Id of each line, "" where it has none.
    donation, need, quantity, hub, pickup, arrival, delivery : (p,) int
        Table rows, scaled donated quantity, hub number and days.
    cost : int
        1/10 000 currency that each one costs if it is changed.
    """

    name: Texts
    donation: Ints
    need: Ints
    quantity: Ints
    hub: Ints
    pickup: Ints
    arrival: Ints
    delivery: Ints
    cost: int

    @classmethod
    def none(cls, cost: int) -> Self:
        """Return no lines."""
        none = np.zeros(0, dtype=np.int64)
        return cls(np.zeros(0, dtype=object), none, none, none, none, none, none, none, cost)

    def __len__(self) -> int:
        return len(self.donation)

    def frame(self) -> pd.DataFrame:
        """Return the lines as a table of their `KEYS`, with the column ``name``."""
        return pd.DataFrame({name: getattr(self, name) for name in [*KEYS, "name"]})


class Commitments:
    """The lines that a case commits to, with their routes (contract §1, `commitments`)."""

    def __init__(
        self, case: Case, terms: Terms, calendar: Calendar, scale: QuantityScale, rows: Rows
    ) -> None:
        table = case.table("commitments")
        table = table[table["status"].isin(PINNED | PROMISED)]
        donation = positions(case.donations["donation_id"], table["donation_id"])
        need = positions(case.needs["need_id"], table["need_id"])
        supply, demand = rows.supply.take(donation), rows.demand.take(need)
        origins, tail = np.unique(donation, return_inverse=True)
        communities, head = np.unique(demand.community, return_inverse=True)
        self._terms, self._pairs = terms, Pairs(supply, demand, tail, head)
        self._tails, self._heads = rows.place.take(origins), terms.atlas.at(communities)
        outbound = HubLegs.between(terms.atlas, terms.hubs.places, self._heads)
        self._router = Router(terms, self._tails, self._heads, outbound)
        # What no route is known for goes all the same; nothing is known of what that costs.
        for side in ("inbound", "outbound"):
            legs: HubLegs = getattr(self._router, side)
            setattr(self._router, side, replace(legs, cost=np.where(np.isinf(legs.cost), 0.0, legs.cost)))
        route = self._route = self._routes_of(table, calendar)
        self._lines = table.assign(
            **{name: getattr(route, name) for name in KEYS[2:]},
            donation=donation,
            need=need,
            at=np.arange(len(table)),
            scaled=scale.to_ints(table["quantity"].to_numpy(dtype=np.float64)),
        )

    def pinned(self, capacities: Capacities) -> Pinned:
        """Return the lines that stay."""
        lines = self._added(PINNED)
        at, donation, need, quantity = (
            lines[name].to_numpy(dtype=np.int64) for name in ("at", "donation", "need", "scaled")
        )
        pairs, route = self._pairs.take(at), self._route.take(at)
        route = replace(route, unit_cost=self._router.unit_costs(pairs, route.hub, route.stay))
        loads = CapacityLoads(capacities, self._terms, self._tails, self._heads).of(route, pairs)
        fit = self._terms.items.fit(pairs.supply.item, pairs.demand.item)
        ratio = np.broadcast_to(fit.ratio, at.shape).astype(np.float64)
        return Pinned(lines["name"].to_numpy(dtype=object), donation, need, quantity, ratio, route, loads)

    def promised(self, cost: int) -> Promised:
        """Return the lines of which it costs `cost` to change one."""
        lines = self._added(PROMISED)
        ints = {name: lines[name].to_numpy(dtype=np.int64) for name in [*KEYS, "scaled"]}
        quantity = ints.pop("scaled")
        return Promised(lines["name"].to_numpy(dtype=object), **ints, quantity=quantity, cost=cost)

    def _added(self, status: frozenset[str]) -> pd.DataFrame:
        """Return the lines of some statuses, those of one route between the same two as one."""
        lines = self._lines[self._lines["status"].isin(status)]
        # Numbers in the order of the names: the largest text of many groups takes long to find.
        number, names = pd.factorize(lines["allocation_id"].to_numpy(dtype=object), sort=True)
        found = (
            lines.assign(name=number)
            .groupby(KEYS, sort=True)
            .agg(scaled=("scaled", "sum"), at=("at", "first"), name=("name", "max"))
        )
        found["name"] = names[found["name"].to_numpy()]
        return found.reset_index()

    def _routes_of(self, table: pd.DataFrame, calendar: Calendar) -> ScheduledRoutes:
        """Return hubs and days of the rows, without costs; what gives no days goes at once, and never stops.

        In an undated case all days are 0.
        """
        hub = positions(self._terms.hubs.names, table["hub"])
        hub = np.where(table["hub"].to_numpy(dtype=object) == "", DIRECT, hub)
        nothing = np.zeros((len(hub), len(COST_KINDS)), dtype=np.int64)
        if not calendar.dated:
            zero = np.zeros(len(hub), dtype=np.int64)
            return ScheduledRoutes(hub, zero, zero, zero, zero, nothing)
        lead_in, lead_out = self._router.leads(self._pairs, hub)
        pickup, given = days_of(table["pickup_day"])
        arrival, _ = days_of(table["arrival_day"])
        delivery, _ = days_of(table["delivery_day"])
        pickup = np.where(given, pickup, self._pairs.supply.first)
        delivery = np.where(given, delivery, pickup + lead_in + lead_out)
        arrival = np.where(hub == DIRECT, delivery, np.where(given, arrival, pickup + lead_in))
        stay = np.where(hub == DIRECT, 0, np.maximum(delivery - lead_out - arrival, 0))
        return ScheduledRoutes(hub, pickup, arrival, stay, delivery, nothing)


class Bars:
    """What commitments bar, pair by pair (contract §1, `commitments`).

    A need either lists the donations that may not serve it, or, if it is to have one source and has
    one already, the one that may.

    Attributes
    ----------
    donation, need : (d,) int, (n,) int
        Code of each row, -1 where nothing bars it by name.
    """

    def __init__(self, donation: Ints, need: Ints, keys: Ints, only: Bools) -> None:
        self.donation, self.need = donation, need
        self._keys, self._only = keys, only
        self._width = len(only) + 1

    @classmethod
    def of(cls, case: Case) -> Self:
        """Return the bars of `case`."""
        if "commitments" not in case.tables:
            none = np.zeros(0, dtype=np.int64)
            donation, need = np.full(len(case.donations), -1), np.full(len(case.needs), -1)
            return cls(donation, need, none, np.zeros(0, dtype=bool))
        table = case.table("commitments")
        tail = positions(case.donations["donation_id"], table["donation_id"])
        head = positions(case.needs["need_id"], table["need_id"])
        status = table["status"].to_numpy(dtype=object)
        single = case.column("needs", "single_source")
        barred = np.isin(status, list(BARRED))
        alone = np.isin(status, list(PINNED)) & single[head]
        # Of a need with one source already all pairs are listed that stay: none if it has several.
        pairs = pd.DataFrame({"tail": tail[alone], "head": head[alone]}).drop_duplicates()
        sources = pairs.groupby("head")["tail"].transform("size")
        declined = pd.DataFrame({"tail": tail[barred], "head": head[barred]}).drop_duplicates()
        stay = pairs[(sources == 1) & (key_positions(declined, pairs, ["tail", "head"]) < 0)]
        closed = np.unique(pairs["head"].to_numpy(dtype=np.int64))
        listed = pd.concat([stay, declined[~declined["head"].isin(closed)]]).astype(np.int64)
        tails = np.unique(listed["tail"].to_numpy())
        heads = np.union1d(listed["head"].to_numpy(), closed)
        donation, need = np.full(len(case.donations), -1), np.full(len(case.needs), -1)
        donation[tails], need[heads] = np.arange(len(tails)), np.arange(len(heads))
        keys = donation[listed["tail"].to_numpy()] * (len(heads) + 1) + need[listed["head"].to_numpy()]
        return cls(donation, need, np.sort(keys), np.isin(heads, closed))

    def table(self) -> BarredPairs:
        """Return them as kernels know them."""
        return BarredPairs(len(self._only) > 0, self._width, self._keys, self._only)
