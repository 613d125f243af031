"""Who may serve whom: items, earmarks, boundaries (contract §2), each with its reason; and affinities."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.frames import positions
from matchopt.model.classes import Demand, Earmarks, Supply
from matchopt.model.money import MONEY_SCALE
from matchopt.model.pair_kernels import (
    AFFINITY_LEVEL,
    AGREEMENTS,
    OPEN,
    SAME_ATTRIBUTE,
    SAME_COMMUNITY,
    AffinityTables,
    RuleTables,
)
from matchopt.model.places import Atlas

if TYPE_CHECKING:
    from matchopt.contract.case import Case


STEPS = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing", "declined")
"""Reason codes in the order of the contract, and last what commitments bar; step s (from 0) refuses with
``STEPS[s]``."""

WRITTEN_DECIMALS = 6
"""Decimals that a price is trusted with."""

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


def least_purchase(price: float, step: float) -> int:
    """Return what whole steps at least cost together, as whole 1/10 000 currency; 0 without a price.

    All that can be bought costs a whole multiple of it.
    """
    if not price > 0:
        return 0
    exact = Fraction(repr(float(price))) * Fraction(repr(float(step))) * MONEY_SCALE
    return exact.numerator


class Items:
    """Items by code, and which may stand in for which.

    Attributes
    ----------
    lump : (items,) int
        What can be bought of each costs whole multiples of this, in 1/10 000 currency; 0 where nothing can.
    """

    def __init__(self, case: Case) -> None:
        named = (
            ("items", "item"),
            ("needs", "item"),
            ("donations", "item"),
            ("substitutions", "need_item"),
            ("substitutions", "donated_item"),
        )
        distinct = set[str]().union(*(pd.unique(case.column(*name)) for name in named))
        self.names = pd.Index(sorted(distinct), dtype=object)
        self._case, self._listed = case, self.codes(case.column("items", "item"))
        kind = self._column("kind", "goods")
        self.service, self.funds = kind == "service", kind == "funds"
        # Money has no weight: it travels free and loads nothing.
        self.weight = np.where(self.funds, 0.0, self._column("weight_kg", 1.0))
        self.shelf_life = self._column("shelf_life_days", np.nan)
        self.step = self._column("step", 1.0)
        self.cold = self._column("cold", False)
        price = self._column("purchase_price", np.nan)
        # Of more decimals than money is written in, a price is the outcome of a division.
        price = np.where(np.round(price, WRITTEN_DECIMALS) == price, price, np.round(price, 4))
        self.price = np.where(self.funds, np.nan, price)
        lumps = [least_purchase(*row) for row in zip(self.price, self.step, strict=True)]
        self.lump = np.array(lumps, dtype=np.int64)
        donated, needed = (
            self.codes(case.column("substitutions", name)) for name in ("donated_item", "need_item")
        )
        key = donated * len(self.names) + needed
        order = np.argsort(key, kind="stable")
        self._pair = key[order]
        self._ratio, self._penalty = (
            case.column("substitutions", name)[order] for name in ("ratio", "penalty")
        )

    def _column(self, name: str, default: float | str) -> Any:
        """Return a column of the table ``items`` by item, `default` for what it does not list."""
        given = self._case.column("items", name)
        values = np.full(len(self.names), default, dtype=given.dtype)
        values[self._listed] = given
        return values

    def codes(self, names: pd.Series | Texts) -> Ints:
        """Return the code of each item name."""
        return positions(self.names, names)

    def fit(self, donated: Ints, needed: Ints) -> Fit:
        """Return how `donated` items fit `needed` ones (codes that broadcast)."""
        same, key = donated == needed, donated * len(self.names) + needed
        hit, ratio, penalty = np.zeros((), dtype=bool), np.ones(()), np.zeros(())
        if len(self._pair):
            at = np.minimum(np.searchsorted(self._pair, key), len(self._pair) - 1)
            hit = (self._pair[at] == key) & ~same
            ratio = np.where(hit, self._ratio[at], 1.0)
            penalty = np.where(hit, self._penalty[at], 0.0)
        if not self.funds.any():
            return Fit(same | hit, ratio, penalty, np.zeros(()))
        spends = self.funds[donated] & ~self.funds[needed]
        price = self.price[needed]
        buys = spends & (price > 0) & ~hit
        ratio = np.where(buys, 1 / np.where(price > 0, price, 1.0), ratio)
        return Fit(same | hit | buys, ratio, penalty, np.where(buys, 1.0, 0.0))

    def loads(self, item: Ints) -> Floats:
        """Return the kg that one unit of items puts on shared capacities."""
        return np.where(self.service[item], 0.0, self.weight[item])

    def fit_table(self, given: Ints, asked: Ints) -> Floats:
        """Return (a, b, 4) how items `given` (a,) fit those `asked` (b,), as kernels know it."""
        fit, shape = self.fit(given[:, None], asked), (len(given), len(asked))
        parts = fit.fits, fit.ratio, fit.penalty, fit.purchase
        return np.stack([np.broadcast_to(part, shape) for part in parts], axis=-1, dtype=np.float64)

    def goods_table(self, given: Ints) -> Floats:
        """Return (a, 4) what items `given` (a,) are, as kernels know it."""
        parts = self.weight, self.cold, self.service, self.funds
        return np.stack([part[given] for part in parts], axis=-1, dtype=np.float64)

    def linked(self) -> Ints:
        """Return a part number for each item: items that substitutions or funds connect share one."""
        part = np.arange(len(self.names))
        pairs = list(zip(*np.divmod(self._pair, len(self.names)), strict=True))
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
        donated, needed = np.divmod(self._pair, count)
        odd = (self._ratio != 1) | (self.step[donated] != self.step[needed])
        mark[part_of[donated[odd]]] = True
        if (self.price > 0).any():
            mark[part_of[self.funds]] = True
        return mark


class Rules:
    """Steps 1 to 4 for pairs of classes."""

    def __init__(self, case: Case, atlas: Atlas, communities: Earmarks, groups: Earmarks) -> None:
        self._policy = case.settings.policy.boundary
        self._communities, self._groups = communities, groups
        self._district = _attribute(case, atlas, "district")
        self._organization = _attribute(case, atlas, "organization")
        self._agreement, self.transfer_table = _agreements(case)

    def tables(self, fit: Floats) -> RuleTables:
        """Return the rules as kernels know them, for items of a part that `fit` (a, b, 4)."""
        policy = {"open": OPEN, "community": SAME_COMMUNITY, "agreements": AGREEMENTS}
        attribute = self._district if self._policy == "district" else self._organization
        return RuleTables(
            fit,
            self._communities.admits,
            self._groups.admits,
            policy.get(self._policy, SAME_ATTRIBUTE),
            np.stack([attribute, self._organization], axis=1),
            self._agreement,
        )

    def agreement(self, supply: Supply, demand: Demand) -> Ints:
        """Return the table row of the agreement that a delivery falls under, -1 for none."""
        return self._agreement[self._organization[supply.community], self._organization[demand.community]]

    @property
    def transfers(self) -> bool:
        """Return whether some transfer between organisations costs anything."""
        return bool(self.transfer_table.any())

    def transfer(self, supply: Supply, demand: Demand) -> Floats:
        """Return the transfer cost between the organisations, currency per kg."""
        return self.transfer_table[self._organization[supply.community], self._organization[demand.community]]


def _attribute(case: Case, atlas: Atlas, name: str) -> Ints:
    """Return the code of a community's `name` attribute by atlas code; the last entry is for none."""
    attribute = np.full(len(atlas.names) + 1, -1, dtype=np.int64)
    values = case.column("communities", name)
    codes, _ = pd.factorize(values)
    codes = np.where(values == "", -1, codes)
    attribute[atlas.codes(case.column("communities", "community"))] = codes
    return attribute


def _agreements(case: Case) -> tuple[Ints, Floats]:
    """Return the table row of the agreement between organisations, -1 for none, and its transfer cost.

    Organisations are numbered as in `_attribute`; the last row and column is for none.
    """
    names = pd.unique(case.column("communities", "organization"))
    agreement = np.full((len(names) + 1, len(names) + 1), -1, dtype=np.int64)
    transfer = np.zeros(agreement.shape)
    tail, head = (
        positions(names, case.column("agreements", name)) for name in ("from_organization", "to_organization")
    )
    known = np.flatnonzero((tail >= 0) & (head >= 0))
    agreement[tail[known], head[known]] = known
    transfer[tail[known], head[known]] = case.column("agreements", "transfer_cost")[known]
    return agreement, transfer


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
        tails = {"donation_id": supply.affinity, "donor": supply.donor}
        heads = {"need_id": demand.affinity, "group": demand.group}
        for (donation, need), (keys, scores) in zip(_LEVELS, self._scores, strict=True):
            if len(keys):
                tail, head = tails[donation], heads[need]
                key = np.where((tail >= 0) & (head >= 0), tail * self._width(need) + head, -1)
                at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
                score = np.where(np.isnan(score) & (keys[at] == key), scores[at], score)
        return np.where(np.isnan(score), 0.0, self._weight * (1 - np.nan_to_num(score)))

    def tables(self) -> AffinityTables:
        """Return the scores as kernels know them; none where no score costs anything."""
        width = np.array([self._width(head) for _, head in _LEVELS])
        keys = [level * AFFINITY_LEVEL + keys for level, (keys, _) in enumerate(self._scores)]
        score = np.concatenate([scores for _, scores in self._scores])
        return AffinityTables(float(self._weight), width, np.concatenate(keys), score)

    def _width(self, need: str) -> int:
        return len(self._names[need]) + 1

    def _level(self, case: Case, donation: str, need: str) -> tuple[Ints, Floats]:
        tail, head = (positions(self._names[n], case.column("affinities", n)) for n in (donation, need))
        rows = np.flatnonzero((tail >= 0) & (head >= 0))
        key = tail[rows] * self._width(need) + head[rows]
        order = np.argsort(key, kind="stable")
        return key[order], case.column("affinities", "score")[rows][order]


def _listed(names: Texts) -> pd.Index:
    distinct: set[str] = set(names.tolist()) - {""}
    return pd.Index(sorted(distinct), dtype=object)
