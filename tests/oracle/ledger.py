"""A plan as lines, added up in fractions, and every shared rule that it breaks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from oracle.cells import number, text
from oracle.routes import Line, Resource, Route
from oracle.rules import Rules

DUST = Fraction(1, 10**9)
"""What a load may exceed its capacity by, as a part of it."""

SHORT = Fraction(1, 10**6)
"""What a need may miss and still count as served in full."""


class Ledger:
    """What the lines of one plan add up to; money in 1/10 000 of the currency.

    Attributes
    ----------
    lines
        What is planned besides the pinned lines.
    given, met
        Quantity of these by donation, in donated units, and by need, in units of the need.
    planned, served
        The same, of all lines.
    load, spent
        What new lines put on what has a capacity, in kg, and take of the budget.
    logistics, unmet
        Cost of all lines, and of what needs that take part miss.
    changed
        How many promises are not kept.
    """

    def __init__(self, rules: Rules, lines: Sequence[Line]) -> None:
        self.rules = rules
        self.lines = lines
        self.given, self.met = self._sums(lines)
        self.planned, self.served = self._sums(self.all_lines)
        self.load: defaultdict[Resource, Fraction] = defaultdict(Fraction)
        self.spent = Fraction(0)
        for line in lines:
            self.spent += line.quantity * line.route.budgeted
            for resource in line.route.uses:
                self.load[resource] += line.quantity * rules.kg(line.i)
        self.logistics = sum((line.quantity * line.route.unit_cost for line in self.all_lines), Fraction(0))
        new = {(line.i, line.j, line.route.way): line.quantity for line in lines}
        self.changed = sum(new.get((p.i, p.j, p.way)) != p.quantity for p in rules.promises)
        self.unmet = sum(
            (
                rules.unmet_money(j) * (rules.asked(j) - served)
                for j, served in enumerate(self.served)
                if j not in rules.excluded
            ),
            Fraction(0),
        )

    @property
    def all_lines(self) -> list[Line]:
        """All lines, what is new on the way of a pinned one added to it."""
        total: dict[tuple[int, int, Route], Fraction] = {}
        for line in (*self.rules.pinned, *self.lines):
            key = line.i, line.j, line.route
            total[key] = total.get(key, Fraction(0)) + line.quantity
        return [Line(*key, quantity) for key, quantity in total.items()]

    def _sums(self, lines: Sequence[Line]) -> tuple[list[Fraction], list[Fraction]]:
        given = [Fraction(0)] * len(self.rules.donations)
        met = [Fraction(0)] * len(self.rules.needs)
        for line in lines:
            given[line.i] += line.quantity
            met[line.j] += line.quantity * self.rules.ratio[line.i, line.j]
        return given, met

    def component(self, kind: int) -> tuple[Fraction, Fraction]:
        """Return the least and the most that all lines may cost in one of the `COMPONENTS`."""
        told = [[line.quantity * split[kind] for split in line.route.splits] for line in self.all_lines]
        return sum(map(min, told), Fraction(0)), sum(map(max, told), Fraction(0))

    def served_by_tier(self) -> dict[int, Fraction]:
        """Return priority → quantity served, for every priority that is asked for."""
        total = {self.rules.tier(j): Fraction(0) for j in range(len(self.rules.needs))}
        for j, served in enumerate(self.served):
            total[self.rules.tier(j)] += served
        return dict(sorted(total.items()))

    def is_short(self, j: int) -> bool:
        """Return whether need `j` misses more than dust."""
        return self.rules.asked(j) - self.served[j] > SHORT

    def has_room(self, i: int, route: Route, quantity: Fraction) -> bool:
        """Return whether every capacity that `route` loads can take `quantity` more of donation `i`."""
        limits = self.rules.limits
        return all(
            self.load[resource] + times * quantity * self.rules.kg(i) <= limits[resource] * (1 + DUST)
            for resource, times in Counter(route.uses).items()
        )

    def _keeps(self, line: Line) -> bool:
        """Return whether a line keeps a promise to the unit."""
        return any(
            (line.i, line.j, line.route, line.quantity) == (promise.i, promise.j, route, promise.quantity)
            for promise, route in self.rules.keepable
        )

    def _gives_way(self, line: Line) -> bool:
        """Return whether a line goes over some hub while another one of its pair keeps a promise."""
        mine = (other for other in self.lines if (other.i, other.j) == (line.i, line.j))
        return line.route in self.rules.through[line.i, line.j] and any(map(self._keeps, mine))

    def broken(self) -> Iterator[str]:
        """Yield what is wrong with the plan; nothing if it obeys every rule."""
        rules = self.rules
        for line in self.lines:
            pair = line.i, line.j
            if line.i not in rules.pool or line.j in rules.excluded or pair not in rules.route:
                yield f"{pair} may not be planned"
            elif line.route not in rules.routes[pair] and not (self._keeps(line) or self._gives_way(line)):
                yield f"{pair} takes a route of its own"
            granule = rules.line_granule(*pair)
            if line.quantity <= 0 or (line.quantity / granule).denominator != 1:
                yield f"{pair} carries {line.quantity}, granule {granule}"
        for i, given in enumerate(self.given):
            if given > rules.left[i]:
                yield f"donation {i} gives {given} of {rules.left[i]}"
            takers = {text(rules.needs[line.j], "community") for line in self.lines if line.i == i}
            known = rules.visited(i)
            most = number(rules.donations[i], "max_communities")
            if most is not None and len(takers - known) > max(int(most) - len(known), 0):
                yield f"donation {i} serves {len(takers)} communities besides {len(known)} pinned ones"
        for j, need in enumerate(rules.needs):
            if self.met[j] > rules.short[j]:
                yield f"need {j} gets {self.met[j]} of {rules.short[j]}"
            if need.get("single_source") and len({line.i for line in self.lines if line.j == j}) > 1:
                yield f"need {j} has several sources"
            if need.get("all_or_nothing") and self.met[j] and self.is_short(j):
                yield f"need {j} gets {self.met[j]} of {rules.short[j]}, neither all nor nothing"
        for j in {line.j for line in self.lines if line.route.purchase}:
            lines = (line for line in self.all_lines if line.j == j and line.route.purchase)
            paid = sum((line.quantity for line in lines), Fraction(0))
            if (paid / rules.step_cost(j)).denominator != 1:
                yield f"{paid} is paid for need {j}, which buys no whole steps"
        for resource, capacity in rules.limits.items():
            if self.load[resource] > capacity * (1 + DUST):
                yield f"{resource} carries {self.load[resource]} of {capacity} kg"
        if rules.budget is not None and self.spent > rules.budget:
            yield f"{self.spent} is spent of {rules.budget}"
