"""Many random cases in one go, against the oracle and the verifier: ``python tests/deep.py cases 10000``.

``cases N`` plans N random cases: without and with pinned lines at ratios of 1/3, 1/7 and 1/900, planned anew
once and twice. ``tamperings N`` changes one field of a right plan N times. ``--seed`` draws others. Each
failure is told with its rows; the exit code says whether there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import conftest
from replanned import PARTS, check, follow_up, replanned_cases
from small_case import SmallCase
from strategies import small_cases
from tampering import tampered

CASES: dict[str, st.SearchStrategy[Any]] = {
    "new": small_cases(),
    **{f"pinned, {name}": replanned_cases(**more) for name, more in PARTS.items()},
    "planned anew": follow_up(),
}


def main(words: list[str]) -> int:
    """Run as the command line says; return 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["cases", "tamperings"])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(words)
    conftest.pytest_configure()
    failures, done = [], 0
    for name, small, number in _drawn(asked.count, asked.seed, 1 if asked.what == "cases" else PER_PLAN):
        try:
            if asked.what == "cases":
                check(small)
                done += 1
            else:
                done += tampered(small, random.Random(number), PER_PLAN)
        except Exception as error:  # whatever it is, the other cases are still to be tried
            failures.append(name)
            print(f"--- {name}", *traceback.format_exception(error, limit=-2), small, sep="\n", flush=True)
    print(f"{done} {asked.what}, {len(failures)} of them wrong", *sorted(set(failures)), sep="\n  ")
    return int(bool(failures))


PER_PLAN = 12
"""Fields changed of one plan."""


def _drawn(count: int, number: int, each: int) -> Iterator[tuple[str, SmallCase, int]]:
    """Yield random cases of all kinds in turn, by kind."""
    share = -(-count // (each * len(CASES)))
    for place, (name, strategy) in enumerate(CASES.items()):
        for k, small in enumerate(_some(strategy, share, number + place)):
            yield name, small, number + k


def _some(strategy: st.SearchStrategy[SmallCase], count: int, number: int) -> list[SmallCase]:
    found: list[SmallCase] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(small: SmallCase) -> None:
        found.append(small)

    collect()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
