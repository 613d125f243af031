"""Explain one need, donation or community of a plan: facts, as tables and changes; `report` words them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from matchopt.contract.plan import Plan
from matchopt.whatif.candidates import Candidates, candidates_of
from matchopt.whatif.changes import kinds_for
from matchopt.whatif.smallest import Change, Confirmer, Tell, most_plans, smallest


@dataclass(frozen=True, slots=True)
class NeedStory:
    """What becomes of a need, and why.

    Attributes
    ----------
    asks
        Its row in the case; `result`, its row in the plan.
    lines
        The allocations that serve it, with donor, item, unit_cost and the rank of its cost among all
        donations that may serve it.
    candidates
        How each donation that fits stands to it.
    rivals
        What the candidates that may serve it do instead: donation_id, need_id, priority, community,
        served_quantity; the most urgent first.
    changes
        The smallest changes that would serve it in full; empty if it is, or if none was sought.
    tried
        The kinds of change that were tried.
    plans
        How many plans were made to confirm them.
    """

    asks: Any
    result: Any
    lines: pd.DataFrame
    candidates: Candidates
    rivals: pd.DataFrame
    changes: tuple[Change, ...] = ()
    tried: tuple[str, ...] = ()
    plans: int = 0


def explain_need(
    plan: Plan, need: str, *, seek: bool = True, tell: Tell = lambda done, total: None
) -> NeedStory:
    """Explain a need; with `seek`, find the smallest changes that would serve it in full.

    `tell` is told how many changed cases were planned, and how many there will be at most.

    Raises
    ------
    KeyError
        If the plan has no such need.
    """
    result = _row(plan.needs, "need_id", need)
    asks = _row(plan.case.needs, "need_id", need)
    found = candidates_of(plan, need)
    may = found.table[found.table["refused"] == ""]
    lines = plan.allocations[plan.allocations["need_id"] == need]
    facts = found.table.set_index("donation_id")
    rank = may.set_index("donation_id")["cost"].rank(method="min")
    lines = lines.assign(
        donor=lines["donation_id"].map(facts["donor"]), item=lines["donation_id"].map(facts["item"]),
        unit_cost=lines["donation_id"].map(facts["cost"]), rank=lines["donation_id"].map(rank),
    )  # fmt: skip
    story = NeedStory(asks, result, lines, found, _rivals(plan, may, need))
    if not seek or result["unmet"] <= 0:
        return story
    confirm, changes, missing = Confirmer(need, tell), [], float(result["unmet"])
    kinds = tuple(kinds_for(plan, need, str(result["reason"]), found.table))
    most = [most_plans(kind, missing) for kind in kinds]
    for k, kind in enumerate(kinds):
        confirm.expect(sum(most[k:]))
        change = smallest(kind, missing, confirm)
        if change is not None:
            changes.append(change)
    tried = tuple(dict.fromkeys(kind.name for kind in kinds))
    return NeedStory(asks, result, lines, found, story.rivals, tuple(changes), tried, confirm.plans)


def _rivals(plan: Plan, may: pd.DataFrame, need: str) -> pd.DataFrame:
    """Return whom the donations that may serve a need serve instead."""
    lines = plan.allocations
    lines = lines[lines["donation_id"].isin(may["donation_id"]) & (lines["need_id"] != need)]
    needs = plan.needs.set_index("need_id")[["priority", "community"]]
    rivals = lines[["donation_id", "need_id", "served_quantity"]].join(needs, on="need_id")
    return rivals.sort_values(["donation_id", "priority", "need_id"], kind="stable", ignore_index=True)


def _row(table: pd.DataFrame, key: str, wanted: str) -> Any:
    found = table[table[key] == wanted]
    if found.empty:
        raise KeyError(wanted)
    return found.iloc[0]
