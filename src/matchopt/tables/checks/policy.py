"""Checks of settings against tables: boundary, fairness, horizon, affinities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matchopt.contract.horizon import (
    AFTER_FOUR_WEEKS,
    ENDING,
    FAR,
    SET,
    TABLE,
    TODAY,
    PlannedDays,
    days_number,
)
from matchopt.contract.schema import TABLES
from matchopt.contract.settings import FILE, Settings
from matchopt.errors import Severity
from matchopt.language import mark, tr, trn
from matchopt.tables.findings import Said, shown
from matchopt.tables.typed import Checked, CheckedTables, check

LONG_HORIZON = 3660
"""Days after which a horizon looks like a mistyped year."""

LONG_DEFAULT = 366
"""Days after which one that nobody set does."""

LATELY = 60
"""Days that a horizon may begin before today by default."""

SIDES = (("donation_id", "donor"), ("need_id", "group"))
"""The columns of affinities that may name each side; a row gives one of the two."""

BOUNDED_BY = {"district": "district", "organization": "organization", "agreements": "organization"}
"""Boundary policy → the column of communities that it goes by."""

UNSERVED, UNPLANNED = mark("it cannot be served"), mark("it cannot be planned")
FIRST_DAYS = (("needs", "needed_from", UNSERVED), ("donations", "available_from", UNPLANNED))
LAST_DAYS = (
    ("needs", "needed_by", UNSERVED),
    ("donations", "available_until", UNPLANNED),
    ("donations", "expires_on", UNPLANNED),
)
"""Table and column of days that must not lie after, or before the horizon, and what it means if one does."""


@check(settings=True)
def boundary(tables: CheckedTables, settings: Settings) -> None:
    """Report a boundary that the tables do not draw, and communities that stand on neither side of it."""
    rule = settings.policy.boundary
    if rule == "open":
        return
    if rule in BOUNDED_BY:
        _check_community_column(tables, rule, BOUNDED_BY[rule])
    if rule == "agreements" and "agreements" not in tables.checked and tables.complete("agreements"):
        _refuse_boundary(tables, rule, tr("there is no table agreements"), tr("add agreements.csv"))
    donations = tables.get("donations")
    if donations is not None and donations.whole and not donations.given("community").any():
        problem = tr("binds nothing: no donation has a community")
        cure = tr("fill in the column community of donations")
        tables.found.warning("idle_boundary", FILE, problem, cure, column="policy.boundary", value=rule)


def _check_community_column(tables: CheckedTables, rule: str, column: str) -> None:
    communities, column_called = tables.get("communities"), TABLES["communities"].called_column(column)
    if communities is None:
        if tables.complete("communities"):
            cure = tr("add communities.csv with {column}", column=column_called)
            _refuse_boundary(tables, rule, tr("there is no table communities"), cure)
        return
    given = communities.given(column)
    if not given.any():
        cure = tr("fill in the column {column} of communities", column=column_called)
        _refuse_boundary(tables, rule, tr("no community has a {column}", column=column_called), cure)
        return
    problem = tr("is empty, so that nothing crosses to it under {boundary}", boundary=rule)
    said = ("", problem, tr("fill in the {column}", column=column_called))
    tables.warning("blank_boundary", communities, column, ~given & communities.sound(column), said)


def _refuse(tables: CheckedTables, setting: str, value: str, why: str, cure: str) -> None:
    """Report a setting that cannot be observed without data."""
    problem = tr("cannot be observed: {why}", why=why)
    code, column = f"{setting}_without_data", f"policy.{setting}"
    tables.found.error(code, FILE, problem, cure, column=column, value=value)


def _refuse_boundary(tables: CheckedTables, rule: str, why: str, cure: str) -> None:
    _refuse(tables, "boundary", rule, why, tr("{cure}, or set the boundary to open", cure=cure))


@check(complete=("communities",), settings=True)
def fairness(tables: CheckedTables, settings: Settings) -> None:
    """Report fairness between communities that no table lists, and shares of populations not known."""
    rule = settings.policy.fairness
    communities = tables.get("communities")
    if rule == "none":
        return
    if communities is None:
        _refuse_fairness(tables, rule, tr("there is no table communities"), tr("add communities.csv"))
        return
    if rule != "share":
        return
    known, sound = communities.given("population"), communities.sound("population")
    cure = tr("fill in the column population of communities")
    if not known.any() and sound.all():
        _refuse_fairness(tables, rule, tr("no community has a population"), cure)
    elif sound.all() and not communities.array("population")[known].sum():
        _refuse_fairness(tables, rule, tr("all populations are 0"), cure)
    else:
        problem = tr("is empty, and fairness share counts residents")
        said = ("", problem, tr("fill in the residents, or 0"))
        tables.error("fairness_without_data", communities, "population", ~known & sound, said)


def _refuse_fairness(tables: CheckedTables, rule: str, why: str, cure: str) -> None:
    _refuse(tables, "fairness", rule, why, tr("{cure}, or set fairness to none", cure=cure))


@check(settings=True)
def horizon(tables: CheckedTables, settings: Settings) -> None:
    """Tell where the horizon runs by default, and why; warn where it is past, is long, or leaves days out."""
    days = tables.planned_days(settings)
    if days is None:
        _warn_undated(tables, settings)
        return
    start, end = np.array([days.start, days.end]).astype("datetime64[D]").astype("datetime64[s]")
    ends = {"start": shown(start), "end": shown(end)}
    if end < start:
        problem = tr("the horizon ends on {end}, before it starts on {start}", **ends)
        cure = tr("what is not set the tables say, or the day that today is; correct [horizon] or the days")
        tables.found.error("reversed_days", FILE, problem, cure, column="horizon")
        return
    if tables.checked and (settings.horizon.start is None or settings.horizon.end is None):
        _tell_default(tables, settings, days, ends)
    length = days.end - days.start + 1
    if length > (LONG_DEFAULT if settings.horizon.end is None else LONG_HORIZON):
        problem = tr("the horizon is {length} days long: {start} to {end}", length=f"{length:,}", **ends)
        cure = tr("check the years in the tables, or set [horizon]")
        tables.found.warning("long_horizon", FILE, problem, cure, column="horizon")
    span = tr("the horizon {start} to {end}", **ends)
    outside = [(*one, np.greater, end) for one in FIRST_DAYS] + [(*one, np.less, start) for one in LAST_DAYS]
    for name, column, meaning, beyond, day in outside:
        if (table := tables.get(name)) is not None:
            problem = tr("is outside {span}: {what}", span=span, what=tr(meaning))
            said = (table.array(column), problem, tr("check the day, or set [horizon]"))
            tables.warning("outside_horizon", table, column, beyond(table.array(column), day), said)


def _tell_default(
    tables: CheckedTables, settings: Settings, days: PlannedDays, ends: Mapping[str, str]
) -> None:
    """Tell what the horizon is where it is not set, why, and which days are too far off to move its end."""
    why = {name: _why(tables, name, said) for name, said in (("first", days.begins), ("last", days.ends))}
    problem = tr("runs from {start} ({first}) to {end} ({last})", **ends, **why)
    tables.found.note("horizon", FILE, problem, column="horizon")
    if settings.horizon.start is None and days.start < days_number(tables.today) - LATELY:
        problem = tr(
            "begins on {start}, more than {days} days before today ({today})",
            start=ends["start"],
            days=str(LATELY),
            today=tables.today,
        )
        cure = tr('set horizon.start, "today" perhaps: what lies behind is then not planned')
        tables.found.warning("past_horizon", FILE, problem, cure, column="horizon.start")
    if settings.horizon.end is not None:
        return
    limit = np.datetime64(days.start + FAR, "D")
    for column in ENDING:
        table = tables.get(TABLE[column])
        if table is None:
            continue
        far = np.flatnonzero(table.array(column) > limit)
        if len(far):
            problem = trn(
                "{n} day is more than {far} days after {start} and does not move the end of the horizon",
                "{n} days are more than {far} days after {start} and do not move the end of the horizon",
                len(far),
                far=str(FAR),
                start=ends["start"],
            )
            tables.found.rows(
                Severity.NOTE, "far_day", table, column, far[:1], (table.array(column), problem, "")
            )


def _why(tables: CheckedTables, end: str, said: str) -> str:
    """Return what says where an end of the horizon is."""
    words = {SET: tr("as set"), TODAY: tr("today"), AFTER_FOUR_WEEKS: tr("four weeks after it begins")}
    if said in words:
        return words[said]
    header = tables.checked[TABLE[said]].header(said)
    return (
        tr("the first {column}", column=header) if end == "first" else tr("the last {column}", column=header)
    )


def _warn_undated(tables: CheckedTables, settings: Settings) -> None:
    """Warn where a case without days uses what needs days."""
    if settings.horizon.start or settings.horizon.end:
        cure = tr("fill in days, or leave [horizon] out")
        tables.found.warning(
            "undated", FILE, tr("has no effect: no table holds a day"), cure, column="horizon"
        )
    lanes = tables.get("lanes")
    if lanes is not None:
        lead = lanes.array("lead_days")
        problem = tr("cannot arrive: no table holds a day, so the plan has one day")
        said = (lead, problem, tr("fill in days, or leave lead_days out"))
        tables.warning("undated", lanes, "lead_days", lead > 0, said)


# --- affinities --------------------------------------------------------------------------


@check("affinities")
def affinities_of_pairs(tables: CheckedTables, affinities: Checked) -> None:
    """Report rows that do not name one donation or donor and one need or group, as no other row does."""
    for one, other in SIDES:
        _check_side(tables, affinities, one, other)
    names = [column for side in SIDES for column in side]
    frame = affinities.frame[names]
    again = frame.duplicated().to_numpy()
    if not again.any():
        return
    groups = frame.groupby(names, sort=False).ngroup().to_numpy()
    firsts = np.flatnonzero(~again)  # groups are numbered as they first occur

    def say(at: int) -> Said:
        pair = " → ".join(str(v) for v in frame.iloc[at] if v)
        row = affinities.row(int(firsts[groups[at]]))
        return pair, tr("stands in row {row} already", row=row), tr("keep the row whose score is right")

    tables.error("duplicate_id", affinities, "", again & affinities.sound(*names), say)


def _check_side(tables: CheckedTables, affinities: Checked, one: str, other: str) -> None:
    sound = affinities.sound(one, other)
    gives_one, gives_other = affinities.given(one), affinities.given(other)
    ones, others = affinities.header(one), affinities.header(other)
    said: Said = (
        "",
        tr("is empty, and so is {other}", other=others),
        tr("give {one} or {other}", one=ones, other=others),
    )
    tables.error("incomplete_row", affinities, one, sound & ~gives_one & ~gives_other, said)
    problem = tr("stands beside a {one}, which says it already", one=ones)
    cure = tr(
        "leave {one} or {other} empty; the score then counts for the one, or for all of the other",
        one=ones,
        other=others,
    )
    said = (affinities.array(other), problem, cure)
    tables.error("ambiguous_row", affinities, other, sound & gives_one & gives_other, said)


@check(settings=True)
def weight_of_affinities(tables: CheckedTables, settings: Settings) -> None:
    """Say where affinities have no weight, or a weight has no affinities."""
    weight, given = settings.policy.affinity_weight, "affinities" in tables.checked
    if given and weight == 0:
        problem = tr("the table affinities has no effect: its weight is 0")
    elif not given and weight > 0 and tables.complete("affinities"):
        problem = tr("has no effect: there is no table affinities")
    else:
        return
    tables.found.note("idle_affinities", FILE, problem, column="policy.affinity_weight", value=f"{weight:g}")
