"""Random small cases after a plan: lines that stay, pairs that are barred, lines that it costs to change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd
from hypothesis import strategies as st

import matchopt
from comparison import rows_of
from drawing import day, written
from small_case import Row, SmallCase
from strategies import small_cases

PINNED = ("accepted", "in_transit", "delivered")
STATUSES = ("planned", "planned", "planned", "planned", *PINNED, "declined", "cancelled", None)
CHURN = (0, 0.0003, 0.5, 2, 10, 1000)


class _Later:
    """Draws what became of the plan of a case, changes the case a little, and adds rows of people's own."""

    def __init__(self, draw: st.DrawFn, small: SmallCase) -> None:
        self.draw = draw
        self.small = small
        self.needs = {row["need_id"]: row for row in small.tables["needs"]}
        self.donations = {row["donation_id"]: row for row in small.tables["donations"]}
        self.items = {row["item"]: row for row in small.tables.get("items", ())}
        self.dated = small.rules().calendar.dated
        plan = matchopt.plan(small.case())
        rows = [row for line in rows_of(plan.allocations) for row in self._became(line._asdict())]
        self._happens()
        rows += [self._own() for _ in range(draw(st.integers(0, 3)))]
        self.rows = self._within_reach(rows)

    def one(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def _became(self, line: Row) -> list[Row]:
        status = self.one(*STATUSES)
        if status is None:
            return []
        row = {
            "donation_id": line["donation_id"],
            "need_id": line["need_id"],
            "quantity": self.one(1, 1, 1, 0.5) * line["donated_quantity"],
            "hub": line["hub"] or None,
            "status": status,
        }
        for name in ("pickup_day", "arrival_day", "delivery_day"):
            if self.dated and not pd.isna(line[name]):
                row[name] = line[name].date().isoformat()
        half = row["quantity"] < line["donated_quantity"]
        rest = [dict(row, status=self.one("planned", *PINNED))] if half else []
        return [written(row), *map(written, rest)]

    def _happens(self) -> None:
        """Change some quantities, windows and qualities, so that not all lines can be kept."""
        for row in (*self.needs.values(), *self.donations.values()):
            if self.one(False, False, False, True):
                step = self._step(row["item"])
                row["quantity"] = max(round(row["quantity"] * self.one(0.5, 2, 2) / step), 1) * step
            if self.one(False, False, False, False, True):
                row["min_quality" if "need_id" in row else "quality"] = self.one(1, 3, 5)

    def _step(self, item: str) -> float:
        return float(self.items.get(item, {}).get("step", 1))

    def _own(self) -> Row:
        """Draw a row that no plan has led to: any pair, any hub, any days."""
        giver, taker = self.one(*self.donations), self.one(*self.needs)
        item = self.donations[giver]["item"]
        goods = self.items.get(item, {}).get("kind", "goods") == "goods"
        hubs = [hub["hub"] for hub in self.small.tables.get("hubs", ()) if goods]
        row = {
            "donation_id": giver,
            "need_id": taker,
            "quantity": self.one(1, 2, 3) * self._step(item),
            "hub": self.one(None, *hubs),
            "status": self.one(*STATUSES[:-1]),
        }
        if self.one(True, False):
            days = sorted(self.one(*range(-1, 7)) for _ in range(3))
            named = zip(("pickup_day", "arrival_day", "delivery_day"), map(day, days), strict=True)
            row |= {name: at for name, at in named if row["hub"] or name != "arrival_day"}
        return written(row)

    def _within_reach(self, rows: list[Row]) -> list[Row]:
        """Leave out pinned rows that fit nothing, or that exceed what is there or asked."""
        rules = self.small.rules()
        left = {row["donation_id"]: rules.offered(i) for i, row in enumerate(rules.donations)}
        short = {row["need_id"]: rules.asked(j) for j, row in enumerate(rules.needs)}
        places = list(left), list(short)
        found = []
        for row in rows:
            pair = places[0].index(row["donation_id"]), places[1].index(row["need_id"])
            if row["status"] in PINNED:
                quantity = type(left[row["donation_id"]])(str(row["quantity"]))
                served = quantity * rules.ratio.get(pair, 0)
                if not served or quantity > left[row["donation_id"]] or served > short[row["need_id"]]:
                    continue
                left[row["donation_id"]] -= quantity
                short[row["need_id"]] -= served
            found.append(row)
        return found


@st.composite
def replanned_cases(
    draw: st.DrawFn, always: Collection[str] = (), plain: bool = False, most: int = 5
) -> SmallCase:
    """Draw a case that an earlier plan has led to something in; arguments as for `small_cases`."""
    small = draw(small_cases(most, most, always=always, plain=plain)).copy()
    later = _Later(draw, small)
    if later.rows:
        small.tables["commitments"] = later.rows
    small.settings.setdefault("policy", {})["churn_cost"] = draw(st.sampled_from(CHURN))
    return small
