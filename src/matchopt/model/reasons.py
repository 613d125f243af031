"""Why something stays unmet or left over: one reason code each (contract §2 and §5)."""

from __future__ import annotations

import numpy as np

from matchopt.arrays import FORBIDDEN, Bools, Ints
from matchopt.model.network import Network, Part
from matchopt.model.rules import ADMITTED, STEPS

BLOCK_PAIRS = 500_000
"""Pairs looked at in one go."""


def need_reasons(network: Network, served: Ints, by_cost: bool) -> list[str]:
    """Return the reason code of each need, ``""`` where it is served in full.

    Parameters
    ----------
    served : (n,) int
        Scaled quantity served of each need.
    by_cost
        Whether the objective is total cost, under which a need may not be worth serving.
    """
    short = served < network.asked
    reason = np.where(network.excluded & short, "excluded", np.where(short, STEPS[0], "")).astype(object)
    short_class = network.needs.any_of(short)
    for part in network.parts:
        columns = np.flatnonzero(short_class[part.columns])
        step, _, least = _look(part, np.arange(len(part.rows)), columns, axis=0)
        code = np.array([*STEPS, "outranked"], dtype=object)[step]
        if by_cost:
            code[(step == ADMITTED) & (least >= part.unmet_cost[columns])] = "not_worth_it"
        row, which = network.needs.rows_of(part.columns[columns])
        reason[row] = np.where(short[row], code[which], reason[row])
    return list(reason)


def donation_reasons(network: Network, planned: Ints, by_cost: bool) -> list[str]:
    """Return the reason code of each donation, ``""`` where all that was offered is planned."""
    left = planned < network.plannable
    reason = np.where(left, STEPS[0], np.where(planned < network.offered, "unreliable", "")).astype(object)
    left_class = network.donations.any_of(left)
    for part in network.parts:
        rows = np.flatnonzero(left_class[part.rows])
        step, worth_it, _ = _look(part, rows, np.arange(len(part.columns)), axis=1)
        code = np.array([*STEPS, "demand_met"], dtype=object)[step]
        if by_cost:
            code[(step == ADMITTED) & ~worth_it] = "not_worth_it"
        row, which = network.donations.rows_of(part.rows[rows])
        reason[row] = np.where(left[row], code[which], reason[row])
    return list(reason)


def _look(part: Part, rows: Ints, columns: Ints, axis: int) -> tuple[Ints, Bools, Ints]:
    """Look at rows × columns along `axis` (0: what each column finds, 1: what each row finds).

    Returns the furthest step that some partner passed, whether some partner costs less than
    the need's unmet cost, and the least cost.
    """
    mine, others = (columns, rows) if axis == 0 else (rows, columns)
    furthest = np.zeros(len(mine), dtype=np.int64)
    worth_it = np.zeros(len(mine), dtype=bool)
    least = np.full(len(mine), FORBIDDEN, dtype=np.int64)
    width = max(1, BLOCK_PAIRS // max(len(others), 1))
    for start in range(0, len(mine), width):
        some = slice(start, start + width)
        row, column = (others, mine[some]) if axis == 0 else (mine[some], others)
        step, cost = part.verdict(row[:, None], column)
        furthest[some] = step.max(axis=axis, initial=0)
        worth_it[some] = (cost < part.unmet_cost[column]).any(axis=axis)
        least[some] = cost.min(axis=axis, initial=FORBIDDEN)
    return furthest, worth_it, least
