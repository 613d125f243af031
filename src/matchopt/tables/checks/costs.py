"""Checks of costs: whether what a unit, and a delivery, may cost can be counted exactly.

Looked at is the most that a unit of each donated item may cost: over the longest way, waiting as long as can
be, whatever else would be cheaper. What goes beyond counting so is far beyond all that is real.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from matchopt.arrays import MOST_DECIMALS, Floats
from matchopt.contract.settings import FILE, Settings
from matchopt.language import tr
from matchopt.tables.checks.quantities import LARGEST_TOTAL, counted_decimals, fund_items
from matchopt.tables.typed import Checked, CheckedTables, check

LARGEST_UNIT_COST = 1e9
"""Largest cost of one unit, in currency."""

MONEY_SCALE = 10_000
"""Money is counted in 1/10 000 of the currency."""

EARTH_RADIUS_KM = 6371.0088

ALL = ("needs", "donations", "items", "substitutions", "affinities", "lanes", "hubs", "agreements")
"""Tables that say what things cost, and how much there is."""


class CostShare(NamedTuple):
    """What a cell of a table, or a setting (of the table `FILE`), adds to a cost at most."""

    cost: float
    table: str
    column: str
    at: int = 0


@check("needs", "donations", complete=ALL, settings=True)
def countable_costs(tables: CheckedTables, needs: Checked, donations: Checked, settings: Settings) -> None:
    """Report what can make a unit, or a delivery, cost more than can be counted exactly."""
    per_kg, lane = list(_per_kg(tables, needs, donations, settings)), _lane(tables, needs, donations, 0.0)
    affinity = settings.policy.affinity_weight if "affinities" in tables.checked else 0.0
    identified = max(dict(settings.rates.identification).values())
    stated = CostShare(identified + affinity, FILE, "rates.identification")
    kilogram, most = sum(share.cost for share in per_kg), LARGEST_TOTAL / MONEY_SCALE
    if _surely_countable(tables, donations, kilogram, stated.cost, most / 10**MOST_DECIMALS):
        return  # as good as always: no pair is looked at
    pairs = _pairs(tables, needs, donations)
    carried = np.where(pairs["service"], lane.cost, kilogram)
    unit = pairs["weight"] * carried + pairs["ratio"] * stated.cost + pairs["penalty"]
    most /= 10.0 ** counted_decimals(tables)
    dear = unit > LARGEST_UNIT_COST
    reported = set[tuple[str, str, int]]()
    pair: Any  # a row of `_pairs`
    for pair in pairs.assign(unit=unit, dear=dear)[dear | (unit * pairs["quantity"] > most)].itertuples():
        blamed = CostShare(pair.unit * pair.quantity, "donations", "quantity", int(pair.largest))
        what, limit = tr("a delivery of {item}", item=pair.donated), most
        if pair.dear:
            ways = [lane] if pair.service else per_kg
            blamed = _blamed(tables, pair, ways, stated)
            what, limit = tr("a unit of {item}", item=pair.donated), LARGEST_UNIT_COST
        if blamed[1:] not in reported:
            reported.add(blamed[1:])
            _report(tables, blamed, what, limit)


def _surely_countable(
    tables: CheckedTables, donations: Checked, kilogram: float, stated: float, most: float
) -> bool:
    """Return whether the heaviest item at the largest ratio and penalty, and all of it, can be counted."""
    items, substitutions = tables.get("items"), tables.get("substitutions")
    weight, ratio, penalty = 1.0, 1.0, 1.0
    if items is not None:
        price = items.array("purchase_price")
        weight = max(weight, _most(items.array("weight_kg")))
        ratio = max(ratio, _most(1 / price[price > 0]))
    if substitutions is not None:
        ratio = max(ratio, _most(substitutions.array("ratio")))
        penalty += _most(substitutions.array("penalty"))
    unit = weight * kilogram + ratio * stated + penalty
    return unit <= LARGEST_UNIT_COST and unit * _most(donations.array("quantity")) <= most


def _most(cells: Floats) -> float:
    return float(np.nan_to_num(cells).max(initial=0.0))


def _report(tables: CheckedTables, blamed: CostShare, what: str, most: float) -> None:
    problem = tr(
        "{what} may cost {cost}, beyond {most} of the currency, up to which it can be counted exactly",
        what=what,
        cost=f"{blamed.cost:.4g}",
        most=f"{most:.0e}",
    )
    cure = tr("check weights, distances, quantities and rates")
    if blamed.table == FILE:
        tables.found.error("too_large", FILE, problem, cure, column=blamed.column)
        return
    table = tables.checked[blamed.table]
    cells = table.array(blamed.column)
    where = np.arange(len(cells)) == blamed.at
    tables.error("too_large", table, blamed.column, where, (cells, problem, cure))


def _blamed(tables: CheckedTables, pair: Any, ways: Sequence[CostShare], stated: CostShare) -> CostShare:
    """Return the largest factor of what makes a unit of a pair so dear, with the cost in all."""
    items, way = tables.get("items"), max(ways, key=_cost)
    if max(pair.weight * way.cost, pair.ratio * stated.cost) < pair.penalty:
        blamed = CostShare(0.0, "substitutions", "penalty", int(pair.row))
    elif pair.weight * way.cost >= pair.ratio * stated.cost:
        blamed = way
        if items is not None and pair.weight > way.cost:
            blamed = CostShare(0.0, "items", "weight_kg", int(np.argmax(items.array("item") == pair.donated)))
    elif pair.ratio <= stated.cost:
        blamed = stated
    elif pair.row >= 0:
        blamed = CostShare(0.0, "substitutions", "ratio", int(pair.row))
    else:
        blamed = CostShare(0.0, "items", "purchase_price", int(pair.price))
    return blamed._replace(cost=pair.unit)


def _per_kg(
    tables: CheckedTables, needs: Checked, donations: Checked, settings: Settings
) -> Iterator[CostShare]:
    """Yield what a kilogram may cost at most: its legs, handling, storage, and its transfer."""
    rates, hubs = settings.rates, tables.get("hubs")
    straight = rates.transport_per_kg_km * rates.detour_factor * _span(tables)
    by_lane = _lane(tables, needs, donations, rates.transport_per_kg_km)
    leg = max(by_lane, CostShare(straight, FILE, "rates.transport_per_kg_km"), key=_cost)
    handling = CostShare(rates.handling_direct, FILE, "rates.handling_direct")
    yield leg
    if hubs is not None:
        days = tables.planned_days(settings)
        wait = 0 if days is None else max(0, days.end - days.start)
        yield leg
        yield max(_of_hubs(hubs, "storage_cost", rates.hub_storage, "rates.hub_storage", wait), key=_cost)
        handling = max(
            handling, *_of_hubs(hubs, "handling_cost", rates.hub_handling, "rates.hub_handling"), key=_cost
        )
    yield handling
    agreements = tables.get("agreements")
    if agreements is not None and len(agreements.rows):
        yield _largest(agreements, "transfer_cost", agreements.array("transfer_cost"))


def _cost(share: CostShare) -> float:
    return share.cost


def _of_hubs(
    hubs: Checked, column: str, rate: float, setting: str, times: int = 1
) -> tuple[CostShare, CostShare]:
    """Return the most that hubs say of a cost, and the rate of those that do not."""
    given = hubs.given(column)
    default = CostShare(0.0 if given.all() else rate * times, FILE, setting)
    return _largest(hubs, column, hubs.array(column) * times), default


def _largest(table: Checked, column: str, costs: Floats) -> CostShare:
    costs = np.nan_to_num(costs)
    at = int(costs.argmax())
    return CostShare(float(costs[at]), table.name, column, at)


def _lane(tables: CheckedTables, needs: Checked, donations: Checked, per_km: float) -> CostShare:
    """Return the dearest lane, per kg, of those that lead from donations or hubs to needs or hubs."""
    lanes = tables.get("lanes")
    if lanes is None:
        return CostShare(0.0, FILE, "")
    hubs = tables.names("hubs.hub")
    used = lanes.among("from_place", tables.names("donations.origin") | hubs)
    used &= lanes.among("to_place", tables.names("needs.community") | hubs)
    priced = lanes.given("cost_per_kg")
    costs = np.where(priced, lanes.array("cost_per_kg"), per_km * lanes.array("distance_km"))
    dearest = _largest(lanes, "cost_per_kg", np.where(used, costs, 0.0))
    return dearest if priced[dearest.at] else dearest._replace(column="distance_km")


def _span(tables: CheckedTables) -> float:
    """Return kilometres that no two places of the case are further apart than."""
    places = [tables.checked[name] for name in ("communities", "hubs", "donations") if name in tables.checked]
    wide = []
    for axis in ("latitude", "longitude"):
        degrees = np.concatenate([place.array(axis) for place in places])
        degrees = degrees[~np.isnan(degrees)]
        wide.append(np.radians(degrees.max() - degrees.min()) if len(degrees) else 0.0)
    chord = sum(np.sin(min(angle, np.pi) / 2) ** 2 for angle in wide)
    return float(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(min(chord, 1.0))))


def _pairs(tables: CheckedTables, needs: Checked, donations: Checked) -> pd.DataFrame:
    """Return which donated items serve which that are needed, how well, and how much of it at most.

    Columns: donated, needed, ratio, penalty (of money: itself), row (of substitutions, -1 for none), price
    (row of items that the ratio is of, -1 for none), weight, service, quantity and largest (the row of
    donations that has it).
    """
    items, substitutions = tables.get("items"), tables.get("substitutions")
    offered, asked = _by_item(donations), _by_item(needs)
    same = pd.DataFrame({"donated": offered.index.intersection(asked.index)})
    same["needed"] = same["donated"]
    parts = [same]
    if substitutions is not None:
        columns = {name: substitutions.array(name) for name in ("ratio", "penalty")}
        names = {"donated": substitutions.array("donated_item"), "needed": substitutions.array("need_item")}
        parts.append(pd.DataFrame({**names, **columns, "row": np.arange(len(substitutions.rows))}))
    if items is not None:
        price = items.array("purchase_price")
        bought = pd.DataFrame(
            {
                "needed": items.array("item"),
                "ratio": 1 / price,
                "penalty": 1.0,
                "price": np.arange(len(price)),
            }
        )
        funds = pd.DataFrame({"donated": sorted(fund_items(tables))})
        parts.append(funds.merge(bought[price > 0], how="cross"))
    pairs = pd.concat(parts, ignore_index=True)
    pairs = pairs[pairs["donated"].isin(offered.index) & pairs["needed"].isin(asked.index)]
    pairs = pairs.reindex(columns=["donated", "needed", "ratio", "penalty", "row", "price"])
    pairs = pairs.fillna({"ratio": 1.0, "penalty": 0.0, "row": -1, "price": -1})
    listed = {} if items is None else items.by("item", "weight_kg")
    kinds = {} if items is None else items.by("item", "kind")
    kind = pairs["donated"].map(kinds)
    most = asked["quantity"].reindex(pairs["needed"]).to_numpy() / pairs["ratio"]
    mine = offered.reindex(pairs["donated"])
    return pairs.assign(
        weight=np.where(kind == "funds", 0.0, pairs["donated"].map(listed).fillna(1.0)),
        service=kind == "service",
        quantity=np.minimum(mine["quantity"].to_numpy(), most),
        largest=mine["at"].to_numpy(),
    )


def _by_item(table: Checked) -> pd.DataFrame:
    """Return by item the largest quantity in a row, and which row has it."""
    code, items = table.coded("item")
    quantity = pd.Series(np.nan_to_num(table.array("quantity")))
    at = quantity.groupby(code).idxmax()
    found = {"quantity": quantity[at].to_numpy(), "at": at.to_numpy()}
    return pd.DataFrame(found, index=pd.Index(items[at.index], dtype=object))
