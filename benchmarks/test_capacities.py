"""Hubs that are full, and limits that never bind. Optimum asserted, time only measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from pytest_benchmark.fixture import BenchmarkFixture

import matchopt
from benchmarks.make import SIZES, tables, with_capacities
from benchmarks.peers import one_program_over_all_columns

SERVED = {1: 8867, 2: 10578, 3: 18571, 4: 16078, 5: 6722}
LEAST_COST = 19561.46
RATES = {"rates": {"handling_direct": 0.8}}
"""A direct trip is dear, so that hubs are sought after."""

VILLAGE = {1: 768, 2: 1176, 3: 1207, 4: 1299, 5: 429}
SCARCE = {
    "village": (30, 40, {1: 768, 2: 1176, 3: 1204.912088, 4: 1282.912088, 5: 386.912088}),
    "town": (120, 150, {1: 2823, 2: 4506, 3: 6976, 4: 5470.648782, 5: 3760.387927}),
}
"""Size → throughput, storage, and what the relaxation serves of each tier."""

MIDDLE = {1: 33154, 2: 45156, 3: 77979, 4: 68526, 5: 19778}
THIRD_OF_HUB_DAYS = 20 * 28 / 3


def full(size: str, throughput: float, storage: float) -> matchopt.Case:
    """Return a case whose hubs take and hold so many kg a day."""
    return matchopt.Case.from_frames(
        settings=RATES, **with_capacities(tables(SIZES[size]), throughput, storage)
    )


def priced_hub_days(plan: matchopt.Plan) -> int:
    """Count the hubs and days at which one more kg of room would save something."""
    rows = plan.prices["side"].isin(["throughput", "storage"]) & (plan.prices["stage"] == "cost")
    return len(plan.prices.loc[rows, ["id", "day"]].drop_duplicates())


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return tables(SIZES["quarter"])


def test_plan_with_full_hubs(benchmark: BenchmarkFixture, frames: dict[str, pd.DataFrame]) -> None:
    """Hubs take 700 kg a day and hold 900 kg overnight; a direct trip is dear."""
    case = matchopt.Case.from_frames(settings=RATES, **with_capacities(frames, 700, 900))
    plan = benchmark.pedantic(matchopt.plan, (case,), rounds=1)
    assert plan.served_by_tier == SERVED
    assert plan.summary["relaxation"]["cost"] == pytest.approx(LEAST_COST, abs=0.05)
    assert plan.gap <= 0.005
    assert matchopt.verify(case, plan) == ()


@pytest.mark.parametrize("capacity", [np.nan, 1e9])
def test_plan_with_hubs_that_are_never_full(
    benchmark: BenchmarkFixture, frames: dict[str, pd.DataFrame], capacity: float
) -> None:
    """Limits that do not bind take no block: the two times stand side by side."""
    case = matchopt.Case.from_frames(settings=RATES, **with_capacities(frames, capacity, capacity))
    plan = benchmark(matchopt.plan, case)
    assert plan.gap == 0
    assert plan.run["work"]["blocks"] == 0
    assert plan.served_by_tier == SERVED


@pytest.fixture(scope="module")
def village() -> matchopt.Case:
    return full("village", 120, 160)


def test_plan_beside_a_peer(benchmark: BenchmarkFixture, village: matchopt.Case) -> None:
    plan = benchmark(matchopt.plan, village)
    assert plan.served_by_tier == VILLAGE
    assert plan.summary["relaxation"]["cost"] == pytest.approx(2370.53, abs=0.01)
    assert plan.gap <= 0.005
    assert matchopt.verify(village, plan) == ()


def test_peer_one_program_over_all_columns(benchmark: BenchmarkFixture, village: matchopt.Case) -> None:
    cost, ways = benchmark.pedantic(one_program_over_all_columns, (village, VILLAGE), rounds=1)
    assert cost == pytest.approx(2370.53, abs=0.01)
    assert ways == 47421


@pytest.mark.parametrize("size", SCARCE)
def test_plan_where_hubs_have_too_little_room(benchmark: BenchmarkFixture, size: str) -> None:
    """Coverage is scarce too: whole things lose less than 1 % of what the relaxation serves in any tier."""
    if size == "town" and benchmark.disabled and settings.get_current_profile_name() != "deep":
        pytest.skip("takes a minute: only where time is measured, and before a release")
    throughput, storage, relaxed = SCARCE[size]
    case = full(size, throughput, storage)
    plan = benchmark.pedantic(matchopt.plan, (case,), rounds=1)
    for tier, most in relaxed.items():
        assert 0.99 * most <= plan.served_by_tier[tier]
    assert plan.gap <= 0.01
    assert matchopt.verify(case, plan) == ()


def test_plan_of_the_middle_case(benchmark: BenchmarkFixture) -> None:
    """20 000 needs, 2 000 donations, 20 hubs, 28 days; limits bind on a third of the hub-days."""
    if benchmark.disabled:
        pytest.skip("takes minutes: only where time is measured")
    case = full("middle", 900, 1100)
    plan = benchmark.pedantic(matchopt.plan, (case,), rounds=1)
    assert plan.served_by_tier == MIDDLE
    assert plan.summary["relaxation"]["cost"] == pytest.approx(136_653.72, abs=0.2)
    assert plan.gap <= 0.005
    assert priced_hub_days(plan) >= THIRD_OF_HUB_DAYS
    assert matchopt.verify(case, plan) == ()
