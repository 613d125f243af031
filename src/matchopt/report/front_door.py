"""Plans and cases as Python shows and writes them: in a notebook, as a page, as a workbook."""

from __future__ import annotations

from html import escape
from os import PathLike
from pathlib import Path

from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.report.plan import html
from matchopt.report.plan import workbook as lists_of
from matchopt.report.summary import headline, proof, tables
from matchopt.report.table import ReportTable
from matchopt.report.terminal import header, lines
from matchopt.report.workbook import write_workbook
from matchopt.runs.atomic import text_file, write_file


def report(plan: Plan, path: str | PathLike[str], *, public: bool = False) -> Path:
    """Write the report of a plan, as ``matchopt report`` does, and return its path.

    Parameters
    ----------
    plan
        A plan.
    path
        File to write, ``.html``.
    public
        Leave out ids and donors, and counts below 5.

    Raises
    ------
    RunError
        If the file system refuses.
    """
    return write_file(Path(path), text_file(html(plan, public=public)))


def workbook(plan: Plan, path: str | PathLike[str]) -> Path:
    """Write the lists of a plan to work from, as ``matchopt workbook`` does, and return the path.

    Parameters
    ----------
    plan
        A plan.
    path
        File to write, ``.xlsx``.

    Raises
    ------
    RunError
        If the file system refuses.
    """
    book = lists_of(plan)
    return write_file(Path(path), lambda place: write_workbook(book, place))


def as_html(shown: Plan | Case) -> str:
    """Return what a notebook shows of a plan (what it comes to) or a case (its tables)."""
    if isinstance(shown, Case):
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{len(table):,}</td></tr>" for name, table in shown.tables.items()
        )
        return f"<p>{escape(repr(shown))}</p><table>{rows}</table>"
    said = [headline(shown.summary), proof(shown.summary)]
    return "".join(
        [*(f"<p>{escape(one)}</p>" for one in said), *(_table(one) for one in tables(shown.summary))]
    )


def _table(table: ReportTable) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header(table))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in lines(table)
    )
    return f"<table><caption>{escape(table.title)}</caption><tr>{head}</tr>{body}</table>"
