"""The relaxation of a block's stage: quantities that may be split, over the ways that prices let in.

Column generation: a linear program over few ways gives prices, the prices name ways that would
gain, and these enter, until none is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.solve.assemble import Goals, assemble
from matchopt.solve.block import Block, Columns, Source, Worth
from matchopt.solve.certificate import Prices, worth
from matchopt.solve.lagrangian import PARTNERS, Guide
from matchopt.solve.search import reaches

CANDIDATES = 6
"""Ways per need and per donation that enter at a time."""

MOST_WAYS = 40_000
"""Ways that stay when others enter, unless more are in use."""

EXACT = 1e-6
"""Relative: a relaxation that is proven to be that near to its best is solved."""

HOLDS = 1e-9
"""Price above which a cell keeps the smallest coverage from rising."""

NONE: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A relaxation solved.

    Attributes
    ----------
    columns, amount
        Ways that entered, and granules over each.
    value
        Of the stage.
    prices
        Its proof.
    holds : (k,) float
        Prices of the cells whose smallest coverage is raised.
    """

    columns: Columns
    amount: Floats
    value: float
    prices: Prices
    holds: Floats


def relax(
    block: Block, columns: Columns, stage: str, goals: Goals, source: Source | None = None, *,
    guide: Guide | None = None, held: Ints = NONE, rising: Bools | None = None, enough: float = np.inf,
) -> Relaxed:  # fmt: skip
    """Solve the relaxation of `stage` over `columns`, or, with a source, over all ways.

    Parameters
    ----------
    source
        Knows the other ways.
    guide
        Names ways besides those that gain.
    held
        Keys of ways that stay whatever enters.
    rising
        See `assemble`.
    enough
        Nothing more enters once the stage has reached that much.
    """
    before = -np.inf
    while True:
        program = assemble(block, columns, stage, goals, whole=False, rising=rising)
        answer = program.program.maximise()
        prices, amount = program.prices(answer), answer.value[program.ways]
        holds = np.abs(answer.price[program.rising])
        found = Relaxed(columns, amount, answer.objective, prices, holds)
        if source is None or reaches(found.value, enough):
            return found
        value = worth(block, stage, prices)
        entered = source.promising(value, CANDIDATES if guide is None else PARTNERS)
        near = EXACT * max(1.0, abs(found.value))
        if _slack(block, entered, value) <= near or not len(columns.new(entered)):
            return found
        if found.value > before + near:
            if guide is not None:
                entered = entered.joined(guide.ways(prices, columns, amount))
            stays = (amount > 0) | np.isin(columns.key, held) | np.isin(columns.key, block.promises.ways.key)
            gain = columns.gain(value) - 1e-6 * columns.spend
            columns = _near(columns, np.where(stays, np.inf, gain))
        # Else prices change and nothing is won: a way that left now would be called back in the next round.
        columns, before = columns.joined(entered), found.value


def _slack(block: Block, entered: Columns, value: Worth) -> float:
    """Return how far the stage is from its bound at most: what the best way to each need would gain."""
    best = np.zeros(len(block.demand))
    np.maximum.at(best, entered.head, entered.gain(value) / entered.served)
    return float(best @ block.demand)


def _near(columns: Columns, nearness: Floats) -> Columns:
    """Return the ways that are nearest to carrying something."""
    most = max(MOST_WAYS, int(np.isinf(nearness).sum()))
    return columns.take(np.sort(np.argsort(-nearness, kind="stable")[:most]))


def raised(
    block: Block, found: Relaxed, goals: Goals, source: Source | None = None, held: Ints = NONE
) -> tuple[Relaxed, Floats]:
    """Return the relaxation's leximin plan and (k,) its coverages.

    The smallest coverage is raised as far as it goes; cells that hold it there (those whose price
    is above 0) stay, the others are raised on.
    """
    coverage = np.zeros(len(block.cell_asked))
    rising = np.ones(len(coverage), dtype=bool)
    while True:
        stuck = np.flatnonzero(rising)[found.holds > HOLDS]
        coverage[rising] = found.value
        rising[stuck] = False
        if not rising.any() or not len(stuck) or found.value >= 1.0:
            return found, coverage
        goals = replace(goals, coverage=coverage.copy())
        found = relax(block, found.columns, "leximin", goals, source, held=held, rising=rising)
