"""Evaluation ↔ the folder ``track`` of a run, written all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

from matchopt.errors import RunError
from matchopt.io.beside import csv_file
from matchopt.io.deliveries import read_deliveries
from matchopt.io.swap import folder_in_place_of
from matchopt.io.workbook import write_workbook
from matchopt.language import tr
from matchopt.report.evaluated import workbook
from matchopt.report.evaluation import Evaluation, evaluate
from matchopt.report.page.fact import fact_html
from matchopt.solution import Plan

FOLDER = "track"
TABLES = ("lines", "communities", "tiers", "donors", "causes", "deliveries")


def write_track(path: Path, found: Evaluation) -> Path:
    """Write an evaluation at `path` and return it; an earlier one there is replaced.

    Raises
    ------
    RunError
        If something else stands there, or the file system refuses.
    """
    if os.path.lexists(path) and not (path / "lines.csv").is_file():
        raise RunError(tr("{path} exists and is no evaluation: choose another place for it", path=path))
    try:
        with folder_in_place_of(Path(os.path.realpath(path))) as folder:
            (folder / "report.html").write_bytes(fact_html(found).encode("utf-8"))
            write_workbook(workbook(found), folder / "track.xlsx")
            for name in TABLES:
                csv_file(getattr(found, name))(folder / f"{name}.csv")
    except OSError as error:
        raise RunError(
            tr("the folder {path} cannot be written: {reason}", path=path, reason=error.strerror or error)
        ) from error
    return path


def read_track(run: Path, plan: Plan) -> Evaluation | None:
    """Return what became of the plan of a run folder, None if nothing was told of it.

    Raises
    ------
    CaseError
        If the deliveries that the run keeps are none of the plan's.
    """
    told = run / FOLDER / "deliveries.csv"
    return evaluate(plan, read_deliveries(told, plan)) if told.is_file() else None
