"""The optimum of a small case: one integer program over every admissible pair and all its routes.

A variable counts the granules of one donation that go to one need over one route. The
goals are sought in their order, and what one reaches is a condition on those that follow.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from oracle.cells import number, text
from oracle.commitments import Promise
from oracle.goals import Cells, Values, goals, reached, tiers
from oracle.ledger import Ledger
from oracle.program import Program, Solution, Terms, Variable
from oracle.routes import Line, Route
from oracle.rules import Pair, Rules


@dataclass(frozen=True)
class Optimum:
    """What the best plan of a case reaches, and one of the best plans.

    Attributes
    ----------
    ledger
        The lines of one of the best plans, and what they add up to.
    values
        Goal → what every best plan reaches in it, in the order of the goals.
    """

    ledger: Ledger
    values: Values


def solve(rules: Rules) -> Optimum:
    """Return the optimum of a case; its plan is rechecked line by line in fractions."""
    model = _Model(rules)
    for goal in goals(rules):
        model.seek(goal)
    ledger = Ledger(rules, list(model.lines()))
    assert not list(ledger.broken())
    return Optimum(ledger, reached(ledger))


class _Model:
    """The integer program of one case."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.program = Program()
        self.solution: Solution = {}
        self.most = {
            (i, j): math.floor(
                min(rules.left[i], rules.short[j] / rules.ratio[i, j]) / rules.line_granule(i, j)
            )
            for i, j in rules.pairs()
        }
        self.count: dict[tuple[int, int, Route], Variable] = {
            (*pair, route): self.program.variable(most)
            for pair, most in self.most.items()
            if most
            for route in self._different(pair)
        }
        self.kept: dict[Promise, Variable] = {}
        self._quantities()
        self._capacities()
        self._whole_needs()
        self._communities()
        self._promises()
        self._purchases()

    def _purchases(self) -> None:
        """Let what is bought for a need, with what is pinned, be whole steps, if anything is bought."""
        for j in {j for i, j, _ in self.count if self.rules.purchase(i, j)}:
            paid = {
                variable: self.rules.line_granule(i, k)
                for (i, k, _), variable in self.count.items()
                if k == j and self.rules.purchase(i, k)
            }
            lead, lump = self.rules.lead(j), self.rules.lump(j)
            most = math.floor(sum(self.rules.left[i] for i, k in self.most if k == j) / lump)
            if lead is None:
                self.program.at_most(paid, 0)
                continue
            lumps, begun = self.program.variable(most), self.program.variable(1)
            steps = {lumps: -lump, begun: -lead}
            self.program.at_most(paid | steps, 0)
            self.program.at_least(paid | steps, 0)
            self.program.at_most({lumps: Fraction(1), begun: Fraction(-most)}, 0)

    def _different(self, pair: Pair) -> Iterable[Route]:
        """Return the routes of a pair that no other betters, and all of those that keep promises or give way.

        One betters another if it costs no more and loads nothing that the other does not.
        """
        better: list[Route] = []
        for route in sorted(self.rules.routes[pair], key=lambda r: (r.unit_cost, len(r.uses))):
            if not any(Counter(other.uses) <= Counter(route.uses) for other in better):
                better.append(route)
        promised = [r for p, r in self.rules.keepable if (p.i, p.j) == pair]
        return dict.fromkeys([*better, *promised, *(self.rules.through[pair] if promised else [])])

    def _given(self, i: int) -> Terms:
        return {v: self.rules.line_granule(i, j) for (k, j, _), v in self.count.items() if k == i}

    def _served(self, needs: Iterable[int]) -> dict[Variable, Fraction]:
        wanted = set(needs)
        return {
            variable: self.rules.ratio[i, j] * self.rules.line_granule(i, j)
            for (i, j, _), variable in self.count.items()
            if j in wanted
        }

    # --- what binds --------------------------------------------------------------------------

    def _quantities(self) -> None:
        for i in self.rules.pool:
            self.program.at_most(self._given(i), self.rules.left[i])
        for j in range(len(self.rules.needs)):
            self.program.at_most(self._served([j]), self.rules.short[j])

    def _capacities(self) -> None:
        for resource, capacity in self.rules.limits.items():
            load = {
                variable: route.uses.count(resource) * self.rules.line_granule(i, j) * self.rules.kg(i)
                for (i, j, route), variable in self.count.items()
                if resource in route.uses
            }
            if load:
                self.program.at_most(load, capacity)
        if self.rules.budget is not None:
            spent = {
                variable: self.rules.line_granule(i, j) * route.budgeted
                for (i, j, route), variable in self.count.items()
            }
            self.program.at_most(spent, self.rules.budget)

    def _whole_needs(self) -> None:
        for j, need in enumerate(self.rules.needs):
            givers = [i for i, k in self.most if k == j]
            if need.get("single_source"):
                chosen = [self._switch(i, [j]) for i in givers]
                self.program.at_most(dict.fromkeys(chosen, Fraction(1)), 1)
            if need.get("all_or_nothing") and givers:
                served, full = self._served([j]), self.program.variable(1)
                asked = {full: -self.rules.short[j]}
                self.program.at_most(served | asked, 0)
                self.program.at_least(served | asked, 0)

    def _communities(self) -> None:
        for i in self.rules.pool:
            most = number(self.rules.donations[i], "max_communities")
            if most is not None:
                takers: dict[str, list[int]] = {}
                for k, j in self.most:
                    if k == i:
                        takers.setdefault(text(self.rules.needs[j], "community"), []).append(j)
                known = self.rules.visited(i)
                chosen = [self._switch(i, needs) for place, needs in takers.items() if place not in known]
                self.program.at_most(dict.fromkeys(chosen, Fraction(1)), max(int(most) - len(known), 0))

    def _switch(self, i: int, needs: Iterable[int]) -> Variable:
        """Return a variable that is 1 where donation `i` serves any of `needs`."""
        switch = self.program.variable(1)
        for (k, j, _), variable in self.count.items():
            if k == i and j in needs:
                self.program.at_most({variable: Fraction(1), switch: Fraction(-self.most[i, j])}, 0)
        return switch

    def _promises(self) -> None:
        """Let a promise count as kept where its route carries what was promised and nothing else."""
        for promise, route in self.rules.keepable:
            variable = self.count.get((promise.i, promise.j, route))
            granules = int(promise.quantity / self.rules.line_granule(promise.i, promise.j))
            most = self.most[promise.i, promise.j]
            if variable is not None and granules <= most:
                kept = self.kept[promise] = self.program.variable(1)
                one = {variable: Fraction(1)}
                self.program.at_least(one | {kept: Fraction(-granules)}, 0)
                self.program.at_most(one | {kept: Fraction(most - granules)}, most)
        for (i, j, route), variable in self.count.items():
            if route not in self.rules.routes[i, j]:
                kept = [switch for promise, switch in self.kept.items() if (promise.i, promise.j) == (i, j)]
                limit = dict.fromkeys(kept, -Fraction(self.most[i, j]))
                self.program.at_most({variable: Fraction(1)} | limit, 0)

    # --- what is sought ------------------------------------------------------------------------

    def seek(self, goal: str) -> None:
        """Make `goal` as good as it can be, and keep it so."""
        if goal == "leximin":
            cells = Cells(self.rules)
            for k in range(1, 1 + len(cells.needs)):
                self.solution = self.program.best(self._smallest(cells, k))
        else:
            self.solution = self.program.best(self._terms(goal))

    def _terms(self, goal: str) -> Terms:
        if goal == "floor":
            return self._smallest(Cells(self.rules), 1)
        if goal == "share":
            return self._shortfall(Cells(self.rules))
        if goal == "cost":
            return {
                variable: self.rules.line_granule(i, j) * (self._saved(i, j) - route.unit_cost)
                for (i, j, route), variable in self.count.items()
            } | dict.fromkeys(self.kept.values(), self.rules.churn)
        wanted = {f"tier {k}": k for k in tiers(self.rules)}[goal]
        return self._served(j for j in range(len(self.rules.needs)) if self.rules.tier(j) == wanted)

    def _saved(self, i: int, j: int) -> Fraction:
        """Return the unmet cost that one donated unit saves, where that counts."""
        if self.rules.objective != "total-cost":
            return Fraction(0)
        return self.rules.ratio[i, j] * self.rules.unmet_money(j)

    def _smallest(self, cells: Cells, k: int) -> Terms:
        """Return the sum of the `k` smallest coverages: k·r − Σ max(0, r − coverage), at the best r.

        All is counted in a unit that divides every coverage, so that the best r is whole.
        """
        shares = {
            cell: {v: factor / cells.asked(cell) for v, factor in self._served(needs).items()}
            for cell, needs in cells.needs.items()
        }
        before = {cell: cells.pinned(cell) / cells.asked(cell) for cell in shares}
        factors = (factor for share in shares.values() for factor in share.values())
        unit = math.lcm(*(number.denominator for number in (*factors, *before.values())))
        bar = self.program.variable(unit)
        total = {bar: Fraction(k)}
        for cell, share in shares.items():
            below = {bar: Fraction(1)} | {variable: -factor * unit for variable, factor in share.items()}
            if k > 1:
                missing = self.program.variable(unit)
                total[missing] = below[missing] = Fraction(-1)
            self.program.at_most(below, before[cell] * unit)
        return total

    def _shortfall(self, cells: Cells) -> Terms:
        """Return minus what all cells miss of their fair share, in a unit that makes it whole."""
        served = {cell: self._served(needs) for cell, needs in cells.needs.items()}
        factors = (factor for terms in served.values() for factor in terms.values())
        due = {cell: max(fair - cells.pinned(cell), Fraction(0)) for cell, fair in cells.fair.items()}
        unit = math.lcm(*(number.denominator for number in (*factors, *due.values())))
        total: dict[Variable, Fraction] = {}
        for cell, fair in due.items():
            missing = self.program.variable(math.ceil(fair * unit))
            total[missing] = Fraction(-1)
            self.program.at_least(served[cell] | {missing: Fraction(1, unit)}, fair)
        return total

    def lines(self) -> Iterator[Line]:
        """Yield the lines of the solution found last."""
        for (i, j, route), variable in self.count.items():
            if granules := self.solution[variable]:
                yield Line(i, j, route, granules * self.rules.line_granule(i, j))
