"""Needs analysis and resource assessment: how demand and supply run, by item, community, group and month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from matchopt.arrays import Ints
from matchopt.contract.case import Case
from matchopt.model.amounts import Amounts
from matchopt.model.money import QuantityScale
from matchopt.model.rules import Items

URGENT = 2
"""Tiers up to this one are urgent."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Demand and supply of a case, added up.

    Attributes
    ----------
    items
        item, category, needs, asked, urgent (asked in tiers 1 and 2), donations, offered (what may be planned
        of it), short (asked − offered, at least 0), over (the other way round), cover (the share of what is
        asked that the offers of the item itself could serve at best), substitutes (units that other items
        could serve in its stead, which others may claim as well), helps (whether it is money, or may stand in
        for something that is asked for); what is shortest first.
    communities
        community, needs, asked, urgent, offered (raised or lying there); what asks for most first.
    groups
        group, needs, asked, urgent, share (of all that is asked), most (the item that it asks most of).
    months
        month (``2026-03``; "" without a day), needs, asked, donations, offered, and both added up to then.
    detail
        community, group, item, month, needs, asked, urgent: demand at its finest.
    """

    items: pd.DataFrame
    communities: pd.DataFrame
    groups: pd.DataFrame
    months: pd.DataFrame
    detail: pd.DataFrame


def analyse(case: Case) -> Analysis:
    """Add up the demand and the supply of a case.

    Demand falls due in the month of `needed_by`, else of `needed_from`; supply is there from the month of
    `available_from` on. Needs that an exclusion names count: they are asked for all the same.
    """
    asked = _demand(case)
    offered = _supply(case)
    # Money is no unit of anything: it stands with the items, but is added to nothing else.
    goods = offered[~offered["money"]]
    return Analysis(
        _items(case, asked, offered),
        _communities(asked, goods),
        _groups(asked),
        _months(asked, goods),
        _added(asked, ["community", "group", "item", "month"]),
    )


def _demand(case: Case) -> pd.DataFrame:
    needs = case.needs
    due = needs["needed_by"].where(needs["needed_by"].notna(), needs["needed_from"])
    quantity = needs["quantity"].to_numpy(dtype=np.float64)
    urgent = needs["priority"].to_numpy() <= URGENT
    return pd.DataFrame(
        {
            **{name: needs[name].to_numpy(dtype=object) for name in ("community", "group", "item")},
            "month": _month(due),
            "needs": 1,
            "asked": quantity,
            "urgent": np.where(urgent, quantity, 0.0),
        }
    )


def _supply(case: Case) -> pd.DataFrame:
    table, items = case.donations, Items(case)
    donated, needed = items.codes(table["item"]), items.codes(case.needs["item"])
    amounts = Amounts.of(case, items, donated, needed)
    there = table["community"].where(table["community"] != "", table["origin"])
    return pd.DataFrame(
        {
            "item": table["item"].to_numpy(dtype=object),
            "community": there.to_numpy(dtype=object),
            "month": _month(table["available_from"]),
            "donations": 1,
            "offered": _units(amounts.scale, amounts.plannable),
            "money": items.funds[donated],
        }
    )


def _units(scale: QuantityScale, scaled: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(scale.from_ints(scaled), dtype=np.float64)


def _month(days: pd.Series) -> list[str]:
    return [str(month) for month in days.dt.strftime("%Y-%m").astype(object).where(days.notna(), "")]


def _added(table: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Add up all columns that hold numbers, by one or several others."""
    numbers = [name for name in ("needs", "asked", "urgent", "donations", "offered") if name in table]
    return table.groupby(by, sort=True)[numbers].sum().round(6).reset_index()


def _side_by_side(asked: pd.DataFrame, offered: pd.DataFrame, by: str) -> pd.DataFrame:
    table = _added(asked, by).merge(_added(offered, by), on=by, how="outer").fillna(0.0)
    counts = {name: np.int64 for name in ("needs", "donations") if name in table}
    return table.astype(counts)


def _parted(table: pd.DataFrame) -> pd.DataFrame:
    """Say where demand and supply part; what is shortest first."""
    apart = (table["asked"] - table["offered"]).round(6)
    cover = (table["offered"] / table["asked"].where(table["asked"] > 0)).clip(upper=1.0).fillna(1.0)
    table = table.assign(short=apart.clip(lower=0.0), over=(-apart).clip(lower=0.0), cover=cover)
    order = ["short", "urgent", "asked"]
    return table.sort_values(order, ascending=False, kind="stable", ignore_index=True)


def _items(case: Case, asked: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame:
    table = _parted(_side_by_side(asked, offered, "item"))
    items = case.table("items").drop_duplicates("item").set_index("item")
    pairs = case.table("substitutions").merge(
        offered.groupby("item")["offered"].sum().rename("given"), left_on="donated_item", right_index=True
    )
    instead = (pairs["given"] * pairs["ratio"]).groupby(pairs["need_item"]).sum()
    wanted = set(case.needs["item"])
    swaps = case.table("substitutions")
    helpers = {
        *items.index[items["kind"] == "funds"],
        *swaps["donated_item"][swaps["need_item"].isin(wanted)],
    }
    categories = items["category"].to_dict()
    return table.assign(
        category=[categories.get(item, "") for item in table["item"]],
        substitutes=table["item"].map(instead).astype(float).fillna(0.0).round(6),
        helps=table["item"].isin(helpers),
    )


def _communities(asked: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame:
    table = _side_by_side(asked, offered[offered["community"] != ""], "community")
    table = table[table["needs"] > 0].sort_values("asked", ascending=False, kind="stable", ignore_index=True)
    return table[["community", "needs", "asked", "urgent", "offered"]]


def _groups(asked: pd.DataFrame) -> pd.DataFrame:
    table = _added(asked, "group").sort_values("asked", ascending=False, kind="stable", ignore_index=True)
    sums = _added(asked, ["group", "item"]).sort_values("asked", ascending=False, kind="stable")
    most = sums.drop_duplicates("group").set_index("group")["item"]
    total = float(table["asked"].sum())
    return table.assign(share=table["asked"] / total if total else 0.0, most=table["group"].map(most))


def _months(asked: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame:
    table = _side_by_side(asked, offered, "month").sort_values("month", kind="stable", ignore_index=True)
    sums = table[["asked", "offered"]].cumsum().round(6)
    return table.assign(asked_so_far=sums["asked"], offered_so_far=sums["offered"])
