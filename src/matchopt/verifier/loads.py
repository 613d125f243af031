"""The capacities that all goods share: hubs by day, lanes and agreements over the horizon."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from matchopt.language import mark, tr
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints, Names, Pairs
from matchopt.verifier.lines import TABLE, Lines
from matchopt.verifier.violation import Report
from matchopt.verifier.ways import day

DUST = 1e-9
"""Relative: what adding up kg in floats may be off."""


class Loads(NamedTuple):
    """The kg that a plan puts on each lane and agreement, and on each hub (row) by day (column).

    Where no hub has a limit there is but one column, of nothing.
    """

    lanes: Floats
    agreements: Floats
    takes: Floats
    holds: Floats

    def less(self, other: Loads) -> Loads:
        """Return what is left of these if `other` is taken off, nothing at least."""
        return Loads(*(np.maximum(a - b, 0.0) for a, b in zip(self, other, strict=True)))


def limits_of(f: Facts, before: Loads) -> Loads:
    """Return what there may be at most on each of them: its capacity, or what stays of an earlier plan."""
    shape = before.takes.shape
    takes, holds = (np.broadcast_to(limit[:, None], shape) for limit in (f.hubs.takes, f.hubs.holds))
    given = Loads(f.lane_capacity, f.ties.passes, takes, holds)
    return Loads(*(np.maximum(limit, load) for limit, load in zip(given, before, strict=True)))


def loads_of(f: Facts, lines: Lines) -> Loads:
    """Add up what the allocations weigh; services and funds weigh nothing, and no day beyond the horizon."""
    rows = np.flatnonzero(lines.sound & (f.gifts.load[lines.i] > 0))
    i, goal, hub = lines.i[rows], f.wants.community[lines.j[rows]], lines.hub[rows]
    kg = f.gifts.load[i] * f.gifts.grain[i] * lines.given[rows]
    ways = np.concatenate(lanes_taken(f, i, goal, hub))
    lanes = _added(ways, np.tile(kg, len(ways) // max(len(kg), 1)), len(f.lane_capacity))
    agreements = _added(agreement_of(f, i, goal), kg, len(f.ties.passes))
    if not np.isfinite([f.hubs.takes, f.hubs.holds]).any():
        return Loads(lanes, agreements, *np.zeros((2, len(f.hubs.names), 1)))
    inside = hub >= 0
    hub, kg = hub[inside], kg[inside]
    arrival, stay = lines.arrival[rows][inside] - f.start, lines.stay[rows][inside]
    shape = len(f.hubs.names), f.days + 1
    takes, change = np.zeros(shape), np.zeros(shape)
    seen = (arrival >= 0) & (arrival < f.days)
    np.add.at(takes, (hub[seen], arrival[seen]), kg[seen])
    first, last = np.clip(arrival, 0, f.days), np.clip(arrival + stay, 0, f.days)
    np.add.at(change, (hub, first), np.where(last > first, kg, 0))
    np.add.at(change, (hub, last), np.where(last > first, -kg, 0))
    return Loads(lanes, agreements, takes[:, :-1], np.cumsum(change, axis=1)[:, :-1])


def lanes_taken(f: Facts, i: Ints, goal: Ints, hub: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the rows of the lanes of each way, -1 for none: the direct one, into a hub, out of it."""
    start, end, find = f.gifts.spots.name[i], f.spots.name[goal], f.roads.lanes.find
    none = np.full(len(i), -1, dtype=np.int64)
    through = hub >= 0
    direct = np.where(through, none, find(start, end))
    if not through.any():
        return direct, none, none
    middle = np.where(through, f.hubs.spots.name[np.maximum(hub, 0)], -1)
    return direct, find(start, middle), find(middle, end)


def agreement_of(f: Facts, i: Ints, goal: Ints) -> Ints:
    """Return the agreement that goods pass under, -1 for none; the two broadcast."""
    organization = f.ties.organization
    return f.ties.agreements.find(organization[f.gifts.community[i]], organization[goal])


def _added(row: Ints, kg: Floats, size: int) -> Floats:
    used = row >= 0
    return np.bincount(row[used], weights=kg[used], minlength=size).astype(np.float64)


def exceeds(load: Floats, capacity: Floats) -> Bools:
    """Compare with room for the dust of adding up floats."""
    return np.asarray(load > capacity * (1 + DUST), dtype=np.bool_)


def check_loads(f: Facts, loads: Loads, limits: Loads, report: Report) -> None:
    """Report every capacity that is exceeded."""
    ties = f.ties
    for code, word, load, capacity, names, pairs in (
        ("lane_capacity", "lane", loads.lanes, limits.lanes, f.places, f.roads.lanes),
        ("agreement_capacity", "agreement", loads.agreements, limits.agreements, ties.organizations,
         ties.agreements),
    ):  # fmt: skip
        report.each(
            code,
            TABLE,
            exceeds(load, capacity),
            partial(_pair, word, names, pairs),
            lambda r, x=load, c=capacity: (  # type: ignore[misc]
                tr(
                    "carries {x} kg over the horizon, more than its {c} kg",
                    x=f"{x[r]:.10g}",
                    c=f"{c[r]:.10g}",
                )
            ),
        )
    dust = loads.takes.sum(axis=1, keepdims=True) * 2.0**-40
    for code, word, load, capacity in (
        (
            "hub_throughput",
            mark("takes in {kg} kg{when}, more than its {most} kg"),
            loads.takes,
            limits.takes,
        ),
        (
            "hub_storage",
            mark("holds {kg} kg{when}, more than its {most} kg"),
            loads.holds - dust,
            limits.holds,
        ),
    ):
        hub, on = np.nonzero(exceeds(load, capacity))
        report.each(
            code,
            TABLE,
            np.ones(len(hub), dtype=bool),
            [f"hub {f.hubs.names[h]}" for h in hub.tolist()],
            lambda r, x=load[hub, on], c=capacity[hub, on], d=on + f.start, w=word: (  # type: ignore[misc]
                tr(
                    w,
                    kg=f"{x[r]:.10g}",
                    most=f"{c[r]:.10g}",
                    when=tr(" on {day}", day=day(d[r])) if f.dated else "",
                )
            ),
        )


def _pair(word: str, names: Names, pairs: Pairs, r: int) -> str:
    return f"{word} {names.index[pairs.first[r]]} → {names.index[pairs.second[r]]}"
