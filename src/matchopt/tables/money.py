"""Items that are money by their name: 捐款, cash; what is asked for of them, other money serves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from matchopt.contract.frames import empty_column
from matchopt.contract.schema import TABLES
from matchopt.language import tr
from matchopt.tables.findings import Findings
from matchopt.tables.header_names import plain
from matchopt.tables.typed import Checked

MONEY_STEP = 0.01
"""Step of money where none is given."""

_MONEY = re.compile(
    r"(?:.*(?:捐款|善款|助学金|慰问金|救助金|救济金|补助金|资助金|奖学金)|现金|资金|捐资|款项|爱心款)(?:[(].*[)])?|"
    r"(?:cash|money|funds?|donated money)(?: (?:donations?|grants?|aid|assistance))?|"
    r"(?:monetary|financial|cash) (?:donations?|support|aid|assistance)|"
    r"donations? (?:in|of) (?:cash|money)"
)


def is_money(item: str) -> bool:
    """Return whether an item is money by its name."""
    return _MONEY.fullmatch(plain(item)) is not None


def money_items(tables: Mapping[str, Checked], found: Findings) -> list[str]:
    """Return the items that are money by their name, and not said to be anything else."""
    items = tables.get("items")
    said = set() if items is None else set(items.array("item")[~items.blank["kind"]])
    money: list[str] = []
    for table in (tables[name] for name in ("needs", "donations") if name in tables):
        names = [name for name in table.coded("item")[1].tolist() if name not in said and is_money(name)]
        if names:
            listed = ", ".join(f"«{name}»" for name in names)
            told = tr(
                "{listed}: read as money, of kind funds; the table items may say otherwise", listed=listed
            )
            found.note("money", table.name, told, column=table.header("item"))
        money += [name for name in names if name not in money]
    return money


def money_substitutes(
    tables: Mapping[str, Checked], money: Sequence[str], found: Findings
) -> dict[str, Checked]:
    """Return the substitutions by which donated money serves money that is asked for by another name."""
    if not money or "needs" not in tables or "donations" not in tables:
        return {}
    asked, given = (set(tables[name].coded("item")[1]) for name in ("needs", "donations"))
    units = tables["items"].by("item", "unit")
    before = tables.get("substitutions")
    there = set()
    if before is not None:
        there = set(zip(before.array("need_item"), before.array("donated_item"), strict=True))
    pairs = [
        (need, other)
        for need in money
        for other in money
        if need != other and need in asked and other in given and units.get(need) == units.get(other)
    ]
    pairs = [pair for pair in pairs if pair not in there]
    if not pairs:
        return {}
    listed = ", ".join(f"«{need}» ← «{other}»" for need, other in pairs)
    found.note(
        "money",
        "needs",
        tr("money that is asked for is served by money that is given: {listed}", listed=listed),
    )
    table = TABLES["substitutions"]
    columns = {}
    for column in table.columns:
        cells = empty_column(column, len(pairs))
        if column.default is not None:
            cells[:] = column.default
        columns[column.name] = cells
    columns["ratio"][:] = 1.0
    columns["need_item"][:], columns["donated_item"][:] = zip(*pairs, strict=True)
    none, rows = np.zeros(len(pairs), dtype=bool), np.zeros(len(pairs), dtype=np.int64)
    wrong = dict.fromkeys(columns, none)
    extras = pd.DataFrame(index=pd.RangeIndex(len(pairs)))
    added = Checked(table, columns, extras, {}, rows, wrong, True, {})
    return {"substitutions": added if before is None else _joined(before, added)}


def _joined(one: Checked, other: Checked) -> Checked:
    return replace(
        one,
        columns={name: np.concatenate([cells, other.columns[name]]) for name, cells in one.columns.items()},
        extras=pd.concat([one.extras, other.extras], ignore_index=True).fillna(""),
        rows=np.concatenate([one.rows, other.rows]),
        wrong={name: np.concatenate([mask, other.wrong[name]]) for name, mask in one.wrong.items()},
        codes={},
    )
