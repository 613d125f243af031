"""What can go wrong, and how it is said.

MatchoptError
├── CaseError      the tables or settings have findings (all of them, with cures)
├── ArgumentError  a function was called with a value that it does not take; also a ValueError
├── UnknownIdError a plan has no such need, donation or community; also a KeyError
├── RunError       a run folder cannot be read, or must not be overwritten
├── SolverError    a solver gave no optimum where there must be one
├── ClusterError   the machines that were to help cannot be reached, or do not fit
└── ProofError     a finished plan did not pass its own verification
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from matchopt.language import mark, tr


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


SEVERITIES = {Severity.ERROR: mark("error"), Severity.WARNING: mark("warning"), Severity.NOTE: mark("note")}
"""What they are called."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in the data.

    Attributes
    ----------
    severity
        An error stops the plan; a warning or a note does not.
    code
        Short stable name of the kind of finding, for machines: ``duplicate_id``.
    table
        Table, settings or file it stands in.
    row
        Row as the user sees it in the file, the header being row 1; None for the
        whole table.
    column
        Header as the user wrote it; empty for the whole row or table.
    value
        The offending cell, shortened.
    problem, cure
        What is wrong and how to cure it, in plain words.
    file, sheet, cell
        File and sheet that hold the table, as the user calls them, and the cell as a spreadsheet shows it
        (``C7``); empty where there is none.
    instead
        Where a cure needs no decision: cells, and what to write into them (columns of a table of no file).
    """

    severity: Severity
    code: str
    table: str
    problem: str
    cure: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    file: str = ""
    sheet: str = ""
    cell: str = ""
    instead: tuple[tuple[str, str], ...] = ()

    @property
    def of(self) -> str:
        """The table as the user calls it: by its file and sheet, if it has any."""
        if self.file and self.sheet:
            return tr("{file}, sheet «{sheet}»", file=self.file, sheet=self.sheet)
        return self.file or self.table

    @property
    def place(self) -> str:
        """Where it stands, such as ``needs.csv, row 7, column quantity``."""
        return Cause((self,)).place

    def __str__(self) -> str:
        return str(Cause((self,)))

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain values, for JSON and CSV."""
        return asdict(self) | {"instead": dict(self.instead)}


MOST_SPANS = 40
"""Spans of rows that a cause names before it only counts the rest."""
MOST_VALUES = 5
"""Likewise the different cells in them."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that say the same of one column, or of one whole table: one thing to cure.

    Attributes
    ----------
    findings
        One or more; they differ in row and value alone.
    """

    findings: tuple[Finding, ...]

    @property
    def place(self) -> str:
        """Where they stand, all rows listed."""
        first = self.findings[0]
        rows = sorted({finding.row for finding in self.findings if finding.row is not None})
        parts = [first.of]
        if rows:
            one = len(rows) == 1
            parts.append(tr("row {row}", row=rows[0]) if one else tr("rows {rows}", rows=_spans(rows)))
        if first.column:
            setting = first.table in ("matchopt.toml", "settings")
            said = mark("setting {column}") if setting else mark("column {column}")
            parts.append(tr(said, column=first.column))
        return tr(", ").join(part for part in parts if part)

    @property
    def said(self) -> str:
        """The cells, and what is wrong with them."""
        values = list(dict.fromkeys(finding.value for finding in self.findings if finding.value))
        shown = "".join(tr("«{value}» ", value=value) for value in values[:MOST_VALUES])
        return shown + ("… " if len(values) > MOST_VALUES else "") + self.findings[0].problem

    def __str__(self) -> str:
        first = self.findings[0]
        said = self.said + (f" → {first.cure}" if first.cure else "")
        severity = tr(SEVERITIES[first.severity])
        return tr("{severity}: {place}: {said}", severity=severity, place=self.place, said=said)


def by_cause(findings: Iterable[Finding]) -> list[Cause]:
    """Return findings of one cause as one, each where the first of them stands."""
    causes: dict[tuple[str, ...], list[Finding]] = {}
    for f in findings:
        key = (f.severity, f.code, f.table, f.file, f.sheet, f.column, f.problem, f.cure)
        causes.setdefault(key if f.row is not None else (*key, f.value), []).append(f)
    return [Cause(tuple(of)) for of in causes.values()]


def _spans(rows: Sequence[int]) -> str:
    """Return rows as ``3-5, 9``."""
    spans = []
    for _, group in groupby(enumerate(rows), key=lambda pair: pair[1] - pair[0]):
        of = [row for _, row in group]
        spans.append(str(of[0]) if len(of) == 1 else f"{of[0]}-{of[-1]}")
    listed = tr(", ").join(spans[:MOST_SPANS])
    more = len(spans) - MOST_SPANS
    return listed if more <= 0 else tr("{listed} and {count} more", listed=listed, count=more)


def shortened(value: object, width: int = 60) -> str:
    """Return `value` as one line of at most `width` characters."""
    text = " ".join(str(value)[: 4 * width].split())
    return text if len(text) <= width else text[: width - 1] + "…"


SYSTEM_SAYS = (
    mark("No such file or directory"),
    mark("Permission denied"),
    mark("No space left on device"),
    mark("Is a directory"),
    mark("Not a directory"),
    mark("File exists"),
    mark("Read-only file system"),
    mark("File name too long"),
    mark("Bad file descriptor"),
    mark("Input/output error"),
    mark("Disk quota exceeded"),
    mark("Operation not permitted"),
    mark("Too many open files"),
)
"""What systems say in English; other sayings stay as they are."""


def reason_of(error: OSError) -> str:
    """Return what the operating system says, in the language spoken."""
    return tr(error.strerror) if error.strerror else str(error)


class MatchoptError(Exception):
    """Whatever matchopt raises on purpose."""


class CaseError(MatchoptError):
    """The case cannot be planned as it stands.

    Attributes
    ----------
    findings : tuple of Finding
        Everything found, errors first.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        order = list(Severity)
        self.findings = tuple(sorted(findings, key=lambda f: order.index(f.severity)))
        errors = [str(f) for f in self.findings if f.severity is Severity.ERROR]
        super().__init__("\n".join(errors))


class ArgumentError(MatchoptError, ValueError):
    """A function was called with a value that it does not take."""


class UnknownIdError(MatchoptError, KeyError):
    """A plan has nothing of that name.

    Attributes
    ----------
    near : str
        The name that was probably meant, or empty.
    """

    def __init__(self, problem: str, near: str = "") -> None:
        self.near = near
        super().__init__(problem + (" " + tr("Did you mean {name}?", name=near) if near else ""))

    def __str__(self) -> str:
        # A KeyError shows its text in quotes.
        return str(self.args[0])


class RunError(MatchoptError):
    """A run folder cannot be read, or must not be overwritten."""


class SolverError(MatchoptError):
    """A solver gave no optimum where there must be one."""


class ClusterError(MatchoptError):
    """The machines that were to help cannot be reached, or do not fit."""


class ProofError(MatchoptError):
    """A finished plan did not pass its own verification: a defect of matchopt."""
