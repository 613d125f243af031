"""Compare a plan of matchopt with the oracle, in exact arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

import matchopt
from matchopt import Plan
from oracle import Optimum, Rules
from oracle.optimum import Pair, asked, logistics_cost, served_by_tier, unmet_cost


def exact(quantity: Any) -> Fraction:
    """Return a quantity of a table as the decimal it shows."""
    return Fraction(str(quantity))


def same_money(shown: float, units: Fraction) -> bool:
    """Return whether currency `shown` is `units` of 1/10 000, rounded to a whole one at most."""
    return abs(Fraction(shown) * 10_000 - units) <= Fraction(1, 2) + Fraction(1, 10**6)


def shown_day(value: Any) -> date | None:
    """Return a day of a table as a date, None where there is none."""
    return None if pd.isna(value) else pd.Timestamp(value).date()


def flow_of(rules: Rules, plan: Plan) -> dict[Pair, Fraction]:
    """Return (donation, need) → donated quantity of the plan's lines."""
    donations = {row["donation_id"]: i for i, row in enumerate(rules.donations)}
    needs = {row["need_id"]: j for j, row in enumerate(rules.needs)}
    flow: dict[Pair, Fraction] = {}
    for line in plan.allocations.itertuples():
        pair = donations[line.donation_id], needs[line.need_id]
        assert pair not in flow, "two lines over the one best route of a pair"
        flow[pair] = exact(line.donated_quantity)
    return flow


def line_money(components: Sequence[int], quantity: Fraction) -> list[int]:
    """Return what a line costs by kind, in 1/10 000, where the rounded total is kept to the unit.

    What the rounded kinds miss of it goes to the kind that is largest before rounding.
    """
    costs = [component * quantity for component in components]
    parts = [round(cost) for cost in costs]
    parts[costs.index(max(costs))] += round(sum(costs)) - sum(parts)
    return parts


def check_lines(rules: Rules, plan: Plan) -> None:
    """Each line takes the oracle's best route, on its days and at its cost."""
    flow = flow_of(rules, plan)
    for (pair, quantity), line in zip(flow.items(), plan.allocations.itertuples(), strict=True):
        route = rules.route[pair]
        assert pair[0] in rules.pool
        assert pair[1] not in rules.excluded
        assert quantity > 0
        assert exact(line.served_quantity) == quantity
        days = shown_day(line.pickup_day), shown_day(line.arrival_day), shown_day(line.delivery_day)
        assert (line.hub, *days) == (route.hub, route.pickup, route.arrival, route.delivery)
        transport, handling, storage, *other = line_money(route.components, quantity)
        shown = (line.transport_cost, line.handling_cost, line.storage_cost, line.other_cost, line.total_cost)
        units = (transport, handling, storage, sum(other), round(route.unit_cost * quantity))
        assert tuple(round(amount * 10_000) for amount in shown) == units
    keys = plan.allocations[["need_id", "donation_id", "hub"]].to_numpy().tolist()
    assert keys == sorted(keys)


def check_optimal(rules: Rules, optimum: Optimum, plan: Plan) -> None:
    """The plan reaches what the oracle reaches, and says so with gap 0."""
    flow, summary = flow_of(rules, plan), plan.summary
    served = served_by_tier(rules, flow)
    if rules.objective == "total-cost":
        best = optimum.logistics + optimum.unmet
        assert logistics_cost(rules, flow) + unmet_cost(rules, flow) == best
        assert all(least <= served[k] <= most for k, (least, most) in optimum.served_range.items())
    else:
        best = optimum.logistics
        assert served == optimum.served_by_tier
        assert logistics_cost(rules, flow) == best
        assert {int(k): exact(q) for k, q in summary["bound"]["served_by_tier"].items()} == served
    assert (summary["status"], summary["gap"]) == ("optimal", 0)
    assert same_money(summary["bound"]["cost"], best)
    assert {k: exact(q) for k, q in plan.served_by_tier.items()} == served
    assert same_money(plan.logistics_cost, logistics_cost(rules, flow))
    assert same_money(plan.cost["unmet"], unmet_cost(rules, flow))


def check_sums(rules: Rules, plan: Plan) -> None:
    """Lines, needs, donations and summary add up, and each reason is the oracle's."""
    flow = flow_of(rules, plan)
    for j, row in enumerate(plan.needs.itertuples()):
        served = sum((q for pair, q in flow.items() if pair[1] == j), Fraction(0))
        wanted = asked(rules, j)
        assert (exact(row.asked), exact(row.served), exact(row.unmet)) == (wanted, served, wanted - served)
        assert (row.need_id, row.reason) == (
            rules.needs[j]["need_id"],
            rules.reason_of_need(j, wanted - served),
        )
    for i, row in enumerate(plan.donations.itertuples()):
        planned = sum((q for pair, q in flow.items() if pair[0] == i), Fraction(0))
        offered = exact(rules.donations[i]["quantity"])
        shown = exact(row.offered), exact(row.planned), exact(row.left_over)
        assert shown == (offered, planned, offered - planned)
        assert (row.donation_id, row.reason) == (
            rules.donations[i]["donation_id"],
            rules.reason_of_donation(i, planned),
        )
    kinds = ("transport", "handling", "storage", "identification", "penalty", "transfer")
    for k, kind in enumerate(kinds):
        total = sum((rules.route[pair].components[k] * q for pair, q in flow.items()), Fraction(0))
        assert same_money(plan.cost[kind], total), kind
    everything = sum((asked(rules, j) for j in range(len(rules.needs))), Fraction(0))
    assert (exact(plan.asked), exact(plan.served)) == (everything, sum(flow.values(), Fraction(0)))


def check_agreement(rules: Rules, optimum: Optimum, plan: Plan) -> None:
    """The plan is right in every respect that the oracle can judge."""
    check_lines(rules, plan)
    check_optimal(rules, optimum, plan)
    check_sums(rules, plan)
    assert matchopt.verify(plan.case, plan) == ()
