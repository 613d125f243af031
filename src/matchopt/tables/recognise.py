"""Which table a sheet or file is that is not called like one: by words in name or title, by headers."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath

from matchopt.contract.fields import Table
from matchopt.contract.schema import TABLES, table_named
from matchopt.tables.column_names import NOTHING_SAID, ColumnNames
from matchopt.tables.csv import DELIMITERS
from matchopt.tables.files import WORKBOOKS, csv_table, decoded
from matchopt.tables.findings import Findings
from matchopt.tables.grid import opening_rows, table_in
from matchopt.tables.header_names import plain
from matchopt.tables.matching import LOOKED_AT, heading_among, matched
from matchopt.tables.raw import RawTable
from matchopt.tables.xlsx import Book, workbook

_SAYING: Mapping[str, tuple[str, str]] = {
    "needs": (
        "需求|需要|求助|申领|申请|缺口|急需",
        "orders?|requests?|needs?|demands?|wish ?lists?|stock ?lists?|requisitions?|shopping list",
    ),
    "donations": (
        "捐|库存|入库|供给|供应|进货|存货",
        "donations?|donated|offers?|inventory|stock|supply|supplies|inbound|receipts?|inflow|pledges?",
    ),
    "communities": (
        "社区|小区|村居|网点",
        "agenc(?:y|ies)|partners?|sites?|pantr(?:y|ies)|communit(?:y|ies)|clients?|recipients?|shelters?",
    ),
    "hubs": ("仓库|库房|中转", "warehouses?|depots?|hubs?|storage"),
    "items": (
        "物资目录|品类|物资清单|品目|商品",
        "products?|items?|catalog(?:ue)?|goods|commodit(?:y|ies)",
    ),
    "lanes": ("线路|路线|里程|距离|运输", "trucks?|routes?|lanes?|distances?|roads?|mileage"),
    "organizations": ("机构|社会组织", "organi[sz]ations?|ngos?"),
    "agreements": ("协议", "agreements?"),
    "substitutions": ("替代", "substitut(?:es?|ions?)"),
    "packs": ("箱规|包装换算", "packs?"),
}
"""Table → words in the name of a file or sheet, or in a title, that tell it, in Chinese and in English."""

_ENOUGH: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "needs": (frozenset({"item"}), frozenset({"quantity", "community", "needed_by", "need_id"})),
    "donations": (frozenset({"item"}), frozenset({"quantity", "donor", "worth", "expires_on"})),
    "communities": (
        frozenset({"community"}),
        frozenset({"district", "latitude", "population", "organization"}),
    ),
    "hubs": (frozenset({"hub"}), frozenset({"latitude", "storage_capacity", "throughput_capacity", "cold"})),
    "items": (frozenset({"item"}), frozenset({"unit", "category", "weight_kg", "shelf_life_days"})),
    "organizations": (frozenset({"organization", "name"}), frozenset()),
}
"""Table → columns that it has to have, and columns of which it has to have one; else those it requires."""

WIDE: Mapping[str, frozenset[str]] = {
    "needs": frozenset({"community"}),
    "donations": frozenset({"donor", "origin"}),
}
"""Tables that may have a column for each item, and columns of which one tells them then."""

FEWEST = 2
"""Columns that have to be known of a list for it to be a table."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A sheet or file that may hold a table.

    Attributes
    ----------
    file, sheet
        Where it stands; no sheet in a file of one table.
    rows
        The first rows that hold something.
    hidden
        Whether the sheet is not shown.
    read
        Reads it as a table, reporting what is found; RefusedError if it is none.
    """

    file: str
    sheet: str
    rows: tuple[tuple[str, ...], ...]
    hidden: bool
    read: Callable[[Table, ColumnNames, Findings], RawTable | None]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.sheet or self.file


@dataclass(frozen=True, slots=True)
class Recognised:
    """Which table a list is.

    Attributes
    ----------
    table
        None if it is none, or if nothing tells which of several.
    rivals
        Those that it may be as well as far as anybody can tell.
    """

    table: Table | None
    rivals: tuple[Table, ...] = ()


def lists_in(name: str, data: bytes) -> list[Listed]:
    """Return the sheets of a workbook that hold something, or the one list of another file.

    Raises
    ------
    RefusedError
        If the file cannot be read.
    """
    if name.lower().endswith(WORKBOOKS):
        return list(sheets_of(workbook(data, name)))
    if name.lower().endswith(".parquet"):
        return []

    def read(table: Table, said: ColumnNames, found: Findings) -> RawTable:
        return csv_table(table, name, data, found, said)

    return [Listed(name, "", tuple(_csv_rows(decoded(data)[1])), False, read)]


def sheets_of(book: Book) -> Iterator[Listed]:
    """Yield the sheets of a workbook that hold something."""
    for sheet in book.sheets:
        if book.holds(sheet):
            yield sheet_of(book, sheet)


def sheet_of(book: Book, sheet: str) -> Listed:
    """Return one sheet of a workbook."""
    grid = book.grid(sheet)

    def read(table: Table, said: ColumnNames, found: Findings) -> RawTable:
        return table_in(grid, table, said)

    return Listed(book.file, sheet, opening_rows(grid), sheet in book.hidden, read)


def _csv_rows(data: bytes) -> Iterator[tuple[str, ...]]:
    lines = data[:200_000].decode("utf-8", "ignore").splitlines()[: 3 * LOOKED_AT]
    split = [list(csv.reader(lines, delimiter=mark)) for mark in DELIMITERS]
    rows = max(split, key=lambda of: sorted(map(len, of))[len(of) // 2] if of else 0)
    filled = (tuple(cell.strip() for cell in row) for row in rows if any(cell.strip() for cell in row))
    return islice((row for row in filled if not row[0].startswith("##")), LOOKED_AT)


def table_of(listed: Listed, said: ColumnNames = NOTHING_SAID) -> Recognised:
    """Return which table a list is."""
    told = said.lists.get(listed.sheet) or said.lists.get(listed.file)
    if told is not None:
        return Recognised(table_named(told))
    named = table_named(listed.sheet) or table_named(PurePath(listed.file).stem)
    if named is not None:
        return Recognised(named)
    if not listed.rows:
        return Recognised(None)
    before = [name for name, columns in said.columns.items() if columns and _as_before(name, listed, said)]
    if len(before) == 1:
        return Recognised(TABLES[before[0]])
    fits = {name: fit for name, table in TABLES.items() if (fit := _fit(table, listed, said))}
    if not fits:
        return Recognised(None)
    titles = [" ".join(filter(None, row)) for row in listed.rows if sum(map(bool, row)) == 1][:3]
    for text in (listed.sheet, *titles, PurePath(listed.file).stem):
        told = plain(re.sub(r"[_\-.]+", " ", text))
        meant = [name for name in fits if _says(told, name)]
        if meant:
            return _best({name: fits[name] for name in meant})
    return _best(fits)


def _says(text: str, table: str) -> bool:
    """Return whether words of a text tell a table."""
    if table not in _SAYING:
        return False
    chinese, english = _SAYING[table]
    return re.search(rf"{chinese}|\b(?:{english})\b", text) is not None


def _as_before(table: str, listed: Listed, said: ColumnNames) -> bool:
    """Return whether all headers of a list are those of an earlier one that was this table."""
    headers = heading_among(listed.rows, TABLES[table], said).headers
    return all(said.column(table, header) is not None for header in headers if header)


def amounts_under(columns: Sequence[int], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return those of some columns that hold numbers, and nothing else."""
    found = []
    for k in columns:
        cells = [row[k] for row in rows if k < len(row) and row[k]]
        if cells and all(re.fullmatch(r"[0-9][0-9,]*(?:\.[0-9]+)?", cell) for cell in cells):
            found.append(k)
    return found


def _best(fits: Mapping[str, int]) -> Recognised:
    most = max(fits.values())
    best = tuple(TABLES[name] for name, fit in fits.items() if fit == most)
    return Recognised(best[0]) if len(best) == 1 else Recognised(None, best)


def _fit(table: Table, listed: Listed, said: ColumnNames) -> int:
    """Return how well the headers of a list fit a table, 0 if they do not."""
    heading = heading_among(listed.rows, table, said)
    headers = heading.headers
    match = matched(table, headers, None, said)
    names = {*match.places, *(choices[0] for choices in match.asked.values() if choices)}
    if table.name in WIDE and not names & {"item", "quantity"} and names & WIDE[table.name]:
        strange = [k for k, header in enumerate(headers) if header and k not in match.known]
        if len(amounts_under(strange, listed.rows[heading.at + 1 :])) >= FEWEST:
            return len(names)
    required = frozenset(column.name for column in table.columns if column.required)
    needed, one_of = _ENOUGH.get(table.name, (required, frozenset()))
    if len(names) < FEWEST or not needed <= names or (one_of and not one_of & {*names, *match.kept.values()}):
        return 0
    if table.name == "items" and "quantity" in {*match.kept.values()}:
        return 0
    unread = sum(1 for k, header in enumerate(headers) if header and k not in match.known)
    return max(1, 3 * len(names) - unread)
