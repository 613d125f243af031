"""A block, stage after stage: the relaxation with its prices, then whole granules.

Few ways: all of them enter, and every stage is solved to the end before the next. More ways:
they enter by their prices (column generation), and for whole granules those enter besides that
the prices cannot rule out. Many donations and needs: the relaxation is solved for all stages
first; its plan is then made whole near where it is not, and the relaxation bounds what that costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import PLENTY, Bools, Floats
from matchopt.solve.assemble import Goals, assemble
from matchopt.solve.block import COVERAGE, Block, Columns, Reached, Source, Unshared
from matchopt.solve.certificate import Prices, bound, cut_prices, worth
from matchopt.solve.packing import Packing
from matchopt.solve.search import Deadline, Outcome, Search, Stage, Step, Tell, kept, reaches

ALL_WAYS = 20_000
"""Up to this many ways all of them enter."""

MIDDLE = 5_000
"""Up to this many donations and needs together every stage is searched for whole granules."""

NEAR_WAYS = 12_000
"""Up to this many ways that prices cannot rule out take part in that search."""

FIRST = 2
"""Pairs per need and per donation whose cheapest route enters at first."""

CANDIDATES = 6
"""Ways per need and per donation that enter at a time."""

ALL_LOOSE = 30_000
"""Up to this many ways all of them take part in the search for whole granules."""

MOST_WAYS = 100_000
"""Ways that stay when others enter."""

HOLDS = 1e-9
"""Price above which a cell keeps the smallest coverage from rising."""

Proofs = list[tuple[str, Prices, float]]
"""Stage, its prices, and what a search proved (infinite: nothing)."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A relaxation solved.

    Attributes
    ----------
    columns, amount
        Ways that entered, and granules over each.
    value
        Of the stage.
    prices
        Its proof.
    holds : (k,) float
        Prices of the cells whose smallest coverage is raised.
    """

    columns: Columns
    amount: Floats
    value: float
    prices: Prices
    holds: Floats


def solve_block(block: Block, source: Source, deadline: Deadline, tell: Tell) -> Outcome:
    """Return the best plan of `block` and its proof.

    Parameters
    ----------
    source
        All ways of the block.
    deadline
        When the search for whole granules stops.
    """
    columns = source.every(ALL_WAYS)
    if columns is not None:
        return _few(block, source, columns, deadline, tell)
    if len(block.supply) + len(block.demand) <= MIDDLE:
        return _some(block, source, deadline, tell)
    return _many(block, source, deadline, tell)


def _few(block: Block, source: Source, columns: Columns, deadline: Deadline, tell: Tell) -> Outcome:
    search = Search(block, columns, deadline, complete=True)
    # Giving nothing breaks no rule but a floor that is asked for.
    amount = np.zeros(len(columns)) if block.fixed_floor is None else None
    goals = Goals()
    proofs: Proofs = []
    for stage in block.stages:
        tell(stage)
        found = _relax(block, columns, stage, goals)
        if stage == "leximin" and not block.sorts:
            _, target = _raised(block, found, goals)
            step = search.toward(target, amount)
            # From here on other plans with coverages as good are left out.
            search = Search(block, columns, deadline, complete=False)
            goals = replace(goals, coverage=block.reached(columns, step.amount).coverage)
        else:
            step = search.step(stage, goals, amount, found.amount, found.value)
            goals = kept(block, stage, goals, block.reached(columns, step.amount))
        amount = step.amount
        proofs.append((stage, found.prices, step.bound))
    return _outcome(block, source, columns, step.amount, proofs, deadline)


def _some(block: Block, source: Source, deadline: Deadline, tell: Tell) -> Outcome:
    columns, amount = _start(block, source, source.cheapest(CANDIDATES), deadline)
    goals = Goals()
    proofs: Proofs = []
    capped = True
    for stage in block.stages:
        tell(stage)
        found = _relax(block, columns, stage, goals, source)
        prices = found.prices
        if stage == "leximin":
            found, target = _raised(block, found, goals, source)
        columns, amount = found.columns, _carried(columns, amount, found.columns)
        if stage == "leximin" and block.sorts:
            step = Search(block, columns, deadline, complete=False).step(stage, goals, amount, None, np.inf)
            goals = kept(block, stage, goals, block.reached(columns, step.amount))
        elif stage == "leximin":
            step = Search(block, columns, deadline, complete=False).toward(target, amount)
            goals = replace(goals, coverage=block.reached(columns, step.amount).coverage)
        else:
            ceiling = block.ceiling.get(stage, np.inf) if capped else np.inf
            columns, step = _searched(block, source, found, stage, goals, amount, ceiling, deadline)
            reached = block.reached(columns, step.amount)
            capped = capped and reaches(reached.value[stage], ceiling)
            goals = kept(block, stage, goals, reached)
        amount = step.amount
        proofs.append((stage, prices, step.bound))
    return _outcome(block, source, columns, step.amount, proofs, deadline)


def _start(block: Block, source: Source, columns: Columns, deadline: Deadline) -> tuple[Columns, Floats]:
    """Return ways to begin with and a whole plan over them: an empty one, or one with the floor asked for."""
    nothing = np.zeros(len(columns))
    if block.fixed_floor is None:
        return columns, nothing
    free = replace(block, fixed_floor=None)
    found = _relax(free, columns, "floor", Goals(), source)
    nothing = np.zeros(len(found.columns))
    columns, step = _searched(free, source, found, "floor", Goals(), nothing, block.fixed_floor, deadline)
    return columns, step.amount


def _searched(
    block: Block, source: Source, found: Relaxed, stage: str, goals: Goals, start: Floats,
    ceiling: float, deadline: Deadline,
) -> tuple[Columns, Step]:  # fmt: skip
    """Search the ways that entered, then all that could take part in anything better.

    One granule over a way that loses more than the relaxation is above the plan at hand makes
    every plan worse than that one.
    """
    search = Search(block, found.columns, deadline, complete=False)
    step = search.step(stage, goals, start, found.amount, found.value)
    value = block.reached(found.columns, step.amount).value[stage]
    goal = min(found.value, ceiling)
    if reaches(value, goal) or deadline.passed:
        return found.columns, step
    more = source.near(worth(block, stage, found.prices), found.value - value, NEAR_WAYS)
    if more is None:
        return found.columns, step
    columns = found.columns.joined(more)
    search = Search(block, columns, deadline, complete=block.sorts)
    return columns, search.step(stage, goals, _carried(found.columns, step.amount, columns), None, goal)


def _carried(columns: Columns, amount: Floats, others: Columns) -> Floats:
    """Return `amount` over the same ways among `others`, which hold all that carry something."""
    carried = np.zeros(len(others))
    used = np.flatnonzero(amount > 0)
    order = np.argsort(others.key, kind="stable")
    carried[order[np.searchsorted(others.key[order], columns.key[used])]] = amount[used]
    return carried


def _many(block: Block, source: Source, deadline: Deadline, tell: Tell) -> Outcome:
    columns, begun = _start(block, source, source.cheapest(FIRST), deadline)
    first, goals = columns, Goals()
    proofs: Proofs = []
    stages = block.stages
    if block.unshared is not None:
        tell(COVERAGE)
        columns = columns.joined(_packed(block, source, block.unshared))
        columns, proofs = _covered(block, source, columns)
        for stage, _, value in proofs:
            goals = replace(goals, value={**goals.value, stage: value})
        stages = stages[len(proofs) :]
    for stage in stages:
        tell(stage)
        found = _relax(block, columns, stage, goals, source)
        proofs.append((stage, found.prices, np.inf))
        if stage == "leximin":
            found, target = _raised(block, found, goals, source)
            goals = replace(goals, coverage=target)
        else:
            goals = kept(block, stage, goals, block.reached(found.columns, found.amount))
        columns = found.columns
    tell("whole quantities")
    columns, relaxed = columns.joined(first), found.amount
    relaxed = np.concatenate([relaxed, np.zeros(len(columns) - len(relaxed))])
    start = None if block.fixed_floor is None else _carried(first, begun, columns)
    amount = _made_whole(block, columns, relaxed, start, deadline)
    return _outcome(block, source, columns, amount, proofs, deadline)


def _packed(block: Block, source: Source, unshared: Unshared) -> Columns:
    """Return ways that carry the plan without shared rules as far as there is room, tier after tier."""
    packing, found = Packing(block), []
    for tier in np.unique(block.tier).tolist():
        own = np.flatnonzero(block.tier[unshared.head] == tier)
        tail, head = unshared.tail[own], unshared.head[own]
        ways = source.around(tail, head)
        found.append(ways.take(packing.pack(ways, tail, head, unshared.amount[own])))
    columns = found[0]
    for more in found[1:]:
        columns = columns.joined(more)
    return columns


def _covered(block: Block, source: Source, columns: Columns) -> tuple[Columns, Proofs]:
    """Return ways that reach the coverage there is without the shared rules, and the cuts that prove it.

    Most often that much is within reach. Then one program finds all tiers at once: with weights that
    fall from tier to tier, only a plan that reaches every cut reaches their weighted sum. Where it
    is not, the proof is empty, and tiers have to be sought one after the other.
    """
    cuts: Proofs = []
    values: dict[str, float] = {}
    for stage in block.stages[:-1]:
        prices, before = cut_prices(block, stage), Reached(values, np.zeros(0))
        values[stage] = bound(block, stage, prices, before, np.zeros(len(block.demand)))
        cuts.append((stage, prices, values[stage]))
    enough = sum((PLENTY - t) * values[f"tier {t}"] for t in np.unique(block.tier).tolist())
    found = _relax(block, columns, COVERAGE, Goals(), source, enough=enough)
    return found.columns, cuts if reaches(found.value, enough) else []


def _raised(
    block: Block, found: Relaxed, goals: Goals, source: Source | None = None
) -> tuple[Relaxed, Floats]:
    """Return the relaxation's leximin plan and (k,) its coverages.

    The smallest coverage is raised as far as it goes; cells that hold it there (those whose price
    is above 0) stay, the others are raised on.
    """
    coverage = np.zeros(len(block.cell_asked))
    rising = np.ones(len(coverage), dtype=bool)
    while True:
        stuck = np.flatnonzero(rising)[found.holds > HOLDS]
        coverage[rising] = found.value
        rising[stuck] = False
        if not rising.any() or not len(stuck) or found.value >= 1.0:
            return found, coverage
        goals = replace(goals, coverage=coverage.copy())
        found = _relax(block, found.columns, "leximin", goals, source, rising=rising)


def _relax(
    block: Block, columns: Columns, stage: str, goals: Goals, source: Source | None = None, *,
    rising: Bools | None = None, enough: float = np.inf,
) -> Relaxed:  # fmt: skip
    """Solve the relaxation of `stage` over `columns`, or, with a source, over all ways.

    Nothing more enters once it has reached `enough`.
    """
    while True:
        program = assemble(block, columns, stage, goals, whole=False, rising=rising)
        answer = program.program.maximise()
        prices, amount = program.prices(answer), answer.value[program.ways]
        holds = np.abs(answer.price[program.rising])
        found = Relaxed(columns, amount, answer.objective, prices, holds)
        if source is None or reaches(found.value, enough):
            return found
        value = worth(block, stage, prices)
        entered = source.promising(value, CANDIDATES)
        if len(columns.joined(entered)) == len(columns):
            return found
        columns = _near(columns, amount, columns.gain(value) - 1e-6 * columns.spend).joined(entered)


def _near(columns: Columns, amount: Floats, gain: Floats) -> Columns:
    """Return the ways that carry something, and of the others those nearest to it."""
    if len(columns) <= MOST_WAYS:
        return columns
    nearness = np.where(amount > 0, np.inf, gain)
    return columns.take(np.sort(np.argsort(-nearness, kind="stable")[:MOST_WAYS]))


def _made_whole(
    block: Block, columns: Columns, relaxed: Floats, start: Floats | None, deadline: Deadline
) -> Floats:
    """Return a whole plan near the relaxation's: what is whole there stays, around the rest is searched."""
    base = np.floor(relaxed + 1e-6)
    broken = np.abs(relaxed - np.rint(relaxed)) > 1e-6
    donation, need = np.zeros(len(block.supply), dtype=bool), np.zeros(len(block.demand), dtype=bool)
    donation[columns.tail[broken]] = True
    need[columns.head[broken]] = True
    loose = donation[columns.tail] | need[columns.head] | (len(columns) <= ALL_LOOSE)
    loose |= block.single[columns.head] | block.complete[columns.head]
    loose |= block.most_communities[columns.tail] > 0
    least = np.where(loose, 0.0, base)
    most = np.where(loose, np.inf, base)
    search = Search(block, columns, deadline, least=least, most=most, complete=False)
    amount, goals = np.where(loose, 0.0, base), Goals()
    if start is not None:
        search, amount = Search(block, columns, deadline, complete=False), start
    for stage in block.stages:
        if stage == "leximin":
            target = block.reached(columns, relaxed).coverage
            amount = search.toward(target, amount).amount
            goals = replace(goals, coverage=block.reached(columns, amount).coverage)
            continue
        amount = search.step(stage, goals, amount, relaxed, np.inf).amount
        goals = kept(block, stage, goals, block.reached(columns, amount))
    return amount


def _outcome(
    block: Block, source: Source, columns: Columns, amount: Floats,
    proofs: Proofs, deadline: Deadline,
) -> Outcome:  # fmt: skip
    reached = block.reached(columns, amount)
    stages = []
    capped = True
    for stage, prices, searched in proofs:
        excess = source.excess(worth(block, stage, prices))
        relaxation = bound(block, stage, prices, reached, excess)
        value = reached.value[stage]
        ceiling = block.ceiling.get(stage, np.inf) if capped else np.inf
        best = max(min(relaxation, searched, ceiling), value)
        capped = capped and reaches(value, ceiling)
        stages.append(Stage(stage, value, relaxation, value if reaches(value, best) else best, prices))
    used = np.flatnonzero(amount > 0)
    return Outcome(columns.take(used), amount[used], reached, tuple(stages), deadline.passed, 0)
