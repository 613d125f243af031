"""Funds buy whole steps: over all of them together, with what lines that stay have bought, to 1/10 000."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import matchopt
from comparison import check_whole
from matchopt.solve import stages
from oracle import solve
from small_case import Row, SmallCase


def case(
    funds: dict[str, float],
    asked: dict[str, float],
    *,
    price: float = 900,
    step: float = 1,
    fund: Row | None = None,
    **tables: list[Row],
) -> SmallCase:
    """Needs for wheelchairs and money of some donors."""
    needs = [
        {"need_id": name, "community": "A", "item": "chair", "quantity": number}
        for name, number in asked.items()
    ]
    donations = [{"donation_id": name, "item": "money", "quantity": sum_} for name, sum_ in funds.items()]
    items: list[Row] = [{"item": "chair", "step": step, "purchase_price": price}]
    items.append({"item": "money", "kind": "funds", **(fund or {})})
    return SmallCase({"needs": needs, "donations": donations, "items": items, **tables}, {})


def planned(small: SmallCase) -> matchopt.Plan:
    """Return the plan of a case, which the oracle finds right."""
    plan, rules = matchopt.plan(small.case()), small.rules()
    check_whole(rules, solve(rules), plan)
    return plan


@pytest.mark.parametrize(
    ("small", "served", "paid"),
    [
        (case({"F": 310}, {"N": 1}), 0, 0),
        (case({"F": 310, "G": 250}, {"N": 1}), 0, 0),
        (case({"F": 310, "G": 600}, {"N": 1}), 1, 900),
        (case({"F": 899, "G": 900}, {"N": 3}), 1, 900),
        (case({"F": 1, "G": 1}, {"N": 9}, price=0.4), 5, 2),
        (case({"F": 1}, {"N": 9}, price=0.3), 3, 0.9),
        (case({"F": 4}, {"N": 9}, price=3, step=0.5), 1, 3),
        (case({"F": 4}, {"N": 1.25}, price=1, step=0.5), 1, 1),
        (case({"F": 3}, {"N": 9}, price=1, fund={"step": 3}), 3, 3),
        (case({"F": 899.9999}, {"N": 1}, fund={"step": 0.0001}), 0, 0),
        (case({"F": 1}, {"N": 9}, price=0.33335), 2, 0.6667),
        (case({"F": 1799, "G": 901}, {"N": 1, "M": 1, "L": 1}), 3, 2700),
    ],
)
def test_what_money_buys_is_whole_steps(small: SmallCase, served: float, paid: float) -> None:
    plan = planned(small)
    assert (plan.served, plan.cost["purchase"]) == (served, paid)
    assert plan.status == "optimal"


def test_what_lines_that_stay_have_bought_is_made_whole() -> None:
    """A third of a chair is paid: the rest of it costs 600, and a second one 900 more."""
    stays = [{"donation_id": "F", "need_id": "N", "quantity": 300, "status": "accepted"}]
    for money, served in ((599, 1 / 3), (600, 1), (1499, 1), (1500, 2)):
        plan = planned(case({"F": 300, "G": money}, {"N": 2}, commitments=stays))
        assert plan.served == pytest.approx(served, abs=1e-6)


def test_a_substitution_row_that_names_a_fund_is_no_purchase() -> None:
    rows = [{"need_item": "chair", "donated_item": "money", "ratio": 0.001, "penalty": 0.01}]
    plan = planned(case({"F": 500}, {"N": 1}, substitutions=rows, fund={"step": 200}))
    assert (plan.served, plan.cost["purchase"], plan.cost["penalty"]) == (0.4, 0, 4)
    assert plan.purchases.empty


def test_a_lot_of_money_holds_for_each_line() -> None:
    small = case({"F": 1000}, {"N": 5}, price=150)
    small.tables["donations"][0]["lot_size"] = 100
    assert planned(small).cost["purchase"] == 600


def test_one_source_and_all_or_nothing_hold_for_money() -> None:
    flags: list[tuple[dict[str, Any], int]] = [({"single_source": True}, 1), ({"all_or_nothing": True}, 2)]
    for flag, served in flags:
        small = case({"F": 950, "G": 850}, {"N": 2})
        small.tables["needs"][0] |= flag
        assert planned(small).served == served


def test_the_verifier_finds_parts_of_a_step() -> None:
    plan = planned(case({"F": 310, "G": 600}, {"N": 1}))
    lines = plan.allocations.copy()
    lines.loc[0, ["donated_quantity", "served_quantity"]] = [309.0, 0.343333]
    codes = {one.code for one in matchopt.verify(plan.case, dataclasses.replace(plan, allocations=lines))}
    assert "purchases" in codes


@pytest.mark.parametrize("most", [0, 10**9])
@pytest.mark.parametrize(
    ("small", "least"),
    [
        (case({"F": 310, "G": 250}, {"N": 1}), 0),
        (case({"F": 850, "G": 700}, {"N": 2, "M": 1}), 1),
        (case({"F": 1799, "G": 901}, {"N": 1, "M": 1, "L": 1}), 2),
    ],
)
def test_large_cases_buy_whole_steps_too(
    monkeypatch: pytest.MonkeyPatch, small: SmallCase, least: int, most: int
) -> None:
    """Column by column, and with the relaxation first and local search, as cases of many pairs are solved."""
    monkeypatch.setattr(stages, "ALL_COLUMNS", 0)
    monkeypatch.setattr(stages, "MIDDLE", most)
    assert planned(small).served >= least
