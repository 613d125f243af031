"""The summary: every key and figure that the tables and the allocations come to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from matchopt.errors import shortened
from matchopt.language import tr
from matchopt.verifier.charges import RESIDUE
from matchopt.verifier.committed import Committed, found_in
from matchopt.verifier.facts import Facts
from matchopt.verifier.figures import TABLE, Figure, check_keys, compare, number_of
from matchopt.verifier.keys import Bools, Counts, Floats, Texts
from matchopt.verifier.lines import Lines
from matchopt.verifier.quantities import total
from matchopt.verifier.tally import Tally
from matchopt.verifier.violation import Report
from matchopt.verifier.ways import day

_READABLE = 2.0**100

_EXACT = 2.0**53
"""Whole numbers that come to less add up exactly, as floats too."""

NEWER = ("relaxation", "proof", "fairness", "budget", "stopped", "commitments")
"""Keys that the contract names beside its list: they may stand anywhere."""


@dataclass(frozen=True, slots=True)
class Account:
    """What rows of the plan come to: logistics and unmet cost in 1/10 000, exactly."""

    logistics: Fraction
    unmet: Fraction
    served_by_tier: dict[int, Fraction]


def account_of(f: Facts, lines: Lines, tally: Tally, needs: Bools) -> Account:
    """Add up what concerns some needs."""
    w = f.wants
    priced = np.where(lines.sound & needs[lines.j], lines.unit, 0)
    logistics = total(lines.given, f.gifts.grain[lines.i], priced)
    out = needs & ~w.excluded
    unmet = total(tally.unmet[out], w.grain[out], w.price[out])
    tiers = np.unique(w.priority).tolist()
    served = {tier: _sum(tally.served, w.grain, needs & (w.priority == tier)) for tier in tiers}
    return Account(logistics, unmet, served)


def _sum(counts: Counts, grain: Floats, mask: Bools) -> Fraction:
    return total(counts[mask], grain[mask])


def check_summary(
    f: Facts, committed: Committed, summary: Mapping[Any, Any], lines: Lines, tally: Tally,
    reasons: tuple[Texts, Texts], report: Report,
) -> None:  # fmt: skip
    """Hold the summary against the tables and the allocations; what it claims is checked elsewhere."""
    right = _right(f, lines, tally, reasons)
    if committed.given:
        right["commitments"] = _kept(f, committed, lines, tally)
    check_keys(summary, right, "", report)
    listed = [key for key in right if key not in NEWER]
    if [k for k in summary if k in listed] != [k for k in listed if k in summary]:
        report.add("order", TABLE, "", tr("the keys do not stand in the order of the contract"))
    for key, value in right.items():
        if key in summary:
            compare(str(key), summary[key], value, report)
    _check_cost_by_kind(f, summary, lines, report)


def _right(f: Facts, lines: Lines, tally: Tally, reasons: tuple[Texts, Texts]) -> dict[str, Any]:
    """Return what the summary has to say; None stands for what is checked elsewhere."""
    w, g = f.wants, f.gifts
    everyone, all_gifts = np.ones(len(w.ids), dtype=bool), np.ones(len(g.ids), dtype=bool)
    account = account_of(f, lines, tally, everyone)
    tiers = np.unique(w.priority).tolist()
    channels = [c for c in ("resident", "public_sector", "enterprise") if (w.channels == c).any()]

    def asked(mask: Bools) -> Figure:
        return Figure.quantity(_sum(w.asked, w.grain, mask))

    def served(mask: Bools) -> Figure:
        return Figure.quantity(_sum(tally.served, w.grain, mask))

    return {
        "status": None,
        "objective": f.settings.policy.objective,
        "currency": f.settings.rates.currency,
        "horizon": {"start": day(f.start), "end": day(f.end)} if f.dated else {"start": None, "end": None},
        "asked": asked(everyone),
        "served": served(everyone),
        "unmet": Figure.quantity(_sum(tally.unmet, w.grain, everyone)),
        "excluded": asked(w.excluded),
        "asked_by_tier": {str(t): asked(w.priority == t) for t in tiers},
        "served_by_tier": {str(t): served(w.priority == t) for t in tiers},
        "asked_by_channel": {c: asked(w.channels == c) for c in channels},
        "served_by_channel": {c: served(w.channels == c) for c in channels},
        "offered": Figure.quantity(_sum(g.offered, g.grain, all_gifts)),
        "planned": Figure.quantity(_sum(tally.planned, g.grain, all_gifts)),
        "left_over": Figure.quantity(_sum(tally.left_over, g.grain, all_gifts)),
        "allocations": Figure(Fraction(lines.size)),
        "logistics_cost": cost_figure(account.logistics, f, lines),
        "cost": {
            "transport": _column(f, lines, 0), "handling": _column(f, lines, 1),
            "storage": _column(f, lines, 2), "identification": None, "penalty": None, "transfer": None,
            "purchase": None, "unmet": cost_figure(account.unmet, f, lines),
        },
        "bound": None,
        "gap": None,
        "unmet_by_reason": _by_reason(reasons[0], tally.unmet, w.grain, "needs"),
        "left_over_by_reason": _by_reason(reasons[1], tally.left_over, g.grain, "donations"),
        **dict.fromkeys(NEWER[:-1]),
    }  # fmt: skip


def _kept(f: Facts, committed: Committed, lines: Lines, tally: Tally) -> dict[str, Any]:
    """Return what became of the lines of an earlier plan."""
    promised, changed = len(committed.promised.i), changes(f, committed, lines)
    cost = committed.churn * changed / 10_000
    return {
        "pinned": Figure(Fraction(len(committed.pinned.i))),
        "pinned_served": Figure.quantity(total(tally.met, f.wants.grain)),
        "promised": Figure(Fraction(promised)), "kept": Figure(Fraction(promised - changed)),
        "changed": Figure(Fraction(changed)), "churn_cost": Figure(cost),
    }  # fmt: skip


def changes(f: Facts, committed: Committed, lines: Lines) -> int:
    """Count the promises that are not kept to the unit."""
    days = (lines.pickup, lines.arrival, lines.delivery) if f.dated else (np.zeros_like(lines.i),) * 3
    at = found_in((lines.i, lines.j, lines.hub, *days), committed.promised)
    kept = (at >= 0) & (np.append(committed.promised.given, -1)[at] == lines.new.given)
    return len(committed.promised.i) - int(kept.sum())


def _by_reason(reason: Texts, counts: Counts, grain: Floats, word: str) -> dict[str, Any]:
    return {
        code: {
            word: Figure(Fraction(int((reason == code).sum()))),
            "quantity": Figure.quantity(_sum(counts, grain, (reason == code).astype(bool))),
        }
        for code in sorted({str(r) for r in reason} - {""})
    }


def cost_figure(units: Fraction, f: Facts, lines: Lines, off: Fraction = Fraction(1, 2)) -> Figure:
    """Return what a sum has to be; `off` is what the rounding of a fractional line may cost, in 1/10 000."""
    grain = f.gifts.grain[lines.i]
    slack = off * int((grain != np.floor(grain)).sum())
    if units.denominator != 1 or slack:
        slack += Fraction(1, 2)
    return Figure(units / 10_000, slack / 10_000)


def _column(f: Facts, lines: Lines, column: int) -> Figure:
    units = np.rint(lines.stated[column])
    units = units[np.abs(units) <= _READABLE]
    exact = np.abs(units).sum() < _EXACT
    added = int(units.sum()) if exact else sum(map(int, units.tolist()))
    # A line's largest cost takes up what its rounded costs miss of its rounded total.
    return cost_figure(Fraction(added), f, lines, off=Fraction(3))


def _check_cost_by_kind(f: Facts, summary: Mapping[Any, Any], lines: Lines, report: Report) -> None:
    """Check the kinds that make up the other costs: each near its own value, together the column."""
    costs = summary.get("cost")
    if not isinstance(costs, Mapping):
        return
    given = np.where(lines.sound, lines.given, 0) * f.gifts.grain[lines.i]
    together = Fraction(0)
    for name, fee in lines.fees._asdict().items():
        own = Fraction(math.fsum((fee * given).tolist()))
        slack = Fraction(RESIDUE * math.fsum(given.tolist()) + lines.size + 1) / 10_000 + own / 2**40
        number = number_of(costs.get(name))
        if number is None or abs(number - own) > slack:
            report.add(
                "summary",
                TABLE,
                f"cost.{name}",
                tr(
                    "is {shortened}; it has to be {own}",
                    shortened=shortened(costs.get(name)),
                    own=f"{float(own):.4f}",
                ),
            )
        together += number or 0
    other = _column(f, lines, 3)
    slack = other.slack + Fraction(2, 10_000) * bool(other.slack) + abs(other.right) / 2**48
    if abs(together - other.right) > slack + Fraction(1, 10**7):
        report.add(
            "summary",
            TABLE,
            "cost",
            tr(
                "identification, penalty, transfer and purchase add up to {together}; the "
                "other costs of the allocations are {right}",
                together=f"{float(together):.4f}",
                right=f"{float(other.right):.4f}",
            ),
        )
