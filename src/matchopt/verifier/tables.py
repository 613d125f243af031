"""The tables of a case as arrays, and the names in them as codes."""

from __future__ import annotations

import numpy as np

from matchopt.contract.case import Case
from matchopt.verifier.keys import Bools, Floats, Ints, Names, Texts


class Tables:
    """The columns of a case as arrays; a table that is not given has no rows."""

    def __init__(self, case: Case) -> None:
        self._tables = case.tables
        self._texts: dict[tuple[str, str], Texts] = {}

    def text(self, table: str, column: str) -> Texts:
        """Return a column of text, ``""`` where not given."""
        if table not in self._tables:
            return np.empty(0, dtype=object)
        key = table, column
        if key not in self._texts:
            self._texts[key] = self._tables[table][column].to_numpy(dtype=object)
        return self._texts[key]

    def number(self, table: str, column: str) -> Floats:
        """Return a column of numbers, NaN where not given."""
        if table not in self._tables:
            return np.empty(0)
        return self._tables[table][column].to_numpy(dtype=np.float64)

    def whole(self, table: str, column: str) -> Ints:
        """Return a column of whole numbers that every row has."""
        return self.number(table, column).astype(np.int64)

    def day(self, table: str, column: str) -> Ints:
        """Return a column of days as day numbers, `facts.NO_DAY` where not given."""
        if table not in self._tables:
            return np.empty(0, dtype=np.int64)
        return self._tables[table][column].to_numpy().astype("datetime64[D]").astype(np.int64)

    def flag(self, table: str, column: str) -> Bools:
        """Return a column of yes and no."""
        if table not in self._tables:
            return np.empty(0, dtype=bool)
        return self._tables[table][column].to_numpy(dtype=bool)


class Codes:
    """The names of a case."""

    def __init__(self, t: Tables) -> None:
        self.items = Names(t.text("items", "item"), t.text("needs", "item"), t.text("donations", "item"))
        self.communities = Names(
            t.text("communities", "community"), t.text("needs", "community"), t.text("donations", "community")
        )
        self.groups = Names(t.text("needs", "group"))
        self.places = Names(
            self.communities.index.to_numpy(dtype=object), t.text("hubs", "hub"),
            t.text("lanes", "from_place"), t.text("lanes", "to_place"), t.text("donations", "origin"),
        )  # fmt: skip


def of_item(t: Tables, codes: Codes, column: str, otherwise: float) -> Floats:
    """Return a column of the items by code of the item; the last entry stands for none."""
    values = np.full(len(codes.items) + 1, otherwise)
    values[codes.items.of(t.text("items", "item"))] = t.number("items", column)
    return values


def kinds(t: Tables, codes: Codes) -> Texts:
    """Return the kind of each item by code: goods where it is not given."""
    kind = np.full(len(codes.items) + 1, "goods", dtype=object)
    kind[codes.items.of(t.text("items", "item"))] = t.text("items", "kind")
    return kind
