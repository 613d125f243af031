"""Prices of shared rules and what the flow core makes of them, against the linear program over all ways."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import Floats
from matchopt.solve.assemble import Goals
from matchopt.solve.block import Block, Columns, PricedObjective, Reached, UnlinkedPlan
from matchopt.solve.certificate import Prices, bound, cut_prices
from matchopt.solve.oracle import CostMatrix
from matchopt.solve.relaxation import FIRST_STEP, STEP, LagrangianSolution, SmoothedPricing, relax
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.tiers import coverage_first
from profiles import examples
from solve.blocks import Listed, columns, plain, reals

NEAR = 1e-4


@st.composite
def full_roads(draw: st.DrawFn, by_cost: bool) -> tuple[Block, Columns]:
    """Draw a transport problem with two ways a pair: one that loads a shared capacity, one dear and free."""
    m, n = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    ways: list[tuple[int, int, float, float, float]] = []
    loads: dict[tuple[int, int], float] = {}
    for i in range(m):
        for j in range(n):
            if draw(st.booleans()):
                loads[len(ways), draw(st.integers(0, 1))] = draw(st.sampled_from((0.5, 1.0, 2.0)))
                ways.append((i, j, 1.0, draw(st.integers(0, 5)), 0.0))
                ways.append((i, j, 1.0, 9.0, 0.0))
    supply = draw(st.lists(st.integers(1, 5), min_size=m, max_size=m))
    demand = draw(st.lists(st.integers(1, 5), min_size=n, max_size=n))
    tier = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    block = replace(
        plain(supply, demand, tier=tier),
        capacity=reals(draw(st.lists(st.integers(0, 6), min_size=2, max_size=2))),
        by_cost=by_cost,
    )
    return block, columns(ways, loads)


def unlinked(block: Block, source: Listed) -> UnlinkedPlan:
    """Return the best plan where nothing is shared."""
    nothing = np.zeros(len(block.demand)), np.zeros(len(block.supply)), np.zeros(len(block.capacity))
    (part,) = source.subproblems(PricedObjective(*nothing, 1.0, 1.0))
    supply, demand = block.supply.astype(np.int64), block.demand.astype(np.int64)
    market = CostMatrix(part.cost, len(supply), len(demand))
    found = coverage_first(market, supply, demand, block.tier, NetworkSimplex())
    return UnlinkedPlan(found.supply_level, found.demand_level, found.tail, found.head, reals(found.flow))


@pytest.mark.parametrize("by_cost", [False, True])
def test_potentials_bound_the_cost_and_meet_it_at_the_best_prices(by_cost: bool) -> None:
    met = []

    @examples(0.25)
    @given(full_roads(by_cost), st.lists(st.integers(0, 4), min_size=2, max_size=2))
    def check(drawn: tuple[Block, Columns], tried: list[int]) -> None:
        block, ways = drawn
        source = Listed(ways)
        block = replace(block, unlinked=unlinked(block, source))
        goals = Goals()
        if not by_cost:
            values: dict[str, float] = {}
            for stage in block.stages[:-1]:
                assert block.unlinked is not None
                levels = block.unlinked.donation_level, block.unlinked.need_level
                values[stage] = bound(
                    block,
                    stage,
                    cut_prices(block, stage, *levels),
                    Reached(values, np.zeros(0)),
                    np.zeros(len(block.demand)),
                )
            goals = Goals(values)
        best = relax(block, ways, "cost", goals)
        unmet = float(block.unmet_cost @ block.demand) if by_cost else 0.0
        least = unmet - best.value
        guide = SmoothedPricing(block, source)
        assert guide.potentials(reals(tried), 0.0).value <= least + NEAR
        assert guide.potentials(best.prices.capacity, 0.0).value == pytest.approx(least, abs=NEAR)
        # With the guide, from the cheapest ways on, the same is reached.
        led = relax(block, source.cheapest(9), "cost", goals, source, guide=guide)
        assert led.value == pytest.approx(best.value, abs=NEAR)
        met.append(best.prices.capacity.max(initial=0.0) > 0)

    check()
    assert any(met)
    assert not all(met)


def test_prices_that_are_tried_lie_between_the_best_and_the_latest() -> None:
    ways = columns([(0, 0, 1.0, 1.0, 0.0), (0, 0, 1.0, 9.0, 0.0)], {(0, 0): 1.0})
    block = replace(plain([2], [2]), capacity=reals([1]))
    guide, tried = SmoothedPricing(block, Listed(ways)), list[float]()
    potentials = guide.potentials

    def note(capacity: Floats, budget: float) -> LagrangianSolution:
        tried.append(float(capacity[0]))
        return replace(potentials(capacity, budget), value=float(len(tried)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guide, "potentials", note)
        for price in (5.0, 8.0):
            prices = Prices(np.zeros(1), np.zeros(1), reals([price]), 0.0, {}, np.zeros(0))
            guide.columns(prices, ways, np.ones(2))
    first = FIRST_STEP * 5
    assert tried == [first, first + STEP * (8 - first)]
