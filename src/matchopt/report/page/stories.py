"""Stories: what the plan means to one community, and what became of one donor's gifts, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from matchopt.language import day, tr, trn
from matchopt.report import words
from matchopt.report.page.ground import Ground
from matchopt.report.page.public import COUNTS, FEW, suppressed
from matchopt.report.page.sums import coverage, main_reasons, rows, worst_first

MOST_COMMUNITIES, MOST_DONORS = 500, 1000
SOME = 5
"""Names that a sentence lists before it says how many more there are."""

Story = dict[str, Any]


def of_communities(g: Ground) -> list[Story]:
    """Return what the plan means to each community, the worst served first."""
    found = worst_first(coverage(g.needs, "community")).head(MOST_COMMUNITIES)
    kept = set(found["community"].astype(str))
    needs = g.needs[g.needs["community"].isin(kept)]
    moves = g.moves[g.moves["community"].isin(kept)]
    groups = _grouped(worst_first(coverage(needs, ["community", "group"])), "community")
    reasons = _grouped(main_reasons(needs, ["community", "group"]), "community")
    missing = _grouped(_sums(needs[needs["unmet"] > 0], ["community", "item"], "unmet"), "community")
    donors = _grouped(_sums(moves, ["community", "donor"], "served"), "community")
    return [
        {
            "name": str(row.community),
            "said": _community(g, row, donors.get(row.community), missing.get(row.community)),
            "groups": _groups(g, groups.get(row.community), reasons.get(row.community)),
        }
        for row in rows(found)
    ]


def _community(g: Ground, row: Any, donors: pd.DataFrame | None, missing: pd.DataFrame | None) -> list[str]:
    said = [
        tr(
            "{served} of {asked} units asked for are served ({share}).",
            served=words.quantity(row.served), asked=words.quantity(row.asked),
            share=words.percent(row.served, row.asked),
        )
    ]  # fmt: skip
    if not (g.public and _hides(row)):
        said.append(
            tr(
                "Of {needs} {full} are served in full, {part} in part and {none} not at all.",
                needs=words.count(row.needs, "need"), full=f"{row.full:,}", part=f"{row.part:,}",
                none=f"{row.none:,}",
            )
        )  # fmt: skip
    if donors is not None and not g.public:
        said.append(tr("Who serves it: {donors}.", donors=_largest(donors, "donor", "served")))
    if missing is not None:
        said.append(tr("What is missing most: {items}.", items=_largest(missing, "item", "unmet")))
    return said


def _hides(row: Any) -> bool:
    return any(0 < getattr(row, name) < FEW for name in COUNTS)


def _groups(g: Ground, groups: pd.DataFrame | None, reasons: pd.DataFrame | None) -> list[list[Any]]:
    """Return for each group: its name, its counts, and why what is missing is missing."""
    if groups is None:
        return []
    shown = suppressed(groups, COUNTS) if g.public else groups
    told = []
    for row in rows(shown):
        why = []
        if reasons is not None and not g.public:
            mine = reasons[reasons["group"] == row.group]
            why = [
                tr("{count}: {reason}", count=f"{count:,}", reason=tr(words.UNMET.get(code, code)))
                for code, count in zip(mine["reason"].astype(str), mine["count"], strict=True)
            ]
        counts = [None if v != v else int(v) for v in (row.needs, row.full, row.part, row.none)]
        told.append([str(row.group), *counts, "; ".join(why)])
    return told


def of_donors(g: Ground) -> list[Story]:
    """Return what became of each donor's gifts, the largest part planned first; nothing for the public."""
    if g.public:
        return []
    offers = g.gifts.groupby("donor", observed=True)[["offered", "planned", "left_over"]].sum().reset_index()
    order = offers.sort_values(["planned", "offered"], ascending=False, kind="stable").head(MOST_DONORS)
    kept = set(order["donor"].astype(str))
    moves, gifts = g.moves[g.moves["donor"].isin(kept)], g.gifts[g.gifts["donor"].isin(kept)]
    goals = _grouped(_sums(moves, ["donor", "community"], "served"), "donor")
    groups = _grouped(_sums(moves, ["donor", "group"], "served"), "donor")
    given = _grouped(_sums(moves, ["donor", "given"], "donated"), "donor")
    rest = _grouped(_sums(gifts[gifts["left_over"] > 0], ["donor", "item", "reason"], "left_over"), "donor")
    ends = moves.groupby("donor", observed=True).agg(
        needs=("need", "nunique"), first=("delivery", "min"), last=("delivery", "max")
    )
    return [
        {"name": str(row.donor), "said": _donor(g, row, ends, goals, groups, given, rest)}
        for row in rows(order)
    ]


def _donor(
    g: Ground, row: Any, ends: pd.DataFrame, goals: dict[str, pd.DataFrame], groups: dict[str, pd.DataFrame],
    given: dict[str, pd.DataFrame], rest: dict[str, pd.DataFrame],
) -> list[str]:  # fmt: skip
    name = str(row.donor)
    said = [
        tr(
            "Of {offered} units offered {planned} are planned ({share}).",
            offered=words.quantity(row.offered), planned=words.quantity(row.planned),
            share=words.percent(row.planned, row.offered),
        )
    ]  # fmt: skip
    if name in goals:
        reach: Any = ends.loc[name]
        said += [
            tr("What is given: {items}.", items=_largest(given[name], "given", "donated")),
            tr(
                "It serves {needs} in {communities}: {goals}.",
                needs=words.count(int(reach["needs"]), "need"),
                communities=trn("{n} community", "{n} communities", len(goals[name])),
                goals=_largest(goals[name], "community", "served"),
            ),
            tr("For whom: {groups}.", groups=_largest(groups[name], "group", "served")),
        ]  # fmt: skip
        if g.dated:
            first, last = pd.Timestamp(reach["first"]).date(), pd.Timestamp(reach["last"]).date()
            said.append(
                tr("It arrives on {day}.", day=day(first))
                if first == last
                else tr("It arrives between {first} and {last}.", first=day(first), last=day(last))
            )
    for left in rows(rest.get(name, pd.DataFrame()).head(SOME)):
        said.append(
            tr(
                "{units} of {item} are left over: {reason}.", units=words.quantity(left.left_over),
                item=left.item, reason=tr(words.LEFT_OVER.get(str(left.reason), str(left.reason))),
            )
        )  # fmt: skip
    return said


def _sums(table: pd.DataFrame, by: list[str], what: str) -> pd.DataFrame:
    found = table.groupby(by, observed=True)[what].sum().reset_index()
    return found[found[what] > 0].sort_values(what, ascending=False, kind="stable")


def _grouped(table: pd.DataFrame, by: str) -> dict[str, pd.DataFrame]:
    return {str(key): part for key, part in table.groupby(by, observed=True, sort=False)}


def _largest(found: pd.DataFrame, name: str, units: str) -> str:
    """Return the first of some names with their units, and how many more there are."""
    parts: Iterable[tuple[Any, Any]] = zip(found[name].head(SOME), found[units].head(SOME), strict=True)
    listed = [tr("{name} ({units})", name=n, units=words.quantity(float(u))) for n, u in parts]
    if len(found) > SOME:
        listed.append(tr("{n} more", n=len(found) - SOME))
    return words.listed(listed)
