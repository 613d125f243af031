"""A table → the bytes of a CSV file, column by column: no cell becomes a Python object on the way.

The bytes are those that pandas' ``to_csv`` would write, numbers in as few digits as say them. A text that a
spreadsheet would take for a formula gets an apostrophe before it: what begins with =, +, -, @,
a tab or a carriage return runs where a spreadsheet opens the file (OWASP, "CSV Injection"). Texts that have
apostrophes before such a sign already get one more: reading takes away exactly what writing put there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Floats, Ints
from matchopt.kernels import compiled, sized
from matchopt.runs.atomic import Writer, write_bytes

Bytes = npt.NDArray[np.uint8]

MONEY = frozenset(
    [
        "transport_cost",
        "handling_cost",
        "storage_cost",
        "other_cost",
        "total_cost",
        "amount",
        "logistics_cost",
        "bound_cost",
    ]
)
"""Columns that show four decimals."""
EXACT = frozenset({"price", "unit_price"})
"""Columns that show every digit of a float64: sums of prices × quantities must come out the same."""

COUNTED = float(2**53)
"""Largest number up to which float64 holds every whole one."""

_SPECIAL = (b'"', b",", b"\n", b"\r")
_SAMPLE = 5000
_FORMULA = re.compile(r"(?![+-]?[0-9.,]+%?$)'*[=+\-@\t\r]")
"""Numbers with a sign are none."""
_GUARDED = r"^'('*[=+\-@\t\r])"


@dataclass(frozen=True, slots=True)
class TextCells:
    """The cells of a column, as written.

    Attributes
    ----------
    data : (b,) uint8
        UTF-8 texts, one after the other.
    start : (t + 1,) int
        Where each of them begins.
    code : (n,) int
        Which of them each row holds.
    """

    data: Bytes
    start: Ints
    code: Ints

    @property
    def length(self) -> Ints:
        """Bytes of each row's cell."""
        return np.diff(self.start)[self.code]


def csv_file(frame: pd.DataFrame) -> Writer:
    """Return what writes a table as CSV; no spreadsheet takes a text in it for a formula."""
    return lambda path: write_bytes(path, table_bytes(frame))


def table_bytes(frame: pd.DataFrame, ours: Sequence[str] = (), *, safe: bool = True) -> bytes:
    """Return a table as the bytes of a CSV file.

    Parameters
    ----------
    ours
        Its first columns, which are written by their names; further ones may share these names.
    safe
        Whether no spreadsheet may take a text in it for a formula.
    """
    names = [str(name) for name in frame.columns]
    cells = [
        _cells(frame.iloc[:, place], name if place < len(ours) else "", safe=safe)
        for place, name in enumerate(names)
    ]
    return csv_bytes([guarded(name) if safe else name for name in names], cells)


def _cells(column: pd.Series[Any], name: str, *, safe: bool) -> TextCells:
    """Return the column called `name` as it is written."""
    kind = column.dtype.kind
    if kind == "b":
        return flags(column.to_numpy(dtype=bool))
    if name in MONEY:
        return money(column.to_numpy(dtype=np.float64))
    if name in EXACT:
        return floats(column.to_numpy(dtype=np.float64))
    if kind == "f":
        return quantities(column.to_numpy(dtype=np.float64))
    if kind in "iu":
        return whole(column.to_numpy(dtype=np.int64))
    return moments(column) if kind == "M" else texts(column, safe=safe)


def csv_bytes(header: Sequence[str], columns: Sequence[TextCells]) -> bytes:
    """Return the table of these columns: UTF-8, with a byte order mark unless all of it is ASCII."""
    rows = np.sum([column.length + 1 for column in columns], axis=0, dtype=np.int64)
    ends = np.cumsum(rows)
    out = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    at = ends - rows
    for number, column in enumerate(columns):
        after = ord(",") if number + 1 < len(columns) else ord("\n")
        sized(_put, len(at))(out, at, column.data, column.start, column.code, after)
    head = b",".join(_quoted(name.encode()) for name in header) + b"\n"
    mark = b"" if head.isascii() and not (out >= 0x80).any() else b"\xef\xbb\xbf"
    return mark + head + out.tobytes()


def texts(column: pd.Series[Any], *, safe: bool = False) -> TextCells:
    """Return a column of texts, quoted where they need it; empty where nothing is given.

    With `safe`, no spreadsheet takes one of them for a formula.
    """
    cells = column.to_numpy(dtype=object)
    if len(set(cells[:_SAMPLE].tolist())) * 4 < min(len(cells), _SAMPLE):
        code, cells = pd.factorize(cells)
    else:
        code = np.where(column.isna().to_numpy(), -1, np.arange(len(cells)))
    distinct = list(map(str, cells.tolist()))
    return _joined(all_guarded(distinct) if safe else distinct, code)


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("rice"), guarded("'=1+1")
    ("'=1+1", 'rice', "''=1+1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def all_guarded(texts: list[str]) -> list[str]:
    """Return texts that no spreadsheet takes for formulas; see `guarded`."""
    # Few columns hold any, and one search for each sign in all of it is soon done.
    together = "\n" + "\n".join(texts)
    if not any(f"\n{sign}" in together for sign in "=+-@\t\r'"):
        return texts
    return list(map(guarded, texts))


def bare(column: pd.Series[str]) -> pd.Series[str]:
    """Return a column of texts as they were before `guarded`."""
    # Few columns hold an apostrophe at all, and one search in all of it is soon done.
    if "'" not in "\n".join(column):
        return column
    return column.str.replace(_GUARDED, r"\1", regex=True)


def flags(values: npt.NDArray[np.bool_]) -> TextCells:
    """Return a column of true and false."""
    return _joined(["false", "true"], values.astype(np.int64))


def moments(column: pd.Series[Any]) -> TextCells:
    """Return a column of days; with the time of day if one of them has any."""
    code, distinct = pd.factorize(column)
    return _joined(pd.Index(distinct).astype(str).tolist(), code)


def whole(values: Ints) -> TextCells:
    """Return a column of whole numbers."""
    return _decimals(values, places=0, keep=0)


def money(values: Floats) -> TextCells:
    """Return amounts with four decimals, half to even."""
    if _below(values, COUNTED / 10_000):
        return _decimals(np.rint(values * 10_000).astype(np.int64), places=4, keep=4)
    # The sum turns -0.0 into 0.0.
    return _numbers(np.strings.mod("%.4f", np.round(values, 4) + 0.0))


def quantities(values: Floats) -> TextCells:
    """Return numbers as the shortest text that reads back, whole ones without decimals; NaN as nothing."""
    given = ~np.isnan(values)
    finite = np.where(given, values, 0.0)
    if _below(finite, COUNTED) and bool((finite == np.rint(finite)).all()):
        return _given(_decimals(finite.astype(np.int64), places=0, keep=0), given)
    # Multiples of a step such as 0.1 carry float dust in the 17th digit.
    if _below(finite, 1e6):
        return _given(_decimals(np.rint(finite * 1e9).astype(np.int64), places=9, keep=0), given)
    return _given(_numbers(_shortest(finite)), given)


def _shortest(values: Floats) -> npt.NDArray[np.str_]:
    clean = np.where(np.abs(values) < 1e6, np.round(values, 9), values)
    is_whole = clean == np.rint(clean)
    found = np.where(is_whole, np.rint(clean).astype(np.int64).astype(str), clean.astype(str))
    tiny = ~is_whole & (np.abs(clean) < 1e-4)  # numpy writes these as 1e-05
    return np.where(tiny, np.strings.rstrip(np.strings.mod("%.9f", clean), "0"), found)


def floats(values: Floats) -> TextCells:
    """Return numbers as the shortest text that reads back to the same float64, such as 5.0."""
    if _below(values, COUNTED / 100_000):
        scaled = np.rint(values * 10_000)
        if bool((scaled / 10_000 == values).all()):
            return _decimals(scaled.astype(np.int64), places=4, keep=1)
    # The sum turns -0.0 into 0.0.
    return _numbers((values + 0.0).astype(str))


def _below(values: Floats, limit: float) -> bool:
    """Return whether all numbers, of either sign, are below `limit`."""
    return bool((np.abs(values) < limit).all())


def _given(cells: TextCells, given: npt.NDArray[np.bool_]) -> TextCells:
    """Return the cells, with nothing in those that are not given."""
    start = np.append(cells.start, cells.start[-1])
    return TextCells(cells.data, start, np.where(given, cells.code, len(start) - 2))


def _numbers(written: npt.NDArray[np.str_]) -> TextCells:
    return _joined(written.tolist(), np.arange(len(written)))


def _joined(distinct: list[str], code: npt.NDArray[np.integer[Any]]) -> TextCells:
    """Return the cells that hold `distinct` texts by their `code`; -1 is nothing."""
    coded = list(map(str.encode, distinct))
    data = b"".join(coded)
    if any(mark in data for mark in _SPECIAL):
        coded = list(map(_quoted, coded))
        data = b"".join(coded)
    start = np.zeros(len(coded) + 2, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, coded), np.int64, len(coded)), out=start[1:-1])
    start[-1] = start[-2]
    return TextCells(
        np.frombuffer(data, np.uint8), start, np.where(code < 0, len(coded), code).astype(np.int64)
    )


def _quoted(text: bytes) -> bytes:
    special = any(mark in text for mark in _SPECIAL)
    return b'"' + text.replace(b'"', b'""') + b'"' if special else text


def _decimals(values: Ints, places: int, keep: int) -> TextCells:
    """Return whole numbers over ``10 ** places``, zeros at the end dropped down to `keep` decimals."""
    data, start = sized(_digits, len(values))(values, places, keep)
    return TextCells(data, start, np.arange(len(values)))


@compiled
def _digits(values: Ints, places: int, keep: int) -> tuple[Bytes, Ints]:
    data = np.empty(22 * len(values), dtype=np.uint8)
    start = np.zeros(len(values) + 1, dtype=np.int64)
    at = 0
    for row in range(len(values)):
        rest = values[row]
        if rest < 0:
            data[at] = 45  # -
            at, rest = at + 1, -rest
        shown = places
        while shown > keep and rest % 10 == 0:
            rest, shown = rest // 10, shown - 1
        count, left = 1, rest // 10
        while left > 0:
            count, left = count + 1, left // 10
        at += max(count, shown + 1) + (shown > 0)
        for place in range(max(count, shown + 1)):
            if place == shown and shown > 0:
                data[at - 1 - place] = 46  # .
            data[at - 1 - place - (place >= shown and shown > 0)] = 48 + rest % 10
            rest //= 10
        start[row + 1] = at
    return data[:at].copy(), start


@compiled
def _put(out: Bytes, at: Ints, data: Bytes, start: Ints, code: Ints, after: int) -> None:
    """Write each row's cell at its place in `out`, and `after` behind it; move the places on."""
    for row in range(len(at)):
        here = at[row]
        for k in range(start[code[row]], start[code[row] + 1]):
            out[here] = data[k]
            here += 1
        out[here] = after
        at[row] = here + 1
