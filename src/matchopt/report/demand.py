"""Needs analysis and wishes for people: demand and supply before a plan, and what to ask for after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from matchopt.language import mark, money_unit
from matchopt.model.analysis import Analysis
from matchopt.report import words
from matchopt.report.table import ReportTable, columns
from matchopt.report.words import tr
from matchopt.report.workbook import Workbook
from matchopt.result.plan_tables import PlanTables, rows
from matchopt.whatif.wishes import wishes_of

if TYPE_CHECKING:
    from matchopt.contract.plan import Plan

MOST_ROWS = 15
"""Rows of a table on a terminal where nobody says how many."""

BASIS = {
    "prices": mark("the proof"),
    "estimate": mark("an estimate"),
    "confirmed": mark("a plan made anew"),
}
"""What a wish rests on."""


def in_words(found: Analysis) -> Iterator[str]:
    """Yield what stands out of demand and supply, a sentence each."""
    sums = found.groups[["needs", "asked", "urgent"]].sum()
    yield tr(
        "{needs} ask for {units} units, {urgent} of them urgent (priority 1 or 2).",
        needs=words.count(int(sums["needs"]), "need"),
        units=float(sums["asked"]),
        urgent=float(sums["urgent"]),
    )
    most = found.items[found.items["asked"] > 0].sort_values("asked", ascending=False, kind="stable")
    yield tr("Most is asked of {items}.", items=_listed(most.head(3), "asked"))
    short = found.items[found.items["short"] > 0]
    if len(short):
        yield tr("Most is missing of {items}.", items=_listed(short.head(3), "short"))
    none = short[short["offered"] == 0]
    if len(none):
        yield tr("Nobody offers {items}.", items=_listed(none.head(5), "asked"))
    over = found.items[(found.items["needs"] == 0) & ~found.items["helps"]]
    if len(over):
        over = over.sort_values("offered", ascending=False, kind="stable")
        yield tr("Nobody asks for {items}.", items=_listed(over.head(5), "offered"))


def _listed(table: pd.DataFrame, column: str) -> list[str]:
    return [words.with_units(name, units) for name, units in zip(table["item"], table[column], strict=True)]


def tables(found: Analysis) -> Iterator[ReportTable]:
    """Yield demand and supply by item, community, group and month."""
    asked = "needs units_asked urgent"
    both = f"{asked} donations offered"
    yield ReportTable(tr("By item"), columns(found.items, f"item {both} short cover over substitutes"))
    there = columns(found.communities, f"community {asked} offered", offered=tr("offered there"))
    yield ReportTable(tr("By community"), there)
    shared = columns(_named(found.groups), f"group {asked} share most", share=tr("of all"))
    yield ReportTable(tr("By group"), shared)
    yield ReportTable(
        tr("By month"), columns(_named(found.months), f"month {both} asked_so_far offered_so_far")
    )


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with words where there is no group or no day."""
    nothing = {"group": tr("nobody in particular"), "month": tr("no day given")}
    told = {name: table[name].where(table[name] != "", nothing[name]) for name in nothing if name in table}
    return table.assign(**told)


def workbook(found: Analysis) -> Workbook:
    """Return all of it as a workbook, in full detail."""
    detail = columns(_named(found.detail), "community group item month needs units_asked urgent")
    return Workbook(tuple(in_words(found)), (), (*tables(found), ReportTable(tr("In full detail"), detail)))


def wished(t: PlanTables) -> pd.DataFrame:
    """Return the most wanted wish for each item, places and items by the names they are shown by."""
    plan = t.plan
    found = wishes_of(plan).drop_duplicates("item")
    shown = {}
    for name, column in (("item", "item"), ("place", "community")):
        keys = pd.DataFrame({"key": plan.needs[column].to_numpy(), "shown": t.needs[column].astype(str)})
        shown[name] = keys.drop_duplicates("key").set_index("key")["shown"]
    named = {name: found[name].map(keys).fillna(found[name]) for name, keys in shown.items()}
    named["place"] = named["place"].where(named["place"] != "", tr("anywhere"))
    return found.assign(**named).reset_index(drop=True)


def when(plan: Plan, wish: Any) -> str:
    """Return on which days a donation has to be at hand."""
    if pd.isna(wish.first_day):
        return tr("any day")
    horizon = plan.summary["horizon"]
    first, last = wish.first_day.date(), wish.last_day.date()
    if last.isoformat() == horizon["end"]:
        return tr("any day") if first.isoformat() == horizon["start"] else tr("from {day} on", day=first)
    if first.isoformat() == horizon["start"]:
        return tr("by {day}", day=last)
    return tr("{first} to {last}", first=first, last=last)


def wishes_in_words(plan: Plan, found: pd.DataFrame, most: int = 5) -> Iterator[str]:
    """Yield what to ask for first, an item a sentence; `found` as `wished` has it."""
    for wish in rows(found[found["units"] > 0].head(most)):
        yield tr(
            "{item}: {units} units for {place} ({when}), priority {tier}",
            item=wish.item,
            place=wish.place,
            when=when(plan, wish),
            tier=wish.priority,
            units=wish.units,
        )


def wishlist(plan: Plan, found: pd.DataFrame, most: int = MOST_ROWS) -> ReportTable:
    """Return the most wanted of the wishes, one for each item, `most` of them."""
    first = found.drop_duplicates("item").head(most)
    told = first.assign(
        place=first["place"].where(first["place"] != "", tr("anywhere")),
        when=[when(plan, wish) for wish in rows(first)],
        basis=[tr(BASIS[basis]) for basis in first["basis"]],
    )
    names = "item place when priority served_per_unit cost_per_unit units needs basis"
    cost = tr("cost per unit, {currency}", currency=money_unit(plan.summary["currency"]))
    return ReportTable(tr("What to ask for, the most wanted first"), columns(told, names, cost_per_unit=cost))
