"""Whether a run is as it was written: its files by their hashes, its tables by the ids that they share."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from matchopt.contract.schema import table_named
from matchopt.contract.settings import FILE as SETTINGS_FILE
from matchopt.errors import RunError, reason_of, shortened
from matchopt.language import mark, tr
from matchopt.runs.write import MANIFEST
from matchopt.tables.column_names import COLUMNS_FILE
from matchopt.tables.files import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Container

    import pandas as pd

    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.runs.read import Manifest

log = logging.getLogger("matchopt")

_CHANGED = mark("{file}: has been changed since the plan was made")
_ADDED = mark("{file}: has been added since the plan was made")
_UNREADABLE = mark("{file}: cannot be read: {strerror}")


def changed_files(folder: Path, manifest: Manifest, case: Path | None) -> Iterator[str]:
    """Yield one line for each file that is not as it was when the run was written, or was not there.

    Parameters
    ----------
    folder, manifest
        The run folder and what it says.
    case
        Where its case is: a folder, or a workbook; None if it does not matter.
    """
    return (said for said, _ in _changes(folder, manifest, case))


def refuse_changed(folder: Path, manifest: Manifest, case: Path | None, *, force: bool) -> None:
    """Raise RunError if a file of the run was changed or added since then; with `force`, only log it.

    A case that is gone altogether is left to whoever reads it.
    """
    where = None if case is None or not case.exists() else case
    found = list(_changes(folder, manifest, where))
    if force:
        for said, _ in found:
            log.warning(said)
        return
    lost = [said for said, there in found if not there]
    if lost:
        raise RunError(lost[0])
    if found:
        more = tr(" (and {n} more)", n=str(len(found) - 1)) if len(found) > 1 else ""
        cure = tr("plan again, or use the run as it is now with --force (in Python: force=True)")
        raise RunError(f"{found[0][0]}{more} → {cure}")


def _changes(folder: Path, manifest: Manifest, case: Path | None) -> Iterator[tuple[str, bool]]:
    """Yield what is said of each file that is not as it was, and whether it can be read."""
    if not manifest.whole:
        yield tr(_CHANGED, file=folder / MANIFEST), True
    files = [(folder / "plan" / name, sha) for name, sha in manifest.plan_files.items()]
    if case is not None:
        case_folder = case.parent if case.is_file() else case
        files += [(case_folder / name, sha) for name, sha in manifest.case_files.items()]
    for file, sha in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            yield tr(_UNREADABLE, file=file, strerror=reason_of(error)), False
            continue
        if hashlib.sha256(content).hexdigest() != sha:
            yield tr(_CHANGED, file=file), True
    if case is not None and case.is_dir():
        for file in _added(case, manifest):
            yield tr(_ADDED, file=file), True


def _added(case: Path, manifest: Manifest) -> Iterator[Path]:
    """Yield files of the folder of a case that reading it would take in now, and did not when it was planned.

    In a folder of the user's own files that are not called like a table may have stood there before.
    """
    for file in sorted(case.iterdir()):
        named = file.name.lower() in (SETTINGS_FILE, COLUMNS_FILE)
        table = file.suffix.lower() in SUFFIXES and (manifest.copied or table_named(file.stem) is not None)
        hidden = file.name.startswith((".", "~$"))
        if file.name not in manifest.case_files and (named or table) and not hidden and file.is_file():
            yield file


def refuse_torn(plan: Plan, folder: Path, case: Case | None) -> None:
    """Raise RunError if the tables of a plan name needs, donations, hubs or lines that are not there.

    Parameters
    ----------
    folder
        Where its tables stand.
    case
        The case it was made for, whose needs and donations it has to tell of, each once; None if another
        one is at hand.
    """
    ids = {}
    for name, key in (("needs", "need_id"), ("donations", "donation_id")):
        table, file = getattr(plan, name), folder / f"{name}.csv"
        _refuse_twice(table[key], file)
        ids[key] = set(table[key])
        if case is None:
            continue
        known = getattr(case, name)[key]
        _refuse_unknown(table[key], set(known), file, tr("is not in the case"))
        lost = known[~known.isin(ids[key])]
        if len(lost):
            message = mark("{file} is damaged: it does not tell of {name}")
            raise RunError(tr(message, file=file, name=f"«{shortened(lost.iloc[0])}»"))
    lines = folder / "allocations.csv"
    _refuse_twice(plan.allocations["allocation_id"], lines)
    tables = ((plan.allocations, lines), (plan.purchases, folder / "purchases.csv"))
    for table, file in tables:
        for key, known in ids.items():
            _refuse_unknown(table[key], known, file, tr("is not in the plan"))
    if case is not None:
        hubs = {"", *case.table("hubs")["hub"]}
        _refuse_unknown(plan.allocations["hub"], hubs, lines, tr("is not in the case"))


def _refuse_twice(ids: pd.Series[str], file: Path) -> None:
    again = ids.duplicated()
    if again.any():
        raise RunError(_damaged(file, ids, int(again.argmax()), tr("stands there twice")))


def _refuse_unknown(ids: pd.Series[str], known: Container[str], file: Path, what: str) -> None:
    unknown = ids.map(lambda name: name not in known).astype(bool)
    if unknown.any():
        raise RunError(_damaged(file, ids, int(unknown.argmax()), what))


def _damaged(file: Path, ids: pd.Series[str], at: int, what: str) -> str:
    message = mark("{file} is damaged: row {value}, {name}: «{cell}» {what}")
    cell = shortened(ids.iloc[at])
    return tr(message, file=file, value=at + 2, name=ids.name, cell=cell, what=what)
