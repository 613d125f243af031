"""How well a donation and a need fit beyond the rules, and what a worse fit costs (contract §1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Floats, Ints
from matchopt.model.classes import Demand, Supply
from matchopt.model.tariff import Fondness

if TYPE_CHECKING:
    from matchopt.contract.case import Case

_LEVELS = (("donation_id", "need_id"), ("donation_id", "group"), ("donor", "need_id"), ("donor", "group"))
"""Who a row may name, the most specific first."""


class Affinities:
    """Scores by pair. Of several rows that name a pair the most specific counts.

    Attributes
    ----------
    matter
        Whether any score costs anything.
    """

    def __init__(self, case: Case, groups: pd.Index) -> None:
        table = case.table("affinities")
        self._weight = case.settings.policy.affinity_weight
        self.matter = len(table) > 0 and self._weight > 0
        self._names = {
            "donation_id": _listed(table["donation_id"]),
            "donor": _listed(table["donor"]),
            "need_id": _listed(table["need_id"]),
            "group": groups,
        }
        self._scores = [self._level(table, giver, taker) for giver, taker in _LEVELS]

    def codes(self, table: pd.DataFrame, column: str) -> Ints:
        """Return the code of each row's `column`, -1 where no affinity names it."""
        if not self.matter:
            return np.full(len(table), -1, dtype=np.int64)
        names = self._names[column]
        return np.asarray(names.get_indexer(pd.Index(table[column].astype(object))), dtype=np.int64)

    def cost(self, supply: Supply, demand: Demand) -> Floats:
        """Return what the fit of classes that broadcast costs, currency per served unit."""
        if not self.matter:
            return np.zeros(())
        shape = np.broadcast_shapes(supply.item.shape, demand.item.shape)
        score = np.full(shape, np.nan)
        givers = {"donation_id": supply.affinity, "donor": supply.donor}
        takers = {"need_id": demand.affinity, "group": demand.group}
        for (giver, taker), (keys, scores) in zip(_LEVELS, self._scores, strict=True):
            if len(keys):
                tail, head = givers[giver], takers[taker]
                key = np.where((tail >= 0) & (head >= 0), tail * self._width(taker) + head, -1)
                at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
                score = np.where(np.isnan(score) & (keys[at] == key), scores[at], score)
        return np.where(np.isnan(score), 0.0, self._weight * (1 - np.nan_to_num(score)))

    def table(self) -> Fondness:
        """Return the scores for compiled code, or an empty table where none costs anything."""
        levels = self._scores if self.matter else [(np.zeros(0, dtype=np.int64), np.zeros(0))] * len(_LEVELS)
        return Fondness(
            float(self._weight), np.array([self._width(taker) for _, taker in _LEVELS]),
            np.cumsum([0, *(len(keys) for keys, _ in levels)]),
            np.concatenate([keys for keys, _ in levels]), np.concatenate([scores for _, scores in levels]),
        )  # fmt: skip

    def _width(self, taker: str) -> int:
        return len(self._names[taker]) + 1

    def _level(self, table: pd.DataFrame, giver: str, taker: str) -> tuple[Ints, Floats]:
        tail = self._names[giver].get_indexer(pd.Index(table[giver].astype(object)))
        head = self._names[taker].get_indexer(pd.Index(table[taker].astype(object)))
        rows = np.flatnonzero((tail >= 0) & (head >= 0))
        key = tail[rows].astype(np.int64) * self._width(taker) + head[rows]
        order = np.argsort(key, kind="stable")
        return key[order], table["score"].to_numpy(dtype=np.float64)[rows][order]


def _listed(names: pd.Series) -> pd.Index:
    distinct: set[str] = set(names.to_numpy(dtype=object).tolist()) - {""}
    return pd.Index(sorted(distinct), dtype=object)
