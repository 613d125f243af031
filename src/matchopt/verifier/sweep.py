"""Every pair of the case: how far each gets by the steps of §2, what the admissible ones cost at least.

Pairs of profiles go through the screen, which tells those that may matter; these are reckoned exactly and
shown to whoever watches. Donations come by in pieces, so that memory stays small however large the case.
Items that fit none of each other's profiles are looked at side by side: nobody watches the same rows twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from matchopt.verifier import routes, rules
from matchopt.verifier.columns import Columns
from matchopt.verifier.committed import FREE, Committed
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Ints
from matchopt.verifier.leftovers import Leftovers
from matchopt.verifier.meetings import Met, Watcher
from matchopt.verifier.pools import LEGS, records
from matchopt.verifier.profiles import Profiles
from matchopt.verifier.proof import PlainProof
from matchopt.verifier.screen import screen
from matchopt.verifier.survey import Piece, Pool, Survey
from matchopt.verifier.violation import Report

Fit = tuple[Ints, Ints]
"""Profiles of donations and needs whose items fit each other."""

TIMELY = 6
"""Steps of §2 that the screen decides: all but what commitments bar."""

GIFTS_A_PIECE = 2**10
PAIRS_A_PIECE = 2**16
TRIES = 2**3
"""Pairs of a need or donation that are reckoned for a reason before more are asked for."""


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


def sweep(
    f: Facts,
    committed: Committed,
    gifts: Profiles,
    needs: Profiles,
    left: Leftovers,
    plain: PlainProof | None = None,
    columns: Columns | None = None,
) -> Reach:
    """Look at every pair, and show those that may matter to them to the watchers."""
    sweeper = _Sweeper(f, committed, gifts, needs, left, plain, columns)
    apart = apart_from_each_other(sweeper.fits())
    reports = [Report() for _ in apart]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        by_size = sorted(range(len(apart)), key=lambda k: -sum(len(i) * len(j) for i, j in apart[k]))
        list(pool.map(lambda k: sweeper.meet_all(apart[k], reports[k]), by_size))
    if plain is not None:
        for report in reports:
            plain.report.extend(report)
    return sweeper.reach()


def apart_from_each_other(fits: Mapping[tuple[int, int], Fit]) -> list[list[Fit]]:
    """Return the profiles of items that fit, in lists that share neither donations nor needs.

    `fits` holds them by item asked and given; the lists, and what stands in them, keep its order.
    """
    root: dict[tuple[str, int], tuple[str, int]] = {}

    def find(item: tuple[str, int]) -> tuple[str, int]:
        while root.setdefault(item, item) != item:
            root[item] = root[root[item]]
            item = root[item]
        return item

    for asked, given in fits:
        root[find(("asked", asked))] = find(("given", given))
    lists: dict[tuple[str, int], list[Fit]] = {}
    for (asked, _), fit in fits.items():
        lists.setdefault(find(("asked", asked)), []).append(fit)
    return list(lists.values())


class _Sweeper:
    def __init__(
        self, f: Facts, committed: Committed, gifts: Profiles, needs: Profiles, left: Leftovers,
        plain: PlainProof | None, columns: Columns | None,
    ) -> None:  # fmt: skip
        self.f, self.gifts, self.needs, self.left = f, gifts, needs, left
        self.committed = committed if committed.any_bars else None
        self.plain, self.columns = plain, columns
        self.survey = Survey(f, gifts, needs, left, plain)
        self.need_passed = np.zeros(needs.size, dtype=np.int64)
        self.gift_passed = np.zeros(gifts.size, dtype=np.int64)

    def fits(self) -> dict[tuple[int, int], Fit]:
        """Return the profiles whose items fit each other, by item asked and given."""
        items = self.f.items
        gifts = _by_item(self.f.gifts.item[self.gifts.stands])
        needs = _by_item(self.f.wants.item[self.needs.stands])
        subs = self.f.substitutes
        fits = {(item, item) for item in needs}
        fits.update((a, b) for a, b in zip(subs.first.tolist(), subs.second.tolist(), strict=True))
        money = [item for item in gifts if items.funds[item]]
        bought = [item for item in needs if not items.funds[item] and not np.isnan(items.buyable[item])]
        fits.update((a, b) for a in bought for b in money)
        return {
            (asked, given): (gifts[given], needs[asked])
            for asked, given in sorted(fits)
            if asked in needs and given in gifts
        }

    def meet_all(self, fits: list[Fit], report: Report) -> None:
        """Look at all pairs of profiles that nobody else looks at; what is found goes into `report`."""
        plain = None if self.plain is None else self.plain.reporting_to(report)
        watchers: list[Watcher] = [w for w in (self.left, plain, self.columns) if w is not None]
        for gifts, needs in fits:
            self._meet(gifts, needs, watchers)

    def _meet(self, gifts: Ints, needs: Ints, watchers: list[Watcher]) -> None:
        """Look at all pairs of the profiles of two items."""
        pool = self.survey.pool(gifts, needs)
        pool.takers["passed"] = self.need_passed[pool.needs]
        for start in range(0, len(gifts), GIFTS_A_PIECE):
            piece = self.survey.piece(pool, slice(start, start + GIFTS_A_PIECE))
            piece.givers["passed"] = self.gift_passed[piece.gifts]
            self._screen(pool, piece, watchers)
            self.gift_passed[piece.gifts] = piece.givers["passed"]
        self.need_passed[pool.needs] = pool.takers["passed"]

    def _screen(self, pool: Pool, piece: Piece, watchers: list[Watcher]) -> None:
        """Look at the pairs of some donations; those held back once more, as long as there are any."""
        chosen = np.arange(len(piece.gifts))
        terms = pool.terms.copy()
        terms["often"] = TRIES
        met = np.empty((2, PAIRS_A_PIECE + len(pool.needs)), dtype=np.int64)
        row = records(LEGS, len(pool.groups[0]))
        while len(chosen):
            piece.givers["again"], done = False, 0
            while done < len(chosen):
                self._ask(pool, piece)
                seen, passed = screen(
                    piece.givers, pool.takers, pool.groups, self.survey.goals, self.survey.hubs, piece.ways,
                    terms, self.survey.rules, row, chosen[done:], *met,
                )  # fmt: skip
                done += seen
                self._reckon(piece, met[0, :passed], pool.needs[met[1, :passed]], watchers)
            chosen = np.flatnonzero(piece.givers["again"])
            # Whatever else there is to their pairs was shown at once.
            terms["often"], terms["proof"], watchers = terms["often"] * TRIES, False, [self.left]

    def _ask(self, pool: Pool, piece: Piece) -> None:
        """Say what is still asked of needs and donations for their reasons."""
        pool.takers["open"], pool.takers["tried"] = self.left.asked_of_needs(pool.needs), 0
        piece.givers["open"] = self.left.asked_of_gifts(piece.gifts)

    def _reckon(self, piece: Piece, row: Ints, needs: Ints, watchers: list[Watcher]) -> None:
        """Reckon pairs exactly, in the order of the profiles, and show them."""
        if not len(row):
            return
        order = np.lexsort((needs, piece.gifts[row]))
        row, needs = row[order], needs[order]
        if self.committed is not None:
            barred = self.committed.bars(self.gifts.stands[piece.gifts[row]], self.needs.stands[needs])
            row, needs = row[~barred], needs[~barred]
            if not len(row):
                return
        f, gifts, into, out = self.f, piece.gifts[row], piece.into, self.survey.out
        i, j = self.gifts.stands[gifts], self.needs.stands[needs]
        goal = f.wants.community[j]
        fit = rules.same_thing(f, i[:1], j[:1]).spread(len(row))
        trip, direct = routes.Trip.of(f, i, j), routes.straight(f, i, goal)
        fees = routes.Fees.of(f, i, j, fit, rules.within_bounds(f, i, goal)[1])
        choice = routes.cheapest(f, trip, goal, fees, direct, row, into, out)
        met = Met(
            gifts, needs, i, j, fit.ratio, choice.cost, trip, fees, goal, direct, row, into, out
        )  # fmt: skip
        for watcher in watchers:
            watcher.note(met)

    def reach(self) -> Reach:
        """Return what was seen, for all needs and donations."""
        if self.committed is None:
            self.need_passed += self.need_passed == TIMELY
            self.gift_passed += self.gift_passed == TIMELY
        else:
            self._look_behind_bars(self.committed)
        needs = np.zeros(len(self.f.wants.ids), dtype=np.int64)
        gifts = np.zeros(len(self.f.gifts.ids), dtype=np.int64)
        needs[self.needs.members] = self.need_passed[self.needs.of]
        gifts[self.gifts.members] = self.gift_passed[self.gifts.of]
        return Reach(needs, gifts)

    def _look_behind_bars(self, committed: Committed) -> None:
        """Count the last step: who gets through to somebody that commitments do not bar."""
        gifts, needs = self.gifts.stands, self.needs.stands
        free = committed.marks(len(self.f.gifts.ids), len(self.f.wants.ids))
        sole = committed.only[needs] != FREE
        fits = self.fits()
        for side, passed in ((0, self.need_passed), (1, self.gift_passed)):
            mine = (needs, gifts)[side]
            # A donation that has no row of its own may yet fit nobody but needs that have their only one.
            known = (free[1 - side][mine] < 0) & (not side or not sole.any())
            passed[known & (passed == TIMELY)] += 1
            for at in np.flatnonzero(passed == TIMELY).tolist():
                for fit in fits.values():
                    if at in fit[1 - side]:
                        others = fit[side]
                        i, j = (gifts[others], needs[[at]]) if not side else (gifts[[at]], needs[others])
                        i, j = np.broadcast_arrays(i, j)
                        if (open_pairs(self.f, i, j) & ~committed.bars(i, j)).any():
                            passed[at] += 1
                            break


def open_pairs(f: Facts, i: Ints, j: Ints) -> Bools:
    """Tell which pairs all rules of §2 admit, reckoned one by one."""
    goal = f.wants.community[j]
    fit = rules.same_thing(f, i, j)
    inside, transfer = rules.within_bounds(f, i, goal)
    marked = rules.marked_for_community(f, i, goal) & rules.marked_for_group(f, i, j)
    gifts, row = np.unique(i, return_inverse=True)
    choice = routes.cheapest(
        f, routes.Trip.of(f, i, j), goal, routes.Fees.of(f, i, j, fit, transfer),
        routes.straight(f, i, goal), row.astype(np.int64), routes.inbound(f, gifts), routes.outbound(f),
    )  # fmt: skip
    timely = choice.cost < routes.NOWHERE
    return np.asarray(fit.open & rules.good_enough(f, i, j) & marked & inside & timely, dtype=np.bool_)


def _by_item(items: Ints) -> dict[int, Ints]:
    """Return the positions of each item."""
    if not items.size:
        return {}
    order = np.argsort(items, kind="stable")
    values, starts = np.unique(items[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))
