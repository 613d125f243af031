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
from matchopt.report.summary import details, headline, plain_text, proof, renderable, sections


def with_summary(**changes: Any) -> Plan:
    plan = handmade.plan()
    return replace(plan, summary={**plan.summary, "currency": "CNY", **changes})


def test_the_whole_summary_in_plain_text() -> None:
    assert (
        plain_text(with_summary())
        == """\
12 of 25 units asked for are served (48.0 %), for 1.20 CNY (0.10 per unit).
Of 2 needs 0 are served in full and 1 in part. Of 12.5 units offered 12 are planned (96.0 %). \
Days: 2026-03-01 to 2026-03-06.

Proven best: no plan serves more of a priority without serving less of a more urgent one, \
and none that serves as much costs less than 1.20 CNY.

Served by priority (1 is most urgent)
  priority  asked  served   share
  1            20      12  60.0 %
  5             5       0   0.0 %

Served by who stated the need
  channel    asked  served   share
  residents     25      12  48.0 %

What it costs
  kind of cost   CNY    share
  handling      1.20  100.0 %
  together      1.20

Not served, and why
  why                                                      code          needs  units
  what there is serves needs that come first or cost less  outranked         1      8
  nobody gives this item or a substitute for it            no_such_item      1      5

Donations left over, and why
  why                        code          donations  units
  nobody asks for this item  no_such_item          1    0.5"""
    )


def test_all_served_is_said_so_and_nothing_is_listed() -> None:
    plan = with_summary(served=25, unmet=0, unmet_by_reason={}, left_over_by_reason={}, logistics_cost=2.5)
    assert headline(plan.summary) == (
        "Everything that is asked for is served: 25 units, for 2.50 CNY (0.10 per unit)."
    )
    titles = [section.title for section in sections(plan.summary)]
    assert "Not served, and why" not in titles
    assert "Donations left over, and why" not in titles


def test_nothing_served_has_no_cost_per_unit() -> None:
    plan = with_summary(served=0, logistics_cost=0)
    assert headline(plan.summary) == "0 of 25 units asked for are served (0.0 %), for 0.00 CNY."


def test_total_cost_counts_what_is_left_unmet() -> None:
    plan = with_summary(objective="total-cost", bound={"cost": 13001.2})
    assert proof(plan.summary) == (
        "Proven best: no plan costs less than 13,001.20 CNY, needs left unmet included."
    )
    (costs,) = [section for section in sections(plan.summary) if section.title == "What it costs"]
    assert costs.rows == (
        ("handling", "1.20", "< 0.1 %"),
        ("needs left unmet", "13,000.00", "> 99.9 %"),
        ("together", "13,001.20", ""),
    )


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_a_gap_is_never_hidden(objective: str) -> None:
    said = proof(with_summary(status="feasible", objective=objective, gap=0.034).summary)
    assert said.startswith("Not proven best")
    assert "3.4 %" in said


def test_an_undated_plan_names_no_days() -> None:
    assert "Days" not in details(with_summary(horizon={"start": None, "end": None}))


def test_on_a_terminal_it_says_the_same_with_bars() -> None:
    plan = with_summary()
    console = Console(file=io.StringIO(), width=110, force_terminal=True, color_system=None)
    console.print(renderable(plan))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for section in sections(plan.summary):
        assert section.title in shown
        for row in section.rows:
            assert all(cell in shown for cell in row)
    assert "━" in shown


def test_every_reason_code_of_the_contract_has_words() -> None:
    both = {
        "no_such_item", "quality", "earmark", "boundary", "unreachable", "timing", "capacity", "budget",
        "integrality", "not_worth_it",
    }  # fmt: skip
    assert set(words.UNMET) == both | {"excluded", "outranked"}
    assert set(words.LEFT_OVER) == both | {"excluded", "unreliable", "demand_met"}


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "–"), (0, 5, "0.0 %"), (5, 5, "100.0 %"), (1, 10**9, "< 0.1 %"),
        (10**9 - 1, 10**9, "> 99.9 %"), (2, 3, "66.7 %"),
    ],
)  # fmt: skip
def test_percent_is_all_or_nothing_only_when_it_is(part: int, whole: int, shown: str) -> None:
    assert words.percent(part, whole) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (10**10, "10,000,000,000"), (0.5, "0.5"), (1234.25, "1,234.25"), (3.0, "3")],
)
def test_quantities_are_readable(value: float, shown: str) -> None:
    assert words.quantity(value) == shown


def test_money_has_no_negative_zero() -> None:
    assert words.money(-0.0, "CNY") == "0.00 CNY"
