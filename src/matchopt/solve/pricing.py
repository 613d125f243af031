"""Few arcs into the solver, all pairs into the proof.

Only promising pairs become arcs. The prices of the optimal flow over them then price
every other pair; those with a negative reduced cost come in and the flow is found again.
When none is left, the flow is optimal over all pairs and the prices are the proof
(column generation for transport problems; Ahuja, Magnanti and Orlin, 1993, §11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.solve.pairs import Arcs, Pairs
from matchopt.solve.potentials import certify
from matchopt.solve.transport import Backend, Certificate, Transport

ALL_PAIRS = 200_000
"""Up to this many admitted pairs all become arcs: rounds with fewer would cost more than they save."""

CANDIDATES = 12
"""Arcs per demand, and per supply, that start or join."""

_TIE = 2**40
"""Steps between reduced costs when ties are broken by cost."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """An optimal flow over all pairs, and its proof.

    Attributes
    ----------
    tail, head, flow
        The arcs that carry something.
    certificate
        Prices under which no pair, arc or not, has a negative reduced cost.
    arcs, rounds
        How many arcs the solver saw at last, and how often it was asked.
    """

    tail: Ints
    head: Ints
    flow: Ints
    certificate: Certificate
    arcs: int
    rounds: int


def solve_over_all_pairs(
    pairs: Pairs, supply: Ints, demand: Ints, spare_cost: Ints, unmet_cost: Ints, backend: Backend,
    start: tuple[Ints, Ints] | None = None,
) -> Optimum:  # fmt: skip
    """Solve the transport problem over all admitted pairs.

    Parameters
    ----------
    pairs
        Who may serve whom at which cost.
    supply, demand, spare_cost, unmet_cost
        As in `Transport`.
    backend
        Who solves it over the arcs chosen so far.
    start
        Rows and columns of pairs to begin with besides the cheapest; they must carry a
        feasible flow where spare or unmet is forbidden.
    """
    arcs = pairs.all_arcs(ALL_PAIRS)
    complete = arcs is not None
    if arcs is None:
        row, column = pairs.best(lambda arcs: arcs.cost, FORBIDDEN, CANDIDATES)
        arcs = pairs.arcs(row, column)
        if start is not None:
            arcs = pairs.arcs(*start, known=arcs)
    rounds = 0
    while True:
        problem = Transport(supply, demand, arcs.tail, arcs.head, arcs.cost, spare_cost, unmet_cost)
        flow = backend.flow(problem)
        prices = certify(problem, flow)
        rounds += 1
        missing = None if complete else _underpriced(pairs, prices)
        if missing is None or not len(missing[0]):
            used = np.flatnonzero(flow)
            return Optimum(arcs.tail[used], arcs.head[used], flow[used], prices, len(arcs.tail), rounds)
        arcs = pairs.arcs(*missing, known=arcs)


def _underpriced(pairs: Pairs, prices: Certificate) -> tuple[Ints, Ints]:
    """Return pairs with a negative reduced cost, the most negative of each demand and supply."""

    def reduced(arcs: Arcs) -> Ints:
        paid = prices.supply_price[arcs.tail] + prices.demand_price[arcs.head]
        if pairs.free:
            return -paid * _TIE + np.minimum(arcs.cost, _TIE - 1)
        return arcs.cost - paid

    return pairs.best(reduced, 0, CANDIDATES)
