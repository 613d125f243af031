"""Cells → values by the kind of their column, or why a cell has none without a guess.

Nothing is stripped from a number unread: what stands beside it is a unit, money, a share, or a finding.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from matchopt.arrays import MOST_DECIMALS, Bools, Floats, Texts
from matchopt.contract.fields import LONGEST_CELL, Column, Kind
from matchopt.contract.schema import folded
from matchopt.language import mark, tr
from matchopt.tables.cells import (
    CELL_ERRORS,
    EPOCH,
    INFINITE,
    NOTHING,
    PLAIN,
    SPACES,
    STRIP,
    THOUSANDS,
    WIDTH,
    Coded,
    Converted,
    Flaw,
    as_written,
    cell_error,
    too_large,
    too_long,
    widened,
    without_value,
)
from matchopt.tables.column_names import Words
from matchopt.tables.days import ASK, DayReading
from matchopt.tables.findings import RefusedError
from matchopt.tables.header_names import key, simplified
from matchopt.tables.scales import scale_of
from matchopt.tables.units import factor, is_range, unit_of, volume_as_weight, written_number

SEPARATORS = mark("another separator than ;")
UNIT = mark("a unit with the number")
WATER = mark("a volume as the weight of so much water")
TIMES = mark("numbers in 万, 千, 百 or 亿")
PERCENT = mark("a percentage")

ITEM_UNITS = "item units"
"""Unit of a column that counts in whatever the item is counted in."""

_DIGITS = frozenset("0123456789.+-eE")
_IN_NUMBERS = np.isin(np.arange(256), [0, *map(ord, _DIGITS)])
_GROUPS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_POINTS_AND_COMMAS = re.compile(r"[+-]?[0-9][0-9.,' ]*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What has to be known besides a column's own cells to read them.

    Attributes
    ----------
    epoch
        Day 0 of the workbook.
    dates
        One of `days.ORDERS` that is set for days such as 3/4/2026, or `days.ASK`.
    year
        Returns the year of a month and day without one, or None.
    words
        Word in a cell → what ``columns.toml`` says that it means.
    unit
        Unit that the header tells.
    """

    epoch: date = EPOCH
    dates: str = ASK
    year: Callable[[int, int], int | None] = field(default=lambda _month, _day: None)
    words: Words = field(default_factory=lambda: MappingProxyType({}))
    unit: str = ""


AS_IT_STANDS = Reading()


def convert(column: Column, cells: Coded, reading: Reading = AS_IT_STANDS) -> Converted:
    """Return the values of the distinct texts of a column."""
    said: dict[str, str | float] = {}
    if reading.words:
        cells, said = _as_said(cells, reading.words)
    done = _by_kind(column, cells, reading)
    done.words |= said
    for at, flaw in cells.flaws.items():
        if flaw is Flaw.FORMULA:
            done.refuse(at, without_value())
        elif isinstance(flaw, RefusedError):
            done.refuse(at, flaw)
    return done


def _as_said(cells: Coded, words: Words) -> tuple[Coded, dict[str, str | float]]:
    """Return the cells with what ``columns.toml`` says in place of their words, and which these are."""
    by_key = {key(word): value for word, value in words.items()}
    texts, said = cells.texts.copy(), {}
    for at, text in enumerate(texts):
        if text and (value := by_key.get(key(text))) is not None:
            texts[at] = value if isinstance(value, str) else f"{value:.15g}"
            said[text.strip(STRIP)] = value
    return replace(cells, texts=texts, odd=np.ones(len(texts), dtype=bool)), said


def _by_kind(column: Column, cells: Coded, reading: Reading) -> Converted:
    if column.kind is Kind.TEXT:
        return as_written(cells)
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        return _numbers(column, cells.texts, reading)
    if column.kind is Kind.DAY:
        days = DayReading(column.name, cells.texts, reading.epoch, reading.dates, reading.year)
        return _each(cells.texts, days.parse, "datetime64[s]", np.datetime64("NaT"))
    if column.kind is Kind.LIST:
        return _lists(cells)
    known = _spellings(column.choices)
    return _each(cells.texts, lambda text: _choice(text, known, column), "object", "")


# --- numbers -----------------------------------------------------------------------------------


def _numbers(column: Column, texts: Texts, reading: Reading) -> Converted:
    values, plain = _plain_numbers(texts)
    done = Converted(values)
    for at in np.flatnonzero(np.isinf(values)).tolist():
        values[at] = np.nan
        done.refuse(at, too_large())
    scale = scale_of(column.name, texts[~plain])
    for at in np.flatnonzero(~plain).tolist():
        _one(
            done,
            at,
            texts[at],
            partial(_number, column=column, scale=scale, done=done, at=at, reading=reading),
        )
    if reading.unit and column.unit != ITEM_UNITS:
        _in_told_unit(done, column, texts, plain, reading.unit)
    return done


def _in_told_unit(done: Converted, column: Column, texts: Texts, plain: Bools, unit: str) -> None:
    """Convert the numbers that have no unit of their own from the one that the header tells."""
    size = factor(unit, column.unit)
    if size == 1:
        return
    for at in np.flatnonzero(plain & ~np.isnan(done.cells)).tolist():
        if size is None:
            done.refuse(at, _other_unit(unit, column))
            done.cells[at] = np.nan
        else:
            done.cells[at] = times(texts[at], size)
            done.note([UNIT], at)


def times(number: str | float, size: Fraction) -> float:
    """Return a number times a size, to six decimals, half to even."""
    exact = Fraction(number if isinstance(number, str) else repr(float(number))) * size
    return float(round(exact, MOST_DECIMALS))


def _plain_numbers(texts: Texts) -> tuple[Floats, Bools]:
    """Return the numbers in texts that `PLAIN` matches and that are not too long, and which these are."""
    values = np.full(len(texts), np.nan)
    plain = _of_numbers(texts)
    try:
        # Of these characters alone, Python reads as a float what `PLAIN` matches.
        values[plain] = texts[plain].astype(np.float64)
    except ValueError:
        plain[plain] = [PLAIN.fullmatch(text) is not None for text in texts[plain]]
        values[plain] = texts[plain].astype(np.float64)
    return values, plain


def _of_numbers(texts: Texts) -> Bools:
    """Return which texts are not too long and hold only characters that numbers are written with."""
    joined = "\0".join([*texts, ""]).encode("utf-8", "surrogatepass")
    data = np.frombuffer(joined, dtype=np.uint8)
    ends = np.flatnonzero(data == 0)
    if len(ends) != len(texts):  # a DataFrame may hold NUL
        return np.array([0 < len(text) <= LONGEST_CELL and not set(text) - _DIGITS for text in texts])
    starts = np.append(0, ends[:-1] + 1)[: len(texts)]
    right = (ends > starts) & (ends - starts <= LONGEST_CELL)
    if len(texts):
        right &= np.logical_and.reduceat(_IN_NUMBERS[data], starts)
    return np.asarray(right)


def _each(texts: Texts, parse: Callable[[str], tuple[Any, list[str]]], dtype: str, empty: Any) -> Converted:
    done = Converted(np.full(len(texts), empty, dtype=dtype))
    for at, text in enumerate(texts):
        _one(done, at, text, parse)
    return done


def _one(done: Converted, at: int, text: str, parse: Callable[[str], tuple[Any, list[str]]]) -> None:
    """Convert the text at position `at`: length, spaces, width, then what `parse` knows."""
    if len(text) > LONGEST_CELL:
        done.refuse(at, too_long(text))
        return
    bare = text.strip(STRIP)
    if not bare:
        return
    plain = widened(bare)
    if plain in CELL_ERRORS:
        done.refuse(at, cell_error(plain))
        return
    kinds = [SPACES] if bare != text else []
    if plain != bare:
        kinds.append(WIDTH)
    try:
        done.cells[at], more = parse(plain)
    except RefusedError as refused:
        done.refuse(at, refused)
    else:
        done.note(kinds + more, at)


def parse_number(text: str) -> tuple[float, list[str]]:
    """Return the number that `text` writes without doubt, and how it was converted."""
    if PLAIN.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise too_large()
        return value, []
    if _GROUPS.fullmatch(text):
        return float(text.replace(",", "")), [THOUSANDS]
    if _POINTS_AND_COMMAS.fullmatch(text):
        cure = tr("write a point before decimals and no thousands separator, such as 1200.5")
        raise RefusedError("ambiguous_number", tr("can be read in more than one way"), cure)
    raise RefusedError("not_a_number", *_no_number(text))


def _number(
    text: str, *, column: Column, scale: Mapping[str, int], done: Converted, at: int, reading: Reading
) -> tuple[float, list[str]]:
    """Return the number that a cell of a column writes, in the unit of the column or of the cell."""
    word = scale.get(folded(simplified(text))) if scale else None
    if word is not None:
        done.words[text] = word
        return float(word), []
    try:
        number, kinds = parse_number(text)
        digits, unit = text.replace(",", ""), ""
    except RefusedError as refused:
        written = written_number(text)
        if written is None or written.digits == text:
            raise refused from None
        number, kinds = parse_number(written.digits)
        digits, unit = written.digits.replace(",", ""), written.unit
        if written.about:
            done.about.append(at)
    told = unit or reading.unit
    if unit == "%":
        if (column.least, column.most) != (0, 1):
            raise RefusedError("not_a_number", *_no_number(text))
        return times(digits, Fraction(1, 100)), [*kinds, PERCENT]
    if column.unit == ITEM_UNITS:
        if unit and unit_of(unit).key:
            done.units[at] = unit
        elif unit:
            return times(digits, unit_of(unit).size), [*kinds, TIMES]
        return number, kinds
    if not told:
        return number, kinds
    size, how = factor(told, column.unit), UNIT
    if size is None and (size := volume_as_weight(told, column.unit)) is not None:
        how = WATER
    if size is None:
        raise _other_unit(told, column)
    return (number if size == 1 else times(digits, size)), [*kinds, how] if unit or size != 1 else kinds


def _other_unit(unit: str, column: Column) -> RefusedError:
    if not column.unit:
        cure = tr("write the number alone if that is what it means here")
        return RefusedError("not_a_number", tr("holds more than a number: «{unit}»", unit=unit), cure)
    problem = tr("is in «{unit}», which cannot be read as {of}", unit=unit, of=tr(column.unit))
    return RefusedError("other_unit", problem, tr("write how many {of} it is", of=tr(column.unit)))


def _no_number(text: str) -> tuple[str, str]:
    """Return why a text is no number, and what to write instead."""
    if text.casefold() in NOTHING:
        return tr("is no number"), tr("leave the cell empty where nothing is given")
    if text.casefold() in INFINITE:
        return tr("is not finite"), tr("write a number; empty is no limit")
    if text.endswith("%") and PLAIN.fullmatch(text[:-1].rstrip()):
        share = float(text[:-1].rstrip()) / 100
        return tr("is a percentage"), tr("write {share} if that is meant", share=f"{share:g}")
    if is_range(text):
        return tr("is a range"), tr("write the one number that is to be planned with")
    if re.search("[0-9]", text):
        return tr("is not one number"), tr("write one number, and its unit behind it or in a column unit")
    return tr("is no number"), tr("write digits only, such as 1200 or 1200.5")


# --- lists and choices --------------------------------------------------------------------------


def _lists(column: Coded) -> Converted:
    """Join the parts of each text by ``;``, each once; names keep their full-width characters."""
    done = as_written(column)
    done.cells = done.cells.copy()
    for at, text in enumerate(done.cells):
        parts = [part.strip(STRIP) for part in text.replace("；", ";").split(";")]
        done.cells[at] = ";".join(dict.fromkeys(part for part in parts if part))
        if "；" in text:
            done.note([SEPARATORS], at)
    return done


def _spellings(choices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {folded(name): value for value, others in choices.items() for name in (value, *others)}


def _choice(text: str, known: Mapping[str, str], column: Column) -> tuple[str, list[str]]:
    value = known.get(folded(text))
    if value is not None:
        return value, []
    shown = column.writable
    near = difflib.get_close_matches(folded(text), list(known), n=1, cutoff=0.6)
    cure = tr("write {listed} or {shown}", listed=tr(", ").join(shown[:-1]), shown=shown[-1])
    if near and column.kind is not Kind.FLAG:
        meant = shown[list(column.choices).index(known[near[0]])]
        cure = tr("did you mean {known}? {cure}", known=meant, cure=cure)
    raise RefusedError("not_a_choice", tr("is no value of this column"), cure)
