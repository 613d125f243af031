"""The command `replan`, and what is true of every plan made anew after another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from typer.testing import CliRunner

import matchopt
from comparison import check_objective, check_whole, ledger_of
from matchopt import Case, Plan
from matchopt.cli import app
from matchopt.verifier import pairs
from oracle import solve
from profiles import examples
from small_case import SmallCase
from strategies import small_cases

NEEDS = """need_id,community,item,quantity,priority
N1,Hilltop,rice,8,1
N2,Oldtown,rice,5,3
N3,Oldtown,milk,4,2
"""
GIFTS = """donation_id,item,quantity
D1,rice,10
D2,milk,3
D3,milk,5
"""


def told(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words])
    return done.exit_code, done.output


@pytest.fixture
def monday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a case and the run monday."""
    monkeypatch.chdir(tmp_path)
    case = tmp_path / "case"
    case.mkdir()
    (case / "needs.csv").write_text(NEEDS)
    (case / "donations.csv").write_text(GIFTS)
    assert told("plan", "case", "-o", "monday", "-q", "--no-report")[0] == 0
    return tmp_path


def test_a_run_after_a_run_after_a_run(monday: Path) -> None:
    (monday / "case" / "commitments.csv").write_text("allocation_id,status\nA0001,accepted\nA0003,declined\n")
    code, out = told("replan", "monday", "case", "-o", "tuesday")
    assert code == 0, out
    assert "1 line stays as it is" in out
    assert (monday / "tuesday" / "report.html").is_file()
    code, out = told("verify", "tuesday")
    assert code == 0, out
    before = matchopt.read_run(monday / "monday").allocations
    after = matchopt.read_run(monday / "tuesday")
    lines = after.allocations
    assert lines.iloc[0].equals(before.iloc[0])
    assert not ((lines["donation_id"] == "D2") & (lines["need_id"] == "N3")).any()
    # What was accepted on Monday is said again on Tuesday: the id is the same line.
    (monday / "case" / "commitments.csv").write_text("allocation_id,status\nA0001,delivered\n")
    assert told("replan", "tuesday", "case", "-o", "wednesday", "-q")[0] == 0
    third = matchopt.read_run(monday / "wednesday")
    assert third.summary["commitments"]["pinned"] == 1
    assert matchopt.verify(third.case, third) == ()


def test_wrong_commitments_are_told_and_nothing_is_written(monday: Path) -> None:
    (monday / "case" / "commitments.csv").write_text(
        "allocation_id,quantity,status\nA0009,,accepted\nA0001,99,delivered\n"
    )
    code, out = told("replan", "monday", "case", "-o", "tuesday")
    assert code == 1
    assert "A0009" in out
    assert "makes 99 of a line that plans 8" in out
    assert not (monday / "tuesday").exists()
    assert told("replan", "nowhere", "case", "-o", "tuesday")[0] == 1


def test_a_tampered_line_of_the_plan_before_is_noticed(monday: Path) -> None:
    assert told("replan", "monday", "case", "-o", "tuesday", "-q", "--no-report")[0] == 0
    file = monday / "tuesday" / "plan" / "earlier.csv"
    file.write_text(file.read_text().replace("A0004", "A0005"))
    code, out = told("verify", "tuesday")
    assert code == 1
    assert "earlier.csv" in out


def anew(small: SmallCase, first: Plan, churn: float) -> Plan:
    case = Case.from_frames(
        settings={**small.settings, "policy": {**small.settings.get("policy", {}), "churn_cost": churn}},
        earlier=first.allocations,
        **small.frames(),
    )
    return matchopt.plan(case, warm=first)


@examples(0.08)
@given(small_cases(5, 5))
def test_without_churn_cost_it_is_as_good_as_from_nothing_and_with_it_nothing_changes_for_nothing(
    small: SmallCase,
) -> None:
    """The same case once more: at any churn cost every line stays to the byte, as the plan was the best."""
    rules = small.rules()
    optimum, first = solve(rules), matchopt.plan(small.case())
    free = anew(small, first, 0)
    check_objective(optimum, ledger_of(rules, free), free)
    same = anew(small, first, 1000)
    pd.testing.assert_frame_equal(same.allocations, first.allocations)
    assert matchopt.verify(same.case, same) == ()


# --- tampering ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bound() -> Plan:
    """A plan with a line that stays, one that is declined, and promises, one of them broken."""
    frames = {
        "needs": pd.DataFrame(
            [
                ("n1", "A", "rice", 8, 1),
                ("n2", "B", "rice", 5, 3),
                ("n3", "B", "milk", 4, 2),
                ("n4", "A", "rice", 1, 1),
            ],
            columns=["need_id", "community", "item", "quantity", "priority"],
        ),
        "donations": pd.DataFrame(
            [("d1", "rice", 10), ("d2", "milk", 3), ("d3", "milk", 5)],
            columns=["donation_id", "item", "quantity"],
        ),
        "commitments": pd.DataFrame(
            [
                ("d1", "n1", 4, "accepted"),
                ("d2", "n3", 1, "cancelled"),
                ("d1", "n2", 2, "planned"),
                ("d3", "n3", 4, "planned"),
            ],
            columns=["donation_id", "need_id", "quantity", "status"],
        ),
    }
    plan = matchopt.plan(Case.from_frames(settings={"policy": {"churn_cost": 2.0}}, **frames))
    assert plan.summary["commitments"] == {
        "pinned": 1,
        "pinned_served": 4,
        "promised": 2,
        "kept": 1,
        "changed": 1,
        "churn_cost": 2.0,
    }
    assert matchopt.verify(plan.case, plan) == ()
    return plan


def codes(plan: Plan, **summary: object) -> set[str]:
    changed = replace(plan, summary={**plan.summary, **summary})
    return {violation.code for violation in matchopt.verify(plan.case, changed)}


def with_line(plan: Plan, pair: tuple[str, str], quantity: int) -> Plan:
    """Return the plan with another quantity on the line of a pair, 0 for no line."""
    lines = plan.allocations.copy()
    at = (lines["donation_id"] == pair[0]) & (lines["need_id"] == pair[1])
    assert at.any()
    lines.loc[at, ["donated_quantity", "served_quantity"]] = quantity
    return replace(plan, allocations=lines[lines["donated_quantity"] > 0].reset_index(drop=True))


def test_a_line_that_stays_may_not_shrink_or_go(bound: Plan) -> None:
    assert "pinned" in codes(with_line(bound, ("d1", "n1"), 3))
    assert "pinned" in codes(with_line(bound, ("d1", "n1"), 0))


def test_what_was_cancelled_is_not_proposed_again(bound: Plan) -> None:
    lines = bound.allocations.copy()
    at = (lines["need_id"] == "n3").to_numpy()
    lines.loc[at, "donation_id"] = "d2"
    assert "declined" in codes(replace(bound, allocations=lines))


def test_what_is_said_of_promises_has_to_be_so(bound: Plan) -> None:
    said = bound.summary["commitments"]
    assert codes(bound, commitments={**said, "kept": 2, "changed": 0, "churn_cost": 0.0}) == {"summary"}
    assert codes(bound, commitments={**said, "churn_cost": 1.0}) == {"summary"}
    assert codes(bound, commitments={**said, "pinned": 2}) == {"summary"}
    assert "not_proven" in codes(bound, relaxation={**bound.summary["relaxation"], "cost": 99.0})
    without = {key: value for key, value in bound.summary.items() if key != "commitments"}
    wrong = replace(bound, summary=without)
    assert {v.code for v in matchopt.verify(bound.case, wrong)} == {"missing_key"}


# --- where only pinned lines serve ----------------------------------------------------------


def case_of(settings: dict[str, Any] | None = None, **tables: list[dict[str, Any]]) -> SmallCase:
    """Return a case of plain rows; all needs are in c1, and of rice if nothing else is said."""
    for row in tables["needs"]:
        row.setdefault("community", "c1")
    for row in (*tables["needs"], *tables["donations"]):
        row.setdefault("item", "rice")
    return SmallCase(tables, settings or {})


def planned(small: SmallCase) -> Plan:
    """Return the plan of a case, which is right by the oracle and by the verifier."""
    rules = small.rules()
    plan = matchopt.plan(small.case())
    check_whole(rules, solve(rules), plan)
    return plan


def pin(donation: str, need: str, quantity: float, status: str = "accepted", **more: Any) -> dict[str, Any]:
    return {"donation_id": donation, "need_id": need, "quantity": quantity, "status": status, **more}


@pytest.mark.parametrize("few_pairs", [0, 2**16])
def test_who_could_only_serve_needs_that_pinned_lines_serve_has_demand_met(
    monkeypatch: pytest.MonkeyPatch, few_pairs: int
) -> None:
    """A pair that is barred is not taken for one that is worth its cost, however many pairs there are."""
    monkeypatch.setattr(pairs, "FEW_PAIRS", few_pairs)
    plan = planned(
        case_of(
            needs=[{"need_id": "N1", "quantity": 2}, {"need_id": "N2", "quantity": 2}],
            donations=[
                {"donation_id": "D1", "quantity": 2, "quality": 5},
                {"donation_id": "D2", "quantity": 2, "quality": 4},
            ],
            commitments=[pin("D1", "N1", 2, "cancelled"), pin("D2", "N2", 2)],
        )
    )
    assert plan.donations["reason"].tolist() == ["demand_met", ""]


def test_an_excluded_need_that_pinned_lines_serve_in_full_has_no_reason() -> None:
    plan = planned(
        case_of(
            needs=[{"need_id": "N1", "quantity": 2, "group": "children"}, {"need_id": "N2", "quantity": 2}],
            donations=[{"donation_id": "D1", "quantity": 3}],
            exclusions=[{"group": "children"}],
            commitments=[pin("D1", "N1", 2)],
        )
    )
    assert plan.needs["reason"].tolist() == ["", "outranked"]
    assert "excluded" not in plan.summary["unmet_by_reason"]


def test_what_is_not_worth_it_is_told_before_what_is_less_than_a_granule() -> None:
    plan = planned(
        case_of(
            {"policy": {"objective": "total-cost"}},
            needs=[{"need_id": "N1", "quantity": 14, "unmet_cost": 0.01}],
            donations=[
                {"donation_id": "D1", "quantity": 4, "lot_size": 50},
                {"donation_id": "D2", "quantity": 4},
            ],
        )
    )
    assert plan.donations["reason"].tolist() == ["not_worth_it", "not_worth_it"]
    assert plan.needs["reason"].tolist() == ["not_worth_it"]


# --- what is left of a need ------------------------------------------------------------------


CASH: list[dict[str, Any]] = [
    {"item": "wheelchair", "kind": "goods", "purchase_price": 900},
    {"item": "bed", "kind": "goods", "purchase_price": 7},
    {"item": "cash", "kind": "funds"},
]


def funded(needs: list[dict[str, Any]], funds: list[float], pins: list[Any], **policy: Any) -> SmallCase:
    """Return a case of funds F1, F2 … that buy wheelchairs (900) and beds (7)."""
    donations = [
        {"donation_id": f"F{k}", "item": "cash", "quantity": amount} for k, amount in enumerate(funds, 1)
    ]
    needs = [{"item": "wheelchair"} | need for need in needs]
    return case_of({"policy": policy}, needs=needs, donations=donations, items=CASH, commitments=pins)


@pytest.mark.parametrize("flag", [{"all_or_nothing": True}, {}])
@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_a_third_of_a_wheelchair_that_stays_is_served_to_the_whole(
    flag: dict[str, bool], objective: str
) -> None:
    need = {"need_id": "N1", "quantity": 1, "unmet_cost": 5000} | flag
    plan = planned(funded([need], [300, 1000], [pin("F1", "N1", 300)], objective=objective))
    assert plan.needs["served"].tolist() == [1]
    assert plan.allocations["donated_quantity"].tolist() == [300, 600]
    assert (plan.status, plan.needs["reason"].tolist()) == ("optimal", [""])


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_sevenths_and_ninehundredths_that_stay_leave_the_exact_rest(objective: str) -> None:
    needs = [
        {"need_id": "N1", "item": "bed", "quantity": 2, "unmet_cost": 50},
        {"need_id": "N2", "quantity": 1, "unmet_cost": 5000},
        {"need_id": "N3", "item": "bed", "quantity": 1, "all_or_nothing": True, "unmet_cost": 50},
    ]
    pins = [pin("F1", "N1", 3), pin("F1", "N2", 1), pin("F1", "N3", 6)]
    plan = planned(funded(needs, [10, 911], pins, objective=objective))
    assert plan.needs["served"].tolist() == [2, 1, 1]
    # One unit of money too few, and less is served: the rest is no more than what is there.
    less = planned(funded(needs, [10, 910], pins, objective=objective))
    assert sum(less.needs["unmet"] > 0) == 1


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_what_nobody_can_add_to_is_unmet_to_the_millionth(objective: str) -> None:
    """The fund is not planned any more, so that the need is in no part of the case."""
    small = funded([{"need_id": "N1", "quantity": 1}], [300], [pin("F1", "N1", 300)], objective=objective)
    small.tables["donations"][0]["reliability"] = 0
    plan = planned(small)
    assert plan.needs["unmet"].tolist() == [0.666667]
    assert plan.status == "optimal"


def test_what_an_excluded_need_has_of_pinned_lines_takes_nothing_off_the_cost_of_others() -> None:
    small = funded(
        [{"need_id": "N1", "quantity": 1, "group": "children"}, {"need_id": "N2", "quantity": 1}],
        [300, 450],
        [pin("F1", "N1", 300)],
        objective="total-cost",
    )
    small.tables["exclusions"] = [{"group": "children"}]
    # 450 is half of what one costs: nothing is bought for the other need, and all of it counts.
    assert planned(small).cost["unmet"] == 1000


def test_a_promise_that_fills_the_exact_rest_is_kept() -> None:
    pins = [pin("F1", "N1", 300), pin("F2", "N1", 600, "planned")]
    plan = planned(funded([{"need_id": "N1", "quantity": 1}], [300, 900], pins, churn_cost=3))
    assert plan.summary["commitments"]["kept"] == 1


# --- ids of lines, and runs that stand on their own ------------------------------------------


def rice(needs: int, donations: int, rows: list[dict[str, Any]]) -> SmallCase:
    """Return a case of needs N1 … and donations D1 … of 2 each, and commitments."""
    return case_of(
        needs=[{"need_id": f"N{k + 1}", "quantity": 2, "priority": 1 + 4 * k} for k in range(needs)],
        donations=[{"donation_id": f"D{k + 1}", "quantity": 2} for k in range(donations)],
        commitments=rows,
    )


def frames_after(small: SmallCase, earlier: Plan) -> Case:
    """Return a case, given as frames, that follows a plan."""
    frames: dict[str, Any] = small.frames()
    return Case.from_frames(settings=small.settings, earlier=earlier, **frames)


def follows(small: SmallCase, earlier: Plan) -> Plan:
    """Return the plan of a case after another plan; it verifies."""
    case = frames_after(small, earlier)
    plan = matchopt.plan(case, warm=earlier)
    assert matchopt.verify(case, plan) == ()
    return plan


def lines_of(plan: Plan) -> list[tuple[str, str, str]]:
    return list(
        plan.allocations[["allocation_id", "donation_id", "need_id"]].itertuples(index=False, name=None)
    )


def test_an_id_that_was_cancelled_is_never_given_again() -> None:
    first = matchopt.plan(rice(2, 1, []).case())
    assert (lines_of(first), first.summary["last_allocation_id"]) == ([("A0001", "D1", "N1")], "A0001")
    cancelled = [{"allocation_id": "A0001", "status": "cancelled"}]
    second = follows(rice(2, 1, cancelled), first)
    assert (lines_of(second), second.summary["last_allocation_id"]) == ([("A0002", "D1", "N2")], "A0002")
    # The same tables once more: the line that was cancelled is still known, and still off.
    third = follows(rice(2, 1, cancelled), second)
    assert lines_of(third) == [("A0002", "D1", "N2")]
    both = [*cancelled, {"allocation_id": "A0002", "status": "declined"}]
    fourth = follows(rice(2, 1, both), third)
    assert (lines_of(fourth), fourth.summary["last_allocation_id"]) == ([], "A0002")
    # Nobody says any more that A0001 is off: the pair is proposed again, by a new id.
    fifth = follows(rice(2, 1, both[1:]), fourth)
    assert (lines_of(fifth), fifth.summary["last_allocation_id"]) == ([("A0003", "D1", "N1")], "A0003")


def test_on_the_third_day_the_same_pair_is_refused_from_the_command_line(monday: Path) -> None:
    (monday / "case" / "commitments.csv").write_text("allocation_id,status\nA0003,declined\n")
    for before, after in (("monday", "tuesday"), ("tuesday", "wednesday"), ("wednesday", "thursday")):
        code, out = told("replan", before, "case", "-o", after, "-q", "--no-report")
        assert code == 0, out
        assert told("verify", after)[0] == 0
        lines = lines_of(matchopt.read_run(after))
        assert ("D2", "N3") not in {(donation, need) for _, donation, need in lines}
        assert "A0003" not in {name for name, _, _ in lines}


def test_ids_count_on_from_the_highest_that_the_table_names_whatever_became_of_it() -> None:
    rows = [
        pin("D1", "N1", 2, "declined", allocation_id="A0041"),
        pin("D2", "N2", 1, allocation_id="delivery 7"),
    ]
    plan = planned(rice(2, 2, rows))
    assert lines_of(plan) == [("A0042", "D2", "N1"), ("A0043", "D1", "N2"), ("delivery 7", "D2", "N2")]
    assert plan.summary["last_allocation_id"] == "A0043"


def test_of_two_rows_with_a_claim_to_an_id_the_line_that_stays_has_it() -> None:
    """Half of a line goes another way than the rest, which is a promise; both stem from one id."""
    hubs = [{"hub": "H"}]
    first = case_of(
        needs=[{"need_id": "N1", "quantity": 4}], donations=[{"donation_id": "D1", "quantity": 4}], hubs=hubs
    )
    before = matchopt.plan(first.case())
    half = first.copy()
    half.tables["commitments"] = [{"allocation_id": "A0001", "quantity": 2, "hub": "H", "status": "accepted"}]
    after = follows(half, before)
    assert after.allocations[["allocation_id", "hub"]].to_numpy().tolist() == [["A0002", ""], ["A0001", "H"]]


@pytest.mark.parametrize("from_files", [True, False])
def test_a_case_replanned_from_python_stands_on_its_own(tmp_path: Path, from_files: bool) -> None:
    first = matchopt.plan(rice(2, 2, []).case())
    small = rice(2, 2, [{"allocation_id": "A0001", "status": "accepted", "quantity": 1}])
    if from_files:
        case = matchopt.read_case(small.write(tmp_path / "case"), earlier=first.allocations)
    else:
        case = frames_after(small, first)
    plan = matchopt.plan(case, warm=first)
    assert plan.summary["commitments"] | {"churn_cost": 0} == {
        "pinned": 1,
        "pinned_served": 1,
        "promised": 2,
        "kept": 2,
        "changed": 0,
        "churn_cost": 0,
    }
    plan.write(tmp_path / "run")
    again = matchopt.read_run(tmp_path / "run")
    assert matchopt.verify(again.case, again) == ()
    pd.testing.assert_frame_equal(again.case.tables["commitments"], case.tables["commitments"])
    assert told("verify", str(tmp_path / "run"))[0] == 0
    # What follows it, from Python or from its folder, knows the same of it.
    assert again.summary["last_allocation_id"] == first.summary["last_allocation_id"]
    what_if = again.case.replace(settings={"policy": {"churn_cost": 3}})
    assert what_if.earlier is not None
    assert matchopt.plan(what_if).allocations["allocation_id"].tolist() == ["A0001", "A0002"]


@pytest.mark.parametrize("column", ["allocation_id", "last_allocation_id"])
def test_other_ids_of_a_replanned_case_are_found(bound: Plan, column: str) -> None:
    if column == "last_allocation_id":
        assert {
            v.row
            for v in matchopt.verify(bound.case, replace(bound, summary={**bound.summary, column: "A0099"}))
        } == {column}
        return
    for row in range(len(bound.allocations)):
        lines = bound.allocations.copy()
        lines.loc[row, "allocation_id"] = "A0099"
        assert "id" in {v.code for v in matchopt.verify(bound.case, replace(bound, allocations=lines))}


def test_what_is_not_promised_takes_another_hub_so_that_the_promise_is_kept() -> None:
    """Five go by the best route as promised; three more, which would make it eight, go over the hub."""
    rows = [pin("D1", "N1", 5, "planned")]
    for churn, routes in ((100, [("", 5), ("H", 3)]), (0.1, [("", 8)])):
        small = case_of(
            {"policy": {"churn_cost": churn}, "rates": {"hub_handling": 1}},
            needs=[{"need_id": "N1", "quantity": 8}],
            donations=[{"donation_id": "D1", "quantity": 8}],
            hubs=[{"hub": "H"}],
            commitments=rows,
        )
        plan = planned(small)
        lines = plan.allocations
        assert list(zip(lines["hub"], lines["donated_quantity"], strict=True)) == routes
        assert plan.summary["commitments"]["kept"] == len(routes) - 1
        assert plan.status == "optimal"


@pytest.mark.parametrize("hub", ["", "H"])
def test_what_is_not_promised_goes_on_another_day_where_capacities_bear_on_the_pair(hub: str) -> None:
    """Five go as promised on the 2nd; three more, which would make it eight, go the day before or after."""
    promised = [
        pin("D1", "N1", 5, "planned", hub=hub)
        | dict.fromkeys(("pickup_day", "arrival_day", "delivery_day"), "2026-03-02")
    ]
    small = case_of(
        {"policy": {"churn_cost": 100}, "rates": {"handling_direct": 0 if not hub else 50}},
        needs=[{"need_id": "N1", "quantity": 8, "needed_from": "2026-03-01", "needed_by": "2026-03-03"}],
        donations=[{"donation_id": "D1", "quantity": 8}],
        hubs=[{"hub": "H", "throughput_capacity": 1000}],
        commitments=promised,
    )
    plan = planned(small)
    lines = plan.allocations
    assert sorted(lines["donated_quantity"]) == [3, 5]
    assert set(lines["hub"]) == {hub}
    assert plan.summary["commitments"]["kept"] == 1
    assert plan.status == "optimal"


def test_what_weighs_nothing_takes_another_route_of_the_same_cost_to_keep_a_promise() -> None:
    """No capacity bears on what weighs nothing; that some hub has one bars no route to it."""
    small = case_of(
        {"policy": {"churn_cost": 0.5}},
        items=[{"item": "rice", "weight_kg": 0}],
        needs=[{"need_id": "N1", "quantity": 8}],
        donations=[{"donation_id": "D1", "quantity": 8}],
        hubs=[{"hub": "H"}, {"hub": "K", "throughput_capacity": 1000}],
        commitments=[pin("D1", "N1", 5, "planned")],
    )
    plan = planned(small)
    assert plan.summary["commitments"]["kept"] == 1
    assert plan.status == "optimal"


def on(day: int, *names: str) -> dict[str, str]:
    """Return days of March 2026, those of a line if nothing else is named."""
    return dict.fromkeys(names or ("pickup_day", "arrival_day", "delivery_day"), f"2026-03-0{day}")


CAPACITIES: dict[str, dict[str, Any]] = {
    "of a hub by day": {"hub": {"throughput_capacity": 1000}, "lane": {}},
    "of a lane": {"hub": {}, "lane": {"capacity_kg": 1000}},
    "of a store that only a stay would fill": {"hub": {"storage_capacity": 1000}, "lane": {}},
}


@pytest.mark.parametrize("more", CAPACITIES.values(), ids=CAPACITIES)
@pytest.mark.parametrize("until", [3, 1])
def test_beside_a_promise_that_is_kept_more_of_its_pair_goes_where_that_costs_least(
    more: dict[str, dict[str, Any]], until: int
) -> None:
    """Five go over the hub as promised; what else N1 needs goes there on other days, or a day longer.

    To bring it to N2 costs more, so that the plan without it is not the best, though it keeps the promise.
    """
    small = case_of(
        {"policy": {"churn_cost": 100}, "rates": {"handling_direct": 50, "hub_storage": 0.5}},
        needs=[
            {"need_id": "N1", "quantity": 8} | on(1, "needed_from") | on(3, "needed_by"),
            {"need_id": "N2", "quantity": 8, "community": "c2"} | on(1, "needed_from") | on(3, "needed_by"),
        ],
        donations=[
            {"donation_id": "D1", "quantity": 8, "origin": "o"}
            | on(1, "available_from")
            | on(until, "available_until")
        ],
        hubs=[{"hub": "H"} | more["hub"]],
        lanes=[
            {"from_place": "o", "to_place": "H", "cost_per_kg": 1} | more["lane"],
            {"from_place": "H", "to_place": "c1", "cost_per_kg": 1},
            {"from_place": "H", "to_place": "c2", "cost_per_kg": 9},
        ],
        commitments=[pin("D1", "N1", 5, "planned", hub="H") | on(1)],
    )
    plan = planned(small)
    assert plan.allocations["need_id"].tolist() == ["N1", "N1"]
    assert plan.summary["commitments"]["kept"] == 1
    assert plan.status == "optimal"


def test_a_promise_on_days_of_its_own_is_kept_only_where_capacities_bear_on_its_pair() -> None:
    """The hub takes in so much a day; that is nothing to what weighs nothing, which goes on the first day."""
    for weight, kept in ((1, 1), (0, 0)):
        small = case_of(
            {"policy": {"churn_cost": 100}},
            items=[{"item": "rice", "weight_kg": weight}],
            needs=[{"need_id": "N1", "quantity": 5} | on(1, "needed_from") | on(3, "needed_by")],
            donations=[{"donation_id": "D1", "quantity": 5}],
            hubs=[{"hub": "H", "throughput_capacity": 1000}],
            commitments=[pin("D1", "N1", 5, "planned") | on(2)],
        )
        plan = planned(small)
        assert plan.summary["commitments"]["kept"] == kept
        assert plan.status == "optimal"


def test_without_a_promise_that_is_kept_all_take_the_best_route() -> None:
    """Hubs cost nothing more here: a plan may not take them all the same."""
    small = case_of(
        {"policy": {"churn_cost": 2}, "rates": {"hub_handling": 0, "handling_direct": 0}},
        needs=[{"need_id": "N1", "quantity": 4}],
        donations=[{"donation_id": "D1", "quantity": 4}],
        hubs=[{"hub": "H"}, {"hub": "K"}],
        commitments=[pin("D1", "N1", 9, "planned", hub="K")],
    )
    assert planned(small).allocations["hub"].tolist() == [""]


def test_the_rest_of_a_line_declined_in_part_is_told_as_changed() -> None:
    first = matchopt.plan(rice(1, 1, []).case())
    second = follows(rice(1, 1, [{"allocation_id": "A0001", "quantity": 1.5, "status": "declined"}]), first)
    assert second.summary["commitments"]["promised"] == second.summary["commitments"]["changed"] == 1
    assert second.needs["reason"].tolist() == ["declined"]
