"""The array types that rooms hand each other, and the few numbers with a meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]
Steps = npt.NDArray[np.int8]
Shorts = npt.NDArray[np.int32]
"""Small whole numbers, where there are so many that their memory counts."""

FORBIDDEN = 2**62
"""Cost of a pair that may not be served, or of something that may not happen."""

PLENTY = 10
"""Level of what is not scarce: one beyond the last tier."""

MOST_DECIMALS = 6
"""Decimals up to which quantities are counted."""


def decimals_of(numbers: Floats) -> int:
    """Return the fewest decimals in which all numbers are whole, `MOST_DECIMALS` at most."""
    for decimals in range(MOST_DECIMALS):
        scaled = numbers * 10**decimals
        if np.all(np.abs(scaled - np.rint(scaled)) <= 4 * np.spacing(scaled)):
            return decimals
    return MOST_DECIMALS


@dataclass(frozen=True, slots=True)
class CandidateArcs:
    """Pairs that pricing found, as arcs that may enter a network.

    Attributes
    ----------
    row, column, cost : (a,) int
        Supply, demand and unit cost.
    priced
        How many pairs were priced to find them.
    """

    row: Ints
    column: Ints
    cost: Ints
    priced: int
