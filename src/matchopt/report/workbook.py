"""Tables in a workbook: frozen headers, filters, widths; numbers and days as such, all else as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from matchopt.language import tr
from matchopt.report.table import (
    COUNT,
    DAY,
    FIGURES,
    GAP,
    MONEY,
    NUMBER,
    SHARE,
    SIGN,
    TICK,
    ReportColumn,
    ReportTable,
    numbers,
)

if TYPE_CHECKING:
    import xlsxwriter

MOST_ROWS = 1_048_575
"""Rows of a sheet that Excel can hold, below the header."""

WIDEST, NARROWEST = 44, 9
LOOKED_AT = 2_000
"""Rows of a column that its width goes by."""

HEADER = {"bold": True, "bg_color": "#0F766E", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top"}
LOOKS: Mapping[str, dict[str, Any]] = {
    "header": HEADER,
    "title": {"bold": True, "font_size": 14, "text_wrap": True, "valign": "top"},
    "bold": {"bold": True},
    "said": {"text_wrap": True, "valign": "top"},
    NUMBER: {"num_format": "#,##0.###"},
    "whole": {"num_format": "#,##0"},
    MONEY: {"num_format": "#,##0.00"},
    SHARE: {"num_format": "0.0%"},
    DAY: {"num_format": "yyyy-mm-dd"},
    TICK: {"align": "center"},
    SIGN: {"bottom": 4},
}
"""How cells look, by their kind and elsewhere."""

AS_THEY_ARE = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
BOX = "☐"


@dataclass(frozen=True, slots=True)
class Workbook:
    """The workbook: sentences and small tables for its first sheet, and its lists.

    Attributes
    ----------
    said
        Sentences, the first of which is the headline.
    tables
        Tables below them.
    sheets
        The lists, a sheet each.
    overview
        Name of the first sheet.
    """

    said: Sequence[str]
    tables: Sequence[ReportTable]
    sheets: Sequence[ReportTable]
    overview: str = field(default_factory=lambda: tr("Overview"))


def write_workbook(book: Workbook, path: Path, most: int = MOST_ROWS) -> None:
    """Write a workbook; lists of more than `most` rows go on in another sheet."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), AS_THEY_ARE) as file:
        formats = {name: file.add_format(look) for name, look in LOOKS.items()}
        formats |= dict.fromkeys((COUNT, GAP), formats[NUMBER])
        _overview(file, book, formats)
        for sheet in book.sheets:
            for number, start in enumerate(range(0, max(sheet.rows, 1), most), 1):
                name = sheet.title if number == 1 else f"{sheet.title} {number}"
                _list(file, name, sheet.part(slice(start, start + most)), formats)


def _overview(file: xlsxwriter.Workbook, book: Workbook, formats: dict[str, Any]) -> None:
    page = file.add_worksheet(book.overview)
    page.set_column(0, 0, 44)
    page.set_column(1, 5, 16)
    row = 0
    for number, sentence in enumerate(book.said):
        # A merged cell would not grow with its text: the height goes by how long it is.
        page.set_row(row, 15 * (1 + _width(sentence) // 110) + (6 if number == 0 else 0))
        page.merge_range(row, 0, row, 5, "", formats["said"])
        page.write_string(row, 0, sentence, formats["title" if number == 0 else "said"])
        row += 1
    for table in book.tables:
        page.write_string(row + 1, 0, table.title, formats["bold"])
        for k, column in enumerate(table.columns):
            page.write_string(row + 2, k, column.title, formats["header"])
        _rows(page, row + 3, table.columns, formats)
        row += 3 + table.rows
    _on_landscape(page)


def _on_landscape(page: Any) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _list(file: xlsxwriter.Workbook, name: str, sheet: ReportTable, formats: dict[str, Any]) -> None:
    page = file.add_worksheet(name)
    for k, column in enumerate(sheet.columns):
        page.set_column(k, k, _widest(column))
        page.write_string(0, k, column.title, formats["header"])
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, sheet.rows, len(sheet.columns) - 1)
    page.repeat_rows(0)
    _on_landscape(page)
    page.set_footer("&L&A&R&P / &N")
    _rows(page, 1, sheet.columns, formats)


def _rows(page: Any, first: int, columns: Sequence[ReportColumn], formats: dict[str, Any]) -> None:
    """Write the cells of some columns from row `first` on, row by row."""
    cells = [_cells(column) for column in columns]
    writers = [_writer(page, column.kind, formats) for column in columns]
    for row, values in enumerate(zip(*cells, strict=True), first):
        for k, (value, write) in enumerate(zip(values, writers, strict=True)):
            write(row, k, value)


def _writer(page: Any, kind: str, formats: dict[str, Any]) -> Callable[[int, int, Any], None]:
    """Return what writes a cell of a kind."""

    def number(row: int, column: int, value: float) -> None:
        if value == value:
            whole = kind not in (MONEY, SHARE) and value == int(value)
            page.write_number(row, column, value, formats["whole" if whole else kind])

    def day(row: int, column: int, value: Any) -> None:
        if value is not None:
            page.write_datetime(row, column, value, formats[DAY])

    def text(row: int, column: int, value: str) -> None:
        page.write_string(row, column, value, formats.get(kind))

    return number if kind in FIGURES else day if kind == DAY else text


def _cells(column: ReportColumn) -> Iterator[Any]:
    """Return the cells of a column as Python has them."""
    if column.kind == TICK:
        return iter([BOX] * len(column.cells))
    if column.kind == SIGN:
        return iter([""] * len(column.cells))
    if column.kind == DAY:
        days = pd.to_datetime(pd.Series(np.asarray(column.cells)))
        return iter([None if pd.isna(day) else day.to_pydatetime() for day in days])
    if column.kind in FIGURES:
        return iter(numbers(column).tolist())
    return iter(np.asarray(column.cells, dtype=object).astype(str).tolist())


def _widest(column: ReportColumn) -> float:
    """Return a width that most cells fit in; headers are wrapped."""
    if column.kind == SIGN:
        return 26
    if column.kind == DAY:
        return 12
    texts = [str(cell) for cell in np.asarray(column.cells[:LOOKED_AT], dtype=object)]
    longest = 4 if column.kind == TICK else max(map(_width, texts), default=0)
    words = max(map(_width, column.title.split()), default=0)
    return float(min(max(longest, words, NARROWEST - 2) + 2, WIDEST))


def _width(text: str) -> int:
    """Return how wide a text is: Chinese letters are twice as wide as others."""
    return sum(1 if ord(letter) < 0x1100 else 2 for letter in text)
