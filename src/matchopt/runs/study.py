"""Study → folder: its page, its tables as CSV, and what it is as JSON; all or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matchopt.errors import RunError
from matchopt.runs.beside import csv_file
from matchopt.runs.write import case_name, free_place
from matchopt.runs.swap import folder_in_place_of
from matchopt.language import tr

if TYPE_CHECKING:
    import pandas as pd

MARK = "study.json"
PAGE = "report.html"


def default_study(case: Path, kind: str, *, force: bool) -> Path:
    """Return studies/NAME OF CASE-KIND, or with a number after it if that is taken and must stay."""
    return free_place(Path("studies") / f"{case_name(case)}-{kind}", force=force)


def refuse_study(path: Path, *, force: bool) -> None:
    """Raise RunError if no study may be written at `path`; with `force` an older one is replaced."""
    if not os.path.lexists(path):
        return
    if not (path / MARK).is_file():
        raise RunError(tr("{path} exists and is no study: choose another place for it", path=path))
    if not force:
        raise RunError(
            tr("the study {path} exists: choose another place with -o, or replace it with --force", path=path)
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
    try:
        with folder_in_place_of(Path(os.path.realpath(path))) as folder:
            (folder / PAGE).write_bytes(page.encode("utf-8"))
            for name, table in tables.items():
                csv_file(table)(folder / name)
            text = json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False)
            (folder / MARK).write_bytes(f"{text}\n".encode())
    except OSError as error:
        raise RunError(
            tr("the folder {path} cannot be written: {reason}", path=path, reason=error.strerror or error)
        ) from error
    return path
