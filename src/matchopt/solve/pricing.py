"""Few arcs into the solver, all pairs into the proof.

Only promising pairs become arcs. The prices of the optimal flow over them then price
every other pair; those with a negative reduced cost come in and the flow is found again.
When none is left, the flow is optimal over all pairs and the prices are the proof
(column generation for transport problems; Ahuja, Magnanti and Orlin, 1993, §11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from matchopt.arrays import FORBIDDEN, Bools, Ints
from matchopt.solve.potentials import certify
from matchopt.solve.transport import Backend, Certificate, Transport

CostOf = Callable[[Ints, Ints], Ints]
"""Rows and columns that broadcast → unit costs, `FORBIDDEN` where a pair is not admitted."""

ALL_PAIRS = 200_000
"""Up to this many pairs all of them become arcs: fewer rounds cost more than they save."""

BLOCK_PAIRS = 500_000
"""Pairs looked at in one go: bounds memory to a few tens of MB."""

REMEMBERED_PAIRS = 4_000_000
"""Up to this many pairs their costs are kept, not worked out again at each look."""

CANDIDATES = 12
"""Arcs per demand, and per supply, that start or join."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a problem, read in blocks of all rows × some columns.

    Attributes
    ----------
    rows, columns
        Row and column numbers that `cost` understands.
    cost
        Cost of any of their pairs.
    """

    rows: Ints
    columns: Ints
    cost: CostOf

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def blocks(self) -> Iterator[tuple[slice, Ints]]:
        """Yield (columns, costs) until all pairs were seen."""
        width = max(1, BLOCK_PAIRS // max(len(self.rows), 1))
        for start in range(0, len(self.columns), width):
            part = slice(start, start + width)
            yield part, self.cost(self.rows[:, None], self.columns[part])


def remembered(cost: CostOf, rows: int, columns: int) -> CostOf:
    """Return `cost`, or a table of it where rows × columns are few enough to keep."""
    if rows * columns > REMEMBERED_PAIRS:
        return cost
    every = Pairs(np.arange(rows), np.arange(columns), cost)
    parts = [block for _, block in every.blocks()]
    table = np.concatenate([np.zeros((rows, 0), dtype=np.int64), *parts], axis=1)
    return lambda row, column: table[row, column]


@dataclass(frozen=True, slots=True)
class Arcs:
    """Pairs that became arcs, sorted by (tail, head)."""

    tail: Ints
    head: Ints
    cost: Ints

    def joined(self, tail: Ints, head: Ints, cost: Ints, width: int) -> Arcs:
        """Return these arcs with others, each pair once; `width` is the number of demands."""
        tail, head, cost = (
            np.concatenate(pair) for pair in ((self.tail, tail), (self.head, head), (self.cost, cost))
        )
        _, first = np.unique(tail * width + head, return_index=True)
        return Arcs(tail[first], head[first], cost[first])


NO_ARCS = Arcs(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class Optimum:
    """An optimal flow over all pairs, and its proof.

    Attributes
    ----------
    tail, head, flow
        The arcs that carry something.
    certificate
        Prices under which no pair, arc or not, has a negative reduced cost.
    arcs, rounds
        How many arcs the solver saw, and how often it was asked.
    """

    tail: Ints
    head: Ints
    flow: Ints
    certificate: Certificate
    arcs: int
    rounds: int


def solve_over_all_pairs(
    pairs: Pairs, supply: Ints, demand: Ints, spare_cost: Ints, unmet_cost: Ints, backend: Backend,
    start: Arcs = NO_ARCS,
) -> Optimum:  # fmt: skip
    """Solve the transport problem over all admitted pairs.

    Parameters
    ----------
    pairs
        Who may serve whom at which cost.
    supply, demand, spare_cost, unmet_cost
        As in `Transport`.
    backend
        Who solves it over the arcs chosen so far.
    start
        Arcs to begin with besides the cheapest ones; must contain a feasible flow where
        spare or unmet is forbidden.
    """
    complete = len(pairs) <= ALL_PAIRS
    arcs = _cheapest(pairs, None if complete else CANDIDATES, start)
    rounds = 0
    while True:
        problem = Transport(supply, demand, arcs.tail, arcs.head, arcs.cost, spare_cost, unmet_cost)
        flow = backend.flow(problem)
        prices = certify(problem, flow)
        rounds += 1
        missing = NO_ARCS if complete else _underpriced(pairs, prices)
        if not len(missing.tail):
            used = np.flatnonzero(flow)
            return Optimum(arcs.tail[used], arcs.head[used], flow[used], prices, len(arcs.tail), rounds)
        arcs = arcs.joined(missing.tail, missing.head, missing.cost, len(demand))


def _cheapest(pairs: Pairs, count: int | None, start: Arcs) -> Arcs:
    """Return `start` and the `count` cheapest pairs of each demand and each supply; None is all."""
    return _best(pairs, lambda cost, _: (cost, cost < FORBIDDEN), count, start)


def _underpriced(pairs: Pairs, prices: Certificate) -> Arcs:
    """Return pairs with a negative reduced cost, the most negative of each demand and supply."""

    def reduced(cost: Ints, columns: slice) -> tuple[Ints, Bools]:
        value = cost - prices.supply_price[:, None] - prices.demand_price[columns]
        return value, (value < 0) & (cost < FORBIDDEN)

    return _best(pairs, reduced, CANDIDATES, NO_ARCS)


def _best(
    pairs: Pairs, worth: Callable[[Ints, slice], tuple[Ints, Bools]], count: int | None, start: Arcs
) -> Arcs:
    """Gather the `count` least worth pairs of each column and row (of a block); None is all.

    `worth` maps a cost block and its columns to a value to rank by and which pairs count.
    """
    found = [(start.tail, start.head, start.cost)]
    for columns, cost in pairs.blocks():
        value, eligible = worth(cost, columns)
        if count is not None:
            value = np.where(eligible, value, FORBIDDEN)
            eligible = _least(value, count, axis=0) | _least(value, count, axis=1)
        row, column = np.nonzero(eligible)
        found.append((row, column + columns.start, cost[row, column]))
    tail, head, cost = (np.concatenate(part) for part in zip(*found, strict=True))
    return NO_ARCS.joined(tail, head, cost, len(pairs.columns))


def _least(value: Ints, count: int, axis: int) -> Bools:
    """Mark the `count` least entries below `FORBIDDEN` along `axis`."""
    if value.shape[axis] <= count:
        return value < FORBIDDEN
    place = np.argpartition(value, count, axis=axis).take(range(count), axis=axis)
    mark = np.zeros(value.shape, dtype=bool)
    np.put_along_axis(mark, place, True, axis=axis)
    return mark & (value < FORBIDDEN)
