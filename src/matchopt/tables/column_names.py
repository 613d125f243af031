"""columns.toml: what was decided about a list, its columns and its words, for this week's and the next."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from matchopt.contract.schema import column_named, table_named
from matchopt.language import tr
from matchopt.tables.findings import Findings
from matchopt.tables.header_names import key

COLUMNS_FILE = "columns.toml"
COLUMNS_SHEETS = frozenset({"columns", "列名对照"})
"""What a sheet is called that holds the same: table, their name, our name."""

OPEN = "?"
"""Where it has to be said what a name means."""
UNREAD = ""
"""Of a name that is no column of ours."""
_VALUES, _FILL, _LISTS = "values", "fill", "lists"

Words = Mapping[str, str | float]


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """What was decided about the columns of a list.

    Attributes
    ----------
    source
        The file or sheet that says so; empty if there is none.
    columns
        Table → their name as written → our column, `OPEN` or `UNREAD`.
    values
        Table → name of a column, theirs or ours → word in its cells → value.
    fill
        Table → column of ours that the list does not have → what stands in every row.
    lists
        Name of a sheet or file → table that it is.
    """

    source: str = ""
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, Mapping[str, Words]] = field(default_factory=lambda: MappingProxyType({}))
    fill: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    lists: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def column(self, table: str, header: str) -> str | None:
        """Return which column of ours a header is; `OPEN`, `UNREAD`, or None where nothing is said."""
        of_table = self.columns.get(table)
        if not of_table:
            return None
        folded = key(header)
        return next((column for name, column in of_table.items() if key(name) == folded), None)

    def words(self, table: str, header: str, column: str) -> Words:
        """Return what words in the cells of a column mean, by its header, or by any other name of it."""
        said: dict[str, str | float] = {}
        for name, words in self.values.get(table, {}).items():
            if key(name) in (key(header), key(column)) or self.column(table, name) == column:
                said |= words
        return said


NOTHING_SAID = ColumnNames()


def from_toml(text: str, found: Findings, source: str = COLUMNS_FILE) -> ColumnNames:
    """Return what a ``columns.toml`` says; what is wrong with it is reported."""
    try:
        page = tomllib.loads(_with_quotes(text))
    except tomllib.TOMLDecodeError as error:
        found.error("not_toml", source, tr("is no TOML: {why}", why=error), tr('write «name» = "column"'))
        return NOTHING_SAID
    columns: dict[str, dict[str, str]] = {}
    values: dict[str, dict[str, Words]] = {}
    fill: dict[str, dict[str, str]] = {}
    lists = page.pop(_LISTS, {})
    for section, said in page.items():
        table = table_named(section)
        if table is None or not isinstance(said, dict):
            problem = tr("[{section}] is no table", section=section)
            found.error("unknown_table", source, problem, tr("sections are called like tables: [needs]"))
            continue
        words = said.pop(_VALUES) if isinstance(said.get(_VALUES), dict) else {}
        filled = said.pop(_FILL) if isinstance(said.get(_FILL), dict) else {}
        fill[table.name] = {ours: theirs for theirs, ours in _filled(table.name, filled, source, found)}
        columns[table.name] = dict(_named(table.name, said.items(), source, found))
        values[table.name] = {str(name): dict(of) for name, of in words.items() if isinstance(of, dict)}
    told = {str(name): str(table) for name, table in lists.items()} if isinstance(lists, dict) else {}
    return ColumnNames(source, columns, values, fill, told)


def _filled(table: str, filled: Mapping[str, Any], source: str, found: Findings) -> Iterable[tuple[str, str]]:
    """Yield what stands in every row, and the column of ours it stands in."""
    for ours, text in filled.items():
        for _, column in _named(table, [(str(text), ours)], source, found):
            yield str(text), column


_SECTION = re.compile(r'^\s*\[([^\]"]*[^\x00-\x7f][^\]"]*)\]')
_BARE_NAME = re.compile(r"^\s*([^\s\"'#=\[][^\"'#=]*?)\s*=")


def _with_quotes(text: str) -> str:
    """Return a page with quotes around names that TOML takes in quotes alone: all but letters of ASCII."""
    lines = []
    for line in text.splitlines():
        line = _SECTION.sub(lambda found: "[" + ".".join(map(_quoted, found[1].split("."))) + "]", line)
        lines.append(_BARE_NAME.sub(lambda found: f"{_quoted(found[1])} =", line))
    return "\n".join(lines)


def from_rows(rows: Iterable[tuple[str, str, str]], source: str, found: Findings) -> ColumnNames:
    """Return what a sheet of columns says: rows of table, their name, our name."""
    columns: dict[str, dict[str, str]] = {}
    for name, theirs, ours in rows:
        table = table_named(name)
        if table is None:
            problem = tr("is no table that matchopt knows")
            found.error("unknown_table", source, problem, tr("write needs or donations"), value=name)
        elif theirs:
            columns.setdefault(table.name, {}).update(_named(table.name, [(theirs, ours)], source, found))
    return ColumnNames(source, columns)


def _named(
    table: str, said: Iterable[tuple[str, Any]], source: str, found: Findings
) -> Iterable[tuple[str, str]]:
    """Yield their name and our column for all that can be read."""
    of = table_named(table)
    for theirs, ours in said:
        if ours in (OPEN, UNREAD):
            yield theirs, ours
            continue
        column = column_named(of, ours) if of is not None and isinstance(ours, str) else None
        if column is None:
            problem = tr("«{name}» is no column of {table}", name=str(ours), table=table)
            listed = ", ".join(column.name for column in of.columns) if of else ""
            cure = tr('write one of {listed}, or "" to leave it out', listed=listed)
            found.error("unknown_column", source, problem, cure, column=str(theirs), value=str(ours))
        else:
            yield theirs, column.name


def as_toml(names: ColumnNames, remarks: Mapping[tuple[str, str], str] = MappingProxyType({})) -> str:
    """Return the text of a ``columns.toml``; `remarks` stand behind names of a table."""
    lines = []
    if names.lists:
        lines += [f"[{_LISTS}]", *(f"{_quoted(name)} = {_quoted(of)}" for name, of in names.lists.items())]
    for table, columns in names.columns.items():
        lines += ["", f"[{table}]"]
        for theirs, ours in columns.items():
            remark = remarks.get((table, theirs), "")
            lines.append(f"{_quoted(theirs)} = {_quoted(ours)}" + (f"  # {remark}" if remark else ""))
        if fill := names.fill.get(table, {}):
            lines += ["", f"[{table}.{_FILL}]"]
            for ours, text in fill.items():
                remark = remarks.get((table, ours), "")
                lines.append(f"{ours} = {_quoted(text)}" + (f"  # {remark}" if remark else ""))
        for theirs, words in names.values.get(table, {}).items():
            lines += ["", f"[{table}.{_VALUES}.{_quoted(theirs)}]"]
            lines += [f"{_quoted(word)} = {_value(value)}" for word, value in words.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def _value(value: str | float) -> str:
    return _quoted(value) if isinstance(value, str) else f"{value:g}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in escaped) + '"'
