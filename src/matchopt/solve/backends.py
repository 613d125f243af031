"""Min-cost-flow back ends behind one protocol: our own, and two of other authors to check it.

Those give a flow and no prices: their proof is found by shortest paths over the residual network. A
flow is optimal if and only if its residual network has no negative cycle; then shortest-path
distances are potentials in which every residual arc has a reduced cost of at least 0 (Ahuja, Magnanti
and Orlin, *Network Flows*, 1993, §9.3). So the proof never rests on the solver's word.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.errors import SolverError
from matchopt.language import tr
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.transport import Backend, Certificate, Optimum, SpanningTree, Transport


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
    """Yield (tail, head, capacity, cost) of the arcs, the slack arcs and the unmet arcs.

    Nodes are the supplies, then those of the demands, then one root that takes in the slack
    and fills what is unmet.
    """
    m, root = len(problem.supply), len(problem.supply) + problem.nodes
    capacity = np.minimum(problem.supply[problem.tail], problem.asked[problem.head])
    limited = slice(len(problem.limit))
    capacity[limited] = np.minimum(capacity[limited], problem.limit)
    yield problem.tail, problem.head + m, capacity, problem.cost
    yield np.arange(m), np.full(m, root), problem.supply, problem.slack_cost
    yield np.full(len(problem.demand), root), problem.node + m, problem.demand, problem.unmet_cost


def certify(problem: Transport, flow: Ints) -> Certificate:
    """Return prices that prove `flow` optimal for `problem`.

    Label correcting (Bellman and Ford): labels start where no arc out of the root or a supply contradicts
    them, and fall until no arc does; each round follows the arcs out of the nodes whose label fell, so that
    it takes O(arcs), and no more rounds than there are nodes.

    Raises
    ------
    SolverError
        If `flow` is not optimal: some residual cycle has a negative cost.
    """
    tail, head, cost = _residual(problem, flow)
    m, nodes = len(problem.supply), problem.nodes
    least, out = np.full(m, FORBIDDEN), tail < m
    np.minimum.at(least, tail[out], cost[out])
    label = np.concatenate([-least, np.full(nodes, FORBIDDEN), [0]])
    fell = np.ones(m + nodes + 1, dtype=bool)
    for _ in range(m + nodes + 2):
        arc = np.flatnonzero(fell[tail])
        before = label.copy()
        np.minimum.at(label, head[arc], label[tail[arc]] + cost[arc])
        fell = label < before
        if not fell.any():
            price = (label[m:-1] - label[-1])[problem.node]
            return Certificate(label[-1] - label[:m], np.minimum(price, problem.unmet_cost))
    raise SolverError(tr("the flow is not optimal: its residual network has a negative cycle"))


def _residual(problem: Transport, flow: Ints) -> tuple[Ints, Ints, Ints]:
    """Return tail, head and cost of all arcs that could carry more, or less, than they do.

    Nodes are those of `_groups`. Between the root and a demand node only two arcs matter: that of the
    last unit unmet, back to the root, and that of one unit more.
    """
    m, root = len(problem.supply), len(problem.supply) + problem.nodes
    more = np.ones(len(flow), dtype=bool)
    more[: len(problem.limit)] = flow[: len(problem.limit)] < problem.limit
    less = flow > 0
    slack = problem.supply - _sums(problem.tail, flow, m) > 0
    unmet = problem.asked - _sums(problem.head, flow, problem.nodes)
    end = np.cumsum(problem.demand)
    reach = end[problem.highest] - problem.asked + unmet
    last = problem.unmet_cost[np.searchsorted(end, reach, side="left")]
    another = problem.unmet_cost[np.minimum(np.searchsorted(end, reach, side="right"), problem.highest)]
    supply, node = np.arange(m), m + np.arange(problem.nodes)
    groups = (
        (problem.tail[more], m + problem.head[more], problem.cost[more]),
        (m + problem.head[less], problem.tail[less], -problem.cost[less]),
        (supply, np.full(m, root), problem.slack_cost),
        (np.full(int(slack.sum()), root), supply[slack], -problem.slack_cost[slack]),
        (np.full(problem.nodes, root), node, another),
        (node[unmet > 0], np.full(int((unmet > 0).sum()), root), -last[unmet > 0]),
    )
    tail, head, cost = (np.concatenate(part) for part in zip(*groups, strict=True))
    return tail, head, cost


def _sums(index: Ints, amount: Ints, size: int) -> Ints:
    """Return the exact sum of `amount` per index (bincount would pass through floats)."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, index, amount)
    return total


BACKENDS: dict[str, Backend] = {
    backend.name: backend for backend in (NetworkSimplex(), OrTools(), NetworkX())
}
"""The back ends by name; the first is the default."""
