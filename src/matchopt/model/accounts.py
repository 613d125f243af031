"""Decode: the flow becomes the tables and sums of a plan, in the caller's own ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import Ints
from matchopt.case import Case
from matchopt.model.classes import CHANNELS, unmet_cost
from matchopt.model.money import (
    LARGEST_SUM,
    MONEY_SCALE,
    beyond_counting,
    exact_dot,
    from_money,
    round_half_even,
    with_residue,
)
from matchopt.model.network import Lines, Network
from matchopt.model.reasons import donation_reasons, need_reasons
from matchopt.model.routes import COST_KINDS, DIRECT


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The lines of a plan in the order they are written, with all that is known of each.

    Attributes
    ----------
    donation, need, quantity, hub, pickup, arrival, stay, delivery : (l,) int
        Table rows, scaled quantity, hub number, days and days in storage.
    unit_cost : (l, kinds) int
        1/10 000 currency per donated unit, in the order of `COST_KINDS`.
    """

    donation: Ints
    need: Ints
    quantity: Ints
    hub: Ints
    pickup: Ints
    arrival: Ints
    stay: Ints
    delivery: Ints
    unit_cost: Ints


@dataclass(frozen=True, slots=True)
class Books:
    """A finished plan's tables and sums, before it is proven.

    Attributes
    ----------
    allocations, needs, donations
        As in `Plan`.
    served, planned : int
        Scaled quantity of each need served and of each donation planned.
    cost : dict
        Kind → sum of (1/10 000 currency per unit) × (scaled quantity).
    """

    allocations: pd.DataFrame
    needs: pd.DataFrame
    donations: pd.DataFrame
    served: Ints
    planned: Ints
    cost: dict[str, int]


def settle(case: Case, network: Network, lines: Lines, tail: Ints, head: Ints) -> Deliveries:
    """Give each line its route, days and costs, and sort the lines as they are written.

    `tail` and `head` are the donation and need class of each flow arc that `lines` number.
    """
    days = np.zeros((4, len(tail)), dtype=np.int64)
    hub = np.full(len(tail), DIRECT, dtype=np.int64)
    unit_cost = np.zeros((len(tail), len(COST_KINDS)), dtype=np.int64)
    for part in network.parts:
        arcs = np.flatnonzero(np.isin(tail, part.rows))
        rows, columns = np.searchsorted(part.rows, tail[arcs]), np.searchsorted(part.columns, head[arcs])
        hub[arcs], route = part.itinerary(rows, columns)
        days[:, arcs] = route.pickup, route.arrival, route.stay, route.delivery
        unit_cost[arcs] = route.unit_cost
    need_id = case.needs["need_id"].to_numpy(dtype=object)[lines.need]
    donation_id = case.donations["donation_id"].to_numpy(dtype=object)[lines.donation]
    # Hubs are numbered by name, so that the order of numbers is the order of names.
    order = np.lexsort((days[0, lines.arc], hub[lines.arc], _rank(donation_id), _rank(need_id)))
    arc = lines.arc[order]
    pickup, arrival, stay, delivery = days[:, arc]
    return Deliveries(
        donation=lines.donation[order],
        need=lines.need[order],
        quantity=lines.quantity[order],
        hub=hub[arc],
        pickup=pickup,
        arrival=arrival,
        stay=stay,
        delivery=delivery,
        unit_cost=unit_cost[arc],
    )


def keep_books(case: Case, network: Network, deliveries: Deliveries) -> Books:
    """Return the plan's tables and sums."""
    served = _sum_by(deliveries.need, deliveries.quantity, len(network.asked))
    planned = _sum_by(deliveries.donation, deliveries.quantity, len(network.plannable))
    by_cost = case.settings.policy.objective == "total-cost"
    short = np.where(network.excluded, 0, network.asked - served)
    cost = {
        kind: exact_dot(deliveries.unit_cost[:, k], deliveries.quantity) for k, kind in enumerate(COST_KINDS)
    }
    cost |= {"purchase": 0, "unmet": exact_dot(unmet_cost(case), short)}
    show = network.scale.from_ints
    needs = case.needs[["need_id", "community", "item", "priority"]].assign(
        asked=show(network.asked), served=show(served), unmet=show(network.asked - served),
        reason=need_reasons(network, served, by_cost),
    )  # fmt: skip
    donations = case.donations[["donation_id", "donor", "item"]].assign(
        offered=show(network.offered), planned=show(planned), left_over=show(network.offered - planned),
        reason=donation_reasons(network, planned, by_cost),
    )  # fmt: skip
    return Books(
        _allocations(case, network, deliveries),
        _with_extras(needs, case, "needs"),
        _with_extras(donations, case, "donations"),
        served, planned, cost,
    )  # fmt: skip


def summarize(
    case: Case, network: Network, books: Books, tier_bound: dict[int, int] | None, cost_bound: int
) -> dict[str, Any]:
    """Return the content of ``summary.json``.

    Parameters
    ----------
    tier_bound
        Priority → scaled quantity that no plan exceeds; None under total cost.
    cost_bound
        Proven least cost, in 1/10 000 currency × scaled quantity.
    """
    scale, priority = network.scale, case.needs["priority"].to_numpy(dtype=np.int64)
    tiers = {str(t): priority == t for t in np.unique(priority)}
    channels = {c: (case.needs["channel"] == c).to_numpy() for c in CHANNELS}
    channels = {c: mark for c, mark in channels.items() if mark.any()}

    def by(marks: dict[str, Any], amount: Ints) -> dict[str, int | float]:
        return {name: scale.number(_total(amount[mark])) for name, mark in marks.items()}

    logistics = sum(books.cost[kind] for kind in (*COST_KINDS, "purchase"))
    reached = logistics if tier_bound is not None else logistics + books.cost["unmet"]
    gap = (reached - cost_bound) / max(reached, 1)
    bound: dict[str, Any] = {"cost": scale.money(cost_bound)}
    if tier_bound is not None:
        served = {t: _total(books.served[priority == t]) for t in tier_bound}
        missed = sum(tier_bound.values()) - sum(served.values())
        gap = gap if served == tier_bound else max(missed, 1) / max(sum(tier_bound.values()), 1)
        bound = {"served_by_tier": {str(t): scale.number(q) for t, q in tier_bound.items()}} | bound
    asked, served_all = _total(network.asked), _total(books.served)
    offered, planned_all = _total(network.offered), _total(books.planned)
    return {
        "status": "optimal" if gap == 0 else "feasible",
        "objective": case.settings.policy.objective,
        "currency": case.settings.rates.currency,
        "horizon": dict(network.calendar.iso()),
        "asked": scale.number(asked),
        "served": scale.number(served_all),
        "unmet": scale.number(asked - served_all),
        "excluded": scale.number(_total(network.asked[network.excluded])),
        "asked_by_tier": by(tiers, network.asked),
        "served_by_tier": by(tiers, books.served),
        "asked_by_channel": by(channels, network.asked),
        "served_by_channel": by(channels, books.served),
        "offered": scale.number(offered),
        "planned": scale.number(planned_all),
        "left_over": scale.number(offered - planned_all),
        "allocations": len(books.allocations),
        "logistics_cost": scale.money(logistics),
        "cost": {kind: scale.money(amount) for kind, amount in books.cost.items()},
        "bound": bound,
        "gap": gap,
        "unmet_by_reason": _by_reason("needs", books.needs["reason"], network.asked - books.served, network),
        "left_over_by_reason": _by_reason(
            "donations", books.donations["reason"], network.offered - books.planned, network
        ),
    }


def _allocations(case: Case, network: Network, deliveries: Deliveries) -> pd.DataFrame:
    quantity, unit = deliveries.quantity, network.scale.unit
    by_line = dict(zip(COST_KINDS, _line_money(deliveries.unit_cost, quantity, unit).T, strict=True))
    other = by_line["identification"] + by_line["penalty"] + by_line["transfer"]
    total = by_line["transport"] + by_line["handling"] + by_line["storage"] + other
    hub_names = np.append(network.hubs.names, "")
    show, dates = network.scale.from_ints, network.calendar.dates
    return pd.DataFrame(
        {
            "allocation_id": _numbered(len(quantity)),
            "donation_id": case.donations["donation_id"].to_numpy(dtype=object)[deliveries.donation],
            "need_id": case.needs["need_id"].to_numpy(dtype=object)[deliveries.need],
            "donated_quantity": show(quantity),
            "served_quantity": show(quantity),
            "hub": hub_names[deliveries.hub],
            "pickup_day": dates(deliveries.pickup),
            "arrival_day": dates(deliveries.arrival),
            "delivery_day": dates(deliveries.delivery),
            "transport_cost": from_money(by_line["transport"]),
            "handling_cost": from_money(by_line["handling"]),
            "storage_cost": from_money(by_line["storage"]),
            "other_cost": from_money(other),
            "total_cost": from_money(total),
        }
    )


def _line_money(unit_cost: Ints, quantity: Ints, unit: int) -> Ints:
    """Return unit costs × quantity (lines, kinds) in 1/10 000 currency.

    Where a step is a fraction, the line's total is rounded, half to even, and its largest kind
    takes up what the rounded kinds miss of it.

    Raises
    ------
    CaseError
        If a line's cost is beyond what int64 can add up.
    """
    if (unit_cost.sum(axis=1) * quantity.astype(np.float64)).max(initial=0.0) > LARGEST_SUM:
        raise beyond_counting("the cost of one delivery", LARGEST_SUM / unit / MONEY_SCALE)
    exact = unit_cost * quantity[:, None]
    parts, total = round_half_even(exact, unit), round_half_even(exact.sum(axis=1), unit)
    return with_residue(parts, total, largest=exact.argmax(axis=1))


def _numbered(count: int) -> Iterable[str]:
    width = max(4, len(str(count)))
    return [f"A{number:0{width}d}" for number in range(1, count + 1)]


def _with_extras(table: pd.DataFrame, case: Case, name: str) -> pd.DataFrame:
    """Append the caller's own columns; one that has a plan column's name gets ``_given`` after it."""
    if name not in case.extras:
        return table
    extras = case.extras[name].rename(columns=lambda c: f"{c}_given" if c in table.columns else c)
    return pd.concat([table, extras], axis=1)


def _by_reason(what: str, reason: pd.Series, amount: Ints, network: Network) -> dict[str, dict[str, Any]]:
    codes = reason.to_numpy(dtype=object)
    return {
        code: {
            what: int((codes == code).sum()),
            "quantity": network.scale.number(_total(amount[codes == code])),
        }
        for code in sorted(set(codes.tolist()) - {""})
    }


def _rank(names: Any) -> Ints:
    """Return the rank of each name among the distinct ones, by code points."""
    return np.unique(names, return_inverse=True)[1] if len(names) else np.zeros(0, dtype=np.int64)


def _sum_by(index: Ints, amount: Ints, size: int) -> Ints:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, index, amount)
    return total


def _total(amount: Ints) -> int:
    """Return the exact sum, as a Python integer."""
    return exact_dot(amount, np.ones_like(amount))
