"""Commands on cases: make an empty one, check one, look at its demand and supply."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchopt.cli.door import command
from matchopt.cli.options import CasePath, Changes, Today, Top, WorkbookOutput
from matchopt.cli.steps import read_case, write_book
from matchopt.cli.terminal import FOUND, ask, progress, quoted, show_findings, tell
from matchopt.errors import Finding, RunError
from matchopt.language import spoken, tr, trn

if TYPE_CHECKING:
    from matchopt.tables.findings import Findings

MOST_LISTED = 10_000
"""Rows of one kind in one column that are listed; the rest is only counted."""
MOST_ROWS = 1_048_576
"""Rows that a sheet holds: in a copy of it, all are marked."""


class Format(StrEnum):
    """How findings are listed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


@command
def new(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A folder that is not there yet or empty, or NAME.xlsx."),
    ],
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Make one workbook instead of CSV files.")] = False,
    lists: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", metavar="LIST", help="Make the case of a list as you keep it; may be repeated."
        ),
    ] = None,
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[LIST]...", help="Further lists, after --from.")
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", metavar="CODE", help="Currency that all money is in, such as USD."),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option("--columns", metavar="FILE", help="columns.toml of an earlier list of the same office."),
    ] = None,
) -> None:
    """Make an empty case to fill in, or a case of lists as you keep them.

    Every table has its header, one row that explains the columns and an example. These rows begin with
    ## and are skipped; take the ## of the examples away for a small case to try.

    \b
      matchopt new my-city
      matchopt new my-city.xlsx --currency USD
      matchopt new 我的城市 --lang zh
      matchopt new march --from orders.xlsx donations.csv
    """  # noqa: D301
    if lists or more or columns:
        _from_lists(folder, [*(lists or ()), *(more or ())], columns)
        return
    from matchopt.tables.template import new_case

    if currency is None and sys.stdin.isatty() and sys.stdout.isatty():
        currency = ask(tr("Which currency is all money in?"), [], "CNY")
    if currency is not None and not re.fullmatch(r"[^\s\W]\w{0,31}", currency.strip()):
        said = tr("{value} is no currency such as USD", value=repr(currency))
        raise typer.BadParameter(said, param_hint="'--currency'")
    case = new_case(folder, spoken().value, workbook=xlsx, currency=(currency or "").strip())
    shown = quoted(case)
    if case.is_file():
        print(tr("Made the workbook {case}. What to do next:", case=shown))
    else:
        print(tr("Made the folder {case}. What to do next:", case=shown))
    print(
        "  1. "
        + tr("Fill in needs and donations; all other tables are optional: delete those you do not use.")
    )
    print("     " + tr("Rows that begin with ## explain and are skipped; take it away to use the examples."))
    print(f"  2. matchopt check {shown}")
    print(f"  3. matchopt plan {shown}")


def _from_lists(folder: Path, lists: list[Path], columns: Path | None) -> None:
    """Make a case of lists; ask on a terminal what nobody else can know."""
    from matchopt.tables.case_of_lists import case_of_lists

    if not lists:
        raise typer.BadParameter(tr("give the lists that the case is made of"), param_hint="'--from'")
    asking = {"ask": ask} if sys.stdin.isatty() and sys.stdout.isatty() else {}
    made = case_of_lists(folder, lists, spoken().value, names=columns, **asking)
    print(made.page)
    shown = quoted(made.folder)
    print(tr("Made the folder {case}. What to do next:", case=shown))
    print(f"  1. matchopt check {shown}")
    print(f"  2. matchopt plan {shown}")


@command
def check(
    case: CasePath,
    changes: Changes = None,
    today: Today = None,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="text to read; json or csv for machines.")
    ] = Format.TEXT,
    marked: Annotated[
        Path | None,
        typer.Option(
            "--mark",
            metavar="FILE",
            help="Write a copy of the tables (.xlsx), findings marked in its cells.",
        ),
    ] = None,
    fixed: Annotated[
        Path | None,
        typer.Option(
            "--fix",
            metavar="FILE",
            help="Write a copy (.xlsx), all cures done that need no decision.",
        ),
    ] = None,
) -> None:
    """List everything wrong or odd in the data of a case, with cures.

    Errors come first, then warnings and notes. Only errors stop a plan; with any, the exit code is 1.

    \b
      matchopt check my-city
      matchopt check needs.xlsx --mark marked.xlsx
      matchopt check needs.xlsx --fix cured.xlsx
      matchopt check my-city --format csv > findings.csv
    """  # noqa: D301
    from matchopt.report.terminal import as_csv, as_json, counts, has_errors, sorted_by_weight
    from matchopt.tables.findings import Findings
    from matchopt.tables.read import check_case

    for file in filter(None, (marked, fixed)):
        _refuse_copy(file, case)
    found = Findings(MOST_ROWS if marked or fixed else MOST_LISTED)
    findings = sorted_by_weight(check_case(case, changes or (), today=today, found=found)[1])
    if format is Format.JSON:
        print(as_json(findings))
    elif format is Format.CSV:
        text = as_csv(findings)
        # Spreadsheets take a CSV for what it is only when it opens with a byte order mark.
        print(text if text.isascii() or sys.stdout.isatty() else f"\ufeff{text}", end="")
    else:
        show_findings(findings, sys.stdout)
        print(counts(findings) + tr("."))
    for file in filter(None, (marked, fixed)):
        with progress() as step:
            step("writing the workbook", 0, 0)
            told = _write_copy(case, file, findings, found, changes, today, fix=file is fixed)
        if format is Format.TEXT:
            tell(told)
    if has_errors(findings):
        raise typer.Exit(FOUND)
    if format is Format.TEXT:
        print(tr("The case can be planned: {command}", command=f"matchopt plan {quoted(case)}"))


def _refuse_copy(file: Path, case: Path) -> None:
    """Refuse a name that a copy of a case cannot have."""
    if file.suffix.lower() != ".xlsx":
        raise RunError(tr("{file} is no name of a workbook: let it end in .xlsx", file=file))
    place, there = case.resolve(), file.resolve()
    if there == place or place in there.parents:
        raise RunError(
            tr("{file} belongs to the case, which stays as it is: choose another place", file=file)
        )


def _write_copy(
    case: Path,
    file: Path,
    findings: Sequence[Finding],
    found: Findings,
    changes: Sequence[str] | None,
    today: date | None,
    *,
    fix: bool,
) -> list[str]:
    """Write a copy of a case with its findings marked, or cured and marked; return what to say of it."""
    from matchopt.runs.atomic import write_file
    from matchopt.tables.copies import copy_of
    from matchopt.tables.findings import Findings, RefusedError
    from matchopt.tables.marked import cured, list_cures, mark_findings
    from matchopt.tables.read import check_case

    def check(copy: Path) -> Sequence[Finding]:
        return check_case(copy, changes or (), today=today, found=Findings(MOST_ROWS))[1]

    try:
        copied = copy_of(case, values=found.layouts if fix else None)
    except (RefusedError, OSError):
        return [tr("There is no copy: {file} cannot be read.", file=case)]
    told = [tr("not in the copy: {what}", what=what) for what in copied.lost]
    if not copied.book.worksheets:
        return [*told, tr("There is no copy: {file} cannot be read.", file=case)]
    if fix:
        done, findings = cured(copied, findings, file.name, check)
        list_cures(copied, done)
        told.append(trn("{n} cell cured", "{n} cells cured", len(done)))
    marked = mark_findings(copied, findings)
    write_file(file, copied.book.save)
    told.append(trn("{n} cell marked: {file}", "{n} cells marked: {file}", marked, file=file))
    return told


@command
def needs(
    case: CasePath,
    changes: Changes = None,
    today: Today = None,
    output: WorkbookOutput = None,
    top: Top = 15,
) -> None:
    """Analyse needs and supply: by item, community, group and month, where they part.

    What is asked for most, what is missing most, what nobody offers, what nobody asks for. It looks at the
    tables alone, before anything is planned; the report of a plan shows it, too.

    \b
      matchopt needs my-city
      matchopt needs my-city -o needs.xlsx --lang zh
    """  # noqa: D301
    from matchopt.model.analysis import analyse
    from matchopt.report import demand

    with progress() as step:
        found = analyse(read_case(case, changes, step, today))
        if output is not None:
            write_book(demand.workbook(found), output, step)
    tell(demand.in_words(found), (table.head(top) for table in demand.tables(found)))
    if output is not None:
        print(f"\n{output}")
