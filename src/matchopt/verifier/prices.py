"""The prices of a plan: levels and prices of block 0, prices stage by stage of the blocks from 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.language import tr
from matchopt.verifier.cells import Cells
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Floats, Ints, Texts
from matchopt.verifier.price_rows import LAST, SIDES, TABLE, TOLLED, PriceRows, read_rows, stage_names
from matchopt.verifier.sheet import Sheet
from matchopt.verifier.violation import Report

NO_LEVEL = 10
"""Level of donations that no tier needs in full."""

_LARGEST_PRICE = 2.0**52
"""Largest price, in 1/10 000, of which a float keeps every digit."""


@dataclass(frozen=True, slots=True)
class Tolls:
    """What a kg costs on shared capacities: by lane, agreement, and hub (row) and day (column).

    `lanes` and `agreements` end with a 0 for those who take none (-1).
    """

    lanes: Floats
    agreements: Floats
    takes: Floats
    holds: Floats


@dataclass(frozen=True, slots=True)
class Stage:
    """The prices of one stage in all blocks from 1.

    Attributes
    ----------
    name
        ``floor``, ``leximin``, ``share``, ``tier 1`` … or ``cost``.
    gift, need
        By donation and need; 0 in block 0.
    budget
        By block.
    reached
        By block (row) and stage (column).
    fair
        By cell.
    tolls
        By block that has any.
    """

    name: str
    gift: Floats
    need: Floats
    budget: Floats
    reached: Floats
    fair: Floats
    tolls: dict[int, Tolls]


@dataclass(frozen=True, slots=True)
class Prices:
    """What the table of prices says.

    Attributes
    ----------
    numbers
        The blocks as the table numbers them; here they count from 0 without gaps.
    gift_block, need_block
        Block of each donation and need.
    gift_level, gift, need_level, need
        Levels and prices (in 1/10 000) of those in block 0; 0 for others.
    fair_block
        Block that has prices for each fairness cell, 0 for none.
    stages
        The stages of the blocks from 1, in order.
    """

    numbers: Ints
    gift_block: Ints
    need_block: Ints
    gift_level: Ints
    gift: Ints
    need_level: Ints
    need: Ints
    fair_block: Ints
    stages: tuple[Stage, ...]

    @property
    def blocks(self) -> int:
        """Number of blocks, block 0 included."""
        return len(self.numbers)


def read_prices(f: Facts, cells: Cells, sheet: Sheet, report: Report) -> Prices | None:
    """Read the table of prices; None if it cannot be made sense of."""
    rows = read_rows(f, cells, sheet, report)
    if rows is None:
        return None
    gift_row = _main_rows(rows, "donation", f.gifts.ids, report)
    need_row = _main_rows(rows, "need", f.wants.ids, report)
    if gift_row is None or need_row is None:
        return None
    main = np.concatenate([gift_row, need_row])
    numbers, code = np.unique(np.append(0, rows.block[main]), return_inverse=True)
    gift_block, need_block = code[1 : len(gift_row) + 1], code[len(gift_row) + 1 :]
    block = np.searchsorted(numbers, rows.block)
    astray = numbers[np.minimum(block, len(numbers) - 1)] != rows.block
    fair_block = np.zeros(cells.size, dtype=np.int64)
    fair = rows.rows("fair")
    fair_block[rows.at[fair]] = block[fair]
    for side, own in (("donation", gift_block), ("need", need_block), ("fair", fair_block)):
        mine = rows.rows(side)
        astray[mine] |= own[rows.at[mine]] != block[mine]
    report.each(
        "block",
        TABLE,
        astray,
        lambda r: f"{SIDES[rows.side[r]]} of block {rows.block[r]}",
        lambda r: tr("what it is about is in another block, or nobody is in this one"),
    )
    plain = _plain_prices(f, rows, (gift_row, need_row), report)
    if astray.any() or plain is None:
        return None
    stages = tuple(_stage(f, cells, rows, block, len(numbers), k) for k in range(len(stage_names(f))))
    gift_level, gift, need_level, need = plain
    return Prices(
        numbers, gift_block, need_block, gift_level, gift, need_level, need, fair_block, stages
    )  # fmt: skip


def _main_rows(rows: PriceRows, side: str, ids: Texts, report: Report) -> Ints | None:
    """Return the row of each id that says which block it is in; None if some have not one."""
    here = np.flatnonzero((rows.side == SIDES.index(side)) & rows.main)
    count = np.bincount(rows.at[here], minlength=len(ids))
    report.each(
        "missing_row",
        TABLE,
        count == 0,
        ids,
        lambda r: tr("this {side} has no price (stage {last})", side=side, last=LAST),
    )
    report.each(
        "duplicate_row",
        TABLE,
        count > 1,
        ids,
        lambda r: tr("this {side} has {count} prices", side=side, count=count[r]),
    )
    if (count != 1).any():
        return None
    main = np.empty(len(ids), dtype=np.int64)
    main[rows.at[here]] = here
    return main


def _stage(f: Facts, cells: Cells, rows: PriceRows, block: Ints, blocks: int, k: int) -> Stage:
    """Gather the prices of the `k`-th stage."""
    names = stage_names(f)
    gift, need = np.zeros(len(f.gifts.ids)), np.zeros(len(f.wants.ids))
    budget, reached = np.zeros(blocks), np.zeros((blocks, len(names)))
    fair = np.zeros(cells.size)
    here = np.flatnonzero(rows.stage == k)
    for side, values in (("donation", gift), ("need", need), ("fair", fair)):
        mine = rows.rows(side, here)
        values[rows.at[mine]] = rows.price[mine]
    mine = rows.rows("budget", here)
    budget[block[mine]] = rows.price[mine]
    mine = rows.rows("reached", here)
    reached[block[mine], rows.at[mine]] = rows.price[mine]
    tolled = here[np.isin(rows.side[here], [SIDES.index(side) for side in TOLLED]) & (rows.price[here] > 0)]
    tolls = {int(b): _tolls(f, rows, tolled[block[tolled] == b]) for b in np.unique(block[tolled])}
    return Stage(names[k], gift, need, budget, reached, fair, tolls)


def _tolls(f: Facts, rows: PriceRows, here: Ints) -> Tolls:
    lanes, agreements = np.zeros(len(f.lane_capacity) + 1), np.zeros(len(f.ties.passes) + 1)
    takes, holds = np.zeros((2, len(f.hubs.names), f.days))
    for side, values in (("lane", lanes), ("agreement", agreements)):
        mine = rows.rows(side, here)
        values[rows.at[mine]] = rows.price[mine]
    for side, table in (("throughput", takes), ("storage", holds)):
        mine = rows.rows(side, here)
        table[rows.at[mine], rows.day[mine]] = rows.price[mine]
    return Tolls(lanes, agreements, takes, holds)


def _plain_prices(f: Facts, rows: PriceRows, main: tuple[Ints, Ints], report: Report) -> list[Ints] | None:
    """Return levels and prices of block 0, donations before needs; None if they are out of range."""
    most = NO_LEVEL if f.settings.policy.objective == "coverage-first" else 0
    least, sound = min(most, 1), True
    plain: list[Ints] = []
    for row, ids in zip(main, (f.gifts.ids, f.wants.ids), strict=True):
        here, level, price = rows.block[row] == 0, rows.level[row], rows.price[row]
        units = price * 10_000
        odd = here & (~(np.abs(units) <= _LARGEST_PRICE) | (np.abs(units - np.rint(units)) > 0.01))
        report.each(
            "price",
            TABLE,
            odd,
            ids,
            lambda r, p=price: tr("the price {p} has no four decimals", p=p[r]),  # type: ignore[misc]
        )
        off = here & ~((level >= least) & (level <= most) & (level == np.floor(level)))
        report.each(
            "level",
            TABLE,
            off,
            ids,
            lambda r, s=level: tr(
                "the level {s} is no whole number from {least} to {most}",
                s=f"{s[r]:g}",
                least=least,
                most=most,
            ),  # type: ignore[misc]
        )
        sound &= not (odd | off).any()
        plain += [
            np.where(here, np.where(off, 0, level), 0).astype(np.int64),
            np.where(here, np.where(odd, 0, np.rint(units)), 0).astype(np.int64),
        ]
    return plain if sound else None
