"""Commands on plans: make one, verify one, plan anew from where the world stands."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchopt.cli.door import command
from matchopt.cli.options import (
    CasePath,
    Changes,
    NoCopy,
    QuietRun,
    ReplaceRun,
    RunOutput,
    RunPath,
    TimeLimit,
    Today,
    WithReport,
    force_option,
    output_option,
)
from matchopt.cli.process import best_plan_so_far, best_so_far_told, stop_search
from matchopt.cli.steps import plan_and_verify, read_case, warn
from matchopt.cli.terminal import Step, console, fail, name_files, progress, quoted, tell
from matchopt.language import tr, trn

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.runs.atomic import Writer


SMALL = 20_000
"""Allocations up to which a plan is shown to people without being asked."""


class Solver(StrEnum):
    """Who solves the flow."""

    SIMPLEX = "simplex"
    ORTOOLS = "ortools"
    NETWORKX = "networkx"


@command
def plan(
    case: CasePath,
    output: RunOutput = None,
    changes: Changes = None,
    today: Today = None,
    force: ReplaceRun = False,
    no_copy: NoCopy = False,
    solver: Annotated[
        Solver, typer.Option(help="ortools and networkx are slower and there to cross-check.")
    ] = Solver.SIMPLEX,
    time_limit: TimeLimit = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Work on a Dask cluster (extra 'scale'), such as tcp://host:8786."
        ),
    ] = None,
    fairness_curve: Annotated[
        bool,
        typer.Option(
            "--fairness-curve",
            help="Print what fairness costs, from none to the highest floor; save it in the run folder.",
        ),
    ] = False,
    report: WithReport = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell where time and memory went, stage by stage (on stderr).")
    ] = False,
    quiet: QuietRun = False,
) -> None:
    """Plan a case: check, plan, verify, write the run folder, sum up.

    Nothing is written unless the data has no errors and the finished plan passes its own verification.

    \b
      matchopt plan my-city
      matchopt plan my-city -o runs/by-district --set policy.boundary=district
      matchopt plan my-city --time-limit 60
      matchopt plan my-city --fairness-curve
    """  # noqa: D301
    from matchopt.report.terminal import Profile, plain
    from matchopt.runs.write import default_run, refuse_taken, write_run

    run = output if output is not None else default_run(case, force=force)
    refuse_taken(run, force=force)
    with progress(quiet=quiet) as show_step:
        watch = Profile(show_step)
        step = watch.step
        read = read_case(case, changes, step, today)
        if fairness_curve:  # has its own demands on the tables: they are checked before the work begins
            read.replace(settings={"policy": {"fairness": "floor"}})
        if not quiet:
            warn(read, case)
        with _workers(cluster) as executor:
            made = _searched(read, step, solver=solver.value, time_limit=time_limit, executor=executor)
        curve = _price_of_fairness(read, solver, step) if fairness_curve else None
        beside = people(made, step, wanted=report)
        step("writing the run folder", 0, 0)
        write_run(made, run, force=force, copy=not no_copy, curve=curve, beside=beside)
    if not quiet:
        show_summary(made, curve)
    show_run(run, beside, quiet=quiet)
    if profile:
        print(f"\n{plain(watch.table())}", file=sys.stderr)
    _end_interrupted()


@command
def verify(
    run: RunPath,
    case: Annotated[
        Path | None,
        typer.Option(
            metavar="CASE", help="Check against this case instead of the one the run keeps or names."
        ),
    ] = None,
) -> None:
    """Recheck a run folder from its tables alone: every rule, sum and cost, and the proof.

    One line for each violation; with any, the exit code is 1.

    \b
      matchopt verify runs/my-city
    """  # noqa: D301
    from matchopt.report.summary import verified
    from matchopt.runs.integrity import changed_files
    from matchopt.runs.read import case_of, case_place, plan_of, read_manifest
    from matchopt.verifier import verify as violations_of

    manifest = read_manifest(run)
    place = case if case is not None else case_place(run, manifest)
    violations = list(changed_files(run, manifest, place))
    tell(violations)
    made = plan_of(run, manifest, case_of(run, manifest, place))
    for violation in violations_of(made.case, made):
        violations.append(str(violation))
        print(violation)
    if violations:
        fail(trn("{n} violation in {run}", "{n} violations in {run}", len(violations), run=run))
    print(verified(made))


@command
def replan(
    run: RunPath,
    case: CasePath,
    output: Annotated[Path | None, output_option("RUN2", "Run folder to write.", "runs/NAME OF CASE")] = None,
    changes: Changes = None,
    today: Today = None,
    force: Annotated[
        bool,
        force_option(
            "Replace the run folder if it exists; plan on from RUN even if a file of it was changed since."
        ),
    ] = False,
    no_copy: NoCopy = False,
    time_limit: TimeLimit = None,
    report: WithReport = None,
    quiet: QuietRun = False,
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
    from matchopt.runs.integrity import refuse_changed
    from matchopt.runs.read import followed_plan, read_earlier, read_manifest
    from matchopt.runs.write import default_run, refuse_taken, write_run
    from matchopt.whatif.differences import differences

    target = output if output is not None else default_run(case, force=force)
    refuse_taken(target, force=force)
    with progress(quiet=quiet) as step:
        manifest = read_manifest(run)
        refuse_changed(run, manifest, None, force=force)
        read = read_case(case, changes, step, today, followed_plan(run, manifest))
        before = read_earlier(run, manifest, read)
        if not quiet:
            warn(read, case)
        made = _searched(read, step, time_limit=time_limit, warm=before)
        beside = people(made, step, wanted=report)
        step("writing the run folder", 0, 0)
        write_run(made, target, force=force, copy=not no_copy, beside=beside)
    if not quiet:
        show_summary(made)
        print("\n" + tr("What changed since {run}:", run=run))
        tell(compared.in_words(before, made, differences(before, made)))
    show_run(target, beside, quiet=quiet)
    _end_interrupted()


@contextmanager
def _workers(cluster: str | None) -> Iterator[Executor | None]:
    """Yield who is to do the work, None for this machine."""
    if cluster is None:
        yield None
        return
    from matchopt.cluster import on_cluster

    with on_cluster(cluster) as executor:
        yield executor


def _searched(case: Case, step: Step, **how: Any) -> Plan:
    """Plan a case; where Ctrl-C ends the search, the best plan found so far."""
    with best_plan_so_far(step) as told:
        return plan_and_verify(case, told, stop=stop_search, **how)


def _end_interrupted() -> None:
    """End with the exit code of Ctrl-C if that cut the search short."""
    if stop_search.is_set():
        raise typer.Exit(best_so_far_told())


def _price_of_fairness(case: Case, solver: Solver, step: Step) -> pd.DataFrame:
    from matchopt.engine import fairness_curve

    return fairness_curve(case, solver=solver.value, progress=step)


def people(made: Plan, step: Step, *, wanted: bool | None) -> Mapping[str, Writer]:
    """Return the files of a plan for people, with who writes each; by default only if it is not large."""
    if wanted or (wanted is None and len(made.allocations) <= SMALL):
        from matchopt.batch import shown

        step("writing the report", 0, 0)
        return shown(made)
    return {}


def show_run(run: Path, beside: Collection[str], *, quiet: bool) -> None:
    """Say where the run is, and what is in it for people."""
    if quiet:
        print(run)
        return
    if beside:
        name_files(*beside)
    else:
        again = f"matchopt report {quoted(run)}"
        print("\n" + tr("For a report to read and print: {command}", command=again))
    print(tr("Run folder: ") + str(run))


def show_summary(made: Plan, curve: pd.DataFrame | None = None) -> None:
    """Show what a plan comes to, and what fairness costs."""
    from matchopt.report.summary import plain_text, price_of_fairness, renderable

    more = [] if curve is None else [price_of_fairness(curve, made.summary["currency"])]
    if sys.stdout.isatty():
        console(sys.stdout).print(renderable(made, more))
    else:
        print(plain_text(made, more))
