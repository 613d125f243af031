"""Routes, their days and what a unit costs over them (contract §3): arrays with one entry a pair."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from matchopt.kernels import compiled
from matchopt.verifier.facts import Facts, tenthousandths
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.places import Legs
from matchopt.verifier.rules import Fit

NOWHERE = 2**62
"""Cost of a pair that no route serves in time."""

DIRECT = -1
"""Hub of a direct delivery."""


class Days(NamedTuple):
    """The best days of a route, and whether there are any."""

    timely: Bools
    pickup: Ints
    arrival: Ints
    delivery: Ints
    stay: Ints


class Fees(NamedTuple):
    """What is added to a donated unit whatever its route; affinities are part of the penalty."""

    identification: Floats
    penalty: Floats
    transfer: Floats
    purchase: Floats

    @classmethod
    def of(cls, f: Facts, i: Ints, j: Ints, fit: Fit, transfer: Floats) -> Fees:
        """Return the fees of pairs; `transfer` is that of a kg."""
        return cls(
            fit.ratio * f.wants.fee[j],
            fit.penalty + fit.ratio * f.affinities.cost(i, j),
            f.gifts.weight[i] * transfer,
            np.where(fit.bought, 1.0, 0.0),
        )

    def at(self, rows: Ints) -> Fees:
        """Return the fees of some pairs."""
        return Fees(self.identification[rows], self.penalty[rows], self.transfer[rows], self.purchase[rows])

    def total(self) -> Floats:
        """Return all of them together."""
        return self.identification + self.penalty + self.transfer + self.purchase


class Price(NamedTuple):
    """What a unit costs over a route, by component, in currency."""

    transport: Floats
    handling: Floats
    storage: Floats

    def at(self, rows: Ints) -> Price:
        """Return the price of some pairs."""
        return Price(self.transport[rows], self.handling[rows], self.storage[rows])

    def total(self, fees: Fees) -> Ints:
        """Return the cost of a unit in 1/10 000, rounded once."""
        route = self.transport + self.handling + self.storage
        return tenthousandths(route + fees.total())


class Choice(NamedTuple):
    """The route of each pair: its hub (or `DIRECT`) and unit cost (or `NOWHERE`)."""

    hub: Ints
    cost: Ints


def outbound(f: Facts) -> Legs:
    """Return the ways from each hub (row) to each community (column), those of a community side by side."""
    hubs, goals = np.arange(len(f.hubs.names)), np.arange(len(f.spots.name))
    return f.roads.legs(f.hubs.spots.at(hubs[None, :]), f.spots.at(goals[:, None])).turned()


def straight(f: Facts, i: Ints, goal: Ints) -> Legs:
    """Return the direct ways of donations to communities; money is there at once, wherever it is."""
    legs = f.roads.legs(f.gifts.spots.at(i), f.spots.at(goal))
    funds = f.gifts.funds[i]
    return legs._replace(open=legs.open | funds, lead=np.where(funds, 0, legs.lead))


def inbound(f: Facts, gifts: Ints) -> Legs:
    """Return the ways from each donation (row) to each hub (column) that may take it: goods only."""
    hubs = np.arange(len(f.hubs.names))
    legs = f.roads.legs(f.gifts.spots.at(gifts[:, None]), f.hubs.spots.at(hubs[None, :]))
    cold, light = f.gifts.cold[gifts], f.gifts.service[gifts] | f.gifts.funds[gifts]
    return legs._replace(open=legs.open & (f.hubs.cold | ~cold[:, None]) & ~light[:, None])


class Trip(NamedTuple):
    """What a pair has to do with time and weight: one entry a pair.

    `first` and `last` are the days of pick-up, `wanted` the first day of delivery, `due` the last one
    on which need and shelf life allow it.
    """

    weight: Floats
    service: Bools
    first: Ints
    last: Ints
    wanted: Ints
    due: Ints

    @classmethod
    def of(cls, f: Facts, i: Ints, j: Ints) -> Trip:
        """Return the trips from donations `i` to needs `j`."""
        g, w = f.gifts, f.wants
        due = np.minimum(w.last[j], g.expires[i] - w.remaining[j])
        return cls(g.weight[i], g.service[i], g.first[i], g.last[i], w.first[j], due)

    def at(self, rows: Ints) -> Trip:
        """Return some of the trips."""
        return Trip(
            self.weight[rows], self.service[rows], self.first[rows], self.last[rows], self.wanted[rows],
            self.due[rows],
        )  # fmt: skip


def direct_days(trip: Trip, lead: Ints) -> Days:
    """Return the days of a direct delivery."""
    delivery = np.maximum(trip.wanted, trip.first + lead)
    timely = delivery <= np.minimum(trip.due, trip.last + lead)
    return Days(timely, delivery - lead, delivery, delivery, np.zeros_like(delivery))


def hub_days(trip: Trip, lead_in: Ints, lead_out: Ints) -> Days:
    """Return the days through a hub: fewest days of storage, then early delivery, then late pick-up."""
    lead = lead_in + lead_out
    stay = np.maximum(trip.wanted - (trip.last + lead), 0)
    delivery = np.maximum(trip.wanted, trip.first + lead)
    timely = (trip.first <= trip.last) & (delivery <= trip.due)
    pickup = delivery - lead - stay
    return Days(timely, pickup, pickup + lead_in, delivery, stay)


def direct_price(f: Facts, trip: Trip, legs: Legs) -> Price:
    """Return what a unit costs directly; services travel free unless a lane has a price."""
    handling = np.where(trip.service, 0.0, trip.weight * f.settings.rates.handling_direct)
    transport = trip.weight * np.where(trip.service, legs.quoted, legs.cost)
    return Price(transport, handling, np.zeros_like(handling))


def hub_price(f: Facts, trip: Trip, h: Ints | int, carriage: Floats, stay: Ints) -> Price:
    """Return what a unit costs through hub `h`; `carriage` is the transport of a kg on both legs."""
    weight = trip.weight
    return Price(weight * carriage, weight * f.hubs.handling[h], weight * (stay * f.hubs.storage[h]))


def cheapest(
    f: Facts, trip: Trip, goal: Ints, fees: Fees, direct: Legs, rows: Ints, into: Legs, out: Legs
) -> Choice:
    """Choose the route of each pair: the cheapest, then direct, then the hub first by name.

    Parameters
    ----------
    goal
        The community of each pair.
    direct
        The direct way of each pair.
    rows, into
        The ways into the hubs, and the row in it of each pair.
    out
        The ways out of the hubs.
    """
    timely = direct.open & direct_days(trip, direct.lead).timely
    cost = np.where(timely, direct_price(f, trip, direct).total(fees), NOWHERE)
    hub = np.full(len(goal), DIRECT, dtype=np.int64)
    days = trip.weight, trip.first, trip.last, trip.wanted, trip.due
    _try_hubs(
        days, goal, fees.total(), rows, tuple(into), tuple(out.turned()), f.hubs.handling, f.hubs.storage,
        cost, hub,
    )  # fmt: skip
    return Choice(hub, cost)


@compiled
def _try_hubs(
    trip: tuple[Floats, Ints, Ints, Ints, Ints], goal: Ints, fee: Floats, rows: Ints, into: tuple[Any, ...],
    out: tuple[Any, ...], handling: Floats, storage: Floats, cost: Ints, hub: Ints,
) -> None:  # fmt: skip
    """Put the hub and its cost where one is cheaper; as `hub_days` and `hub_price`, hub by hub."""
    weights, firsts, lasts, wants, dues = trip
    into_open, into_cost, into_lead, _ = into
    out_open, out_cost, out_lead, _ = out
    for k in range(len(goal)):
        r, c, weight = rows[k], goal[k], weights[k]
        first, last, wanted, due = firsts[k], lasts[k], wants[k], dues[k]
        if first > last or max(first, wanted) > due:
            continue
        for h in range(len(handling)):
            lead = into_lead[r, h] + out_lead[c, h]
            if not (into_open[r, h] and out_open[c, h]) or max(wanted, first + lead) > due:
                continue
            stay = max(wanted - (last + lead), 0)
            carriage = into_cost[r, h] + out_cost[c, h]
            route = weight * carriage + weight * handling[h] + weight * (stay * storage[h])
            if route * 10_000 >= cost[k]:
                continue
            units = np.rint(np.rint((route + fee[k]) * 10_000 * 1e6) / 1e6)
            total = np.int64(min(units, 2.0**61))
            if total < cost[k]:
                cost[k], hub[k] = total, h
