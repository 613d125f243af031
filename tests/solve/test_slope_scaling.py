"""Promises on the network: what is proven of them, and plans that change few."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.solve import stages
from matchopt.solve.backends import BACKENDS
from matchopt.solve.block import Block, Columns, Promises, SlopeScaledPlan
from matchopt.solve.search import Deadline
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.slope_scaling import PromisedArcs
from matchopt.solve.tiers import ProvenFlow, coverage_first, total_cost
from matchopt.solve.transport import Backend
from profiles import examples
from solve.blocks import Listed, columns, ints, plain, reals
from solve.test_tiers import Market, markets, of_table

MONEY = 10_000

Promise = tuple[int, int, int, int]
"""Supply, demand, amount, and how much dearer its way is than the cheapest."""

Promising = tuple[Market, list[Promise], int]
"""A market, what was promised, and what a change costs."""


@st.composite
def promising(draw: st.DrawFn, charges: tuple[int, ...] = (1, 3, 10)) -> Promising:
    """Return a market, promises by pair, some over a dearer way, and what a change costs."""
    table, supply, demand, tier = draw(markets())
    pairs = [tuple(pair) for pair in np.argwhere(table < FORBIDDEN).tolist()]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    promises = [
        (i, j, draw(st.integers(1, min(supply[i], demand[j]))), draw(st.sampled_from((0, 0, 2))))
        for i, j in chosen
    ]
    return (table, supply, demand, tier), promises, draw(st.sampled_from(charges))


def as_promised(table: Ints, promises: list[Promise], charge: int) -> PromisedArcs:
    tail, head, amount, dearer = (
        (ints(c) for c in zip(*promises, strict=True)) if promises else [ints([])] * 4
    )
    return PromisedArcs(tail, head, table[tail, head] + dearer, amount, charge)


def best_by_trying(
    market: Market, promises: list[Promise], charge: int, by_cost: bool, unmet: Ints
) -> tuple[int, ...]:
    """Return the best (served by tier, cost with charges) of all plans over pairs and promised ways."""
    table, supply, demand, tier = market
    ways = [(i, j, table[i, j], 0) for i, j in np.argwhere(table < FORBIDDEN).tolist()]
    ways += [(i, j, table[i, j] + dearer, amount) for i, j, amount, dearer in promises if dearer]
    amount_of = {(i, j): amount for i, j, amount, dearer in promises if not dearer}
    ways = [(i, j, c, amount or amount_of.get((i, j), 0)) for i, j, c, amount in ways]
    best: tuple[int, ...] | None = None
    for flow in itertools.product(*(range(min(supply[i], demand[j]) + 1) for i, j, _, _ in ways)):
        sent, met, cost = np.zeros(len(supply), int), np.zeros(len(demand), int), 0
        for (i, j, c, amount), f in zip(ways, flow, strict=True):
            sent[i] += f
            met[j] += f
            cost += c * f + (charge if amount and f != amount else 0)
        if (sent > supply).any() or (met > demand).any():
            continue
        cost += int(unmet @ (demand - met)) if by_cost else 0
        tiers = () if by_cost else tuple(-met[tier == t].sum() for t in np.unique(tier))
        best = min(best or (*tiers, cost), (*tiers, cost))
    assert best is not None
    return best


def solved(
    market: Market, promises: list[Promise], charge: int, by_cost: bool, backend: Backend
) -> ProvenFlow:
    table, supply, demand, tier = market
    unmet = 2 * tier
    promised = as_promised(table, promises, charge)
    if by_cost:
        return total_cost(of_table(table), supply, demand, unmet, backend, promised=promised)
    return coverage_first(of_table(table), supply, demand, tier, backend, promised=promised)


def block_of(
    market: Market, promises: list[Promise], charge: int, by_cost: bool, found: ProvenFlow
) -> tuple[Block, Listed]:
    """Return the block of a market, costs in currency, with the plan found, and its source."""
    table, supply, demand, tier = market
    own = [(i, j, 1.0, table[i, j], 0) for i, j in np.argwhere(table < FORBIDDEN).tolist()]
    place = {(i, j): k for k, (i, j, *_) in enumerate(own)}
    every = own + [(i, j, 1.0, table[i, j] + dearer, 0) for i, j, _, dearer in promises if dearer]
    ways, number, at = columns(every, {}), len(own), []
    for i, j, _, dearer in promises:
        at.append(number if dearer else place[i, j])
        number += bool(dearer)
    slope_scaled = SlopeScaledPlan(
        found.supply_level,
        found.demand_level,
        found.tail,
        found.head,
        reals(found.flow),
        reals(found.supply_price),
        reals(found.demand_price),
        reals(found.kept),
        found.near_tail,
        found.near_head,
    )
    block = replace(
        plain(supply.tolist(), demand.tolist(), tier=tier.tolist()),
        by_cost=by_cost,
        unmet_cost=reals(2 * tier),
        slope_scaled=slope_scaled,
        promises=Promises(ways.take(ints(at)), reals([amount for _, _, amount, _ in promises]), charge),
    )
    return block, Pairs(ways, ways.take(np.arange(len(own))))


class Pairs(Listed):
    """All ways, of which pairs have their cheapest one, as in a block without capacities."""

    _cheapest: Listed

    def __init__(self, ways: Columns, cheapest: Columns) -> None:
        super().__init__(ways)
        object.__setattr__(self, "_cheapest", Listed(cheapest))

    def around(self, tail: Ints, head: Ints) -> Columns:
        found = self._cheapest.around(tail, head)
        keys = {
            (t, h): k for k, (t, h) in enumerate(zip(found.tail.tolist(), found.head.tolist(), strict=True))
        }
        return found.take(ints([keys[pair] for pair in zip(tail.tolist(), head.tolist(), strict=True)]))


@pytest.mark.parametrize("by_cost", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_plans_of_promises_are_whole_sound_and_if_small_the_best(
    by_cost: bool, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(stages, "FEW_PAIRS", 0)

    @examples(1)
    @given(promising())
    def check(drawn: Promising) -> None:
        market, promises, charge = drawn
        tier = market[3]
        best = best_by_trying(market, promises, charge, by_cost, 2 * tier)
        found = solved(market, promises, charge, by_cost, NetworkSimplex())
        block, source = block_of(market, promises, charge, by_cost, found)
        outcome = stages.solve_block(block, source, Deadline(None), lambda stage: None)
        *served, least = best
        *tiers, cost = outcome.stages
        assert [stage.value for stage in tiers] == [stage.bound for stage in tiers] == [-s for s in served]
        unmet = float(block.unmet_cost @ block.demand) if by_cost else 0.0
        assert unmet - cost.bound <= least + 1e-6
        assert unmet - cost.relaxation <= least + 1e-6
        assert unmet - cost.value >= least - 1e-6
        if not large:
            assert unmet - cost.value == pytest.approx(least, abs=1e-6)
            assert unmet - cost.bound == pytest.approx(least, abs=1e-6)

    check()


@examples(0.5)
@given(promising(charges=(6, 12, 60)), st.booleans())
def test_other_back_ends_prove_as_much(drawn: Promising, by_cost: bool) -> None:
    """Where charges can be spread without a rest."""
    market, promises, charge = drawn
    bounds = []
    for backend in BACKENDS.values():
        found = solved(market, promises, charge, by_cost, backend)
        block, source = block_of(market, promises, charge, by_cost, found)
        outcome = stages.solve_block(block, source, Deadline(None), lambda stage: None)
        bounds.append([stage.relaxation for stage in outcome.stages])
    assert bounds[1:] == [pytest.approx(bounds[0], abs=1e-6)] * (len(bounds) - 1)


def test_a_high_charge_keeps_what_need_not_change() -> None:
    # The way promised is dear; a unit less of each would do, but one of them in full is enough.
    table, supply, demand = ints([[9, 1], [9, 1]]), ints([6, 6]), ints([12, 3])
    promises = [(0, 0, 6, 0), (1, 0, 6, 0)]
    found = solved((table, supply, demand, ints([2, 1])), promises, 100, False, NetworkSimplex())
    assert sorted(found.kept.tolist()) == [3, 6]
    assert found.flow.tolist() == [3]
