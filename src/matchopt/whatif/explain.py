"""Explanations of one need of a plan: who could serve it, what turns them away, what would change that.

Facts only, as tables and changes; `matchopt.report` words them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN
from matchopt.contract import doors
from matchopt.contract.frames import positions
from matchopt.contract.plan import Plan
from matchopt.errors import UnknownIdError
from matchopt.language import tr
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import encode
from matchopt.model.rules import ADMITTED, STEPS
from matchopt.tables.findings import near_name
from matchopt.whatif.changes import Change, Confirmer, Tell, kinds_for, most_plans, smallest

EXCLUDED, UNRELIABLE = "excluded", "unreliable"


@dataclass(frozen=True, slots=True)
class Candidates:
    """How each donation of an item that fits stands to one need.

    Attributes
    ----------
    table
        One row a donation, in the order of the plan's table: donation_id, donor, item, offered, planned,
        left_over; `refused` (the code of the rule that turns it away, ``""`` for none) and `cost` (of a
        donated unit over the cheapest route, NaN if refused).
    others
        How many donations are of items that do not fit.
    """

    table: pd.DataFrame
    others: int


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
    plan
        The plan; with it ``str()`` tells the story in sentences.
    """

    asks: Any
    result: Any
    lines: pd.DataFrame
    candidates: Candidates
    rivals: pd.DataFrame
    changes: tuple[Change, ...] = ()
    tried: tuple[str, ...] = ()
    plans: int = 0
    plan: Plan | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "\n".join(doors.need_in_words(self.plan, self)) if self.plan is not None else repr(self)


def explain_need(
    plan: Plan, need: str, *, seek: bool = True, tell: Tell = lambda done, total: None
) -> NeedStory:
    """Explain a need; with `seek`, find the smallest changes that would serve it in full.

    `tell` is told how many changed cases were planned, and how many there will be at most.

    Raises
    ------
    UnknownIdError
        If the plan has no such need; it names the nearest.
    """
    result = _row(plan.needs, "need_id", need)
    asks = _row(plan.case.needs, "need_id", need)
    found = candidates_of(plan, need)
    may = found.table[found.table["refused"] == ""]
    lines = plan.allocations[plan.allocations["need_id"] == need]
    facts = found.table.set_index("donation_id").assign(
        rank=may.set_index("donation_id")["cost"].rank(method="min")
    )
    told = {"donor": "donor", "item": "item", "unit_cost": "cost", "rank": "rank"}
    lines = lines.assign(**{name: lines["donation_id"].map(facts[fact]) for name, fact in told.items()})
    story = NeedStory(asks, result, lines, found, _rivals(plan, may, need), plan=plan)
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
    return replace(story, changes=tuple(changes), tried=tried, plans=confirm.plans)


def candidates_of(plan: Plan, need: str) -> Candidates:
    """Hold every donation of a plan's case against a need."""
    case = plan.case
    network = encode(case)
    j = int(pd.Index(case.needs["need_id"]).get_loc(need))
    refused = np.full(len(case.donations), STEPS[0], dtype=object)
    cost = np.full(len(case.donations), np.nan)
    if network.excluded[j]:
        refused[:] = EXCLUDED
    else:
        place = int(np.flatnonzero(network.needs.row == j)[0])
        column = int(np.searchsorted(network.needs.start, place, side="right")) - 1
        part = next((part for part in network.parts if column in part.columns), None)
        if part is not None:
            k = int(np.searchsorted(part.columns, column))
            step, price = part.verdict(np.arange(len(part.rows)), np.full(len(part.rows), k))
            row, which = network.donations.rows_of(part.rows)
            codes = np.array([*STEPS, ""], dtype=object)
            refused[row] = codes[np.minimum(step, ADMITTED)][which]
            cost[row] = np.where(price < FORBIDDEN, price / MONEY_SCALE, np.nan)[which]
        refused[(network.plannable < network.granule) & (refused == "")] = UNRELIABLE
    i = positions(case.donations["donation_id"], plan.donations["donation_id"])
    table = plan.donations[["donation_id", "donor", "item", "offered", "planned", "left_over"]]
    table = table.assign(refused=refused[i], cost=cost[i])
    fits = (table["refused"] != STEPS[0]) & _of_an_item_that_fits(plan, need)
    return Candidates(table[fits].reset_index(drop=True), int((~fits).sum()))


def _of_an_item_that_fits(plan: Plan, need: str) -> pd.Series:
    """Mark the donations whose item is asked for, stands in for it, or is money that buys it."""
    case = plan.case
    item = case.needs.set_index("need_id")["item"][need]
    substitutes = case.table("substitutions")
    items = case.table("items").set_index("item")
    fitting = {item, *substitutes.loc[substitutes["need_item"] == item, "donated_item"]}
    if item in items.index and items["purchase_price"][item] > 0:
        fitting |= set(items.index[items["kind"] == "funds"])
    return plan.donations["item"].isin(fitting)


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
        raise UnknownIdError(tr("The plan has no need {name}.", name=wanted), near_name(wanted, table[key]))
    return found.iloc[0]
