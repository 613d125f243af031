"""The checked tables of a case side by side, for the rules that look at more than one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matchopt.contract.fields import Kind
from matchopt.errors import Severity
from matchopt.tables.findings import Findings, Said
from matchopt.tables.typed import Checked, Mask


@dataclass(frozen=True, slots=True)
class Tables:
    """Checked tables by name.

    Attributes
    ----------
    checked
        The tables that were given and have rows.
    unread
        Tables that are there but could not be read.
    found
        Where findings go.
    """

    checked: Mapping[str, Checked]
    unread: frozenset[str]
    found: Findings

    def get(self, name: str) -> Checked | None:
        """Return the table `name`, or None."""
        return self.checked.get(name)

    def complete(self, *names: str) -> bool:
        """Whether what is not in the tables `names` is really not given."""
        tables = (self.checked.get(name) for name in names)
        return self.unread.isdisjoint(names) and all(table is None or table.whole for table in tables)

    def names(self, table: str, column: str) -> set[str]:
        """Return the distinct values of a text column; empty if there is no such table."""
        checked = self.checked.get(table)
        if checked is None:
            return set()
        return set(checked.coded(column)[1]) - {""}

    def error(self, code: str, table: Checked, column: str, where: Mask, say: Callable[[int], Said]) -> None:
        """Report the rows `where`."""
        at = np.flatnonzero(where)
        self.found.rows(Severity.ERROR, code, table, column, at, say)

    def warning(
        self, code: str, table: Checked, column: str, where: Mask, say: Callable[[int], Said]
    ) -> None:
        """Warn of the rows `where`."""
        at = np.flatnonzero(where)
        self.found.rows(Severity.WARNING, code, table, column, at, say)

    def days(self) -> npt.NDArray[np.datetime64]:
        """Return the earliest and latest day that set the horizon; empty if undated.

        ``created_on`` and the days of commitments do not.
        """
        ends: list[Any] = []
        for name, checked in self.checked.items():
            for column in checked.table.columns if name != "commitments" else ():
                days = checked.array(column.name) if column.kind is Kind.DAY else np.empty(0)
                days = days[~np.isnat(days)] if len(days) else days
                if column.name != "created_on" and len(days):
                    ends += [days.min(), days.max()]
        return np.array([min(ends), max(ends)] if ends else [], dtype="datetime64[s]")
