"""What to ask for: the gain that the proof promises is the gain of the plan with the gift."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given

import matchopt
from matchopt import Case, Plan
from matchopt.language import speaking
from matchopt.report import demand
from matchopt.report.terminal import plain
from matchopt.result.plan_tables import tables_of
from matchopt.whatif.confirm import _most, wishlist
from matchopt.whatif.variant import WHAT_IF, Variant
from matchopt.whatif.wishes import ESTIMATE, PRICES, WISHES, wishes_of
from profiles import examples
from small_case import SmallCase
from strategies import small_cases


def with_gift(plan: Plan, wish: Any, quantity: float) -> Plan:
    """Return the plan of the case with what is wished for."""
    gift = pd.DataFrame(
        [
            {
                "donation_id": WHAT_IF,
                "item": wish.item,
                "quantity": quantity,
                "origin": wish.place,
                "community": wish.place,
                "available_from": wish.first_day,
                "available_until": wish.last_day,
            }
        ]
    )
    return matchopt.plan(Variant(plan).with_donations(gift))


def gained(before: Plan, after: Plan) -> dict[int, float]:
    return {
        tier: round(after.served_by_tier.get(tier, 0.0) - served, 6)
        for tier, served in before.served_by_tier.items()
    }


@examples(0.1)
@given(small=small_cases(plain=True))
def test_coverage_promised_by_levels_is_reached(small: SmallCase) -> None:
    """Of what is straight missing each unit given serves one more of the priority promised, none above it."""
    plan = matchopt.plan(small.case())
    table = wishes_of(plan)
    assert list(table.columns) == list(WISHES)
    if plan.summary["objective"] == "total-cost":
        return
    wish: Any
    for wish in table[(table["basis"] == PRICES) & (table["units"] > 0)].head(4).itertuples():
        more = gained(plan, with_gift(plan, wish, wish.units))
        assert more[wish.priority] == pytest.approx(wish.units * wish.served_per_unit), wish
        assert all(units == 0 for tier, units in more.items() if tier < wish.priority), wish


@examples(0.1)
@given(small=small_cases(plain=True))
def test_no_step_brings_more_than_the_prices_say(small: SmallCase) -> None:
    """Levels and prices bound what any gift can bring, weak duality says."""
    plan = matchopt.plan(small.case())
    table = wishes_of(plan)
    by_cost = plan.summary["objective"] == "total-cost"
    wish: Any
    for wish in table[table["basis"] == PRICES].head(4).itertuples():
        step = Variant(plan).step(wish.item)
        after = with_gift(plan, wish, step)
        if by_cost:
            total = sum(after.cost.values()) - sum(plan.cost.values())
            assert total >= wish.cost_per_unit * step - 1e-3, wish
        else:
            more = gained(plan, after)
            assert all(units == 0 for tier, units in more.items() if tier < wish.priority), wish
            assert more[wish.priority] <= step + 1e-9, wish


@examples(0.1)
@given(small=small_cases())
def test_whatever_the_case_wishes_have_a_form(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    table = wishes_of(plan)
    assert set(table["basis"]) <= {PRICES, ESTIMATE}
    assert table["priority"].between(1, 9).all()
    assert (table["served_per_unit"] > 0).all()
    ids = set(plan.needs.loc[plan.needs["unmet"] > 0, "need_id"])
    named = {name for row in table["need_ids"] for name in row.split(";") if name}
    assert named <= ids
    assert ((table["need_ids"] != "") == (table["needs"] > 0)).all()


@examples(0.06)
@given(small=small_cases(most_needs=4, most_donations=3))
def test_what_is_confirmed_is_so(small: SmallCase) -> None:
    """One step brings what is said; so do all of `units`, and one step more does not."""
    plan = matchopt.plan(small.case())
    table = wishlist(plan, confirm=1)
    wish: Any
    for wish in table[table["basis"] == "confirmed"].itertuples():
        step = Variant(plan).step(wish.item)
        if wish.units:
            for quantity in {step, wish.units}:
                more = gained(plan, with_gift(plan, wish, quantity))
                assert more[wish.priority] == pytest.approx(quantity * wish.served_per_unit, abs=1e-5), wish
            beyond = gained(plan, with_gift(plan, wish, round(wish.units + step, 6)))
            expected = (wish.units + step) * wish.served_per_unit
            assert beyond[wish.priority] != pytest.approx(expected, abs=1e-7), wish


def city() -> Plan:
    """Rice for three, worked out by hand: 10 kg for 8 (urgent), 5 and 4; and milk that nobody gives."""
    needs = pd.DataFrame(
        {
            "need_id": ["N1", "N2", "N3", "N4"],
            "community": ["Hilltop", "Oldtown", "Oldtown", "Hilltop"],
            "item": ["rice", "rice", "rice", "milk"],
            "quantity": [8, 5, 4, 3],
            "priority": [1, 2, 3, 2],
            "needed_from": ["2026-03-01", None, None, "2026-03-03"],
            "needed_by": ["2026-03-07", "2026-03-05", "2026-03-20", "2026-03-10"],
        }
    )
    gifts = pd.DataFrame(
        {"donation_id": ["D1"], "item": ["rice"], "quantity": [10], "available_from": ["2026-03-01"]}
    )
    return matchopt.plan(Case.from_frames(needs=needs, donations=gifts))


def test_wishes_of_a_case_worked_out_by_hand() -> None:
    with speaking("en"):
        table = wishlist(city(), confirm=0)
        rice = table[table["item"] == "rice"]
        told = rice[["priority", "served_per_unit", "units", "needs", "need_ids"]].to_numpy().tolist()
        # Until the 5th rice serves N2 straight, until the 7th by setting free what serves N1; then N3 alone.
        assert told == [[2, 1.0, 3.0, 1, "N2"], [2, 1.0, 0.0, 0, ""], [3, 1.0, 4.0, 1, "N3"]]
        assert [str(day.date()) for day in rice["first_day"]] == ["2026-03-01", "2026-03-06", "2026-03-08"]
        assert [str(day.date()) for day in rice["last_day"]] == ["2026-03-05", "2026-03-07", "2026-03-20"]
        milk = table[table["item"] == "milk"]
        assert milk["units"].tolist() == [3.0]
        assert [str(day.date()) for day in milk["first_day"]] == ["2026-03-03"]
        assert [str(day.date()) for day in milk["last_day"]] == ["2026-03-10"]
        assert plain(demand.wishlist(city(), table)).splitlines()[2].split()[:2] == ["milk", "Hilltop"]


@examples(0.12)
@given(small=small_cases(always=("days",), plain=True))
def test_no_wish_names_a_day_on_which_a_donation_would_serve_nothing(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    table = wishes_of(plan)
    wish: Any
    for wish in table[(table["basis"] == PRICES) & table["first_day"].notna()].head(2).itertuples():
        for day in {wish.first_day, wish.last_day}:
            step = Variant(plan).step(wish.item)
            after = with_gift(plan, wish._replace(first_day=day, last_day=day), step)
            if plan.summary["objective"] == "coverage-first":
                assert gained(plan, after)[wish.priority] > 0, (wish, day)
            else:
                assert after.summary["bound"]["cost"] < plan.summary["bound"]["cost"], (wish, day)


def test_days_between_two_needs_are_named_by_no_wish() -> None:
    needs = pd.DataFrame({"need_id": ["a", "b"], "community": "Hilltop", "item": "rice", "quantity": [2, 3]})
    needs = needs.assign(needed_from=["2026-03-01", "2026-03-05"], needed_by=["2026-03-02", "2026-03-06"])
    gifts = pd.DataFrame({"donation_id": ["D"], "item": ["tea"], "quantity": [1]})
    table = wishes_of(matchopt.plan(Case.from_frames(needs=needs, donations=gifts)))
    days = [
        [str(day.date()) for day in row]
        for row in table[["first_day", "last_day"]].astype(object).to_numpy().tolist()
    ]
    assert days == [["2026-03-05", "2026-03-06"], ["2026-03-01", "2026-03-02"]]
    assert table[["units", "need_ids"]].to_numpy().tolist() == [[3.0, "b"], [2.0, "a"]]


def test_the_report_names_the_places_that_the_wish_list_names() -> None:
    """Most is missing in Oldtown, yet what lies in Hilltop reaches both: the list puts that first."""
    needs = pd.DataFrame(
        {"need_id": ["a", "b"], "community": ["Oldtown", "Hilltop"], "item": "rice", "quantity": [3, 2]}
    )
    gifts = pd.DataFrame({"donation_id": ["D"], "item": ["tea"], "quantity": [1]})
    lanes = pd.DataFrame({"from_place": ["Hilltop"], "to_place": ["Oldtown"], "distance_km": [1]})
    plan = matchopt.plan(Case.from_frames(needs=needs, donations=gifts, lanes=lanes))
    first = wishlist(plan).drop_duplicates("item")
    assert first["place"].tolist() == demand.wished(tables_of(plan))["place"].tolist() == ["Hilltop"]


def test_wishes_that_are_confirmed_say_so() -> None:
    told: list[tuple[int, int]] = []
    table = wishlist(city(), confirm=2, tell=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert (table["basis"] == "confirmed").sum() == 2
    assert table.loc[table["item"] == "milk", ["units", "need_ids"]].to_numpy().tolist() == [[3.0, "N4"]]


def test_nothing_missing_nothing_wished() -> None:
    case = Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]}),
    )
    table = wishlist(matchopt.plan(case), confirm=3)
    assert table.empty
    assert list(table.columns) == list(WISHES)


@pytest.mark.parametrize("guess", [1, 2, 6, 7, 8, 40])
@pytest.mark.parametrize("most", [1, 2, 7, 30])
def test_the_most_that_holds_is_found_from_any_guess(guess: int, most: int) -> None:
    assert _most(lambda k: k <= most, guess) == most
