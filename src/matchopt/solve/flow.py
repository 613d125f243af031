"""Min-cost-flow back ends behind one protocol."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.errors import SolverError
from matchopt.solve.assignment import assign
from matchopt.solve.transport import Backend, Transport


class OrTools:
    """OR-Tools: an assignment where quantities are one to one, else a flow; cost scaling both."""

    name = "ortools"

    def flow(self, problem: Transport) -> Ints:
        """Return an optimal flow; see `Backend`."""
        assigned = assign(problem)
        return self.min_cost_flow(problem) if assigned is None else assigned

    def min_cost_flow(self, problem: Transport) -> Ints:
        """Return an optimal flow by ``SimpleMinCostFlow`` (Goldberg, 1997), whatever the quantities."""
        from ortools.graph.python import min_cost_flow

        solver = min_cost_flow.SimpleMinCostFlow()
        tail, head, capacity, cost = (np.concatenate(part) for part in zip(*_groups(problem), strict=True))
        solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
        nodes = np.arange(len(problem.supply) + len(problem.demand) + 1)
        supplies = np.concatenate([problem.supply, -problem.demand, [problem.root_supply]])
        solver.set_nodes_supplies(nodes, supplies.astype(np.int64))
        status = solver.solve()
        if status != solver.OPTIMAL:
            # Flows must not be read after a failure: that can end the process.
            raise SolverError(f"OR-Tools SimpleMinCostFlow ended with {status.name}, not OPTIMAL")
        return np.asarray(solver.flows(np.arange(len(problem.tail))), dtype=np.int64)


class NetworkX:
    """networkx ``network_simplex``: slow, of other authors, the cross-check."""

    name = "networkx"

    def flow(self, problem: Transport) -> Ints:
        """Return an optimal flow; see `Backend`."""
        import networkx as nx

        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
        supplies = [*problem.supply.tolist(), *(-problem.demand).tolist(), problem.root_supply]
        graph.add_nodes_from((node, {"demand": -supply}) for node, supply in enumerate(supplies))
        keys = []
        for group in _groups(problem):
            for tail, head, capacity, cost in zip(*(part.tolist() for part in group), strict=True):
                key = graph.add_edge(tail, head, capacity=capacity, weight=cost)
                keys.append((tail, head, key))
        try:
            _, flows = nx.network_simplex(graph)
        except nx.NetworkXUnfeasible as error:
            raise SolverError(f"networkx network_simplex: {error}") from error
        return np.array([flows[t][h][k] for t, h, k in keys[: len(problem.tail)]], dtype=np.int64)


def _groups(problem: Transport) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """Yield (tail, head, capacity, cost) of the arcs, the spare arcs and the unmet arcs.

    Nodes are the supplies, then the demands, then one root that swallows what is spare
    and fills what is unmet.
    """
    m, n = len(problem.supply), len(problem.demand)
    root = m + n
    capacity = np.minimum(problem.supply[problem.tail], problem.demand[problem.head])
    yield problem.tail, problem.head + m, capacity, problem.cost
    spare = np.flatnonzero(problem.spare_cost < FORBIDDEN)
    yield spare, np.full(len(spare), root), problem.supply[spare], problem.spare_cost[spare]
    unmet = np.flatnonzero(problem.unmet_cost < FORBIDDEN)
    yield np.full(len(unmet), root), unmet + m, problem.demand[unmet], problem.unmet_cost[unmet]


BACKENDS: dict[str, Backend] = {backend.name: backend for backend in (OrTools(), NetworkX())}
"""The back ends by name; the first is the default."""
