"""Tables whose own cells are checked, and what a check over several of them is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Floats, Texts
from matchopt.contract.fields import Table
from matchopt.contract.frames import frame_of
from matchopt.contract.horizon import PlannedDays, planned_days
from matchopt.contract.settings import Settings
from matchopt.errors import Severity
from matchopt.tables.findings import Findings, Saying

Coding = tuple[npt.NDArray[np.integer[Any]], npt.NDArray[Any]]
"""The code of each row, and the distinct cells that the codes number."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A table whose own cells are checked.

    Attributes
    ----------
    table
        Which table it is.
    columns
        Canonical name → typed cells, as `Case` describes them.
    extras
        Columns that the schema does not know.
    headers
        Canonical name → header as the user wrote it.
    rows
        Row in the file of each row.
    wrong
        Canonical name → rows whose cell has a finding already; the frame shows them as not given.
    whole
        Whether every row and required column could be read.
    codes
        Canonical name → a column of texts as codes, for those that are known.
    told
        Canonical name → the unit that is told for each row in its cell or in the header, ``""`` for none;
        only columns that are counted in the unit of the item, where some is told.
    by_order
        Canonical name → rows whose day is month-first or day-first as other cells of the column show.
    blank
        Canonical name → rows that hold the default, of columns whose default is not the same for all.
    """

    table: Table
    columns: Mapping[str, npt.NDArray[Any]]
    extras: pd.DataFrame
    headers: Mapping[str, str]
    rows: npt.NDArray[np.int64]
    wrong: Mapping[str, Bools]
    whole: bool
    codes: Mapping[str, Coding]
    told: Mapping[str, Texts] = field(default_factory=lambda: MappingProxyType({}))
    blank: Mapping[str, Bools] = field(default_factory=lambda: MappingProxyType({}))
    by_order: Mapping[str, Bools] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    def header(self, column: str) -> str:
        """Header of `column` as the user wrote it."""
        return self.headers.get(column) or self.table.called_column(column)

    def row(self, at: int) -> int:
        """Row in the file of the row at position `at`."""
        return int(self.rows[at])

    @property
    def frame(self) -> pd.DataFrame:
        """The columns as a DataFrame."""
        return frame_of(self.columns)

    def array(self, column: str) -> npt.NDArray[Any]:
        """Cells of `column`."""
        return self.columns[column]

    def coded(self, column: str) -> Coding:
        """Return the code of each cell of `column`, and the distinct cells."""
        if column in self.codes:
            return self.codes[column]
        return pd.factorize(self.array(column))

    def by(self, key: str, column: str) -> dict[Any, Any]:
        """Return the cells of `column` by those of `key`."""
        return dict(zip(self.array(key).tolist(), self.array(column).tolist(), strict=True))

    def among(self, column: str, known: Collection[str]) -> Bools:
        """Return which cells of a text column are in `known`."""
        codes, distinct = self.coded(column)
        return np.fromiter((text in known for text in distinct), bool, len(distinct))[codes]

    def lookup(self, column: str, known: Mapping[str, float], default: float) -> Floats:
        """Return what `known` says of each cell of a text column."""
        codes, distinct = self.coded(column)
        return np.fromiter((known.get(v, default) for v in distinct), np.float64, len(distinct))[codes]

    def given(self, column: str) -> Bools:
        """Return which cells of `column` hold something."""
        if column in self.codes:
            codes, distinct = self.codes[column]
            return np.asarray((distinct != "")[codes])
        return np.asarray(~is_empty(self.array(column)))

    def sound(self, *columns: str) -> Bools:
        """Return the rows whose cells in `columns` have no finding yet."""
        sound = np.ones(len(self.rows), dtype=bool)
        for column in columns:
            sound &= ~self.wrong[column]
        return sound

    def kept(self, keep: Bools) -> Checked:
        """Return the table with the rows `keep` only."""
        return replace(
            self,
            columns={name: values[keep] for name, values in self.columns.items()},
            extras=self.extras[keep].reset_index(drop=True),
            rows=self.rows[keep],
            wrong={name: mask[keep] for name, mask in self.wrong.items()},
            codes={name: (codes[keep], distinct) for name, (codes, distinct) in self.codes.items()},
            told={name: units[keep] for name, units in self.told.items()},
            blank={name: mask[keep] for name, mask in self.blank.items()},
            by_order={name: mask[keep] for name, mask in self.by_order.items()},
        )


def is_empty(values: npt.NDArray[Any]) -> Bools:
    """Return which cells hold nothing."""
    if values.dtype.kind == "M":
        return np.asarray(np.isnat(values))
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype == object:
        return np.asarray(values == "", dtype=bool)
    return np.zeros(len(values), dtype=bool)


@dataclass(frozen=True, slots=True)
class CheckedTables:
    """The checked tables of a case side by side, for the checks that look at more than one.

    Attributes
    ----------
    checked
        The tables that were given and have rows, by name.
    unread
        Tables that are there but could not be read.
    found
        Where findings go.
    settings
        None if they could not be read.
    today
        What today is.
    """

    checked: Mapping[str, Checked]
    unread: frozenset[str]
    found: Findings
    settings: Settings | None
    today: date

    def get(self, name: str) -> Checked | None:
        """Return the table `name`, or None."""
        return self.checked.get(name)

    def complete(self, *names: str) -> bool:
        """Whether what is not in the tables `names` is really not given."""
        tables = (self.checked.get(name) for name in names)
        return self.unread.isdisjoint(names) and all(table is None or table.whole for table in tables)

    def names(self, *columns: str) -> set[str]:
        """Return the distinct values of text columns such as ``needs.item``; none of tables not given."""
        found: set[str] = set()
        for table, column in (name.split(".") for name in columns):
            if table in self.checked:
                found.update(self.checked[table].coded(column)[1])
        return found - {""}

    def error(self, code: str, table: Checked, column: str, where: Bools, say: Saying) -> None:
        """Report the rows `where`."""
        self.found.rows(Severity.ERROR, code, table, column, np.flatnonzero(where), say)

    def warning(self, code: str, table: Checked, column: str, where: Bools, say: Saying) -> None:
        """Warn of the rows `where`."""
        self.found.rows(Severity.WARNING, code, table, column, np.flatnonzero(where), say)

    def warn_once(
        self, code: str, table: Checked, column: str, where: Bools, problem: str, cure: str
    ) -> None:
        """Warn of the rows `where` together, at the first of them."""
        said = (table.array(column), problem, cure)
        self.found.rows(Severity.WARNING, code, table, column, np.flatnonzero(where)[:1], said)

    def planned_days(self, settings: Settings) -> PlannedDays | None:
        """Return from where to where the horizon runs, None in an undated case."""

        def cells(name: str, column: str) -> npt.NDArray[Any]:
            return self.checked[name].array(column) if name in self.checked else np.empty(0, "datetime64[s]")

        return planned_days(cells, settings.horizon, self.today)


@dataclass(frozen=True, slots=True)
class Check:
    """A check over the tables of a case, by name.

    Attributes
    ----------
    name
        What it is called.
    about
        What it reports, and why.
    given
        It runs where all of these tables are given, and is handed them.
    complete
        It runs where none of these tables, given or not, has rows that could not be read.
    settings
        Whether it needs the settings, and is handed them last.
    run
        Reports what it finds.
    """

    name: str
    about: str
    given: tuple[str, ...]
    complete: tuple[str, ...]
    settings: bool
    run: Callable[..., None]

    def __call__(self, tables: CheckedTables) -> None:
        """Run the check where it can be run."""
        if not tables.complete(*self.complete) or (self.settings and tables.settings is None):
            return
        given = [tables.checked[name] for name in self.given if name in tables.checked]
        if len(given) == len(self.given):
            self.run(tables, *given, *([tables.settings] if self.settings else []))


def check(
    *given: str, complete: tuple[str, ...] = (), settings: bool = False
) -> Callable[[Callable[..., None]], Check]:
    """Make a `Check` of a function: its name, and its docstring, which says what it reports."""

    def named(run: Callable[..., None]) -> Check:
        return Check(run.__name__, run.__doc__ or "", given, complete, settings, run)

    return named
