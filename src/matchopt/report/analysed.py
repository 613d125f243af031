"""Needs analysis for people: demand and supply in words, as tables, as sheets, as charts."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from matchopt.language import tr
from matchopt.model.analysis import Analysis
from matchopt.report import words
from matchopt.report.section import Section
from matchopt.report.sums import rows
from matchopt.report.workbook import NUMBER, SHARE, TEXT, Book, Column, Sheet, as_section

FEW = 15
"""Rows of a table on a terminal."""


def in_words(found: Analysis) -> Iterator[str]:
    """Yield what stands out, a sentence each."""
    asked = float(found.groups["asked"].sum())
    yield tr(
        "{needs} ask for {units} units, {urgent} of them urgent (priority 1 or 2).",
        needs=words.count(int(found.groups["needs"].sum()), "need"),
        units=words.quantity(asked),
        urgent=words.quantity(float(found.groups["urgent"].sum())),
    )
    most = found.items[found.items["asked"] > 0].sort_values("asked", ascending=False, kind="stable")
    yield tr("Most is asked of {items}.", items=_listed(most.head(3), "asked"))
    short = found.items[found.items["short"] > 0]
    if len(short):
        yield tr("Most is missing of {items}.", items=_listed(short.head(3), "short"))
    none = short[short["offered"] == 0]
    if len(none):
        yield tr("Nobody offers {items}.", items=_listed(none.head(5), "asked"))
    over = found.items[(found.items["needs"] == 0) & ~found.items["helps"]]
    if len(over):
        over = over.sort_values("offered", ascending=False, kind="stable")
        yield tr("Nobody asks for {items}.", items=_listed(over.head(5), "offered"))


def _listed(table: pd.DataFrame, column: str) -> str:
    return words.listed(
        [
            tr("{name} ({units})", name=row.item, units=words.quantity(getattr(row, column)))
            for row in rows(table)
        ]
    )


def sections(found: Analysis, most: int = FEW) -> Iterator[Section]:
    """Yield the tables for a terminal."""
    for sheet in sheets(found, detail=False):
        yield as_section(sheet, most)


def workbook(found: Analysis) -> Book:
    """Return all of it as a workbook."""
    return Book(tr("Overview"), tuple(in_words(found)), (), tuple(sheets(found, detail=True)))


def sheets(found: Analysis, *, detail: bool) -> Iterator[Sheet]:
    """Yield demand and supply by item, community, group and month; with `detail`, by all of them at once."""
    yield Sheet(tr("By item"), tuple(_items(found.items)))
    yield Sheet(tr("By community"), tuple(_communities(found.communities)))
    yield Sheet(tr("By group"), tuple(_groups(found.groups)))
    yield Sheet(tr("By month"), tuple(_months(found.months)))
    if detail:
        yield Sheet(tr("In full detail"), tuple(_detail(found.detail)))


def _items(table: pd.DataFrame) -> Iterator[Column]:
    yield Column(tr("item"), TEXT, table["item"])
    yield from _asked(table)
    yield Column(tr("donations"), NUMBER, table["donations"])
    yield Column(tr("offered"), NUMBER, table["offered"])
    yield Column(tr("missing"), NUMBER, table["short"])
    yield Column(tr("covered at best"), SHARE, table["cover"])
    yield Column(tr("too much"), NUMBER, table["over"])
    yield Column(tr("could stand in"), NUMBER, table["substitutes"])


def _communities(table: pd.DataFrame) -> Iterator[Column]:
    yield Column(tr("community"), TEXT, table["community"])
    yield from _asked(table)
    yield Column(tr("offered there"), NUMBER, table["offered"])


def _groups(table: pd.DataFrame) -> Iterator[Column]:
    yield Column(tr("group"), TEXT, _group(table))
    yield from _asked(table)
    yield Column(tr("of all"), SHARE, table["share"])
    yield Column(tr("most of all"), TEXT, table["most"])


def _months(table: pd.DataFrame) -> Iterator[Column]:
    yield Column(tr("month"), TEXT, month_names(table))
    yield from _asked(table)
    yield Column(tr("donations"), NUMBER, table["donations"])
    yield Column(tr("offered"), NUMBER, table["offered"])
    yield Column(tr("asked so far"), NUMBER, table["asked_so_far"])
    yield Column(tr("offered so far"), NUMBER, table["offered_so_far"])


def _detail(table: pd.DataFrame) -> Iterator[Column]:
    yield Column(tr("community"), TEXT, table["community"])
    yield Column(tr("group"), TEXT, _group(table))
    yield Column(tr("item"), TEXT, table["item"])
    yield Column(tr("month"), TEXT, month_names(table))
    yield from _asked(table)


def _asked(table: pd.DataFrame) -> Iterator[Column]:
    yield Column(tr("needs"), NUMBER, table["needs"])
    yield Column(tr("units asked for"), NUMBER, table["asked"])
    yield Column(tr("urgent"), NUMBER, table["urgent"])


def _group(table: pd.DataFrame) -> pd.Series:
    return table["group"].where(table["group"] != "", tr("nobody in particular"))


def month_names(table: pd.DataFrame) -> pd.Series:
    """Return the months; what has no day says so."""
    return table["month"].where(table["month"] != "", tr("no day given"))
