"""Where prices of shared capacities lead: the flow core under them, and the ways it favours.

At given prices of the shared rules a block falls apart into transport problems over priced
costs (Lagrangian relaxation). They are solved in little time, and their potentials fit the
prices far better than those of a program over few ways, which knows no other way out. The
prices tried lie between the best so far and those of the program: steps that are too wide
lead astray (P. Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer
programming", 1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.arrays import Floats, Ints
from matchopt.solve.block import Block, Columns, Priced, Source, Worth
from matchopt.solve.certificate import Prices
from matchopt.solve.pairs import TableMarket
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.tiers import Matching, coverage_first, total_cost

STEP, FIRST_STEP = 0.5, 0.2
"""How far to go from the best prices towards those of the program; and at first."""

PARTNERS = 2
"""Pairs per need and per donation whose best way is named at a time."""

SPREAD = 1e-3
"""What a full capacity seems to cost beyond an empty one, by the kg, as a share of the mean cost:
of ways that cost the same those with room are better company."""


@dataclass(frozen=True, slots=True)
class Potentials:
    """What the flow core makes of prices of the shared rules.

    Attributes
    ----------
    value
        The least cost at these prices: no plan of the block costs less.
    worth
        The prices with their potentials.
    tail, head : (a,) int
        Pairs that carry something at that cost.
    """

    value: float
    worth: Worth
    tail: Ints
    head: Ints


class Guide:
    """Names ways worth having in the cost stage of a block whose shared rules leave coverage as it is."""

    def __init__(self, block: Block, source: Source) -> None:
        self._block, self._source = block, source
        self._capacity: Floats = np.zeros(len(block.capacity))
        self._budget = 0.0
        self._value: float | None = None

    def ways(self, prices: Prices, columns: Columns, amount: Floats) -> Columns:
        """Return ways to enter, after a program over `columns` was solved by `amount` at `prices`."""
        step = FIRST_STEP if self._value is None else STEP
        capacity = self._capacity + step * (prices.capacity - self._capacity)
        budget = self._budget + step * (prices.budget - self._budget)
        found = self.potentials(capacity, budget)
        if self._value is None or found.value > self._value:
            self._capacity, self._budget, self._value = capacity, budget, found.value
        worth = found.worth
        load = np.bincount(
            columns.load_row, columns.load * amount[columns.load_column], minlength=len(capacity)
        )
        mean = float(columns.spend @ amount) / max(float(load.sum()), 1.0)
        full = SPREAD * mean * load / np.maximum(self._block.capacity, 1.0)
        spread = Worth(worth.need, worth.donation, capacity + full, worth.spend, worth.purchase)
        carrying = self._source.along(spread, found.tail, found.head)
        return carrying.joined(self._source.promising(spread, PARTNERS, least=-np.inf))

    def potentials(self, capacity: Floats, budget: float) -> Potentials:
        """Solve the transport problems at given prices of the capacities (r,) and of the budget."""
        block = self._block
        worth = Worth(np.zeros(len(block.demand)), np.zeros(len(block.supply)), capacity, 1.0 + budget, 1.0)
        value, tails, heads = -float(capacity @ block.capacity), [], []
        if budget:
            value -= budget * block.budget
        for part in self._source.priced(worth):
            best = self._flow(part)
            price = best.supply_price / part.scale * part.granule
            worth.donation[part.donations] = -price
            worth.need[part.needs] = best.demand_price / part.scale
            tails.append(best.tail + part.donations.start)
            heads.append(best.head + part.needs.start)
            value += float(price @ block.supply[part.donations])
            value += float(worth.need[part.needs] @ block.demand[part.needs])
        return Potentials(value, worth, np.concatenate(tails), np.concatenate(heads))

    def _flow(self, part: Priced) -> Matching:
        block = self._block
        supply = block.supply[part.donations].astype(np.int64)
        demand = np.floor(block.demand[part.needs] / part.granule + 1e-9).astype(np.int64)
        market, backend = TableMarket(part.cost, len(supply), len(demand)), NetworkSimplex()
        if block.by_cost:
            unmet = np.rint(block.unmet_cost[part.needs] * part.scale).astype(np.int64)
            return total_cost(market, supply, demand, unmet, backend)
        return coverage_first(market, supply, demand, block.tier[part.needs], backend)
