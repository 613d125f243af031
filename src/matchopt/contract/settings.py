"""The settings of a case (``matchopt.toml``): horizon, rates, policy, input."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from matchopt.contract.setting_names import VALUES, in_english, in_quotes, value_shown
from matchopt.errors import CaseError, Finding, Severity, shortened
from matchopt.language import Language, mark, spoken, tr

FILE = "matchopt.toml"

Rate = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=9e14, allow_inf_nan=False)]
"""Money in all: in 1/10 000 of the currency unit it fits 64-bit whole numbers."""


def _day(value: object) -> object:
    """Take a day written as text too; leave the rest to pydantic."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return value
    return value


def this_day() -> date:
    """Return what "today" is where nobody says it."""
    return date.today()


def _first_day(value: object, info: ValidationInfo) -> object:
    """Take "today" for the day that it is."""
    if isinstance(value, str) and value.strip().casefold() == "today":
        return (info.context or {}).get("today") or this_day()
    return _day(value)


Day = Annotated[date, BeforeValidator(_day)]
FirstDay = Annotated[date, BeforeValidator(_first_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Horizon(_Strict):
    """First and last planning day; what is not set the tables say (`matchopt.contract.horizon`).

    A start of ``"today"`` is the day on which the settings are read, and from then on that day.
    """

    start: FirstDay | None = None
    end: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start and self.end and self.end < self.start:
            raise ValueError(
                tr("the horizon ends on {end}, before it starts on {start}", end=self.end, start=self.start)
            )
        return self


class Identification(_Strict):
    """Cost of finding out about a need, in currency per need unit, by its channel."""

    resident: Rate = 0.0
    public_sector: Rate = 0.0
    enterprise: Rate = 0.0


class Rates(_Strict):
    """What things cost where no table says otherwise (contract §4)."""

    currency: Annotated[str, Field(min_length=1, max_length=32)] = "CNY"
    transport_per_kg_km: Rate = 0.002
    handling_direct: Rate = 0.10
    hub_handling: Rate = 0.20
    hub_storage: Rate = 0.01
    detour_factor: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] = 1.3
    identification: Identification = Identification()
    unmet_cost: Rate = 1000.0


class Policy(_Strict):
    """What the plan aims at and what binds it (contract §4)."""

    objective: Literal["coverage-first", "total-cost"] = "coverage-first"
    boundary: Literal["community", "district", "organization", "agreements", "open"] = "open"
    fairness: Literal["none", "floor", "leximin", "share"] = "none"
    fair_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    reliability: Literal["ignore", "expected", "firm"] = "expected"
    budget: Amount = 0.0
    affinity_weight: Rate = 0.0
    churn_cost: Rate = 0.0


class Input(_Strict):
    """How tables are read where they do not say it themselves.

    `coordinates` is the system that latitudes and longitudes are given in. `dates` is the order of days such
    as 3/4/2026: month first, day first, or asked for where no cell of the column decides it.
    """

    coordinates: Literal["WGS-84", "GCJ-02", "BD-09"] = "WGS-84"
    dates: Literal["ask", "mdy", "dmy"] = "ask"


class Settings(_Strict):
    """All settings in force, with their defaults.

    Examples
    --------
    >>> Settings.parse({"policy": {"boundary": "district"}}).policy.boundary
    'district'
    """

    horizon: Horizon = Horizon()
    rates: Rates = Rates()
    policy: Policy = Policy()
    input: Input = Input()

    @classmethod
    def parse(cls, raw: Mapping[str, Any], source: str = FILE, today: date | None = None) -> Settings:
        """Check `raw` and return the settings; `today` is the day that a start of "today" means.

        Raises
        ------
        CaseError
            With every unknown name, wrong type and value out of range at once.
        """
        english, twice = in_english(raw)
        if twice:
            raise CaseError([_stands_twice(name, source) for name in twice])
        try:
            return cls.model_validate(english, context={"today": today})
        except ValidationError as error:
            raise CaseError([_finding(e, source) for e in error.errors()]) from None

    @classmethod
    def from_toml(
        cls, text: str, changes: Iterable[str] = (), source: str = FILE, today: date | None = None
    ) -> Settings:
        """Read settings from TOML `text`, then apply `changes` such as ``policy.budget=100``.

        `today` as for `parse`.

        Raises
        ------
        CaseError
            If the text is no TOML, or a setting is unknown or wrong.
        """
        try:
            raw = _toml(text)
        except tomllib.TOMLDecodeError as error:
            finding = Finding(
                Severity.ERROR,
                "not_toml",
                source,
                tr("cannot be read as TOML: {error}", error=error),
                tr("write settings as NAME = VALUE under [horizon], [rates] or [policy], text in quotes"),
            )
            raise CaseError([finding]) from None
        return cls.parse(_with(raw, changes), source, today)

    def updated(self, changes: Mapping[str, Any]) -> Settings:
        """Return a copy in which the settings that the nested `changes` name are changed.

        Raises
        ------
        CaseError
            If a setting is unknown or wrong.
        """
        return Settings.parse(_merged(self.model_dump(), in_english(changes)[0]), "settings")

    def changed(self, changes: Iterable[str], today: date | None = None) -> Settings:
        """Return a copy after changes such as ``policy.budget=100``, as the command line takes them.

        `today` as for `parse`.

        Raises
        ------
        CaseError
            If a setting is unknown or wrong.
        """
        return Settings.parse(_with(self.model_dump(), changes), "settings", today)


DEEPEST = 100
"""How deep settings may be nested: far more than any of ours is."""


def _toml(text: str) -> dict[str, Any]:
    """Return TOML as nested mappings; what is nested too deep for `tomllib` is no TOML either."""
    try:
        # Its time grows with the square of the parts of a name.
        if any(line.partition("#")[0].count(".") > DEEPEST for line in text.splitlines()):
            raise RecursionError
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            if text.isascii():
                raise
        try:
            return tomllib.loads(in_quotes(text))
        except tomllib.TOMLDecodeError:
            return tomllib.loads(text)  # its own places of what is wrong
    except RecursionError:
        raise tomllib.TOMLDecodeError(tr("nested too deep")) from None


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        inner = base.get(name)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            value = _merged(inner, value)
        merged[name] = value
    return merged


def _with(raw: Mapping[str, Any], changes: Iterable[str]) -> dict[str, Any]:
    """Return settings after changes such as ``policy.budget=100``."""
    changed = dict(raw)
    for change in changes:
        english, twice = in_english(changed)
        changed = changed if twice else _merged(english, in_english(_change(change))[0])
    return changed


def _change(change: str) -> dict[str, Any]:
    """Return one ``section.name=value`` as nested mappings; the value is TOML, or else plain text."""
    path, equals, text = change.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not equals or not all(keys):
        finding = Finding(
            Severity.ERROR,
            "bad_setting",
            "settings",
            tr("is not of the form section.name=value"),
            tr("for instance policy.boundary=district"),
            value=shortened(change),
        )
        raise CaseError([finding])
    try:
        value: Any = _toml(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def _stands_twice(name: str, source: str) -> Finding:
    """Return what is wrong with a setting that is given in two ways."""
    cure = tr("leave only one of them")
    return Finding(Severity.ERROR, "bad_setting", source, tr("stands twice"), cure, column=name)


def _finding(error: Any, source: str) -> Finding:
    """Turn one pydantic error into a finding that names the setting and the cure."""
    path = [str(part) for part in error["loc"]]
    name = ".".join(path)
    try:
        value = shortened(error.get("input", ""))
    except RecursionError:
        value = "…"
    if error["type"] == "extra_forbidden":
        known = _names_beside(path)
        near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        elsewhere = [full for full in _all_names() if full.rsplit(".", 1)[-1] == path[-1]]
        if elsewhere:
            cure = tr("it belongs under {elsewhere}", elsewhere=elsewhere[0])
        elif near:
            cure = tr("did you mean {listed}?", listed=".".join([*path[:-1], near[0]]))
        else:
            cure = tr("known here: {listed}", listed=", ".join(known))
        return Finding(
            Severity.ERROR, "unknown_setting", source, tr("is no setting of matchopt"), cure, column=name
        )
    return Finding(
        Severity.ERROR,
        "bad_setting",
        source,
        _problem(error),
        tr(
            "text stands in quotes, numbers and days do not; see the commented "
            "matchopt.toml of `matchopt new`"
        ),
        column=name,
        value=value,
    )


PROBLEMS = {
    "greater_than_equal": mark("is below {ge}"),
    "less_than_equal": mark("is above {le}"),
    "literal_error": mark("is none of {expected}"),
    "float_type": mark("is no number"),
    "finite_number": mark("is not finite"),
    "string_type": mark("is no text"),
    "string_too_short": mark("is shorter than {min_length}"),
    "string_too_long": mark("is longer than {max_length}"),
    "date_type": mark("is no day such as 2026-03-01"),
    "date_from_datetime_parsing": mark("is no day such as 2026-03-01"),
    "model_type": mark("is no section of settings"),
}
"""What is wrong with a setting, by pydantic's name for it."""


def _problem(error: Any) -> str:
    """Return what is wrong; what pydantic says itself where we have no words of our own."""
    known = PROBLEMS.get(error["type"])
    if known is not None:
        words = dict(error.get("ctx", {}))
        if error["type"] == "literal_error" and spoken() is Language.ZH:
            path = ".".join(map(str, error["loc"]))
            words["expected"] = "、".join(value_shown(path, value) for value in VALUES[path])
        return tr(known, **words)
    problem = str(error["msg"]).removeprefix("Value error, ")
    return problem[:1].lower() + problem[1:]


def _fields(path: list[str]) -> dict[str, Any]:
    model: Any = Settings
    for part in path:
        info = model.model_fields.get(part)
        if info is None or not (isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)):
            return {}
        model = info.annotation
    return dict(model.model_fields)


def _names_beside(path: list[str]) -> list[str]:
    return list(_fields(path[:-1]))


def _all_names() -> list[str]:
    return [f"{section}.{name}" for section in Settings.model_fields for name in _fields([section])]
