"""Fairness: which cells there are, what each is due, and plans worked out by hand."""

from typing import Any

import pandas as pd
import pytest

import matchopt
from matchopt.model.linking import FairnessCells
from matchopt.model.network import encode

PEOPLE = {"community": ["C1", "C2", "C3"], "population": [50, 30, 20]}


def case(
    needs: list[Any],
    gifts: list[Any],
    *,
    items: dict[str, Any] | None = None,
    rule: str = "floor",
    policy: dict[str, Any] | None = None,
    **tables: Any,
) -> matchopt.Case:
    """Return a case of needs (community, item, quantity[, more]) and donations (item, quantity[, more])."""
    wanted = [
        {"need_id": f"n{k}", "community": c, "item": item, "quantity": q, **dict(*more)}
        for k, (c, item, q, *more) in enumerate(needs)
    ]
    given = [
        {"donation_id": f"d{k}", "item": item, "quantity": q, **dict(*more)}
        for k, (item, q, *more) in enumerate(gifts)
    ]
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    if items:
        frames["items"] = pd.DataFrame(items)
    return matchopt.Case.from_frames(
        needs=pd.DataFrame(wanted),
        donations=pd.DataFrame(given),
        communities=pd.DataFrame(PEOPLE),
        settings={"policy": {"fairness": rule} | (policy or {})},
        **frames,
    )


def cells(of: matchopt.Case) -> dict[tuple[str, str], tuple[float, float]]:
    """Return cell → (asked, share)."""
    found = FairnessCells.of(of, encode(of))
    names = zip(found.community, found.category, strict=True)
    return dict(zip(names, zip(found.asked, found.share, strict=True), strict=True))


def served(plan: matchopt.Plan) -> list[float]:
    return plan.needs["served"].tolist()


def checked(of: matchopt.Case) -> matchopt.Plan:
    """Return the plan of a case, best and right."""
    plan = matchopt.plan(of)
    assert plan.status == "optimal"
    assert matchopt.verify(of, plan) == ()
    return plan


def test_a_cell_is_a_community_and_a_category_or_the_item_itself() -> None:
    items = {"item": ["rice", "oil", "soap"], "category": ["food", "food", None]}
    needs = [("C1", "rice", 3), ("C1", "oil", 4), ("C1", "soap", 5), ("C2", "soap", 6)]
    found = cells(case(needs, [("rice", 1), ("oil", 1), ("soap", 1)], items=items))
    assert {name: asked for name, (asked, _) in found.items()} == {
        ("C1", "food"): 7,
        ("C1", "soap"): 5,
        ("C2", "soap"): 6,
    }


def test_only_cells_that_somebody_could_serve_count_and_with_all_they_ask() -> None:
    needs = [("C1", "rice", 3), ("C1", "rice", 4, {"min_quality": 5}), ("C2", "oil", 5), ("C3", "rice", 6)]
    of = case(needs, [("rice", 9, {"quality": 3, "only_communities": "C1;C2"})])
    assert cells(of) == {("C1", "rice"): (7, 0)}
    assert FairnessCells.of(of, encode(of)).of_need.tolist() == [0, 0, -1, -1]


def test_excluded_needs_are_in_no_cell() -> None:
    of = case(
        [("C1", "rice", 3), ("C1", "rice", 4, {"group": "elderly"})],
        [("rice", 9)],
        exclusions={"group": ["elderly"]},
    )
    assert cells(of) == {("C1", "rice"): (3, 0)}


def test_a_share_goes_by_population_and_what_is_there() -> None:
    items = {
        "item": ["rice", "oil", "soap", "cash"],
        "category": ["food", "food", "care", "food"],
        "kind": ["goods", "goods", "goods", "funds"],
        "purchase_price": [None, 2, None, None],
    }
    needs = [("C1", "rice", 90), ("C2", "oil", 90), ("C3", "rice", 5), ("C1", "soap", 9)]
    gifts = [("rice", 40), ("oil", 40, {"reliability": 0.5}), ("cash", 1000), ("soap", 10)]
    gifts.append(("rice", 40, {"reliability": 0}))
    found = cells(case(needs, gifts, items=items, rule="share", policy={"fair_share": 0.5}))
    # Half of 60 units of food is shared by people 50 : 30 : 20; C3 asks less than 6. Soap: 10 × 1/2 × 1/2.
    assert {name: share for name, (_, share) in found.items()} == pytest.approx(
        {("C1", "food"): 15, ("C2", "food"): 9, ("C3", "food"): 5, ("C1", "care"): 2.5}
    )


def test_the_floor_comes_before_the_tiers() -> None:
    needs = [("C1", "rice", 10, {"priority": 1}), ("C2", "rice", 10, {"priority": 9}), ("C3", "rice", 5)]
    plan = checked(case(needs, [("rice", 12)]))
    # 12 of 25 is 0.48 for all; in whole units 5, 5 and 2 of 5 make 0.4, and what is left serves tier 1.
    assert plan.summary["fairness"]["floor"] == pytest.approx(0.4)
    assert served(plan) == [6, 4, 2]


def test_the_rest_goes_to_the_next_smallest_under_leximin() -> None:
    # C1 can have 2 of 10; C2 and C3 share 9: C2, of the larger tier, would have all of what is over.
    needs = [("C1", "rice", 10), ("C2", "oil", 10, {"priority": 1}), ("C3", "oil", 10, {"priority": 2})]
    gifts = [("rice", 2), ("oil", 9)]
    assert served(checked(case(needs, gifts))) == [2, 7, 2]
    assert sorted(served(checked(case(needs, gifts, rule="leximin")))) == [2, 4, 5]
    assert served(checked(case(needs, gifts, rule="leximin"))) == [2, 5, 4]


def test_shares_are_filled_first_and_the_shortfall_is_told() -> None:
    needs = [("C1", "rice", 60, {"priority": 9}), ("C2", "rice", 60, {"priority": 1}), ("C3", "rice", 9)]
    plan = checked(case(needs, [("rice", 100)], rule="share"))
    # Due are 50, 30 and 9; the 11 that are left go to tier 1.
    assert served(plan) == [50, 41, 9]
    assert plan.summary["fairness"]["shortfall"] == 0
    short = checked(case(needs, [("rice", 100, {"only_communities": "C1;C2"})], rule="share"))
    assert served(short) == [50, 50, 0]


def test_what_cannot_be_due_is_a_shortfall() -> None:
    # Half of all is due to C1, which the larger donation may not serve.
    gifts = [("rice", 10), ("rice", 30, {"only_communities": "C2"})]
    plan = checked(case([("C1", "rice", 40), ("C2", "rice", 40)], gifts, rule="share"))
    assert served(plan)[0] == 10
    assert plan.summary["fairness"]["shortfall"] == pytest.approx(10)


def test_more_than_a_dozen_cells_are_near_to_sorted() -> None:
    people = {"community": [f"C{k:02}" for k in range(14)]}
    needs = [(name, "rice", 10 + k) for k, name in enumerate(people["community"])]
    wanted = pd.DataFrame(
        [
            {"need_id": f"n{k:02}", "community": c, "item": i, "quantity": q}
            for k, (c, i, q) in enumerate(needs)
        ]
    )
    of = matchopt.Case.from_frames(
        needs=wanted,
        communities=pd.DataFrame(people),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [120], "lot_size": [2]}),
        settings={"policy": {"fairness": "leximin"}},
    )
    plan = matchopt.plan(of)
    assert plan.summary["fairness"]["cells"] == 14
    assert matchopt.verify(of, plan) == ()
    # 120 of 231: 0.52. Lots of 2 leave nobody below 4 of 10.
    assert plan.summary["fairness"]["floor"] >= 0.4 - 1e-9
    assert plan.served == 120


def test_without_cells_nothing_is_unfair() -> None:
    of = case([("C1", "rice", 5)], [("oil", 5)], rule="leximin")
    plan = checked(of)
    assert plan.summary["fairness"] == {
        "rule": "leximin",
        "floor": 1.0,
        "bound": 1.0,
        "relaxation": 1.0,
        "cells": 0,
        "held_by": [],
    }


def held_by(plan: matchopt.Plan) -> list[tuple[str, ...]]:
    """Return community and category of the cells that hold the smallest coverage where it is."""
    return [tuple(cell.values()) for cell in plan.summary["fairness"]["held_by"]]


@pytest.mark.parametrize("rule", ["floor", "leximin"])
def test_the_plan_names_the_cells_that_hold_the_floor(rule: str) -> None:
    # C2 can have a quarter and no more; C1 and C3 share what they can, and could get more each.
    needs = [("C1", "rice", 60, {"priority": 1}), ("C2", "oil", 20), ("C3", "rice", 40)]
    plan = checked(case(needs, [("rice", 60), ("oil", 5)], rule=rule))
    assert plan.summary["fairness"]["floor"] == 0.25
    assert held_by(plan) == [("C2", "oil")]
    # Of one kind of thing all that ask for it hold each other, but who cannot be reached does not count.
    needs = [("C1", "rice", 10), ("C2", "rice", 10), ("C3", "soap", 10)]
    assert held_by(checked(case(needs, [("rice", 10)], rule=rule))) == [("C1", "rice"), ("C2", "rice")]
    assert held_by(checked(case(needs, [("rice", 20)], rule=rule))) == []


def test_two_cells_that_are_held_for_reasons_of_their_own_are_both_named() -> None:
    needs = [("C1", "rice", 8), ("C2", "oil", 8), ("C3", "soap", 8)]
    plan = checked(case(needs, [("rice", 2), ("oil", 2), ("soap", 6)]))
    assert held_by(plan) == [("C1", "rice"), ("C2", "oil")]


def test_where_things_stay_whole_all_of_the_smallest_coverage_are_named() -> None:
    # Lots of 4 leave C1 at 4 of 10, though prices alone would let all reach more.
    needs = [("C1", "rice", 10), ("C2", "rice", 10)]
    plan = checked(case(needs, [("rice", 8, {"lot_size": 4}), ("rice", 1, {"only_communities": "C2"})]))
    assert plan.summary["fairness"]["floor"] == pytest.approx(0.4)
    assert held_by(plan) == [("C1", "rice")]


@pytest.mark.parametrize("rule", ["floor", "leximin", "share"])
def test_a_cell_that_pinned_lines_alone_serve_counts(rule: str) -> None:
    """What stays of a donation that is not planned any more: nobody can add to it."""
    pinned = {"donation_id": ["d0"], "need_id": ["n0"], "quantity": [6], "status": ["accepted"]}
    of = case([("C1", "rice", 9)], [("rice", 6, {"reliability": 0})], rule=rule, commitments=pinned)
    plan = checked(of)
    fair = plan.summary["fairness"]
    if rule == "share":
        assert fair["shortfall"] == fair["bound"] == 0
    else:
        assert fair["floor"] == fair["bound"] == fair["relaxation"] == pytest.approx(2 / 3)
        assert held_by(plan) == [("C1", "rice")]
    # Beside it others are planned for: they have a block, and the cell is in it.
    of = case(
        [("C1", "rice", 9), ("C2", "oil", 4)],
        [("rice", 6, {"reliability": 0}), ("oil", 3)],
        rule=rule,
        commitments=pinned,
    )
    plan = checked(of)
    if rule != "share":
        assert plan.summary["fairness"]["floor"] == pytest.approx(2 / 3)
        assert held_by(plan) == [("C1", "rice")]
