"""Other ways to the same optimum, to be measured against.

    python -m benchmarks.peers NAME CASE

solves the case in a folder the way NAME does, over all pairs, and prints what it reached and the
seconds it took, reading included, and those of its solver alone. Who may serve whom at which cost all
peers are told by matchopt; every donation and every need is a row of its own to them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow

import matchopt
from matchopt import Case
from matchopt.arrays import FORBIDDEN, Floats, Ints
from matchopt.model.classes import Members
from matchopt.model.network import encode
from matchopt.planning.columns import RouteSource
from matchopt.solve.linear import Program


@dataclass(frozen=True, slots=True)
class Problem:
    """One item, or several that stand in for each other: every admitted pair is an arc.

    `worth` is what serving a unit counts: tier by tier more than any detour can cost.
    """

    supply: Ints
    demand: Ints
    tier: Ints
    tail: Ints
    head: Ints
    cost: Ints
    worth: Ints


def problems(case: Case) -> Iterator[Problem]:
    """Yield the independent problems of a case with all pairs of their rows."""
    network = encode(case)
    for part in network.parts:
        given, row = entries(network.donations, part.rows)
        asked, column = entries(network.needs, part.columns)
        supply, demand = given // part.granule[row], asked // part.step
        cost = part.costs(row[:, None], column)
        tail, head = np.nonzero(cost < FORBIDDEN)
        cost = cost[tail, head]
        detour = (2 * min(len(supply), len(demand)) + 3) * (int(cost.max(initial=0)) + 1)
        tier = part.priority[column]
        yield Problem(supply, demand, tier, tail, head, cost, (10 - tier) * detour)


def entries(members: Members, classes: Ints) -> tuple[Ints, Ints]:
    """Return the quantity of each row of `classes`, and which of them it is in."""
    count = members.count[classes]
    which = np.repeat(np.arange(len(classes)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return members.amount[members.start[classes][which] + within], which


Flow = Callable[[Problem], Ints]
"""Solves a problem: the flow (a,) over its pairs."""


def cost_scaling(p: Problem) -> Ints:
    """Solve by OR-Tools ``SimpleMinCostFlow``."""
    m, n = len(p.supply), len(p.demand)
    root = m + n
    solver = min_cost_flow.SimpleMinCostFlow()
    capacity = np.minimum(p.supply[p.tail], p.demand[p.head])
    solver.add_arcs_with_capacity_and_unit_cost(p.tail, p.head + m, capacity, p.cost)
    spare, unmet = np.arange(m), np.arange(m, root)
    solver.add_arcs_with_capacity_and_unit_cost(
        spare, np.full(m, root), p.supply, np.zeros(m, dtype=np.int64)
    )
    solver.add_arcs_with_capacity_and_unit_cost(np.full(n, root), unmet, p.demand, p.worth)
    supplies = np.concatenate([p.supply, -p.demand, [p.demand.sum() - p.supply.sum()]])
    solver.set_nodes_supplies(np.arange(root + 1), supplies)
    assert solver.solve() == solver.OPTIMAL
    return np.asarray(solver.flows(np.arange(len(p.tail))), dtype=np.int64)


def linear_program_pair_by_pair(p: Problem) -> Ints:
    """Solve by GLOP with a variable for each pair, made one by one, as scripts for matching drives are."""
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    given = [solver.Constraint(0, float(q)) for q in p.supply]
    taken = [solver.Constraint(0, float(q)) for q in p.demand]
    objective = solver.Objective()
    pairs = []
    for i, j, gain in zip(p.tail.tolist(), p.head.tolist(), (p.worth[p.head] - p.cost).tolist(), strict=True):
        x = solver.NumVar(0, solver.infinity(), "")
        given[i].SetCoefficient(x, 1)
        taken[j].SetCoefficient(x, 1)
        objective.SetCoefficient(x, gain / 10_000)
        pairs.append(x)
    objective.SetMaximization()
    assert solver.Solve() == pywraplp.Solver.OPTIMAL
    return np.rint([x.solution_value() for x in pairs]).astype(np.int64)


def python_network_simplex(p: Problem) -> Ints:
    """Solve by networkx ``network_simplex``."""
    import networkx as nx

    m, n = len(p.supply), len(p.demand)
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from((i, {"demand": -q}) for i, q in enumerate(p.supply.tolist()))
    graph.add_nodes_from((m + j, {"demand": q}) for j, q in enumerate(p.demand.tolist()))
    graph.add_node("root", demand=int(p.supply.sum() - p.demand.sum()))
    graph.add_edges_from((i, "root", {"weight": 0}) for i in range(m))
    graph.add_edges_from(("root", m + j, {"weight": w}) for j, w in enumerate(p.worth.tolist()))
    pairs = list(zip(p.tail.tolist(), (p.head + m).tolist(), strict=True))
    graph.add_weighted_edges_from((i, j, c) for (i, j), c in zip(pairs, p.cost.tolist(), strict=True))
    assert n == len(p.demand)
    _, flow = nx.network_simplex(graph)
    return np.array([flow[i][j] for i, j in pairs], dtype=np.int64)


def dense_network_simplex(p: Problem) -> Ints:
    """Solve by POT ``ot.emd`` on the dense matrix."""
    import ot

    m, n = len(p.supply), len(p.demand)
    matrix: Floats = np.full((m + 1, n + 1), 20.0 * p.worth.max(initial=1))
    matrix[p.tail, p.head] = p.cost
    matrix[:m, n], matrix[m, :n], matrix[m, n] = 0.0, p.worth, 0.0
    source = np.append(p.supply, p.demand.sum()).astype(np.float64)
    sink = np.append(p.demand, p.supply.sum()).astype(np.float64)
    plan = ot.emd(source, sink, matrix, numItermax=10**9, center_dual=False)
    return np.rint(plan[p.tail, p.head]).astype(np.int64)


def linear_program_at_once(p: Problem) -> Ints:
    """Solve by HiGHS through MathOpt, the program handed over as arrays."""
    program = Program()
    amount = program.add_columns(len(p.tail), (p.worth[p.head] - p.cost) / 10_000)
    program.add_entries(program.add_rows(len(p.supply), upper=p.supply.astype(float))[p.tail], amount, 1.0)
    program.add_entries(program.add_rows(len(p.demand), upper=p.demand.astype(float))[p.head], amount, 1.0)
    return np.rint(program.maximise().value[amount]).astype(np.int64)


PEERS: dict[str, Flow] = {
    "SimpleMinCostFlow": cost_scaling,
    "GLOP": linear_program_pair_by_pair,
    "networkx": python_network_simplex,
    "POT": dense_network_simplex,
    "HiGHS": linear_program_at_once,
}


def solved(case: Case, flow_of: Flow) -> tuple[dict[int, int], float, float]:
    """Return what a peer serves by priority, at what logistics cost in currency, and its own seconds."""
    served: dict[int, int] = {}
    money, alone = 0, 0.0
    for p in problems(case):
        start = time.perf_counter()
        flow = flow_of(p)
        alone += time.perf_counter() - start
        for tier in np.unique(p.tier).tolist():
            served[tier] = served.get(tier, 0) + int(flow[p.tier[p.head] == tier].sum())
        money += int(p.cost @ flow)
    return served, money / 10_000, alone


def min_cost_flow_over_all_pairs(case: Case) -> tuple[dict[int, int], float]:
    """Return the same of `cost_scaling`."""
    return solved(case, cost_scaling)[:2]


def one_program_over_all_columns(case: Case, served: dict[int, int]) -> tuple[float, int]:
    """Solve shared capacities as one linear program of HiGHS, through MathOpt, with a column for every way.

    It is given what has to be `served` by priority, which it would take five more programs to find,
    and may split units. Returns the least logistics cost in currency, and the number of ways.
    """
    network = encode(case)
    parts = list(network.parts)
    ways = RouteSource(parts, network.capacities, network.scale, is_open=True).every(10**9)
    assert ways is not None
    tier = np.concatenate([part.priority for part in parts])[ways.head]
    program = Program()
    amount = program.add_columns(len(ways), -ways.spend - ways.unbudgeted)
    supply = np.concatenate([part.supply for part in parts])
    program.add_entries(program.add_rows(len(supply), upper=supply)[ways.tail], amount, 1.0)
    asked = np.concatenate([part.asked for part in parts]) / network.scale.unit
    program.add_entries(program.add_rows(len(asked), upper=asked)[ways.head], amount, ways.served)
    limit = program.add_rows(len(network.capacities), upper=network.capacities.limit)
    program.add_entries(limit[ways.load_row], amount[ways.load_column], ways.load)
    for priority, quantity in served.items():
        (row,) = program.add_rows(1, lower=quantity)
        own = np.flatnonzero(tier == priority)
        program.add_entries(row, amount[own], ways.served[own])
    return -program.maximise().objective, len(ways)


def main() -> None:
    """Solve a case as one of the peers."""
    if len(sys.argv) != 3 or sys.argv[1] not in PEERS:
        sys.exit(f"usage: python -m benchmarks.peers {'|'.join(PEERS)} CASE")
    start = time.perf_counter()
    served, cost, alone = solved(matchopt.read_case(sys.argv[2]), PEERS[sys.argv[1]])
    took = time.perf_counter() - start
    print(json.dumps({"served": served, "cost": cost, "seconds": took, "alone": alone}))


if __name__ == "__main__":
    main()
