"""The way of each row of the allocations: whether it may be taken, on which days, what a unit costs.

Where the case gives no shared capacity, each pair has one best route and no choice of days. Where it
gives any, every way that may be taken is open, on any days that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from matchopt.inspector import routes
from matchopt.inspector.facts import NO_DAY, Facts, money
from matchopt.inspector.keys import Bools, Ints, Texts
from matchopt.inspector.places import Legs
from matchopt.inspector.violation import Report

TABLE = "allocations"
ROWS_A_BLOCK = 2**15
UNKNOWN = -2
"""Hub that the case does not know."""


class Ways(NamedTuple):
    """The way of each row: may it be taken on its days, unit cost in 1/10 000, its parts, its days."""

    sound: Bools
    unit: Ints
    price: routes.Price
    days: routes.Days


class _Block(NamedTuple):
    """Some rows with their ways: the direct one, into the hubs (by `row`) and out of them."""

    at: Ints
    i: Ints
    j: Ints
    hub: Ints
    trip: routes.Trip
    goal: Ints
    fees: routes.Fees
    direct: Legs
    row: Ints
    into: Legs
    out: Legs


def check_ways(
    f: Facts, keys: tuple[Ints, Ints, Ints, Texts], fees: routes.Fees, stated: Ints, report: Report
) -> Ways:
    """Check the routes and days of rows; `keys` are their donations, needs, hubs and names."""
    i, j, hub, names = keys
    size = len(i)
    sound, unit = np.zeros(size, dtype=bool), np.zeros(size, dtype=np.int64)
    parts = routes.Price(*np.zeros((3, size)))
    days = routes.Days(sound, *np.zeros((4, size), dtype=np.int64))
    for b in _blocks(f, i, j, hub, fees):
        linked, best = _best_days(f, b)
        mine, own = stated[:, b.at], best
        if f.shared:
            own = _own_days(f, b, mine)._replace(timely=best.timely)
        price = _price(f, b, np.maximum(own.stay, 0))
        total = price.total(b.fees)
        _check_choice(f, b, (linked, best), total, names[b.at], report)
        good = linked & best.timely
        if f.shared:
            good &= _check_own_days(f, b, good, own, mine, names[b.at], report)
        else:
            _check_best_days(f, best, good, mine, names[b.at], report)
        sound[b.at], unit[b.at] = good, total
        for kept, block in ((days[1:], own[1:]), (parts, price)):
            for whole, part in zip(kept, block, strict=True):
                whole[b.at] = part
    return Ways(sound, unit, parts, days)


def _blocks(f: Facts, i: Ints, j: Ints, hub: Ints, fees: routes.Fees) -> Iterator[_Block]:
    out = routes.outbound(f)
    for start in range(0, len(i), ROWS_A_BLOCK):
        at = np.arange(start, min(start + ROWS_A_BLOCK, len(i)))
        gifts, row = np.unique(i[at], return_inverse=True)
        goal = f.wants.community[j[at]]
        yield _Block(
            at, i[at], j[at], hub[at], routes.Trip.of(f, i[at], j[at]), goal, fees.at(at),
            routes.straight(f, i[at], goal), row, routes.inbound(f, gifts), out,
        )  # fmt: skip


def _leads(f: Facts, b: _Block) -> tuple[Ints, Ints]:
    """Return the days to the hub and on from it; on a direct way all are days to it."""
    if not len(f.hubs.names):
        return b.direct.lead, np.zeros_like(b.direct.lead)
    h, by_hub = np.maximum(b.hub, 0), b.hub >= 0
    into, out = b.into.lead[b.row, h], b.out.lead[h, b.goal]
    return np.where(by_hub, into, b.direct.lead), np.where(by_hub, out, 0)


def _best_days(f: Facts, b: _Block) -> tuple[Bools, routes.Days]:
    """Return whether the stated route of each row connects, and its best days."""
    days = routes.direct_days(b.trip, b.direct.lead)
    if not len(f.hubs.names):
        return b.direct.open & (b.hub == routes.DIRECT), days
    h, by_hub = np.maximum(b.hub, 0), b.hub >= 0
    inner = routes.hub_days(b.trip, *_leads(f, b))
    linked = np.where(by_hub, b.into.open[b.row, h] & b.out.open[h, b.goal], b.direct.open)
    return (
        linked & (b.hub != UNKNOWN),
        routes.Days(*(np.where(by_hub, x, y) for x, y in zip(inner, days, strict=True))),
    )


def _own_days(f: Facts, b: _Block, stated: Ints) -> routes.Days:
    """Return the stated days, and how long the goods stay between them."""
    pickup, arrival, delivery = stated if f.dated else np.zeros_like(stated)
    stay = delivery - _leads(f, b)[1] - arrival
    stay = np.where((stay < 0) | (stay > f.days), -1, stay)
    return routes.Days(np.ones(len(b.i), dtype=bool), pickup, arrival, delivery, stay)


def _price(f: Facts, b: _Block, stay: Ints) -> routes.Price:
    price = routes.direct_price(f, b.trip, b.direct)
    if not len(f.hubs.names):
        return price
    h = np.maximum(b.hub, 0)
    carriage = b.into.cost[b.row, h] + b.out.cost[h, b.goal]
    through = routes.hub_price(f, b.trip, h, carriage, stay)
    return routes.Price(*(np.where(b.hub >= 0, x, y) for x, y in zip(through, price, strict=True)))


def _check_choice(
    f: Facts, b: _Block, stated: tuple[Bools, routes.Days], total: Ints, names: Texts, report: Report
) -> None:
    """Check that the route of each row may be taken and, where days and routes are not free, is the best."""
    linked, days = stated
    choice = routes.cheapest(f, b.trip, b.goal, b.fees, b.direct, b.row, b.into, b.out)
    known = b.hub != UNKNOWN
    none = choice.cost == routes.NOWHERE
    connected = b.direct.open | (b.into.open[b.row] & b.out.open[:, b.goal].T).any(axis=1)
    report.each(
        "unreachable", TABLE, ~connected, names,
        lambda r: f"no route connects donation {f.gifts.ids[b.i[r]]} with {f.wants.communities[b.j[r]]}",
    )  # fmt: skip
    report.each(
        "timing", TABLE, connected & none, names,
        lambda r: f"no route brings donation {f.gifts.ids[b.i[r]]} to need {f.wants.ids[b.j[r]]} in time",
    )  # fmt: skip
    report.each(
        "route", TABLE, known & ~none & ~linked, names,
        lambda r: f"goes {_way(f, b.hub[r])}, which does not connect or may not take the item; "
        f"the best route is {_way(f, choice.hub[r])}",
    )  # fmt: skip
    report.each(
        "route", TABLE, known & ~none & linked & ~days.timely, names,
        lambda r: f"goes {_way(f, b.hub[r])}, which is late; the best route is {_way(f, choice.hub[r])}",
    )  # fmt: skip
    if f.shared:
        return
    report.each(
        "route", TABLE, known & linked & days.timely & (b.hub != choice.hub), names,
        lambda r: f"goes {_way(f, b.hub[r])} at {money(total[r])} a unit; {_way(f, choice.hub[r])} it is "
        f"{money(choice.cost[r])} (cheapest, then direct, then the hub first by name)",
    )  # fmt: skip


def _way(f: Facts, hub: int) -> str:
    return "direct" if hub < 0 else f"via {f.hubs.names[hub]}"


def _check_best_days(
    f: Facts, best: routes.Days, good: Bools, stated: Ints, names: Texts, report: Report
) -> None:
    for row, (column, days) in enumerate(
        (("pickup_day", best.pickup), ("arrival_day", best.arrival), ("delivery_day", best.delivery))
    ):
        right = days if f.dated else np.full(len(days), NO_DAY)
        report.each(
            "days", TABLE, good & (stated[row] != right), names,
            lambda r, c=column, s=stated[row], d=right: f"{c} is {day(s[r])}; it has to be {day(d[r])}",  # type: ignore[misc]
        )  # fmt: skip


def _check_own_days(
    f: Facts, b: _Block, good: Bools, own: routes.Days, stated: Ints, names: Texts, report: Report
) -> Bools:
    """Check that days of its own fit a row; return where they do."""
    trip = b.trip
    arrival = own.pickup + _leads(f, b)[0]
    late = (own.stay < 0) | ((b.hub < 0) & (own.stay != 0))
    checks: list[tuple[str, int, Bools, Callable[[int], str]]] = [
        ("pickup_day", 0, (own.pickup < trip.first) | (own.pickup > trip.last),
         lambda r: f"the donation can be had from {day(trip.first[r])} to {day(trip.last[r])}"),
        ("arrival_day", 1, own.arrival != arrival, lambda r: f"it has to be {day(arrival[r])}"),
        ("delivery_day", 2, (own.delivery < trip.wanted) | (own.delivery > trip.due),
         lambda r: f"it has to be from {day(trip.wanted[r])} to {day(trip.due[r])}"),
        ("delivery_day", 2, late, lambda r: "the way from where it arrived does not end then"),
    ]  # fmt: skip
    fits = np.ones(len(good), dtype=bool)
    for column, row, wrong, say in checks:
        if not f.dated:
            wrong = stated[row] != NO_DAY
        report.each(
            "days", TABLE, good & wrong, names,
            lambda r, c=column, s=stated[row], t=say: (  # type: ignore[misc]
                f"{c} is {day(s[r])}; {t(r) if f.dated else 'no table holds a day'}"
            ),
        )  # fmt: skip
        fits &= ~wrong
    return fits


def day(number: int) -> str:
    """Return a day number as an ISO day."""
    return "empty" if number == NO_DAY else str(np.datetime64(int(number), "D"))
