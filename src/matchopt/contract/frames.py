"""DataFrames of a case: empty ones, ones out of typed columns, and rows looked up by their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Ints, Texts
from matchopt.contract.fields import Column, Kind, Table
from matchopt.contract.plan import DAYS, PAIR

NUMBERS = (Kind.NUMBER, Kind.WHOLE)


_EMPTY: dict[str, dict[str, npt.NDArray[Any]]] = {}
"""Table → its columns without entries, each made once and read-only."""


def empty_table(table: Table) -> pd.DataFrame:
    """Return `table` with every column in its type and no rows."""
    return frame_of(empty_columns(table))


def empty_columns(table: Table) -> Mapping[str, npt.NDArray[Any]]:
    """Return the columns of `table` by name, each in its type, with no entries; they are read-only."""
    if table.name not in _EMPTY:
        columns = {}
        for column in table.columns:
            cells = empty_column(column, 0)
            whole = column.kind is Kind.WHOLE and column.default is not None
            cells = columns[column.name] = cells.astype(np.int64) if whole else cells
            cells.flags.writeable = False
        _EMPTY[table.name] = columns
    return _EMPTY[table.name]


def empty_column(column: Column, length: int) -> npt.NDArray[Any]:
    """Return `length` cells that are not given."""
    if column.kind is Kind.DAY:
        return np.full(length, np.datetime64("NaT"), dtype="datetime64[s]")
    if column.kind is Kind.FLAG:
        return np.zeros(length, dtype=bool)
    if column.kind in NUMBERS:
        return np.full(length, np.nan)
    cells = np.empty(length, dtype=object)
    cells[:] = ""
    return cells


def frame_of(columns: Mapping[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """Return a DataFrame whose text columns keep dtype object."""
    index = pd.RangeIndex(max(map(len, columns.values()), default=0))  # one for all: none is aligned
    cells = {name: pd.Series(of, index, dtype=of.dtype, copy=False) for name, of in columns.items()}
    return pd.DataFrame(cells, index, copy=False)


ROUTE = (*PAIR, "hub", *DAYS)
"""What tells the lines of a plan apart besides their ``allocation_id``."""

__all__ = ["DAYS", "PAIR", "ROUTE", "LinesNamed", "key_positions", "lines_named", "positions"]


def positions(ids: pd.Index | pd.Series | Texts, named: pd.Series | Texts) -> Ints:
    """Return where each of `named` stands in `ids` (all different), -1 for nowhere."""
    if not len(named):  # most cases name nothing; no index of a million ids is made for that
        return np.zeros(0, dtype=np.int64)
    index = ids if isinstance(ids, pd.Index) else pd.Index(ids, dtype=object)
    return np.asarray(index.get_indexer(pd.Index(named, dtype=object)), dtype=np.int64)


def key_positions(table: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str]) -> Ints:
    """Return where the `keys` of each of `rows` stand in `table`, in which they are all different; or -1."""
    if not len(table) or not len(rows):
        return np.full(len(rows), -1, dtype=np.int64)
    index, wanted = (pd.MultiIndex.from_frame(some[list(keys)]) for some in (table, rows))
    return np.asarray(index.get_indexer(wanted), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LinesNamed:
    """Which line of a plan each row of a table is about (r,).

    Attributes
    ----------
    at : (r,) int
        The line, -1 for none.
    by_id : (r,) bool
        Whether the row gives an ``allocation_id``.
    several : (r,) bool
        Whether it gives a donation and a need that have several lines, and no id.
    """

    at: Ints
    by_id: Bools
    several: Bools


def lines_named(lines: pd.DataFrame, rows: pd.DataFrame) -> LinesNamed:
    """Return which of `lines` each of `rows` is about.

    That is the one whose ``allocation_id`` it gives; without an id, the only one of its donation and need,
    or of several the one of its hub and days, where `rows` have these.
    """
    ids = rows["allocation_id"].to_numpy(dtype=object)
    by_id = np.asarray(ids != "", dtype=bool)
    at = np.full(len(rows), -1, dtype=np.int64)
    at[by_id] = positions(lines["allocation_id"], ids[by_id])
    repeated = lines.duplicated(list(PAIR), keep=False).to_numpy()
    single = np.flatnonzero(~repeated)
    alone = key_positions(lines.iloc[single], rows, PAIR)
    own = ~by_id & (alone >= 0)
    at[own] = single[alone[own]]
    shared = lines.loc[repeated, list(PAIR)].drop_duplicates()
    several = ~by_id & (key_positions(shared, rows, PAIR) >= 0)
    if set(ROUTE) <= set(rows):
        at[several] = key_positions(lines, rows[several], ROUTE)
    return LinesNamed(at, by_id, several)
