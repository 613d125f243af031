"""Memory grows with the days on which something can be on its route, not with the square of the horizon."""

from __future__ import annotations

import tracemalloc

import pandas as pd

from matchopt import Case, plan
from matchopt.model.network import encode


def case_of(first: str, last: str, end: str, **donation: str) -> Case:
    """Two needs, one donation, and a hub that takes in three tenths of it a day."""
    return Case.from_frames(
        settings={"horizon": {"end": end}},
        needs=pd.DataFrame(
            {
                "need_id": ["n1", "n2"],
                "community": ["a", "b"],
                "item": ["rice", "rice"],
                "quantity": [50, 50],
                "needed_from": [first, first],
                "needed_by": [last, last],
            }
        ),
        donations=pd.DataFrame(
            {
                "donation_id": ["d"],
                "item": ["rice"],
                "quantity": [100],
                "origin": ["m"],
                "available_from": [first],
                **{name: [day] for name, day in donation.items()},
            }
        ),
        hubs=pd.DataFrame({"hub": ["h"], "throughput_capacity": [30], "storage_capacity": [40]}),
        lanes=pd.DataFrame(
            {"from_place": ["m", "h", "h"], "to_place": ["h", "a", "b"], "cost_per_kg": [0.1, 0.1, 0.1]}
        ),
    )


def test_ten_years_with_a_capacity_a_day_take_a_few_megabytes() -> None:
    plan(case_of("2026-01-01", "2026-01-05", "2026-01-05"))
    case = case_of("2026-01-01", "2035-12-31", "2035-12-31", available_until="2035-12-31")
    tracemalloc.start()
    found = plan(case)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.served == 100
    assert found.status == "optimal"
    assert len(found.allocations) >= 4
    assert peak < 30e6


def test_days_on_which_nothing_can_be_on_its_way_have_no_capacities() -> None:
    plain = case_of("2026-03-01", "2026-03-05", "2026-03-05")
    late = case_of("2026-03-01", "2026-03-05", "2099-12-31", expires_on="2099-12-31")
    assert encode(late).calendar.end > encode(plain).calendar.end
    assert len(encode(late).capacities) == len(encode(plain).capacities) == 2 * 5
    assert plan(late).allocations.equals(plan(plain).allocations)
