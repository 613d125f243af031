"""The tables of a plan where units are not whole: ratios, purchases, and what they add up to."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

import matchopt

MONEY = {"item": ["rice", "cash"], "kind": ["goods", "funds"], "purchase_price": [3, None]}


def case(
    needs: Sequence[tuple[float, dict[str, Any]]],
    gifts: Sequence[tuple[str, float, dict[str, Any]]],
    items: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **tables: Any,
) -> matchopt.Case:
    """Return a case of needs (quantity, more) of rice and donations (item, quantity, more)."""
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    if items is not None:
        frames["items"] = pd.DataFrame(items)
    return matchopt.Case.from_frames(
        needs=pd.DataFrame(
            [
                {"need_id": f"n{k}", "community": "A", "item": "rice", "quantity": q} | more
                for k, (q, more) in enumerate(needs)
            ]
        ),
        donations=pd.DataFrame(
            [
                {"donation_id": f"d{k}", "item": item, "quantity": q} | more
                for k, (item, q, more) in enumerate(gifts)
            ]
        ),
        settings=settings,
        **frames,
    )


def checked(of: matchopt.Case) -> matchopt.Plan:
    plan = matchopt.plan(of)
    assert plan.status == "optimal"
    assert matchopt.verify(of, plan) == ()
    return plan


def test_money_buys_whole_steps_and_the_rest_of_it_stays() -> None:
    plan = checked(case([(5, {})], [("cash", 10, {"donor": "Ann"})], MONEY))
    (line,) = plan.allocations.to_dict("records")
    assert (line["donated_quantity"], line["served_quantity"]) == (9, 3)
    assert (line["other_cost"], line["total_cost"], line["hub"]) == (9, 9, "")
    assert plan.served == plan.needs["served"].item() == 3
    assert plan.needs["unmet"].item() == 2
    (bought,) = plan.purchases.drop(columns="delivery_day").to_dict("records")
    assert bought == {
        "item": "rice",
        "community": "A",
        "quantity": 3,
        "unit_price": 3,
        "amount": 9,
        "donation_id": "d0",
        "donor": "Ann",
        "need_id": "n0",
    }


def test_thirds_that_make_a_whole_serve_it_in_full() -> None:
    # 3 times 5 currency units at 3 each are 5 rice.
    plan = checked(case([(5, {})], [("cash", 5, {}), ("cash", 5, {}), ("cash", 5, {})], MONEY))
    assert plan.needs["served"].item() == 5
    assert plan.needs["reason"].item() == ""
    assert plan.cost["purchase"] == plan.logistics_cost == 15


def test_money_buys_only_what_is_short_of_goods() -> None:
    plan = checked(case([(5, {})], [("cash", 100, {}), ("rice", 3, {})], MONEY))
    assert plan.needs["served"].item() == 5
    assert plan.cost["purchase"] == 6
    assert plan.donations["left_over"].tolist() == [94, 0]
    assert plan.donations["reason"].tolist() == ["demand_met", ""]


def test_money_that_is_asked_for_itself_buys_nothing() -> None:
    of = case([(5, {"item": "cash"})], [("cash", 7, {})], MONEY)
    plan = checked(of)
    assert plan.served == 5
    assert plan.logistics_cost == 0
    assert len(plan.purchases) == 0


def test_a_row_of_substitutions_that_names_a_fund_is_no_purchase() -> None:
    joined = {"need_item": ["rice"], "donated_item": ["cash"], "ratio": [0.5], "penalty": [0.1]}
    plan = checked(case([(5, {})], [("cash", 4, {})], MONEY, substitutions=joined))
    assert plan.served == 2
    assert (plan.cost["purchase"], plan.cost["penalty"]) == (0, 0.4)
    assert plan.purchases.empty


def test_purchases_are_sorted_by_what_and_where_and_when() -> None:
    items = {
        "item": ["rice", "oil", "cash"],
        "kind": ["goods", "goods", "funds"],
        "purchase_price": [1, 1, None],
    }
    needs = [
        (1, {"community": "B", "needed_from": "2026-03-01"}),
        (1, {"community": "A", "needed_from": "2026-03-02"}),
        (1, {"community": "A", "needed_from": "2026-03-01"}),
        (1, {"community": "A", "needed_from": "2026-03-01", "item": "oil"}),
    ]
    plan = checked(case(needs, [("cash", 2, {}), ("cash", 2, {})], items))
    assert plan.purchases["need_id"].tolist() == ["n3", "n2", "n1", "n0"]
    assert plan.purchases["delivery_day"].dt.day.tolist() == [1, 1, 2, 1]


def test_a_ratio_serves_more_or_less_than_is_given() -> None:
    for ratio, given, served in ((2.0, 2, 4), (0.5, 6, 3), (0.3, 6, 1.8), (1.5, 3, 4.5)):
        joined = {"need_item": ["rice"], "donated_item": ["flour"], "ratio": [ratio]}
        plan = checked(case([(5, {})], [("flour", 6, {})], substitutions=joined))
        assert plan.allocations["donated_quantity"].sum() == given
        assert plan.served == served


@pytest.mark.parametrize("budget", [2.5, 2.45, 0.05])
def test_a_budget_leaves_purchases_aside(budget: float) -> None:
    # Rice costs 0.1 of handling a unit and nothing to find; what money buys costs no logistics.
    of = case(
        [(100, {})], [("rice", 50, {}), ("cash", 30, {})], MONEY, settings={"policy": {"budget": budget}}
    )
    plan = checked(of)
    rice = int(round(budget / 0.1, 6))
    assert plan.served == rice + 10
    assert plan.summary["budget"]["used"] == pytest.approx(rice * 0.1)
    assert plan.summary["budget"]["limit"] == budget
    assert plan.summary["budget"]["one_more"] == {"5": 10}
    assert plan.donations["reason"].tolist() == ["budget", ""]
    assert plan.needs["reason"].tolist() == ["budget"]


def test_sums_of_thirds_are_rounded_once() -> None:
    # Two thirds of each of five are served: 3.333333 in all, though five times 0.666667 is 3.333335.
    joined = {"need_item": ["rice"], "donated_item": ["flour"], "ratio": [2 / 3]}
    plan = checked(case([(1, {})] * 5, [("flour", 1, {})] * 5, substitutions=joined))
    assert plan.needs["served"].tolist() == [0.666667] * 5
    assert plan.served == plan.summary["bound"]["served_by_tier"]["5"] == 3.333333
    assert plan.summary["unmet"] == 1.666667
    assert plan.cost["unmet"] == 1666.6667


@pytest.mark.parametrize("count", [0, 1, 9, 12])
def test_lines_are_numbered_from_one_in_names_of_one_length(count: int) -> None:
    plan = checked(case([(2, {}) for _ in range(count)] or [(1, {})], [("rice", 2 * count or 1, {})]))
    ids = plan.allocations["allocation_id"].tolist()
    assert ids == [f"A{number:04d}" for number in range(1, max(count, 1) + 1)]


@pytest.mark.parametrize(
    "exclusions",
    [
        {"item": ["rice"]},
        {"group": ["old", "ill"]},
        {"community": ["A"], "group": ["old"]},
        {"item": ["rice", ""], "group": ["ill", "old"], "community": ["", "A"]},
        {"item": ["tea"], "community": ["A"]},
    ],
)
def test_an_exclusion_names_the_needs_that_have_all_it_gives(exclusions: dict[str, list[str]]) -> None:
    needs = [(1, {"group": group, "community": place}) for group in ("old", "ill", "") for place in "AB"]
    plan = matchopt.plan(case(needs, [("rice", 9, {})], exclusions=exclusions))
    rules = pd.DataFrame(exclusions).to_dict("records")
    rows: list[dict[Any, str]] = [{"item": "rice", **more} for _, more in needs]
    named = [any(all(row[k] == v for k, v in rule.items() if v) for rule in rules) for row in rows]
    assert (plan.needs["reason"] == "excluded").tolist() == named


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
@pytest.mark.parametrize("rated", ["substitute", "poor fit"])
@pytest.mark.parametrize(("budget", "served", "reason"), [(0.5, 5, ""), (0.3, 3, "budget")])
def test_no_budget_counts_what_is_rated(
    objective: str, rated: str, budget: float, served: int, reason: str
) -> None:
    """A unit costs 0.1 to hand over; what a substitute or a poor fit counts as is never spent."""
    policy = {"objective": objective, "budget": budget, "affinity_weight": 0.25}
    settings = {"policy": policy, "rates": {"handling_direct": 0.1, "unmet_cost": 9.0}}
    if rated == "substitute":
        joined = {"need_item": ["rice"], "donated_item": ["flour"], "penalty": [0.25]}
        of = case([(5, {})], [("flour", 5, {})], settings=settings, substitutions=joined)
    else:
        fit = {"donation_id": ["d0"], "need_id": ["n0"], "score": [0.0]}
        of = case([(5, {})], [("rice", 5, {})], settings=settings, affinities=fit)
    plan = checked(of)
    assert plan.served == served
    assert plan.summary["budget"]["used"] == budget
    assert plan.cost["penalty"] == served * 0.25
    assert plan.needs["reason"].tolist() == [reason]


def test_what_is_rated_is_rounded_by_itself() -> None:
    """0.00006 to hand over and 0.00005 for a substitute are 0.0001 together: all is spent, none rated."""
    joined = {"need_item": ["rice"], "donated_item": ["flour"], "penalty": [0.00005]}
    settings = {"rates": {"handling_direct": 0.00006}, "policy": {"budget": 0.0002}}
    plan = checked(case([(5, {})], [("flour", 5, {})], settings=settings, substitutions=joined))
    assert plan.served == 2
    assert (plan.cost["handling"], plan.cost["penalty"]) == (0.0002, 0.0)
