"""An integer program whose rows are exact: solved in floats, its answer rechecked in whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from ortools.math_opt.python import mathopt

Variable: TypeAlias = mathopt.Variable
Terms = Mapping[Variable, Fraction]
Solution = dict[Variable, int]

PARAMETERS = mathopt.SolveParameters(relative_gap_tolerance=0, absolute_gap_tolerance=0)
SOLVERS = (mathopt.SolverType.HIGHS, mathopt.SolverType.CP_SAT)


@dataclass(frozen=True)
class _Row:
    """`coefficients` × variables ≤ `limit`, all whole."""

    coefficients: Mapping[Variable, int]
    limit: int


def _whole(terms: Terms) -> tuple[dict[Variable, int], Fraction]:
    """Return the terms as whole numbers without a common divisor, and what they were multiplied by."""
    given = {variable: Fraction(factor) for variable, factor in terms.items() if factor}
    scale = math.lcm(*(factor.denominator for factor in given.values()))
    divisor = math.gcd(*(int(factor * scale) for factor in given.values())) or 1
    whole = {variable: int(factor * scale) // divisor for variable, factor in given.items()}
    return whole, Fraction(scale, divisor)


class Program:
    """Whole variables from 0 up to a limit, rows, and goals that are sought one after another."""

    def __init__(self) -> None:
        self.model = mathopt.Model()
        self.rows: list[_Row] = []

    def variable(self, most: int) -> Variable:
        """Add a whole number from 0 to `most`."""
        return self.model.add_integer_variable(lb=0, ub=most)

    def at_most(self, terms: Terms, limit: Fraction | int) -> None:
        """Add the row `terms` ≤ `limit`."""
        coefficients, scale = _whole(terms)
        if not coefficients:
            assert limit >= 0
            return
        row = _Row(coefficients, math.floor(limit * scale))
        self.rows.append(row)
        self.model.add_linear_constraint(_sum(coefficients) <= float(row.limit))

    def at_least(self, terms: Terms, limit: Fraction | int) -> None:
        """Add the row `terms` ≥ `limit`."""
        self.at_most({variable: -factor for variable, factor in terms.items()}, -limit)

    def best(self, terms: Terms) -> Solution:
        """Return a solution with the largest sum of `terms`, which becomes a condition on all later ones."""
        coefficients, scale = _whole(terms)
        self.model.maximize(_sum(coefficients))
        for solver in SOLVERS:
            solution = self._proven(mathopt.solve(self.model, solver, params=PARAMETERS), coefficients)
            if solution is not None:
                self.at_least(terms, _value(coefficients, solution) / scale)
                return solution
        raise AssertionError("no solver has a proven optimum")

    def _proven(self, result: mathopt.SolveResult, coefficients: Mapping[Variable, int]) -> Solution | None:
        """Return the answer in whole numbers if it obeys all rows and no whole sum is left above it."""
        if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
            return None
        solution = {variable: round(value) for variable, value in result.variable_values().items()}
        if any(_value(row.coefficients, solution) > row.limit for row in self.rows):
            return None
        above = result.termination.objective_bounds.dual_bound - _value(coefficients, solution)
        return solution if above < 0.999 else None


def _sum(coefficients: Mapping[Variable, int]) -> mathopt.LinearSum:
    return mathopt.LinearSum(float(factor) * variable for variable, factor in coefficients.items())


def _value(coefficients: Mapping[Variable, int], solution: Solution) -> int:
    return sum(factor * solution[variable] for variable, factor in coefficients.items())
