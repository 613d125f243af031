"""Random small cases that an earlier plan has led to something in, against an integer program of its own."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, seed, settings

import matchopt
from comparison import check_whole
from matchopt.solve import stages
from oracle import solve
from replanned import replanned_cases
from small_case import SmallCase

EXAMPLES = int(os.environ.get("MATCHOPT_EXAMPLES", "50"))
PARTS = {
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


def agrees(part: str, number: int) -> None:
    """Random cases of a part are planned as the integer program says, or as far as they claim to be."""

    @seed(number)
    @settings(max_examples=EXAMPLES)
    @given(replanned_cases(**PARTS[part]))
    def check(small: SmallCase) -> None:
        rules = small.rules()
        check_whole(rules, solve(rules), matchopt.plan(small.case()))

    check()


@pytest.mark.parametrize("part", PARTS)
def test_what_is_planned_around_commitments_agrees_with_the_integer_program(part: str) -> None:
    """Pins, churn cost, promises kept, lines, sums, reasons, bound and proof."""
    agrees(part, 3000 + list(PARTS).index(part))


@pytest.mark.parametrize("part", ["plain", "days", "total cost"])
def test_what_is_mended_without_a_search_is_sound_and_within_what_is_proven(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As large cases are."""
    monkeypatch.setattr(stages, "FEW_PAIRS", 0)
    agrees(part, 3100)
