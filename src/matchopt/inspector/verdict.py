"""The judge: one sweep over all pairs, and what follows from it: the reasons and what the prices prove."""

from __future__ import annotations

from typing import NamedTuple

from matchopt.inspector.cells import cells_of
from matchopt.inspector.certificate import Proven, prove
from matchopt.inspector.columns import Columns
from matchopt.inspector.facts import Facts
from matchopt.inspector.fairness import Shares, shares_of
from matchopt.inspector.keys import Bools, Texts
from matchopt.inspector.leftovers import Leftovers
from matchopt.inspector.loads import Loads
from matchopt.inspector.prices import read_prices
from matchopt.inspector.profiles import profiles_of
from matchopt.inspector.proof import Bound, PlainProof, bound_of, check_signs
from matchopt.inspector.reasons import gift_reasons, need_reasons
from matchopt.inspector.room import Room
from matchopt.inspector.sheet import Sheet
from matchopt.inspector.sweep import sweep
from matchopt.inspector.tally import Tally
from matchopt.inspector.violation import Report


class Proof(NamedTuple):
    """What the prices prove: of the needs of block 0, which `plain` marks, and of all together."""

    plain: Bools
    bound: Bound
    proven: Proven
    shares: Shares


class Verdict(NamedTuple):
    """The reasons of needs and donations; the proof, None where the prices could not be read."""

    need_reasons: Texts
    gift_reasons: Texts
    proof: Proof | None


def judge(f: Facts, tally: Tally, loads: Loads, sheet: Sheet, report: Report) -> Verdict:
    """Look at all pairs, and hold the prices of `sheet` against the admissible ones."""
    cells = cells_of(f)
    prices = read_prices(f, cells, sheet, report)
    if prices is not None:
        prices = check_signs(f, prices, report)
    gifts, needs = profiles_of(f, tally, prices)
    left = Leftovers(f, tally, Room.of(f, loads), gifts, needs)
    plain = columns = None
    if prices is not None:
        plain = PlainProof(f, prices, gifts, needs, report)
        columns = Columns(f, prices, gifts, needs, cells.of)
    reach = sweep(f, gifts, needs, left, plain, columns)
    proof = None
    if prices is not None and columns is not None:
        bound = bound_of(f, prices)
        shares = shares_of(f, cells, tally, reach, prices.need_block)
        proven = prove(f, prices, bound, columns, tally, shares, report)
        proof = Proof(prices.need_block == 0, bound, proven, shares)
    return Verdict(need_reasons(f, tally, reach, left), gift_reasons(f, tally, reach, left), proof)
