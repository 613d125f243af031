"""The contest: whole commands against the floor and against peers, in one run.

    python -m benchmarks.run [SECTION …] [--repeats 5] [--limit SECONDS] [--peers NAME,…] [--cases DIR]

A section is a size, ``growth`` (from 10 000 to 1 000 000 needs), ``cases`` (those in the folders of DIR,
solving alone), ``warm`` (a second plan after changes), ``churn`` (one in which it costs something to
change a line) or ``scale`` (on a cluster). Prints a table for each and writes it to `results.md`;
sections not run keep what was measured before. Whole commands and peers are processes of their own,
stopped at the limit.
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
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import astuple, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

import matchopt
from benchmarks.make import SIZES, Size, tables, write
from benchmarks.peers import PEERS
from matchopt.cluster import on_cluster

RESULTS = Path(__file__).parent / "results.md"

CHURN = 5.0
"""What it costs to change a line: what some 15 units cost to bring."""

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


def planning(case: Path, run: Path) -> list[str]:
    """Return the command that plans a case."""
    return [sys.executable, "-m", "matchopt", "plan", str(case), "-q", "--force", "--output", str(run)]


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
        plan = planning(case, run)
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
                (
                    name,
                    f"{seconds:.1f} s",
                    f"{one.memory:,.0f} MB",
                    f"{seconds / mine:.1f}",
                    f"{seconds / least:.1f}",
                )
            )
    head = (
        f"## {size}: {shape.needs:,} needs, {shape.donations:,} donations, "
        f"{shape.communities:,} communities, {shape.items} items, {shape.hubs} hubs\n\n"
        f"{machine()}. Medians of {repeats}; peers once.\n\n"
    )
    return head + table("what time peak|memory times|matchopt times|floor", rows)


GOALS = "goals"
"""Section that is written by hand, from the others."""

OTHERS = ("growth", "cases", "warm", "churn", "scale")
"""Sections besides the sizes."""

GROWTH = (10_000, 31_623, 100_000, 316_228, 1_000_000)
"""Needs of the cases that show how time grows."""


def between(needs: int) -> Size:
    """Return a size of the shape that leads from the city to the province."""
    city, province = SIZES["city"], SIZES["province"]
    share = np.log(needs / city.needs) / np.log(province.needs / city.needs)
    rows = zip(astuple(city), astuple(province), strict=True)
    return Size(*(max(2, round(a * (b / a) ** share)) for a, b in rows))


def growth(repeats: int, limit: float) -> str:
    """Return the section on how time and memory grow with the case."""
    rows, seconds, memory = [], [], []
    for needs in GROWTH:
        size = between(needs)
        with tempfile.TemporaryDirectory() as folder:
            case, run = Path(folder) / "case", Path(folder) / "run"
            write(size, case)
            plan = [
                sys.executable,
                "-m",
                "matchopt",
                "plan",
                str(case),
                "-q",
                "--force",
                "--output",
                str(run),
            ]
            runs = [timed(plan, limit) for _ in range(repeats)]
        if any(one.failed for one in runs):
            raise SystemExit(f"growth: {needs} needs: {runs[-1].failed}")
        seconds.append(median(one.seconds for one in runs))
        memory.append(median(one.memory for one in runs))
        rows.append((*(f"{n:,}" for n in astuple(size)), f"{seconds[-1]:.1f} s", f"{memory[-1]:,.0f} MB"))
        print(rows[-1], flush=True)
    power, room = (np.polyfit(np.log(GROWTH), np.log(figures), 1)[0] for figures in (seconds, memory))
    return (
        "## growth: cases on the way from the city to the province and below\n\n"
        f"{machine()}. Whole commands, medians of {repeats}. Over all of them time grows as "
        f"n^{power:.2f}, memory as n^{room:.2f}.\n\n"
        + table("needs donations communities items hubs time peak|memory", rows)
    )


def cases(folder: Path, repeats: int, limit: float) -> str:
    """Return the section on other cases: encoding and solving, against GLOP over all pairs."""
    rows = []
    for case in sorted(path for path in folder.iterdir() if path.is_dir()):
        peer = timed([sys.executable, "-m", "benchmarks.peers", "GLOP", str(case)], limit)
        read = matchopt.read_case(case)
        laps = [matchopt.plan(read).run["timings"] for _ in range(repeats + 1)][1:]
        mine = median(lap["solve"] for lap in laps)
        theirs = peer.failed or f"{json.loads(peer.told)['alone']:.1f} s"
        seconds = peer.seconds if peer.failed else json.loads(peer.told)["alone"]
        ratio = f"{'> ' if peer.failed else ''}{seconds / mine:,.0f}"
        rows.append(
            (case.name, f"{len(read.donations):,}", f"{len(read.needs):,}", f"{mine:.3f} s", theirs, ratio)
        )
        print(rows[-1], flush=True)
    return (
        "## cases: real cases, solving alone\n\n"
        f"{machine()}. Medians of {repeats}, against the solver alone of GLOP with a "
        "variable for each pair, once.\n\n" + table("case donations needs matchopt GLOP times", rows)
    )


def warm(repeats: int) -> str:
    """Return the section on second plans, after one row in a hundred was changed, taken out or added."""
    rows = []
    for size in ("town", "city"):
        first = tables(SIZES[size])
        earlier = matchopt.plan(matchopt.Case.from_frames(**first))
        case = matchopt.Case.from_frames(**changed(first, np.random.default_rng(1)))
        cold, again = [], []
        for _ in range(repeats):
            ours, theirs = matchopt.plan(case), matchopt.plan(case, warm=earlier)
            assert ours.served_by_tier == theirs.served_by_tier
            assert ours.logistics_cost == theirs.logistics_cost
            cold.append(ours.run["timings"]["solve"])
            again.append(theirs.run["timings"]["solve"])
        slow, fast = median(cold), median(again)
        rows.append((size, f"{slow:.3f} s", f"{fast:.3f} s", f"{slow / fast:.1f}"))
        print(rows[-1], flush=True)
    return (
        "## warm: a second plan after changes in 1 % of the rows\n\n"
        f"{machine()}. Solving alone, medians of {repeats}; a third of the changes are quantities, a third "
        "rows taken out, a third new rows.\n\n" + table("size first second,|warm times", rows)
    )


def churn(repeats: int, sizes: tuple[str, ...] = ("town", "quarter", "middle", "city")) -> str:
    """Return the section on second plans that keep lines, after changes in one row of a hundred."""
    rows = []
    for size in sizes:
        first = tables(SIZES[size])
        earlier = matchopt.plan(matchopt.Case.from_frames(**first))
        second, free = replanned(first, earlier, CHURN), replanned(first, earlier, 0.0)
        plans = [matchopt.plan(second, warm=earlier) for _ in range(repeats)]
        seconds = median(sum(one.run["timings"].values()) for one in plans)
        assert matchopt.verify(second, plans[0]) == ()
        said, without = (one.summary["commitments"] for one in (plans[0], matchopt.plan(free, warm=earlier)))
        rows.append(
            (
                size,
                f"{said['promised']:,}",
                f"{without['changed']:,}",
                f"{said['changed']:,}",
                f"{plans[0].gap:.3%}",
                f"{seconds:.1f} s",
            )
        )
        print(rows[-1], flush=True)
    return (
        "## churn: a second plan in which it costs 5 to change a line\n\n"
        f"{machine()}. Medians of {repeats}; the same changes as above. *Free* is the number of lines that a "
        "plan changes if that costs nothing.\n\n" + table("size lines changed,|free changed gap time", rows)
    )


def replanned(first: dict[str, pd.DataFrame], earlier: matchopt.Plan, cost: float) -> matchopt.Case:
    """Return the case after changes in one row of a hundred, where it costs `cost` to change a line."""
    return matchopt.Case.from_frames(
        **changed(first, np.random.default_rng(1)),
        earlier=earlier.allocations,
        settings={"policy": {"churn_cost": cost}},
    )


def scale(repeats: int) -> str:
    """Return the section on a cluster: solving by one thread, and by one and two workers."""
    from distributed import LocalCluster

    rows = []
    for size in ("town", "city"):
        case = matchopt.Case.from_frames(**tables(SIZES[size]))
        with ThreadPoolExecutor(1) as one:
            seconds = [_solving(case, one, repeats)]
        for workers in (1, 2):
            with (
                LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
                on_cluster(cluster.scheduler_address) as executor,
            ):
                seconds.append(_solving(case, executor, repeats))
        rows.append((size, f"{len(case.needs):,}", *(f"{one:.2f} s" for one in seconds)))
        print(rows[-1], flush=True)
    return (
        "## scale: the same work on a cluster\n\n"
        f"{machine()}. Solving alone, medians of {repeats} after one to warm up.\n\n"
        + table("size needs one|thread one|worker two|workers", rows)
    )


def _solving(case: matchopt.Case, executor: Executor, repeats: int) -> float:
    """Return the seconds that an executor takes to solve a case."""
    laps = [matchopt.plan(case, executor=executor).run["timings"]["solve"] for _ in range(repeats + 1)]
    return median(laps[1:])


def changed(
    first: dict[str, pd.DataFrame], random: np.random.Generator, share: float = 0.01
) -> dict[str, Any]:
    """Return the tables after a share of the needs and donations has changed."""
    found = dict(first)
    for name, key in (("needs", "need_id"), ("donations", "donation_id")):
        table = first[name].copy()
        at = random.choice(len(table), int(len(table) * share), replace=False)
        other, new, gone = np.array_split(at, 3)
        quantity = table["quantity"].to_numpy().copy()
        quantity[other] = np.maximum(1, quantity[other] * random.uniform(0.5, 1.5, len(other))).astype(int)
        table["quantity"] = quantity
        more = table.iloc[new].assign(**{key: "new " + table[key].iloc[new]})
        found[name] = pd.concat([table.drop(index=table.index[gone]), more], ignore_index=True)
    return found


def table(heads: str, rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table; `heads` are separated by spaces, and hold ``|`` in place of their own."""
    lines = [[head.replace("|", " ") for head in heads.split()], ["---"] * len(heads.split()), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _mb(runs: list[Run]) -> str:
    return f"{median(one.memory for one in runs):,.0f} MB"


def kept(sections: dict[str, str]) -> str:
    """Return the page with new `sections` (by size) in place of the old ones."""
    old = RESULTS.read_text("utf-8") if RESULTS.exists() else HEADER
    parts = re.split(r"^## ", old, flags=re.MULTILINE)[1:]
    found = {re.split(r"[:\n]", part, maxsplit=1)[0]: f"## {part}" for part in parts}
    found |= sections
    return "\n".join(
        [
            HEADER,
            *(found[size].rstrip() + "\n" for size in (GOALS, *SIZES, *OTHERS) if size in found),
        ]
    )


def main() -> None:
    """Run the contest."""
    parser = argparse.ArgumentParser(description="whole commands against the floor and against peers")
    parser.add_argument("sections", nargs="*", choices=[*SIZES, *OTHERS, []], default=[])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=1800, help="seconds for each process")
    parser.add_argument("--peers", default=",".join(PEERS), help="names, separated by commas; empty for none")
    parser.add_argument("--cases", type=Path, help="folder of case folders, for the section cases")
    asked = parser.parse_args()
    if "cases" in asked.sections and asked.cases is None:
        parser.error("the section cases needs --cases DIR")
    for name in asked.sections or ["town", "city", "province", "growth", "warm", "churn"]:
        if name == "growth":
            section = growth(asked.repeats, asked.limit)
        elif name == "cases":
            section = cases(asked.cases, asked.repeats, asked.limit)
        elif name == "warm":
            section = warm(asked.repeats)
        elif name == "churn":
            section = churn(asked.repeats)
        elif name == "scale":
            section = scale(asked.repeats)
        else:
            section = contest(name, asked.repeats, asked.limit, [p for p in asked.peers.split(",") if p])
        print(section)
        RESULTS.write_text(kept({name: section}), encoding="utf-8")


if __name__ == "__main__":
    main()
