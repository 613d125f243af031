"""What is shown of a plan: tables whose rows tell all that is known, and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.language import tr

NEED = ("need", "community", "item", "group", "priority")
"""What a line tells of its need."""

DIRECT = ""
"""In place of a hub, for what goes straight to its community."""


_SUMMED = ["asked", "served", "unmet", "needs", "full", "part", "none"]

COUNTS = ("full", "part", "none")
"""Columns of counts that add up to the column ``needs``."""


@dataclass(frozen=True, slots=True)
class PlanTables:
    """The rows that the report and the workbook add up.

    Attributes
    ----------
    needs
        need, community, item, category, group, channel, priority, asked, served, unmet, reason,
        obstacles.
    donations
        donation, donor, item, unit, offered, planned, left_over, reason, expires (day or NaT).
    lines
        donation, donor, given (item), unit, need, community, item, group, priority, donated, served, kg, hub
        (`DIRECT` for none), pickup, arrival, leave, delivery (days or NaT), cost.
    purchases
        item, community, day, quantity, amount, donor, need.
    places
        place, kind (community or hub), latitude, longitude; those without coordinates, too.
    origins
        By donation: latitude, longitude of where it lies, NaN where that is not known.
    hubs
        hub, storage_capacity (kg, NaN for none).
    """

    plan: Plan
    needs: pd.DataFrame
    donations: pd.DataFrame
    lines: pd.DataFrame
    purchases: pd.DataFrame
    places: pd.DataFrame
    origins: pd.DataFrame
    hubs: pd.DataFrame

    @property
    def summary(self) -> Any:
        """The summary of the plan."""
        return self.plan.summary

    @property
    def dated(self) -> bool:
        """Whether the case knows days."""
        return bool(self.summary["horizon"].get("start"))


def tables_of(plan: Plan) -> PlanTables:
    """Put together what is told of a plan."""
    case = plan.case
    items, communities = case.table("items"), case.table("communities")
    item_name, category = item_names(case), _labels(items, "item", "category", tr("other"))
    unit = _labels(items, "item", "unit", "")
    place_name = community_names(case)
    asked = _rows(case.needs, "need_id", plan.needs["need_id"])
    offered = _rows(case.donations, "donation_id", plan.donations["donation_id"])
    needs = pd.DataFrame(
        {
            "need": _codes(plan.needs["need_id"]),
            "community": _named(plan.needs["community"], place_name),
            "item": _named(plan.needs["item"], item_name),
            "category": _named(plan.needs["item"], category),
            "group": _named(asked["group"], {"": tr("nobody in particular")}),
            "channel": _codes(asked["channel"]),
            "reason": _codes(plan.needs["reason"]),
            "obstacles": _codes(plan.needs["obstacles"]),
        }
        | {name: plan.needs[name].to_numpy() for name in ("priority", "asked", "served", "unmet")}
    )
    donations = pd.DataFrame(
        {
            "donation": _codes(plan.donations["donation_id"]),
            "donor": _codes(plan.donations["donor"]),
            "item": _named(plan.donations["item"], item_name),
            "unit": _named(plan.donations["item"], unit),
            "reason": _codes(plan.donations["reason"]),
            "expires": _expiry(plan, offered, items),
        }
        | {name: plan.donations[name].to_numpy() for name in ("offered", "planned", "left_over")}
    )
    lines = _lines(plan, needs, donations, items)
    purchases = pd.DataFrame(
        {
            "item": _named(plan.purchases["item"], item_name),
            "community": _named(plan.purchases["community"], place_name),
            "day": _days(plan.purchases["delivery_day"]),
            "quantity": plan.purchases["quantity"].to_numpy(),
            "amount": plan.purchases["amount"].to_numpy(),
            "donor": _codes(plan.purchases["donor"]),
            "need": _codes(plan.purchases["need_id"]),
        }
    )
    hubs = case.table("hubs")
    spots = [_spots(communities, "community", place_name), _spots(hubs, "hub", {})]
    places = pd.concat(spots, ignore_index=True)
    capacity = pd.DataFrame(
        {"hub": hubs["hub"].astype(str), "storage_capacity": hubs["storage_capacity"].astype(float)}
    )
    return PlanTables(
        plan, needs, donations, lines, purchases, places, _origins(offered, places, place_name), capacity
    )


def item_names(case: Case) -> dict[str, str]:
    """Return what items are called, those that have a name of their own."""
    return _labels(case.table("items"), "item", "name")


def community_names(case: Case) -> dict[str, str]:
    """Return what communities are called, those that have a name of their own."""
    return _labels(case.table("communities"), "community", "name")


def _lines(plan: Plan, needs: pd.DataFrame, donations: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return the allocations with what is known of both ends."""
    allocations = plan.allocations
    j = pd.Index(plan.needs["need_id"]).get_indexer(pd.Index(allocations["need_id"]))
    i = pd.Index(plan.donations["donation_id"]).get_indexer(pd.Index(allocations["donation_id"]))
    weight = pd.Series(items["weight_kg"].to_numpy(dtype=float), index=items["item"])
    weight[items["kind"].to_numpy() != "goods"] = 0.0
    per_unit = plan.donations["item"].map(weight).fillna(1.0).to_numpy(dtype=float)[i]
    donated = allocations["donated_quantity"].to_numpy(dtype=float)
    lines = pd.DataFrame(
        {
            **{name: donations[name].iloc[i].array for name in ("donation", "donor")},
            "given": donations["item"].iloc[i].array,
            "unit": donations["unit"].iloc[i].array,
            **{name: needs[name].iloc[j].array for name in NEED},
            "donated": donated,
            "served": allocations["served_quantity"].to_numpy(dtype=float),
            "kg": donated * per_unit,
            "hub": _codes(allocations["hub"]),
            "pickup": _days(allocations["pickup_day"]),
            "arrival": _days(allocations["arrival_day"]),
            "delivery": _days(allocations["delivery_day"]),
            "cost": allocations["total_cost"].to_numpy(dtype=float),
        }
    )
    return lines.assign(leave=_leave(plan, allocations))


def _leave(plan: Plan, lines: pd.DataFrame) -> Any:
    """Return the day on which each allocation leaves its hub: the way on takes what the lane says."""
    lanes = plan.case.table("lanes")
    lead = pd.Series(
        lanes["lead_days"].to_numpy(dtype=np.int64),
        index=pd.MultiIndex.from_arrays([lanes["from_place"].astype(str), lanes["to_place"].astype(str)]),
    )
    goal = plan.needs.set_index("need_id")["community"].reindex(lines["need_id"]).astype(str)
    way = pd.MultiIndex.from_arrays([lines["hub"].astype(str), goal])
    days = lead.reindex(way).fillna(0).to_numpy(dtype=np.int64) if len(lead) else np.zeros(len(lines), int)
    return _days(lines["delivery_day"]) - days.astype("timedelta64[D]")


def _days(column: pd.Series) -> Any:
    """Return days, also of a column without any."""
    return pd.to_datetime(column).to_numpy(dtype="datetime64[s]")


def _codes(column: pd.Series) -> pd.Categorical:
    """Return texts as codes of distinct ones: that is how they are counted and sent."""
    return pd.Categorical(column.astype(str).to_numpy(dtype=object))


def _named(column: pd.Series, names: dict[str, str]) -> pd.Categorical:
    """Return keys as codes of what they are called."""
    keys = _codes(column)
    called = np.array([names.get(key, key) for key in keys.categories.tolist()], dtype=object)
    distinct, which = np.unique(called.astype(str), return_inverse=True)
    code = [int(k) for k in which] if len(called) else []
    return pd.Categorical.from_codes(np.array(code, dtype=np.int64)[keys.codes], categories=distinct.tolist())


def _labels(table: pd.DataFrame, key: str, name: str, otherwise: str | None = None) -> dict[str, str]:
    """Return what keys are called, by themselves where a name is missing or stands for several."""
    given = table[name].astype(str)
    if otherwise is not None:
        return dict(zip(table[key].astype(str), given.where(given != "", otherwise), strict=True))
    good = (given != "") & ~given.duplicated(keep=False)
    return dict(zip(table[key].astype(str)[good], given[good], strict=True))


def _rows(table: pd.DataFrame, key: str, ids: pd.Series) -> pd.DataFrame:
    """Return the rows of `table` that belong to `ids`, in their order."""
    found: pd.DataFrame = table.iloc[pd.Index(table[key]).get_indexer(pd.Index(ids))]
    return found.reset_index(drop=True)


def _expiry(plan: Plan, offered: pd.DataFrame, items: pd.DataFrame) -> Any:
    """Return the last day of use of each donation, as the contract has it."""
    life = offered["item"].map(items.set_index("item")["shelf_life_days"]).astype(float)
    start = pd.Series(pd.Timestamp(plan.summary["horizon"].get("start")), offered.index).astype(
        "datetime64[s]"
    )
    fresh = offered["available_from"].fillna(start) + pd.to_timedelta(life, unit="D").astype("timedelta64[s]")
    return offered["expires_on"].where(offered["expires_on"].notna(), fresh).to_numpy()


def _spots(table: pd.DataFrame, kind: str, names: dict[str, str]) -> pd.DataFrame:
    keys = table[kind].astype(str)
    return pd.DataFrame(
        {
            "place": [names.get(key, key) for key in keys],
            "kind": kind,
            "key": keys.to_numpy(dtype=object),
            "latitude": table["latitude"].to_numpy(dtype=float),
            "longitude": table["longitude"].to_numpy(dtype=float),
        }
    )


def _origins(offered: pd.DataFrame, places: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return where donations lie: at coordinates of their own, else at the place they name."""
    spots = places.drop_duplicates("key").set_index("key")[["latitude", "longitude"]]
    there = spots.reindex(offered["origin"].astype(str)).reset_index(drop=True)
    own = offered[["latitude", "longitude"]].astype(float).reset_index(drop=True)
    return own.where(own.notna(), there)


def rows(table: pd.DataFrame) -> Iterable[Any]:
    """Return the rows as tuples with names."""
    return table.itertuples()


def coverage(needs: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Add up needs by one or several columns.

    Returns
    -------
    DataFrame
        One row a value: asked, served, unmet; needs, and how many are served in full, in part, not at all;
        share (served ÷ asked).
    """
    full, none = needs["unmet"] <= 0, needs["served"] <= 0
    marked = needs.assign(needs=1, full=full, part=~full & ~none, none=~full & none)
    found = marked.groupby(by, observed=True, sort=True)[_SUMMED].sum().reset_index()
    found[["needs", "full", "part", "none"]] = found[["needs", "full", "part", "none"]].astype(int)
    return found.assign(share=(found["served"] / found["asked"].where(found["asked"] > 0)).fillna(1.0))


def worst_first(found: pd.DataFrame) -> pd.DataFrame:
    """Return sums with the smallest share first; of several the one where more is missing."""
    return found.sort_values(["share", "unmet"], ascending=[True, False], kind="stable", ignore_index=True)


def main_reasons(needs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return how many needs stay unmet, by columns and reason, the most frequent reason first."""
    short = needs[needs["unmet"] > 0]
    found = short.groupby([*by, "reason"], observed=True).agg(count=("unmet", "size"), unmet=("unmet", "sum"))
    return found.reset_index().sort_values(
        [*by, "count"], ascending=[True] * len(by) + [False], kind="stable", ignore_index=True
    )
