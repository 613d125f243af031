"""The planning horizon: from where to where it runs, by the settings or else by the tables (contract §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matchopt.contract.settings import this_day

if TYPE_CHECKING:
    from matchopt.arrays import Ints
    from matchopt.contract.settings import Horizon

FOUR_WEEKS = 28
FAR = 400
"""Days after the start beyond which a day means "no end", such as 2099-12-31."""

SET, TODAY, AFTER_FOUR_WEEKS = "set", "today", "four weeks"
"""What says an end of the horizon, where it is no column."""

UNTIL = ("needed_by", "available_until")
BEGINNING = ("needed_from", *UNTIL)
ENDING = (*BEGINNING, "available_from")
TABLE = {name: "needs" if name.startswith("needed") else "donations" for name in (*ENDING, "expires_on")}
"""Column of a day → its table. A case that holds any such day is dated."""


@dataclass(frozen=True, slots=True)
class PlannedDays:
    """From where to where the horizon of a dated case runs.

    Attributes
    ----------
    start, end
        First and last day, in days since 1970-01-01.
    begins, ends
        What says so: `SET`, `TODAY`, `AFTER_FOUR_WEEKS`, or the column whose first or last day it is.
    """

    start: int
    end: int
    begins: str
    ends: str


def planned_days(
    cells: Callable[[str, str], npt.NDArray[Any]], settings: Horizon, today: date | None = None
) -> PlannedDays | None:
    """Return from where to where the horizon runs, None in an undated case.

    It begins with the first day that says when work is done, not when goods are first there: the earliest of
    `BEGINNING`, else of available_from, else today. It ends with the latest of `ENDING`; what is more than
    `FAR` days on is no end, and without any end it runs for four weeks at least.

    Parameters
    ----------
    cells
        Returns the days of a table and column, NaT where not given.
    settings
        What is set of it.
    today
        What today is; by default the day of the clock.
    """
    given = {name: _given(cells(table, name)) for name, table in TABLE.items()}
    if settings.start is None and not any(map(len, given.values())):
        return None
    if settings.start is None:
        named = [name for name in BEGINNING if len(given[name])] or ["available_from"]
        firsts = [(int(given[name].min()), name) for name in named if len(given[name])]
        first, begins = min(firsts, default=(days_number(today or this_day()), TODAY))
    else:
        first, begins = days_number(settings.start), SET
    if settings.end is not None:
        return PlannedDays(first, days_number(settings.end), begins, SET)
    near = {name: given[name][given[name] <= first + FAR] for name in ENDING}
    lasts = [(int(near[name].max()), name) for name in ENDING if len(near[name])]
    if not any(len(near[name]) for name in UNTIL):
        lasts.append((first + FOUR_WEEKS, AFTER_FOUR_WEEKS))
    last, ends = max(lasts, key=lambda end: end[0])
    return PlannedDays(first, last, begins, ends)


def _given(days: npt.NDArray[Any]) -> Ints:
    numbers = days.astype("datetime64[D]")
    return np.asarray(numbers[~np.isnat(numbers)].astype(np.int64))


def days_number(day: date) -> int:
    """Return a day as days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days
