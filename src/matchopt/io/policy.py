"""Settings against tables: boundaries, fairness, horizon, cases without days."""

from __future__ import annotations

import numpy as np

from matchopt.io.findings import Said
from matchopt.io.tables import Tables
from matchopt.settings import FILE, Settings

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
        _refuse_boundary(tables, boundary, "there is no table agreements", "add agreements.csv")
    donations = tables.get("donations")
    if donations is not None and donations.whole and not donations.given("community").any():
        tables.found.warning(
            "idle_boundary", FILE, "binds nothing: no donation has a community",
            "fill in the column community of donations", column="policy.boundary", value=boundary,
        )  # fmt: skip


def _check_community_column(tables: Tables, boundary: str, column: str) -> None:
    communities = tables.get("communities")
    if communities is None:
        if tables.complete("communities"):
            _refuse_boundary(
                tables, boundary, "there is no table communities", f"add communities.csv with {column}"
            )
        return
    blank = ~communities.given(column) & communities.sound(column)
    if not communities.given(column).any():
        cure = f"fill in the column {column} of communities"
        _refuse_boundary(tables, boundary, f"no community has a {column}", cure)
        return

    def say(_: int) -> Said:
        return "", f"is empty, so that nothing crosses to it under {boundary}", f"fill in the {column}"

    tables.warning("blank_boundary", communities, column, blank, say)


def _refuse_boundary(tables: Tables, boundary: str, why: str, cure: str) -> None:
    tables.found.error(
        "boundary_without_data", FILE, f"cannot be observed: {why}", f"{cure}, or set the boundary to open",
        column="policy.boundary", value=boundary,
    )  # fmt: skip


def _check_fairness(tables: Tables, settings: Settings) -> None:
    """Report fairness between communities that no table lists, and shares of populations not known."""
    rule = settings.policy.fairness
    communities = tables.get("communities")
    if rule == "none" or not tables.complete("communities"):
        return
    if communities is None:
        _refuse_fairness(tables, rule, "there is no table communities", "add communities.csv")
        return
    if rule != "share":
        return
    known = communities.given("population")
    sound = communities.sound("population")
    cure = "fill in the column population of communities"
    if not known.any() and sound.all():
        _refuse_fairness(tables, rule, "no community has a population", cure)
    elif sound.all() and not communities.array("population")[known].sum():
        _refuse_fairness(tables, rule, "all populations are 0", cure)
    else:
        tables.error(
            "fairness_without_data", communities, "population", ~known & sound,
            lambda _: ("", "is empty, and fairness share counts residents", "fill in the residents, or 0"),
        )  # fmt: skip


def _refuse_fairness(tables: Tables, rule: str, why: str, cure: str) -> None:
    tables.found.error(
        "fairness_without_data", FILE, f"cannot be observed: {why}", f"{cure}, or set fairness to none",
        column="policy.fairness", value=rule,
    )  # fmt: skip


def _check_horizon(tables: Tables, settings: Settings, days: np.ndarray) -> None:
    start = np.datetime64(settings.horizon.start or days[0], "s")
    end = np.datetime64(settings.horizon.end or days[1], "s")
    if end < start:
        tables.found.error(
            "reversed_days", FILE, f"the horizon ends on {_day(end)}, before it starts on {_day(start)}",
            "the tables give the end that is not set; correct the horizon or the days", column="horizon",
        )  # fmt: skip
        return
    length = int((end - start) / np.timedelta64(1, "D")) + 1
    if length > LONG_HORIZON:
        tables.found.warning(
            "long_horizon", FILE, f"the horizon is {length:,} days long: {_day(start)} to {_day(end)}",
            "check the years in the tables, or set [horizon]", column="horizon",
        )  # fmt: skip
    for name, first, last, what in (
        ("needs", "needed_from", "needed_by", "it cannot be served"),
        ("donations", "available_from", "available_until", "it cannot be planned"),
    ):
        table = tables.get(name)
        if table is None:
            continue
        late, early = table.array(first) > end, table.array(last) < start
        span = f"the horizon {_day(start)} to {_day(end)}"
        for column, outside in ((first, late), (last, early & ~late)):
            values = table.array(column)

            def say(at: int, values: np.ndarray = values, span: str = span, what: str = what) -> Said:
                return _day(values[at]), f"is outside {span}: {what}", "check the day, or set [horizon]"

            tables.warning("outside_horizon", table, column, outside, say)


def _warn_undated(tables: Tables, settings: Settings) -> None:
    """Warn where a case without days uses what needs days."""
    if settings.horizon.start or settings.horizon.end:
        tables.found.warning(
            "undated", FILE, "has no effect: no table holds a day", "fill in days, or leave [horizon] out",
            column="horizon",
        )  # fmt: skip
    lanes = tables.get("lanes")
    if lanes is not None:
        lead = lanes.array("lead_days")
        tables.warning(
            "undated", lanes, "lead_days", lead > 0,
            lambda at: (
                lead[at], "cannot arrive: no table holds a day, so the plan has one day",
                "fill in days, or leave lead_days out",
            ),
        )  # fmt: skip


def _day(day: np.datetime64) -> str:
    return str(day.astype("datetime64[D]"))
