"""Coded: a column of texts as its distinct ones, and which of them each row holds.

A million rows seldom hold more than a few thousand different days or quantities: what is done to
the distinct texts need not be done to the rows. Out of a CSV file they come without a Python
object for any other cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Ints
from matchopt.contract.fields import LONGEST_CELL
from matchopt.kernels import compiled

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int32]
Positions = npt.NDArray[np.signedinteger[Any]]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of texts.

    Attributes
    ----------
    code : (n,) int
        Position in `texts` of what each row holds.
    texts : (t,) object
        The distinct texts, in the order in which rows first hold them.
    odd : (t,) bool
        Which of them have to be looked at: they may begin or end with a space, hold what a
        spreadsheet shows in place of a value, or be too long. The others certainly are not so.
    """

    code: Codes
    texts: Texts
    odd: Bools

    def __len__(self) -> int:
        return len(self.code)

    @property
    def rows(self) -> Texts:
        """The text of each row."""
        return self.texts[self.code]

    def kept(self, keep: Bools) -> Coded:
        """Return the column with the rows `keep` only."""
        code, used = pd.factorize(self.code[keep])
        return Coded(code.astype(np.int32), self.texts[used], self.odd[used])


def coded(texts: Sequence[str] | Texts) -> Coded:
    """Return a column of any texts."""
    column = np.empty(len(texts), dtype=object)
    column[:] = texts
    code, distinct = pd.factorize(column, use_na_sentinel=False)
    return Coded(code.astype(np.int32), distinct, np.ones(len(distinct), dtype=bool))


@dataclass(frozen=True, slots=True)
class Fields:
    """The cells of a CSV file: where each begins and ends.

    Attributes
    ----------
    data
        The file, in UTF-8 without NUL.
    cuts : (c,) int
        Positions of delimiters and line ends outside quotes, after a -1 for the begin of the file.
    base : (n,) int
        Which of the cuts each record follows: its cell k lies between cuts ``base + k`` and ``base + k + 1``.
    spaced
        Whether spaces before a cell do not belong to it.
    """

    data: bytes
    cuts: Positions
    base: Ints
    spaced: bool

    def column(self, k: int) -> Coded:
        """Return the cells `k` of all records."""
        buffer = np.frombuffer(self.data, dtype=np.uint8)
        if _ascending(buffer, self.cuts, self.base, k):
            first = np.arange(len(self.base))
            code = first.astype(np.int32)
        else:
            code, first = _codes(buffer, self.cuts, self.base, k)
        start, end = self.cuts[self.base[first] + k] + 1, self.cuts[self.base[first] + k + 1]
        last = np.maximum(end, 1) - 1
        filled = end > start
        head, tail = buffer[np.minimum(start, last)], buffer[last]
        odd = filled & (_unusual(head) | _unusual(tail) | (head == ord("#")))
        odd |= end - start > LONGEST_CELL
        texts = np.empty(len(first), dtype=object)
        texts[:] = _joined(buffer, start, end).tobytes().decode("utf-8").split("\0")[:-1]
        quoted = filled & ((head == ord('"')) | (self.spaced & (head == ord(" "))))
        if not quoted.any():
            return Coded(code, texts, odd)
        texts[quoted] = [_unquoted(text, spaced=self.spaced) for text in texts[quoted]]
        again, distinct = pd.factorize(texts)
        return Coded(again.astype(np.int32)[code], distinct, np.ones(len(distinct), dtype=bool))


def _unusual(byte: Bytes) -> Bools:
    """Return which bytes are anything but a visible ASCII character."""
    return (byte <= ord(" ")) | (byte >= 0x7F)


def _unquoted(text: str, *, spaced: bool) -> str:
    """Return a cell without the quotes around it; what stands behind them belongs to it."""
    bare = text.lstrip(" ") if spaced else text
    if not bare.startswith('"'):
        return bare
    inside, _, behind = bare[1:].rpartition('"')
    return inside.replace('""', '"') + behind


def cuts(data: bytes, delimiter: str) -> tuple[Positions, Ints]:
    """Return the positions of line ends and delimiters outside quotes after a -1, and which are line ends."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    lines, marks = (int(np.count_nonzero(buffer == ord(mark))) for mark in ("\n", delimiter))
    found: Positions = np.empty(lines + marks + 2, dtype=np.int32 if len(data) < 2**31 else np.int64)
    stops = np.empty(lines + 1, dtype=np.int64)
    found[0] = -1
    count, ends = _cut(buffer, ord(delimiter), found, stops)
    return found[:count], stops[:ends]


@compiled
def _cut(buffer: Bytes, delimiter: int, found: Positions, stops: Ints) -> tuple[int, int]:
    """Write positions of line ends and delimiters outside quotes after the first of `found`.

    Which of them are line ends is written to `stops`. Return how many there are of both.
    """
    count, lines, outside = 1, 0, True
    for at in range(len(buffer)):
        byte = buffer[at]
        outside ^= byte == 34  # "
        # Written in any case and counted if it counts: quicker than to branch.
        found[count] = at
        stops[lines] = count
        lines += outside & (byte == 10)
        count += outside & ((byte == 10) | (byte == delimiter))
    return count, lines


@compiled
def _ascending(buffer: Bytes, cuts: Positions, base: Ints, k: int) -> bool:
    """Return whether cell `k` of each record is longer than the one before, or as long and after it.

    Ids mostly are so numbered. No two of them are the same then.
    """
    before, length = np.int64(0), np.int64(-1)
    for row in range(len(base)):
        start, end = np.int64(cuts[base[row] + k]) + 1, np.int64(cuts[base[row] + k + 1])
        if end - start < length:
            return False
        if end - start == length:
            at = 0
            while at < length and buffer[start + at] == buffer[before + at]:
                at += 1
            if at == length or buffer[start + at] < buffer[before + at]:
                return False
        before, length = start, end - start
    return True


@compiled
def _codes(buffer: Bytes, cuts: Positions, base: Ints, k: int) -> tuple[Codes, Ints]:
    """Return the number of each record's cell `k` among the distinct ones, and of those the first row.

    Equal cells are found in a hash table with linear probing.
    """
    mask = 1023
    slots = np.full(mask + 1, -1, dtype=np.int32)
    hashes = np.empty(len(base), dtype=np.uint64)
    first = np.empty(len(base), dtype=np.int64)
    code = np.empty(len(base), dtype=np.int32)
    count = 0
    for row in range(len(base)):
        start, end = np.int64(cuts[base[row] + k]) + 1, np.int64(cuts[base[row] + k + 1])
        mixed = np.uint64(end - start)
        at = start
        while at < end:
            word, stop = np.uint64(0), min(at + 8, end)
            while at < stop:
                word = (word << np.uint64(8)) | np.uint64(buffer[at])
                at += 1
            mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(32)
        slot = np.int64(mixed & np.uint64(mask))
        while slots[slot] >= 0:
            other = slots[slot]
            if hashes[other] == mixed:
                begin = np.int64(cuts[base[first[other]] + k]) + 1
                same = np.int64(cuts[base[first[other]] + k + 1]) - begin == end - start
                at = np.int64(0)
                while same and at < end - start:
                    same = buffer[start + at] == buffer[begin + at]
                    at += 1
                if same:
                    break
            slot = (slot + 1) & mask
        if slots[slot] >= 0:
            code[row] = slots[slot]
            continue
        slots[slot] = code[row] = count
        hashes[count], first[count] = mixed, row
        count += 1
        if 2 * count > mask:
            mask = 4 * mask + 3
            slots = np.full(mask + 1, -1, dtype=np.int32)
            for known in range(count):
                slot = np.int64(hashes[known] & np.uint64(mask))
                while slots[slot] >= 0:
                    slot = (slot + 1) & mask
                slots[slot] = known
    return code, first[:count].copy()


@compiled
def _joined(buffer: Bytes, start: Positions, end: Positions) -> Bytes:
    """Return stretches of the buffer one after the other, each with a NUL behind it."""
    out = np.empty((end - start).sum() + len(start), dtype=np.uint8)
    at = 0
    for k in range(len(start)):
        for byte in range(start[k], end[k]):
            out[at] = buffer[byte]
            at += 1
        out[at] = 0
        at += 1
    return out
