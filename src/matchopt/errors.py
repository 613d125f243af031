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

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

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
    """

    severity: Severity
    code: str
    table: str
    problem: str
    cure: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""

    @property
    def place(self) -> str:
        """Where it stands, such as ``needs, row 7, column quantity``."""
        parts = [self.table]
        if self.row is not None:
            parts.append(tr("row {row}", row=self.row))
        if self.column:
            parts.append(tr("column {column}", column=self.column))
        return tr(", ").join(part for part in parts if part)

    def __str__(self) -> str:
        value = f"«{self.value}» " if self.value else ""
        cure = f" → {self.cure}" if self.cure else ""
        said = f"{value}{self.problem}{cure}"
        return tr(
            "{severity}: {place}: {said}", severity=tr(SEVERITIES[self.severity]), place=self.place, said=said
        )

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the finding as plain values, for JSON and CSV."""
        return asdict(self)


def shortened(value: object, width: int = 60) -> str:
    """Return `value` as one line of at most `width` characters."""
    text = " ".join(str(value)[: 4 * width].split())
    return text if len(text) <= width else text[: width - 1] + "…"


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
