"""How cells are read, money rounded and quantities counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any, overload

Row = Mapping[str, Any]


def text(row: Row, column: str) -> str:
    """Return a cell as stripped text, ``""`` where it is not given."""
    value = row.get(column)
    return "" if value is None else str(value).strip()


@overload
def number(row: Row, column: str, default: float | Decimal) -> Decimal: ...
@overload
def number(row: Row, column: str) -> Decimal | None: ...
def number(row: Row, column: str, default: float | Decimal | None = None) -> Decimal | None:
    """Return a cell as the decimal that was written."""
    value = row.get(column)
    value = default if value is None else value
    return None if value is None else Decimal(str(value))


@overload
def fraction(row: Row, column: str, default: float) -> Fraction: ...
@overload
def fraction(row: Row, column: str) -> Fraction | None: ...
def fraction(row: Row, column: str, default: float | None = None) -> Fraction | None:
    """Return a cell as the exact fraction that was written."""
    value = number(row, column) if default is None else number(row, column, default)
    return None if value is None else Fraction(value)


def names(row: Row, column: str) -> set[str]:
    """Return the parts of a ``;``-separated cell."""
    return {part.strip() for part in text(row, column).split(";") if part.strip()}


def day_number(value: Any) -> int:
    """Return a day, written as ISO text or a date, as its ordinal."""
    return (value if isinstance(value, date) else date.fromisoformat(str(value))).toordinal()


def to_money(amount: Decimal) -> int:
    """Round to 1/10 000, half to even."""
    scaled = (amount * 10_000).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def to_decimal(amount: Fraction) -> Decimal:
    """Return a fraction to as many digits as decimals carry."""
    return Decimal(amount.numerator) / Decimal(amount.denominator)


def common_multiple(a: Fraction, b: Fraction) -> Fraction:
    """Return the least number that both `a` and `b` divide."""
    scale = math.lcm(a.denominator, b.denominator)
    return Fraction(math.lcm(int(a * scale), int(b * scale)), scale)
