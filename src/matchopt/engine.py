"""The recipe: from a case to its best plan and the proof."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from matchopt.arrays import Ints
from matchopt.case import Case
from matchopt.errors import CaseError
from matchopt.model.accounts import keep_books, settle, summarize
from matchopt.model.capacities import exceeded
from matchopt.model.network import Network, Part, encode, hand_out
from matchopt.model.proof import Proof
from matchopt.solution import Plan
from matchopt.solve.flow import BACKENDS
from matchopt.solve.tiers import Matching, coverage_first, total_cost

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


def plan(case: Case, *, solver: str = "ortools", progress: Progress | None = None) -> Plan:
    """Find the best plan of a case and prove it.

    Parameters
    ----------
    case
        The checked tables, from `matchopt.read_case` or `matchopt.Case.from_frames`.
    solver
        ``ortools`` (default) or ``networkx``, the slow cross-check.
    progress
        Called as ``progress(stage, done, total)`` on the way.

    Returns
    -------
    Plan
        The plan, its prices and its proven bound.

    Raises
    ------
    CaseError
        If the best plan would exceed a shared capacity (hub, lane, agreement).
    SolverError
        If the solver finds no optimum.
    ValueError
        If `solver` is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from matchopt import Case, plan
    >>> needs = pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]})
    >>> gifts = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]})
    >>> plan(Case.from_frames(needs=needs, donations=gifts)).served
    3.0
    """
    if solver not in BACKENDS:
        raise ValueError(f"solver {solver!r} is not known; choose one of {', '.join(BACKENDS)}")
    tell = progress or (lambda stage, done, total: None)
    clock = _Clock()

    tell("encode", 0, 1)
    network = encode(case)
    clock.lap("encode")
    matchings = []
    for number, part in enumerate(network.parts):
        tell("solve", number, len(network.parts))
        matchings.append(_match(case, part, solver))
    clock.lap("solve")

    tell("decode", 0, 1)
    tail, head, flow = _joined(network, matchings)
    deliveries = settle(case, network, hand_out(network, tail, head, flow), tail, head)
    if overload := exceeded(case, network, deliveries):
        raise CaseError([*overload, *case.findings])
    books = keep_books(case, network, deliveries)
    proof = _proof(case, network, matchings)
    summary = summarize(case, network, books, proof.tier_bound(), proof.cost_bound())
    clock.lap("decode")
    return Plan(
        case=case,
        allocations=books.allocations,
        needs=books.needs,
        donations=books.donations,
        prices=proof.prices(),
        summary=summary,
        run={
            "timings": clock.laps,
            "versions": _versions(solver),
            "work": {
                "donation_classes": len(network.donations.start) - 1,
                "need_classes": len(network.needs.start) - 1,
                "arcs": sum(found.arcs for found in matchings),
                "solves": sum(found.rounds for found in matchings),
            },
        },
    )


def _match(case: Case, part: Part, solver: str) -> Matching:
    backend = BACKENDS[solver]
    if case.settings.policy.objective == "total-cost":
        return total_cost(part.costs, part.supply, part.demand, part.unmet_cost, backend)
    return coverage_first(part.costs, part.supply, part.demand, part.priority, backend)


def _joined(network: Network, matchings: list[Matching]) -> tuple[Ints, Ints, Ints]:
    """Return donation class, need class and scaled quantity of every flow arc of all parts."""
    empty = [np.zeros(0, dtype=np.int64)]
    both = list(zip(network.parts, matchings, strict=True))
    return (
        np.concatenate(empty + [part.rows[found.tail] for part, found in both]),
        np.concatenate(empty + [part.columns[found.head] for part, found in both]),
        np.concatenate(empty + [found.flow * part.step for part, found in both]),
    )


def _proof(case: Case, network: Network, matchings: list[Matching]) -> Proof:
    """Write the levels and prices of all parts to their needs and donations."""
    proof = Proof.blank(case, network)
    for part, found in zip(network.parts, matchings, strict=True):
        proof.write("donation", part.rows, found.supply_level, found.supply_price)
        proof.write("need", part.columns, found.demand_level, found.demand_price)
    return proof


class _Clock:
    """Seconds spent in each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = round(now - self._last, 6)
        self._last = now


def _versions(solver: str) -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: version(name) for name in sorted({"numpy", "pandas", solver})
    }
