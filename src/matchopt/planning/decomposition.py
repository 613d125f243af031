"""Solve a network: parts by themselves where they can be, together where rules bind them together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from matchopt.arrays import PLENTY, Ints
from matchopt.contract.case import Case
from matchopt.model.linking import FairnessCells
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import Network
from matchopt.planning.blocks import LinkedBlock, join, planned
from matchopt.planning.bounds import Solved, bounds, in_blocks
from matchopt.planning.distributed import DistributedOracle
from matchopt.planning.earlier import OpenPromises, Warm, as_flow, keepable
from matchopt.result.books import Books, keep_books
from matchopt.result.deliveries import Flows, to_deliveries, transported
from matchopt.result.proof import Proof
from matchopt.result.summary import BudgetUse, FairnessReached, summarize
from matchopt.solve.backends import BACKENDS
from matchopt.solve.column_generation import Effort
from matchopt.solve.oracle import PricingOracle
from matchopt.solve.search import BlockSolution, Deadline, reaches
from matchopt.solve.slope_scaling import PromisedArcs
from matchopt.solve.stages import FEW_PAIRS_WHOLE, solve_block
from matchopt.solve.tiers import ProvenFlow, WarmStart, coverage_first, total_cost
from matchopt.tolerances import EQUAL, FLOAT

LARGE = 2**23
"""Rows × places of a part from which on its pairs are sought in blocks."""

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a network is solved with.

    Attributes
    ----------
    solver
        Name of the back end.
    deadline
        When the search for whole quantities stops.
    tell
        Who is told of the progress.
    executor
        Who solves parts.
    spreads
        Whether the executor takes blocks of the search for pairs besides whole parts.
    """

    solver: str
    deadline: Deadline
    tell: Progress
    executor: Executor
    spreads: bool = False


@dataclass(slots=True)
class Decomposition:
    """The parts of a network being solved: as transport problems where they can be, as blocks where not.

    Attributes
    ----------
    matchings
        Part number → its transport plan.
    kept
        Part number → the promises that it can keep.
    solved
        The blocks.
    warm
        What an earlier plan knows.
    stopped
        Why some block was not searched to its end: ``time_limit``, ``interrupted``, or empty.
    last
        The parts that were solved as one block in the last attempt, if the budget bound them, and whether
        their routes were open.
    """

    case: Case
    network: Network
    means: Means
    warm: Warm | None = None
    floor: float | None = None
    extra: float = 0.0
    cells: FairnessCells | None = None
    matchings: dict[int, ProvenFlow] = field(default_factory=dict)
    kept: dict[int, OpenPromises] = field(default_factory=dict)
    solved: list[Solved] = field(default_factory=list)
    stopped: str = ""
    last: tuple[set[int], bool] | None = None

    @property
    def budget(self) -> float:
        """What may be spent besides the pinned lines, in currency; infinite without limit."""
        limit = (self.case.settings.policy.budget or np.inf) + self.extra
        return max(limit - self.network.pinned.spent / (MONEY_SCALE * self.network.scale.unit), 0.0)

    def solve(self) -> Flows:
        """Solve all parts; take in shared rules only where the plan would break them."""
        parts = self.network.parts
        if self.case.settings.policy.fairness != "none":
            self.cells = FairnessCells.of(self.case, self.network)
        joint = set(range(len(parts))) if self.cells is not None and len(self.cells.asked) else set()
        budget = is_open = False
        while True:
            flows = self._attempt(joint, budget=budget, is_open=is_open)
            self.last = (joint, is_open) if budget else None
            too_dear, too_full = self._broken(flows)
            if too_dear and not budget:
                joint, budget = set(range(len(parts))), True
            elif too_full and not is_open:
                goods = {k for k, part in enumerate(parts) if part.goods}
                joint, is_open = joint | goods, True
            else:
                return flows

    def _broken(self, flows: Flows) -> tuple[bool, bool]:
        """Return whether flows spend more than the budget, and whether they load more than some capacity."""
        limit = self.budget * MONEY_SCALE * self.network.scale.unit
        full = self.network.capacities.exceeded(flows.loads(len(self.network.capacities)))
        return flows.spent > limit * (1 + FLOAT), bool(full.any())

    def _attempt(self, joint: set[int], *, budget: bool, is_open: bool) -> Flows:
        """Solve the parts `joint` as one block and all others by themselves."""
        found, earlier, self.solved = [Flows.none()], self.solved, []
        groups = [sorted(joint)] if joint else []
        parts = self.network.parts
        single = {k for k, part in enumerate(parts) if part.whole or part.promised} - joint
        groups += [[k] for k in sorted(single)]
        plain = [k for k in range(len(parts)) if k not in single | joint]
        if self.network.promised.cost:
            self.kept |= {
                k: keepable(self.network, parts[k]) for group in groups for k in group if k not in self.kept
            }
        limited = self.means.deadline.left() is not None
        # Their flows are starts and proofs of those that have to stay whole, too, where these are not few.
        besides = [
            k
            for k in single
            if parts[k].promised or ((limited or parts[k].pairs > FEW_PAIRS_WHOLE) and parts[k].divisible)
        ]
        self._match([k for k in sorted([*plain, *besides]) if k not in self.matchings])
        for k in plain:
            best = self.matchings[k]
            found.append(transported(self.network, parts[k], best.tail, best.head, best.flow))
        joints = [
            join(
                self.case,
                self.network,
                group,
                is_open=is_open and set(group) == joint,
                budget=self.budget if budget and set(group) == joint else np.inf,
                cells=self.cells if set(group) == joint else None,
                floor=self.floor,
                kept=self.kept,
                matchings=self.matchings,
                ceiling=self._ceiling(group, earlier) if set(group) == joint else {},
            )
            for group in groups
        ]
        last = self._last(budget=budget, is_open=is_open)
        self._solve_blocks(joints, self.means.deadline.share(1.0 if last else 0.25))
        for one in self.solved:
            outcome, block = one.outcome, one.joint.block
            columns, amount = one.joint.source.settled(block.promises, outcome.columns, outcome.amount)
            found.append(planned(self.network, one.joint, columns, amount, one.number))
        return Flows.together(found)

    def _match(self, numbers: list[int]) -> None:
        """Solve parts, each by itself, as transport problems; the largest come first.

        With an executor that `spreads`, the search for pairs of large parts is its work as well, block
        by block, while threads wait here for what it finds.
        """
        parts = self.network.parts
        largest = sorted(numbers, key=lambda k: -len(parts[k].rows) * len(parts[k].columns))
        by_cost = self.case.settings.policy.objective == "total-cost"
        spread = [k for k in largest if self.means.spreads and parts[k].oracle.size > LARGE]
        with ThreadPoolExecutor(max(1, len(spread))) as here:
            waiting = {
                k: (here if k in spread else self.means.executor).submit(
                    match,
                    DistributedOracle(parts[k].oracle, self.means.executor)
                    if k in spread
                    else parts[k].oracle,
                    *parts[k].as_flow(),
                    parts[k].unmet_cost if by_cost else parts[k].priority,
                    by_cost=by_cost,
                    solver=self.means.solver,
                    start=None if self.warm is None else self.warm.start(parts[k]),
                    promised=as_flow(self.network, parts[k], self.kept[k]) if parts[k].promised else None,
                )
                for k in largest
            }
            for done, k in enumerate(largest):
                self.means.tell("solve", done, len(largest))
                self.matchings[k] = waiting[k].result()

    def _solve_blocks(self, joints: list[LinkedBlock], deadline: Deadline) -> None:
        """Solve the blocks, and those that were cut short once more if there is time left.

        Each gets a share of the time by its size. The smallest come first: what they leave of
        theirs the largest can use.
        """
        found: dict[int, BlockSolution] = {}
        cut_short = dict(sorted(enumerate(joints, 1), key=lambda one: (one[1].size, one[0])))
        for _ in range(2):
            waiting, cut_short = cut_short, {}
            left = sum(joint.size for joint in waiting.values())
            for number, joint in waiting.items():
                time, done = deadline.share(joint.size / left), len(found)
                outcome = solve_block(
                    joint.block,
                    joint.source,
                    time,
                    lambda stage, done=done: self.means.tell(stage, done, len(joints)),  # type: ignore[misc]
                    found.get(number),
                )
                if number not in found or outcome.beats(found[number]):
                    found[number] = outcome
                if time.stopped and not found[number].proven:
                    cut_short[number] = joint
                left -= joint.size
            if not deadline.left():
                break
        self.stopped = ("interrupted" if deadline.halted else "time_limit") if cut_short else ""
        self.solved = [Solved(number, joint, found[number]) for number, joint in enumerate(joints, 1)]

    def _last(self, *, budget: bool, is_open: bool) -> bool:
        """Return whether an attempt with these rules is the last, whatever it gives."""
        limited = self.case.settings.policy.budget > 0 and not budget
        return not limited and (is_open or not len(self.network.capacities))

    def _ceiling(self, group: list[int], earlier: list[Solved]) -> dict[str, float]:
        """Return what was proven of the same parts in an attempt with fewer shared rules.

        There each pair had its cheapest route at no limit, and the cheapest besides those of promises that it
        keeps, so whatever can be reached under more rules could be reached there.
        """
        for one in earlier:
            if list(one.joint.parts) == group:
                stages = one.outcome.stages
                # Under leximin more than the value of that stage would have to be equal.
                if one.joint.block.fairness == "leximin":
                    stages = stages[:1]
                return {stage.name: stage.bound for stage in stages}
        return {}

    def accounts(self, flows: Flows) -> tuple[Books, dict[str, Any]]:
        """Return the tables of the plan and its summary."""
        case, network = self.case, self.network
        deliveries = to_deliveries(case, network, flows)
        limit = case.settings.policy.budget or np.inf
        spent = (flows.spent + network.pinned.spent) / (MONEY_SCALE * network.scale.unit)
        room = network.capacities.limit - flows.loads(len(network.capacities))
        books = keep_books(case, network, deliveries, room, limit - spent)
        bound, relaxation = bounds(case, network, self.plain_proof(), self.solved, deliveries, books)
        summary = summarize(
            case,
            network,
            books,
            bound,
            relaxation,
            fair=self.fair(),
            spent=self.spent(limit, spent),
            stopped=self.stopped,
        )
        return books, summary

    def work_done(self) -> dict[str, int]:
        """Return how much there was to do, and how much was done."""
        efforts = [found.effort for found in self.matchings.values()]
        return {
            "donation_classes": len(self.network.donations.start) - 1,
            "need_classes": len(self.network.needs.start) - 1,
            "blocks": len(self.solved),
            "arcs": sum(effort.arcs for effort in efforts),
            "solves": sum(effort.rounds for effort in efforts),
            "pivots": sum(effort.pivots for effort in efforts),
            "pairs_priced": sum(effort.priced for effort in efforts),
        }

    def plain_proof(self) -> Proof:
        """Return the proof of all that is not in a block."""
        given, taken = in_blocks(self.network, self.solved)
        proof = Proof.blank(self.case, self.network, ~given, ~taken)
        blocked = {k for one in self.solved for k in one.joint.parts}
        for k, found in self.matchings.items():
            if k in blocked:
                continue
            part = self.network.parts[k]
            proof.write("donation", part.rows, found.supply_level, found.supply_price)
            proof.write("need", part.columns, found.demand_level, found.demand_price)
        return proof

    def fair(self) -> FairnessReached | None:
        """Return what the plan reaches of the fairness sought."""
        rule, cells = self.case.settings.policy.fairness, self.cells
        if rule == "none" or cells is None:
            return None
        # Where no part is left to plan, pinned lines alone serve the cells.
        coverage, weight = cells.pinned / cells.asked, np.zeros(len(cells.asked))
        for one in self.solved:
            if one.joint.cells is not None:
                coverage, (first, *_) = one.outcome.reached.coverage, one.outcome.stages
                weight = first.prices.fair * cells.asked if first.name == rule else weight
        if rule == "share":
            short = np.maximum(cells.share - coverage * cells.asked, 0.0)
            return FairnessReached(rule, float(short.sum()), len(coverage), ())
        floor = float(coverage.min(initial=1.0))
        return FairnessReached(rule, floor, len(coverage), cells.holding(coverage, weight))

    def spent(self, limit: float, used: float) -> BudgetUse | None:
        """Return what was spent of a budget, and what one currency unit more serves or saves: planned anew.

        That is not told where one of the two plans is not proven best.
        """
        if np.isinf(limit):
            return None
        names = ["cost"]
        if self.case.settings.policy.objective == "coverage-first":
            names = [str(t) for t in np.unique(self.case.needs["priority"]).tolist()]
        if self.last is None:
            return BudgetUse(limit, used, dict.fromkeys(names, 0.0))
        joint, is_open = self.last
        richer = replace(self, extra=1.0, solved=[])
        if self._proven():
            richer._attempt(joint, budget=True, is_open=is_open)
        if not (richer.solved and richer._proven()):
            return BudgetUse(limit, used, {})
        now, then = self._values(), richer._values()
        more = {name: max(then.get(name, 0.0) - now.get(name, 0.0), 0.0) for name in names}
        return BudgetUse(limit, used, {name: gain if gain > EQUAL else 0.0 for name, gain in more.items()})

    def _proven(self) -> bool:
        """Return whether the blocks reach what is proven of them."""
        stages = [stage for one in self.solved for stage in one.outcome.stages]
        return not self.stopped and all(reaches(stage.value, stage.bound) for stage in stages)

    def _values(self) -> dict[str, float]:
        """Return what the blocks reach in each tier, or of the cost."""
        values: dict[str, float] = {}
        for one in self.solved:
            for stage in one.outcome.stages:
                name = stage.name.removeprefix("tier ")
                values[name] = values.get(name, 0.0) + stage.value
        return values


def match(
    oracle: PricingOracle,
    supply: Ints,
    demand: Ints,
    weight: Ints,
    *,
    by_cost: bool,
    solver: str,
    start: WarmStart | None = None,
    promised: PromisedArcs | None = None,
) -> ProvenFlow:
    """Solve one part by itself, wherever that is: all it needs is here.

    `weight` is what a unit unmet costs if `by_cost`, else the tier of each demand.
    """
    solve = total_cost if by_cost else coverage_first
    asked = np.flatnonzero(demand > 0)
    if len(asked) == len(demand):
        return solve(oracle, supply, demand, weight, BACKENDS[solver], start, promised)
    if not len(asked):
        level, price, none = np.full(len(supply), 0 if by_cost else PLENTY), np.zeros_like(supply), asked
        found = ProvenFlow(level, none, price, none, Effort(0, 0, 0, 0), *[none] * 6)
    else:
        known = None if start is None else start.of(asked)
        if promised is not None:
            promised = replace(promised, head=np.searchsorted(asked, promised.head))
        found = solve(
            oracle.of(asked), supply, demand[asked], weight[asked], BACKENDS[solver], known, promised
        )
    return found.among(asked, len(demand), by_cost=by_cost)
