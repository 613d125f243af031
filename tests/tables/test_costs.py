"""What is so dear that it cannot be counted is refused by the check, at its row, and not by planning."""

from __future__ import annotations

import pandas as pd
import pytest

import matchopt
from checked import Check

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


def test_rates_that_make_a_unit_too_dear_are_named(check: Check) -> None:
    files = {"needs.csv": NEEDS, "donations.csv": DONATIONS, "items.csv": items(2)}
    got = check(files, ["rates.handling_direct=9e8"])
    assert got.errors == [("too_large", "matchopt.toml", None, "rates.handling_direct")]


def test_what_little_money_buys_by_the_million_is_counted(check: Check) -> None:
    files = {
        "needs.csv": NEEDS,
        "donations.csv": DONATIONS.replace("gold", "money"),
        "items.csv": "item,kind,purchase_price\nmoney,funds,\ngold,goods,1e-9\n",
    }
    got = check(files, ["rates.identification={ resident = 2.0 }"])
    assert got.errors == [("too_large", "items", 3, "purchase_price")]


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
