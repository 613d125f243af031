"""The ways of a block as the solver asks for them, against all of them looked at one by one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import Floats
from matchopt.model.network import Network, encode
from matchopt.planning import columns as source_module
from matchopt.planning.columns import CLOSE, RouteSource
from matchopt.solve.block import Columns, PricedObjective
from matchopt.tolerances import EQUAL
from profiles import examples
from strategies import SmallCase, drawn, small_cases

TRAVELS = ("days", "hubs", "communities")
PRICES = (0.0, 0.0, 0.1, 0.5, 1.0, 7.3)


def opened(small: SmallCase, *, is_open: bool) -> tuple[Network, RouteSource, int, int, Columns]:
    """Return the source of all parts of a case, the numbers of its donations and needs, and all its ways."""
    network = encode(small.case())
    source = RouteSource(network.parts, network.capacities, network.scale, is_open=is_open)
    m, n = (sum(len(getattr(part, side)) for part in network.parts) for side in ("rows", "columns"))
    ways = source.every(10**9)
    assert ways is not None
    return network, source, m, n, ways


def best_of_pairs(ways: Columns, value: Floats) -> dict[tuple[int, int], float]:
    """Return pair → the best value of its ways; several may be equally good, and only one of them listed."""
    best: dict[tuple[int, int], float] = {}
    for i, j, one in zip(ways.tail, ways.head, value, strict=True):
        best[i, j] = max(best.get((i, j), -np.inf), one)
    return best


def drawn_worth(draw: Callable[..., Any], m: int, n: int, capacities: int) -> PricedObjective:
    def several(values: tuple[float, ...], count: int) -> Floats:
        return np.array(draw(st.lists(st.sampled_from(values), min_size=count, max_size=count)))

    spend = draw(st.sampled_from((0.0, 1.0, 1.0, 1.5, 4.0)))
    return PricedObjective(
        several((0.0, 0.5, 1.0, 10.0, 60.0), n),
        several(PRICES, m),
        several(PRICES, capacities),
        spend,
        draw(st.sampled_from((0.0, 1.0))),
    )


@pytest.mark.parametrize("pairs", [1, 10**6])
@pytest.mark.parametrize("is_open", [False, True])
def test_what_the_solver_is_told_is_what_all_ways_say(pairs: int, is_open: bool) -> None:
    @examples(0.1)
    @given(st.data(), small_cases(always=(*TRAVELS, "capacities")))
    def told(data: st.DataObject, small: SmallCase) -> None:
        network, source, m, n, ways = opened(small, is_open=is_open)
        objective = drawn_worth(data.draw, m, n, len(network.capacities) if is_open else 0)
        gain = ways.gain(objective)
        check_excess(source, ways, objective, gain, n)
        granule = np.concatenate([np.zeros(0), *(part.granule for part in network.parts)])
        granule /= network.scale.unit
        check_promising(source, ways, objective, gain, 2 * CLOSE * max(1.0, objective.spend) * granule)
        check_near(source, ways, objective, gain, data.draw(st.sampled_from((0.0, 0.0123, 1.01, 20.02))))
        check_cheapest(source, ways)
        check_around(source, ways)
        check_route(source, ways)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_PAIRS", pairs)
        told()


def check_excess(
    source: RouteSource, ways: Columns, objective: PricedObjective, gain: Floats, n: int
) -> None:
    """Return the best gain of each need exactly, whatever unit costs are rounded to."""
    expected = np.zeros(n)
    np.maximum.at(expected, ways.head, gain / ways.served)
    assert source.excess(objective) == pytest.approx(expected, abs=1e-9)


def check_promising(
    source: RouteSource, ways: Columns, objective: PricedObjective, gain: Floats, rounding: Floats
) -> None:
    best = best_of_pairs(ways, gain)
    for count in (1, 3):
        found = source.promising(objective, count)
        gains = found.gain(objective)
        assert (gains > EQUAL).all()
        assert all(
            abs(gained - best[i, j]) <= rounding[i]
            for i, j, gained in zip(found.tail, found.head, gains, strict=True)
        )
        # Who gains more than what rounding can hide has a way among them.
        plenty = gain > rounding[ways.tail]
        assert np.isin(ways.head[plenty], found.head).all()
        assert np.isin(ways.tail[plenty], found.tail).all()


def check_near(
    source: RouteSource, ways: Columns, objective: PricedObjective, gain: Floats, loss: float
) -> None:
    found = source.near(objective, loss, 10**9)
    assert found is not None
    wanted = ways.key[gain >= -loss - EQUAL]
    assert sorted(found.key) == sorted(wanted)
    if len(wanted):
        assert source.near(objective, loss, len(wanted) - 1) is None


def check_cheapest(source: RouteSource, ways: Columns) -> None:
    best = best_of_pairs(ways, -ways.spend - ways.unbudgeted)
    found, everything = source.cheapest(1), source.cheapest(10**6)
    for some in (found, everything):
        costs = some.spend + some.unbudgeted
        pairs = zip(some.tail, some.head, strict=True)
        assert costs == pytest.approx([-best[pair] for pair in pairs])
    assert set(zip(everything.tail, everything.head, strict=True)) == set(best)
    assert set(found.head) == set(ways.head)
    for gift in np.unique(ways.tail):
        least = -max(value for (i, _), value in best.items() if i == gift)
        assert (found.spend + found.unbudgeted)[found.tail == gift].min() == pytest.approx(least)


def check_around(source: RouteSource, ways: Columns) -> None:
    some = np.arange(0, len(ways), 3)
    pairs = np.unique(np.stack([ways.tail[some], ways.head[some]]), axis=1)
    found = source.around(pairs[0], pairs[1])
    chosen = set(zip(*pairs.tolist(), strict=True))
    expected = [key for key, i, j in zip(ways.key, ways.tail, ways.head, strict=True) if (i, j) in chosen]
    assert sorted(found.key) == sorted(expected)


def check_route(source: RouteSource, ways: Columns) -> None:
    """A way read back from its key costs what it did."""
    seen = np.zeros(len(ways), dtype=int)
    for part, own, row, _, way in source.route(ways):
        seen[own] += 1
        granule = part.granule[row] / source._scale.unit
        cost = way.unit_cost.sum(axis=1) / 10_000 * granule
        assert cost == pytest.approx(ways.spend[own] + ways.unbudgeted[own])
    assert (seen == 1).all()
    assert len(np.unique(ways.key)) == len(ways)


def test_more_ways_than_asked_for_are_not_listed() -> None:
    for small in drawn(0.05, 4):
        _, source, _, _, ways = opened(small, is_open=True)
        again = source.every(len(ways))
        assert again is not None
        assert len(again) == len(ways)
        if len(ways):
            assert source.every(len(ways) - 1) is None
