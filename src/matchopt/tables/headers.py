"""Headers of a table: what is told of how they are read, what has to be asked, what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import Table
from matchopt.contract.schema import folded
from matchopt.errors import Severity
from matchopt.language import tr, trn
from matchopt.tables.cells import CONTROL, STRIP, Coded, unreadable
from matchopt.tables.column_names import COLUMNS_FILE
from matchopt.tables.findings import LIMIT, Findings, Said, Where
from matchopt.tables.matching import Matched, matched
from matchopt.tables.raw import RawTable, is_blank

NEAR = 0.8
"""How alike a header and a name have to be spelt for the one to be offered for the other."""
NAMED = 20
"""How many headers are named where a column is missing."""


def match_headers(raw: RawTable, found: Findings) -> RawTable:
    """Return the table with the place of each column; report headers that repeat or have to be decided."""
    _refuse_broken(raw, found)
    match = matched(raw.table, raw.headers, raw.columns, raw.said)
    _ask_doubled(raw, match, found)
    _ask_open(raw, match, found)
    translated = []
    for name, k in match.places.items():
        column, bare = raw.table.column(name), raw.headers[k].strip(STRIP)
        if folded(bare) not in (folded(column.name), folded(column.zh)):
            translated.append(f"{bare} = {column.called}")
    kept = [raw.headers[k].strip(STRIP) for k in sorted(match.kept)]
    if translated:
        problem = tr("headers are read as {listed}", listed=", ".join(translated))
        found.note("converted", raw.table.name, problem)
    if kept:
        problem = tr("kept and not read: {listed}", listed=", ".join(kept))
        found.note("kept_columns", raw.table.name, problem)
    _tell_other_list(raw, match, found)
    known = frozenset(match.known - set(match.places.values()))
    return replace(raw, places=match.places, told_units=match.units, known=known)


def _refuse_broken(raw: RawTable, found: Findings) -> None:
    for header in raw.headers:
        if CONTROL.search(header):
            cure = tr("write the header again without that character")
            problem = tr("is a header that is no text")
            found.error("not_text", raw.table.name, problem, cure, row=raw.head, column=header)


def _ask_doubled(raw: RawTable, match: Matched, found: Findings) -> None:
    """Report headers that repeat, or mean the same column as another."""
    seen: dict[str, int] = {}
    again = dict(match.doubled)
    for k, header in enumerate(raw.headers):
        bare = header.strip(STRIP)
        if bare and bare in seen and k not in again:
            again[k] = seen[bare]
        seen.setdefault(bare, k)
    for k in sorted(again):
        first, header = raw.headers[again[k]], raw.headers[k]
        other = tr("means the same column as {first}", first=first)
        problem, cure = tr("stands twice") if first == header else other, tr("leave only one of them")
        if first != header:
            cure = tr('say in {file} which of them is read, and "" for the other', file=COLUMNS_FILE)
        found.error("duplicate_column", raw.table.name, problem, cure, row=raw.head, column=header)


def _ask_open(raw: RawTable, match: Matched, found: Findings) -> None:
    """Ask which column a header is that may be several, or one of several headers for one column."""
    for k, choices in sorted(match.asked.items()):
        header = raw.headers[k]
        names = [raw.table.called_column(choice) for choice in choices]
        listed = tr(" or ").join(names)
        problem = tr("is not read: it may be {listed}", listed=listed) if choices else tr("is not read")
        cure = tr(
            'say what it is in {file}: [{table}] "{header}" = "{name}"; or "" to leave it out',
            file=COLUMNS_FILE,
            table=raw.table.called,
            header=header.strip(STRIP),
            name=names[0] if names else "…",
        )
        found.warning("ask_column", raw.table.name, problem, cure, row=raw.head, column=header)


def _tell_other_list(raw: RawTable, match: Matched, found: Findings) -> None:
    """Report a ``columns.toml`` of which no name stands in the table, though that has names of its own."""
    names = raw.said.columns.get(raw.name, {})
    stand = {raw.said.column(raw.name, header) for header in raw.headers if header.strip(STRIP)} - {None}
    if names and not stand and any(c.required and c.name not in match.places for c in raw.table.columns):
        problem = tr("is of another list: none of its names stands in {table}", table=raw.table.called)
        cure = tr("delete it, or write the names of this list")
        found.error("other_list", raw.said.source, problem, cure)


def require_columns(raw: RawTable, places: Mapping[str, int], found: Findings) -> bool:
    """Report required columns that are missing; return whether all are there."""
    open_ = [h for k, h in enumerate(raw.headers) if h.strip(STRIP) and k not in places.values()]
    unknown = [h for k, h in enumerate(raw.headers) if h.strip(STRIP) and k not in raw.known][:NAMED]
    missing = [c for c in raw.table.columns if c.required and c.name not in places]
    if len(missing) > 1 and not places and open_:
        listed = tr(", ").join(f"«{h.strip(STRIP)}»" for h in open_[:NAMED])
        problem = tr(
            "has no row that names its columns; row {row} is taken for it: {listed}",
            row=raw.head,
            listed=listed,
        )
        wanted = tr(", ").join(f"{column.name} ({column.zh})" for column in missing)
        cure = tr(
            "write the names of columns above the rows, such as {names}; or say in {file} what theirs mean",
            names=wanted,
            file=COLUMNS_FILE,
        )
        found.error("no_header_row", raw.table.name, problem, cure, row=raw.head)
        return False
    for column in missing:
        names = (column.name, column.zh, *column.aliases)
        near = [h for h in unknown if _near(h, names)]
        cure = tr("rename the header «{near}»", near=near[0]) if near else tr("add it")
        if not near and open_:
            listed = tr(", ").join(f"«{h.strip(STRIP)}»" for h in open_[:NAMED])
            cure = tr("add it, or say in {file} if one of {listed} is it", file=COLUMNS_FILE, listed=listed)
        problem = tr("has no column {name} ({zh})", name=column.name, zh=column.zh)
        where: Where = {"row": raw.head, "column": column.name}
        found.error("missing_column", raw.table.name, problem, f"{cure}: {column.said}", **where)
    return not missing


def report_unfilled(raws: Sequence[RawTable], given: Collection[str], found: Findings) -> None:
    """Report tables that end with their header, and tell, once for all tables, of rows that are remarks."""
    empty = [raw for raw in raws if raw.name not in given]
    for raw in (raw for raw in empty if raw.table.required):
        found.error("no_rows", raw.name, tr("has a header but no rows"), tr("add the rows"))
    unused = [raw for raw in empty if not raw.table.required]
    if len(unused) == 1:
        found.note("no_rows", unused[0].name, tr("has a header but no rows: it counts as not given"))
    elif unused:
        listed = ", ".join(raw.sheet or raw.source or raw.name for raw in unused)
        told = tr("have a header but no rows, and count as not given: {listed}", listed=listed)
        found.note("no_rows", tr("tables"), told)
    remarks = {raw.name: raw.remarks for raw in raws if raw.remarks and raw.name in given}
    if remarks:
        skipped = trn(
            "{n} remark row (first cell begins with ##) skipped",
            "{n} remark rows (first cell begins with ##) skipped",
            sum(remarks.values()),
        )
        found.note("remarks", next(iter(remarks)) if len(remarks) == 1 else tr("tables"), skipped)


def unknown_columns(raw: RawTable, places: Mapping[str, int], found: Findings) -> pd.DataFrame:
    """Return the columns that the schema does not know, each of the first with a warning."""
    extras: dict[str, npt.NDArray[Any]] = {}
    for k, (header, cells) in enumerate(zip(raw.headers, raw.columns, strict=True)):
        bare = header.strip(STRIP)
        if k in places.values() or bare in extras:
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
        elif k not in raw.known and len(extras) < LIMIT:
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


def _refuse_cells(raw: RawTable, header: str, cells: Any, found: Findings) -> None:
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
    names = {n.casefold(): c.called for c in table.columns for n in (c.name, c.zh, *c.aliases)}
    near = _near(header, names)
    return tr("did you mean {names}? ", names=names[near]) if near else ""


def _near(header: str, names: Iterable[str]) -> str:
    """Return the name that a header is misspelt from, or ``""``: short words differ in more than a letter."""
    wanted = header.casefold()
    near = difflib.get_close_matches(wanted, list(names), n=1, cutoff=NEAR)
    return near[0] if near else ""
