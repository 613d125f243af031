"""The command line, as a newcomer and as a script would use it."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import handmade
import matchopt
import matchopt.engine
import matchopt.verifier
from demo import Demo
from matchopt import CaseError, Finding, Plan, Severity, Violation
from matchopt.cli import app

NEEDS = """need_id,community,item,quantity,priority
n1,Riverside,rice,20,1
n2,Old Town,rice,10,5
n3,Old Town,oil,4,5
"""
DONATIONS = """donation_id,item,quantity,community,origin
d1,rice,25,Riverside,Riverside
d2,milk,3,,Old Town
"""
COMMUNITIES = """community,district,latitude,longitude
Riverside,North,31.23,121.47
Old Town,South,31.20,121.48
"""


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small case, with the folder around it as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MATCHOPT_DEBUG", raising=False)
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "needs.csv").write_text(NEEDS, "utf-8")
    (folder / "donations.csv").write_text(DONATIONS, "utf-8")
    (folder / "communities.csv").write_text(COMMUNITIES, "utf-8")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def shell(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process, not on a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "matchopt", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


def spoil(case: Path) -> None:
    """Give the case two errors and a warning."""
    header, first, *rest = NEEDS.replace(",20,1", ",-20,0").splitlines()
    rows = [f"{header},mood", f"{first},sad", *(f"{row}," for row in rest)]
    (case / "needs.csv").write_text("\n".join(rows), "utf-8")


class TestHelp:
    def test_it_teaches_the_first_three_commands(self) -> None:
        shown = run("--help").output
        for command in ("matchopt new my-city", "matchopt check my-city", "matchopt plan my-city"):
            assert command in shown
        assert "needs.csv" in shown
        assert "Exit codes" in shown

    @pytest.mark.parametrize("command", ["new", "check", "plan", "verify"])
    def test_every_command_has_an_example(self, command: str) -> None:
        result = run(command, "--help")
        assert result.exit_code == 0
        assert f"\n    matchopt {command} " in result.output

    def test_version(self) -> None:
        assert run("--version").output == f"matchopt {matchopt.__version__}\n"

    def test_the_shell_can_complete(self) -> None:
        assert "--install-completion" in run("--help").output
        shown = shell(
            _MATCHOPT_COMPLETE="complete_bash",
            COMP_WORDS="matchopt ver",
            COMP_CWORD="1",
        )
        assert "verify" in shown.stdout


class TestWrongUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["plan"],
            ["plan", "a", "b"],
            ["nonsense"],
            ["plan", "a", "--nonsense"],
            ["plan", "a", "--solver", "magic"],
            ["check", "a", "--format", "xml"],
            ["new", "a", "--lang", "fr"],
            ["plan", "a", "--set", "policy.boundary"],
            ["check", "a", "--set", "=3"],
            ["plan", "a", "--time-limit", "soon"],
            *(["plan", "a", f"--time-limit={seconds}"] for seconds in ("0", "-1", "nan", "inf")),
        ],
    )
    def test_exit_code_2_and_nothing_made(self, case: Path, arguments: list[str]) -> None:
        assert run(*arguments).exit_code == 2
        assert [file.name for file in case.parent.iterdir()] == ["city"]


class TestNew:
    def test_it_says_what_to_do_next(self, tmp_path: Path) -> None:
        result = run("new", tmp_path / "my city")
        assert result.exit_code == 0
        assert f"matchopt check {shlex.quote(str(tmp_path / 'my city'))}" in result.output
        assert (tmp_path / "my city" / "needs.csv").is_file()

    def test_chinese_workbook(self, tmp_path: Path) -> None:
        result = run("new", tmp_path / "城市", "--lang", "zh", "--xlsx")
        assert result.exit_code == 0
        assert [file.name for file in (tmp_path / "城市").iterdir()] == ["城市.xlsx"]
        assert "城市.xlsx" in result.output

    def test_it_refuses_a_folder_in_use(self, case: Path) -> None:
        before = sorted(case.iterdir())
        result = run("new", case)
        assert result.exit_code == 1
        assert "not an empty folder" in result.stderr
        assert sorted(case.iterdir()) == before


class TestCheck:
    def test_a_good_case(self, case: Path) -> None:
        result = run("check", case)
        assert result.exit_code == 0
        assert "0 errors" in result.output
        assert f"matchopt plan {case}" in result.output

    def test_every_finding_at_once_errors_first(self, case: Path) -> None:
        spoil(case)
        result = run("check", case)
        assert result.exit_code == 1
        kinds = [line.partition(":")[0] for line in result.output.splitlines() if ": " in line]
        assert kinds == sorted(kinds, key=["error", "warning", "note"].index)
        assert "error: needs.csv, row 2, column quantity: «-20»" in result.output
        assert "error: needs.csv, row 2, column priority: «0»" in result.output
        assert "mood" in result.output
        assert result.output.splitlines()[-1].startswith("2 errors, 1 warning")

    def test_json(self, case: Path) -> None:
        spoil(case)
        result = run("check", case, "--format", "json")
        assert result.exit_code == 1
        findings = json.loads(result.output)
        assert [f["column"] for f in findings if f["severity"] == "error"] == ["quantity", "priority"]
        assert set(findings[0]) == {
            "severity",
            "code",
            "table",
            "row",
            "column",
            "value",
            "problem",
            "cure",
            "file",
            "sheet",
            "cell",
            "instead",
        }

    def test_csv(self, case: Path) -> None:
        spoil(case)
        rows = list(csv.DictReader(io.StringIO(run("check", case, "--format", "csv").output)))
        assert [(row["severity"], row["row"]) for row in rows[:2]] == [("error", "2"), ("error", "2")]

    @pytest.mark.parametrize(("form", "shown"), [("json", "[]\n"), ("csv", "severity,code")])
    def test_machines_get_nothing_else(self, case: Path, form: str, shown: str) -> None:
        result = run("check", case, "--format", form)
        assert result.output.startswith(shown)
        assert "planned" not in result.output

    def test_settings_are_checked_too(self, case: Path) -> None:
        result = run("check", case, "--set", "policy.boundry=district")
        assert result.exit_code == 1
        assert "policy.boundary" in result.output

    def test_a_case_that_is_not_there(self, case: Path) -> None:
        result = run("check", case / "nowhere")
        assert result.exit_code == 1
        assert "does not exist" in result.output


class TestPlan:
    def test_the_demo_city(self, english_demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(english_demo.folder)
        for said in ("Served by priority", "What it costs", "Not served, and why", "Proven best"):
            assert said in english_demo.told
        assert english_demo.told.rstrip().endswith(f"Run folder: {Path('runs/city-en')}")
        verified = run("verify", "runs/city-en")
        assert verified.exit_code == 0
        assert verified.stdout.startswith("verified: ")
        assert "1,200 needs" in verified.stdout
        assert verified.stdout.rstrip().endswith("proven optimal")

    def test_the_numbers_are_those_of_the_plan(self, case: Path) -> None:
        result = run("plan", case, "-o", "out")
        assert result.exit_code == 0
        assert "Of 3 needs 1 are served in full (33.3%), 1 in part and 1 not at all." in result.stdout
        back = matchopt.read_run("out")
        assert back.served_by_tier == {1: 20, 5: 5}
        assert back.needs["reason"].tolist() == ["", "outranked", "no_such_item"]

    def test_settings_in_force_are_kept(self, case: Path) -> None:
        assert (
            run("plan", case, "-o", "out", "--set", "policy.boundary=community", "--no-report").exit_code == 0
        )
        assert matchopt.read_run("out").served == 20
        assert run("verify", "out").exit_code == 0

    def test_without_o_a_free_name_under_runs_is_taken(self, case: Path) -> None:
        for _ in range(3):
            assert run("plan", case, "--no-report").exit_code == 0
        assert run("plan", "./city/", "--force", "--no-report").exit_code == 0
        assert sorted(file.name for file in Path("runs").iterdir()) == ["city", "city-2", "city-3"]

    def test_a_profile_tells_where_time_went_beside_the_plan(self, case: Path) -> None:
        plain = run("plan", case, "-o", "out")
        told = run("plan", case, "-o", "out", "--force", "--profile")
        assert told.exit_code == 0
        assert told.stdout == plain.stdout
        rows = told.stderr.split("Where time and memory went\n")[1].splitlines()
        assert rows[0].split() == ["stage", "seconds", "share", "peak", "memory,", "MB"]
        assert rows[1].strip().startswith("starting")
        assert rows[-2].strip().startswith("writing the run folder")
        assert rows[-1].strip().startswith("in all")
        assert "finding the best plan" in told.stderr

    def test_quiet_prints_the_path_alone(self, case: Path) -> None:
        result = run("plan", case, "-o", "out", "-q")
        assert (result.stdout, result.stderr) == ("out\n", "")

    def test_an_existing_run_is_refused_before_planning(
        self, case: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run("plan", case, "-o", "out")
        before = (Path("out") / "manifest.json").read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(matchopt.engine, "plan", lambda *_, **__: pytest.fail("it was planned"))
            result = run("plan", case, "-o", "out")
        assert result.exit_code == 1
        assert "--force" in result.stderr
        assert (Path("out") / "manifest.json").read_bytes() == before
        assert run("plan", case, "-o", "out", "--force", "--no-report").exit_code == 0

    def test_force_replaces_run_folders_only(self, case: Path) -> None:
        before = {file.name: file.read_bytes() for file in case.iterdir()}
        assert run("plan", case, "-o", case, "--force").exit_code == 1
        assert {file.name: file.read_bytes() for file in case.iterdir()} == before

    def test_findings_stop_it_and_nothing_is_written(self, case: Path) -> None:
        spoil(case)
        result = run("plan", case)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "error: needs.csv, row 2, column quantity: «-20»" in result.stderr
        assert "Nothing was done" in result.stderr
        assert not Path("runs").exists()

    def test_findings_of_the_engine_stop_it_too(self, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> Plan:
            raise CaseError([Finding(Severity.ERROR, "not_built", "hubs", "North Hub is too small")])

        monkeypatch.setattr(matchopt.engine, "plan", refuse)
        result = run("plan", case)
        assert result.exit_code == 1
        assert "error: hubs: North Hub is too small" in result.stderr
        assert not Path("runs").exists()

    def test_a_violation_stops_it_and_nothing_is_written(
        self, case: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = tuple(Violation("cost", "allocations", f"a{n}", "is wrong") for n in (1, 2))
        monkeypatch.setattr(matchopt.verifier, "verify", lambda *_: found)
        result = run("plan", case)
        assert result.exit_code == 1
        for violation in found:
            assert str(violation) in result.stderr
        assert not Path("runs").exists()

    def test_all_solvers_agree(self, case: Path) -> None:
        solvers = ("simplex", "ortools", "networkx")
        for solver in solvers:
            assert run("plan", case, "-o", solver, "--solver", solver, "--no-report").exit_code == 0
        one, *others = (matchopt.read_run(solver).summary for solver in solvers)
        assert all(dict(other) == dict(one) for other in others)

    def test_the_time_limit_reaches_the_engine(self, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        limits: list[float | None] = []

        def note(case: matchopt.Case, *, time_limit: float | None, **_: object) -> Plan:
            limits.append(time_limit)
            return plan_of(case, time_limit=time_limit)

        plan_of = matchopt.engine.plan
        monkeypatch.setattr(matchopt.engine, "plan", note)
        assert run("plan", case, "-o", "out", "--no-report").exit_code == 0
        assert run("plan", case, "-o", "out", "--force", "--time-limit", "2.5", "--no-report").exit_code == 0
        assert limits == [None, 2.5]

    def test_a_plan_that_is_not_proven_best_says_so_and_is_no_failure(
        self, case: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = matchopt.plan(matchopt.read_case(case))
        weak = {"served_by_tier": {"1": 20, "5": 6}, "cost": 0}
        summary = {**made.summary, "status": "feasible", "gap": 0.034, "bound": weak, "relaxation": weak}
        stopped = replace(made, summary=summary | {"stopped": "time_limit"})
        monkeypatch.setattr(matchopt.engine, "plan", lambda *_, **__: stopped)
        monkeypatch.setattr(matchopt.verifier, "verify", lambda *_: ())
        result = run("plan", case, "-o", "out", "--time-limit", "1")
        assert result.exit_code == 0
        assert "Not proven best: of priority 5 it serves 5 units" in result.stdout
        assert "Gap: 3.4%" in result.stdout
        assert "time limit" in result.stdout
        assert run("verify", "out").stdout.rstrip().endswith("feasible, gap 3.4%")

    def test_the_price_of_fairness_is_printed_and_saved(
        self, case: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            matchopt.engine, "fairness_curve", lambda *_, **__: handmade.curve(), raising=False
        )
        result = run("plan", case, "-o", "out", "--fairness-curve")
        assert result.exit_code == 0
        assert "What fairness costs" in result.stdout
        assert "50.0%" in result.stdout
        saved = Path("out/plan/fairness_curve.csv").read_text("utf-8").splitlines()
        assert saved[0].startswith("floor,served,coverage,served_tier_1")
        assert len(saved) == 3
        assert run("verify", "out").exit_code == 0
        quiet = run("plan", case, "-o", "out", "--force", "--fairness-curve", "-q", "--no-report")
        assert quiet.stdout == "out\n"
        assert Path("out/plan/fairness_curve.csv").is_file()
        assert run("plan", case, "-o", "out", "--force", "--no-report").exit_code == 0
        assert not Path("out/plan/fairness_curve.csv").exists()

    def test_the_price_of_fairness_has_eleven_points(self, case: Path) -> None:
        result = run("plan", case, "-o", "out", "--fairness-curve")
        assert result.exit_code == 0, result.output
        curve = pd.read_csv("out/plan/fairness_curve.csv")
        assert len(curve) >= 11
        assert curve["floor"].is_monotonic_increasing
        assert curve["floor"].iloc[0] == 0
        assert (curve["gap"] == 0).all()

    def test_fairness_between_unknown_communities_is_a_finding(self, case: Path) -> None:
        (case / "communities.csv").unlink()
        (case / "donations.csv").write_text("donation_id,item,quantity\nd1,rice,25\n", "utf-8")
        result = run("plan", case, "-o", "out", "--fairness-curve")
        assert result.exit_code == 1
        assert "there is no table communities" in result.stderr
        assert not Path("out").exists()

    def test_it_is_plain_where_there_is_no_terminal(self, case: Path) -> None:
        answer = shell("plan", case, "-o", case.parent / "out")
        assert answer.returncode == 0
        assert answer.stderr == ""
        assert "\x1b" not in answer.stdout
        assert answer.stdout.splitlines()[-1] == f"Run folder: {case.parent / 'out'}"


class TestVerify:
    def test_without_copy_it_goes_back_to_the_tables(self, case: Path) -> None:
        assert run("plan", case, "-o", "out", "--no-copy", "--no-report").exit_code == 0
        assert not Path("out/case").exists()
        assert run("verify", "out").exit_code == 0
        moved = case.rename(case.parent / "elsewhere")
        gone = run("verify", "out")
        assert gone.exit_code == 1
        assert "does not exist" in gone.stderr
        assert run("verify", "out", "--case", moved).exit_code == 0
        (moved / "needs.csv").write_text(NEEDS.replace(",10,5", ",11,5"))
        changed = run("verify", "out", "--case", moved)
        assert changed.exit_code == 1
        assert "needs.csv: has been changed" in changed.stdout

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [
            ("allocations.csv", ",20,20,", ",19,19,"),
            ("needs.csv", ",outranked", ",timing"),
            ("donations.csv", "nobody", ""),
            ("prices.csv", "0.", "7."),
            ("summary.json", '"served": 25', '"served": 26'),
        ],
    )
    def test_a_plan_that_was_tampered_with(self, case: Path, name: str, old: str, new: str) -> None:
        run("plan", case, "-o", "out", "--no-report")
        file = Path("out/plan") / name
        content = file.read_bytes()
        file.write_bytes(content.replace(old.encode(), new.encode(), 1) + b"\n" * (old == "nobody"))
        result = run("verify", "out")
        assert result.exit_code == 1
        assert f"{name}: has been changed" in result.stdout
        assert "Traceback" not in result.output

    def test_rules_are_checked_even_if_the_hashes_fit(self, case: Path) -> None:
        plan = matchopt.plan(matchopt.read_case(case))
        wrong = plan.allocations.assign(handling_cost=plan.allocations["handling_cost"] + 1)
        replace(plan, allocations=wrong).write("out")
        result = run("verify", "out")
        assert result.exit_code == 1
        assert "has been changed" not in result.stdout
        assert "allocations, " in result.stdout
        assert "violation" in result.stderr

    @pytest.mark.parametrize("name", ["allocations.csv", "needs.csv", "summary.json"])
    @pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\x00"])
    def test_a_file_that_cannot_be_read(self, case: Path, name: str, content: bytes | None) -> None:
        run("plan", case, "-o", "out", "--no-report")
        file = Path("out/plan") / name
        file.unlink() if content is None else file.write_bytes(content)
        result = run("verify", "out")
        assert result.exit_code == 1
        assert name in result.output
        assert "Traceback" not in result.output
        assert "should not happen" not in result.output

    def test_a_case_that_was_changed(self, case: Path) -> None:
        run("plan", case, "-o", "out", "--no-report")
        Path("out/case/needs.csv").write_text(NEEDS.replace(",10,5", ",11,5"))
        result = run("verify", "out")
        assert result.exit_code == 1
        assert "needs.csv: has been changed" in result.stdout
        assert "n2" in result.stdout

    def test_what_is_no_run(self, case: Path) -> None:
        result = run("verify", case)
        assert result.exit_code == 1
        assert "is no run folder" in result.stderr


class TestBadEnds:
    def test_the_unforeseen_is_one_line(self, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fall(*_: object, **__: object) -> Plan:
            raise ZeroDivisionError("some\nthing")

        monkeypatch.setattr(matchopt.engine, "plan", fall)
        result = run("plan", case)
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        assert "ZeroDivisionError in steps.py, line" in result.stderr
        assert "report" in result.stderr
        monkeypatch.setenv("MATCHOPT_DEBUG", "1")
        assert isinstance(run("plan", case).exception, ZeroDivisionError)

    def test_interrupting_is_one_line(self, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object, **__: object) -> Plan:
            raise KeyboardInterrupt

        monkeypatch.setattr(matchopt.engine, "plan", interrupt)
        result = run("plan", case)
        assert (result.exit_code, result.output) == (130, "matchopt: interrupted.\n")
        assert not Path("runs").exists()

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no broken pipes of this kind")
    def test_a_reader_that_leaves_is_no_drama(self, case: Path) -> None:
        answer = subprocess.Popen(
            [sys.executable, "-m", "matchopt", "check", str(case)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert answer.stdout is not None
        assert answer.stderr is not None
        answer.stdout.close()
        complaint = answer.stderr.read()
        answer.stderr.close()
        assert (answer.wait(), complaint) == (130, b"")

    def test_a_terminal_without_the_letters_is_no_drama(self, tmp_path: Path) -> None:
        answer = shell("new", tmp_path / "城市", PYTHONIOENCODING="ascii")
        assert answer.returncode == 0
        assert "??" in answer.stdout


@pytest.mark.parametrize("version", ["0.99.0", "1.0", "2027.1.dev3"])
def test_a_run_of_a_newer_version_is_told_and_left_alone(case: Path, version: str) -> None:
    assert run("plan", case, "-o", "run", "-q", "--no-report").exit_code == 0
    shutil.copytree("run", "now")
    manifest = Path("run/manifest.json")
    content = json.loads(manifest.read_text("utf-8"))
    # Such a version may write anything else there.
    manifest.write_text(json.dumps(content | {"matchopt": version, "plan": {"plan.arrow": "-"}}), "utf-8")
    (case.parent / "done.csv").write_text("donation_id,need_id,quantity\nd1,n1,1\n", "utf-8")
    before = {file: file.read_bytes() for file in Path("run").rglob("*") if file.is_file()}
    for command in (
        ("verify", "run"),
        ("report", "run"),
        ("workbook", "run"),
        ("wishlist", "run"),
        ("explain", "run", "need", "n1"),
        ("compare", "run", "now"),
        ("compare", "now", "run"),
        ("replan", "run", case, "-o", "next"),
        ("track", "run", "--done", "done.csv"),
    ):
        result = run(*command)
        assert result.exit_code == 1, command
        assert f"run was made by matchopt {version}, which is newer than this one" in result.stderr
        assert "update matchopt" in result.stderr
    assert {file: file.read_bytes() for file in Path("run").rglob("*") if file.is_file()} == before
    assert not Path("next").exists()
