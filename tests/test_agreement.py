"""Random small cases: the plan against the oracle, and the oracle against plain enumeration."""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings

import matchopt
from comparison import check_agreement
from oracle import solve
from oracle.enumeration import best_key
from strategies import SmallCase, small_cases

EXAMPLES = 250
PARTS = {
    "larger": small_cases(most_donations=12, most_needs=12),
    "borders": small_cases(always=("communities", "agreements", "boundary")),
    "days": small_cases(always=("days", "hubs", "lanes", "lead times")),
    "total cost": small_cases(always=("total cost", "unmet costs")),
    "any 1": small_cases(),
    "any 2": small_cases(),
    "any 3": small_cases(),
    "any 4": small_cases(),
}


@pytest.mark.parametrize("part", PARTS)
def test_random_small_cases_agree_with_the_oracle(part: str) -> None:
    """2 000 cases: served per tier, cost, routes, days, reasons and proof; in parts, for several workers."""

    @seed(list(PARTS).index(part))
    @settings(max_examples=EXAMPLES)
    @given(PARTS[part])
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


def test_half_units_of_money_are_rounded_once() -> None:
    """Three lines of half a unit at 0.0001: 0.00015 in all, though each line shows 0.0000."""
    needs = [{"need_id": f"n{k}", "community": "C1", "item": "rice", "quantity": 0.5} for k in range(3)]
    donations = [{"donation_id": f"d{k}", "item": "rice", "quantity": 0.5} for k in range(3)]
    tables = {"needs": needs, "donations": donations, "items": [{"item": "rice", "step": 0.5}]}
    small = SmallCase(tables, {"rates": {"handling_direct": 0.0001}})
    plan = matchopt.plan(small.case())
    assert plan.logistics_cost == plan.cost["handling"] == 0.0002
    check_agreement(small.rules(), solve(small.rules()), plan)
