"""Commands that show plans to people: the report, the workbook, plan against fact, two plans side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matchopt.cli.door import command
from matchopt.cli.options import RunPath, Top, UseChanged, output_option
from matchopt.cli.steps import read_plan, write_book
from matchopt.cli.terminal import name_files, progress, tell
from matchopt.report import PUBLIC, REPORT, WORKBOOK


@command
def report(
    run: RunPath,
    output: Annotated[Path | None, output_option("FILE", "File to write.", "RUN/report.html")] = None,
    public: Annotated[
        bool,
        typer.Option(
            "--public",
            help="Leave out ids and donors, and counts below 5; writes RUN/report-public.html.",
        ),
    ] = False,
    force: UseChanged = False,
) -> None:
    """Write the report of a run: one page that opens offline, with figures, a map and all tables.

    Everybody can open it in a browser, print it, sort and filter its tables and save them as CSV. Where
    `matchopt track` was told what became of the plan, the report says so.

    \b
      matchopt report runs/my-city
      matchopt report runs/my-city --lang zh
      matchopt report runs/my-city --public -o for-the-website.html
    """  # noqa: D301
    from matchopt.report.plan import html
    from matchopt.runs.atomic import text_file, write_file
    from matchopt.runs.deliveries import deliveries_of
    from matchopt.whatif.evaluation import evaluate

    with progress() as step:
        made = read_plan(run, step, force=force)
        step("writing the report", 0, 0)
        told = None if public else deliveries_of(run, made)
        page = html(made, public=public, fact=None if told is None else evaluate(made, told))
        file = output if output is not None else run / (PUBLIC if public else REPORT)
        write_file(file, text_file(page))
    print(file)


@command
def workbook(
    run: RunPath,
    output: Annotated[Path | None, output_option("FILE", "File to write.", "RUN/plan.xlsx")] = None,
    force: UseChanged = False,
) -> None:
    """Write the workbook of a run: lists to work from, for Excel.

    What leaves each hub on each day, what is fetched from each donor, what each community receives, to
    tick off and to sign; what is unmet, left over, bought.

    \b
      matchopt workbook runs/my-city
      matchopt workbook runs/my-city --lang zh -o 方案.xlsx
    """  # noqa: D301
    from matchopt.report import plan

    file = output if output is not None else run / WORKBOOK
    with progress() as step:
        write_book(plan.workbook(read_plan(run, step, force=force)), file, step)
    print(file)


@command
def track(
    run: RunPath,
    done: Annotated[
        Path, typer.Option("--done", metavar="FILE", help="Table of what was delivered (CSV, XLSX, Parquet).")
    ],
    output: Annotated[Path | None, output_option("FOLDER", "Folder to write.", "RUN/track")] = None,
    top: Top = 10,
    force: UseChanged = False,
) -> None:
    """Hold a plan against what really happened: coverage reached, delays, what was not delivered and why.

    The table has a row a delivery: allocation_id (or donation_id and need_id), quantity (in units of the
    donation; 0 if nothing came), and, where known, day, satisfaction (1..5) and cause. Lines of the plan that
    it does not name count as not delivered. The words of a cause tell who is responsible: the donor,
    residents, transport or the organization; to say so, write for instance transport: and the cause. The
    folder holds a page, a workbook and the tables as CSV, for the next case: donors.csv has the measured
    reliability of each donor, acceptance.csv what share residents took. The report of the run tells of it,
    too, unless the folder is to stand elsewhere.

    \b
      matchopt track runs/my-city --done deliveries.csv
      matchopt track runs/my-city --done 配送记录.xlsx --lang zh
    """  # noqa: D301
    from matchopt.report import REPORT, evaluated
    from matchopt.report.plan import html
    from matchopt.runs.atomic import text_file, write_file
    from matchopt.runs.deliveries import read_deliveries
    from matchopt.runs.study import TRACK, write_track
    from matchopt.whatif.evaluation import evaluate

    with progress() as step:
        made = read_plan(run, step, force=force)
        found = evaluate(made, read_deliveries(done, made))
        step("writing the report", 0, 0)
        folder = output if output is not None else run / TRACK
        folder = write_track(folder, found.tables, evaluated.files(found))
        if output is None:
            write_file(run / REPORT, text_file(html(made, fact=found)))
    tables = (table for name, table in evaluated.tables(found).items() if name != "lines" and table.rows)
    tell(evaluated.in_words(found), (table.head(top) for table in tables))
    name_files(folder / "report.html")


@command
def compare(
    before: Annotated[Path, typer.Argument(metavar="RUN1", help="The earlier run folder.")],
    after: Annotated[Path, typer.Argument(metavar="RUN2", help="The later one.")],
    output: Annotated[
        Path | None, output_option("FILE", "Write all that changed as a workbook (.xlsx).")
    ] = None,
    top: Top = 10,
    force: UseChanged = False,
) -> None:
    """Tell what changed from one run to another: by need, donor, community and cost.

    The runs may be of one case under other settings, or of two states of a case: needs, donors and
    communities are the same where they have the same id or name.

    \b
      matchopt compare runs/my-city runs/my-city-2
      matchopt compare runs/last-week runs/this-week -o what-changed.xlsx
    """  # noqa: D301
    from matchopt.report import compared
    from matchopt.whatif.differences import differences

    with progress() as step:
        was, now = read_plan(before, step, force=force), read_plan(after, step, force=force)
        changed = differences(was, now)
        if output is not None:
            write_book(compared.workbook(was, now, changed), output, step)
    tell(compared.in_words(was, now, changed), compared.tables(was, now, changed, top))
    if output is not None:
        print(f"\n{output}")
