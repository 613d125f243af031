"""The screen: all pairs of donations and needs of two items, and which of them are worth reckoning.

Every pair is looked at or is in a group of needs (one community, one window) of which a bound tells that
nothing can come of it. How far a pair gets by the steps of §2 is decided here, for that takes days and
names only. What it costs is not: a pair passes the screen wherever its cost could matter, by a lower
bound that is sure under any rounding, and is reckoned exactly behind it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from matchopt.kernels import compiled
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.pools import Groups, Hubs, Records, Rules, Ways

SURE = 1 - 1e-9
"""Factor that makes a cost reckoned in floats a lower bound of itself."""

HALF = 0.51
"""1/10 000: what rounding a unit cost takes off it at most, and some."""

WORTH, ABLE, SPARE = 1, 2, 4
"""What is still asked of a need or donation for its reason: any partner; one that had a granule to give; one
with a granule left, or a need that lacks something."""

EARMARKED, BEYOND = 2, 3
"""Steps that a pair has passed where the earmarks or the boundary refuse the community."""

_FITS, _ASKS, _ROOMY, _SHORT, _LOW = 1, 2, 4, 8, 16
"""What a group is to donations of a kind, of its needs that have the quality and group for them: there are
any; one asks something for its reason; one asks for what is left; one lacks something. Times `_LOW`: how
many steps that need has passed that has passed fewest, of those that may pass more with this kind."""


@compiled
def screen(
    givers: Records, takers: Records, groups: Groups, goals: Records, hubs: Hubs, ways: Ways, terms: Records,
    rules: Rules, row: Records, chosen: Ints, gift: Ints, need: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Look at all pairs of the donations `chosen`; put those that pass into `gift` and `need`.

    `row` is room for what one donation has to do with each place.

    Returns
    -------
    tuple of int
        How many of the donations were looked at, the next one's pairs having no room; how many pairs passed.
    """
    t, place, windows = terms[0], groups[1], groups[3]
    bar, urge = np.empty(len(place)), np.empty(len(place), np.int64)
    low, kind, met = np.empty(len(windows), np.int64), -1, 0
    for k in range(len(chosen)):
        i = chosen[k]
        g = givers[i]
        if met + len(takers) > len(gift):
            return k, met
        if g.kind != kind:
            kind = g.kind
            _raise_bars(g, takers, groups, t, rules[1], bar, urge, low)
        _lay_out(i, g, groups[0], goals, ways, t, rules, row)
        met = _visit(i, g, takers, groups, hubs, ways, t, rules, row, bar, urge, low, gift, need, met)
    return len(chosen), met


@compiled
def _raise_bars(
    g: Any, takers: Records, groups: Groups, t: Any, fits: Bools, bar: Floats, urge: Ints, low: Ints
) -> None:
    """Find what groups are to donations of a kind: why to look into one, and what to pass it with.

    The bar is what a pair costs at most, less the price of the donation, for it to matter; infinite where
    pairs are to be reckoned whatever they cost. `low` is the least of `urge` in a window.
    """
    _, _, start, windows = groups
    for v in range(len(windows) - 1):
        low[v] = 9 * _LOW
        for x in range(windows[v].start, windows[v + 1].start):
            bar[x] = -np.inf
            urge[x] = _urge(g, takers, fits, start[x], start[x + 1])
            low[v] = min(low[v], urge[x])
            for j in range(start[x], start[x + 1]):
                if t.proof and _limit(g, takers[j], fits) == 6:
                    bar[x] = max(bar[x], _bar(g, takers[j]))


@compiled
def _limit(g: Any, n: Any, fits: Bools) -> int:
    """Tell how many steps of §2 a need may pass with a donation, wherever and whenever."""
    if g.quality < n.quality:
        return 1
    return 6 if fits[g.group_mark, n.group] else EARMARKED


@compiled
def _bar(g: Any, n: Any) -> float:
    """Return the bar of one need."""
    if g.block > 0 or n.block > 0 or g.odd or g.level > n.level:
        return np.inf
    return n.price + 1e-9 * abs(n.price) - n.fee * SURE if g.level == n.level else -np.inf


@compiled
def _urge(g: Any, takers: Records, fits: Bools, start: int, stop: int) -> int:
    """Tell what a group is to donations of a kind."""
    low, urge = 9, 0
    for j in range(start, stop):
        n = takers[j]
        limit = _limit(g, n, fits)
        if n.passed < limit:
            low = min(low, n.passed)
        if limit == 6:
            urge |= _FITS | (_ASKS if n.open & (WORTH | ABLE) > 0 else 0)
            urge |= (_ROOMY if n.open & SPARE > 0 else 0) | (_SHORT if n.short else 0)
    return low * _LOW + urge


@compiled
def _lay_out(
    i: int, g: Any, community: Ints, goals: Records, ways: Ways, t: Any, rules: Rules, row: Records
) -> None:
    """Fill the row of donation `i`."""
    marked, _, inside, transfer = rules
    for q in range(len(community)):
        c, r = community[q], row[q]
        goal = goals[c]
        r.refused = EARMARKED if not marked[g.place_mark, c] else 0 if inside[g.home, c] else BEYOND
        r.known = r.refused > 0
        if r.known:
            r.near = r.through = np.inf
            continue
        crow = 0.0
        if t.lanes:
            crow = ways[2][i, q]
            r.lead = ways[3][i, q]
        elif g.name < 0 or g.name != goal.name:
            crow = _arc(g.x - goal.x, g.y - goal.y, g.z - goal.z) * t.per_diameter
        hub = g.nearest + goal.nearest
        if g.straight:
            hub = max(hub, crow + t.least_handling)
        r.near = (0.0 if g.light and not t.lanes else crow) + g.handling + transfer[g.home, c]
        r.through = hub + transfer[g.home, c]


@compiled
def _arc(x: float, y: float, z: float) -> float:
    """Return the arc over a chord of the unit sphere in diameters, or a little less; 0 for NaN."""
    half = np.sqrt(x * x + y * y + z * z) / 2
    way = half * (1 + half * half * (1 / 6 + 3 / 40 * half * half)) * SURE - 1e-13
    return way if way > 0 else 0.0


@compiled
def _ask_hubs(i: int, g: Any, c: int, r: Any, hubs: Hubs, ways: Ways, t: Any, transfer: Floats) -> None:
    """Find the cheapest way through any hub; without lanes, stop where no hub further on can win."""
    handling, order, outs, leads = hubs
    into, into_lead, _, _ = ways
    least, lead = np.inf, 2**40
    for k in range(outs.shape[1]):
        out = outs[c, k]
        if out == np.inf or (not t.lanes and out + g.nearest >= least):
            break
        h = order[c, k]
        if into[i, h] < np.inf:
            least = min(least, into[i, h] + out + handling[h])
            lead = min(lead, into_lead[i, h] + leads[c, k])
    r.through = least + transfer[g.home, c]
    r.hub_lead = lead if t.lanes else 0
    r.known = True


@compiled
def _visit(
    i: int, g: Any, takers: Records, groups: Groups, hubs: Hubs, ways: Ways, t: Any, rules: Rules,
    row: Records, bar: Floats, urge: Ints, low: Ints, gift: Ints, need: Ints, met: int,
) -> int:  # fmt: skip
    """Look at all groups, and into those of which a pair may matter."""
    community, place, start, windows = groups
    per, tries = 10_000 * g.weight * SURE, 0
    least = t.fixed * SURE - HALF - g.price - 1e-9 * abs(g.price)
    for v in range(len(windows) - 1):
        w = windows[v]
        due = min(w.last, g.expires - w.remaining)
        soon = max(w.first, g.first)
        direct = soon <= min(due, g.last)
        through = g.nearest < np.inf and g.first <= g.last and soon <= due
        stay = max(w.first - g.last - t.longest, 0) * t.least_storage
        if not (direct or through or t.lanes) and g.passed >= 5 and low[v] >= 5 * _LOW:
            continue
        for x in range(w.start, windows[v + 1].start):
            r = row[place[x]]
            if t.lanes:
                direct = max(w.first, g.first + r.lead) <= min(due, g.last + r.lead)
            way = r.near if direct else np.inf
            if through:
                way = min(way, r.through + stay)
            look = bar[x] > per * way + least
            if look and through and not r.known:
                _ask_hubs(i, g, community[place[x]], r, hubs, ways, t, rules[3])
                look = bar[x] > per * min(r.near if direct else np.inf, r.through + stay) + least
            limit = r.refused if r.refused > 0 else 6 if direct or through else 5
            if look or _asked(g, urge[x], limit):
                met, tries = _meet(
                    i, g, x, w, takers, groups, hubs, ways, t, rules, r, gift, need, met, tries
                )
                urge[x] = _urge(g, takers, rules[1], start[x], start[x + 1])
    return met


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
def _meet(
    i: int, g: Any, x: int, w: Any, takers: Records, groups: Groups, hubs: Hubs, ways: Ways, t: Any,
    rules: Rules, r: Any, gift: Ints, need: Ints, met: int, tries: int,
) -> tuple[int, int]:  # fmt: skip
    """Look at all pairs of donation `i` and a group of needs."""
    community, place, start, _ = groups
    c = community[place[x]]
    if t.lanes and not r.known:
        _ask_hubs(i, g, c, r, hubs, ways, t, rules[3])
    per = 10_000 * g.weight * SURE
    stay = max(w.first - g.last - t.longest, 0) * t.least_storage
    for j in range(start[x], start[x + 1]):
        n = takers[j]
        due = min(w.last, g.expires - n.remaining)
        direct = r.near < np.inf and max(w.first, g.first + r.lead) <= min(due, g.last + r.lead)
        through = g.nearest < np.inf and r.through < np.inf and g.first <= g.last
        through = through and max(w.first, g.first + r.hub_lead) <= due
        passed = _passed(g, n, r, rules[1], direct or through)
        g.passed, n.passed = max(g.passed, passed), max(n.passed, passed)
        if passed < 6:
            continue
        if through and not r.known:
            _ask_hubs(i, g, c, r, hubs, ways, t, rules[3])
        way = min(r.near if direct else np.inf, r.through + stay if through else np.inf)
        cost = per * way + (t.fixed + n.fee) * SURE - HALF
        serves = _serves(g, n, cost, tries, t)
        tries += serves
        if serves or (t.proof and _weighs(g, n, cost)):
            gift[met], need[met] = i, j
            met += 1
    return met, tries


@compiled
def _passed(g: Any, n: Any, r: Any, fits: Bools, timely: bool) -> int:
    """Tell how many steps of §2 a pair passes."""
    limit = _limit(g, n, fits)
    if limit < 6 or r.refused > 0:
        return min(limit, r.refused) if r.refused > 0 else limit
    if timely:
        return 6
    return 5 if r.near < np.inf or r.through < np.inf else 4


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
