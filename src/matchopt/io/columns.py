"""One raw table → typed columns; other tables are not looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.errors import Severity
from matchopt.fields import LARGEST, LARGEST_QUANTITY, Column, Kind, Table
from matchopt.io.cells import Converted, RefusedError, convert, quick
from matchopt.io.checked import NUMBERS, Checked, Mask, empty_column, frame_of, is_empty
from matchopt.io.findings import Findings, Said
from matchopt.io.headers import match_headers, report_no_rows, require_columns, unknown_columns
from matchopt.io.keys import check_keys
from matchopt.io.raw import RawTable, Spot, as_texts


def check_table(raw: RawTable, found: Findings) -> Checked | None:
    """Return the typed table; None if it has no rows."""
    if raw.remarks:
        rows = "1 remark row" if raw.remarks == 1 else f"{raw.remarks} remark rows"
        found.note("remarks", raw.table.name, f"{rows} (first cell begins with ##) skipped")
    places = match_headers(raw, found)
    complete = require_columns(raw, places, found)
    if not len(raw.rows):
        report_no_rows(raw, found)
        return None
    frame: dict[str, npt.NDArray[Any]] = {}
    wrong: dict[str, Mask] = {}
    headers = {name: raw.headers[k] for name, k in places.items()}
    for column in raw.table.columns:
        place = Spot(raw, headers)
        if column.name in places:
            frame[column.name], wrong[column.name] = typed_column(place, places[column.name], column, found)
        else:
            frame[column.name] = empty_column(column, len(raw.rows))
            wrong[column.name] = np.full(len(raw.rows), column.required)
    checked = Checked(
        raw.table, _filled(raw.table, frame), unknown_columns(raw, places, found), headers, raw.rows, wrong,
        raw.whole and complete,
    )  # fmt: skip
    return check_keys(checked, found)


def _filled(table: Table, frame: Mapping[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """Return the canonical frame: defaults filled in, whole numbers as integers where all are given."""
    columns: dict[str, npt.NDArray[Any]] = {}
    for column in table.columns:
        values = frame[column.name]
        if column.default is not None and column.kind is not Kind.FLAG:
            values = np.where(is_empty(values), np.array(column.default, dtype=values.dtype), values)
            if column.kind is Kind.WHOLE:
                values = values.astype(np.int64)
        columns[column.name] = values
    if table.name == "donations":
        donor = columns["donor"]
        columns["donor"] = np.where(donor == "", columns["donation_id"], donor)
    return frame_of(columns)


def typed_column(place: Spot, k: int, column: Column, found: Findings) -> tuple[npt.NDArray[Any], Mask]:
    """Return the cells of column `k` by kind, and which of them have a finding."""
    raw = place.raw.columns[k]
    direct = _direct(raw, column)
    if direct is None and raw.dtype == object and place.raw.source and not _repeats_itself(raw):
        direct = quick(column, raw)
    if direct is not None:
        values, wrong = direct, np.zeros(len(direct), dtype=bool)
    else:
        texts = as_texts(raw)
        codes, distinct = pd.factorize(texts)
        done = convert(column, distinct.tolist())
        values = done.cells[codes]
        wrong = _report_refused(place, column, codes, distinct, done, found)
        _note_changes(place, column, codes, distinct, done, found)
        if not place.raw.source:
            _refuse_surrogates(place, column, codes, distinct, wrong, found)
    if column.kind in NUMBERS:
        _check_range(place, column, values, wrong, found)
    if column.kind is Kind.FLAG and values.dtype == object:
        values = values == "true"
    if column.required:
        missing = np.flatnonzero(is_empty(values) & ~wrong)
        found.rows(
            Severity.ERROR, "missing_value", place, column.name, missing.tolist(),
            lambda at: ("", "is empty", f"every row gives it: {column.about}"),
        )  # fmt: skip
        wrong[missing] = True
    if wrong.any():
        values = np.where(wrong, empty_column(column, 1), values)
    return values, wrong


def _repeats_itself(texts: npt.NDArray[Any]) -> bool:
    """Whether the first cells hold few distinct texts, so that converting those alone is quicker."""
    sample = texts[:5000].tolist()
    return 4 * len(set(sample)) < len(sample)


def _direct(raw: npt.NDArray[Any], column: Column) -> npt.NDArray[Any] | None:
    """Return cells that have the right type already, else None."""
    kind = raw.dtype.kind
    if column.kind in NUMBERS and kind in "fi":
        return raw.astype(np.float64)
    if column.kind is Kind.FLAG and kind == "b":
        return raw
    if column.kind is Kind.DAY and kind == "M":
        days = raw.astype("datetime64[D]")
        if bool(np.all((days == raw) | np.isnat(raw))):
            return days.astype("datetime64[s]")
    return None


def _report_refused(
    place: Spot, column: Column, codes: npt.NDArray[np.intp], distinct: npt.NDArray[Any],
    done: Converted, found: Findings,
) -> Mask:  # fmt: skip
    """Report every cell without a value; return which they are."""
    refused = np.zeros(len(distinct), dtype=bool)
    refused[list(done.refused)] = True
    wrong = refused[codes]
    by_code: dict[str, list[int]] = {}
    for at in np.flatnonzero(wrong).tolist():
        by_code.setdefault(done.refused[codes[at]].code, []).append(at)

    def say(at: int) -> Said:
        why: RefusedError = done.refused[codes[at]]
        return distinct[codes[at]], why.problem, why.cure

    for code, rows in by_code.items():
        found.rows(Severity.ERROR, code, place, column.name, rows, say)
    return np.asarray(wrong)


def _note_changes(
    place: Spot, column: Column, codes: npt.NDArray[np.intp], distinct: npt.NDArray[Any],
    done: Converted, found: Findings,
) -> None:  # fmt: skip
    """Say once what was converted in the column."""
    if not done.changed:
        return
    counts = np.bincount(codes, minlength=len(distinct))
    parts = []
    for kind, at in done.changed.items():
        count = int(counts[at].sum())
        before, after = distinct[at[0]], _shown(done.cells[at[0]])
        example = f"«{before[:40]}» is read as {after[:40]}"
        parts.append(f"{kind} in {count} cell{'s' if count > 1 else ''} ({example})")
    found.note("converted", place.name, "; ".join(parts), column=place.header(column.name))


def _shown(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)


def _refuse_surrogates(
    place: Spot, column: Column, codes: npt.NDArray[np.intp], distinct: npt.NDArray[Any],
    wrong: Mask, found: Findings,
) -> None:  # fmt: skip
    """Refuse text that no file can hold: half a character, from a DataFrame only."""
    try:
        "".join(distinct.tolist()).encode("utf-8")
    except UnicodeEncodeError:
        broken = [k for k, text in enumerate(distinct) if not _encodable(text)]
        at = np.flatnonzero(np.isin(codes, broken) & ~wrong)
        found.rows(
            Severity.ERROR, "not_text", place, column.name, at.tolist(),
            lambda k: (ascii(distinct[codes[k]]), "holds half a character", "write it again"),
        )  # fmt: skip
        wrong[at] = True


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _check_range(
    place: Spot, column: Column, values: npt.NDArray[np.float64], wrong: Mask, found: Findings
) -> None:
    """Report numbers outside the range of their column, infinite ones and fractions of whole numbers."""

    def report(code: str, mask: Mask, problem: str, cure: str) -> None:
        at = np.flatnonzero(mask & ~wrong)
        found.rows(
            Severity.ERROR, code, place, column.name, at.tolist(),
            lambda k: (_shown(float(values[k])), problem, cure),
        )  # fmt: skip
        wrong[at] = True

    report("not_a_number", np.isinf(values), "is not finite", "write a number; empty is no limit")
    if column.kind is Kind.WHOLE:
        broken = ~np.isnan(values) & (np.floor(values) != values)
        report("fraction", broken, "is no whole number", "write a whole number")
    if column.above is not None:
        instead = "leave the row out" if column.required else "leave it empty"
        report(
            "not_positive", values <= column.above, f"is not above {column.above:g}",
            f"write a number above {column.above:g}, or {instead}",
        )  # fmt: skip
    largest = LARGEST.get(column.unit, LARGEST_QUANTITY)
    report("too_large", np.abs(values) > largest, f"is beyond {largest:,.0f}", "check the number of digits")
    low = -math.inf if column.least is None else column.least
    most = math.inf if column.most is None else column.most
    span = f"{low:g} to {most:g}" if column.most is not None else f"{low:g} or more"
    if column.name != "latitude":  # may be swapped with the longitude; see `places`
        report("out_of_range", (values < low) | (values > most), f"is not {span}", f"write a number {span}")
