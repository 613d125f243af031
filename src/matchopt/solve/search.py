"""Integer search: branch and bound for whole granules, stage after stage, within a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from threading import Event
from typing import Self

import numpy as np

from matchopt.arrays import Bools, Floats
from matchopt.errors import SolverError
from matchopt.language import tr
from matchopt.solve.assemble import Goals, StageProgram, assemble, closest
from matchopt.solve.block import Block, Columns, Reached
from matchopt.solve.certificate import Prices, Proofs, bound
from matchopt.solve.linear import ProgramResult
from matchopt.solve.purchases import PooledFunds, buys_whole_steps, settled
from matchopt.solve.rounding import completed, rounded_down
from matchopt.tolerances import EQUAL, ROUNDING

GAP = 1e-5
"""Relative: how near to the best over some of the columns a search over only these goes."""


NODES = 100
"""Nodes after which a plan made whole is taken as it is: most of the gap is closed at the root."""


def reaches(value: float, goal: float) -> bool:
    """Return whether `value` is as good as `goal`."""
    return value >= goal - EQUAL - ROUNDING * abs(goal)


def is_whole(block: Block, columns: Columns, amount: Floats) -> bool:
    """Return whether `amount` keeps granules and what is bought whole, and obeys the flags."""
    size = np.maximum(columns.size, 1)
    off = np.abs(amount - np.rint(amount / size) * size)[columns.size > 0]
    if off.max(initial=0.0) > EQUAL or not buys_whole_steps(block, columns, amount):
        return False
    used = np.flatnonzero(amount > 0.5)
    tail, head = columns.tail[used], columns.head[used]
    served = np.bincount(columns.head, columns.served * np.rint(amount), minlength=len(block.demand))
    partial = block.complete & (served > EQUAL) & (served < block.demand - EQUAL)
    pairs = np.unique(tail * len(block.demand) + head)
    donors = np.bincount(pairs % len(block.demand), minlength=len(block.demand))
    width = int(block.community.max(initial=0)) + 1
    new, left = block.new_communities(tail, head)
    places = np.unique((tail * width + block.community[head])[new])
    spread = np.bincount(places // width, minlength=len(block.supply))
    limit = np.where(block.most_communities > 0, left, np.inf)
    return not (partial.any() or (block.single & (donors > 1)).any() or (spread > limit).any())


def keeps(block: Block, goals: Goals, reached: Reached) -> bool:
    """Return whether a plan that reached that much keeps the goals, and the floor asked for."""
    if any(not reaches(reached.value[stage], value) for stage, value in goals.value.items()):
        return False
    least = [] if block.fixed_floor is None else [(reached.coverage, np.full(1, block.fixed_floor))]
    if goals.coverage is not None:
        least.append((reached.coverage, goals.coverage))
    if goals.least_sums is not None:
        sums = np.cumsum(np.sort(reached.coverage))
        least.append((sums[: len(goals.least_sums)], goals.least_sums))
    return all((has >= asked - EQUAL).all() for has, asked in least)


class Deadline:
    """When a search has to stop.

    Attributes
    ----------
    passed : bool
        Whether a search had to.
    stopped : bool
        Whether it or one with a share of its time had to.
    halt : Event or None
        Once it is set, no time is left.
    """

    def __init__(
        self, seconds: float | None, whole: Deadline | None = None, stop: Event | None = None
    ) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._whole = whole
        self.halt = stop
        self.passed = self.stopped = False

    def left(self) -> float | None:
        """Return the seconds left, None without limit; note when there are none."""
        left = self._left()
        if left == 0:
            self.stop()
        return left

    def stop(self) -> None:
        """Note that a search was cut short."""
        self.passed = True
        deadline: Deadline | None = self
        while deadline is not None:
            deadline.stopped = True
            deadline = deadline._whole

    def share(self, part: float) -> Deadline:
        """Return a deadline after `part` (0 to 1) of the time left; what is not used of it stays."""
        left = self._left()
        return Deadline(None if left is None else left * part, self, self.halt)

    @property
    def halted(self) -> bool:
        """Whether somebody asked to stop."""
        return self.halt is not None and self.halt.is_set()

    def _left(self) -> float | None:
        if self.halted:
            return 0.0
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """How far one stage got.

    Attributes
    ----------
    amount : (w,) float
        Whole granules over each column, keeping all earlier goals.
    bound
        What a search proved that no plan exceeds; infinite where none was needed or none ended.
    """

    amount: Floats
    bound: float


@dataclass(frozen=True, slots=True)
class IntegerSearch:
    """The search for whole granules by branch and bound, stage after stage, over given columns.

    Attributes
    ----------
    block, columns, deadline
        What is searched, and until when.
    complete
        Whether the columns are all there are, so that what the search proves holds for every plan.
    least, most : (w,) float
        Bounds of the granules over each column.
    nodes
        After how many nodes of its tree a search stops; None for no such limit.
    within
        How far from the best, in units of the objective, the search may stop.
    """

    block: Block
    columns: Columns
    deadline: Deadline
    _: KW_ONLY
    complete: bool
    least: Floats | float = 0.0
    most: Floats | float = np.inf
    nodes: int | None = None
    within: float = 0.0

    def step(
        self, stage: str, goals: Goals, start: Floats | None, relaxed: Floats | None, goal: float
    ) -> SearchResult:
        """Return the best whole plan of `stage`.

        Parameters
        ----------
        start : (w,) float
            A whole plan that keeps the goals, if one is known.
        relaxed : (w,) float
            The relaxation's own plan, if there is one; taken if it happens to be whole.
        goal
            What no plan exceeds: whoever reaches it need not search on.
        """
        if stage == "leximin":
            return self._sorted(goals, start)
        for amount in (start, relaxed):
            if amount is not None and is_whole(self.block, self.columns, amount):
                whole = settled(self.block, self.columns, amount)
                if whole is not None and reaches(self._value(stage, whole), goal):
                    return SearchResult(whole, np.inf)
        if start is not None and self.deadline.left() == 0:
            return SearchResult(start, np.inf)
        begun = self._better(stage, goals, start, relaxed)
        if begun is not None and reaches(self._value(stage, begun), goal):
            return SearchResult(begun, np.inf)
        return self._solve(stage, goals, begun)

    def attempt(self, stage: str, goals: Goals, relaxed: Floats, goal: float) -> Floats | None:
        """Return the best whole plan of `stage`, or None if none that keeps the goals is found."""
        try:
            return self.step(stage, goals, None, relaxed, goal).amount
        except SolverError:
            return None

    def toward(self, target: Floats, start: Floats | None) -> SearchResult:
        """Return a whole plan of the largest smallest coverage whose other coverages come close to `target`.

        `target` (k,) is what the relaxation gives each cell; closeness counts from below.
        """
        if start is not None and self.deadline.left() == 0:
            return SearchResult(start, np.inf)
        first = self._solve("leximin", Goals(), start, sums=1)
        floor = float(self.block.reached(self.columns, first.amount).coverage.min(initial=1.0))
        pooled = PooledFunds.of(self.block, self.columns)
        program = closest(
            pooled.block,
            pooled.columns,
            np.maximum(target, floor),
            floor,
            least=pooled.bounds(self.least),
            most=pooled.bounds(self.most),
        )
        return SearchResult(self._run(program, pooled, first.amount).amount, first.bound)

    def _better(
        self, stage: str, goals: Goals, start: Floats | None, relaxed: Floats | None
    ) -> Floats | None:
        """Return the better plan to begin with: `start`, or the relaxation rounded down, each completed."""
        best, most = None, -np.inf
        for plan in (start, None if relaxed is None else rounded_down(self.block, self.columns, relaxed)):
            if plan is None:
                continue
            whole = plan
            if stage != "cost" or self.block.by_cost:
                whole = completed(self.block, self.columns, plan, stage, relaxed, self.most)
            reached = self.block.reached(self.columns, whole)
            if (plan is start or keeps(self.block, goals, reached)) and reached.value[stage] > most:
                best, most = whole, reached.value[stage]
        return best

    def _value(self, stage: str, amount: Floats) -> float:
        return self.block.reached(self.columns, amount).value[stage]

    def _solve(self, stage: str, goals: Goals, start: Floats | None, sums: int = 0) -> SearchResult:
        pooled = PooledFunds.of(self.block, self.columns)
        program = assemble(
            pooled.block,
            pooled.columns,
            stage,
            goals,
            whole=True,
            sums=sums,
            least=pooled.bounds(self.least),
            most=pooled.bounds(self.most),
        )
        step = self._run(program, pooled, start)
        if start is not None and not sums and self._value(stage, step.amount) < self._value(stage, start):
            return SearchResult(start, step.bound)
        return step

    def _run(self, program: StageProgram, pooled: PooledFunds, start: Floats | None) -> SearchResult:
        """Search until the deadline; `start` stands where nothing is found.

        The solver is not told of it: HiGHS takes a start, but has then called worse plans the best.
        """
        seconds = self.deadline.left()
        if self.deadline.passed and start is not None:
            return SearchResult(start, np.inf)
        try:
            answer = program.program.maximise(
                seconds=seconds,
                nodes=self.nodes,
                gap=0.0 if self.complete else GAP,
                within=self.within,
                halt=None if start is None else self.deadline.halt,
            )
        except SolverError:
            if start is None:
                raise
            # Out of time, nodes or memory before any plan: the one at hand stands.
            self._cut_short()
            return SearchResult(start, np.inf)
        if not answer.proven:
            self._cut_short()
        whole = settled(self.block, self.columns, pooled.split(program.amount(answer)))
        if whole is None:
            if start is None:
                raise SolverError(tr("no whole steps can be bought for the money of the best plan"))
            whole = start
        return SearchResult(whole, self._proven(answer))

    def _cut_short(self) -> None:
        """Note that time ran out, unless it was the nodes that did."""
        if self.nodes is None or self.deadline.left() == 0:
            self.deadline.stop()

    def _proven(self, answer: ProgramResult) -> float:
        return answer.bound if self.complete else np.inf

    def _sorted(self, goals: Goals, start: Floats | None) -> SearchResult:
        """Raise the smallest coverage, then the sum of the two smallest, and so on."""
        if start is not None and self.deadline.left() == 0:
            return SearchResult(start, np.inf)
        step = self._solve("leximin", goals, start, sums=1)
        bound = step.bound
        for k in range(2, len(self.block.cell_asked) + 1):
            coverage = self.block.reached(self.columns, step.amount).coverage
            goals = replace(goals, least_sums=np.cumsum(np.sort(coverage))[: k - 1])
            step = self._solve("leximin", goals, step.amount, sums=k)
        return SearchResult(step.amount, bound)


def goals_after(block: Block, stage: str, goals: Goals, reached: Reached) -> Goals:
    """Return `goals` with what `stage` reached."""
    if stage == "floor":
        return replace(goals, coverage=np.full(len(block.cell_asked), reached.value["floor"]))
    if stage == "leximin":
        return replace(goals, least_sums=np.cumsum(np.sort(reached.coverage)))
    return replace(goals, value={**goals.value, stage: reached.value[stage]})


@dataclass(frozen=True, slots=True)
class StageProof:
    """What one stage reached, and what bounds it.

    Attributes
    ----------
    name
        See `Block.stages`.
    value
        What the plan reaches.
    relaxation, bound
        What the prices prove that no plan exceeds; and what is proven at all.
    prices
        The proof of `relaxation`.
    """

    name: str
    value: float
    relaxation: float
    bound: float
    prices: Prices


@dataclass(frozen=True, slots=True)
class BlockSolution:
    """The best plan of a block and its proof, stage by stage.

    Attributes
    ----------
    columns, amount
        Columns that carry something, and whole granules over each.
    """

    columns: Columns
    amount: Floats
    reached: Reached
    stages: tuple[StageProof, ...]

    @classmethod
    def of(
        cls, block: Block, columns: Columns, amount: Floats, proofs: Proofs, excess: Sequence[Floats]
    ) -> Self:
        """Return a plan with its proofs; `excess` (n,) of each is what the best column to a need gains."""
        reached = block.reached(columns, amount)
        stages = []
        capped = True
        for (stage, prices, searched), above in zip(proofs, excess, strict=True):
            relaxation = bound(block, stage, prices, reached, above)
            value = reached.value[stage]
            ceiling = block.ceiling.get(stage, np.inf) if capped else np.inf
            best = max(min(relaxation, searched, ceiling), value)
            capped = capped and reaches(value, ceiling)
            stages.append(
                StageProof(stage, value, relaxation, value if reaches(value, best) else best, prices)
            )
        used = np.flatnonzero(amount > 0)
        return cls(columns.take(used), amount[used], reached, tuple(stages))

    @property
    def proven(self) -> bool:
        """Whether no plan is better in any stage."""
        return all(reaches(stage.value, stage.bound) for stage in self.stages)

    def bounded_by(self, other: BlockSolution) -> BlockSolution:
        """Return this plan with what another search proved, up to the first stage in which they differ.

        What it proved of later stages holds for plans that reach in that one what its plan does.
        """
        stages, alike = [], True
        for mine, theirs in zip(self.stages, other.stages, strict=True):
            bound = max(min(mine.bound, theirs.bound), mine.value) if alike else mine.bound
            stages.append(replace(mine, bound=bound))
            alike = alike and reaches(mine.value, theirs.value) and reaches(theirs.value, mine.value)
        return replace(self, stages=tuple(stages))

    def beats(self, other: BlockSolution) -> bool:
        """Return whether this plan is the better one, or as good and as well proven."""
        for mine, theirs in zip(self.stages, other.stages, strict=True):
            if not (reaches(mine.value, theirs.value) and reaches(theirs.value, mine.value)):
                return mine.value > theirs.value
        return all(mine.bound <= theirs.bound for mine, theirs in zip(self.stages, other.stages, strict=True))


Tell = Callable[[str], None]
"""Told the stage that is worked on."""


def around(
    block: Block, columns: Columns, base: Floats, loose: Bools, deadline: Deadline, within: float = 0.0
) -> IntegerSearch:
    """Return the search over what is `loose`; over all other columns goes what is in `base`."""
    least, most = np.where(loose, 0.0, base), np.where(loose, np.inf, base)
    return IntegerSearch(
        block, columns, deadline, least=least, most=most, complete=False, nodes=NODES, within=within
    )
