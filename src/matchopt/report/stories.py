"""Stories: what the plan means to one community, and what became of all that a donor offers, in sentences."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from matchopt.arrays import Bools
from matchopt.report import words
from matchopt.report.summary import used
from matchopt.report.words import Share, tr, trn
from matchopt.result.plan_tables import (
    COUNTS,
    FEW,
    PlanTables,
    coverage,
    main_reasons,
    rows,
    suppressed,
    worst_first,
)

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
    rows_of = _lists(groups, "community", ["group", "needs", *COUNTS])
    why = _lists(main_reasons(needs, ["community", "group"]), "community", ["group", "reason", "count"])
    missing = _largest_of(needs[needs["unmet"] > 0], ["community", "item"], "unmet")
    donors = {} if t.public else _largest_of(lines, ["community", "donor"], "served")
    return [
        {
            "name": str(row.community),
            "said": _community(t, row, donors.get(row.community), missing.get(row.community)),
            "groups": [_group(t, one, why.get(row.community, [])) for one in rows_of.get(row.community, [])],
        }
        for row in rows(found)
    ]


def _community(t: PlanTables, row: Any, donors: list[str] | None, missing: list[str] | None) -> list[str]:
    told = {"served": row.served, "asked": row.asked, "share": Share(row.served, row.asked)}
    said = [tr("{served} of {asked} units asked for are served ({share}).", **told)]
    counts = {name: getattr(row, name) for name in COUNTS}
    if not (t.public and any(0 < count < FEW for count in counts.values())):
        needs = words.count(row.needs, "need")
        told = {"needs": needs, **counts}
        said.append(tr("Of {needs} {full} are served in full, {part} in part and {none} not at all.", **told))
    if donors is not None:
        said.append(tr("Who serves it: {donors}.", donors=donors))
    if missing is not None:
        said.append(tr("What is missing most: {items}.", items=missing))
    return said


def _group(t: PlanTables, group: tuple[Any, ...], why: list[tuple[Any, ...]]) -> list[Any]:
    """Return the name of a group, its counts (None where they are not told), and why needs are unmet."""
    name, *counts = group
    reasons = [
        tr("{count}: {reason}", count=count, reason=words.called(code, words.UNMET))
        for mine, code, count in why
        if mine == name and not t.public
    ]
    return [name, *(None if count != count else int(count) for count in counts), tr("; ").join(reasons)]


def of_donors(t: PlanTables) -> list[Story]:
    """Return what became of all that donors offer, the largest part planned first; for the public nothing."""
    if t.public:
        return []
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
