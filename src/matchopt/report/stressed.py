"""A stress test in words, as tables on a terminal, as CSV, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import mark, tr, trn
from matchopt.report import words
from matchopt.report.page.charts import Chart
from matchopt.report.page.plain import Part, pairs, plain_html
from matchopt.report.page.tables import COUNT, MONEY, NUMBER, SHARE, TEXT, Column, table
from matchopt.report.section import LEFT, RIGHT, Section
from matchopt.whatif.stress import PERCENTILES, Stress, Tried, percentiles

NAMES: Mapping[str, str] = {
    "ignore": mark("as if all turned up"),
    "expected": mark("what is to be expected"),
    "firm": mark("only what is certain"),
}
BARS = 20


def in_words(made: Stress) -> Iterator[str]:
    """Yield in a sentence each what came out."""
    uncertain = int((made.case.donations["reliability"] < 1).sum())
    draws = len(made.tried[0].draws)
    if not uncertain:
        yield tr("Every donation is certain: there is nothing to stress.")
        return
    yield trn(
        "{draws} draws; {n} donation may fail.",
        "{draws} draws; {n} donations may fail.",
        uncertain,
        draws=f"{draws:,}",
    )
    for one in made.tried:
        low, middle, high = (_coverage(one, made)[f"p{p}"] for p in PERCENTILES)
        yield tr(
            "Planned {policy}: {low} of what is asked is served in a bad draw (one of twenty is worse), "
            "{middle} in the middle, {high} in a good one.",
            policy=tr(NAMES[one.policy]),
            low=words.percent(low, 1),
            middle=words.percent(middle, 1),
            high=words.percent(high, 1),
        )
    best = max(made.tried, key=lambda one: float(_coverage(one, made)["mean"]))
    yield tr("Most in the mean: {policy}.", policy=tr(NAMES[best.policy]))
    if len(best.hanging) and best.hanging["lost"].iloc[0] > 0:
        first = best.hanging.iloc[0]
        yield tr(
            "That plan hangs most on {donation} of {donor}: without it {units} units are lost for good.",
            donation=first["donation_id"],
            donor=first["donor"],
            units=words.quantity(float(first["lost"])),
        )
    loose = sum(int((~one.draws["proven"]).sum()) for one in made.tried)
    if loose:
        yield trn(
            "{n} mended plan met the time limit and is not proven best.",
            "{n} mended plans met the time limit and are not proven best.",
            loose,
        )


def _coverage(one: Tried, made: Stress) -> pd.Series:
    return percentiles(one, made.asked).iloc[0]


def sections(made: Stress, top: int = 10) -> Iterator[Section]:
    """Yield the tables for a terminal."""
    heads = (
        tr("way of planning"),
        tr("figure"),
        tr("mean"),
        *(tr("{p}th percentile", p=p) for p in PERCENTILES),
    )
    lines: list[tuple[str, ...]] = []
    for one in made.tried:
        for row in percentiles(one, made.asked).to_dict("records"):
            values = [row["mean"], *(row[f"p{p}"] for p in PERCENTILES)]
            cost = row["figure"] == "cost"
            shown = (words.money(v) if cost else words.percent(v, 1) for v in values)
            lines.append((tr(NAMES[one.policy]), _named(row["figure"]), *shown))
    yield Section(tr("Coverage and cost over all draws"), heads, (LEFT, LEFT, *[RIGHT] * 4), tuple(lines))
    for one in made.tried:
        if not len(one.hanging):
            continue
        titles = (
            tr("donation"),
            tr("donor"),
            tr("reliability"),
            tr("planned"),
            tr("lost without it"),
            tr("likely loss"),
        )
        rows = tuple(
            (
                row["donation_id"],
                row["donor"],
                words.percent(row["reliability"], 1),
                words.quantity(row["planned"]),
                words.quantity(row["lost"]),
                words.quantity(row["expected"]),
            )
            for row in one.hanging.head(top).to_dict("records")
        )
        title = tr("What the plan hangs on, planned {policy}", policy=tr(NAMES[one.policy]))
        yield Section(title, titles, (LEFT, LEFT, *[RIGHT] * 4), rows)


def _named(figure: str) -> str:
    if figure == "cost":
        return tr("cost")
    tier = figure.removeprefix("coverage_tier_")
    return tr("coverage") if tier == figure else tr("priority {tier}", tier=tier)


def tables(made: Stress) -> dict[str, pd.DataFrame]:
    """Return the tables of the folder by file name."""

    def together(name: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
        parts = [f.assign(policy=one.policy) for one, f in zip(made.tried, frames, strict=True)]
        whole = pd.concat(parts, ignore_index=True)
        return whole[["policy", *(c for c in whole if c != "policy")]]

    return {
        "percentiles.csv": together("percentiles", [percentiles(one, made.asked) for one in made.tried]),
        "draws.csv": together("draws", [one.draws for one in made.tried]),
        "hanging.csv": together("hanging", [one.hanging for one in made.tried]),
    }


def as_json(made: Stress) -> dict[str, Any]:
    """Return what it is, for programs."""
    return {
        "kind": "stress",
        "seed": made.seed,
        "draws": len(made.tried[0].draws),
        "policies": {one.policy: percentiles(one, made.asked).to_dict("records") for one in made.tried},
    }


def page(made: Stress) -> str:
    """Return all of it as a page."""
    rows = [
        (tr(NAMES[one.policy]), row)
        for one in made.tried
        for row in percentiles(one, made.asked).to_dict("records")
    ]
    total = max(sum(made.asked.values()), 1e-9)
    spread = [one.draws["served"].to_numpy() / total for one in made.tried]
    shares = _figures([(name, row) for name, row in rows if row["figure"] != "cost"], SHARE)
    costs = _figures([(name, row) for name, row in rows if row["figure"] == "cost"], MONEY)
    hanging = pd.concat(
        [one.hanging.assign(policy=tr(NAMES[one.policy])) for one in made.tried], ignore_index=True
    )
    hangs = [
        Column(tr("way of planning"), TEXT, hanging["policy"]),
        Column(tr("donation"), TEXT, hanging["donation_id"]),
        Column(tr("donor"), TEXT, hanging["donor"]),
        Column(tr("reliability"), SHARE, hanging["reliability"]),
        Column(tr("units planned"), NUMBER, hanging["planned"]),
        Column(tr("lost without it"), NUMBER, hanging["lost"]),
        Column(tr("likely loss"), NUMBER, hanging["expected"]),
    ]
    draws = pd.concat([one.draws.assign(policy=tr(NAMES[one.policy])) for one in made.tried])
    each = [
        Column(tr("way of planning"), TEXT, draws["policy"]),
        Column(tr("donations that failed"), COUNT, draws["failed"]),
        Column(tr("units lost at first"), NUMBER, draws["lost"]),
        Column(tr("units served"), NUMBER, draws["served"]),
        Column(tr("cost"), MONEY, draws["cost"]),
    ]
    parts = (
        Part(
            "coverage",
            tr("Coverage and cost over all draws"),
            {"spread": _histogram(made, spread)},
            [
                table("shares", tr("Coverage"), shares, "percentiles.csv"),
                table("costs", tr("Cost"), costs, "percentiles.csv"),
            ],
        ),
        Part(
            "hanging",
            tr("What the plan hangs on"),
            {},
            [
                table(
                    "hangs",
                    tr("Lost if one donation fails alone"),
                    hangs,
                    "hanging.csv",
                    tr("After mending: what else there is serves what it can."),
                )
            ],
        ),
        Part("draws", tr("Draw by draw"), {}, [table("draws", tr("Every draw"), each, "draws.csv")]),
    )
    return plain_html(tr("If donations fail"), list(in_words(made)), parts, case=made.case)


def _figures(rows: list[tuple[str, dict[Any, Any]]], kind: str) -> list[Column]:
    """Return the columns of figures of one kind: their mean and percentiles."""
    return [
        Column(tr("way of planning"), TEXT, [name for name, _ in rows]),
        Column(tr("figure"), TEXT, [_named(row["figure"]) for _, row in rows]),
        Column(tr("mean"), kind, [row["mean"] for _, row in rows]),
        *(Column(tr("{p}th percentile", p=p), kind, [row[f"p{p}"] for _, row in rows]) for p in PERCENTILES),
    ]


def _histogram(made: Stress, spread: list[np.ndarray[Any, Any]]) -> Chart:
    # Few draws in many bars would show gaps alone.
    bars = min(BARS, max(5, len(spread[0]) // 5))
    low, high = min(s.min() for s in spread), max(s.max() for s in spread)
    edges = np.linspace(low, high, bars + 1) if high > low else np.array([low, low + 1e-6])
    labels = [words.percent(float(edge), 1) for edge in edges[:-1]]
    counts = {
        tr(NAMES[one.policy]): np.histogram(values, edges)[0].astype(float).tolist()
        for one, values in zip(made.tried, spread, strict=True)
    }
    return pairs(tr("How often how much is served"), tr("draws, by share served"), labels, counts)
