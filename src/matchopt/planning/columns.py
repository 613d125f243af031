"""The routes of a block's parts, as the solver asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from matchopt.arrays import FORBIDDEN, Floats, Ints
from matchopt.model.linking import NO_LOADS, Capacities
from matchopt.model.money import MONEY_SCALE, QuantityScale
from matchopt.model.network import Part
from matchopt.model.routes import ScheduledRoutes
from matchopt.model.scheduled_routes import CapacityPrices, unit_price
from matchopt.planning.earlier import OpenPromises
from matchopt.solve.block import Columns, PricedObjective, Promises, Subproblem
from matchopt.solve.oracle import BestPairs, CostOf, in_blocks, remembered
from matchopt.tolerances import EQUAL

BLOCK_PAIRS = 200_000
"""Pairs looked at in one go."""

SPELT_OUT = 5_000
"""Pairs of which all routes are looked at in one go."""

CLOSE = 2e-4
"""Currency per unit: more than what rounding a unit cost can change a comparison by."""


@dataclass(frozen=True, slots=True)
class Member:
    """One part of a block; its donations and needs are numbered from `donation` and `need` on.

    `cost` is that of the cheapest route of its pairs, kept where it can be.
    """

    part: Part
    donation: int
    need: int
    cost: CostOf


class RouteSource:
    """Knows all routes of the pairs of some parts (see `matchopt.solve.block.ColumnSource`).

    Parameters
    ----------
    parts
        The parts of the block.
    capacities
        What the routes load.
    scale
        Of the parts' quantities.
    kept
        RouteOptions that are open besides, part by part: those of promises.
    is_open
        Whether capacities bind and all routes are open; else each pair has only its cheapest route.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        capacities: Capacities,
        scale: QuantityScale,
        kept: Sequence[OpenPromises] = (),
        *,
        is_open: bool,
    ) -> None:
        self._members: list[Member] = []
        donations = needs = 0
        for part in parts:
            cost = remembered(part.costs, len(part.rows), len(part.columns))
            self._members.append(Member(part, donations, needs, cost))
            donations, needs = donations + len(part.rows), needs + len(part.columns)
        self._donations, self._needs = donations, needs
        self._capacities, self._scale = capacities, scale
        self._open = is_open
        self._days = capacities.days
        # Numbers of routes end here; routes whose days are none of theirs are numbered on.
        self._plain = donations * needs * (len(capacities.throughput) + 1) * self._days
        self._kept = [self._numbered(member, own) for member, own in zip(self._members, kept, strict=False)]

    def promised(self) -> Columns:
        """Return the routes of promises, in the order of parts."""
        found = [Columns.none()]
        for member, kept in zip(self._members, self._kept, strict=False):
            found.append(self._as_columns(member, kept.row, kept.column, kept.route, kept.key))
        return _joined(found)

    @cached_property
    def _spare(self) -> list[OpenPromises]:
        """Routes of promises moved to other days, where shared capacities bear on their pairs.

        On those of its own that a promise has, its route besides is open as it is.
        """
        found = []
        for member, kept in zip(self._members, self._kept, strict=False):
            usual = (kept.key < self._plain) & member.part.options.loaded(kept.row, kept.column)
            spare = kept.on_other_days(member.part, np.flatnonzero(usual))
            found.append(replace(spare, key=self._plain + 2 * spare.number + 1))
        return found

    def _around_promises(self) -> Iterator[Columns]:
        """Yield, part by part, routes of pairs with promises: what is not promised may make way for it.

        Where shared capacities bear on a pair it may go on other days as well. As long as none of them binds
        one route is enough: the cheapest of those that are not promised.
        """
        for member, kept, spare in zip(self._members, self._kept, self._spare, strict=False):
            options = member.part.options
            pairs, promises = np.unique(np.stack([kept.row, kept.column]), axis=1, return_counts=True)
            row, column = pairs
            of, route = options.every(row, column, np.where(options.loaded(row, column), promises, 0))
            around = self._as_columns(member, row[of], column[of], route)
            around = around.joined(self._as_columns(member, spare.row, spare.column, spare.route, spare.key))
            if not self._open:
                free = np.flatnonzero(~np.isin(around.key, kept.key))
                pair = around.tail[free] * self._needs + around.head[free]
                order = np.lexsort((around.spend[free], pair))
                _, first = np.unique(pair[order], return_index=True)
                around = around.take(free[order[first]])
            yield around

    def settled(self, promises: Promises, columns: Columns, amount: Floats) -> tuple[Columns, Floats]:
        """Return a plan in which a pair takes its cheapest route, but for promises that it keeps.

        Where it keeps one, what is not promised may take other hubs; and whatever route there is, where
        capacities that bind bear on the pair. Elsewhere others cost as much at best.
        """
        if not len(promises):
            return columns, amount
        changed = np.zeros(len(promises), dtype=bool)
        changed[promises.changed(columns, amount)] = True
        promised, own = (pair.tail * self._needs + pair.head for pair in (promises.columns, columns))
        stray = np.isin(own, promised) & ~np.isin(own, promised[~changed])
        cheapest = Columns.none()
        for member, row, column in self._by_member(*np.divmod(np.unique(own[stray]), self._needs)):
            bound = self._open & member.part.options.loaded(row, column)
            cheapest = cheapest.joined(self._routes(member, row[~bound], column[~bound]))
        pairs = cheapest.tail * self._needs + cheapest.head
        at = np.flatnonzero(stray & np.isin(own, pairs))
        together = columns.joined(cheapest)
        moved = np.append(amount, np.zeros(len(together) - len(columns)))
        moved[at] = 0.0
        order, by_key = np.argsort(pairs), np.argsort(together.key)
        key = cheapest.key[order[np.searchsorted(pairs[order], own[at])]]
        np.add.at(moved, by_key[np.searchsorted(together.key[by_key], key)], amount[at])
        used = np.flatnonzero(moved > 0)
        return together.take(used), moved[used]

    def _by_member(self, tail: Ints, head: Ints) -> Iterator[tuple[Member, Ints, Ints]]:
        """Yield the parts, and the rows and columns in each of its own of the pairs given."""
        for member in self._members:
            own = np.flatnonzero((head >= member.need) & (head < member.need + len(member.part.columns)))
            yield member, tail[own] - member.donation, head[own] - member.need

    def _numbered(self, member: Member, kept: OpenPromises) -> OpenPromises:
        """Return `kept` with the numbers of its routes.

        A route is numbered by its hub and day of arrival, of which one pick-up and one delivery are usual;
        others have numbers of their own.
        """
        route = kept.route
        usual = member.part.options.route(kept.row, kept.column, route.hub, route.arrival)
        same = (usual.pickup == route.pickup) & (usual.delivery == route.delivery)
        key = np.where(same, self._key(member, kept.row, kept.column, route), self._plain + 2 * kept.number)
        return replace(kept, key=key)

    def _key(self, member: Member, row: Ints, column: Ints, route: ScheduledRoutes) -> Ints:
        """Return the numbers of routes known by their hub and day of arrival."""
        pair = (row + member.donation) * self._needs + column + member.need
        hubs = len(self._capacities.throughput) + 1
        return np.asarray((pair * hubs + route.hub + 1) * self._days + route.arrival - self._capacities.start)

    def every(self, most: int) -> Columns | None:
        """Return all routes, or None if they are more than `most`."""
        found, count = [Columns.none()], 0
        for member in self._members:
            for rows, columns, cost in self._looks(member):
                at = np.nonzero(cost < FORBIDDEN)
                # Each pair has at least one route: too many pairs need not be looked at any closer.
                if count + len(at[0]) > most:
                    return None
                found.append(self._columns(member, rows[at[0]], columns[at[1]]))
                count += len(found[-1])
                if count > most:
                    return None
        return _joined([*found, self.promised(), *self._around_promises()])

    def cheapest(self, count: int) -> Columns:
        """Return the cheapest route of the `count` cheapest pairs of each need and each donation."""
        found = [Columns.none()]
        for member in self._members:
            best = BestPairs(len(member.part.rows), count, count, np.inf)
            for _, columns, cost in self._looks(member):
                best.see(columns, np.where(cost < FORBIDDEN, cost.astype(np.float64), np.inf))
            row, column = best.pairs()
            found.append(self._routes(member, row, column))
        return _joined(found)

    def around(self, tail: Ints, head: Ints) -> Columns:
        """Return all routes of the pairs given."""
        return _joined([Columns.none(), *(self._columns(*own) for own in self._by_member(tail, head))])

    def along(self, objective: PricedObjective, tail: Ints, head: Ints) -> Columns:
        """Return the best route of each of the pairs given."""
        best = (self._dearest(own[0], objective, *own[1:]) for own in self._by_member(tail, head))
        return _joined([Columns.none(), *best])

    def promising(self, objective: PricedObjective, count: int, least: float = EQUAL) -> Columns:
        """Return the best route of the `count` best pairs of each need and donation that gain `least`."""
        found = [Columns.none()]
        for member in self._members:
            best = BestPairs(len(member.part.rows), count, count, np.inf)
            for rows, columns, cost in self._looks(member):
                gain = self._gains(member, objective, rows, columns, cost, least)
                # Of pairs that gain alike the cheaper one is the better guess for stages to come.
                best.see(columns, np.where(np.isinf(gain), np.inf, 1e-7 * np.minimum(cost, 10**9) - gain))
            row, column = best.pairs()
            routes = self._dearest(member, objective, row, column)
            granule = np.minimum(member.part.granule[routes.tail - member.donation] / self._scale.unit, 1.0)
            found.append(routes.take(np.flatnonzero(routes.gain(objective) > least * granule)))
        return _joined(found)

    def subproblems(self, objective: PricedObjective) -> Iterator[Subproblem]:
        """Yield the parts with what the best route of each pair costs at the prices of `objective`."""
        for member in self._members:
            rows, columns = len(member.part.rows), len(member.part.columns)
            yield Subproblem(
                slice(member.donation, member.donation + rows),
                slice(member.need, member.need + columns),
                member.part.step / self._scale.unit,
                remembered(self._priced(member, objective), rows, columns),
                MONEY_SCALE,
            )

    def near(self, objective: PricedObjective, loss: float, most: int) -> Columns | None:
        """Return all routes of which a granule loses at most `loss`; None if they are more than `most`."""
        found, count = [Columns.none()], 0
        for member in self._members:
            unit = float(member.part.granule.min()) / self._scale.unit
            above = -loss / unit - CLOSE * max(1.0, objective.spend)
            for rows, columns, cost in self._looks(member):
                at = np.nonzero(self._gains(member, objective, rows, columns, cost, above) > above)
                if count + len(at[0]) > 2 * most:
                    return None
                routes = self._columns(member, rows[at[0]], columns[at[1]])
                found.append(routes.take(np.flatnonzero(routes.gain(objective) >= -loss - EQUAL)))
                count += len(found[-1])
                if count > most:
                    return None
        beside = _joined([Columns.none(), *self._around_promises()])
        found.append(beside.take(np.flatnonzero(beside.gain(objective) >= -loss - EQUAL)))
        return _joined(found)

    def excess(self, objective: PricedObjective) -> Floats:
        """Return (n,) what the best route to each need gains per unit; 0 where none gains."""
        excess = np.zeros(self._needs)
        # Where no cost counts, nothing was rounded: then the gain is exact before any route is made out.
        rounded = CLOSE * max(1.0, objective.spend) if objective.spend else 0.0
        for member in self._members:
            for rows, columns, cost in self._looks(member):
                gain = self._gains(member, objective, rows, columns, cost, -rounded)
                row, column = np.nonzero(gain > -rounded)
                if not rounded:
                    per_unit = gain[row, column] / member.part.ratio(rows[row], columns[column])
                    np.maximum.at(excess, member.need + columns[column], per_unit)
                    continue
                some = self._columns if self._priced_routes(objective) else self._routes
                for start in range(0, len(row), SPELT_OUT):
                    at = slice(start, start + SPELT_OUT)
                    routes = some(member, rows[row[at]], columns[column[at]])
                    np.maximum.at(excess, routes.head, routes.gain(objective) / routes.served)
        kept = self.promised()
        np.maximum.at(excess, kept.head, kept.gain(objective) / kept.served)
        return excess

    def route(self, columns: Columns) -> Iterator[tuple[Part, Ints, Ints, Ints, ScheduledRoutes]]:
        """Yield, part by part, which of `columns` are its own, their rows and columns in it, and routes."""
        route = columns.key % ((len(self._capacities.throughput) + 1) * self._days)
        hub, day = np.divmod(route, self._days)
        for member in self._members:
            own = np.flatnonzero(
                (columns.head >= member.need)
                & (columns.head < member.need + len(member.part.columns))
                & (columns.key < self._plain)
            )
            row, column = columns.tail[own] - member.donation, columns.head[own] - member.need
            arrival = day[own] + self._capacities.start
            yield member.part, own, row, column, member.part.options.route(row, column, hub[own] - 1, arrival)
        for member, kept in [
            *zip(self._members, self._kept, strict=False),
            *zip(self._members, self._spare, strict=False),
        ]:
            own, at = _common(columns.key, np.where(kept.key >= self._plain, kept.key, -1))
            yield member.part, own, kept.row[at], kept.column[at], kept.route.take(at)

    def _priced_routes(self, objective: PricedObjective) -> bool:
        """Whether the best route of a pair may be another than its cheapest."""
        return self._open and bool(objective.capacity.any())

    def _looks(self, member: Member) -> Iterator[tuple[Ints, Ints, Ints]]:
        """Yield all rows, some columns and the cost of their cheapest route, until all pairs were seen."""
        rows = np.arange(len(member.part.rows))
        for columns, cost in in_blocks(member.cost, len(rows), len(member.part.columns), BLOCK_PAIRS):
            yield rows, columns, cost

    def _gains(
        self, member: Member, objective: PricedObjective, rows: Ints, columns: Ints, cost: Ints, above: float
    ) -> Floats:
        """Return what one donated unit of each pair gains at best, before rounding.

        Minus infinity where a pair is not admitted or gains no more than `above`.
        """
        part = member.part
        price = objective.donation[member.donation + rows] / (part.granule / self._scale.unit)
        aside = part.unbudgeted(rows[:, None], columns)
        gain = part.ratio(rows[:, None], columns) * objective.need[member.need + columns]
        gain = gain - price[:, None] - objective.unbudgeted * aside
        # No route costs less than the cheapest route, whatever the capacities are worth.
        at_best = gain - objective.spend * (cost / MONEY_SCALE - aside)
        if not self._priced_routes(objective):
            return np.where((cost < FORBIDDEN) & (at_best > above), at_best, -np.inf)
        row, column = np.nonzero((cost < FORBIDDEN) & (at_best > above - CLOSE * max(1.0, objective.spend)))
        gains = np.full(cost.shape, -np.inf)
        prices = CapacityPrices(objective.capacity, objective.spend)
        least, _, _ = part.options.least(rows[row], columns[column], prices)
        found = gain[row, column] - least
        gains[row, column] = np.where(found > above, found, -np.inf)
        return gains

    def _priced(self, member: Member, objective: PricedObjective) -> CostOf:
        part, prices = member.part, CapacityPrices(objective.capacity, objective.spend)

        def cost(rows: Ints, columns: Ints) -> Ints:
            least = member.cost(rows, columns)
            rows, columns = (np.broadcast_to(side, least.shape) for side in (rows, columns))
            at = np.nonzero(least < FORBIDDEN)
            row, column = rows[at], columns[at]
            aside = part.unbudgeted(row, column)
            if self._open:
                spent, _, _ = part.options.least(row, column, prices)
            else:
                spent = objective.spend * (least[at] / MONEY_SCALE - aside)
            priced = np.full(least.shape, FORBIDDEN)
            priced[at] = np.rint((spent + objective.unbudgeted * aside) * MONEY_SCALE)
            return priced

        return cost

    def _dearest(self, member: Member, objective: PricedObjective, row: Ints, column: Ints) -> Columns:
        """Return the route of each of the pairs (n,) that gains most."""
        if not self._open:
            return self._routes(member, row, column)
        prices = CapacityPrices(objective.capacity, objective.spend)
        _, hub, arrival = member.part.options.least(row, column, prices)
        return self._as_columns(member, row, column, member.part.options.route(row, column, hub, arrival))

    def _columns(self, member: Member, row: Ints, column: Ints) -> Columns:
        """Return all routes of admitted pairs (n,)."""
        if not self._open:
            return self._routes(member, row, column)
        pair, route = member.part.options.every(row, column)
        columns = self._as_columns(member, row[pair], column[pair], route)
        return columns.take(_undominated(columns, pair, len(row)))

    def _routes(self, member: Member, row: Ints, column: Ints) -> Columns:
        """Return the cheapest route of admitted pairs (n,)."""
        return self._as_columns(member, row, column, member.part.cheapest_routes(row, column))

    def _as_columns(
        self, member: Member, row: Ints, column: Ints, route: ScheduledRoutes, key: Ints | None = None
    ) -> Columns:
        part = member.part
        granule = part.granule[row] / self._scale.unit
        spend, unbudgeted = unit_price(route)
        loads = part.options.loads(route, row, column) if self._open else NO_LOADS
        tail, head = row + member.donation, column + member.need
        buys = part.buys(row, column)
        key = self._key(member, row, column, route) if key is None else key
        return Columns(
            tail,
            head,
            part.ratio(row, column) * granule,
            spend * granule,
            unbudgeted * granule,
            np.where(buys, granule, 0.0),
            np.where(buys, np.where(part.fine[row], 0, 1), part.multiple[row]),
            key,
            loads.which,
            loads.row,
            loads.kg * granule[loads.which],
        )


def _undominated(columns: Columns, pair: Ints, pairs: int) -> Ints:
    """Return the routes but those that cost no less than another one of their pair that loads nothing shared.

    Whatever is sought, a plan that takes such a route is no worse when it takes the other one.
    """
    free = np.ones(len(columns), dtype=bool)
    free[columns.load_column] = False
    order = np.flatnonzero(free)[np.argsort(columns.spend[free], kind="stable")]
    first = np.full(pairs, -1, dtype=np.int64)
    first[pair[order[::-1]]] = order[::-1]
    least = np.where(first >= 0, columns.spend[first], np.inf)
    return np.flatnonzero((columns.spend < least[pair]) | (first[pair] == np.arange(len(columns))))


def _joined(found: list[Columns]) -> Columns:
    """Return the columns of all parts as one."""
    columns = found[0]
    for more in found[1:]:
        columns = columns.joined(more)
    return columns


def _common(keys: Ints, own: Ints) -> tuple[Ints, Ints]:
    """Return where `own` keys that are among `keys`, each once, stand there, and which of them they are."""
    _, there, mine = np.intersect1d(keys, own, return_indices=True)
    return there, mine
