"""Plan against fact for people: in sentences, as lists and charts, as a page and a workbook."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from matchopt.errors import shortened
from matchopt.language import mark, speaking, spoken
from matchopt.report.charts import Chart, pairs
from matchopt.report.page import PagePart, plain_html
from matchopt.report.table import ReportTable, columns
from matchopt.report.words import Share, called, count, money, percent, tr, with_units
from matchopt.report.workbook import Workbook, write_workbook
from matchopt.result.plan_tables import community_names, item_names
from matchopt.runs.atomic import Writer, text_file
from matchopt.whatif.causes import DONOR, NOBODY, ORGANIZATION, PARTIES, RESIDENTS, TRANSPORT
from matchopt.whatif.evaluation import Evaluation

MOST_BARS, MOST_NAMED = 15, 3

DELIVERED = {
    "goods_kg": mark("{part} of {whole} kg of goods ({share})"),
    "services": mark("{part} of {whole} units of services ({share})"),
    "funds": mark("{part} of {whole} in money ({share})"),
}
"""How much of what was planned was delivered, by kind."""

RESPONSIBLE = {
    DONOR: mark("the donor"),
    RESIDENTS: mark("residents"),
    TRANSPORT: mark("transport"),
    ORGANIZATION: mark("the organisation"),
    NOBODY: mark("nobody yet"),
}
"""Who is responsible for what was not delivered."""


def in_words(found: Evaluation) -> Iterator[str]:
    """Yield what became of the plan, a sentence each; unlike things are not added up."""
    requests = found.requests
    yield tr(
        "Reached in full: {reached} of {needs} ({share}), where the plan serves {planned} in full.",
        needs=count(requests["asked"], "need"),
        reached=requests["reached"],
        share=Share(requests["reached"], requests["asked"]),
        planned=requests["planned"],
    )
    if kinds := list(_by_kind(found)):
        yield tr("Delivered of what was planned: {things}.", things=kinds)
    if found.on_time == found.on_time:
        yield tr(
            "{share} came on the planned day or before; a unit came {days} days late in the mean.",
            share=Share(found.on_time),
            days=round(found.delay, 2),
        )
    if found.satisfaction == found.satisfaction:
        rated = count(int(found.communities["rated_lines"].sum()), "allocation")
        yield tr("Satisfaction: {mean} of 5 ({lines}).", mean=round(found.satisfaction, 2), lines=rated)
    yield from _not_delivered(found)
    if len(weak := found.donors[found.donors["reliability"] < 1]):
        yield tr(
            "Provided least of what they promised: {donors}.",
            donors=_rates(weak, "donor", "reliability", "known_lines"),
        )
    accepted = _with_names(found)
    if len(weak := accepted[accepted["rate"] < 1].sort_values("rate", kind="stable")):
        group = (" – " + weak["group"]).where(found.acceptance["group"].loc[weak.index] != "", "")
        weak = weak.assign(what=weak["item"] + " – " + weak["community"] + group)
        yield tr("Accepted least: {what}.", what=_rates(weak, "what", "rate", "lines"))


def _by_kind(found: Evaluation) -> Iterator[str]:
    """Yield how much of what was planned was delivered, each kind by itself."""
    currency = found.plan.summary["currency"]
    for kind, planned, delivered in found.kinds.itertuples():
        figures = {"part": delivered, "whole": planned}
        shown = {name: money(q, currency) if kind == "funds" else q for name, q in figures.items()}
        yield tr(DELIVERED[kind], **shown, share=Share(delivered, planned))


def _not_delivered(found: Evaluation) -> Iterator[str]:
    """Yield who is responsible for lines that are short, by which causes, and which causes do not tell."""
    short = found.causes[found.causes["units"] > 0]
    if not len(short):
        return
    lines = short.groupby("responsible")["lines"].sum().reindex(PARTIES).dropna()
    parties = [with_units(called(party, RESPONSIBLE), n) for party, n in lines.items()]
    told = count(int(lines.sum()), "allocation")
    yield tr("Not delivered in full: {lines}; responsible: {parties}.", lines=told, parties=parties)
    named = short.head(MOST_NAMED)[["cause", "units"]].itertuples(index=False)
    causes = [with_units(cause, round(float(units), 6)) for cause, units in named]
    yield tr("Not delivered, by cause: {causes}.", causes=causes)
    if unclear := [shortened(cause) for cause in found.unclear[:MOST_NAMED]]:
        yield tr(
            "Who is responsible cannot be told from: {causes}. Begin such causes with donor, residents, "
            "transport or organization and a colon.",
            causes=unclear,
        )


def _rates(table: pd.DataFrame, name: str, rate: str, lines: str) -> list[str]:
    """Return the first rows of a table: what they are of, the rate, and how many lines it rests on."""
    rows = table.head(MOST_NAMED)[[name, rate, lines]].itertuples(index=False)
    told = ((f"{what} {percent(value, 1)}", count(int(n), "allocation")) for what, value, n in rows)
    return [tr("{name} ({units})", name=what, units=n) for what, n in told]


def _with_names(found: Evaluation) -> pd.DataFrame:
    """Return acceptance, items and communities called what they are called."""
    case, told = found.plan.case, found.acceptance
    return told.assign(
        item=told["item"].replace(item_names(case)),
        community=told["community"].replace(community_names(case)),
        group=told["group"].replace("", tr("nobody in particular")),
    )


def tables(found: Evaluation) -> dict[str, ReportTable]:
    """Return the lists by name: by community, priority, donor and cause, and every line.

    Their ids in a page are ``fact-`` and the name. Days are told only where there are any.
    """
    days = "planned_day day delay " if found.lines["planned_day"].notna().any() else ""
    lines = f"allocation_id donor item community need_id tier planned delivered {days}satisfaction"
    shares = "planned_share reached_share"
    lists = {
        "communities": (
            tr("By community"),
            f"community lines units_asked planned reached {shares} satisfaction rated_lines",
        ),
        "tiers": (tr("By priority"), "tier lines units_asked planned reached"),
        "donors": (
            tr("By donor"),
            "donor lines promised delivered not_provided reliability known_lines late",
        ),
        "acceptance": (tr("Accepted by residents"), "item community group rate known_lines"),
        "causes": (tr("By cause"), "responsible cause lines units late"),
        "lines": (tr("Every line"), f"{lines} responsible cause"),
    }
    titles = {"units": tr("units not delivered"), "day": tr("day of delivery")}
    frames = found.tables | {"acceptance": _with_names(found).rename(columns={"lines": "known_lines"})}
    for name in ("causes", "lines"):
        whose = frames[name]["responsible"].map(lambda party: called(party, RESPONSIBLE))
        frames[name] = frames[name].assign(responsible=whose)
    return {
        name: ReportTable(title, columns(frames[name], shown, **titles), f"fact-{name}", f"track/{name}.csv")
        for name, (title, shown) in lists.items()
    }


def workbook(found: Evaluation) -> Workbook:
    """Return all of it as a workbook."""
    return Workbook(tuple(in_words(found)), (), tuple(tables(found).values()))


def files(found: Evaluation) -> dict[str, Writer]:
    """Return the page and the workbook by file name, and who writes each."""
    whole, book = page(found), workbook(found)
    return {"report.html": text_file(whole), "track.xlsx": lambda path: write_workbook(book, path)}


def page(found: Evaluation) -> str:
    """Return all of it as a page, in the language spoken."""
    with speaking(spoken()):  # thousands of messages: asked once which language
        made = tables(found)
        parts = (
            PagePart("priorities", tr("By priority"), {}, [made["tiers"], made["causes"]]),
            PagePart("communities", tr("Communities"), {"reached": chart(found)}, [made["communities"]]),
            PagePart("donors", tr("Donors"), {}, [made["donors"]]),
            PagePart("acceptance", tr("Accepted by residents"), {}, [made["acceptance"]]),
            PagePart("lines", tr("Every line"), {}, [made["lines"]]),
        )
        foot = tr("Made by matchopt from the plan and the table of deliveries.")
        return plain_html(tr("Plan and fact"), in_words(found), parts, foot=foot)


def chart(found: Evaluation) -> Chart:
    """Return what was planned and what was delivered, by community."""
    cut = found.communities.head(MOST_BARS)
    drawn = {tr("planned"): cut["planned"].tolist(), tr("delivered"): cut["reached"].tolist()}
    title = tr("Planned and delivered, the worst community first")
    said = tr("{n} communities are shown; all are in the table.", n=len(cut))
    return pairs(title, tr("units"), cut["community"].tolist(), drawn, said=said)
