"""A study in words and tables: what differs from point to point, who gains and who loses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from matchopt.language import mark, tr
from matchopt.report import words
from matchopt.report.measures import Measures, measures_of
from matchopt.report.section import LEFT, RIGHT, Section
from matchopt.report.sums import rows
from matchopt.whatif.differences import differences

if TYPE_CHECKING:
    from matchopt.whatif.study import Point, Study

BOUNDARIES = {
    "community": mark("only within the community"),
    "district": mark("within the district"),
    "organization": mark("within the organisation"),
    "agreements": mark("where organisations agree"),
    "open": mark("anywhere"),
}
"""How far a donation may go."""

MODES = {
    "resident": mark("residents"),
    "public_sector": mark("public sector"),
    "public_sector+resident": mark("public sector and residents"),
    "enterprise+resident": mark("enterprises and residents"),
    "enterprise+public_sector+resident": mark("enterprises, public sector and residents"),
}
"""Who states needs, besides the organisation that matches them."""

MOST = 10
"""Communities that gain or lose, as many as are named of each point."""

DUST = 1e-6


@dataclass(frozen=True, slots=True)
class Result:
    """A point of a study with its figures.

    Attributes
    ----------
    name
        What is varied, in words.
    point
        The point.
    measures
        Its figures, None without a plan.
    reference
        Whether the others are held against it.
    """

    name: str
    point: Point
    measures: Measures | None
    reference: bool


def results_of(study: Study) -> list[Result]:
    """Measure the points of a study, over all needs of its case."""
    return [
        Result(
            name_of(study, point),
            point,
            None if point.plan is None else measures_of(point.plan, study.case),
            k == study.reference,
        )
        for k, point in enumerate(study.points)
    ]


def name_of(study: Study, point: Point) -> str:
    """Return what a point is called."""
    if study.kind == "modes":
        (mode,) = point.label.values()
        return tr(MODES[mode])
    if study.kind == "boundaries":
        (boundary,) = point.label.values()
        return tr(BOUNDARIES[boundary])
    return tr(", ").join(f"{name.rpartition('.')[2]} = {value}" for name, value in point.label.items())


def base_of(results: list[Result]) -> Measures:
    """Return the figures that the others are held against."""
    return next(r.measures for r in results if r.reference and r.measures is not None)


def made(results: list[Result]) -> list[tuple[str, Measures, bool]]:
    """Return name, figures and whether it is the reference, of the points that have a plan."""
    return [(r.name, r.measures, r.reference) for r in results if r.measures is not None]


def title(study: Study) -> str:
    """Return what a study is called."""
    if study.kind == "boundaries":
        return tr("What borders cost: how far a donation may go")
    if study.kind == "modes":
        return tr("Five ways of working: who states the needs")
    names = words.listed(list(study.points[0].label))
    return tr("Study of {names}", names=names)


def varied(study: Study) -> str:
    """Return the header of what is varied."""
    heads = {"boundaries": tr("a donation may go"), "modes": tr("needs stated by")}
    return heads.get(study.kind, tr("settings"))


def sections(study: Study, results: list[Result]) -> Iterator[Section]:
    """Yield the tables of a study for a terminal."""
    yield overview(study, results)
    yield by_tier(study, results)
    yield by_cost(study, results)
    changes = gains(study, results)
    if len(changes):
        yield gains_and_losses(study, changes)


def overview(study: Study, results: list[Result]) -> Section:
    """Return the main figures, a row a point."""
    currency = study.base.summary["currency"]
    header = (
        varied(study),
        tr("served"),
        tr("of all"),
        tr("worst community"),
        tr("its share"),
        tr("cost, {currency}", currency=currency),
        tr("per unit"),
        tr("km per unit"),
        tr("kg-days stored"),
        tr("spoilt"),
        tr("gap"),
    )
    lines = tuple(_line(result) for result in results)
    return Section(title(study), header, (LEFT, RIGHT, RIGHT, LEFT, *(RIGHT,) * 7), lines)


def _line(result: Result) -> tuple[str, ...]:
    m = result.measures
    name = f"{result.name} *" if result.reference else result.name
    if m is None:
        return name, *("–",) * 10
    return (
        name,
        words.quantity(m.served),
        words.percent(m.served, m.asked),
        m.worst,
        words.percent(m.worst_share, 1),
        words.money(m.cost),
        _or_dash(m.cost_per_unit, words.money),
        _or_dash(m.km, lambda km: words.quantity(round(km, 1))),
        words.quantity(round(m.kg_days, 1)),
        words.quantity(m.spoilt),
        words.gap(m.gap),
    )


def _or_dash(value: float, show: Callable[[float], str]) -> str:
    return "–" if value != value else show(value)


def by_tier(study: Study, results: list[Result]) -> Section:
    """Return the share served of each priority, a row a point."""
    tiers = list(base_of(results).tiers)
    header = (varied(study), *(tr("priority {tier}", tier=tier) for tier in tiers))
    lines = tuple(
        (name, *(words.percent(m.tiers[tier][1], m.tiers[tier][0]) for tier in tiers))
        for name, m, _ in made(results)
    )
    return Section(tr("Share served by priority"), header, (LEFT, *(RIGHT,) * len(tiers)), lines)


def by_cost(study: Study, results: list[Result]) -> Section:
    """Return the cost by kind, a row a point."""
    kinds = cost_kinds(results)
    header = (varied(study), *(tr(words.COSTS[kind]) for kind in kinds))
    lines = tuple(
        (name, *(words.money(m.costs.get(kind, 0.0)) for kind in kinds)) for name, m, _ in made(results)
    )
    named = tr("Cost by kind, {currency}", currency=study.base.summary["currency"])
    return Section(named, header, (LEFT, *(RIGHT,) * len(kinds)), lines)


def cost_kinds(results: list[Result]) -> list[str]:
    """Return the kinds of cost that some point has."""
    return [kind for kind in words.COSTS if any(m.costs.get(kind) for _, m, _ in made(results))]


def gains(study: Study, results: list[Result]) -> pd.DataFrame:
    """Return who gains and who loses against the reference.

    Returns
    -------
    DataFrame
        name (of the point), community, before and after (units served), change; point by point, what
        loses most first.
    """
    base = base_of(results).communities.set_index("community")["served"]
    tables = [
        m.communities.assign(name=name, before=m.communities["community"].map(base).to_numpy())
        for name, m, reference in made(results)
        if not reference
    ]
    if not tables:
        return pd.DataFrame(columns=["name", "community", "before", "after", "change"])
    table = pd.concat(tables, ignore_index=True).rename(columns={"served": "after"})
    table["change"] = (table["after"] - table["before"]).round(6)
    table = table[table["change"].abs() > DUST]
    order = {name: k for k, (name, _, _) in enumerate(made(results))}
    table = table.assign(order=table["name"].map(order)).sort_values(["order", "change"], kind="stable")
    return table[["name", "community", "before", "after", "change"]].reset_index(drop=True)


def need_changes(study: Study) -> pd.DataFrame:
    """Return which needs gain and lose against the reference.

    Returns
    -------
    DataFrame
        name (of the point), need_id, community, item, priority, before and after (units served), change;
        point by point, what loses most first.
    """
    tables = [
        differences(study.base, point.plan).needs.assign(name=name_of(study, point))
        for k, point in enumerate(study.points)
        if point.plan is not None and k != study.reference
    ]
    columns = ["name", "need_id", "community", "item", "priority", "before", "after", "change"]
    if not tables:
        return pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)
    return table.loc[table["change"] != 0, columns].reset_index(drop=True)


def gains_and_losses(study: Study, changes: pd.DataFrame) -> Section:
    """Return how many communities lose and gain at each point, and which most."""
    lines = []
    for name, table in changes.groupby("name", sort=False):
        lost, won = table[table["change"] < 0], table[table["change"] > 0]
        lines.append(
            (
                str(name),
                str(len(lost)),
                words.quantity(round(-float(lost["change"].sum()), 6)),
                _named(lost.head(3)),
                str(len(won)),
                words.quantity(round(float(won["change"].sum()), 6)),
                _named(won.iloc[::-1].head(3)),
            )
        )
    header = (
        varied(study),
        tr("lose"),
        tr("units"),
        tr("most of all"),
        tr("gain"),
        tr("units"),
        tr("most of all"),
    )
    sides = (LEFT, RIGHT, RIGHT, LEFT, RIGHT, RIGHT, LEFT)
    named = tr("Communities that lose and gain, against {name}", name=reference_name(study))
    return Section(named, header, sides, tuple(lines))


def reference_name(study: Study) -> str:
    """Return what the others are held against."""
    return name_of(study, study.points[study.reference])


def _named(table: pd.DataFrame) -> str:
    return words.listed(
        [
            tr("{name} ({units})", name=row.community, units=words.quantity(abs(round(row.change, 3))))
            for row in rows(table)
        ]
    )


def paragraph(study: Study, results: list[Result]) -> str:
    """Return what the figures say."""
    base = base_of(results)
    others = [(name, m) for name, m, reference in made(results) if not reference]
    currency = study.base.summary["currency"]
    said = [_start(study, base, currency)]
    for name, m in others:
        said += [_against(name, m, base, currency), *_most_urgent(m, base)]
    said += [_worst(base, others)] if others else []
    said += [
        tr(
            "No plan under “{name}”: {why}.",
            name=r.name,
            why=tr("; ").join(f.problem for f in r.point.why[:2]),
        )
        for r in results
        if r.measures is None
    ]
    return words.joined(said)


def _start(study: Study, base: Measures, currency: str) -> str:
    return tr(
        "With “{name}”, {served} of {asked} units are served ({share}), for {cost}; the worst served "
        "community is {worst} ({least}).",
        name=reference_name(study),
        served=words.quantity(base.served),
        asked=words.quantity(base.asked),
        share=words.percent(base.served, base.asked),
        cost=words.money(base.cost, currency),
        worst=base.worst,
        least=words.percent(base.worst_share, 1),
    )


def _against(name: str, m: Measures, base: Measures, currency: str) -> str:
    """Return how a point differs from the reference."""
    units = round(m.served - base.served, 6)
    if abs(units) <= DUST and abs(m.cost - base.cost) < 0.005:
        return tr("“{name}” serves as much at the same cost.", name=name)
    told = {
        "name": name,
        "units": words.quantity(abs(units)),
        "share": words.percent(m.served, m.asked),
        "cost": words.money(abs(m.cost - base.cost), currency),
    }
    cheaper = m.cost < base.cost - 0.005
    if abs(units) <= DUST:
        if cheaper:
            return tr("“{name}” serves as much and costs {cost} less.", **told)
        return tr("“{name}” serves as much and costs {cost} more.", **told)
    if units < 0:
        if cheaper:
            return tr("“{name}” serves {units} units fewer ({share}) and costs {cost} less.", **told)
        return tr("“{name}” serves {units} units fewer ({share}) and costs {cost} more.", **told)
    if cheaper:
        return tr("“{name}” serves {units} units more ({share}) and costs {cost} less.", **told)
    return tr("“{name}” serves {units} units more ({share}) and costs {cost} more.", **told)


def _most_urgent(m: Measures, base: Measures) -> Iterator[str]:
    """Yield what becomes of the most urgent priority in which a point differs from the reference."""
    for tier, (_, served) in base.tiers.items():
        units = round(m.tiers[tier][1] - served, 6)
        told = {"tier": tier, "units": words.quantity(abs(units))}
        if units < -DUST:
            yield tr("Of priority {tier} it serves {units} fewer.", **told)
        elif units > DUST:
            yield tr("Of priority {tier} it serves {units} more.", **told)
        if abs(units) > DUST:
            return


def _worst(base: Measures, others: list[tuple[str, Measures]]) -> str:
    """Return what becomes of the worst served community."""
    name, lowest = min(others, key=lambda other: other[1].worst_share)
    if lowest.worst_share >= base.worst_share:
        return tr("Nowhere does the worst served community get a smaller share than that.")
    return tr(
        "The worst served community of all is {worst} under “{name}”: it gets {share} of what it asks.",
        worst=lowest.worst,
        name=name,
        share=words.percent(lowest.worst_share, 1),
    )


def points_table(study: Study, results: list[Result]) -> pd.DataFrame:
    """Return the figures of each point that has a plan: what is varied, then a column a measure."""
    table = []
    for result in results:
        if result.measures is None:
            continue
        m = result.measures
        told = {
            **result.point.label,
            "asked": m.asked,
            "served": m.served,
            "coverage": round(m.coverage, 6),
            "worst_community": m.worst,
            "worst_share": round(m.worst_share, 6),
            "cost": m.cost,
            "cost_per_unit": round(m.cost_per_unit, 4),
            "km_per_unit": m.km,
            "kg_days": m.kg_days,
            "spoilt": m.spoilt,
            "gap": m.gap,
        }
        told |= {f"served_tier_{tier}": served for tier, (_, served) in m.tiers.items()}
        told |= {f"cost_{kind}": m.costs.get(kind, 0.0) for kind in cost_kinds(results)}
        table.append(told)
    return pd.DataFrame(table)


def as_json(study: Study, results: list[Result]) -> dict[str, object]:
    """Return what a study is, for programs: its kind, its points, why some have no plan."""
    return {
        "kind": study.kind,
        "reference": study.reference,
        "points": [
            {
                "label": dict(r.point.label),
                "planned": r.measures is not None,
                "why": [finding.as_dict() for finding in r.point.why],
            }
            for r in results
        ],
    }
