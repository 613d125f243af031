"""Commitments completed by the lines of an earlier plan, and what can be wrong with them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import matchopt
from matchopt import Case, CaseError, Plan, Severity

NEEDS = [("n1", "A", "rice", 8), ("n2", "B", "rice", 5), ("n3", "B", "milk", 4)]
DONATIONS = [("d1", "rice", 10), ("d2", "milk", 3), ("d3", "milk", 5)]


def frames(**more: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "needs": pd.DataFrame(NEEDS, columns=["need_id", "community", "item", "quantity"]),
        "donations": pd.DataFrame(DONATIONS, columns=["donation_id", "item", "quantity"]),
    } | {name: pd.DataFrame(rows) for name, rows in more.items()}


@pytest.fixture(scope="module")
def first() -> Plan:
    """d1 → n1 8 (A0001), d1 → n2 2 (A0002), d2 → n3 3 (A0003), d3 → n3 1 (A0004)."""
    return matchopt.plan(Case.from_frames(**frames()))


def after(first: Plan, *rows: dict[str, Any]) -> pd.DataFrame:
    """Return the commitments as they are completed, by allocation id, status and quantity."""
    more = {"commitments": list(rows)} if rows else {}
    case = Case.from_frames(earlier=first.allocations, **frames(**more))
    return case.table("commitments")


def told(table: pd.DataFrame) -> list[tuple[str, str, str, str, float]]:
    columns = ["allocation_id", "donation_id", "need_id", "status", "quantity"]
    return list(table[columns].itertuples(index=False, name=None))


def findings(first: Plan, *rows: dict[str, Any]) -> list[tuple[str, int | None, str]]:
    with pytest.raises(CaseError) as error:
        after(first, *rows)
    return [(f.code, f.row, f.column) for f in error.value.findings if f.severity is Severity.ERROR]


def test_every_line_is_a_promise_unless_something_is_said_of_it(first: Plan) -> None:
    lines = first.allocations
    assert told(after(first)) == [
        (line.allocation_id, line.donation_id, line.need_id, "planned", line.donated_quantity)
        for line in lines.itertuples()
    ]


def test_a_row_takes_from_its_line_what_it_leaves_empty_and_the_rest_is_a_promise(first: Plan) -> None:
    table = after(
        first,
        {"allocation_id": "A0001", "quantity": 3, "status": "accepted"},
        {"donation_id": "d1", "need_id": "n2", "status": "delivered"},
        {"allocation_id": "A0003", "status": "declined"},
    )
    assert told(table) == [
        ("A0001", "d1", "n1", "accepted", 3),
        ("A0002", "d1", "n2", "delivered", 2),
        ("A0003", "d2", "n3", "declined", 3),
        ("A0001", "d1", "n1", "planned", 5),
        ("A0004", "d3", "n3", "planned", 1),
    ]


def test_lines_of_what_has_left_the_tables_are_left_out_with_a_note(first: Plan) -> None:
    tables = frames()
    tables["donations"] = tables["donations"].iloc[1:]
    case = Case.from_frames(earlier=first.allocations, **tables)
    assert set(case.table("commitments")["donation_id"]) == {"d2", "d3"}
    assert [f.problem for f in case.findings if f.code == "gone"] == [
        "2 lines of the earlier plan are left out: donation, need or hub is gone from the tables"
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"allocation_id": "A0009", "status": "accepted"}], [("unknown_key", 2, "allocation_id")]),
        (
            [{"allocation_id": "A0001", "donation_id": "d2", "status": "declined"}],
            [("contradiction", 2, "donation_id")],
        ),
        (
            [{"allocation_id": "A0001", "quantity": 9, "status": "delivered"}],
            [("more_than_planned", 2, "quantity"), ("too_much_pinned", 2, "need_id")],
        ),
        (
            [{"allocation_id": "A0001", "status": s} for s in ("accepted", "delivered")],
            [
                ("incomplete_row", 2, "quantity"),
                ("incomplete_row", 3, "quantity"),
                ("too_much_pinned", 2, "donation_id"),
                ("too_much_pinned", 2, "need_id"),
            ],
        ),
        (
            [{"donation_id": "d9", "need_id": "n1", "quantity": 1, "status": "accepted"}],
            [("unknown_key", 2, "donation_id")],
        ),
        ([{"allocation_id": "A0001", "status": "eaten"}], [("not_a_choice", 2, "status")]),
    ],
)
def test_what_is_wrong_is_told_all_at_once(
    first: Plan, rows: list[dict[str, object]], expected: list[tuple[str, int, str]]
) -> None:
    assert sorted(findings(first, *rows)) == sorted(expected)


def test_days_out_of_order_and_pairs_with_several_lines() -> None:
    needs = pd.DataFrame(
        [("n1", "A", "rice", 8, "2026-03-05")],
        columns=["need_id", "community", "item", "quantity", "needed_by"],
    )
    offered = pd.DataFrame(
        [("d1", "rice", 10, "2026-03-02")], columns=["donation_id", "item", "quantity", "available_from"]
    )
    first = matchopt.plan(Case.from_frames(needs=needs, donations=offered))
    row = {"allocation_id": "A0001", "status": "delivered", "delivery_day": "2026-03-01"}
    with pytest.raises(CaseError) as error:
        Case.from_frames(
            needs=needs, donations=offered, commitments=pd.DataFrame([row]), earlier=first.allocations
        )
    assert [f.code for f in error.value.findings if f.severity is Severity.ERROR] == ["reversed_days"]
    twice = pd.concat(
        [
            first.allocations.assign(donated_quantity=4),
            first.allocations.assign(
                allocation_id="A0002",
                donated_quantity=4,
                pickup_day=pd.Timestamp("2026-03-03"),
                arrival_day=pd.Timestamp("2026-03-03"),
                delivery_day=pd.Timestamp("2026-03-03"),
            ),
        ]
    )
    pair = {"donation_id": "d1", "need_id": "n1", "status": "accepted", "quantity": 2}
    with pytest.raises(CaseError) as error:
        Case.from_frames(needs=needs, donations=offered, commitments=pd.DataFrame([pair]), earlier=twice)
    assert "ambiguous_row" in [f.code for f in error.value.findings]
    day = {"pickup_day": "2026-03-03", "arrival_day": "2026-03-03", "delivery_day": "2026-03-03"}
    case = Case.from_frames(
        needs=needs, donations=offered, commitments=pd.DataFrame([pair | day]), earlier=twice
    )
    assert told(case.table("commitments")) == [
        ("A0002", "d1", "n1", "accepted", 2),
        ("A0001", "d1", "n1", "planned", 4),
        ("A0002", "d1", "n1", "planned", 2),
    ]


def test_of_a_line_declined_in_part_the_rest_is_a_promise(first: Plan) -> None:
    part = after(first, {"allocation_id": "A0001", "quantity": 3, "status": "declined"})
    assert told(part)[:2] == [("A0001", "d1", "n1", "declined", 3), ("A0001", "d1", "n1", "planned", 5)]
    # What others take of it comes first; who says no quantity declines what is left.
    both = after(
        first,
        {"allocation_id": "A0001", "quantity": 6, "status": "accepted"},
        {"allocation_id": "A0001", "status": "cancelled"},
    )
    assert [row for row in told(both) if row[3] == "planned" and row[0] == "A0001"] == []
    more = after(
        first,
        {"allocation_id": "A0001", "quantity": 5, "status": "accepted"},
        {"allocation_id": "A0001", "quantity": 1, "status": "declined"},
    )
    assert ("A0001", "d1", "n1", "planned", 2) in told(more)


def test_pinned_money_serves_what_it_buys() -> None:
    """Rice costs 5: 10 of money buy the 2 that are asked."""
    tables: dict[str, Any] = {
        "needs": pd.DataFrame([("n", "A", "rice", 2)], columns=["need_id", "community", "item", "quantity"]),
        "donations": pd.DataFrame([("d", "money", 20)], columns=["donation_id", "item", "quantity"]),
        "items": pd.DataFrame(
            {"item": ["rice", "money"], "kind": ["", "funds"], "purchase_price": [5, None]}
        ),
    }

    def pinned(quantity: int) -> pd.DataFrame:
        return pd.DataFrame(
            [("d", "n", quantity, "accepted")], columns=["donation_id", "need_id", "quantity", "status"]
        )

    plan = matchopt.plan(Case.from_frames(commitments=pinned(10), **tables))
    assert plan.allocations["served_quantity"].tolist() == [2]
    with pytest.raises(CaseError) as error:
        Case.from_frames(commitments=pinned(15), **tables)
    assert [f.code for f in error.value.findings if f.severity is Severity.ERROR] == ["too_much_pinned"]
