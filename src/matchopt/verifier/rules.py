"""Which donation may serve which need, over which routes, on which days, at what cost (contract §2 to §4).

Arrays have one entry a pair; `i` are donations, `j` needs, `goal` communities, all as indices.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.tolerances import ROUNDING
from matchopt.verifier.facts import Facts, PlaceLegs, pick, tenthousandths

STEPS = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing", "declined")
"""What each step of §2 refuses with, and last what commitments bar; a pair that passes all of them has
passed `len(STEPS)`."""

NOWHERE = 2**62
"""Cost of a pair that no route serves in time."""

DIRECT, UNKNOWN = -1, -2
"""In place of a hub: a direct delivery; a hub that the case does not know."""

_CHEAPER = 1 - ROUNDING
"""Factor that makes a cost computed in floats a lower bound of itself."""


class Fees(NamedTuple):
    """What is added to a donated unit whatever its route; affinities are part of the penalty."""

    identification: Floats
    penalty: Floats
    transfer: Floats
    purchase: Floats

    def total(self) -> Floats:
        """Return all of them together."""
        return self.identification + self.penalty + self.transfer + self.purchase

    def unbudgeted(self) -> Floats:
        """Return what no budget counts: purchases, and penalties, which are rated; to 1/10 000."""
        return self.purchase + tenthousandths(self.penalty) / 10_000


class UnitCost(NamedTuple):
    """What a unit costs over a route, by component, in currency."""

    transport: Floats
    handling: Floats
    storage: Floats

    def total(self, fees: Fees) -> Ints:
        """Return the cost of a unit in 1/10 000, rounded once."""
        return tenthousandths(self.transport + self.handling + self.storage + fees.total())


class Schedule(NamedTuple):
    """The days of a route, and whether they are in time."""

    timely: Bools
    pickup: Ints
    arrival: Ints
    delivery: Ints
    stay: Ints


class Inbound:
    """The legs of some donations into the hubs, computed hub by hub as they are asked for."""

    def __init__(self, f: Facts, i: Ints) -> None:
        self._f, self._i = f, i
        self._legs: dict[int, PlaceLegs] = {}

    def to(self, h: int) -> PlaceLegs:
        """Return the legs into a hub."""
        if h not in self._legs:
            self._legs[h] = into_hubs(self._f, self._i, np.full(len(self._i), h))
        return self._legs[h]


class PairFacts(NamedTuple):
    """Pairs of a donation and a need.

    Attributes
    ----------
    fits, inside
        Whether the items fit, and whether the boundary policy admits the community.
    ratio
        Units of the need that one donated unit serves.
    first, last, wanted, due
        First and last day of pick-up; first day of delivery, and the last one that need and shelf life allow.
    row
        Which of the donations of `inbound` a pair has.
    """

    i: Ints
    j: Ints
    goal: Ints
    fits: Bools
    inside: Bools
    ratio: Floats
    weight: Floats
    service: Bools
    first: Ints
    last: Ints
    wanted: Ints
    due: Ints
    fees: Fees
    direct: PlaceLegs
    row: Ints
    inbound: Inbound

    @classmethod
    def of(cls, f: Facts, i: Ints, j: Ints) -> PairFacts:
        """Return the pairs of donations `i` and needs `j`."""
        d, n = f.donations, f.needs
        goal, weight = n.community[j], d.weight[i]
        fits, ratio, penalty, bought = substituted(f, i, j)
        inside, transfer = within_boundary(f, i, goal)
        penalty = penalty + ratio * _poor_fit(f, i, j)
        fees = Fees(ratio * n.fee[j], penalty, weight * transfer, np.where(bought, 1.0, 0.0))
        due = np.minimum(n.last[j], d.expires[i] - n.remaining[j])
        days = d.first[i], d.last[i], n.first[j], due
        distinct, row = np.unique(i, return_inverse=True)
        legs = direct_legs(f, i, goal)
        return cls(
            *(i, j, goal, fits, inside, ratio, weight, d.service[i], *days),
            fees,
            legs,
            row,
            Inbound(f, distinct),
        )


def substituted(f: Facts, i: Ints, j: Ints) -> tuple[Bools, Floats, Floats, Bools]:
    """Tell whether items fit; units served by one, its penalty, and whether money buys something else."""
    given, asked = f.donations.item[i], f.needs.item[j]
    row, same = f.substitutions.between.find(asked, given), given == asked
    named = (row >= 0) & ~same
    other = f.item_funds[given] & ~f.item_funds[asked]
    buys = other & ~named & ~np.isnan(f.buyable[asked])
    ratio, penalty = np.ones(len(i)), np.zeros(len(i))
    ratio[named], penalty[named] = f.substitutions.ratio[row[named]], f.substitutions.penalty[row[named]]
    ratio[buys] = 1 / f.buyable[asked[buys]]
    return same | named | buys, ratio, penalty, buys


def line_granule(f: Facts, p: PairFacts) -> Ints:
    """Return the grains of which each line of a pair is a whole multiple."""
    d = f.donations
    return np.where(p.fees.purchase > 0, d.granule[p.i], d.granule[p.i] * d.multiple[p.i])


def one_more(f: Facts, p: PairFacts) -> Floats:
    """Return the least units that a donation alone can give a need: of money, what buys a step of it."""
    d, line = f.donations, line_granule(f, p)
    lump = f.lumps[f.needs.item[p.j]] * np.maximum(np.rint(1 / d.grain[p.i]).astype(np.int64) // 10_000, 1)
    return np.where(p.fees.purchase > 0, np.lcm(line, np.maximum(lump, 1)), line) * d.grain[p.i]


def exact_ratio(f: Facts, i: int, j: int) -> Fraction:
    """Return the ratio of a pair that fits as the fraction that the tables write."""
    given, asked = f.donations.item[i], f.needs.item[j]
    if given == asked:
        return Fraction(1)
    row = int(f.substitutions.between.find(asked, given))
    if row >= 0:
        return Fraction(repr(float(f.substitutions.ratio[row])))
    return 1 / Fraction(repr(float(f.buyable[asked])))


def _poor_fit(f: Facts, i: Ints, j: Ints) -> Floats:
    """Return what a unit served costs for not fitting fully."""
    a = f.affinities
    if not a.matter:
        return np.zeros(len(i))
    row = np.full(len(i), -1, dtype=np.int64)
    for index, donation, need in a.by:
        row = np.where(row < 0, index.find(donation[i], need[j]), row)
    return np.where(row < 0, 0.0, a.weight * (1 - a.score[row]))


def within_boundary(f: Facts, i: Ints, goal: Ints) -> tuple[Bools, Floats]:
    """Tell whether the boundary policy admits a community, and the transfer cost of a kg; both broadcast."""
    home = f.donations.community[i]
    ours, theirs = f.organization[home], f.organization[goal]
    row = f.agreements.between.find(ours, theirs)
    transfer = np.zeros(row.shape)
    transfer[row >= 0] = f.agreements.transfer[row[row >= 0]]
    admitted = (home < 0) | (home == goal)
    match f.settings.policy.boundary:
        case "open":
            admitted = np.ones(row.shape, dtype=bool)
        case "district":
            admitted = admitted | ((f.district[home] == f.district[goal]) & (f.district[home] >= 0))
        case "organization":
            admitted = admitted | ((ours == theirs) & (ours >= 0))
        case "agreements":
            admitted = admitted | ((ours == theirs) & (ours >= 0)) | (row >= 0)
    return admitted, transfer


def refusals(f: Facts, p: PairFacts) -> dict[str, Bools]:
    """Return step by step of §2, routes and days aside, which pairs it refuses."""
    d, n = f.donations, f.needs
    marked = f.places_marked[d.place_mark[p.i], p.goal] & f.groups_marked[d.group_mark[p.i], n.group[p.j]]
    return {
        "no_such_item": ~p.fits,
        "quality": d.quality[p.i] < n.quality[p.j],
        "earmark": ~marked,
        "boundary": ~p.inside,
    }


def admissible(f: Facts, i: Ints, j: Ints) -> Bools:
    """Tell which pairs all steps of §2 admit, commitments aside."""
    p = PairFacts.of(f, i, j)
    refused = np.logical_or.reduce(list(refusals(f, p).values()))
    return np.asarray(~refused & (best_routes(f, p).cost < NOWHERE), dtype=np.bool_)


def direct_legs(f: Facts, i: Ints, goal: Ints) -> PlaceLegs:
    """Return the direct legs of donations to communities; money is there at once, wherever it is."""
    legs = f.lanes.legs(pick(f.donations.spots, i), pick(f.spots, goal))
    funds = f.donations.funds[i]
    return legs._replace(open=legs.open | funds, lead=np.where(funds, 0, legs.lead))


def into_hubs(f: Facts, i: Ints, h: Ints) -> PlaceLegs:
    """Return the legs of donations into hubs that may take them: goods only, cold ones where it is cold."""
    d = f.donations
    legs = f.lanes.legs(pick(d.spots, i), pick(f.hubs.spots, h))
    taken = (f.hubs.cold[h] | ~d.cold[i]) & ~(d.service[i] | d.funds[i])
    return legs._replace(open=legs.open & taken)


class Routes(NamedTuple):
    """Routes of pairs: open or not, may goods stay on the way, currency/kg (and day), lead days.

    A direct route is all `lead_in`; services travel free but for what a lane gives.
    """

    open: Bools
    stored: Bools
    transport: Floats
    handling: Floats
    storage: Floats
    lead_in: Ints
    lead_out: Ints

    def schedule(self, p: PairFacts) -> Schedule:
        """Return the best days: fewest days of storage, then early delivery, then late pick-up."""
        lead = self.lead_in + self.lead_out
        stay = np.where(self.stored, np.maximum(p.wanted - (p.last + lead), 0), 0)
        delivery = np.maximum(p.wanted, p.first + lead)
        timely = (p.first <= p.last) & (delivery <= p.due) & (self.stored | (delivery <= p.last + lead))
        pickup = delivery - lead - stay
        return Schedule(timely, pickup, pickup + self.lead_in, delivery, stay)

    def cost(self, p: PairFacts, stay: Ints) -> UnitCost:
        """Return what a unit costs that is stored for `stay` days."""
        return UnitCost(p.weight * self.transport, p.weight * self.handling, p.weight * (stay * self.storage))


def direct(f: Facts, p: PairFacts) -> Routes:
    """Return the direct routes."""
    none = np.zeros(len(p.i))
    transport = np.where(p.service, p.direct.quoted, p.direct.cost)
    handling = np.where(p.service, 0.0, f.settings.rates.handling_direct)
    lead_out = none.astype(np.int64)
    return Routes(p.direct.open, none.astype(bool), transport, handling, none, p.direct.lead, lead_out)


def through(f: Facts, p: PairFacts, h: Ints | int) -> Routes:
    """Return the routes through hub `h`, the same for all pairs or one for each."""
    into = pick(p.inbound.to(h), p.row) if isinstance(h, int) else into_hubs(f, p.i, h)
    out, none = pick(f.outbound, (h, p.goal)), np.zeros(len(p.i))
    cost, rates = into.cost + out.cost, (none + f.hubs.handling[h], none + f.hubs.storage[h])
    return Routes(into.open & out.open, none == 0, cost, *rates, into.lead, out.lead)


def stated_routes(f: Facts, p: PairFacts, hub: Ints) -> Routes:
    """Return the route of each pair through the hub that it has, direct where it has none."""
    straight = direct(f, p)
    if not (hub >= 0).any():
        return straight._replace(open=straight.open & (hub != UNKNOWN))
    by_hub = through(f, p, np.maximum(hub, 0))
    routes = Routes(*(np.where(hub >= 0, x, y) for x, y in zip(by_hub, straight, strict=True)))
    return routes._replace(open=routes.open & (hub != UNKNOWN))


class BestRoutes(NamedTuple):
    """The cheapest route of each pair: its hub (or `DIRECT`) and unit cost (or `NOWHERE`).

    `connected` tells whether any route connects, in time or not.
    """

    hub: Ints
    cost: Ints
    connected: Bools


def best_routes(f: Facts, p: PairFacts) -> BestRoutes:
    """Choose the route of each pair: the cheapest, then direct, then the hub first by name."""
    straight = direct(f, p)
    days, fee = straight.schedule(p), p.fees.total()
    prices = straight.cost(p, days.stay).total(p.fees)
    cost = np.where(straight.open & days.timely, prices, NOWHERE)
    hub, connected = np.full(len(p.i), DIRECT, dtype=np.int64), straight.open.copy()
    for h in range(len(f.hubs.names)):
        into, out = p.inbound.to(h), pick(f.outbound, h)
        is_open = into.open[p.row] & out.open[p.goal]
        connected |= is_open
        carried = p.weight * (into.cost[p.row] + out.cost[p.goal] + f.hubs.handling[h])
        r = np.flatnonzero(is_open & ((carried + fee) * (10_000 * _CHEAPER) - 0.51 < cost))
        if r.size:
            few = pick(p, r)
            routes = through(f, few, h)
            days = routes.schedule(few)
            prices = np.where(days.timely, routes.cost(few, days.stay).total(few.fees), NOWHERE)
            better = prices < cost[r]
            cost[r[better]], hub[r[better]] = prices[better], h
    return BestRoutes(hub, cost, connected)


def lanes_taken(f: Facts, i: Ints, goal: Ints, hub: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the lanes of each route, -1 for none: the direct one, into a hub, out of it."""
    start, end, find = f.donations.spots.name[i], f.spots.name[goal], f.lanes.between.find
    none = np.full(len(i), -1, dtype=np.int64)
    by_hub = hub >= 0
    direct = np.where(by_hub, none, find(start, end))
    if not by_hub.any():
        return direct, none, none
    middle = np.where(by_hub, f.hubs.spots.name[np.maximum(hub, 0)], -1)
    return direct, find(start, middle), find(middle, end)


def agreement_of(f: Facts, i: Ints, goal: Ints) -> Ints:
    """Return the agreement that goods pass under, -1 for none."""
    return f.agreements.between.find(f.organization[f.donations.community[i]], f.organization[goal])


def loaded(f: Facts, p: PairFacts) -> Bools:
    """Tell on which pairs shared capacities bear: some route in time loads one, be it by waiting a night."""
    bears, timely = np.zeros((2, len(p.i)), dtype=bool)
    limited = np.append(np.isfinite(f.lanes.capacity), False)
    for h in range(DIRECT, len(f.hubs.names)):
        routes = direct(f, p) if h == DIRECT else through(f, p, h)
        in_time = routes.open & routes.schedule(p).timely
        lanes = lanes_taken(f, p.i, p.goal, np.full(len(p.i), h))
        full = np.logical_or.reduce([limited[lane] for lane in lanes])
        if h != DIRECT:
            waits = p.due - routes.lead_out > p.first + routes.lead_in
            full |= np.isfinite(f.hubs.takes[h]) | (np.isfinite(f.hubs.holds[h]) & waits)
        timely |= in_time
        bears |= in_time & full
    agreed = np.append(np.isfinite(f.agreements.passes), False)[agreement_of(f, p.i, p.goal)]
    return np.asarray((bears | (timely & agreed)) & (f.donations.load[p.i] > 0), dtype=np.bool_)
