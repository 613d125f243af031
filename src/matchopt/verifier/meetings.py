"""Meetings: the admissible pairs of some donations and needs, with what their routes are made of."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from matchopt.verifier.keys import Floats, Ints
from matchopt.verifier.places import Legs
from matchopt.verifier.routes import Fees, Trip


class Met(NamedTuple):
    """Admissible pairs.

    Attributes
    ----------
    gift, need
        Profiles.
    i, j
        The donations and needs that stand for them.
    ratio
        Units of the need that a donated unit serves.
    cost
        What a unit costs over the cheapest route, in 1/10 000.
    trip, fees
        Days and weight; what is added whatever the route.
    goal
        The community.
    direct
        The direct way.
    row, into, out
        The ways into the hubs, of which each pair takes one row, and out of them.
    """

    gift: Ints
    need: Ints
    i: Ints
    j: Ints
    ratio: Floats
    cost: Ints
    trip: Trip
    fees: Fees
    goal: Ints
    direct: Legs
    row: Ints
    into: Legs
    out: Legs

    def at(self, rows: Ints) -> Met:
        """Return some of the pairs, in the order they stand in."""
        if len(rows) == len(self.i):
            return self
        return Met(
            self.gift[rows], self.need[rows], self.i[rows], self.j[rows], self.ratio[rows], self.cost[rows],
            self.trip.at(rows), self.fees.at(rows), self.goal[rows], self.direct.pick(rows), self.row[rows],
            self.into, self.out,
        )  # fmt: skip


class Watcher(Protocol):
    """Somebody who looks at all admissible pairs of profiles, as the sweep comes by them."""

    def note(self, met: Met) -> None:
        """Look at some of them."""
