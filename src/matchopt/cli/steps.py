"""What several commands do: read a case or a run, plan and verify, write a file beside a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matchopt.cli.terminal import Step, fail_with_findings, quoted, show_findings
from matchopt.errors import ProofError
from matchopt.language import tr

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from datetime import date
    from threading import Event

    from matchopt.contract.case import Case, EarlierPlan
    from matchopt.contract.plan import Plan
    from matchopt.report.workbook import Workbook


def read_case(
    case: Path,
    changes: Sequence[str] | None,
    step: Step,
    today: date | None,
    earlier: EarlierPlan | None = None,
) -> Case:
    """Read and check a case, be it after an `earlier` plan; with errors in it, say so and end."""
    from matchopt.tables.read import check_case

    step("reading and checking the tables", 0, 0)
    checked, findings = check_case(case, changes or (), earlier, today)
    if checked is None:
        fail_with_findings(findings)
    return checked


def read_plan(run: Path, step: Step, *, force: bool) -> Plan:
    """Read a run and its case; one with changed files only with `force`, and that is said."""
    from matchopt.runs.read import read_run

    step("reading and checking the tables", 0, 0)
    return read_run(run, force=force)


def plan_and_verify(
    case: Case,
    step: Step,
    *,
    solver: str = "simplex",
    time_limit: float | None = None,
    executor: Executor | None = None,
    warm: Plan | None = None,
    stop: Event | None = None,
) -> Plan:
    """Plan a case; ProofError if the plan does not pass its own verification."""
    from matchopt.engine import plan as plan_of
    from matchopt.verifier import verify as violations_of

    made = plan_of(
        case,
        solver=solver,
        progress=step,
        time_limit=time_limit,
        executor=executor,
        warm=warm,
        stop=stop,
    )
    step("verifying the plan", 0, 0)
    violations = violations_of(case, made)
    if violations:
        raise ProofError("\n".join(map(str, violations)))
    return made


def warn(case: Case, path: Path, most: int = 5) -> None:
    """Show the first warnings on the data, and where to see the rest."""
    from matchopt.report.terminal import counts

    if not case.findings:
        return
    show_findings(case.warnings[:most], sys.stderr)
    found = counts(case.findings, zero=False)
    said = tr("{found} on the data: {command}", found=found, command=f"matchopt check {quoted(path)}")
    print(f"{said}\n", file=sys.stderr)


def write_book(book: Workbook, file: Path, step: Step) -> None:
    """Write a workbook for people."""
    from matchopt.report.workbook import write_workbook
    from matchopt.runs.atomic import write_file

    step("writing the workbook", 0, 0)
    write_file(file, lambda path: write_workbook(book, path))
