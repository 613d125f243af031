"""Places, the ways between them, and the days on which something can travel (contract §3)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from oracle.cells import Row, day_number, number, text

EARTH_RADIUS_KM = 6371.0088

Resource = tuple[str | int, ...]
"""What has a capacity: its kind, its place or places, and the day where each day has its own."""


@dataclass(frozen=True)
class Place:
    """Somewhere goods are picked up, pass through or are delivered."""

    name: str
    coordinates: tuple[float, float] | None


@dataclass(frozen=True)
class Leg:
    """The way from one place to another, by the names of both."""

    names: tuple[str, str]
    cost_per_kg: Decimal
    lane_cost_per_kg: Decimal | None
    lead_days: int


@dataclass(frozen=True)
class Days:
    """When something is picked up, arrives at the hub or the need, and is delivered, as day numbers."""

    pickup: int
    arrival: int
    storage: int
    delivery: int


@dataclass(frozen=True)
class Route:
    """One way to deliver; money in 1/10 000 of the currency for one donated unit.

    `splits` are the ways in which its cost may be told by kind: more than one where several of the
    kinds that are spent are the largest, for then the odd 1/10 000 may stand with any of them. `rated` is
    minimised, but not spent.
    """

    hub: str
    pickup: date | None
    arrival: date | None
    delivery: date | None
    storage_days: int
    unit_cost: int
    splits: tuple[tuple[int, ...], ...]
    rated: int
    purchase: int
    uses: tuple[Resource, ...]

    @property
    def way(self) -> tuple[str, date | None, date | None, date | None]:
        """Hub and days: what tells two lines of a pair apart."""
        return self.hub, self.pickup, self.arrival, self.delivery

    @property
    def budgeted(self) -> int:
        """What one donated unit takes from the budget, in 1/10 000: what is really spent, purchases aside."""
        return self.unit_cost - self.rated - self.purchase


@dataclass(frozen=True)
class Line:
    """A quantity of donation `i`, in item units, brought to need `j` over one route."""

    i: int
    j: int
    route: Route
    quantity: Fraction


def great_circle(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the distance of two (latitude, longitude) in km, by the haversine formula."""
    (lat_a, lon_a), (lat_b, lon_b) = ([math.radians(v) for v in p] for p in (a, b))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


class Roads:
    """The places of a case and what leads from one to another."""

    def __init__(self, tables: Mapping[str, Sequence[Row]], rates: Mapping[str, Decimal]) -> None:
        self.communities = {text(r, "community"): r for r in tables.get("communities", ())}
        self.hubs = {text(r, "hub"): r for r in tables.get("hubs", ())}
        self.lanes = {(text(r, "from_place"), text(r, "to_place")): r for r in tables.get("lanes", ())}
        self.rates = rates

    def _coordinates(self, name: str) -> tuple[float, float] | None:
        for row in (self.communities.get(name), self.hubs.get(name)):
            if row is not None and row.get("latitude") is not None:
                return (row["latitude"], row["longitude"])
        return None

    def _origin(self, donation: Row) -> Place:
        name = text(donation, "origin")
        if donation.get("latitude") is not None:
            return Place(name, (donation["latitude"], donation["longitude"]))
        return Place(name, self._coordinates(name) if name else None)

    def _place(self, name: str) -> Place:
        return Place(name, self._coordinates(name))

    def _leg(self, a: Place, b: Place) -> Leg | None:
        """Return the way from `a` to `b`, None where they are not connected."""
        same = bool(a.name) and a.name == b.name
        lane = self.lanes.get((a.name, b.name)) if a.name and b.name else None
        if lane is None and not same and self.lanes and not (a.coordinates and b.coordinates):
            return None
        distance = number(lane, "distance_km") if lane else None
        if distance is None:
            distance = Decimal(0)
            if not same and a.coordinates and b.coordinates:
                distance = Decimal(great_circle(a.coordinates, b.coordinates)) * self.rates["detour_factor"]
        paid = number(lane, "cost_per_kg") if lane else None
        lead = int(number(lane, "lead_days", 0)) if lane else 0
        cost = self.rates["transport_per_kg_km"] * distance if paid is None else paid
        return Leg((a.name, b.name), cost, paid, lead)

    def connected(self, donation: Row, need: Row, item: Row) -> Iterator[tuple[str, list[Leg]]]:
        """Yield hub (``""`` is direct) and legs of every connection that `item` may take."""
        if text(item, "kind") == "funds":
            yield "", [Leg(("", ""), Decimal(0), None, 0)]
            return
        origin, target = self._origin(donation), self._place(text(need, "community"))
        direct = self._leg(origin, target)
        if direct is not None:
            yield "", [direct]
        if text(item, "kind") == "service":
            return
        for name, hub in self.hubs.items():
            if item.get("cold") and not hub.get("cold"):
                continue
            into, out_of = self._leg(origin, self._place(name)), self._leg(self._place(name), target)
            if into is not None and out_of is not None:
                yield name, [into, out_of]

    def stated(self, donation: Row, need: Row, item: Row, hub: str) -> list[Leg]:
        """Return the legs through a hub that somebody names, free and without delay where none is known."""
        if text(item, "kind") == "funds":
            return [Leg(("", ""), Decimal(0), None, 0)]
        stops = [
            self._origin(donation),
            *([self._place(hub)] if hub else []),
            self._place(text(need, "community")),
        ]
        return [self._leg(a, b) or Leg((a.name, b.name), Decimal(0), None, 0) for a, b in pairwise(stops)]


@dataclass(frozen=True)
class Calendar:
    """The planning days, as day numbers; an undated case has the one day 0."""

    dated: bool
    start: int
    end: int

    def day(self, row: Row, column: str, default: int) -> int:
        """Return the day of a cell, `default` where it is not given."""
        return default if row.get(column) is None else day_number(row[column])

    def shown(self, day: int) -> date | None:
        """Return a day as a date, None in an undated case."""
        return date.fromordinal(day) if self.dated else None

    def stated(self, row: Row, donation: Row, legs: list[Leg]) -> Days:
        """Return the days of a commitment; where it gives none it goes at once and never stops."""
        if not self.dated:
            return Days(0, 0, 0, 0)
        lead_in, lead_out = legs[0].lead_days, sum(leg.lead_days for leg in legs[1:])
        first = max(self.day(donation, "available_from", self.start), self.start)
        pickup = self.day(row, "pickup_day", first)
        delivery = self.day(row, "delivery_day", pickup + lead_in + lead_out)
        if len(legs) == 1:
            return Days(pickup, delivery, 0, delivery)
        arrival = self.day(row, "arrival_day", pickup + lead_in)
        return Days(pickup, arrival, max(delivery - lead_out - arrival, 0), delivery)

    def told(self, days: Days) -> tuple[date | None, date | None, date | None]:
        """Return pick-up, arrival and delivery as dates."""
        return self.shown(days.pickup), self.shown(days.arrival), self.shown(days.delivery)

    def _last_day(self, donation: Row, need: Row, item: Row) -> int | None:
        """Return the last day of delivery that leaves the shelf life asked for."""
        expires = donation.get("expires_on")
        shelf_life = number(item, "shelf_life_days")
        if expires is not None:
            last = day_number(expires)
        elif shelf_life is not None:
            last = self.day(donation, "available_from", self.start) + int(shelf_life)
        else:
            return None
        return last - int(number(need, "min_remaining_days", 0))

    def days(self, donation: Row, need: Row, item: Row, legs: list[Leg]) -> Iterator[Days]:
        """Try every number of storage days and every delivery day; yield what is in time, best first."""
        pickups = range(
            self.day(donation, "available_from", self.start),
            self.day(donation, "available_until", self.end) + 1,
        )
        deliveries = range(
            self.day(need, "needed_from", self.start), self.day(need, "needed_by", self.end) + 1
        )
        last = self._last_day(donation, need, item)
        for storage in range(self.end - self.start + 1 if len(legs) == 2 else 1):
            for delivery in range(self.start, self.end + 1):
                pickup = delivery - storage - sum(leg.lead_days for leg in legs)
                if (
                    pickup >= self.start
                    and pickup in pickups
                    and delivery in deliveries
                    and (last is None or delivery <= last)
                ):
                    yield Days(pickup, pickup + legs[0].lead_days, storage, delivery)
