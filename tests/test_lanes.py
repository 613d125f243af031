"""Lanes of road distances, from files and from a routing server on the loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner, Result

from matchopt.cli import app
from matchopt.tables import roads

NEEDS = "need_id,community,item,quantity\nN1,Old Town,rice,5\nN2,Riverside,rice,5\n"
DONATIONS = "donation_id,item,quantity,origin\nD1,rice,9,Depot\n"
COMMUNITIES = "community,latitude,longitude\nOld Town,31.2,121.4\nRiverside,31.3,121.5\n"
HUBS = "hub,latitude,longitude\nDepot,31.25,121.45\n"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    tables = {"needs": NEEDS, "donations": DONATIONS, "communities": COMMUNITIES, "hubs": HUBS}
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def lanes(case: Path) -> dict[tuple[str, str], float]:
    frame: Any = pd.read_csv(case / "lanes.csv")
    return {(r.from_place, r.to_place): r.distance_km for r in frame.itertuples()}


def test_a_square_has_a_direction(case: Path, tmp_path: Path) -> None:
    file = tmp_path / "roads.csv"
    file.write_text(
        'km,old town,Riverside,Mars\nDepot,3.5,"1,200",9\nRiverside,7,0,9\nold town,0,8,9\n', "utf-8"
    )
    result = run("lanes", case, "--matrix", file)
    assert result.exit_code == 0, result.output
    assert lanes(case) == {
        ("Depot", "Old Town"): 3.5,
        ("Depot", "Riverside"): 1200,
        ("Riverside", "Old Town"): 7,
        ("Old Town", "Riverside"): 8,
    }
    assert "not in the case, and left out: Mars" in result.stdout
    assert run("check", case).exit_code == 0


def test_pairs_in_metres_of_a_workbook(case: Path, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (
        ["origin", "destination", "distance (m)", "duration (min)"],
        ["Depot", "Old Town", 3500, 600],
        ["Depot", "Riverside", None, None],
    ):
        sheet.append(row)
    book.save(tmp_path / "roads.xlsx")
    result = run("lanes", case, "--matrix", tmp_path / "roads.xlsx", "--driving-hours", "8")
    assert "no road" in result.stdout
    assert "Depot → Riverside" in result.stdout
    frame = pd.read_csv(case / "lanes.csv")
    assert frame.to_dict("records") == [
        {"from_place": "Depot", "to_place": "Old Town", "distance_km": 3.5, "lead_days": 1}
    ]


def test_lanes_of_the_case_are_kept_unless_they_are_to_be_replaced(case: Path, tmp_path: Path) -> None:
    own = "from_place,to_place,distance_km,capacity_kg,road\nDepot,Old Town,99,500,A4\n"
    (case / "lanes.csv").write_text(own, "utf-8")
    (tmp_path / "roads.csv").write_text("from,to,distance_km\nDepot,Old Town,3\nDepot,Riverside,4\n", "utf-8")
    assert "1 lane of the case is kept" in run("lanes", case, "--matrix", tmp_path / "roads.csv").stdout
    assert lanes(case) == {("Depot", "Old Town"): 99, ("Depot", "Riverside"): 4}
    run("lanes", case, "--matrix", tmp_path / "roads.csv", "--replace")
    assert lanes(case) == {("Depot", "Old Town"): 3, ("Depot", "Riverside"): 4}
    row = pd.read_csv(case / "lanes.csv").iloc[0]
    assert (row["capacity_kg"], row["road"]) == (500, "A4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from,to,distance\nDepot,Old Town,3\n", "does not say what its distances are counted in"),
        ("a,b\n", "holds no distances"),
        ("km,Depot,Depot\nDepot,1,2\n", "is no matrix of distances"),
        ("km,Depot\nOld Town,near\n", "«near» is no distance"),
        ("km,Depot\nOld Town,-3\n", "«-3» is no distance"),
        ("from,to,weight\nDepot,Old Town,3\n", "does not say what"),
        ("from,to,distance_km\nDepot,Old Town,3\nDepot,Old Town,4\n", "another distance than before"),
    ],
)
def test_files_that_are_no_matrix(case: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "roads.csv").write_text(text, "utf-8")
    result = run("lanes", case, "--matrix", tmp_path / "roads.csv")
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (case / "lanes.csv").exists()


def test_the_unit_may_be_said(case: Path, tmp_path: Path) -> None:
    (tmp_path / "roads.csv").write_text("from,to,distance\nDepot,Old Town,3000\n", "utf-8")
    run("lanes", case, "--matrix", tmp_path / "roads.csv", "--unit", "m")
    assert lanes(case) == {("Depot", "Old Town"): 3}


@contextmanager
def server(reply: Any) -> Iterator[str]:
    """Serve what `reply` makes of the points, sources and destinations that are asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            assert asked.path.startswith("/table/v1/driving/")
            assert len(self.path) <= roads.LONGEST_URL
            points = [tuple(map(float, p.split(","))) for p in asked.path.rsplit("/", 1)[1].split(";")]
            query = parse_qs(asked.query)
            sources, ends = (
                [int(k) for k in query[name][0].split(";")] for name in ("sources", "destinations")
            )
            status, said = reply(points, sources, ends)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

        def log_message(self, *_: object) -> None:
            pass

    served = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{served.server_port}"
    finally:
        served.shutdown()
        served.server_close()


def told(points: Any, sources: list[int], ends: list[int]) -> tuple[int, Any]:
    """Answer with metres by the order of points: 1000 for a step of latitude up, 2000 down."""

    def meters(a: int, b: int) -> float | None:
        if points[a] == (121.4, 31.2) and points[b] == (121.5, 31.3):
            return None
        return 1000.0 if points[b][1] > points[a][1] else 2000.0

    distances = [[0.0 if a == b else meters(a, b) for b in ends] for a in sources]
    durations = [[far and far / 10 for far in row] for row in distances]
    return 200, {"code": "Ok", "distances": distances, "durations": durations}


def test_a_routing_server(case: Path) -> None:
    with server(told) as url:
        result = run("lanes", case, "--osrm", url)
    assert result.exit_code == 0, result.output
    assert lanes(case) == {
        ("Depot", "Old Town"): 2,
        ("Depot", "Riverside"): 1,
        ("Old Town", "Depot"): 1,
        ("Riverside", "Depot"): 2,
        ("Riverside", "Old Town"): 2,
    }
    assert "no road, and no lane" in result.stdout
    assert "Old Town → Riverside" in result.stdout
    assert "lead_days" not in (case / "lanes.csv").read_text("utf-8")


def test_many_places_are_asked_for_in_batches() -> None:
    places = {f"P{k}": (30 + k / 100, 120.0) for k in range(130)}
    with server(told) as url:
        found = roads.osrm(url, places)
    assert len(found.km) == 130 * 129
    assert found.km["P0", "P129"] == 1
    assert found.km["P129", "P0"] == 2


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            (400, {"code": "TooBig", "message": "Too many table coordinates"}),
            "TooBig Too many table coordinates",
        ),
        ((200, {"code": "NoTable"}), "NoTable"),
        ((200, b"<html>"), "its answer is no JSON"),
        ((200, {"code": "Ok", "distances": [[1.0]]}), "without the distances"),
        ((503, b"busy"), "refuses to answer (503)"),
    ],
)
def test_a_server_that_does_not_tell(case: Path, reply: Any, said: str) -> None:
    with server(lambda *_: reply) as url:
        result = run("lanes", case, "--osrm", url)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (case / "lanes.csv").exists()


def test_a_server_that_is_not_there_or_is_slow(case: Path) -> None:
    assert "cannot be reached" in run("lanes", case, "--osrm", "http://127.0.0.1:9").stderr
    assert "no address" in run("lanes", case, "--osrm", "localhost:5000").stderr
    wait = threading.Event()
    with server(lambda *_: (wait.wait(5), (200, {}))[1]) as url:
        result = run("lanes", case, "--osrm", url, "--timeout", "0.2")
        wait.set()
    assert "did not answer within 0.2 seconds" in result.stderr
