"""Plan against fact: what was reached, what came late, what was lost and why, who kept their word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from matchopt.contract.plan import Plan
from matchopt.language import tr
from matchopt.result.plan_tables import tables_of
from matchopt.tolerances import EQUAL


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What became of a plan.

    Attributes
    ----------
    asked, planned, reached
        Units of needs.
    on_time
        Share of what was reached that came on the planned day or before; NaN without days.
    delay
        Days that a unit came late in the mean, those on time counting 0; NaN without days.
    satisfaction
        Mean of what was given, by units; NaN if none was.
    lines
        allocation_id, donation_id, donor, need_id, community, item, priority, planned and delivered (donated
        units), planned_served and reached (units of the need), planned_day, day (the last), delay (days),
        satisfaction, cause (of what is missing or late; "" for neither).
    communities
        community, asked, planned, reached, planned_share, reached_share, satisfaction; the worst first.
    tiers
        priority, asked, planned, reached.
    donors
        donor, lines, promised, delivered (donated units), reliability (delivered ÷ promised), late (units).
    causes
        cause, lines, units (of needs that were planned and not reached), late (units that came late).
    deliveries
        What was told: allocation_id, quantity, day, satisfaction, cause; a row a delivery.
    """

    asked: float
    planned: float
    reached: float
    on_time: float
    delay: float
    satisfaction: float
    lines: pd.DataFrame
    communities: pd.DataFrame
    tiers: pd.DataFrame
    donors: pd.DataFrame
    causes: pd.DataFrame
    deliveries: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Its tables by name."""
        names = ("lines", "communities", "tiers", "donors", "causes", "deliveries")
        return {name: getattr(self, name) for name in names}


def evaluate(plan: Plan, deliveries: pd.DataFrame) -> Evaluation:
    """Hold a plan against what was delivered.

    Parameters
    ----------
    plan
        The plan.
    deliveries
        at, quantity, day, satisfaction, cause, as `matchopt.runs.deliveries.read_deliveries` returns them.
        Lines of the plan that it does not name count as not delivered.
    """
    lines = _lines(plan, deliveries)
    came = lines[lines["reached"] > 0]
    late = np.where(came["delay"] > 0, came["reached"], 0.0)
    dated = bool(came["delay"].notna().any())
    units = float(came["reached"].sum())
    named = deliveries.assign(allocation_id=lines["allocation_id"].to_numpy()[deliveries["at"].to_numpy()])
    return Evaluation(
        asked=plan.asked,
        planned=plan.served,
        reached=round(units, 6),
        on_time=1 - float(late.sum()) / units if dated and units else float("nan"),
        delay=_mean(came["delay"].clip(lower=0), came["reached"]),
        satisfaction=_mean(came["satisfaction"], came["reached"]),
        lines=lines,
        communities=_communities(plan, lines),
        tiers=_asked_and_reached("priority", plan.needs, lines).reset_index(),
        donors=_donors(lines),
        causes=_causes(lines),
        deliveries=named[["allocation_id", "quantity", "day", "satisfaction", "cause"]],
    )


def _mean(values: pd.Series, weights: pd.Series) -> float:
    """Return the mean of what is given, NaN if nothing is."""
    given = values.notna()
    total = float(weights[given].sum())
    return round(float((values[given] * weights[given]).sum()) / total, 6) if total else float("nan")


def _lines(plan: Plan, deliveries: pd.DataFrame) -> pd.DataFrame:
    moves = tables_of(plan).lines
    count = len(moves)
    at = deliveries["at"].to_numpy(dtype=np.int64)
    quantity = deliveries["quantity"].to_numpy(dtype=np.float64)
    delivered = np.bincount(at, quantity, count)
    planned, served = (moves[name].to_numpy(dtype=np.float64) for name in ("donated", "served"))
    last = deliveries.groupby("at")["day"].max().reindex(range(count))
    rated = deliveries.assign(weight=quantity * deliveries["satisfaction"].notna())
    rated = rated.assign(points=rated["weight"] * rated["satisfaction"].fillna(0.0))
    sums = rated.groupby("at")[["points", "weight"]].sum().reindex(range(count))
    reasons = deliveries[deliveries["cause"] != ""].groupby("at")["cause"]
    given = reasons.agg(lambda all_: "; ".join(all_.unique())).reindex(range(count)).to_numpy(dtype=object)
    ids = {"donation": "donation_id", "donor": "donor", "need": "need_id", "community": "community"}
    lines = pd.DataFrame(
        {
            "allocation_id": plan.allocations["allocation_id"].to_numpy(dtype=object),
            **{name: moves[told].astype(str) for told, name in (ids | {"given": "item"}).items()},
            "priority": moves["priority"].to_numpy(),
            "planned": planned,
            "delivered": delivered,
            "planned_served": served,
            "reached": np.round(served * delivered / planned, 6),
            "planned_day": moves["delivery"].to_numpy(),
            "day": last.to_numpy(dtype="datetime64[s]"),
            "satisfaction": (sums["points"] / sums["weight"].where(sums["weight"] > 0)).to_numpy(),
        }
    )
    lines["delay"] = (lines["day"] - lines["planned_day"]).dt.days.astype(float).to_numpy()
    missing = lines["delivered"] < lines["planned"] - EQUAL
    reported = np.isin(np.arange(count), at)
    otherwise = np.where(reported, tr("no cause given"), tr("nothing reported"))
    wrong = missing | (lines["delay"] > 0)
    lines["cause"] = np.where(wrong, np.where(pd.isna(given), otherwise, given), "")
    return lines


def _asked_and_reached(by: str, asked: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Return asked, planned and reached by a column."""
    sums = lines.groupby(by)[["planned_served", "reached"]].sum()
    table = asked.groupby(by)[["asked"]].sum().join(sums).fillna(0.0)
    return table.rename(columns={"planned_served": "planned"})


def _communities(plan: Plan, lines: pd.DataFrame) -> pd.DataFrame:
    needs = tables_of(plan).needs
    asked = needs.assign(community=needs["community"].astype(str))
    table = _asked_and_reached("community", asked, lines)
    table["planned_share"] = table["planned"] / table["asked"]
    table["reached_share"] = table["reached"] / table["asked"]
    rated = {key: _mean(part["satisfaction"], part["reached"]) for key, part in lines.groupby("community")}
    table["satisfaction"] = table.index.map(rated).astype(float)
    return _worst_first(table, "reached_share", "asked")


def _worst_first(table: pd.DataFrame, share: str, size: str) -> pd.DataFrame:
    """Return the rows, the lowest share first, and of equal ones the largest."""
    by, ascending = [share, size], [True, False]
    return table.reset_index().sort_values(by, ascending=ascending, kind="stable", ignore_index=True)


def _donors(lines: pd.DataFrame) -> pd.DataFrame:
    late = lines["delivered"].where(lines["delay"] > 0, 0.0)
    table = lines.assign(late=late, lines=1).groupby("donor")[["lines", "planned", "delivered", "late"]].sum()
    table = table.rename(columns={"planned": "promised"})
    table = table.assign(reliability=(table["delivered"] / table["promised"]).round(6))
    columns = ["lines", "promised", "delivered", "reliability", "late"]
    return _worst_first(table[columns], "reliability", "promised")


def _causes(lines: pd.DataFrame) -> pd.DataFrame:
    wrong = lines[lines["cause"] != ""]
    late = wrong["reached"].where(wrong["delay"] > 0, 0.0)
    wrong = wrong.assign(lines=1, units=wrong["planned_served"] - wrong["reached"], late=late)
    table = wrong.groupby("cause")[["lines", "units", "late"]].sum().round(6).reset_index()
    return table.sort_values("units", ascending=False, kind="stable", ignore_index=True)
