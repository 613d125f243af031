"""The array types that rooms hand each other, and the few numbers with a meaning."""

from __future__ import annotations

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
