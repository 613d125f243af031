"""Why a need is not served in full and a donation left over (contract §5), recomputed from the rules."""

from __future__ import annotations

import numpy as np

from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Texts
from matchopt.verifier.leftovers import Leftovers, cheaper
from matchopt.verifier.rules import STEPS
from matchopt.verifier.sweep import Reach
from matchopt.verifier.tally import Tally


def need_reasons(f: Facts, tally: Tally, reach: Reach, left: Leftovers) -> Texts:
    """Return the reason of each need; empty where nothing is unmet."""
    reasons = np.array([*STEPS, "integrality"], dtype=object)[reach.needs]
    by_cost = f.settings.policy.objective == "total-cost"
    unmet = f.wants.price.astype(np.float64) if by_cost else np.full(len(f.wants.ids), np.inf)
    open_to = reach.needs == len(STEPS)
    codes = ("not_worth_it", "integrality", "outranked", "capacity", "budget")
    for step in reversed(range(len(codes))):
        reasons[open_to & ~cheaper(left.by_need(step), unmet)] = codes[step]
    reasons[f.wants.excluded] = "excluded"
    return np.where(tally.short, reasons, "").astype(object)


def gift_reasons(f: Facts, tally: Tally, reach: Reach, left: Leftovers) -> Texts:
    """Return the reason of each donation; empty where nothing is left over."""
    reasons = np.array([*STEPS, "integrality"], dtype=object)[reach.gifts]
    open_to = reach.gifts == len(STEPS)
    for step, code in ((4, "budget"), (3, "capacity"), (2, "demand_met"), (0, "not_worth_it")):
        reasons[open_to & ~left.by_gift(step)] = code
    reasons[open_to & ~tally.spare] = "integrality"
    reasons[(tally.planned >= f.gifts.plannable).astype(bool)] = "unreliable"
    return np.where((tally.left_over > 0).astype(bool), reasons, "").astype(object)
