"""Wishes confirmed by planning anew: what one step more brings, and up to how many units it stays so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from matchopt.contract.plan import Plan
from matchopt.engine import plan as plan_of
from matchopt.whatif.variant import Variant
from matchopt.whatif.wishes import CONFIRMED, GIFT, MOST_PLACES, ranked, wishes_of

Tell = Callable[[int, int], None]

DUST = 1e-6
LARGEST = 2**30
"""Steps of a gift beyond which nobody asks."""


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
    """What a gift changes: units served by tier, and what the objective counts as cost."""

    served: dict[int, float]
    cost: float

    def first(self) -> tuple[int, float] | None:
        """Return the most urgent tier that gains, and by how much."""
        return next(((t, q) for t, q in sorted(self.served.items()) if q > DUST), None)


class _Trial:
    """Plans the case of a plan with one gift more."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._variant = plan, Variant(plan)
        self.by_cost = plan.summary["objective"] == "total-cost"

    def gain(self, wish: Any, quantity: float) -> _Gain:
        """Return what a gift of some quantity brings."""
        gift = {
            "donation_id": GIFT, "item": wish["item"], "quantity": quantity, "origin": wish["place"],
            "community": wish["place"], "available_from": wish["first_day"],
            "available_until": wish["last_day"],
        }  # fmt: skip
        made = plan_of(self._variant.with_gifts(pd.DataFrame([gift])), warm=self._plan)
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
            return abs(brought.get(tier, 0.0) - steps * served) <= DUST * max(1, steps)

        steps = _most(brings_as_much, max(1, int(wish["units"] / step))) if first else 0
        return {
            "priority": tier, "served_per_unit": round(served / step, 6),
            "cost_per_unit": round(one.cost / step, 4), "units": round(steps * step, 6),
            "basis": CONFIRMED,
        }  # fmt: skip


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
