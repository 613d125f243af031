"""Every pair of a donation and a need, seen once: which are admissible, and which are worth computing.

Rows that no rule and no price can tell apart are one class, and pairs of classes are looked at. A compiled
loop goes through the donations and, community by community, through the needs of each two items that fit.
How far a pair gets by the steps of §2 is decided there, for that takes days and names only. What it costs
is not: a pair passes wherever its cost could matter, by a lower bound that is sure under any rounding; it
is then computed exactly and shown to whoever watches. The needs of a community are passed over together
where a bound tells that nothing can come of them. Donations come by in pieces, so that memory stays small
however large the case.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Bools, Floats, Ints
from matchopt.kernels import compiled
from matchopt.tolerances import ROUNDING
from matchopt.verifier.commitments import FREE, CommitmentFacts
from matchopt.verifier.facts import EARTH_RADIUS_KM, Facts, Spots, classes, pick
from matchopt.verifier.prices import Prices
from matchopt.verifier.rules import (
    STEPS,
    PairFacts,
    admissible,
    best_routes,
    direct_legs,
    into_hubs,
    substituted,
    within_boundary,
)
from matchopt.verifier.sums import Tally
from matchopt.verifier.violation import Violations

if TYPE_CHECKING:
    from matchopt.verifier.proof import Columns, PlainProof
    from matchopt.verifier.reasons import Reasons

Records = npt.NDArray[np.void]
Fit = tuple[Ints, Ints]
"""Classes of donations and needs whose items fit each other."""

DONATIONS_A_PIECE = 2**9
PAIRS_A_PIECE = 2**16
TRIES = 2**3
"""Pairs of a need or donation that are computed for a reason before more are asked for."""

_TIMELY = len(STEPS) - 1
"""Steps of §2 that the loop decides: all but what commitments bar."""

WORTH, ABLE, SPARE = 1, 2, 4
"""What is still asked of a need or donation for its reason: any partner; one that had a granule to give; one
with a granule left, or a need that lacks something."""

_SURE = 1 - ROUNDING
"""Factor that makes a cost computed in floats a lower bound of itself."""

_HALF = 0.51
"""1/10 000: what rounding a unit cost takes off it at most, and some."""

_EARMARKED, _BEYOND = 2, 3
"""Steps that a pair has passed where the earmarks or the boundary refuse it."""

_FITS, _ASKS, _ROOMY, _SHORT, _LOW = 1, 2, 4, 8, 16
"""What the needs of a community that have the quality and group for donations of a kind are to these: there are
any; one asks something for its reason; one asks for what is left; one lacks something. Times `_LOW`: how
many steps that need has passed that has passed fewest, of those that may pass more with this kind."""


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

    def spread(self, values: Floats, otherwise: float, size: int) -> Floats:
        """Return the values of classes for all of `size` rows."""
        spread = np.full(size, otherwise)
        spread[self.members] = values[self.of]
        return spread


def row_classes(
    f: Facts, commitments: CommitmentFacts, tally: Tally, prices: Prices | None
) -> tuple[RowClasses, RowClasses]:
    """Return the classes of the donations that may be planned and of the needs that take part."""
    d, n, fit = f.donations, f.needs, f.affinities
    marks = commitments.marks(len(d.ids))
    of_donations = [*d.spots, d.item, d.community, d.first, d.last, d.expires, d.quality, d.place_mark]
    of_donations += [
        d.group_mark,
        (d.whole > 0).astype(np.int64),
        np.where(tally.spare, d.granule, 0),
        marks[0],
    ]
    of_needs = [n.item, n.community, n.group, n.first, n.last, n.remaining, n.quality, n.fee]
    of_needs += [tally.short.astype(np.int64), marks[1]]
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


def _classes(members: Ints, price: Ints, columns: list[Any]) -> RowClasses:
    if not members.size:
        return RowClasses(members, members, members)
    of, count = classes(*(column[members] for column in columns))
    order = np.argsort(price[members], kind="stable")
    stands = np.empty(count, dtype=np.int64)
    stands[of[order]] = members[order]
    return RowClasses(members, of, stands)


class Met(NamedTuple):
    """Admissible pairs of classes, the rows that stand for them, and the unit cost of the cheapest route."""

    donation: Ints
    need: Ints
    pairs: PairFacts
    cost: Ints


class Watcher(Protocol):
    """Somebody who looks at all admissible pairs of classes, as they come by."""

    def note(self, met: Met) -> None:
        """Look at some of them."""


class Reach(NamedTuple):
    """Steps of §2 that some pair of each need and donation has passed; 0 for those that take no part."""

    needs: Ints
    donations: Ints


def is_odd(f: Facts, i: Ints, j: Ints, ratio: Floats) -> Bools:
    """Tell whether donations do not come in whole steps of needs."""
    granule = f.donations.granule[i] * np.rint(f.donations.grain[i] * 10**6)
    step = f.needs.step[j] * np.rint(f.needs.grain[j] * 10**6)
    return np.asarray((ratio != 1) | (np.fmod(granule, step) != 0), dtype=np.bool_)


def _record(ints: str, floats: str = "", bools: str = "") -> np.dtype[np.void]:
    fields = [(n, "i8") for n in ints.split()] + [(n, "f8") for n in floats.split()]
    return np.dtype(fields + [(n, "?") for n in bools.split()], align=True)


def _records(dtype: np.dtype[np.void], size: int, **columns: Any) -> Records:
    made: Records = np.zeros(size, dtype=dtype)
    for name, column in columns.items():
        made[name] = column
    return made


DONATION = _record(
    "kind block level quality first last expires group_mark passed open",
    "weight nearest price granule",
    "odd able spare again",
)
"""A class of donations. Those of a kind stand together: they have one level, quality, group mark and block, and
are `odd` or not, their granules being no whole steps of the need.

`nearest` is the least cost of a kg into a hub that may take it, handled there; infinite without one. `granule`
counts units of the need. The loop writes what step its pairs have `passed`, what is still `open` of its reason,
and whether pairs were held back to be looked at `again`.
"""

NEED = _record(
    "block level quality remaining group first last passed open tried", "price fee asked ceiling", "short"
)
"""A class of needs. `fee` is that of a donated unit; at `ceiling` a unit is rather left unmet.

The loop writes `passed` and `open`, and how many pairs were `tried` for its reason.
"""

TERMS = _record("longest often", "least_storage ratio fixed", "lanes proof sure")
"""What holds for all pairs of two items, and for the case.

`fixed` is penalty and purchase of a donated unit, `ratio` the units of the need that one serves, `longest` the
longest lead time through a hub. `lanes`: a hub may be out of reach, or far, where others are near. `proof`: there
are prices to hold against the pairs. `sure`: a need or donation has what is asked for its reason once a pair is
admissible; otherwise pairs have to be computed, `often` a need or donation at a time.
"""


@compiled
def screen(
    donations: Records, needs: Records, ways: Any, terms: Records, fits: Bools, chosen: Ints, met: Ints
) -> tuple[int, int]:
    """Look at all pairs of the donations `chosen`; put those that pass into `met`.

    Parameters
    ----------
    ways
        Three tuples. Communities of the needs; where those of each begin; their first day of delivery.
        Donation × community: lower bound of what a kg costs directly, transfer included, and lead time;
        transfer cost; step that refuses (0: none). Donation × hub: cost of a kg, handled, and lead time.
        Community × hub, in the order of what a kg costs: hub, cost (infinite without a leg), lead time.
    fits
        Earmark × group: admitted.

    Returns
    -------
    tuple of int
        How many of the donations were looked at, the next one's pairs having no room; how many pairs passed.
    """
    groups, legs, hubs = ways
    community, start, soonest = groups
    near, lead, transfer, refused, _, _ = legs
    t, kind, count = terms[0], -1, 0
    bar, urge = np.empty(len(community)), np.empty(len(community), np.int64)
    for k in range(len(chosen)):
        i = chosen[k]
        g = donations[i]
        if count + len(needs) > met.shape[1]:
            return k, count
        if g.kind != kind:
            kind = g.kind
            for x in range(len(community)):
                bar[x], urge[x] = _bar_and_urge(g, needs, start[x], start[x + 1], t.proof, fits)
        per, tries = 10_000 * g.weight * _SURE, 0
        least = t.fixed * _SURE - _HALF - g.price - 1e-9 * abs(g.price)
        for x in range(len(community)):
            limit = refused[i, x] if refused[i, x] > 0 else 6
            asked, dear, by_hub, hub_lead = _asked(g, urge[x], limit), False, np.inf, 0
            if limit == 6:
                stay = max(soonest[x] - g.last - t.longest, 0) * t.least_storage
                first = hubs[1][community[x], 0] + g.nearest + transfer[i, x] if hubs[1].shape[1] else np.inf
                dear = bar[x] > per * min(near[i, x], first + stay) + least
                if asked or dear:
                    by_hub, hub_lead = _through(i, community[x], g.nearest, legs, hubs, t.lanes)
                    by_hub += transfer[i, x]
                    dear = bar[x] > per * min(near[i, x], by_hub + stay) + least
            if asked or dear:
                here = start[x], start[x + 1], near[i, x], lead[i, x], by_hub, hub_lead, limit
                count, tries = _meet(i, g, needs, here, t, fits, met, count, tries)
                _, urge[x] = _bar_and_urge(g, needs, start[x], start[x + 1], False, fits)
    return len(chosen), count


@compiled
def _limit(g: Any, n: Any, fits: Bools) -> int:
    """Tell how many steps of §2 a need may pass with a donation, wherever and whenever."""
    if g.quality < n.quality:
        return 1
    return 6 if fits[g.group_mark, n.group] else _EARMARKED


@compiled
def _bar_and_urge(
    g: Any, needs: Records, start: int, stop: int, proof: bool, fits: Bools
) -> tuple[float, int]:
    """Find why to look at the needs of a community for donations of a kind, and what to pass them with.

    The bar is what a pair costs at most, less the price of the donation, for it to matter to the proof;
    infinite where pairs are to be computed whatever they cost.
    """
    bar, low, urge = -np.inf, 9, 0
    for j in range(start, stop):
        n = needs[j]
        limit = _limit(g, n, fits)
        if n.passed < limit:
            low = min(low, n.passed)
        if limit == 6:
            urge |= _FITS | (_ASKS if n.open & (WORTH | ABLE) > 0 else 0)
            urge |= (_ROOMY if n.open & SPARE > 0 else 0) | (_SHORT if n.short else 0)
            if proof:
                if g.block > 0 or n.block > 0 or g.odd or g.level > n.level:
                    bar = np.inf
                elif g.level == n.level:
                    bar = max(bar, n.price + 1e-9 * abs(n.price) - n.fee * _SURE)
    return bar, low * _LOW + urge


@compiled
def _asked(g: Any, urge: int, limit: int) -> bool:
    """Tell whether pairs that pass `limit` steps at most say how far they get, or serve a reason."""
    if urge < limit * _LOW or g.passed < min(limit, 2):
        return True
    if urge & _FITS == 0:
        return False
    if limit < 6:
        return bool(g.passed < limit)
    if g.passed < 6 or g.open & WORTH > 0 or urge & _ASKS > 0:
        return True
    return bool((g.spare and urge & _ROOMY > 0) or (g.open & SPARE > 0 and urge & _SHORT > 0))


@compiled
def _through(i: int, c: int, nearest: float, legs: Any, hubs: Any, lanes: bool) -> tuple[float, int]:
    """Return the least cost of a kg through a hub and the least lead time; without lanes, stop where none can win."""
    _, _, _, _, into, into_lead = legs
    order, outs, out_lead = hubs
    least, lead = np.inf, 2**40
    for k in range(outs.shape[1]):
        out = outs[c, k]
        if out == np.inf or (not lanes and out + nearest >= least):
            break
        h = order[c, k]
        if into[i, h] < np.inf:
            least = min(least, into[i, h] + out)
            lead = min(lead, into_lead[i, h] + out_lead[c, k])
    return least, lead


@compiled
def _meet(
    i: int, g: Any, needs: Records, here: Any, t: Any, fits: Bools, met: Ints, count: int, tries: int
) -> tuple[int, int]:
    """Look at all pairs of donation `i` and the needs of a community."""
    start, stop, near, lead, through, hub_lead, most = here
    per = 10_000 * g.weight * _SURE
    for j in range(start, stop):
        n = needs[j]
        passed, way = min(_limit(g, n, fits), most), np.inf
        if passed == 6:
            due = min(n.last, g.expires - n.remaining)
            if near < np.inf and max(n.first, g.first + lead) <= min(due, g.last + lead):
                way = near
            if through < np.inf and g.first <= g.last and max(n.first, g.first + hub_lead) <= due:
                way = min(way, through + max(n.first - g.last - t.longest, 0) * t.least_storage)
            if way == np.inf:
                passed = 5 if near < np.inf or through < np.inf else 4
        g.passed, n.passed = max(g.passed, passed), max(n.passed, passed)
        if passed == 6:
            cost = per * way + (t.fixed + n.fee) * _SURE - _HALF
            serves = _serves(g, n, cost, tries, t)
            tries += serves
            if serves or (t.proof and _weighs(g, n, cost)):
                met[0, count], met[1, count] = i, j
                count += 1
    return count, tries


@compiled
def _weighs(g: Any, n: Any, cost: float) -> bool:
    """Tell whether the prices of an admissible pair may say something of the proof, `cost` being a bound."""
    if g.block == n.block and g.block > 0:
        return bool(g.able)
    if g.granule > n.asked * (1 + 1e-9):
        return False
    if g.block != n.block or g.odd or g.level > n.level:
        return True
    both = g.price + n.price + 1e-9 * (abs(g.price) + abs(n.price))
    return bool(g.level == n.level and both > cost)


@compiled
def _serves(g: Any, n: Any, cost: float, tries: int, t: Any) -> bool:
    """Tell whether an admissible pair may serve a reason; note it, or that it is held back for later."""
    offer = WORTH | (ABLE if g.able else 0) | (SPARE if g.spare else 0)
    ask = WORTH | (SPARE if n.short else 0)
    if (n.open & offer) | (g.open & ask) == 0 or cost / t.ratio >= n.ceiling:
        return False
    if t.sure:
        n.open &= ~offer
        g.open &= ~ask
        return True
    if (n.open & offer > 0 and n.tried < t.often) or (g.open & ask > 0 and tries < t.often):
        n.tried += 1
        return True
    g.again = True
    return False


class _Pool(NamedTuple):
    """Classes of two items: the donations, those of a kind together, and the needs, community by community."""

    donations: Ints
    needs: Ints
    givers: Records
    takers: Records
    groups: tuple[Ints, Ints, Ints]
    terms: Records


def sweep(
    f: Facts,
    commitments: CommitmentFacts,
    classes_of: tuple[RowClasses, RowClasses],
    reasons: Reasons,
    plain: PlainProof | None = None,
    columns: Columns | None = None,
) -> Reach:
    """Look at every pair, and show those that may matter to the watchers.

    Items that fit none of each other's classes are looked at side by side: nobody watches the same rows twice.
    """
    sweeper = _Sweeper(f, commitments, classes_of, reasons, plain, columns)
    apart = apart_from_each_other(sweeper.fits())
    found = [Violations() for _ in apart]
    by_size = sorted(range(len(apart)), key=lambda k: -sum(len(i) * len(j) for i, j in apart[k]))
    if len(apart) == 1:
        sweeper.meet_all(apart[0], found[0])
    else:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda k: sweeper.meet_all(apart[k], found[k]), by_size))
    for part in found if plain is not None else ():
        plain.found.extend(part)
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


class _Sweeper:
    def __init__(
        self,
        f: Facts,
        commitments: CommitmentFacts,
        classes_of: tuple[RowClasses, RowClasses],
        reasons: Reasons,
        plain: PlainProof | None,
        columns: Columns | None,
    ) -> None:
        self.f, self.commitments, self.reasons = f, commitments, reasons
        self.donations, self.needs = classes_of
        self.plain, self.columns = plain, columns
        self.passed = np.zeros(self.needs.size, dtype=np.int64), np.zeros(self.donations.size, dtype=np.int64)
        cost = np.where(f.outbound.open, f.outbound.cost, np.inf).T
        order = np.argsort(cost, axis=1, kind="stable")
        self.hubs = order, *(np.take_along_axis(part, order, axis=1) for part in (cost, f.outbound.lead.T))

    def fits(self) -> dict[tuple[int, int], Fit]:
        """Return the classes whose items fit each other, by item asked and given."""
        f, subs = self.f, self.f.substitutions.index
        donations = _by_item(f.donations.item[self.donations.stands])
        needs = _by_item(f.needs.item[self.needs.stands])
        fits = {(item, item) for item in needs}
        fits.update(zip(subs.first.tolist(), subs.second.tolist(), strict=True))
        money = [item for item in donations if f.item_funds[item]]
        bought = [item for item in needs if not f.item_funds[item] and not np.isnan(f.buyable[item])]
        fits.update((a, b) for a in bought for b in money)
        return {(a, b): (donations[b], needs[a]) for a, b in sorted(fits) if a in needs and b in donations}

    def meet_all(self, fits: list[Fit], found: Violations) -> None:
        """Look at all pairs of classes that nobody else looks at; what is wrong goes into `found`."""
        plain = None if self.plain is None else self.plain.reporting_to(found)
        watchers: list[Watcher] = [w for w in (self.reasons, plain, self.columns) if w is not None]
        for donations, needs in fits:
            pool = self._pool(donations, needs)
            pool.takers["passed"] = self.passed[0][pool.needs]
            pool.givers["passed"] = self.passed[1][pool.donations]
            for start in range(0, len(donations), DONATIONS_A_PIECE):
                self._screen(pool, slice(start, start + DONATIONS_A_PIECE), watchers)
            self.passed[0][pool.needs] = pool.takers["passed"]
            self.passed[1][pool.donations] = pool.givers["passed"]

    def _screen(self, pool: _Pool, piece: slice, watchers: list[Watcher]) -> None:
        """Look at the pairs of some donations; those held back once more, as long as there are any."""
        donations, givers, terms = pool.donations[piece], pool.givers[piece], pool.terms.copy()
        legs, chosen = self._legs(donations, pool.groups[0]), np.arange(len(donations))
        givers["nearest"], terms["often"] = legs[4].min(axis=1, initial=np.inf), TRIES
        met = np.empty((2, PAIRS_A_PIECE + len(pool.needs)), dtype=np.int64)
        while len(chosen):
            givers["again"], done = False, 0
            while done < len(chosen):
                pool.takers["open"], pool.takers["tried"] = self.reasons.asked_of_needs(pool.needs), 0
                givers["open"] = self.reasons.asked_of_donations(donations)
                ways, rest = (pool.groups, legs, self.hubs), chosen[done:]
                seen, count = screen(givers, pool.takers, ways, terms, self.f.groups_marked, rest, met)
                done += seen
                self._compute(donations[met[0, :count]], pool.needs[met[1, :count]], watchers)
            chosen = np.flatnonzero(givers["again"])
            # Whatever else there is to their pairs was shown at once.
            terms["often"], terms["proof"], watchers = terms["often"] * TRIES, False, [self.reasons]

    def _compute(self, donations: Ints, needs: Ints, watchers: list[Watcher]) -> None:
        """Compute pairs exactly, in the order of the classes, and show them."""
        order = np.lexsort((needs, donations))
        donations, needs = donations[order], needs[order]
        if self.commitments.any_bars:
            free = ~self.commitments.bars(self.donations.stands[donations], self.needs.stands[needs])
            donations, needs = donations[free], needs[free]
        if len(donations):
            pairs = PairFacts.of(self.f, self.donations.stands[donations], self.needs.stands[needs])
            met = Met(donations, needs, pairs, best_routes(self.f, pairs).cost)
            for watcher in watchers:
                watcher.note(met)

    def _pool(self, donations: Ints, needs: Ints) -> _Pool:
        """Put classes of two items together."""
        f, d, n, left, plain = self.f, self.f.donations, self.f.needs, self.reasons, self.plain
        community = n.community[self.needs.stands[needs]]
        needs = needs[np.argsort(community, kind="stable")]
        i, j = self.donations.stands[donations], self.needs.stands[needs]
        _, ratio, penalty, bought = (float(part[0]) for part in substituted(f, i[:1], j[:1]))
        level, block, odd = np.zeros((3, len(i)), dtype=np.int64)
        if plain is not None:
            odd = is_odd(f, i, j[:1], np.full(len(i), ratio)).astype(np.int64)
            level, block = plain.prices.donation_level[i], plain.prices.donation_block[i]
        kind, _ = classes(level, d.quality[i], d.group_mark[i], block, odd)
        order = np.argsort(kind, kind="stable")
        donations, i = donations[order], i[order]
        givers = _records(
            DONATION,
            len(i),
            kind=kind[order],
            quality=d.quality[i],
            first=d.first[i],
            last=d.last[i],
            expires=d.expires[i],
            group_mark=d.group_mark[i] % len(f.groups_marked),
            weight=d.weight[i],
            odd=odd[order],
            able=left.able[donations],
            spare=left.spare[donations],
        )
        takers = _records(
            NEED,
            len(j),
            quality=n.quality[j],
            remaining=n.remaining[j],
            first=n.first[j],
            last=n.last[j],
            fee=n.fee[j] * ratio * 10_000,
            group=n.group[j] % f.groups_marked.shape[1],
            ceiling=left.ceiling[needs],
            short=left.short[needs],
        )
        if plain is not None:
            p = plain.prices
            givers["level"], givers["block"], givers["price"] = level[order], block[order], p.donation[i]
            givers["granule"] = plain.granule[donations] * ratio
            takers["level"], takers["block"], takers["price"] = p.need_level[j], p.need_block[j], p.need[j]
            takers["asked"] = plain.asked[needs]
        places, start = np.unique(n.community[j], return_index=True)
        groups = places, np.append(start, len(j)), np.minimum.reduceat(n.first[j], start)
        roads = {"lanes": len(f.lanes.lead) > 0, "longest": 2 * int(f.lanes.lead.max(initial=0))}
        storage = f.hubs.storage.min() if len(f.hubs.names) else 0.0
        fixed = (penalty + bought) * 10_000
        proof, sure = plain is not None, left.sure
        terms = _records(
            TERMS, 1, **roads, least_storage=storage, ratio=ratio, fixed=fixed, proof=proof, sure=sure
        )
        return _Pool(donations, needs, givers, takers, groups, terms)

    def _legs(self, donations: Ints, places: Ints) -> tuple[Ints | Floats, ...]:
        """Return what `screen` is told of the legs of some donations."""
        f, d, i = self.f, self.f.donations, self.donations.stands[donations]
        _, first, home = np.unique(d.community[i], return_index=True, return_inverse=True)
        inside, transfer = (part[home] for part in within_boundary(f, i[first][:, None], places[None, :]))
        marked = f.places_marked[d.place_mark[i]][:, places]
        refused = np.where(marked, np.where(inside, 0, _BEYOND), _EARMARKED)
        into = into_hubs(f, i[:, None], np.arange(len(f.hubs.names))[None, :])
        handled = np.where(into.open, into.cost + f.hubs.handling, np.inf)
        service = d.service[i][:, None]
        if len(f.lanes.lead):
            legs = direct_legs(f, i[:, None], places[None, :])
            near, lead = np.where(legs.open, np.where(service, legs.quoted, legs.cost), np.inf), legs.lead
        else:
            near = np.where(service, 0.0, _least_distance(pick(d.spots, i), pick(f.spots, places)))
            near, lead = near * (f.lanes.rate * f.lanes.detour), np.zeros(near.shape, dtype=np.int64)
        near = near + np.where(service, 0.0, f.settings.rates.handling_direct) + transfer
        return near, lead, transfer, refused, handled, into.lead

    def reach(self) -> Reach:
        """Return what was seen, for all needs and donations."""
        commitments = self.commitments
        if commitments.any_bars:
            self._look_behind_bars()
        sizes = len(self.f.needs.ids), len(self.f.donations.ids)
        both = zip((self.needs, self.donations), self.passed, sizes, strict=True)
        return Reach(
            *(
                one.spread(passed + (passed == _TIMELY) * (not commitments.any_bars), 0, size).astype(
                    np.int64
                )
                for one, passed, size in both
            )
        )

    def _look_behind_bars(self) -> None:
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
                    if (admissible(f, i, j) & ~commitments.bars(i, j)).any():
                        passed[at] += 1
                        break


def _least_distance(start: Spots, goal: Spots) -> Floats:
    """Return a lower bound of the distances in km, cheaper than themselves; 0 where a place is not known."""

    def vectors(s: Spots) -> Floats:
        north, east = np.radians(s.latitude), np.radians(s.longitude)
        return np.nan_to_num([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])

    # The square of half the chord on a unit sphere, and the arc over it: the arcsine's first terms.
    half = np.maximum((1 - vectors(start).T @ vectors(goal)) / 2 - 1e-15, 0.0)
    arc = np.sqrt(half) * (1 + half * (1 / 6 + 3 / 40 * half))
    apart = (start.name[:, None] != goal.name) | (start.name[:, None] < 0)
    known = ~np.isnan(start.latitude + start.longitude)[:, None] & ~np.isnan(goal.latitude + goal.longitude)
    return np.where(apart & known, arc * (2 * EARTH_RADIUS_KM * _SURE), 0.0)


def _by_item(items: Ints) -> dict[int, Ints]:
    """Return the positions of each item."""
    if not items.size:
        return {}
    order = np.argsort(items, kind="stable")
    values, starts = np.unique(items[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))
