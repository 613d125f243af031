"""Exact scaling of money and quantities to int64, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Bools, Floats, Ints, decimals_of
from matchopt.errors import CaseError, Finding, Severity
from matchopt.language import tr

MONEY_SCALE = 10_000
"""Money is kept to 1/10 000 of the currency unit."""

LARGEST_UNIT_COST = 1e9
"""Largest cost of one unit, in currency: sums of costs along a path then fit int64."""

LARGEST_SUM = 9e18
"""Largest sum of products that int64 is trusted with."""


def to_money(amount: Floats) -> Ints:
    """Round currency to 1/10 000, half to even.

    Amounts are decimals that passed through binary floats, so a tie may arrive a hair
    beside the half. The inner rounding to a millionth of 1/10 000 puts it back.

    Raises
    ------
    CaseError
        If an amount is beyond `LARGEST_UNIT_COST`.
    """
    if np.max(amount, initial=0.0) > LARGEST_UNIT_COST:
        raise beyond_counting(tr("the cost of one unit"), LARGEST_UNIT_COST)
    return np.rint(np.round(amount * MONEY_SCALE, 6)).astype(np.int64)


def from_money(amount: Ints | int) -> Floats:
    """Return currency of whole 1/10 000."""
    return np.asarray(amount, dtype=np.float64) / MONEY_SCALE


def exact_dot(left: Ints, right: Ints) -> int:
    """Return the sum of products as a Python integer, however large."""
    if not len(left):
        return 0
    large, small = int(np.abs(left).max()), int(np.abs(right).max())
    if large * small * len(left) < 2**62:
        return int(left @ right)
    if large < small:
        left, right, large = right, left, small
    # The larger factor in two halves, as long multiplication does it.
    half = large.bit_length() // 2
    return (exact_dot(left >> half, right) << half) + exact_dot(left & (2**half - 1), right)


def added(amount: Ints) -> int:
    """Return the sum as a Python integer, however large."""
    return exact_dot(amount, np.ones_like(amount))


@dataclass(frozen=True, slots=True)
class QuantityScale:
    """Quantities as int64: whole multiples of ``10 ** -decimals`` item units.

    Attributes
    ----------
    decimals
        Decimals that the finest item step needs; 0 where all steps are whole.
    """

    decimals: int

    @classmethod
    def of_steps(cls, steps: Floats) -> QuantityScale:
        """Return the coarsest scale in which every step is a whole number."""
        return cls(decimals_of(steps))

    @property
    def unit(self) -> int:
        """Scaled integers per item unit."""
        return int(10**self.decimals)

    def to_ints(self, quantity: Floats) -> Ints:
        """Return `quantity` (item units) as scaled integers, to the nearest.

        Raises
        ------
        CaseError
            If one is beyond what int64 can count.
        """
        self.refuse_beyond(float(np.max(quantity, initial=0.0)))
        return np.rint(quantity * self.unit).astype(np.int64)

    def refuse_beyond(self, total: float) -> None:
        """Raise a `CaseError` if `total` (item units) is beyond what int64 can add up."""
        most = LARGEST_SUM / self.unit
        if total <= most:
            return
        finding = Finding(
            Severity.ERROR,
            "too_large",
            tr("needs and donations"),
            tr(
                "quantities, steps or lots come to more than {most}, up to which they can be "
                "counted in {decimals} decimals, as they themselves, ratios and prices need",
                most=f"{most:.0e}",
                decimals=self.decimals,
            ),
            tr("check the number of digits, or take a larger unit"),
        )
        raise CaseError([finding])

    def from_ints(self, scaled: Ints) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
        """Return item units: int64 where every step is whole, else float64."""
        return scaled if self.decimals == 0 else scaled / self.unit

    def number(self, scaled: int | Fraction) -> int | float:
        """Return one quantity as a plain number, to the nearest scaled one, whole where it is whole."""
        nearest = round(scaled)
        whole, rest = divmod(nearest, self.unit)
        return whole if rest == 0 else nearest / self.unit

    def money(self, scaled_products: int) -> float:
        """Return currency for a sum of (1/10 000 per item unit) × (scaled quantity)."""
        return float(Fraction(round(Fraction(scaled_products, self.unit)), MONEY_SCALE))

    def parted(self, amounts: Mapping[str, int]) -> dict[str, float]:
        """Return currency for several sums, as `money` does for one, such that they add up to that of all.

        The largest takes up what the others miss of it for having been rounded.
        """
        exact = {name: Fraction(amount, self.unit) for name, amount in amounts.items()}
        whole = {name: round(amount) for name, amount in exact.items()}
        whole[max(exact, key=exact.__getitem__)] += round(sum(exact.values())) - sum(whole.values())
        return {name: float(Fraction(amount, MONEY_SCALE)) for name, amount in whole.items()}


FINE = 10**9
"""Parts of a scaled quantity in which is kept what rounding leaves, so that sums are rounded once."""


@dataclass(frozen=True, slots=True)
class Quantities:
    """Scaled quantities that need not be whole: a ratio such as 1/3 has no finite decimals.

    Attributes
    ----------
    quantity : (n,) int
        Each to the nearest. Whole quantities add up exactly.
    rest : (n,) int
        What it really is above that, in parts of 1 / `FINE`.
    """

    quantity: Ints
    rest: Ints

    @classmethod
    def whole(cls, quantity: Ints) -> Self:
        """Return quantities that are whole."""
        return cls(quantity, np.zeros_like(quantity))

    @classmethod
    def added_up(cls, row: Ints, quantity: Ints, ratio: Floats, count: int) -> Self:
        """Return the sums of quantity × ratio by row."""
        even = ratio == 1
        total = np.zeros(count, dtype=np.int64)
        np.add.at(total, row[even], quantity[even])
        parts = np.bincount(row[~even], (quantity * ratio)[~even], minlength=count)
        nearest = np.rint(parts)
        dust = np.abs(parts - nearest) <= 4 * np.spacing(parts)
        rest = np.where(dust, 0, np.rint((parts - nearest) * FINE)).astype(np.int64)
        return cls(total + nearest.astype(np.int64), rest)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.quantity - other.quantity, self.rest - other.rest)

    def at_most(self, most: Self) -> Self:
        """Return each, or what `most` is of it where that is less."""
        above = (self.quantity > most.quantity) | ((self.quantity == most.quantity) & (self.rest > most.rest))
        return type(self)(
            np.where(above, most.quantity, self.quantity), np.where(above, most.rest, self.rest)
        )

    def of(self, rows: Bools | Ints) -> Fraction:
        """Return what some rows come to together, not rounded."""
        return added(self.quantity[rows]) + Fraction(added(self.rest[rows]), FINE)

    def cost(self, price: Ints, rows: Bools | Ints) -> int:
        """Return what some rows cost, each at its price (n,)."""
        fine = np.rint(price[rows] * (self.rest[rows] / FINE)).astype(np.int64)
        return exact_dot(price[rows], self.quantity[rows]) + added(fine)


def with_residue(parts: Ints, total: Ints, largest: Ints) -> Ints:
    """Return `parts` (n, kinds) such that rows add up to `total`, by correcting the `largest` of each.

    What is zero so stays zero.
    """
    corrected = parts.copy()
    corrected[np.arange(len(parts)), largest] += total - parts.sum(axis=1)
    return corrected


def beyond_counting(what: str, most: float) -> CaseError:
    """Return the error that `what` is larger than can be counted exactly."""
    return CaseError(
        [
            Finding(
                Severity.ERROR,
                "too_large",
                tr("rates and tables"),
                tr(
                    "{what} would be above {most} of the currency, which cannot be counted exactly",
                    what=what,
                    most=f"{most:g}",
                ),
                tr("check weights, distances, quantities and rates"),
            )
        ]
    )


def round_half_even(numerator: Ints, denominator: int) -> Ints:
    """Return ``numerator / denominator`` to the nearest integers, ties to the even one."""
    if denominator == 1:
        return numerator
    quotient, rest = np.divmod(numerator, denominator)
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (quotient % 2 == 1))
    return np.asarray(quotient + up)
