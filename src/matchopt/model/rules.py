"""Who may serve whom: steps 1 to 4 of contract §2, each refusal with its reason code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Steps
from matchopt.model.classes import Demand, Supply, set_membership
from matchopt.model.places import Atlas

if TYPE_CHECKING:
    from matchopt.case import Case

STEPS = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing")
"""Reason codes in the order of the contract; step s (from 0) refuses with ``STEPS[s]``."""

UNREACHABLE = STEPS.index("unreachable")
"""Step number of a pair that steps 1 to 4 of the contract let through."""

ADMITTED = len(STEPS)
"""Step number of a pair that no step refuses."""


class Items:
    """Items by code, and which may stand in for which."""

    def __init__(self, case: Case) -> None:
        items, substitutions = case.table("items"), case.table("substitutions")
        names = [items["item"], case.needs["item"], case.donations["item"]]
        names += [substitutions["need_item"], substitutions["donated_item"]]
        self.names = pd.Index(np.unique(np.concatenate([n.to_numpy(dtype=object) for n in names])))
        count = len(self.names)
        self.weight = self._column(items, "weight_kg", 1.0)
        self.shelf_life = self._column(items, "shelf_life_days", np.nan)
        self.step = self._column(items, "step", 1.0)
        self.cold = self._column(items, "cold", 0.0) > 0
        self.service = np.zeros(count, dtype=bool)
        self.service[self.codes(items["item"][items["kind"] == "service"])] = True
        donated, needed = self.codes(substitutions["donated_item"]), self.codes(substitutions["need_item"])
        self._stand_ins = pd.Series(
            substitutions["penalty"].to_numpy(dtype=np.float64), index=donated * count + needed
        ).sort_index()

    def _column(self, items: pd.DataFrame, name: str, default: float) -> Floats:
        values = np.full(len(self.names), default)
        values[self.codes(items["item"])] = items[name].to_numpy(dtype=np.float64)
        return values

    def codes(self, names: pd.Series) -> Ints:
        """Return the code of each item name."""
        return np.asarray(self.names.get_indexer(pd.Index(names)), dtype=np.int64)

    def fit(self, donated: Ints, needed: Ints) -> tuple[Bools, Floats]:
        """Return whether `donated` items can serve `needed` ones, and the penalty per unit."""
        same, key = donated == needed, donated * len(self.names) + needed
        if self._stand_ins.empty:
            return same, np.zeros(same.shape)
        pairs = self._stand_ins.index.to_numpy()
        at = np.minimum(np.searchsorted(pairs, key), len(pairs) - 1)
        hit = (pairs[at] == key) & ~same
        return same | hit, np.where(hit, self._stand_ins.to_numpy()[at], 0.0)

    def linked(self) -> Ints:
        """Return a part number for each item: items that substitutions connect share one."""
        part = np.arange(len(self.names))
        keys = self._stand_ins.index.to_numpy()
        pairs = list(zip(*np.divmod(keys, len(self.names)), strict=True)) if len(keys) else []
        changed = True
        while changed:
            changed = False
            for donated, needed in pairs:
                least = min(part[donated], part[needed])
                if part[donated] != least or part[needed] != least:
                    part[donated] = part[needed] = least
                    changed = True
        return part


class Rules:
    """Steps 1 to 4 for pairs of classes."""

    def __init__(self, case: Case, items: Items, atlas: Atlas, groups: pd.Index) -> None:
        self._items = items
        self._policy = case.settings.policy.boundary
        self._admits_community = set_membership(case.donations["only_communities"], atlas.names)
        self._admits_group = set_membership(case.donations["only_groups"], groups)
        self._district = _attribute(case, atlas, "district")
        self._organization = _attribute(case, atlas, "organization")
        self._agreed, self._transfer = _agreements(case)

    def first_refusal(self, supply: Supply, demand: Demand) -> Steps:
        """Return the first of steps 1 to 4 (counted from 0) that refuses each pair, else `UNREACHABLE`.

        `supply` and `demand` hold arrays that broadcast against each other.
        """
        passed, _ = self._items.fit(supply.item, demand.item)
        step = passed.astype(np.int8)
        for ok in (
            supply.quality >= demand.min_quality,
            self._earmark(supply, demand),
            self._inside_boundary(supply, demand),
        ):
            passed = passed & ok
            step += passed
        return step

    def penalty(self, supply: Supply, demand: Demand) -> Floats:
        """Return the substitution penalty, currency per donated unit."""
        return self._items.fit(supply.item, demand.item)[1]

    def transfer(self, supply: Supply, demand: Demand) -> Floats:
        """Return the transfer cost between the organisations, currency per kg."""
        return self._transfer[self._organization[supply.community], self._organization[demand.community]]

    def _earmark(self, supply: Supply, demand: Demand) -> Bools:
        by_community = self._admits_community[supply.only_communities, demand.community]
        by_group = (demand.group >= 0) & self._admits_group[supply.only_groups, demand.group]
        return np.asarray(
            ((supply.only_communities < 0) | by_community) & ((supply.only_groups < 0) | by_group)
        )

    def _inside_boundary(self, supply: Supply, demand: Demand) -> Bools:
        free = (supply.community < 0) | (supply.community == demand.community)
        if self._policy == "open":
            return np.ones_like(free)
        if self._policy == "community":
            return np.asarray(free)
        attribute = self._district if self._policy == "district" else self._organization
        here, there = attribute[supply.community], attribute[demand.community]
        same = free | ((here == there) & (here >= 0))
        if self._policy == "agreements":
            same = same | self._agreed[here, there]
        return np.asarray(same)


def _attribute(case: Case, atlas: Atlas, name: str) -> Ints:
    """Return the code of a community's `name` attribute by atlas code; the last entry is for none."""
    communities = case.table("communities")
    codes, _ = pd.factorize(communities[name])
    codes = np.where(communities[name].to_numpy(dtype=object) == "", -1, codes)
    attribute = np.full(len(atlas.names) + 1, -1, dtype=np.int64)
    attribute[atlas.codes(communities["community"])] = codes
    return attribute


def _agreements(case: Case) -> tuple[Bools, Floats]:
    """Return which organisation agrees with which, and the transfer cost; the last row is for none."""
    _, names = pd.factorize(case.table("communities")["organization"])
    index = pd.Index(names)
    table = case.table("agreements")
    agreed = np.zeros((len(index) + 1, len(index) + 1), dtype=bool)
    transfer = np.zeros(agreed.shape)
    tail = index.get_indexer(pd.Index(table["from_organization"]))
    head = index.get_indexer(pd.Index(table["to_organization"]))
    known = (tail >= 0) & (head >= 0)
    agreed[tail[known], head[known]] = True
    transfer[tail[known], head[known]] = table["transfer_cost"].to_numpy(dtype=np.float64)[known]
    return agreed, transfer
