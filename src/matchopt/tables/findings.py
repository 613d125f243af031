"""Findings: collected in table and row order, not a thousand times the same, with the name that was meant."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from matchopt.contract.schema import TABLES
from matchopt.errors import Finding, Severity, shortened
from matchopt.language import tr

LIMIT = 20
"""How many rows of one kind in one column are named before the rest is only counted."""

CUT = 300
"""Characters of a cell that are looked at for showing it."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters that nobody sees."""

_UNSHOWN = re.compile(
    rf"{INVISIBLE.pattern}|[\0-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\xa0\u2000-\u200a\u202f\u205f]"
)
"""Those, spaces of other widths, and what is no text."""


@dataclass(frozen=True, slots=True)
class Cure:
    """A cure that needs no decision.

    Attributes
    ----------
    words
        What to do.
    instead
        What to write into the cell, or columns of its row and what to write into these; `LEAVE_OUT` for
        what leaves the row out.
    """

    words: str
    instead: str | Mapping[str, str]


REMARK = "##"
"""A row whose first cell begins so is a remark."""

LEAVE_OUT: Mapping[str, str] = {"": REMARK}
"""Written before what stands in the first cell of a row, it leaves the row out."""


Said = tuple[object, str, str | Cure]
"""Value, problem and cure of one cell; a value that is an array holds those of all rows."""

Saying = Said | Callable[[int], Said]
"""What is said of every row, or how to say it of the row at a position."""


class Where(TypedDict, total=False):
    """Where in a table something is, what stands there, and what by header to write instead."""

    row: int | None
    column: str
    value: object
    instead: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table stands.

    Attributes
    ----------
    file, sheet
        What holds it; no sheet in a file of one table.
    head
        Row of the header.
    letters
        Header → what spreadsheets call its column; the first where headers repeat.
    """

    file: str
    sheet: str
    head: int
    letters: Mapping[str, str]

    def told(self, finding: Finding) -> Finding:
        """Return the finding with file, sheet and cells."""
        first = next(iter(self.letters.values()), "A")
        row = finding.row or (self.head if finding.column else None)
        cell = f"{self.letters.get(finding.column, first)}{row}" if row else ""
        cells = ((self.letters.get(name, "" if name else first), text) for name, text in finding.instead)
        instead = tuple((f"{letter}{row}", text) for letter, text in cells if letter)
        return replace(finding, file=self.file, sheet=self.sheet, cell=cell, instead=instead)


class Place(Protocol):
    """A table that findings can point into."""

    @property
    def name(self) -> str:
        """Name of the table."""

    def header(self, column: str) -> str:
        """Header of `column` as the user wrote it."""

    def row(self, at: int) -> int:
        """Row in the file of the row at position `at`."""


class RefusedError(Exception):
    """Why a cell has no value, or a file is no table, without a guess.

    Attributes
    ----------
    code, problem, cure, row, value
        As those of a finding.
    """

    def __init__(
        self, code: str, problem: str, cure: str | Cure, *, row: int | None = None, value: str = ""
    ) -> None:
        super().__init__(problem)
        self.code, self.problem, self.cure, self.row, self.value = code, problem, cure, row, value


class Findings:
    """What is found while a case is read and checked.

    Attributes
    ----------
    limit
        How many rows of one kind in one column are named before the rest is only counted.
    layouts
        Table → where it stands; all findings on it say so.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.layouts: dict[str, Layout] = {}
        self._kept: list[tuple[Finding, float]] = []

    def take(self, findings: Sequence[Finding]) -> None:
        """Add findings made elsewhere."""
        self._kept += [(finding, finding.row or 0) for finding in findings]

    def error(
        self, code: str, table: str, problem: str, cure: str | Cure = "", **where: Unpack[Where]
    ) -> None:
        """Add an error."""
        self._add(Severity.ERROR, code, table, problem, cure, **where)

    def warning(self, code: str, table: str, problem: str, cure: str = "", **where: Unpack[Where]) -> None:
        """Add a warning."""
        self._add(Severity.WARNING, code, table, problem, cure, **where)

    def note(self, code: str, table: str, problem: str, **where: Unpack[Where]) -> None:
        """Add a note."""
        self._add(Severity.NOTE, code, table, problem, "", **where)

    def refused(self, name: str, why: RefusedError) -> None:
        """Add why the table or file `name` cannot be read."""
        self.error(why.code, name, why.problem, why.cure, row=why.row, value=why.value)

    def rows(
        self,
        severity: Severity,
        code: str,
        place: Place,
        column: str,
        at: npt.NDArray[np.integer[Any]],
        say: Saying,
    ) -> None:
        """Add a finding for each of the first rows at positions `at`, and the number of the rest.

        `column` is the canonical name, or empty for the whole row.
        """
        if not len(at):
            return
        header = place.header(column) if column else ""
        for position in at[: self.limit].tolist():
            value, problem, cure = say(position) if callable(say) else say
            if isinstance(value, np.ndarray):
                value = shown(value[position])
            where: Where = {"row": place.row(position), "column": header, "value": value}
            if isinstance(cure, Cure) and not isinstance(cure.instead, str):
                where["instead"] = tuple(
                    (visible(place.header(name)) if name else "", text) for name, text in cure.instead.items()
                )
            self._add(severity, code, place.name, problem, cure, **where)
        if len(at) > self.limit:
            more = tr("{count} more rows have a problem of this kind", count=len(at) - self.limit)
            finding = Finding(severity, code, place.name, more, tr("cure them likewise"), column=header)
            self._kept.append((finding, math.inf))

    def sorted(self) -> tuple[Finding, ...]:
        """Return all: errors, warnings, notes; each in table and row order."""
        severities = list(Severity)
        tables = {name: k for k, name in enumerate(TABLES)}

        def key(kept: tuple[Finding, float]) -> tuple[int, int, float]:
            finding, row = kept
            return severities.index(finding.severity), tables.get(finding.table, -1), row

        return tuple(self._told(finding) for finding, _ in sorted(self._kept, key=key))

    def _told(self, finding: Finding) -> Finding:
        layout = self.layouts.get(finding.table)
        return finding if layout is None else layout.told(finding)

    def _add(
        self,
        severity: Severity,
        code: str,
        table: str,
        problem: str,
        cure: str | Cure,
        **where: Unpack[Where],
    ) -> None:
        row, value = where.get("row"), shortened(visible(str(where.get("value", ""))[:CUT]))
        column, instead = where.get("column", ""), where.get("instead", ())
        if isinstance(cure, Cure):
            instead = ((visible(column), cure.instead),) if isinstance(cure.instead, str) else instead
            cure = cure.words
        said = visible(table), visible(problem), visible(cure)
        finding = Finding(severity, code, *said, row, visible(column), value, instead=instead)
        self._kept.append((finding, row or 0))


def visible(text: str) -> str:
    """Return `text` with signs for control characters, and code points for others that nobody sees."""
    return text if text.isprintable() else _UNSHOWN.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == 0x7F:
        return "\u2421"
    return chr(0x2400 + code) if code < ord(" ") else f"‹U+{code:04X}›"


def shown(value: object) -> str:
    """Return a cell as findings show it: days as year-month-day, numbers in up to 15 digits."""
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    return f"{value:.15g}" if isinstance(value, float) else str(value)


# --- the name that was meant -------------------------------------------------------------


def near_table(name: str, otherwise: str | None = None) -> str:
    """Return a cure for a table that is called `name`: the table meant, or else the list of all."""
    names = {n.casefold(): t.called for t in TABLES.values() for n in (t.name, t.zh, *t.aliases)}
    near = difflib.get_close_matches(name.casefold(), list(names), n=1, cutoff=0.6)
    if near:
        return tr("did you mean {names}?", names=names[near[0]])
    listed = tr(", ").join(table.called for table in TABLES.values())
    return tr("tables are called {listed}", listed=listed) if otherwise is None else otherwise


def alike(name: str) -> str:
    """Return `name` without what the eye skips over: case, width, spaces, dashes."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if c.isalnum())


def near_name(name: str, known: Iterable[str]) -> str:
    """Return the name among `known` that was probably meant, or ``""``."""
    names = list(known)
    if len(names) > 20_000:
        return ""
    names.sort()  # a set comes in another order on every run
    wanted = alike(name)
    same = [other for other in names if alike(other) == wanted]
    if same:
        return same[0]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.75) if len(names) <= 2_000 else []
    return near[0] if near else ""


def near_or(name: str, known: Iterable[str], cure: str) -> str:
    """Return as a cure the name among `known` that was probably meant; `cure` if there is none."""
    near = near_name(name, known)
    return tr("did you mean «{near}»?", near=visible(near)) if near else cure


def near_hint(name: str, known: Iterable[str]) -> str:
    """Return the name among `known` that was probably meant, as the begin of a cure; or ``""``."""
    near = near_name(name, known)
    return tr("did you mean «{near}»? ", near=visible(near)) if near else ""
