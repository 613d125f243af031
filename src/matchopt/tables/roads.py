"""Road distances between places: out of a matrix in a file, or from a routing server (OSRM)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matchopt.contract.schema import TABLES, column_named, folded
from matchopt.errors import RunError, reason_of, shortened
from matchopt.language import tr
from matchopt.tables.cells import STRIP, widened
from matchopt.tables.copies import records_of
from matchopt.tables.files import WORKBOOKS
from matchopt.tables.findings import RefusedError
from matchopt.tables.names import alike
from matchopt.tables.raw import cell_text
from matchopt.tables.xlsx import workbook

KM = {"km": 1.0, "kilometers": 1.0, "kilometres": 1.0, "公里": 1.0, "千米": 1.0, "m": 0.001, "meters": 0.001}
KM |= {"metres": 0.001, "米": 0.001, "mi": 1.609344, "miles": 1.609344, "英里": 1.609344, "里": 0.5}
"""Unit of length → km."""
HOURS = {"h": 1.0, "hours": 1.0, "小时": 1.0, "min": 1 / 60, "minutes": 1 / 60, "分钟": 1 / 60, "分": 1 / 60}
HOURS |= {"s": 1 / 3600, "sec": 1 / 3600, "seconds": 1 / 3600, "秒": 1 / 3600}
"""Unit of time → hours."""

_DISTANCE = re.compile(r"distance|length|miles?|距离|里程|公里", re.IGNORECASE)
_DURATION = re.compile(r"duration|time|hours?|minutes?|时间|时长", re.IGNORECASE)
_FROM = frozenset(map(folded, ("from", "origin", "source", "start", "出发地", "起点")))
_TO = frozenset(map(folded, ("to", "destination", "target", "end", "目的地", "终点")))
_NO_ROAD = frozenset({"", "-", "–", "—", "null", "none", "nan", "n/a", "na", "inf", "∞", "x", "无"})

LONGEST_URL = 4_000
"""Characters of an address that every server takes."""
MOST_POINTS = 100
"""Places in one question: what OSRM allows where nobody has set it otherwise."""

Pair = tuple[str, str]


@dataclass(slots=True)
class RoadDistances:
    """RoadDistances between places: direction counts.

    Attributes
    ----------
    km, hours
        From and to → how far and how long; no duration where none is known.
    without
        Pairs that no road connects.
    """

    km: dict[Pair, float] = field(default_factory=dict)
    hours: dict[Pair, float] = field(default_factory=dict)
    without: list[Pair] = field(default_factory=list)

    def named_as(self, places: Sequence[str]) -> tuple[RoadDistances, list[str], list[str]]:
        """Return the roads between known places as these are spelled, names not known, and places without."""
        by_look = {alike(place): place for place in places}
        mine = RoadDistances()
        unknown: dict[str, None] = {}
        seen: set[str] = set()

        def pair_of(pair: Pair) -> Pair | None:
            found = [by_look.get(alike(name), "") for name in pair]
            unknown.update((name, None) for name, known in zip(pair, found, strict=True) if not known)
            seen.update(found)
            return (found[0], found[1]) if all(found) and found[0] != found[1] else None

        for pair, far in self.km.items():
            if known := pair_of(pair):
                mine.km[known] = far
                if pair in self.hours:
                    mine.hours[known] = self.hours[pair]
        mine.without = [known for pair in self.without if (known := pair_of(pair))]
        return mine, list(unknown), [place for place in places if place not in seen]


# --- a file ------------------------------------------------------------------------------


def matrix_of(file: Path, unit: str | None = None) -> RoadDistances:
    """Return the roads of a file: a square, from in its first column, to in its first row; or a line a pair.

    Parameters
    ----------
    unit
        Of distances, where the file does not say it in a header (of a square: its first cell).

    Raises
    ------
    RunError
        If the file cannot be read, is neither, does not say its unit, or holds something that is no number.
    """
    rows = [[text.strip(STRIP) for text in row] for row in _rows(file)]
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        raise RunError(tr("{file} holds no distances", file=file.name))
    long = _long_columns(rows[0])
    return _long(file, rows, long, unit) if long else _square(file, rows, unit)


def _rows(file: Path) -> list[list[str]]:
    try:
        data = file.read_bytes()
        if file.suffix.lower() not in WORKBOOKS:
            return records_of(data)
        book = workbook(data, file.name)
        sheet = next((sheet for sheet in book.sheets if book.holds(sheet)), None)
        return [[cell_text(cell) for cell in row] for row in book.grid(sheet).cells] if sheet else []
    except OSError as error:
        raise RunError(f"{file}: {reason_of(error)}") from None
    except RefusedError as why:
        raise RunError(f"{file.name} {why.problem}") from None


def _long_columns(headers: Sequence[str]) -> dict[str, int]:
    """Return which columns of a list of pairs are which; none if it is no such list."""
    places: dict[str, int] = {}
    for k, header in enumerate(headers):
        column = column_named(TABLES["lanes"], header)
        name = column.name if column else ""
        if name == "from_place" or folded(header) in _FROM:
            places.setdefault("from", k)
        elif name == "to_place" or folded(header) in _TO:
            places.setdefault("to", k)
        elif name == "distance_km" or _DISTANCE.search(header) or header.casefold() in KM:
            places.setdefault("distance", k)
        elif _DURATION.search(header):
            places.setdefault("duration", k)
    return places if {"from", "to", "distance"} <= places.keys() else {}


def _unit_in(header: str, units: Mapping[str, float]) -> float | None:
    """Return the factor of the unit that a header tells, such as m in `distance (m)` or `distance_m`."""
    words = re.findall(r"[a-z]+|[\u4e00-\u9fff]+", widened(header).casefold())
    for word in reversed(words):
        near = [name for name in units if word == name or (not name.isascii() and word.endswith(name))]
        if near:
            return units[max(near, key=len)]
    return None


def _factor(file: Path, header: str, unit: str | None) -> float:
    told = KM.get(unit.casefold()) if unit else _unit_in(header, KM)
    if told is None:
        cure = tr("say km or m in the header of the distances, in the first cell of a square, or by --unit")
        raise RunError(
            tr("{file} does not say what its distances are counted in: {cure}", file=file.name, cure=cure)
        )
    return told


def _long(
    file: Path, rows: Sequence[Sequence[str]], at: Mapping[str, int], unit: str | None
) -> RoadDistances:
    header = rows[0]
    factor = _factor(file, header[at["distance"]], unit)
    hours = _unit_in(header[at["duration"]], HOURS) if "duration" in at else None
    roads = RoadDistances()
    for number, row in enumerate(rows[1:], start=2):
        cells = [*row, *[""] * len(header)]
        pair = cells[at["from"]], cells[at["to"]]
        if not all(pair):
            raise RunError(tr("{file}, row {row}: a place has no name", file=file.name, row=number))
        _put(roads, pair, cells[at["distance"]], factor, f"{file.name}, {tr('row {row}', row=number)}")
        if hours is not None and pair in roads.km and cells[at["duration"]].lower() not in _NO_ROAD:
            roads.hours[pair] = hours * _number(
                cells[at["duration"]], f"{file.name}, {tr('row {row}', row=number)}"
            )
    return roads


def _square(file: Path, rows: Sequence[Sequence[str]], unit: str | None) -> RoadDistances:
    ends = list(rows[0][1:])
    while ends and not ends[-1]:
        ends.pop()
    twice = [name for name in ends if ends.count(name) > 1 and name]
    if (
        not ends
        or not all(ends)
        or twice
        or any(len([c for c in row if c]) == 0 or not row[0] for row in rows[1:])
    ):
        cure = tr("names of places in the first row and the first column, or columns from, to, distance_km")
        raise RunError(tr("{file} is no matrix of distances: {cure}", file=file.name, cure=cure))
    factor = _factor(file, rows[0][0], unit)
    roads = RoadDistances()
    for row in rows[1:]:
        for end, cell in zip(ends, [*row[1:], *[""] * len(ends)], strict=False):
            if row[0] != end:
                _put(roads, (row[0], end), cell, factor, f"{file.name}, {row[0]} → {end}")
    return roads


def _put(roads: RoadDistances, pair: Pair, cell: str, factor: float, place: str) -> None:
    if cell.lower() in _NO_ROAD:
        roads.without.append(pair)
        return
    far = round(factor * _number(cell, place), 6)
    if roads.km.setdefault(pair, far) != far:
        raise RunError(tr("{place}: another distance than before", place=place))


def _number(cell: str, place: str) -> float:
    try:
        value = float(
            widened(cell).replace(",", "")
            if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", cell)
            else widened(cell)
        )
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise RunError(tr("{place}: «{cell}» is no distance or time", place=place, cell=shortened(cell)))
    return value


# --- a routing server ----------------------------------------------------------------------


def osrm(url: str, places: Mapping[str, tuple[float, float]], timeout: float = 30.0) -> RoadDistances:
    """Return the roads between places (latitude, longitude) that a routing server tells.

    Parameters
    ----------
    url
        Of the server, such as ``http://localhost:5000``, or of its service up to the profile
        (``…/table/v1/driving``).
    timeout
        Seconds to wait for each answer.

    Raises
    ------
    RunError
        If the server cannot be reached, refuses, or answers something else.
    """
    if not re.match(r"https?://[^/\s]", url):
        raise RunError(tr("{url} is no address that begins with http:// or https://", url=url))
    base = url.rstrip("/") if "/table/" in url else url.rstrip("/") + "/table/v1/driving"
    names = list(places)
    roads = RoadDistances()
    for starts, ends in _batches(len(names), len(base)):
        asked = list(dict.fromkeys([*starts, *ends]))
        points = ";".join(f"{places[names[k]][1]:.6f},{places[names[k]][0]:.6f}" for k in asked)
        sources, targets = (";".join(str(asked.index(k)) for k in of) for of in (starts, ends))
        query = f"?annotations=duration,distance&sources={sources}&destinations={targets}"
        answer = _answer(f"{base}/{points}{query}", timeout)
        for row, start in enumerate(starts):
            for column, end in enumerate(ends):
                if start != end:
                    _take(roads, (names[start], names[end]), answer, row, column, url)
    return roads


def _batches(count: int, base: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield which places to ask from and to, so that no address is too long."""
    # A place takes 24 characters as a point and 4 as a number among the sources or destinations.
    most = min(MOST_POINTS, (LONGEST_URL - base - 80) // 28) // 2
    if most < 1:
        raise RunError(tr("the address of the server is too long"))
    parts = [list(range(k, min(k + most, count))) for k in range(0, count, most)]
    yield from ((starts, ends) for starts in parts for ends in parts)


def _take(
    roads: RoadDistances, pair: Pair, answer: Mapping[str, Any], row: int, column: int, url: str
) -> None:
    try:
        meters = answer["distances"][row][column]
        seconds = (answer.get("durations") or [[None] * (column + 1)] * (row + 1))[row][column]
        if meters is None:
            roads.without.append(pair)
            return
        roads.km[pair] = round(float(meters) / 1000, 6)
        if seconds is not None:
            roads.hours[pair] = float(seconds) / 3600
    except (LookupError, TypeError, ValueError):
        raise RunError(tr("{url} answers without the distances that it was asked for", url=url)) from None


def _answer(url: str, timeout: float) -> Mapping[str, Any]:
    """Return what the server says to one question."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    server = url.split("/table/")[0]
    request = Request(url, headers={"User-Agent": "matchopt", "Accept": "application/json"})
    try:
        with urlopen(request, timeout=timeout) as reply:
            said = json.loads(reply.read())
    except HTTPError as error:
        raise RunError(_refusal(server, error.code, error.read(10_000))) from None
    except TimeoutError:
        raise RunError(
            tr("{server} did not answer within {n} seconds", server=server, n=f"{timeout:g}")
        ) from None
    except (URLError, HTTPException, OSError) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise RunError(
                tr("{server} did not answer within {n} seconds", server=server, n=f"{timeout:g}")
            ) from None
        why = shortened(getattr(error, "reason", error))
        raise RunError(tr("{server} cannot be reached: {why}", server=server, why=why)) from None
    except ValueError:
        raise RunError(tr("{server} is no routing server: its answer is no JSON", server=server)) from None
    if not isinstance(said, dict) or said.get("code") != "Ok":
        raise RunError(_refusal(server, 200, json.dumps(said).encode()))
    return said


def _refusal(server: str, status: int, body: bytes) -> str:
    try:
        said = json.loads(body)
        why = " ".join(str(said[name]) for name in ("code", "message") if name in said)
    except (ValueError, TypeError):
        why = ""
    return tr(
        "{server} refuses to answer ({status}): {why}",
        server=server,
        status=status,
        why=shortened(why) or "–",
    )
