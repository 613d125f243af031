"""A plain page: sentences, then parts with charts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from matchopt.contract.case import Case
from matchopt.language import speaking, spoken, tr
from matchopt.report import words
from matchopt.report.page.charts import Chart
from matchopt.report.page.shell import rendered


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page: its id and title, its charts by id, its tables."""

    id: str
    title: str
    charts: Mapping[str, Chart]
    tables: Sequence[Mapping[str, Any]]


def plain_html(
    title: str, said: Sequence[str], parts: Sequence[Part], *, case: Case | None = None, foot: str = ""
) -> str:
    """Return the page, in the language spoken.

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
        charts = {name: chart for part in parts for name, chart in part.charts.items()}
        tables = {table["id"]: table for part in parts for table in part.tables if table["rows"]}
        shown = [
            {
                "id": part.id,
                "title": part.title,
                "charts": list(part.charts),
                "tables": [table["id"] for table in part.tables],
            }
            for part in parts
        ]
        return rendered(
            "plain.html.j2",
            charts=charts,
            tables=tables,
            title=title,
            said=list(said),
            parts=shown,
            subtitle="" if case is None else _subtitle(case),
            currency="" if case is None else case.settings.rates.currency,
            foot=foot or tr("Made by matchopt from the tables of the case alone."),
        )


def bars(title: str, unit: str, labels: Sequence[str], values: Sequence[float]) -> Chart:
    """Return a chart of one figure each; what is not known stands at 0."""
    known = [0.0 if value != value else round(value, 3) for value in values]
    said = [
        tr("{name}: {value}", name=label, value=words.quantity(value))
        for label, value in zip(labels, known, strict=True)
    ]
    return {
        "kind": "bars",
        "title": title,
        "unit": unit,
        "labels": list(labels),
        "values": known,
        "said": words.listed(said),
    }


def pairs(
    title: str,
    unit: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    share: bool = False,
) -> Chart:
    """Return a chart of several figures side by side, or of shares; the table below has them in digits."""
    drawn = [{"name": name, "values": [round(v, 6) for v in values]} for name, values in series.items()]
    return {
        "kind": "pairs",
        "title": title,
        "unit": unit,
        "labels": list(labels),
        "series": drawn,
        "said": tr("The figures stand in the table below."),
        "share": share,
    }


def _subtitle(case: Case) -> str:
    if not case.sources:
        return ""
    place = PurePath(case.sources[0].path)
    return place.stem if len(case.sources) == 1 else place.parent.name
