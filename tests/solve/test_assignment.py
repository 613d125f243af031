"""Assignment: seen where quantities are one to one, and the same optimum as a flow and as brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchopt.arrays import FORBIDDEN
from matchopt.errors import SolverError
from matchopt.solve import flow as back_ends
from matchopt.solve.assignment import assign
from matchopt.solve.flow import NetworkX, OrTools
from matchopt.solve.potentials import certify
from matchopt.solve.tiers import coverage_first, total_cost
from matchopt.solve.transport import Transport


def ints(values):
    return np.array(values, dtype=np.int64)


def transport(supply, demand, arcs, spare, unmet):
    tail, head, cost = (ints(column) for column in (zip(*arcs, strict=True) if arcs else ([], [], [])))
    return Transport(ints(supply), ints(demand), tail, head, cost, ints(spare), ints(unmet))


def leaving(draw, count, may):
    """Costs of leaving units: few different ones, so that there are ties."""
    choice = st.sampled_from((-2, 0, 0, 0, 3, FORBIDDEN)) if may else st.just(FORBIDDEN)
    return draw(st.lists(choice, min_size=count, max_size=count))


@st.composite
def one_to_one(draw):
    """Problems of single units, now and then two, whose smaller side must be used whole."""
    whole, other = sorted((draw(st.integers(1, 5)), draw(st.integers(1, 5))))
    m, n = draw(st.permutations((whole, other)))
    units = st.sampled_from((1, 1, 1, 1, 1, 2))
    supply, demand = ([draw(units) for _ in range(k)] for k in (m, n))
    costs, admitted = st.one_of(st.just(0), st.integers(-4, 9)), st.sampled_from((True, True, True, False))
    pairs = draw(st.permutations(list(itertools.product(range(m), range(n)))))
    arcs = [(*pair, draw(costs)) for pair in pairs if draw(admitted)]
    spare, unmet = leaving(draw, m, m >= n), leaving(draw, n, n > m)
    return transport(supply, demand, arcs, spare, unmet)


def value(problem, flow):
    """Cost of `flow` in whole numbers of any size, after a look at whether it is allowed."""
    sent = np.bincount(problem.tail, flow, len(problem.supply)).astype(np.int64)
    met = np.bincount(problem.head, flow, len(problem.demand)).astype(np.int64)
    spare, unmet = problem.supply - sent, problem.demand - met
    assert min(flow.min(initial=0), spare.min(), unmet.min()) >= 0
    assert not spare[problem.spare_cost == FORBIDDEN].any()
    assert not unmet[problem.unmet_cost == FORBIDDEN].any()
    return sum(
        product(price, amount)
        for price, amount in ((problem.cost, flow), (problem.spare_cost, spare), (problem.unmet_cost, unmet))
    )


def product(price, amount):
    """Σ price · amount in whole numbers of any size."""
    return sum(p * q for p, q in zip(price.tolist(), amount.tolist(), strict=True))


def check_prices(problem, flow):
    prices = certify(problem, flow)
    reduced = problem.cost - prices.supply_price[problem.tail] - prices.demand_price[problem.head]
    assert (reduced >= 0).all()
    assert (prices.supply_price <= problem.spare_cost).all()
    assert (prices.demand_price <= problem.unmet_cost).all()
    dual = product(prices.supply_price, problem.supply) + product(prices.demand_price, problem.demand)
    assert dual == value(problem, flow)


@settings(max_examples=600)
@given(one_to_one())
def test_assignment_and_flows_agree_and_prices_prove_it(problem):
    found = assign(problem)
    try:
        best = value(problem, NetworkX().flow(problem))
    except SolverError:
        assert found is None
        with pytest.raises(SolverError):
            OrTools().flow(problem)
        return
    flow = OrTools().flow(problem)
    assert value(problem, flow) == value(problem, OrTools().min_cost_flow(problem)) == best
    check_prices(problem, flow)
    if found is not None:
        assert found.tolist() == flow.tolist()


@settings(max_examples=200)
@given(st.integers(1, 5), st.data())
def test_a_square_of_single_units_is_seen_and_solved_as_by_trying_all_ways(size, data):
    cost = ints([[data.draw(st.integers(0, 4)) for _ in range(size)] for _ in range(size)])
    arcs = [(i, j, cost[i, j]) for i in range(size) for j in range(size)]
    one, no = [1] * size, [FORBIDDEN] * size
    problem = transport(one, one, arcs, [0] * size if data.draw(st.booleans()) else no, no)
    flow = assign(problem)
    assert flow is not None
    best = min(cost[range(size), order].sum() for order in itertools.permutations(range(size)))
    assert value(problem, flow) == best
    check_prices(problem, flow)


@pytest.mark.parametrize(
    ("supply", "demand", "spare", "unmet", "seen"),
    [
        ([1, 1], [1, 1], [FORBIDDEN] * 2, [FORBIDDEN] * 2, True),
        ([1, 1], [1, 1], [0, 0], [FORBIDDEN] * 2, True),
        ([1, 1], [1, 1], [FORBIDDEN] * 2, [7, 7], True),
        ([1, 1, 1], [1, 1], [0, 4, FORBIDDEN], [FORBIDDEN] * 2, True),
        ([1, 1], [1, 1, 1], [FORBIDDEN] * 2, [0, 4, FORBIDDEN], True),
        ([1, 1], [2], [FORBIDDEN] * 2, [FORBIDDEN], True),
        # Both sides may be left: how many are matched is open.
        ([1, 1], [1, 1], [0, 0], [7, 7], False),
        # Larger quantities are what flows are for.
        ([9, 9], [9, 9], [FORBIDDEN] * 2, [FORBIDDEN] * 2, False),
        # So are partners for very many units too many.
        ([1] * 9, [1, 1], [0] * 9, [FORBIDDEN] * 2, False),
        # More demand than supply, but none may be left.
        ([1], [1, 1], [FORBIDDEN], [FORBIDDEN] * 2, False),
    ],
)
def test_which_problems_are_one_to_one(supply, demand, spare, unmet, seen):
    arcs = [(i, j, 3 * i + j) for i in range(len(supply)) for j in range(len(demand))]
    problem = transport(supply, demand, arcs, spare, unmet)
    found = assign(problem)
    assert (found is not None) == seen
    if seen:
        assert value(problem, found) == value(problem, NetworkX().flow(problem))


def test_nobody_to_be_assigned_is_left_to_the_flow_to_tell():
    no = [FORBIDDEN] * 2
    stuck = transport([1, 1], [1, 1], [(0, 0, 1), (1, 0, 1)], no, no)
    assert assign(stuck) is None
    with pytest.raises(SolverError):
        OrTools().flow(stuck)


def test_of_two_arcs_between_the_same_two_the_cheaper_counts():
    no = [FORBIDDEN] * 2
    arcs = [(0, 0, 5), (0, 0, 2), (0, 1, 9), (1, 0, 9), (1, 1, 3), (1, 1, 3)]
    problem = transport([1, 1], [1, 1], arcs, no, no)
    flow = assign(problem)
    assert flow.tolist()[:4] == [0, 1, 0, 0]
    assert value(problem, flow) == 5


def test_a_class_of_two_is_two_units():
    arcs = [(0, 0, 4), (0, 1, 1), (0, 2, 2), (1, 0, 3), (1, 1, 3), (1, 2, 9)]
    problem = transport([2, 1], [1, 1, 1], arcs, [FORBIDDEN] * 2, [FORBIDDEN] * 3)
    flow = assign(problem)
    assert flow.tolist() == [0, 1, 1, 1, 0, 0]
    check_prices(problem, flow)


@pytest.mark.parametrize("large", [2**40, 2**53 + 1, 2**58])
def test_large_costs_stay_exact_to_the_last_unit(large):
    # As floats the two ways would cost the same from 2**53 on.
    arcs = [(0, 0, large), (0, 1, large), (1, 0, large + 1), (1, 1, large)]
    problem = transport([1, 1], [1, 1], arcs, [FORBIDDEN] * 2, [FORBIDDEN] * 2)
    flow = OrTools().flow(problem)
    assert flow.tolist() == [1, 0, 0, 1]
    assert value(problem, flow) == 2 * large


def test_costs_too_large_to_be_scaled_are_left_to_the_flow():
    arcs = [(0, 0, 2**61)]
    assert assign(transport([1], [1], arcs, [FORBIDDEN], [FORBIDDEN])) is None


def test_the_cross_check_does_not_use_the_assignment(monkeypatch):
    problem = transport([1], [1], [(0, 0, 3)], [FORBIDDEN], [FORBIDDEN])

    def refuse(_):
        raise AssertionError

    monkeypatch.setattr(back_ends, "assign", refuse)
    assert NetworkX().flow(problem).tolist() == [1]
    with pytest.raises(AssertionError):
        OrTools().flow(problem)


def markets(largest):
    """Tables of costs, with who is not admitted, and tiers, of one unit each."""
    cell = st.one_of(st.just(FORBIDDEN), st.integers(0, 5))
    return st.tuples(st.integers(1, largest), st.integers(1, largest)).flatmap(
        lambda size: st.tuples(
            st.lists(st.lists(cell, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]),
            st.lists(st.sampled_from((1, 3, 5)), min_size=size[1], max_size=size[1]),
        )
    )


def outcome(table, tier, backend, by_tier):
    """Served per tier and cost, or total cost, of the best plan of a market of single units."""
    one = [np.ones(size, dtype=np.int64) for size in table.shape]

    def cost(rows, columns):
        return table[rows, columns]

    if not by_tier:
        found = total_cost(cost, *one, tier, backend)
        return int(table[found.tail, found.head] @ found.flow + tier.sum() - tier[found.head] @ found.flow)
    found = coverage_first(cost, *one, tier, backend)
    served = np.bincount(tier[found.head], found.flow, 6)
    return (*served.astype(int).tolist(), int(table[found.tail, found.head] @ found.flow))


@settings(max_examples=200)
@given(markets(7), st.booleans(), st.randoms(use_true_random=False))
def test_plans_agree_with_the_cross_check_whatever_the_order_of_rows(market, by_tier, random):
    table, tier = (ints(part) for part in market)
    best = outcome(table, tier, OrTools(), by_tier)
    assert outcome(table, tier, NetworkX(), by_tier) == best
    rows, columns = (random.sample(range(size), size) for size in table.shape)
    assert outcome(table[np.ix_(rows, columns)], tier[columns], OrTools(), by_tier) == best


def test_coverage_first_assigns_where_everybody_is_needed(monkeypatch):
    random = np.random.default_rng(7)
    table = random.integers(0, 1000, (40, 40))
    used = []

    def watched(problem):
        used.append(assign(problem) is not None)
        return assign(problem)

    monkeypatch.setattr(back_ends, "assign", watched)
    served = outcome(table, ints([1] * 20 + [5] * 20), OrTools(), True)
    assert served[1:6:4] == (20, 20)
    assert any(used)
