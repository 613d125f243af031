"""Stories: what the plan means to one community, and what became of one donor's donations, in sentences."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from matchopt.arrays import Bools
from matchopt.language import day, tr, trn
from matchopt.report import words
from matchopt.report.page.public import COUNTS, FEW, suppressed
from matchopt.report.sums import coverage, main_reasons, rows, worst_first
from matchopt.result.plan_tables import PlanTables

MOST_COMMUNITIES, MOST_DONORS = 500, 1000
SOME = 5
"""Names that a sentence lists before it says how many more there are."""

Story = dict[str, Any]


def of_communities(t: PlanTables, which: Bools | None = None) -> list[Story]:
    """Return what the plan means to each community, the worst served first; or to those of `which` needs."""
    mine = t.needs if which is None else t.needs[which]
    found = worst_first(coverage(mine, "community")).head(MOST_COMMUNITIES)
    kept = set(found["community"].astype(str))
    needs = t.needs[t.needs["community"].isin(kept)]
    lines = t.lines[t.lines["community"].isin(kept)]
    groups = worst_first(coverage(needs, ["community", "group"]))
    if t.public:
        groups = suppressed(groups, COUNTS)
    group_rows = _lists(groups, "community", ["group", "needs", *COUNTS])
    why = _lists(main_reasons(needs, ["community", "group"]), "community", ["group", "reason", "count"])
    missing = _largest_of(needs[needs["unmet"] > 0], ["community", "item"], "unmet")
    donors = {} if t.public else _largest_of(lines, ["community", "donor"], "served")
    return [
        {
            "name": str(row.community),
            "said": _community(t, row, donors.get(row.community), missing.get(row.community)),
            "groups": [
                _group(t, group, why.get(row.community, [])) for group in group_rows.get(row.community, [])
            ],
        }
        for row in rows(found)
    ]


def _community(t: PlanTables, row: Any, donors: Shares | None, missing: Shares | None) -> list[str]:
    said = [
        tr(
            "{served} of {asked} units asked for are served ({share}).",
            served=words.quantity(row.served),
            asked=words.quantity(row.asked),
            share=words.percent(row.served, row.asked),
        )
    ]
    if not (t.public and any(0 < getattr(row, name) < FEW for name in COUNTS)):
        said.append(
            tr(
                "Of {needs} {full} are served in full, {part} in part and {none} not at all.",
                needs=words.count(row.needs, "need"),
                full=f"{row.full:,}",
                part=f"{row.part:,}",
                none=f"{row.none:,}",
            )
        )
    if donors is not None:
        said.append(tr("Who serves it: {donors}.", donors=_listed(donors)))
    if missing is not None:
        said.append(tr("What is missing most: {items}.", items=_listed(missing)))
    return said


def _group(t: PlanTables, group: tuple[Any, ...], why: list[tuple[Any, ...]]) -> list[Any]:
    """Return the name of a group, its counts (None where they are not told), and why needs are unmet."""
    name, *counts = group
    reasons = [
        tr("{count}: {reason}", count=f"{count:,}", reason=tr(words.UNMET.get(code, code)))
        for mine, code, count in why
        if mine == name and not t.public
    ]
    return [name, *(None if count != count else int(count) for count in counts), tr("; ").join(reasons)]


def of_donors(t: PlanTables) -> list[Story]:
    """Return what became of all that donors offer, the largest part planned first; for the public nothing."""
    if t.public:
        return []
    offers = (
        t.donations.groupby("donor", observed=True)[["offered", "planned", "left_over"]].sum().reset_index()
    )
    order = offers.sort_values(["planned", "offered"], ascending=False, kind="stable").head(MOST_DONORS)
    kept = set(order["donor"].astype(str))
    lines, donations = t.lines[t.lines["donor"].isin(kept)], t.donations[t.donations["donor"].isin(kept)]
    rest = donations[donations["left_over"] > 0].groupby(["donor", "item", "reason"], observed=True)[
        "left_over"
    ]
    facts = _Facts(
        _largest_of(lines, ["donor", "given"], "donated"),
        _largest_of(lines, ["donor", "community"], "served"),
        _largest_of(lines, ["donor", "group"], "served"),
        _lists(
            rest.sum().reset_index().sort_values("left_over", ascending=False, kind="stable"),
            "donor",
            ["item", "reason", "left_over"],
        ),
        _lists(
            lines.groupby("donor", observed=True)
            .agg(needs=("need", "nunique"), first=("delivery", "min"), last=("delivery", "max"))
            .reset_index(),
            "donor",
            ["needs", "first", "last"],
        ),
    )
    return [{"name": str(row.donor), "said": _donor(t, row, facts)} for row in rows(order)]


class _Facts(NamedTuple):
    """By donor: what is given, to which communities and groups, what is left over, and when it arrives."""

    given: dict[str, Shares]
    goals: dict[str, Shares]
    groups: dict[str, Shares]
    rest: dict[str, list[tuple[Any, ...]]]
    reach: dict[str, list[tuple[Any, ...]]]


def _donor(t: PlanTables, row: Any, facts: _Facts) -> list[str]:
    name = str(row.donor)
    said = [
        tr(
            "Of {offered} units offered {planned} are planned ({share}).",
            offered=words.quantity(row.offered),
            planned=words.quantity(row.planned),
            share=words.percent(row.planned, row.offered),
        )
    ]
    if name in facts.goals:
        count, first, last = facts.reach[name][0]
        goals = facts.goals[name]
        said += [
            tr("What is given: {items}.", items=_listed(facts.given[name])),
            tr(
                "It serves {needs} in {communities}: {goals}.",
                needs=words.count(count, "need"),
                communities=trn("{n} community", "{n} communities", goals.parts),
                goals=_listed(goals),
            ),
            tr("For whom: {groups}.", groups=_listed(facts.groups[name])),
        ]
        if t.dated:
            first, last = day(first.date()), day(last.date())
            said.append(
                tr("It arrives on {day}.", day=first)
                if first == last
                else tr("It arrives between {first} and {last}.", first=first, last=last)
            )
    for item, code, units in facts.rest.get(name, [])[:SOME]:
        said.append(
            tr(
                "{units} of {item} are left over: {reason}.",
                units=words.quantity(units),
                item=item,
                reason=tr(words.LEFT_OVER.get(code, code)),
            )
        )
    return said


class Shares(NamedTuple):
    """The largest parts of something, by name, and how many parts there are in all."""

    largest: list[tuple[str, float]]
    parts: int


def _largest_of(table: pd.DataFrame, by: list[str], what: str) -> dict[str, Shares]:
    """Return by the first column the largest parts by the second."""
    sums = table.groupby(by, observed=True)[what].sum().reset_index()
    sums = sums[sums[what] > 0].sort_values(what, ascending=False, kind="stable")
    parts = _lists(sums, by[0], [by[1], what])
    return {key: Shares([(n, u) for n, u in found[:SOME]], len(found)) for key, found in parts.items()}


def _lists(table: pd.DataFrame, by: str, columns: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each value, in their order: lists are read far faster than tables of a few rows."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    cells = [list(table[name].astype(object)) for name in columns]
    for key, *row in zip(table[by].astype(str), *cells, strict=True):
        found.setdefault(key, []).append(tuple(row))
    return found


def _listed(shares: Shares) -> str:
    """Return the largest parts with their units, and how many more there are."""
    told = [tr("{name} ({units})", name=n, units=words.quantity(float(u))) for n, u in shares.largest]
    if shares.parts > len(told):
        told.append(tr("{n} more", n=shares.parts - len(told)))
    return words.listed(told)
