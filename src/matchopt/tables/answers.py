"""Rows that hold several items: a column for each item, as exports have it; several answers in one cell."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matchopt.language import tr
from matchopt.tables.cells import STRIP, Coded
from matchopt.tables.findings import LIMIT, Findings
from matchopt.tables.header_names import is_tag
from matchopt.tables.raw import Cells, RawTable, as_texts, texts

FEWEST = 2
"""Columns of amounts that have to stand in a list for them to be its items."""

_AMOUNT = re.compile(r"[0-9][0-9,，]*(?:\.[0-9]+)?")
_CHOSEN = frozenset({"1", "true", "yes", "y", "是", "√", "✓", "x"})
_NOT_CHOSEN = frozenset({"0", "false", "no", "n", "否", "", "-"})
_ALWAYS = "┋"
"""What separates the answers of a cell in exports of forms, and stands nowhere else."""
_WHERE_KNOWN = re.compile(r"\s*[、，,;；|\n┋]\s*")
"""What separates them where all parts are answers; else it is part of a name."""
_QUANTITY_OF = re.compile(
    r"^(?:qty|quantity|number|amount|count|how many|数量)[\s_:：-]*(?:of[\s_]+)?|"
    r"[\s_（(:：-]*(?:qty|quantity|数量)[)）]?$",
    re.IGNORECASE,
)

Rows = npt.NDArray[np.intp]


def one_row_each(raw: RawTable, found: Findings) -> RawTable:
    """Return needs or donations with one item a row."""
    if not raw.table.required or not len(raw.rows):
        return raw
    return _from_answers(_from_columns(raw, found), found)


# --- a column for each item ----------------------------------------------------------------


def _from_columns(raw: RawTable, found: Findings) -> RawTable:
    """Make rows of columns that are headed by items and hold amounts, or say which were chosen."""
    if "quantity" in raw.places:
        return raw
    chosen = _chosen(raw)
    columns = chosen or ([] if "item" in raw.places else _amounts(raw))
    if len(columns) < FEWEST:
        return raw
    held = [(k, _rows_held(raw.columns[k])) for k in columns]
    at = np.concatenate([rows for _, rows in held])
    order = np.lexsort((np.repeat(range(len(held)), [len(rows) for _, rows in held]), at))
    items = [_item_name(raw.headers[k]) for k, rows in held for _ in rows]
    amounts = ["1" if chosen else text for k, rows in held for text in as_texts(raw.columns[k]).rows[rows]]
    listed = ", ".join(_item_name(raw.headers[k]) for k in columns[:LIMIT])
    if chosen:
        told = tr("each item that was chosen is a row of its own, of quantity 1: {listed}", listed=listed)
    else:
        told = tr(
            "has a column for each item; each amount in them is a row of its own: {listed}", listed=listed
        )
    found.note("items_in_columns", raw.name, told)
    more = repeated(
        raw, at[order], dropped=columns + ([raw.places["item"]] if chosen and "item" in raw.places else [])
    )
    return _with(more, {"item": [items[k] for k in order], "quantity": [amounts[k] for k in order]})


def _item_name(header: str) -> str:
    name = re.split(r"[/.](?=[^/.]+$)", header.strip(STRIP))[-1] if "/" in header else header.strip(STRIP)
    return _QUANTITY_OF.sub("", name).replace("_", " ").strip(STRIP) or header


def _amounts(raw: RawTable) -> list[int]:
    """Return the columns that nobody knows and that hold numbers alone."""
    found = []
    for k, (header, cells) in enumerate(zip(raw.headers, raw.columns, strict=True)):
        if not header.strip(STRIP) or is_tag(header) or k in raw.known or k in raw.places.values():
            continue
        held = [text.strip(STRIP) for text in as_texts(cells).texts if text.strip(STRIP)]
        if held and all(map(_AMOUNT.fullmatch, held)):
            found.append(k)
    return found


def _chosen(raw: RawTable) -> list[int]:
    """Return the columns that say, option by option, what was answered under one header, as «items/rice»."""
    groups: dict[str, list[int]] = {}
    for k, (header, cells) in enumerate(zip(raw.headers, raw.columns, strict=True)):
        question, sign, option = header.strip(STRIP).rpartition("/")
        if not sign or not option or k in raw.places.values():
            continue
        held = {text.strip(STRIP).casefold() for text in as_texts(cells).texts}
        if held <= _CHOSEN | _NOT_CHOSEN:
            groups.setdefault(question, []).append(k)
    if "item" in raw.places:
        return groups.get(raw.headers[raw.places["item"]].strip(STRIP), [])
    return max(groups.values(), key=len) if len(groups) == 1 else []


def _rows_held(cells: Cells) -> Rows:
    """Return the rows whose cell holds an amount, or was chosen."""
    column = as_texts(cells)
    held = np.array([text.strip(STRIP).casefold() not in _NOT_CHOSEN for text in column.texts], dtype=bool)
    held &= np.array(
        [re.fullmatch(r"0+(?:\.0*)?", text.strip(STRIP)) is None for text in column.texts], dtype=bool
    )
    return np.flatnonzero(held[column.code])


# --- several answers in a cell -------------------------------------------------------------


def _from_answers(raw: RawTable, found: Findings) -> RawTable:
    """Make rows of cells that hold several items, with one amount each."""
    k = raw.places.get("item")
    if k is None or not isinstance(raw.columns[k], Coded):
        return raw
    cells = as_texts(raw.columns[k])
    answers = _answers([text.strip(STRIP) for text in cells.texts], alone="quantity" in raw.places)
    parts = [_parts(text.strip(STRIP), answers) for text in cells.texts]
    if all(len(of) < FEWEST for of in parts):
        return raw
    count = np.array([len(of) for of in parts])[cells.code]
    at = np.repeat(np.arange(len(raw.rows)), count)
    items = [part for code in cells.code for part in parts[code]]
    made: dict[str, list[str]] = {"item": items}
    if "quantity" in raw.places:
        amounts = as_texts(raw.columns[raw.places["quantity"]]).rows
        made["quantity"] = [
            text for row, n in enumerate(count) for text in _amounts_of(str(amounts[row]), int(n))
        ]
    else:
        made["quantity"] = ["1"] * len(items)
    rows = [raw.row(row) for row in np.flatnonzero(count > 1)[:LIMIT].tolist()]
    listed = ", ".join(map(str, rows))
    if "quantity" in raw.places:
        told = tr("several items in one cell are a row each: rows {listed}", listed=listed)
    else:
        told = tr("several items in one cell are a row each, of quantity 1: rows {listed}", listed=listed)
    found.note("several_answers", raw.name, told, row=rows[0], column=raw.headers[k])
    return _with(repeated(raw, at), made)


def _answers(cells: list[str], *, alone: bool) -> set[str]:
    """Return what is an answer: what stands alone in a cell, or, unless that is asked for, in two of them."""
    parts = Counter(part for text in cells for part in set(_WHERE_KNOWN.split(text)))
    return {part for part, times in parts.items() if part in cells or (times > 1 and not alone)}


def _parts(text: str, answers: set[str]) -> list[str]:
    """Return the answers in a cell; a comma parts nothing but answers."""
    if _ALWAYS in text:
        return [part.strip(STRIP) for part in text.split(_ALWAYS) if part.strip(STRIP)]
    listed = [part for part in _WHERE_KNOWN.split(text) if part]
    return listed if len(listed) > 1 and answers.issuperset(listed) else [text]


def _amounts_of(text: str, count: int) -> list[str]:
    """Return an amount for each of several items; of one amount nobody knows whose it is."""
    parts = [part for part in re.split(r"\s*[┋|;；、\n]\s*", text.strip(STRIP)) if part]
    return parts if len(parts) == count else [text] if count == 1 else ["?"] * count


# --- rows again ------------------------------------------------------------------------------


def repeated(raw: RawTable, at: Rows, dropped: list[int] | None = None) -> RawTable:
    """Return the rows at some positions, ids told apart where a row stands several times."""
    columns = [cells.kept(at) if isinstance(cells, Coded) else cells[at] for cells in raw.columns]
    (key,) = raw.table.key
    if key in raw.places:
        k = raw.places[key]
        ids = as_texts(raw.columns[k]).rows[at]
        _, first, times = np.unique(at, return_index=True, return_counts=True)
        number = np.arange(len(at)) - np.repeat(first, times)
        many = np.repeat(times > 1, times)
        columns[k] = texts(
            [f"{id_}-{n + 1}" if m and id_ else id_ for id_, n, m in zip(ids, number, many, strict=True)]
        )
    gone = set(dropped or ())
    stay = [k for k in range(len(raw.headers)) if k not in gone]
    moved = {k: new for new, k in enumerate(stay)}
    return replace(
        raw,
        headers=tuple(raw.headers[k] for k in stay),
        columns=tuple(columns[k] for k in stay),
        rows=raw.rows[at],
        places={name: moved[k] for name, k in raw.places.items() if k in moved},
        known=frozenset(moved[k] for k in raw.known if k in moved),
        told_units={moved[k]: unit for k, unit in raw.told_units.items() if k in moved},
    )


def _with(raw: RawTable, columns: dict[str, list[str]]) -> RawTable:
    """Put columns of the contract into the table, in place of those it has."""
    headers, cells, places = list(raw.headers), list(raw.columns), dict(raw.places)
    for name, of in columns.items():
        if name in places:
            cells[places[name]] = texts(of)
        else:
            places[name] = len(headers)
            headers.append(name)
            cells.append(texts(of))
    return replace(raw, headers=tuple(headers), columns=tuple(cells), places=places)
