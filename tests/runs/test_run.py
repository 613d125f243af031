"""Run folders that were tampered with, cut short or never were any: a clear line, never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import handmade
from matchopt import CaseError, RunError, read_run
from matchopt.contract.settings import Settings
from matchopt.runs.integrity import changed_files
from matchopt.runs.read import case_place, read_manifest, settings_as_changes

FILES = ("allocations.csv", "needs.csv", "donations.csv", "prices.csv", "purchases.csv", "summary.json")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return handmade.plan().write(tmp_path / "run")


def change(file: Path, how: Callable[[str], str]) -> None:
    file.write_bytes(how(file.read_bytes().decode("utf-8")).encode("utf-8"))


def change_json(file: Path, *path: str, to: Any) -> None:
    content = json.loads(file.read_text("utf-8"))
    inner = content
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = to
    file.write_text(json.dumps(content), "utf-8")


def test_a_whole_run_has_no_changed_files(run: Path) -> None:
    assert list(changed_files(run, read_manifest(run), run / "case")) == []


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_of_the_plan_is_named(run: Path, name: str) -> None:
    (run / "plan" / name).unlink()
    with pytest.raises(RunError, match=f"{name} cannot be read"):
        read_run(run, force=True)
    (line,) = changed_files(run, read_manifest(run), run / "case")
    assert name in line


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"\x89PNG\r\n", b"[1, 2]", b"a,b\n1\n"])
def test_a_file_that_holds_something_else_is_named(run: Path, name: str, content: bytes) -> None:
    (run / "plan" / name).write_bytes(content)
    with pytest.raises(RunError, match=name):
        read_run(run, force=True)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("allocations.csv", "a1,d1,n1,12", "a1,d1,n1,many", "row 2, donated_quantity: «many» is no number"),
        ("allocations.csv", "a1,d1,n1,12", "a1,d1,n1,inf", "«inf» is no number"),
        ("allocations.csv", "a1,d1,n1,12", "a1,d1,n1,", "«» is no number"),
        ("allocations.csv", "2026-03-01", "2026-02-30", "row 2, pickup_day: «2026-02-30» is no day"),
        ("allocations.csv", ",total_cost", ",sum", "its columns are not"),
        ("allocations.csv", ",total_cost", ",total_cost,more", "allocations.csv"),
        ("needs.csv", "rice,1,20", "rice,1.5,20", "row 2, priority: «1.5» is no whole number"),
        ("needs.csv", "n1,Riverside", "n1,Riverside,x,y,z", "needs.csv"),
        ("prices.csv", "0,,1,0.1", "0,,1,0.1O", "row 2, price: «0.1O» is no number"),
        ("prices.csv", "0,,1,0.1", "0,,1,0.1_0", "row 2, price: «0.1_0» is no number"),
        ("prices.csv", "d1,,,0,,1", "d1,,,0.5,,1", "row 2, block: «0.5» is no whole number"),
        ("prices.csv", "d1,,,0", "d1,,today,0", "row 2, day: «today» is no day"),
        ("purchases.csv", "unit_price", "price", "its columns are not"),
        ("summary.json", '"status"', '"state"', "status is missing"),
        ("summary.json", '"served": 12', '"served": "12"', "served is missing or of the wrong kind"),
        ("summary.json", '"served": 12', '"served": true', "served is missing or of the wrong kind"),
        ("summary.json", '"gap": 0.0', '"gap": NaN', "no proper JSON"),
        ("summary.json", '"1": 20', '"1": "x"', "asked_by_tier holds what is no number"),
        ("summary.json", '"handling": 1.2', '"handling": null', "cost holds what is no number"),
        ("summary.json", '"bound"', '"bond"', "bound is missing"),
        ("summary.json", '"relaxation"', '"relation"', "relaxation is missing"),
        ("summary.json", '"relaxation": {', '"relaxation": {"served_by_tier": 3, "x": {', "proper JSON"),
        ("summary.json", '"proof": "prices"', '"proof": null', "proof is missing or of the wrong kind"),
        ("summary.json", '"stopped": ""', '"stopped": false', "stopped is missing or of the wrong kind"),
        ("summary.json", '"fairness": null', '"fair": null', "fairness is missing"),
        ("summary.json", '"fairness": null', '"fairness": {"rule": "floor"}', "fairness is incomplete"),
        ("summary.json", '"budget": null', '"budget": {"limit": 5, "used": 3}', "budget is incomplete"),
        ("summary.json", '"needs": 1', '"needs": []', "by reason"),
    ],
)
def test_a_cell_that_makes_no_sense_is_named(run: Path, name: str, old: str, new: str, said: str) -> None:
    file = run / "plan" / name
    change(file, lambda text: text.replace(old, new, 1))
    with pytest.raises(RunError) as caught:
        read_run(run, force=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_noticed(run: Path, name: str) -> None:
    file = run / "plan" / name
    file.write_bytes(file.read_bytes()[:-7])
    (line,) = changed_files(run, read_manifest(run), run / "case")
    assert f"{name}: has been changed" in line


def test_a_changed_case_is_noticed(run: Path) -> None:
    change(run / "case/needs.csv", lambda text: text.replace("20", "21"))
    (run / "case/items.csv").unlink()
    lines = list(changed_files(run, read_manifest(run), run / "case"))
    assert any("needs.csv: has been changed" in line for line in lines)
    assert any("items.csv: cannot be read" in line for line in lines)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("case",), None),
        (("case", "files"), "needs.csv"),
        (("case", "files"), ["needs.csv"]),
        (("case", "files"), [{"name": "../needs.csv", "sha256": "0"}]),
        (("case", "files"), [{}]),
        (("case", "files"), [{"name": "needs.csv", "sha256": 7}]),
        (("case", "copied"), "yes"),
        (("run", "case_path"), 5),
        (("plan",), {}),
        (("plan",), []),
        (("plan", "needs.csv"), 3),
        (("plan", "more.csv"), "0"),
        (("settings",), None),
        (("settings", "policy", "boundary"), "nation"),
        (("settings", "more"), 1),
        (("run",), "fast"),
    ],
)
def test_a_damaged_manifest_is_refused(run: Path, path: tuple[str, ...], to: Any) -> None:
    change_json(run / "manifest.json", *path, to=to)
    with pytest.raises(RunError, match=r"manifest\.json is damaged"):
        read_manifest(run)


def test_a_manifest_that_is_no_json_is_refused(run: Path) -> None:
    (run / "manifest.json").write_bytes(b"{" * 100_000)
    with pytest.raises(RunError, match="no proper JSON"):
        read_run(run)


def test_what_is_no_run_folder_is_said(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError, match="is no run folder"):
            read_run(place)


def test_a_case_that_is_gone_is_a_finding(tmp_path: Path) -> None:
    run = handmade.plan().write(tmp_path / "run")
    shutil.rmtree(run / "case")
    with pytest.raises(CaseError):
        read_run(run)


def test_frames_that_were_not_kept_must_be_given(tmp_path: Path) -> None:
    case = handmade.case()
    run = handmade.plan(case).write(tmp_path / "run", copy=False)
    with pytest.raises(RunError, match="give the case"):
        read_run(run)
    with pytest.raises(RunError, match="give the case"):
        case_place(run, read_manifest(run))
    assert read_run(run, case).case.needs is case.needs


def test_the_settings_in_force_come_from_the_manifest(tmp_path: Path) -> None:
    run = handmade.plan().write(tmp_path / "run")
    change_json(run / "manifest.json", "settings", "policy", "reliability", to="firm")
    assert read_run(run, force=True).case.settings.policy.reliability == "firm"
    assert read_run(run, handmade.case(), force=True).case.settings.policy.reliability == "firm"


def test_settings_turn_into_changes_and_back() -> None:
    settings = Settings.parse(
        {
            "horizon": {"start": "2026-03-01", "end": "2026-04-01"},
            "rates": {"currency": 'a "b" 元', "identification": {"enterprise": 0.25}, "unmet_cost": 1e-9},
            "policy": {"objective": "total-cost"},
        }
    )
    assert Settings.from_toml("", settings_as_changes(settings)) == settings
