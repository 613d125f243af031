"""The market of a part: what its pairs may do and cost, without ever holding all of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from matchopt.arrays import CandidateArcs, Floats, Ints, Steps
from matchopt.kernels import sized
from matchopt.language import tr
from matchopt.model.affinities import Affinities
from matchopt.model.bars import Bars
from matchopt.model.classes import Demand, Supply, alike, numbered
from matchopt.model.money import LARGEST_UNIT_COST, MONEY_SCALE, beyond_counting
from matchopt.model.routes import Router
from matchopt.model.rules import Items, Rules
from matchopt.model.tariff import (
    EARTH_RADIUS_KM,
    FIRST,
    LAST,
    PLACE,
    SAFE,
    TOO_DEAR,
    Tariff,
    judge_all,
    search,
)  # fmt: skip

BY_TAIL = (
    "tail_name", "tail_latitude", "tail_longitude", "tail_cosine", "tail_point",
    "order", "cost_in", "lead_in",
)  # fmt: skip
BY_LANE = ("lane_head", "lane_distance", "lane_rate", "lane_lead")
"""Tables of the tariff with an entry for each place where donations lie, and for each lane from there."""

PAIRS_LISTED = 64
"""Pairs for which there is room in a list, for each row and column."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Places for the best pairs of each owner (h,), those of owner k from ``start[k]`` on.

    `value` is the reduced cost and `partner` the other side of what a hand holds, -1 for nothing.
    """

    start: Ints
    value: Ints
    partner: Ints

    @classmethod
    def empty(cls, count: Ints, limit: int) -> Hands:
        """Return hands that hold nothing, so many as `count` (owners,) says, for pairs below `limit`."""
        start = np.concatenate([[0], np.cumsum(count)])
        return cls(start, np.full(start[-1], limit, dtype=np.int64), np.full(start[-1], -1, dtype=np.int64))

    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Return owner, partner and reduced cost of all that is held."""
        taken = np.flatnonzero(self.partner >= 0)
        owner = np.searchsorted(self.start, taken, side="right") - 1
        return owner, self.partner[taken], self.value[taken]


@dataclass(frozen=True, slots=True)
class Dealt:
    """The hands of rows and columns, and how many pairs were priced to fill them."""

    rows: Hands
    columns: Hands
    priced: int


def found(dealt: Dealt, supply_price: Ints, demand_price: Ints) -> CandidateArcs:
    """Return the pairs that are held, each once."""
    row, its_column, value = dealt.rows.pairs()
    column, its_row, its_value = dealt.columns.pairs()
    row, column = np.concatenate([row, its_row]), np.concatenate([its_column, column])
    _, first = np.unique(row * len(demand_price) + column, return_index=True)
    row, column, value = row[first], column[first], np.concatenate([value, its_value])[first]
    return CandidateArcs(row, column, value + supply_price[row] + demand_price[column], dealt.priced)


@dataclass(frozen=True, slots=True)
class Market:
    """Unit costs of the pairs of some donation classes (rows) and need classes (columns).

    Attributes
    ----------
    tariff
        What they depend on.
    dearest
        1/10 000 currency that no unit cost exceeds.
    first
        Which row the first one is of the market that this one was cut from.
    """

    tariff: Tariff
    dearest: int
    first: int = 0

    @property
    def size(self) -> int:
        """How many rows × places a search goes through."""
        return len(self.tariff.gifts) * len(self.tariff.head_name)

    @property
    def room(self) -> int:
        """How many pairs may be listed."""
        return PAIRS_LISTED * (len(self.tariff.gifts) + len(self.tariff.wants))

    def verdict(self, rows: Ints, columns: Ints) -> tuple[Steps, Ints]:
        """Return the first step that refuses each pair (`ADMITTED`: none), and its cost.

        `rows` and `columns` broadcast; the cost is `FORBIDDEN` where a pair is not admitted.
        """
        step, cost, _ = self._judged(rows, columns)
        return step, cost

    def cost(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs in 1/10 000 currency, `FORBIDDEN` where a pair is not admitted."""
        return self._judged(rows, columns)[1]

    def hub(self, rows: Ints, columns: Ints) -> Ints:
        """Return the hub of the cheapest route of each pair, `DIRECT` for none."""
        return self._judged(rows, columns)[2]

    def alike(self) -> Ints:
        """Return a number 0, 1, … for each column, the same for those that only tiers tell apart.

        Numbers go by place: a search that takes place after place then takes memory as it comes.
        """
        kind = alike([*self.tariff.wants.T, numbered(self.tariff.fee)])
        first = np.unique(kind, return_index=True)[1]
        rank = np.empty_like(first)
        rank[np.argsort(self.tariff.wants[first, PLACE], kind="stable")] = np.arange(len(first))
        return np.asarray(rank[kind])

    def of(self, columns: Ints) -> Market:
        """Return the market of some of the columns."""
        wants, fee, shared = (
            self.tariff.wants[columns],
            self.tariff.fee[columns],
            self.tariff.shared[:, columns],
        )
        start, column = _by_place(wants[:, PLACE], len(self.tariff.head_name))
        tariff = self.tariff._replace(
            wants=_plain(wants), fee=fee, shared=_plain(shared), start=start, column=column
        )
        return Market(tariff, self.dearest, self.first)

    def rows(self, start: int, end: int) -> Market:
        """Return the market of the rows from `start` to `end`, with the places they need and no others."""
        t, gifts = self.tariff, self.tariff.gifts[start:end].copy()
        places, gifts[:, PLACE] = np.unique(gifts[:, PLACE], return_inverse=True)
        count = np.diff(t.lane_start)[places]
        lane_start = np.concatenate([[0], np.cumsum(count)])
        lane = np.arange(lane_start[-1]) + np.repeat(t.lane_start[places] - lane_start[:-1], count)
        by_place = {name: getattr(t, name)[places] for name in BY_TAIL}
        by_lane = {name: getattr(t, name)[lane] for name in BY_LANE}
        tariff = t._replace(gifts=gifts, lane_start=lane_start, **by_place, **by_lane)
        return Market(tariff, self.dearest, self.first + start)

    def best(
        self, supply_price: Ints, demand_price: Ints, limit: int, partners: tuple[Ints, Ints]
    ) -> CandidateArcs:
        """Return pairs with a low reduced cost.

        Parameters
        ----------
        supply_price, demand_price : (m,) int, (n,) int
            The reduced cost of a pair is its cost less these.
        limit
            Only pairs of a lower reduced cost count; if there are any, some are returned.
        partners : (m,) int, (n,) int
            How many of the best pairs of each row, and of each column; at least 1.
        """
        return found(self.hands(supply_price, demand_price, limit, partners), supply_price, demand_price)

    def hands(self, supply_price: Ints, demand_price: Ints, limit: int, partners: tuple[Ints, Ints]) -> Dealt:
        """Return what the search deals to rows and columns; parameters as in `best`."""
        none = np.zeros(0, dtype=np.int64)
        still = np.zeros_like(supply_price), np.zeros_like(demand_price)
        hands = Hands.empty(partners[0], limit), Hands.empty(partners[1], limit)
        priced, _ = self._search(supply_price, demand_price, limit, still, -1, hands, (none, none, none))
        return Dealt(*hands, priced)

    def below(
        self, supply_price: Ints, demand_price: Ints, limit: int, rise: tuple[Ints, Ints], slack: int
    ) -> CandidateArcs | None:
        """Return all pairs of a reduced cost below `limit`, but those passed over; None if they are too many.

        Parameters
        ----------
        supply_price, demand_price, limit
            As in `best`.
        rise : (m,) int, (n,) int
            By how much prices rose.
        slack
            Pairs whose prices rose by no more than that, together, are passed over.
        """
        one = np.ones_like(supply_price), np.ones_like(demand_price)
        hands = Hands.empty(one[0], limit), Hands.empty(one[1], limit)
        row, column, cost = (np.empty(self.room, dtype=np.int64) for _ in range(3))
        pairs = row, column, cost
        priced, count = self._search(supply_price, demand_price, limit, rise, slack, hands, pairs)
        return (
            CandidateArcs(row[:count], column[:count], cost[:count], priced) if count <= self.room else None
        )

    def _search(
        self, supply_price: Ints, demand_price: Ints, limit: int, rise: tuple[Ints, Ints], slack: int,
        hands: tuple[Hands, Hands], pairs: tuple[Ints, Ints, Ints],
    ) -> tuple[int, int]:  # fmt: skip
        mine, theirs = hands
        return sized(search, self.size + len(supply_price) * len(demand_price))(
            self.tariff, self.first, supply_price, demand_price, limit, *rise, slack, mine.start, mine.value,
            mine.partner, theirs.start, theirs.value, theirs.partner, *pairs,
        )  # fmt: skip

    def _judged(self, rows: Ints, columns: Ints) -> tuple[Steps, Ints, Ints]:
        shape = np.broadcast_shapes(rows.shape, columns.shape)
        step = np.empty(shape, dtype=np.int8)
        cost, hub = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
        rows, columns = (np.broadcast_to(side, shape).flatten() for side in (rows, columns))
        sized(judge_all, len(rows))(self.tariff, rows, columns, step.ravel(), cost.ravel(), hub.ravel())
        if (cost == TOO_DEAR).any():
            raise beyond_counting(tr("the cost of one unit"), LARGEST_UNIT_COST)
        return step, cost, hub


def market_of(
    router: Router, rules: Rules, fondness: Affinities, bars: Bars, items: Items, supply: Supply,
    demand: Demand, tail: Ints, head: Ints,
) -> Market:  # fmt: skip
    """Return the market of donation and need classes whose places `tail` and `head` are in `router`."""
    given, gift_item = np.unique(supply.item, return_inverse=True)
    asked, want_item = np.unique(demand.item, return_inverse=True)
    gifts = np.stack(
        [
            gift_item, tail, supply.community, supply.first, supply.last, supply.expiry, supply.quality,
            supply.only_communities, supply.only_groups, supply.affinity, supply.donor, supply.barred,
        ], axis=1,
    )  # fmt: skip
    wants = np.stack(
        [
            want_item, head, demand.community, demand.first, demand.last, demand.min_quality,
            demand.min_remaining_days, demand.group, demand.affinity, demand.barred,
        ], axis=1,
    )  # fmt: skip
    start, column = _by_place(head, len(router.heads.name))
    fitting, fee = items.fitting(given, asked), router.identification[demand.channel]
    shared = fitting.ratio[:, want_item] * fee
    shared = shared + fitting.penalty[:, want_item] + fitting.purchase[:, want_item]
    own = (gifts, wants, fee, shared, start, column)
    tables = (
        router.tails, router.heads, router.lanes, fitting, rules.bounds(), fondness.table(),
        bars.table(), router.passages(), router.rates,
    )  # fmt: skip
    tariff = Tariff._make(_plain(table) for table in chain(own, *tables))
    return Market(tariff, _dearest(tariff))


def _plain(table: Any) -> Any:
    """Return a table, if it is one, in the one layout of arrays that code is compiled for."""
    return np.require(table, requirements=["C", "W"]) if isinstance(table, np.ndarray) else table


def _by_place(head: Ints, places: int) -> tuple[Ints, Ints]:
    """Return where the columns of each place start, (places + 1,), and the columns place by place."""
    column = np.argsort(head, kind="stable")
    return np.searchsorted(head[column], np.arange(places + 1)), column


def _dearest(t: Tariff) -> int:
    """Return 1/10 000 currency that no unit cost exceeds."""
    way = t.detour * EARTH_RADIUS_KM * np.pi
    way = t.kg_km * max(way, np.nan_to_num(t.lane_distance).max(initial=0.0))
    way = max(way, np.nan_to_num(t.lane_rate).max(initial=0.0), _most(t.cost_in) + _most(t.cost_out))
    days = max(0, int(t.wants[:, FIRST].max() - t.gifts[:, LAST].min()))
    per_kg = way + max(t.handling, t.hub_handling.max(initial=0.0)) + days * t.hub_storage.max(initial=0.0)
    per_kg += t.transfer.max(initial=0.0)
    per_unit = t.ratio.max() * (t.fee.max() + t.affinity_weight) + t.penalty.max()
    most = t.weight.max() * per_kg + per_unit + t.purchase.max()
    return int(min(most * (1 + SAFE), LARGEST_UNIT_COST) * MONEY_SCALE) + 1


def _most(cost: Floats) -> float:
    """Return the highest of costs, those of ways that there are."""
    return float(cost.max(initial=0.0, where=np.isfinite(cost)))
