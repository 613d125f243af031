"""Checks of places: coordinates, origins and lanes against one another (contract §3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matchopt.arrays import Bools, Floats
from matchopt.language import tr, trn
from matchopt.tables.checks.quantities import fund_items
from matchopt.tables.findings import Cure, Said, near_hint, near_or
from matchopt.tables.typed import Checked, CheckedTables, check

FAR = 20.0
"""Degrees from the rest beyond which coordinates look swapped, if exchanging them brings them `NEAR`."""
NEAR = 5.0

SAME_PLACE = 0.001
"""Degrees (about 100 m) by which two statements of one place may differ."""

KEYS = {"communities": "community", "hubs": "hub", "donations": "origin"}
"""Tables with coordinates, and the column that names what lies there."""

LISTING = ("communities", "hubs")
"""Tables that list places."""

ALL = (*LISTING, "lanes", "donations", "needs")
"""Tables that name places."""

Points = Mapping[str, tuple[float, float]]


# --- coordinates -------------------------------------------------------------------------


@check()
def coordinates(tables: CheckedTables) -> None:
    """Report coordinates that are half, beyond 90 degrees, swapped, or not those given elsewhere."""
    exchanged = _check_swapped(tables)
    for name in KEYS:
        if name in tables.checked:
            _check_range(tables, tables.checked[name], exchanged.get(name))
    _check_double_names(tables)
    _check_own_coordinates(tables)


def _check_range(tables: CheckedTables, table: Checked, exchanged: Bools | None) -> None:
    """Report half coordinates and latitudes beyond 90, unless they are known to be `exchanged`."""
    sound = table.sound("latitude", "longitude")
    for one, other in (("latitude", "longitude"), ("longitude", "latitude")):
        half = ~table.given(one) & table.given(other) & sound
        cure = tr("give both, or leave {other} out", other=table.header(other))
        said = ("", tr("is empty, {other} is not", other=table.header(other)), cure)
        tables.error("half_coordinates", table, one, half, said)
    latitude, longitude = table.array("latitude"), table.array("longitude")

    def say(at: int) -> Said:
        cure = tr("write degrees, -90 to 90")
        if abs(latitude[at]) <= 180 and abs(longitude[at]) <= 90:
            cure = tr("are latitude and longitude swapped? {cure}", cure=cure)
        return f"{latitude[at]:g}", tr("is not -90 to 90"), cure

    beyond = (np.abs(latitude) > 90) & table.sound("latitude")
    beyond &= True if exchanged is None else ~exchanged
    tables.error("out_of_range", table, "latitude", beyond, say)


def _located(table: Checked) -> Bools:
    """Return the rows with good coordinates."""
    good = table.given("latitude") & table.given("longitude") & table.sound("latitude", "longitude")
    return np.asarray(good & ~(np.abs(table.array("latitude")) > 90))


def _coordinates(table: Checked) -> Floats:
    return np.column_stack([table.array("latitude"), table.array("longitude")])


def _check_swapped(tables: CheckedTables) -> dict[str, Bools]:
    """Report rows that would lie among all others with their coordinates exchanged, and now are far off.

    Return which these are. A latitude beyond 90 is far from everything, and counts as exchanged for where
    the others are.
    """
    given = [tables.checked[name] for name in KEYS if name in tables.checked]
    found = [(table, here) for table in given if (here := _numbered(table)).any()]
    if not found:
        return {}
    points = np.concatenate([_coordinates(table)[here] for table, here in found])
    beyond = np.abs(points[:, 0]) > 90
    points[beyond] = points[beyond, ::-1]
    near = _apart(points, np.median(points, axis=0)) <= FAR
    if near.sum() < 2:
        return {}
    middle = np.median(points[near], axis=0)
    return {table.name: _report_swapped(tables, table, here, middle) for table, here in found}


def _numbered(table: Checked) -> Bools:
    """Return the rows with two numbers that are coordinates in one order or the other."""
    both = table.given("latitude") & table.given("longitude") & table.sound("latitude", "longitude")
    here = np.abs(_coordinates(table))
    return np.asarray(both & ((here[:, 0] <= 90) | ((here[:, 0] <= 180) & (here[:, 1] <= 90))))


def _report_swapped(tables: CheckedTables, table: Checked, located: Bools, middle: Floats) -> Bools:
    here = _coordinates(table)
    far = (np.abs(here[:, 0]) > 90) | (_apart(here, middle) > FAR)
    swapped = located & (np.abs(here[:, 1]) <= 90) & far & (_apart(here[:, ::-1], middle) <= NEAR)

    def say(at: int) -> Said:
        problem = tr("lies far from all other places; exchanged it would lie among them")
        latitude, longitude = (f"{degrees:.15g}" for degrees in here[at])
        cure = Cure(tr("exchange latitude and longitude"), {"latitude": longitude, "longitude": latitude})
        return f"{here[at, 0]:g}, {here[at, 1]:g}", problem, cure

    tables.error("swapped_coordinates", table, "latitude", swapped, say)
    return swapped


def _apart(points: Floats, middle: Floats) -> Floats:
    """Return the larger difference in degrees, round the globe."""
    difference = np.abs(points - middle)
    difference[:, 1] = np.minimum(difference[:, 1], 360 - difference[:, 1])
    return np.asarray(difference.max(axis=1))


def _points(tables: CheckedTables, *names: str) -> Points:
    """Return the coordinates that the tables `names` give to places; the last one counts."""
    points: dict[str, tuple[float, float]] = {}
    for table in (tables.checked[name] for name in names if name in tables.checked):
        located = _located(table)
        pairs = map(tuple, _coordinates(table)[located].tolist())
        points.update(zip(table.array(KEYS[table.name])[located], pairs, strict=True))
    return points


def _check_double_names(tables: CheckedTables) -> None:
    """Report names that are a community and a hub at different coordinates."""
    hubs = tables.get("hubs")
    if hubs is None or "communities" not in tables.checked:
        return
    known = _points(tables, "communities")
    names, here = hubs.array("hub"), _coordinates(hubs)
    contradicts = np.zeros(len(names), dtype=bool)
    for at in np.flatnonzero(_located(hubs) & hubs.among("hub", known)).tolist():
        contradicts[at] = known[names[at]] != (here[at, 0], here[at, 1])

    def say(at: int) -> Said:
        latitude, longitude = (f"{degrees:g}" for degrees in known[names[at]])
        problem = tr(
            "is a community at {latitude}, {longitude} too: one name is one place",
            latitude=latitude,
            longitude=longitude,
        )
        return names, problem, tr("give both the same coordinates, or one of them another name")

    tables.error("contradictory_place", hubs, "hub", contradicts, say)


def _check_own_coordinates(tables: CheckedTables) -> None:
    """Report donations whose own coordinates are not those of their origin."""
    donations = tables.get("donations")
    if donations is None or not len(donations.rows):
        return
    points = _points(tables, "hubs", "communities")
    here, (codes, distinct) = _coordinates(donations), donations.coded("origin")
    there = np.array([points.get(name, (np.nan, np.nan)) for name in distinct]).reshape(-1, 2)[codes]

    def say(at: int) -> Said:
        one, other = (f"{point[0]:g}, {point[1]:g}" for point in (there[at], here[at]))
        problem = tr("lies at {one}, but the row says {other}", one=one, other=other)
        return donations.array("origin"), problem, tr("leave latitude and longitude out, or the origin")

    contradicts = _located(donations) & (np.abs(here - there).max(axis=1) > SAME_PLACE)
    tables.error("contradictory_place", donations, "origin", contradicts, say)


# --- origins and lanes -------------------------------------------------------------------


@check("donations", complete=(*LISTING, "lanes", "needs"))
def origins(tables: CheckedTables, donations: Checked) -> None:
    """Report origins that nothing knows, where something lists places.

    Where only lanes do, a donor without a lane may simply have nothing that is asked for:
    that is said once, as a warning.
    """
    listed = any(name in tables.checked for name in LISTING)
    if not listed and "lanes" not in tables.checked:
        return
    known = tables.names("communities.community", "hubs.hub", "lanes.from_place")
    if "communities" not in tables.checked:
        known |= tables.names("needs.community")
    names = donations.array("origin")
    own = donations.given("latitude") | donations.given("longitude")
    own |= ~donations.sound("latitude", "longitude", "origin")
    unknown = donations.given("origin") & ~own & ~donations.among("origin", known)

    def say(at: int) -> Said:
        hint = near_hint(names[at], known)
        cure = tr("{cure}correct it, add it to one of them, or give latitude and longitude", cure=hint)
        return names, tr("is no community, hub or place of a lane"), cure

    if listed:
        tables.error("unknown_origin", donations, "origin", unknown, say)
    elif unknown.any():
        told = {"int": int(unknown.sum()), "unknown": len(unknown)}
        problem = tr("{int} of {unknown} donations lie at a place that no lane names", **told)
        cure = tr("they cannot be planned; add lanes from there, or check the spelling")
        tables.warn_once("unreached_origin", donations, "origin", unknown, problem, cure)


@check("lanes", complete=ALL)
def lane_lengths(tables: CheckedTables, lanes: Checked) -> None:
    """Report lanes that give neither length nor cost, between places without coordinates."""
    located, donations = set(_points(tables, *LISTING)), tables.get("donations")
    if donations is not None:
        names, valid = donations.array("origin"), _located(donations)
        located |= set(names[valid]) - set(names[~valid])
    start, end = lanes.array("from_place"), lanes.array("to_place")
    known = (lanes.among("from_place", located) & lanes.among("to_place", located)) | (start == end)
    said = lanes.given("distance_km") | lanes.given("cost_per_kg")
    sound = lanes.sound("distance_km", "cost_per_kg", "from_place", "to_place")

    def say(at: int) -> Said:
        ends = {"start": start[at], "end": end[at]}
        problem = tr("is empty, and {start} → {end} cannot be measured without coordinates", **ends)
        return "", problem, tr("give distance_km or cost_per_kg, or the coordinates of both places")

    tables.error("lane_without_length", lanes, "distance_km", ~said & ~known & sound, say)


@check("lanes", complete=ALL)
def idle_lanes(tables: CheckedTables, lanes: Checked) -> None:
    """Warn once of lanes whose ends nothing else names."""
    known = tables.names("communities.community", "hubs.hub", "needs.community", "donations.origin")
    for column in ("from_place", "to_place"):
        idle = ~lanes.among(column, known) & lanes.given(column)
        if idle.any():
            problem = trn(
                "{n} lane has an end that no other table names",
                "{n} lanes have an end that no other table names",
                int(idle.sum()),
            )
            cure = near_or(lanes.array(column)[np.argmax(idle)], known, tr("check the spelling"))
            tables.warn_once("unknown_place", lanes, column, idle, problem, cure)


@check("donations", complete=ALL)
def not_located(tables: CheckedTables, donations: Checked) -> None:
    """Say once what it means that some places, or all, have no coordinates."""
    points, own = _points(tables, *LISTING), _located(donations)
    used = sorted(tables.names("needs.community")) + sorted(tables.names("hubs.hub"))
    missing = [name for name in dict.fromkeys(used) if name not in points]
    # Money is as near everywhere.
    placed = own | donations.among("origin", points) | donations.among("item", fund_items(tables))
    missing += donations.array("donation_id")[~placed].tolist()
    if not missing:
        return
    if "lanes" in tables.checked:
        meaning = tr("they are connected only by the lanes that name them")
    else:
        meaning = tr("they count as at distance 0 from every place")
    if not points and not own.any():
        problem = tr("no place has coordinates: {meaning}", meaning=meaning)
        tables.found.note("no_coordinates", "places", problem)
        return
    problem = trn(
        "{n} place has no coordinates ({shown}): {meaning}",
        "{n} places have no coordinates ({shown}): {meaning}",
        len(missing),
        shown=", ".join(missing[:3]) + (", …" if len(missing) > 3 else ""),
        meaning=meaning,
    )
    cure = tr("give latitude and longitude of communities, hubs and donations")
    tables.found.warning("no_coordinates", "places", problem, cure)
