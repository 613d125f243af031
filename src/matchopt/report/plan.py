"""The report of a plan: as a page, and as the workbook that staff work from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from matchopt.contract.plan import Plan
from matchopt.language import speaking, spoken
from matchopt.model.analysis import Analysis, analyse
from matchopt.report import charts, evaluated, explained, lists, words
from matchopt.report import public as public_page
from matchopt.report.charts import Chart
from matchopt.report.demand import wished, wishes_in_words
from matchopt.report.page import name_of, plain_html, rendered
from matchopt.report.summary import brought, details, headline, proof, rated_cost, rules
from matchopt.report.words import Share, tr
from matchopt.report.workbook import Workbook
from matchopt.result.plan_tables import PlanTables, coverage, item_names, tables_of, worst_first
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
        The page for everybody: nothing that fewer than five needs stand behind can be worked out from it.
    fact
        What became of the plan, where that is known; not told to the public.
    """
    with speaking(spoken()):  # thousands of messages: asked once which language
        return _public_page(plan) if public else _page(plan, fact)


def _page(plan: Plan, fact: Evaluation | None) -> str:
    t, found = tables_of(plan), _analysed(plan)
    wanted = wished(t)
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
        title=_title(plan),
        subtitle=_subtitle(t),
        headline=headline(t.summary),
        details=details(plan),
        rules=rules(t.summary),
        proof=proof(t.summary),
        optimal=t.summary["status"] == "optimal",
        figures=_as_cards(_figures(t)),
        asks=list(wishes_in_words(plan, wanted)),
        fact=[] if fact is None else list(evaluated.in_words(fact)),
    )


def _public_page(plan: Plan) -> str:
    if len(plan.needs) < public_page.FEW:
        few = tr("Fewer than five needs are in this plan: nothing of it is told to the public.")
        return plain_html(tr("Plan of donations"), [few], [])
    t = tables_of(plan)
    counts = public_page.counts_of(t)
    return rendered(
        "report.html.j2",
        {name: chart for name, chart in public_page.drawn(t, counts).items() if _says(chart)},
        public_page.tables(t, counts),
        currency=t.summary["currency"],
        stories={"communities": public_page.stories(counts), "donors": []},
        public=True,
        title=tr("Plan of donations"),
        subtitle=_subtitle(t),
        headline=public_page.headline(t, counts),
        proof=public_page.proof(t.summary),
        optimal=t.summary["status"] == "optimal",
        figures=_as_cards(public_page.figures(t, counts)),
    )


def _analysed(plan: Plan) -> Analysis:
    """Return demand and supply, items by the names they are shown by."""
    found, names = analyse(plan.case), item_names(plan.case)
    shown = [names.get(item, item) for item in found.items["item"]]
    return replace(found, items=found.items.assign(item=shown))


def _title(plan: Plan) -> str:
    name = name_of(plan.case)
    return tr("Plan of donations: {name}", name=name) if name else tr("Plan of donations")


def _subtitle(t: PlanTables) -> str:
    if not t.dated:
        return ""
    first, last = (date.fromisoformat(t.summary["horizon"][end]) for end in ("start", "end"))
    return tr("{first} to {last}", first=first, last=last)


def _as_cards(figures: Iterable[tuple[str, object, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": str(words.told(value)), "note": note} for name, value, note in figures]


def _figures(t: PlanTables) -> Iterator[tuple[str, object, str]]:
    """Yield the figures of the first screen: what is counted, the count, and a line on it."""
    s, needs, full = t.summary, t.needs, t.needs["unmet"] <= 0
    counts, currency = s["by_kind"]["requests"], s["currency"]
    yield (
        tr("of all needs are served in full"),
        Share(counts["full"], counts["asked"]),
        tr("{part} in part, {none} not at all", part=counts["part"], none=counts["none"]),
    )
    first = needs["priority"] == needs["priority"].min()
    most, reached = int(first.sum()), int((first & full).sum())
    yield (
        tr("of the most urgent (priority {tier})", tier=int(needs["priority"].min())),
        Share(reached, most),
        tr("{served} of {asked}", served=reached, asked=most),
    )
    found = coverage(needs, "community")
    found = found.assign(share=found["full"] / found["needs"], unmet=found["needs"] - found["full"])
    worst = worst_first(found).iloc[0]
    share = Share(int(worst["full"]), int(worst["needs"]))
    yield tr("in the worst served community"), share, str(worst["community"])
    for thing in brought(s["by_kind"], currency):
        yield tr("are planned"), thing, ""
    spent, rated = s["logistics_cost"] - rated_cost(s["cost"]), rated_cost(s["cost"])
    note = tr("besides {rated} rated, paid by nobody", rated=words.money(rated, currency)) if rated else ""
    yield tr("is really spent"), words.money(spent, currency, whole=spent >= LARGE), note


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
        "demand": charts.demand_and_supply(found),
        "months": charts.months(found),
    }
    return {name: chart for name, chart in drawn.items() if chart is not None and _says(chart)}


def _says(chart: Chart) -> bool:
    """Return whether there is anything to draw."""
    parts = ("labels", "links", "communities", "hubs")
    return any(chart.get(part) for part in parts)
