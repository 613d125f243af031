"""Plan against fact for people: in sentences and as lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from matchopt.language import tr
from matchopt.report import words
from matchopt.report.workbook import DAY, NUMBER, SHARE, TEXT, Book, Column, Sheet
from matchopt.whatif.evaluation import Evaluation


def in_words(found: Evaluation) -> Iterator[str]:
    """Yield what became of the plan, a sentence each."""
    yield tr(
        "{reached} of {planned} planned units were delivered ({kept}): {share} of the {asked} asked for, "
        "where the plan had {planned_share}.",
        reached=words.quantity(found.reached),
        planned=words.quantity(found.planned),
        kept=words.percent(found.reached, found.planned),
        asked=words.quantity(found.asked),
        share=words.percent(found.reached, found.asked),
        planned_share=words.percent(found.planned, found.asked),
    )
    if found.on_time == found.on_time:
        yield tr(
            "{share} came on the planned day or before; a unit came {days} days late in the mean.",
            share=words.percent(found.on_time, 1),
            days=words.quantity(round(found.delay, 2)),
        )
    if found.satisfaction == found.satisfaction:
        yield tr("Satisfaction: {mean} of 5.", mean=words.quantity(round(found.satisfaction, 2)))
    lost = found.causes[found.causes["units"] > 0]
    if len(lost):
        named = [_with_units(str(row["cause"]), float(row["units"])) for row in _first(lost)]
        yield tr("Lost, by cause: {causes}.", causes=words.listed(named))
    weak = found.donors[found.donors["reliability"] < 1]
    if len(weak):
        named = [f"{row['donor']} {words.percent(row['reliability'], 1)}" for row in _first(weak)]
        yield tr("Kept least of their word: {donors}.", donors=words.listed(named))


def _first(table_: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table_.head(3).to_dict("records")]


def _with_units(name: str, units: float) -> str:
    return tr("{name} ({units})", name=name, units=words.quantity(round(units, 6)))


def sheets(found: Evaluation) -> Iterator[Sheet]:
    """Yield the lists: by community, priority, donor and cause, and every line; days only where there are."""
    c, t, d, x, n = found.communities, found.tiers, found.donors, found.causes, found.lines
    yield Sheet(
        tr("By community"),
        (
            Column(tr("community"), TEXT, c["community"]),
            Column(tr("units asked for"), NUMBER, c["asked"]),
            Column(tr("planned"), NUMBER, c["planned"]),
            Column(tr("delivered"), NUMBER, c["reached"]),
            Column(tr("planned share"), SHARE, c["planned_share"]),
            Column(tr("reached share"), SHARE, c["reached_share"]),
            Column(tr("satisfaction"), NUMBER, c["satisfaction"]),
        ),
    )
    yield Sheet(
        tr("By priority"),
        (
            Column(tr("priority"), NUMBER, t["priority"]),
            Column(tr("units asked for"), NUMBER, t["asked"]),
            Column(tr("planned"), NUMBER, t["planned"]),
            Column(tr("delivered"), NUMBER, t["reached"]),
        ),
    )
    yield Sheet(
        tr("By donor"),
        (
            Column(tr("donor"), TEXT, d["donor"]),
            Column(tr("lines"), NUMBER, d["lines"]),
            Column(tr("promised"), NUMBER, d["promised"]),
            Column(tr("delivered"), NUMBER, d["delivered"]),
            Column(tr("reliability"), SHARE, d["reliability"]),
            Column(tr("came late"), NUMBER, d["late"]),
        ),
    )
    yield Sheet(
        tr("By cause"),
        (
            Column(tr("cause"), TEXT, x["cause"]),
            Column(tr("lines"), NUMBER, x["lines"]),
            Column(tr("units lost"), NUMBER, x["units"]),
            Column(tr("came late"), NUMBER, x["late"]),
        ),
    )
    lines = [
        Column(tr("allocation id"), TEXT, n["allocation_id"]),
        Column(tr("donor"), TEXT, n["donor"]),
        Column(tr("item"), TEXT, n["item"]),
        Column(tr("community"), TEXT, n["community"]),
        Column(tr("need id"), TEXT, n["need_id"]),
        Column(tr("priority"), NUMBER, n["priority"]),
        Column(tr("planned"), NUMBER, n["planned"]),
        Column(tr("delivered"), NUMBER, n["delivered"]),
        Column(tr("satisfaction"), NUMBER, n["satisfaction"]),
        Column(tr("cause"), TEXT, n["cause"]),
    ]
    if n["planned_day"].notna().any():
        lines[-2:-2] = [
            Column(tr("planned day"), DAY, n["planned_day"]),
            Column(tr("day of delivery"), DAY, n["day"]),
            Column(tr("days late"), NUMBER, n["delay"]),
        ]
    yield Sheet(tr("Every line"), tuple(lines))


def workbook(found: Evaluation) -> Book:
    """Return all of it as a workbook."""
    return Book(tr("Overview"), tuple(in_words(found)), (), tuple(sheets(found)))
