"""Bounding: all pairs of donations and needs of two items, and which of them are worth computing.

How far a pair gets by the steps of §2 is decided here, for that takes days and names only. What it costs is
not: a pair passes wherever its cost could matter, by a lower bound that is sure under any rounding. The needs
of a community are passed over together where a bound tells that nothing can come of them. It costs a few
operations for each donation and community, and for each pair of those that are not passed over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Bools, Floats, Ints
from matchopt.kernels import compiled
from matchopt.verifier.facts import EARTH_RADIUS_KM, Coordinates

Records = npt.NDArray[np.void]

WORTH, ABLE, SPARE, RIVALS = 1, 2, 4, 8
"""What is still asked of a need or donation for its reason: any partner; one that had a granule to give; one
with a granule left, or a need that lacks something; one that is used up and serves another need."""

_SURE = 1 - 1e-9
"""1 − `matchopt.tolerances.ROUNDING`: factor that makes a cost computed in floats a lower bound of itself."""

_HALF = 0.51
"""1/10 000: what rounding a unit cost takes off it at most, and some."""

EARMARKED, BEYOND = 2, 3
"""Steps that a pair has passed where the earmarks or the boundary refuse it."""

_FITS, _ASKS, _ROOMY, _SHORT, _RIVAL, _LOW = 1, 2, 4, 8, 16, 32
"""What the needs of a community that have the quality and group for donations of a kind are to these: there
are any; one asks something for its reason; one asks for what is left; one lacks something; one asks for what
others have. Times `_LOW`: how many steps that need has passed that has passed fewest, of those that may pass
more with this kind."""


def _record(ints: str, floats: str = "", bools: str = "") -> np.dtype[np.void]:
    fields = [(n, "i8") for n in ints.split()] + [(n, "f8") for n in floats.split()]
    return np.dtype(fields + [(n, "?") for n in bools.split()], align=True)


def records(dtype: np.dtype[np.void], rows: Ints, facts: object) -> Records:
    """Return records of some rows with what facts have of their fields, by name; 0 in all others."""
    made: Records = np.zeros(len(rows), dtype=dtype)
    for name in (name for name in dtype.names or () if hasattr(facts, name)):
        made[name] = getattr(facts, name)[rows]
    return made


DONATION = _record(
    "kind block level quality first last expires group_mark passed open receiver",
    "weight nearest dual granule",
    "odd able spare again",
)
"""A class of donations. Those of a kind stand together: they have one level, quality, group mark and block,
and are `odd` or not, their granules being no whole steps of the need.

`nearest` is the least cost of a kg into a hub that may take it, handled there; infinite without one.
`granule` counts units of the need; `receiver` is as in `PlanTotals`. The loop writes what step its pairs have
`passed`, what is still `open` of its reason, and whether pairs were held back to be looked at `again`.
"""

NEED = _record(
    "block level quality remaining group first last passed open tried own", "dual fee asked ceiling", "short"
)
"""A class of needs. `fee` is that of a donated unit, in currency, `dual` the price that is to be proven; at
`ceiling` a unit is rather left unmet; `own` is its need where that is the receiver of some donation, else -1.

The loop writes `passed` and `open`, and how many pairs were `tried` for its reason.
"""

TERMS = _record("longest often", "least_storage ratio fixed", "lanes proof sure")
"""What holds for all pairs of two items, and for the case.

`fixed` is penalty and purchase of a donated unit, `ratio` the units of the need that one serves, `longest`
the longest lead time through a hub. `lanes`: a hub may be out of reach, or far, where others are near.
`proof`: there are prices to hold against the pairs. `sure`: a need or donation has what is asked for its
reason once a pair is admissible; otherwise pairs have to be computed, `often` a need or donation at a time.
"""


@compiled
def prune_pairs(
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
        least = t.fixed * _SURE - _HALF - g.dual - 1e-9 * abs(g.dual)
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
                count, tries = _record_pairs(i, g, needs, here, t, fits, met, count, tries)
                _, urge[x] = _bar_and_urge(g, needs, start[x], start[x + 1], False, fits)
    return len(chosen), count


@compiled
def _limit(g: Any, n: Any, fits: Bools) -> int:
    """Tell how many steps of §2 a need may pass with a donation, wherever and whenever."""
    if g.quality < n.quality:
        return 1
    return 6 if fits[g.group_mark, n.group] else EARMARKED


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
            urge |= _RIVAL if n.open & RIVALS > 0 else 0
            if proof:
                if g.block > 0 or n.block > 0 or g.odd or g.level > n.level:
                    bar = np.inf
                elif g.level == n.level:
                    bar = max(bar, n.dual + 1e-9 * abs(n.dual) - 10_000 * n.fee * _SURE)
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
    if g.passed < 6 or g.open & WORTH > 0 or urge & _ASKS > 0 or (g.receiver != -1 and urge & _RIVAL > 0):
        return True
    return bool((g.spare and urge & _ROOMY > 0) or (g.open & SPARE > 0 and urge & _SHORT > 0))


@compiled
def _through(i: int, c: int, nearest: float, legs: Any, hubs: Any, lanes: bool) -> tuple[float, int]:
    """Return the least cost of a kg through a hub and lead time; without lanes, stop where none can win."""
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
def _record_pairs(
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
            cost = per * way + (t.fixed + 10_000 * n.fee) * _SURE - _HALF
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
    both = g.dual + n.dual + 1e-9 * (abs(g.dual) + abs(n.dual))
    return bool(g.level == n.level and both > cost)


@compiled
def _serves(g: Any, n: Any, cost: float, tries: int, t: Any) -> bool:
    """Tell whether an admissible pair may serve a reason; note it, or that it is held back for later."""
    offer = WORTH | (ABLE if g.able else 0) | (SPARE if g.spare else 0)
    offer |= RIVALS if g.receiver != -1 and g.receiver != n.own else 0
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


def least_distance(start: Coordinates, goal: Coordinates) -> Floats:
    """Return a lower bound of the distances in km, cheaper than themselves; 0 where a place is not known."""

    def vectors(s: Coordinates) -> Floats:
        north, east = np.radians(s.latitude), np.radians(s.longitude)
        where = np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)
        return np.asarray(np.nan_to_num(np.stack(where)), dtype=np.float64)

    # The square of half the chord on a unit sphere, and the arc over it: the arcsine's first terms.
    half = np.maximum((1 - vectors(start).T @ vectors(goal)) / 2 - 1e-15, 0.0)
    arc = np.sqrt(half) * (1 + half * (1 / 6 + 3 / 40 * half))
    apart = (start.name[:, None] != goal.name) | (start.name[:, None] < 0)
    known = ~np.isnan(start.latitude + start.longitude)[:, None] & ~np.isnan(goal.latitude + goal.longitude)
    return np.asarray(np.where(apart & known, arc * (2 * EARTH_RADIUS_KM * _SURE), 0.0))
