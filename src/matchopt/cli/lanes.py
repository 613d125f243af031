"""The command that makes lanes of road distances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchopt.cli.door import command
from matchopt.cli.options import CasePath, Changes, output_option
from matchopt.cli.steps import read_case
from matchopt.cli.terminal import progress, quoted, tell
from matchopt.errors import RunError
from matchopt.language import Language, spoken, tr, trn

if TYPE_CHECKING:
    import pandas as pd

    from matchopt.contract.case import Case
    from matchopt.tables.roads import RoadDistances

NAMED = 5
"""How many places are named in a sentence."""


@command
def lanes(
    case: CasePath,
    matrix: Annotated[
        Path | None,
        typer.Option(
            "--matrix", metavar="FILE", help="Road distances (CSV, XLSX): a square, or from, to, distance."
        ),
    ] = None,
    osrm: Annotated[
        str | None,
        typer.Option("--osrm", metavar="URL", help="A routing server, such as http://localhost:5000."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="km|m|mi", help="What the file counts in, where no header says it."),
    ] = None,
    driving_hours: Annotated[
        float | None,
        typer.Option(
            "--driving-hours",
            metavar="H",
            help="Fill lead_days, too: a lane of more than H hours takes one day more for each H.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the distances of lanes that the case already has.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="How long to wait for each answer.")
    ] = 30.0,
    output: Annotated[Path | None, output_option("FILE", "File to write.", "lanes.csv in the case")] = None,
    changes: Changes = None,
) -> None:
    """Make lanes of road distances, from a matrix in a file or from a routing server.

    The distance of a lane counts in place of the straight line; there and back may differ. Pairs without
    a road are left out and told. Lanes that the case already has are kept, unless --replace.

    \b
      matchopt lanes my-city --matrix distances.xlsx
      matchopt lanes my-city --osrm http://localhost:5000
    """  # noqa: D301
    from matchopt.runs.atomic import write_bytes, write_file
    from matchopt.runs.render import table_bytes
    from matchopt.tables.roads import matrix_of
    from matchopt.tables.roads import osrm as roads_of_server

    if (matrix is None) == (osrm is None):
        raise RunError(tr("say where the distances come from: --matrix FILE or --osrm URL"))
    if driving_hours is not None and not 0 < driving_hours < math.inf:
        raise RunError(tr("{value} is no number above 0", value=f"{driving_hours:g}"))
    file = _target(case, output)
    with progress() as step:
        read = read_case(case, changes, step, None)
        points = _points(read)
        told: list[str] = []
        if matrix is not None:
            roads, unknown, absent = matrix_of(matrix, unit).named_as(_places(read))
            told += _listed(unknown, tr("not in the case, and left out: {listed}"))
            told += _listed(absent, tr("not in the file: {listed}"))
        else:
            told += _listed(
                [place for place in _places(read) if place not in points],
                tr("without coordinates, and left out: {listed}"),
            )
            roads = roads_of_server(osrm or "", points, timeout)
        frame, kept = _merged(read, roads, driving_hours, replace=replace)
        content = table_bytes(frame, safe=False)
        write_file(file, lambda path: write_bytes(path, content))
    pairs = [f"{start} → {end}" for start, end in roads.without]
    told += _listed(
        pairs, tr("no road, and no lane (the straight line counts where it can be measured): {listed}")
    )
    if kept:
        told.append(trn("{n} lane of the case is kept", "{n} lanes of the case are kept", kept))
    tell([trn("{n} lane: {file}", "{n} lanes: {file}", len(frame), file=quoted(file)), *told])


def _target(case: Path, output: Path | None) -> Path:
    """Return the file to write: by default the table of the case, which is then read as it is."""
    if output is not None:
        if output.suffix.lower() != ".csv":
            raise RunError(tr("{file} is no name of a table: let it end in .csv", file=output))
        return output
    if not case.is_dir():
        cure = tr("say by -o where to write, and copy it into the sheet lanes")
        raise RunError(tr("{case} is a workbook: {cure}", case=case, cure=cure))
    from matchopt.contract.schema import table_named

    named = [
        f for f in sorted(case.iterdir()) if (t := table_named(f.stem)) is not None and t.name == "lanes"
    ]
    if any(file.suffix.lower() != ".csv" for file in named):
        cure = tr("say by -o where to write")
        raise RunError(tr("{case} is a workbook: {cure}", case=named[0], cure=cure))
    return named[0] if named else case / "lanes.csv"


def _places(case: Case) -> list[str]:
    """Return the names of places, each once: origins, hubs, communities."""
    columns = ("donations.origin", "hubs.hub", "communities.community", "needs.community")
    names: dict[str, None] = {}
    for table, column in (name.split(".") for name in columns):
        if table in case.tables:
            names.update(dict.fromkeys(filter(None, case.tables[table][column].tolist())))
    return list(names)


def _points(case: Case) -> dict[str, tuple[float, float]]:
    """Return latitude and longitude of places that have them."""
    points: dict[str, tuple[float, float]] = {}
    for table, column in (("donations", "origin"), ("hubs", "hub"), ("communities", "community")):
        if table in case.tables:
            frame = case.tables[table]
            found = frame[(frame[column] != "") & frame["latitude"].notna() & frame["longitude"].notna()]
            rows = zip(found[column], found["latitude"], found["longitude"], strict=True)
            points |= {name: (float(north), float(east)) for name, north, east in rows}
    return {name: points[name] for name in _places(case) if name in points}


def _merged(
    case: Case, roads: RoadDistances, driving_hours: float | None, *, replace: bool
) -> tuple[pd.DataFrame, int]:
    """Return the lanes of the case and the new ones, and how many of its own are kept."""
    import pandas as pd

    from matchopt.contract.schema import TABLES

    named = {column.name: column for column in TABLES["lanes"].columns}
    own = case.with_extras("lanes") if "lanes" in case.tables else pd.DataFrame(columns=list(named))
    rows: list[dict[Any, Any]] = []
    new, kept = dict(roads.km), 0
    for row in own.to_dict("records"):
        pair = str(row["from_place"]), str(row["to_place"])
        filled = new.pop(pair, None) is not None
        kept += filled and not replace
        rows.append(row | (_told(roads, pair, driving_hours) if filled and (replace or _open(row)) else {}))
    rows += [
        {"from_place": pair[0], "to_place": pair[1], **_told(roads, pair, driving_hours)} for pair in new
    ]
    frame = pd.DataFrame(rows, columns=list(own.columns))
    used = [
        name for name in frame if name in list(named)[:3] or not frame[name].isin(["", None, math.nan]).all()
    ]
    chinese = spoken() is Language.ZH
    return frame[used].rename(columns={name: named[name].zh for name in named if chinese}), kept


def _open(row: Mapping[Any, Any]) -> bool:
    """Return whether a lane says neither how long it is nor what it costs."""
    return math.isnan(row["distance_km"]) and math.isnan(row["cost_per_kg"])


def _told(roads: RoadDistances, pair: tuple[str, str], driving_hours: float | None) -> dict[str, object]:
    told: dict[str, object] = {"distance_km": roads.km[pair]}
    if driving_hours is not None and pair in roads.hours:
        told["lead_days"] = max(0, math.ceil(roads.hours[pair] / driving_hours) - 1)
    return told


def _listed(names: list[str], said: str) -> list[str]:
    if not names:
        return []
    listed = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        listed = tr("{names} and {count} more", names=listed, count=len(names) - NAMED)
    return [said.format(listed=listed)]
