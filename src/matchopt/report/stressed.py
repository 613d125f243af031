"""A stress test in words, as tables on a terminal, as CSV, and as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import mark
from matchopt.report import words
from matchopt.report.charts import Chart, pairs
from matchopt.report.page import PagePart, plain_html
from matchopt.report.table import FIGURE, MONEY, SHARE, TEXT, ReportColumn, ReportTable, columns
from matchopt.report.words import Share, tr, trn
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
    if not uncertain:
        yield tr("Every donation is certain: there is nothing to stress.")
        return
    draws = len(made.tried[0].draws)
    yield trn(
        "{draws} draws; {n} donation may fail.",
        "{draws} draws; {n} donations may fail.",
        uncertain,
        draws=draws,
    )
    coverage = {one.policy: percentiles(one, made.asked).iloc[0] for one in made.tried}
    for policy, found in coverage.items():
        low, middle, high = (Share(found[f"p{p}"]) for p in PERCENTILES)
        yield tr(
            "Planned {policy}: {low} of what is asked is served in a bad draw (one of twenty is worse), "
            "{middle} in the middle, {high} in a good one.",
            policy=tr(NAMES[policy]),
            low=low,
            middle=middle,
            high=high,
        )
    best = max(made.tried, key=lambda one: float(coverage[one.policy]["mean"]))
    yield tr("Most in the mean: {policy}.", policy=tr(NAMES[best.policy]))
    if len(best.hanging) and best.hanging["lost"].iloc[0] > 0:
        first = best.hanging.iloc[0]
        yield tr(
            "That plan hangs most on {donation} of {donor}: without it {units} units are lost for good.",
            donation=first["donation_id"],
            donor=first["donor"],
            units=float(first["lost"]),
        )
    loose = sum(int((~one.draws["proven"]).sum()) for one in made.tried)
    if loose:
        yield trn(
            "{n} mended plan met the time limit and is not proven best.",
            "{n} mended plans met the time limit and are not proven best.",
            loose,
        )


def tables(made: Stress, top: int = 10) -> Iterator[ReportTable]:
    """Yield the tables for a terminal."""
    found = _percentiles(made)
    cost = found["figure"] == "cost"
    shown = {
        name: [
            words.money(v) if paid else words.percent(v, 1) for v, paid in zip(found[name], cost, strict=True)
        ]
        for name in _figures()
    }
    yield _by_figure(tr("Coverage and cost over all draws"), found.assign(**shown), FIGURE)
    for one in made.tried:
        if len(one.hanging):
            title = tr("What the plan hangs on, planned {policy}", policy=tr(NAMES[one.policy]))
            yield _hanging(title, one.hanging.head(top), "")


def _percentiles(made: Stress) -> pd.DataFrame:
    """Return the mean and percentiles of each figure under each policy, both by their names."""
    return _together(made, lambda one: percentiles(one, made.asked).assign(title=tr(NAMES[one.policy])))


def _together(made: Stress, frame: Callable[[Tried], pd.DataFrame]) -> pd.DataFrame:
    """Return a frame of each policy, one below the other, with the column ``policy`` first."""
    whole = pd.concat([frame(one).assign(policy=one.policy) for one in made.tried], ignore_index=True)
    return whole[["policy", *(name for name in whole if name != "policy")]]


def _figures() -> dict[str, str]:
    """Return the columns of figures, and what they are called."""
    return {"mean": tr("mean")} | {f"p{p}": tr("{p}th percentile", p=p) for p in PERCENTILES}


def _by_figure(title: str, found: pd.DataFrame, kind: str, name: str = "") -> ReportTable:
    """Return the mean and percentiles of figures of a kind."""
    named = [
        ReportColumn(tr("way of planning"), TEXT, found["title"]),
        ReportColumn(tr("figure"), TEXT, list(map(_named, found["figure"]))),
    ]
    figures = [ReportColumn(header, kind, found[column]) for column, header in _figures().items()]
    return ReportTable(title, [*named, *figures], name, "percentiles.csv")


def _named(figure: str) -> str:
    if figure == "cost":
        return tr("cost")
    tier = figure.removeprefix("coverage_tier_")
    return tr("coverage") if tier == figure else tr("priority {tier}", tier=tier)


def _hanging(title: str, found: pd.DataFrame, first: str, **titles: str) -> ReportTable:
    """Return what is lost if one donation fails alone."""
    shown = columns(
        found,
        f"{first} donation_id donor reliability planned lost expected",
        donation_id=tr("donation"),
        **titles,
    )
    note = tr("After mending: what else there is serves what it can.")
    return ReportTable(title, shown, "hangs", "hanging.csv", note)


def frames(made: Stress) -> dict[str, pd.DataFrame]:
    """Return the tables of the folder by file name."""
    return {
        "percentiles.csv": _together(made, lambda one: percentiles(one, made.asked)),
        "draws.csv": _together(made, lambda one: one.draws),
        "hanging.csv": _together(made, lambda one: one.hanging),
    }


def as_json(made: Stress) -> dict[str, Any]:
    """Return what it is, for programs."""
    policies = {one.policy: percentiles(one, made.asked).to_dict("records") for one in made.tried}
    return {"kind": "stress", "seed": made.seed, "draws": len(made.tried[0].draws), "policies": policies}


def page(made: Stress) -> str:
    """Return all of it as a page."""
    found = _percentiles(made)
    cost = found["figure"] == "cost"
    figures = [
        _by_figure(tr("Coverage"), found[~cost], SHARE, "shares"),
        _by_figure(tr("Cost"), found[cost], MONEY, "costs"),
    ]
    hanging, draws = (
        whole.assign(policy=[tr(NAMES[policy]) for policy in whole["policy"]])
        for whole in (frames(made)["hanging.csv"], frames(made)["draws.csv"])
    )
    title = tr("Lost if one donation fails alone")
    hangs = _hanging(title, hanging, "policy", planned=tr("units planned"))
    titles = {"lost": tr("units lost at first"), "served": tr("units served")}
    each = ReportTable(
        tr("Every draw"), columns(draws, "policy failed lost served cost", **titles), "draws", "draws.csv"
    )
    drawn = {"spread": _histogram(made)}
    parts = (
        PagePart("coverage", tr("Coverage and cost over all draws"), drawn, figures),
        PagePart("hanging", tr("What the plan hangs on"), {}, [hangs]),
        PagePart("draws", tr("Draw by draw"), {}, [each]),
    )
    return plain_html(tr("If donations fail"), in_words(made), parts, case=made.case)


def _histogram(made: Stress) -> Chart:
    total = max(sum(made.asked.values()), 1e-9)
    spread = {tr(NAMES[one.policy]): one.draws["served"].to_numpy() / total for one in made.tried}
    values = np.concatenate(list(spread.values()))
    # Few draws in many bars would show gaps alone.
    bars = min(BARS, max(5, len(made.tried[0].draws) // 5))
    low, high = values.min(), values.max()
    edges = np.linspace(low, high, bars + 1) if high > low else np.array([low, low + 1e-6])
    labels = [words.percent(float(edge), 1) for edge in edges[:-1]]
    counts = {name: np.histogram(shares, edges)[0].astype(float).tolist() for name, shares in spread.items()}
    return pairs(tr("How often how much is served"), tr("draws, by share served"), labels, counts)
