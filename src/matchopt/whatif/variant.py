"""What-if cases: changed copies of a case, in which the days of the plan stay those of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import Floats
from matchopt.contract.case import Case
from matchopt.contract.fields import Kind
from matchopt.contract.frames import empty_table
from matchopt.contract.plan import Plan
from matchopt.contract.schema import TABLES
from matchopt.contract.settings import Settings
from matchopt.model.calendar import Calendar

WHAT_IF = "what-if"
"""The id of a donation that nobody made yet."""

_NOTHING = {Kind.NUMBER: float("nan"), Kind.WHOLE: float("nan"), Kind.DAY: pd.NaT, Kind.FLAG: False}
"""What a cell holds that is not given, where the schema has no default; texts are empty."""


class Variant:
    """Makes changed copies of the case of a plan.

    Attributes
    ----------
    case
        The case itself.
    dated
        Whether it knows days.
    start, end
        First and last day of the plan; NaT if it knows none.
    """

    def __init__(self, plan: Plan) -> None:
        self.case = plan.case
        days = plan.summary["horizon"]
        self.dated = bool(days.get("start"))
        self.start: Any = pd.Timestamp(days["start"]) if self.dated else pd.NaT
        self.end: Any = pd.Timestamp(days["end"]) if self.dated else pd.NaT
        self._pinned: dict[str, Any] = {}
        if self.dated:
            self._pinned["horizon"] = {end: date.fromisoformat(days[end]) for end in ("start", "end")}

    def of(self, case: Case) -> Variant:
        """Return what makes changed copies of another case of the same days."""
        other = copy(self)
        other.case = case
        return other

    def replace(self, *, settings: Mapping[str, Any] | None = None, **tables: pd.DataFrame | None) -> Case:
        """Return a copy with tables or settings changed; columns without a meaning may be missing in it."""
        return self.case.replace(settings={**self._pinned, **(settings or {})}, **tables)

    def with_donations(self, donations: pd.DataFrame) -> Case:
        """Return a copy with further donations, below those there are.

        Their items and communities are the case's own, so that nothing in them needs a check.
        """
        given = self.case.donations
        rows = pd.DataFrame(index=range(len(donations)))
        for column in TABLES["donations"].columns:
            cells: Any = column.default if column.default is not None else _NOTHING.get(column.kind, "")
            if column.name in donations:
                cells = donations[column.name].to_numpy()
            rows[column.name] = pd.Series(cells, index=rows.index, dtype=given[column.name].dtype)
        rows["donor"] = rows["donation_id"]
        tables = {**self.case.tables, "donations": pd.concat([given, rows], ignore_index=True)}
        extras = {name: table for name, table in self.case.extras.items() if name != "donations"}
        settings = self.case.settings.updated(self._pinned)
        return Case.unchecked(tables, settings, extras)

    def step(self, item: str) -> float:
        """Return the smallest quantity in which an item is moved."""
        steps = self.case.table("items").set_index("item")["step"]
        return float(steps.get(item, 1.0))


Tables = Mapping[str, pd.DataFrame]
"""The tables of a case by name."""


def without_commitments(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return the tables of a case in which nothing is promised."""
    return {name: table for name, table in tables.items() if name != "commitments"}


def with_lines_that_stay(tables: Tables, lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of a case in which these lines stay as they are, and nothing else is promised.

    Parameters
    ----------
    tables
        Those of the case.
    lines
        donation_id, need_id, quantity (donated), hub, pickup_day, arrival_day, delivery_day.
    """
    if not len(lines):
        return without_commitments(tables)
    rows = lines.assign(allocation_id="", status="accepted")
    empty = empty_table(TABLES["commitments"])
    columns = {name: pd.Series(rows[name].to_numpy(), dtype=empty[name].dtype) for name in empty.columns}
    return {**tables, "commitments": pd.DataFrame(columns)}


def horizon_kept(case: Case) -> Settings:
    """Return the settings with the horizon of the whole case, for copies that lack some of its rows."""
    calendar = Calendar.of(case)
    if not calendar.dated:
        return case.settings
    first, last = (pd.Timestamp(day) for day in calendar.dates(np.array([calendar.start, calendar.end])))
    return case.settings.updated({"horizon": {"start": first.date(), "end": last.date()}})


def served_by(case: Case, lines: pd.DataFrame) -> Floats:
    """Return the units of the need that each line serves."""
    given = case.donations.set_index("donation_id")["item"].reindex(lines["donation_id"])
    asked = case.needs.set_index("need_id")["item"].reindex(lines["need_id"])
    pairs = pd.MultiIndex.from_arrays([asked, given])
    table = case.table("substitutions").set_index(["need_item", "donated_item"])["ratio"]
    ratio = table.reindex(pairs).to_numpy(dtype=np.float64)
    items = case.table("items").set_index("item")
    kind = items["kind"].reindex(given).to_numpy(dtype=object)
    price = items["purchase_price"].reindex(asked).to_numpy(dtype=np.float64)
    same = given.to_numpy(dtype=object) == asked.to_numpy(dtype=object)
    bought = np.isnan(ratio) & ~same & (kind == "funds")
    ratio = np.where(same, 1.0, np.where(bought, 1 / price, ratio))
    served: Floats = np.round(lines["quantity"].to_numpy(dtype=np.float64) * ratio, 6)
    return served
