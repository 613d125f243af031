"""Who could still give to whom: what the reasons (contract §5) ask of each need and donation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.meetings import Met
from matchopt.verifier.profiles import Profiles
from matchopt.verifier.room import Room, cheapest_with_room
from matchopt.verifier.screen import ABLE, SPARE, WORTH
from matchopt.verifier.tally import Tally

TIE = 4e-15
"""Relative: by what a quotient of costs may be off; equal ones are not cheaper."""

STEPS = ("any", "able", "spare", "room", "paid")
"""Who a need may look to, step by step: any donation; one that had a granule to give; one with a granule
left; one that has a way with room for it; one that has such a way which the rest of the budget pays for."""


class Leftovers:
    """Watches the sweep; a step is passed where the unit cost ÷ ratio of some pair is low enough.

    It says what is still asked of each profile; of those of whom nothing is, steps may be missing, for
    they have no reason to give.

    Attributes
    ----------
    least
        Need profile (column): least unit cost ÷ ratio, in 1/10 000, by step (row).
    worth
        Donation profiles that somebody would rather have than stay unmet.
    wanted
        Donation profile (column): whether somebody who lacks something would, by step (row; from the third).
    sure
        Whether any admissible pair passes all steps that it may, whatever it costs.
    """

    def __init__(self, f: Facts, tally: Tally, room: Room, gifts: Profiles, needs: Profiles) -> None:
        self.f, self.room, self.gifts, self.needs = f, room, gifts, needs
        self.able = f.gifts.whole[gifts.stands] > 0
        self.spare, self.short = tally.spare[gifts.stands], tally.short[needs.stands]
        self.least: Floats = np.full((len(STEPS), needs.size), np.inf)
        self.worth: Bools = np.zeros(gifts.size, dtype=bool)
        self.wanted: Bools = np.zeros((len(STEPS), gifts.size), dtype=bool)
        by_cost = f.settings.policy.objective == "total-cost"
        unmet = f.wants.price.astype(np.float64)
        self.ceiling = needs.most(unmet) if by_cost else np.full(needs.size, np.inf)
        self.bar = needs.least(unmet) if by_cost else self.ceiling
        self.rest = gifts.most((tally.left_over > 0).astype(np.int64)) > 0
        limit = f.settings.policy.budget
        rest = max(max(Fraction(limit), tally.held) - tally.spent, Fraction(0))
        self.left = float(rest) * (1 + 1e-9) if limit > 0 else np.inf
        self.sure = not (by_cost or f.shared or limit > 0)

    def asked_of_needs(self, needs: Ints) -> Ints:
        """Return what is still asked of some need profiles: `screen.WORTH`, `ABLE`, `SPARE`."""
        able, spare, bar = self.least[1, needs], self.least[-1, needs], self.bar[needs]
        worth = WORTH * ~cheaper(self.least[0, needs], bar)
        asked = worth + ABLE * ~cheaper(able, bar) + SPARE * ~cheaper(spare, bar)
        return np.where(self.short[needs], asked, 0)

    def asked_of_gifts(self, gifts: Ints) -> Ints:
        """Return what is still asked of some donation profiles: `screen.WORTH`, `SPARE`."""
        asked = WORTH * ~self.worth[gifts] + SPARE * (self.spare[gifts] & ~self.wanted[-1, gifts])
        return np.where(self.rest[gifts], asked, 0)

    def note(self, met: Met) -> None:
        """Look at some pairs."""
        least = met.cost / met.ratio
        np.minimum.at(self.least[0], met.need, least)
        able = self.able[met.gift]
        np.minimum.at(self.least[1], met.need[able], least[able])
        self.worth[met.gift[cheaper(least, self.ceiling[met.need])]] = True
        r = np.flatnonzero(self.spare[met.gift] & self.short[met.need])
        if not r.size:
            return
        met, least = met.at(r), least[r]
        granule = self.f.gifts.granule[met.i] * self.f.gifts.grain[met.i]
        cost = cheapest_with_room(self.f, self.room, met, self.f.gifts.load[met.i] * granule)
        roomy = cost < 2**61
        paid = roomy & ((cost / 10_000 - met.fees.purchase) * granule <= self.left)
        for step, passed in ((2, np.ones(len(r), dtype=bool)), (3, roomy), (4, paid)):
            np.minimum.at(self.least[step], met.need[passed], least[passed])
            takes = passed & cheaper(least, self.ceiling[met.need])
            self.wanted[step, met.gift[takes]] = True

    def by_need(self, step: int) -> Floats:
        """Return the least unit cost ÷ ratio at a step for all needs."""
        return self._spread(self.needs, self.least[step], np.inf, len(self.f.wants.ids))

    def by_gift(self, step: int) -> Bools:
        """Return who is wanted at a step, for all donations; at step 0, by whomever."""
        marks = self.worth if step == 0 else self.wanted[step]
        return self._spread(self.gifts, marks, False, len(self.f.gifts.ids)).astype(bool)

    @staticmethod
    def _spread(profiles: Profiles, values: Floats | Bools, otherwise: float, size: int) -> Floats:
        spread = np.full(size, otherwise, dtype=np.float64)
        spread[profiles.members] = values[profiles.of]
        return spread


def cheaper(cost: Floats, unmet: Floats | Ints) -> Bools:
    """Tell what costs less than leaving a need unmet."""
    return np.asarray(cost < unmet * (1 - TIE), dtype=np.bool_)
