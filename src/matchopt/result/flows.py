"""Flows: what goes between classes, by which way, whoever found it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from matchopt.arrays import Floats, Ints
from matchopt.model.capacities import Loads
from matchopt.model.money import exact_dot
from matchopt.model.network import Network, Part
from matchopt.model.routes import COST_KINDS


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
        The way, see `matchopt.model.routes.Itinerary`.
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
        """What the flows cost, purchases aside, in 1/10 000 currency × scaled quantity."""
        cost = self.unit_cost[:, :-1].sum(axis=1)
        return exact_dot(cost, self.quantity)

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
    way = part.itinerary(tail, head)
    quantity = flow * part.step
    loads = part.ways.loads(way, tail, head)
    return Flows(
        part.rows[tail], part.columns[head], quantity, np.ones(len(flow)), way.hub, way.pickup, way.arrival,
        way.stay, way.delivery, way.unit_cost, np.zeros(len(flow), dtype=np.int64),
        *loaded(network, loads, quantity),
    )  # fmt: skip


def loaded(network: Network, loads: Loads, quantity: Ints) -> tuple[Ints, Floats]:
    """Return capacity rows and the kg that flows of `quantity` put on them."""
    return loads.row, loads.kg * quantity[loads.which] / network.scale.unit
