"""Tables on a terminal: aligned lines for logs and pipes, or colours and bars for a rich console."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from matchopt.language import tr
from matchopt.report import words
from matchopt.report.table import COUNT, DAY, FIGURE, FIGURES, GAP, MONEY, NUMBER, SHARE, Column, Table

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


def header(table: Table) -> tuple[str, ...]:
    """Return the names of the columns."""
    return tuple(column.title for column in table.columns)


def lines(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return the cells as texts, row by row."""
    rows = list(zip(*map(_texts, table.columns), strict=True))
    if table.left_out:
        rows.append((tr("and {n} more", n=table.left_out), *[""] * (len(table.columns) - 1)))
    return tuple(rows)


def _texts(column: Column) -> list[str]:
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


def _number(value: float, column: Column) -> str:
    digits = column.digits[0]
    told = SHOWN[column.kind](value if digits is None else round(value, digits))
    return f"+{told}" if column.signed and value > 0 else told


def plain(table: Table) -> str:
    """Return a table as its title and aligned lines."""
    from rich.cells import cell_len

    rows = [header(table), *lines(table)]
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]

    def filled(cell: str, width: int, column: Column) -> str:
        # Chinese letters are two columns wide.
        blank = " " * (width - cell_len(cell))
        return blank + cell if _right(column) else cell + blank

    aligned = ("  ".join(map(filled, row, widths, table.columns)).rstrip() for row in rows)
    return "\n".join([table.title, *(f"  {line}" for line in aligned)])


def _right(column: Column) -> bool:
    return column.kind == FIGURE or column.kind in FIGURES


def renderable(table: Table) -> RenderableType:
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
