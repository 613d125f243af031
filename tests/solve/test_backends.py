"""Transport problems: three solvers and brute force agree, and prices prove what they found."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import Ints
from matchopt.errors import SolverError
from matchopt.solve.backends import BACKENDS, NetworkX, OrTools, certify
from matchopt.solve.simplex import NetworkSimplex
from matchopt.solve.transport import Certificate, Transport
from profiles import examples

Arc = tuple[int, int, int]
"""Supply, node and cost."""


def ints(values: object) -> Ints:
    return np.array(values, dtype=np.int64)


def transport(
    supply: Sequence[int],
    demand: Sequence[int],
    arcs: Sequence[Arc],
    spare: Sequence[int],
    unmet: Sequence[int],
    limit: Sequence[int] = (),
) -> Transport:
    tail, head, cost = (ints(column) for column in (zip(*arcs, strict=True) if arcs else ([], [], [])))
    return Transport(
        ints(supply),
        ints(demand),
        tail,
        head,
        cost,
        ints(spare),
        ints(unmet),
        np.arange(len(demand)),
        ints(limit),
    )


def stacked(
    supply: Sequence[int],
    asked: Sequence[Sequence[tuple[int, int]]],
    arcs: Sequence[Arc],
    spare: Sequence[int],
    limit: Sequence[int] = (),
) -> Transport:
    """Return a problem whose nodes ask for several quantities: (unmet cost, quantity) each."""
    unmet, demand = zip(*(one for several in asked for one in sorted(several)), strict=True)
    node = np.repeat(np.arange(len(asked)), [len(several) for several in asked])
    return replace(transport(supply, demand, arcs, spare, unmet, limit), node=node)


@st.composite
def with_limits(draw: st.DrawFn, arcs: list[Arc], most: int, costs: int) -> tuple[list[Arc], list[int]]:
    """Return arcs, the first of them limited and maybe gainful, beside unlimited ones of the same pairs."""
    pairs = [(i, j) for i, j, _ in arcs] or [(0, 0)]
    limited = draw(st.lists(st.sampled_from(pairs), max_size=len(pairs)))
    cost = st.integers(-3, costs)
    return [(i, j, draw(cost)) for i, j in limited] + arcs, [draw(st.integers(1, most)) for _ in limited]


@st.composite
def problems(draw: st.DrawFn) -> Transport:
    supply = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    demand = range(draw(st.integers(1, 3)))
    pairs = list(itertools.product(range(len(supply)), range(len(demand))))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=5))
    arcs = [(i, j, draw(st.integers(0, 6))) for i, j in chosen]
    arcs, limit = draw(with_limits(arcs[:3], 2, 6)) if draw(st.booleans()) else (arcs, [])
    spare = draw(st.lists(st.integers(0, 2), min_size=len(supply), max_size=len(supply)))
    one = st.tuples(st.integers(0, 8), st.integers(1, 3))
    asked = [draw(st.lists(one, min_size=1, max_size=3)) for _ in demand]
    return stacked(supply, asked, arcs, spare, limit)


def value(problem: Transport, flow: Ints) -> int:
    sent = np.bincount(problem.tail, flow, len(problem.supply))
    met = np.bincount(problem.head, flow, problem.nodes).astype(int)
    assert (sent <= problem.supply).all()
    assert (met <= problem.asked).all()
    assert (flow >= 0).all()
    assert (flow[: len(problem.limit)] <= problem.limit).all()
    unmet = 0
    for node, left in enumerate(problem.asked - met):
        # The cheapest units stay unmet.
        mine = problem.node == node
        unmet += sum(sorted(np.repeat(problem.unmet_cost[mine], problem.demand[mine]).tolist())[:left])
    return int(problem.cost @ flow + problem.slack_cost @ (problem.supply - sent)) + unmet


def brute_force(problem: Transport) -> int | None:
    best = None
    most = [min(problem.supply[i], problem.asked[j]) for i, j in zip(problem.tail, problem.head, strict=True)]
    most[: len(problem.limit)] = np.minimum(most[: len(problem.limit)], problem.limit).astype(int)
    for amounts in itertools.product(*(range(m + 1) for m in most)):
        flow = ints(amounts)
        sent = np.bincount(problem.tail, flow, len(problem.supply))
        met = np.bincount(problem.head, flow, problem.nodes)
        if (sent <= problem.supply).all() and (met <= problem.asked).all():
            found = value(problem, flow)
            best = found if best is None else min(best, found)
    return best


@examples(2)
@given(problems())
def test_solvers_and_brute_force_agree_and_prices_prove_it(problem: Transport) -> None:
    best = brute_force(problem)
    for backend in BACKENDS.values():
        found = backend.solve(problem)
        assert value(problem, found.flow) == best
        prices = found.certificate
        assert (prices.supply_price <= problem.slack_cost).all()
        assert (prices.demand_price <= problem.unmet_cost).all()
        node_price = prices.demand_price[problem.highest]
        assert (prices.demand_price == np.minimum(node_price[problem.node], problem.unmet_cost)).all()
        reduced = problem.cost - prices.supply_price[problem.tail] - node_price[problem.head]
        limited, others = np.split(reduced, [len(problem.limit)])
        assert (others >= 0).all()
        bound = prices.supply_price @ problem.supply + prices.demand_price @ problem.demand
        assert bound + np.minimum(limited, 0) @ problem.limit == best


@st.composite
def small_quantities(draw: st.DrawFn) -> Transport:
    """Problems of single units, or of a few at several tiers, full of ties: what a simplex finds hardest."""
    m, n, most = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(st.sampled_from((1, 3)))
    pairs = list(itertools.product(range(m), range(n)))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=80))
    arcs = [(i, j, draw(st.integers(0, 3))) for i, j in chosen]
    arcs, limit = draw(with_limits(arcs, most, 3)) if draw(st.booleans()) else (arcs, [])
    supply = draw(st.lists(st.integers(1, most), min_size=m, max_size=m))
    one = st.tuples(st.integers(2, 9), st.integers(1, most))
    asked = [draw(st.lists(one, min_size=1, max_size=most)) for _ in range(n)]
    return stacked(supply, asked, arcs, [0] * m, limit)


@examples(1)
@given(small_quantities())
def test_problems_full_of_ties_agree_with_networkx(problem: Transport) -> None:
    assert value(problem, NetworkSimplex().solve(problem).flow) == value(
        problem, NetworkX().solve(problem).flow
    )


@examples(1)
@given(small_quantities(), st.integers(0, 80))
def test_going_on_with_more_arcs_comes_to_the_same(problem: Transport, first: int) -> None:
    simplex = NetworkSimplex()
    first = max(first, len(problem.limit))
    few = replace(problem, tail=problem.tail[:first], head=problem.head[:first], cost=problem.cost[:first])
    begun = simplex.solve(few)
    assert begun.tree is not None
    kept = begun.tree.flow.copy()
    assert value(problem, simplex.solve(problem, begun.tree).flow) == value(
        problem, simplex.solve(problem).flow
    )
    assert (begun.tree.flow == kept).all()


@examples(1)
@given(small_quantities(), st.data())
def test_going_on_at_other_costs_comes_to_the_same(problem: Transport, data: st.DataObject) -> None:
    simplex = NetworkSimplex()
    begun = simplex.solve(problem)
    cost = ints([data.draw(st.integers(-3, 3)) for _ in problem.cost])
    changed = replace(problem, cost=cost)
    assert value(changed, simplex.solve(changed, begun.tree).flow) == value(
        changed, simplex.solve(changed).flow
    )


@examples(0.5)
@given(problems())
def test_the_tree_is_a_tree_and_its_arcs_cost_nothing(problem: Transport) -> None:
    found = NetworkSimplex().solve(problem)
    tree, m, n, k = found.tree, len(problem.supply), problem.nodes, len(problem.demand)
    assert tree is not None
    tail = [*range(m), *[m] * k, *problem.tail]
    head = [*[n] * m, *problem.node, *problem.head]
    cost = [*problem.slack_cost, *problem.unmet_cost, *problem.cost]
    inner = {place: node for place, node in enumerate(tree.demand.tolist()) if node >= 0}
    price = (tree.price[tree.anchor] + tree.offset).tolist()
    assert inner[m] == n
    assert price[n] == 0
    for node in range(n):
        place = tree.anchor[node]
        if inner.get(place) == node:
            assert tree.offset[node] == 0
            arc, above = tree.arc[place], tree.parent[place]
        else:
            arc, above = tree.hold[node], place
        assert above <= m
        assert (tail[arc], head[arc]) == (above, node)
        assert price[node] - tree.price[above] == cost[arc]
    for i in range(m):
        above, arc = tree.parent[i], tree.arc[i]
        assert (tail[arc], head[arc]) == (i, inner[above])
        assert tree.price[above] - tree.price[i] == cost[arc]
    order, place = [m], tree.after[m]
    while place != m:
        assert tree.before[place] == order[-1]
        # The node above is the last one that is less deep.
        assert tree.depth[place] == tree.depth[tree.parent[place]] + 1
        assert tree.parent[place] == next(p for p in order[::-1] if tree.depth[p] < tree.depth[place])
        order.append(place)
        place = tree.after[place]
    assert sorted(order) == sorted({*range(m), *inner})


def test_a_flow_that_is_not_optimal_has_no_prices() -> None:
    problem = transport([1, 1], [1, 1], [(0, 0, 1), (0, 1, 5), (1, 0, 5), (1, 1, 1)], [0, 0], [9, 9])
    crossed = ints([0, 1, 1, 0])
    with pytest.raises(SolverError, match="not optimal"):
        certify(problem, crossed)


def test_quantities_beyond_a_billion_stay_exact() -> None:
    huge = 9 * 10**15
    problem = transport([huge, 1], [huge, huge], [(0, 0, 3), (0, 1, 2), (1, 0, 1)], [0, 0], [10**9, 10**9])
    for backend in (NetworkSimplex(), OrTools()):
        found = backend.solve(problem)
        assert found.flow.tolist() == [0, huge, 1]
        check_dual(found.certificate, problem, huge)


def check_dual(prices: Certificate, problem: Transport, huge: int) -> None:
    dual = sum(
        price * amount
        for price, amount in zip(
            [*prices.supply_price.tolist(), *prices.demand_price.tolist()],
            [*problem.supply.tolist(), *problem.demand.tolist()],
            strict=True,
        )
    )
    assert dual == 2 * huge + 1 + 10**9 * (huge - 1)
