"""Dual prices of a block's stage, and the bound that follows from them by weak duality.

Every stage is a maximisation over the columns of the block, held to what earlier stages reached.
Any prices of at least 0 bound it: each column's gain is at most what it uses, at these prices, and
where it is more, each need can take no more of the excess than it asks. So a solver's rounding
can only loosen the bound, never falsify it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from matchopt.arrays import PLENTY, Floats, Ints
from matchopt.solve.block import Block, PricedObjective, PricedPlan, Reached, UnlinkedPlan


@dataclass(frozen=True, slots=True)
class Prices:
    """What one unit more would be worth to a stage; all at least 0.

    Attributes
    ----------
    donation : (m,) float
        One granule.
    need : (n,) float
        One unit asked.
    capacity : (r,) float
        One kg.
    budget : float
        One currency unit.
    reached : dict
        Earlier stage → one unit less that it has to reach.
    fair : (k,) float
        One unit less that a fairness cell has to get.
    """

    donation: Floats
    need: Floats
    capacity: Floats
    budget: float
    reached: dict[str, float]
    fair: Floats

    @classmethod
    def none(cls, block: Block, stage: str) -> Self:
        """Return prices that prove no more than that nobody gets more than it asks."""
        fair = np.zeros(len(block.cell_asked))
        if stage in ("floor", "leximin"):
            fair[:1] = 1 / block.cell_asked[:1]
        need = block.need_gain(stage) + np.append(fair, 0.0)[block.cell]
        m, rows = len(block.supply), len(block.capacity)
        return cls(np.zeros(m), need, np.zeros(rows), 0.0, {}, fair)


Proofs = list[tuple[str, Prices, float]]
"""Stage, its prices, and what a search proved (infinite: nothing)."""


def priced_objective(block: Block, stage: str, prices: Prices) -> PricedObjective:
    """Return what columns are worth in `stage` under `prices`."""
    need = block.need_gain(stage) - prices.need
    for earlier, price in prices.reached.items():
        need = need + price * block.need_gain(earlier)
    need = need + np.append(prices.fair, 0.0)[block.cell]
    counts = 1.0 if stage == "cost" else 0.0
    return PricedObjective(need, prices.donation, prices.capacity, counts + prices.budget, counts)


def cut_prices(block: Block, stage: str, donation_level: Ints, need_level: Ints) -> Prices:
    """Return the prices of a coverage stage that follow from levels (m,) and (n,).

    What tiers 1 to t are served is at most what donations of level ≤ t hold and needs of those
    tiers with a higher level ask: the cut that `matchopt.solve.tiers` is about.
    """
    tier = int(stage.split()[1])
    earlier = [s for s in block.stages if s.startswith("tier") and int(s.split()[1]) < tier]
    return Prices(
        donation=np.where(donation_level <= tier, block.granule, 0.0),
        need=((block.tier <= tier) & (need_level > tier)).astype(np.float64),
        capacity=np.zeros(len(block.capacity)),
        budget=0.0,
        reached=dict.fromkeys(earlier, 1.0),
        fair=np.zeros(len(block.cell_asked)),
    )


def network_prices(block: Block, plan: PricedPlan) -> Prices:
    """Return the prices of the cost stage that follow from those of a transport problem.

    A level counts there as the weight of a tier, which is above all costs. Any weight that keeps pairs
    and promises across levels from paying proves as much, and a low one leaves the figures small.
    """
    donation, need = plan.donation_price, plan.need_price
    promises = block.promises
    kept = promises.cost / (promises.amount * promises.columns.served)
    highest = donation.max(initial=0.0) + need.max(initial=0.0) + kept.max(initial=0.0)
    weight = 0.0 if block.by_cost else float(highest)
    slack = weight * (PLENTY - plan.donation_level)
    unmet = block.unmet_cost if block.by_cost else weight * (plan.need_level - block.tier)
    tiers = (stage for stage in block.stages if stage.startswith("tier"))
    return Prices(
        donation=np.maximum(slack - donation, 0.0) * block.granule,
        need=np.maximum(unmet - need, 0.0),
        capacity=np.zeros(0),
        budget=0.0,
        reached={stage: weight * (PLENTY - int(stage.split()[1])) for stage in tiers},
        fair=np.zeros(0),
    )


def bound(block: Block, stage: str, prices: Prices, reached: Reached, excess: Floats) -> float:
    """Return what no plan exceeds in `stage` that does in earlier stages what `reached` does.

    `excess` (n,) is what the best column to each need gains per unit, see `ColumnSource.excess`.
    """
    base = float(prices.donation @ block.supply + (prices.need + excess) @ block.demand)
    base += float(prices.capacity @ block.capacity) + float(prices.fair @ block.cell_pinned)
    if stage == "cost":
        base += _promises_term(block, priced_objective(block, stage, prices), excess)
    if prices.budget:
        base += prices.budget * block.budget
    base -= sum(w * reached.value[r] for r, w in prices.reached.items() if r.startswith("tier"))
    if stage in ("floor", "leximin"):
        return base / float(prices.fair @ block.cell_asked)
    return base + _fairness_term(block, stage, prices, reached)


def _promises_term(block: Block, value: PricedObjective, excess: Floats) -> float:
    """Return what keeping promises can bring at most, less what all of them cost.

    What goes over a column loses what its gain falls short of the excess of its need; who keeps the promise
    loses that on the whole amount.
    """
    promised = block.promises.columns
    loss = block.promises.amount * (excess[promised.head] * promised.served - promised.gain(value))
    kept = np.maximum(block.promises.cost - loss, 0.0)
    return float(kept.sum()) - block.promises.cost * len(block.promises)


def _fairness_term(block: Block, stage: str, prices: Prices, reached: Reached) -> float:
    weight = prices.fair * block.cell_asked
    if block.fairness == "share":
        own = 1.0 if stage == "share" else prices.reached.get("share", 0.0)
        kept = 0.0 if stage == "share" else own * reached.value["share"]
        return float(np.maximum(0.0, own - prices.fair) @ block.fair_share) - kept
    if block.fairness == "leximin":
        # The sorted coverages are kept, not those of each cell: the dearest may be the least covered.
        return -float(np.sort(weight)[::-1] @ np.sort(reached.coverage))
    if block.fairness == "floor":
        floor = reached.coverage.min(initial=1.0) if block.fixed_floor is None else block.fixed_floor
        return -float(weight.sum()) * float(floor)
    return 0.0


def plan_cuts(block: Block, plan: UnlinkedPlan) -> tuple[Proofs, dict[str, float]]:
    """Return the proofs of the tiers that follow from levels, and what each tier is served at most."""
    cuts: Proofs = []
    values: dict[str, float] = {}
    for stage in block.stages[:-1]:
        prices = cut_prices(block, stage, plan.donation_level, plan.need_level)
        before = Reached(values, np.zeros(0))
        values[stage] = bound(block, stage, prices, before, np.zeros(len(block.demand)))
        cuts.append((stage, prices, values[stage]))
    return cuts, values


def charged(block: Block, proofs: Proofs, reached: Reached) -> Block:
    """Return `block` with one objective, in which coverage has a price.

    By duality the relaxation's plan is the best for each stage at the prices of that stage, and so
    for any mix of the stages: what a plan loses in the mix it loses on the stages. One more unit in
    a coverage stage counts as much as a unit served costs on average.
    """
    *coverage, (_, cost, _) = proofs
    served = sum(reached.value[stage] for stage, _, _ in coverage)
    unit = -reached.value["cost"] / max(served, 1.0)
    price = {}
    for own, _, _ in coverage:
        weight = 1.0 + sum(prices.reached.get(own, 0.0) for _, prices, _ in coverage)
        price[own] = cost.reached.get(own, 0.0) + unit * weight
    charge = np.array([price[f"tier {tier}"] for tier in block.tier.tolist()])
    return replace(block, by_cost=True, unmet_cost=charge)
