"""Checked: a table whose own cells are checked, and what an empty cell is in each kind of column."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import Table

Mask = npt.NDArray[np.bool_]
Coding = tuple[npt.NDArray[np.integer[Any]], npt.NDArray[Any]]
"""The code of each row, and the distinct cells that the codes number."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A table whose own cells are checked.

    Attributes
    ----------
    table
        Which table it is.
    frame
        Typed columns by canonical name, as `Case` describes them.
    extras
        Columns that the schema does not know.
    headers
        Canonical name → header as the user wrote it.
    rows
        Row in the file of each row.
    wrong
        Canonical name → rows whose cell has a finding already; the frame shows them as not given.
    whole
        Whether every row and required column could be read.
    codes
        Canonical name → a column of texts as codes, for those that are known.
    """

    table: Table
    frame: pd.DataFrame
    extras: pd.DataFrame
    headers: Mapping[str, str]
    rows: npt.NDArray[np.int64]
    wrong: Mapping[str, Mask]
    whole: bool
    codes: Mapping[str, Coding]

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    def header(self, column: str) -> str:
        """Header of `column` as the user wrote it."""
        return self.headers.get(column, column)

    def row(self, at: int) -> int:
        """Row in the file of the row at position `at`."""
        return int(self.rows[at])

    def array(self, column: str) -> npt.NDArray[Any]:
        """Cells of `column`."""
        return np.asarray(self.frame[column].to_numpy())

    def coded(self, column: str) -> Coding:
        """Return the code of each cell of `column`, and the distinct cells."""
        if column in self.codes:
            return self.codes[column]
        return pd.factorize(self.array(column))

    def among(self, column: str, known: Collection[str]) -> Mask:
        """Return which cells of a text column are in `known`."""
        codes, distinct = self.coded(column)
        return np.fromiter((text in known for text in distinct), bool, len(distinct))[codes]

    def lookup(self, column: str, known: Mapping[str, float], default: float) -> npt.NDArray[np.float64]:
        """Return what `known` says of each cell of a text column."""
        codes, distinct = self.coded(column)
        return np.fromiter((known.get(v, default) for v in distinct), np.float64, len(distinct))[codes]

    def given(self, column: str) -> Mask:
        """Return which cells of `column` hold something."""
        if column in self.codes:
            codes, distinct = self.codes[column]
            return np.asarray((distinct != "")[codes])
        return np.asarray(~is_empty(self.array(column)))

    def sound(self, *columns: str) -> Mask:
        """Return the rows whose cells in `columns` have no finding yet."""
        sound = np.ones(len(self.frame), dtype=bool)
        for column in columns:
            sound &= ~self.wrong[column]
        return sound

    def kept(self, keep: Mask) -> Checked:
        """Return the table with the rows `keep` only."""
        return replace(
            self,
            frame=self.frame[keep].reset_index(drop=True),
            extras=self.extras[keep].reset_index(drop=True),
            rows=self.rows[keep],
            wrong={name: mask[keep] for name, mask in self.wrong.items()},
            codes={name: (codes[keep], distinct) for name, (codes, distinct) in self.codes.items()},
        )


def is_empty(values: npt.NDArray[Any]) -> Mask:
    """Return which cells hold nothing."""
    if values.dtype.kind == "M":
        return np.asarray(np.isnat(values))
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype == object:
        return np.asarray(values == "", dtype=bool)
    return np.zeros(len(values), dtype=bool)
