"""Plan against fact for people: in sentences, as lists and charts, as a page and a workbook."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from matchopt.language import speaking, spoken
from matchopt.report.charts import Chart, pairs
from matchopt.report.page import PagePart, plain_html
from matchopt.report.table import ReportTable, columns
from matchopt.report.words import Share, percent, tr, with_units
from matchopt.report.workbook import Workbook, write_workbook
from matchopt.runs.atomic import Writer, text_file
from matchopt.whatif.evaluation import Evaluation

MOST_BARS = 15


def in_words(found: Evaluation) -> Iterator[str]:
    """Yield what became of the plan, a sentence each."""
    yield tr(
        "{reached} of {planned} planned units were delivered ({kept}): {share} of the {asked} asked for, "
        "where the plan had {planned_share}.",
        reached=found.reached,
        planned=found.planned,
        kept=Share(found.reached, found.planned),
        asked=found.asked,
        share=Share(found.reached, found.asked),
        planned_share=Share(found.planned, found.asked),
    )
    if found.on_time == found.on_time:
        yield tr(
            "{share} came on the planned day or before; a unit came {days} days late in the mean.",
            share=Share(found.on_time),
            days=round(found.delay, 2),
        )
    if found.satisfaction == found.satisfaction:
        yield tr("Satisfaction: {mean} of 5.", mean=round(found.satisfaction, 2))
    lost = found.causes[found.causes["units"] > 0]
    if len(lost):
        causes = [with_units(cause, round(units, 6)) for cause, units in _first(lost, "cause", "units")]
        yield tr("Lost, by cause: {causes}.", causes=causes)
    weak = found.donors[found.donors["reliability"] < 1]
    if len(weak):
        kept = [f"{donor} {percent(share, 1)}" for donor, share in _first(weak, "donor", "reliability")]
        yield tr("Kept least of their word: {donors}.", donors=kept)


def _first(table: pd.DataFrame, name: str, value: str) -> Iterator[tuple[str, float]]:
    """Yield the names and values of the first rows."""
    for row in table.head(3).to_dict("records"):
        yield str(row[name]), float(row[value])


def tables(found: Evaluation) -> dict[str, ReportTable]:
    """Return the lists by name: by community, priority, donor and cause, and every line.

    Their ids in a page are ``fact-`` and the name. Days are told only where there are any.
    """
    days = "planned_day day delay " if found.lines["planned_day"].notna().any() else ""
    lines = f"allocation_id donor item community need_id tier planned delivered {days}satisfaction cause"
    shares = "planned_share reached_share"
    lists = {
        "communities": (tr("By community"), f"community units_asked planned reached {shares} satisfaction"),
        "tiers": (tr("By priority"), "tier units_asked planned reached"),
        "donors": (tr("By donor"), "donor lines promised delivered reliability late"),
        "causes": (tr("By cause"), "cause lines units late"),
        "lines": (tr("Every line"), lines),
    }
    titles = {"units": tr("units lost"), "day": tr("day of delivery")}
    return {
        name: ReportTable(
            title, columns(getattr(found, name), shown, **titles), f"fact-{name}", f"track/{name}.csv"
        )
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
