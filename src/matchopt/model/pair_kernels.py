"""Kernels for the implicit cost matrix: what each pair may do and costs, one pair at a time, never held.

The rules (contract §2) and the cheapest route (§3) of a donation class and a need class are computed from a
few small tables. On top of that pricing looks for the pairs of a part that are worth a solver's look; a lower
bound of the cost between two places, that of the straight line, prunes whole communities at a time.

From top to bottom: the tables, legs between places, rules, unit costs and the cheapest route, given pairs
(`evaluate_pairs`, `fewest_broken`), bounds of communities, and pricing (`price_pairs`). All of it is one
file, longer than others, because compiled code is kept on disk under the file that it stands in: where a
kernel, a constant or the order of a table's columns stood in another one, a change there would leave old
machine code in force.

Compiling takes longer the more arrays a kernel is handed: what belongs together is one table whose columns
have names, and a kernel gets those tables that it needs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Shorts, Steps
from matchopt.kernels import compiled, inlined

# Columns of `CostTables.donations` and `CostTables.needs`.
ITEM, PLACE, COMMUNITY, FIRST, LAST = range(5)
EXPIRY, QUALITY, ONLY_COMMUNITIES, ONLY_GROUPS, AFFINITY, DONOR, BARRED = range(5, 12)
MIN_QUALITY, MIN_REMAINING, GROUP, NEED_AFFINITY, NEED_BARRED = range(5, 10)

# Columns of tables of places, lanes, pairs of items, donated items, communities by name, and hubs.
NAME, LATITUDE, LONGITUDE, COSINE, X, Y, Z = range(7)
DISTANCE, RATE, LEAD = range(3)
FITS, RATIO, PENALTY, PURCHASE = range(4)
WEIGHT, COLD, SERVICE, FUNDS = range(4)
ATTRIBUTE, ORGANIZATION = range(2)
HANDLING, STORAGE, HUB_COLD = range(3)

# Codes of the boundary policy.
OPEN, SAME_COMMUNITY, SAME_ATTRIBUTE, AGREEMENTS = range(4)

FORBIDDEN = 2**62
"""As in `matchopt.arrays`."""

TOO_EXPENSIVE = 2**61
"""Stands for a cost of one unit that is too large to be counted."""

NOT_SOUGHT = -2
"""In place of a hub that nobody has looked for yet."""

AFFINITY_LEVEL = 2**56
"""What the keys of affinities rise by from one level to the next: more than any key within a level."""

SAFE = 1 - 1e-9
"""Factor that lowers bounds of costs by `matchopt.tolerances.ROUNDING`, so that it cannot make them false."""

EARTH_RADIUS_KM = 6371.0088
"""Mean earth radius, IUGG."""

LARGEST_UNIT_COST = 1e9
"""As in `matchopt.model.money`, in currency."""


class Roads(NamedTuple):
    """Legs between two sets of places: by a lane where there is one, else straight.

    Attributes
    ----------
    origins, goals : (p, 7) float, (c, 7) float
        Places that legs lead from and to: codes of names (-1 for none), radians, unit sphere.
    start, head : (p + 1,) int, (l,) int
        The lanes from place t are ``start[t]:start[t + 1]``, in the order of the places they lead to.
    lanes : (l, 3) float
        Distance and rate, NaN where not given, and lead time.
    kg_km, detour, has_lanes
        Rates, and whether the case has lanes.
    """

    origins: Floats
    goals: Floats
    start: Ints
    head: Ints
    lanes: Floats
    kg_km: float
    detour: float
    has_lanes: bool


class HubTables(NamedTuple):
    """Hubs and the legs into them and out of them.

    Attributes
    ----------
    hubs : (h, 3) float
        Rates of each, and whether it is cold.
    order : (t, h) int
        Hubs by the cost of the leg into them, the cheapest first.
    cost_in, lead_in, cost_out, lead_out : (t, h) and (c, h)
        Costs are infinite where there is no leg.
    handling, least_handling
        Rates of a direct delivery, and of any route.
    """

    hubs: Floats
    order: Shorts
    cost_in: Floats
    lead_in: Shorts
    cost_out: Floats
    lead_out: Shorts
    handling: float
    least_handling: float


class RuleTables(NamedTuple):
    """Steps 1 to 4 of the rules.

    Attributes
    ----------
    fit : (a, b, 4) float
        Donated items by needed ones.
    admits_community, admits_group : (sets + 1, codes + 1) bool
        Earmarks.
    boundary
        Code of the policy.
    area : (names + 1, 2) int
        District or organisation of each community, and organisation; -1 for none.
    agreement : (o + 1, o + 1) int
        Table row of the agreement between organisations, -1 for none.
    """

    fit: Floats
    admits_community: Bools
    admits_group: Bools
    boundary: int
    area: Ints
    agreement: Ints


class AffinityTables(NamedTuple):
    """Affinities: sorted keys, level by level, the most specific first, and their scores."""

    weight: float
    width: Ints
    key: Ints
    score: Floats


class BarredPairs(NamedTuple):
    """Pairs that are barred: sorted keys, donation × `width` + need, by codes of the bars.

    Of a need of which `only` holds, the keys name the pairs that are not barred.
    """

    any: bool
    width: int
    key: Ints
    only: Bools


class CostTables(NamedTuple):
    """All that the costs of a part's pairs depend on.

    Attributes
    ----------
    donations, needs : (m, 12) int, (n, 10) int
        Donation and need classes.
    identification : (n,) float
        Identification cost of a unit.
    shared : (a, n) float
        What a unit of a donated item costs a need whatever its route, if nothing is `personal`.
    start, column : (c + 1,) int, (n,) int
        The needs of each community, place by place.
    goods : (a, 4) float
        Donated items; flags are 0 or 1.
    transfer : (o + 1, o + 1) float
        Transfer cost between organisations.
    crooked, straight, alike, personal
        Whether a route through a hub may be shorter than the straight line; no hub is ever cheaper than a
        direct delivery in time; hubs differ neither in storage cost nor in lead times; affinities or
        transfers cost something.
    """

    donations: Ints
    needs: Ints
    identification: Floats
    shared: Floats
    start: Ints
    column: Ints
    goods: Floats
    transfer: Floats
    roads: Roads
    hubs: HubTables
    rules: RuleTables
    affinities: AffinityTables
    bars: BarredPairs
    crooked: bool
    straight: bool
    alike: bool
    personal: bool


@compiled
def straight_leg(r: Roads, tail: int, head: int) -> tuple[bool, float]:
    """Return (connected, km) of the leg between two places that no lane joins: great circle × detour.

    The great circle is computed by the haversine formula. Trigonometry of what is not known costs the
    most, and says nothing.
    """
    origins, goals = r.origins, r.goals
    if origins[tail, NAME] >= 0 and origins[tail, NAME] == goals[head, NAME]:
        return True, 0.0
    if np.isnan(origins[tail, LATITUDE]) or np.isnan(goals[head, LATITUDE]):
        return not r.has_lanes, 0.0
    half = math.sin((goals[head, LATITUDE] - origins[tail, LATITUDE]) / 2)
    turn = math.sin((goals[head, LONGITUDE] - origins[tail, LONGITUDE]) / 2)
    half_chord = half * half + origins[tail, COSINE] * goals[head, COSINE] * (turn * turn)
    if np.isnan(half_chord):
        return not r.has_lanes, 0.0
    return True, r.detour * (2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(half_chord, 1.0))))


@compiled
def lane_leg(r: Roads, lane: int, km: float) -> tuple[bool, float, float, int]:
    """Return the leg over a lane, as `leg` does; `km` is its length where it does not tell."""
    lanes, lead = r.lanes, int(r.lanes[lane, LEAD])
    if not np.isnan(lanes[lane, DISTANCE]):
        km = lanes[lane, DISTANCE]
    if not np.isnan(lanes[lane, RATE]):
        return True, lanes[lane, RATE], lanes[lane, RATE], lead
    return True, r.kg_km * km, 0.0, lead


@compiled
def leg(r: Roads, tail: int, head: int) -> tuple[bool, float, float, int]:
    """Return (connected, transport, lane rate, lead time) of the leg from one place to another."""
    connected, km = straight_leg(r, tail, head)
    first, end = r.start[tail], r.start[tail + 1]
    if first < end:
        lane = first + np.searchsorted(r.head[first:end], head)
        if lane < end and r.head[lane] == head:
            return lane_leg(r, lane, km)
    return connected, r.kg_km * km, 0.0, 0


@compiled
def fill_legs(r: Roads, tail: Ints, head: Ints, connected: Bools, cost: Floats, lead: Ints) -> None:
    """Write the legs of pairs (n,) of places: whether there is one, (transport, lane rate), lead time."""
    for k in range(len(tail)):
        connected[k], cost[k, 0], cost[k, 1], lead[k] = leg(r, tail[k], head[k])


@compiled
def fill_leg_table(r: Roads, cost: Floats, days: Shorts) -> None:
    """Write what a kg costs, infinite without a leg, and the days it takes, for all pairs (p, c)."""
    for tail in range(cost.shape[0]):
        for head in range(cost.shape[1]):
            connected, transport, _, lead = leg(r, tail, head)
            cost[tail, head] = transport if connected else np.inf
            days[tail, head] = lead


@compiled
def legs_from(r: Roads, tail: int, connected: Bools, cost: Floats, lead: Ints) -> None:
    """Write the legs from a place to all goals (c,), as `fill_legs` does, each lane looked at once."""
    lane, end = r.start[tail], r.start[tail + 1]
    for head in range(len(connected)):
        connected[head], km = straight_leg(r, tail, head)
        cost[head, 0], cost[head, 1], lead[head] = r.kg_km * km, 0.0, 0
        while lane < end and r.head[lane] < head:
            lane += 1
        if lane < end and r.head[lane] == head:
            connected[head], cost[head, 0], cost[head, 1], lead[head] = lane_leg(r, lane, km)


@compiled
def earmarked_for(r: RuleTables, communities: int, groups: int, community: int, group: int) -> bool:
    """Return whether earmarks, -1 for none, admit a community and a group, -1 for none."""
    if communities >= 0 and not r.admits_community[communities, community]:
        return False
    return groups < 0 or (group >= 0 and r.admits_group[groups, group])


@compiled
def within_boundary(r: RuleTables, here: int, there: int) -> bool:
    """Return whether the boundary policy lets what community `here` raised go to community `there`."""
    if r.boundary == OPEN or here < 0 or here == there:
        return True
    if r.boundary == SAME_COMMUNITY:
        return False
    mine, theirs = r.area[here, ATTRIBUTE], r.area[there, ATTRIBUTE]
    if mine >= 0 and mine == theirs:
        return True
    return r.boundary == AGREEMENTS and r.agreement[mine, theirs] >= 0


@inlined
def refusing_step(r: RuleTables, donations: Ints, needs: Ints, i: int, j: int) -> int:
    """Return the first of steps 1 to 4, counted from 0, that refuses pair (i, j), else 4."""
    if r.fit[donations[i, ITEM], needs[j, ITEM], FITS] == 0:
        return 0
    if donations[i, QUALITY] < needs[j, MIN_QUALITY]:
        return 1
    communities, groups, there = (
        donations[i, ONLY_COMMUNITIES],
        donations[i, ONLY_GROUPS],
        needs[j, COMMUNITY],
    )
    marked = communities >= 0 or groups >= 0
    if marked and not earmarked_for(r, communities, groups, there, needs[j, GROUP]):
        return 2
    if r.boundary != OPEN and not within_boundary(r, donations[i, COMMUNITY], there):
        return 3
    return 4


@compiled
def is_barred(b: BarredPairs, donation: int, need: int) -> bool:
    """Return whether a pair is barred, by the codes of its ends in the bars, -1 for none."""
    if need < 0:
        return False
    only = bool(b.only[need])
    if donation < 0:
        return only
    key = donation * b.width + need
    at = np.searchsorted(b.key, key)
    listed = at < len(b.key) and b.key[at] == key
    return bool(listed) != only


@inlined
def to_money(amount: float) -> int:
    """Return currency in whole 1/10 000, as `matchopt.model.money.to_money` rounds it."""
    if amount > LARGEST_UNIT_COST:
        return TOO_EXPENSIVE
    return int(np.rint(np.rint(amount * 10_000 * 1e6) / 1e6))


@compiled
def affinity_cost(a: AffinityTables, donation: int, donor: int, need: int, group: int) -> float:
    """Return what the affinity of a pair costs, currency per served unit: that of the most specific key."""
    for level in range(4):
        tail = donation if level < 2 else donor
        head = need if level % 2 == 0 else group
        if tail < 0 or head < 0:
            continue
        key = level * AFFINITY_LEVEL + tail * a.width[level] + head
        at = np.searchsorted(a.key, key)
        if at < len(a.key) and a.key[at] == key:
            return float(a.weight * (1 - a.score[at]))
    return 0.0


@inlined
def window_of(donations: Ints, needs: Ints, i: int, j: int) -> tuple[int, int, int, int]:
    """Return first and last day of pick-up, first and last day of delivery of a pair."""
    latest = min(needs[j, LAST], donations[i, EXPIRY] - needs[j, MIN_REMAINING])
    return donations[i, FIRST], donations[i, LAST], needs[j, FIRST], latest


@inlined
def direct_cost(
    weight: float,
    service: bool,
    funds: bool,
    handling: float,
    window: tuple[int, int, int, int],
    direct: tuple[bool, float, float, int],
    shared: float,
) -> int:
    """Return the cost of a delivery over the leg `direct`, `FORBIDDEN` if none is in time."""
    first, last, earliest, latest = window
    connected, transport, lane_rate, lead = direct
    if funds:
        connected, lead = True, 0
    if not connected or max(earliest, first + lead) > min(latest, last + lead):
        return FORBIDDEN
    carried = weight * (lane_rate if service else transport)
    handled = 0.0 if service else weight * handling
    return to_money(carried + handled + 0.0 + shared)


@inlined
def hub_cost(
    h: HubTables,
    hub: int,
    tail: int,
    head: int,
    window: tuple[int, int, int, int],
    weight: float,
    shared: float,
) -> int:
    """Return the cost through a hub, `FORBIDDEN` if there is no route or none in time."""
    first, last, earliest, latest = window
    legs, through = h.cost_in[tail, hub] + h.cost_out[head, hub], h.lead_in[tail, hub] + h.lead_out[head, hub]
    if max(earliest, first + through) > latest or np.isinf(legs):
        return FORBIDDEN
    stay = max(0, earliest - (last + through))
    handling, storage = weight * h.hubs[hub, HANDLING], weight * (stay * h.hubs[hub, STORAGE])
    return to_money(weight * legs + handling + storage + shared)


@compiled
def cheapest_route(t: CostTables, i: int, j: int, direct: tuple[bool, float, float, int]) -> tuple[int, int]:
    """Return (cost, hub) of the cheapest route of an admissible pair; `FORBIDDEN` if none is in time.

    `direct` is the leg between their places. Ties go to direct, then to the first hub by name. Hubs come in
    the order of the leg into them, so that the rest is passed over once that leg alone costs too much.
    """
    donations, needs, goods, h = t.donations, t.needs, t.goods, t.hubs
    given, asked, tail, head = donations[i, ITEM], needs[j, ITEM], donations[i, PLACE], needs[j, PLACE]
    weight, service, funds = goods[given, WEIGHT], goods[given, SERVICE] > 0, goods[given, FUNDS] > 0
    window = window_of(donations, needs, i, j)
    shared = t.shared[given, j]
    if t.personal:
        fit, area = t.rules.fit, t.rules.area
        ratio, here = fit[given, asked, RATIO], area[donations[i, COMMUNITY], ORGANIZATION]
        affinity = affinity_cost(
            t.affinities,
            donations[i, AFFINITY],
            donations[i, DONOR],
            needs[j, NEED_AFFINITY],
            needs[j, GROUP],
        )
        shared = ratio * t.identification[j] + (fit[given, asked, PENALTY] + ratio * affinity)
        shared = shared + weight * t.transfer[here, area[needs[j, COMMUNITY], ORGANIZATION]]
        shared = shared + fit[given, asked, PURCHASE]
    hub = -1
    cost = direct_cost(weight, service, funds, h.handling, window, direct, shared)
    first, last, earliest, latest = window
    if (cost < FORBIDDEN and t.straight) or service or funds or first > last or max(first, earliest) > latest:
        return cost, hub
    for rank in range(len(h.hubs)):
        other = h.order[tail, rank]
        least = weight * (h.cost_in[tail, other] + h.least_handling) + shared
        if least * (10_000 * SAFE) - 1 > cost:
            break
        if h.hubs[other, HUB_COLD] > 0 or goods[given, COLD] == 0:
            price = hub_cost(h, other, tail, head, window, weight, shared)
            if price < cost or (price == cost and hub > other):
                cost, hub = price, other
    return cost, hub


@compiled
def nearest_hub(h: HubTables, cold: bool, tail: int, head: int) -> int:
    """Return the hub of the cheapest route for goods that wait as long and as expensively in any; or -1."""
    least, hub = np.inf, -1
    for rank in range(len(h.hubs)):
        other = h.order[tail, rank]
        if h.cost_in[tail, other] + h.least_handling > least:
            break
        per_kg = h.cost_in[tail, other] + h.cost_out[head, other] + h.hubs[other, HANDLING]
        if per_kg < least and (h.hubs[other, HUB_COLD] > 0 or not cold):
            least, hub = per_kg, other
    return hub


@compiled
def linked(h: HubTables, cold: bool, tail: int, head: int) -> bool:
    """Return whether some hub that may take the goods joins two places."""
    found = False
    for hub in range(len(h.hubs)):
        joined = not np.isinf(h.cost_in[tail, hub] + h.cost_out[head, hub])
        found = found or (joined and (h.hubs[hub, HUB_COLD] > 0 or not cold))
    return found


@compiled
def evaluate_pairs(t: CostTables, rows: Ints, columns: Ints, step: Steps, cost: Ints, hub: Ints) -> None:
    """Write the first step that refuses each of the pairs (n,), 7 if none does, its least cost, its hub.

    It costs a look at the hubs for each pair that the rules admit.
    """
    donations, needs, goods = t.donations, t.needs, t.goods
    for k in range(len(rows)):
        i, j = rows[k], columns[k]
        step[k] = refusing_step(t.rules, donations, needs, i, j)
        cost[k], hub[k] = FORBIDDEN, -1
        if step[k] < 4:
            continue
        given, tail, head = donations[i, ITEM], donations[i, PLACE], needs[j, PLACE]
        funds, service = goods[given, FUNDS] > 0, goods[given, SERVICE] > 0
        direct = leg(t.roads, tail, head)
        cost[k], hub[k] = cheapest_route(t, i, j, direct)
        if cost[k] < FORBIDDEN:
            step[k] = 7
            if t.bars.any and is_barred(t.bars, donations[i, BARRED], needs[j, NEED_BARRED]):
                step[k], cost[k], hub[k] = 6, FORBIDDEN, -1
        elif direct[0] or funds or (not service and linked(t.hubs, goods[given, COLD] > 0, tail, head)):
            step[k] = 5


@compiled
def broken_rules(t: CostTables, i: int, j: int) -> int:
    """Return the steps of rules that a pair breaks, bit s for step s from 0: all but those of travel."""
    rules, donations, needs = t.rules, t.donations, t.needs
    there, broken = needs[j, COMMUNITY], 0
    communities, groups = donations[i, ONLY_COMMUNITIES], donations[i, ONLY_GROUPS]
    if rules.fit[donations[i, ITEM], needs[j, ITEM], FITS] == 0:
        broken |= 1
    if donations[i, QUALITY] < needs[j, MIN_QUALITY]:
        broken |= 2
    if not earmarked_for(rules, communities, groups, there, needs[j, GROUP]):
        broken |= 4
    if not within_boundary(rules, donations[i, COMMUNITY], there):
        broken |= 8
    if t.bars.any and is_barred(t.bars, donations[i, BARRED], needs[j, NEED_BARRED]):
        broken |= 64
    return broken


@compiled
def broken_travel(t: CostTables, i: int, j: int) -> int:
    """Return the steps of travel that a pair whose items fit breaks: 16 (no route), 32 (none in time).

    Where nothing leads, time is looked at as if one place were the other.
    """
    donations, goods = t.donations, t.goods
    given, tail, head = donations[i, ITEM], donations[i, PLACE], t.needs[j, PLACE]
    direct = leg(t.roads, tail, head)
    if cheapest_route(t, i, j, direct)[0] < FORBIDDEN:
        return 0
    funds, service = goods[given, FUNDS] > 0, goods[given, SERVICE] > 0
    if direct[0] or funds or (not service and linked(t.hubs, goods[given, COLD] > 0, tail, head)):
        return 32
    first, last, earliest, latest = window_of(donations, t.needs, i, j)
    return 48 if max(first, earliest) > min(last, latest) else 16


@compiled
def fill_broken(t: CostTables, rows: Ints, columns: Ints, broken: Ints) -> None:
    """Write all steps that each of the pairs (n,) breaks, as bits; of items that do not fit, nothing else."""
    for k in range(len(rows)):
        broken[k] = broken_rules(t, rows[k], columns[k])
        if broken[k] & 1 == 0:
            broken[k] |= broken_travel(t, rows[k], columns[k])
        else:
            broken[k] = 1


@compiled
def fewest_broken(t: CostTables, columns: Ints, rank: Ints, best: Ints) -> None:
    """Lower `best` (n,) to the least rank of what any donation whose item fits breaks for each need.

    `rank` (128,) tells of each set of steps how many are better. More steps are never better: travel, which
    takes longest, is looked at where the other steps leave a chance.
    """
    for k in range(len(columns)):
        for i in range(len(t.donations)):
            broken = broken_rules(t, i, columns[k])
            if broken & 1 == 0 and rank[broken] < best[k]:
                best[k] = min(best[k], rank[broken | broken_travel(t, i, columns[k])])


@compiled
def lower_bounds(t: CostTables, i: int, around: Floats, bound: Ints) -> None:
    """Write what a unit of donation i costs at least to each community, in whole 1/10 000.

    Where no route leads it is `FORBIDDEN`. If a route through a hub may be shorter than the straight line,
    `around` is what a kg costs at least.
    """
    origins, goals = t.roads.origins, t.roads.goals
    given, tail = t.donations[i, ITEM], t.donations[i, PLACE]
    radius = t.roads.kg_km * t.roads.detour * EARTH_RADIUS_KM
    weight = 0.0 if t.goods[given, SERVICE] > 0 else t.goods[given, WEIGHT]
    for c in range(len(bound)):
        if t.goods[given, FUNDS] > 0:
            bound[c] = -1
        elif t.crooked and np.isinf(around[c]):
            bound[c] = FORBIDDEN
        elif t.crooked:
            bound[c] = int(weight * around[c] * (10_000 * SAFE)) - 1
        else:
            # The chord is shorter than the arc; where a place is not known the distance is 0.
            east, north = goals[c, X] - origins[tail, X], goals[c, Y] - origins[tail, Y]
            up = goals[c, Z] - origins[tail, Z]
            chord = math.sqrt(east * east + north * north + up * up)
            least = t.hubs.least_handling + (radius * chord if chord > 0 else 0.0)
            bound[c] = int(weight * least * (10_000 * SAFE)) - 1


@compiled
def least_per_kg(h: HubTables, tail: int, connected: Bools, cost: Floats, per_kg: Floats) -> None:
    """Write what a kg costs at least from a place, directly or through any hub; infinite without a route."""
    for c in range(len(per_kg)):
        per_kg[c] = cost[c, 0] + h.handling if connected[c] else np.inf
        for hub in range(len(h.hubs)):
            per_kg[c] = min(per_kg[c], h.cost_in[tail, hub] + h.cost_out[c, hub] + h.hubs[hub, HANDLING])


@compiled
def draw(i: int, j: int) -> int:
    """Return a number of at least 0 that looks drawn at random, always the same for a pair."""
    mixed = np.uint64(i) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(j) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return int(np.int64(mixed >> np.uint64(8)))


@inlined
def enter(
    value: Ints, partner: Ints, low: int, high: int, worst: int, slot: int, other: int, reduced: int
) -> int:
    """Put a pair into a slot of a candidate list if it is better than what is there; return the worst slot.

    The slots of the list are the places ``low:high``.
    """
    if reduced >= value[slot]:
        return worst
    value[slot], partner[slot] = reduced, other
    if slot != worst:
        return worst
    for k in range(low, high):
        if value[k] > value[worst]:
            worst = k
    return worst


@compiled
def price_pairs(
    t: CostTables,
    first_row: int,
    supply_price: Ints,
    demand_price: Ints,
    limit: int,
    row_rise: Ints,
    column_rise: Ints,
    slack: int,
    row_start: Ints,
    row_value: Ints,
    row_partner: Ints,
    column_start: Ints,
    column_value: Ints,
    column_partner: Ints,
    listed: tuple[Ints, Ints, Ints],
) -> tuple[int, int]:
    """Find pairs of low reduced cost, below `limit`.

    The pairs of row i go at random into the ``row_start[i + 1] - row_start[i]`` slots of its candidate
    list, at least one; `row_value` and `row_partner` keep the best of each slot: the best of all for sure,
    and most of the next, but not all from the same corner. Those of the columns likewise. All values are to
    come in as `limit`, all partners as -1.

    If there is room in `listed` (row, column, cost), all pairs are written to it that fit in instead; each
    row and column then needs one slot all the same. Pairs for which `row_rise` and `column_rise` add up to
    no more than `slack` are passed over.

    Where rows were split up, `first_row` is the number that the first of these had: the draw goes by it.

    At each row and community, `bar` is what the bound less the row's price has to be below for any need
    there to be worth a look: the largest, over its needs, of the worst value in the list plus the need's
    price. It is computed while the needs are gone through, and holds until prices of lists fall. So it
    costs a bound for each row and community, and a route for each pair that no bound excludes.

    Returns how many pairs were priced, and how many there were to be listed.
    """
    donations, needs, goods, rules, h, roads = t.donations, t.needs, t.goods, t.rules, t.hubs, t.roads
    start, column, crooked = t.start, t.column, t.crooked
    simple, straight, least_handling = t.alike and not t.personal, t.straight, h.least_handling
    # What a kg costs through a hub at least, beyond the bound, and for each day it waits there.
    dearer, dwell = 0.0, 0.0
    if simple and len(h.hubs):
        dearer, dwell = np.inf, np.inf
        for hub in range(len(h.hubs)):
            dearer, dwell = min(dearer, h.hubs[hub, HANDLING]), min(dwell, h.hubs[hub, STORAGE])
        dearer = 0.0 if crooked else dearer - least_handling
    count = len(start) - 1
    bound = np.empty(count, dtype=np.int64)
    highest, place_rise = np.full(count, np.int64(-FORBIDDEN)), np.full(count, np.int64(-FORBIDDEN))
    bar = np.full(count, np.int64(2**63 - 1))
    column_worst = column_start[:-1].copy()
    most_rise = np.int64(-FORBIDDEN)
    for c in range(count):
        for at in range(start[c], start[c + 1]):
            highest[c] = max(highest[c], demand_price[column[at]])
            place_rise[c] = max(place_rise[c], column_rise[column[at]])
        most_rise = max(most_rise, place_rise[c])
    listing, priced, found = len(listed[0]) > 0, 0, 0
    # Where a route through a hub may be the shortest, all legs from a place are computed in one go.
    seen_from = -1
    known = count if crooked else 0
    joined, leg_cost = np.empty(known, dtype=np.bool_), np.empty((known, 2))
    leg_lead, around = np.empty(known, dtype=np.int64), np.empty(known)
    for i in range(len(row_start) - 1):
        rise = row_rise[i]
        if rise + most_rise <= slack:
            continue
        given, tail = donations[i, ITEM], donations[i, PLACE]
        first, last = donations[i, FIRST], donations[i, LAST]
        if crooked and tail != seen_from:
            seen_from = tail
            legs_from(roads, tail, joined, leg_cost, leg_lead)
            least_per_kg(h, tail, joined, leg_cost, around)
        lower_bounds(t, i, around, bound)
        weight, service, funds = goods[given, WEIGHT], goods[given, SERVICE] > 0, goods[given, FUNDS] > 0
        cold, goods_only = goods[given, COLD] > 0, not (service or funds)
        sets = donations[i, ONLY_COMMUNITIES]
        worst, paid = row_start[i], supply_price[i]
        for c in range(count):
            if bound[c] == FORBIDDEN or rise + place_rise[c] <= slack or start[c] == start[c + 1]:
                continue
            left = bound[c] - paid
            if left - highest[c] >= limit or (left - highest[c] >= row_value[worst] and left >= bar[c]):
                continue
            there = needs[column[start[c]], COMMUNITY]
            if sets >= 0 and not rules.admits_community[sets, there]:
                continue
            if rules.boundary != OPEN and not within_boundary(rules, donations[i, COMMUNITY], there):
                continue
            looked, hub, direct = crooked, NOT_SOUGHT, (False, 0.0, 0.0, 0)
            if crooked:
                direct = (joined[c], leg_cost[c, 0], leg_cost[c, 1], leg_lead[c])
            bar[c] = -FORBIDDEN
            for at in range(start[c], start[c + 1]):
                j = column[at]
                least = left - demand_price[j]
                its_worst = column_value[column_worst[j]]
                if least >= row_value[worst] and least >= its_worst:
                    bar[c] = max(bar[c], its_worst + demand_price[j])
                    continue
                if rise + column_rise[j] <= slack:
                    bar[c] = FORBIDDEN
                    continue
                priced += 1
                cost = FORBIDDEN
                step = refusing_step(rules, donations, needs, i, j)
                window = window_of(donations, needs, i, j)
                earliest = window[2]
                if step == 4 and max(first, earliest) > window[3]:
                    step = 5
                may_go_direct = not simple or roads.has_lanes or earliest <= last or not goods_only
                if step == 4 and not looked and may_go_direct:
                    direct, looked = leg(roads, tail, c), True
                if step == 4 and not simple:
                    cost, _ = cheapest_route(t, i, j, direct)
                elif step == 4:
                    shared = t.shared[given, j]
                    if looked:
                        cost = direct_cost(weight, service, funds, h.handling, window, direct, shared)
                    least += int(weight * (dearer + max(0, earliest - last) * dwell) * (10_000 * SAFE))
                    waits = goods_only and first <= last and (least < row_value[worst] or least < its_worst)
                    if waits and (cost == FORBIDDEN or not straight):
                        if hub == NOT_SOUGHT:
                            hub = nearest_hub(h, cold, tail, c)
                        if hub >= 0:
                            cost = min(cost, hub_cost(h, hub, tail, c, window, weight, shared))
                may_be_barred = t.bars.any and cost < FORBIDDEN
                if may_be_barred and is_barred(t.bars, donations[i, BARRED], needs[j, NEED_BARRED]):
                    cost = FORBIDDEN
                reduced = cost - paid - demand_price[j]
                if cost < FORBIDDEN and reduced < limit and listing:
                    if found < len(listed[0]):
                        listed[0][found], listed[1][found], listed[2][found] = i, j, cost
                    found += 1
                elif cost < FORBIDDEN and reduced < limit:
                    drawn = draw(first_row + i, j)
                    low, high = row_start[i], row_start[i + 1]
                    slot = low + drawn % (high - low)
                    worst = enter(row_value, row_partner, low, high, worst, slot, j, reduced)
                    low, high = column_start[j], column_start[j + 1]
                    slot = low + drawn % (high - low)
                    column_worst[j] = enter(
                        column_value, column_partner, low, high, column_worst[j], slot, i, reduced
                    )
                bar[c] = max(bar[c], column_value[column_worst[j]] + demand_price[j])
    return priced, found
