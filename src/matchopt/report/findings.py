"""Findings as people and machines read them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from matchopt.errors import SEVERITIES, Finding, Severity
from matchopt.language import tr
from matchopt.report.words import count
from matchopt.runs.render import guarded

if TYPE_CHECKING:
    from rich.console import RenderableType

COLUMNS = ("severity", "code", "table", "row", "column", "value", "problem", "cure")
_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def sorted_by_weight(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return `findings`, errors first, then warnings, then notes."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether any finding stops the plan."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def counts(findings: Sequence[Finding], *, zero: bool = True) -> str:
    """Return how many there are of each kind; without `zero` only of the kinds that occur."""
    numbers = {severity: sum(f.severity is severity for f in findings) for severity in Severity}
    return tr(", ").join(count(n, severity.value) for severity, n in numbers.items() if n or zero)


def as_json(findings: Sequence[Finding]) -> str:
    """Return a JSON list with one object a finding."""
    return json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False)


def as_csv(findings: Sequence[Finding]) -> str:
    """Return CSV with the columns `COLUMNS`; no spreadsheet takes a text in it for a formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for finding in findings:
        told = finding.as_dict().items()
        writer.writerow({name: guarded(cell) if isinstance(cell, str) else cell for name, cell in told})
    return text.getvalue()


def renderable(findings: Iterable[Finding]) -> RenderableType:
    """Return findings for a terminal: where, what, and the cure on a line of its own."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    for finding in findings:
        value = f"«{finding.value}» " if finding.value else ""
        text = Text.assemble((finding.place, "bold"), f"\n{value}{finding.problem}")
        if finding.cure:
            text.append(f"\n→ {finding.cure}", "green")
        grid.add_row(Text(tr(SEVERITIES[finding.severity]), _COLOURS[finding.severity]), text)
    return grid
