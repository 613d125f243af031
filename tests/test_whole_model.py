"""Random small cases of the whole model: each plan against an integer program of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import matchopt
from comparison import check_whole
from oracle import solve
from profiles import examples
from small_case import Row
from strategies import WHOLE, SmallCase, small_cases

CASES: dict[str, SearchStrategy[SmallCase]] = {
    feature: small_cases(always=(feature,), plain=True) for feature in WHOLE
} | {"all mixed": small_cases()}
"""Of each feature, and of all of them mixed."""


@pytest.mark.parametrize("feature", CASES)
@examples(0.5)
@given(data=st.data())
def test_small_cases_agree_with_the_integer_program(feature: str, data: st.DataObject) -> None:
    """Objective, lines, sums, reasons, purchases, bound and proof.

    Without a time limit, cases this small are to be solved to the end.
    """
    small = data.draw(CASES[feature])
    rules = small.rules()
    plan = matchopt.plan(small.case())
    check_whole(rules, solve(rules), plan)
    assert (plan.summary["status"], plan.summary["stopped"]) == ("optimal", "")


@pytest.mark.parametrize("seconds", [1e-9, 0.01])
@examples(0.1)
@given(small=small_cases(always=("big lots", "odd steps", "single source", "all or nothing")))
def test_a_search_that_is_stopped_leaves_a_right_plan_and_a_true_bound(
    seconds: float, small: SmallCase
) -> None:
    """The optimum lies between plan and bound, however early the search ends."""
    rules = small.rules()
    check_whole(rules, solve(rules), matchopt.plan(small.case(), time_limit=seconds))


@pytest.mark.parametrize("blocks", [1, 4])
def test_what_prices_prove_of_the_cost_is_rounded_up_to_whole_money_in_each_block(blocks: int) -> None:
    """Prices prove half of 1/10 000 in each block, and no plan costs a half."""
    needs = [
        {"need_id": f"n{k}-{quantity}", "community": "C1", "item": f"rice {k}", "quantity": quantity}
        for k in range(blocks)
        for quantity in (1, 2, 3)
    ]
    donations = [
        {"donation_id": f"d{k}-{number}", "item": f"{item} {k}", "quantity": quantity}
        for k in range(blocks)
        for number, (item, quantity) in enumerate((("rice", 1), ("flour", 1), ("rice", 4)))
    ]
    substitutions = [
        {"need_item": f"rice {k}", "donated_item": f"flour {k}", "ratio": 2, "penalty": 0.0001}
        for k in range(blocks)
    ]
    tables: dict[str, list[Row]] = {"needs": needs, "donations": donations, "substitutions": substitutions}
    tables["hubs"] = [{"hub": "H2"}, {"hub": "H1"}, {"hub": "C1"}]
    small = SmallCase(tables, {"rates": {"transport_per_kg_km": 0.002, "hub_handling": 0}})
    rules = small.rules()
    plan = matchopt.plan(small.case())
    check_whole(rules, solve(rules), plan)
    assert plan.run["work"]["blocks"] == blocks
    assert plan.gap == 0


def test_a_plan_at_hand_does_not_end_the_search_for_a_better_one() -> None:
    """Serving n4 from the flour that cannot wait costs two nights of storage; from the other, nothing."""
    near = {"latitude": 31.0, "longitude": 121.3}
    needs = [{"need_id": f"n{k}", "community": "C1", "item": "rice", "quantity": 1} for k in (1, 2, 3)]
    needs.append(needs[0] | {"need_id": "n4", "quantity": 3, "needed_from": "2026-03-03"})
    donations = [
        {"donation_id": "d1", "item": "flour", "quantity": 1, "available_until": "2026-03-01"},
        {"donation_id": "d2", "item": "rice", "quantity": 1, **near},
        {"donation_id": "d3", "item": "rice", "quantity": 1},
        {"donation_id": "d4", "item": "rice", "quantity": 1, **near},
        {"donation_id": "d5", "item": "rice", "quantity": 1, **near},
        {"donation_id": "d6", "item": "flour", "quantity": 1, **near},
    ]
    tables: dict[str, list[Row]] = {
        "needs": needs,
        "donations": donations,
        "items": [{"item": "rice"}, {"item": "flour"}],
        "hubs": [{"hub": "H2"}, {"hub": "H1"}, {"hub": "C1", "handling_cost": 0}],
        "substitutions": [{"need_item": "rice", "donated_item": "flour", "ratio": 3}],
    }
    settings = {"rates": {"transport_per_kg_km": 0.002}, "policy": {"boundary": "open"}}
    plan = matchopt.plan(SmallCase(tables, settings).case())
    assert (plan.status, plan.logistics_cost) == ("optimal", 0)
