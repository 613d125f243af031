"""Headers: which row holds them, and which column of the contract each of them names."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import Table
from matchopt.contract.schema import column_named, folded
from matchopt.errors import Severity
from matchopt.language import tr
from matchopt.tables.cells import CONTROL, STRIP, Coded, unreadable
from matchopt.tables.findings import LIMIT, Findings, Said, Where
from matchopt.tables.raw import Cells, RawTable, is_blank

LOOKED_AT = 20
"""Among so many rows that are neither empty nor remarks the header is looked for."""


def names_known(headers: Sequence[str], table: Table) -> set[str]:
    """Return the columns of `table` that some of `headers` name."""
    columns = (column_named(table, header) for header in headers)
    return {column.name for column in columns if column is not None}


def header_among(rows: Sequence[Sequence[str]], table: Table) -> int:
    """Return which of the first rows is the header.

    It is the one that names the most columns, two at least; without any such row it is the first.
    """
    known = [len(names_known(row, table)) for row in rows]
    most = max(known)
    return known.index(most) if most > 1 else 0


def match_headers(raw: RawTable, found: Findings) -> dict[str, int]:
    """Return canonical name → position of its column; report headers that repeat."""
    places: dict[str, int] = {}
    translated = []
    seen: dict[str, int] = {}
    for k, header in enumerate(raw.headers):
        if CONTROL.search(header):
            cure = tr("write the header again without that character")
            found.error(
                "not_text",
                raw.table.name,
                tr("is a header that is no text"),
                cure,
                row=raw.head,
                column=header,
            )
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
    unknown = [h for h in raw.headers if h.strip(STRIP) and column_named(raw.table, h) is None][:LOOKED_AT]
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
    """Return the columns that the schema does not know, each of the first with a warning."""
    known = set(places.values())
    extras: dict[str, npt.NDArray[Any]] = {}
    for k, (header, cells) in enumerate(zip(raw.headers, raw.columns, strict=True)):
        bare = header.strip(STRIP)
        if k in known or bare in extras or column_named(raw.table, bare) is not None:
            continue
        if not bare:
            if is_blank(cells).all():
                continue
            if len(extras) < LIMIT:
                problem = tr("column {number} has cells but no header", number=k + 1)
                cure = tr("give it a header or empty it; it is kept but not used")
                found.warning("no_header", raw.table.name, problem, cure, row=raw.head)
            bare = f"column {k + 1}"
            while bare in extras or bare in raw.headers:
                bare += "'"
        elif len(extras) < LIMIT:
            problem = tr("is no column that matchopt knows")
            cure = _near_column(raw.table, bare) + tr("it is kept and handed through to the plan")
            found.warning("unknown_column", raw.table.name, problem, cure, row=raw.head, column=header)
        extras[bare] = cells.rows if isinstance(cells, Coded) else cells
        _refuse_cells(raw, bare, cells, found)
    if len(extras) > LIMIT:
        problem = tr("{count} more columns are none that matchopt knows", count=len(extras) - LIMIT)
        cure = tr("they are kept and handed through to the plan")
        found.warning("unknown_column", raw.table.name, problem, cure, row=raw.head)
    index = pd.RangeIndex(len(raw.rows))
    texts = {name: of for name, of in extras.items() if not CONTROL.search(name)}
    return pd.DataFrame({name: pd.Series(of, index, dtype=of.dtype) for name, of in texts.items()}, index)


def _refuse_cells(raw: RawTable, header: str, cells: Cells, found: Findings) -> None:
    """Report cells of a column of the user's that cannot be handed on as they were written."""
    if not isinstance(cells, Coded):
        return
    code, texts, why = cells.code, cells.texts, unreadable(cells)
    for kind in dict.fromkeys(refused.code for refused in why.values()):
        of_kind = [k for k, refused in why.items() if refused.code == kind]
        # Nothing is planned by such a column: that digits are gone stops nobody.
        severity = Severity.WARNING if kind == "long_number" else Severity.ERROR

        def say(row: int) -> Said:
            refused = why[code[row]]
            return texts[code[row]], refused.problem, refused.cure

        found.rows(severity, kind, raw, header, np.flatnonzero(np.isin(code, of_kind)), say)


def _near_column(table: Table, header: str) -> str:
    names = {n.casefold(): c.name for c in table.columns for n in (c.name, c.zh, *c.aliases)}
    near = difflib.get_close_matches(header.casefold(), list(names), n=1, cutoff=0.6)
    return tr("did you mean {names}? ", names=names[near[0]]) if near else ""
