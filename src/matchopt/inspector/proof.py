"""The proof: levels and prices of a plan, and the bound that they prove.

Coverage first. Where a donation's level is never above that of a need it may serve, no plan
serves more in the tiers up to k than the donations of level ≤ k hold, and the needs of those
tiers with a level > k ask (a cut of the network from donations to needs). A plan that reaches
this for every tier uses up the donations of level ≤ k, fills those needs, and sends nothing
from a level to a higher one; prices that no unit cost on a level falls short of then bound
its cost from below (linear duality). Only tiers that needs are in count, so a level stands for
the next such tier at or above it, and for 10 above all of them.

Total cost. Prices a ≤ 0 of donations and b ≤ cost of a unit unmet of needs, a + b never above
the unit cost, bound logistics and unmet cost from below.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import mul

import numpy as np

from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Floats, Ints, Names, Texts
from matchopt.inspector.sheet import Sheet
from matchopt.inspector.violation import Report

NO_LEVEL = 10
"""Level of donations that no tier needs in full."""

_LARGEST_PRICE = 2.0**52
"""Largest price, in 1/10 000, of which a float keeps every digit."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Levels (of the tiers that needs are in) and prices (in 1/10 000) in the case's order."""

    gift_level: Ints
    gift: Ints
    need_level: Ints
    need: Ints


@dataclass(frozen=True, slots=True)
class Bound:
    """What no plan exceeds in each tier (coverage first), and what none falls below in cost, in 1/10 000."""

    served_by_tier: dict[int, Fraction]
    cost: Fraction


def read_prices(f: Facts, sheet: Sheet, report: Report) -> Prices | None:
    """Read levels and prices and check their range and sign; None if they cannot be read."""
    side, ids = sheet.text("side"), sheet.text("id")
    level, price = sheet.number("level"), sheet.number("price")
    names = side + " " + ids
    known = (side == "need") | (side == "donation")
    report.each("unknown_id", "prices", ~known, names, lambda r: "the side is neither need nor donation")
    needs = _rows(f.wants.ids, "need", (side, ids), names, report)
    gifts = _rows(f.gifts.ids, "donation", (side, ids), names, report)
    units = price * 10_000
    odd = ~(np.abs(units) <= _LARGEST_PRICE) | (np.abs(units - np.rint(units)) > 0.01)
    report.each(
        "price", "prices", odd & ~sheet.bad, names, lambda r: f"the price {price[r]} has no four decimals"
    )
    most = NO_LEVEL if f.settings.policy.objective == "coverage-first" else 0
    off = ~((level >= min(most, 1)) & (level <= most) & (level == np.floor(level)))
    report.each(
        "level", "prices", off & ~sheet.bad, names,
        lambda r: f"the level {level[r]:g} is no whole number from {min(most, 1)} to {most}",
    )  # fmt: skip
    if needs is None or gifts is None or (odd | off | sheet.bad)[np.concatenate([needs, gifts])].any():
        return None
    stated = Prices(
        level[gifts].astype(np.int64), np.rint(units[gifts]).astype(np.int64),
        level[needs].astype(np.int64), np.rint(units[needs]).astype(np.int64),
    )  # fmt: skip
    return _check_signs(f, stated, report)


def _rows(
    wanted: Texts, side: str, columns: tuple[Texts, Texts], names: Texts, report: Report
) -> Ints | None:
    """Return the row of each id on a side; None if some stand there not once."""
    here = np.flatnonzero(columns[0] == side)
    codes = Names(wanted)
    found = codes.of(columns[1][here])
    report.each(
        "unknown_id", "prices", found < 0, names[here],
        lambda r: f"there is no such {side} in the case",
    )  # fmt: skip
    count = np.bincount(found[found >= 0], minlength=len(wanted))
    report.each("missing_row", "prices", count == 0, wanted, lambda r: f"this {side} has no price")
    report.each("duplicate_row", "prices", count > 1, wanted, lambda r: f"this {side} has {count[r]} prices")
    if (count != 1).any():
        return None
    rows = np.empty(len(wanted), dtype=np.int64)
    rows[found[found >= 0]] = here[found >= 0]
    return rows


def _check_signs(f: Facts, p: Prices, report: Report) -> Prices:
    """Check what the levels ask of the signs; return the prices with the levels that count."""
    out, idle = f.wants.excluded, f.gifts.plannable == 0
    gift_ids, need_ids = f.gifts.ids, f.wants.ids
    report.each("price", "prices", idle & (p.gift != 0), gift_ids, lambda r: "is not in the pool: price 0")
    report.each("price", "prices", out & (p.need != 0), need_ids, lambda r: "is excluded: price 0")
    if f.settings.policy.objective != "coverage-first":
        _refuse_above(report, gift_ids, p.gift, np.zeros_like(p.gift), "0")
        _refuse_above(report, need_ids, p.need, f.wants.price, "the cost of a unit unmet")
        return p
    own = f.wants.priority
    low = p.need_level < own
    report.each(
        "level",
        "prices",
        low,
        need_ids,
        lambda r: f"the level {p.need_level[r]} is below the priority {own[r]}",
    )
    report.each(
        "level", "prices", out & (p.need_level != own), need_ids, lambda r: f"is excluded: level {own[r]}"
    )
    report.each(
        "level", "prices", idle & (p.gift_level != NO_LEVEL), gift_ids,
        lambda r: f"is not in the pool: level {NO_LEVEL}",
    )  # fmt: skip
    tiers = np.append(np.unique(own), NO_LEVEL)
    gift_level = tiers[np.searchsorted(tiers, p.gift_level)]
    need_level = np.maximum(tiers[np.searchsorted(tiers, p.need_level)], own)
    free = np.iinfo(np.int64).max
    _refuse_above(
        report, gift_ids, p.gift, np.where(gift_level == NO_LEVEL, 0, free), "0 (it need not be used up)"
    )
    _refuse_above(
        report, need_ids, p.need, np.where(need_level == own, 0, free), "0 (it need not be served in full)"
    )
    return Prices(gift_level, p.gift, need_level, p.need)


def _refuse_above(report: Report, ids: Texts, price: Ints, most: Ints, words: str) -> None:
    report.each(
        "price", "prices", price > most, ids, lambda r: f"the price {money(price[r])} is above {words}"
    )


def bound_of(f: Facts, p: Prices) -> Bound:
    """Compute the bound that levels and prices prove, exactly."""
    g, w = f.gifts, f.wants
    takes_part = ~w.excluded
    cost = total(g.plannable, g.step, p.gift) + total(
        w.asked[takes_part], w.step[takes_part], p.need[takes_part]
    )
    served: dict[int, Fraction] = {}
    if f.settings.policy.objective == "coverage-first":
        before = Fraction(0)
        for tier in np.unique(w.priority).tolist():
            full = takes_part & (w.priority <= tier) & (p.need_level > tier)
            cut = p.gift_level <= tier
            most = total(g.plannable[cut], g.step[cut]) + total(w.asked[full], w.step[full])
            served[tier], before = most - before, most
    return Bound(served, cost)


def total(counts: Ints | Texts, step: Floats, factor: Ints | None = None) -> Fraction:
    """Add up quantities, counted in steps (decimals as written), times `factor`, exactly."""
    whole = Fraction(0)
    for size in np.unique(step).tolist():
        mine: Bools = step == size
        amounts = counts[mine].tolist()
        whole += Fraction(repr(size)) * (
            sum(amounts) if factor is None else sum(map(mul, amounts, factor[mine].tolist()))
        )
    return whole


def money(units: int | np.integer | Fraction) -> str:
    """Return 1/10 000 of currency as text with four decimals."""
    return f"{float(units) / 10_000:.4f}"
