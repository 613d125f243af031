"""Plans made whole and completed without a search: whole, within the rules, and with nothing left to add."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matchopt.solve.block import Block, Columns
from matchopt.solve.rounding import Packing, completed, rounded_down
from profiles import examples
from solve.blocks import blocks, columns, every_plan, ints, obeys, plain, reals

NO_LIMIT = np.inf


@examples(1)
@given(blocks(), st.data())
def test_a_plan_is_completed_within_the_rules(drawn: tuple[Block, Columns], data: st.DataObject) -> None:
    block, ways = drawn
    plans = list(every_plan(block, ways))
    plan = plans[data.draw(st.integers(0, len(plans) - 1))]
    stage = data.draw(st.sampled_from(block.stages))
    most = plan + reals(data.draw(st.lists(st.integers(0, 4), min_size=len(ways), max_size=len(ways))))
    relaxed = plan + 0.3 if data.draw(st.booleans()) else None
    fuller = completed(block, ways, plan, stage, relaxed, most)
    assert (fuller == np.rint(fuller)).all()
    assert ((plan <= fuller) & (fuller <= most)).all()
    assert obeys(block, ways, fuller)
    assert block.reached(ways, fuller).value[stage] >= block.reached(ways, plan).value[stage] - 1e-9


@examples(1)
@given(blocks())
def test_what_is_completed_takes_no_more_for_a_need_that_may_be_served_in_part(
    drawn: tuple[Block, Columns],
) -> None:
    block, ways = drawn
    assume(not block.by_cost)
    stage = f"tier {block.tier.min()}"
    fuller = completed(block, ways, np.zeros(len(ways)), stage, None, NO_LIMIT)
    for way in range(len(ways)):
        if block.need_gain(stage)[ways.head[way]] and not block.complete[ways.head[way]]:
            assert not obeys(block, ways, fuller + (np.arange(len(ways)) == way))


@examples(1)
@given(blocks(), st.data())
def test_what_is_rounded_down_obeys_the_rules(drawn: tuple[Block, Columns], data: st.DataObject) -> None:
    block, ways = drawn
    share = data.draw(st.sampled_from((0.4, 0.5, 1.0)))
    relaxed = share * np.array(list(every_plan(block, ways))).max(axis=0)
    assume(obeys(block, ways, relaxed, flags=False))
    whole = rounded_down(block, ways, relaxed)
    assert (whole == np.rint(whole)).all()
    assert (whole <= relaxed + 1e-6).all()
    assert obeys(block, ways, whole)


def test_one_source_is_the_one_that_gives_most() -> None:
    block = replace(plain([2, 3], [4]), single=np.array([True]))
    ways = columns([(0, 0, 1.0, 0, 0), (1, 0, 1.0, 9, 0)], {})
    assert completed(block, ways, np.zeros(2), "tier 1", None, NO_LIMIT).tolist() == [0, 3]
    assert completed(block, ways, reals([1, 0]), "tier 1", None, NO_LIMIT).tolist() == [2, 0]


def test_all_or_nothing_takes_back_what_it_cannot_finish() -> None:
    block = replace(plain([3], [4, 2], tier=[1, 1]), complete=np.array([True, False]))
    ways = columns([(0, 0, 1.0, 0, 0), (0, 1, 1.0, 9, 0)], {})
    assert completed(block, ways, np.zeros(2), "tier 1", None, NO_LIMIT).tolist() == [0, 2]


@pytest.mark.parametrize(("limit", "given"), [(0, [1, 1]), (1, [2, 0]), (2, [1, 1])])
def test_a_donation_goes_to_no_more_communities_than_it_may(limit: int, given: list[int]) -> None:
    block = replace(plain([2], [2, 1]), most_communities=ints([limit]))
    ways = columns([(0, 0, 1.0, 0, 0), (0, 1, 1.0, 0, 0)], {})
    relaxed = reals([1, 1])
    begun = reals([1, 0])
    # The second need is the better served of the two by the relaxation, so its turn is first.
    assert completed(block, ways, begun, "tier 1", relaxed, NO_LIMIT).tolist() == given


def test_those_served_best_by_the_relaxation_come_first_and_over_its_ways() -> None:
    block = plain([2, 2], [2, 2])
    ways = columns([(0, 0, 1.0, 1, 0), (0, 1, 1.0, 1, 0), (1, 1, 1.0, 5, 0)], {})
    assert completed(block, ways, np.zeros(3), "tier 1", reals([0, 0, 2]), NO_LIMIT).tolist() == [2, 0, 2]
    assert completed(block, ways, np.zeros(3), "tier 1", reals([0, 2, 0]), NO_LIMIT).tolist() == [0, 2, 0]


def test_under_total_cost_only_what_pays_is_added() -> None:
    block = replace(plain([9], [2, 2]), by_cost=True, unmet_cost=reals([3, 1]))
    ways = columns([(0, 0, 1.0, 2, 0), (0, 1, 1.0, 2, 0)], {})
    assert completed(block, ways, np.zeros(2), "cost", None, NO_LIMIT).tolist() == [2, 0]


def test_the_cheapest_column_is_used_first_be_it_for_what_no_budget_pays() -> None:
    block, ways = plain([1, 1], [1]), columns([(0, 0, 1.0, 5.0, 0.0), (1, 0, 1.0, 3.0, 4.0)], {})
    assert completed(block, ways, np.zeros(2), "tier 1", None, NO_LIMIT).tolist() == [1, 0]


def test_pairs_are_packed_over_their_cheapest_columns() -> None:
    ways = columns([(0, 1, 1.0, 3.0, 0.0), (0, 1, 1.0, 1.0, 0.0), (1, 0, 1.0, 2.0, 0.0)], {})
    packed = Packing(plain([1, 1], [1, 1])).pack(ways, ints([0, 1]), ints([1, 0]), reals([1, 1]))
    assert packed.tolist() == [1, 2]
