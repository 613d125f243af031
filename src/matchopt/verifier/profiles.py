"""Needs that no rule and no price can tell apart are one profile, donations likewise.

Pairs of profiles are looked at instead of pairs of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.verifier.committed import Committed
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Floats, Ints, classes
from matchopt.verifier.prices import Prices
from matchopt.verifier.tally import Tally


@dataclass(frozen=True, slots=True)
class Profiles:
    """`members` fall into profiles `of`; each is stood for by its member of the highest block-0 price."""

    members: Ints
    of: Ints
    stands: Ints

    @property
    def size(self) -> int:
        """Number of profiles."""
        return len(self.stands)

    def least(self, values: Ints | Floats) -> Ints | Floats:
        """Return the least of the members' values by profile."""
        least = values[self.stands].copy()
        np.minimum.at(least, self.of, values[self.members])
        return least

    def most(self, values: Ints | Floats) -> Ints | Floats:
        """Return the largest of the members' values by profile."""
        return -self.least(-values)


def _profiles(members: Ints, price: Ints, *columns: Ints | Floats) -> Profiles:
    if not members.size:
        return Profiles(members, members, members)
    of, count = classes(*(column[members] for column in columns))
    order = np.argsort(price[members], kind="stable")
    stands = np.empty(count, dtype=np.int64)
    stands[of[order]] = members[order]
    return Profiles(members, of, stands)


def profiles_of(
    f: Facts, committed: Committed, tally: Tally, prices: Prices | None
) -> tuple[Profiles, Profiles]:
    """Return the profiles of the donations that may be planned and of the needs that take part."""
    g, w, fits = f.gifts, f.wants, f.affinities
    gift_none, need_none = np.zeros(len(g.ids), dtype=np.int64), np.zeros(len(w.ids), dtype=np.int64)
    gift, need = (gift_none,) * 3, (need_none,) * 3
    if prices is not None:
        gift = (prices.gift, prices.gift_level, prices.gift_block)
        need = (prices.need, prices.need_level, prices.need_block)
    shared = need[2] > 0
    by_cost = shared & (f.settings.policy.objective == "total-cost")
    marks = committed.marks(len(g.ids), len(w.ids))
    matters = bool(fits.weight) and bool(fits.score.size)
    return (
        _profiles(
            np.flatnonzero(g.plannable > 0), gift[0], g.item, g.spots.name, g.spots.latitude,
            g.spots.longitude, g.community, g.first, g.last, g.expires, g.quality, g.place_mark,
            g.group_mark, *gift[1:], (g.whole > 0).astype(np.int64), np.where(tally.spare, g.granule, 0),
            fits.donor if matters else gift_none, fits.named_gift if matters else gift_none, marks[0],
        ),
        _profiles(
            np.flatnonzero(~w.excluded), need[0], w.item, w.community, w.group, w.first, w.last,
            w.remaining, w.quality, w.fee, *need[1:], np.where(shared, w.priority, 0),
            np.where(by_cost, w.price, 0), tally.short.astype(np.int64),
            fits.named_need if matters else need_none, marks[1],
        ),
    )  # fmt: skip
