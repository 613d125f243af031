"""Linking constraints: capacities of hubs, lanes and agreements, what loads them, and fairness cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints, Texts
from matchopt.model.calendar import Calendar
from matchopt.model.places import Places
from matchopt.model.routes import DIRECT, Hubs, Pairs, ScheduledRoutes, Terms
from matchopt.tolerances import EQUAL, ROUNDING

if TYPE_CHECKING:
    from matchopt.contract.case import Case
    from matchopt.model.network import Network, Part


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
        The first of the days: those on which something can be under way at all, from the first pick-up to
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
        """Return the capacities of `case`; something can be under way from day `start` to `end`."""
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
            np.concatenate(limit),
            tuple(side),
            tuple(name),
            tuple(to),
            np.concatenate(day),
            throughput,
            storage,
            lane,
            agreement,
            start,
            start - calendar.start,
        )

    def __len__(self) -> int:
        return len(self.limit)

    @property
    def days(self) -> int:
        """On how many days something can be under way."""
        return int(self.throughput.shape[1])

    def by_day(self, hub: int) -> bool:
        """Return whether it matters on which days goods are in `hub`."""
        return bool((self.throughput[hub] >= 0).any() or (self.storage[hub] >= 0).any())

    def exceeded(self, load: Floats) -> Bools:
        """Return which capacities `load` (r,) exceeds."""
        return load > self.limit * (1 + ROUNDING)


NO_LOADS = Loads(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


class CapacityLoads:
    """What deliveries between the places of one part of the network load.

    Attributes
    ----------
    direct, inbound, outbound
        The capacity of each leg's lane, -1 for none; one entry for all where no lane has one.
    lanes
        Whether some lane has one.
    """

    def __init__(self, capacities: Capacities, terms: Terms, tails: Places, heads: Places) -> None:
        self.capacities, self._terms = capacities, terms
        lane, hubs, atlas = capacities.lane, terms.hubs, terms.atlas
        self.lanes = bool((lane >= 0).any())
        if self.lanes:
            self.direct = lane[atlas.lanes(tails, heads)]
            self.inbound = lane[atlas.lanes(tails, hubs.places)]
            self.outbound = lane[atlas.lanes(hubs.places, heads)]
        else:
            self.direct, self.inbound, self.outbound = (
                np.full(shape, -1, dtype=np.int64) for shape in ((1, 1), (1, len(hubs)), (len(hubs), 1))
            )

    def of(self, route: ScheduledRoutes, pairs: Pairs) -> Loads:
        """Return the loads of pairs (n,) by their routes."""
        tail, head = pairs.tail, pairs.head
        agreement = self._terms.rules.agreement(pairs.supply, pairs.demand)
        kg = self._terms.items.loads(pairs.item)
        capacities, number = self.capacities, np.arange(len(kg))
        through = np.flatnonzero(route.hub != DIRECT)
        straight = np.flatnonzero(route.hub == DIRECT)
        hub, day = route.hub[through], route.arrival[through] - capacities.start
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
        nights = route.stay[through]
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


BLOCK_PAIRS = 500_000
"""Pairs looked at in one go."""


@dataclass(frozen=True, slots=True)
class FairnessCells:
    """The cells that count: somebody could serve a need in them.

    Attributes
    ----------
    of_need : (needs,) int
        Cell of each need of the table, -1 where it counts in none.
    asked, share, pinned : (k,) float
        Item units asked in each, those that are its fair share, and those that pinned lines serve.
    community, category : (k,) str
        Their names.
    """

    of_need: Ints
    asked: Floats
    share: Floats
    pinned: Floats
    community: tuple[str, ...]
    category: tuple[str, ...]

    def holding(self, coverage: Floats, weight: Floats) -> tuple[tuple[str, str], ...]:
        """Return the cells that hold the smallest coverage where it is, in the order of their names.

        They are the ones of the smallest coverage that have a `weight` (k,), the price of their coverage in
        the proof: those without one could get more, and none of the others less. Where none of them has one,
        because things must stay whole, they are all of the smallest coverage. In a plan that covers
        everything nothing is held.
        """
        floor = float(coverage.min(initial=1.0))
        lowest = (coverage <= floor + EQUAL) & (floor < 1 - EQUAL)
        priced = lowest & (weight > EQUAL)
        at = np.flatnonzero(priced if priced.any() else lowest)
        return tuple(sorted((self.community[k], self.category[k]) for k in at.tolist()))

    @classmethod
    def of(cls, case: Case, network: Network) -> Self:
        """Return the cells of `case`; an item without a category is one of its own."""
        category = _categories(case)
        lines = network.pinned
        pinned = np.bincount(lines.need, lines.quantity * lines.ratio, minlength=len(network.asked))
        pinned = np.where(network.excluded, 0.0, pinned / network.scale.unit)
        table = pd.DataFrame(
            {
                "community": case.needs["community"].astype(object),
                "category": category.reindex(case.needs["item"]).to_numpy(dtype=object),
                "asked": np.where(network.excluded, 0, network.asked) / network.scale.unit,
                "counts": _reachable(network) | (pinned > 0),
                "pinned": pinned,
                "taken": ~network.excluded,
            }
        )
        # In the order of ids, so that nothing depends on how rows stand or what places are called.
        order = np.argsort(case.column("needs", "need_id"), kind="stable")
        table_by_id = table.iloc[order]
        groups = table_by_id[table_by_id["taken"]].groupby(["community", "category"], sort=False)
        cells = groups.agg(asked=("asked", "sum"), counts=("counts", "any"), pinned=("pinned", "sum"))
        cells = cells[cells["counts"]]
        index = pd.MultiIndex.from_frame(table[["community", "category"]])
        of_need = np.where(table["taken"], cells.index.get_indexer(index), -1).astype(np.int64)
        community = tuple(cells.index.get_level_values(0))
        names = tuple(cells.index.get_level_values(1))
        share = np.minimum(_entitled(case, network, category, community, names), cells["asked"].to_numpy())
        asked, kept = (cells[name].to_numpy(dtype=np.float64) for name in ("asked", "pinned"))
        return cls(of_need, asked, share, kept, community, names)


def _categories(case: Case) -> pd.Series:
    """Return the category of every item that is asked or offered."""
    items = case.table("items")
    given = pd.Series(items["category"].to_numpy(dtype=object), index=items["item"])
    names = pd.unique(pd.concat([case.needs["item"], case.donations["item"]]).astype(object))
    category = given.reindex(names, fill_value="")
    return category.where(category != "", pd.Series(names, index=names))


def _reachable(network: Network) -> Bools:
    """Return which needs of the table some donation may serve."""
    reachable = np.zeros(len(network.asked), dtype=bool)
    for part in network.parts:
        row, which = network.needs.rows_of(part.columns)
        reachable[row] = _served_by_any(part)[which]
    return reachable


def _served_by_any(part: Part) -> Bools:
    rows, found = np.arange(len(part.rows)), []
    width = max(1, BLOCK_PAIRS // max(len(rows), 1))
    for start in range(0, len(part.columns), width):
        columns = np.arange(start, min(start + width, len(part.columns)))
        found.append((part.costs(rows[:, None], columns) < FORBIDDEN).any(axis=0))
    return np.concatenate(found)


def _entitled(
    case: Case, network: Network, category: pd.Series, community: tuple[str, ...], names: tuple[str, ...]
) -> Floats:
    """Return what the supply of each cell's category × its part of the population would give it."""
    people = case.table("communities").set_index("community")["population"].astype(np.float64)
    if case.settings.policy.fairness != "share":
        return np.zeros(len(community))
    item = network.items.codes(case.donations["item"])
    supply = np.where(network.items.funds[item], 0, network.plannable) / network.scale.unit
    of_category = (
        pd.Series(supply).groupby(category.reindex(case.donations["item"]).to_numpy(dtype=object)).sum()
    )
    part = people.reindex(list(community)).to_numpy() / people.sum()
    total = of_category.reindex(list(names), fill_value=0.0).to_numpy()
    return np.asarray(case.settings.policy.fair_share * total * part)
