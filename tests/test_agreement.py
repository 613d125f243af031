"""Random small cases: the plan against the oracle, and the oracle against plain enumeration."""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings

import matchopt
from comparison import check_agreement
from oracle import solve
from oracle.enumeration import best_key
from strategies import SmallCase, small_cases

PARTS = 8
EXAMPLES = 2000


@pytest.mark.parametrize("part", range(PARTS))
def test_random_small_cases_agree_with_the_oracle(part: int) -> None:
    """Served per tier, cost, routes, days, reasons and proof; in parts, the first with larger cases."""

    @seed(part)
    @settings(max_examples=EXAMPLES // PARTS)
    @given(small_cases() if part else small_cases(most_donations=12, most_needs=12))
    def agree(small: SmallCase) -> None:
        rules = small.rules()
        check_agreement(rules, solve(rules), matchopt.plan(small.case()))

    agree()


@seed(2026)
@settings(max_examples=300)
@given(small_cases(most_donations=3, most_needs=3, most_steps=3))
def test_the_oracle_agrees_with_trying_every_plan(small: SmallCase) -> None:
    rules = small.rules()
    optimum = solve(rules)
    if rules.objective == "total-cost":
        expected: tuple[object, ...] = (optimum.logistics + optimum.unmet,)
    else:
        expected = (*(-served for served in optimum.served_by_tier.values()), optimum.logistics)
    assert best_key(rules) == expected
