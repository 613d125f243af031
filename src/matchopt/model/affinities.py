"""How well a donation and a need fit beyond the rules, and what a worse fit costs (contract §1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Floats, Ints, Texts
from matchopt.contract.lines import positions
from matchopt.model.classes import Demand, Supply
from matchopt.model.pair_kernels import AFFINITY_LEVEL, AffinityTables

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
        self._weight = case.settings.policy.affinity_weight
        self.matter = "affinities" in case.tables and self._weight > 0
        by = {name: case.column("affinities", name) for name in ("donation_id", "donor", "need_id")}
        self._names = {name: _listed(column) for name, column in by.items()} | {"group": groups}
        none = np.zeros(0, dtype=np.int64), np.zeros(0)
        self._scores = [self._level(case, *level) if self.matter else none for level in _LEVELS]

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

    def tables(self) -> AffinityTables:
        """Return the scores as kernels know them; none where no score costs anything."""
        width = np.array([self._width(head) for _, head in _LEVELS])
        keys = [level * AFFINITY_LEVEL + keys for level, (keys, _) in enumerate(self._scores)]
        score = np.concatenate([scores for _, scores in self._scores])
        return AffinityTables(float(self._weight), width, np.concatenate(keys), score)

    def _width(self, taker: str) -> int:
        return len(self._names[taker]) + 1

    def _level(self, case: Case, giver: str, taker: str) -> tuple[Ints, Floats]:
        tail, head = (positions(self._names[n], case.column("affinities", n)) for n in (giver, taker))
        rows = np.flatnonzero((tail >= 0) & (head >= 0))
        key = tail[rows] * self._width(taker) + head[rows]
        order = np.argsort(key, kind="stable")
        return key[order], case.column("affinities", "score")[rows][order]


def _listed(names: Texts) -> pd.Index:
    distinct: set[str] = set(names.tolist()) - {""}
    return pd.Index(sorted(distinct), dtype=object)
