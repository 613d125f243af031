"""Books: the flow becomes the tables of a plan, in the caller's own ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.contract.case import Case
from matchopt.contract.frames import key_positions
from matchopt.contract.plan import PURCHASES, handed_on
from matchopt.language import tr
from matchopt.model.classes import unmet_cost
from matchopt.model.commitments import KEYS, last_number
from matchopt.model.money import (
    FINE,
    LARGEST_SUM,
    MONEY_SCALE,
    Quantities,
    beyond_counting,
    exact_dot,
    from_money,
    round_half_even,
    with_residue,
)
from matchopt.model.network import Network
from matchopt.model.routes import COST_KINDS
from matchopt.result.deliveries import Deliveries
from matchopt.result.reasons import Residual, reasons
from matchopt.tolerances import EQUAL


@dataclass(frozen=True, slots=True)
class Books:
    """A finished plan's tables and sums, before it is proven.

    Attributes
    ----------
    allocations, needs, donations, purchases
        As in `Plan`.
    served
        What each need is served.
    planned : int
        Scaled quantity of each donation planned.
    cost : dict
        Kind → sum of (1/10 000 currency per unit) × (scaled quantity).
    kept : (promises,) bool
        Which promises are kept.
    churn
        What the others cost, as `cost`.
    last_id
        The last id that any line ever had, ``""`` for none.
    """

    allocations: pd.DataFrame
    needs: pd.DataFrame
    donations: pd.DataFrame
    purchases: pd.DataFrame
    served: Quantities
    planned: Ints
    cost: dict[str, int]
    kept: Bools
    churn: int
    last_id: str


def keep_books(case: Case, network: Network, new: Deliveries, room: Floats, budget: float) -> Books:
    """Return the plan's tables and sums.

    Parameters
    ----------
    new
        What is planned besides the pinned lines.
    room, budget
        What the plan leaves of shared limits.
    """
    deliveries = new.joined(network.pinned).sorted(case)
    asked = Quantities.whole(network.asked)
    reached = deliveries.served_by_need(asked)
    served, planned = reached.quantity, deliveries.planned(len(network.plannable))
    by_cost = case.settings.policy.objective == "total-cost"
    missing = asked - reached
    served_up = missing.quantity + missing.rest / FINE <= EQUAL * network.scale.unit
    short = np.where(network.excluded | served_up, 0, missing.quantity)
    lines = np.stack([deliveries.donation, deliveries.need])
    left = Residual(network.supply - new.planned(len(planned)), short, lines, room, budget)
    cost = {
        kind: exact_dot(deliveries.unit_cost[:, k], deliveries.quantity) for k, kind in enumerate(COST_KINDS)
    }
    cost["unmet"] = missing.cost(unmet_cost(case), ~network.excluded)
    why = reasons(network, left, by_cost)
    show = network.scale.from_ints
    needs = pd.DataFrame(
        {name: case.needs[name] for name in ("need_id", "community", "item", "priority")}
        | {
            "asked": show(network.asked),
            "served": show(served),
            "unmet": show(network.asked - served),
            "reason": np.where(network.asked > served, why.needs, ""),
            "obstacles": np.where(network.asked > served, why.obstacles, ""),
        }
    )
    donations = pd.DataFrame(
        {name: case.donations[name] for name in ("donation_id", "donor", "item")}
        | {
            "offered": show(network.offered),
            "planned": show(planned),
            "left_over": show(network.offered - planned),
            "reason": np.where(network.offered > planned, why.donations, ""),
        }
    )
    names, last = _named(case, network, deliveries)
    allocations = _allocations(case, network, deliveries, names)
    kept = new.kept(network.promised)
    return Books(
        allocations,
        _with_extras(needs, case, "needs"),
        _with_extras(donations, case, "donations"),
        _purchases(case, network, deliveries, allocations),
        reached,
        planned,
        cost,
        kept,
        int((~kept).sum()) * network.promised.cost * network.scale.unit,
        _numbered(last, 1)[0] if last else "",
    )


def _allocations(case: Case, network: Network, deliveries: Deliveries, names: Sequence[str]) -> pd.DataFrame:
    quantity, unit = deliveries.quantity, network.scale.unit
    by_line = dict(zip(COST_KINDS, _line_money(deliveries.unit_cost, quantity, unit).T, strict=True))
    other = sum(by_line[kind] for kind in ("identification", "penalty", "transfer", "purchase"))
    total = by_line["transport"] + by_line["handling"] + by_line["storage"] + other
    hub_names = np.append(network.hubs.names, "")
    show, dates = network.scale.from_ints, network.calendar.dates
    return pd.DataFrame(
        {
            "allocation_id": names,
            "donation_id": case.column("donations", "donation_id")[deliveries.donation],
            "need_id": case.column("needs", "need_id")[deliveries.need],
            "donated_quantity": show(quantity),
            "served_quantity": _served(network, deliveries),
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
        raise beyond_counting(tr("the cost of one delivery"), LARGEST_SUM / unit / MONEY_SCALE)
    exact = unit_cost * quantity[:, None]
    parts, total = round_half_even(exact, unit), round_half_even(exact.sum(axis=1), unit)
    return with_residue(parts, total, largest=exact.argmax(axis=1))


def _named(case: Case, network: Network, deliveries: Deliveries) -> tuple[Sequence[str], int]:
    """Return the ids of lines, and the number of the last id that any line ever had.

    A line that goes as an earlier one did keeps the id of that. Where several would, the first one does,
    those that stay before all. New ids count on from the last, line by line.
    """
    count, last = len(deliveries.need), last_number(case)
    if not last:
        return _numbered(1, count), count
    lines = pd.DataFrame({name: getattr(deliveries, name) for name in KEYS})
    names, stays = np.full(count, "", dtype=object), np.zeros(count, dtype=bool)
    for earlier in (network.promised, network.pinned):
        if len(earlier.name):
            own = np.append(earlier.name, "")[key_positions(earlier.frame(), lines, KEYS)]
            named = own != ""
            names, stays = np.where(named, own, names), named & (earlier is network.pinned)
    order = np.argsort(~stays, kind="stable")
    names[order[pd.Series(names[order]).duplicated()]] = ""
    new = np.flatnonzero(names == "")
    names[new] = _numbered(last + 1, len(new))
    return list(names), last + len(new)


def _numbered(first: int, count: int) -> Sequence[str]:
    """Return `count` ids from `first` on, such as A0001, A0002, …, all of one length."""
    numbers = np.arange(first, first + count)
    places = 10 ** np.arange(max(4, len(str(first + count - 1))))[::-1]
    digits = numbers[:, None] // places % 10
    letters = np.pad(digits.astype(np.uint8) + ord("0"), ((0, 0), (1, 1)), constant_values=ord("A"))
    letters[:, -1] = ord(" ")
    return letters.tobytes().decode("ascii").split()


def _with_extras(table: pd.DataFrame, case: Case, name: str) -> pd.DataFrame:
    """Append the caller's own columns."""
    if name not in case.extras:
        return table
    extras = case.extras[name]
    names = handed_on(extras.columns.tolist(), table.columns.tolist())
    return pd.concat([table, extras.set_axis(names, axis="columns")], axis="columns")


def _served(network: Network, deliveries: Deliveries) -> Ints | Floats:
    """Return what each line serves in item units, to six decimals where it is no whole quantity."""
    if (deliveries.ratio == 1).all():
        return network.scale.from_ints(deliveries.quantity)
    served = np.round(deliveries.served / network.scale.unit, 6)
    return np.where(deliveries.ratio == 1, deliveries.quantity / network.scale.unit, served)


def _purchases(
    case: Case, network: Network, deliveries: Deliveries, allocations: pd.DataFrame
) -> pd.DataFrame:
    """Return the shopping list: what funds buy, for whom and by when."""
    bought = np.flatnonzero(deliveries.unit_cost[:, COST_KINDS.index("purchase")] > 0)
    need, donation = deliveries.need[bought], deliveries.donation[bought]
    if not len(bought):
        quantity, amount = (allocations[name].dtype for name in ("served_quantity", "donated_quantity"))
        return _nothing_bought(quantity, amount).copy(deep=False)
    lines = allocations.iloc[bought]
    table = pd.DataFrame(
        {
            "item": case.column("needs", "item")[need],
            "community": case.column("needs", "community")[need],
            "delivery_day": lines["delivery_day"].to_numpy(),
            "quantity": lines["served_quantity"].to_numpy(),
            "unit_price": np.round(1 / deliveries.ratio[bought], 6),
            "amount": lines["donated_quantity"].to_numpy(),
            "donation_id": lines["donation_id"].to_numpy(),
            "donor": case.column("donations", "donor")[donation],
            "need_id": lines["need_id"].to_numpy(),
        }
    )
    keys = ["item", "community", "delivery_day", "need_id", "donation_id"]
    return table.sort_values(keys, kind="stable", ignore_index=True)


@cache
def _nothing_bought(quantity: Any, amount: Any) -> pd.DataFrame:
    """Return the shopping list with no rows, of these types."""
    kinds = {"delivery_day": "datetime64[s]", "quantity": quantity, "unit_price": "float64", "amount": amount}
    return pd.DataFrame({name: pd.Series([], dtype=kinds.get(name, object)) for name in PURCHASES})
