"""Coordinates as maps in China give them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from checked import Check
from matchopt import Case
from matchopt.tables.coordinates import to_wgs84

POINTS = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]
"""Points in WGS-84 and GCJ-02, as published with the shift."""


@pytest.mark.parametrize(("right", "given"), POINTS)
def test_gcj_is_undone(right: tuple[float, float], given: tuple[float, float]) -> None:
    assert to_wgs84(np.array([given]), "GCJ-02")[0] == pytest.approx(right, abs=1e-7)


def test_bd_is_undone_by_way_of_gcj() -> None:
    """A published pair: Baidu's form of the point that has 39.915, 116.404 in GCJ-02."""
    got = to_wgs84(np.array([[39.92133699351021, 116.41036949371029]]), "BD-09")
    assert got == pytest.approx(to_wgs84(np.array([[39.915, 116.404]]), "GCJ-02"), abs=1e-7)


PLACES = "community,latitude,longitude\nA,31.17530398364597,121.531541859215\nB,40.7,-74.0\n"


def test_a_case_says_what_its_coordinates_are(check: Check) -> None:
    got = check({"communities.csv": PLACES}, ["input.coordinates=GCJ-02"])
    assert got.case is not None
    frame = got.case.tables["communities"]
    assert frame["latitude"].tolist() == pytest.approx([31.1774276, 40.7], abs=1e-7)
    (note,) = [f for f in got.findings if f.code == "coordinates"]
    assert "1 place is converted from GCJ-02 to WGS-84" in note.problem
    assert "1 outside of China" in note.problem


def test_without_the_setting_nothing_changes(check: Check) -> None:
    got = check({"communities.csv": PLACES})
    assert got.case is not None
    assert got.case.tables["communities"]["latitude"].tolist() == [31.17530398364597, 40.7]
    assert not [f for f in got.findings if f.code == "coordinates"]


def test_what_was_converted_is_not_converted_again() -> None:
    frames = {
        "needs": pd.DataFrame({"need_id": ["N"], "community": ["A"], "item": ["rice"], "quantity": [1]}),
        "donations": pd.DataFrame({"donation_id": ["D"], "item": ["rice"], "quantity": [1]}),
        "communities": pd.DataFrame({"community": ["A"], "latitude": [31.1753], "longitude": [121.5315]}),
    }
    once = Case.from_frames(**frames, settings={"input": {"coordinates": "GCJ-02"}})
    twice = Case.from_frames(**once.tables, settings=once.settings)
    assert once.tables["communities"].equals(twice.tables["communities"])
    assert once.tables["communities"]["latitude"][0] != 31.1753
