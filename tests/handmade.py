"""A small case with a plan worked out by hand, for tests of what is written and shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

import matchopt
from matchopt import Case, Plan
from matchopt.contract.plan import PURCHASES
from matchopt.contract.settings import Settings

RUN = {"solver": {"ortools": "9.15"}, "seconds": {"solve": 0.25}}


def case() -> Case:
    """Two needs at Riverside, two donations; dated, with a column that no schema knows."""
    needs = pd.DataFrame(
        {
            "need_id": ["n1", "n2"],
            "community": ["Riverside", "河滨"],
            "item": ["rice", "oil"],
            "quantity": [20, 5],
            "priority": [1, 5],
            "needed_by": ["2026-03-05", "2026-03-06"],
            "remark": ['says "soon", please', "急"],
        }
    )
    donations = pd.DataFrame(
        {
            "donation_id": ["d1", "d2"],
            "donor": ["Sunrise, Ltd.", "Ann"],
            "item": ["rice", "milk"],
            "quantity": [12, 0.5],
            "available_from": ["2026-03-01", "2026-03-02"],
        }
    )
    items = pd.DataFrame({"item": ["rice", "oil", "milk"], "step": [1, 1, 0.1]})
    return Case.from_frames(
        needs=needs,
        donations=donations,
        items=items,
        settings=Settings.parse({"rates": {"currency": '€ "x"'}}),
    )


def plan(of: Case | None = None) -> Plan:
    """Twelve of twenty bags of rice go to n1; each costs 0.10 for handling."""
    of = case() if of is None else of
    day = pd.Series(["2026-03-01"]).astype("datetime64[s]")
    allocations = pd.DataFrame(
        {
            "allocation_id": ["a1"],
            "donation_id": ["d1"],
            "need_id": ["n1"],
            "donated_quantity": [12],
            "served_quantity": [12],
            "hub": [""],
            "pickup_day": day,
            "arrival_day": day,
            "delivery_day": day,
            "transport_cost": [0.0],
            "handling_cost": [1.2],
            "storage_cost": [0.0],
            "other_cost": [-0.0],
            "total_cost": [1.2],
        }
    )
    needs = pd.DataFrame(
        {
            "need_id": ["n1", "n2"],
            "community": ["Riverside", "河滨"],
            "item": ["rice", "oil"],
            "priority": [1, 5],
            "asked": [20, 5],
            "served": [12, 0],
            "unmet": [8, 5],
            "reason": ["shortage", "no_such_item"],
            "obstacles": ["", "no_such_item"],
            "remark": ['says "soon", please', "急"],
        }
    )
    donations = pd.DataFrame(
        {
            "donation_id": ["d1", "d2"],
            "donor": ["Sunrise, Ltd.", "Ann"],
            "item": ["rice", "milk"],
            "offered": [12.0, 0.5],
            "planned": [12.0, 0.0],
            "left_over": [0.0, 0.5],
            "reason": ["", "no_such_item"],
        }
    )
    prices = pd.DataFrame(
        {
            "side": ["donation", "donation", "need", "need"],
            "id": ["d1", "d2", "n1", "n2"],
            "to": "",
            "day": pd.Series([pd.NaT] * 4).astype("datetime64[s]"),
            "block": 0,
            "stage": "",
            "level": [1, 10, 1, 5],
            "price": [0.1, 0.0, 0.0, 0.0],
        }
    )
    purchases = pd.DataFrame({name: pd.Series(dtype=object) for name in PURCHASES})
    return Plan(of, allocations, needs, donations, prices, purchases, summary(), RUN)


def purchases() -> pd.DataFrame:
    """A shopping list of two rows, as a plan might hold it."""
    return pd.DataFrame(
        {
            "item": ["oil", "rice"],
            "community": ["河滨", "Riverside"],
            "delivery_day": pd.Series(["2026-03-02", None]).astype("datetime64[s]"),
            "quantity": [1.538462, 3.0],
            "unit_price": [6.5, 1 / 3],
            "amount": [10.0, 1.0],
            "donation_id": ["d1", "d2"],
            "donor": ["Sunrise, Ltd.", "Ann"],
            "need_id": ["n2", "n1"],
        }
    )


def shared_prices() -> pd.DataFrame:
    """Prices of the rules that a block shares, with every kind of cell."""
    return pd.DataFrame(
        {
            "side": ["need", "storage", "lane", "reached"],
            "id": ["n1", "H1", "H1", "tier 1"],
            "to": ["", "", "河滨", ""],
            "day": pd.Series([None, "2026-03-02", None, None]).astype("datetime64[s]"),
            "block": [1, 1, 2, 2],
            "stage": ["cost", "tier 1", "cost", "cost"],
            "level": 0,
            "price": [0.1 + 0.2, 1e-7, 1234567.0000000002, 2 / 3],
        }
    )


def curve() -> pd.DataFrame:
    """A price of fairness of two points."""
    return pd.DataFrame(
        {
            "floor": [0.0, 0.5],
            "served": [12.0, 11.5],
            "coverage": [0.48, 0.46],
            "served_tier_1": [12, 9],
            "served_tier_5": [0.0, 2.5],
            "logistics_cost": [1.2, 1.33333],
            "bound_cost": [1.2, 1.333],
            "gap": [0.0, 0.00025],
        }
    )


def summary() -> dict[str, object]:
    """The summary of `plan`."""
    cost = dict.fromkeys(
        ("transport", "handling", "storage", "identification", "penalty", "transfer", "purchase", "unmet"), 0
    )
    return {
        "status": "optimal",
        "objective": "coverage-first",
        "currency": '€ "x"',
        "horizon": {"start": "2026-03-01", "end": "2026-03-06"},
        "asked": 25,
        "served": 12,
        "unmet": 13,
        "excluded": 0,
        "asked_by_tier": {"1": 20, "5": 5},
        "served_by_tier": {"1": 12, "5": 0},
        "asked_by_channel": {"resident": 25},
        "served_by_channel": {"resident": 12},
        "offered": 12.5,
        "planned": 12,
        "left_over": 0.5,
        "by_kind": {
            "requests": {"asked": 2, "full": 0, "part": 1, "none": 1},
            "goods_kg": 12.0,
            "services": 0,
            "funds": 0,
        },
        "allocations": 1,
        "logistics_cost": 1.2,
        "cost": {**cost, "handling": 1.2, "unmet": 13000},
        "bound": {"served_by_tier": {"1": 12, "5": 0}, "cost": 1.2},
        "relaxation": {"served_by_tier": {"1": 12, "5": 0}, "cost": 1.2},
        "proof": "prices",
        "gap": 0.0,
        "fairness": None,
        "budget": None,
        "stopped": "",
        "unmet_by_reason": {
            "no_such_item": {"needs": 1, "quantity": 5},
            "shortage": {"needs": 1, "quantity": 8},
        },
        "left_over_by_reason": {"no_such_item": {"donations": 1, "quantity": 0.5}},
    }


def city() -> Plan:
    """Many needs of two groups in communities of 2, 3, 30 and 40."""
    sizes = {"Big": 40, "Wide": 30, "Tiny": 2, "Small": 3}
    homes = [name for name, size in sizes.items() for _ in range(size)]
    at = np.arange(len(homes))
    return matchopt.plan(
        Case.from_frames(
            needs=pd.DataFrame(
                {
                    "need_id": [f"need-{k}" for k in at],
                    "community": homes,
                    "quantity": at % 4 + 1,
                    "item": ["rice" if k % 9 else "oil" for k in at],
                    "priority": at % 5 + 1,
                    "group": ["elderly" if k % 11 else "deaf" for k in at],
                }
            ),
            donations=pd.DataFrame(
                {
                    "donation_id": [f"gift-{k}" for k in range(20)],
                    "donor": [f"donor-{k % 7}" for k in range(20)],
                    "item": "rice",
                    "quantity": 5,
                    "latitude": 31.987654,
                    "longitude": 121.123456,
                }
            ),
            communities=pd.DataFrame(
                {"community": list(sizes), "latitude": [31.0, 31.1, 31.2, 31.3], "longitude": 121.0}
            ),
        )
    )
