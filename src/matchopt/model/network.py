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
from matchopt.model.money import QuantityScale, to_money
from matchopt.model.pair_costs import PairCosts, pair_costs
from matchopt.model.places import Atlas
from matchopt.model.routes import HubLegs, Hubs, Router, ScheduledRoutes
from matchopt.model.rules import Affinities, Items, Rules
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
    supply: Ints
    asked: Ints
    priority: Ints
    unmet_cost: Ints
    community: Ints
    goods: bool
    options: RouteOptions
    oracle: PairCosts
    _donations: Supply
    _needs: Demand
    _tail: Ints
    _head: Ints
    _router: Router
    _items: Items

    @property
    def step(self) -> int:
        """Scaled quantity of one step, the same for all of a part that is not `whole`."""
        return int(self.granule[0])

    def costs(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs in 1/10 000 currency, `FORBIDDEN` where a pair is not admitted.

        `rows` and `columns` broadcast: ``costs(rows[:, None], columns)`` is a block.
        """
        return self.oracle.cost(rows, columns)

    def ratio(self, rows: Ints, columns: Ints) -> Floats:
        """Return the units of the need that one donated unit serves, for pairs that broadcast."""
        ratio = self._items.fit(self._donations.item[rows], self._needs.item[columns]).ratio
        return np.broadcast_to(ratio, np.broadcast_shapes(rows.shape, columns.shape))

    def purchase(self, rows: Ints, columns: Ints) -> Floats:
        """Return what one donated unit spends on purchases, in currency, for pairs that broadcast."""
        purchase = self._items.fit(self._donations.item[rows], self._needs.item[columns]).purchase
        return np.broadcast_to(purchase, np.broadcast_shapes(rows.shape, columns.shape))

    def verdict(self, rows: Ints, columns: Ints) -> tuple[Steps, Ints]:
        """Return the first step of `STEPS` that refuses each pair (`ADMITTED`: none), and its cost."""
        step, cost, _ = self.oracle.evaluate(rows, columns)
        return step, cost

    def cheapest_routes(self, rows: Ints, columns: Ints) -> ScheduledRoutes:
        """Return the cheapest route of admitted pairs, given one row and column each."""
        supply, demand = self._donations.take(rows), self._needs.take(columns)
        tail, head = self._tail[rows], self._head[columns]
        return self._router.cheapest_routes(
            supply, demand, tail, head, self.oracle.evaluate(rows, columns)[2]
        )


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
    communities : (n,) int
        Code of the community of each need.
    pinned, promised
        What an earlier plan has led to.
    supply, demand : (d,) int, (n,) int
        What pinned lines leave of `plannable` and `asked`.
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
    communities: Ints
    pinned: Pinned
    promised: Promised
    supply: Ints
    demand: Ints
    scale: QuantityScale
    calendar: Calendar
    items: Items
    hubs: Hubs
    capacities: Capacities


def encode(case: Case) -> Network:
    """Return the network of `case`."""
    atlas, calendar, items = Atlas(case), Calendar.of(case), Items(case)
    hubs = Hubs(case, atlas)
    groups = pd.Index(sorted(set(pd.unique(case.column("needs", "group"))) - {""}), dtype=object)
    donated, needed = (items.codes(case.column(side, "item")) for side in ("donations", "needs"))
    amounts = Amounts.of(case, items, donated, needed)
    part_of = items.linked()
    affinities, bars = Affinities(case, groups), Bars.of(case)
    earmarks = (
        Earmarks.of(case.column("donations", "only_communities"), atlas.names),
        Earmarks.of(case.column("donations", "only_groups"), groups),
    )
    rules = Rules(case, atlas, *earmarks)
    all_supply, place = supply_rows(
        case,
        atlas,
        calendar,
        donated,
        items.shelf_life[donated],
        earmarks,
        Codes(
            affinities.codes(case.donations, "donation_id"),
            affinities.codes(case.donations, "donor"),
            bars.donation,
        ),
        own=np.full(len(donated), -1),
    )
    group = positions(groups, case.column("needs", "group"))
    if not affinities.matter:
        group = alike_groups(group, earmarks[1])
    by_need = affinities.codes(case.needs, "need_id")
    all_demand = demand_rows(
        case,
        atlas,
        calendar,
        needed,
        group,
        Codes(by_need, np.full(len(needed), -1), bars.need),
        own=np.full(len(needed), -1),
    )
    start = int(all_supply.first.min(initial=calendar.end))
    end = max(start, int(all_demand.last.max(initial=calendar.start)))
    capacities = Capacities.of(case, hubs, calendar, start, end)
    churn = int(to_money(np.array([case.settings.policy.churn_cost]))[0])
    pinned, promised = Pinned.none(), Promised.none(churn)
    if "commitments" in case.tables:
        commitments = Commitments(
            case,
            items,
            rules,
            affinities,
            atlas,
            hubs,
            calendar,
            amounts.scale,
            all_supply,
            all_demand,
            place,
        )
        pinned, promised = commitments.pinned(capacities), commitments.promised(churn)
    left = np.maximum(amounts.plannable - pinned.planned(len(donated)), 0)
    short = np.maximum(amounts.asked - pinned.served(len(needed)), 0)
    room = capacities.limit - pinned.load(len(capacities), amounts.scale.unit)
    capacities = replace(capacities, limit=np.maximum(room, 0.0))
    whole = whole_parts(case, items, amounts, (left, short), part_of, donated, needed)
    tied = np.zeros(len(whole), dtype=bool)
    if churn:
        tied[part_of[donated[promised.donation]]] = True
    tied &= ~whole
    alone = whole | tied
    supply, donations, origins = supply_classes(
        case,
        replace(all_supply, own=np.where(alone[part_of[donated]], np.arange(len(donated)), -1)),
        place,
        left,
        amounts.plannable > 0,
    )
    demand, needs = demand_classes(
        case,
        replace(all_demand, own=np.where(alone[part_of[needed]], np.arange(len(needed)), -1)),
        np.where(amounts.excluded, 0, short),
        ~amounts.excluded,
    )

    given, asked = _Grouped(part_of[supply.item]), _Grouped(part_of[demand.item])
    everywhere = np.unique(demand.community)
    outbound = HubLegs.between(atlas, hubs.places, atlas.at(everywhere))

    affinity_tables = affinities.tables()

    def made(part: int) -> Part:
        rows, columns = given.of(part), asked.of(part)
        mine, theirs = supply.take(rows), demand.take(columns)
        places, tail = np.unique(mine.place, return_inverse=True)
        communities, head = np.unique(theirs.community, return_inverse=True)
        heads = atlas.at(communities)
        tails = origins.take(places)
        router = Router(
            case,
            items,
            rules,
            affinities,
            atlas,
            hubs,
            tails,
            heads,
            outbound.to(np.searchsorted(everywhere, communities)),
        )
        burden = CapacityLoads(capacities, atlas, hubs, tails, heads)
        options = RouteOptions(router, rules, items, capacities, burden, mine, theirs, tail, head)
        granule = amounts.granule[donations.row[donations.start[rows]]]
        return Part(
            rows,
            columns,
            bool(whole[part]),
            bool(tied[part]),
            granule,
            donations.total[rows] // granule,
            needs.total[columns],
            theirs.priority,
            theirs.unmet_cost,
            theirs.community,
            bool((~(items.service | items.funds))[mine.item].any()),
            options,
            pair_costs(router, rules, items, affinity_tables, bars.table(), mine, theirs, tail, head),
            mine,
            theirs,
            tail,
            head,
            router,
            items,
        )

    # Classes are numbered in the order of ids; so are parts, whatever their items are called.
    both, first = np.unique(part_of[demand.item], return_index=True)
    both = both[np.argsort(first)]
    parts = tuple(threaded(made, both[np.isin(both, part_of[supply.item])].tolist()))
    return Network(
        parts,
        donations,
        needs,
        amounts.plannable,
        amounts.granule,
        amounts.offered,
        amounts.asked,
        amounts.excluded,
        all_demand.community,
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
