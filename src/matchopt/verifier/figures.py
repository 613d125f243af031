"""Figures of the summary: what a number has to be, and by how much its rounding may move it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.verifier.quantities import micro
from matchopt.verifier.violation import Report

TABLE = "summary"

_MOST = 2.0**100
"""Larger than any figure of any plan."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a number has to be, and by how much it may differ for its rounding."""

    right: Fraction
    slack: Fraction = Fraction(0)

    @classmethod
    def quantity(cls, units: Fraction) -> Figure:
        """Return a quantity, shown with six decimals where it needs more."""
        return cls(units, micro(units))

    def admits(self, stated: object) -> bool:
        """Tell whether `stated` is this number, as well as a float can hold it."""
        number = number_of(stated)
        if number is None:
            return False
        dust = max(abs(self.right), abs(number)) / 2**50 if isinstance(stated, float | np.floating) else 0
        return abs(number - self.right) <= self.slack + dust

    def __str__(self) -> str:
        return f"{float(self.right):.15g}"


def number_of(stated: object) -> Fraction | None:
    """Return the exact value of a number; None for anything else, infinite or absurdly large numbers too."""
    if isinstance(stated, bool | np.bool_) or not isinstance(stated, int | float | np.integer | np.floating):
        return None
    if not -_MOST <= stated <= _MOST:
        return None
    return Fraction(int(stated) if isinstance(stated, int | np.integer) else float(stated))


def check_keys(stated: Mapping[Any, Any], right: Mapping[str, Any], path: str, report: Report) -> None:
    """Check that no key is missing and none is too many."""
    for key in right:
        if key not in stated:
            report.add("missing_key", TABLE, f"{path}{key}", tr("is missing"))
    for key in stated:
        if key not in right:
            report.add("unknown_key", TABLE, f"{path}{key}", tr("is no key of the summary here"))


def compare(path: str, stated: object, right: object, report: Report) -> None:
    """Compare one value of the summary, and what is inside it; `right` None is checked elsewhere."""
    if isinstance(right, dict):
        if not isinstance(stated, Mapping):
            report.add(
                "summary",
                TABLE,
                path,
                tr("is «{stated}»; it has to hold keys and figures", stated=shortened(stated)),
            )
            return
        inner = stated
        if path.endswith("_by_channel"):  # a channel that nobody uses may be left out or be 0
            inner = {k: v for k, v in stated.items() if k in right or number_of(v) != 0}
        check_keys(inner, right, f"{path}.", report)
        for key, value in right.items():
            if key in inner:
                compare(f"{path}.{key}", inner[key], value, report)
    elif isinstance(right, Figure):
        if not right.admits(stated):
            report.add(
                "summary",
                TABLE,
                path,
                tr("is {stated}; it has to be {right}", stated=shortened(stated), right=right),
            )
    elif right is not None and (type(stated) is not type(right) or stated != right):
        report.add(
            "summary",
            TABLE,
            path,
            tr("is «{stated}»; it has to be «{right}»", stated=shortened(stated), right=right),
        )
    elif right is None and path.startswith("horizon") and stated is not None:
        report.add(
            "summary",
            TABLE,
            path,
            tr("is «{stated}»; no table holds a day, it has to be null", stated=shortened(stated)),
        )
