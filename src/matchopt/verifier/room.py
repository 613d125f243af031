"""What a plan leaves free on shared capacities, and the cheapest way on which some more still fits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matchopt.verifier import routes
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.loads import DUST, Loads, agreement_of, lanes_taken
from matchopt.verifier.meetings import Met


class Room(NamedTuple):
    """The kg that still fit: by lane and agreement (the last entry: none taken, no limit), hub and day."""

    lanes: Floats
    agreements: Floats
    takes: Floats
    holds: Floats

    @classmethod
    def of(cls, loads: Loads, limits: Loads) -> Room:
        """Return what `loads` leave free of `limits`."""
        lanes, agreements, takes, holds = (
            limit * (1 + DUST) - load for limit, load in zip(limits, loads, strict=True)
        )
        return cls(np.append(lanes, np.inf), np.append(agreements, np.inf), takes, holds)


def cheapest_with_room(f: Facts, room: Room, met: Met, kg: Floats) -> Ints:
    """Return what a unit costs on the cheapest way on which `kg` fit; `routes.NOWHERE` without one."""
    if not f.shared:
        return met.cost
    size = len(met.i)
    none = np.full(size, routes.DIRECT)
    fits = (kg == 0) | (room.agreements[agreement_of(f, met.i, met.goal)] >= kg)
    lane = lanes_taken(f, met.i, met.goal, none)[0]
    timely = met.direct.open & routes.direct_days(met.trip, met.direct.lead).timely
    straight = timely & fits & ((kg == 0) | (room.lanes[lane] >= kg))
    least = np.where(straight, routes.direct_price(f, met.trip, met.direct).total(met.fees), routes.NOWHERE)
    weights, of = np.unique(kg, return_inverse=True)
    for h in range(len(f.hubs.names)):
        _, into, out = lanes_taken(f, met.i, met.goal, np.full(size, h))
        usable = fits & met.into.open[met.row, h] & met.out.open[h, met.goal]
        usable &= (kg == 0) | ((room.lanes[into] >= kg) & (room.lanes[out] >= kg))
        r = np.flatnonzero(usable)
        stay = _fewest_days(f, room, met.at(r), h, (weights, of[r]))
        r, stay = r[stay >= 0], stay[stay >= 0]
        carriage = met.into.cost[met.row[r], h] + met.out.cost[h, met.goal[r]]
        price = routes.hub_price(f, met.trip.at(r), h, carriage, stay)
        least[r] = np.minimum(least[r], price.total(met.fees.at(r)))
    return least


def _fewest_days(f: Facts, room: Room, met: Met, h: int, kg: tuple[Floats, Ints]) -> Ints:
    """Return the fewest days of storage at hub `h` with room for it all along; -1 where there is none."""
    weights, of = kg
    trip, last = met.trip, f.days - 1
    lead_in, lead_out = met.into.lead[met.row, h], met.out.lead[h, met.goal]
    come, leave = trip.first + lead_in - f.start, np.maximum(trip.wanted - lead_out - f.start, 0)
    latest = np.minimum(trip.last + lead_in, trip.due - lead_out) - f.start
    arrival, after = latest, np.zeros_like(latest)
    for free, day in ((room.takes[h], "arrival"), (room.holds[h], "after")):
        open_days: Bools = (weights[:, None] == 0) | (free[None, :] >= weights[:, None])
        if not open_days.size or open_days.all():
            continue
        days = np.arange(open_days.shape[1])
        if day == "arrival":
            before = np.maximum.accumulate(np.where(open_days, days, -1), axis=1)
            arrival = np.where(latest >= 0, before[of, np.clip(latest, 0, last)], -1)
        else:
            before = np.maximum.accumulate(np.where(open_days, -1, days), axis=1)
            after = np.where(leave > 0, before[of, np.clip(leave - 1, 0, last)] + 1, 0)
    good = (arrival >= np.maximum(come, after)) & (arrival <= latest) & (arrival >= 0)
    return np.where(good, np.maximum(leave - arrival, 0), -1)
