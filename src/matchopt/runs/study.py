"""Folders of what was found out: a study, or an evaluation of a plan that was carried out; all or nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matchopt.language import mark
from matchopt.runs.atomic import Writer, folder_in_place_of, refusals, text_file
from matchopt.runs.render import csv_file
from matchopt.runs.write import case_name, free_place, json_bytes, refuse_place

if TYPE_CHECKING:
    import pandas as pd

MARK = "study.json"
PAGE = "report.html"
TRACK = "track"
"""The folder of an evaluation in a run folder."""


def default_study(case: Path, kind: str, *, force: bool) -> Path:
    """Return studies/NAME OF CASE-KIND, or with a number after it if that is taken and must stay."""
    return free_place(Path("studies") / f"{case_name(case)}-{kind}", force=force)


def refuse_study(path: Path, *, force: bool) -> None:
    """Raise RunError if no study may be written at `path`; with `force` an older one is replaced."""
    refuse_place(
        path,
        MARK,
        force=force,
        other=mark("{path} exists and is no study: choose another place for it"),
        taken=mark("the study {path} exists: choose another place with -o, or replace it with --force"),
    )


def write_study(
    path: Path, page: str, tables: Mapping[str, pd.DataFrame], said: Mapping[str, Any], *, force: bool
) -> Path:
    """Write a study at `path` and return it.

    Parameters
    ----------
    path
        Folder to make, with its parents.
    page
        Its page.
    tables
        Its tables by file name.
    said
        What it is, for programs.
    force
        Replace an older study there.

    Raises
    ------
    RunError
        If `path` is taken, or the file system refuses; nothing is left behind then.
    """
    refuse_study(path, force=force)
    files = {name: csv_file(table) for name, table in tables.items()}
    text = json_bytes(dict(said)).decode("utf-8")
    return _write_folder(path, {PAGE: text_file(page), **files, MARK: text_file(text)})


def write_track(path: Path, tables: Mapping[str, pd.DataFrame], beside: Mapping[str, Writer]) -> Path:
    """Write an evaluation at `path` and return it; an earlier one there is replaced.

    Parameters
    ----------
    path
        Folder to make.
    tables
        Those of the evaluation by name.
    beside
        Further files by name, and who writes each.

    Raises
    ------
    RunError
        If something else stands there, or the file system refuses.
    """
    other = mark("{path} exists and is no evaluation: choose another place for it")
    refuse_place(path, "lines.csv", force=True, other=other)
    return _write_folder(
        path, {**beside, **{f"{name}.csv": csv_file(table) for name, table in tables.items()}}
    )


def _write_folder(path: Path, files: Mapping[str, Writer]) -> Path:
    with (
        refusals(mark("the folder {path} cannot be written: {reason}"), path),
        folder_in_place_of(Path(os.path.realpath(path))) as folder,
    ):
        for name, write in files.items():
            write(folder / name)
    return path
