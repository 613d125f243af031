"""The screen: all pairs of donations and needs of two items, and which of them are worth reckoning.

Every pair is looked at or is in a group of needs (one community, one window) of which a bound tells that
nothing can come of it. How far a pair gets by the steps of §2 is decided here, for that takes days and
names only. What it costs is not: a pair passes the screen wherever its cost could matter, by a lower
bound that is sure under any rounding, and is reckoned exactly behind it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from matchopt.compiled import compiled
from matchopt.inspector.keys import Floats, Ints
from matchopt.inspector.pools import Groups, Hubs, Records, Terms, Ways

SURE = 1 - 1e-9
"""Factor that makes a cost reckoned in floats a lower bound of itself."""

HALF = 0.51
"""1/10 000: what rounding a unit cost takes off it at most, and some."""

WORTH, ABLE, SPARE = 1, 2, 4
"""What is still asked of a need or donation for its reason: any partner; one that had a granule to give; one
with a granule left, or a need that lacks something."""

EARMARKED, BEYOND = 2, 3
"""Steps that a pair has passed where the earmarks or the boundary refuse the community."""

_UNLINKED, _ASKING, _ROOMY, _SHORT, _ANY = 1, 2, 4, 8, 16
"""Why to look into a group: a need of it was linked to nobody; might not be served in time, or asks something
for its reason; asks for what is left; lacks something. Every group has the last one."""


@compiled
def screen(
    givers: Records, takers: Records, groups: Groups, goals: Records, hubs: Hubs, ways: Ways, t: Terms,
    row: Records, chosen: Ints, gift: Ints, need: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Look at all pairs of the donations `chosen`; put those that pass into `gift` and `need`.

    `row` is room for what one donation has to do with each place.

    Returns
    -------
    tuple of int
        How many of the donations were looked at, the next one's pairs having no room; how many pairs passed.
    """
    bar, urge = np.empty(len(groups.place)), np.empty(len(groups.place), np.int64)
    for x in range(len(urge)):
        urge[x] = _urge(takers, groups.start[x], groups.start[x + 1])
    kind, met = -1, 0
    for k in range(len(chosen)):
        i = chosen[k]
        g = givers[i]
        if met + len(takers) > len(gift):
            return k, met
        if g.kind != kind:
            kind = g.kind
            _raise_bars(g, takers, groups.start, t, bar)
        _lay_out(i, g, groups.community, goals, ways, t, row)
        met = _visit(i, g, takers, groups, goals, hubs, ways, t, row, bar, urge, gift, need, met)
    return len(chosen), met


@compiled
def _urge(takers: Records, start: int, stop: int) -> int:
    """Tell why to look into a group."""
    urge = _ANY
    for j in range(start, stop):
        n = takers[j]
        if n.passed < 5:
            urge |= _UNLINKED
        if n.passed < 6 or n.open & (WORTH | ABLE) > 0:
            urge |= _ASKING
        if n.open & SPARE > 0:
            urge |= _ROOMY
        if n.short:
            urge |= _SHORT
    return urge


@compiled
def _raise_bars(g: Any, takers: Records, start: Ints, t: Terms, bar: Floats) -> None:
    """Find what a pair costs at most, less the price of the donation, for it to matter; by group.

    Infinite where pairs are to be reckoned whatever they cost. All donations of a kind have the same bars.
    """
    for x in range(len(bar)):
        most = -np.inf
        for j in range(start[x], start[x + 1]):
            n = takers[j]
            if not t.proof or g.quality < n.quality or not t.groups[g.group_mark, n.group]:
                continue
            if g.block > 0 or n.block > 0 or g.odd or g.level > n.level:
                most = np.inf
            elif g.level == n.level:
                most = max(most, n.price + 1e-9 * abs(n.price) - n.fee * SURE)
        bar[x] = most


@compiled
def _lay_out(i: int, g: Any, community: Ints, goals: Records, ways: Ways, t: Terms, row: Records) -> None:
    """Fill the row of donation `i`."""
    for q in range(len(community)):
        c, r = community[q], row[q]
        goal = goals[c]
        r.refused = EARMARKED if not t.marked[g.place_mark, c] else 0 if t.inside[g.home, c] else BEYOND
        r.known = r.refused > 0
        if r.known:
            r.near = r.through = np.inf
            continue
        crow = 0.0
        if t.lanes:
            crow = ways.direct[i, q]
            r.lead = ways.direct_lead[i, q]
        elif g.name < 0 or g.name != goal.name:
            crow = _arc(g.x - goal.x, g.y - goal.y, g.z - goal.z) * t.per_diameter
        hub = g.nearest + goal.nearest
        if g.straight:
            hub = max(hub, crow + t.least_handling)
        transfer = t.transfer[g.home, c]
        r.near = (0.0 if g.light and not t.lanes else crow) + g.handling + transfer
        r.through = hub + transfer


@compiled
def _arc(x: float, y: float, z: float) -> float:
    """Return the arc over a chord of the unit sphere in diameters, or a little less; 0 for NaN."""
    half = np.sqrt(x * x + y * y + z * z) / 2
    way = half * (1 + half * half * (1 / 6 + 3 / 40 * half * half)) * SURE - 1e-13
    return way if way > 0 else 0.0


@compiled
def _ask_hubs(i: int, g: Any, c: int, r: Any, hubs: Hubs, ways: Ways, t: Terms) -> None:
    """Find the cheapest way through any hub; without lanes, stop where no hub further on can win."""
    least, lead = np.inf, 2**40
    for k in range(hubs.out.shape[1]):
        out = hubs.out[c, k]
        if out == np.inf or (not t.lanes and out + g.nearest >= least):
            break
        h = hubs.order[c, k]
        if ways.into[i, h] < np.inf:
            least = min(least, ways.into[i, h] + out + hubs.handling[h])
            lead = min(lead, ways.into_lead[i, h] + hubs.lead[c, k])
    r.through = least + t.transfer[g.home, c]
    r.hub_lead = lead if t.lanes else 0
    r.known = True


@compiled
def _visit(
    i: int, g: Any, takers: Records, groups: Groups, goals: Records, hubs: Hubs, ways: Ways, t: Terms,
    row: Records, bar: Floats, urge: Ints, gift: Ints, need: Ints, met: int,
) -> int:  # fmt: skip
    """Look at all groups, and into those of which a pair may matter."""
    per, tries = 10_000 * g.weight * SURE, 0
    least = t.fixed * SURE - HALF - g.price - 1e-9 * abs(g.price)
    late, timely = _reasons(g)
    for v in range(len(groups.windows) - 1):
        w = groups.windows[v]
        due = min(w.last, g.expires - w.remaining)
        soon = max(w.first, g.first)
        direct = soon <= min(due, g.last)
        through = g.nearest < np.inf and g.first <= g.last and soon <= due
        stay = max(w.first - g.last - t.longest, 0) * t.least_storage
        for x in range(w.start, groups.windows[v + 1].start):
            q = groups.place[x]
            r = row[q]
            if t.lanes:
                direct = max(w.first, g.first + r.lead) <= min(due, g.last + r.lead)
            way = r.near if direct else np.inf
            if through:
                way = min(way, r.through + stay)
            look = bar[x] > per * way + least
            if look and through and not r.known:
                _ask_hubs(i, g, groups.community[q], r, hubs, ways, t)
                look = bar[x] > per * min(r.near if direct else np.inf, r.through + stay) + least
            if look or urge[x] & (timely if direct or through else late) > 0:
                met, tries = _meet(i, g, x, w, takers, groups, hubs, ways, t, r, gift, need, met, tries)
                urge[x] = _urge(takers, groups.start[x], groups.start[x + 1])
                late, timely = _reasons(g)
    return met


@compiled
def _reasons(g: Any) -> tuple[int, int]:
    """Tell which groups a donation is to look into: of those that no way reaches in time, and of others."""
    late = _UNLINKED | (_ANY if g.passed < 5 else 0)
    timely = late | _ASKING | (_ANY if g.passed < 6 or g.open & WORTH > 0 else 0)
    return late, timely | (_ROOMY if g.spare else 0) | (_SHORT if g.open & SPARE > 0 else 0)


@compiled
def _meet(
    i: int, g: Any, x: int, w: Any, takers: Records, groups: Groups, hubs: Hubs, ways: Ways, t: Terms, r: Any,
    gift: Ints, need: Ints, met: int, tries: int,
) -> tuple[int, int]:  # fmt: skip
    """Look at all pairs of donation `i` and a group of needs."""
    c = groups.community[groups.place[x]]
    if t.lanes and not r.known:
        _ask_hubs(i, g, c, r, hubs, ways, t)
    per = 10_000 * g.weight * SURE
    stay = max(w.first - g.last - t.longest, 0) * t.least_storage
    for j in range(groups.start[x], groups.start[x + 1]):
        n = takers[j]
        due = min(w.last, g.expires - n.remaining)
        direct = r.near < np.inf and max(w.first, g.first + r.lead) <= min(due, g.last + r.lead)
        through = g.nearest < np.inf and r.through < np.inf and g.first <= g.last
        through = through and max(w.first, g.first + r.hub_lead) <= due
        passed = _passed(g, n, r, t, direct or through)
        g.passed, n.passed = max(g.passed, passed), max(n.passed, passed)
        if passed < 6:
            continue
        if through and not r.known:
            _ask_hubs(i, g, c, r, hubs, ways, t)
        way = min(r.near if direct else np.inf, r.through + stay if through else np.inf)
        cost = per * way + (t.fixed + n.fee) * SURE - HALF
        serves = _serves(g, n, cost, tries, t)
        tries += serves
        if serves or (t.proof and _weighs(g, n, cost)):
            gift[met], need[met] = i, j
            met += 1
    return met, tries


@compiled
def _passed(g: Any, n: Any, r: Any, t: Terms, timely: bool) -> int:
    """Tell how many steps of §2 a pair passes."""
    if g.quality < n.quality:
        return 1
    if r.refused == EARMARKED or not t.groups[g.group_mark, n.group]:
        return EARMARKED
    if r.refused == BEYOND:
        return BEYOND
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
def _serves(g: Any, n: Any, cost: float, tries: int, t: Terms) -> bool:
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
