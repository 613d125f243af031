"""The cheapest day to arrive at a hub: as by trying every day, in memory that grows with the days alone."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import Floats
from matchopt.model import scheduled_routes
from matchopt.model.scheduled_routes import ArrivalPrices

PRICES = st.sampled_from([0.0, 0.0, 0.01, 0.1, 0.25, 1 / 3, 1.0, 7.3])


def by_trying(
    enter: Floats, night: Floats, start: int, first: int, last: int, leave: int
) -> tuple[float, int]:
    until = np.concatenate([[0.0], np.cumsum(night)])
    leave = max(min(leave - start, len(enter)), 0)
    days = range(first - start, last - start + 1)
    return min((enter[day] + (until[max(leave, day)] - until[day]), day + start) for day in days)


@st.composite
def spans(draw: st.DrawFn) -> tuple[Any, ...]:
    days = draw(st.integers(1, 40))
    enter, night = (draw(st.lists(PRICES, min_size=days, max_size=days)) for _ in range(2))
    start = draw(st.integers(-5, 20_000))
    first = draw(st.lists(st.integers(0, days - 1), min_size=1, max_size=12))
    last = [draw(st.integers(day, days - 1)) for day in first]
    leave = [draw(st.integers(-3, days + 3)) for _ in first]
    asked = (np.array(side, dtype=np.int64) + start for side in (first, last, leave))
    return np.array(enter), np.array(night), start, *asked


@given(spans(), st.sampled_from([1, 50, 2**18]))
def test_price_and_day_are_those_of_trying_every_day(drawn: tuple[Any, ...], cells: int) -> None:
    enter, night, start, *asked = drawn
    before, scheduled_routes.CELLS = scheduled_routes.CELLS, cells
    try:
        price, day = ArrivalPrices(enter, night, start).least(*asked)
    finally:
        scheduled_routes.CELLS = before
    found = list(zip(price.tolist(), day.tolist(), strict=True))
    assert found == [
        by_trying(enter, night, start, *(int(n) for n in one)) for one in zip(*asked, strict=True)
    ]


def test_a_century_of_days_takes_a_few_megabytes() -> None:
    days = 36_500
    waiting = ArrivalPrices(np.ones(days), np.full(days, 0.01), 0)
    first, last = np.zeros(20, dtype=np.int64), np.full(20, days - 1)
    tracemalloc.start()
    price, day = waiting.least(first, last, np.arange(20) * 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert day.tolist() == (np.arange(20) * 1000).tolist()
    assert price.tolist() == [1.0] * 20
    assert peak < 30e6
