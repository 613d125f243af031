"""One file: the bytes of a CSV, XLSX or Parquet file → RawTable, or why it is none."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd

from matchopt.contract.fields import Table
from matchopt.errors import shortened
from matchopt.language import mark, tr
from matchopt.tables.column_names import NOTHING_SAID, ColumnNames
from matchopt.tables.csv import Records, records
from matchopt.tables.findings import LIMIT, Findings, RefusedError
from matchopt.tables.raw import RawTable, from_frame, without_remarks
from matchopt.tables.xlsx import sheet_for, workbook

WORKBOOKS = (".xlsx", ".xlsm")
SUFFIXES = (".csv", ".tsv", *WORKBOOKS, ".parquet")
"""Endings of the files that are read as tables."""

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


def read_table(
    table: Table, name: str, data: bytes, found: Findings, said: ColumnNames = NOTHING_SAID
) -> RawTable | None:
    """Read the content `data` of the file `name`; None, with a finding, if it is no table."""
    try:
        if name.lower().endswith(WORKBOOKS):
            return sheet_for(table, workbook(data, name), said)
        if name.lower().endswith(".parquet"):
            return replace(_parquet(table, name, data), said=said)
        return csv_table(table, name, data, found, said)
    except RefusedError as why:
        found.refused(name, why)
        return None


def csv_table(
    table: Table, name: str, data: bytes, found: Findings, said: ColumnNames = NOTHING_SAID
) -> RawTable:
    """Return the table in the bytes of a CSV file; RefusedError if it is none."""
    encoding, clean = decoded(data)
    parts = records(clean, table, said)
    if encoding != "UTF-8":
        problem = tr("{name} is read as {encoding}", name=name, encoding=encoding)
        found.note("converted", table.name, problem, value=_first_foreign(clean))
    _report_ragged(table, parts, found)
    columns = tuple(parts.column(k) for k in range(len(parts.header)))
    raw = RawTable(table, name, parts.header, columns, parts.rows, parts.head, parts.remarks)
    return without_remarks(
        replace(raw, whole=not parts.ragged, above=parts.above, left_out=parts.left_out, said=said)
    )


def _report_ragged(table: Table, parts: Records, found: Findings) -> None:
    width = len(parts.header)
    cure = tr("give every row as many cells as the header; put a cell that holds the separator in quotes")
    for row, fields in parts.ragged[:LIMIT]:
        problem = tr("has {fields} cells, the header has {width}", fields=fields, width=width)
        found.error("ragged_row", table.name, problem, cure, row=row)
    if len(parts.ragged) > LIMIT:
        problem = tr("{count} more rows are ragged", count=len(parts.ragged) - LIMIT)
        found.error("ragged_row", table.name, problem, tr("cure them likewise"))


def _first_foreign(clean: bytes) -> str:
    """Return the first words that are not ASCII, for the user to see that they are right."""
    for line in clean[:100_000].decode("utf-8", "ignore").splitlines():
        if not line.isascii():
            return line
    return ""


def _parquet(table: Table, name: str, data: bytes) -> RawTable:
    try:
        frame = pd.read_parquet(io.BytesIO(data), engine="pyarrow")
    except ImportError:
        problem = tr("is a Parquet file, which needs pyarrow")
        raise RefusedError("no_parquet", problem, tr('pip install "matchopt[parquet]"')) from None
    except Exception as error:
        # pyarrow raises errors of many families on broken files.
        problem = tr("cannot be read as Parquet ({why})", why=shortened(error, 120))
        raise RefusedError("not_a_table", problem, tr("write the file again, or save it as CSV")) from None
    return from_frame(table, frame, name)


def decoded(data: bytes) -> tuple[str, bytes]:
    """Return the encoding of `data` and its content in UTF-8 without BOM, lines ending in LF.

    Raises
    ------
    RefusedError
        If it is no text, or in neither encoding, or in both.
    """
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise RefusedError("not_a_table", tr("is {what}, no CSV file", what=tr(what)), tr(_SAVE_AS))
    if _holds_controls(data):
        raise RefusedError("not_a_table", tr("is no text: it holds control characters"), tr(_SAVE_AS))
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
            raise RefusedError(
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
            rows = {"unicode_line": unicode_line, "other_line": other_line}
            problem = tr("is in two encodings: row {unicode_line} is UTF-8, row {other_line} is not", **rows)
            cure = tr("open the parts one by one and save them in one file as CSV UTF-8")
            raise RefusedError("mixed_encodings", problem, cure, row=max(rows.values()))
