"""The allocations, row by row: who, how much, over which route, on which days, at what cost.

Where the case gives no capacity, each pair has one best route and no choice of days. Where it gives
any, every route that may be taken is open, on any days that fit. The shopping list, which says what
funds buy, is recomputed from the allocations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.plan import PURCHASES
from matchopt.language import mark, tr
from matchopt.verifier import facts, rules
from matchopt.verifier.commitments import CommitmentFacts
from matchopt.verifier.violation import CheckedRows, PlanTable, named, row_name, worded, written

RESIDUE = 3.0
"""Units of 1/10 000 by which a component may differ from its own value, per unit given: rounding the
other five and the total takes at most half a unit each, and the component takes all of it. (The
seventh, the purchase, is a whole unit of currency and has nothing to round.)"""

_FIGURES = ("quantity", "unit_price", "amount")
_DAYS = ("pickup_day", "arrival_day", "delivery_day")
_COSTS = ("transport_cost", "handling_cost", "storage_cost", "other_cost", "total_cost")

NOBODY, OTHERS = -1, -2
"""In place of the one need that a donation serves."""


@dataclass(frozen=True, slots=True)
class PlanLines:
    """The rows of the allocations whose donation and need are known.

    Each has its pair and hub (`DIRECT`, `UNKNOWN`). `given` is in grains of the donated item, 0 where it
    could not be read; of it, `stays` is what a line of an earlier plan gives. `rate` is a row of `rates`:
    grains of the need that one given grain serves. `stated` is money in 1/10 000 by column: transport,
    handling, storage, other, total. Routes of rows that are `sound` may be taken, on their days; the unit
    cost (`unit`, 1/10 000) and the schedule are only for them. `last` is the number of the last id ever used.
    """

    pairs: rules.PairFacts
    hub: Ints
    given: Ints
    stays: Ints
    rate: Ints
    rates: tuple[Fraction, ...]
    stated: Floats
    sound: Bools
    unit: Ints
    days: rules.Schedule
    last: int

    @property
    def i(self) -> Ints:
        """Donation of each row."""
        return self.pairs.i

    @property
    def j(self) -> Ints:
        """Need of each row."""
        return self.pairs.j

    @property
    def new(self) -> PlanLines:
        """The same rows with what is planned anew only."""
        return replace(self, given=self.given - self.stays)

    @property
    def before(self) -> PlanLines:
        """The same rows with what stays only."""
        return replace(self, given=self.stays)

    @property
    def bought(self) -> Bools:
        """Rows on which money buys something."""
        return self.pairs.fees.purchase > 0

    def receivers(self, short: Bools, size: int) -> Ints:
        """Return the one need, if `short`, that each of `size` donations serves; `OTHERS`, or `NOBODY`."""
        first, last = np.full(size, len(short)), np.full(size, NOBODY)
        given = (self.given > 0).astype(bool)
        np.minimum.at(first, self.i[given], self.j[given])
        np.maximum.at(last, self.i[given], self.j[given])
        alone = (first == last) & short[last]
        return np.where(alone | (last == NOBODY), last, OTHERS)

    def served(self, size: int) -> facts.Counts:
        """Return what each of `size` needs is served: grains, whole or else Fractions."""
        if all(rate == 1 for rate in self.rates):
            return facts.sums(self.j, self.given, size)
        served = np.zeros(size, dtype=object)
        for code, rate in enumerate(self.rates):
            mine = self.rate == code
            needs, where = np.unique(self.j[mine], return_inverse=True)
            amounts = facts.sums(where, self.given[mine], len(needs)).astype(object) * _plain(rate)
            served[needs] = [
                _plain(Fraction(a + b)) for a, b in zip(served[needs].tolist(), amounts, strict=True)
            ]
        return served


def _plain(number: Fraction) -> int | Fraction:
    """Return a whole number as an int, which is quicker to compute with."""
    return number.numerator if number.denominator == 1 else number


def read_lines(f: facts.Facts, commitments: CommitmentFacts, table: PlanTable) -> PlanLines:
    """Check the allocations row by row and return them.

    What stays of an earlier plan obeys no rule, what is planned on top of it does.
    """
    ids = table.text("allocation_id")
    names = named(ids)
    rows = table.rows(names)
    rows.note("duplicate_id", facts.repeated(ids), mark("stands twice"))
    rows.note("bad_cell", (ids == "").astype(bool) & ~table.bad, mark("has no allocation_id"))
    donation_ids, need_ids, hubs = (table.text(column) for column in ("donation_id", "need_id", "hub"))
    days = np.stack([table.day(column) for column in _DAYS])
    days = days if f.dated else _undated(days, rows)
    _check_order(rows, (need_ids, donation_ids, hubs, *days))
    i, j = (
        _found(rows, f.donations.ids, donation_ids, "donation"),
        _found(rows, f.needs.ids, need_ids, "need"),
    )
    hub = _found(rows, f.hubs.names, hubs, "hub")
    donated, served = table.number("donated_quantity"), table.number("served_quantity")
    stated = np.stack([table.number(column) for column in _COSTS]) * 10_000
    known = np.flatnonzero((i >= 0) & (j >= 0))
    p, hub, days, stated = (
        rules.PairFacts.of(f, i[known], j[known]),
        hub[known],
        days[:, known],
        stated[:, known],
    )
    rows, keys = table.rows(names[known]), (p.i, p.j, hub, *days)
    right, last = commitments.ids(keys)
    words = mark("is «{ids}»; it has to be «{right}» (as an earlier line was called, or counting on)")
    # Where rows are about nobody, those after them count otherwise.
    wrong = (ids[known] != right).astype(bool) & (len(known) == table.size)
    rows.note("id", wrong, words, ids=ids[known], right=right)
    pinned = commitments.pinned.find(keys)
    _check_pinned(f, commitments, pinned, table)
    given, stays = _given(f, p, donated[known], np.append(commitments.pinned.given, 0)[pinned], rows)
    rate, rates = _rates(f, p)
    _check_served(f, p.j, given, (rate, rates), served[known], rows)
    new = (stays == 0) | (given > stays)
    _check_rules(f, p, commitments.bars(p.i, p.j), new, rows)
    pair, _ = facts.classes(p.i, p.j)
    kept = commitments.keeps(keys, given - stays) & bool(commitments.churn)
    kept = np.isin(pair, pair[kept])
    routes = rules.stated_routes(f, p, hub)
    schedule, sound = _check_routes(f, p, routes, hub, days, (new, kept), rows)
    if not new.all():
        earlier = facts.pick(commitments.pinned, pinned)
        known_days = rules.Schedule(~new, earlier.pickup, earlier.arrival, earlier.delivery, earlier.stay)
        schedule = rules.Schedule(*(np.where(new, x, y) for x, y in zip(schedule, known_days, strict=True)))
        sound |= ~new
    cost = routes.cost(p, np.maximum(schedule.stay, 0))
    unit = cost.total(p.fees)
    lines = PlanLines(p, hub, given, stays, rate, rates, stated, sound, unit, schedule, last)
    _check_costs(f, lines, cost, rows)
    return lines


def _found(rows: CheckedRows, ids: Texts, texts: Texts, word: str) -> Ints:
    """Return the place of each text in `ids`; those that are nowhere are reported. No hub is `DIRECT`."""
    code = facts.Names(ids).of(texts)
    if word == "hub":
        code = np.where(texts == "", rules.DIRECT, np.where(code < 0, rules.UNKNOWN, code))
    words = mark("there is no {word} «{texts}» in the case")
    rows.note("unknown_id", code < (rules.DIRECT if word == "hub" else 0), words, word=word, texts=texts)
    return code


def _undated(days: Ints, rows: CheckedRows) -> Ints:
    """Report the days of rows in a case that holds none, and return the one day that it is planned on."""
    words = mark("{c} is {s}; no table holds a day")
    for name, told in zip(_DAYS, days, strict=True):
        rows.note("days", told != facts.NO_DAY, words, c=name, s=facts.dates(told))
    return np.zeros_like(days)


def _check_order(rows: CheckedRows, keys: tuple[Any, ...]) -> None:
    """Check that no two rows are one line, and that they are sorted."""
    size = len(keys[0])
    falls, again = np.zeros((2, size), dtype=bool)
    tied = np.ones(max(size - 1, 0), dtype=bool)
    for key in keys:
        falls[1:] |= tied & (key[1:] < key[:-1]).astype(bool)
        tied &= (key[1:] == key[:-1]).astype(bool)
    again[1:] = tied
    if falls.any():  # where rows are sorted, those that are one line stand together
        again = facts.repeated(facts.classes(*(pd.factorize(key)[0].astype(np.int64) for key in keys))[0])
    words = mark("is a second row of donation {donation}, need {need}, the same route and days")
    rows.note("duplicate_row", again, words, donation=keys[1], need=keys[0])
    words = mark(
        "comes before the row above it: rows are sorted by need_id, donation_id, hub, "
        "pickup_day, arrival_day, delivery_day"
    )
    rows.note("order", falls, words)


def _check_pinned(f: facts.Facts, commitments: CommitmentFacts, at: Ints, table: PlanTable) -> None:
    """Check that every line that stays is there."""
    i, j = commitments.pinned.i, commitments.pinned.j
    gone = np.ones(len(i), dtype=bool)
    gone[at[at >= 0]] = False
    rows = table.rows(lambda r: f"donation {f.donations.ids[i[r]]}, need {f.needs.ids[j[r]]}")
    rows.note("pinned", gone, mark("is a line that stays as it was, and is missing here"))


def _given(
    f: facts.Facts, p: rules.PairFacts, quantity: Floats, stays: Ints, rows: CheckedRows
) -> tuple[Ints, Ints]:
    """Return quantities in grains, and what of them stays of an earlier plan.

    Those whose new part is no whole number of granules are reported, and those that give less than stays.
    """
    grain, granule = f.donations.grain[p.i], rules.line_granule(f, p)
    ratio = np.nan_to_num(quantity) / grain
    whole = np.rint(ratio)
    good = (np.abs(ratio - whole) <= 4 * np.spacing(ratio)) & (whole >= 1) & (whole <= facts.LARGEST)
    grains = np.where(good, whole, 0).astype(np.int64)
    less = good & (grains < stays)
    words = mark("gives {quantity}, less than the {stays} that stay as they were")
    rows.note("pinned", less, words, quantity=written(quantity), stays=written(stays * grain))
    good &= ~less & ((grains - stays) % granule == 0)
    words = mark(
        "gives {quantity}, no positive multiple of {value} (the least common multiple of step and lot; "
        "of money that buys its lot, or 0.0001)"
    )
    odd = ~good & ~less & ~np.isnan(quantity)
    rows.note("quantity", odd, words, quantity=written(quantity), value=written(granule * grain))
    return np.where(good, grains, 0), np.where(good, stays, 0)


def _rates(f: facts.Facts, p: rules.PairFacts) -> tuple[Ints, tuple[Fraction, ...]]:
    """Return for each row which rate is its own, and the rates: grains served by one grain given, exactly."""
    if not len(p.i):
        return p.i, ()
    rate, count = facts.classes(f.donations.item[p.i], f.needs.item[p.j])
    rates = [Fraction(1)] * count
    for code, r in enumerate(np.unique(rate, return_index=True)[1].tolist()):
        if p.fits[r]:
            donated, asked = (
                Fraction(repr(float(g))) for g in (f.donations.grain[p.i[r]], f.needs.grain[p.j[r]])
            )
            rates[code] = rules.exact_ratio(f, p.i[r], p.j[r]) * (donated / asked)
    return rate, tuple(rates)


def _check_served(
    f: facts.Facts,
    j: Ints,
    given: Ints,
    rates: tuple[Ints, tuple[Fraction, ...]],
    stated: Floats,
    rows: CheckedRows,
) -> None:
    """Check that a row serves what is given times the ratio, to six decimals where it is not exact."""
    rate, exact = rates
    grain = f.needs.grain[j]
    right = given * np.array([float(r) for r in exact] or [1.0])[rate] * grain
    wrong = (given > 0) & (np.abs(stated - right) > 2 * np.spacing(right)) & ~np.isnan(stated)
    for r in np.flatnonzero(wrong).tolist():
        units = int(given[r]) * exact[rate[r]] * Fraction(repr(float(grain[r])))
        slack = facts.micro(units) + Fraction(float(4 * np.spacing(right[r])))
        wrong[r] = abs(Fraction(float(stated[r])) - units) > slack
    words = mark("serves {stated}; what it gives serves {units}")
    rows.note("served", wrong, words, stated=written(stated), units=written(right))


def _check_rules(f: facts.Facts, p: rules.PairFacts, barred: Bools, new: Bools, rows: CheckedRows) -> None:
    """Check who may serve whom row by row, routes aside, where something is `new`: the first rule broken."""
    d, n = f.donations, f.needs
    refused = {"excluded": n.excluded[p.j], "unreliable": d.plannable[p.i] == 0, **rules.refusals(f, p)}
    refused["declined"] = barred
    values: dict[str, object] = {
        "donation": lambda r: f"donation {d.ids[p.i[r]]}",
        "need": lambda r: f"need {n.ids[p.j[r]]}",
        "items": lambda r: d.items[p.i[r]],
        "items2": lambda r: n.items[p.j[r]],
        "quality": lambda r: d.quality[p.i[r]],
        "quality2": lambda r: n.quality[p.j[r]],
    }
    left = new.copy()
    for code, wrong in refused.items():
        rows.note(code, left & wrong, _REFUSALS[code], **values)
        left &= ~wrong


_REFUSALS = {
    "excluded": mark("{need} is excluded: only the public sector may serve it"),
    "unreliable": mark("nothing of {donation} may be planned at its reliability"),
    "no_such_item": mark("{donation} is {items}, which does not serve {need} for {items2}"),
    "quality": mark("{donation} is of quality {quality}, {need} asks for {quality2}"),
    "earmark": mark("the earmarks of {donation} do not admit {need}"),
    "boundary": mark("the boundary policy does not admit {donation} for {need}"),
    "declined": mark("{donation} is not to be proposed to {need} again"),
}


def _check_routes(
    f: facts.Facts,
    p: rules.PairFacts,
    routes: rules.Routes,
    hub: Ints,
    days: Ints,
    marks: tuple[Bools, Bools],
    rows: CheckedRows,
) -> tuple[rules.Schedule, Bools]:
    """Check the routes of rows that are new, and their days; return these, and which rows are right.

    `marks` are the rows that are new, and those of pairs that keep a promise: these need not go the best way.
    """
    (new, kept), best, own = marks, rules.best_routes(f, p), routes.schedule(p)
    known, none = new & (hub != rules.UNKNOWN), best.cost == rules.NOWHERE
    unit = routes.cost(p, own.stay).total(p.fees)
    names = f.donations.ids[p.i], f.needs.communities[p.j], f.needs.ids[p.j]

    def way(hubs: Ints) -> Callable[[int], str]:
        return lambda r: tr("direct") if hubs[r] < 0 else tr("via {hub}", hub=f.hubs.names[hubs[r]])

    words = mark("no route connects donation {ids} with {communities}")
    rows.note("unreachable", new & ~best.connected, words, ids=names[0], communities=names[1])
    words = mark("no route brings donation {ids} to need {ids2} in time")
    rows.note("timing", new & best.connected & none, words, ids=names[0], ids2=names[2])
    goes = {"f": way(hub), "f2": way(best.hub)}
    words = mark("goes {f}, which does not connect or may not take the item; the best route is {f2}")
    rows.note("route", known & ~none & ~routes.open, words, **goes)
    words = mark("goes {f}, which is late; the best route is {f2}")
    rows.note("route", known & ~none & routes.open & ~own.timely, words, **goes)
    sound = new & routes.open & own.timely
    if f.capacitated:
        return _check_own_days(f, p, routes, days, sound, rows)
    words = mark(
        "goes {f} at {unit} a unit; {f2} it is {cost} (cheapest, then direct, then the hub first by name)"
    )
    dearer = sound & (hub != best.hub) & ~kept
    rows.note("route", dearer, words, unit=facts.monies(unit), cost=facts.monies(best.cost), **goes)
    for name, right, told in zip(_DAYS, own[1:4], days, strict=True):
        words = mark("{c} is {s}; it has to be {d}")
        rows.note("days", sound & (told != right), words, c=name, s=facts.dates(told), d=facts.dates(right))
    return own, sound


def _check_own_days(
    f: facts.Facts, p: rules.PairFacts, routes: rules.Routes, days: Ints, sound: Bools, rows: CheckedRows
) -> tuple[rules.Schedule, Bools]:
    """Check that days of its own fit a row; return them, and the rows where they do."""
    pickup, arrival, delivery = days
    stay = delivery - routes.lead_out - arrival
    stay = np.where((stay < 0) | (stay > f.days), -1, stay)
    come = pickup + routes.lead_in
    late = (stay < 0) | (~routes.stored & (stay != 0))
    fits = np.ones(len(sound), dtype=bool)

    def check(column: int, wrong: Bools, right: str, **values: Ints) -> None:
        due = {key: facts.dates(value) for key, value in values.items()}
        value = worded(right, **due)
        told, words = facts.dates(days[column]), mark("{c} is {s}; {value}")
        rows.note("days", sound & wrong, words, c=_DAYS[column], s=told, value=value)
        np.logical_and(fits, ~wrong, out=fits)

    words = mark("the donation can be had from {first} to {last}")
    check(0, (pickup < p.first) | (pickup > p.last), words, first=p.first, last=p.last)
    check(1, arrival != come, mark("it has to be {arrival}"), arrival=come)
    words = mark("it has to be from {wanted} to {due}")
    check(2, (delivery < p.wanted) | (delivery > p.due), words, wanted=p.wanted, due=p.due)
    check(2, late, mark("the way from where it arrived does not end then"))
    return rules.Schedule(fits, pickup, arrival, delivery, stay), sound & fits


def _check_costs(f: facts.Facts, lines: PlanLines, cost: rules.UnitCost, rows: CheckedRows) -> None:
    """Hold the stated money (1/10 000) against the unit cost and its components, times the units given."""
    given, stated = lines.given * f.donations.grain[lines.i], lines.stated
    good, fractional = lines.sound & (given > 0), given != np.floor(given)
    for name, part, told in zip(_COSTS, (*cost, lines.pairs.fees.total()), stated[:4], strict=False):
        right = part * 10_000 * given
        slack = RESIDUE * given + 1 + np.abs(right) * 2.0**-40
        words = mark("{c} is {s}; it has to be {v}")
        rows.note(
            "cost",
            good & (np.abs(told - right) > slack),
            words,
            c=name,
            s=facts.monies(told),
            v=facts.monies(right),
        )
    right, total = lines.unit * given, stated[4]
    slack = np.where(fractional, 0.51, 0.01) + np.abs(right) * 2.0**-50
    words = mark("total_cost is {stated}; {given} × {unit} is {right}")
    values = {"stated": facts.monies(total), "unit": facts.monies(lines.unit), "right": facts.monies(right)}
    rows.note("cost", good & (np.abs(total - right) > slack), words, given=written(given, "g"), **values)
    added = stated[:4].sum(axis=0)
    slack = np.where(fractional, 2.6, 0.01) + np.abs(right) * 2.0**-48
    words = mark("the four costs add up to {added}, total_cost is {stated}")
    wrong = good & (np.abs(added - total) > slack)
    rows.note("cost", wrong, words, added=facts.monies(added), stated=facts.monies(total))


def check_purchases(f: facts.Facts, table: PlanTable, lines: PlanLines) -> None:
    """Check that the list has a row for each line of money that buys, with its figures, in order."""
    right = _purchases(f, lines)
    readers = {"delivery_day": table.day} | dict.fromkeys(_FIGURES, table.number)
    stated = {column: readers.get(column, table.text)(column) for column in PURCHASES}
    count = len(right["item"])
    if table.size != count:
        words = tr("has {stated} rows; the allocations buy {right} times", stated=table.size, right=count)
        table.found.add("purchases", table.name, "", words)
        return
    rows, words = table.rows(row_name), mark("{column} is «{stated}»; it has to be «{right}»")
    for column, told in stated.items():
        wanted = right[column]
        show: Callable[..., object] = facts.dates if column == "delivery_day" else np.asarray
        wrong = (told != wanted).astype(bool)
        if column in _FIGURES:
            slack = (0.51e-4 if column == "amount" else 0.51e-6) + np.abs(wanted) * 2.0**-48
            wrong, show = np.abs(told - wanted) > slack, partial(written, style=".10g")
        rows.note("purchases", wrong, words, column=column, stated=show(told), right=show(wanted))


def _purchases(f: facts.Facts, lines: PlanLines) -> dict[str, Any]:
    """Return the columns of the list as it has to be."""
    rows = np.flatnonzero(lines.bought)
    d, n, i, j = f.donations, f.needs, lines.i[rows], lines.j[rows]
    rates = np.array([float(rate) for rate in lines.rates] or [1.0])[lines.rate[rows]]
    spent, served = lines.given[rows] * d.grain[i], lines.given[rows] * rates * n.grain[j]
    days = lines.days.delivery[rows] if f.dated else np.full(len(rows), facts.NO_DAY)
    price = spent / np.where(served > 0, served, 1.0)
    columns = n.items[j], n.communities[j], days, served, price, spent, d.ids[i], d.donors[i], n.ids[j]
    listed = dict(zip(PURCHASES, columns, strict=True))
    sorted_by = ("item", "community", "delivery_day", "need_id", "donation_id")
    keys = list(zip(*(listed[name].tolist() for name in sorted_by), strict=True))
    order = np.array(sorted(range(len(rows)), key=keys.__getitem__), dtype=np.int64)
    return {name: column[order] for name, column in listed.items()}
