"""A stage of a block as a program: its rows, its columns, and the prices read back from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.solve.block import Block, Columns
from matchopt.solve.certificate import Prices
from matchopt.solve.linear import Program, ProgramResult

SLACK = 1e-9
"""What an earlier stage reached may be missed by that much, lest rounding makes it unreachable."""


@dataclass(frozen=True, slots=True)
class Goals:
    """What later stages have to keep.

    Attributes
    ----------
    value
        Earlier stage → what it reached; fairness aside.
    coverage
        (k,) least coverage of each cell, or None.
    least_sums
        (k,) least sum of the 1, 2, … smallest coverages (leximin), or None.
    """

    value: dict[str, float] = field(default_factory=dict)
    coverage: Floats | None = None
    least_sums: Floats | None = None


@dataclass(frozen=True, slots=True)
class StageProgram:
    """A program with the numbers of its columns and rows."""

    program: Program
    ways: Ints
    donation: Ints
    need: Ints
    capacity: Ints
    budget: Ints
    cell: Ints
    reached: dict[str, Ints]
    rising: Ints

    def prices(self, answer: ProgramResult) -> Prices:
        """Return the prices of a linear program's rows, those of rounding below 0 cut off."""

        def most(rows: Ints) -> Floats:
            return np.maximum(answer.price[rows], 0.0)

        def least(rows: Ints) -> Floats:
            return np.maximum(-answer.price[rows], 0.0)

        return Prices(
            most(self.donation),
            most(self.need),
            most(self.capacity),
            float(most(self.budget).sum()),
            {stage: float(least(row).sum()) for stage, row in self.reached.items()},
            least(self.cell),
        )


def assemble(
    block: Block,
    columns: Columns,
    stage: str,
    goals: Goals,
    *,
    whole: bool,
    sums: int = 0,
    least: Floats | float = 0.0,
    most: Floats | float = np.inf,
    rising: Bools | None = None,
) -> StageProgram:
    """Return the program of `stage`.

    Parameters
    ----------
    columns
        Ways that take part.
    goals
        What earlier stages reached.
    whole
        Whether granules stay whole and flags hold; else the relaxation, without both.
    sums
        Under leximin, maximise the sum of that many smallest coverages; 0 is the smallest alone.
    least, most
        Bounds of the granules over each way.
    rising : (k,) bool
        Under leximin, the cells whose smallest coverage is raised; all by default.
    """
    program = Program()
    gain = columns.served * block.need_gain(stage)[columns.head]
    if stage == "cost":
        gain = gain - columns.spend - columns.purchase
    ways = program.add_columns(len(columns), gain, most, whole, lower=least)
    donation = program.add_rows(len(block.supply), upper=block.supply)
    program.add_entries(donation[columns.tail], ways, 1.0)
    need = program.add_rows(len(block.demand), upper=block.demand)
    program.add_entries(need[columns.head], ways, columns.served)
    capacity = program.add_rows(len(block.capacity), upper=block.capacity)
    program.add_entries(capacity[columns.load_row], ways[columns.load_column], columns.load)
    budget = program.add_rows(int(np.isfinite(block.budget)), upper=block.budget)
    if len(budget):
        program.add_entries(budget[0], ways, columns.spend)
    reached = {}
    for earlier, value in goals.value.items():
        if earlier.startswith("tier"):
            marked = np.flatnonzero(block.need_gain(earlier)[columns.head])
            row = program.add_rows(1, lower=value - SLACK * max(1.0, abs(value)))
            program.add_entries(row[0], ways[marked], columns.served[marked])
            reached[earlier] = row
    fair = _add_fairness(program, block, columns, ways, stage, goals)
    if stage in ("floor", "leximin"):
        raised = fair.coverage if rising is None else fair.coverage[rising]
        bar = _add_least_sum(program, raised, max(sums, 1), gain=1.0)
    else:
        bar = NO_ROWS
    if len(fair.share):
        reached["share"] = fair.share
    if stage == "cost" and len(block.promises):
        _add_promises(program, block, columns, ways, whole=whole)
    if whole:
        _add_flags(program, block, columns, ways)
    return StageProgram(program, ways, donation, need, capacity, budget, fair.cell, reached, bar)


def closest(
    block: Block,
    columns: Columns,
    target: Floats,
    floor: float,
    *,
    least: Floats | float,
    most: Floats | float,
) -> StageProgram:
    """Return the program of whole granules closest to coverages `target` (k,), none of them below `floor`."""
    toward = replace(block, fairness="share", fair_share=target * block.cell_asked)
    goals = Goals(coverage=floor * block.cell_asked)
    return assemble(toward, columns, "share", goals, whole=True, least=least, most=most)


NO_ROWS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Fair:
    """Columns of coverage, the rows that tie them to what is served, and that of all fair shares."""

    coverage: Ints
    cell: Ints
    share: Ints


def _add_fairness(
    program: Program, block: Block, columns: Columns, ways: Ints, stage: str, goals: Goals
) -> _Fair:
    """Add the coverage of each cell as a column, and what is asked of it."""
    if block.fairness == "none":
        return _Fair(NO_ROWS, NO_ROWS, NO_ROWS)
    count = len(block.cell_asked)
    by_share = block.fairness == "share"
    unit = np.ones(count) if by_share else block.cell_asked
    upper = block.fair_share if by_share else np.inf
    coverage = program.add_columns(count, 1.0 if stage == "share" else 0.0, upper)
    cell = program.add_rows(count, lower=-block.cell_pinned)
    fair = np.flatnonzero(block.cell[columns.head] >= 0)
    program.add_entries(cell[block.cell[columns.head[fair]]], ways[fair], columns.served[fair])
    program.add_entries(cell, coverage, -unit)
    if block.fixed_floor is not None:
        row = program.add_rows(count, lower=block.fixed_floor - SLACK)
        program.add_entries(row, coverage, 1.0)
    if goals.coverage is not None:
        row = program.add_rows(count, lower=np.maximum(goals.coverage - SLACK, 0.0))
        program.add_entries(row, coverage, 1.0)
    if goals.least_sums is not None:
        for k, value in enumerate(goals.least_sums, 1):
            _add_least_sum(program, coverage, k, lower=value - SLACK)
    if "share" in goals.value:
        row = program.add_rows(1, lower=goals.value["share"] - SLACK)
        program.add_entries(row[0], coverage, 1.0)
        return _Fair(coverage, cell, row)
    return _Fair(coverage, cell, NO_ROWS)


def _add_least_sum(
    program: Program, coverage: Ints, count: int, gain: float = 0.0, lower: float | None = None
) -> Ints:
    """Let the sum of the `count` smallest coverages bring `gain`, or be at least `lower`; return its rows.

    It is the largest ``count · r − Σ d`` with ``d ≥ r − coverage`` and d ≥ 0 (W. Ogryczak and
    T. Śliwiński, "On solving linear programs with the ordered weighted averaging objective", 2003).
    """
    bar = program.add_columns(1, gain * count, upper=2.0)
    short = program.add_columns(len(coverage) if count > 1 else 0, -gain)
    row = program.add_rows(len(coverage), upper=0.0)
    program.add_entries(row, bar[0], 1.0)
    program.add_entries(row, coverage, -1.0)
    if count > 1:
        program.add_entries(row, short, -1.0)
    if lower is not None:
        total = program.add_rows(1, lower=lower)
        program.add_entries(total[0], bar, float(count))
        program.add_entries(total[0], short, -1.0)
    return row


def _add_promises(program: Program, block: Block, columns: Columns, ways: Ints, *, whole: bool) -> None:
    """Add for each promise a column that says to what part it is kept; a change takes its cost.

    It is kept as far as its way carries what was promised, and, in whole granules, nothing above.
    """
    promises = block.promises
    # All are taken for changed; those that are kept take their cost back.
    program.add_columns(1, -promises.cost * len(promises), upper=1.0, lower=1.0)
    at = promises.among(columns)
    known = np.flatnonzero(at >= 0)
    if not len(known):
        return
    way, amount = at[known], promises.amount[known]
    kept = program.add_columns(len(known), promises.cost, upper=1.0, whole=whole)
    row = program.add_rows(len(known), lower=0.0)
    program.add_entries(row, ways[way], 1.0)
    program.add_entries(row, kept, -amount)
    if not whole:
        return
    most = np.minimum(
        block.supply[columns.tail[way]],
        np.floor(block.demand[columns.head[way]] / columns.served[way] + 1e-9),
    )
    row = program.add_rows(len(known), upper=most)
    program.add_entries(row, ways[way], 1.0)
    program.add_entries(row, kept, most - amount)


def _add_flags(program: Program, block: Block, columns: Columns, ways: Ints) -> None:
    """Add what keeps needs to one donation, needs complete, and donations to few communities."""
    most = np.minimum(
        block.supply[columns.tail], np.floor(block.demand[columns.head] / columns.served + 1e-9)
    )
    single = np.flatnonzero(block.single[columns.head])
    if len(single):
        donor = columns.tail[single] * len(block.demand) + columns.head[single]
        _add_choice(program, ways[single], most[single], donor, columns.head[single], 1.0)
    complete = np.flatnonzero(block.complete)
    if len(complete):
        served = program.add_columns(len(complete), upper=1.0, whole=True)
        row = program.add_rows(len(complete), -1e-6, 1e-6)
        place = np.full(len(block.demand), -1, dtype=np.int64)
        place[complete] = np.arange(len(complete))
        into = np.flatnonzero(place[columns.head] >= 0)
        program.add_entries(row[place[columns.head[into]]], ways[into], columns.served[into])
        program.add_entries(row, served, -block.demand[complete])
    new, left = block.new_communities(columns.tail, columns.head)
    few = np.flatnonzero((block.most_communities[columns.tail] > 0) & new)
    if len(few):
        tail = columns.tail[few]
        community = block.community[columns.head[few]]
        pair = tail * (int(block.community.max()) + 1) + community
        limit = left.astype(np.float64)
        _add_choice(program, ways[few], block.supply[tail], pair, tail, limit[tail])


def _add_choice(
    program: Program, ways: Ints, most: Floats, option: Ints, chooser: Ints, limit: Floats | float
) -> None:
    """Let only ways of options that are chosen carry anything, `limit` options a chooser."""
    options, of = np.unique(option, return_inverse=True)
    _, first = np.unique(option, return_index=True)
    chosen = program.add_columns(len(options), upper=1.0, whole=True)
    row = program.add_rows(len(ways), upper=0.0)
    program.add_entries(row, ways, 1.0)
    program.add_entries(row, chosen[of], -most)
    choosers, by = np.unique(chooser[first], return_inverse=True)
    allowed = np.zeros(len(choosers))
    allowed[by] = np.broadcast_to(limit, chooser.shape)[first]
    row = program.add_rows(len(choosers), upper=allowed)
    program.add_entries(row[by], chosen, 1.0)
