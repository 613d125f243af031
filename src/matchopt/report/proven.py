"""What is proven of a plan, and what its fairness and its budget come to, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matchopt.report import words

TOLERANCE = 1e-6
"""Relative: what a figure may miss its bound by and still reach it."""


def proof(summary: Mapping[str, Any]) -> str:
    """Return in plain words what is proven about the plan, and whether its search was cut short."""
    if summary["status"] == "optimal":
        return _best(summary)
    said = f"Not proven best: {_missing(summary)}. Gap: {words.gap(summary['gap'])}."
    if summary["stopped"]:
        said += (
            " The search for whole quantities stopped at the time limit; with more time it may find better."
        )
    return said


def _best(summary: Mapping[str, Any]) -> str:
    money = words.money(summary["bound"]["cost"], summary["currency"])
    nobody = f"no plan{_rivals(summary)}"
    if summary["objective"] == "coverage-first":
        said = (
            f"Proven best: {nobody} serves more of a priority without serving less of a more urgent one, "
            f"and none that serves as much costs less than {money}."
        )
    else:
        said = f"Proven best: {nobody} costs less than {money}, needs left unmet included."
    if summary["proof"] == "search":
        said += (
            f" It took a search through whole quantities to show it; prices alone prove {_alone(summary)}."
        )
    return said


def _rivals(summary: Mapping[str, Any]) -> str:
    """Return which plans the plan is held against."""
    fair = " as fair" if summary["fairness"] is not None else ""
    return fair + (" within the budget" if summary["budget"] is not None else "")


def _alone(summary: Mapping[str, Any]) -> str:
    """Return what the prices prove without a search."""
    relaxed = summary["relaxation"]
    said = f"a cost of {words.money(relaxed['cost'], summary['currency'])} at the least"
    if "served_by_tier" not in relaxed:
        return said
    return f"{words.quantity(sum(relaxed['served_by_tier'].values()))} units at the most and {said}"


def _missing(summary: Mapping[str, Any]) -> str:
    """Return the first goal that is not proven to be reached, and what is proven of it."""
    bound, fair, served = summary["bound"], summary["fairness"], summary["served_by_tier"]
    if fair is not None and not _reached(_value(fair), fair["bound"]):
        return "a fairer plan may be there"
    for tier, most in bound.get("served_by_tier", {}).items():
        if not _reached(served.get(tier, 0), most):
            some, all_ = words.quantity(served.get(tier, 0)), words.quantity(most)
            return f"of priority {tier} it serves {some} units, and another plan may serve up to {all_}"
    money = words.money(bound["cost"], summary["currency"])
    what = "for what this one serves" if "served_by_tier" in bound else "needs left unmet included"
    return f"another plan may cost less {what}, though no less than {money}"


def _reached(value: float, bound: float) -> bool:
    return abs(value - bound) <= TOLERANCE * max(1.0, abs(bound))


def _value(fair: Mapping[str, Any]) -> float:
    return float(fair["shortfall"] if fair["rule"] == "share" else fair["floor"])


def fairness(fair: Mapping[str, Any]) -> str:
    """Return how fair the plan is, and how much fairer another could be at the most."""
    value, best = _value(fair), _reached(_value(fair), fair["bound"])
    if fair["rule"] == "share":
        if value <= TOLERANCE:
            return "Fairness (share): every community gets its share."
        limit = "the least that is possible" if best else f"at the least {words.quantity(fair['bound'])}"
        return f"Fairness (share): {words.quantity(value)} units are missing to the fair shares, {limit}."
    limit = "the most that is possible" if best else f"at the most {_share(fair['bound'])} is possible"
    said = (
        f"Fairness ({fair['rule']}): every community gets at least {_share(value)} of what it asks for"
        f" in each category that somebody can serve, {limit}"
    )
    if fair["rule"] == "leximin":
        said += "; then the second worst off gets the most that is possible, and so on"
    return f"{said}."


def _share(value: float) -> str:
    return words.percent(value, 1)


def budget(summary: Mapping[str, Any]) -> str:
    """Return how much of the budget is used, and what one more currency unit would serve or save."""
    spent, currency = summary["budget"], summary["currency"]
    limit, used = spent["limit"], spent["used"]
    said = f"Budget: {words.money(used)} of {words.money(limit, currency)} are used"
    more = {goal: gain for goal, gain in spent["one_more"].items() if gain > 0}
    if "cost" in more:
        return f"{said}; one more {currency} would save about {_few(more['cost'])} {currency} in all."
    if summary["objective"] == "total-cost":
        return f"{said}{'; more would save nothing' if 'cost' in spent['one_more'] else ''}."
    if more:
        units = " and ".join(f"{_few(units)} units of priority {tier}" for tier, units in more.items())
        return f"{said}; one more {currency} would serve about {units}."
    return f"{said}; more would serve nothing more."


def _few(units: float) -> str:
    return words.quantity(float(f"{units:.2g}"))
