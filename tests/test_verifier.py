"""The verifier on plans worked by hand: it finds nothing wrong with the right ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import matchopt
from matchopt import Case, Plan, Violation, verify
from verifier_cases import Row, case_of, line, plan_of, town, town_plan

NEED = {"need_id": "n", "community": "C", "item": "rice", "quantity": 4}
GIFT = {"donation_id": "d", "item": "rice", "quantity": 4}


def codes(case: Case, plan: Plan) -> set[str]:
    return {violation.code for violation in verify(case, plan)}


def one_pair(
    case: Case,
    unit: tuple[float, float, float, float],
    when: tuple[int | None, int | None, int | None] = (None, None, None),
    hub: str = "",
    kinds: Mapping[str, float] | None = None,
) -> Plan:
    """Return the plan that gives all 4 of d to n; `unit` is what one of them costs."""
    row = line("d", "n", 4, tuple(round(4 * part, 4) for part in unit), when, hub)  # type: ignore[arg-type]
    return plan_of(
        case,
        [row],
        needs={"n": ""},
        donations={"d": ""},
        prices={"n": (5, 0), "d": (5, round(sum(unit), 4))},
        kinds=kinds or {},
    )


def nothing(case: Case, code: str, price: tuple[int, int] = (5, 10), donation_code: str = "") -> Plan:
    """Return the plan in which n gets nothing of d, both for the reason `code`."""
    return plan_of(
        case,
        [],
        needs={"n": code},
        donations={"d": donation_code or code},
        prices={"n": (price[0], 0), "d": (price[1], 0)},
        kinds={"unmet": 4000.0},
    )


def pair(
    settings: Mapping[str, Any] | None = None,
    need: Row | None = None,
    gift: Row | None = None,
    **tables: Sequence[Row],
) -> Case:
    """Return a case of one need and one donation of 4 rice."""
    return case_of(settings, needs=[NEED | dict(need or {})], donations=[GIFT | dict(gift or {})], **tables)


def test_town() -> None:
    assert verify(town(), town_plan()) == ()


def test_undated_direct_at_distance_zero() -> None:
    case = pair()
    assert verify(case, one_pair(case, (0, 0.1, 0, 0))) == ()
    assert codes(case, one_pair(case, (0, 0.1, 0, 0), (1, 1, 1))) == {"days"}


@pytest.mark.parametrize("column", ["pickup_day", "arrival_day", "delivery_day"])
def test_a_line_that_stays_has_no_day_where_no_table_holds_one(column: str) -> None:
    stays = {"donation_id": "d", "need_id": "n", "quantity": 4, "status": "accepted"}
    case = pair(commitments=[stays])
    plan = matchopt.plan(case)
    assert verify(case, plan) == ()
    lines = plan.allocations.assign(**{column: pd.Timestamp("2026-03-03")})
    assert codes(case, replace(plan, allocations=lines)) == {"days"}


def test_undated_lane_with_a_lead_time_never_arrives() -> None:
    lane = {"from_place": "D", "to_place": "C", "distance_km": 5, "lead_days": 1}
    case = pair(gift={"origin": "D"}, lanes=[lane])
    assert verify(case, nothing(case, "timing")) == ()


def test_direct_waits_for_the_window_and_is_picked_up_late() -> None:
    lane = {"from_place": "D", "to_place": "C", "distance_km": 50, "lead_days": 1}
    case = pair(
        need={"needed_from": "2026-03-03", "needed_by": "2026-03-05"},
        gift={"origin": "D", "available_from": "2026-03-01", "available_until": "2026-03-02"},
        lanes=[lane],
    )
    assert verify(case, one_pair(case, (0.1, 0.1, 0, 0), (2, 3, 3))) == ()
    assert codes(case, one_pair(case, (0.1, 0.1, 0, 0), (1, 2, 2))) == {"days"}


HUB_LANES = [
    {"from_place": "D", "to_place": "C", "distance_km": 50, "lead_days": 1},
    {"from_place": "D", "to_place": "H1", "distance_km": 10, "lead_days": 1},
    {"from_place": "H1", "to_place": "C", "distance_km": 20, "lead_days": 1},
    {"from_place": "D", "to_place": "H2", "distance_km": 20, "lead_days": 1},
    {"from_place": "H2", "to_place": "C", "distance_km": 20, "lead_days": 1},
]
LATER: dict[str, Any] = {
    "need": {"needed_from": "2026-03-05", "needed_by": "2026-03-06"},
    "gift": {"origin": "D", "available_from": "2026-03-01", "available_until": "2026-03-01"},
}


def test_a_hub_bridges_the_days_between() -> None:
    case = pair(**LATER, items=[{"item": "rice", "weight_kg": 2}], hubs=[{"hub": "H1"}], lanes=HUB_LANES)
    assert verify(case, one_pair(case, (0.12, 0.4, 0.04, 0), (1, 2, 5), "H1")) == ()
    direct = one_pair(case, (0.2, 0.2, 0, 0), (4, 5, 5))
    assert "route" in codes(case, direct)


def test_cold_items_pass_only_through_cold_hubs() -> None:
    hubs: list[Row] = [{"hub": "H1"}, {"hub": "H2", "cold": True}]
    case = pair(**LATER, items=[{"item": "rice", "cold": True}], hubs=hubs, lanes=HUB_LANES)
    assert verify(case, one_pair(case, (0.08, 0.2, 0.02, 0), (1, 2, 5), "H2")) == ()
    assert "route" in codes(case, one_pair(case, (0.06, 0.2, 0.02, 0), (1, 2, 5), "H1"))


def test_of_equal_routes_direct_comes_first_then_the_hub_by_name() -> None:
    free = {"rates": {"handling_direct": 0.0, "hub_handling": 0.0, "hub_storage": 0.0}}
    zero = [lane | {"distance_km": 0} for lane in HUB_LANES]
    hubs = [{"hub": "H2"}, {"hub": "H1"}]
    case = pair(free, **LATER, hubs=hubs, lanes=zero)
    assert verify(case, one_pair(case, (0, 0, 0, 0), (1, 2, 5), "H1")) == ()
    assert "route" in codes(case, one_pair(case, (0, 0, 0, 0), (1, 2, 5), "H2"))
    case = pair(free, gift={"origin": "D"}, hubs=hubs, lanes=[lane | {"lead_days": 0} for lane in zero])
    assert verify(case, one_pair(case, (0, 0, 0, 0))) == ()


def test_substitution_adds_its_penalty() -> None:
    row = {"need_item": "rice", "donated_item": "flour", "penalty": 0.5}
    case = pair(gift={"item": "flour"}, substitutions=[row])
    assert verify(case, one_pair(case, (0, 0.1, 0, 0.5), kinds={"penalty": 2.0})) == ()
    assert codes(pair(gift={"item": "flour"}), one_pair(case, (0, 0.1, 0, 0.5))) >= {"no_such_item"}


def test_substitutions_have_a_direction() -> None:
    case = pair(gift={"item": "flour"}, substitutions=[{"need_item": "flour", "donated_item": "rice"}])
    assert verify(case, nothing(case, "no_such_item")) == ()


@pytest.mark.parametrize(("remaining", "in_time"), [(2, True), (3, False)])
def test_shelf_life_that_must_remain(remaining: int, in_time: bool) -> None:
    case = pair(
        need={"needed_from": "2026-03-03", "min_remaining_days": remaining},
        gift={"available_from": "2026-03-01", "expires_on": "2026-03-05"},
    )
    plan = one_pair(case, (0, 0.1, 0, 0), (3, 3, 3)) if in_time else nothing(case, "timing")
    assert verify(case, plan) == ()
    assert verify(case, nothing(case, "timing") if in_time else one_pair(case, (0, 0.1, 0, 0), (3, 3, 3)))


def test_shelf_life_of_the_item_counts_from_the_first_day() -> None:
    items = [{"item": "rice", "shelf_life_days": 2}]
    day = {"available_from": "2026-03-01", "available_until": "2026-03-09"}
    case = pair(need={"needed_from": "2026-03-03"}, gift=day, items=items)
    assert verify(case, one_pair(case, (0, 0.1, 0, 0), (3, 3, 3))) == ()
    case = pair(need={"needed_from": "2026-03-04"}, gift=day, items=items)
    assert verify(case, nothing(case, "timing")) == ()
    undated = pair(need={"min_remaining_days": 3}, items=items)
    assert verify(undated, nothing(undated, "timing")) == ()


@pytest.mark.parametrize(("quote", "transport"), [(None, 0.0), (0.25, 0.25)])
def test_services_travel_free_unless_a_lane_has_a_price(quote: float | None, transport: float) -> None:
    lane = {"from_place": "D", "to_place": "C", "distance_km": 50, "cost_per_kg": quote}
    lanes = [lane, {"from_place": "H", "to_place": "C", "distance_km": 0}]
    kind = [{"item": "rice", "kind": "service"}]
    case = pair(gift={"origin": "D"}, items=kind, hubs=[{"hub": "H"}], lanes=lanes)
    assert verify(case, one_pair(case, (transport, 0, 0, 0))) == ()


def test_services_do_not_pass_through_hubs() -> None:
    kind = [{"item": "rice", "kind": "service"}]
    lanes = [
        {"from_place": "D", "to_place": "H", "distance_km": 1},
        {"from_place": "H", "to_place": "C", "distance_km": 1},
    ]
    case = pair(gift={"origin": "D"}, items=kind, hubs=[{"hub": "H"}], lanes=lanes)
    assert verify(case, nothing(case, "unreachable")) == ()


@pytest.mark.parametrize(
    ("mark", "group", "admitted"),
    [
        ({"only_communities": "B; C"}, "", True),
        ({"only_communities": "B"}, "", False),
        ({"only_groups": "elderly;children"}, "children", True),
        ({"only_groups": "elderly;children"}, "disabled", False),
        ({"only_groups": "elderly"}, "", False),
        ({"only_communities": "C", "only_groups": "elderly"}, "children", False),
    ],
)
def test_earmarks(mark: Row, group: str, admitted: bool) -> None:
    case = pair(need={"group": group}, gift=mark)
    right, wrong = one_pair(case, (0, 0.1, 0, 0)), nothing(case, "earmark")
    if not admitted:
        right, wrong = wrong, right
    assert verify(case, right) == ()
    assert codes(case, wrong) & {"earmark", "reason"}


NEIGHBOURS: dict[str, Any] = {
    "communities": [
        {"community": "C", "district": "east", "organization": "A"},
        {"community": "same district", "district": "east", "organization": "X"},
        {"community": "same organisation", "district": "west", "organization": "A"},
        {"community": "partner", "district": "west", "organization": "B"},
        {"community": "one way", "district": "west", "organization": "D"},
        {"community": "nobody", "district": "", "organization": ""},
    ],
    "agreements": [
        {"from_organization": "B", "to_organization": "A", "transfer_cost": 0.25},
        {"from_organization": "A", "to_organization": "D", "transfer_cost": 9},
    ],
}


@pytest.mark.parametrize("home", ["", "C", *(str(row["community"]) for row in NEIGHBOURS["communities"][1:])])
@pytest.mark.parametrize(
    ("policy", "admitted"),
    [
        ("open", {"same district", "same organisation", "partner", "one way", "nobody"}),
        ("community", set()),
        ("district", {"same district"}),
        ("organization", {"same organisation"}),
        ("agreements", {"same organisation", "partner"}),
    ],
)
def test_boundaries_and_transfers(policy: str, admitted: set[str], home: str) -> None:
    case = pair({"policy": {"boundary": policy}}, gift={"community": home}, **NEIGHBOURS)
    transfer = 0.25 if home == "partner" else 0
    right = one_pair(case, (0, 0.1, 0, transfer), kinds={"transfer": 4 * transfer})
    wrong = nothing(case, "boundary")
    if home not in {"", "C", *admitted}:
        right, wrong = wrong, right
    assert verify(case, right) == ()
    assert codes(case, wrong) & {"boundary", "reason"}


def test_two_communities_without_an_organisation_do_not_share_one() -> None:
    places = [
        {"community": "C"},
        {"community": "B"},
        {"community": "A", "district": "east", "organization": "X"},
    ]
    partners = [{"from_organization": "X", "to_organization": "Y"}]
    for policy in ("organization", "district", "agreements"):
        case = pair(
            {"policy": {"boundary": policy}}, gift={"community": "B"}, communities=places, agreements=partners
        )
        assert verify(case, nothing(case, "boundary")) == ()


DEGREE = 111.19508023353291
"""km of one degree of a meridian of a sphere with a radius of 6371.0088 km."""


@pytest.mark.parametrize(
    ("gift", "distance"),
    [
        ({"latitude": 31.0, "longitude": 121.0}, 1.3 * DEGREE),
        ({"origin": "B"}, 2 * 1.3 * DEGREE),
        ({"origin": "A", "latitude": 31.0, "longitude": 121.0}, 1.3 * DEGREE),
        ({"origin": "A"}, 0),
        ({"origin": "C"}, 0),
        ({}, 0),
    ],
)
def test_great_circle(gift: Row, distance: float) -> None:
    places: list[Row] = [
        {"community": "C", "latitude": 30.0, "longitude": 121.0},
        {"community": "B", "latitude": 32.0, "longitude": 121.0},
        {"community": "A"},
    ]
    case = pair(gift=gift, communities=places)
    assert verify(case, one_pair(case, (round(0.002 * distance, 4), 0.1, 0, 0))) == ()


def test_great_circle_across_a_parallel() -> None:
    """60 degrees north, one quarter of the globe to the east: 2 asin(sin 45° × cos 60°)."""
    places = [{"community": "C", "latitude": 60.0, "longitude": 170.0}]
    settings = {"rates": {"detour_factor": 1.0, "transport_per_kg_km": 1.0, "handling_direct": 0.0}}
    case = pair(settings, gift={"latitude": 60.0, "longitude": -100.0}, communities=places)
    distance = 6371.0088 * 2 * math.asin(math.sqrt(0.5) * 0.5)
    assert verify(case, one_pair(case, (round(distance, 4), 0, 0, 0))) == ()


def test_a_lane_replaces_what_it_gives_and_has_a_direction() -> None:
    places: list[Row] = [{"community": "C", "latitude": 30.0, "longitude": 121.0}, {"community": "B"}]
    lanes = [
        {"from_place": "C", "to_place": "B", "distance_km": 7},
        {"from_place": "C", "to_place": "C", "distance_km": 3},
    ]
    case = pair(gift={"origin": "C"}, communities=places, lanes=lanes)
    assert verify(case, one_pair(case, (0.006, 0.1, 0, 0))) == ()
    case = pair(gift={"origin": "B"}, communities=places, lanes=lanes)
    assert verify(case, nothing(case, "unreachable")) == ()
    case = pair(gift={"latitude": 31.0, "longitude": 121.0}, communities=places, lanes=lanes)
    assert verify(case, one_pair(case, (round(0.0026 * DEGREE, 4), 0.1, 0, 0))) == ()


def test_a_lane_that_gives_only_days_keeps_the_great_circle() -> None:
    places = [
        {"community": "C", "latitude": 30.0, "longitude": 121.0},
        {"community": "B", "latitude": 31.0, "longitude": 121.0},
    ]
    lanes = [{"from_place": "B", "to_place": "C", "lead_days": 2}]
    dates = {"available_from": "2026-03-01", "available_until": "2026-03-04"}
    since = {"horizon": {"start": "2026-03-01"}}
    case = pair(since, gift={"origin": "B"} | dates, communities=places, lanes=lanes)
    assert verify(case, one_pair(case, (round(0.0026 * DEGREE, 4), 0.1, 0, 0), (1, 3, 3))) == ()


def test_the_horizon_of_the_settings_cuts_windows() -> None:
    window = {"available_from": "2026-03-01", "available_until": "2026-03-20"}
    case = pair({"horizon": {"start": "2026-03-04", "end": "2026-03-08"}}, gift=window)
    plan = one_pair(case, (0, 0.1, 0, 0), (4, 4, 4))
    summary = {**plan.summary, "horizon": {"start": "2026-03-04", "end": "2026-03-08"}}
    assert verify(case, replace(plan, summary=summary)) == ()
    days = {"start": "2026-03-01", "end": "2026-03-08"}
    case = pair({"horizon": days}, need={"needed_from": "2026-03-09"}, gift=window)
    plan = nothing(case, "timing")
    assert verify(case, plan) == ()


def test_routes_are_compared_as_rounded() -> None:
    """Directly 0.20004, via H1 0.20003, via H2 0.20001 are all 0.2; without a direct way H1 comes first."""
    lanes = [
        {"from_place": "D", "to_place": "C", "cost_per_kg": 0.10004},
        {"from_place": "D", "to_place": "H1", "cost_per_kg": 0.00003},
        {"from_place": "D", "to_place": "H2", "cost_per_kg": 0.00001},
        {"from_place": "H1", "to_place": "C", "cost_per_kg": 0},
        {"from_place": "H2", "to_place": "C", "cost_per_kg": 0},
    ]
    hubs = [{"hub": "H2"}, {"hub": "H1"}]
    case = pair(gift={"origin": "D"}, hubs=hubs, lanes=lanes)
    assert verify(case, one_pair(case, (0.1, 0.1, 0, 0))) == ()
    case = pair(gift={"origin": "D"}, hubs=hubs, lanes=lanes[1:])
    assert verify(case, one_pair(case, (0, 0.2, 0, 0), hub="H1")) == ()
    assert "route" in codes(case, one_pair(case, (0, 0.2, 0, 0), hub="H2"))


@pytest.mark.parametrize(
    ("row", "excluded"),
    [
        ({"item": "rice"}, True),
        ({"group": "vip"}, True),
        ({"item": "rice", "community": "C"}, True),
        ({"item": "rice", "community": "B"}, False),
        ({"item": "tea", "group": "vip"}, False),
        ({"item": "rice", "group": "other"}, False),
        ({"item": "rice", "group": "none"}, False),
    ],
)
def test_exclusions(row: Row, excluded: bool) -> None:
    group = "" if row.get("group") == "none" else "vip"
    case = pair(need={"group": group}, exclusions=[row])
    if excluded:
        right = plan_of(
            case,
            [],
            needs={"n": "excluded"},
            donations={"d": "excluded"},
            prices={"n": (5, 0), "d": (10, 0)},
            kinds={},
        )
        wrong, code = one_pair(case, (0, 0.1, 0, 0)), "excluded"
    else:
        right, code = one_pair(case, (0, 0.1, 0, 0)), "reason"
        wrong = nothing(case, "excluded")
    assert verify(case, right) == ()
    assert code in codes(case, wrong)


@pytest.mark.parametrize(
    ("policy", "plannable"), [("ignore", 4), ("expected", 2), ("firm", 0)]
)  # 0.7 × 4 is 2.8
def test_reliability(policy: str, plannable: int) -> None:
    case = pair({"policy": {"reliability": policy}}, gift={"reliability": 0.7})
    lines = [line("d", "n", plannable, (0, round(0.1 * plannable, 4), 0, 0))] if plannable else []
    need = {4: "", 2: "shortage", 0: "no_such_item"}[plannable]
    plan = plan_of(
        case,
        lines,
        needs={"n": need},
        donations={"d": "" if plannable == 4 else "unreliable"},
        prices={"n": (5, 0), "d": (5, 0.1) if plannable else (10, 0)},
        kinds={"unmet": 1000.0 * (4 - plannable)},
    )
    assert verify(case, plan) == ()


def test_reliability_ignores_the_dust_of_floats() -> None:
    case = pair(need={"quantity": 50}, gift={"quantity": 50, "reliability": 0.58})  # 28.999999999999996
    plan = plan_of(
        case,
        [line("d", "n", 29, (0, 2.9, 0, 0))],
        needs={"n": "shortage"},
        donations={"d": "unreliable"},
        prices={"n": (5, 0), "d": (5, 0.1)},
        kinds={"unmet": 21_000.0},
    )
    assert verify(case, plan) == ()


def test_quality() -> None:
    case = pair(need={"min_quality": 3}, gift={"quality": 2})
    assert verify(case, nothing(case, "quality")) == ()
    assert "quality" in codes(case, one_pair(case, (0, 0.1, 0, 0)))


def test_the_last_step_that_somebody_reaches_is_the_reason() -> None:
    """Of two donations one fails by quality, the other, further on, by earmark."""
    case = case_of(
        needs=[NEED | {"min_quality": 3}],
        donations=[GIFT | {"quality": 2}, GIFT | {"donation_id": "e", "only_communities": "B"}],
    )
    plan = plan_of(
        case,
        [],
        needs={"n": "earmark"},
        donations={"d": "quality", "e": "earmark"},
        prices={"n": (5, 0), "d": (10, 0), "e": (10, 0)},
        kinds={"unmet": 4000.0},
    )
    # Each breaks one rule: of these the first counts.
    plan = replace(plan, needs=plan.needs.assign(obstacles="quality"))
    assert verify(case, plan) == ()
    assert codes(case, replace(plan, needs=plan.needs.assign(obstacles="earmark"))) == {"reason"}


TOTAL = {"policy": {"objective": "total-cost"}, "rates": {"unmet_cost": 2.0}}


def test_total_cost_leaves_needs_that_are_not_worth_it() -> None:
    """Serving far costs 3.1, more than 2; near costs 0.1, and 4 of 10 units of rice remain."""
    case = case_of(
        TOTAL,
        needs=[NEED | {"need_id": "far", "community": "F"}, NEED | {"need_id": "near", "quantity": 6}],
        donations=[GIFT | {"quantity": 10, "origin": "D"}, GIFT | {"donation_id": "e", "origin": "E"}],
        lanes=[
            {"from_place": "D", "to_place": "F", "cost_per_kg": 3},
            {"from_place": "D", "to_place": "C", "cost_per_kg": 0},
            {"from_place": "E", "to_place": "F", "cost_per_kg": 1.9},
        ],
    )
    plan = plan_of(
        case,
        [line("d", "near", 6, (0, 0.6, 0, 0))],
        needs={"far": "not_worth_it", "near": ""},
        donations={"d": "demand_met", "e": "not_worth_it"},
        prices={"far": (0, 2.0), "near": (0, 0.1), "d": (0, 0), "e": (0, 0)},
        kinds={"unmet": 8.0},
        served_by_tier={"5": 6},
    )
    assert verify(case, plan) == ()


def test_total_cost_with_scarce_supply() -> None:
    """4 units for two needs of 4: the one that suffers more gets them; 1.9 is what a fifth were worth."""
    case = case_of(TOTAL, needs=[NEED | {"unmet_cost": 5.0}, NEED | {"need_id": "m"}], donations=[GIFT])
    plan = plan_of(
        case,
        [line("d", "n", 4, (0, 0.4, 0, 0))],
        needs={"n": "", "m": "outranked"},
        donations={"d": ""},
        prices={"n": (0, 2.0), "m": (0, 2.0), "d": (0, -1.9)},
        kinds={"unmet": 8.0},
        served_by_tier={"5": 4},
    )
    assert verify(case, plan) == ()
    dear = replace(plan, prices=plan.prices.assign(price=[2.0, 2.1, -1.9]))
    assert "price" in codes(case, dear)


def test_the_proof_knows_the_cheapest_route() -> None:
    """Directly a unit costs 3, more than the 2 of a unit unmet; through the hub it costs 1."""
    lanes = [
        {"from_place": "D", "to_place": "C", "cost_per_kg": 2.9},
        {"from_place": "D", "to_place": "H", "cost_per_kg": 0.8},
        {"from_place": "H", "to_place": "C", "cost_per_kg": 0},
    ]
    case = pair(TOTAL, gift={"origin": "D"}, hubs=[{"hub": "H"}], lanes=lanes)
    plan = plan_of(
        case,
        [],
        needs={"n": "not_worth_it"},
        donations={"d": "not_worth_it"},
        prices={"n": (0, 2.0), "d": (0, 0)},
        kinds={"unmet": 8.0},
        served_by_tier={"5": 0},
    )
    assert codes(case, plan) >= {"proof", "reason"}
    assert codes(pair(TOTAL, gift={"origin": "D"}, lanes=lanes[:1]), plan) == set()


@pytest.mark.parametrize("first", [True, False])
def test_needs_that_are_alike_but_for_their_prices_and_levels(first: bool) -> None:
    """Two needs of 4 for 8 units: what only one of them has is held against the donation too."""
    case = case_of(needs=[NEED, NEED | {"need_id": "m"}], donations=[GIFT | {"quantity": 8}])
    plan = plan_of(
        case,
        [line("d", need, 4, (0, 0.4, 0, 0)) for need in ("m", "n")],
        needs={"n": "", "m": ""},
        donations={"d": ""},
        prices={"n": (10, 0.1), "m": (10, 0.1), "d": (10, 0)},
        kinds={},
    )
    assert verify(case, plan) == ()
    one, other = (0.2, 0.1) if first else (0.1, 0.2)
    assert "proof" in codes(case, replace(plan, prices=plan.prices.assign(price=[one, other, 0])))
    levels, values = ([5, 10, 10], [0.0, 0.1, 0.0]) if first else ([10, 5, 10], [0.1, 0.0, 0.0])
    prices = plan.prices.assign(level=levels, price=values)
    assert "proof" in codes(case, replace(plan, prices=prices))


def test_a_hub_keeps_what_came_on_several_days() -> None:
    """4 kg arrive on 2 March, 4 more on 3 March, all leave for 5 March."""

    def case(capacity: float) -> Case:
        return case_of(
            needs=[NEED | {"quantity": 8} | LATER["need"]],
            donations=[
                GIFT | LATER["gift"],
                GIFT
                | {
                    "donation_id": "e",
                    "origin": "D",
                    "available_from": "2026-03-02",
                    "available_until": "2026-03-02",
                },
            ],
            hubs=[{"hub": "H1", "storage_capacity": capacity}],
            lanes=HUB_LANES[:3],
        )

    plan = plan_of(
        case(8),
        [
            line("d", "n", 4, (0.24, 0.8, 0.08, 0), (1, 2, 5), "H1"),
            line("e", "n", 4, (0.24, 0.8, 0.04, 0), (2, 3, 5), "H1"),
        ],
        needs={"n": ""},
        donations={"d": "", "e": ""},
        prices={"n": (5, 0), "d": (5, 0.28), "e": (5, 0.27)},
        kinds={},
    )
    assert verify(case(8), plan) == ()
    assert [(v.code, v.row) for v in verify(case(7.5), plan)] == [("hub_storage", "hub H1")]


def test_ten_thousand_million_units_are_exact() -> None:
    case = pair(need={"quantity": 10_000_000_000}, gift={"quantity": 9_999_999_999})
    plan = plan_of(
        case,
        [line("d", "n", 9_999_999_999, (0, 999_999_999.9, 0, 0))],
        needs={"n": "shortage"},
        donations={"d": ""},
        prices={"n": (5, 0), "d": (5, 0.1)},
        kinds={"unmet": 1000.0},
    )
    assert verify(case, plan) == ()
    less = plan.allocations.assign(donated_quantity=9_999_999_998.0, served_quantity=9_999_999_998.0)
    assert codes(case, replace(plan, allocations=less)) >= {"cost", "sum", "not_proven"}


def test_components_may_take_the_residue_of_rounding() -> None:
    """A hub line of six components of .00005 each: they round to 0, the total of .0003 does not."""
    tiny = 0.00005
    case = case_of(
        {"rates": {"hub_handling": tiny, "hub_storage": tiny, "identification": {"resident": tiny}}},
        needs=[NEED | {"item": "tea", "needed_from": "2026-03-02"}],
        donations=[
            GIFT
            | {
                "origin": "D",
                "community": "C",
                "available_from": "2026-03-01",
                "available_until": "2026-03-01",
            }
        ],
        communities=[{"community": "C", "organization": "A"}],
        agreements=[{"from_organization": "A", "to_organization": "A", "transfer_cost": tiny}],
        hubs=[{"hub": "H"}],
        lanes=[
            {"from_place": "D", "to_place": "H", "cost_per_kg": tiny},
            {"from_place": "H", "to_place": "C", "cost_per_kg": 0},
        ],
        substitutions=[{"need_item": "tea", "donated_item": "rice", "penalty": tiny}],
    )
    plan = one_pair(case, (0.0003, 0, 0, 0), (1, 1, 2), "H")
    assert verify(case, plan) == ()
    far = plan.allocations.assign(transport_cost=0.0, other_cost=0.0012)
    assert codes(case, replace(plan, allocations=far)) >= {"summary"}


def test_half_a_unit_of_money_is_no_gap() -> None:
    """Half a unit at 0.0001: plan and bound show 0.0000, the cost is 0.00005."""
    case = pair(
        {"rates": {"handling_direct": 0.0001}},
        need={"quantity": 0.5},
        gift={"quantity": 0.5},
        items=[{"item": "rice", "step": 0.5}],
    )
    plan = plan_of(
        case,
        [line("d", "n", 0.5, (0, 0, 0, 0))],
        needs={"n": ""},
        donations={"d": ""},
        prices={"n": (5, 0), "d": (5, 0.0001)},
        kinds={},
    )
    assert verify(case, plan) == ()
    assert codes(case, replace(plan, summary={**plan.summary, "gap": 1.0})) == {"status"}
    assert codes(case, replace(plan, summary={**plan.summary, "gap": 2.1})) == {"gap", "status"}


def test_a_level_between_tiers_does_not_free_a_price() -> None:
    """Level 3 stands for tier 5, the next that needs are in: a price that no unit cost allows is found."""
    case = pair(need={"quantity": 9})
    plan = one_pair(case, (0, 0.1, 0, 0))
    plan = replace(
        plan,
        needs=plan.needs.assign(asked=9.0, unmet=5.0, reason="outranked"),
        prices=plan.prices.assign(level=[5, 3], price=[0, 50.0]),
    )
    assert "proof" in codes(case, plan)
    above = replace(plan, prices=plan.prices.assign(level=[9, 8], price=[-1.0, 1.1]))
    assert "price" in codes(case, above)  # nothing says that a donation of level 8 is used up


def test_a_violation_is_one_line() -> None:
    violation = Violation("cost", "allocations", "A1", "total_cost is 2; it has to be 1")
    assert str(violation) == "allocations, A1: total_cost is 2; it has to be 1 [cost]"


def test_many_violations_of_a_code_are_counted() -> None:
    needs = [NEED | {"need_id": f"n{k:03}"} for k in range(120)]
    case = case_of(needs=needs, donations=[GIFT | {"item": "tea"}])
    ids = [str(need["need_id"]) for need in needs]
    plan = plan_of(
        case,
        [],
        needs=dict.fromkeys(ids, "quality"),
        donations={"d": "no_such_item"},
        prices=dict.fromkeys(ids, (5, 0.0)) | {"d": (10, 0.0)},
        kinds={"unmet": 480_000.0},
    )
    plan = replace(plan, needs=plan.needs.assign(obstacles="no_such_item"))
    found = [violation for violation in verify(case, plan) if violation.code == "reason"]
    assert len(found) == 51
    assert "70 more" in str(found[-1])


def test_a_need_that_a_line_of_an_earlier_plan_serves_is_not_unmet_in_the_proof() -> None:
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": ["n1", "n2"], "community": "a", "item": "rice", "quantity": 4, "unmet_cost": 7.0}
        ),
        donations=pd.DataFrame({"donation_id": ["d1"], "item": ["rice"], "quantity": [6]}),
        commitments=pd.DataFrame(
            {"donation_id": ["d1"], "need_id": ["n1"], "quantity": [4], "status": ["accepted"]}
        ),
        settings={"policy": {"objective": "total-cost"}},
    )
    plan = matchopt.plan(case)
    assert plan.summary["proof"] == "prices"
    assert plan.cost["unmet"] == 14
    assert matchopt.verify(case, plan) == ()
