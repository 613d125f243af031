"""All ways of a pair: none is missing, each costs and loads what it should, and the cheapest is found."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.arrays import FORBIDDEN, Floats, Ints
from matchopt.model.linking import Capacities
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import Network, Part, encode
from matchopt.model.routes import ScheduledRoutes
from matchopt.model.scheduled_routes import ArrivalPrices, CapacityPrices
from profiles import examples
from small_case import SmallCase
from strategies import small_cases

PRICES = (0.0, 0.0, 0.1, 0.5, 1.0, 2.5, 7.0)
TRAVELS = ("days", "hubs", "lanes", "lead times", "communities", "agreements", "capacities")
FIRST_ORDINAL = pd.Timestamp("1970-01-01").toordinal()


@examples(0.3)
@given(st.data(), st.integers(1, 9), st.integers(-3, 3))
def test_waiting_is_least_over_all_arrivals_and_nights(data: st.DataObject, days: int, start: int) -> None:
    prices = st.lists(st.sampled_from(PRICES), min_size=days, max_size=days)
    enter, night = np.array(data.draw(prices)), np.array(data.draw(prices))
    spans = [(a, b, leave) for a in range(days) for b in range(a, days) for leave in range(-2, days + 3)]
    first, last, leave = (np.array(column) + start for column in zip(*spans, strict=True))
    price, day = ArrivalPrices(enter, night, start).least(first, last, leave)
    for k, (a, b, c) in enumerate(spans):
        every = {d: enter[d] + night[d : max(min(c, days), d)].sum() for d in range(a, b + 1)}
        assert price[k] == pytest.approx(min(every.values()), abs=1e-12)
        assert every[day[k] - start] == pytest.approx(min(every.values()), abs=1e-12)


def every_pair(case: matchopt.Case) -> Iterator[tuple[Network, Part, Ints, Ints]]:
    """Yield the parts of the network with the rows and columns of their admitted pairs."""
    network = encode(case)
    for part in network.parts:
        rows, columns = np.arange(len(part.rows)), np.arange(len(part.columns))
        row, column = np.nonzero(part.costs(rows[:, None], columns) < FORBIDDEN)
        if len(row):
            yield network, part, row, column


@examples(0.2)
@given(small_cases(always=TRAVELS))
def test_each_way_is_legal_and_no_legal_way_is_better(small: SmallCase) -> None:
    """Each route of the oracle is matched by a way that costs no more and loads nothing else."""
    rules, case = small.rules(), small.case()
    for network, part, row, column in every_pair(case):
        pair, way = part.options.every(row, column)
        loads = part.options.loads(way, row[pair], column[pair])
        uses: list[Counter[tuple[object, ...]]] = [Counter() for _ in range(len(pair))]
        for which, resource in zip(loads.which, loads.row, strict=True):
            uses[which][resource_name(network.capacities, resource)] += 1
        shown = network.calendar.dates
        days = [pd.DatetimeIndex(shown(d)) for d in (way.pickup, way.arrival, way.delivery)]
        for k in range(len(row)):
            i = network.donations.row[network.donations.start[part.rows[row[k]]]]
            j = network.needs.row[network.needs.start[part.columns[column[k]]]]
            routes = {(r.hub, r.pickup, r.arrival, r.delivery, r.storage_days): r for r in rules.routes[i, j]}
            mine = np.flatnonzero(pair == k).tolist()
            for w in mine:
                hub = "" if way.hub[w] < 0 else network.hubs.names[way.hub[w]]
                on = (None if pd.isna(day[w]) else day[w].date() for day in days)
                route = routes[(hub, *on, way.stay[w])]
                assert tuple(way.unit_cost[w].tolist()) in route.splits
                assert uses[w] == Counter(route.uses)
            for route in routes.values():
                assert any(
                    way.unit_cost[w].sum() <= route.unit_cost and uses[w] <= Counter(route.uses) for w in mine
                )


def resource_name(capacities: Capacities, row: int) -> tuple[object, ...]:
    """Return a capacity as the oracle names it."""
    side, name, to, day = (getattr(capacities, column)[row] for column in ("side", "name", "to", "day"))
    return (side, name, to) if side in ("lane", "agreement") else (side, name, _day(day))


def _day(day: int) -> int:
    return int(day) + FIRST_ORDINAL if day else 0


@examples(0.2)
@given(st.data(), small_cases(always=TRAVELS))
def test_least_is_the_cheapest_of_all_ways_at_any_prices(data: st.DataObject, small: SmallCase) -> None:
    case = small.case()
    for network, part, row, column in every_pair(case):
        capacities = network.capacities
        row_price = np.array(
            data.draw(st.lists(st.sampled_from(PRICES), min_size=len(capacities), max_size=len(capacities)))
        )
        prices = CapacityPrices(row_price, data.draw(st.sampled_from((0.0, 1.0, 1.0, 2.5))))
        cost, hub, arrival = part.options.least(row, column, prices)
        pair, way = part.options.every(row, column)
        every = priced(part, way, row[pair], column[pair], prices)
        for k in range(len(row)):
            assert cost[k] == pytest.approx(every[pair == k].min(), abs=1e-9 * (1 + abs(cost[k])))
        # The way named is the one that was priced.
        named = part.options.route(row, column, hub, arrival)
        assert priced(part, named, row, column, prices) == pytest.approx(cost, abs=1e-9, rel=1e-9)
        known = {
            tuple(w) for w in np.stack([pair, way.hub, way.arrival, way.stay, way.pickup], axis=1).tolist()
        }
        chosen = np.stack([np.arange(len(row)), hub, arrival, named.stay, named.pickup], axis=1)
        assert {tuple(w) for w in chosen.tolist()} <= known


def priced(part: Part, way: ScheduledRoutes, row: Ints, column: Ints, prices: CapacityPrices) -> Floats:
    """Return what one unit over each way costs before rounding, with its loads at their prices."""
    router, items = part._router, part._router.terms.items
    pairs = part._sides.pairs(row, column)
    parts = []
    for k, h in enumerate(way.hub):
        one = pairs.take(np.array([k]))
        if h < 0:
            parts.append(float(router.direct_cost(one)[0]))
            continue
        days = float(way.stay[k] * router.hubs.storage[h])
        parts.append(float(items.weight[one.item][0] * (router.hub_rate(one, h)[0] + days)))
    cost = prices.cost * (np.array(parts) + np.broadcast_to(router.pair_cost(pairs), len(row)))
    loads = part.options.loads(way, row, column)
    return cost + np.bincount(loads.which, loads.kg * prices.row[loads.row], minlength=len(row))


@examples(0.1)
@given(small_cases(always=("days", "hubs", "lanes", "lead times")))
def test_without_prices_the_least_way_is_the_cheapest_route(small: SmallCase) -> None:
    for network, part, row, column in every_pair(small.case()):
        free = CapacityPrices(np.zeros(len(network.capacities)), 1.0)
        cost, _, _ = part.options.least(row, column, free)
        rounded = part.costs(row, column) / MONEY_SCALE - part.unbudgeted(row, column)
        assert np.abs(cost - rounded).max() <= 1.01 / MONEY_SCALE


def one_hub(**hub: object) -> matchopt.Case:
    """A donation that is there on days 1 to 3, a need on days 3 and 5, and a hub a day from both."""
    return matchopt.Case.from_frames(
        needs=pd.DataFrame(
            {
                "need_id": ["n"],
                "community": ["A"],
                "item": ["rice"],
                "quantity": [9],
                "needed_from": ["2026-03-04"],
                "needed_by": ["2026-03-05"],
            }
        ),
        donations=pd.DataFrame(
            {
                "donation_id": ["d"],
                "item": ["rice"],
                "quantity": [9],
                "origin": ["Farm"],
                "available_from": ["2026-03-01"],
                "available_until": ["2026-03-03"],
            }
        ),
        settings={"horizon": {"start": "2026-03-01"}},
        hubs=pd.DataFrame({"hub": ["H"]} | {name: [value] for name, value in hub.items()}),
        lanes=pd.DataFrame(
            {
                "from_place": ["Farm", "H"],
                "to_place": ["H", "A"],
                "distance_km": [1, 1],
                "lead_days": [1, 1],
                "capacity_kg": [100, None],
            }
        ),
    )


@pytest.mark.parametrize(
    ("hub", "days"),
    [
        ({}, [(3, 0)]),
        ({"throughput_capacity": 5}, [(2, 1), (3, 0), (4, 0)]),
        ({"storage_capacity": 5}, [(2, 1), (3, 0), (4, 0)]),
    ],
)
def test_days_matter_only_where_a_hub_has_capacities_by_day(
    hub: dict[str, int], days: list[tuple[int, int]]
) -> None:
    ((network, part, row, column),) = every_pair(one_hub(**hub))
    _, way = part.options.every(row, column)
    first = pd.Timestamp("2026-03-01").toordinal() - FIRST_ORDINAL - 1
    assert [(a - first, n) for a, n in zip(way.arrival, way.stay, strict=True)] == days
    assert (way.delivery - way.arrival - way.stay == 1).all()
    assert (way.arrival - way.pickup == 1).all()
    assert network.hubs.names[way.hub].tolist() == ["H"] * len(days)


@pytest.mark.parametrize("weight", [0, 1])
def test_other_days_than_the_best_are_open_where_capacities_bear_on_the_pair(weight: int) -> None:
    small = SmallCase(
        {
            "items": [{"item": "rice", "weight_kg": weight}],
            "needs": [{"need_id": "n", "community": "C1", "item": "rice", "quantity": 1}],
            "donations": [
                {"donation_id": "d", "item": "rice", "quantity": 1, "available_from": "2026-03-01"}
                | {"available_until": "2026-03-03"}
            ],
            "hubs": [{"hub": "H", "throughput_capacity": 5}],
        },
        {"horizon": {"start": "2026-03-01", "end": "2026-03-09"}},
    )
    ((_, part, row, column),) = every_pair(small.case())
    route = part.cheapest_routes(row, column)
    assert part.options.loaded(row, column).tolist() == [bool(weight)]
    for later, fits in ((0, True), (1, bool(weight)), (9, False)):
        days = route.pickup + later, route.arrival + later, route.delivery + later
        assert part.options.open_to(row, column, route.hub, days)[0].tolist() == [fits]
