"""Purchases: what whole steps cost, and whether what money buys for each need is whole steps (contract)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.language import mark
from matchopt.verifier.violation import CheckedRows, written

if TYPE_CHECKING:
    from matchopt.verifier.facts import Facts
    from matchopt.verifier.lines import PlanLines


def written_prices(price: Floats) -> Floats:
    """Return prices as they count: of more than six decimals, the outcome of a division, to four."""
    return np.where(np.round(price, 6) == price, price, np.round(price, 4))


def least_purchases(price: Floats, step: Floats, funds: Bools) -> Ints:
    """Return by item the least that whole steps cost in whole 1/10 000; 0 where nothing can be bought."""
    lumps = np.zeros(len(price), dtype=np.int64)
    for item in np.flatnonzero((price > 0) & ~funds).tolist():
        cost = Fraction(repr(float(price[item]))) * Fraction(repr(float(step[item])))
        lumps[item] = (cost * 10_000).numerator
    return lumps


def check_steps(f: Facts, lines: PlanLines, needs: CheckedRows) -> None:
    """Check that what is bought for a need is whole steps, with what stays, where something new is bought."""
    paid: dict[int, Fraction] = {}
    new = set()
    for r in np.flatnonzero(lines.bought).tolist():
        i, j = int(lines.i[r]), int(lines.j[r])
        money = int(lines.given[r]) * Fraction(repr(float(f.donations.grain[i])))
        paid[j] = paid.get(j, Fraction(0)) + money
        if lines.given[r] > lines.stays[r]:
            new.add(j)
    odd = np.zeros(len(f.needs.ids), dtype=bool)
    units, steps = np.zeros(len(odd)), np.ones(len(odd))
    for j in new:
        bought = paid[j] / Fraction(repr(float(f.buyable[f.needs.item[j]])))
        step = int(f.needs.step[j]) * Fraction(repr(float(f.needs.grain[j])))
        odd[j], units[j], steps[j] = (bought / step).denominator != 1, float(bought), float(step)
    words = mark("{units} are bought for it, no whole steps of {steps}")
    needs.note("purchases", odd, words, units=written(units, ".10g"), steps=written(steps, "g"))
