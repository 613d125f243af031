"""Why something stays unmet or left over: one reason code each (contract §2 and §5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints, Texts
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import Network, Part
from matchopt.model.rules import ADMITTED, STEPS
from matchopt.model.scheduled_routes import CapacityPrices
from matchopt.tolerances import ROUNDING
from matchopt.workers import threaded

BLOCK_PAIRS = 200_000
"""Pairs looked at in one go."""

FIRST_FEW = 4
"""How many of the other side are looked at first where one may be enough; then twice as many, and so on."""

_DEAR = 1e12
_CLOSED = 2 * _DEAR
"""What a unit pays for a capacity without room: nothing else costs as much, in currency."""

OUTRANKED, CAPACITY, BUDGET, INTEGRALITY = range(ADMITTED + 1, ADMITTED + 5)
"""How far a pair gets beyond the rules, where the need is short: nothing is left of the donation; no route
has capacity for a granule; what is left of the budget does not pay for one; or a whole granule fits nowhere.
A pair whose donation never had a granule stays at `ADMITTED`."""

CODES = np.array(
    [*STEPS, "integrality", "outranked", "capacity", "budget", "integrality", "not_worth_it"], dtype=object
)
NOT_WORTH_IT = len(CODES) - 1


@dataclass(frozen=True, slots=True)
class Residual:
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


@dataclass(frozen=True, slots=True)
class Left:
    """What a finished plan leaves, class by class.

    Attributes
    ----------
    able, open : (donation classes,) bool
        Whether a granule of some member could be planned, and whether one is left.
    short : (need classes,) bool
        Whether some member is not served in full.
    """

    able: Bools
    open: Bools
    short: Bools

    @classmethod
    def of(cls, network: Network, rest: Residual) -> Self:
        """Return what `rest` leaves of each class."""
        return cls(
            network.donations.any_of(network.plannable >= network.granule),
            network.donations.any_of(rest.donation >= network.granule),
            network.needs.any_of(rest.need > 0),
        )


def reasons(network: Network, rest: Residual, by_cost: bool) -> tuple[Texts, Texts]:
    """Return the reason codes of needs and donations, ``""`` where nothing is unmet or left over.

    `by_cost` tells whether the objective is total cost, under which a need may not be worth serving.
    """
    left = Left.of(network, rest)
    looks = [_Look(network, part, rest, left, by_cost) for part in network.parts]
    return _need_reasons(network, rest, left, looks), _donation_reasons(network, rest, looks)


def _need_reasons(network: Network, rest: Residual, left: Left, looks: Sequence[_Look]) -> Texts:
    short = rest.need > 0
    reason = np.where(network.excluded, "excluded", np.where(short, STEPS[0], "")).astype(object)
    sought = [np.flatnonzero(left.short[look.part.columns]) for look in looks]
    for look, columns, found in zip(looks, sought, threaded(_Look.needs, looks, sought), strict=True):
        row, which = network.needs.rows_of(look.part.columns[columns])
        code = found[which]
        reason[row[short[row]]] = CODES[code[short[row]]]
    return reason


def _donation_reasons(network: Network, rest: Residual, looks: Sequence[_Look]) -> Texts:
    left = rest.donation > 0
    unreliable = network.offered > network.plannable
    reason = np.where(left, STEPS[0], np.where(unreliable, "unreliable", "")).astype(object)
    less = left & (rest.donation < network.granule)
    left_class = network.donations.any_of(left)
    sought = [np.flatnonzero(left_class[look.part.rows]) for look in looks]
    for look, rows, found in zip(looks, sought, threaded(_Look.donations, looks, sought), strict=True):
        row, which = network.donations.rows_of(look.part.rows[rows])
        code = found[which]
        whole = less[row] & (code >= ADMITTED) & (code != NOT_WORTH_IT)
        words = np.where(whole, "integrality", DONATION_CODES[code])
        reason[row] = np.where(left[row], words, reason[row])
    return reason


DONATION_CODES = np.where(CODES == "outranked", "demand_met", CODES)


class _Look:
    """Looks at pairs of one part of a network after planning."""

    def __init__(self, network: Network, part: Part, rest: Residual, left: Left, by_cost: bool) -> None:
        self.part = part
        self._rest, self._by_cost, self._unit = rest, by_cost, network.scale.unit
        self._able, self._open = left.able[part.rows], left.open[part.rows]
        self._short = left.short[part.columns]

    def needs(self, columns: Ints) -> Ints:
        """Return how far each of `columns`, which are short, gets with any donation, as codes."""
        groups = [self._open, self._able & ~self._open, ~self._able]

        def look(some: Ints, rows: Ints) -> _Seen:
            return self._at(rows, some).turned()

        return _furthest(columns, [np.flatnonzero(group) for group in groups], look)

    def donations(self, rows: Ints) -> Ints:
        """Return how far each of `rows` gets with any need, as codes."""
        groups = [np.flatnonzero(self._short), np.flatnonzero(~self._short)]
        return _furthest(rows, groups, self._at)

    def _at(self, rows: Ints, columns: Ints) -> _Seen:
        part = self.part
        step, cost = part.verdict(rows[:, None], columns)
        admitted = cost < FORBIDDEN
        worth = admitted
        if self._by_cost:
            per_unit = np.where(admitted, cost / part.ratio(rows[:, None], columns), np.inf)
            worth = admitted & (per_unit < part.unmet_cost[columns])
        reached = np.where(worth & self._able[rows][:, None], OUTRANKED, step)
        pairs = np.nonzero(worth & self._open[rows][:, None] & self._short[columns])
        if len(pairs[0]):
            reached[pairs] = self._beyond(rows[pairs[0]], columns[pairs[1]], cost[pairs])
        return _Seen(reached, admitted, worth)

    def _beyond(self, rows: Ints, columns: Ints, cost: Ints) -> Ints:
        """Return what keeps pairs (n,) apart of which both sides have something left."""
        granule = self.part.granule[rows] / self._unit
        least = self._open_cost(rows, columns, granule, cost)
        affordable = least * granule <= self._rest.budget * (1 + ROUNDING) + ROUNDING
        return np.where(np.isinf(least), CAPACITY, np.where(affordable, INTEGRALITY, BUDGET))

    def _open_cost(self, rows: Ints, columns: Ints, granule: Floats, cost: Ints) -> Floats:
        """Return the least that the budget counts of a unit, over routes with room for a granule."""
        if not len(self._rest.room):
            return cost / MONEY_SCALE - self.part.unbudgeted(rows, columns)
        least = np.full(len(rows), np.inf)
        weight = self.part.options.weight(rows) * granule
        for kg in np.unique(weight):
            at = np.flatnonzero(weight == kg)
            full = self._rest.room < kg * (1 - ROUNDING)
            # Whatever the weight of a unit, one closed capacity costs more than anything else.
            closed = _CLOSED / max(float(self.part.options.weight(rows[at]).min()), ROUNDING)
            prices = CapacityPrices(np.where(full, closed, 0.0), 1.0)
            priced, _, _ = self.part.options.least(rows[at], columns[at], prices)
            least[at] = np.where(priced > _DEAR, np.inf, priced)
        return least


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is seen of some of our side (rows) with some of the other side (columns).

    `reached` is how far a pair gets, `worth` whether it is `admitted` and worth its cost.
    """

    reached: Ints
    admitted: Bools
    worth: Bools

    def turned(self) -> _Seen:
        """Return the same, seen from the other side."""
        return _Seen(self.reached.T, self.admitted.T, self.worth.T)


def _furthest(own: Ints, groups: Sequence[Ints], look: Callable[[Ints, Ints], _Seen]) -> Ints:
    """Return how far each of `own` gets with any of the other side.

    The other side comes in `groups`. Only in the first can a pair get beyond `OUTRANKED`, and none
    gets beyond `INTEGRALITY`; of those after it no pair gets further than one worth its cost in the
    same group or an earlier one. Whoever has such a pair is done, and most find it among the first few.
    """
    code = np.zeros(len(own), dtype=np.int64)
    admitted, worth = np.zeros(len(own), dtype=bool), np.zeros(len(own), dtype=bool)
    for start in range(0, len(own), BLOCK_PAIRS):
        waiting = np.arange(start, min(start + BLOCK_PAIRS, len(own)))
        for number, group in enumerate(groups):
            at, width = 0, FIRST_FEW
            while len(waiting) and at < len(group):
                some = group[at : at + max(1, min(width, BLOCK_PAIRS // len(waiting)))]
                sight = look(own[waiting], some)
                code[waiting] = np.maximum(code[waiting], sight.reached.max(axis=1))
                admitted[waiting] |= sight.admitted.any(axis=1)
                worth[waiting] |= sight.worth.any(axis=1)
                at, width = at + len(some), 2 * width
                done = worth[waiting] if number > 0 else code[waiting] == INTEGRALITY
                waiting = waiting[~done]
            waiting = waiting[~worth[waiting]]
    code[admitted & ~worth] = NOT_WORTH_IT
    return code
