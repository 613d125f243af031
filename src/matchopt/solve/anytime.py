"""Whole plans at any time: the best of several starts, improved for as long as it pays.

Starts are those of two simple rules over all pairs (`matchopt.solve.simple_rules`), and plans built upon
nothing and upon what is whole in the divisible plan. The best, tier by tier and then by cost, is improved by
local search (`matchopt.solve.local_search`) over candidate arcs: the best of each need and each donation at
the prices of the divisible plan, and what the starts use. Work is counted, so that without a deadline equal
blocks get equal plans.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from matchopt.arrays import Floats, Ints
from matchopt.solve.block import Block, Columns, ColumnSource, PricedObjective, PricedPlan
from matchopt.solve.local_search import (
    BOOKING,
    COLUMN,
    DONATION,
    KEEP_ALL,
    LOAD,
    NEED,
    QUEUE,
    ROOM,
    Standing,
    build,
    start,
    walk,
)
from matchopt.solve.rounding import rounded_down
from matchopt.solve.search import BlockSolution, Deadline
from matchopt.solve.simple_rules import LARGEST_LOTS, NEAREST, followed

PARTNERS = 16
"""Candidate arcs per need and per donation."""

STEPS = 500
"""Steps of local search between two looks at the clock."""

PATIENCE = 100
"""Steps by node (donation or need) without any gain after which the search ends."""

MOST = 300
"""Steps by node, at most."""

RACE = 10
"""Steps by node after which starts are compared."""

CHEAPEST, LARGEST, KEEP = 0, 1, KEEP_ALL
"""Which columns a plan is built over first; the last takes nothing away from anybody."""


class LocalSearch:
    """Whole plans of a block over given columns, built and improved.

    Parameters
    ----------
    objective
        Prices by which the columns to a need are compared.
    """

    def __init__(self, block: Block, columns: Columns, objective: PricedObjective) -> None:
        self.block, self.columns = block, columns
        self._tiers = np.unique(block.tier)
        levels = 0 if block.by_cost else len(self._tiers)
        level = np.zeros_like(block.tier) if block.by_cost else np.searchsorted(self._tiers, block.tier)
        price = (columns.served * objective.need[columns.head] - columns.gain(objective)) / columns.served
        few = np.flatnonzero(block.most_communities > 0)
        place = np.full(len(block.supply), -1, dtype=np.int64)
        place[few] = np.arange(len(few))
        community = block.community[columns.head]
        # What buys whole steps only together with others, or goes in more than granules, stays as it is.
        able = np.flatnonzero((columns.money == 0) & (columns.size == 1))
        tail, head = columns.tail[able], columns.head[able]
        of_need = able[np.lexsort((price[able], head))]
        of_donation = able[np.lexsort((price[able], level[head], community[able], tail))]
        first, row, load = columns.loads()
        self._few = few[np.argsort(-block.supply[few] * block.granule[few], kind="stable")]
        self._columns = np.zeros(len(columns), COLUMN)
        self._donations = np.zeros(len(block.supply), DONATION)
        self._needs = np.zeros(len(block.demand), NEED)
        self._loads = np.zeros(len(load), LOAD)
        _fill(self._loads, row=row, kg=load)
        _fill(
            self._columns,
            tail=columns.tail,
            head=columns.head,
            load=first[:-1],
            loaded=first[1:],
            after=-1,
            before=-1,
            after_in=-1,
            before_in=-1,
            served=columns.served,
            cost=columns.spend + columns.unbudgeted,
            spend=columns.spend,
            price=price,
        )
        starts = np.searchsorted(columns.tail[of_donation], np.arange(len(block.supply) + 1))
        _fill(
            self._donations,
            place=place,
            limit=block.most_communities,
            first=starts[:-1],
            end=starts[1:],
            line=-1,
            left=block.supply,
        )
        starts = np.searchsorted(columns.head[of_need], np.arange(len(block.demand) + 1))
        _fill(
            self._needs,
            level=level,
            community=block.community,
            first=starts[:-1],
            end=starts[1:],
            line=-1,
            single=block.single,
            complete=block.complete,
            rest=block.demand,
            value=block.unmet_cost if block.by_cost else 0.0,
        )
        self._of_need, self._of_donation, self._levels = of_need, of_donation, levels

    def standing(self, amount: Floats) -> Standing:
        """Return the plan `amount` (w,), of whole granules, with what it leaves."""
        block, donations, needs = self.block, self._donations.copy(), self._needs.copy()
        visits = np.zeros((len(self._few) + 1, int(block.community.max(initial=0)) + 1), dtype=np.int64)
        np.add.at(donations["spread"], block.visited[:, 0], 1)
        counted = donations["place"][block.visited[:, 0]] >= 0
        known = counted & (block.visited[:, 1] < visits.shape[1])
        visits[donations["place"][block.visited[known, 0]], block.visited[known, 1]] = 1
        return Standing(
            self._columns.copy(),
            donations,
            needs,
            self._loads,
            self._of_need,
            self._of_donation,
            np.append(block.capacity, block.budget),
            visits,
            np.zeros((len(donations), max(self._levels, 1))),
            np.zeros(self._levels + 1),
            np.zeros(4 * len(self.columns) + 8 * ROOM, BOOKING),
            np.zeros(QUEUE, dtype=np.int64),
            np.zeros(int((needs["end"] - needs["first"]).max(initial=0)) + 1, dtype=np.int64),
            np.zeros(2, dtype=np.int64),
            np.array([88172645463325252], dtype=np.uint64),
            np.zeros((3, self._levels + 1)),
        )

    def built(self, amount: Floats, rule: int | None = None) -> Standing:
        """Return the plan `amount`, or one built upon it, the most urgent and largest needs first."""
        block, s = self.block, self.standing(amount)
        used = np.flatnonzero(amount > 0)
        start(s, used, amount[used])
        if rule is not None:
            order = np.lexsort(
                (np.arange(len(block.demand)), -block.demand, -self._needs["value"], self._needs["level"])
            )
            build(s, order, self._few, rule)
        return s

    def improve(self, s: Standing, deadline: Deadline, most: int = MOST) -> None:
        """Improve a plan in place until nothing is gained, the time is up, or `most` steps by node went."""
        size = len(self.block.supply) + len(self.block.demand)
        done = last = 0
        while done < most * size and done - last < PATIENCE * size:
            if deadline.left() == 0:
                break
            found = walk(s, self._few, STEPS)
            last = done + found if found else last
            done += STEPS

    def winner(self, standing: list[Standing], deadline: Deadline) -> Standing:
        """Return the most promising of some plans after a short search from each.

        A start that is a little ahead in one tier, and far behind in cost, is a worse one: units of a tier
        count as three of the next, and those of the last as three times what a unit costs.
        """
        if len(standing) > 1:
            for number, own in enumerate(standing):
                self.improve(own, deadline.share(1 / (len(standing) - number)), RACE)
        values = np.array([own.reached for own in standing])
        served, cost = values[:, :-1].sum(axis=1), -values[:, -1]
        unit = float((cost / np.maximum(served, 1.0)).min(initial=np.inf)) if self._levels else 0.0
        worth = np.append(unit * 3.0 ** np.arange(self._levels, 0, -1), 1.0)
        return standing[int(np.argmax(values @ worth))]


def improved_from_starts(
    block: Block,
    source: ColumnSource,
    plan: PricedPlan,
    objective: PricedObjective,
    deadline: Deadline,
    begun: BlockSolution | None,
) -> tuple[Columns, Floats]:
    """Return a whole plan: the best start, improved until nothing is gained or the time is up.

    Parameters
    ----------
    plan, objective
        The divisible plan, and its prices.
    begun
        A plan to go on from, in place of the starts.
    """
    found = _by_simple_rules(block, source) if begun is None else [(begun.columns, begun.amount)]
    columns = source.promising(objective, PARTNERS, -np.inf).joined(
        source.along(objective, plan.tail, plan.head)
    )
    for own, _ in found:
        columns = columns.joined(own)
    search = LocalSearch(block, columns, objective)
    standing = [search.built(_over(columns, own.key, amount)) for own, amount in found]
    if begun is None:
        nothing = np.zeros(len(columns))
        pair = columns.tail * len(block.demand) + columns.head
        split = _over(columns, plan.tail * len(block.demand) + plan.head, plan.amount, pair)
        for base in (nothing, rounded_down(block, columns, split)):
            standing += [search.built(base, rule) for rule in (CHEAPEST, LARGEST)]
    first = max(standing, key=_rounded)
    amount, reached = first.columns["amount"].copy(), _rounded(first)
    best = search.winner(standing, deadline.share(0.5))
    search.improve(best, deadline)
    if _rounded(best) >= reached:
        amount = best.columns["amount"]
    used = np.flatnonzero(amount > 0)
    return columns.take(used), np.rint(amount[used])


def improved_from_nothing(block: Block, source: ColumnSource, deadline: Deadline) -> tuple[Columns, Floats]:
    """Return a whole plan over the cheapest columns, before anything has a price."""
    columns = source.cheapest(PARTNERS)
    nothing = np.zeros(len(columns))
    return columns, improved_from_relaxation(block, columns, nothing, _plain(block), deadline)


def grown(block: Block, source: ColumnSource, columns: Columns, amount: Floats) -> tuple[Columns, Floats]:
    """Return a plan with more over the cheapest columns, as far as it takes nothing away from anybody."""
    wide = columns.joined(source.cheapest(PARTNERS))
    search = LocalSearch(block, wide, _plain(block))
    found: Floats = search.built(columns.carried(amount, wide), KEEP).columns["amount"]
    return wide, np.rint(found)


def _plain(block: Block) -> PricedObjective:
    """Return costs as they are."""
    none = np.zeros(len(block.demand)), np.zeros(len(block.supply)), np.zeros(len(block.capacity))
    return PricedObjective(*none, 1.0, 1.0)


def improved_from_relaxation(
    block: Block,
    columns: Columns,
    relaxed: Floats,
    objective: PricedObjective,
    deadline: Deadline,
    begun: Floats | None = None,
) -> Floats:
    """Return a whole plan over `columns`: built upon what is whole in a relaxed one, and improved.

    It is not worse than that `begun` with, if there is one.
    """
    search = LocalSearch(block, columns, objective)
    bases = np.zeros(len(columns)), rounded_down(block, columns, relaxed)
    standing = [search.built(base, rule) for base in bases for rule in (CHEAPEST, LARGEST)]
    if begun is not None:
        standing.append(search.built(begun))
    best = search.winner(standing, deadline.share(0.5))
    search.improve(best, deadline)
    amount: Floats = np.rint(best.columns["amount"])
    if begun is not None and block.key(columns, begun) > block.key(columns, amount):
        return begun
    return amount


def _rounded(standing: Standing) -> tuple[float, ...]:
    """Return what a plan reaches, so that the better one has the larger tuple."""
    return tuple(np.round(standing.reached, 6).tolist())


def best_by_simple_rules(block: Block, source: ColumnSource) -> tuple[Columns, Floats]:
    """Return the plan of the better of the simple rules."""
    return max(_by_simple_rules(block, source), key=lambda plan: block.key(*plan))


def _by_simple_rules(block: Block, source: ColumnSource) -> list[tuple[Columns, Floats]]:
    """Return the plans of the simple rules, each over the cheapest columns of its pairs."""
    plain, found = _plain(block), []
    for rule in (LARGEST_LOTS, NEAREST):
        tail, head, granules = followed(block, source.subproblems(plain), rule)
        columns = source.along(plain, tail, head)
        pair = columns.tail * len(block.demand) + columns.head
        found.append((columns, _over(columns, tail * len(block.demand) + head, granules, pair)))
    return found


def _over(columns: Columns, key: Ints, granules: Floats, keys: Ints | None = None) -> Floats:
    """Return the granules (w,) over columns by their keys, or by others in place of these."""
    own = columns.key if keys is None else keys
    order = np.argsort(own, kind="stable")
    amount = np.zeros(len(columns))
    np.add.at(amount, order[np.searchsorted(own[order], key)], granules)
    return amount


def _fill(records: Any, **values: Any) -> None:
    """Fill the fields of records."""
    for name, value in values.items():
        records[name] = value
