"""Wishes confirmed by planning anew: what one step more brings, and up to how many units it stays so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from matchopt.contract.plan import Plan
from matchopt.engine import plan as plan_of
from matchopt.tolerances import EQUAL
from matchopt.whatif.variant import WHAT_IF, Variant
from matchopt.whatif.wishes import CONFIRMED, MOST_PLACES, ranked, wishes_of

Tell = Callable[[int, int], None]

LARGEST = 2**30
"""Steps of a donation beyond which nobody asks."""

_AS_DONATION = {
    "origin": "place",
    "community": "place",
    "available_from": "first_day",
    "available_until": "last_day",
}
"""Column of the table ``donations`` → column of a wish."""


def wishlist(
    plan: Plan, *, places: int = MOST_PLACES, confirm: int = 0, tell: Tell = lambda done, total: None
) -> pd.DataFrame:
    """Return what to ask for, the first wishes confirmed by planning anew.

    Parameters
    ----------
    plan, places
        As in `wishes_of`.
    confirm
        How many wishes are confirmed: the first of each item, from the top. Their rows then say what the
        changed plans say, and `units` is the most that still brings as much a unit; a wish that turns out
        to serve nobody more has 0.
    tell
        Called with how many are confirmed so far, of how many.

    Returns
    -------
    DataFrame
        As `wishes_of` has it; `basis` is ``confirmed`` where it is.
    """
    table = wishes_of(plan, places=places)
    sample = table.drop_duplicates("item").head(confirm).index.tolist()
    trial = _Trial(plan)
    for done, row in enumerate(sample):
        tell(done, len(sample))
        for name, value in trial.confirmed(table.loc[row]).items():
            table.loc[row, name] = value
    tell(len(sample), len(sample))
    return ranked(table, by_cost=trial.by_cost)


@dataclass(frozen=True, slots=True)
class _Gain:
    """What a donation changes: units served by tier, and what the objective counts as cost."""

    served: dict[int, float]
    cost: float

    def first(self) -> tuple[int, float] | None:
        """Return the most urgent tier that gains, and by how much."""
        return next(((t, q) for t, q in sorted(self.served.items()) if q > EQUAL), None)


class _Trial:
    """Plans the case of a plan with one donation more."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._variant = plan, Variant(plan)
        self.by_cost = plan.summary["objective"] == "total-cost"

    def gain(self, wish: Any, quantity: float) -> _Gain:
        """Return what a donation of some quantity brings."""
        row = {"donation_id": WHAT_IF, "item": wish["item"], "quantity": quantity}
        row |= {name: wish[told] for name, told in _AS_DONATION.items()}
        made = plan_of(self._variant.with_donations(pd.DataFrame([row])), warm=self._plan)
        before, after = self._plan.served_by_tier, made.served_by_tier
        tiers = {t: after.get(t, 0.0) - before.get(t, 0.0) for t in {*before, *after}}
        return _Gain(tiers, sum(made.counted_cost.values()) - sum(self._plan.counted_cost.values()))

    def confirmed(self, wish: Any) -> dict[str, Any]:
        """Return the cells of a wish as plans made anew have them."""
        step = self._variant.step(wish["item"])
        one = self.gain(wish, step)
        first = one.first()
        tier, served = first if first is not None else (int(wish["priority"]), 0.0)

        def brings_as_much(steps: int) -> bool:
            brought = self.gain(wish, round(steps * step, 6)).served
            return abs(brought.get(tier, 0.0) - steps * served) <= EQUAL * max(1, steps)

        steps = _most(brings_as_much, max(1, int(wish["units"] / step))) if first else 0
        sums = {"served_per_unit": round(served / step, 6), "cost_per_unit": round(one.cost / step, 4)}
        return {"priority": tier, **sums, "units": round(steps * step, 6), "basis": CONFIRMED}


def _most(holds: Callable[[int], bool], guess: int) -> int:
    """Return the largest whole number up to which something holds; it does for 1. A guess saves trials."""
    low, trial = 1, guess
    while trial == 1 or holds(trial):
        low, trial = trial, trial + 1 if trial == guess else 2 * trial
        if trial > LARGEST:
            return low
    high = trial
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
