"""One raw table → typed columns; other tables are not looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import LARGEST, LARGEST_QUANTITY, Column, Kind
from matchopt.contract.frames import NUMBERS, empty_column, frame_of
from matchopt.errors import Severity
from matchopt.language import tr, trn
from matchopt.tables.cells import Converted, convert
from matchopt.tables.coded import Coded
from matchopt.tables.findings import Findings, Said
from matchopt.tables.headers import match_headers, report_no_rows, require_columns, unknown_columns
from matchopt.tables.keys import check_keys
from matchopt.tables.raw import RawTable, Spot, as_texts
from matchopt.tables.typed import Checked, Coding, Mask, is_empty

Code = npt.NDArray[np.integer[Any]] | slice


@dataclass(frozen=True, slots=True)
class Typed:
    """A column as its distinct values, and which of them each row holds.

    Attributes
    ----------
    cells : (k,) array
        Values by kind, not given where refused.
    code : (n,) int or slice
        Position in `cells` of each row; all of them where cells are not coded.
    wrong : (k,) bool
        Which of them have a finding.
    unequal
        Whether no two cells are the same.
    """

    cells: npt.NDArray[Any]
    code: Code
    wrong: Mask
    unequal: bool

    def where(self, mask: Mask) -> npt.NDArray[np.intp]:
        """Return the rows that hold a cell of those in `mask`."""
        return np.flatnonzero(mask[self.code]) if mask.any() else np.zeros(0, dtype=np.intp)

    def rows(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what `values` (k,) are in each row."""
        if isinstance(self.code, slice) or len(values) == len(self.code):
            return values  # distinct cells stand in the order in which rows first hold them
        return values[self.code] if values.dtype != bool or values.any() else np.zeros(len(self.code), bool)

    def at(self, row: int) -> int:
        """Return which cell a row holds."""
        return row if isinstance(self.code, slice) else int(self.code[row])

    def filled(self, column: Column) -> Typed:
        """Return the column with its default where nothing is given; whole numbers then as integers."""
        if column.default is None or column.kind is Kind.FLAG:
            return self
        empty = is_empty(self.cells)
        cells = np.where(empty, np.array(column.default, dtype=self.cells.dtype), self.cells)
        cells = cells.astype(np.int64) if column.kind is Kind.WHOLE else cells
        return replace(self, cells=cells, unequal=self.unequal and not empty.any())

    def coded(self) -> tuple[npt.NDArray[np.integer[Any]], npt.NDArray[Any]]:
        """Return a coded column as the code of each row and the distinct cells."""
        if self.unequal:
            return self.code, self.cells  # type: ignore[return-value]
        again, distinct = pd.factorize(self.cells)
        return again[self.code], distinct


def check_table(raw: RawTable, found: Findings) -> Checked | None:
    """Return the typed table; None if it has no rows."""
    if raw.remarks:
        skipped = trn(
            "{n} remark row (first cell begins with ##) skipped",
            "{n} remark rows (first cell begins with ##) skipped",
            raw.remarks,
        )
        found.note("remarks", raw.table.name, skipped)
    places = match_headers(raw, found)
    complete = require_columns(raw, places, found)
    if not len(raw.rows):
        report_no_rows(raw, found)
        return None
    headers = {name: raw.headers[k] for name, k in places.items()}
    place = Spot(raw, headers)
    frame: dict[str, npt.NDArray[Any]] = {}
    wrong: dict[str, Mask] = {}
    codes: dict[str, Coding] = {}
    for column in raw.table.columns:
        if column.name in places:
            typed = typed_column(place, places[column.name], column, found).filled(column)
            wrong[column.name] = typed.rows(typed.wrong)
        else:
            typed = _not_given(raw, column).filled(column)
            wrong[column.name] = typed.rows(np.full(1, column.required))
        frame[column.name] = typed.rows(typed.cells)
        if typed.cells.dtype == object:
            codes[column.name] = typed.coded()
    if raw.table.name == "donations":
        _name_donors(frame, codes)
    checked = Checked(
        raw.table, frame_of(frame), unknown_columns(raw, places, found), headers, raw.rows, wrong,
        raw.whole and complete, codes,
    )  # fmt: skip
    return check_keys(checked, found)


def _not_given(raw: RawTable, column: Column) -> Typed:
    """Return a column that is not there, one cell for all rows."""
    code = np.zeros(len(raw.rows), dtype=np.int32)
    return Typed(empty_column(column, 1), code, np.full(1, column.required), unequal=True)


def _name_donors(frame: dict[str, npt.NDArray[Any]], codes: dict[str, Coding]) -> None:
    """Call a donor that is not named like the donation."""
    code, names = codes.pop("donor")
    nameless = (names == "")[code]
    if nameless.any():
        frame["donor"] = np.where(nameless, frame["donation_id"], frame["donor"])
    else:
        codes["donor"] = code, names


def typed_column(place: Spot, k: int, column: Column, found: Findings) -> Typed:
    """Return the cells of column `k` by kind, and which of them have a finding."""
    raw = place.raw.columns[k]
    direct = None if isinstance(raw, Coded) else _direct(raw, column)
    if direct is not None:
        typed = Typed(direct, slice(None), np.zeros(len(direct), dtype=bool), unequal=False)
    else:
        texts = as_texts(raw)
        done = convert(column, texts)
        refused = np.zeros(len(texts.texts), dtype=bool)
        refused[list(done.refused)] = True
        # Cells that were not touched are the texts themselves, no two of which are the same.
        typed = Typed(done.cells, texts.code, refused, unequal=done.cells is texts.texts)
        _report_refused(place, column, typed, texts, done, found)
        _note_changes(place, column, texts, done, found)
        if not place.raw.source:
            _refuse_surrogates(place, column, typed, texts, found)
    if column.kind in NUMBERS:
        _check_range(place, column, typed, found)
    if column.kind is Kind.FLAG and typed.cells.dtype == object:
        typed = replace(typed, cells=typed.cells == "true")
    if column.required:
        missing = is_empty(typed.cells) & ~typed.wrong
        found.rows(
            Severity.ERROR, "missing_value", place, column.name, typed.where(missing),
            lambda row: ("", tr("is empty"), tr("every row gives it: {about}", about=column.said)),
        )  # fmt: skip
        typed.wrong[missing] = True
    if typed.wrong.any():
        cells = np.where(typed.wrong, empty_column(column, 1), typed.cells)
        typed = replace(typed, cells=cells, unequal=False)
    return typed


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
    place: Spot, column: Column, typed: Typed, texts: Coded, done: Converted, found: Findings
) -> None:
    """Report every cell without a value."""
    by_code: dict[str, list[int]] = {}
    for at, why in sorted(done.refused.items()):  # texts stand in the order of their rows
        by_code.setdefault(why.code, []).append(at)

    def say(row: int) -> Said:
        why = done.refused[typed.at(row)]
        return texts.texts[typed.at(row)], why.problem, why.cure

    for code, positions in by_code.items():
        mask = np.zeros(len(texts.texts), dtype=bool)
        mask[positions] = True
        found.rows(Severity.ERROR, code, place, column.name, typed.where(mask), say)


def _note_changes(place: Spot, column: Column, texts: Coded, done: Converted, found: Findings) -> None:
    """Say once what was converted in the column."""
    if not done.changed:
        return
    counts = np.bincount(texts.code, minlength=len(texts.texts))
    parts = []
    for kind, at in done.changed.items():
        count = int(counts[at].sum())
        before, after = texts.texts[at[0]], _shown(done.cells[at[0]])
        example = tr("«{before}» is read as {after}", before=before[:40], after=after[:40])
        parts.append(
            trn(
                "{kind} in {n} cell ({example})",
                "{kind} in {n} cells ({example})",
                count,
                kind=tr(kind),
                example=example,
            )
        )
    found.note("converted", place.name, "; ".join(parts), column=place.header(column.name))


def _shown(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)


def _refuse_surrogates(place: Spot, column: Column, typed: Typed, texts: Coded, found: Findings) -> None:
    """Refuse text that no file can hold: half a character, from a DataFrame only."""
    try:
        "".join(texts.texts).encode("utf-8")
    except UnicodeEncodeError:
        broken = np.array([not _encodable(text) for text in texts.texts]) & ~typed.wrong
        found.rows(
            Severity.ERROR,
            "not_text",
            place,
            column.name,
            typed.where(broken),
            lambda row: (
                ascii(texts.texts[typed.at(row)]),
                tr("holds half a character"),
                tr("write it again"),
            ),
        )
        typed.wrong[broken] = True


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _check_range(place: Spot, column: Column, typed: Typed, found: Findings) -> None:
    """Report numbers outside the range of their column, infinite ones and fractions of whole numbers."""
    values = typed.cells

    def report(code: str, mask: Mask, problem: str, cure: str) -> None:
        mask = mask & ~typed.wrong
        found.rows(
            Severity.ERROR, code, place, column.name, typed.where(mask),
            lambda row: (_shown(float(values[typed.at(row)])), problem, cure),
        )  # fmt: skip
        typed.wrong[mask] = True

    report("not_a_number", np.isinf(values), tr("is not finite"), tr("write a number; empty is no limit"))
    if column.kind is Kind.WHOLE:
        broken = ~np.isnan(values) & (np.floor(values) != values)
        report("fraction", broken, tr("is no whole number"), tr("write a whole number"))
    if column.above is not None:
        instead = tr("leave the row out") if column.required else tr("leave it empty")
        report(
            "not_positive", values <= column.above, tr("is not above {above}", above=f"{column.above:g}"),
            tr("write a number above {above}, or {instead}", above=f"{column.above:g}", instead=instead),
        )  # fmt: skip
    largest = LARGEST.get(column.unit, LARGEST_QUANTITY)
    report(
        "too_large",
        np.abs(values) > largest,
        tr("is beyond {largest}", largest=f"{largest:,.0f}"),
        tr("check the number of digits"),
    )
    low = -math.inf if column.least is None else column.least
    most = math.inf if column.most is None else column.most
    span = (
        tr("{low} to {most}", low=f"{low:g}", most=f"{most:g}")
        if column.most is not None
        else tr("{low} or more", low=f"{low:g}")
    )
    if column.name != "latitude":  # may be swapped with the longitude; see `places`
        report(
            "out_of_range",
            (values < low) | (values > most),
            tr("is not {span}", span=span),
            tr("write a number {span}", span=span),
        )
