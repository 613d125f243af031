"""Commands that hold plans against each other: a study of one case, two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchopt.cli.door import (
    CasePath,
    Changes,
    Step,
    command,
    plan_and_verify,
    progress,
    read_case,
    read_plan,
    refuse_malformed,
    show,
)
from matchopt.language import tr

if TYPE_CHECKING:
    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.whatif.study import Study


class Ready(StrEnum):
    """The studies that need no settings named."""

    BOUNDARIES = "boundaries"
    MODES = "modes"


@command
def study(
    case: CasePath,
    ready: Annotated[
        Ready | None,
        typer.Argument(
            metavar="[boundaries|modes]",
            help="boundaries: what it costs that gifts stop at a border. modes: the five ways of working.",
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
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help="Folder to write.  [default: studies/NAME OF CASE-KIND]"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the study if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only the path of the study.")] = False,
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
    from matchopt.report import studies
    from matchopt.report.page.study import study_html
    from matchopt.runs.study import PAGE, default_study, refuse_study, write_study

    refuse_malformed(changes)
    axes = _axes(vary or ())
    if (ready is None) == (not axes):
        raise typer.BadParameter(
            tr("name one of the ready studies, boundaries or modes, or what to vary (--vary), not both")
        )
    kind = ready.value if ready is not None else "study"
    folder = output if output is not None else default_study(case, kind, force=force)
    refuse_study(folder, force=force)
    with progress(quiet=quiet) as step:
        read = read_case(case, changes or (), step)
        made = _planned(read, ready, axes, step)
        step("writing the report", 0, 0)
        results, needs = studies.results_of(made), studies.need_changes(made)
        tables = {
            "points.csv": studies.points_table(made, results),
            "communities.csv": studies.gains(made, results), "needs.csv": needs,
        }  # fmt: skip
        said = studies.as_json(made, results)
        write_study(folder, study_html(made, results, needs), tables, said, force=force)
    if not quiet:
        for section in studies.sections(made, results):
            show(section)
            print()
        print(tr("* the others are held against it") + "\n")
        print(studies.paragraph(made, results) + "\n")
        print(tr("To read, print and pass on: {files}", files=str(folder / PAGE)))
        print(tr("Folder of the study: "), end="")
    print(folder)


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


def _planned(case: Case, ready: Ready | None, axes: dict[str, list[str]], step: Step) -> Study:
    from matchopt.whatif.study import boundaries_study, modes_study, settings_study

    def tell(done: int, total: int) -> None:
        step("points", done, total)

    def planner(changed: Case) -> Plan:
        return plan_and_verify(changed, lambda stage, done, total: None)

    if ready is Ready.BOUNDARIES:
        return boundaries_study(case, tell=tell, planner=planner)
    if ready is Ready.MODES:
        return modes_study(case, tell=tell, planner=planner)
    return settings_study(case, axes, tell=tell, planner=planner)


@command
def compare(
    before: Annotated[Path, typer.Argument(metavar="RUN1", help="The earlier run folder.")],
    after: Annotated[Path, typer.Argument(metavar="RUN2", help="The later one.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write all that changed as a workbook (.xlsx)."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many rows of each table to print.")] = 10,
) -> None:
    """Tell what changed from one run to another: by need, donor, community and cost.

    The runs may be of one case under other settings, or of two states of a case: needs, donors and
    communities are the same where they have the same id or name.

    \b
      matchopt compare runs/my-city runs/my-city-2
      matchopt compare runs/last-week runs/this-week -o what-changed.xlsx
    """  # noqa: D301
    from matchopt.report import compared
    from matchopt.report.xlsx import write_workbook
    from matchopt.runs.beside import write_beside
    from matchopt.whatif.differences import differences

    with progress() as step:
        step("reading and checking the tables", 0, 0)
        was, now = read_plan(before), read_plan(after)
        changed = differences(was, now)
        if output is not None:
            step("writing the workbook", 0, 0)
            book = compared.workbook(was, now, changed)
            write_beside(output, lambda path: write_workbook(book, path))
    for sentence in compared.in_words(was, now, changed):
        print(sentence)
    for section in compared.sections(was, now, changed, top):
        print()
        show(section)
    if output is not None:
        print(f"\n{output}")
