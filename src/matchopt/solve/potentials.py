"""Prices out of a flow: shortest paths over its residual network.

A solver that gives only a flow leaves its proof to be found. A flow is optimal if and
only if its residual network has no negative cycle; then shortest-path distances are
potentials in which every residual arc has a reduced cost of at least 0 (Ahuja, Magnanti
and Orlin, *Network Flows*, 1993, §9.3). The proof so never rests on the solver's word.
"""

from __future__ import annotations

import numpy as np

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.errors import SolverError
from matchopt.solve.transport import Certificate, Transport


def certify(problem: Transport, flow: Ints) -> Certificate:
    """Return prices that prove `flow` optimal for `problem`.

    Bellman-Ford with one vectorised sweep over all residual arcs a round; the number of
    rounds is the length of the longest alternating path, far below the number of nodes.

    Raises
    ------
    SolverError
        If `flow` is not optimal: some residual cycle has a negative cost.
    """
    sent = _sums(problem.tail, flow, len(problem.supply))
    met = _sums(problem.head, flow, len(problem.demand))
    spare, unmet = problem.supply - sent, problem.demand - met

    by_head = np.argsort(problem.head, kind="stable")
    heads, head_start = np.unique(problem.head[by_head], return_index=True)
    used = np.flatnonzero(flow > 0)
    used = used[np.argsort(problem.tail[used], kind="stable")]
    tails, tail_start = np.unique(problem.tail[used], return_index=True)

    at_supply = np.zeros(len(problem.supply), dtype=np.int64)
    at_demand = np.zeros(len(problem.demand), dtype=np.int64)
    at_root = 0
    may_spare, may_lack = problem.spare_cost < FORBIDDEN, problem.unmet_cost < FORBIDDEN
    for _ in range(len(at_supply) + len(at_demand) + 2):
        before = (at_supply.copy(), at_demand.copy(), at_root)
        if len(by_head):
            reach = (at_supply[problem.tail] + problem.cost)[by_head]
            at_demand[heads] = np.minimum(at_demand[heads], np.minimum.reduceat(reach, head_start))
        if may_spare.any():
            at_root = min(at_root, int((at_supply + problem.spare_cost)[may_spare].min()))
        at_demand[may_lack] = np.minimum(at_demand, at_root + problem.unmet_cost)[may_lack]
        if (unmet > 0).any():
            at_root = min(at_root, int((at_demand - problem.unmet_cost)[unmet > 0].min()))
        if len(used):
            back = at_demand[problem.head[used]] - problem.cost[used]
            at_supply[tails] = np.minimum(at_supply[tails], np.minimum.reduceat(back, tail_start))
        left = spare > 0
        at_supply[left] = np.minimum(at_supply, at_root - problem.spare_cost)[left]
        if at_root == before[2] and (at_demand == before[1]).all() and (at_supply == before[0]).all():
            return Certificate(at_root - at_supply, at_demand - at_root)
    raise SolverError("the flow is not optimal: its residual network has a negative cycle")


def _sums(index: Ints, amount: Ints, size: int) -> Ints:
    """Return the exact sum of `amount` per index (bincount would pass through floats)."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, index, amount)
    return total
