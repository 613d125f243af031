"""Frames of a table: empty ones, and ones out of typed columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import Column, Kind, Table

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
    return pd.DataFrame(
        {name: pd.Series(values, dtype=values.dtype, copy=False) for name, values in columns.items()},
        copy=False,
    )
