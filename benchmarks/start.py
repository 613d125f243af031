"""What a plan costs before it begins: a machine's first plan, the fixed cost, a horizon of ten years.

    python -m benchmarks.start [CASE]

prints processor seconds, which other work on the machine disturbs less than time. CASE (by default the demo)
is the larger case whose first plan is measured; each first plan starts with no compiled code at all.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from matchopt import Case, plan, verify

ROOT = Path(__file__).resolve().parents[1]
TABLES = {
    "needs.csv": "need_id,community,item,quantity\nn,a,rice,3\n",
    "donations.csv": "donation_id,item,quantity\nd,rice,5\n",
}
ROUNDS = 60


def first_plan(case: Path) -> float:
    """Return the processor seconds of ``matchopt plan`` with no compiled code to be found."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "matchopt", "plan", str(case), "-o", f"{folder}/run"]
        environment = {**os.environ, "NUMBA_CACHE_DIR": f"{folder}/code"}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def best(do: Callable[[], object]) -> float:
    """Return the least processor milliseconds of many rounds."""
    found = []
    for _ in range(ROUNDS):
        before = time.process_time()
        do()
        found.append(time.process_time() - before)
    return 1000 * min(found)


def ten_years(years: int) -> Case:
    """Return two needs, a donation, and a hub that takes in three tenths of it a day, for so many years."""
    first, last = "2026-01-01", f"{2025 + years}-12-31"
    window = {"needed_from": [first, first], "needed_by": [last, last]}
    return Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": ["n1", "n2"], "community": ["a", "b"], "item": "rice", "quantity": 50} | window
        ),
        donations=pd.DataFrame(
            {"donation_id": ["d"], "item": "rice", "quantity": 100, "origin": "m", "available_until": last}
        ),
        hubs=pd.DataFrame({"hub": ["h"], "throughput_capacity": [30], "storage_capacity": [40]}),
        lanes=pd.DataFrame(
            {"from_place": ["m", "h", "h"], "to_place": ["h", "a", "b"], "cost_per_kg": [0.1, 0.1, 0.1]}
        ),
    )


def main(larger: Path) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in TABLES.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        print(f"first plan, one need and one donation: {first_plan(Path(folder)):6.1f} s")
    print(f"first plan, {larger.name + ':':27} {first_plan(larger):6.1f} s")
    needs = pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]})
    donations = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]})
    case = Case.from_frames(needs=needs, donations=donations)
    made = plan(case)
    print(f"fixed cost of a plan:             {best(lambda: plan(case)):6.1f} ms")
    print(f"fixed cost of a check of frames:  {best(lambda: case.replace(settings={})):6.1f} ms")
    print(f"fixed cost of a verification:     {best(lambda: verify(case, made)):6.1f} ms")
    plan(ten_years(1))
    case, before = ten_years(10), time.process_time()
    plan(case)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"ten years: {time.process_time() - before:29.2f} s, {peak} MB of memory in all")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data" / "city-en")
