"""The pricing oracle of a part: its cost matrix is implicit, computed pair by pair and never held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from matchopt.arrays import CandidateArcs, Floats, Ints, Steps
from matchopt.kernels import sized
from matchopt.language import tr
from matchopt.model.classes import alike, numbered
from matchopt.model.money import LARGEST_UNIT_COST, MONEY_SCALE, beyond_counting
from matchopt.model.pair_kernels import (
    DISTANCE,
    EARTH_RADIUS_KM,
    FIRST,
    HANDLING,
    LAST,
    PENALTY,
    PLACE,
    PURCHASE,
    RATE,
    RATIO,
    STORAGE,
    TOO_EXPENSIVE,
    WEIGHT,
    AffinityTables,
    BarredPairs,
    CostTables,
    Roads,
    evaluate_pairs,
    fewest_broken,
    fill_broken,
    price_pairs,
)
from matchopt.model.routes import Router, Sides
from matchopt.tolerances import ROUNDING

PAIRS_LISTED = 64
"""Pairs for which there is room in a list, for each row and column."""


@dataclass(frozen=True, slots=True)
class CandidateLists:
    """Slots for the best pairs of each node (s,), those of node k from ``start[k]`` on.

    `value` is the reduced cost and `partner` the other end of what a slot holds, -1 for nothing.
    """

    start: Ints
    value: Ints
    partner: Ints

    @classmethod
    def empty(cls, count: Ints, limit: int) -> CandidateLists:
        """Return lists of so many slots as `count` (nodes,) says, empty, for pairs below `limit`."""
        start = np.concatenate([[0], np.cumsum(count)])
        return cls(start, np.full(start[-1], limit, dtype=np.int64), np.full(start[-1], -1, dtype=np.int64))

    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Return node, partner and reduced cost of all that is held."""
        taken = np.flatnonzero(self.partner >= 0)
        node = np.searchsorted(self.start, taken, side="right") - 1
        return node, self.partner[taken], self.value[taken]


@dataclass(frozen=True, slots=True)
class Priced:
    """The candidate lists of rows and columns after pricing, and how many pairs were priced."""

    rows: CandidateLists
    columns: CandidateLists
    priced: int

    def arcs(self, supply_price: Ints, demand_price: Ints) -> CandidateArcs:
        """Return the pairs that are held, each once."""
        row, its_column, value = self.rows.pairs()
        column, its_row, its_value = self.columns.pairs()
        row, column = np.concatenate([row, its_row]), np.concatenate([its_column, column])
        _, first = np.unique(row * len(demand_price) + column, return_index=True)
        row, column, value = row[first], column[first], np.concatenate([value, its_value])[first]
        return CandidateArcs(row, column, value + supply_price[row] + demand_price[column], self.priced)


@dataclass(frozen=True, slots=True)
class PairCosts:
    """Unit costs of the pairs of some donation classes (rows) and need classes (columns).

    Attributes
    ----------
    tables
        What they depend on.
    dearest
        1/10 000 currency that no unit cost exceeds.
    first
        Which row of those that this was cut from is the first one.
    """

    tables: CostTables
    dearest: int
    first: int = 0

    @property
    def size(self) -> int:
        """How many rows × communities pricing goes through."""
        return len(self.tables.donations) * len(self.tables.roads.goals)

    @property
    def most_listed(self) -> int:
        """How many pairs may be listed."""
        return PAIRS_LISTED * (len(self.tables.donations) + len(self.tables.needs))

    def evaluate(self, rows: Ints, columns: Ints) -> tuple[Steps, Ints, Ints]:
        """Return the first step that refuses each pair (`ADMITTED`: none), its cost, and its cheapest hub.

        `rows` and `columns` broadcast; the cost is in 1/10 000 currency, `FORBIDDEN` where a pair is not
        admitted, the hub `DIRECT` for none.
        """
        shape = np.broadcast_shapes(rows.shape, columns.shape)
        step = np.empty(shape, dtype=np.int8)
        cost, hub = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
        rows, columns = (np.broadcast_to(side, shape).flatten() for side in (rows, columns))
        evaluate = sized(evaluate_pairs, len(rows))
        evaluate(self.tables, rows, columns, step.ravel(), cost.ravel(), hub.ravel())
        if (cost == TOO_EXPENSIVE).any():
            raise beyond_counting(tr("the cost of one unit"), LARGEST_UNIT_COST)
        return step, cost, hub

    def broken(self, rows: Ints, columns: Ints) -> Ints:
        """Return all steps that each pair (n,) breaks: bit s for step s of `STEPS`."""
        broken = np.zeros(len(rows), dtype=np.int64)
        sized(fill_broken, len(rows))(self.tables, rows, columns, broken)
        return broken

    def fewest_broken(self, columns: Ints, rank: Ints) -> Ints:
        """Return for each of `columns` the least rank of what a row breaks; see the kernel."""
        best = np.full(len(columns), len(rank), dtype=np.int64)
        sized(fewest_broken, len(self.tables.donations) * len(columns))(self.tables, columns, rank, best)
        return best

    def cost(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs in 1/10 000 currency, `FORBIDDEN` where a pair is not admitted."""
        return self.evaluate(rows, columns)[1]

    def alike(self) -> Ints:
        """Return a number 0, 1, … for each column, the same for those that only tiers tell apart.

        Numbers go by place: pricing that takes place after place then takes memory as it comes.
        """
        kind = alike([*self.tables.needs.T, numbered(self.tables.identification)])
        first = np.unique(kind, return_index=True)[1]
        rank = np.empty_like(first)
        rank[np.argsort(self.tables.needs[first, PLACE], kind="stable")] = np.arange(len(first))
        return np.asarray(rank[kind])

    def of(self, columns: Ints) -> PairCosts:
        """Return the costs of some of the columns."""
        t = self.tables
        start, column = _by_place(t.needs[columns, PLACE], len(t.roads.goals))
        cut = t._replace(
            needs=_plain(t.needs[columns]),
            identification=t.identification[columns],
            shared=_plain(t.shared[:, columns]),
            start=start,
            column=column,
        )
        return PairCosts(cut, self.dearest, self.first)

    def rows(self, start: int, end: int) -> PairCosts:
        """Return the costs of the rows from `start` to `end`, with the places they need and no others."""
        t, donations = self.tables, self.tables.donations[start:end].copy()
        places, donations[:, PLACE] = np.unique(donations[:, PLACE], return_inverse=True)
        h = t.hubs
        hubs = h._replace(order=h.order[places], cost_in=h.cost_in[places], lead_in=h.lead_in[places])
        cut = t._replace(donations=donations, roads=_roads_from(t.roads, places), hubs=hubs)
        return PairCosts(cut, self.dearest, self.first + start)

    def best(
        self, supply_price: Ints, demand_price: Ints, limit: int, partners: tuple[Ints, Ints]
    ) -> CandidateArcs:
        """Return pairs with a low reduced cost; see `matchopt.solve.oracle.PricingOracle`."""
        return self.price(supply_price, demand_price, limit, partners).arcs(supply_price, demand_price)

    def price(
        self, supply_price: Ints, demand_price: Ints, limit: int, partners: tuple[Ints, Ints]
    ) -> Priced:
        """Return the candidate lists of rows and columns; parameters as in `best`."""
        none = np.zeros(0, dtype=np.int64)
        still = np.zeros_like(supply_price), np.zeros_like(demand_price)
        mine, theirs = (CandidateLists.empty(count, limit) for count in partners)
        prices = supply_price, demand_price
        priced, _ = self._price(prices, limit, still, -1, (mine, theirs), (none, none, none))
        return Priced(mine, theirs, priced)

    def below(
        self, supply_price: Ints, demand_price: Ints, limit: int, rise: tuple[Ints, Ints], slack: int
    ) -> CandidateArcs | None:
        """Return all pairs below `limit` that are not passed over; see `PricingOracle`. None if too many."""
        prices = supply_price, demand_price
        lists = tuple(CandidateLists.empty(np.ones_like(side), limit) for side in prices)
        row, column, cost = (np.empty(self.most_listed, dtype=np.int64) for _ in range(3))
        priced, count = self._price(prices, limit, rise, slack, lists, (row, column, cost))
        if count > self.most_listed:
            return None
        return CandidateArcs(row[:count], column[:count], cost[:count], priced)

    def _price(
        self, prices: Any, limit: int, rise: tuple[Ints, Ints], slack: int, lists: Any, listed: Any
    ) -> tuple[int, int]:
        mine, theirs = lists
        price: Any = sized(price_pairs, self.size + len(prices[0]) * len(prices[1]))
        slots = mine.start, mine.value, mine.partner, theirs.start, theirs.value, theirs.partner
        found: tuple[int, int] = price(self.tables, self.first, *prices, limit, *rise, slack, *slots, listed)
        return found


def pair_costs(router: Router, sides: Sides, affinities: AffinityTables, bars: BarredPairs) -> PairCosts:
    """Return the costs of the pairs of two sides, whose places are those of `router`."""
    s, d, items, rules = sides.supply, sides.demand, router.terms.items, router.terms.rules
    given, own_item = np.unique(s.item, return_inverse=True)
    asked, its_item = np.unique(d.item, return_inverse=True)
    mine = [own_item, sides.tail, s.community, s.first, s.last, s.expiry, s.quality, s.only_communities]
    mine += [s.only_groups, s.affinity, s.donor, s.barred]
    theirs = [
        its_item,
        sides.head,
        d.community,
        d.first,
        d.last,
        d.min_quality,
        d.min_remaining_days,
        d.group,
    ]
    theirs += [d.affinity, d.barred]
    fit, identification = items.fit_table(given, asked), router.identification[d.channel]
    shared = fit[:, its_item, RATIO] * identification
    shared = shared + fit[:, its_item, PENALTY] + fit[:, its_item, PURCHASE]
    tables = CostTables(
        np.stack(mine, axis=1),
        np.stack(theirs, axis=1),
        identification,
        shared,
        *_by_place(sides.head, len(router.roads.goals)),
        items.goods_table(given),
        rules.transfer_table,
        router.roads,
        router.hub_tables(),
        rules.tables(fit),
        affinities,
        bars,
        *router.shape,
    )
    tables = _plain(tables)
    return PairCosts(tables, _highest_cost(tables))


def _plain(table: Any) -> Any:
    """Return tables with all arrays in the one layout that code is compiled for."""
    if isinstance(table, tuple):
        kind: Any = type(table)
        return kind(*map(_plain, table))
    if not isinstance(table, np.ndarray):
        return table
    return table if table.flags.carray else np.require(table, requirements=["C", "W"])


def _roads_from(roads: Roads, places: Ints) -> Roads:
    """Return the legs from some of the places."""
    count = np.diff(roads.start)[places]
    start = np.concatenate([[0], np.cumsum(count)])
    lane = np.arange(start[-1]) + np.repeat(roads.start[places] - start[:-1], count)
    return roads._replace(
        origins=roads.origins[places], start=start, head=roads.head[lane], lanes=roads.lanes[lane]
    )


def _by_place(head: Ints, places: int) -> tuple[Ints, Ints]:
    """Return where the columns of each place start, (places + 1,), and the columns place by place."""
    column = np.argsort(head, kind="stable")
    return np.searchsorted(head[column], np.arange(places + 1)), column


def _highest_cost(t: CostTables) -> int:
    """Return 1/10 000 currency that no unit cost exceeds."""
    roads, hubs = t.roads, t.hubs.hubs
    route = roads.detour * EARTH_RADIUS_KM * np.pi
    route = roads.kg_km * max(route, _most(roads.lanes[:, DISTANCE]))
    route = max(route, _most(roads.lanes[:, RATE]), _most(t.hubs.cost_in) + _most(t.hubs.cost_out))
    days = max(0, int(t.needs[:, FIRST].max() - t.donations[:, LAST].min()))
    per_kg = route + max(t.hubs.handling, _most(hubs[:, HANDLING])) + days * _most(hubs[:, STORAGE])
    per_kg += t.transfer.max(initial=0.0)
    fit = t.rules.fit
    per_unit = (
        fit[..., RATIO].max() * (t.identification.max() + t.affinities.weight) + fit[..., PENALTY].max()
    )
    most = t.goods[:, WEIGHT].max() * per_kg + per_unit + fit[..., PURCHASE].max()
    return int(min(most * (1 + ROUNDING), LARGEST_UNIT_COST) * MONEY_SCALE) + 1


def _most(cost: Floats) -> float:
    """Return the highest of costs, those that are finite; 0 of none."""
    return float(cost.max(initial=0.0, where=np.isfinite(cost)))
