"""Lists of a plan: what is served, missing and left over, who gives what to whom, what staff work from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from matchopt.language import money_unit, tr
from matchopt.report import words
from matchopt.report.charts import days_to_expiry
from matchopt.report.demand import when
from matchopt.report.summary import costs
from matchopt.report.table import DAY, TEXT, ReportColumn, ReportTable, columns
from matchopt.result.plan_tables import DIRECT, PlanTables, coverage, rows, worst_first

NEEDS, DONATIONS = "plan/needs.csv", "plan/donations.csv"
"""Files of a run."""


def of_page(t: PlanTables, wanted: pd.DataFrame, items_: pd.DataFrame) -> list[ReportTable]:
    """Return all lists of a page; `wanted` is what to ask for, `items_` demand and supply by item."""
    return [
        supply(items_),
        wishes(t, wanted),
        communities(t),
        groups(t),
        items(t),
        unmet(t),
        left_over(t),
        deliveries(t),
        purchases(t),
    ]


def of_workbook(t: PlanTables) -> list[ReportTable]:
    """Return the lists of the workbook; without days where the case knows none."""
    lists = [picking(t), pick_up(t), to_sign(t), unmet_by_urgency(t), left_over_by_day(t)]
    lists += [purchases_to_make(t)] if len(t.purchases) else []
    return lists if t.dated else [_undated(table) for table in lists]


def _undated(table: ReportTable) -> ReportTable:
    return replace(table, columns=[column for column in table.columns if column.kind != DAY])


def overview(t: PlanTables) -> list[ReportTable]:
    """Return the small tables of the first sheet of the workbook."""
    channels = coverage(t.needs, "channel")
    channels["channel"] = [words.called(code, words.CHANNELS) for code in channels["channel"]]
    found = (
        (tr("Served by priority (1 is most urgent)"), tr("priority"), coverage(t.needs, "priority")),
        (tr("Served by who stated the need"), tr("channel"), channels),
        (tr("Coverage by community"), tr("community"), worst_first(coverage(t.needs, "community"))),
    )
    sums = "needs asked served unmet share"
    covered = [
        ReportTable(title, [ReportColumn(by, TEXT, frame.iloc[:, 0].astype(str)), *columns(frame, sums)])
        for title, by, frame in found
    ]
    return [*covered, costs(t.plan.counted_cost, t.summary["currency"])]


def _served(found: pd.DataFrame) -> list[ReportColumn]:
    """Return the columns that tell how much is served."""
    return columns(found, "needs full part none units_asked served unmet share")


def communities(t: PlanTables) -> ReportTable:
    """Return coverage by community, the worst first."""
    found = worst_first(coverage(t.needs, "community"))
    shown = [*columns(found, "community"), *_served(found)]
    return ReportTable(tr("Coverage by community"), shown, "communities", NEEDS)


def groups(t: PlanTables) -> ReportTable:
    """Return coverage by community and group, with the main reason for what is missing."""
    by = ["community", "group"]
    found = worst_first(coverage(t.needs, by))
    shown = [*columns(found, "community group"), *_served(found), *_mostly(t, found, by)]
    return ReportTable(tr("Coverage by community and group"), shown, "groups", NEEDS)


def items(t: PlanTables) -> ReportTable:
    """Return what is missing, item by item: the most urgent first."""
    found = coverage(t.needs, "item")
    urgent = t.needs[t.needs["priority"] <= 2].groupby("item", observed=True)["unmet"].sum()
    found = found.assign(urgent=found["item"].map(urgent).astype(float).fillna(0.0))
    found = found.sort_values(["urgent", "unmet"], ascending=False, kind="stable", ignore_index=True)
    first = columns(found, "item urgent", urgent=tr("unmet of priority 1 and 2"))
    shown = [*first, *_served(found), *_mostly(t, found, ["item"])]
    return ReportTable(tr("What is missing, item by item"), shown, "items", NEEDS)


def _mostly(t: PlanTables, found: pd.DataFrame, by: list[str]) -> list[ReportColumn]:
    """Return in words the reason that most of the unmet units of each row have."""
    short = t.needs[t.needs["unmet"] > 0]
    sums = short.groupby([*by, "reason"], observed=True)["unmet"].sum().reset_index()
    largest = sums.sort_values("unmet", ascending=False, kind="stable").drop_duplicates(by)
    main = found[by].astype(object).merge(largest[[*by, "reason"]].astype(object), how="left", on=by)
    why = [
        words.called(code, words.UNMET) if isinstance(code, str) and code else "" for code in main["reason"]
    ]
    return columns(pd.DataFrame({"mostly": why}), "mostly")


def wishes(t: PlanTables, found: pd.DataFrame) -> ReportTable:
    """Return what to ask for, a row an item, the most wanted first; `found` as `wished` has it."""
    title = tr("What to ask for, the most wanted first")
    cost = tr("cost per unit, {currency}", currency=money_unit(t.summary["currency"]))
    names = "item tier units needs served_per_unit cost_per_unit"
    told = found.assign(
        when=[when(t.plan, wish) for wish in rows(found)], need_ids=found["need_ids"].str.replace(";", ", ")
    )
    shown = columns(told, names.replace("item", "item place when") + " need_ids", cost_per_unit=cost)
    note = tr("For each item the place where it is worth most; all places: matchopt wishlist RUN")
    return ReportTable(title, shown, "wishes", note=note)


def supply(found: pd.DataFrame) -> ReportTable:
    """Return demand and supply by item; `found` as `matchopt.model.analysis.Analysis.items` has it."""
    names = "item category needs units_asked urgent donations offered short over substitutes cover"
    title, note = (
        tr("Asked for and offered, item by item"),
        tr("Before anything is planned: matchopt needs CASE"),
    )
    return ReportTable(title, columns(found, names), "supply", NEEDS, note)


def unmet(t: PlanTables) -> ReportTable:
    """Return the needs that are not served in full, the most urgent first."""
    short = _short(t).sort_values(["priority", "unmet"], ascending=[True, False], kind="stable")
    shown = columns(short, "need community item group priority asked served unmet why obstacles")
    return ReportTable(tr("Needs not served in full"), shown, "unmet", NEEDS)


def unmet_by_urgency(t: PlanTables) -> ReportTable:
    """Return what is not served, the most urgent first, to work from."""
    short = _short(t).sort_values(["priority", "community", "item"], kind="stable")
    return ReportTable(
        tr("Unmet"), columns(short, "tier community item need group asked served unmet why obstacles")
    )


def _short(t: PlanTables) -> pd.DataFrame:
    short = t.needs[t.needs["unmet"] > 0]
    obstacles = short["obstacles"].astype(object)  # the table may hold categories, none of them ""
    others = obstacles.where(obstacles != short["reason"].astype(object), "")
    return short.assign(why=_why(short["reason"], words.UNMET), obstacles=_all_of(others))


def _all_of(codes: pd.Series) -> pd.Series:
    """Return lists of rules in words, each list once."""
    return codes.astype("category").cat.rename_categories(
        lambda code: tr("; ").join(words.called(one, words.UNMET) for one in str(code).split(";") if one)
    )


def _why(codes: pd.Series, reasons: Mapping[str, str]) -> pd.Series:
    """Return reasons in words, each kept once."""
    return codes.astype("category").cat.rename_categories(
        lambda code: words.called(code, reasons) if code else code
    )


def left_over(t: PlanTables) -> ReportTable:
    """Return what is left over, what expires first at the top."""
    rest = _rest(t).sort_values("days", kind="stable", na_position="last")
    shown = columns(rest, "donation donor item offered left_over unit why expires days")
    return ReportTable(tr("Donations left over"), shown, "left", DONATIONS)


def left_over_by_day(t: PlanTables) -> ReportTable:
    """Return what is left over, what expires first at the top, to work from."""
    rest = _rest(t).sort_values("expires", kind="stable", na_position="last")
    return ReportTable(
        tr("Left over"), columns(rest, "donor item left_over unit offered expires donation why")
    )


def _rest(t: PlanTables) -> pd.DataFrame:
    rest = t.donations[t.donations["left_over"] > 0]
    return rest.assign(days=days_to_expiry(t, rest), why=_why(rest["reason"], words.LEFT_OVER))


def deliveries(t: PlanTables) -> ReportTable:
    """Return who gives what to whom, by which way and when."""
    lines = t.lines.sort_values(["delivery", "community"], kind="stable") if t.dated else t.lines
    hub = lines["hub"].astype(str)
    lines = lines.assign(way=hub.where(hub != DIRECT, tr("direct")))
    days = "pickup arrival delivery " if t.dated else ""
    shown = columns(
        lines,
        f"donor donation given donated community need item group priority served way {days}cost",
        given=tr("gives"),
        item=tr("for"),
        cost=tr("cost, {currency}", currency=money_unit(t.summary["currency"])),
    )
    return ReportTable(tr("Deliveries: who gives what to whom"), shown, "deliveries", "plan/allocations.csv")


def picking(t: PlanTables) -> ReportTable:
    """Return what leaves each hub on each day, for whom."""
    lines = t.lines[t.lines["hub"].astype(str) != DIRECT]
    lines = lines.sort_values(["hub", "leave", "community", "given"], kind="stable")
    names = "hub leave given donated unit kg community need arrival donor donation done"
    return ReportTable(tr("Pick list by hub"), columns(lines, names, arrival=tr("in the hub since")))


def pick_up(t: PlanTables) -> ReportTable:
    """Return what is fetched from each donor on each day, and where it goes first."""
    to = t.lines["hub"].astype(str)
    lines = t.lines.assign(to=to.where(to != DIRECT, t.lines["community"].astype(str)))
    if not t.dated:
        lines["pickup"] = np.datetime64("1970-01-01", "s")
    by = ["donor", "pickup", "donation", "given", "unit", "to"]
    sums = lines.groupby(by, observed=True, sort=True)[["donated", "kg"]].sum().reset_index()
    names = "donor pickup given donated unit kg to donation done"
    return ReportTable(tr("Pick-up list by donor"), columns(sums, names))


def to_sign(t: PlanTables) -> ReportTable:
    """Return what each community receives on each day, with room to tick off and to sign."""
    lines = t.lines.sort_values(["community", "delivery", "given", "need"], kind="stable")
    hub = lines["hub"].astype(str)
    lines = lines.assign(sender=hub.where(hub != DIRECT, lines["donor"].astype(str)))
    names = "community delivery given donated unit need item group tier sender done signature"
    shown = columns(lines, names, need=tr("for need id"), item=tr("that asks for"))
    return ReportTable(tr("Delivery list by community"), shown)


def purchases(t: PlanTables) -> ReportTable:
    """Return what the funds buy."""
    names = f"item community need {'day ' if t.dated else ''}quantity amount donor"
    return ReportTable(
        tr("What the funds buy"), _bought(t, t.purchases, names), "purchases", "plan/purchases.csv"
    )


def purchases_to_make(t: PlanTables) -> ReportTable:
    """Return what the funds buy, to work from."""
    bought = t.purchases.sort_values(["item", "day", "community"], kind="stable")
    return ReportTable(
        tr("Purchases"), _bought(t, bought, "item quantity amount community day need donor done")
    )


def _bought(t: PlanTables, found: pd.DataFrame, names: str) -> list[ReportColumn]:
    amount = tr("amount, {currency}", currency=money_unit(t.summary["currency"]))
    return columns(found, names, amount=amount, donor=tr("paid by"))
