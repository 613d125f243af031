"""Every pair of the case: how far each gets by the steps of §2, what the admissible ones cost at least.

Pairs of profiles are looked at in blocks, so that memory stays small however large the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from matchopt.inspector import routes, rules
from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Floats, Ints
from matchopt.inspector.meetings import Met, Watcher
from matchopt.inspector.places import Legs
from matchopt.inspector.profiles import Profiles

PAIRS_A_BLOCK = 2**18
NEEDS_A_BLOCK = 2**15


@dataclass(frozen=True, slots=True)
class Reach:
    """How far needs and donations get.

    Attributes
    ----------
    needs, gifts
        Steps of §2 that some pair of each has passed (excluded needs and donations of
        which nothing may be planned take no part: 0).
    """

    needs: Ints
    gifts: Ints


def sweep(f: Facts, gifts: Profiles, needs: Profiles, watchers: Sequence[Watcher]) -> Reach:
    """Look at every pair, and show the admissible ones to the `watchers`."""
    sweeper = _Sweeper(f, gifts, needs)
    for i, j in sweeper.blocks():
        met = sweeper.look(i, j)
        if len(met.gift):
            for watcher in watchers:
                watcher.note(met)
    return sweeper.reach()


class _Sweeper:
    def __init__(self, f: Facts, gifts: Profiles, needs: Profiles) -> None:
        self.f, self.gifts, self.needs = f, gifts, needs
        self.out = routes.outbound(f)
        self.need_passed = np.zeros(needs.size, dtype=np.int64)
        self.gift_passed = np.zeros(gifts.size, dtype=np.int64)

    def blocks(self) -> Iterator[tuple[Ints, Ints]]:
        """Yield blocks of profiles, donations and needs, whose items fit each other."""
        items = self.f.items
        gifts = _by_item(self.f.gifts.item[self.gifts.stands])
        needs = _by_item(self.f.wants.item[self.needs.stands])
        subs = self.f.substitutes
        fits = {(item, item) for item in needs}
        fits.update((a, b) for a, b in zip(subs.first.tolist(), subs.second.tolist(), strict=True))
        money = [item for item in gifts if items.funds[item]]
        bought = [item for item in needs if not items.funds[item] and not np.isnan(items.buyable[item])]
        fits.update((a, b) for a in bought for b in money)
        for asked, given in sorted(fits):
            if asked not in needs or given not in gifts:
                continue
            for j in _cut(needs[asked], NEEDS_A_BLOCK):
                for i in _cut(gifts[given], max(PAIRS_A_BLOCK // len(j), 1)):
                    yield i, j

    def look(self, gifts: Ints, needs: Ints) -> Met:
        """Look at all pairs of a block of profiles; return the admissible ones."""
        f, i, j = self.f, self.gifts.stands[gifts], self.needs.stands[needs]
        places, at = np.unique(f.wants.community[j], return_inverse=True)
        bounds, transfer = rules.within_bounds(f, i[:, None], places[None, :])
        marked = rules.marked_for_community(f, i[:, None], places[None, :])
        passed = np.select(
            [
                ~rules.good_enough(f, i[:, None], j[None, :]),
                ~(marked[:, at] & rules.marked_for_group(f, i[:, None], j[None, :])),
                ~bounds[:, at],
            ],
            [1, 2, 3],
            default=4,
        )
        row, column = np.nonzero(passed == 4)
        goal = at[column]
        direct, into = routes.straight(f, i[:, None], places[None, :]), routes.inbound(f, i)
        linked, rival = self._hubs(places, direct, into)
        fit = rules.same_thing(f, i[:1], j[:1]).spread(len(row))
        met = Met(
            gifts[row], needs[column], i[row], j[column], fit.ratio, np.zeros(len(row), dtype=np.int64),
            routes.Trip.of(f, i[row], j[column]),
            routes.Fees.of(f, i[row], j[column], fit, transfer[row, goal]), places[goal],
            direct.at(row, goal), row, into, self.out,
        )  # fmt: skip
        choice = routes.cheapest(
            f, met.trip, met.goal, met.fees, met.direct, row, into, self.out, rival[row, goal]
        )
        served = choice.cost < routes.NOWHERE
        passed[row, column] = np.where(served, 6, np.where(linked[row, goal], 5, 4))
        self.need_passed[needs] = np.maximum(self.need_passed[needs], passed.max(axis=0))
        self.gift_passed[gifts] = np.maximum(self.gift_passed[gifts], passed.max(axis=1))
        return met._replace(cost=choice.cost).at(np.flatnonzero(served))

    def _hubs(self, places: Ints, direct: Legs, into: Legs) -> tuple[Bools, Bools]:
        """Tell which donations and communities connect, and where a hub without storage beats direct."""
        least: Floats = np.full(direct.cost.shape, np.inf)
        for h in range(len(self.f.hubs.names)):
            through = into.cost[:, h, None] + self.out.cost[h, places] + self.f.hubs.handling[h]
            usable = into.open[:, h, None] & self.out.open[h, places]
            least = np.where(usable, np.minimum(least, through), least)
        linked = direct.open | np.isfinite(least)
        return linked, least < direct.cost + self.f.settings.rates.handling_direct

    def reach(self) -> Reach:
        """Return what was seen, for all needs and donations."""
        needs = np.zeros(len(self.f.wants.ids), dtype=np.int64)
        gifts = np.zeros(len(self.f.gifts.ids), dtype=np.int64)
        needs[self.needs.members] = self.need_passed[self.needs.of]
        gifts[self.gifts.members] = self.gift_passed[self.gifts.of]
        return Reach(needs, gifts)


def _by_item(items: Ints) -> dict[int, Ints]:
    """Return the positions of each item."""
    if not items.size:
        return {}
    order = np.argsort(items, kind="stable")
    values, starts = np.unique(items[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))


def _cut(positions: Ints, size: int) -> Iterator[Ints]:
    for start in range(0, len(positions), size):
        yield positions[start : start + size]
