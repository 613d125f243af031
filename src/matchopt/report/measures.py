"""What a plan is measured by when it is held against others: coverage, cost, distance, storage, spoilage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.model.travel import kilometres
from matchopt.report.sums import rows
from matchopt.result.plan_tables import DIRECT, tables_of


@dataclass(frozen=True, slots=True)
class Measures:
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


def measures_of(plan: Plan, everybody: Case | None = None) -> Measures:
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
    return Measures(
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
    end = plan.summary["horizon"].get("end")
    if not end:
        return 0.0
    donations = tables_of(plan).donations
    gone = pd.to_datetime(donations["expires"]) <= pd.Timestamp(end)
    return round(float(donations.loc[gone, "left_over"].sum()), 6)
