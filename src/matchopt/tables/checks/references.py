"""Rules that look at more than one cell or table: references, days, rows that say too little."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matchopt.contract.fields import Column, Kind
from matchopt.contract.settings import Settings
from matchopt.language import tr
from matchopt.tables.checks.affinities import check_affinities, note_weight
from matchopt.tables.checks.capacities import warn_of_closed
from matchopt.tables.checks.commitments import check_commitments
from matchopt.tables.checks.funds import check_funds
from matchopt.tables.checks.places import check_places
from matchopt.tables.checks.policy import check_policy
from matchopt.tables.checks.quantities import check_quantities
from matchopt.tables.checks.substitutions import check_substitutions
from matchopt.tables.findings import Findings, Said
from matchopt.tables.names import alike, near_name
from matchopt.tables.tables import Tables
from matchopt.tables.typed import Checked


def check_across(
    checked: Mapping[str, Checked], settings: Settings | None, found: Findings, unread: frozenset[str]
) -> None:
    """Check what no table can be checked for alone."""
    tables = Tables(checked, unread, found)
    for table in checked.values():
        for column in table.table.columns:
            if column.refers_to:
                _check_reference(tables, table, column)
    check_quantities(tables, settings)
    _check_windows(tables)
    check_affinities(tables)
    _check_incomplete_rows(tables)
    check_commitments(tables)
    _warn_of_near_names(tables)
    _warn_of_earmarks(tables)
    check_places(tables)
    check_substitutions(tables)
    check_funds(tables)
    warn_of_closed(tables)
    if settings is not None:
        check_policy(tables, settings)
        note_weight(tables, settings)


# --- references --------------------------------------------------------------------------


def _check_reference(tables: Tables, table: Checked, column: Column) -> None:
    """Report keys that the table they refer to lacks, where that table is given."""
    target, key = column.refers_to.split(".")
    if tables.get(target) is None or not tables.complete(target):
        return
    known = tables.names(target, key)
    codes, distinct = table.coded(column.name)
    strangers: dict[int, str] = {}
    for k, value in enumerate(distinct.tolist()):
        parts = value.split(";") if column.kind is Kind.LIST else [value]
        strange = [part for part in parts if part and part not in known]
        if strange:
            strangers[k] = strange[0]
    if not strangers:
        return

    def say(at: int) -> Said:
        name = strangers[codes[at]]
        near = near_name(name, known)
        cure = tr("did you mean «{near}»? ", near=near) if near else ""
        return (
            name,
            tr("is no {key} of the table {target}", key=key, target=target),
            tr("{cure}add it to {target} or correct it", cure=cure, target=target),
        )

    tables.error("unknown_key", table, column.name, np.isin(codes, list(strangers)), say)


def _warn_of_near_names(tables: Tables) -> None:
    """Warn of items that differ from an offered or asked one by case, width or spaces only."""
    needs, donations = tables.get("needs"), tables.get("donations")
    if needs is None or donations is None or tables.get("items") is not None:
        return
    offered, asked = tables.names("donations", "item"), tables.names("needs", "item")
    by_look = {alike(item): item for item in sorted(offered) if alike(item)}
    twins = {item: by_look[alike(item)] for item in asked - offered if alike(item) in by_look}
    if not twins:
        return
    values = needs.array("item")

    def say(at: int) -> Said:
        return (
            values[at],
            tr("is not the same as the donated «{twins}»", twins=twins[values[at]]),
            tr("write both alike"),
        )

    tables.warning("near_name", needs, "item", needs.among("item", set(twins)), say)


def _warn_of_earmarks(tables: Tables) -> None:
    """Warn of earmarks for groups or communities that no need has."""
    donations = tables.get("donations")
    if donations is None or tables.get("needs") is None or not tables.complete("needs"):
        return
    for column, key in (("only_groups", "group"), ("only_communities", "community")):
        if key == "community" and tables.get("communities") is not None:
            continue
        asked = tables.names("needs", key)
        codes, distinct = donations.coded(column)
        idle = {
            k: parts for k, value in enumerate(distinct.tolist())
            if (parts := [part for part in value.split(";") if part and part not in asked])
        }  # fmt: skip

        def say(
            at: int, key: str = key, codes: np.ndarray = codes, idle: dict[int, list[str]] = idle
        ) -> Said:
            name = idle[codes[at]][0]
            near = near_name(name, tables.names("needs", key))
            cure = tr("did you mean «{near}»?", near=near) if near else tr("check the spelling")
            return name, tr("is no {key} of any need", key=key), cure

        if idle:
            tables.warning("idle_earmark", donations, column, np.isin(codes, list(idle)), say)


# --- days ----------------------------------------------------------------------------------


def _check_windows(tables: Tables) -> None:
    """Report windows that end before they start, and goods that expire before they can be had."""
    for name, start, end in (
        ("needs", "needed_from", "needed_by"),
        ("donations", "available_from", "available_until"),
    ):
        table = tables.get(name)
        if table is None:
            continue
        first, last = table.array(start), table.array(end)

        def say(at: int, first: np.ndarray = first, last: np.ndarray = last) -> Said:
            problem = tr("is before the {first} that it starts on", first=_day(first[at]))
            return _day(last[at]), problem, tr("exchange the two days, or correct one of them")

        tables.error("reversed_days", table, end, last < first, say)
    donations = tables.get("donations")
    if donations is not None:
        first, expires = donations.array("available_from"), donations.array("expires_on")
        tables.warning(
            "expired", donations, "expires_on", expires < first,
            lambda at: (
                _day(expires[at]), tr("is before {first}, when it can first be had", first=_day(first[at])),
                tr("check both days; as it stands nobody can be given it"),
            ),
        )  # fmt: skip


def _day(day: np.datetime64) -> str:
    return str(day.astype("datetime64[D]"))


# --- rows that say too little ------------------------------------------------------------


def _check_incomplete_rows(tables: Tables) -> None:
    exclusions = tables.get("exclusions")
    if exclusions is not None:
        columns = ("item", "group", "community")
        given = np.logical_or.reduce([exclusions.given(name) for name in columns])
        tables.error(
            "incomplete_row", exclusions, "", ~given & exclusions.sound(*columns),
            lambda _: ("", tr("would exclude every need"), tr("give an item, a group or a community")),
        )  # fmt: skip
