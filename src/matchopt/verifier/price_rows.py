"""The table of prices, row by row: who and what each row is about, and whether it may say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from matchopt.language import mark, tr
from matchopt.verifier.cells import Cells
from matchopt.verifier.facts import NO_DAY, Facts
from matchopt.verifier.keys import Bools, Floats, Ints, Names, Texts, classes, repeated
from matchopt.verifier.sheet import Sheet
from matchopt.verifier.violation import Report

TABLE = "prices"
LAST = "cost"
"""The last stage of every block."""

_LARGEST = 1e15
"""No price of the blocks from 1 need be larger."""

MARKET = ("need", "donation")
TOLLED = ("storage", "throughput", "lane", "agreement")
SHARED = (*TOLLED, "budget", "reached", "fair")
SIDES = MARKET + SHARED


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
    side
        Its place in `SIDES`.
    block, stage, level, price
        As they stand; `stage` is its place in `stage_names`, -1 in block 0.
    main
        Rows that say which block a need or donation is in: it has one of them, in block 0 or a last stage.
    at
        What a row is about, by side: need, donation, hub, lane, agreement, earlier stage or cell.
    day
        Days after the first one of the horizon, of rows about hubs.
    """

    side: Ints
    block: Ints
    stage: Ints
    main: Bools
    level: Floats
    price: Floats
    at: Ints
    day: Ints

    def rows(self, side: str, among: Ints | None = None) -> Ints:
        """Return the rows of a side, all of them or those among some."""
        code = SIDES.index(side)
        return np.flatnonzero(self.side == code) if among is None else among[self.side[among] == code]


class _Checks:
    """Notes what is wrong with rows, and keeps which rows are."""

    def __init__(self, sheet: Sheet, names: Callable[[int], str], report: Report) -> None:
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
    checks = _Checks(sheet, partial(_name, side, ids, to, stage), report)
    code = codes_of(side, SIDES)
    market = (code >= 0) & (code < len(MARKET))
    checks.refuse("unknown_id", code < 0, tr("the side is none of {listed}", listed=", ".join(SIDES)))
    fine = (block >= 0) & (block <= 2.0**40) & (block == np.floor(block))
    checks.refuse("block", ~fine, tr("the block is no whole number from 0"))
    shared = np.nan_to_num(block) > 0
    order = codes_of(stage, stage_names(f))
    checks.refuse("block", ~shared & ~market, tr("block 0 has prices of needs and donations only"))
    checks.refuse("stage", ~shared & (stage != ""), tr("block 0 has no stages"))
    checks.refuse(
        "stage", shared & (order < 0), tr("the stage is none of {listed}", listed=", ".join(stage_names(f)))
    )
    checks.refuse("level", shared & (level != 0), tr("a block from 1 has no levels: 0"))
    fine = (price >= 0) & (price <= _LARGEST)
    checks.refuse(
        "price", shared & ~fine, tr("the price is not from 0 to {largest}", largest=f"{_LARGEST:g}")
    )
    _check_days(f, code, day, checks)
    at = _subjects(f, cells, (code, ids, to), np.where(shared, order, -1), checks)
    row, _ = classes(code, at, day, block, order, (stage == "").astype(np.int64))
    checks.refuse("duplicate_row", repeated(row), tr("stands twice"))
    if checks.wrong.any():
        return None
    return PriceRows(
        code, block.astype(np.int64), np.where(shared, order, -1), market & (~shared | (stage == LAST)),
        level, price, at,
        np.where(day == NO_DAY, 0, day - f.start),
    )  # fmt: skip


def _name(side: Texts, ids: Texts, to: Texts, stage: Texts, r: int) -> str:
    """Return what to call a row."""
    to_whom, when = f" → {to[r]}" if to[r] else "", f", {stage[r]}" if stage[r] else ""
    return f"{side[r]} {ids[r]}{to_whom}{when}"


def codes_of(texts: Texts, words: Sequence[str]) -> Ints:
    """Return the place of each text in `words`, -1 where it is none of them."""
    codes = np.full(len(texts), -1, dtype=np.int64)
    for code, word in enumerate(words):
        codes[texts == word] = code
    return codes


def _check_days(f: Facts, side: Ints, day: Ints, checks: _Checks) -> None:
    daily = np.isin(side, [SIDES.index("storage"), SIDES.index("throughput")]) & f.dated
    checks.refuse("unknown_id", ~daily & (day != NO_DAY), tr("a day stands where there is none"))
    outside = (day < f.start) | (day > f.end)
    checks.refuse("unknown_id", daily & outside, tr("the day is not in the horizon"))


def _subjects(f: Facts, cells: Cells, texts: tuple[Ints, Texts, Texts], order: Ints, checks: _Checks) -> Ints:
    """Return what each row is about; rows about nothing that the case knows, or limits, are refused."""
    side, ids, to = texts
    found = np.full(len(side), -1, dtype=np.int64)
    pairs = np.isin(side, [SIDES.index(name) for name in ("lane", "agreement", "fair")])
    checks.refuse(
        "unknown_id", ~pairs & (to != "").astype(bool), tr("a second name stands where there is none")
    )
    for code, name in enumerate(SIDES):
        mine = side == code
        rows = np.flatnonzero(mine)
        if rows.size:
            find, problem = _FINDERS[name]
            found[rows] = find(_Asked(f, cells, ids[rows], to[rows], order[rows]))
            checks.refuse("unknown_id", mine & (found < 0), tr(problem))
    return found


class _Asked(NamedTuple):
    """Names that rows of a side give, and their stages."""

    f: Facts
    cells: Cells
    ids: Texts
    to: Texts
    order: Ints


def _hub(a: _Asked, capacity: Floats) -> Ints:
    return _limited(Names(a.f.hubs.names).of(a.ids), capacity)


def _lane(a: _Asked) -> Ints:
    places = a.f.places
    return _limited(a.f.roads.lanes.find(places.of(a.ids), places.of(a.to)), a.f.lane_capacity)


def _agreement(a: _Asked) -> Ints:
    ties, known = a.f.ties, a.f.ties.organizations
    return _limited(ties.agreements.find(known.of(a.ids), known.of(a.to)), ties.passes)


def _budget(a: _Asked) -> Ints:
    return np.where((a.ids == "").astype(bool) & (a.f.settings.policy.budget > 0), 0, -1)


def _earlier(a: _Asked) -> Ints:
    names = stage_names(a.f)
    kept = [name if name not in ("floor", "leximin") else "" for name in names]
    earlier = codes_of(a.ids, kept)
    return np.where((a.ids != "").astype(bool) & (earlier < a.order), earlier, -1)


def _cell(a: _Asked) -> Ints:
    keys = pd.MultiIndex.from_arrays([a.cells.communities, a.cells.categories])
    return keys.get_indexer(pd.MultiIndex.from_arrays([a.ids, a.to])).astype(np.int64)


_FINDERS: dict[str, tuple[Callable[[_Asked], Ints], str]] = {
    "need": (lambda a: Names(a.f.wants.ids).of(a.ids), mark("there is no such need in the case")),
    "donation": (lambda a: Names(a.f.gifts.ids).of(a.ids), mark("there is no such donation in the case")),
    "storage": (lambda a: _hub(a, a.f.hubs.holds), mark("there is no such hub with a limit")),
    "throughput": (lambda a: _hub(a, a.f.hubs.takes), mark("there is no such hub with a limit")),
    "lane": (_lane, mark("there is no such lane with a limit")),
    "agreement": (_agreement, mark("there is no such agreement with a limit")),
    "budget": (_budget, mark("there is no such budget")),
    "reached": (_earlier, mark("there is no such earlier stage whose value could be kept")),
    "fair": (_cell, mark("there is no such community and category")),
}


def _limited(row: Ints, capacity: Floats) -> Ints:
    """Return rows that have a capacity, -1 for all others."""
    return np.where((row >= 0) & np.isfinite(np.append(capacity, np.inf))[row], row, -1)
