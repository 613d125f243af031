"""Quantities as whole numbers of grains, so that sums and comparisons are exact.

A grain is the power of ten of which every quantity of an item, its step and its lots are whole
multiples: 1 for bags of rice, 0.1 where the step is 0.5. What leaves a donor on one line is a
whole number of granules, the least common multiple of step and lot.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from matchopt.contract.settings import Settings
from matchopt.verifier.keys import Bools, Counts, Floats, Ints

_MOST_DECIMALS = 6
"""Digits after the point that quantities are shown with, and kept with."""

_LARGEST = 2.0**62


def decimals(values: Floats) -> Ints:
    """Return how many digits after the point each value needs, as far as they are kept."""
    needed = np.full(len(values), _MOST_DECIMALS, dtype=np.int64)
    for digits in range(_MOST_DECIMALS - 1, -1, -1):
        scaled = values * 10**digits
        needed[np.abs(scaled - np.rint(scaled)) <= 4 * np.spacing(np.abs(scaled))] = digits
    return needed


def grains_of(count: int, columns: Sequence[tuple[Ints, Floats]]) -> Ints:
    """Return grains per unit of each of `count` items (the last stands for none).

    `columns` are pairs of item codes and values of that item; empty values do not count.
    """
    digits, peak = np.zeros(count + 1, dtype=np.int64), np.ones(count + 1)
    for item, values in columns:
        given = ~np.isnan(values)
        np.maximum.at(digits, item[given], decimals(values[given]))
        np.maximum.at(peak, item[given], np.abs(values[given]))
    held = np.floor(np.log10(_LARGEST / peak)).astype(np.int64)
    scale: Ints = 10 ** np.maximum(np.minimum(digits, held), 0)
    return scale


def counted(values: Floats, scale: Ints) -> Ints:
    """Return values as whole grains, to the nearest; the whole part of each is kept exactly."""
    fraction, whole = np.modf(values)
    return whole.astype(np.int64) * scale + np.rint(fraction * scale).astype(np.int64)


def granules(step: Ints, lot: Ints) -> Ints:
    """Return the least common multiple of step and lot; 2^62 stands for anything beyond."""
    step, lot = np.maximum(step, 1), np.maximum(lot, 1)
    factor = step // np.gcd(step, lot)
    fits = factor.astype(np.float64) * lot < _LARGEST
    return np.where(fits, np.where(fits, factor, 1) * np.where(fits, lot, 1), 2**62)


def plannable(
    offered: Ints, quantity: Floats, step: tuple[Floats, Ints], reliability: Floats, settings: Settings
) -> Ints:
    """Return how many grains of each donation may be planned (contract §4, reliability).

    `step` is the step in units and in grains.
    """
    policy = settings.policy.reliability
    if policy == "ignore":
        return offered
    if policy == "firm":
        return np.where(reliability < 1, 0, offered)
    likely = quantity * reliability / step[0]
    nearest = np.rint(likely)
    dust = np.abs(likely - nearest) <= 1e-12 * likely
    steps = np.where(dust, nearest, np.floor(likely)).astype(np.int64)
    return np.where(reliability < 1, steps * step[1], offered)


def sums(index: Ints, amounts: Ints, size: int) -> Counts:
    """Add up amounts by index, in Python integers where tampering might overflow others."""
    fits = np.abs(amounts.astype(np.float64)).sum() < _LARGEST
    added: Counts = np.zeros(size, dtype=np.int64 if fits else object)
    np.add.at(added, index, amounts.astype(added.dtype))
    return added


def total(counts: Counts, grain: Floats, factor: Ints | None = None) -> Fraction:
    """Add up quantities, counted in grains, times `factor`, exactly, in units."""
    if len(grain) and (grain == grain[0]).all():
        return Fraction(repr(float(grain[0]))) * _added(counts, factor)
    whole = Fraction(0)
    for size in np.unique(grain).tolist():
        mine: Bools = grain == size
        whole += Fraction(repr(size)) * _added(counts[mine], None if factor is None else factor[mine])
    return whole


def _added(counts: Counts, factor: Ints | None) -> int | Fraction:
    """Add up counts times `factor`, in Python's numbers where int64 might overflow."""
    factors = np.ones(1, dtype=np.int64) if factor is None else factor
    if counts.dtype != object:
        most = [float(np.abs(part.astype(np.float64)).max(initial=0.0)) for part in (counts, factors)]
        if len(counts) * most[0] * most[1] < _LARGEST:
            return int(counts.sum() if factor is None else (counts * factor).sum())
    pairs = zip(counts.tolist(), np.broadcast_to(factors, counts.shape).tolist(), strict=True)
    added: int | Fraction = sum((count * times for count, times in pairs), 0)
    return added


def plain(number: Fraction) -> int | Fraction:
    """Return a whole number as an int, which is quicker to reckon with."""
    return number.numerator if number.denominator == 1 else number


def micro(number: Fraction) -> Fraction:
    """Return by how much a quantity may be off for being shown with six decimals."""
    return Fraction(0) if (number * 10**_MOST_DECIMALS).denominator == 1 else Fraction(1, 2 * 10**6)
