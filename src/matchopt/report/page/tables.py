"""The tables of the page: column by column, texts as codes of distinct ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import tr
from matchopt.model.analysis import Analysis
from matchopt.report import words
from matchopt.report.page.charts import days_to_expiry
from matchopt.report.page.public import COUNTS, suppressed
from matchopt.report.sums import coverage, rows, worst_first
from matchopt.report.wishes import when
from matchopt.result.plan_tables import DIRECT, PlanTables

MOST_ROWS = 20_000
"""Rows of a table that go into the page; the rest stand in the files of the run."""

TEXT, NUMBER, COUNT, MONEY, SHARE, DAY = "text", "number", "count", "money", "share", "day"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, what its cells are, and the cells."""

    title: str
    kind: str
    cells: Any


def table(name: str, title: str, columns: list[Column], file: str = "", note: str = "") -> dict[str, Any]:
    """Return a table as the page takes it; its first `MOST_ROWS` rows if there are more."""
    rows = len(columns[0].cells) if columns else 0
    if rows > MOST_ROWS:
        note = tr(
            "The first {shown} of {all} rows; all of them are in {file}.",
            shown=f"{MOST_ROWS:,}",
            all=f"{rows:,}",
            file=file or "plan/",
        )
    return {
        "id": name,
        "title": title,
        "note": note,
        "rows": min(rows, MOST_ROWS),
        "columns": [
            {"title": c.title, "kind": c.kind, "cells": _cells(c.kind, c.cells[:MOST_ROWS])} for c in columns
        ],
    }


def _cells(kind: str, cells: Any) -> Any:
    """Return cells as JSON takes them: texts and days once each with codes, numbers in short."""
    if kind in (TEXT, DAY):
        if kind == DAY:
            cells = pd.Series(cells).dt.strftime("%Y-%m-%d").fillna("")
        code, values = pd.factorize(np.asarray(cells, dtype=object))
        return {"texts": [str(v) for v in values.tolist()], "codes": code.tolist()}
    digits = 4 if kind in (MONEY, SHARE) else 6
    return [
        None if v != v else int(v) if v == int(v) else v
        for v in np.round(np.asarray(cells, dtype=float), digits).tolist()
    ]


def all_tables(t: PlanTables, wanted: pd.DataFrame, found: Analysis) -> list[dict[str, Any]]:
    """Return all tables of the page that have something to say; `wanted` is what to ask for."""
    made = [
        supply(t, found.items),
        wishes(t, wanted),
        communities(t),
        groups(t),
        items(t),
        unmet(t),
        left_over(t),
        deliveries(t),
        purchases(t),
    ]
    return [one for one in made if one["rows"]]


def _served(t: PlanTables, found: pd.DataFrame) -> list[Column]:
    """Return the columns that tell how much is served."""
    if t.public:
        found = suppressed(found, COUNTS, ("asked", "served", "unmet", "share"))
    return [
        Column(tr("needs"), COUNT, found["needs"]),
        Column(tr("in full"), COUNT, found["full"]),
        Column(tr("in part"), COUNT, found["part"]),
        Column(tr("not at all"), COUNT, found["none"]),
        Column(tr("units asked for"), NUMBER, found["asked"]),
        Column(tr("served"), NUMBER, found["served"]),
        Column(tr("unmet"), NUMBER, found["unmet"]),
        Column(tr("share"), SHARE, found["share"]),
    ]


def communities(t: PlanTables) -> dict[str, Any]:
    """Return coverage by community, the worst first."""
    found = worst_first(coverage(t.needs, "community"))
    columns = [Column(tr("community"), TEXT, found["community"]), *_served(t, found)]
    return table("communities", tr("Coverage by community"), columns, "plan/needs.csv")


def groups(t: PlanTables) -> dict[str, Any]:
    """Return coverage by community and group, with the main reason for what is missing."""
    found = worst_first(coverage(t.needs, ["community", "group"]))
    columns = [
        Column(tr("community"), TEXT, found["community"]),
        Column(tr("group"), TEXT, found["group"]),
        *_served(t, found),
    ]
    if not t.public:
        columns.append(Column(tr("mostly because"), TEXT, _mostly(t.needs, found, ["community", "group"])))
    return table("groups", tr("Coverage by community and group"), columns, "plan/needs.csv")


def items(t: PlanTables) -> dict[str, Any]:
    """Return what is missing, item by item: the most urgent first."""
    found = coverage(t.needs, "item")
    urgent = t.needs[t.needs["priority"] <= 2].groupby("item", observed=True)["unmet"].sum()
    found = found.assign(urgent=found["item"].map(urgent).astype(float).fillna(0.0))
    found = found.sort_values(["urgent", "unmet"], ascending=False, kind="stable", ignore_index=True)
    columns = [
        Column(tr("item"), TEXT, found["item"]),
        Column(tr("unmet of priority 1 and 2"), NUMBER, found["urgent"]),
        *_served(t, found),
    ]
    if not t.public:
        columns.append(Column(tr("mostly because"), TEXT, _mostly(t.needs, found, ["item"])))
    return table("items", tr("What is missing, item by item"), columns, "plan/needs.csv")


def _mostly(needs: pd.DataFrame, found: pd.DataFrame, by: list[str]) -> list[str]:
    """Return in words the reason that most of the unmet units of each row have."""
    short = needs[needs["unmet"] > 0]
    sums = short.groupby([*by, "reason"], observed=True)["unmet"].sum().reset_index()
    largest = sums.sort_values("unmet", ascending=False, kind="stable").drop_duplicates(by)
    main = largest.set_index(by)["reason"]
    if len(by) > 1:
        at = main.reindex(pd.MultiIndex.from_frame(found[by].astype(object)))
    else:
        at = main.reindex(found[by[0]])
    return [_why(code, words.UNMET) for code in at.astype(object).tolist()]


def _why(code: object, reasons: Mapping[str, str]) -> str:
    return tr(reasons.get(code, code)) if isinstance(code, str) and code else ""


def wishes(t: PlanTables, found: pd.DataFrame) -> dict[str, Any]:
    """Return what to ask for, a row an item, the most wanted first; `found` as `wished` has it."""
    columns = [
        Column(tr("item"), TEXT, found["item"]),
        Column(tr("priority"), NUMBER, found["priority"]),
        Column(tr("units at this value"), NUMBER, found["units"]),
        Column(tr("needs"), COUNT, found["needs"]),
        Column(tr("served per unit"), NUMBER, found["served_per_unit"]),
        Column(
            tr("cost per unit, {currency}", currency=t.summary["currency"]), MONEY, found["cost_per_unit"]
        ),
    ]
    title, note = tr("What to ask for, the most wanted first"), ""
    if not t.public:
        columns[1:1] = [
            Column(tr("place"), TEXT, found["place"]),
            Column(tr("when"), TEXT, [when(t.plan, wish) for wish in rows(found)]),
        ]
        columns.append(Column(tr("need id"), TEXT, found["need_ids"].str.replace(";", ", ")))
        note = tr(
            "For each item the place that lacks the most urgent and most of it; all places: "
            "matchopt wishlist RUN"
        )
    return table("wishes", title, columns, note=note)


def supply(t: PlanTables, found: pd.DataFrame) -> dict[str, Any]:
    """Return demand and supply by item; `found` as `matchopt.model.analysis.Analysis.items` has it."""
    title = tr("Asked for and offered, item by item")
    if t.public:
        return table("supply", title, [])
    columns = [
        Column(tr("item"), TEXT, found["item"]),
        Column(tr("category"), TEXT, found["category"]),
        Column(tr("needs"), COUNT, found["needs"]),
        Column(tr("units asked for"), NUMBER, found["asked"]),
        Column(tr("urgent"), NUMBER, found["urgent"]),
        Column(tr("donations"), COUNT, found["donations"]),
        Column(tr("offered"), NUMBER, found["offered"]),
        Column(tr("missing"), NUMBER, found["short"]),
        Column(tr("too much"), NUMBER, found["over"]),
        Column(tr("could stand in"), NUMBER, found["substitutes"]),
        Column(tr("covered at best"), SHARE, found["cover"]),
    ]
    return table(
        "supply", title, columns, "plan/needs.csv", tr("Before anything is planned: matchopt needs CASE")
    )


def unmet(t: PlanTables) -> dict[str, Any]:
    """Return the needs that are not served in full, the most urgent first."""
    short = t.needs[t.needs["unmet"] > 0]
    if t.public:
        return table("unmet", tr("Needs not served in full"), [])
    short = short.sort_values(["priority", "unmet"], ascending=[True, False], kind="stable")
    columns = [
        Column(tr("need id"), TEXT, short["need"]),
        Column(tr("community"), TEXT, short["community"]),
        Column(tr("item"), TEXT, short["item"]),
        Column(tr("group"), TEXT, short["group"]),
        Column(tr("priority"), COUNT, short["priority"]),
        Column(tr("asked"), NUMBER, short["asked"]),
        Column(tr("served"), NUMBER, short["served"]),
        Column(tr("unmet"), NUMBER, short["unmet"]),
        Column(tr("why"), TEXT, _in_words(short["reason"], words.UNMET)),
    ]
    return table("unmet", tr("Needs not served in full"), columns, "plan/needs.csv")


def left_over(t: PlanTables) -> dict[str, Any]:
    """Return what is left over, what expires first at the top."""
    rest = t.donations[t.donations["left_over"] > 0]
    rest = rest.assign(days=days_to_expiry(t, rest)).sort_values("days", kind="stable", na_position="last")
    title = tr("Donations left over")
    if t.public:
        found = rest.groupby("item", observed=True).agg(
            needs=("left_over", "size"), left=("left_over", "sum")
        )
        shown = suppressed(found.reset_index(), [], ("left",))
        columns = [
            Column(tr("item"), TEXT, shown["item"]),
            Column(tr("donations"), COUNT, shown["needs"]),
            Column(tr("left over"), NUMBER, shown["left"]),
        ]
        return table("left", title, columns)
    columns = [
        Column(tr("donation id"), TEXT, rest["donation"]),
        Column(tr("donor"), TEXT, rest["donor"]),
        Column(tr("item"), TEXT, rest["item"]),
        Column(tr("offered"), NUMBER, rest["offered"]),
        Column(tr("left over"), NUMBER, rest["left_over"]),
        Column(tr("unit"), TEXT, rest["unit"]),
        Column(tr("why"), TEXT, _in_words(rest["reason"], words.LEFT_OVER)),
        Column(tr("last day of use"), DAY, rest["expires"]),
        Column(tr("days to expiry after the plan ends"), COUNT, rest["days"]),
    ]
    return table("left", title, columns, "plan/donations.csv")


def _in_words(codes: pd.Series, reasons: Mapping[str, str]) -> pd.Series:
    return codes.astype("category").cat.rename_categories(lambda code: _why(code, reasons) or code)


def deliveries(t: PlanTables) -> dict[str, Any]:
    """Return who gives what to whom, by which way and when."""
    if t.public:
        return table("deliveries", tr("Deliveries"), [])
    m = t.lines.sort_values(["delivery", "community"], kind="stable") if t.dated else t.lines
    hub = m["hub"].astype(str)
    columns = [
        Column(tr("donor"), TEXT, m["donor"]),
        Column(tr("donation id"), TEXT, m["donation"]),
        Column(tr("gives"), TEXT, m["given"]),
        Column(tr("quantity"), NUMBER, m["donated"]),
        Column(tr("community"), TEXT, m["community"]),
        Column(tr("need id"), TEXT, m["need"]),
        Column(tr("for"), TEXT, m["item"]),
        Column(tr("group"), TEXT, m["group"]),
        Column(tr("priority"), COUNT, m["priority"]),
        Column(tr("served"), NUMBER, m["served"]),
        Column(tr("way"), TEXT, hub.where(hub != DIRECT, tr("direct"))),
    ]
    if t.dated:
        columns += [
            Column(tr("pick-up"), DAY, m["pickup"]),
            Column(tr("at the hub"), DAY, m["arrival"]),
            Column(tr("delivery"), DAY, m["delivery"]),
        ]
    columns.append(Column(tr("cost, {currency}", currency=t.summary["currency"]), MONEY, m["cost"]))
    return table("deliveries", tr("Deliveries: who gives what to whom"), columns, "plan/allocations.csv")


def purchases(t: PlanTables) -> dict[str, Any]:
    """Return what the funds buy."""
    title, currency = tr("What the funds buy"), t.summary["currency"]
    if t.public:
        sums = t.purchases.groupby("item", observed=True).agg(
            needs=("quantity", "size"), quantity=("quantity", "sum"), amount=("amount", "sum")
        )
        shown = suppressed(sums.reset_index(), [], ("quantity", "amount"))
        return table(
            "purchases",
            title,
            [
                Column(tr("item"), TEXT, shown["item"]),
                Column(tr("quantity"), NUMBER, shown["quantity"]),
                Column(tr("amount, {currency}", currency=currency), MONEY, shown["amount"]),
            ],
        )
    b = t.purchases
    columns = [
        Column(tr("item"), TEXT, b["item"]),
        Column(tr("community"), TEXT, b["community"]),
        Column(tr("need id"), TEXT, b["need"]),
        Column(tr("quantity"), NUMBER, b["quantity"]),
        Column(tr("amount, {currency}", currency=currency), MONEY, b["amount"]),
        Column(tr("paid by"), TEXT, b["donor"]),
    ]
    if t.dated:
        columns.insert(3, Column(tr("by"), DAY, b["day"]))
    return table("purchases", title, columns, "plan/purchases.csv")
