"""A stage of a block as a linear or mixed-integer program, and the dual prices read back from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.solve.block import Block, Columns
from matchopt.solve.certificate import Prices
from matchopt.solve.linear import Program, ProgramResult
from matchopt.solve.purchases import add_steps, comes_in_coins, most_bought, together
from matchopt.tolerances import EQUAL, ROUNDING

NO_ROWS: Ints = np.zeros(0, dtype=np.int64)

EACH = slice(None)
"""In place of row numbers: an entry in each of the rows."""


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
    """A program with the numbers of its columns and rows.

    A column of it counts so many granules as `units` (w,) says, a row of donations `coarse` (m,) granules.
    """

    program: Program
    amounts: Ints
    units: Floats
    coarse: Floats
    donation: Ints
    need: Ints
    capacity: Ints
    budget: Ints
    cell: Ints
    reached: dict[str, Ints]
    rising: Ints

    def amount(self, answer: ProgramResult) -> Floats:
        """Return the granules over each column."""
        return answer.value[self.amounts] * self.units

    def prices(self, answer: ProgramResult) -> Prices:
        """Return the prices of a linear program's rows, those of rounding below 0 cut off."""

        def most(rows: Ints) -> Floats:
            return np.maximum(answer.price[rows], 0.0)

        def least(rows: Ints) -> Floats:
            return np.maximum(-answer.price[rows], 0.0)

        return Prices(
            most(self.donation) / self.coarse,
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
        Columns that take part.
    goals
        What earlier stages reached.
    whole
        Whether granules stay whole and flags hold; else the relaxation, without both.
    sums
        Under leximin, maximise the sum of that many smallest coverages; 0 is the smallest alone.
    least, most
        Bounds of the granules over each column.
    rising : (k,) bool
        Under leximin, the cells whose smallest coverage is raised; all by default.
    """
    program = Program()
    every, units = columns, columns.units(block.granule, block.coin)
    # A bound of its own would take the prices of rows away.
    most = np.minimum(most, most_bought(block, columns)) if whole else most
    columns = columns.counted_in(units)
    # Money is counted in what is paid at least, so that no row has larger numbers than others.
    coarse = np.ones(len(block.supply))
    funds = columns.tail[columns.money > 0]
    coarse[funds] = block.coin / block.granule[funds]
    gain = columns.served * block.need_gain(stage)[columns.head]
    if stage == "cost":
        gain = gain - columns.spend - columns.unbudgeted
    worth, own = np.zeros(len(block.demand)), np.flatnonzero(together(block, every))
    if whole and stage.startswith("tier"):
        worth[columns.head[own]] = gain[own] / columns.money[own]
        gain[own] = 0.0
    amounts = program.add_columns(
        len(columns),
        gain,
        most / units,
        whole & ((columns.size > 0) | comes_in_coins(block, every)),
        lower=least / units,
    )
    given = (columns.tail, amounts, units / coarse[columns.tail])
    donation = program.add_rows(len(block.supply), upper=block.supply / coarse, entries=[given])
    need = program.add_rows(
        len(block.demand), upper=block.demand, entries=[(columns.head, amounts, columns.served)]
    )
    loads = (columns.load_row, amounts[columns.load_column], columns.load)
    capacity = program.add_rows(len(block.capacity), upper=block.capacity, entries=[loads])
    limited = int(np.isfinite(block.budget))
    budget = program.add_rows(limited, upper=block.budget, entries=[(0, amounts, columns.spend)])
    reached = {}
    for earlier, value in goals.value.items():
        if earlier.startswith("tier"):
            marked = np.flatnonzero(block.need_gain(earlier)[columns.head])
            reached[earlier] = program.add_rows(
                1,
                lower=value - ROUNDING * max(1.0, abs(value)),
                entries=[(0, amounts[marked], columns.served[marked])],
            )
    fair = _add_fairness(program, block, columns, amounts, stage, goals)
    bar = NO_ROWS
    if stage in ("floor", "leximin"):
        raised = fair.coverage if rising is None else fair.coverage[rising]
        bar = _add_least_sum(program, raised, max(sums, 1), gain=1.0)
    if len(fair.share):
        reached["share"] = fair.share
    if stage == "cost" and len(block.promises):
        _add_promises(program, block, every, amounts, units, whole=whole)
    if whole:
        _add_flags(program, block, every, amounts, units)
        add_steps(program, block, columns, amounts, own, worth)
    rows = donation, need, capacity, budget, fair.cell, reached, bar
    return StageProgram(program, amounts, units, coarse, *rows)


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


@dataclass(frozen=True, slots=True)
class _Fair:
    """Columns of coverage, the rows that tie them to what is served, and that of all fair shares."""

    coverage: Ints
    cell: Ints
    share: Ints


def _add_fairness(
    program: Program, block: Block, columns: Columns, amounts: Ints, stage: str, goals: Goals
) -> _Fair:
    """Add the coverage of each cell as a column, and what is asked of it."""
    if block.fairness == "none":
        return _Fair(NO_ROWS, NO_ROWS, NO_ROWS)
    count = len(block.cell_asked)
    by_share = block.fairness == "share"
    unit = np.ones(count) if by_share else block.cell_asked
    upper = block.fair_share if by_share else np.inf
    coverage = program.add_columns(count, 1.0 if stage == "share" else 0.0, upper)
    fair = np.flatnonzero(block.cell[columns.head] >= 0)
    served = (block.cell[columns.head[fair]], amounts[fair], columns.served[fair])
    cell = program.add_rows(count, lower=-block.cell_pinned, entries=[served, (EACH, coverage, -unit)])
    covered = [(EACH, coverage, 1.0)]
    if block.fixed_floor is not None:
        program.add_rows(count, lower=block.fixed_floor - ROUNDING, entries=covered)
    if goals.coverage is not None:
        program.add_rows(count, lower=np.maximum(goals.coverage - ROUNDING, 0.0), entries=covered)
    if goals.least_sums is not None:
        for k, value in enumerate(goals.least_sums, 1):
            _add_least_sum(program, coverage, k, lower=value - ROUNDING)
    share = NO_ROWS
    if "share" in goals.value:
        share = program.add_rows(1, lower=goals.value["share"] - ROUNDING, entries=[(0, coverage, 1.0)])
    return _Fair(coverage, cell, share)


def _add_least_sum(
    program: Program, coverage: Ints, count: int, gain: float = 0.0, lower: float | None = None
) -> Ints:
    """Let the sum of the `count` smallest coverages bring `gain`, or be at least `lower`; return its rows.

    It is the largest ``count · r − Σ d`` with ``d ≥ r − coverage`` and d ≥ 0 (W. Ogryczak and
    T. Śliwiński, "On solving linear programs with the ordered weighted averaging objective", 2003).
    """
    bar = program.add_columns(1, gain * count, upper=2.0)
    short = program.add_columns(len(coverage) if count > 1 else 0, -gain)
    entries = [(EACH, bar, 1.0), (EACH, coverage, -1.0)]
    if count > 1:
        entries.append((EACH, short, -1.0))
    row = program.add_rows(len(coverage), upper=0.0, entries=entries)
    if lower is not None:
        program.add_rows(1, lower=lower, entries=[(0, bar, float(count)), (0, short, -1.0)])
    return row


def _add_promises(
    program: Program, block: Block, columns: Columns, amounts: Ints, units: Floats, *, whole: bool
) -> None:
    """Add for each promise a column that says to what part it is kept; a change takes its cost.

    It is kept as far as its column carries what was promised, and, in whole granules, nothing above.
    """
    promises = block.promises
    # All are taken for changed; those that are kept take their cost back.
    program.add_columns(1, -promises.cost * len(promises), upper=1.0, lower=1.0)
    at = promises.among(columns)
    known = np.flatnonzero(at >= 0)
    if not len(known):
        return
    own = at[known]
    amount = promises.amount[known] / units[own]
    kept = program.add_columns(len(known), promises.cost, upper=1.0, whole=whole)
    carried = (EACH, amounts[own], 1.0)
    program.add_rows(len(known), lower=0.0, entries=[carried, (EACH, kept, -amount)])
    if whole:
        most = (_most(block, columns) / units)[own]
        program.add_rows(len(known), upper=most, entries=[carried, (EACH, kept, most - amount)])


def _most(block: Block, columns: Columns) -> Floats:
    """Return the granules that each column can carry by itself, at most."""
    dust = np.where(columns.money > 0, 0.5, ROUNDING)
    asked = np.floor(block.demand[columns.head] / columns.served + dust)
    return np.asarray(np.minimum(block.supply[columns.tail], asked))


def _add_flags(program: Program, block: Block, columns: Columns, amounts: Ints, units: Floats) -> None:
    """Add what keeps needs to one donation, needs complete, and donations to few communities."""
    single = np.flatnonzero(block.single[columns.head])
    if len(single):
        donor = columns.tail[single] * len(block.demand) + columns.head[single]
        most = (_most(block, columns) / units)[single]
        _add_choice(program, amounts[single], most, donor, columns.head[single], 1.0)
    complete = np.flatnonzero(block.complete)
    if len(complete):
        served = program.add_columns(len(complete), upper=1.0, whole=True)
        place = np.full(len(block.demand), -1, dtype=np.int64)
        place[complete] = np.arange(len(complete))
        into = np.flatnonzero(place[columns.head] >= 0)
        given = (place[columns.head[into]], amounts[into], (columns.served * units)[into])
        asked = (EACH, served, -block.demand[complete])
        program.add_rows(len(complete), -EQUAL, EQUAL, entries=[given, asked])
    new, left = block.new_communities(columns.tail, columns.head)
    few = np.flatnonzero((block.most_communities[columns.tail] > 0) & new)
    if len(few):
        tail = columns.tail[few]
        community = block.community[columns.head[few]]
        pair = tail * (int(block.community.max()) + 1) + community
        limit = left.astype(np.float64)
        _add_choice(program, amounts[few], block.supply[tail] / units[few], pair, tail, limit[tail])


def _add_choice(
    program: Program, amounts: Ints, most: Floats, option: Ints, chooser: Ints, limit: Floats | float
) -> None:
    """Let only columns of options that are chosen carry anything, `limit` options a chooser."""
    options, first, of = np.unique(option, return_index=True, return_inverse=True)
    chosen = program.add_columns(len(options), upper=1.0, whole=True)
    program.add_rows(len(amounts), upper=0.0, entries=[(EACH, amounts, 1.0), (EACH, chosen[of], -most)])
    choosers, by = np.unique(chooser[first], return_inverse=True)
    allowed = np.zeros(len(choosers))
    allowed[by] = np.broadcast_to(limit, chooser.shape)[first]
    program.add_rows(len(choosers), upper=allowed, entries=[(by, chosen, 1.0)])
