"""A first plan under shared capacities: pair by pair, each over its cheapest ways that still have room."""

from __future__ import annotations

import numpy as np

from matchopt.arrays import Floats, Ints
from matchopt.solve.block import Block, Columns


class Packing:
    """Loads pairs onto ways, and keeps book of the room that is left."""

    def __init__(self, block: Block) -> None:
        self._room = block.capacity.tolist()

    def pack(self, columns: Columns, tail: Ints, head: Ints, amount: Floats) -> Ints:
        """Load `amount` granules over each pair and return which of `columns`, all their ways, were used.

        Pairs with few ways come first: the others can give way to them. What finds no room is left.
        """
        needs = int(max(columns.head.max(initial=0), head.max(initial=0))) + 1
        pair = columns.tail * needs + columns.head
        order = np.lexsort((columns.spend + columns.purchase, pair))
        starts = np.searchsorted(pair[order], tail * needs + head, side="left")
        ends = np.searchsorted(pair[order], tail * needs + head, side="right")
        by_way = np.argsort(columns.load_column, kind="stable")
        first = np.searchsorted(columns.load_column[by_way], np.arange(len(columns) + 1)).tolist()
        row, load = columns.load_row[by_way].tolist(), columns.load[by_way].tolist()
        used = []
        for k in np.argsort(ends - starts, kind="stable").tolist():
            left = float(amount[k])
            for way in order[starts[k] : ends[k]].tolist():
                entries = range(first[way], first[way + 1])
                fits = min([left, *(self._room[row[e]] / load[e] for e in entries)])
                if fits <= 0:
                    continue
                used.append(way)
                for e in entries:
                    self._room[row[e]] -= fits * load[e]
                left -= fits
                if left <= 0:
                    break
        return np.array(sorted(used), dtype=np.int64)
