"""Texts that a spreadsheet would take for formulas: in CSV an apostrophe goes before them.

What begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return runs as a formula where a spreadsheet
opens the file (OWASP, "CSV Injection"). Texts that have apostrophes before such a sign already get one more,
so that reading takes away exactly what writing put there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"(?![+-]?[0-9.,]+%?$)'*[=+\-@\t\r]")
"""Numbers with a sign are none."""
_GUARDED = r"^'('*[=+\-@\t\r])"


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("rice"), guarded("'=1+1")
    ("'=1+1", 'rice', "''=1+1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def all_guarded(texts: list[str]) -> list[str]:
    """Return texts that no spreadsheet takes for formulas; see `guarded`."""
    # Few columns hold any, and one search for each sign in all of it is soon done.
    together = "\n" + "\n".join(texts)
    if not any(f"\n{sign}" in together for sign in "=+-@\t\r'"):
        return texts
    return list(map(guarded, texts))


def bare(column: pd.Series[str]) -> pd.Series[str]:
    """Return a column of texts as they were before `guarded`."""
    # Few columns hold an apostrophe at all, and one search in all of it is soon done.
    if "'" not in "\n".join(column):
        return column
    return column.str.replace(_GUARDED, r"\1", regex=True)
