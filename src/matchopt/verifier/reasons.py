"""Why a need is not served in full and a donation left over (contract §5), recomputed from the rules.

Of each class of needs and donations it is asked who could still serve it, or take it: any donation; one
that had a granule to give; one with a granule left; one that has a route with residual capacity for it;
one with such a route which the rest of the budget pays for. Of those that a rule stops all donations are
looked at again: which one breaks the fewest rules, and which.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.tolerances import ROUNDING
from matchopt.verifier import rules
from matchopt.verifier.bounding import ABLE, RIVALS, SPARE, WORTH
from matchopt.verifier.commitments import CommitmentFacts
from matchopt.verifier.facts import Facts, classes, pick
from matchopt.verifier.lines import NOBODY
from matchopt.verifier.pairs import AdmissiblePairs, RowClasses, RulesPassed, receivers
from matchopt.verifier.sums import CapacityUse, PlanLoads, PlanTotals

_TIE = 4e-15
"""Relative: by what a quotient of costs may be off; equal ones are not cheaper."""

_ANY, _ABLE, _SPARE, _ROOM, _PAID, _RIVAL = range(6)
"""The steps of the question who could still serve a need; the last apart: somebody who serves another."""

_CHUNK = 2**18
"""Pairs that are looked at together for what stands in the way."""


def _numbers(broken: int) -> list[int]:
    """Return the numbers of the steps, from 0, of a set of them as bits."""
    return [step for step in range(len(rules.STEPS)) if broken & 2**step]


_BY_RANK = np.array(
    sorted(range(2 ** len(rules.STEPS)), key=lambda broken: (len(_numbers(broken)), _numbers(broken)))
)
_RANK = np.argsort(_BY_RANK)
"""Sets of steps by rank, and the rank of each: the fewest steps first, then the smaller list."""

_NAMED = np.array([";".join(rules.STEPS[s] for s in _numbers(broken)) for broken in _BY_RANK], dtype=object)


class Reasons:
    """Watches the pairs; a step is passed where the unit cost ÷ ratio of some pair is low enough.

    It says what is still asked of each class; of those of whom nothing is, steps may be missing, for
    they have no reason to give.

    Attributes
    ----------
    able, spare, short
        Classes of donations that had a granule to give, that have one left; of needs that lack something.
    receiver, own
        As in `PlanTotals`, and the need of a class that is the receiver of some donation, else -1.
    ceiling
        By class of needs: unit cost at which it is rather left unmet.
    sure
        Whether any admissible pair passes all steps that it may, whatever it costs.
    """

    def __init__(
        self, f: Facts, tally: PlanTotals, used: CapacityUse, donations: RowClasses, needs: RowClasses
    ) -> None:
        self.f, self.tally, self.donations, self.needs = f, tally, donations, needs
        self.able = f.donations.whole[donations.stands] > 0
        self.spare, self.short = tally.spare[donations.stands], tally.short[needs.stands]
        self.receiver, self.own = tally.receiver[donations.stands], receivers(tally)[needs.stands]
        unmet = f.needs.price.astype(np.float64) if f.by_cost else np.full(len(f.needs.ids), np.inf)
        self.ceiling, self._bar, self._unmet = needs.most(unmet), needs.least(unmet), unmet
        self._rest = donations.most((tally.left_over > 0).astype(np.int64)) > 0
        # Class of needs (column): least unit cost ÷ ratio, in 1/10 000, by step (row).
        self._least: Floats = np.full((6, needs.size), np.inf)
        # Class of donations (column): would somebody who lacks something rather have it, by step (row).
        self._wanted: Bools = np.zeros((5, donations.size), dtype=bool)
        residual = (
            limit * (1 + ROUNDING) - load for limit, load in zip(used.limits, used.loads, strict=True)
        )
        lanes, agreements, takes, holds = residual
        self._residual = PlanLoads(np.append(lanes, np.inf), np.append(agreements, np.inf), takes, holds)
        limit = f.settings.policy.budget
        rest = max(max(Fraction(limit), tally.held) - tally.spent, Fraction(0))
        self._budget = float(rest) * (1 + ROUNDING) if limit > 0 else np.inf
        self.sure = not (f.by_cost or f.capacitated or limit > 0)

    def asked_of_needs(self, needs: Ints) -> Ints:
        """Return what is still asked of some classes of needs: `WORTH`, `ABLE`, `SPARE`, `RIVALS`."""
        bits = ((WORTH, _ANY), (ABLE, _ABLE), (SPARE, _PAID))
        asked = np.zeros(len(needs), dtype=np.int64)
        for bit, step in bits:
            asked += bit * ~cheaper(self._least[step, needs], self._bar[needs])
        known = np.minimum(self._least[_RIVAL, needs], self._least[_SPARE, needs])
        asked += RIVALS * ~cheaper(known, self._bar[needs])
        return np.where(self.short[needs], asked, 0)

    def asked_of_donations(self, donations: Ints) -> Ints:
        """Return what is still asked of some classes of donations: `WORTH`, `SPARE`."""
        asked = WORTH * ~self._wanted[_ANY, donations]
        asked = asked + SPARE * (self.spare[donations] & ~self._wanted[_PAID, donations])
        return np.where(self._rest[donations], asked, 0)

    def note(self, met: AdmissiblePairs) -> None:
        """Look at some pairs."""
        least, d = met.cost / met.pairs.ratio, self.f.donations
        np.minimum.at(self._least[_ANY], met.need, least)
        able = self.able[met.donation]
        np.minimum.at(self._least[_ABLE], met.need[able], least[able])
        receiver = self.receiver[met.donation]
        rival = (receiver != NOBODY) & (receiver != self.own[met.need])
        np.minimum.at(self._least[_RIVAL], met.need[rival], least[rival])
        self._wanted[_ANY, met.donation[cheaper(least, self.ceiling[met.need])]] = True
        r = np.flatnonzero(self.spare[met.donation] & self.short[met.need])
        if not r.size:
            return
        met, least = pick(met, r), least[r]
        granule = rules.one_more(self.f, met.pairs)
        cost = cheapest_with_room(self.f, self._residual, met, d.load[met.pairs.i] * granule)
        roomy = cost < 2**61
        paid = roomy & ((cost / 10_000 - met.pairs.fees.unbudgeted()) * granule <= self._budget)
        for step, passed in ((_SPARE, np.ones(len(r), dtype=bool)), (_ROOM, roomy), (_PAID, paid)):
            np.minimum.at(self._least[step], met.need[passed], least[passed])
            takes = passed & cheaper(least, self.ceiling[met.need])
            self._wanted[step, met.donation[takes]] = True

    def all(self, reach: RulesPassed, commitments: CommitmentFacts) -> tuple[Texts, Texts, Texts]:
        """Return the reasons of needs, what stands in their way, and the reasons of donations."""
        needs = self.of_needs(reach)
        return needs, self.obstacles(needs, commitments), self.of_donations(reach, commitments)

    def of_needs(self, reach: RulesPassed) -> Texts:
        """Return the reason of each need; empty where nothing is unmet."""
        reasons = np.array([*rules.STEPS, "integrality"], dtype=object)[reach.needs]
        open_to = reach.needs == len(rules.STEPS)
        codes = ("not_worth_it", "integrality", "outranked", "capacity", "budget")
        for step in reversed(range(len(codes))):
            least = self.needs.spread(self._least[step], np.inf, len(self.f.needs.ids))
            reasons[open_to & ~cheaper(least, self._unmet)] = codes[step]
        least = self.needs.spread(self._least[_RIVAL], np.inf, len(self.f.needs.ids))
        reasons[(reasons == "outranked") & ~cheaper(least, self._unmet)] = "shortage"
        reasons[self.f.needs.excluded] = "excluded"
        return np.where(self.tally.short, reasons, "").astype(object)

    def obstacles(self, reasons: Texts, commitments: CommitmentFacts) -> Texts:
        """Return what stands in the way of needs that have a rule for their reason, codes joined by ``;``.

        Of the donations whose item fits it is what that one breaks that breaks the fewest rules.
        """
        f, n, told = self.f, self.f.needs, np.full(len(reasons), "", dtype=object)
        rows = np.flatnonzero(np.isin(reasons, [*rules.STEPS, "excluded"]))
        of, stands = self._alike(rows, commitments)
        found = np.full(len(n.ids), -1, dtype=np.int64)
        for item in np.unique(n.item[stands]).tolist():
            j, i = stands[n.item[stands] == item], self.donations.stands
            i = i[rules.substituted(f, i, np.full(len(i), j[0]))[0]] if len(i) else i
            size = max(_CHUNK // max(len(i), 1), 1)
            for start in range(0, len(j) if len(i) else 0, size):
                some = j[start : start + size]
                found[some] = fewest_broken(f, commitments, i, some)
        rank = found[stands][of]
        told[rows] = np.where(rank < 0, rules.STEPS[0], _NAMED[rank])
        for row in np.flatnonzero(reasons == "excluded").tolist():
            told[row] = f"excluded;{told[row]}" if told[row] else "excluded"
        return told

    def _alike(self, rows: Ints, commitments: CommitmentFacts) -> tuple[Ints, Ints]:
        """Return the class of each of some needs that the rules tell apart, and a need of each class."""
        n, marks = self.f.needs, commitments.marks(len(self.f.donations.ids))[1]
        if not len(rows):
            return rows, rows
        of_needs = n.item, n.community, n.group, n.first, n.last, n.remaining, n.quality, marks
        of, _ = classes(*(column[rows] for column in of_needs))
        return of, rows[np.unique(of, return_index=True)[1]]

    def _left_out(self, reach: RulesPassed, commitments: CommitmentFacts) -> Bools:
        """Tell which donations nobody can take but needs that are excluded, or none other asks for."""
        f, left_out = self.f, np.zeros(len(self.f.donations.ids), dtype=bool)
        _, j = self._alike(np.flatnonzero(f.needs.excluded), commitments)
        steps = reach.donations[self.donations.stands]
        refused = self._rest & (steps < len(rules.STEPS))
        could = np.zeros(self.donations.size, dtype=bool)
        for k in np.flatnonzero(refused).tolist() if len(j) else ():
            i = np.full(len(j), self.donations.stands[k])
            fits = rules.substituted(f, i, j)[0]
            free = rules.admissible(f, i[fits], j[fits]) & ~commitments.bars(i[fits], j[fits])
            could[k] = free.any() or (steps[k] == 0 and fits.any())
        left_out[self.donations.members] = could[self.donations.of]
        return left_out

    def of_donations(self, reach: RulesPassed, commitments: CommitmentFacts) -> Texts:
        """Return the reason of each donation; empty where nothing is left over."""
        d, tally = self.f.donations, self.tally
        reasons = np.array([*rules.STEPS, "integrality"], dtype=object)[reach.donations]
        reasons[self._left_out(reach, commitments)] = "excluded"
        open_to = reach.donations == len(rules.STEPS)

        def unwanted(step: int) -> Bools:
            wanted = self.donations.spread(self._wanted[step].astype(np.float64), 0.0, len(d.ids))
            return np.asarray(open_to & (wanted == 0))

        for step, code in ((_PAID, "budget"), (_ROOM, "capacity"), (_SPARE, "demand_met")):
            reasons[unwanted(step)] = code
        reasons[open_to & ~tally.spare] = "integrality"
        reasons[unwanted(_ANY)] = "not_worth_it"
        reasons[(tally.planned >= d.plannable).astype(bool)] = "unreliable"
        return np.where((tally.left_over > 0).astype(bool), reasons, "").astype(object)


def fewest_broken(f: Facts, commitments: CommitmentFacts, i: Ints, j: Ints) -> Ints:
    """Return for each of the needs `j` the least rank of what one of the fitting donations `i` breaks.

    Rules are looked at for all pairs. Travel is for those that may yet break less than another one, the most
    likely first.
    """
    d, n = f.donations, f.needs
    given, asked = i[None, :], j[:, None]
    goal = n.community[asked]
    marked = f.places_marked[d.place_mark[given], goal] & f.groups_marked[d.group_mark[given], n.group[asked]]
    refused = (
        (1, d.quality[given] < n.quality[asked]),
        (2, ~marked),
        (3, ~rules.within_boundary(f, given, goal)[0]),
        (6, commitments.bars(given, asked)),
    )
    broken = np.zeros((len(j), len(i)), dtype=np.int64)
    for step, pairs in refused:
        broken += np.where(pairs, 2**step, 0)
    order = np.argsort(_RANK[broken], axis=1, kind="stable")
    best, at, width = np.full(len(j), len(_RANK)), 0, 1
    while at < len(i):
        waiting = np.flatnonzero(_RANK[broken[np.arange(len(j)), order[:, at]]] < best)
        if not waiting.size:
            break
        some = order[waiting, at : at + width]
        every = np.repeat(waiting, some.shape[1])
        both = broken[every, some.ravel()] | _broken_travel(f, i[some.ravel()], j[every])
        best[waiting] = np.minimum(best[waiting], _RANK[both].reshape(some.shape).min(axis=1))
        at, width = at + width, 2 * width
    return best


def _broken_travel(f: Facts, i: Ints, j: Ints) -> Ints:
    """Return as bits whether no route leads, and none in time; where none leads, goods arrive at once."""
    p = rules.PairFacts.of(f, i, j)
    best = rules.best_routes(f, p)
    at_once = (p.first <= p.last) & (np.maximum(p.first, p.wanted) <= np.minimum(p.last, p.due))
    late = np.where(best.connected, best.cost == rules.NOWHERE, ~at_once)
    return np.where(best.connected, 0, 2**4) + np.where(late, 2**5, 0)


def cheaper(cost: Floats, unmet: Ints | Floats) -> Bools:
    """Tell what costs less than leaving a need unmet."""
    return np.asarray(cost < unmet * (1 - _TIE), dtype=np.bool_)


def cheapest_with_room(f: Facts, residual: PlanLoads, met: AdmissiblePairs, kg: Floats) -> Ints:
    """Return what a unit costs on the cheapest route with room for `kg`; `NOWHERE` without one."""
    if not f.capacitated:
        return met.cost
    p, size = met.pairs, len(kg)

    def room(free: Floats, row: Ints) -> Bools:
        return np.asarray((kg == 0) | (free[row] >= kg), dtype=np.bool_)

    admitted = room(residual.agreements, rules.agreement_of(f, p.i, p.goal))
    straight = rules.direct(f, p)
    lane = rules.lanes_taken(f, p.i, p.goal, np.full(size, rules.DIRECT))[0]
    days = straight.schedule(p)
    usable = straight.open & days.timely & admitted & room(residual.lanes, lane)
    least = np.where(usable, straight.cost(p, days.stay).total(p.fees), rules.NOWHERE)
    for h in range(len(f.hubs.names)):
        _, into, out = rules.lanes_taken(f, p.i, p.goal, np.full(size, h))
        usable = (
            rules.through(f, p, h).open & admitted & room(residual.lanes, into) & room(residual.lanes, out)
        )
        r = np.flatnonzero(usable)
        few, routes = pick(p, r), rules.through(f, pick(p, r), h)
        leads = routes.lead_in, routes.lead_out
        stay = _fewest_days(f, (residual.takes[h], residual.holds[h]), few, leads, kg[r])
        cost = routes.cost(few, np.maximum(stay, 0)).total(few.fees)
        least[r] = np.minimum(least[r], np.where(stay >= 0, cost, rules.NOWHERE))
    return least


def _fewest_days(
    f: Facts, free: tuple[Floats, Floats], p: rules.PairFacts, leads: tuple[Ints, Ints], kg: Floats
) -> Ints:
    """Return the fewest days of storage at a hub with room for it all along; -1 where there is none.

    `free` are the kg that the hub still takes in, and holds, by day.
    """
    takes, holds = free
    come, leave = p.first + leads[0] - f.start, np.maximum(p.wanted - leads[1] - f.start, 0)
    latest = np.minimum(p.last + leads[0], p.due - leads[1]) - f.start
    arrival, after = latest.copy(), np.zeros_like(latest)
    for weight in np.unique(kg[kg > 0]).tolist():
        r = np.flatnonzero(kg == weight)
        if not (takes >= weight).all():
            arrival[r] = _last_of(np.flatnonzero(takes >= weight), latest[r])
        if not (holds >= weight).all():
            after[r] = _last_of(np.flatnonzero(holds < weight), leave[r] - 1) + 1
    good = (arrival >= np.maximum(come, after)) & (arrival >= 0)
    return np.where(good, np.maximum(leave - arrival, 0), -1)


def _last_of(days: Ints, until: Ints) -> Ints:
    """Return the last of `days` up to each of `until`, -1 for none."""
    return np.append(days, -1)[np.searchsorted(days, until, side="right") - 1]
