"""Bytes of a CSV file → clean UTF-8 records, or the reason why it is no table.

Encodings are tried strictly, never guessed. Quotes and fields are counted over the
bytes with numpy, before anything is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchopt.contract.fields import Table
from matchopt.contract.schema import column_named
from matchopt.language import mark, tr
from matchopt.tables.cells import STRIP
from matchopt.tables.coded import Fields, Positions, cuts

DELIMITERS = ",;\t"
_NAMES = {",": mark("a comma"), ";": mark("a semicolon"), "\t": mark("a tab")}

_SIGNATURES = {
    b"\x89PNG": mark("a PNG image"),
    b"\xff\xd8\xff": mark("a JPEG image"),
    b"GIF8": mark("a GIF image"),
    b"%PDF": mark("a PDF document"),
    b"PK\x03\x04": mark("a ZIP archive or a spreadsheet"),
    b"\xd0\xcf\x11\xe0": mark("an old Excel or Word document"),
    b"\x1f\x8b": mark("a GZIP archive"),
    b"PAR1": mark("a Parquet file"),
    b"\xff\xfe": mark("UTF-16 text"),
    b"\xfe\xff": mark("UTF-16 text"),
    b"{\\rtf": mark("an RTF document"),
    b"<!DOCTYPE": mark("a web page"),
    b"<html": mark("a web page"),
}
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1C), 0x7F])
_SAVE_AS = mark("save it as CSV (UTF-8) or XLSX")


class UnreadableError(Exception):
    """Why a file or sheet is no table."""

    def __init__(
        self, code: str, problem: str, cure: str, *, row: int | None = None, value: str = ""
    ) -> None:
        super().__init__(problem)
        self.code, self.problem, self.cure, self.row, self.value = code, problem, cure, row, value


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a CSV file.

    Attributes
    ----------
    header
        Cells of the header.
    head
        Row of the header.
    fields
        Cells of the records below it that have as many fields as the header.
    rows
        Row of each of them.
    ragged
        Rows with another number of fields, and those numbers.
    remarks
        How many remark rows were left out.
    """

    header: tuple[str, ...]
    head: int
    fields: Fields
    rows: npt.NDArray[np.int64]
    ragged: tuple[tuple[int, int], ...]
    remarks: int


def decoded(data: bytes) -> tuple[str, bytes]:
    """Return the encoding of `data` and its content in UTF-8 without BOM, lines ending in LF.

    Raises
    ------
    UnreadableError
        If it is no text, or in neither encoding, or in both.
    """
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise UnreadableError("not_a_table", tr("is {what}, no CSV file", what=tr(what)), tr(_SAVE_AS))
    if _holds_controls(data):
        raise UnreadableError("not_a_table", tr("is no text: it holds control characters"), tr(_SAVE_AS))
    encoding = "UTF-8"
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.isascii() or data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse_mixture(data)
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            row = data.count(b"\n", 0, error.start) + 1
            raise UnreadableError(
                "encoding", tr("is in neither UTF-8 nor GB18030 (GBK)"), tr("save it as CSV UTF-8"), row=row
            ) from None
        encoding, data = "GB18030", text.encode("utf-8")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return encoding, data


def _holds_controls(data: bytes) -> bool:
    """Return whether there are control characters besides tabs, line ends and the like."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    low = np.count_nonzero(buffer < ord(" "))
    if low == np.count_nonzero(buffer == ord("\n")) and b"\x7f" not in data:
        return False  # quicker to see than by the next line
    return len(data.translate(None, _CONTROLS)) < len(data)


def _refuse_mixture(data: bytes) -> None:
    """Refuse text of which some lines are Chinese in UTF-8 and others are not UTF-8 at all."""
    unicode_line = other_line = 0
    for row, line in enumerate(data.splitlines(), start=1):
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            other_line = other_line or row
        else:
            # Two-byte characters occur by chance in GBK; a line of three-byte ones hardly does.
            if all(char.isascii() or char >= "\u0800" for char in text):
                unicode_line = unicode_line or row
        if unicode_line and other_line:
            raise UnreadableError(
                "mixed_encodings",
                tr(
                    "is in two encodings: row {unicode_line} is UTF-8, row {other_line} is not",
                    unicode_line=unicode_line,
                    other_line=other_line,
                ),
                tr("open the parts one by one and save them in one file as CSV UTF-8"),
                row=max(unicode_line, other_line),
            )


def records(data: bytes, table: Table) -> Records:
    """Return the records of clean UTF-8 `data`.

    Raises
    ------
    UnreadableError
        If there is none, a quote is never closed, or the delimiter is in doubt.
    """
    if not data or data.isspace():
        raise UnreadableError("empty_file", tr("is empty"), tr("fill it in, or leave an optional table out"))
    head, first = _header(data)
    delimiter = _delimiter(first, table)
    header = _fields(first, delimiter)
    marks, stops = cuts(data, delimiter)
    buffer = np.frombuffer(data, dtype=np.uint8)
    if not len(stops) or marks[stops[-1]] != len(data) - 1:
        marks = np.append(marks, np.array(len(data), dtype=marks.dtype))
        stops = np.append(stops, len(marks) - 1)
    base = np.concatenate([np.zeros(1, dtype=stops.dtype), stops[:-1]])
    starts, ends, count = marks[base] + 1, marks[stops], stops - base
    spaced = _check_quotes(data, starts, delimiter)

    filled, remarks = _filled(buffer, starts, ends)
    below = np.arange(len(starts)) > head
    filled &= below
    wrong = filled & (count != len(header))
    for at in np.flatnonzero(wrong).tolist():
        if not data[starts[at] : ends[at]].decode("utf-8").strip(STRIP):
            filled[at] = wrong[at] = False
    keep = filled & ~wrong
    ragged = tuple((at + 1, int(count[at])) for at in np.flatnonzero(wrong).tolist())
    return Records(
        header, head + 1, Fields(data, marks, base[keep], spaced),
        np.flatnonzero(keep).astype(np.int64) + 1, ragged, int((remarks & below).sum()),
    )  # fmt: skip


def _header(data: bytes) -> tuple[int, str]:
    """Return how many records stand before the header, and its text."""
    number = start = 0
    while start < len(data):
        end = _record_end(data, start)
        if end > start and not data[start : start + 3].removeprefix(b'"').startswith(b"##"):
            return number, data[start:end].decode("utf-8")
        number, start = number + 1, end + 1
    raise UnreadableError(
        "empty_file", tr("has no header"), tr("the first row holds the names of the columns")
    )


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


def _filled(
    buffer: npt.NDArray[np.uint8], starts: Positions, ends: Positions
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which records are neither blank nor remarks, and which are remarks."""
    last = len(buffer) - 1
    mark = starts + (buffer[starts] == ord('"'))
    remarks = (buffer[np.minimum(mark, last)] == ord("#")) & (buffer[np.minimum(mark + 1, last)] == ord("#"))
    remarks &= ends > mark + 1
    return (ends > starts) & ~remarks, remarks


def _delimiter(header: str, table: Table) -> str:
    """Return the delimiter: the only one in the header, or the one that makes the required columns of it."""
    present = [mark for mark in DELIMITERS if len(_fields(header, mark)) > 1]
    if len(present) < 2:
        return present[0] if present else ","
    required = {column.name for column in table.columns if column.required}
    winners = [mark for mark in present if required <= _known(_fields(header, mark), table)]
    if len(winners) != 1:
        marks = tr(" and ").join(tr(_NAMES[sign]) for sign in present)
        raise UnreadableError(
            "ambiguous_delimiter",
            tr("has both {marks} in its header", marks=marks),
            tr("separate the columns by one of them"),
            value=header,
        )
    return winners[0]


def _known(headers: Sequence[str], table: Table) -> set[str]:
    columns = (column_named(table, header) for header in headers)
    return {column.name for column in columns if column is not None}


def _fields(line: str, delimiter: str) -> tuple[str, ...]:
    """Split one record, quotes observed."""
    parts: list[str] = []
    part, quoted = "", False
    for piece in re.split(f'({re.escape(delimiter)}|")', line):
        if piece == '"':
            quoted = not quoted
        if piece == delimiter and not quoted:
            parts.append(part)
            part = ""
        else:
            part += piece
    return tuple(_unquoted(part) for part in [*parts, part])


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


def _stray(data: bytes, opened: int, starts: Positions) -> UnreadableError:
    row = int(np.searchsorted(starts, opened, side="right"))
    return UnreadableError(
        "unbalanced_quote", tr('has a " that is not closed, or stands inside a cell'),
        tr('put the whole cell in quotes and double the quotes inside it: "6"" pipe"'),
        row=row, value=data[opened : opened + 60].decode("utf-8", "ignore").split("\n")[0],
    )  # fmt: skip
