"""What the rules cannot tell apart is one node, whatever the tables say of it."""

from typing import Any

import pandas as pd
import pytest

import matchopt
from matchopt.model.network import encode

NEEDS = pd.DataFrame(
    {
        "need_id": ["n1", "n2", "n3", "n4", "n5", "n6"],
        "community": "a",
        "item": "rice",
        "quantity": 2,
        "min_quality": [1, 2, 3, 1, 1, 5],
        "group": ["", "", "disabled", "elderly", "children", ""],
    }
)
GIFTS = pd.DataFrame(
    {
        "donation_id": ["d1", "d2"],
        "item": "rice",
        "quantity": [4, 3],
        "quality": [3, 4],
        "only_groups": ["", "children;elderly"],
    }
)


def classes(**tables: Any) -> list[list[int]]:
    case = matchopt.Case.from_frames(needs=NEEDS, donations=GIFTS, **tables)
    network = encode(case)
    return sorted(
        network.needs.row[a:b].tolist()
        for a, b in zip(network.needs.start[:-1], network.needs.start[1:], strict=True)
    )


def test_needs_that_no_donation_tells_apart_are_one_class() -> None:
    # Nobody offers less than 3, and earmarks know the old and the young only together.
    assert classes() == [[0, 1, 2], [3, 4], [5]]


@pytest.mark.parametrize("group", ["elderly", "disabled"])
def test_affinities_tell_groups_apart(group: str) -> None:
    affinities = pd.DataFrame({"donation_id": ["d1"], "group": [group], "score": [0.5]})
    settings = {"policy": {"affinity_weight": 1.0}}
    assert classes(affinities=affinities, settings=settings) == [[0, 1], [2], [3], [4], [5]]


def test_a_quality_that_nobody_offers_is_the_reason() -> None:
    case = matchopt.Case.from_frames(needs=NEEDS, donations=GIFTS)
    plan = matchopt.plan(case)
    reasons = dict(zip(plan.needs["need_id"], plan.needs["reason"], strict=True))
    assert reasons["n6"] == "quality"
    assert plan.served == 7
    assert matchopt.verify(case, plan) == ()
