"""What a random case is drawn from: its features, and the places and ways that it has."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from small_case import Row

FIRST_DAY = date(2026, 3, 1)
PLAIN = (
    "items",
    "steps",
    "services",
    "shelf life",
    "cold",
    "substitutions",
    "lots",
    "quality",
    "earmarks",
    "groups",
    "exclusions",
    "priorities",
    "channels",
    "unmet costs",
    "reliability",
    "days",
    "horizon",
    "communities",
    "coordinates",
    "boundary",
    "agreements",
    "origins",
    "own coordinates",
    "hubs",
    "lanes",
    "lead times",
    "total cost",
    "blank places",
    "remarks",
)
NEEDED = {
    "capacities": {"hubs"},
    "ratios": {"substitutions"},
    "big lots": set(),
    "odd steps": {"items", "steps", "substitutions"},
    "single source": set(),
    "all or nothing": set(),
    "few communities": set(),
    "affinities": set(),
    "budget": set(),
    "fairness": {"communities"},
    "funds": {"items", "steps"},
}
"""Whole feature → the plain features that it cannot do without."""

WHOLE = tuple(NEEDED)
"""Features that a transport problem alone cannot express."""

COSTS = (0, 0.1, 0.5, 1, 2.5, 0.0001, 0.00005, 0.00015, 3)
DISTANCES = (0, 1, 2, 2.5, 10, 100.5)
LIKED = {
    "capacities": {"days", "communities", "agreements", "lanes"},
    "few communities": {"communities"},
}
"""Whole feature → the plain features in which it shows more often."""

FEW = {"few communities", "fairness"}
"""Whole features that show where several communities want one donation."""

CAPACITIES = (0, 1, 2, 0.5, 3, 4.5, 6, 10)
AMPLE = 1_000_000
ORGANIZATIONS = ("Alpha", "Beta", "Gamma", None)
REFUSING = {"blank places", "exclusions", "earmarks", "quality", "shelf life"}
MOSTLY = st.sampled_from((True, True, False))
EVENLY = st.sampled_from((True, False))
SELDOM = st.sampled_from((False, False, False, True))


def day(offset: int) -> str:
    """Return a day as it is written."""
    return (FIRST_DAY + timedelta(days=offset)).isoformat()


def written(row: Row) -> Row:
    """Return a row without the cells that are not given."""
    return {column: value for column, value in row.items() if value is not None}


class Drawing:
    """Draws the features of one case, its communities, hubs, agreements and lanes."""

    def __init__(self, draw: st.DrawFn, always: Collection[str], plain: bool) -> None:
        self.draw = draw
        self.always = always
        whole = {feature for feature in WHOLE if feature in always}
        if not plain and draw(MOSTLY):
            whole |= {feature for feature in WHOLE if draw(SELDOM)}
        self.whole = bool(whole)
        liked = set().union(*(LIKED.get(feature, ()) for feature in whole))
        self.features = {
            feature for feature in PLAIN if feature in always or draw(self._odds(feature, liked))
        }
        self.features |= whole.union(*(NEEDED[feature] for feature in whole))
        self.fairness = self.one("floor", "leximin", "share", given="fairness")
        communities = self.several(2 if FEW & self.features else 1, 4)
        self.communities = [f"C{k + 1}" for k in range(communities)]
        self.hubs = self._hubs()
        self.tables: dict[str, list[Row]] = {}

    def _odds(self, feature: str, liked: Collection[str]) -> st.SearchStrategy[bool]:
        """Return how often a plain feature is on: less beside whole ones, so that these show."""
        if feature in REFUSING:
            return SELDOM
        return EVENLY if self.whole and feature not in liked else MOSTLY

    def one(self, *values: Any, given: str = "") -> Any:
        """Draw one of `values`; None where the feature `given` is off, never where it is always on."""
        if given and given not in self.features:
            return None
        if given in self.always:
            values = tuple(value for value in values if value is not None)
        return self.draw(st.sampled_from(values))

    def several(self, least: int, most: int) -> int:
        """Draw a number from `least`, where `most` allows that, to `most`."""
        return self.draw(st.integers(min(least, most), most))

    def capacity(self, *ample: int | None) -> float | None:
        """Draw a capacity that may bind, or one of `ample` where no capacity is to bind."""
        if "capacities" in self.features:
            return self.one(None, *CAPACITIES)
        return self.one(*ample)

    def coordinates(self, name: str = "coordinates") -> Row:
        """Draw coordinates, or none, where the feature `name` is on."""
        blank = (True, False) if "blank places" in self.features else (*[False] * 7, True)
        if name not in self.features or self.one(*blank):
            return {}
        return {"latitude": self.one(31.0, 31.1, 31.25), "longitude": self.one(121.3, 121.4, 121.45)}

    def _hubs(self) -> list[Row]:
        if "hubs" not in self.features:
            return []
        hubs = []
        for name in ("H2", "H1", "C1")[: self.draw(st.integers(1, 3))]:
            row = {
                "hub": name,
                "handling_cost": self.one(None, *COSTS),
                "storage_cost": self.one(None, *COSTS),
                "cold": self.one(None, True, False, given="cold"),
                "throughput_capacity": self.capacity(None, None, None, AMPLE),
                "storage_capacity": self.capacity(None),
            }
            hubs.append(written(row) | ({} if name == "C1" else self.coordinates()))
        if "capacities" in self.features:
            hubs[0]["throughput_capacity"] = self.one(*CAPACITIES)
        return hubs

    def _population(self, community: str) -> int | None:
        """Draw residents: in every row, and some somewhere, where fair shares depend on them."""
        if self.fairness != "share":
            return self.one(None, 10)
        return self.one(10, 7, 100, *([] if community == "C1" else [0]))

    def add_communities(self) -> None:
        """Add communities, the organisations that serve them, and what these have agreed on."""
        self.tables["communities"] = [
            written(
                {
                    "community": name,
                    "district": self.one(None, "North", "South", given="boundary"),
                    "organization": self.one(*ORGANIZATIONS, given="agreements"),
                    "population": self._population(name),
                }
            )
            | self.coordinates()
            for name in self.communities
        ]
        if "agreements" not in self.features:
            return
        pairs = [(a, b) for a in ORGANIZATIONS[:3] for b in ORGANIZATIONS[:3]]
        chosen = self.draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=6))
        self.tables["agreements"] = [
            written(
                {
                    "from_organization": a,
                    "to_organization": b,
                    "transfer_cost": self.one(0.5, *COSTS, None),
                    "max_quantity_kg": self.capacity(None, None, AMPLE),
                }
            )
            for a, b in chosen
        ]
        if self.one(False, True):
            self.tables["organizations"] = [{"organization": name} for name in ORGANIZATIONS[:3]]

    def add_lanes(self) -> None:
        """Add lanes between some of the places."""
        hubs = [hub["hub"] for hub in self.hubs]
        starts = list(dict.fromkeys([*self.communities, *hubs, "depot"]))
        ends = list(dict.fromkeys([*self.communities, *hubs]))
        mapped = self.mapped()
        rows = []
        pairs = [(a, b) for a in starts for b in ends]
        least = min(6, len(pairs)) if "capacities" in self.features else 0
        for a, b in self.draw(st.lists(st.sampled_from(pairs), unique=True, min_size=least, max_size=12)):
            known = a == b or (a in mapped and b in mapped)
            distance = self.one(*DISTANCES, *([None] if known else []))
            paid = self.one(None, None, *COSTS)
            if paid is not None and self.one(False, True):
                distance = None
            rows.append(
                written(
                    {
                        "from_place": a,
                        "to_place": b,
                        "distance_km": distance,
                        "cost_per_kg": paid,
                        "lead_days": self.one(None, 1, 2, 0, 1, given="lead times"),
                        "capacity_kg": self.capacity(None, None, None, AMPLE),
                    }
                )
            )
        self.tables["lanes"] = rows

    def mapped(self) -> set[str]:
        """Return the names of communities and hubs that have coordinates."""
        rows = (*self.tables.get("communities", ()), *self.hubs)
        return {row.get("community", row.get("hub")) for row in rows if "latitude" in row}

    def correct_origins(self) -> None:
        """Take back own coordinates that contradict the origin's, and origins that nothing knows."""
        communities = self.tables.get("communities", self.tables["needs"])
        known = {row["community"] for row in communities} | {row["hub"] for row in self.hubs}
        known |= {row["from_place"] for row in self.tables.get("lanes", ())}
        for row in self.tables["donations"]:
            if row.get("origin") in self.mapped():
                row.pop("latitude", None)
                row.pop("longitude", None)
            if "latitude" not in row and row.get("origin") not in known:
                row.pop("origin", None)
