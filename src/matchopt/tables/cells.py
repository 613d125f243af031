"""Parsing cells: a column of distinct texts → values, or why a cell has none without a guess.

A million rows seldom hold more than a few thousand different days or quantities: what is done to
the distinct texts need not be done to the rows.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Floats, Shorts, Texts
from matchopt.contract.fields import LONGEST_CELL, Column, Kind
from matchopt.contract.schema import folded
from matchopt.language import mark, tr
from matchopt.tables.findings import Cure, RefusedError

STRIP = (
    " \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u180e\u200b\u200c\u200d\u2060\ufeff"
)
"""What is taken off both ends of a cell: every space, the invisible ones too."""

# Only the full-width forms, not all of NFKC: that would read 5² as 52.
_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2212: 0x2D}

_ERRORS = (
    "#REF! #N/A #DIV/0! #VALUE! #NAME? #NUM! #NULL! #SPILL! #CALC! #GETTING_DATA #FIELD! #BLOCKED! #CONNECT!"
    " #UNKNOWN! #BUSY! #EXTERNAL! #DATA! #ERROR!"
)
CELL_ERRORS = frozenset(_ERRORS.split())
"""What a spreadsheet shows where a formula has no value."""

NOTHING = frozenset({"nan", "none", "null", "n/a", "na", "nil", "<na>", "nat", "-", "--", "无", "空"})
INFINITE = frozenset({"inf", "infinity", "+inf", "-inf", "+infinity", "-infinity", "∞", "-∞"})

CONTROL = re.compile("[\0-\x08\x0e-\x1b\x7f\ud800-\udfff]")
"""What no file of text may hold: control characters other than spaces, and halves of characters."""

_CUT_SHORT = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{2,3}")
"""A number of many digits as spreadsheets write it into CSV."""

MOST_REASONS = 10_000
"""Different cells of a column of which each is told why it has no value."""

MOST_DIGITS = 15
"""Digits of a number that a spreadsheet keeps."""

_DIGITS = frozenset("0123456789.+-eE")
_IN_NUMBERS = np.isin(np.arange(256), [0, *map(ord, _DIGITS)])
PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_POINTS_AND_COMMAS = re.compile(r"[+-]?[0-9][0-9.,' ]*")
_NUMBER_AND_UNIT = re.compile(r"([+-]?[0-9][0-9.,]*)\s*(\D{1,12})")

_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_CHINESE_DAY = re.compile(r"([0-9]{4})\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*[日号]?")
_COMPACT_DAY = re.compile(r"((?:19|20|21)[0-9]{2})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})")
_SHORT_YEAR = re.compile(r"[0-9]{2}\s*年\s*[0-9]{1,2}\s*月\s*[0-9]{1,2}\s*[日号]?")
_TIME = re.compile(r"[T ]\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?$")

EPOCH = date(1899, 12, 30)
"""Day 0 of a spreadsheet."""
EPOCH_1904 = date(1904, 1, 1)
"""Day 0 of a workbook that counts from 1904."""

SPACES = mark("stray spaces")
WIDTH = mark("full-width characters")
THOUSANDS = mark("thousands separators")
DAY_FORM = mark("a day not written year-month-day")
SEPARATORS = mark("another separator than ;")


class Flaw(StrEnum):
    """Why a cell of a spreadsheet does not show what was written into it."""

    FORMULA = "a formula without its value"
    LONG_NUMBER = "a number of more digits than are kept"


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of texts as its distinct ones, and which of them each row holds.

    Attributes
    ----------
    code : (n,) int
        Position in `texts` of what each row holds.
    texts : (t,) object
        The distinct texts, in the order in which rows first hold them.
    odd : (t,) bool
        Which of them have to be looked at: they may begin or end with a space, hold what a
        spreadsheet shows in place of a value, or be too long. The others certainly are not so.
    flaws
        Position of a text → why it is not what was written.
    """

    code: Shorts
    texts: Texts
    odd: Bools
    flaws: Mapping[int, Flaw | RefusedError] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.code)

    @property
    def rows(self) -> Texts:
        """The text of each row."""
        return self.texts[self.code]

    def kept(self, keep: Bools | npt.NDArray[np.intp]) -> Coded:
        """Return the column with the rows `keep` only, a mask or positions."""
        code, used = pd.factorize(self.code[keep])
        flaws = {k: self.flaws[was] for k, was in enumerate(used.tolist()) if was in self.flaws}
        return Coded(code.astype(np.int32), self.texts[used], self.odd[used], flaws)


def coded(texts: Sequence[str] | Texts) -> Coded:
    """Return a column of any texts."""
    column = np.empty(len(texts), dtype=object)
    column[:] = texts
    code, distinct = pd.factorize(column, use_na_sentinel=False)
    return Coded(code.astype(np.int32), distinct, np.ones(len(distinct), dtype=bool))


@dataclass(slots=True)
class Converted:
    """The values of distinct texts.

    Attributes
    ----------
    cells
        One a text; NaN, NaT or ``""`` where it is empty or refused.
    refused
        Position of a text → why it has no value.
    changed
        Kind of conversion → positions of the texts it was applied to.
    reasons
        Code → the first reasons with this code.
    """

    cells: npt.NDArray[Any]
    refused: dict[int, RefusedError] = field(default_factory=dict)
    changed: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, list[RefusedError]] = field(default_factory=dict)

    def refuse(self, at: int, why: RefusedError) -> None:
        """Remember why the text at position `at` has no value.

        Those after `MOST_REASONS` of a code share one: a million would take their time and room.
        """
        shown = self.reasons.setdefault(why.code, [])
        if len(shown) <= MOST_REASONS:
            shown.append(why.with_traceback(None))
        self.refused[at] = shown[-1]

    def note(self, kinds: Iterable[str], at: int) -> None:
        """Remember that the text at position `at` went through `kinds` of conversion."""
        for kind in kinds:
            self.changed.setdefault(kind, []).append(at)


def convert(column: Column, cells: Coded, epoch: date = EPOCH) -> Converted:
    """Return the values of the distinct texts of a column of a spreadsheet that counts days from `epoch`."""
    done = _by_kind(column, cells, epoch)
    for at, flaw in cells.flaws.items():
        if flaw is Flaw.FORMULA:
            done.refuse(at, _without_value())
        elif isinstance(flaw, RefusedError):
            done.refuse(at, flaw)
    return done


def _by_kind(column: Column, cells: Coded, epoch: date) -> Converted:
    if column.kind is Kind.TEXT:
        return _texts(cells)
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        return _numbers(cells.texts)
    if column.kind is Kind.DAY:
        parse = partial(parse_day, epoch=epoch)
        return _each(cells.texts, parse, "datetime64[s]", np.datetime64("NaT"))
    if column.kind is Kind.LIST:
        return _lists(cells)
    known = _spellings(column.choices)
    return _each(cells.texts, lambda text: _choice(text, known, column), "object", "")


def widened(text: str) -> str:
    """Return `text` with full-width letters, digits and signs as plain ones."""
    return text if text.isascii() else text.translate(_WIDTH)


def _too_long(text: str) -> RefusedError:
    cure = tr(
        "a cell holds at most {most} characters; a quote that is never closed can swallow rows",
        most=f"{LONGEST_CELL:,}",
    )
    return RefusedError("cell_too_long", tr("holds {count} characters", count=f"{len(text):,}"), cure)


def _cell_error(text: str) -> RefusedError:
    problem = tr("is {text}, a formula without a value", text=text)
    return RefusedError("cell_error", problem, tr("correct the formula"))


def _without_value() -> RefusedError:
    problem = tr("is a formula, and the file does not hold its value")
    return RefusedError(
        "formula_without_value", problem, tr("open the workbook in a spreadsheet and save it")
    )


def _long_number() -> RefusedError:
    problem = tr(
        "is a number of more than {most} digits, of which a spreadsheet loses the last", most=MOST_DIGITS
    )
    cure = tr("format the column as text, then write the digits again")
    return RefusedError("long_number", problem, cure)


def unreadable(cells: Coded) -> dict[int, RefusedError]:
    """Return the texts that no column can hold, by position, and why; shortened numbers among them."""
    why: dict[int, RefusedError] = {}
    for k in np.flatnonzero(cells.odd).tolist():
        text = cells.texts[k]
        if len(text) > LONGEST_CELL:
            why[k] = _too_long(text)
        elif broken := CONTROL.search(text):
            problem = tr("holds the character U+{code}, which is no text", code=f"{ord(broken[0]):04X}")
            cure = Cure(tr("write it again without that character"), CONTROL.sub("", text).strip(STRIP))
            why[k] = RefusedError("not_text", problem, cure)
    for k, flaw in cells.flaws.items():
        why[k] = _without_value() if flaw is Flaw.FORMULA else _long_number()
    return why


def _too_large() -> RefusedError:
    return RefusedError("too_large", tr("is too large"), tr("check the number of digits"))


def _texts(column: Coded) -> Converted:
    given = {k: column.texts[k] for k in np.flatnonzero(column.odd).tolist()}
    bare = {k: text.strip(STRIP) for k, text in given.items()}
    done = Converted(column.texts)
    spaced = [k for k, text in bare.items() if text and text != given[k]]
    if spaced:
        done.changed[SPACES] = spaced
    why = unreadable(column) | {k: _cell_error(text) for k, text in bare.items() if text in CELL_ERRORS}
    if "E+" in "\0".join(column.texts):
        why |= {k: _long_number() for k, text in enumerate(column.texts) if _CUT_SHORT.fullmatch(text)}
    for k in sorted(why):
        done.refuse(k, why[k])
    if bare != given or done.refused:
        done.cells = column.texts.copy()
        done.cells[list(bare)] = list(bare.values())
        done.cells[list(done.refused)] = ""
    return done


def _numbers(texts: Texts) -> Converted:
    values, plain = _plain_numbers(texts)
    done = Converted(values)
    for at in np.flatnonzero(np.isinf(values)).tolist():
        values[at] = np.nan
        done.refuse(at, _too_large())
    for at in np.flatnonzero(~plain).tolist():
        _one(done, at, texts[at], parse_number)
    return done


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
        done.refuse(at, _too_long(text))
        return
    bare = text.strip(STRIP)
    if not bare:
        return
    plain = widened(bare)
    if plain in CELL_ERRORS:
        done.refuse(at, _cell_error(plain))
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
            raise _too_large()
        return value, []
    if _GROUPS.fullmatch(text):
        return float(text.replace(",", "")), [THOUSANDS]
    if _POINTS_AND_COMMAS.fullmatch(text):
        cure = tr("write a point before decimals and no thousands separator, such as 1200.5")
        raise RefusedError("ambiguous_number", tr("can be read in more than one way"), cure)
    raise RefusedError("not_a_number", *_no_number(text))


def _no_number(text: str) -> tuple[str, str]:
    """Return why a text is no number, and what to write instead."""
    if text.casefold() in NOTHING:
        return tr("is no number"), tr("leave the cell empty where nothing is given")
    if text.casefold() in INFINITE:
        return tr("is not finite"), tr("write a number; empty is no limit")
    if text.endswith("%") and PLAIN.fullmatch(text[:-1].rstrip()):
        share = float(text[:-1].rstrip()) / 100
        return tr("is a percentage"), tr("write {share} if that is meant", share=f"{share:g}")
    unit = _NUMBER_AND_UNIT.fullmatch(text)
    if unit:
        parts = {"unit": unit[1], "sign": unit[2].strip()}
        cure = tr("write {unit} without «{sign}»; units have a column of their own", **parts)
        return tr("holds more than a number"), cure
    return tr("is no number"), tr("write digits only, such as 1200 or 1200.5")


def parse_day(text: str, epoch: date = EPOCH) -> tuple[np.datetime64, list[str]]:
    """Return the day that `text` writes without doubt, and how it was converted."""
    whole = _without_midnight(text)
    match = _DAY.fullmatch(whole)
    if match:
        year, month, day = match[1], match[3], match[4]
        iso = match[2] == "-" and len(month) == len(day) == 2
        return _day(year, month, day), [] if iso else [DAY_FORM]
    match = _CHINESE_DAY.fullmatch(whole) or _COMPACT_DAY.fullmatch(whole)
    if match:
        return _day(*match.groups()), [DAY_FORM]
    form = tr("write year-month-day, such as 2026-03-01")
    if _YEAR_LAST.fullmatch(whole) or _SHORT_YEAR.fullmatch(whole):
        problem = tr("does not say which part is the day, the month or the year")
        raise RefusedError("ambiguous_day", problem, form)
    if PLAIN.fullmatch(whole):
        raise RefusedError("day_is_number", tr("is a number, not a day"), _excel_day(float(whole), epoch))
    nothing = whole.casefold() in NOTHING
    cure = tr("leave the cell empty where nothing is given") if nothing else form
    raise RefusedError("not_a_day", tr("is no day"), cure)


def _without_midnight(text: str) -> str:
    """Take a time of day off the end, which must be midnight: planning days are whole."""
    time = _TIME.search(text)
    if time is None:
        return text
    if any(part is not None and int(part) for part in time.groups()):
        raise RefusedError("time_of_day", tr("holds a time of day"), tr("write the day only"))
    return text[: time.start()].rstrip()


def _day(year: str, month: str, day: str) -> np.datetime64:
    if int(year) < 1900:
        problem = tr("is in the year {year}", year=int(year))
        raise RefusedError("no_such_day", problem, tr("write the year with four digits"))
    try:
        return np.datetime64(date(int(year), int(month), int(day)), "s")
    except ValueError:
        cure = tr("check month and day; write year-month-day")
        raise RefusedError("no_such_day", tr("is not in the calendar"), cure) from None


def _excel_day(number: float, epoch: date) -> str | Cure:
    """Return a cure for a number in place of a day; that of a year in use needs no decision."""
    if not (1 <= number < 2_958_466 and number == int(number)):
        return tr("write year-month-day, such as 2026-03-01")
    day = epoch + timedelta(days=int(number))
    told = tr("a spreadsheet means {day} by it; write that, or format the column as a date", day=day)
    return Cure(told, f"{day}") if 1980 <= day.year <= 2100 else told


def _lists(column: Coded) -> Converted:
    """Join the parts of each text by ``;``, each once; names keep their full-width characters."""
    done = _texts(column)
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
