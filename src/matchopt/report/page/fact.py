"""Plan against fact: a page of its own, and a part of the report."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from matchopt.language import speaking, spoken, tr
from matchopt.report.evaluated import in_words, sheets, workbook
from matchopt.report.page.charts import Chart
from matchopt.report.page.plain import Part, pairs, plain_html
from matchopt.report.page.tables import Column, table
from matchopt.report.xlsx import write_workbook
from matchopt.runs.atomic import Writer, text_file
from matchopt.whatif.evaluation import Evaluation

MOST_BARS = 15
SHEETS = ("communities", "tiers", "donors", "causes", "lines")
"""What the sheets are called in a page, and the files of them."""


def fact_files(found: Evaluation) -> dict[str, Writer]:
    """Return the page and the workbook of an evaluation by file name, and who writes each."""
    page, book = fact_html(found), workbook(found)
    return {"report.html": text_file(page), "track.xlsx": lambda path: write_workbook(book, path)}


def fact_html(found: Evaluation) -> str:
    """Return all of it as a page, in the language spoken."""
    with speaking(spoken()):  # thousands of messages: asked once which language
        made = fact_tables(found, SHEETS)
        parts = (
            Part("priorities", tr("By priority"), {}, [made["tiers"], made["causes"]]),
            Part("communities", tr("Communities"), {"reached": fact_chart(found)}, [made["communities"]]),
            Part("donors", tr("Donors"), {}, [made["donors"]]),
            Part("lines", tr("Every line"), {}, [made["lines"]]),
        )
        foot = tr("Made by matchopt from the plan and the table of deliveries.")
        return plain_html(tr("Plan and fact"), list(in_words(found)), parts, foot=foot)


def fact_tables(found: Evaluation, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return some of the tables by name; their ids in the page are ``fact-`` and the name."""
    every = dict(zip(SHEETS, sheets(found), strict=True))
    return {
        name: table(
            f"fact-{name}",
            every[name].name,
            [Column(c.title, c.kind, c.cells) for c in every[name].columns],
            f"track/{name}.csv",
        )
        for name in names
    }


def fact_chart(found: Evaluation) -> Chart:
    """Return what was planned and what was delivered, by community."""
    cut = found.communities.head(MOST_BARS)
    drawn = {tr("planned"): cut["planned"].tolist(), tr("delivered"): cut["reached"].tolist()}
    title = tr("Planned and delivered, the worst community first")
    said = tr("{n} communities are shown; all are in the table.", n=len(cut))
    return pairs(title, tr("units"), cut["community"].tolist(), drawn) | {"said": said}
