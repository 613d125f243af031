"""Cases and plans worked by hand, for the verifier to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from comparison import rows_of
from matchopt import Case, Plan
from matchopt.contract.plan import ALLOCATIONS, DONATIONS, NEEDS, PRICES, PURCHASES
from matchopt.verifier.rules import STEPS
from oracle import Rules

Row = Mapping[str, Any]

MARCH = "2026-03-"


def case_of(settings: Mapping[str, Any] | None = None, **tables: Sequence[Row]) -> Case:
    """Return the case of rows that give only some cells."""
    frames = {name: pd.DataFrame(list(rows)) for name, rows in tables.items()}
    return Case.from_frames(settings=settings or {}, **frames)


def days(*numbers: int | None) -> list[Any]:
    """Return days of March 2026; None is no day."""
    return [pd.NaT if n is None else pd.Timestamp(f"{MARCH}{n:02}") for n in numbers]


def line(
    donation: str,
    need: str,
    quantity: float,
    costs: tuple[float, float, float, float],
    when: tuple[int | None, int | None, int | None] = (None, None, None),
    hub: str = "",
    served: float | None = None,
) -> dict[str, Any]:
    """Return a row of allocations; `costs` are transport, handling, storage, other of all of it.

    `served` is needed where it is not what is given.
    """
    pickup, arrival, delivery = days(*when)
    served = quantity if served is None else served
    return dict(
        zip(
            ALLOCATIONS,
            (
                "",
                donation,
                need,
                quantity,
                served,
                hub,
                pickup,
                arrival,
                delivery,
                *costs,
                round(sum(costs), 4),
            ),
            strict=True,
        )
    )


def price(
    stage: str, side: str, name: str, value: float, *, to: str = "", day: int | None = None, block: int = 1
) -> Row:
    """Return a row of prices of a block from 1; `day` is one of March 2026."""
    return dict(zip(PRICES, (side, name, to, days(day)[0], block, stage, 0, value), strict=True))


def plan_of(
    case: Case,
    lines: Sequence[dict[str, Any]],
    *,
    needs: Mapping[str, str],
    donations: Mapping[str, str],
    prices: Mapping[str, tuple[int, float]],
    kinds: Mapping[str, float],
    served_by_tier: Mapping[str, float] | None = None,
    shared: Sequence[Row] = (),
    claims: Mapping[str, Any] | None = None,
    purchases: Sequence[Row] = (),
) -> Plan:
    """Return the plan that consists of `lines`, optimal unless `claims` say otherwise.

    Parameters
    ----------
    needs, donations
        Id → reason.
    prices
        Id of a need or donation in block 0 → level and price.
    kinds
        What is not 0 of identification, penalty, transfer, purchase and unmet.
    served_by_tier
        Needed where not all needs are of tier 5.
    shared
        Rows of prices of the blocks from 1, made by `price`.
    claims
        Entries of the summary that are not as in an optimal plan proven by prices.
    purchases
        Rows of the shopping list.
    """
    frame = pd.DataFrame([{**row, "allocation_id": f"A{k:04}"} for k, row in enumerate(lines, 1)])
    if frame.empty:
        frame = pd.DataFrame({name: pd.Series(dtype=object) for name in ALLOCATIONS})
    got = {key: [row for row in lines if row["need_id"] == key] for key in needs}
    gave = {key: [row for row in lines if row["donation_id"] == key] for key in donations}
    need_rows = [
        (
            n.need_id,
            n.community,
            n.item,
            n.priority,
            n.quantity,
            q,
            round(n.quantity - q, 6),
            needs[n.need_id],
            needs[n.need_id] if needs[n.need_id] in (*STEPS, "excluded") else "",
        )
        for n in rows_of(case.needs)
        for q in [round(sum(row["served_quantity"] for row in got[n.need_id]), 6)]
    ]
    gift_rows = [
        (d.donation_id, d.donor, d.item, d.quantity, q, d.quantity - q, donations[d.donation_id])
        for d in rows_of(case.donations)
        for q in [sum(row["donated_quantity"] for row in gave[d.donation_id])]
    ]
    need_table, gift_table = (
        pd.DataFrame(need_rows, columns=NEEDS),
        pd.DataFrame(gift_rows, columns=DONATIONS),
    )
    plain = [
        (side, key, "", pd.NaT, 0, "", *prices[key])
        for side, keys in (("need", needs), ("donation", donations))
        for key in keys
        if key in prices
    ]
    price_tables = [pd.DataFrame(list(rows), columns=PRICES) for rows in (plain, shared) if rows]
    price_table = pd.concat(price_tables or [pd.DataFrame(columns=PRICES)], ignore_index=True)
    price_table = price_table.astype({"day": "datetime64[s]"})
    summary = _summary(case, lines, need_table, gift_table, kinds, served_by_tier)
    summary |= claims or {}
    bought = pd.DataFrame(list(purchases), columns=PURCHASES).astype({"delivery_day": "datetime64[s]"})
    return Plan(case, frame, need_table, gift_table, price_table, bought, summary, {})


def _summary(
    case: Case,
    lines: Sequence[dict[str, Any]],
    needs: pd.DataFrame,
    gifts: pd.DataFrame,
    kinds: Mapping[str, float],
    served_by_tier: Mapping[str, float] | None,
) -> dict[str, Any]:
    cost = dict.fromkeys(
        ("transport", "handling", "storage", "identification", "penalty", "transfer", "purchase", "unmet"),
        0.0,
    )
    for kind in ("transport", "handling", "storage"):
        cost[kind] = round(sum(row[f"{kind}_cost"] for row in lines), 4)
    cost |= kinds
    logistics = round(sum(row["total_cost"] for row in lines), 4)
    policy = case.settings.policy
    tiers = {"5": float(needs.served.sum())} if served_by_tier is None else dict(served_by_tier)
    bound: dict[str, Any] = {"served_by_tier": dict(tiers), "cost": logistics}
    if policy.objective == "total-cost":
        bound = {"cost": round(logistics + cost["unmet"], 4)}
    channel = case.needs.channel.to_numpy()
    return {
        "status": "optimal",
        "objective": policy.objective,
        "currency": case.settings.rates.currency,
        "horizon": _horizon(case),
        "asked": float(needs.asked.sum()),
        "served": float(needs.served.sum()),
        "unmet": float(needs.unmet.sum()),
        "excluded": float(needs.asked[needs.reason == "excluded"].sum()),
        "asked_by_tier": {str(k): float(q) for k, q in needs.groupby("priority").asked.sum().items()},
        "served_by_tier": tiers,
        "asked_by_channel": {str(k): float(q) for k, q in needs.groupby(channel).asked.sum().items()},
        "served_by_channel": {str(k): float(q) for k, q in needs.groupby(channel).served.sum().items()},
        "offered": float(gifts.offered.sum()),
        "planned": float(gifts.planned.sum()),
        "left_over": float(gifts.left_over.sum()),
        "by_kind": _by_kind(case, needs, gifts),
        "allocations": len(lines),
        "last_allocation_id": f"A{len(lines):04}" if lines else "",
        "logistics_cost": logistics,
        "cost": cost,
        "relaxation": bound,
        "bound": bound,
        "proof": "prices",
        "gap": 0.0,
        "fairness": None,
        "budget": None,
        "stopped": "",
        "unmet_by_reason": _reasons(needs, "unmet", "needs"),
        "left_over_by_reason": _reasons(gifts, "left_over", "donations"),
    }


def _by_kind(case: Case, needs: Any, gifts: Any) -> dict[str, Any]:
    items = {row.item: (row.kind, row.weight_kg) for row in rows_of(case.table("items"))}
    facts = [items.get(item, ("goods", 1.0)) for item in gifts.item]
    kind, weight = (np.array(column) for column in zip(*facts, strict=True))
    planned, short = gifts.planned.to_numpy(dtype=float), (needs.unmet > 0).to_numpy()
    part = int((short & (needs.served > 0)).sum())
    counts = {"full": int((~short).sum()), "part": part, "none": int(short.sum()) - part}
    return {
        "requests": {"asked": len(needs), **counts},
        "goods_kg": float((planned * weight)[kind == "goods"].sum()),
        "services": float(planned[kind == "service"].sum()),
        "funds": float(planned[kind == "funds"].sum()),
    }


def _horizon(case: Case) -> dict[str, str | None]:
    days: dict[str, list[dict[Any, Any]]] = {
        table: [
            {name: day.date() for name, day in row.items() if isinstance(day, pd.Timestamp)}
            for row in case.tables[table].to_dict("records")
        ]
        for table in ("needs", "donations")
    }
    dated, *ends = Rules.horizon(days, case.settings.horizon.model_dump())
    first, last = (date.fromordinal(day).isoformat() if dated else None for day in ends)
    return {"start": first, "end": last}


def _reasons(table: pd.DataFrame, column: str, word: str) -> dict[str, dict[str, float]]:
    given = table[table.reason != ""]
    return {
        str(code): {word: len(rows), "quantity": float(rows[column].sum())}
        for code, rows in given.groupby("reason")
    }


TOWN: dict[str, Any] = {
    "items": [
        {"item": "rice"},
        {"item": "milk", "weight_kg": 2, "cold": True, "step": 0.5},
        {"item": "visit", "kind": "service"},
        {"item": "tea"},
    ],
    "organizations": [{"organization": "A"}, {"organization": "B"}],
    "communities": [
        {"community": "North", "organization": "A"},
        {"community": "South", "organization": "B"},
    ],
    "hubs": [{"hub": "Dry", "cold": False}, {"hub": "Cool", "cold": True}],
    "agreements": [{"from_organization": "A", "to_organization": "B", "transfer_cost": 0.03}],
    "lanes": [
        {"from_place": "Depot", "to_place": "North", "distance_km": 50, "lead_days": 1},
        {"from_place": "Depot", "to_place": "South", "distance_km": 100, "lead_days": 1},
        {"from_place": "Depot", "to_place": "Cool", "distance_km": 10},
        {"from_place": "Cool", "to_place": "South", "distance_km": 20, "lead_days": 1},
        {"from_place": "Cool", "to_place": "North", "distance_km": 30, "lead_days": 1},
        {"from_place": "Depot", "to_place": "Dry", "distance_km": 5},
        {"from_place": "Dry", "to_place": "South", "distance_km": 5, "lead_days": 1},
    ],
    "exclusions": [{"group": "vip"}],
    "needs": [
        {"need_id": "n1", "community": "North", "item": "rice", "quantity": 6, "priority": 1},
        {
            "need_id": "n2",
            "community": "South",
            "item": "rice",
            "quantity": 8,
            "priority": 2,
            "channel": "public_sector",
        },
        {
            "need_id": "n3",
            "community": "South",
            "item": "milk",
            "quantity": 2,
            "priority": 2,
            "needed_from": "2026-03-05",
            "needed_by": "2026-03-06",
        },
        {"need_id": "n4", "community": "North", "item": "rice", "quantity": 3, "priority": 2, "group": "vip"},
        {"need_id": "n5", "community": "South", "item": "visit", "quantity": 3, "priority": 2},
    ],
    "donations": [
        {
            "donation_id": "d1",
            "item": "rice",
            "quantity": 10,
            "origin": "Depot",
            "community": "North",
            "available_from": "2026-03-01",
            "available_until": "2026-03-10",
            "note": "ring",
        },
        {
            "donation_id": "d2",
            "item": "milk",
            "quantity": 3,
            "origin": "Depot",
            "available_from": "2026-03-01",
            "available_until": "2026-03-01",
            "note": "",
        },
        {"donation_id": "d3", "item": "visit", "quantity": 5, "origin": "South", "reliability": 0.5},
        {"donation_id": "d5", "item": "tea", "quantity": 4, "origin": "Depot"},
    ],
}
"""One town with a bit of everything: two tiers, hubs, cold and storage, a service, a transfer."""

TOWN_SETTINGS = {"rates": {"identification": {"public_sector": 0.05}}}


def town(**changes: Sequence[Row]) -> Case:
    """Return the town, with some tables exchanged."""
    return case_of(TOWN_SETTINGS, **(TOWN | changes))


def town_plan(case: Case | None = None) -> Plan:
    """Return the best plan of the town.

    Rice: 6 of 10 to tier 1 directly at 0.2 (50 km × 0.002 + 0.1), 4 to tier 2 via Dry at 0.3 (10 km,
    hub 0.2, identification 0.05, transfer 0.03; directly it were 0.38). Milk, 2 kg each, is there on
    1 March and wanted on 5 March: via Cool with 3 days of storage, 2 × (0.06 + 0.2 + 0.03) = 0.58.
    Visits: half of 5 is 2, free. Rice is scarce up to tier 2 (level 2, 0.3 a unit), n1 saves 0.1
    against that; milk is not scarce (level 10), n3 costs 0.58.
    """
    case = town() if case is None else case
    plan = plan_of(
        case,
        [
            line("d1", "n1", 6, (0.6, 0.6, 0, 0), (1, 2, 2)),
            line("d1", "n2", 4, (0.08, 0.8, 0, 0.32), (1, 1, 2), "Dry"),
            line("d2", "n3", 2, (0.24, 0.8, 0.12, 0), (1, 1, 5), "Cool"),
            line("d3", "n5", 2, (0, 0, 0, 0), (1, 1, 1)),
        ],
        needs={"n1": "", "n2": "outranked", "n3": "", "n4": "excluded", "n5": "shortage"},
        donations={"d1": "", "d2": "demand_met", "d3": "unreliable", "d5": "no_such_item"},
        prices={
            "n1": (2, -0.1),
            "n2": (2, 0),
            "n3": (10, 0.58),
            "n4": (2, 0),
            "n5": (2, 0),
            "d1": (2, 0.3),
            "d2": (10, 0),
            "d3": (2, 0),
            "d5": (10, 0),
        },
        kinds={"identification": 0.2, "transfer": 0.12, "unmet": 5000.0},
        served_by_tier={"1": 6, "2": 8},
    )
    return replace(plan, donations=plan.donations.assign(note=["ring", "", "", ""]))
