"""Quantities: granules, what may be planned, and which parts have to stay whole."""

from typing import Any

import pandas as pd
import pytest

import matchopt
from matchopt.model.network import encode


def case(
    *,
    need: dict[str, Any] | None = None,
    gift: dict[str, Any] | None = None,
    items: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **tables: Any,
) -> matchopt.Case:
    """One need of 12 and one donation of 12, both rice, with further columns."""
    needs = {"need_id": ["n"], "community": ["A"], "item": ["rice"], "quantity": [12]} | (need or {})
    gifts = {"donation_id": ["d"], "item": ["rice"], "quantity": [12]} | (gift or {})
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    if items is not None:
        frames["items"] = pd.DataFrame({"item": ["rice"]} | items)
    return matchopt.Case.from_frames(
        needs=pd.DataFrame(needs), donations=pd.DataFrame(gifts), settings=settings, **frames
    )


@pytest.mark.parametrize(
    ("step", "lot", "granule"),
    [
        (1, None, 1),
        (2, None, 2),
        (1, 6, 6),
        (2, 3, 6),
        (0.5, 0.75, 1.5),
        (0.1, 0.25, 0.5),
        (3, 1, 3),
        (1, 20, 20),
    ],
)
def test_a_granule_is_the_least_common_multiple_of_step_and_lot(
    step: float, lot: float | None, granule: float
) -> None:
    network = encode(case(items={"step": [step]}, gift={"lot_size": [lot]}))
    assert network.granule[0] / network.scale.unit == granule


@pytest.mark.parametrize(
    ("policy", "reliability", "step", "plannable"),
    [
        ("expected", 0.5, 1, 6),
        ("expected", 0.3, 1, 3),
        ("expected", 0.3, 0.5, 3.5),
        ("expected", 0.6, 0.1, 7.2),
        ("expected", 1, 5, 12),
        ("expected", 0, 1, 0),
        ("firm", 0.99, 1, 0),
        ("firm", 1, 5, 12),
        ("ignore", 0.1, 1, 12),
    ],
)
def test_what_the_policy_lets_be_planned(
    policy: str, reliability: float, step: float, plannable: float
) -> None:
    network = encode(
        case(
            items={"step": [step]},
            gift={"reliability": [reliability]},
            settings={"policy": {"reliability": policy}},
        )
    )
    assert network.plannable[0] / network.scale.unit == plannable


def alike(quantities: list[float], *, gift: dict[str, Any] | None = None, **others: Any) -> list[float]:
    """Return what may be planned of donations d1, d2 … of rice, half of which turn up."""
    ids = [f"d{k}" for k in range(1, len(quantities) + 1)]
    gifts = {"donation_id": ids, "item": ["rice"] * len(ids), "quantity": quantities}
    network = encode(case(gift=gifts | {"reliability": [0.5] * len(ids)} | (gift or {}), **others))
    plannable: list[float] = (network.plannable / network.scale.unit).tolist()
    return plannable


@pytest.mark.parametrize(
    ("quantities", "others", "plannable"),
    [
        ([1, 1, 1], {}, [1, 0, 0]),
        ([3, 2, 2], {}, [3, 0, 0]),
        ([2, 5, 2], {}, [2, 2, 0]),
        ([1, 1], {"gift": {"quality": [5, 4]}}, [0, 0]),
        ([1, 1], {"gift": {"quality": [5, None]}}, [1, 0]),
        ([1, 1], {"gift": {"max_communities": [1, None]}}, [0, 0]),
        ([1, 1], {"gift": {"donor": ["A", "B"]}}, [1, 0]),
        ([1, 1, 1, 1], {"gift": {"lot_size": [None, 1, None, 1]}}, [1, 1, 0, 0]),
        ([2, 2, 2], {"gift": {"lot_size": [3, 3, 3]}}, [2, 1, 0]),
        ([2, 2, 2], {"items": {"step": [2]}}, [2, 0, 0]),
        ([5, 6], {"items": {"step": [2]}, "gift": {"lot_size": [3, 3]}}, [3, 0]),
    ],
)
def test_reliability_is_rounded_over_donations_that_are_alike(
    quantities: list[float], others: dict[str, Any], plannable: list[float]
) -> None:
    """Three gifts of one, each with half a chance, are one gift; ids take it in their order."""
    assert alike(quantities, **others) == plannable


def test_lists_of_one_meaning_and_affinities_of_one_score_are_alike() -> None:
    marks = {"only_groups": ["elderly;sick", "sick; elderly", "elderly"]}
    assert alike([1, 1, 1], gift=marks) == [1, 0, 0]
    fits = {"donor": ["A", "B", "C"], "need_id": ["n"] * 3, "score": [0.5, 0.5, 0.4]}
    donors = {"donor": ["A", "B", "C"]}
    for weight, plannable in ((1, [1, 0, 0]), (0, [1, 0, 0])):
        settings = {"policy": {"affinity_weight": weight}}
        assert alike([1, 1, 1], gift=donors, affinities=fits, settings=settings) == plannable
    fits["score"] = [0.5, 0.4, 0.3]
    settings = {"policy": {"affinity_weight": 1}}
    assert alike([1, 1, 1], gift=donors, affinities=fits, settings=settings) == [0, 0, 0]


def test_lines_that_stay_take_first_of_what_alike_donations_come_to() -> None:
    stays = {"donation_id": ["d3"], "need_id": ["n"], "quantity": [1], "status": ["accepted"]}
    assert alike([2, 2, 2], commitments=stays) == [2, 0, 1]
    stays["quantity"] = [2]
    assert alike([2, 2, 2], commitments=stays) == [1, 0, 2]


def test_a_lot_that_no_quantity_is_a_multiple_of_is_rounded_to_as_it_stands() -> None:
    """Half of 1 and 2 together is a lot of 1.5, of which neither can send one: nothing is unreliable."""
    gift = {"donation_id": ["a", "b"], "item": ["rice"] * 2, "quantity": [1, 2]}
    gift |= {"lot_size": [1.5] * 2, "reliability": [0.5] * 2}
    plan = matchopt.plan(case(gift=gift))
    assert plan.donations["reason"].tolist() == ["integrality"] * 2
    assert plan.needs["reason"].tolist() == ["integrality"]


@pytest.mark.parametrize(
    ("tables", "whole"),
    [
        ({}, False),
        ({"gift": {"lot_size": [1]}}, False),
        ({"gift": {"lot_size": [0.5]}}, False),
        ({"gift": {"lot_size": [2]}}, True),
        ({"gift": {"quantity": [7]}, "items": {"step": [2]}}, True),
        ({"need": {"quantity": [7]}, "items": {"step": [2]}}, True),
        ({"need": {"single_source": [True]}}, True),
        ({"need": {"single_source": [True], "quantity": [1]}}, False),
        ({"need": {"all_or_nothing": [True], "quantity": [2]}, "items": {"step": [2]}}, False),
        ({"need": {"all_or_nothing": [True], "quantity": [1]}, "items": {"step": [2]}}, True),
        ({"gift": {"max_communities": [1]}}, False),
        ({"substitutions": {"need_item": ["rice"], "donated_item": ["flour"], "ratio": [1]}}, False),
        ({"substitutions": {"need_item": ["rice"], "donated_item": ["flour"], "ratio": [2]}}, True),
    ],
)
def test_a_part_stays_whole_only_where_something_could_bind(tables: dict[str, Any], whole: bool) -> None:
    (part,) = encode(case(**tables)).parts
    assert part.whole == whole


def test_items_of_other_steps_that_stand_in_make_a_part_whole() -> None:
    items = {"item": ["rice", "flour"], "step": [1, 0.5]}
    joined = {"need_item": ["rice"], "donated_item": ["flour"]}
    (part,) = encode(case(items=items, substitutions=joined)).parts
    assert part.whole


def test_more_than_the_number_of_communities_is_no_limit() -> None:
    for most, whole in ((1, True), (2, False)):
        (part,) = encode(
            case(
                need={
                    "need_id": ["n", "m"],
                    "community": ["A", "B"],
                    "item": ["rice"] * 2,
                    "quantity": [6, 6],
                },
                gift={"max_communities": [most]},
            )
        ).parts
        assert part.whole == whole


def test_funds_make_whole_whatever_they_can_buy() -> None:
    items = {"item": ["rice", "cash"], "kind": ["goods", "funds"]}
    for price, whole in ((2.5, True), (None, False)):
        network = encode(case(items=items | {"purchase_price": [price, None]}))
        (part,) = network.parts
        assert part.whole == whole


def test_a_donation_of_less_than_a_lot_is_left_over() -> None:
    plan = matchopt.plan(case(gift={"lot_size": [20]}))
    assert plan.served == 0
    assert plan.donations["reason"].tolist() == ["integrality"]
    assert plan.needs["reason"].tolist() == ["integrality"]
    assert matchopt.verify(plan.case, plan) == ()


def test_large_quantities_are_rounded_down_too() -> None:
    plan = matchopt.plan(
        case(
            need={"quantity": [2e9]},
            gift={"quantity": [1_999_999_999], "reliability": [0.5]},
            items={"weight_kg": [0]},
        )
    )
    assert plan.served == 999_999_999
    assert matchopt.verify(plan.case, plan) == ()


def test_a_need_is_outranked_if_anybody_ever_had_a_granule_for_it() -> None:
    needs = {"need_id": ["n", "m"], "community": ["A", "A"], "item": ["rice"] * 2, "quantity": [2, 5]}
    gifts = {"donation_id": ["d", "e"], "item": ["rice"] * 2, "quantity": [4, 2], "lot_size": [20, 2]}
    plan = matchopt.plan(case(need=needs | {"priority": [1, 2]}, gift=gifts))
    assert plan.needs["reason"].tolist() == ["", "outranked"]
    assert plan.donations["reason"].tolist() == ["integrality", ""]
    assert matchopt.verify(plan.case, plan) == ()


def test_quantities_off_the_step_are_used_as_far_as_steps_go() -> None:
    for step, given, asked, served in ((2, 7, 9, 6), (2, 9, 7, 6), (0.5, 2, 1.5, 1.5), (5, 4, 9, 0)):
        plan = matchopt.plan(
            case(need={"quantity": [asked]}, gift={"quantity": [given]}, items={"step": [step]})
        )
        assert plan.served == served
        assert plan.status == "optimal"
        assert matchopt.verify(plan.case, plan) == ()
