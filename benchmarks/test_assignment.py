"""One to one: 5 000 volunteers for 5 000 residents. Optimum asserted, time only measured.

The core, prices included, stands beside SciPy's matching and the same problem as a flow on
the same matrix, once with costs drawn evenly and once with distances, where the nearest
are mostly taken. Then a whole case: one mobility aid for one person, no two rows alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

import matchopt
from matchopt.arrays import Ints
from matchopt.solve.backends import OrTools
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.transport import Certificate, Transport

PEOPLE = 5_000
CANDIDATES = 100
ALONE = 10**10
"""What it costs to leave a resident alone: more than any detour."""

FIRST_DAY = np.datetime64("2026-03-02")
SERVED = {1: 483, 2: 769, 3: 1293, 4: 1239, 5: 1084}
COST = 9120.2002


def drawn() -> Transport:
    """Return a problem with candidates and costs drawn evenly."""
    random = np.random.default_rng(2026)
    head = np.concatenate([random.choice(PEOPLE, CANDIDATES, replace=False) for _ in range(PEOPLE)])
    tail = np.repeat(np.arange(PEOPLE), CANDIDATES)
    return everyone(tail, head, random.integers(0, 1_000_000, len(tail)))


def distances() -> Transport:
    """Return a problem with the nearest as candidates, at a cost of the distance in metres."""
    random = np.random.default_rng(2026)
    volunteer, resident = random.uniform(0, 20_000, (2, PEOPLE, 2))
    head = cKDTree(resident).query(volunteer, CANDIDATES)[1].ravel()
    tail = np.repeat(np.arange(PEOPLE), CANDIDATES)
    # Somebody for everybody, far or near, so that there is a full matching.
    tail, head = (np.concatenate([part, np.arange(PEOPLE)]) for part in (tail, head))
    tail, head = np.divmod(np.unique(tail * PEOPLE + head), PEOPLE)
    metres = np.hypot(*(volunteer[tail] - resident[head]).T)
    return everyone(tail, head, np.rint(metres).astype(np.int64))


def everyone(tail: Ints, head: Ints, cost: Ints) -> Transport:
    """Return the problem of matching everyone."""
    one = np.ones(PEOPLE, dtype=np.int64)
    return Transport(one, one, tail, head, cost, 0 * one, ALONE * one, np.arange(PEOPLE))


PROBLEMS = {"drawn": (drawn, 81_732_129), "distances": (distances, 1_799_081)}


@pytest.fixture(scope="module", params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> tuple[Transport, int]:
    make, least = PROBLEMS[request.param]
    return make(), least


def assigned(problem: Transport) -> Certificate:
    return NetworkSimplex().solve(problem).certificate


def flowed(problem: Transport) -> Ints:
    return OrTools().solve(problem).flow


def matched(problem: Transport) -> Ints:
    # Costs one higher: SciPy takes an entry of 0 for no entry.
    matrix = csr_array((problem.cost + 1.0, (problem.tail, problem.head)), shape=(PEOPLE, PEOPLE))
    row, column = min_weight_full_bipartite_matching(matrix)
    return np.asarray(matrix[row, column], dtype=np.int64) - 1


def test_assignment_with_its_prices(benchmark: BenchmarkFixture, problem: tuple[Transport, int]) -> None:
    matching, least = problem
    prices = benchmark(assigned, matching)
    assert (prices.supply_price[matching.tail] + prices.demand_price[matching.head] <= matching.cost).all()
    assert prices.supply_price.sum() + prices.demand_price.sum() == least


def test_peer_scipy_matching(benchmark: BenchmarkFixture, problem: tuple[Transport, int]) -> None:
    matching, least = problem
    assert benchmark(matched, matching).sum() == least


def test_peer_min_cost_flow(benchmark: BenchmarkFixture, problem: tuple[Transport, int]) -> None:
    matching, least = problem
    assert matching.cost @ benchmark(flowed, matching) == least


def aids() -> dict[str, Any]:
    """Return the tables of a case of single aids, each with its own place, days and quality."""
    random = np.random.default_rng(2026)
    kinds = [f"aid {k:02d}" for k in range(12)]
    place = random.uniform([30, 120], [31, 121], (200, 2))
    communities = pd.DataFrame(
        {
            "community": [f"C{i:04d}" for i in range(len(place))],
            "latitude": place[:, 0].round(5),
            "longitude": place[:, 1].round(5),
        }
    )
    items = pd.DataFrame({"item": kinds, "weight_kg": random.uniform(5, 30, len(kinds)).round(1)})
    instead = [(a, b) for k, a in enumerate(kinds) for b in kinds[k + 1 :] if random.random() < 0.4]
    substitutions = pd.DataFrame(instead, columns=["need_item", "donated_item"])
    substitutions["penalty"] = random.uniform(0.5, 5, len(instead)).round(2)
    needed, available = (FIRST_DAY + random.integers(0, 24, PEOPLE) for _ in range(2))
    needs = pd.DataFrame(
        {
            "need_id": [f"N{i:05d}" for i in range(PEOPLE)],
            "community": random.choice(communities["community"], PEOPLE),
            "item": random.choice(kinds, PEOPLE),
            "quantity": 1,
            "priority": random.choice([1, 2, 3, 4, 5], PEOPLE, p=[0.1, 0.15, 0.25, 0.25, 0.25]),
            "needed_from": needed.astype(str),
            "needed_by": (needed + random.integers(0, 4, PEOPLE)).astype(str),
            "min_quality": random.choice([1, 2, 3], PEOPLE),
        }
    )
    site = place[random.integers(0, len(place), PEOPLE)] + random.normal(0, 0.03, (PEOPLE, 2))
    donations = pd.DataFrame(
        {
            "donation_id": [f"D{i:05d}" for i in range(PEOPLE)],
            "item": random.choice(kinds, PEOPLE),
            "quantity": 1,
            "latitude": site[:, 0].round(5),
            "longitude": site[:, 1].round(5),
            "available_from": available.astype(str),
            "available_until": (available + random.integers(0, 4, PEOPLE)).astype(str),
            "quality": random.choice([2, 3, 4, 5], PEOPLE),
        }
    )
    return {
        "needs": needs,
        "donations": donations,
        "communities": communities,
        "items": items,
        "substitutions": substitutions,
    }


def test_plan_where_no_two_rows_are_alike(benchmark: BenchmarkFixture) -> None:
    case = matchopt.Case.from_frames(**aids())
    plan = benchmark.pedantic(matchopt.plan, args=(case,), rounds=3)
    assert plan.gap == 0
    assert plan.served_by_tier == SERVED
    assert plan.logistics_cost == COST
