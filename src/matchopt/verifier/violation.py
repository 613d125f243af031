"""Violations: what is wrong with a plan, told without flooding anyone; its tables, read without trust."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.errors import shortened
from matchopt.language import mark, tr
from matchopt.verifier.facts import micro

MOST_LINES = 50
"""Violations of one code that are spelled out; the rest is counted."""

MOST = 2.0**100
"""Larger than any figure of any plan."""

RowNames = Texts | Sequence[str] | Callable[[int], str]
"""How rows are called."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a plan.

    Attributes
    ----------
    code
        Short stable name of the broken rule, for machines: ``cost``, ``timing``.
    table
        Table of the plan: allocations, needs, donations, prices or summary.
    row
        Id of the row, or the key in the summary; empty for the whole table.
    message
        What is wrong, with what it should be, in plain words.
    """

    code: str
    table: str
    row: str
    message: str

    def __str__(self) -> str:
        place = f"{self.table}, {self.row}" if self.row else self.table
        return f"{place}: {self.message} [{self.code}]"


class Violations:
    """Violations as they are found; at most `MOST_LINES` of a code are spelled out."""

    def __init__(self) -> None:
        self._found: dict[str, list[Violation]] = {}
        self._more: dict[str, int] = {}

    def add(self, code: str, table: str, row: object, message: str, **values: object) -> None:
        """Note one violation; `message` is a template for `tr`."""
        spelled = self._found.setdefault(code, [])
        if len(spelled) < MOST_LINES:
            spelled.append(Violation(code, table, shortened(row), " ".join(tr(message, **values).split())))
        else:
            self._more[code] = self._more.get(code, 0) + 1

    def extend(self, other: Violations) -> None:
        """Take over everything that somebody else noted."""
        for code, spelled in other._found.items():
            mine = self._found.setdefault(code, [])
            room = MOST_LINES - len(mine)
            mine.extend(spelled[:room])
            self._count(code, max(len(spelled) - room, 0) + other._more.get(code, 0))

    def at(self, table: str, names: RowNames) -> CheckedRows:
        """Return where to note what is wrong with rows of a table that are called `names`."""
        return CheckedRows(self, table, names)

    def _count(self, code: str, more: int) -> None:
        if more > 0:
            self._more[code] = self._more.get(code, 0) + more

    def __bool__(self) -> bool:
        return bool(self._found)

    def all(self) -> tuple[Violation, ...]:
        """Return everything noted, a code after the other."""
        told: list[Violation] = []
        for code, spelled in self._found.items():
            told.extend(spelled)
            if more := self._more.get(code, 0):
                words = tr("and {more} more of this kind", more=more)
                told.append(Violation(code, spelled[-1].table, "", words))
        return tuple(told)


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows of a table, of which some may be wrong."""

    found: Violations
    table: str
    names: RowNames

    def note(self, code: str, wrong: Bools, message: str, **values: object) -> None:
        """Note a violation for every row marked `wrong`.

        `message` is a template for `tr`; of its values, an array or a function gives that of each row.
        """
        where = np.flatnonzero(wrong)
        if not where.size:
            return
        room, say = MOST_LINES - len(self.found._found.get(code, ())), worded(message, **values)
        for r in where[:room].tolist():
            name = self.names(r) if callable(self.names) else self.names[r]
            self.found.add(code, self.table, name, "{said}", said=say(r))
        self.found._count(code, len(where) - room)


def worded(message: str, **values: object) -> Callable[[int], str]:
    """Return what words rows by a template for `tr`; an array or function has a value for each row."""

    def of_row(value: Any, r: int) -> object:
        return value(r) if callable(value) else value[r] if isinstance(value, np.ndarray) else value

    return lambda r: tr(message, **{key: of_row(value, r) for key, value in values.items()})


def written(values: Any, style: str = ".15g") -> Callable[[int], str]:
    """Return what words rows of numbers, in a style of Python's format."""
    return lambda r: f"{float(values[r]):{style}}"


class PlanTable:
    """One table of the plan: what cannot be read is reported, never raised.

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

    def __init__(self, frame: object, name: str, columns: Sequence[str], found: Violations) -> None:
        self.name, self.found = name, found
        self.complete = isinstance(frame, pd.DataFrame)
        self._frame = frame if isinstance(frame, pd.DataFrame) else pd.DataFrame()
        if not self.complete:
            found.add("missing_table", name, "", mark("is not a table"))
        headers = [header for header in self._frame.columns if isinstance(header, str)]
        for column in columns if self.complete else ():
            if (count := headers.count(column)) != 1:
                self.complete = False
                problem = tr("stands there {count} times", count=count) if count else tr("is missing")
                words = mark("the column {column} {problem}")
                found.add("missing_column", name, column, words, column=column, problem=problem)
        self.size = len(self._frame)
        self.bad: Bools = np.zeros(self.size, dtype=bool)

    def rows(self, names: RowNames) -> CheckedRows:
        """Return where to note what is wrong with rows that are called `names`."""
        return self.found.at(self.name, names)

    def has(self, column: object) -> bool:
        """Tell whether there is exactly one column of this name."""
        return sum(1 for header in self._frame.columns if header == column) == 1

    def raw(self, column: str) -> Texts:
        """Return the cells of a column as they are."""
        return self._frame[column].to_numpy(dtype=object) if self.size else np.empty(0, dtype=object)

    def text(self, column: str) -> Texts:
        """Return a column of text; cells that hold none become ``""``."""
        cells = self.raw(column)
        if is_text(cells) or not self.size:
            return cells
        wrong = np.fromiter((not isinstance(cell, str) for cell in cells), dtype=bool, count=self.size)
        self._refuse(column, wrong, tr("is no text"))
        return np.where(wrong, "", cells).astype(object)

    def number(self, column: str) -> Floats:
        """Return a column of numbers; cells that hold none become NaN."""
        if not self.size:
            return np.empty(0)
        series = self._frame[column]
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
            numbers = series.to_numpy(dtype=np.float64)
        else:
            numbers = np.fromiter(map(_number, self.raw(column)), dtype=np.float64, count=self.size)
        wrong = ~np.isfinite(numbers)
        self._refuse(column, wrong, tr("is no number"))
        return np.where(wrong, np.nan, numbers)

    def day(self, column: str) -> Ints:
        """Return a column of days as day numbers; empty cells become `facts.NO_DAY`."""
        if not self.size:
            return np.empty(0, dtype=np.int64)
        series = self._frame[column]
        if isinstance(series.dtype, np.dtype) and series.dtype.kind == "M":
            stamps = series.to_numpy()
            days = stamps.astype("datetime64[D]")
            wrong = (days != stamps) & ~np.isnat(stamps)
        else:
            days = np.full(self.size, np.datetime64("NaT", "D"))
            wrong = ~series.isna().to_numpy(dtype=bool)
        self._refuse(column, wrong, tr("is no day"))
        return days.astype(np.int64)

    def _refuse(self, column: str, wrong: Bools, problem: str) -> None:
        if wrong.any():
            self.bad |= wrong
            cells = self.raw(column)
            rows, cell = self.rows(row_name), lambda r: f"{column} «{shortened(cells[r])}» {problem}"
            rows.note("bad_cell", wrong, "{cell}", cell=cell)


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


class ExpectedValue(NamedTuple):
    """What a number has to be, and by how much it may differ for its rounding."""

    right: Fraction
    slack: Fraction = Fraction(0)

    @classmethod
    def quantity(cls, units: Fraction) -> ExpectedValue:
        """Return a quantity, shown with six decimals where it needs more."""
        return cls(units, micro(units))

    def admits(self, stated: object) -> bool:
        """Tell whether `stated` is this number, as well as a float can hold it."""
        number = number_of(stated)
        if number is None:
            return False
        last = max(abs(self.right), abs(number)) / 2**50 if isinstance(stated, float | np.floating) else 0
        return abs(number - self.right) <= self.slack + last

    def __str__(self) -> str:
        return f"{float(self.right):.15g}"


def number_of(stated: object) -> Fraction | None:
    """Return the exact value of a number; None for anything else, infinite or absurdly large numbers too."""
    if isinstance(stated, bool | np.bool_) or not isinstance(stated, int | float | np.integer | np.floating):
        return None
    if not -MOST <= stated <= MOST:
        return None
    return Fraction(int(stated) if isinstance(stated, int | np.integer) else float(stated))
