"""What is so dear that it cannot be counted is refused by the check, at its row, and not by planning."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from checked import Check
from matchopt.errors import SolverError
from profiles import examples

NEEDS = "need_id,community,item,quantity,needed_from,needed_by\nn1,A,gold,1,2026-03-05,2026-03-09\n"
DONATIONS = "donation_id,item,quantity,origin,available_from\nd1,gold,1,B,2026-03-01\n"
LANES = "from_place,to_place,distance_km,cost_per_kg\nX,Y,1,1e9\nB,A,"
PLACES = "community,latitude,longitude\nA,0,0\nB,0,179\n"


def items(weight: object, kind: str = "goods") -> str:
    return f"item,kind,weight_kg\niron,goods,1e9\ngold,{kind},{weight}\n"


DEAR = [
    ({"items.csv": items(2), "lanes.csv": f"{LANES},9e8\n"}, ("lanes", 3, "cost_per_kg")),
    ({"items.csv": items(1e6), "lanes.csv": f"{LANES}1e6,\n"}, ("items", 3, "weight_kg")),
    ({"items.csv": items("", "service"), "lanes.csv": f"{LANES},1e9\n"}, None),
    ({"items.csv": items(3, "service"), "lanes.csv": f"{LANES},1e9\n"}, ("lanes", 3, "cost_per_kg")),
    ({"items.csv": items(9e8)}, None),
    ({"items.csv": items(9e8), "communities.csv": PLACES}, ("items", 3, "weight_kg")),
    (
        {
            "items.csv": items(20),
            "communities.csv": PLACES,
            "hubs.csv": "hub,latitude,longitude,handling_cost\nH,0,1,1\nI,0,2,1e9\n",
        },
        ("hubs", 3, "handling_cost"),
    ),
    (
        {
            "items.csv": items(20),
            "communities.csv": PLACES,
            "hubs.csv": "hub,latitude,longitude,storage_cost\nH,0,1,1e8\n",
        },
        ("hubs", 2, "storage_cost"),
    ),
    (
        {
            "needs.csv": NEEDS.replace("gold", "rice"),
            "substitutions.csv": "need_item,donated_item,ratio,penalty\nrice,gold,1,1e9\n",
        },
        ("substitutions", 2, "penalty"),
    ),
]


@pytest.mark.parametrize(("files", "place"), DEAR)
def test_a_unit_that_is_too_dear_is_refused_at_its_row(
    check: Check, files: dict[str, str], place: tuple[str, int, str] | None
) -> None:
    got = check({"needs.csv": NEEDS, "donations.csv": DONATIONS, **files})
    assert got.errors == ([] if place is None else [("too_large", *place)])
    if place is None:
        assert matchopt.plan(got.good).served == 1
    else:
        assert "a unit of gold may cost" in got.one("too_large").problem


AMOUNTS = (0, 1, 1e3, 1e6, 3e8, 1e9)


@examples(0.1)
@given(st.data())
def test_what_the_check_calls_plannable_is_planned(data: st.DataObject) -> None:
    def one(*of: float | None) -> Any:
        return data.draw(st.sampled_from(of or AMOUNTS))

    tables: dict[str, dict[str, Any]] = {
        "needs": {
            "need_id": ["n", "m"],
            "community": ["A", "B"],
            "item": ["x", "y"],
            "quantity": [one(1, 1e12), 2],
        },
        "donations": {
            "donation_id": ["c", "d", "e"],
            "item": ["x", "z", "cash"],
            "quantity": [one(1, 1e12), 3, 5],
        },
        "items": {"item": ["x", "z", "cash", "y"], "kind": ["goods", "goods", "funds", "goods"]},
        "substitutions": {
            "need_item": ["y"],
            "donated_item": ["z"],
            "ratio": [one(1, 1e6)],
            "penalty": [one()],
        },
        "lanes": {
            "from_place": ["A", "B", "H"],
            "to_place": ["B", "H", "A"],
            "distance_km": [one(1, 1e6), 1, 1],
        },
        "hubs": {"hub": ["H"], "handling_cost": [one()], "storage_cost": [one()]},
    }
    tables["donations"]["origin"] = ["A", "B", "B"]
    tables["items"] |= {
        "weight_kg": [one(), one(), 1, 1],
        "purchase_price": [None, None, None, one(None, 1e-6, 3)],
    }
    tables["lanes"]["cost_per_kg"] = [one(None, 0, 1e9), one(), one()]
    frames = {name: pd.DataFrame(columns) for name, columns in tables.items()}
    rates = {"handling_direct": one(0.1, 1e9), "identification": {"resident": one(0.0, 1e3)}}
    try:
        case = matchopt.Case.from_frames(**frames, settings={"rates": rates})
    except matchopt.CaseError as refused:
        errors = [finding for finding in refused.findings if finding.severity == "error"]
        assert {finding.code for finding in errors} == {"too_large"}
        return
    with suppress(SolverError):  # what such numbers are to a solver is another matter
        matchopt.plan(case)


def test_rates_that_make_a_unit_too_dear_are_named(check: Check) -> None:
    files = {"needs.csv": NEEDS, "donations.csv": DONATIONS, "items.csv": items(2)}
    got = check(files, ["rates.handling_direct=9e8"])
    assert got.errors == [("too_large", "matchopt.toml", None, "rates.handling_direct")]


def test_what_little_money_buys_by_the_million_is_counted(check: Check) -> None:
    files = {
        "needs.csv": NEEDS,
        "donations.csv": DONATIONS.replace("gold", "money"),
        "items.csv": "item,kind,purchase_price\nmoney,funds,\ngold,goods,1e-6\n",
    }
    got = check(files, ["rates.identification={ resident = 1000.0 }"])  # and the unit of money itself
    assert got.errors == [("too_large", "items", 3, "purchase_price")]
    assert check(files, ["rates.identification={ resident = 999.0 }"]).errors == []


@pytest.mark.parametrize(("rate", "row"), [(0.1, None), (1.0, 3)])
def test_a_delivery_beyond_counting_is_refused_at_its_row(rate: float, row: int | None) -> None:
    needs = pd.DataFrame({"need_id": ["n"], "community": "C", "item": "x", "quantity": [9e15]})
    gifts = pd.DataFrame({"donation_id": ["c", "d"], "item": "x", "quantity": [0.5e15, 8e15]})
    settings = {"rates": {"handling_direct": rate}}
    if row is None:
        case = matchopt.Case.from_frames(needs=needs, donations=gifts, settings=settings)
        assert matchopt.plan(case).served == 8.5e15
        return
    with pytest.raises(matchopt.CaseError, match="a delivery of x may cost 8e") as refused:
        matchopt.Case.from_frames(needs=needs, donations=gifts, settings=settings)
    found = [f for f in refused.value.findings if f.severity == "error"]
    assert [(f.table, f.row, f.column) for f in found] == [("donations", row, "quantity")]
