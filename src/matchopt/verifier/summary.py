"""The summary: every key and figure that the tables and the allocations come to, and what it claims.

Relaxation, bound, gap, fairness and budget are held against what the prices prove. The relaxation may claim
no more than that. The bound lies between plan and relaxation; where it is better than the relaxation, a
search has found that out, which cannot be repeated here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from matchopt.arrays import Bools, Floats, Texts
from matchopt.errors import shortened
from matchopt.language import mark, tr
from matchopt.tolerances import EQUAL, ROUNDING
from matchopt.verifier.commitments import CommitmentFacts
from matchopt.verifier.facts import Counts, Facts, day, money, total
from matchopt.verifier.lines import RESIDUE, PlanLines
from matchopt.verifier.prices import LAST
from matchopt.verifier.proof import PlainBound, Proven, Shares
from matchopt.verifier.sums import CostTotals, PlanTotals, by_kind, cost_totals, sum_of
from matchopt.verifier.violation import MOST, ExpectedValue, Violations, number_of

TABLE = "summary"

_EXACT = 2.0**53
"""Whole numbers that come to less add up exactly, as floats too."""

_NEAR, _SLACK = Fraction(repr(EQUAL)), Fraction(repr(ROUNDING))
"""Relative: figures of floats that differ by less are equal; absolute: what adding up a share may be off."""

_QUANTITY = Fraction(1, 2 * 10**6)
_MONEY = Fraction(1, 10**4)
"""What rounding may do to a figure that is shown; a bound on the cost of a block may be rounded up to a whole
1/10 000, for no plan costs anything between."""

KINDS = ("transport", "handling", "storage", "identification", "penalty", "transfer", "purchase")
"""What logistics cost is made of."""

CLAIMS = ("relaxation", "proof", "fairness", "budget", "stopped")
NEWER = ("last_allocation_id", "by_kind", *CLAIMS, "commitments")
"""Keys that the contract names beside its list: they may stand anywhere."""


def _count(number: int) -> ExpectedValue:
    return ExpectedValue(Fraction(int(number)))


def _inner(value: Any, *keys: str) -> Any:
    """Return what stands under keys in mappings, None where nothing does."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


class RecomputedPlan(NamedTuple):
    """What the plan comes to, whichever way it is told."""

    f: Facts
    commitments: CommitmentFacts
    lines: PlanLines
    tally: PlanTotals

    @property
    def changes(self) -> int:
        """Promises that are not kept to the unit."""
        lines, f = self.lines, self.f
        days = lines.days[1:4] if f.dated else (np.zeros_like(lines.i),) * 3
        kept = self.commitments.keeps((lines.i, lines.j, lines.hub, *days), lines.new.given)
        return len(self.commitments.promised.i) - int(kept.sum())

    def cost(self, units: Fraction, off: Fraction = Fraction(1, 2)) -> ExpectedValue:
        """Return what a sum has to be; `off` is what rounding a fractional line may cost, in 1/10 000."""
        grain = self.f.donations.grain[self.lines.i]
        slack = off * int((grain != np.floor(grain)).sum())
        if units.denominator != 1 or slack:
            slack += Fraction(1, 2)
        return ExpectedValue(units / 10_000, slack / 10_000)

    def column(self, column: int) -> ExpectedValue:
        """Return what a column of costs comes to."""
        units = np.rint(self.lines.stated[column])
        units = units[np.abs(units) <= MOST]
        exact = np.abs(units).sum() < _EXACT
        # A line's largest cost takes up what its rounded costs miss of its rounded total.
        return self.cost(Fraction(int(units.sum()) if exact else sum(map(int, units.tolist()))), Fraction(3))


class SummaryCheck:
    """Checks one summary."""

    def __init__(self, book: RecomputedPlan, summary: Mapping[Any, Any], found: Violations) -> None:
        self.book, self.f, self.summary, self.found = book, book.f, summary, found

    def _add(self, key: str, message: str, code: str = "summary", **values: object) -> None:
        """Note what is wrong with a key; exact numbers among the values are shown with ten digits."""
        shown = {k: f"{float(v):.10g}" if isinstance(v, Fraction) else v for k, v in values.items()}
        self.found.add(code, TABLE, key, message, **shown)

    def check_figures(self, need_reasons: Texts, donation_reasons: Texts) -> None:
        """Hold the summary against the tables and the allocations; what it claims is checked elsewhere."""
        right = self._right(need_reasons, donation_reasons)
        self._check_keys(self.summary, right, "")
        listed = [key for key in right if key not in NEWER]
        if [k for k in self.summary if k in listed] != [k for k in listed if k in self.summary]:
            self._add("", mark("the keys do not stand in the order of the contract"), "order")
        for key, value in right.items():
            if key in self.summary:
                self.compare(str(key), self.summary[key], value)
        self._check_cost_by_kind()

    def _check_keys(self, stated: Mapping[Any, Any], right: Mapping[str, Any], path: str) -> None:
        """Check that no key is missing and none is too many."""
        for key in (key for key in right if key not in stated):
            self._add(f"{path}{key}", mark("is missing"), "missing_key")
        for key in (key for key in stated if key not in right):
            self._add(f"{path}{key}", mark("is no key of the summary here"), "unknown_key")

    def compare(self, path: str, stated: object, right: object) -> None:
        """Compare one value of the summary, and what is inside it; `right` None is checked elsewhere."""
        said = shortened(stated)
        if isinstance(right, dict):
            if not isinstance(stated, Mapping):
                self._add(path, mark("is «{stated}»; it has to hold keys and figures"), stated=said)
                return
            inner = stated
            if path.endswith("_by_channel"):  # a channel that nobody uses may be left out or be 0
                inner = {k: v for k, v in stated.items() if k in right or number_of(v) != 0}
            self._check_keys(inner, right, f"{path}.")
            for key, value in right.items():
                if key in inner:
                    self.compare(f"{path}.{key}", inner[key], value)
        elif isinstance(right, ExpectedValue):
            if not right.admits(stated):
                self._add(path, mark("is {stated}; it has to be {right}"), stated=said, right=right)
        elif right is not None and (type(stated) is not type(right) or stated != right):
            self._add(path, mark("is «{stated}»; it has to be «{right}»"), stated=said, right=right)
        elif right is None and path.startswith("horizon") and stated is not None:
            self._add(path, mark("is «{stated}»; no table holds a day, it has to be null"), stated=said)

    def _right(self, need_reasons: Texts, donation_reasons: Texts) -> dict[str, Any]:
        """Return what the summary has to say; None stands for what is checked elsewhere."""
        f, book, tally = self.f, self.book, self.book.tally
        n, d, lines = f.needs, f.donations, book.lines
        everyone = np.ones(len(n.ids), dtype=bool)
        days = (day(f.start), day(f.end)) if f.dated else (None, None)
        account = cost_totals(f, lines, tally, tally.served, everyone)
        tiers = {str(t): n.priority == t for t in f.tiers}
        channels = {c: (n.channels == c).astype(bool) for c in ("resident", "public_sector", "enterprise")}
        channels = {c: mask for c, mask in channels.items() if mask.any()}

        def of_needs(counts: Counts, mask: Bools = everyone) -> ExpectedValue:
            return ExpectedValue.quantity(sum_of(counts, n.grain, mask))

        def of_donations(counts: Counts) -> ExpectedValue:
            return ExpectedValue.quantity(total(counts, d.grain))

        def by_reason(reason: Texts, counts: Counts, grain: Floats, word: str) -> dict[str, Any]:
            masks = {code: (reason == code).astype(bool) for code in sorted({str(r) for r in reason} - {""})}
            sums = {code: sum_of(counts, grain, mask) for code, mask in masks.items()}
            told = {code: ExpectedValue.quantity(number) for code, number in sums.items()}
            return {code: {word: _count(masks[code].sum()), "quantity": q} for code, q in told.items()}

        costs: dict[str, Any] = dict.fromkeys(KINDS)
        costs |= {name: book.column(k) for k, name in enumerate(("transport", "handling", "storage"))}
        right = {
            "status": None,
            "objective": f.settings.policy.objective,
            "currency": f.settings.rates.currency,
            "horizon": {"start": days[0], "end": days[1]},
            "asked": of_needs(n.asked),
            "served": of_needs(tally.served),
            "unmet": of_needs(tally.unmet),
            "excluded": of_needs(n.asked, n.excluded),
            "asked_by_tier": {t: of_needs(n.asked, mask) for t, mask in tiers.items()},
            "served_by_tier": {t: of_needs(tally.served, mask) for t, mask in tiers.items()},
            "asked_by_channel": {c: of_needs(n.asked, mask) for c, mask in channels.items()},
            "served_by_channel": {c: of_needs(tally.served, mask) for c, mask in channels.items()},
            "offered": of_donations(d.offered),
            "planned": of_donations(tally.planned),
            "left_over": of_donations(tally.left_over),
            "allocations": _count(len(lines.i)),
            "logistics_cost": book.cost(account.logistics),
            "cost": {**costs, "unmet": book.cost(account.unmet)},
            "bound": None,
            "gap": None,
            "unmet_by_reason": by_reason(need_reasons, tally.unmet, n.grain, "needs"),
            "left_over_by_reason": by_reason(donation_reasons, tally.left_over, d.grain, "donations"),
            **dict.fromkeys(CLAIMS),
            "by_kind": by_kind(f, tally),
            "last_allocation_id": f"A{lines.last:04}" if lines.last else "",
        }
        if book.commitments.given:
            changed, promised = book.changes, len(book.commitments.promised.i)
            right["commitments"] = {
                "pinned": _count(len(book.commitments.pinned.i)),
                "pinned_served": of_needs(tally.met),
                "promised": _count(promised),
                "kept": _count(promised - changed),
                "changed": _count(changed),
                "churn_cost": ExpectedValue(book.commitments.churn * changed / 10_000),
            }
        return right

    def _check_cost_by_kind(self) -> None:
        """Check the kinds that make up the other costs: each near its own value, together the column."""
        costs, lines = self.summary.get("cost"), self.book.lines
        if not isinstance(costs, Mapping):
            return
        given = np.where(lines.sound, lines.given, 0) * self.f.donations.grain[lines.i]
        together = Fraction(0)
        for name, fee in lines.pairs.fees._asdict().items():
            own = Fraction(math.fsum((fee * given).tolist()))
            slack = Fraction(RESIDUE * math.fsum(given.tolist()) + len(given) + 1) / 10_000 + own / 2**40
            number = number_of(costs.get(name))
            if number is None or abs(number - own) > slack:
                said = shortened(costs.get(name))
                words = mark("is {shortened}; it has to be {own}")
                self._add(f"cost.{name}", words, shortened=said, own=f"{float(own):.4f}")
            together += number or 0
        other = self.book.column(3)
        slack = other.slack + Fraction(2, 10_000) * bool(other.slack) + abs(other.right) / 2**48
        if abs(together - other.right) > slack + Fraction(1, 10**7):
            words = mark(
                "identification, penalty, transfer and purchase add up to {together}; the "
                "other costs of the allocations are {right}"
            )
            right, added = (f"{float(number):.4f}" for number in (other.right, together))
            self._add("cost", words, together=added, right=right)
        stated = number_of(self.summary.get("logistics_cost"))
        sum_of_kinds = sum((number_of(costs.get(kind)) or Fraction(0) for kind in KINDS), Fraction(0))
        if stated is not None and abs(sum_of_kinds - stated) > _MONEY / 2 + abs(stated) / 2**48:
            words = mark("the kinds add up to {sum_of_kinds}, logistics_cost is {stated}")
            self._add("cost", words, sum_of_kinds=sum_of_kinds, stated=stated)


@dataclass(frozen=True, slots=True)
class _Goal:
    """One figure that plan, bound, relaxation and prices each put a number to.

    `up` tells whether more is better, `most` what is asked, where that is a limit; in units or currency.
    """

    path: tuple[str, ...]
    up: bool
    plan: Fraction
    proven: Fraction
    rounding: Fraction
    most: Fraction | None = None

    def slack(self, number: Fraction) -> Fraction:
        """Return by how much `number` may be off."""
        return _NEAR * (1 + abs(number)) + self.rounding

    def beyond(self, one: Fraction, other: Fraction) -> Fraction:
        """Return by how much `one` is better than `other`."""
        return one - other if self.up else other - one


class BoundChecks(SummaryCheck):
    """Checks what a summary claims of the proof, one claim after the other."""

    def check_claims(self, proven: Proven, shares: Shares) -> None:
        """Check all of them."""
        self.proven, self.shares, self.rule = proven, shares, self.f.settings.policy.fairness
        goals = self._goals()
        self._check_shape()
        bounds = [self._check_goal(goal) for goal in goals]
        self._check_proof(goals, bounds)
        self._check_fairness()
        self._check_budget()
        if self.summary.get("stopped") not in ("", "time_limit", "interrupted"):
            self._say("summary", "stopped", tr("has to be empty, time_limit or interrupted"))
        self._check_gap(goals, bounds)

    def _say(self, code: str, key: str, right: str) -> None:
        value = shortened(_inner(self.summary, *key.split(".")))
        self._add(key, mark("is «{value}»; it {right}"), code, value=value, right=right)

    def _goals(self) -> list[_Goal]:
        """Return the figures that count, fairness first, in the order they count."""
        book, proven, goals = self.book, self.proven, []
        everyone = np.ones(len(self.f.needs.ids), dtype=bool)
        account = cost_totals(self.f, book.lines, book.tally, book.tally.served, everyone)
        if proven.fairness is not None:
            floor = self.rule != "share"
            key, own = ("floor", self.shares.floor) if floor else ("shortfall", self.shares.shortfall)
            bound = Fraction(proven.fairness)
            goals.append(_Goal(("fairness", key), floor, Fraction(own), bound, _QUANTITY))
        for tier, most in proven.served_by_tier.items():
            path, n = ("served_by_tier", str(tier)), self.f.needs
            asked = sum_of(n.asked, n.grain, n.priority == tier)
            goals.append(_Goal(path, True, account.served_by_tier[tier], most, _QUANTITY, asked))
        cost = account.logistics + book.commitments.churn * book.changes + account.unmet * self.f.by_cost
        rounding = _MONEY * max(proven.blocks - 1, 1)
        return [*goals, _Goal(("cost",), False, cost / 10_000, proven.cost / 10_000, rounding)]

    def _stated(self, kind: str, goal: _Goal) -> Fraction | None:
        path = ("fairness", kind) if goal.path[0] == "fairness" else (kind, *goal.path)
        return number_of(_inner(self.summary, *path))

    def _check_shape(self) -> None:
        """Check the keys of relaxation and bound; both are what block 0 proves if all are in it."""
        exact = self.proven.blocks == 1
        right: dict[str, Any] = {"cost": self.book.cost(self.proven.cost) if exact else None}
        if not self.f.by_cost:
            tiers = self.proven.served_by_tier.items()
            right["served_by_tier"] = {
                str(t): ExpectedValue.quantity(most) if exact else None for t, most in tiers
            }
        for key in ("relaxation", "bound"):
            if key in self.summary:
                self.compare(key, self.summary[key], right)

    def _check_goal(self, goal: _Goal) -> Fraction | None:
        """Check relaxation and bound of one figure; return the bound if there is one."""
        where = ".".join(goal.path)
        relaxation, bound = (self._stated(kind, goal) for kind in ("relaxation", "bound"))
        for kind, number in (("relaxation", relaxation), ("bound", bound)):
            if number is None:
                self._add(f"{kind} {where}", mark("is no number"))
        if relaxation is None or bound is None:
            return None
        proven, plan, slack = goal.proven, goal.plan, goal.slack(goal.proven)
        if not -slack <= goal.beyond(relaxation, proven) <= slack + goal.rounding:
            words = mark("is {relaxation}; the prices prove {proven}")
            self._add(f"relaxation {where}", words, "not_proven", relaxation=relaxation, proven=proven)
        if goal.beyond(bound, relaxation) > goal.slack(relaxation) + goal.rounding:
            words = mark("is {bound}, weaker than the relaxation, {relaxation}")
            self._add(f"bound {where}", words, "bound", bound=bound, relaxation=relaxation)
        if goal.beyond(plan, bound) > goal.slack(bound):
            words = mark("is {bound}, but the plan reaches {plan}")
            self._add(f"bound {where}", words, "bound", bound=bound, plan=plan)
        for kind, number in (("relaxation", relaxation), ("bound", bound)):
            if goal.most is not None and number > goal.most + goal.rounding:
                words = mark("is {number}, above what is asked, {asked}")
                self._add(f"{kind} {where}", words, "bound", number=number, asked=goal.most)
        return bound

    def _check_proof(self, goals: list[_Goal], bounds: list[Fraction | None]) -> None:
        """Check that a bound better than the prices prove is said to come from a search, and no other."""
        seen = needed = False
        for goal, bound in zip(goals, bounds, strict=True):
            relaxation = self._stated("relaxation", goal)
            if bound is None or relaxation is None:
                return
            needed |= goal.beyond(relaxation, bound) > goal.slack(bound) + goal.rounding
            seen |= goal.beyond(goal.proven, bound) > _NEAR * (1 + abs(bound)) / 2
        proof = self.summary.get("proof")
        if not ((proof == "search" and (seen or needed)) or (proof == "prices" and not needed)):
            self._say("summary", "proof", tr("has to be {value}", value="search" if needed else "prices"))

    def _check_fairness(self) -> None:
        """Check the entry about fairness, its bounds aside."""
        stated, share = self.summary.get("fairness"), self.rule == "share"
        if self.rule == "none" or not isinstance(stated, Mapping):
            if self.rule != "none" or stated is not None:
                self._say("summary", "fairness", tr("has to be about the rule {rule}", rule=self.rule))
            return
        reached = self.shares.shortfall if share else self.shares.floor
        own = ExpectedValue(Fraction(reached), _QUANTITY + _SLACK)
        right: dict[str, Any] = {"rule": self.rule, "shortfall" if share else "floor": own}
        right |= {"bound": None, "relaxation": None}
        if self.rule == "leximin":
            right["cells"] = _count(self.shares.counts.sum())
        if not share:
            right["held_by"] = self.shares.held_by
        self.compare("fairness", stated, right)

    def _check_budget(self) -> None:
        """Check the entry about the budget, and what one more unit of it is said to be worth."""
        stated, limit = self.summary.get("budget"), self.f.settings.policy.budget
        if limit == 0 or not isinstance(stated, Mapping):
            if limit > 0 or stated is not None:
                self._say("summary", "budget", tr("has to be about the limit {limit}", limit=f"{limit:g}"))
            return
        used, most = ExpectedValue(self.book.tally.spent, _MONEY), ExpectedValue(Fraction(limit))
        self.compare("budget", stated, {"limit": most, "used": used, "one_more": None})
        one_more = stated.get("one_more")
        if not isinstance(one_more, Mapping):
            self._say("summary", "budget.one_more", tr("has to hold keys and figures"))
            return
        goals, first = {goal.path[-1]: goal for goal in self._goals()}, True
        for key, worth in self.proven.one_more.items():
            if key == LAST and key not in one_more:  # what a tier would gain is asked for, not this
                continue
            number = number_of(one_more.get(key, 0))
            # A plan with one unit more is none of ours; prices bound what it brings first, tiers the rest.
            goal = goals[key]
            room = goal.beyond(goal.proven, goal.plan) + Fraction(worth) if first else goal.most or 0
            if number is None or not 0 <= number <= room + goal.slack(goal.proven):
                words = tr("has to be from 0 to {most}", most=f"{float(room):.10g}")
                self._say("summary", f"budget.one_more.{key}", words)
            first &= not number
        for key in (key for key in one_more if key not in self.proven.one_more):
            self._add(f"budget.one_more.{key}", mark("is no tier of the case"), "unknown_key")

    def _check_gap(self, goals: list[_Goal], bounds: list[Fraction | None]) -> None:
        """Recompute the gap from the first bound that the plan misses by a millionth; 0 if there is none."""
        gap, status = number_of(self.summary.get("gap")), self.summary.get("status")
        known = [(goal, bound) for goal, bound in zip(goals, bounds, strict=True) if bound is not None]
        if len(known) < len(goals):
            return
        right, found = Fraction(0), gap == 0
        for goal, bound in known:
            apart, room = _distance(goal, bound)
            # A bound is shown rounded, so one that the plan reaches may look as far away as the rounding.
            found |= gap is not None and apart + room >= _NEAR and gap > 0 and abs(gap - apart) <= room
            if apart - room > _NEAR:
                right, found = apart, found and gap != 0
                break
        if not found:
            due = tr("has to be {right}", right=f"{float(right):.10g}") if right else tr("has to be 0")
            self._say("gap", "gap", due)
        word = "feasible" if right or gap else "optimal"
        if status != word:
            self._say("status", "status", tr("has to be {word}", word=word))


def _distance(goal: _Goal, bound: Fraction) -> tuple[Fraction, Fraction]:
    """Return the distance from plan to bound relative to the larger one, and how far off it may be."""
    size = max(abs(goal.plan), abs(bound))
    if not size:
        return Fraction(0), Fraction(0)
    return abs(bound - goal.plan) / size, min(2 * goal.rounding / size, Fraction(1)) + _SLACK


def check_plain(f: Facts, account: CostTotals, bound: PlainBound, found: Violations) -> None:
    """Check that the needs of block 0, whose account this is, get the best that can be."""
    words = mark(
        "the plan serves {served_by_tier} in block 0; its prices prove only that no "
        "plan serves more than {most}"
    )
    for tier, most in bound.served_by_tier.items():
        own = account.served_by_tier[tier]
        if own != most:
            where, told, proven = f"served_by_tier.{tier}", f"{float(own):.15g}", f"{float(most):.15g}"
            found.add("not_proven", TABLE, where, words, served_by_tier=told, most=proven)
    own = account.logistics + account.unmet * f.by_cost
    if own != bound.cost:
        words = mark("the plan costs {own} in block 0; its prices prove only that none costs below {cost}")
        where = "cost" if f.by_cost else "logistics_cost"
        found.add("not_proven", TABLE, where, words, own=money(own), cost=money(bound.cost))
