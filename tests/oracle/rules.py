"""Who can serve whom, by which route and at what cost: one pair at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]

STAGES = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing")
EARTH_RADIUS_KM = 6371.0088
COMPONENTS = ("transport", "handling", "storage", "identification", "penalty", "transfer")
DAYS = {
    "needs": ("needed_from", "needed_by"),
    "donations": ("available_from", "available_until", "expires_on"),
}
RATES = {
    "transport_per_kg_km": 0.002,
    "handling_direct": 0.10,
    "hub_handling": 0.20,
    "hub_storage": 0.01,
    "detour_factor": 1.3,
    "unmet_cost": 1000.0,
}


@dataclass(frozen=True)
class Place:
    """Somewhere goods are picked up, pass through or are delivered."""

    name: str
    coordinates: tuple[float, float] | None


@dataclass(frozen=True)
class Leg:
    """The way from one place to another."""

    cost_per_kg: Decimal
    lane_cost_per_kg: Decimal | None
    lead_days: int


@dataclass(frozen=True)
class Route:
    """One way to deliver; money in 1/10 000 of the currency for one donated unit."""

    hub: str
    pickup: date | None
    arrival: date | None
    delivery: date | None
    storage_days: int
    unit_cost: int
    components: tuple[int, ...]


def text(row: Row, column: str) -> str:
    """Return a cell as stripped text, ``""`` where it is not given."""
    value = row.get(column)
    return "" if value is None else str(value).strip()


def number(row: Row, column: str, default: float | None = None) -> Decimal | None:
    """Return a cell as the decimal that was written."""
    value = row.get(column)
    value = default if value is None else value
    return None if value is None else Decimal(str(value))


def names(row: Row, column: str) -> set[str]:
    """Return the parts of a ``;``-separated cell."""
    return {part.strip() for part in text(row, column).split(";") if part.strip()}


def to_money(amount: Decimal) -> int:
    """Round to 1/10 000, half to even."""
    scaled = (amount * 10_000).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def great_circle(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the distance of two (latitude, longitude) in km, by the haversine formula."""
    (lat_a, lon_a), (lat_b, lon_b) = ([math.radians(v) for v in p] for p in (a, b))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


class Rules:
    """The contract applied to the rows of one case.

    Attributes
    ----------
    excluded
        Numbers of the needs that an exclusion names.
    plannable
        What may be planned of each donation, in item units.
    obstacle
        (donation, need) → first stage that refuses the pair, ``""`` if admissible.
    route
        (donation, need) → best route, for the admissible pairs.
    """

    def __init__(self, tables: Mapping[str, Sequence[Row]], settings: Mapping[str, Any]) -> None:
        self.needs = tables["needs"]
        self.donations = tables["donations"]
        self.communities = {text(r, "community"): r for r in tables.get("communities", ())}
        self.hubs = {text(r, "hub"): r for r in tables.get("hubs", ())}
        self.items = {text(r, "item"): r for r in tables.get("items", ())}
        self.lanes = {(text(r, "from_place"), text(r, "to_place")): r for r in tables.get("lanes", ())}
        self.substitutions = {
            (text(r, "need_item"), text(r, "donated_item")): r for r in tables.get("substitutions", ())
        }
        self.agreements = {
            (text(r, "from_organization"), text(r, "to_organization")): r
            for r in tables.get("agreements", ())
        }
        rates = settings.get("rates", {})
        self.rates = {name: Decimal(str(rates.get(name, default))) for name, default in RATES.items()}
        self.identification = rates.get("identification", {})
        policy = settings.get("policy", {})
        self.objective: str = policy.get("objective", "coverage-first")
        self.boundary: str = policy.get("boundary", "open")
        self.reliability: str = policy.get("reliability", "expected")
        self.dated, self.start, self.end = self._horizon(tables, settings.get("horizon", {}))
        self.excluded = {
            j
            for j, need in enumerate(self.needs)
            if any(self._names_it(row, need) for row in tables.get("exclusions", ()))
        }
        self.plannable = [self._plannable(donation) for donation in self.donations]
        self.pool = [i for i, quantity in enumerate(self.plannable) if quantity > 0]
        self.obstacle: dict[tuple[int, int], str] = {}
        self.route: dict[tuple[int, int], Route] = {}
        for i in range(len(self.donations)):
            for j in range(len(self.needs)):
                self._judge(i, j)

    # --- the frame -----------------------------------------------------------------------------

    @staticmethod
    def _horizon(tables: Mapping[str, Sequence[Row]], setting: Mapping[str, Any]) -> tuple[bool, int, int]:
        days = [
            day_number(row[column])
            for table, columns in DAYS.items()
            for row in tables[table]
            for column in columns
            if row.get(column) is not None
        ]
        if not days:
            return False, 0, 0
        start, end = setting.get("start"), setting.get("end")
        first = day_number(start) if start is not None else min(days)
        last = day_number(end) if end is not None else max(days)
        return True, first, last

    @staticmethod
    def _names_it(exclusion: Row, need: Row) -> bool:
        return all(
            text(exclusion, column) in ("", text(need, column)) for column in ("item", "group", "community")
        )

    def step(self, item: str) -> Fraction:
        """Return the smallest quantity step of `item`."""
        return Fraction(str(number(self.items.get(item, {}), "step", 1)))

    def _plannable(self, donation: Row) -> Fraction:
        quantity = Fraction(str(donation["quantity"]))
        reliability = Fraction(str(number(donation, "reliability", 1)))
        if self.reliability == "ignore" or reliability == 1:
            return quantity
        if self.reliability == "firm":
            return Fraction(0)
        step = self.step(text(donation, "item"))
        return math.floor(quantity * reliability / step) * step

    # --- stages of contract §2 -----------------------------------------------------------------

    def _judge(self, i: int, j: int) -> None:
        donation, need = self.donations[i], self.needs[j]
        item, wanted = text(donation, "item"), text(need, "item")
        stage = ""
        if item != wanted and (wanted, item) not in self.substitutions:
            stage = "no_such_item"
        elif number(donation, "quality", 5) < number(need, "min_quality", 1):
            stage = "quality"
        elif not self._earmarks_admit(donation, need):
            stage = "earmark"
        elif not self._boundary_admits(donation, need):
            stage = "boundary"
        else:
            connected = list(self._connected(donation, need))
            in_time = [(hub, legs, days) for hub, legs in connected if (days := self._days(i, j, legs))]
            if not connected:
                stage = "unreachable"
            elif not in_time:
                stage = "timing"
            else:
                routes = [self._priced(donation, need, *found) for found in in_time]
                self.route[i, j] = min(routes, key=lambda r: (r.unit_cost, r.hub != "", r.hub))
        self.obstacle[i, j] = stage

    @staticmethod
    def _earmarks_admit(donation: Row, need: Row) -> bool:
        communities, groups = names(donation, "only_communities"), names(donation, "only_groups")
        return (not communities or text(need, "community") in communities) and (
            not groups or text(need, "group") in groups
        )

    def _of_community(self, community: str, column: str) -> str:
        return text(self.communities.get(community, {}), column)

    def _boundary_admits(self, donation: Row, need: Row) -> bool:
        giver, taker = text(donation, "community"), text(need, "community")
        if self.boundary == "open" or not giver or giver == taker:
            return True
        if self.boundary == "community":
            return False
        column = "district" if self.boundary == "district" else "organization"
        ours, theirs = self._of_community(giver, column), self._of_community(taker, column)
        if ours and ours == theirs:
            return True
        return self.boundary == "agreements" and (ours, theirs) in self.agreements

    # --- places, routes and days (§3) ----------------------------------------------------------

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
        return Leg(self.rates["transport_per_kg_km"] * distance if paid is None else paid, paid, lead)

    def _connected(self, donation: Row, need: Row) -> Iterator[tuple[str, list[Leg]]]:
        origin, target = self._origin(donation), self._place(text(need, "community"))
        direct = self._leg(origin, target)
        if direct is not None:
            yield "", [direct]
        item = self.items.get(text(donation, "item"), {})
        if text(item, "kind") == "service":
            return
        for name, hub in self.hubs.items():
            if item.get("cold") and not hub.get("cold"):
                continue
            into, out_of = self._leg(origin, self._place(name)), self._leg(self._place(name), target)
            if into is not None and out_of is not None:
                yield name, [into, out_of]

    def _last_day(self, donation: Row, need: Row) -> int | None:
        """Return the last day of delivery that leaves the shelf life asked for."""
        expires = donation.get("expires_on")
        shelf_life = number(self.items.get(text(donation, "item"), {}), "shelf_life_days")
        if expires is not None:
            last = day_number(expires)
        elif shelf_life is not None:
            last = self._day(donation, "available_from", self.start) + int(shelf_life)
        else:
            return None
        return last - int(number(need, "min_remaining_days", 0))

    @staticmethod
    def _day(row: Row, column: str, default: int) -> int:
        return default if row.get(column) is None else day_number(row[column])

    def _days(self, i: int, j: int, legs: list[Leg]) -> tuple[int, int, int, int] | None:
        """Try every number of storage days and every delivery day; return (p, a, n, t)."""
        donation, need = self.donations[i], self.needs[j]
        pickups = range(
            self._day(donation, "available_from", self.start),
            self._day(donation, "available_until", self.end) + 1,
        )
        deliveries = range(
            self._day(need, "needed_from", self.start), self._day(need, "needed_by", self.end) + 1
        )
        last = self._last_day(donation, need)
        for storage in range(self.end - self.start + 1 if len(legs) == 2 else 1):
            for delivery in range(self.start, self.end + 1):
                pickup = delivery - storage - sum(leg.lead_days for leg in legs)
                if (
                    pickup >= self.start
                    and pickup in pickups
                    and delivery in deliveries
                    and (last is None or delivery <= last)
                ):
                    arrival = pickup + legs[0].lead_days
                    return pickup, arrival, storage, delivery
        return None

    # --- what one donated unit costs -----------------------------------------------------------

    def _priced(
        self, donation: Row, need: Row, hub: str, legs: list[Leg], days: tuple[int, int, int, int]
    ) -> Route:
        item, wanted = text(donation, "item"), text(need, "item")
        facts = self.items.get(item, {})
        weight = number(facts, "weight_kg", 1)
        pickup, arrival, storage_days, delivery = days
        transport = weight * sum(leg.cost_per_kg for leg in legs)
        handling, storage = weight * self.rates["handling_direct"], Decimal(0)
        if text(facts, "kind") == "service":
            transport, handling = weight * (legs[0].lane_cost_per_kg or 0), Decimal(0)
        if hub:
            row = self.hubs[hub]
            handling = weight * number(row, "handling_cost", self.rates["hub_handling"])
            storage = weight * storage_days * number(row, "storage_cost", self.rates["hub_storage"])
        channel = text(need, "channel") or "resident"
        parts = [
            transport,
            handling,
            storage,
            Decimal(str(self.identification.get(channel, 0))),
            number(self.substitutions.get((wanted, item), {}), "penalty", 0)
            if item != wanted
            else Decimal(0),
            weight * self._transfer(donation, need),
        ]
        total = to_money(sum(parts))
        rounded = [to_money(part) for part in parts]
        rounded[parts.index(max(parts))] += total - sum(rounded)
        return Route(
            hub,
            self._shown(pickup),
            self._shown(arrival),
            self._shown(delivery),
            storage_days,
            total,
            tuple(rounded),
        )

    def _transfer(self, donation: Row, need: Row) -> Decimal:
        pair = tuple(self._of_community(text(row, "community"), "organization") for row in (donation, need))
        return number(self.agreements.get(pair, {}), "transfer_cost", 0)

    def _shown(self, day: int) -> date | None:
        return date.fromordinal(day) if self.dated else None

    # --- reasons -------------------------------------------------------------------------------

    def unmet_money(self, j: int) -> int:
        """Return what one unit of need `j` not served costs."""
        return to_money(number(self.needs[j], "unmet_cost", self.rates["unmet_cost"]))

    def candidates_of_need(self, j: int) -> list[int]:
        """Return the pool donations that can serve need `j`."""
        return [i for i in self.pool if (i, j) in self.route]

    def candidates_of_donation(self, i: int) -> list[int]:
        """Return the needs, exclusions aside, that donation `i` can serve."""
        return [j for j in range(len(self.needs)) if j not in self.excluded and (i, j) in self.route]

    def reason_of_need(self, j: int, unmet: Fraction) -> str:
        """Return why need `j` misses `unmet` units."""
        if unmet == 0:
            return ""
        if j in self.excluded:
            return "excluded"
        left = self.pool
        for stage in STAGES:
            left = [i for i in left if self.obstacle[i, j] != stage]
            if not left:
                return stage
        if self.objective == "total-cost":
            cheapest = min(self.route[i, j].unit_cost for i in left)
            return "not_worth_it" if cheapest >= self.unmet_money(j) else "outranked"
        return "outranked"

    def reason_of_donation(self, i: int, planned: Fraction) -> str:
        """Return why donation `i` is left over where only `planned` of it is used."""
        if planned == Fraction(str(self.donations[i]["quantity"])):
            return ""
        if self.plannable[i] == 0:
            return "unreliable"
        left = [j for j in range(len(self.needs)) if j not in self.excluded]
        if not left:
            return STAGES[0]
        for stage in STAGES:
            left = [j for j in left if self.obstacle[i, j] != stage]
            if not left:
                return stage
        if planned == self.plannable[i]:
            return "unreliable"
        if self.objective == "total-cost" and all(
            self.route[i, j].unit_cost >= self.unmet_money(j) for j in left
        ):
            return "not_worth_it"
        return "demand_met"


def day_number(value: Any) -> int:
    """Return a day, written as ISO text or a date, as its ordinal."""
    return (value if isinstance(value, date) else date.fromisoformat(str(value))).toordinal()
