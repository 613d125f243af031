"""Transport problems: three solvers and brute force agree, and prices prove what they found."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchopt.errors import SolverError
from matchopt.solve.flow import BACKENDS, NetworkX, OrTools
from matchopt.solve.potentials import certify
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.transport import Transport


def ints(values):
    return np.array(values, dtype=np.int64)


def transport(supply, demand, arcs, spare, unmet):
    tail, head, cost = (ints(column) for column in (zip(*arcs, strict=True) if arcs else ([], [], [])))
    return Transport(ints(supply), ints(demand), tail, head, cost, ints(spare), ints(unmet))


@st.composite
def problems(draw):
    supply = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    demand = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    pairs = list(itertools.product(range(len(supply)), range(len(demand))))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=5))
    arcs = [(i, j, draw(st.integers(0, 6))) for i, j in chosen]
    spare = draw(st.lists(st.integers(0, 2), min_size=len(supply), max_size=len(supply)))
    unmet = draw(st.lists(st.integers(0, 8), min_size=len(demand), max_size=len(demand)))
    return transport(supply, demand, arcs, spare, unmet)


def value(problem, flow):
    sent = np.bincount(problem.tail, flow, len(problem.supply))
    met = np.bincount(problem.head, flow, len(problem.demand))
    assert (sent <= problem.supply).all()
    assert (met <= problem.demand).all()
    assert (flow >= 0).all()
    spare, unmet = problem.supply - sent, problem.demand - met
    return int(problem.cost @ flow + problem.spare_cost @ spare + problem.unmet_cost @ unmet)


def brute_force(problem):
    best = None
    most = [
        min(problem.supply[i], problem.demand[j]) for i, j in zip(problem.tail, problem.head, strict=True)
    ]
    for flow in itertools.product(*(range(m + 1) for m in most)):
        flow = ints(flow)
        sent = np.bincount(problem.tail, flow, len(problem.supply))
        met = np.bincount(problem.head, flow, len(problem.demand))
        if (sent <= problem.supply).all() and (met <= problem.demand).all():
            found = value(problem, flow)
            best = found if best is None else min(best, found)
    return best


@settings(max_examples=300, deadline=None)
@given(problems())
def test_solvers_and_brute_force_agree_and_prices_prove_it(problem):
    best = brute_force(problem)
    for backend in BACKENDS.values():
        found = backend.solve(problem)
        assert value(problem, found.flow) == best
        prices = found.certificate
        assert (prices.supply_price <= problem.spare_cost).all()
        assert (prices.demand_price <= problem.unmet_cost).all()
        reduced = problem.cost - prices.supply_price[problem.tail] - prices.demand_price[problem.head]
        assert (reduced >= 0).all()
        assert prices.supply_price @ problem.supply + prices.demand_price @ problem.demand == best


@st.composite
def one_to_one(draw):
    """Problems of single units, full of ties: what a simplex finds hardest."""
    m, n = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    pairs = list(itertools.product(range(m), range(n)))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=80))
    arcs = [(i, j, draw(st.integers(0, 3))) for i, j in chosen]
    unmet = draw(st.lists(st.integers(2, 9), min_size=n, max_size=n))
    return transport([1] * m, [1] * n, arcs, [0] * m, unmet)


@settings(max_examples=200, deadline=None)
@given(one_to_one())
def test_assignments_agree_with_networkx(problem):
    assert value(problem, NetworkSimplex().solve(problem).flow) == value(
        problem, NetworkX().solve(problem).flow
    )


@settings(max_examples=200, deadline=None)
@given(one_to_one(), st.integers(0, 80))
def test_going_on_with_more_arcs_comes_to_the_same(problem, first):
    simplex = NetworkSimplex()
    few = replace(problem, tail=problem.tail[:first], head=problem.head[:first], cost=problem.cost[:first])
    begun = simplex.solve(few)
    kept = begun.tree.flow.copy()
    assert value(problem, simplex.solve(problem, begun.tree).flow) == value(
        problem, simplex.solve(problem).flow
    )
    assert (begun.tree.flow == kept).all()


@settings(max_examples=100, deadline=None)
@given(problems())
def test_the_tree_is_a_tree_and_its_arcs_cost_nothing(problem):
    tree = NetworkSimplex().solve(problem).tree
    m, n = len(problem.supply), len(problem.demand)
    tail = [*range(m), *[m + n] * n, *problem.tail]
    head = [*[m + n] * m, *range(m, m + n), *(problem.head + m)]
    cost = [*problem.spare_cost, *problem.unmet_cost, *problem.cost]
    price = tree.price[tree.anchor] + tree.offset
    for node in range(m + n):
        arc, above = tree.arc[node], tree.parent[node]
        assert (tail[arc], head[arc]) == ((node, above) if tree.up[node] else (above, node))
        assert price[head[arc]] - price[tail[arc]] == cost[arc]
        seen = {node}
        while above >= 0:
            assert above not in seen
            seen.add(above)
            above = tree.parent[above]


def test_a_flow_that_is_not_optimal_has_no_prices():
    problem = transport([1, 1], [1, 1], [(0, 0, 1), (0, 1, 5), (1, 0, 5), (1, 1, 1)], [0, 0], [9, 9])
    crossed = ints([0, 1, 1, 0])
    with pytest.raises(SolverError, match="not optimal"):
        certify(problem, crossed)


def test_quantities_beyond_a_billion_stay_exact():
    huge = 9 * 10**15
    problem = transport([huge, 1], [huge, huge], [(0, 0, 3), (0, 1, 2), (1, 0, 1)], [0, 0], [10**9, 10**9])
    for backend in (NetworkSimplex(), OrTools()):
        found = backend.solve(problem)
        assert found.flow.tolist() == [0, huge, 1]
        check_dual(found.certificate, problem, huge)


def check_dual(prices, problem, huge):
    dual = sum(
        price * amount
        for price, amount in zip(
            [*prices.supply_price.tolist(), *prices.demand_price.tolist()],
            [*problem.supply.tolist(), *problem.demand.tolist()],
            strict=True,
        )
    )
    assert dual == 2 * huge + 1 + 10**9 * (huge - 1)
