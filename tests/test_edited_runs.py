"""Runs that somebody edited: the file that was changed is named, and stops whatever uses it unless forced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import matchopt
from matchopt import RunError, read_run
from matchopt.cli import app
from matchopt.runs.jobs import Job
from profiles import some

NEEDS = """need_id,community,item,quantity,priority,needed_from,needed_by
n1,Riverside,rice,20,1,2026-03-02,2026-03-09
n2,Old Town,rice,10,5,2026-03-02,2026-03-09
n3,Old Town,oil,4,5,2026-03-02,2026-03-09
n4,Old Town,flour,4,5,2026-03-02,2026-03-09
"""
DONATIONS = """donation_id,item,quantity,origin,available_from,lot_size
d1,rice,25,Riverside,2026-03-01,5
d2,milk,3,Old Town,2026-03-01,
d3,money,60,,2026-03-01,
d4,flour,9,Old Town,2026-03-01,
"""
ITEMS = "item,kind,purchase_price\nrice,goods,\noil,goods,10\nflour,goods,\nmoney,funds,\nmilk,goods,\n"
COMMUNITIES = "community,latitude,longitude\nRiverside,31.23,121.47\nOld Town,31.20,121.48\n"
SETTINGS = '[policy]\nfairness = "floor"\nbudget = 500\n'

TABLES = ("allocations", "needs", "donations", "prices", "purchases")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a case, its run, and deliveries; nobody may change it."""
    folder = tmp_path_factory.mktemp("whole")
    city = folder / "city"
    city.mkdir()
    texts = {"needs": NEEDS, "donations": DONATIONS, "items": ITEMS, "communities": COMMUNITIES}
    for name, text in texts.items():
        (city / f"{name}.csv").write_text(text, "utf-8")
    (city / "matchopt.toml").write_text(SETTINGS, "utf-8")
    matchopt.plan(matchopt.read_case(city)).write(folder / "run")
    (folder / "done.csv").write_text("donation_id,need_id,quantity\nd4,n4,4\n", "utf-8")
    return folder


@pytest.fixture
def place(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all that to change."""
    shutil.copytree(whole, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


COMMANDS = (
    ("report", "run", "-o", "new.html"),
    ("workbook", "run", "-o", "new.xlsx"),
    ("compare", "run", "run", "-o", "new.xlsx"),
    ("replan", "run", "city", "-o", "new", "--no-report"),
    ("explain", "run", "need", "n2", "--quick"),
    ("explain", "run", "donation", "d1"),
    ("explain", "run", "community", "Old Town"),
    ("track", "run", "--done", "done.csv", "-o", "new"),
    ("wishlist", "run", "--confirm", "0", "-o", "new.csv"),
    ("graph", "run", "-o", "new.graphml"),
)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def edited(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


EDITS = (
    ("plan/allocations.csv", "d1,n1,15,15", "d1,n1,14,14"),
    ("plan/needs.csv", "n1,Riverside", "n1,Old Town"),
    ("plan/prices.csv", "0.", "1."),
    ("plan/summary.json", '"served": ', '"served": 1'),
    ("case/donations.csv", "d2,milk,3", "d2,milk,4"),
    ("case/matchopt.toml", "500", "400"),
    ("manifest.json", '"CNY"', '"EUR"'),
)


@pytest.mark.parametrize(
    ("command", "edit"),
    [*((COMMANDS[0], edit) for edit in EDITS), *zip(COMMANDS[1:], (*EDITS, *EDITS), strict=False)],
)
def test_a_changed_file_is_named_and_stops_all_that_use_it(
    place: Path, command: tuple[str, ...], edit: tuple[str, str, str]
) -> None:
    edited(place / "run" / edit[0], *edit[1:])
    result = call(*command)
    if command[0] == "replan" and edit[0].startswith("case/"):
        assert result.exit_code == 0  # it goes by the case that is given
        return
    assert result.exit_code == 1
    assert f"{Path('run') / edit[0]}: has been changed since the plan was made" in result.stderr
    assert "--force" in result.stderr
    assert result.stdout == ""
    assert not list(place.glob("new*"))
    before = sorted(file.name for file in (place / "run").iterdir())
    assert before == ["case", "manifest.json", "plan"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_with_force_it_is_used_as_it_is_and_said(
    place: Path, command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    file = place / "run/plan/allocations.csv"
    edited(file, "2026-03-02,2026-03-02,2026-03-02", "2026-03-03,2026-03-03,2026-03-03")
    result = call(*command, "--force")
    assert result.exit_code == 0, result.output
    assert "allocations.csv: has been changed since the plan was made" in caplog.text


def test_python_says_the_same(place: Path) -> None:
    edited(place / "run/plan/needs.csv", ",20,15,", ",20,14,")
    with pytest.raises(RunError, match=r"needs\.csv: has been changed.*--force"):
        read_run("run")
    assert read_run("run", force=True).needs["served"].tolist()[0] == 14


def test_a_case_that_was_left_in_place_is_looked_at_too(place: Path) -> None:
    matchopt.plan(matchopt.read_case("city")).write("bare", copy=False)
    assert call("report", "bare", "-o", "old.html").exit_code == 0
    edited(place / "city/needs.csv", "n1,Riverside,rice,20", "n1,Riverside,rice,21")
    result = call("report", "bare", "-o", "new.html")
    assert result.exit_code == 1
    assert "needs.csv: has been changed since the plan was made" in result.stderr


@pytest.mark.parametrize("name", ["lanes.csv", "禁入清单.xlsx", "columns.toml", "extra.csv"])
def test_a_file_that_was_added_to_the_case_is_named(place: Path, name: str) -> None:
    run = place / "run"
    (run / "case" / name).write_text("from_place,to_place,distance_km\nRiverside,Old Town,5\n", "utf-8")
    for command in (COMMANDS[0], ("verify", "run")):
        result = call(*command)
        assert result.exit_code == 1
        assert f"{Path('run') / 'case' / name}: has been added since the plan was made" in result.output
    (run / "case" / name).rename(run / "case" / f".{name}")
    (run / "case/notes.txt").write_text("", "utf-8")
    assert call("verify", "run").exit_code == 0


def test_a_table_that_was_added_beside_a_case_left_in_place_is_named(place: Path) -> None:
    (place / "city/more.csv").write_text("what\never\n", "utf-8")
    matchopt.plan(matchopt.read_case("city")).write("bare", copy=False)
    assert call("report", "bare", "-o", "old.html").exit_code == 0
    (place / "city/lanes.csv").write_text("from_place,to_place,distance_km\nRiverside,Old Town,5\n", "utf-8")
    result = call("report", "bare", "-o", "new.html")
    assert result.exit_code == 1
    assert f"{place / 'city' / 'lanes.csv'}: has been added since the plan was made" in result.stderr
    assert call("report", "bare", "-o", "new.html", "--force").exit_code == 0


def test_a_batch_plans_anew_what_was_edited(place: Path) -> None:
    from matchopt.batch import plan_one

    job = Job("city", place / "city", (), place / "runs" / "city")
    assert [plan_one(job).outcome, plan_one(job).outcome] == ["planned", "unchanged"]
    edited(place / "runs/city/plan/allocations.csv", "d1,n1,15,15", "d1,n1,14,14")
    assert [plan_one(job).outcome, plan_one(job).outcome] == ["planned", "unchanged"]


# --- what nobody could work with: a finding, whatever is wished ---------------------------


def told_well(result: Result, said: str = "") -> None:
    """An answer, or a finding: no traceback, and nothing that "should not happen"."""
    assert result.exit_code in (0, 1), result.exception
    assert "should not happen" not in result.output, result.output
    assert "mistake of its own" not in result.output, result.output
    if said:
        assert result.exit_code == 1
        assert said in result.output


def paths(content: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where each key of a JSON file stands."""
    if isinstance(content, Mapping):
        for key, inner in content.items():
            yield (*before, key)
            yield from paths(inner, (*before, key))
    elif isinstance(content, list):
        for number, inner in enumerate(content):
            yield from paths(inner, (*before, number))


def changed_json(file: Path, path: tuple[Any, ...], how: Callable[[Any, Any], None]) -> None:
    content = json.loads(file.read_text("utf-8"))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    how(inner, path[-1])
    file.write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize("name", ["plan/summary.json", "manifest.json"])
@pytest.mark.parametrize("kind", ["deleted", "null", "text", "list"])
def test_keys_deleted_or_of_another_kind_are_findings(place: Path, name: str, kind: str) -> None:
    changes: dict[str, Callable[[Any, Any], None]] = {
        "deleted": lambda inner, key: inner.__delitem__(key),
        "null": lambda inner, key: inner.__setitem__(key, None),
        "text": lambda inner, key: inner.__setitem__(key, "x"),
        "list": lambda inner, key: inner.__setitem__(key, []),
    }
    file = place / "run" / name
    kept = file.read_bytes()
    for number, path in enumerate(some(list(paths(json.loads(kept))), 0.04)):
        changed_json(file, path, changes[kind])
        told_well(call("verify", "run"))
        command = COMMANDS[number % len(COMMANDS)]
        told_well(call(*command, "--force"))
        file.write_bytes(kept)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("how", ["doubled", "missing"])
def test_rows_doubled_or_missing_are_findings(place: Path, table: str, how: str) -> None:
    file = place / "run/plan" / f"{table}.csv"
    kept = file.read_text("utf-8-sig").splitlines(keepends=True)
    assert len(kept) > 1
    for row in some(range(1, len(kept)), 0.3):
        again = [kept[row]] * (2 if how == "doubled" else 0)
        file.write_text("".join([*kept[:row], *again, *kept[row + 1 :]]), "utf-8")
        result = call("verify", "run")
        told_well(result, f"{table}.csv")
        command = COMMANDS[row % len(COMMANDS)]
        told_well(call(*command, "--force"), ".csv is damaged" if (table, how) in TORN else "")
        for new in place.glob("new*"):
            shutil.rmtree(new) if new.is_dir() else new.unlink()


TORN = {
    ("needs", "doubled"),
    ("needs", "missing"),
    ("donations", "doubled"),
    ("donations", "missing"),
    ("allocations", "doubled"),
}
"""What no report can be made of."""


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("allocations", "d1,n1", "d9,n1", "row 2, donation_id: «d9»"),
        ("allocations", "d1,n1", "d1,n9", "row 2, need_id: «n9»"),
        ("allocations", "A0001", "A0002", "allocation_id: «A0002»"),
        ("needs", "n2,", "n1,", "row 3, need_id: «n1»"),
        ("donations", "d2,", "d9,", "row 3, donation_id: «d9»"),
        ("purchases", ",d3,", ",d9,", "donation_id: «d9»"),
    ],
)
def test_ids_that_fit_nothing_are_named(place: Path, table: str, old: str, new: str, said: str) -> None:
    edited(place / "run/plan" / f"{table}.csv", old, new)
    with pytest.raises(RunError) as caught:
        read_run("run", force=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
