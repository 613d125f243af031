"""Quantities of a case: what is asked and offered, what may be planned, and in which granules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.contract.fields import PINNED
from matchopt.contract.frames import positions
from matchopt.model.classes import alike_donations, sorted_rows
from matchopt.model.money import MONEY_SCALE, QuantityScale
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
        its lot and step, of which every delivery holds a whole multiple. Of money that can buy something it
        is the lot alone, or 1/10 000 of the currency; other deliveries of it hold `multiple` of these.
    multiple : (d,) int
        1 but for money that can buy something.
    fine : (d,) bool
        Money that can buy something and comes in no lots.
    asked : (n,) int
        What each need asks.
    excluded : (n,) bool
        Needs that an exclusion names.
    """

    scale: QuantityScale
    offered: Ints
    plannable: Ints
    granule: Ints
    multiple: Ints
    fine: Bools
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
        least = np.fmax(step, lot)
        whole = _common_multiple(step, np.where(np.isnan(lot), step, lot))
        buys = items.funds[donated] & bool((items.lump > 0).any())
        fine = buys & np.isnan(lot)
        coin = _common_divisor(step, np.full(len(step), 1 / MONEY_SCALE))
        granule = np.where(fine, coin, np.where(buys, lot, whole))
        asked, offered = (case.column(side, "quantity") for side in ("needs", "donations"))
        committed = case.column("commitments", "quantity")
        committed = committed[~np.isnan(committed)]
        grid = [np.unique(q) for q in (items.step, granule, least, asked, offered, committed)]
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
            _plannable(case, least, scale),
            scale.to_ints(granule),
            np.rint(whole / granule).astype(np.int64),
            fine,
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


def _common_divisor(one: Floats, other: Floats) -> Floats:
    """Return the greatest common divisor of decimals."""
    scale = QuantityScale.of_steps(np.unique(np.concatenate([one, other])))
    return np.asarray(np.gcd(scale.to_ints(one), scale.to_ints(other)) / scale.unit)


def _plannable(case: Case, least: Floats, scale: QuantityScale) -> Ints:
    """Return the scaled quantity of each donation that the reliability policy lets be planned.

    Of donations that are alike, quantity × reliability is rounded once, down to `least` (step or lot): lines
    that stay take of it first, the others in the order of ids, each at most its quantity.
    """
    quantity, reliability = (case.column("donations", name) for name in ("quantity", "reliability"))
    policy, offered = case.settings.policy.reliability, scale.to_ints(quantity)
    if policy == "firm":
        return np.where(reliability < 1, 0, offered)
    if policy == "ignore" or not (reliability < 1).any():
        return offered
    rows = sorted_rows(case.column("donations", "donation_id"))
    rows = rows[reliability[rows] < 1]
    group = alike_donations(case)[rows]
    by_group = np.argsort(group, kind="stable")
    rows, group = rows[by_group], np.unique(group[by_group], return_inverse=True)[1]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    own = offered[rows]
    step = scale.to_ints(least[rows[first]])
    expected = np.add.reduceat(own, first) * reliability[rows[first]] / step
    nearest = np.rint(expected)
    dust = np.abs(expected - nearest) <= FLOAT * np.maximum(nearest, 1)
    left = np.where(dust, nearest, np.floor(expected)).astype(np.int64) * step
    stays = np.minimum(_pinned(case, scale)[rows], own)
    plannable = offered.copy()
    plannable[rows] = 0
    for most in (stays, own - stays):
        before = np.cumsum(most) - most
        before -= before[first][group]
        given = np.clip(left[group] - before, 0, most)
        np.subtract.at(left, group, given)
        plannable[rows] += given
    return plannable


def _pinned(case: Case, scale: QuantityScale) -> Ints:
    """Return the scaled quantity of each donation that lines of an earlier plan keep."""
    pinned = np.zeros(len(case.donations), dtype=np.int64)
    if "commitments" in case.tables:
        table = case.table("commitments")
        table = table[table["status"].isin(PINNED)]
        rows = positions(case.donations["donation_id"], table["donation_id"])
        np.add.at(pinned, rows, scale.to_ints(table["quantity"].to_numpy(dtype=np.float64)))
    return pinned


def _excluded(case: Case) -> Bools:
    """Return which needs an exclusion names: equal item, group and community where it gives them."""
    columns = ("item", "group", "community")
    named: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for row in zip(*(case.column("exclusions", name).tolist() for name in columns), strict=True):
        given = {name: cell for name, cell in zip(columns, row, strict=True) if cell}
        named.setdefault(tuple(given), set()).add(tuple(given.values()))
    excluded = np.zeros(len(case.needs), dtype=bool)
    for which, some in named.items():
        rows = zip(*(case.column("needs", name).tolist() for name in which), strict=True)
        excluded |= np.fromiter((row in some for row in rows), dtype=bool, count=len(excluded))
    return excluded
