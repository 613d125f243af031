"""Run folder → Plan: what `matchopt.runs.write` wrote, read back and looked at with suspicion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matchopt import __version__
from matchopt.contract.case import EarlierPlan
from matchopt.contract.plan import ALLOCATIONS, DONATIONS, NEEDS, PRICES, PURCHASES, Plan
from matchopt.contract.settings import Settings
from matchopt.errors import CaseError, RunError, reason_of, shortened
from matchopt.language import mark, tr
from matchopt.runs.integrity import refuse_changed, refuse_torn
from matchopt.runs.render import EXACT, MONEY, bare
from matchopt.runs.write import CURVE, EARLIER, MANIFEST, RETIRED, seal_of

if TYPE_CHECKING:
    import pandas as pd

    from matchopt.contract.case import Case

_TABLES = {
    "allocations": ALLOCATIONS,
    "needs": NEEDS,
    "donations": DONATIONS,
    "prices": PRICES,
    "purchases": PURCHASES,
}
"""Tables of every plan with their columns; those of needs and donations may be followed by further ones."""
PLAN_FILES = (*(f"{name}.csv" for name in _TABLES), "summary.json")
"""Files of every plan; `CURVE`, `EARLIER` and `RETIRED` may stand beside them."""
_WHOLE = frozenset({"priority", "block", "level"})
_QUANTITIES = frozenset(
    [
        "donated_quantity",
        "served_quantity",
        "asked",
        "served",
        "unmet",
        "offered",
        "planned",
        "left_over",
        "quantity",
    ]
)
_DAYS = frozenset({"pickup_day", "arrival_day", "delivery_day", "day"})
_NUMBER = (int, float)
_SUMMARY: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(["status", "objective", "currency", "proof", "stopped"], str),
    **dict.fromkeys(
        ["asked", "served", "unmet", "excluded", "offered", "planned", "left_over", "logistics_cost", "gap"],
        _NUMBER,
    ),
    "allocations": int,
    **dict.fromkeys(["asked_by_tier", "served_by_tier", "asked_by_channel", "served_by_channel"], dict),
    **dict.fromkeys(
        ["horizon", "by_kind", "cost", "bound", "relaxation", "unmet_by_reason", "left_over_by_reason"], dict
    ),
    **dict.fromkeys(("fairness", "budget"), (dict, type(None))),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run folder says about itself.

    Attributes
    ----------
    version
        The matchopt that made it.
    settings
        Settings in force.
    case_files, plan_files
        File name → SHA-256 when the run was written.
    copied
        Whether the case is kept in ``case/``.
    case_path
        Where the case was read from; None if it was made from DataFrames.
    last_id
        The last id of a line that the plan before knew of, see `EarlierPlan`.
    run
        Timings and versions.
    whole
        Whether the manifest itself is as it was written.
    """

    version: str
    settings: Settings
    case_files: Mapping[str, str]
    plan_files: Mapping[str, str]
    copied: bool
    case_path: str | None
    last_id: str
    run: Mapping[str, Any]
    whole: bool


def read_run(path: str | PathLike[str], case: Case | None = None, *, force: bool = False) -> Plan:
    """Read the run folder at `path`.

    Parameters
    ----------
    path
        A run folder.
    case
        The case it was made for; by default the copy in the folder, or else the files
        at the place that the manifest names. The settings in force come from the
        manifest in any case.
    force
        Read it even if one of its files was changed since it was written; that is then logged
        as a warning (logger ``matchopt``).

    Raises
    ------
    RunError
        If a file of the run is missing, was changed, or cannot be read.
    CaseError
        If the case has errors.

    Notes
    -----
    Reading checks hashes, the form of the files, and that they speak of the same needs, donations and
    lines. `matchopt.verify` checks what the plan says.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    place = None if case is not None else case_place(folder, manifest)
    refuse_changed(folder, manifest, place, force=force)
    made = plan_of(folder, manifest, case or case_of(folder, manifest, case_place(folder, manifest)))
    refuse_torn(made, folder / "plan", made.case)
    return made


def read_earlier(folder: Path, manifest: Manifest, case: Case) -> Plan:
    """Read the plan of a run folder beside a `case` that has gone on since it was made."""
    made = plan_of(folder, manifest, case)
    refuse_torn(made, folder / "plan", None)
    return made


def case_of(folder: Path, manifest: Manifest, place: Path) -> Case:
    """Read the case of a run folder at `place`, as it was planned; CaseError if it has errors."""
    from matchopt.tables.read import read_case

    return read_case(place, settings_as_changes(manifest.settings), earlier_plan(folder, manifest))


def plan_of(folder: Path, manifest: Manifest, case: Case) -> Plan:
    """Read the tables and the summary of a run folder, whatever they say."""
    plan = folder / "plan"
    tables = {
        name: _table(plan / f"{name}.csv", columns, more=name in ("needs", "donations"))
        for name, columns in _TABLES.items()
    }
    summary = _summary(plan / "summary.json")
    return Plan(case=replace(case, settings=manifest.settings), **tables, summary=summary, run=manifest.run)


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.json`` of the run folder; RunError if there is none, or it is damaged or too new."""
    file = folder / MANIFEST
    if not file.is_file():
        raise RunError(
            tr("{folder} is no run folder: it has no {manifest}", folder=folder, manifest=MANIFEST)
        )
    raw = _json(file)
    # Before anything else: what a later version writes need not look as this one expects.
    _refuse_newer(folder, str(raw.get("matchopt", "")))
    case = raw.get("case")
    if not isinstance(case, dict) or not isinstance(raw.get("run"), dict):
        raise RunError(tr("{file} is damaged: it does not name its case and its run", file=file))
    if not isinstance(case.get("copied"), bool) or not isinstance(raw["run"].get("case_path"), str | None):
        raise RunError(tr("{file} is damaged: it does not say where the case is", file=file))
    plan_files = _hashes(file, raw.get("plan"))
    if set(plan_files) - {CURVE, EARLIER, RETIRED} != set(PLAN_FILES):
        raise RunError(tr("{file} is damaged: it does not name the files of the plan", file=file))
    return Manifest(
        version=str(raw.get("matchopt", "")),
        settings=_settings(file, raw.get("settings")),
        case_files=_hashes(file, _pairs(file, case.get("files"))),
        plan_files=plan_files,
        copied=case["copied"],
        case_path=raw["run"].get("case_path"),
        last_id=str(raw.get("earlier", "")),
        run=raw["run"],
        whole=raw.get("seal") == seal_of(raw),
    )


def _refuse_newer(folder: Path, version: str) -> None:
    """Refuse a run folder of a later version than this one."""
    made, here = ([int(part) for part in re.findall(r"\d+", text)[:3]] for text in (version, __version__))
    if made > here:
        message = mark(
            "{folder} was made by matchopt {made}, which is newer than this one ({here}):"
            " update matchopt (pip install --upgrade matchopt), or plan the case anew"
        )
        raise RunError(tr(message, folder=folder, made=shortened(version), here=__version__))


def followed_plan(folder: Path, manifest: Manifest) -> EarlierPlan:
    """Read what a case that follows the plan of the run folder has to know of it, without its own case."""
    last = _json(folder / "plan" / "summary.json").get("last_allocation_id", "")
    lines = _table(folder / "plan" / "allocations.csv", ALLOCATIONS, more=False)
    return EarlierPlan.after(earlier_plan(folder, manifest), lines, str(last))


def earlier_plan(folder: Path, manifest: Manifest) -> EarlierPlan | None:
    """Return the plan before, as the run folder keeps it; None if it was made without one."""
    if EARLIER not in manifest.plan_files:
        return None
    lines = _table(folder / "plan" / EARLIER, ALLOCATIONS, more=False)
    if RETIRED not in manifest.plan_files:
        return EarlierPlan.after(None, lines, manifest.last_id)
    retired = _table(folder / "plan" / RETIRED, ALLOCATIONS, more=False)
    return EarlierPlan(lines, retired, manifest.last_id)


def case_place(folder: Path, manifest: Manifest) -> Path:
    """Return the folder or workbook of the case that the run folder was made for.

    Raises
    ------
    RunError
        If the run keeps no copy and names no place.
    """
    if manifest.copied:
        kept = folder / "case"
        # Only a workbook is a whole case in one file.
        return kept / next(iter(manifest.case_files)) if len(manifest.case_files) == 1 else kept
    if manifest.case_path is None:
        raise RunError(
            tr(
                "{folder} keeps no copy of its case, which was made from DataFrames: give the case (--case)",
                folder=folder,
            )
        )
    return Path(manifest.case_path)


def settings_as_changes(settings: Settings) -> tuple[str, ...]:
    """Return `settings` as changes such as ``policy.boundary="open"``, to apply to a case's own."""
    return tuple(_changes("", settings.model_dump(mode="json")))


def _changes(prefix: str, values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _changes(f"{prefix}{name}.", value)
        elif value is not None:
            yield f"{prefix}{name}={json.dumps(value, ensure_ascii=False)}"


class _Said(dict[str, Any]):
    """An object of a JSON file: whoever asks it for what it lacks is told which file is damaged."""

    file: Path

    def __missing__(self, name: str) -> Any:
        raise RunError(
            tr("{file} is damaged: {name} is missing or of the wrong kind", file=self.file, name=name)
        )


def _json(file: Path) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"it holds {constant}")

    def said(pairs: dict[str, Any]) -> _Said:
        found = _Said(pairs)
        found.file = file
        return found

    try:
        content = json.loads(file.read_bytes().decode("utf-8"), parse_constant=refuse, object_hook=said)
    except OSError as error:
        raise RunError(
            tr("{file} cannot be read: {strerror}", file=file, strerror=reason_of(error))
        ) from None
    except (ValueError, RecursionError) as error:
        raise RunError(tr("{file} is no proper JSON: {error}", file=file, error=shortened(error))) from None
    if not isinstance(content, dict):
        raise RunError(tr("{file} is damaged: it is JSON, but no object", file=file))
    return content


def _settings(file: Path, raw: object) -> Settings:
    if not isinstance(raw, dict):
        raise RunError(tr("{file} is damaged: it has no settings", file=file))
    try:
        return Settings.parse(raw)
    except CaseError as error:
        raise RunError(tr("{file} is damaged: {findings}", file=file, findings=error.findings[0])) from None


def _pairs(file: Path, raw: object) -> dict[str, object]:
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise RunError(tr("{file} is damaged: it does not list the files of the case", file=file))
    return {str(entry.get("name")): entry.get("sha256") for entry in raw}


def _hashes(file: Path, raw: object) -> dict[str, str]:
    """Check names and hashes; a name is a bare file name, so that a manifest reaches no other folder."""
    if not isinstance(raw, dict):
        raise RunError(tr("{file} is damaged: it does not list its files", file=file))
    for name, sha in raw.items():
        bare = name not in ("", ".", "..") and not set(name) & set("/\\\0")
        if not bare or not isinstance(sha, str):
            raise RunError(
                tr("{file} is damaged: «{name}» is no file with its hash", file=file, name=shortened(name))
            )
    return raw


def _summary(file: Path) -> dict[str, Any]:
    summary = _json(file)
    for name, kind in _SUMMARY.items():
        if name not in summary or not isinstance(summary[name], kind) or isinstance(summary[name], bool):
            raise RunError(
                tr("{file} is damaged: {name} is missing or of the wrong kind", file=file, name=name)
            )
    for name, inner in summary.items():
        by_name = name.endswith(("_by_tier", "_by_channel")) or name == "cost"
        if by_name and not _are_numbers(inner):
            raise RunError(tr("{file} is damaged: {name} holds what is no number", file=file, name=name))
    for name in ("bound", "relaxation"):
        proven = summary[name]
        if not _is_number(proven.get("cost")) or not _are_numbers(proven.get("served_by_tier", {})):
            raise RunError(tr("{file} is damaged: {name} is incomplete", file=file, name=name))
    if not all(day is None or _is_day(day) for day in summary["horizon"].values()):
        raise RunError(tr("{file} is damaged: {name} is incomplete", file=file, name="horizon"))
    groups = [*summary["unmet_by_reason"].values(), *summary["left_over_by_reason"].values()]
    if not all(_are_numbers(group) for group in groups):
        raise RunError(tr("{file} is damaged: the quantities by reason are incomplete", file=file))
    _check_rules(file, summary)
    return summary


def _check_rules(file: Path, summary: Mapping[str, Any]) -> None:
    """Refuse what is said of fairness and budget if it lacks a figure."""
    fairness, budget = summary["fairness"], summary["budget"]
    if fairness is not None:
        reached = "shortfall" if fairness.get("rule") == "share" else "floor"
        figures = [fairness.get(name) for name in (reached, "bound", "relaxation")]
        named = _are_cells(fairness.get("held_by", []))
        if not isinstance(fairness.get("rule"), str) or not all(map(_is_number, figures)) or not named:
            raise RunError(tr("{file} is damaged: fairness is incomplete", file=file))
    if budget is not None:
        figures = [budget.get("limit"), budget.get("used")]
        if not all(map(_is_number, figures)) or not _are_numbers(budget.get("one_more")):
            raise RunError(tr("{file} is damaged: budget is incomplete", file=file))


def _is_day(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None


def _are_numbers(inner: object) -> bool:
    return isinstance(inner, dict) and all(map(_is_number, inner.values()))


def _are_cells(inner: object) -> bool:
    """Tell whether it is a list of fairness cells, each with its names."""
    return isinstance(inner, list) and all(
        isinstance(cell, dict)
        and isinstance(cell.get("community"), str)
        and isinstance(cell.get("category"), str)
        for cell in inner
    )


def _is_number(value: object) -> bool:
    return isinstance(value, _NUMBER) and not isinstance(value, bool)


def _table(file: Path, columns: tuple[str, ...], *, more: bool) -> pd.DataFrame:
    """Read one table of the plan; `more` allows further columns after `columns`."""
    import pandas as pd

    try:
        # Without header: further columns may repeat a name, which pandas would change.
        text = pd.read_csv(file, dtype=object, header=None, na_filter=False, encoding="utf-8-sig")
    except OSError as error:
        raise RunError(
            tr("{file} cannot be read: {strerror}", file=file, strerror=reason_of(error))
        ) from None
    except (ValueError, pd.errors.ParserError) as error:
        raise RunError(
            tr("{file} cannot be read as a table: {error}", file=file, error=shortened(error))
        ) from None
    header = [str(name) for name in bare(text.iloc[0])]
    if tuple(header[: len(columns)]) != columns or (len(header) > len(columns) and not more):
        raise RunError(
            tr("{file} is damaged: its columns are not {listed}", file=file, listed=", ".join(columns))
        )
    body = text.iloc[1:].reset_index(drop=True)
    typed = [
        _typed(body.iloc[:, place], name if place < len(columns) else "", file)
        for place, name in enumerate(header)
    ]
    frame = pd.concat(typed, axis=1)
    frame.columns = pd.Index(header)
    return frame


def _typed(column: pd.Series[Any], name: str, file: Path) -> pd.Series[Any]:
    """Return `column` as `Plan` types the column called `name`."""
    import pandas as pd

    if name in _DAYS:
        days = pd.to_datetime(column, format="%Y-%m-%d", errors="coerce")
        # pandas reads «today» and «now» as days.
        bad = (column != "") & (days.isna() | (column.str.len() != len("2026-03-01")))
        _refuse_first(bad, column, name, file, tr("no day such as 2026-03-01"))
        return days.astype("datetime64[s]")
    if name in _QUANTITIES | MONEY | EXACT | _WHOLE:
        values = pd.to_numeric(column, errors="coerce").astype("float64")
        _refuse_first(~values.between(-1e18, 1e18), column, name, file, tr("no number"))
        if name in EXACT:
            return column.astype("float64")  # to the last digit, which `to_numeric` does not promise
        whole = values == values.round()
        if name in _WHOLE:
            _refuse_first(~whole, column, name, file, tr("no whole number"))
        return values.astype("int64") if name not in MONEY and bool(whole.all()) else values
    return bare(column)


def _refuse_first(bad: pd.Series[bool], column: pd.Series[Any], name: str, file: Path, what: str) -> None:
    if bad.any():
        row = int(bad.to_numpy().argmax())
        message = mark("{file} is damaged: row {value}, {name}: «{cell}» is {what}")
        cell = shortened(column.iloc[row])
        raise RunError(tr(message, file=file, value=row + 2, name=name, cell=cell, what=what))
