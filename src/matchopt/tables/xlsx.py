"""XLSX: sheets → RawTables, the cells with their real types."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree import ElementTree

import numpy as np

from matchopt.contract.fields import Table
from matchopt.contract.schema import table_named
from matchopt.language import tr
from matchopt.tables.cells import EPOCH, EPOCH_1904, STRIP
from matchopt.tables.findings import RefusedError
from matchopt.tables.raw import REMARK, RawTable, cell_text, texts, without_remarks

_ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*>'
    rb"(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]{1,40})</",
    re.DOTALL,
)
_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes
    ----------
    name
        As on its tab.
    cells
        The smallest block that holds every cell.
    top
        Row of the first of them, counted from 1.
    epoch
        Day 0 of the workbook.
    """

    name: str
    cells: list[list[Any]]
    top: int
    epoch: date


def workbook(data: bytes) -> list[Sheet]:
    """Return the sheets of an XLSX file.

    Raises
    ------
    RefusedError
        If it is no workbook, or truncated.
    """
    if not data:
        raise RefusedError("empty_file", tr("is empty"), tr("fill it in, or leave an optional table out"))
    if not data.startswith(b"PK"):
        raise RefusedError("not_a_table", tr("is no XLSX workbook"), tr("save it as XLSX or CSV (UTF-8)"))
    try:
        return _sheets(data)
    except BaseException as error:
        # calamine may panic on broken files; a panic is no Exception.
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        why = " ".join(str(error).split())[:120] or type(error).__name__
        problem = tr("is broken or truncated, no XLSX workbook ({why})", why=why)
        raise RefusedError("not_a_table", problem, tr("save or copy it again")) from None


def _sheets(data: bytes) -> list[Sheet]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    epoch, errors = _epoch_and_errors(data)
    sheets = []
    for meta in book.sheets_metadata:
        if meta.typ is not SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(meta.name)
        cells = sheet.to_python(skip_empty_area=True)
        top, left = sheet.start or (0, 0)
        for (row, column), text in errors.get(meta.name, {}).items():
            # calamine shows an error as an empty cell; that would lose what the user must see.
            if 0 <= row - top < len(cells) and 0 <= column - left < len(cells[row - top]):
                cells[row - top][column - left] = text
        sheets.append(Sheet(meta.name, cells, top + 1, epoch))
    return sheets


Errors = dict[str, dict[tuple[int, int], str]]


def _epoch_and_errors(data: bytes) -> tuple[date, Errors]:
    """Return day 0 and the error cells such as ``#REF!``: sheet → (row, column) from 0 → text."""
    from xlsxwriter.utility import xl_cell_to_rowcol

    epoch, errors = EPOCH, Errors()
    with (
        contextlib.suppress(KeyError, ElementTree.ParseError, zipfile.BadZipFile, NotImplementedError),
        zipfile.ZipFile(io.BytesIO(data)) as archive,
    ):
        book = list(ElementTree.fromstring(archive.read("xl/workbook.xml")).iter())
        if any(element.get("date1904", "") in ("1", "true") for element in book):
            epoch = EPOCH_1904
        for name, part in _parts(archive, book).items():
            xml = archive.read(part)
            if b't="e"' in xml:
                errors[name] = {
                    xl_cell_to_rowcol(cell.decode()): text.decode("utf-8", "replace")
                    for cell, text in _ERROR_CELL.findall(xml)
                }
    return epoch, errors


def _parts(archive: zipfile.ZipFile, book: list[ElementTree.Element]) -> dict[str, str]:
    """Return sheet name → file inside the archive."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    parts = {}
    for element in book:
        target = targets.get(element.get(_OFFICE, ""))
        if element.tag.endswith("}sheet") and target:
            inside = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if inside in archive.namelist():
                parts[element.get("name", "")] = inside
    return parts


def sheet_for(table: Table, sheets: list[Sheet], file: str) -> RawTable:
    """Return the sheet of a one-table workbook: the one named like the table, else the only filled one.

    Raises
    ------
    RefusedError
        If there is no such sheet, or it is empty.
    """
    filled = [sheet for sheet in sheets if sheet.cells]
    named = [sheet for sheet in filled if table_named(sheet.name) is table]
    if not filled:
        raise RefusedError("empty_file", tr("is empty"), tr("fill it in, or leave an optional table out"))
    if len(named) == 1:
        return raw_sheet(table, named[0], file)
    if len(filled) > 1:
        names = ", ".join(sheet.name for sheet in filled)
        problem = tr("has several filled sheets ({names})", names=names)
        cure = tr("call the one that holds the table «{name}»", name=table.name)
        raise RefusedError("ambiguous_sheet", problem, cure)
    return raw_sheet(table, filled[0], file)


def raw_sheet(table: Table, sheet: Sheet, file: str) -> RawTable:
    """Return the cells of `sheet` as a RawTable; the header is its first row that is no remark."""
    head = 0
    while head < len(sheet.cells) and _skipped(sheet.cells[head]):
        head += 1
    if head == len(sheet.cells):
        cure = tr("the first row holds the names of the columns")
        raise RefusedError("empty_file", tr("has no header"), cure)
    header, *body = sheet.cells[head:]
    top = sheet.top + head
    headers = tuple(cell_text(cell).strip(STRIP) for cell in header)
    columns = tuple(texts([row[k] for row in body]) for k in range(len(header)))
    rows = np.arange(len(body), dtype=np.int64) + top + 1
    return without_remarks(RawTable(table, file, headers, columns, rows, head=top, epoch=sheet.epoch))


def _skipped(cells: list[Any]) -> bool:
    shown = [cell_text(cell).strip(STRIP) for cell in cells]
    return not any(shown) or shown[0].startswith(REMARK)
