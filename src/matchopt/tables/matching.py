"""Which column of the contract each header names, in four steps, the first that decides counts.

What was decided in ``columns.toml``; the names of the contract; what people write (`header_names`), where the
cells below have to look like it; and a question, where two headers remain for one column or one for two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from matchopt.contract.fields import Column, Kind, Table
from matchopt.contract.schema import column_named, folded
from matchopt.language import tr
from matchopt.tables.cells import STRIP, Coded
from matchopt.tables.column_names import NOTHING_SAID, OPEN, UNREAD, ColumnNames
from matchopt.tables.findings import RefusedError
from matchopt.tables.header_grammar import column_by_words
from matchopt.tables.header_names import UNITS, KnownName, is_tag, meanings, plain, split_unit
from matchopt.tables.raw import Cells

LOOKED_AT = 20
"""Among so many rows that are neither empty nor remarks the header is looked for."""

SAME = 3
"""Columns that two rows have to name for both to be headers."""

MOST_LOOKED_AT = 200
"""Distinct cells of a column that are looked at for what they hold."""
MOSTLY = 0.6
"""Share of them that have to be of a kind for the column to be so."""

TOLD_TWICE = frozenset({"created_on", "note", "contact", "phone", "address", "name"})
"""Columns that no plan depends on: of two headers for one of them the first is read, and nobody is asked."""

_DAY = re.compile(
    r"\d{2,4}\s*[-/.年]\s*\d{1,2}(?:\s*[-/.月]\s*\d{1,4})?.*|\d{1,2}\s*[-/.月]\s*\d{1,2}.*|(?:19|20)\d{6}|4\d{4}(?:\.0)?|"
    r".*\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b.*\d.*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?[$¥￥€]?\s*\d[\d,，.]*\s*\D{0,6}")


@dataclass(slots=True)
class Matched:
    """Which header is which column.

    Attributes
    ----------
    places
        Column → position of its header.
    kept
        Position of a header that is known and no column of the table, or gives way to another → what it is.
    asked
        Position of a header that may be several columns → these.
    doubled
        Position of a header → position of another that means the same column, where it has to be said which.
    units
        Position of a header → the unit that it tells.
    """

    places: dict[str, int] = field(default_factory=dict)
    kept: dict[int, str] = field(default_factory=dict)
    asked: dict[int, tuple[str, ...]] = field(default_factory=dict)
    doubled: dict[int, int] = field(default_factory=dict)
    units: dict[int, str] = field(default_factory=dict)

    @property
    def known(self) -> set[int]:
        """Positions of all headers that are known, or asked for."""
        return {*self.places.values(), *self.kept, *self.asked, *self.doubled}


def matched(
    table: Table,
    headers: Sequence[str],
    columns: Sequence[Cells] | None = None,
    said: ColumnNames = NOTHING_SAID,
) -> Matched:
    """Return which column of `table` each header names; without `columns` every cell looks right."""
    found = Matched()
    bare = [header.strip(STRIP) for header in headers]
    left = [k for k, header in enumerate(bare) if header]
    left = _as_decided(found, table, bare, left, said)
    left = _by_name(found, table, bare, left)
    if left:
        _by_list(found, table, bare, left, columns)
        _name_as_key(found, table)
    for k, choices in list(found.asked.items()):
        if choices and found.places.keys() >= set(choices):
            found.kept[k] = choices[0]  # others say so already
            del found.asked[k]
    for k in found.places.values():
        unit = None if _named(table, bare[k]) == 1 else split_unit(bare[k])[1]
        if unit is not None:
            found.units[k] = unit
    return found


def columns_known(table: Table, headers: Sequence[str], said: ColumnNames = NOTHING_SAID) -> set[str]:
    """Return what of `table` some of `headers` name: columns, and what is kept beside them."""
    found = matched(table, headers, None, said)
    asked = {choices[0] for choices in found.asked.values()}
    return {*found.places, *found.kept.values(), *asked} - {UNREAD}


def _as_decided(
    found: Matched, table: Table, headers: Sequence[str], left: list[int], said: ColumnNames
) -> list[int]:
    rest = []
    for k in left:
        column = said.column(table.name, headers[k])
        if column is None:
            rest.append(k)
        elif column == OPEN:
            may_be = (c for name in meanings(table.name, headers[k]) for c in name.columns)
            found.asked[k] = tuple(dict.fromkeys(may_be))
        elif column == UNREAD:
            found.kept[k] = UNREAD
        else:
            _claim(found, column, k)
    return rest


def _named(table: Table, header: str) -> int:
    """Return whether a header is a name of the contract: 1 as it stands, 2 without its unit, else 0."""
    if column_named(table, header) is not None:
        return 1
    return 2 if column_named(table, split_unit(header)[0]) is not None else 0


def _by_name(found: Matched, table: Table, headers: Sequence[str], left: list[int]) -> list[int]:
    """Take the names of the contract; a header is an exact name before it is one without its unit."""
    exact = [(k, column_named(table, headers[k])) for k in left]
    for k, column in exact:
        if column is not None:
            _claim(found, column.name, k)
    rest = []
    for k, column in exact:
        if column is not None:
            continue
        column = column_named(table, split_unit(headers[k])[0])
        if column is not None and not meanings(table.name, headers[k]):
            _claim(found, column.name, k)
        else:
            rest.append(k)
    return rest


def _claim(found: Matched, column: str, k: int) -> None:
    if column in found.places:
        found.doubled[k] = found.places[column]
    else:
        found.places[column] = k


def _by_list(
    found: Matched, table: Table, headers: Sequence[str], left: Sequence[int], columns: Sequence[Cells] | None
) -> None:
    known = {k: meanings(table.name, headers[k]) or _by_words(table, headers[k]) for k in left}
    ours = {column.name: column for column in table.columns}
    clear: dict[int, KnownName] = {}
    for k, names in known.items():
        sure = [name for name in names if not name.weak and _looks(name, k, columns, ours)]
        if sure:
            clear[k] = sure[0]
    beside = set(found.places) | {name.column for name in clear.values()}
    days = {column.name for column in table.columns if column.kind is Kind.DAY}
    beside |= {names[0].column for k, names in known.items() if names and k not in clear} - days
    for k, name in clear.items():
        if name.asks:
            found.asked[k] = tuple(column for column in name.columns if column in ours)
        elif name.column not in ours or (name.column in found.places and _one_will_do(name.column, table)):
            found.kept[k] = name.column
        else:
            _claim(found, name.column, k)
        if k in found.places.values() and name.unit:
            found.units[k] = name.unit
    _weak(found, table, {k: names for k, names in known.items() if names and k not in clear}, beside, columns)


def _by_words(table: Table, header: str) -> tuple[KnownName, ...]:
    """Return what the words of a header make of it; it gives way to names that are known."""
    column = column_by_words(table.name, header)
    return (KnownName((column,), False, True, "", frozenset(), ""),) if column else ()


def _one_will_do(column: str, table: Table) -> bool:
    """Return whether of two headers for a column the first may be read without a question."""
    return column in TOLD_TWICE or (table.key == (column,) and column.endswith("_id"))


def _weak(
    found: Matched,
    table: Table,
    known: Mapping[int, tuple[KnownName, ...]],
    beside: set[str],
    columns: Sequence[Cells] | None,
) -> None:
    """Give columns that nobody claimed to headers that may mean them; two for one are a question."""
    ours = {column.name: column for column in table.columns}
    wanted: dict[str, list[int]] = {}
    for k, names in known.items():
        fits = [
            name
            for name in names
            if (not name.beside or name.beside & beside) and _looks(name, k, columns, ours)
        ]
        free = [name for name in fits if name.column in ours and name.column not in found.places]
        if free:
            wanted.setdefault(free[0].column, []).append(k)
            if free[0].unit:
                found.units[k] = free[0].unit
        elif fits:
            found.kept[k] = fits[0].column
        elif columns is not None:
            found.kept[k] = UNREAD
    for column, positions in wanted.items():
        if len(positions) == 1 or _one_will_do(column, table):
            found.places[column] = positions[0]
            found.kept |= dict.fromkeys(positions[1:], column)
        else:
            found.asked |= dict.fromkeys(positions, (column,))
    found.units = {k: unit for k, unit in found.units.items() if k in found.places.values()}


def _name_as_key(found: Matched, table: Table) -> None:
    """Where nothing else names the things that a table lists, their name to show does."""
    asked = {column for choices in found.asked.values() for column in choices}
    if len(table.key) == 1 and table.key[0] not in found.places.keys() | asked and "name" in found.places:
        found.places[table.key[0]] = found.places.pop("name")


# --- what the cells hold -------------------------------------------------------------------


def _looks(name: KnownName, k: int, columns: Sequence[Cells] | None, ours: Mapping[str, Column]) -> bool:
    """Return whether the cells of a column are of the kind that a name asks for."""
    if not name.cells or columns is None:
        return True
    cells = columns[k]
    if not isinstance(cells, Coded):
        return {"days": "M", "numbers": "fi", "flags": "b"}.get(name.cells, "").find(cells.dtype.kind) >= 0
    texts = [plain(text.strip(STRIP)) for text in cells.texts[:MOST_LOOKED_AT]]
    texts = [text for text in texts if text]
    if not texts:
        return True
    if name.cells in ("choices", "flags"):
        column = ours.get(name.column)
        return column is not None and all(folded(text) in _spellings(column) for text in texts)
    fits = {"units": _is_unit, "days": _is_day, "numbers": _is_number}[name.cells]
    return bool(np.mean([fits(text) for text in texts]) >= MOSTLY)


def _spellings(column: Column) -> set[str]:
    if column.kind not in (Kind.CHOICE, Kind.FLAG):
        return set()
    return {folded(name) for value, others in column.choices.items() for name in (value, *others)}


def _is_unit(text: str) -> bool:
    return text in UNITS or text.removesuffix("s") in UNITS or text.rstrip(".") in UNITS


def _is_day(text: str) -> bool:
    return _DAY.fullmatch(text) is not None


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


# --- the row of headers ----------------------------------------------------------------------


def names_known(headers: Sequence[str], table: Table) -> set[str]:
    """Return the columns of `table` that some of `headers` name as the contract does."""
    columns = (column_named(table, header) for header in headers)
    return {column.name for column in columns if column is not None}


@dataclass(frozen=True, slots=True)
class Heading:
    """The row of headers among the first rows.

    Attributes
    ----------
    at
        Which of the rows it is.
    headers
        Its cells, joined with those above where two rows head the columns.
    above
        How many rows stand above the first row that heads columns.
    """

    at: int
    headers: tuple[str, ...]
    above: int


def heading_among(rows: Sequence[Sequence[str]], table: Table, said: ColumnNames = NOTHING_SAID) -> Heading:
    """Return the headers among the first rows of a sheet.

    They stand in the row that names the most columns, two at least; a row of groups above it is joined where
    that names more; a row of HXL hashtags below says which column is which. Else it is the first row.
    """
    clear = [names_known(row, table) for row in rows]
    _refuse_two(rows, clear, table)
    at = max(range(len(rows)), key=lambda k: len(clear[k]))
    if {column.name for column in table.columns if column.required} <= clear[at] and len(clear[at]) > 1:
        # No list is read for what needs none; of headers in two languages the lower is the header.
        again = at + 1 < len(rows) and len(clear[at]) >= SAME and clear[at + 1] == clear[at]
        return Heading(at + again, tuple(rows[at + again]), at + again)
    known = [len(columns_known(table, row, said)) for row in rows]
    at = known.index(max(known)) if max(known) > 1 else 0
    best = Heading(at, tuple(rows[at]), at)
    for k in (at, at + 1):
        if 0 < k < len(rows):
            joined = _joined(rows[k - 1], rows[k], table, said)
            count = len(columns_known(table, joined, said))
            if count > known[at]:
                known[at] = count
                best = Heading(k, joined, k - 1)
    tags = next((k for k in range(at, min(at + 4, len(rows))) if sum(map(is_tag, rows[k])) > 1), None)
    if tags is not None:
        texts = best.headers if tags != at else rows[at - 1] if at else ("",) * len(rows[tags])
        texts = (*texts, *[""] * (len(rows[tags]) - len(texts)))
        below = (*rows[tags], *[""] * (len(texts) - len(rows[tags])))
        headers = tuple(tag if is_tag(tag) else text for tag, text in zip(below, texts, strict=True))
        return Heading(tags, headers, best.above if tags != at else max(at - 1, 0))
    return best


def _refuse_two(rows: Sequence[Sequence[str]], clear: Sequence[set[str]], table: Table) -> None:
    """Refuse two rows one below the other that both name columns, and not the same ones."""
    for k in range(1, len(rows)):
        both = clear[k - 1] & clear[k]
        if len(both) < SAME or 2 * len(both) < max(len(clear[k - 1]), len(clear[k])):
            continue
        upper, lower = (matched(table, row).places for row in (rows[k - 1], rows[k]))
        if any(upper[name] != lower[name] for name in both):
            told = {"upper": ", ".join(filter(None, rows[k - 1])), "lower": ", ".join(filter(None, rows[k]))}
            problem = tr(
                "has two rows of headers that contradict each other: «{upper}» and «{lower}»", **told
            )
            raise RefusedError("contradictory_headers", problem, tr("leave only the right one"))


def _joined(above: Sequence[str], below: Sequence[str], table: Table, said: ColumnNames) -> tuple[str, ...]:
    """Return two rows of headings as one: the lower, with the group above where that alone is not known."""
    width = max(len(above), len(below))
    upper, lower = ([*row, *[""] * (width - len(row))] for row in (above, below))
    headers = []
    for group, name in zip(upper, lower, strict=True):
        both = f"{group}{name}" if not (group + name).isascii() else f"{group} {name}"
        if not name or not group or group == name:
            headers.append(name or group)
        elif columns_known(table, [both], said):
            headers.append(both)
        else:
            headers.append(name)
    return tuple(headers)
