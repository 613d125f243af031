"""Names of places, items and groups that only look different: they are one, unless a table lists both."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from matchopt.contract.fields import Kind
from matchopt.language import tr
from matchopt.tables.findings import INVISIBLE, LIMIT, Findings
from matchopt.tables.header_names import simplified
from matchopt.tables.typed import Checked

_LIKE_LATIN = str.maketrans(
    "АВЕКМНОРСТУХаеорсухіјЅѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο’‘ʼ“”", "ABEKMHOPCTYXaeopcyxijSsABEZHIKMNOPTYXo'''\"\""
)
"""Letters and marks that look like those of ASCII."""
_LIKE_LATIN_SMALL = _LIKE_LATIN | str.maketrans("вкмнт", "bkmht")
_GAP = r"[\s\-\u2010-\u2015\u2212\ufe58\ufe63]+"
_BETWEEN_DIGITS = re.compile(rf"(?<=[0-9]){_GAP}(?=[0-9])")
_OTHER_GAPS = re.compile(rf"(?<![0-9]){_GAP}|{_GAP}(?![0-9])")


def seen(name: str) -> str:
    """Return what the eye sees of `name`: composed, of plain width, without what is invisible."""
    if name.isascii():
        return " ".join(name.split())
    return " ".join(_composed(name).translate(_LIKE_LATIN).split())


def _composed(name: str) -> str:
    bare = INVISIBLE.sub("", name)
    # Numbers that are no decimal digits keep their form: 5² is not 52.
    plain = (c if unicodedata.category(c) == "No" else unicodedata.normalize("NFKC", c) for c in bare)
    return unicodedata.normalize("NFC", "".join(plain))


def alike(name: str) -> str:
    """Return what two spellings of one name have in common.

    Case, width, composition, traditional forms, spaces and hyphens do not tell names apart; between digits a
    space or hyphen does, for 1-2 is not 12.
    """
    plain = name.casefold()
    if not name.isascii():
        plain = simplified(_composed(name).casefold().translate(_LIKE_LATIN_SMALL))
    return _OTHER_GAPS.sub("", _BETWEEN_DIGITS.sub("-", plain.strip()))


@dataclass(frozen=True, slots=True)
class NameColumns:
    """Columns that name the same kind of things.

    Attributes
    ----------
    listed
        The columns of the tables that list such things.
    used
        Those that name them elsewhere, first the ones whose spelling counts.
    fold
        Spellings for which it returns the same are one name.
    """

    listed: tuple[str, ...]
    used: tuple[str, ...]
    fold: Callable[[str], str] = alike


NAMES = (
    NameColumns(
        ("communities.community", "hubs.hub"),
        (
            *(
                "needs.community",
                "donations.community",
                "donations.origin",
                "lanes.from_place",
                "lanes.to_place",
            ),
            *("donations.only_communities", "exclusions.community", "commitments.hub"),
        ),
    ),
    NameColumns(
        ("items.item",),
        (
            *("needs.item", "donations.item", "exclusions.item"),
            *("substitutions.need_item", "substitutions.donated_item", "packs.item"),
        ),
    ),
    NameColumns((), ("needs.group", "donations.only_groups", "affinities.group", "exclusions.group")),
    NameColumns(
        ("organizations.organization",),
        (
            *("communities.organization", "hubs.organization"),
            *("agreements.from_organization", "agreements.to_organization"),
        ),
    ),
    NameColumns((), ("communities.district",)),
    NameColumns((), ("items.category",)),
    NameColumns((), ("donations.donor", "affinities.donor"), seen),
    NameColumns(("donations.donation_id",), ("affinities.donation_id", "commitments.donation_id"), seen),
    NameColumns(("needs.need_id",), ("affinities.need_id", "commitments.need_id"), seen),
)
"""Ids and donors in other case are others: of them only the spellings that look the same are one."""


LISTS: Mapping[str, tuple[str, ...]] = {
    "only_communities": ("communities.community", "needs.community"),
    "only_groups": ("needs.group",),
}
"""Columns of donations that list names, and where these stand."""

_SEPARATOR = re.compile("[、，,/|]")


def one_name_each(checked: Mapping[str, Checked], found: Findings) -> dict[str, Checked]:
    """Return the tables with one spelling of each name, and note which were read as which."""
    tables = dict(checked)
    if "donations" in tables:
        for header, listed in LISTS.items():
            tables["donations"] = _separated(tables["donations"], header, listed, tables, found)
    for names in NAMES:
        uses = [column for column in names.used if column.partition(".")[0] in tables]
        instead = _instead(names, [*names.listed, *uses], tables) if uses else {}
        if instead:
            for column in uses:
                name, _, header = column.partition(".")
                tables[name] = _spelled(tables[name], header, instead)
            _tell(instead, uses, checked, found)
    return tables


def _separated(
    table: Checked, header: str, listed: Iterable[str], tables: Mapping[str, Checked], found: Findings
) -> Checked:
    """Return the table with lists that are separated by 、 or a comma, where all parts are known names."""
    code, distinct = table.coded(header)
    if not any(map(_SEPARATOR.search, distinct)):
        return table
    known = {alike(name) for column in listed for name in _distinct(tables, column)}
    right = distinct.copy()
    for k, text in enumerate(distinct):
        parts = [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
        if len(parts) > 1 and alike(text) not in known and all(alike(part) in known for part in parts):
            right[k] = ";".join(dict.fromkeys(parts))
    changed = np.flatnonzero(right != distinct)
    if not len(changed):
        return table
    first = {"before": distinct[changed[0]], "after": right[changed[0]]}
    told = tr("lists of known names are read as such («{before}» is read as {after})", **first)
    found.note("converted", table.name, told, column=table.header(header))
    again, names = pd.factorize(right)
    code = again[code]
    columns = {**table.columns, header: names[code]}
    return replace(table, columns=columns, codes={**table.codes, header: (code, names)})


def _instead(names: NameColumns, columns: Iterable[str], tables: Mapping[str, Checked]) -> dict[str, str]:
    """Return each spelling that another one stands for, and that."""
    spellings: dict[str, dict[str, bool]] = {}
    for column in columns:
        distinct = list(_distinct(tables, column))
        for text, fold in zip(distinct, _folded(distinct, names.fold), strict=True):
            of_name = spellings.setdefault(fold, {})
            of_name[text] = of_name.get(text, False) or column in names.listed
    instead: dict[str, str] = {}
    for fold, of_name in spellings.items():
        listed = [text for text, is_listed in of_name.items() if is_listed]
        if fold and len(of_name) > 1 and len(listed) < 2:
            right = listed[0] if listed else min(of_name, key=lambda text: seen(text) != text)
            instead |= {text: right for text in of_name if text != right}
    return instead


def _folded(distinct: list[str], fold: Callable[[str], str]) -> Iterable[str]:
    """Return what `fold` makes of each name; of those in ASCII, which are many, in one go."""
    joined = "\0".join(distinct)
    if joined.isascii() and joined.count("\0") == len(distinct) - 1:
        return fold(joined).split("\0")
    return map(fold, distinct)


def _distinct(tables: Mapping[str, Checked], column: str) -> Iterator[str]:
    """Yield the distinct names in a column such as ``needs.item``, none of a table that is not given."""
    name, _, header = column.partition(".")
    if name in tables:
        many = tables[name].table.column(header).kind is Kind.LIST
        for text in tables[name].coded(header)[1].tolist():
            yield from filter(None, text.split(";") if many else [text])


def _spelled(table: Checked, header: str, instead: Mapping[str, str]) -> Checked:
    """Return the table with names of one column as they are spelled right."""
    code, distinct = table.coded(header)
    parts = (text.split(";") for text in distinct)
    right = np.empty(len(distinct), dtype=object)
    right[:] = [";".join(dict.fromkeys(instead.get(part, part) for part in of)) for of in parts]
    if (right == distinct).all():
        return table
    again, distinct = pd.factorize(right)
    code = again[code]
    columns = {**table.columns, header: distinct[code]}
    return replace(table, columns=columns, codes={**table.codes, header: (code, distinct)})


def _tell(
    instead: Mapping[str, str], columns: Iterable[str], checked: Mapping[str, Checked], found: Findings
) -> None:
    """Note which spellings are read as which, at the first of them."""
    of_right: dict[str, list[str]] = {}
    for text, right in instead.items():
        of_right.setdefault(right, []).append(text)
    told = []
    for right, others in list(of_right.items())[:LIMIT]:
        shown = tr(", ").join(tr("«{value}»", value=told_apart(other, right)) for other in others[:LIMIT])
        told.append(tr("{others} as «{name}»", others=shown, name=told_apart(right, others[0])))
    listed = "; ".join(told)
    if len(of_right) > LIMIT:
        listed = tr("{listed}; and {count} more", listed=listed, count=len(of_right) - LIMIT)
    problem = tr("names that only look different are read as one: {listed}", listed=listed)
    name, header, row = next(_places(instead, columns, checked))
    found.note("one_name", name, problem, row=row, column=header)


def _places(
    instead: Mapping[str, str], columns: Iterable[str], checked: Mapping[str, Checked]
) -> Iterator[tuple[str, str, int]]:
    """Yield table, header and row of each column's first spelling that is read as another."""
    for column in columns:
        name, _, header = column.partition(".")
        table = checked[name]
        code, distinct = table.coded(header)
        changed = [k for k, text in enumerate(distinct) if not instead.keys().isdisjoint(text.split(";"))]
        if changed:
            yield name, table.header(header), table.row(int(np.flatnonzero(np.isin(code, changed))[0]))


def told_apart(name: str, other: str) -> str:
    """Return `name` with the code points of what tells it from a name that looks the same."""
    if seen(name) != seen(other):
        return name
    odd = set(name) - set(other)
    shown = (("" if INVISIBLE.match(c) else c) + f"‹U+{ord(c):04X}›" if c in odd else c for c in name)
    return "".join(shown)
