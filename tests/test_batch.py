"""Many cases in one go: none stops another, none is planned twice, whatever happens on the way."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import matchopt
from matchopt import CaseError, read_run
from matchopt.batch import plan_all, plan_one
from matchopt.cli import app
from matchopt.report.batch import index, page
from matchopt.runs.jobs import FAILED, PLANNED, UNCHANGED, Job, JobOutcome, jobs_of

NEEDS = "need_id,community,item,quantity\nn1,Riverside,rice,{}\n"
DONATIONS = "donation_id,item,quantity\nd1,rice,12\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def case(folder: Path, asked: int = 20) -> Path:
    folder.mkdir(parents=True)
    (folder / "needs.csv").write_text(NEEDS.format(asked), "utf-8")
    (folder / "donations.csv").write_text(DONATIONS, "utf-8")
    return folder


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Three good cases and a bad one."""
    for k in range(3):
        case(tmp_path / "cases" / f"city{k}", 20 + k)
    (case(tmp_path / "cases" / "broken") / "needs.csv").write_text("need_id,item\nn,rice\n", "utf-8")
    return tmp_path / "cases"


def rows(runs: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((runs / "index.csv").read_text("utf-8-sig").splitlines()))


# --- which cases -------------------------------------------------------------------------


def test_folders_patterns_and_lists_name_cases(cases: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    everything = {job.name: job for job in jobs_of([str(cases)], runs)}
    assert sorted(everything) == ["broken", "city0", "city1", "city2"]
    assert everything["city1"] == Job("city1", cases / "city1", (), runs / "city1")
    assert [job.name for job in jobs_of([f"{cases}/city*"], runs)] == ["city0", "city1", "city2"]
    assert [job.name for job in jobs_of([str(cases / "city0")], runs)] == ["city0"]
    (tmp_path / "batch.toml").write_text(
        'set = ["policy.objective=total-cost"]\n[[case]]\npath = "cases/city0"\n'
        '[[case]]\npath = "cases/city0"\nname = "small"\nset = ["policy.budget=1"]\n',
        "utf-8",
    )
    listed = jobs_of([str(tmp_path / "batch.toml")], runs, ["rates.hub_handling=1"])
    assert [(job.name, job.changes) for job in listed] == [
        ("city0", ("rates.hub_handling=1", "policy.objective=total-cost")),
        ("small", ("rates.hub_handling=1", "policy.objective=total-cost", "policy.budget=1")),
    ]


def test_cases_called_alike_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for side in ("north", "south"):
        case(tmp_path / side / "city")
    places = [str(tmp_path / side / "city") for side in ("north", "south")]
    assert [job.name for job in jobs_of(places, tmp_path)] == ["north-city", "south-city"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[[case]]\npath = 'cases/city0'\n[[case]]\npath = 'cases/../cases/city0'\n", "is named twice"),
        (
            "[[case]]\npath = 'cases/city0'\nname = 'x'\n[[case]]\npath = 'cases/city1'\nname = 'x'\n",
            "would be the run of two cases",
        ),
        ("[[case]]\npath = 'cases/nowhere'\n", "does not exist"),
        ("[[case]]\nfolder = 'cases/city0'\n", "case 1 is not as it should be"),
        ("[[case]]\npath = 'cases/city0'\nname = '../x'\n", "case 1 is not as it should be"),
        ("cases = 1\n", "is no list of cases"),
        ("[[case\n", "cannot be read as TOML"),
    ],
)
def test_a_list_that_is_wrong(content: str, problem: str, cases: Path, tmp_path: Path) -> None:
    (tmp_path / "batch.toml").write_text(content, "utf-8")
    result = run("batch", tmp_path / "batch.toml", "-o", tmp_path / "runs")
    assert result.exit_code == 1
    assert problem in result.stderr
    assert not (tmp_path / "runs").exists()


def test_all_that_is_wrong_with_the_places_is_told_at_once(cases: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    places = [str(tmp_path / "empty"), str(tmp_path / "no*"), str(cases / "city0"), str(cases)]
    with pytest.raises(CaseError) as refused:
        jobs_of(places, tmp_path / "runs")
    assert [finding.code for finding in refused.value.findings] == [
        "no_case",
        "no_such_path",
        "duplicate_case",
    ]


# --- planning them -----------------------------------------------------------------------


def test_a_bad_case_stops_no_other(cases: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    result = run("batch", cases, "-o", runs, "--log", tmp_path / "log")
    assert result.exit_code == 1
    assert "3 planned, 0 unchanged, 1 failed." in result.stdout
    assert "broken: failed: error: needs.csv, row 1, column community" in result.stderr
    assert [(row["name"], row["outcome"]) for row in rows(runs)] == [
        ("broken", FAILED),
        ("city0", PLANNED),
        ("city1", PLANNED),
        ("city2", PLANNED),
    ]
    assert [row["served"] for row in rows(runs)[1:]] == ["12", "12", "12"]
    for name in ("city0", "city1", "city2"):
        again = read_run(runs / name)
        assert matchopt.verify(again.case, again) == ()
    assert not (runs / "broken").exists()
    assert "has no column community" in (runs / "index.html").read_text("utf-8")
    assert len((tmp_path / "log").read_text("utf-8").splitlines()) == 4


def test_what_is_made_of_the_same_is_left_as_it_is(cases: Path, tmp_path: Path) -> None:
    def outcomes(*changes: str, force: bool = False) -> dict[str, str]:
        jobs = jobs_of([f"{cases}/city*"], tmp_path / "runs", changes)
        return {job.name: plan_one(job, force=force).outcome for job in jobs}

    assert set(outcomes().values()) == {PLANNED}
    assert set(outcomes().values()) == {UNCHANGED}
    (cases / "city1" / "needs.csv").write_text(NEEDS.format(5), "utf-8")
    assert outcomes() == {"city0": UNCHANGED, "city1": PLANNED, "city2": UNCHANGED}
    (cases / "city2" / "matchopt.toml").write_text("[policy]\nbudget = 100\n", "utf-8")
    assert outcomes() == {"city0": UNCHANGED, "city1": UNCHANGED, "city2": PLANNED}
    assert set(outcomes("policy.objective=total-cost").values()) == {PLANNED}
    assert set(outcomes("policy.objective=total-cost", force=True).values()) == {PLANNED}


def test_the_figures_of_an_unchanged_run_are_told_again(cases: Path, tmp_path: Path) -> None:
    (job,) = jobs_of([str(cases / "city0")], tmp_path / "runs")
    first, again = plan_one(job), plan_one(job)
    assert (first.outcome, again.outcome) == (PLANNED, UNCHANGED)
    assert (again.asked, again.served, again.cost, again.status) == (
        first.asked,
        first.served,
        first.cost,
        "optimal",
    )


def test_lines_for_machines(cases: Path, tmp_path: Path) -> None:
    result = run("batch", cases, "-o", tmp_path / "runs", "--format", "jsonl")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(one["name"] for one in told) == ["broken", "city0", "city1", "city2"]
    assert [one["findings"] for one in told if one["outcome"] == PLANNED] == [[], [], []]
    quiet = run("batch", cases, "-o", tmp_path / "runs", "-q", "--format", "jsonl")
    assert [json.loads(line)["name"] for line in quiet.stdout.splitlines()] == ["broken"]


def test_reports_beside_each_run_in_chinese(cases: Path, tmp_path: Path) -> None:
    result = run("batch", cases / "city0", "-o", tmp_path / "runs", "--report", "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert "city0：已规划" in result.stdout
    assert "捐赠方案" in (tmp_path / "runs" / "city0" / "report.html").read_text("utf-8")
    assert 'lang="zh-CN"' in (tmp_path / "runs" / "index.html").read_text("utf-8")


def tells(job: Job, **_: object) -> JobOutcome:
    """Plan nothing."""
    return JobOutcome(job.name, str(job.case), str(job.run), PLANNED, 0.0)


def test_one_process_ends_with_cases_in_their_order(tmp_path: Path) -> None:
    jobs = [Job(f"case {k}", tmp_path, (), tmp_path) for k in range(200)]
    assert [one.name for one in plan_all(jobs, workers=1, work=tells)] == [job.name for job in jobs]


def dies(job: Job, **_: object) -> JobOutcome:
    """Plan a case, unless it is the one that takes its process with it."""
    if job.name == "city1":
        os.kill(os.getpid(), signal.SIGKILL)
    return plan_one(job)


def test_a_process_that_dies_takes_no_other_case_with_it(cases: Path, tmp_path: Path) -> None:
    jobs = jobs_of([f"{cases}/city*"], tmp_path / "runs")
    outcomes = {one.name: one for one in plan_all(jobs, work=dies)}
    assert {name: one.outcome for name, one in outcomes.items()} == {
        "city0": PLANNED,
        "city1": FAILED,
        "city2": PLANNED,
    }
    assert "died" in outcomes["city1"].findings[0]


def working_in(folder: Path) -> list[str]:
    """Return the processes whose working directory is a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder:
                found.append(process.name)
    return found


def wait_until(done: Callable[[], bool], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.1)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_batch_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for k in range(12):
        case(tmp_path / "cases" / f"city{k:02}", 20 + k)
    runs = tmp_path / "runs"
    command = [sys.executable, "-m", "matchopt", "batch", str(tmp_path / "cases"), "-o", str(runs), "-q"]
    shuffled = random.Random(3)
    for _ in range(3):
        started = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(shuffled.uniform(1.0, 6.0))
        started.kill()
        started.wait()
        wait_until(lambda: not working_in(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [row["name"] for row in rows(runs)] == [f"city{k:02}" for k in range(12)]
    assert {row["outcome"] for row in rows(runs)} <= {PLANNED, UNCHANGED}
    for k in range(12):
        again = read_run(runs / f"city{k:02}")
        assert matchopt.verify(again.case, again) == ()


def test_names_in_the_index_are_text() -> None:
    nasty = "<script>alert(1)</script>"
    one = JobOutcome(nasty, "=1+1", "runs/x", FAILED, 0.1, findings=[nasty, "=2+2"])
    assert index([one])["findings"].tolist() == [f"{nasty}\n=2+2"]
    assert nasty not in page([one])
    assert "&lt;script&gt;alert(1)" in page([one])
