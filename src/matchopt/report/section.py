"""A small table of a report: as aligned lines for logs and pipes, or for a rich console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR = 24
LEFT, RIGHT = "left", "right"


@dataclass(frozen=True, slots=True)
class Section:
    """One small table.

    Attributes
    ----------
    title
        What it shows.
    header
        Names of the columns.
    sides
        ``left`` or ``right`` for each column.
    rows
        Cells as text.
    shares
        For each row the share (0..1) that a bar shows; empty for no bars.
    last_is_sum
        Whether the last row adds up the others.
    """

    title: str
    header: tuple[str, ...]
    sides: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...] = ()
    last_is_sum: bool = False


def plain(section: Section) -> str:
    """Return `section` as its title and aligned lines."""
    lines = _aligned([section.header, *section.rows], section.sides)
    return "\n".join([section.title, *(f"  {line}" for line in lines)])


def _aligned(rows: Sequence[tuple[str, ...]], sides: Sequence[str]) -> list[str]:
    from rich.cells import cell_len

    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]

    def filled(cell: str, width: int, side: str) -> str:
        # Chinese letters are two columns wide.
        blank = " " * (width - cell_len(cell))
        return blank + cell if side == RIGHT else cell + blank

    return ["  ".join(map(filled, row, widths, sides)).rstrip() for row in rows]


def renderable(section: Section) -> RenderableType:
    """Return `section` for a rich console: a bold title, bars for shares, a bold sum."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    return Group(Text(f"\n{section.title}", "bold"), Padding(_table(section), (0, 0, 0, 2)))


def _table(section: Section) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, side in zip(section.header, section.sides, strict=True):
        table.add_column(Text(name, "dim"), justify="right" if side == RIGHT else "left")
    if section.shares:
        table.add_column("", width=BAR)
    last = len(section.rows) - 1
    for place, row in enumerate(section.rows):
        cells: list[RenderableType] = [Text(cell) for cell in row]
        if section.shares:
            cells.append(ProgressBar(total=1.0, completed=section.shares[place], width=BAR))
        table.add_row(*cells, style="bold" if section.last_is_sum and place == last else None)
    return table
