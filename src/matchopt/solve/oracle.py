"""Pricing oracles: what column generation asks of all pairs of supplies and demands.

An oracle prices any pairs, and finds those of low reduced cost, without ever holding them all. The cost
matrix here looks costs up, a block of columns at a time; that of a case is compiled code
(`matchopt.model`), and one may ask others (`matchopt.planning.distributed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Protocol

import numpy as np

from matchopt.arrays import FORBIDDEN, CandidateArcs, Floats, Ints

CostOf = Callable[[Ints, Ints], Ints]
"""Rows and columns that broadcast → unit costs, `FORBIDDEN` where a pair is not admitted."""

BLOCK_PAIRS = 500_000
"""Pairs priced in one go: bounds memory to a few tens of MB."""

REMEMBERED_PAIRS = 16_000_000
"""Up to this many pairs their costs are kept, 8 bytes each, not computed again at each pass."""


class PricingOracle(Protocol):
    """Who may serve whom at which cost."""

    @property
    def dearest(self) -> int:
        """A cost that no admitted pair exceeds."""
        ...

    def alike(self) -> Ints:
        """Return a number 0, 1, … for each column, the same only for columns that cost all rows the same."""
        ...

    def of(self, columns: Ints) -> PricingOracle:
        """Return the oracle of some of the columns."""
        ...

    def cost(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs of pairs (a,), `FORBIDDEN` where a pair is not admitted."""
        ...

    def best(
        self, supply_price: Ints, demand_price: Ints, limit: int, partners: tuple[Ints, Ints]
    ) -> CandidateArcs:
        """Return pairs with a low reduced cost, each once.

        Parameters
        ----------
        supply_price, demand_price : (m,) int, (n,) int
            The reduced cost of a pair is its cost less these.
        limit
            Only pairs of a lower reduced cost count; if there are any, some are returned.
        partners : (m,) int, (n,) int
            How many of the best pairs of each row, and of each column; at least 1.
        """
        ...

    def below(
        self, supply_price: Ints, demand_price: Ints, limit: int, rise: tuple[Ints, Ints], slack: int
    ) -> CandidateArcs | None:
        """Return all pairs of a reduced cost below `limit`, each once, but those passed over.

        None if they are too many to be listed.

        Parameters
        ----------
        supply_price, demand_price, limit
            As in `best`.
        rise : (m,) int, (n,) int
            By how much prices rose.
        slack
            Pairs whose prices rose by no more than that, together, may be passed over.
        """
        ...


class CostMatrix:
    """A pricing oracle that looks costs up and passes over all pairs, a block of columns at a time.

    Parameters
    ----------
    cost
        Cost of any pairs.
    rows, columns
        How many there are.
    """

    def __init__(self, cost: CostOf, rows: int, columns: int) -> None:
        self._cost, self._rows, self._columns = cost, rows, columns
        self.dearest = max(
            (int(block[block < FORBIDDEN].max(initial=0)) for _, block in self._blocks()), default=0
        )

    def alike(self) -> Ints:
        """Return a number for each column: nothing is known of what they have in common."""
        return np.arange(self._columns)

    def of(self, columns: Ints) -> CostMatrix:
        """Return the oracle of some of the columns."""
        return CostMatrix(lambda row, column: self._cost(row, columns[column]), self._rows, len(columns))

    def cost(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs; see `PricingOracle`."""
        return self._cost(rows, columns)

    def best(
        self, supply_price: Ints, demand_price: Ints, limit: int, partners: tuple[Ints, Ints]
    ) -> CandidateArcs:
        """Return pairs with a low reduced cost; see `PricingOracle`."""
        of_row, of_column = (int(most.max(initial=1)) for most in partners)
        best = BestPairs(self._rows, of_row, of_column, FORBIDDEN)
        for columns, cost in self._blocks():
            reduced = cost - supply_price[:, None] - demand_price[columns]
            best.see(columns, np.where((cost < FORBIDDEN) & (reduced < limit), reduced, FORBIDDEN))
        return self._arcs(*best.pairs())

    def below(
        self, supply_price: Ints, demand_price: Ints, limit: int, rise: tuple[Ints, Ints], slack: int
    ) -> CandidateArcs:
        """Return all pairs of a reduced cost below `limit`; see `PricingOracle`."""
        found = []
        for columns, cost in self._blocks():
            reduced = cost - supply_price[:, None] - demand_price[columns]
            row, place = np.nonzero((cost < FORBIDDEN) & (reduced < limit))
            found.append((row, columns[place]))
        row, column = (np.concatenate(side) for side in zip(*found, strict=True))
        return self._arcs(row, column)

    def _blocks(self) -> Iterator[tuple[Ints, Ints]]:
        return in_blocks(self._cost, self._rows, self._columns, BLOCK_PAIRS)

    def _arcs(self, row: Ints, column: Ints) -> CandidateArcs:
        return CandidateArcs(row, column, self._cost(row, column), self._rows * self._columns)


class BestPairs:
    """The pairs of least value of each row and of each column, in one pass over blocks of columns.

    Parameters
    ----------
    rows
        How many there are.
    of_row, of_column
        How many pairs of each row, and of each column.
    never
        The value of pairs that do not count, above all others.
    """

    def __init__(self, rows: int, of_row: int, of_column: int, never: float) -> None:
        self._of_row, self._of_column, self._never = of_row, of_column, never
        self._value = np.full((rows, 0), never)
        self._column = np.zeros((rows, 0), dtype=np.int64)
        self._found: list[tuple[Ints, Ints]] = []

    def see(self, columns: Ints, value: Ints | Floats) -> None:
        """Look at the pairs of all rows with `columns`."""
        place = least_of(value, self._of_column, axis=0)
        chosen = np.take_along_axis(value, place, axis=0) < self._never
        self._found.append((place[chosen], np.broadcast_to(columns, place.shape)[chosen]))
        place = least_of(value, self._of_row, axis=1)
        joined = np.hstack([self._value, np.take_along_axis(value, place, axis=1)])
        column = np.hstack([self._column, columns[place]])
        keep = least_of(joined, self._of_row, axis=1)
        self._value = np.take_along_axis(joined, keep, axis=1)
        self._column = np.take_along_axis(column, keep, axis=1)

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the rows and columns of all pairs found, each once, in the order of rows."""
        row, slot = np.nonzero(self._value < self._never)
        found = zip(*self._found, (row, self._column[row, slot]), strict=True)
        row, column = (np.concatenate(side) for side in found)
        width = int(column.max(initial=0)) + 1
        row, column = np.divmod(np.unique(row * width + column), width)
        return row, column


def in_blocks(cost: CostOf, rows: int, columns: int, pairs: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield some columns and the costs of all rows with them, `pairs` at a time, until all were seen."""
    width = max(1, pairs // max(rows, 1))
    for start in range(0, columns, width):
        some = np.arange(start, min(start + width, columns))
        yield some, cost(np.arange(rows)[:, None], some)


def remembered(cost: CostOf, rows: int, columns: int) -> CostOf:
    """Return `cost`, or a table of it, made when first asked, where rows × columns are few enough to keep."""
    if rows * columns > REMEMBERED_PAIRS:
        return cost

    @cache
    def table() -> Ints:
        known = np.empty((rows, columns), dtype=np.int64)
        for some, costs in in_blocks(cost, rows, columns, BLOCK_PAIRS):
            known[:, some] = costs
        return known

    return lambda row, column: table()[row, column]


def least_of(value: Ints | Floats, count: int, axis: int) -> Ints:
    """Return the places of the `count` least entries along `axis`; of all, if they are fewer."""
    if value.shape[axis] <= count:
        return np.argsort(value, axis=axis)
    return np.argpartition(value, count, axis=axis).take(range(count), axis=axis)
