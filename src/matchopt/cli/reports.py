"""Commands that show a plan to people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matchopt.cli.door import RunPath, command, progress, read_plan
from matchopt.report import PUBLIC, REPORT, WORKBOOK


@command
def report(
    run: RunPath,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="File to write.  [default: RUN/report.html]"),
    ] = None,
    public: Annotated[
        bool,
        typer.Option(
            "--public",
            help="Leave out ids and donors, and counts below 5; writes RUN/report-public.html.",
        ),
    ] = False,
) -> None:
    """Write the report of a run: one page that opens offline, with figures, a map and all tables.

    Everybody can open it in a browser, print it, sort and filter its tables and save them as CSV. Where
    `matchopt track` was told what became of the plan, the report says so.

    \b
      matchopt report runs/my-city
      matchopt report runs/my-city --lang zh
      matchopt report runs/my-city --public -o for-the-website.html
    """  # noqa: D301
    from matchopt.report.page.page import html
    from matchopt.runs.beside import text_file, write_beside
    from matchopt.runs.deliveries import deliveries_of
    from matchopt.whatif.evaluation import evaluate

    with progress() as step:
        step("reading and checking the tables", 0, 0)
        made = read_plan(run)
        step("writing the report", 0, 0)
        told = None if public else deliveries_of(run, made)
        page = html(made, public=public, fact=None if told is None else evaluate(made, told))
        file = output if output is not None else run / (PUBLIC if public else REPORT)
        write_beside(file, text_file(page))
    print(file)


@command
def workbook(
    run: RunPath,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="File to write.  [default: RUN/plan.xlsx]"),
    ] = None,
) -> None:
    """Write the workbook of a run: lists to work from, for Excel.

    What leaves each hub on each day, what is fetched from each donor, what each community receives, to
    tick off and to sign; what is unmet, left over, bought.

    \b
      matchopt workbook runs/my-city
      matchopt workbook runs/my-city --lang zh -o 方案.xlsx
    """  # noqa: D301
    from matchopt.report.workbook import book_of
    from matchopt.report.xlsx import write_workbook
    from matchopt.runs.beside import write_beside

    with progress() as step:
        step("reading and checking the tables", 0, 0)
        made = read_plan(run)
        step("writing the workbook", 0, 0)
        book = book_of(made)
        file = output if output is not None else run / WORKBOOK
        write_beside(file, lambda path: write_workbook(book, path))
    print(file)
