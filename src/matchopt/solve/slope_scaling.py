"""Slope scaling for fixed charges: what changing a promise costs, spread over the quantity that changes.

A promise that is changed costs as much for one unit as for all. Spread over its quantity that cost is
a gain on each unit kept, and the best plan is one of the network again: its prices bound the cost of
every plan, and it changes more promises than it has to, by a little each. So each one that it changes
is from then on charged over what it took off (slope scaling: D. Kim and P. M. Pardalos, "A solution
approach to the fixed charge network flow problem using a dynamic slope scaling procedure", 1999),
until plans repeat themselves. The best of them by what they really cost is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import Floats, Ints
from matchopt.solve.transport import Backend, Optimum, Transport

TURNS = 12
"""How often charges are spread anew, at most."""


@dataclass(frozen=True, slots=True)
class PromisedArcs:
    """Quantities that it costs something to change (p,).

    Attributes
    ----------
    tail, head : (p,) int
        Supply and demand.
    cost : (p,) int
        Of a unit over the column that was promised.
    amount : (p,) int
        What was promised, above 0.
    charge
        For each one of which more or less is given, in cost × quantity.
    """

    tail: Ints
    head: Ints
    cost: Ints
    amount: Ints
    charge: float

    def gains(self) -> Ints:
        """Return what a unit kept gains if the charge is spread over all that was promised."""
        return _spread(self.charge, self.amount)


def slope_scaled(
    problem: Transport, optimum: Optimum, backend: Backend, promised: PromisedArcs, unmet: Ints
) -> Ints:
    """Return a flow (a,) of `problem` that changes few promises.

    Parameters
    ----------
    problem, optimum
        With the promises as its limited arcs, and their gains taken off their costs; and its best flow.
    promised
        Heads as nodes of the problem.
    unmet : (k,) int
        What a unit unmet costs beyond what every such flow leaves unmet alike.
    """
    count = len(promised.amount)
    beside = _beside(problem, promised)
    own = np.concatenate([promised.cost, problem.cost[count:]])
    best, lowest = optimum.flow, np.inf
    before: set[bytes] = set()
    # Of plans as cheap as each other one that keeps more is better, however little a unit gains.
    gain, more = np.maximum(promised.gains(), 1), np.zeros_like(own)
    for _ in range(TURNS):
        flow = optimum.flow
        less = promised.amount - flow[:count]
        over = flow[beside] * (beside >= 0)
        changed = (less > 0) | (over > 0)
        left = problem.demand - np.bincount(problem.head, flow, minlength=problem.nodes)[problem.node]
        value = float(own @ flow) + float(unmet @ left) + promised.charge * int(changed.sum())
        if value < lowest:
            best, lowest = flow, value
        seen = np.flatnonzero(changed).tobytes()
        if not changed.any() or seen in before:
            break
        before.add(seen)
        gain = np.where(less > 0, np.maximum(_spread(promised.charge, np.maximum(less, 1)), 1), gain)
        on_top = (less == 0) & (over > 0)
        more[beside[on_top]] = _spread(promised.charge, over[on_top])
        cost = own + more
        cost[:count] -= gain
        optimum = backend.solve(replace(problem, cost=cost), optimum.tree)
    return best


def _beside(problem: Transport, promised: PromisedArcs) -> Ints:
    """Return the arc of the pair of each promise that goes the same way, so far as costs tell; else -1."""
    count = len(promised.amount)
    keys = problem.tail * problem.nodes + problem.head
    order = np.argsort(keys[count:], kind="stable")
    if not len(order):
        return np.full(count, -1)
    at = np.minimum(np.searchsorted(keys[count:][order], keys[:count]), len(order) - 1)
    arc = count + order[at]
    same = (keys[arc] == keys[:count]) & (problem.cost[arc] == promised.cost)
    return np.where(same, arc, -1)


def _spread(charge: float, amount: Ints | Floats) -> Ints:
    """Return a charge by the unit, rounded down."""
    return np.floor(charge / amount).astype(np.int64)
