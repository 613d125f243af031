"""Fairness (contract §4): what the plan does for each community and category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.verifier.cells import Cells
from matchopt.verifier.committed import Committed
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.prices import Prices
from matchopt.verifier.rules import STEPS
from matchopt.verifier.sweep import Reach
from matchopt.verifier.tally import Tally


@dataclass(frozen=True, slots=True)
class Shares:
    """What the plan does for the cells.

    Attributes
    ----------
    counts
        Cells of which somebody could serve a need, or a line that stays does.
    owner
        The one block that all needs of a cell are in which somebody could serve; 0 if there is none.
    served, pinned
        Units by cell, and what of them stays of an earlier plan.
    """

    cells: Cells
    counts: Bools
    owner: Ints
    served: Floats
    pinned: Floats

    @property
    def coverage(self) -> Floats:
        """Served ÷ asked by cell."""
        return self.served / self.cells.asked

    @property
    def floor(self) -> float:
        """The smallest coverage of the cells that count; 1 where none does."""
        return float(self.coverage[self.counts].min(initial=1.0))

    @property
    def met(self) -> Floats:
        """What counts towards the fair share, by cell."""
        return np.minimum(self.served, self.cells.fair)

    @property
    def shortfall(self) -> float:
        """What the cells that count lack of their fair shares."""
        return float((self.cells.fair - self.met)[self.counts].sum())


def shares_of(
    f: Facts, cells: Cells, committed: Committed, tally: Tally, reach: Reach, prices: Prices
) -> Shares:
    """Say which cells count, what they get, and which block they belong to."""
    can = (cells.of >= 0) & (reach.needs == len(STEPS))
    where, block = cells.of[can], prices.need_block[can]
    before = cells.of[committed.pinned.j]
    counts = np.bincount(np.concatenate([where, before[before >= 0]]), minlength=cells.size) > 0
    low, high = np.full(cells.size, np.iinfo(np.int64).max), np.zeros(cells.size, dtype=np.int64)
    np.minimum.at(low, where, block)
    np.maximum.at(high, where, block)
    inside = cells.of >= 0
    served, pinned = (
        np.bincount(cells.of[inside], weights=units[inside], minlength=cells.size).astype(np.float64)
        for units in (tally.served_units(f), tally.met.astype(np.float64) * f.wants.grain)
    )
    owner = np.where(low == high, high, 0)
    # A cell that has what stays and nothing more belongs to whoever gives it a price.
    settled = counts & (np.bincount(where, minlength=cells.size) == 0)
    return Shares(cells, counts, np.where(settled, prices.fair_block, owner), served, pinned)
