"""Simple rules for whole things, as somebody with two lists would go by them, and what they reach.

    python -m benchmarks.whole CASE

Both serve tier by tier, need by need in the order of ids, and never take back what they gave:

- `largest_lots`: a need gets whole lots, the largest first, from whoever may still give; a need for one
  donation alone gets it from the one that can give the most.
- `nearest`: a donation for few communities goes first, to the nearest community that can take all of it,
  else to the one that can take the most, until it may go to no more; then a need gets what fits from the
  nearest on, and if it is for one donation alone, from the nearest that can give all, or else the most.

Needs that are served in full or not at all are left alone where they would be served in part. Capacities,
budgets and fairness are not looked at. Who may serve whom at which cost they are told by matchopt.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

import matchopt
from benchmarks.peers import entries
from matchopt import Case
from matchopt.arrays import FORBIDDEN, Bools, Ints
from matchopt.model.network import encode


@dataclass(slots=True)
class Lists:
    """One item, or several that stand in for each other, and what has been given of it.

    Quantities are scaled; costs are those of a unit, `FORBIDDEN` where a donation may not serve a need.
    """

    lot: Ints
    left: Ints
    asked: Ints
    rest: Ints
    tier: Ints
    community: Ints
    single: Bools
    complete: Bools
    limit: Ints
    cost: Ints
    places: dict[int, set[int]] = field(default_factory=dict)
    served: dict[int, int] = field(default_factory=dict)
    spent: int = 0

    def order(self) -> Iterator[int]:
        """Yield the needs, tier by tier."""
        yield from np.lexsort((np.arange(len(self.tier)), self.tier)).tolist()

    def may(self, i: int, j: int) -> bool:
        """Return whether donation `i` may go to need `j`, its community being one of few."""
        places = self.places.get(i, set())
        return not self.limit[i] or int(self.community[j]) in places or len(places) < self.limit[i]

    def fits(self, i: int, j: int, rest: int) -> int:
        """Return how much of `i`, in whole lots, need `j` can take of which so much is left."""
        return min(int(self.left[i]), rest) // int(self.lot[i]) * int(self.lot[i]) if self.may(i, j) else 0

    def serve(self, j: int, donations: list[int]) -> None:
        """Serve need `j` from `donations`, in their order."""
        rest, lines = int(self.rest[j]), []
        if self.single[j] and rest < self.asked[j]:
            return
        if self.single[j]:
            fits = [self.fits(i, j, rest) for i in donations]
            donations = [donations[int(np.argmax(fits))]] if donations else []
        for i in donations:
            quantity = self.fits(i, j, rest)
            if quantity > 0:
                lines.append((i, quantity))
                rest -= quantity
        if not (self.complete[j] and rest):
            for i, quantity in lines:
                self.give(i, j, quantity)

    def give(self, i: int, j: int, quantity: int) -> None:
        """Give so much of donation `i` to need `j`."""
        self.left[i] -= quantity
        self.rest[j] -= quantity
        self.places.setdefault(i, set()).add(int(self.community[j]))
        tier = int(self.tier[j])
        self.served[tier] = self.served.get(tier, 0) + quantity
        self.spent += quantity * int(self.cost[i, j])


def lists(case: Case) -> Iterator[Lists]:
    """Yield the lists of a case, all substitutes of which serve one unit by one."""
    network = encode(case)
    limit = case.donations["max_communities"].to_numpy(dtype=np.float64, na_value=0).astype(np.int64)
    for part in network.parts:
        given, row = entries(network.donations, part.rows)
        asked, column = entries(network.needs, part.columns)
        donation, _ = network.donations.rows_of(part.rows)
        need, _ = network.needs.rows_of(part.columns)
        lot = part.granule[row]
        yield Lists(
            lot,
            given // lot * lot,
            asked,
            asked.copy(),
            part.priority[column],
            part.community[column],
            case.needs["single_source"].to_numpy(dtype=bool)[need],
            case.needs["all_or_nothing"].to_numpy(dtype=bool)[need],
            limit[donation],
            part.costs(row[:, None], column),
        )


def largest_lots(p: Lists) -> None:
    """Give the largest lots first."""
    by_lot = np.argsort(-p.lot, kind="stable")
    for j in p.order():
        p.serve(j, by_lot[(p.cost[by_lot, j] < FORBIDDEN) & (p.left[by_lot] > 0)].tolist())


def nearest(p: Lists) -> None:
    """Give what fits from the nearest on."""
    for i in np.flatnonzero(p.limit > 0).tolist():
        for _ in range(int(p.limit[i])):
            _to_one_community(p, i)
    for j in p.order():
        able = np.flatnonzero((p.cost[:, j] < FORBIDDEN) & (p.left > 0))
        p.serve(j, able[np.argsort(p.cost[able, j], kind="stable")].tolist())


def _to_one_community(p: Lists, i: int) -> None:
    """Give donation `i` to the nearest community that can take all of it, or else the most."""
    best: tuple[int, int] | None = None
    lines: list[tuple[int, int]] = []
    open_to = (p.rest > 0) & ~(p.single & (p.rest < p.asked))
    able = np.flatnonzero((p.cost[i] < FORBIDDEN) & open_to)
    able = able[np.lexsort((p.cost[i, able], p.tier[able], p.community[able]))]
    for own in np.split(able, np.flatnonzero(np.diff(p.community[able])) + 1):
        left, found, cost = int(p.left[i]), [], 0
        for j in own.tolist():
            quantity = min(left, p.fits(i, j, int(p.rest[j])))
            if quantity <= 0 or (p.complete[j] and quantity < p.rest[j]):
                continue
            found.append((j, quantity))
            left, cost = left - quantity, cost + quantity * int(p.cost[i, j])
        if found and (best is None or (left, cost) < best):
            best, lines = (left, cost), found
    for j, quantity in lines:
        p.give(i, j, quantity)


RULES: dict[str, Callable[[Lists], None]] = {"largest lots": largest_lots, "nearest": nearest}


def reached(case: Case, rule: Callable[[Lists], None]) -> tuple[dict[int, float], float]:
    """Return what a rule serves by priority, and at what cost."""
    unit = encode(case).scale.unit
    served: dict[int, float] = dict.fromkeys(case.needs["priority"].unique().tolist(), 0.0)
    spent = 0
    for p in lists(case):
        rule(p)
        spent += p.spent
        for tier, quantity in p.served.items():
            served[tier] += quantity / unit
    return dict(sorted(served.items())), spent / unit / 10_000


def main() -> None:
    """Print what the rules reach in a case."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.whole CASE")
    case = matchopt.read_case(sys.argv[1])
    for name, rule in RULES.items():
        start = time.perf_counter()
        served, cost = reached(case, rule)
        took = time.perf_counter() - start
        print(json.dumps({"rule": name, "served": served, "cost": cost, "seconds": took}))


if __name__ == "__main__":
    main()
