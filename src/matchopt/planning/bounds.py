"""What is proven of a whole plan: the plain proof and those of the blocks, added up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd

from matchopt.arrays import Bools
from matchopt.contract.case import Case
from matchopt.model.classes import unmet_cost
from matchopt.model.money import MONEY_SCALE, Quantities, exact_dot
from matchopt.model.network import Network
from matchopt.planning.blocks import LinkedBlock
from matchopt.result.books import Books
from matchopt.result.deliveries import Deliveries
from matchopt.result.proof import PriceRows, Proof, table_of_prices
from matchopt.result.summary import Bound
from matchopt.solve.search import BlockSolution, StageProof, reaches
from matchopt.tolerances import EQUAL, FLOAT


@dataclass(frozen=True, slots=True)
class Solved:
    """A block with its plan and proof; blocks are numbered from 1."""

    number: int
    joint: LinkedBlock
    outcome: BlockSolution


def bounds(
    case: Case, network: Network, plain: Proof, solved: Sequence[Solved], new: Deliveries, books: Books
) -> tuple[Bound, Bound]:
    """Return what is proven, and what prices alone prove (the relaxation).

    `new` is what is planned besides the pinned lines, `books` are of all.
    """
    return (
        _sum(case, network, plain, solved, new, books, relaxed=False),
        _sum(case, network, plain, solved, new, books, relaxed=True),
    )


def _sum(
    case: Case,
    network: Network,
    plain: Proof,
    solved: Sequence[Solved],
    new: Deliveries,
    books: Books,
    *,
    relaxed: bool,
) -> Bound:
    pinned, promised = network.pinned, network.promised
    cost = plain.cost_bound() + exact_dot(pinned.route.unit_cost.sum(axis=1), pinned.quantity)
    fairness, by_tier = None, plain.tier_bound()
    own = new.served_by_need(network.demand)
    served: dict[int, Fraction | float] | None = None
    if by_tier is not None:
        priority = case.column("needs", "priority")
        before = {t: books.served.of(priority == t) - own.of(priority == t) for t in by_tier}
        served = {t: most + before[t] for t, most in by_tier.items()}
    unmet = network.demand - own
    if by_tier is None:
        # The blocks count what their needs miss of what pinned lines leave, the plain proof whole quantities.
        _, joint = in_blocks(network, solved)
        price, plain_rows = unmet_cost(case), ~joint & ~network.excluded
        counted = unmet.cost(price, joint) + exact_dot(price[plain_rows], unmet.quantity[plain_rows])
        cost += books.cost["unmet"] - counted
    # What no block could keep is changed in every plan.
    lost = np.ones(len(promised), dtype=bool)
    for one in solved:
        lost[one.joint.promises] = False
    cost += int(lost.sum()) * promised.cost * network.scale.unit
    for one in solved:
        exact = _Exact(case, network, one, new, own, unmet)
        for stage in one.outcome.stages:
            limit = stage.relaxation if relaxed else stage.bound
            met = reaches(stage.value, limit)
            if stage.name == "cost":
                cost += exact.cost if met else exact.least_cost(limit)
            elif stage.name.startswith("tier") and served is not None:
                tier = int(stage.name.split()[1])
                most = min(limit * network.scale.unit, float(exact.asked[tier]))
                served[tier] += exact.served[tier] if met else (most if relaxed else math.floor(most + EQUAL))
            else:
                fairness = _fairness(one, stage, stage.value if met else limit)
    return Bound(served, cost, fairness)


def _fairness(one: Solved, stage: StageProof, value: float) -> float:
    """Return a coverage, or under ``share`` the shortfall that goes with `value` units of fair shares."""
    if stage.name == "share":
        return max(float(one.joint.block.fair_share.sum()) - value, 0.0)
    return value


class _Exact:
    """What the plan reaches in one block, in whole numbers."""

    def __init__(
        self,
        case: Case,
        network: Network,
        one: Solved,
        new: Deliveries,
        served: Quantities,
        unmet: Quantities,
    ) -> None:
        needs, _ = network.needs.rows_of(one.joint.needs)
        tier = case.column("needs", "priority")[needs]
        self.served = {int(t): served.of(needs[tier == t]) for t in np.unique(tier)}
        self.asked = {int(t): network.demand.of(needs[tier == t]) for t in np.unique(tier)}
        own = new.block == one.number
        self.cost = exact_dot(new.unit_cost[own].sum(axis=1), new.quantity[own])
        changed = len(one.joint.promises) - int(new.kept(network.promised)[one.joint.promises].sum())
        self.cost += changed * network.promised.cost * network.scale.unit
        self._base = 0
        if one.joint.block.by_cost:
            price = unmet_cost(case)
            self._base = network.demand.cost(price, needs)
            self.cost += unmet.cost(price, needs)
        self._unit = network.scale.unit

    def least_cost(self, limit: float) -> int:
        """Return the least cost that goes with a stage of at most `limit`: whole, not below 0, as all are."""
        least = -limit * MONEY_SCALE * self._unit
        # Binary dust must not lift it to the next whole number.
        return max(self._base + math.ceil(least - EQUAL - FLOAT * abs(least)), 0)


def in_blocks(network: Network, solved: Sequence[Solved]) -> tuple[Bools, Bools]:
    """Return which donations and needs of the tables are in some block."""
    donation, need = np.zeros(len(network.plannable), dtype=bool), np.zeros(len(network.asked), dtype=bool)
    for one in solved:
        donation[network.donations.rows_of(one.joint.donations)[0]] = True
        need[network.needs.rows_of(one.joint.needs)[0]] = True
    return donation, need


def price_table(case: Case, network: Network, plain: Proof, solved: Sequence[Solved]) -> pd.DataFrame:
    """Return the table ``prices`` of a plan."""
    rows = plain.prices()
    for one in solved:
        for stage in one.outcome.stages:
            rows += _stage_rows(case, network, one, stage)
    return table_of_prices(rows)


def _stage_rows(case: Case, network: Network, one: Solved, stage: StageProof) -> list[PriceRows]:
    """Return the prices of a stage above 0, and those of all donations and needs where costs are proven."""
    prices, joint, capacities = stage.prices, one.joint, network.capacities
    donation, of_donation = network.donations.rows_of(joint.donations)
    need, of_need = network.needs.rows_of(joint.needs)
    per_unit = (prices.donation / joint.block.granule)[of_donation]
    ids = case.column("donations", "donation_id"), case.column("needs", "need_id")
    sides = [
        PriceRows("donation", ids[0][donation], per_unit),
        PriceRows("need", ids[1][need], prices.need[of_need]),
    ]
    shared = []
    if joint.is_open:
        dated = network.calendar.dated & (capacities.day >= 0)
        day = np.where(dated, capacities.day, np.iinfo(np.int64).min).astype("datetime64[D]")
        shared.append(PriceRows(capacities.side, capacities.name, prices.capacity, capacities.to, day))
    shared.append(PriceRows("budget", [""], [prices.budget]))
    shared.append(PriceRows("reached", list(prices.reached), list(prices.reached.values())))
    if joint.cells is not None:
        shared.append(PriceRows("fair", joint.cells.community, prices.fair, joint.cells.category))
    found = [rows.above_nothing() for rows in shared]
    found = [*(sides if stage.name == "cost" else [rows.above_nothing() for rows in sides]), *found]
    return [replace(rows, block=one.number, stage=stage.name) for rows in found]
