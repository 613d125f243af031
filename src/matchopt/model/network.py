"""Encode: a case becomes classes and a cost block on demand. Decode: a flow becomes lines.

The pair matrix of donations × needs is never held. Each part of the network, a set of
items that substitutions connect, answers for any rows × columns of its own matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints, Steps
from matchopt.model.calendar import Calendar
from matchopt.model.classes import Demand, Members, Supply, demand_classes, supply_classes
from matchopt.model.money import QuantityScale
from matchopt.model.places import Atlas
from matchopt.model.routes import Hubs, Itinerary, Router
from matchopt.model.rules import UNREACHABLE, Items, Rules

if TYPE_CHECKING:
    from matchopt.case import Case


@dataclass(frozen=True, slots=True)
class Part:
    """Donation and need classes that no other class can trade with.

    Attributes
    ----------
    rows, columns : (m,) int, (n,) int
        Class numbers of its donations and needs in the network.
    supply, demand : (m,) int, (n,) int
        Quantities in steps of its items.
    priority, unmet_cost : (n,) int
        Tier, and deprivation cost in 1/10 000 currency per unit.
    step : int
        Scaled quantity of one step.
    """

    rows: Ints
    columns: Ints
    supply: Ints
    demand: Ints
    priority: Ints
    unmet_cost: Ints
    step: int
    _donations: Supply
    _needs: Demand
    _tail: Ints
    _head: Ints
    _rules: Rules
    _router: Router

    def costs(self, rows: Ints, columns: Ints) -> Ints:
        """Return unit costs in 1/10 000 currency, `FORBIDDEN` where a pair is not admitted.

        `rows` and `columns` broadcast: ``costs(rows[:, None], columns)`` is a block.
        """
        return self.verdict(rows, columns)[1]

    def verdict(self, rows: Ints, columns: Ints) -> tuple[Steps, Ints]:
        """Return the first step of `STEPS` that refuses each pair (`ADMITTED`: none), and its cost."""
        supply, demand = self._donations.take(rows), self._needs.take(columns)
        step = self._rules.first_refusal(supply, demand)
        passed = step == UNREACHABLE
        choice = self._router.choose(supply, demand, self._tail[rows], self._head[columns], passed)
        passed &= choice.connected
        step += passed
        passed &= choice.in_time
        step += passed
        return step, np.where(passed, choice.cost, FORBIDDEN)

    def itinerary(self, rows: Ints, columns: Ints) -> tuple[Ints, Itinerary]:
        """Return hub, days and costs of admitted pairs, given one row and column each."""
        supply, demand = self._donations.take(rows), self._needs.take(columns)
        tail, head = self._tail[rows], self._head[columns]
        hub = self._router.choose(supply, demand, tail, head, np.ones(len(rows), dtype=bool)).hub
        return hub, self._router.itinerary(supply, demand, tail, head, hub)


@dataclass(frozen=True, slots=True)
class Network:
    """A case as classes of donations and needs, in parts that share no item.

    Attributes
    ----------
    parts
        The parts that have both donations and needs, in the order of their items' names.
    donations, needs
        Which rows of the tables make up each class.
    plannable : (d,) int
        Scaled quantity of each donation that may be planned.
    asked : (n,) int
        Scaled quantity of each need, excluded ones included.
    excluded : (n,) bool
        Needs that take no part.
    scale, calendar, items, hubs
        What decoding needs.
    """

    parts: tuple[Part, ...]
    donations: Members
    needs: Members
    plannable: Ints
    offered: Ints
    asked: Ints
    excluded: Bools
    scale: QuantityScale
    calendar: Calendar
    items: Items
    hubs: Hubs


def encode(case: Case) -> Network:
    """Return the network of `case`."""
    atlas, calendar, items = Atlas(case), Calendar.of(case), Items(case)
    hubs = Hubs(case, atlas)
    groups = pd.Index(np.unique(case.needs["group"].to_numpy(dtype=object)))
    groups = groups[groups != ""]
    donated, needed = items.codes(case.donations["item"]), items.codes(case.needs["item"])
    scale = QuantityScale.of_steps(items.step)
    plannable = _plannable(case, items.step[donated], scale)
    excluded = _excluded(case)
    supply, donations, origins = supply_classes(
        case, atlas, calendar, donated, items.shelf_life[donated], plannable
    )
    group = np.asarray(groups.get_indexer(pd.Index(case.needs["group"])), dtype=np.int64)
    demand, needs = demand_classes(case, atlas, calendar, needed, group, scale, excluded)
    rules = Rules(case, items, atlas, groups)

    part_of = items.linked()
    parts = []
    for part in np.intersect1d(part_of[supply.item], part_of[demand.item]):
        rows = np.flatnonzero(part_of[supply.item] == part)
        columns = np.flatnonzero(part_of[demand.item] == part)
        mine, theirs = supply.take(rows), demand.take(columns)
        places, tail = np.unique(mine.place, return_inverse=True)
        communities, head = np.unique(theirs.community, return_inverse=True)
        heads = atlas.at(communities)
        router = Router(case, items, rules, atlas, hubs, origins.take(places), heads)
        step = int(scale.to_ints(items.step[mine.item[:1]])[0])
        parts.append(
            Part(
                rows, columns, donations.total[rows] // step, needs.total[columns] // step,
                theirs.priority, theirs.unmet_cost, step, mine, theirs, tail, head, rules, router,
            )
        )  # fmt: skip
    return Network(
        tuple(parts), donations, needs, plannable,
        scale.to_ints(case.donations["quantity"].to_numpy(dtype=np.float64)),
        scale.to_ints(case.needs["quantity"].to_numpy(dtype=np.float64)),
        excluded, scale, calendar, items, hubs,
    )  # fmt: skip


def _plannable(case: Case, step: Floats, scale: QuantityScale) -> Ints:
    """Return the scaled quantity of each donation that the reliability policy lets be planned."""
    quantity = case.donations["quantity"].to_numpy(dtype=np.float64)
    reliability = case.donations["reliability"].to_numpy(dtype=np.float64)
    policy = case.settings.policy.reliability
    offered = scale.to_ints(quantity)
    if policy == "ignore":
        return offered
    if policy == "firm":
        return np.where(reliability < 1, 0, offered)
    expected = quantity * reliability / step
    nearest = np.rint(expected)
    dust = np.abs(expected - nearest) <= 1e-9 * np.maximum(nearest, 1)
    steps = np.where(dust, nearest, np.floor(expected)).astype(np.int64)
    return np.where(reliability < 1, steps * scale.to_ints(step), offered)


def _excluded(case: Case) -> Bools:
    """Return which needs an exclusion names: equal item, group and community where it gives them."""
    needs = case.needs
    excluded = np.zeros(len(needs), dtype=bool)
    for row in case.table("exclusions").itertuples():
        hit = np.ones(len(needs), dtype=bool)
        for column in ("item", "group", "community"):
            wanted = getattr(row, column)
            if wanted:
                hit &= (needs[column] == wanted).to_numpy()
        excluded |= hit
    return excluded


@dataclass(frozen=True, slots=True)
class Lines:
    """Deliveries: `quantity` (scaled) of donation `donation` to need `need` over flow arc `arc`."""

    arc: Ints
    donation: Ints
    need: Ints
    quantity: Ints


def hand_out(network: Network, tail: Ints, head: Ints, flow: Ints) -> Lines:
    """Hand the flow between classes back to their donations and needs.

    Arcs are taken in the order of their classes and filled from the members in the order
    of their ids: a class's first donation goes to its first need until either is used up.

    Parameters
    ----------
    tail, head, flow : (a,) int
        Donation class, need class and scaled quantity of each arc.
    """
    order = np.lexsort((head, tail))
    piece, member, amount = _split(tail[order], flow[order], network.donations)
    arc, donation = order[piece], network.donations.row[member]
    order = np.lexsort((np.arange(len(arc)), head[arc]))
    piece, member, amount = _split(head[arc][order], amount[order], network.needs)
    return Lines(arc[order][piece], donation[order][piece], network.needs.row[member], amount)


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
    cuts = np.unique(np.concatenate([start, end, member_end]))
    piece = np.searchsorted(start, cuts[:-1], side="right") - 1
    inside = (piece >= 0) & (cuts[:-1] < end[piece])
    piece, left, right = piece[inside], cuts[:-1][inside], cuts[1:][inside]
    return piece, np.searchsorted(member_end, left, side="right"), right - left
