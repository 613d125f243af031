"""Two plans side by side: what changed by need, donor, community and cost, in words and in tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from matchopt.language import money_unit
from matchopt.model.routes import RATED_KINDS
from matchopt.report import words
from matchopt.report.summary import brought
from matchopt.report.table import MONEY, NUMBER, TEXT, ReportColumn, ReportTable, columns
from matchopt.report.words import tr, trn
from matchopt.report.workbook import Workbook

if TYPE_CHECKING:
    from matchopt.contract.plan import Plan
    from matchopt.whatif.differences import Differences

FEW = 10
"""Rows of a table on a terminal."""


def in_words(before: Plan, after: Plan, changed: Differences) -> Iterator[str]:
    """Yield in a sentence each what the later plan does otherwise."""
    same = changed.needs.empty and changed.costs["change"].eq(0).all()
    if same and changed.donors.empty and changed.lines.empty:
        yield tr("The two plans are the same.")
        return
    was, now = (plan.summary["by_kind"] for plan in (before, after))
    full = {"before": was["requests"]["full"], "after": now["requests"]["full"]}
    yield tr("Needs served in full: {before} before, {after} after.", **full)
    for kind in ("goods_kg", "services", "funds"):
        if was[kind] != now[kind]:
            pair = (brought({kind: one[kind] or 0}, str(after.summary["currency"])) for one in (was, now))
            told = {name: "".join(one) or "0" for name, one in zip(full, pair, strict=True)}
            yield tr("Planned: {before} before, {after} after.", **told)
    rated = changed.costs["cost"].isin([*RATED_KINDS, "unmet"])
    cost = round(float(changed.costs["change"][~rated].sum()), 4)
    currency = str(after.summary["currency"])
    if cost > 0:
        yield tr("{cost} more is really spent.", cost=words.money(cost, currency))
    elif cost < 0:
        yield tr("{cost} less is really spent.", cost=words.money(-cost, currency))
    else:
        yield tr("As much is really spent.")
    won, lost = int((changed.needs["change"] > 0).sum()), int((changed.needs["change"] < 0).sum())
    yield tr("Needs that get more: {won}; that get less: {lost}.", won=won, lost=lost)
    new = int((changed.needs["asked_before"] == 0).sum())
    gone = int((changed.needs["asked_after"] == 0).sum())
    if new or gone:
        yield tr("Needs that are new: {new}; that are gone: {gone}.", new=new, gone=gone)
    yield trn("{n} delivery is another.", "{n} deliveries are others.", len(changed.lines))


def tables(before: Plan, after: Plan, changed: Differences, most: int = FEW) -> Iterator[ReportTable]:
    """Yield the tables of what changed for a terminal; those with nothing to say are left out."""
    if (changed.costs["change"] != 0).any():
        sums = changed.costs[["before", "after", "change"]].sum()
        sums["change"] = sums["change"].round(4)
        whole = pd.concat([changed.costs, sums.round(2).to_frame().T.assign(cost="")], ignore_index=True)
        yield replace(_costs(after, whole), last_is_sum=True)
    for title, table, by in (
        (tr("By community (units served)"), changed.communities, "community"),
        (tr("By need (units served)"), changed.needs, "need_id community item rank"),
        (tr("By donor (units planned)"), changed.donors, "donor"),
    ):
        if len(table):
            order = table["change"].abs().sort_values(ascending=False, kind="stable").index
            yield ReportTable(title, columns(table.loc[order], f"{by} before after change")).head(most)


def workbook(before: Plan, after: Plan, changed: Differences) -> Workbook:
    """Return all that changed as a workbook."""
    asked = {"asked_before": tr("asked before"), "asked_after": tr("asked after")}
    offered = {"offered_before": tr("offered before"), "offered_after": tr("offered after")}
    lists: tuple[tuple[str, pd.DataFrame, str, dict[str, str]], ...] = (
        (tr("Needs"), changed.needs, "need_id community item tier", asked),
        (tr("Donors"), changed.donors, "donor", offered),
        (tr("Communities"), changed.communities, "community", asked),
        (tr("Deliveries"), changed.lines, "need_id donation_id hub delivery_day", {}),
    )
    sheets = [
        ReportTable(
            title,
            [
                *columns(table, by),
                *(ReportColumn(header, NUMBER, table[name]) for name, header in whole.items()),
                *columns(table, "before after change"),
            ],
        )
        for title, table, by, whole in lists
    ]
    return Workbook(tuple(in_words(before, after, changed)), [_costs(after, changed.costs)], sheets)


def _costs(after: Plan, costs: pd.DataFrame) -> ReportTable:
    """Return the cost by kind; one without a kind is all together."""
    kinds = [tr(words.COSTS[kind]) if kind else tr("together") for kind in costs["cost"]]
    changes = [
        replace(column, kind=MONEY, digits=(4, None) if column.signed else (None, None))
        for column in columns(costs, "before after change")
    ]
    title = tr("Cost, {currency}", currency=money_unit(after.summary["currency"]))
    return ReportTable(title, [ReportColumn(tr("kind of cost"), TEXT, kinds), *changes])
