"""Affinities: of several rows that name a pair the most specific counts."""

import pandas as pd
import pytest

import matchopt

ROWS = {
    "pair": {"donation_id": "d", "need_id": "n", "score": 0.9},
    "gift and group": {"donation_id": "d", "group": "elderly", "score": 0.8},
    "donor and need": {"donor": "Baker", "need_id": "n", "score": 0.7},
    "donor and group": {"donor": "Baker", "group": "elderly", "score": 0.6},
    "others": {"donation_id": "e", "need_id": "n", "score": 0.0},
}


def cost(
    rows: list[str],
    *,
    weight: float = 10.0,
    ratio: float = 1.0,
    group: str | None = "elderly",
    donor: str = "Baker",
) -> float:
    """Return the cost of one unit that d gives to n, which is handed over for nothing else."""
    needs = {
        "need_id": ["n", "m"],
        "community": ["A", "A"],
        "item": ["rice", "salt"],
        "quantity": [1, 1],
        "group": [group, "elderly"],
    }
    gifts = {
        "donation_id": ["d", "e", "f"],
        "item": ["flour", "milk", "milk"],
        "quantity": [1 / ratio, 1, 1],
        "donor": [donor, "Miller", "Baker"],
    }
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame(needs),
        donations=pd.DataFrame(gifts),
        items=pd.DataFrame({"item": ["rice", "flour", "milk", "salt"], "step": [0.5, 0.5, 1, 1]}),
        substitutions=pd.DataFrame({"need_item": ["rice"], "donated_item": ["flour"], "ratio": [ratio]}),
        affinities=pd.DataFrame([ROWS[name] for name in rows]),
        settings={"rates": {"handling_direct": 0.0}, "policy": {"affinity_weight": weight}},
    )
    plan = matchopt.plan(case)
    assert plan.served == 1
    assert plan.cost["penalty"] == plan.logistics_cost
    assert matchopt.verify(case, plan) == ()
    return plan.logistics_cost


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["pair", "gift and group", "donor and need", "donor and group"], 1.0),
        (["donor and group", "donor and need", "gift and group"], 2.0),
        (["donor and group", "donor and need"], 3.0),
        (["donor and group"], 4.0),
        (["others"], 0.0),
    ],
)
def test_the_most_specific_row_counts(rows: list[str], expected: float) -> None:
    assert cost(rows) == expected


def test_who_is_not_named_costs_nothing_more() -> None:
    assert cost(["gift and group", "donor and group"], group=None) == 0
    assert cost(["donor and group", "donor and need"], donor="Miller") == 0


def test_it_counts_per_served_unit() -> None:
    assert cost(["pair"], ratio=2.0) == 1.0


def test_without_a_weight_it_costs_nothing() -> None:
    assert cost(list(ROWS), weight=0.0) == 0


def test_of_two_donors_the_better_fit_is_taken() -> None:
    gifts = {"donation_id": ["a", "b"], "item": ["rice"] * 2, "quantity": [3, 3], "donor": ["Ann", "Bob"]}
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["A"], "item": ["rice"], "quantity": [3]}),
        donations=pd.DataFrame(gifts),
        affinities=pd.DataFrame({"donor": ["Ann", "Bob"], "need_id": ["n", "n"], "score": [0.2, 0.4]}),
        settings={"policy": {"affinity_weight": 1.0}},
    )
    assert matchopt.plan(case).allocations["donation_id"].tolist() == ["b"]
