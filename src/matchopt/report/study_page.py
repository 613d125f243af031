"""A study in words, as tables and as a page: what differs from point to point, who gains and who loses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import money_unit, speaking, spoken
from matchopt.report import words
from matchopt.report.charts import Chart, bars, chart, each, named
from matchopt.report.page import name_of as case_name
from matchopt.report.page import rendered
from matchopt.report.studies import PlanFigures, Result, base_of, cost_kinds, gains, made, name_of
from matchopt.report.table import FIGURE, GAP, MONEY, NUMBER, SHARE, TEXT, ReportColumn, ReportTable, columns
from matchopt.report.words import Share, tr, with_units
from matchopt.tolerances import WRITTEN
from matchopt.whatif.study import Study, alike

LOSE, GAIN = "#9f1239", "#0f766e"


def title(study: Study) -> str:
    """Return what a study is called."""
    if study.kind == "boundaries":
        return tr("What borders cost: how far a donation may go")
    if study.kind == "modes":
        return tr("Five ways of working: who states the needs")
    return tr("Study of {names}", names=list(study.points[0].label))


def varied(study: Study) -> str:
    """Return the header of what is varied."""
    heads = {"boundaries": tr("a donation may go"), "modes": tr("needs stated by")}
    return heads.get(study.kind, tr("settings"))


def reference_name(study: Study) -> str:
    """Return what the others are held against."""
    return name_of(study, study.points[study.reference])


def tables(study: Study, results: list[Result]) -> Iterator[ReportTable]:
    """Yield the tables of a study for a terminal; what the others are held against has a star."""
    starred = [replace(r, name=f"{r.name} *") if r.reference else r for r in results]
    yield _points(study, starred)
    yield _by_tier(study, results)
    yield _by_cost(study, results)
    changes = gains(study, results)
    if len(changes):
        yield _gains_and_losses(study, changes)


def _points(study: Study, results: list[Result]) -> ReportTable:
    """Return the main figures, a row a point; one without a plan has none."""

    def of(name: str) -> list[Any]:
        return [np.nan if r.figures is None else getattr(r.figures, name) for r in results]

    cost = tr("cost, {currency}", currency=money_unit(study.base.summary["currency"]))
    shown = [
        ReportColumn(varied(study), TEXT, [r.name for r in results]),
        ReportColumn(tr("served"), NUMBER, of("served")),
        ReportColumn(tr("of all"), SHARE, of("served"), of("asked")),
        ReportColumn(
            tr("worst community"), TEXT, ["–" if r.figures is None else r.figures.worst for r in results]
        ),
        ReportColumn(tr("its share"), SHARE, of("worst_share")),
        ReportColumn(cost, MONEY, of("cost")),
        ReportColumn(tr("per unit"), MONEY, of("cost_per_unit")),
        ReportColumn(tr("km per unit"), NUMBER, of("km"), digits=(1, 2)),
        ReportColumn(tr("kg-days stored"), NUMBER, of("kg_days"), digits=(1, None)),
        ReportColumn(tr("spoilt"), NUMBER, of("spoilt")),
        ReportColumn(tr("gap"), GAP, of("gap")),
    ]
    return ReportTable(title(study), shown, "points", "points.csv")


def _by_tier(study: Study, results: list[Result]) -> ReportTable:
    """Return the share served of each priority, a row a point."""
    found = [m.tiers for _, m, _ in made(results)]
    shares = [
        ReportColumn(
            tr("priority {tier}", tier=tier),
            SHARE,
            [one[tier][1] for one in found],
            [one[tier][0] for one in found],
        )
        for tier in base_of(results).tiers
    ]
    return ReportTable(
        tr("Share served by priority"), [_made(study, results), *shares], "tiers", "points.csv"
    )


def _made(study: Study, results: list[Result]) -> ReportColumn:
    """Return the names of the points that have a plan."""
    return ReportColumn(varied(study), TEXT, [name for name, _, _ in made(results)])


def _by_cost(study: Study, results: list[Result]) -> ReportTable:
    """Return the cost by kind, a row a point."""
    found = [m.costs for _, m, _ in made(results)]
    amounts = [
        ReportColumn(tr(words.COSTS[kind]), MONEY, [one.get(kind, 0.0) for one in found])
        for kind in cost_kinds(results)
    ]
    named_ = tr("Cost by kind, {currency}", currency=money_unit(study.base.summary["currency"]))
    return ReportTable(named_, [_made(study, results), *amounts])


def _gains_and_losses(study: Study, changes: pd.DataFrame) -> ReportTable:
    """Return how many communities lose and gain at each point, and which most."""
    points = [(str(name), table) for name, table in changes.groupby("name", sort=False)]
    shown = [ReportColumn(varied(study), TEXT, [name for name, _ in points])]
    for header, sign in ((tr("lose"), -1), (tr("gain"), 1)):
        # The largest change first: the table is sorted by it, what loses most at the top.
        sides = [table[table["change"] * sign > 0].iloc[::-sign] for _, table in points]
        shown += [
            ReportColumn(header, FIGURE, [str(len(side)) for side in sides]),
            ReportColumn(
                tr("units"), NUMBER, [round(sign * float(side["change"].sum()), 6) for side in sides]
            ),
            ReportColumn(tr("most of all"), TEXT, [_most(side.head(3)) for side in sides]),
        ]
    against = tr("Communities that lose and gain, against {name}", name=reference_name(study))
    return ReportTable(against, shown)


def _most(table: pd.DataFrame) -> str:
    changes = zip(table["community"], table["change"], strict=True)
    return words.listed([with_units(name, abs(round(change, 3))) for name, change in changes])


def paragraph(study: Study, results: list[Result]) -> str:
    """Return what the figures say."""
    base = base_of(results)
    others = [(name, m) for name, m, reference in made(results) if not reference]
    currency = study.base.summary["currency"]
    said = [_start(study, base, currency)]
    if reasons := alike(study):
        said.append(tr("No point can differ: {why}.", why=tr("; ").join(reasons)))
    for name, m in others:
        said += [_against(name, m, base, currency), *_most_urgent(m, base)]
    said += [_worst(base, others)] if others else []
    for r in results:
        if r.figures is None:
            why = tr("; ").join(finding.problem for finding in r.point.why[:2])
            said.append(tr("No plan under “{name}”: {why}.", name=r.name, why=why))
    return words.joined(said)


def _start(study: Study, base: PlanFigures, currency: str) -> str:
    return tr(
        "With “{name}”, {served} of {asked} units are served ({share}), for {cost}; the worst served "
        "community is {worst} ({least}).",
        name=reference_name(study),
        served=base.served,
        asked=base.asked,
        share=Share(base.served, base.asked),
        cost=words.money(base.cost, currency),
        worst=base.worst,
        least=Share(base.worst_share),
    )


def _against(name: str, m: PlanFigures, base: PlanFigures, currency: str) -> str:
    """Return how a point differs from the reference."""
    units = round(m.served - base.served, 6)
    if abs(units) <= WRITTEN and abs(m.cost - base.cost) < 0.005:
        return tr("“{name}” serves as much at the same cost.", name=name)
    cost = words.money(abs(m.cost - base.cost), currency)
    told = {"name": name, "units": abs(units), "share": Share(m.served, m.asked), "cost": cost}
    cheaper = m.cost < base.cost - 0.005
    if abs(units) <= WRITTEN:
        if cheaper:
            return tr("“{name}” serves as much and costs {cost} less.", **told)
        return tr("“{name}” serves as much and costs {cost} more.", **told)
    if units < 0:
        if cheaper:
            return tr("“{name}” serves {units} units fewer ({share}) and costs {cost} less.", **told)
        return tr("“{name}” serves {units} units fewer ({share}) and costs {cost} more.", **told)
    if cheaper:
        return tr("“{name}” serves {units} units more ({share}) and costs {cost} less.", **told)
    return tr("“{name}” serves {units} units more ({share}) and costs {cost} more.", **told)


def _most_urgent(m: PlanFigures, base: PlanFigures) -> Iterator[str]:
    """Yield what becomes of the most urgent priority in which a point differs from the reference."""
    for tier, (_, served) in base.tiers.items():
        units = round(m.tiers[tier][1] - served, 6)
        if units < -WRITTEN:
            yield tr("Of priority {tier} it serves {units} fewer.", tier=tier, units=-units)
        elif units > WRITTEN:
            yield tr("Of priority {tier} it serves {units} more.", tier=tier, units=units)
        if abs(units) > WRITTEN:
            return


def _worst(base: PlanFigures, others: list[tuple[str, PlanFigures]]) -> str:
    """Return what becomes of the worst served community."""
    name, lowest = min(others, key=lambda other: other[1].worst_share)
    if lowest.worst_share >= base.worst_share:
        return tr("Nowhere does the worst served community get a smaller share than that.")
    return tr(
        "The worst served community of all is {worst} under “{name}”: it gets {share} of what it asks.",
        worst=lowest.worst,
        name=name,
        share=Share(lowest.worst_share),
    )


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
        changes = gains(study, results)
        drawn = _charts(study, results, changes)
        planned = [r for r in results if r.figures is not None]
        first = {"name": varied(study), "before": tr("served before"), "after": tr("served then")}
        lost = columns(changes, "name community before after change", **first)
        names = "name need_id community item priority before after change"
        return rendered(
            "study.html.j2",
            {name: one for name, one in drawn.items() if any(_drawn(one))},
            [
                _points(study, planned),
                _by_tier(study, results),
                ReportTable(tr("Communities that lose and gain"), lost, "changes", "communities.csv"),
                ReportTable(
                    tr("Needs that lose and gain"), columns(needs, names, **first), "needs", "needs.csv"
                ),
            ],
            currency=study.base.summary["currency"],
            title=title(study),
            subtitle=case_name(study.case),
            paragraph=paragraph(study, results),
            optimal=all(m.gap == 0 for _, m, _ in made(results)),
            against=tr("Held against “{name}”.", name=reference_name(study)),
        )


def _drawn(one: Chart) -> list[Any]:
    """Return the values that are drawn."""
    if one["kind"] == "stacked":
        return [value for series in one["series"] for value in series["values"]]
    return list(one["labels"]) if one["kind"] == "coverage" else list(one["values"])


def _charts(study: Study, results: list[Result], changes: pd.DataFrame) -> dict[str, Chart]:
    points = made(results)
    names, figures = [name for name, _, _ in points], [m for _, m, _ in points]
    currency = study.base.summary["currency"]
    kinds = {kind: [round(m.costs.get(kind, 0.0), 2) for m in figures] for kind in cost_kinds(results)}
    up, down = changes[changes["change"] > 0], changes[changes["change"] < 0]
    won, lost = (part.groupby("name")["change"].sum().reindex(names).fillna(0.0).abs() for part in (up, down))
    per_unit, waiting = tr("km per unit served"), tr("kg-days in hubs")
    expired = tr("units left over that expire within the plan")
    worst = [(m.worst_share, 1.0) for m in figures]
    return {
        "served": _coverage(tr("Units served"), names, [(m.served, m.asked) for m in figures]),
        "worst": _coverage(
            tr("In the worst served community"), [f"{name} · {m.worst}" for name, m, _ in points], worst
        ),
        "costs": chart(
            "stacked",
            tr("Cost by kind"),
            currency,
            labels=names,
            said=each(names, [words.money(m.cost, currency) for m in figures]),
            series=named({tr(words.COSTS[kind]): values for kind, values in kinds.items()}),
        ),
        "km": bars(tr("Distance"), per_unit, names, [m.km for m in figures], digits=2),
        "storage": bars(tr("Storage"), waiting, names, [m.kg_days for m in figures], digits=2),
        "spoilt": bars(tr("Spoilt"), expired, names, [m.spoilt for m in figures], digits=2),
        "changes": chart(
            "stacked",
            tr("Communities that lose and gain"),
            tr("units served"),
            labels=names,
            said=tr("The figures stand in the table below."),
            colours=[LOSE, GAIN],
            series=named({tr("lose"): lost.tolist(), tr("gain"): won.tolist()}),
        ),
    }


def _coverage(title: str, names: list[str], figures: list[tuple[float, float]]) -> Chart:
    return chart(
        "coverage",
        title,
        tr("share of the units asked for"),
        labels=names,
        said=each(names, [Share(served, asked) for served, asked in figures]),
        served=[round(served, 6) for served, _ in figures],
        unmet=[round(asked - served, 6) for served, asked in figures],
        share=[round(served / asked, 6) if asked else 1.0 for served, asked in figures],
    )
