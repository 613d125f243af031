"""Shared capacities: what loads them, that a plan obeys them, and the other ways it takes then."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import matchopt
from matchopt.model.network import encode

NEEDS = {
    "need_id": ["n"],
    "community": ["A"],
    "item": ["rice"],
    "quantity": [10],
    "needed_from": ["2026-03-05"],
    "needed_by": ["2026-03-06"],
}
DONATIONS = {
    "donation_id": ["d"],
    "item": ["rice"],
    "quantity": [10],
    "origin": ["Farm"],
    "community": ["B"],
    "available_from": ["2026-03-01"],
    "available_until": ["2026-03-02"],
}
COMMUNITIES = {"community": ["A", "B"], "organization": ["One", "Two"]}
LIMITS = [
    ("hubs", "throughput_capacity"),
    ("hubs", "storage_capacity"),
    ("lanes", "capacity_kg"),
    ("agreements", "max_quantity_kg"),
]


def waiting(**changed: dict[str, Any]) -> matchopt.Case:
    """The rice (2 kg a unit) is picked up before it is needed, so that it must wait in the hub for days."""
    made: dict[str, dict[str, Any]] = {
        "needs": NEEDS,
        "donations": DONATIONS,
        "communities": COMMUNITIES,
        "hubs": {"hub": ["Hub"]},
        "lanes": {"from_place": ["Farm", "Hub"], "to_place": ["Hub", "A"], "distance_km": [1, 1]},
        "agreements": {"from_organization": ["Two"], "to_organization": ["One"]},
        "items": {"item": ["rice"], "weight_kg": [2]},
    }
    frames: dict[str, Any] = {name: pd.DataFrame(rows | changed.get(name, {})) for name, rows in made.items()}
    return matchopt.Case.from_frames(settings={"horizon": {"start": "2026-03-01"}}, **frames)


def limited(table: str, column: str, capacity: float) -> matchopt.Case:
    return waiting(**{table: {column: [capacity, None] if table == "lanes" else [capacity]}})


@pytest.mark.parametrize(("table", "column"), LIMITS)
def test_a_capacity_that_is_just_enough_is_obeyed(table: str, column: str) -> None:
    case = limited(table, column, 20)
    plan = matchopt.plan(case)
    assert plan.served == 10
    assert plan.allocations["hub"].tolist() == ["Hub"]
    assert plan.run["work"]["blocks"] == 0
    assert matchopt.verify(case, plan) == ()


@pytest.mark.parametrize(
    ("table", "column", "served"),
    [
        # 19 kg are nine units; over both pick-up days throughput lets all ten pass.
        ("hubs", "throughput_capacity", 10),
        ("hubs", "storage_capacity", 9),
        ("lanes", "capacity_kg", 9),
        ("agreements", "max_quantity_kg", 9),
    ],
)
def test_a_capacity_that_binds_is_obeyed(table: str, column: str, served: int) -> None:
    case = limited(table, column, 19)
    plan = matchopt.plan(case)
    assert (plan.served, plan.status) == (served, "optimal")
    assert plan.run["work"]["blocks"] == 1
    assert matchopt.verify(case, plan) == ()
    assert plan.needs["reason"].tolist() == ["" if served == 10 else "capacity"]
    assert plan.donations["reason"].tolist() == ["" if served == 10 else "capacity"]


@pytest.mark.parametrize(("table", "column"), LIMITS)
def test_a_capacity_of_nothing_is_closed(table: str, column: str) -> None:
    case = limited(table, column, 0)
    plan = matchopt.plan(case)
    assert (plan.served, plan.status) == (0, "optimal")
    assert plan.needs["reason"].tolist() == plan.donations["reason"].tolist() == ["capacity"]
    assert matchopt.verify(case, plan) == ()


def test_another_hub_and_another_day_stay_open() -> None:
    # Hub lets 4 units pass a day, Residual any number, but dearly.
    case = waiting(
        hubs={"hub": ["Hub", "Residual"], "throughput_capacity": [8, None], "handling_cost": [0.1, 9]},
        lanes={
            "from_place": ["Farm", "Hub", "Farm", "Residual"],
            "to_place": ["Hub", "A", "Residual", "A"],
            "distance_km": [1, 1, 1, 1],
        },
    )
    plan = matchopt.plan(case)
    lines = plan.allocations.groupby(["hub", plan.allocations["pickup_day"].dt.day])
    sent = lines["donated_quantity"].sum()
    assert sent["Hub"].to_dict() == {1: 4, 2: 4}
    assert sent["Residual"].sum() == 2
    assert matchopt.verify(case, plan) == ()


def test_a_hub_of_which_nothing_is_known_is_no_capacity() -> None:
    network = encode(waiting())
    assert len(network.capacities) == 0
    assert network.capacities.days == 6


def test_each_capacity_is_a_row_and_each_day_of_a_hub_is_one() -> None:
    case = waiting(
        hubs={"throughput_capacity": [5], "storage_capacity": [7]},
        lanes={"capacity_kg": [None, 3]},
        agreements={"max_quantity_kg": [4]},
    )
    capacities = encode(case).capacities
    assert capacities.side == ("throughput",) * 6 + ("storage",) * 6 + ("lane", "agreement")
    assert capacities.limit.tolist() == [5] * 6 + [7] * 6 + [3, 4]
    assert (capacities.name[-2:], capacities.to[-2:]) == (("Hub", "Two"), ("A", "One"))
    assert (capacities.day[:6] - capacities.start).tolist() == list(range(6))
    assert capacities.day[-2:].tolist() == [-1, -1]


def test_a_capacity_is_exceeded_beyond_the_dust_of_adding_up() -> None:
    capacities = encode(limited("agreements", "max_quantity_kg", 0.3)).capacities
    assert not capacities.exceeded(np.asarray(pd.Series([0.1 + 0.2]), dtype=float)).any()
    assert capacities.exceeded(np.asarray(pd.Series([0.300001]), dtype=float)).all()


def test_services_and_money_load_nothing() -> None:
    items = {"item": ["rice", "cash", "flour"], "kind": ["service", "funds", "goods"]}
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": ["n", "m"], "community": ["A", "A"], "item": ["rice", "flour"], "quantity": [10, 10]}
        ),
        donations=pd.DataFrame(
            {
                "donation_id": ["d", "e"],
                "item": ["rice", "cash"],
                "quantity": [10, 10],
                "community": ["B", "B"],
            }
        ),
        communities=pd.DataFrame(COMMUNITIES),
        agreements=pd.DataFrame(
            {"from_organization": ["Two"], "to_organization": ["One"], "max_quantity_kg": [0]}
        ),
        items=pd.DataFrame(items | {"purchase_price": [None, None, 2]}),
    )
    plan = matchopt.plan(case)
    assert plan.needs["served"].tolist() == [10, 5]
    assert matchopt.verify(case, plan) == ()


def test_an_undated_case_passes_through_its_hubs_on_its_one_day() -> None:
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["A"], "item": ["rice"], "quantity": [10]}),
        donations=pd.DataFrame(
            {"donation_id": ["d"], "item": ["rice"], "quantity": [10], "origin": ["Farm"]}
        ),
        hubs=pd.DataFrame({"hub": ["Hub"], "throughput_capacity": [4], "storage_capacity": [0]}),
        lanes=pd.DataFrame({"from_place": ["Farm", "Hub"], "to_place": ["Hub", "A"], "distance_km": [1, 1]}),
    )
    plan = matchopt.plan(case)
    assert plan.served == 4
    assert plan.allocations["arrival_day"].isna().all()
    assert matchopt.verify(case, plan) == ()
