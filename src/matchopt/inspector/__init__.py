"""The inspector: rechecks a plan from the tables alone.

It restates the contract on its own and shares nothing with what made the plan, so that one
mistake cannot pass twice.
"""

from __future__ import annotations

from matchopt.case import Case
from matchopt.inspector.books import check_gifts, check_needs, keep_books
from matchopt.inspector.gather import gather
from matchopt.inspector.lines import read_lines
from matchopt.inspector.loads import check_loads
from matchopt.inspector.proof import bound_of, read_prices
from matchopt.inspector.sheet import Sheet
from matchopt.inspector.summary import check_summary
from matchopt.inspector.sweep import sweep
from matchopt.inspector.violation import Report, Violation
from matchopt.solution import ALLOCATIONS, DONATIONS, NEEDS, PRICES, Plan

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
        Empty when the plan is right and proven optimal. At most 50 violations of a code are
        spelled out, the rest is counted.

    Notes
    -----
    The proof is the table `plan.prices`: a level and a price for every need and donation. What
    they have to obey over all admissible pairs, and why they then prove the bound, stands in
    `matchopt.inspector.proof`. All sums of the bound are exact.

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
    ]
    if not all(sheet.complete for sheet in sheets):
        return report.violations()
    allocations, needs, donations, prices = sheets
    facts = gather(case)
    lines = read_lines(facts, allocations, report)
    check_loads(facts, lines, report)
    proof = read_prices(facts, prices, report)
    reach = sweep(facts, proof, report)
    books = keep_books(facts, lines, reach)
    check_needs(facts, needs, books, case.extras.get("needs"), report)
    check_gifts(facts, donations, books, case.extras.get("donations"), report)
    bound = None if proof is None else bound_of(facts, proof)
    check_summary(facts, plan.summary, lines, books, bound, report)
    return report.violations()
