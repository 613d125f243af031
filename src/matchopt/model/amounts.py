"""Quantities of a case: what is asked and offered, what may be planned, and in which granules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.model.money import QuantityScale
from matchopt.model.rules import Items
from matchopt.tolerances import FLOAT

if TYPE_CHECKING:
    from matchopt.contract.case import Case


@dataclass(frozen=True, slots=True)
class Amounts:
    """Scaled quantities, one entry a row.

    Attributes
    ----------
    scale
        What one scaled unit is; fine enough for steps, lots and quantities.
    offered, plannable, granule : (d,) int
        What each donation offers, what of it may be planned, and the least common multiple of
        its lot and step, of which every delivery holds a whole multiple.
    asked : (n,) int
        What each need asks.
    excluded : (n,) bool
        Needs that an exclusion names.
    """

    scale: QuantityScale
    offered: Ints
    plannable: Ints
    granule: Ints
    asked: Ints
    excluded: Bools

    @classmethod
    def of(cls, case: Case, items: Items, donated: Ints, needed: Ints) -> Self:
        """Return the amounts of `case`, whose donations and needs are of the items coded.

        Raises
        ------
        CaseError
            If they are too large to be added up in the decimals they need.
        """
        step = items.step[donated]
        lot = case.column("donations", "lot_size")
        granule = _common_multiple(step, np.where(np.isnan(lot), step, lot))
        asked, offered = (case.column(side, "quantity") for side in ("needs", "donations"))
        committed = case.column("commitments", "quantity")
        committed = committed[~np.isnan(committed)]
        grid = [np.unique(q) for q in (items.step, granule, asked, offered, committed)]
        ratio = case.column("substitutions", "ratio")
        if (ratio != 1).any() or items.funds[donated].any():
            prices = 1 / items.price[items.price > 0]
            given = np.unique(np.concatenate([granule, committed]))
            grid.append(np.outer(given, np.concatenate([ratio, prices])).ravel())
        scale = QuantityScale.of_steps(np.concatenate(grid))
        for quantity in (asked, offered):
            scale.refuse_beyond(float(quantity.sum()))
        return cls(
            scale,
            scale.to_ints(offered),
            _plannable(case, step, scale),
            scale.to_ints(granule),
            scale.to_ints(asked),
            _excluded(case),
        )


def whole_parts(
    case: Case,
    items: Items,
    amounts: Amounts,
    left: tuple[Ints, Ints],
    part_of: Ints,
    donated: Ints,
    needed: Ints,
) -> Bools:
    """Return which parts (by number) are no transport problem, because something must stay whole.

    That is where items join at a ratio or by purchase, deliveries hold more than a step, a quantity
    is no multiple of the step, or a flag could bind: on a need of one step none can. `left` is what
    commitments leave of donations and needs.
    """
    whole = items.unequal(part_of)
    step = amounts.scale.to_ints(items.step)
    odd = (amounts.granule != step[donated]) | (left[0] % step[donated] != 0)
    communities = len(pd.unique(case.column("needs", "community")))
    few = case.column("donations", "max_communities") < communities
    whole[part_of[donated[odd | few]]] = True
    flags = case.column("needs", "single_source") | case.column("needs", "all_or_nothing")
    off = left[1] % step[needed] != 0
    whole[part_of[needed[(flags & (amounts.asked > step[needed])) | off]]] = True
    return whole


def _common_multiple(step: Floats, lot: Floats) -> Floats:
    """Return the least common multiple of decimals."""
    scale = QuantityScale.of_steps(np.unique(np.concatenate([step, lot])))
    return np.asarray(np.lcm(scale.to_ints(step), scale.to_ints(lot)) / scale.unit)


def _plannable(case: Case, step: Floats, scale: QuantityScale) -> Ints:
    """Return the scaled quantity of each donation that the reliability policy lets be planned."""
    quantity, reliability = (case.column("donations", name) for name in ("quantity", "reliability"))
    policy = case.settings.policy.reliability
    offered = scale.to_ints(quantity)
    if policy == "ignore":
        return offered
    if policy == "firm":
        return np.where(reliability < 1, 0, offered)
    expected = quantity * reliability / step
    nearest = np.rint(expected)
    dust = np.abs(expected - nearest) <= FLOAT * np.maximum(nearest, 1)
    steps = np.where(dust, nearest, np.floor(expected)).astype(np.int64)
    return np.where(reliability < 1, steps * scale.to_ints(step), offered)


def _excluded(case: Case) -> Bools:
    """Return which needs an exclusion names: equal item, group and community where it gives them."""
    columns = ["item", "group", "community"]
    excluded = np.zeros(len(case.needs), dtype=bool)
    if "exclusions" not in case.tables:
        return excluded
    table = case.table("exclusions")
    given = table[columns] != ""
    for which, some in table[columns].groupby([given[name] for name in columns], sort=False):
        named = [name for name, is_given in zip(columns, which, strict=True) if is_given]
        wanted = pd.MultiIndex.from_frame(some[named])
        excluded |= pd.MultiIndex.from_frame(case.needs[named]).isin(wanted)
    return excluded
