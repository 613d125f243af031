"""What is different between two plans: by need, donor, community, kind of cost and delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from matchopt.contract.plan import Plan
from matchopt.tolerances import ROUNDING


@dataclass(frozen=True, slots=True)
class Differences:
    """Where two plans differ; what is the same in both is left out.

    Attributes
    ----------
    needs
        need_id, community, item, priority, asked_before, asked_after, before, after (units served), change;
        what loses most first.
    donors
        donor, offered_before, offered_after, before, after (units planned), change.
    communities
        community, asked_before, asked_after, before, after (units served), change.
    costs
        cost, before, after, change, in currency; every kind that either plan has. What is unmet has a cost
        only where an objective counts it.
    lines
        need_id, donation_id, hub, delivery_day, before, after (units donated), change.
    """

    needs: pd.DataFrame
    donors: pd.DataFrame
    communities: pd.DataFrame
    costs: pd.DataFrame
    lines: pd.DataFrame


def differences(before: Plan, after: Plan) -> Differences:
    """Compare two plans, of the same case or of two.

    Needs, donors and communities are the same where they have the same id or name; one that a plan does not
    know counts there as 0. In the other columns a row says what the later plan knows of it.
    """
    told = ["community", "item", "priority"]
    donors = [plan.donations.groupby("donor")[["offered", "planned"]].sum() for plan in (before, after)]
    places = [plan.needs.groupby("community")[["asked", "served"]].sum() for plan in (before, after)]
    needs = [plan.needs.set_index("need_id")[["asked", "served", *told]] for plan in (before, after)]
    return Differences(
        needs=_changed(needs, "asked", "served", told),
        donors=_changed(donors, "offered", "planned"),
        communities=_changed(places, "asked", "served"),
        costs=_costs(before, after),
        lines=_lines(before, after),
    )


def _changed(tables: Sequence[pd.DataFrame], whole: str, part: str, told: Sequence[str] = ()) -> pd.DataFrame:
    """Return the rows of two tables in which `whole` or `part` differ, what loses most first."""
    before, after = tables
    keys = before.index.union(after.index)
    was, now = before.reindex(keys), after.reindex(keys)
    table = pd.DataFrame(
        {
            **{name: now[name].where(now[name].notna(), was[name]) for name in told},
            f"{whole}_before": was[whole].astype(float).fillna(0.0),
            f"{whole}_after": now[whole].astype(float).fillna(0.0),
            "before": was[part].astype(float).fillna(0.0),
            "after": now[part].astype(float).fillna(0.0),
        },
        index=keys,
    )
    table["change"] = (table["after"] - table["before"]).round(9) + 0.0
    asked = (table[f"{whole}_after"] - table[f"{whole}_before"]).abs() > ROUNDING
    differs = table[(table["change"].abs() > ROUNDING) | asked]
    if "priority" in told:
        differs = differs.astype({"priority": np.int64})
    return differs.sort_values("change", kind="stable").reset_index()


def _costs(before: Plan, after: Plan) -> pd.DataFrame:
    counted = "total-cost" in (before.summary["objective"], after.summary["objective"])
    kinds = [kind for kind in {**before.cost, **after.cost} if counted or kind != "unmet"]
    table = pd.DataFrame(
        {
            "cost": kinds,
            "before": [before.cost.get(kind, 0.0) for kind in kinds],
            "after": [after.cost.get(kind, 0.0) for kind in kinds],
        }
    )
    table["change"] = (table["after"] - table["before"]).round(4) + 0.0
    return table[(table["before"] != 0) | (table["after"] != 0)].reset_index(drop=True)


def _lines(before: Plan, after: Plan) -> pd.DataFrame:
    by = ["need_id", "donation_id", "hub", "delivery_day"]
    was, now = (
        plan.allocations.groupby(by, dropna=False)["donated_quantity"].sum().rename(name)
        for plan, name in ((before, "before"), (after, "after"))
    )
    table = pd.concat([was, now], axis=1).astype(float).fillna(0.0)
    table["change"] = (table["after"] - table["before"]).round(9) + 0.0
    return table[table["change"].abs() > ROUNDING].sort_index().reset_index()
