"""One table of a report: declared once, shown on a terminal, in a page and in a workbook.

`matchopt.report.terminal`, `matchopt.report.page` and `matchopt.report.workbook` show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from matchopt.arrays import Floats
from matchopt.language import mark, tr

TEXT, NUMBER, COUNT, MONEY, SHARE, DAY = "text", "number", "count", "money", "share", "day"
GAP, FIGURE, TICK, SIGN = "gap", "figure", "tick", "sign"
"""What the cells of a column are.

A gap is told to two digits however small; a figure is a text that is set like a number; a column to tick off
and one to sign in come empty.
"""

FIGURES = (NUMBER, COUNT, MONEY, SHARE, GAP)
"""Kinds of numbers: NaN is not known, None has nothing to say."""


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column.

    Attributes
    ----------
    title
        Its header.
    kind
        What its cells are.
    cells
        The cells (n,).
    whole
        What a share is a part of (n,), where its cells are the parts; None where they are the shares.
    digits
        Decimals that a terminal and a page round to; None for all that there are.
    signed
        Whether a terminal puts a plus before what is above 0.
    """

    title: str
    kind: str
    cells: Any
    whole: Any = None
    digits: tuple[int | None, int | None] = (None, None)
    signed: bool = False


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table.

    Attributes
    ----------
    title
        What it shows.
    columns
        Its columns, one at the least.
    name
        What a page calls it.
    file
        The file of the run that has all rows, for a page that has the first alone.
    note
        What a page says above it.
    bars
        For each row the share (0..1) that a terminal draws as a bar; empty for no bars.
    last_is_sum
        Whether the last row adds up the others.
    left_out
        How many more rows there are.
    """

    title: str
    columns: Sequence[ReportColumn]
    name: str = ""
    file: str = ""
    note: str = ""
    bars: Sequence[float] = field(default=())
    last_is_sum: bool = False
    left_out: int = 0

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.columns[0].cells)

    def head(self, most: int) -> ReportTable:
        """Return the table with no more than its first `most` rows."""
        return replace(self.part(slice(most)), left_out=max(0, self.rows - most))

    def part(self, rows: slice) -> ReportTable:
        """Return the table with some of its rows."""
        cut = [
            replace(c, cells=c.cells[rows], whole=None if c.whole is None else c.whole[rows])
            for c in self.columns
        ]
        return replace(self, columns=cut, bars=self.bars[rows])


def numbers(column: ReportColumn) -> Floats:
    """Return the cells of a column of numbers; shares of nothing are 1."""
    cells = np.asarray(column.cells, dtype=float)
    if column.whole is None:
        return cells
    whole = np.asarray(column.whole, dtype=float)
    shares: Floats = np.divide(cells, whole, out=np.ones_like(cells), where=whole != 0)
    return shares


class Field(NamedTuple):
    """How a column of a frame is shown; `source` is its name in the frame if it has another here."""

    title: str
    kind: str = TEXT
    source: str = ""
    digits: tuple[int | None, int | None] = (None, None)
    signed: bool = False


FIELDS: Mapping[str, Field] = {
    "after": Field(mark("after"), NUMBER, digits=(6, None)),
    "allocation_id": Field(mark("allocation id")),
    "amount": Field("", MONEY),
    "arrival": Field(mark("at the hub"), DAY),
    "asked": Field(mark("asked"), NUMBER),
    "asked_so_far": Field(mark("asked so far"), NUMBER),
    "basis": Field(mark("rests on")),
    "before": Field(mark("before"), NUMBER, digits=(6, None)),
    "category": Field(mark("category")),
    "cause": Field(mark("cause")),
    "change": Field(mark("difference"), NUMBER, digits=(6, None), signed=True),
    "community": Field(mark("community")),
    "cost": Field(mark("cost"), MONEY),
    "cost_per_unit": Field("", MONEY),
    "cover": Field(mark("covered at best"), SHARE),
    "currency": Field(mark("currency")),
    "day": Field(mark("by"), DAY),
    "days": Field(mark("days to expiry after the plan ends"), COUNT),
    "delay": Field(mark("days late"), NUMBER),
    "delivered": Field(mark("delivered"), NUMBER),
    "delivery": Field(mark("delivery"), DAY),
    "delivery_day": Field(mark("delivery"), DAY),
    "donated": Field(mark("quantity"), NUMBER),
    "donation": Field(mark("donation id")),
    "donation_id": Field(mark("donation id")),
    "donations": Field(mark("donations"), COUNT),
    "done": Field(mark("done"), TICK),
    "donor": Field(mark("donor")),
    "expected": Field(mark("likely loss"), NUMBER),
    "expires": Field(mark("last day of use"), DAY),
    "failed": Field(mark("donations that failed"), COUNT),
    "findings": Field(mark("findings")),
    "full": Field(mark("in full"), COUNT),
    "gap": Field(mark("gap"), GAP),
    "given": Field(mark("item")),
    "group": Field(mark("group")),
    "hub": Field(mark("hub")),
    "item": Field(mark("item")),
    "kg": Field(mark("weight, kg"), NUMBER),
    "late": Field(mark("came late"), NUMBER),
    "leave": Field(mark("leaves on"), DAY),
    "left_over": Field(mark("left over"), NUMBER),
    "known_lines": Field(mark("lines it rests on"), NUMBER),
    "lines": Field(mark("lines"), NUMBER),
    "lost": Field(mark("lost without it"), NUMBER),
    "matched_on": Field(mark("matched on"), DAY),
    "month": Field(mark("month")),
    "most": Field(mark("most of all")),
    "mostly": Field(mark("mostly because")),
    "name": Field(mark("case")),
    "need": Field(mark("need id")),
    "need_id": Field(mark("need id")),
    "need_ids": Field(mark("need id")),
    "needs": Field(mark("needs"), COUNT),
    "none": Field(mark("not at all"), COUNT),
    "not_provided": Field(mark("not provided"), NUMBER),
    "offered": Field(mark("offered"), NUMBER),
    "offered_so_far": Field(mark("offered so far"), NUMBER),
    "open": Field(mark("units open"), NUMBER),
    "outcome": Field(mark("outcome")),
    "over": Field(mark("too much"), NUMBER),
    "part": Field(mark("in part"), COUNT),
    "pickup": Field(mark("pick-up"), DAY),
    "place": Field(mark("place")),
    "planned": Field(mark("planned"), NUMBER),
    "planned_day": Field(mark("planned day"), DAY),
    "planned_share": Field(mark("planned share"), SHARE),
    "policy": Field(mark("way of planning")),
    "priority": Field(mark("priority"), COUNT),
    "promised": Field(mark("promised"), NUMBER),
    "quantity": Field(mark("quantity"), NUMBER),
    "rank": Field(mark("priority"), TEXT, "priority"),
    "rate": Field(mark("acceptance rate"), SHARE),
    "rated_lines": Field(mark("lines rated"), NUMBER),
    "reached": Field(mark("delivered"), NUMBER),
    "reached_share": Field(mark("reached share"), SHARE),
    "reliability": Field(mark("reliability"), SHARE),
    "responsible": Field(mark("responsible")),
    "run": Field(mark("run folder")),
    "satisfaction": Field(mark("satisfaction"), NUMBER),
    "seconds": Field(mark("seconds"), NUMBER),
    "sender": Field(mark("comes from")),
    "served": Field(mark("served"), NUMBER),
    "served_per_unit": Field(mark("served per unit"), NUMBER),
    "share": Field(mark("share"), SHARE),
    "short": Field(mark("missing"), NUMBER),
    "signature": Field(mark("received by (signature)"), SIGN),
    "substitutes": Field(mark("could stand in"), NUMBER),
    "there": Field(mark("units there"), NUMBER),
    "tier": Field(mark("priority"), NUMBER, "priority"),
    "to": Field(mark("goes to")),
    "unit": Field(mark("unit")),
    "units": Field(mark("units at this value"), NUMBER),
    "units_asked": Field(mark("units asked for"), NUMBER, "asked"),
    "unmet": Field(mark("unmet"), NUMBER),
    "urgent": Field(mark("urgent"), NUMBER),
    "way": Field(mark("way")),
    "when": Field(mark("when")),
    "why": Field(mark("why")),
    "obstacles": Field(mark("to be lifted together")),
}
"""What columns of frames are called and hold, wherever they are shown."""


def columns(frame: pd.DataFrame, names: str, **titles: str) -> list[ReportColumn]:
    """Return columns of a frame by their names in `FIELDS`, under other `titles` where some are given."""
    made = []
    for name in names.split():
        title, kind, source, digits, signed = FIELDS[name]
        cells = frame.index if kind in (TICK, SIGN) else frame[source or name]
        made.append(ReportColumn(titles.get(name) or tr(title), kind, cells, None, digits, signed))
    return made
