"""Purchases: what money buys for a need is whole steps together, though no line of it need be.

With whole steps chosen, money is a transport problem again, in 1/10 000 of the currency: funds supply, needs
take what their steps cost. So a program decides on steps, in which money may be split as it likes, and the
network simplex splits it exactly. Funds that are alike are one fund in it, and where only one can buy for a
need, the steps themselves are its columns: on cities that is ten times faster than money by the coin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from matchopt.arrays import Bools, Floats, Ints
from matchopt.solve.block import Block, Columns
from matchopt.solve.linear import Program
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.transport import Transport
from matchopt.tolerances import EQUAL, ROUNDING

COINS = 10_000
"""Whole parts of a currency unit that lines are split to."""

UNMET = 2**42
"""More than any unit cost, in 1/10 000."""


@dataclass(frozen=True, slots=True)
class PooledFunds:
    """A block in which funds that are alike are one, for a search that decides how many steps are bought.

    Alike are funds that buy for the same needs at the same cost, and nothing else: whatever steps their money
    pays together, it can be split among them.

    Attributes
    ----------
    block, columns
        What is searched.
    kept : (w,) int
        Which of all columns these are; those over which no step can be bought are left out.
    pools
        Of funds that became one their money, in 1/10 000 currency (k,), the columns that stand for all of
        them (l,) among those that are searched, and those of each (k, l) among all.
    every
        How many columns there were.
    """

    block: Block
    columns: Columns
    kept: Ints
    pools: tuple[tuple[Ints, Ints, Ints], ...]
    every: int

    @classmethod
    def of(cls, block: Block, columns: Columns) -> PooledFunds:
        """Return the block with `columns`, its funds pooled."""
        asked = block.most_lumps >= np.where(block.lead > 0, 0, 1)
        able = (columns.money == 0) | asked[columns.head]
        groups = _alike(block, columns, np.flatnonzero((columns.money > 0) & able))
        supply, money = block.supply.copy(), _coins(block)
        for members in groups:
            first, *others = columns.tail[members[:, 0]].tolist()
            able[members[1:]] = False
            supply[others] = 0.0
            supply[first] = money[[first, *others]].sum() / COINS / block.granule[first]
        kept = np.flatnonzero(able)
        searched = _by_step(block, columns.take(kept))
        fits = np.flatnonzero((searched.money == 0) | (searched.size <= supply[searched.tail]))
        kept, searched = kept[fits], searched.take(fits)
        pooled = replace(block, supply=_whole_steps(supply, searched))
        pools = []
        for members in groups:
            ways = members[:, np.isin(members[0], kept)]
            if ways.size:
                pools.append((money[columns.tail[members[:, 0]]], np.searchsorted(kept, ways[0]), ways))
        return cls(pooled, searched, kept, tuple(pools), len(columns))

    def bounds(self, bound: Floats | float) -> Floats:
        """Return bounds of the granules over the columns searched from those over all."""
        every = np.broadcast_to(np.asarray(bound, dtype=np.float64), self.every)
        bounds = every[self.kept]
        for _, at, members in self.pools:
            bounds[at] = every[members].sum(axis=0)
        return bounds

    def split(self, amount: Floats) -> Floats:
        """Return granules over all columns: what pooled funds give is taken from one after the other."""
        size = np.maximum(self.columns.size, 1)
        amount = np.rint(amount / size) * size
        whole = np.zeros(self.every)
        whole[self.kept] = amount
        for money, at, members in self.pools:
            coins = self.block.granule[self.columns.tail[at]] * COINS
            ends, paid = np.cumsum(money), np.cumsum(np.rint(amount[at] * coins).astype(np.int64))
            cuts = np.unique(np.concatenate([[0], ends, paid]))
            cuts = cuts[cuts <= min(ends[-1], paid[-1])]
            fund, way = (np.searchsorted(one, cuts[:-1], side="right") for one in (ends, paid))
            whole[members] = 0.0
            whole[members[fund, way]] = np.diff(cuts) / coins[way]
        return whole


def _alike(block: Block, columns: Columns, buying: Ints) -> list[Ints]:
    """Return of funds that are alike the columns among `buying` (k, l): those of a fund in each row."""
    other = (columns.money == 0) | (columns.size > 0) | block.single[columns.head]
    other[columns.load_column] = True
    alone = block.most_communities > 0
    alone[columns.tail[other]] = True
    alone[block.promises.columns.tail] = True
    own = buying[~alone[columns.tail[buying]]]
    own = own[np.lexsort((columns.head[own], columns.tail[own]))]
    alike: dict[tuple[bytes, ...], list[Ints]] = {}
    terms = (columns.head, columns.served, columns.spend, columns.unbudgeted, block.granule[columns.tail])
    for ways in np.split(own, np.flatnonzero(np.diff(columns.tail[own])) + 1):
        alike.setdefault(tuple(term[ways].tobytes() for term in terms), []).append(ways)
    return [np.stack(ways) for ways in alike.values() if len(ways) > 1]


def _by_step(block: Block, columns: Columns) -> Columns:
    """Return the columns; one by which alone money comes to a need carries multiples of what a step costs."""
    buys = columns.money > 0
    ways = np.bincount(columns.head[buys], minlength=len(block.demand))
    step = block.lump[columns.head] / COINS / block.granule[columns.tail]
    own = buys & (columns.size == 0) & ((ways == 1) & (block.lead == 0))[columns.head]
    own &= np.abs(step - np.rint(step)) <= EQUAL
    return replace(columns, size=np.where(own, np.rint(step).astype(np.int64), columns.size))


def _whole_steps(supply: Floats, columns: Columns) -> Floats:
    """Return what donations can give (m,), less what is no whole multiple of what all their columns carry."""
    common = np.zeros(len(supply), dtype=np.int64)
    np.gcd.at(common, columns.tail, columns.size)
    common[columns.tail[(columns.money == 0) | (columns.size == 0)]] = 1
    common = np.maximum(common, 1)
    return np.where(common > 1, np.floor((supply + EQUAL) / common) * common, supply)


def together(block: Block, columns: Columns) -> Bools:
    """Return the columns (w,) of money that only together with others buys whole steps for their needs."""
    buys, lump = columns.money > 0, np.maximum(block.lump, 1)[columns.head]
    coins = np.rint(columns.size * block.granule[columns.tail] * COINS).astype(np.int64)
    parts = buys & ((coins == 0) | (coins % lump > 0) | (block.lead[columns.head] != 0))
    of_need = np.zeros(len(block.demand), dtype=bool)
    of_need[columns.head[parts]] = True
    return buys & of_need[columns.head]


def most_bought(block: Block, columns: Columns) -> Floats:
    """Return the granules (w,) that each column can carry if it buys no more than is asked for."""
    most = np.maximum(block.lead, 0) + np.maximum(block.most_lumps, 0) * block.lump
    granules = most[columns.head] / COINS / block.granule[columns.tail]
    return np.where(columns.money > 0, granules + EQUAL, np.inf)


def add_steps(
    program: Program, block: Block, columns: Columns, amounts: Ints, own: Ints, worth: Floats
) -> None:
    """Let what is bought for each need cost its lead and whole lumps; `columns` count as `program` does.

    `own` are the columns by which it is bought together. `worth` (n,) is what a currency unit brings by what
    it buys: whole lumps have it, not the money that pays for them, so that a search knows what sums are
    possible.
    """
    if not len(own):
        return
    needs, of = np.unique(columns.head[own], return_inverse=True)
    lump, lead, most = (part[needs] for part in (block.lump, block.lead, block.most_lumps))
    pairs = np.unique(columns.tail[own] * len(needs) + of)
    money = _coins(block)
    reach = np.zeros(len(needs), dtype=np.int64)
    np.add.at(reach, pairs % len(needs), money[pairs // len(needs)])
    most = np.minimum(most, (reach - np.maximum(lead, 0)) // lump)
    total, common = int(money[np.unique(columns.tail[own])].sum()), max(math.gcd(*lump.tolist()), 1)
    some = np.flatnonzero(most > 0)
    gain = worth[needs] * lump / COINS
    lumps = program.add_columns(len(some), gain[some], upper=most[some], whole=True)
    # Rows count lumps, so that what a solver takes for whole is so.
    each = np.asarray(columns.money[own] * COINS / lump[of], dtype=np.float64)
    paid: list[tuple[Ints, Ints, Floats | float]] = [(of, amounts[own], each), (some, lumps, -1.0)]
    led = np.flatnonzero((lead > 0) & (most >= 0))
    if len(led):
        gain = worth[needs] * lead / COINS
        begun = program.add_columns(len(led), gain[led], upper=1.0, whole=True)
        paid.append((led, begun, -lead[led] / lump[led]))
        both, at, further = np.intersect1d(led, some, return_indices=True)
        rows = [(slice(None), lumps[further], 1.0), (slice(None), begun[at], -most[both])]
        program.add_rows(len(both), upper=0.0, entries=rows)
    elif len(some):
        # All lumps are whole multiples of what is common to them: floats alone would not see that.
        program.add_rows(1, upper=total // common, entries=[(0, lumps, lump[some] / common)])
    program.add_rows(len(needs), lower=0.0, upper=0.0, entries=paid)


def _coins(block: Block) -> Ints:
    """Return (m,) what donations of money hold in 1/10 000 currency, as if all were money."""
    return np.floor(block.supply * block.granule * COINS + EQUAL).astype(np.int64)


def comes_in_coins(block: Block, columns: Columns) -> bool:
    """Return whether all money there is, and all that is bought, is whole multiples of `block.coin`.

    Then no plan is better than one whose lines are, for money is a transport problem once steps are known.
    """
    buys = columns.money > 0
    own = np.unique(columns.tail[buys])
    if (block.promises.columns.money > 0).any() or (block.lead[np.unique(columns.head[buys])] > 0).any():
        return False
    sums = (block.supply[own], columns.size[buys])
    granule = (block.granule[own], block.granule[columns.tail[buys]])
    coins = np.concatenate([one * each for one, each in zip(sums, granule, strict=True)]) / block.coin
    even = bool((np.abs(coins - np.rint(coins)) <= ROUNDING * coins).all())
    return even and not ((columns.money == 0) & np.isin(columns.tail, own)).any()


def bought(block: Block, columns: Columns, amount: Floats) -> tuple[Floats, Ints]:
    """Return (n,) what is paid for each need, and the nearest that buys whole steps, in 1/10 000 currency."""
    paid = np.bincount(columns.head, columns.money * amount * COINS, len(block.demand)).astype(np.float64)
    lead, lump = np.maximum(block.lead, 0), np.maximum(block.lump, 1)
    whole = lead + np.maximum(np.rint((paid - lead) / lump), 0) * lump
    return paid, np.where(paid < 0.5, 0, whole).astype(np.int64)


def buys_whole_steps(block: Block, columns: Columns, amount: Floats) -> bool:
    """Return whether what `amount` granules buy for each need is whole steps, but for rounding."""
    paid, whole = bought(block, columns, amount)
    return bool((np.abs(paid - whole) <= EQUAL * COINS + ROUNDING * paid).all())


def settled(block: Block, columns: Columns, amount: Floats) -> Floats | None:
    """Return `amount` in whole granules, money split anew such that it buys whole steps exactly.

    Only columns that carry something carry anything then. None if there is not that much money.
    """
    size, fine = np.maximum(columns.size, 1), columns.size == 0
    plan = np.rint(amount / size) * size
    if not fine.any():
        return plan
    at = block.promises.among(columns)
    kept = at[(at >= 0) & (np.abs(np.append(amount, 0.0)[at] - block.promises.amount) <= 0.5)]
    fine[kept] = False
    coins = block.granule[columns.tail] * COINS
    own = np.flatnonzero(fine & (amount * coins > 0.5))
    plan[fine] = 0.0
    due = bought(block, columns, amount)[1] - np.rint(bought(block, columns, plan)[0]).astype(np.int64)
    left = np.floor(block.supply * block.granule * COINS + EQUAL)
    left -= np.ceil(np.bincount(columns.tail, plan * coins, minlength=len(left)) - EQUAL)
    own = own[(due[columns.head[own]] > 0) & (left[columns.tail[own]] >= 1)]
    cost = (columns.spend + columns.unbudgeted)[own] / block.granule[columns.tail[own]]
    flow = _split(columns.tail[own], columns.head[own], np.rint(cost * COINS), left, due)
    if (due < 0).any() or flow.sum() < due.sum():
        return None
    plan[own] = np.rint(flow / coins[own])
    return plan


def _split(tail: Ints, head: Ints, cost: Floats, left: Floats, due: Ints) -> Ints:
    """Return the flow of least cost (a,) that gives needs what is due, as far as money reaches."""
    if not len(tail):
        return np.zeros(0, dtype=np.int64)
    (funds, tail), (needs, head) = (np.unique(side, return_inverse=True) for side in (tail, head))
    problem = Transport(
        supply=left[funds].astype(np.int64),
        demand=due[needs],
        tail=tail,
        head=head,
        cost=cost.astype(np.int64),
        slack_cost=np.zeros(len(funds), dtype=np.int64),
        unmet_cost=np.full(len(needs), UNMET),
        node=np.arange(len(needs)),
    )
    return NetworkSimplex().solve(problem).flow
