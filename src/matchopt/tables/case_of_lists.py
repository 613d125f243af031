"""``matchopt new --from``: a case folder of lists, its ``columns.toml``, and the page that tells of it.

What stands in the cells is written as it came, but for days: their year may stand in a title of the list.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matchopt.contract.fields import Kind
from matchopt.contract.schema import TABLES
from matchopt.contract.settings import FILE
from matchopt.errors import Finding, RunError, Severity, reason_of
from matchopt.language import Language, speaking, spoken, tr, trn
from matchopt.tables.cells import STRIP
from matchopt.tables.column_names import (
    COLUMNS_FILE,
    NOTHING_SAID,
    OPEN,
    UNREAD,
    ColumnNames,
    as_toml,
    from_toml,
)
from matchopt.tables.columns import reading_of, typed_column
from matchopt.tables.data_package import PACKAGE_FILE, data_package
from matchopt.tables.findings import LIMIT, Findings
from matchopt.tables.foreign import Asking, ListRead, ListsRead, ask_nobody, read_lists
from matchopt.tables.raw import RawTable, as_texts
from matchopt.tables.read import check_case
from matchopt.tables.template import settings_text

PAGE_FILE = "lists.txt"
"""The page that tells what was recognised, assumed and is still open."""

Sheet = tuple[list[str], list[list[str]]]
"""Headers and rows of a table of the case."""


@dataclass(frozen=True, slots=True)
class CaseOfLists:
    """A case that was made of lists.

    Attributes
    ----------
    folder
        Where it is.
    page
        What was recognised, assumed and is still open.
    findings
        What the check of the case finds.
    """

    folder: Path
    page: str
    findings: tuple[Finding, ...]


def case_of_lists(
    folder: Path,
    lists: Sequence[Path],
    language: Language | str = "en",
    *,
    names: Path | None = None,
    ask: Asking = ask_nobody,
) -> CaseOfLists:
    """Make a case of lists in `folder`.

    Parameters
    ----------
    folder
        A folder that is not there yet, is empty, or holds a ``columns.toml`` and nothing else.
    lists
        Files of one list or more: CSV, XLSX.
    language
        Of headers and page.
    names
        A ``columns.toml`` of the same office; by default that in `folder`, else that beside the first list.
    ask
        Puts questions to the user.

    Raises
    ------
    RunError
        If a list cannot be read, none of them holds a table, or `folder` cannot be written.
    """
    with speaking(language):
        try:
            _refuse_full(folder)
            files = [(path.name, path.read_bytes()) for path in lists]
            done = read_lists(files, _names(names, folder, lists), ask)
            if not done.read:
                raise RunError("\n".join([tr("None of the lists holds a table."), *_left(done)]))
            tables = _tables(done)
            _write(folder, tables, done)
            findings = check_case(folder)[1]
            if _ask_cells(tables, findings, ask):
                _write(folder, tables, done)
                findings = check_case(folder)[1]
            page = "\n".join(_page(folder, done, findings)) + "\n"
            (folder / PAGE_FILE).write_bytes(page.encode("utf-8-sig"))
        except OSError as error:
            place = error.filename or folder
            reason = reason_of(error)
            raise RunError(
                tr("{place} cannot be read or written: {reason}", place=place, reason=reason)
            ) from error
    return CaseOfLists(folder, page, findings)


def _refuse_full(folder: Path) -> None:
    held = {path.name for path in folder.iterdir()} - {COLUMNS_FILE} if folder.is_dir() else set()
    if held or (os.path.lexists(folder) and not folder.is_dir()):
        raise RunError(tr("{folder} exists and is not an empty folder: choose another name", folder=folder))


def _names(names: Path | None, folder: Path, lists: Sequence[Path]) -> ColumnNames:
    """Return what was decided about an earlier list."""
    beside = [folder / COLUMNS_FILE, *(path.parent / COLUMNS_FILE for path in lists[:1])]
    file = names or next((path for path in beside if path.is_file()), None)
    if file is None:
        return NOTHING_SAID
    found = Findings()
    said = from_toml(file.read_bytes().decode("utf-8-sig", "replace"), found, file.name)
    wrong = [finding for finding in found.sorted() if finding.severity is Severity.ERROR]
    if wrong:
        raise RunError("\n".join(map(str, wrong)))
    return said


# --- tables ---------------------------------------------------------------------------------


def _tables(done: ListsRead) -> dict[str, Sheet]:
    """Return the tables of the case, in the order of the contract."""
    tables: dict[str, Sheet] = {}
    for name in TABLES:
        lists = [read for read in done.read if read.raw.name == name]
        if lists:
            tables[name] = _joined(lists)
    return tables


def _joined(lists: Sequence[ListRead]) -> Sheet:
    """Return the rows of all lists that are one table; ids that two of them share are told apart."""
    columns: dict[str, list[list[str]]] = {}
    lengths = [len(read.raw.rows) for read in lists]
    written = [_cells(read.raw) for read in lists]
    order = list(dict.fromkeys(header for of in written for header in of))
    for part, length in zip(written, lengths, strict=True):
        for header in order:
            columns.setdefault(header, []).append(part.get(header, [""] * length))
    key = _header(lists[0].raw, lists[0].raw.table.key[0]) if lists[0].raw.table.key else ""
    ids = columns.get(key, [])
    if len(ids) > 1 and key and lists[0].raw.table.key[0].endswith("_id"):
        again = {text for k, of in enumerate(ids) for text in of if any(text in other for other in ids[:k])}
        for k, of in enumerate(ids):
            ids[k] = [f"{lists[k].name.rsplit('.', 1)[0]}-{text}" if text in again else text for text in of]
    flat = [[text for part in columns[header] for text in part] for header in order]
    return order, [list(row) for row in zip(*flat, strict=True)]


def _cells(raw: RawTable) -> dict[str, list[str]]:
    """Return header → cells of a table: columns of the contract in order, then what is kept beside them."""
    cells: dict[str, list[str]] = {}
    for column in raw.table.columns:
        if column.name in raw.places:
            texts = as_texts(raw.columns[raw.places[column.name]]).rows
            shown = [text.strip(STRIP) for text in texts]
            cells[_header(raw, column.name)] = _days(raw, column.name, shown)
    for k, header in enumerate(raw.headers):
        if k not in raw.places.values() and header.strip(STRIP):
            cells.setdefault(
                header.strip(STRIP), [text.strip(STRIP) for text in as_texts(raw.columns[k]).rows]
            )
    return cells


def _header(raw: RawTable, name: str) -> str:
    """Return what a column is called in the case, the unit that its header tells in brackets."""
    column, unit = raw.table.column(name), raw.unit(name)
    if spoken() is Language.ZH:
        return f"{column.zh}（{unit}）" if unit else column.zh
    return f"{name} ({unit})" if unit else name


def _days(raw: RawTable, name: str, shown: list[str]) -> list[str]:
    """Return days written year-month-day where they can be read."""
    column = raw.table.column(name)
    if column.kind is not Kind.DAY:
        return shown
    typed = typed_column(raw, column, Findings(), reading_of(raw, column))
    days, wrong = typed.rows(typed.cells), typed.rows(typed.wrong)
    read = np.datetime_as_string(days.astype("datetime64[D]"))
    given = zip(shown, read, wrong, strict=True)
    return [str(day) if text and not bad and day != "NaT" else text for text, day, bad in given]


# --- files ------------------------------------------------------------------------------------


def _write(folder: Path, tables: Mapping[str, Sheet], done: ListsRead) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (headers, rows) in tables.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([headers, *rows])
        content = text.getvalue()
        # Spreadsheets take a CSV for UTF-8 only when it opens with a byte order mark.
        (folder / f"{name}.csv").write_bytes(content.encode("utf-8" if content.isascii() else "utf-8-sig"))
    (folder / COLUMNS_FILE).write_bytes(_columns_toml(done).encode("utf-8"))
    (folder / FILE).write_bytes(settings_text({}).encode("utf-8"))
    package = data_package(folder.resolve().name, {name: headers for name, (headers, _) in tables.items()})
    (folder / PACKAGE_FILE).write_bytes(package.encode("utf-8"))


def _columns_toml(done: ListsRead) -> str:
    intro = tr(
        'Their names of columns and ours, for the next list of the office; ? has to be said, "" is not read.'
    )
    remarks = {
        (table, header): tr('say which column it is, or ""')
        for table, columns in done.said.columns.items()
        for header, column in columns.items()
        if column == OPEN
    }
    return f"# {intro}\n\n{as_toml(done.said, remarks)}"


def _ask_cells(tables: Mapping[str, Sheet], findings: Sequence[Finding], ask: Asking) -> bool:
    """Ask for cells that nobody can read but the user; return whether any was answered."""
    answered = False
    asked = 0
    for finding in findings:
        sheet = tables.get(finding.table)
        if finding.severity is not Severity.ERROR or sheet is None or finding.row is None:
            continue
        headers, rows = sheet
        if finding.column not in headers or not 0 <= finding.row - 2 < len(rows) or asked == LIMIT:
            continue
        asked += 1
        answer = ask(str(finding), (), "")
        if answer:
            rows[finding.row - 2][headers.index(finding.column)] = answer
            answered = True
    return answered


# --- the page ----------------------------------------------------------------------------------


def _page(folder: Path, done: ListsRead, findings: Sequence[Finding]) -> list[str]:
    """Return the lines of the page: recognised, assumed, left out, to be decided, still missing."""
    lines = [tr("{case}: a case made of lists", case=folder.name), ""]
    lines += [tr("Recognised"), ""]
    for read in done.read:
        lines += _recognised(read)
    lines += _section(tr("Left out"), _left(done))
    errors = [str(finding) for finding in findings if finding.severity is Severity.ERROR]
    open_ = [f"{name}: {problem}" for name, problem in done.open]
    lines += _section(tr("To be decided"), [*open_, *errors])
    lines += _section(tr("Worth a look"), [str(f) for f in findings if f.severity is Severity.WARNING])
    lines += _section(tr("Still missing"), _missing(done))
    if not open_ and not errors and not any(f.code == "missing_table" for f in findings):
        lines += [tr("Nothing is left to decide."), ""]
    return lines[:-1]


def _section(title: str, entries: Sequence[str]) -> list[str]:
    return [title, "", *(f"  - {entry}" for entry in entries), ""] if entries else []


def _left(done: ListsRead) -> list[str]:
    return [f"{name}: {why}" for name, why in done.left]


def _recognised(read: ListRead) -> list[str]:
    raw = read.raw
    rows = trn("{n} row", "{n} rows", len(raw.rows))
    lines = ["  " + tr("{name} → {table}: {rows}", name=read.name, table=raw.table.called, rows=rows)]
    known = ((theirs, ours) for theirs, ours in read.headers.items() if ours not in (OPEN, UNREAD))
    columns = [f"{theirs} → {raw.table.called_column(ours)}" for theirs, ours in known]
    lines.append("    " + tr("columns: {listed}", listed=", ".join(columns)))
    for finding in read.findings:
        if finding.code not in ("converted", "kept_columns", "ask_column"):
            where = f"{finding.column}: " if finding.column else ""
            lines.append(f"    {where}{finding.problem}" + (f" → {finding.cure}" if finding.cure else ""))
    kept = [theirs for theirs, ours in read.headers.items() if ours == UNREAD]
    if kept:
        lines.append("    " + tr("kept and not read: {listed}", listed=", ".join(kept)))
    return [*lines, ""]


def _missing(done: ListsRead) -> list[str]:
    """Return what a plan needs, and what would make it better."""
    given = {read.raw.name for read in done.read}
    lines = [
        tr("{table}: without it there is no plan ({about})", table=table.called, about=table.said)
        for table in TABLES.values()
        if table.required and table.name not in given
    ]
    if "communities" not in given:
        lines.append(tr("communities with places: without them every distance is 0"))
    if "items" not in given:
        lines.append(tr("items with weights: without them a unit weighs 1 kg, and everything is goods"))
    return lines
