"""The inspector: rechecks a plan from the tables alone.

It restates the contract on its own and shares nothing with what made the plan, so that one
mistake cannot pass twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from matchopt.contract.case import Case
from matchopt.contract.plan import ALLOCATIONS, DONATIONS, NEEDS, PRICES, PURCHASES, Plan
from matchopt.language import tr
from matchopt.verifier.books import check_gifts, check_needs
from matchopt.verifier.claims import Claims, check_plain
from matchopt.verifier.committed import Committed, committed_of
from matchopt.verifier.facts import Facts
from matchopt.verifier.gather import gather
from matchopt.verifier.lines import Lines, read_lines
from matchopt.verifier.loads import check_loads, limits_of, loads_of
from matchopt.verifier.purchases import check_purchases
from matchopt.verifier.sheet import Sheet
from matchopt.verifier.summary import account_of, changes, check_summary
from matchopt.verifier.tally import Tally, check_tally, tally_of
from matchopt.verifier.verdict import Used, Verdict, judge
from matchopt.verifier.violation import Report, Violation

__all__ = ["Violation", "verify"]


def verify(case: Case, plan: Plan) -> tuple[Violation, ...]:
    """Check a plan against its case: every rule, every sum, every cost, and the proof of the bound.

    Parameters
    ----------
    case
        The case, which is taken at its word.
    plan
        The plan, of which nothing is: whatever its tables hold is reported, not raised.

    Returns
    -------
    tuple of Violation
        Empty when the plan is right, its bound proven and its gap as stated. At most 50
        violations of a code are spelled out, the rest is counted.

    Notes
    -----
    The proof is the table `plan.prices`. Block 0 holds plain transport problems: a level and a
    price for every need and donation, and a bound in exact arithmetic (`matchopt.verifier.proof`).
    The blocks from 1 hold what shared rules join: prices of everything limited, stage by stage, and
    bounds by weak duality over all admissible pairs and all their routes
    (`matchopt.verifier.certificate`). A bound that is better than the prices prove comes from an
    exhaustive search; it is checked against plan and prices, but cannot be repeated here.

    Examples
    --------
    >>> import matchopt, pandas as pd
    >>> case = matchopt.Case.from_frames(
    ...     needs=pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]}),
    ...     donations=pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]}),
    ... )
    >>> matchopt.verify(case, matchopt.plan(case))
    ()
    """
    report = Report()
    sheets = [
        Sheet(plan.allocations, "allocations", ALLOCATIONS, report),
        Sheet(plan.needs, "needs", NEEDS, report),
        Sheet(plan.donations, "donations", DONATIONS, report),
        Sheet(plan.prices, "prices", PRICES, report),
        Sheet(plan.purchases, "purchases", PURCHASES, report),
    ]
    if not all(sheet.complete for sheet in sheets):
        return report.violations()
    allocations, needs, donations, prices, purchases = sheets
    facts = gather(case)
    committed = committed_of(case, facts)
    lines = read_lines(facts, committed, allocations, report)
    tally, loads, before = tally_of(facts, lines), loads_of(facts, lines), loads_of(facts, lines.before)
    used = Used(loads, before, limits_of(facts, before))
    check_tally(facts, lines, tally, report)
    check_loads(facts, loads, used.limits, report)
    check_purchases(facts, purchases, lines, report)
    verdict = judge(facts, committed, tally, used, prices, report)
    check_needs(facts, needs, tally, verdict.need_reasons, case.extras.get("needs"), report)
    check_gifts(facts, donations, tally, verdict.gift_reasons, case.extras.get("donations"), report)
    _check_summary(facts, committed, plan.summary, lines, tally, verdict, report)
    return report.violations()


def _check_summary(
    f: Facts, committed: Committed, summary: object, lines: Lines, tally: Tally, verdict: Verdict,
    report: Report,
) -> None:  # fmt: skip
    """Check the summary, and what it claims where the prices could be read."""
    if not isinstance(summary, Mapping):
        report.add("summary", "summary", "", tr("is no mapping of keys to figures"))
        return
    check_summary(f, committed, summary, lines, tally, (verdict.need_reasons, verdict.gift_reasons), report)
    if verdict.proof is not None:
        plain, bound, proven, shares, keepable = verdict.proof
        new = replace(tally, served=tally.served - tally.met)
        check_plain(f, account_of(f, lines.new, new, plain), bound, report)
        everyone = account_of(f, lines, tally, plain | True)
        stays = account_of(f, lines.before, replace(tally, served=tally.met), plain | True)
        lost = committed.churn * (len(committed.promised.i) - keepable)
        churn = committed.churn * changes(f, committed, lines)
        Claims(f, summary, proven.beside(stays, lost), shares, churn, report).check(everyone, lines, tally)
