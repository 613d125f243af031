"""Typing a table: headers → columns of the contract, their cells by kind, ranges and keys; no other table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Texts
from matchopt.contract.fields import LARGEST, LARGEST_QUANTITY, Column, Kind
from matchopt.contract.frames import NUMBERS, empty_column
from matchopt.contract.settings import Settings
from matchopt.errors import Severity, shortened
from matchopt.language import tr, trn
from matchopt.tables.cells import INFINITE, NOTHING, STRIP, Coded, Converted, widened
from matchopt.tables.days import ASK, BY_ORDER, year_of
from matchopt.tables.derived import completed
from matchopt.tables.findings import (
    LIMIT,
    Cure,
    Findings,
    RefusedError,
    Said,
    Saying,
    shown,
    visible,
)
from matchopt.tables.headers import match_headers, require_columns, unknown_columns
from matchopt.tables.left_out import warn_of_sum, without_totals
from matchopt.tables.raw import RawTable, as_texts
from matchopt.tables.typed import Checked, Coding, is_empty
from matchopt.tables.units import ANY_PIECE, factor, unit_of
from matchopt.tables.values import ITEM_UNITS, Reading, convert

AMOUNTS = frozenset(
    ["quantity", "storage_capacity", "throughput_capacity", "max_quantity_kg", "capacity_kg", "population"]
)
"""Columns of which nobody can know whether merged cells mean an amount each or one for all."""

DEPENDENT = {"items": ("kind", "weight_kg", "step")}
"""Columns whose default is another one for some rows (`conversion`)."""


@dataclass(slots=True)
class Typing:
    """A column on its way to its kind: its distinct cells, and which of them each row holds.

    Attributes
    ----------
    place, column
        Which column it is, and where findings about it point.
    found
        Where they go.
    cells : (k,) array
        Values by kind, not given where refused.
    code : (n,) int or slice
        Position in `cells` of each row; all of them where cells are not coded.
    wrong : (k,) bool
        Which of them have a finding.
    unequal
        Whether no two cells are the same.
    units
        Unit that is told for each row, in its cell or in the header; None if none is.
    by_order
        Rows whose day is month-first or day-first as other cells show; None if there are none.
    """

    place: RawTable
    column: Column
    found: Findings
    cells: npt.NDArray[Any]
    code: npt.NDArray[np.integer[Any]] | slice
    wrong: Bools
    unequal: bool
    units: Texts | None = None
    by_order: Bools | None = None

    def refuse(self, code: str, mask: Bools, say: Saying) -> None:
        """Report the rows of the cells `mask` that have no finding yet; `say` is asked of a cell."""
        mask = mask & ~self.wrong
        if not mask.any():
            return
        telling = (lambda row: say(self._cell(row))) if callable(say) else say
        rows = np.flatnonzero(mask[self.code])
        self.found.rows(Severity.ERROR, code, self.place, self.column.name, rows, telling)
        self.wrong[mask] = True

    def _cell(self, row: int) -> int:
        """Return which cell a row holds."""
        return row if isinstance(self.code, slice) else int(self.code[row])

    def rows(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what `values` (k,) are in each row."""
        if isinstance(self.code, slice) or len(values) == len(self.code):
            return values  # distinct cells stand in the order in which rows first hold them
        return values[self.code] if values.dtype != bool or values.any() else np.zeros(len(self.code), bool)

    def fill(self) -> None:
        """Put the default where nothing is given; whole numbers become integers then."""
        default = self.column.default
        if default is None or self.column.kind is Kind.FLAG:
            return
        empty = is_empty(self.cells)
        self.unequal = self.unequal and not empty.any()
        self.cells = np.where(empty, np.array(default, dtype=self.cells.dtype), self.cells)
        if self.column.kind is Kind.WHOLE:
            self.cells = self.cells.astype(np.int64)

    def coded(self) -> Coding:
        """Return a coded column as the code of each row and the distinct cells."""
        if self.unequal:
            return self.code, self.cells  # type: ignore[return-value]
        again, distinct = pd.factorize(self.cells)
        return again[self.code], distinct


def check_table(raw: RawTable, found: Findings, settings: Settings | None = None) -> Checked | None:
    """Return the typed table; None if it has no rows."""
    if raw.source:
        found.layouts[raw.name] = raw.layout
    _tell_layout(raw, found)
    raw = completed(without_totals(match_headers(raw, found), found), found)
    places = raw.places
    complete = require_columns(raw, places, found)
    _ask_for_amounts(raw, places, found)
    if not len(raw.rows):
        return None
    headers = {name: raw.headers[k] for name, k in places.items()}
    columns: dict[str, npt.NDArray[Any]] = {}
    wrong: dict[str, Bools] = {}
    codes: dict[str, Coding] = {}
    told: dict[str, Texts] = {}
    blank: dict[str, Bools] = {}
    by_order: dict[str, Bools] = {}
    for column in raw.table.columns:
        typed = _not_given(raw, column, found)
        if column.name in places:
            typed = typed_column(raw, column, found, reading_of(raw, column, settings))
        if column.name in DEPENDENT.get(raw.name, ()):
            blank[column.name] = typed.rows(is_empty(typed.cells))
        if typed.units is not None:
            told[column.name] = typed.units
        if typed.by_order is not None:
            by_order[column.name] = typed.by_order
        typed.fill()
        wrong[column.name] = typed.rows(typed.wrong)
        columns[column.name] = typed.rows(typed.cells)
        if typed.cells.dtype == object:
            codes[column.name] = typed.coded()
    if raw.table.name == "donations":
        _name_donors(columns, codes)
    if "quantity" in places and raw.table.required:
        warn_of_sum(raw, columns["quantity"], columns.get("unit"), found)
    extras = unknown_columns(raw, places, found)
    whole = raw.whole and complete
    beside = codes, told, blank, by_order
    checked = Checked(raw.table, columns, extras, headers, raw.rows, wrong, whole, *beside)
    return _without_zeros(checked, found) if raw.table.required else checked


def reading_of(raw: RawTable, column: Column, settings: Settings | None = None) -> Reading:
    """Return what has to be known to read a column of the table."""
    dates = ASK if settings is None else settings.input.dates
    year = year_of(raw, None if settings is None else settings.horizon)
    return Reading(raw.epoch, dates, year, raw.words(column.name), raw.unit(column.name) or "")


def _without_zeros(checked: Checked, found: Findings) -> Checked | None:
    """Leave out the rows that ask for, or offer, nothing."""
    zero = checked.array("quantity") == 0
    if not zero.any():
        return checked
    rows = checked.rows[zero]
    listed = ", ".join(map(str, rows[:LIMIT].tolist()))
    if len(rows) > LIMIT:
        listed = tr("{names} and {count} more", names=listed, count=len(rows) - LIMIT)
    told = tr("rows with the quantity 0 are left out: {listed}", listed=listed)
    found.note("zero_rows", checked.name, told, row=int(rows[0]), column=checked.header("quantity"))
    if zero.all():
        found.error("no_rows", checked.name, tr("has no row with a quantity above 0"), tr("add the rows"))
        return None
    return checked.kept(~zero)


def _tell_layout(raw: RawTable, found: Findings) -> None:
    """Say what stands above the header, and which merged cells count for several rows or columns."""
    if raw.above:
        listed = ", ".join(
            tr("row {row} («{text}»)", row=row, text=shortened(visible(text), 40)) for row, text in raw.above
        )
        told = tr("the header is row {row}; left out above it: {listed}", row=raw.head, listed=listed)
        found.note("header_row", raw.table.name, told, row=raw.head)
    if raw.merged:
        names = ", ".join(block.name for block in raw.merged[:LIMIT])
        if len(raw.merged) > LIMIT:
            names = tr("{names} and {count} more", names=names, count=len(raw.merged) - LIMIT)
        told = tr("merged cells count for each row and column that they span: {names}", names=names)
        found.note("merged", raw.table.name, told, row=raw.merged[0].row)
    if raw.hidden:
        listed = ", ".join(map(str, raw.hidden[:LIMIT]))
        if len(raw.hidden) > LIMIT:
            listed = tr("{names} and {count} more", names=listed, count=len(raw.hidden) - LIMIT)
        told = tr("hidden rows are read like all others: {listed}", listed=listed)
        found.note("hidden_rows", raw.table.name, told, row=raw.hidden[0])


def _ask_for_amounts(raw: RawTable, places: Mapping[str, int], found: Findings) -> None:
    """Ask for the amounts that are merged over several cells."""
    for name in sorted(AMOUNTS & places.keys()):
        header = raw.headers[places[name]]
        for block in (block for block in raw.merged if places[name] in block.columns):
            problem = tr("one amount in merged cells ({cells}): each row's, or of all?", cells=block.name)
            cure = tr("unmerge the cells and write its own amount into each row")
            found.error("merged_amount", raw.table.name, problem, cure, row=block.row, column=header)


def _not_given(place: RawTable, column: Column, found: Findings) -> Typing:
    """Return a column that is not there, one cell for all rows."""
    code = np.zeros(len(place.rows), dtype=np.int32)
    wrong = np.full(1, column.required)
    return Typing(place, column, found, empty_column(column, 1), code, wrong, unequal=True)


def _name_donors(columns: dict[str, npt.NDArray[Any]], codes: dict[str, Coding]) -> None:
    """Call a donor that is not named like the donation."""
    code, names = codes.pop("donor")
    nameless = (names == "")[code]
    if nameless.any():
        columns["donor"] = np.where(nameless, columns["donation_id"], columns["donor"])
    else:
        codes["donor"] = code, names


def typed_column(place: RawTable, column: Column, found: Findings, reading: Reading) -> Typing:
    """Return the cells of a column by kind, and which of them have a finding."""
    raw = place.columns[place.places[column.name]]
    scaled = reading.unit and column.unit != ITEM_UNITS and factor(reading.unit, column.unit) != 1
    direct = None if isinstance(raw, Coded) or scaled else _direct(raw, column)
    if direct is not None:
        wrong = np.zeros(len(direct), dtype=bool)
        typed = Typing(place, column, found, direct, slice(None), wrong, unequal=False)
        units: dict[int, str] = {}
    else:
        texts = as_texts(raw)
        done = convert(column, texts, reading)
        # Cells that were not touched are the texts themselves, no two of which are the same.
        wrong, same = np.zeros(len(texts.texts), dtype=bool), done.cells is texts.texts
        typed = Typing(place, column, found, done.cells, texts.code, wrong, unequal=same)
        _report_refused(typed, texts, done)
        _note_changes(typed, texts, done)
        units = done.units
        if by_order := [at for kind in BY_ORDER for at in done.changed.get(kind, ())]:
            typed.by_order = np.isin(texts.code, by_order)
    of_header = "" if unit_of(reading.unit).key in ANY_PIECE else reading.unit
    if column.unit == ITEM_UNITS and (units or of_header):
        told = np.full(len(typed.cells), of_header, dtype=object)
        told[list(units)] = list(units.values())
        typed.units = told[typed.code]
    if column.kind in NUMBERS:
        _check_range(typed)
    if column.kind is Kind.FLAG and typed.cells.dtype == object:
        typed.cells = typed.cells == "true"
    if column.required:
        said = ("", tr("is empty"), tr("every row gives it: {about}", about=column.said))
        typed.refuse("missing_value", is_empty(typed.cells), said)
    if typed.wrong.any():
        typed.cells = np.where(typed.wrong, empty_column(column, 1), typed.cells)
        typed.unequal = False
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


def _report_refused(typed: Typing, texts: Coded, done: Converted) -> None:
    """Report every cell without a value."""
    by_code: dict[str, list[int]] = {}
    for at, why in sorted(done.refused.items()):  # texts stand in the order of their rows
        by_code.setdefault(why.code, []).append(at)

    def say(at: int) -> Said:
        text, why = texts.texts[at], done.refused[at]
        return text, why.problem, _cure_of(typed.column, text, why)

    for code, positions in by_code.items():
        mask = np.zeros(len(texts.texts), dtype=bool)
        mask[positions] = True
        typed.refuse(code, mask, say)


def _cure_of(column: Column, text: str, why: RefusedError) -> str | Cure:
    """Return how to cure a cell that has no value, by the rules of its own column."""
    plain = widened(text.strip(STRIP)).casefold()
    nothing = column.default is None and plain.lstrip("+") in INFINITE - {"-inf", "-infinity", "-∞"}
    if plain in NOTHING or nothing:
        if column.required:
            return tr("every row gives it: {about}", about=column.said)
        return Cure(tr("leave the cell empty where nothing is given"), "")
    return _rule_of(column) if why.code == "not_a_number" and column.bounded else why.cure


def _rule_of(column: Column) -> str:
    """Return what a column of numbers between two bounds may hold, and what it means."""
    low, most = (f"{bound:g}" for bound in (column.least or 0, column.most or 0))
    said = {"low": low, "most": most, "about": column.said}
    if column.kind is Kind.WHOLE:
        return tr("write a whole number {low} to {most}: {about}", **said)
    return tr("write a number {low} to {most}: {about}", **said)


def _note_changes(typed: Typing, texts: Coded, done: Converted) -> None:
    """Say once what was converted in the column, and which numbers are not exact."""
    header = typed.place.header(typed.column.name)
    if done.about:
        rows = np.flatnonzero(np.isin(texts.code, done.about))
        about = tr("is said to be about this much: the number is planned with")
        cells, cure = texts.rows, tr("write it exactly")
        typed.found.rows(
            Severity.WARNING, "about", typed.place, typed.column.name, rows, (cells, about, cure)
        )
    if done.words:
        listed = ", ".join(f"{word} = {shown(value)}" for word, value in list(done.words.items())[:LIMIT])
        told = tr("words are read as {listed}; columns.toml may say otherwise", listed=listed)
        typed.found.note("converted", typed.place.name, told, column=header)
    if not done.changed:
        return
    counts = np.bincount(texts.code, minlength=len(texts.texts))
    parts = []
    for kind, at in done.changed.items():
        before, after = texts.texts[at[0]], shown(done.cells[at[0]])
        example = tr("«{before}» is read as {after}", before=before[:40], after=after[:40])
        count = int(counts[at].sum())
        parts.append(
            trn(
                "{kind} in {n} cell ({example})",
                "{kind} in {n} cells ({example})",
                count,
                kind=tr(kind),
                example=example,
            )
        )
    typed.found.note("converted", typed.place.name, "; ".join(parts), column=header)


def _check_range(typed: Typing) -> None:
    """Report numbers outside the range of their column, infinite ones and fractions of whole numbers."""
    values, column = typed.cells, typed.column
    largest = LARGEST.get(column.unit, LARGEST_QUANTITY)
    low = -math.inf if column.least is None else column.least
    most = math.inf if column.most is None else column.most
    sound = (np.abs(values) <= largest) & (values >= low) & (values <= most)
    # Rows that ask for or offer 0 are left out (`_without_zeros`).
    zero = (values == 0) & (typed.place.table.required and column.name == "quantity")
    if column.above is not None:
        sound &= (values > column.above) | zero
    if column.kind is Kind.WHOLE:
        sound &= np.floor(values) == values
    if np.all(sound | np.isnan(values)):
        return  # no words are looked for where nothing is wrong

    def refuse(code: str, mask: Bools, problem: str, cure: str) -> None:
        typed.refuse(code, mask, lambda at: (shown(float(values[at])), problem, cure))

    refuse("not_a_number", np.isinf(values), tr("is not finite"), tr("write a number; empty is no limit"))
    if column.kind is Kind.WHOLE:
        broken = ~np.isnan(values) & (np.floor(values) != values)
        cure = _rule_of(column) if column.bounded else tr("write a whole number")
        refuse("fraction", broken, tr("is no whole number"), cure)
    if column.above is not None:
        above, instead = (
            f"{column.above:g}",
            tr("leave the row out") if column.required else tr("leave it empty"),
        )
        cure = tr("write a number above {above}, or {instead}", above=above, instead=instead)
        refuse(
            "not_positive", (values <= column.above) & ~zero, tr("is not above {above}", above=above), cure
        )
    problem = tr("is beyond {largest}", largest=f"{largest:,.0f}")
    refuse("too_large", np.abs(values) > largest, problem, tr("check the number of digits"))
    if column.most is not None:
        span = tr("{low} to {most}", low=f"{low:g}", most=f"{most:g}")
    else:
        span = tr("{low} or more", low=f"{low:g}")
    if column.name != "latitude":  # may be swapped with the longitude; see `places`
        outside = (values < low) | (values > most)
        cure = _rule_of(column) if column.bounded else tr("write a number {span}", span=span)
        refuse("out_of_range", outside, tr("is not {span}", span=span), cure)
