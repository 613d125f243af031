"""Transport problems: two solvers and brute force agree, and prices prove what they found."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchopt.arrays import FORBIDDEN
from matchopt.errors import SolverError
from matchopt.solve.flow import BACKENDS, NetworkX, OrTools
from matchopt.solve.potentials import certify
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
        flow = backend.flow(problem)
        assert value(problem, flow) == best
        prices = certify(problem, flow)
        assert (prices.supply_price <= problem.spare_cost).all()
        assert (prices.demand_price <= problem.unmet_cost).all()
        reduced = problem.cost - prices.supply_price[problem.tail] - prices.demand_price[problem.head]
        assert (reduced >= 0).all()
        assert prices.supply_price @ problem.supply + prices.demand_price @ problem.demand == best


@pytest.mark.parametrize("backend", [OrTools(), NetworkX()])
def test_impossible_problem_is_an_error_not_a_flow(backend):
    problem = transport([1], [5], [(0, 0, 1)], spare=[FORBIDDEN], unmet=[FORBIDDEN])
    with pytest.raises(SolverError):
        backend.flow(problem)


def test_a_flow_that_is_not_optimal_has_no_prices():
    problem = transport([1, 1], [1, 1], [(0, 0, 1), (0, 1, 5), (1, 0, 5), (1, 1, 1)], [0, 0], [9, 9])
    crossed = ints([0, 1, 1, 0])
    with pytest.raises(SolverError, match="not optimal"):
        certify(problem, crossed)


def test_quantities_beyond_a_billion_stay_exact():
    huge = 9 * 10**15
    problem = transport([huge, 1], [huge, huge], [(0, 0, 3), (0, 1, 2), (1, 0, 1)], [0, 0], [10**9, 10**9])
    flow = OrTools().flow(problem)
    assert flow.tolist() == [0, huge, 1]
    prices = certify(problem, flow)
    dual = sum(
        price * amount
        for price, amount in zip(
            [*prices.supply_price.tolist(), *prices.demand_price.tolist()],
            [*problem.supply.tolist(), *problem.demand.tolist()],
            strict=True,
        )
    )
    assert dual == 2 * huge + 1 + 10**9 * (huge - 1)
