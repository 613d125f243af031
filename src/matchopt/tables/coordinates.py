"""Coordinates as maps in China give them (GCJ-02, BD-09) → WGS-84, in which distances are measured.

GCJ-02 shifts WGS-84 by a known function within a box around China; it is undone by iteration, to far less
than a metre. BD-09 shifts GCJ-02 once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from matchopt.arrays import Bools, Floats
from matchopt.contract.settings import Settings
from matchopt.language import tr, trn
from matchopt.tables.findings import Findings
from matchopt.tables.typed import Checked
from matchopt.tolerances import DEGREES

WGS, GCJ = "WGS-84", "GCJ-02"
WITH_COORDINATES = ("communities", "hubs", "donations")

SEMI_MAJOR, ECCENTRICITY = 6378245.0, 0.00669342162296594323
"""Axis and squared eccentricity of the Krasovsky ellipsoid, which the shift is stated in."""
BOX = (0.8293, 55.8271), (72.004, 137.8347)
"""Latitudes and longitudes between which coordinates are shifted."""
MOST_STEPS = 20


def in_wgs84(checked: Mapping[str, Checked], settings: Settings, found: Findings) -> dict[str, Checked]:
    """Return the tables with coordinates in WGS-84, and note what was converted."""
    system = settings.input.coordinates
    if system == WGS:
        return dict(checked)
    return {
        name: _converted(table, system, found) if name in WITH_COORDINATES else table
        for name, table in checked.items()
    }


def _converted(table: Checked, system: str, found: Findings) -> Checked:
    here = np.column_stack([table.array("latitude"), table.array("longitude")])
    with np.errstate(invalid="ignore"):
        shifted = _in_box(here)
    if not shifted.any():
        return table
    there = here.copy()
    there[shifted] = to_wgs84(here[shifted], system)
    at = int(np.argmax(shifted))
    before, after = (f"{point[0]:.6f}, {point[1]:.6f}" for point in (here[at], there[at]))
    told = trn(
        "{n} place is converted from {system} to WGS-84 (here {before} to {after})",
        "{n} places are converted from {system} to WGS-84 (here {before} to {after})",
        int(shifted.sum()),
        system=system,
        before=before,
        after=after,
    )
    left = int((~shifted & ~np.isnan(here).any(axis=1)).sum())
    if left:
        told += "; " + tr("{count} outside of China are left as they are", count=left)
    column = table.header("latitude")
    found.note("coordinates", table.name, told, row=table.row(at), column=column)
    both = {"latitude": there[:, 0], "longitude": there[:, 1]}
    return replace(table, columns={**table.columns, **both})


def to_wgs84(points: Floats, system: str) -> Floats:
    """Return the WGS-84 coordinates (n, 2) of points in GCJ-02 or BD-09, latitude first."""
    return np.asarray(np.round(_undone(_shifted if system == GCJ else _shifted_twice, points), 7))


def _in_box(points: Floats) -> Bools:
    (south, north), (west, east) = BOX
    latitude, longitude = points.T
    inside = (latitude >= south) & (latitude <= north) & (longitude >= west) & (longitude <= east)
    return np.asarray(inside)


def _undone(shift: Callable[[Floats], Floats], points: Floats) -> Floats:
    """Return what a shift that changes little from point to point has made the points of."""
    guess = points.copy()
    for _ in range(MOST_STEPS):
        off = shift(guess) - points
        guess -= off
        if np.abs(off).max() < DEGREES:
            break
    return guess


def _shifted(points: Floats) -> Floats:
    """Return WGS-84 as GCJ-02."""
    latitude, longitude = points.T
    x, y = longitude - 105.0, latitude - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (waves + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3
    north += (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (waves + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3
    east += (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3
    angle = np.radians(latitude)
    magic = 1 - ECCENTRICITY * np.sin(angle) ** 2
    north = np.degrees(north * magic**1.5 / (SEMI_MAJOR * (1 - ECCENTRICITY)))
    east = np.degrees(east * np.sqrt(magic) / (SEMI_MAJOR * np.cos(angle)))
    return np.column_stack([latitude + north, longitude + east])


def _shifted_twice(points: Floats) -> Floats:
    """Return WGS-84 as BD-09."""
    y, x = _shifted(points).T
    turn = np.pi * 3000 / 180
    radius = np.sqrt(x * x + y * y) + 0.00002 * np.sin(y * turn)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * turn)
    return np.column_stack([radius * np.sin(angle) + 0.006, radius * np.cos(angle) + 0.0065])
