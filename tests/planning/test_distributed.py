"""The search for pairs: block by block it finds what it finds at once; and both what there is to find."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.arrays import FORBIDDEN, CandidateArcs, Ints
from matchopt.model import pair_costs
from matchopt.model.network import encode
from matchopt.model.pair_costs import PairCosts
from matchopt.planning import distributed
from matchopt.planning.distributed import DistributedOracle
from profiles import examples
from strategies import small_cases

PricedOracle = tuple[PairCosts, Ints, Ints, Ints]
"""An oracle, all its costs, and prices of supplies and demands."""


def listed(found: CandidateArcs | None) -> tuple[list[int], list[int], list[int]]:
    assert found is not None
    return found.row.tolist(), found.column.tolist(), found.cost.tolist()


@st.composite
def priced_oracles(draw: st.DrawFn) -> PricedOracle | None:
    """An oracle of a random case, and prices near its costs."""
    parts = encode(draw(small_cases()).case()).parts
    if not parts:
        return None
    part = draw(st.sampled_from(parts))
    rows, columns = len(part.rows), len(part.columns)
    cost = part.costs(np.arange(rows)[:, None], np.arange(columns))
    prices = sorted({0, *cost[cost < FORBIDDEN].tolist()})
    price = st.sampled_from(prices)
    supply = np.array(draw(st.lists(price, min_size=rows, max_size=rows)), dtype=np.int64) // 2
    demand = np.array(draw(st.lists(price, min_size=columns, max_size=columns)), dtype=np.int64)
    return part.oracle, cost, supply, demand


@examples(0.2)
@given(priced_oracles(), st.sampled_from((0, 500, FORBIDDEN)), st.integers(1, 3), st.data())
def test_blocks_find_what_the_whole_finds(
    priced: PricedOracle | None, limit: int, hands: int, data: st.DataObject
) -> None:
    if priced is None:
        return
    oracle, _, supply, demand = priced
    partners = np.full(len(supply), hands), np.full(len(demand), hands)
    rise = (
        np.full(len(supply), 3),
        np.array(
            data.draw(st.lists(st.sampled_from((-9, 0, 5)), min_size=len(demand), max_size=len(demand)))
        ),
    )
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as executor:
        patch.setattr(distributed, "BLOCK", 1)
        blocks = DistributedOracle(oracle, executor)
        assert listed(blocks.best(supply, demand, limit, partners)) == listed(
            oracle.best(supply, demand, limit, partners)
        )
        assert listed(blocks.below(supply, demand, limit, rise, 4)) == listed(
            oracle.below(supply, demand, limit, rise, 4)
        )
        assert blocks.alike().tolist() == oracle.alike().tolist()
        some = np.arange(len(demand))[::2]
        few = supply, demand[some], limit, (partners[0], partners[1][some])
        assert listed(blocks.of(some).best(*few)) == listed(oracle.of(some).best(*few))


@examples(0.2)
@given(priced_oracles(), st.sampled_from((0, 500, FORBIDDEN)), st.integers(-1, 4))
def test_what_is_found_is_what_looking_at_every_pair_finds(
    priced: PricedOracle | None, limit: int, slack: int
) -> None:
    if priced is None:
        return
    oracle, cost, supply, demand = priced
    reduced = cost - supply[:, None] - demand
    pays = (cost < FORBIDDEN) & (reduced < limit)
    rise = np.arange(len(supply)) % 3, np.arange(len(demand)) % 4
    moved = rise[0][:, None] + rise[1] > slack
    found = oracle.below(supply, demand, limit, rise, slack)
    assert found is not None
    pairs = sorted(zip(found.row, found.column, strict=True))
    assert pairs == list(zip(*np.nonzero(pays & moved), strict=True))
    assert (found.cost == cost[found.row, found.column]).all()
    one = np.ones_like(supply), np.ones_like(demand)
    best = oracle.best(supply, demand, limit, one)
    assert pays[best.row, best.column].all()
    assert (best.cost == cost[best.row, best.column]).all()
    for axis, side in ((1, best.row), (0, best.column)):
        lowest = np.where(pays, reduced, FORBIDDEN).min(axis=axis)
        for owner in np.flatnonzero(lowest < FORBIDDEN):
            mine = side == owner
            assert reduced[best.row[mine], best.column[mine]].min() == lowest[owner]


def crowd(donations: int = 20, needs: int = 40) -> matchopt.Case:
    """Return a case in which everybody may serve everybody, and no two needs are alike."""
    name = [f"c{k}" for k in range(needs)]
    gifts = {"donation_id": [f"d{k}" for k in range(donations)], "item": "rice", "quantity": 5}
    wants = {"need_id": [f"n{k}" for k in range(needs)], "item": "rice", "quantity": 3}
    places = {"community": name, "latitude": 31.0, "longitude": np.arange(needs) / 9}
    return matchopt.Case.from_frames(
        needs=pd.DataFrame(wants | {"community": name}),
        donations=pd.DataFrame(gifts | {"origin": name[:donations]}),
        communities=pd.DataFrame(places),
    )


def test_pairs_too_many_to_list_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    part = encode(crowd()).parts[0]
    rows, columns = len(part.rows), part.oracle.alike().max() + 1
    oracle = part.oracle.of(np.arange(columns))
    still = np.zeros(rows, dtype=np.int64), np.zeros(columns, dtype=np.int64)
    all_pairs = oracle.below(*still, FORBIDDEN, still, -1)
    assert all_pairs is not None
    assert len(all_pairs.row) > rows + columns
    monkeypatch.setattr(pair_costs, "PAIRS_LISTED", 1)
    monkeypatch.setattr(distributed, "BLOCK", 1)
    assert oracle.below(*still, FORBIDDEN, still, -1) is None
    with ThreadPoolExecutor(1) as executor:
        assert DistributedOracle(oracle, executor).below(*still, FORBIDDEN, still, -1) is None
    # Whoever solves over it all finds the optimum all the same.
    case = crowd()
    assert matchopt.verify(case, matchopt.plan(case)) == ()
