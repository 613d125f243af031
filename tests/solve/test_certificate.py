"""Any prices bound every plan: what weak duality says, looked at plan by plan."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import Floats
from matchopt.solve.block import Block, Columns, Reached
from matchopt.solve.certificate import Prices, bound, cut_prices, priced_objective
from matchopt.solve.oracle import CostMatrix
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.tiers import coverage_first
from profiles import examples
from solve.blocks import Listed, blocks, columns, every_plan, ints, plain

NEAR = 1e-9


def drawn_prices(draw: Callable[..., Any], block: Block, stage: str) -> Prices:
    """Draw prices, of which any may be 0; under a coverage to be raised, not all of the cells."""
    value = st.sampled_from((0.0, 0.0, 0.1, 0.5, 1.0, 3.0))

    def several(count: int) -> Floats:
        return np.array(draw(st.lists(value, min_size=count, max_size=count)))

    earlier = block.stages[: block.stages.index(stage)]
    fair = several(len(block.cell_asked))
    if stage in ("floor", "leximin") and not fair.any():
        fair = fair + 0.5
    return Prices(
        several(len(block.supply)),
        several(len(block.demand)),
        several(len(block.capacity)),
        draw(value),
        {name: draw(value) for name in earlier if name not in ("floor", "leximin")},
        fair,
    )


def keeps(block: Block, earlier: Sequence[str], plan: Reached, other: Reached) -> bool:
    """Return whether `plan` does as well as `other` in the `earlier` stages, each by itself."""
    for stage in earlier:
        if stage == "leximin":
            mine, theirs = (np.cumsum(np.sort(reached.coverage)) for reached in (plan, other))
            if (mine < theirs - NEAR).any():
                return False
        elif plan.value[stage] < other.value[stage] - NEAR:
            return False
    return True


@examples(1)
@given(st.data(), blocks(), st.randoms(use_true_random=False))
def test_no_plan_exceeds_the_bound_of_any_prices(
    data: st.DataObject, drawn: tuple[Block, Columns], random: random.Random
) -> None:
    block, ways = drawn
    plans = [block.reached(ways, amount) for amount in every_plan(block, ways)]
    stage = data.draw(st.sampled_from(block.stages))
    prices = drawn_prices(data.draw, block, stage)
    excess = Listed(ways).excess(priced_objective(block, stage, prices))
    earlier = block.stages[: block.stages.index(stage)]
    for reached in random.sample(plans, min(len(plans), 5)):
        limit = bound(block, stage, prices, reached, excess)
        best = max(plan.value[stage] for plan in plans if keeps(block, earlier, plan, reached))
        assert best <= limit + NEAR * max(1.0, abs(limit))


@examples(0.25)
@given(st.data(), blocks(flags=()))
def test_a_floor_that_is_asked_for_binds_like_one_that_was_reached(
    data: st.DataObject, drawn: tuple[Block, Columns]
) -> None:
    block, ways = drawn
    if block.fairness == "none":
        return
    plans = [block.reached(ways, amount) for amount in every_plan(block, ways)]
    floor = max(plan.coverage.min() for plan in plans) / 2
    block = replace(block, fairness="floor", fixed_floor=float(floor))
    stage = data.draw(st.sampled_from(block.stages))
    prices = drawn_prices(data.draw, block, stage)
    excess = Listed(ways).excess(priced_objective(block, stage, prices))
    earlier = block.stages[: block.stages.index(stage)]
    fair = [plan for plan in plans if plan.coverage.min() >= floor - NEAR]
    reached = data.draw(st.sampled_from(fair))
    limit = bound(block, stage, prices, reached, excess)
    assert all(
        plan.value[stage] <= limit + NEAR * max(1.0, abs(limit))
        for plan in fair
        if keeps(block, earlier, plan, reached)
    )


@examples(0.25)
@given(st.data(), blocks())
def test_worth_and_gain_say_what_the_bound_counts(data: st.DataObject, drawn: tuple[Block, Columns]) -> None:
    """Gain of a granule = what it adds to the stage and to goals kept, less all that it uses up."""
    block, ways = drawn
    stage = data.draw(st.sampled_from(block.stages))
    prices = drawn_prices(data.draw, block, stage)
    gain = ways.gain(priced_objective(block, stage, prices))
    for w in range(len(ways)):
        i, j = ways.tail[w], ways.head[w]
        own = block.need_gain(stage)[j] + sum(
            price * block.need_gain(r)[j] for r, price in prices.reached.items()
        )
        if block.cell[j] >= 0:
            own += prices.fair[block.cell[j]]
        expected = ways.served[w] * (own - prices.need[j]) - prices.donation[i]
        if stage == "cost":
            expected -= ways.spend[w] + ways.unbudgeted[w]
        expected -= prices.budget * ways.spend[w]
        for entry in np.flatnonzero(ways.load_column == w):
            expected -= prices.capacity[ways.load_row[entry]] * ways.load[entry]
        assert gain[w] == pytest.approx(expected)


def test_the_excess_of_underpriced_ways_is_paid_by_the_need() -> None:
    # Nothing has a price: two units asked, each worth 10 less the cost of the cheaper way.
    block = replace(plain([5], [2]), by_cost=True)
    ways = columns([(0, 0, 1.0, 3, 0), (0, 0, 1.0, 4, 0)], {})
    free = Prices(np.zeros(1), np.zeros(1), np.zeros(0), 0.0, {}, np.zeros(0))
    excess = Listed(ways).excess(priced_objective(block, "cost", free))
    assert excess.tolist() == [7]
    assert bound(block, "cost", free, block.reached(ways, np.zeros(2)), excess) == 14


def test_levels_prove_coverage_tier_by_tier() -> None:
    # d0 is scarce and only tier 1 can have it, d1 is plenty; n2 of tier 2 could use either.
    supply, demand, tier = ints([2, 9]), ints([3, 4, 2]), ints([1, 1, 2])
    pairs = [(0, 0), (1, 1), (0, 2), (1, 2)]
    cost = np.full((2, 3), 2**62)
    for i, j in pairs:
        cost[i, j] = 1
    market = CostMatrix(lambda row, column: cost[row, column], 2, 3)
    found = coverage_first(market, supply, demand, tier, NetworkSimplex())
    ways = columns([(i, j, 1.0, 1, 0) for i, j in pairs], {})
    block = plain([2, 9], [3, 4, 2], tier=tier.tolist())
    reached = block.reached(ways, np.array([2.0, 4, 0, 2]))
    for stage, value in (("tier 1", 6), ("tier 2", 2)):
        prices = cut_prices(block, stage, found.supply_level, found.demand_level)
        excess = Listed(ways).excess(priced_objective(block, stage, prices))
        assert excess.tolist() == [0, 0, 0]
        assert bound(block, stage, prices, reached, excess) == value
