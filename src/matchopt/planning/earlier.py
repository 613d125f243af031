"""What an earlier plan knows of a case: prices for a warm start, and promises that can still be kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints
from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.model.classes import Members
from matchopt.model.money import FINE, to_money
from matchopt.model.network import Network, Part
from matchopt.model.routes import DIRECT, ScheduledRoutes
from matchopt.solve.slope_scaling import PromisedArcs
from matchopt.solve.tiers import NO_LEVEL, WarmStart
from matchopt.tolerances import ROUNDING


class Warm:
    """Prices of an earlier plan, by the classes of another network.

    Parameters
    ----------
    earlier
        Any plan. Rows are the same if their ids are. What is no longer true of them costs time and
        nothing else: prices say only where to look first.
    network, case
        Those to be planned.
    """

    def __init__(self, earlier: Plan, network: Network, case: Case) -> None:
        plain = earlier.prices[earlier.prices["block"] == 0]
        donations, needs = case.donations["donation_id"], case.needs["need_id"]
        self._donation = _by_class(plain[plain["side"] == "donation"], donations, network.donations)
        self._need = _by_class(plain[plain["side"] == "need"], needs, network.needs)
        tail = _classes(earlier.allocations["donation_id"], donations, network.donations)
        head = _classes(earlier.allocations["need_id"], needs, network.needs)
        both = (tail >= 0) & (head >= 0)
        order = np.argsort(tail[both], kind="stable")
        self._tail, self._head = tail[both][order], head[both][order]

    def start(self, part: Part) -> WarmStart | None:
        """Return what is known of a part, None for nothing."""
        (supply_level, supply_price), (demand_level, demand_price) = (
            (level[mine], price[mine])
            for (level, price), mine in ((self._donation, part.rows), (self._need, part.columns))
        )
        if (supply_level == NO_LEVEL).all() or (demand_level == NO_LEVEL).all():
            return None
        mine = np.isin(self._tail, part.rows) & np.isin(self._head, part.columns)
        tail = np.searchsorted(part.rows, self._tail[mine])
        head = np.searchsorted(part.columns, self._head[mine])
        return WarmStart(tail, head, supply_level, demand_level, supply_price, demand_price)


def _by_class(table: pd.DataFrame, ids: pd.Series, members: Members) -> tuple[Ints, Ints]:
    """Return level and price of each class: those of the first member that the table has."""
    row = pd.Index(table["id"]).get_indexer(pd.Index(ids))[members.row]
    found = np.flatnonzero(row >= 0)
    classes, first = np.unique(_owners(members)[found], return_index=True)
    row = row[found[first]]
    level, price = np.full(len(members.count), NO_LEVEL), np.zeros(len(members.count), dtype=np.int64)
    level[classes] = table["level"].to_numpy(dtype=np.int64)[row]
    price[classes] = to_money(table["price"].to_numpy(dtype=np.float64)[row])
    return level, price


def _classes(named: pd.Series, ids: pd.Series, members: Members) -> Ints:
    """Return the class of each row that is named, -1 for none."""
    class_of = np.full(len(ids) + 1, -1)
    class_of[members.row] = _owners(members)
    return np.asarray(class_of[pd.Index(ids).get_indexer(pd.Index(named))])


def _owners(members: Members) -> Ints:
    """Return the class of each entry of `members`."""
    return np.repeat(np.arange(len(members.count)), members.count)


@dataclass(frozen=True, slots=True)
class OpenPromises:
    """Routes of one part that are open because they are promised (p,).

    Attributes
    ----------
    number
        Of each promise.
    row, column
        Donation and need, as in the part.
    granules : (p,) float
        What is promised.
    route
        Hubs, days and costs.
    key
        Numbers of the routes, once they have some.
    """

    number: Ints
    row: Ints
    column: Ints
    granules: Floats
    route: ScheduledRoutes
    key: Ints

    def take(self, at: Ints) -> OpenPromises:
        """Return the promises at `at`."""
        number, row, column = (own[at] for own in (self.number, self.row, self.column))
        return OpenPromises(number, row, column, self.granules[at], self.route.take(at), self.key[at])

    def on_other_days(self, part: Part, at: Ints) -> OpenPromises:
        """Return the routes of promises `at` moved to the nearest days for which nothing is promised.

        The days that fit are an interval: as many steps to each side as a pair has promises are enough.
        """
        usual, promised = self.take(at), set(self._lines(self.route))
        _, each = np.unique(np.stack([self.row, self.column]), axis=1, return_counts=True)
        chosen = np.zeros(len(at), dtype=np.int64)
        for step in range(1, int(each.max(initial=0)) + 1) if len(at) else ():
            for shift in (step, -step):
                fits, route = usual._moved(part, np.full(len(at), shift))
                free = np.array([line not in promised for line in usual._lines(route)])
                chosen = np.where((chosen == 0) & fits & free, shift, chosen)
        usual, chosen = usual.take(np.flatnonzero(chosen)), chosen[chosen != 0]
        return replace(usual, route=usual._moved(part, chosen)[1])

    def _moved(self, part: Part, shift: Ints) -> tuple[Bools, ScheduledRoutes]:
        """Return whether the routes are open some days later, those of hubs from there on, and these."""
        route, direct = self.route, self.route.hub == DIRECT
        days = (route.pickup + shift * direct, route.arrival + shift * direct, route.delivery + shift)
        return part.options.open_to(self.row, self.column, route.hub, days)

    def _lines(self, route: ScheduledRoutes) -> Iterator[tuple[int, ...]]:
        """Yield what tells lines of the pairs apart, if they go some routes."""
        parts = self.row, self.column, route.hub, route.pickup, route.arrival, route.delivery
        return zip(*(part.tolist() for part in parts), strict=True)


def keepable(network: Network, part: Part) -> OpenPromises:
    """Return the promises whose donation and need are in `part` and that the rules still let be kept.

    That is where they admit the pair and the route, and the quantity is whole granules, no more than the
    donation can give and the need asks. Of the part each row is a class of its own.
    """
    promised = network.promised
    row = _place(part.rows, network.donations, promised.donation, len(network.plannable))
    column = _place(part.columns, network.needs, promised.need, len(network.asked))
    number = np.flatnonzero((row >= 0) & (column >= 0))
    row, column, quantity = row[number], column[number], promised.quantity[number]
    granules = quantity // part.granule[row]
    served = quantity * part.ratio(row, column)
    is_open, route = part.options.open_to(
        row,
        column,
        promised.hub[number],
        (promised.pickup[number], promised.arrival[number], promised.delivery[number]),
    )
    good = is_open & (part.costs(row, column) < FORBIDDEN) & (granules * part.granule[row] == quantity)
    good &= part.buys(row, column) | (granules % part.multiple[row] == 0)
    good &= (granules >= 1) & (granules <= part.supply[row])
    asked = part.asked[column] + network.demand.rest[promised.need[number]] / FINE
    good &= served <= asked * (1 + ROUNDING)
    at = np.flatnonzero(good)
    return OpenPromises(
        number[at], row[at], column[at], granules[at].astype(np.float64), route.take(at), np.full(len(at), -1)
    )


def as_flow(network: Network, part: Part, kept: OpenPromises) -> PromisedArcs:
    """Return promises as quantities of the transport problem that the part would be without them."""
    return PromisedArcs(
        kept.row,
        kept.column,
        kept.route.unit_cost.sum(axis=1),
        kept.granules.astype(np.int64),
        network.promised.cost * network.scale.unit / part.step,
    )


def _place(own: Ints, members: Members, rows: Ints, count: int) -> Ints:
    """Return where the classes of table rows are among the classes `own`, -1 for those that are not."""
    class_of = np.full(count, -1)
    class_of[members.row] = np.repeat(np.arange(len(members.count)), members.count)
    wanted = class_of[rows]
    at = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
    return np.where((wanted >= 0) & (own[at] == wanted), at, -1)
