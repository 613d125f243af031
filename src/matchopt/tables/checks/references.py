"""Checks of references, of days of one row, and of rows that say too little."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Bools, Texts
from matchopt.contract.fields import Column, Kind
from matchopt.contract.schema import TABLES
from matchopt.language import tr
from matchopt.tables.days import exchanged
from matchopt.tables.findings import Said, alike, near_hint, near_or, shown
from matchopt.tables.names import seen, told_apart
from matchopt.tables.typed import Checked, CheckedTables, check


@check()
def unknown_keys(tables: CheckedTables) -> None:
    """Report keys that the table they refer to lacks, where that table is given."""
    for table in tables.checked.values():
        for column in table.table.columns:
            target, _, key = column.refers_to.partition(".")
            if (
                target in tables.checked
                and tables.complete(target)
                and tables.checked[target].sound(key).all()
            ):
                _check_reference(tables, table, column, target, key)


def _check_reference(tables: CheckedTables, table: Checked, column: Column, target: str, key: str) -> None:
    known = tables.names(column.refers_to)
    where, strange = _strangers(table, column, known)

    def say(at: int) -> Said:
        hint = near_hint(strange(at), known)
        named = {"key": TABLES[target].called_column(key), "target": TABLES[target].called}
        cure = tr("{cure}add it to {target} or correct it", cure=hint, target=named["target"])
        return strange(at), tr("is no {key} of the table {target}", **named), cure

    tables.error("unknown_key", table, column.name, where, say)


def _strangers(table: Checked, column: Column, known: set[str]) -> tuple[Bools, Callable[[int], str]]:
    """Return the rows in which a name is not `known`, and what tells the first such name of a row."""
    codes, distinct = table.coded(column.name)
    strange: dict[int, str] = {}
    for code, value in enumerate(distinct.tolist()):
        parts = value.split(";") if column.kind is Kind.LIST else [value]
        unknown = [part for part in parts if part and part not in known]
        if unknown:
            strange[code] = unknown[0]
    where = np.isin(codes, list(strange)) if strange else np.zeros(len(codes), dtype=bool)
    return where, lambda at: strange[codes[at]]


@check("needs", "donations")
def near_names(tables: CheckedTables, needs: Checked, donations: Checked) -> None:
    """Warn of items that differ from a donated one by case, width or spaces only."""
    if "items" in tables.checked:
        return
    offered, asked = tables.names("donations.item"), tables.names("needs.item")
    by_look = {alike(item): item for item in sorted(offered) if alike(item)}
    twins = {item: by_look[alike(item)] for item in asked - offered if alike(item) in by_look}
    items = needs.array("item")

    def say(at: int) -> Said:
        problem = tr("is not the same as the donated «{twins}»", twins=twins[items[at]])
        return items[at], problem, tr("write both alike")

    tables.warning("near_name", needs, "item", needs.among("item", set(twins)), say)


@check()
def look_alikes(tables: CheckedTables) -> None:
    """Warn of keys that nobody can tell apart by looking at them."""
    for table in tables.checked.values():
        for key in table.table.key if len(table.table.key) == 1 else ():
            code, distinct = table.coded(key)
            if "".join(distinct).isascii():
                continue
            first: dict[str, str] = {}
            twins = {name: of for name in distinct if (of := first.setdefault(seen(name), name)) != name}
            names, twin = table.array(key), np.array([name in twins for name in distinct], dtype=bool)

            def say(at: int, names: Texts = names, twins: dict[str, str] = twins) -> Said:
                told = {"name": told_apart(names[at], twins[names[at]]), "other": twins[names[at]]}
                problem = tr("is «{name}», which looks like «{other}» and is another", **told)
                return names[at], problem, tr("write one of them in another way, or both alike")

            tables.warning("look_alike", table, key, twin[code], say)


@check("donations", "needs", complete=("needs",))
def idle_earmarks(tables: CheckedTables, donations: Checked, needs: Checked) -> None:
    """Warn of earmarks for groups or communities that no need has."""
    for name, key in (("only_groups", "group"), ("only_communities", "community")):
        if key == "group" or "communities" not in tables.checked:
            _check_earmarks(tables, donations, donations.table.column(name), key)


def _check_earmarks(tables: CheckedTables, donations: Checked, column: Column, key: str) -> None:
    asked = tables.names(f"needs.{key}")
    where, strange = _strangers(donations, column, asked)

    def say(at: int) -> Said:
        cure = near_or(strange(at), asked, tr("check the spelling"))
        return strange(at), tr("is no {key} of any need", key=TABLES["needs"].called_column(key)), cure

    tables.warning("idle_earmark", donations, column.name, where, say)


@check()
def reversed_windows(tables: CheckedTables) -> None:
    """Report windows that end before they start."""
    if "needs" in tables.checked:
        _check_window(tables, tables.checked["needs"], "needed_from", "needed_by")
    if "donations" in tables.checked:
        _check_window(tables, tables.checked["donations"], "available_from", "available_until")


def _check_window(tables: CheckedTables, table: Checked, start: str, end: str) -> None:
    first, last = table.array(start), table.array(end)
    reversed_ = last < first
    if not reversed_.any():
        return
    asked = np.zeros(len(table.rows), dtype=bool)
    for column in (start, end):
        other = exchanged(table.array(column))
        mended = last < other if column == start else other < first
        doubtful = reversed_ & table.by_order.get(column, asked) & ~mended & ~np.isnat(other) & ~asked

        def ask(at: int, column: str = column, other: npt.NDArray[np.datetime64] = other) -> Said:
            problem = tr("is read in the order of its column, and ends a window before it begins")
            day = str(other[at].astype("datetime64[D]"))
            return table.array(column), problem, tr("write {day} if that is meant", day=day)

        tables.error("ambiguous_day", table, column, doubtful, ask)
        asked |= doubtful

    def say(at: int) -> Said:
        problem = tr("is before the {first} that it starts on", first=shown(first[at]))
        return last, problem, tr("exchange the two days, or correct one of them")

    tables.error("reversed_days", table, end, reversed_ & ~asked, say)


@check("donations")
def expired(tables: CheckedTables, donations: Checked) -> None:
    """Warn of goods that expire before they can be had."""
    first, expires = donations.array("available_from"), donations.array("expires_on")

    def say(at: int) -> Said:
        problem = tr("is before {first}, when it can first be had", first=shown(first[at]))
        return expires, problem, tr("check both days; as it stands nobody can be given it")

    tables.warning("expired", donations, "expires_on", expires < first, say)


@check("exclusions")
def empty_exclusions(tables: CheckedTables, exclusions: Checked) -> None:
    """Report exclusions that would exclude every need."""
    columns = ("item", "group", "community")
    given = np.logical_or.reduce([exclusions.given(name) for name in columns])
    said = ("", tr("would exclude every need"), tr("give an item, a group or a community"))
    tables.error("incomplete_row", exclusions, "", ~given & exclusions.sound(*columns), said)
