"""Coverage first: tier after tier, then cost, each proven.

Lexicographic coverage needs no large weights. The demand that a set of supplies can serve
is a polymatroid, and on a polymatroid the greedy order is optimal for any weights that
fall from tier to tier (Edmonds, 1970); one transport problem with unmet costs 9, 8, …
therefore maximises all tiers at once, strictly. Its prices are small whole numbers and cut
the network into **levels**:

- A supply of level k ≤ 9 is used up by tiers 1..k in every plan of best coverage.
- A demand of a level above its own tier is met in full in every such plan.
- No pair leads from a supply to a demand of lower level, and in a plan of best coverage
  none carries anything across levels.

So the levels are the proof of coverage, a cut for each tier, and they take the problem
apart: the least cost is found level by level, among supplies and demands of one level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import FORBIDDEN, PLENTY, Ints
from matchopt.solve.pairs import CostOf, Market, Pairs
from matchopt.solve.pricing import Optimum, solve_over_all_pairs
from matchopt.solve.transport import Backend


@dataclass(frozen=True, slots=True)
class Matching:
    """An optimal flow with its proof (see `matchopt.verify` for what it certifies).

    Attributes
    ----------
    tail, head, flow : (a,) int
        Arcs that carry something.
    supply_level, demand_level : (m,) int, (n,) int
        Levels 1..10; all 0 under total cost.
    supply_price, demand_price : (m,) int, (n,) int
        Prices within the levels.
    arcs, rounds
        Arcs that solvers saw, and times they were asked.
    """

    tail: Ints
    head: Ints
    flow: Ints
    supply_level: Ints
    demand_level: Ints
    supply_price: Ints
    demand_price: Ints
    arcs: int
    rounds: int


def coverage_first(cost: CostOf, supply: Ints, demand: Ints, tier: Ints, backend: Backend) -> Matching:
    """Serve the most of tier 1, then of tier 2, …, then at the least cost.

    Parameters
    ----------
    cost
        Unit cost of any pairs (see `CostOf`).
    supply, demand : (m,) int, (n,) int
        Quantities, all above 0.
    tier : (n,) int
        1..9.
    """
    supply, demand = _trimmed(supply, demand)
    market = Market(cost, len(supply), len(demand))
    coverage = _cover(market, supply, demand, tier, backend)
    best = _least_cost(
        market, supply, demand, tier, PLENTY + coverage.certificate.supply_price,
        PLENTY - coverage.certificate.demand_price, coverage.tail, coverage.head, backend,
    )  # fmt: skip
    return replace(best, arcs=best.arcs + coverage.arcs, rounds=best.rounds + coverage.rounds)


def same_coverage(
    cost: CostOf, supply: Ints, demand: Ints, tier: Ints, supply_level: Ints, demand_level: Ints,
    tail: Ints, head: Ints, backend: Backend,
) -> Matching:  # fmt: skip
    """Find the least cost, at costs of another kind, of a coverage that is known to be the best.

    Parameters
    ----------
    cost, supply, demand, tier
        As in `coverage_first`.
    supply_level, demand_level : (m,) int, (n,) int
        The levels that `coverage_first` found.
    tail, head : (a,) int
        Pairs that carry something in its plan.
    """
    supply, demand = _trimmed(supply, demand)
    market = Market(cost, len(supply), len(demand))
    return _least_cost(market, supply, demand, tier, supply_level, demand_level, tail, head, backend)


def _least_cost(
    market: Market, supply: Ints, demand: Ints, tier: Ints, supply_level: Ints, demand_level: Ints,
    tail: Ints, head: Ints, backend: Backend,
) -> Matching:  # fmt: skip
    """Find the least cost level by level; the pairs `tail` and `head` carry a plan of that coverage."""
    supply_price, demand_price = np.zeros_like(supply), np.zeros_like(demand)
    tails, heads, flows = [], [], []
    arcs = rounds = 0
    for level in np.intersect1d(supply_level, demand_level):
        rows, columns = np.flatnonzero(supply_level == level), np.flatnonzero(demand_level == level)
        # They make the level's problem feasible.
        carrying = np.flatnonzero(supply_level[tail] == level)
        start = np.searchsorted(rows, tail[carrying]), np.searchsorted(columns, head[carrying])
        in_full = (demand_level > tier)[columns]
        best = solve_over_all_pairs(
            Pairs(rows, columns, market), supply[rows], demand[columns],
            spare_cost=np.full(len(rows), 0 if level == PLENTY else FORBIDDEN),
            unmet_cost=np.where(in_full, FORBIDDEN, 0),
            backend=backend, start=start,
        )  # fmt: skip
        supply_price[rows] = best.certificate.supply_price
        demand_price[columns] = best.certificate.demand_price
        tails.append(rows[best.tail])
        heads.append(columns[best.head])
        flows.append(best.flow)
        arcs, rounds = arcs + best.arcs, rounds + best.rounds
    nothing = np.zeros(0, dtype=np.int64)
    tail, head, flow = (np.concatenate([nothing, *parts]) for parts in (tails, heads, flows))
    return Matching(tail, head, flow, supply_level, demand_level, supply_price, demand_price, arcs, rounds)


def total_cost(cost: CostOf, supply: Ints, demand: Ints, unmet_cost: Ints, backend: Backend) -> Matching:
    """Minimise logistics cost + unmet cost; parameters as in `coverage_first`."""
    supply, demand = _trimmed(supply, demand)
    market = Market(cost, len(supply), len(demand))
    pairs = Pairs(np.arange(len(supply)), np.arange(len(demand)), market)
    best = solve_over_all_pairs(pairs, supply, demand, np.zeros_like(supply), unmet_cost, backend)
    prices = best.certificate
    return Matching(
        best.tail, best.head, best.flow, np.zeros_like(supply), np.zeros_like(demand),
        prices.supply_price, prices.demand_price, best.arcs, best.rounds,
    )  # fmt: skip


def _cover(market: Market, supply: Ints, demand: Ints, tier: Ints, backend: Backend) -> Optimum:
    """Serve the most, tier by tier, whatever it costs."""
    pairs = Pairs(np.arange(len(supply)), np.arange(len(demand)), market, free=True)
    return solve_over_all_pairs(pairs, supply, demand, np.zeros_like(supply), PLENTY - tier, backend)


def _trimmed(supply: Ints, demand: Ints) -> tuple[Ints, Ints]:
    """Cut quantities to just beyond what the other side could ever take.

    Keeps sums far from overflow; one unit beyond leaves no doubt about who is in surplus.
    """
    most_demand = min(int(demand.sum()), 2**61)
    supply = np.minimum(supply, most_demand + 1)
    return supply, np.minimum(demand, min(int(supply.sum()), 2**61) + 1)
