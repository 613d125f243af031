"""The command that holds a plan against what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matchopt.cli.door import RunPath, command, progress, read_plan, show
from matchopt.language import tr


@command
def track(
    run: RunPath,
    done: Annotated[
        Path, typer.Option("--done", metavar="FILE", help="Table of what was delivered (CSV, XLSX, Parquet).")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Folder to write.  [default: RUN/track]"),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many rows of each table to print.")] = 10,
) -> None:
    """Hold a plan against what really happened: coverage reached, delays, losses by cause, donors' word.

    The table has a row a delivery: allocation_id (or donation_id and need_id), quantity (in units of the
    donation; 0 if nothing came), and, where known, day, satisfaction (1..5) and cause. Lines of the plan that
    it does not name count as not delivered. The folder holds a page, a workbook and the tables as CSV;
    donors.csv has the measured reliability of each donor, for the column reliability of the next case. The
    report of the run tells of it, too, unless the folder is to stand elsewhere.

    \b
      matchopt track runs/my-city --done deliveries.csv
      matchopt track runs/my-city --done 配送记录.xlsx --lang zh
    """  # noqa: D301
    from matchopt.report import REPORT, evaluated
    from matchopt.report.page.fact import fact_files
    from matchopt.report.page.page import html
    from matchopt.report.workbook import as_section
    from matchopt.runs.beside import text_file, write_beside
    from matchopt.runs.deliveries import read_deliveries
    from matchopt.runs.track import FOLDER, write_track
    from matchopt.whatif.evaluation import evaluate

    with progress() as step:
        step("reading and checking the tables", 0, 0)
        made = read_plan(run)
        found = evaluate(made, read_deliveries(done, made))
        step("writing the report", 0, 0)
        folder = write_track(output if output is not None else run / FOLDER, found.tables, fact_files(found))
        if output is None:
            write_beside(run / REPORT, text_file(html(made, fact=found)))
    for sentence in evaluated.in_words(found):
        print(sentence)
    for sheet in list(evaluated.sheets(found))[:-1]:
        if sheet.rows:
            print()
            show(as_section(sheet, top))
    print("\n" + tr("To read, print and pass on: {files}", files=str(folder / "report.html")))
