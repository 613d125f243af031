"""The proof of block 0: levels and prices, and the bound that they prove.

Block 0 holds what is a plain transport problem: ratio 1, whole steps, nothing shared.

Coverage first. Where a donation's level is never above that of a need it may serve, no plan
serves more in the tiers up to k than the donations of level ≤ k hold, and the needs of those
tiers with a level > k ask (a cut of the network from donations to needs). A plan that reaches
this for every tier uses up the donations of level ≤ k, fills those needs, and sends nothing
from a level to a higher one; prices that no unit cost on a level falls short of then bound
its cost from below (linear duality). Only tiers that needs are in count, so a level stands for
the next such tier at or above it, and for 10 above all of them.

Total cost. Prices a ≤ 0 of donations and b ≤ cost of a unit unmet of needs, a + b never above
the unit cost, bound logistics and unmet cost from below.

Quantities count whole granules of donations and whole steps of needs; what a need asks beyond
whole steps stays unmet.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np

from matchopt.language import tr
from matchopt.verifier.facts import Facts, money
from matchopt.verifier.keys import Bools, Floats, Ints, Texts
from matchopt.verifier.meetings import Met
from matchopt.verifier.price_rows import TABLE
from matchopt.verifier.prices import NO_LEVEL, Prices
from matchopt.verifier.profiles import Profiles
from matchopt.verifier.quantities import total
from matchopt.verifier.violation import Report


@dataclass(frozen=True, slots=True)
class Bound:
    """What no plan exceeds in each tier (coverage first), and what none falls below in cost, in 1/10 000."""

    served_by_tier: dict[int, Fraction]
    cost: Fraction


def check_signs(f: Facts, p: Prices, report: Report) -> Prices:
    """Check what the levels ask of the signs; return the prices with the levels that count."""
    out, idle = f.wants.excluded & (p.need_block == 0), (f.gifts.plannable == 0) & (p.gift_block == 0)
    gift_ids, need_ids = f.gifts.ids, f.wants.ids
    report.each("price", TABLE, idle & (p.gift != 0), gift_ids, lambda r: tr("is not in the pool: price 0"))
    report.each("price", TABLE, out & (p.need != 0), need_ids, lambda r: tr("is excluded: price 0"))
    if f.settings.policy.objective != "coverage-first":
        _refuse_above(report, gift_ids, p.gift, np.zeros_like(p.gift), "0")
        _refuse_above(report, need_ids, p.need, f.wants.price, tr("the cost of a unit unmet"))
        return p
    own, plain = f.wants.priority, p.need_block == 0
    low = plain & (p.need_level < own)
    report.each(
        "level",
        TABLE,
        low,
        need_ids,
        lambda r: tr(
            "the level {need_level} is below the priority {own}", need_level=p.need_level[r], own=own[r]
        ),
    )
    report.each(
        "level",
        TABLE,
        out & (p.need_level != own),
        need_ids,
        lambda r: tr("is excluded: level {own}", own=own[r]),
    )
    report.each(
        "level", TABLE, idle & (p.gift_level != NO_LEVEL), gift_ids,
        lambda r: tr("is not in the pool: level {no_level}", no_level=NO_LEVEL),
    )  # fmt: skip
    tiers = np.append(np.unique(own), NO_LEVEL)
    gift_level = np.where(p.gift_block > 0, 0, tiers[np.searchsorted(tiers, p.gift_level)])
    need_level = np.maximum(tiers[np.searchsorted(tiers, p.need_level)], own)
    need_level = np.where(plain, need_level, 0)
    free = np.iinfo(np.int64).max
    _refuse_above(
        report, gift_ids, p.gift, np.where(gift_level == NO_LEVEL, 0, free), tr("0 (it need not be used up)")
    )
    _refuse_above(
        report,
        need_ids,
        p.need,
        np.where(need_level == own, 0, free),
        tr("0 (it need not be served in full)"),
    )
    return replace(p, gift_level=gift_level, need_level=need_level)


def _refuse_above(report: Report, ids: Texts, price: Ints, most: Ints, words: str) -> None:
    report.each(
        "price",
        TABLE,
        price > most,
        ids,
        lambda r: tr("the price {price} is above {words}", price=money(price[r]), words=words),
    )


class PlainProof:
    """Holds levels and prices of block 0, and the blocks themselves, against admissible pairs."""

    def __init__(self, f: Facts, prices: Prices, gifts: Profiles, needs: Profiles, report: Report) -> None:
        self.f, self.prices, self.report = f, prices, report
        granule = gifts.least(np.where(f.gifts.whole > 0, f.gifts.granule, 2**62))
        self.granule = granule * f.gifts.grain[gifts.stands]
        self.asked = needs.most(f.wants.asked) * f.wants.grain[needs.stands]

    def reporting_to(self, report: Report) -> Self:
        """Return the same, with another report to write what is found into."""
        other = copy(self)
        other.report = report
        return other

    def note(self, met: Met) -> None:
        """Look at pairs that some flow could go between."""
        f, p = self.f, self.prices
        small = self.granule[met.gift] * met.ratio > self.asked[met.need] * (1 + 1e-9)
        met = met.at(np.flatnonzero(~small))
        i, j, cost = met.i, met.j, met.cost
        apart = p.gift_block[i] != p.need_block[j]
        self._refuse(
            apart,
            j,
            lambda r: tr(
                "donation {ids}, which may serve it, is in another block: no bound is proven",
                ids=f.gifts.ids[i[r]],
            ),
        )
        plain = (p.gift_block[i] == 0) & ~apart
        odd = plain & is_odd(f, i, j, met.ratio)
        self._refuse(
            odd,
            j,
            lambda r: tr(
                "donation {ids}, which may serve it, does not come in whole steps of it: block "
                "0 cannot prove a bound",
                ids=f.gifts.ids[i[r]],
            ),
        )
        falls = plain & (p.gift_level[i] > p.need_level[j])
        self._refuse(
            falls,
            j,
            lambda r: tr(
                "its level is below that of donation {ids}, which may serve it: the bound on "
                "the tiers is not proven",
                ids=f.gifts.ids[i[r]],
            ),
        )
        dear = plain & (p.gift_level[i] == p.need_level[j]) & (p.gift[i] + p.need[j] > cost)
        self._refuse(
            dear,
            j,
            lambda r: tr(
                "its price {need} and that of donation {ids}, {gift}, add up to more than the "
                "unit cost {cost}: the bound on the cost is not proven",
                need=money(p.need[j[r]]),
                ids=f.gifts.ids[i[r]],
                gift=money(p.gift[i[r]]),
                cost=money(cost[r]),
            ),
        )

    def _refuse(self, wrong: Bools, j: Ints, say: Callable[[int], str]) -> None:
        self.report.each("proof", TABLE, wrong, self.f.wants.ids[j], say)


def is_odd(f: Facts, i: Ints, j: Ints, ratio: Floats) -> Bools:
    """Tell whether donations do not come in whole steps of needs."""
    granule = f.gifts.granule[i] * np.rint(f.gifts.grain[i] * 10**6)
    step = f.wants.step[j] * np.rint(f.wants.grain[j] * 10**6)
    return np.asarray((ratio != 1) | (np.fmod(granule, step) != 0), dtype=np.bool_)


def bound_of(f: Facts, p: Prices) -> Bound:
    """Compute the bound that levels and prices of block 0 prove for those in it, exactly.

    `f` holds what may be planned anew and is still asked.
    """
    g, w = f.gifts, f.wants
    gives = np.where(p.gift_block == 0, g.whole, 0)
    takes_part = ~w.excluded & (p.need_block == 0)
    asks = np.where(takes_part, w.asked // w.step * w.step, 0)
    coverage = f.settings.policy.objective == "coverage-first"
    cost = total(gives, g.grain, p.gift) + total(asks, w.grain, p.need)
    if not coverage:
        cost += total(np.where(takes_part, w.asked - asks, 0), w.grain, w.price)
    served: dict[int, Fraction] = {}
    before = Fraction(0)
    for tier in np.unique(w.priority).tolist() if coverage else ():
        full = takes_part & (w.priority <= tier) & (p.need_level > tier)
        cut = p.gift_level <= tier
        most = total(gives[cut], g.grain[cut]) + total(asks[full], w.grain[full])
        served[tier], before = most - before, most
    return Bound(served, cost)
