"""The allocations, row by row: who, how much, by which rules; ways and costs are looked at next door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd

from matchopt.language import tr
from matchopt.verifier import routes, rules
from matchopt.verifier.charges import check_charges
from matchopt.verifier.committed import Committed, found_in, price_of
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Counts, Floats, Ints, Texts, classes, repeated
from matchopt.verifier.quantities import micro, plain, sums
from matchopt.verifier.sheet import Sheet, named
from matchopt.verifier.violation import Report
from matchopt.verifier.ways import UNKNOWN, Ways, check_ways, put_together

TABLE = "allocations"

_MOST_GRAINS = 2.0**62
_COSTS = ("transport_cost", "handling_cost", "storage_cost", "other_cost", "total_cost")


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows of the allocations whose donation and need are known.

    Attributes
    ----------
    i, j, hub
        Donation, need and hub (`routes.DIRECT`, `ways.UNKNOWN`).
    names
        How to call each row.
    given
        Quantity given, in grains of the donated item; 0 where it could not be read.
    stays
        What of that a line of an earlier plan gives that stays.
    rate, rates
        Row of `rates`: grains of the need that one given grain serves.
    stated
        Stated money in 1/10 000 by column: transport, handling, storage, other, total.
    sound
        Rows whose route may be taken, on the stated days; what follows is only for them.
    unit
        Unit cost over the stated route, in 1/10 000.
    fees
        What is added to a unit whatever its route, in currency.
    pickup, arrival, stay, delivery
        Day of pick-up, of arrival at the hub, days of storage there, day of delivery.
    """

    i: Ints
    j: Ints
    hub: Ints
    names: Texts
    given: Ints
    stays: Ints
    rate: Ints
    rates: tuple[Fraction, ...]
    stated: Floats
    sound: Bools
    unit: Ints
    fees: routes.Fees
    pickup: Ints
    arrival: Ints
    stay: Ints
    delivery: Ints

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.i)

    @property
    def new(self) -> Lines:
        """The same rows with what is planned anew only."""
        return replace(self, given=self.given - self.stays)

    @property
    def before(self) -> Lines:
        """The same rows with what stays only."""
        return replace(self, given=self.stays)

    @property
    def bought(self) -> Bools:
        """Rows on which money buys something."""
        return self.fees.purchase > 0

    def served(self, size: int) -> Counts:
        """Return what each of `size` needs is served: grains, whole or else Fractions."""
        if all(rate == 1 for rate in self.rates):
            return sums(self.j, self.given, size)
        served = np.zeros(size, dtype=object)
        for code, rate in enumerate(self.rates):
            mine = self.rate == code
            needs, where = np.unique(self.j[mine], return_inverse=True)
            amounts = sums(where, self.given[mine], len(needs)).astype(object) * plain(rate)
            served[needs] = [
                plain(Fraction(a + b)) for a, b in zip(served[needs].tolist(), amounts, strict=True)
            ]
        return served


def read_lines(f: Facts, committed: Committed, sheet: Sheet, report: Report) -> Lines:
    """Check the allocations row by row and return them.

    What stays of an earlier plan obeys no rule, what is planned on top of it does.
    """
    ids = sheet.text("allocation_id")
    names = named(ids)
    again = pd.Index(ids, dtype=object).duplicated()
    report.each("duplicate_id", TABLE, again, names, lambda r: tr("stands twice"))
    report.each("bad_cell", TABLE, (ids == "") & ~sheet.bad, names, lambda r: tr("has no allocation_id"))
    gift_ids, need_ids, hubs = sheet.text("donation_id"), sheet.text("need_id"), sheet.text("hub")
    days = np.stack([sheet.day(column) for column in ("pickup_day", "arrival_day", "delivery_day")])
    _check_order(report, names, (need_ids, gift_ids, hubs, *days))
    i = pd.Index(f.gifts.ids, dtype=object).get_indexer(pd.Index(gift_ids, dtype=object))
    j = pd.Index(f.wants.ids, dtype=object).get_indexer(pd.Index(need_ids, dtype=object))
    hub = pd.Index(f.hubs.names, dtype=object).get_indexer(pd.Index(hubs, dtype=object)).astype(np.int64)
    hub = np.where(hubs == "", routes.DIRECT, np.where(hub < 0, UNKNOWN, hub))
    for code, texts, word in ((i, gift_ids, "donation"), (j, need_ids, "need"), (hub, hubs, "hub")):
        _check_known(report, names, code < (0 if word != "hub" else routes.DIRECT), texts, word)
    donated, served = sheet.number("donated_quantity"), sheet.number("served_quantity")
    stated = np.stack([sheet.number(column) for column in _COSTS])
    rows = np.flatnonzero((i >= 0) & (j >= 0))
    i, j, hub, names, days = i[rows], j[rows], hub[rows], names[rows], days[:, rows]
    keys = i, j, hub, *(days if f.dated else np.zeros_like(days))
    pinned = found_in(keys, committed.pinned)
    stays = np.append(committed.pinned.given, 0)[pinned]
    _check_pinned(f, committed, pinned, report)
    given, stays = _given(f, i, donated[rows], stays, names, report)
    fit = rules.same_thing(f, i, j)
    rate, rates = _rates(f, i, j, fit.open)
    _check_served(f, (i, j, names), given, (rate, rates), served[rows], report)
    new = (stays == 0) | (given > stays)
    fees = _check_rules(f, (i, j, names), fit, committed.bars(i, j), new, report)
    kept = committed.keeps(keys, given - stays)
    ways = _ways(f, committed, (i, j, hub, names), fees, days, new, kept, pinned, report)
    units = stated[:, rows] * 10_000
    check_charges(ways, fees, given * f.gifts.grain[i], units, names, report)
    return Lines(
        i, j, hub, names, given, stays, rate, rates, units, ways.sound, ways.unit, fees, ways.days.pickup,
        ways.days.arrival, ways.days.stay, ways.days.delivery,
    )  # fmt: skip


def _check_pinned(f: Facts, committed: Committed, at: Ints, report: Report) -> None:
    """Check that every line that stays is there."""
    lines = committed.pinned
    gone = np.ones(len(lines.i), dtype=bool)
    gone[at[at >= 0]] = False
    report.each(
        "pinned", TABLE, gone,
        lambda r: f"donation {f.gifts.ids[lines.i[r]]}, need {f.wants.ids[lines.j[r]]}",
        lambda _: tr("is a line that stays as it was, and is missing here"),
    )  # fmt: skip


def _ways(
    f: Facts, committed: Committed, keys: tuple[Ints, Ints, Ints, Texts], fees: routes.Fees, days: Ints,
    new: Bools, kept: Bools, pinned: Ints, report: Report,
) -> Ways:  # fmt: skip
    """Return the way of each row: checked where something is new, as it is stated where all of it stays."""
    if new.all():
        return check_ways(f, keys, fees, days, kept, report)
    i, j, hub, names = keys
    at, old = np.flatnonzero(new), np.flatnonzero(~new)
    mine = check_ways(f, (i[at], j[at], hub[at], names[at]), fees.at(at), days[:, at], kept[at], report)
    lines = committed.pinned.at(pinned[old])
    price, unit = price_of(f, lines, fees.at(old))
    timely = np.ones(len(old), dtype=bool)
    way = routes.Days(timely, lines.pickup, lines.arrival, lines.delivery, lines.stay)
    both: Ways = put_together([mine, Ways(timely, unit, price, way)], np.concatenate([at, old]))
    return both


def _check_known(report: Report, names: Texts, unknown: Bools, texts: Texts, word: str) -> None:
    report.each(
        "unknown_id",
        TABLE,
        unknown,
        names,
        lambda r: tr("there is no {word} «{texts}» in the case", word=word, texts=texts[r]),
    )


def _check_order(report: Report, names: Texts, keys: tuple[Texts | Ints, ...]) -> None:
    """Check that no two rows are one line, and that they are sorted."""
    need, gift = keys[0], keys[1]
    falls, again = np.zeros((2, len(names)), dtype=bool)
    tied = np.ones(max(len(names) - 1, 0), dtype=bool)
    for key in keys:
        falls[1:] |= tied & (key[1:] < key[:-1]).astype(bool)
        tied &= (key[1:] == key[:-1]).astype(bool)
    again[1:] = tied
    if falls.any():  # where rows are sorted, those that are one line stand together
        again = repeated(classes(*(pd.factorize(key)[0].astype(np.int64) for key in keys))[0])
    report.each(
        "duplicate_row",
        TABLE,
        again,
        names,
        lambda r: tr(
            "is a second row of donation {gift}, need {need}, the same route and days",
            gift=gift[r],
            need=need[r],
        ),
    )
    report.each(
        "order",
        TABLE,
        falls,
        names,
        lambda r: tr(
            "comes before the row above it: rows are sorted by need_id, donation_id, hub, "
            "pickup_day, arrival_day, delivery_day"
        ),
    )


def _given(
    f: Facts, i: Ints, quantity: Floats, stays: Ints, names: Texts, report: Report
) -> tuple[Ints, Ints]:
    """Return quantities in grains, and what of them stays of an earlier plan.

    Those whose new part is no whole number of granules are reported, and those that give less than stays.
    """
    ratio = np.nan_to_num(quantity) / f.gifts.grain[i]
    whole = np.rint(ratio)
    good = (np.abs(ratio - whole) <= 4 * np.spacing(ratio)) & (whole >= 1) & (whole <= _MOST_GRAINS)
    grains = np.where(good, whole, 0).astype(np.int64)
    granule = f.gifts.granule[i]
    less = good & (grains < stays)
    report.each(
        "pinned", TABLE, less, names,
        lambda r: tr(
            "gives {quantity}, less than the {stays} that stay as they were",
            quantity=f"{quantity[r]:.15g}", stays=f"{stays[r] * f.gifts.grain[i[r]]:.15g}",
        ),
    )  # fmt: skip
    good &= ~less & ((grains - stays) % granule == 0)
    report.each(
        "quantity",
        TABLE,
        ~good & ~less & ~np.isnan(quantity),
        names,
        lambda r: tr(
            "gives {quantity}, no positive multiple of {value} (the least common multiple of step and lot)",
            quantity=f"{quantity[r]:.15g}",
            value=f"{granule[r] * f.gifts.grain[i[r]]:.15g}",
        ),
    )
    return np.where(good, grains, 0), np.where(good, stays, 0)


def _rates(f: Facts, i: Ints, j: Ints, fits: Bools) -> tuple[Ints, tuple[Fraction, ...]]:
    """Return for each row which rate is its own, and the rates: grains served by one grain given, exactly."""
    if not len(i):
        return i, ()
    rate, count = classes(f.gifts.item[i], f.wants.item[j])
    rates = [Fraction(1)] * count
    first = np.full(count, -1, dtype=np.int64)
    first[rate[::-1]] = np.arange(len(i))[::-1]
    for code, r in enumerate(first.tolist()):
        if fits[r]:
            grains = Fraction(repr(float(f.gifts.grain[i[r]]))) / Fraction(repr(float(f.wants.grain[j[r]])))
            rates[code] = rules.exact_ratio(f, i[r], j[r]) * grains
    return rate, tuple(rates)


def _check_served(
    f: Facts,
    keys: tuple[Ints, Ints, Texts],
    given: Ints,
    rates: tuple[Ints, tuple[Fraction, ...]],
    stated: Floats,
    report: Report,
) -> None:
    """Check that a row serves what is given times the ratio, to six decimals where it is not exact."""
    _, j, names = keys
    rate, exact = rates
    right = given * np.array([float(r) for r in exact] or [1.0])[rate] * f.wants.grain[j]
    suspect = (given > 0) & (np.abs(stated - right) > 2 * np.spacing(right))
    for r in np.flatnonzero(suspect & ~np.isnan(stated)).tolist():
        units = int(given[r]) * exact[rate[r]] * Fraction(repr(float(f.wants.grain[j[r]])))
        dust = Fraction(float(4 * np.spacing(right[r])))
        if abs(Fraction(float(stated[r])) - units) > micro(units) + dust:
            report.add(
                "served",
                TABLE,
                names[r],
                tr(
                    "serves {stated}; what it gives serves {units}",
                    stated=f"{stated[r]:.15g}",
                    units=f"{float(units):.15g}",
                ),
            )


def _check_rules(
    f: Facts, keys: tuple[Ints, Ints, Texts], fit: rules.Fit, barred: Bools, new: Bools, report: Report
) -> routes.Fees:
    """Check who may serve whom row by row, ways aside, where something is `new`.

    Return what is added to the cost of a unit.
    """
    i, j, names = keys
    inside, transfer = rules.within_bounds(f, i, f.wants.community[j])
    marked = rules.marked_for_community(f, i, f.wants.community[j]) & rules.marked_for_group(f, i, j)
    taken = new.copy()
    refusals: list[tuple[str, Bools]] = [
        ("excluded", f.wants.excluded[j]), ("unreliable", f.gifts.plannable[i] == 0),
        ("no_such_item", ~fit.open), ("quality", ~rules.good_enough(f, i, j)),
        ("earmark", ~marked), ("boundary", ~inside), ("declined", barred),
    ]  # fmt: skip
    for code, refused in refusals:
        report.each(code, TABLE, taken & refused, names, partial(_refusal, f, i, j, code))
        taken &= ~refused
    return routes.Fees.of(f, i, j, fit, transfer)


def _refusal(f: Facts, gifts: Ints, needs: Ints, code: str, r: int) -> str:
    i, j = gifts[r], needs[r]
    gift, need = f"donation {f.gifts.ids[i]}", f"need {f.wants.ids[j]}"
    return {
        "excluded": tr("{need} is excluded: only the public sector may serve it", need=need),
        "unreliable": tr("nothing of {gift} may be planned at its reliability", gift=gift),
        "no_such_item": tr(
            "{gift} is {items}, which does not serve {need} for {items2}",
            gift=gift,
            items=f.gifts.items[i],
            need=need,
            items2=f.wants.items[j],
        ),
        "quality": tr(
            "{gift} is of quality {quality}, {need} asks for {quality2}",
            gift=gift,
            quality=f.gifts.quality[i],
            need=need,
            quality2=f.wants.quality[j],
        ),
        "earmark": tr("the earmarks of {gift} do not admit {need}", gift=gift, need=need),
        "boundary": tr("the boundary policy does not admit {gift} for {need}", gift=gift, need=need),
        "declined": tr("{gift} is not to be proposed to {need} again", gift=gift, need=need),
    }[code]
