"""What a terminal, a log or a pipe gets to see: tables, findings, and where time and memory went."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from matchopt.errors import SEVERITIES, Finding, Severity, by_cause
from matchopt.language import printable
from matchopt.report import words
from matchopt.report.table import (
    COUNT,
    DAY,
    FIGURE,
    FIGURES,
    GAP,
    MONEY,
    NUMBER,
    SHARE,
    TEXT,
    ReportColumn,
    ReportTable,
)
from matchopt.report.words import tr
from matchopt.runs.render import guarded

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR = 24
"""Width of a bar that shows a share."""

SHOWN: Mapping[str, Callable[[float], str]] = {
    NUMBER: words.quantity,
    COUNT: words.quantity,
    MONEY: words.money,
    GAP: words.gap,
}

COLUMNS = (
    *("severity", "code", "table", "row", "column", "value", "problem", "cure"),
    *("file", "sheet", "cell", "instead"),
)
_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}

Step = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


def header(table: ReportTable) -> tuple[str, ...]:
    """Return the names of the columns."""
    return tuple(column.title for column in table.columns)


def lines(table: ReportTable) -> tuple[tuple[str, ...], ...]:
    """Return the cells as texts, row by row."""
    rows = list(zip(*map(_texts, table.columns), strict=True))
    if table.left_out:
        rows.append((tr("and {n} more", n=str(table.left_out)), *[""] * (len(table.columns) - 1)))
    return tuple(rows)


def _texts(column: ReportColumn) -> list[str]:
    cells = list(column.cells)
    if column.kind == SHARE:
        wholes = [1] * len(cells) if column.whole is None else list(column.whole)
        return [_known(part, words.percent, whole) for part, whole in zip(cells, wholes, strict=True)]
    if column.kind == DAY:
        return ["" if pd.isna(cell) else str(pd.Timestamp(cell).date()) for cell in cells]
    if column.kind in FIGURES:
        return [_known(cell, _number, column) for cell in cells]
    return [str(cell) for cell in cells]


def _known(value: float | None, show: Callable[[float, Any], str], more: Any) -> str:
    if value is None:
        return ""
    return "–" if value != value else show(float(value), more)


def _number(value: float, column: ReportColumn) -> str:
    digits = column.digits[0]
    told = SHOWN[column.kind](value if digits is None else round(value, digits))
    return f"+{told}" if column.signed and value > 0 else told


def plain(table: ReportTable) -> str:
    """Return a table as its title and aligned lines."""
    from rich.cells import cell_len

    rows = [header(table), *lines(table)]
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]

    def filled(cell: str, width: int, column: ReportColumn) -> str:
        # Chinese letters are two columns wide.
        blank = " " * (width - cell_len(cell))
        return blank + cell if _right(column) else cell + blank

    aligned = ("  ".join(map(filled, row, widths, table.columns)).rstrip() for row in rows)
    return "\n".join([table.title, *(f"  {line}" for line in aligned)])


def _right(column: ReportColumn) -> bool:
    return column.kind == FIGURE or column.kind in FIGURES


def renderable(table: ReportTable) -> RenderableType:
    """Return a table for a rich console: a bold title, bars for shares, a bold sum."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.progress_bar import ProgressBar
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        grid.add_column(Text(column.title, "dim"), justify="right" if _right(column) else "left")
    if table.bars:
        grid.add_column("", width=BAR)
    last = table.rows - 1
    for place, row in enumerate(lines(table)):
        cells: list[RenderableType] = [Text(cell) for cell in row]
        if table.bars:
            cells.append(ProgressBar(total=1.0, completed=table.bars[place], width=BAR))
        grid.add_row(*cells, style="bold" if table.last_is_sum and place == last else None)
    return Group(Text(f"\n{table.title}", "bold"), Padding(grid, (0, 0, 0, 2)))


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
    return tr(", ").join(words.count(n, severity.value) for severity, n in numbers.items() if n or zero)


def as_json(findings: Sequence[Finding]) -> str:
    """Return a JSON list with one object a finding."""
    text = json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False)
    return printable(text)


def as_csv(findings: Sequence[Finding]) -> str:
    """Return CSV with the columns `COLUMNS`; no spreadsheet takes a text in it for a formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for finding in findings:
        told = finding.as_dict() | {"instead": "; ".join(text for _, text in finding.instead)}
        writer.writerow(
            {name: guarded(cell) if isinstance(cell, str) else cell for name, cell in told.items()}
        )
    return text.getvalue()


def findings_renderable(findings: Iterable[Finding]) -> RenderableType:
    """Return findings for a terminal, cause by cause: where, what, and the cure on a line of its own."""
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid.grid(padding=(0, 1))
    for cause in by_cause(findings):
        finding = cause.findings[0]
        text = Text.assemble((cause.place, "bold"), f"\n{cause.said}")
        if finding.cure:
            text.append(f"\n→ {finding.cure}", "green")
        grid.add_row(Text(tr(SEVERITIES[finding.severity]), _COLOURS[finding.severity]), text)
    return grid


class Profile:
    """Keeps the time of every stage that it is told of, and passes on what it is told.

    A stage lasts until the next is told; one that comes again adds to itself.
    """

    def __init__(self, tell: Step) -> None:
        self._tell = tell
        self._seconds: dict[str, float] = {}
        self._peak: dict[str, float] = {}
        self._stage, self._since = "starting", time.perf_counter()

    def step(self, stage: str, done: int, total: int) -> None:
        """Begin `stage`, or go on with it."""
        if stage != self._stage:
            self._close()
            self._stage = stage
        self._tell(stage, done, total)

    def table(self) -> ReportTable:
        """End the last stage and return the table."""
        self._close()
        whole = sum(self._seconds.values())
        stages = [*map(words.stage_of_work, self._seconds), tr("in all")]
        seconds = [*self._seconds.values(), whole]
        shown = [
            ReportColumn(tr("stage"), TEXT, stages),
            ReportColumn(tr("seconds"), FIGURE, [f"{spent:.2f}" for spent in seconds]),
            ReportColumn(tr("share"), SHARE, seconds, [whole] * len(seconds)),
            ReportColumn(
                tr("peak memory, MB"), NUMBER, [*self._peak.values(), _peak_memory()], digits=(0, None)
            ),
        ]
        bars = [spent / whole if whole else 0.0 for spent in seconds]
        return ReportTable(tr("Where time and memory went"), shown, bars=bars, last_is_sum=True)

    def _close(self) -> None:
        now = time.perf_counter()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._peak[self._stage] = _peak_memory()
        self._since = now


def _peak_memory() -> float:
    """Return the most MB that the process held so far, NaN where the system does not tell."""
    if sys.platform == "win32":
        return math.nan
    import resource

    # In kB, but in bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
