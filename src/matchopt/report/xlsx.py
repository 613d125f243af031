"""Workbook → file: frozen headers, filters, widths; numbers and days as such, all else as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from matchopt.report.workbook import DAY, MONEY, NUMBER, SHARE, SIGN, TICK, Book, Column, Sheet

if TYPE_CHECKING:
    import xlsxwriter

MOST_ROWS = 1_048_575
"""Rows of a sheet that Excel can hold, below the header."""

WIDEST, NARROWEST = 44, 9
LOOKED_AT = 2_000
"""Rows of a column that its width goes by."""

HEADER = {"bold": True, "bg_color": "#0F766E", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top"}
BOX = "☐"
FIGURES = (NUMBER, MONEY, SHARE)


def write_workbook(book: Book, path: Path, most: int = MOST_ROWS) -> None:
    """Write a workbook; lists of more than `most` rows go on in another sheet."""
    import xlsxwriter

    as_they_are = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), as_they_are) as file:
        formats = {
            "header": file.add_format(HEADER),
            "title": file.add_format({"bold": True, "font_size": 14, "text_wrap": True, "valign": "top"}),
            "bold": file.add_format({"bold": True}),
            "said": file.add_format({"text_wrap": True, "valign": "top"}),
            NUMBER: file.add_format({"num_format": "#,##0.###"}),
            "whole": file.add_format({"num_format": "#,##0"}),
            MONEY: file.add_format({"num_format": "#,##0.00"}),
            SHARE: file.add_format({"num_format": "0.0%"}),
            DAY: file.add_format({"num_format": "yyyy-mm-dd"}),
            TICK: file.add_format({"align": "center"}),
            SIGN: file.add_format({"bottom": 4}),
        }
        _overview(file, book, formats)
        for sheet in book.sheets:
            for number, start in enumerate(range(0, max(sheet.rows, 1), most), 1):
                name = sheet.name if number == 1 else f"{sheet.name} {number}"
                _list(file, name, sheet, slice(start, start + most), formats)


def _overview(file: xlsxwriter.Workbook, book: Book, formats: dict[str, Any]) -> None:
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
        page.write_string(row + 1, 0, table.name, formats["bold"])
        for k, column in enumerate(table.columns):
            page.write_string(row + 2, k, column.title, formats["header"])
        _rows(page, row + 3, table.columns, formats)
        row += 3 + table.rows
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _list(file: xlsxwriter.Workbook, name: str, sheet: Sheet, rows: slice, formats: dict[str, Any]) -> None:
    page = file.add_worksheet(name)
    columns = [Column(c.title, c.kind, c.cells[rows]) for c in sheet.columns]
    for k, column in enumerate(columns):
        page.set_column(k, k, _widest(column))
        page.write_string(0, k, column.title, formats["header"])
    count = len(columns[0].cells)
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, count, len(columns) - 1)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer("&L&A&R&P / &N")
    _rows(page, 1, columns, formats)


def _rows(page: Any, first: int, columns: Sequence[Column], formats: dict[str, Any]) -> None:
    """Write the cells of some columns from row `first` on, row by row."""
    cells = [_cells(column) for column in columns]
    writers = [_writer(page, column.kind, formats) for column in columns]
    for row, values in enumerate(zip(*cells, strict=True), first):
        for k, (value, write) in enumerate(zip(values, writers, strict=True)):
            write(row, k, value)


def _writer(page: Any, kind: str, formats: dict[str, Any]) -> Any:
    """Return what writes a cell of a kind."""
    if kind in FIGURES:

        def number(row: int, column: int, value: float) -> None:
            if value != value:
                return
            whole = kind == NUMBER and value == int(value)
            page.write_number(row, column, value, formats["whole" if whole else kind])

        return number
    if kind == DAY:

        def day(row: int, column: int, value: Any) -> None:
            if value is not None:
                page.write_datetime(row, column, value, formats[DAY])

        return day

    def text(row: int, column: int, value: str) -> None:
        page.write_string(row, column, value, formats.get(kind))

    return text


def _cells(column: Column) -> Iterator[Any]:
    """Return the cells of a column as Python has them."""
    if column.kind == TICK:
        return iter([BOX] * len(column.cells))
    if column.kind == SIGN:
        return iter([""] * len(column.cells))
    if column.kind == DAY:
        days = pd.to_datetime(pd.Series(np.asarray(column.cells)))
        return iter([None if pd.isna(day) else day.to_pydatetime() for day in days])
    if column.kind in FIGURES:
        return iter(np.asarray(column.cells, dtype=float).tolist())
    return iter(np.asarray(column.cells, dtype=object).astype(str).tolist())


def _widest(column: Column) -> float:
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
