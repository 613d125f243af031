"""A file beside a plan, such as its report: written under a hidden name first, then put in place."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from matchopt.errors import RunError
from matchopt.language import tr

if TYPE_CHECKING:
    import pandas as pd

Writer = Callable[[Path], None]
"""Writes a file at a path."""


def text_file(text: str) -> Writer:
    """Return what writes a text in UTF-8."""
    return lambda path: _put(path, text.encode("utf-8"))


def csv_file(frame: pd.DataFrame) -> Writer:
    """Return what writes a table as CSV; no spreadsheet takes a text in it for a formula."""
    from matchopt.runs.write import table_bytes

    return lambda path: _put(path, table_bytes(frame, (), safe=True))


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def write_beside(path: Path, write: Writer) -> Path:
    """Write a file, all or nothing, and return its path.

    Raises
    ------
    RunError
        If the file system refuses; what stood there then stands there still.
    """
    hidden = path.with_name(f".{path.name}-{secrets.token_hex(6)}{path.suffix}")
    try:
        try:
            hidden.touch()  # where that fails, no writer has begun
            write(hidden)
            hidden.replace(path)
        finally:
            hidden.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            tr("the file {path} cannot be written: {reason}", path=path, reason=error.strerror or error)
        ) from error
    return path
