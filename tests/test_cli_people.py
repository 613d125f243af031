"""The commands that show a plan to people and answer their questions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import matchopt
from matchopt.cli import app

NEEDS = "need_id,community,item,quantity,priority\nn1,Riverside,rice,20,1\nn2,Old Town,rice,10,5\n"
DONATIONS = "donation_id,donor,item,quantity\nd1,Mill,rice,25\nd2,Dairy,milk,3\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def sheets(path: Path) -> list[str]:
    with pd.ExcelFile(path, engine="calamine") as book:
        return [str(name) for name in book.sheet_names]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a case and its run; nobody may change it."""
    folder = tmp_path_factory.mktemp("first")
    case = folder / "city"
    case.mkdir()
    (case / "needs.csv").write_text(NEEDS, "utf-8")
    (case / "donations.csv").write_text(DONATIONS, "utf-8")
    assert run("plan", case, "-o", folder / "run").exit_code == 0
    return folder


@pytest.fixture
def planned(first: Path, tmp_path: Path) -> Path:
    """The run in a copy of all that, to be changed."""
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run"


def test_a_plan_comes_with_its_report_and_its_workbook(planned: Path) -> None:
    assert (planned / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert "Unmet" in sheets(planned / "plan.xlsx")
    assert run("verify", planned).exit_code == 0


def test_a_plan_without_them_says_how_to_have_them(planned: Path, tmp_path: Path) -> None:
    result = run("plan", tmp_path / "city", "-o", tmp_path / "bare", "--no-report")
    assert result.exit_code == 0
    assert f"matchopt report {tmp_path / 'bare'}" in result.stdout
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == ["case", "manifest.json", "plan"]


def test_large_plans_have_no_report_unless_it_is_asked_for(
    tmp_path: Path, planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matchopt.cli.plans.SMALL", 1)
    assert run("plan", tmp_path / "city", "-o", tmp_path / "a", "-q").exit_code == 0
    assert not (tmp_path / "a" / "report.html").exists()
    assert run("plan", tmp_path / "city", "-o", tmp_path / "b", "-q", "--report").exit_code == 0
    assert (tmp_path / "b" / "report.html").exists()


def test_the_report_again_in_chinese_and_for_the_public(planned: Path) -> None:
    result = run("report", planned, "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(planned / "report.html")
    assert "捐赠方案" in (planned / "report.html").read_text("utf-8")
    assert run("report", planned, "--public").stdout.strip() == str(planned / "report-public.html")
    assert (
        "n1" not in (planned / "report-public.html").read_text("utf-8").split('id="data">')[1].split("<")[0]
    )


def test_the_workbook_again_elsewhere(planned: Path, tmp_path: Path) -> None:
    assert run("workbook", planned, "-o", tmp_path / "x.xlsx", "--lang", "zh").exit_code == 0
    assert "概览" in sheets(tmp_path / "x.xlsx")


@pytest.mark.parametrize("command", ["report", "workbook", "wishlist"])
def test_a_file_that_cannot_be_written_leaves_nothing(command: str, planned: Path, tmp_path: Path) -> None:
    result = run(command, planned, "-o", tmp_path / "nowhere" / "file.html")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("words", [["report"], ["workbook"], ["explain"], ["wishlist"]])
def test_what_is_no_run_folder_is_refused(words: list[str], tmp_path: Path) -> None:
    more = ["need", "n1"] if words == ["explain"] else []
    result = run(*words, tmp_path, *more)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.stderr.startswith("matchopt: ")


def test_a_failed_report_keeps_the_old_one(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (planned / "report.html").read_bytes()

    def fail(*_: object, **__: object) -> str:
        raise matchopt.SolverError("no")

    monkeypatch.setattr("matchopt.report.plan.html", fail)
    assert run("report", planned).exit_code == 1
    assert (planned / "report.html").read_bytes() == before
    assert not [path for path in planned.iterdir() if path.name.startswith(".")]


def test_questions_on_a_need_a_donation_and_a_community(planned: Path) -> None:
    told = run("explain", planned, "need", "n2").stdout
    assert "5 units stay unmet" in told
    assert "if Old Town had 5 units more of rice" in told
    assert "5 units more" not in run("explain", planned, "need", "n2", "--quick").stdout
    assert "nobody asks for this item" in run("explain", planned, "donation", "d2").stdout
    assert "are served in full" in run("explain", planned, "community", "Old Town").stdout
    assert "未满足" in run("explain", planned, "need", "n2", "--lang", "zh").stdout


@pytest.mark.parametrize(
    ("subject", "name", "meant"),
    [
        ("need", "n22", "n2"),
        ("donation", "d1x", "d1"),
        ("community", "Old Twon", "Old Town"),
        ("need", "???", ""),
    ],
)
def test_a_question_on_what_is_not_there(subject: str, name: str, meant: str, planned: Path) -> None:
    result = run("explain", planned, subject, name)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"The plan has no {subject} {name}." in result.stderr
    assert (f"Did you mean {meant}?" in result.stderr) == bool(meant)


@pytest.mark.parametrize("typed", ["N2", " n2 "])
def test_a_question_in_another_case_is_understood(typed: str, planned: Path) -> None:
    asked, as_it_is = (run("explain", planned, "need", name, "--quick") for name in (typed, "n2"))
    assert (asked.exit_code, asked.stdout) == (0, as_it_is.stdout)


def test_what_to_ask_for(planned: Path, tmp_path: Path) -> None:
    result = run("wishlist", planned)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[2].split()[:2] == ["rice", "Old"]
    assert "a plan made anew" in lines[2]
    assert lines[-1] == str(planned / "wishlist.csv")
    table = pd.read_csv(planned / "wishlist.csv")
    assert table[["item", "place", "units", "need_ids", "basis"]].to_numpy().tolist() == [
        ["rice", "Old Town", 5, "n2", "confirmed"]
    ]
    told = run("wishlist", planned, "--confirm", "0", "-o", tmp_path / "w.csv", "--lang", "zh").stdout
    assert "该募集什么" in told
    assert pd.read_csv(tmp_path / "w.csv")["basis"].tolist() == ["prices"]


def test_nothing_to_ask_for(tmp_path: Path) -> None:
    case = tmp_path / "city"
    case.mkdir()
    (case / "needs.csv").write_text(NEEDS, "utf-8")
    (case / "donations.csv").write_text("donation_id,item,quantity\nd,rice,100\n", "utf-8")
    assert run("plan", case, "-o", tmp_path / "run", "-q").exit_code == 0
    result = run("wishlist", tmp_path / "run")
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing is missing that a donation could serve.")
    assert len((tmp_path / "run" / "wishlist.csv").read_text("utf-8").splitlines()) == 1


def test_two_runs_side_by_side(planned: Path, tmp_path: Path) -> None:
    (tmp_path / "city" / "donations.csv").write_text(DONATIONS.replace("25", "28"), "utf-8")
    assert run("plan", tmp_path / "city", "-o", tmp_path / "later", "-q", "--no-report").exit_code == 0
    result = run("compare", planned, tmp_path / "later", "-o", tmp_path / "x.xlsx")
    assert result.exit_code == 0, result.output
    assert "Planned: 25 kg of goods before, 28 kg of goods after." in result.stdout
    assert result.stdout.endswith(f"\n\n{tmp_path / 'x.xlsx'}\n")
    assert sheets(tmp_path / "x.xlsx") == ["Overview", "Needs", "Donors", "Communities", "Deliveries"]
    assert "需求" in run("compare", planned, tmp_path / "later", "--lang", "zh").stdout
    assert run("compare", planned, planned).stdout == "The two plans are the same.\n"
    assert run("compare", planned, tmp_path).exit_code == 1


def test_a_study_of_settings(planned: Path, tmp_path: Path) -> None:
    case, folder = tmp_path / "city", tmp_path / "study"
    words = ["--vary", "policy.objective", "--vary", "rates.handling_direct=0.1,5000", "-o", folder]
    result = run("study", case, *words)
    assert result.exit_code == 0, result.output
    assert "objective = total-cost, handling_direct = 5000" in result.stdout
    assert result.stdout.endswith(f"Folder of the study: {folder}\n")
    assert len(pd.read_csv(folder / "points.csv")) == 4
    again = run("study", case, *words)
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert run("study", case, *words, "--force", "-q").stdout == f"{folder}\n"
    told = run("study", case, *words, "--force", "--lang", "zh")
    assert told.exit_code == 0
    assert "未满足" not in told.stderr
    assert 'lang="zh-CN"' in (folder / "report.html").read_text("utf-8")


def test_ready_studies(planned: Path, tmp_path: Path) -> None:
    for ready in ("boundaries", "modes"):
        result = run("study", tmp_path / "city", ready, "-o", tmp_path / ready)
        assert result.exit_code == 0, result.output
        assert "* the others are held against it" in result.stdout
        assert (tmp_path / ready / "report.html").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "name one of the ready studies"),
        (["modes", "--vary", "policy.boundary"], 2, "not both"),
        (["--vary", "=1"], 2, "is not of the form"),
        (["--vary", "policy.budget="], 2, "is not of the form"),
        (["--vary", "policy.budget"], 1, "has no list of values"),
        (["--vary", "policy.bondary"], 1, "did you mean"),
        (["--vary", "policy.budget=much"], 1, "policy.budget"),
    ],
)
def test_a_study_that_nobody_can_make(
    words: list[str], code: int, said: str, planned: Path, tmp_path: Path
) -> None:
    result = run("study", tmp_path / "city", *words, "-o", tmp_path / "study")
    assert result.exit_code == code, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "study").exists()


def test_demand_and_supply_before_a_plan(planned: Path, tmp_path: Path) -> None:
    result = run("needs", tmp_path / "city", "-o", tmp_path / "n.xlsx")
    assert result.exit_code == 0, result.output
    assert "2 needs ask for 30 units, 20 of them urgent (priority 1 or 2)." in result.stdout
    assert "Nobody asks for milk (3)." in result.stdout
    assert sheets(tmp_path / "n.xlsx") == [
        "Overview",
        "By item",
        "By community",
        "By group",
        "By month",
        "In full detail",
    ]
    told = run("needs", tmp_path / "city", "--lang", "zh").stdout
    assert "没有人要milk（3）" in told
    assert run("needs", tmp_path / "nowhere").exit_code == 1
    assert "demand" in (planned / "report.html").read_text("utf-8").split('id="data">')[1]
