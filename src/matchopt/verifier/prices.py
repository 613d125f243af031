"""The table of prices: who and what each row is about, whether it may say so, and what all of them say.

Block 0 has a level and a price for each need and donation; the blocks from 1 have prices stage by stage,
also of everything that is limited and of fairness cells (communities and the categories they ask for).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.language import mark
from matchopt.verifier.facts import NO_DAY, Facts, Names, classes, repeated
from matchopt.verifier.rules import PairFacts, agreement_of, lanes_taken
from matchopt.verifier.violation import PlanTable, written

LAST = "cost"
"""The last stage of every block."""

NO_LEVEL = 10
"""Level of donations that no tier needs in full."""

PAIR_SIDES = ("need", "donation")
DAILY = ("storage", "throughput")
TOLLED = (*DAILY, "lane", "agreement")
SIDES = (*PAIR_SIDES, *TOLLED, "budget", "reached", "fair")

_LARGEST = 1e15
"""No price of the blocks from 1 need be larger."""

_LARGEST_PLAIN = 2.0**52
"""Largest price of block 0, in 1/10 000, of which a float keeps every digit."""


@dataclass(frozen=True, slots=True)
class CoverageCells:
    """Communities and the categories that their needs ask for, those excluded aside (contract §4).

    `of` is the cell of each need, -1 where it is excluded. Each cell has the names of both, the units `asked`
    for, and what rule `share` asks that it get at least (`fair`).
    """

    of: Ints
    communities: Texts
    categories: Texts
    asked: Floats
    fair: Floats

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.asked)


def coverage_cells(f: Facts) -> CoverageCells:
    """Find the fairness cells of a case."""
    n, d = f.needs, f.donations
    here = np.flatnonzero(~n.excluded)
    kind, names = pd.factorize(f.categories)
    codes, count = classes(n.community[here], kind[n.item[here]].astype(np.int64))
    of = np.full(len(n.ids), -1, dtype=np.int64)
    of[here] = codes
    first = here[~repeated(codes)]
    asked = np.bincount(codes, weights=(n.asked * n.grain)[here], minlength=count).astype(np.float64)
    # The policy's share of what supply × its part of the population gives each cell.
    people = np.nan_to_num(f.population)
    part = people[n.community[first]] / max(people.sum(), 1e-300)
    goods = ~d.funds
    supply = np.bincount(kind[d.item[goods]], (d.plannable * d.grain)[goods], minlength=len(names))
    share = f.settings.policy.fair_share * supply[kind[n.item[first]]] * part
    return CoverageCells(of, n.communities[first], n.categories[first], asked, np.minimum(share, asked))


class CapacityDuals(NamedTuple):
    """What a kg costs on shared capacities: by lane, agreement, and hub (row) and day (column).

    `lanes` and `agreements` end with a 0 for those who take none (-1); `upto` adds up `holds` day by day.
    """

    lanes: Floats
    agreements: Floats
    takes: Floats
    holds: Floats
    upto: Floats

    def of_legs(self, f: Facts, p: PairFacts, hub: Ints) -> Floats:
        """Return what a kg pays on lanes and for its agreement."""
        lanes = sum(self.lanes[lane] for lane in lanes_taken(f, p.i, p.goal, hub))
        return np.asarray(self.agreements[agreement_of(f, p.i, p.goal)] + lanes, dtype=np.float64)

    def of_days(self, h: Ints | int, come: Ints, leave: Ints) -> Floats:
        """Return what a kg pays at hubs from one day to another, counted from the first of the horizon."""
        return np.asarray(self.takes[h, come] + self.upto[h, leave] - self.upto[h, come], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class StagePrices:
    """The prices of one stage in all blocks from 1.

    `name` is ``floor``, ``leximin``, ``share``, ``tier 1`` … or ``cost``, `tier` 0 where it is about none.
    There are prices by donation and need (0 in block 0), of the budget by block, of stages that are `reached`
    by block (row) and stage (column), by fairness cell, and tolls by block that has any.
    """

    name: str
    tier: int
    donation: Floats
    need: Floats
    budget: Floats
    reached: Floats
    fair: Floats
    tolls: dict[int, CapacityDuals]


@dataclass(frozen=True, slots=True)
class PriceTable:
    """What the table of prices says.

    There are so many `blocks`, block 0 included; here they count from 0 without gaps. Donations and needs of
    block 0 have a level and a price (in 1/10 000), others 0. `fair_block` is the block that has
    prices for a fairness cell, 0 for none; `stages` are those of the blocks from 1, in order.
    """

    blocks: int
    donation_block: Ints
    need_block: Ints
    donation_level: Ints
    donation: Ints
    need_level: Ints
    need: Ints
    fair_block: Ints
    stages: tuple[StagePrices, ...]

    def cost_counts(self, k: int) -> Floats:
        """Return by block how much the unit cost counts at stage `k`."""
        return self.stages[k].budget + (self.stages[k].name == LAST)

    def worth(self, f: Facts, k: int, cell: Ints) -> Floats:
        """Return what a unit served counts at stage `k`, by need: gain, kept stages, fairness."""
        stage, n = self.stages[k], f.needs
        worth = np.where(cell >= 0, np.append(stage.fair, 0.0)[cell], 0.0)
        if stage.name == LAST and f.by_cost:
            worth += n.price / 10_000
        for r, kept in enumerate(self.stages):
            mine = kept.tier == n.priority
            worth[mine] += stage.reached[self.need_block[mine], r] + (r == k)
        return worth


def stage_names(f: Facts) -> list[str]:
    """Return the stages that blocks of a case have, in order."""
    rule = f.settings.policy.fairness
    tiers = [] if f.by_cost else [f"tier {tier}" for tier in f.tiers]
    return [*([] if rule == "none" else [rule]), *tiers, LAST]


class _RowValidator:
    """Notes what is wrong with rows of prices, and keeps which rows are."""

    def __init__(self, table: PlanTable, names: Callable[[int], str]) -> None:
        self.rows, self.wrong = table.rows(names), table.bad.copy()

    def refuse(self, code: str, wrong: Bools, message: str, **values: object) -> None:
        """Report rows, those aside with which something is wrong already."""
        wrong = wrong & ~self.wrong
        self.rows.note(code, wrong, message, **values)
        self.wrong |= wrong


@dataclass(frozen=True, slots=True)
class _PriceRows:
    """The rows, all of them sound.

    `side` is a place in `SIDES`, `stage` one in `stage_names` (-1 in block 0); `main` marks rows that say
    which block a need or donation is in: it has one of them, in block 0 or a last stage. `about` is a need,
    donation, hub, lane, agreement, earlier stage or cell; `day` counts from the first one of the horizon.
    """

    side: Ints
    block: Ints
    stage: Ints
    main: Bools
    level: Floats
    price: Floats
    about: Ints
    day: Ints

    def rows(self, side: str, among: Ints | None = None) -> Ints:
        """Return the rows of a side, all of them or those among some."""
        code = SIDES.index(side)
        return np.flatnonzero(self.side == code) if among is None else among[self.side[among] == code]


def _read_rows(f: Facts, cells: CoverageCells, table: PlanTable) -> _PriceRows | None:
    """Read the rows; None if there is one that cannot be made sense of."""
    side, ids, to, stage = (table.text(column) for column in ("side", "id", "to", "stage"))
    day, block = table.day("day"), table.number("block")
    level, price = table.number("level"), table.number("price")

    def name(r: int) -> str:
        whom, when = f" → {to[r]}" if to[r] else "", f", {stage[r]}" if stage[r] else ""
        return f"{side[r]} {ids[r]}{whom}{when}"

    checks, stages = _RowValidator(table, name), stage_names(f)
    code, order = _codes_of(side, SIDES), _codes_of(stage, stages)
    sided = (code >= 0) & (code < len(PAIR_SIDES))
    checks.refuse("unknown_id", code < 0, mark("the side is none of {listed}"), listed=", ".join(SIDES))
    fine = (block >= 0) & (block <= 2.0**40) & (block == np.floor(block))
    checks.refuse("block", ~fine, mark("the block is no whole number from 0"))
    priced = np.nan_to_num(block) > 0
    checks.refuse("block", ~priced & ~sided, mark("block 0 has prices of needs and donations only"))
    checks.refuse("stage", ~priced & (stage != "").astype(bool), mark("block 0 has no stages"))
    unknown = mark("the stage is none of {listed}")
    checks.refuse("stage", priced & (order < 0), unknown, listed=", ".join(stages))
    checks.refuse("level", priced & (level != 0), mark("a block from 1 has no levels: 0"))
    fine = (price >= 0) & (price <= _LARGEST)
    words = mark("the price is not from 0 to {largest}")
    checks.refuse("price", priced & ~fine, words, largest=f"{_LARGEST:g}")
    daily = _among(code, DAILY) & f.dated
    checks.refuse("unknown_id", ~daily & (day != NO_DAY), mark("a day stands where there is none"))
    outside = (day < f.start) | (day > f.end)
    checks.refuse("unknown_id", daily & outside, mark("the day is not in the horizon"))
    paired = _among(code, ("lane", "agreement", "fair"))
    lone = ~paired & (to != "").astype(bool)
    checks.refuse("unknown_id", lone, mark("a second name stands where there is none"))
    kept = np.where(priced, order, -1)
    at = np.full(len(side), -1, dtype=np.int64)
    for k, (find, problem) in enumerate(_finders(f, cells)):
        rows = np.flatnonzero(code == k)
        if rows.size:
            at[rows] = find(ids[rows], to[rows], kept[rows])
            checks.refuse("unknown_id", (code == k) & (at < 0), problem)
    row, _ = classes(code, at, day, block, order, (stage == "").astype(np.int64))
    checks.refuse("duplicate_row", repeated(row), mark("stands twice"))
    if checks.wrong.any():
        return None
    main = sided & (~priced | (stage == LAST).astype(bool))
    after = np.where(day == NO_DAY, 0, day - f.start)
    return _PriceRows(code, block.astype(np.int64), kept, main, level, price, at, after)


def _codes_of(texts: Texts, words: Sequence[str]) -> Ints:
    """Return the place of each text in `words`, -1 where it is none of them."""
    codes = np.full(len(texts), -1, dtype=np.int64)
    for code, word in enumerate(words):
        codes[texts == word] = code
    return codes


def _among(side: Ints, sides: Sequence[str]) -> Bools:
    return np.isin(side, [SIDES.index(name) for name in sides])


def _finders(f: Facts, cells: CoverageCells) -> list[tuple[Callable[[Texts, Texts, Ints], Ints], str]]:
    """Return by side how to find what rows are about by both names and stage, and what to say else."""
    hubs, places, organizations = Names(f.hubs.names), f.places.of, f.organizations.of
    # Values of the fairness rules floor and leximin are no stage that could be kept.
    kept = [name if name not in ("floor", "leximin") else "" for name in stage_names(f)]

    def limited(row: Ints, capacity: Floats) -> Ints:
        return np.where((row >= 0) & np.isfinite(np.append(capacity, np.inf))[row], row, -1)

    def earlier(ids: Texts, order: Ints) -> Ints:
        stage = _codes_of(ids, kept)
        return np.where((ids != "").astype(bool) & (stage < order), stage, -1)

    def cell(ids: Texts, to: Texts) -> Ints:
        keys = pd.MultiIndex.from_arrays([cells.communities, cells.categories])
        return keys.get_indexer(pd.MultiIndex.from_arrays([ids, to])).astype(np.int64)

    def budget(ids: Texts) -> Ints:
        return np.where((ids == "").astype(bool) & (f.settings.policy.budget > 0), 0, -1)

    no_hub = mark("there is no such hub with a limit")
    lanes, agreements = f.lanes, f.agreements
    return [
        (lambda a, b, k: Names(f.needs.ids).of(a), mark("there is no such need in the case")),
        (lambda a, b, k: Names(f.donations.ids).of(a), mark("there is no such donation in the case")),
        (lambda a, b, k: limited(hubs.of(a), f.hubs.holds), no_hub),
        (lambda a, b, k: limited(hubs.of(a), f.hubs.takes), no_hub),
        (
            lambda a, b, k: limited(lanes.between.find(places(a), places(b)), lanes.capacity),
            mark("there is no such lane with a limit"),
        ),
        (
            lambda a, b, k: limited(
                agreements.between.find(organizations(a), organizations(b)), agreements.passes
            ),
            mark("there is no such agreement with a limit"),
        ),
        (lambda a, b, k: budget(a), mark("there is no such budget")),
        (
            lambda a, b, k: earlier(a, k),
            mark("there is no such earlier stage whose value could be kept"),
        ),
        (lambda a, b, k: cell(a, b), mark("there is no such community and category")),
    ]


def read_prices(f: Facts, cells: CoverageCells, table: PlanTable) -> PriceTable | None:
    """Read the table of prices; None if it cannot be made sense of."""
    rows = _read_rows(f, cells, table)
    if rows is None:
        return None
    donation_row = _main_rows(rows, "donation", f.donations.ids, table)
    need_row = _main_rows(rows, "need", f.needs.ids, table)
    if donation_row is None or need_row is None:
        return None
    numbers = np.unique(np.concatenate([[0], rows.block[donation_row], rows.block[need_row]]))
    block = np.searchsorted(numbers, rows.block)
    donation_block, need_block = block[donation_row], block[need_row]
    fair, fair_block = rows.rows("fair"), np.zeros(cells.size, dtype=np.int64)
    fair_block[rows.about[fair]] = block[fair]
    astray = numbers[np.minimum(block, len(numbers) - 1)] != rows.block
    for side, own in (("donation", donation_block), ("need", need_block), ("fair", fair_block)):
        mine = rows.rows(side)
        astray[mine] |= own[rows.about[mine]] != block[mine]
    words = mark("what it is about is in another block, or nobody is in this one")
    table.rows(lambda r: f"{SIDES[rows.side[r]]} of block {rows.block[r]}").note("block", astray, words)
    donations = _plain_prices(f, rows, donation_row, f.donations.ids, table)
    needs = _plain_prices(f, rows, need_row, f.needs.ids, table)
    if astray.any() or donations is None or needs is None:
        return None
    stages = tuple(_stage(f, cells, rows, block, len(numbers), k) for k in range(len(stage_names(f))))
    return PriceTable(len(numbers), donation_block, need_block, *donations, *needs, fair_block, stages)


def _main_rows(priced: _PriceRows, side: str, ids: Texts, table: PlanTable) -> Ints | None:
    """Return the row of each id that says which block it is in; None if some have not one."""
    here = np.flatnonzero((priced.side == SIDES.index(side)) & priced.main)
    count = np.bincount(priced.about[here], minlength=len(ids))
    rows, missing = table.rows(ids), mark("this {side} has no price (stage {last})")
    rows.note("missing_row", count == 0, missing, side=side, last=LAST)
    rows.note("duplicate_row", count > 1, mark("this {side} has {count} prices"), side=side, count=count)
    if (count != 1).any():
        return None
    main = np.empty(len(ids), dtype=np.int64)
    main[priced.about[here]] = here
    return main


def _plain_prices(
    f: Facts, rows: _PriceRows, main: Ints, ids: Texts, table: PlanTable
) -> tuple[Ints, Ints] | None:
    """Return levels and prices of those in block 0; None if some are none."""
    most = 0 if f.by_cost else NO_LEVEL
    least = min(most, 1)
    here, level, price = rows.block[main] == 0, rows.level[main], rows.price[main]
    units, notes = price * 10_000, table.rows(ids)
    odd = here & (~(np.abs(units) <= _LARGEST_PLAIN) | (np.abs(units - np.rint(units)) > 0.01))
    notes.note("price", odd, mark("the price {p} has no four decimals"), p=price)
    off = here & ~((level >= least) & (level <= most) & (level == np.floor(level)))
    words = mark("the level {s} is no whole number from {least} to {most}")
    notes.note("level", off, words, s=written(level, "g"), least=least, most=most)
    if (odd | off).any():
        return None
    return np.where(here, level, 0).astype(np.int64), np.where(here, np.rint(units), 0).astype(np.int64)


def _stage(f: Facts, cells: CoverageCells, rows: _PriceRows, block: Ints, blocks: int, k: int) -> StagePrices:
    """Gather the prices of the `k`-th stage."""
    names = stage_names(f)
    word, _, number = names[k].partition(" ")
    here = np.flatnonzero(rows.stage == k)

    def filled(side: str, *shape: int, among: Ints = here) -> Floats:
        """Return prices of a side, by block, by what they are about, and by day."""
        values, mine = np.zeros(shape), rows.rows(side, among)
        about, by_day = rows.about[mine], (rows.about[mine], rows.day[mine])
        index = {"budget": (block[mine],), "reached": (block[mine], about), **dict.fromkeys(DAILY, by_day)}
        values[index.get(side, (about,))] = rows.price[mine]
        return values

    def tolls(among: Ints) -> CapacityDuals:
        days = len(f.hubs.names), f.days
        takes, holds = filled("throughput", *days, among=among), filled("storage", *days, among=among)
        upto = np.hstack([np.zeros((len(holds), 1)), np.cumsum(holds, axis=1)])
        lanes = filled("lane", len(f.lanes.capacity) + 1, among=among)
        return CapacityDuals(
            lanes, filled("agreement", len(f.agreements.passes) + 1, among=among), takes, holds, upto
        )

    tolled = here[_among(rows.side[here], TOLLED) & (rows.price[here] > 0)]
    return StagePrices(
        names[k],
        int(number) if word == "tier" else 0,
        filled("donation", len(f.donations.ids)),
        filled("need", len(f.needs.ids)),
        filled("budget", blocks),
        filled("reached", blocks, len(names)),
        filled("fair", cells.size),
        {int(b): tolls(tolled[block[tolled] == b]) for b in np.unique(block[tolled])},
    )
