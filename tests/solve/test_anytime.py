"""Local search for whole plans: within the rules, never worse than its start, and as good as any there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matchopt.solve.anytime import CHEAPEST, LARGEST, LocalSearch
from matchopt.solve.block import Block, Columns, PricedObjective
from matchopt.solve.search import Deadline
from matchopt.solve.simple_rules import LARGEST_LOTS, NEAREST, followed
from profiles import examples
from solve.blocks import Listed, blocks, columns, every_plan, ints, obeys, plain, reals


def search(block: Block, ways: Columns) -> LocalSearch:
    none = np.zeros(len(block.demand)), np.zeros(len(block.supply)), np.zeros(len(block.capacity))
    return LocalSearch(block, ways, PricedObjective(*none, 1.0, 1.0))


def key(block: Block, ways: Columns, amount: np.ndarray) -> tuple[float, ...]:
    values = block.reached(ways, amount).value
    return tuple(round(values[stage], 6) for stage in block.stages)


@examples(1)
@given(blocks(), st.data())
def test_search_keeps_the_rules_and_never_gets_worse(
    drawn: tuple[Block, Columns], data: st.DataObject
) -> None:
    block, ways = drawn
    block = replace(block, fairness="none", promises=plain([1], [1]).promises)
    plans = list(every_plan(block, ways))
    begun = plans[data.draw(st.integers(0, len(plans) - 1))]
    local = search(block, ways)
    rule = data.draw(st.sampled_from((None, CHEAPEST, LARGEST)))
    standing = local.built(begun, rule)
    before = key(block, ways, standing.columns["amount"])
    assert obeys(block, ways, standing.columns["amount"])
    local.improve(standing, Deadline(None))
    amount = standing.columns["amount"]
    assert (amount == np.rint(amount)).all()
    assert obeys(block, ways, amount)
    assert key(block, ways, amount) >= before
    value = block.reached(ways, amount).value
    kept = [value[stage] for stage in block.stages]
    assert np.allclose(standing.reached, kept, atol=1e-6)


def lots() -> tuple[Block, Columns]:
    """Lots of 7 and 5, and single units: 12 has to be full, and 7 + 5 leaves the units to others."""
    block = replace(
        plain([1, 1, 4], [12, 4, 3], tier=[1, 1, 2]),
        granule=reals([7, 5, 1]),
        complete=np.array([1, 0, 0]) > 0,
    )
    ways = [(0, 0, 7.0, 1.0, 0.0), (1, 0, 5.0, 1.0, 0.0), (2, 0, 1.0, 0.1, 0.0), (1, 1, 5.0, 0.5, 0.0)]
    ways += [(2, 1, 1.0, 0.3, 0.0), (2, 2, 1.0, 0.1, 0.0), (0, 2, 7.0, 0.1, 0.0)]
    return block, columns(ways, {})


def test_search_fills_exactly_and_leaves_single_units_to_others() -> None:
    block, ways = lots()
    local = search(block, ways)
    standing = local.built(np.zeros(len(ways)))
    local.improve(standing, Deadline(None))
    assert standing.reached[0] == 16
    best = max(key(block, ways, amount) for amount in every_plan(block, ways))
    assert key(block, ways, standing.columns["amount"]) == best


def test_rules_give_the_largest_lots_and_the_nearest_first() -> None:
    block, ways = lots()
    source = Listed(ways)
    none = np.zeros(3), np.zeros(3), np.zeros(0)
    plain_costs = PricedObjective(*none, 1.0, 1.0)
    tail, head, granules = followed(block, source.subproblems(plain_costs), LARGEST_LOTS)
    assert sorted(zip(tail.tolist(), head.tolist(), granules.tolist(), strict=True)) == [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (2, 1, 4.0),
    ]
    tail, head, granules = followed(block, source.subproblems(plain_costs), NEAREST)
    # Four units go first, and then neither lots nor what is left of the units fill what has to be full.
    assert (2, 1, 4.0) in zip(tail.tolist(), head.tolist(), granules.tolist(), strict=True)


def test_a_donation_for_one_community_goes_to_the_nearest_that_takes_it_all() -> None:
    """Two communities are nearer, but take less of it."""
    block = replace(plain([6], [2, 9, 9]), community=ints([0, 1, 2]), most_communities=ints([1]))
    ways = columns([(0, 0, 1.0, 1.0, 0.0), (0, 1, 1.0, 3.0, 0.0), (0, 2, 1.0, 2.0, 0.0)], {})
    none = np.zeros(3), np.zeros(1), np.zeros(0)
    given_to = followed(block, Listed(ways).subproblems(PricedObjective(*none, 1.0, 1.0)), NEAREST)
    assert [side.tolist() for side in given_to] == [[0], [2], [6.0]]
    standing = search(block, ways).built(np.zeros(3), CHEAPEST)
    assert standing.columns["amount"].tolist() == [0, 0, 6]
