"""Parts of the network that are planned together, as a block for the solver."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.model.classes import unmet_cost
from matchopt.model.linking import FairnessCells
from matchopt.model.money import FINE, MONEY_SCALE
from matchopt.model.network import Network, Part
from matchopt.planning.columns import RouteSource
from matchopt.planning.earlier import OpenPromises
from matchopt.result.deliveries import Flows, loaded
from matchopt.solve.block import Block, Columns, PricedPlan, Promises, SlopeScaledPlan, UnlinkedPlan
from matchopt.solve.tiers import ProvenFlow
from matchopt.tolerances import ROUNDING

if TYPE_CHECKING:
    from matchopt.contract.case import Case


@dataclass(frozen=True, slots=True)
class LinkedBlock:
    """A block with what is needed to read its plan.

    Attributes
    ----------
    parts
        Numbers of its parts in the network.
    donations, needs : (m,) int, (n,) int
        Classes of its donations and needs in the network.
    cells
        The fairness cells, if there are any.
    promises : (p,) int
        Numbers of the promises that it can keep.
    is_open
        Whether it obeys shared capacities, and all routes are open to it.
    """

    parts: tuple[int, ...]
    donations: Ints
    needs: Ints
    block: Block
    source: RouteSource
    cells: FairnessCells | None
    promises: Ints
    is_open: bool

    @property
    def size(self) -> int:
        """How many donations and needs it has."""
        return len(self.donations) + len(self.needs)


def join(
    case: Case,
    network: Network,
    numbers: Sequence[int],
    *,
    is_open: bool,
    budget: float,
    cells: FairnessCells | None,
    floor: float | None = None,
    kept: Mapping[int, OpenPromises],
    matchings: Mapping[int, ProvenFlow],
    ceiling: Mapping[str, float],
) -> LinkedBlock:
    """Return the block of the parts `numbers`.

    Parameters
    ----------
    is_open
        Whether shared capacities bind it.
    budget
        What the budget allows it.
    cells
        Fairness cells; None without fairness.
    floor
        A coverage that every cell is to reach, where it is not to be as high as it can be.
    kept
        Part number → the promises that it can keep.
    matchings
        Part number → its plan without shared rules, of parts that are transport problems or would be
        without promises.
    ceiling
        See `matchopt.solve.block.Block`.
    """
    parts: list[Part] = [network.parts[number] for number in numbers]
    unit = network.scale.unit

    def every(arrays: list[Ints]) -> Ints:
        return np.concatenate([np.zeros(0, dtype=np.int64), *arrays])

    donations, needs = every([p.rows for p in parts]), every([p.columns for p in parts])
    # Of a class all members agree in what is looked up here by the first of them.
    donation_row = network.donations.row[network.donations.start[donations]]
    need_row = network.needs.row[network.needs.start[needs]]
    whole = np.concatenate([np.full(len(p.rows), p.whole) for p in parts])
    flagged = np.concatenate([np.full(len(p.columns), p.whole) for p in parts])
    count = 0 if cells is None else len(cells.asked)
    alone = len(parts) == 1 and not (count or is_open or np.isfinite(budget))
    fairness = case.settings.policy.fairness if count else "none"
    promises = [kept[number] for number in numbers] if network.promised.cost else []
    source = RouteSource(parts, network.capacities, network.scale, promises, is_open=is_open)
    block = Block(
        supply=every([p.supply for p in parts]).astype(np.float64),
        granule=every([p.granule for p in parts]) / unit,
        demand=(every([p.asked for p in parts]) + network.demand.rest[need_row] / FINE) / unit,
        unmet_cost=unmet_cost(case)[need_row] / MONEY_SCALE,
        tier=every([p.priority for p in parts]),
        community=every([p.community for p in parts]),
        **_purchases(case, network, need_row),
        single=_flag(case.needs["single_source"], need_row) & flagged,
        complete=_flag(case.needs["all_or_nothing"], need_row) & flagged,
        most_communities=np.where(whole, _limit(case.donations["max_communities"])[donation_row], 0),
        visited=_visited(case, network, donations),
        capacity=network.capacities.limit if is_open else np.zeros(0),
        budget=budget,
        by_cost=case.settings.policy.objective == "total-cost",
        fairness=fairness,
        cell=np.full(len(needs), -1, dtype=np.int64) if cells is None else cells.of_need[need_row],
        cell_asked=np.zeros(0) if cells is None else cells.asked,
        fair_share=np.zeros(0) if cells is None else cells.share,
        cell_pinned=np.zeros(0) if cells is None else cells.pinned,
        fixed_floor=floor if count else None,
        ceiling=ceiling,
        unlinked=None if count else _unshared(parts, numbers, matchings),
        promises=Promises(
            source.promised(),
            np.concatenate([np.zeros(0), *(p.granules for p in promises)]),
            network.promised.cost / MONEY_SCALE,
        ),
        slope_scaled=_mended(matchings[numbers[0]]) if alone and parts[0].promised else None,
        divisible=_divisible(parts[0], matchings[numbers[0]]) if alone and numbers[0] in matchings else None,
    )
    return LinkedBlock(
        tuple(numbers),
        donations,
        needs,
        block,
        source,
        cells if count else None,
        every([p.number for p in promises]),
        is_open,
    )


def _purchases(case: Case, network: Network, need_row: Ints) -> dict[str, Ints]:
    """Return what can be bought for needs of the table, as `Block` has it.

    What lines that stay have bought is no whole steps where an earlier plan did not know them: then the first
    purchase makes it whole, where 1/10 000 of the currency can.
    """
    items, pinned = network.items, network.pinned
    item = items.codes(case.needs["item"].iloc[need_row])
    lump, lead = items.lump[item], np.zeros(len(need_row), dtype=np.int64)
    bought = pinned.route.unit_cost[:, -1] > 0
    paid = np.zeros(len(network.asked), dtype=np.int64)
    np.add.at(paid, pinned.need[bought], pinned.quantity[bought])
    coin = Fraction(network.scale.unit, MONEY_SCALE)
    for k in np.flatnonzero(paid[need_row] > 0).tolist():
        price, step = items.price[item[k]], items.step[item[k]]
        whole = Fraction(repr(float(price))) * Fraction(repr(float(step))) * MONEY_SCALE
        before = int(paid[need_row[k]]) / coin
        first = math.ceil(before / whole)
        leads = (n * whole - before for n in range(first, first + int(int(lump[k]) / whole)))
        lead[k] = next((int(one) for one in leads if one.denominator == 1), -1)
    left = network.demand.quantity[need_row] + network.demand.rest[need_row] / FINE
    asked = left / network.scale.unit * items.price[item] * MONEY_SCALE
    most = np.floor((asked - lead) / np.maximum(lump, 1) * (1 + ROUNDING))
    most = np.where((lump > 0) & (lead >= 0), np.nan_to_num(most), -1)
    return {"lump": lump, "lead": np.where(lump > 0, lead, -1), "most_lumps": most.astype(np.int64)}


def _visited(case: Case, network: Network, donations: Ints) -> Ints:
    """Return (v, 2) which donations of a block have pinned lines to which communities."""
    pinned = network.pinned
    if not len(pinned.need):
        return np.zeros((0, 2), dtype=np.int64)
    class_of = np.full(len(network.plannable), -1)
    row, which = network.donations.rows_of(donations)
    class_of[row] = which
    community = network.communities[pinned.need]
    both = np.stack([class_of[pinned.donation], community], axis=1)
    return np.unique(both[both[:, 0] >= 0], axis=0)


def _unshared(
    parts: Sequence[Part], numbers: Sequence[int], matchings: Mapping[int, ProvenFlow]
) -> UnlinkedPlan | None:
    """Return the plan without shared rules, if all parts are transport problems."""
    if any(part.whole or part.promised for part in parts):
        return None
    found = [matchings[number] for number in numbers]
    donation = np.cumsum([0, *(len(part.rows) for part in parts[:-1])])
    need = np.cumsum([0, *(len(part.columns) for part in parts[:-1])])
    return UnlinkedPlan(
        np.concatenate([one.supply_level for one in found]),
        np.concatenate([one.demand_level for one in found]),
        np.concatenate([one.tail + start for one, start in zip(found, donation, strict=True)]),
        np.concatenate([one.head + start for one, start in zip(found, need, strict=True)]),
        np.concatenate([one.flow for one in found]).astype(np.float64),
    )


def _mended(found: ProvenFlow) -> SlopeScaledPlan:
    """Return the plan of a part that only promises bind."""
    return SlopeScaledPlan(
        found.supply_level,
        found.demand_level,
        found.tail,
        found.head,
        found.flow.astype(np.float64),
        found.supply_price / MONEY_SCALE,
        found.demand_price / MONEY_SCALE,
        found.kept.astype(np.float64),
        found.near_tail,
        found.near_head,
    )


def _divisible(part: Part, found: ProvenFlow) -> PricedPlan | None:
    """Return the plan of a part if its quantities could be split."""
    if not part.whole:
        return None
    return PricedPlan(
        found.supply_level,
        found.demand_level,
        found.tail,
        found.head,
        found.flow / part.granule[found.tail],
        found.supply_price / MONEY_SCALE,
        found.demand_price / MONEY_SCALE,
    )


def _flag(column: pd.Series, rows: Ints) -> Bools:
    return np.asarray(column.to_numpy(dtype=bool)[rows])


def _limit(column: pd.Series) -> Ints:
    values: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(values), 0, values).astype(np.int64)


def planned(network: Network, joint: LinkedBlock, columns: Columns, amount: Floats, number: int) -> Flows:
    """Return the plan of block `number`, `amount` granules over each of its routes, as flows."""
    found = [Flows.none()]
    for part, own, row, column, route in joint.source.route(columns):
        quantity = np.rint(amount[own]).astype(np.int64) * part.granule[row]
        loads = part.options.loads(route, row, column)
        found.append(
            Flows(
                part.rows[row],
                part.columns[column],
                quantity,
                part.ratio(row, column),
                route.hub,
                route.pickup,
                route.arrival,
                route.stay,
                route.delivery,
                route.unit_cost,
                np.full(len(own), number, dtype=np.int64),
                *loaded(network, loads, quantity),
            )
        )
    return Flows.together(found)
