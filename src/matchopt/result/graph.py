"""A plan as a graph of networkx: the flow over its routes and, if asked for, the network it was chosen from.

For whoever is to study or draw a plan with tools of their own; nothing here takes part in planning.
Attributes are plain numbers and texts, so that GraphML can hold them: what is not known is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN
from matchopt.contract.frames import positions
from matchopt.errors import MatchoptError
from matchopt.language import tr
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import Network, Part, encode
from matchopt.model.places import Atlas

if TYPE_CHECKING:
    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan

MOST_PAIRS = 250_000
"""Pairs of a donation and a need that a graph of the whole network looks at: each may take a kB of memory."""

DONATION, NEED, HUB = "donation", "need", "hub"
"""Kinds of node."""

DIRECT, TO_HUB, FROM_HUB, CANDIDATE = "direct", "to hub", "from hub", "candidate"
"""Kinds of arc: the legs of what is planned, and pairs that could be."""

_LAST = ("served", "unit_cost", "cost", "delivery_day")
"""What is told of a line on its last arc, the one into the need."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot hold."""

Edge = tuple[str, str, str, dict[str, Any]]
"""Tail, head, key and attributes of an arc."""


def graph_of(plan: Plan, *, case: bool = False) -> nx.MultiDiGraph[str]:
    """Return the flow of a plan as a graph; see `matchopt.Plan.graph`."""
    summary = plan.summary
    facts = {name: summary[name] for name in ("objective", "currency", "status", "served", "logistics_cost")}
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(**facts, gap=plan.gap)
    for kind, table in _nodes(plan):
        for record in table.to_dict("records"):
            graph.add_node(_node(kind, record["label"]), kind=kind, **_known(record))
    for tail, head, name, attributes in _legs(plan):
        graph.add_edge(tail, head, name, **attributes)
    if case:
        for tail, head, name, attributes in _candidates(plan.case):
            graph.add_edge(tail, head, name, **attributes)
    return graph


def graphml_of(graph: nx.MultiDiGraph[str]) -> str:
    """Return a graph as the text of a GraphML file."""
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *nx.generate_graphml(graph), ""])


def _node(kind: str, name: object) -> str:
    """Return the name of a node: what it is, and its id."""
    return _NO_XML.sub("\ufffd", f"{kind} {name}")


def _known(record: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what is known, as plain values: days as ISO texts."""
    known: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, str):
            if value:
                known[name] = _NO_XML.sub("\ufffd", value)
        elif not pd.isna(value):
            known[name] = value.date().isoformat() if isinstance(value, pd.Timestamp) else value
    return known


def _nodes(plan: Plan) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each kind of node with its attributes; the label is the id."""
    case = plan.case
    atlas = Atlas(case)
    given, asked, hubs = plan.donations, plan.needs, case.table("hubs")
    lying = case.donations.iloc[positions(case.donations["donation_id"], given["donation_id"])]
    columns = {"offered": "supply", "planned": "flow", "left_over": "slack"}
    donations = given[["donation_id", "donor", "item", "reason"]].assign(
        origin=lying["origin"].to_numpy(), **{new: given[old].astype(float) for old, new in columns.items()}
    )
    columns = {"asked": "demand", "served": "flow", "unmet": "unmet"}
    needs = asked[["need_id", "community", "item", "reason"]].assign(
        tier=asked["priority"], **{new: asked[old].astype(float) for old, new in columns.items()}
    )
    for kind, key, table, places in (
        (DONATION, "donation_id", donations, atlas.of_donations(lying)),
        (NEED, "need_id", needs, atlas.named(needs["community"])),
        (HUB, "hub", hubs[["hub"]], atlas.named(hubs["hub"])),
    ):
        table = table.assign(latitude=places.latitude, longitude=places.longitude)
        yield kind, table.join(_potentials(plan, kind), on=key).rename(columns={key: "label"})


def _potentials(plan: Plan, side: str) -> pd.DataFrame:
    """Return level and price of each donation or need: its node potential, and the block that it is of.

    Levels are of block 0, where 10 is plenty; in the blocks from 1 prices are those of the cost stage.
    """
    prices = plan.prices[(plan.prices["side"] == side) & plan.prices["stage"].isin(["", "cost"])]
    table = prices.set_index("id")[["block", "level", "price"]]
    return table.assign(level=table["level"].astype("Int64").where(table["block"] == 0))


def _legs(plan: Plan) -> Iterator[Edge]:
    """Yield the arcs of the flow: one a line of the plan, or two through a hub.

    What a line costs stands on its last arc, the one into the need.
    """
    lines = plan.allocations
    table = pd.DataFrame(
        {
            "flow": lines["donated_quantity"].astype(float),
            "served": lines["served_quantity"].astype(float),
            "unit_cost": lines["total_cost"] / lines["donated_quantity"],
            "cost": lines["total_cost"].astype(float),
            "pickup_day": lines["pickup_day"],
            "arrival_day": lines["arrival_day"].where(lines["hub"] != ""),
            "delivery_day": lines["delivery_day"],
        }
    )
    names = (lines[name] for name in ("allocation_id", "donation_id", "need_id", "hub"))
    for record, line, donation, need, hub in zip(table.to_dict("records"), *names, strict=True):
        tail, head, name = _node(DONATION, donation), _node(NEED, need), _NO_XML.sub("\ufffd", str(line))
        known = _known(record)
        if not hub:
            yield tail, head, name, {"kind": DIRECT, **known}
            continue
        first = {key: value for key, value in known.items() if key not in _LAST}
        last = {key: value for key, value in known.items() if key in ("flow", *_LAST)}
        yield tail, _node(HUB, hub), f"{name} {TO_HUB}", {"kind": TO_HUB, **first}
        yield _node(HUB, hub), head, name, {"kind": FROM_HUB, **last}


def _candidates(case: Case) -> Iterator[Edge]:
    """Yield an arc for each pair that the rules admit, at the cost of its cheapest route.

    Raises
    ------
    MatchoptError
        If there are too many pairs to look at.
    """
    network = encode(case)
    donations, needs = case.column("donations", "donation_id"), case.column("needs", "need_id")
    sides = [_members(network, part) for part in network.parts]
    pairs = sum(len(rows) * len(columns) for (rows, _), (columns, _) in sides)
    if pairs > MOST_PAIRS:
        message = tr(
            "the network has {pairs} pairs of a donation and a need; as a graph it may have up to"
            " {most}. The flow of the plan alone has no limit",
            pairs=f"{pairs:,}",
            most=f"{MOST_PAIRS:,}",
        )
        raise MatchoptError(message)
    hubs = np.append(network.hubs.names, "")
    for part, ((rows, of_row), (columns, of_column)) in zip(network.parts, sides, strict=True):
        cost = part.costs(of_row[:, None], of_column)
        at = np.nonzero(cost < FORBIDDEN)
        row, column = of_row[at[0]], of_column[at[1]]
        route = part.cheapest_routes(row, column)
        dates = network.calendar.dates
        table = pd.DataFrame(
            {
                "unit_cost": cost[at] / MONEY_SCALE,
                "ratio": part.ratio(row, column).astype(float),
                "hub": hubs[route.hub].astype(object),
                "pickup_day": dates(route.pickup),
                "delivery_day": dates(route.delivery),
            }
        )
        ends = zip(donations[rows[at[0]]], needs[columns[at[1]]], table.to_dict("records"), strict=True)
        for donation, need, record in ends:
            tail, head = _node(DONATION, donation), _node(NEED, need)
            yield tail, head, f"{tail} → {head}", {"kind": CANDIDATE, **_known(record)}


def _members(network: Network, part: Part) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return the donations and the needs of a part, each with its place among the part's classes."""
    return network.donations.rows_of(part.rows), network.needs.rows_of(part.columns)
