"""Raw tables → Case, or every finding at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from matchopt.contract.case import Case, EarlierPlan, Source
from matchopt.contract.horizon import TODAY
from matchopt.contract.plan import Plan
from matchopt.contract.schema import TABLES, table_named
from matchopt.contract.settings import Settings, this_day
from matchopt.errors import CaseError, Severity
from matchopt.language import tr
from matchopt.tables.checks import CHECKS
from matchopt.tables.checks.commitments import completed
from matchopt.tables.columns import check_table
from matchopt.tables.conversion import in_own_units
from matchopt.tables.coordinates import WGS, in_wgs84
from matchopt.tables.findings import Findings, RefusedError, near_table
from matchopt.tables.headers import report_unfilled
from matchopt.tables.keys import check_keys
from matchopt.tables.names import one_name_each
from matchopt.tables.raw import RawTable, as_frame, from_frame
from matchopt.tables.typed import CheckedTables


def case_from_frames(
    frames: Mapping[str, Any],
    settings: Settings | Mapping[str, Any] | None = None,
    earlier: Plan | pd.DataFrame | EarlierPlan | None = None,
) -> Case:
    """Check DataFrames and return them as a case.

    Parameters
    ----------
    frames
        Table name, English or Chinese, → table (see `matchopt.tables.raw.as_frame`); None is not given.
    settings
        Settings, or the sections of ``matchopt.toml`` as nested mappings.
    earlier
        An earlier plan, see `checked_case`.

    Raises
    ------
    CaseError
        With every error in the tables and settings.
    """
    found = Findings()
    raws: list[RawTable] = []
    unread: set[str] = set()
    for name, frame in frames.items():
        table = table_named(name)
        if frame is None:
            continue
        if table is None:
            found.error("unknown_table", name, tr("is no table that matchopt knows"), near_table(name))
        elif any(raw.table is table for raw in raws):
            found.error("duplicate_table", table.name, tr("is given twice"), tr("give one of them"))
        else:
            try:
                raws.append(from_frame(table, as_frame(frame)))
            except RefusedError as why:
                unread.add(table.name)
                found.refused(table.name, why)
    case = checked_case(raws, parsed(settings, found), found, unread=frozenset(unread), earlier=earlier)
    if case is None:
        raise CaseError(found.sorted())
    return case


def parsed(settings: Settings | Mapping[str, Any] | None, found: Findings) -> Settings | None:
    """Return the settings; None, with findings, if they are wrong."""
    if isinstance(settings, Settings):
        return settings
    try:
        return Settings.parse(settings or {}, "settings")
    except CaseError as error:
        found.take(error.findings)
        return None


def checked_case(
    raws: Iterable[RawTable],
    settings: Settings | None,
    found: Findings,
    sources: tuple[Source, ...] = (),
    unread: frozenset[str] = frozenset(),
    earlier: Plan | pd.DataFrame | EarlierPlan | None = None,
    today: date | None = None,
) -> Case | None:
    """Check everything; return the case, or None if there is an error in `found`.

    Parameters
    ----------
    settings
        None if they could not be read; rules that need them are then left out.
    unread
        Tables that are there but could not be read: no rule may rely on their absence.
    earlier
        An earlier plan, or its allocations: what commitments do not say of them is a promise.
    today
        What today is, by default the day of the clock; the settings of the case hold it written out where
        the horizon begins with it.
    """
    raws = list(raws)
    there = unread | {raw.table.name for raw in raws}
    for table in TABLES.values():
        if table.required and table.name not in there:
            problem = tr("there is no table {name} ({zh})", name=table.name, zh=table.zh)
            cure = tr("add {name}.csv: {about}", name=table.called, about=table.said)
            if raws and not any(raw.source for raw in raws):
                cure = tr("give a table {name}: {about}", name=table.called, about=table.said)
            found.error("missing_table", table.name, problem, cure)
    typed = {raw.table.name: check_table(raw, found, settings) for raw in raws}
    given = {name: table for name, table in typed.items() if table is not None}
    report_unfilled(raws, given, found)
    referred = not given.keys().isdisjoint(("affinities", "commitments"))
    named = one_name_each(given, found)
    keyed = {name: check_keys(table, found, referred=referred) for name, table in named.items()}
    checked = in_own_units(keyed, found)
    if settings is not None:
        checked = in_wgs84(checked, settings, found)
        if (
            not sources and settings.input.coordinates != WGS
        ):  # frames are handed on as they are now, and must not be converted again
            settings = settings.updated({"input": {"coordinates": WGS}})
    tables = CheckedTables(checked, unread, found, settings, today or this_day())
    before = None if earlier is None else EarlierPlan.of(earlier)
    if before is not None and "commitments" not in unread:
        commitments = completed(tables, before)
        if len(commitments.rows):
            checked["commitments"] = commitments
    for check in CHECKS:
        check(tables)
    findings = found.sorted()
    if settings is None or any(f.severity is Severity.ERROR for f in findings):
        return None
    days = tables.planned_days(settings)
    if days is not None and days.begins == TODAY:
        settings = settings.updated({"horizon": {"start": tables.today}})
    ordered = [name for name in TABLES if name in checked]
    return Case.of_columns(
        {name: checked[name].columns for name in ordered},
        {name: checked[name].extras for name in ordered if checked[name].extras.shape[1]},
        settings,
        findings,
        sources,
        before,
    )
