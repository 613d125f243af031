"""From flows between classes to deliveries: the lines of a plan, donation by donation and need by need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.contract.case import Case
from matchopt.contract.frames import key_positions
from matchopt.model.classes import ranks
from matchopt.model.commitments import KEYS, Pinned, Promised
from matchopt.model.linking import Loads
from matchopt.model.money import Quantities, exact_dot
from matchopt.model.network import Network, Part, disaggregate
from matchopt.model.routes import COST_KINDS, budgeted


@dataclass(frozen=True, slots=True)
class Flows:
    """Flows between classes, one entry each.

    Attributes
    ----------
    tail, head : (f,) int
        Donation class and need class in the network.
    quantity : (f,) int
        Scaled donated quantity.
    ratio : (f,) float
        Units of the need that one donated unit serves.
    hub, pickup, arrival, stay, delivery : (f,) int
        The route, see `matchopt.model.routes.ScheduledRoutes`.
    unit_cost : (f, kinds) int
        1/10 000 currency per donated unit, in the order of `COST_KINDS`.
    block : (f,) int
        Number of the block it was planned in, 0 for plain transport.
    load_row : (e,) int
    load : (e,) float
        kg that whole flows put on shared capacities.
    """

    tail: Ints
    head: Ints
    quantity: Ints
    ratio: Floats
    hub: Ints
    pickup: Ints
    arrival: Ints
    stay: Ints
    delivery: Ints
    unit_cost: Ints
    block: Ints
    load_row: Ints
    load: Floats

    @property
    def spent(self) -> int:
        """What the budget counts of the flows, in 1/10 000 currency × scaled quantity."""
        return exact_dot(budgeted(self.unit_cost), self.quantity)

    def loads(self, count: int) -> Floats:
        """Return the load of each of `count` capacities, in kg."""
        return np.bincount(self.load_row, weights=self.load, minlength=count).astype(np.float64)

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """Return several flows as one."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    @classmethod
    def none(cls) -> Self:
        """Return no flow at all."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        cost = np.zeros((0, len(COST_KINDS)), dtype=np.int64)
        return cls(whole, whole, whole, real, whole, whole, whole, whole, whole, cost, whole, whole, real)


def transported(network: Network, part: Part, tail: Ints, head: Ints, flow: Ints) -> Flows:
    """Return the flow of a transport problem, `flow` steps between rows and columns of `part`, as flows."""
    route = part.cheapest_routes(tail, head)
    quantity = flow * part.step
    loads = part.options.loads(route, tail, head)
    return Flows(
        part.rows[tail],
        part.columns[head],
        quantity,
        np.ones(len(flow)),
        route.hub,
        route.pickup,
        route.arrival,
        route.stay,
        route.delivery,
        route.unit_cost,
        np.zeros(len(flow), dtype=np.int64),
        *loaded(network, loads, quantity),
    )


def loaded(network: Network, loads: Loads, quantity: Ints) -> tuple[Ints, Floats]:
    """Return capacity rows and the kg that flows of `quantity` put on them."""
    return loads.row, loads.kg * quantity[loads.which] / network.scale.unit


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The lines of a plan in the order they are written, with all that is known of each.

    Attributes
    ----------
    donation, need, quantity, hub, pickup, arrival, stay, delivery, block : (l,) int
        Table rows, scaled donated quantity, hub number, days, days in storage, number of the block.
    ratio : (l,) float
        Units of the need that one donated unit serves.
    unit_cost : (l, kinds) int
        1/10 000 currency per donated unit, in the order of `COST_KINDS`.
    """

    donation: Ints
    need: Ints
    quantity: Ints
    ratio: Floats
    hub: Ints
    pickup: Ints
    arrival: Ints
    stay: Ints
    delivery: Ints
    unit_cost: Ints
    block: Ints

    @property
    def served(self) -> Floats:
        """Scaled quantity served by each line."""
        return self.quantity * self.ratio

    def served_by_need(self, asked: Quantities) -> Quantities:
        """Return what each need is served, of which `asked` (n,) is the most."""
        lines = self.need, self.quantity, self.ratio
        return Quantities.added_up(*lines, len(asked.quantity)).at_most(asked)

    def planned(self, count: int) -> Ints:
        """Return the scaled quantity planned of each of `count` donations."""
        total = np.zeros(count, dtype=np.int64)
        np.add.at(total, self.donation, self.quantity)
        return total

    def kept(self, promised: Promised) -> Bools:
        """Return which promises these lines keep to the unit."""
        if not len(promised):
            return np.zeros(0, dtype=bool)
        lines = pd.DataFrame({name: getattr(self, name) for name in KEYS})
        at = key_positions(lines, promised.frame(), KEYS)
        return np.asarray(np.append(self.quantity, -1)[at] == promised.quantity)

    def sorted(self, case: Case) -> Deliveries:
        """Return the lines in the order in which they are written."""
        # Hubs are numbered by name, so that the order of numbers is the order of names.
        order = np.lexsort(
            (
                self.delivery,
                self.arrival,
                self.pickup,
                self.hub,
                ranks(case.column("donations", "donation_id"))[self.donation],
                ranks(case.column("needs", "need_id"))[self.need],
            )
        )
        return Deliveries(*(getattr(self, f.name)[order] for f in fields(self)))

    def joined(self, pinned: Pinned) -> Deliveries:
        """Return these lines and the pinned ones; those of one route between the same two are one."""
        if not len(pinned.need):
            return self
        route = pinned.route
        stay = Deliveries(
            pinned.donation,
            pinned.need,
            pinned.quantity,
            pinned.ratio,
            route.hub,
            route.pickup,
            route.arrival,
            route.stay,
            route.delivery,
            route.unit_cost,
            np.zeros(len(pinned.need), dtype=np.int64),
        )
        both = [np.concatenate([getattr(stay, f.name), getattr(self, f.name)]) for f in fields(self)]
        lines = Deliveries(*both)
        keys = pd.DataFrame({name: getattr(lines, name) for name in KEYS})
        first = np.flatnonzero(~keys.duplicated().to_numpy())
        total = keys.assign(new=lines.quantity).groupby(KEYS, sort=False)["new"].sum().to_numpy()
        one = Deliveries(*(getattr(lines, f.name)[first] for f in fields(lines)))
        return replace(one, quantity=total)


def to_deliveries(case: Case, network: Network, flows: Flows) -> Deliveries:
    """Hand `flows` out to donations and needs, in the order in which lines are written."""
    lines = disaggregate(network, flows.tail, flows.head, flows.quantity)
    arc = lines.arc
    found = Deliveries(
        lines.donation,
        lines.need,
        lines.quantity,
        flows.ratio[arc],
        flows.hub[arc],
        flows.pickup[arc],
        flows.arrival[arc],
        flows.stay[arc],
        flows.delivery[arc],
        flows.unit_cost[arc],
        flows.block[arc],
    )
    return found.sorted(case)
