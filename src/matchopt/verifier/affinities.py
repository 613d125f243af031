"""How well donations and needs fit (table affinities), and what a unit costs that fits less than fully."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matchopt.verifier.keys import Floats, Ints, Pairs


class Affinities(NamedTuple):
    """The rows, by who they name; of several that name a pair the most specific one counts.

    `donor` and `need_group` are codes by donation and need; `named_gift` and `named_need` are their own
    numbers where a row names them, else -1.
    """

    weight: float
    score: Floats
    by_gift_and_need: Pairs
    by_gift_and_group: Pairs
    by_donor_and_need: Pairs
    by_donor_and_group: Pairs
    donor: Ints
    need_group: Ints
    named_gift: Ints
    named_need: Ints

    def cost(self, i: Ints, j: Ints) -> Floats:
        """Return what a unit served costs for not fitting fully, pair by pair."""
        row = np.full(np.broadcast_shapes(i.shape, j.shape), -1, dtype=np.int64)
        if self.weight == 0 or not self.score.size:
            return np.zeros(row.shape)
        for pairs, first, second in (
            (self.by_gift_and_need, i, j),
            (self.by_gift_and_group, i, self.need_group[j]),
            (self.by_donor_and_need, self.donor[i], j),
            (self.by_donor_and_group, self.donor[i], self.need_group[j]),
        ):
            row = np.where(row < 0, pairs.find(first, second), row)
        return np.where(row < 0, 0.0, self.weight * (1 - self.score[row]))
