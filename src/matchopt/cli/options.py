"""Arguments and options of the commands, each declared once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from matchopt.language import tr


def _of_the_form(changes: list[str] | None) -> list[str]:
    """Return changes of settings; refuse those that are not of the form NAME=VALUE."""
    for change in changes or ():
        name, equals, _ = change.partition("=")
        if not name.strip() or not equals:
            said = tr(
                "{change} is not of the form NAME=VALUE, such as policy.boundary=district",
                change=repr(change),
            )
            raise typer.BadParameter(said, param_hint="'--set'")
    return changes or []


def _above_0(limit: float | None) -> float | None:
    """Return a time limit; refuse what is no number of seconds above 0."""
    if limit is not None and not 0 < limit < float("inf"):
        said = tr("{value} is no number above 0", value=f"{limit:g}")
        raise typer.BadParameter(said, param_hint="'--time-limit'")
    return limit


def _a_day(text: str) -> date:
    """Return a day; refuse what is none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        said = tr("{value} is no day such as 2026-03-01", value=repr(text))
        raise typer.BadParameter(said, param_hint="'--today'") from None


def output_option(metavar: str, what: str, default: str = "") -> Any:
    """Return the option that says where to write."""
    return typer.Option(
        "-o", "--output", metavar=metavar, help=what + (f"  [default: {default}]" if default else "")
    )


def force_option(what: str) -> Any:
    """Return the flag that replaces what an earlier call wrote."""
    return typer.Option("--force", help=what)


def quiet_option(what: str) -> Any:
    """Return the flag that leaves out all but the most important."""
    return typer.Option("-q", "--quiet", help=what)


def time_limit_option(what: str) -> Any:
    """Return the option that ends a search after some seconds."""
    return typer.Option("--time-limit", metavar="SECONDS", help=what, callback=_above_0)


CasePath = Annotated[
    Path, typer.Argument(metavar="CASE", help="Folder with the tables, or one workbook (.xlsx).")
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that `matchopt plan` wrote.")]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        callback=_of_the_form,
        help="Change a setting for this time, such as policy.boundary=district. May be repeated.",
    ),
]
Today = Annotated[
    date | None,
    typer.Option(
        "--today",
        metavar="DATE",
        parser=_a_day,
        help="What day today is, where the settings say that the plan begins today.  [default: by the clock]",
    ),
]
RunOutput = Annotated[Path | None, output_option("RUN", "Run folder to write.", "runs/NAME OF CASE")]
ReplaceRun = Annotated[bool, force_option("Replace the run folder if it exists.")]
NoCopy = Annotated[
    bool, typer.Option("--no-copy", help="Keep only the hashes of the tables in the run folder.")
]
TimeLimit = Annotated[
    float | None,
    time_limit_option(
        "Stop the search for whole quantities then and keep the best plan found.  [default: none]"
    ),
]
WithReport = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report",
        help="Write report.html and plan.xlsx, too.  [default: up to 20,000 allocations]",
    ),
]
UseChanged = Annotated[
    bool, force_option("Use the run even if a file of it was changed since the plan was made.")
]
QuietRun = Annotated[bool, quiet_option("Print only the path of the run folder.")]
ReplaceFolder = Annotated[bool, force_option("Replace the folder if it exists.")]
QuietFolder = Annotated[bool, quiet_option("Print only the path of the folder.")]
Top = Annotated[int, typer.Option(min=1, metavar="N", help="How many rows of each table to print.")]
WorkbookOutput = Annotated[Path | None, output_option("FILE", "Write all of it as a workbook (.xlsx).")]
