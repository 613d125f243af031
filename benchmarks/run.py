"""The contest: whole commands against the floor and against peers, in one run.

    python -m benchmarks.run [SIZE …] [--repeats 5] [--limit SECONDS] [--peers NAME,…]

prints a table for each size and writes it to `results.md`; sizes not run keep what was measured
before. Every entry is a process of its own, stopped at the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.make import SIZES, write
from benchmarks.peers import PEERS

RESULTS = Path(__file__).parent / "results.md"

HEADER = """# Results

Written by `python -m benchmarks.run`; each table tells on what machine. *matchopt* is the whole command
`matchopt plan`: reading, checking, planning, proving, verifying, writing. *Floor* is reading the same
tables and writing the same plan with pandas alone. Peers read the same tables, are told by matchopt who
may serve whom at which cost, take every pair, and come to the same optimum, which is checked.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds, peak memory in MB, and what it printed; or why it did not finish."""

    seconds: float
    memory: float
    told: str
    failed: str = ""


def timed(command: list[str], limit: float) -> Run:
    """Run a command to its end or to the limit."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        stopped = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            seconds = time.perf_counter() - start
            if pid:
                break
            if seconds > limit and not stopped:
                os.kill(process.pid, signal.SIGKILL)
                stopped = True
            time.sleep(0.005)
        out.seek(0)
        errors.seek(0)
        told = out.read()
        failed = f"did not finish in {limit:,.0f} s" if stopped else ""
        if not stopped and status:
            last = (errors.read().strip().splitlines() or ["no word"])[-1]
            failed = f"failed: {last[:80]}"
        return Run(seconds, usage.ru_maxrss / 1024, told, failed)


def machine() -> str:
    """Describe the machine without naming it."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numba", "numpy", "ortools", "pandas"))
    return (
        f"{os.cpu_count()} cores{f' ({cpu[1]})' if cpu else ''}, {memory:.0f} GB, "
        f"Python {platform.python_version()}, {libraries}"
    )


def contest(size: str, repeats: int, limit: float, peers: list[str]) -> str:
    """Return the section of one size."""
    shape = SIZES[size]
    with tempfile.TemporaryDirectory() as folder:
        case, run, out = (Path(folder) / name for name in ("case", "run", "out"))
        write(shape, case)
        python = [sys.executable, "-m"]
        plan = [*python, "matchopt", "plan", str(case), "-q", "--force", "--output", str(run)]
        ours, floor = [], []
        timed(plan, limit)
        for _ in range(repeats):
            ours.append(timed(plan, limit))
            floor.append(timed([*python, "benchmarks.floor", str(case), str(run / "plan"), str(out)], limit))
        for one in (*ours, *floor):
            if one.failed:
                raise SystemExit(f"{size}: {one.failed}")
        least = median(json.loads(one.told)["seconds"] for one in floor)
        mine = median(one.seconds for one in ours)
        summary = json.loads((run / "plan" / "summary.json").read_text("utf-8"))
        rows = [
            ("matchopt, whole command", f"{mine:.1f} s", _mb(ours), "1", f"{mine / least:.1f}"),
            ("floor: pandas reads and writes", f"{least:.1f} s", _mb(floor), f"{least / mine:.2f}", "1"),
        ]
        for name in peers:
            one = timed([*python, "benchmarks.peers", name, str(case)], limit)
            if one.failed:
                rows.append((name, one.failed, f"{one.memory:,.0f} MB", f"> {one.seconds / mine:.0f}", ""))
                continue
            told = json.loads(one.told)
            same = told["served"] == {tier: int(q) for tier, q in summary["served_by_tier"].items()}
            if not same or abs(told["cost"] - summary["logistics_cost"]) > 1e-6 * told["cost"]:
                raise SystemExit(f"{size}: {name} came to another optimum: {told}")
            seconds = told["seconds"]
            rows.append(
                (name, f"{seconds:.1f} s", f"{one.memory:,.0f} MB", f"{seconds / mine:.1f}",
                 f"{seconds / least:.1f}")
            )  # fmt: skip
    head = (
        f"## {size}: {shape.needs:,} needs, {shape.donations:,} donations, "
        f"{shape.communities:,} communities, {shape.items} items, {shape.hubs} hubs\n\n"
        f"{machine()}. Medians of {repeats}; peers once.\n\n"
        "| what | time | peak memory | times matchopt | times floor |\n|---|---|---|---|---|\n"
    )
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _mb(runs: list[Run]) -> str:
    return f"{median(one.memory for one in runs):,.0f} MB"


def kept(sections: dict[str, str]) -> str:
    """Return the page with new `sections` (by size) in place of the old ones."""
    old = RESULTS.read_text("utf-8") if RESULTS.exists() else HEADER
    found = {part.split(":", 1)[0]: f"## {part}" for part in re.split(r"^## ", old, flags=re.MULTILINE)[1:]}
    found |= sections
    return "\n".join([HEADER, *(found[size].rstrip() + "\n" for size in SIZES if size in found)])


def main() -> None:
    """Run the contest."""
    parser = argparse.ArgumentParser(description="whole commands against the floor and against peers")
    parser.add_argument("sizes", nargs="*", choices=[*SIZES, []], default=[])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=1800, help="seconds for each process")
    parser.add_argument("--peers", default=",".join(PEERS), help="names, separated by commas; empty for none")
    asked = parser.parse_args()
    for size in asked.sizes or ["town", "city", "province"]:
        names = [name for name in asked.peers.split(",") if name]
        section = contest(size, asked.repeats, asked.limit, names)
        print(section)
        RESULTS.write_text(kept({size: section}), encoding="utf-8")


if __name__ == "__main__":
    main()
