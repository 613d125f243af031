"""Few arcs into the solver, all pairs into the proof.

Only promising pairs become arcs. The prices of the optimal flow over them then price
every other pair; those with a negative reduced cost come in and the flow is found again, from
where it was. When none is left, the flow is optimal over all pairs and the prices are the proof
(column generation for transport problems; Ahuja, Magnanti and Orlin, 1993, §11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.solve.pairs import Market
from matchopt.solve.transport import Backend, Certificate, Transport

PARTNERS = 3
"""Pairs of each supply and each demand that join at a time, at least …"""

PLENTIFUL = 1.5
"""… and more, by that many, for each time its quantity holds the mean quantity of the other side."""

MOST_PARTNERS = 200
"""Pairs of one supply or demand that join at a time, at most."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What it took, in figures that do not depend on the machine.

    Attributes
    ----------
    arcs
        Pairs that the solver saw.
    rounds
        How often it was asked.
    pivots
        Steps that it took.
    priced
        Pairs whose cost was worked out, bounds of others aside.
    """

    arcs: int
    rounds: int
    pivots: int
    priced: int


@dataclass(frozen=True, slots=True)
class Best:
    """An optimal flow over all pairs, and its proof.

    Attributes
    ----------
    tail, head, flow
        The pairs that carry something.
    certificate
        Prices under which no pair, arc or not, has a negative reduced cost.
    """

    tail: Ints
    head: Ints
    flow: Ints
    certificate: Certificate
    effort: Effort


def solve_over_all_pairs(
    market: Market, supply: Ints, demand: Ints, spare_cost: Ints, unmet_cost: Ints, backend: Backend
) -> Best:
    """Solve the transport problem over all admitted pairs.

    Parameters
    ----------
    market
        Who may serve whom at which cost.
    supply, demand, spare_cost, unmet_cost
        As in `Transport`.
    backend
        Who solves it over the arcs chosen so far.
    """
    partners = _partners(supply, demand), _partners(demand, supply)
    found = market.best(np.zeros_like(supply), np.zeros_like(demand), FORBIDDEN, partners)
    tail, head, cost, priced = found.row, found.column, found.cost, found.priced
    tree, rounds, pivots = None, 0, 0
    while True:
        problem = Transport(supply, demand, tail, head, cost, spare_cost, unmet_cost)
        optimum = backend.solve(problem, tree)
        tree, prices = optimum.tree, optimum.certificate
        rounds, pivots = rounds + 1, pivots + optimum.pivots
        found = market.best(prices.supply_price, prices.demand_price, 0, partners)
        priced += found.priced
        if not len(found.row):
            used = np.flatnonzero(optimum.flow)
            effort = Effort(len(tail), rounds, pivots, priced)
            return Best(tail[used], head[used], optimum.flow[used], prices, effort)
        tail = np.concatenate([tail, found.row])
        head = np.concatenate([head, found.column])
        cost = np.concatenate([cost, found.cost])


def _partners(quantity: Ints, other: Ints) -> Ints:
    """Return how many pairs of each join at a time: the more, the more partners it takes to use it up."""
    share = PLENTIFUL * quantity / other.mean()
    return np.asarray(np.minimum(PARTNERS + share, MOST_PARTNERS), dtype=np.int64)
