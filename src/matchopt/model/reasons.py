"""Why something stays unmet or left over: one reason code each (contract §2 and §5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.arrays import FORBIDDEN, Floats, Ints
from matchopt.model.capacities import ROUNDING
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import Network, Part
from matchopt.model.rules import ADMITTED, STEPS
from matchopt.model.ways import DayPrices

BLOCK_PAIRS = 200_000
"""Pairs looked at in one go."""

_DEAR = 1e12
_CLOSED = 2 * _DEAR
"""What a unit pays for a capacity without room: nothing else costs as much, in currency."""

OUTRANKED, CAPACITY, BUDGET, INTEGRALITY = range(ADMITTED + 1, ADMITTED + 5)
"""How far a pair gets beyond the rules, where the need is short: nothing is left of the donation; no way has
room for a granule; what is left of the budget does not pay for one; or a whole granule fits nowhere. A pair
whose donation never had a granule stays at `ADMITTED`."""

CODES = np.array(
    [*STEPS, "integrality", "outranked", "capacity", "budget", "integrality", "not_worth_it"], dtype=object
)
NOT_WORTH_IT = len(CODES) - 1


@dataclass(frozen=True, slots=True)
class Rest:
    """What a finished plan leaves.

    Attributes
    ----------
    donation, need : (d,) int, (n,) int
        Scaled quantity of each donation that was plannable and is not planned, and of each need
        that is asked, not excluded, and not served.
    room : (r,) float
        kg that each shared capacity still takes.
    budget : float
        Currency that may still be spent.
    """

    donation: Ints
    need: Ints
    room: Floats
    budget: float


def need_reasons(network: Network, rest: Rest, by_cost: bool) -> list[str]:
    """Return the reason code of each need, ``""`` where it is served in full.

    `by_cost` tells whether the objective is total cost, under which a need may not be worth serving.
    """
    short = rest.need > 0
    reason = np.where(network.excluded, "excluded", np.where(short, STEPS[0], "")).astype(object)
    short_class = network.needs.any_of(short)
    for part in network.parts:
        columns = np.flatnonzero(short_class[part.columns])
        if len(columns):
            look = _Look(network, part, rest, by_cost)
            code = np.concatenate(
                [look.at(np.arange(len(part.rows)), some)[0] for some in _cut(columns, part.rows)]
            )
            row, which = network.needs.rows_of(part.columns[columns])
            reason[row] = np.where(short[row], CODES[code][which], reason[row])
    return list(reason)


def donation_reasons(network: Network, rest: Rest, by_cost: bool) -> list[str]:
    """Return the reason code of each donation, ``""`` where all that was offered is planned."""
    left = rest.donation > 0
    unreliable = network.offered > network.plannable
    reason = np.where(left, STEPS[0], np.where(unreliable, "unreliable", "")).astype(object)
    less = left & (rest.donation < network.granule)
    left_class = network.donations.any_of(left)
    for part in network.parts:
        rows = np.flatnonzero(left_class[part.rows])
        if len(rows):
            look = _Look(network, part, rest, by_cost)
            code = np.concatenate(
                [look.at(some, np.arange(len(part.columns)))[1] for some in _cut(rows, part.columns)]
            )
            row, which = network.donations.rows_of(part.rows[rows])
            words = np.where(less[row] & (code[which] >= ADMITTED), "integrality", GIVER_CODES[code[which]])
            reason[row] = np.where(left[row], words, reason[row])
    return list(reason)


GIVER_CODES = np.where(CODES == "outranked", "demand_met", CODES)


class _Look:
    """Looks at pairs of one part of a network after planning."""

    def __init__(self, network: Network, part: Part, rest: Rest, by_cost: bool) -> None:
        self._part, self._rest, self._by_cost = part, rest, by_cost
        self._unit = network.scale.unit
        self._able = network.donations.any_of(network.plannable >= network.granule)[part.rows]
        self._open = network.donations.any_of(rest.donation >= network.granule)[part.rows]
        self._short = network.needs.any_of(rest.need > 0)[part.columns]

    def at(self, rows: Ints, columns: Ints) -> tuple[Ints, Ints]:
        """Return how far `columns` get with any of `rows`, and `rows` with any of `columns`, as codes."""
        part = self._part
        step, cost = part.verdict(rows[:, None], columns)
        admitted = cost < FORBIDDEN
        worth = admitted
        if self._by_cost:
            per_unit = np.where(admitted, cost / part.ratio(rows[:, None], columns), np.inf)
            worth = admitted & (per_unit < part.unmet_cost[columns])
        reached = step.astype(np.int64)
        reached[worth & self._able[rows][:, None]] = OUTRANKED
        pairs = np.nonzero(worth & self._open[rows][:, None] & self._short[columns])
        reached[pairs] = self._beyond(rows[pairs[0]], columns[pairs[1]], cost[pairs])
        need = reached.max(axis=0, initial=0)
        donation = reached.max(axis=1, initial=0)
        need[admitted.any(axis=0) & ~worth.any(axis=0)] = NOT_WORTH_IT
        donation[admitted.any(axis=1) & ~worth.any(axis=1)] = NOT_WORTH_IT
        return need, donation

    def _beyond(self, rows: Ints, columns: Ints, cost: Ints) -> Ints:
        """Return what keeps pairs (n,) apart of which both sides have something left."""
        granule = self._part.granule[rows] / self._unit
        least = self._open_cost(rows, columns, granule, cost)
        affordable = least * granule <= self._rest.budget * (1 + 1e-9) + 1e-9
        return np.where(np.isinf(least), CAPACITY, np.where(affordable, INTEGRALITY, BUDGET))

    def _open_cost(self, rows: Ints, columns: Ints, granule: Floats, cost: Ints) -> Floats:
        """Return the least cost of a unit, purchases aside, over ways with room for a granule."""
        if not len(self._rest.room):
            return cost / MONEY_SCALE - self._part.purchase(rows, columns)
        least = np.full(len(rows), np.inf)
        weight = self._part.ways.weight(rows) * granule
        for kg in np.unique(weight):
            at = np.flatnonzero(weight == kg)
            full = self._rest.room < kg * (1 - ROUNDING)
            # Whatever the weight of a unit, one closed capacity costs more than anything else.
            closed = _CLOSED / max(float(self._part.ways.weight(rows[at]).min()), 1e-9)
            prices = DayPrices(np.where(full, closed, 0.0), 1.0)
            priced, _, _ = self._part.ways.least(rows[at], columns[at], prices)
            least[at] = np.where(priced > _DEAR, np.inf, priced)
        return least


def _cut(positions: Ints, others: Ints) -> list[Ints]:
    """Cut `positions` so that each piece has few pairs with `others`."""
    width = max(1, BLOCK_PAIRS // max(len(others), 1))
    return [positions[start : start + width] for start in range(0, len(positions), width)]
