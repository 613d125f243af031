"""Encode: a case becomes classes and a cost block on demand. Decode: a flow becomes lines.

The pair matrix of donations × needs is never held. Each part of the network, a set of
items that substitutions connect, answers for any rows × columns of its own matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Steps
from matchopt.contract.frames import positions
from matchopt.model.amounts import Amounts, whole_parts
from matchopt.model.calendar import Calendar
from matchopt.model.classes import (
    Codes,
    Demand,
    Earmarks,
    Members,
    Supply,
    alike_groups,
    demand_classes,
    demand_rows,
    supply_classes,
    supply_rows,
)
from matchopt.model.commitments import Bars, Commitments, Pinned, Promised
from matchopt.model.linking import Capacities, CapacityLoads
from matchopt.model.money import MONEY_SCALE, Quantities, QuantityScale, to_money
from matchopt.model.pair_costs import PairCosts, pair_costs
from matchopt.model.pair_kernels import BarredPairs
from matchopt.model.places import Atlas, Places
from matchopt.model.routes import HubLegs, Hubs, Router, Rows, ScheduledRoutes, Sides, Terms
from matchopt.model.rules import Affinities, Fit, Items, Rules
from matchopt.model.scheduled_routes import RouteOptions
from matchopt.workers import threaded

if TYPE_CHECKING:
    from matchopt.contract.case import Case


@dataclass(frozen=True, slots=True)
class Part:
    """Donation and need classes that no other class can trade with.

    Attributes
    ----------
    rows, columns : (m,) int, (n,) int
        Class numbers of its donations and needs in the network.
    whole
        Whether flows must keep to lots, ratios or flags, so that it is no transport problem.
        Each of its rows is then a class of its own.
    promised
        Whether it is none only because it costs something to change lines; each row is a class then, too.
    granule : (m,) int
        Scaled quantity of which every delivery holds a whole multiple; one step if not `whole`.
    multiple : (m,) int
        Granules of which deliveries that are no purchases hold whole multiples.
    fine : (m,) bool
        Money that buys and comes in no lots: what is bought is whole steps, its lines are not.
    supply : (m,) int
        Granules that can be given.
    asked : (n,) int
        Scaled quantity asked for.
    priority, unmet_cost : (n,) int
        Tier, and deprivation cost in 1/10 000 currency per unit.
    community : (n,) int
        Code of the community.
    goods
        Whether it has donations that can load a shared capacity.
    options
        All scheduled routes of its pairs.
    oracle
        What its pairs may do, and cost by their cheapest route.
    """

    rows: Ints
    columns: Ints
    whole: bool
    promised: bool
    granule: Ints
    multiple: Ints
    fine: Bools
    supply: Ints
    asked: Ints
    priority: Ints
    unmet_cost: Ints
    community: Ints
    goods: bool
    options: RouteOptions
    oracle: PairCosts
    _coin: int
    _sides: Sides
    _router: Router

    @property
    def step(self) -> int:
        """Scaled quantity of one step, the same for all of a part that is not `whole`."""
        return int(self.granule[0])

    @property
    def pairs(self) -> int:
        """How many pairs of donations and needs it has."""
        return len(self.rows) * len(self.columns)

    @property
    def divisible(self) -> bool:
        """Whether it would be a transport problem if quantities could be split and no flag bound."""
        sides, items = self._sides, self._router.terms.items
        fit = items.fit(np.unique(sides.supply.item)[:, None], np.unique(sides.demand.item))
        alike = (fit.ratio == 1).all() and (fit.purchase == 0).all() and (self.multiple == 1).all()
        return self.whole and not self.promised and bool(alike)

    def as_flow(self) -> tuple[Ints, Ints]:
        """Return what it gives (m,) and asks (n,) in a flow: in steps, or scaled quantities if `whole`."""
        if self.whole:
            return self.supply * self.granule, self.asked
        return self.supply, self.asked // self.step

    def costs(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs in 1/10 000 currency, `FORBIDDEN` where a pair is not admitted.

        `rows` and `columns` broadcast: ``costs(rows[:, None], columns)`` is a block.
        """
        return self.oracle.cost(rows, columns)

    def ratio(self, rows: Ints, columns: Ints) -> Floats:
        """Return the units of the need that one donated unit serves, for pairs that broadcast."""
        return np.broadcast_to(self._fit(rows, columns).ratio, np.broadcast_shapes(rows.shape, columns.shape))

    def unbudgeted(self, rows: Ints, columns: Ints) -> Floats:
        """Return what one donated unit costs that the budget does not count, for pairs that broadcast.

        That is what it spends on purchases and what is rated, in currency.
        """
        cost = self._router.unbudgeted(self._sides.pairs(rows, columns))
        return np.broadcast_to(cost, np.broadcast_shapes(rows.shape, columns.shape))

    def buys(self, rows: Ints, columns: Ints) -> Bools:
        """Return where money buys what is needed, for pairs that broadcast."""
        bought = self._fit(rows, columns).purchase > 0
        return np.broadcast_to(bought, np.broadcast_shapes(rows.shape, columns.shape))

    def least(self, rows: Ints, columns: Ints) -> Ints:
        """Return the least scaled quantity that donations can give by themselves; all are multiples of it."""
        money = self._router.terms.items.lump[self._sides.demand.item[columns]] * self._coin
        granule = self.granule[rows]
        return np.where(self.buys(rows, columns), np.lcm(granule, money), granule * self.multiple[rows])

    def _fit(self, rows: Ints, columns: Ints) -> Fit:
        supply, demand = self._sides.supply, self._sides.demand
        return self._router.terms.items.fit(supply.item[rows], demand.item[columns])

    def verdict(self, rows: Ints, columns: Ints) -> tuple[Steps, Ints]:
        """Return the first step of `STEPS` that refuses each pair (`ADMITTED`: none), and its cost."""
        return self.oracle.evaluate(rows, columns)[:2]

    def cheapest_routes(self, rows: Ints, columns: Ints) -> ScheduledRoutes:
        """Return the cheapest route of admitted pairs, given one row and column each."""
        hub = self.oracle.evaluate(rows, columns)[2]
        return self._router.cheapest_routes(self._sides.pairs(rows, columns), hub)


@dataclass(frozen=True, slots=True)
class Network:
    """A case as classes of donations and needs, in parts that share no item.

    Attributes
    ----------
    parts
        The parts that have both donations and needs, in the order of their first need.
    donations, needs
        Which rows of the tables make up each class.
    plannable, granule : (d,) int
        Scaled quantity of each donation that may be planned, and that of one granule.
    offered, asked : (d,) int, (n,) int
        Scaled quantity of each donation and need, excluded ones included.
    excluded : (n,) bool
        Needs that take no part.
    left_out, left_out_needs
        Classes of these, and the parts that they would be in: why they go without is told all the same.
    communities : (n,) int
        Code of the community of each need.
    pinned, promised
        What an earlier plan has led to.
    supply, demand : (d,) int, (n,) quantities
        What pinned lines leave of `plannable` and `asked`. The classes of `needs` hold the latter to the
        nearest; where that is not all, the class is of one row.
    scale, calendar, items, hubs
        What decoding needs.
    capacities
        What pinned lines leave of them.
    """

    parts: tuple[Part, ...]
    donations: Members
    needs: Members
    plannable: Ints
    granule: Ints
    offered: Ints
    asked: Ints
    excluded: Bools
    left_out: tuple[Part, ...]
    left_out_needs: Members
    communities: Ints
    pinned: Pinned
    promised: Promised
    supply: Ints
    demand: Quantities
    scale: QuantityScale
    calendar: Calendar
    items: Items
    hubs: Hubs
    capacities: Capacities


def encode(case: Case) -> Network:
    """Return the network of `case`."""
    calendar, items = Calendar.of(case), Items(case)
    donated, needed = (items.codes(case.column(side, "item")) for side in ("donations", "needs"))
    amounts, part_of = Amounts.of(case, items, donated, needed), items.linked()
    terms, bars, rows = _rows(case, calendar, items, donated, needed)
    hubs = terms.hubs
    # Something can be under way from the first pick-up to the last delivery.
    start = int(rows.supply.first.min(initial=calendar.end))
    end = max(start, int(rows.demand.last.max(initial=calendar.start)))
    capacities = Capacities.of(case, hubs, calendar, start, end)
    churn = int(to_money(np.array([case.settings.policy.churn_cost]))[0])
    pinned, promised = Pinned.none(), Promised.none(churn)
    if "commitments" in case.tables:
        commitments = Commitments(case, terms, calendar, amounts.scale, rows)
        pinned, promised = commitments.pinned(capacities), commitments.promised(churn)
    left = np.maximum(amounts.plannable - pinned.planned(len(donated)), 0)
    short = pinned.short(amounts.asked)
    residual = capacities.limit - pinned.load(len(capacities), amounts.scale.unit)
    capacities = replace(capacities, limit=np.maximum(residual, 0.0))
    whole = whole_parts(case, items, amounts, (left, short.quantity), part_of, donated, needed)
    tied = np.zeros(len(whole), dtype=bool)
    if churn:
        tied[part_of[donated[promised.donation]]] = True
    tied &= ~whole
    alone = whole | tied
    mine = rows.supply.kept_apart(alone[part_of[donated]])
    supply, donations, origins = supply_classes(case, mine, rows.place, left, amounts.plannable > 0)
    theirs = rows.demand.kept_apart(alone[part_of[needed]])
    asked = np.where(amounts.excluded, 0, short.quantity)
    demand, needs = demand_classes(case, theirs, asked, ~amounts.excluded)
    given = supply, donations, origins

    def parts_of(demand: Demand, needs: Members) -> tuple[Part, ...]:
        maker = _Maker(terms, bars.table(), capacities, amounts, given, demand, needs)
        by_part = _Grouped(part_of[supply.item]), _Grouped(part_of[demand.item])

        def made(part: int) -> Part:
            own = by_part[0].of(part), by_part[1].of(part)
            return maker.part(*own, whole=bool(whole[part]), promised=bool(tied[part]))

        # Classes are numbered in the order of ids; so are parts, whatever their items are called.
        both, first = np.unique(part_of[demand.item], return_index=True)
        both = both[np.argsort(first)]
        return tuple(threaded(made, both[np.isin(both, part_of[supply.item])].tolist()))

    left_out, left_out_needs = demand, needs
    if amounts.excluded.any():
        left_out, left_out_needs = demand_classes(case, rows.demand, short.quantity, amounts.excluded)
    return Network(
        parts_of(demand, needs),
        donations,
        needs,
        amounts.plannable,
        amounts.granule,
        amounts.offered,
        amounts.asked,
        amounts.excluded,
        parts_of(left_out, left_out_needs) if amounts.excluded.any() else (),
        left_out_needs,
        rows.demand.community,
        pinned,
        promised,
        left,
        short,
        amounts.scale,
        calendar,
        items,
        hubs,
        capacities,
    )


def _rows(
    case: Case, calendar: Calendar, items: Items, donated: Ints, needed: Ints
) -> tuple[Terms, Bars, Rows]:
    """Return what all parts have in common, and what the rules look at of each row of the tables."""
    atlas = Atlas(case)
    groups = pd.Index(sorted(set(pd.unique(case.column("needs", "group"))) - {""}), dtype=object)
    affinities, bars = Affinities(case, groups), Bars.of(case)
    earmarks = (
        Earmarks.of(case.column("donations", "only_communities"), atlas.names),
        Earmarks.of(case.column("donations", "only_groups"), groups),
    )
    rules = Rules(case, atlas, *earmarks)
    terms = Terms(case.settings.rates, items, rules, affinities, atlas, Hubs(case, atlas))
    by_donation, by_donor = (affinities.codes(case.donations, name) for name in ("donation_id", "donor"))
    codes, life = Codes(by_donation, by_donor, bars.donation), items.shelf_life[donated]
    supply, place = supply_rows(case, atlas, calendar, donated, life, earmarks, codes)
    group = positions(groups, case.column("needs", "group"))
    if not affinities.matter:
        group = alike_groups(group, earmarks[1])
    codes = Codes(affinities.codes(case.needs, "need_id"), np.full(len(needed), -1), bars.need)
    return terms, bars, Rows(supply, demand_rows(case, atlas, calendar, needed, group, codes), place)


class _Maker:
    """Makes the parts of a network; what they share is computed once."""

    def __init__(
        self,
        terms: Terms,
        bars: BarredPairs,
        capacities: Capacities,
        amounts: Amounts,
        given: tuple[Supply, Members, Places],
        demand: Demand,
        needs: Members,
    ) -> None:
        supply, donations, self._origins = given
        self._terms, self._capacities, self._amounts = terms, capacities, amounts
        self._classes, self._members = (supply, demand), (donations, needs)
        self._communities = np.unique(demand.community)
        self._outbound = HubLegs.between(terms.atlas, terms.hubs.places, terms.atlas.at(self._communities))
        self._tables = terms.affinities.tables(), bars

    def part(self, rows: Ints, columns: Ints, *, whole: bool, promised: bool) -> Part:
        """Return the part of some donation and need classes."""
        terms, (donations, needs) = self._terms, self._members
        mine, theirs = self._classes[0].take(rows), self._classes[1].take(columns)
        places, tail = np.unique(mine.place, return_inverse=True)
        communities, head = np.unique(theirs.community, return_inverse=True)
        tails, heads = self._origins.take(places), terms.atlas.at(communities)
        outbound = self._outbound.to(np.searchsorted(self._communities, communities))
        router, sides = Router(terms, tails, heads, outbound), Sides(mine, theirs, tail, head)
        options = RouteOptions(router, sides, CapacityLoads(self._capacities, terms, tails, heads))
        first = donations.row[donations.start[rows]]
        granule = self._amounts.granule[first]
        facts = theirs.priority, theirs.unmet_cost, theirs.community
        goods = bool((~(terms.items.service | terms.items.funds))[mine.item].any())
        oracle = pair_costs(router, sides, *self._tables)
        return Part(
            rows,
            columns,
            whole,
            promised,
            granule,
            self._amounts.multiple[first],
            self._amounts.fine[first],
            donations.total[rows] // granule,
            needs.total[columns],
            *facts,
            goods,
            options,
            oracle,
            self._amounts.scale.unit // MONEY_SCALE,
            sides,
            router,
        )


class _Grouped:
    """Positions by the part they are in, those of each in ascending order."""

    def __init__(self, part: Ints) -> None:
        self._order = np.argsort(part, kind="stable")
        self._part = part[self._order]

    def of(self, part: int) -> Ints:
        """Return the positions of a part."""
        first, end = np.searchsorted(self._part, [part, part + 1])
        return self._order[first:end]


@dataclass(frozen=True, slots=True)
class Lines:
    """Deliveries: `quantity` (scaled) of donation `donation` to need `need` over flow arc `arc`."""

    arc: Ints
    donation: Ints
    need: Ints
    quantity: Ints


def disaggregate(network: Network, tail: Ints, head: Ints, flow: Ints) -> Lines:
    """Hand the flow between classes back to their donations and needs.

    Arcs are taken in the order of their classes and filled from the members in the order
    of their ids: a class's first donation goes to its first need until either is used up.
    An arc between two classes of one member is a line as it is.

    Parameters
    ----------
    tail, head, flow : (a,) int
        Donation class, need class and scaled quantity of each arc.
    """
    alone = (network.donations.count[tail] == 1) & (network.needs.count[head] == 1)
    single, shared = np.flatnonzero(alone), np.flatnonzero(~alone)
    order = shared[np.lexsort((head[shared], tail[shared]))]
    piece, member, amount = _split(tail[order], flow[order], network.donations)
    arc, donation = order[piece], network.donations.row[member]
    order = np.lexsort((np.arange(len(arc)), head[arc]))
    piece, member, amount = _split(head[arc][order], amount[order], network.needs)
    return Lines(
        np.concatenate([arc[order][piece], single]),
        np.concatenate(
            [donation[order][piece], network.donations.row[network.donations.start[tail[single]]]]
        ),
        np.concatenate([network.needs.row[member], network.needs.row[network.needs.start[head[single]]]]),
        np.concatenate([amount, flow[single]]),
    )


def _split(owner: Ints, amount: Ints, members: Members) -> tuple[Ints, Ints, Ints]:
    """Cut pieces, sorted by their class `owner`, where one member of the class ends.

    Both pieces and members are intervals on one line on which each class has its own
    stretch; the cuts are the union of their ends.
    """
    if not len(owner):
        return owner, owner, amount
    class_start = np.concatenate([[0], np.cumsum(members.total)])
    member_end = np.cumsum(members.amount)
    running = np.cumsum(amount)
    before = running - amount
    first = np.searchsorted(owner, owner, side="left")
    start = class_start[owner] + before - before[first]
    end = start + amount
    # Three sorted runs: a stable sort merges them as they are.
    cuts = np.sort(np.concatenate([start, end, member_end]), kind="stable")
    cuts = cuts[np.append(True, cuts[1:] != cuts[:-1])]
    piece = np.searchsorted(start, cuts[:-1], side="right") - 1
    inside = (piece >= 0) & (cuts[:-1] < end[piece])
    piece, left, right = piece[inside], cuts[:-1][inside], cuts[1:][inside]
    return piece, np.searchsorted(member_end, left, side="right"), right - left
