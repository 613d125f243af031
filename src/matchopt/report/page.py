"""Tables, charts and sentences as a page: one file, which asks the network for nothing.

Drawn by Apache ECharts, tabulated by Tabulator; both stand in ``web/`` with their licences and go into the
page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.language import Language, speaking, spoken, tr
from matchopt.report.charts import Chart
from matchopt.report.table import DAY, GAP, MONEY, NUMBER, SHARE, TEXT, ReportColumn, ReportTable, numbers

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_ROWS = 20_000
"""Rows of a table that go into the page; the rest stand in the files of the run."""


@dataclass(frozen=True, slots=True)
class PagePart:
    """A part of a page: its id and title, its charts by id, its tables."""

    id: str
    title: str
    charts: Mapping[str, Chart]
    tables: Sequence[ReportTable]


def rendered(
    template: str,
    charts: Mapping[str, Chart],
    tables: Iterable[ReportTable],
    *,
    currency: str = "",
    stories: Mapping[str, Any] | None = None,
    public: bool = False,
    **values: Any,
) -> str:
    """Return a page, in the language spoken.

    Parameters
    ----------
    template
        A file of ``web/``.
    charts, tables
        What is drawn, by id, and tabulated; tables without rows are left out.
    currency
        Of amounts of money.
    stories
        What is told of communities and donors when somebody looks them up.
    public
        Whether ids and donors are left out.
    values
        Further names of the template.
    """
    told = stories or {"communities": [], "donors": []}
    made = {table.name: as_data(table) for table in tables if table.rows}
    data = {"lang": spoken().value, "currency": currency, "charts": charts, "tables": made, "stories": told}
    values |= {"charts": charts, "tables": made, "stories": told, "public": public}
    return (
        _environment()
        .get_template(template)
        .render(
            lang={Language.EN: "en", Language.ZH: "zh-CN"}[spoken()],
            data=_as_script(data | {"words": _words(public), "public": public}),
            **values,
        )
    )


def plain_html(
    title: str, said: Iterable[str], parts: Sequence[PagePart], *, case: Case | None = None, foot: str = ""
) -> str:
    """Return a plain page, in the language spoken: sentences, then parts with charts and tables.

    Parameters
    ----------
    title, said, parts
        What it says, from top to bottom.
    case
        Which case it is about, if it is about one: its name and currency.
    foot
        What it was made from, if not from a case alone.
    """
    with speaking(spoken()):  # thousands of messages: asked once which language
        shown = [
            {"id": p.id, "title": p.title, "charts": list(p.charts), "tables": [t.name for t in p.tables]}
            for p in parts
        ]
        return rendered(
            "plain.html.j2",
            {name: chart for part in parts for name, chart in part.charts.items()},
            [table for part in parts for table in part.tables],
            title=title,
            said=list(said),
            parts=shown,
            subtitle="" if case is None else name_of(case),
            currency="" if case is None else case.settings.rates.currency,
            foot=foot or tr("Made by matchopt from the tables of the case alone."),
        )


def name_of(case: Case) -> str:
    """Return what a case is called, after its folder or its only file; nothing if it was not read."""
    if not case.sources:
        return ""
    place = PurePath(case.sources[0].path)
    return place.stem if len(case.sources) == 1 else place.parent.name


def as_data(table: ReportTable) -> dict[str, Any]:
    """Return a table as the page takes it; its first `MOST_ROWS` rows if there are more."""
    shown, note = table.head(MOST_ROWS), table.note
    if shown.left_out:
        note = tr(
            "The first {shown} of {all} rows; all of them are in {file}.",
            shown=f"{shown.rows:,}",
            all=f"{table.rows:,}",
            file=table.file or "plan/",
        )
    columns = [
        {"title": c.title, "kind": NUMBER if c.kind == GAP else c.kind, "cells": _cells(c)}
        for c in shown.columns
    ]
    return {"id": table.name, "title": table.title, "note": note, "rows": shown.rows, "columns": columns}


def _cells(column: ReportColumn) -> Any:
    """Return cells as JSON takes them: texts and days once each with codes, numbers in short."""
    if column.kind in (TEXT, DAY):
        cells = column.cells
        if column.kind == DAY:
            cells = pd.Series(cells).dt.strftime("%Y-%m-%d").fillna("")
        code, values = pd.factorize(np.asarray(cells, dtype=object))
        return {"texts": [str(v) for v in values.tolist()], "codes": code.tolist()}
    found, digits = numbers(column), column.digits[1]
    if digits is not None:
        found = np.array([round(v, digits) for v in found.tolist()])
    told = np.round(found, 4 if column.kind in (MONEY, SHARE) else 6).tolist()
    return [None if v != v else int(v) if v == int(v) else v for v in told]


def _as_script(data: Mapping[str, Any]) -> str:
    """Return data as JSON that no text in it can break out of a script with."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@lru_cache
def _environment() -> Environment:
    """Return the templates of ``web/``."""
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("matchopt.report", "web")
    env = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    # What a debugger would ask the network for has no place in a page that asks for nothing.
    env.globals |= {
        "tr": tr,
        "source": lambda name: re.sub(r"\n?/[/*]# sourceMappingURL=.*$", "", loader.get_source(env, name)[0]),
    }
    return env


def _words(public: bool) -> dict[str, Any]:
    """Return what the page says by itself while somebody uses it; the public page counts needs, not units."""
    counts = (
        [tr("in full"), tr("not in full")] if public else [tr("in full"), tr("in part"), tr("not at all")]
    )
    return {
        "served": tr("in full") if public else tr("served"),
        "unmet": tr("not in full") if public else tr("unmet"),
        "counts": [tr("needs"), *counts],
        "asked": tr("asked"),
        "filter": tr("filter"),
        "of": tr("of"),
        "rows": tr("rows"),
        "first": tr("first page"),
        "last": tr("last page"),
        "next": tr("next page"),
        "previous": tr("previous page"),
        "export": tr("Save as CSV"),
        "page": tr("page"),
        "none": tr("nothing found"),
        "hub": tr("hub"),
        "community": tr("community"),
        "limit": tr("capacity"),
        "few": tr("not told"),
        "group": tr("group"),
        "why": tr("why not"),
        "least": tr("at least"),
        "coverage": tr("coverage"),
        "units": tr("units"),
    }
