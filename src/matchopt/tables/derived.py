"""Columns that a list does not have and a plan needs: ids out of what rows hold, quantities out of items."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import replace

import numpy as np

from matchopt.arrays import Texts
from matchopt.language import tr, trn
from matchopt.tables.answers import one_row_each
from matchopt.tables.cells import STRIP, Coded, widened
from matchopt.tables.column_names import OPEN
from matchopt.tables.findings import Findings, RefusedError
from matchopt.tables.header_names import UNITS, plain
from matchopt.tables.raw import Cells, RawTable, as_texts, texts

DIGITS = 8
"""Hexadecimal digits of an id that is made of a row."""
FEWEST = 0.25
"""Share of the items that have to hold a quantity for it to be looked for in them."""

_MEASURES = frozenset(["斤", "公斤", "千克", "克", "毫克", "吨", "两", "升", "毫升", "公升", "小时", "分钟"])
_SIZES = frozenset(
    [
        "kg",
        "g",
        "mg",
        "t",
        "lb",
        "lbs",
        "oz",
        "l",
        "ml",
        "gal",
        "pt",
        "qt",
        "fl.oz",
        "floz",
        "km",
        "m",
        "mi",
        "h",
        "hr",
        "hrs",
        "min",
        "ton",
        "tonne",
        "pound",
        "ounce",
    ]
)
"""Of these nobody knows whether they count the item («rice 50 kg») or tell its size («milk 1 gal»)."""
_MULTIPLIED = "万千百亿"


def _pattern(units: frozenset[str]) -> re.Pattern[str]:
    words = sorted(map(re.escape, units), key=len, reverse=True)
    latin = "|".join(word for word in words if word.isascii() and word.isalpha()) or "(?!)"
    other = "|".join(word for word in words if not word.isascii())
    number = rf"(?<![0-9.])([0-9][0-9,，.]*\s*[{_MULTIPLIED}]?\s*"
    counted = rf"(?:(?:{latin})s?(?![A-Za-z])|(?:{other})))"
    return re.compile(rf"{number}{counted}(?!装|型|/|每|起|以)", re.IGNORECASE)


_COUNTED = _pattern(UNITS - _MEASURES - _SIZES - set(_MULTIPLIED))
_MEASURED = _pattern(_MEASURES)
_MONEY = re.compile(rf"([0-9][0-9,，.]*\s*[{_MULTIPLIED}])\s*$")


def completed(raw: RawTable, found: Findings) -> RawTable:
    """Return needs or donations with quantities and ids, where the list has no columns for them."""
    if not raw.table.required or not len(raw.rows):
        return raw
    raw = one_row_each(_at_the_donors(_with_fill(raw, found), found), found)
    raw = _with_quantities(raw, found)
    return _with_ids(raw, found)


def _with_fill(raw: RawTable, found: Findings) -> RawTable:
    """Put what ``columns.toml`` says of every row into columns that the list does not have."""
    for name, text in raw.said.fill.get(raw.name, {}).items():
        if name not in raw.places and text != OPEN:
            raw = _with_column(raw, name, texts([text] * len(raw.rows)))
            told = {"name": raw.table.called_column(name), "text": text, "file": raw.said.source}
            problem = tr("{name} is taken to be «{text}» in every row", **told)
            if raw.said.source:
                problem = tr("{name} is «{text}» in every row, as {file} says", **told)
            found.note("filled", raw.name, problem)
    return raw


AT_THE_DONORS = frozenset(
    {
        *(
            "donor dock",
            "donors dock",
            "donor",
            "donor site",
            "donor location",
            "with donor",
            "donor delivers",
        ),
        *(
            "厂家自送",
            "自送",
            "自行送达",
            "捐赠方自送",
            "捐赠方",
            "捐赠方处",
            "捐赠单位",
            "送货上门",
            "—",
            "-",
            "无",
        ),
    }
)
"""What stands in place of an origin where goods lie with whoever gives them."""


def _at_the_donors(raw: RawTable, found: Findings) -> RawTable:
    """Leave the origin empty where it says no more than that the goods are still with the donor."""
    k = raw.places.get("origin")
    if raw.name != "donations" or k is None or not isinstance(raw.columns[k], Coded):
        return raw
    cells = as_texts(raw.columns[k])
    at = [n for n, text in enumerate(cells.texts) if _bare(text) in AT_THE_DONORS]
    if not at:
        return raw
    listed = ", ".join(f"«{cells.texts[n].strip(STRIP)}»" for n in at)
    told = tr("{listed} is the donor's own place, whose distance nobody knows", listed=listed)
    found.note("at_the_donor", raw.name, told, column=raw.header("origin"))
    own = set(at)
    shown = ["" if code in own else cells.texts[code] for code in cells.code]
    columns = (*raw.columns[:k], texts(shown), *raw.columns[k + 1 :])
    return replace(raw, columns=columns)


def _bare(text: str) -> str:
    return plain(text.strip(STRIP)).replace("'", "").removeprefix("at ")


# --- ids -----------------------------------------------------------------------------------


def _with_ids(raw: RawTable, found: Findings) -> RawTable:
    (name,) = raw.table.key
    if name in raw.places or not {"item", "quantity"} <= raw.places.keys():
        return raw
    given = sorted(raw.places)
    rows = zip(*(_plain_rows(raw.columns[raw.places[column]]) for column in given), strict=True)
    seen: Counter[str] = Counter()
    ids = []
    for cells in rows:
        held = "\0".join(cells)
        made = f"{raw.name[0].upper()}-{hashlib.sha256(held.encode('utf-8', 'replace')).hexdigest()[:DIGITS]}"
        seen[made] += 1
        ids.append(made if seen[made] == 1 else f"{made}-{seen[made]}")
    problem = tr(
        "has no column {name}: each row has an id out of what it holds, such as {id}, and keeps it when rows"
        " are added",
        name=raw.table.called_column(name),
        id=ids[0],
    )
    found.note("numbered", raw.name, problem)
    return _with_column(raw, name, texts(ids))


def _plain_rows(cells: Cells) -> Texts:
    column = as_texts(cells)
    distinct = np.array([plain(text.strip(STRIP)) for text in column.texts], dtype=object)
    return distinct[column.code]


def _with_column(raw: RawTable, name: str, cells: Cells) -> RawTable:
    places = {**raw.places, name: len(raw.headers)}
    return replace(raw, headers=(*raw.headers, name), columns=(*raw.columns, cells), places=places)


# --- quantities ------------------------------------------------------------------------------


def quantity_in(text: str) -> tuple[str, str] | RefusedError:
    """Return the item and the quantity that a text holds, such as «口罩5万只»; or why they cannot be told.

    The quantity is the number that a counting unit follows (斤, 升 and the like, where nothing is counted);
    «24粒装» says what the item is like.
    """
    cure = tr("write the quantity into a column of its own, such as 5000; several items are several rows")
    wide = widened(text)
    matches = list(_COUNTED.finditer(wide)) or list(_MEASURED.finditer(wide)) or list(_MONEY.finditer(wide))
    if len(matches) > 1:
        return RefusedError("two_quantities", tr("holds more than one quantity"), cure)
    if not matches:
        return RefusedError("no_quantity", tr("holds no quantity"), cure)
    found = matches[0]
    item = (text[: found.start()] + text[found.end() :]).strip(STRIP)
    item = re.sub(r"[(（]\s*[)）]", "", item).strip(STRIP + "、，,;；:：-*×x共计约")
    return (item, found[1].strip()) if item else RefusedError("no_quantity", tr("holds no item"), cure)


def _with_quantities(raw: RawTable, found: Findings) -> RawTable:
    if "quantity" in raw.places or "item" not in raw.places:
        return raw
    k = raw.places["item"]
    cells = raw.columns[k]
    if not isinstance(cells, Coded):
        return raw
    parts = [quantity_in(text.strip(STRIP)) if text.strip(STRIP) else ("", "") for text in cells.texts]
    told = sum(map(_holds_one, parts))
    if not told or told < FEWEST * sum(part != ("", "") for part in parts):
        return raw
    given = zip(parts, cells.texts, strict=True)
    both = [part if isinstance(part, tuple) else (text, text) for part, text in given]
    items, amounts = zip(*both, strict=True)
    flaws = {at: part for at, part in enumerate(parts) if isinstance(part, RefusedError)}
    quantity = Coded(cells.code, np.array(amounts, dtype=object), np.ones(len(amounts), dtype=bool), flaws)
    columns = list(raw.columns)
    columns[k] = texts([items[code] for code in cells.code])
    text, part = next(of for of in zip(cells.texts, parts, strict=True) if _holds_one(of[1]))
    problem = trn(
        "has no column quantity: in {n} item it is the number that a unit follows («{text}»: {amount})",
        "has no column quantity: in {n} items it is the number that a unit follows («{text}»: {amount})",
        told,
        text=str(text).strip(STRIP)[:40],
        amount=part[1] if isinstance(part, tuple) else "",
    )
    found.note("quantity_in_item", raw.name, problem, column=raw.headers[k])
    return _with_column(replace(raw, columns=tuple(columns)), "quantity", quantity)


def _holds_one(part: tuple[str, str] | RefusedError) -> bool:
    return isinstance(part, tuple) and part[1] != ""
