"""Plan → run folder: the plan's tables, the case it was made for, and a manifest.

The CSV files are UTF-8. Those that hold more than ASCII begin with a byte order mark, so
that a spreadsheet shows Chinese text right; lines end with a line feed. The same plan
gives the same bytes of ``plan/``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import matchopt
from matchopt.errors import RunError
from matchopt.runs.beside import Writer
from matchopt.runs.swap import folder_in_place_of, tidy
from matchopt.language import tr
from matchopt.contract.settings import FILE as SETTINGS_FILE
from matchopt.contract.plan import ALLOCATIONS, DONATIONS, NEEDS, PRICES, PURCHASES

if TYPE_CHECKING:
    import pandas as pd

    from matchopt.contract.case import Case
    from matchopt.runs.render import Cells
    from matchopt.contract.settings import Settings
    from matchopt.contract.plan import Plan

MANIFEST = "manifest.json"
CURVE = "fairness_curve.csv"
EARLIER = "earlier.csv"
"""Files that only some plans have: the price of fairness, and the lines of the plan before."""
MONEY = frozenset(
    {
        "transport_cost", "handling_cost", "storage_cost", "other_cost", "total_cost", "amount",
        "logistics_cost", "bound_cost",
    }
)  # fmt: skip
"""Columns that show four decimals."""
EXACT = frozenset({"price", "unit_price"})
"""Columns that show every digit of a float64: sums of prices × quantities must come out the same."""


def write_run(
    plan: Plan, path: Path, *, force: bool = False, copy: bool = True, curve: pd.DataFrame | None = None,
    earlier: pd.DataFrame | None = None, beside: Mapping[str, Writer] | None = None,
) -> Path:  # fmt: skip
    """Write the run folder of `plan` at `path`, all or nothing, and return `path`.

    Parameters
    ----------
    plan
        A finished plan.
    path
        Folder to make, with its parents.
    force
        Replace an older run folder at `path`, in one step.
    copy
        Keep the tables in ``case/``; else only their hashes.
    curve
        The price of fairness, to be kept beside the plan.
    earlier
        Allocations of the plan before, by which the commitments of the case were completed.
    beside
        Further files of the run folder by name, and who writes each.

    Raises
    ------
    RunError
        If `path` is taken, a source file has changed since it was read, or the file
        system refuses. Nothing is left behind then.
    """
    target = Path(os.path.realpath(path))
    try:
        tidy(target)
        refuse_taken(path, force=force)
        with folder_in_place_of(target) as folder:
            hashes = _write_plan(plan, curve, earlier, folder / "plan")
            case = _write_case(plan.case, folder / "case") if copy else _case_left_in_place(plan.case)
            manifest = {
                "matchopt": matchopt.__version__,
                "case": case,
                "settings": plan.case.settings.model_dump(mode="json"),
                "plan": hashes,
                "run": {
                    "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "case_path": _given_path(plan.case),
                    **plan.run,
                },
            }
            (folder / MANIFEST).write_bytes(_json(manifest))
            for name, write in (beside or {}).items():
                write(folder / name)
    except OSError as error:
        raise RunError(
            tr("the run folder {path} cannot be written: {reason}", path=path, reason=error.strerror or error)
        ) from error
    return path


def case_name(case: Path) -> str:
    """Return what a folder or workbook is called, also where it is written as ``.``."""
    resolved = case.resolve()
    return (resolved.stem if resolved.is_file() else resolved.name) or "case"


def free_place(first: Path, *, force: bool) -> Path:
    """Return a place, with a number after its name if it is taken and must stay."""
    place, number = first, 1
    while not force and os.path.lexists(place):
        number += 1
        place = first.with_name(f"{first.name}-{number}")
    return place


def default_run(case: Path, *, force: bool) -> Path:
    """Return runs/NAME OF CASE, or with a number after it if that is taken and must stay."""
    return free_place(Path("runs") / case_name(case), force=force)


def refuse_taken(path: Path, *, force: bool) -> None:
    """Raise RunError if no run folder may be written at `path`.

    An existing run folder may be replaced with `force`; anything else that exists never is.
    """
    if not os.path.lexists(path):
        return
    if not (path / MANIFEST).is_file():
        raise RunError(tr("{path} exists and is no run folder: choose another place for the run", path=path))
    if not force:
        raise RunError(
            tr("the run folder {path} exists: choose another with -o, or replace it with --force", path=path)
        )


def _write_plan(
    plan: Plan, curve: pd.DataFrame | None, earlier: pd.DataFrame | None, folder: Path
) -> dict[str, str]:
    """Write the files of ``plan/`` and return their hashes."""
    folder.mkdir()
    tables: dict[str, tuple[pd.DataFrame, tuple[str, ...]]] = {
        "allocations.csv": (plan.allocations, ALLOCATIONS),
        "needs.csv": (plan.needs, NEEDS),
        "donations.csv": (plan.donations, DONATIONS),
        "prices.csv": (plan.prices, PRICES),
        "purchases.csv": (plan.purchases, PURCHASES),
    }
    if curve is not None:
        tables[CURVE] = (curve, tuple(map(str, curve.columns)))
    if earlier is not None:
        tables[EARLIER] = (earlier, ALLOCATIONS)
    for name, (frame, columns) in tables.items():
        _write_csv(frame, folder / name, columns, safe=True)
    (folder / "summary.json").write_bytes(_json(dict(plan.summary)))
    return {name: _sha256(folder / name) for name in (*tables, "summary.json")}


def _write_case(case: Case, folder: Path) -> dict[str, Any]:
    """Keep the case in `folder`: its files byte for byte, or its frames as CSV."""
    folder.mkdir()
    if case.sources:
        for source in case.sources:
            content = Path(source.path).read_bytes()
            if hashlib.sha256(content).hexdigest() != source.sha256:
                raise RunError(tr("{path} has changed since it was read: plan again", path=source.path))
            (folder / Path(source.name).name).write_bytes(content)
        return {**_case_left_in_place(case), "copied": True}
    for name, frame in case.tables.items():
        # Who gave tables gets them back as they were.
        _write_csv(_with_extras(frame, case.extras.get(name)), folder / f"{name}.csv", (), safe=False)
    (folder / SETTINGS_FILE).write_text(settings_as_toml(case.settings), encoding="utf-8", newline="\n")
    files = [{"name": file.name, "sha256": _sha256(file)} for file in sorted(folder.iterdir())]
    return {"files": files, "copied": True}


def _case_left_in_place(case: Case) -> dict[str, Any]:
    files = [{"name": Path(s.name).name, "sha256": s.sha256} for s in case.sources]
    return {"files": files, "copied": False}


def _given_path(case: Case) -> str | None:
    """Return the folder or workbook that the case was read from; None for frames."""
    if not case.sources:
        return None
    first = Path(case.sources[0].path).absolute()
    # Only a workbook is a whole case in one file: a folder has needs and donations apart.
    return str(first if len(case.sources) == 1 else first.parent)


def _with_extras(frame: pd.DataFrame, extras: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    return frame if extras is None else pd.concat([frame, extras], axis=1)


def settings_as_toml(settings: Settings) -> str:
    """Return `settings` as the text of a ``matchopt.toml`` that gives the same settings."""
    lines: list[str] = []
    for section, values in settings.model_dump().items():
        given = {name: value for name, value in values.items() if value is not None}
        lines += [f"[{section}]", *(f"{name} = {_toml(value)}" for name, value in given.items()), ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)  # numbers and days: Python writes them as TOML does


def _json(content: object) -> bytes:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_csv(frame: pd.DataFrame, file: Path, ours: tuple[str, ...], *, safe: bool) -> None:
    """Write `frame`; the columns in `ours` stand first, further ones may share their names.

    With `safe`, no spreadsheet takes a text in it for a formula.
    """
    file.write_bytes(table_bytes(frame, ours, safe=safe))


def table_bytes(frame: pd.DataFrame, ours: tuple[str, ...], *, safe: bool) -> bytes:
    """Return `frame` as the bytes of a CSV file; `ours` and `safe` as in `_write_csv`."""
    from matchopt.runs.formulas import guarded
    from matchopt.runs.render import csv_bytes

    names = [str(name) for name in frame.columns]
    cells = [
        _cells(frame.iloc[:, place], name if place < len(ours) else "", safe=safe)
        for place, name in enumerate(names)
    ]
    return csv_bytes([guarded(name) if safe else name for name in names], cells)


def _cells(column: pd.Series[Any], name: str, *, safe: bool) -> Cells:
    """Return the column called `name` as it is written."""
    from matchopt.runs import render

    kind = column.dtype.kind
    if kind == "b":
        return render.flags(column.to_numpy(dtype=bool))
    if name in MONEY:
        return render.money(column.to_numpy(dtype=np.float64))
    if name in EXACT:
        return render.floats(column.to_numpy(dtype=np.float64))
    if kind == "f":
        return render.quantities(column.to_numpy(dtype=np.float64))
    if kind in "iu":
        return render.whole(column.to_numpy(dtype=np.int64))
    return render.moments(column) if kind == "M" else render.texts(column, safe=safe)
