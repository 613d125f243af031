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

SHORTAGE, OUTRANKED, CAPACITY, BUDGET, INTEGRALITY = range(ADMITTED + 1, ADMITTED + 6)
"""How far a pair gets beyond the rules, where the need is short: nothing is left of the donation, which
serves this need alone, or others; no route has capacity for a granule; what is left of the budget does not
pay for one; or a whole granule fits nowhere. Without a granule ever a pair stays at `ADMITTED`."""

CODES = np.array(
    [*STEPS, "integrality", "shortage", "outranked", "capacity", "budget", "integrality", "not_worth_it"],
    dtype=object,
)
DONATION_CODES = np.where(np.isin(CODES, ["shortage", "outranked"]), "demand_met", CODES)
NOT_WORTH_IT = len(CODES) - 1
EXCLUDED = "excluded"

NOBODY, SEVERAL = -1, -2
"""In place of the one need that a donation serves."""


def _steps(broken: int) -> list[int]:
    """Return the numbers of the steps of a set, which is given as bits."""
    return [step for step in range(len(STEPS)) if broken >> step & 1]


_SETS = sorted(range(2 ** len(STEPS)), key=lambda broken: (broken.bit_count(), _steps(broken)))
"""Sets of steps, the best first: the fewest, then the smaller list of numbers."""

RANK = np.argsort(_SETS)
OBSTACLES = np.array([*(";".join(STEPS[s] for s in _steps(one)) for one in _SETS), STEPS[0]], dtype=object)
"""The rank of each set of steps that a pair breaks; by rank, its codes joined by ``;``, and last what is said
where no item fits."""


def obstacles(broken: Ints) -> Texts:
    """Return the codes of sets of steps, which are given as bits, joined by ``;``."""
    return np.asarray(OBSTACLES[RANK[broken]], dtype=object)


@dataclass(frozen=True, slots=True)
class Residual:
    """What a finished plan leaves.

    Attributes
    ----------
    donation, need : (d,) int, (n,) int
        Scaled quantity of each donation that was plannable and is not planned, and of each need
        that is asked, not excluded, and not served.
    lines : (2, l) int
        Donation and need of each line of the plan, pinned ones included.
    room : (r,) float
        kg that each shared capacity still takes.
    budget : float
        Currency that may still be spent.
    """

    donation: Ints
    need: Ints
    lines: Ints
    room: Floats
    budget: float


@dataclass(frozen=True, slots=True)
class Left:
    """What a finished plan leaves, class by class.

    Attributes
    ----------
    able, open : (donation classes,) bool
        Whether a granule of some member could be planned, and whether one is left.
    receiver : (2, donation classes) int
        The one need (row, and class) that lines of members that are able serve; `NOBODY`, `SEVERAL`.
    short : (need classes,) bool
        Whether some member is not served in full.
    """

    able: Bools
    open: Bools
    receiver: Ints
    short: Bools

    @classmethod
    def of(cls, network: Network, rest: Residual) -> Self:
        """Return what `rest` leaves of each class."""
        donations, needs, able = network.donations, network.needs, network.plannable >= network.granule
        of_donation, of_need = donations.class_of(len(able)), needs.class_of(len(network.asked))
        at, need = np.where(able, of_donation, -1)[rest.lines[0]], rest.lines[1]
        size = len(donations.total)
        first, last = np.full(size + 1, len(of_need)), np.full(size + 1, NOBODY)
        np.minimum.at(first, at, need)
        np.maximum.at(last, at, need)
        one = np.where(first < last, SEVERAL, last)[:size]
        # A need that takes no part, which lines that stay may serve, is in no class: another one for all.
        known = np.where(of_need[one] >= 0, of_need[one], SEVERAL)
        receiver = np.stack([one, np.where(one >= 0, known, one)])
        opened = donations.any_of(rest.donation >= network.granule)
        return cls(donations.any_of(able), opened, receiver, needs.any_of(rest.need > 0))

    @classmethod
    def untouched(cls, network: Network) -> Self:
        """Return all there is, for needs that take no part."""
        size, asked = len(network.donations.total), len(network.left_out_needs.total)
        every = np.ones(size, dtype=bool)
        return cls(every, ~every, np.full((2, size), NOBODY), np.zeros(asked, dtype=bool))


@dataclass(frozen=True, slots=True)
class PlanReasons:
    """Why needs are unmet and donations left over, and what stands in the way of needs.

    Attributes
    ----------
    needs, donations : (n,) object, (d,) object
        Reason codes, ``""`` where nothing is unmet or left over.
    obstacles : (n,) object
        Beside a reason that is a rule: the codes of all rules that the donation breaks that breaks the
        fewest, joined by ``;``; else ``""``.
    """

    needs: Texts
    obstacles: Texts
    donations: Texts


def reasons(network: Network, rest: Residual, by_cost: bool) -> PlanReasons:
    """Return the reasons of a finished plan.

    `by_cost` tells whether the objective is total cost, under which a need may not be worth serving.
    """
    left, untouched = Left.of(network, rest), Left.untouched(network)
    looks = [_Look(network, part, rest, left, by_cost) for part in network.parts]
    outside = [_Look(network, part, rest, untouched, by_cost=False) for part in network.left_out]
    needs, obstacles = _need_reasons(network, rest, left, looks)
    for look in outside:
        row, which = network.left_out_needs.rows_of(look.part.columns)
        obstacles[row] = _obstacles(look.part, np.arange(len(look.part.columns)))[which]
    for j in np.flatnonzero(network.excluded).tolist():
        obstacles[j] = f"{EXCLUDED};{obstacles[j]}" if obstacles[j] else EXCLUDED
    obstacles[needs == ""] = ""
    return PlanReasons(needs, obstacles, _donation_reasons(network, rest, looks, outside))


def _need_reasons(
    network: Network, rest: Residual, left: Left, looks: Sequence[_Look]
) -> tuple[Texts, Texts]:
    short = rest.need > 0
    reason = np.where(network.excluded, EXCLUDED, np.where(short, STEPS[0], "")).astype(object)
    obstacles = np.full(len(reason), STEPS[0], dtype=object)
    sought = [np.flatnonzero(left.short[look.part.columns]) for look in looks]
    for look, columns, found in zip(looks, sought, threaded(_Look.needs, looks, sought), strict=True):
        row, which = network.needs.rows_of(look.part.columns[columns])
        row, which = row[short[row]], which[short[row]]
        code, one = found.code[which], found.receiver[which]
        shared = (one == SEVERAL) | ((one != NOBODY) & (one != row))
        reason[row] = CODES[np.where((code == SHORTAGE) & shared, OUTRANKED, code)]
        obstacles[row] = found.obstacles[which]
    return reason, obstacles


def _donation_reasons(
    network: Network, rest: Residual, looks: Sequence[_Look], outside: Sequence[_Look]
) -> Texts:
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
    refused = network.donations.any_of(np.isin(reason, STEPS))
    for look in outside:
        rows = np.flatnonzero(refused[look.part.rows])
        row, which = network.donations.rows_of(look.part.rows[rows])
        code = look.donations(rows)[which]
        # Who could take it is excluded; or who is excluded alone asks for such an item.
        could = np.isin(reason[row], STEPS) & (code >= ADMITTED)
        reason[row[could | ((reason[row] == STEPS[0]) & (code > 0))]] = EXCLUDED
    return reason


def _obstacles(part: Part, columns: Ints) -> Texts:
    """Return what the donation of a part that breaks the fewest rules breaks for each of `columns`."""
    return np.asarray(OBSTACLES[part.oracle.fewest_broken(columns, RANK)], dtype=object)


@dataclass(frozen=True, slots=True)
class _FoundNeeds:
    """How far some classes of needs get, as codes.

    `receiver` is the one need that those serve who could serve them, or `NOBODY`, `SEVERAL`; `obstacles` what
    stands in the way of those that a rule stops.
    """

    code: Ints
    receiver: Ints
    obstacles: Texts


class _Look:
    """Looks at pairs of one part of a network after planning."""

    def __init__(self, network: Network, part: Part, rest: Residual, left: Left, by_cost: bool) -> None:
        self.part = part
        self._rest, self._by_cost, self._unit = rest, by_cost, network.scale.unit
        self._able, self._open = left.able[part.rows], left.open[part.rows]
        self._receiver = left.receiver[:, part.rows]
        self._short = left.short[part.columns]

    def needs(self, columns: Ints) -> _FoundNeeds:
        """Return how far `columns`, which are short, get with any donation."""
        part, receiver = self.part, np.full(len(self._short), NOBODY)

        def look(some: Ints, rows: Ints) -> _Seen:
            seen = self._at(rows, some).turned()
            row, of = self._receiver[:, rows]
            # Who serves nobody, or one need of the class alone: which one is settled row by row.
            mine = of == part.columns[some][:, None]
            seen.reached[(seen.reached == OUTRANKED) & (mine | (of == NOBODY))] = SHORTAGE
            one = np.where(mine & (seen.reached == SHORTAGE), row, NOBODY)
            first, last = np.where(one == NOBODY, row.max(initial=0) + 1, one).min(axis=1), one.max(axis=1)
            other = (last != NOBODY) & (
                (first < last) | ((receiver[some] != NOBODY) & (receiver[some] != last))
            )
            receiver[some] = np.where(other, SEVERAL, np.maximum(receiver[some], last))
            return seen

        groups = [self._open, self._able & ~self._open, ~self._able]
        levels = INTEGRALITY, OUTRANKED, ADMITTED
        code = _furthest(columns, [np.flatnonzero(group) for group in groups], levels, look)
        obstacles, refused = np.full(len(columns), "", dtype=object), code < ADMITTED
        obstacles[refused] = _obstacles(part, columns[refused])
        return _FoundNeeds(code, receiver[columns], obstacles)

    def donations(self, rows: Ints) -> Ints:
        """Return how far each of `rows` gets with any need, as codes."""
        groups = [np.flatnonzero(self._short), np.flatnonzero(~self._short)]
        return _furthest(rows, groups, (INTEGRALITY, ADMITTED), self._at)

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
        granule = self.part.least(rows, columns) / self._unit
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


def _furthest(
    own: Ints, groups: Sequence[Ints], levels: Sequence[int], look: Callable[[Ints, Ints], _Seen]
) -> Ints:
    """Return how far each of `own` gets with any of the other side.

    The other side comes in `groups`; `levels` says of each beyond which code nobody needs to look on who has
    a pair worth its cost. None of a group gets further than those of one before that are worth their cost.
    Most find such a pair among the first few.
    """
    code = np.zeros(len(own), dtype=np.int64)
    admitted, worth = np.zeros(len(own), dtype=bool), np.zeros(len(own), dtype=bool)
    for start in range(0, len(own), BLOCK_PAIRS):
        waiting = np.arange(start, min(start + BLOCK_PAIRS, len(own)))
        for level, group in zip(levels, groups, strict=True):
            at, width = 0, FIRST_FEW
            while len(waiting) and at < len(group):
                some = group[at : at + max(1, min(width, BLOCK_PAIRS // len(waiting)))]
                sight = look(own[waiting], some)
                code[waiting] = np.maximum(code[waiting], sight.reached.max(axis=1))
                admitted[waiting] |= sight.admitted.any(axis=1)
                worth[waiting] |= sight.worth.any(axis=1)
                at, width = at + len(some), 2 * width
                waiting = waiting[~(worth[waiting] & (code[waiting] >= level))]
            waiting = waiting[~worth[waiting]]
    code[admitted & ~worth] = NOT_WORTH_IT
    return code
