"""Linear and mixed-integer programs by HiGHS, through MathOpt: arrays in, arrays out."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.errors import SolverError
from matchopt.language import tr

if TYPE_CHECKING:
    from ortools.math_opt import model_pb2
    from ortools.math_opt.python import mathopt

Solved = TypeVar("Solved")

LISTENING = 0.1
"""Seconds after which a search looks whether it was stopped."""

BARRIER_COLUMNS = 5_000
"""From this many columns on a program is solved by the interior point method with crossover:
on matching problems that is more than ten times faster than the simplex method."""


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """What a solver found.

    Attributes
    ----------
    value : (columns,) float
        The best point found.
    price : (rows,) float
        Dual values, for linear programs; what one more unit of a row's bound is worth.
    objective, bound : float
        Value of the point, and what no point exceeds.
    proven
        Whether the search ended by itself.
    """

    value: Floats
    price: Floats
    objective: float
    bound: float
    proven: bool


def halted_by(halt: Event | None, solve: Callable[[], Solved]) -> Solved:
    """Return what `solve` gives; SolverError once `halt` is set.

    HiGHS listens to nobody while it works, so that it does so in a thread, which is left to itself then.
    """
    if halt is None:
        return solve()
    working: Future[Solved] = Future()

    def work() -> None:
        try:
            working.set_result(solve())
        except BaseException as error:
            working.set_exception(error)

    Thread(target=work, daemon=True).start()
    while not halt.is_set():
        with suppress(TimeoutError):
            return working.result(timeout=LISTENING)
    raise SolverError(tr("the search was stopped"))


class Program:
    """A program to be maximised, put together from blocks of columns, rows and entries."""

    def __init__(self) -> None:
        self._columns: list[tuple[Floats, Floats, Bools]] = []
        self._rows: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._objective: list[Floats] = []
        self.columns = 0
        self.rows = 0

    def add_columns(
        self,
        count: int,
        gain: Floats | float = 0.0,
        upper: Floats | float = np.inf,
        whole: Bools | bool = False,
        lower: Floats | float = 0.0,
    ) -> Ints:
        """Add columns between `lower` and `upper` and return their numbers."""
        least, most = (np.full(count, bound, dtype=np.float64) for bound in (lower, upper))
        self._columns.append((least, most, np.full(count, whole)))
        self._objective.append(np.full(count, gain, dtype=np.float64))
        self.columns += count
        return np.arange(self.columns - count, self.columns)

    def add_rows(
        self,
        count: int,
        lower: Floats | float = -np.inf,
        upper: Floats | float = np.inf,
        entries: Iterable[tuple[Ints | slice | int, Ints, Floats | float]] = (),
    ) -> Ints:
        """Add rows between `lower` and `upper` and return their numbers.

        `entries` are coefficients in them: which of the new rows, the columns, and the coefficients.
        """
        self._rows.append((np.full(count, lower, dtype=np.float64), np.full(count, upper, dtype=np.float64)))
        self.rows += count
        rows = np.arange(self.rows - count, self.rows)
        if count:
            for place, column, coefficient in entries:
                self.add_entries(rows[place], column, coefficient)
        return rows

    def add_entries(self, row: Ints, column: Ints, coefficient: Floats | float) -> None:
        """Add coefficients; several of one place add up."""
        real = np.asarray(coefficient, dtype=np.float64)
        rows, columns, values = np.broadcast_arrays(row, column, real)
        self._entries.append((rows.ravel(), columns.ravel(), values.ravel()))

    def maximise(
        self,
        *,
        seconds: float | None = None,
        nodes: int | None = None,
        gap: float = 0.0,
        within: float = 0.0,
        halt: Event | None = None,
    ) -> ProgramResult:
        """Solve the program.

        Parameters
        ----------
        seconds
            When to stop; a search for whole numbers then returns its best point so far.
        nodes
            After how many nodes of its tree to stop that search: a limit that every machine reaches alike.
        gap
            Relative: how near to the best whole point that search has to come.
        within
            The same in units of the objective; either is enough.
        halt
            Once it is set, there is no answer.

        Raises
        ------
        SolverError
            If there is no answer at all.
        """
        if not self.columns:
            return ProgramResult(np.zeros(0), np.zeros(self.rows), 0.0, 0.0, proven=True)
        from ortools.math_opt import model_pb2
        from ortools.math_opt.python import mathopt

        whole = np.concatenate([part[2] for part in self._columns])
        model = mathopt.Model.from_model_proto(self._proto(model_pb2.ModelProto(), whole))
        parameters = mathopt.SolveParameters()
        if whole.any():
            parameters.relative_gap_tolerance, parameters.absolute_gap_tolerance = gap, within
            parameters.node_limit = nodes
        elif self.columns >= BARRIER_COLUMNS:
            parameters.lp_algorithm = mathopt.LPAlgorithm.BARRIER
        if seconds is not None:
            parameters.time_limit = datetime.timedelta(seconds=max(seconds, 0.01))
        result = halted_by(halt, lambda: self._solved(model, parameters))
        return self._answer(model, result, linear=not whole.any())

    def _solved(self, model: mathopt.Model, parameters: mathopt.SolveParameters) -> mathopt.SolveResult:
        """Solve; where HiGHS loses its way, once more by the simplex method and without presolve."""
        from ortools.math_opt.python import mathopt

        try:
            return mathopt.solve(model, mathopt.SolverType.HIGHS, params=parameters)
        except (AttributeError, RuntimeError, ValueError) as error:
            # MathOpt trips over its own words (AttributeError) when HiGHS reports an unknown status.
            if parameters.presolve is mathopt.Emphasis.OFF:
                raise SolverError(
                    tr("HiGHS gave no answer: {value}", value=error.__context__ or error)
                ) from error
        parameters.lp_algorithm = None
        parameters.presolve = mathopt.Emphasis.OFF
        return self._solved(model, parameters)

    def _proto(self, proto: model_pb2.ModelProto, whole: Bools) -> model_pb2.ModelProto:
        columns, rows, matrix = proto.variables, proto.linear_constraints, proto.linear_constraint_matrix
        columns.ids.extend(range(self.columns))
        rows.ids.extend(range(self.rows))
        columns.integers.extend(whole)
        none = (np.zeros(0), np.zeros(0))
        for side, bounds in ((columns, [one[:2] for one in self._columns]), (rows, [none, *self._rows])):
            lower, upper = (np.concatenate(part) for part in zip(*bounds, strict=True))
            side.lower_bounds.extend(lower)
            side.upper_bounds.extend(upper)
        row, column, coefficient = self._matrix()
        matrix.row_ids.extend(row)
        matrix.column_ids.extend(column)
        matrix.coefficients.extend(coefficient)
        gain = np.concatenate(self._objective)
        given = np.flatnonzero(gain)
        proto.objective.maximize = True
        proto.objective.linear_coefficients.ids.extend(given)
        proto.objective.linear_coefficients.values.extend(gain[given])
        return proto

    def _matrix(self) -> tuple[Ints, Ints, Floats]:
        """Return the entries by row and column, each place once."""
        entries = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)), *self._entries]
        row, column, coefficient = (np.concatenate(part) for part in zip(*entries, strict=True))
        key, place = np.unique(row * self.columns + column, return_inverse=True)
        total = np.bincount(place, weights=coefficient, minlength=len(key))
        row, column = np.divmod(key, self.columns)
        return row, column, np.asarray(total, dtype=np.float64)

    def _answer(self, model: mathopt.Model, result: mathopt.SolveResult, linear: bool) -> ProgramResult:
        from ortools.math_opt.python import mathopt

        if not result.has_primal_feasible_solution():
            raise SolverError(
                tr("HiGHS ended with {name} and without any plan", name=result.termination.reason.name)
            )
        proven = result.termination.reason is mathopt.TerminationReason.OPTIMAL
        if linear and not proven:
            raise SolverError(tr("HiGHS ended with {name}, not OPTIMAL", name=result.termination.reason.name))
        values = result.variable_values()
        value = np.array([values[variable] for variable in model.variables()])
        price = np.zeros(self.rows)
        if linear:
            duals = result.dual_values()
            price = np.array([duals[row] for row in model.linear_constraints()])
        objective = result.objective_value()
        bound = objective if proven else result.termination.objective_bounds.dual_bound
        return ProgramResult(value, price, objective, bound, proven)
