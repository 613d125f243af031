"""Plan → run folder: the plan's tables, the case it was made for, and a manifest.

The CSV files are UTF-8. Those that hold more than ASCII begin with a byte order mark, so
that a spreadsheet shows Chinese text right; lines end with a line feed. The same plan
gives the same bytes of ``plan/``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matchopt
from matchopt.contract.plan import ALLOCATIONS, DONATIONS, NEEDS, PRICES, PURCHASES
from matchopt.contract.settings import FILE as SETTINGS_FILE
from matchopt.errors import RunError
from matchopt.language import mark, tr
from matchopt.runs.atomic import Writer, folder_in_place_of, refusals, tidy
from matchopt.runs.render import table_bytes

if TYPE_CHECKING:
    import pandas as pd

    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.contract.settings import Settings

MANIFEST = "manifest.json"
CURVE = "fairness_curve.csv"
AS_READ = "read"
"""Folder in ``case/`` of the tables of which quantities were converted, as they were read."""
EARLIER, RETIRED = "earlier.csv", "retired.csv"
"""Files that only some plans have: the price of fairness; the lines of the plan before, and those of plans
before that which it had no more."""


def write_run(
    plan: Plan,
    path: Path,
    *,
    force: bool = False,
    copy: bool = True,
    curve: pd.DataFrame | None = None,
    beside: Mapping[str, Writer] | None = None,
) -> Path:
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
    beside
        Further files of the run folder by name, and who writes each.

    Raises
    ------
    RunError
        If `path` is taken, a source file has changed since it was read, or the file
        system refuses. Nothing is left behind then.
    """
    target = Path(os.path.realpath(path))
    with refusals(mark("the run folder {path} cannot be written: {reason}"), path):
        tidy(target)
        refuse_taken(path, force=force)
        with folder_in_place_of(target) as folder:
            hashes = _write_plan(plan, curve, folder / "plan")
            case = _write_case(plan.case, folder / "case") if copy else _case_left_in_place(plan.case)
            manifest = {
                "matchopt": matchopt.__version__,
                "case": case,
                "settings": plan.case.settings.model_dump(mode="json"),
                "plan": hashes,
                **({} if plan.case.earlier is None else {"earlier": plan.case.earlier.last_id}),
                "run": {
                    "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "case_path": _given_path(plan.case),
                    **plan.run,
                },
            }
            (folder / MANIFEST).write_bytes(json_bytes({**manifest, "seal": seal_of(manifest)}))
            for name, write in (beside or {}).items():
                write(folder / name)
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
    """Raise RunError if no run folder may be written at `path`; with `force` an older one is replaced."""
    refuse_place(
        path,
        MANIFEST,
        force=force,
        other=mark("{path} exists and is no run folder: choose another place for the run"),
        taken=mark("the run folder {path} exists: choose another with -o, or replace it with --force"),
    )


def refuse_place(path: Path, sign: str, *, force: bool, other: str, taken: str = "") -> None:
    """Raise RunError if no folder of a kind may be written at `path`.

    Parameters
    ----------
    sign
        The file by which an older folder of the kind is known.
    force
        Whether an older one may be replaced; anything else that exists never is.
    other, taken
        The marked messages: something else stands there; an older one stands there.
    """
    if not os.path.lexists(path):
        return
    if not (path / sign).is_file():
        raise RunError(tr(other, path=path))
    if not force:
        raise RunError(tr(taken, path=path))


def _write_plan(plan: Plan, curve: pd.DataFrame | None, folder: Path) -> dict[str, str]:
    """Write the files of ``plan/`` and return their hashes."""
    folder.mkdir()
    tables: dict[str, tuple[pd.DataFrame, Sequence[str]]] = {
        "allocations.csv": (plan.allocations, ALLOCATIONS),
        "needs.csv": (plan.needs, NEEDS),
        "donations.csv": (plan.donations, DONATIONS),
        "prices.csv": (plan.prices, PRICES),
        "purchases.csv": (plan.purchases, PURCHASES),
    }
    if curve is not None:
        tables[CURVE] = (curve, tuple(map(str, curve.columns)))
    if plan.case.earlier is not None:
        tables[EARLIER] = (plan.case.earlier.allocations, ALLOCATIONS)
        tables[RETIRED] = (plan.case.earlier.retired, ALLOCATIONS)
    for name, (frame, columns) in tables.items():
        (folder / name).write_bytes(table_bytes(frame, columns))
    (folder / "summary.json").write_bytes(json_bytes(dict(plan.summary)))
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
        _write_read(case, folder / AS_READ)
        return {**_case_left_in_place(case), "copied": True}
    for name in case.tables:
        # Who gave tables gets them back as they were.
        (folder / f"{name}.csv").write_bytes(table_bytes(case.with_extras(name), safe=False))
    (folder / SETTINGS_FILE).write_text(settings_as_toml(case.settings), encoding="utf-8", newline="\n")
    files = [{"name": file.name, "sha256": _sha256(file)} for file in sorted(folder.iterdir())]
    return {"files": files, "copied": True}


def _write_read(case: Case, folder: Path) -> None:
    """Keep the tables of which quantities were converted as they were read, in the units of the items."""
    converted = [finding.table for finding in case.findings if finding.code == "converted_units"]
    for name in (*dict.fromkeys(converted), "items") if converted else ():
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.csv").write_bytes(table_bytes(case.with_extras(name), safe=False))


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


def json_bytes(content: object) -> bytes:
    """Return `content` as JSON that people can read."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    # Bytes of paths that are no text become the escapes of JSON.
    return (text + "\n").encode("utf-8", "backslashreplace")


def seal_of(manifest: Mapping[str, Any]) -> str:
    """Return the hash of what a manifest says, by which a change of it is seen."""
    said = {name: value for name, value in manifest.items() if name != "seal"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
