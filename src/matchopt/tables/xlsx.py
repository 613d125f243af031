"""XLSX: a workbook that is looked over before a cell of it is read; its sheets as grids.

Values are read by calamine, which makes room for every cell between the first and the last. What it does not
tell (error cells, formulas without a value, merged cells) and what it would fail on is found in the XML
itself, in time that grows with its length.
"""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from matchopt.contract.fields import Table
from matchopt.contract.schema import table_named
from matchopt.language import tr
from matchopt.tables.cells import EPOCH, EPOCH_1904
from matchopt.tables.column_names import NOTHING_SAID, ColumnNames
from matchopt.tables.findings import RefusedError
from matchopt.tables.grid import CellRange, Grid, table_in
from matchopt.tables.raw import Formula, RawTable, letters

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MOST_UNPACKED = 10**9
"""Bytes that a workbook may unpack to."""
MOST_RATIO = 50
"""How many times its size a workbook may unpack to."""
MOST_SHEETS = 500

ROOM = 1_000_000
"""Cells that a sheet may have room for, however few are filled."""
SPARSE = 20
"""Beyond that, how many cells there may be for each that the file names."""

_OLD = b"\xd0\xcf\x11\xe0"
"""What files begin with that are no archives: old workbooks, and all that a password protects."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHARED = ("xl/sharedStrings.xml", "xl/styles.xml")
"""Parts that are read whole when a workbook is opened."""

_COLUMN = re.compile(rb"""\sr=["']([A-Za-z]+)[0-9]""")
_ROW = re.compile(rb"""\sr=["'][A-Za-z]*([0-9]+)["']""")
_PLACE = re.compile(rb"""\br=["']([A-Z]+)([0-9]+)["']""")
_NUMBER = re.compile(rb"""\br=["']([0-9]+)["']""")
_CELL = re.compile(
    rb"<(?:\w+:)?(?:(?P<row>row\b[^>]*)|c\b(?P<cell>[^>]*))>"
    rb"(?:\s*<(?:\w+:)?f\b(?P<formula>[^>]*?)(?:/>|>(?P<text>[^<]*)</(?:\w+:)?f>))?"
    rb"(?:\s*<(?:\w+:)?v\b[^>]*>(?P<value>[^<]*))?"
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ERROR = re.compile(rb"""\bt=["']e["']""")
_TEXT = re.compile(rb"""\bt=["']str["']""")
_FILLED = re.compile(rb"<(?:\w+:)?(?:v|is|f)[\s>]|" + _ERROR.pattern)
_HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*\bhidden=["'](?:1|true)["'][^>]*>""")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*?\bref=["']([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)["']""")


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook whose sheets are read one by one.

    Attributes
    ----------
    file
        Its name.
    epoch
        Day 0 of its days.
    parts
        Sheet → the file inside the archive.
    hidden
        Sheets that are not shown.
    """

    file: str
    epoch: date
    parts: Mapping[str, str]
    hidden: frozenset[str]
    _archive: zipfile.ZipFile
    _cells: CalamineWorkbook

    @property
    def sheets(self) -> Sequence[str]:
        """Names of its sheets, as on their tabs."""
        return list(self.parts)

    @property
    def commented(self) -> bool:
        """Whether any cell has a comment."""
        return any("comments" in name for name in self._archive.namelist())

    def holds(self, sheet: str) -> bool:
        """Return whether any cell of a sheet holds something; RefusedError if the sheet is broken."""
        with _fenced():
            return _FILLED.search(self._archive.read(self.parts[sheet])) is not None

    def grid(self, sheet: str) -> Grid:
        """Return the cells of a sheet; RefusedError if they are broken, or lie too far apart."""
        with _fenced():
            xml = self._archive.read(self.parts[sheet])
            _refuse_stray(xml)
            unread, merged, hidden = _unread(xml), _merged(xml), _hidden(xml)
            del xml
            cells = self._cells.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            return Grid(self.file, sheet, _put(cells, unread), merged, self.epoch, hidden)


def workbook(data: bytes, file: str) -> Book:
    """Return the workbook that the bytes of a file hold.

    Raises
    ------
    RefusedError
        If it is no workbook, broken, or larger than any list of needs can be.
    """
    if not data:
        raise RefusedError("empty_file", tr("is empty"), tr("fill it in, or leave an optional table out"))
    if data.startswith(_OLD):
        if _ENCRYPTED in data:
            cure = tr("open it in a spreadsheet, take the password off, and save it")
            raise RefusedError("password", tr("is protected by a password"), cure)
        cure = tr("open it in a spreadsheet and save it as an Excel workbook (.xlsx)")
        raise RefusedError("not_a_table", tr("is an old Excel workbook (.xls)"), cure)
    if not data.startswith(b"PK"):
        raise RefusedError("not_a_table", tr("is no XLSX workbook"), tr("save it as XLSX or CSV (UTF-8)"))
    with _fenced():
        archive = zipfile.ZipFile(io.BytesIO(data))
        _refuse_large(archive, len(data))
        epoch, parts = _layout(archive)
        if len(parts) > MOST_SHEETS:
            problem = tr(
                "has {count} sheets, and at most {most} are read", count=len(parts), most=MOST_SHEETS
            )
            raise RefusedError("too_many_sheets", problem, tr("keep the sheets that hold tables"))
        from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

        cells = CalamineWorkbook.from_filelike(io.BytesIO(data))
        kinds = {sheet.name: sheet.typ for sheet in cells.sheets_metadata}
        sheets = {name: part for name, part in parts.items() if kinds.get(name) is SheetTypeEnum.WorkSheet}
        shown = {sheet.name for sheet in cells.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible}
        return Book(file, epoch, sheets, frozenset(sheets.keys() - shown), archive, cells)


@contextlib.contextmanager
def _fenced() -> Iterator[None]:
    """Say of whatever fails that the workbook is broken."""
    try:
        yield
    except BaseException as error:
        # calamine may panic on broken files; a panic is no Exception.
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError, RefusedError)):
            raise
        why = " ".join(str(error).split())[:120] or type(error).__name__
        problem = tr("is broken or truncated, no XLSX workbook ({why})", why=why)
        raise RefusedError("not_a_table", problem, tr("save or copy it again")) from None


def _refuse_large(archive: zipfile.ZipFile, packed: int) -> None:
    """Refuse what unpacks to too much, and what does not unpack to the size that it states."""
    unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > min(MOST_UNPACKED, MOST_RATIO * packed):
        sizes = {"packed": f"{packed:,}", "unpacked": f"{unpacked:,}"}
        problem = tr("has {packed} bytes that unpack to {unpacked}: no list of people's needs is so", **sizes)
        raise RefusedError("unpacks_too_large", problem, tr("copy the table into a new workbook"))
    for name in archive.namelist():
        if name in _SHARED:
            with archive.open(name) as part:
                while part.read(1 << 20):
                    pass


def _layout(archive: zipfile.ZipFile) -> tuple[date, dict[str, str]]:
    """Return day 0, and the part of each sheet."""
    book = list(_parsed(archive.read("xl/workbook.xml")).iter())
    relations = _parsed(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    inside = {name.casefold(): name for name in archive.namelist()}
    parts = {}
    for element in book:
        target = targets.get(element.get(_OFFICE, ""))
        if element.tag.endswith("}sheet") and target:
            path = target.lstrip("/") if target.startswith(("/", "xl/")) else f"xl/{target}"
            if path.casefold() in inside:
                parts[element.get("name", "")] = inside[path.casefold()]
    from_1904 = any(element.get("date1904", "") in ("1", "true") for element in book)
    return EPOCH_1904 if from_1904 else EPOCH, parts


def _parsed(xml: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in xml:
        raise ValueError(tr("it declares a document type"))
    return ElementTree.fromstring(xml)


def _refuse_stray(xml: bytes) -> None:
    """Refuse a sheet of which a few cells lie so far off that there is no room for all between."""
    named = _COLUMN.findall(xml)
    rows = max(map(int, set(_ROW.findall(xml))), default=1)
    furthest = max(map(_position, set(named)), default=0)
    if rows * (furthest + 1) <= max(ROOM, SPARSE * len(named)):
        return
    last = re.search(rb"""\sr=["']([A-Z]+%d)["']""" % rows, xml)
    cell = last[1].decode() if last else f"{letters(furthest)}{rows}"
    problem = tr("has cells far off from the others, as far as {cell}", cell=cell)
    cure = tr("delete the rows and columns beyond the table, and save it again")
    raise RefusedError("stray_cell", problem, cure)


def _unread(xml: bytes) -> dict[tuple[int, int], str | Formula]:
    """Return what calamine shows as empty: error cells, and formulas without a value."""
    if not _ERROR.search(xml) and not _FORMULA.search(xml):
        return {}
    unread: dict[tuple[int, int], str | Formula] = {}
    row = column = -1
    for found in _CELL.finditer(xml):
        if found["row"] is not None:
            number = _NUMBER.search(found["row"])
            row, column = int(number[1]) - 1 if number else row + 1, -1
            continue
        place = _PLACE.search(found["cell"])
        row, column = (int(place[2]) - 1, _position(place[1])) if place else (row, column + 1)
        value = (found["value"] or b"").decode("utf-8", "replace").strip()
        if _ERROR.search(found["cell"]):
            unread[row, column] = value[:40] or "#ERROR!"
        elif found["formula"] is not None and not value and not _TEXT.search(found["cell"]):
            unread[row, column] = Formula("=" + (found["text"] or "…".encode()).decode("utf-8", "replace"))
    return unread


def _put(cells: list[list[Any]], unread: Mapping[tuple[int, int], str | Formula]) -> list[list[Any]]:
    """Put what calamine shows as empty in its place."""
    if not unread:
        return cells
    wide = max(max(column for _, column in unread) + 1, len(cells[0]) if cells else 0)
    high = max(row for row, _ in unread) + 1
    cells = [row + [""] * (wide - len(row)) for row in cells]
    cells += [[""] * wide for _ in range(high - len(cells))]
    for (row, column), text in unread.items():
        cells[row][column] = text
    return cells


def _merged(xml: bytes) -> tuple[CellRange, ...]:
    return tuple(
        CellRange(int(top) - 1, _position(left), int(bottom) - 1, _position(right))
        for left, top, right, bottom in _MERGED.findall(xml)
    )


def _hidden(xml: bytes) -> tuple[int, ...]:
    """Return the rows that are not shown, counted from 1."""
    if b"hidden=" not in xml:
        return ()
    numbers = (_NUMBER.search(row) for row in _HIDDEN_ROW.findall(xml))
    return tuple(int(number[1]) for number in numbers if number is not None)


def _position(column: bytes) -> int:
    """Return the position from 0 of a column that spreadsheets call A, B and so on."""
    number = 0
    for letter in column.upper():
        number = 26 * number + letter - ord("A") + 1
    return number - 1


def sheet_for(table: Table, book: Book, said: ColumnNames = NOTHING_SAID) -> RawTable:
    """Return the table of a workbook of one: the sheet named like it, else the only filled one.

    Raises
    ------
    RefusedError
        If there is no such sheet, or it is empty.
    """
    filled = [sheet for sheet in book.sheets if book.holds(sheet)]
    filled = [sheet for sheet in filled if sheet not in book.hidden] or filled
    named = [sheet for sheet in filled if table_named(sheet) is table]
    if not filled:
        raise RefusedError("empty_file", tr("is empty"), tr("fill it in, or leave an optional table out"))
    if len(named) == 1:
        return table_in(book.grid(named[0]), table, said)
    if len(filled) > 1:
        names = ", ".join(filled)
        problem = tr("has several filled sheets ({names})", names=names)
        cure = tr("call the one that holds the table «{name}»", name=table.called)
        raise RefusedError("ambiguous_sheet", problem, cure)
    return table_in(book.grid(filled[0]), table, said)
