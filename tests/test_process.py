"""What a command owes its caller: streams, paths and signals of any kind end in a run and a plain line."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from threading import Event, Timer

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import matchopt
from matchopt.batch import plan_one
from matchopt.cli import app, process
from matchopt.cli.terminal import Screen, console, quoted
from matchopt.errors import SolverError
from matchopt.language import printable
from matchopt.runs import atomic
from matchopt.runs.jobs import FAILED, Job, jobs_of
from matchopt.solve.linear import halted_by
from profiles import deep

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="streams, signals and bytes of POSIX")

NEEDS = "need_id,community,item,quantity\nn1,Riverside,rice,20\n"
DONATIONS = "donation_id,item,quantity\nd1,rice,12\n"
GBK = os.fsdecode("城市".encode("gbk"))
NASTY = "a\x1b[31mred\x07\x9b31m\u202eb"


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return filled(tmp_path / "city")


def filled(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "needs.csv").write_text(NEEDS, "utf-8")
    (folder / "donations.csv").write_text(DONATIONS, "utf-8")
    return folder


def shell(command: str) -> subprocess.CompletedProcess[bytes]:
    called = f'"{sys.executable}" -m matchopt {command}'
    return subprocess.run(["bash", "-c", called], capture_output=True, check=False)


def whole(run: str) -> bool:
    made = matchopt.read_run(run)
    return matchopt.verify(made.case, made) == ()


# --- streams -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        ("2>&-", 0, b""),
        (">&-", 1, b"matchopt: standard output cannot be written: Bad file descriptor\n"),
        ("> /dev/full", 1, b"matchopt: standard output cannot be written: No space left on device\n"),
        (">&- 2>&- <&-", 1, b""),
    ],
)
def test_a_run_is_written_whatever_becomes_of_the_output(
    case: Path, streams: str, code: int, said: bytes
) -> None:
    done = shell(f"plan city -o run --no-report {streams}")
    assert done.returncode == code
    assert done.stderr.endswith(said)
    assert b"should not happen" not in done.stderr
    assert b"Traceback" not in done.stderr
    assert whole("run")


def test_findings_that_cannot_be_told_still_fail(case: Path) -> None:
    done = shell("check nowhere > /dev/full 2> /dev/full")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_a_device_is_not_replaced_by_a_file(case: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(matchopt.RunError, match="no ordinary file"):
        atomic.write_file(tmp_path / "pipe", atomic.text_file("x"))
    assert (tmp_path / "pipe").is_fifo()


# --- paths -------------------------------------------------------------------------------


def test_a_folder_called_in_gbk_is_planned_and_shown(case: Path) -> None:
    filled(case.parent / "cases" / GBK)
    filled(case.parent / "cases" / "other")
    for command in (f"plan cases/{GBK} -o run{GBK} --no-report", f"report run{GBK}"):
        done = shell(command)
        assert done.returncode == 0, done.stderr
        done.stdout.decode("utf-8")
    made = matchopt.read_run(f"run{GBK}")
    bare = made.write(case.parent / f"bare{GBK}", copy=False)
    assert matchopt.verify(made.case, matchopt.read_run(bare)) == ()
    done = shell("batch cases -o runs --format jsonl --log log.txt")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert sorted(one["name"] for one in told) == sorted(["other", GBK])
    index = (case.parent / "runs/index.csv").read_text("utf-8-sig")
    assert printable(GBK) in index
    assert printable(GBK) in Path("log.txt").read_text("utf-8")
    assert whole(f"runs/{GBK}")
    # What is proposed can be typed.
    check = shell(f"check {quoted('cases/' + GBK)}")
    proposed = check.stdout.decode("utf-8").rpartition("matchopt ")[2].strip()
    assert shell(f"{proposed} -q -o again").returncode == 0


def test_what_may_not_be_read_fails_alone(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(case.parent / "cases" / "open")
    closed = filled(case.parent / "cases" / "closed")
    real = Path.iterdir

    def guarded(path: Path) -> object:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", guarded)
    jobs = jobs_of([str(case.parent / "cases")], case.parent / "runs")
    outcomes = {one.name: one for one in map(plan_one, jobs)}
    assert outcomes["open"].outcome == "planned"
    assert outcomes["closed"].outcome == FAILED
    assert outcomes["closed"].findings == [f"{closed}: Permission denied"]
    assert plan_one(Job("x", closed / "none", (), case.parent / "x")).outcome == FAILED


# --- the terminal ------------------------------------------------------------------------


def test_no_control_character_reaches_a_terminal(tmp_path: Path) -> None:
    shown = "a␛[31mred␇�31m�b"
    assert printable(NASTY) == shown
    assert printable("plain\n\ttext 城市 é") == "plain\n\ttext 城市 é"
    assert printable("a\rb\x00\x7f\udcd6\ud800") == "a␍b␀␡\\udcd6\\ud800"
    with (tmp_path / "plain").open("w+", encoding="utf-8") as file:
        print(NASTY, file=Screen(file))
        console(Screen(file)).print(NASTY)  # type: ignore[arg-type]
        file.seek(0)
        first, second = file.read().splitlines()
    assert first == shown
    assert not set(second) & set("\x1b\x07\x9b\u202e")


def test_tables_settings_and_paths_are_shown_as_pictures(case: Path) -> None:
    nasty = case.rename(case.parent / NASTY)
    nasty.joinpath("donations.csv").write_text(f'donation_id,item,quantity\nd1,rice,"{NASTY}"\n', "utf-8")
    book = Path("book.xlsx")
    with pd.ExcelWriter(book, engine="xlsxwriter") as writer:
        pd.DataFrame(
            {"need_id": ["n"], "community": ["c\u009b"], "item": ["i"], "quantity": ["\u202ex\u0085"]}
        ).to_excel(writer, sheet_name="needs", index=False)
        pd.DataFrame({"donation_id": ["d"], "item": ["i"], "quantity": [1]}).to_excel(
            writer, sheet_name="donations", index=False
        )
    for command in (
        ["check", str(nasty), "--set", f"policy.boundary={NASTY}"],
        ["check", str(book), "--format", "json"],
        ["plan", "no", NASTY],
    ):
        done = subprocess.run([sys.executable, "-m", "matchopt", *command], capture_output=True, check=False)
        text = (done.stdout + done.stderr).decode("utf-8")
        assert not {c for c in text if c < " " and c not in "\n\t"}, command
        assert not set(text) & {*map(chr, range(0x7F, 0xA0)), "\u202e"}, command


# --- signals -----------------------------------------------------------------------------


def started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "matchopt", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("after", [0.3, 1.2])
def test_ctrl_c_ends_in_one_line(case: Path, after: float) -> None:
    running = started("plan", "city", "-o", "run", "-q")
    time.sleep(after)
    running.send_signal(signal.SIGINT)
    out, said = running.communicate()
    if running.returncode != 0:  # it was not too quick
        assert (running.returncode, out, said) == (130, b"", b"matchopt: interrupted.\n")
        assert not Path("run").exists()


def test_sigterm_ends_in_one_line_and_leaves_nothing(case: Path) -> None:
    running = started("batch", "city", "-o", "runs", "-q")
    time.sleep(2.0)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate()
    if running.returncode != 0:
        assert (running.returncode, said) == (143, b"matchopt: ended by a signal (SIGTERM).\n")


def test_ctrl_c_in_a_search_takes_the_best_plan_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Event()
    monkeypatch.setattr(process, "stop_search", stop)
    stages: list[str] = []
    with process.best_plan_so_far(lambda stage, done, total: stages.append(stage)) as told:
        told("encode", 0, 0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        told("whole quantities", 0, 0)
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert stages == ["encode", "whole quantities"]


def test_a_plan_that_was_stopped_says_so_and_verifies() -> None:
    dice = np.random.default_rng(3)
    needs = pd.DataFrame({"need_id": [f"n{k}" for k in range(12)], "community": "a", "item": "rice"})
    needs["quantity"] = dice.integers(3, 30, 12)
    donations = pd.DataFrame({"donation_id": [f"d{k}" for k in range(6)], "item": "rice"})
    donations["quantity"], donations["lot_size"] = dice.integers(20, 60, 6), dice.integers(2, 9, 6)
    donations["max_communities"] = 1
    case = matchopt.Case.from_frames(needs=needs, donations=donations)
    stop = Event()
    stop.set()
    made = matchopt.plan(case, stop=stop)
    assert matchopt.verify(case, made) == ()
    assert made.summary["stopped"] in ("", "interrupted")
    assert made.status == "optimal" or made.summary["stopped"] == "interrupted"


def test_a_search_that_hears_nobody_is_left_to_itself() -> None:
    stop, never = Event(), Event()
    Timer(0.05, stop.set).start()
    with pytest.raises(SolverError):
        halted_by(stop, never.wait)
    never.set()
    assert halted_by(Event(), lambda: 7) == 7
    failed: Future[int] = Future()
    failed.set_exception(ValueError("x"))
    with pytest.raises(ValueError, match="x"):
        halted_by(Event(), failed.result)


# --- kills and disks that fill up --------------------------------------------------------

KILLS, DISKS = (300, 20) if deep() else (3, 1)
WRITERS = (
    "plan city -o run --force --report",
    "report run -o run/report.html",
    "workbook run -o run/plan.xlsx",
    "wishlist run --confirm 0",
    "graph run",
    "track run --done done.csv",
    "replan run city -o next --force",
    "batch cases -o runs --force --report -j 1",
    "study city --vary policy.boundary=open,community -o study --force",
    "stress city --draws 3 -j 1 -o stress --force",
    "simulate city -o simulation --force",
    "needs city -o needs.xlsx",
    "new empty",
)


def prepared(case: Path) -> None:
    filled(case.parent / "cases" / "one")
    assert CliRunner().invoke(app, ["plan", "city", "-o", "run"]).exit_code == 0
    Path("done.csv").write_text("donation_id,need_id,quantity\nd1,n1,5\n", "utf-8")


def nothing_broken() -> None:
    """Whatever stands is whole."""
    for run in ("run", "next", "runs/one"):
        assert not Path(run).exists() or whole(run), run
    assert Path("run").exists()
    for folder in ("study", "stress", "simulation"):
        assert not Path(folder).exists() or Path(folder, "report.html").is_file()
    for page in Path().rglob("*.html"):
        assert page.read_text("utf-8").rstrip().endswith("</html>"), page
    for book in Path().rglob("*.xlsx"):
        pd.ExcelFile(book, engine="calamine").close()


def test_kills_at_random_moments_break_nothing(case: Path) -> None:
    prepared(case)
    dice = random.Random(5)
    for number in range(KILLS):
        if Path("empty").exists():
            for file in Path("empty").iterdir():
                file.unlink()
        command = WRITERS[number % len(WRITERS)]
        running = started(*command.split())
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(dice.uniform(0.5, 4.0))
        running.kill()
        running.communicate()
        nothing_broken()
        left = [path for path in Path("run").iterdir() if path.name.startswith(".")]
        assert left == [], command


def test_a_disk_that_fills_up_breaks_nothing(case: Path) -> None:
    prepared(case)
    dice = random.Random(7)
    for number in range(DISKS):
        command = WRITERS[number % len(WRITERS)]
        most = dice.randrange(200, 60_000)

        def limited(most: int = most) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        done = subprocess.run(
            [sys.executable, "-m", "matchopt", *command.split()],
            capture_output=True,
            check=False,
            preexec_fn=limited,
        )
        said = (done.stdout + done.stderr).decode("utf-8")
        assert done.returncode in (0, 1), said
        assert "should not happen" not in said
        assert "Traceback" not in said
        nothing_broken()
