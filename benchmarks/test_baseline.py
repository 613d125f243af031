"""The engine does no more work than it did, to the same optimum; and far less than a peer."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

import matchopt
from benchmarks.baseline import CASES, FILE, figures
from benchmarks.peers import min_cost_flow_over_all_pairs

TOLERANCE = 0.05
"""By what share a counter may be off its baseline."""

AHEAD = 3
"""How many times less processor time than the peer we take at least, decoding and all."""

BASELINE = json.loads(FILE.read_text("utf-8"))


@pytest.fixture(scope="module", params=CASES)
def told(request: pytest.FixtureRequest) -> tuple[matchopt.Case, matchopt.Plan, dict[str, Any]]:
    case = matchopt.Case.from_frames(**CASES[request.param]())
    return case, matchopt.plan(case), BASELINE[request.param]


def test_the_optimum_is_that_of_the_baseline(
    told: tuple[matchopt.Case, matchopt.Plan, dict[str, Any]],
) -> None:
    _, plan, expected = told
    found = figures(plan)
    assert plan.gap == 0
    assert found["served_by_tier"] == expected["served_by_tier"]
    assert found["logistics_cost"] == expected["logistics_cost"]


def test_no_counter_is_off_its_baseline(told: tuple[matchopt.Case, matchopt.Plan, dict[str, Any]]) -> None:
    _, plan, expected = told
    work = figures(plan)["work"]
    assert work.keys() == expected["work"].keys()
    off = {
        counter: (value, expected["work"][counter])
        for counter, value in work.items()
        if abs(value - expected["work"][counter]) > TOLERANCE * expected["work"][counter]
    }
    assert not off, f"more work, or less: {off}; if that is meant, run: python -m benchmarks.baseline"


def test_far_ahead_of_the_flow_over_all_pairs() -> None:
    # A town is too small to tell: there both take a tenth of a second.
    case = matchopt.Case.from_frames(**CASES["city slice"]())
    matchopt.plan(case)
    start = time.process_time()
    plan = matchopt.plan(case)
    ours = time.process_time() - start
    start = time.process_time()
    served, cost = min_cost_flow_over_all_pairs(case)
    theirs = time.process_time() - start
    assert served == plan.served_by_tier
    assert cost == plan.logistics_cost
    assert theirs > AHEAD * ours, f"{theirs:.1f} s of processor time against ours of {ours:.1f} s"
