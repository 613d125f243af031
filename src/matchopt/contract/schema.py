"""Every table of a case, as data: columns, kinds, units, ranges, defaults, Chinese names.

They stand in ``schema.toml`` beside this file. The reader, the checks, the templates of ``matchopt new`` and
the documentation all read that page; nothing about a column is written down twice.
"""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from matchopt.contract.fields import (
    CHANNELS,
    FLAGS,
    KINDS_OF_ITEM,
    LARGEST_QUANTITY,
    STATUSES,
    Column,
    Kind,
    Names,
    Table,
)

CHOICES: Mapping[str, Names] = MappingProxyType(
    {"flags": FLAGS, "channels": CHANNELS, "kinds of item": KINDS_OF_ITEM, "statuses": STATUSES}
)
"""What a column of choices may hold, by the name that the page has for it."""


def _table(name: str, said: dict[str, Any]) -> Table:
    columns = tuple(_column(header, cells) for header, cells in said.pop("columns").items())
    return Table(name=name, columns=columns, **_tuples(said, "key", "aliases"))


def _column(name: str, said: dict[str, Any]) -> Column:
    said["kind"] = Kind(said["kind"])
    if said.get("most") == "largest quantity":
        said["most"] = LARGEST_QUANTITY
    if "choices" in said:
        said["choices"] = CHOICES[said["choices"]]
    return Column(name=name, **_tuples(said, "aliases"))


def _tuples(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return said | {name: tuple(said[name]) for name in names if name in said}


def _page() -> dict[str, Any]:
    data = pkgutil.get_data("matchopt.contract", "schema.toml")
    if data is None:
        raise FileNotFoundError("schema.toml")
    return tomllib.loads(data.decode("utf-8"))


TABLES: Mapping[str, Table] = MappingProxyType({name: _table(name, said) for name, said in _page().items()})

COMMITMENTS = TABLES["commitments"]


def folded(name: str) -> str:
    """Return `name` as headers are compared: without case, spaces, ``_`` or ``-``."""
    return name.strip().casefold().translate(_UNSEEN)


_UNSEEN = dict.fromkeys(map(ord, " _-\u3000\ufeff"))


@cache
def _tables_by_name() -> dict[str, Table]:
    """Return each table by all its names, folded; a name that two share means the first."""
    tables = reversed([*TABLES.values()])
    return {folded(n): table for table in tables for n in (table.name, table.zh, *table.aliases)}


@cache
def _columns_by_header(table: Table) -> dict[str, Column]:
    columns = reversed(table.columns)
    return {folded(n): column for column in columns for n in (column.name, column.zh, *column.aliases)}


def table_named(name: str) -> Table | None:
    """Return the table that a file or sheet called `name` holds, in either language."""
    return _tables_by_name().get(folded(name))


def column_named(table: Table, header: str) -> Column | None:
    """Return the column of `table` that `header` names, in either language."""
    return _columns_by_header(table).get(folded(header))
