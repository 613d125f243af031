"""Compare a plan of matchopt with the oracle, in exact arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

import matchopt
from matchopt import Plan
from oracle import COMPONENTS, Cells, Ledger, Line, Optimum, Reasons, Route, Rules, reached
from oracle.cells import number, text
from oracle.goals import Value

NEAR = Fraction(1, 10**6)
"""What shown quantities and coverages may be off by, and bounds as a part of themselves."""

COMPARED = ("need_id", "donation_id", "hub", "pickup_day", "arrival_day", "delivery_day")


def exact(quantity: Any) -> Fraction:
    """Return a quantity of a table as the decimal it shows."""
    return Fraction(str(quantity))


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Return the rows of a table, with whatever cells it has."""
    return iter(table.itertuples())


def near(shown: Any, value: Fraction) -> bool:
    """Return whether a quantity is shown as `value`, to 6 decimals."""
    return abs(exact(shown) - value) <= NEAR


def same_money(shown: float, units: Fraction, slack: Fraction | int = 0) -> bool:
    """Return whether currency `shown` is `units` of 1/10 000, rounded to a whole one at most."""
    return abs(Fraction(shown) * 10_000 - units) <= Fraction(1, 2) + NEAR + slack


def shown_day(value: Any) -> date | None:
    """Return a day of a table as a date, None where there is none."""
    return None if pd.isna(value) else pd.Timestamp(value).date()


def days_of(row: Any) -> tuple[date | None, ...]:
    """Return pick-up, arrival and delivery of a line or route of the plan."""
    return tuple(shown_day(day) for day in (row.pickup_day, row.arrival_day, row.delivery_day))


# --- lines -----------------------------------------------------------------------------------


def ledger_of(rules: Rules, plan: Plan) -> Ledger:
    """Return the plan's new lines as the oracle reads them; each takes a route that its pair may take.

    Of a row on the way of a pinned line only what is above that is new.
    """
    donations = {row["donation_id"]: i for i, row in enumerate(rules.donations)}
    needs = {row["need_id"]: j for j, row in enumerate(rules.needs)}
    pinned = {(line.i, line.j, line.route.way): line.quantity for line in rules.pinned}
    lines, seen = [], set()
    for row in rows_of(plan.allocations):
        i, j, way = donations[row.donation_id], needs[row.need_id], (row.hub, *days_of(row))
        assert (i, j, way) not in seen, "two lines of one route"
        seen.add((i, j, way))
        new = exact(row.donated_quantity) - pinned.get((i, j, way), 0)
        assert new >= 0, f"{row.donation_id} gives {row.need_id} less than is pinned"
        if new:
            route = _route(rules, i, j, way)
            assert route is not None, f"{row.donation_id} may not reach {row.need_id} like this"
            lines.append(Line(i, j, route, new))
    assert seen.issuperset(pinned)
    return Ledger(rules, lines)


def _route(rules: Rules, i: int, j: int, way: tuple[object, ...]) -> Route | None:
    promised = (route for promise, route in rules.keepable if (promise.i, promise.j) == (i, j))
    usual = *rules.routes.get((i, j), ()), *rules.through.get((i, j), ())
    return next((route for route in (*usual, *promised) if route.way == way), None)


def line_money(split: Sequence[int], quantity: Fraction) -> list[int]:
    """Return what a line costs by kind, in 1/10 000, where the rounded total is kept to the unit.

    What the rounded kinds miss of it goes to the kind that is largest before rounding.
    """
    costs = [part * quantity for part in split]
    parts = [round(cost) for cost in costs]
    parts[costs.index(max(costs))] += round(sum(costs)) - sum(parts)
    return parts


def check_lines(ledger: Ledger, plan: Plan) -> None:
    """The lines obey every rule, each at its own cost, and stand in order."""
    assert list(ledger.broken()) == []
    lines = {(line.i, line.j, line.route.way): line for line in ledger.all_lines}
    donations = {row["donation_id"]: i for i, row in enumerate(ledger.rules.donations)}
    needs = {row["need_id"]: j for j, row in enumerate(ledger.rules.needs)}
    assert len(lines) == len(ledger.all_lines) == len(plan.allocations)
    for row in rows_of(plan.allocations):
        line = lines[donations[row.donation_id], needs[row.need_id], (row.hub, *days_of(row))]
        assert exact(row.donated_quantity) == line.quantity
        assert near(row.served_quantity, ledger.rules.ratio[line.i, line.j] * line.quantity)
        shown = (row.transport_cost, row.handling_cost, row.storage_cost, row.other_cost)
        told = [line_money(split, line.quantity) for split in line.route.splits]
        assert [round(amount * 10_000) for amount in shown] in [
            [*kinds[:3], sum(kinds[3:])] for kinds in told
        ]
        assert round(row.total_cost * 10_000) == round(line.route.unit_cost * line.quantity)
    keys = [
        (row.need_id, row.donation_id, row.hub, *(day or date.min for day in days_of(row)))
        for row in rows_of(plan.allocations)
    ]
    assert keys == sorted(keys), f"not in the order of {COMPARED}"


# --- sums and reasons ------------------------------------------------------------------------


def check_sums(ledger: Ledger, plan: Plan) -> None:
    """Lines, needs, donations and summary add up, and each reason is the oracle's."""
    rules, reasons = ledger.rules, Reasons(ledger)
    for j, row in enumerate(rows_of(plan.needs)):
        asked, served = rules.asked(j), ledger.served[j]
        assert exact(row.asked) == asked
        assert near(row.served, served)
        assert near(row.unmet, asked - served)
        assert (row.need_id, row.reason) == (rules.needs[j]["need_id"], reasons.of_need(j))
        assert (row.need_id, row.obstacles) == (row.need_id, reasons.obstacles_of(j))
    for i, row in enumerate(rows_of(plan.donations)):
        offered, planned = rules.offered(i), ledger.planned[i]
        assert (exact(row.offered), exact(row.planned)) == (offered, planned)
        assert near(row.left_over, offered - planned)
        assert (row.donation_id, row.reason) == (rules.donations[i]["donation_id"], reasons.of_donation(i))
    everything = sum((rules.asked(j) for j in range(len(rules.needs))), Fraction(0))
    assert near(plan.asked, everything)
    assert near(plan.served, sum(ledger.served, Fraction(0)))
    tiers = ledger.served_by_tier()
    assert plan.served_by_tier.keys() == tiers.keys()
    assert all(near(plan.served_by_tier[k], served) for k, served in tiers.items())
    check_kinds(ledger, plan)
    check_costs(ledger, plan)


def check_kinds(ledger: Ledger, plan: Plan) -> None:
    """Requests, kilograms of goods, units of services and money are told apart."""
    rules, told = ledger.rules, plan.summary["by_kind"]
    full = [rules.asked(j) - served <= 5e-7 for j, served in enumerate(ledger.served)]
    none = [served == 0 for served in ledger.served]
    part = sum(not (a or b) for a, b in zip(full, none, strict=True))
    assert told["requests"] == {
        "asked": len(full),
        "full": sum(full),
        "part": part,
        "none": len(full) - sum(full) - part,
    }
    planned = dict.fromkeys(("goods", "service", "funds"), Fraction(0))
    for donation, quantity in zip(rules.donations, ledger.planned, strict=True):
        kind = rules.kind(donation)
        weight = number(rules.facts(donation), "weight_kg", 1) if kind == "goods" else 1
        planned[kind] += Fraction(weight) * quantity
    for name, kind in (("goods_kg", "goods"), ("services", "service"), ("funds", "funds")):
        assert near(told[name], planned[kind]), name


def check_commitments(ledger: Ledger, plan: Plan, given: bool) -> None:
    """The summary says what became of pinned lines and promises."""
    if not given:
        assert "commitments" not in plan.summary
        return
    rules, shown = ledger.rules, plan.summary["commitments"]
    met = sum((line.quantity * rules.ratio[line.i, line.j] for line in rules.pinned), Fraction(0))
    assert shown["pinned"] == len(rules.pinned)
    assert near(shown["pinned_served"], met)
    assert shown["promised"] == len(rules.promises)
    assert (shown["kept"], shown["changed"]) == (len(rules.promises) - ledger.changed, ledger.changed)
    assert same_money(shown["churn_cost"], rules.churn * ledger.changed)


def check_costs(ledger: Ledger, plan: Plan) -> None:
    """The costs by kind are those of the lines, and the budget is told what they take of it."""
    for k, kind in enumerate(COMPONENTS):
        least, most = ledger.component(k)
        # The largest kind takes up what the others miss of their sum for having been rounded.
        room = (most - least) / 2 + 4 * any(part.denominator != 1 for part in (least, most, ledger.logistics))
        assert same_money(plan.cost[kind], (least + most) / 2, room), kind
    assert same_money(plan.cost["unmet"], ledger.unmet)
    assert same_money(plan.logistics_cost, ledger.logistics)
    assert plan.logistics_cost == round(sum(plan.cost[kind] for kind in COMPONENTS), 4)
    budget = plan.summary["budget"]
    if ledger.rules.budget is None:
        assert budget is None
    else:
        assert exact(budget["limit"]) * 10_000 == ledger.rules.allowance
        pinned = sum((line.quantity * line.route.budgeted for line in ledger.rules.pinned), Fraction(0))
        assert same_money(budget["used"], ledger.spent + pinned)
        by_cost = ledger.rules.objective == "total-cost"
        goals = {"cost"} if by_cost else {str(k) for k in ledger.served_by_tier()}
        assert budget["one_more"].keys() <= goals
        assert all(units >= 0 for units in budget["one_more"].values())


def check_purchases(ledger: Ledger, plan: Plan) -> None:
    """The shopping list has a row for each line that buys, in order."""
    expected = sorted(_purchases(ledger), key=lambda row: (row[0], row[1], row[2] or date.min, *row[3:5]))
    assert len(plan.purchases) == len(expected)
    for row, (item, community, day, need, donation, quantity, line) in zip(
        rows_of(plan.purchases), expected, strict=True
    ):
        shown = row.item, row.community, shown_day(row.delivery_day), row.need_id, row.donation_id
        assert shown == (item, community, day, need, donation)
        giver, taker = ledger.rules.donations[line.i], ledger.rules.needs[line.j]
        assert row.donor == (text(giver, "donor") or donation)
        assert near(row.quantity, quantity)
        assert same_money(row.amount, line.quantity * 10_000)
        if (text(taker, "item"), text(giver, "item")) not in ledger.rules.substitutions:
            assert exact(row.unit_price) == exact(ledger.rules.facts(taker)["purchase_price"])


def _purchases(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    for line in ledger.all_lines:
        if line.route.purchase:
            donation, need = ledger.rules.donations[line.i], ledger.rules.needs[line.j]
            served = line.quantity * ledger.rules.ratio[line.i, line.j]
            names = text(need, "item"), text(need, "community"), line.route.delivery
            yield *names, need["need_id"], donation["donation_id"], served, line


# --- objective and proof ---------------------------------------------------------------------


def check_fairness(ledger: Ledger, plan: Plan) -> None:
    """The summary says how fair the plan is by the rule in force."""
    rule, shown = ledger.rules.fairness, plan.summary["fairness"]
    if rule == "none":
        assert shown is None
        return
    cells = Cells(ledger.rules)
    assert shown["rule"] == rule
    if rule == "share":
        assert near(shown["shortfall"], cells.shortfall(ledger))
    elif cells.needs:
        assert near(shown["floor"], cells.coverages(ledger)[0])
    if rule == "leximin":
        assert shown["cells"] == len(cells.needs)


def proven(rules: Rules, summary: Mapping[str, Any], key: str) -> dict[str, Fraction]:
    """Return goal → what `key`, the bound or the relaxation, proves that no plan exceeds."""
    shown, limits = summary[key], {}
    fairness = summary["fairness"]
    if rules.fairness == "share":
        limits["share"] = -exact(fairness[key])
    elif rules.fairness != "none" and Cells(rules).needs:
        limits[rules.fairness] = exact(fairness[key])
    if rules.objective == "total-cost":
        assert "served_by_tier" not in summary["relaxation"]
    else:
        limits |= {f"tier {k}": exact(served) for k, served in shown["served_by_tier"].items()}
    return limits | {"cost": -exact(shown["cost"]) * 10_000}


def scalar(value: Value) -> Fraction:
    """Return what of a reached value can be compared with a bound: of many coverages, the smallest."""
    return value if isinstance(value, Fraction) else value[0]


def slack(goal: str, value: Fraction) -> Fraction:
    """Return by how much a bound may be off for being shown rounded, or by the gap that counts as none."""
    return abs(value) * NEAR + (1 if goal == "cost" else NEAR)


def check_objective(optimum: Optimum, ledger: Ledger, plan: Plan) -> None:
    """A plan that calls itself optimal is, in every goal; any other is not better than the optimum."""
    mine, best = reached(ledger), dict(optimum.values)
    assert plan.summary["status"] in ("optimal", "feasible")
    assert (plan.summary["status"] == "optimal") == (plan.summary["gap"] == 0)
    if plan.summary["status"] == "optimal":
        same = (
            abs(scalar(mine[goal]) - scalar(best[goal])) <= abs(scalar(best[goal])) * NEAR for goal in best
        )
        assert mine == best or all(same)
    else:
        assert plan.summary["gap"] > 0
        assert tuple(mine.values()) <= tuple(best.values())


def check_proof(optimum: Optimum, ledger: Ledger, plan: Plan) -> None:
    """The optimum lies between plan and bound, the bound is as good as the relaxation, gap 0 means equal."""
    rules, summary = ledger.rules, plan.summary
    bound, relaxation = (proven(rules, summary, key) for key in ("bound", "relaxation"))
    mine, best = reached(ledger), dict(optimum.values)
    allowed = {goal: slack(goal, limit) for goal, limit in bound.items()}
    for goal in _conditions_met(mine, best):
        if goal in bound:
            assert scalar(best[goal]) <= bound[goal] + allowed[goal], goal
            assert scalar(best[goal]) <= relaxation[goal] + allowed[goal], goal
    assert bound.keys() == relaxation.keys()
    for tier, asked in summary["asked_by_tier"].items():
        figures = (summary[key].get("served_by_tier", {}).get(tier, 0) for key in ("bound", "relaxation"))
        assert all(exact(figure) <= exact(asked) for figure in figures)
    assert all(bound[goal] <= relaxation[goal] + allowed[goal] for goal in bound)
    equal = all(abs(bound[goal] - scalar(mine[goal])) <= allowed[goal] for goal in bound)
    assert equal or summary["gap"] > 0
    searched = {goal for goal in bound if relaxation[goal] - bound[goal] > allowed[goal]}
    assert not searched or summary["proof"] == "search"
    assert summary["proof"] == "prices" or bound != relaxation
    assert summary["stopped"] in ("", "time_limit")


def _conditions_met(mine: Mapping[str, Value], best: Mapping[str, Value]) -> Iterator[str]:
    """Yield the goals whose bounds hold for the optimum: each holds for plans as good in all goals before.

    Where the optimum is better in one goal, it may be worse in those after the next; and where it
    is fairer by `leximin`, in the sum of some coverages.
    """
    better = False
    for goal in best:
        yield goal
        if better or (goal == "leximin" and mine[goal] != best[goal]):
            return
        better = mine[goal] != best[goal]


# --- all of it -------------------------------------------------------------------------------


def check_whole(rules: Rules, optimum: Optimum, plan: Plan) -> None:
    """The plan is right in every respect that the oracle can judge, whatever features the case has."""
    ledger = ledger_of(rules, plan)
    check_lines(ledger, plan)
    check_objective(optimum, ledger, plan)
    check_sums(ledger, plan)
    check_purchases(ledger, plan)
    check_fairness(ledger, plan)
    check_commitments(ledger, plan, "commitments" in plan.case.tables)
    check_proof(optimum, ledger, plan)
    violations = matchopt.verify(plan.case, plan)
    assert violations == (), str(violations[0])


def check_agreement(rules: Rules, optimum: Optimum, plan: Plan) -> None:
    """The plan of a case that is a transport problem is right, proven, and takes the best routes."""
    check_whole(rules, optimum, plan)
    assert plan.summary["status"] == "optimal"
    assert all(line.route == rules.route[line.i, line.j] for line in ledger_of(rules, plan).lines)
