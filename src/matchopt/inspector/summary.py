"""The summary: every key and figure, what the proof proves, and whether the plan reaches it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from matchopt.errors import shortened
from matchopt.inspector.books import Books
from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Floats, Ints, Texts
from matchopt.inspector.lines import RESIDUE, Lines, day
from matchopt.inspector.proof import Bound, money, total
from matchopt.inspector.violation import Report

TABLE = "summary"
_MOST = 2.0**100
"""Larger than any figure of any plan."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a number has to be, and by how much it may differ for its rounding."""

    right: Fraction
    slack: Fraction = Fraction(0)

    def admits(self, stated: object) -> bool:
        """Tell whether `stated` is this number, as well as a float can hold it."""
        number = number_of(stated)
        if number is None:
            return False
        dust = max(abs(self.right), abs(number)) / 2**50 if isinstance(stated, float | np.floating) else 0
        return abs(number - self.right) <= self.slack + dust

    def __str__(self) -> str:
        return f"{float(self.right):.15g}"


@dataclass(frozen=True, slots=True)
class Account:
    """What the plan's own rows come to: logistics and unmet cost in 1/10 000, exactly."""

    logistics: Fraction
    unmet: Fraction
    served_by_tier: dict[int, Fraction]


def number_of(stated: object) -> Fraction | None:
    """Return the exact value of a number; None for anything else, infinite or absurdly large numbers too."""
    if isinstance(stated, bool | np.bool_) or not isinstance(stated, int | float | np.integer | np.floating):
        return None
    if not -_MOST <= stated <= _MOST:
        return None
    return Fraction(int(stated) if isinstance(stated, int | np.integer) else float(stated))


def account_of(f: Facts, lines: Lines, books: Books) -> Account:
    """Add up the plan."""
    priced = np.where(lines.sound, lines.unit, 0)
    logistics = total(lines.steps, f.gifts.step[lines.i], priced)
    takes_part = ~f.wants.excluded
    unmet = total(books.unmet[takes_part], f.wants.step[takes_part], f.wants.price[takes_part])
    tiers = np.unique(f.wants.priority).tolist()
    served = {tier: _sum(books.served, f.wants.step, f.wants.priority == tier) for tier in tiers}
    return Account(logistics, unmet, served)


def _sum(counts: Texts | Ints, step: Floats, mask: Bools) -> Fraction:
    return total(counts[mask], step[mask])


def check_summary(
    f: Facts, summary: object, lines: Lines, books: Books, bound: Bound | None, report: Report
) -> None:
    """Hold the summary against the tables, the allocations and the proof."""
    if not isinstance(summary, Mapping):
        report.add("summary", TABLE, "", "is no mapping of keys to figures")
        return
    account = account_of(f, lines, books)
    right = _right(f, lines, books, account, bound)
    _check_keys(summary, right, "", report)
    if [k for k in summary if k in right] != [k for k in right if k in summary]:
        report.add("order", TABLE, "", "the keys do not stand in the order of the contract")
    for key, value in right.items():
        if key in summary:
            _compare(str(key), summary[key], value, report)
    _check_cost_by_kind(f, summary, lines, report)
    if bound is not None:
        _check_gap(f, summary, account, bound, report)


def _right(f: Facts, lines: Lines, books: Books, account: Account, bound: Bound | None) -> dict[str, Any]:
    """Return what the summary has to say; None stands for what is checked elsewhere."""
    w, g = f.wants, f.gifts
    everyone = np.ones(len(w.ids), dtype=bool)
    all_gifts = np.ones(len(g.ids), dtype=bool)
    coverage = f.settings.policy.objective == "coverage-first"
    tiers = np.unique(w.priority).tolist()
    channels = [c for c in ("resident", "public_sector", "enterprise") if (w.channels == c).any()]
    logistics = _money(account.logistics, f, lines)
    proven: dict[str, Any] | None = None
    if bound is not None:
        proven = {"cost": _money(bound.cost, f, lines)}
        if coverage:
            by_tier = {str(tier): Figure(most) for tier, most in bound.served_by_tier.items()}
            proven = {"served_by_tier": by_tier, **proven}
    return {
        "status": None,
        "objective": f.settings.policy.objective,
        "currency": f.settings.rates.currency,
        "horizon": {"start": day(f.start), "end": day(f.end)} if f.dated else {"start": None, "end": None},
        "asked": Figure(_sum(w.asked, w.step, everyone)),
        "served": Figure(_sum(books.served, w.step, everyone)),
        "unmet": Figure(_sum(books.unmet, w.step, everyone)),
        "excluded": Figure(_sum(w.asked, w.step, w.excluded)),
        "asked_by_tier": {str(t): Figure(_sum(w.asked, w.step, w.priority == t)) for t in tiers},
        "served_by_tier": {str(t): Figure(q) for t, q in account.served_by_tier.items()},
        "asked_by_channel": {c: Figure(_sum(w.asked, w.step, w.channels == c)) for c in channels},
        "served_by_channel": {c: Figure(_sum(books.served, w.step, w.channels == c)) for c in channels},
        "offered": Figure(_sum(g.offered, g.step, all_gifts)),
        "planned": Figure(_sum(books.planned, g.step, all_gifts)),
        "left_over": Figure(_sum(books.left_over, g.step, all_gifts)),
        "allocations": Figure(Fraction(lines.size)),
        "logistics_cost": logistics,
        "cost": {
            "transport": _column(f, lines, 0), "handling": _column(f, lines, 1),
            "storage": _column(f, lines, 2), "identification": None, "penalty": None, "transfer": None,
            "purchase": Figure(Fraction(0)), "unmet": _money(account.unmet, f, lines),
        },
        "bound": proven,
        "gap": None,
        "unmet_by_reason": _by_reason(books.need_reason, books.unmet, w.step, "needs"),
        "left_over_by_reason": _by_reason(books.gift_reason, books.left_over, g.step, "donations"),
    }  # fmt: skip


def _by_reason(reason: Texts, counts: Texts, step: Floats, word: str) -> dict[str, Any]:
    return {
        code: {
            word: Figure(Fraction(int((reason == code).sum()))),
            "quantity": Figure(_sum(counts, step, (reason == code).astype(bool))),
        }
        for code in sorted({str(r) for r in reason} - {""})
    }


def _money(units: Fraction, f: Facts, lines: Lines, off: Fraction = Fraction(1, 2)) -> Figure:
    """Return what a sum has to be; `off` is what the rounding of a fractional line may cost, in 1/10 000."""
    step = f.gifts.step[lines.i]
    slack = off * int((step != np.floor(step)).sum())
    if units.denominator != 1 or slack:
        slack += Fraction(1, 2)
    return Figure(units / 10_000, slack / 10_000)


def _column(f: Facts, lines: Lines, column: int) -> Figure:
    units = np.rint(lines.stated[column] * 10_000)
    readable = np.abs(units) <= _MOST
    added = sum(map(int, units[readable].tolist()))
    # A line's largest cost takes up what its rounded costs miss of its rounded total.
    return _money(Fraction(added), f, lines, off=Fraction(3))


def _check_keys(stated: Mapping[Any, Any], right: Mapping[str, Any], path: str, report: Report) -> None:
    for key in right:
        if key not in stated:
            report.add("missing_key", TABLE, f"{path}{key}", "is missing")
    for key in stated:
        if key not in right:
            report.add("unknown_key", TABLE, f"{path}{key}", "is no key of the summary here")


def _compare(path: str, stated: object, right: object, report: Report) -> None:
    """Compare one value of the summary, and what is inside it."""
    if isinstance(right, dict):
        if not isinstance(stated, Mapping):
            report.add("summary", TABLE, path, f"is «{shortened(stated)}»; it has to hold keys and figures")
            return
        inner = stated
        if path.endswith("_by_channel"):  # a channel that nobody uses may be left out or be 0
            inner = {k: v for k, v in stated.items() if k in right or number_of(v) != 0}
        _check_keys(inner, right, f"{path}.", report)
        for key, value in right.items():
            if key in inner:
                _compare(f"{path}.{key}", inner[key], value, report)
    elif isinstance(right, Figure):
        if not right.admits(stated):
            report.add("summary", TABLE, path, f"is {shortened(stated)}; it has to be {right}")
    elif right is not None and (type(stated) is not type(right) or stated != right):
        report.add("summary", TABLE, path, f"is «{shortened(stated)}»; it has to be «{right}»")
    elif right is None and path.startswith("horizon") and stated is not None:
        report.add(
            "summary", TABLE, path, f"is «{shortened(stated)}»; no table holds a day, it has to be null"
        )


def _check_cost_by_kind(f: Facts, summary: Mapping[Any, Any], lines: Lines, report: Report) -> None:
    """Check identification, penalty and transfer: each near its own value, together the other costs."""
    costs = summary.get("cost")
    if not isinstance(costs, Mapping):
        return
    given = np.where(lines.sound, lines.steps, 0) * f.gifts.step[lines.i]
    together = Fraction(0)
    for name, fee in zip(("identification", "penalty", "transfer"), lines.fees, strict=True):
        own = Fraction(math.fsum((fee * given).tolist()))
        slack = Fraction(RESIDUE * math.fsum(given.tolist()) + lines.size + 1) / 10_000 + own / 2**40
        number = number_of(costs.get(name))
        if number is None or abs(number - own) > slack:
            report.add(
                "summary", TABLE, f"cost.{name}",
                f"is {shortened(costs.get(name))}; it has to be {float(own):.4f}",
            )  # fmt: skip
        together += number or 0
    other = _column(f, lines, 3)
    slack = other.slack + Fraction(3, 20_000) * bool(other.slack) + abs(other.right) / 2**48
    if abs(together - other.right) > slack + Fraction(1, 10**7):
        report.add(
            "summary", TABLE, "cost",
            f"identification, penalty and transfer add up to {float(together):.4f}; "
            f"the other costs of the allocations are {float(other.right):.4f}",
        )  # fmt: skip


def _check_gap(f: Facts, summary: Mapping[Any, Any], account: Account, bound: Bound, report: Report) -> None:
    """Check that the plan reaches the bound that its prices prove, and says so."""
    coverage = f.settings.policy.objective == "coverage-first"
    reached = True
    for tier, most in bound.served_by_tier.items():
        if account.served_by_tier[tier] != most:
            reached = False
            report.add(
                "not_proven", TABLE, f"served_by_tier.{tier}",
                f"the plan serves {float(account.served_by_tier[tier]):.15g}; "
                f"its prices prove only that no plan serves more than {float(most):.15g}",
            )  # fmt: skip
    own = account.logistics if coverage else account.logistics + account.unmet
    if own != bound.cost:
        reached = False
        report.add(
            "not_proven", TABLE, "logistics_cost" if coverage else "cost",
            f"the plan costs {money(own)}; its prices prove only that none costs below {money(bound.cost)}",
        )  # fmt: skip
    gap, status = number_of(summary.get("gap")), summary.get("status")
    if gap is None or gap < 0 or (gap == 0) != reached:
        right = "0: the plan reaches the bound" if reached else "above 0: the plan does not reach the bound"
        report.add("gap", TABLE, "gap", f"is {shortened(summary.get('gap'))}; it has to be {right}")
    if status != ("optimal" if reached else "feasible"):
        right = "optimal" if reached else "feasible"
        report.add("status", TABLE, "status", f"is «{shortened(status)}»; it has to be {right}")
