"""The workbook that staff work from: lists by hub, donor and community; what is unmet, left over, bought."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.contract.plan import Plan
from matchopt.language import speaking, spoken, tr
from matchopt.report import words
from matchopt.report.proven import budget, fairness, proof
from matchopt.report.section import LEFT, RIGHT, Section
from matchopt.report.summary import details, headline
from matchopt.report.sums import coverage, worst_first
from matchopt.result.plan_tables import DIRECT, PlanTables, tables_of

TEXT, NUMBER, MONEY, SHARE, DAY, TICK, SIGN = "text", "number", "money", "share", "day", "tick", "sign"
"""What the cells of a column are; a column to tick off and one to sign in come empty."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list: its header, what its cells are, and the cells (n,)."""

    title: str
    kind: str
    cells: Any


@dataclass(frozen=True, slots=True)
class Sheet:
    """One list of the workbook."""

    name: str
    columns: tuple[Column, ...]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.columns[0].cells)


@dataclass(frozen=True, slots=True)
class Book:
    """The workbook: sentences and small tables for its first sheet, and its lists.

    Attributes
    ----------
    overview
        Name of the first sheet.
    said
        Its sentences, the first of which is the headline.
    tables
        Its tables.
    sheets
        The lists.
    """

    overview: str
    said: tuple[str, ...]
    tables: tuple[Sheet, ...]
    sheets: tuple[Sheet, ...]


def as_section(sheet: Sheet, most: int) -> Section:
    """Return the first rows of a list as a small table for a terminal."""
    show: dict[str, Callable[[Any], str]] = {
        TEXT: str,
        NUMBER: lambda v: _known(v, words.quantity),
        MONEY: lambda v: _known(v, words.money),
        SHARE: lambda v: _known(v, lambda share: words.percent(share, 1)),
        DAY: lambda v: "" if pd.isna(v) else str(pd.Timestamp(v).date()),
    }
    cells = [[show[column.kind](cell) for cell in list(column.cells)[:most]] for column in sheet.columns]
    lines = list(zip(*cells, strict=True))
    if sheet.rows > most:
        lines.append((tr("and {n} more", n=sheet.rows - most), *[""] * (len(cells) - 1)))
    header = tuple(column.title for column in sheet.columns)
    sides = tuple(RIGHT if column.kind in (NUMBER, MONEY, SHARE) else LEFT for column in sheet.columns)
    return Section(sheet.name, header, sides, tuple(lines))


def _known(value: float, shown: Callable[[float], str]) -> str:
    return "–" if value != value else shown(float(value))


def book_of(plan: Plan) -> Book:
    """Return the workbook of a plan, in the language spoken."""
    with speaking(spoken()):  # thousands of messages: asked once which language
        t = tables_of(plan)
        rules = [fairness(t.summary["fairness"])] if t.summary["fairness"] is not None else []
        rules += [budget(t.summary)] if t.summary["budget"] is not None else []
        return Book(
            tr("Overview"),
            (headline(t.summary), details(plan), proof(t.summary), *rules),
            tuple(_tables(t)),
            (
                picking(t),
                pick_up(t),
                delivery(t),
                unmet(t),
                left_over(t),
                *([purchases(t)] if len(t.purchases) else []),
            ),
        )


def _tables(t: PlanTables) -> Iterator[Sheet]:
    """Yield the small tables of the first sheet."""
    tiers = coverage(t.needs, "priority")
    yield _covered(tr("Served by priority (1 is most urgent)"), tr("priority"), tiers, tiers["priority"])
    channels = coverage(t.needs, "channel")
    names = channels["channel"].astype(str).map(lambda code: tr(words.CHANNELS.get(code, code)))
    yield _covered(tr("Served by who stated the need"), tr("channel"), channels, names)
    places = worst_first(coverage(t.needs, "community"))
    yield _covered(tr("Coverage by community"), tr("community"), places, places["community"])
    costs = {kind: float(value) for kind, value in t.plan.counted_cost.items() if value}
    yield Sheet(
        tr("What it costs"),
        (
            Column(tr("kind of cost"), TEXT, [*(tr(words.COSTS[kind]) for kind in costs), tr("together")]),
            Column(t.summary["currency"], MONEY, [*costs.values(), sum(costs.values())]),
        ),
    )


def _covered(title: str, by: str, found: pd.DataFrame, names: pd.Series) -> Sheet:
    return Sheet(
        title,
        (
            Column(by, TEXT, names.astype(str)),
            Column(tr("needs"), NUMBER, found["needs"]),
            Column(tr("asked"), NUMBER, found["asked"]),
            Column(tr("served"), NUMBER, found["served"]),
            Column(tr("unmet"), NUMBER, found["unmet"]),
            Column(tr("share"), SHARE, found["share"]),
        ),
    )


def picking(t: PlanTables) -> Sheet:
    """Return what leaves each hub on each day, for whom."""
    m = t.lines[t.lines["hub"].astype(str) != DIRECT]
    m = m.sort_values(["hub", "leave", "community", "given"], kind="stable")
    return _sheet(
        t,
        tr("Pick list by hub"),
        Column(tr("hub"), TEXT, m["hub"]),
        Column(tr("leaves on"), DAY, m["leave"]),
        Column(tr("item"), TEXT, m["given"]),
        Column(tr("quantity"), NUMBER, m["donated"]),
        Column(tr("unit"), TEXT, m["unit"]),
        Column(tr("weight, kg"), NUMBER, m["kg"]),
        Column(tr("community"), TEXT, m["community"]),
        Column(tr("need id"), TEXT, m["need"]),
        Column(tr("in the hub since"), DAY, m["arrival"]),
        Column(tr("donor"), TEXT, m["donor"]),
        Column(tr("donation id"), TEXT, m["donation"]),
        Column(tr("done"), TICK, m["need"]),
    )


def pick_up(t: PlanTables) -> Sheet:
    """Return what is fetched from each donor on each day, and where it goes first."""
    to = t.lines["hub"].astype(str)
    m = t.lines.assign(to=to.where(to != DIRECT, t.lines["community"].astype(str)))
    by = ["donor", "pickup", "donation", "given", "unit", "to"]
    if not t.dated:
        m["pickup"] = np.datetime64("1970-01-01", "s")
    m = m.groupby(by, observed=True, sort=True)[["donated", "kg"]].sum().reset_index()
    return _sheet(
        t,
        tr("Pick-up list by donor"),
        Column(tr("donor"), TEXT, m["donor"]),
        Column(tr("pick-up"), DAY, m["pickup"]),
        Column(tr("item"), TEXT, m["given"]),
        Column(tr("quantity"), NUMBER, m["donated"]),
        Column(tr("unit"), TEXT, m["unit"]),
        Column(tr("weight, kg"), NUMBER, m["kg"]),
        Column(tr("goes to"), TEXT, m["to"]),
        Column(tr("donation id"), TEXT, m["donation"]),
        Column(tr("done"), TICK, m["donor"]),
    )


def delivery(t: PlanTables) -> Sheet:
    """Return what each community receives on each day, with room to tick off and to sign."""
    m = t.lines.sort_values(["community", "delivery", "given", "need"], kind="stable")
    hub = m["hub"].astype(str)
    return _sheet(
        t,
        tr("Delivery list by community"),
        Column(tr("community"), TEXT, m["community"]),
        Column(tr("delivery"), DAY, m["delivery"]),
        Column(tr("item"), TEXT, m["given"]),
        Column(tr("quantity"), NUMBER, m["donated"]),
        Column(tr("unit"), TEXT, m["unit"]),
        Column(tr("for need id"), TEXT, m["need"]),
        Column(tr("that asks for"), TEXT, m["item"]),
        Column(tr("group"), TEXT, m["group"]),
        Column(tr("priority"), NUMBER, m["priority"]),
        Column(tr("comes from"), TEXT, hub.where(hub != DIRECT, m["donor"].astype(str))),
        Column(tr("done"), TICK, m["need"]),
        Column(tr("received by (signature)"), SIGN, m["need"]),
    )


def unmet(t: PlanTables) -> Sheet:
    """Return what is not served, the most urgent first."""
    n = t.needs[t.needs["unmet"] > 0]
    n = n.sort_values(["priority", "community", "item"], kind="stable")
    return _sheet(
        t,
        tr("Unmet"),
        Column(tr("priority"), NUMBER, n["priority"]),
        Column(tr("community"), TEXT, n["community"]),
        Column(tr("item"), TEXT, n["item"]),
        Column(tr("need id"), TEXT, n["need"]),
        Column(tr("group"), TEXT, n["group"]),
        Column(tr("asked"), NUMBER, n["asked"]),
        Column(tr("served"), NUMBER, n["served"]),
        Column(tr("unmet"), NUMBER, n["unmet"]),
        Column(tr("why"), TEXT, _in_words(n["reason"], words.UNMET)),
    )


def left_over(t: PlanTables) -> Sheet:
    """Return what is left over, what expires first at the top."""
    r = t.donations[t.donations["left_over"] > 0].sort_values("expires", kind="stable", na_position="last")
    return _sheet(
        t,
        tr("Left over"),
        Column(tr("donor"), TEXT, r["donor"]),
        Column(tr("item"), TEXT, r["item"]),
        Column(tr("left over"), NUMBER, r["left_over"]),
        Column(tr("unit"), TEXT, r["unit"]),
        Column(tr("offered"), NUMBER, r["offered"]),
        Column(tr("last day of use"), DAY, r["expires"]),
        Column(tr("donation id"), TEXT, r["donation"]),
        Column(tr("why"), TEXT, _in_words(r["reason"], words.LEFT_OVER)),
    )


def purchases(t: PlanTables) -> Sheet:
    """Return what the funds buy."""
    b = t.purchases.sort_values(["item", "day", "community"], kind="stable")
    return _sheet(
        t,
        tr("Purchases"),
        Column(tr("item"), TEXT, b["item"]),
        Column(tr("quantity"), NUMBER, b["quantity"]),
        Column(tr("amount, {currency}", currency=t.summary["currency"]), MONEY, b["amount"]),
        Column(tr("community"), TEXT, b["community"]),
        Column(tr("by"), DAY, b["day"]),
        Column(tr("need id"), TEXT, b["need"]),
        Column(tr("paid by"), TEXT, b["donor"]),
        Column(tr("done"), TICK, b["need"]),
    )


def _sheet(t: PlanTables, name: str, *columns: Column) -> Sheet:
    """Return a list; without days where the case knows none."""
    return Sheet(name, tuple(column for column in columns if t.dated or column.kind != DAY))


def _in_words(codes: pd.Series, reasons: Mapping[str, str]) -> pd.Series:
    return codes.astype(str).map(lambda code: tr(reasons.get(code, code)))
