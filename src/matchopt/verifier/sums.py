"""What the allocations come to: for needs and donations, in money, on capacities; and the rules on that.

The tables of needs and donations are held against these sums: every id once, in order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.plan import DONATIONS, NEEDS
from matchopt.errors import shortened
from matchopt.language import mark, tr
from matchopt.tolerances import EQUAL, ROUNDING
from matchopt.verifier.facts import (
    Counts,
    Facts,
    Names,
    PairIndex,
    added,
    day,
    repeated,
    sums,
    tenthousandths,
    total,
)
from matchopt.verifier.lines import NOBODY, PlanLines
from matchopt.verifier.purchases import check_steps
from matchopt.verifier.rules import agreement_of, lanes_taken
from matchopt.verifier.violation import (
    CheckedRows,
    ExpectedValue,
    PlanTable,
    Violations,
    is_text,
    named,
    written,
)

_SLACK = Fraction(repr(ROUNDING))
"""Relative: what limits on sums of fractions may be passed by."""

_SHORT = Fraction(repr(EQUAL))
"""Units; a need that lacks no more has all it asks."""

TABLE = "allocations"


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """The sums of a plan.

    Attributes
    ----------
    served, unmet, planned, left_over
        Grains of each need and donation; Fractions where they are not whole.
    short
        Needs that lack something.
    spare
        Donations of which a granule at least is left to plan.
    receiver
        Donations of which no granule is left that they had: the one need that their lines serve, if it lacks
        something; else `OTHERS`. `NOBODY` for all others, and where they serve none.
    spent
        Currency that the budget counts of the lines.
    met, kept, held
        What of served, planned and spent stays of an earlier plan.
    """

    served: Counts
    unmet: Counts
    planned: Counts
    left_over: Counts
    short: Bools
    spare: Bools
    receiver: Ints
    spent: Fraction
    met: Counts
    kept: Counts
    held: Fraction


def plan_totals(f: Facts, lines: PlanLines) -> PlanTotals:
    """Add up the allocations."""
    d, n = f.donations, f.needs
    served, met = lines.served(len(n.ids)), lines.before.served(len(n.ids))
    planned, kept = (sums(lines.i, given, len(d.ids)) for given in (lines.given, lines.stays))
    unmet, left = n.asked - served, d.offered - planned
    rest = np.maximum(d.plannable, kept) - planned
    counted = lines.unit - tenthousandths(lines.pairs.fees.unbudgeted())
    cost, grain = np.where(lines.sound, counted, 0), d.grain[lines.i]
    spent, held = (total(given, grain, cost) / 10_000 for given in (lines.given, lines.stays))
    spare = (rest >= d.granule).astype(bool) & (d.plannable > 0)
    short = _exceeds(unmet, _SHORT, n.grain)
    receiver = np.where(spare | (d.whole == 0), NOBODY, lines.receivers(short, len(d.ids)))
    return PlanTotals(served, unmet, planned, left, short, spare, receiver, spent, met, kept, held)


def _exceeds(counts: Counts, units: Fraction, grain: Floats) -> Bools:
    """Tell which counts of grains are more than `units`, exactly."""
    more = np.zeros(len(counts), dtype=bool)
    for size in np.unique(grain).tolist():
        mine, bar = grain == size, units / Fraction(repr(size))
        # A whole number is more than a bar where it is more than the whole part of it.
        more[mine] = counts[mine] > (math.floor(bar) if counts.dtype != object else bar)
    return more


def check_tally(f: Facts, lines: PlanLines, tally: PlanTotals, found: Violations) -> None:
    """Check the limits of needs and donations, and the budget.

    Lines that stay of an earlier plan may pass them; those that are new may not add to it.
    """
    d, n = f.donations, f.needs
    donations = found.at(TABLE, lambda r: f"donation {d.ids[r]}")
    needs = found.at(TABLE, lambda r: f"need {n.ids[r]}")
    planned, plannable, offered = (
        written(counts * d.grain) for counts in (tally.planned, d.plannable, d.offered)
    )
    over = (tally.planned > np.maximum(d.plannable, tally.kept)).astype(bool)
    words = mark("gives {value} of {value2} that may be planned ({value3} offered)")
    donations.note("overplanned", over, words, value=planned, value2=plannable, value3=offered)
    served, asked = written(tally.served.astype(np.float64) * n.grain), written(n.asked * n.grain)
    over = (tally.unmet < 0).astype(bool)
    for r in np.flatnonzero(over).tolist():
        slack = _SLACK * int(n.asked[r]) if isinstance(tally.served[r], Fraction) else 0
        over[r] = tally.unmet[r] < -slack
    needs.note(
        "overserved", over, mark("is served {value}, but asks for {value2}"), value=served, value2=asked
    )
    new, old = lines.new.given > 0, lines.stays > 0
    sources = _partners(lines.j[new], lines.i[new], len(n.ids))
    words = mark("is served by {sources} donations; at most one may serve it")
    needs.note("single_source", n.single & (sources > 1), words, sources=sources)
    partly = n.whole & tally.short & (tally.served > tally.met).astype(bool)
    words = mark("is served {value} of {value2}; it takes all or nothing")
    needs.note("all_or_nothing", partly, words, value=served, value2=asked)
    goal = n.community[lines.j]
    spread = _partners(lines.i, goal, len(d.ids))
    wide = spread > np.maximum(d.most_communities, _partners(lines.i[old], goal[old], len(d.ids)))
    words = mark("goes to {spread} communities, more than its {most_communities}")
    most = written(d.most_communities, "g")
    donations.note("max_communities", wide, words, spread=spread, most_communities=most)
    check_steps(f, lines, needs)
    limit, spent = f.settings.policy.budget, tally.spent
    if limit > 0 and spent > max(Fraction(limit) * (1 + _SLACK), tally.held):
        words = mark("spends {spent}, purchases aside, more than the budget of {limit}")
        found.add("budget", TABLE, "", words, spent=f"{float(spent):.4f}", limit=f"{limit:.10g}")


def _partners(rows: Ints, partner: Ints, size: int) -> Ints:
    """Count the different partners of each row."""
    width = int(partner.max(initial=0)) + 1
    return np.bincount(np.unique(rows * width + partner) // width, minlength=size).astype(np.int64)


class PlanLoads(NamedTuple):
    """The kg on each lane and agreement, and on each hub (row) by day (column): loads or limits.

    Where no hub has a limit there is but one column, of nothing.
    """

    lanes: Floats
    agreements: Floats
    takes: Floats
    holds: Floats


class CapacityUse(NamedTuple):
    """What a plan loads on capacities; what of that stays of an earlier plan; what there may be at most."""

    loads: PlanLoads
    before: PlanLoads
    limits: PlanLoads

    @property
    def left_to_plan(self) -> PlanLoads:
        """What the lines that stay leave."""
        return PlanLoads(*(np.maximum(a - b, 0.0) for a, b in zip(self.limits, self.before, strict=True)))


def used_by(f: Facts, lines: PlanLines) -> CapacityUse:
    """Add up what the allocations weigh; a limit is the capacity, or what stays where that is more."""
    loads, before = _loads_of(f, lines), _loads_of(f, lines.before)
    takes, holds = (np.broadcast_to(c[:, None], before.takes.shape) for c in (f.hubs.takes, f.hubs.holds))
    given = f.lanes.capacity, f.agreements.passes, takes, holds
    return CapacityUse(
        loads, before, PlanLoads(*(np.maximum(c, load) for c, load in zip(given, before, strict=True)))
    )


def _loads_of(f: Facts, lines: PlanLines) -> PlanLoads:
    """Add up what lines weigh; services and funds weigh nothing, and no day beyond the horizon."""
    load = f.donations.load[lines.i]
    rows = np.flatnonzero(lines.sound & (load > 0))
    i, goal, hub = lines.i[rows], f.needs.community[lines.j[rows]], lines.hub[rows]
    kg = load[rows] * f.donations.grain[i] * lines.given[rows]
    lanes = added(np.concatenate(lanes_taken(f, i, goal, hub)), np.tile(kg, 3), len(f.lanes.capacity))
    agreements = added(agreement_of(f, i, goal), kg, len(f.agreements.passes))
    if not np.isfinite([f.hubs.takes, f.hubs.holds]).any():
        return PlanLoads(lanes, agreements, *np.zeros((2, len(f.hubs.names), 1)))
    inside, shape = hub >= 0, (len(f.hubs.names), f.days + 1)
    hub, kg, come = hub[inside], kg[inside], lines.days.arrival[rows][inside] - f.start
    takes, change = np.zeros(shape), np.zeros(shape)
    seen = (come >= 0) & (come < f.days)
    np.add.at(takes, (hub[seen], come[seen]), kg[seen])
    stay = lines.days.stay[rows][inside]
    first, last = np.clip(come, 0, f.days), np.clip(come + stay, 0, f.days)
    np.add.at(change, (hub, first), np.where(last > first, kg, 0))
    np.add.at(change, (hub, last), np.where(last > first, -kg, 0))
    return PlanLoads(lanes, agreements, takes[:, :-1], np.cumsum(change, axis=1)[:, :-1])


def check_loads(f: Facts, used: CapacityUse, found: Violations) -> None:
    """Report every capacity that is exceeded, with room for what adding up floats may be off."""

    def over(load: Floats, limit: Floats) -> Bools:
        return np.asarray(load > limit * (1 + ROUNDING), dtype=np.bool_)

    def linked(word: str, names: Names, index: PairIndex) -> CheckedRows:
        ends = index.first, index.second
        return found.at(TABLE, lambda r: f"{word} {' → '.join(names.texts[end[r]] for end in ends)}")

    words = mark("carries {x} kg over the horizon, more than its {c} kg")
    for code, rows, k in (
        ("lane_capacity", linked("lane", f.places, f.lanes.between), 0),
        ("agreement_capacity", linked("agreement", f.organizations, f.agreements.between), 1),
    ):
        load, limit = used.loads[k], used.limits[k]
        rows.note(code, over(load, limit), words, x=written(load, ".10g"), c=written(limit, ".10g"))
    tiny = used.loads.takes.sum(axis=1, keepdims=True) * 2.0**-40
    for code, load, limit, words in (
        (
            "hub_throughput",
            used.loads.takes,
            used.limits.takes,
            mark("takes in {kg} kg{when}, more than its {most} kg"),
        ),
        (
            "hub_storage",
            used.loads.holds - tiny,
            used.limits.holds,
            mark("holds {kg} kg{when}, more than its {most} kg"),
        ),
    ):
        hub, on = np.nonzero(over(load, limit))
        when = [tr(" on {day}", day=day(d + f.start)) if f.dated else "" for d in on.tolist()]
        found.at(TABLE, [f"hub {f.hubs.names[h]}" for h in hub.tolist()]).note(
            code,
            np.ones(len(hub), dtype=bool),
            words,
            kg=written(load[hub, on], ".10g"),
            most=written(limit[hub, on], ".10g"),
            when=np.array(when, dtype=object),
        )


def check_needs(
    f: Facts,
    table: PlanTable,
    tally: PlanTotals,
    reasons: tuple[Texts, Texts],
    extras: pd.DataFrame | None,
) -> None:
    """Check ``plan/needs``; `reasons` are the right ones, and what stands in the way."""
    n = f.needs
    page = _TableCheck(table, "need_id", n.ids)
    page.text("community", n.communities)
    page.text("item", n.items)
    page.count("priority", n.priority, np.ones(len(n.ids)))
    for column, counts in (("asked", n.asked), ("served", tally.served), ("unmet", tally.unmet)):
        page.count(column, counts, n.grain)
    for column, texts in zip(("reason", "obstacles"), reasons, strict=True):
        page.text(column, texts, code="reason")
    page.extras(extras, NEEDS)


def check_donations(
    f: Facts, table: PlanTable, tally: PlanTotals, reasons: Texts, extras: pd.DataFrame | None
) -> None:
    """Check ``plan/donations``."""
    d = f.donations
    page = _TableCheck(table, "donation_id", d.ids)
    page.text("donor", d.donors)
    page.text("item", d.items)
    for column, counts in (
        ("offered", d.offered),
        ("planned", tally.planned),
        ("left_over", tally.left_over),
    ):
        page.count(column, counts, d.grain)
    page.text("reason", reasons, code="reason")
    page.extras(extras, DONATIONS)


class _TableCheck:
    """A table with one row for each id of the case, held against what it has to say."""

    def __init__(self, table: PlanTable, key: str, ids: Texts) -> None:
        self.table, self.rows = table, table.rows(ids)
        stated = table.text(key)
        where, first = Names(ids).of(stated), ~repeated(stated)
        told = table.rows(named(stated))
        told.note("unknown_id", where < 0, mark("there is no such {key} in the case"), key=key)
        told.note("duplicate_row", ~first & (where >= 0), mark("has a second row"))
        self.row: Ints = np.full(len(ids), -1, dtype=np.int64)
        kept = np.flatnonzero(first & (where >= 0))
        self.row[where[kept]] = kept
        self.rows.note("missing_row", self.row < 0, mark("has no row"))
        falls = np.zeros(len(stated), dtype=bool)
        falls[kept[1:]] = np.diff(where[kept]) < 0
        told.note("order", falls, mark("stands out of the order of the case"))

    def text(self, column: str, right: Texts, code: str = "copied") -> None:
        """Check a column of text."""
        if self.table.size:
            stated = self.table.text(column)[self.row]
            wrong = (self.row >= 0) & (stated != right).astype(bool)
            self._differs(
                code, wrong, mark("{column} is «{stated}»; it has to be «{right}»"), column, stated, right
            )

    def _differs(
        self, code: str, wrong: Bools, words: str, column: object, stated: Texts, right: Texts
    ) -> None:
        told, due = (lambda r, cells=cells: shortened(cells[r]) for cells in (stated, right))
        self.rows.note(code, wrong, words, column=column, stated=told, right=due)

    def count(self, column: str, right: Counts, grain: Floats) -> None:
        """Check a column of quantities, the right ones being counted in grains."""
        if not self.table.size:
            return
        stated, exact = self.table.number(column)[self.row], right.astype(np.float64)
        slack = np.where(grain == 1, 0.0, ROUNDING + np.abs(exact) * 2.0**-50)
        if right.dtype == object:
            broken = np.array([isinstance(r, Fraction) for r in right.tolist()], dtype=bool)
            slack = slack + broken * (0.5000001e-6 / grain + np.abs(exact) * 2.0**-50)
        wrong = (self.row >= 0) & (np.abs(stated / grain - exact) > slack)
        words = mark("{column} is {stated}; it has to be {value}")
        values = {"stated": written(stated), "value": written(exact * grain)}
        self.rows.note("sum", wrong, words, column=column, **values)

    def extras(self, frame: pd.DataFrame | None, ours: Sequence[str]) -> None:
        """Check that columns which no schema knows are handed through, beside `ours`."""
        if frame is None:
            return
        for own, name in _names_in_plan(list(frame.columns), ours):
            if not self.table.has(name):
                words = mark("the column {name} is not handed on")
                self.table.found.add("missing_column", self.table.name, name, words, name=name)
            elif self.table.size:
                stated, right = self.table.raw(name)[self.row], frame[own].to_numpy(dtype=object)
                wrong = self.row >= 0
                if is_text(stated) and is_text(right):
                    wrong &= (stated != right).astype(bool)
                for r in np.flatnonzero(wrong).tolist():
                    wrong[r] = not _alike(stated[r], right[r])
                words = mark("{column} is «{stated}»; in the case it is «{right}»")
                self._differs("copied", wrong, words, name, stated, right)


def _names_in_plan(own: Sequence[str], ours: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each column of the case that no schema knows, and its name in the plan.

    A name of the plan's own gets the first of `` (given)``, `` (given 2)``, … that makes it one of its own.
    """
    there = [*own, *ours]
    for name in own:
        if name in ours:
            endings = chain([" (given)"], (f" (given {k})" for k in count(2)))
            there.append(next(name + ending for ending in endings if name + ending not in there))
            yield name, there[-1]
        else:
            yield name, name


def _alike(stated: object, right: object) -> bool:
    """Compare two cells of an unknown column, which a file may have turned into text or numbers."""
    a, b = (
        "" if c is None or c is pd.NaT or c is pd.NA or (isinstance(c, float) and c != c) else str(c).strip()
        for c in (stated, right)
    )
    if a == b:
        return True
    try:
        return float(a) == float(b)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class CostTotals:
    """What rows of the plan come to: logistics and unmet cost in 1/10 000, exactly."""

    logistics: Fraction
    unmet: Fraction
    served_by_tier: dict[int, Fraction]


def cost_totals(f: Facts, lines: PlanLines, tally: PlanTotals, served: Counts, needs: Bools) -> CostTotals:
    """Add up what concerns some needs: lines and what they serve, and what is unmet in the end of it all."""
    n = f.needs
    priced = np.where(lines.sound & needs[lines.j], lines.unit, 0)
    logistics = total(lines.given, f.donations.grain[lines.i], priced)
    out = needs & ~n.excluded
    unmet = total(tally.unmet[out], n.grain[out], n.price[out])
    by_tier = {t: sum_of(served, n.grain, needs & (n.priority == t)) for t in f.tiers}
    return CostTotals(logistics, unmet, by_tier)


def sum_of(counts: Counts, grain: Floats, mask: Bools) -> Fraction:
    """Add up the quantities of some rows, counted in grains, in units."""
    return total(counts[mask], grain[mask])


def by_kind(f: Facts, tally: PlanTotals) -> dict[str, Any]:
    """Return how many needs are served in full, in part, not, and what of each kind is planned."""
    d, served = f.donations, (tally.served > 0).astype(bool)
    full, part = int((~tally.short).sum()), int((tally.short & served).sum())
    counts = {"asked": len(served), "full": full, "part": part, "none": len(served) - full - part}
    goods, kg = ~(d.service | d.funds), Fraction(0)
    for weight in np.unique(d.weight[goods]).tolist():
        kg += Fraction(repr(weight)) * sum_of(tally.planned, d.grain, goods & (d.weight == weight))
    return {
        "requests": {name: ExpectedValue(Fraction(number)) for name, number in counts.items()},
        "goods_kg": ExpectedValue(kg, Fraction(1, 2 * 10**6) + kg / 2**40),
        "services": ExpectedValue.quantity(sum_of(tally.planned, d.grain, d.service)),
        "funds": ExpectedValue.quantity(sum_of(tally.planned, d.grain, d.funds)),
    }
