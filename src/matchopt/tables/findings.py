"""Collect findings: in table and row order, and not a thousand times the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matchopt.contract.schema import TABLES
from matchopt.errors import Finding, Severity, shortened
from matchopt.language import tr

LIMIT = 20
"""How many rows of one kind in one column are named before the rest is only counted."""

Said = tuple[object, str, str]
"""Value, problem and cure of one cell."""


class Place(Protocol):
    """A table that findings can point into."""

    @property
    def name(self) -> str:
        """Name of the table."""

    def header(self, column: str) -> str:
        """Header of `column` as the user wrote it."""

    def row(self, at: int) -> int:
        """Row in the file of the row at position `at`."""


class Findings:
    """What is found while a case is read and checked."""

    def __init__(self) -> None:
        self._kept: list[tuple[Finding, float]] = []

    def take(self, findings: Sequence[Finding]) -> None:
        """Add findings made elsewhere."""
        self._kept += [(finding, finding.row or 0) for finding in findings]

    def error(
        self, code: str, table: str, problem: str, cure: str = "", *,
        row: int | None = None, column: str = "", value: object = "",
    ) -> None:  # fmt: skip
        """Add an error."""
        self._add(Severity.ERROR, code, table, problem, cure, row, column, value)

    def warning(
        self, code: str, table: str, problem: str, cure: str = "", *,
        row: int | None = None, column: str = "", value: object = "",
    ) -> None:  # fmt: skip
        """Add a warning."""
        self._add(Severity.WARNING, code, table, problem, cure, row, column, value)

    def note(self, code: str, table: str, problem: str, *, column: str = "", value: object = "") -> None:
        """Add a note."""
        self._add(Severity.NOTE, code, table, problem, "", None, column, value)

    def rows(
        self, severity: Severity, code: str, place: Place, column: str, at: npt.NDArray[np.integer[Any]],
        say: Callable[[int], Said],
    ) -> None:  # fmt: skip
        """Add a finding for each of the first rows at positions `at`, and the number of the rest.

        `column` is the canonical name, or empty for the whole row; `say` gives value,
        problem and cure of the row at a position.
        """
        header = place.header(column) if column else ""
        for position in at[:LIMIT]:
            value, problem, cure = say(int(position))
            self._add(severity, code, place.name, problem, cure, place.row(int(position)), header, value)
        if len(at) > LIMIT:
            more = tr("{count} more rows have a problem of this kind", count=len(at) - LIMIT)
            finding = Finding(severity, code, place.name, more, tr("cure them likewise"), column=header)
            self._kept.append((finding, math.inf))

    def sorted(self) -> tuple[Finding, ...]:
        """Return all: errors, warnings, notes; each in table and row order."""
        severities = list(Severity)
        tables = {name: k for k, name in enumerate(TABLES)}

        def key(kept: tuple[Finding, float]) -> tuple[int, int, float]:
            finding, row = kept
            return severities.index(finding.severity), tables.get(finding.table, -1), row

        return tuple(finding for finding, _ in sorted(self._kept, key=key))

    def _add(
        self, severity: Severity, code: str, table: str, problem: str, cure: str,
        row: int | None, column: str, value: object,
    ) -> None:  # fmt: skip
        finding = Finding(severity, code, table, problem, cure, row, column, shortened(value))
        self._kept.append((finding, row or 0))
