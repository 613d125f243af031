"""Primal heuristics: whole plans without a search, from a relaxation rounded down or by a greedy start."""

from __future__ import annotations

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.solve.block import Block, Columns
from matchopt.solve.purchases import COINS
from matchopt.tolerances import EQUAL, ROUNDING


def rounded_down(block: Block, columns: Columns, amount: Floats) -> Floats:
    """Return whole granules within `amount`, less what would break a flag then.

    Giving less breaks no other rule, goals aside: a plan to begin with.
    """
    # What is bought has to be whole steps together: that is for `completed` to begin anew.
    size = np.where(columns.money > 0, np.inf, columns.size)
    whole = np.floor(amount / size + EQUAL) * np.where(columns.money > 0, 1, size)
    tail, head = columns.tail, columns.head
    width = int(block.community.max(initial=0)) + 1
    new, left = block.new_communities(tail, head)
    limit = np.where(block.most_communities[tail] > 0, left[tail], np.inf)
    whole *= ~new | (_rank_of(tail, tail * width + block.community[head], whole * new) < limit)
    limit = np.where(block.single[head], 1.0, np.inf)
    whole *= _rank_of(head, tail * len(block.demand) + head, whole) < limit
    served = np.bincount(head, columns.served * whole, minlength=len(block.demand))
    partial = block.complete & (served < block.demand - EQUAL)
    return whole * ~partial[head]


def _rank_of(chooser: Ints, option: Ints, amount: Floats) -> Ints:
    """Return how many options of the same chooser come before that of each column, the largest first."""
    options, first, of = np.unique(option, return_index=True, return_inverse=True)
    total = np.bincount(of, amount, minlength=len(options))
    order = np.lexsort((-total, chooser[first]))
    by = chooser[first][order]
    rank = np.zeros(len(options), dtype=np.int64)
    rank[order] = np.arange(len(options)) - np.searchsorted(by, by)
    return rank[of]


def completed(
    block: Block, columns: Columns, amount: Floats, stage: str, relaxed: Floats | None, most: Floats | float
) -> Floats:
    """Return the whole plan `amount`, with more for the needs that count in `stage`, as far as rules allow.

    Need by need: those first that the plan `relaxed` serves best, over the columns that it uses most, then
    over the cheapest.

    Parameters
    ----------
    most : (w,) float
        Granules that may go over each column.
    """
    gain = columns.served * block.need_gain(stage)[columns.head]
    if stage == "cost":
        gain = gain - columns.spend - columns.unbudgeted
    elif not stage.startswith("tier"):
        gain = (block.cell[columns.head] >= 0).astype(np.float64)
    plan = _Growing(block, columns, amount, most)
    like = np.zeros(len(columns)) if relaxed is None else relaxed
    gains = gain > EQUAL * np.minimum(columns.served, 1.0)
    useful = np.flatnonzero(gains & (plan.rest[columns.head] > EQUAL))
    cost = (columns.spend + columns.unbudgeted) / columns.served
    useful = useful[np.lexsort((cost[useful], -like[useful], columns.head[useful]))]
    heads, starts = np.unique(columns.head[useful], return_index=True)
    served = np.bincount(columns.head, columns.served * like, minlength=len(block.demand))
    own = np.split(useful, starts[1:])
    for k in np.argsort(-served[heads] / block.demand[heads], kind="stable").tolist():
        plan.serve(int(heads[k]), own[k].tolist())
    return plan.amount


def _least(block: Block, columns: Columns) -> Floats:
    """Return the granules of which each column by itself carries whole multiples, infinite for none."""
    least = columns.size.astype(np.float64)
    buys = np.flatnonzero(columns.money > 0)
    coins = np.maximum(np.rint(columns.money[buys] * COINS), 1).astype(np.int64)
    lumps = np.lcm(coins, np.maximum(block.lump[columns.head[buys]], 1)) / (columns.money[buys] * COINS)
    led = (block.lump[columns.head[buys]] > 0) & (block.lead[columns.head[buys]] == 0)
    least[buys] = np.where(led, np.rint(lumps), np.inf)
    return least


class _Growing:
    """A whole plan, and what of each donation, need, capacity and limit is left beside it."""

    def __init__(self, block: Block, columns: Columns, amount: Floats, most: Floats | float) -> None:
        self._block, self._columns = block, columns
        self.amount = amount.copy()
        used = np.flatnonzero(amount > 0)
        tail, head = columns.tail[used], columns.head[used]
        self._supply = block.supply - np.bincount(tail, amount[used], minlength=len(block.supply))
        self.rest = block.demand - np.bincount(
            head, columns.served[used] * amount[used], minlength=len(block.demand)
        )
        load = columns.load * amount[columns.load_column]
        self._room = block.capacity - np.bincount(columns.load_row, load, minlength=len(block.capacity))
        self._money = block.budget - float(columns.spend @ amount)
        self._most = np.broadcast_to(np.asarray(most, dtype=np.float64), len(columns))
        self._donor = {h: t for t, h in zip(tail.tolist(), head.tolist(), strict=True) if block.single[h]}
        self._places: dict[int, dict[int, float]] = {}
        for t, place in block.visited.tolist():
            self._visit(t, place, 1.0)
        for t, place, granules in zip(
            tail.tolist(), block.community[head].tolist(), amount[used].tolist(), strict=True
        ):
            self._visit(t, place, granules)
        self._first, self._row, self._load = columns.loads()
        self._least = _least(block, columns)

    def serve(self, need: int, columns: list[int]) -> None:
        """Give `need` what can be given over `columns`, in their order."""
        if self._block.single[need]:
            columns = self._from_one_donation(need, columns)
        given = self._give(need, columns)
        if self._block.complete[need] and self.rest[need] > EQUAL:
            self._take_back(need, given)
        elif given and self._block.single[need]:
            self._donor[need] = int(self._columns.tail[given[0][0]])

    def _from_one_donation(self, need: int, columns: list[int]) -> list[int]:
        """Return the columns of the donation that can give most; the first of several."""
        by_donation: dict[int, list[int]] = {}
        for column in columns:
            by_donation.setdefault(int(self._columns.tail[column]), []).append(column)
        if need in self._donor:
            return by_donation.get(self._donor[need], [])
        best, best_left = [], np.inf
        for own in by_donation.values():
            given = self._give(need, own)
            left = float(self.rest[need])
            self._take_back(need, given)
            if left < best_left - EQUAL:
                best, best_left = own, left
            if left <= EQUAL:
                break
        return best

    def _give(self, need: int, columns: list[int]) -> list[tuple[int, float]]:
        given = []
        for column in columns:
            if self.rest[need] <= EQUAL:
                break
            granules = self._fits(need, column)
            if granules > 0:
                self._book(need, column, granules)
                given.append((column, granules))
        return given

    def _take_back(self, need: int, given: list[tuple[int, float]]) -> None:
        for column, granules in reversed(given):
            self._book(need, column, -granules)

    def _fits(self, need: int, column: int) -> float:
        tail = int(self._columns.tail[column])
        limit, places = self._block.most_communities[tail], self._places.get(tail, {})
        if limit and self._block.community[need] not in places and len(places) >= limit:
            return 0.0
        loads = slice(self._first[column], self._first[column + 1])
        spend = float(self._columns.spend[column])
        most = min(
            float(self._supply[tail]),
            float(self.rest[need] / self._columns.served[column]),
            float(self._most[column] - self.amount[column]),
            self._money / spend if spend > 0 else np.inf,
            float((self._room[self._row[loads]] / self._load[loads]).min(initial=np.inf)),
        )
        least = float(self._least[column])
        if np.isinf(least):
            return 0.0
        return max(float(np.floor(most / least + ROUNDING) * least), 0.0)

    def _book(self, need: int, column: int, granules: float) -> None:
        tail = int(self._columns.tail[column])
        loads = slice(self._first[column], self._first[column + 1])
        self.amount[column] += granules
        self._supply[tail] -= granules
        self.rest[need] -= granules * self._columns.served[column]
        self._room[self._row[loads]] -= granules * self._load[loads]
        self._money -= granules * float(self._columns.spend[column])
        self._visit(tail, int(self._block.community[need]), granules)

    def _visit(self, tail: int, community: int, granules: float) -> None:
        """Keep book of what a donation gives to each community, where these are counted."""
        if not self._block.most_communities[tail]:
            return
        places = self._places.setdefault(tail, {})
        places[community] = places.get(community, 0.0) + granules
        if places[community] <= EQUAL:
            del places[community]


def broken(block: Block, columns: Columns, relaxed: Floats) -> tuple[Floats, Bools, Bools, Bools]:
    """Return what is whole in the relaxation, and which columns are not to be held to it.

    Those that share a donation, or a need, with what is broken there; and those with flags.
    """
    size = np.maximum(columns.size, 1)
    split = (np.abs(relaxed - np.rint(relaxed / size) * size) > EQUAL) | (columns.money > 0)
    # What is promised and given in part costs as if nothing of it were.
    at = block.promises.among(columns)
    carried = np.append(relaxed, 0.0)[at]
    half = (carried > EQUAL) & (np.abs(carried - block.promises.amount) > EQUAL)
    split[at[half]] = True
    donation, need = block.marked(columns, split)
    flagged = block.single[columns.head] | block.complete[columns.head]
    flagged |= block.most_communities[columns.tail] > 0
    return np.floor(relaxed / size + EQUAL) * size, donation[columns.tail], need[columns.head], flagged


class Packing:
    """The greedy start: pairs over their cheapest columns, as far as residual capacity goes."""

    def __init__(self, block: Block) -> None:
        self._room = block.capacity.tolist()

    def pack(self, columns: Columns, tail: Ints, head: Ints, amount: Floats) -> Ints:
        """Load `amount` granules over each pair and return which of `columns`, all of theirs, were used.

        Pairs with few columns come first: the others can give way to them. What finds no room is left.
        """
        needs = int(max(columns.head.max(initial=0), head.max(initial=0))) + 1
        pair = columns.tail * needs + columns.head
        order = np.lexsort((columns.spend + columns.unbudgeted, pair))
        starts = np.searchsorted(pair[order], tail * needs + head, side="left")
        ends = np.searchsorted(pair[order], tail * needs + head, side="right")
        first, row, load = (part.tolist() for part in columns.loads())
        used = []
        for k in np.argsort(ends - starts, kind="stable").tolist():
            left = float(amount[k])
            for column in order[starts[k] : ends[k]].tolist():
                entries = range(first[column], first[column + 1])
                fits = min([left, *(self._room[row[e]] / load[e] for e in entries)])
                if fits <= 0:
                    continue
                used.append(column)
                for e in entries:
                    self._room[row[e]] -= fits * load[e]
                left -= fits
                if left <= 0:
                    break
        return np.array(sorted(used), dtype=np.int64)
