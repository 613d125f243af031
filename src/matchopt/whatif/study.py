"""Studies: one case under many settings, or under several ways of working, planned point by point."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args, get_origin

import pandas as pd
from pydantic import BaseModel

from matchopt.arrays import Bools
from matchopt.contract.case import Case
from matchopt.contract.fields import PINNED
from matchopt.contract.plan import Plan
from matchopt.contract.settings import Settings
from matchopt.engine import plan as plan_of
from matchopt.errors import CaseError, Finding, Severity, SolverError
from matchopt.language import tr
from matchopt.model.calendar import Calendar
from matchopt.whatif.variant import served_by

Tell = Callable[[int, int], None]
Planner = Callable[[Case], Plan]
Trial = tuple[Mapping[str, str], Callable[[], Case]]

MODES: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "resident": ("resident",),
        "public_sector": ("public_sector",),
        "public_sector+resident": ("public_sector", "resident"),
        "enterprise+resident": ("enterprise", "resident"),
        "enterprise+public_sector+resident": ("enterprise", "public_sector", "resident"),
    }
)
"""The five ways of working: through which channels the organisation hears of needs."""

BOUNDARY = "policy.boundary"


def _nobody(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a study.

    Attributes
    ----------
    label
        What is varied → its value here.
    plan
        The best plan here; None if the case cannot be planned so.
    why
        Why it cannot.
    """

    label: Mapping[str, str]
    plan: Plan | None
    why: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """A study.

    Attributes
    ----------
    kind
        ``settings``, ``boundaries`` or ``modes``.
    case
        The case as it is; of all its needs is told how many are served, also of those that a way of working
        does not hear of.
    points
        In the order in which they were varied.
    reference
        Number of the point that the others are held against.
    """

    kind: Literal["settings", "boundaries", "modes"]
    case: Case
    points: tuple[Point, ...]
    reference: int

    @property
    def base(self) -> Plan:
        """The plan that the others are held against."""
        plan = self.points[self.reference].plan
        assert plan is not None
        return plan


def settings_study(
    case: Case,
    vary: Mapping[str, Sequence[str]],
    *,
    tell: Tell = _nobody,
    planner: Planner = plan_of,
    today: date | None = None,
) -> Study:
    """Plan a case under all combinations of settings.

    Parameters
    ----------
    case
        The case.
    vary
        Name of a setting, such as ``policy.boundary`` → its values, as they would be written in
        ``matchopt.toml``; none for all that it can have (see `choices`).
    tell
        Called with how many plans are made, of how many.
    planner
        Makes the plans: `matchopt.plan`, or what checks them, too.
    today
        What "today" is in the settings; by default the day of the clock.

    Returns
    -------
    Study
        Held against the point that has the case's own settings, or else the first that can be planned.

    Raises
    ------
    CaseError
        If a setting is unknown or wrong, or the case can be planned under none of them.
    """
    axes = {name: list(values) or choices(name) for name, values in vary.items()}
    grid = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    wanted = [case.settings.changed([f"{name}={text}" for name, text in one.items()], today) for one in grid]
    trials = [
        (one, lambda settings=settings: case.replace(settings=settings))
        for one, settings in zip(grid, wanted, strict=True)
    ]
    points = tuple(_planned(trials, tell, planner))
    own = next((k for k, settings in enumerate(wanted) if settings == case.settings), 0)
    return Study("settings", case, points, _reference(points, own))


def boundaries_study(case: Case, *, tell: Tell = _nobody, planner: Planner = plan_of) -> Study:
    """Plan a case under every boundary policy; all are held against donations that may go anywhere.

    Raises
    ------
    CaseError
        If the case can be planned under none.
    """
    made = settings_study(case, {BOUNDARY: ()}, tell=tell, planner=planner)
    return Study("boundaries", case, made.points, _reference(made.points, len(made.points) - 1))


def modes_study(case: Case, *, tell: Tell = _nobody, planner: Planner = plan_of) -> Study:
    """Plan a case under each of the five ways of working, `MODES`.

    Needs of other channels are not heard of: nobody plans for them, and they cost nothing to find out about.
    What the rates say of each channel's identification cost counts for the others. All are held against the
    way in which everybody is heard. Lines that stay do so in every way: of a need that is not heard of, what
    they serve.

    Raises
    ------
    CaseError
        If the case can be planned under none.
    """
    pinned = _pinned(case)

    def heard(channels: tuple[str, ...]) -> Case:
        known = case.needs["channel"].isin(channels).to_numpy()
        if not known.any():
            finding = Finding(
                Severity.ERROR,
                "no_need_heard",
                "needs",
                tr("no need comes through this channel"),
                tr("fill in the column channel where somebody else than the resident stated the need"),
                column="channel",
            )
            raise CaseError([finding])
        return Case.unchecked(_heard(case, known), case.settings.updated(pinned))

    trials = [({"mode": mode}, lambda channels=channels: heard(channels)) for mode, channels in MODES.items()]
    points = tuple(_planned(trials, tell, planner))
    return Study("modes", case, points, _reference(points, len(points) - 1))


def _heard(case: Case, known: Bools) -> dict[str, pd.DataFrame]:
    """Return the tables of a case in which some needs are known, and of others what lines that stay serve."""
    lines = case.table("commitments")
    stays = lines["status"].isin(PINNED)
    quantity = pd.Series(served_by(case, lines[stays])).groupby(lines["need_id"][stays].to_numpy()).sum()
    needs = case.needs.assign(heard=known, pinned=case.needs["need_id"].map(quantity).fillna(0.0))
    needs = needs[needs["heard"] | (needs["pinned"] > 0)].reset_index(drop=True)
    asked = needs["quantity"].where(needs["heard"], needs[["quantity", "pinned"]].min(axis=1))
    heard = set(needs["need_id"][needs["heard"]])
    fond = case.table("affinities")
    tables = {
        **case.tables,
        "needs": needs.assign(quantity=asked).drop(columns=["heard", "pinned"]),
        "affinities": fond[fond["need_id"].isin({"", *heard})].reset_index(drop=True),
        "commitments": lines[stays | lines["need_id"].isin(heard)].reset_index(drop=True),
    }
    return {name: table for name, table in tables.items() if len(table)}


def alike(study: Study) -> list[str]:
    """Return why no point of a study can differ from another, a reason for each setting; none if some can."""
    names = study.points[0].label
    reasons = [_idle(study.case, name, frozenset(names)) for name in names]
    return reasons if all(reasons) else []


def _idle(case: Case, name: str, varied: Set[str]) -> str:
    """Return why a setting, or the way of working, makes no difference to a case; empty if it may."""
    policy, channels = case.settings.policy, set(case.needs["channel"])
    _, _, channel = name.partition("rates.identification.")
    idle = {
        "mode": (len(channels) == 1, tr("all needs come through one channel")),
        BOUNDARY: (not (case.donations["community"] != "").any(), tr("no donation has a community")),
        "policy.reliability": ((case.donations["reliability"] == 1).all(), tr("all donations are certain")),
        "policy.affinity_weight": ("affinities" not in case.tables, tr("there is no table affinities")),
        "policy.churn_cost": ("commitments" not in case.tables, tr("there is no table commitments")),
        "policy.fair_share": (
            policy.fairness != "share" and "policy.fairness" not in varied,
            tr("it counts under fairness share alone"),
        ),
        "rates.unmet_cost": (
            (policy.objective != "total-cost" and "policy.objective" not in varied)
            or case.needs["unmet_cost"].notna().all(),
            tr("it counts under total cost alone, for needs without a cost of their own"),
        ),
        **{
            f"rates.{rate}": ("hubs" not in case.tables, tr("there is no table hubs"))
            for rate in ("hub_handling", "hub_storage")
        },
        f"rates.identification.{channel}": (
            channel not in channels,
            tr("no need comes through this channel"),
        ),
    }
    holds, why = idle.get(name, (False, ""))
    return why if holds else ""


def choices(name: str) -> list[str]:
    """Return all values of a setting that has a list of them.

    Raises
    ------
    CaseError
        If there is no such setting, or it has no list of values.
    """
    model: Any = Settings
    for part in name.split("."):
        info = model.model_fields.get(part) if _is_section(model) else None
        model = None if info is None else info.annotation
    if get_origin(model) is Literal:
        return [str(value) for value in get_args(model)]
    if model is None or _is_section(model):
        Settings().changed([f"{name}=?"])  # says what is wrong with the name
    finding = Finding(
        Severity.ERROR,
        "no_choices",
        "settings",
        tr("has no list of values to go through"),
        tr("name them, separated by commas: {name}=1,2,3", name=name),
        column=name,
    )
    raise CaseError([finding])


def _is_section(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _pinned(case: Case) -> dict[str, Any]:
    """Return the days of the case as settings: fewer needs must not mean fewer days."""
    calendar = Calendar.of(case)
    if not calendar.dated:
        return {}
    epoch = date(1970, 1, 1)
    days = {name: epoch + timedelta(days=getattr(calendar, name)) for name in ("start", "end")}
    return {"horizon": days}


def _planned(trials: Sequence[Trial], tell: Tell, planner: Planner) -> Iterator[Point]:
    for done, (label, make) in enumerate(trials):
        tell(done, len(trials))
        try:
            plan = planner(make())
        except CaseError as error:
            yield Point(label, None, tuple(f for f in error.findings if f.severity is Severity.ERROR))
        except SolverError as error:
            finding = Finding(Severity.ERROR, "no_plan", "", str(error), "")
            yield Point(label, None, (finding,))
        else:
            yield Point(label, plan)
    tell(len(trials), len(trials))


def _reference(points: Sequence[Point], wanted: int) -> int:
    """Return the wanted point if it has a plan, else the first that has; CaseError if none has."""
    if points[wanted].plan is not None:
        return wanted
    found = next((k for k, point in enumerate(points) if point.plan is not None), None)
    if found is None:
        raise CaseError(list(dict.fromkeys(finding for point in points for finding in point.why)))
    return found
