"""The files that show a plan to people: its report and its workbook."""

from __future__ import annotations

from matchopt.io.beside import Writer, text_file
from matchopt.io.workbook import write_workbook
from matchopt.report import REPORT, WORKBOOK
from matchopt.report.page.page import html
from matchopt.report.workbook import book_of
from matchopt.solution import Plan


def shown(plan: Plan) -> dict[str, Writer]:
    """Return the files by name, and who writes each, in the language spoken."""
    page, book = html(plan), book_of(plan)
    return {REPORT: text_file(page), WORKBOOK: lambda path: write_workbook(book, path)}
