"""What to ask for, in sentences and as a table on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from matchopt.language import day, mark, tr
from matchopt.report import words
from matchopt.report.section import LEFT, RIGHT, Section
from matchopt.report.sums import rows
from matchopt.whatif.wishes import wishes_of

if TYPE_CHECKING:
    from matchopt.contract.plan import Plan
    from matchopt.result.plan_tables import PlanTables

BASIS = {
    "prices": mark("the proof"),
    "estimate": mark("an estimate"),
    "confirmed": mark("a plan made anew"),
}
"""What a wish rests on."""

LOOKED_AT = 1
"""Places for each item that the report looks at."""

FEWEST = 5
"""Needs that stand behind a wish the public sees."""

FEW = 15
"""Items that are listed where nobody says how many."""


def wished(t: PlanTables) -> pd.DataFrame:
    """Return the most wanted wish for each item, places and items by the names they are shown by.

    The public sees no rare items, and no wish that fewer than five needs stand behind.
    """
    plan = t.plan
    found = wishes_of(plan, places=LOOKED_AT).drop_duplicates("item")
    shown = {}
    for name, column in (("item", "item"), ("place", "community")):
        keys = pd.DataFrame({"key": plan.needs[column].to_numpy(), "shown": t.needs[column].astype(str)})
        shown[name] = keys.drop_duplicates("key").set_index("key")["shown"]
    if t.public:
        together = shown["item"].duplicated(keep=False)
        rare = set(shown["item"].index[together])
        found = found[(found["needs"] >= FEWEST) & ~found["item"].isin(rare)]
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
        return tr("any day") if first.isoformat() == horizon["start"] else tr("from {day} on", day=day(first))
    if first.isoformat() == horizon["start"]:
        return tr("by {day}", day=day(last))
    return tr("{first} to {last}", first=day(first), last=day(last))


def wishes_in_words(plan: Plan, found: pd.DataFrame, most: int = 5) -> Iterator[str]:
    """Yield what to ask for first, an item a sentence; `found` as `wished` has it."""
    for wish in rows(found[found["units"] > 0].head(most)):
        yield tr(
            "{item}: {units} units for {place} ({when}), priority {tier}",
            item=wish.item,
            place=wish.place,
            when=when(plan, wish),
            tier=wish.priority,
            units=words.quantity(wish.units),
        )


def wishlist_section(plan: Plan, table: pd.DataFrame, most: int = FEW) -> Section:
    """Return the most wanted of the wishes, one for each item, `most` of them."""
    header = (
        tr("item"),
        tr("place"),
        tr("when"),
        tr("priority"),
        tr("served per unit"),
        tr("cost per unit, {currency}", currency=plan.summary["currency"]),
        tr("units at this value"),
        tr("needs"),
        tr("rests on"),
    )
    lines = tuple(
        (
            str(wish.item),
            str(wish.place) or tr("anywhere"),
            when(plan, wish),
            str(wish.priority),
            words.quantity(wish.served_per_unit),
            words.money(wish.cost_per_unit),
            words.quantity(wish.units),
            f"{wish.needs:,}",
            tr(BASIS[wish.basis]),
        )
        for wish in rows(table.drop_duplicates("item").head(most))
    )
    sides = (LEFT, LEFT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, LEFT)
    return Section(tr("What to ask for, the most wanted first"), header, sides, lines)
