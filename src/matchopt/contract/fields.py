"""What a column and a table of a case are: kinds of cells, ranges, choices, names in both languages.

It imports nothing heavy, as does `matchopt.contract.schema`, so that ``matchopt --help`` stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from matchopt.language import Language, spoken

LARGEST_QUANTITY = 9e15
"""Largest quantity of a cell: below 2**53, so that float64 still counts every unit."""

LARGEST: Mapping[str, float] = MappingProxyType(
    {
        "days": 1e6,
        "km": 1e6,
        "kg/unit": 1e9,
        "currency/unit": 1e9,
        "currency/kg": 1e9,
        "currency/kg/day": 1e9,
    }
)
"""Largest number of a column without a range, by its unit; `LARGEST_QUANTITY` for the rest."""

LONGEST_CELL = 32_767
"""Longest cell in characters: what a spreadsheet cell can hold."""


class Kind(StrEnum):
    """What a cell of a column holds once it is read."""

    TEXT = "text"
    LIST = "list"
    CHOICE = "choice"
    NUMBER = "number"
    WHOLE = "whole number"
    DAY = "day"
    FLAG = "yes or no"


Names = Mapping[str, tuple[str, ...]]
"""Canonical value → its further spellings."""

FLAGS: Names = MappingProxyType(
    {
        "true": ("yes", "y", "t", "1", "是", "真", "√", "对"),
        "false": ("no", "n", "f", "0", "否", "假", "×", "错"),
    }
)
CHANNELS: Names = MappingProxyType(
    {
        "resident": ("居民", "市民"),
        "public_sector": ("public sector", "社区公共部门", "公共部门", "政府", "居委会", "街道"),
        "enterprise": ("企业",),
    }
)
KINDS_OF_ITEM: Names = MappingProxyType(
    {"goods": ("物资", "实物"), "service": ("services", "服务"), "funds": ("fund", "资金", "善款")}
)
STATUSES: Names = MappingProxyType(
    {
        "planned": ("已计划",),
        "accepted": ("已接受",),
        "in_transit": ("in transit", "运输中"),
        "delivered": ("已送达",),
        "declined": ("已拒绝",),
        "cancelled": ("canceled", "已取消"),
    }
)

PINNED = frozenset({"accepted", "in_transit", "delivered"})
"""Statuses of lines that stay as they are."""

BARRED = frozenset({"declined", "cancelled"})
"""Statuses of pairs that are not proposed again."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, zh
        English and Chinese header; further accepted headers stand in `aliases`.
    kind
        What the cells hold.
    about, about_zh
        One line for users: what to write here.
    example, example_zh
        The cell of the explained example row (`example_zh` empty: as `example`).
    required
        Whether every row must give it.
    default
        Value of an empty cell; None where the contract has no fixed one.
    least, most
        Range, both ends allowed.
    above
        Range open below: the value must be larger.
    choices
        Canonical values and their other spellings, for `Kind.CHOICE` and `Kind.FLAG`.
    refers_to
        ``table.column`` whose values it must be one of, when that table is given.
    """

    name: str
    zh: str
    kind: Kind
    about: str
    about_zh: str
    example: str = ""
    example_zh: str = ""
    required: bool = False
    unit: str = ""
    default: str | float | int | bool | None = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    choices: Names = field(default_factory=lambda: MappingProxyType({}))
    refers_to: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """Its name in the language spoken."""
        return self.zh if spoken() is Language.ZH else self.name

    @property
    def writable(self) -> tuple[str, ...]:
        """Its choices as one writes them in the language spoken."""
        if spoken() is not Language.ZH:
            return ("yes", "no") if self.kind is Kind.FLAG else tuple(self.choices)
        return tuple(next(name for name in names if not name.isascii()) for names in self.choices.values())

    @property
    def bounded(self) -> bool:
        """Whether it holds numbers between two bounds of its own."""
        return None not in (self.least, self.most) and self.most != LARGEST_QUANTITY

    @property
    def said(self) -> str:
        """What to write here, in the language spoken."""
        return self.about_zh if spoken() is Language.ZH else self.about


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table: its names, what it is for, its key and its columns."""

    name: str
    zh: str
    about: str
    about_zh: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """Its name in the language spoken."""
        return self.zh if spoken() is Language.ZH else self.name

    def called_column(self, name: str) -> str:
        """Return what the column `name` is called in the language spoken; one of the user's own as it is."""
        return next((column.called for column in self.columns if column.name == name), name)

    @property
    def said(self) -> str:
        """What it is for, in the language spoken."""
        return self.about_zh if spoken() is Language.ZH else self.about

    def column(self, name: str) -> Column:
        """Return the column called `name`; KeyError if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")
