"""Why a need is not served in full and a donation left over (contract §5), recomputed from the rules.

Of each class of needs and donations it is asked who could still serve it, or take it: any donation; one
that had a granule to give; one with a granule left; one that has a route with residual capacity for it;
one with such a route which the rest of the budget pays for.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.tolerances import ROUNDING
from matchopt.verifier import rules
from matchopt.verifier.bounding import ABLE, SPARE, WORTH
from matchopt.verifier.facts import Facts, pick
from matchopt.verifier.pairs import AdmissiblePairs, RowClasses, RulesPassed
from matchopt.verifier.sums import CapacityUse, PlanLoads, PlanTotals

_TIE = 4e-15
"""Relative: by what a quotient of costs may be off; equal ones are not cheaper."""

_ANY, _ABLE, _SPARE, _ROOM, _PAID = range(5)
"""The steps of the question who could still serve a need."""


class Reasons:
    """Watches the pairs; a step is passed where the unit cost ÷ ratio of some pair is low enough.

    It says what is still asked of each class; of those of whom nothing is, steps may be missing, for
    they have no reason to give.

    Attributes
    ----------
    able, spare, short
        Classes of donations that had a granule to give, that have one left; of needs that lack something.
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
        unmet = f.needs.price.astype(np.float64) if f.by_cost else np.full(len(f.needs.ids), np.inf)
        self.ceiling, self._bar, self._unmet = needs.most(unmet), needs.least(unmet), unmet
        self._rest = donations.most((tally.left_over > 0).astype(np.int64)) > 0
        # Class of needs (column): least unit cost ÷ ratio, in 1/10 000, by step (row).
        self._least: Floats = np.full((5, needs.size), np.inf)
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
        """Return what is still asked of some classes of needs: `WORTH`, `ABLE`, `SPARE`."""
        bits = ((WORTH, _ANY), (ABLE, _ABLE), (SPARE, _PAID))
        asked = np.zeros(len(needs), dtype=np.int64)
        for bit, step in bits:
            asked += bit * ~cheaper(self._least[step, needs], self._bar[needs])
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
        self._wanted[_ANY, met.donation[cheaper(least, self.ceiling[met.need])]] = True
        r = np.flatnonzero(self.spare[met.donation] & self.short[met.need])
        if not r.size:
            return
        met, least = pick(met, r), least[r]
        granule = d.granule[met.pairs.i] * d.grain[met.pairs.i]
        cost = cheapest_with_room(self.f, self._residual, met, d.load[met.pairs.i] * granule)
        roomy = cost < 2**61
        paid = roomy & ((cost / 10_000 - met.pairs.fees.unbudgeted()) * granule <= self._budget)
        for step, passed in ((_SPARE, np.ones(len(r), dtype=bool)), (_ROOM, roomy), (_PAID, paid)):
            np.minimum.at(self._least[step], met.need[passed], least[passed])
            takes = passed & cheaper(least, self.ceiling[met.need])
            self._wanted[step, met.donation[takes]] = True

    def of_needs(self, reach: RulesPassed) -> Texts:
        """Return the reason of each need; empty where nothing is unmet."""
        reasons = np.array([*rules.STEPS, "integrality"], dtype=object)[reach.needs]
        open_to = reach.needs == len(rules.STEPS)
        codes = ("not_worth_it", "integrality", "outranked", "capacity", "budget")
        for step in reversed(range(len(codes))):
            least = self.needs.spread(self._least[step], np.inf, len(self.f.needs.ids))
            reasons[open_to & ~cheaper(least, self._unmet)] = codes[step]
        reasons[self.f.needs.excluded] = "excluded"
        return np.where(self.tally.short, reasons, "").astype(object)

    def of_donations(self, reach: RulesPassed) -> Texts:
        """Return the reason of each donation; empty where nothing is left over."""
        d, tally = self.f.donations, self.tally
        reasons = np.array([*rules.STEPS, "integrality"], dtype=object)[reach.donations]
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
