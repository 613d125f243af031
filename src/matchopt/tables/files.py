"""One table file → RawTable: CSV and Parquet here, XLSX in `sheets`."""

from __future__ import annotations

import io

import pandas as pd

from matchopt.contract.fields import Table
from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.tables.csv import Records, UnreadableError, decoded, records
from matchopt.tables.findings import LIMIT, Findings
from matchopt.tables.raw import RawTable, from_frame, without_remarks
from matchopt.tables.xlsx import sheet_for, workbook

SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")
"""Endings of the files that are read as tables."""


def read_table(table: Table, name: str, data: bytes, found: Findings) -> RawTable | None:
    """Read the content `data` of the file `name`; None, with a finding, if it is no table."""
    try:
        if name.lower().endswith(".xlsx"):
            return sheet_for(table, workbook(data), name, found)
        if name.lower().endswith(".parquet"):
            return _parquet(table, name, data)
        return _csv(table, name, data, found)
    except UnreadableError as why:
        found.error(why.code, name, why.problem, why.cure, row=why.row, value=why.value)
        return None


def _csv(table: Table, name: str, data: bytes, found: Findings) -> RawTable:
    encoding, clean = decoded(data)
    parts = records(clean, table)
    if encoding != "UTF-8":
        found.note(
            "converted",
            table.name,
            tr("{name} is read as {encoding}", name=name, encoding=encoding),
            value=_first_foreign(clean),
        )
    _report_ragged(table, parts, found)
    columns = tuple(parts.fields.column(k) for k in range(len(parts.header)))
    raw = RawTable(
        table, name, parts.header, columns, parts.rows, parts.head, parts.remarks, whole=not parts.ragged
    )
    return without_remarks(raw)


def _report_ragged(table: Table, parts: Records, found: Findings) -> None:
    width = len(parts.header)
    for row, fields in parts.ragged[:LIMIT]:
        found.error(
            "ragged_row",
            table.name,
            tr("has {fields} cells, the header has {width}", fields=fields, width=width),
            tr("give every row as many cells as the header; put a cell that holds the separator in quotes"),
            row=row,
        )
    if len(parts.ragged) > LIMIT:
        found.error(
            "ragged_row", table.name, tr("{count} more rows are ragged", count=len(parts.ragged) - LIMIT),
            tr("cure them likewise"),
        )  # fmt: skip


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
        raise UnreadableError(
            "no_parquet", tr("is a Parquet file, which needs pyarrow"), tr('pip install "matchopt[parquet]"')
        ) from None
    except Exception as error:
        # pyarrow raises errors of many families on broken files.
        why = shortened(error, 120)
        raise UnreadableError(
            "not_a_table",
            tr("cannot be read as Parquet ({why})", why=why),
            tr("write the file again, or save it as CSV"),
        ) from None
    return from_frame(table, frame, name)
