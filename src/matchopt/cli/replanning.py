"""The command that plans anew from where the world stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matchopt.cli.door import (
    CasePath,
    Changes,
    RunPath,
    command,
    plan_and_verify,
    progress,
    read_case,
    refuse_malformed,
    refuse_no_time,
    warn,
)
from matchopt.cli.plans import people, show_run, show_summary
from matchopt.language import tr


@command
def replan(
    run: RunPath,
    case: CasePath,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="RUN2", help="Run folder to write.  [default: runs/NAME OF CASE]"
        ),
    ] = None,
    changes: Changes = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the run folder if it exists.")] = False,
    no_copy: Annotated[
        bool, typer.Option("--no-copy", help="Keep only the hashes of the tables in the run folder.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Stop the search for whole quantities then and keep the best plan found.  [default: none]",
        ),
    ] = None,
    report: Annotated[
        bool | None,
        typer.Option(
            "--report/--no-report",
            help="Write report.html and plan.xlsx, too.  [default: up to 20,000 allocations]",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print only the path of the run folder.")
    ] = False,
) -> None:
    """Plan a case anew after an earlier run: what people were told stays, the rest may change at a price.

    The table commitments of the case says what became of lines of the run: accepted, in_transit and delivered
    ones stay, declined and cancelled ones are not proposed again. Every other line of the run is a promise;
    each one that the new plan changes costs policy.churn_cost. Then tell what changed.

    \b
      matchopt replan runs/monday my-city -o runs/tuesday
      matchopt replan runs/monday my-city --set policy.churn_cost=5
      matchopt compare runs/monday runs/tuesday
    """  # noqa: D301
    from matchopt.report import compared
    from matchopt.runs.read import read_lines, read_run
    from matchopt.runs.write import default_run, refuse_taken, write_run
    from matchopt.whatif.differences import differences

    refuse_malformed(changes)
    refuse_no_time(time_limit)
    target = output if output is not None else default_run(case, force=force)
    refuse_taken(target, force=force)
    with progress(quiet=quiet) as step:
        lines = read_lines(run)
        read = read_case(case, changes or (), step, lines)
        before = read_run(run, read)
        if not quiet:
            warn(read, case)
        made = plan_and_verify(read, step, time_limit=time_limit, warm=before)
        beside = people(made, step, wanted=report)
        step("writing the run folder", 0, 0)
        write_run(made, target, force=force, copy=not no_copy, earlier=lines, beside=beside)
    if not quiet:
        show_summary(made)
        print("\n" + tr("What changed since {run}:", run=run))
        for sentence in compared.in_words(before, made, differences(before, made)):
            print(sentence)
    show_run(target, beside, quiet=quiet)
