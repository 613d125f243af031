"""A town: the whole way, stage by stage, and one peer. Optimum asserted, time only measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import matchopt
from benchmarks.make import SIZES, write
from benchmarks.peers import min_cost_flow_over_all_pairs

SERVED = {1: 2823, 2: 4506, 3: 6976, 4: 5638, 5: 4219}
COST = 6923.2795


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town")
    write(SIZES["town"], path)
    return path


@pytest.fixture(scope="module")
def case(folder: Path) -> matchopt.Case:
    return matchopt.read_case(folder)


def test_read_and_check(benchmark: BenchmarkFixture, folder: Path) -> None:
    case = benchmark(matchopt.read_case, folder)
    assert len(case.needs) == SIZES["town"].needs


def test_plan(benchmark: BenchmarkFixture, case: matchopt.Case) -> None:
    plan = benchmark(matchopt.plan, case)
    assert plan.gap == 0
    assert plan.served_by_tier == SERVED
    assert plan.logistics_cost == COST


def test_verify(benchmark: BenchmarkFixture, case: matchopt.Case) -> None:
    plan = matchopt.plan(case)
    assert benchmark(matchopt.verify, case, plan) == ()


def test_peer_min_cost_flow_over_all_pairs(benchmark: BenchmarkFixture, case: matchopt.Case) -> None:
    served, cost = benchmark(min_cost_flow_over_all_pairs, case)
    assert served == SERVED
    assert cost == COST
