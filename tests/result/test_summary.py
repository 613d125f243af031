"""The summary: what is proven, by what, and how far a plan may be from it."""

import dataclasses
from typing import Any

import pandas as pd
import pytest

import matchopt
from matchopt.solve import stages


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


def test_no_bound_is_above_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lot of four fits neither three nor two; prices count it for both, and all of it where 2 are asked."""
    monkeypatch.setattr(stages, "ALL_COLUMNS", 0)
    monkeypatch.setattr(stages, "MIDDLE", 0)
    needs = {"need_id": ["m", "n"], "community": ["A"] * 2, "item": ["rice"] * 2, "quantity": [3, 2]}
    plan = matchopt.plan(
        matchopt.Case.from_frames(
            needs=pd.DataFrame(needs | {"priority": [1, 2]}),
            donations=pd.DataFrame(
                {"donation_id": ["d"], "item": ["rice"], "quantity": [4], "lot_size": [4]}
            ),
        )
    )
    assert plan.summary["bound"]["served_by_tier"] == {"1": 3, "2": 2}
    assert plan.summary["relaxation"]["served_by_tier"] == {"1": 3, "2": 2}
    assert matchopt.verify(plan.case, plan) == ()
    assert plan.gap == 1
    told = dict(plan.summary) | {"relaxation": {"served_by_tier": {"1": 3, "2": 4}, "cost": 0.0}}
    found = matchopt.verify(plan.case, dataclasses.replace(plan, summary=told))
    assert any("above what is asked" in one.message for one in found)


def test_a_gap_of_less_than_a_millionth_is_none_and_each_tier_has_its_own() -> None:
    """A lot of two misses one of three; beside a million of a later tier that is still a third."""
    for asked, gap in ((3, 1 / 3), (3_000_001, 0.0)):
        of = case(quantity=asked, lot=2)
        many = of.tables["donations"].assign(quantity=float(asked + 1))
        of = matchopt.Case.from_frames(
            needs=pd.concat(
                [of.needs, of.needs.assign(need_id="m", item="oil", quantity=9e6, priority=6)],
                ignore_index=True,
            ),
            donations=pd.concat(
                [many, many.assign(donation_id="o", item="oil", quantity=9e6, lot_size=1.0)],
                ignore_index=True,
            ),
        )
        plan = matchopt.plan(of)
        bound = dict(plan.summary["relaxation"])
        told = dict(plan.summary) | {"bound": bound, "proof": "prices", "gap": gap}
        told["status"] = "feasible" if gap else "optimal"
        assert plan.status == "optimal"
        assert matchopt.verify(of, dataclasses.replace(plan, summary=told)) == ()
        told["gap"] = gap / 2 + 0.1
        assert matchopt.verify(of, dataclasses.replace(plan, summary=told)) != ()


def test_costs_by_kind_add_up_to_the_total() -> None:
    """Half a unit at 0.0001 of each kind: each is shown rounded, and the largest takes the rest."""
    of = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["A"], "item": ["rice"], "quantity": [0.5]}),
        donations=pd.DataFrame(
            {"donation_id": ["d"], "item": ["rice"], "quantity": [0.5], "origin": ["A"], "community": ["A"]}
        ),
        items=pd.DataFrame({"item": ["rice"], "step": [0.5]}),
        lanes=pd.DataFrame({"from_place": ["A"], "to_place": ["A"], "cost_per_kg": [0.0001]}),
        settings={"rates": {"handling_direct": 0.0001, "identification": {"resident": 0.0001}}},
    )
    plan = matchopt.plan(of)
    kinds = [amount for kind, amount in plan.cost.items() if kind != "unmet"]
    assert plan.logistics_cost == round(sum(kinds), 4) == 0.0002
    assert matchopt.verify(of, plan) == ()
    told = dict(plan.summary) | {"cost": {**plan.cost, "handling": plan.cost["handling"] + 0.0001}}
    assert matchopt.verify(of, dataclasses.replace(plan, summary=told)) != ()


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
