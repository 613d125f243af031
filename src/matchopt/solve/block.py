"""A block as data: donations and needs that linking constraints or whole quantities tie together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal, Protocol, Self

import numpy as np

from matchopt.arrays import PLENTY, Bools, Floats, Ints
from matchopt.solve.oracle import CostOf
from matchopt.tolerances import EQUAL

COVERAGE = "coverage"
"""All tiers at once, the first with the most weight."""

MOST_SORTED = 12
"""Up to this many fairness cells leximin is searched to the end; of more, it is come near to."""

Fairness = Literal["none", "floor", "leximin", "share"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Variables of a block: pairs of donation and need over one scheduled route each, one entry a column.

    Quantities count granules of the donation.

    Attributes
    ----------
    tail, head : (w,) int
        Donation and need.
    served : (w,) float
        Need units that one granule serves.
    spend, unbudgeted : (w,) float
        What one granule costs: what the budget counts of it, and the rest. In currency.
    money : (w,) float
        What of that is paid for what one granule buys; 0 where nothing is bought.
    size : (w,) int
        Granules of which it carries a whole multiple: 1 but for money, and 0 for money that is split to
        1/10 000 of the currency, where only what is bought together is whole steps.
    key : (w,) int
        Tells columns apart; what else it means is the source's business.
    load_column, load_row : (e,) int
    load : (e,) float
        kg that one granule of a column puts on a shared capacity.
    """

    tail: Ints
    head: Ints
    served: Floats
    spend: Floats
    unbudgeted: Floats
    money: Floats
    size: Ints
    key: Ints
    load_column: Ints
    load_row: Ints
    load: Floats

    def __len__(self) -> int:
        return len(self.tail)

    @classmethod
    def none(cls) -> Self:
        """Return no columns."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(whole, whole, real, real, real, real, whole, whole, whole, whole, real)

    def take(self, index: Ints) -> Self:
        """Return the columns at `index`, each at most once."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[index] = np.arange(len(index))
        entry = np.flatnonzero(place[self.load_column] >= 0)
        own = {f.name: getattr(self, f.name)[index] for f in fields(self) if not f.name.startswith("load")}
        own["load_column"] = place[self.load_column[entry]]
        return replace(self, **own, load_row=self.load_row[entry], load=self.load[entry])

    def joined(self, others: Self) -> Self:
        """Return these columns and, after them, those of `others` that are new."""
        new = self.new(others)
        both = {f.name: np.concatenate([getattr(self, f.name), getattr(new, f.name)]) for f in fields(self)}
        both["load_column"][len(self.load_column) :] += len(self)
        return replace(self, **both)

    def new(self, others: Self) -> Self:
        """Return those of `others` that are not among these columns."""
        return others.take(np.flatnonzero(~np.isin(others.key, self.key)))

    def carried(self, amount: Floats, others: Self) -> Floats:
        """Return `amount` over the same columns among `others`, which hold all that carry something."""
        carried = np.zeros(len(others))
        used = np.flatnonzero(amount > 0)
        order = np.argsort(others.key, kind="stable")
        carried[order[np.searchsorted(others.key[order], self.key[used])]] = amount[used]
        return carried

    def loads(self) -> tuple[Ints, Ints, Floats]:
        """Return where the loads of each column begin (w + 1,), and their rows and kg."""
        order = np.argsort(self.load_column, kind="stable")
        start = np.searchsorted(self.load_column[order], np.arange(len(self) + 1))
        return start, self.load_row[order], self.load[order]

    def units(self, granule: Floats, coin: float) -> Floats:
        """Return (w,) the granules that programs count as one: what is whole, or so much currency."""
        return np.where(self.size > 0, self.size, coin / granule[self.tail])

    def counted_in(self, units: Floats) -> Self:
        """Return the same, what one granule serves, costs and loads being that of one unit (w,)."""
        served, spend, unbudgeted, money = (
            part * units for part in (self.served, self.spend, self.unbudgeted, self.money)
        )
        load = self.load * units[self.load_column]
        return replace(self, served=served, spend=spend, unbudgeted=unbudgeted, money=money, load=load)

    def gain(self, objective: PricedObjective) -> Floats:
        """Return what one granule over each column is worth beyond what it uses up."""
        gain = self.served * objective.need[self.head] - objective.donation[self.tail]
        gain -= objective.spend * self.spend + objective.unbudgeted * self.unbudgeted
        used = np.bincount(
            self.load_column, self.load * objective.capacity[self.load_row], minlength=len(self)
        )
        return np.asarray(gain - used)


@dataclass(frozen=True, slots=True)
class PricedObjective:
    """What things are worth in one stage.

    Attributes
    ----------
    need : (n,) float
        One unit served, less the need's price.
    donation : (m,) float
        Price of one granule.
    capacity : (r,) float
        Price of one kg.
    spend, unbudgeted : float
        What one currency unit of cost counts that the budget counts, and one that it does not.
    """

    need: Floats
    donation: Floats
    capacity: Floats
    spend: float
    unbudgeted: float


@dataclass(frozen=True, slots=True)
class Subproblem:
    """A part of a block as a transport problem at given prices of the linking constraints.

    Attributes
    ----------
    donations, needs
        Where the part's own stand in the block.
    granule
        Donated units of one granule, the same for all of the part.
    cost
        Least priced cost of a unit over any column of a pair, all of it, in 1/`scale` currency.
    """

    donations: slice
    needs: slice
    granule: float
    cost: CostOf
    scale: int


class ColumnSource(Protocol):
    """Knows all columns of a block, also those that were never put into a program."""

    def every(self, most: int) -> Columns | None:
        """Return all columns, or None if they may be more than `most`."""
        ...

    def cheapest(self, count: int) -> Columns:
        """Return the columns of the `count` cheapest pairs of each need and each donation."""
        ...

    def around(self, tail: Ints, head: Ints) -> Columns:
        """Return all columns of the pairs given."""
        ...

    def along(self, objective: PricedObjective, tail: Ints, head: Ints) -> Columns:
        """Return the best column of each of the pairs given."""
        ...

    def promising(self, objective: PricedObjective, count: int, least: float = EQUAL) -> Columns:
        """Return the best columns of the `count` best pairs of each need and donation that gain `least`."""
        ...

    def subproblems(self, objective: PricedObjective) -> Iterator[Subproblem]:
        """Yield the block's parts, if they are transport problems, with the best columns of their pairs."""
        ...

    def near(self, objective: PricedObjective, loss: float, most: int) -> Columns | None:
        """Return all columns of which a granule loses at most `loss`; None if they are more than `most`."""
        ...

    def excess(self, objective: PricedObjective) -> Floats:
        """Return (n,) what the best column to each need gains per unit served; 0 where none gains."""
        ...


@dataclass(frozen=True, slots=True)
class Promises:
    """Amounts over columns (p,) that it costs something to change.

    Attributes
    ----------
    columns
        The columns, each once.
    amount
        Granules.
    cost
        Currency for each one that is changed.
    """

    columns: Columns
    amount: Floats
    cost: float

    def __len__(self) -> int:
        return len(self.columns)

    def among(self, columns: Columns) -> Ints:
        """Return where the columns are among `columns`, -1 for those that are not."""
        if not len(columns):
            return np.full(len(self), -1)
        order = np.argsort(columns.key, kind="stable")
        at = np.minimum(np.searchsorted(columns.key[order], self.columns.key), len(columns) - 1)
        return np.where(columns.key[order[at]] == self.columns.key, order[at], -1)

    def changed(self, columns: Columns, amount: Floats) -> Ints:
        """Return which ones a plan of `amount` (w,) granules over `columns` changes."""
        carried = np.append(amount, 0.0)[self.among(columns)]
        return np.flatnonzero(np.abs(carried - self.amount) > EQUAL)


@dataclass(frozen=True, slots=True)
class UnlinkedPlan:
    """The best plan without linking constraints, see `matchopt.solve.tiers`.

    Attributes
    ----------
    donation_level, need_level : (m,) int, (n,) int
        Levels, which prove its coverage; all 0 under total cost.
    tail, head : (a,) int
    amount : (a,) float
        Pairs that carry something, and granules over each.
    """

    donation_level: Ints
    need_level: Ints
    tail: Ints
    head: Ints
    amount: Floats


@dataclass(frozen=True, slots=True)
class PricedPlan(UnlinkedPlan):
    """The same with prices that prove its cost.

    Attributes
    ----------
    donation_price, need_price : (m,) float, (n,) float
        Node potentials within the levels, in currency a unit.
    """

    donation_price: Floats
    need_price: Floats


@dataclass(frozen=True, slots=True)
class SlopeScaledPlan(PricedPlan):
    """A plan of a block that nothing but promises binds, and its proof; see `matchopt.solve.slope_scaling`.

    Attributes
    ----------
    kept : (p,) float
        Granules over promised columns, besides those over the cheapest of each pair.
    near_tail, near_head : (c,) int
        Candidate arcs: pairs whose reduced cost is about 0.
    """

    kept: Floats
    near_tail: Ints
    near_head: Ints


@dataclass(frozen=True, slots=True)
class Block:
    """The rules of a block.

    Attributes
    ----------
    supply, granule : (m,) float
        Granules that a donation can give, and donated units of one granule.
    demand, unmet_cost : (n,) float
        Units that a need asks, and what one of them costs if not served.
    tier, community : (n,) int
        Priority, and community by number.
    lump, lead : (n,) int
        What is bought for a need costs `lead` and whole multiples of `lump` together, in 1/10 000 currency;
        -1 for a lead that there is none of. `lead` is 0 but where lines that stay have bought no whole steps.
    most_lumps : (n,) int
        How many of these are asked for at most.
    single, complete : (n,) bool
        Served by one donation at most; served in full or not at all.
    most_communities : (m,) int
        Communities that a donation may be split over; 0 is no limit.
    visited : (v, 2) int
        Donations and communities that pinned lines join: they count, and more may go there.
    capacity : (r,) float
        kg.
    budget : float
        What the budget allows; infinite without limit.
    by_cost : bool
        Whether the least total cost is sought, and not coverage first.
    fairness : str
    cell : (n,) int
        Fairness cell of a need, -1 where it counts in none.
    cell_asked, fair_share, cell_pinned : (k,) float
        Units that a cell asks, those that are its fair share, and those that it has already.
    fixed_floor : float or None
        A floor that is asked for, where it is not to be as high as it can be.
    ceiling : dict
        Stage → what was proven without the linking constraints; holds as long as all stages before are
        reached in full.
    unlinked : UnlinkedPlan or None
        The best plan without the linking constraints, if all parts are transport problems; most often as much
        coverage is within reach with them.
    promises
        What it costs something to change.
    slope_scaled : SlopeScaledPlan or None
        A plan, if nothing else makes it a block.
    divisible : PricedPlan or None
        The best plan if quantities could be split and no flag bound, if nothing else makes it a block and
        one unit given serves one.
    """

    supply: Floats
    granule: Floats
    demand: Floats
    unmet_cost: Floats
    tier: Ints
    community: Ints
    lump: Ints
    lead: Ints
    most_lumps: Ints
    single: Bools
    complete: Bools
    most_communities: Ints
    visited: Ints
    capacity: Floats
    budget: float
    by_cost: bool
    fairness: Fairness
    cell: Ints
    cell_asked: Floats
    fair_share: Floats
    cell_pinned: Floats
    fixed_floor: float | None
    ceiling: Mapping[str, float]
    unlinked: UnlinkedPlan | None
    promises: Promises
    slope_scaled: SlopeScaledPlan | None = None
    divisible: PricedPlan | None = None

    @property
    def coin(self) -> float:
        """What all that is bought is paid in whole multiples of, in currency; 1 where there is none."""
        lumps = self.lump[self.lump > 0].tolist()
        return math.gcd(*lumps) / 10_000 if lumps else 1.0

    @property
    def stages(self) -> tuple[str, ...]:
        """What is sought, one after the other."""
        fair = () if self.fairness == "none" or self.fixed_floor is not None else (self.fairness,)
        tiers = () if self.by_cost else tuple(f"tier {t}" for t in np.unique(self.tier).tolist())
        return (*fair, *tiers, "cost")

    @property
    def sorts(self) -> bool:
        """Whether a search can keep all coverages in order, not only each at least where it is."""
        return self.fairness != "leximin" or len(self.cell_asked) <= MOST_SORTED

    def new_communities(self, tail: Ints, head: Ints) -> tuple[Bools, Ints]:
        """Return which columns (w,) go where their donation has not been, and how many such places it may."""
        width = int(self.community.max(initial=0)) + 1
        known = self.visited[:, 1] < width
        visited = self.visited[known, 0] * width + self.visited[known, 1]
        new = ~np.isin(tail * width + self.community[head], visited)
        used = np.bincount(self.visited[:, 0], minlength=len(self.supply))
        return new, np.maximum(self.most_communities - used, 0)

    def marked(self, columns: Columns, which: Ints | Bools) -> tuple[Bools, Bools]:
        """Return the donations (m,) and needs (n,) of some columns, marked."""
        donation, need = np.zeros(len(self.supply), dtype=bool), np.zeros(len(self.demand), dtype=bool)
        donation[columns.tail[which]] = True
        need[columns.head[which]] = True
        return donation, need

    def need_gain(self, stage: str) -> Floats:
        """Return (n,) what serving one unit of each need adds to `stage`, its cost aside."""
        if stage.startswith("tier"):
            return np.where(self.tier == int(stage.split()[1]), 1.0, 0.0)
        if stage == COVERAGE:
            return (PLENTY - self.tier).astype(np.float64)
        if stage == "cost" and self.by_cost:
            return self.unmet_cost
        return np.zeros(len(self.tier))

    def reached(self, columns: Columns, amount: Floats) -> Reached:
        """Return what a plan of `amount` granules over each column reaches."""
        served = np.bincount(columns.head, columns.served * amount, minlength=len(self.tier))
        cost = float((columns.spend + columns.unbudgeted) @ amount)
        values = {stage: float(served @ self.need_gain(stage)) for stage in self.stages}
        values["cost"] -= cost + self.promises.cost * len(self.promises.changed(columns, amount))
        fair = self.cell >= 0
        new = np.bincount(self.cell[fair], served[fair], minlength=len(self.cell_asked))
        in_cell = self.cell_pinned + new
        coverage = in_cell / self.cell_asked
        if self.fairness in ("floor", "leximin") and self.fairness in values:
            values[self.fairness] = float(coverage.min(initial=1.0))
        if self.fairness == "share":
            values["share"] = float(np.minimum(in_cell, self.fair_share).sum())
        return Reached(values, coverage)

    def key(self, columns: Columns, amount: Floats) -> tuple[float, ...]:
        """Return what a plan reaches, stage by stage, so that the better one has the larger tuple."""
        values = self.reached(columns, amount).value
        return tuple(round(values[stage], 6) for stage in self.stages)


@dataclass(frozen=True, slots=True)
class Reached:
    """What a plan reaches: the value of each stage, all to be as large as they can, and (k,) coverages."""

    value: dict[str, float]
    coverage: Floats
