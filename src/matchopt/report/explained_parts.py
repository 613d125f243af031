"""Explanations of all but needs: what becomes of a donation, a community, an item, and what a hub does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from matchopt.report import words
from matchopt.report.explained import of_communities, way_of
from matchopt.report.words import Share, tr
from matchopt.result.plan_tables import item_names, rows, tables_of
from matchopt.whatif.explain import id_of

if TYPE_CHECKING:
    from matchopt.contract.plan import Plan


def donation_in_words(plan: Plan, donation: str) -> Iterator[str]:
    """Yield what becomes of a donation.

    Raises
    ------
    UnknownIdError
        If the plan has no such donation.
    """
    donation = id_of(plan, "donation", donation)
    found = plan.donations[plan.donations["donation_id"] == donation]
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
            way=way_of(line),
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
    UnknownIdError
        If the plan has no such community.
    """
    community = id_of(plan, "community", community)
    mine = plan.needs["community"] == community
    t = tables_of(plan)
    story = next(one for one in of_communities(t, mine.to_numpy()))
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


def item_in_words(plan: Plan, item: str) -> Iterator[str]:
    """Yield what becomes of an item: who asks for it, who gives it, and why something is missing or left.

    Raises
    ------
    UnknownIdError
        If nobody asks for such an item, or offers it.
    """
    item = id_of(plan, "item", item)
    needs, donations = plan.needs[plan.needs["item"] == item], plan.donations[plan.donations["item"] == item]
    asked, served = float(needs["asked"].sum()), float(needs["served"].sum())
    told = {"item": item_names(plan.case).get(item, item), "needs": words.count(len(needs), "need")}
    share = Share(served, asked)
    yield tr(
        "{item}: {asked} asked for in {needs}; {served} served ({share}).",
        **told,
        asked=asked,
        served=served,
        share=share,
    )
    offered, planned = float(donations["offered"].sum()), float(donations["planned"].sum())
    count = words.count(len(donations), "donation")
    yield tr(
        "{offered} offered in {donations}; {planned} planned.",
        offered=offered,
        donations=count,
        planned=planned,
    )
    yield from _by_reason(needs, "unmet")
    yield from _by_reason(donations, "left_over")


def _by_reason(table: pd.DataFrame, column: str) -> Iterator[str]:
    """Yield how much stays unmet or is left over, by reason, the most first."""
    sums = (
        table[table[column] > 0].groupby("reason")[column].sum().sort_values(ascending=False, kind="stable")
    )
    for code, units in sums.items():
        if column == "unmet":
            why = words.called(code, words.UNMET)
            yield "  " + tr("{units} units stay unmet: {reason}.", units=float(units), reason=why)
        else:
            why = words.called(code, words.LEFT_OVER)
            yield "  " + tr("{units} are left over: {reason}.", units=float(units), reason=why)


def hub_in_words(plan: Plan, hub: str) -> Iterator[str]:
    """Yield what passes through a hub.

    Raises
    ------
    UnknownIdError
        If the case has no such hub.
    """
    hub = id_of(plan, "hub", hub)
    t = tables_of(plan)
    mine = (plan.allocations["hub"] == hub).to_numpy()
    if not mine.any():
        yield tr("{hub}: nothing passes through it.", hub=hub)
        return
    lines = t.lines[mine]
    count, goals = words.count(int(mine.sum()), "allocation"), sorted(set(lines["community"].astype(str)))
    cost = plan.allocations.loc[mine, ["handling_cost", "storage_cost"]].sum().sum()
    money = words.money(float(cost), plan.summary["currency"])
    yield tr("{hub}: on the way of {lines}, to {goals}.", hub=hub, lines=count, goals=goals)
    yield tr("Handling and storage there cost {money}.", money=money)
    found = lines.groupby("item", observed=True)["donated"].sum()
    for item, units in found[found > 0].sort_values(ascending=False, kind="stable").items():
        yield "  " + words.with_units(item, float(units))
