"""Repeat groups: exports of forms (Kobo, ODK) with people in one list and what each needs in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from matchopt.contract.fields import Table
from matchopt.contract.schema import TABLES
from matchopt.tables.cells import STRIP
from matchopt.tables.column_names import NOTHING_SAID, ColumnNames
from matchopt.tables.findings import Findings
from matchopt.tables.raw import RawTable, as_texts, texts
from matchopt.tables.recognise import Listed

LINKS: Mapping[str, str] = {"_parent_index": "_index", "PARENT_KEY": "KEY"}
"""Column of the inner list that says which row of the outer one it belongs to → column of that one."""
OWN = frozenset({"_index", "KEY", "_id", "_uuid", "instanceID", "meta/instanceID", "meta-instanceID"})
"""Columns that number the rows of the outer list."""


def joined_lists(lists: Sequence[Listed]) -> list[Listed]:
    """Return the lists, each inner one with the columns of the row it belongs to, the outer ones gone."""
    outer: dict[int, Listed] = {}
    for k, inner in enumerate(lists):
        for link, own in LINKS.items():
            around = [other for other in lists if own in _headers(other) and link not in _headers(other)]
            if link in _headers(inner) and len(around) == 1:
                outer[k] = around[0]
    used = {id(listed) for listed in outer.values()}
    kept = ((k, listed) for k, listed in enumerate(lists) if id(listed) not in used)
    return [_joined(listed, outer[k]) if k in outer else listed for k, listed in kept]


def _headers(listed: Listed) -> set[str]:
    return set(listed.rows[0]) if listed.rows else set()


def _joined(inner: Listed, outer: Listed) -> Listed:
    needs = TABLES["needs"]
    below, above = (listed.read(needs, NOTHING_SAID, Findings()) for listed in (inner, outer))
    if below is None or above is None:
        return inner
    raw = _beside(below, above)
    first = zip(*(as_texts(cells).rows[:20] for cells in raw.columns), strict=True)
    rows = (tuple(raw.headers), *(tuple(text.strip(STRIP) for text in row) for row in first))

    def read(table: Table, said: ColumnNames, found: Findings) -> RawTable:
        return replace(raw, table=table, said=said)

    name = f"{outer.name} + {inner.name}"  # what the inner one is called says nothing of both
    return Listed(inner.file, name, rows, inner.hidden, read)


def _beside(below: RawTable, above: RawTable) -> RawTable:
    """Return the inner table with the columns of the outer one that it does not have."""
    link = next(link for link in LINKS if link in below.headers)
    number = as_texts(above.columns[above.headers.index(LINKS[link])]).rows
    row_of = {str(text).strip(STRIP): k for k, text in enumerate(number)}
    wanted = as_texts(below.columns[below.headers.index(link)]).rows
    at = np.array([row_of.get(str(text).strip(STRIP), -1) for text in wanted])
    headers, columns = list(below.headers), list(below.columns)
    for header, cells in zip(above.headers, above.columns, strict=True):
        if header.strip(STRIP) and header not in OWN and header not in below.headers:
            shown = as_texts(cells).rows
            headers.append(header)
            columns.append(texts([str(shown[k]) if k >= 0 else "" for k in at]))
    return replace(below, headers=tuple(headers), columns=tuple(columns))
