"""The judge: one sweep over all pairs, and what follows from it: the reasons and what the prices prove."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matchopt.verifier.cells import cells_of
from matchopt.verifier.certificate import Proven, Rest, prove
from matchopt.verifier.columns import Columns
from matchopt.verifier.committed import Committed, remaining
from matchopt.verifier.facts import Facts
from matchopt.verifier.fairness import Shares, shares_of
from matchopt.verifier.keys import Bools, Texts
from matchopt.verifier.leftovers import Leftovers
from matchopt.verifier.loads import Loads
from matchopt.verifier.prices import read_prices
from matchopt.verifier.profiles import profiles_of
from matchopt.verifier.promises import promises_of
from matchopt.verifier.proof import Bound, PlainProof, bound_of, check_signs
from matchopt.verifier.reasons import gift_reasons, need_reasons
from matchopt.verifier.room import Room
from matchopt.verifier.sheet import Sheet
from matchopt.verifier.sweep import sweep
from matchopt.verifier.tally import Tally
from matchopt.verifier.violation import Report


class Proof(NamedTuple):
    """What the prices prove of all that is new: of the needs of block 0, which `plain` marks, and of all.

    `keepable` is how many promises of an earlier plan could be kept.
    """

    plain: Bools
    bound: Bound
    proven: Proven
    shares: Shares
    keepable: int


class Verdict(NamedTuple):
    """The reasons of needs and donations; the proof, None where the prices could not be read."""

    need_reasons: Texts
    gift_reasons: Texts
    proof: Proof | None


class Used(NamedTuple):
    """What a plan loads on shared capacities; what of that stays of an earlier plan; what there may be."""

    loads: Loads
    before: Loads
    limits: Loads


def judge(f: Facts, committed: Committed, tally: Tally, used: Used, sheet: Sheet, report: Report) -> Verdict:
    """Look at all pairs, and hold the prices of `sheet` against the admissible ones."""
    cells = cells_of(f)
    prices = read_prices(f, cells, sheet, report)
    if prices is not None:
        prices = check_signs(f, prices, report)
    gifts, needs = profiles_of(f, committed, tally, prices)
    left = Leftovers(f, tally, Room.of(used.loads, used.limits), gifts, needs)
    plain = columns = None
    if prices is not None:
        plain = PlainProof(f, prices, gifts, needs, report)
        columns = Columns(f, prices, gifts, needs, cells.of)
    reach = sweep(f, committed, gifts, needs, left, plain, columns)
    proof = None
    if prices is not None and columns is not None:
        facts = remaining(f, tally.kept, tally.met)
        bound = bound_of(facts, prices)
        shares = shares_of(f, cells, committed, tally, reach, prices)
        promises = promises_of(f, facts, committed, prices, cells.of)
        budget = max(f.settings.policy.budget - float(tally.held), 0.0)
        served = (tally.served - tally.met).astype(np.float64) * f.wants.grain
        rest = Rest(facts, used.limits.less(used.before), budget, served, promises)
        proven = prove(prices, bound, columns, rest, shares, report)
        proof = Proof(prices.need_block == 0, bound, proven, shares, len(promises.j))
    return Verdict(need_reasons(f, tally, reach, left), gift_reasons(f, tally, reach, left), proof)
