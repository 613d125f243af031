"""Who may serve whom: what items, earmarks and boundaries say (contract §2), each with its reason code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.model.classes import Demand, Supply, set_membership
from matchopt.model.places import Atlas
from matchopt.model.tariff import AGREEMENTS, OPEN, SAME_ATTRIBUTE, SAME_COMMUNITY, Bounds, Fitting

if TYPE_CHECKING:
    from matchopt.contract.case import Case

STEPS = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing", "declined")
"""Reason codes in the order of the contract, and last what commitments bar; step s (from 0) refuses with
``STEPS[s]``."""

ADMITTED = len(STEPS)
"""Step number of a pair that no step refuses."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How donated items fit needed ones, pair by pair.

    Attributes
    ----------
    fits
        Whether the one can serve the other at all.
    ratio
        Units of the need that one donated unit serves.
    penalty
        Substitution penalty, currency per donated unit.
    purchase
        Money spent, currency per donated unit: 1 where funds buy, else 0.
    """

    fits: Bools
    ratio: Floats
    penalty: Floats
    purchase: Floats


class Items:
    """Items by code, and which may stand in for which."""

    def __init__(self, case: Case) -> None:
        items, substitutions = case.table("items"), case.table("substitutions")
        names = [items["item"], case.needs["item"], case.donations["item"]]
        names += [substitutions["need_item"], substitutions["donated_item"]]
        self.names = pd.Index(sorted(set[str]().union(*(n.unique() for n in names))), dtype=object)
        self.service = self._is_kind(items, "service")
        self.funds = self._is_kind(items, "funds")
        # Money has no weight: it travels free and loads nothing.
        self.weight = np.where(self.funds, 0.0, self._column(items, "weight_kg", 1.0))
        self.shelf_life = self._column(items, "shelf_life_days", np.nan)
        self.step = self._column(items, "step", 1.0)
        self.cold = self._column(items, "cold", 0.0) > 0
        price = self._column(items, "purchase_price", np.nan)
        self.price = np.where(self.funds, np.nan, price)
        donated, needed = self.codes(substitutions["donated_item"]), self.codes(substitutions["need_item"])
        table = substitutions[["ratio", "penalty"]].to_numpy(dtype=np.float64)
        self._stand_ins = pd.DataFrame(
            table, columns=["ratio", "penalty"], index=donated * len(self.names) + needed
        ).sort_index()

    def _column(self, items: pd.DataFrame, name: str, default: float) -> Floats:
        values = np.full(len(self.names), default)
        values[self.codes(items["item"])] = items[name].to_numpy(dtype=np.float64)
        return values

    def _is_kind(self, items: pd.DataFrame, kind: str) -> Bools:
        mark = np.zeros(len(self.names), dtype=bool)
        mark[self.codes(items["item"][items["kind"] == kind])] = True
        return mark

    def codes(self, names: pd.Series) -> Ints:
        """Return the code of each item name."""
        return np.asarray(self.names.get_indexer(pd.Index(names)), dtype=np.int64)

    def fit(self, donated: Ints, needed: Ints) -> Fit:
        """Return how `donated` items fit `needed` ones (codes that broadcast)."""
        same, key = donated == needed, donated * len(self.names) + needed
        hit, ratio, penalty = np.zeros((), dtype=bool), np.ones(()), np.zeros(())
        if len(self._stand_ins):
            pairs = self._stand_ins.index.to_numpy()
            at = np.minimum(np.searchsorted(pairs, key), len(pairs) - 1)
            hit = (pairs[at] == key) & ~same
            ratio = np.where(hit, self._stand_ins["ratio"].to_numpy()[at], 1.0)
            penalty = np.where(hit, self._stand_ins["penalty"].to_numpy()[at], 0.0)
        if not self.funds.any():
            return Fit(same | hit, ratio, penalty, np.zeros(()))
        spends = self.funds[donated] & ~self.funds[needed]
        price = self.price[needed]
        buys = spends & (price > 0) & ~hit
        ratio = np.where(buys, 1 / np.where(price > 0, price, 1.0), ratio)
        return Fit(same | hit | buys, ratio, penalty, np.where(spends, 1.0, 0.0))

    def fitting(self, given: Ints, asked: Ints) -> Fitting:
        """Return for compiled code how items `given` (a,) fit those `asked` (b,), and what they are."""
        fit = self.fit(given[:, None], asked)
        shape = (len(given), len(asked))
        return Fitting(
            np.broadcast_to(fit.fits, shape).copy(), np.broadcast_to(fit.ratio, shape).copy(),
            np.broadcast_to(fit.penalty, shape).copy(), np.broadcast_to(fit.purchase, shape).copy(),
            self.weight[given], self.cold[given], self.service[given], self.funds[given],
        )  # fmt: skip

    def linked(self) -> Ints:
        """Return a part number for each item: items that substitutions or funds connect share one."""
        part = np.arange(len(self.names))
        pairs = list(zip(*np.divmod(self._stand_ins.index.to_numpy(), len(self.names)), strict=True))
        funds, bought = np.flatnonzero(self.funds), np.flatnonzero(self.price > 0)
        pairs += [(fund, item) for fund in funds for item in bought]
        changed = True
        while changed:
            changed = False
            for donated, needed in pairs:
                least = min(part[donated], part[needed])
                if part[donated] != least or part[needed] != least:
                    part[donated] = part[needed] = least
                    changed = True
        return part

    def unequal(self, part_of: Ints) -> Bools:
        """Return which parts join items at a ratio other than 1, of different steps, or by purchase."""
        count = len(self.names)
        mark = np.zeros(count, dtype=bool)
        donated, needed = np.divmod(self._stand_ins.index.to_numpy(dtype=np.int64), count)
        odd = (self._stand_ins["ratio"].to_numpy() != 1) | (self.step[donated] != self.step[needed])
        mark[part_of[donated[odd]]] = True
        if (self.price > 0).any():
            mark[part_of[self.funds]] = True
        return mark


class Rules:
    """Steps 1 to 4 for pairs of classes."""

    def __init__(self, case: Case, items: Items, atlas: Atlas, groups: pd.Index) -> None:
        self._items = items
        self._policy = case.settings.policy.boundary
        self._admits_community = set_membership(case.donations["only_communities"], atlas.names)
        self._admits_group = set_membership(case.donations["only_groups"], groups)
        self._district = _attribute(case, atlas, "district")
        self._organization = _attribute(case, atlas, "organization")
        self._agreement, self._transfer = _agreements(case)

    def bounds(self) -> Bounds:
        """Return earmarks and boundaries for compiled code."""
        policy = {"open": OPEN, "community": SAME_COMMUNITY, "agreements": AGREEMENTS}
        return Bounds(
            self._admits_community, self._admits_group, policy.get(self._policy, SAME_ATTRIBUTE),
            self._district if self._policy == "district" else self._organization, self._organization,
            self._agreement, self._transfer,
        )  # fmt: skip

    def agreement(self, supply: Supply, demand: Demand) -> Ints:
        """Return the table row of the agreement that a delivery falls under, -1 for none."""
        return self._agreement[self._organization[supply.community], self._organization[demand.community]]

    @property
    def transfers(self) -> bool:
        """Return whether some transfer between organisations costs anything."""
        return bool(self._transfer.any())

    def transfer(self, supply: Supply, demand: Demand) -> Floats:
        """Return the transfer cost between the organisations, currency per kg."""
        return self._transfer[self._organization[supply.community], self._organization[demand.community]]


def _attribute(case: Case, atlas: Atlas, name: str) -> Ints:
    """Return the code of a community's `name` attribute by atlas code; the last entry is for none."""
    communities = case.table("communities")
    codes, _ = pd.factorize(communities[name])
    codes = np.where(communities[name].to_numpy(dtype=object) == "", -1, codes)
    attribute = np.full(len(atlas.names) + 1, -1, dtype=np.int64)
    attribute[atlas.codes(communities["community"])] = codes
    return attribute


def _agreements(case: Case) -> tuple[Ints, Floats]:
    """Return the table row of the agreement between organisations, -1 for none, and its transfer cost.

    Organisations are numbered as in `_attribute`; the last row and column is for none.
    """
    _, names = pd.factorize(case.table("communities")["organization"])
    index = pd.Index(names)
    table = case.table("agreements")
    agreement = np.full((len(index) + 1, len(index) + 1), -1, dtype=np.int64)
    transfer = np.zeros(agreement.shape)
    tail = index.get_indexer(pd.Index(table["from_organization"]))
    head = index.get_indexer(pd.Index(table["to_organization"]))
    known = np.flatnonzero((tail >= 0) & (head >= 0))
    agreement[tail[known], head[known]] = known
    transfer[tail[known], head[known]] = table["transfer_cost"].to_numpy(dtype=np.float64)[known]
    return agreement, transfer
