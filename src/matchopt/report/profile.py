"""Where time and memory went: seconds and peak memory of each stage of a piece of work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from matchopt.language import tr
from matchopt.report import words
from matchopt.report.section import LEFT, RIGHT, Section

Step = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


class Profile:
    """Keeps the time of every stage that it is told of, and passes on what it is told.

    A stage lasts until the next is told; one that comes again adds to itself.
    """

    def __init__(self, tell: Step) -> None:
        self._tell = tell
        self._seconds: dict[str, float] = {}
        self._peak: dict[str, float | None] = {}
        self._stage, self._since = "starting", time.perf_counter()

    def step(self, stage: str, done: int, total: int) -> None:
        """Begin `stage`, or go on with it."""
        if stage != self._stage:
            self._close()
            self._stage = stage
        self._tell(stage, done, total)

    def section(self) -> Section:
        """End the last stage and return the table."""
        self._close()
        whole = sum(self._seconds.values())
        spent = [(words.stage_of_work(k), seconds, self._peak[k]) for k, seconds in self._seconds.items()]
        rows = [
            (stage, f"{seconds:.2f}", words.percent(seconds, whole), _megabytes(peak))
            for stage, seconds, peak in [*spent, (tr("in all"), whole, _peak_memory())]
        ]
        shares = tuple(seconds / whole if whole else 0.0 for seconds in (*self._seconds.values(), whole))
        header = tr("stage"), tr("seconds"), tr("share"), tr("peak memory, MB")
        return Section(
            tr("Where time and memory went"),
            header,
            (LEFT, RIGHT, RIGHT, RIGHT),
            tuple(rows),
            shares,
            last_is_sum=True,
        )

    def _close(self) -> None:
        now = time.perf_counter()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._peak[self._stage] = _peak_memory()
        self._since = now


def _peak_memory() -> float | None:
    """Return the most MB that the process held so far, None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    # In kB, but in bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _megabytes(amount: float | None) -> str:
    return "–" if amount is None else f"{amount:,.0f}"
