"""What each item is counted in, and how much of that its packs hold (contract §1a).

The own unit is that of the table items, else the only one that the rows of the item give; of several physical
ones it is kg, L or h. A unit that ``packs`` explains is not the item's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pandas as pd

from matchopt.arrays import Texts
from matchopt.errors import Severity
from matchopt.language import tr
from matchopt.tables.findings import Findings, shown
from matchopt.tables.typed import Checked
from matchopt.tables.units import CURRENCIES, TELLS_NOTHING, Unit, is_known_unit, unit_of

NEARLY = Fraction(1, 1_000_000)
"""Share by which two statements of one size may differ: what is written is rounded."""

COUNTED = ("needs", "donations")
"""Tables of which each row has a unit."""

_ITEM_COLUMNS = (
    *("items.item", "needs.item", "donations.item", "packs.item", "exclusions.item"),
    *("substitutions.need_item", "substitutions.donated_item"),
)


@dataclass(frozen=True, slots=True)
class Pack:
    """A row of the table packs.

    Attributes
    ----------
    at
        Its position in the table.
    count
        How many one of the unit holds, whatever multiplies that.
    inside
        In what unit that is told; empty is the item's own.
    """

    at: int
    count: Fraction
    inside: str


@dataclass(frozen=True, slots=True)
class _Given:
    """A unit that rows of an item give: its text, and the first row that does."""

    text: str
    table: Checked
    at: int

    @property
    def unit(self) -> Unit:
        return unit_of(self.text)


class CircleError(Exception):
    """Packs hold each other."""


@dataclass(slots=True)
class OwnUnit:
    """What an item is counted in.

    Attributes
    ----------
    item
        Name of the item.
    text
        Its own unit as written; empty if nothing tells it.
    packs
        Key of a unit → how many of the own unit it holds.
    unclear
        Whether rows contradict each other in it, which is reported.
    """

    item: str
    text: str = ""
    packs: dict[str, Pack] = field(default_factory=dict)
    unclear: bool = False

    def held(self, text: str, within: frozenset[str] = frozenset()) -> Fraction | None:
        """Return how much of the own unit one of a written unit is; None where nothing says it.

        Raises
        ------
        CircleError
            If packs hold each other.
        """
        unit, own = unit_of(text), unit_of(self.text)
        if unit.key in TELLS_NOTHING:
            return unit.size
        if (unit.key, unit.physical) == (own.key, own.physical):
            return unit.size / own.size
        if unit.key in within:
            raise CircleError
        pack = self.packs.get(unit.key)
        if pack is None:
            return None
        inside = self.held(pack.inside, within | {unit.key}) if pack.inside else Fraction(1)
        return None if inside is None else unit.size * pack.count * inside


def told_units(table: Checked, column: str) -> Texts:
    """Return the unit of each cell of a column: that in the cell or the header, else that of the row."""
    of_row = table.array("unit") if table.name in COUNTED else np.full(len(table.rows), "", dtype=object)
    told = table.told.get(column)
    return of_row if told is None else np.where(told != "", told, of_row)


def item_names(tables: Mapping[str, Checked]) -> Iterable[str]:
    """Return the items that any table names, in the order in which they are first named."""
    names: dict[str, None] = {}
    for column in _ITEM_COLUMNS:
        name, _, header = column.partition(".")
        if name in tables:
            names |= dict.fromkeys(filter(None, tables[name].coded(header)[1].tolist()))
    return names


def own_units(tables: Mapping[str, Checked], found: Findings) -> dict[str, OwnUnit]:
    """Return the own unit and the packs of each item; report what contradicts itself."""
    own = {name: OwnUnit(name) for name in item_names(tables)}
    items, packs = tables.get("items"), tables.get("packs")
    if items is not None:
        for item, unit in items.by("item", "unit").items():
            own.setdefault(item, OwnUnit(item)).text = unit
    if packs is not None:
        _read_packs(packs, own, found)
    for item, given in _given_units(tables).items():
        if item in own and not own[item].text:
            _decide(own[item], given, found)
    if packs is not None:
        _check_packs(packs, own, found)
    return own


# --- by the rows ---------------------------------------------------------------------------------


def _given_units(tables: Mapping[str, Checked]) -> dict[str, list[_Given]]:
    """Return the distinct units that the rows of each item give; ``""`` is none.

    Of what stands behind a number only a unit that is known is one.
    """
    given: dict[str, list[_Given]] = {}
    named = [tables[name].array("unit") for name in (*COUNTED, "items", "packs") if name in tables]
    known = {unit_of(text).key for cells in named for text in set(cells.tolist())}
    for table in (tables[name] for name in COUNTED if name in tables):
        rows = pd.DataFrame({"item": table.array("item"), "unit": told_units(table, "quantity")})
        for at, item, unit in rows.drop_duplicates().itertuples():
            if unit_of(unit).key in known or is_known_unit(unit):
                given.setdefault(item, []).append(_Given(unit, table, at))
    return given


def _decide(own: OwnUnit, given: Sequence[_Given], found: Findings) -> None:
    """Say what an item is counted in by the units of its rows; report where they do not tell it."""
    blank = any(of.unit.key in TELLS_NOTHING for of in given)
    told = [of for of in given if of.unit.key not in TELLS_NOTHING]
    loose = [of for of in told if of.unit.key not in own.packs]
    if not loose:
        if told and not blank:
            names = {"item": own.item, "unit": told[0].text}
            problem = tr("«{item}»: packs say how many a {unit} holds, and nothing says of what", **names)
            _report(own, told[0], problem, tr("give the unit of the item in the table items"), found)
        return
    first = loose[0].unit
    sizes = {(of.unit.key, of.unit.size) for of in loose}
    if len(sizes) == 1:
        own.text = loose[0].text if first.physical and first.key not in CURRENCIES else first.name
        return
    other = next(of for of in loose if (of.unit.key, of.unit.size) != (first.key, first.size))
    names = {"item": own.item, "unit": other.text, "other": loose[0].text}
    if len({key for key, _ in sizes}) > 1:
        where = {"row": loose[0].table.row(loose[0].at), "table": loose[0].table.name}
        problem = tr(
            "«{item}» is counted in {unit} here, and in {other} in {table}, row {row}", **names, **where
        )
        cure = tr("give the unit of the item in the table items, and what the other holds in packs")
        _report(own, other, problem, cure, found)
    elif blank and first.physical and first.key not in CURRENCIES:
        problem = tr("«{item}» is counted in {unit}, in {other}, and in other rows in no unit", **names)
        _report(own, other, problem, tr("give the unit of the item in the table items"), found)
    else:  # one measure or word in several sizes: kg and lb, 只 and 万只
        own.text = first.key if first.physical and first.key not in CURRENCIES else first.name


def _report(own: OwnUnit, given: _Given, problem: str, cure: str, found: Findings) -> None:
    own.unclear = True
    said = (given.text, problem, cure)
    found.rows(Severity.ERROR, "two_units", given.table, "quantity", np.array([given.at]), said)


# --- by the packs --------------------------------------------------------------------------------


def _read_packs(packs: Checked, own: dict[str, OwnUnit], found: Findings) -> None:
    inside = told_units(packs, "holds")
    for at in np.flatnonzero(packs.sound("item", "unit", "holds")).tolist():
        item, unit = packs.array("item")[at], unit_of(packs.array("unit")[at])
        count = Fraction(repr(float(packs.array("holds")[at]))) / unit.size
        known = own.setdefault(item, OwnUnit(item)).packs
        before = known.setdefault(unit.key, Pack(at, count, inside[at]))
        if before.inside != inside[at] or abs(before.count - count) > NEARLY * count:
            problem = tr("contradicts row {row}, which tells the same pack", row=packs.row(before.at))
            _refuse(packs, "contradictory_packs", at, problem, tr("keep the row that is right"), found)


def _check_packs(packs: Checked, own: Mapping[str, OwnUnit], found: Findings) -> None:
    """Report packs that contradict physical units, hold themselves, or hold each other in a circle."""
    for of in own.values():
        unit = unit_of(of.text)
        for key, pack in of.packs.items():
            text = packs.array("unit")[pack.at]
            itself = key == unit.key and unit_of(text).physical == unit.physical
            if itself and unit_of(text).size != unit.size:
                right = unit_of(text).size / unit.size
                if abs(pack.count * unit.size - 1) > NEARLY:
                    exact = {"unit": text, "size": f"{float(right):.10g}", "own": of.text}
                    problem = tr("contradicts that one {unit} is {size} {own}", **exact)
                    _refuse(packs, "contradictory_packs", pack.at, problem, tr("leave the row out"), found)
            elif (itself and pack.count * unit.size != 1) or unit_of(pack.inside).key == key:
                problem = tr(
                    "is a pack that holds itself: {item} is counted in {unit}", item=of.item, unit=text
                )
                if not itself:
                    problem = tr("is a pack that holds itself")
                _refuse(packs, "pack_of_itself", pack.at, problem, tr("leave the row out"), found)
            else:
                _check_inside(packs, of, text, pack, found)


def _check_inside(packs: Checked, of: OwnUnit, text: str, pack: Pack, found: Findings) -> None:
    try:
        held = of.held(text)
    except CircleError:
        problem = tr("packs of «{item}» hold each other in a circle", item=of.item)
        cure = tr("say what each holds in the item's own unit")
        _refuse(packs, "pack_of_itself", pack.at, problem, cure, found)
    else:
        if held is None and not of.unclear:
            problem = tr(
                "is in «{unit}», and nothing says how many {own} that is", unit=pack.inside, own=of.text
            )
            cure = tr("say it in the item's own unit")
            _refuse(packs, "no_conversion", pack.at, problem, cure, found)


def _refuse(packs: Checked, code: str, at: int, problem: str, cure: str, found: Findings) -> None:
    said = (shown(float(packs.array("holds")[at])), problem, cure)
    found.rows(Severity.ERROR, code, packs, "holds", np.array([at]), said)
