"""Places and the lanes between them (contract §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.frames import positions
from matchopt.kernels import sized
from matchopt.model.classes import sorted_rows
from matchopt.model.pair_kernels import RATE, Roads, fill_legs

if TYPE_CHECKING:
    from matchopt.contract.case import Case
    from matchopt.contract.settings import Rates


@dataclass(frozen=True, slots=True)
class Places:
    """Points that goods leave, pass or reach.

    Attributes
    ----------
    name : (p,) int
        Code of the place's name, -1 for a place without one. Equal names are one place.
    latitude, longitude : (p,) float
        Degrees, NaN where not known.
    """

    name: Ints
    latitude: Floats
    longitude: Floats

    def __len__(self) -> int:
        return len(self.name)

    def take(self, index: Ints) -> Places:
        """Return the places at `index`."""
        return Places(self.name[index], self.latitude[index], self.longitude[index])

    def table(self) -> Floats:
        """Return the places (p, 7) as kernels know them: name, radians, and points on the unit sphere."""
        latitude, longitude = np.radians(self.latitude), np.radians(self.longitude)
        cosine = np.cos(latitude)
        point = cosine * np.cos(longitude), cosine * np.sin(longitude), np.sin(latitude)
        return np.stack([self.name.astype(np.float64), latitude, longitude, cosine, *point], axis=1)


@dataclass(frozen=True, slots=True)
class Legs:
    """Legs between pairs of places (n,).

    Attributes
    ----------
    connected : (n,) bool
        Whether goods can go at all.
    transport : (n,) float
        Currency per kg.
    lane_rate : (n,) float
        ``cost_per_kg`` where a lane gives it, else 0: what a service pays.
    lead : (n,) int
        Lead time in days.
    """

    connected: Bools
    transport: Floats
    lane_rate: Floats
    lead: Ints


def legs_between(roads: Roads, tail: Ints, head: Ints) -> Legs:
    """Return the legs between places (n,) and (n,)."""
    connected, lead = np.empty(len(tail), dtype=bool), np.empty(len(tail), dtype=np.int64)
    cost = np.empty((len(tail), 2))
    sized(fill_legs, len(tail))(roads, tail, head, connected, cost, lead)
    return Legs(connected, cost[:, 0], cost[:, 1], lead)


def _names(case: Case) -> pd.Index:
    """Return the names of places, by the first id of a need, then of a donation, that has them, then by name.

    What breaks ties goes by this order: ids are the same however rows stand and places are called.
    """
    needs = sorted_rows(case.column("needs", "need_id"))
    donations = sorted_rows(case.column("donations", "donation_id"))
    by_id = [case.column("needs", "community")[needs]]
    by_id += [case.column("donations", name)[donations] for name in ("origin", "community")]
    others = ("communities", "community"), ("hubs", "hub"), ("lanes", "from_place"), ("lanes", "to_place")
    by_name = sorted(set[str]().union(*(case.column(*name) for name in others)))
    known: Texts = pd.unique(np.concatenate([*by_id, np.array(by_name, dtype=object)]))
    names: pd.Index = pd.Index(known[known != ""], dtype=object)
    return names


class Atlas:
    """Knows every place of a case by name, and the lanes between them."""

    def __init__(self, case: Case) -> None:
        self._rates: Rates = case.settings.rates
        self.names = _names(case)
        self.has_lanes = "lanes" in case.tables
        self._latitude, self._longitude = self._coordinates(case)
        self._sort_lanes(case)

    def _coordinates(self, case: Case) -> tuple[Floats, Floats]:
        found = np.full((2, len(self.names)), np.nan)
        for table, key in (("hubs", "hub"), ("communities", "community")):
            given = np.stack([case.column(table, axis) for axis in ("latitude", "longitude")])
            known = np.flatnonzero(~np.isnan(given[0]))
            found[:, self.codes(case.column(table, key))[known]] = given[:, known]
        return found[0], found[1]

    def _sort_lanes(self, case: Case) -> None:
        tail, head = (self.codes(case.column("lanes", name)) for name in ("from_place", "to_place"))
        order = np.lexsort((head, tail))
        self._lane_number = order
        self._lane_head = head[order]
        self._lane_start = np.searchsorted(tail[order], np.arange(len(self.names) + 1))
        columns = [case.column("lanes", name) for name in ("distance_km", "cost_per_kg", "lead_days")]
        self._lane_table = np.stack(columns, axis=1, dtype=np.float64)[order]

    def codes(self, names: pd.Series | Texts) -> Ints:
        """Return the code of each name, -1 for an empty or unknown one."""
        return positions(self.names, names)

    def named(self, names: pd.Series | Texts) -> Places:
        """Return the places of `names`, each known to some table."""
        return self.at(self.codes(names))

    def at(self, code: Ints) -> Places:
        """Return the places of name codes."""
        return Places(code, self._latitude[code], self._longitude[code])

    def of_donations(self, donations: pd.DataFrame) -> Places:
        """Return where each donation lies: its own coordinates, else those of its origin."""
        code = self.codes(donations["origin"])
        latitude = donations["latitude"].to_numpy(dtype=np.float64)
        longitude = donations["longitude"].to_numpy(dtype=np.float64)
        by_name = (code >= 0) & np.isnan(latitude)
        latitude = np.where(by_name, self._latitude[code], latitude)
        longitude = np.where(by_name, self._longitude[code], longitude)
        return Places(code, latitude, longitude)

    def lanes(self, tails: Places, heads: Places) -> Ints:
        """Return the table row of the lane from each of `tails` (a) to each of `heads` (b), -1 for none."""
        lane_of = np.full((len(tails), len(heads)), -1, dtype=np.int64)
        row, column, lane = self._lanes_between(tails, heads)
        lane_of[row, column] = self._lane_number[lane]
        return lane_of

    def roads(self, tails: Places, heads: Places) -> Roads:
        """Return the legs from `tails` to `heads` (distinct names) as kernels know them."""
        row, column, lane = self._lanes_between(tails, heads)
        order, rates = np.lexsort((column, row)), self._rates
        start = np.searchsorted(row[order], np.arange(len(tails) + 1))
        lanes = self._lane_table[lane[order]]
        rated = rates.transport_per_kg_km, rates.detour_factor, self.has_lanes
        return Roads(tails.table(), heads.table(), start, column[order], lanes, *rated)

    def kilometres(self, tails: Places, heads: Places, tail: Ints, head: Ints) -> Floats:
        """Return how long direct legs are, by lane or by the great circle × detour.

        Parameters
        ----------
        tails, heads
            Places; `heads` of distinct names.
        tail, head : (n,) int
            Where each leg begins and ends among them. Places that are not known are 0 km apart.
        """
        roads = self.roads(tails, heads)
        # At a price of 1 for a kilometre, whatever the lanes charge, transport is the length itself.
        roads.lanes[:, RATE] = np.nan
        return legs_between(roads._replace(kg_km=1.0), tail, head).transport

    def displaced(self, places: Places) -> bool:
        """Return whether some place lies elsewhere than what its name says."""
        named = np.flatnonzero(places.name >= 0)
        at = self.at(places.name[named])
        return not (
            np.array_equal(at.latitude, places.latitude[named], equal_nan=True)
            and np.array_equal(at.longitude, places.longitude[named], equal_nan=True)
        )

    def _lanes_between(self, tails: Places, heads: Places) -> tuple[Ints, Ints, Ints]:
        """Return (row, column, lane) of every lane that leads from `tails` to `heads`."""
        named = np.flatnonzero(tails.name >= 0)
        first = self._lane_start[tails.name[named]]
        count = self._lane_start[tails.name[named] + 1] - first
        row = np.repeat(named, count)
        within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        lane = np.repeat(first, count) + within
        column_of = np.full(len(self.names) + 1, -1, dtype=np.int64)
        column_of[heads.name] = np.arange(len(heads))
        column = column_of[self._lane_head[lane]]
        hit = column >= 0
        return row[hit], column[hit], lane[hit]


def kilometres(case: Case, lines: pd.DataFrame) -> Floats:
    """Return the kilometres (a,) of each line, both legs of it; 0 for money, which does not travel.

    Parameters
    ----------
    lines
        donation_id, need_id and hub of each, as in the allocations of a plan.

    Returns
    -------
    array
        NaN throughout where the case knows neither coordinates nor distances.
    """
    located = [case.table(name)["latitude"].notna().any() for name in ("communities", "hubs")]
    if not any(located) and case.table("lanes")["distance_km"].isna().all():
        return np.full(len(lines), np.nan)
    atlas = Atlas(case)
    donors = atlas.of_donations(case.donations)
    tail = pd.Index(case.donations["donation_id"]).get_indexer(pd.Index(lines["donation_id"]))
    asked = pd.Index(case.needs["need_id"]).get_indexer(pd.Index(lines["need_id"]))
    goals, head = _distinct(case.needs["community"].iloc[asked])
    stops, hub = _distinct(lines["hub"].where(lines["hub"] != "", case.needs["community"].iloc[0]))
    ends, stations = atlas.named(goals), atlas.named(stops)
    direct = (lines["hub"] == "").to_numpy()
    through = atlas.kilometres(donors, stations, tail, hub) + atlas.kilometres(stations, ends, hub, head)
    km = np.where(direct, atlas.kilometres(donors, ends, tail, head), through)
    items = case.table("items")
    funds = items.loc[items["kind"] == "funds", "item"]
    return np.where(case.donations["item"].iloc[tail].isin(funds), 0.0, km)


def _distinct(names: pd.Series) -> tuple[pd.Series, Ints]:
    """Return the distinct names, and which of them each is."""
    code, distinct = pd.factorize(names.to_numpy(dtype=object))
    return pd.Series(distinct, dtype=object), code.astype(np.int64)
