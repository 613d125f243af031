"""Lexicographic coverage, tier after tier, then cost: one transport problem with one proof.

The demand that a set of supplies can serve is a polymatroid, and on a polymatroid the greedy
order is optimal for any weights that fall from tier to tier (Edmonds, 1970): unmet costs of 9, 8,
… times a weight that no detour can be worth make the plan of least cost the one that serves the
most of tier 1, then of tier 2, …, and of those plans the cheapest. Its prices are whole multiples
of the weight and a rest. The multiples are **levels** and cut the network:

- A supply of level k ≤ 9 is used up by tiers 1..k in every plan of best coverage.
- A demand of a level above its own tier is met in full in every such plan.
- No pair leads from a supply to a demand of lower level, and in a plan of best coverage
  none carries anything across levels.

So the levels are the proof of coverage, a cut for each tier; the rests are prices within the
levels and prove the cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from matchopt.arrays import PLENTY, Ints
from matchopt.errors import SolverError
from matchopt.solve.column_generation import (
    UNKNOWN,
    CapacitatedArcs,
    Effort,
    StartingPoint,
    handed_out,
    solve_over_all_pairs,
)
from matchopt.solve.oracle import PricingOracle
from matchopt.solve.slope_scaling import PromisedArcs, slope_scaled
from matchopt.solve.transport import Backend, Certificate

NO_LEVEL = -1
"""In place of a level that nobody knows yet."""

MOST_WEIGHT = 2**57
"""Ten times that, and a cost, can be added up in int64."""


@dataclass(frozen=True, slots=True)
class ProvenFlow:
    """An optimal flow with its proof (see `matchopt.verify` for what it certifies).

    Attributes
    ----------
    supply_level, demand_level : (m,) int, (n,) int
        Levels 1..10; all 0 under total cost.
    supply_price, demand_price : (m,) int, (n,) int
        Prices within the levels.
    effort
        What it took.
    tail, head, flow : (a,) int
        Pairs that carry something.
    kept : (p,) int
        What goes over promised columns, besides `flow`. With promises the flow is that of a plan that changes
        few of them, and levels and prices are those of the best plan to which a part of a charge
        comes as cheap as its part.
    near_tail, near_head : (c,) int
        With promises, pairs that nearly pay.
    """

    supply_level: Ints
    demand_level: Ints
    supply_price: Ints
    demand_price: Ints
    effort: Effort
    tail: Ints
    head: Ints
    flow: Ints
    kept: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    near_tail: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    near_head: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def among(self, asked: Ints, count: int, *, by_cost: bool) -> ProvenFlow:
        """Return the same where only the demands `asked` out of `count` are above 0.

        Demands of 0 have the level of plenty and the price 0. The proof holds for them: whoever has that
        level pays nothing.
        """
        level, price = np.full(count, 0 if by_cost else PLENTY), np.zeros(count, dtype=np.int64)
        level[asked], price[asked] = self.demand_level, self.demand_price
        return replace(
            self,
            head=asked[self.head],
            near_head=asked[self.near_head],
            demand_level=level,
            demand_price=price,
        )


@dataclass(frozen=True, slots=True)
class WarmStart:
    """What is known from an earlier plan, as in `ProvenFlow`; level `NO_LEVEL` where there is none."""

    tail: Ints
    head: Ints
    supply_level: Ints
    demand_level: Ints
    supply_price: Ints
    demand_price: Ints

    def of(self, asked: Ints) -> WarmStart:
        """Return what is known of the demands `asked` (sorted) alone."""
        mine = np.isin(self.head, asked)
        return WarmStart(
            self.tail[mine],
            np.searchsorted(asked, self.head[mine]),
            self.supply_level,
            self.demand_level[asked],
            self.supply_price,
            self.demand_price[asked],
        )

    def known(self, weight: int) -> StartingPoint:
        """Return it with prices that hold the levels."""
        supply = (self.supply_level - PLENTY) * weight + self.supply_price
        demand = (PLENTY - self.demand_level) * weight + self.demand_price
        prices = Certificate(
            np.where(self.supply_level == NO_LEVEL, UNKNOWN, supply),
            np.where(self.demand_level == NO_LEVEL, UNKNOWN, demand),
        )
        return StartingPoint(prices, self.tail, self.head)


def coverage_first(
    oracle: PricingOracle,
    supply: Ints,
    demand: Ints,
    tier: Ints,
    backend: Backend,
    start: WarmStart | None = None,
    promised: PromisedArcs | None = None,
) -> ProvenFlow:
    """Serve the most of tier 1, then of tier 2, …, then at the least cost.

    Parameters
    ----------
    oracle
        Unit costs of all pairs.
    supply, demand : (m,) int, (n,) int
        Quantities, demands all above 0.
    tier : (n,) int
        1..9.
    start
        What an earlier plan found, if there is one.
    promised
        What it costs something to change.

    Raises
    ------
    SolverError
        If unit costs are too large for a weight above them.
    """
    dearest = max(oracle.dearest, int(np.abs(_limited(promised).cost).max(initial=0)))
    weight = _weight(dearest, min(len(supply), len(demand)))
    unmet_cost = (PLENTY - tier) * weight
    return _solved(oracle, supply, demand, unmet_cost, backend, start, promised, weight)


def total_cost(
    oracle: PricingOracle,
    supply: Ints,
    demand: Ints,
    unmet_cost: Ints,
    backend: Backend,
    start: WarmStart | None = None,
    promised: PromisedArcs | None = None,
) -> ProvenFlow:
    """Minimise logistics cost + unmet cost; parameters as in `coverage_first`."""
    return _solved(oracle, supply, demand, unmet_cost, backend, start, promised, weight=0)


def _solved(
    oracle: PricingOracle,
    supply: Ints,
    demand: Ints,
    unmet_cost: Ints,
    backend: Backend,
    start: WarmStart | None,
    promised: PromisedArcs | None,
    weight: int,
) -> ProvenFlow:
    """Solve the transport problem and split its prices into levels and a rest; without weight all is rest."""
    supply, demand = _trimmed(supply, demand)
    known = None if start is None else start.known(weight)
    best = solve_over_all_pairs(oracle, supply, demand, unmet_cost, backend, known, _limited(promised))
    supply_level, supply_price = _split(best.certificate.supply_price, weight)
    demand_level, demand_price = _split(best.certificate.demand_price, weight)
    top = PLENTY if weight else 0
    found = ProvenFlow(
        top + supply_level,
        top - demand_level,
        supply_price,
        demand_price,
        best.effort,
        best.tail,
        best.head,
        best.flow,
    )
    if promised is None:
        return found
    count, problem = len(promised.amount), best.problem
    here = replace(promised, head=problem.head[:count])
    # Plans of best coverage leave as much unmet of each tier: then what is unmet makes no difference.
    unmet = np.zeros_like(demand) if weight else unmet_cost[best.order]
    every = slope_scaled(problem, best.optimum, backend, here, unmet)
    tail, place, flow = handed_out(problem, every)
    return replace(
        found,
        tail=tail,
        head=best.order[place],
        flow=flow,
        kept=every[:count],
        near_tail=problem.tail[count:],
        near_head=best.order[problem.head[count:]],
    )


def _limited(promised: PromisedArcs | None) -> CapacitatedArcs:
    """Return promises as arcs that gain a part of the charge for each unit kept."""
    if promised is None:
        return CapacitatedArcs.none()
    cost = promised.cost - promised.gains()
    return CapacitatedArcs(promised.tail, promised.head, cost, promised.amount)


def _weight(dearest: int, pairs: int) -> int:
    """Return a power of 2 above twice what any path or cycle can cost.

    A path passes each of the fewer side's nodes once, and so takes at most two arcs for each of
    them and two more: prices within the levels stay below half the weight.
    """
    weight = 1 << (2 * (2 * pairs + 3) * (dearest + 1)).bit_length()
    if weight > MOST_WEIGHT:
        raise SolverError(
            f"unit costs of up to {dearest / 10_000:,.0f} are too large to be told from coverage"
        )
    return weight


def _split(price: Ints, weight: int) -> tuple[Ints, Ints]:
    """Return the multiple of `weight` nearest to each price, and the rest."""
    if not weight:
        return np.zeros_like(price), price
    level = (price + weight // 2) // weight
    return level, price - level * weight


def _trimmed(supply: Ints, demand: Ints) -> tuple[Ints, Ints]:
    """Cut quantities to just beyond what the other side could ever take.

    Keeps sums far from overflow; one unit beyond leaves no doubt about who is in surplus.
    """
    most_demand = min(int(demand.sum()), 2**61)
    supply = np.minimum(supply, most_demand + 1)
    return supply, np.minimum(demand, min(int(supply.sum()), 2**61) + 1)
