"""A plan as a graph: flow is conserved and costs what the plan costs; GraphML holds all of it."""

import io
from collections import defaultdict
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import matchopt
from demo import Demo
from matchopt import Case, Plan
from matchopt.cli import app
from matchopt.errors import MatchoptError
from matchopt.language import speaking
from matchopt.result import graph as graph_module
from matchopt.result.graph import graphml_of

NEEDS = pd.DataFrame(
    {
        "need_id": ["N1", "N2", "N3"],
        "community": ["Hilltop", "Oldtown", "Oldtown"],
        "item": ["rice", "rice", "milk"],
        "quantity": [4, 5, 1],
        "priority": [1, 2, 2],
    }
)
DONATIONS = pd.DataFrame(
    {
        "donation_id": ["D1", "D2", "D3"],
        "donor": ["Mill", "Shop", "Shop"],
        "item": ["rice", "rice", "beans"],
        "quantity": [6, 2, 3],
        "origin": ["Mill yard", "Oldtown", "Oldtown"],
    }
)
HUBS = pd.DataFrame({"hub": ["Depot"], "handling_cost": [0.1], "latitude": [31.0], "longitude": [117.5]})
LANES = pd.DataFrame(
    [
        ("Mill yard", "Depot", 20),
        ("Depot", "Hilltop", 10),
        ("Mill yard", "Oldtown", 25),
        ("Oldtown", "Hilltop", 40),
    ],
    columns=["from_place", "to_place", "distance_km"],
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return matchopt.plan(Case.from_frames(needs=NEEDS, donations=DONATIONS, hubs=HUBS, lanes=LANES))


def of_kind(graph: "nx.MultiDiGraph[str]", kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(node, known) for node, known in graph.nodes(data=True) if known["kind"] == kind]


def check_flow(plan: Plan) -> None:
    """Flow is conserved at every node, and adds up to what the plan serves and costs."""
    graph = plan.graph()
    into: dict[str, float] = defaultdict(float)
    out: dict[str, float] = defaultdict(float)
    served: dict[str, float] = defaultdict(float)
    for tail, head, arc in graph.edges(data=True):
        assert arc["kind"] in ("direct", "to hub", "from hub")
        out[tail] += arc["flow"]
        into[head] += arc["flow"]
        served[head] += arc.get("served", 0.0)
    for node, known in graph.nodes(data=True):
        if known["kind"] == "donation":
            assert out[node] == pytest.approx(known["flow"])
            assert known["flow"] + known["slack"] <= known["supply"] + 1e-6
        elif known["kind"] == "need":
            assert served[node] == pytest.approx(known["flow"])
            assert known["flow"] + known["unmet"] == pytest.approx(known["demand"])
        else:
            assert into[node] == pytest.approx(out[node])
    arcs = [arc for _, _, arc in graph.edges(data=True)]
    assert sum(arc.get("cost", 0.0) for arc in arcs) == pytest.approx(plan.logistics_cost)
    assert sum(arc.get("served", 0.0) for arc in arcs) == pytest.approx(plan.served)
    direct = sum(arc["kind"] == "direct" for arc in arcs)
    assert direct == (plan.allocations["hub"] == "").sum()
    assert len(arcs) - direct == 2 * (plan.allocations["hub"] != "").sum()


def test_flow_is_conserved_and_costs_what_the_plan_costs(plan: Plan, english_demo: Demo) -> None:
    check_flow(plan)
    check_flow(english_demo.plan)


def test_nodes_tell_what_the_plan_tells(plan: Plan) -> None:
    graph = plan.graph()
    assert graph.nodes["donation D3"] == {
        "kind": "donation",
        "label": "D3",
        "donor": "Shop",
        "item": "beans",
        "origin": "Oldtown",
        "reason": "no_such_item",
        "supply": 3.0,
        "flow": 0.0,
        "slack": 3.0,
        "block": 0,
        "level": 10,
        "price": 0.0,
    }
    assert graph.nodes["hub Depot"] == {"kind": "hub", "label": "Depot", "latitude": 31.0, "longitude": 117.5}
    assert graph.nodes["need N2"]["unmet"] == 1.0
    assert graph.nodes["need N2"]["tier"] == 2
    assert [len(of_kind(graph, kind)) for kind in ("donation", "need", "hub")] == [3, 3, 1]
    assert graph.graph["status"] == "optimal"
    assert graph.edges["donation D1", "hub Depot", "A0001 to hub"] == {"kind": "to hub", "flow": 4.0}


def test_another_solver_finds_the_plan_on_the_network(plan: Plan) -> None:
    """The most of tier 1, then of tier 2, then the least cost, by the network simplex of networkx."""
    network = plan.graph(case=True)
    problem: nx.DiGraph[str] = nx.DiGraph()
    for tail, head, arc in network.edges(data=True):
        if arc["kind"] == "candidate":
            problem.add_edge(tail, head, weight=round(10_000 * arc["unit_cost"]))
    for node, known in of_kind(network, "donation"):
        problem.add_edge("root", node, capacity=round(known["supply"]), weight=0)
    for node, known in of_kind(network, "need"):
        worth = 10 ** (9 * (3 - known["tier"]))
        problem.add_edge(node, "root", capacity=round(known["demand"]), weight=-worth)
    value, flow = nx.network_simplex(problem)
    cost = sum(
        10_000 * arc["unit_cost"] * flow[tail].get(head, 0)
        for tail, head, arc in network.edges(data=True)
        if arc["kind"] == "candidate"
    )
    assert cost == pytest.approx(10_000 * plan.logistics_cost)
    for need, known in of_kind(network, "need"):
        assert flow.get(need, {}).get("root", 0) == known["flow"]
    assert value < 0


def test_candidates_are_the_admitted_pairs_and_prices_prove_the_plan(plan: Plan) -> None:
    network = plan.graph(case=True)
    candidates = [edge for edge in network.edges(data=True) if edge[2]["kind"] == "candidate"]
    assert {(tail, head) for tail, head, _ in candidates} == {
        (f"donation D{i}", f"need N{j}") for i in (1, 2) for j in (1, 2)
    }
    for tail, head, arc in candidates:
        ends = network.nodes[tail], network.nodes[head]
        assert ends[0]["level"] <= ends[1]["level"]
        if ends[0]["level"] == ends[1]["level"]:
            assert arc["unit_cost"] >= ends[0]["price"] + ends[1]["price"] - 1e-9
    legs = [edge for edge in network.edges(data=True) if edge[2]["kind"] != "candidate"]
    assert len(legs) == plan.graph().number_of_edges()


def test_graphml_holds_all_of_it(english_demo: Demo) -> None:
    graph: Any = english_demo.plan.graph(case=True)
    for _, known in graph.nodes(data=True):
        assert all(type(value) in (str, int, float) for value in known.values())
    read: Any = nx.read_graphml(io.BytesIO(graphml_of(graph).encode()), force_multigraph=True)
    assert dict(read.nodes(data=True)) == dict(graph.nodes(data=True))
    assert {edge[:3]: edge[3] for edge in read.edges(keys=True, data=True)} == {
        edge[:3]: edge[3] for edge in graph.edges(keys=True, data=True)
    }
    assert graph.graph.items() <= read.graph.items()


def test_what_xml_cannot_hold_is_replaced(plan: Plan) -> None:
    donations = plan.case.donations.assign(donor=["Mi\x01ll", "<&>", "x"])
    case = Case.unchecked({**plan.case.tables, "donations": donations}, plan.case.settings)
    graph = matchopt.plan(case).graph()
    read = nx.read_graphml(io.BytesIO(graphml_of(graph).encode()), force_multigraph=True)
    assert read.nodes["donation D1"]["donor"] == "Mi\ufffdll"
    assert read.nodes["donation D2"]["donor"] == "<&>"


def test_a_chinese_case_keeps_its_names_and_days() -> None:
    needs = pd.DataFrame({"需求编号": ["需1"], "社区": ["桃源"], "物资": ["大米"], "数量": [3]})
    donations = pd.DataFrame({"捐赠编号": ["捐1"], "物资": ["大米"], "数量": [5]})
    needs["needed_by"], donations["available_from"] = "2026-03-09", "2026-03-02"
    case = Case.from_frames(needs=needs, donations=donations, settings={"horizon": {"start": "2026-03-02"}})
    graph = matchopt.plan(case).graph(case=True)
    read = nx.read_graphml(io.BytesIO(graphml_of(graph).encode()), force_multigraph=True)
    leg, candidate = (known for _, _, known in read.edges(data=True))
    assert read.nodes["need 需1"]["community"] == "桃源"
    assert leg["flow"] == 3.0
    assert leg["delivery_day"] == candidate["delivery_day"] == "2026-03-02"


def test_too_many_pairs_are_refused_with_a_clear_line(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_module, "MOST_PAIRS", 3)
    with pytest.raises(MatchoptError, match="4 pairs of a donation and a need"):
        plan.graph(case=True)
    assert plan.graph().number_of_edges() == 4
    plan.write(tmp_path / "run")
    told = CliRunner().invoke(app, ["graph", str(tmp_path / "run"), "--case"])
    assert told.exit_code == 1
    assert "4 pairs" in told.stderr
    assert not (tmp_path / "run" / "graph.graphml").exists()


def test_the_command_writes_the_file_and_says_where(plan: Plan, tmp_path: Path) -> None:
    plan.write(tmp_path / "run")
    file = tmp_path / "network.graphml"
    told = CliRunner().invoke(app, ["graph", str(tmp_path / "run"), "--case", "-o", str(file)])
    assert told.exit_code == 0, told.output
    assert told.stdout == f"7 nodes and 8 arcs\n{file}\n"
    read: Any = nx.read_graphml(file, force_multigraph=True)
    graph: Any = plan.graph()
    assert dict(read.nodes(data=True)) == dict(graph.nodes(data=True))
    with speaking("zh"):
        told = CliRunner().invoke(app, ["graph", str(tmp_path / "run"), "--lang", "zh"])
    assert told.stdout == f"7 个节点，4 条弧\n{tmp_path / 'run' / 'graph.graphml'}\n"


def test_a_plan_that_gives_nothing_has_nodes_and_no_arcs() -> None:
    donations = DONATIONS.assign(item="beans")
    graph = matchopt.plan(Case.from_frames(needs=NEEDS, donations=donations)).graph(case=True)
    assert graph.number_of_edges() == 0
    assert all(np.isfinite(known["flow"]) for _, known in graph.nodes(data=True))
