"""Reading files: a folder or workbook → Case; a CSV, XLSX or Parquet file → RawTable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from os import PathLike, fspath
from pathlib import Path

import pandas as pd

from matchopt.contract.case import Case, EarlierPlan, Source
from matchopt.contract.plan import Plan
from matchopt.contract.schema import folded, table_named
from matchopt.contract.settings import FILE, Settings
from matchopt.errors import CaseError, Finding, reason_of, shortened
from matchopt.language import tr
from matchopt.tables.cells import STRIP
from matchopt.tables.check import checked_case
from matchopt.tables.column_names import (
    COLUMNS_FILE,
    COLUMNS_SHEETS,
    NOTHING_SAID,
    ColumnNames,
    from_rows,
    from_toml,
)
from matchopt.tables.files import SUFFIXES, WORKBOOKS, decoded, read_table
from matchopt.tables.findings import LIMIT, REMARK, Findings, RefusedError, near_table
from matchopt.tables.grid import Grid, table_in
from matchopt.tables.header_names import plain
from matchopt.tables.raw import Formula, RawTable, cell_text
from matchopt.tables.recognise import Listed, lists_in, sheet_of, table_of
from matchopt.tables.xlsx import Book, workbook

OTHER_BOOKS = (".xls", ".xlsb", ".et", ".ods", ".numbers")
"""Endings of workbooks that have to be saved in another format."""
_TABLE_LIKE = (*SUFFIXES, *OTHER_BOOKS, ".txt", ".json", ".feather")
SETTINGS_SHEETS = {"settings", "设置"}
OURS = "matchopt "
"""What sheets are called after that a marked or cured copy has besides those of the user."""
_SETTINGS_HEADERS = {"name", "setting", "settings", "名称", "设置", "项目"}


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
    found: Findings | None = None,
) -> tuple[Case | None, tuple[Finding, ...]]:
    """Read and check the case at `path`; return it, or None, and everything found.

    Errors come first, then warnings, then notes, each in table and row order. Who hands in where they are
    collected says how many rows of one kind are named, and learns where each table stands. Further
    parameters as for `read_case`.
    """
    found = Findings() if found is None else found
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
    files = [f for f in sorted(place.iterdir()) if f.is_file() and not f.name.startswith((".", "~$"))]
    settings = {f.name.lower(): f for f in files if f.name.lower() in (FILE, COLUMNS_FILE)}
    toml = _bytes(settings[FILE], found, sources) if FILE in settings else None
    said = _column_names(settings[COLUMNS_FILE], found, sources) if COLUMNS_FILE in settings else NOTHING_SAID
    strange: list[Path] = []
    for file in files:
        table = table_named(file.stem)
        if file in settings.values():
            continue
        if file.suffix.lower() not in SUFFIXES or table is None:
            strange.append(file)
        elif table.name in seen:
            problem = tr("stands in {seen} and in {name}", seen=seen[table.name], name=file.name)
            found.error("duplicate_table", table.name, problem, tr("leave one of the files"))
        else:
            seen[table.name] = file.name
            data = _bytes(file, found, sources)
            raw = read_table(table, file.name, data, found, said) if data is not None else None
            if raw is not None:
                raws.append(raw)
    given: list[str] = []
    for file in strange:
        given += _strange_file(file, said, raws, seen, found, sources)
    unread = set(seen) - {raw.table.name for raw in raws}
    sources.sort(key=lambda source: source.name)
    return raws, unread, _settings(toml or b"", ([*given, *changes[0]], changes[1]), found)


def _column_names(file: Path, found: Findings, sources: list[Source]) -> ColumnNames:
    """Return what ``columns.toml`` says of the columns."""
    data = _bytes(file, found, sources)
    try:
        text = decoded(data or b"")[1].decode("utf-8")
    except RefusedError as why:
        found.error("not_toml", file.name, why.problem, tr("save it as UTF-8 text"), row=why.row)
        return NOTHING_SAID
    return from_toml(text, found, file.name)


def _strange_file(
    file: Path,
    said: ColumnNames,
    raws: list[RawTable],
    seen: dict[str, str],
    found: Findings,
    sources: list[Source],
) -> list[str]:
    """Read what a file holds that is not called like a table; return settings of its sheets."""
    if file.suffix.lower() not in SUFFIXES:
        _warn_unread(file, found)
        return []
    kept: list[Source] = []
    data = _bytes(file, found, kept)
    if data is None:
        return []
    given: list[str] = []
    before = len(raws)
    try:
        if file.suffix.lower() in WORKBOOKS:
            given = _sheets(workbook(data, file.name), said, raws, seen, found, alone=False)
        else:
            for listed in lists_in(file.name, data):
                _take(listed, said, raws, seen, found)
    except RefusedError:
        pass  # that it is no table is told below
    if len(raws) == before and not given:
        _warn_unread(file, found)
    else:
        sources += kept
    return given


def _take(
    listed: Listed, said: ColumnNames, raws: list[RawTable], seen: dict[str, str], found: Findings
) -> bool:
    """Read a list that is not called like a table if it is one that nothing else holds; tell so."""
    table = table_of(listed, said).table
    if table is None or table.name in seen:
        return False
    raw = listed.read(table, said, found)
    seen[table.name] = listed.name
    if raw is not None:
        raws.append(raw)
        problem = tr("«{name}» is read as this table", name=listed.name)
        found.note("table_found", table.name, problem)
    return True


def _warn_unread(file: Path, found: Findings) -> None:
    """Tell of a file that looks as if it was meant to be read: an error where it may be one of the tables."""
    suffix, meant = file.suffix.lower(), near_table(file.stem, "")
    if suffix in SUFFIXES:
        say = found.error if meant else found.warning
        say("unknown_file", file.name, tr("is no table that matchopt knows"), near_table(file.stem))
    elif suffix in _TABLE_LIKE and (table_named(file.stem) is not None or suffix in OTHER_BOOKS):
        say = found.error if table_named(file.stem) is not None else found.warning
        say("unknown_file", file.name, tr("is not read"), tr("save it as .xlsx or CSV"))
    elif suffix == ".toml":
        found.warning("unknown_file", file.name, tr("is not read"), tr("settings stand in {file}", file=FILE))


def _bytes(file: Path, found: Findings, sources: list[Source]) -> bytes | None:
    try:
        data = file.read_bytes()
    except OSError as error:
        problem = tr("cannot be opened: {strerror}", strerror=reason_of(error))
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
    if place.suffix.lower() not in WORKBOOKS:
        problem = tr("is neither a folder nor an .xlsx workbook")
        cure = tr("give the folder that holds the tables")
        if place.suffix.lower() in OTHER_BOOKS:
            cure = tr("open it in a spreadsheet and save it as an Excel workbook (.xlsx)")
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
    raws: list[RawTable] = []
    seen: dict[str, str] = {}
    beside = place.parent / COLUMNS_FILE
    said = _column_names(beside, found, sources) if beside.is_file() else NOTHING_SAID
    given = _sheets(book, said, raws, seen, found)
    unread = set(seen) - {raw.table.name for raw in raws}
    settings = _from_toml("", ([*given, *changes[0]], changes[1]), "settings", found)
    if not raws and not unread:
        unread |= {"needs", "donations"}
        problem = tr("has no sheet that is called like a table")
        found.error("not_a_case", place.name, problem, tr("call the sheets needs, donations, …"))
    return raws, unread, settings


def _sheets(
    book: Book,
    said: ColumnNames,
    raws: list[RawTable],
    seen: dict[str, str],
    found: Findings,
    *,
    alone: bool = True,
) -> list[str]:
    """Read the tables of a workbook; return its settings as ``section.name=value``.

    A sheet that is not shown counts only where no other is that table.
    """
    given: list[str] = []
    strange: list[str] = []
    shown = sorted(book.sheets, key=lambda sheet: sheet in book.hidden)
    for sheet in shown:
        if plain(sheet) in COLUMNS_SHEETS:
            said = _columns_sheet(book.grid(sheet), found)
    for sheet in shown:
        table = table_named(sheet)
        try:
            if folded(sheet) in SETTINGS_SHEETS:
                given += _pairs(book.grid(sheet), found)
            elif sheet.startswith(OURS) or plain(sheet) in COLUMNS_SHEETS:
                continue
            elif table is None:
                strange += [sheet] * book.holds(sheet)
            elif table.name in seen and sheet in book.hidden:
                found.note(
                    "hidden_sheet", table.name, tr("the hidden sheet «{sheet}» is left out", sheet=sheet)
                )
            elif table.name in seen:
                found.error(
                    "duplicate_table", table.name, tr("stands in two sheets"), tr("leave one of them")
                )
            else:
                seen[table.name] = sheet
                raws.append(table_in(book.grid(sheet), table, said))
        except RefusedError as why:
            found.refused(table.name if table else sheet, why)
    strange = [sheet for sheet in strange if not _take_sheet(book, sheet, said, raws, seen, found)]
    if alone or len(raws):
        _tell_strange(book, strange, found)
    return given


def _take_sheet(
    book: Book,
    sheet: str,
    said: ColumnNames,
    raws: list[RawTable],
    seen: dict[str, str],
    found: Findings,
) -> bool:
    try:
        return _take(sheet_of(book, sheet), said, raws, seen, found)
    except RefusedError as why:
        found.refused(sheet, why)
        return True


def _tell_strange(book: Book, strange: Sequence[str], found: Findings) -> None:
    for sheet in strange[:LIMIT]:
        found.warning("unknown_sheet", sheet, tr("is no table that matchopt knows"), near_table(sheet))
    if len(strange) > LIMIT:
        problem = tr("{count} more sheets are no tables that matchopt knows", count=len(strange) - LIMIT)
        found.warning("unknown_sheet", book.file, problem)


def _columns_sheet(grid: Grid, found: Findings) -> ColumnNames:
    """Return what a sheet of columns says: table, their name, our name; a row of headings is skipped."""
    rows = [[cell_text(cell).strip(STRIP) for cell in cells] for cells in grid.cells]
    filled = [([*row, "", ""][0], [*row, "", ""][1], [*row, "", ""][2]) for row in rows if any(row)]
    if filled and table_named(filled[0][0]) is None:
        del filled[0]
    return from_rows(filled, grid.sheet, found)


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
