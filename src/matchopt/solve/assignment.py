"""Assignment: where quantities are one to one, matching takes the place of flow.

One volunteer for one resident: where one side has to be used whole and the other is not much
larger, a transport problem is nearly a square assignment problem. For each unit too many there
is a partner that costs what leaving a unit costs, and the square is solved by cost scaling
(Goldberg and Kennedy, 1995): in whole numbers, and several times faster than as a flow. A
class of a few units counts as that many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.solve.transport import Transport

GROWTH = 2
"""Written out unit by unit and made square, a problem may have up to this many times its arcs."""


def assign(problem: Transport) -> Ints | None:
    """Return an optimal flow (a,) of `problem` if it is one to one, else None.

    None also where no assignment is found or its costs are too large to be scaled: a flow
    then tells why.
    """
    if not (problem.unmet_cost == FORBIDDEN).all():
        problem = _mirrored(problem)
    if not _is_one_to_one(problem):
        return None
    from ortools.graph.python import linear_sum_assignment

    units = _Units.of(problem)
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(units.left, units.right, problem.cost[units.arc])
    solver.add_arcs_with_cost(*_partners(problem))
    size = int(problem.supply.sum())
    if solver.solve() != solver.OPTIMAL or solver.num_nodes() != size:
        return None
    mate = np.fromiter(map(solver.right_mate, range(size)), dtype=np.int64, count=size)
    return units.flow(mate, problem)


def _mirrored(problem: Transport) -> Transport:
    """Return `problem` with supplies and demands in each other's place."""
    return Transport(
        problem.demand, problem.supply, problem.head, problem.tail, problem.cost,
        problem.unmet_cost, problem.spare_cost,
    )  # fmt: skip


def _is_one_to_one(problem: Transport) -> bool:
    """Return whether all demand has to be met, one by one, and the square is not much larger."""
    most = GROWTH * len(problem.tail)
    supply, demand = int(problem.supply.sum()), int(problem.demand.sum())
    if not demand <= supply <= most or (problem.unmet_cost < FORBIDDEN).any():
        return False
    units = problem.supply[problem.tail].astype(np.float64) * problem.demand[problem.head]
    may_spare = int(problem.supply[problem.spare_cost < FORBIDDEN].sum())
    return bool(units.sum() + (supply - demand) * may_spare <= most)


@dataclass(frozen=True, slots=True)
class _Units:
    """Arcs between single units, from `left` (ascending) to `right`, each for `arc` of the problem."""

    left: Ints
    right: Ints
    arc: Ints

    @classmethod
    def of(cls, problem: Transport) -> _Units:
        wide = problem.demand[problem.head]
        count = problem.supply[problem.tail] * wide
        left, right, arc = problem.tail, problem.head, np.arange(len(count))
        if (count != 1).any():
            arc = np.repeat(arc, count)
            place = np.arange(len(arc)) - np.repeat(np.cumsum(count) - count, count)
            high, low = np.divmod(place, wide[arc])
            left = (np.cumsum(problem.supply) - problem.supply)[left[arc]] + high
            right = (np.cumsum(problem.demand) - problem.demand)[right[arc]] + low
        # The solver is several times faster on arcs that lie in memory by their left nodes.
        order = np.argsort(left, kind="stable")
        return cls(left[order], right[order], arc[order])

    def flow(self, mate: Ints, problem: Transport) -> Ints:
        """Return the flow over the arcs of the problem when `left` is matched with ``mate[left]``."""
        matched = np.flatnonzero(mate[self.left] == self.right)
        # Of parallel arcs between two units the cheapest comes first, and counts.
        matched = matched[np.lexsort((problem.cost[self.arc[matched]], self.left[matched]))]
        _, first = np.unique(self.left[matched], return_index=True)
        return np.bincount(self.arc[matched[first]], minlength=len(problem.tail)).astype(np.int64)


def _partners(problem: Transport) -> tuple[Ints, Ints, Ints]:
    """Return left, right and cost of the arcs to the partners of units too many."""
    cost = np.repeat(problem.spare_cost, problem.supply)
    unit = np.flatnonzero(cost < FORBIDDEN)
    partner = np.arange(problem.demand.sum(), problem.supply.sum())
    return (
        np.repeat(unit, len(partner)), np.tile(partner, len(unit)), np.repeat(cost[unit], len(partner)),
    )  # fmt: skip
