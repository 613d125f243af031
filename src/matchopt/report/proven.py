"""What is proven of a plan, and what its fairness and its budget come to, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matchopt.language import tr, trn
from matchopt.report import words

TOLERANCE = 1e-6
"""Relative: what a figure may miss its bound by and still reach it."""


def proof(summary: Mapping[str, Any]) -> str:
    """Return in plain words what is proven about the plan, and whether its search was cut short."""
    if summary["status"] == "optimal":
        return _best(summary)
    said = [
        tr("Not proven best: {missing}.", missing=_missing(summary)),
        tr("Gap: {gap}.", gap=words.gap(summary["gap"])),
    ]
    if summary["stopped"]:
        said.append(
            tr(
                "The search for whole quantities stopped at the time limit; "
                "with more time it may find better."
            )
        )
    return words.joined(said)


def _best(summary: Mapping[str, Any]) -> str:
    money = words.money(summary["bound"]["cost"], summary["currency"])
    if summary["objective"] == "coverage-first":
        said = tr(
            "Proven best: {no_plan} serves more of a priority without serving less of a more urgent one, "
            "and none that serves as much costs less than {money}.",
            no_plan=_rivals(summary),
            money=money,
        )
    else:
        said = tr(
            "Proven best: {no_plan} costs less than {money}, needs left unmet included.",
            no_plan=_rivals(summary),
            money=money,
        )
    if summary["proof"] != "search":
        return said
    relaxed = summary["relaxation"]
    cost = words.money(relaxed["cost"], summary["currency"])
    if "served_by_tier" not in relaxed:
        alone = tr(
            "It took a search through whole quantities to show it; prices alone prove "
            "a cost of {cost} at the least.",
            cost=cost,
        )
    else:
        alone = tr(
            "It took a search through whole quantities to show it; prices alone prove {units} units at the "
            "most and a cost of {cost} at the least.",
            units=words.quantity(sum(relaxed["served_by_tier"].values())),
            cost=cost,
        )
    return words.joined([said, alone])


def _rivals(summary: Mapping[str, Any]) -> str:
    """Return which plans the plan is held against."""
    fair, budget = summary["fairness"] is not None, summary["budget"] is not None
    if fair and budget:
        return tr("no plan as fair within the budget")
    if fair:
        return tr("no plan as fair")
    return tr("no plan within the budget") if budget else tr("no plan")


def _missing(summary: Mapping[str, Any]) -> str:
    """Return the first goal that is not proven to be reached, and what is proven of it."""
    bound, fair, served = summary["bound"], summary["fairness"], summary["served_by_tier"]
    if fair is not None and not _reached(_value(fair), fair["bound"]):
        return tr("a fairer plan may be there")
    for tier, most in bound.get("served_by_tier", {}).items():
        if not _reached(served.get(tier, 0), most):
            return tr(
                "of priority {tier} it serves {some} units, and another plan may serve up to {all}",
                tier=tier,
                some=words.quantity(served.get(tier, 0)),
                all=words.quantity(most),
            )
    money = words.money(bound["cost"], summary["currency"])
    if "served_by_tier" in bound:
        return tr(
            "another plan may cost less for what this one serves, though no less than {money}", money=money
        )
    return tr(
        "another plan may cost less needs left unmet included, though no less than {money}", money=money
    )


def _reached(value: float, bound: float) -> bool:
    return abs(value - bound) <= TOLERANCE * max(1.0, abs(bound))


def _value(fair: Mapping[str, Any]) -> float:
    return float(fair["shortfall"] if fair["rule"] == "share" else fair["floor"])


def fairness(fair: Mapping[str, Any]) -> str:
    """Return how fair the plan is, and how much fairer another could be at the most."""
    value, best = _value(fair), _reached(_value(fair), fair["bound"])
    if fair["rule"] == "share":
        if value <= TOLERANCE:
            return tr("Fairness (share): every community gets its share.")
        units = words.quantity(value)
        if best:
            return tr(
                "Fairness (share): {units} units are missing to the fair shares, the least that is possible.",
                units=units,
            )
        return tr(
            "Fairness (share): {units} units are missing to the fair shares, at the least {bound}.",
            units=units,
            bound=words.quantity(fair["bound"]),
        )
    limit = tr("the most that is possible")
    if not best:
        limit = tr("at the most {share} is possible", share=_share(fair["bound"]))
    if fair["rule"] == "leximin":
        return tr(
            "Fairness (leximin): every community gets at least {share} of what it asks for in each category "
            "that somebody can serve, {limit}; then the second worst off gets the most that is possible, "
            "and so on.",
            share=_share(value),
            limit=limit,
        )
    return tr(
        "Fairness (floor): every community gets at least {share} of what it asks for in each category that "
        "somebody can serve, {limit}.",
        share=_share(value),
        limit=limit,
    )


def _share(value: float) -> str:
    return words.percent(value, 1)


def budget(summary: Mapping[str, Any]) -> str:
    """Return how much of the budget is used, and what one more currency unit would serve or save."""
    spent, currency = summary["budget"], summary["currency"]
    figures = {
        "used": words.money(spent["used"]),
        "limit": words.money(spent["limit"], currency),
        "unit": currency,
    }
    more = {goal: gain for goal, gain in spent["one_more"].items() if gain > 0}
    if "cost" in more:
        return tr(
            "Budget: {used} of {limit} are used; one more {unit} would save about {saved} {unit} in all.",
            saved=_few(more["cost"]),
            **figures,
        )
    if summary["objective"] == "total-cost":
        if "cost" in spent["one_more"]:
            return tr("Budget: {used} of {limit} are used; more would save nothing.", **figures)
        return tr("Budget: {used} of {limit} are used.", **figures)
    if more:
        units = [
            tr("{units} units of priority {tier}", units=_few(units), tier=tier)
            for tier, units in more.items()
        ]
        return tr(
            "Budget: {used} of {limit} are used; one more {unit} would serve about {units}.",
            units=words.listed(units),
            **figures,
        )
    return tr("Budget: {used} of {limit} are used; more would serve nothing more.", **figures)


def _few(units: float) -> str:
    return words.quantity(float(f"{units:.2g}"))


def commitments(summary: Mapping[str, Any]) -> str:
    """Return what became of the lines of an earlier plan."""
    lines, said = summary["commitments"], []
    if lines["pinned"]:
        said.append(trn("{n} line stays as it is.", "{n} lines stay as they are.", lines["pinned"]))
    if lines["promised"]:
        counts = {"kept": f"{lines['kept']:,}", "changed": f"{lines['changed']:,}"}
        said.append(tr("Other lines of the plan before: {kept} kept, {changed} changed.", **counts))
    if lines["churn_cost"]:
        money = words.money(lines["churn_cost"], summary["currency"])
        said.append(tr("The changes count as {money}, which nobody pays.", money=money))
    return words.joined(said) or tr("Nothing of a plan before stands.")
