"""Enumeration of all admissible pairs, pruned by lower bounds: each is seen once by whoever needs it.

Rows that no rule and no price can tell apart are one class, and pairs of classes are looked at. Those whose
cost may matter by a bound (`matchopt.verifier.bounding`) are computed exactly and shown to whoever watches.
Donations come by in pieces, so that memory stays small however large the case.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.verifier import bounding, rules
from matchopt.verifier.commitments import FREE, CommitmentFacts
from matchopt.verifier.facts import Facts, classes, pick
from matchopt.verifier.prices import PriceTable
from matchopt.verifier.sums import PlanTotals
from matchopt.verifier.violation import Violations

if TYPE_CHECKING:
    from matchopt.verifier.proof import ColumnPricing, PlainProof
    from matchopt.verifier.reasons import Reasons

Fit = tuple[Ints, Ints]
"""Classes of donations and needs whose items fit each other."""

FEW_PAIRS = 2**16
"""Pairs of classes that are fewer are all computed: that takes less than to load, or compile, the loop."""

DONATIONS_A_PIECE = 2**9
PAIRS_A_PIECE = 2**16
TRIES = 2**3
"""Pairs of a need or donation that are computed for a reason before more are asked for."""

_TIMELY = len(rules.STEPS) - 1
"""Steps of §2 that the loop decides: all but what commitments bar."""


class RowClasses(NamedTuple):
    """`members` fall into classes `of`; each is stood for by its member of the highest block-0 price."""

    members: Ints
    of: Ints
    stands: Ints

    @property
    def size(self) -> int:
        """Number of classes."""
        return len(self.stands)

    def least(self, values: Ints | Floats) -> Ints | Floats:
        """Return the least of the members' values by class."""
        least = values[self.stands].copy()
        np.minimum.at(least, self.of, values[self.members])
        return least

    def most(self, values: Ints | Floats) -> Ints | Floats:
        """Return the largest of the members' values by class."""
        return -self.least(-values)

    def spread(self, values: Ints | Floats, otherwise: float, size: int) -> Floats:
        """Return the values of classes for all of `size` rows."""
        spread = np.full(size, otherwise)
        spread[self.members] = values[self.of]
        return spread


def row_classes(
    f: Facts, commitments: CommitmentFacts, tally: PlanTotals, prices: PriceTable | None
) -> tuple[RowClasses, RowClasses]:
    """Return the classes of the donations that may be planned and of the needs that take part."""
    d, n, fit = f.donations, f.needs, f.affinities
    marks = commitments.marks(len(d.ids))
    of_donations = [*d.spots, d.item, d.community, d.first, d.last, d.expires, d.quality, d.place_mark]
    of_donations += [
        d.group_mark,
        (d.whole > 0).astype(np.int64),
        np.where(tally.spare, d.granule, 0),
        tally.receiver,
        marks[0],
    ]
    of_needs = [n.item, n.community, n.group, n.first, n.last, n.remaining, n.quality, n.fee]
    of_needs += [tally.short.astype(np.int64), marks[1], receivers(tally)]
    if fit.matter:
        of_donations += [fit.donor, fit.named_donation]
        of_needs += [fit.named_need]
    price = np.zeros(len(d.ids), dtype=np.int64), np.zeros(len(n.ids), dtype=np.int64)
    if prices is not None:
        price, in_block = (prices.donation, prices.need), prices.need_block > 0
        of_donations += [prices.donation_level, prices.donation_block]
        of_needs += [prices.need_level, prices.need_block, np.where(in_block, n.priority, 0)]
        of_needs += [np.where(in_block & f.by_cost, n.price, 0)]
    return (
        _classes(np.flatnonzero(d.plannable > 0), price[0], of_donations),
        _classes(np.flatnonzero(~n.excluded), price[1], of_needs),
    )


def receivers(tally: PlanTotals) -> Ints:
    """Return for each need that is the receiver of some donation its number, else -1."""
    own = np.full(len(tally.short), -1, dtype=np.int64)
    taken = tally.receiver[tally.receiver >= 0]
    own[taken] = taken
    return own


def _classes(members: Ints, price: Ints, columns: list[Any]) -> RowClasses:
    if not members.size:
        return RowClasses(members, members, members)
    of, count = classes(*(column[members] for column in columns))
    order = np.argsort(price[members], kind="stable")
    stands = np.empty(count, dtype=np.int64)
    stands[of[order]] = members[order]
    return RowClasses(members, of, stands)


class AdmissiblePairs(NamedTuple):
    """Admissible pairs of classes, the rows that stand for them, and the unit cost of the cheapest route."""

    donation: Ints
    need: Ints
    pairs: rules.PairFacts
    cost: Ints


Note = Callable[[AdmissiblePairs], None]
"""Looks at some pairs, as they come by."""


class RulesPassed(NamedTuple):
    """Steps of §2 that some pair of each need and donation has passed; 0 for those that take no part."""

    needs: Ints
    donations: Ints


def is_odd(f: Facts, i: Ints, j: Ints, ratio: Floats) -> Bools:
    """Tell whether donations do not come in whole steps of needs."""
    granule = f.donations.granule[i] * np.rint(f.donations.grain[i] * 10**6)
    step = f.needs.step[j] * np.rint(f.needs.grain[j] * 10**6)
    return np.asarray((ratio != 1) | (np.fmod(granule, step) != 0), dtype=np.bool_)


class _ItemClasses(NamedTuple):
    """Classes of two items: the donations, kind by kind, and the needs, community by community."""

    donations: Ints
    needs: Ints
    offers: bounding.Records
    requests: bounding.Records
    groups: tuple[Ints, Ints, Ints]
    terms: bounding.Records


class PairVisitors(NamedTuple):
    """Who looks at the admissible pairs that may matter, as they come by."""

    reasons: Reasons
    plain: PlainProof | None = None
    columns: ColumnPricing | None = None


def enumerate_pairs(
    f: Facts, commitments: CommitmentFacts, classes_of: tuple[RowClasses, RowClasses], watchers: PairVisitors
) -> RulesPassed:
    """Look at every pair, and show those that may matter to the watchers.

    Items that fit none of each other's are looked at side by side: nobody watches the same rows twice.
    """
    sweeper = _PairEnumerator(f, commitments, classes_of, watchers)
    apart = apart_from_each_other(sweeper.fits())
    found, sizes = [Violations() for _ in apart], [sum(len(i) * len(j) for i, j in fits) for fits in apart]
    if 0 < sum(sizes) <= FEW_PAIRS:
        sweeper.meet_few([fit for fits in apart for fit in fits], found[0])
    elif apart:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            by_size = sorted(range(len(apart)), key=lambda k: -sizes[k])
            list(pool.map(lambda k: sweeper.meet_all(apart[k], found[k]), by_size))
    if watchers.plain is not None:
        for part in found:
            watchers.plain.found.extend(part)
    return sweeper.reach()


def apart_from_each_other(fits: Mapping[tuple[int, int], Fit]) -> list[list[Fit]]:
    """Return the classes of items that fit, in lists that share neither donations nor needs.

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


class _PairEnumerator:
    def __init__(
        self,
        f: Facts,
        commitments: CommitmentFacts,
        classes_of: tuple[RowClasses, RowClasses],
        watchers: PairVisitors,
    ) -> None:
        self.f, self.commitments, self.watchers = f, commitments, watchers
        self.donations, self.needs = classes_of
        self.passed = np.zeros(self.needs.size, dtype=np.int64), np.zeros(self.donations.size, dtype=np.int64)
        cost = np.where(f.outbound.open, f.outbound.cost, np.inf).T
        order = np.argsort(cost, axis=1, kind="stable")
        self.hubs = order, *(np.take_along_axis(part, order, axis=1) for part in (cost, f.outbound.lead.T))

    def fits(self) -> dict[tuple[int, int], Fit]:
        """Return the classes whose items fit each other, by item asked and given."""
        f, subs = self.f, self.f.substitutions.between
        donations = _by_item(f.donations.item[self.donations.stands])
        needs = _by_item(f.needs.item[self.needs.stands])
        fits = {(item, item) for item in needs}
        fits.update(zip(subs.first.tolist(), subs.second.tolist(), strict=True))
        money = [item for item in donations if f.item_funds[item]]
        bought = [item for item in needs if not f.item_funds[item] and not np.isnan(f.buyable[item])]
        fits.update((a, b) for a in bought for b in money)
        return {(a, b): (donations[b], needs[a]) for a, b in sorted(fits) if a in needs and b in donations}

    def _notes(self, found: Violations) -> list[Note]:
        """Return what to show pairs to."""
        reasons, plain, columns = self.watchers
        if plain is None or columns is None:
            return [reasons.note]
        return [reasons.note, partial(plain.note, found=found), columns.note]

    def meet_few(self, fits: list[Fit], found: Violations) -> None:
        """Compute all pairs of classes, and show the admissible ones."""
        f = self.f
        donation, need = (
            np.concatenate([part.ravel() for part in parts])
            for parts in zip(*(np.meshgrid(*fit, indexing="ij") for fit in fits), strict=True)
        )
        p = rules.PairFacts.of(f, self.donations.stands[donation], self.needs.stands[need])
        best = rules.best_routes(f, p)
        refused = (
            *rules.refusals(f, p).values(),
            ~best.connected,
            best.cost == rules.NOWHERE,
            self.commitments.bars(p.i, p.j),
        )
        passed = np.cumprod(~np.array(refused), axis=0).sum(axis=0)
        np.maximum.at(self.passed[0], need, passed)
        np.maximum.at(self.passed[1], donation, passed)
        r = np.flatnonzero(passed == len(rules.STEPS))
        for note in self._notes(found) if r.size else ():
            note(AdmissiblePairs(donation[r], need[r], pick(p, r), best.cost[r]))

    def meet_all(self, fits: list[Fit], found: Violations) -> None:
        """Look at all pairs of classes that nobody else looks at; what is wrong goes into `found`."""
        notes = self._notes(found)
        for donations, needs in fits:
            pool = self._pool(donations, needs)
            pool.requests["passed"] = self.passed[0][pool.needs]
            pool.offers["passed"] = self.passed[1][pool.donations]
            for start in range(0, len(donations), DONATIONS_A_PIECE):
                self._screen(pool, slice(start, start + DONATIONS_A_PIECE), notes)
            self.passed[0][pool.needs] = pool.requests["passed"]
            self.passed[1][pool.donations] = pool.offers["passed"]

    def _screen(self, pool: _ItemClasses, piece: slice, notes: list[Note]) -> None:
        """Look at the pairs of some donations; those held back once more, as long as there are any."""
        donations, offers, terms = pool.donations[piece], pool.offers[piece], pool.terms.copy()
        reasons = self.watchers.reasons
        legs, chosen = self._legs(donations, pool.groups[0]), np.arange(len(donations))
        offers["nearest"], terms["often"] = legs[4].min(axis=1, initial=np.inf), TRIES
        met = np.empty((2, PAIRS_A_PIECE + len(pool.needs)), dtype=np.int64)
        while len(chosen):
            offers["again"], done = False, 0
            while done < len(chosen):
                pool.requests["open"], pool.requests["tried"] = reasons.asked_of_needs(pool.needs), 0
                offers["open"] = reasons.asked_of_donations(donations)
                ways, rest = (pool.groups, legs, self.hubs), chosen[done:]
                seen, count = bounding.prune_pairs(
                    offers, pool.requests, ways, terms, self.f.groups_marked, rest, met
                )
                done += seen
                self._compute(donations[met[0, :count]], pool.needs[met[1, :count]], notes)
            chosen = np.flatnonzero(offers["again"])
            # Whatever else there is to their pairs was shown at once.
            terms["often"], terms["proof"], notes = terms["often"] * TRIES, False, [reasons.note]

    def _compute(self, donations: Ints, needs: Ints, notes: list[Note]) -> None:
        """Compute pairs exactly, in the order of the classes, and show them."""
        order = np.lexsort((needs, donations))
        donations, needs = donations[order], needs[order]
        if self.commitments.any_bars:
            free = ~self.commitments.bars(self.donations.stands[donations], self.needs.stands[needs])
            donations, needs = donations[free], needs[free]
        if len(donations):
            pairs = rules.PairFacts.of(self.f, self.donations.stands[donations], self.needs.stands[needs])
            met = AdmissiblePairs(donations, needs, pairs, rules.best_routes(self.f, pairs).cost)
            for note in notes:
                note(met)

    def _pool(self, donations: Ints, needs: Ints) -> _ItemClasses:
        """Put classes of two items together."""
        f, d, n, (left, plain, _) = self.f, self.f.donations, self.f.needs, self.watchers
        needs = needs[np.argsort(n.community[self.needs.stands[needs]], kind="stable")]
        i, j = self.donations.stands[donations], self.needs.stands[needs]
        _, ratio, penalty, bought = (float(part[0]) for part in rules.substituted(f, i[:1], j[:1]))
        offers, requests = bounding.records(bounding.DONATION, i, d), bounding.records(bounding.NEED, j, n)
        offers["able"], offers["spare"] = left.able[donations], left.spare[donations]
        offers["receiver"], requests["own"] = left.receiver[donations], left.own[needs]
        requests["ceiling"], requests["short"], requests["fee"] = (
            left.ceiling[needs],
            left.short[needs],
            n.fee[j] * ratio,
        )
        if plain is not None:
            p, rates = plain.prices, np.full(len(i), ratio)
            offers["level"], offers["block"], offers["dual"] = (
                part[i] for part in (p.donation_level, p.donation_block, p.donation)
            )
            requests["level"], requests["block"], requests["dual"] = (
                p.need_level[j],
                p.need_block[j],
                p.need[j],
            )
            offers["odd"], offers["granule"] = is_odd(f, i, j[:1], rates), plain.granule[donations] * ratio
            requests["asked"] = plain.asked[needs]
        alike = "level", "quality", "group_mark", "block", "odd"
        offers["kind"], _ = classes(*(offers[name].astype(np.int64) for name in alike))
        order = np.argsort(offers["kind"], kind="stable")
        places, start = np.unique(n.community[j], return_index=True)
        groups = places, np.append(start, len(j)), np.minimum.reduceat(n.first[j], start)
        terms = np.zeros(1, dtype=bounding.TERMS)
        terms["lanes"], terms["longest"] = len(f.lanes.lead) > 0, 2 * f.lanes.lead.max(initial=0)
        terms["least_storage"] = f.hubs.storage.min() if len(f.hubs.names) else 0.0
        terms["ratio"], terms["fixed"] = ratio, (penalty + bought) * 10_000
        # Of a pair that passes here commitments may still say no.
        terms["proof"], terms["sure"] = plain is not None, left.sure and not self.commitments.any_bars
        return _ItemClasses(donations[order], needs, offers[order], requests, groups, terms)

    def _legs(self, donations: Ints, places: Ints) -> tuple[Any, ...]:
        """Return what `prune_pairs` is told of the legs of some donations."""
        f, d, i = self.f, self.f.donations, self.donations.stands[donations]
        _, first, home = np.unique(d.community[i], return_index=True, return_inverse=True)
        inside, transfer = (
            part[home] for part in rules.within_boundary(f, i[first][:, None], places[None, :])
        )
        marked = f.places_marked[d.place_mark[i]][:, places]
        refused = np.where(marked, np.where(inside, 0, bounding.BEYOND), bounding.EARMARKED)
        into = rules.into_hubs(f, i[:, None], np.arange(len(f.hubs.names))[None, :])
        handled = np.where(into.open, into.cost + f.hubs.handling, np.inf)
        service = d.service[i][:, None]
        if len(f.lanes.lead):
            legs = rules.direct_legs(f, i[:, None], places[None, :])
            near, lead = np.where(legs.open, np.where(service, legs.quoted, legs.cost), np.inf), legs.lead
        else:
            near = np.where(service, 0.0, bounding.least_distance(pick(d.spots, i), pick(f.spots, places)))
            near, lead = near * (f.lanes.rate * f.lanes.detour), np.zeros(near.shape, dtype=np.int64)
        near = near + np.where(service, 0.0, f.settings.rates.handling_direct) + transfer
        return near, lead, transfer, refused, handled, into.lead

    def reach(self) -> RulesPassed:
        """Return what was seen, for all needs and donations."""
        commitments = self.commitments
        if commitments.any_bars:
            self._check_barred_pairs()
        reached = []
        sizes = len(self.f.needs.ids), len(self.f.donations.ids)
        for one, passed, size in zip((self.needs, self.donations), self.passed, sizes, strict=True):
            steps = passed if commitments.any_bars else passed + (passed == _TIMELY)
            reached.append(one.spread(steps, 0, size).astype(np.int64))
        return RulesPassed(*reached)

    def _check_barred_pairs(self) -> None:
        """Count the last step: who gets through to somebody that commitments do not bar."""
        f, commitments = self.f, self.commitments
        stands = self.needs.stands, self.donations.stands
        marks, fits = commitments.marks(len(f.donations.ids)), list(self.fits().values())
        sole = bool((commitments.only[stands[0]] != FREE).any())
        for side, passed in enumerate(self.passed):
            # A donation that has no row of its own may yet fit nobody but needs that have their only one.
            known = (marks[1 - side][stands[side]] < 0) & (not side or not sole)
            passed[known & (passed == _TIMELY)] += 1
            for at in np.flatnonzero(passed == _TIMELY).tolist():
                for others in (fit[side] for fit in fits if at in fit[1 - side]):
                    pair = stands[side][[at]], stands[1 - side][others]
                    j, i = np.broadcast_arrays(*(pair if not side else pair[::-1]))
                    if (rules.admissible(f, i, j) & ~commitments.bars(i, j)).any():
                        passed[at] += 1
                        break


def _by_item(items: Ints) -> dict[int, Ints]:
    """Return the positions of each item."""
    if not items.size:
        return {}
    order = np.argsort(items, kind="stable")
    values, starts = np.unique(items[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))
