"""Stress: donations fail by their reliability, the plan is repaired, draw by draw.

What a plan promised from donations that turn up stays; what the others were to serve is served as well as
can be from what is left. So a draw is a second stage with recourse, after a first stage that knew only how
likely each donation is (J. R. Birge and F. Louveaux, *Introduction to Stochastic Programming*, 2011).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.contract.settings import Settings
from matchopt.engine import plan as plan_of
from matchopt.errors import ArgumentError
from matchopt.kernels import share_compiled_code
from matchopt.model.classes import sorted_rows
from matchopt.whatif.variant import horizon_kept, with_lines_that_stay, without_commitments
from matchopt.workers import processes

POLICIES = ("ignore", "expected", "firm")
PERCENTILES = (5, 50, 95)
MOST_ALONE = 40
"""Donations that are let fail one by one, of those that the plan is likely to lose the most of."""

Tell = Callable[[str, int, int], None]
Failed = tuple[int, ...]
"""Rows of the donations that do not turn up."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repaired plan comes to: units served by priority, logistics cost, whether it is proven best."""

    served: dict[int, float]
    cost: float
    proven: bool

    @property
    def total(self) -> float:
        """Units served."""
        return sum(self.served.values())


@dataclass(frozen=True, slots=True)
class Tried:
    """One reliability policy.

    Attributes
    ----------
    policy
        ``ignore``, ``expected`` or ``firm``.
    first
        The plan made before anybody knows who turns up.
    draws
        One row a draw: failed (donations), lost (planned units of these), served, cost, proven and
        ``served_tier_<t>``.
    hanging
        donation_id, donor, reliability, planned, lost (units that cannot be repaired if it fails alone),
        expected (lost × chance to fail), ``lost_tier_<t>``; the worst first.
    """

    policy: str
    first: Plan
    draws: pd.DataFrame
    hanging: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Stress:
    """What a case stands.

    Attributes
    ----------
    case
        The case.
    seed
        Of the draws.
    asked
        Priority → units asked for.
    tried
        The reliability policies, in the order asked.
    """

    case: Case
    seed: int
    asked: dict[int, float]
    tried: tuple[Tried, ...]


def stress(
    case: Case,
    *,
    draws: int = 500,
    seed: int = 1,
    policies: Sequence[str] = POLICIES,
    time_limit: float | None = None,
    workers: int = 0,
    executor: Executor | None = None,
    tell: Tell = lambda stage, done, total: None,
) -> Stress:
    """Let donations fail by their reliability, and repair the plan each time.

    Parameters
    ----------
    case
        Its donations have a ``reliability``; the table ``commitments`` is left aside.
    draws
        How often; all policies see the same draws.
    seed
        The same one gives the same figures, whatever the number of workers and the order of rows.
    policies
        Out of `POLICIES`: how the first plan takes reliability.
    time_limit
        Seconds for each plan; with one, figures may differ from run to run.
    workers
        Processes; 0 for one a core.
    executor
        Who does the work instead of processes of our own; it has to share their memory.
    tell
        Called as ``tell(stage, done, total)`` on the way.

    Raises
    ------
    ArgumentError
        If there is no draw, a negative seed or an unknown policy.
    """
    if draws < 1 or seed < 0:
        raise ArgumentError("one draw at least, and a seed of 0 or more")
    unknown = [name for name in policies if name not in POLICIES]
    if unknown:
        raise ArgumentError(f"policy {unknown[0]!r} is not known; choose of {', '.join(POLICIES)}")
    bare = Case.unchecked(without_commitments(case.tables), horizon_kept(case))
    firsts = [
        plan_of(bare.replace(settings={"policy": {"reliability": policy}}), time_limit=time_limit)
        for policy in policies
    ]
    failing = drawn(bare, draws, seed)
    patterns = [tuple(np.flatnonzero(row).tolist()) for row in failing]
    alone = [_likely(bare, first) for first in firsts]
    tasks: dict[tuple[int, Failed], None] = {}
    for number, rows in enumerate(alone):
        tasks |= dict.fromkeys((number, pattern) for pattern in (*patterns, (), *((row,) for row in rows)))
    lines = [first.allocations for first in firsts]
    given = dict(bare.tables), bare.settings, lines, time_limit
    found: dict[tuple[int, Failed], Repaired] = {}
    with _workers(executor, workers, given) as pool:
        for done, (task, repaired) in enumerate(zip(tasks, pool.map(_repair, tasks), strict=True)):
            found[task] = repaired
            tell("stress", done + 1, len(tasks))
    asked = bare.needs.groupby("priority")["quantity"].sum()
    tried = []
    for number, (policy, first) in enumerate(zip(policies, firsts, strict=True)):
        table = _draws(bare, first, failing, [found[number, pattern] for pattern in patterns])
        sound = found[number, ()]
        one_by_one = [(row, found[number, (row,)]) for row in alone[number].tolist()]
        tried.append(Tried(policy, first, table, _hanging(bare, first, sound, one_by_one)))
    return Stress(case, seed, dict(zip(asked.index.tolist(), asked.tolist(), strict=True)), tuple(tried))


def drawn(case: Case, draws: int, seed: int) -> Bools:
    """Return (draws, donations) which donations fail; rows are drawn in the order of their ids."""
    order = sorted_rows(case.column("donations", "donation_id"))
    chance = np.random.default_rng(seed).random((draws, len(order)))
    failing = np.empty((draws, len(order)), dtype=bool)
    reliability = case.donations["reliability"].to_numpy(dtype=np.float64)
    failing[:, order] = chance >= reliability[order]
    return failing


def _likely(case: Case, first: Plan) -> Ints:
    """Return the rows of the donations that may fail and of which most is likely to be lost."""
    chance = 1 - case.donations["reliability"].to_numpy(dtype=np.float64)
    expected = chance * first.donations["planned"].to_numpy(dtype=np.float64)
    rows = np.lexsort((sorted_rows(case.column("donations", "donation_id")).argsort(), -expected))
    rows = rows[expected[rows] > 0][:MOST_ALONE]
    return np.asarray(rows, dtype=np.int64)


def repaired_case(case: Case, lines: pd.DataFrame, failed: Failed) -> Case:
    """Return what is left to plan once it is known which donations fail.

    Parameters
    ----------
    lines
        Allocations of the first plan; those of donations that turn up stay.
    failed
        Rows of the donations that do not.
    """
    there = np.ones(len(case.donations), dtype=bool)
    there[list(failed)] = False
    donations = case.donations[there].reset_index(drop=True).assign(reliability=1.0)
    stays = lines[lines["donation_id"].isin(donations["donation_id"])]
    stays = stays.rename(columns={"donated_quantity": "quantity"})
    tables = with_lines_that_stay({**case.tables, "donations": donations}, stays)
    return Case.unchecked(tables, case.settings)


_given: tuple[Case, list[pd.DataFrame], float | None] | None = None


def _prepare(
    tables: dict[str, pd.DataFrame], settings: Settings, lines: list[pd.DataFrame], limit: float | None
) -> None:
    """Keep in a worker what all its tasks need."""
    global _given
    _given = Case.unchecked(tables, settings), lines, limit


def _repair(task: tuple[int, Failed]) -> Repaired:
    assert _given is not None
    case, lines, limit = _given
    number, failed = task
    if len(failed) == len(case.donations):
        return Repaired({}, 0.0, True)
    plan = plan_of(repaired_case(case, lines[number], failed), time_limit=limit)
    served = {int(tier): float(units) for tier, units in plan.served_by_tier.items()}
    return Repaired(served, float(plan.logistics_cost), plan.status == "optimal")


@contextmanager
def _workers(executor: Executor | None, count: int, given: tuple[Any, ...]) -> Iterator[Executor]:
    if executor is not None:
        _prepare(*given)
        yield executor
        return
    share_compiled_code()
    with processes(count or os.cpu_count() or 1, _prepare, *given) as own:
        yield own


def _draws(case: Case, first: Plan, failing: Bools, found: Sequence[Repaired]) -> pd.DataFrame:
    planned = first.donations["planned"].to_numpy(dtype=np.float64)
    table = pd.DataFrame({"failed": failing.sum(axis=1), "lost": np.round(failing @ planned, 6)})
    table["served"] = [round(one.total, 6) for one in found]
    table["cost"] = [one.cost for one in found]
    table["proven"] = [one.proven for one in found]
    for tier in sorted(case.needs["priority"].unique().tolist()):
        table[f"served_tier_{tier}"] = [one.served.get(tier, 0.0) for one in found]
    return table


def _hanging(case: Case, first: Plan, sound: Repaired, rows: Sequence[tuple[int, Repaired]]) -> pd.DataFrame:
    at = [row for row, _ in rows]
    table = case.donations.iloc[at][["donation_id", "donor", "reliability"]].reset_index(drop=True)
    lost: Floats = np.array([sound.total - one.total for _, one in rows])
    table["planned"] = first.donations["planned"].to_numpy(dtype=np.float64)[at]
    table["lost"] = np.round(lost, 6)
    table["expected"] = np.round((1 - table["reliability"].to_numpy(dtype=np.float64)) * lost, 6)
    for tier, served in sorted(sound.served.items()):
        table[f"lost_tier_{tier}"] = [round(served - one.served.get(tier, 0.0), 6) for _, one in rows]
    by = ["expected", "lost", "donation_id"]
    return table.sort_values(by, ascending=[False, False, True], kind="stable", ignore_index=True)


def percentiles(tried: Tried, asked: dict[int, float]) -> pd.DataFrame:
    """Return the distribution of coverage and cost.

    Returns
    -------
    DataFrame
        figure (``coverage``, ``coverage_tier_<t>``, ``cost``), mean and ``p5``, ``p50``, ``p95``.
    """
    draws = tried.draws
    total = sum(asked.values())
    figures = {"coverage": draws["served"] / total if total else draws["served"] * 0 + 1}
    for tier, units in asked.items():
        if units:
            figures[f"coverage_tier_{tier}"] = draws[f"served_tier_{tier}"] / units
    figures["cost"] = draws["cost"]
    rows = [
        {"figure": name, "mean": round(float(values.mean()), 6)}
        | {f"p{p}": round(float(np.percentile(values, p)), 6) for p in PERCENTILES}
        for name, values in figures.items()
    ]
    return pd.DataFrame(rows)
