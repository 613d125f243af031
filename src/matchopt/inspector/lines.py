"""The allocations, row by row: who, how much, which way, which days, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from matchopt.inspector import routes, rules
from matchopt.inspector.facts import NO_DAY, Facts
from matchopt.inspector.keys import Bools, Floats, Ints, Texts
from matchopt.inspector.places import Legs
from matchopt.inspector.proof import money
from matchopt.inspector.sheet import Sheet, named
from matchopt.inspector.violation import Report

TABLE = "allocations"
ROWS_A_BLOCK = 2**15
UNKNOWN = -2
"""Hub that the case does not know."""

RESIDUE = 3.0
"""Units of 1/10 000 by which a component may differ from its own value, per unit given: rounding the
other five and the total takes at most half a unit each, and the component takes all of it."""

_MOST_STEPS = 2.0**53
_COSTS = ("transport_cost", "handling_cost", "storage_cost", "other_cost")


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows of the allocations whose donation and need are known.

    Attributes
    ----------
    i, j, hub
        Donation, need and hub (`routes.DIRECT`, `UNKNOWN`).
    names
        How to call each row.
    steps, served
        Quantity given and served, in steps of the item; 0 where it could not be read.
    stated
        Stated money in 1/10 000 by column: transport, handling, storage, other, total.
    sound
        Rows whose route may be taken; what follows is only for them.
    unit
        Unit cost over the stated route, in 1/10 000.
    fees
        What is added to a unit whatever its route, in currency.
    arrival, stay
        Day of arrival at the hub and days of storage there.
    """

    i: Ints
    j: Ints
    hub: Ints
    names: Texts
    steps: Ints
    served: Ints
    stated: Floats
    sound: Bools
    unit: Ints
    fees: routes.Fees
    arrival: Ints
    stay: Ints

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.i)


def read_lines(f: Facts, sheet: Sheet, report: Report) -> Lines:
    """Check the allocations row by row and return them."""
    ids = sheet.text("allocation_id")
    names = named(ids)
    report.each(
        "duplicate_id", TABLE, pd.Series(ids).duplicated().to_numpy(), names, lambda r: "stands twice"
    )
    report.each("bad_cell", TABLE, (ids == "") & ~sheet.bad, names, lambda r: "has no allocation_id")
    gift_ids, need_ids, hubs = sheet.text("donation_id"), sheet.text("need_id"), sheet.text("hub")
    days = np.stack([sheet.day(column) for column in ("pickup_day", "arrival_day", "delivery_day")])
    _check_order(report, names, (need_ids, gift_ids, hubs), days)
    i = pd.Index(f.gifts.ids, dtype=object).get_indexer(pd.Index(gift_ids, dtype=object))
    j = pd.Index(f.wants.ids, dtype=object).get_indexer(pd.Index(need_ids, dtype=object))
    hub = pd.Index(f.hubs.names, dtype=object).get_indexer(pd.Index(hubs, dtype=object)).astype(np.int64)
    hub = np.where(hubs == "", routes.DIRECT, np.where(hub < 0, UNKNOWN, hub))
    for code, texts, word in ((i, gift_ids, "donation"), (j, need_ids, "need"), (hub, hubs, "hub")):
        _check_known(report, names, code < (0 if word != "hub" else routes.DIRECT), texts, word)
    donated, served = sheet.number("donated_quantity"), sheet.number("served_quantity")
    stated = np.stack([sheet.number(column) for column in (*_COSTS, "total_cost")])
    rows = np.flatnonzero((i >= 0) & (j >= 0))
    i, j, names = i[rows], j[rows], names[rows]
    steps = _steps(f, i, donated[rows], names, report)
    report.each(
        "served", TABLE, np.abs(served - donated)[rows] > 0, names,
        lambda r: f"serves {served[rows][r]:g} with {donated[rows][r]:g} donated; the two are equal",
    )  # fmt: skip
    _check_quantities(f, i, j, steps, report)
    return _check_routes(
        f, (i, j, hub[rows], names), (steps, served[rows]), days[:, rows], stated[:, rows], report
    )


def _check_known(report: Report, names: Texts, unknown: Bools, texts: Texts, word: str) -> None:
    report.each("unknown_id", TABLE, unknown, names, lambda r: f"there is no {word} «{texts[r]}» in the case")


def _check_order(report: Report, names: Texts, keys: tuple[Texts, Texts, Texts], days: Ints) -> None:
    need, gift, hub = keys
    pickup = days[0]
    same = pd.DataFrame({"need": need, "gift": gift, "hub": hub, "p": days[0], "a": days[1], "d": days[2]})
    report.each(
        "duplicate_row", TABLE, same.duplicated().to_numpy(), names,
        lambda r: f"is a second row of donation {gift[r]}, need {need[r]}, the same route and days",
    )  # fmt: skip
    falls = np.zeros(len(names), dtype=bool)
    tied = np.ones(max(len(names) - 1, 0), dtype=bool)
    for key in (need, gift, hub, pickup):
        falls[1:] |= tied & (key[1:] < key[:-1]).astype(bool)
        tied &= (key[1:] == key[:-1]).astype(bool)
    report.each(
        "order", TABLE, falls, names,
        lambda r: "comes before the row above it: rows are sorted by need_id, donation_id, hub, pickup_day",
    )  # fmt: skip


def _steps(f: Facts, i: Ints, quantity: Floats, names: Texts, report: Report) -> Ints:
    """Return quantities in steps; those that are no positive whole number of them are reported."""
    ratio = np.nan_to_num(quantity) / f.gifts.step[i]
    whole = np.rint(ratio)
    good = (np.abs(ratio - whole) <= 4 * np.spacing(ratio)) & (whole >= 1) & (whole <= _MOST_STEPS)
    report.each(
        "quantity", TABLE, ~good & ~np.isnan(quantity), names,
        lambda r: f"gives {quantity[r]:.15g}, no positive multiple of the step {f.gifts.step[i[r]]:g}",
    )  # fmt: skip
    return np.where(good, whole, 0).astype(np.int64)


def sums(index: Ints, amounts: Ints, size: int) -> Texts:
    """Add up amounts by index, in Python integers, which no tampering overflows."""
    added = np.zeros(size, dtype=object)
    np.add.at(added, index, amounts.astype(object))
    return added


def _check_quantities(f: Facts, i: Ints, j: Ints, steps: Ints, report: Report) -> None:
    given = sums(i, steps, len(f.gifts.ids))
    wanted = sums(j, steps, len(f.wants.ids))
    g, w = f.gifts, f.wants
    report.each(
        "overplanned", TABLE, (given > g.plannable).astype(bool), lambda r: f"donation {g.ids[r]}",
        lambda r: f"gives {given[r] * g.step[r]:.15g} of {g.plannable[r] * g.step[r]:.15g} "
        f"that may be planned ({g.offered[r] * g.step[r]:.15g} offered)",
    )  # fmt: skip
    report.each(
        "overserved", TABLE, (wanted > w.asked).astype(bool), lambda r: f"need {w.ids[r]}",
        lambda r: f"is served {wanted[r] * w.step[r]:.15g}, but asks for {w.asked[r] * w.step[r]:.15g}",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Block:
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


def _blocks(f: Facts, i: Ints, j: Ints, hub: Ints, fees: routes.Fees) -> Iterator[_Block]:
    out = routes.outbound(f)
    for start in range(0, len(i), ROWS_A_BLOCK):
        at = np.arange(start, min(start + ROWS_A_BLOCK, len(i)))
        gifts, row = np.unique(i[at], return_inverse=True)
        direct = f.roads.legs(f.gifts.spots.at(i[at]), f.spots.at(f.wants.community[j[at]]))
        yield _Block(
            at, i[at], j[at], hub[at], routes.Trip.of(f, i[at], j[at]), f.wants.community[j[at]],
            fees.at(at), direct, row, routes.inbound(f, gifts), out,
        )  # fmt: skip


def _check_routes(
    f: Facts,
    keys: tuple[Ints, Ints, Ints, Texts],
    amounts: tuple[Ints, Floats],
    days: Ints,
    stated: Floats,
    report: Report,
) -> Lines:
    """Check rules, route, days and cost of the rows, block by block."""
    i, j, hub, names = keys
    steps, served = amounts
    fits, penalty = rules.same_thing(f, i, j)
    inside, transfer = rules.within_bounds(f, i, f.wants.community[j])
    marked = rules.marked_for_community(f, i, f.wants.community[j]) & rules.marked_for_group(f, i, j)
    fees = routes.Fees(f.wants.fee[j], penalty, f.gifts.weight[i] * transfer)
    taken = np.ones(len(i), dtype=bool)
    refusals: list[tuple[str, Bools]] = [
        ("excluded", f.wants.excluded[j]), ("unreliable", f.gifts.plannable[i] == 0),
        ("no_such_item", ~fits), ("quality", ~rules.good_enough(f, i, j)),
        ("earmark", ~marked), ("boundary", ~inside),
    ]  # fmt: skip
    for code, refused in refusals:
        say = partial(_refusal, f, i, j, code)
        report.each(code, TABLE, taken & refused, names, say)
        taken &= ~refused
    sound = np.zeros(len(i), dtype=bool)
    unit, arrival, stay = np.zeros((3, len(i)), dtype=np.int64)
    for b in _blocks(f, i, j, hub, fees):
        choice = routes.cheapest(
            f, b.trip, b.goal, b.fees, b.direct, b.row, b.into, b.out, np.ones(len(b.at), dtype=bool)
        )  # fmt: skip
        linked, stays, price = _stated_route(f, b)
        total = price.total(b.fees)
        sound[b.at] = linked & stays.timely
        unit[b.at], arrival[b.at], stay[b.at] = total, stays.arrival, stays.stay
        _check_choice(f, b, choice, linked, stays, total, names[b.at], report)
        good = sound[b.at]
        _check_days(f, stays, good, days[:, b.at], names[b.at], report)
        given = steps[b.at] * f.gifts.step[b.i]
        _check_costs(price, b.fees, total, good & (given > 0), given, stated[:, b.at], names[b.at], report)
    return Lines(i, j, hub, names, steps, _served(f, j, served), stated, sound, unit, fees, arrival, stay)


def _served(f: Facts, j: Ints, quantity: Floats) -> Ints:
    ratio = np.rint(np.nan_to_num(quantity) / f.wants.step[j])
    return np.where(np.abs(ratio) <= _MOST_STEPS, ratio, 0).astype(np.int64)


def _refusal(f: Facts, gifts: Ints, needs: Ints, code: str, r: int) -> str:
    i, j = gifts[r], needs[r]
    gift, need = f"donation {f.gifts.ids[i]}", f"need {f.wants.ids[j]}"
    return {
        "excluded": f"{need} is excluded: only the public sector may serve it",
        "unreliable": f"nothing of {gift} may be planned at its reliability",
        "no_such_item": f"{gift} is {f.gifts.items[i]}, which does not serve {need} for {f.wants.items[j]}",
        "quality": f"{gift} is of quality {f.gifts.quality[i]}, {need} asks for {f.wants.quality[j]}",
        "earmark": f"the earmarks of {gift} do not admit {need}",
        "boundary": f"the boundary policy does not admit {gift} for {need}",
    }[code]


def _stated_route(f: Facts, b: _Block) -> tuple[Bools, routes.Days, routes.Price]:
    """Return whether the stated route of each row connects, its best days and its price."""
    days = routes.direct_days(b.trip, b.direct.lead)
    price = routes.direct_price(f, b.trip, b.direct)
    if not len(f.hubs.names):
        return b.direct.open & (b.hub == routes.DIRECT), days, price
    h, goal = np.maximum(b.hub, 0), b.goal
    inner = routes.hub_days(b.trip, b.into.lead[b.row, h], b.out.lead[h, goal])
    through = routes.hub_price(f, b.trip, h, b.into.cost[b.row, h] + b.out.cost[h, goal], inner.stay)
    by_hub = b.hub >= 0
    linked = np.where(by_hub, b.into.open[b.row, h] & b.out.open[h, goal], b.direct.open)
    return (
        linked & (b.hub != UNKNOWN),
        routes.Days(*(np.where(by_hub, x, y) for x, y in zip(inner, days, strict=True))),
        routes.Price(*(np.where(by_hub, x, y) for x, y in zip(through, price, strict=True))),
    )


def _check_choice(
    f: Facts,
    b: _Block,
    choice: routes.Choice,
    linked: Bools,
    days: routes.Days,
    total: Ints,
    names: Texts,
    report: Report,
) -> None:
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
    report.each(
        "route", TABLE, known & linked & days.timely & (b.hub != choice.hub), names,
        lambda r: f"goes {_way(f, b.hub[r])} at {money(total[r])} a unit; {_way(f, choice.hub[r])} it is "
        f"{money(choice.cost[r])} (cheapest, then direct, then the hub first by name)",
    )  # fmt: skip


def _way(f: Facts, hub: int) -> str:
    return "direct" if hub < 0 else f"via {f.hubs.names[hub]}"


def _check_days(f: Facts, best: routes.Days, good: Bools, stated: Ints, names: Texts, report: Report) -> None:
    for row, (column, days) in enumerate(
        (("pickup_day", best.pickup), ("arrival_day", best.arrival), ("delivery_day", best.delivery))
    ):
        right = days if f.dated else np.full(len(days), NO_DAY)
        report.each(
            "days", TABLE, good & (stated[row] != right), names,
            lambda r, c=column, s=stated[row], d=right: f"{c} is {day(s[r])}; it has to be {day(d[r])}",  # type: ignore[misc]
        )  # fmt: skip


def day(number: int) -> str:
    """Return a day number as an ISO day."""
    return "empty" if number == NO_DAY else str(np.datetime64(int(number), "D"))


def _check_costs(
    price: routes.Price,
    fees: routes.Fees,
    total: Ints,
    good: Bools,
    given: Floats,
    stated: Floats,
    names: Texts,
    report: Report,
) -> None:
    """Hold the stated money against the unit cost and its components, times the quantity."""
    units = stated * 10_000
    other = fees.identification + fees.penalty + fees.transfer
    parts = (price.transport, price.handling, price.storage, other)
    for row, (column, part) in enumerate(zip(_COSTS, parts, strict=True)):
        right = part * 10_000 * given
        slack = RESIDUE * given + 1 + np.abs(right) * 2.0**-40
        report.each(
            "cost", TABLE, good & (np.abs(units[row] - right) > slack), names,
            lambda r, c=column, s=stated[row], v=right: f"{c} is {s[r]:.4f}; it has to be {money(v[r])}",  # type: ignore[misc]
        )  # fmt: skip
    right = total * given
    slack = np.where(given == np.floor(given), 0.01, 0.51) + np.abs(right) * 2.0**-50
    report.each(
        "cost", TABLE, good & (np.abs(units[4] - right) > slack), names,
        lambda r: f"total_cost is {stated[4][r]:.4f}; {given[r]:g} × {money(total[r])} is {money(right[r])}",
    )  # fmt: skip
    added = units[:4].sum(axis=0)
    slack = np.where(given == np.floor(given), 0.01, 2.6) + np.abs(right) * 2.0**-48
    report.each(
        "cost", TABLE, good & (np.abs(added - units[4]) > slack), names,
        lambda r: f"the four costs add up to {added[r] / 10_000:.4f}, total_cost is {stated[4][r]:.4f}",
    )  # fmt: skip
