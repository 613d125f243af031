"""Why a need is not served in full and a donation left over (contract §5), recomputed from the rules."""

from __future__ import annotations

import numpy as np

from matchopt.inspector.facts import Facts
from matchopt.inspector.keys import Bools, Texts
from matchopt.inspector.rules import STEPS
from matchopt.inspector.sweep import Reach


def need_reasons(f: Facts, reach: Reach, unmet: Bools) -> Texts:
    """Return the reason of each need; empty where nothing is unmet."""
    codes = np.array([*STEPS, "outranked"], dtype=object)
    reasons = codes[reach.needs]
    if f.settings.policy.objective == "total-cost":
        dear = (reach.needs == len(STEPS)) & (reach.least >= f.wants.price)
        reasons[dear] = "not_worth_it"
    reasons[f.wants.excluded] = "excluded"
    return np.where(unmet, reasons, "").astype(object)


def gift_reasons(f: Facts, reach: Reach, left: Bools, used_up: Bools) -> Texts:
    """Return the reason of each donation; empty where nothing is left over.

    `used_up` marks the donations of which all that may be planned (it may be nothing) is planned.
    """
    codes = np.array([*STEPS, "demand_met"], dtype=object)
    reasons = codes[reach.gifts]
    if f.settings.policy.objective == "total-cost":
        reasons[(reach.gifts == len(STEPS)) & ~reach.worth] = "not_worth_it"
    reasons[used_up] = "unreliable"
    return np.where(left, reasons, "").astype(object)
