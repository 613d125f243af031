"""Copies of the user's own tables as one workbook, formats kept: findings are marked and cured in it."""

from __future__ import annotations

import csv
import io
import json
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matchopt.contract.settings import FILE
from matchopt.language import tr
from matchopt.tables.cells import STRIP
from matchopt.tables.column_names import COLUMNS_FILE, from_toml
from matchopt.tables.csv import DELIMITERS
from matchopt.tables.files import SUFFIXES, WORKBOOKS, decoded
from matchopt.tables.findings import Findings, Layout, RefusedError
from matchopt.tables.raw import Formula
from matchopt.tables.read import OURS
from matchopt.tables.xlsx import workbook

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

AUTHOR = "matchopt"
"""Author of our comments: those of an earlier copy are taken away."""

LONGEST_TITLE = 31
LOOKED_AT = 50
WIDEST, NARROWEST = 50, 9


@dataclass(slots=True)
class CaseCopy:
    """The files of a case as one workbook.

    Attributes
    ----------
    book
        The workbook.
    sheets
        File and sheet as findings name them → the sheet of the copy.
    lost
        What is not in the copy.
    """

    book: Workbook
    sheets: dict[tuple[str, str], Worksheet] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def title(self, wanted: str) -> str:
        """Return a title for a new sheet that spreadsheets take and no other sheet has."""
        bare = "".join("_" if c in r"[]:*?/\'" or not c.isprintable() else c for c in wanted) or "_"
        taken = {title.casefold() for title in self.book.sheetnames}
        titles = (f"{bare[: LONGEST_TITLE - len(end)]}{end}" for end in _endings())
        return next(title for title in titles if title.casefold() not in taken)


def _endings() -> Iterator[str]:
    yield ""
    yield from (f" ({k})" for k in range(2, 10_000))


def copy_of(place: Path, *, values: Mapping[str, Layout] | None = None) -> CaseCopy:
    """Return a copy of the case at `place`, a workbook or a folder of files.

    Parameters
    ----------
    values
        Where tables stand in which formulas are replaced by the values that the file holds for them, so that
        nobody has to open the copy before it is read.

    Raises
    ------
    RefusedError
        If a workbook is none that can be read.
    """
    if place.is_file():
        return _of_workbook(place, values or {})
    files = [f for f in sorted(place.iterdir()) if f.is_file() and not f.name.startswith((".", "~$"))]
    tables = [f for f in files if f.suffix.lower() in SUFFIXES]
    if len(tables) == 1 and tables[0].suffix.lower() in WORKBOOKS:
        copied = _of_workbook(tables[0], values or {})
    else:
        copied = _of_files(tables, values or {})
    for f in files:
        if f.name.lower() == FILE:
            _add_settings(copied, f)
        elif f.name.lower() == COLUMNS_FILE:
            _add_columns(copied, f)
    return copied


def _of_workbook(file: Path, values: Mapping[str, Layout]) -> CaseCopy:
    """Return a copy of one workbook; formats are kept where openpyxl can read them."""
    data = file.read_bytes()
    read = workbook(data, file.name)
    copied = CaseCopy(_opened(data, file.name) or _plain(read))
    for sheet in copied.book.worksheets:
        if sheet.title.startswith(OURS):
            copied.book.remove(sheet)
        else:
            copied.sheets[file.name, sheet.title] = sheet
            if read.commented:
                _unmark(sheet)
    stand = {layout.sheet for layout in values.values() if layout.file == file.name}
    _put_values([sheet for sheet in copied.book.worksheets if sheet.title in stand], data)
    if file.suffix.lower() == ".xlsm":
        copied.lost.append(tr("macros are not copied"))
    return copied


def _opened(data: bytes, name: str, *, values: bool = False) -> Workbook | None:
    """Return a workbook with its formats, or None if it holds something that openpyxl does not know."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load_workbook(io.BytesIO(data), data_only=values, rich_text=not values)
        except Exception:
            # Broken styles and the like raise errors of many families.
            return None


def _plain(read: Any) -> Workbook:
    """Return a workbook of the cells alone."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in read.sheets:
        _fill(book.create_sheet(sheet), read.grid(sheet).cells)
    return book


def _unmark(sheet: Worksheet) -> None:
    """Take away what an earlier copy has marked."""
    from openpyxl.styles import PatternFill

    for row in sheet.iter_rows():
        for cell in row:
            if cell.comment is not None and cell.comment.author == AUTHOR:
                cell.comment, cell.fill = None, PatternFill()


def _put_values(sheets: Sequence[Worksheet], data: bytes) -> None:
    """Put values in place of formulas, where the file holds them."""
    formulas = [
        cell for sheet in sheets for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    known = _opened(data, "", values=True) if formulas else None
    for cell in formulas if known is not None else ():
        value = known[cell.parent.title][cell.coordinate].value  # type: ignore[index]
        if value is not None and not str(value).startswith("#"):
            cell.value = value


def _of_files(files: Sequence[Path], values: Mapping[str, Layout]) -> CaseCopy:
    """Return a workbook with a sheet for each table of several files."""
    from openpyxl import Workbook

    copied = CaseCopy(Workbook())
    copied.book.remove(copied.book.worksheets[0])
    for file in files:
        try:
            if file.suffix.lower() == ".parquet":
                _add_parquet(copied, file)
            elif file.suffix.lower() in WORKBOOKS:
                _add_sheets(copied, _of_workbook(file, values), file)
            else:
                sheet = copied.book.create_sheet(copied.title(file.stem))
                copied.sheets[file.name, ""] = sheet
                _fill(sheet, records_of(file.read_bytes()))
        except RefusedError as why:
            copied.lost.append(f"{file.name}: {why.problem}")
    return copied


def records_of(data: bytes) -> list[list[str]]:
    """Return the records of a CSV file, each in the row that spreadsheets show it in."""
    text = decoded(data)[1].decode("utf-8")
    lines = text.splitlines()[:LOOKED_AT]
    split = {sign: [len(row) for row in csv.reader(lines, delimiter=sign)] for sign in DELIMITERS}
    likely = max(split, key=lambda sign: sorted(split[sign])[len(split[sign]) // 2] if split[sign] else 0)
    stated = lines[0].strip('"')[4:5] if lines and lines[0].strip('"').lower().startswith("sep=") else ""
    csv.field_size_limit(2**31 - 1)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=stated or likely))


def _add_parquet(copied: CaseCopy, file: Path) -> None:
    import pandas as pd

    try:
        frame = pd.read_parquet(file)
    except Exception:
        raise RefusedError("not_a_table", tr("cannot be read"), "") from None
    sheet = copied.book.create_sheet(copied.title(file.stem))
    copied.sheets[file.name, ""] = sheet
    _fill(sheet, [list(frame.columns), *frame.astype(object).where(frame.notna(), None).to_numpy().tolist()])


def _add_sheets(copied: CaseCopy, other: CaseCopy, file: Path) -> None:
    """Copy the sheets of another workbook, looks and all; one alone is called like the file."""
    for (name, title), sheet in other.sheets.items():
        own = title if len(other.sheets) > 1 else file.stem
        copied.sheets[name, title] = _carried(sheet, copied.book.create_sheet(copied.title(own)))
    copied.lost += other.lost


def _carried(sheet: Worksheet, to: Worksheet) -> Worksheet:
    from openpyxl.cell.cell import MergedCell

    looks: dict[Any, Any] = {}
    cell: Any
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, MergedCell) or (cell.value is None and not cell.has_style):
                continue
            new: Any = to.cell(cell.row, cell.column, cell.value)
            if cell.has_style:
                if cell._style not in looks:
                    for part in ("font", "fill", "border", "alignment", "number_format", "protection"):
                        setattr(new, part, copy(getattr(cell, part)))
                    looks[cell._style] = new._style
                new._style = copy(looks[cell._style])
            if cell.comment is not None:
                new.comment = copy(cell.comment)
    for letter, column in sheet.column_dimensions.items():
        to.column_dimensions[letter].width, to.column_dimensions[letter].hidden = column.width, column.hidden
    for number, height in ((n, of.height) for n, of in sheet.row_dimensions.items() if of.height):
        to.row_dimensions[number].height = height
    for block in sheet.merged_cells.ranges:
        to.merge_cells(str(block))
    to.freeze_panes, to.sheet_state = sheet.freeze_panes, sheet.sheet_state
    return to


def _fill(sheet: Worksheet, rows: Sequence[Sequence[Any]]) -> None:
    """Fill a sheet with plain cells, the columns as wide as what stands in them."""
    from openpyxl.utils import get_column_letter

    widths: dict[int, int] = {}
    for k, row in enumerate(rows, start=1):
        for at, text in enumerate(row, start=1):
            if text is not None and text != "":
                put(sheet, k, at, text)
                if k <= LOOKED_AT:
                    widths[at] = max(widths.get(at, 0), sum(1 + (c > "\u2e80") for c in str(text)[:WIDEST]))
    for at, width in widths.items():
        sheet.column_dimensions[get_column_letter(at)].width = min(max(width + 2, NARROWEST), WIDEST)


def put(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    """Write a cell: numbers and days that a text writes as such, all else as it is and never as a formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell: Any = sheet.cell(row, column)
    value = str(value) if isinstance(value, Formula) else value
    if isinstance(value, str):
        value = _content(ILLEGAL_CHARACTERS_RE.sub("", value))
    elif not isinstance(value, (bool, int, float, date, datetime)):
        value = None if value is None else str(value)
    cell.value = value
    if isinstance(value, str) and value.startswith("="):
        cell.data_type = "s"


def _content(text: str) -> str | float | None:
    """Return what a cell has to hold to be read as `text`: a number only where it comes out the same."""
    bare = text.strip(STRIP)
    try:
        number = float(bare)
    except ValueError:
        return text or None
    return number if f"{number:.15g}" == bare and "n" not in bare else text


def _add_settings(copied: CaseCopy, file: Path) -> None:
    """Add the settings of a folder as the sheet that a workbook has for them."""
    try:
        said = tomllib.loads(decoded(file.read_bytes())[1].decode("utf-8"))
    except (RefusedError, tomllib.TOMLDecodeError, RecursionError) as why:
        copied.lost.append(f"{file.name}: {why}")
        return
    rows = list(_leaves(said, ""))
    if rows:
        sheet = copied.book.create_sheet(copied.title(tr("settings")))
        copied.sheets[FILE, ""] = sheet
        _fill(sheet, [[tr("setting"), tr("value")], *rows])


def _add_columns(copied: CaseCopy, file: Path) -> None:
    """Add what was decided about columns as the sheet that a workbook has for it."""
    said = from_toml(decoded(file.read_bytes())[1].decode("utf-8"), Findings())
    rows = [[table, *pair] for table, names in said.columns.items() for pair in names.items()]
    words = said.values  # noqa: PD011
    if any(words.values()):
        copied.lost.append(f"{file.name}: values")
    if rows:
        sheet = copied.book.create_sheet(copied.title("columns"))
        copied.sheets[file.name, ""] = sheet
        _fill(sheet, [["", "", ""], *rows])


def _leaves(said: Mapping[str, Any], above: str) -> Iterator[list[Any]]:
    for name, value in said.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        elif isinstance(value, (list, bool)):
            yield [f"{above}{name}", json.dumps(value, ensure_ascii=False, default=str)]
        else:
            yield [f"{above}{name}", value if isinstance(value, (int, float)) else str(value)]
