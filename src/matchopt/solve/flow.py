"""Min-cost-flow back ends behind one protocol: our own, and two of other authors to check it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matchopt.arrays import Ints
from matchopt.errors import SolverError
from matchopt.language import tr
from matchopt.solve.potentials import certify
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.transport import Backend, Optimum, SpanningTree, Transport


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


BACKENDS: dict[str, Backend] = {
    backend.name: backend for backend in (NetworkSimplex(), OrTools(), NetworkX())
}
"""The back ends by name; the first is the default."""
