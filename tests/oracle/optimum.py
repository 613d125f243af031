"""The optimum of a small case: a linear program over every admissible pair (OR-Tools MathOpt).

Quantities are counted in steps of the item, so that the constraint matrix is that of
a transport problem and every vertex is whole; whether it is, is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ortools.math_opt.python import mathopt

from oracle.rules import Rules

Pair = tuple[int, int]


@dataclass(frozen=True)
class Optimum:
    """What the best plan of a case reaches.

    Attributes
    ----------
    flow
        (donation, need) → donated quantity in one of the best plans, in item units.
    served_by_tier
        Priority → quantity served in that plan.
    served_range
        Priority → least and most that any best plan serves (equal under coverage-first).
    logistics, unmet
        Cost of that plan in 1/10 000 of the currency; under total-cost only their sum is
        the same for every best plan.
    """

    flow: Mapping[Pair, Fraction]
    served_by_tier: Mapping[int, Fraction]
    served_range: Mapping[int, tuple[Fraction, Fraction]]
    logistics: Fraction
    unmet: Fraction


def asked(rules: Rules, j: int) -> Fraction:
    """Return what need `j` asks for."""
    return Fraction(str(rules.needs[j]["quantity"]))


def tier(rules: Rules, j: int) -> int:
    """Return the priority of need `j`."""
    priority = rules.needs[j].get("priority")
    return 5 if priority is None else int(priority)


def logistics_cost(rules: Rules, flow: Mapping[Pair, Fraction]) -> Fraction:
    """Return what `flow` costs over the best routes, in 1/10 000."""
    return sum((rules.route[pair].unit_cost * quantity for pair, quantity in flow.items()), Fraction(0))


def unmet_cost(rules: Rules, flow: Mapping[Pair, Fraction]) -> Fraction:
    """Return the deprivation cost of what `flow` does not serve, exclusions aside, in 1/10 000."""
    cost = Fraction(0)
    for j in range(len(rules.needs)):
        if j not in rules.excluded:
            served = sum(quantity for (_, need), quantity in flow.items() if need == j)
            cost += rules.unmet_money(j) * (asked(rules, j) - served)
    return cost


def served_by_tier(rules: Rules, flow: Mapping[Pair, Fraction]) -> dict[int, Fraction]:
    """Return priority → quantity served, for every priority that is asked for."""
    served = {tier(rules, j): Fraction(0) for j in range(len(rules.needs))}
    for (_, j), quantity in flow.items():
        served[tier(rules, j)] += quantity
    return dict(sorted(served.items()))


class Program:
    """The linear program of one case; objectives are exchanged, what is reached is kept as rows."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.step = {pair: rules.step(str(rules.donations[pair[0]]["item"])) for pair in rules.route}
        self.model = mathopt.Model()
        self.amount = {
            (i, j): self.model.add_variable(lb=0)
            for i, j in rules.route
            if i in rules.pool and j not in rules.excluded
        }
        for i in range(len(rules.donations)):
            self._limit([pair for pair in self.amount if pair[0] == i], rules.plannable[i])
        for j in range(len(rules.needs)):
            self._limit([pair for pair in self.amount if pair[1] == j], asked(rules, j))

    def _limit(self, pairs: list[Pair], quantity: Fraction) -> None:
        if pairs:
            steps = quantity / self.step[pairs[0]]
            assert steps.denominator == 1, "a quantity that is no multiple of the step"
            self.model.add_linear_constraint(
                mathopt.LinearSum(self.amount[pair] for pair in pairs) <= float(steps)
            )

    def best(self, worth: Mapping[Pair, Fraction], *, keep: bool = True) -> dict[Pair, Fraction]:
        """Return a flow that makes the sum of `worth` × quantity as large as it can be.

        `keep` makes that sum a condition on everything that is asked of this program later.
        """
        if not self.amount:
            return {}
        total = mathopt.LinearSum(
            float(worth[pair] * self.step[pair]) * amount for pair, amount in self.amount.items()
        )
        self.model.maximize(total)
        values = self._solved().variable_values()
        flow: dict[Pair, Fraction] = {}
        for pair, variable in self.amount.items():
            steps = round(values[variable])
            assert abs(values[variable] - steps) < 1e-6, "a vertex that is not whole"
            if steps:
                flow[pair] = steps * self.step[pair]
        self._recheck(flow)
        if keep:
            reached = sum((worth[pair] * quantity for pair, quantity in flow.items()), Fraction(0))
            self.model.add_linear_constraint(total >= float(reached))
        return flow

    def _solved(self) -> mathopt.SolveResult:
        """Solve with GLOP, and again with HiGHS where GLOP calls its own answer imprecise."""
        for solver in (mathopt.SolverType.GLOP, mathopt.SolverType.HIGHS):
            result = mathopt.solve(self.model, solver)
            if result.termination.reason is mathopt.TerminationReason.OPTIMAL:
                return result
        raise AssertionError(result.termination)

    def _recheck(self, flow: Mapping[Pair, Fraction]) -> None:
        for i, plannable in enumerate(self.rules.plannable):
            assert sum(quantity for pair, quantity in flow.items() if pair[0] == i) <= plannable
        for j in range(len(self.rules.needs)):
            assert sum(quantity for pair, quantity in flow.items() if pair[1] == j) <= asked(self.rules, j)


def solve(rules: Rules) -> Optimum:
    """Return the optimum of the case by its objective."""
    return _total_cost(rules) if rules.objective == "total-cost" else _coverage_first(rules)


def _within(rules: Rules, wanted: int, sign: int = 1) -> dict[Pair, Fraction]:
    return {pair: Fraction(sign * (tier(rules, pair[1]) == wanted)) for pair in rules.route}


def _coverage_first(rules: Rules) -> Optimum:
    program = Program(rules)
    for wanted in _tiers(rules):
        program.best(_within(rules, wanted))
    flow = program.best({pair: Fraction(-route.unit_cost) for pair, route in rules.route.items()})
    served = served_by_tier(rules, flow)
    return _optimum(rules, flow, {wanted: (q, q) for wanted, q in served.items()})


def _total_cost(rules: Rules) -> Optimum:
    program = Program(rules)
    flow = program.best(
        {(i, j): Fraction(rules.unmet_money(j) - route.unit_cost) for (i, j), route in rules.route.items()}
    )
    ranges = {}
    for wanted in _tiers(rules):
        least, most = (
            served_by_tier(rules, program.best(_within(rules, wanted, sign), keep=False))[wanted]
            for sign in (-1, 1)
        )
        ranges[wanted] = (least, most)
    return _optimum(rules, flow, ranges)


def _tiers(rules: Rules) -> Iterable[int]:
    return sorted({tier(rules, j) for j in range(len(rules.needs))})


def _optimum(
    rules: Rules, flow: Mapping[Pair, Fraction], ranges: Mapping[int, tuple[Fraction, Fraction]]
) -> Optimum:
    return Optimum(
        flow,
        served_by_tier(rules, flow),
        ranges,
        logistics_cost(rules, flow),
        unmet_cost(rules, flow),
    )
