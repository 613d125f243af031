"""How organisations match without an optimizer: first come, nearest, in proportion.

Each looks at one donation after the other, in the order in which they became known, and knows nothing of
what comes after. All obey the rules of the model: who may serve whom, days, whole granules, what is left of
needs, shared capacities and budget, of which each sends what fits; goods go by the cheapest way of a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints
from matchopt.contract.case import Case
from matchopt.model.calendar import NEVER, days_of
from matchopt.model.classes import Members, ranks
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import Part, encode
from matchopt.model.places import Atlas
from matchopt.model.routes import budgeted
from matchopt.tolerances import ROUNDING

Offer = tuple[Ints, Ints]
"""Needs of a part in the order in which they are offered something, and how many granules each at most."""

Rule = Callable[["Round", int, Ints, Ints, int], Offer]
"""Told the round, a donation, needs it may serve, what each would take and what there is, in granules."""


def first_come(round_: Round, donation: int, needs: Ints, wanted: Ints, there: int) -> Offer:
    """Match the first donation with the first need, the second with the second: one need each.

    First-come-first-matched, as M. Samorani, R. Bala, R. Jacob and S. He simulate it for protective
    equipment ("Matching PPE", 2021). A need that was matched waits for the next round.
    """
    del donation, there
    free = np.flatnonzero(~round_.matched[needs])
    order = free[np.lexsort((round_.need_rank[needs[free]], round_.need_known[needs[free]]))]
    return order[:1], wanted[order[:1]]


def proximity(round_: Round, donation: int, needs: Ints, wanted: Ints, there: int) -> Offer:
    """Match each donation with the nearest need: proximity matching of the same study, one need each."""
    del there
    order = np.lexsort((round_.need_rank[needs], round_.kilometres(donation, needs)))
    return order[:1], wanted[order[:1]]


def proportional(round_: Round, donation: int, needs: Ints, wanted: Ints, there: int) -> Offer:
    """Share each donation among all needs that it may serve, in proportion to what each still misses.

    The proportional rule for claims on what does not suffice (B. O'Neill, "A problem of rights arbitration
    from the Talmud", 1982); granules that are left go to the largest remainders.
    """
    del donation
    total = int(wanted.sum())
    if total <= there:
        return np.arange(len(needs)), wanted
    exact = wanted * (there / total)
    share = np.floor(exact + ROUNDING).astype(np.int64)
    largest = np.lexsort((round_.need_rank[needs], share - exact))
    share[largest[: there - int(share.sum())]] += 1
    return np.arange(len(needs)), share


HEURISTICS: Mapping[str, Rule] = MappingProxyType(
    {"first-come": first_come, "proximity": proximity, "proportional": proportional}
)


def match(case: Case, rule: Rule) -> pd.DataFrame:
    """Match what `case` leaves open by a rule, once.

    Returns
    -------
    DataFrame
        donation_id, need_id, quantity (donated), hub, pickup_day, arrival_day, delivery_day: what is new.
    """
    round_ = Round(case)
    lines = list(round_.lines(rule))
    columns = ("donation", "need", "quantity", "hub", "pickup", "arrival", "delivery")
    made = {name: np.array([line[k] for line in lines], dtype=np.int64) for k, name in enumerate(columns)}
    network = round_.network
    hubs, dates = np.append(network.hubs.names, "").astype(object), network.calendar.dates
    return pd.DataFrame(
        {
            "donation_id": case.donations["donation_id"].to_numpy(dtype=object)[made["donation"]],
            "need_id": case.needs["need_id"].to_numpy(dtype=object)[made["need"]],
            "quantity": made["quantity"] / network.scale.unit,
            "hub": hubs[made["hub"]],
            **{f"{day}_day": dates(made[day]) for day in ("pickup", "arrival", "delivery")},
        }
    )


class Round:
    """One round of matching: what is left of everything.

    Attributes
    ----------
    network
        The case, encoded.
    need_known, need_rank : (n,) int
        Day on which each need became known, and its rank by id.
    matched : (n,) bool
        Needs that were given something in this round.
    """

    def __init__(self, case: Case) -> None:
        self.network = encode(case)
        network = self.network
        self.need_rank = ranks(case.column("needs", "need_id"))
        self.need_known = _known(case.needs["created_on"])
        self.matched: Bools = np.zeros(len(case.needs), dtype=bool)
        self._case = case
        rank = ranks(case.column("donations", "donation_id"))
        self._order = np.lexsort((rank, _known(case.donations["created_on"])))
        self._supply, self._demand = network.supply.copy(), network.demand.quantity.copy()
        self._room = network.capacities.limit.copy()
        pinned = network.pinned.spent / (MONEY_SCALE * network.scale.unit)
        limit = case.settings.policy.budget or np.inf
        self._budget = max(limit - pinned, 0.0)
        self._single = case.needs["single_source"].to_numpy(dtype=bool)
        self._complete = case.needs["all_or_nothing"].to_numpy(dtype=bool)
        self._most = case.donations["max_communities"].fillna(NEVER).to_numpy(dtype=np.float64)
        before = network.pinned
        self._been: dict[int, set[int]] = {}
        for i, c in zip(before.donation.tolist(), network.communities[before.need].tolist(), strict=True):
            self._been.setdefault(i, set()).add(c)
        self._donation_class = _class_of(network.donations, len(case.donations))
        self._need_class = _class_of(network.needs, len(case.needs))
        self._atlas = Atlas(case)
        self._donors = self._atlas.of_donations(case.donations)
        goals, self._goal = np.unique(self._atlas.codes(case.needs["community"]), return_inverse=True)
        self._goals = self._atlas.at(goals)

    def kilometres(self, donation: int, needs: Ints) -> Floats:
        """Return how far needs are from a donation, by the direct way."""
        tail = np.full(len(needs), donation, dtype=np.int64)
        return self._atlas.kilometres(self._donors, self._goals, tail, self._goal[needs])

    def lines(self, rule: Rule) -> Iterator[tuple[int, ...]]:
        """Yield donation, need, scaled quantity and way of what `rule` gives."""
        network = self.network
        part_of = np.full(len(network.donations.start) - 1, -1)
        for number, part in enumerate(network.parts):
            part_of[part.rows] = number
        for donation in self._order.tolist():
            of = self._donation_class[donation]
            if of >= 0 and part_of[of] >= 0:
                part = network.parts[part_of[of]]
                yield from self._give(part, donation, int(np.searchsorted(part.rows, of)), rule)

    def _give(self, part: Part, donation: int, row: int, rule: Rule) -> Iterator[tuple[int, ...]]:
        granule = int(part.granule[row])
        there = int(self._supply[donation]) // granule
        needs, column = self._open(part, row)
        if not there or not len(needs):
            return
        rows = np.full(len(column), row)
        ratio = part.ratio(rows, column)
        wanted = np.floor(self._demand[needs] / (ratio * granule) + ROUNDING).astype(np.int64)
        able = np.flatnonzero(wanted > 0)
        needs, column, ratio, wanted = needs[able], column[able], ratio[able], wanted[able]
        order, granules = rule(self, donation, needs, np.minimum(wanted, there), there)
        for k, count in zip(order.tolist(), granules.tolist(), strict=True):
            quantity = min(count, int(self._supply[donation]) // granule) * granule
            if quantity > 0:
                line = self._take(part, donation, row, int(needs[k]), int(column[k]), quantity, ratio[k])
                if line is not None:
                    yield line

    def _open(self, part: Part, row: int) -> tuple[Ints, Ints]:
        """Return the needs that a donation may serve and that miss something, and their columns."""
        column = np.flatnonzero(
            part.costs(np.full(len(part.columns), row), np.arange(len(part.columns))) < FORBIDDEN
        )
        needs, which = self.network.needs.rows_of(part.columns[column])
        open_ = (self._demand[needs] > 0) & ~self.network.excluded[needs]
        return needs[open_], column[which[open_]]

    def _take(
        self, part: Part, donation: int, row: int, need: int, column: int, quantity: int, ratio: float
    ) -> tuple[int, ...] | None:
        """Book what fits of a delivery and return it; None where a flag or what is left lets nothing pass."""
        network = self.network
        community = int(network.communities[need])
        been = self._been.setdefault(donation, set())
        if self._single[need] and self.matched[need]:
            return None
        if community not in been and len(been) + 1 > self._most[donation]:
            return None
        at = np.array([row]), np.array([column])
        way = part.cheapest_routes(*at)
        loads = part.options.loads(way, *at)
        loaded, which = np.unique(loads.row, return_inverse=True)
        kg = np.bincount(which, loads.kg, len(loaded)) / network.scale.unit
        cost = float(budgeted(way.unit_cost)[0]) / (MONEY_SCALE * network.scale.unit)
        granule = int(part.least(*at)[0])
        # Of what each of these has left, how much a scaled unit takes.
        left, taken = np.append(self._room[loaded], self._budget), np.append(kg, cost)
        most = (left[taken > 0] / (taken[taken > 0] * granule)).min(initial=np.inf) * (1 + ROUNDING)
        quantity = int(min(quantity // granule, most)) * granule
        served = quantity * ratio
        if not quantity or (self._complete[need] and served < self._demand[need] * (1 - ROUNDING)):
            return None
        self._room[loaded] = np.maximum(self._room[loaded] - kg * quantity, 0.0)
        self._budget = max(self._budget - cost * quantity, 0.0)
        self._supply[donation] -= quantity
        self._demand[need] = max(int(np.floor(self._demand[need] - served + ROUNDING)), 0)
        self.matched[need] = True
        been.add(community)
        return (
            donation,
            need,
            quantity,
            int(way.hub[0]),
            int(way.pickup[0]),
            int(way.arrival[0]),
            int(way.delivery[0]),
        )


def _known(created: pd.Series) -> Ints:
    """Return the day on which rows became known; what has none was known from the start."""
    day, given = days_of(created)
    return np.where(given, day, -NEVER)


def _class_of(members: Members, count: int) -> Ints:
    """Return the class of each table row, -1 for none."""
    class_of = np.full(count, -1, dtype=np.int64)
    class_of[members.row] = np.repeat(np.arange(len(members.count)), members.count)
    return class_of
