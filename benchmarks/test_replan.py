"""A town planned once more after changes, few lines of it changed. What is proven asserted, time measured."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import matchopt
from benchmarks.make import SIZES, tables
from benchmarks.run import CHURN, replanned

SERVED = {1: 2823, 2: 4552, 3: 6982, 4: 5457, 5: 4335}
MOST_CHANGED = 20


@pytest.fixture(scope="module")
def later() -> tuple[matchopt.Case, matchopt.Plan]:
    first = tables(SIZES["town"])
    earlier = matchopt.plan(matchopt.Case.from_frames(**first))
    return replanned(first, earlier, CHURN), earlier


def test_replan(benchmark: BenchmarkFixture, later: tuple[matchopt.Case, matchopt.Plan]) -> None:
    case, earlier = later
    plan = benchmark.pedantic(matchopt.plan, (case,), {"warm": earlier}, rounds=1)
    assert plan.served_by_tier == SERVED
    assert plan.summary["commitments"]["changed"] <= MOST_CHANGED
    assert plan.gap < 2e-4
    assert matchopt.verify(case, plan) == ()
