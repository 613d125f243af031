"""The report as one page: text, figures and tables as data, and what draws them, in one file.

Drawn by Apache ECharts, tabulated by Tabulator; both stand in ``web/`` with their licences and go into the
page, which asks the network for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from matchopt.contract.plan import Plan
from matchopt.language import day, speaking, spoken, tr, trn
from matchopt.model.analysis import Analysis, analyse
from matchopt.report import evaluated, words
from matchopt.report.page import charts, stories, tables
from matchopt.report.page.fact import SHEETS, fact_chart, fact_tables
from matchopt.report.page.public import public_tables
from matchopt.report.page.shell import rendered
from matchopt.report.proven import budget, fairness, proof
from matchopt.report.summary import details, headline
from matchopt.report.sums import coverage, worst_first
from matchopt.report.wishes import wished, wishes_in_words
from matchopt.result.plan_tables import PlanTables, item_names, tables_of
from matchopt.whatif.evaluation import Evaluation

LARGE = 10_000
"""Money from which on nobody asks for cents on the first screen."""

if TYPE_CHECKING:
    from matchopt.report.page.charts import Chart


def html(plan: Plan, *, public: bool = False, fact: Evaluation | None = None) -> str:
    """Return the report of a plan, in the language spoken.

    Parameters
    ----------
    plan
        A finished plan.
    public
        Leave out ids and donors, and whatever fewer than five needs stand behind.
    fact
        What became of the plan, where that is known; not told to the public.
    """
    with speaking(spoken()):  # thousands of messages: asked once which language
        return _page(plan, public=public, fact=None if public else fact)


def _page(plan: Plan, *, public: bool, fact: Evaluation | None) -> str:
    t = tables_of(plan)
    if public:
        t = public_tables(t)
    wanted, found = wished(t), _analysed(plan)
    made = {one["id"]: one for one in tables.all_tables(t, wanted, found)}
    drawn = _charts(t, found)
    if fact is not None:
        # Every line stands on the page of its own, which the report would double with it.
        made |= {one["id"]: one for one in fact_tables(fact, SHEETS[:-1]).values() if one["rows"]}
        drawn["reached"] = fact_chart(fact)
    told = {"communities": stories.of_communities(t), "donors": stories.of_donors(t)}
    return rendered(
        "report.html.j2",
        charts=drawn,
        tables=made,
        currency=t.summary["currency"],
        stories=told,
        public=public,
        title=_title(t),
        subtitle=_subtitle(t),
        headline=headline(t.summary),
        details="" if public else details(plan),
        rules=_rules(t.summary),
        proof=proof(t.summary),
        optimal=t.summary["status"] == "optimal",
        figures=_figures(t),
        asks=[] if public else list(wishes_in_words(plan, wanted)),
        fact=[] if fact is None else list(evaluated.in_words(fact)),
    )


def _analysed(plan: Plan) -> Analysis:
    """Return demand and supply, items by the names they are shown by."""
    found, names = analyse(plan.case), item_names(plan.case)
    return replace(
        found, items=found.items.assign(item=found.items["item"].map(lambda key: names.get(key, key)))
    )


def _title(t: PlanTables) -> str:
    sources = t.plan.case.sources
    if t.public or not sources:
        return tr("Plan of donations")
    place = PurePath(sources[0].path)
    name = place.stem if len(sources) == 1 else place.parent.name
    return tr("Plan of donations: {name}", name=name)


def _subtitle(t: PlanTables) -> str:
    horizon = t.summary["horizon"]
    if not t.dated:
        return ""
    first, last = (day(date.fromisoformat(horizon[end])) for end in ("start", "end"))
    return tr("{first} to {last}", first=first, last=last)


def _rules(summary: Mapping[str, Any]) -> list[str]:
    said = [fairness(summary["fairness"])] if summary["fairness"] is not None else []
    return said + ([budget(summary)] if summary["budget"] is not None else [])


def _figures(t: PlanTables) -> list[dict[str, str]]:
    """Return the figures of the first screen: what is counted, the count, and a line on it."""
    s = t.summary
    needs, unmet = t.needs, t.needs["unmet"] > 0
    part = int((unmet & (needs["served"] > 0)).sum())
    none = int(unmet.sum()) - part
    urgent = needs[needs["priority"] == needs["priority"].min()]
    worst = worst_first(coverage(needs, "community")).iloc[0]
    per_unit = s["logistics_cost"] / s["served"] if s["served"] else 0.0
    return [
        {
            "name": tr("of all units asked for are served"),
            "value": words.percent(s["served"], s["asked"]),
            "note": tr(
                "{served} of {asked}", served=words.quantity(s["served"]), asked=words.quantity(s["asked"])
            ),
        },
        {
            "name": tr("of the most urgent (priority {tier})", tier=int(urgent["priority"].min())),
            "value": words.percent(float(urgent["served"].sum()), float(urgent["asked"].sum())),
            "note": tr(
                "{served} of {asked}",
                served=words.quantity(float(urgent["served"].sum())),
                asked=words.quantity(float(urgent["asked"].sum())),
            ),
        },
        {
            "name": tr("needs are served in full"),
            "value": f"{len(needs) - int(unmet.sum()):,}",
            "note": tr("{part} in part, {none} not at all", part=f"{part:,}", none=f"{none:,}"),
        },
        {
            "name": tr("it costs"),
            "value": words.money(s["logistics_cost"], s["currency"], whole=s["logistics_cost"] >= LARGE),
            "note": tr("{money} per unit served", money=words.money(per_unit, s["currency"])),
        },
        {
            "name": tr("in the worst served community"),
            "value": words.percent(float(worst["served"]), float(worst["asked"])),
            "note": str(worst["community"]),
        },
        {
            "name": tr("of what was offered is planned"),
            "value": words.percent(s["planned"], s["offered"]),
            "note": trn("from {n} donation", "from {n} donations", len(t.donations)),
        },
    ]


def _charts(t: PlanTables, found: Analysis) -> dict[str, Chart]:
    """Return all charts that have something to draw."""
    needs = t.needs
    tiers = {t: tr("priority {tier}", tier=t) for t in needs["priority"].unique().tolist()}
    channels = {code: tr(name) for code, name in words.CHANNELS.items()}
    by_gap = coverage(needs, "item").sort_values("unmet", ascending=False, kind="stable", ignore_index=True)
    drawn = {
        "tiers": charts.coverage_by(
            coverage(needs, "priority"), "priority", tr("By priority, 1 being the most urgent"), tiers
        ),
        "groups": charts.coverage_by(worst_first(coverage(needs, "group")), "group", tr("By group"), most=12),
        "categories": charts.coverage_by(
            worst_first(coverage(needs, "category")), "category", tr("By category of items"), most=12
        ),
        "channels": charts.coverage_by(
            coverage(needs, "channel"), "channel", tr("By who stated the need"), channels
        ),
        "items": charts.coverage_by(by_gap, "item", tr("Items of which most is missing"), most=12),
        "costs": charts.costs(t),
        "streams": charts.streams(t),
        "map": charts.places(t),
        "communities": charts.communities(t),
        "storage": charts.storage(t),
        "unmet": charts.unmet_reasons(t),
        "left": charts.left_over_reasons(t),
        "demand": None if t.public else charts.demand_and_supply(found),
        "months": None if t.public else charts.months(found),
    }
    return {name: chart for name, chart in drawn.items() if chart is not None and _says(chart)}


def _says(chart: Chart) -> bool:
    """Return whether there is anything to draw."""
    parts = ("labels", "links", "communities", "hubs")
    return any(chart.get(part) for part in parts)
