"""The time that a search for whole granules may take, and how several searches share it."""

from __future__ import annotations

import time


class Deadline:
    """When a search has to stop.

    Attributes
    ----------
    passed : bool
        Whether a search had to.
    stopped : bool
        Whether it or one with a share of its time had to.
    """

    def __init__(self, seconds: float | None, whole: Deadline | None = None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._whole = whole
        self.passed = self.stopped = False

    def left(self) -> float | None:
        """Return the seconds left, None without limit; note when there are none."""
        left = self._left()
        if left == 0:
            self.stop()
        return left

    def stop(self) -> None:
        """Note that a search was cut short."""
        self.passed = True
        deadline: Deadline | None = self
        while deadline is not None:
            deadline.stopped = True
            deadline = deadline._whole

    def share(self, part: float) -> Deadline:
        """Return a deadline after `part` (0 to 1) of the time left; what is not used of it stays."""
        left = self._left()
        return Deadline(None if left is None else left * part, self)

    def _left(self) -> float | None:
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)
