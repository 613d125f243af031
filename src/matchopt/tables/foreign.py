"""Lists as people keep them → tables of the contract, and what was recognised, assumed and left open.

Nothing is asked twice: what is decided goes into `ColumnNames`, which reads the next list of the office.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from matchopt.contract.fields import Table
from matchopt.contract.schema import TABLES
from matchopt.errors import Finding
from matchopt.language import tr
from matchopt.tables.cells import STRIP, Coded
from matchopt.tables.column_names import NOTHING_SAID, OPEN, UNREAD, ColumnNames
from matchopt.tables.derived import completed
from matchopt.tables.findings import LIMIT, Findings, RefusedError
from matchopt.tables.headers import match_headers
from matchopt.tables.left_out import without_totals
from matchopt.tables.matching import Matched, matched
from matchopt.tables.nested import joined_lists
from matchopt.tables.raw import RawTable, as_texts
from matchopt.tables.recognise import Listed, lists_in, table_of

Asking = Callable[[str, Sequence[str], str], str]
"""Puts a question with choices and a proposal to the user; returns the answer, ``""`` where there is none."""


def ask_nobody(question: str, choices: Sequence[str], proposal: str) -> str:
    """Answer nothing."""
    return ""


@dataclass(frozen=True, slots=True)
class ListRead:
    """A list that was read as a table.

    Attributes
    ----------
    name
        What it is called: file, and sheet if there is one.
    raw
        The table, totals left out, ids and quantities completed.
    headers
        Its headers as they stand in the list, and what each is: a column, `OPEN` or `UNREAD`.
    findings
        What was found while it was read.
    """

    name: str
    raw: RawTable
    headers: Mapping[str, str]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class ListsRead:
    """What came of all lists.

    Attributes
    ----------
    read
        Those that are tables.
    left
        What was left out, and why.
    open
        What has to be decided.
    said
        What was decided, for the next list.
    """

    read: list[ListRead] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    open: list[tuple[str, str]] = field(default_factory=list)
    said: ColumnNames = NOTHING_SAID


def read_lists(
    files: Iterable[tuple[str, bytes]], said: ColumnNames = NOTHING_SAID, ask: Asking = ask_nobody
) -> ListsRead:
    """Read files as tables of the contract; what nothing decides is asked, and open without an answer."""
    done = ListsRead(said=said)
    found: list[Listed] = []
    for name, data in files:
        try:
            here = lists_in(name, data)
        except RefusedError as why:
            done.left.append((name, f"{why.problem} → {why.cure}"))
            continue
        if not here:
            done.left.append((name, tr("holds no list")))
        found += here
    found = joined_lists(found)
    several = len({listed.file for listed in found}) > 1
    shown = {id(listed): table_of(listed, said).table for listed in found if not listed.hidden}
    for listed in found:
        name = f"{listed.file} › {listed.sheet}" if several and listed.sheet else listed.name
        if listed.hidden and table_of(listed, said).table in (*shown.values(), None):
            done.left.append((name, tr("is a hidden sheet")))
            continue
        table = _table_of(listed, name, done, ask)
        if table is not None:
            _read(listed, name, table, done, ask)
    return done


def _table_of(listed: Listed, name: str, done: ListsRead, ask: Asking) -> Table | None:
    recognised = table_of(listed, done.said)
    if recognised.table is not None:
        return recognised.table
    if _holds_both(listed):
        return TABLES["needs"]
    if not recognised.rivals:
        problem = tr("fits no table: neither needs nor donations, nor what a plan knows besides, stand in it")
        done.left.append((name, problem))
        return None
    names = {table.called: table.name for table in recognised.rivals}
    said = ask(tr("Which table is {name}?", name=name), list(names), "")
    answer = names.get(said, said)
    told = {**done.said.lists, listed.name: answer if answer in TABLES else OPEN}
    done.said = replace(done.said, lists=told)
    if answer in TABLES:
        return TABLES[answer]
    problem = tr("may be {listed}", listed=tr(" or ").join(names))
    done.open.append((name, problem))
    return None


def _read(listed: Listed, name: str, table: Table, done: ListsRead, ask: Asking) -> None:
    found = Findings()
    try:
        raw = listed.read(table, done.said, found)
    except RefusedError as why:
        done.left.append((name, f"{why.problem} → {why.cure}"))
        return
    if raw is None:
        done.left.append((name, tr("cannot be read as {table}", table=table.called)))
        return
    match = matched(table, raw.headers, raw.columns, done.said)
    _ask_columns(raw, match, name, done, ask)
    for part in _parts(replace(raw, said=done.said)):
        _finish(part, name, done, ask, found)


def _ask_columns(raw: RawTable, match: Matched, name: str, done: ListsRead, ask: Asking) -> None:
    """Ask for headers that may be several columns, and for those of two that mean one."""
    doubtful = {k: (match.asked[k], "") for k in match.asked}
    for k, first in match.doubled.items():
        column = next(column for column, at in match.places.items() if at == first)
        doubtful |= {first: ((column,), column), k: ((column,), "")}
    answers: dict[str, str] = {}
    for k, (choices, proposal) in sorted(doubtful.items()):
        header = raw.headers[k].strip(STRIP)
        question = tr("{name}: what is the column «{header}»?", name=name, header=header)
        names = {raw.table.called_column(choice): choice for choice in choices}
        answer = ask(question, [*names, tr("leave out")], raw.table.called_column(proposal))
        if answer in names:
            answers[header] = names[answer]
        elif answer:
            answers[header] = UNREAD
    columns = {**done.said.columns.get(raw.name, {}), **answers}
    done.said = replace(done.said, columns={**done.said.columns, raw.name: columns})


def _finish(raw: RawTable, name: str, done: ListsRead, ask: Asking, found: Findings) -> None:
    """Match, fill and complete a table, and keep what each header is."""
    known = match_headers(raw, found)
    fill = _fill(known, name, done, ask)
    raw = replace(raw, said=replace(raw.said, fill={raw.name: fill}))
    match = matched(raw.table, raw.headers, raw.columns, raw.said)
    placed = sorted(match.places.items(), key=lambda place: place[1])
    headers = {raw.headers[k].strip(STRIP): column for column, k in placed}
    for k in sorted(match.known - set(match.places.values())):
        headers[raw.headers[k].strip(STRIP)] = OPEN if k in match.asked or k in match.doubled else UNREAD
        if k in match.asked or k in match.doubled:
            choices = match.asked.get(k, ())
            may_be = (
                tr("may be {listed}", listed=tr(" or ").join(map(raw.table.called_column, choices)))
                if choices
                else tr("is told twice")
            )
            done.open.append((f"{name}: {raw.headers[k].strip(STRIP)}", may_be))
    columns = {**done.said.columns.get(raw.name, {}), **headers}
    done.said = replace(
        done.said,
        columns={**done.said.columns, raw.name: columns},
        fill={**done.said.fill, **({raw.name: fill} if fill else {})},
    )
    table = completed(without_totals(replace(known, said=raw.said), found), found)
    missing = [c.called for c in raw.table.columns if c.required and c.name not in table.places]
    if missing:
        listed = ", ".join(missing)
        problem = tr("has no column for {listed}: say in columns.toml which it is", listed=listed)
        done.open.append((name, problem))
    _warn_of_twice(table, found)
    done.read.append(ListRead(name, table, headers, found.sorted()))


def _warn_of_twice(raw: RawTable, found: Findings) -> None:
    """Warn of people who ask for the same thing in several rows: forms are often sent twice."""
    kept = matched(raw.table, raw.headers, raw.columns, raw.said).kept
    people = [k for who in ("phone", "contact") for k, what in kept.items() if what == who]
    people += [raw.places[who] for who in ("phone", "contact") if who in raw.places]
    if raw.name != "needs" or not people or "item" not in raw.places:
        return
    who, item = (as_texts(raw.columns[k]).rows for k in (people[0], raw.places["item"]))
    seen: dict[tuple[str, str], list[int]] = {}
    for k, (person, asked) in enumerate(zip(who, item, strict=True)):
        if person.strip(STRIP):
            seen.setdefault((person.strip(STRIP), asked.strip(STRIP)), []).append(raw.row(k))
    again = [rows for rows in seen.values() if len(rows) > 1]
    if again:
        listed = "; ".join(tr(" and ").join(map(str, rows)) for rows in again[:LIMIT])
        problem = tr("the same person asks for the same item twice, in rows {listed}", listed=listed)
        cure = tr("delete what was sent twice; all of it is read")
        found.warning("asked_twice", raw.name, problem, cure, row=again[0][0])


FILLED: Mapping[str, tuple[str, ...]] = {"needs": ("community",)}
"""Columns of which one value may hold for a whole list."""


def _fill(raw: RawTable, name: str, done: ListsRead, ask: Asking) -> Mapping[str, str]:
    """Return what stands in every row of columns that the list does not have: one place, for instance."""
    fill = dict(done.said.fill.get(raw.name, {}))
    for column in FILLED.get(raw.name, ()):
        if column in raw.places or fill.get(column):
            continue
        proposal = name.rsplit(" › ", 1)[-1].rsplit(".", 1)[0]
        answer = ask(tr("{name}: where are its needs? (one place for all of them)", name=name), (), proposal)
        fill[column] = answer or proposal
    return fill


# --- one list that holds both ------------------------------------------------------------------

_KIND = {
    "needs": frozenset({"need", "needs", "request", "order", "需求", "需要", "求助", "受助"}),
    "donations": frozenset(
        {"donation", "donations", "offer", "supply", "inventory", "捐赠", "供给", "捐献", "捐助"}
    ),
}
"""What a cell says of its row in a list that holds needs and donations."""


def _parts(raw: RawTable) -> list[RawTable]:
    """Return the tables of a list: two, where a column says of each row which of both it is."""
    if raw.name not in _KIND:
        return [raw]
    known = frozenset(word for words in _KIND.values() for word in words)
    for cells in raw.columns:
        column = as_texts(cells)
        words = [text.strip(STRIP).casefold() for text in column.texts]
        if {word for word in words if word} <= known and len({_kind(word) for word in words if word}) > 1:
            kinds = [_kind(word) for word in words]
            return [
                replace(_rows(raw, [kinds[code] == name for code in column.code]), table=TABLES[name])
                for name in _KIND
            ]
    return [raw]


def _holds_both(listed: Listed) -> bool:
    """Return whether a column of a list says of each row whether it is asked for or offered."""
    for cells in zip(*listed.rows, strict=False):
        kinds = {_kind(cell.casefold()) for cell in cells[1:] if cell}
        if kinds == set(_KIND):
            return True
    return False


def _kind(word: str) -> str:
    return next((table for table, words in _KIND.items() if word in words), "")


def _rows(raw: RawTable, keep: Sequence[bool]) -> RawTable:
    mask = np.array(keep, dtype=bool)
    columns = tuple(cells.kept(mask) if isinstance(cells, Coded) else cells[mask] for cells in raw.columns)
    return replace(raw, columns=columns, rows=raw.rows[mask])
