"""The capacities that all goods share: hubs by day, lanes and agreements over the horizon."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Floats, Ints, Names, Pairs, classes
from matchopt.inspector.lines import TABLE, Lines, day
from matchopt.inspector.violation import Report


def check_loads(f: Facts, lines: Lines, report: Report) -> None:
    """Report every capacity that the allocations exceed; services weigh nothing on them."""
    rows = np.flatnonzero(lines.sound & ~f.gifts.service[lines.i])
    i, goal = lines.i[rows], f.wants.community[lines.j[rows]]
    kg = f.gifts.weight[i] * f.gifts.step[i] * lines.steps[rows]
    hub = lines.hub[rows]
    _check_lanes(f, i, goal, hub, kg, report)
    ties = f.ties
    row = ties.agreements.find(ties.organization[f.gifts.community[i]], ties.organization[goal])
    pairs = partial(_pair, "agreement", ties.organizations, ties.agreements)
    _check_total("agreement_capacity", pairs, row, kg, ties.passes, report)
    passing = hub >= 0
    arrival, stay = lines.arrival[rows][passing], lines.stay[rows][passing]
    _check_hubs(f, hub[passing], arrival, stay, kg[passing], report)


def _check_lanes(f: Facts, i: Ints, goal: Ints, hub: Ints, kg: Floats, report: Report) -> None:
    if not np.isfinite(f.lane_capacity).any():
        return
    start, end = f.gifts.spots.name[i], f.spots.name[goal]
    through = hub >= 0
    direct = np.where(through, -1, f.roads.lanes.find(start, end))
    legs = [direct]
    if through.any():
        middle = np.where(through, f.hubs.spots.name[np.maximum(hub, 0)], -1)
        legs += [f.roads.lanes.find(start, middle), f.roads.lanes.find(middle, end)]
    names = partial(_pair, "lane", f.places, f.roads.lanes)
    _check_total(
        "lane_capacity", names, np.concatenate(legs), np.tile(kg, len(legs)), f.lane_capacity, report
    )


def _pair(word: str, names: Names, pairs: Pairs, r: int) -> str:
    return f"{word} {names.index[pairs.first[r]]} → {names.index[pairs.second[r]]}"


def _check_total(
    code: str, names: Callable[[int], str], row: Ints, kg: Floats, capacity: Floats, report: Report
) -> None:
    load: Floats = np.bincount(row[row >= 0], weights=kg[row >= 0], minlength=len(capacity)).astype(
        np.float64
    )
    report.each(
        code, TABLE, _exceeds(load, capacity), names,
        lambda r: f"carries {load[r]:.10g} kg over the horizon, more than its {capacity[r]:.10g} kg",
    )  # fmt: skip


def _check_hubs(f: Facts, hub: Ints, arrival: Ints, stay: Ints, kg: Floats, report: Report) -> None:
    """Add up by hub and day: what arrives, and what is held at the end of the day."""
    for code, word, capacity, keys, days, change in (
        ("hub_throughput", "takes in", f.hubs.takes, hub, arrival, kg),
        (
            "hub_storage", "holds", f.hubs.holds, np.concatenate([hub, hub]),
            np.concatenate([arrival, arrival + stay]), np.concatenate([kg, -kg]),
        ),
    ):  # fmt: skip
        limited = np.isfinite(capacity[keys])
        keys, days, change = keys[limited], days[limited], change[limited]
        if not keys.size:
            continue
        order = np.lexsort((days, keys))
        keys, days, change = keys[order], days[order], change[order]
        group, count = classes(keys, days)
        first = np.searchsorted(group, np.arange(count))
        load: Floats = np.bincount(group, weights=change, minlength=count).astype(np.float64)
        if code == "hub_storage":
            load = np.cumsum(load)  # what came to a hub has left it before the next hub begins
        report.each(
            code, TABLE, _exceeds(load, capacity[keys[first]]),
            [f"hub {f.hubs.names[k]}" for k in keys[first].tolist()],
            lambda r, x=load, c=capacity[keys[first]], d=days[first], w=word: (  # type: ignore[misc]
                f"{w} {x[r]:.10g} kg{f' on {day(d[r])}' if f.dated else ''}, more than its {c[r]:.10g} kg"
            ),
        )  # fmt: skip


def _exceeds(load: Floats, capacity: Floats) -> Bools:
    """Compare with room for the dust of adding up floats."""
    return np.asarray(load > capacity * (1 + 1e-9) + 1e-6, dtype=np.bool_)
