"""Coverage first, level by level; and the pricing of pairs that no solver saw."""

import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import FORBIDDEN, PLENTY, Ints
from matchopt.errors import SolverError
from matchopt.solve import column_generation, oracle
from matchopt.solve.backends import BACKENDS
from matchopt.solve.column_generation import solve_over_all_pairs
from matchopt.solve.oracle import CostMatrix
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.tiers import ProvenFlow, coverage_first, total_cost
from profiles import examples

BACKEND = NetworkSimplex()

Market = tuple[Ints, Ints, Ints, Ints]
"""Unit costs, supply, demand and tiers."""


def ints(values: object) -> Ints:
    return np.array(values, dtype=np.int64)


@st.composite
def markets(draw: st.DrawFn, most: int = 3) -> Market:
    m, n = draw(st.integers(1, most)), draw(st.integers(1, most))
    cost = [[draw(st.one_of(st.none(), st.integers(0, 5))) for _ in range(n)] for _ in range(m)]
    supply = [draw(st.integers(1, 3)) for _ in range(m)]
    demand = [draw(st.integers(1, 3)) for _ in range(n)]
    tier = [draw(st.sampled_from((1, 3, 5))) for _ in range(n)]
    table = ints([[FORBIDDEN if c is None else c for c in row] for row in cost])
    return table, ints(supply), ints(demand), ints(tier)


class Known(CostMatrix):
    """A market that knows which of its columns are alike."""

    def __init__(self, table: Ints) -> None:
        super().__init__(lambda rows, columns: table[rows, columns], *table.shape)
        self.table = table

    def alike(self) -> Ints:
        seen: dict[tuple[int, ...], int] = {}
        return ints([seen.setdefault(tuple(column), len(seen)) for column in self.table.T])

    def of(self, columns: Ints) -> "Known":
        return Known(self.table[:, columns])


def of_table(table: Ints) -> Known:
    return Known(table)


def every_plan(table: Ints, supply: Ints, demand: Ints) -> Iterator[tuple[Ints, int]]:
    """Yield (served per demand, cost) of every plan of a tiny market."""
    pairs = [tuple(p) for p in np.argwhere(table < FORBIDDEN)]
    for flow in itertools.product(*(range(min(supply[i], demand[j]) + 1) for i, j in pairs)):
        sent, met = np.zeros(len(supply), int), np.zeros(len(demand), int)
        cost = 0
        for (i, j), f in zip(pairs, flow, strict=True):
            sent[i] += f
            met[j] += f
            cost += f * table[i, j]
        if (sent <= supply).all() and (met <= demand).all():
            yield met, cost


def check_levels(market: Market, found: ProvenFlow) -> None:
    """Recheck what levels and prices certify (see the docstring of `tiers`)."""
    table, supply, demand, tier = market
    in_full = found.demand_level > tier
    assert {*found.supply_level.tolist(), *found.demand_level.tolist()} <= {*tier.tolist(), PLENTY}
    assert (found.demand_level >= tier).all()
    assert ((found.supply_level >= 1) & (found.supply_level <= PLENTY)).all()
    assert (found.supply_price[found.supply_level == PLENTY] <= 0).all()
    assert (found.demand_price[~in_full] <= 0).all()
    for i, j in np.argwhere(table < FORBIDDEN):
        assert found.supply_level[i] <= found.demand_level[j]
        if found.supply_level[i] == found.demand_level[j]:
            assert found.supply_price[i] + found.demand_price[j] <= table[i, j]
    met = np.bincount(found.head, found.flow, len(demand))
    for k in range(1, PLENTY):
        cut = supply[found.supply_level <= k].sum() + demand[(tier <= k) & (found.demand_level > k)].sum()
        assert met[tier <= k].sum() == cut
    cost = table[found.tail, found.head] @ found.flow
    assert cost == found.supply_price @ supply + found.demand_price @ demand


@examples(2)
@given(markets())
def test_coverage_first_is_lexicographically_best(market: Market) -> None:
    table, supply, demand, tier = market
    found = coverage_first(of_table(table), supply, demand, tier, BACKEND)
    check_levels(market, found)
    best = max(
        (tuple(met[tier == t].sum() for t in (1, 3, 5)), -cost)
        for met, cost in every_plan(table, supply, demand)
    )
    met = np.bincount(found.head, found.flow, len(demand))
    cost = int(table[found.tail, found.head] @ found.flow)
    assert (tuple(met[tier == t].sum() for t in (1, 3, 5)), -cost) == best


@examples(2)
@given(markets(), st.lists(st.integers(0, 6), min_size=3, max_size=3))
def test_total_cost_is_least_and_proven(market: Market, unmet: list[int]) -> None:
    table, supply, demand, _ = market
    costs = ints(unmet[: len(demand)])
    found = total_cost(of_table(table), supply, demand, costs, BACKEND)
    met = np.bincount(found.head, found.flow, len(demand)).astype(int)
    cost = table[found.tail, found.head] @ found.flow + costs @ (demand - met)
    assert cost == min(c + costs @ (demand - m) for m, c in every_plan(table, supply, demand))
    assert cost == found.supply_price @ supply + found.demand_price @ demand


@pytest.mark.parametrize("name", ["ortools", "networkx"])
def test_back_ends_agree_on_coverage_and_cost(name: str) -> None:
    @examples(0.25)
    @given(markets(most=8))
    def agree(market: Market) -> None:
        table, supply, demand, tier = market
        ours = coverage_first(of_table(table), supply, demand, tier, BACKEND)
        theirs = coverage_first(of_table(table), supply, demand, tier, BACKENDS[name])
        for found in (ours, theirs):
            check_levels(market, found)
        met = [np.bincount(found.head, found.flow, len(demand)) for found in (ours, theirs)]
        for t in (1, 3, 5):
            assert met[0][tier == t].sum() == met[1][tier == t].sum()
        assert table[ours.tail, ours.head] @ ours.flow == table[theirs.tail, theirs.head] @ theirs.flow

    agree()


@examples(1)
@given(markets(most=8), st.integers(0, 2**32 - 1))
def test_few_arcs_and_small_blocks_find_the_same_optimum(market: Market, seed: int) -> None:
    table, supply, demand, tier = market
    whole = coverage_first(of_table(table), supply, demand, tier, BACKEND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle, "BLOCK_PAIRS", 1 + seed % 7)
        patch.setattr(column_generation, "PARTNERS", 1)
        patch.setattr(column_generation, "PLENTIFUL", 0)
        sparse = coverage_first(of_table(table), supply, demand, tier, BACKEND)
    check_levels(market, sparse)
    assert table[sparse.tail, sparse.head] @ sparse.flow == table[whole.tail, whole.head] @ whole.flow


def test_pairs_left_out_at_first_come_in_when_their_price_calls_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Every need's cheapest donation is the first, and the other two donations have the same
    # cheapest need; the plan needs a pair that is nobody's cheapest.
    monkeypatch.setattr(column_generation, "PARTNERS", 1)
    monkeypatch.setattr(column_generation, "PLENTIFUL", 0)
    table = ints([[0, 0, 0], [9, 8, 9], [9, 8, 9]])
    one = np.ones(3, dtype=np.int64)
    best = solve_over_all_pairs(of_table(table), one, one, 100 * one, BACKEND)
    assert best.effort.rounds > 1
    assert table[best.tail, best.head] @ best.flow == 0 + 8 + 9


def test_a_need_beyond_all_supply_takes_what_there_is() -> None:
    found = coverage_first(of_table(ints([[4, 1]])), ints([5]), ints([10**10, 2]), ints([1, 2]), BACKEND)
    assert found.flow.tolist() == [5]
    assert found.head.tolist() == [0]
    assert found.supply_level.tolist() == [1]


def test_unit_costs_too_large_for_a_weight_above_them_are_refused() -> None:
    market = of_table(ints([[10**17]]))
    with pytest.raises(SolverError, match="too large"):
        coverage_first(market, ints([1]), ints([1]), ints([1]), BACKEND)


def test_once_prices_settle_all_near_pairs_are_sought_and_then_those_whose_prices_rose() -> None:
    asked: list[tuple[int, list[int], int]] = []

    class Asked:
        def below(self, supply: Ints, demand: Ints, near: int, rise: tuple[Ints, Ints], slack: int) -> str:
            asked.append((near, rise[0].tolist(), slack))
            return "near"

        def best(self, *_: object) -> str:
            return "best"

    amounts: Any = SimpleNamespace(supply=np.ones(2, dtype=np.int64), asked=np.ones(1, dtype=np.int64))
    oracle: Any = Asked()
    pricing = column_generation.ColumnGeneration(oracle, amounts)
    prices = np.array([3, 4]), np.array([9])
    found: list[Any] = [pricing.next(*prices)]
    pricing.settle(5)
    found += [pricing.next(*prices), pricing.next(prices[0] + 2, prices[1])]
    assert found == ["best", "near", "near"]
    assert asked == [(5, [0, 0], -1), (5, [2, 2], 5)]
