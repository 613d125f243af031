"""What the summary claims: relaxation, bound, gap, fairness, budget, held against what the prices prove.

The relaxation may claim no more than the prices prove. The bound lies between plan and relaxation; where
it is better than the relaxation, a search has found that out, which cannot be repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.verifier.certificate import Proven
from matchopt.verifier.facts import Facts, money
from matchopt.verifier.fairness import Shares
from matchopt.verifier.figures import TABLE, Figure, compare, number_of
from matchopt.verifier.lines import Lines
from matchopt.verifier.price_rows import LAST
from matchopt.verifier.proof import Bound
from matchopt.verifier.summary import Account, cost_figure
from matchopt.verifier.tally import Tally
from matchopt.verifier.violation import Report

_NEAR = Fraction(1, 10**6)
"""Relative: figures of floats that differ by less are equal."""

_DUST = Fraction(1, 10**9)
_QUANTITY = Fraction(1, 2 * 10**6)
_MONEY = Fraction(1, 10**4)
"""What rounding may do to a figure that is shown; a bound on the cost of a block may be rounded up to a whole
1/10 000, for no plan costs anything between."""


@dataclass(frozen=True, slots=True)
class _Goal:
    """One figure that plan, bound, relaxation and prices each put a number to.

    `up` tells whether more is better. Quantities are in units, money in currency.
    """

    path: tuple[str, ...]
    up: bool
    plan: Fraction
    proven: Fraction
    rounding: Fraction

    def slack(self, number: Fraction) -> Fraction:
        """Return by how much `number` may be off."""
        return _NEAR * (1 + abs(number)) + self.rounding

    def beyond(self, one: Fraction, other: Fraction) -> Fraction:
        """Return by how much `one` is better than `other`."""
        return one - other if self.up else other - one


class Claims:
    """The claims of one summary, checked one after the other.

    `churn` is what changed promises count, in 1/10 000.
    """

    def __init__(
        self, f: Facts, summary: Mapping[Any, Any], proven: Proven, shares: Shares, churn: Fraction,
        report: Report,
    ) -> None:  # fmt: skip
        self.f, self.summary, self.proven, self.shares, self.report = f, summary, proven, shares, report
        self.churn = churn
        self.coverage = f.settings.policy.objective == "coverage-first"
        self.rule = f.settings.policy.fairness

    def check(self, account: Account, lines: Lines, tally: Tally) -> None:
        """Check all of them; `account` is that of the whole plan."""
        goals = self._goals(account)
        self._check_shape(lines)
        bounds = [self._check_goal(goal) for goal in goals]
        self._check_proof(goals, bounds)
        self._check_fairness()
        self._check_budget(tally)
        if self.summary.get("stopped") not in ("", "time_limit"):
            self._say("summary", "stopped", tr("has to be empty or time_limit"))
        self._check_gap(goals, bounds)

    def _say(self, code: str, key: str, right: str) -> None:
        value: Any = self.summary
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        self.report.add(code, TABLE, key, tr("is «{value}»; it {right}", value=shortened(value), right=right))

    def _goals(self, account: Account) -> list[_Goal]:
        """Return the figures that count, fairness first, in the order they count."""
        goals = []
        if self.proven.fairness is not None:
            floor = self.rule != "share"
            plan = Fraction(self.shares.floor if floor else self.shares.shortfall)
            proven = Fraction(self.proven.fairness)
            path = "fairness", "floor" if floor else "shortfall"
            goals.append(_Goal(path, floor, plan, proven, _QUANTITY))
        for tier, most in self.proven.served_by_tier.items():
            own = account.served_by_tier[tier]
            goals.append(_Goal(("served_by_tier", str(tier)), True, own, most, _QUANTITY))
        cost = account.logistics + self.churn + (0 if self.coverage else account.unmet)
        rounding = _MONEY * max(self.proven.blocks - 1, 1)
        goals.append(_Goal(("cost",), False, cost / 10_000, self.proven.cost / 10_000, rounding))
        return goals

    def _stated(self, kind: str, goal: _Goal) -> Any:
        if goal.path[0] == "fairness":
            fairness = self.summary.get("fairness")
            return fairness.get(kind) if isinstance(fairness, Mapping) else None
        value = self.summary.get(kind)
        for key in goal.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def _check_shape(self, lines: Lines) -> None:
        """Check the keys of relaxation and bound; both are what block 0 proves if all are in it."""
        exact = self.proven.exact
        cost = cost_figure(self.proven.cost, self.f, lines)
        right: dict[str, Any] = {"cost": cost if exact else None}
        if self.coverage:
            tiers = self.proven.served_by_tier.items()
            right["served_by_tier"] = {str(t): Figure.quantity(most) if exact else None for t, most in tiers}
        for key in ("relaxation", "bound"):
            if key in self.summary:
                compare(key, self.summary[key], right, self.report)

    def _check_goal(self, goal: _Goal) -> Fraction | None:
        """Check relaxation and bound of one figure; return the bound if there is one."""
        relaxation, bound = (number_of(self._stated(kind, goal)) for kind in ("relaxation", "bound"))
        where = ".".join(goal.path)
        for kind, number in (("relaxation", relaxation), ("bound", bound)):
            if number is None:
                self.report.add("summary", TABLE, f"{kind} {where}", tr("is no number"))
        if relaxation is None or bound is None:
            return None
        if goal.beyond(goal.proven, relaxation) > goal.slack(goal.proven):
            self.report.add(
                "not_proven",
                TABLE,
                f"relaxation {where}",
                tr(
                    "claims {relaxation}; the prices prove only {proven}",
                    relaxation=f"{float(relaxation):.10g}",
                    proven=f"{float(goal.proven):.10g}",
                ),
            )
        if goal.beyond(bound, relaxation) > goal.slack(relaxation) + goal.rounding:
            self.report.add(
                "bound",
                TABLE,
                f"bound {where}",
                tr(
                    "is {bound}, weaker than the relaxation, {relaxation}",
                    bound=f"{float(bound):.10g}",
                    relaxation=f"{float(relaxation):.10g}",
                ),
            )
        if goal.beyond(goal.plan, bound) > goal.slack(bound):
            self.report.add(
                "bound",
                TABLE,
                f"bound {where}",
                tr(
                    "is {bound}, but the plan reaches {plan}",
                    bound=f"{float(bound):.10g}",
                    plan=f"{float(goal.plan):.10g}",
                ),
            )
        return bound

    def _check_proof(self, goals: list[_Goal], bounds: list[Fraction | None]) -> None:
        """Check that a bound better than the prices prove is said to come from a search, and no other."""
        seen = needed = False
        for goal, bound in zip(goals, bounds, strict=True):
            relaxation = number_of(self._stated("relaxation", goal))
            if bound is None or relaxation is None:
                return
            needed |= goal.beyond(relaxation, bound) > goal.slack(bound) + goal.rounding
            seen |= goal.beyond(goal.proven, bound) > _NEAR * (1 + abs(bound)) / 2
        proof = self.summary.get("proof")
        if not ((proof == "search" and (seen or needed)) or (proof == "prices" and not needed)):
            self._say("summary", "proof", tr("has to be {value}", value="search" if needed else "prices"))

    def _check_fairness(self) -> None:
        """Check the entry about fairness, its bounds aside."""
        stated = self.summary.get("fairness")
        if self.rule == "none" or not isinstance(stated, Mapping):
            if self.rule != "none" or stated is not None:
                self._say("summary", "fairness", tr("has to be about the rule {rule}", rule=self.rule))
            return
        share = self.rule == "share"
        own = self.shares.shortfall if share else self.shares.floor
        right: dict[str, Any] = {
            "rule": self.rule, "shortfall" if share else "floor": Figure(Fraction(own), _QUANTITY + _DUST),
            "bound": None, "relaxation": None,
        }  # fmt: skip
        if self.rule == "leximin":
            right["cells"] = Figure(Fraction(int(self.shares.counts.sum())))
        compare("fairness", stated, right, self.report)

    def _check_budget(self, tally: Tally) -> None:
        """Check the entry about the budget, and what one more unit of it is said to be worth."""
        stated, limit = self.summary.get("budget"), self.f.settings.policy.budget
        if limit == 0 or not isinstance(stated, Mapping):
            if limit > 0 or stated is not None:
                self._say("summary", "budget", tr("has to be about the limit {limit}", limit=f"{limit:g}"))
            return
        right = {"limit": Figure(Fraction(limit)), "used": Figure(tally.spent, _MONEY), "one_more": None}
        compare("budget", stated, right, self.report)
        one_more = stated.get("one_more")
        if not isinstance(one_more, Mapping):
            self._say("summary", "budget.one_more", tr("has to hold keys and figures"))
            return
        for key, worth in self.proven.one_more.items():
            if key == LAST and key not in one_more:  # what a tier would gain is asked for, not this
                continue
            number = number_of(one_more.get(key, 0))
            if number is None or abs(number - Fraction(worth)) > _NEAR * (1 + Fraction(worth)):
                self._say("summary", f"budget.one_more.{key}", tr("has to be {worth}", worth=f"{worth:.10g}"))
        for key in one_more:
            if key not in self.proven.one_more:
                self.report.add("unknown_key", TABLE, f"budget.one_more.{key}", tr("is no tier of the case"))

    def _check_gap(self, goals: list[_Goal], bounds: list[Fraction | None]) -> None:
        """Recompute the gap from the first bound that the plan misses; 0 needs it to reach all of them."""
        gap, status = number_of(self.summary.get("gap")), self.summary.get("status")
        known = [(goal, bound) for goal, bound in zip(goals, bounds, strict=True) if bound is not None]
        if len(known) < len(goals):
            return
        missed = {goal.path[0] for goal, bound in known if self._misses(goal, bound)}
        first = next((path for path in ("fairness", "served_by_tier", "cost") if path in missed), "cost")
        right, room = self._distance(first, known)
        # A bound is shown rounded, so one that the plan reaches may look as far away as the rounding.
        fits = not missed if gap == 0 else gap is not None and abs(gap - right) <= room
        if not fits:
            self._say(
                "gap",
                "gap",
                tr("has to be {right}", right=f"{float(right):.10g}") if missed else tr("has to be 0"),
            )
        word = "feasible" if missed or gap else "optimal"
        if status != word:
            self._say("status", "status", tr("has to be {word}", word=word))

    def _misses(self, goal: _Goal, bound: Fraction) -> bool:
        """Tell whether the plan misses its bound; one that prices prove is known better than it is shown."""
        if goal.beyond(bound, goal.plan) > goal.slack(bound):
            return True
        if self.summary.get("proof") != "prices":
            return False
        room = goal.slack(goal.proven) - (0 if goal.path == ("cost",) else goal.rounding)
        return goal.beyond(goal.proven, goal.plan) > room

    @staticmethod
    def _distance(path: str, known: list[tuple[_Goal, Fraction]]) -> tuple[Fraction, Fraction]:
        """Return the distance from plan to bound relative to the larger one, and how far off it may be."""
        mine = [(goal, bound) for goal, bound in known if goal.path[0] == path]
        plan, bound = sum((g.plan for g, _ in mine), Fraction(0)), sum((b for _, b in mine), Fraction(0))
        size = max(abs(plan), abs(bound))
        if not size:
            return Fraction(0), 3 * _NEAR
        rounding = sum((2 * goal.rounding for goal, _ in mine), Fraction(0))
        return abs(bound - plan) / size, 3 * _NEAR + min(rounding / size, Fraction(1))


def check_plain(f: Facts, account: Account, bound: Bound, report: Report) -> None:
    """Check that the needs of block 0, whose account this is, get the best that can be."""
    coverage = f.settings.policy.objective == "coverage-first"
    for tier, most in bound.served_by_tier.items():
        if account.served_by_tier[tier] != most:
            report.add(
                "not_proven",
                TABLE,
                f"served_by_tier.{tier}",
                tr(
                    "the plan serves {served_by_tier} in block 0; its prices prove only that no "
                    "plan serves more than {most}",
                    served_by_tier=f"{float(account.served_by_tier[tier]):.15g}",
                    most=f"{float(most):.15g}",
                ),
            )
    own = account.logistics if coverage else account.logistics + account.unmet
    if own != bound.cost:
        report.add(
            "not_proven",
            TABLE,
            "logistics_cost" if coverage else "cost",
            tr(
                "the plan costs {own} in block 0; its prices prove only that none costs below {cost}",
                own=money(own),
                cost=money(bound.cost),
            ),
        )
