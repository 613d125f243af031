"""Parsing CSV: bytes → records → columns of distinct texts, or the reason why a file is no table.

Encodings are tried strictly, never guessed. Quotes and delimiters are found over the bytes with numpy, and a
cell becomes a Python object once, however many rows hold it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Ints, Shorts
from matchopt.contract.fields import LONGEST_CELL, Table
from matchopt.kernels import compiled
from matchopt.language import mark, tr
from matchopt.tables.cells import STRIP, Coded
from matchopt.tables.column_names import NOTHING_SAID, ColumnNames
from matchopt.tables.findings import RefusedError
from matchopt.tables.left_out import is_no_data
from matchopt.tables.matching import LOOKED_AT, columns_known, heading_among, names_known
from matchopt.tables.raw import refuse_many

DELIMITERS = ",;\t"
_NOTHING = b' ",;\t'
_NAMES = {",": mark("a comma"), ";": mark("a semicolon"), "\t": mark("a tab")}

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.signedinteger[Any]]
"""Places in a file: int32 in one of less than 2 GiB."""

COMPILED_FROM = 20_000
"""From so many cells on compiled loops are quicker than Python, loading them included."""

_BLOCK = 2**18
"""Bytes that are looked through at a time, for them to stay in the cache of the processor."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a CSV file: where the cells of each begin and end.

    Attributes
    ----------
    header, head
        Cells of the header, the last of which has a name, and its row.
    above
        Rows above it that are no remarks, and what stands first in each.
    data
        The file, in UTF-8 without NUL.
    marks : (c,) int
        Positions of delimiters and line ends outside quotes, after a -1 for the begin of the file.
    base : (n,) int
        Which mark each record below the header follows that has as many cells: its cell k lies between
        marks ``base + k`` and ``base + k + 1``.
    spaced
        Whether spaces before a cell do not belong to it.
    rows : (n,) int
        Row of each of these records.
    ragged
        Rows with another number of cells, and those numbers.
    remarks
        How many remark rows were left out.
    left_out
        Rows with another number of cells that are totals or remarks, and what stands first in each.
    """

    header: tuple[str, ...]
    head: int
    above: tuple[tuple[int, str], ...]
    data: bytes
    marks: Positions
    base: Ints
    spaced: bool
    rows: Ints
    ragged: tuple[tuple[int, int], ...]
    remarks: int
    left_out: tuple[tuple[int, str], ...] = ()

    def column(self, k: int) -> Coded:
        """Return the cells `k` of all records."""
        buffer = np.frombuffer(self.data, dtype=np.uint8)
        start, end = self.marks[self.base + k] + 1, self.marks[self.base + (k + 1)]
        code, first = _distinct(self.data, start, end)
        start, end = start[first], end[first]
        last = np.maximum(end, 1) - 1
        filled = end > start
        head, tail = buffer[np.minimum(start, last)], buffer[last]
        odd = filled & (_unusual(head) | _unusual(tail) | (head == ord("#")))
        odd |= end - start > LONGEST_CELL
        texts = np.empty(len(first), dtype=object)
        texts[:] = _texts(self.data, start, end)
        quoted = filled & ((head == ord('"')) | (self.spaced & (head == ord(" "))))
        if not quoted.any():
            return Coded(code, texts, odd)
        texts[quoted] = [_bare(text, spaced=self.spaced) for text in texts[quoted]]
        again, distinct = pd.factorize(texts)
        return Coded(again.astype(np.int32)[code], distinct, np.ones(len(distinct), dtype=bool))


def records(data: bytes, table: Table, said: ColumnNames = NOTHING_SAID) -> Records:
    """Return the records of clean UTF-8 `data`.

    Raises
    ------
    RefusedError
        If there is none, a quote is never closed, or the delimiter is in doubt.
    """
    if not data or data.isspace():
        raise RefusedError("empty_file", tr("is empty"), tr("fill it in, or leave an optional table out"))
    head, header, delimiter, above = _header(data, table, said)
    refuse_many(header)
    buffer = np.frombuffer(data, dtype=np.uint8)
    marks = _marks(data, delimiter)
    stops = np.flatnonzero(buffer[marks[1:]] == ord("\n")) + 1
    if not len(stops) or marks[stops[-1]] != len(data) - 1:
        marks = np.append(marks, np.array(len(data), dtype=marks.dtype))
        stops = np.append(stops, len(marks) - 1)
    base = np.append(0, stops[:-1])
    starts, ends, count = marks[base] + 1, marks[stops], stops - base
    spaced = _check_quotes(data, starts, delimiter)
    filled, remarks = _filled(buffer, starts, ends)
    below = np.arange(len(starts)) > head
    filled &= below
    width = max((k for k, name in enumerate(header, start=1) if name), default=len(header))
    if width < len(header) and not (filled & (count < len(header)) & (count >= width)).any():
        width = len(header)  # what stands in columns without a name is told of, not cut off
    wrong = filled & (count != width)
    longer = np.flatnonzero(filled & (count > width))
    wrong[longer[ends[longer] - marks[base[longer] + width] == count[longer] - width]] = False
    for at in np.flatnonzero(wrong).tolist():
        begin = marks[base[at] + width] if count[at] > width else starts[at]
        wrong[at] = bool(data[begin : ends[at]].decode("utf-8").strip(f'{STRIP}{delimiter}"'))
        filled[at] = filled[at] and (wrong[at] or count[at] > width)
    header = header[:width]
    left_out = []
    for at in np.flatnonzero(wrong).tolist():
        fields = _fields(data[starts[at] : ends[at]], delimiter)
        first = next(filter(None, fields), "")
        if is_no_data(first):
            left_out.append((at + 1, first))
            wrong[at] = filled[at] = False
    keep = filled & ~wrong
    ragged = tuple((at + 1, int(count[at])) for at in np.flatnonzero(wrong).tolist())
    rows, remarks_below = np.flatnonzero(keep).astype(np.int64) + 1, int((remarks & below).sum())
    return Records(
        header, head + 1, above, data, marks, base[keep], spaced, rows, ragged, remarks_below, tuple(left_out)
    )


_SEPARATOR = re.compile(rb'"?sep=([^"\w\s]|\t)"?[,;\t ]*', re.IGNORECASE)
"""The first line of files that say what separates their cells."""


def _header(
    data: bytes, table: Table, said: ColumnNames
) -> tuple[int, tuple[str, ...], str, tuple[tuple[int, str], ...]]:
    """Return how many records stand before the header, its cells, the delimiter, and what stands above."""
    required = {column.name for column in table.columns if column.required}
    delimiters = DELIMITERS
    opening: list[tuple[int, bytes, tuple[str, ...]]] = []
    number = start = 0
    last = False
    while start < len(data) and len(opening) < LOOKED_AT:
        end = _record_end(data, start)
        record = data[start:end]
        stated = _SEPARATOR.fullmatch(record) if number == 0 else None
        if stated:
            delimiters = stated[1].decode("ascii")
        elif record.strip(_NOTHING) and not record[:3].removeprefix(b'"').startswith(b"##"):
            split = [_fields(record, mark) for mark in delimiters]
            cells = max(split, key=lambda names: len(names_known(names, table)))
            opening.append((number, record, cells))
            if last:
                break
            last = required <= names_known(cells, table)  # the row below may be headers again
        number, start = number + 1, end + 1
    if not opening:
        raise RefusedError(
            "empty_file", tr("has no header"), tr("the first row holds the names of the columns")
        )
    heading = heading_among([cells for *_, cells in opening], table, said)
    above = tuple((k + 1, next(filter(None, cells), "")) for k, _, cells in opening[: heading.above])
    head, record, cells = opening[heading.at]
    delimiter = delimiters if len(delimiters) == 1 else _delimiter(record, table, said)
    headers = heading.headers if heading.headers != cells else _fields(record, delimiter)
    return head, headers, delimiter, above


def _record_end(data: bytes, start: int) -> int:
    """Return where the record that begins at `start` ends: at the first line end outside quotes."""
    quotes = 0
    while True:
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        quotes += data.count(b'"', start, end)
        if quotes % 2 == 0 or end == len(data):
            return end
        start = end + 1


def _marks(data: bytes, delimiter: str) -> Positions:
    """Return the positions of line ends and delimiters outside quotes, after a -1."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    kind = np.int32 if len(data) < 2**31 else np.int64
    found: list[Positions] = [np.array([-1], dtype=kind)]
    open_ = 0
    for begin in range(0, len(buffer), _BLOCK):
        block = buffer[begin : begin + _BLOCK]
        at = np.flatnonzero((block == ord("\n")) | (block == ord(delimiter)))
        quotes = np.flatnonzero(block == ord('"'))
        if len(quotes) or open_:
            before = np.bincount(np.searchsorted(at, quotes), minlength=len(at) + 1)
            at = at[(open_ + np.cumsum(before[:-1])) % 2 == 0]
            open_ = (open_ + len(quotes)) % 2
        found.append((at + begin).astype(kind))
    return np.concatenate(found)


def _filled(buffer: Bytes, starts: Positions, ends: Positions) -> tuple[Bools, Bools]:
    """Return which records are neither blank nor remarks, and which are remarks."""
    last = len(buffer) - 1
    mark = starts + (buffer[starts] == ord('"'))
    remarks = (buffer[np.minimum(mark, last)] == ord("#")) & (buffer[np.minimum(mark + 1, last)] == ord("#"))
    remarks &= ends > mark + 1
    return (ends > starts) & ~remarks, remarks


def _delimiter(header: bytes, table: Table, said: ColumnNames) -> str:
    """Return the delimiter: the only one in the header, or the one that makes the most known names of it."""
    present = [mark for mark in DELIMITERS if len(_fields(header, mark)) > 1]
    if len(present) < 2:
        return present[0] if present else ","
    split = {mark: _fields(header, mark) for mark in present}
    known = {mark: len(columns_known(table, fields, said)) for mark, fields in split.items()}
    winners = [mark for mark in present if known[mark] == max(known.values())]
    if len(winners) == 1 and any(
        other in cell and not columns_known(table, [cell], said)
        for cell in split[winners[0]]
        for other in present
    ):
        winners = []
    if len(winners) != 1:
        marks = tr(" and ").join(tr(_NAMES[sign]) for sign in present)
        problem = tr("has both {marks} in its header", marks=marks)
        cure = tr("separate the columns by one of them")
        raise RefusedError("ambiguous_delimiter", problem, cure, value=header.decode("utf-8"))
    return winners[0]


def _fields(line: bytes, delimiter: str) -> tuple[str, ...]:
    """Split one record, quotes observed."""
    marks = [*_marks(line, delimiter).tolist(), len(line)]
    return tuple(_unquoted(line[start + 1 : end].decode("utf-8")) for start, end in pairwise(marks))


def _unquoted(part: str) -> str:
    bare = part.strip(STRIP)
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1].replace('""', '"').strip(STRIP)
    return bare


def _check_quotes(data: bytes, starts: Positions, delimiter: str) -> bool:
    """Refuse quotes that open or close inside a cell; return whether spaces stand before some.

    The quotes of a sound file take turns: one opens right after a delimiter or line end (or
    after the quote that closed before, for a doubled one), the next closes right before one.
    """
    if b'"' not in data:
        return False
    buffer = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(buffer == ord('"'))
    borders = np.array([ord(delimiter), ord("\n"), ord('"')], dtype=np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, buffer[opening - 1], ord("\n"))
    after = np.where(closing + 1 < len(data), buffer[np.minimum(closing + 1, len(data) - 1)], ord("\n"))
    doubtful = np.sort(
        np.concatenate([opening[~np.isin(before, borders)], closing[~np.isin(after, borders)]])
    )
    spaced = False
    opens = set(opening[~np.isin(before, borders)].tolist())
    for at in doubtful.tolist():
        if at in opens:
            line = data[:at].rstrip(b" ")[-1:]
            sound = line in (delimiter.encode(), b"\n", b"")
            spaced = spaced or sound
        else:
            sound = data[at + 1 : at + 200].lstrip(b" ")[:1] in (delimiter.encode(), b"\n", b"")
        if not sound:
            opened = at if at in opens else int(quotes[np.searchsorted(quotes, at) - 1])
            raise _stray(data, opened, starts)
    if len(quotes) % 2:
        raise _stray(data, int(quotes[-1]), starts)
    return spaced


def _stray(data: bytes, opened: int, starts: Positions) -> RefusedError:
    row = int(np.searchsorted(starts, opened, side="right"))
    return RefusedError(
        "unbalanced_quote",
        tr('has a " that is not closed, or stands inside a cell'),
        tr('put the whole cell in quotes and double the quotes inside it: "6"" pipe"'),
        row=row,
        value=data[opened : opened + 60].decode("utf-8", "ignore").split("\n")[0],
    )


# --- columns -----------------------------------------------------------------------------


def _unusual(byte: Bytes) -> Bools:
    """Return which bytes are anything but a visible ASCII character."""
    return (byte <= ord(" ")) | (byte >= 0x7F)


def _bare(text: str, *, spaced: bool) -> str:
    """Return a cell without the quotes around it; what stands behind them belongs to it."""
    bare = text.lstrip(" ") if spaced else text
    if not bare.startswith('"'):
        return bare
    inside, _, behind = bare[1:].rpartition('"')
    return inside.replace('""', '"') + behind


def _distinct(data: bytes, start: Positions, end: Positions) -> tuple[Shorts, Ints]:
    """Return the number of each cell among the distinct ones, and of those the first row."""
    if len(start) < COMPILED_FROM:
        known: dict[bytes, int] = {}
        cells = (data[a:b] for a, b in zip(start.tolist(), end.tolist(), strict=True))
        code = np.array([known.setdefault(cell, len(known)) for cell in cells], dtype=np.int32)
        return code, np.unique(code, return_index=True)[1]
    return _codes(np.frombuffer(data, dtype=np.uint8), start, end)


def _texts(data: bytes, start: Positions, end: Positions) -> list[str]:
    """Return stretches of the file."""
    if len(start) < COMPILED_FROM:
        return [data[a:b].decode("utf-8") for a, b in zip(start.tolist(), end.tolist(), strict=True)]
    joined = _joined(np.frombuffer(data, dtype=np.uint8), start, end)
    return joined.tobytes().decode("utf-8").split("\0")[:-1]


@compiled
def _codes(buffer: Bytes, start: Positions, end: Positions) -> tuple[Shorts, Ints]:
    """Return what `_distinct` does: equal cells are found in a hash table with linear probing.

    Its slots hold the numbers of distinct cells, -1 where free; it grows before half of them are taken.
    """
    mask = 1023
    slots = np.full(mask + 1, -1, dtype=np.int32)
    hashes = np.empty(len(start), dtype=np.uint64)
    first = np.empty(len(start), dtype=np.int64)
    code = np.empty(len(start), dtype=np.int32)
    count = 0
    for row in range(len(start)):
        here, size = np.int64(start[row]), np.int64(end[row] - start[row])
        mixed = np.uint64(size)
        at = here
        while at < here + size:
            word, stop = np.uint64(0), min(at + 8, here + size)
            while at < stop:
                word = (word << np.uint64(8)) | np.uint64(buffer[at])
                at += 1
            mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(32)
        slot = np.int64(mixed & np.uint64(mask))
        while slots[slot] >= 0:
            other = slots[slot]
            if hashes[other] == mixed:
                there = np.int64(start[first[other]])
                same = np.int64(end[first[other]]) - there == size
                at = np.int64(0)
                while same and at < size:
                    same = buffer[here + at] == buffer[there + at]
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
