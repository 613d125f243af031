"""Hubs that are full, and limits that never bind. Optimum asserted, time only measured."""

from __future__ import annotations

import numpy as np
import pytest

import matchopt
from benchmarks.make import SIZES, tables, with_capacities

SERVED = {1: 8867, 2: 10578, 3: 18571, 4: 16078, 5: 6722}
LEAST_COST = 19561.46
RATES = {"rates": {"handling_direct": 0.8}}


@pytest.fixture(scope="module")
def frames():
    return tables(SIZES["quarter"])


def test_plan_with_full_hubs(benchmark, frames):
    """Hubs take 700 kg a day and hold 900 kg overnight; a direct trip is dear."""
    case = matchopt.Case.from_frames(settings=RATES, **with_capacities(frames, 700, 900))
    plan = benchmark.pedantic(matchopt.plan, (case,), rounds=1)
    assert plan.served_by_tier == SERVED
    assert plan.summary["relaxation"]["cost"] == pytest.approx(LEAST_COST, abs=0.05)
    assert plan.gap <= 0.005
    assert matchopt.verify(case, plan) == ()


@pytest.mark.parametrize("capacity", [np.nan, 1e9])
def test_plan_with_hubs_that_are_never_full(benchmark, frames, capacity):
    """Limits that do not bind take no block: the two times stand side by side."""
    case = matchopt.Case.from_frames(settings=RATES, **with_capacities(frames, capacity, capacity))
    plan = benchmark(matchopt.plan, case)
    assert plan.gap == 0
    assert plan.run["work"]["blocks"] == 0
    assert plan.served_by_tier == SERVED
