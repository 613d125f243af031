"""Kernels give the same bytes whether they are compiled or interpreted."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt import CaseError, arrays, plan, tolerances, verify
from matchopt.kernels import Loop, interpreted
from matchopt.model import pair_kernels
from matchopt.model.pair_kernels import Roads, fill_legs, leg
from matchopt.model.places import Places
from matchopt.runs import render
from matchopt.runs.render import _digits
from matchopt.solve import local_search, simple_rules, simplex
from matchopt.tables import csv
from matchopt.verifier import bounding
from small_case import SmallCase
from strategies import small_cases

TABLES = ("allocations", "needs", "donations", "prices", "purchases")


def planned(monkeypatch: pytest.MonkeyPatch, case: SmallCase, few: int) -> object:
    """Plan and verify with kernels interpreted up to so many steps."""
    monkeypatch.setattr("matchopt.kernels.FEW", few)
    try:
        found = plan(case.case())
    except CaseError as error:
        return [finding.problem for finding in error.findings]
    tables = [getattr(found, name).to_csv(index=False) for name in TABLES]
    return tables, dict(found.summary), found.run["work"], verify(found.case, found)


@given(small_cases())
def test_a_plan_and_its_verification_do_not_depend_on_who_runs_the_kernels(case: SmallCase) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert planned(monkeypatch, case, 0) == planned(monkeypatch, case, 10**9)


DEGREES = st.floats(-180, 180) | st.just(np.nan)


@given(st.lists(st.tuples(DEGREES, DEGREES, DEGREES, DEGREES), min_size=1, max_size=20))
def test_distances_are_the_same_to_the_bit(given_places: list[tuple[float, float, float, float]]) -> None:
    tails, heads = (
        Places(
            np.full(len(given_places), -1),
            np.array([row[k] for row in given_places]) / 2,
            np.array([row[k + 1] for row in given_places]),
        ).table()
        for k in (0, 2)
    )
    nowhere = np.zeros(len(tails) + 1, dtype=np.int64)
    roads = Roads(tails, heads, nowhere, nowhere[:0], np.zeros((0, 3)), 0.002, 1.3, False)
    for at in range(len(tails)):
        ours, theirs = leg(roads, at, at), interpreted(leg)(roads, at, at)
        assert np.array(ours, dtype=float).tobytes() == np.array(theirs, dtype=float).tobytes()


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=9), st.integers(0, 6), st.integers(0, 6))
def test_digits_are_the_same(values: list[int], places: int, keep: int) -> None:
    asked = np.array(values, dtype=np.int64), places, min(keep, places)
    ours: Any
    theirs: Any
    for ours, theirs in zip(_digits(*asked), interpreted(_digits)(*asked), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_what_is_interpreted_calls_nothing_compiled() -> None:
    assert not hasattr(interpreted(fill_legs), "py_func")
    closure = interpreted(fill_legs).__closure__
    assert closure is not None
    names = closure[0].cell_contents.__globals__
    assert not hasattr(names["leg"], "py_func")


def named(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


@pytest.mark.parametrize("module", [pair_kernels, simplex, local_search, simple_rules, render, csv, bounding])
def test_the_numbers_that_kernels_read_stand_in_their_file(module: ModuleType) -> None:
    """Compiled code is kept under its file: it would not notice a change in another one."""
    tree = ast.parse(inspect.getsource(module))
    used = {
        part.name: named(part)
        for part in tree.body
        if isinstance(part, ast.FunctionDef) and isinstance(getattr(module, part.name), Loop)
    }
    made = {
        name: named(part.value)
        for part in tree.body
        if isinstance(part, ast.Assign)
        for target in part.targets
        for name in named(target)
    }
    imports = [part for part in tree.body if isinstance(part, ast.ImportFrom)]
    elsewhere = {name.asname or name.name for part in imports for name in part.names}
    read, new = set[str](), set[str]().union(*used.values())
    assert used
    while new:
        read |= new
        new = set[str]().union(*(made.get(name, set()) for name in new)) - read
    assert [name for name in read & elsewhere if isinstance(getattr(module, name), int | float)] == []


def test_numbers_that_kernels_have_of_their_own_are_those_of_all_others() -> None:
    assert pair_kernels.FORBIDDEN == simple_rules.FORBIDDEN == arrays.FORBIDDEN
    assert pair_kernels.SAFE == bounding._SURE == 1 - tolerances.ROUNDING
