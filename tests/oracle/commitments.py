"""What an earlier plan has led to: lines that stay, barred pairs, lines that it costs something to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from oracle.cells import Row, text
from oracle.routes import Days, Line, Route

if TYPE_CHECKING:
    from oracle.rules import Pair, Rules

PINNED = ("accepted", "in_transit", "delivered")
BARRED = ("declined", "cancelled")

Way = tuple[str, date | None, date | None, date | None]
"""Hub, pick-up, arrival and delivery."""


@dataclass(frozen=True)
class Promise:
    """A quantity of donation `i` for need `j` over one way, that it costs something to change."""

    i: int
    j: int
    way: Way
    quantity: Fraction


class Commitments:
    """The rows of the table ``commitments``.

    Attributes
    ----------
    barred
        Pairs that somebody declined or cancelled.
    """

    def __init__(self, rules: Rules, rows: Sequence[Row]) -> None:
        self.rules = rules
        self.rows = rows
        self._donations = {text(row, "donation_id"): i for i, row in enumerate(rules.donations)}
        self._needs = {text(row, "need_id"): j for j, row in enumerate(rules.needs)}
        self.barred = {self._pair(row) for row in rows if text(row, "status") in BARRED}

    def _pair(self, row: Row) -> Pair:
        return self._donations[text(row, "donation_id")], self._needs[text(row, "need_id")]

    def pinned(self) -> list[Line]:
        """Return the lines that stay."""
        lines = self._added(PINNED).items()
        return [
            Line(i, j, self.rules.stated_route(i, j, hub, days), quantity)
            for (i, j, hub, days), quantity in lines
        ]

    def promises(self) -> list[Promise]:
        """Return the lines that it costs something to change."""
        lines = self._added(("planned",)).items()
        return [
            Promise(i, j, (hub, *self.rules.calendar.told(days)), quantity)
            for (i, j, hub, days), quantity in lines
        ]

    def _added(self, status: Sequence[str]) -> dict[tuple[int, int, str, Days], Fraction]:
        """Return donation, need, hub and days → quantity of all rows of a status together."""
        total: dict[tuple[int, int, str, Days], Fraction] = {}
        for row in self.rows:
            if text(row, "status") in status:
                i, j = self._pair(row)
                hub, donation = text(row, "hub"), self.rules.donations[i]
                legs = self.rules.roads.stated(donation, self.rules.needs[j], self.rules.facts(donation), hub)
                key = i, j, hub, self.rules.calendar.stated(row, donation, legs)
                total[key] = total.get(key, Fraction(0)) + Fraction(str(row["quantity"]))
        return total

    def keepable(self, promises: Sequence[Promise]) -> Iterator[tuple[Promise, Route]]:
        """Yield the promises that the rules let be kept, each with the route that does it."""
        rules = self.rules
        for promise in promises:
            pair = promise.i, promise.j
            if pair in rules.route and promise.i in rules.pool and promise.j not in rules.excluded:
                whole = (promise.quantity / rules.line_granule(*pair)).denominator == 1
                for route in rules.through[pair]:
                    if route.way == promise.way and whole:
                        yield promise, route
