"""What people write above their columns: the shipped list of it, folding of headers, units in brackets.

The list is ``names.csv`` beside this file, a row for each name and where it was seen. Its column ``column``
says what the name means: a column of the contract; with ``?`` behind it only where no other header claims
that column; with ``?`` before it nobody but the user can say. What is no column of the table is known all the
same (a remark, a price): it is kept, and not read.
"""

from __future__ import annotations

import csv
import io
import pkgutil
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from matchopt.tables.cells import STRIP


@dataclass(frozen=True, slots=True)
class KnownName:
    """What a written name means in a table.

    Attributes
    ----------
    columns
        The column, or those among which only the user can choose.
    asks
        Whether the user has to choose.
    weak
        Whether it gives way to a header that says so more clearly.
    cells
        What its cells have to hold: ``units``, ``days``, ``numbers``, ``choices``, ``flags``; or anything.
    beside
        Columns of which one at least has to stand in the table for it; empty is none.
    unit
        Unit that the name itself tells.
    """

    columns: tuple[str, ...]
    asks: bool
    weak: bool
    cells: str
    beside: frozenset[str]
    unit: str

    @property
    def column(self) -> str:
        """The column, or the first of them."""
        return self.columns[0]


EVERY_TABLE = "*"
"""What stands in the list in place of a table for what means the same in all."""

UNITS = frozenset(
    word
    for line in (pkgutil.get_data("matchopt.tables", "units.txt") or b"").decode("utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)
"""What a bracket behind a header holds where it tells the unit."""

_SAID_BESIDES = re.compile(
    r"必填|选填|必选|非必填|自动|单选题?|多选题?|填空题?|可多选|不填|可选|required|optional|mandatory|multiple|"
    r"select all that apply|check all that apply|单位|格式.*|年.?月.?日|"
    r"[0-9]+ ?[-~–至到] ?[0-9]+.*|%|[a-z]+(?:/[a-z]+)+|yyyy.*|mm/dd.*|dd/mm.*|m/d/y.*|d/m/y.*|"
    r"(?:如|例|例如|比如|e\.?g\.?|for example|such as|eg)[:： ,，.].*|(?:如|例如|比如).+|\*+"
)
"""What a bracket behind a header holds that changes nothing of what it means."""
_BRACKET = re.compile(r"[(\[【<]([^()\[\]【】<>]*)[)\]】>]")
_NUMBERED = re.compile(
    r"^\s*(?:q(?:uestion)?\s*)?[0-9]{1,3}\s*[、.:)]\s*(?=\D)|^\s*[(]?[一二三四五六七八九十]{1,3}\s*[、.)]\s*"
)
_GROUP = re.compile(r"(?:[a-z0-9]+_[a-z0-9_]*|group|grp|section)[/:-]+(?=[a-z])", re.IGNORECASE)
"""What forms put before the name of a question: the name of its group."""
_BETWEEN = re.compile(r"[\s_\-./、，,。：:;'\"“”‘’·&?!*|\\…~]+")
_TAG = re.compile(r"#[a-z][a-z0-9_]*(?:\s*\+[a-z][a-z0-9_]*)*", re.IGNORECASE)


@cache
def _simplified() -> dict[int, int]:
    data = (pkgutil.get_data("matchopt.tables", "traditional.txt") or b"").decode("utf-8")
    pairs = "".join(line for line in data.splitlines() if not line.startswith("#"))
    return dict(zip(map(ord, pairs[::2]), map(ord, pairs[1::2]), strict=True))


def simplified(text: str) -> str:
    """Return `text` with traditional Chinese forms as the simplified ones."""
    return text if text.isascii() else text.translate(_simplified())


def is_tag(header: str) -> bool:
    """Return whether a cell is an HXL hashtag, such as ``#item+name``."""
    return _TAG.fullmatch(header.strip(STRIP)) is not None


def plain(header: str) -> str:
    """Return a header of plain width and case, on one line, in simplified forms."""
    text = header if header.isascii() else unicodedata.normalize("NFKC", header)
    return " ".join(simplified(text.casefold()).split())


def key(header: str) -> str:
    """Return what two spellings of one header have in common."""
    text = plain(header)
    if is_tag(text):
        return text.replace(" ", "")
    return _BETWEEN.sub("", _BRACKET.sub(r"(\1)", _NUMBERED.sub("", text)))


def split_unit(header: str) -> tuple[str, str | None]:
    """Return a header without marks of forms and without the unit in its brackets, and that unit.

    «数量（件）» is («数量», «件»), «物资*（必填）» is («物资», None); any other bracket stays.
    """
    unit: str | None = None

    def bare(found: re.Match[str]) -> str:
        nonlocal unit
        inside = plain(found[1])
        if not inside or _SAID_BESIDES.fullmatch(inside):
            return ""
        word = inside.removeprefix("单位").lstrip(": ") or inside
        word = word.removeprefix("in ")
        if unit is None and (word in UNITS or word.rstrip("s") in UNITS):
            written = unicodedata.normalize("NFKC", found[1]).strip()
            unit = re.sub(r"^(?:单位|in)\s*[:： ]?\s*", "", written, flags=re.IGNORECASE)
            return ""
        return found[0]

    wide = header if header.isascii() else unicodedata.normalize("NFKC", header)
    text = _BRACKET.sub(bare, _GROUP.sub("", _NUMBERED.sub("", wide)))
    return text.strip(STRIP).strip("*:：").strip(STRIP), unit


@cache
def _rows() -> list[dict[str, str]]:
    text = (pkgutil.get_data("matchopt.tables", "names.csv") or b"").decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@cache
def _known(table: str) -> Mapping[str, tuple[KnownName, ...]]:
    """Return key of a name → what it means in a table; of several meanings the first that holds."""
    known: dict[str, tuple[KnownName, ...]] = {}
    for row in _rows():
        if table in row["tables"].split():
            columns = tuple(row["column"].strip("?").split())
            asks, weak = row["column"].startswith("?"), row["column"].endswith("?")
            beside = frozenset(row["beside"].split())
            name = KnownName(columns, asks, weak, row["cells"], beside, row["unit"])
            folded = key(row["written"])
            known[folded] = (*known.get(folded, ()), name)
    return known


def meanings(table: str, header: str) -> tuple[KnownName, ...]:
    """Return what a header may mean in a table by the shipped list, best first; none if it is unknown."""
    of_table, of_all = _known(table), _known(EVERY_TABLE)
    for folded in _keys(header):
        if folded in of_table or folded in of_all:
            return (*of_table.get(folded, ()), *of_all.get(folded, ()))
    return ()


def _keys(header: str) -> list[str]:
    """Return under what a header is looked up: as it stands, then without what does not change it."""
    folded = key(header)
    if is_tag(folded):
        parts = folded.split("+")
        return ["+".join(parts[:k]) for k in range(len(parts), 0, -1)]
    bare = key(split_unit(header)[0])
    return list(dict.fromkeys([folded, bare, bare.removesuffix("s")]))
