"""A block, stage after stage: the relaxation with its prices, then whole granules.

Few ways: all of them enter, and every stage is solved to the end before the next. More ways:
they enter by their prices (column generation), and for whole granules those enter besides that
the prices cannot rule out. Many donations and needs: the relaxation is solved for all stages
first; its plan is then made whole near where it is not, and the relaxation bounds what that costs.
Where only promises bind, the network's prices and plan are there already: what is left is to find the
promises best changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from matchopt.arrays import PLENTY, Bools, Floats, Ints
from matchopt.solve.assemble import Goals
from matchopt.solve.block import (
    COVERAGE,
    Block,
    Columns,
    ColumnSource,
    PricedObjective,
    Reached,
    SlopeScaledPlan,
    UncoupledPlan,
)
from matchopt.solve.certificate import Prices, bound, cut_prices, network_prices, priced_objective
from matchopt.solve.relaxation import Relaxation, SmoothedPricing, raised, relax
from matchopt.solve.rounding import Packing
from matchopt.solve.search import (
    BlockSolution,
    Deadline,
    IntegerSearch,
    SearchResult,
    StageProof,
    Tell,
    goals_after,
    is_whole,
    reaches,
)

ALL_WAYS = 20_000
"""Up to this many ways all of them enter."""

MIDDLE = 5_000
"""Up to this many donations and needs together every stage is searched for whole granules."""

OTHERS = 6
"""Pairs per need and per donation whose best way takes part in a search, so that whole things can move."""

NEAR_WAYS = 12_000
"""Up to this many ways that prices cannot rule out take part in that search."""

FIRST = 3
"""Pairs per need and per donation whose cheapest route enters at first."""

FEW_PAIRS = 100_000
"""Up to this many donations × needs it is looked at all where only promises bind."""

ALL_LOOSE = 30_000
"""Up to this many ways all of them take part in the search for whole granules."""

ROUGH = 5e-4
"""Relative: how near to the best around it a plan made whole comes."""

NODES = 100
"""Nodes after which a plan made whole is taken as it is: most of the gap is closed at the root."""

BROKEN = 1e-6
"""Granules that make an amount no whole one."""

Proofs = list[tuple[str, Prices, float]]
"""Stage, its prices, and what a search proved (infinite: nothing)."""


def solve_block(block: Block, source: ColumnSource, deadline: Deadline, tell: Tell) -> BlockSolution:
    """Return the best plan of `block` and its proof.

    Parameters
    ----------
    source
        All ways of the block.
    deadline
        When the search for whole granules stops.
    """
    if block.slope_scaled is not None:
        return _mended(block, source, block.slope_scaled, deadline, tell)
    columns = source.every(ALL_WAYS)
    if columns is not None:
        return _few(block, source, columns, deadline, tell)
    if block.uncoupled is None and len(block.supply) + len(block.demand) <= MIDDLE:
        return _some(block, source, deadline, tell)
    return _many(block, source, deadline, tell)


def _few(
    block: Block, source: ColumnSource, columns: Columns, deadline: Deadline, tell: Tell
) -> BlockSolution:
    complete = True
    # Giving nothing breaks no rule but a floor that is asked for.
    amount = np.zeros(len(columns)) if block.fixed_floor is None else None
    goals = Goals()
    proofs: Proofs = []
    for stage, time in _timed(block, deadline):
        tell(stage)
        search = IntegerSearch(block, columns, time, complete=complete)
        found = relax(block, columns, stage, goals)
        if stage == "leximin" and not block.sorts:
            _, target = raised(block, found, goals)
            step = search.toward(target, amount)
            # From here on other plans with coverages as good are left out.
            complete = False
            goals = replace(goals, coverage=block.reached(columns, step.amount).coverage)
        else:
            step = search.step(stage, goals, amount, found.amount, found.value)
            goals = goals_after(block, stage, goals, block.reached(columns, step.amount))
        amount = step.amount
        proofs.append((stage, found.prices, step.bound))
    return _outcome(block, source, columns, step.amount, proofs)


def _some(block: Block, source: ColumnSource, deadline: Deadline, tell: Tell) -> BlockSolution:
    columns, amount = _start(block, source, source.cheapest(FIRST), deadline)
    goals = Goals()
    proofs: Proofs = []
    capped = True
    for stage, time in _timed(block, deadline):
        tell(stage)
        held = columns.key[amount > 0]
        found = relax(block, columns, stage, goals, source, held=held)
        prices = found.prices
        if stage == "leximin":
            found, target = raised(block, found, goals, source, held)
        columns, amount = found.columns, _carried(columns, amount, found.columns)
        if stage == "leximin" and block.sorts:
            step = IntegerSearch(block, columns, time, complete=False).step(
                stage, goals, amount, None, np.inf
            )
            goals = goals_after(block, stage, goals, block.reached(columns, step.amount))
        elif stage == "leximin":
            step = IntegerSearch(block, columns, time, complete=False).toward(target, amount)
            goals = replace(goals, coverage=block.reached(columns, step.amount).coverage)
        else:
            ceiling = block.ceiling.get(stage, np.inf) if capped else np.inf
            columns, step = _searched(block, source, found, stage, goals, amount, ceiling, time)
            reached = block.reached(columns, step.amount)
            capped = capped and reaches(reached.value[stage], ceiling)
            goals = goals_after(block, stage, goals, reached)
        amount = step.amount
        proofs.append((stage, prices, step.bound))
    return _outcome(block, source, columns, step.amount, proofs)


def _timed(block: Block, deadline: Deadline) -> Iterator[tuple[str, Deadline]]:
    """Yield the stages, each with half of the time that those before left over; the last with all of it."""
    *before, last = block.stages
    for stage in before:
        yield stage, deadline.share(0.5)
    yield last, deadline


def _start(
    block: Block, source: ColumnSource, columns: Columns, deadline: Deadline
) -> tuple[Columns, Floats]:
    """Return ways to begin with and a whole plan over them: an empty one, or one with the floor asked for.

    Ways that are promised are among them: prices have to know what keeping a promise would take.
    """
    columns = columns.joined(block.promises.ways)
    nothing = np.zeros(len(columns))
    if block.fixed_floor is None:
        return columns, nothing
    free = replace(block, fixed_floor=None)
    found = relax(free, columns, "floor", Goals(), source)
    nothing = np.zeros(len(found.columns))
    columns, step = _searched(free, source, found, "floor", Goals(), nothing, block.fixed_floor, deadline)
    return columns, step.amount


def _searched(
    block: Block,
    source: ColumnSource,
    found: Relaxation,
    stage: str,
    goals: Goals,
    start: Floats,
    ceiling: float,
    deadline: Deadline,
) -> tuple[Columns, SearchResult]:
    """Search the ways that entered, then all that could take part in anything better.

    One granule over a way that loses more than the relaxation is above the plan at hand makes
    every plan worse than that one.
    """
    price, goal = priced_objective(block, stage, found.prices), min(found.value, ceiling)
    columns, amount = found.columns, found.amount
    if not is_whole(block, columns, amount):
        columns = columns.joined(source.promising(price, OTHERS, -np.inf))
        start, amount = _carried(found.columns, start, columns), _carried(found.columns, amount, columns)
    step = IntegerSearch(block, columns, deadline, complete=False).step(
        stage, goals, start, amount, found.value
    )
    value = block.reached(columns, step.amount).value[stage]
    if reaches(value, goal) or deadline.passed:
        return columns, step
    more = source.near(price, found.value - value, NEAR_WAYS)
    if more is None:
        return columns, step
    all_near = columns.joined(more)
    start = _carried(columns, step.amount, all_near)
    search = IntegerSearch(block, all_near, deadline, complete=block.sorts)
    return all_near, search.step(stage, goals, start, None, goal)


def _carried(columns: Columns, amount: Floats, others: Columns) -> Floats:
    """Return `amount` over the same ways among `others`, which hold all that carry something."""
    carried = np.zeros(len(others))
    used = np.flatnonzero(amount > 0)
    order = np.argsort(others.key, kind="stable")
    carried[order[np.searchsorted(others.key[order], columns.key[used])]] = amount[used]
    return carried


def _many(block: Block, source: ColumnSource, deadline: Deadline, tell: Tell) -> BlockSolution:
    columns, begun = _start(block, source, source.cheapest(FIRST), deadline)
    first, goals = columns, Goals()
    proofs: Proofs = []
    guide = None
    if block.uncoupled is not None:
        columns = columns.joined(_packed(block, source, block.uncoupled))
        tell(COVERAGE)
        columns, proofs, as_before = _covered(block, source, columns)
        for stage, _, value in proofs:
            goals = replace(goals, value={**goals.value, stage: value})
        if as_before:
            guide = SmoothedPricing(block, source)
    for stage in block.stages[len(proofs) :]:
        tell(stage)
        found = relax(block, columns, stage, goals, source, guide=guide)
        proofs.append((stage, found.prices, np.inf))
        if stage == "leximin":
            found, target = raised(block, found, goals, source)
            goals = replace(goals, coverage=target)
        else:
            goals = goals_after(block, stage, goals, block.reached(found.columns, found.amount))
        columns = found.columns
    tell("whole quantities")
    broken = np.abs(found.amount - np.rint(found.amount)) > BROKEN
    # All ways of a pair that has to be made whole, so that it can give way to others.
    around = source.around(columns.tail[broken], columns.head[broken])
    columns = columns.joined(first).joined(around)
    relaxed = _carried(found.columns, found.amount, columns)
    if block.fairness == "none" and not block.by_cost:
        amount = _nearest(block, columns, relaxed, proofs, None if guide is None else goals, deadline)
    else:
        start = None if block.fixed_floor is None else _carried(first, begun, columns)
        amount = _made_whole(block, columns, relaxed, start, deadline)
    return _outcome(block, source, columns, amount, proofs)


def _packed(block: Block, source: ColumnSource, uncoupled: UncoupledPlan) -> Columns:
    """Return ways that carry the plan without shared rules as far as there is room, tier after tier."""
    packing, found = Packing(block), []
    for tier in np.unique(block.tier).tolist():
        own = np.flatnonzero(block.tier[uncoupled.head] == tier)
        tail, head = uncoupled.tail[own], uncoupled.head[own]
        ways = source.around(tail, head)
        found.append(ways.take(packing.pack(ways, tail, head, uncoupled.amount[own])))
    columns = found[0]
    for more in found[1:]:
        columns = columns.joined(more)
    return columns


def _covered(block: Block, source: ColumnSource, columns: Columns) -> tuple[Columns, Proofs, bool]:
    """Return ways that reach the coverage there is without the shared rules, its proofs, and whether they do.

    Most often that much is within reach. Then one program finds all tiers at once: with weights that
    fall from tier to tier, only a plan that reaches every cut reaches their weighted sum. Where it
    is not, the proof is empty, and tiers have to be sought one after the other.
    """
    if block.by_cost:
        return columns, [], True
    assert block.uncoupled is not None, "only a block with levels has cuts"
    cuts, values = _cuts(block, block.uncoupled.donation_level, block.uncoupled.need_level)
    enough = sum((PLENTY - t) * values[f"tier {t}"] for t in np.unique(block.tier).tolist())
    found = relax(block, columns, COVERAGE, Goals(), source, enough=enough)
    reached = reaches(found.value, enough)
    return found.columns, cuts if reached else [], reached


def _cuts(block: Block, donation_level: Ints, need_level: Ints) -> tuple[Proofs, dict[str, float]]:
    """Return the proofs of the tiers that follow from levels (m,), (n,), and what each is served at most."""
    cuts: Proofs = []
    values: dict[str, float] = {}
    for stage in block.stages[:-1]:
        prices = cut_prices(block, stage, donation_level, need_level)
        before = Reached(values, np.zeros(0))
        values[stage] = bound(block, stage, prices, before, np.zeros(len(block.demand)))
        cuts.append((stage, prices, values[stage]))
    return cuts, values


def _mended(
    block: Block, source: ColumnSource, plan: SlopeScaledPlan, deadline: Deadline, tell: Tell
) -> BlockSolution:
    cuts, values = _cuts(block, plan.donation_level, plan.need_level)
    goals = Goals(value=values)
    prices = network_prices(block, plan)
    paired = source.around(plan.tail, plan.head)
    columns = paired.joined(block.promises.ways)
    amount = np.zeros(len(columns))
    amount[: len(paired)] = plan.amount
    amount[block.promises.among(columns)] += plan.kept
    tell("whole quantities")
    searched = np.inf
    few = len(block.supply) * len(block.demand) <= FEW_PAIRS
    every = source.every(ALL_WAYS) if few else None
    if every is not None:
        excess = _excess(block, source, priced_objective(block, "cost", prices))
        goal = bound(block, "cost", prices, block.reached(columns, amount), excess)
        search = IntegerSearch(block, every, deadline, complete=True)
        step = search.step("cost", goals, _carried(columns, amount, every), None, goal)
        columns, amount, searched = every, step.amount, step.bound
    else:
        columns, amount = _polished(block, source, plan, columns, amount, goals, deadline)
    return _outcome(block, source, columns, amount, [*cuts, ("cost", prices, searched)])


def _excess(block: Block, source: ColumnSource, value: PricedObjective) -> Floats:
    """Return (n,) what the best way to each need gains per unit.

    At prices of the network no pair gains: that has been looked at. Only promised ways are left.
    """
    if block.slope_scaled is None:
        return source.excess(value)
    ways, excess = block.promises.ways, np.zeros(len(block.demand))
    np.maximum.at(excess, ways.head, ways.gain(value) / ways.served)
    return excess


def _polished(
    block: Block,
    source: ColumnSource,
    plan: SlopeScaledPlan,
    columns: Columns,
    amount: Floats,
    goals: Goals,
    deadline: Deadline,
) -> tuple[Columns, Floats]:
    """Return a plan at least as good: what changed is searched with all around it, as long as that gains."""
    while True:
        ways, changed = block.promises.ways, block.promises.changed(columns, amount)
        donation, need = np.zeros(len(block.supply), dtype=bool), np.zeros(len(block.demand), dtype=bool)
        donation[ways.tail[changed]] = True
        need[ways.head[changed]] = True
        near = donation[plan.near_tail] | need[plan.near_head]
        wider = columns.joined(source.around(plan.near_tail[near], plan.near_head[near]))
        start = _carried(columns, amount, wider)
        loose = donation[wider.tail] | need[wider.head]
        within = min(ROUGH * abs(block.reached(columns, amount).value["cost"]), block.promises.cost)
        search = _around(block, wider, start, loose, deadline.share(0.5), within)
        better = search.step("cost", goals, start, None, np.inf).amount
        gain = block.reached(wider, better).value["cost"] - block.reached(wider, start).value["cost"]
        if deadline.passed or gain <= within:
            return wider, better
        columns, amount = wider, better


def _nearest(
    block: Block, columns: Columns, relaxed: Floats, proofs: Proofs, goals: Goals | None, deadline: Deadline
) -> Floats:
    """Return a whole plan near the relaxation's own.

    With `goals` it is to have the relaxation's coverage, and what is broken is mended among the
    donations and needs that it touches. Where that cannot be, or was not asked for, coverage that
    goes lost is charged for.
    """
    base, donation, need, flagged = _broken(block, columns, relaxed)
    reached = block.reached(columns, relaxed)
    within = ROUGH * abs(reached.value["cost"])
    if goals is not None:
        coverage = {stage: value for stage, value in goals.value.items() if stage != "cost"}
        search = _around(block, columns, base, donation & need | flagged, deadline.share(0.5), within)
        amount = search.attempt("cost", replace(goals, value=coverage), relaxed, reached.value["cost"])
        if amount is not None:
            return amount
    charged = _charged(block, proofs, reached)
    search = _around(charged, columns, base, donation | need | flagged, deadline, within)
    return search.step("cost", Goals(), None, relaxed, np.inf).amount


def _charged(block: Block, proofs: Proofs, reached: Reached) -> Block:
    """Return `block` with one objective, in which coverage has a price.

    By duality the relaxation's plan is the best for each stage at the prices of that stage, and so
    for any mix of the stages: what a plan loses in the mix it loses on the stages. One more unit in
    a coverage stage counts as much as a unit served costs on average.
    """
    *coverage, (_, cost, _) = proofs
    served = sum(reached.value[stage] for stage, _, _ in coverage)
    unit = -reached.value["cost"] / max(served, 1.0)
    price = {}
    for own, _, _ in coverage:
        weight = 1.0 + sum(prices.reached.get(own, 0.0) for _, prices, _ in coverage)
        price[own] = cost.reached.get(own, 0.0) + unit * weight
    charge = np.array([price[f"tier {tier}"] for tier in block.tier.tolist()])
    return replace(block, by_cost=True, unmet_cost=charge)


def _made_whole(
    block: Block, columns: Columns, relaxed: Floats, start: Floats | None, deadline: Deadline
) -> Floats:
    """Return a whole plan near the relaxation's: what is whole there stays, around the rest is searched."""
    base, donation, need, flagged = _broken(block, columns, relaxed)
    loose = donation | need | flagged | (len(columns) <= ALL_LOOSE)
    amount = np.where(loose, 0.0, base)
    if start is not None:
        loose, amount = np.ones(len(columns), dtype=bool), start
    goals = Goals()
    for stage, time in _timed(block, deadline):
        search = _around(block, columns, base, loose, time)
        if stage == "leximin":
            target = block.reached(columns, relaxed).coverage
            amount = search.toward(target, amount).amount
            goals = replace(goals, coverage=block.reached(columns, amount).coverage)
            continue
        amount = search.step(stage, goals, amount, relaxed, np.inf).amount
        goals = goals_after(block, stage, goals, block.reached(columns, amount))
    return amount


def _broken(block: Block, columns: Columns, relaxed: Floats) -> tuple[Floats, Bools, Bools, Bools]:
    """Return what is whole in the relaxation, and which ways are not to be held to it.

    Those that share a donation, or a need, with what is broken there; and those with flags.
    """
    broken = np.abs(relaxed - np.rint(relaxed)) > BROKEN
    donation, need = np.zeros(len(block.supply), dtype=bool), np.zeros(len(block.demand), dtype=bool)
    # What is promised and given in part costs as if nothing of it were.
    at = block.promises.among(columns)
    carried = np.append(relaxed, 0.0)[at]
    half = (carried > BROKEN) & (np.abs(carried - block.promises.amount) > BROKEN)
    broken[at[half]] = True
    donation[columns.tail[broken]] = True
    need[columns.head[broken]] = True
    flagged = block.single[columns.head] | block.complete[columns.head]
    flagged |= block.most_communities[columns.tail] > 0
    return np.floor(relaxed + BROKEN), donation[columns.tail], need[columns.head], flagged


def _around(
    block: Block, columns: Columns, base: Floats, loose: Bools, deadline: Deadline, within: float = 0.0
) -> IntegerSearch:
    """Return the search over what is `loose`; over all other ways goes what is in `base`."""
    least, most = np.where(loose, 0.0, base), np.where(loose, np.inf, base)
    return IntegerSearch(
        block, columns, deadline, least=least, most=most, complete=False, nodes=NODES, within=within
    )


def _outcome(
    block: Block, source: ColumnSource, columns: Columns, amount: Floats, proofs: Proofs
) -> BlockSolution:
    reached = block.reached(columns, amount)
    stages = []
    capped = True
    for stage, prices, searched in proofs:
        excess = _excess(block, source, priced_objective(block, stage, prices))
        relaxation = bound(block, stage, prices, reached, excess)
        value = reached.value[stage]
        ceiling = block.ceiling.get(stage, np.inf) if capped else np.inf
        best = max(min(relaxation, searched, ceiling), value)
        capped = capped and reaches(value, ceiling)
        stages.append(StageProof(stage, value, relaxation, value if reaches(value, best) else best, prices))
    used = np.flatnonzero(amount > 0)
    return BlockSolution(columns.take(used), amount[used], reached, tuple(stages))
