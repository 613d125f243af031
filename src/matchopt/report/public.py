"""The public page: what everybody may see of a plan, by statistical disclosure control (docs/privacy.md).

Its exact figures count needs over one hierarchy: all needs, those of a community, those of a group in it,
each split into what is served in full and what is not. From figures over a hierarchy nothing follows but sums
of its leaves, so it is enough that no leaf is a number from 1 to 4: small cells are hidden (primary
suppression), and with them so many more that what is hidden is no small number either (complementary
suppression). By priority, channel, category, item and reason only whole percents are told, from which no sum
can be subtracted; what is planned is told once, by kind. Nothing is told of days, routes, donors and
quantities of needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Ints, Texts
from matchopt.language import money_unit
from matchopt.report import charts, words
from matchopt.report.charts import Chart
from matchopt.report.explained import Story
from matchopt.report.summary import brought
from matchopt.report.table import COUNT, MONEY, NUMBER, SHARE, TEXT, ReportColumn, ReportTable
from matchopt.report.words import Share, tr, trn
from matchopt.result.plan_tables import PlanTables, rows

FEW = 5
"""Fewer needs than this are not told of."""


@dataclass(frozen=True, slots=True)
class ToldParts:
    """Which parts of a whole are told.

    Attributes
    ----------
    counted : (n,) bool
        Parts whose number of needs is told; all others are told together.
    split : (n,) bool
        Those of which it is also told how many needs are served in full.
    """

    counted: Bools
    split: Bools


def told_parts(full: Ints, short: Ints) -> ToldParts:
    """Return which parts can be told when their sums are known.

    Parameters
    ----------
    full, short : (n,) int
        Needs of each part that are served in full, and that are not. Neither sum is small.

    Notes
    -----
    What is hidden has sums that are no small numbers, and at least one part that is not small itself: to know
    that hidden parts are all small would be to know too much. Of parts that are enough the one with both
    kinds and the fewest needs is taken; where none is enough, two are taken, one for each kind.
    """
    needs = full + short
    split = ~(_few(full) | _few(short))
    if not split.all():
        split[_complement(full, short, split)] = False
    counted = split | (~split & (full > 0) & (short > 0) & (needs >= FEW))
    for k in np.lexsort((needs, split)):
        if _few(needs[~counted].sum()):
            counted[k] = split[k] = False
    rest = ~counted
    alike = not full[rest].sum() or not short[rest].sum()
    if not split.any() or (rest.any() and alike):
        # Beside parts of one kind only, the number of needs of the others would tell of what kind they are.
        counted &= split
    return ToldParts(counted, split)


def _few(numbers: Any) -> Any:
    """Return which numbers of needs are small."""
    return (numbers > 0) & (numbers < FEW)


def _complement(full: Ints, short: Ints, split: Bools) -> Ints:
    """Return the parts of fewest needs to hide with those that are not `split`; all where none are enough."""
    a, b = full[~split].sum(), short[~split].sum()
    at = np.flatnonzero(split)
    enough = ~_few(a + full[at]) & ~_few(b + short[at])
    both = (full[at] > 0) & (short[at] > 0)
    needs = (full + short)[at]
    if enough.any():
        first = np.lexsort((needs, ~both, ~enough))[0]
        return np.asarray(at[[first]])
    some, others = (at[(kind[at] >= FEW)] for kind in (full, short))
    if len(some) and len(others):
        return np.array([some[(full + short)[some].argmin()], others[(full + short)[others].argmin()]])
    return np.asarray(at)


@dataclass(frozen=True, slots=True)
class PublicCounts:
    """The needs of a plan as the public may see them.

    Attributes
    ----------
    needs
        A row a need: what the page tells apart, and whether it is served in `full`.
    open
        Whether it may be told how many needs are served in full.
    communities
        community, told (its name, or that of all small ones together), needs, full, short; NaN is not told.
    groups
        The same of groups by community, with the column `group`.
    """

    needs: pd.DataFrame
    open: bool
    communities: pd.DataFrame
    groups: pd.DataFrame

    @property
    def full(self) -> int:
        """How many needs are served in full."""
        return int(self.needs["full"].sum())

    def shares(self, by: str) -> pd.DataFrame:
        """Return the whole percents served in full by a column, as far as they are told."""
        found = _counts(self.needs, [by])
        kept = told_parts(found["full"].to_numpy(), found["short"].to_numpy()).split & self.open
        found = found[kept].assign(percent=lambda x: (100 * x["full"] / (x["full"] + x["short"])).round())
        order = by if by == "priority" else "percent"
        return found[[by, "percent"]].sort_values(order, kind="stable", ignore_index=True)


def counts_of(t: PlanTables) -> PublicCounts:
    """Return what may be told of the needs of a plan."""
    needs = t.needs.assign(full=t.needs["unmet"] <= 0)
    full = int(needs["full"].sum())
    is_open = not (_few(full) or _few(len(needs) - full))
    seen = needs if is_open else needs.assign(full=True)
    together = tr("small communities together")
    communities = _told(_counts(seen, ["community"]), "community", together)
    parts, together = [], _small_groups()
    of = _counts(seen, ["community", "group"])
    for name, found in of.groupby("community", observed=True, sort=False):
        row, told = communities[communities["community"] == name], _told(found, "group", together)
        # Of a community of which it is not told how many are served in full, its groups are not told either.
        if len(row) and row["full"].notna().all() and (told["group"] != together).any():
            parts.append(told.assign(community=name))
    groups = pd.concat(parts, ignore_index=True) if parts else of.iloc[:0].assign(needs=0)
    if not is_open:
        communities, groups = (x.assign(full=np.nan, short=np.nan) for x in (communities, groups))
    return PublicCounts(needs, is_open, _worst_first(communities), _worst_first(groups))


def _small_groups() -> str:
    return tr("small groups together")


def _counts(needs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return how many needs are served in full and not, by columns."""
    found = needs.assign(short=~needs["full"]).groupby(by, observed=True)[["full", "short"]].sum()
    return found.astype(np.int64).reset_index()


def _told(found: pd.DataFrame, by: str, together: str) -> pd.DataFrame:
    """Return the rows that may be told, and what is told together in a row of its own."""
    full, short = found["full"].to_numpy(), found["short"].to_numpy()
    parts = told_parts(full, short)
    shown = found.assign(needs=full + short, full=np.where(parts.split, full, np.nan))
    shown["short"] = np.where(parts.split, short, np.nan)
    shown, rest = shown[parts.counted].astype({by: str}), ~parts.counted
    if rest.any():
        known = (parts.split == parts.counted).all()
        sums = [float(kind[rest].sum()) if known else np.nan for kind in (full, short)]
        row = {by: together, "full": sums[0], "short": sums[1], "needs": (full + short)[rest].sum()}
        shown = pd.concat([shown, pd.DataFrame([row])], ignore_index=True)
    return shown


def _worst_first(found: pd.DataFrame) -> pd.DataFrame:
    share = (found["full"] / (found["full"] + found["short"])).astype(float)
    order = ["share", "community"]
    return found.assign(share=share).sort_values(order, kind="stable", ignore_index=True)


# --- what the page is made of ------------------------------------------------------------


def tables(t: PlanTables, counts: PublicCounts) -> list[ReportTable]:
    """Return the tables of the page."""
    communities, groups, items = counts.communities, counts.groups, counts.shares("item")
    told = [
        ReportTable(tr("Coverage by community"), [_text("community", communities), *_sums(communities)]),
        ReportTable(
            tr("Coverage by community and group"),
            [_text("community", groups), _text("group", groups), *_sums(groups)],
        ),
        ReportTable(
            tr("Served in full, item by item"),
            [_text("item", items), ReportColumn(tr("share"), SHARE, items["percent"] / 100)],
        ),
    ]
    names = ("communities", "groups", "items")
    named = [ReportTable(x.title, x.columns, name) for x, name in zip(told, names, strict=True)]
    return [*named, _bought(t), _left_over(t)]


def _text(name: str, found: pd.DataFrame) -> ReportColumn:
    return ReportColumn(tr(name), TEXT, found[name].astype(str))


def _sums(found: pd.DataFrame) -> list[ReportColumn]:
    titles = {"needs": tr("needs"), "full": tr("in full"), "short": tr("not in full")}
    counted = [ReportColumn(title, COUNT, found[name]) for name, title in titles.items()]
    return [*counted, ReportColumn(tr("share"), SHARE, found["share"])]


def _bought(t: PlanTables) -> ReportTable:
    """Return what money goes to, by item; small parts of it together."""
    paid = t.lines[_kinds(t) == "funds"].groupby("item", observed=True)
    found = paid.agg(needs=("need", "nunique"), amount=("donated", "sum"))
    counts = found["needs"].to_numpy(dtype=np.int64)
    kept = told_parts(counts, np.zeros_like(counts)).split
    paid_for = [(str(item), float(x)) for item, x in found["amount"][kept].items()]
    if not kept.all() and counts[~kept].sum() >= FEW:
        paid_for.append((tr("rare items together"), float(found["amount"][~kept].sum())))
    amount = tr("amount, {currency}", currency=money_unit(t.summary["currency"]))
    shown = [
        ReportColumn(tr("item"), TEXT, [name for name, _ in paid_for]),
        ReportColumn(amount, MONEY, [x for _, x in paid_for]),
    ]
    return ReportTable(tr("What the funds buy"), shown, "purchases")


def _left_over(t: PlanTables) -> ReportTable:
    """Return what is left over, of items of which five donations or more have something left."""
    rest = t.donations[t.donations["left_over"] > 0].groupby("item", observed=True)["left_over"]
    found = rest.agg(["size", "sum"]).reset_index()
    found = found[found["size"] >= FEW]
    shown = [
        _text("item", found),
        ReportColumn(tr("donations"), COUNT, found["size"]),
        ReportColumn(tr("left over"), NUMBER, found["sum"]),
    ]
    return ReportTable(tr("Donations left over"), shown, "left")


def drawn(t: PlanTables, counts: PublicCounts) -> dict[str, Chart]:
    """Return the charts of the page."""
    channels = {code: tr(name) for code, name in words.CHANNELS.items()}
    tiers = {str(tier): tr("priority {tier}", tier=tier) for tier in counts.needs["priority"].unique()}
    families: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
        ("tiers", "priority", tr("By priority, 1 being the most urgent"), tiers),
        ("categories", "category", tr("By category of items"), {}),
        ("channels", "channel", tr("By who stated the need"), channels),
    )
    made = {name: _percents(counts.shares(by), by, title, called) for name, by, title, called in families}
    split = counts.communities[counts.communities["full"].notna()].head(charts.MOST_BARS)
    made["communities"] = charts.chart(
        "coverage",
        tr("Communities, the worst served first"),
        tr("share of the needs served in full"),
        said=tr("The figures stand in the table below."),
        labels=split["community"].astype(str).tolist(),
        served=split["full"].tolist(),
        unmet=split["short"].tolist(),
        share=split["share"].tolist(),
    )
    made["map"] = _map(t, counts)
    made["unmet"] = _reasons(counts)
    return made


def _percents(found: pd.DataFrame, by: str, title: str, names: Mapping[str, str]) -> Chart:
    labels = [names.get(str(key), str(key)) for key in found[by].tolist()]
    return charts.bars(title, tr("percent of the needs served in full"), labels, found["percent"].tolist())


def _reasons(counts: PublicCounts) -> Chart:
    """Return why needs are not served in full, in whole percents of these needs."""
    short = counts.needs[~counts.needs["full"]]
    codes, found = np.unique(short["reason"].astype(str), return_counts=True)
    sizes = found.astype(np.int64)
    kept = np.flatnonzero(told_parts(sizes, np.zeros_like(sizes)).split & counts.open)
    kept = kept[np.argsort(-sizes[kept], kind="stable")]
    labels = [words.called(code, words.UNMET) for code in codes[kept]]
    percents = np.round(100 * sizes[kept] / max(len(short), 1)).tolist()
    title, unit = tr("Why needs are not served in full"), tr("percent of these needs")
    return charts.bars(title, unit, labels, percents)


def _map(t: PlanTables, counts: PublicCounts) -> Chart:
    """Return where communities and hubs are; nothing of what goes between them."""
    spots = t.places.dropna(subset=["latitude", "longitude"]).drop_duplicates(["place", "kind"])
    where = {
        kind: spots[spots["kind"] == kind].set_index("place")[["longitude", "latitude"]].round(5)
        for kind in ("community", "hub")
    }
    split = counts.communities[counts.communities["full"].notna()].set_index("community")
    goals = where["community"].join(split, how="inner")
    figures = ["longitude", "latitude", "needs", "full", "share"]
    communities, hubs = (
        [[str(name), *row] for name, row in zip(x.index, x.to_numpy().tolist(), strict=True)]
        for x in (goals[figures], where["hub"])
    )
    said = trn("{n} community is drawn.", "{n} communities are drawn.", len(goals))
    unit = tr("share of the needs served in full")
    return charts.chart(
        "map", tr("Where it goes"), unit, said=said, communities=communities, hubs=hubs, flows=[]
    )


def stories(counts: PublicCounts) -> list[Story]:
    """Return what the plan means to each community that is told of."""
    groups: dict[str, list[list[Any]]] = {}
    for one in rows(counts.groups):
        numbers = (None if n != n else int(n) for n in (one.needs, one.full, one.short))
        groups.setdefault(str(one.community), []).append([str(one.group), *numbers, ""])
    return [
        {
            "name": str(one.community),
            "said": [requests(int(one.needs), one.full)],
            "groups": groups.get(str(one.community), []),
        }
        for one in rows(counts.communities)
    ]


def requests(needs: int, full: float) -> str:
    """Return how many needs there are and, where it may be told, how many are served in full."""
    if full != full:
        return tr("{needs}; how many are served in full is not told.", needs=words.count(needs, "need"))
    told = {"needs": words.count(needs, "need"), "full": full, "share": Share(full, needs)}
    return tr("Of {needs} {full} are served in full ({share}).", **told)


def headline(t: PlanTables, counts: PublicCounts) -> str:
    """Return how many needs are served, what is delivered and what is spent."""
    said = [requests(len(counts.needs), counts.full if counts.open else np.nan)]
    if things := _delivered(t):
        said.append(tr("What is planned: {things}.", things=things))
    if (money := _spent(t)) is not None:
        said.append(tr("{spent} is really spent.", spent=words.money(money, t.summary["currency"])))
    return words.joined(said)


def _delivered(t: PlanTables) -> list[str]:
    """Return what is planned of each kind that five needs or more get."""
    needs = t.lines["need"].astype(str).groupby(_kinds(t)).nunique()
    names = {"goods_kg": "goods", "services": "service", "funds": "funds"}
    kept = {name: t.summary["by_kind"][name] for name, kind in names.items() if needs.get(kind, 0) >= FEW}
    return brought(kept, t.summary["currency"])


def _kinds(t: PlanTables) -> Texts:
    """Return of each line whether it brings goods, a service or funds."""
    items, plan = t.plan.case.table("items"), t.plan
    kinds = dict(zip(items["item"].astype(str), items["kind"].astype(str), strict=True))
    given = np.array([kinds.get(item, "goods") for item in plan.donations["item"]], dtype=object)
    row = pd.Index(plan.donations["donation_id"]).get_indexer(pd.Index(plan.allocations["donation_id"]))
    return np.asarray(given[row])


def _spent(t: PlanTables) -> float | None:
    """Return what is really spent; None where it may go to fewer than five needs."""
    lines = t.plan.allocations
    paid = lines[["transport_cost", "handling_cost", "storage_cost"]].sum(axis=1) > 0
    if lines["need_id"][paid].nunique() < FEW:
        return None
    return float(t.summary["logistics_cost"] - t.summary["cost"]["penalty"])


def figures(t: PlanTables, counts: PublicCounts) -> Iterator[tuple[str, object, str]]:
    """Yield the figures of the first screen: what is counted, the count, and a line on it."""
    needs, full = len(counts.needs), counts.full
    if counts.open:
        note = tr("{served} of {asked}", served=full, asked=needs)
        yield tr("of all needs are served in full"), Share(full, needs), note
        tiers = counts.shares("priority")
        if len(tiers) and tiers["priority"].iloc[0] == counts.needs["priority"].min():
            tier = int(tiers["priority"].iloc[0])
            share = Share(tiers["percent"].iloc[0], 100)
            yield tr("of the most urgent (priority {tier})", tier=tier), share, ""
        split = counts.communities[counts.communities["full"].notna()]
        if len(split):
            worst: Any = split.iloc[0]
            yield (
                tr("in the worst served community"),
                Share(worst["full"], worst["needs"]),
                str(worst["community"]),
            )
    if (money := _spent(t)) is not None:
        yield tr("is really spent"), words.money(money, t.summary["currency"]), ""


def proof(summary: Mapping[str, Any]) -> str:
    """Return whether the plan is proven best; by how much it may not be says nothing of any need."""
    if summary["status"] == "optimal":
        return tr("Proven best: no plan under the same rules is better.")
    return tr("Not proven best. Gap: {gap}.", gap=words.gap(summary["gap"]))
