"""What the prices of the blocks from 1 prove, by weak duality, one stage after the other.

Every stage is a maximisation: fairness, then tier by tier what is served, then (with a minus) the
cost. Let S be what donations can give in whole granules, D what needs ask, C the limits of what is
shared, v what the plan itself reaches in earlier stages, and viol what the best column of a need offers
beyond its price. Prices a, b, λ, β, w, π ≥ 0 prove for a block that no plan which reaches v has more than

    R = Σ a S + Σ (b + viol) D + Σ λ C + β budget − Σ w v + F

with F for the fairness that is kept: −Σ π A z under `floor` (A asked in a cell, z the smallest
coverage), −Σ p c under `leximin` (p the values π A, largest first, c the block's coverages, smallest
first), Σ max(0, w − π) f − w v under `share` (f the fair shares, v what is met of them). In the stage
of fairness itself, `floor` and `leximin` prove that the smallest coverage is at most R ÷ Σ π A, and
`share` that no more than R + Σ max(0, 1 − π) f of the fair shares is met.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matchopt.inspector.columns import Columns, tier_of
from matchopt.inspector.facts import Facts
from matchopt.inspector.fairness import Shares
from matchopt.inspector.keys import Bools, Floats, Ints
from matchopt.inspector.price_rows import LAST, TABLE
from matchopt.inspector.prices import Prices, Stage
from matchopt.inspector.proof import Bound
from matchopt.inspector.tally import Tally
from matchopt.inspector.violation import Report
from matchopt.language import tr


@dataclass(frozen=True, slots=True)
class Proven:
    """What the prices alone prove of all blocks together.

    Attributes
    ----------
    blocks
        How many there are, block 0 included.
    served_by_tier, cost
        What no plan exceeds, and what none falls below, in 1/10 000.
    fairness
        The largest that the smallest coverage can be, or the least shortfall; None without fairness.
    one_more
        What one more unit of budget is worth, by tier or as ``cost``.
    """

    blocks: int
    served_by_tier: dict[int, Fraction]
    cost: Fraction
    fairness: float | None
    one_more: dict[str, float]

    @property
    def exact(self) -> bool:
        """Whether all are in block 0, so that the bound is whole-number arithmetic."""
        return self.blocks == 1


def prove(
    f: Facts, prices: Prices, plain: Bound, columns: Columns, tally: Tally, shares: Shares, report: Report
) -> Proven:
    """Add up what the blocks prove."""
    _check_cells(prices, shares, report)
    prover = _Prover(f, prices, columns, tally, shares)
    served, cost, one_more = dict(plain.served_by_tier), plain.cost, {}
    rule = f.settings.policy.fairness
    fairness = None if rule == "none" else prover.fairest(rule)
    for k, stage in enumerate(prices.stages):
        if stage.name == rule:
            continue
        most = prover.bounds(k)[1:]
        if stage.name == LAST:
            # No block costs less than nothing, whatever its prices are.
            cost += 10_000 * Fraction(float(np.maximum(prover.unmet()[1:] - most, 0.0).sum()))
        else:
            served[tier_of(stage)] += Fraction(float(most.sum()))
        one_more[stage.name.removeprefix("tier ")] = float(stage.budget.max(initial=0.0))
    return Proven(prices.blocks, served, cost, fairness, one_more)


def _check_cells(prices: Prices, shares: Shares, report: Report) -> None:
    """Check that fairness prices are stated where all of the cell is decided."""
    cells = shares.cells
    split = (prices.fair_block > 0) & (~shares.counts | (shares.owner != prices.fair_block))
    report.each(
        "proof",
        TABLE,
        split,
        lambda r: f"fair {cells.communities[r]} → {cells.categories[r]}",
        lambda r: tr(
            "not all needs of this cell that somebody could serve are in this block, or "
            "none is: nothing is proven"
        ),
    )


class _Prover:
    def __init__(self, f: Facts, p: Prices, columns: Columns, tally: Tally, shares: Shares) -> None:
        self.f, self.p, self.shares = f, p, shares
        self.gives = f.gifts.whole * f.gifts.grain
        self.asks = np.where(f.wants.excluded, 0, f.wants.asked) * f.wants.grain
        self.served = tally.served_units(f)
        self.most: Floats = np.full((len(p.stages), len(f.wants.ids)), -np.inf)
        self.most[:, columns.needs.members] = columns.most[:, columns.needs.of]

    def _by_block(self, block: Ints, amount: Floats) -> Floats:
        added: Floats = np.bincount(block, weights=amount, minlength=self.p.blocks).astype(np.float64)
        return added

    def base(self, k: int) -> Floats:
        """Return by block what prices make of everything that is limited, less the stages that are kept."""
        p, stage = self.p, self.p.stages[k]
        beyond = np.maximum(self.most[k] - stage.need, 0.0)
        base = self._by_block(p.gift_block, stage.gift * self.gives)
        base += self._by_block(p.need_block, (stage.need + beyond) * self.asks)
        base += stage.budget * self.f.settings.policy.budget
        for block, tolls in stage.tolls.items():
            base[block] += _paid(tolls.lanes[:-1], self.f.lane_capacity)
            base[block] += _paid(tolls.agreements[:-1], self.f.ties.passes)
            base[block] += _paid(tolls.takes, self.f.hubs.takes[:, None])
            base[block] += _paid(tolls.holds, self.f.hubs.holds[:, None])
        for r, kept in enumerate(p.stages):
            tier = self.f.wants.priority == tier_of(kept)
            base -= stage.reached[:, r] * self._by_block(p.need_block[tier], self.served[tier])
        return base

    def bounds(self, k: int) -> Floats:
        """Return by block what no plan exceeds in a stage after fairness."""
        kept: Floats = np.array([self._kept(self.p.stages[k], b) for b in range(self.p.blocks)])
        return self.base(k) + kept

    def _cells(self, block: int) -> Bools:
        """Return the cells that count and are decided in a block."""
        return np.asarray(self.shares.counts & (self.shares.owner == block))

    def _kept(self, stage: Stage, block: int) -> float:
        """Return the term of the fairness that is kept."""
        s, rule = self.shares, self.f.settings.policy.fairness
        mine = self._cells(block)
        weight = (stage.fair * s.cells.asked)[mine]
        if rule == "floor":
            return -float(weight.sum()) * s.floor
        if rule == "leximin":
            return -float((np.sort(weight)[::-1] * np.sort(s.coverage[mine])).sum())
        if rule == "share":
            kept = float(stage.reached[block, 0])
            over = np.maximum(kept - stage.fair[mine], 0.0) * s.cells.fair[mine]
            return float(over.sum() - kept * s.met[mine].sum())
        return 0.0

    def fairest(self, rule: str) -> float:
        """Return what the first stage proves: of the smallest coverage at most, of the shortfall at least."""
        s, stage, base = self.shares, self.p.stages[0], self.base(0)
        if rule != "share":
            floor = 1.0
            for b in range(1, self.p.blocks):
                weight = float((stage.fair * s.cells.asked)[self._cells(b)].sum())
                floor = min(floor, base[b] / weight) if weight > 0 else floor
            return floor
        over = np.where(s.owner > 0, np.maximum(1 - stage.fair, 0.0), 1.0)
        met = float(base[1:].sum()) + float((over * s.cells.fair)[s.counts].sum())
        return max(float(s.cells.fair[s.counts].sum()) - met, 0.0)

    def unmet(self) -> Floats:
        """Return by block what leaving all its needs unmet costs: nothing under coverage first."""
        counts = self.f.settings.policy.objective == "total-cost"
        return self._by_block(self.p.need_block, self.asks * self.f.wants.price * counts / 10_000)


def _paid(price: Floats, capacity: Floats) -> float:
    """Return price × capacity, all of it, where there is a price."""
    return float((price * np.where(price > 0, capacity, 0.0)).sum())
