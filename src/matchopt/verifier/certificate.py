"""What the prices of the blocks from 1 prove, by weak duality, one stage after the other.

Every stage is a maximisation: fairness, then tier by tier what is served, then (with a minus) the
cost. Let S be what donations can give in whole granules, D what needs ask, C the limits of what is
shared, v what the plan itself reaches in earlier stages, and viol what the best column of a need offers
beyond its price. Prices a, b, λ, β, w, π ≥ 0 prove for a block that no plan which reaches v has more than

    R = Σ a S + Σ (b + viol) D + Σ λ C + β budget − Σ w v + F

with F for the fairness that is kept: −Σ π A z under `floor` (A asked in a cell, z the smallest
coverage), −Σ p c under `leximin` (p the values π A, largest first, c the block's coverages, smallest
first), Σ max(0, w − π) f − w v under `share` (f the fair shares, v what is met of them). What lines of an
earlier plan take is off all limits; π times what they bring a cell adds to R; what promises of that plan can
bring in the stage of the cost is told in `matchopt.verifier.promises`. In the stage
of fairness itself, `floor` and `leximin` prove that the smallest coverage is at most R ÷ Σ π A, and
`share` that no more than R + Σ max(0, 1 − π) f of the fair shares is met.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from matchopt.language import tr
from matchopt.verifier.columns import Columns, tier_of
from matchopt.verifier.facts import Facts
from matchopt.verifier.fairness import Shares
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.loads import Loads
from matchopt.verifier.price_rows import LAST, TABLE
from matchopt.verifier.prices import Prices, Stage
from matchopt.verifier.promises import Promises
from matchopt.verifier.proof import Bound
from matchopt.verifier.summary import Account
from matchopt.verifier.violation import Report


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

    def beside(self, stays: Account, churn: Fraction) -> Proven:
        """Return the same with the lines that stay, and `churn` for promises that nobody can keep."""
        served = {tier: most + stays.served_by_tier[tier] for tier, most in self.served_by_tier.items()}
        return replace(self, served_by_tier=served, cost=self.cost + stays.logistics + churn)

    @property
    def exact(self) -> bool:
        """Whether all are in block 0, so that the bound is whole-number arithmetic."""
        return self.blocks == 1


@dataclass(frozen=True, slots=True)
class Rest:
    """What lines that stay leave to be planned.

    Attributes
    ----------
    facts
        The case with what is left of donations and needs.
    room
        What is left of shared capacities.
    budget
        What is left of the budget, in currency.
    served
        What is planned anew for each need, in units.
    promises
        Lines of an earlier plan that can be kept.
    """

    facts: Facts
    room: Loads
    budget: float
    served: Floats
    promises: Promises


def prove(
    prices: Prices, plain: Bound, columns: Columns, rest: Rest, shares: Shares, report: Report
) -> Proven:
    """Add up what the blocks prove of all that is planned anew."""
    _check_cells(prices, shares, report)
    f, prover = rest.facts, _Prover(prices, columns, rest, shares)
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
    def __init__(self, p: Prices, columns: Columns, rest: Rest, shares: Shares) -> None:
        f = rest.facts
        self.f, self.p, self.rest, self.shares = f, p, rest, shares
        self.gives = f.gifts.whole * f.gifts.grain
        self.asks = np.where(f.wants.excluded, 0, f.wants.asked).astype(np.float64) * f.wants.grain
        self.most: Floats = np.full((len(p.stages), len(f.wants.ids)), -np.inf)
        self.most[:, columns.needs.members] = columns.most[:, columns.needs.of]
        for most, offers in zip(self.most, rest.promises.offers, strict=True):
            np.maximum.at(most, rest.promises.j, offers)

    def _by_block(self, block: Ints, amount: Floats) -> Floats:
        added: Floats = np.bincount(block, weights=amount, minlength=self.p.blocks).astype(np.float64)
        return added

    def base(self, k: int) -> Floats:
        """Return by block what prices make of everything that is limited, less the stages that are kept."""
        p, stage = self.p, self.p.stages[k]
        best = np.maximum(self.most[k], stage.need)
        room, shares = self.rest.room, self.shares
        base = self._by_block(p.gift_block, stage.gift * self.gives)
        base += self._by_block(p.need_block, best * self.asks)
        base += stage.budget * self.rest.budget
        base += self._by_block(shares.owner, stage.fair * shares.pinned)
        if stage.name == LAST:
            base += self.rest.promises.gain(best, p.blocks)
        for block, tolls in stage.tolls.items():
            base[block] += _paid(tolls.lanes[:-1], room.lanes)
            base[block] += _paid(tolls.agreements[:-1], room.agreements)
            base[block] += _paid(tolls.takes, room.takes)
            base[block] += _paid(tolls.holds, room.holds)
        for r, kept in enumerate(p.stages):
            tier = self.f.wants.priority == tier_of(kept)
            base -= stage.reached[:, r] * self._by_block(p.need_block[tier], self.rest.served[tier])
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
