"""The way of each row of the allocations: whether it may be taken, on which days, what a unit costs.

Where the case gives no shared capacity, each pair has one best route and no choice of days. Where it
gives any, every way that may be taken is open, on any days that fit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from matchopt.language import tr
from matchopt.verifier import routes
from matchopt.verifier.facts import NO_DAY, Facts, money
from matchopt.verifier.keys import Bools, Ints, Texts
from matchopt.verifier.places import Legs
from matchopt.verifier.violation import Report

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


class _Seen(NamedTuple):
    """What was seen of each row: does its way connect, does any; its best days, its own; the best way.

    `lead` are the days to the hub, or to the community on a direct way.
    """

    linked: Bools
    connected: Bools
    best: routes.Days
    own: routes.Days
    trip: routes.Trip
    lead: Ints
    price: routes.Price
    unit: Ints
    choice: routes.Choice


class _Rows(NamedTuple):
    """The rows of the allocations whose ways are checked."""

    i: Ints
    j: Ints
    hub: Ints
    names: Texts


def check_ways(
    f: Facts, keys: tuple[Ints, Ints, Ints, Texts], fees: routes.Fees, stated: Ints, kept: Bools,
    report: Report,
) -> Ways:  # fmt: skip
    """Check the routes and days of rows.

    `keys` are their donations, needs, hubs and names; those that are `kept` of an earlier plan may go
    through any hub.
    """
    rows = _Rows(*keys)
    # Rows of a donation are looked at together, so that its ways to the hubs are measured once.
    order = np.argsort(rows.i, kind="stable")
    pieces = [order[at : at + ROWS_A_BLOCK] for at in range(0, max(len(order), 1), ROWS_A_BLOCK)]
    out = routes.outbound(f)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = pool.map(lambda at: _look(f, _block(f, rows, fees, at, out), stated[:, at]), pieces)
        seen: _Seen = put_together(list(looks), order)
    _check_choice(f, rows, seen, kept, report)
    good = seen.linked & seen.best.timely
    if f.shared:
        good &= _check_own_days(f, rows, seen, good, stated, report)
    else:
        _check_best_days(f, rows, seen, good, stated, report)
    return Ways(good, seen.unit, seen.price, seen.own)


def _block(f: Facts, rows: _Rows, fees: routes.Fees, at: Ints, out: Legs) -> _Block:
    """Return the rows `at`."""
    i, j = rows.i[at], rows.j[at]
    gifts, row = np.unique(i, return_inverse=True)
    goal = f.wants.community[j]
    return _Block(
        at, i, j, rows.hub[at], routes.Trip.of(f, i, j), goal, fees.at(at), routes.straight(f, i, goal),
        row, routes.inbound(f, gifts), out,
    )  # fmt: skip


def _look(f: Facts, b: _Block, stated: Ints) -> _Seen:
    """Look at the ways of some rows."""
    linked, best = _best_days(f, b)
    own = _own_days(f, b, stated)._replace(timely=best.timely) if f.shared else best
    price = _price(f, b, np.maximum(own.stay, 0))
    choice = routes.cheapest(f, b.trip, b.goal, b.fees, b.direct, b.row, b.into, b.out)
    connected = b.direct.open.copy()
    for h in range(len(f.hubs.names)):
        connected |= b.into.open[b.row, h] & b.out.open[h, b.goal]
    return _Seen(
        linked, connected, best, own, b.trip, _leads(f, b)[0], price, price.total(b.fees), choice
    )  # fmt: skip


def put_together(blocks: Sequence[Any], order: Ints) -> Any:
    """Put tuples of arrays together, and rows back where they stand: `order` says where that is."""

    def put(parts: Sequence[Any]) -> Any:
        if isinstance(parts[0], tuple):
            return type(parts[0])(*(put(field) for field in zip(*parts, strict=True)))
        whole = np.empty(len(order), dtype=parts[0].dtype)
        whole[order] = np.concatenate(parts)
        return whole

    return put(blocks)


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


def _check_choice(f: Facts, rows: _Rows, seen: _Seen, kept: Bools, report: Report) -> None:
    """Check that the route of each row may be taken and, where days and routes are not free, is the best."""
    known, none = rows.hub != UNKNOWN, seen.choice.cost == routes.NOWHERE
    linked, timely, best = seen.linked, seen.best.timely, seen.choice.hub
    checks: list[tuple[str, Bools, Callable[[int], str]]] = [
        (
            "unreachable",
            ~seen.connected,
            lambda r: tr(
                "no route connects donation {ids} with {communities}",
                ids=f.gifts.ids[rows.i[r]],
                communities=f.wants.communities[rows.j[r]],
            ),
        ),
        (
            "timing",
            seen.connected & none,
            lambda r: tr(
                "no route brings donation {ids} to need {ids2} in time",
                ids=f.gifts.ids[rows.i[r]],
                ids2=f.wants.ids[rows.j[r]],
            ),
        ),
        (
            "route",
            known & ~none & ~linked,
            lambda r: tr(
                "goes {f}, which does not connect or may not take the item; the best route is {f2}",
                f=_way(f, rows.hub[r]),
                f2=_way(f, best[r]),
            ),
        ),
        (
            "route",
            known & ~none & linked & ~timely,
            lambda r: tr(
                "goes {f}, which is late; the best route is {f2}", f=_way(f, rows.hub[r]), f2=_way(f, best[r])
            ),
        ),
    ]
    if not f.shared:
        dearer = known & linked & timely & (rows.hub != best) & ~kept
        checks.append(
            (
                "route",
                dearer,
                lambda r: tr(
                    "goes {f} at {unit} a unit; {f2} it is {cost} (cheapest, then direct, then the "
                    "hub first by name)",
                    f=_way(f, rows.hub[r]),
                    unit=money(seen.unit[r]),
                    f2=_way(f, best[r]),
                    cost=money(seen.choice.cost[r]),
                ),
            )
        )
    for code, wrong, say in checks:
        report.each(code, TABLE, wrong, rows.names, say)


def _way(f: Facts, hub: int) -> str:
    return tr("direct") if hub < 0 else tr("via {hub}", hub=f.hubs.names[hub])


def _check_best_days(f: Facts, rows: _Rows, seen: _Seen, good: Bools, stated: Ints, report: Report) -> None:
    best = seen.best
    for row, (column, days) in enumerate(
        (("pickup_day", best.pickup), ("arrival_day", best.arrival), ("delivery_day", best.delivery))
    ):
        right = days if f.dated else np.full(len(days), NO_DAY)
        report.each(
            "days",
            TABLE,
            good & (stated[row] != right),
            rows.names,
            lambda r, c=column, s=stated[row], d=right: tr(
                "{c} is {s}; it has to be {d}", c=c, s=day(s[r]), d=day(d[r])
            ),  # type: ignore[misc]
        )


def _check_own_days(f: Facts, rows: _Rows, seen: _Seen, good: Bools, stated: Ints, report: Report) -> Bools:
    """Check that days of its own fit a row; return where they do."""
    trip, own = seen.trip, seen.own
    arrival = own.pickup + seen.lead
    late = (own.stay < 0) | ((rows.hub < 0) & (own.stay != 0))
    checks: list[tuple[str, int, Bools, Callable[[int], str]]] = [
        (
            "pickup_day",
            0,
            (own.pickup < trip.first) | (own.pickup > trip.last),
            lambda r: tr(
                "the donation can be had from {first} to {last}",
                first=day(trip.first[r]),
                last=day(trip.last[r]),
            ),
        ),
        (
            "arrival_day",
            1,
            own.arrival != arrival,
            lambda r: tr("it has to be {arrival}", arrival=day(arrival[r])),
        ),
        (
            "delivery_day",
            2,
            (own.delivery < trip.wanted) | (own.delivery > trip.due),
            lambda r: tr(
                "it has to be from {wanted} to {due}", wanted=day(trip.wanted[r]), due=day(trip.due[r])
            ),
        ),
        ("delivery_day", 2, late, lambda r: tr("the way from where it arrived does not end then")),
    ]
    fits = np.ones(len(good), dtype=bool)
    for column, row, wrong, say in checks:
        if not f.dated:
            wrong = stated[row] != NO_DAY
        report.each(
            "days",
            TABLE,
            good & wrong,
            rows.names,
            lambda r, c=column, s=stated[row], t=say: (  # type: ignore[misc]
                tr(
                    "{c} is {s}; {value}",
                    c=c,
                    s=day(s[r]),
                    value=t(r) if f.dated else tr("no table holds a day"),
                )
            ),
        )
        fits &= ~wrong
    return fits


def day(number: int) -> str:
    """Return a day number as an ISO day."""
    return "empty" if number == NO_DAY else str(np.datetime64(int(number), "D"))
