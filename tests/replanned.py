"""Random small cases after a plan: lines that stay, pairs that are barred, lines that it costs to change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd
import pytest
from hypothesis import strategies as st

import matchopt
from comparison import check_whole, rows_of
from drawing import day, written
from matchopt import Case
from matchopt.verifier import pairs
from oracle import solve
from small_case import Row, SmallCase
from strategies import small_cases

PINNED = ("accepted", "in_transit", "delivered")
STATUSES = ("planned", "planned", "planned", "planned", *PINNED, "declined", "cancelled", None)
CHURN = (0, 0.0003, 0.5, 2, 10, 1000)

PARTS: dict[str, dict[str, Any]] = {
    "plain": {"plain": True},
    "days": {"always": ("days", "hubs", "lanes", "lead times"), "plain": True},
    "capacities": {"always": ("capacities",), "plain": True},
    "whole": {"always": ("big lots", "single source", "all or nothing", "few communities"), "plain": True},
    "ratios": {"always": ("ratios", "funds", "odd steps"), "plain": True},
    "thirds": {"always": ("funds",), "plain": True, "thirds": True},
    "fairness": {"always": ("fairness",), "plain": True},
    "budget": {"always": ("budget",), "plain": True},
    "total cost": {"always": ("total cost", "unmet costs")},
    "all": {},
}
"""What is drawn, by kind; see `replanned_cases`."""


def check(small: SmallCase) -> None:
    """A case is planned as the integer program says, or as far as the plan claims to be.

    The verifier agrees, whether it looks at all pairs or passes over those that cannot matter.
    """
    rules = small.rules()
    plan = matchopt.plan(small.case())
    check_whole(rules, solve(rules), plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "FEW_PAIRS", 0)
        assert matchopt.verify(plan.case, plan) == ()


class _Later:
    """Draws what became of the plan of a case, changes the case a little, and adds rows of people's own."""

    def __init__(self, draw: st.DrawFn, small: SmallCase, *, thirds: bool) -> None:
        self.draw = draw
        self.thirds = thirds
        self.small = small
        self.needs = {row["need_id"]: row for row in small.tables["needs"]}
        self.donations = {row["donation_id"]: row for row in small.tables["donations"]}
        self.items = {row["item"]: row for row in small.tables.get("items", ())}
        if thirds:
            self._buys_at_odd_prices()
        self.dated = small.rules().calendar.dated
        plan = matchopt.plan(small.case())
        rows = [row for line in rows_of(plan.allocations) for row in self._became(line._asdict())]
        self._happens()
        rows += [self._own() for _ in range(draw(st.integers(0, 3)))]
        self.rows = self._within_reach(rows)

    def one(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def _buys_at_odd_prices(self) -> None:
        """Let money buy at prices of which no ratio is a finite decimal, and be enough for some."""
        for row in self.items.values():
            if row.get("kind", "goods") != "funds":
                row["purchase_price"] = self.one(3, 7, 900)
        for row in self.donations.values():
            if self._is_money(row):
                more = self.one(0, self._step(row["item"]))
                row["quantity"] = row["quantity"] * self.one(1, 1, 50, 300) + more

    def _is_money(self, donation: Row) -> bool:
        return bool(self.items.get(donation["item"], {}).get("kind") == "funds")

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
        many = (100, 300) if self.thirds and not goods else ()
        row = {
            "donation_id": giver,
            "need_id": taker,
            "quantity": self.one(1, 2, 3, *many) * self._step(item),
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
    draw: st.DrawFn, always: Collection[str] = (), plain: bool = False, most: int = 5, thirds: bool = False
) -> SmallCase:
    """Draw a case that an earlier plan has led to something in; arguments as for `small_cases`.

    With `thirds` money buys at 3, 7 or 900 a unit, so that pinned lines leave what no decimal holds.
    """
    small = draw(small_cases(most, most, always=always, plain=plain)).copy()
    later = _Later(draw, small, thirds=thirds)
    if later.rows:
        small.tables["commitments"] = later.rows
    small.settings.setdefault("policy", {})["churn_cost"] = draw(st.sampled_from(CHURN))
    return small


class _Follows:
    """Plans a case, and once more after that plan, of whose lines some rows tell by their ids."""

    def __init__(self, draw: st.DrawFn, small: SmallCase, churn: float) -> None:
        self.draw, self.small = draw, small
        small.settings.setdefault("policy", {})["churn_cost"] = churn
        self.plan = matchopt.plan(small.case())

    def on(self) -> None:
        """Plan anew."""
        rows = [row for line in rows_of(self.plan.allocations) for row in self._told(line)]
        frames: dict[str, Any] = self.small.frames()
        frames.pop("commitments", None)
        if rows:
            frames["commitments"] = pd.DataFrame(rows, dtype=object)
        case = Case.from_frames(settings=self.small.settings, earlier=self.plan, **frames)
        completed = case.table("commitments").astype(object)
        told = completed.where(completed.notna(), None).to_dict("records")
        self.small.tables["commitments"] = [_as_drawn(row) for row in told]
        self.plan = matchopt.plan(case, warm=self.plan)
        assert matchopt.verify(case, self.plan) == ()

    def _told(self, line: Any) -> list[Row]:
        status = self.draw(st.sampled_from((*STATUSES, None, None)))
        part = self.draw(st.sampled_from((None, None, 0.5)))
        if status is None:
            return []
        row = {"allocation_id": line.allocation_id, "status": status}
        return [row if part is None else {**row, "quantity": part * line.donated_quantity}]


def _as_drawn(row: Any) -> Row:
    return written(
        {
            name: value.date().isoformat() if isinstance(value, pd.Timestamp) else value or None
            for name, value in row.items()
        }
    )


@st.composite
def follow_up(draw: st.DrawFn, days: int = 2) -> SmallCase:
    """Draw a case that is planned anew on some `days`, each time after the plan before; all plans verify."""
    small = draw(small_cases(4, 4)).copy()
    follows = _Follows(draw, small, draw(st.sampled_from(CHURN)))
    for _ in range(days):
        follows.on()
    return small
