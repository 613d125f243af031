"""The report of a plan: as a page, and as the workbook that staff work from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from matchopt.contract.plan import Plan
from matchopt.language import speaking, spoken
from matchopt.model.analysis import Analysis, analyse
from matchopt.report import charts, evaluated, explained, lists, words
from matchopt.report.charts import Chart
from matchopt.report.demand import wished, wishes_in_words
from matchopt.report.page import name_of, rendered
from matchopt.report.summary import details, headline, proof, rules
from matchopt.report.words import Share, tr, trn
from matchopt.report.workbook import Workbook
from matchopt.result.plan_tables import (
    PlanTables,
    coverage,
    item_names,
    public_tables,
    tables_of,
    worst_first,
)
from matchopt.whatif.evaluation import Evaluation

LARGE = 10_000
"""Money from which on nobody asks for cents on the first screen."""


def workbook(plan: Plan) -> Workbook:
    """Return the workbook of a plan, in the language spoken."""
    with speaking(spoken()):  # thousands of messages: asked once which language
        t = tables_of(plan)
        said = headline(t.summary), details(plan), proof(t.summary), *rules(t.summary)
        return Workbook(said, lists.overview(t), lists.of_workbook(t))


def html(plan: Plan, *, public: bool = False, fact: Evaluation | None = None) -> str:
    """Return the report of a plan as a page, in the language spoken.

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
    t = public_tables(tables_of(plan)) if public else tables_of(plan)
    wanted, found = wished(t), _analysed(plan)
    tables, drawn = lists.of_page(t, wanted, found.items), _charts(t, found)
    if fact is not None:
        # Every line stands on the page of its own, which the report would double with it.
        tables += [table for name, table in evaluated.tables(fact).items() if name != "lines"]
        drawn["reached"] = evaluated.chart(fact)
    return rendered(
        "report.html.j2",
        drawn,
        tables,
        currency=t.summary["currency"],
        stories={"communities": explained.of_communities(t), "donors": explained.of_donors(t)},
        public=public,
        title=_title(t),
        subtitle=_subtitle(t),
        headline=headline(t.summary),
        details="" if public else details(plan),
        rules=rules(t.summary, public=public),
        proof=proof(t.summary),
        optimal=t.summary["status"] == "optimal",
        figures=_figures(t),
        asks=[] if public else list(wishes_in_words(plan, wanted)),
        fact=[] if fact is None else list(evaluated.in_words(fact)),
    )


def _analysed(plan: Plan) -> Analysis:
    """Return demand and supply, items by the names they are shown by."""
    found, names = analyse(plan.case), item_names(plan.case)
    shown = [names.get(item, item) for item in found.items["item"]]
    return replace(found, items=found.items.assign(item=shown))


def _title(t: PlanTables) -> str:
    if t.public or not t.plan.case.sources:
        return tr("Plan of donations")
    return tr("Plan of donations: {name}", name=name_of(t.plan.case))


def _subtitle(t: PlanTables) -> str:
    if not t.dated:
        return ""
    first, last = (date.fromisoformat(t.summary["horizon"][end]) for end in ("start", "end"))
    return tr("{first} to {last}", first=first, last=last)


def _figures(t: PlanTables) -> list[dict[str, str]]:
    """Return the figures of the first screen: what is counted, the count, and a line on it."""
    s = t.summary
    needs, unmet = t.needs, t.needs["unmet"] > 0
    part = int((unmet & (needs["served"] > 0)).sum())
    none = int(unmet.sum()) - part
    tier = int(needs["priority"].min())
    asked, served = needs[needs["priority"] == tier][["asked", "served"]].sum()
    worst = worst_first(coverage(needs, "community")).iloc[0]
    per_unit = s["logistics_cost"] / s["served"] if s["served"] else 0.0
    cost = words.money(s["logistics_cost"], s["currency"], whole=s["logistics_cost"] >= LARGE)
    figures = (
        (
            tr("of all units asked for are served"),
            Share(s["served"], s["asked"]),
            tr("{served} of {asked}", served=s["served"], asked=s["asked"]),
        ),
        (
            tr("of the most urgent (priority {tier})", tier=tier),
            Share(served, asked),
            tr("{served} of {asked}", served=served, asked=asked),
        ),
        (
            tr("needs are served in full"),
            len(needs) - part - none,
            tr("{part} in part, {none} not at all", part=part, none=none),
        ),
        (tr("it costs"), cost, tr("{money} per unit served", money=words.money(per_unit, s["currency"]))),
        (
            tr("in the worst served community"),
            Share(float(worst["served"]), float(worst["asked"])),
            str(worst["community"]),
        ),
        (
            tr("of what was offered is planned"),
            Share(s["planned"], s["offered"]),
            trn("from {n} donation", "from {n} donations", len(t.donations)),
        ),
    )
    return [{"name": name, "value": str(words.told(value)), "note": note} for name, value, note in figures]


def _charts(t: PlanTables, found: Analysis) -> dict[str, Chart]:
    """Return all charts that have something to draw."""

    def by(column: str, title: str, most: int = 12) -> Chart:
        return charts.coverage_by(worst_first(coverage(t.needs, column)), column, title, most=most)

    tiers, channels = coverage(t.needs, "priority"), coverage(t.needs, "channel")
    tier_names = {tier: tr("priority {tier}", tier=tier) for tier in tiers["priority"].tolist()}
    channel_names = {code: tr(name) for code, name in words.CHANNELS.items()}
    items = coverage(t.needs, "item").sort_values("unmet", ascending=False, kind="stable", ignore_index=True)
    most_urgent, stated = tr("By priority, 1 being the most urgent"), tr("By who stated the need")
    drawn = {
        "tiers": charts.coverage_by(tiers, "priority", most_urgent, tier_names),
        "groups": by("group", tr("By group")),
        "categories": by("category", tr("By category of items")),
        "channels": charts.coverage_by(channels, "channel", stated, channel_names),
        "items": charts.coverage_by(items, "item", tr("Items of which most is missing"), most=12),
        "costs": charts.costs(t),
        "streams": charts.streams(t),
        "map": charts.places(t),
        "communities": by("community", tr("Communities, the worst served first"), charts.MOST_BARS),
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
