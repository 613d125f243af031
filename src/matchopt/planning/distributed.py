"""The search for pairs of one large part, block by block wherever an executor runs them.

What a slot holds does not depend on who else was looked at, only on the order of the rows: blocks of
rows, put together in that order, give the same pairs as the search over all of them.
"""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np

from matchopt.arrays import CandidateArcs, Ints
from matchopt.model.pair_costs import CandidateLists, PairCosts, Priced

BLOCK = 2**21
"""Rows × places that a block goes through, about."""


class DistributedOracle:
    """A pricing oracle that looks for pairs block by block; see `matchopt.solve.oracle.PricingOracle`."""

    def __init__(self, costs: PairCosts, executor: Executor) -> None:
        self._costs, self._executor = costs, executor
        rows = len(costs.tables.donations)
        cuts = np.linspace(0, rows, max(1, min(rows, -(-costs.size // BLOCK))) + 1).astype(np.int64)
        self._blocks = [
            (slice(start, end), costs.rows(start, end))
            for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        ]
        self.dearest = costs.dearest

    def alike(self) -> Ints:
        """Return a number for each column, the same for columns alike."""
        return self._costs.alike()

    def of(self, columns: Ints) -> DistributedOracle:
        """Return the oracle of some of the columns."""
        return DistributedOracle(self._costs.of(columns), self._executor)

    def cost(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs of pairs."""
        return self._costs.cost(rows, columns)

    def best(
        self, supply_price: Ints, demand_price: Ints, limit: int, partners: tuple[Ints, Ints]
    ) -> CandidateArcs:
        """Return pairs with a low reduced cost."""
        waiting = [
            self._executor.submit(
                PairCosts.price,
                costs,
                supply_price[rows],
                demand_price,
                limit,
                (partners[0][rows], partners[1]),
            )
            for rows, costs in self._blocks
        ]
        start = np.concatenate([[0], np.cumsum(partners[0])])
        columns = CandidateLists.empty(partners[1], limit)
        values, others, priced = [], [], 0
        for (rows, _), block in zip(self._blocks, waiting, strict=True):
            found: Priced = block.result()
            values.append(found.rows.value)
            others.append(found.rows.partner)
            better = found.columns.value < columns.value
            columns.value[better] = found.columns.value[better]
            columns.partner[better] = found.columns.partner[better] + rows.start
            priced += found.priced
        mine = CandidateLists(start, np.concatenate(values), np.concatenate(others))
        return Priced(mine, columns, priced).arcs(supply_price, demand_price)

    def below(
        self, supply_price: Ints, demand_price: Ints, limit: int, rise: tuple[Ints, Ints], slack: int
    ) -> CandidateArcs | None:
        """Return all pairs of a reduced cost below `limit`, but those passed over; None if too many."""
        waiting = []
        for rows, costs in self._blocks:
            prices, rises = (supply_price[rows], demand_price), (rise[0][rows], rise[1])
            waiting.append(self._executor.submit(PairCosts.below, costs, *prices, limit, rises, slack))
        blocks: list[CandidateArcs | None] = [block.result() for block in waiting]
        listed = [some for some in blocks if some is not None]
        if len(listed) < len(blocks) or sum(len(some.row) for some in listed) > self._costs.most_listed:
            return None
        starts = [rows.start for rows, _ in self._blocks]
        return CandidateArcs(
            np.concatenate([some.row + start for some, start in zip(listed, starts, strict=True)]),
            np.concatenate([some.column for some in listed]),
            np.concatenate([some.cost for some in listed]),
            sum(some.priced for some in listed),
        )
