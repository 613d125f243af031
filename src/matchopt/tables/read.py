"""Reading files: a folder or workbook → Case; a CSV, XLSX or Parquet file → RawTable."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from os import PathLike, fspath
from pathlib import Path

import numpy as np
import pandas as pd

from matchopt.contract.case import Case, EarlierPlan, Source
from matchopt.contract.fields import Table
from matchopt.contract.plan import Plan
from matchopt.contract.schema import folded, table_named
from matchopt.contract.settings import FILE, Settings
from matchopt.errors import CaseError, Finding, shortened
from matchopt.language import mark, tr
from matchopt.tables.cells import STRIP
from matchopt.tables.check import checked_case
from matchopt.tables.csv import Records, records
from matchopt.tables.findings import LIMIT, Findings, RefusedError, near_table
from matchopt.tables.grid import Grid, table_in
from matchopt.tables.raw import REMARK, Formula, RawTable, cell_text, from_frame, without_remarks
from matchopt.tables.xlsx import Book, sheet_for, workbook

SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")
"""Endings of the files that are read as tables."""

_TABLE_LIKE = (*SUFFIXES, ".txt", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".json", ".feather")
_SETTINGS_SHEETS = {"settings", "设置"}
_SETTINGS_HEADERS = {"name", "setting", "settings", "名称", "设置", "项目"}


_SIGNATURES = {
    b"\x89PNG": mark("a PNG image"),
    b"\xff\xd8\xff": mark("a JPEG image"),
    b"GIF8": mark("a GIF image"),
    b"%PDF": mark("a PDF document"),
    b"PK\x03\x04": mark("a ZIP archive or a spreadsheet"),
    b"\xd0\xcf\x11\xe0": mark("an old Excel or Word document"),
    b"\x1f\x8b": mark("a GZIP archive"),
    b"PAR1": mark("a Parquet file"),
    b"\xff\xfe": mark("UTF-16 text"),
    b"\xfe\xff": mark("UTF-16 text"),
    b"{\\rtf": mark("an RTF document"),
    b"<!DOCTYPE": mark("a web page"),
    b"<html": mark("a web page"),
}
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1C), 0x7F])
_SAVE_AS = mark("save it as CSV (UTF-8) or XLSX")


def read_case(
    path: str | PathLike[str],
    changes: Sequence[str] = (),
    earlier: Plan | pd.DataFrame | EarlierPlan | None = None,
    today: date | None = None,
) -> Case:
    """Read and check the case at `path`.

    Parameters
    ----------
    path
        A folder with tables and an optional ``matchopt.toml``, or an ``.xlsx`` file whose
        sheets are the tables (a sheet ``settings`` may hold names and values).
    changes
        Settings that replace those of the case, such as ``policy.boundary=district``.
    earlier
        An earlier plan: what the table commitments does not say of its lines is a promise (`docs/replan.md`).
        Its allocations alone will do, but for ids of lines that no longer stand in them.
    today
        What "today" is in the settings; by default the day of the clock.

    Raises
    ------
    CaseError
        With every finding in tables and settings at once.
    """
    case, findings = check_case(path, changes, earlier, today)
    if case is None:
        raise CaseError(findings)
    return case


def check_case(
    path: str | PathLike[str],
    changes: Sequence[str] = (),
    earlier: Plan | pd.DataFrame | EarlierPlan | None = None,
    today: date | None = None,
) -> tuple[Case | None, tuple[Finding, ...]]:
    """Read and check the case at `path`; return it, or None, and everything found.

    Errors come first, then warnings, then notes, each in table and row order. Parameters
    as for `read_case`.
    """
    found = Findings()
    place = Path(fspath(path))
    sources: list[Source] = []
    try:
        if fspath(path) and place.is_dir():
            raws, unread, settings = _folder(place, (changes, today), found, sources)
        elif place.is_file():
            raws, unread, settings = _workbook(place, (changes, today), found, sources)
        else:
            raise FileNotFoundError
    except PermissionError:
        found.error("unreadable", str(place), tr("cannot be opened"), tr("check the permissions"))
        return None, found.sorted()
    except (OSError, ValueError):
        # Besides an absent path: a name that is too long, or holds a NUL.
        cure = tr("check the path of the case folder")
        found.error("no_such_path", shortened(place), tr("does not exist"), cure)
        return None, found.sorted()
    if not raws and not unread and place.is_file():
        return None, found.sorted()
    case = checked_case(raws, settings, found, tuple(sources), frozenset(unread), earlier, today)
    return case, found.sorted()


_Read = tuple[list[RawTable], set[str], Settings | None]
_Changes = tuple[Sequence[str], date | None]
"""What replaces settings of the case, and what "today" is in them."""


def _folder(place: Path, changes: _Changes, found: Findings, sources: list[Source]) -> _Read:
    """Read the tables and settings of a folder."""
    raws: list[RawTable] = []
    seen: dict[str, str] = {}
    toml: bytes | None = None
    for file in sorted(place.iterdir()):
        suffix = file.suffix.lower()
        if file.name.startswith((".", "~$")) or not file.is_file():
            continue
        if file.name.lower() == FILE:
            toml = _bytes(file, found, sources)
            continue
        table = table_named(file.stem)
        if suffix not in SUFFIXES or table is None:
            _warn_unread(file, found)
        elif table.name in seen:
            problem = tr("stands in {seen} and in {name}", seen=seen[table.name], name=file.name)
            found.error("duplicate_table", table.name, problem, tr("leave one of the files"))
        else:
            seen[table.name] = file.name
            data = _bytes(file, found, sources)
            raw = read_table(table, file.name, data, found) if data is not None else None
            if raw is not None:
                raws.append(raw)
    unread = set(seen) - {raw.table.name for raw in raws}
    return raws, unread, _settings(toml or b"", changes, found)


def _warn_unread(file: Path, found: Findings) -> None:
    """Warn of a file that looks as if it was meant to be read."""
    suffix = file.suffix.lower()
    if suffix in SUFFIXES:
        found.warning("unknown_file", file.name, tr("is no table that matchopt knows"), near_table(file.stem))
    elif suffix in _TABLE_LIKE and table_named(file.stem) is not None:
        found.warning("unknown_file", file.name, tr("is not read"), tr("save it as CSV or XLSX"))
    elif suffix == ".toml":
        found.warning("unknown_file", file.name, tr("is not read"), tr("settings stand in {file}", file=FILE))


def _bytes(file: Path, found: Findings, sources: list[Source]) -> bytes | None:
    try:
        data = file.read_bytes()
    except OSError as error:
        problem = tr("cannot be opened: {strerror}", strerror=error.strerror)
        found.error("unreadable", file.name, problem, tr("check the permissions"))
        return None
    sources.append(Source(file.name, hashlib.sha256(data).hexdigest(), str(file)))
    return data


def _settings(toml: bytes, changes: _Changes, found: Findings) -> Settings | None:
    try:
        text = decoded(toml)[1].decode("utf-8")
    except RefusedError as why:
        found.error("not_toml", FILE, why.problem, tr("save it as UTF-8 text"), row=why.row)
        return None
    return _from_toml(text, changes, FILE, found)


def _from_toml(text: str, changes: _Changes, source: str, found: Findings) -> Settings | None:
    try:
        return Settings.from_toml(text, changes[0], source, changes[1])
    except CaseError as error:
        found.take(error.findings)
        return None


def _workbook(place: Path, changes: _Changes, found: Findings, sources: list[Source]) -> _Read:
    """Read a workbook whose sheets are the tables."""
    if place.suffix.lower() != ".xlsx":
        problem, cure = (
            tr("is neither a folder nor an .xlsx workbook"),
            tr("give the folder that holds the tables"),
        )
        found.error("not_a_case", place.name, problem, cure)
        return [], set(), None
    data = _bytes(place, found, sources)
    try:
        book = workbook(data, place.name) if data is not None else None
    except RefusedError as why:
        found.refused(place.name, why)
        book = None
    if book is None:
        return [], set(), None
    raws, unread, given = _sheets(book, found)
    settings = _from_toml("", ([*given, *changes[0]], changes[1]), "settings", found)
    if not raws and not unread:
        unread |= {"needs", "donations"}
        problem = tr("has no sheet that is called like a table")
        found.error("not_a_case", place.name, problem, tr("call the sheets needs, donations, …"))
    return raws, unread, settings


def _sheets(book: Book, found: Findings) -> tuple[list[RawTable], set[str], list[str]]:
    """Return the tables of a workbook, those that cannot be read, and settings as ``section.name=value``."""
    raws: list[RawTable] = []
    unread: set[str] = set()
    given: list[str] = []
    strange: list[str] = []
    for sheet in book.sheets:
        table = table_named(sheet)
        try:
            if folded(sheet) in _SETTINGS_SHEETS:
                given += _pairs(book.grid(sheet), found)
            elif table is None:
                strange += [sheet] * book.holds(sheet)
            elif any(raw.table is table for raw in raws) or table.name in unread:
                found.error(
                    "duplicate_table", table.name, tr("stands in two sheets"), tr("leave one of them")
                )
            else:
                raws.append(table_in(book.grid(sheet), table))
        except RefusedError as why:
            unread |= {table.name} if table else set()
            found.refused(table.name if table else sheet, why)
    for sheet in strange[:LIMIT]:
        found.warning("unknown_sheet", sheet, tr("is no table that matchopt knows"), near_table(sheet))
    if len(strange) > LIMIT:
        problem = tr("{count} more sheets are no tables that matchopt knows", count=len(strange) - LIMIT)
        found.warning("unknown_sheet", book.file, problem)
    return raws, unread, given


def _pairs(sheet: Grid, found: Findings) -> list[str]:
    """Return the rows of the settings sheet as ``section.name=value``."""
    pairs = []
    texts = [[cell_text(cell).strip(STRIP) for cell in cells] for cells in sheet.cells]
    first = min((k for shown in texts for k, text in enumerate(shown) if text), default=0)
    for row, (shown, cells) in enumerate(zip(texts, sheet.cells, strict=True), start=1):
        name, value = [*shown[first:], "", ""][:2]
        if not any(shown) or name.startswith(REMARK) or folded(name) in _SETTINGS_HEADERS:
            continue
        if any(isinstance(cell, Formula) for cell in cells):
            problem = tr("is a formula, and the file does not hold its value")
            cure = tr("open the workbook in a spreadsheet and save it")
            found.error("formula_without_value", sheet.sheet, problem, cure, row=row, value=value)
        elif not name or not value or "=" in name:
            problem, cure = tr("needs a name and a value"), tr("for instance policy.boundary | open")
            found.error("bad_setting", sheet.sheet, problem, cure, row=row, value=name or value)
        else:
            pairs.append(f"{name}={value}")
    return pairs


# --- one file ----------------------------------------------------------------------------


def read_table(table: Table, name: str, data: bytes, found: Findings) -> RawTable | None:
    """Read the content `data` of the file `name`; None, with a finding, if it is no table."""
    try:
        if name.lower().endswith(".xlsx"):
            return sheet_for(table, workbook(data, name))
        if name.lower().endswith(".parquet"):
            return _parquet(table, name, data)
        return _csv(table, name, data, found)
    except RefusedError as why:
        found.refused(name, why)
        return None


def _csv(table: Table, name: str, data: bytes, found: Findings) -> RawTable:
    encoding, clean = decoded(data)
    parts = records(clean, table)
    if encoding != "UTF-8":
        problem = tr("{name} is read as {encoding}", name=name, encoding=encoding)
        found.note("converted", table.name, problem, value=_first_foreign(clean))
    _report_ragged(table, parts, found)
    columns = tuple(parts.column(k) for k in range(len(parts.header)))
    raw = RawTable(table, name, parts.header, columns, parts.rows, parts.head, parts.remarks)
    return without_remarks(replace(raw, whole=not parts.ragged, above=parts.above))


def _report_ragged(table: Table, parts: Records, found: Findings) -> None:
    width = len(parts.header)
    cure = tr("give every row as many cells as the header; put a cell that holds the separator in quotes")
    for row, fields in parts.ragged[:LIMIT]:
        problem = tr("has {fields} cells, the header has {width}", fields=fields, width=width)
        found.error("ragged_row", table.name, problem, cure, row=row)
    if len(parts.ragged) > LIMIT:
        problem = tr("{count} more rows are ragged", count=len(parts.ragged) - LIMIT)
        found.error("ragged_row", table.name, problem, tr("cure them likewise"))


def _first_foreign(clean: bytes) -> str:
    """Return the first words that are not ASCII, for the user to see that they are right."""
    for line in clean[:100_000].decode("utf-8", "ignore").splitlines():
        if not line.isascii():
            return line
    return ""


def _parquet(table: Table, name: str, data: bytes) -> RawTable:
    try:
        frame = pd.read_parquet(io.BytesIO(data), engine="pyarrow")
    except ImportError:
        problem = tr("is a Parquet file, which needs pyarrow")
        raise RefusedError("no_parquet", problem, tr('pip install "matchopt[parquet]"')) from None
    except Exception as error:
        # pyarrow raises errors of many families on broken files.
        problem = tr("cannot be read as Parquet ({why})", why=shortened(error, 120))
        raise RefusedError("not_a_table", problem, tr("write the file again, or save it as CSV")) from None
    return from_frame(table, frame, name)


def decoded(data: bytes) -> tuple[str, bytes]:
    """Return the encoding of `data` and its content in UTF-8 without BOM, lines ending in LF.

    Raises
    ------
    RefusedError
        If it is no text, or in neither encoding, or in both.
    """
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise RefusedError("not_a_table", tr("is {what}, no CSV file", what=tr(what)), tr(_SAVE_AS))
    if _holds_controls(data):
        raise RefusedError("not_a_table", tr("is no text: it holds control characters"), tr(_SAVE_AS))
    encoding = "UTF-8"
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.isascii() or data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse_mixture(data)
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            row = data.count(b"\n", 0, error.start) + 1
            raise RefusedError(
                "encoding", tr("is in neither UTF-8 nor GB18030 (GBK)"), tr("save it as CSV UTF-8"), row=row
            ) from None
        encoding, data = "GB18030", text.encode("utf-8")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return encoding, data


def _holds_controls(data: bytes) -> bool:
    """Return whether there are control characters besides tabs, line ends and the like."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    low = np.count_nonzero(buffer < ord(" "))
    if low == np.count_nonzero(buffer == ord("\n")) and b"\x7f" not in data:
        return False  # quicker to see than by the next line
    return len(data.translate(None, _CONTROLS)) < len(data)


def _refuse_mixture(data: bytes) -> None:
    """Refuse text of which some lines are Chinese in UTF-8 and others are not UTF-8 at all."""
    unicode_line = other_line = 0
    for row, line in enumerate(data.splitlines(), start=1):
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            other_line = other_line or row
        else:
            # Two-byte characters occur by chance in GBK; a line of three-byte ones hardly does.
            if all(char.isascii() or char >= "\u0800" for char in text):
                unicode_line = unicode_line or row
        if unicode_line and other_line:
            rows = {"unicode_line": unicode_line, "other_line": other_line}
            problem = tr("is in two encodings: row {unicode_line} is UTF-8, row {other_line} is not", **rows)
            cure = tr("open the parts one by one and save them in one file as CSV UTF-8")
            raise RefusedError("mixed_encodings", problem, cure, row=max(rows.values()))
