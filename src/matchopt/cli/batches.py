"""The command that plans many cases."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchopt.cli.door import command
from matchopt.cli.options import Changes, Today, force_option, output_option, quiet_option
from matchopt.cli.terminal import FOUND, progress
from matchopt.language import printable

if TYPE_CHECKING:
    from matchopt.runs.jobs import JobOutcome


class OutcomeFormat(StrEnum):
    """How each case is told of."""

    TEXT = "text"
    JSONL = "jsonl"


@command
def batch(
    cases: Annotated[
        list[str],
        typer.Argument(
            metavar="CASES...", help="Cases, folders of cases, patterns in quotes, or a list (batch.toml)."
        ),
    ],
    output: Annotated[Path, output_option("RUNS", "Folder for the run folders and the index.")] = Path(
        "runs"
    ),
    changes: Changes = None,
    today: Today = None,
    force: Annotated[bool, force_option("Plan all cases, also those whose run is made of the same.")] = False,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=0, metavar="N", help="Processes.  [default: one a core]")
    ] = 0,
    report: Annotated[
        bool, typer.Option("--report", help="Write report.html and plan.xlsx of each run, too.")
    ] = False,
    format: Annotated[
        OutcomeFormat,
        typer.Option("--format", "-f", help="text to read; jsonl: an object a case, for machines."),
    ] = OutcomeFormat.TEXT,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append a line a case to this file, with the time.")
    ] = None,
    quiet: Annotated[bool, quiet_option("Print only cases that failed.")] = False,
) -> None:
    """Plan many cases side by side, each into a run folder of its own; one that fails stops no other.

    Runs whose tables, settings and version are the same are left as they are, so that a batch that was
    interrupted goes on where it stopped. It ends with RUNS/index.csv and RUNS/index.html; if a case failed,
    the exit code is 1.

    A list names cases one by one:

    \b
      set = ["policy.boundary=district"]       # for all
      [[case]]
      path = "cities/north"                    # seen from the list
      [[case]]
      path = "cities/south"
      name = "south-small-budget"
      set = ["policy.budget=1000"]

    \b
      matchopt batch cities/north cities/south -o runs
      matchopt batch "districts/*" -o runs --report
      matchopt batch batch.toml -o runs --quiet --format jsonl --log batch.log
    """  # noqa: D301
    from matchopt.batch import plan_all
    from matchopt.report import batch as told
    from matchopt.runs.atomic import text_file, write_file
    from matchopt.runs.jobs import FAILED, jobs_of, runs_folder
    from matchopt.runs.render import csv_file

    wanted = jobs_of(cases, output, changes or (), today)
    runs_folder(output)
    outcomes: list[JobOutcome] = []
    with progress(quiet=quiet) as step:
        step("cases", 0, len(wanted))
        for one in plan_all(wanted, workers=jobs, force=force, report=report):
            outcomes.append(one)
            _tell(one, format, log, quiet=quiet)
            step("cases", len(outcomes), len(wanted))
        write_file(output / "index.csv", csv_file(told.index(outcomes)))
        write_file(output / "index.html", text_file(told.page(outcomes)))
    if not quiet and format is OutcomeFormat.TEXT:
        print("\n" + told.total(outcomes))
        print(output / "index.html")
    if any(one.outcome == FAILED for one in outcomes):
        raise typer.Exit(FOUND)


def _tell(one: JobOutcome, format: OutcomeFormat, log: Path | None, *, quiet: bool) -> None:
    """Print what became of a case, and note it in the log."""
    from matchopt.report.batch import line
    from matchopt.runs.jobs import FAILED

    failed = one.outcome == FAILED
    if format is OutcomeFormat.JSONL and (failed or not quiet):
        print(json.dumps(one.as_dict(), ensure_ascii=False), flush=True)
    elif failed or not quiet:
        print(line(one), file=sys.stderr if failed else sys.stdout, flush=True)
    if log is not None:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        with log.open("a", encoding="utf-8") as stream:
            stream.write(printable(f"{now} {line(one)}\n"))
