"""Real cases with answers worked out elsewhere (HiGHS over every pair, item by item)."""

from __future__ import annotations

from pathlib import Path

import pytest

import matchopt

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "cases"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the cases kept beside the project are not here"),
]


@pytest.mark.parametrize(
    ("name", "donations", "needs", "offered", "served", "unit_km"),
    [
        ("ppe-2020-04-22", 272, 13_303, 34_229, 7_862, 108_679.691),
        ("ppe-2020-05-28", 58, 19_038, 12_440, 12_440, 2_450_919.928),
        ("ppe-2020-06-18", 16, 27_588, 4_508, 4_508, 122_008.251),
    ],
)
def test_protective_equipment(
    name: str, donations: int, needs: int, offered: int, served: int, unit_km: float
) -> None:
    case = matchopt.read_case(SHARED / name)
    assert (len(case.donations), len(case.needs)) == (donations, needs)
    plan = matchopt.plan(case)
    assert plan.summary["offered"] == offered
    assert plan.served == served
    assert plan.logistics_cost == pytest.approx(unit_km, abs=0.01, rel=0)
    assert (plan.status, plan.gap) == ("optimal", 0)
    assert matchopt.verify(case, plan) == ()
