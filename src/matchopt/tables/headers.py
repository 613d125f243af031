"""Headers in either language → columns; missing, repeated and unknown ones."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import LONGEST_CELL, Table
from matchopt.contract.schema import column_named, folded
from matchopt.errors import Severity
from matchopt.language import tr
from matchopt.tables.cells import STRIP, Coded
from matchopt.tables.findings import Findings, Said, Where
from matchopt.tables.raw import Column, RawTable, Spot


def match_headers(raw: RawTable, found: Findings) -> dict[str, int]:
    """Return canonical name → position of its column; report headers that repeat."""
    places: dict[str, int] = {}
    translated = []
    seen: dict[str, int] = {}
    for k, header in enumerate(raw.headers):
        bare = header.strip(STRIP)
        column = column_named(raw.table, bare) if bare else None
        name = column.name if column else bare
        if not name:
            continue
        if name in seen:
            first = raw.headers[seen[name]]
            other = tr("means the same column as {first}", first=first)
            problem, cure = tr("stands twice") if first == header else other, tr("leave only one of them")
            found.error("duplicate_column", raw.table.name, problem, cure, row=raw.head, column=header)
            continue
        seen[name] = k
        if column:
            places[name] = k
            if folded(bare) not in (folded(column.name), folded(column.zh)):
                translated.append(f"{bare} = {name}")
    if translated:
        problem = tr("headers are read as {listed}", listed=", ".join(translated))
        found.note("converted", raw.table.name, problem)
    return places


def require_columns(raw: RawTable, places: Mapping[str, int], found: Findings) -> bool:
    """Report required columns that are missing; return whether all are there."""
    unknown = [h for h in raw.headers if h.strip(STRIP) and column_named(raw.table, h) is None]
    missing = [c for c in raw.table.columns if c.required and c.name not in places]
    for column in missing:
        names = (column.name, column.zh, *column.aliases)
        near = [h for h in unknown if difflib.get_close_matches(h.casefold(), names, n=1, cutoff=0.6)]
        cure = tr("rename the header «{near}»", near=near[0]) if near else tr("add it")
        problem = tr("has no column {name} ({zh})", name=column.name, zh=column.zh)
        where: Where = {"row": raw.head, "column": column.name}
        found.error("missing_column", raw.table.name, problem, f"{cure}: {column.said}", **where)
    return not missing


def report_no_rows(raw: RawTable, found: Findings) -> None:
    """Report a table that ends with its header."""
    if raw.table.required:
        found.error("no_rows", raw.table.name, tr("has a header but no rows"), tr("add the rows"))
    else:
        found.note("no_rows", raw.table.name, tr("has a header but no rows: it counts as not given"))


def unknown_columns(raw: RawTable, places: Mapping[str, int], found: Findings) -> pd.DataFrame:
    """Return the columns that the schema does not know, each with a warning."""
    known = set(places.values())
    extras: dict[str, npt.NDArray[Any]] = {}
    for k, (header, cells) in enumerate(zip(raw.headers, raw.columns, strict=True)):
        bare = header.strip(STRIP)
        if k in known or bare in extras or column_named(raw.table, bare) is not None:
            continue
        if not bare:
            if isinstance(cells, Coded) and not any(text.strip(STRIP) for text in cells.texts):
                continue
            problem = tr("column {number} has cells but no header", number=k + 1)
            cure = tr("give it a header or empty it; it is kept but not used")
            found.warning("no_header", raw.table.name, problem, cure, row=raw.head)
            bare = f"column {k + 1}"
            while bare in extras or bare in raw.headers:
                bare += "'"
        else:
            problem = tr("is no column that matchopt knows")
            cure = _near_column(raw.table, bare) + tr("it is kept and handed through to the plan")
            found.warning("unknown_column", raw.table.name, problem, cure, row=raw.head, column=header)
        extras[bare] = cells.rows if isinstance(cells, Coded) else cells
        _refuse_long(raw, bare, cells, found)
    return pd.DataFrame(extras, index=pd.RangeIndex(len(raw.rows)))


def _refuse_long(raw: RawTable, header: str, cells: Column, found: Findings) -> None:
    if not isinstance(cells, Coded):
        return
    code, texts = cells.code, cells.texts
    long = [k for k in np.flatnonzero(cells.odd) if len(texts[k]) > LONGEST_CELL]

    def say(row: int) -> Said:
        text = texts[code[row]]
        cure = tr("a cell holds at most {most} characters", most=f"{LONGEST_CELL:,}")
        return text, tr("holds {count} characters", count=f"{len(text):,}"), cure

    if long:
        at = np.flatnonzero(np.isin(code, long))
        found.rows(Severity.ERROR, "cell_too_long", Spot(raw, {}), header, at, say)


def _near_column(table: Table, header: str) -> str:
    names = {n.casefold(): c.name for c in table.columns for n in (c.name, c.zh, *c.aliases)}
    near = difflib.get_close_matches(header.casefold(), list(names), n=1, cutoff=0.6)
    return tr("did you mean {names}? ", names=names[near[0]]) if near else ""
