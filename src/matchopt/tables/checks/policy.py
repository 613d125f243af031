"""Checks of settings against tables: boundary, fairness, horizon, affinities."""

from __future__ import annotations

import numpy as np

from matchopt.contract.settings import FILE, Settings
from matchopt.language import mark, tr
from matchopt.tables.findings import Said, shown
from matchopt.tables.typed import Checked, CheckedTables, check

LONG_HORIZON = 3660
"""Days after which a horizon looks like a mistyped year."""

SIDES = (("donation_id", "donor"), ("need_id", "group"))
"""The columns of affinities that may name each side; a row gives one of the two."""

BOUNDED_BY = {"district": "district", "organization": "organization", "agreements": "organization"}
"""Boundary policy → the column of communities that it goes by."""

WINDOWS = (
    ("needs", "needed_from", "needed_by", mark("it cannot be served")),
    ("donations", "available_from", "available_until", mark("it cannot be planned")),
)
"""Table, first and last day of a time window, and what it means if the window is outside the horizon."""


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
    communities = tables.get("communities")
    if communities is None:
        if tables.complete("communities"):
            cure = tr("add communities.csv with {column}", column=column)
            _refuse_boundary(tables, rule, tr("there is no table communities"), cure)
        return
    given = communities.given(column)
    if not given.any():
        cure = tr("fill in the column {column} of communities", column=column)
        _refuse_boundary(tables, rule, tr("no community has a {column}", column=column), cure)
        return
    problem = tr("is empty, so that nothing crosses to it under {boundary}", boundary=rule)
    said = ("", problem, tr("fill in the {column}", column=column))
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
    """Report a reversed horizon; warn of a long one, of windows outside it, and of days in a case without."""
    days = tables.days()
    if not len(days):
        _warn_undated(tables, settings)
        return
    start = np.datetime64(settings.horizon.start or days[0], "s")
    end = np.datetime64(settings.horizon.end or days[1], "s")
    if end < start:
        problem = tr(
            "the horizon ends on {end}, before it starts on {start}", end=shown(end), start=shown(start)
        )
        cure = tr("the tables give the end that is not set; correct the horizon or the days")
        tables.found.error("reversed_days", FILE, problem, cure, column="horizon")
        return
    length = int((end - start) / np.timedelta64(1, "D")) + 1
    if length > LONG_HORIZON:
        problem = tr(
            "the horizon is {length} days long: {start} to {end}",
            length=f"{length:,}",
            start=shown(start),
            end=shown(end),
        )
        cure = tr("check the years in the tables, or set [horizon]")
        tables.found.warning("long_horizon", FILE, problem, cure, column="horizon")
    span = tr("the horizon {start} to {end}", start=shown(start), end=shown(end))
    for name, first, last, meaning in WINDOWS:
        table = tables.get(name)
        if table is None:
            continue
        problem = tr("is outside {span}: {what}", span=span, what=tr(meaning))
        late, early = table.array(first) > end, table.array(last) < start
        for column, outside in ((first, late), (last, early & ~late)):
            said = (table.array(column), problem, tr("check the day, or set [horizon]"))
            tables.warning("outside_horizon", table, column, outside, said)


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
    said: Said = (
        "",
        tr("is empty, and so is {other}", other=other),
        tr("give {one} or {other}", one=one, other=other),
    )
    tables.error("incomplete_row", affinities, one, sound & ~gives_one & ~gives_other, said)
    problem = tr("stands beside a {one}, which says it already", one=one)
    cure = tr(
        "leave {one} or {other} empty; the score then counts for the one, or for all of the other",
        one=one,
        other=other,
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
