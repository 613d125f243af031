"""The summary of a plan: its totals, what is proven of them, and why the rest stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Ints
from matchopt.contract.case import Case
from matchopt.model.classes import CHANNELS
from matchopt.model.money import added
from matchopt.model.network import Network
from matchopt.model.routes import COST_KINDS
from matchopt.result.books import Books
from matchopt.tolerances import EQUAL, ROUNDING


@dataclass(frozen=True, slots=True)
class Bound:
    """What no plan exceeds.

    Attributes
    ----------
    served : dict or None
        Priority → scaled quantity, given the best in those before; None under total cost. What the
        plan reaches is exact, what no plan reaches is not rounded up.
    cost : int
        Least cost, in 1/10 000 currency × scaled quantity.
    fairness : float or None
        Most of the smallest coverage, or least shortfall; None where no fairness is sought.
    """

    served: dict[int, Fraction | float] | None
    cost: int
    fairness: float | None


@dataclass(frozen=True, slots=True)
class FairnessReached:
    """What a plan reaches of the fairness sought.

    Attributes
    ----------
    rule
        ``floor``, ``leximin`` or ``share``.
    value
        Smallest coverage; under ``share`` the shortfall, in item units.
    cells
        How many cells count.
    held_by
        Community and category of the cells that hold the smallest coverage where it is; none under ``share``.
    """

    rule: str
    value: float
    cells: int
    held_by: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """A budget: its limit and what was used of it, in currency; and what one more would serve, by tier."""

    limit: float
    used: float
    one_more: dict[str, float]


def summarize(
    case: Case,
    network: Network,
    books: Books,
    bound: Bound,
    relaxation: Bound,
    *,
    fair: FairnessReached | None,
    spent: BudgetUse | None,
    stopped: str,
) -> dict[str, Any]:
    """Return the content of ``summary.json``.

    Parameters
    ----------
    bound, relaxation
        What is proven, and what prices alone prove.
    fair, spent
        Fairness and budget, where the case has them.
    stopped
        Why the search for whole quantities ended before its end: ``time_limit``, ``interrupted``, or empty.
    """
    scale, priority = network.scale, case.column("needs", "priority")
    tiers = {str(t): priority == t for t in np.unique(priority)}
    channel = case.column("needs", "channel")
    channels = {c: channel == c for c in CHANNELS}
    channels = {c: mark for c, mark in channels.items() if mark.any()}
    everyone = np.ones(len(priority), dtype=bool)

    def asked(needs: Bools) -> int | float:
        return scale.number(added(network.asked[needs]))

    def served(needs: Bools) -> int | float:
        return scale.number(books.served.of(needs))

    def unmet(needs: Bools) -> int | float:
        return scale.number(added(network.asked[needs]) - books.served.of(needs))

    def left_over(donations: Bools) -> int | float:
        return scale.number(added((network.offered - books.planned)[donations]))

    logistics = sum(books.cost[kind] for kind in COST_KINDS)
    gap = _gap(books, priority, logistics, bound, fair)
    return {
        "status": "optimal" if gap == 0 else "feasible",
        "objective": case.settings.policy.objective,
        "currency": case.settings.rates.currency,
        "horizon": dict(network.calendar.iso()),
        "asked": asked(everyone),
        "served": served(everyone),
        "unmet": unmet(everyone),
        "excluded": asked(network.excluded),
        "asked_by_tier": {tier: asked(mark) for tier, mark in tiers.items()},
        "served_by_tier": {tier: served(mark) for tier, mark in tiers.items()},
        "asked_by_channel": {channel: asked(mark) for channel, mark in channels.items()},
        "served_by_channel": {channel: served(mark) for channel, mark in channels.items()},
        "offered": scale.number(added(network.offered)),
        "planned": scale.number(added(books.planned)),
        "left_over": scale.number(added(network.offered) - added(books.planned)),
        "by_kind": _by_kind(case, network, books),
        "allocations": len(books.allocations),
        "last_allocation_id": books.last_id,
        "logistics_cost": scale.money(logistics),
        "cost": scale.parted({kind: books.cost[kind] for kind in COST_KINDS})
        | {"unmet": scale.money(books.cost["unmet"])},
        "bound": _shown(network, bound),
        "relaxation": _shown(network, relaxation),
        "proof": "search" if _closer(network, bound, relaxation) else "prices",
        "gap": gap,
        "fairness": _fairness(fair, bound, relaxation),
        "budget": None
        if spent is None
        else {
            "limit": spent.limit,
            "used": round(spent.used, 4),
            "one_more": {goal: round(gain, 6) for goal, gain in spent.one_more.items()},
        },
        "stopped": stopped,
        "unmet_by_reason": _by_reason("needs", books.needs["reason"], unmet),
        "left_over_by_reason": _by_reason("donations", books.donations["reason"], left_over),
    } | _commitments(case, network, books)


def _by_kind(case: Case, network: Network, books: Books) -> dict[str, Any]:
    """Return what people are told, for unlike things are not added up: requests, kg, services and money."""
    planned, items = books.planned, network.items
    donated = items.codes(case.column("donations", "item"))
    service, funds = items.service[donated], items.funds[donated]
    goods = ~(service | funds)
    full, none = books.needs["unmet"] <= 0, books.needs["served"] <= 0
    return {
        "requests": {
            "asked": len(full),
            "full": int(full.sum()),
            "part": int((~full & ~none).sum()),
            "none": int((~full & none).sum()),
        },
        "goods_kg": round(fsum(items.weight[donated[goods]] * planned[goods]) / network.scale.unit, 6),
        "services": network.scale.number(added(planned[service])),
        "funds": network.scale.number(added(planned[funds])),
    }


def _commitments(case: Case, network: Network, books: Books) -> dict[str, Any]:
    """Return what became of the lines that the case commits to; nothing where it has none."""
    if "commitments" not in case.tables:
        return {}
    pinned, kept = network.pinned, int(books.kept.sum())
    served = Fraction(float((pinned.quantity * pinned.ratio).sum()))
    said = {
        "pinned": len(pinned.need),
        "pinned_served": network.scale.number(served),
        "promised": len(books.kept),
        "kept": kept,
        "changed": len(books.kept) - kept,
        "churn_cost": network.scale.money(books.churn),
    }
    return {"commitments": said}


def _gap(books: Books, priority: Ints, logistics: int, bound: Bound, fair: FairnessReached | None) -> float:
    """Return the relative distance of the first stage that is not proven to be reached; 0 if all are.

    Less than a millionth is none.
    """
    stages = list[tuple[Fraction, Fraction]]()
    if fair is not None and bound.fairness is not None:
        stages.append((Fraction(fair.value), Fraction(bound.fairness)))
    for tier, most in (bound.served or {}).items():
        stages.append((books.served.of(priority == tier), Fraction(most)))
    unmet = 0 if bound.served is not None else books.cost["unmet"]
    stages.append((Fraction(logistics + books.churn + unmet), Fraction(bound.cost)))
    for reached, limit in stages:
        apart, size = abs(reached - limit), max(abs(reached), abs(limit))
        if apart > EQUAL * size + ROUNDING:
            return float(apart / size)
    return 0.0


def _shown(network: Network, bound: Bound) -> dict[str, Any]:
    shown: dict[str, Any] = {"cost": network.scale.money(bound.cost)}
    if bound.served is not None:
        served = {str(t): _quantity(network, q) for t, q in bound.served.items()}
        shown = {"served_by_tier": served} | shown
    return shown


def _quantity(network: Network, scaled: Fraction | float) -> int | float:
    if scaled == round(scaled):
        return network.scale.number(round(scaled))
    return round(float(scaled) / network.scale.unit, 6)


def _closer(network: Network, bound: Bound, relaxation: Bound) -> bool:
    """Return whether more is proven than prices alone prove, as far as it shows."""
    pairs = [(bound.fairness or 0.0, relaxation.fairness or 0.0)]
    shown, alone = (_shown(network, limit) for limit in (bound, relaxation))
    pairs.append((shown["cost"], alone["cost"]))
    pairs += [(q, alone["served_by_tier"][t]) for t, q in shown.get("served_by_tier", {}).items()]
    return any(abs(a - b) > EQUAL * (1 + abs(b)) for a, b in pairs)


def _fairness(fair: FairnessReached | None, bound: Bound, relaxation: Bound) -> dict[str, Any] | None:
    if fair is None:
        return None
    what = "shortfall" if fair.rule == "share" else "floor"
    limits = {
        name: round(fair.value if limit.fairness is None else limit.fairness, 9)
        for name, limit in (("bound", bound), ("relaxation", relaxation))
    }
    said: dict[str, Any] = {"rule": fair.rule, what: round(fair.value, 9), **limits}
    if fair.rule == "leximin":
        said["cells"] = fair.cells
    if fair.rule != "share":
        said["held_by"] = [{"community": c, "category": k} for c, k in fair.held_by]
    return said


def _by_reason(
    what: str, reason: pd.Series, quantity: Callable[[Bools], int | float]
) -> dict[str, dict[str, Any]]:
    codes = reason.to_numpy(dtype=object)
    return {
        code: {what: int((codes == code).sum()), "quantity": quantity(codes == code)}
        for code in sorted(set(codes.tolist()) - {""})
    }
