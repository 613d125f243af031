"""Column generation for the transport problem: few arcs into the solver, all pairs into the proof.

The restricted master problem has only promising pairs as arcs. The node potentials of its optimal flow
then price every other pair; those with a negative reduced cost enter, and the flow is found again, from
where it was. When none is left, the flow is optimal over all pairs and the potentials are the proof
(Ahuja, Magnanti and Orlin, 1993, §11).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import FORBIDDEN, Bools, CandidateArcs, Ints
from matchopt.solve.oracle import PricingOracle
from matchopt.solve.transport import Backend, Certificate, Optimum, Transport

PARTNERS = 3
"""Pairs of each supply and each demand that join at a time, at least …"""

PLENTIFUL = 1.5
"""… and more, by that many, for each time its quantity holds the mean quantity of the other side."""

MOST_PARTNERS = 200
"""Pairs of one supply or demand that join at a time, at most."""

FEW = 0.15
"""Once less than this share of new pairs joins, the prices have settled …"""

NEAR = 128
"""… and pairs that cost up to one of so many parts of the mean too much join before they would pay."""

UNKNOWN = FORBIDDEN
"""In place of a price that nobody knows yet."""

FAR = 2**59
"""Beyond all reduced costs: what is priced that high or low is looked at by nobody."""


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
class StartingPoint:
    """An earlier plan: its prices, `UNKNOWN` where there are none, and pairs (a,) that carried something."""

    prices: Certificate
    tail: Ints
    head: Ints


@dataclass(frozen=True, slots=True)
class CapacitatedArcs:
    """Arcs besides those of pairs (p,), with costs of their own, maybe below 0, and the most each carries."""

    tail: Ints
    head: Ints
    cost: Ints
    most: Ints

    @classmethod
    def none(cls) -> CapacitatedArcs:
        """Return no such arc."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, none)


@dataclass(frozen=True, slots=True)
class MasterOptimum:
    """An optimal flow over all pairs, and its proof.

    Attributes
    ----------
    tail, head, flow
        The pairs that carry something.
    certificate
        Prices under which no pair, arc or not, has a negative reduced cost.
    problem, optimum
        The last problem and its solution, to go on from. Its demands and nodes are numbered anew.
    order : (n,) int
        The demand that each one of `problem` is.
    """

    tail: Ints
    head: Ints
    flow: Ints
    certificate: Certificate
    effort: Effort
    problem: Transport
    optimum: Optimum
    order: Ints


def solve_over_all_pairs(
    oracle: PricingOracle,
    supply: Ints,
    demand: Ints,
    unmet_cost: Ints,
    backend: Backend,
    start: StartingPoint | None = None,
    limited: CapacitatedArcs | None = None,
) -> MasterOptimum:
    """Solve the transport problem over all admitted pairs; what is not used costs nothing.

    Columns that cost all rows the same are one node of the network, whatever they cost unmet; but each
    is one of its own if there are limited arcs, which lead to one column and not to others like it.

    Parameters
    ----------
    oracle
        Who may serve whom at which cost.
    supply, demand : (m,) int, (n,) int
        Quantities, demands all above 0: the tree of the simplex is strongly feasible only then.
    unmet_cost : (n,) int
        What a unit costs that is left.
    backend
        Who solves it over the arcs chosen so far.
    start
        What is known from an earlier plan.
    limited
        Arcs besides those of the pairs. What they carry is not among the pairs of the plan.
    """
    limited = limited or CapacitatedArcs.none()
    kind = oracle.alike()
    if len(limited.tail):
        # In the same order, so that a search takes memory as it comes.
        kind = np.argsort(np.argsort(kind, kind="stable"))
    order = np.lexsort((unmet_cost, kind))
    problem = Transport(
        supply=supply,
        demand=demand[order],
        tail=limited.tail,
        head=kind[limited.head],
        cost=limited.cost,
        slack_cost=np.zeros_like(supply),
        unmet_cost=unmet_cost[order],
        node=kind[order],
        limit=limited.most,
    )
    pricing = ColumnGeneration(oracle.of(np.unique(kind, return_index=True)[1]), problem)
    found = pricing.first() if start is None else pricing.begin(start, kind)
    tree, rounds, pivots, priced = None, 0, 0, 0
    new = np.ones(len(found.row), dtype=bool)
    while True:
        problem = replace(
            problem,
            tail=np.concatenate([problem.tail, found.row[new]]),
            head=np.concatenate([problem.head, found.column[new]]),
            cost=np.concatenate([problem.cost, found.cost[new]]),
        )
        optimum = backend.solve(problem, tree)
        tree, prices = optimum.tree, optimum.certificate
        rounds, pivots, priced = rounds + 1, pivots + optimum.pivots, priced + found.priced
        node_price = prices.demand_price[problem.highest]
        found = pricing.next(prices.supply_price, node_price)
        reduced = found.cost - prices.supply_price[found.row] - node_price[found.column]
        new = reduced < 0
        if not new.any():
            break
        new[~new] = ~_among(found, ~new, problem)
        if (start is not None and rounds == 1) or new.sum() < FEW * len(problem.tail):
            mean = int(problem.cost @ optimum.flow / max(optimum.flow.sum(), 1))
            pricing.settle(1 + max(mean, 0) // NEAR)
    effort = Effort(len(problem.tail), rounds, pivots, priced + found.priced)
    tail, place, flow = handed_out(problem, optimum.flow)
    demand_price = np.empty_like(demand)
    demand_price[order] = prices.demand_price
    certificate = Certificate(prices.supply_price, demand_price)
    return MasterOptimum(tail, order[place], flow, certificate, effort, problem, optimum, order)


class ColumnGeneration:
    """The pricing step: at first the pairs of least reduced cost of each node, then all that are near.

    Once prices have settled, all pairs of a reduced cost below `near` are sought at one time. After that
    the reduced cost of a pair that is no arc can be negative only if its prices have risen by more than
    that since. Where near pairs are too many, prices had not settled after all.
    """

    def __init__(self, oracle: PricingOracle, problem: Transport) -> None:
        self._oracle, self._problem = oracle, problem
        supply, asked = problem.supply, problem.asked
        self._partners = _partners(supply, asked), _partners(asked, supply)
        self._near = 0
        self._since: tuple[Ints, Ints] | None = None

    def first(self) -> CandidateArcs:
        """Return the pairs that cost the least."""
        free = np.zeros_like(self._problem.supply), np.zeros(self._problem.nodes, dtype=np.int64)
        return self._oracle.best(*free, FORBIDDEN, self._partners)

    def begin(self, start: StartingPoint, kind: Ints) -> CandidateArcs:
        """Return the pairs of an earlier plan, and the best of all that were not in it.

        `kind` is the node of each demand that the earlier plan knows.
        """
        unmet_cost = self._problem.unmet_cost[self._problem.highest]
        supply_price, demand_price = start.prices.supply_price, np.full(len(unmet_cost), -UNKNOWN)
        given = np.where(start.prices.demand_price == UNKNOWN, -UNKNOWN, start.prices.demand_price)
        np.maximum.at(demand_price, kind, given)
        pairs = [(start.tail, kind[start.head])]
        prices = np.minimum(supply_price, self._problem.slack_cost), np.minimum(demand_price, unmet_cost)
        new = supply_price == UNKNOWN, demand_price == -UNKNOWN
        prices[0][new[0]], prices[1][new[1]] = -FAR, unmet_cost[new[1]]
        priced = 0
        if new[1].any():
            found = self._oracle.best(prices[0], np.where(new[1], 0, -FAR), FAR, self._partners)
            np.minimum.at(prices[1], found.column, found.cost - prices[0][found.row])
            pairs.append((found.row, found.column))
            priced += found.priced
        if new[0].any():
            found = self._oracle.best(np.where(new[0], 0, -FAR), prices[1], FAR, self._partners)
            pairs.append((found.row, found.column))
            priced += found.priced
        row, column = (np.concatenate(side) for side in zip(*pairs, strict=True))
        row, column = np.divmod(np.unique(row * len(unmet_cost) + column), len(unmet_cost))
        cost = self._oracle.cost(row, column)
        good = cost < FORBIDDEN
        return CandidateArcs(row[good], column[good], cost[good], priced)

    def settle(self, near: int) -> None:
        """Look from now on for pairs that lack up to `near` to pay, too."""
        if not self._near:
            self._near = near

    def next(self, supply_price: Ints, demand_price: Ints) -> CandidateArcs:
        """Return pairs that would pay at these prices, unless there are none."""
        if self._near and self._since is None:
            still = np.zeros_like(supply_price), np.zeros_like(demand_price)
            found = self._oracle.below(supply_price, demand_price, self._near, still, -1)
            if found is not None:
                self._since = supply_price, demand_price
                return found
            self._near = 0
        if self._near and self._since is not None:
            rise = supply_price - self._since[0], demand_price - self._since[1]
            found = self._oracle.below(supply_price, demand_price, self._near, rise, self._near)
            if found is not None:
                return found
            self._near, self._since = 0, None
        return self._oracle.best(supply_price, demand_price, 0, self._partners)


def _partners(quantity: Ints, other: Ints) -> Ints:
    """Return how many pairs of each join at a time: the more, the more partners it takes to use it up."""
    share = PLENTIFUL * quantity / max(other.mean(), 1.0)
    return np.asarray(np.minimum(PARTNERS + share, MOST_PARTNERS), dtype=np.int64)


def _among(found: CandidateArcs, which: Bools, problem: Transport) -> Bools:
    """Return which of some of the pairs found are arcs already, limited ones aside."""
    keys = found.row[which] * problem.nodes + found.column[which]
    if not len(keys):
        return np.zeros(0, dtype=bool)
    pairs = slice(len(problem.limit), None)
    return np.isin(keys, problem.tail[pairs] * problem.nodes + problem.head[pairs])


def handed_out(problem: Transport, flow: Ints) -> tuple[Ints, Ints, Ints]:
    """Hand what arrives at each node out to its demands, the dearest to leave unmet first.

    Return the supply, the demand and the amount of each delivery over a pair. Limited arcs are none.
    """
    pairs = len(problem.limit)
    if pairs:
        # Each demand has a node of its own.
        used = pairs + np.flatnonzero(flow[pairs:])
        return problem.tail[used], problem.head[used], flow[used]
    used = np.flatnonzero(flow)
    # Nodes and their demands from the last to the first, suppliers of each in their own order.
    used = used[np.lexsort((problem.tail[used], -problem.head[used]))]
    end = np.cumsum(problem.demand)
    met = np.zeros(problem.nodes, dtype=np.int64)
    np.add.at(met, problem.head[used], flow[used])
    kept = (end[problem.highest] - met)[problem.node]
    served = problem.demand - np.clip(kept - (end - problem.demand), 0, problem.demand)
    arc, place, amount = _overlaps(flow[used], served[::-1])
    return problem.tail[used[arc]], len(served) - 1 - place, amount


def _overlaps(first: Ints, second: Ints) -> tuple[Ints, Ints, Ints]:
    """Cut the same length into pieces `first` (p,) and into pieces `second` (q,), one after another.

    Return which piece of each any stretch between two cuts is in, and how long it is.
    """
    ends = np.cumsum(first), np.cumsum(second)
    cuts = np.union1d(*ends)
    cuts = cuts[cuts > 0]
    return (
        np.searchsorted(ends[0], cuts),
        np.searchsorted(ends[1], cuts),
        np.diff(cuts, prepend=0),
    )
