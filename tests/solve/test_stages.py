"""Blocks, stage after stage: against every plan there is, and from few ways against from all."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matchopt.solve import block as block_rules
from matchopt.solve import relaxation, stages
from matchopt.solve.block import Block, Columns
from matchopt.solve.search import BlockSolution, Deadline
from matchopt.solve.stages import solve_block
from profiles import examples
from solve.blocks import Listed, blocks, columns, every_plan, ints, key, obeys, plain, reals

NEAR = 1e-6


def solve(block: Block, ways: Columns) -> BlockSolution:
    deadline = Deadline(None)
    found = solve_block(block, Listed(ways), deadline, lambda stage: None)
    assert not deadline.stopped
    return found


def solve_from_few(
    block: Block, ways: Columns, *, many: bool = False, candidates: int = 1, most: int = 9, near_ways: int = 9
) -> BlockSolution:
    """Solve by column generation, `candidates` ways a node entering at a time and `most` staying.

    `many` takes the road of the largest blocks: whole granules are sought near the relaxation's plan.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "ALL_COLUMNS", 0)
        patch.setattr(stages, "ALL_LOOSE", 0)
        patch.setattr(stages, "FIRST", 1)
        patch.setattr(relaxation, "CANDIDATES", candidates)
        patch.setattr(relaxation, "MOST_COLUMNS", most)
        patch.setattr(stages, "NEAR_COLUMNS", near_ways)
        if many:
            patch.setattr(stages, "MIDDLE", 0)
        return solve(block, ways)


def near(value: float, goal: float) -> bool:
    return abs(value - goal) <= NEAR * max(1.0, abs(goal))


def check(block: Block, ways: Columns, found: BlockSolution) -> tuple[tuple[float, ...], ...]:
    """The plan obeys the rules, and each stage says what it reaches and does not exceed its bounds."""
    amount = np.zeros(len(ways))
    amount[found.columns.key] = found.amount
    assert (amount == np.rint(amount)).all()
    assert obeys(block, ways, amount)
    reached = block.reached(ways, amount)
    assert tuple(stage.name for stage in found.stages) == block.stages
    for stage in found.stages:
        assert near(stage.value, reached.value[stage.name])
        assert stage.value <= stage.bound <= max(stage.relaxation, stage.value)
    return key(block, reached)


@examples(0.5)
@given(blocks())
def test_the_plan_is_the_best_of_all_plans(drawn: tuple[Block, Columns]) -> None:
    block, ways = drawn
    found = solve(block, ways)
    best = max(key(block, block.reached(ways, amount)) for amount in every_plan(block, ways))
    mine = check(block, ways, found)
    assert [goal == pytest.approx(other, abs=1e-5) for goal, other in zip(mine, best, strict=True)]
    assert np.allclose(np.concatenate(mine), np.concatenate(best), atol=1e-5)
    assert all(near(stage.bound, stage.value) for stage in found.stages)


@examples(0.5)
@given(blocks(), st.booleans(), st.integers(1, 2), st.integers(1, 4), st.sampled_from((0, 2, 9)))
def test_few_ways_at_a_time_prove_the_same_relaxation_and_enclose_the_best_plan(
    drawn: tuple[Block, Columns], many: bool, candidates: int, most: int, near_ways: int
) -> None:
    block, ways = drawn
    best = max(key(block, block.reached(ways, amount)) for amount in every_plan(block, ways))
    every = solve(block, ways)
    few = solve_from_few(block, ways, many=many, candidates=candidates, most=most, near_ways=near_ways)
    mine = check(block, ways, few)
    assert mine <= best
    for stage, other, goal in zip(few.stages, every.stages, best, strict=True):
        # What a stage can reach depends on what the stages before it did.
        if stage.name != "leximin":
            assert goal[0] <= stage.bound + NEAR
        assert near(stage.relaxation, other.relaxation)
        if not near(stage.value, stage.relaxation) or not near(other.value, other.relaxation):
            break
        if stage.name == "leximin":
            break


@examples(0.25)
@given(blocks(flags=()), st.integers(0, 4))
def test_a_floor_that_is_asked_for_is_kept(drawn: tuple[Block, Columns], quarters: int) -> None:
    block, ways = drawn
    assume(block.fairness == "floor")
    plans = [block.reached(ways, amount) for amount in every_plan(block, ways)]
    floor = quarters / 4 * max(plan.coverage.min() for plan in plans)
    asked = replace(block, fixed_floor=float(floor))
    found = solve(asked, ways)
    best = max(key(asked, plan) for plan in plans if plan.coverage.min() >= floor - NEAR)
    assert np.allclose(np.concatenate(check(asked, ways, found)), np.concatenate(best), atol=1e-5)
    assert found.reached.coverage.min() >= floor - NEAR


@pytest.mark.parametrize("many", [False, True])
def test_a_floor_that_is_asked_for_is_kept_from_few_ways(many: bool) -> None:
    # d1's way to n1 is nobody's cheapest, yet n1 gets nothing else once n0 has its half from d0.
    ways = columns([(0, 0, 1.0, 1, 0), (0, 1, 1.0, 1, 0), (1, 2, 1.0, 1, 0), (1, 1, 1.0, 5, 0)], {})
    block = replace(
        plain([1, 1], [2, 2, 1]),
        fairness="floor",
        cell=ints([0, 1, -1]),
        cell_asked=reals([2, 2]),
        cell_pinned=np.zeros(2),
        fixed_floor=0.5,
        fair_share=np.zeros(2),
    )
    found = solve_from_few(block, ways, many=many)
    assert found.reached.coverage.min() >= 0.5 - NEAR


@pytest.mark.parametrize("many", [False, True])
def test_a_floor_that_is_asked_for_is_kept_where_a_plan_has_to_be_made_whole(many: bool) -> None:
    # Half of d0's granule of 2 for n0 and n1 each would do. Whole, it does only if d1 leaves n2 for n1.
    ways = columns(
        [(0, 0, 2.0, 1, 0), (0, 1, 2.0, 1, 0), (1, 1, 1.0, 1, 0), (1, 2, 1.0, 0, 0), (2, 2, 1.0, 9, 0)], {}
    )
    block = replace(
        plain([1, 1, 1], [2, 2, 2]),
        fairness="floor",
        cell=ints([0, 1, 2]),
        cell_asked=reals([2, 2, 2]),
        cell_pinned=np.zeros(3),
        fixed_floor=0.5,
        fair_share=np.zeros(3),
    )
    assert solve(block, ways).reached.coverage.min() >= 0.5 - NEAR
    found = solve_from_few(block, ways, many=many)
    assert found.reached.coverage.min() >= 0.5 - NEAR


@pytest.mark.parametrize("many", [False, True])
def test_leximin_from_few_ways_keeps_the_ways_that_raise_the_second_cell(many: bool) -> None:
    # n0 can have a quarter at most, n1 a third from d1. What raises n1 is d2, whose cheapest need is n2.
    ways = columns([(0, 0, 1.0, 1, 0), (1, 1, 1.0, 1, 0), (2, 2, 1.0, 1, 0), (2, 1, 1.0, 3, 0)], {})
    block = replace(
        plain([1, 1, 1], [4, 3, 1]),
        fairness="leximin",
        cell=ints([0, 1, -1]),
        cell_asked=reals([4, 3]),
        cell_pinned=np.zeros(2),
        fair_share=np.zeros(2),
    )
    assert solve(block, ways).reached.coverage == pytest.approx([1 / 4, 2 / 3])
    assert solve_from_few(block, ways, many=many).reached.coverage == pytest.approx([1 / 4, 2 / 3])


@pytest.mark.parametrize("most_sorted", [0, 12])
def test_leximin_is_near_the_best_beyond_the_cells_that_are_searched(
    most_sorted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_rules, "MOST_SORTED", most_sorted)
    # One donation of 6 for cells that ask 2, 4 and 8: each gets its even share of what is left.
    ways = columns([(0, 0, 1.0, 1, 0), (0, 1, 1.0, 1, 0), (1, 2, 1.0, 1, 0)], {})
    block = replace(
        plain([3, 6], [2, 4, 8]),
        fairness="leximin",
        cell=ints([0, 1, 2]),
        cell_asked=reals([2, 4, 8]),
        cell_pinned=np.zeros(3),
        fair_share=np.zeros(3),
    )
    found = solve(block, ways)
    assert np.sort(found.reached.coverage) == pytest.approx([0.5, 0.5, 0.75])


def test_the_bound_of_many_small_cells_is_no_smaller_than_what_can_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(block_rules, "MOST_SORTED", 0)
    # Either d0 fills the room and gives n0 near what is even, or d1 and d2 give a fifth to n0 and more to n1.
    ways = columns(
        [(0, 0, 0.03, 1, 0), (1, 0, 0.02, 1, 0), (2, 1, 0.003, 1, 0)],
        {(0, 0): 1.0, (1, 0): 0.6, (2, 0): 0.1},
    )
    block = replace(
        plain([1, 1, 1], [0.1, 0.01]),
        fairness="leximin",
        cell=ints([0, 1]),
        cell_asked=reals([0.1, 0.01]),
        cell_pinned=np.zeros(2),
        fair_share=np.zeros(2),
        capacity=reals([1.0]),
    )
    fair = solve(block, ways).stages[0]
    assert max(block.reached(ways, amount).coverage.min() for amount in every_plan(block, ways)) >= 0.2 - NEAR
    assert fair.bound >= 0.2 - NEAR


def test_a_block_without_ways_has_an_empty_plan() -> None:
    for by_cost in (False, True):
        block = replace(plain([1], [2], budget=3.0), by_cost=by_cost)
        for found in (solve(block, columns([], {})), solve_from_few(block, columns([], {}))):
            assert len(found.amount) == 0
            assert all(stage.value == stage.bound == 0 for stage in found.stages)


def test_each_stage_is_told() -> None:
    told: list[str] = []
    block = plain([1], [1, 1], tier=[2, 1])
    ways = columns([(0, 0, 1.0, 1, 0), (0, 1, 1.0, 1, 0)], {})
    solve_block(block, Listed(ways), Deadline(None), told.append)
    assert told == ["tier 1", "tier 2", "cost"]


@examples(0.5)
@given(blocks(), st.booleans(), st.sampled_from((0.0, 0.02)))
def test_at_any_time_there_is_a_whole_plan_with_bounds_that_hold(
    drawn: tuple[Block, Columns], many: bool, seconds: float
) -> None:
    """No time, or time for a part of it: what stands then obeys the rules, and no bound is too low."""
    block, ways = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "ALL_COLUMNS", 0)
        patch.setattr(stages, "FIRST", 1)
        patch.setattr(stages, "FEW_PAIRS", 0 if many else 100)
        found = solve_block(block, Listed(ways), Deadline(seconds), lambda stage: None)
    check(block, ways, found)
    kept = list(every_plan(block, ways))
    for stage in found.stages:
        if stage.name == "leximin":
            break
        values = [block.reached(ways, amount).value[stage.name] for amount in kept]
        assert max(values) <= stage.bound + NEAR * max(1.0, abs(stage.bound))
        kept = [a for a, v in zip(kept, values, strict=True) if v >= stage.value - NEAR]


def test_a_ceiling_says_nothing_once_a_stage_before_is_not_reached_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tier 1 could have 9 without shared rules, and tier 2 nothing then; here it has 1, and so has tier 2.

    A whole granule of d0 is too much for n1, and of d1 the relaxation knows nothing but what is cheapest.
    """
    monkeypatch.setattr(stages, "OTHERS", 0)
    ways = columns([(2, 0, 1.0, 1, 0), (0, 1, 2.0, 1, 0), (1, 1, 1.0, 5, 0), (1, 2, 1.0, 0, 0)], {})
    block = plain([1, 1, 1], [9, 1, 1], tier=[1, 2, 3])
    found = solve_from_few(replace(block, ceiling={"tier 1": 9.0, "tier 2": 0.0}), ways)
    assert [stage.value for stage in found.stages[:3]] == [1, 1, 0]
