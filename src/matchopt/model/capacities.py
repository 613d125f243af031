"""Shared capacities: the rows that hubs, lanes and agreements add to a plan, and what loads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Texts
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
        The first of the days: those on which something can be on its way at all, from the first pick-up to
        the last delivery that some window lets be. Days of the horizon beyond them have no rows.
    skipped
        How many days of the horizon come before `start`.
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
    skipped: int

    @classmethod
    def of(cls, case: Case, hubs: Hubs, calendar: Calendar, start: int, end: int) -> Self:
        """Return the capacities of `case`; something can be on its way from day `start` to `end`."""
        days = np.arange(start, end + 1)
        side, name, to = list[str](), list[str](), list[str]()
        day, limit = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]

        def rows(kind: str, tails: Texts, heads: Texts, limits: Floats, when: Ints) -> Ints:
            """Number a row for each day of `when` and each limit that is given, -1 for the others."""
            given = np.flatnonzero(~np.isnan(limits))
            number = np.full((len(limits), len(when)), -1, dtype=np.int64)
            number[given] = len(side) + np.arange(len(given) * len(when)).reshape(-1, len(when))
            side.extend([kind] * number[given].size)
            name.extend(np.repeat(tails[given], len(when)).tolist())
            to.extend(np.repeat(heads[given], len(when)).tolist())
            day.append(np.tile(when, len(given)))
            limit.append(np.repeat(limits[given], len(when)))
            return number

        def of_pairs(kind: str, table: str, tail: str, head: str, column: str) -> Ints:
            tails, heads, limits = (case.column(table, name) for name in (tail, head, column))
            return np.append(rows(kind, tails, heads, limits, np.full(1, -1))[:, 0], -1)

        nowhere = np.full(len(hubs), "", dtype=object)
        throughput = rows("throughput", hubs.names, nowhere, hubs.throughput_capacity, days)
        storage = rows("storage", hubs.names, nowhere, hubs.storage_capacity, days)
        lane = of_pairs("lane", "lanes", "from_place", "to_place", "capacity_kg")
        agreement = of_pairs(
            "agreement", "agreements", "from_organization", "to_organization", "max_quantity_kg"
        )
        return cls(
            np.concatenate(limit), tuple(side), tuple(name), tuple(to), np.concatenate(day),
            throughput, storage, lane, agreement, start, start - calendar.start,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.limit)

    @property
    def days(self) -> int:
        """On how many days something can be on its way."""
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
    """Return the rows of hubs on days, counted from the first one; -1 on days without rows."""
    inside = (day >= 0) & (day < rows.shape[1])
    return np.where(inside, rows[hub, np.where(inside, day, 0)], -1)
