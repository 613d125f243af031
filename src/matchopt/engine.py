"""The recipe: from a case to its best plan and the proof."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from threading import Event
from typing import Any

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.errors import ArgumentError
from matchopt.model.network import encode
from matchopt.planning.bounds import price_table
from matchopt.planning.decomposition import Decomposition, Means, Progress
from matchopt.planning.earlier import Warm
from matchopt.solve.backends import BACKENDS
from matchopt.solve.search import Deadline


def plan(
    case: Case,
    *,
    solver: str = "simplex",
    progress: Progress | None = None,
    time_limit: float | None = None,
    executor: Executor | None = None,
    warm: Plan | None = None,
    stop: Event | None = None,
) -> Plan:
    """Find the best plan of a case and prove it.

    Parameters
    ----------
    case
        The checked tables, from `matchopt.read_case` or `matchopt.Case.from_frames`.
    solver
        ``simplex`` (default), or ``ortools`` or ``networkx`` to cross-check transport problems.
    progress
        Called as ``progress(stage, done, total)`` on the way.
    time_limit
        Seconds after which relaxations and the search for whole quantities stop; the plan is then
        the best found, with its gap. By default it searches until nothing better is left.
    executor
        Who solves the independent parts of the case and looks for the pairs of large ones: threads,
        processes, or other machines, such as ``distributed.Client(…).get_executor(pure=False)``. By
        default a thread for each core. The plan does not depend on it.
    warm
        An earlier plan of a similar case: its prices tell where to look first. The plan is as good
        as without, and found sooner; where several are best it may be another one.
    stop
        Once another thread, or a signal, sets it, the search for whole quantities stops as at a time
        limit.

    Returns
    -------
    Plan
        The plan, its prices and its proven bound.

    Raises
    ------
    CaseError
        If an amount is too large to be counted exactly.
    SolverError
        If a solver fails.
    ArgumentError
        If `solver` is not known, or `time_limit` is not above 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from matchopt import Case, plan
    >>> needs = pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]})
    >>> donations = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]})
    >>> plan(Case.from_frames(needs=needs, donations=donations)).served
    3.0
    """
    if solver not in BACKENDS:
        raise ArgumentError(f"solver {solver!r} is not known; choose one of {', '.join(BACKENDS)}")
    if time_limit is not None and not time_limit > 0:
        raise ArgumentError(f"the time limit {time_limit!r} is no number of seconds above 0")
    tell, clock, deadline = progress or _nobody, _Clock(), Deadline(time_limit, stop=stop)
    tell("encode", 0, 1)
    network = encode(case)
    known = None if warm is None else Warm(warm, network, case)
    clock.lap("encode")
    with _workers(executor) as workers:
        means = Means(solver, deadline, tell, workers, spreads=executor is not None)
        parts = Decomposition(case, network, means, warm=known)
        flows = parts.solve()
    clock.lap("solve")
    tell("decode", 0, 1)
    books, summary = parts.accounts(flows)
    clock.lap("decode")
    return Plan(
        case=case,
        allocations=books.allocations,
        needs=books.needs,
        donations=books.donations,
        prices=price_table(case, network, parts.plain_proof(), parts.solved),
        purchases=books.purchases,
        summary=summary,
        run={"timings": clock.laps, "versions": dict(_versions()), "work": parts.work_done()},
    )


def fairness_curve(
    case: Case, *, points: int = 11, solver: str = "simplex", progress: Progress | None = None
) -> pd.DataFrame:
    """Return the price of fairness: what the best plan serves and costs at a given floor of coverage.

    Parameters
    ----------
    case
        The checked tables; their own fairness rule is left aside.
    points
        How many floors, evenly from none to the highest that can be reached; at least 2.
    solver, progress
        As in `plan`.

    Returns
    -------
    DataFrame
        One row a floor: ``floor``, ``served``, ``coverage`` (served ÷ asked, exclusions
        aside), ``served_tier_<t>``, ``logistics_cost``, ``bound_cost`` (the proven least)
        and ``gap``.

    Raises
    ------
    ArgumentError
        If there are fewer than 2 points.
    """
    if points < 2:
        raise ArgumentError("a curve has two points at least")
    tell = progress or _nobody
    fair = case.replace(settings={"policy": {"fairness": "floor"}})
    network = encode(fair)
    rows = []
    with _workers(None) as workers:
        means = Means(solver, Deadline(None), _nobody, workers)
        highest = Decomposition(fair, network, Means(solver, Deadline(None), tell, workers))
        highest.solve()
        reached = highest.fair()
        for number, floor in enumerate(np.linspace(0.0, 0.0 if reached is None else reached.value, points)):
            tell("fairness curve", number, points)
            parts = Decomposition(fair, network, means, floor=float(floor))
            _, summary = parts.accounts(parts.solve())
            rows.append(_point(float(floor), summary))
    return pd.DataFrame(rows)


def _point(floor: float, summary: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the curve."""
    served, asked = summary["served"], summary["asked"] - summary["excluded"]
    return (
        {"floor": floor, "served": served, "coverage": served / asked if asked else 1.0}
        | {f"served_tier_{t}": q for t, q in summary["served_by_tier"].items()}
        | {"logistics_cost": summary["logistics_cost"], "bound_cost": summary["bound"]["cost"]}
        | {"gap": summary["gap"]}
    )


def _nobody(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


@contextmanager
def _workers(executor: Executor | None) -> Iterator[Executor]:
    """Give the caller's executor, or one of our own for the time being."""
    if executor is not None:
        yield executor
        return
    own = ThreadPoolExecutor(os.cpu_count())
    try:
        yield own
    except KeyboardInterrupt:
        own.shutdown(wait=False, cancel_futures=True)
        raise
    own.shutdown()


class _Clock:
    """Seconds spent in each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = round(now - self._last, 6)
        self._last = now


@cache
def _versions() -> dict[str, str]:
    """Return the versions of Python and of what plans are made with, looked up once."""
    libraries = ("networkx", "numba", "numpy", "ortools", "pandas")
    return {"python": platform.python_version()} | {name: version(name) for name in libraries}
