"""Shared capacities: the rows that hubs, lanes and agreements add to a plan, and what loads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.model.calendar import Calendar
from matchopt.model.places import Atlas, Places
from matchopt.model.routes import DIRECT, Hubs, Itinerary

if TYPE_CHECKING:
    from matchopt.contract.case import Case

ROUNDING = 1e-9
"""Relative: what adding up kg in binary fractions may be off."""


@dataclass(frozen=True, slots=True)
class Loads:
    """Entries (e,) of the load matrix: delivery `which` puts `kg` per donated unit on capacity `row`."""

    which: Ints
    row: Ints
    kg: Floats


@dataclass(frozen=True, slots=True)
class Capacities:
    """The capacities that a case gives, one row each; -1 stands for none.

    Attributes
    ----------
    limit : (r,) float
        kg.
    side, name, to, day
        What each row is, as in the table of prices; `day` is -1 where it holds over the horizon.
    throughput, storage : (hubs, days) int
        Row of each hub and day.
    lane, agreement : (rows of the table + 1,) int
        Row of each lane and agreement; the last entry is for none.
    start
        First day of the horizon.
    """

    limit: Floats
    side: tuple[str, ...]
    name: tuple[str, ...]
    to: tuple[str, ...]
    day: Ints
    throughput: Ints
    storage: Ints
    lane: Ints
    agreement: Ints
    start: int

    @classmethod
    def of(cls, case: Case, hubs: Hubs, calendar: Calendar) -> Self:
        """Return the capacities of `case`."""
        days = calendar.end - calendar.start + 1
        rows: list[tuple[str, str, str, int, float]] = []

        def add(side: str, name: str, to: str, day: int, limit: float) -> int:
            if np.isnan(limit):
                return -1
            rows.append((side, name, to, day, limit))
            return len(rows) - 1

        def by_day(side: str, column: str) -> Ints:
            limits = getattr(hubs, column)
            return np.array(
                [
                    [add(side, str(hub), "", calendar.start + day, float(limit)) for day in range(days)]
                    for hub, limit in zip(hubs.names, limits, strict=True)
                ],
                dtype=np.int64,
            ).reshape(len(hubs), days)

        def by_pair(side: str, table: str, tail: str, head: str, column: str) -> Ints:
            ends = zip(*(case.column(table, c).tolist() for c in (tail, head, column)), strict=True)
            return np.array([add(side, a, b, -1, limit) for a, b, limit in ends] + [-1], dtype=np.int64)

        throughput = by_day("throughput", "throughput_capacity")
        storage = by_day("storage", "storage_capacity")
        lane = by_pair("lane", "lanes", "from_place", "to_place", "capacity_kg")
        agreement = by_pair(
            "agreement", "agreements", "from_organization", "to_organization", "max_quantity_kg"
        )
        side, name, to, day, limit = zip(*rows, strict=True) if rows else ((), (), (), (), ())
        return cls(
            np.array(limit, dtype=np.float64), side, name, to, np.array(day, dtype=np.int64),
            throughput, storage, lane, agreement, calendar.start,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.limit)

    @property
    def days(self) -> int:
        """Days of the horizon."""
        return int(self.throughput.shape[1])

    def by_day(self, hub: int) -> bool:
        """Return whether it matters on which days goods are in `hub`."""
        return bool((self.throughput[hub] >= 0).any() or (self.storage[hub] >= 0).any())

    def exceeded(self, load: Floats) -> Bools:
        """Return which capacities `load` (r,) exceeds."""
        return load > self.limit * (1 + ROUNDING)


NO_LOADS = Loads(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


class Burden:
    """What deliveries between the places of one part of the network load."""

    def __init__(
        self, capacities: Capacities, atlas: Atlas, hubs: Hubs, tails: Places, heads: Places
    ) -> None:
        self._capacities = capacities
        lane = capacities.lane
        if (lane >= 0).any():
            self.direct = lane[atlas.lanes(tails, heads)]
            self.inbound = lane[atlas.lanes(tails, hubs.places)]
            self.outbound = lane[atlas.lanes(hubs.places, heads)]
        else:
            self.direct, self.inbound, self.outbound = (
                np.full(shape, -1, dtype=np.int64) for shape in ((1, 1), (1, len(hubs)), (len(hubs), 1))
            )
        self.lanes = bool((lane >= 0).any())

    def loads(self, way: Itinerary, tail: Ints, head: Ints, agreement: Ints, kg: Floats) -> Loads:
        """Return the loads of deliveries (n,).

        Parameters
        ----------
        way
            Their hubs and days.
        tail, head : (n,) int
            Places they leave and reach.
        agreement : (n,) int
            Row of the table of agreements, -1 for none.
        kg : (n,) float
            Weight of one donated unit, 0 for what loads nothing.
        """
        capacities, number = self._capacities, np.arange(len(kg))
        through = np.flatnonzero(way.hub != DIRECT)
        straight = np.flatnonzero(way.hub == DIRECT)
        hub, day = way.hub[through], way.arrival[through] - capacities.start
        which, row = [number], [capacities.agreement[agreement]]
        if self.lanes:
            which += [straight, through, through]
            row += [
                self.direct[tail[straight], head[straight]],
                self.inbound[tail[through], hub],
                self.outbound[hub, head[through]],
            ]
        which.append(through)
        row.append(_on(capacities.throughput, hub, day))
        nights = way.stay[through]
        kept = np.repeat(through, nights)
        offset = np.arange(len(kept)) - np.repeat(np.cumsum(nights) - nights, nights)
        which.append(kept)
        row.append(_on(capacities.storage, np.repeat(hub, nights), np.repeat(day, nights) + offset))
        delivery, rows = np.concatenate(which), np.concatenate(row)
        given = np.flatnonzero((rows >= 0) & (kg[delivery] > 0))
        return Loads(delivery[given], rows[given], kg[delivery[given]])


def _on(rows: Ints, hub: Ints, day: Ints) -> Ints:
    """Return the rows of hubs on days, counted from the first one; -1 beyond the horizon."""
    inside = (day >= 0) & (day < rows.shape[1])
    return np.where(inside, rows[hub, np.where(inside, day, 0)], -1)
