"""Prices out of a flow: shortest paths over its residual network.

A solver that gives only a flow leaves its proof to be found. A flow is optimal if and
only if its residual network has no negative cycle; then shortest-path distances are
potentials in which every residual arc has a reduced cost of at least 0 (Ahuja, Magnanti
and Orlin, *Network Flows*, 1993, §9.3). The proof so never rests on the solver's word.
"""

from __future__ import annotations

import numpy as np

from matchopt.arrays import Ints
from matchopt.errors import SolverError
from matchopt.language import tr
from matchopt.solve.grouping import members, starts
from matchopt.solve.transport import Certificate, Transport

URGENT = 0.3
"""Labels that fell by this share of the furthest fall are passed on before the others."""


def certify(problem: Transport, flow: Ints) -> Certificate:
    """Return prices that prove `flow` optimal for `problem`.

    Label correcting: labels start where no arc contradicts them, only what flows may, and
    fall until they agree with both. The supplies that fell furthest pass it on first, which
    spares most of the small corrections. Should that go on for long, every supply that fell
    passes it on in every turn: Bellman-Ford, which ends after as many turns as there are nodes.

    Raises
    ------
    SolverError
        If `flow` is not optimal: some residual cycle has a negative cost.
    """
    labels = _Labels(problem, flow)
    nodes = len(problem.supply) + problem.nodes + 1
    for turn in range(3 * nodes):
        fallen = labels.passed_on - labels.supply
        most = int(fallen.max(initial=0))
        if most == 0:
            price = (labels.demand - labels.root)[problem.node]
            return Certificate(labels.root - labels.supply, np.minimum(price, problem.unmet_cost))
        urgent = max(1, int(most * URGENT)) if turn < 2 * nodes else 1
        labels.from_supplies(np.flatnonzero(fallen >= urgent))
    raise SolverError(tr("the flow is not optimal: its residual network has a negative cycle"))


class _Labels:
    """Distances in the residual network, falling as its arcs are followed."""

    def __init__(self, problem: Transport, flow: Ints) -> None:
        self._spare_cost = problem.spare_cost
        self._spare = problem.supply - _sums(problem.tail, flow, len(problem.supply)) > 0
        unmet = problem.asked - _sums(problem.head, flow, problem.nodes)
        self._unmet = unmet > 0
        # What the last unit unmet at a node costs, and what one more would.
        end = np.cumsum(problem.demand)
        reach = end[problem.dearest] - problem.asked + unmet
        self._last_cost = problem.unmet_cost[np.searchsorted(end, reach, side="left")]
        more = np.minimum(np.searchsorted(end, reach, side="right"), problem.dearest)
        self._next_cost = problem.unmet_cost[more]
        # An arc at its limit leads no further; flow can only be taken back along it.
        limit = np.full(len(flow), np.iinfo(np.int64).max)
        limit[: len(problem.limit)] = problem.limit
        order = np.argsort(problem.tail, kind="stable")
        order = order[flow[order] < limit[order]]
        self._out = starts(problem.tail[order], len(problem.supply))
        tail, self._head, self._cost = problem.tail[order], problem.head[order], problem.cost[order]
        used = np.flatnonzero(flow > 0)
        used = used[np.argsort(problem.head[used], kind="stable")]
        self._back = starts(problem.head[used], problem.nodes)
        self._back_tail, self._back_cost = problem.tail[used], problem.cost[used]

        price = problem.spare_cost.copy()
        np.minimum.at(price, tail, self._cost)
        self.supply = -price
        self.demand = self._next_cost.copy()
        np.minimum.at(self.demand, self._head, self._cost + self.supply[tail])
        self.root = 0
        self.passed_on = self.supply.copy()
        self._from_demands(np.arange(len(self.demand)))
        self._from_root()

    def from_supplies(self, supplies: Ints) -> None:
        """Follow all arcs out of `supplies`, and what they lead on to."""
        self.passed_on[supplies] = self.supply[supplies]
        arc, count = members(self._out, supplies)
        reach = np.repeat(self.supply[supplies], count) + self._cost[arc]
        before = self.demand.copy()
        np.minimum.at(self.demand, self._head[arc], reach)
        self._reach_root(self.supply[supplies] + self._spare_cost[supplies])
        self._from_demands(np.flatnonzero(self.demand < before))

    def _from_root(self) -> None:
        """Follow all arcs out of the root, and what they lead on to."""
        left = self._spare
        self.supply[left] = np.minimum(self.supply, self.root - self._spare_cost)[left]
        lower = self.root + self._next_cost < self.demand
        self.demand[lower] = self.root + self._next_cost[lower]
        self._from_demands(np.flatnonzero(lower))

    def _from_demands(self, demands: Ints) -> None:
        """Follow the arcs back along what flows into `demands`, or from the root."""
        arc, count = members(self._back, demands)
        reach = np.repeat(self.demand[demands], count) - self._back_cost[arc]
        np.minimum.at(self.supply, self._back_tail[arc], reach)
        lacking = demands[self._unmet[demands]]
        self._reach_root(self.demand[lacking] - self._last_cost[lacking])

    def _reach_root(self, label: Ints) -> None:
        least = int(label.min(initial=self.root))
        if least < self.root:
            self.root = least
            self._from_root()


def _sums(index: Ints, amount: Ints, size: int) -> Ints:
    """Return the exact sum of `amount` per index (bincount would pass through floats)."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, index, amount)
    return total
