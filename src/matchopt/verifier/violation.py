"""Violation: one thing wrong with a plan; Report: all of them, without flooding anyone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchopt.errors import shortened
from matchopt.language import tr

MOST_LINES = 50
"""Violations of one code that are spelled out; the rest is counted."""


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


class Report:
    """Violations as they are found; at most `MOST_LINES` of a code are spelled out."""

    def __init__(self) -> None:
        self._found: dict[str, list[Violation]] = {}
        self._more: dict[str, int] = {}

    def add(self, code: str, table: str, row: object, message: str) -> None:
        """Note one violation."""
        lines = self._found.setdefault(code, [])
        if len(lines) < MOST_LINES:
            lines.append(Violation(code, table, shortened(row), " ".join(message.split())))
        else:
            self._more[code] = self._more.get(code, 0) + 1

    def each(
        self,
        code: str,
        table: str,
        wrong: npt.NDArray[np.bool_],
        row: Sequence[object] | npt.NDArray[np.object_] | Callable[[int], object],
        say: Callable[[int], str],
    ) -> None:
        """Note a violation for every row marked `wrong`; `row` names them, `say` words them."""
        where = np.flatnonzero(wrong)
        if not where.size:
            return
        room = MOST_LINES - len(self._found.get(code, ()))
        for r in where[:room].tolist():
            self.add(code, table, row(r) if callable(row) else row[r], say(r))
        self.and_more(code, len(where) - room)

    def and_more(self, code: str, count: int) -> None:
        """Count `count` further violations of a code that has spelled out its share."""
        if count > 0:
            self._more[code] = self._more.get(code, 0) + count

    def extend(self, other: Report) -> None:
        """Take over everything that another report noted."""
        for code, lines in other._found.items():
            mine = self._found.setdefault(code, [])
            room = MOST_LINES - len(mine)
            mine.extend(lines[:room])
            self.and_more(code, max(len(lines) - room, 0) + other._more.get(code, 0))

    def __bool__(self) -> bool:
        return bool(self._found)

    def violations(self) -> tuple[Violation, ...]:
        """Return everything noted, a code after the other."""
        lines: list[Violation] = []
        for code, found in self._found.items():
            lines.extend(found)
            if self._more.get(code, 0):
                table = found[-1].table
                lines.append(
                    Violation(code, table, "", tr("and {more} more of this kind", more=self._more[code]))
                )
        return tuple(lines)
