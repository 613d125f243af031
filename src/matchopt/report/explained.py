"""Explanations: what becomes of a need, a donation, a community or a donor, why, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from matchopt.arrays import Bools
from matchopt.language import mark
from matchopt.report import words
from matchopt.report.summary import used
from matchopt.report.words import tr, trn
from matchopt.result.plan_tables import (
    COUNTS,
    PlanTables,
    coverage,
    main_reasons,
    rows,
    worst_first,
)

if TYPE_CHECKING:
    from matchopt.contract.plan import Plan
    from matchopt.whatif.changes import Change
    from matchopt.whatif.explain import NeedStory

MOST_ROWS = 10
"""Rows that are listed before it is said how many more there are."""

MOST_COMMUNITIES, MOST_DONORS = 500, 1000
SOME = 5
"""Names that a sentence lists before it says how many more there are."""

Story = dict[str, Any]

REFUSED = {
    "quality": mark("its quality is below what is asked for"),
    "earmark": mark("its donor keeps it for other communities or groups"),
    "boundary": mark("the boundary policy keeps it for others"),
    "unreachable": mark("no lane or hub leads from it to the community"),
    "timing": mark("it cannot arrive within the days asked for, or not fresh enough"),
    "declined": mark("it was declined or cancelled, or is kept out by what is promised"),
    "excluded": mark("the need is left to the public sector, as the table exclusions says"),
    "unreliable": mark("it is not counted on: no more is expected of it and those like it"),
}
"""Why a donation is turned away from a need."""

BOUNDARIES = {
    "district": mark("donations could go anywhere in their district"),
    "organization": mark("donations could go to all communities of their organisation"),
    "agreements": mark("donations could also go to organisations with an agreement"),
    "open": mark("donations could go to any community"),
}


def need_in_words(plan: Plan, story: NeedStory, most: int = MOST_ROWS) -> Iterator[str]:
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
    together = [words.called(code, words.UNMET) for code in str(result["obstacles"]).split(";")]
    if len(together) > 1:
        yield tr("To be lifted together for the donation that is nearest to it: {rules}.", rules=together)
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
        way=way_of(line),
    )
    if not pd.isna(line.delivery_day):
        days = {"pickup": line.pickup_day, "delivery": line.delivery_day}
        said += tr(", fetched on {pickup} and delivered on {delivery}", **days)
    cost = words.money(line.total_cost, plan.summary["currency"])
    return said + tr(", at a cost of {cost}.", cost=cost)


def way_of(line: Any) -> str:
    """Return how a line of the plan travels."""
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
                reason=[words.called(code, REFUSED) for code in row.refused.split(";")],
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
    if change.also is not None:
        one, other = change_in_words(asks, replace(change, also=None)), change_in_words(asks, change.also)
        return tr("{one} and, at once, {other}", one=one, other=other)
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
        "lot": mark("if donation {subject} came in lots of {size}"),
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


def of_communities(t: PlanTables, which: Bools | None = None) -> list[Story]:
    """Return what the plan means to each community, the worst served first; or to those of `which` needs."""
    mine = t.needs if which is None else t.needs[which]
    found = worst_first(coverage(mine, "community")).head(MOST_COMMUNITIES)
    kept = set(found["community"].astype(str))
    needs = t.needs[t.needs["community"].isin(kept)]
    lines = t.lines[t.lines["community"].isin(kept)]
    groups = worst_first(coverage(needs, ["community", "group"]))
    rows_of = _lists(groups, "community", ["group", "needs", *COUNTS])
    why = _lists(main_reasons(needs, ["community", "group"]), "community", ["group", "reason", "count"])
    missing = _largest_of(needs[needs["unmet"] > 0], ["community", "item"], "unmet")
    donors = _largest_of(lines, ["community", "donor"], "served")
    return [
        {
            "name": str(row.community),
            "said": _community(row, donors.get(row.community), missing.get(row.community)),
            "groups": [_group(one, why.get(row.community, [])) for one in rows_of.get(row.community, [])],
        }
        for row in rows(found)
    ]


def _community(row: Any, donors: list[str] | None, missing: list[str] | None) -> list[str]:
    told = {"needs": words.count(row.needs, "need"), **{name: getattr(row, name) for name in COUNTS}}
    said = [tr("Of {needs} {full} are served in full, {part} in part and {none} not at all.", **told)]
    if donors is not None:
        said.append(tr("Who serves it: {donors}.", donors=donors))
    if missing is not None:
        said.append(tr("What is missing most: {items}.", items=missing))
    return said


def _group(group: tuple[Any, ...], why: list[tuple[Any, ...]]) -> list[Any]:
    """Return the name of a group, its counts, and why needs are unmet."""
    name, *counts = group
    reasons = [
        tr("{count}: {reason}", count=count, reason=words.called(code, words.UNMET))
        for mine, code, count in why
        if mine == name
    ]
    return [name, *map(int, counts), tr("; ").join(reasons)]


def of_donors(t: PlanTables) -> list[Story]:
    """Return what became of all that donors offer, the largest part planned first."""
    sums = ["offered", "planned", "left_over"]
    offers = t.donations.groupby("donor", observed=True)[sums].sum().reset_index()
    order = offers.sort_values(["planned", "offered"], ascending=False, kind="stable").head(MOST_DONORS)
    kept = set(order["donor"].astype(str))
    lines, donations = t.lines[t.lines["donor"].isin(kept)], t.donations[t.donations["donor"].isin(kept)]
    by = ["donor", "item", "reason"]
    rest = donations[donations["left_over"] > 0].groupby(by, observed=True)["left_over"].sum().reset_index()
    rest = rest.sort_values("left_over", ascending=False, kind="stable")
    reach = lines.groupby("donor", observed=True).agg(
        needs=("need", "nunique"),
        communities=("community", "nunique"),
        first=("delivery", "min"),
        last=("delivery", "max"),
    )
    facts = _Facts(
        _largest_of(lines, ["donor", "given"], "donated"),
        _largest_of(lines, ["donor", "community"], "served"),
        _largest_of(lines, ["donor", "group"], "served"),
        _lists(rest, "donor", ["item", "reason", "left_over"]),
        _lists(reach.reset_index(), "donor", list(map(str, reach))),
    )
    return [{"name": str(row.donor), "said": _donor(t, row, facts)} for row in rows(order)]


class _Facts(NamedTuple):
    """By donor: what is given, to which communities and groups, what is left over, and when it arrives."""

    given: dict[str, list[str]]
    goals: dict[str, list[str]]
    groups: dict[str, list[str]]
    rest: dict[str, list[tuple[Any, ...]]]
    reach: dict[str, list[tuple[Any, ...]]]


def _donor(t: PlanTables, row: Any, facts: _Facts) -> list[str]:
    name = str(row.donor)
    said = [used(row.offered, row.planned)]
    if name in facts.goals:
        needs, communities, first, last = facts.reach[name][0]
        said += [
            tr("What is given: {items}.", items=facts.given[name]),
            tr(
                "It serves {needs} in {communities}: {goals}.",
                needs=words.count(needs, "need"),
                communities=trn("{n} community", "{n} communities", communities),
                goals=facts.goals[name],
            ),
            tr("For whom: {groups}.", groups=facts.groups[name]),
        ]
        if t.dated and first == last:
            said.append(tr("It arrives on {day}.", day=first))
        elif t.dated:
            said.append(tr("It arrives between {first} and {last}.", first=first, last=last))
    for item, code, units in facts.rest.get(name, [])[:SOME]:
        why = words.called(code, words.LEFT_OVER)
        said.append(tr("{units} of {item} are left over: {reason}.", units=units, item=item, reason=why))
    return said


def _largest_of(table: pd.DataFrame, by: list[str], what: str) -> dict[str, list[str]]:
    """Return by the first column the largest parts by the second in words, and how many more there are."""
    sums = table.groupby(by, observed=True)[what].sum().reset_index()
    sums = sums[sums[what] > 0].sort_values(what, ascending=False, kind="stable")
    return {key: _some(parts) for key, parts in _lists(sums, by[0], [by[1], what]).items()}


def _some(parts: list[tuple[Any, ...]]) -> list[str]:
    more = [tr("{n} more", n=str(len(parts) - SOME))] if len(parts) > SOME else []
    return [*(words.with_units(name, float(units)) for name, units in parts[:SOME]), *more]


def _lists(table: pd.DataFrame, by: str, columns: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each value, in their order: lists are read far faster than tables of a few rows."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    cells = [list(table[name].astype(object)) for name in columns]
    for key, *row in zip(table[by].astype(str), *cells, strict=True):
        found.setdefault(key, []).append(tuple(row))
    return found
