"""Places and the ways between them (contract §3): connected, what a kg costs, how many days."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matchopt.verifier.keys import Bools, Floats, Ints, Pairs

EARTH_RADIUS_KM = 6371.0088


class Spots(NamedTuple):
    """Places: code of the name (-1: unnamed) and coordinates (NaN: unknown)."""

    name: Ints
    latitude: Floats
    longitude: Floats

    def at(self, index: npt.NDArray[np.int64]) -> Spots:
        """Return some of the places, in the shape of `index`."""
        return Spots(self.name[index], self.latitude[index], self.longitude[index])


class Legs(NamedTuple):
    """Ways from place to place: whether there is one, cost of a kg, days, cost as the lane gives it or 0."""

    open: Bools
    cost: Floats
    lead: Ints
    quoted: Floats

    def pick(self, rows: Ints) -> Legs:
        """Return some ways of a list of ways."""
        return Legs(self.open[rows], self.cost[rows], self.lead[rows], self.quoted[rows])

    def turned(self) -> Legs:
        """Return a table of ways with rows as columns."""
        return Legs(self.open.T, self.cost.T, self.lead.T, self.quoted.T)


class Roads(NamedTuple):
    """The lanes, and the rates for where there is none."""

    lanes: Pairs
    distance: Floats
    cost: Floats
    lead: Ints
    rate: float
    detour: float

    def legs(self, start: Spots, goal: Spots) -> Legs:
        """Return the ways from `start` to `goal`; the two broadcast."""
        lane = self.lanes.find(start.name, goal.name)
        by_lane = lane >= 0
        same = (start.name == goal.name) & (start.name >= 0)
        crow = great_circle(start, goal) * self.detour
        located = ~np.isnan(crow)
        distance = np.where(same | ~located, 0.0, crow)
        given = len(self.lead) > 0
        if not given:
            nothing = np.zeros(distance.shape)
            return Legs(
                np.ones(distance.shape, dtype=bool),
                distance * self.rate,
                nothing.astype(np.int64),
                nothing,
            )
        told = np.where(by_lane, self.distance[lane], np.nan)
        distance = np.where(np.isnan(told), distance, told)
        quote = np.where(by_lane, self.cost[lane], np.nan)
        cost = np.where(np.isnan(quote), self.rate * distance, quote)
        lead = np.where(by_lane, self.lead[lane], 0)
        return Legs(by_lane | same | located, cost, lead, np.nan_to_num(quote))


def great_circle(start: Spots, goal: Spots) -> Floats:
    """Return the distance in km by the haversine; NaN where a coordinate is unknown."""
    south, north = np.radians(start.latitude), np.radians(goal.latitude)
    rise = np.sin((north - south) / 2) ** 2
    turn = np.sin(np.radians(goal.longitude - start.longitude) / 2) ** 2
    chord = rise + np.cos(south) * np.cos(north) * turn
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0))), dtype=np.float64)
