"""Small random blocks with all their ways listed, and all their plans by trying every one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from matchopt.arrays import FORBIDDEN, Floats, Ints
from matchopt.solve.block import Block, Columns, Fairness, PricedObjective, Promises, Reached, Subproblem

FLAGS = ("single", "complete", "few")
FAIRNESS: tuple[Fairness, ...] = ("none", "floor", "leximin", "share")
GAIN = 1e-6
SCALE = 10**6


@dataclass(frozen=True)
class Listed:
    """A source that holds all its ways; see `matchopt.solve.block.ColumnSource`."""

    ways: Columns

    def every(self, most: int) -> Columns | None:
        return self.ways if len(self.ways) <= most else None

    def cheapest(self, count: int) -> Columns:
        return self._best(-(self.ways.spend + self.ways.unbudgeted) / self.ways.served, count)

    def promising(self, objective: PricedObjective, count: int, least: float = GAIN) -> Columns:
        gain = self.ways.gain(objective)
        return self._best(np.where(gain > least, gain, -np.inf), count)

    def along(self, objective: PricedObjective, tail: Ints, head: Ints) -> Columns:
        ways = self.around(tail, head)
        pair, gain = ways.tail * len(objective.need) + ways.head, ways.gain(objective)
        order = np.lexsort((-gain, pair))
        return ways.take(np.sort(order[np.diff(pair[order], prepend=-1) > 0]))

    def subproblems(self, objective: PricedObjective) -> Iterator[Subproblem]:
        """Yield all as one part; granules are units, and costs whole in 1 / `SCALE`."""
        free = replace(
            objective, need=np.zeros_like(objective.need), donation=np.zeros_like(objective.donation)
        )
        cost = np.full((len(objective.donation), len(objective.need)), FORBIDDEN)
        price = np.rint(-self.ways.gain(free) * SCALE).astype(np.int64)
        np.minimum.at(cost, (self.ways.tail, self.ways.head), price)
        yield Subproblem(
            slice(0, cost.shape[0]),
            slice(0, cost.shape[1]),
            1.0,
            lambda rows, columns: cost[rows, columns],
            SCALE,
        )

    def around(self, tail: Ints, head: Ints) -> Columns:
        pairs = set(zip(tail.tolist(), head.tolist(), strict=True))
        ends = zip(self.ways.tail.tolist(), self.ways.head.tolist(), strict=True)
        return self.ways.take(ints([way for way, pair in enumerate(ends) if pair in pairs]))

    def near(self, objective: PricedObjective, loss: float, most: int) -> Columns | None:
        found = np.flatnonzero(self.ways.gain(objective) >= -loss - GAIN)
        return None if len(found) > most else self.ways.take(found)

    def excess(self, objective: PricedObjective) -> Floats:
        excess = np.zeros(len(objective.need))
        np.maximum.at(excess, self.ways.head, self.ways.gain(objective) / self.ways.served)
        return excess

    def _best(self, value: Floats, count: int) -> Columns:
        """Return the `count` best ways of each need and of each donation."""
        chosen = set()
        for end in (self.ways.tail, self.ways.head):
            for node in np.unique(end):
                own = np.flatnonzero((end == node) & np.isfinite(value))
                chosen.update(own[np.argsort(-value[own], kind="stable")][:count].tolist())
        return self.ways.take(np.array(sorted(chosen), dtype=np.int64))


def ints(values: object) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def reals(values: object) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def columns(
    ways: Sequence[tuple[int, int, float, float, float]], loads: Mapping[tuple[int, int], float]
) -> Columns:
    """Return ways (tail, head, served, spend, unbudgeted) that load (way, row) → kg."""
    tail, head, served, spend, unbudgeted = zip(*ways, strict=True) if ways else ((),) * 5
    entries = sorted(loads)
    return Columns(
        ints(tail),
        ints(head),
        reals(served),
        reals(spend),
        reals(unbudgeted),
        np.zeros(len(ways)),
        np.ones(len(ways), dtype=np.int64),
        np.arange(len(ways)),
        ints([way for way, _ in entries]),
        ints([row for _, row in entries]),
        reals([loads[entry] for entry in entries]),
    )


def plain(
    supply: Sequence[float],
    demand: Sequence[float],
    *,
    tier: Sequence[int] | None = None,
    budget: float = np.inf,
) -> Block:
    """Return a block without anything that binds but the quantities, to be changed with `replace`."""
    m, n = len(supply), len(demand)
    return Block(
        supply=reals(supply),
        granule=np.ones(m),
        demand=reals(demand),
        unmet_cost=np.full(n, 10.0),
        tier=np.ones(n, dtype=np.int64) if tier is None else ints(tier),
        community=np.arange(n),
        lump=np.zeros(n, dtype=np.int64),
        lead=np.full(n, -1),
        most_lumps=np.full(n, -1),
        single=np.zeros(n, dtype=bool),
        complete=np.zeros(n, dtype=bool),
        most_communities=np.zeros(m, dtype=np.int64),
        capacity=np.zeros(0),
        budget=budget,
        by_cost=False,
        fairness="none",
        cell=np.full(n, -1),
        cell_asked=np.zeros(0),
        fair_share=np.zeros(0),
        cell_pinned=np.zeros(0),
        visited=np.zeros((0, 2), dtype=np.int64),
        fixed_floor=None,
        ceiling={},
        unlinked=None,
        promises=Promises(columns([], {}), np.zeros(0), 0.0),
    )


@st.composite
def blocks(draw: st.DrawFn, most_ways: int = 4, flags: tuple[str, ...] = FLAGS) -> tuple[Block, Columns]:
    """Draw a block in which any rule may bind, and its ways.

    All that is served is a multiple of a quarter and all costs are whole, so that sums are exact.
    """

    def several(values: st.SearchStrategy[Any], count: int) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    m, n, rows = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
    granule = several(st.sampled_from((1.0, 1.0, 2.0, 0.5)), m)
    ratio = np.array(several(st.sampled_from((1.0, 1.0, 1.0, 0.5, 2.0, 1.5)), m * n)).reshape(m, n)
    ways, loads = [], {}
    ends = st.tuples(st.integers(0, m - 1), st.integers(0, n - 1))
    for number, (i, j) in enumerate(draw(st.lists(ends, min_size=1, max_size=most_ways))):
        spend, unbudgeted = draw(st.integers(0, 5)), draw(st.sampled_from((0, 0, 0, 1)))
        ways.append((i, j, granule[i] * ratio[i, j], spend, unbudgeted))
        for row in range(rows):
            kg = draw(st.sampled_from((0, 0, 1, 2)))
            if kg:
                loads[number, row] = kg
    demand = several(st.integers(1, 4), n)
    been = st.tuples(st.integers(0, m - 1), st.integers(0, 1))
    few = st.sampled_from((0, 0, 1, 2)) if "few" in flags else st.just(0)
    block = replace(
        plain(several(st.integers(1, 3), m), demand, tier=several(st.sampled_from((1, 2)), n)),
        granule=reals(granule),
        unmet_cost=reals(several(st.integers(0, 6), n)),
        community=ints(several(st.integers(0, 1), n)),
        single=np.array(several(st.booleans() if "single" in flags else st.just(False), n)),
        complete=np.array(several(st.booleans() if "complete" in flags else st.just(False), n)),
        most_communities=ints(several(few, m)),
        capacity=reals(several(st.integers(0, 5), rows)),
        budget=draw(st.sampled_from((np.inf, np.inf, 0.5, 3.0, 7.0))),
        by_cost=draw(st.booleans()),
        visited=ints(draw(st.lists(been, max_size=1, unique=True))).reshape(-1, 2),
    )
    listed = columns(ways, loads)
    return _with_promises(draw, _with_cells(draw, block), listed), listed


def _with_promises(draw: st.DrawFn, block: Block, ways: Columns) -> Block:
    most = np.minimum(block.supply[ways.tail], np.floor(block.demand[ways.head] / ways.served))
    able = np.flatnonzero(most >= 1).tolist()
    some = sorted(draw(st.lists(st.sampled_from(able), max_size=2, unique=True))) if able else []
    amount = reals([draw(st.integers(1, int(most[way]))) for way in some])
    cost = draw(st.sampled_from((0.5, 2.0, 10.0)))
    return replace(block, promises=Promises(ways.take(ints(some)), amount, cost))


def _with_cells(draw: st.DrawFn, block: Block) -> Block:
    fairness = draw(st.sampled_from(FAIRNESS))
    if fairness == "none":
        return block
    wanted = draw(st.lists(st.integers(-1, 1), min_size=len(block.demand), max_size=len(block.demand)))
    known = sorted(set(wanted) - {-1})
    if not known:
        return block
    cell = ints([known.index(k) if k >= 0 else -1 for k in wanted])
    asked = reals([block.demand[cell == k].sum() for k in range(len(known))])
    share = np.minimum(asked, draw(st.integers(0, 5)) / 2)
    pinned = reals(draw(st.lists(st.integers(0, 2), min_size=len(asked), max_size=len(asked)))) / 2
    asked = asked + pinned
    return replace(
        block,
        fairness=fairness,
        cell=cell,
        cell_asked=asked,
        fair_share=np.minimum(asked, share),
        cell_pinned=pinned,
    )


def every_plan(block: Block, ways: Columns) -> Iterator[Floats]:
    """Yield the granules over each way of every plan that obeys the rules."""
    most = np.minimum(block.supply[ways.tail], np.floor(block.demand[ways.head] / ways.served))
    for amount in itertools.product(*(range(int(k) + 1) for k in most)):
        if obeys(block, ways, reals(amount)):
            yield reals(amount)


def obeys(block: Block, ways: Columns, amount: Floats, *, flags: bool = True) -> bool:
    """Return whether granules `amount` over each way keep to quantities, shared limits and flags."""
    near = 1e-6
    given = np.bincount(ways.tail, amount, len(block.supply))
    served = np.bincount(ways.head, ways.served * amount, len(block.demand))
    load = np.bincount(ways.load_row, ways.load * amount[ways.load_column], len(block.capacity))
    if (given > block.supply + near).any() or (served > block.demand + near).any():
        return False
    if (load > block.capacity + near).any() or ways.spend @ amount > block.budget + near:
        return False
    if not flags:
        return True
    used = [(ways.tail[w], ways.head[w]) for w in np.flatnonzero(amount > near)]
    donors = [len({i for i, j in used if j == need}) for need in range(len(block.demand))]
    been = {tuple(pair) for pair in block.visited.tolist()}
    places = {(i, block.community[j]) for i, j in used} - been
    spread = [len({c for i, c in places if i == gift}) for gift in range(len(block.supply))]
    left = [
        max(int(block.most_communities[gift]) - len({c for i, c in been if i == gift}), 0)
        for gift in range(len(block.supply))
    ]
    partial = (served > near) & (served < block.demand - near)
    return not (
        (block.single & (np.array(donors) > 1)).any()
        or (block.complete & partial).any()
        or ((block.most_communities > 0) & (np.array(spread) > np.array(left))).any()
    )


def key(block: Block, reached: Reached) -> tuple[tuple[float, ...], ...]:
    """Return what a plan reaches, stage after stage, so that the better plan has the larger key."""
    return tuple(
        tuple(np.round(np.sort(reached.coverage) if s == "leximin" else [reached.value[s]], 6).tolist())
        for s in block.stages
    )
