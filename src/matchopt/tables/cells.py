"""Cells as texts: a column as its distinct ones, what no cell may hold, and what became of each.

A million rows seldom hold more than a few thousand different days or quantities: what is done to
the distinct texts need not be done to the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Shorts, Texts
from matchopt.contract.fields import LONGEST_CELL
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
"""What is written where nothing is given."""

INFINITE = frozenset({"inf", "infinity", "+inf", "-inf", "+infinity", "-infinity", "∞", "-∞"})

CONTROL = re.compile("[\0-\x08\x0e-\x1b\x7f\ud800-\udfff]")
"""What no file of text may hold: control characters other than spaces, and halves of characters."""

_CUT_SHORT = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{2,3}")
"""A number of many digits as spreadsheets write it into CSV."""

MOST_REASONS = 10_000
"""Different cells of a column of which each is told why it has no value."""

MOST_DIGITS = 15
"""Digits of a number that a spreadsheet keeps."""

PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number as programs write it."""

EPOCH = date(1899, 12, 30)
"""Day 0 of a spreadsheet."""
EPOCH_1904 = date(1904, 1, 1)
"""Day 0 of a workbook that counts from 1904."""

SPACES = mark("stray spaces")
WIDTH = mark("full-width characters")
THOUSANDS = mark("thousands separators")


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
    units
        Position of a text → the unit written in it, of columns whose unit is that of the item.
    about
        Positions of the texts that say that their number is not exact.
    words
        Word in place of a number → that.
    """

    cells: npt.NDArray[Any]
    refused: dict[int, RefusedError] = field(default_factory=dict)
    changed: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, list[RefusedError]] = field(default_factory=dict)
    units: dict[int, str] = field(default_factory=dict)
    about: list[int] = field(default_factory=list)
    words: dict[str, float | str] = field(default_factory=dict)

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


def widened(text: str) -> str:
    """Return `text` with full-width letters, digits and signs as plain ones."""
    return text if text.isascii() else text.translate(_WIDTH)


def too_long(text: str) -> RefusedError:
    """Return why a cell of so many characters has no value."""
    cure = tr(
        "a cell holds at most {most} characters; a quote that is never closed can swallow rows",
        most=f"{LONGEST_CELL:,}",
    )
    return RefusedError("cell_too_long", tr("holds {count} characters", count=f"{len(text):,}"), cure)


def cell_error(text: str) -> RefusedError:
    """Return why a cell that shows an error has no value."""
    problem = tr("is {text}, a formula without a value", text=text)
    return RefusedError("cell_error", problem, tr("correct the formula"))


def without_value() -> RefusedError:
    """Return why a formula has no value."""
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
            why[k] = too_long(text)
        elif broken := CONTROL.search(text):
            problem = tr("holds the character U+{code}, which is no text", code=f"{ord(broken[0]):04X}")
            cure = Cure(tr("write it again without that character"), CONTROL.sub("", text).strip(STRIP))
            why[k] = RefusedError("not_text", problem, cure)
    for k, flaw in cells.flaws.items():
        why[k] = without_value() if flaw is Flaw.FORMULA else _long_number()
    return why


def too_large() -> RefusedError:
    """Return why a number of too many digits has no value."""
    return RefusedError("too_large", tr("is too large"), tr("check the number of digits"))


def as_written(column: Coded) -> Converted:
    """Return texts without the spaces around them."""
    given = {k: column.texts[k] for k in np.flatnonzero(column.odd).tolist()}
    bare = {k: text.strip(STRIP) for k, text in given.items()}
    done = Converted(column.texts)
    spaced = [k for k, text in bare.items() if text and text != given[k]]
    if spaced:
        done.changed[SPACES] = spaced
    why = unreadable(column) | {k: cell_error(text) for k, text in bare.items() if text in CELL_ERRORS}
    if "E+" in "\0".join(column.texts):
        why |= {k: _long_number() for k, text in enumerate(column.texts) if _CUT_SHORT.fullmatch(text)}
    for k in sorted(why):
        done.refuse(k, why[k])
    if bare != given or done.refused:
        done.cells = column.texts.copy()
        done.cells[list(bare)] = list(bare.values())
        done.cells[list(done.refused)] = ""
    return done
