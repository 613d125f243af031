"""The inspector: rechecks a plan from the tables alone.

It restates the contract on its own and shares nothing with what made the plan, so that one
mistake cannot pass twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from matchopt.case import Case
from matchopt.inspector.books import check_gifts, check_needs
from matchopt.inspector.claims import Claims, check_plain
from matchopt.inspector.facts import Facts
from matchopt.inspector.gather import gather
from matchopt.inspector.lines import Lines, read_lines
from matchopt.inspector.loads import check_loads, loads_of
from matchopt.inspector.purchases import check_purchases
from matchopt.inspector.sheet import Sheet
from matchopt.inspector.summary import account_of, check_summary
from matchopt.inspector.tally import Tally, check_tally, tally_of
from matchopt.inspector.verdict import Verdict, judge
from matchopt.inspector.violation import Report, Violation
from matchopt.language import tr
from matchopt.solution import ALLOCATIONS, DONATIONS, NEEDS, PRICES, PURCHASES, Plan

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
    price for every need and donation, and a bound in exact arithmetic (`matchopt.inspector.proof`).
    The blocks from 1 hold what shared rules join: prices of everything limited, stage by stage, and
    bounds by weak duality over all admissible pairs and all their routes
    (`matchopt.inspector.certificate`). A bound that is better than the prices prove comes from an
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
    lines = read_lines(facts, allocations, report)
    tally, loads = tally_of(facts, lines), loads_of(facts, lines)
    check_tally(facts, lines, tally, report)
    check_loads(facts, loads, report)
    check_purchases(facts, purchases, lines, report)
    verdict = judge(facts, tally, loads, prices, report)
    check_needs(facts, needs, tally, verdict.need_reasons, case.extras.get("needs"), report)
    check_gifts(facts, donations, tally, verdict.gift_reasons, case.extras.get("donations"), report)
    _check_summary(facts, plan.summary, lines, tally, verdict, report)
    return report.violations()


def _check_summary(
    f: Facts, summary: object, lines: Lines, tally: Tally, verdict: Verdict, report: Report
) -> None:
    """Check the summary, and what it claims where the prices could be read."""
    if not isinstance(summary, Mapping):
        report.add("summary", "summary", "", tr("is no mapping of keys to figures"))
        return
    check_summary(f, summary, lines, tally, (verdict.need_reasons, verdict.gift_reasons), report)
    if verdict.proof is not None:
        plain, bound, proven, shares = verdict.proof
        check_plain(f, account_of(f, lines, tally, plain), bound, report)
        everyone = account_of(f, lines, tally, plain | True)
        Claims(f, summary, proven, shares, report).check(everyone, lines, tally)
