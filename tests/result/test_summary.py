"""The summary: what is proven, by what, and how far a plan may be from it."""

from typing import Any

import pandas as pd
import pytest

import matchopt


def case(
    quantity: int = 3, lot: int = 2, policy: dict[str, Any] | None = None, **need: object
) -> matchopt.Case:
    """One need and one donation of lots, in a community of its own."""
    return matchopt.Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": ["n"], "community": ["A"], "item": ["rice"], "quantity": [quantity]}
            | {name: [value] for name, value in need.items()}
        ),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [4], "lot_size": [lot]}),
        communities=pd.DataFrame({"community": ["A"], "population": [10]}),
        settings={"policy": policy or {}},
    )


def test_what_prices_prove_and_what_a_search_proves_are_told_apart() -> None:
    summary = matchopt.plan(case()).summary
    assert summary["relaxation"]["served_by_tier"] == {"5": 3}
    assert summary["bound"]["served_by_tier"] == summary["served_by_tier"] == {"5": 2}
    assert (summary["proof"], summary["gap"], summary["status"]) == ("search", 0, "optimal")
    even = matchopt.plan(case(lot=3)).summary
    assert even["bound"] == even["relaxation"]
    assert even["proof"] == "prices"


def test_a_search_that_only_fairness_needed_is_told() -> None:
    # Serving costs more than it is worth, so that only the floor asks for it: 2 of 3.
    plan = matchopt.plan(case(policy={"fairness": "floor", "objective": "total-cost"}, unmet_cost=0.0))
    assert plan.summary["fairness"]["relaxation"] == 1
    assert plan.summary["fairness"]["bound"] == pytest.approx(2 / 3)
    assert plan.summary["bound"] == plan.summary["relaxation"]
    assert plan.summary["proof"] == "search"


def test_under_total_cost_no_tier_is_bounded() -> None:
    summary = matchopt.plan(case(policy={"objective": "total-cost"})).summary
    assert set(summary["bound"]) == set(summary["relaxation"]) == {"cost"}
    assert summary["bound"]["cost"] == summary["logistics_cost"] + summary["cost"]["unmet"]


def test_the_gap_of_a_plan_cut_short_is_what_is_missed_of_the_bound() -> None:
    plan = matchopt.plan(case(), time_limit=1e-9)
    missed = plan.summary["bound"]["served_by_tier"]["5"] - plan.served
    assert (plan.status, plan.summary["stopped"]) == ("feasible", "time_limit")
    assert plan.gap == missed / plan.summary["bound"]["served_by_tier"]["5"]


def test_without_fairness_or_budget_there_is_nothing_to_tell_of_them() -> None:
    summary = matchopt.plan(case()).summary
    assert summary["fairness"] is None
    assert summary["budget"] is None
    assert summary["stopped"] == ""


@pytest.mark.parametrize("cost", [0.0041, 0.0017, 0.0393, 0.2, 0.33])
def test_the_least_cost_of_the_relaxation_is_not_rounded_up(cost: float) -> None:
    """Three units at the cheaper donor's cost, though it gives two or four only."""
    of = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["A"], "item": ["rice"], "quantity": [3]}),
        donations=pd.DataFrame(
            {
                "donation_id": ["d", "e"],
                "item": ["rice"] * 2,
                "quantity": [6, 4],
                "lot_size": [2, 1],
                "origin": ["F", "G"],
            }
        ),
        lanes=pd.DataFrame({"from_place": ["F", "G"], "to_place": ["A"] * 2, "cost_per_kg": [cost, 5]}),
        settings={"rates": {"handling_direct": 0.0}},
    )
    summary = matchopt.plan(of).summary
    assert summary["bound"]["cost"] == summary["logistics_cost"] == pytest.approx(2 * cost + 5)
    assert summary["relaxation"]["cost"] == round(3 * cost, 4)
