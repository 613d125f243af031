"""The plain proof: a level and a price for every need and donation, and what they bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import PLENTY, Bools, Ints
from matchopt.contract.case import Case
from matchopt.contract.plan import PRICES
from matchopt.model.classes import Members, unmet_cost
from matchopt.model.money import added, exact_dot, from_money
from matchopt.model.network import Network


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the transport problem: its ids, quantities that count, levels and prices (one entry a row).

    `own` marks the rows that the proof is about.
    """

    ids: pd.Series
    members: Members
    quantity: Ints
    own: Bools
    level: Ints
    price: Ints


@dataclass(frozen=True, slots=True)
class Proof:
    """Levels and prices, and the bounds that follow from them by weak duality.

    Attributes
    ----------
    donation, need
        The two sides. Whoever takes no part counts with quantity 0.
    tier
        Priority of each need.
    by_tier
        Whether levels prove coverage tier by tier (coverage-first), or prices alone
        prove the total cost.
    """

    donation: Side
    need: Side
    tier: Ints
    by_tier: bool

    @classmethod
    def blank(cls, case: Case, network: Network, given: Bools, taken: Bools) -> Proof:
        """Return the proof for needs and donations that nobody could serve or take.

        `given` and `taken` mark the donations and needs that it is about; the others are in
        blocks with a proof of their own.

        Supply that nobody takes is plenty and worth nothing. A need that nobody serves
        stays on its own tier's level; under total cost it is worth its unmet cost.
        """
        tier = case.column("needs", "priority")
        by_tier = case.settings.policy.objective == "coverage-first"
        plenty = np.full(len(network.plannable), PLENTY if by_tier else 0, dtype=np.int64)
        lost = np.where(network.excluded | by_tier, 0, unmet_cost(case))
        quantity = np.where(network.excluded | ~taken, 0, network.demand.quantity)
        return cls(
            Side(
                case.donations["donation_id"],
                network.donations,
                np.where(given, network.supply, 0),
                given,
                plenty,
                np.zeros_like(plenty),
            ),
            Side(
                case.needs["need_id"],
                network.needs,
                quantity,
                taken,
                tier.copy() if by_tier else np.zeros_like(tier),
                lost,
            ),
            tier,
            by_tier,
        )

    def write(self, side: Literal["donation", "need"], classes: Ints, level: Ints, price: Ints) -> None:
        """Give all members of `classes` the level and price of their class."""
        book = self.donation if side == "donation" else self.need
        row, which = book.members.rows_of(classes)
        book.level[row], book.price[row] = level[which], price[which]

    def tier_bound(self) -> dict[int, int] | None:
        """Return the scaled quantity that no plan exceeds in each tier, given the best in those before."""
        if not self.by_tier:
            return None
        bound, before = {}, 0
        for tier in np.unique(self.tier).tolist():
            scarce = self.donation.level <= tier
            in_full = (self.tier <= tier) & (self.need.level > tier)
            upto = added(self.donation.quantity[scarce]) + added(self.need.quantity[in_full])
            bound[tier], before = upto - before, upto
        return bound

    def cost_bound(self) -> int:
        """Return the proven least cost, in 1/10 000 currency × scaled quantity."""
        return sum(exact_dot(side.price, side.quantity) for side in (self.donation, self.need))

    def prices(self) -> list[PriceRows]:
        """Return its rows of the table ``prices`` of a plan."""
        return [
            PriceRows(name, side.ids.to_numpy(dtype=object), from_money(side.price), level=side.level).take(
                side.own
            )
            for name, side in (("donation", self.donation), ("need", self.need))
        ]


KINDS: dict[str, Any] = {"day": "datetime64[s]", "block": np.int64, "level": np.int64, "price": np.float64}
"""Types of the columns of ``prices`` that hold no text."""


@dataclass(frozen=True, slots=True)
class PriceRows:
    """Some rows of the table ``prices`` of a plan, by its columns; what is the same in all stands once."""

    side: Any
    id: Any
    price: Any
    to: Any = ""
    day: Any = None
    block: Any = 0
    stage: Any = ""
    level: Any = 0

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return one entry a row."""
        values = np.asarray(getattr(self, name), dtype=KINDS.get(name, object))
        return np.broadcast_to(values, len(self.price))

    def take(self, which: Bools) -> PriceRows:
        """Return some of the rows."""
        return PriceRows(**{f.name: self.column(f.name)[which] for f in fields(self)})

    def above_nothing(self) -> PriceRows:
        """Return the rows of a price above 0."""
        return self.take(self.column("price") > 0)


def table_of_prices(rows: Sequence[PriceRows]) -> pd.DataFrame:
    """Return the table ``prices`` of a plan, in the order of its `rows`."""
    columns = {name: np.concatenate([some.column(name) for some in rows]) for name in PRICES}
    texts = {name: pd.array(columns[name], dtype="str") for name in ("side", "id", "to", "stage")}
    return pd.DataFrame(columns | texts)
