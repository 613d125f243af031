"""How many random examples a property tries: set here for all of them, in two profiles.

`ci` tries the same examples every time, so that CI says twice the same of the same code. `deep` tries
ten times as many, other ones each time, and keeps those that fail in `.hypothesis`, where the next run
finds them. Choose it by `--hypothesis-profile deep`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

Case = TypeVar("Case")

DEFAULT = "ci"
COMMON = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.register_profile(
    DEFAULT,
    COMMON,
    max_examples=100,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.register_profile(
    "deep",
    COMMON,
    max_examples=1000,
    derandomize=False,
    database=DirectoryBasedExampleDatabase(".hypothesis/examples"),
)


def many(share: float = 1) -> int:
    """Return `share` of the examples of the profile, the smaller the dearer an example is."""
    return max(1, round(share * settings().max_examples))


def examples(share: float) -> settings:
    """Let a property try `share` of the examples of the profile; without it, it tries all of them."""
    return settings(max_examples=many(share))


def deep() -> bool:
    return settings.get_current_profile_name() == "deep"


def some(cases: Iterable[Case], share: float) -> list[Case]:
    """Return `share` of a list, the same every time, and in the deep profile all of it."""
    every = list(cases)
    if deep():
        return every
    chosen = random.Random(len(every)).sample(range(len(every)), math.ceil(share * len(every)))
    return [every[k] for k in sorted(chosen)]
