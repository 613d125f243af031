"""Tampering: one field of a right plan changed, so that it is wrong; and whether the verifier finds it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

import matchopt
from matchopt import Case, Plan, verify
from small_case import SmallCase

TABLES = ("allocations", "needs", "donations", "prices", "purchases")
COLUMNS = [(table, column) for table in TABLES for column in getattr(matchopt.contract.plan, table.upper())]
DAY = pd.Timestamp("2026-03-03")

Path = tuple[str, ...]

UNKNOWABLE: frozenset[Path] = frozenset({("stopped",)})
"""Fields of the summary that nothing else in a plan tells of: whether time ran out before the end."""


def changed(plan: Plan, table: str, column: str, row: int, value: object) -> Plan:
    """Return the plan with one other cell."""
    frame = getattr(plan, table).copy()
    cells = frame[column].astype(object) if isinstance(value, str | None) else frame[column].copy()
    if isinstance(value, float) and cells.dtype.kind == "i":
        cells = cells.astype(float)
    cells.iloc[row] = value
    frame[column] = cells
    return replace(plan, **{table: frame})


def resummed(plan: Plan, path: Sequence[str], change: Callable[[dict[str, Any], str], None]) -> Plan:
    """Return the plan with `change` done to the innermost dict of its summary and the last key."""
    summary = _copied(dict(plan.summary))
    inner = summary
    for key in path[:-1]:
        inner = inner[key]
    change(inner, path[-1])
    return replace(plan, summary=summary)


def _copied(value: Any) -> Any:
    return {k: _copied(v) for k, v in value.items()} if isinstance(value, dict) else value


def put(value: object) -> Callable[[dict[str, Any], str], None]:
    """Return the change that puts a value in place of what is there."""

    def change(inner: dict[str, Any], key: str) -> None:
        inner[key] = value

    return change


def paths_of(summary: Any, *path: str) -> list[Path]:
    """Return the keys to all that a summary holds, what holds more included."""
    paths: list[Path] = []
    for key, value in summary.items():
        paths.append((*path, key))
        if isinstance(value, dict):
            paths += paths_of(value, *path, key)
    return paths


def tampered(small: SmallCase, chance: random.Random, count: int) -> int:
    """Plan a case, change `count` fields of the plan one at a time, and check that each change is found."""
    case = small.case()
    plan = matchopt.plan(case)
    assert verify(case, plan) == ()
    fields: list[tuple[str, ...]] = [*COLUMNS]
    fields += [("summary", *path) for path in paths_of(plan.summary) if path not in UNKNOWABLE]
    done = 0
    for field in chance.sample(fields, count):
        wrong = (
            _of_summary(plan, field[1:], chance) if field[0] == "summary" else _of_table(plan, field, chance)
        )
        if wrong is not None:
            assert verify(case, wrong[0]), (*field, *wrong[1:])
            done += 1
    return done


def _of_summary(plan: Plan, path: Path, chance: random.Random) -> tuple[Any, ...] | None:
    """Return the plan with another value in its summary, and that value."""
    value: Any = plan.summary
    for key in path:
        value = value[key]
    other: Any
    if isinstance(value, dict):
        other = {**value, "more": 1}
    elif isinstance(value, list):
        other = value[:-1] if value else [{"community": "x", "category": "y"}]
    elif isinstance(value, str):
        other = chance.choice(["", "x", value + "0"])
    elif value is None:
        other = 0
    else:
        step = max(0.01, 1e-3 * abs(value))
        other = value + chance.choice((step, -step, 1, -1, 100, math.inf, math.nan))
    return None if other == value else (resummed(plan, path, put(other)), value, other)


def _of_table(plan: Plan, field: tuple[str, ...], chance: random.Random) -> tuple[Any, ...] | None:
    """Return the plan with another cell, its row and value; None where another may be as right."""
    table, column = field
    frame = getattr(plan, table)
    if not len(frame):
        return None
    row = chance.randrange(len(frame))
    value = _other(plan.case, column, frame[column].iloc[row], set(frame[column]), chance)
    if value is None or _as_right(plan, table, column, row):
        return None
    return changed(plan, table, column, row, value), row, value


def _other(case: Case, column: str, old: object, cells: set[object], chance: random.Random) -> Any:
    """Return another value for a cell; None where another one may be as right."""
    if isinstance(old, str):
        if column == "allocation_id":
            return chance.choice(sorted({"", "A9999", *map(str, cells)} - {old}))
        names = {*case.needs.need_id, *case.donations.donation_id, *case.needs.item, "", "need", "donation"}
        return chance.choice(sorted(names - {old}))
    if old is pd.NaT:
        return DAY
    if isinstance(old, pd.Timestamp):
        return old + pd.Timedelta(days=chance.choice((-1, 1, 30)))
    change = chance.choice((1.0, -1.0, 100.0, math.inf, math.nan))
    # a price of what nobody wants, or a level that none is held against, proves as much
    return None if column in {"level", "price"} and math.isfinite(change) else float(str(old)) + change


def _as_right(plan: Plan, table: str, column: str, row: int) -> bool:
    """Tell whether another value of a cell may make a plan that is as right.

    Where capacities are shared, a line may go another way or stay longer if that costs the same; and
    who has no admissible pair may be in any block.
    """
    gives = plan.case.tables
    capacities = (
        ("hubs", "storage_capacity"),
        ("hubs", "throughput_capacity"),
        ("lanes", "capacity_kg"),
        ("agreements", "max_quantity_kg"),
    )
    free = any(name in gives and gives[name][limit].notna().any() for name, limit in capacities)
    if table == "allocations":
        return free and column in {"hub", "delivery_day"}
    return table == "prices" and plan.prices.block.iloc[row] > 0 and column in {"id", "block", "to", "day"}
