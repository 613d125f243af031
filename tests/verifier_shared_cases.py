"""Cases whose rules reach beyond single pairs, with plans and prices worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matchopt import Case, Plan
from verifier_cases import Row, case_of, days, line, plan_of, price

NEED = {"need_id": "n", "community": "C", "item": "rice", "quantity": 4}
GIFT = {"donation_id": "d", "item": "rice", "quantity": 4}


def searched(served: dict[str, float], cost: float, relaxed: dict[str, float]) -> dict[str, Any]:
    """Return the claims of a best plan whose prices prove less than a search has found out."""
    return {
        "relaxation": {"served_by_tier": relaxed, "cost": cost},
        "bound": {"served_by_tier": served, "cost": cost},
        "proof": "search",
    }


def ratio() -> Plan:
    """Each flour serves 2 rice at 0.1 + 0.25; 3 of them serve 6 of 7 rice, and a half cannot be given.

    Prices let 3.5 be given, so 7 be served. To serve 6 costs 0.35 ÷ 2 a unit, 1.05.
    """
    case = case_of(
        needs=[NEED | {"quantity": 7}],
        donations=[GIFT | {"item": "flour", "quantity": 10}],
        substitutions=[{"need_item": "rice", "donated_item": "flour", "ratio": 2, "penalty": 0.25}],
    )
    return plan_of(
        case,
        [line("d", "n", 3, (0, 0.3, 0, 0.75), served=6)],
        needs={"n": "integrality"},
        donations={"d": "integrality"},
        prices={},
        kinds={"penalty": 0.75, "unmet": 1000.0},
        shared=[
            price("tier 5", "need", "n", 1),
            price("cost", "need", "n", 0),
            price("cost", "donation", "d", 0),
            price("cost", "reached", "tier 5", 0.175),
        ],
        claims=searched({"5": 6}, 1.05, {"5": 7}),
    )


def lot(**gift: Any) -> Plan:
    """Lots of 4 for a need of 6: one lot goes; 10 hold two lots, 8, so that prices prove 6."""
    case = case_of(needs=[NEED | {"quantity": 6}], donations=[GIFT | {"quantity": 10, "lot_size": 4} | gift])
    return plan_of(
        case,
        [line("d", "n", 4, (0, 0.4, 0, 0))],
        needs={"n": "integrality"},
        donations={"d": "integrality"},
        prices={},
        kinds={"unmet": 2000.0},
        shared=[
            price("tier 5", "need", "n", 1),
            price("cost", "need", "n", 0),
            price("cost", "donation", "d", 0),
            price("cost", "reached", "tier 5", 0.1),
        ],
        claims=searched({"5": 4}, 0.4, {"5": 6}),
    )


def budget() -> Plan:
    """0.7 pay for all 4 of tier 1 at 0.1 and for 1 of 4 of tier 2 at 0.3; one more pays for 3⅓ of these."""
    case = case_of(
        {"policy": {"budget": 0.7}},
        needs=[NEED | {"priority": 1}, NEED | {"need_id": "m", "community": "F", "priority": 2}],
        donations=[GIFT | {"quantity": 10, "origin": "D"}],
        lanes=[
            {"from_place": "D", "to_place": "C", "cost_per_kg": 0},
            {"from_place": "D", "to_place": "F", "cost_per_kg": 0.2},
        ],
    )
    worth = 10 / 3
    return plan_of(
        case,
        [line("d", "m", 1, (0.2, 0.1, 0, 0)), line("d", "n", 4, (0, 0.4, 0, 0))],
        needs={"n": "", "m": "budget"},
        donations={"d": "budget"},
        prices={},
        kinds={"unmet": 3000.0},
        served_by_tier={"1": 4, "2": 1},
        shared=[
            price("tier 1", "need", "n", 1),
            price("tier 2", "budget", "", worth),
            price("tier 2", "reached", "tier 1", worth / 10),
            *(price("cost", "need", need, 0) for need in "nm"),
            price("cost", "donation", "d", 0),
            price("cost", "reached", "tier 1", 0.1),
            price("cost", "reached", "tier 2", 0.3),
        ],
        claims={"budget": {"limit": 0.7, "used": 0.7, "one_more": {"1": 0.0, "2": worth}}},
    )


def hub_case(hub: Row, *lanes: Row) -> Case:
    """10 from D, there on 1 and 2 March, are wanted on 2 March; through H nothing but 0.2, directly 1.1."""
    return case_of(
        {"horizon": {"start": "2026-03-01"}},
        needs=[NEED | {"quantity": 10, "needed_from": "2026-03-02", "needed_by": "2026-03-02"}],
        donations=[GIFT | {"quantity": 10, "origin": "D", "available_from": "2026-03-01"}],
        hubs=[{"hub": "H", **hub}],
        lanes=[
            {"from_place": "D", "to_place": "H", "cost_per_kg": 0},
            {"from_place": "H", "to_place": "C", "cost_per_kg": 0},
            {"from_place": "D", "to_place": "C", "cost_per_kg": 1},
            *lanes,
        ],
    )


def throughput() -> Plan:
    """H takes in 4 a day: 4 on the day, 4 the day before at 0.01 more, 2 go directly at 1.1.

    One more on 2 March saves 1.1 − 0.2, on 1 March 1.1 − 0.21.
    """
    return plan_of(
        hub_case({"throughput_capacity": 4}),
        [
            line("d", "n", 2, (2, 0.2, 0, 0), (2, 2, 2)),
            line("d", "n", 4, (0, 0.8, 0.04, 0), (1, 1, 2), "H"),
            line("d", "n", 4, (0, 0.8, 0, 0), (2, 2, 2), "H"),
        ],
        needs={"n": ""},
        donations={"d": ""},
        prices={},
        kinds={},
        shared=[
            price("tier 5", "need", "n", 1),
            price("cost", "need", "n", 0),
            price("cost", "donation", "d", 0),
            price("cost", "reached", "tier 5", 1.1),
            price("cost", "throughput", "H", 0.89, day=1),
            price("cost", "throughput", "H", 0.9, day=2),
        ],
    )


def storage() -> Plan:
    """H takes in 4 on the day and keeps 3 over night: 3 wait there, 3 go directly."""
    return plan_of(
        hub_case({"throughput_capacity": 4, "storage_capacity": 3}),
        [
            line("d", "n", 3, (3, 0.3, 0, 0), (2, 2, 2)),
            line("d", "n", 3, (0, 0.6, 0.03, 0), (1, 1, 2), "H"),
            line("d", "n", 4, (0, 0.8, 0, 0), (2, 2, 2), "H"),
        ],
        needs={"n": ""},
        donations={"d": ""},
        prices={},
        kinds={},
        shared=[
            price("tier 5", "need", "n", 1),
            price("cost", "need", "n", 0),
            price("cost", "donation", "d", 0),
            price("cost", "reached", "tier 5", 1.1),
            price("cost", "storage", "H", 0.89, day=1),
            price("cost", "throughput", "H", 0.9, day=2),
        ],
    )


def lanes() -> Plan:
    """The lane to H carries 6; the direct one nothing, so that 4 stay for want of capacity."""
    base = hub_case({})
    road = base.tables["lanes"].assign(capacity_kg=[6.0, float("nan"), 0.0])
    return plan_of(
        base.replace(lanes=road),
        [line("d", "n", 6, (0, 1.2, 0, 0), (2, 2, 2), "H")],
        needs={"n": "capacity"},
        donations={"d": "capacity"},
        prices={},
        kinds={"unmet": 4000.0},
        shared=[
            price("tier 5", "lane", "D", 1, to="H"),
            price("tier 5", "lane", "D", 1, to="C"),
            price("cost", "need", "n", 0),
            price("cost", "donation", "d", 0),
            price("cost", "reached", "tier 5", 0.2),
        ],
    )


def agreement() -> Plan:
    """3 kg may pass from A to B at 0.5; under total cost each saves 2 − 0.1 − 0.5."""
    case = case_of(
        {"policy": {"objective": "total-cost"}, "rates": {"unmet_cost": 2.0}},
        needs=[NEED],
        donations=[GIFT | {"community": "G"}],
        communities=[{"community": "C", "organization": "B"}, {"community": "G", "organization": "A"}],
        agreements=[
            {"from_organization": "A", "to_organization": "B", "transfer_cost": 0.5, "max_quantity_kg": 3}
        ],
    )
    return plan_of(
        case,
        [line("d", "n", 3, (0, 0.3, 0, 1.5))],
        needs={"n": "capacity"},
        donations={"d": "capacity"},
        prices={},
        kinds={"transfer": 1.5, "unmet": 2.0},
        shared=[
            price("cost", "need", "n", 0),
            price("cost", "donation", "d", 0),
            price("cost", "agreement", "A", 1.4, to="B"),
        ],
    )


def fair(rule: str, people: Sequence[float] = (1, 1), **policy: Any) -> Case:
    """10 for a near community C, at 0.1, and a far one, F, at 0.3, which ask for 10 each."""
    return case_of(
        {"policy": {"fairness": rule} | policy},
        needs=[NEED | {"quantity": 10}, NEED | {"need_id": "m", "quantity": 10, "community": "F"}],
        donations=[GIFT | {"quantity": 10, "origin": "D"}],
        communities=[
            {"community": "C", "population": people[0]},
            {"community": "F", "population": people[1]},
        ],
        lanes=[
            {"from_place": "D", "to_place": "C", "cost_per_kg": 0},
            {"from_place": "D", "to_place": "F", "cost_per_kg": 0.2},
        ],
    )


def floor(rule: str = "floor") -> Plan:
    """Each gets 5. One donated serves 1 ÷ 20 of everybody; what goes to F costs 0.2 more than to C."""
    entry: dict[str, Any] = {"rule": rule, "floor": 0.5, "bound": 0.5, "relaxation": 0.5}
    entry["held_by"] = [{"community": name, "category": "rice"} for name in "CF"]
    return plan_of(
        fair(rule),
        [line("d", "m", 5, (1, 0.5, 0, 0)), line("d", "n", 5, (0, 0.5, 0, 0))],
        needs={"n": "outranked", "m": "outranked"},
        donations={"d": ""},
        prices={},
        kinds={"unmet": 10_000.0},
        shared=[
            price(rule, "donation", "d", 1),
            price(rule, "fair", "C", 1, to="rice"),
            price(rule, "fair", "F", 1, to="rice"),
            price("tier 5", "donation", "d", 1),
            price("cost", "donation", "d", 0),
            price("cost", "need", "n", 0),
            price("cost", "need", "m", 0),
            price("cost", "reached", "tier 5", 0.1),
            price("cost", "fair", "F", 0.2, to="rice"),
        ],
        claims={"fairness": entry | ({"cells": 2} if rule == "leximin" else {})},
    )


def share() -> Plan:
    """Of 10, C is to get 8 and F 2 by their population; F, the dearer one, gets no more than that."""
    entry = {"rule": "share", "shortfall": 0.0, "bound": 0.0, "relaxation": 0.0}
    return plan_of(
        fair("share", (4, 1)),
        [line("d", "m", 2, (0.4, 0.2, 0, 0)), line("d", "n", 8, (0, 0.8, 0, 0))],
        needs={"n": "outranked", "m": "outranked"},
        donations={"d": ""},
        prices={},
        kinds={"unmet": 10_000.0},
        shared=[
            price("tier 5", "donation", "d", 1),
            price("cost", "donation", "d", 0),
            price("cost", "need", "n", 0),
            price("cost", "need", "m", 0),
            price("cost", "reached", "tier 5", 0.1),
            price("cost", "reached", "share", 0.2),
            price("cost", "fair", "F", 0.2, to="rice"),
        ],
        claims={"fairness": entry},
    )


def funds() -> Plan:
    """20 buy 4 oil at 3 and 3 of 5 rice at 2; 2 rice are given. Identification is 0.3 a unit served.

    Oil costs 3.3 and bought rice 2.3; given rice costs 0.1 + 0.3 and so saves 1.9 a unit.
    """
    case = case_of(
        {"rates": {"identification": {"resident": 0.3}}},
        items=[
            {"item": "oil", "purchase_price": 3},
            {"item": "rice", "purchase_price": 2},
            {"item": "money", "kind": "funds"},
        ],
        needs=[
            NEED | {"need_id": "o", "item": "oil", "priority": 1},
            NEED | {"need_id": "r", "quantity": 5, "priority": 2},
        ],
        donations=[
            GIFT | {"quantity": 2},
            {"donation_id": "f", "donor": "Ann", "item": "money", "quantity": 20, "origin": "C"},
        ],
    )
    none = days(None)[0]
    return plan_of(
        case,
        [
            line("f", "o", 12, (0, 0, 0, 13.2), served=4),
            line("d", "r", 2, (0, 0.2, 0, 0.6)),
            line("f", "r", 6, (0, 0, 0, 6.9), served=3),
        ],
        needs={"o": "", "r": ""},
        donations={"d": "", "f": "demand_met"},
        prices={},
        kinds={"identification": 2.7, "purchase": 18.0},
        served_by_tier={"1": 4, "2": 5},
        shared=[
            price("tier 1", "need", "o", 1),
            price("tier 2", "need", "r", 1),
            price("cost", "need", "o", 0),
            price("cost", "need", "r", 0),
            price("cost", "donation", "f", 0),
            price("cost", "donation", "d", 1.9),
            price("cost", "reached", "tier 1", 3.3),
            price("cost", "reached", "tier 2", 2.3),
        ],
        purchases=[
            {
                "item": item,
                "community": "C",
                "delivery_day": none,
                "quantity": units,
                "unit_price": each,
                "amount": units * each,
                "donation_id": "f",
                "donor": "Ann",
                "need_id": need,
            }
            for item, units, each, need in (("oil", 4.0, 3.0, "o"), ("rice", 3.0, 2.0, "r"))
        ],
    )
