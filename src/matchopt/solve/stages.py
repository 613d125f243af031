"""Lexicographic optimization of a block: stage after stage, relaxation first, then whole granules.

- All columns, where they are few: every stage is solved to the end before the next.
- More: columns enter by their prices (column generation), and for whole granules those enter besides that
  the prices cannot rule out.
- Many donations and needs: the relaxation is solved for all stages first; its plan is then made whole near
  where it is not, and the relaxation bounds what that costs.
- Where only granules and flags bind, the divisible plan has the prices, and local search a whole plan at any
  time; what is small enough is then solved to the end from there on.
- Where only promises bind, prices and plan of slope scaling are there already: what is left is a local
  search for the promises best changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import PLENTY, Floats
from matchopt.solve import anytime
from matchopt.solve.assemble import Goals
from matchopt.solve.block import (
    COVERAGE,
    Block,
    Columns,
    ColumnSource,
    PricedObjective,
    PricedPlan,
    SlopeScaledPlan,
    UnlinkedPlan,
)
from matchopt.solve.certificate import (
    Proofs,
    bound,
    charged,
    network_prices,
    plan_cuts,
    priced_objective,
)
from matchopt.solve.relaxation import (
    NONE,
    Relaxation,
    SmoothedPricing,
    all_that_hold,
    raised,
    relax,
)
from matchopt.solve.rounding import Packing, broken
from matchopt.solve.search import (
    BlockSolution,
    Deadline,
    IntegerSearch,
    SearchResult,
    Tell,
    around,
    goals_after,
    is_whole,
    reaches,
)
from matchopt.tolerances import EQUAL

ALL_COLUMNS = 20_000
"""Up to this many columns all of them enter."""

MIDDLE = 5_000
"""Up to this many donations and needs together every stage is searched for whole granules."""

OTHERS = 6
"""Pairs per need and per donation whose best column takes part in a search, so that whole things can move."""

NEAR_COLUMNS = 12_000
"""Up to this many columns that prices cannot rule out take part in that search."""

FIRST = 3
"""Pairs per need and per donation whose cheapest route enters at first."""

FEW_PAIRS = 100_000
"""Up to this many donations × needs it is looked at all where only promises bind, or time is limited."""

FEW_PAIRS_WHOLE = 2_000
"""Up to this many pairs what has to stay whole is searched to the end without a local search before."""

ALL_LOOSE = 30_000
"""Up to this many columns all of them take part in the search for whole granules."""

ROUGH = 5e-4
"""Relative: how near to the best around it a plan made whole comes."""


def solve_block(
    block: Block, source: ColumnSource, deadline: Deadline, tell: Tell, begun: BlockSolution | None = None
) -> BlockSolution:
    """Return the best plan of `block` and its proof.

    Parameters
    ----------
    source
        All columns of the block.
    deadline
        When the search for whole granules stops.
    begun
        A plan to go on from, if there is one.
    """
    solver = _BlockSolver(block, source, deadline, tell)
    if block.divisible is not None:
        return solver.whole_first(block.divisible, begun)
    if block.slope_scaled is not None:
        return solver.around_promises(block.slope_scaled)
    columns = source.every(ALL_COLUMNS)
    if columns is not None:
        return solver.stage_by_stage(columns)
    middle = block.unlinked is None and len(block.supply) + len(block.demand) <= MIDDLE
    many = len(block.supply) * len(block.demand) > FEW_PAIRS
    if middle and not (many and deadline.left() is not None and solver.can_walk):
        return solver.stage_by_stage(None)
    return solver.relaxation_first()


@dataclass(frozen=True, slots=True)
class _BlockSolver:
    """The recipes, by how many columns there are; see the module's docstring."""

    block: Block
    source: ColumnSource
    deadline: Deadline
    tell: Tell

    @property
    def can_walk(self) -> bool:
        """Whether local search knows all rules of the block."""
        block = self.block
        return block.fairness == "none" and block.fixed_floor is None and not len(block.promises)

    def whole_first(self, plan: PricedPlan, begun: BlockSolution | None) -> BlockSolution:
        """Find a whole plan by local search, and search what is not large from there on to the end."""
        block, source = self.block, self.source
        self.tell("whole quantities")
        proofs, _ = plan_cuts(block, plan)
        proofs.append(("cost", network_prices(block, plan), np.inf))
        objective = priced_objective(block, "cost", proofs[-1][1])
        every = source.every(ALL_COLUMNS)
        if len(block.supply) * len(block.demand) > FEW_PAIRS_WHOLE:
            time = self.deadline if every is None else self.deadline.share(0.5)
            columns, amount = anytime.improved_from_starts(block, source, plan, objective, time, begun)
        else:
            columns, amount = anytime.best_by_simple_rules(block, source)
        found = self._solution(columns, amount, proofs, priced=True)
        if every is None or found.proven or self.deadline.left() == 0:
            return found
        searched = self.stage_by_stage(every, columns.carried(amount, every))
        return searched if searched.beats(found) else found.bounded_by(searched)

    def stage_by_stage(self, every: Columns | None, start: Floats | None = None) -> BlockSolution:
        """Solve each stage to the end, over all columns or, for None, those that prices let in.

        With all columns a whole plan to `start` from may be given.
        """
        block, complete, source = self.block, every is not None, None if every is not None else self.source
        amount: Floats | None
        if every is not None:
            # Giving nothing breaks no rule but a floor that is asked for.
            columns, amount = every, np.zeros(len(every)) if block.fixed_floor is None else None
            amount = amount if start is None else start
        else:
            columns, amount = self._start(self.source.cheapest(FIRST))
        goals, target, capped = Goals(), np.zeros(0), True
        proofs: Proofs = []
        for stage, time in self._timed():
            self.tell(stage)
            held = NONE if amount is None else columns.key[amount > 0]
            # What takes no time worth counting is done in any case.
            soon = None if every is not None and len(every) <= FEW_PAIRS_WHOLE else time.share(0.7)
            found = relax(block, columns, stage, goals, source, held=held, deadline=soon)
            prices = all_that_hold(block, stage, found, source, held, soon)
            if stage == "leximin" and not (block.sorts and every is not None):
                found, target = raised(block, found, goals, source, held, soon)
            if amount is not None and every is None:
                columns, amount = found.columns, columns.carried(amount, found.columns)
            search = IntegerSearch(block, columns, time, complete=complete)
            if stage == "leximin" and not block.sorts:
                step = search.toward(target, amount)
                # From here on other plans with coverages as good are left out.
                complete = False
                goals = replace(goals, coverage=block.reached(columns, step.amount).coverage)
            elif stage == "leximin" or amount is None or every is not None:
                step = search.step(stage, goals, amount, found.amount, found.value)
                goals = goals_after(block, stage, goals, block.reached(columns, step.amount))
            else:
                ceiling = block.ceiling.get(stage, np.inf) if capped else np.inf
                columns, step = self._searched(found, stage, goals, amount, ceiling, time)
                reached = block.reached(columns, step.amount)
                capped = capped and reaches(reached.value[stage], ceiling)
                goals = goals_after(block, stage, goals, reached)
            amount = step.amount
            proofs.append((stage, prices, step.bound))
        return self._solution(columns, step.amount, proofs)

    def relaxation_first(self) -> BlockSolution:
        """Solve the relaxation of all stages, then make its plan whole where it is not."""
        block, source = self.block, self.source
        columns, begun = self._start(source.cheapest(FIRST))
        first, goals, time = columns, Goals(), self.deadline.share(0.5)
        proofs: Proofs = []
        guide = None
        limited = self.can_walk and self.deadline.left() is not None
        walked = None
        if limited:
            self.tell("whole quantities")
            wide, walked = anytime.improved_from_nothing(block, source, self.deadline.share(0.3))
            first = first.joined(wide)
            begun = wide.carried(walked, first)
        if block.unlinked is not None:
            columns = columns.joined(self._packed(block.unlinked))
            self.tell(COVERAGE)
            columns, proofs, as_before = self._covered(columns, time)
            for stage, _, value in proofs:
                goals = replace(goals, value={**goals.value, stage: value})
            if as_before:
                guide = SmoothedPricing(block, source)
        for number, stage in enumerate(block.stages[len(proofs) :], len(proofs)):
            self.tell(stage)
            soon = time.share(1 / (len(block.stages) - number))
            found = relax(block, columns, stage, goals, source, guide=guide, deadline=soon)
            proofs.append((stage, all_that_hold(block, stage, found, source, deadline=soon), np.inf))
            if stage == "leximin":
                found, target = raised(block, found, goals, source, deadline=soon)
                goals = replace(goals, coverage=target)
            else:
                goals = goals_after(block, stage, goals, block.reached(found.columns, found.amount))
            columns = found.columns
        self.tell("whole quantities")
        split = np.abs(found.amount - np.rint(found.amount)) > EQUAL
        # All columns of a pair that has to be made whole, so that it can give way to others.
        whole = source.around(columns.tail[split], columns.head[split])
        columns = columns.joined(first).joined(whole)
        relaxed = found.columns.carried(found.amount, columns)
        if limited or (self.can_walk and block.unlinked is None):
            objective = priced_objective(block, "cost", proofs[-1][1])
            if self.deadline.left() != 0:
                columns = columns.joined(source.promising(objective, OTHERS, -np.inf))
                relaxed = found.columns.carried(found.amount, columns)
            known = first.carried(begun, columns) if limited else None
            time = self.deadline.share(0.7)
            walked = anytime.improved_from_relaxation(block, columns, relaxed, objective, time, known)
            if self.deadline.left() == 0:
                return self._solution(columns, walked, proofs)
        if block.fairness == "none" and not block.by_cost:
            amount = self._nearest(columns, relaxed, proofs, None if guide is None else goals)
        else:
            start = None if block.fixed_floor is None else first.carried(begun, columns)
            amount = self._made_whole(columns, relaxed, start)
        if walked is not None:
            amount = max((amount, walked), key=lambda plan: block.key(columns, plan))
        return self._solution(columns, amount, proofs)

    def around_promises(self, plan: SlopeScaledPlan) -> BlockSolution:
        """Search for the promises best changed, from the plan of slope scaling on."""
        block, source = self.block, self.source
        cuts, values = plan_cuts(block, plan)
        goals = Goals(value=values)
        prices = network_prices(block, plan)
        paired = source.around(plan.tail, plan.head)
        columns = paired.joined(block.promises.columns)
        amount = np.zeros(len(columns))
        amount[: len(paired)] = plan.amount
        amount[block.promises.among(columns)] += plan.kept
        self.tell("whole quantities")
        searched = np.inf
        few = len(block.supply) * len(block.demand) <= FEW_PAIRS
        every = source.every(ALL_COLUMNS) if few else None
        if every is not None:
            excess = self._excess(priced_objective(block, "cost", prices), priced=False)
            goal = bound(block, "cost", prices, block.reached(columns, amount), excess)
            search = IntegerSearch(block, every, self.deadline, complete=True)
            step = search.step("cost", goals, columns.carried(amount, every), None, goal)
            columns, amount, searched = every, step.amount, step.bound
        else:
            columns, amount = self._polished(plan, columns, amount, goals)
        return self._solution(columns, amount, [*cuts, ("cost", prices, searched)])

    def _timed(self) -> Iterator[tuple[str, Deadline]]:
        """Yield the stages, each with half of the time that those before left over; the last with all."""
        *before, last = self.block.stages
        for stage in before:
            yield stage, self.deadline.share(0.5)
        yield last, self.deadline

    def _start(self, columns: Columns) -> tuple[Columns, Floats]:
        """Return columns to begin with and a whole plan over them: an empty one, or one with the floor asked.

        Promised columns are among them: prices have to know what keeping a promise would take.
        """
        columns, floor = columns.joined(self.block.promises.columns), self.block.fixed_floor
        if floor is None:
            return columns, np.zeros(len(columns))
        free = replace(self, block=replace(self.block, fixed_floor=None))
        found = relax(free.block, columns, "floor", Goals(), self.source)
        nothing = np.zeros(len(found.columns))
        columns, step = free._searched(found, "floor", Goals(), nothing, floor, self.deadline)
        return columns, step.amount

    def _searched(
        self, found: Relaxation, stage: str, goals: Goals, start: Floats, ceiling: float, deadline: Deadline
    ) -> tuple[Columns, SearchResult]:
        """Search the columns that entered, then all that could take part in anything better.

        One granule over a column that loses more than the relaxation is above the plan at hand makes
        every plan worse than that one.
        """
        block, source = self.block, self.source
        objective, goal = priced_objective(block, stage, found.prices), min(found.value, ceiling)
        columns, amount = found.columns, found.amount
        if not is_whole(block, columns, amount):
            columns = columns.joined(source.promising(objective, OTHERS, -np.inf))
            start, amount = (found.columns.carried(plan, columns) for plan in (start, amount))
        search = IntegerSearch(block, columns, deadline, complete=False)
        step = search.step(stage, goals, start, amount, found.value)
        value = block.reached(columns, step.amount).value[stage]
        if reaches(value, goal) or deadline.passed:
            return columns, step
        more = source.near(objective, found.value - value, NEAR_COLUMNS)
        if more is None:
            return columns, step
        all_near = columns.joined(more)
        start = columns.carried(step.amount, all_near)
        search = IntegerSearch(block, all_near, deadline, complete=block.sorts)
        return all_near, search.step(stage, goals, start, None, goal)

    def _packed(self, plan: UnlinkedPlan) -> Columns:
        """Return columns that carry the plan without linking constraints as far as there is capacity.

        Tier after tier.
        """
        packing, found = Packing(self.block), Columns.none()
        for tier in np.unique(self.block.tier).tolist():
            own = np.flatnonzero(self.block.tier[plan.head] == tier)
            tail, head = plan.tail[own], plan.head[own]
            columns = self.source.around(tail, head)
            found = found.joined(columns.take(packing.pack(columns, tail, head, plan.amount[own])))
        return found

    def _covered(self, columns: Columns, deadline: Deadline) -> tuple[Columns, Proofs, bool]:
        """Return columns for the coverage without linking constraints, its proofs, and whether they reach it.

        Most often that much is within reach. Then one program finds all tiers at once: with weights that
        fall from tier to tier, only a plan that reaches every cut reaches their weighted sum. Where it
        is not, the proof is empty, and tiers have to be sought one after the other.
        """
        block = self.block
        if block.by_cost:
            return columns, [], True
        assert block.unlinked is not None, "only a block with levels has cuts"
        cuts, values = plan_cuts(block, block.unlinked)
        enough = sum((PLENTY - t) * values[f"tier {t}"] for t in np.unique(block.tier).tolist())
        found = relax(block, columns, COVERAGE, Goals(), self.source, enough=enough, deadline=deadline)
        reached = np.isfinite(found.value) and reaches(found.value, enough)
        return found.columns, cuts if reached else [], reached

    def _excess(self, objective: PricedObjective, priced: bool) -> Floats:
        """Return (n,) what the best column to each need gains per unit.

        At node potentials no pair gains: that has been looked at. Only promised columns are left.
        """
        if not (objective.need > 0).any():
            return np.zeros(len(self.block.demand))
        if self.block.slope_scaled is None and not priced:
            return self.source.excess(objective)
        promised, excess = self.block.promises.columns, np.zeros(len(self.block.demand))
        np.maximum.at(excess, promised.head, promised.gain(objective) / promised.served)
        return excess

    def _polished(
        self, plan: SlopeScaledPlan, columns: Columns, amount: Floats, goals: Goals
    ) -> tuple[Columns, Floats]:
        """Return a plan at least as good, by local search around what changed, as long as that gains."""
        block = self.block
        while True:
            promised, changed = block.promises.columns, block.promises.changed(columns, amount)
            donation, need = block.marked(promised, changed)
            near = donation[plan.near_tail] | need[plan.near_head]
            wider = columns.joined(self.source.around(plan.near_tail[near], plan.near_head[near]))
            start = columns.carried(amount, wider)
            loose = donation[wider.tail] | need[wider.head]
            within = min(ROUGH * abs(block.reached(columns, amount).value["cost"]), block.promises.cost)
            search = around(block, wider, start, loose, self.deadline.share(0.5), within)
            better = search.step("cost", goals, start, None, np.inf).amount
            gain = block.reached(wider, better).value["cost"] - block.reached(wider, start).value["cost"]
            if self.deadline.passed or gain <= within:
                return wider, better
            columns, amount = wider, better

    def _nearest(self, columns: Columns, relaxed: Floats, proofs: Proofs, goals: Goals | None) -> Floats:
        """Return a whole plan near the relaxation's own.

        With `goals` it is to have the relaxation's coverage, and what is broken is repaired among the
        donations and needs that it touches. Where that cannot be, or was not asked for, coverage that
        goes lost is charged for.
        """
        block = self.block
        base, donation, need, flagged = broken(block, columns, relaxed)
        reached = block.reached(columns, relaxed)
        within = ROUGH * abs(reached.value["cost"])
        if goals is not None:
            coverage = {stage: value for stage, value in goals.value.items() if stage != "cost"}
            loose = donation & need | flagged
            search = around(block, columns, base, loose, self.deadline.share(0.5), within)
            amount = search.attempt("cost", replace(goals, value=coverage), relaxed, reached.value["cost"])
            if amount is not None:
                return amount
        search = around(
            charged(block, proofs, reached), columns, base, donation | need | flagged, self.deadline, within
        )
        return search.step("cost", Goals(), None, relaxed, np.inf).amount

    def _made_whole(self, columns: Columns, relaxed: Floats, start: Floats | None) -> Floats:
        """Return a whole plan near the relaxation's: what is whole there stays, the rest is searched."""
        block = self.block
        base, donation, need, flagged = broken(block, columns, relaxed)
        loose = donation | need | flagged | (len(columns) <= ALL_LOOSE)
        amount = np.where(loose, 0.0, base)
        if start is not None:
            loose, amount = np.ones(len(columns), dtype=bool), start
        goals = Goals()
        for stage, time in self._timed():
            search = around(block, columns, base, loose, time)
            if stage == "leximin":
                target = block.reached(columns, relaxed).coverage
                amount = search.toward(target, amount).amount
                goals = replace(goals, coverage=block.reached(columns, amount).coverage)
                continue
            amount = search.step(stage, goals, amount, relaxed, np.inf).amount
            goals = goals_after(block, stage, goals, block.reached(columns, amount))
        return amount

    def _solution(
        self, columns: Columns, amount: Floats, proofs: Proofs, *, priced: bool = False
    ) -> BlockSolution:
        """Return a plan with its proofs; `priced` are prices at which no pair gains.

        Where fairness was cut short it is filled up as far as that takes nothing away.
        """
        if self.deadline.stopped and not self.can_walk and not len(self.block.promises):
            columns, amount = anytime.grown(self.block, self.source, columns, amount)
        block = self.block
        excess = [self._excess(priced_objective(block, stage, prices), priced) for stage, prices, _ in proofs]
        return BlockSolution.of(block, columns, amount, proofs, excess)
