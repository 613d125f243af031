"""The figures of a study: what each of its plans comes to, who gains, who loses, what points are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.language import mark
from matchopt.model.places import kilometres
from matchopt.report import words
from matchopt.report.words import tr
from matchopt.result.plan_tables import DIRECT, rows, tables_of
from matchopt.tolerances import WRITTEN
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

READY = {"boundaries": BOUNDARIES, "modes": MODES}
"""What points of ready studies are called."""


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """The figures of a plan.

    Attributes
    ----------
    asked, served
        Units, also of needs that the plan was not told of.
    tiers
        Priority → (asked, served).
    costs
        Kind → currency, those that the objective counts.
    cost
        Their sum.
    km
        Kilometres that a unit served travels, in the mean; NaN where nothing moves or no place is known.
    kg_days
        Kilograms times days that wait in hubs.
    spoilt
        Units left over that expire within the days of the plan.
    worst, worst_share
        The community that gets the smallest share of what it asks, and that share.
    communities
        community → asked, served, share.
    gap
        Relative distance to the proven bound.
    """

    asked: float
    served: float
    tiers: dict[int, tuple[float, float]]
    costs: dict[str, float]
    cost: float
    km: float
    kg_days: float
    spoilt: float
    worst: str
    worst_share: float
    communities: pd.DataFrame
    gap: float

    @property
    def coverage(self) -> float:
        """Share of what is asked that is served."""
        return self.served / self.asked if self.asked else 1.0

    @property
    def cost_per_unit(self) -> float:
        """Cost of a unit served, in currency; NaN where none is."""
        return self.cost / self.served if self.served else float("nan")


def figures_of(plan: Plan, everybody: Case | None = None) -> PlanFigures:
    """Measure a plan; needs of the case `everybody` count as asked for, whether the plan knew them or not."""
    asked = (everybody or plan.case).needs
    served = plan.needs.set_index("need_id")["served"].reindex(asked["need_id"]).fillna(0.0)
    needs = asked[["community", "priority", "quantity"]].assign(served=served.to_numpy(dtype=np.float64))
    by_tier = needs.groupby("priority")[["quantity", "served"]].sum()
    places = needs.groupby("community")[["quantity", "served"]].sum()
    places = places.rename(columns={"quantity": "asked"}).assign(share=lambda t: t["served"] / t["asked"])
    worst = places.sort_values(["share", "asked"], ascending=[True, False], kind="stable").iloc[0]
    costs = plan.counted_cost
    lines = tables_of(plan).lines
    waited = (lines["leave"] - lines["arrival"]).dt.days.where(lines["hub"].astype(str) != DIRECT, 0)
    return PlanFigures(
        asked=round(float(needs["quantity"].sum()), 6),
        served=round(float(needs["served"].sum()), 6),
        tiers={row.Index: (row.quantity, row.served) for row in rows(by_tier)},
        costs=costs,
        cost=round(sum(costs.values()), 4),
        km=_mean_km(plan),
        kg_days=round(float((lines["kg"] * waited.fillna(0)).sum()), 3),
        spoilt=_spoilt(plan),
        worst=str(worst.name),
        worst_share=float(worst["share"]),
        communities=places.reset_index(),
        gap=plan.gap,
    )


def _mean_km(plan: Plan) -> float:
    units = plan.allocations["served_quantity"].to_numpy(dtype=np.float64)
    total = float(units.sum())
    return (
        round(float((kilometres(plan.case, plan.allocations) * units).sum()) / total, 3) if total else np.nan
    )


def _spoilt(plan: Plan) -> float:
    """Return the units left over whose last day of use is one of the plan."""
    days = plan.summary["horizon"]
    if not days.get("end"):
        return 0.0
    donations = tables_of(plan).donations
    gone = pd.to_datetime(donations["expires"]).between(days["start"], days["end"])
    return round(float(donations.loc[gone, "left_over"].sum()), 6)


@dataclass(frozen=True, slots=True)
class Result:
    """A point of a study with its figures.

    Attributes
    ----------
    name
        What is varied, in words.
    point
        The point.
    figures
        Its figures, None without a plan.
    reference
        Whether the others are held against it.
    """

    name: str
    point: Point
    figures: PlanFigures | None
    reference: bool


def results_of(study: Study) -> list[Result]:
    """Measure the points of a study, over all needs of its case."""
    plans = [point.plan for point in study.points]
    figures = [None if plan is None else figures_of(plan, study.case) for plan in plans]
    return [
        Result(name_of(study, point), point, one, k == study.reference)
        for k, (point, one) in enumerate(zip(study.points, figures, strict=True))
    ]


def name_of(study: Study, point: Point) -> str:
    """Return what a point is called."""
    if study.kind in READY:
        (value,) = point.label.values()
        return tr(READY[study.kind][value])
    return tr(", ").join(f"{name.rpartition('.')[2]} = {value}" for name, value in point.label.items())


def base_of(results: list[Result]) -> PlanFigures:
    """Return the figures that the others are held against."""
    return next(r.figures for r in results if r.reference and r.figures is not None)


def made(results: list[Result]) -> list[tuple[str, PlanFigures, bool]]:
    """Return name, figures and whether it is the reference, of the points that have a plan."""
    return [(r.name, r.figures, r.reference) for r in results if r.figures is not None]


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
    table = table[table["change"].abs() > WRITTEN]
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
    columns = ["name", "need_id", "community", "item", "priority", "before", "after", "change"]
    tables = [
        differences(study.base, point.plan).needs.assign(name=name_of(study, point))
        for k, point in enumerate(study.points)
        if point.plan is not None and k != study.reference
    ]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
    return table.loc[table["change"] != 0, columns].reset_index(drop=True)


def as_csv(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table by the names of points with what is varied, and its own values, in place of the name."""
    labels = {name_of(study, point): point.label for point in study.points}
    varied = {key: [labels[name][key] for name in table["name"]] for key in study.points[0].label}
    return pd.concat([pd.DataFrame(varied, index=table.index), table.drop(columns="name")], axis=1)


def points_table(study: Study, results: list[Result]) -> pd.DataFrame:
    """Return the figures of each point that has a plan: what is varied, then a column a measure."""
    table = []
    for result in results:
        if (m := result.figures) is None:
            continue
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
    points = [
        {
            "label": dict(r.point.label),
            "planned": r.figures is not None,
            "why": [f.as_dict() for f in r.point.why],
        }
        for r in results
    ]
    return {"kind": study.kind, "reference": study.reference, "points": points}
