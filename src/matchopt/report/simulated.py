"""A simulation in words, as tables on a terminal, as CSV, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import mark, tr, trn
from matchopt.report import words
from matchopt.report.page.plain import Part, bars, pairs, plain_html
from matchopt.report.page.tables import DAY, MONEY, NUMBER, SHARE, TEXT, Column, table
from matchopt.report.section import LEFT, RIGHT, Section
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
    yield trn(
        "Replayed {n} matching, every {days} days.",
        "Replayed {n} matchings, every {days} days.",
        rounds,
        days=made.every,
    )
    yield tr(
        "Who knows everything from the start serves {units} of {asked} units.",
        units=words.quantity(made.hindsight.served),
        asked=words.quantity(made.hindsight.asked),
    )
    for replay in made.replays:
        m = replay.measures
        yield tr(
            "{policy}: {units} units, {share} of that; each unit travels {km} km and waits {days} days.",
            policy=tr(NAMES[replay.policy]),
            units=words.quantity(m.served),
            share=words.percent(m.share, 1),
            km=_figure(m.unit_distance),
            days=_figure(m.holding_days),
        )
    loose = [r.measures.proven for r in made.replays if r.measures.proven[0] < r.measures.proven[1]]
    for proven, asked in loose:
        yield tr(
            "Of {asked} plans of the optimal policy {proven} are proven best; the others met the time limit.",
            proven=proven,
            asked=asked,
        )
    if made.hindsight.status != "optimal":
        yield tr("Hindsight itself is not proven best: it met the time limit.")


def sections(made: Simulation) -> Iterator[Section]:
    """Yield the tables for a terminal."""
    header = (
        tr("policy"),
        tr("served"),
        tr("share of hindsight"),
        tr("km per unit"),
        tr("holding days"),
        tr("shipments per donor"),
        tr("fill rate"),
        tr("without zeros"),
        made.case.settings.rates.currency,
    )
    rows = tuple(
        (
            tr(NAMES[replay.policy]),
            words.quantity(m.served),
            words.percent(m.share, 1),
            _figure(m.unit_distance),
            _figure(m.holding_days),
            _figure(m.shipments),
            words.percent(m.fill_rate, 1),
            words.percent(m.fill_rate_without_zeros, 1),
            words.money(m.cost),
        )
        for replay, m in ((replay, replay.measures) for replay in made.replays)
    )
    yield Section(tr("The policies"), header, (LEFT, *[RIGHT] * 8), rows)
    tiers = sorted({tier for replay in made.replays for tier in replay.measures.tiers})
    best = made.hindsight.served_by_tier
    by_tier: list[tuple[str, ...]] = [
        (tr(NAMES[replay.policy]), *(words.quantity(replay.measures.tiers.get(t, 0.0)) for t in tiers))
        for replay in made.replays
    ]
    by_tier.append((tr("hindsight"), *(words.quantity(best.get(t, 0)) for t in tiers)))
    titles = (tr("policy"), *(tr("priority {tier}", tier=tier) for tier in tiers))
    yield Section(tr("Served by priority"), titles, (LEFT, *[RIGHT] * len(tiers)), tuple(by_tier))


def _figure(value: float) -> str:
    return "–" if np.isnan(value) else words.quantity(round(value, 2))


def measures_table(made: Simulation) -> pd.DataFrame:
    """Return the measures, one row a policy."""
    return pd.DataFrame([_row(replay) for replay in made.replays])


def _row(replay: Replay) -> dict[str, Any]:
    m = replay.measures
    return {
        "policy": replay.policy,
        "served": m.served,
        "share_of_hindsight": round(m.share, 6),
        "unit_distance_km": round(m.unit_distance, 6),
        "holding_days": round(m.holding_days, 6),
        "shipments_per_donor": round(m.shipments, 6),
        "fill_rate": round(m.fill_rate, 6),
        "fill_rate_without_zeros": round(m.fill_rate_without_zeros, 6),
        "logistics_cost": m.cost,
        "plans_proven": m.proven[0],
        "plans": m.proven[1],
        **{f"served_tier_{tier}": served for tier, served in m.tiers.items()},
    }


def tables(made: Simulation) -> dict[str, pd.DataFrame]:
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
    return {
        "kind": "simulation",
        "every": made.every,
        "hindsight": {"served": made.hindsight.served, "status": made.hindsight.status},
        "policies": measures.where(measures.notna(), None).to_dict("records"),
    }


def page(made: Simulation) -> str:
    """Return all of it as a page."""
    names = [tr(NAMES[replay.policy]) for replay in made.replays]
    found = [replay.measures for replay in made.replays]
    days = [str(day.date()) if not pd.isna(day) else "–" for day in made.replays[0].rounds["matched_on"]]
    tiers = sorted({tier for m in found for tier in m.tiers})
    figures = [
        Column(tr("policy"), TEXT, names),
        Column(tr("served"), NUMBER, [m.served for m in found]),
        Column(tr("share of hindsight"), SHARE, [m.share for m in found]),
        Column(tr("km per unit"), NUMBER, [_known(m.unit_distance) for m in found]),
        Column(tr("holding days"), NUMBER, [_known(m.holding_days) for m in found]),
        Column(tr("shipments per donor"), NUMBER, [round(m.shipments, 2) for m in found]),
        Column(tr("fill rate"), SHARE, [m.fill_rate for m in found]),
        Column(tr("without zeros"), SHARE, [m.fill_rate_without_zeros for m in found]),
        Column(tr("cost"), MONEY, [m.cost for m in found]),
    ]
    by_tier = [Column(tr("policy"), TEXT, [*names, tr("hindsight")])]
    best = made.hindsight.served_by_tier
    for tier in tiers:
        reached = [*(m.tiers.get(tier, 0.0) for m in found), best.get(tier, 0)]
        by_tier.append(Column(tr("priority {tier}", tier=tier), NUMBER, reached))
    rounds = pd.concat([r.rounds.assign(policy=n) for n, r in zip(names, made.replays, strict=True)])
    each = [
        Column(tr("policy"), TEXT, rounds["policy"]),
        Column(tr("matched on"), DAY, rounds["matched_on"]),
        Column(tr("units open"), NUMBER, rounds["open"]),
        Column(tr("units there"), NUMBER, rounds["there"]),
        Column(tr("units served"), NUMBER, rounds["served"]),
    ]
    served = bars(tr("Units served"), tr("units"), names, [m.served for m in found])
    travel = bars(tr("Distance"), tr("km per unit served"), names, [m.unit_distance for m in found])
    waits = bars(tr("Holding days"), tr("days from offer to match"), names, [m.holding_days for m in found])
    fills = pairs(
        tr("Fill rate"),
        tr("share of what communities ask of an item"),
        names,
        {
            tr("all"): [m.fill_rate for m in found],
            tr("without zeros"): [m.fill_rate_without_zeros for m in found],
        },
        share=True,
    )
    course = pairs(
        tr("Served in the course of time"),
        tr("units"),
        days,
        {n: r.rounds["served"].tolist() for n, r in zip(names, made.replays, strict=True)},
    )
    parts = (
        Part(
            "policies",
            tr("The policies"),
            {"served": served, "travel": travel, "waits": waits, "fills": fills},
            [
                table("measures", tr("All figures"), figures, "measures.csv"),
                table("tiers", tr("Served by priority"), by_tier, "measures.csv"),
            ],
        ),
        Part(
            "course",
            tr("Round by round"),
            {"course": course},
            [table("rounds", tr("Every round"), each, "rounds.csv")],
        ),
    )
    return plain_html(tr("Matching in the course of time"), list(in_words(made)), parts, case=made.case)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 3)
