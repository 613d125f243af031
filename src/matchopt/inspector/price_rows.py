"""The table of prices, row by row: who and what each row is about, and whether it may say so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from matchopt.inspector.cells import Cells
from matchopt.inspector.facts import NO_DAY, Facts
from matchopt.inspector.keys import Bools, Floats, Ints, Names, Texts
from matchopt.inspector.sheet import Sheet
from matchopt.inspector.violation import Report

TABLE = "prices"
LAST = "cost"
"""The last stage of every block."""

_LARGEST = 1e15
"""No price of the blocks from 1 need be larger."""

MARKET = ("need", "donation")
SHARED = ("storage", "throughput", "lane", "agreement", "budget", "reached", "fair")


def stage_names(f: Facts) -> list[str]:
    """Return the stages that blocks of a case have, in order."""
    rule = f.settings.policy.fairness
    first: list[str] = [] if rule == "none" else [rule]
    if f.settings.policy.objective == "coverage-first":
        first += [f"tier {tier}" for tier in np.unique(f.wants.priority).tolist()]
    return [*first, LAST]


@dataclass(frozen=True, slots=True)
class PriceRows:
    """The rows, all of them sound.

    Attributes
    ----------
    side, block, stage, level, price
        As they stand; `stage` is its place in `stage_names`, -1 in block 0.
    main
        Rows that say which block a need or donation is in: it has one of them, in block 0 or a last stage.
    at
        What a row is about, by side: need, donation, hub, lane, agreement, earlier stage or cell.
    day
        Days after the first one of the horizon, of rows about hubs.
    """

    side: Texts
    block: Ints
    stage: Ints
    main: Bools
    level: Floats
    price: Floats
    at: Ints
    day: Ints

    def rows(self, side: str) -> Ints:
        """Return the rows of a side."""
        return np.flatnonzero(self.side == side)


class _Checks:
    """Notes what is wrong with rows, and keeps which rows are."""

    def __init__(self, sheet: Sheet, names: Texts, report: Report) -> None:
        self.names, self.report, self.wrong = names, report, sheet.bad.copy()

    def refuse(self, code: str, wrong: Bools, what: str) -> None:
        """Report rows, those aside with which something is wrong already."""
        wrong = wrong & ~self.wrong
        self.report.each(code, TABLE, wrong, self.names, lambda r: what)
        self.wrong |= wrong


def read_rows(f: Facts, cells: Cells, sheet: Sheet, report: Report) -> PriceRows | None:
    """Read the rows; None if there is one that cannot be made sense of."""
    side, ids, to, stage = (sheet.text(column) for column in ("side", "id", "to", "stage"))
    day, block = sheet.day("day"), sheet.number("block")
    level, price = sheet.number("level"), sheet.number("price")
    names = side + " " + ids + np.where(to == "", "", " → " + to) + np.where(stage == "", "", ", " + stage)
    checks = _Checks(sheet, names, report)
    market, known = np.isin(side, MARKET), np.isin(side, MARKET + SHARED)
    checks.refuse("unknown_id", ~known, f"the side is none of {', '.join(MARKET + SHARED)}")
    fine = (block >= 0) & (block <= 2.0**40) & (block == np.floor(block))
    checks.refuse("block", ~fine, "the block is no whole number from 0")
    shared = np.nan_to_num(block) > 0
    order = pd.Index(stage_names(f)).get_indexer(pd.Index(stage, dtype=object)).astype(np.int64)
    checks.refuse("block", ~shared & ~market, "block 0 has prices of needs and donations only")
    checks.refuse("stage", ~shared & (stage != ""), "block 0 has no stages")
    checks.refuse("stage", shared & (order < 0), f"the stage is none of {', '.join(stage_names(f))}")
    checks.refuse("level", shared & (level != 0), "a block from 1 has no levels: 0")
    fine = (price >= 0) & (price <= _LARGEST)
    checks.refuse("price", shared & ~fine, f"the price is not from 0 to {_LARGEST:g}")
    _check_days(f, side, day, checks)
    at = _subjects(f, cells, (side, ids, to), np.where(shared, order, -1), checks)
    keys = pd.DataFrame({"s": side, "a": at, "d": day, "b": block, "g": stage})
    checks.refuse("duplicate_row", keys.duplicated().to_numpy(), "stands twice")
    if checks.wrong.any():
        return None
    return PriceRows(
        side, block.astype(np.int64), np.where(shared, order, -1), market & (~shared | (stage == LAST)),
        level, price, at,
        np.where(day == NO_DAY, 0, day - f.start),
    )  # fmt: skip


def _check_days(f: Facts, side: Texts, day: Ints, checks: _Checks) -> None:
    daily = np.isin(side, ("storage", "throughput")) & f.dated
    checks.refuse("unknown_id", ~daily & (day != NO_DAY), "a day stands where there is none")
    outside = (day < f.start) | (day > f.end)
    checks.refuse("unknown_id", daily & outside, "the day is not in the horizon")


def _subjects(
    f: Facts, cells: Cells, texts: tuple[Texts, Texts, Texts], order: Ints, checks: _Checks
) -> Ints:
    """Return what each row is about; rows about nothing that the case knows, or limits, are refused."""
    side, ids, to = texts
    found = np.full(len(side), -1, dtype=np.int64)
    pairs = np.isin(side, ("lane", "agreement", "fair"))
    checks.refuse("unknown_id", ~pairs & (to != ""), "a second name stands where there is none")
    places, organizations, ties = f.places, f.ties.organizations, f.ties
    hub = pd.Index(f.hubs.names, dtype=object).get_indexer(pd.Index(ids, dtype=object))
    earlier = pd.Index(stage_names(f)).get_indexer(pd.Index(ids, dtype=object))
    earlier = np.where((earlier < order) & ~np.isin(ids, ("floor", "leximin")), earlier, -1)
    cell = pd.MultiIndex.from_arrays([cells.communities, cells.categories]).get_indexer(
        pd.MultiIndex.from_arrays([ids, to])
    )
    budget = (ids == "") & (f.settings.policy.budget > 0)
    answers: dict[str, tuple[Ints, str]] = {
        "need": (Names(f.wants.ids).of(ids), "there is no such need in the case"),
        "donation": (Names(f.gifts.ids).of(ids), "there is no such donation in the case"),
        "storage": (_limited(hub, f.hubs.holds), "there is no such hub with a limit"),
        "throughput": (_limited(hub, f.hubs.takes), "there is no such hub with a limit"),
        "lane": (
            _limited(f.roads.lanes.find(places.of(ids), places.of(to)), f.lane_capacity),
            "there is no such lane with a limit",
        ),
        "agreement": (
            _limited(ties.agreements.find(organizations.of(ids), organizations.of(to)), ties.passes),
            "there is no such agreement with a limit",
        ),
        "budget": (np.where(budget, 0, -1), "there is no such budget"),
        "reached": (earlier, "there is no such earlier stage whose value could be kept"),
        "fair": (cell, "there is no such community and category"),
    }
    for name, (codes, problem) in answers.items():
        mine = side == name
        found[mine] = codes[mine]
        checks.refuse("unknown_id", mine & (codes < 0), problem)
    return found


def _limited(row: Ints, capacity: Floats) -> Ints:
    """Return rows that have a capacity, -1 for all others."""
    return np.where((row >= 0) & np.isfinite(np.append(capacity, np.inf))[row], row, -1)
