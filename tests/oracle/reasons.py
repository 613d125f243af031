"""Why something is short or left over in a given plan."""

from __future__ import annotations

from collections.abc import Iterable

from oracle.ledger import Ledger
from oracle.routes import Route
from oracle.rules import STAGES, Pair


class Reasons:
    """The reasons of one plan, from what it leaves open."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.rules = ledger.rules

    def of_need(self, j: int) -> str:
        """Return why need `j` is not served in full, ``""`` if it is."""
        rules = self.rules
        if not self.ledger.is_short(j):
            return ""
        if j in rules.excluded:
            return "excluded"
        left = rules.pool
        for stage in STAGES:
            left = [i for i in left if rules.obstacle[i, j] != stage]
            if not left:
                return stage
        worthwhile = [i for i in left if rules.worthwhile(i, j)]
        if not worthwhile:
            return "not_worth_it"
        if all(rules.plannable[i] < rules.granule[i] for i in worthwhile):
            return "integrality"
        open_pairs = [(i, j) for i in worthwhile if self._has_granule(i)]
        if open_pairs:
            return self._obstacle(open_pairs)
        used_up = [i for i in worthwhile if rules.plannable[i] >= rules.granule[i]]
        taken = {line.j for line in self.ledger.all_lines if line.i in used_up}
        return "outranked" if taken - {j} else "shortage"

    def obstacles_of(self, j: int) -> str:
        """Return what stands in the way of need `j`, where a rule is the reason, else ``""``."""
        reason = self.of_need(j)
        if reason not in (*STAGES, "excluded"):
            return ""
        fitting = [self.rules.broken(i, j) for i in self.rules.pool if (i, j) in self.rules.ratio]
        fewest = min(fitting, key=lambda steps: (len(steps), steps), default=[0])
        return ";".join([*(["excluded"] if reason == "excluded" else []), *(STAGES[s] for s in fewest)])

    def of_donation(self, i: int) -> str:
        """Return why donation `i` is not given in full, ``""`` if it is."""
        rules, planned = self.rules, self.ledger.planned[i]
        offered = rules.offered(i)
        if planned == offered:
            return ""
        if rules.plannable[i] == 0 or not rules.left[i] - self.ledger.given[i]:
            return "unreliable"
        left = [j for j in range(len(rules.needs)) if j not in rules.excluded]
        for stage in STAGES:
            left = [j for j in left if rules.obstacle[i, j] != stage]
            if not left:
                return "excluded" if self._only_excluded(i, stage) else stage
        worthwhile = [j for j in left if rules.worthwhile(i, j)]
        if not worthwhile:
            return "not_worth_it"
        if not self._has_granule(i):
            return "integrality"
        short = [(i, j) for j in worthwhile if self.ledger.is_short(j)]
        return self._obstacle(short) if short else "demand_met"

    def _only_excluded(self, i: int, stage: str) -> bool:
        """Return whether needs that are excluded could take donation `i`, or they alone ask for its item."""
        stages = {self.rules.obstacle[i, j] for j in self.rules.excluded}
        return "" in stages or (stage == STAGES[0] and bool(stages - {stage}))

    def _has_granule(self, i: int) -> bool:
        return self.rules.left[i] - self.ledger.given[i] >= self.rules.granule[i]

    def _obstacle(self, pairs: Iterable[Pair]) -> str:
        """Return what keeps the least that there is from going over any route of the pairs."""
        rules = self.rules
        roomy: list[tuple[int, int, Route]] = [
            (i, j, route)
            for i, j in pairs
            for route in rules.routes[i, j]
            if self.ledger.has_room(i, route, rules.one_more(i, j))
        ]
        if not roomy:
            return "capacity"
        if rules.budget is not None:
            left = rules.budget - self.ledger.spent
            if not any(route.budgeted * rules.one_more(i, j) <= left for i, j, route in roomy):
                return "budget"
        return "integrality"
