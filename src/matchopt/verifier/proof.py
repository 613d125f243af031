"""Dual bounds: what levels and prices prove of all plans, by weak duality, one stage after the other.

Block 0 holds what is a plain transport problem: ratio 1, whole steps, no linking constraints.

Coverage first. Where a donation's level is never above that of a need it may serve, no plan
serves more in the tiers up to k than the donations of level ≤ k hold, and the needs of those
tiers with a level > k ask (a cut of the network from donations to needs). A plan that reaches
this for every tier uses up the donations of level ≤ k, fills those needs, and sends nothing
from a level to a higher one; prices that no unit cost on a level falls short of then bound
its cost from below (linear duality). Only tiers that needs are in count, so a level stands for
the next such tier at or above it, and for 10 above all of them.

Total cost. Prices a ≤ 0 of donations and b ≤ cost of a unit unmet of needs, a + b never above
the unit cost, bound logistics and unmet cost from below. Quantities count whole granules of
donations and whole steps of needs; what a need asks beyond whole steps stays unmet.

In the blocks from 1 every stage is a maximisation: fairness, then tier by tier what is served, then (with a
minus) the cost. Let S be what donations can give in whole granules, D what needs ask, C the limits of what is
shared, v what the plan itself reaches in earlier stages, and viol what the best column of a need offers
beyond its price. Prices a, b, λ, β, w, π ≥ 0 prove for a block that no plan which reaches v has more than

    R = Σ a S + Σ (b + viol) D + Σ λ C + β budget − Σ w v + F

with F for the fairness that is kept: −Σ π A z under `floor` (A asked in a cell, z the smallest
coverage), −Σ p c under `leximin` (p the values π A, largest first, c the block's coverages, smallest
first), Σ max(0, w − π) f − w v under `share` (f the fair shares, v what is met of them). What lines of an
earlier plan take is off all limits; π times what they bring a cell adds to R; what promises of that plan can
bring in the stage of the cost is told in `matchopt.verifier.commitments`. In the stage of fairness itself,
`floor` and `leximin` prove that the smallest coverage is at most R ÷ Σ π A, and `share` that no more than
R + Σ max(0, 1 − π) f of the fair shares is met.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.language import mark, tr
from matchopt.tolerances import EQUAL, ROUNDING
from matchopt.verifier.commitments import CommitmentFacts, PromiseOffers
from matchopt.verifier.facts import Facts, added, monies, pick, tenthousandths, total
from matchopt.verifier.pairs import AdmissiblePairs, RowClasses, RulesPassed, is_odd
from matchopt.verifier.prices import LAST, NO_LEVEL, CapacityDuals, CoverageCells, PriceTable, StagePrices
from matchopt.verifier.rules import DIRECT, STEPS, direct, through
from matchopt.verifier.sums import PlanLoads, PlanTotals
from matchopt.verifier.violation import Violations

TABLE = "prices"


class PlainBound(NamedTuple):
    """What no plan exceeds in each tier (coverage first), and what none falls below in cost, in 1/10 000."""

    served_by_tier: dict[int, Fraction]
    cost: Fraction


def check_signs(f: Facts, p: PriceTable, found: Violations) -> PriceTable:
    """Check what the levels ask of the signs; return the prices with the levels that count."""
    out, idle = f.needs.excluded & (p.need_block == 0), (f.donations.plannable == 0) & (p.donation_block == 0)
    donations, needs = found.at(TABLE, f.donations.ids), found.at(TABLE, f.needs.ids)
    donations.note("price", idle & (p.donation != 0), mark("is not in the pool: price 0"))
    needs.note("price", out & (p.need != 0), mark("is excluded: price 0"))
    above = mark("the price {price} is above {words}")
    due, paid = monies(p.donation), monies(p.need)
    if f.by_cost:
        donations.note("price", p.donation > 0, above, price=due, words="0")
        unmet = tr("the cost of a unit unmet")
        needs.note("price", p.need > f.needs.price, above, price=paid, words=unmet)
        return p
    own, plain = f.needs.priority, p.need_block == 0
    words = mark("the level {need_level} is below the priority {own}")
    needs.note("level", plain & (p.need_level < own), words, need_level=p.need_level, own=own)
    needs.note("level", out & (p.need_level != own), mark("is excluded: level {own}"), own=own)
    words = mark("is not in the pool: level {no_level}")
    donations.note("level", idle & (p.donation_level != NO_LEVEL), words, no_level=NO_LEVEL)
    tiers = np.append(f.tiers, NO_LEVEL)
    level = np.where(p.donation_block > 0, 0, tiers[np.searchsorted(tiers, p.donation_level)])
    need_level = np.maximum(tiers[np.searchsorted(tiers, p.need_level)], own)
    need_level = np.where(plain, need_level, 0)
    free = tr("0 (it need not be used up)")
    donations.note("price", (level == NO_LEVEL) & (p.donation > 0), above, price=due, words=free)
    free = tr("0 (it need not be served in full)")
    needs.note("price", (need_level == own) & (p.need > 0), above, price=paid, words=free)
    return replace(p, donation_level=level, need_level=need_level)


class PlainProof:
    """Holds levels and prices of block 0, and the blocks themselves, against admissible pairs."""

    def __init__(
        self, f: Facts, prices: PriceTable, donations: RowClasses, needs: RowClasses, found: Violations
    ) -> None:
        self.f, self.prices, self.found = f, prices, found
        d, n = f.donations, f.needs
        self.granule = donations.least(np.where(d.whole > 0, d.granule, 2**62)) * d.grain[donations.stands]
        self.asked = needs.most(n.asked) * n.grain[needs.stands]

    def note(self, met: AdmissiblePairs, found: Violations) -> None:
        """Look at pairs that some flow could go between."""
        f, p, pairs = self.f, self.prices, met.pairs
        small = self.granule[met.donation] * pairs.ratio > self.asked[met.need] * (1 + ROUNDING)
        r = np.flatnonzero(~small)
        i, j, ratio, cost = pairs.i[r], pairs.j[r], pairs.ratio[r], met.cost[r]
        rows, ids = found.at(TABLE, f.needs.ids[j]), f.donations.ids[i]
        apart = p.donation_block[i] != p.need_block[j]
        words = mark("donation {ids}, which may serve it, is in another block: no bound is proven")
        rows.note("proof", apart, words, ids=ids)
        plain = (p.donation_block[i] == 0) & ~apart
        words = mark(
            "donation {ids}, which may serve it, does not come in whole steps of it: block "
            "0 cannot prove a bound"
        )
        rows.note("proof", plain & is_odd(f, i, j, ratio), words, ids=ids)
        words = mark(
            "its level is below that of donation {ids}, which may serve it: the bound on "
            "the tiers is not proven"
        )
        rows.note("proof", plain & (p.donation_level[i] > p.need_level[j]), words, ids=ids)
        dear = plain & (p.donation_level[i] == p.need_level[j]) & (p.donation[i] + p.need[j] > cost)
        words = mark(
            "its price {need} and that of donation {ids}, {donation}, add up to more than the "
            "unit cost {cost}: the bound on the cost is not proven"
        )
        values = {"need": monies(p.need[j]), "donation": monies(p.donation[i]), "cost": monies(cost)}
        rows.note("proof", dear, words, ids=ids, **values)


def plain_bound(f: Facts, p: PriceTable) -> PlainBound:
    """Compute the bound that levels and prices of block 0 prove for those in it, exactly.

    `f` holds what may be planned anew and is still asked.
    """
    d, n = f.donations, f.needs
    gives = np.where(p.donation_block == 0, d.whole, 0)
    takes_part = ~n.excluded & (p.need_block == 0)
    asks = np.where(takes_part, n.asked // n.step * n.step, 0)
    cost = total(gives, d.grain, p.donation) + total(asks, n.grain, p.need)
    served: dict[int, Fraction] = {}
    if f.by_cost:
        return PlainBound(served, cost + total(np.where(takes_part, n.asked - asks, 0), n.grain, n.price))
    before = Fraction(0)
    for tier in f.tiers:
        cut, full = p.donation_level <= tier, takes_part & (n.priority <= tier) & (p.need_level > tier)
        most = total(gives[cut], d.grain[cut]) + total(asks[full], n.grain[full])
        served[tier], before = most - before, most
    return PlainBound(served, cost)


class _ReducedGains(NamedTuple):
    """Some pairs at one stage: what they offer before costs and tolls; `dear` is what unit cost counts."""

    met: AdmissiblePairs
    before: Floats
    dear: Floats


class ColumnPricing:
    """The most that any column offers each class of needs of the blocks from 1, stage by stage.

    A column is an admissible pair with one scheduled route: direct, or a hub with a day of arrival and days
    of storage. What it offers per unit served is its gain in the stage, less the prices of everything that it
    uses, the price of the need aside:

        (g + Σ w·g' + ratio·π − a − λ·kg − β·κ') ÷ ratio

    All routes are looked at. A longer stay costs more and uses more, so that of the days with one day of
    arrival only the shortest stay counts, and of two days of arrival in a row the later one, unless it has
    a higher price.
    """

    def __init__(
        self, f: Facts, prices: PriceTable, donations: RowClasses, needs: RowClasses, cell: Ints
    ) -> None:
        self.f, self.prices, self.needs = f, prices, needs
        stages = range(len(prices.stages))
        self.most: Floats = np.full((len(stages), needs.size), -np.inf)
        self._least_donation = [donations.least(stage.donation) for stage in prices.stages]
        self._least_need = [needs.least(stage.need) for stage in prices.stages]
        joined = prices.blocks > 1
        self._worth = [prices.worth(f, k, cell)[needs.stands] for k in stages] if joined else []

    def note(self, met: AdmissiblePairs) -> None:
        """Look at some pairs."""
        p = self.prices
        block = p.need_block[met.pairs.j]
        joined = (block > 0) & (p.donation_block[met.pairs.i] == block)
        r = np.flatnonzero(joined & (self.f.donations.whole[met.pairs.i] > 0))
        if not r.size:
            return
        met, block = pick(met, r), block[r]
        for k, stage in enumerate(p.stages):
            before = met.pairs.ratio * self._worth[k][met.need] - self._least_donation[k][met.donation]
            before += stage.budget[block] * met.pairs.fees.unbudgeted()
            dear = p.cost_counts(k)[block]
            cheapest = (before - dear * met.cost / 10_000) / met.pairs.ratio
            tolled = np.isin(block, list(stage.tolls))
            np.maximum.at(self.most[k], met.need[~tolled], cheapest[~tolled])
            hopeful = tolled & (cheapest > self._least_need[k][met.need])
            for b in np.unique(block[hopeful]).tolist():
                self._tolled(
                    k, stage.tolls[b], pick(_ReducedGains(met, before, dear), hopeful & (block == b))
                )

    def _offer(self, k: int, o: _ReducedGains, cost: Ints, toll: Floats) -> None:
        """Offer columns of unit cost `cost`, of which a unit pays `toll`."""
        value = (o.before - o.dear * (cost / 10_000) - toll) / o.met.pairs.ratio
        np.maximum.at(self.most[k], o.met.need, value)

    def _tolled(self, k: int, tolls: CapacityDuals, o: _ReducedGains) -> None:
        """Look at all routes of pairs whose block has tolls."""
        f, p = self.f, o.met.pairs
        load, hub = f.donations.load[p.i], np.full(len(p.i), DIRECT)
        routes = direct(f, p)
        days = routes.schedule(p)
        cost, toll = routes.cost(p, days.stay).total(p.fees), load * tolls.of_legs(f, p, hub)
        r = np.flatnonzero(routes.open & days.timely)
        self._offer(k, pick(o, r), cost[r], toll[r])
        for h in range(len(f.hubs.names)):
            toll = load * tolls.of_legs(f, p, np.full_like(hub, h))
            bar = np.maximum(self.most[k], self._least_need[k])[o.met.need]
            r = np.flatnonzero((o.before - toll - o.dear * (o.met.cost / 10_000)) / p.ratio > bar)
            self._by_hub(k, h, tolls, pick(o, r), toll[r])

    def _by_hub(self, k: int, h: int, tolls: CapacityDuals, o: _ReducedGains, toll: Floats) -> None:
        """Look at all days of the route through hub `h`."""
        f, p = self.f, o.met.pairs
        routes, load, fee = through(f, p, h), f.donations.load[p.i], p.fees.total()
        first, leave = p.first + routes.lead_in - f.start, p.wanted - routes.lead_out - f.start
        last = np.minimum(p.last + routes.lead_in, p.due - routes.lead_out) - f.start
        whole = routes.cost(p, np.zeros_like(first))
        carried = whole.transport + whole.handling
        rises = np.flatnonzero(np.diff(tolls.takes[h]) > 0)
        for arrival in (last, *(np.full_like(last, day) for day in rises.tolist())):
            r = np.flatnonzero(routes.open & (first <= arrival) & (arrival <= last))
            come, until = arrival[r], np.maximum(leave[r], arrival[r])
            stored = p.weight[r] * ((until - come) * f.hubs.storage[h])
            cost = tenthousandths(carried[r] + stored + fee[r])
            self._offer(k, pick(o, r), cost, toll[r] + load[r] * tolls.of_days(h, come, until))


@dataclass(frozen=True, slots=True)
class Shares:
    """Fairness (contract §4): what the plan does for each cell.

    A cell `counts` where somebody could serve a need of it (it is `open`), or a line that stays does; its
    `owner` is the one block that all its needs are in which somebody could serve, 0 if there is none.
    `served` counts units, of which those `pinned` stay of an earlier plan; `price` is that in the proof.
    """

    cells: CoverageCells
    counts: Bools
    open: Bools
    owner: Ints
    served: Floats
    pinned: Floats
    price: Floats

    @property
    def coverage(self) -> Floats:
        """Served ÷ asked by cell."""
        return self.served / self.cells.asked

    @property
    def floor(self) -> float:
        """The smallest coverage of the cells that count; 1 where none does."""
        return float(self.coverage[self.counts].min(initial=1.0))

    @property
    def held_by(self) -> list[dict[str, str]]:
        """The cells of the smallest coverage that have a price; where none has one, all of that coverage."""
        lowest = self.counts & (self.coverage <= self.floor + EQUAL) & (self.floor < 1 - EQUAL)
        priced = lowest & (self.price * self.cells.asked > EQUAL)
        at = np.flatnonzero(priced if priced.any() else lowest).tolist()
        names = sorted((self.cells.communities[k], self.cells.categories[k]) for k in at)
        return [{"community": community, "category": category} for community, category in names]

    @property
    def met(self) -> Floats:
        """What counts towards the fair share, by cell."""
        return np.minimum(self.served, self.cells.fair)

    @property
    def shortfall(self) -> float:
        """What the cells that count lack of their fair shares."""
        return float((self.cells.fair - self.met)[self.counts].sum())


def shares_of(
    f: Facts,
    cells: CoverageCells,
    commitments: CommitmentFacts,
    tally: PlanTotals,
    reach: RulesPassed,
    prices: PriceTable,
) -> Shares:
    """Say which cells count, what they get, and which block they belong to."""
    can = (cells.of >= 0) & (reach.needs == len(STEPS))
    where, block = cells.of[can], prices.need_block[can]
    open_to = np.bincount(where, minlength=cells.size) > 0
    before = cells.of[commitments.pinned.j]
    counts = open_to | (np.bincount(before[before >= 0], minlength=cells.size) > 0)
    low, high = np.full(cells.size, np.iinfo(np.int64).max), np.zeros(cells.size, dtype=np.int64)
    np.minimum.at(low, where, block)
    np.maximum.at(high, where, block)
    served, pinned = (
        added(cells.of, amount.astype(np.float64) * f.needs.grain, cells.size)
        for amount in (tally.served, tally.met)
    )
    # A cell that has what stays and nothing more belongs to whoever gives it a price.
    owner = np.where(counts & ~open_to, prices.fair_block, np.where(low == high, high, 0))
    return Shares(cells, counts, open_to, owner, served, pinned, prices.stages[0].fair)


@dataclass(frozen=True, slots=True)
class Proven:
    """What the prices alone prove of all `blocks` together, block 0 included.

    No plan serves more in a tier, or costs less (1/10 000). `fairness` is the largest that the smallest
    coverage can be, or the least shortfall; None without fairness. `one_more` is what one more unit of budget
    is worth, by tier or as ``cost``.
    """

    blocks: int
    served_by_tier: dict[int, Fraction]
    cost: Fraction
    fairness: float | None
    one_more: dict[str, float]


class ResidualCase(NamedTuple):
    """What lines that stay leave: the case, limits and budget (currency); what is new by need, in units."""

    facts: Facts
    room: PlanLoads
    budget: float
    served: Floats
    promises: PromiseOffers


class Prover:
    """Adds up what the blocks prove of all that is planned anew."""

    def __init__(self, p: PriceTable, columns: ColumnPricing, rest: ResidualCase, shares: Shares) -> None:
        f = rest.facts
        self.f, self.p, self.rest, self.shares = f, p, rest, shares
        self._gives = f.donations.whole * f.donations.grain
        self._asks = np.where(f.needs.excluded, 0, f.needs.asked).astype(np.float64) * f.needs.grain
        self._most: Floats = np.full((len(p.stages), len(f.needs.ids)), -np.inf)
        self._most[:, columns.needs.members] = columns.most[:, columns.needs.of]
        for most, offers in zip(self._most, rest.promises.offers, strict=True):
            np.maximum.at(most, rest.promises.j, offers)

    def prove(self, plain: PlainBound, found: Violations) -> Proven:
        """Return what is proven, block 0 included."""
        p, cells, shares = self.p, self.shares.cells, self.shares
        split = (p.fair_block > 0) & (~shares.counts | (shares.owner != p.fair_block))
        rows = found.at(TABLE, lambda r: f"fair {cells.communities[r]} → {cells.categories[r]}")
        words = mark(
            "not all needs of this cell that somebody could serve are in this block, or "
            "none is: nothing is proven"
        )
        rows.note("proof", split, words)
        served, cost, one_more = dict(plain.served_by_tier), plain.cost, {}
        rule = self.f.settings.policy.fairness
        fairness = None if rule == "none" else self._fairest(rule)
        for k, stage in enumerate(p.stages):
            if stage.name == rule:
                continue
            most = self._bounds(k)[1:]
            if stage.name == LAST:
                # No block costs less than nothing, whatever its prices are.
                cost += 10_000 * Fraction(float(np.maximum(self._unmet()[1:] - most, 0.0).sum()))
            else:
                asked = self._by_block(p.need_block, self._asks * (self.f.needs.priority == stage.tier))
                served[stage.tier] += Fraction(float(np.minimum(most, asked[1:]).sum()))
            one_more[stage.name.removeprefix("tier ")] = float(stage.budget.max(initial=0.0))
        return Proven(p.blocks, served, cost, fairness, one_more)

    def _by_block(self, block: Ints, amount: Floats) -> Floats:
        return np.bincount(block, weights=amount, minlength=self.p.blocks).astype(np.float64)

    def _base(self, k: int) -> Floats:
        """Return by block what prices make of everything that is limited, less the stages that are kept."""
        p, stage, rest, shares = self.p, self.p.stages[k], self.rest, self.shares
        best = np.maximum(self._most[k], stage.need)
        base = self._by_block(p.donation_block, stage.donation * self._gives)
        base += self._by_block(p.need_block, best * self._asks)
        base += stage.budget * rest.budget
        base += self._by_block(shares.owner, stage.fair * shares.pinned)
        if stage.name == LAST:
            base += rest.promises.gain(best, p.blocks)
        for block, tolls in stage.tolls.items():
            priced = tolls.lanes[:-1], tolls.agreements[:-1], tolls.takes, tolls.holds
            for price, limit in zip(priced, rest.room, strict=True):
                base[block] += float((price * np.where(price > 0, limit, 0.0)).sum())
        for r, kept in enumerate(p.stages):
            tier = self.f.needs.priority == kept.tier
            base -= stage.reached[:, r] * self._by_block(p.need_block[tier], rest.served[tier])
        return base

    def _bounds(self, k: int) -> Floats:
        """Return by block what no plan exceeds in a stage after fairness; nothing in block 0."""
        if self.p.blocks == 1:
            return np.zeros(1)
        kept: Floats = np.array([self._kept(self.p.stages[k], b) for b in range(self.p.blocks)])
        return self._base(k) + kept

    def _cells(self, block: int) -> Bools:
        """Return the cells that count and are decided in a block."""
        return np.asarray(self.shares.counts & (self.shares.owner == block))

    def _kept(self, stage: StagePrices, block: int) -> float:
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

    def _fairest(self, rule: str) -> float:
        """Return what the first stage proves: of the smallest coverage at most, of the shortfall at least."""
        s, stage, base = self.shares, self.p.stages[0], self._base(0)
        # Nobody can add to what a cell has that is not open.
        fixed = s.counts & ~s.open
        if rule != "share":
            floor = float(s.coverage[fixed].min(initial=1.0))
            for b in range(1, self.p.blocks):
                weight = float((stage.fair * s.cells.asked)[self._cells(b)].sum())
                floor = min(floor, base[b] / weight) if weight > 0 else floor
            return floor
        over = np.where(s.owner > 0, np.maximum(1 - stage.fair, 0.0), 1.0) * s.cells.fair
        over = np.where(fixed & (s.owner == 0), s.met, over)
        met = float(base[1:].sum()) + float(over[s.counts].sum())
        return max(float(s.cells.fair[s.counts].sum()) - met, 0.0)

    def _unmet(self) -> Floats:
        """Return by block what leaving all its needs unmet costs: nothing under coverage first."""
        return self._by_block(self.p.need_block, self._asks * self.f.needs.price * self.f.by_cost / 10_000)
