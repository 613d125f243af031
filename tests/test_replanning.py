"""Random small cases that an earlier plan has led to something in, against an integer program of its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from comparison import check_whole
from matchopt.solve import stages
from oracle import solve
from profiles import examples
from replanned import replanned_cases
from small_case import SmallCase

PARTS: dict[str, dict[str, Any]] = {
    "plain": {"plain": True},
    "days": {"always": ("days", "hubs", "lanes", "lead times"), "plain": True},
    "capacities": {"always": ("capacities",), "plain": True},
    "whole": {"always": ("big lots", "single source", "all or nothing", "few communities"), "plain": True},
    "ratios": {"always": ("ratios", "funds", "odd steps"), "plain": True},
    "fairness": {"always": ("fairness",), "plain": True},
    "budget": {"always": ("budget",), "plain": True},
    "total cost": {"always": ("total cost", "unmet costs")},
    "all": {},
}


def check(small: SmallCase) -> None:
    """A case is planned as the integer program says, or as far as the plan claims to be."""
    rules = small.rules()
    check_whole(rules, solve(rules), matchopt.plan(small.case()))


@pytest.mark.parametrize("part", PARTS)
@examples(0.12)
@given(data=st.data())
def test_what_is_planned_around_commitments_agrees_with_the_integer_program(
    part: str, data: st.DataObject
) -> None:
    """Pins, churn cost, promises kept, lines, sums, reasons, bound and proof."""
    check(data.draw(replanned_cases(**PARTS[part])))


@pytest.mark.parametrize("part", ["plain", "days", "total cost"])
@examples(0.1)
@given(data=st.data())
def test_what_is_mended_without_a_search_is_sound_and_within_what_is_proven(
    part: str, data: st.DataObject
) -> None:
    """As large cases are."""
    small = data.draw(replanned_cases(**PARTS[part]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "FEW_PAIRS", 0)
        check(small)
