"""The verifier: rechecks a plan from the tables alone.

It restates the contract on its own and shares nothing with what made the plan, so that one
mistake cannot pass twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from matchopt.arrays import Bools, Texts
from matchopt.contract.case import Case
from matchopt.contract.plan import ALLOCATIONS, DONATIONS, NEEDS, PRICES, PURCHASES, Plan
from matchopt.language import mark
from matchopt.verifier.commitments import CommitmentFacts, commitments_of, promises_of, remaining
from matchopt.verifier.facts import Facts
from matchopt.verifier.gather import gather
from matchopt.verifier.lines import check_purchases, read_lines
from matchopt.verifier.pairs import PairVisitors, enumerate_pairs, row_classes
from matchopt.verifier.prices import coverage_cells, read_prices
from matchopt.verifier.proof import (
    ColumnPricing,
    PlainBound,
    PlainProof,
    Proven,
    Prover,
    ResidualCase,
    Shares,
    check_signs,
    plain_bound,
    shares_of,
)
from matchopt.verifier.reasons import Reasons
from matchopt.verifier.summary import BoundChecks, RecomputedPlan, check_plain
from matchopt.verifier.sums import (
    CapacityUse,
    PlanTotals,
    check_donations,
    check_loads,
    check_needs,
    check_tally,
    cost_totals,
    plan_totals,
    used_by,
)
from matchopt.verifier.violation import PlanTable, Violation, Violations

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
    price for every need and donation, and a bound in exact arithmetic. The blocks from 1 hold what
    linking constraints join: prices of everything limited, stage by stage, and bounds by weak
    duality over all admissible pairs and all their routes (both in `matchopt.verifier.proof`).
    A bound that is better than the prices prove comes from an exhaustive search; it is checked
    against plan and prices, but cannot be repeated here.

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
    found = Violations()
    allocations, needs, donations, prices, purchases = tables = (
        PlanTable(plan.allocations, "allocations", ALLOCATIONS, found),
        PlanTable(plan.needs, "needs", NEEDS, found),
        PlanTable(plan.donations, "donations", DONATIONS, found),
        PlanTable(plan.prices, "prices", PRICES, found),
        PlanTable(plan.purchases, "purchases", PURCHASES, found),
    )
    if not all(table.complete for table in tables):
        return found.all()
    f = gather(case)
    commitments = commitments_of(case, f)
    lines = read_lines(f, commitments, allocations)
    tally, used = plan_totals(f, lines), used_by(f, lines)
    check_tally(f, lines, tally, found)
    check_loads(f, used, found)
    check_purchases(f, purchases, lines)
    verdict = prove(f, commitments, tally, used, prices)
    check_needs(f, needs, tally, (verdict.need_reasons, verdict.obstacles), case.extras.get("needs"))
    check_donations(f, donations, tally, verdict.donation_reasons, case.extras.get("donations"))
    if isinstance(plan.summary, Mapping):
        _check_summary(RecomputedPlan(f, commitments, lines, tally), plan.summary, verdict, found)
    else:
        found.add("summary", "summary", "", mark("is no mapping of keys to figures"))
    return found.all()


class BlockProof(NamedTuple):
    """What the prices prove of all that is new: of the needs of block 0, which `plain` marks, and of all.

    `keepable` is how many promises of an earlier plan could be kept.
    """

    plain: Bools
    bound: PlainBound
    proven: Proven
    shares: Shares
    keepable: int


class ReasonsAndProof(NamedTuple):
    """Reasons of needs, what stands in their way, reasons of donations; and what the prices prove.

    That is None where they could not be read.
    """

    need_reasons: Texts
    obstacles: Texts
    donation_reasons: Texts
    proof: BlockProof | None


def prove(
    f: Facts, commitments: CommitmentFacts, tally: PlanTotals, used: CapacityUse, table: PlanTable
) -> ReasonsAndProof:
    """Look at all pairs, and hold the prices of a table against the admissible ones."""
    found, cells = table.found, coverage_cells(f)
    prices = read_prices(f, cells, table)
    if prices is not None:
        prices = check_signs(f, prices, found)
    classes = row_classes(f, commitments, tally, prices)
    reasons = Reasons(f, tally, used, *classes)
    if prices is None:
        reach = enumerate_pairs(f, commitments, classes, PairVisitors(reasons))
        return ReasonsAndProof(*reasons.all(reach, commitments), None)
    columns, plain = ColumnPricing(f, prices, *classes, cells.of), PlainProof(f, prices, *classes, found)
    reach = enumerate_pairs(f, commitments, classes, PairVisitors(reasons, plain, columns))
    left = remaining(f, tally.kept, tally.met)
    bound = plain_bound(left, prices)
    shares = shares_of(f, cells, commitments, tally, reach, prices)
    promises = promises_of(f, left, commitments, prices, cells.of)
    budget = max(f.settings.policy.budget - float(tally.held), 0.0)
    new = (tally.served - tally.met).astype(np.float64) * f.needs.grain
    rest = ResidualCase(left, used.left_to_plan, budget, new, promises)
    proven = Prover(prices, columns, rest, shares).prove(bound, found)
    proof = BlockProof(prices.need_block == 0, bound, proven, shares, len(promises.j))
    return ReasonsAndProof(*reasons.all(reach, commitments), proof)


def _check_summary(
    book: RecomputedPlan, summary: Mapping[str, Any], verdict: ReasonsAndProof, found: Violations
) -> None:
    """Check the summary, and what it claims where the prices could be read."""
    claims = BoundChecks(book, summary, found)
    claims.check_figures(verdict.need_reasons, verdict.donation_reasons)
    if verdict.proof is None:
        return
    plain, bound, proven, shares, keepable = verdict.proof
    f, commitments, lines, tally = book
    check_plain(f, cost_totals(f, lines.new, tally, tally.served - tally.met, plain), bound, found)
    # Beside what is new stand the lines that stay, and the changes of promises that nobody can keep.
    stays = cost_totals(f, lines.before, tally, tally.met, plain | True)
    served = {tier: most + stays.served_by_tier[tier] for tier, most in proven.served_by_tier.items()}
    lost = commitments.churn * (len(commitments.promised.i) - keepable)
    proven = replace(proven, served_by_tier=served, cost=proven.cost + stays.logistics + lost)
    claims.check_claims(proven, shares)
