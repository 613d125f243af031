"""Where time and memory went: seconds and peak memory of each stage of a piece of work."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

from matchopt.report.table import FIGURE, NUMBER, SHARE, TEXT, Column, Table
from matchopt.report.words import stage_of_work, tr

Step = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


class Profile:
    """Keeps the time of every stage that it is told of, and passes on what it is told.

    A stage lasts until the next is told; one that comes again adds to itself.
    """

    def __init__(self, tell: Step) -> None:
        self._tell = tell
        self._seconds: dict[str, float] = {}
        self._peak: dict[str, float] = {}
        self._stage, self._since = "starting", time.perf_counter()

    def step(self, stage: str, done: int, total: int) -> None:
        """Begin `stage`, or go on with it."""
        if stage != self._stage:
            self._close()
            self._stage = stage
        self._tell(stage, done, total)

    def table(self) -> Table:
        """End the last stage and return the table."""
        self._close()
        whole = sum(self._seconds.values())
        stages = [*map(stage_of_work, self._seconds), tr("in all")]
        seconds = [*self._seconds.values(), whole]
        shown = [
            Column(tr("stage"), TEXT, stages),
            Column(tr("seconds"), FIGURE, [f"{spent:.2f}" for spent in seconds]),
            Column(tr("share"), SHARE, seconds, [whole] * len(seconds)),
            Column(tr("peak memory, MB"), NUMBER, [*self._peak.values(), _peak_memory()], digits=(0, None)),
        ]
        bars = [spent / whole if whole else 0.0 for spent in seconds]
        return Table(tr("Where time and memory went"), shown, bars=bars, last_is_sum=True)

    def _close(self) -> None:
        now = time.perf_counter()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._peak[self._stage] = _peak_memory()
        self._since = now


def _peak_memory() -> float:
    """Return the most MB that the process held so far, NaN where the system does not tell."""
    if sys.platform == "win32":
        return math.nan
    import resource

    # In kB, but in bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
