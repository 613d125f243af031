"""The tables of needs and donations: every id once, in order, with the right sums and reasons."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd

from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Counts, Floats, Ints, Texts
from matchopt.verifier.sheet import Sheet, is_text, named
from matchopt.verifier.tally import Tally
from matchopt.verifier.violation import Report


def check_needs(
    f: Facts, sheet: Sheet, tally: Tally, reasons: Texts, extras: pd.DataFrame | None, report: Report
) -> None:
    """Check ``plan/needs``."""
    w = f.wants
    page = _Page(sheet, "need_id", w.ids, report)
    page.text("community", w.communities)
    page.text("item", w.items)
    page.count("priority", w.priority, np.ones(len(w.ids)))
    page.count("asked", w.asked, w.grain)
    page.count("served", tally.served, w.grain)
    page.count("unmet", tally.unmet, w.grain)
    page.text("reason", reasons, code="reason")
    page.extras(extras)


def check_gifts(
    f: Facts, sheet: Sheet, tally: Tally, reasons: Texts, extras: pd.DataFrame | None, report: Report
) -> None:
    """Check ``plan/donations``."""
    g = f.gifts
    page = _Page(sheet, "donation_id", g.ids, report)
    page.text("donor", g.donors)
    page.text("item", g.items)
    page.count("offered", g.offered, g.grain)
    page.count("planned", tally.planned, g.grain)
    page.count("left_over", tally.left_over, g.grain)
    page.text("reason", reasons, code="reason")
    page.extras(extras)


class _Page:
    """A table with one row for each id of the case, held against what it has to say."""

    def __init__(self, sheet: Sheet, key: str, ids: Texts, report: Report) -> None:
        self.sheet, self.ids, self.report = sheet, ids, report
        stated = sheet.text(key)
        where = pd.Index(ids, dtype=object).get_indexer(pd.Index(stated, dtype=object))
        first = ~pd.Index(stated, dtype=object).duplicated()
        names = named(stated)
        self._each(
            "unknown_id", where < 0, names, lambda r: tr("there is no such {key} in the case", key=key)
        )
        self._each("duplicate_row", ~first & (where >= 0), names, lambda r: tr("has a second row"))
        self.row: Ints = np.full(len(ids), -1, dtype=np.int64)
        kept = np.flatnonzero(first & (where >= 0))
        self.row[where[kept]] = kept
        self._each("missing_row", self.row < 0, ids, lambda r: tr("has no row"))
        falls = np.zeros(len(names), dtype=bool)
        falls[kept[1:]] = np.diff(where[kept]) < 0
        self._each("order", falls, names, lambda r: tr("stands out of the order of the case"))

    def _each(self, code: str, wrong: Bools, row: Texts, say: Callable[[int], str]) -> None:
        self.report.each(code, self.sheet.name, wrong, row, say)

    def text(self, column: str, right: Texts, code: str = "copied") -> None:
        """Check a column of text."""
        if not self.sheet.size:
            return
        stated = self.sheet.text(column)[self.row]
        wrong = (self.row >= 0) & (stated != right).astype(bool)
        self._each(
            code,
            wrong,
            self.ids,
            lambda r: tr(
                "{column} is «{stated}»; it has to be «{right}»",
                column=column,
                stated=shortened(stated[r]),
                right=shortened(right[r]),
            ),
        )

    def count(self, column: str, right: Counts, grain: Floats) -> None:
        """Check a column of quantities, the right ones being counted in grains."""
        if not self.sheet.size:
            return
        stated = self.sheet.number(column)[self.row]
        exact = right.astype(np.float64)
        slack = np.where(grain == 1, 0.0, 1e-9 + np.abs(exact) * 2.0**-50)
        broken = np.zeros(len(right), dtype=bool)
        if right.dtype == object:
            broken = np.array([isinstance(r, Fraction) for r in right.tolist()], dtype=bool)
        slack = np.where(broken, slack + 0.5000001e-6 / grain + np.abs(exact) * 2.0**-50, slack)
        wrong = (self.row >= 0) & (np.abs(stated / grain - exact) > slack)
        self._each(
            "sum",
            wrong,
            self.ids,
            lambda r: tr(
                "{column} is {stated}; it has to be {value}",
                column=column,
                stated=f"{stated[r]:.15g}",
                value=f"{exact[r] * grain[r]:.15g}",
            ),
        )

    def extras(self, frame: pd.DataFrame | None) -> None:
        """Check that columns which no schema knows are handed through."""
        if frame is None:
            return
        for name in frame.columns:
            if not self.sheet.has(name):
                self.report.add(
                    "missing_column",
                    self.sheet.name,
                    name,
                    tr("the column {name} is not handed on", name=name),
                )
                continue
            if not self.sheet.size:
                continue
            stated, right = self.sheet.raw(name)[self.row], frame[name].to_numpy(dtype=object)
            differs = self.row >= 0
            if is_text(stated) and is_text(right):
                differs &= (stated != right).astype(bool)
            for r in np.flatnonzero(differs).tolist():
                differs[r] = not _alike(stated[r], right[r])
            self._each("copied", differs, self.ids, partial(_differs, name, stated, right))


def _differs(column: object, stated: Texts, right: Texts, r: int) -> str:
    return tr(
        "{column} is «{stated}»; in the case it is «{right}»",
        column=column,
        stated=shortened(stated[r]),
        right=shortened(right[r]),
    )


def _alike(stated: object, right: object) -> bool:
    """Compare two cells of an unknown column, which a file may have turned into text or numbers."""
    a, b = _plain(stated), _plain(right)
    if a == b:
        return True
    try:
        return float(a) == float(b)
    except ValueError:
        return False


def _plain(cell: object) -> str:
    missing = cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and cell != cell)
    return "" if missing else str(cell).strip()
