"""A simulation in words, as tables on a terminal, as CSV, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import mark
from matchopt.report import words
from matchopt.report.charts import bars, pairs
from matchopt.report.page import PagePart, plain_html
from matchopt.report.table import MONEY, NUMBER, SHARE, TEXT, ReportColumn, ReportTable, columns
from matchopt.report.words import Share, tr, trn
from matchopt.whatif.replay import OPTIMAL, Replay, Simulation

NAMES: Mapping[str, str] = {
    OPTIMAL: mark("optimal"),
    "first-come": mark("first come"),
    "proximity": mark("proximity"),
    "proportional": mark("proportional"),
}


def in_words(made: Simulation) -> Iterator[str]:
    """Yield in a sentence each what came out."""
    rounds = len(made.replays[0].rounds)
    days = str(made.every)
    yield trn(
        "Replayed {n} matching, every {days} days.",
        "Replayed {n} matchings, every {days} days.",
        rounds,
        days=days,
    )
    yield tr(
        "Who knows everything from the start serves {units} of {asked} units.",
        units=made.hindsight.served,
        asked=made.hindsight.asked,
    )
    for name, m in zip(_names(made), _measures(made), strict=True):
        yield tr(
            "{policy}: {units} units, {share} of that; each unit travels {km} km and waits {days} days.",
            policy=name,
            units=m.served,
            share=Share(m.share),
            km=_figure(m.unit_distance),
            days=_figure(m.holding_days),
        )
    for proven, asked in (m.proven for m in _measures(made)):
        if proven < asked:
            yield tr(
                "Of {asked} plans of the optimal policy {proven} are proven best; "
                "the others met the time limit.",
                proven=str(proven),
                asked=str(asked),
            )
    if made.hindsight.status != "optimal":
        yield tr("Hindsight itself is not proven best: it met the time limit.")


def _names(made: Simulation) -> list[str]:
    return [tr(NAMES[replay.policy]) for replay in made.replays]


def _measures(made: Simulation) -> list[Any]:
    return [replay.measures for replay in made.replays]


def _figure(value: float) -> str:
    return "–" if np.isnan(value) else words.quantity(round(value, 2))


def tables(made: Simulation) -> Iterator[ReportTable]:
    """Yield the tables for a terminal."""
    yield _policies(made, tr("The policies"), made.case.settings.rates.currency)
    yield _by_tier(made)


def _policies(made: Simulation, title: str, cost: str) -> ReportTable:
    """Return all figures, a row a policy, under a title; `cost` is the header of what it costs."""
    kinds = {
        "served": (tr("served"), NUMBER, (None, None)),
        "share": (tr("share of hindsight"), SHARE, (None, None)),
        "unit_distance": (tr("km per unit"), NUMBER, (2, 3)),
        "holding_days": (tr("holding days"), NUMBER, (2, 3)),
        "shipments": (tr("shipments per donor"), NUMBER, (2, 2)),
        "fill_rate": (tr("fill rate"), SHARE, (None, None)),
        "fill_rate_without_zeros": (tr("without zeros"), SHARE, (None, None)),
        "cost": (cost, MONEY, (None, None)),
    }
    figures = [
        ReportColumn(header, kind, [getattr(m, name) for m in _measures(made)], digits=digits)
        for name, (header, kind, digits) in kinds.items()
    ]
    return ReportTable(
        title, [ReportColumn(tr("policy"), TEXT, _names(made)), *figures], "measures", "measures.csv"
    )


def _by_tier(made: Simulation) -> ReportTable:
    """Return what is served by priority, a row a policy, and one for hindsight."""
    served = [*(m.tiers for m in _measures(made)), made.hindsight.served_by_tier]
    tiers = sorted({tier for m in _measures(made) for tier in m.tiers})
    by_tier = [
        ReportColumn(tr("priority {tier}", tier=tier), NUMBER, [one.get(tier, 0.0) for one in served])
        for tier in tiers
    ]
    shares = [
        ReportColumn(
            tr("priority {tier}, share of hindsight", tier=tier),
            SHARE,
            [*(m.shares.get(tier, np.nan) for m in _measures(made)), 1.0],
        )
        for tier in tiers
    ]
    policy = ReportColumn(tr("policy"), TEXT, [*_names(made), tr("hindsight")])
    return ReportTable(tr("Served by priority"), [policy, *by_tier, *shares], "tiers", "measures.csv")


def measures_table(made: Simulation) -> pd.DataFrame:
    """Return the measures, one row a policy."""
    return pd.DataFrame([_row(replay) for replay in made.replays])


def _row(replay: Replay) -> dict[str, Any]:
    m = replay.measures
    told = {
        "share_of_hindsight": m.share,
        "unit_distance_km": m.unit_distance,
        "holding_days": m.holding_days,
        "shipments_per_donor": m.shipments,
        "fill_rate": m.fill_rate,
        "fill_rate_without_zeros": m.fill_rate_without_zeros,
    }
    rounded = {name: round(value, 6) for name, value in told.items()}
    proven = {"plans_proven": m.proven[0], "plans": m.proven[1]}
    tiers = {f"served_tier_{tier}": served for tier, served in m.tiers.items()}
    tiers |= {f"share_tier_{tier}": round(share, 6) for tier, share in m.shares.items()}
    return {
        "policy": replay.policy,
        "served": m.served,
        **rounded,
        "logistics_cost": m.cost,
        **proven,
        **tiers,
    }


def frames(made: Simulation) -> dict[str, pd.DataFrame]:
    """Return the tables of the folder by file name."""
    rounds = [r.rounds.assign(policy=r.policy) for r in made.replays]
    lines = [r.lines.assign(policy=r.policy) for r in made.replays]
    return {
        "measures.csv": measures_table(made),
        "rounds.csv": pd.concat(rounds, ignore_index=True)[["policy", *made.replays[0].rounds]],
        "lines.csv": pd.concat(lines, ignore_index=True)[["policy", *made.replays[0].lines]],
    }


def as_json(made: Simulation) -> dict[str, Any]:
    """Return what it is, for programs."""
    measures = measures_table(made).astype(object)
    policies = measures.where(measures.notna(), None).to_dict("records")
    hindsight = {"served": made.hindsight.served, "status": made.hindsight.status}
    return {
        "kind": "simulation",
        "every": made.every,
        "first": made.first,
        "hindsight": hindsight,
        "policies": policies,
    }


def page(made: Simulation) -> str:
    """Return all of it as a page."""
    names, found = _names(made), _measures(made)
    days = [str(day.date()) if not pd.isna(day) else "–" for day in made.replays[0].rounds["matched_on"]]
    rounds = pd.concat([r.rounds.assign(policy=n) for n, r in zip(names, made.replays, strict=True)])
    titles = {"policy": tr("policy"), "served": tr("units served")}
    each = ReportTable(
        tr("Every round"),
        columns(rounds, "policy matched_on open there served", **titles),
        "rounds",
        "rounds.csv",
    )
    units, km, wait = tr("units"), tr("km per unit served"), tr("days from offer to match")
    fills = {
        tr("all"): [m.fill_rate for m in found],
        tr("without zeros"): [m.fill_rate_without_zeros for m in found],
    }
    course = {n: r.rounds["served"].tolist() for n, r in zip(names, made.replays, strict=True)}
    policies = {
        "served": bars(tr("Units served"), units, names, [m.served for m in found]),
        "travel": bars(tr("Distance"), km, names, [m.unit_distance for m in found]),
        "waits": bars(tr("Holding days"), wait, names, [m.holding_days for m in found]),
        "fills": pairs(
            tr("Fill rate"), tr("share of what communities ask of an item"), names, fills, share=True
        ),
    }
    drawn = {"course": pairs(tr("Served in the course of time"), units, days, course)}
    figures = [_policies(made, tr("All figures"), tr("cost")), _by_tier(made)]
    parts = (
        PagePart("policies", tr("The policies"), policies, figures),
        PagePart("course", tr("Round by round"), drawn, [each]),
    )
    return plain_html(tr("Matching in the course of time"), in_words(made), parts, case=made.case)
