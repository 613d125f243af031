"""Frames of a table: empty ones, and ones out of typed columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import Column, Kind, Table

NUMBERS = (Kind.NUMBER, Kind.WHOLE)


def empty_table(table: Table) -> pd.DataFrame:
    """Return `table` with every column in its type and no rows."""
    columns = {}
    for column in table.columns:
        cells = empty_column(column, 0)
        whole = column.kind is Kind.WHOLE and column.default is not None
        columns[column.name] = cells.astype("int64") if whole else cells
    return frame_of(columns)


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
