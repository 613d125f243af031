"""A sheet as a grid of cells: what stands where, which are merged, which row is the header; and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import numpy as np

from matchopt.contract.fields import Table
from matchopt.language import tr
from matchopt.tables.cells import STRIP
from matchopt.tables.column_names import NOTHING_SAID, ColumnNames
from matchopt.tables.findings import REMARK, RefusedError
from matchopt.tables.matching import LOOKED_AT, heading_among
from matchopt.tables.raw import (
    Cells,
    Merged,
    RawTable,
    cell_text,
    is_blank,
    letters,
    refuse_many,
    texts,
    without_remarks,
)


@dataclass(frozen=True, slots=True)
class CellRange:
    """A rectangle of cells; rows and columns count from 0, both ends are included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def name(self) -> str:
        """What spreadsheets call it, such as ``E2:E3``."""
        return f"{letters(self.left)}{self.top + 1}:{letters(self.right)}{self.bottom + 1}"


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a sheet as they came, from A1 on.

    Attributes
    ----------
    file, sheet
        Where they stand.
    cells
        Rows of cells, all of one length: texts, numbers, days, flags, ``""`` where nothing is, and a
        `raw.Formula` where the file holds no value.
    merged
        Blocks of which only the first cell holds something.
    epoch
        Day 0 of the workbook.
    hidden
        Rows that are not shown, counted from 1.
    """

    file: str
    sheet: str
    cells: list[list[Any]]
    merged: tuple[CellRange, ...]
    epoch: date
    hidden: tuple[int, ...] = ()


def table_in(grid: Grid, table: Table, said: ColumnNames = NOTHING_SAID) -> RawTable:
    """Return the table that the grid holds, below the titles that may stand above its header.

    Raises
    ------
    RefusedError
        If nothing but remarks stands in it, it has too many columns, or merged cells overlap.
    """
    cells, spread = _unmerged(grid)
    opening = list(islice((k for k, row in enumerate(cells) if not _skipped(row)), LOOKED_AT))
    if not opening:
        cure = tr("the first row holds the names of the columns")
        raise RefusedError("empty_file", tr("has no header"), cure)
    shown = [_shown(cells[k]) for k in opening]
    heading = heading_among(shown, table, said)
    head, body = opening[heading.at], cells[opening[heading.at] + 1 :]
    refuse_many(heading.headers)
    blank = texts([""] * len(body))
    headers = list(heading.headers)
    held = ([row[k] for row in body] for k in range(len(headers)))
    columns = [texts(cells) if any(cell != "" for cell in cells) else blank for cells in held]
    for block in spread:
        if block.top <= head <= block.bottom:
            _head_one(block, headers, columns)
    first = next(k for k, header in enumerate(headers) if header or not is_blank(columns[k]).all())
    raw = RawTable(
        table,
        grid.file,
        tuple(headers[first:]),
        tuple(columns[first:]),
        np.arange(len(body), dtype=np.int64) + head + 2,
        head=head + 1,
        epoch=grid.epoch,
        sheet=grid.sheet,
        left=first,
        above=tuple((opening[k] + 1, next(filter(None, shown[k]))) for k in range(heading.above)),
        merged=tuple(
            Merged(
                block.name, max(block.top, head + 1) + 1, range(block.left - first, block.right - first + 1)
            )
            for block in spread
            if block.bottom > head
        ),
        hidden=tuple(row for row in grid.hidden if row > head + 1),
        said=said,
    )
    return without_remarks(raw)


def opening_rows(grid: Grid) -> tuple[tuple[str, ...], ...]:
    """Return the first rows of a grid that are neither empty nor remarks, as texts."""
    rows = (tuple(_shown(row)) for row in grid.cells if not _skipped(row))
    return tuple(islice(rows, LOOKED_AT))


def _head_one(block: CellRange, headers: list[str], columns: Sequence[Cells]) -> None:
    """Let a merged header stand over those of its columns that hold something, or else over the first."""
    under = range(block.left, block.right + 1)
    filled = [k for k in under if not is_blank(columns[k]).all()] or [block.left]
    for k in under:
        headers[k] = headers[k] if k in filled else ""


def _shown(cells: Sequence[Any]) -> list[str]:
    return [cell_text(cell).strip(STRIP) for cell in cells]


def _skipped(cells: Sequence[Any]) -> bool:
    """Return whether a row is empty or a remark."""
    first = next(filter(None, _shown(cells)), "")
    return not first or first.startswith(REMARK)


def _unmerged(grid: Grid) -> tuple[list[list[Any]], list[CellRange]]:
    """Return the cells with what stands in a merged block in every row and column of it, and such blocks.

    A row that holds nothing of its own is left empty: it is part of the row above it, and no other.
    """
    cells = list(grid.cells)
    if not grid.merged or not cells:
        return cells, []
    lowest, furthest = len(cells) - 1, len(cells[0]) - 1
    spread, room = [], len(cells) * len(cells[0])
    own: dict[int, bool] = {}
    for block in grid.merged:
        rows = range(block.top, min(block.bottom, lowest) + 1)
        columns = range(block.left, min(block.right, furthest) + 1)
        room -= len(rows) * len(columns)
        if room < 0:
            raise RefusedError(
                "not_a_table", tr("has merged cells that overlap"), tr("save or copy it again")
            )
        if len(rows) * len(columns) < 2 or not cell_text(value := cells[block.top][block.left]).strip(STRIP):
            continue
        for row in rows:
            if row not in own:
                own[row] = any(_shown(grid.cells[row]))
        filled = [row for row in rows if own[row]]
        for row in filled:
            cells[row] = [value if k in columns else cell for k, cell in enumerate(cells[row])]
        if len(filled) > 1 or len(columns) > 1:
            spread.append(CellRange(block.top, block.left, filled[-1], columns[-1]))
    return cells, spread
