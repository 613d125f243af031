"""The horizon by default: from where to where it runs, why, and what the check says of it (contract §4)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import matchopt
from matchopt import Case, Settings
from matchopt.cli import app
from matchopt.tables.read import check_case
from matchopt.tables.template import new_case
from oracle import Rules

TODAY = date(2026, 3, 1)
Row = dict[str, Any]
Said = Callable[..., dict[str, str]]


def rows(need: dict[str, Any] | None = None, donation: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "needs": [{"need_id": "n", "community": "a", "item": "rice", "quantity": 4} | (need or {})],
        "donations": [{"donation_id": "d", "item": "rice", "quantity": 4} | (donation or {})],
    }


def case_of(tables: dict[str, Any], settings: dict[str, Any] | None = None) -> Case:
    frames = {name: pd.DataFrame(table, dtype=object) for name, table in tables.items()}
    return Case.from_frames(settings=settings, **frames)


def write(folder: Path, tables: dict[str, Any], start: str = "") -> Path:
    folder.mkdir()
    for name, table in tables.items():
        pd.DataFrame(table).to_csv(folder / f"{name}.csv", index=False)
    if start:
        (folder / "matchopt.toml").write_text(f"[horizon]\nstart = {start}\n", "utf-8")
    return folder


def horizon(tables: dict[str, Any], settings: dict[str, Any] | None = None) -> tuple[str | None, str | None]:
    """Plan and verify a case; return its horizon, which the oracle has to see alike."""
    case = case_of(tables, settings)
    plan = matchopt.plan(case)
    assert matchopt.verify(case, plan) == ()
    said = plan.summary["horizon"]
    seen = Rules(tables, settings or {}, today=TODAY).calendar
    days = (date.fromordinal(day).isoformat() for day in (seen.start, seen.end))
    assert (tuple(days) if seen.dated else (None, None)) == (said["start"], said["end"])
    return said["start"], said["end"]


@pytest.mark.parametrize(
    ("need", "donation", "settings", "first", "last"),
    [
        ({}, {}, {}, None, None),
        ({"created_on": "2026-03-07"}, {"created_on": "2026-03-09"}, {}, None, None),
        ({"needed_by": "2026-03-10"}, {}, {}, "2026-03-10", "2026-03-10"),
        ({"needed_from": "2026-03-10"}, {}, {}, "2026-03-10", "2026-04-07"),
        ({"needed_from": "2026-03-10", "needed_by": "2026-03-12"}, {}, {}, "2026-03-10", "2026-03-12"),
        ({"needed_by": "2026-03-10"}, {"available_from": "2025-11-03"}, {}, "2026-03-10", "2026-03-10"),
        ({"needed_by": "2026-03-10"}, {"available_from": "2026-03-14"}, {}, "2026-03-10", "2026-03-14"),
        ({"needed_by": "2026-03-10"}, {"available_until": "2026-03-04"}, {}, "2026-03-04", "2026-03-10"),
        ({}, {"available_from": "2026-03-05"}, {}, "2026-03-05", "2026-04-02"),
        ({}, {"available_from": "2026-03-05", "expires_on": "2026-03-09"}, {}, "2026-03-05", "2026-04-02"),
        ({}, {"expires_on": "2026-03-09"}, {}, "2026-03-01", "2026-03-29"),
        ({}, {"expires_on": "2026-02-09"}, {}, "2026-03-01", "2026-03-29"),
        ({}, {}, {"start": "today"}, "2026-03-01", "2026-03-29"),
        ({}, {}, {"start": "2026-03-03", "end": "2026-03-04"}, "2026-03-03", "2026-03-04"),
        ({}, {}, {"end": "2026-03-04"}, None, None),
        ({"needed_by": "2026-03-10"}, {}, {"start": "today"}, "2026-03-01", "2026-03-10"),
        ({"needed_by": "2026-03-10"}, {}, {"end": "2026-03-20"}, "2026-03-10", "2026-03-20"),
        ({"needed_by": "2099-12-31"}, {}, {"start": "today"}, "2026-03-01", "2026-03-29"),
        ({"needed_by": "2027-04-05"}, {}, {"start": "today"}, "2026-03-01", "2027-04-05"),
        ({"needed_by": "2027-04-06"}, {}, {"start": "today"}, "2026-03-01", "2026-03-29"),
        (
            {"needed_from": "2026-03-02", "needed_by": "2099-12-31"},
            {"available_from": "2026-03-06"},
            {},
            "2026-03-02",
            "2026-03-30",
        ),
        (
            {"needed_from": "2026-03-02", "needed_by": "2026-03-09"},
            {"available_until": "2099-12-31"},
            {},
            "2026-03-02",
            "2026-03-09",
        ),
    ],
)
def test_the_horizon_runs_from_the_first_day_of_work_to_the_last(
    need: dict[str, Any],
    donation: dict[str, Any],
    settings: dict[str, Any],
    first: str | None,
    last: str | None,
) -> None:
    assert horizon(rows(need, donation), {"horizon": settings} if settings else None) == (first, last)


def test_nothing_is_planned_that_expired_before_the_horizon_begins() -> None:
    tables = rows({"needed_by": "2026-12-10"}, {"expires_on": "2023-01-31"})
    tables["needs"].append({**tables["needs"][0], "need_id": "m", "priority": 1})
    tables["donations"].append({**tables["donations"][0], "donation_id": "e", "expires_on": "2027-06-30"})
    case = case_of(tables)
    plan = matchopt.plan(case)
    assert plan.allocations[["donation_id", "need_id"]].to_numpy().tolist() == [["e", "m"]]
    assert plan.allocations["delivery_day"].dt.date.tolist() == [date(2026, 12, 10)]
    assert plan.donations.set_index("donation_id").loc["d", "reason"] == "timing"
    (warned,) = [f for f in case.findings if f.code == "outside_horizon"]
    assert (warned.table, warned.row, warned.column, warned.value) == (
        "donations",
        2,
        "expires_on",
        "2023-01-31",
    )


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """What the check says of the horizon of a case, by code."""
    folders = (tmp_path / str(k) for k in itertools.count())

    def say(need: Row, donation: Row, changes: Sequence[str] = (), today: date = TODAY) -> dict[str, str]:
        _, found = check_case(write(next(folders), rows(need, donation)), changes, today=today)
        return {f.code: f.problem for f in found if f.code != "no_coordinates"}

    return say


def test_the_check_tells_from_where_to_where_the_horizon_runs_and_why(said: Said) -> None:
    told = said({"needed_by": "2026-03-10"}, {"available_from": "2026-03-14"})
    assert told == {
        "horizon": "runs from 2026-03-10 (the first needed_by) to 2026-03-14 (the last available_from)"
    }
    told = said({}, {"expires_on": "2026-06-01"})
    assert told == {"horizon": "runs from 2026-03-01 (today) to 2026-03-29 (four weeks after it begins)"}
    told = said({"needed_by": "2026-03-10"}, {}, ["horizon.start=2026-03-04"])
    assert told == {"horizon": "runs from 2026-03-04 (as set) to 2026-03-10 (the last needed_by)"}
    assert said({}, {}, ["horizon.start=2026-03-04", "horizon.end=2026-03-09"]) == {}


def test_the_check_warns_of_a_horizon_that_lies_behind_or_is_long_by_default(said: Said) -> None:
    need = {"needed_from": "2026-03-02", "needed_by": "2026-03-10"}
    assert set(said(need, {}, (), date(2026, 5, 1))) == {"horizon"}
    told = said(need, {}, (), date(2026, 5, 2))
    assert set(told) == {"horizon", "past_horizon"}
    assert told["past_horizon"] == "begins on 2026-03-02, more than 60 days before today (2026-05-02)"
    assert set(said(need, {}, ["horizon.start=2026-03-02"], date(2027, 5, 2))) == {"horizon"}
    year = {"needed_from": "2026-03-02", "needed_by": "2027-03-03"}
    assert set(said(year, {})) == {"horizon", "long_horizon"}
    assert set(said(year | {"needed_by": "2027-03-01"}, {})) == {"horizon"}
    assert said(year, {}, ["horizon.start=2026-03-02", "horizon.end=2027-03-03"]) == {}


def test_days_that_stand_for_never_move_no_end_and_the_check_says_so(said: Said) -> None:
    need = {"needed_from": "2026-03-02", "needed_by": "2026-03-09"}
    found = case_of(rows(need, {"available_until": "2099-12-31"}), None).findings
    (far,) = [f for f in found if f.code == "far_day"]
    assert (far.severity, far.table, far.row, far.column, far.value) == (
        "note",
        "donations",
        2,
        "available_until",
        "2099-12-31",
    )
    assert set(said(need, {"available_until": "2099-12-31"}, ["horizon.end=2099-12-31"])) == {
        "horizon",
        "long_horizon",
    }


def test_an_end_before_the_start_is_an_error_that_names_both() -> None:
    with pytest.raises(matchopt.CaseError, match=r"2026-02-10.*2026-03-01"):
        case_of(rows({"needed_by": "2026-02-10"}), {"horizon": {"start": "today"}})


def test_the_run_keeps_the_day_that_today_was(tmp_path: Path) -> None:
    tables = rows({"needed_by": "2026-03-10"}, {"expires_on": "2026-03-08"})
    folder = write(tmp_path / "case", tables, '"today"')
    done = CliRunner().invoke(
        app, ["plan", str(folder), "-o", str(tmp_path / "run"), "--today", "2026-03-05", "--no-report", "-q"]
    )
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    assert manifest["settings"]["horizon"] == {"start": "2026-03-05", "end": None}
    again = matchopt.read_run(tmp_path / "run")
    assert again.summary["horizon"] == {"start": "2026-03-05", "end": "2026-03-10"}
    assert matchopt.verify(again.case, again) == ()
    assert CliRunner().invoke(app, ["verify", str(tmp_path / "run")]).exit_code == 0
    done = CliRunner().invoke(app, ["check", str(folder), "--today", "2026-03-11"])
    assert done.exit_code == 1
    assert "2026-03-10" in done.stdout
    assert "2026-03-11" in done.stdout
    done = CliRunner().invoke(app, ["check", str(folder), "--today", "tomorrow"])
    assert done.exit_code == 2


def test_a_batch_plans_anew_on_another_today_and_only_then(tmp_path: Path) -> None:
    for name, start in (("moving", '"today"'), ("fixed", "2026-03-04")):
        write(tmp_path / name, rows({"needed_by": "2026-03-10"}), start)
    cases = [str(tmp_path / name) for name in ("fixed", "moving")]
    told = []
    for day in ("2026-03-05", "2026-03-05", "2026-03-06"):
        words = ["batch", *cases, "-o", str(tmp_path / "runs"), "-j", "1", "--today", day, "-f", "jsonl"]
        lines = CliRunner().invoke(app, words).stdout.splitlines()
        told.append({one["name"]: one["outcome"] for one in map(json.loads, lines)})
    assert told == [
        {"fixed": "planned", "moving": "planned"},
        {"fixed": "unchanged", "moving": "unchanged"},
        {"fixed": "unchanged", "moving": "planned"},
    ]


def test_a_new_case_begins_today(tmp_path: Path) -> None:
    for workbook in (False, True):
        case = new_case(tmp_path / f"city-{workbook}", "en", workbook=workbook)
        (checked, findings) = check_case(case, today=date(2026, 7, 4))
        assert checked is None  # it has no rows yet
        assert [f.code for f in findings if f.severity == "error"] == ["no_rows", "no_rows"]
    text = (tmp_path / "city-False" / "matchopt.toml").read_text("utf-8")
    assert Settings.from_toml(text, today=date(2026, 7, 4)).horizon.start == date(2026, 7, 4)
