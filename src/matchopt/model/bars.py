"""Pairs that are not proposed again: declined, cancelled, or kept out by a line that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Ints
from matchopt.contract.fields import BARRED, PINNED
from matchopt.contract.lines import positions
from matchopt.model.pair_kernels import BarredPairs

if TYPE_CHECKING:
    from matchopt.contract.case import Case


class Bars:
    """What commitments bar, pair by pair (contract §1, `commitments`).

    A need either lists the donations that may not serve it, or, if it is to have one source and has
    one already, the one that may.

    Attributes
    ----------
    donation, need : (d,) int, (n,) int
        Code of each row, -1 where nothing bars it by name.
    """

    def __init__(self, donation: Ints, need: Ints, keys: Ints, only: Bools) -> None:
        self.donation, self.need = donation, need
        self._keys, self._only = keys, only
        self._width = len(only) + 1

    @classmethod
    def of(cls, case: Case) -> Self:
        """Return the bars of `case`."""
        if "commitments" not in case.tables:
            none = np.zeros(0, dtype=np.int64)
            donation, need = np.full(len(case.donations), -1), np.full(len(case.needs), -1)
            return cls(donation, need, none, np.zeros(0, dtype=bool))
        table = case.table("commitments")
        giver = positions(case.donations["donation_id"], table["donation_id"])
        taker = positions(case.needs["need_id"], table["need_id"])
        status = table["status"].to_numpy(dtype=object)
        single = case.needs["single_source"].to_numpy(dtype=bool)
        barred = np.isin(status, list(BARRED))
        alone = np.isin(status, list(PINNED)) & single[taker]
        # Of a need with one source already all pairs are listed that stay: none if it has several.
        pairs = pd.DataFrame({"giver": giver[alone], "taker": taker[alone]}).drop_duplicates()
        sources = pairs.groupby("taker")["giver"].transform("size")
        declined = pd.MultiIndex.from_arrays([giver[barred], taker[barred]])
        stay = pairs[(sources == 1) & ~pd.MultiIndex.from_frame(pairs[["giver", "taker"]]).isin(declined)]
        closed = np.isin(taker, pairs["taker"].to_numpy())
        listed = pd.concat(
            [stay, pd.DataFrame({"giver": giver[barred & ~closed], "taker": taker[barred & ~closed]})]
        ).drop_duplicates()
        givers = np.unique(listed["giver"].to_numpy(dtype=np.int64))
        takers = np.unique(np.concatenate([listed["taker"], pairs["taker"]]).astype(np.int64))
        donation, need = np.full(len(case.donations), -1), np.full(len(case.needs), -1)
        donation[givers], need[takers] = np.arange(len(givers)), np.arange(len(takers))
        keys = donation[listed["giver"].to_numpy(dtype=np.int64)] * (len(takers) + 1)
        keys = keys + need[listed["taker"].to_numpy(dtype=np.int64)]
        return cls(donation, need, np.sort(keys), np.isin(takers, pairs["taker"].to_numpy(dtype=np.int64)))

    def table(self) -> BarredPairs:
        """Return them as kernels know them."""
        return BarredPairs(len(self._only) > 0, self._width, self._keys, self._only)
