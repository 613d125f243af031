"""All pairs of supplies and demands, looked at in blocks; and the few that become arcs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from matchopt.arrays import FORBIDDEN, Bools, Ints

CostOf = Callable[[Ints, Ints], Ints]
"""Rows and columns that broadcast → unit costs, `FORBIDDEN` where a pair is not admitted."""

BLOCK_PAIRS = 500_000
"""Pairs looked at in one go: bounds memory to a few tens of MB."""

REMEMBERED_PAIRS = 16_000_000
"""Up to this many pairs their costs are kept, not worked out again at each look."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a problem.

    Attributes
    ----------
    rows, columns
        Row and column numbers that `cost` understands.
    cost
        Cost of any of their pairs.
    free
        Whether arcs cost nothing: only who may serve whom counts, and the cost merely
        ranks which pairs to try first.
    """

    rows: Ints
    columns: Ints
    cost: CostOf
    free: bool = False

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def blocks(self) -> Iterator[tuple[slice, Ints]]:
        """Yield (columns, costs) of all rows × some columns, until all pairs were seen."""
        width = max(1, BLOCK_PAIRS // max(len(self.rows), 1))
        for start in range(0, len(self.columns), width):
            part = slice(start, start + width)
            yield part, self.cost(self.rows[:, None], self.columns[part])

    def arcs(self, row: Ints, column: Ints) -> Arcs:
        """Return pairs, by their positions in `rows` and `columns`, as arcs, each once."""
        _, first = np.unique(row * len(self.columns) + column, return_index=True)
        row, column = row[first], column[first]
        cost = self.cost(self.rows[row], self.columns[column])
        return Arcs(row, column, np.zeros_like(cost) if self.free else cost)

    def all_arcs(self) -> Arcs:
        """Return every admitted pair as an arc."""
        tails, heads, costs = [], [], []
        for columns, cost in self.blocks():
            row, column = np.nonzero(cost < FORBIDDEN)
            tails.append(row)
            heads.append(column + columns.start)
            costs.append(np.zeros_like(row) if self.free else cost[row, column])
        return Arcs(*(np.concatenate(part) for part in (tails, heads, costs)))

    def best(self, worth: Callable[[Ints, slice], tuple[Ints, Bools]], count: int) -> tuple[Ints, Ints]:
        """Return (row, column) of the `count` best pairs of each column and of each row.

        `worth` maps a cost block and its columns to the value to rank by, least first, and
        to which pairs may be chosen at all. Both rankings are over all pairs; what is held
        grows with rows + columns only.
        """
        row_value = np.full((len(self.rows), count), FORBIDDEN, dtype=np.int64)
        row_column = np.zeros((len(self.rows), count), dtype=np.int64)
        tails, heads = [], []
        for columns, cost in self.blocks():
            value, eligible = worth(cost, columns)
            value = np.where(eligible, value, FORBIDDEN)
            place = _least(value, count, axis=0)
            at, width = place.shape
            chosen = np.take_along_axis(value, place, axis=0) < FORBIDDEN
            tails.append(place[chosen])
            heads.append(np.broadcast_to(np.arange(width) + columns.start, (at, width))[chosen])
            place = _least(value, count, axis=1)
            joined = np.hstack([row_value, np.take_along_axis(value, place, axis=1)])
            joined_column = np.hstack([row_column, place + columns.start])
            keep = _least(joined, count, axis=1)
            row_value = np.take_along_axis(joined, keep, axis=1)
            row_column = np.take_along_axis(joined_column, keep, axis=1)
        row, slot = np.nonzero(row_value < FORBIDDEN)
        return np.concatenate([*tails, row]), np.concatenate([*heads, row_column[row, slot]])


@dataclass(frozen=True, slots=True)
class Arcs:
    """Pairs that became arcs, by their positions in the rows and columns of `Pairs`."""

    tail: Ints
    head: Ints
    cost: Ints


def remembered(cost: CostOf, rows: int, columns: int) -> CostOf:
    """Return `cost`, or a table of it where rows × columns are few enough to keep."""
    if rows * columns > REMEMBERED_PAIRS:
        return cost
    every = Pairs(np.arange(rows), np.arange(columns), cost)
    table = np.empty((rows, columns), dtype=np.int64)
    for part, block in every.blocks():
        table[:, part] = block
    return lambda row, column: table[row, column]


def _least(value: Ints, count: int, axis: int) -> Ints:
    """Return the places of the `count` least entries along `axis`; of all, if they are fewer."""
    if value.shape[axis] <= count:
        return np.argsort(value, axis=axis)
    return np.argpartition(value, count, axis=axis).take(range(count), axis=axis)
