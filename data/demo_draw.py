"""Draws for the demo city, and what `demo_city` holds as rows.

Every draw is built on ``random.Random.random`` with a fixed seed, which Python keeps the
same from version to version, and on plain arithmetic and square roots: the files are the
same to the byte on every machine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar

import demo_city as city

START, DAYS = date(2026, 3, 1), 28

Row = dict[str, str]
T = TypeVar("T")


class Draw:
    """Draws that stay the same on every machine and Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def whole(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return least + int(self._random() * (most - least + 1))

    def pick(self, things: Sequence[T]) -> T:
        return things[self.whole(0, len(things) - 1)]

    def weighted(self, things: Sequence[T], weights: Sequence[float]) -> T:
        mark = self._random() * math.fsum(weights)
        for thing, weight in zip(things, weights, strict=True):
            mark -= weight
            if mark < 0:
                return thing
        return things[-1]

    def sample(self, things: Sequence[T], count: int) -> list[T]:
        rest = list(things)
        return [rest.pop(self.whole(0, len(rest) - 1)) for _ in range(count)]

    def heavy(self) -> float:
        """Return a number from 1 up, mostly small and seldom very large (Pareto, exponent 2)."""
        return 1 / math.sqrt(1 - self._random())


def day(offset: int) -> str:
    """Return the ISO day `offset` days after the first of the horizon."""
    return (START + timedelta(days=offset)).isoformat()


def offset(text: str) -> int:
    """Return the inverse of `day`."""
    return (date.fromisoformat(text) - START).days


def rounded(quantity: float, step: float) -> float:
    """Return `quantity` as somebody would write it down: 7, 35, 240, 1300; at least one step."""
    nice = min(1, step) if quantity < 20 else 5 if quantity < 100 else 10 if quantity < 1000 else 50
    nice = max(nice, step)
    return max(step, int(quantity / nice + 0.5) * nice)


def table(text: str, *columns: str) -> list[Row]:
    return [dict(zip(columns, cells, strict=True)) for cells in city.rows(text)]


# What was written down ----------------------------------------------------------------------------
ITEMS = table(
    city.ITEMS,
    "item",
    "zh",
    "category",
    "unit",
    "weight_kg",
    "shelf_life_days",
    "cold",
    "step",
    "purchase_price",
)
KINDS = {"services": "service", "money": "funds"}
for _item, _demand in zip(
    ITEMS,
    table(city.DEMAND, "item", "worth", "needs", "least", "most", "donations", "offered", "groups"),
    strict=True,
):
    _item |= _demand | {"kind": KINDS.get(_item["category"], "goods")}
COMMUNITIES = table(
    city.COMMUNITIES, "community", "zh", "district", "organization", "latitude", "longitude", "population"
)
HUBS = table(
    city.HUBS,
    "hub",
    "organization",
    "latitude",
    "longitude",
    "storage_capacity",
    "throughput_capacity",
    "handling_cost",
    "storage_cost",
    "cold",
)
ORGANIZATIONS = table(city.ORGANIZATIONS, "organization", "zh", "name", "name_zh")
DONORS = table(city.DONORS, "donor", "zh", "items")
PLACES = [c["community"] for c in COMMUNITIES]
ROOTS = [math.sqrt(int(c["population"])) for c in COMMUNITIES]
CROWD = [root * math.sqrt(root) for root in ROOTS]  # large communities ask more, but less per head
PERISHABLE = "cold food"


def step_of(item: Row) -> float:
    return float(item["step"] or 1)


def groups_of(item: Row) -> list[str]:
    return [group.strip() for group in item["groups"].split(",")]
