"""Settings against tables: boundaries, fairness, horizon, cases without days."""

from __future__ import annotations

import numpy as np

from matchopt.contract.settings import FILE, Settings
from matchopt.language import tr
from matchopt.tables.findings import Said
from matchopt.tables.tables import Tables

LONG_HORIZON = 3660
"""Days after which a horizon looks like a mistyped year."""


def check_policy(tables: Tables, settings: Settings) -> None:
    """Check that the tables hold what the settings ask for."""
    _check_boundary(tables, settings)
    _check_fairness(tables, settings)
    days = tables.days()
    if len(days):
        _check_horizon(tables, settings, days)
    else:
        _warn_undated(tables, settings)


def _check_boundary(tables: Tables, settings: Settings) -> None:
    boundary = settings.policy.boundary
    if boundary == "open":
        return
    needed = {"district": "district", "organization": "organization", "agreements": "organization"}
    if boundary in needed:
        _check_community_column(tables, boundary, needed[boundary])
    if boundary == "agreements" and tables.get("agreements") is None and tables.complete("agreements"):
        _refuse_boundary(tables, boundary, tr("there is no table agreements"), tr("add agreements.csv"))
    donations = tables.get("donations")
    if donations is not None and donations.whole and not donations.given("community").any():
        tables.found.warning(
            "idle_boundary", FILE, tr("binds nothing: no donation has a community"),
            tr("fill in the column community of donations"), column="policy.boundary", value=boundary,
        )  # fmt: skip


def _check_community_column(tables: Tables, boundary: str, column: str) -> None:
    communities = tables.get("communities")
    if communities is None:
        if tables.complete("communities"):
            _refuse_boundary(
                tables,
                boundary,
                tr("there is no table communities"),
                tr("add communities.csv with {column}", column=column),
            )
        return
    blank = ~communities.given(column) & communities.sound(column)
    if not communities.given(column).any():
        cure = tr("fill in the column {column} of communities", column=column)
        _refuse_boundary(tables, boundary, tr("no community has a {column}", column=column), cure)
        return

    def say(_: int) -> Said:
        return (
            "",
            tr("is empty, so that nothing crosses to it under {boundary}", boundary=boundary),
            tr("fill in the {column}", column=column),
        )

    tables.warning("blank_boundary", communities, column, blank, say)


def _refuse_boundary(tables: Tables, boundary: str, why: str, cure: str) -> None:
    tables.found.error(
        "boundary_without_data",
        FILE,
        tr("cannot be observed: {why}", why=why),
        tr("{cure}, or set the boundary to open", cure=cure),
        column="policy.boundary",
        value=boundary,
    )


def _check_fairness(tables: Tables, settings: Settings) -> None:
    """Report fairness between communities that no table lists, and shares of populations not known."""
    rule = settings.policy.fairness
    communities = tables.get("communities")
    if rule == "none" or not tables.complete("communities"):
        return
    if communities is None:
        _refuse_fairness(tables, rule, tr("there is no table communities"), tr("add communities.csv"))
        return
    if rule != "share":
        return
    known = communities.given("population")
    sound = communities.sound("population")
    cure = tr("fill in the column population of communities")
    if not known.any() and sound.all():
        _refuse_fairness(tables, rule, tr("no community has a population"), cure)
    elif sound.all() and not communities.array("population")[known].sum():
        _refuse_fairness(tables, rule, tr("all populations are 0"), cure)
    else:
        tables.error(
            "fairness_without_data",
            communities,
            "population",
            ~known & sound,
            lambda _: (
                "",
                tr("is empty, and fairness share counts residents"),
                tr("fill in the residents, or 0"),
            ),
        )


def _refuse_fairness(tables: Tables, rule: str, why: str, cure: str) -> None:
    tables.found.error(
        "fairness_without_data",
        FILE,
        tr("cannot be observed: {why}", why=why),
        tr("{cure}, or set fairness to none", cure=cure),
        column="policy.fairness",
        value=rule,
    )


def _check_horizon(tables: Tables, settings: Settings, days: np.ndarray) -> None:
    start = np.datetime64(settings.horizon.start or days[0], "s")
    end = np.datetime64(settings.horizon.end or days[1], "s")
    if end < start:
        tables.found.error(
            "reversed_days",
            FILE,
            tr("the horizon ends on {end}, before it starts on {start}", end=_day(end), start=_day(start)),
            tr("the tables give the end that is not set; correct the horizon or the days"),
            column="horizon",
        )
        return
    length = int((end - start) / np.timedelta64(1, "D")) + 1
    if length > LONG_HORIZON:
        tables.found.warning(
            "long_horizon",
            FILE,
            tr(
                "the horizon is {length} days long: {start} to {end}",
                length=f"{length:,}",
                start=_day(start),
                end=_day(end),
            ),
            tr("check the years in the tables, or set [horizon]"),
            column="horizon",
        )
    for name, first, last, what in (
        ("needs", "needed_from", "needed_by", tr("it cannot be served")),
        ("donations", "available_from", "available_until", tr("it cannot be planned")),
    ):
        table = tables.get(name)
        if table is None:
            continue
        late, early = table.array(first) > end, table.array(last) < start
        span = tr("the horizon {start} to {end}", start=_day(start), end=_day(end))
        for column, outside in ((first, late), (last, early & ~late)):
            values = table.array(column)

            def say(at: int, values: np.ndarray = values, span: str = span, what: str = what) -> Said:
                return (
                    _day(values[at]),
                    tr("is outside {span}: {what}", span=span, what=what),
                    tr("check the day, or set [horizon]"),
                )

            tables.warning("outside_horizon", table, column, outside, say)


def _warn_undated(tables: Tables, settings: Settings) -> None:
    """Warn where a case without days uses what needs days."""
    if settings.horizon.start or settings.horizon.end:
        tables.found.warning(
            "undated",
            FILE,
            tr("has no effect: no table holds a day"),
            tr("fill in days, or leave [horizon] out"),
            column="horizon",
        )
    lanes = tables.get("lanes")
    if lanes is not None:
        lead = lanes.array("lead_days")
        tables.warning(
            "undated", lanes, "lead_days", lead > 0,
            lambda at: (
                lead[at], tr("cannot arrive: no table holds a day, so the plan has one day"),
                tr("fill in days, or leave lead_days out"),
            ),
        )  # fmt: skip


def _day(day: np.datetime64) -> str:
    return str(day.astype("datetime64[D]"))
