"""All pairs of supplies and demands, as whoever prices them sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Protocol

import numpy as np

from matchopt.arrays import FORBIDDEN, CandidateArcs, Floats, Ints

CostOf = Callable[[Ints, Ints], Ints]
"""Rows and columns that broadcast → unit costs, `FORBIDDEN` where a pair is not admitted."""

BLOCK_PAIRS = 500_000
"""Pairs looked at in one go: bounds memory to a few tens of MB."""

REMEMBERED_PAIRS = 16_000_000
"""Up to this many pairs their costs are kept, 8 bytes each, not worked out again at each look."""


class PricingOracle(Protocol):
    """Who may serve whom at which cost; it may price pairs without ever holding them."""

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
    """A market whose costs are looked up, and looked at block by block.

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
            (int(block[1][block[1] < FORBIDDEN].max(initial=0)) for block in self._blocks()), default=0
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
        count = [int(most.max(initial=1)) for most in partners]
        by_row = _Best(self._rows, count[0])
        keys = []
        for columns, cost in self._blocks():
            value = np.where(
                cost < FORBIDDEN, cost - supply_price[:, None] - demand_price[columns], FORBIDDEN
            )
            value[value >= limit] = FORBIDDEN
            by_row.see(columns, value)
            place = least_of(value, count[1], axis=0)
            row, column = np.nonzero(np.take_along_axis(value, place, axis=0) < FORBIDDEN)
            keys.append(place[row, column] * self._columns + columns[column])
        row, column = np.divmod(np.unique(np.concatenate([by_row.keys(self._columns), *keys])), self._columns)
        return CandidateArcs(row, column, self._cost(row, column), self._rows * self._columns)

    def below(
        self, supply_price: Ints, demand_price: Ints, limit: int, rise: tuple[Ints, Ints], slack: int
    ) -> CandidateArcs:
        """Return all pairs of a reduced cost below `limit`; see `PricingOracle`."""
        keys = []
        for columns, cost in self._blocks():
            value = cost - supply_price[:, None] - demand_price[columns]
            row, place = np.nonzero((cost < FORBIDDEN) & (value < limit))
            keys.append(row * self._columns + columns[place])
        row, column = np.divmod(np.concatenate(keys), self._columns)
        return CandidateArcs(row, column, self._cost(row, column), self._rows * self._columns)

    def _blocks(self) -> Iterator[tuple[Ints, Ints]]:
        """Yield some columns and the costs of all rows with them, until all pairs were seen."""
        rows = np.arange(self._rows)[:, None]
        width = max(1, BLOCK_PAIRS // max(self._rows, 1))
        for start in range(0, self._columns, width):
            columns = np.arange(start, min(start + width, self._columns))
            yield columns, self._cost(rows, columns)


class _Best:
    """The pairs of least value of each row, over blocks of columns."""

    def __init__(self, rows: int, count: int) -> None:
        self._count = count
        self._value = np.zeros((rows, 0), dtype=np.int64)
        self._column = np.zeros((rows, 0), dtype=np.int64)

    def see(self, columns: Ints, value: Ints) -> None:
        """Look at the pairs of all rows with `columns`; those of value `FORBIDDEN` never count."""
        place = least_of(value, self._count, axis=1)
        joined = np.hstack([self._value, np.take_along_axis(value, place, axis=1)])
        column = np.hstack([self._column, columns[place]])
        keep = least_of(joined, self._count, axis=1)
        self._value = np.take_along_axis(joined, keep, axis=1)
        self._column = np.take_along_axis(column, keep, axis=1)

    def keys(self, columns: int) -> Ints:
        """Return row × `columns` + column of all pairs found."""
        row, slot = np.nonzero(self._value < FORBIDDEN)
        return row * columns + self._column[row, slot]


def remembered(cost: CostOf, rows: int, columns: int) -> CostOf:
    """Return `cost`, or a table of it, made when first asked, where rows × columns are few enough to keep."""
    if rows * columns > REMEMBERED_PAIRS:
        return cost

    @cache
    def table() -> Ints:
        known = np.empty((rows, columns), dtype=np.int64)
        width = max(1, BLOCK_PAIRS // max(rows, 1))
        for start in range(0, columns, width):
            part = np.arange(start, min(start + width, columns))
            known[:, part] = cost(np.arange(rows)[:, None], part)
        return known

    return lambda row, column: table()[row, column]


def least_of(value: Ints | Floats, count: int, axis: int) -> Ints:
    """Return the places of the `count` least entries along `axis`; of all, if they are fewer."""
    if value.shape[axis] <= count:
        return np.argsort(value, axis=axis)
    return np.argpartition(value, count, axis=axis).take(range(count), axis=axis)
