"""Evaluation ↔ the folder ``track`` of a run, written all or nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from matchopt.errors import RunError
from matchopt.runs.beside import Writer, csv_file
from matchopt.runs.swap import folder_in_place_of
from matchopt.language import tr

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "track"


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
    if os.path.lexists(path) and not (path / "lines.csv").is_file():
        raise RunError(tr("{path} exists and is no evaluation: choose another place for it", path=path))
    try:
        with folder_in_place_of(Path(os.path.realpath(path))) as folder:
            for name, write in beside.items():
                write(folder / name)
            for name, table in tables.items():
                csv_file(table)(folder / f"{name}.csv")
    except OSError as error:
        raise RunError(
            tr("the folder {path} cannot be written: {reason}", path=path, reason=error.strerror or error)
        ) from error
    return path
