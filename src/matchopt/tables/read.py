"""A folder or workbook → Case."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from matchopt.contract.case import Case, Source
from matchopt.contract.schema import folded, table_named
from matchopt.contract.settings import FILE, Settings
from matchopt.errors import CaseError, Finding, shortened
from matchopt.language import tr
from matchopt.tables.cells import STRIP
from matchopt.tables.check import checked_case
from matchopt.tables.csv import UnreadableError, decoded
from matchopt.tables.files import SUFFIXES, read_table
from matchopt.tables.findings import Findings
from matchopt.tables.names import near_table
from matchopt.tables.raw import RawTable, cell_text
from matchopt.tables.xlsx import Sheet, raw_sheet, workbook

if TYPE_CHECKING:
    import pandas as pd

_TABLE_LIKE = (*SUFFIXES, ".txt", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".json", ".feather")
_SETTINGS_SHEETS = {"settings", "设置"}
_SETTINGS_HEADERS = {"name", "setting", "settings", "名称", "设置", "项目"}


def read_case(
    path: str | PathLike[str], changes: Sequence[str] = (), earlier: pd.DataFrame | None = None
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
        Allocations of an earlier plan: what the table commitments does not say of them is a promise
        (`docs/replan.md`).

    Raises
    ------
    CaseError
        With every finding in tables and settings at once.
    """
    case, findings = check_case(path, changes, earlier)
    if case is None:
        raise CaseError(findings)
    return case


def check_case(
    path: str | PathLike[str], changes: Sequence[str] = (), earlier: pd.DataFrame | None = None
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
            raws, unread, settings = _folder(place, changes, found, sources)
        elif place.is_file():
            raws, unread, settings = _workbook(place, changes, found, sources)
        else:
            raise FileNotFoundError
    except PermissionError:
        found.error("unreadable", str(place), tr("cannot be opened"), tr("check the permissions"))
        return None, found.sorted()
    except (OSError, ValueError):
        # Besides an absent path: a name that is too long, or holds a NUL.
        found.error(
            "no_such_path", shortened(place), tr("does not exist"), tr("check the path of the case folder")
        )
        return None, found.sorted()
    if not raws and not unread and place.is_file():
        return None, found.sorted()
    case = checked_case(raws, settings, found, tuple(sources), frozenset(unread), earlier)
    return case, found.sorted()


_Read = tuple[list[RawTable], set[str], Settings | None]


def _folder(place: Path, changes: Sequence[str], found: Findings, sources: list[Source]) -> _Read:
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
            found.error(
                "duplicate_table",
                table.name,
                tr("stands in {seen} and in {name}", seen=seen[table.name], name=file.name),
                tr("leave one of the files"),
            )
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
        found.error(
            "unreadable",
            file.name,
            tr("cannot be opened: {strerror}", strerror=error.strerror),
            tr("check the permissions"),
        )
        return None
    sources.append(Source(file.name, hashlib.sha256(data).hexdigest(), str(file)))
    return data


def _settings(toml: bytes, changes: Sequence[str], found: Findings) -> Settings | None:
    try:
        text = decoded(toml)[1].decode("utf-8")
    except UnreadableError as why:
        found.error("not_toml", FILE, why.problem, tr("save it as UTF-8 text"), row=why.row)
        return None
    return _from_toml(text, changes, FILE, found)


def _from_toml(text: str, changes: Sequence[str], source: str, found: Findings) -> Settings | None:
    try:
        return Settings.from_toml(text, changes, source)
    except CaseError as error:
        found.take(error.findings)
        return None


def _workbook(place: Path, changes: Sequence[str], found: Findings, sources: list[Source]) -> _Read:
    """Read a workbook whose sheets are the tables."""
    if place.suffix.lower() != ".xlsx":
        found.error(
            "not_a_case", place.name, tr("is neither a folder nor an .xlsx workbook"),
            tr("give the folder that holds the tables"),
        )  # fmt: skip
        return [], set(), None
    data = _bytes(place, found, sources)
    if data is None:
        return [], set(), None
    try:
        sheets = workbook(data)
    except UnreadableError as why:
        found.error(why.code, place.name, why.problem, why.cure)
        return [], set(), None
    raws: list[RawTable] = []
    unread: set[str] = set()
    given: list[str] = []
    for sheet in sheets:
        table = table_named(sheet.name)
        if folded(sheet.name) in _SETTINGS_SHEETS:
            given += _pairs(sheet, found)
        elif table is None:
            if sheet.cells:
                cure = near_table(sheet.name)
                found.warning("unknown_sheet", sheet.name, tr("is no table that matchopt knows"), cure)
        elif any(raw.table is table for raw in raws) or table.name in unread:
            found.error("duplicate_table", table.name, tr("stands in two sheets"), tr("leave one of them"))
        else:
            try:
                raws.append(raw_sheet(table, sheet, place.name))
            except UnreadableError as why:
                unread.add(table.name)
                found.error(why.code, table.name, why.problem, why.cure)
    settings = _from_toml("", [*given, *changes], "settings", found)
    if not raws and not unread:
        unread |= {"needs", "donations"}
        found.error(
            "not_a_case", place.name, tr("has no sheet that is called like a table"),
            tr("call the sheets needs, donations, …"),
        )  # fmt: skip
    return raws, unread, settings


def _pairs(sheet: Sheet, found: Findings) -> list[str]:
    """Return the rows of the settings sheet as ``section.name=value``."""
    pairs = []
    for k, cells in enumerate(sheet.cells):
        shown = [cell_text(cell).strip(STRIP) for cell in cells]
        name, value = shown[0], shown[1] if len(shown) > 1 else ""
        if not any(shown) or name.startswith("##") or folded(name) in _SETTINGS_HEADERS:
            continue
        if not name or not value or "=" in name:
            found.error(
                "bad_setting",
                sheet.name,
                tr("needs a name and a value"),
                tr("for instance policy.boundary | open"),
                row=sheet.top + k,
                value=name or value,
            )
        else:
            pairs.append(f"{name}={value}")
    return pairs
