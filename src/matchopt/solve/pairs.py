"""All pairs of supplies and demands, looked at in blocks; and the few that become arcs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchopt.arrays import FORBIDDEN, Floats, Ints
from matchopt.solve.grouping import members, starts

CostOf = Callable[[Ints, Ints], Ints]
"""Rows and columns that broadcast → unit costs, `FORBIDDEN` where a pair is not admitted."""

BLOCK_PAIRS = 500_000
"""Pairs looked at in one go: bounds memory to a few tens of MB."""

REMEMBERED_PAIRS = 16_000_000
"""Up to this many pairs their costs are kept, 8 bytes each, not worked out again at each look."""

_RANKED = 2**44
"""Ranks are told apart up to this size, which leaves room for what breaks ties."""

_CHANCE = 2**16
"""How many ways there are to break a tie."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """Some pairs, by their positions in the rows and columns of whoever asked, and their costs."""

    tail: Ints
    head: Ints
    cost: Ints

    def __len__(self) -> int:
        return len(self.tail)

    @classmethod
    def joined(cls, parts: Sequence[Arcs]) -> Arcs:
        """Return the arcs of all parts, one part after the other."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(
            np.concatenate([empty, *(part.tail for part in parts)]),
            np.concatenate([empty, *(part.head for part in parts)]),
            np.concatenate([empty, *(part.cost for part in parts)]),
        )


class Market:
    """The unit costs of all pairs of a problem; those of admitted pairs are remembered.

    Parameters
    ----------
    cost
        Works out the cost of any pairs.
    rows, columns
        How many there are.
    """

    def __init__(self, cost: CostOf, rows: int, columns: int) -> None:
        self.cost = cost
        self._rows, self._columns = rows, columns
        self._width = max(1, min(columns, BLOCK_PAIRS))
        self._height = max(1, BLOCK_PAIRS // self._width)
        self._known: dict[tuple[int, int], _Block] = {}
        self._room = REMEMBERED_PAIRS

    def admitted(self, rows: Ints, columns: Ints) -> Iterator[Arcs]:
        """Yield the admitted pairs of ascending `rows` × `columns`, some at a time.

        A block that is looked at whole is remembered while there is room.
        """
        place = np.full(self._columns, -1, dtype=np.int64)
        place[columns] = np.arange(len(columns))
        for top in range(0, self._rows, self._height):
            above, below = np.searchsorted(rows, (top, top + self._height))
            for left in range(0, self._columns, self._width):
                first, last = np.searchsorted(columns, (left, left + self._width))
                if above < below and first < last:
                    here = rows[above:below]
                    block = self._known.get((top, left)) or self._look(top, left, here, columns[first:last])
                    yield block.among(here - top, place, above)

    def _look(self, top: int, left: int, rows: Ints, columns: Ints) -> _Block:
        """Work out the costs of some rows × columns of the block at `top` and `left`."""
        cost = self.cost(rows[:, None], columns)
        row, column = np.nonzero(cost < FORBIDDEN)
        height, width = min(self._height, self._rows - top), min(self._width, self._columns - left)
        block = _Block.of(rows[row] - top, columns[column], cost[row, column], height)
        if cost.shape == (height, width) and len(row) <= self._room:
            self._known[top, left] = block
            self._room -= len(row)
        return block


@dataclass(frozen=True, slots=True)
class _Block:
    """The admitted pairs of a block, row after row, in few bytes."""

    start: Ints
    column: npt.NDArray[np.int32]
    cost: Ints | npt.NDArray[np.int32]

    @classmethod
    def of(cls, row: Ints, column: Ints, cost: Ints, rows: int) -> _Block:
        small = abs(cost).max(initial=0) < 2**31
        return cls(starts(row, rows), column.astype(np.int32), cost.astype(np.int32) if small else cost)

    def among(self, rows: Ints, place: Ints, first: int) -> Arcs:
        """Return the pairs of `rows`, counted from `first`, with the columns that have a `place`."""
        at, count = members(self.start, rows)
        column = place[self.column[at]]
        row = np.repeat(np.arange(first, first + len(rows)), count)
        wanted = np.flatnonzero(column >= 0)
        return Arcs(row[wanted], column[wanted], self.cost[at[wanted]].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a problem.

    Attributes
    ----------
    rows, columns
        Row and column numbers in `market`, ascending.
    market
        Cost of any of their pairs.
    free
        Whether arcs cost nothing: only who may serve whom counts, and the cost merely
        ranks which pairs to try first.
    """

    rows: Ints
    columns: Ints
    market: Market
    free: bool = False

    def blocks(self) -> Iterator[Arcs]:
        """Yield the admitted pairs, some at a time."""
        return self.market.admitted(self.rows, self.columns)

    def all_arcs(self, most: int) -> Arcs | None:
        """Return every admitted pair as an arc, or None if they are more than `most`."""
        found, count = [], 0
        for block in self.blocks():
            found.append(block)
            count += len(block)
            if count > most:
                return None
        arcs = Arcs.joined(found)
        return Arcs(arcs.tail, arcs.head, np.zeros_like(arcs.cost)) if self.free else arcs

    def arcs(self, row: Ints, column: Ints, known: Arcs | None = None) -> Arcs:
        """Return pairs as arcs, together with those `known`, each once."""
        known = known or Arcs.joined([])
        width = max(len(self.columns), 1)
        key = np.concatenate([known.tail * width + known.head, row * width + column])
        order = np.argsort(key, kind="stable")
        order = order[np.diff(key[order], prepend=-1) > 0]
        row, column = np.divmod(key[order], width)
        cost = np.zeros_like(row)
        new = order >= len(known)
        cost[~new] = known.cost[order[~new]]
        if not self.free:
            cost[new] = self.market.cost(self.rows[row[new]], self.columns[column[new]])
        return Arcs(row, column, cost)

    def best(self, rank: Callable[[Arcs], Ints], below: int, count: int) -> tuple[Ints, Ints]:
        """Return (row, column) of some of the best pairs of each row and of each column.

        The pairs of a row, and those of a column, are dealt into `count` hands, and the best
        of each hand are returned: the best of all for sure, and most of the next. Among
        equals chance decides, lest all be offered the same partners.

        Parameters
        ----------
        rank
            Maps pairs to their rank, least first.
        below
            Only pairs of lower rank are chosen.
        """
        by_row, by_column = _Hands(len(self.rows), count), _Hands(len(self.columns), count)
        for block in self.blocks():
            value = rank(block)
            low = np.flatnonzero(value < below)
            row, column = block.tail[low], block.head[low]
            chance = (row * 73_856_093 ^ column * 19_349_663) // 101 % _CHANCE
            value = np.clip(value[low], -_RANKED, _RANKED) * _CHANCE + chance
            by_row.deal(row, column, chance % count, value)
            by_column.deal(column, row, chance % count, value)
        row, its_column = by_row.partners()
        column, its_row = by_column.partners()
        return np.concatenate([row, its_row]), np.concatenate([its_column, column])


class _Hands:
    """The best partner in each of `count` hands of each owner."""

    def __init__(self, owners: int, count: int) -> None:
        self._count = count
        self._value = np.full(owners * count, FORBIDDEN, dtype=np.int64)
        self._partner = np.full(owners * count, -1, dtype=np.int64)

    def deal(self, owner: Ints, partner: Ints, hand: Ints, value: Ints) -> None:
        """Deal pairs into a hand of their owners; the least value is the best."""
        hand = owner * self._count + hand
        np.minimum.at(self._value, hand, value)
        best = value == self._value[hand]
        self._partner[hand[best]] = partner[best]

    def partners(self) -> tuple[Ints, Ints]:
        """Return owners and their best partners."""
        hand = np.flatnonzero(self._partner >= 0)
        return hand // self._count, self._partner[hand]


def remembered(cost: CostOf, rows: int, columns: int) -> CostOf:
    """Return `cost`, or a table of it where rows × columns are few enough to keep."""
    if rows * columns > REMEMBERED_PAIRS:
        return cost
    table = np.empty((rows, columns), dtype=np.int64)
    width = max(1, BLOCK_PAIRS // max(rows, 1))
    for start in range(0, columns, width):
        part = np.arange(start, min(start + width, columns))
        table[:, part] = cost(np.arange(rows)[:, None], part)
    return lambda row, column: table[row, column]


def least_of(value: Ints | Floats, count: int, axis: int) -> Ints:
    """Return the places of the `count` least entries along `axis`; of all, if they are fewer."""
    if value.shape[axis] <= count:
        return np.argsort(value, axis=axis)
    return np.argpartition(value, count, axis=axis).take(range(count), axis=axis)
