"""Other ways to the same optimum, to be measured against."""

from __future__ import annotations

import numpy as np
from ortools.graph.python import min_cost_flow

from matchopt import Case
from matchopt.arrays import FORBIDDEN
from matchopt.model.network import encode
from matchopt.planning.source import WaySource
from matchopt.solve.linear import Program

TIER_WEIGHT = 10**9
"""Above the cost of any alternating path, in 1/10 000 currency."""


def min_cost_flow_over_all_pairs(case: Case) -> tuple[dict[int, int], float]:
    """Solve coverage-first in one go: every admitted pair an arc, tiers as large weights.

    Returns served quantity by priority, and the logistics cost in currency.
    """
    network = encode(case)
    served: dict[int, int] = {}
    money = 0
    for part in network.parts:
        demand = part.asked // part.step
        cost = part.costs(np.arange(len(part.supply))[:, None], np.arange(len(demand)))
        tail, head = np.nonzero(cost < FORBIDDEN)
        m, n = cost.shape
        root = m + n
        solver = min_cost_flow.SimpleMinCostFlow()
        pair = cost[tail, head]
        solver.add_arcs_with_capacity_and_unit_cost(
            tail, head + m, np.minimum(part.supply[tail], demand[head]), pair
        )
        solver.add_arcs_with_capacity_and_unit_cost(
            np.arange(m), np.full(m, root), part.supply, np.zeros(m, dtype=np.int64)
        )
        solver.add_arcs_with_capacity_and_unit_cost(
            np.full(n, root), np.arange(n) + m, demand, (10 - part.priority) * TIER_WEIGHT
        )
        supplies = np.concatenate([part.supply, -demand, [demand.sum() - part.supply.sum()]])
        solver.set_nodes_supplies(np.arange(root + 1), supplies)
        assert solver.solve() == solver.OPTIMAL
        flow = solver.flows(np.arange(len(tail)))
        for tier in np.unique(part.priority).tolist():
            served[tier] = served.get(tier, 0) + int(flow[part.priority[head] == tier].sum())
        money += int(pair @ flow)
    return served, money / 10_000


def one_program_over_all_ways(case: Case, served: dict[int, int]) -> tuple[float, int]:
    """Solve shared capacities as one linear program of HiGHS, through MathOpt, with a column for every way.

    It is given what has to be `served` by priority, which it would take five more programs to find,
    and may split units. Returns the least logistics cost in currency, and the number of ways.
    """
    network = encode(case)
    parts = list(network.parts)
    ways = WaySource(parts, network.capacities, network.scale, is_open=True).every(10**9)
    assert ways is not None
    tier = np.concatenate([part.priority for part in parts])[ways.head]
    program = Program()
    amount = program.add_columns(len(ways), -ways.spend - ways.purchase)
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
