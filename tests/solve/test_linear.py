"""Programs: prices, bounds, odd shapes, and what a limit of time leaves."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import Floats
from matchopt.errors import SolverError
from matchopt.solve import linear
from matchopt.solve.linear import Program, ProgramResult
from profiles import examples


def knapsack(objective: Sequence[float], weight: Sequence[float], room: float, *, whole: bool) -> Program:
    program = Program()
    things = program.add_columns(len(objective), np.array(objective, dtype=float), 1.0, whole)
    row = program.add_rows(1, upper=room)
    program.add_entries(row[0], things, np.array(weight, dtype=float))
    return program


def test_a_price_says_what_one_more_of_a_bound_is_worth() -> None:
    program = Program()
    x = program.add_columns(2, np.array([3.0, 2.0]))
    most = program.add_rows(2, upper=np.array([4.0, 3.0]))
    program.add_entries(most[[0, 0, 1]], x[[0, 1, 0]], 1.0)
    least = program.add_rows(2, lower=np.array([2.0, 0.0]))
    program.add_entries(least, x[[1, 0]], 1.0)
    answer = program.maximise()
    # x = 2, y = 2: one more of the first row is worth 3, one less of y 1; the others do not bind.
    assert answer.value == pytest.approx([2, 2])
    assert answer.price == pytest.approx([3, 0, -1, 0])
    assert answer.objective == pytest.approx(10)
    assert (answer.bound, answer.proven) == (answer.objective, True)


@examples(0.25)
@given(st.data(), st.integers(1, 3), st.integers(1, 3))
def test_prices_have_the_sign_of_their_row_and_prove_the_objective(
    data: st.DataObject, rows: int, count: int
) -> None:
    def numbers(least: int, most: int, size: int) -> Floats:
        return np.array(data.draw(st.lists(st.integers(least, most), min_size=size, max_size=size)), float)

    program = Program()
    gain, upper = numbers(0, 5, count), numbers(1, 6, rows)
    matrix = numbers(0, 3, rows * count).reshape(rows, count) + np.eye(rows, count)
    matrix[:, ~matrix.any(axis=0)] = 1.0
    columns = program.add_columns(count, gain)
    most = program.add_rows(rows, upper=upper)
    program.add_entries(most[:, None], columns, matrix)
    # What at least one column has to be: within reach, since 1/9 of everything is.
    lower = np.full(count, upper.min() / (matrix.sum(axis=1).max() * 2))
    least = program.add_rows(count, lower=lower)
    program.add_entries(least, columns, 1.0)
    answer = program.maximise()
    assert (answer.price[most] >= -1e-9).all()
    assert (answer.price[least] <= 1e-9).all()
    proof = answer.price[most] @ upper + answer.price[least] @ lower
    assert proof == pytest.approx(answer.objective, abs=1e-7)
    assert (answer.price[most] @ matrix + answer.price[least] >= gain - 1e-7).all()


@examples(0.25)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=6), st.integers(0, 12))
def test_whole_columns_are_whole_and_best(things: list[tuple[int, int]], room: int) -> None:
    objective, weight = zip(*things, strict=True)
    answer = knapsack(objective, weight, room, whole=True).maximise()
    packs = itertools.product((0, 1), repeat=len(things))
    best = max(np.dot(pack, objective) for pack in packs if np.dot(pack, weight) <= room)
    assert answer.proven
    assert answer.objective == pytest.approx(best)
    assert answer.bound == pytest.approx(best)
    assert np.abs(answer.value - np.rint(answer.value)).max() < 1e-6


def test_columns_keep_to_their_own_bounds() -> None:
    program = Program()
    columns = program.add_columns(3, np.array([1.0, -1.0, 1.0]), np.array([2.0, 9.0, 2.5]), lower=1.5)
    row = program.add_rows(1, upper=100.0)
    program.add_entries(row[0], columns, 1.0)
    assert program.maximise().value == pytest.approx([2, 1.5, 2.5])


def test_entries_of_one_place_add_up() -> None:
    program = Program()
    column = program.add_columns(1, 1.0)
    row = program.add_rows(1, upper=6.0)
    for coefficient in (1.0, 0.5, 0.5):
        program.add_entries(row, column, coefficient)
    assert program.maximise().value == pytest.approx([3])


def test_entries_broadcast_one_row_over_many_columns() -> None:
    program = Program()
    columns = program.add_columns(4, 1.0)
    row = program.add_rows(1, upper=2.0)
    program.add_entries(row[0], columns, 1.0)
    assert program.maximise().objective == pytest.approx(2)


def test_a_program_without_columns_has_an_empty_answer() -> None:
    program = Program()
    program.add_rows(2, upper=1.0)
    answer = program.maximise()
    assert len(answer.value) == 0
    assert answer.price.tolist() == [0, 0]
    assert (answer.objective, answer.bound, answer.proven) == (0, 0, True)


@pytest.mark.parametrize("rows", [None, 0, 2])
def test_a_program_without_entries_takes_each_column_to_its_bound(rows: int | None) -> None:
    program = Program()
    program.add_columns(2, np.array([1.0, -1.0]), 5.0)
    if rows is not None:
        program.add_rows(rows, upper=1.0)
    answer = program.maximise()
    assert answer.value == pytest.approx([5, 0])
    assert len(answer.price) == (rows or 0)


@pytest.mark.parametrize("whole", [False, True])
def test_a_program_without_a_plan_is_an_error_not_an_answer(whole: bool) -> None:
    program = Program()
    column = program.add_columns(1, 1.0, 1.0, whole)
    row = program.add_rows(1, lower=2.0)
    program.add_entries(row, column, 1.0)
    with pytest.raises(SolverError):
        program.maximise()


def test_a_program_without_a_bound_is_an_error_not_an_answer() -> None:
    program = Program()
    program.add_columns(1, 1.0)
    program.add_rows(1, upper=1.0)
    with pytest.raises(SolverError):
        program.maximise()


def test_the_interior_point_method_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each of 40 needs takes from the nearer of two donations first; all costs differ.
    def solve() -> ProgramResult:
        program = Program()
        cost = np.arange(80, dtype=float).reshape(2, 40) % 7 + 1.0
        columns = program.add_columns(80, (10.0 - cost).ravel())
        supply, demand = program.add_rows(2, upper=15.0), program.add_rows(40, upper=1.0)
        program.add_entries(supply[np.repeat([0, 1], 40)], columns, 1.0)
        program.add_entries(demand[np.tile(np.arange(40), 2)], columns, 1.0)
        return program.maximise()

    by_simplex = solve()
    monkeypatch.setattr(linear, "BARRIER_COLUMNS", 1)
    by_barrier = solve()
    assert by_barrier.objective == pytest.approx(by_simplex.objective)
    assert by_barrier.price @ ([15] * 2 + [1] * 40) == pytest.approx(by_barrier.objective)


def market_split(count: int = 40, rows: int = 5) -> tuple[Program, Floats, Floats]:
    """Return a program far beyond any search of a tenth of a second, its weights and its room.

    Nothing at all is a plan.
    """
    weight = np.arange(1, count * rows + 1, dtype=float).reshape(rows, count) * 7919 % 99 + 1.0
    room = np.floor(weight.sum(axis=1) / 2)
    program = Program()
    columns = program.add_columns(count, weight.sum(axis=0), 1.0, whole=True)
    row = program.add_rows(rows, upper=room)
    program.add_entries(row[:, None], columns, weight)
    return program, weight, room


@pytest.mark.parametrize("limit", [{"seconds": 0.1}, {"nodes": 2}])
def test_when_a_limit_is_reached_the_best_plan_so_far_is_kept_and_bounded(limit: dict[str, Any]) -> None:
    program, weight, room = market_split()
    answer = program.maximise(**limit)
    assert (weight @ np.rint(answer.value) <= room).all()
    assert answer.objective == pytest.approx(weight.sum(axis=0) @ answer.value)
    assert answer.bound >= answer.objective - 1e-6
    assert answer.proven == (answer.bound <= answer.objective + 1e-6)
