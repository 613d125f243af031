"""A study as one page: charts and tables of what differs, who gains and who loses."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pandas as pd

from matchopt.language import speaking, spoken, tr
from matchopt.report import studies, words
from matchopt.report.page.charts import Chart
from matchopt.report.page.shell import rendered
from matchopt.report.page.tables import COUNT, MONEY, NUMBER, SHARE, TEXT, Column, table
from matchopt.report.studies import Result
from matchopt.whatif.study import Study

LOSE, GAIN = "#9f1239", "#0f766e"


def study_html(study: Study, results: list[Result], needs: pd.DataFrame) -> str:
    """Return the page of a study, in the language spoken.

    Parameters
    ----------
    study, results
        A study and its figures.
    needs
        Which needs gain and lose, as `need_changes` has them.
    """
    with speaking(spoken()):  # thousands of messages: asked once which language
        return _page(study, results, needs)


def _page(study: Study, results: list[Result], needs: pd.DataFrame) -> str:
    changes = studies.gains(study, results)
    drawn = {name: chart for name, chart in _charts(study, results, changes).items() if any(_shown(chart))}
    made = [_points(study, results), _tiers(study, results), _changes(study, changes), _needs(study, needs)]
    tables = {one["id"]: one for one in made if one["rows"]}
    return rendered(
        "study.html.j2",
        charts=drawn,
        tables=tables,
        currency=study.base.summary["currency"],
        title=studies.title(study),
        subtitle=_subtitle(study),
        paragraph=studies.paragraph(study, results),
        optimal=all(m.gap == 0 for _, m, _ in studies.made(results)),
        against=tr("Held against “{name}”.", name=studies.reference_name(study)),
    )


def _subtitle(study: Study) -> str:
    sources = study.case.sources
    if not sources:
        return ""
    place = PurePath(sources[0].path)
    return place.stem if len(sources) == 1 else place.parent.name


def _shown(chart: Chart) -> list[Any]:
    """Return the values that are drawn."""
    if chart["kind"] == "stacked":
        return [value for series in chart["series"] for value in series["values"]]
    return list(chart["labels"]) if chart["kind"] == "coverage" else list(chart["values"])


def _charts(study: Study, results: list[Result], changes: pd.DataFrame) -> dict[str, Chart]:
    made = studies.made(results)
    names = [name for name, _, _ in made]
    currency = study.base.summary["currency"]
    lost = changes[changes["change"] < 0].groupby("name")["change"].sum().reindex(names).fillna(0.0).abs()
    won = changes[changes["change"] > 0].groupby("name")["change"].sum().reindex(names).fillna(0.0)
    return {
        "served": _coverage(tr("Units served"), names, [(m.served, m.asked) for _, m, _ in made]),
        "worst": _coverage(
            tr("In the worst served community"),
            [f"{name} · {m.worst}" for name, m, _ in made],
            [(m.worst_share, 1.0) for _, m, _ in made],
        ),
        "costs": {
            "kind": "stacked",
            "title": tr("Cost by kind"),
            "unit": currency,
            "labels": names,
            "said": _listed(names, [words.money(m.cost, currency) for _, m, _ in made]),
            "series": [
                {
                    "name": tr(words.COSTS[kind]),
                    "values": [round(m.costs.get(kind, 0.0), 2) for _, m, _ in made],
                }
                for kind in studies.cost_kinds(results)
            ],
        },
        "km": _bars(tr("Distance"), tr("km per unit served"), names, [m.km for _, m, _ in made]),
        "storage": _bars(tr("Storage"), tr("kg-days in hubs"), names, [m.kg_days for _, m, _ in made]),
        "spoilt": _bars(
            tr("Spoilt"),
            tr("units left over that expire within the plan"),
            names,
            [m.spoilt for _, m, _ in made],
        ),
        "changes": {
            "kind": "stacked",
            "title": tr("Communities that lose and gain"),
            "unit": tr("units served"),
            "labels": names,
            "said": tr("The figures stand in the table below."),
            "colours": [LOSE, GAIN],
            "series": [
                {"name": tr("lose"), "values": [round(v, 6) for v in lost]},
                {"name": tr("gain"), "values": [round(v, 6) for v in won]},
            ],
        },
    }


def _coverage(title: str, names: list[str], figures: list[tuple[float, float]]) -> Chart:
    return {
        "kind": "coverage",
        "title": title,
        "unit": tr("share of the units asked for"),
        "labels": names,
        "said": _listed(names, [words.percent(served, asked) for served, asked in figures]),
        "served": [round(served, 6) for served, _ in figures],
        "unmet": [round(asked - served, 6) for served, asked in figures],
        "share": [round(served / asked, 6) if asked else 1.0 for served, asked in figures],
    }


def _bars(title: str, unit: str, names: list[str], values: list[float]) -> Chart:
    known = [0.0 if value != value else round(value, 2) for value in values]
    said = _listed(names, [words.quantity(value) for value in known])
    return {"kind": "bars", "title": title, "unit": unit, "labels": names, "values": known, "said": said}


def _listed(names: list[str], told: list[str]) -> str:
    return words.listed([tr("{name}: {value}", name=n, value=v) for n, v in zip(names, told, strict=True)])


def _points(study: Study, results: list[Result]) -> dict[str, Any]:
    made = studies.made(results)
    currency = study.base.summary["currency"]
    columns = [
        Column(studies.varied(study), TEXT, [name for name, _, _ in made]),
        Column(tr("served"), NUMBER, [m.served for _, m, _ in made]),
        Column(tr("of all"), SHARE, [m.coverage for _, m, _ in made]),
        Column(tr("worst community"), TEXT, [m.worst for _, m, _ in made]),
        Column(tr("its share"), SHARE, [m.worst_share for _, m, _ in made]),
        Column(tr("cost, {currency}", currency=currency), MONEY, [m.cost for _, m, _ in made]),
        Column(tr("per unit"), MONEY, [m.cost_per_unit for _, m, _ in made]),
        Column(tr("km per unit"), NUMBER, [round(m.km, 2) for _, m, _ in made]),
        Column(tr("kg-days stored"), NUMBER, [m.kg_days for _, m, _ in made]),
        Column(tr("spoilt"), NUMBER, [m.spoilt for _, m, _ in made]),
        Column(tr("gap"), NUMBER, [m.gap for _, m, _ in made]),
    ]
    return table("points", studies.title(study), columns, "points.csv")


def _tiers(study: Study, results: list[Result]) -> dict[str, Any]:
    made = studies.made(results)
    columns = [Column(studies.varied(study), TEXT, [name for name, _, _ in made])]
    for tier in studies.base_of(results).tiers:
        shares = [m.tiers[tier][1] / m.tiers[tier][0] if m.tiers[tier][0] else 1.0 for _, m, _ in made]
        columns.append(Column(tr("priority {tier}", tier=tier), SHARE, shares))
    return table("tiers", tr("Share served by priority"), columns, "points.csv")


def _changes(study: Study, changes: pd.DataFrame) -> dict[str, Any]:
    columns = [
        Column(studies.varied(study), TEXT, changes["name"]),
        Column(tr("community"), TEXT, changes["community"]),
        Column(tr("served before"), NUMBER, changes["before"]),
        Column(tr("served then"), NUMBER, changes["after"]),
        Column(tr("difference"), NUMBER, changes["change"]),
    ]
    return table("changes", tr("Communities that lose and gain"), columns, "communities.csv")


def _needs(study: Study, needs: pd.DataFrame) -> dict[str, Any]:
    columns = [
        Column(studies.varied(study), TEXT, needs["name"]),
        Column(tr("need id"), TEXT, needs["need_id"]),
        Column(tr("community"), TEXT, needs["community"]),
        Column(tr("item"), TEXT, needs["item"]),
        Column(tr("priority"), COUNT, needs["priority"]),
        Column(tr("served before"), NUMBER, needs["before"]),
        Column(tr("served then"), NUMBER, needs["after"]),
        Column(tr("difference"), NUMBER, needs["change"]),
    ]
    return table("needs", tr("Needs that lose and gain"), columns, "needs.csv")
