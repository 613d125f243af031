"""Min-cost-flow back ends behind one protocol: our own, and two of other authors to check it.

Those give a flow and no prices: their proof is found by shortest paths over the residual network. A
flow is optimal if and only if its residual network has no negative cycle; then shortest-path
distances are potentials in which every residual arc has a reduced cost of at least 0 (Ahuja, Magnanti
and Orlin, *Network Flows*, 1993, §9.3). So the proof never rests on the solver's word.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matchopt.arrays import Ints
from matchopt.errors import SolverError
from matchopt.language import tr
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.transport import Backend, Certificate, Optimum, SpanningTree, Transport

URGENT = 0.3
"""Labels that fell by this share of the furthest fall are passed on before the others."""


class OrTools:
    """OR-Tools ``SimpleMinCostFlow`` (cost scaling; Goldberg, 1997)."""

    name = "ortools"

    def solve(self, problem: Transport, tree: SpanningTree | None = None) -> Optimum:
        """Return an optimal flow of `problem`; see `Backend`."""
        from ortools.graph.python import min_cost_flow

        solver = min_cost_flow.SimpleMinCostFlow()
        tail, head, capacity, cost = (np.concatenate(part) for part in zip(*_groups(problem), strict=True))
        solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
        supplies = np.concatenate([problem.supply, -problem.asked, [problem.root_supply]])
        solver.set_nodes_supplies(np.arange(len(supplies)), supplies.astype(np.int64))
        status = solver.solve()
        if status != solver.OPTIMAL:
            # Flows must not be read after a failure: that can end the process.
            raise SolverError(
                tr("OR-Tools SimpleMinCostFlow ended with {name}, not OPTIMAL", name=status.name)
            )
        flow = np.asarray(solver.flows(np.arange(len(problem.tail))), dtype=np.int64)
        return Optimum(flow, certify(problem, flow))


class NetworkX:
    """networkx ``network_simplex``: slow, and exact in whole numbers of any size."""

    name = "networkx"

    def solve(self, problem: Transport, tree: SpanningTree | None = None) -> Optimum:
        """Return an optimal flow of `problem`; see `Backend`."""
        import networkx as nx

        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
        supplies = [*problem.supply.tolist(), *(-problem.asked).tolist(), problem.root_supply]
        graph.add_nodes_from((node, {"demand": -supply}) for node, supply in enumerate(supplies))
        keys = []
        for group in _groups(problem):
            for tail, head, capacity, cost in zip(*(part.tolist() for part in group), strict=True):
                key = graph.add_edge(tail, head, capacity=capacity, weight=cost)
                keys.append((tail, head, key))
        try:
            _, flows = nx.network_simplex(graph)
        except nx.NetworkXUnfeasible as error:
            raise SolverError(tr("networkx network_simplex: {error}", error=error)) from error
        flow = np.array([flows[t][h][k] for t, h, k in keys[: len(problem.tail)]], dtype=np.int64)
        return Optimum(flow, certify(problem, flow))


def _groups(problem: Transport) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """Yield (tail, head, capacity, cost) of the arcs, the spare arcs and the unmet arcs.

    Nodes are the supplies, then those of the demands, then one root that swallows what is spare
    and fills what is unmet.
    """
    m, root = len(problem.supply), len(problem.supply) + problem.nodes
    capacity = np.minimum(problem.supply[problem.tail], problem.asked[problem.head])
    limited = slice(len(problem.limit))
    capacity[limited] = np.minimum(capacity[limited], problem.limit)
    yield problem.tail, problem.head + m, capacity, problem.cost
    yield np.arange(m), np.full(m, root), problem.supply, problem.spare_cost
    yield np.full(len(problem.demand), root), problem.node + m, problem.demand, problem.unmet_cost


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
        self._out = _starts(problem.tail[order], len(problem.supply))
        tail, self._head, self._cost = problem.tail[order], problem.head[order], problem.cost[order]
        used = np.flatnonzero(flow > 0)
        used = used[np.argsort(problem.head[used], kind="stable")]
        self._back = _starts(problem.head[used], problem.nodes)
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
        arc, count = _members(self._out, supplies)
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
        arc, count = _members(self._back, demands)
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


def _starts(index: Ints, groups: int) -> Ints:
    """Return where each of `groups` groups starts, and the last one ends, in ascending `index`."""
    return np.searchsorted(index, np.arange(groups + 1))


def _members(start: Ints, groups: Ints) -> tuple[Ints, Ints]:
    """Return the places of all members of `groups`, group after group, and how many each has."""
    count = start[groups + 1] - start[groups]
    first = start[groups] - np.cumsum(count) + count
    return np.repeat(first, count) + np.arange(count.sum()), count


BACKENDS: dict[str, Backend] = {
    backend.name: backend for backend in (NetworkSimplex(), OrTools(), NetworkX())
}
"""The back ends by name; the first is the default."""
