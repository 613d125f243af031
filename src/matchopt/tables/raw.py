"""RawTable: a table as it came, before any cell is understood.

Files, sheets and DataFrames all become this, so that one check serves them all.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools
from matchopt.contract.fields import Table
from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.tables.cells import EPOCH, MOST_DIGITS, STRIP, Coded, Flaw, coded
from matchopt.tables.column_names import NOTHING_SAID, ColumnNames, Words
from matchopt.tables.findings import REMARK, Layout, RefusedError, visible

Cells = Coded | npt.NDArray[Any]
"""Texts, or float64, int64, bool or datetime64[s] where the source knows better."""

MOST_EXACT = 10.0**MOST_DIGITS
"""From here on a number has more digits than a spreadsheet keeps."""

MOST_COLUMNS = 2_000
"""Columns with a header that a table may have."""

FIRST_ROW = 2
"""Row of the first record where the headers stand in row 1."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell with a formula whose value the file does not hold."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Merged:
    """Merged cells: what is written in the first counts for all of them.

    Attributes
    ----------
    name
        What spreadsheets call them, such as ``E2:E3``.
    row
        Row of the first that lies below the header.
    columns
        Positions of their columns.
    """

    name: str
    row: int
    columns: range


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table under the user's own headers.

    Attributes
    ----------
    table
        Which table of the contract it is.
    source, sheet
        File and sheet it was read from, empty for a DataFrame.
    left
        Columns of the sheet that stand before the first.
    headers, columns
        Headers as written, and the cells below each; headers may repeat.
    rows
        Row in the file of each record, the header usually being row 1.
    head
        Row of the header.
    remarks
        How many remark rows were skipped.
    whole
        False where some rows could not be read: other tables may then refer to them.
    epoch
        Day 0 of the workbook that it was read from.
    above
        Rows above the header that hold something else, and what stands first in each.
    merged
        Merged cells of several rows or columns below the header.
    hidden
        Hidden rows below the header.
    left_out
        Rows below the header that are no data, and what stands first in each.
    said
        What was decided about the columns of the list.
    places
        Column of the contract → position of its header, once they are matched.
    known
        Positions of headers that are known and not read, or asked for.
    told_units
        Position of a header → the unit that it tells, such as 件 in «数量（件）».
    """

    table: Table
    source: str
    headers: tuple[str, ...]
    columns: tuple[Cells, ...]
    rows: npt.NDArray[np.int64]
    head: int = 1
    remarks: int = 0
    whole: bool = True
    epoch: date = EPOCH
    above: tuple[tuple[int, str], ...] = ()
    merged: tuple[Merged, ...] = ()
    hidden: tuple[int, ...] = ()
    left_out: tuple[tuple[int, str], ...] = ()
    said: ColumnNames = NOTHING_SAID
    places: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    known: frozenset[int] = frozenset()
    told_units: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    sheet: str = ""
    left: int = 0

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    def header(self, column: str) -> str:
        """Header of `column` as the user wrote it."""
        if column in self.places:
            return self.headers[self.places[column]]
        return self.table.called_column(column)

    def unit(self, column: str) -> str | None:
        """Unit that the header of `column` tells, such as 件 in «数量（件）»."""
        return self.told_units.get(self.places.get(column, -1))

    def words(self, column: str) -> Words:
        """What ``columns.toml`` says that words in the cells of `column` mean."""
        return self.said.words(self.name, self.header(column), column)

    def row(self, at: int) -> int:
        """Row in the file of the row at position `at`."""
        return int(self.rows[at])

    @property
    def layout(self) -> Layout:
        """Where it stands."""
        named = enumerate(self.headers, start=self.left)
        places = {visible(header): letters(k) for k, header in reversed([*named])}
        return Layout(self.source, self.sheet, self.head, dict(reversed(places.items())))


def letters(column: int) -> str:
    """Return what spreadsheets call the column at a position from 0: A is the first."""
    name = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def refuse_many(headers: Sequence[str]) -> None:
    """Refuse a table of more than `MOST_COLUMNS` columns."""
    count = sum(map(bool, headers))
    if count > MOST_COLUMNS:
        told = {"count": f"{count:,}", "most": f"{MOST_COLUMNS:,}"}
        problem = tr("has {count} columns, and at most {most} are read", **told)
        raise RefusedError("too_many_columns", problem, tr("leave out the columns that are not needed"))


def without_remarks(raw: RawTable) -> RawTable:
    """Return `raw` without remark rows and without rows of which every cell is empty."""
    if not raw.columns or not len(raw.rows):
        return raw
    first = raw.columns[0]
    remark = np.zeros(len(raw.rows), dtype=bool)
    if isinstance(first, Coded):
        at = [k for k in np.flatnonzero(first.odd) if first.texts[k].strip(STRIP).startswith(REMARK)]
        remark = np.isin(first.code, at) if at else remark
    blank = np.ones(len(raw.rows), dtype=bool)
    for column in raw.columns:
        blank = blank & is_blank(column) if blank.any() else blank
    keep = ~(remark | blank)
    if keep.all():
        return raw
    columns = (column.kept(keep) if isinstance(column, Coded) else column[keep] for column in raw.columns)
    remarks = raw.remarks + int(remark.sum())
    return replace(raw, columns=tuple(columns), rows=raw.rows[keep], remarks=remarks)


def is_blank(column: Cells) -> Bools:
    """Return which cells hold nothing."""
    if isinstance(column, Coded):
        blank = np.zeros(len(column.texts), dtype=bool)
        at = np.flatnonzero(column.odd | (column.texts == "")).tolist()
        blank[at] = [not text.strip(STRIP) for text in column.texts[at]]
        return blank[column.code] if blank.any() else np.zeros(len(column), dtype=bool)
    if column.dtype.kind == "f":
        return np.asarray(np.isnan(column))
    if column.dtype.kind == "M":
        return np.asarray(np.isnat(column))
    return np.zeros(len(column), dtype=bool)


def as_frame(table: Any) -> pd.DataFrame:
    """Return a table of whatever kind as a DataFrame.

    Taken are DataFrames of pandas and of polars, tables of pyarrow, relations of duckdb, a dictionary of
    lists, and a list of dictionaries.

    Raises
    ------
    RefusedError
        If it is none of these.
    """
    if isinstance(table, pd.DataFrame):
        return table
    kind = type(table).__name__
    try:
        if isinstance(table, (Mapping, list)):
            return pd.DataFrame(table)
        if hasattr(table, "to_pandas"):
            try:
                return as_frame(table.to_pandas())
            except ImportError:  # polars needs pyarrow for that
                return as_frame(table.to_dict(as_series=False))
        if hasattr(table, "df"):
            return as_frame(table.df())
    except (TypeError, ValueError) as error:
        problem = tr("is a {name}, no DataFrame", name=kind) + f" ({shortened(error)})"
        raise RefusedError("not_a_table", problem, tr("give a DataFrame")) from None
    raise RefusedError("not_a_table", tr("is a {name}, no DataFrame", name=kind), tr("give a DataFrame"))


def from_frame(table: Table, frame: pd.DataFrame, source: str = "") -> RawTable:
    """Return a DataFrame as a RawTable; its rows count from 2, a named index is a column."""
    if any(name is not None and name not in frame.columns for name in frame.index.names):
        frame = frame.reset_index([name for name in frame.index.names if name is not None])
    headers = tuple("" if _is_nothing(name) else _lines(cell_text(name)) for name in frame.columns)
    refuse_many(headers)
    columns = tuple(column_of(cells) for _, cells in frame.items())
    rows = np.arange(len(frame), dtype=np.int64) + FIRST_ROW
    return without_remarks(RawTable(table, source, headers, columns, rows))


def column_of(series: pd.Series[Any]) -> Cells:
    """Return the cells of `series`: numbers, days and flags as they are, the rest as text."""
    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "biufM":
        return _typed(series.to_numpy())
    if isinstance(kind, pd.DatetimeTZDtype):
        return _typed(series.dt.tz_localize(None).to_numpy())
    if pd.api.types.is_numeric_dtype(kind) and not isinstance(kind, np.dtype):
        if pd.api.types.is_bool_dtype(kind):
            return texts(series.astype(object).to_list())
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return texts((series if kind == "object" else series.astype(object)).to_list())


def _typed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.dtype.kind in "iu":
        return values.astype(np.int64) if values.dtype != np.uint64 else values.astype(np.float64)
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    return values


def texts(cells: Sequence[object]) -> Coded:
    """Return cells of any type as texts, ``""`` where nothing is given; lines end in LF."""
    shown = [cell if type(cell) is str else cell_text(cell) for cell in cells]
    if "\r" in "".join(shown):
        shown = [_lines(text) for text in shown]
    flaws = {at: flaw for at, cell in enumerate(cells) if type(cell) is not str and (flaw := _flaw(cell))}
    if not flaws:
        return coded(shown)
    for at in flaws:
        shown[at] = f"\0{shown[at]}"  # another one than the same text that was written so
    column = coded(shown)
    of_texts = {int(column.code[at]): flaw for at, flaw in flaws.items()}
    column.texts[list(of_texts)] = [text[1:] for text in column.texts[list(of_texts)]]
    return replace(column, flaws=of_texts)


def _lines(text: str) -> str:
    """Return `text` with line ends as files are read with."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _flaw(cell: object) -> Flaw | None:
    if isinstance(cell, Formula):
        return Flaw.FORMULA
    long = isinstance(cell, float) and MOST_EXACT <= abs(cell) < math.inf
    return Flaw.LONG_NUMBER if long else None


def cell_text(cell: object) -> str:
    """Return one cell as the text that a user would have typed for it."""
    if isinstance(cell, str):
        return str(cell)
    if _is_nothing(cell):
        return ""
    if isinstance(cell, (bool, np.bool_)):
        return "true" if cell else "false"
    if isinstance(cell, (int, np.integer)):
        return _digits(int(cell))
    if isinstance(cell, (float, np.floating)):
        number = float(cell)
        return str(int(number)) if number.is_integer() and abs(number) < 1e16 else repr(number)
    if isinstance(cell, Decimal):
        return str(cell)
    if isinstance(cell, (datetime, np.datetime64)):
        return _moment(pd.Timestamp(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _digits(number: int) -> str:
    """Return `number` as text; Python refuses to write thousands of digits."""
    return str(number) if abs(number) < 10**400 else f"{'-' if number < 0 else ''}1e400"


def _moment(moment: pd.Timestamp) -> str:
    midnight = moment == moment.normalize()
    return moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S.%f")


def _is_nothing(cell: object) -> bool:
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return True
    if isinstance(cell, (float, np.floating)):
        return bool(np.isnan(cell))
    if isinstance(cell, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(cell))
    return isinstance(cell, Decimal) and cell.is_nan()


def as_texts(column: Cells) -> Coded:
    """Return a column of numbers, days or flags as texts."""
    if isinstance(column, Coded):
        return column
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    written = texts(distinct.tolist() if distinct.dtype.kind != "M" else list(distinct))
    return replace(written, code=written.code[codes])
