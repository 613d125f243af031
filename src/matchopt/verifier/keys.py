"""Names and pairs of names, as codes that arrays can be indexed with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Counts = Ints | Texts
"""Exact numbers: int64 where they are sure to fit, else Python integers and Fractions."""


class Names:
    """Names → codes; a name that is empty or unknown has code -1."""

    def __init__(self, *columns: Texts) -> None:
        seen = pd.unique(np.concatenate([np.asarray(c, dtype=object) for c in columns]))
        self.index = pd.Index(seen[seen != ""], dtype=object)

    def __len__(self) -> int:
        return len(self.index)

    def of(self, texts: Texts) -> Ints:
        """Return the codes of `texts`."""
        codes: Ints = self.index.get_indexer(pd.Index(texts, dtype=object)).astype(np.int64)
        return codes


class Pairs:
    """Finds the row of a table by its pair of codes; rows with an unknown code are never found."""

    def __init__(self, first: Ints, second: Ints) -> None:
        self.first, self.second = first, second
        rows = np.flatnonzero((first >= 0) & (second >= 0))
        self._width = int(second.max(initial=0)) + 1
        keys = first[rows] * self._width + second[rows]
        order = np.argsort(keys, kind="stable")
        self._rows = rows[order]
        self._keys = keys[order]

    def find(self, first: Ints, second: Ints) -> Ints:
        """Return the row of each pair, -1 where there is none; the arrays broadcast."""
        known = (first >= 0) & (second >= 0) & (second < self._width)
        if not self._keys.size:
            return np.full(known.shape, -1, dtype=np.int64)
        key = first * self._width + second
        at = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
        return np.where(known & (self._keys[at] == key), self._rows[at], -1)


def classes(*columns: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> tuple[Ints, int]:
    """Number the distinct rows of `columns`; return the number of each row, and how many there are."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    count = 1
    for column in columns:
        inner, values = pd.factorize(column, use_na_sentinel=False)
        code, seen = pd.factorize(code * max(len(values), 1) + inner)
        count = len(seen)
    return code.astype(np.int64), count


def repeated(code: Ints) -> Bools:
    """Mark all rows but the first one of each code."""
    again: Bools = pd.Index(code).duplicated()
    return again
