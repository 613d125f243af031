"""A table of the plan, read cell by cell without trust: what cannot be read is reported, never raised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.verifier.keys import Bools, Floats, Ints, Texts
from matchopt.verifier.violation import Report


class Sheet:
    """One table of the plan.

    Attributes
    ----------
    name
        Name of the table, for messages.
    complete
        Whether it is a table with all its columns; if not, do not read it.
    size
        Number of rows.
    bad
        Rows with a cell that could not be read, as far as columns have been read.
    """

    def __init__(self, frame: object, name: str, columns: Sequence[str], report: Report) -> None:
        self.name = name
        self._report = report
        self._frame = frame if isinstance(frame, pd.DataFrame) else pd.DataFrame()
        self.complete = isinstance(frame, pd.DataFrame)
        if not self.complete:
            report.add("missing_table", name, "", tr("is not a table"))
        headers = list(self._frame.columns)
        for column in columns if self.complete else ():
            count = sum(1 for header in headers if isinstance(header, str) and header == column)
            if count != 1:
                self.complete = False
                problem = tr("is missing") if count == 0 else tr("stands there {count} times", count=count)
                report.add(
                    "missing_column",
                    name,
                    column,
                    tr("the column {column} {problem}", column=column, problem=problem),
                )
        self.size = len(self._frame)
        self.bad: Bools = np.zeros(self.size, dtype=bool)

    def has(self, column: object) -> bool:
        """Tell whether there is exactly one column of this name."""
        return sum(1 for header in self._frame.columns if header == column) == 1

    def raw(self, column: str) -> Texts:
        """Return the cells of a column as they are."""
        return self._frame[column].to_numpy(dtype=object)

    def text(self, column: str) -> Texts:
        """Return a column of text; cells that hold none become ``""``."""
        cells = self.raw(column)
        if is_text(cells):
            return cells
        wrong = np.fromiter((not isinstance(cell, str) for cell in cells), dtype=bool, count=self.size)
        self._refuse(column, wrong, cells, tr("is no text"))
        return np.where(wrong, "", cells).astype(object)

    def number(self, column: str) -> Floats:
        """Return a column of numbers; cells that hold none become NaN."""
        series = self._frame[column]
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
            numbers = series.to_numpy(dtype=np.float64)
        else:
            cells = self.raw(column)
            numbers = np.fromiter((_number(cell) for cell in cells), dtype=np.float64, count=self.size)
        wrong = ~np.isfinite(numbers)
        if wrong.any():
            self._refuse(column, wrong, self.raw(column), tr("is no number"))
            numbers = np.where(wrong, np.nan, numbers)
        return numbers

    def day(self, column: str) -> Ints:
        """Return a column of days as day numbers; empty cells become `facts.NO_DAY`."""
        series = self._frame[column]
        if isinstance(series.dtype, np.dtype) and series.dtype.kind == "M":
            stamps = series.to_numpy()
            days = stamps.astype("datetime64[D]")
            wrong = (days != stamps) & ~np.isnat(stamps)
        else:
            days = np.full(self.size, np.datetime64("NaT", "D"))
            wrong = ~series.isna().to_numpy(dtype=bool)
        self._refuse(column, wrong, None, tr("is no day"))
        return days.astype(np.int64)

    def _refuse(self, column: str, wrong: Bools, cells: Texts | None, problem: str) -> None:
        if not wrong.any():
            return
        shown = self.raw(column) if cells is None else cells
        self.bad |= wrong
        self._report.each(
            "bad_cell", self.name, wrong, row_name, lambda r: f"{column} «{shortened(shown[r])}» {problem}"
        )


def is_text(cells: Texts) -> bool:
    """Tell whether all cells are text."""
    return bool(pd.api.types.infer_dtype(cells, skipna=False) == "string")


def row_name(r: int) -> str:
    """Return what to call a row by its place in the file, the header being row 1."""
    return f"row {r + 2}"


def named(texts: Texts) -> Texts:
    """Return `texts` as names of rows; a row without text goes by its place."""
    names = texts.copy()
    for r in np.flatnonzero(texts == "").tolist():
        names[r] = row_name(r)
    return names


def _number(cell: Any) -> float:
    """Return the number that a cell of an untyped column holds; NaN if it holds none."""
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | np.integer | np.floating):
        return float("nan")
    try:
        return float(cell)
    except OverflowError:
        return float("nan")
