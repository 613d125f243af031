"""Every tolerance, once, with its reason.

Quantities and money are whole numbers wherever a plan is made or checked; floats come in with ratios, prices,
linear programs and shares of people.
"""

from __future__ import annotations

EQUAL = 1e-6
"""Two results of a search or a linear program are equal if they differ by no more; solvers promise 1e-7."""

ROUNDING = 1e-9
"""Relative error that sums and products of float64 over a case may carry."""

FLOAT = 1e-12
"""Relative error of a handful of float64 operations."""

DEGREES = 1e-9
"""Degrees (a tenth of a millimetre) to which shifts of coordinates are undone."""

WRITTEN = 1e-6
"""Units that a quantity may be off for having been written in six decimals."""
