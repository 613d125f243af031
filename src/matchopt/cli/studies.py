"""Commands that try a case out: under several settings, by arrivals replayed, with donations that fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchopt.cli.door import command
from matchopt.cli.options import (
    CasePath,
    Changes,
    QuietFolder,
    ReplaceFolder,
    Today,
    Top,
    force_option,
    output_option,
    quiet_option,
    time_limit_option,
)
from matchopt.cli.steps import plan_and_verify, read_case
from matchopt.cli.terminal import Step, name_files, no_progress, progress, show, tell
from matchopt.language import tr

if TYPE_CHECKING:
    from datetime import date

    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.report.table import ReportTable
    from matchopt.whatif.study import Study


class Ready(StrEnum):
    """The studies that need no settings named."""

    BOUNDARIES = "boundaries"
    MODES = "modes"


class ReplayPolicy(StrEnum):
    """How arrivals are matched."""

    OPTIMAL = "optimal"
    FIRST_COME = "first-come"
    PROXIMITY = "proximity"
    PROPORTIONAL = "proportional"


class FirstMatching(StrEnum):
    """When arrivals are matched for the first time."""

    AT = "at"
    AFTER = "after"


class Reliability(StrEnum):
    """How the first plan takes reliability."""

    IGNORE = "ignore"
    EXPECTED = "expected"
    FIRM = "firm"


@command
def study(
    case: CasePath,
    ready: Annotated[
        Ready | None,
        typer.Argument(
            metavar="[boundaries|modes]",
            help="boundaries: what it costs that donations stop at a border."
            " modes: the five ways of working.",
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="NAME[=VALUES]",
            help="A setting to vary, with its values separated by commas, or all that it has."
            " Repeated: all combinations.",
        ),
    ] = None,
    changes: Changes = None,
    today: Today = None,
    output: Annotated[
        Path | None, output_option("FOLDER", "Folder to write.", "studies/NAME OF CASE-KIND")
    ] = None,
    force: Annotated[bool, force_option("Replace the study if it exists.")] = False,
    quiet: Annotated[bool, quiet_option("Print only the path of the study.")] = False,
) -> None:
    """Plan a case under several settings, and tell what differs: coverage, cost, distance, storage, losers.

    Every point is planned to the best and verified. The folder holds a page with charts (report.html), the
    figures of each point (points.csv), and which communities and needs gain and lose (communities.csv,
    needs.csv).

    \b
      matchopt study my-city boundaries
      matchopt study my-city modes
      matchopt study my-city --vary policy.boundary
      matchopt study my-city --vary policy.budget=5000,10000,20000 --vary policy.fairness
    """  # noqa: D301
    from matchopt.report import studies, study_page
    from matchopt.runs.study import PAGE, default_study, refuse_study, write_study

    axes = _axes(vary or ())
    if (ready is None) == (not axes):
        raise typer.BadParameter(
            tr("name one of the ready studies, boundaries or modes, or what to vary (--vary), not both")
        )
    kind = ready.value if ready is not None else "study"
    folder = output if output is not None else default_study(case, kind, force=force)
    refuse_study(folder, force=force)
    with progress(quiet=quiet) as step:
        read = read_case(case, changes, step, today)
        made = _planned(read, ready, axes, today, step)
        step("writing the report", 0, 0)
        results, needs = studies.results_of(made), studies.need_changes(made)
        points, gains = studies.points_table(made, results), studies.gains(made, results)
        tables = {"communities.csv": gains, "needs.csv": needs}
        tables = {"points.csv": points, **{n: studies.as_csv(made, table) for n, table in tables.items()}}
        page, said = study_page.study_html(made, results, needs), studies.as_json(made, results)
        write_study(folder, page, tables, said, force=force)
    if not quiet:
        for table in study_page.tables(made, results):
            show(table)
            print()
        print(tr("* the others are held against it") + "\n")
        print(study_page.paragraph(made, results))
        name_files(folder / PAGE)
        print(tr("Folder of the study: "), end="")
    print(folder)


@command
def simulate(
    case: CasePath,
    every: Annotated[int, typer.Option(min=1, metavar="DAYS", help="Days between two matchings.")] = 7,
    first: Annotated[
        FirstMatching,
        typer.Option(help="The first matching: at the first day, or after one interval."),
    ] = FirstMatching.AT,
    policy: Annotated[
        list[ReplayPolicy] | None,
        typer.Option(help="A policy to replay. Repeated: several.  [default: all of them]"),
    ] = None,
    time_limit: Annotated[
        float | None,
        time_limit_option(
            "For each plan of the optimal policy; hindsight has as long as all of them.  [default: 10]"
        ),
    ] = None,
    changes: Changes = None,
    today: Today = None,
    output: Annotated[
        Path | None, output_option("FOLDER", "Folder to write.", "studies/NAME OF CASE-simulation")
    ] = None,
    force: ReplaceFolder = False,
    quiet: QuietFolder = False,
) -> None:
    """Replay arrivals by their dates, and tell what each way of matching serves, how far and how late.

    Needs and donations become known on their created_on. Every so many days a policy matches what is known;
    unmet needs wait, goods age, what was matched is gone. optimal plans the best each time; first-come,
    proximity and proportional are what organisations do without. Hindsight is the best plan of someone who
    knows all arrivals from the start.

    \b
      matchopt simulate my-city
      matchopt simulate my-city --every 1 --policy optimal --policy proximity
    """  # noqa: D301
    from matchopt.report import simulated
    from matchopt.runs.study import default_study, refuse_study, write_study
    from matchopt.whatif.replay import POLICIES
    from matchopt.whatif.replay import simulate as replayed

    folder = output if output is not None else default_study(case, "simulation", force=force)
    refuse_study(folder, force=force)
    chosen = _chosen(policy, POLICIES)
    with progress(quiet=quiet) as step:
        read = read_case(case, changes, step, today)
        limit = time_limit or 10.0
        made = replayed(read, every=every, first=first.value, policies=chosen, time_limit=limit, tell=step)
        step("writing the report", 0, 0)
        said, page = simulated.as_json(made), simulated.page(made)
        write_study(folder, page, simulated.frames(made), said, force=force)
    _end(folder, simulated.in_words(made), simulated.tables(made), quiet=quiet)


@command
def stress(
    case: CasePath,
    draws: Annotated[int, typer.Option(min=1, metavar="N", help="How often donations are drawn.")] = 500,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same figures.")] = 1,
    policy: Annotated[
        list[Reliability] | None,
        typer.Option(help="How the first plan takes reliability. Repeated: several.  [default: all three]"),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many plans are mended side by side; 0: one a core.")
    ] = 0,
    time_limit: Annotated[
        float | None, time_limit_option("For each plan; figures may then differ a little.  [default: none]")
    ] = None,
    changes: Changes = None,
    today: Today = None,
    output: Annotated[
        Path | None, output_option("FOLDER", "Folder to write.", "studies/NAME OF CASE-stress")
    ] = None,
    force: ReplaceFolder = False,
    quiet: QuietFolder = False,
    top: Top = 10,
) -> None:
    """Let donations fail by their reliability, mend the plan each time, and tell what it stands.

    What was promised from donations that turn up stays; what the others were to serve is served as well as
    can be from what is left. Tells the spread of coverage and cost when the first plan ignores reliability,
    counts on what is to be expected, or only on what is certain; and on which donations the plan hangs most.

    \b
      matchopt stress my-city
      matchopt stress my-city --draws 100 --policy expected
    """  # noqa: D301
    from matchopt.report import stressed
    from matchopt.runs.study import default_study, refuse_study, write_study
    from matchopt.whatif.stress import POLICIES
    from matchopt.whatif.stress import stress as stressed_of

    folder = output if output is not None else default_study(case, "stress", force=force)
    refuse_study(folder, force=force)
    chosen = _chosen(policy, POLICIES)
    with progress(quiet=quiet) as step:
        read = read_case(case, changes, step, today)
        step("solve", 0, 0)
        made = stressed_of(
            read, draws=draws, seed=seed, policies=chosen, time_limit=time_limit, workers=workers, tell=step
        )
        step("writing the report", 0, 0)
        said, page = stressed.as_json(made), stressed.page(made)
        write_study(folder, page, stressed.frames(made), said, force=force)
    _end(folder, stressed.in_words(made), stressed.tables(made, top), quiet=quiet)


def _axes(vary: Sequence[str]) -> dict[str, list[str]]:
    """Return the settings to vary, and their values."""
    axes: dict[str, list[str]] = {}
    for one in vary:
        name, equals, values = one.partition("=")
        listed = [value.strip() for value in values.split(",") if value.strip()]
        if not name.strip() or (equals and not listed):
            raise typer.BadParameter(
                tr(
                    "{change} is not of the form NAME or NAME=VALUE,VALUE, such as policy.budget=1000,2000",
                    change=repr(one),
                ),
                param_hint="'--vary'",
            )
        axes[name.strip()] = listed
    return axes


def _planned(
    case: Case, ready: Ready | None, axes: dict[str, list[str]], today: date | None, step: Step
) -> Study:
    from matchopt.whatif.study import boundaries_study, modes_study, settings_study

    def told(done: int, total: int) -> None:
        step("points", done, total)

    def planner(changed: Case) -> Plan:
        return plan_and_verify(changed, no_progress)

    if ready is Ready.BOUNDARIES:
        return boundaries_study(case, tell=told, planner=planner)
    if ready is Ready.MODES:
        return modes_study(case, tell=told, planner=planner)
    return settings_study(case, axes, tell=told, planner=planner, today=today)


def _chosen(policy: Sequence[StrEnum] | None, every: Sequence[str]) -> tuple[str, ...]:
    """Return the policies that were named, each once; all of them if none was."""
    return tuple(dict.fromkeys(name.value for name in policy)) if policy else tuple(every)


def _end(folder: Path, said: Iterable[str], tables: Iterable[ReportTable], *, quiet: bool) -> None:
    """Print what came out, and where it stands."""
    from matchopt.runs.study import PAGE

    if not quiet:
        tell(said, tables)
        name_files(folder / PAGE)
    print(folder)
