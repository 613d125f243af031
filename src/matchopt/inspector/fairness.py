"""Fairness (contract §4): what the plan does for each community and category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.inspector.cells import Cells
from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Floats, Ints
from matchopt.inspector.rules import STEPS
from matchopt.inspector.sweep import Reach
from matchopt.inspector.tally import Tally


@dataclass(frozen=True, slots=True)
class Shares:
    """What the plan does for the cells.

    Attributes
    ----------
    counts
        Cells of which somebody could serve a need.
    owner
        The one block that all needs of a cell are in which somebody could serve; 0 if there is none.
    served
        Units by cell.
    """

    cells: Cells
    counts: Bools
    owner: Ints
    served: Floats

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


def shares_of(f: Facts, cells: Cells, tally: Tally, reach: Reach, need_block: Ints) -> Shares:
    """Say which cells count, what they get, and which block they belong to."""
    can = (cells.of >= 0) & (reach.needs == len(STEPS))
    where, block = cells.of[can], need_block[can]
    counts = np.bincount(where, minlength=cells.size) > 0
    low, high = np.full(cells.size, np.iinfo(np.int64).max), np.zeros(cells.size, dtype=np.int64)
    np.minimum.at(low, where, block)
    np.maximum.at(high, where, block)
    inside = cells.of >= 0
    served = np.bincount(
        cells.of[inside], weights=tally.served_units(f)[inside], minlength=cells.size
    ).astype(np.float64)
    return Shares(cells, counts, np.where(low == high, high, 0), served)
