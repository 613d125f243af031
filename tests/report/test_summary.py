"""The summary: plain words, aligned columns, nothing that is not so."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

import handmade
from matchopt import Plan
from matchopt.report import words
from matchopt.report.summary import (
    budget,
    details,
    fairness,
    headline,
    plain_text,
    price_of_fairness,
    proof,
    renderable,
    tables,
    verified,
)
from matchopt.report.terminal import header, lines


def with_summary(**changes: Any) -> Plan:
    plan = handmade.plan()
    return replace(plan, summary={**plan.summary, "currency": "CNY", **changes})


def test_the_whole_summary_in_plain_text() -> None:
    assert (
        plain_text(with_summary())
        == """\
Of 2 needs 0 are served in full (0.0%), 1 in part and 1 not at all. What is planned: 12 kg of goods. \
CN¥1.20 is really spent.
Of 2 donations 1 are planned in full, 0 in part and 1 not. Days: 2026-03-01 to 2026-03-06.

Proven best: no plan serves more of a priority without serving less of a more urgent one, \
and none that serves as much costs less than CN¥1.20.

Served by priority (1 is most urgent)
  priority  asked  served  share
  1            20      12  60.0%
  5             5       0   0.0%

Served by who stated the need
  channel    asked  served  share
  residents     25      12  48.0%

What it costs
  kind of cost   CNY   share
  handling      1.20  100.0%
  together      1.20

Not served, and why
  why                                                     code          needs  units
  too little is given, though nobody else gets any of it  shortage          1      8
  nobody gives this item or a substitute for it           no_such_item      1      5

Donations left over, and why
  why                        code          donations  units
  nobody asks for this item  no_such_item          1    0.5"""
    )


def test_all_served_is_said_so_and_nothing_is_listed() -> None:
    kinds = {
        "requests": {"asked": 2, "full": 2, "part": 0, "none": 0},
        "goods_kg": 25,
        "services": 0,
        "funds": 0,
    }
    plan = with_summary(by_kind=kinds, unmet_by_reason={}, left_over_by_reason={}, logistics_cost=2.5)
    assert headline(plan.summary) == (
        "Everything that is asked for is served: 2 needs. What is planned: 25 kg of goods. "
        "CN¥2.50 is really spent."
    )
    titles = [table.title for table in tables(plan.summary)]
    assert "Not served, and why" not in titles
    assert "Donations left over, and why" not in titles


def test_unlike_things_are_not_added_and_what_is_rated_is_told_apart() -> None:
    kinds = {
        "requests": {"asked": 9, "full": 4, "part": 2, "none": 3},
        "goods_kg": 8.5,
        "services": 1,
        "funds": 30,
    }
    cost = {**with_summary().summary["cost"], "handling": 1.2, "purchase": 20.0, "penalty": 4.0}
    plan = with_summary(by_kind=kinds, cost=cost, logistics_cost=25.2)
    assert headline(plan.summary) == (
        "Of 9 needs 4 are served in full (44.4%), 2 in part and 3 not at all. "
        "What is planned: 8.5 kg of goods, 1 unit of services, and CN¥30.00 in money. "
        "CN¥21.20 is really spent, CN¥20.00 of it on purchases. "
        "CN¥4.00 is rated, and nobody pays it."
    )
    (costs,) = [table for table in tables(plan.summary) if table.title == "What it costs"]
    assert [row[:2] for row in lines(costs)] == [
        ("handling", "1.20"),
        ("purchases", "20.00"),
        ("really spent", "21.20"),
        ("rated: substitutes and poor fits", "4.00"),
        ("together", "25.20"),
    ]


def test_total_cost_counts_what_is_left_unmet() -> None:
    plan = with_summary(objective="total-cost", bound={"cost": 13001.2})
    assert proof(plan.summary) == (
        "Proven best: no plan costs less than CN¥13,001.20, needs left unmet included."
    )
    (costs,) = [table for table in tables(plan.summary) if table.title == "What it costs"]
    assert lines(costs) == (
        ("handling", "1.20", "< 0.1%"),
        ("really spent", "1.20", "< 0.1%"),
        ("rated: needs left unmet", "13,000.00", "> 99.9%"),
        ("together", "13,001.20", ""),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "another plan may cost less for what this one serves, though no less than CN¥1.10"),
        (
            {"objective": "total-cost", "bound": {"cost": 1.1}},
            "another plan may cost less needs left unmet included, though no less than CN¥1.10",
        ),
        (
            {"bound": {"served_by_tier": {"1": 12, "5": 2.5}, "cost": 1.1}},
            "of priority 5 it serves 0 units, and another plan may serve up to 2.5",
        ),
        (
            {"fairness": {"rule": "floor", "floor": 0.4, "bound": 0.5, "relaxation": 0.5}},
            "a fairer plan may be there",
        ),
    ],
)
def test_a_gap_is_never_hidden(changes: dict[str, Any], said: str) -> None:
    bound = {"served_by_tier": {"1": 12, "5": 0}, "cost": 1.1}
    plan = with_summary(**{"status": "feasible", "gap": 0.034, "bound": bound, **changes})
    assert proof(plan.summary) == f"Not proven best: {said}. Gap: 3.4%."
    assert verified(plan).endswith("feasible, gap 3.4%")
    stopped = proof({**plan.summary, "stopped": "time_limit"})
    assert stopped.startswith(f"Not proven best: {said}. Gap: 3.4%. The search for whole quantities stopped")
    assert "time limit" in stopped


def test_what_the_prices_alone_prove_is_told_apart_from_the_search() -> None:
    relaxation = {"served_by_tier": {"1": 12, "5": 0.5}, "cost": 1.1}
    said = proof(with_summary(proof="search", relaxation=relaxation).summary)
    assert said.startswith("Proven best: ")
    assert said.endswith("prices alone prove 12.5 units at the most and a cost of CN¥1.10 at the least.")
    total = with_summary(proof="search", objective="total-cost", relaxation={"cost": 1.1})
    assert proof(total.summary).endswith("prices alone prove a cost of CN¥1.10 at the least.")


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_a_plan_is_held_against_plans_under_the_same_rules(objective: str) -> None:
    rules = {
        "fairness": {"rule": "floor", "floor": 0.5, "bound": 0.5, "relaxation": 0.5},
        "budget": {"limit": 10, "used": 10, "one_more": {}},
    }
    said = proof(with_summary(objective=objective, **rules).summary)
    assert "no plan as fair within the budget" in said


CELLS = [{"community": f"C{k}", "category": "rice"} for k in range(6)]


@pytest.mark.parametrize(
    ("fair", "said"),
    [
        (
            {"rule": "floor", "floor": 0.4321, "bound": 0.4321, "relaxation": 0.5},
            "at least 43.2% of what it asks for in each category that somebody can serve,"
            " the most that is possible.",
        ),
        ({"rule": "floor", "floor": 0.4, "bound": 0.5, "relaxation": 0.5}, "at the most 50.0% is possible."),
        (
            {"rule": "leximin", "floor": 0.4, "bound": 0.4, "relaxation": 0.4, "cells": 7},
            "the most that is possible; then the second worst off gets the most that is possible, and so on.",
        ),
        (
            {"rule": "floor", "floor": 0.4, "bound": 0.4, "relaxation": 0.4, "held_by": CELLS[:2]},
            "the most that is possible. It is held there by C0 (rice) and C1 (rice).",
        ),
        (
            {"rule": "leximin", "floor": 0.4, "bound": 0.4, "relaxation": 0.4, "cells": 7, "held_by": CELLS},
            "It is held there by C0 (rice), C1 (rice), C2 (rice), C3 (rice), and 2 more.",
        ),
        ({"rule": "share", "shortfall": 0, "bound": 0, "relaxation": 0}, "every community gets its share."),
        (
            {"rule": "share", "shortfall": 2.5, "bound": 2.5, "relaxation": 2},
            "2.5 units are missing to the fair shares, the least that is possible.",
        ),
        ({"rule": "share", "shortfall": 2.5, "bound": 1, "relaxation": 1}, "at the least 1."),
    ],
)
def test_fairness_in_a_sentence(fair: dict[str, Any], said: str) -> None:
    assert fairness(fair).startswith(f"Fairness ({fair['rule']}): ")
    assert fairness(fair).endswith(said)
    assert fairness(fair) in plain_text(with_summary(fairness=fair))
    assert "held there" not in fairness(fair, named=False)


@pytest.mark.parametrize(
    ("objective", "one_more", "said"),
    [
        (
            "coverage-first",
            {"1": 0, "2": 0.123456, "5": 2.0},
            "; one more CNY would serve 0.124 units of priority 2 and 2 units of priority 5 more.",
        ),
        ("coverage-first", {"1": 0.0, "5": 0.0}, "; one more CNY would serve nothing more."),
        ("total-cost", {"cost": 99.04}, "; one more CNY would save 99.04 CNY in all."),
        ("total-cost", {"cost": 0.0}, "; one more CNY would save nothing."),
        ("total-cost", {}, "."),
    ],
)
def test_the_budget_in_a_sentence(objective: str, one_more: dict[str, float], said: str) -> None:
    plan = with_summary(objective=objective, budget={"limit": 5000, "used": 4321.5, "one_more": one_more})
    assert budget(plan.summary) == f"Budget: 4,321.50 of CN¥5,000.00 are used{said}"
    assert budget(plan.summary) in plain_text(plan)


def test_what_funds_buy_is_told() -> None:
    plan = replace(with_summary(), purchases=handmade.purchases())
    assert "Funds buy for CN¥11.00 (2 purchases)." in details(plan)
    assert "Funds" not in details(with_summary())


def test_the_price_of_fairness_as_a_table() -> None:
    table = price_of_fairness(handmade.curve(), "CNY")
    assert header(table) == (
        "smallest coverage",
        "served",
        "of all",
        "priority 1",
        "priority 5",
        "cost, CNY",
        "at the least",
        "gap",
    )
    assert lines(table) == (
        ("0.0%", "12", "48.0%", "12", "0", "1.20", "1.20", "0%"),
        ("50.0%", "11.5", "46.0%", "9", "2.5", "1.33", "1.33", "0.025%"),
    )
    assert plain_text(with_summary(), [table]).endswith("1.33          1.33  0.025%")


def test_an_undated_plan_names_no_days() -> None:
    assert "Days" not in details(with_summary(horizon={"start": None, "end": None}))


def test_on_a_terminal_it_says_the_same_with_bars() -> None:
    plan = with_summary()
    console = Console(file=io.StringIO(), width=110, force_terminal=True, color_system=None)
    console.print(renderable(plan))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for table in tables(plan.summary):
        assert table.title in shown
        for row in lines(table):
            assert all(cell in shown for cell in row)
    assert "━" in shown


def test_every_reason_code_of_the_contract_has_words() -> None:
    both = {
        "no_such_item",
        "quality",
        "earmark",
        "boundary",
        "unreachable",
        "timing",
        "capacity",
        "budget",
        "integrality",
        "not_worth_it",
        "declined",
    }
    assert set(words.UNMET) == both | {"excluded", "outranked", "shortage"}
    assert set(words.LEFT_OVER) == both | {"excluded", "unreliable", "demand_met"}


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "–"),
        (0, 5, "0.0%"),
        (5, 5, "100.0%"),
        (1, 10**9, "< 0.1%"),
        (10**9 - 1, 10**9, "> 99.9%"),
        (2, 3, "66.7%"),
    ],
)
def test_percent_is_all_or_nothing_only_when_it_is(part: int, whole: int, shown: str) -> None:
    assert words.percent(part, whole) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (10**10, "10,000,000,000"), (0.5, "0.5"), (1234.25, "1,234.25"), (3.0, "3")],
)
def test_quantities_are_readable(value: float, shown: str) -> None:
    assert words.quantity(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0%"), (1, "100%"), (0.0312345, "3.1%"), (1.2e-6, "0.00012%"), (1e-12, "< 0.000001%")],
)
def test_a_gap_is_never_rounded_to_nothing(value: float, shown: str) -> None:
    assert words.gap(value) == shown


def test_money_has_no_negative_zero() -> None:
    assert words.money(-0.0, "CNY") == "CN¥0.00"
