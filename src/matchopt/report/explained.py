"""A need, a donation or a community in plain sentences: what becomes of it, why, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from matchopt.language import mark
from matchopt.report import stories, words
from matchopt.report.words import tr, trn
from matchopt.result.plan_tables import rows, tables_of

if TYPE_CHECKING:
    from matchopt.contract.plan import Plan
    from matchopt.whatif.explain import NeedStory
    from matchopt.whatif.smallest import Change

FEW = 10
"""Rows that are listed before it is said how many more there are."""

REFUSED = {
    "quality": mark("its quality is below what is asked for"),
    "earmark": mark("its donor keeps it for other communities or groups"),
    "boundary": mark("the boundary policy keeps it for others"),
    "unreachable": mark("no lane or hub leads from it to the community"),
    "timing": mark("it cannot arrive within the days asked for, or not fresh enough"),
    "declined": mark("it was declined or cancelled, or is kept out by what is promised"),
    "excluded": mark("the need is left to the public sector, as the table exclusions says"),
    "unreliable": mark("it is too uncertain to plan, as its reliability says"),
}
"""Why a donation is turned away from a need."""

BOUNDARIES = {
    "district": mark("donations could go anywhere in their district"),
    "organization": mark("donations could go to all communities of their organisation"),
    "agreements": mark("donations could also go to organisations with an agreement"),
    "open": mark("donations could go to any community"),
}


def need_in_words(plan: Plan, story: NeedStory, most: int = FEW) -> Iterator[str]:
    """Yield what there is to say of a need, a sentence a line; indented lines list things."""
    asks, result = story.asks, story.result
    yield _asked(asks)
    yield tr("{served} of {asked} units are served.", served=result["served"], asked=result["asked"])
    for line in rows(story.lines):
        yield "  " + _served_by(plan, line)
        yield "  " + _why_that_one(story, line)
    if result["unmet"] <= 0:
        return
    why = words.called(result["reason"], words.UNMET)
    yield tr("{units} units stay unmet: {reason}.", units=result["unmet"], reason=why)
    yield from _turned_away(story, most)
    yield from _taken(story, most)
    yield from _changes(asks, story)


def _asked(asks: Any) -> str:
    """Return what is asked for, where and until when."""
    said = tr(
        "{need}: {community} asks for {quantity} of {item}, priority {tier}",
        need=asks["need_id"],
        community=asks["community"],
        quantity=asks["quantity"],
        item=asks["item"],
        tier=asks["priority"],
    )
    parts = [said]
    if asks["group"]:
        parts.append(tr("for {group}", group=asks["group"]))
    since, until = asks["needed_from"], asks["needed_by"]
    if not pd.isna(since) and not pd.isna(until):
        parts.append(tr("from {first} to {last}", first=since, last=until))
    elif not pd.isna(until):
        parts.append(tr("by {day}", day=until))
    elif not pd.isna(since):
        parts.append(tr("from {day} on", day=since))
    return tr(", ").join(parts) + tr(".")


def _served_by(plan: Plan, line: Any) -> str:
    said = tr(
        "{donor} gives {quantity} of {item} ({donation}) {way}",
        donor=line.donor,
        quantity=line.donated_quantity,
        item=line.item,
        donation=line.donation_id,
        way=_way(line),
    )
    if not pd.isna(line.delivery_day):
        days = {"pickup": line.pickup_day, "delivery": line.delivery_day}
        said += tr(", fetched on {pickup} and delivered on {delivery}", **days)
    cost = words.money(line.total_cost, plan.summary["currency"])
    return said + tr(", at a cost of {cost}.", cost=cost)


def _way(line: Any) -> str:
    return tr("through {hub}", hub=line.hub) if line.hub else tr("directly")


def _why_that_one(story: NeedStory, line: Any) -> str:
    """Return how its cost compares with that of all donations that may serve the need."""
    may = story.candidates.table
    count = int((may["refused"] == "").sum())
    if count == 1:
        return tr("It is the only donation that may serve the need.")
    cheaper = round(line.rank) - 1
    if not cheaper:
        return tr("Of {n} donations that may serve the need none costs less.", n=str(count))
    return trn(
        "{n} of {count} donations that may serve the need costs less; it is of more use elsewhere.",
        "{n} of {count} donations that may serve the need cost less; they are of more use elsewhere.",
        cheaper,
        count=str(count),
    )


def _turned_away(story: NeedStory, most: int) -> Iterator[str]:
    """Yield the donations that a rule turns away."""
    table = story.candidates.table
    refused = table[table["refused"] != ""]
    if table.empty:
        yield tr("No donation is of this item or of one that stands in for it.")
    elif len(refused):
        yield trn("Turned away, {n} donation:", "Turned away, {n} donations:", len(refused))
        for row in rows(refused.head(most)):
            yield "  " + tr(
                "{donation} of {donor} ({item}): {reason}.",
                donation=row.donation_id,
                donor=row.donor,
                item=row.item,
                reason=words.called(row.refused, REFUSED),
            )
        if len(refused) > most:
            yield "  " + tr("and {n} more", n=str(len(refused) - most))


def _taken(story: NeedStory, most: int) -> Iterator[str]:
    """Yield the donations that may serve the need, and whom they serve instead."""
    may = story.candidates.table[story.candidates.table["refused"] == ""]
    if may.empty:
        return
    yield trn("May serve it, {n} donation:", "May serve it, {n} donations:", len(may))
    for row in rows(may.sort_values("cost", kind="stable").head(most)):
        mine = story.rivals[story.rivals["donation_id"] == row.donation_id]
        told = [
            tr(
                "{need} (priority {tier}, {units} units)",
                need=r.need_id,
                tier=r.priority,
                units=r.served_quantity,
            )
            for r in rows(mine.head(3))
        ]
        if len(mine) > len(told):
            told.append(tr("{n} more", n=str(len(mine) - len(told))))
        rest = tr("{units} are left over", units=row.left_over)
        about = {"donation": row.donation_id, "donor": row.donor, "needs": told, "rest": rest}
        if told:
            yield "  " + tr("{donation} of {donor} serves {needs}; {rest}.", **about)
        else:
            yield "  " + tr("{donation} of {donor} serves nobody else; {rest}.", **about)
    if len(may) > most:
        yield "  " + tr("and {n} more", n=str(len(may) - most))


def _changes(asks: Any, story: NeedStory) -> Iterator[str]:
    """Yield the smallest changes that would serve the need in full."""
    if story.changes:
        yield tr("It would be served in full, confirmed by planning anew:")
        for change in story.changes:
            yield "  " + change_in_words(asks, change)
    elif story.tried:
        yield tr("No single change that was tried would serve it in full.")


def change_in_words(asks: Any, change: Change) -> str:
    """Return the smallest change of a kind in a sentence."""
    size = change.size
    if change.kind == "later":
        return trn("if it could wait {n} day longer", "if it could wait {n} days longer", size)
    if change.kind == "earlier":
        return trn("if it could come {n} day earlier", "if it could come {n} days earlier", size)
    if change.kind == "more":
        return tr(
            "if {community} had {units} units more of {item}, of the best quality and on all days",
            community=asks["community"],
            units=size,
            item=asks["item"],
        )
    if change.kind == "boundary":
        return tr("if {rule}", rule=words.called(size, BOUNDARIES))
    templates = {
        "quality": mark("if quality {size} were good enough"),
        "shelf": mark("if {size} days of remaining shelf life were enough"),
        "priority": mark("if it had priority {size}"),
        "single": mark("if several donations were allowed to serve it"),
        "earmark": mark("if donation {subject} were not kept for others"),
        "excluded": mark("if it were not left to the public sector"),
        "budget": mark("if the budget were larger by {size}"),
        "storage": mark("if {subject} could hold {size} kg more"),
        "throughput": mark("if {subject} could take in {size} kg more a day"),
        "lane": mark("if the lane {subject} could carry {size} kg more"),
        "agreement": mark("if the agreement {subject} allowed {size} kg more"),
        "worth": mark("if leaving a unit unmet counted {size} more"),
    }
    shown = size if isinstance(size, (int, float)) else str(size)
    return tr(templates[change.kind], size=shown, subject=change.subject)


def donation_in_words(plan: Plan, donation: str) -> Iterator[str]:
    """Yield what becomes of a donation.

    Raises
    ------
    KeyError
        If the plan has no such donation.
    """
    found = plan.donations[plan.donations["donation_id"] == donation]
    if found.empty:
        raise KeyError(donation)
    row = found.iloc[0]
    yield tr(
        "{donation}: {donor} offers {offered} of {item}; {planned} are planned.",
        donation=donation,
        donor=row["donor"],
        offered=row["offered"],
        item=row["item"],
        planned=row["planned"],
    )
    needs = plan.needs.set_index("need_id")
    for line in rows(plan.allocations[plan.allocations["donation_id"] == donation]):
        need: Any = needs.loc[line.need_id]
        said = tr(
            "{quantity} to {community} for {need} (priority {tier}) {way}",
            quantity=line.donated_quantity,
            community=need["community"],
            need=line.need_id,
            tier=need["priority"],
            way=_way(line),
        )
        if not pd.isna(line.delivery_day):
            said += tr(", delivered on {day}", day=line.delivery_day)
        yield "  " + said
    if row["left_over"] > 0 and row["reason"]:
        why = words.called(row["reason"], words.LEFT_OVER)
        yield tr("{units} are left over: {reason}.", units=row["left_over"], reason=why)


def community_in_words(plan: Plan, community: str) -> Iterator[str]:
    """Yield what the plan means to a community.

    Raises
    ------
    KeyError
        If the plan has no such community.
    """
    mine = plan.needs["community"] == community
    if not mine.any():
        raise KeyError(community)
    t = tables_of(plan)
    story = next(one for one in stories.of_communities(t, mine.to_numpy()))
    yield tr("{community}:", community=story["name"])
    yield from (f"  {sentence}" for sentence in story["said"])
    for group, needs, full, part, none, why in story["groups"]:
        said = tr(
            "{group}: {needs}, {full} in full, {part} in part, {none} not at all",
            group=group,
            needs=words.count(needs, "need"),
            full=str(full),
            part=str(part),
            none=str(none),
        )
        yield f"  {said}" + (tr(" ({why})", why=why) if why else "")
