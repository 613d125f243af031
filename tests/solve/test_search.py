"""The search for whole granules: flags, and what is left when time is over."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matchopt.errors import SolverError
from matchopt.solve import search
from matchopt.solve.assemble import Goals
from matchopt.solve.block import Block, Columns
from matchopt.solve.linear import Program
from matchopt.solve.search import BlockSolution, Deadline, IntegerSearch, StageProof, is_whole, reaches
from matchopt.solve.stages import solve_block
from solve.blocks import Listed, columns, every_plan, ints, key, obeys, plain, reals

NO = np.zeros(2, dtype=bool)


def best(block: Block, ways: Columns) -> tuple[tuple[float, ...], ...]:
    return max(key(block, block.reached(ways, amount)) for amount in every_plan(block, ways))


def solve(block: Block, ways: Columns, deadline: Deadline | None = None) -> BlockSolution:
    return solve_block(block, Listed(ways), deadline or Deadline(None), lambda stage: None)


def shares() -> tuple[Block, Columns]:
    """Two donations of 2 and 3 to two needs of 4 in two communities, all at the same cost."""
    ways = columns([(i, j, 1.0, 1, 0) for i in range(2) for j in range(2)], {})
    return plain([2, 3], [4, 4]), ways


@pytest.mark.parametrize(
    ("flags", "served"),
    [
        ({}, 5),
        ({"single": np.array([True, True])}, 5),
        ({"complete": np.array([True, True])}, 4),
        ({"complete": np.array([True, True]), "single": np.array([True, True])}, 0),
        ({"complete": np.array([True, False])}, 5),
        ({"complete": np.array([True, False]), "most_communities": ints([1, 1])}, 4),
        ({"most_communities": ints([1, 1])}, 5),
    ],
)
def test_flags_cost_what_they_have_to(flags: dict[str, Any], served: int) -> None:
    block, ways = shares()
    block = replace(block, **flags)
    found = solve(block, ways)
    assert found.stages[0].value == found.stages[0].bound == served
    assert np.allclose(np.concatenate(key(block, found.reached)), np.concatenate(best(block, ways)))


def test_one_donation_may_serve_a_need_over_several_ways() -> None:
    # One source, but two hubs with room for one each.
    ways = columns([(0, 0, 1.0, 1, 0), (0, 0, 1.0, 2, 0), (1, 0, 1.0, 0, 0)], {(0, 0): 1.0, (1, 1): 1.0})
    block = replace(plain([2, 1], [2]), single=np.array([True]), capacity=reals([1, 1]))
    found = solve(block, ways)
    assert found.columns.tail.tolist() == [0, 0]
    assert found.amount.tolist() == [1, 1]


def test_several_needs_of_one_community_count_once() -> None:
    ways = columns([(0, j, 1.0, j, 0) for j in range(3)], {})
    block = replace(plain([3], [1, 1, 1]), community=ints([7, 7, 8]), most_communities=ints([1]))
    found = solve(block, ways)
    assert found.columns.head.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("flags", "amount", "whole"),
    [
        ({}, [1, 0, 0, 2], True),
        ({}, [1, 0, 0, 1.5], False),
        ({}, [1 + 1e-8, 0, 0, 2 - 1e-8], True),
        ({"single": np.array([True, False])}, [1, 0, 1, 0], False),
        ({"single": np.array([False, True])}, [1, 0, 1, 0], True),
        ({"complete": np.array([True, False])}, [2, 0, 2, 0], True),
        ({"complete": np.array([True, False])}, [2, 0, 1, 0], False),
        ({"complete": np.array([True, False])}, [0, 1, 0, 1], True),
        ({"most_communities": ints([1, 0])}, [1, 1, 0, 0], False),
        ({"most_communities": ints([1, 0])}, [0, 0, 1, 1], True),
    ],
)
def test_a_plan_is_whole_or_not(flags: dict[str, Any], amount: list[float], whole: bool) -> None:
    block, ways = shares()
    assert is_whole(replace(block, **flags), ways, reals(amount)) == whole


def test_as_good_as_a_goal_is_within_a_millionth() -> None:
    assert reaches(5.0, 5.0 + 5e-7)
    assert not reaches(5.0, 5.0 + 5e-6)
    assert reaches(-1e9 - 0.5, -1e9)
    assert not reaches(-1e9 - 2, -1e9)


def test_when_time_is_over_the_plan_at_hand_stands() -> None:
    block, ways = shares()
    block = replace(block, complete=np.array([True, True]))
    deadline = Deadline(1e-9)
    found = solve(block, ways, deadline)
    amount = np.zeros(len(ways))
    amount[found.columns.key] = found.amount
    assert deadline.stopped
    assert obeys(block, ways, amount)
    assert found.stages[0].value <= 4 <= found.stages[0].bound


def test_time_does_not_matter_where_the_relaxation_is_whole() -> None:
    block, ways = shares()
    deadline = Deadline(1e-9)
    found = solve(block, ways, deadline)
    assert not deadline.stopped
    assert found.stages[0].value == 5


def test_a_solver_without_any_answer_leaves_the_plan_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, model: object, parameters: object) -> None:
        raise SolverError("no answer")

    block, ways = shares()
    hunt = IntegerSearch(block, ways, Deadline(None), complete=True)
    monkeypatch.setattr(Program, "_solved", fail)
    start = reals([1, 0, 0, 1])
    step = hunt.step("cost", Goals(value={"tier 1": 2.0}), start, reals([0.5] * 4), 0.0)
    assert step.amount.tolist() == start.tolist()
    assert step.bound == np.inf
    for begun, relaxed in ((start, None), (None, reals([1.5, 0, 0, 0.5]))):
        completed = hunt.step("tier 1", Goals(), begun, relaxed, 9.0)
        assert completed.amount.sum() == 5
        assert completed.bound == np.inf
    with pytest.raises(SolverError):
        hunt.step("tier 1", Goals(), None, None, 5.0)


@pytest.mark.parametrize(("nodes", "out_of_time"), [(0, False), (None, True)])
def test_out_of_nodes_is_not_out_of_time(
    monkeypatch: pytest.MonkeyPatch, nodes: int | None, out_of_time: bool
) -> None:
    def fail(self: object, model: object, parameters: object) -> None:
        raise SolverError("no answer")

    block, ways = shares()
    deadline = Deadline(None)
    hunt = IntegerSearch(block, ways, deadline, complete=False, nodes=nodes)
    monkeypatch.setattr(Program, "_solved", fail)
    step = hunt.step("cost", Goals(), reals([1, 0, 0, 1]), None, 5.0)
    assert step.amount.tolist() == [1, 0, 0, 1]
    assert deadline.passed == out_of_time


def test_a_search_over_some_ways_proves_nothing_of_the_others() -> None:
    block, ways = shares()
    some = ways.take(ints([0]))
    for complete, bound in ((True, 2), (False, np.inf)):
        hunt = IntegerSearch(block, some, Deadline(None), complete=complete)
        step = hunt.step("tier 1", Goals(), None, reals([0.5]), np.inf)
        assert step.amount.tolist() == [2]
        assert step.bound == pytest.approx(bound)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e8, 1e10])
def test_flags_hold_for_large_quantities_too(size: float) -> None:
    """A switch that a solver takes for 0 may not let a millionth of a large quantity pass."""
    ways = columns([(0, 0, 1.0, 1, 0), (1, 0, 1.0, 1, 0), (0, 1, 1.0, 2, 0), (1, 1, 1.0, 2, 0)], {})
    block = plain([0.6 * size, 0.5 * size], [size, size])
    each: list[dict[str, Any]] = [
        {"single": np.array([True, True])},
        {"single": np.array([True, False]), "most_communities": ints([1, 1])},
        {"complete": np.array([True, False])},
        {"complete": np.array([True, True])},
        {"most_communities": ints([1, 1])},
    ]
    for flags in each:
        found = solve(replace(block, **flags), ways)
        amount = np.zeros(len(ways))
        amount[found.columns.key] = found.amount
        assert obeys(replace(block, **flags), ways, amount)
        assert is_whole(replace(block, **flags), ways, amount)


def test_search_is_not_longer_than_it_needs_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where giving nothing, or the relaxation, is best and whole, no search is started."""

    def never(self: object, program: object, start: object) -> None:
        raise AssertionError("searched")

    monkeypatch.setattr(search.IntegerSearch, "_run", never)
    block, ways = shares()
    assert solve(block, ways).stages[0].value == 5
    by_cost = replace(block, by_cost=True, unmet_cost=np.zeros(2), single=~NO)
    assert solve(by_cost, ways).stages[0].value == 0


def test_the_better_plan_beats_the_other_and_of_equals_the_better_proven() -> None:
    nothing: Any = None

    def outcome(first: float, last: float, bound: float = 9.0) -> BlockSolution:
        stages = tuple(
            StageProof(name, value, 9.0, max(bound, value), nothing)
            for name, value in (("tier 1", first), ("cost", last))
        )
        return BlockSolution(nothing, nothing, nothing, stages)

    assert outcome(3.0, -9.0).beats(outcome(2.0, -1.0))
    assert not outcome(2.0, -1.0).beats(outcome(3.0, -9.0))
    assert outcome(3.0 - 1e-9, -1.0).beats(outcome(3.0, -2.0))
    assert outcome(3.0, -1.0, bound=5.0).beats(outcome(3.0, -1.0))
    assert not outcome(3.0, -1.0).beats(outcome(3.0, -1.0, bound=5.0))


def test_of_plans_that_reach_the_same_the_search_begins_with_the_one_at_hand() -> None:
    block, ways = plain([1, 1], [1]), columns([(0, 0, 1.0, 1.0, 0.0), (1, 0, 1.0, 1.0, 0.0)], {})
    hunt = IntegerSearch(block, ways, Deadline(None), complete=True)
    for start in (reals([1, 0]), reals([0, 1])):
        begun = hunt._better("tier 1", Goals(), start, start[::-1].copy())
        assert begun is not None
        assert begun.tolist() == start.tolist()
