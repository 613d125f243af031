"""The transport problem with spare supply and unmet demand, and its optimality certificate."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Bools, Ints

Nodes = npt.NDArray[np.int32]
"""Numbers of nodes or arcs: they fill the caches half as much as int64 would."""


@dataclass(frozen=True, slots=True)
class Transport:
    """Minimise arc cost + spare cost + unmet cost.

    Supply i is sent over arcs or left spare, demand j is met over arcs or left unmet:

        min  Σ c_a x_a + Σ e_i y_i + Σ u_j z_j
        s.t. Σ_{a from i} x_a + y_i = s_i,   Σ_{a into j} x_a + z_j = d_j,   x, y, z ≥ 0.

    Attributes
    ----------
    supply, demand : (m,) int, (n,) int
        s and d, above 0.
    tail, head, cost : (a,) int
        Arcs from supply `tail` to demand `head`.
    spare_cost, unmet_cost : (m,) int, (n,) int
        e and u.
    """

    supply: Ints
    demand: Ints
    tail: Ints
    head: Ints
    cost: Ints
    spare_cost: Ints
    unmet_cost: Ints

    @property
    def root_supply(self) -> int:
        """What the root node, from which unmet demand is filled, takes in besides the spares."""
        return int(self.demand.sum()) - int(self.supply.sum())


@dataclass(frozen=True, slots=True)
class Certificate:
    """Prices that prove a flow optimal: a dual solution in complementary slackness with it.

    ``supply_price[i] + demand_price[j] ≤ cost`` on every arc, ``supply_price ≤ spare_cost``
    and ``demand_price ≤ unmet_cost``; equality wherever something flows. Any such prices
    bound every plan from below by Σ supply_price · s + Σ demand_price · d.
    """

    supply_price: Ints
    demand_price: Ints


@dataclass(frozen=True, slots=True)
class SpanningTree:
    """A basis. Nodes are the supplies, then the demands, then the root; so are the arcs to and from the root.

    Most demands are leaves. A leaf is in no list and has no price of its own: it costs an `offset`
    more than its `anchor`, the node above, so that it need not be visited when prices change.

    Attributes
    ----------
    parent, arc, up : (nodes,)
        The node above, the arc that leads there, and whether it points up.
    depth : (nodes,)
        How many nodes are above, leaves aside.
    child, after, before : (nodes,)
        The first node below that is no leaf, and the next and the last one below the same parent; -1
        for none.
    anchor, offset : (nodes,)
        The node whose price counts, and what is to be added; itself and 0 if it is no leaf.
    price : (nodes,) int
        Distance from the root along the tree, leaves aside.
    flow : (arcs,) int
        What each arc carries, those of the root first.
    """

    parent: Nodes
    arc: Nodes
    up: Bools
    depth: Nodes
    child: Nodes
    after: Nodes
    before: Nodes
    anchor: Nodes
    offset: Ints
    price: Ints
    flow: Ints

    @classmethod
    def star(cls, problem: Transport) -> SpanningTree:
        """Return the basis of the plan that sends nothing: all is spare and unmet."""
        m, n = len(problem.supply), len(problem.demand)
        root = m + n
        nodes = np.arange(root + 1, dtype=np.int32)
        supply, demand = nodes < m, (nodes >= m) & (nodes < root)
        return cls(
            parent=np.where(nodes < root, root, -1).astype(np.int32),
            arc=np.where(nodes < root, nodes, -1).astype(np.int32),
            up=supply,
            depth=supply.astype(np.int32),
            child=np.where(nodes < root, -1, 0).astype(np.int32),
            after=np.where(nodes < m - 1, nodes + 1, -1).astype(np.int32),
            before=np.where(supply, nodes - 1, -1).astype(np.int32),
            anchor=np.where(demand, root, nodes).astype(np.int32),
            offset=np.concatenate([np.zeros(m, dtype=np.int64), problem.unmet_cost, [0]]),
            price=np.concatenate([-problem.spare_cost, np.zeros(n + 1, dtype=np.int64)]),
            flow=np.concatenate([problem.supply, problem.demand]),
        )

    def grown(self, arcs: int) -> SpanningTree:
        """Return a copy in which there are as many `arcs`; the new ones carry nothing."""
        own: dict[str, Any] = {f.name: getattr(self, f.name).copy() for f in fields(self)}
        own["flow"] = np.concatenate([self.flow, np.zeros(arcs - len(self.flow), dtype=np.int64)])
        return SpanningTree(**own)


@dataclass(frozen=True, slots=True)
class Optimum:
    """An optimal flow (a,), the prices that prove it, and where to go on from, if the back end can.

    `pivots` counts the steps that it took, if the back end does.
    """

    flow: Ints
    certificate: Certificate
    tree: SpanningTree | None = None
    pivots: int = 0


class Backend(Protocol):
    """A solver of transport problems: arcs in, arc flows and prices out."""

    name: str

    def solve(self, problem: Transport, tree: SpanningTree | None = None) -> Optimum:
        """Return an optimal flow of `problem` with its prices.

        Parameters
        ----------
        tree
            Of the same problem with fewer arcs: the first ones of `problem`.

        Raises
        ------
        SolverError
            If the solver reports anything but an optimum.
        """
        ...
