"""Places: coordinates, origins and lanes against one another (contract §3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matchopt.language import tr, trn
from matchopt.tables.checks.funds import fund_items
from matchopt.tables.findings import Said
from matchopt.tables.names import near_name
from matchopt.tables.tables import Tables
from matchopt.tables.typed import Checked, Mask

FAR = 20.0
"""Degrees from the rest beyond which coordinates look swapped, if exchanging them brings them `NEAR`."""
NEAR = 5.0

SAME_PLACE = 0.001
"""Degrees (about 100 m) by which two statements of one place may differ."""

_KEYS = {"communities": "community", "hubs": "hub", "donations": "origin"}
Points = Mapping[str, tuple[float, float]]


def check_places(tables: Tables) -> None:
    """Check coordinates, origins and lanes."""
    valid = {
        name: _check_coordinates(tables, table)
        for name in _KEYS
        if (table := tables.get(name)) is not None
    }  # fmt: skip
    _check_swapped(tables, valid)
    points = _points(tables, valid)
    _check_double_names(tables, valid)
    _check_own_coordinates(tables, valid, points)
    _check_origins(tables)
    if tables.complete("communities", "hubs", "lanes", "donations", "needs"):
        _check_lane_lengths(tables, valid, points)
        _warn_of_idle_lanes(tables)
        _say_what_has_no_coordinates(tables, valid, points)


# --- coordinates -------------------------------------------------------------------------


def _check_coordinates(tables: Tables, table: Checked) -> Mask:
    """Report half coordinates and latitudes beyond 90; return the rows with good ones."""
    sound = table.sound("latitude", "longitude")
    for one, other in (("latitude", "longitude"), ("longitude", "latitude")):

        def say_half(_: int, other: str = other) -> Said:
            return (
                "",
                tr("is empty, {other} is not", other=other),
                tr("give both, or leave {other} out", other=other),
            )

        half = ~table.given(one) & table.given(other) & sound
        tables.error("half_coordinates", table, one, half, say_half)
    latitude, longitude = table.array("latitude"), table.array("longitude")
    beyond = np.abs(latitude) > 90

    def say(at: int) -> Said:
        swapped = abs(latitude[at]) <= 180 and abs(longitude[at]) <= 90
        cure = tr("write degrees, -90 to 90")
        if swapped:
            cure = tr("are latitude and longitude swapped? {cure}", cure=cure)
        return f"{latitude[at]:g}", tr("is not -90 to 90"), cure

    tables.error("out_of_range", table, "latitude", beyond & table.sound("latitude"), say)
    return np.asarray(table.given("latitude") & table.given("longitude") & sound & ~beyond)


def _check_swapped(tables: Tables, valid: Mapping[str, Mask]) -> None:
    """Report rows far from all others that would lie among them with their coordinates exchanged."""
    found = [(tables.checked[name], mask) for name, mask in valid.items() if mask.any()]
    if not found:
        return
    points = np.concatenate([_coordinates(table)[mask] for table, mask in found])
    near = _apart(points, np.median(points, axis=0)) <= FAR
    if near.sum() < 2:
        return
    middle = np.median(points[near], axis=0)
    for table, mask in found:
        here = _coordinates(table)
        exchanged = here[:, ::-1]
        swapped = mask & (np.abs(here[:, 1]) <= 90)
        swapped &= (_apart(here, middle) > FAR) & (_apart(exchanged, middle) <= NEAR)

        def say(at: int, here: npt.NDArray[np.float64] = here) -> Said:
            shown = f"{here[at, 0]:g}, {here[at, 1]:g}"
            return shown, tr("lies far from all other places; exchanged it would lie among them"), (
                tr("exchange latitude and longitude")
            )  # fmt: skip

        tables.error("swapped_coordinates", table, "latitude", swapped, say)


def _coordinates(table: Checked) -> npt.NDArray[np.float64]:
    return np.column_stack([table.array("latitude"), table.array("longitude")])


def _apart(points: npt.NDArray[np.float64], middle: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the larger difference in degrees, round the globe."""
    difference = np.abs(points - middle)
    difference[:, 1] = np.minimum(difference[:, 1], 360 - difference[:, 1])
    return np.asarray(difference.max(axis=1))


def _points(tables: Tables, valid: Mapping[str, Mask]) -> Points:
    """Return the coordinates of communities and hubs by name."""
    points: dict[str, tuple[float, float]] = {}
    for name in ("hubs", "communities"):
        if name in valid:
            frame = tables.checked[name].frame[valid[name]]
            pairs = zip(frame["latitude"], frame["longitude"], strict=True)
            points.update(zip(frame[_KEYS[name]], pairs, strict=True))
    return points


def _check_double_names(tables: Tables, valid: Mapping[str, Mask]) -> None:
    """Report names that are a community and a hub at different coordinates."""
    communities, hubs = tables.get("communities"), tables.get("hubs")
    if communities is None or hubs is None:
        return
    frame = communities.frame[valid["communities"]]
    pairs = zip(frame["latitude"], frame["longitude"], strict=True)
    known = dict(zip(frame["community"], pairs, strict=True))
    names, here = hubs.array("hub"), _coordinates(hubs)
    contradicts = np.zeros(len(names), dtype=bool)
    for at in np.flatnonzero(valid["hubs"] & hubs.among("hub", set(known))).tolist():
        contradicts[at] = known[names[at]] != (here[at, 0], here[at, 1])

    def say(at: int) -> Said:
        latitude, longitude = known[names[at]]
        problem = tr(
            "is a community at {latitude}, {longitude} too: one name is one place",
            latitude=f"{latitude:g}",
            longitude=f"{longitude:g}",
        )
        return names[at], problem, tr("give both the same coordinates, or one of them another name")

    tables.error("contradictory_place", hubs, "hub", contradicts, say)


def _check_own_coordinates(tables: Tables, valid: Mapping[str, Mask], points: Points) -> None:
    """Report donations whose own coordinates are not those of their origin."""
    donations = tables.get("donations")
    if donations is None:
        return
    origins, here = donations.array("origin"), _coordinates(donations)
    codes, distinct = donations.coded("origin")
    there = np.array([points.get(name, (np.nan, np.nan)) for name in distinct]).reshape(-1, 2)[codes]
    apart = np.abs(here - there).max(axis=1) if len(here) else np.zeros(0)

    def say(at: int) -> Said:
        one, other = (f"{point[0]:g}, {point[1]:g}" for point in (there[at], here[at]))
        cure = tr("leave latitude and longitude out, or the origin")
        return origins[at], tr("lies at {one}, but the row says {other}", one=one, other=other), cure

    contradicts = valid["donations"] & (apart > SAME_PLACE)
    tables.error("contradictory_place", donations, "origin", contradicts, say)


# --- origins and lanes -------------------------------------------------------------------


def _check_origins(tables: Tables) -> None:
    """Report origins that nothing knows, where something lists places.

    Where only lanes do, a donor without a lane may simply have nothing that is asked for:
    that is said once, as a warning.
    """
    donations = tables.get("donations")
    listing = ("communities", "hubs")
    if donations is None or not tables.complete(*listing, "lanes", "needs"):
        return
    if all(tables.get(name) is None for name in (*listing, "lanes")):
        return
    known = tables.names("communities", "community") | tables.names("hubs", "hub")
    known |= tables.names("lanes", "from_place")
    if tables.get("communities") is None:
        known |= tables.names("needs", "community")
    origins = donations.array("origin")
    own = donations.given("latitude") | donations.given("longitude")
    own |= ~donations.sound("latitude", "longitude", "origin")

    def say(at: int) -> Said:
        near = near_name(origins[at], known)
        cure = tr("did you mean «{near}»? ", near=near) if near else ""
        return origins[at], tr("is no community, hub or place of a lane"), (
            tr("{cure}correct it, add it to one of them, or give latitude and longitude", cure=cure)
        )  # fmt: skip

    unknown = donations.given("origin") & ~own & ~donations.among("origin", known)
    if any(tables.get(name) is not None for name in listing):
        tables.error("unknown_origin", donations, "origin", unknown, say)
    elif unknown.any():
        first = int(np.argmax(unknown))
        tables.found.warning(
            "unreached_origin",
            "donations",
            tr(
                "{int} of {unknown} donations lie at a place that no lane names",
                int=int(unknown.sum()),
                unknown=len(unknown),
            ),
            tr("they cannot be planned; add lanes from there, or check the spelling"),
            row=donations.row(first),
            column=donations.header("origin"),
            value=origins[first],
        )


def _check_lane_lengths(tables: Tables, valid: Mapping[str, Mask], points: Points) -> None:
    """Report lanes that give neither length nor cost, between places without coordinates."""
    lanes, donations = tables.get("lanes"), tables.get("donations")
    if lanes is None:
        return
    located = set(points)
    if donations is not None:
        origins = donations.array("origin")
        located |= set(origins[valid["donations"]]) - set(origins[~valid["donations"]])
    start, end = lanes.array("from_place"), lanes.array("to_place")
    known = (lanes.among("from_place", located) & lanes.among("to_place", located)) | (start == end)
    said = lanes.given("distance_km") | lanes.given("cost_per_kg")
    sound = lanes.sound("distance_km", "cost_per_kg", "from_place", "to_place")
    tables.error(
        "lane_without_length",
        lanes,
        "distance_km",
        ~said & ~known & sound,
        lambda at: (
            "",
            tr(
                "is empty, and {start} → {end} cannot be measured without coordinates",
                start=start[at],
                end=end[at],
            ),
            tr("give distance_km or cost_per_kg, or the coordinates of both places"),
        ),
    )


def _warn_of_idle_lanes(tables: Tables) -> None:
    """Warn once of lanes whose ends nothing else names."""
    lanes = tables.get("lanes")
    if lanes is None:
        return
    known = tables.names("communities", "community") | tables.names("hubs", "hub")
    known |= tables.names("needs", "community") | tables.names("donations", "origin")
    for column in ("from_place", "to_place"):
        names = lanes.array(column)
        idle = np.flatnonzero(~lanes.among(column, known) & lanes.given(column))
        if len(idle):
            near = near_name(names[idle[0]], known)
            tables.found.warning(
                "unknown_place",
                "lanes",
                trn(
                    "{n} lane has an end that no other table names",
                    "{n} lanes have an end that no other table names",
                    len(idle),
                ),
                tr("did you mean «{near}»?", near=near) if near else tr("check the spelling"),
                row=lanes.row(int(idle[0])),
                column=lanes.header(column),
                value=names[idle[0]],
            )


def _say_what_has_no_coordinates(tables: Tables, valid: Mapping[str, Mask], points: Points) -> None:
    """Say once what it means that some places, or all, have no coordinates."""
    donations = tables.get("donations")
    if donations is None:
        return
    used = sorted(tables.names("needs", "community")) + sorted(tables.names("hubs", "hub"))
    missing = [name for name in dict.fromkeys(used) if name not in points]
    placed = valid["donations"] | donations.among("origin", set(points))
    placed |= donations.among("item", fund_items(tables))  # money is as near everywhere
    missing += donations.frame["donation_id"][~placed].to_list()
    if not missing:
        return
    if tables.get("lanes") is not None:
        meaning = tr("they are connected only by the lanes that name them")
    else:
        meaning = tr("they count as at distance 0 from every place")
    if points or valid["donations"].any():
        shown = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        tables.found.warning(
            "no_coordinates",
            "places",
            trn(
                "{n} place has no coordinates ({shown}): {meaning}",
                "{n} places have no coordinates ({shown}): {meaning}",
                len(missing),
                shown=shown,
                meaning=meaning,
            ),
            tr("give latitude and longitude of communities, hubs and donations"),
        )
    else:
        tables.found.note(
            "no_coordinates", "places", tr("no place has coordinates: {meaning}", meaning=meaning)
        )
