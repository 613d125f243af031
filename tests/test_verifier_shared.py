"""The verifier on rules beyond single pairs: capacities, lots, ratios, budget, fairness, funds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import matchopt
import verifier_shared_cases as hand
from matchopt import Case, Plan, verify
from small_case import SmallCase
from verifier_cases import Row, case_of, line, plan_of, price
from verifier_shared_cases import GIFT, NEED

PLANS: dict[str, Callable[[], Plan]] = {
    "ratio": hand.ratio,
    "lot": hand.lot,
    "budget": hand.budget,
    "throughput": hand.throughput,
    "storage": hand.storage,
    "lanes": hand.lanes,
    "agreement": hand.agreement,
    "floor": hand.floor,
    "leximin": lambda: hand.floor("leximin"),
    "share": hand.share,
    "funds": hand.funds,
}


def codes(plan: Plan, case: Case | None = None) -> set[str]:
    return {violation.code for violation in verify(plan.case if case is None else case, plan)}


def told(plan: Plan, **entries: Any) -> Plan:
    """Return the plan with other entries in its summary."""
    return replace(plan, summary={**plan.summary, **entries})


@pytest.mark.parametrize("name", PLANS)
def test_plans_worked_by_hand(name: str) -> None:
    plan = PLANS[name]()
    assert verify(plan.case, plan) == ()


@pytest.mark.parametrize("name", PLANS)
def test_every_price_carries_its_part_of_the_proof(name: str) -> None:
    """At half of it, or without it, the prices prove less than the plan claims.

    All but those of needs: what a need's price falls short of counts all the same.
    """
    plan = PLANS[name]()
    for row in plan.prices.index[(plan.prices.price > 0) & (plan.prices.side != "need")]:
        for factor in (0.5, 0.0):
            value = plan.prices.price.where(plan.prices.index != row, plan.prices.price * factor)
            assert codes(replace(plan, prices=plan.prices.assign(price=value))) >= {"not_proven"}, row


@pytest.mark.parametrize("name", PLANS)
def test_claims_beyond_the_proof(name: str) -> None:
    plan = PLANS[name]()
    relaxation = dict(plan.summary["relaxation"])
    better = {**relaxation, "cost": relaxation["cost"] + 0.001}
    assert codes(told(plan, relaxation=better)) >= {"not_proven"}
    assert codes(told(plan, bound={**relaxation, "cost": relaxation["cost"] + 0.001})) >= {"bound"}
    assert codes(told(plan, bound={**relaxation, "cost": relaxation["cost"] - 0.01})) >= {"bound", "gap"}
    for tier, most in relaxation.get("served_by_tier", {}).items():
        less = {**relaxation, "served_by_tier": {**relaxation["served_by_tier"], tier: most - 0.001}}
        assert codes(told(plan, relaxation=less)) >= {"not_proven"}


def test_no_prices_prove_less_than_a_cost_of_nothing() -> None:
    """A price of 1 a unit of need, and none for what is to be reached, would prove −7."""
    plan = PLANS["ratio"]()
    in_cost = plan.prices.stage == "cost"
    price = plan.prices.price.mask(in_cost & (plan.prices.side == "reached"), 0.0)
    price = price.mask(in_cost & (plan.prices.side == "need"), 1.0)
    plan = replace(plan, prices=plan.prices.assign(price=price))
    relaxation = dict(plan.summary["relaxation"])
    assert verify(plan.case, told(plan, relaxation={**relaxation, "cost": 0.0})) == ()
    assert codes(told(plan, relaxation={**relaxation, "cost": 0.001})) == {"not_proven"}


@pytest.mark.parametrize(
    ("name", "key", "values", "code"),
    [
        ("lot", "proof", ("prices", "", None, 1), "summary"),
        ("budget", "proof", ("search", "", None), "summary"),
        ("budget", "stopped", (None, "yes", 0), "summary"),
        ("budget", "fairness", ({}, "none", 0), "summary"),
        ("budget", "budget", (None, 0.7, {}), ""),
        ("floor", "budget", ({}, 0), "summary"),
        ("floor", "fairness", (None, 0.5, {}), ""),
        ("floor", "gap", (0.5, -1, None), "gap"),
        ("floor", "status", ("feasible", "", None), "status"),
    ],
)
def test_entries_about_the_proof(name: str, key: str, values: tuple[Any, ...], code: str) -> None:
    plan = PLANS[name]()
    for value in values:
        assert codes(told(plan, **{key: value})) & ({code} if code else {"summary", "missing_key"})
    assert codes(told(plan, stopped="time_limit")) == set()


@pytest.mark.parametrize(
    ("name", "key", "entry", "value"),
    [
        ("budget", "budget", "limit", 0.8),
        ("budget", "budget", "used", 0.6),
        ("budget", "budget", "one_more", {"1": 0.0, "2": 3.4}),
        ("budget", "budget", "one_more", {"1": 0.0, "2": 10 / 3, "3": 0}),
        ("budget", "budget", "one_more", None),
        ("floor", "fairness", "rule", "leximin"),
        ("floor", "fairness", "floor", 0.6),
        ("floor", "fairness", "relaxation", 0.4),
        ("floor", "fairness", "relaxation", 0.6),
        ("budget", "relaxation", "cost", 0.1),
        ("floor", "fairness", "bound", 0.6),
        ("floor", "fairness", "cells", 2),
        ("floor", "fairness", "held_by", []),
        ("floor", "fairness", "held_by", [{"community": "C", "category": "rice"}]),
        ("share", "fairness", "held_by", []),
        ("leximin", "fairness", "cells", 3),
        ("share", "fairness", "shortfall", 1),
        ("share", "fairness", "bound", 1),
        ("share", "fairness", "relaxation", 1),
    ],
)
def test_figures_about_budget_and_fairness(name: str, key: str, entry: str, value: Any) -> None:
    plan = PLANS[name]()
    assert codes(told(plan, **{key: {**plan.summary[key], entry: value}}))


@pytest.mark.parametrize(
    ("name", "tables", "code"),
    [
        ("throughput", {"hubs": {"throughput_capacity": 3.5}}, "hub_throughput"),
        ("storage", {"hubs": {"storage_capacity": 2.5}}, "hub_storage"),
        ("storage", {"hubs": {"throughput_capacity": 3}}, "hub_throughput"),
        ("lanes", {"lanes": {"capacity_kg": 5.0}}, "lane_capacity"),
        ("agreement", {"agreements": {"max_quantity_kg": 2}}, "agreement_capacity"),
        ("lot", {"donations": {"lot_size": 3}}, "quantity"),
        ("floor", {"needs": {"single_source": True}}, ""),
        ("funds", {"needs": {"single_source": True}}, "single_source"),
        ("floor", {"needs": {"all_or_nothing": True}}, "all_or_nothing"),
        ("floor", {"donations": {"max_communities": 1}}, "max_communities"),
        ("floor", {"donations": {"max_communities": 2}}, ""),
        ("funds", {"items": {"step": 5}}, "quantity"),
        ("ratio", {"substitutions": {"ratio": 2.5}}, "served"),
        ("ratio", {"substitutions": {"ratio": 2.5}}, "overserved"),
    ],
)
def test_a_rule_that_the_plan_does_not_know_of(name: str, tables: Mapping[str, Row], code: str) -> None:
    plan = PLANS[name]()
    changed: dict[str, Any] = {
        table: plan.case.tables[table].assign(**cells) for table, cells in tables.items()
    }
    found = codes(plan, plan.case.replace(**changed))
    assert code in found if code else found == set()


def test_a_smaller_budget_is_overdrawn() -> None:
    plan = hand.budget()
    assert "budget" in codes(plan, plan.case.replace(settings={"policy": {"budget": 0.69}}))


def test_with_shared_capacities_any_way_and_day_will_do_at_its_own_cost() -> None:
    """Arriving a day early is open to the plan, and costs a day of storage."""
    plan = hand.throughput()
    early = pd.Timestamp("2026-03-01")
    late = plan.allocations.assign(
        pickup_day=[early, *plan.allocations.pickup_day[1:]],
        arrival_day=[early, *plan.allocations.arrival_day[1:]],
    )
    assert codes(replace(plan, allocations=late)) >= {"days"}  # directly it is not on the way for a day
    cheap = plan.allocations.assign(storage_cost=0.0, total_cost=[2.2, 0.8, 0.8])
    assert codes(replace(plan, allocations=cheap)) >= {"cost"}
    closed = plan.case.replace(hubs=plan.case.tables["hubs"].assign(throughput_capacity=float("nan")))
    assert codes(plan, closed) >= {"route", "days"}  # without capacities there is one best way


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"block": 2}, "block"),
        ({"block": 1.5}, "block"),
        ({"block": 0}, "block"),
        ({"stage": "tier 2"}, "stage"),
        ({"stage": ""}, "stage"),
        ({"level": 1}, "level"),
        ({"price": -0.1}, "price"),
        ({"price": 1e300}, "price"),
        ({"side": "hub"}, "unknown_id"),
        ({"side": "storage"}, "unknown_id"),
        ({"id": "G"}, "unknown_id"),
        ({"to": "C"}, "unknown_id"),
        ({"day": pd.Timestamp("2026-03-03")}, "unknown_id"),
        ({"day": pd.NaT}, "unknown_id"),
        ({"day": pd.Timestamp("2026-03-02")}, "duplicate_row"),
    ],
)
def test_a_price_of_a_capacity(row: Row, code: str) -> None:
    plan = hand.throughput()
    prices = plan.prices.copy()
    at = prices.index[(prices.side == "throughput")][0]
    for column, value in row.items():
        cells = prices[column].astype(object if isinstance(value, str) else prices[column].dtype)
        cells = cells.astype(float) if isinstance(value, float) else cells
        cells[at] = value
        prices[column] = cells
    assert code in codes(replace(plan, prices=prices))


@pytest.mark.parametrize(
    ("name", "extra", "code"),
    [
        ("lanes", price("cost", "lane", "H", 1, to="C"), "unknown_id"),  # it has no limit
        ("lanes", price("cost", "lane", "C", 1, to="D"), "unknown_id"),
        ("lanes", price("cost", "agreement", "A", 1, to="B"), "unknown_id"),
        ("lanes", price("cost", "budget", "", 1), "unknown_id"),
        ("lanes", price("cost", "reached", "cost", 1), "unknown_id"),
        ("lanes", price("tier 5", "reached", "tier 5", 1), "unknown_id"),
        ("floor", price("cost", "reached", "floor", 1), "unknown_id"),
        ("floor", price("cost", "fair", "C", 1, to="tea"), "unknown_id"),
        ("floor", price("cost", "fair", "C", 1, to="rice", block=2), "block"),
        ("floor", price("floor", "need", "n", 1, block=2), "block"),
        ("floor", price("cost", "need", "n", 0), "duplicate_row"),
    ],
)
def test_prices_of_what_there_is_not(name: str, extra: Row, code: str) -> None:
    plan = PLANS[name]()
    prices = pd.concat([plan.prices, pd.DataFrame([extra])], ignore_index=True)
    assert code in codes(replace(plan, prices=prices.astype({"day": "datetime64[s]"})))


def test_blocks_that_pairs_join_prove_nothing() -> None:
    plan = hand.floor()
    other = (plan.prices.side == "need") & (plan.prices.id == "m")
    assert "proof" in codes(replace(plan, prices=plan.prices.assign(block=plan.prices.block + other)))
    alone = (plan.prices.side == "donation") & (plan.prices.stage == "cost")
    rest = plan.prices[~(plan.prices.side == "donation") | alone].copy()
    mine = rest.side == "donation"
    rest = rest.assign(
        block=rest.block.where(~mine, 0), stage=rest.stage.where(~mine, ""), level=rest.level.where(~mine, 10)
    )
    assert "proof" in codes(replace(plan, prices=rest))


def test_block_0_is_for_ratio_1_and_whole_steps_only() -> None:
    for plan in (hand.ratio(), hand.lot(item="tea")):
        plain = plan_of(
            plan.case,
            [],
            needs={"n": "integrality"},
            donations={"d": "integrality"},
            prices={"n": (5, 0), "d": (5, 0.1)},
            kinds={"unmet": 7000.0},
        )
        assert ("proof" in codes(plain)) == (plan.case.donations.item[0] == "flour")


def test_quantities_off_the_step_leave_a_rest() -> None:
    """7 asked and 9 given in steps of 2: 6 can be served, 8 could be given."""
    case = case_of(
        items=[{"item": "rice", "step": 2}],
        needs=[NEED | {"quantity": 7}],
        donations=[GIFT | {"quantity": 9}],
    )
    total = case.replace(settings={"policy": {"objective": "total-cost"}, "rates": {"unmet_cost": 2.0}})
    for of, need, donation, unmet in (
        (case, (10, 0.1), (10, 0), 1000.0),
        (total, (0, 0.1), (0, 0), 2.0),
    ):
        plan = plan_of(
            of,
            [line("d", "n", 6, (0, 0.6, 0, 0))],
            needs={"n": "integrality"},
            donations={"d": "integrality"},
            prices={"n": need, "d": donation},
            kinds={"unmet": unmet},
        )
        assert verify(of, plan) == ()


@pytest.mark.parametrize(
    ("rows", "cost"),
    [
        ([{"donor": "X", "group": "old", "score": 0.5}], 0.4),
        ([{"donor": "X", "group": "old", "score": 0}, {"donor": "X", "need_id": "n", "score": 0.25}], 0.6),
        ([{"donor": "X", "need_id": "n", "score": 0}, {"donation_id": "d", "group": "old", "score": 1}], 0),
        (
            [
                {"donation_id": "d", "group": "old", "score": 0},
                {"donation_id": "d", "need_id": "n", "score": 0.75},
            ],
            0.2,
        ),
        ([{"donor": "Y", "need_id": "n", "score": 0}, {"donation_id": "e", "group": "old", "score": 0}], 0),
    ],
)
def test_affinities(rows: list[Row], cost: float) -> None:
    """The most specific row that names the pair counts, at 0.8 a unit that fits not at all."""
    case = case_of(
        {"policy": {"affinity_weight": 0.8}},
        needs=[NEED | {"group": "old"}],
        donations=[GIFT | {"donor": "X"}, GIFT | {"donation_id": "e", "donor": "Y", "item": "tea"}],
        affinities=rows,
    )
    plan = plan_of(
        case,
        [line("d", "n", 4, (0, 0.4, 0, 4 * cost))],
        needs={"n": ""},
        donations={"d": "", "e": "no_such_item"},
        prices={"n": (5, 0), "d": (5, 0.1 + cost), "e": (10, 0)},
        kinds={"penalty": 4 * cost},
    )
    assert verify(case, plan) == ()


def test_money_is_there_at_once_and_needs_no_road() -> None:
    """No lane leads from Z; what is asked in money itself is not bought."""
    case = case_of(
        items=[{"item": "money", "kind": "funds", "weight_kg": 5}, {"item": "rice", "purchase_price": 2}],
        needs=[NEED | {"item": "money"}, NEED | {"need_id": "r", "quantity": 1}],
        donations=[{"donation_id": "f", "item": "money", "quantity": 5, "origin": "Z"}],
        lanes=[{"from_place": "C", "to_place": "Z", "distance_km": 1, "capacity_kg": 0}],
    )
    plan = plan_of(
        case,
        [line("f", "n", 3, (0, 0, 0, 0)), line("f", "r", 2, (0, 0, 0, 2), served=1)],
        needs={"n": "outranked", "r": ""},
        donations={"f": ""},
        prices={},
        kinds={"purchase": 2.0, "unmet": 1000.0},
        shared=[
            price("tier 5", "donation", "f", 1),
            price("cost", "need", "n", 0),
            price("cost", "need", "r", 0),
            price("cost", "donation", "f", 0),
        ],
        purchases=[
            {
                "item": "rice",
                "community": "C",
                "delivery_day": pd.NaT,
                "quantity": 1.0,
                "unit_price": 2.0,
                "amount": 2.0,
                "donation_id": "f",
                "donor": "f",
                "need_id": "r",
            }
        ],
        claims={
            "relaxation": {"served_by_tier": {"5": 5}, "cost": 0.0},
            "bound": {"served_by_tier": {"5": 5}, "cost": 0.0},
            "gap": 0.2,
            "status": "feasible",
        },
    )
    assert verify(case, plan) == ()  # all 5 to n would serve 5, so that the plan has a gap, and says so
    assert codes(told(plan, gap=0.0, status="optimal")) >= {"gap"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("item", "oil"),
        ("community", "F"),
        ("quantity", 5.0),
        ("unit_price", 3.5),
        ("amount", 11.0),
        ("donation_id", "d"),
        ("donor", "Bob"),
        ("need_id", "r"),
        ("delivery_day", pd.Timestamp("2026-03-01")),
    ],
)
def test_the_shopping_list(column: str, value: Any) -> None:
    plan = hand.funds()
    row = 1 if column == "item" else 0
    cells = plan.purchases[column].copy()
    cells[row] = value
    assert codes(replace(plan, purchases=plan.purchases.assign(**{column: cells}))) == {"purchases"}
    assert codes(replace(plan, purchases=plan.purchases.iloc[:1])) == {"purchases"}
    assert codes(replace(plan, purchases=plan.purchases.iloc[::-1].reset_index(drop=True))) == {"purchases"}


def test_cells_go_by_the_categories_of_items() -> None:
    """Rice reaches both communities, flour nobody: in one category both count."""
    small = SmallCase(
        {
            "needs": [
                {"need_id": f"n{k}", "community": community, "item": item, "quantity": 4}
                for k, (community, item) in enumerate([("A", "rice"), ("A", "flour"), ("B", "flour")])
            ],
            "donations": [
                {"donation_id": "d0", "item": "rice", "quantity": 3},
                {"donation_id": "d1", "item": "flour", "quantity": 2},
            ],
            "items": [{"item": "rice", "category": "food"}, {"item": "flour", "category": "food"}],
            "communities": [{"community": "A"}, {"community": "B"}],
        },
        {"policy": {"fairness": "leximin"}},
    )
    case = small.case()
    made = matchopt.plan(case)
    assert made.summary["fairness"]["cells"] == 2
    assert verify(case, made) == ()


def test_whoever_has_been_declined_by_all_that_fit_is_told_from_who_fits_nobody() -> None:
    small = SmallCase(
        {
            "needs": [
                {"need_id": f"n{k}", "community": "A", "item": item, "quantity": 4}
                for k, item in enumerate(["flour", "rice", "milk"])
            ],
            "donations": [
                {"donation_id": "d0", "item": "rice", "quantity": 4},
                {"donation_id": "d1", "item": "milk", "quantity": 4},
            ],
            "commitments": [{"donation_id": "d1", "need_id": "n2", "quantity": 4, "status": "declined"}],
        }
    )
    case = small.case()
    made = matchopt.plan(case)
    assert made.donations["reason"].tolist() == ["", "declined"]
    assert verify(case, made) == ()
