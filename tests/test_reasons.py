"""Reasons are true by re-solving: without the cause, more is served or the reason changes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given

import matchopt
from comparison import exact, ledger_of, rows_of
from matchopt import Plan
from oracle import STAGES, Reasons, reached, solve
from oracle.goals import Value
from profiles import examples
from strategies import Row, SmallCase, small_cases

AMPLE = 10_000
DEAR = 1_000_000
EARMARKS = ("only_communities", "only_groups")
DAYS = ("needed_from", "needed_by", "available_until", "expires_on", "min_remaining_days")

Relax = Callable[[SmallCase, str], None]
JobOutcome = dict[str, tuple[Fraction, str]]


def outcome(plan: Plan, side: str) -> JobOutcome:
    """Return id → quantity served or planned, and the reason for the rest."""
    if side == "needs":
        return {row.need_id: (exact(row.served), row.reason) for row in rows_of(plan.needs)}
    return {row.donation_id: (exact(row.planned), row.reason) for row in rows_of(plan.donations)}


def values(small: SmallCase, plan: Plan) -> tuple[Value, ...]:
    """Return what the plan reaches in each goal."""
    return tuple(reached(ledger_of(small.rules(), plan)).values())


def row_of(small: SmallCase, table: str, key: str) -> Row:
    """Return the row of the need or donation called `key`."""
    return next(row for row in small.tables[table] if key in (row.get("need_id"), row.get("donation_id")))


def drop(rows: list[Row], *columns: str) -> None:
    """Empty the cells of `columns`."""
    for row in rows:
        for column in columns:
            row.pop(column, None)


def open_boundary(small: SmallCase, _: str) -> None:
    """Let everybody give to everybody."""
    small.settings.setdefault("policy", {})["boundary"] = "open"


def open_days(small: SmallCase, _: str) -> None:
    """Give everything all the time there is, and no expiry."""
    drop(small.tables["needs"], *DAYS)
    drop(small.tables["donations"], *DAYS)
    drop(small.tables.get("items", []), "shelf_life_days")
    for row in small.tables["donations"]:
        row["available_from"] = "2026-01-01"
    small.settings["horizon"] = {"start": "2026-01-01", "end": "2026-12-31"}


def connect(small: SmallCase, donations: list[Row], needs: list[Row]) -> None:
    """Add a lane from each donation to each need that has none; unnamed places get a name first."""
    lanes = small.tables.setdefault("lanes", [])
    known = {(lane["from_place"], lane["to_place"]) for lane in lanes}
    for donation in donations:
        origin = donation.setdefault("origin", f"place of {donation['donation_id']}")
        for community in dict.fromkeys(need["community"] for need in needs):
            if (origin, community) not in known:
                known.add((origin, community))
                lanes.append({"from_place": origin, "to_place": community, "distance_km": 1})


def accept_any_quality(small: SmallCase, key: str) -> None:
    drop([row_of(small, "needs", key)], "min_quality")


def connect_need(small: SmallCase, key: str) -> None:
    connect(small, small.tables["donations"], [row_of(small, "needs", key)])


def donate_the_item(small: SmallCase, key: str) -> None:
    need = row_of(small, "needs", key)
    gift = {"donation_id": "new", "item": need["item"], "quantity": AMPLE, "origin": need["community"]}
    small.tables["donations"].append(gift)


def drop_all_earmarks(small: SmallCase, _: str) -> None:
    drop(small.tables["donations"], *EARMARKS)


def repeat_a_candidate(small: SmallCase, key: str) -> None:
    """Add an ample copy of the donation that could serve the need at the least cost."""
    rules = small.rules()
    j = small.tables["needs"].index(row_of(small, "needs", key))
    cheapest = min(rules.candidates_of_need(j), key=lambda i: rules.route[i, j].unit_cost)
    copied = small.tables["donations"][cheapest] | {"donation_id": "new", "quantity": AMPLE}
    drop([copied], "reliability")
    small.tables["donations"].append(copied)


def raise_unmet_cost(small: SmallCase, key: str) -> None:
    row_of(small, "needs", key)["unmet_cost"] = DEAR


def drop_exclusions(small: SmallCase, _: str) -> None:
    del small.tables["exclusions"]


def accept_any_quality_anywhere(small: SmallCase, _: str) -> None:
    drop(small.tables["needs"], "min_quality")


def drop_earmarks(small: SmallCase, key: str) -> None:
    drop([row_of(small, "donations", key)], *EARMARKS)


def connect_donation(small: SmallCase, key: str) -> None:
    connect(small, [row_of(small, "donations", key)], small.tables["needs"])


def ask_for_the_item(small: SmallCase, key: str) -> None:
    donation = row_of(small, "donations", key)
    community = small.tables["needs"][0]["community"]
    need = {"need_id": "new", "community": community, "item": donation["item"], "quantity": AMPLE}
    small.tables["needs"].append(need)
    small.tables.pop("exclusions", None)


def rely_on_it(small: SmallCase, key: str) -> None:
    drop([row_of(small, "donations", key)], "reliability")


def repeat_a_need(small: SmallCase, key: str) -> None:
    """Add an ample copy of the need that gains most by the donation."""
    rules = small.rules()
    i = small.tables["donations"].index(row_of(small, "donations", key))
    best = max(
        rules.candidates_of_donation(i), key=lambda j: rules.unmet_money(j) - rules.route[i, j].unit_cost
    )
    small.tables["needs"].append(small.tables["needs"][best] | {"need_id": "new", "quantity": AMPLE})


def raise_all_unmet_costs(small: SmallCase, _: str) -> None:
    for row in small.tables["needs"]:
        row["unmet_cost"] = DEAR


def open_capacities(small: SmallCase, _: str) -> None:
    drop(small.tables.get("hubs", []), "storage_capacity", "throughput_capacity")
    drop(small.tables.get("lanes", []), "capacity_kg")
    drop(small.tables.get("agreements", []), "max_quantity_kg")


def drop_budget(small: SmallCase, _: str) -> None:
    del small.settings["policy"]["budget"]


def allow_any_part(small: SmallCase, _: str) -> None:
    """Drop all lots and flags, and let every item come in thousandths."""
    drop(small.tables["needs"], "single_source", "all_or_nothing")
    drop(small.tables["donations"], "lot_size", "max_communities")
    items = small.tables.setdefault("items", [])
    for row in (*small.tables["needs"], *small.tables["donations"]):
        if all(item["item"] != row["item"] for item in items):
            items.append({"item": row["item"]})
    for item in items:
        item["step"] = 0.001


WHOLE_THINGS = ("big lots", "odd steps", "single source", "all or nothing", "few communities")

# Side and code → what relaxes the cause, and the features that let the code occur.
CURES: dict[tuple[str, str], tuple[Relax, tuple[str, ...]]] = {
    ("needs", "no_such_item"): (donate_the_item, ()),
    ("needs", "quality"): (accept_any_quality, ("quality",)),
    ("needs", "earmark"): (drop_all_earmarks, ("earmarks", "groups")),
    ("needs", "boundary"): (open_boundary, ("communities", "boundary")),
    ("needs", "unreachable"): (connect_need, ("lanes", "blank places")),
    ("needs", "timing"): (open_days, ("days",)),
    ("needs", "outranked"): (repeat_a_candidate, ()),
    ("needs", "not_worth_it"): (raise_unmet_cost, ("total cost",)),
    ("needs", "excluded"): (drop_exclusions, ("exclusions",)),
    ("donations", "no_such_item"): (ask_for_the_item, ()),
    ("donations", "quality"): (accept_any_quality_anywhere, ("quality",)),
    ("donations", "earmark"): (drop_earmarks, ("earmarks", "groups")),
    ("donations", "boundary"): (open_boundary, ("communities", "boundary")),
    ("donations", "unreachable"): (connect_donation, ("lanes", "blank places")),
    ("donations", "timing"): (open_days, ("days",)),
    ("donations", "unreliable"): (rely_on_it, ("reliability",)),
    ("donations", "demand_met"): (repeat_a_need, ()),
    ("donations", "not_worth_it"): (raise_all_unmet_costs, ("total cost",)),
    ("needs", "capacity"): (open_capacities, ("capacities",)),
    ("needs", "budget"): (drop_budget, ("budget",)),
    ("needs", "integrality"): (allow_any_part, WHOLE_THINGS),
    ("donations", "capacity"): (open_capacities, ("capacities",)),
    ("donations", "budget"): (drop_budget, ("budget",)),
    ("donations", "integrality"): (allow_any_part, WHOLE_THINGS),
}

# Where the cause is relaxed, the plan as a whole is better too: there was something left to give to somebody.
IMPROVING = {("needs", "integrality")} | {
    (side, code) for side in ("needs", "donations") for code in ("capacity", "budget")
}


def possible(small: SmallCase, side: str, code: str) -> bool:
    """Return whether some row has the code in the oracle's best plan: a look that saves a plan."""
    rules = small.rules()
    reasons = Reasons(solve(rules).ledger)
    if side == "needs":
        return any(reasons.of_need(j) == code for j in range(len(rules.needs)))
    return any(reasons.of_donation(i) == code for i in range(len(rules.donations)))


def full(small: SmallCase, side: str, key: str) -> Fraction:
    """Return all that could be served to the need, or planned of the donation."""
    row = row_of(small, side, key)
    if side == "needs":
        return Fraction(str(row["quantity"]))
    return small.rules().plannable[small.tables["donations"].index(row)]


@pytest.mark.parametrize(("side", "code"), CURES)
def test_without_the_cause_more_is_served_or_the_reason_changes(side: str, code: str) -> None:
    """In each random case that has the code: take its first row, relax the cause, plan again."""
    cure, features = CURES[side, code]
    met = 0

    @examples(0.25)
    @given(small_cases(most_donations=4, most_needs=4, always=features, plain=True))
    def relax(small: SmallCase) -> None:
        nonlocal met
        if not possible(small, side, code):
            return
        plan = matchopt.plan(small.case())
        before = outcome(plan, side)
        key = next((key for key, (_, reason) in before.items() if reason == code), None)
        if key is None:
            return
        relaxed = small.copy()
        cure(relaxed, key)
        second = matchopt.plan(relaxed.case())
        quantity, reason = outcome(second, side)[key]
        assert quantity > before[key][0] or reason != code, key
        if code in ("outranked", "demand_met"):
            assert quantity == full(relaxed, side, key), key
        if (side, code) in IMPROVING:
            assert values(relaxed, second) > values(small, plan), key
        met += 1

    relax()
    assert met, "no case had the code, so that nothing was tried"


def test_every_code_of_the_contract_is_tried_on_both_sides() -> None:
    # What was declined is tried with the plans around commitments.
    codes = (*STAGES[:-1], "capacity", "budget", "integrality", "not_worth_it")
    assert all((side, code) in CURES for side in ("needs", "donations") for code in codes)
