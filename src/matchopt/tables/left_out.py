"""Rows below the header that are no data: totals, remarks at the end, headers repeated on the next page.

They are left out before a cell is read, so that neither a formula in them nor a sum that does not add up is a
finding; a note lists them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Bools, Floats
from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.tables.cells import STRIP, Coded
from matchopt.tables.findings import LIMIT, Findings, Where, visible
from matchopt.tables.header_names import plain
from matchopt.tables.raw import Cells, RawTable, is_blank

_TOTAL = re.compile(
    r"(?:合计|总计|小计|共计|累计|总数|总和|总合计|本?页(?:合计|小计)|.{1,12}(?:小计|合计|[- ]subtotal)|"
    r"(?:grand|sub|page|running|overall)?[- ]?totals?|sums?|totals?[- ](?:items?|qty|quantity|units?))"
    r"[:：]?(?:[\d,.]+\D{0,3})?"
)
"""A whole cell that says of its row that it is a total."""
_REMARK = re.compile(
    r"(?:备?注|(?:填表)?说明|填表人|填报(?:人|单位|日期)|审核人|审批人|制表人?|经办人|负责人|联系人|(?:单位)?盖章|"
    r"notes?|remarks?|comments?|source|(?:prepared|checked|approved) by|signature|printed|updated|as of|ps)"
    r"\s*(?:[:：]|\d|[(（]).*|[*※]+\s*\D.*",
    re.DOTALL,
)
"""What the first filled cell of a remark begins with."""
_MAYBE = ("计", "总", "累", "total", "sum")
"""What stands somewhere in a column where one of its cells may tell a total."""

LONGEST_WORD = 24
"""Characters of a cell that may be the word for a total."""
FEWEST_AGAIN = 2
"""Headers that have to stand in a row for it to be a header again."""

NAMES = ("community", "item", "donor", "hub", "organization", "from_place", "name")
"""Columns whose cell may hold the word that tells a total."""


def without_totals(raw: RawTable, found: Findings) -> RawTable:
    """Return the table without the rows that are no data, and tell which these are."""
    if not len(raw.rows) and not raw.left_out:
        return raw
    out = _totals(raw) | _remarks(raw) | _headers_again(raw)
    listed = [*raw.left_out, *((raw.row(k), _first(raw, k)) for k in np.flatnonzero(out).tolist())]
    listed.sort()
    if listed:
        _tell(raw, listed, found)
    if not out.any():
        return raw
    keep = ~out
    columns = tuple(cells.kept(keep) if isinstance(cells, Coded) else cells[keep] for cells in raw.columns)
    return replace(raw, columns=columns, rows=raw.rows[keep], left_out=tuple(listed))


def is_no_data(text: str) -> bool:
    """Return whether the first filled cell of a row says that the row is a total or a remark."""
    return _is_total(text) or _REMARK.match(plain(text.strip(STRIP))) is not None


def _tell(raw: RawTable, listed: list[tuple[int, str]], found: Findings) -> None:
    rows = ", ".join(
        tr("row {row} («{text}»)", row=row, text=shortened(visible(text), 40)) for row, text in listed[:LIMIT]
    )
    if len(listed) > LIMIT:
        rows = tr("{names} and {count} more", names=rows, count=len(listed) - LIMIT)
    told = tr("left out below the header, for they are no data: {listed}", listed=rows)
    found.note("left_out", raw.name, told, row=listed[0][0])


def _totals(raw: RawTable) -> Bools:
    """Return the rows of which the id, the name or the first filled cell is the word for a total.

    Where an item and a community stand in the row besides, it is real, whatever its id is.
    """
    out = np.zeros(len(raw.rows), dtype=bool)
    says = {k: total for k, cells in enumerate(raw.columns) if (total := _saying_total(cells)) is not None}
    if not says:
        return out
    first = _first_filled(raw)
    names = {raw.places[name] for name in (*raw.table.key, *NAMES) if name in raw.places}
    for k, total in says.items():
        out |= total if k in names else total & (first == k)
    real = np.ones(len(raw.rows), dtype=bool)
    for name in ("item", "community" if "community" in raw.places else "donor"):
        if name not in raw.places:
            return out
        k = raw.places[name]
        real &= ~is_blank(raw.columns[k]) & ~says.get(k, np.zeros_like(real))
    return out & ~real


def _remarks(raw: RawTable) -> Bools:
    """Return the rows at the end that begin like a remark and hold no quantity, or are one long text."""
    out = np.zeros(len(raw.rows), dtype=bool)
    asked = [raw.columns[raw.places[name]] for name in ("quantity", "item") if name in raw.places]
    for k in range(len(raw.rows) - 1, max(-1, len(raw.rows) - 1 - LIMIT), -1):
        held = [text for text in (_text(cells, k) for cells in raw.columns) if text]
        if held and _is_total(held[0]):
            continue
        alone = len(set(held)) == 1 and len(raw.columns) > 2
        short = any(not _text(cells, k) or len(set(held)) == 1 for cells in asked)
        if (held and _REMARK.match(plain(held[0])) and (alone or short)) or (
            held and alone and len(held[0]) > LIMIT and asked
        ):
            out[k] = True
        elif held:
            break
    return out


def _headers_again(raw: RawTable) -> Bools:
    """Return the rows that repeat the header: more than half of their cells are the headers above them."""
    same = np.zeros(len(raw.rows), dtype=np.int32)
    for header, cells in zip(raw.headers, raw.columns, strict=True):
        bare = header.strip(STRIP)
        if isinstance(cells, Coded) and bare:
            at = np.flatnonzero(cells.texts == header)
            same += np.isin(cells.code, at) if len(at) else 0
    if same.max(initial=0) < FEWEST_AGAIN:
        return np.zeros(len(raw.rows), dtype=bool)
    filled = np.sum([~is_blank(cells) for cells in raw.columns], axis=0)
    return np.asarray((same >= FEWEST_AGAIN) & (2 * same > filled))


def _saying_total(cells: Cells) -> Bools | None:
    """Return the rows whose cell is the word for a total; None if there is none."""
    if not isinstance(cells, Coded):
        return None
    texts = cells.texts
    if not _may_say("\0".join(texts)):
        return None
    short = (k for k, text in enumerate(texts) if len(text) < LONGEST_WORD and _may_say(text))
    at = [k for k in short if _is_total(texts[k])]
    return np.isin(cells.code, at) if at else None


def _may_say(text: str) -> bool:
    lower = text.lower()
    return any(part in lower for part in _MAYBE)


def _is_total(text: str) -> bool:
    bare = plain(text.strip(STRIP))
    return _TOTAL.fullmatch(bare) is not None or _TOTAL.fullmatch(bare.replace(" ", "")) is not None


def _first_filled(raw: RawTable) -> npt.NDArray[Any]:
    """Return the position of the first filled cell of each row."""
    first = np.full(len(raw.rows), len(raw.columns), dtype=np.int32)
    for k in range(len(raw.columns) - 1, -1, -1):
        first = np.where(is_blank(raw.columns[k]), first, k)
    return first


def _first(raw: RawTable, k: int) -> str:
    return next(filter(None, (_text(cells, k) for cells in raw.columns)), "")


def _text(cells: Cells, k: int) -> str:
    """Return what a cell shows, without spaces around it."""
    if isinstance(cells, Coded):
        return str(cells.texts[cells.code[k]]).strip(STRIP)
    return "" if is_blank(cells[k : k + 1])[0] else str(cells[k])


def warn_of_sum(raw: RawTable, quantity: Floats, units: npt.NDArray[Any] | None, found: Findings) -> None:
    """Warn where the last quantity is the sum of all above it: a total that no word tells."""
    if len(quantity) < 4 or (units is not None and len(set(units.tolist())) > 1):
        return
    last, above = quantity[-1], float(np.sum(quantity[:-1]))
    if np.isfinite(above) and last == above and above > 0:
        problem = tr("is the sum of all rows above: is it a total?")
        cure = tr("write «total» into its first cell, or leave the row out")
        row = raw.row(len(quantity) - 1)
        where: Where = {"row": row, "column": raw.header("quantity"), "value": f"{last:g}"}
        found.warning("may_be_total", raw.name, problem, cure, **where)
