"""Every admissible pair of the case: how far each gets, what it costs, whether the proof holds for it.

Needs that no rule and no price can tell apart are one profile, donations likewise; the pairs of
profiles are looked at in blocks, so that memory stays small however large the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matchopt.inspector import routes, rules
from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Floats, Ints, classes
from matchopt.inspector.places import Legs
from matchopt.inspector.proof import Prices, money
from matchopt.inspector.violation import Report

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
    least
        Least unit cost at which some donation may serve each need.
    worth
        Donations that some need would rather have than stay unmet.
    """

    needs: Ints
    gifts: Ints
    least: Ints
    worth: Bools


@dataclass(frozen=True, slots=True)
class _Profiles:
    """`members` fall into profiles `of`; each is stood for by the member of the highest price."""

    members: Ints
    of: Ints
    stands: Ints

    @classmethod
    def make(cls, members: Ints, price: Ints, *columns: Ints | Floats) -> _Profiles:
        if not members.size:
            return cls(members, members, members)
        of, count = classes(*(column[members] for column in columns))
        order = np.argsort(price[members], kind="stable")
        stands = np.empty(count, dtype=np.int64)
        stands[of[order]] = members[order]
        return cls(members, of, stands)


def sweep(f: Facts, prices: Prices | None, report: Report) -> Reach:
    """Look at every pair; hold `prices`, where they could be read, against all admissible ones."""
    sweeper = _Sweeper(f, prices, report)
    for gifts, needs in sweeper.blocks():
        sweeper.look(gifts, needs)
    return sweeper.reach()


class _Sweeper:
    def __init__(self, f: Facts, prices: Prices | None, report: Report) -> None:
        self.f, self.prices, self.report = f, prices, report
        g, w, none = f.gifts, f.wants, np.zeros(len(f.gifts.ids) + len(f.wants.ids), dtype=np.int64)
        levels = (none, none) if prices is None else (prices.gift_level, prices.need_level)
        worth = (none, none) if prices is None else (prices.gift, prices.need)
        self.gifts = _Profiles.make(
            np.flatnonzero(g.plannable > 0), worth[0], g.item, g.spots.name, g.spots.latitude,
            g.spots.longitude, g.community, g.first, g.last, g.expires, g.quality, g.place_mark,
            g.group_mark, levels[0],
        )  # fmt: skip
        self.needs = _Profiles.make(
            np.flatnonzero(~w.excluded), worth[1], w.item, w.community, w.group, w.first, w.last,
            w.remaining, w.quality, w.fee, levels[1],
        )  # fmt: skip
        self.out = routes.outbound(f)
        self.need_passed = np.zeros(len(self.needs.stands), dtype=np.int64)
        self.gift_passed = np.zeros(len(self.gifts.stands), dtype=np.int64)
        self.least = np.full(len(self.needs.stands), routes.NOWHERE, dtype=np.int64)
        self.worth = np.zeros(len(self.gifts.stands), dtype=bool)
        self.ceiling = np.zeros(len(self.needs.stands), dtype=np.int64)
        np.maximum.at(self.ceiling, self.needs.of, w.price[self.needs.members])

    def blocks(self) -> Iterator[tuple[Ints, Ints]]:
        """Yield blocks of profiles, donations and needs, whose items fit each other."""
        gifts = _by_item(self.f.gifts.item[self.gifts.stands])
        needs = _by_item(self.f.wants.item[self.needs.stands])
        subs = self.f.substitutes
        fits = {(item, item) for item in needs}
        fits.update((a, b) for a, b in zip(subs.first.tolist(), subs.second.tolist(), strict=True))
        for asked, given in sorted(fits):
            if asked not in needs or given not in gifts:
                continue
            for j in _cut(needs[asked], NEEDS_A_BLOCK):
                for i in _cut(gifts[given], max(PAIRS_A_BLOCK // len(j), 1)):
                    yield i, j

    def look(self, gifts: Ints, needs: Ints) -> None:
        """Look at all pairs of a block of profiles."""
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
        if row.size:
            goal = at[column]
            direct = f.roads.legs(f.gifts.spots.at(i[:, None]), f.spots.at(places[None, :]))
            into = routes.inbound(f, i)
            linked, rival = self._hubs(places, direct, into)
            penalty = rules.same_thing(f, i[:1], j[:1])[1]
            fees = routes.Fees(
                f.wants.fee[j[column]], np.broadcast_to(penalty, row.shape),
                f.gifts.weight[i[row]] * transfer[row, goal],
            )  # fmt: skip
            choice = routes.cheapest(
                f, routes.Trip.of(f, i[row], j[column]), places[goal], fees, direct.at(row, goal),
                row, into, self.out, rival[row, goal],
            )  # fmt: skip
            served = choice.cost < routes.NOWHERE
            passed[row, column] = np.where(served, 6, np.where(linked[row, goal], 5, 4))
            self._note(gifts[row[served]], needs[column[served]], choice.cost[served])
        self.need_passed[needs] = np.maximum(self.need_passed[needs], passed.max(axis=0))
        self.gift_passed[gifts] = np.maximum(self.gift_passed[gifts], passed.max(axis=1))

    def _hubs(self, places: Ints, direct: Legs, into: Legs) -> tuple[Bools, Bools]:
        """Tell which donations and communities connect, and where a hub without storage beats direct."""
        least = np.full(direct.cost.shape, np.inf)
        for h in range(len(self.f.hubs.names)):
            through = into.cost[:, h, None] + self.out.cost[h, places] + self.f.hubs.handling[h]
            usable = into.open[:, h, None] & self.out.open[h, places]
            least = np.where(usable, np.minimum(least, through), least)
        linked = direct.open | np.isfinite(least)
        return linked, least < direct.cost + self.f.settings.rates.handling_direct

    def _note(self, gift: Ints, need: Ints, cost: Ints) -> None:
        """Take note of admissible pairs: what they cost, and whether the prices allow for that."""
        np.minimum.at(self.least, need, cost)
        self.worth[gift[cost < self.ceiling[need]]] = True
        if self.prices is None:
            return
        f, p = self.f, self.prices
        i, j = self.gifts.stands[gift], self.needs.stands[need]
        falls = p.gift_level[i] > p.need_level[j]
        self.report.each(
            "proof", "prices", falls, f.wants.ids[j],
            lambda r: f"its level is below that of donation {f.gifts.ids[i[r]]}, which may serve it: "
            "the bound on the tiers is not proven",
        )  # fmt: skip
        dear = (p.gift_level[i] == p.need_level[j]) & (p.gift[i] + p.need[j] > cost)
        self.report.each(
            "proof", "prices", dear, f.wants.ids[j],
            lambda r: f"its price {money(p.need[j[r]])} and that of donation {f.gifts.ids[i[r]]}, "
            f"{money(p.gift[i[r]])}, add up to more than the unit cost {money(cost[r])}: "
            "the bound on the cost is not proven",
        )  # fmt: skip

    def reach(self) -> Reach:
        """Return what was seen, for all needs and donations."""
        n, m = len(self.f.wants.ids), len(self.f.gifts.ids)
        needs, gifts = np.zeros(n, dtype=np.int64), np.zeros(m, dtype=np.int64)
        least, worth = np.full(n, routes.NOWHERE, dtype=np.int64), np.zeros(m, dtype=bool)
        needs[self.needs.members] = self.need_passed[self.needs.of]
        least[self.needs.members] = self.least[self.needs.of]
        gifts[self.gifts.members] = self.gift_passed[self.gifts.of]
        worth[self.gifts.members] = self.worth[self.gifts.of]
        return Reach(needs, gifts, least, worth)


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
