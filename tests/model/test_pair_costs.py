"""What compiled code says of pairs, against all of them looked at one by one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.arrays import FORBIDDEN
from matchopt.errors import CaseError
from matchopt.model.network import Part, encode
from matchopt.model.pair_costs import _roads_from
from matchopt.model.pair_kernels import Roads
from profiles import examples
from small_case import SmallCase
from strategies import small_cases


def parts(case: matchopt.Case) -> list[Part]:
    return [part for part in encode(case).parts if len(part.rows) and len(part.columns)]


@examples(0.4)
@given(st.data(), small_cases())
def test_the_best_pairs_are_found_at_any_prices(data: st.DataObject, small: SmallCase) -> None:
    for part in parts(small.case()):
        m, n = len(part.rows), len(part.columns)
        cost = part.costs(np.arange(m)[:, None], np.arange(n))
        scale = int(cost[cost < FORBIDDEN].max(initial=0)) + 1
        u, v = (
            np.array(data.draw(st.lists(st.integers(-2, 3), min_size=size, max_size=size))) * scale // 3
            for size in (m, n)
        )
        limit = data.draw(st.sampled_from((0, FORBIDDEN)))
        count = data.draw(st.integers(1, 3))
        partners = np.full(m, count), np.full(n, count)
        found = part.oracle.best(u, v, limit, partners)
        value = np.where(cost < FORBIDDEN, cost - u[:, None] - v, FORBIDDEN)
        value[value >= limit] = FORBIDDEN
        chosen = np.full((m, n), False)
        chosen[found.row, found.column] = True
        assert len(found.row) == chosen.sum()
        assert (found.cost == cost[chosen]).all()
        assert (value[chosen] < FORBIDDEN).all()
        for values, mine in ((value, chosen), (value.T, chosen.T)):
            for own, kept in zip(values, mine, strict=True):
                # The best of each is among those found, and of several hands the best of each hand.
                if own.min() < FORBIDDEN:
                    assert own[kept].min() == own.min()
        assert chosen.sum() <= count * (m + n)
        assert found.priced <= m * n
        assert cost[cost < FORBIDDEN].max(initial=0) <= part.oracle.dearest


@examples(0.2)
@given(small_cases(always=("days", "hubs", "lanes", "communities")))
def test_the_hub_named_is_that_of_the_route_priced(small: SmallCase) -> None:
    for part in parts(small.case()):
        rows, columns = np.arange(len(part.rows))[:, None], np.arange(len(part.columns))
        cost = part.costs(rows, columns)
        row, column = np.nonzero(cost < FORBIDDEN)
        way = part.cheapest_routes(row, column)
        assert (way.unit_cost.sum(axis=1) == cost[row, column]).all()


def plain(needs: int, donations: int, **settings: object) -> matchopt.Case:
    """Needs and donations of one item all over a region, more than are looked at one by one."""
    random = np.random.default_rng(5)
    day = pd.Timestamp("2026-03-02")
    return matchopt.Case.from_frames(
        communities=pd.DataFrame(
            {
                "community": [f"c{k}" for k in range(60)],
                "latitude": random.uniform(30, 31, 60),
                "longitude": random.uniform(120, 121, 60),
            }
        ),
        hubs=pd.DataFrame(
            {"hub": ["x", "y", "z"], "latitude": [30.2, 30.5, 30.8], "longitude": [120.3, 120.5, 120.7]}
        ),
        needs=pd.DataFrame(
            {
                "need_id": [f"n{k}" for k in range(needs)],
                "community": [f"c{k}" for k in random.integers(0, 60, needs)],
                "item": "rice",
                "quantity": random.integers(1, 9, needs),
                "priority": random.integers(1, 4, needs),
                "needed_from": (day + pd.to_timedelta(random.integers(0, 9, needs), unit="D")).astype(str),
            }
        ),
        donations=pd.DataFrame(
            {
                "donation_id": [f"d{k}" for k in range(donations)],
                "item": "rice",
                "quantity": random.integers(1, 40, donations),
                "latitude": random.uniform(30, 31, donations),
                "longitude": random.uniform(120, 121, donations),
                "available_until": (day + pd.to_timedelta(random.integers(0, 9, donations), unit="D")).astype(
                    str
                ),
            }
        ),
        settings=settings,
    )


def test_most_pairs_are_never_priced() -> None:
    (part,) = parts(plain(800, 200))
    cost = part.costs(np.arange(len(part.rows))[:, None], np.arange(len(part.columns)))
    rows, columns = cost.shape
    free = np.zeros(rows, dtype=np.int64), np.zeros(columns, dtype=np.int64)
    few = np.full(rows, 2), np.full(columns, 2)
    found = part.oracle.best(*free, FORBIDDEN, few)
    assert found.priced < cost.size / 5
    for j in range(cost.shape[1]):
        assert found.cost[found.column == j].min() == cost[:, j].min()


def test_a_unit_cost_beyond_counting_is_refused() -> None:
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["gold"], "quantity": [1]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["gold"], "quantity": [1], "origin": ["b"]}),
        items=pd.DataFrame({"item": ["gold"], "weight_kg": [2]}),
        lanes=pd.DataFrame({"from_place": ["b"], "to_place": ["a"], "cost_per_kg": [9]}),
    )
    # The check refuses it already, at its row; planning does not rely on that.
    dear = case.table("lanes").assign(cost_per_kg=9e8)
    with pytest.raises(CaseError, match="the cost of one unit"):
        matchopt.plan(replace(case, tables={**case.tables, "lanes": dear}))


def test_the_lanes_of_some_places_are_theirs_in_whatever_order() -> None:
    lanes = np.arange(15.0).reshape(5, 3)
    origins = np.arange(21.0).reshape(3, 7)
    roads = Roads(origins, origins, np.array([0, 2, 2, 5]), np.arange(5), lanes, 0.002, 1.3, True)
    cut = _roads_from(roads, np.array([2, 0, 1]))
    assert cut.start.tolist() == [0, 3, 5, 5]
    assert cut.head.tolist() == [2, 3, 4, 0, 1]
    assert cut.lanes.tolist() == lanes[[2, 3, 4, 0, 1]].tolist()
    assert cut.origins.tolist() == origins[[2, 0, 1]].tolist()
