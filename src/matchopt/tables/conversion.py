"""Quantities in the own unit of their item: what is told in another unit is converted, or reported.

What was written is kept beside it, as «quantity (given)».
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Floats, Texts
from matchopt.contract.frames import NUMBERS, empty_column
from matchopt.contract.schema import TABLES
from matchopt.errors import Severity
from matchopt.language import tr
from matchopt.tables.findings import LIMIT, Findings, Said, shown
from matchopt.tables.money import MONEY_STEP, money_items, money_substitutes
from matchopt.tables.own_units import COUNTED, CircleError, OwnUnit, item_names, own_units, told_units
from matchopt.tables.typed import Checked
from matchopt.tables.units import TELLS_NOTHING, is_known_unit, unit_of
from matchopt.tables.values import times

FINE_STEP = 0.001
"""Step of an item that is weighed, where none is given."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The units of the cells of a column.

    Attributes
    ----------
    unit : (n,) object
        Unit of each cell as told, empty for none.
    size : (n,) object
        How much of the item's own unit that is.
    changed : (n,) bool
        Which cells are given in another unit than the item's own.
    """

    unit: Texts
    size: npt.NDArray[np.object_]
    changed: Bools


def in_own_units(checked: Mapping[str, Checked], found: Findings) -> dict[str, Checked]:
    """Return the tables with all quantities in the own unit of their item, and note what was converted."""
    tables = dict(checked)
    money = money_items(tables, found)
    told = any(_tells_units(table) for table in tables.values())
    if told or money:
        own = own_units(tables, found)
        for name in COUNTED:
            if name in tables:
                tables[name] = _converted(tables[name], own, found)
        tables["items"] = _completed(tables, own, money)
        if "commitments" in tables and "donations" in tables:
            given = tables["donations"].by("donation_id", "item")
            items = np.array(
                [given.get(key, "") for key in tables["commitments"].array("donation_id")], dtype=object
            )
            tables["commitments"] = _in_own(tables["commitments"], "quantity", items, own, found)
        tables["items"] = _in_own(tables["items"], "step", tables["items"].array("item"), own, found)
        tables |= money_substitutes(tables, money, found)
    if "items" in tables:
        tables["items"] = _weighed(tables["items"])
    return tables


def _tells_units(table: Checked) -> bool:
    return (
        bool(table.told)
        or table.name == "packs"
        or (table.name in COUNTED and bool(table.given("unit").any()))
    )


def _converted(table: Checked, own: Mapping[str, OwnUnit], found: Findings) -> Checked:
    """Return needs or donations in own units, with what was written kept beside them."""
    if not _tells_units(table):
        return table
    items = table.array("item")
    of = _sizes(table, "quantity", items, own, found)
    columns, given = dict(table.columns), table.array("quantity")
    columns["quantity"] = _times(given, of)
    if table.name == "donations":
        columns["lot_size"] = _times(table.array("lot_size"), _sizes(table, "lot_size", items, own, found))
    else:
        per_unit = np.array([1 / size for size in of.size], dtype=object)
        columns["unmet_cost"] = _times(table.array("unmet_cost"), replace(of, size=per_unit))
    if not of.changed.any():
        return replace(table, columns=columns, told={})
    problem = tr("is nothing in the unit of the item, to six decimals")
    said = (given, problem, tr("give the item a smaller unit in the table items"))
    nothing = np.flatnonzero(of.changed & (columns["quantity"] == 0))
    found.rows(Severity.ERROR, "too_fine", table, "quantity", nothing, said)
    _note(table, columns["quantity"], of, own, found)
    columns["unit"] = np.where(
        of.changed, [own[i].text if i in own else "" for i in items], table.array("unit")
    )
    cells = zip(given.tolist(), of.unit, of.changed, strict=True)
    written = [f"{shown(amount)} {unit}" if changed else "" for amount, unit, changed in cells]
    extras = table.extras.assign(**{_free_name(table): written})
    codes = {name: coding for name, coding in table.codes.items() if name != "unit"}
    return replace(table, columns=columns, extras=extras, codes=codes, told={})


def _in_own(
    table: Checked, column: str, items: Texts, own: Mapping[str, OwnUnit], found: Findings
) -> Checked:
    """Return a table with one column in own units, where its cells tell others."""
    if column not in table.told:
        return table
    of = _sizes(table, column, items, own, found)
    return replace(table, columns={**table.columns, column: _times(table.array(column), of)}, told={})


def _sizes(table: Checked, column: str, items: Texts, own: Mapping[str, OwnUnit], found: Findings) -> _Sizes:
    """Return the units of a column; report what cannot be converted."""
    units, in_cell = told_units(table, column), table.told.get(column)
    given = table.given(column) & table.sound(column)
    code, pairs = pd.MultiIndex.from_arrays([items, units]).factorize()
    sizes = np.full(len(pairs), Fraction(1), dtype=object)
    differs = np.zeros(len(pairs), dtype=bool)
    refused: dict[int, tuple[str, str, str]] = {}
    for k, (item, text) in enumerate(pairs):
        if item not in own or not text:
            continue
        try:
            held = own[item].held(text)
        except CircleError:
            continue  # reported with the packs
        if held is not None:
            sizes[k] = held
            renamed = unit_of(text).key not in (*TELLS_NOTHING, unit_of(own[item].text).key)
            differs[k] = held != 1 or renamed
        elif not own[item].unclear:
            refused[k] = _refusal(own[item], text, in_cell is not None and bool((in_cell == text).any()))
    rows = np.flatnonzero(np.isin(code, list(refused)) & given)
    for kind in dict.fromkeys(why for why, _, _ in refused.values()):

        def say(row: int) -> Said:
            _, problem, cure = refused[code[row]]
            return f"{shown(float(table.array(column)[row]))} {units[row]}", problem, cure

        of_kind = np.array([row for row in rows.tolist() if refused[code[row]][0] == kind], dtype=np.int64)
        found.rows(Severity.ERROR, kind, table, column, of_kind, say)
    if in_cell is not None and table.name in COUNTED:
        _refuse_two(table, column, in_cell, found)
    return _Sizes(units, sizes[code], np.asarray(differs[code]) & given)


def _refusal(own: OwnUnit, text: str, in_cell: bool) -> tuple[str, str, str]:
    """Return code, problem and cure of a unit that cannot be converted."""
    if in_cell and not is_known_unit(text):
        problem = tr("holds more than a number: «{unit}» is no unit that is known", unit=text)
        return "not_a_number", problem, tr("write the number alone, and its unit into a column unit")
    told = {"item": own.item, "own": own.text or tr("another unit"), "unit": text}
    problem = tr("«{item}» is counted in {own}, and nothing says how many {own} one {unit} is", **told)
    return "no_conversion", problem, tr("say it in the table packs: {item}, {unit}, how many {own}", **told)


def _refuse_two(table: Checked, column: str, in_cell: Texts, found: Findings) -> None:
    """Report cells whose unit is another one than the column unit says."""
    of_row = table.array("unit")
    both = np.flatnonzero((in_cell != "") & (of_row != "") & (in_cell != of_row))
    units = {k: (unit_of(in_cell[k]), unit_of(of_row[k])) for k in both.tolist()}
    apart = [k for k, (one, other) in units.items() if (one.key, one.size) != (other.key, other.size)]

    def say(row: int) -> Said:
        problem = tr("is in {unit}, and the column unit says {other}", unit=in_cell[row], other=of_row[row])
        return (
            f"{shown(float(table.array(column)[row]))} {in_cell[row]}",
            problem,
            tr("keep the one that is right"),
        )

    found.rows(Severity.ERROR, "two_units", table, column, np.array(apart, dtype=np.int64), say)


def _times(values: Floats, of: _Sizes) -> Floats:
    """Return values in own units; each distinct pair is multiplied once, exactly."""
    converted, known = values.copy(), dict[tuple[float, Fraction], float]()
    for at in np.flatnonzero(of.changed & ~np.isnan(values)).tolist():
        pair = float(values[at]), of.size[at]
        if pair not in known:
            known[pair] = times(*pair)
        converted[at] = known[pair]
    return converted


def _note(table: Checked, quantity: Floats, of: _Sizes, own: Mapping[str, OwnUnit], found: Findings) -> None:
    """Say once for each unit what it was converted to."""
    rows: dict[str, list[int]] = {}
    for at in np.flatnonzero(of.changed).tolist():
        rows.setdefault(of.unit[at], []).append(at)
    parts = []
    for unit, (at, *more) in list(rows.items())[:LIMIT]:
        item = table.array("item")[at]
        before, after = shown(float(table.array("quantity")[at])), shown(float(quantity[at]))
        told: dict[str, object] = {"unit": unit, "before": before, "after": after}
        told |= {"item": item, "own": own[item].text}
        told |= {"row": table.row(at), "count": len(more)}
        one = tr("{before} {unit} of {item} = {after} {own} (row {row})", **told)
        several = tr("{before} {unit} of {item} = {after} {own} (row {row} and {count} more)", **told)
        parts.append(several if more else one)
    listed = "; ".join(parts)
    if len(rows) > LIMIT:
        listed = tr("{listed}; and {count} more", listed=listed, count=len(rows) - LIMIT)
    told_all = tr("converted to the unit of the item: {listed}", listed=listed)
    found.note("converted_units", table.name, told_all, column=table.header("quantity"))


def _free_name(table: Checked) -> str:
    """Return what the column is called that keeps the quantities as they were written."""
    name, number = f"{table.header('quantity')} (given)", 1
    while name in table.extras.columns:
        number += 1
        name = f"{table.header('quantity')} (given {number})"
    return name


# --- the table items -------------------------------------------------------------------------------


def _completed(tables: Mapping[str, Checked], own: Mapping[str, OwnUnit], money: Sequence[str]) -> Checked:
    """Return the table items, of all that are named if it is not given, with units and what is money."""
    items = tables.get("items") or _items_of(list(item_names(tables)))
    names, unit = items.array("item"), items.array("unit")
    known = [own[item].text if item in own else "" for item in names]
    funds = np.isin(names, list(money))
    columns = {
        "unit": np.where(unit == "", known, unit).astype(object),
        "kind": np.where(funds, "funds", items.array("kind")).astype(object),
        "step": np.where(funds & items.blank["step"], MONEY_STEP, items.array("step")),
    }
    blank = {**items.blank, "step": items.blank["step"] & ~funds}
    codes = {name: coding for name, coding in items.codes.items() if name not in columns}
    return replace(items, columns={**items.columns, **columns}, codes=codes, blank=blank)


def _items_of(names: list[str]) -> Checked:
    """Return a table items of which nothing but the names is given."""
    table, count = TABLES["items"], len(names)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for column in table.columns:
        cells = empty_column(column, count)
        if column.default is not None and (column.kind in NUMBERS or cells.dtype == object):
            cells[:] = column.default
        columns[column.name] = cells
    columns["item"][:] = names
    none = np.zeros(count, dtype=bool)
    wrong = dict.fromkeys(columns, none)
    blank = dict.fromkeys(("kind", "weight_kg", "step"), ~none)
    extras = pd.DataFrame(index=pd.RangeIndex(count))
    return Checked(table, columns, extras, {}, np.zeros(count, np.int64), wrong, True, {}, {}, blank)


def _weighed(items: Checked) -> Checked:
    """Return the items with the weight and the step of those that are counted in a unit of mass."""
    code, texts = items.coded("unit")
    mass = {
        k: float(unit_of(text).size) for k, text in enumerate(texts) if text and unit_of(text).key == "kg"
    }
    here = np.isin(code, list(mass)) & (items.array("kind") == "goods")
    if not here.any() or not items.blank:
        return items
    size = np.array([mass.get(k, 1.0) for k in range(len(texts))])[code]
    columns = {
        "weight_kg": np.where(here & items.blank["weight_kg"], size, items.array("weight_kg")),
        "step": np.where(here & items.blank["step"], FINE_STEP, items.array("step")),
    }
    return replace(items, columns={**items.columns, **columns})
