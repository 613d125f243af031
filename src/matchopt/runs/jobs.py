"""Which cases a batch is about, and whether a run of one is still good."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from matchopt import __version__
from matchopt.contract.schema import table_named
from matchopt.contract.settings import FILE, this_day
from matchopt.errors import CaseError, Finding, RunError, Severity, shortened
from matchopt.language import mark, tr
from matchopt.runs.atomic import Writer, refusals, text_file
from matchopt.runs.integrity import changed_files
from matchopt.runs.read import case_place, read_manifest
from matchopt.runs.write import case_name
from matchopt.tables.files import SUFFIXES

PLANNED, UNCHANGED, FAILED = "planned", "unchanged", "failed"
STAMP = "batch.json"
"""Lies in the run folder of a case of a batch: of what it was made."""


@dataclass(frozen=True, slots=True)
class Job:
    """One case of a batch.

    Attributes
    ----------
    name
        What it is called; no two of a batch are called alike.
    case
        Its folder or workbook.
    changes
        Settings that replace its own, such as ``policy.boundary=district``.
    run
        Where its run folder stands.
    today
        What "today" is.
    """

    name: str
    case: Path
    changes: tuple[str, ...]
    run: Path
    today: date = field(default_factory=this_day)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What became of a job.

    Attributes
    ----------
    name, case, run
        As in `Job`, as texts.
    outcome
        ``planned``, ``unchanged`` (its run stands, made of the same) or ``failed``.
    seconds
        How long it took.
    needs, full
        How many needs its plan has, and serves in full.
    status, asked, served, cost, currency, gap
        Of its plan, as in ``summary.json``; `cost` is the logistics cost. Empty and 0 without one.
    findings
        Why it failed, a line each.
    """

    name: str
    case: str
    run: str
    outcome: str
    seconds: float
    status: str = ""
    needs: int = 0
    full: int = 0
    asked: float = 0.0
    served: float = 0.0
    cost: float = 0.0
    currency: str = ""
    gap: float = 0.0
    findings: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        job: Job,
        outcome: str,
        seconds: float,
        summary: Mapping[str, Any] | None = None,
        findings: Sequence[str] = (),
    ) -> JobOutcome:
        """Return what became of a job; `summary` is that of its plan, if it has one."""
        told: dict[str, Any] = {}
        if summary is not None:
            told = {name: summary[name] for name in ("status", "currency")}
            told |= {name: float(summary[name]) for name in ("asked", "served", "gap")}
            told["cost"] = float(summary["logistics_cost"])
            requests = summary["by_kind"]["requests"]
            told |= {"needs": requests["asked"], "full": requests["full"]}
        return cls(job.name, str(job.case), str(job.run), outcome, seconds, findings=list(findings), **told)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return asdict(self)


def jobs_of(
    places: Sequence[str], runs: Path, changes: Sequence[str] = (), today: date | None = None
) -> list[Job]:
    """Return the jobs of a batch.

    Parameters
    ----------
    places
        Cases: folders with tables, workbooks, folders of such, patterns (``districts/*``), and files
        ``*.toml`` that list cases with settings of their own.
    runs
        Folder of the run folders.
    changes
        Settings for all.
    today
        What "today" is; by default the day of the clock.

    Raises
    ------
    CaseError
        If a place is none, a list cannot be read, or two jobs are the same or called alike.
    """
    found: list[Finding] = []
    wanted = [one for place in places for one in _wanted(place, tuple(changes), found)]
    names = _names(wanted)
    day = today or this_day()
    named = zip(names, wanted, strict=True)
    jobs = [Job(name, case, mine, runs / name, day) for name, (_, case, mine) in named]
    seen: dict[object, Job] = {}
    for job in jobs:
        for key in ((job.case.resolve(), job.changes), job.name):
            if key in seen:
                found.append(_twice(job, seen[key]))
                break
            seen[key] = job
    if not jobs and not found:
        found.append(_error("no_case", tr("names no case"), tr("name folders, workbooks or a list")))
    if found:
        raise CaseError(found)
    return jobs


_Wanted = tuple[str, Path, tuple[str, ...]]
"""The name that was given, or none; the case; its changes."""


def _error(code: str, problem: str, cure: str, value: object = "", place: object = "batch") -> Finding:
    return Finding(Severity.ERROR, code, str(place), problem, cure, value=shortened(value))


def _no_such_path(value: object, place: object = "batch") -> Finding:
    return _error("no_such_path", tr("does not exist"), tr("check the path of the case folder"), value, place)


def _twice(job: Job, other: Job) -> Finding:
    if (job.case.resolve(), job.changes) == (other.case.resolve(), other.changes):
        return _error(
            "duplicate_case", tr("is named twice"), tr("name it once, or with other settings"), job.case
        )
    problem = tr("would be the run of two cases: {one} and {other}", one=other.case, other=job.case)
    return _error("duplicate_name", problem, tr("give one of them another name in a list of cases"), job.name)


def _wanted(place: str, changes: tuple[str, ...], found: list[Finding]) -> Iterator[_Wanted]:
    """Yield the cases that one place names."""
    path = Path(place)
    if path.suffix.lower() == ".toml" and os.path.isfile(path):  # noqa: PTH113 - no error where none may look
        yield from _listed(path, changes, found)
    elif os.path.lexists(path):
        yield from _cases(path, changes, found)
    else:
        matches = sorted(glob.glob(place))  # noqa: PTH207 - a pattern may begin anywhere
        if not matches:
            found.append(_no_such_path(place))
        for match in matches:
            yield from _cases(Path(match), changes, found)


def _cases(path: Path, changes: tuple[str, ...], found: list[Finding]) -> Iterator[_Wanted]:
    """Yield a case, or those that a folder holds; what cannot be looked into is taken for a case."""
    if is_case(path):
        yield "", path, changes
        return
    inside = [inner for inner in sorted(path.iterdir()) if is_case(inner)] if path.is_dir() else []
    if not inside:
        problem = tr("holds no case: no table needs, and no folder that has one")
        found.append(_error("no_case", problem, tr("name the folders that hold the tables"), path))
    for inner in inside:
        yield "", inner, changes


def is_case(path: Path) -> bool:
    """Return whether a path looks like a case: a workbook, or a folder with a table ``needs``."""
    if path.name.startswith((".", "~$")):
        return False
    if os.path.isfile(path):  # noqa: PTH113
        return path.suffix.lower() == ".xlsx"
    try:
        return path.is_dir() and any(_is_needs(file) for file in path.iterdir())
    except PermissionError:
        return True


def _is_needs(file: Path) -> bool:
    table = table_named(file.stem)
    return file.suffix.lower() in SUFFIXES and table is not None and table.name == "needs"


def _listed(path: Path, changes: tuple[str, ...], found: list[Finding]) -> Iterator[_Wanted]:
    """Yield the cases of a list: ``set`` for all, and a table ``[[case]]`` each."""
    shape = tr('a list has [[case]] tables with path, and name and set = ["policy.boundary=open"] if need be')
    try:
        raw = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        found.append(
            _error("not_toml", tr("cannot be read as TOML: {error}", error=error), shape, place=path)
        )
        return
    cases, shared = raw.get("case"), raw.get("set", [])
    known = isinstance(cases, list) and cases and _texts(shared) and set(raw) <= {"case", "set"}
    if not known:
        found.append(_error("bad_list", tr("is no list of cases"), shape, place=path))
        return
    for number, entry in enumerate(cases or (), 1):
        if not _is_entry(entry):
            problem = tr("case {number} is not as it should be", number=number)
            found.append(_error("bad_list", problem, shape, entry, path))
            continue
        case = path.parent / entry["path"]
        if not os.path.lexists(case):
            found.append(_no_such_path(case, path))
            continue
        yield entry.get("name", ""), case, (*changes, *shared, *entry.get("set", []))


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_entry(entry: Any) -> bool:
    """Return whether an entry of a list has a path, and nothing that it should not have."""
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return False
    name = entry.get("name", "case")
    plain = isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set('/\\:*?"<>|\0')
    return plain and _texts(entry.get("set", [])) and set(entry) <= {"path", "name", "set"}


def _names(wanted: Sequence[_Wanted]) -> list[str]:
    """Return the names given, else those of the cases; with their folder's before where two are alike."""
    short = [name or case_name(case) for name, case, _ in wanted]
    return [
        name if given or short.count(name) == 1 else f"{case.resolve().parent.name}-{name}"
        for name, (given, case, _) in zip(short, wanted, strict=True)
    ]


def stamp(job: Job) -> str:
    """Return what a run of a job is made of, as a hash: version, settings, the bytes of its files."""
    digest = hashlib.sha256(f"{__version__}\n{json.dumps(job.changes)}\n".encode())
    files = [job.case] if job.case.is_file() else sorted(job.case.iterdir())
    for file in files:
        counts = file.suffix.lower() in SUFFIXES or file.name.lower() == FILE
        if counts and file.is_file() and not file.name.startswith((".", "~$")):
            with file.open("rb") as stream:
                inner = hashlib.file_digest(stream, "sha256").hexdigest()
            digest.update(os.fsencode(file.name) + f"\n{inner}\n".encode())
    return digest.hexdigest()


def stamp_file(mark: str, today: date | None) -> Writer:
    """Return what writes the stamp into a run folder, with the day that it is good for if it is one alone."""
    return text_file(json.dumps({"made_of": mark} | ({"today": str(today)} if today else {})) + "\n")


def kept(job: Job, mark: str) -> dict[str, Any] | None:
    """Return the summary of a job's run if it stands as it was written and is made of just this, or None."""
    try:
        said = json.loads((job.run / STAMP).read_text("utf-8"))
        summary = json.loads((job.run / "plan" / "summary.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(said, dict) or said.get("made_of") != mark or not isinstance(summary, dict):
        return None
    if said.get("today") not in (None, str(job.today)):
        return None
    try:
        manifest = read_manifest(job.run)
        changed = any(changed_files(job.run, manifest, case_place(job.run, manifest)))
    except RunError:
        return None
    return None if changed else summary


def runs_folder(runs: Path) -> Path:
    """Make the folder of the run folders, and return it.

    Raises
    ------
    RunError
        If the file system refuses.
    """
    with refusals(mark("the folder {path} cannot be written: {reason}"), runs):
        runs.mkdir(parents=True, exist_ok=True)
    return runs
