"""The transport problem with slack supply and unmet demand, its dual certificate, and its basis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Bools, Ints

Nodes = npt.NDArray[np.int32]
"""Numbers of nodes or arcs: they fill the caches half as much as int64 would."""


@dataclass(frozen=True, slots=True)
class Transport:
    """Minimise arc cost + slack cost + unmet cost.

    Supply i is sent over arcs or left over as slack. Arcs lead to nodes, at each of which there are one or
    more demands k, met or left unmet, the cheapest to leave first:

        min  Σ c_a x_a + Σ e_i y_i + Σ u_k z_k
        s.t. Σ_{a from i} x_a + y_i = s_i,   Σ_{a into j} x_a + Σ_{k at j} z_k = Σ_{k at j} d_k,
             0 ≤ z_k ≤ d_k,   x_a ≤ l_a for the first p arcs,   x, y ≥ 0.

    Attributes
    ----------
    supply, demand : (m,) int, (k,) int
        s and d, above 0.
    tail, head, cost : (a,) int
        Arcs from supply `tail` to node `head`.
    slack_cost, unmet_cost : (m,) int, (k,) int
        e and u.
    node : (k,) int
        Where each demand is, in the order of the nodes 0, 1, …, and at each in that of `unmet_cost`.
    limit : (p,) int
        l, above 0: the most that the first p arcs may carry. The others have no limit of their own.
    """

    supply: Ints
    demand: Ints
    tail: Ints
    head: Ints
    cost: Ints
    slack_cost: Ints
    unmet_cost: Ints
    node: Ints
    limit: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def nodes(self) -> int:
        """How many nodes arcs lead to."""
        return int(self.node[-1]) + 1 if len(self.node) else 0

    @property
    def highest(self) -> Ints:
        """The demand of each node whose unmet cost is the highest (n,)."""
        return np.flatnonzero(np.diff(self.node, append=self.nodes))

    @property
    def asked(self) -> Ints:
        """What each node asks for in all (n,)."""
        return np.diff(np.cumsum(self.demand)[self.highest], prepend=0)

    @property
    def root_supply(self) -> int:
        """What the root node, from which unmet demand is filled, takes in besides slack."""
        return int(self.demand.sum()) - int(self.supply.sum())


@dataclass(frozen=True, slots=True)
class Certificate:
    """Node potentials that prove a flow optimal: a dual solution in complementary slackness with it.

    ``supply_price[i] + demand_price[k] ≤ cost`` on every arc from i to the node of k that could carry
    more, ``supply_price ≤ slack_cost`` and ``demand_price ≤ unmet_cost``; on arcs at their limit it
    may be more than the cost, and where else something flows it is the cost. Without limits such
    prices bound every plan from below by Σ supply_price · s + Σ demand_price · d; an arc with one takes
    off that what it gains at most.
    """

    supply_price: Ints
    demand_price: Ints


class SpanningTree(NamedTuple):
    """A spanning tree basis. Its nodes are the supplies (m), the root, and places for demand nodes.

    Most demand nodes are leaves, and not in it: a leaf costs an `offset` more than its `anchor`, the
    node it hangs from, so that it need not be visited when prices change. Arcs are those to the
    root, those from it, one for each demand, and the others.

    Attributes
    ----------
    parent, arc, up : (2 m + 2,)
        The node above, the arc that leads there, and whether it points up.
    depth : (2 m + 2,)
        How many nodes are above.
    after, before : (2 m + 2,)
        The next and the last node in an order in which all that is below a node follows it; after
        the last one comes the root again.
    demand : (2 m + 2,)
        The demand node at each place; -1 for none, and n at the root.
    price : (2 m + 2,) int
        Distance from the root along the tree.
    anchor, offset, hold : (n + 1,)
        Of each demand node, and the root as the last one: the place whose price counts, what is to
        be added to it, and the arc by which it hangs there if it is a leaf.
    flow : (arcs,) int
        What each arc carries.
    """

    parent: Nodes
    arc: Nodes
    up: Bools
    depth: Nodes
    after: Nodes
    before: Nodes
    demand: Nodes
    price: Ints
    anchor: Nodes
    offset: Ints
    hold: Nodes
    flow: Ints

    @classmethod
    def star(cls, problem: Transport) -> SpanningTree:
        """Return the basis of the plan that sends nothing: all is slack and unmet."""
        m, n, places = len(problem.supply), problem.nodes, 2 * len(problem.supply) + 2
        place = np.arange(places, dtype=np.int32)
        ring = np.where(place <= m, place, 0)
        return cls(
            parent=np.where(place == m, -1, m).astype(np.int32),
            arc=place,
            up=place < m,
            depth=(place < m).astype(np.int32),
            after=np.where(place < m, place + 1, 0).astype(np.int32),
            before=np.where(ring > 0, ring - 1, m).astype(np.int32),
            demand=np.where(place == m, n, -1).astype(np.int32),
            price=np.concatenate([-problem.slack_cost, np.zeros(m + 2, dtype=np.int64)]),
            anchor=np.full(n + 1, m, dtype=np.int32),
            offset=np.append(problem.unmet_cost[problem.highest], 0),
            hold=np.append(m + problem.highest, -1).astype(np.int32),
            flow=np.concatenate([problem.supply, problem.demand]),
        )

    def grown(self, arcs: int) -> SpanningTree:
        """Return a copy in which there are as many `arcs`; the new ones carry nothing."""
        flow = np.concatenate([self.flow, np.zeros(arcs - len(self.flow), dtype=np.int64)])
        return SpanningTree._make([*(own.copy() for own in self[:-1]), flow])


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
            Of the same problem with fewer arcs: the first ones of `problem`, at whatever costs.

        Raises
        ------
        SolverError
            If the solver reports anything but an optimum.
        """
        ...
