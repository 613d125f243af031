"""What each pair may do and costs, compiled: one pair at a time, so that pairs are never held.

The rules (contract §2) and the cheapest route (§3) of a donation class and a need class are
worked out from a few small tables. On top of that the pairs of a part are searched for those
that are worth a solver's look. A lower bound of the cost between two places, that of the
straight way, passes over whole communities at a time.

The tables come as one flat tuple: to take an array out of a tuple in a tuple costs compiled code
more than to use it.

From top to bottom: the tables (to `Tariff`), legs between places (to `legs_from`), the rules (to
`barred`), unit costs and the cheapest way (to `linked`), given pairs judged (`judge_all`), bounds of
communities (to `roundabout`), and the search. All of it is one file because compiled code is kept on
disk under the file that it stands in: where a kernel, a constant or the order of a table's fields stood
in another one, a change there would leave the old machine code in force.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints, Shorts, Steps
from matchopt.kernels import compiled, inlined

# Columns of `Tariff.gifts` and `Tariff.wants`.
ITEM, PLACE, COMMUNITY, FIRST, LAST = range(5)
EXPIRY, QUALITY, SET_OF_COMMUNITIES, SET_OF_GROUPS, AFFINITY, DONOR, GIVER = range(5, 12)
MIN_QUALITY, MIN_REMAINING, GROUP, RECIPIENT, TAKER = range(5, 10)

# Codes of the boundary policy, in `Bounds.boundary`.
OPEN, SAME_COMMUNITY, SAME_ATTRIBUTE, AGREEMENTS = range(4)

TOO_DEAR = 2**61
"""Stands for a cost of one unit that is too large to be counted."""

NOT_SOUGHT = -2
"""In place of a hub that nobody has looked for yet."""

SAFE = 1e-9
"""Relative: by what bounds of costs are lowered, so that rounding cannot make them false."""

EARTH_RADIUS_KM = 6371.0088
"""Mean earth radius, IUGG."""

LARGEST_UNIT_COST = 1e9
"""As in `matchopt.model.money`, in currency."""


class Globe(NamedTuple):
    """Places (p,): codes of their names (-1 for none), radians, and points on the unit sphere (p, 3)."""

    name: Ints
    latitude: Floats
    longitude: Floats
    cosine: Floats
    point: Floats


class Lanes(NamedTuple):
    """The lanes from some places to others: those of place t are ``start[t]:start[t + 1]``, by `head`."""

    start: Ints
    head: Ints
    distance: Floats
    rate: Floats
    lead: Ints


class Fitting(NamedTuple):
    """Donated items (a) and needed ones (b) of a part.

    `fits`, `ratio`, `penalty` and `purchase` are (a, b); `weight`, `cold`, `service`, `funds` are (a,).
    """

    fits: Bools
    ratio: Floats
    penalty: Floats
    purchase: Floats
    weight: Floats
    cold: Bools
    service: Bools
    funds: Bools


class Bounds(NamedTuple):
    """Earmarks and boundaries.

    `admits_community` and `admits_group` say which set names which code; `boundary` is the policy's
    code; `attribute` is each community's district or organisation, `organization` its
    organisation, -1 for none; `agreement` and `transfer` are by organisations.
    """

    admits_community: Bools
    admits_group: Bools
    boundary: int
    attribute: Ints
    organization: Ints
    agreement: Ints
    transfer: Floats


class Fondness(NamedTuple):
    """Affinities, level by level, the most specific first: sorted keys and scores."""

    affinity_weight: float
    affinity_width: Ints
    affinity_start: Ints
    affinity_key: Ints
    affinity_score: Floats


class Bars(NamedTuple):
    """Pairs that are barred: sorted keys, donation × `bar_width` + need, by codes of the bars.

    Of a need of which `bar_only` holds, the keys name the pairs that are not.
    """

    bars: bool
    bar_width: int
    bar_key: Ints
    bar_only: Bools


class Passages(NamedTuple):
    """Hubs (h) and the legs to and from them.

    What ends in `in` is (t, h), in `out` (c, h); costs are infinite where there is no way. `order`
    (t, h) is that of the way in, the cheapest first.
    """

    hub_handling: Floats
    hub_storage: Floats
    hub_cold: Bools
    order: Shorts
    cost_in: Floats
    lead_in: Shorts
    cost_out: Floats
    lead_out: Shorts


class Rates(NamedTuple):
    """Rates of the case, and what is true of all its ways.

    `crooked` says that a way round may be shorter than the straight one; `straight` that no hub is
    ever cheaper than a direct delivery in time; `alike` that hubs differ neither in what a day of
    storage costs nor in lead times; `personal` that affinities or transfers cost something.
    `least_handling` is that of any route.
    """

    kg_km: float
    detour: float
    handling: float
    least_handling: float
    has_lanes: bool
    crooked: bool
    straight: bool
    alike: bool
    personal: bool


class Tariff(NamedTuple):
    """All that the costs of a part's pairs depend on: the tables above, and these.

    Attributes
    ----------
    gifts, wants : (m, 12) int, (n, 10) int
        Donation and need classes, one row each, with the columns named above.
    fee : (n,) float
        Identification cost of a unit.
    shared : (a, n) float
        What a unit of a donated item costs a need whatever its route, if nothing is `personal`.
    start, column : (c + 1,) int, (n,) int
        The needs of each community, place by place.
    tail_…, head_…
        The `Globe` of where donations lie and of communities.
    lane_…
        The `Lanes` between them.
    """

    gifts: Ints
    wants: Ints
    fee: Floats
    shared: Floats
    start: Ints
    column: Ints
    tail_name: Ints
    tail_latitude: Floats
    tail_longitude: Floats
    tail_cosine: Floats
    tail_point: Floats
    head_name: Ints
    head_latitude: Floats
    head_longitude: Floats
    head_cosine: Floats
    head_point: Floats
    lane_start: Ints
    lane_head: Ints
    lane_distance: Floats
    lane_rate: Floats
    lane_lead: Ints
    fits: Bools
    ratio: Floats
    penalty: Floats
    purchase: Floats
    weight: Floats
    cold: Bools
    service: Bools
    funds: Bools
    admits_community: Bools
    admits_group: Bools
    boundary: int
    attribute: Ints
    organization: Ints
    agreement: Ints
    transfer: Floats
    affinity_weight: float
    affinity_width: Ints
    affinity_start: Ints
    affinity_key: Ints
    affinity_score: Floats
    bars: bool
    bar_width: int
    bar_key: Ints
    bar_only: Bools
    hub_handling: Floats
    hub_storage: Floats
    hub_cold: Bools
    order: Shorts
    cost_in: Floats
    lead_in: Shorts
    cost_out: Floats
    lead_out: Shorts
    kg_km: float
    detour: float
    handling: float
    least_handling: float
    has_lanes: bool
    crooked: bool
    straight: bool
    alike: bool
    personal: bool


@compiled
def distance_km(
    latitude: float,
    longitude: float,
    cosine: float,
    latitude_to: float,
    longitude_to: float,
    cosine_to: float,
) -> float:
    """Return the great-circle distance by the haversine formula; NaN where a place is not known."""
    half = math.sin((latitude_to - latitude) / 2)
    turn = math.sin((longitude_to - longitude) / 2)
    half_chord = half * half + cosine * cosine_to * (turn * turn)
    if np.isnan(half_chord):
        return np.nan
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(half_chord, 1.0)))


@inlined
def straight_way(
    tail_name: Ints, tail_latitude: Floats, tail_longitude: Floats, tail_cosine: Floats,
    head_name: Ints, head_latitude: Floats, head_longitude: Floats, head_cosine: Floats,
    detour: float, has_lanes: bool, tail: int, head: int,
) -> tuple[bool, float]:  # fmt: skip
    """Return (connected, km) of the way from one place to another where no lane joins them."""
    if tail_name[tail] >= 0 and tail_name[tail] == head_name[head]:
        return True, 0.0
    if np.isnan(tail_latitude[tail]) or np.isnan(head_latitude[head]):
        # Trigonometry of what is not known costs the most, and says nothing.
        return not has_lanes, 0.0
    km = detour * distance_km(
        tail_latitude[tail], tail_longitude[tail], tail_cosine[tail],
        head_latitude[head], head_longitude[head], head_cosine[head],
    )  # fmt: skip
    if np.isnan(km):
        return not has_lanes, 0.0
    return True, km


@inlined
def over_lane(
    lane_distance: Floats, lane_rate: Floats, lane_lead: Ints, kg_km: float, lane: int, km: float
) -> tuple[bool, float, float, int]:
    """Return the leg over a lane; `km` is its length where it does not tell."""
    if not np.isnan(lane_distance[lane]):
        km = lane_distance[lane]
    if not np.isnan(lane_rate[lane]):
        return True, lane_rate[lane], lane_rate[lane], lane_lead[lane]
    return True, kg_km * km, 0.0, lane_lead[lane]


@inlined
def leg(
    tail_name: Ints, tail_latitude: Floats, tail_longitude: Floats, tail_cosine: Floats,
    head_name: Ints, head_latitude: Floats, head_longitude: Floats, head_cosine: Floats,
    lane_start: Ints, lane_head: Ints, lane_distance: Floats, lane_rate: Floats, lane_lead: Ints,
    kg_km: float, detour: float, has_lanes: bool, tail: int, head: int,
) -> tuple[bool, float, float, int]:  # fmt: skip
    """Return (connected, transport, lane rate, lead) of the way from one place to another."""
    connected, km = straight_way(
        tail_name, tail_latitude, tail_longitude, tail_cosine,
        head_name, head_latitude, head_longitude, head_cosine, detour, has_lanes, tail, head,
    )  # fmt: skip
    first, end = lane_start[tail], lane_start[tail + 1]
    if first < end:
        lane = first + np.searchsorted(lane_head[first:end], head)
        if lane < end and lane_head[lane] == head:
            return over_lane(lane_distance, lane_rate, lane_lead, kg_km, lane, km)
    return connected, kg_km * km, 0.0, 0


@compiled
def fill_legs(
    tails: Globe, heads: Globe, lanes: Lanes, kg_km: float, detour: float, has_lanes: bool,
    tail: Ints, head: Ints, connected: Bools, transport: Floats, lane_price: Floats, lead: Ints,
) -> None:  # fmt: skip
    """Write the legs of the pairs (n,) of places `tail` and `head`."""
    tail_name, tail_latitude, tail_longitude, tail_cosine, _ = tails
    head_name, head_latitude, head_longitude, head_cosine, _ = heads
    lane_start, lane_head, lane_distance, lane_rates, lane_lead = lanes
    for k in range(len(tail)):
        connected[k], transport[k], lane_price[k], lead[k] = leg(
            tail_name, tail_latitude, tail_longitude, tail_cosine,
            head_name, head_latitude, head_longitude, head_cosine,
            lane_start, lane_head, lane_distance, lane_rates, lane_lead,
            kg_km, detour, has_lanes, tail[k], head[k],
        )  # fmt: skip


@compiled
def fill_ways(
    tails: Globe, heads: Globe, lanes: Lanes, kg_km: float, detour: float, has_lanes: bool,
    cost: Floats, days: Shorts,
) -> None:  # fmt: skip
    """Write what a kg costs, infinite without a way, and the days it takes, for all pairs (a, b)."""
    tail_name, tail_latitude, tail_longitude, tail_cosine, _ = tails
    head_name, head_latitude, head_longitude, head_cosine, _ = heads
    lane_start, lane_head, lane_distance, lane_rates, lane_lead = lanes
    for tail in range(cost.shape[0]):
        for head in range(cost.shape[1]):
            connected, transport, _, lead = leg(
                tail_name, tail_latitude, tail_longitude, tail_cosine,
                head_name, head_latitude, head_longitude, head_cosine,
                lane_start, lane_head, lane_distance, lane_rates, lane_lead,
                kg_km, detour, has_lanes, tail, head,
            )  # fmt: skip
            cost[tail, head] = transport if connected else np.inf
            days[tail, head] = lead


@compiled
def legs_from(
    t: Tariff, tail: int, connected: Bools, transport: Floats, lane_rate: Floats, lead: Ints
) -> None:
    """Write the legs from a place to all communities (c,)."""
    tail_name, tail_latitude, tail_longitude, tail_cosine = (
        t.tail_name, t.tail_latitude, t.tail_longitude, t.tail_cosine,
    )  # fmt: skip
    head_name, head_latitude, head_longitude, head_cosine = (
        t.head_name, t.head_latitude, t.head_longitude, t.head_cosine,
    )  # fmt: skip
    lane_start, lane_head, lane_distance, lane_rates, lane_lead = (
        t.lane_start, t.lane_head, t.lane_distance, t.lane_rate, t.lane_lead,
    )  # fmt: skip
    kg_km, detour, has_lanes = t.kg_km, t.detour, t.has_lanes
    lane, end = lane_start[tail], lane_start[tail + 1]
    for head in range(len(connected)):
        connected[head], km = straight_way(
            tail_name, tail_latitude, tail_longitude, tail_cosine,
            head_name, head_latitude, head_longitude, head_cosine, detour, has_lanes, tail, head,
        )  # fmt: skip
        transport[head], lane_rate[head], lead[head] = kg_km * km, 0.0, 0
        # Lanes lie in the order of where they lead.
        while lane < end and lane_head[lane] < head:
            lane += 1
        if lane < end and lane_head[lane] == head:
            connected[head], transport[head], lane_rate[head], lead[head] = over_lane(
                lane_distance, lane_rates, lane_lead, kg_km, lane, km
            )


@compiled
def marked(
    admits_community: Bools, admits_group: Bools, communities: int, groups: int, community: int, group: int
) -> bool:
    """Return whether earmark sets, -1 for none, admit a community and a group, -1 for none."""
    if communities >= 0 and not admits_community[communities, community]:
        return False
    return groups < 0 or (group >= 0 and admits_group[groups, group])


@compiled
def inside(boundary: int, attribute: Ints, agreement: Ints, here: int, there: int) -> bool:
    """Return whether a boundary policy lets what community `here` raised go to community `there`."""
    if boundary == OPEN or here < 0 or here == there:
        return True
    if boundary == SAME_COMMUNITY:
        return False
    mine, theirs = attribute[here], attribute[there]
    if mine >= 0 and mine == theirs:
        return True
    return boundary == AGREEMENTS and agreement[mine, theirs] >= 0


@inlined
def refusal(
    gifts: Ints, wants: Ints, fits: Bools, admits_community: Bools, admits_group: Bools, boundary: int,
    attribute: Ints, agreement: Ints, i: int, j: int,
) -> int:  # fmt: skip
    """Return the first of steps 1 to 4, counted from 0, that refuses pair (i, j), else 4."""
    if not fits[gifts[i, ITEM], wants[j, ITEM]]:
        return 0
    if gifts[i, QUALITY] < wants[j, MIN_QUALITY]:
        return 1
    communities, groups = gifts[i, SET_OF_COMMUNITIES], gifts[i, SET_OF_GROUPS]
    if (communities >= 0 or groups >= 0) and not marked(
        admits_community, admits_group, communities, groups, wants[j, COMMUNITY], wants[j, GROUP]
    ):
        return 2
    if boundary != OPEN and not inside(
        boundary, attribute, agreement, gifts[i, COMMUNITY], wants[j, COMMUNITY]
    ):
        return 3
    return 4


@compiled
def barred(t: Tariff, i: int, j: int) -> bool:
    """Return whether pair (i, j) is barred."""
    giver, taker = t.gifts[i, GIVER], t.wants[j, TAKER]
    if taker < 0:
        return False
    only = t.bar_only[taker]
    if giver < 0:
        return only
    key = giver * t.bar_width + taker
    at = np.searchsorted(t.bar_key, key)
    listed = at < len(t.bar_key) and t.bar_key[at] == key
    return listed != only


@inlined
def to_money(amount: float) -> int:
    """Return currency in whole 1/10 000, as `matchopt.model.money.to_money` rounds it."""
    if amount > LARGEST_UNIT_COST:
        return TOO_DEAR
    return int(np.rint(np.rint(amount * 10_000 * 1e6) / 1e6))


@compiled
def fondness_cost(t: Tariff, i: int, j: int) -> float:
    """Return what the affinity of a pair costs, currency per served unit."""
    for level in range(4):
        giver = t.gifts[i, AFFINITY] if level < 2 else t.gifts[i, DONOR]
        taker = t.wants[j, RECIPIENT] if level % 2 == 0 else t.wants[j, GROUP]
        if giver < 0 or taker < 0:
            continue
        key = giver * t.affinity_width[level] + taker
        first, end = t.affinity_start[level], t.affinity_start[level + 1]
        at = first + np.searchsorted(t.affinity_key[first:end], key)
        if at < end and t.affinity_key[at] == key:
            return t.affinity_weight * (1 - t.affinity_score[at])
    return 0.0


@compiled
def shared_cost(t: Tariff, i: int, j: int) -> float:
    """Return what a unit of a pair costs whatever its route, in currency."""
    given, asked = t.gifts[i, ITEM], t.wants[j, ITEM]
    if not t.personal:
        return t.shared[given, j]
    ratio = t.ratio[given, asked]
    here, there = t.organization[t.gifts[i, COMMUNITY]], t.organization[t.wants[j, COMMUNITY]]
    shared = ratio * t.fee[j] + (t.penalty[given, asked] + ratio * fondness_cost(t, i, j))
    return shared + t.weight[given] * t.transfer[here, there] + t.purchase[given, asked]


@inlined
def direct_cost(
    weight: float, service: bool, funds: bool, handling: float, first: int, last: int, earliest: int,
    latest: int, connected: bool, transport: float, lane_rate: float, lead: int, shared: float,
) -> int:  # fmt: skip
    """Return the cost of a direct delivery, `FORBIDDEN` if none is in time."""
    if funds:
        connected, lead = True, 0
    if not connected or max(earliest, first + lead) > min(latest, last + lead):
        return FORBIDDEN
    carried = weight * (lane_rate if service else transport)
    handled = 0.0 if service else weight * handling
    return to_money(carried + handled + 0.0 + shared)


@inlined
def hub_cost(
    weight: float, cost_in: float, cost_out: float, handling: float, storage: float, through: int,
    first: int, last: int, earliest: int, latest: int, shared: float,
) -> int:  # fmt: skip
    """Return the cost through a hub, `FORBIDDEN` if there is no way or none in time."""
    if max(earliest, first + through) > latest or np.isinf(cost_in + cost_out):
        return FORBIDDEN
    stay = max(0, earliest - (last + through))
    return to_money(weight * (cost_in + cost_out) + weight * handling + weight * (stay * storage) + shared)


@compiled
def choose(
    t: Tariff, i: int, j: int, connected: bool, transport: float, lane_rate: float, lead: int
) -> tuple[int, int]:
    """Return (cost, hub) of the cheapest route of an admitted pair; `FORBIDDEN` if none is in time.

    The leg is that between their places. Ties go to direct, then to the first hub by name.
    """
    given, tail, head = t.gifts[i, ITEM], t.gifts[i, PLACE], t.wants[j, PLACE]
    weight, service, funds = t.weight[given], t.service[given], t.funds[given]
    first, last, earliest = t.gifts[i, FIRST], t.gifts[i, LAST], t.wants[j, FIRST]
    latest = min(t.wants[j, LAST], t.gifts[i, EXPIRY] - t.wants[j, MIN_REMAINING])
    shared = shared_cost(t, i, j)
    hub = -1
    cost = direct_cost(
        weight, service, funds, t.handling, first, last, earliest, latest, connected, transport, lane_rate,
        lead, shared,
    )  # fmt: skip
    if (cost < FORBIDDEN and t.straight) or service or funds or first > last or max(first, earliest) > latest:
        return cost, hub
    cost_in, cost_out = t.cost_in, t.cost_out
    for rank in range(len(t.hub_handling)):
        h = t.order[tail, rank]
        least = weight * (cost_in[tail, h] + t.least_handling) + shared
        if least * (10_000 * (1 - SAFE)) - 1 > cost:
            break
        if t.hub_cold[h] or not t.cold[given]:
            price = hub_cost(
                weight, cost_in[tail, h], cost_out[head, h], t.hub_handling[h], t.hub_storage[h],
                t.lead_in[tail, h] + t.lead_out[head, h], first, last, earliest, latest, shared,
            )  # fmt: skip
            if price < cost or (price == cost and hub > h):
                cost, hub = price, h
    return cost, hub


@compiled
def nearest_hub(
    order: Shorts, cost_in: Floats, cost_out: Floats, handling: Floats, hub_cold: Bools,
    least_handling: float, cold: bool, tail: int, head: int,
) -> int:  # fmt: skip
    """Return the hub with the cheapest way for goods that wait as long and as dear in any; -1 for none."""
    least, hub = np.inf, -1
    for rank in range(len(handling)):
        h = order[tail, rank]
        if cost_in[tail, h] + least_handling > least:
            break
        per_kg = cost_in[tail, h] + cost_out[head, h] + handling[h]
        if per_kg < least and (hub_cold[h] or not cold):
            least, hub = per_kg, h
    return hub


@compiled
def linked(t: Tariff, i: int, j: int) -> bool:
    """Return whether some hub that may take the goods joins the places of a pair."""
    given, tail, head = t.gifts[i, ITEM], t.gifts[i, PLACE], t.wants[j, PLACE]
    if t.service[given] or t.funds[given]:
        return False
    found = False
    for h in range(len(t.hub_handling)):
        open_way = not np.isinf(t.cost_in[tail, h] + t.cost_out[head, h])
        found = found or (open_way and (t.hub_cold[h] or not t.cold[given]))
    return found


@compiled
def judge_all(t: Tariff, rows: Ints, columns: Ints, step: Steps, cost: Ints, hub: Ints) -> None:
    """Write the first step that refuses each of the pairs (n,), 7 if none does, its least cost, its hub."""
    gifts, wants, fits, admits_community, admits_group = (
        t.gifts, t.wants, t.fits, t.admits_community, t.admits_group,
    )  # fmt: skip
    boundary, attribute, agreement = t.boundary, t.attribute, t.agreement
    tail_name, tail_latitude, tail_longitude, tail_cosine = (
        t.tail_name, t.tail_latitude, t.tail_longitude, t.tail_cosine,
    )  # fmt: skip
    head_name, head_latitude, head_longitude, head_cosine = (
        t.head_name, t.head_latitude, t.head_longitude, t.head_cosine,
    )  # fmt: skip
    lane_start, lane_head, lane_distance, lane_rates, lane_lead = (
        t.lane_start, t.lane_head, t.lane_distance, t.lane_rate, t.lane_lead,
    )  # fmt: skip
    kg_km, detour, has_lanes = t.kg_km, t.detour, t.has_lanes
    for k in range(len(rows)):
        i, j = rows[k], columns[k]
        step[k] = refusal(
            gifts, wants, fits, admits_community, admits_group, boundary, attribute, agreement, i, j
        )
        cost[k], hub[k] = FORBIDDEN, -1
        if step[k] < 4:
            continue
        connected, transport, lane_rate, lead = leg(
            tail_name, tail_latitude, tail_longitude, tail_cosine,
            head_name, head_latitude, head_longitude, head_cosine,
            lane_start, lane_head, lane_distance, lane_rates, lane_lead, kg_km, detour, has_lanes,
            gifts[i, PLACE], wants[j, PLACE],
        )  # fmt: skip
        cost[k], hub[k] = choose(t, i, j, connected, transport, lane_rate, lead)
        if cost[k] < FORBIDDEN and t.bars and barred(t, i, j):
            step[k], cost[k], hub[k] = 6, FORBIDDEN, -1
        elif cost[k] < FORBIDDEN:
            step[k] = 7
        elif connected or t.funds[gifts[i, ITEM]] or linked(t, i, j):
            step[k] = 5


@compiled
def lower_bounds(t: Tariff, i: int, around: Floats, bound: Ints) -> None:
    """Write what a unit of donation i costs at least to each community, in whole 1/10 000.

    Where no way leads it is `FORBIDDEN`. If a way round may be shorter than the straight one, `around`
    is what a kg costs at least.
    """
    given, tail = t.gifts[i, ITEM], t.gifts[i, PLACE]
    if t.funds[given]:
        bound[:] = -1
        return
    weight, least_handling, scale = t.weight[given], t.least_handling, t.kg_km * t.detour * EARTH_RADIUS_KM
    if t.service[given]:
        weight = 0.0
    if t.crooked:
        for c in range(len(bound)):
            bound[c] = FORBIDDEN
            if not np.isinf(around[c]):
                bound[c] = int(weight * around[c] * (10_000 * (1 - SAFE))) - 1
        return
    point, x, y, z = t.head_point, t.tail_point[tail, 0], t.tail_point[tail, 1], t.tail_point[tail, 2]
    for c in range(len(bound)):
        # The chord is shorter than the arc; where a place is not known the distance is 0.
        east, north, up = point[c, 0] - x, point[c, 1] - y, point[c, 2] - z
        chord = math.sqrt(east * east + north * north + up * up)
        least = least_handling + (scale * chord if chord > 0 else 0.0)
        bound[c] = int(weight * least * (10_000 * (1 - SAFE))) - 1


@compiled
def roundabout(t: Tariff, tail: int, connected: Bools, transport: Floats, per_kg: Floats) -> None:
    """Write what a kg costs at least from a place, directly or through any hub; infinite without a way."""
    cost_in, cost_out, handling = t.cost_in, t.cost_out, t.hub_handling
    for c in range(len(per_kg)):
        per_kg[c] = transport[c] + t.handling if connected[c] else np.inf
        for h in range(len(handling)):
            per_kg[c] = min(per_kg[c], cost_in[tail, h] + cost_out[c, h] + handling[h])


@inlined
def chance(i: int, j: int) -> int:
    """Return a number of at least 0 that looks drawn at random, always the same for a pair."""
    mixed = np.uint64(i) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(j) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return int(np.int64(mixed >> np.uint64(8)))


@inlined
def deal(value: Ints, partner: Ints, low: int, high: int, worst: int, hand: int, other: int, new: int) -> int:
    """Put a pair into a hand of its owner if it is better than what is there; return the worst hand then.

    The hands of an owner are the places ``low:high``.
    """
    if new >= value[hand]:
        return worst
    value[hand], partner[hand] = new, other
    if hand != worst:
        return worst
    for k in range(low, high):
        if value[k] > value[worst]:
            worst = k
    return worst


@compiled
def search(
    t: Tariff, first_row: int, supply_price: Ints, demand_price: Ints, limit: int, row_rise: Ints,
    column_rise: Ints, slack: int, row_start: Ints, row_value: Ints, row_partner: Ints, column_start: Ints,
    column_value: Ints, column_partner: Ints, listed_row: Ints, listed_column: Ints, listed_cost: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Find pairs with low reduced costs, below `limit`.

    The pairs of row i are dealt at random into its ``row_start[i + 1] - row_start[i]`` hands, at
    least one; `row_value` and `row_partner` keep the best of each hand: the best of all for sure,
    and most of the next, but not all from the same corner. Those of the columns likewise. All
    values are to come in as `limit`, all partners as -1.

    If there is room in the list, all pairs are written to it that fit in, with their costs, instead of
    dealt; each row and column then needs one hand all the same. Pairs for which `row_rise` and
    `column_rise` add up to no more than `slack` are passed over.

    Where rows were split up, `first_row` is the number that the first of these had: the draw goes by it.

    Returns how many pairs were priced, and how many there were to be listed.
    """
    gifts, wants, fits, admits_community, admits_group = (
        t.gifts, t.wants, t.fits, t.admits_community, t.admits_group,
    )  # fmt: skip
    boundary, attribute, agreement, handling = t.boundary, t.attribute, t.agreement, t.handling
    start, column, common = t.start, t.column, t.shared
    order, cost_in, cost_out, hub_cold = t.order, t.cost_in, t.cost_out, t.hub_cold
    hub_handling, hub_storage, least_handling = t.hub_handling, t.hub_storage, t.least_handling
    tail_name, tail_latitude, tail_longitude, tail_cosine = (
        t.tail_name, t.tail_latitude, t.tail_longitude, t.tail_cosine,
    )  # fmt: skip
    head_name, head_latitude, head_longitude, head_cosine = (
        t.head_name, t.head_latitude, t.head_longitude, t.head_cosine,
    )  # fmt: skip
    lane_start, lane_head, lane_distance, lane_rates, lane_lead = (
        t.lane_start, t.lane_head, t.lane_distance, t.lane_rate, t.lane_lead,
    )  # fmt: skip
    kg_km, detour, has_lanes = t.kg_km, t.detour, t.has_lanes
    simple, straight = t.alike and not t.personal, t.straight
    # What a kg costs through a hub at least, beyond the bound, and for each day it waits there.
    dearer, dwell = 0.0, 0.0
    if simple and len(hub_handling):
        dwell = hub_storage.min()
        dearer = 0.0 if t.crooked else hub_handling.min() - least_handling
    count = len(start) - 1
    bound = np.empty(count, dtype=np.int64)
    highest = np.full(count, np.int64(-FORBIDDEN))
    bar = np.full(count, np.int64(2**63 - 1))
    column_worst = column_start[:-1].copy()
    for c in range(count):
        for at in range(start[c], start[c + 1]):
            highest[c] = max(highest[c], demand_price[column[at]])
    listing, priced, listed = len(listed_row) > 0, 0, 0
    place_rise = np.full(count, np.int64(-FORBIDDEN))
    for c in range(count):
        for at in range(start[c], start[c + 1]):
            place_rise[c] = max(place_rise[c], column_rise[column[at]])
    most_rise = place_rise.max()
    # Where a way round may be the shortest, all legs from a place are known before any is asked for.
    crooked, seen_from = t.crooked, -1
    known = count if crooked else 0
    open_to, carriage, around = np.empty(known, dtype=np.bool_), np.empty(known), np.empty(known)
    rate_of_lane, lead_to = np.empty(known), np.empty(known, dtype=np.int64)
    for i in range(len(row_start) - 1):
        rise = row_rise[i]
        if rise + most_rise <= slack:
            continue
        if crooked and gifts[i, PLACE] != seen_from:
            seen_from = gifts[i, PLACE]
            legs_from(t, seen_from, open_to, carriage, rate_of_lane, lead_to)
            roundabout(t, seen_from, open_to, carriage, around)
        lower_bounds(t, i, around, bound)
        given, tail, first, last = gifts[i, ITEM], gifts[i, PLACE], gifts[i, FIRST], gifts[i, LAST]
        weight, service, funds, cold = t.weight[given], t.service[given], t.funds[given], t.cold[given]
        goods, sets = not (service or funds), gifts[i, SET_OF_COMMUNITIES]
        worst, paid = row_start[i], supply_price[i]
        for c in range(count):
            if bound[c] == FORBIDDEN or rise + place_rise[c] <= slack or start[c] == start[c + 1]:
                continue
            left = bound[c] - paid
            if left - highest[c] >= limit or (left - highest[c] >= row_value[worst] and left >= bar[c]):
                continue
            there = wants[column[start[c]], COMMUNITY]
            if sets >= 0 and not admits_community[sets, there]:
                continue
            if boundary != OPEN and not inside(boundary, attribute, agreement, gifts[i, COMMUNITY], there):
                continue
            looked, hub = crooked, NOT_SOUGHT
            connected, transport, lane_rate, lead = False, 0.0, 0.0, 0
            if crooked:
                connected, transport, lane_rate, lead = open_to[c], carriage[c], rate_of_lane[c], lead_to[c]
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
                step = refusal(
                    gifts, wants, fits, admits_community, admits_group, boundary, attribute, agreement, i, j
                )
                earliest = wants[j, FIRST]
                latest = min(wants[j, LAST], gifts[i, EXPIRY] - wants[j, MIN_REMAINING])
                if step == 4 and max(first, earliest) > latest:
                    step = 5
                if step == 4 and not looked and (not simple or has_lanes or earliest <= last or not goods):
                    connected, transport, lane_rate, lead = leg(
                        tail_name, tail_latitude, tail_longitude, tail_cosine,
                        head_name, head_latitude, head_longitude, head_cosine,
                        lane_start, lane_head, lane_distance, lane_rates, lane_lead, kg_km, detour, has_lanes,
                        tail, c,
                    )  # fmt: skip
                    looked = True
                if step == 4 and not simple:
                    cost, _ = choose(t, i, j, connected, transport, lane_rate, lead)
                elif step == 4:
                    shared = common[given, j]
                    if looked:
                        cost = direct_cost(
                            weight, service, funds, handling, first, last, earliest, latest, connected,
                            transport, lane_rate, lead, shared,
                        )  # fmt: skip
                    least += int(weight * (dearer + max(0, earliest - last) * dwell) * (10_000 * (1 - SAFE)))
                    waits = goods and first <= last and (least < row_value[worst] or least < its_worst)
                    if waits and (cost == FORBIDDEN or not straight):
                        if hub == NOT_SOUGHT:
                            hub = nearest_hub(
                                order, cost_in, cost_out, hub_handling, hub_cold, least_handling, cold, tail,
                                c,
                            )  # fmt: skip
                        if hub >= 0:
                            price = hub_cost(
                                weight, cost_in[tail, hub], cost_out[c, hub], hub_handling[hub],
                                hub_storage[hub], 0, first, last, earliest, latest, shared,
                            )  # fmt: skip
                            cost = min(cost, price)
                if t.bars and cost < FORBIDDEN and barred(t, i, j):
                    cost = FORBIDDEN
                reduced = cost - paid - demand_price[j]
                if cost < FORBIDDEN and reduced < limit and listing:
                    if listed < len(listed_row):
                        listed_row[listed], listed_column[listed], listed_cost[listed] = i, j, cost
                    listed += 1
                elif cost < FORBIDDEN and reduced < limit:
                    drawn = chance(first_row + i, j)
                    low, high = row_start[i], row_start[i + 1]
                    hand = low + drawn % (high - low)
                    worst = deal(row_value, row_partner, low, high, worst, hand, j, reduced)
                    low, high = column_start[j], column_start[j + 1]
                    hand = low + drawn % (high - low)
                    column_worst[j] = deal(
                        column_value, column_partner, low, high, column_worst[j], hand, i, reduced
                    )
                bar[c] = max(bar[c], column_value[column_worst[j]] + demand_price[j])
    return priced, listed
