"""Headers that stand in no list, read by their words: 捐赠物资明细 is 捐赠 + 物资 + 明细, an item.

``header_words.csv`` sorts words into classes, ``header_rules.csv`` says which classes make a column: those of
``must`` (one of several sets), and none but those of ``may`` besides. A header with any other word in it is
not read.
"""

from __future__ import annotations

import csv
import io
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from matchopt.tables.header_names import is_tag, plain, split_unit

LONGEST = 60
"""Characters of a header that is looked at."""

NEUTRAL = frozenset({"FOR"})
"""Classes of words that change nothing: of, the, 的, 及."""
LONGEST_WORD = 20
"""Characters of a word or phrase."""
COUNTS_OR_NAMES = frozenset({"#", "no", "nr", "number"})
"""Words that count what follows them, and name what they follow."""

_SIGNS = re.compile(r"[-_/.,:;()（）*?&、，：？|]+")

MONEY = frozenset({"元", "万元", "千元", "亿元", "美元", "cny", "rmb", "usd", "eur", "yuan", "$", "¥", "€"})
"""Units of what is worth, and no quantity."""


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """Classes of words that make a column."""

    column: str
    must: frozenset[str]
    may: frozenset[str]


def column_by_words(table: str, header: str) -> str:
    """Return the column that the words of a header make in a table; ``""`` for none or several."""
    bare, unit = split_unit(header)
    if is_tag(header) or plain(bare) in COUNTS_OR_NAMES or (unit or "").casefold() in MONEY:
        return ""
    text = " ".join(_SIGNS.sub(" ", plain(bare).replace("'", "").replace("(s)", "")).split())
    if not text or len(text) > LONGEST:
        return ""
    found: set[str] = set()
    best = 0
    for classes in _readings(text):
        for rule in _rules(table):
            if rule.must <= classes <= rule.must | rule.may | NEUTRAL and len(rule.must) >= best:
                found = {rule.column} if len(rule.must) > best else found | {rule.column}
                best = len(rule.must)
    return found.pop() if len(found) == 1 else ""


def _rows(name: str) -> list[dict[str, str]]:
    text = (pkgutil.get_data("matchopt.tables", name) or b"").decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@cache
def _rules(table: str) -> tuple[HeaderRule, ...]:
    return tuple(
        HeaderRule(row["column"], frozenset(must.split("+")), frozenset(row["may"].split()))
        for row in _rows("header_rules.csv")
        if table in row["table"].split()
        for must in row["must"].split("|")
    )


@cache
def _words() -> Mapping[str, frozenset[str]]:
    """Return word or phrase → the classes that it may be of."""
    words: dict[str, frozenset[str]] = {}
    for row in _rows("header_words.csv"):
        for word in (*row["words"].split(), *filter(None, row["phrases"].split("|"))):
            words[word] = words.get(word, frozenset()) | {row["class"]}
    return words


def _readings(text: str, at: int = 0) -> Iterator[frozenset[str]]:
    """Yield the classes of all ways to read a text as words, each word as one of its classes."""
    while at < len(text) and text[at] == " ":
        at += 1
    if at == len(text):
        yield frozenset()
        return
    for end in range(min(len(text), at + LONGEST_WORD), at, -1):
        if end < len(text) and text[end - 1 : end + 1].isascii() and text[end - 1 : end + 1].isalnum():
            continue  # within a word
        for of in _classes(text[at:end], first=at == 0):
            for rest in _readings(text, end):
                yield rest | {of}


def _classes(word: str, *, first: bool) -> frozenset[str]:
    """Return the classes of a word: «# needed» counts, «order #» names."""
    if word in COUNTS_OR_NAMES:
        return frozenset({"HOWMANY" if first else "ID"})
    known = _words()
    return known.get(word) or known.get(word.removesuffix("s"), frozenset())
