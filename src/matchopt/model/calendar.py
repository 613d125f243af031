"""Planning days as whole numbers: the horizon and the windows in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Floats, Ints
from matchopt.contract.horizon import planned_days

if TYPE_CHECKING:
    import pandas as pd

    from matchopt.contract.case import Case

Days: TypeAlias = "pd.Series | npt.NDArray[Any]"
"""A column of days, NaT where not given."""

NEVER = 2**40
"""A day so far off that it never binds."""


def days_of(column: Days) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return days since 1970-01-01 and where they are given."""
    values = np.asarray(column, dtype="datetime64[D]")
    return values.astype(np.int64), ~np.isnat(values)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The planning horizon in days since 1970-01-01.

    In an undated case (no table holds a day, and no start is set) the horizon is the single day 0.
    """

    start: int
    end: int
    dated: bool

    @classmethod
    def of(cls, case: Case) -> Calendar:
        """Return the horizon of `case`: the settings, else what the tables say."""
        days = planned_days(case.column, case.settings.horizon)
        return cls(0, 0, dated=False) if days is None else cls(days.start, days.end, dated=True)

    def window(self, earliest: Days, latest: Days) -> tuple[Ints, Ints]:
        """Return first and last day of each window, cut to the horizon."""
        first, has_first = days_of(earliest)
        last, has_last = days_of(latest)
        return (
            np.where(has_first, np.maximum(first, self.start), self.start),
            np.where(has_last, np.minimum(last, self.end), self.end),
        )

    def expiry(self, expires_on: Days, available_from: Days, shelf_life: Floats) -> Ints:
        """Return the last day of use: given, else first available day + shelf life, else never."""
        day, given = days_of(expires_on)
        start, has_start = days_of(available_from)
        start = np.where(has_start, start, self.start)
        keeps = np.where(np.isnan(shelf_life), NEVER, np.nan_to_num(shelf_life)).astype(np.int64)
        return np.where(given, day, start + keeps)

    def dates(self, days: Ints) -> npt.NDArray[np.datetime64]:
        """Return `days` as datetime64[s]; all NaT in an undated case."""
        if not self.dated:
            return np.full(len(days), np.datetime64("NaT"), dtype="datetime64[s]")
        return days.astype("datetime64[D]").astype("datetime64[s]")

    def iso(self) -> Mapping[str, str | None]:
        """Return start and end as ISO days, or None in an undated case."""
        if not self.dated:
            return {"start": None, "end": None}
        return {
            "start": str(np.datetime64(self.start, "D")),
            "end": str(np.datetime64(self.end, "D")),
        }
