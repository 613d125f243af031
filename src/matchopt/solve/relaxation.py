"""Column generation for the linear relaxation of a block's stage: quantities may be split.

A linear program over few columns, the restricted master problem, gives prices; pricing finds columns that
would gain at these, and they enter, until none is left.

In the cost stage of large blocks other columns enter besides. At given prices of the linking constraints it
falls apart into transport problems over priced costs (Lagrangian relaxation). They are solved in little
time, and their potentials fit the prices far better than those of a program over few columns, which knows
no other way out. The prices tried lie between the best so far and those of the program: steps that are
too wide lead astray (P. Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer
programming", 1997).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.errors import SolverError
from matchopt.solve.assemble import Goals, assemble
from matchopt.solve.block import Block, Columns, ColumnSource, PricedObjective, Subproblem
from matchopt.solve.certificate import Prices, priced_objective
from matchopt.solve.oracle import CostMatrix
from matchopt.solve.search import Deadline, reaches
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.tiers import ProvenFlow, coverage_first, total_cost
from matchopt.tolerances import EQUAL, ROUNDING

CANDIDATES = 6
"""Columns per need and per donation that enter at a time."""

MOST_COLUMNS = 40_000
"""Columns that stay when others enter, unless more are in use."""

STEP, FIRST_STEP = 0.5, 0.2
"""How far to go from the best prices towards those of the program; and at first."""

PARTNERS = 2
"""Pairs per need and per donation whose best column is named at a time."""

SPREAD = 1e-3
"""What a full capacity seems to cost beyond an empty one, by the kg, as a share of the mean cost:
of columns that cost the same those with residual capacity are better company."""

ROUNDS = 12
"""How often it is asked which further cells hold the smallest coverage."""

NONE: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A relaxation solved.

    Attributes
    ----------
    columns, amount
        Columns that entered, and granules over each.
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


def relax(
    block: Block,
    columns: Columns,
    stage: str,
    goals: Goals,
    source: ColumnSource | None = None,
    *,
    guide: SmoothedPricing | None = None,
    held: Ints = NONE,
    rising: Bools | None = None,
    enough: float = np.inf,
    deadline: Deadline | None = None,
) -> Relaxation:
    """Solve the relaxation of `stage` over `columns`, or, with a source, over all columns.

    At the deadline it stands where it is: the prices of the last round prove a weaker bound.

    Parameters
    ----------
    source
        Knows the other columns.
    guide
        Names columns besides those that gain.
    held
        Keys of columns that stay whatever enters.
    rising
        See `assemble`.
    enough
        Nothing more enters once the stage has reached that much.
    """
    before = -np.inf
    found = Relaxation(
        columns, np.zeros(len(columns)), np.inf, Prices.none(block, stage), np.zeros(len(block.cell_asked))
    )
    while True:
        seconds = None if deadline is None else deadline.left()
        if seconds == 0:
            return found
        program = assemble(block, columns, stage, goals, whole=False, rising=rising)
        try:
            answer = program.program.maximise(seconds=seconds)
        except SolverError:
            if deadline is None or deadline.left() != 0:
                raise
            return found
        prices, amount = program.prices(answer), program.amount(answer)
        holds = np.abs(answer.price[program.rising])
        found = Relaxation(columns, amount, answer.objective, prices, holds)
        if source is None or reaches(found.value, enough):
            return found
        value = priced_objective(block, stage, prices)
        entered = source.promising(value, CANDIDATES if guide is None else PARTNERS)
        near = EQUAL * max(1.0, abs(found.value))
        if _slack(block, entered, value) <= near or not len(columns.new(entered)):
            return found
        if found.value > before + near:
            if guide is not None:
                entered = entered.joined(guide.columns(prices, columns, amount))
            keys = np.concatenate([held, block.promises.columns.key])
            stays = (amount > 0) | np.isin(columns.key, keys)
            gain = columns.gain(value) - EQUAL * columns.spend
            columns = _near(columns, np.where(stays, np.inf, gain))
        # Else prices change and nothing is won: a column that left now would be called back next.
        columns, before = columns.joined(entered), found.value


def _slack(block: Block, entered: Columns, value: PricedObjective) -> float:
    """Return how far the stage is from its bound at most: what the best column to each need would gain."""
    best = np.zeros(len(block.demand))
    np.maximum.at(best, entered.head, entered.gain(value) / entered.served)
    return float(best @ block.demand)


def _near(columns: Columns, nearness: Floats) -> Columns:
    """Return the columns that are nearest to carrying something."""
    most = max(MOST_COLUMNS, int(np.isinf(nearness).sum()))
    return columns.take(np.sort(np.argsort(-nearness, kind="stable")[:most]))


def raised(
    block: Block,
    found: Relaxation,
    goals: Goals,
    source: ColumnSource | None = None,
    held: Ints = NONE,
    deadline: Deadline | None = None,
) -> tuple[Relaxation, Floats]:
    """Return the relaxation's leximin plan and (k,) its coverages.

    The smallest coverage is raised as far as it goes; cells that hold it there (those whose price
    is above 0) stay, the others are raised on.
    """
    coverage = np.zeros(len(block.cell_asked))
    rising = np.ones(len(coverage), dtype=bool)
    while np.isfinite(found.value):
        stuck = np.flatnonzero(rising)[found.holds > ROUNDING]
        coverage[rising] = found.value
        rising[stuck] = False
        if not rising.any() or not len(stuck) or found.value >= 1.0:
            return found, coverage
        goals = replace(goals, coverage=coverage.copy())
        further = relax(
            block, found.columns, "leximin", goals, source, held=held, rising=rising, deadline=deadline
        )
        if np.isinf(further.value):
            break
        found = further
    return found, coverage


def all_that_hold(
    block: Block,
    stage: str,
    found: Relaxation,
    source: ColumnSource | None,
    held: Ints = NONE,
    deadline: Deadline | None = None,
) -> Prices:
    """Return the prices of a stage; of the smallest coverage such as price every cell that holds it there.

    A proof need not price all of them: where two have no more to hope for, each for a reason of its own, one
    is enough. Those of that coverage without a price are raised by themselves; where they do not rise, that
    is proof of the same bound, and the mean of all proofs is one more.
    """
    if stage not in ("floor", "leximin") or np.isinf(found.value):
        return found.prices
    coverage, floor = block.reached(found.columns, found.amount).coverage, found.value
    goals, prices = Goals(coverage=np.full(len(coverage), floor)), [found.prices]
    rising = coverage <= floor + EQUAL
    while len(prices) <= ROUNDS and floor < 1 - EQUAL:
        rising &= prices[-1].fair * block.cell_asked <= EQUAL
        if not rising.any():
            break
        found = relax(
            block, found.columns, "leximin", goals, source, held=held, rising=rising, deadline=deadline
        )
        if found.value > floor + EQUAL or not (found.prices.fair[rising] > 0).any():
            break
        prices.append(found.prices)
    donation, need, capacity, fair = (
        np.mean([getattr(one, name) for one in prices], axis=0)
        for name in ("donation", "need", "capacity", "fair")
    )
    budget = float(np.mean([one.budget for one in prices]))
    return Prices(donation, need, capacity, budget, {}, fair)


@dataclass(frozen=True, slots=True)
class LagrangianSolution:
    """What the flow core makes of prices of the linking constraints.

    Attributes
    ----------
    value
        The least cost at these prices: no plan of the block costs less.
    objective
        The prices with their potentials.
    tail, head : (a,) int
        Pairs that carry something at that cost.
    """

    value: float
    objective: PricedObjective
    tail: Ints
    head: Ints


class SmoothedPricing:
    """Columns for the cost stage by Lagrangian pricing, where linking constraints leave coverage as it is."""

    def __init__(self, block: Block, source: ColumnSource) -> None:
        self._block, self._source = block, source
        self._capacity: Floats = np.zeros(len(block.capacity))
        self._budget = 0.0
        self._value: float | None = None

    def columns(self, prices: Prices, columns: Columns, amount: Floats) -> Columns:
        """Return columns to enter, after a program over `columns` was solved by `amount` at `prices`."""
        step = FIRST_STEP if self._value is None else STEP
        capacity = self._capacity + step * (prices.capacity - self._capacity)
        budget = self._budget + step * (prices.budget - self._budget)
        found = self.potentials(capacity, budget)
        if self._value is None or found.value > self._value:
            self._capacity, self._budget, self._value = capacity, budget, found.value
        objective = found.objective
        load = np.bincount(
            columns.load_row, columns.load * amount[columns.load_column], minlength=len(capacity)
        )
        mean = float(columns.spend @ amount) / max(float(load.sum()), 1.0)
        full = SPREAD * mean * load / np.maximum(self._block.capacity, 1.0)
        spread = PricedObjective(
            objective.need, objective.donation, capacity + full, objective.spend, objective.unbudgeted
        )
        carrying = self._source.along(spread, found.tail, found.head)
        return carrying.joined(self._source.promising(spread, PARTNERS, least=-np.inf))

    def potentials(self, capacity: Floats, budget: float) -> LagrangianSolution:
        """Solve the transport problems at given prices of the capacities (r,) and of the budget."""
        block = self._block
        objective = PricedObjective(
            np.zeros(len(block.demand)), np.zeros(len(block.supply)), capacity, 1.0 + budget, 1.0
        )
        value, tails, heads = -float(capacity @ block.capacity), [], []
        if budget:
            value -= budget * block.budget
        for part in self._source.subproblems(objective):
            best = self._flow(part)
            price = best.supply_price / part.scale * part.granule
            objective.donation[part.donations] = -price
            objective.need[part.needs] = best.demand_price / part.scale
            tails.append(best.tail + part.donations.start)
            heads.append(best.head + part.needs.start)
            value += float(price @ block.supply[part.donations])
            value += float(objective.need[part.needs] @ block.demand[part.needs])
        return LagrangianSolution(value, objective, np.concatenate(tails), np.concatenate(heads))

    def _flow(self, part: Subproblem) -> ProvenFlow:
        block = self._block
        supply = block.supply[part.donations].astype(np.int64)
        demand = np.floor(block.demand[part.needs] / part.granule + ROUNDING).astype(np.int64)
        oracle, backend = CostMatrix(part.cost, len(supply), len(demand)), NetworkSimplex()
        if block.by_cost:
            unmet = np.rint(block.unmet_cost[part.needs] * part.scale).astype(np.int64)
            return total_cost(oracle, supply, demand, unmet, backend)
        return coverage_first(oracle, supply, demand, block.tier[part.needs], backend)
