"""The order of ids, by code points: whatever comes out is sorted by it, however the caller's rows stand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Ints

LONG = 64
"""Characters of an id from which on texts are compared one by one: as numbers they would fill the memory."""


def sorted_rows(ids: pd.Series) -> Ints:
    """Return the rows of a table in the order of their ids; equal ids stay in the order of their rows."""
    texts = ids.to_numpy(dtype=object)
    if max(map(len, texts), default=0) > LONG:
        return np.asarray(np.argsort(texts, kind="stable"), dtype=np.int64)
    return np.asarray(np.lexsort(_as_numbers(texts)[:, ::-1].T), dtype=np.int64)


def ranks(ids: pd.Series) -> Ints:
    """Return the rank of each id among all of its table."""
    rows = sorted_rows(ids)
    rank = np.empty(len(rows), dtype=np.int64)
    rank[rows] = np.arange(len(rows))
    return rank


def _as_numbers(texts: npt.NDArray[np.object_]) -> npt.NDArray[np.uint64]:
    """Return short texts (n,) as whole numbers (n, k) whose order is that of their code points.

    They are the bytes of the texts in UTF-8, eight by eight, which numpy sorts much faster.
    """
    try:
        coded = texts.astype(np.bytes_)
    except UnicodeEncodeError:
        coded = np.strings.encode(texts.astype(np.str_), "utf-8")
    width = coded.dtype.itemsize
    padded = np.zeros((len(texts), 8 * -(-width // 8)), dtype=np.uint8)
    padded[:, :width] = coded.view(np.uint8).reshape(len(texts), width)
    return padded.view(">u8").astype(np.uint64)
