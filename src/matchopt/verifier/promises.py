"""Lines of an earlier plan that it costs something to change: which can be kept, and what that is worth.

To keep a promise takes its way and its quantity to the unit. Its way is a column like any other, be it not
the cheapest of its pair. Who keeps it loses what the column's offer falls short of the best one of the need,
on all of the quantity, and saves the cost of a change: of all promises of a block, no plan gains more than
the sum of what is saved above what is lost, where that is above 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.verifier import routes
from matchopt.verifier.columns import worth_of
from matchopt.verifier.committed import Committed, Stated, fees_of, leads, price_of
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints
from matchopt.verifier.loads import agreement_of, lanes_taken
from matchopt.verifier.price_rows import LAST
from matchopt.verifier.prices import Prices
from matchopt.verifier.rules import same_thing
from matchopt.verifier.sweep import open_pairs


@dataclass(frozen=True, slots=True)
class Promises:
    """Promises that can be kept.

    Attributes
    ----------
    j, block
        Need and block of each.
    units
        Units of the need that each brings.
    offers
        What the way of each offers per unit served (column), by stage (row), as `Columns` reckons it.
    churn
        Currency that each costs if it is changed.
    """

    j: Ints
    block: Ints
    units: Floats
    offers: Floats
    churn: float

    def gain(self, best: Floats, blocks: int) -> Floats:
        """Return by block what no plan gains more by promises; `best` is the best offer to each need."""
        short = np.maximum(best[self.j] - self.offers[-1], 0.0) * self.units
        saved = np.maximum(self.churn - short, 0.0) - self.churn
        return np.bincount(self.block, weights=saved, minlength=blocks).astype(np.float64)


def promises_of(f: Facts, rest: Facts, committed: Committed, prices: Prices, cell: Ints) -> Promises:
    """Return the promises that can be kept, by what is left in `rest`."""
    lines = committed.promised if committed.churn else committed.promised.at(np.zeros(0, dtype=np.int64))
    lines = lines.at(keepable(f, rest, committed, lines))
    i, j, block = lines.i, lines.j, prices.need_block[lines.j]
    fees = fees_of(f, i, j)
    ratio = same_thing(f, i, j).ratio
    cost = price_of(f, lines, fees)[1] / 10_000
    offers = np.zeros((len(prices.stages), len(i)))
    for k, stage in enumerate(prices.stages):
        before = ratio * worth_of(f, prices, k, cell)[j] - stage.gift[i] + stage.budget[block] * fees.purchase
        dear = stage.budget[block] + (stage.name == LAST)
        offers[k] = (before - dear * cost - _tolls(f, prices, k, lines, block)) / ratio
    given = lines.given * f.gifts.grain[i]
    return Promises(j, block, given * ratio, offers, float(committed.churn) / 10_000)


def keepable(f: Facts, rest: Facts, committed: Committed, lines: Stated) -> Bools:
    """Tell which lines the rules still admit, in whole granules and with enough left on both sides."""
    g, i, j = f.gifts, lines.i, lines.j
    if not len(i):
        return np.zeros(0, dtype=bool)
    good = (g.plannable[i] > 0) & ~f.wants.excluded[j] & ~committed.bars(i, j) & open_pairs(f, i, j)
    ratio = same_thing(f, i, j).ratio
    served, short = (
        lines.given * g.grain[i] * ratio,
        rest.wants.asked[j].astype(np.float64) * f.wants.grain[j],
    )
    good &= (lines.given % g.granule[i] == 0) & (lines.given <= rest.gifts.plannable[i])
    good &= served <= short * (1 + 1e-9)
    return np.asarray(good & _on_its_way(f, lines), dtype=np.bool_)


def _on_its_way(f: Facts, lines: Stated) -> Bools:
    """Tell which ways connect, on days that are open: without capacities only the best ones."""
    i, j, through = lines.i, lines.j, lines.hub >= 0
    trip, (lead_in, lead_out) = routes.Trip.of(f, i, j), leads(f, i, j, lines.hub)
    linked = routes.straight(f, i, f.wants.community[j]).open
    if len(f.hubs.names):
        gifts, row = np.unique(i, return_inverse=True)
        h = np.maximum(lines.hub, 0)
        into, out = routes.inbound(f, gifts).open[row, h], routes.outbound(f).open[h, f.wants.community[j]]
        linked = np.where(through, into & out, linked)
    straight, by_hub = routes.direct_days(trip, lead_in), routes.hub_days(trip, lead_in, lead_out)
    best = routes.Days(*(np.where(through, x, y) for x, y in zip(by_hub, straight, strict=True)))
    if not f.shared:
        same = (lines.pickup == best.pickup) & (lines.arrival == best.arrival)
        return np.asarray(linked & best.timely & same & (lines.delivery == best.delivery), dtype=np.bool_)
    fits = (lines.pickup >= trip.first) & (lines.pickup <= trip.last)
    fits &= (lines.arrival == lines.pickup + lead_in) & (lines.delivery >= trip.wanted)
    fits &= (lines.delivery <= trip.due) & (lines.delivery - lead_out >= lines.arrival)
    return np.asarray(linked & fits & (through | (lines.delivery == lines.arrival)), dtype=np.bool_)


def _tolls(f: Facts, p: Prices, k: int, lines: Stated, block: Ints) -> Floats:
    """Return what a unit pays for shared capacities on its way."""
    load, goal = f.gifts.load[lines.i], f.wants.community[lines.j]
    ways = lanes_taken(f, lines.i, goal, lines.hub)
    paid = np.zeros(len(load))
    for b, tolls in p.stages[k].tolls.items():
        r = np.flatnonzero(block == b)
        kg = tolls.agreements[agreement_of(f, lines.i[r], goal[r])] + sum(tolls.lanes[way[r]] for way in ways)
        hub = np.maximum(lines.hub[r], 0)
        if len(f.hubs.names):
            upto = np.hstack([np.zeros((len(f.hubs.names), 1)), np.cumsum(tolls.holds, axis=1)])
            come = lines.arrival[r] - f.start
            stay = tolls.takes[hub, come] + upto[hub, come + lines.stay[r]] - upto[hub, come]
            kg = kg + np.where(lines.hub[r] >= 0, stay, 0.0)
        paid[r] = load[r] * kg
    return paid
