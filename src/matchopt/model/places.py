"""Places and the lanes between them (contract §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Floats, Ints, Texts
from matchopt.contract.lines import positions
from matchopt.kernels import sized
from matchopt.model.tariff import Globe, Lanes, fill_legs

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

    def globe(self) -> Globe:
        """Return the places for compiled code."""
        latitude, longitude = np.radians(self.latitude), np.radians(self.longitude)
        cosine = np.cos(latitude)
        point = np.stack([cosine * np.cos(longitude), cosine * np.sin(longitude), np.sin(latitude)], axis=1)
        return Globe(self.name, latitude, longitude, cosine, point)


class Atlas:
    """Knows every place of a case by name, and the lanes between them."""

    def __init__(self, case: Case) -> None:
        self._rates: Rates = case.settings.rates
        named = (
            ("communities", "community"), ("hubs", "hub"), ("needs", "community"), ("donations", "origin"),
            ("donations", "community"), ("lanes", "from_place"), ("lanes", "to_place"),
        )  # fmt: skip
        known = pd.unique(np.concatenate([case.column(*name) for name in named]))
        self.names = pd.Index(known[known != ""], dtype=object)
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
        self._lane_distance, self._lane_rate, self._lane_lead = (
            case.column("lanes", name)[order] for name in ("distance_km", "cost_per_kg", "lead_days")
        )

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

    def lanes_of(self, tails: Places, heads: Places) -> Lanes:
        """Return the lanes from `tails` to `heads` (distinct names) for compiled code."""
        row, column, lane = self._lanes_between(tails, heads)
        order = np.lexsort((column, row))
        lane = lane[order]
        return Lanes(
            np.searchsorted(row[order], np.arange(len(tails) + 1)), column[order],
            self._lane_distance[lane], self._lane_rate[lane], self._lane_lead[lane],
        )  # fmt: skip

    def kilometres(self, tails: Places, heads: Places, tail: Ints, head: Ints) -> Floats:
        """Return how long the direct ways are, by lane or by the great circle × detour.

        Parameters
        ----------
        tails, heads
            Places; `heads` of distinct names.
        tail, head : (n,) int
            Where each way begins and ends among them. Places that are not known are no way apart.
        """
        lanes = self.lanes_of(tails, heads)
        # At a price of 1 for a kilometre, whatever the lanes charge, transport is the way itself.
        lanes = lanes._replace(rate=np.full_like(lanes.rate, np.nan))
        km, price = np.empty(len(tail)), np.empty(len(tail))
        connected, lead = np.empty(len(tail), dtype=bool), np.empty(len(tail), dtype=np.int64)
        detour = self._rates.detour_factor
        sized(fill_legs, len(tail))(
            tails.globe(), heads.globe(), lanes, 1.0, detour, self.has_lanes, tail, head, connected, km,
            price, lead,
        )  # fmt: skip
        return km

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
