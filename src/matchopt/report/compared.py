"""Two plans side by side: what changed by need, donor, community and cost, in words, tables and sheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from matchopt.language import tr, trn
from matchopt.report import words
from matchopt.report.section import LEFT, RIGHT, Section
from matchopt.report.sums import rows
from matchopt.report.workbook import DAY, MONEY, NUMBER, TEXT, Book, Column, Sheet

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
    units = round(after.served - before.served, 6)
    told = {
        "before": words.quantity(before.served),
        "after": words.quantity(after.served),
        "units": words.quantity(abs(units)),
    }
    if units:
        more = tr("Served: {before} before, {after} after, {units} more.", **told)
        yield more if units > 0 else tr("Served: {before} before, {after} after, {units} less.", **told)
    else:
        yield tr("As much is served as before: {after}.", **told)
    cost = round(float(changed.costs["change"].sum()), 4)
    currency = str(after.summary["currency"])
    if cost > 0:
        yield tr("It costs {cost} more.", cost=words.money(cost, currency))
    elif cost < 0:
        yield tr("It costs {cost} less.", cost=words.money(-cost, currency))
    else:
        yield tr("It costs as much.")
    won, lost = int((changed.needs["change"] > 0).sum()), int((changed.needs["change"] < 0).sum())
    yield tr("Needs that get more: {won}; that get less: {lost}.", won=f"{won:,}", lost=f"{lost:,}")
    new = int((changed.needs["asked_before"] == 0).sum())
    gone = int((changed.needs["asked_after"] == 0).sum())
    if new or gone:
        yield tr("Needs that are new: {new}; that are gone: {gone}.", new=f"{new:,}", gone=f"{gone:,}")
    yield trn("{n} delivery is another.", "{n} deliveries are others.", len(changed.lines))


def sections(before: Plan, after: Plan, changed: Differences, most: int = FEW) -> Iterator[Section]:
    """Yield the tables of what changed; those with nothing to say are left out."""
    if (changed.costs["change"] != 0).any():
        yield _costs(after, changed)
    for title, table, by in (
        (tr("By community (units served)"), changed.communities, ("community",)),
        (tr("By need (units served)"), changed.needs, ("need_id", "community", "item", "priority")),
        (tr("By donor (units planned)"), changed.donors, ("donor",)),
    ):
        if len(table):
            yield _table(title, table, by, most)


def _costs(after: Plan, changed: Differences) -> Section:
    lines = [
        (tr(words.COSTS[row.cost]), words.money(row.before), words.money(row.after), _signed(row.change))
        for row in rows(changed.costs)
    ]
    sums = changed.costs[["before", "after", "change"]].sum()
    total = (words.money(sums["before"]), words.money(sums["after"]), _signed(sums["change"]))
    lines.append((tr("together"), *total))
    header = (tr("kind of cost"), tr("before"), tr("after"), tr("difference"))
    title = tr("Cost, {currency}", currency=after.summary["currency"])
    return Section(title, header, (LEFT, RIGHT, RIGHT, RIGHT), tuple(lines), last_is_sum=True)


def _signed(value: float) -> str:
    sign = "+" if value > 0 else ""
    return sign + words.money(round(value, 4))


def _table(title: str, table: pd.DataFrame, by: tuple[str, ...], most: int) -> Section:
    """Return a table with what changes most at the top, no more than `most` rows."""
    order = table["change"].abs().sort_values(ascending=False, kind="stable").index
    shown = table.loc[order].head(most)
    lines = [
        (
            *(str(cell) for cell in row[: len(by)]),
            *(words.quantity(round(float(value), 6)) for value in row[len(by) : -1]),
            ("+" if row[-1] > 0 else "") + words.quantity(round(float(row[-1]), 6)),
        )
        for row in shown[[*by, "before", "after", "change"]].itertuples(index=False)
    ]
    if len(table) > most:
        lines.append((tr("and {n} more", n=len(table) - most), *("",) * (len(by) + 2)))
    header = (*_headers(by), tr("before"), tr("after"), tr("difference"))
    return Section(title, header, (*(LEFT,) * len(by), RIGHT, RIGHT, RIGHT), tuple(lines))


def _headers(by: tuple[str, ...]) -> tuple[str, ...]:
    names = {
        "community": tr("community"),
        "need_id": tr("need id"),
        "item": tr("item"),
        "donor": tr("donor"),
        "priority": tr("priority"),
    }
    return tuple(names[name] for name in by)


def workbook(before: Plan, after: Plan, changed: Differences) -> Book:
    """Return all that changed as a workbook."""
    lines = changed.lines
    deliveries = [
        Column(tr("need id"), TEXT, lines["need_id"]),
        Column(tr("donation id"), TEXT, lines["donation_id"]),
        Column(tr("hub"), TEXT, lines["hub"]),
        Column(tr("delivery"), DAY, lines["delivery_day"]),
        *_numbers(lines),
    ]
    return Book(
        tr("Overview"),
        tuple(in_words(before, after, changed)),
        (_cost_sheet(after, changed),),
        (
            _sheet(tr("Needs"), changed.needs, ("need_id", "community", "item", "priority"), "asked"),
            _sheet(tr("Donors"), changed.donors, ("donor",), "offered"),
            _sheet(tr("Communities"), changed.communities, ("community",), "asked"),
            Sheet(tr("Deliveries"), tuple(deliveries)),
        ),
    )


def _cost_sheet(after: Plan, changed: Differences) -> Sheet:
    costs = changed.costs
    return Sheet(
        tr("Cost, {currency}", currency=after.summary["currency"]),
        (
            Column(tr("kind of cost"), TEXT, [tr(words.COSTS[kind]) for kind in costs["cost"]]),
            Column(tr("before"), MONEY, costs["before"]),
            Column(tr("after"), MONEY, costs["after"]),
            Column(tr("difference"), MONEY, costs["change"]),
        ),
    )


def _sheet(name: str, table: pd.DataFrame, by: tuple[str, ...], whole: str) -> Sheet:
    told = {
        "asked": (tr("asked before"), tr("asked after")),
        "offered": (tr("offered before"), tr("offered after")),
    }
    kinds = [NUMBER if column == "priority" else TEXT for column in by]
    columns = [Column(h, kind, table[c]) for h, kind, c in zip(_headers(by), kinds, by, strict=True)]
    for title, end in zip(told[whole], ("before", "after"), strict=True):
        columns.append(Column(title, NUMBER, table[f"{whole}_{end}"]))
    return Sheet(name, (*columns, *_numbers(table)))


def _numbers(table: pd.DataFrame) -> tuple[Column, ...]:
    return (
        Column(tr("before"), NUMBER, table["before"]),
        Column(tr("after"), NUMBER, table["after"]),
        Column(tr("difference"), NUMBER, table["change"]),
    )
