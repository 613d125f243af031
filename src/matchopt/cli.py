"""The street door: arguments, progress, exit codes. All that is heavy is imported inside the commands.

Exit codes: 0 fine; 1 findings, a violation or a refusal; 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, ParamSpec, TextIO

import typer

from matchopt import __version__
from matchopt.errors import CaseError, Finding, MatchoptError, ProofError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from matchopt.case import Case
    from matchopt.solution import Plan

P = ParamSpec("P")
Step = Callable[[str, int, int], None]

FOUND, INTERRUPTED = 1, 130
STAGES = {
    "encode": "finding who can serve whom",
    "solve": "finding the best plan",
    "cost": "finding the least cost",
    "whole quantities": "searching for whole quantities",
    "decode": "adding up deliveries and costs",
}


class Language(StrEnum):
    """Language of an empty case."""

    EN = "en"
    ZH = "zh"


class Format(StrEnum):
    """How findings are listed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class Solver(StrEnum):
    """Who solves the flow."""

    SIMPLEX = "simplex"
    ORTOOLS = "ortools"
    NETWORKX = "networkx"


app = typer.Typer(
    name="matchopt",
    # Plain help comes three times as fast as drawn boxes, and reads well in a log.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

CasePath = Annotated[
    Path, typer.Argument(metavar="CASE", help="Folder with the tables, or one workbook (.xlsx).")
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE",
        help="Change a setting for this time, such as policy.boundary=district. May be repeated.",
    ),
]  # fmt: skip


def main() -> None:
    """Run the command ``matchopt``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a letter shows a question mark
            stream.reconfigure(errors="replace")
    app(prog_name="matchopt")


def _ends_well(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that whatever happens ends in a plain line and the right exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # Nobody reads on: what is still buffered must not fail once more at the very end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(INTERRUPTED) from None
        except CaseError as error:
            _fail_with_findings(error.findings)
        except ProofError as error:
            _fail(f"matchopt found a mistake of its own and wrote nothing; please report it:\n{error}")
        except MatchoptError as error:
            _fail(f"matchopt: {error}")
        except Exception as error:
            if "MATCHOPT_DEBUG" in os.environ:
                raise
            _fail(_apology(error))

    return wrapped


def _fail(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(FOUND) from None


def _apology(error: Exception) -> str:
    """Return one line on an error that nobody foresaw: what, where, and what to do."""
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "matchopt" in Path(frame.filename).parts] or frames
    where = f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}"
    text = " ".join(str(error).split())[:300]
    return (
        f"matchopt: this should not happen: {type(error).__name__} in {where}: {text}."
        " Please report this line (MATCHOPT_DEBUG=1 shows more)."
    )


def _version(wanted: bool) -> None:
    if wanted:
        print(f"matchopt {__version__}")
        raise typer.Exit


@app.callback()
def _door(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Match donations to needs: the best plan, with its proof.

    A case is a folder of tables: needs.csv (who asks for what), donations.csv (who gives what), further
    tables where you have them (communities, hubs, items, lanes ...) and settings in matchopt.toml.
    One workbook (.xlsx) with the tables as sheets will do as well. The first three commands:

    \b
      matchopt new my-city        make an empty case, every column explained
      matchopt check my-city      list everything wrong in its data, with cures
      matchopt plan my-city       plan it, prove it, write runs/my-city

    Exit codes: 0 fine, 1 findings or a violation, 2 wrong usage.
    """  # noqa: D301


@app.command()
@_ends_well
def new(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder that is not there yet or empty.")
    ],
    lang: Annotated[Language, typer.Option(help="Language of headers and explanations.")] = Language.EN,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Make one workbook instead of CSV files.")] = False,
) -> None:
    """Make an empty case to fill in.

    Every table has its header, one row that explains the columns and an example. These rows begin with
    ## and are skipped; take the ## of the examples away for a small case to try.

    \b
      matchopt new my-city
      matchopt new my-city --xlsx
      matchopt new 我的城市 --lang zh
    """  # noqa: D301
    from matchopt.io.template import new_case

    case = new_case(folder, lang.value, workbook=xlsx)
    shown = shlex.quote(str(case))
    what = f"the workbook {shown}" if xlsx else f"the folder {shown}"
    print(f"Made {what}. What to do next:")
    print("  1. Fill in needs and donations; delete the other tables that you have nothing for.")
    print("     Rows that begin with ## explain and are skipped; take it away to use the examples.")
    print(f"  2. matchopt check {shown}")
    print(f"  3. matchopt plan {shown}")


@app.command()
@_ends_well
def check(
    case: CasePath,
    changes: Changes = None,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="text to read; json or csv for machines.")
    ] = Format.TEXT,
) -> None:
    """List everything wrong or odd in the data of a case, with cures.

    Errors come first, then warnings and notes. Only errors stop a plan; with any, the exit code is 1.

    \b
      matchopt check my-city
      matchopt check my-city --format csv > findings.csv
    """  # noqa: D301
    from matchopt.io.read import check_case
    from matchopt.report.findings import as_csv, as_json, counts, has_errors, sorted_by_weight

    _refuse_malformed(changes)
    findings = sorted_by_weight(check_case(case, changes or ())[1])
    if format is Format.JSON:
        print(as_json(findings))
    elif format is Format.CSV:
        print(as_csv(findings), end="")
    else:
        _show(findings, sys.stdout)
        print(f"{counts(findings)}.")
    if has_errors(findings):
        raise typer.Exit(FOUND)
    if format is Format.TEXT:
        print(f"The case can be planned: matchopt plan {shlex.quote(str(case))}")


@app.command()
@_ends_well
def plan(
    case: CasePath,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="RUN", help="Run folder to write.  [default: runs/NAME OF CASE]"
        ),
    ] = None,
    changes: Changes = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the run folder if it exists.")] = False,
    no_copy: Annotated[
        bool, typer.Option("--no-copy", help="Keep only the hashes of the tables in the run folder.")
    ] = False,
    solver: Annotated[
        Solver, typer.Option(help="ortools and networkx are slower and there to cross-check.")
    ] = Solver.SIMPLEX,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Stop the search for whole quantities then and keep the best plan found.  [default: none]",
        ),
    ] = None,
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
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell where time and memory went, stage by stage (on stderr).")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print only the path of the run folder.")
    ] = False,
) -> None:
    """Plan a case: check, plan, verify, write the run folder, sum up.

    Nothing is written unless the data has no errors and the finished plan passes its own verification.

    \b
      matchopt plan my-city
      matchopt plan my-city -o runs/by-district --set policy.boundary=district
      matchopt plan my-city --time-limit 60
      matchopt plan my-city --fairness-curve
    """  # noqa: D301
    from matchopt.io.write import default_run, refuse_taken, write_run
    from matchopt.report.profile import Profile
    from matchopt.report.section import plain

    _refuse_malformed(changes)
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise typer.BadParameter(f"{time_limit:g} is no number above 0", param_hint="'--time-limit'")
    run = output if output is not None else default_run(case, force=force)
    refuse_taken(run, force=force)
    with _progress(quiet=quiet) as tell:
        watch = Profile(tell)
        step = watch.step
        read = _read(case, changes or (), step)
        if fairness_curve:  # has its own demands on the tables: they are checked before the work begins
            read.replace(settings={"policy": {"fairness": "floor"}})
        if not quiet:
            _warn(read, case)
        with _workers(cluster) as executor:
            made = _plan_and_verify(read, solver, time_limit, step, executor)
        curve = _price_of_fairness(read, solver, step) if fairness_curve else None
        step("writing the run folder", 0, 0)
        write_run(made, run, force=force, copy=not no_copy, curve=curve)
    if not quiet:
        _show_summary(made, curve)
        print("\nRun folder: ", end="")
    print(run)
    if profile:
        print(f"\n{plain(watch.section(STAGES))}", file=sys.stderr)


@app.command()
@_ends_well
def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that `matchopt plan` wrote.")],
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
    from matchopt.inspector import verify as violations_of
    from matchopt.io.read import check_case
    from matchopt.io.run import case_place, changed_files, read_manifest, read_run, settings_as_changes
    from matchopt.report.summary import verified
    from matchopt.report.words import count

    manifest = read_manifest(run)
    place = case if case is not None else case_place(run, manifest)
    violations = list(changed_files(run, manifest, place))
    for line in violations:
        print(line)
    checked, findings = check_case(place, settings_as_changes(manifest.settings))
    if checked is None:
        _fail_with_findings(findings)
    made = read_run(run, checked)
    for violation in violations_of(made.case, made):
        violations.append(str(violation))
        print(violation)
    if violations:
        _fail(f"{count(len(violations), 'violation')} in {run}")
    print(verified(made))


def _refuse_malformed(changes: Sequence[str] | None) -> None:
    for change in changes or ():
        name, equals, _ = change.partition("=")
        if not name.strip() or not equals:
            raise typer.BadParameter(
                f"{change!r} is not of the form NAME=VALUE, such as policy.boundary=district",
                param_hint="'--set'",
            )


def _read(case: Path, changes: Sequence[str], step: Step) -> Case:
    from matchopt.io.read import check_case

    step("reading and checking the tables", 0, 0)
    checked, findings = check_case(case, changes)
    if checked is None:
        _fail_with_findings(findings)
    return checked


@contextmanager
def _workers(cluster: str | None) -> Iterator[Executor | None]:
    """Yield who is to do the work, None for this machine."""
    if cluster is None:
        yield None
        return
    from matchopt.cluster import on_cluster

    with on_cluster(cluster) as executor:
        yield executor


def _plan_and_verify(
    case: Case, solver: Solver, time_limit: float | None, step: Step, executor: Executor | None = None
) -> Plan:
    from matchopt.engine import plan as plan_of
    from matchopt.inspector import verify as violations_of

    made = plan_of(case, solver=solver.value, progress=step, time_limit=time_limit, executor=executor)
    step("verifying the plan", 0, 0)
    violations = violations_of(case, made)
    if violations:
        raise ProofError("\n".join(map(str, violations)))
    return made


def _price_of_fairness(case: Case, solver: Solver, step: Step) -> pd.DataFrame:
    from matchopt.engine import fairness_curve

    return fairness_curve(case, solver=solver.value, progress=step)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Step]:
    """Yield what is told the stage of the work; it shows only on a terminal and leaves no trace."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def step(stage: str, done: int, total: int) -> None:
            bar.update(task, description=STAGES.get(stage, stage), completed=done, total=total or None)

        yield step


def _show_summary(made: Plan, curve: pd.DataFrame | None) -> None:
    from matchopt.report.curve import price_of_fairness
    from matchopt.report.summary import plain_text, renderable

    more = [] if curve is None else [price_of_fairness(curve, made.summary["currency"])]
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(renderable(made, more))
    else:
        print(plain_text(made, more))


def _warn(case: Case, path: Path, most: int = 5) -> None:
    """Show the first warnings on the data, and where to see the rest."""
    from matchopt.report.findings import counts

    if not case.findings:
        return
    _show(case.warnings[:most], sys.stderr)
    found = counts(case.findings, zero=False)
    print(f"{found} on the data: matchopt check {shlex.quote(str(path))}\n", file=sys.stderr)


def _fail_with_findings(findings: Sequence[Finding]) -> NoReturn:
    from matchopt.report.findings import counts, sorted_by_weight

    _show(sorted_by_weight(findings), sys.stderr)
    _fail(f"{counts(findings)}. Nothing was planned.")


def _show(findings: Sequence[Finding], stream: TextIO) -> None:
    """List findings: a line each, or in colour on a terminal."""
    if not stream.isatty():
        for finding in findings:
            print(finding, file=stream)
        return
    from rich.console import Console

    from matchopt.report.findings import renderable

    Console(file=stream).print(renderable(findings))
