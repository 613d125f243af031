"""Simple rules as starts: tier by tier, need by need, the largest lots or the nearest first.

They go through all pairs, a block of needs at a time, and never take back what they gave. A search that
begins with the best of them is never worse than somebody who goes by two lists.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.kernels import compiled, sized
from matchopt.solve.block import Block, Subproblem

FORBIDDEN = 2**62
"""As in `matchopt.arrays`: code that is kept would not notice a change there."""

LARGEST_LOTS, NEAREST = 0, 1

PAIRS = 2_000_000
"""Pairs looked at in one go."""

NEAR = 1e-6
"""`matchopt.tolerances.EQUAL`, here because compiled code would not notice a change."""

DUST = 1e-9
"""`matchopt.tolerances.ROUNDING`."""

Given = tuple[Ints, Ints, Floats]
"""Donations and needs (a,), each pair once, and granules."""


def followed(block: Block, parts: Iterator[Subproblem], rule: int) -> Given:
    """Return what a rule gives in a block in which a unit given serves one unit, part by part."""
    found: list[Given] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for part in parts:
        found += _Rule(block, part).followed(rule)
    tail, head, granules = (np.concatenate(side) for side in zip(*found, strict=True))
    return tail, head, granules


class _Rule:
    """What is left of the donations and needs of a part while a rule goes through it."""

    def __init__(self, block: Block, part: Subproblem) -> None:
        own, theirs = part.donations, part.needs
        self._part, self._offset = part, (own.start, theirs.start)
        self._lot, self._left = block.granule[own], block.supply[own].copy()
        self._asked, self._rest = block.demand[theirs], block.demand[theirs].copy()
        self._tier, self._value = block.tier[theirs], block.unmet_cost[theirs]
        if not block.by_cost:
            self._value = np.full(len(self._tier), np.inf)
        places, community = np.unique(block.community[theirs], return_inverse=True)
        self._community, self._limit = community, block.most_communities[own]
        visited = block.visited[np.isin(block.visited[:, 0], np.arange(own.start, own.stop))]
        few = np.flatnonzero(self._limit > 0)
        self._place = np.full(len(self._limit), -1, dtype=np.int64)
        self._place[few] = np.arange(len(few))
        self._been = np.zeros((len(few) + 1, len(places)), dtype=np.bool_)
        at = np.minimum(np.searchsorted(places, visited[:, 1]), len(places) - 1)
        known = (places[at] == visited[:, 1]) & (self._place[visited[:, 0] - own.start] >= 0)
        self._been[self._place[visited[known, 0] - own.start], at[known]] = True
        used = np.bincount(visited[:, 0] - own.start, minlength=len(self._limit))
        self._spread = used.astype(np.int64)
        self._single, self._complete = block.single[theirs], block.complete[theirs]

    def followed(self, rule: int) -> Iterator[Given]:
        """Yield what the rule gives, piece by piece."""
        if rule == NEAREST:
            for i in np.flatnonzero(self._limit > 0).tolist():
                for _ in range(int(self._limit[i]) - int(self._spread[i])):
                    yield self._to_one_community(i)
        by_lot = np.argsort(-self._lot, kind="stable")
        order = np.lexsort((np.arange(len(self._tier)), -self._value, self._tier))
        rows = np.arange(len(self._lot))
        for needs in np.array_split(order, max(1, len(order) * len(rows) // PAIRS)):
            cost = np.ascontiguousarray(self._part.cost(rows[:, None], needs).T)
            tail, head, granules = sized(go_through, cost.size // 8)(
                needs,
                cost,
                self._value * self._part.scale,
                by_lot if rule == LARGEST_LOTS else by_lot[:0],
                self._lot,
                self._left,
                self._asked,
                self._rest,
                self._community,
                self._single,
                self._complete,
                self._place,
                self._limit,
                self._been,
                self._spread,
            )
            yield tail + self._offset[0], head + self._offset[1], granules

    def _to_one_community(self, i: int) -> Given:
        """Give to the nearest community that can take all that is left of a donation, or else the most."""
        cost = self._part.cost(np.array([i]), np.arange(len(self._rest)))
        open_to = (self._rest > NEAR) & ~(self._single & (self._rest < self._asked - NEAR))
        able = np.flatnonzero((cost < FORBIDDEN) & open_to & ~self._been[self._place[i]][self._community])
        able = able[np.lexsort((cost[able], self._tier[able], self._community[able]))]
        heads, granules = sized(most_in_one, (self._place >= 0).sum() * len(cost) // 8)(
            able, cost, self._lot[i], self._left[i], self._rest, self._community, self._complete
        )
        self._left[i] -= granules.sum()
        self._rest[heads] -= granules * self._lot[i]
        self._been[self._place[i], self._community[heads]] = True
        self._spread[i] += len(heads) > 0
        return np.full(len(heads), i + self._offset[0]), heads + self._offset[1], granules


@compiled
def most_in_one(
    able: Ints, cost: Ints, lot: float, left: float, rest: Floats, community: Ints, complete: Bools
) -> tuple[Ints, Floats]:
    """Return the needs (k,) of one community, out of those `able` in its order, and the granules for each.

    It is the one that takes most of what is `left`, and the cheapest of those.
    """
    granules, heads = np.zeros(len(able)), able[:0]
    best, first, most, least = 0, 0, 0.0, 0.0
    while first < len(able):
        end, still, money = first, left, 0.0
        while end < len(able) and community[able[end]] == community[able[first]]:
            j = able[end]
            fit = min(still, np.floor(rest[j] / lot + DUST))
            if fit >= 1.0 and not (complete[j] and fit * lot < rest[j] - NEAR):
                granules[end] = fit
                still -= fit
                money += fit * cost[j]
            end += 1
        given = left - still
        if given > most or (given == most and given > 0.0 and money < least):
            best, most, least, heads = first, given, money, able[first:end]
        first = end
    own = granules[best : best + len(heads)]
    used = np.flatnonzero(own > 0.0)
    return heads[used], own[used]


@compiled
def go_through(
    needs: Ints,
    cost: Ints,
    value: Floats,
    by_lot: Ints,
    lot: Floats,
    left: Floats,
    asked: Floats,
    rest: Floats,
    community: Ints,
    single: Bools,
    complete: Bools,
    place: Ints,
    limit: Ints,
    been: Bools,
    spread: Ints,
) -> Given:
    """Serve `needs`, of costs (k, m), in their order, from donations `by_lot` or, without, the nearest."""
    tails, heads, amounts = [0][:0], [0][:0], [0.0][:0]
    own, granules = np.zeros(len(lot), np.int64), np.zeros(len(lot))
    for k in range(len(needs)):
        j = needs[k]
        if rest[j] <= NEAR or (single[j] and rest[j] < asked[j] - NEAR):
            continue
        order = by_lot if len(by_lot) else np.argsort(cost[k], kind="mergesort")
        count, still = 0, rest[j]
        for i in order:
            if cost[k, i] >= FORBIDDEN or cost[k, i] > value[j] or left[i] < 1.0:
                continue
            if place[i] >= 0 and not been[place[i], community[j]] and spread[i] >= limit[i]:
                continue
            most = min(left[i], np.floor(still / lot[i] + DUST))
            if most < 1.0:
                continue
            if single[j]:
                if count == 0 or most * lot[i] > granules[0] * lot[own[0]]:
                    own[0], granules[0], count = i, most, 1
                continue
            own[count], granules[count] = i, most
            count += 1
            still -= most * lot[i]
            if still <= NEAR:
                break
        if single[j] and count:
            still -= granules[0] * lot[own[0]]
        if complete[j] and still > NEAR:
            continue
        for e in range(count):
            i = own[e]
            left[i] -= granules[e]
            rest[j] -= granules[e] * lot[i]
            if place[i] >= 0 and not been[place[i], community[j]]:
                been[place[i], community[j]] = True
                spread[i] += 1
            tails.append(i)
            heads.append(j)
            amounts.append(granules[e])
    return np.array(tails, np.int64), np.array(heads, np.int64), np.array(amounts, np.float64)
