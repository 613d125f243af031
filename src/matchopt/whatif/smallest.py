"""The smallest change of a kind after which a need is served in full, confirmed by planning anew.

*Served* is what `matchopt.plan` does with the changed case: the same case always gives the same plan. Of
kinds with a list of sizes every smaller size is tried and found too small. Of quantities, sizes are doubled
until one is enough, unless even plenty is not, and halved between: the size one step below is not enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

from matchopt.engine import plan as plan_of
from matchopt.errors import CaseError
from matchopt.whatif.changes import Kind

Tell = Callable[[int, int], None]
"""Is told how many plans were made, and how many there will be at most."""

PLENTY = 2**10
"""So many times what is missing, at least, is tried before it is said that more does not help."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change that serves a need in full.

    Attributes
    ----------
    kind, subject
        As in `Kind`.
    size
        The smallest size that does it; for quantities in units, kg or currency.
    """

    kind: str
    size: Any
    subject: str = ""


class Confirmer:
    """Plans changed cases anew, and counts how often."""

    def __init__(self, need: str, tell: Tell) -> None:
        self._need, self._tell = need, tell
        self.plans = self._most = 0

    def expect(self, most: int) -> None:
        """Say how many plans are to come at most."""
        self._most = self.plans + most

    def serves(self, kind: Kind, size: Any) -> bool:
        """Plan the case after a change; return whether the need is served in full."""
        self._tell(self.plans, self._most)
        self.plans += 1
        try:
            needs = plan_of(kind.apply(size)).needs
        except CaseError:
            # There are no districts to widen the boundary to, say: it is no change to propose.
            return False
        return bool((needs.loc[needs["need_id"] == self._need, "unmet"] <= 0).all())


def most_plans(kind: Kind, missing: float) -> int:
    """Return how many plans `smallest` makes at most."""
    if kind.sizes is not None:
        return len(kind.sizes)
    # What is missing, plenty of it, each doubling between the two, and halving between the last two sizes.
    between = ceil(log2(PLENTY))
    return 2 + between + ceil(log2(_first(kind, missing))) + between


def smallest(kind: Kind, missing: float, confirm: Confirmer) -> Change | None:
    """Return the smallest change of a kind that serves the need in full, None if none does.

    `missing` is what is unmet: quantities are tried from there on.
    """
    if kind.sizes is None:
        return _quantity(kind, missing, confirm)
    size = next((size for size in kind.sizes if confirm.serves(kind, size)), None)
    return None if size is None else Change(kind.name, size, kind.subject)


def _quantity(kind: Kind, missing: float, confirm: Confirmer) -> Change | None:
    low, high = 0, _first(kind, missing)
    if not confirm.serves(kind, high):
        most = PLENTY * high
        if not confirm.serves(kind, most):
            return None
        low, high = high, 2 * high
        while high < most and not confirm.serves(kind, high):
            low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if confirm.serves(kind, middle):
            high = middle
        else:
            low = middle
    return Change(kind.name, round(high * kind.step, 6), kind.subject)


def _first(kind: Kind, missing: float) -> int:
    """Return the number of steps that is tried first."""
    return max(1, round(missing / kind.step))
