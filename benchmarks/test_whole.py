"""Whole things in small: never worse, tier by tier and then by cost, than the better of two simple rules."""

from __future__ import annotations

import pytest

import matchopt
from benchmarks.make import Size, tables, with_lots
from benchmarks.whole import RULES, reached


@pytest.mark.parametrize("seed", [1, 2])
def test_no_simple_rule_beats_a_plan(seed: int) -> None:
    frames = with_lots(tables(Size(260, 26, 8, 2, 2), seed), seed)
    case = matchopt.Case.from_frames(**frames)
    plan = matchopt.plan(case, time_limit=3)
    assert matchopt.verify(case, plan) == ()
    best = max((*served.values(), -cost) for served, cost in (reached(case, rule) for rule in RULES.values()))
    assert (*plan.served_by_tier.values(), -plan.logistics_cost) >= best
