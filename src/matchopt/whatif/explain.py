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
from matchopt.model.rules import STEPS
from matchopt.result.reasons import EXCLUDED, obstacles
from matchopt.tables.findings import near_name
from matchopt.whatif.changes import Change, Confirmer, Tell, kinds_for, most_plans, pairs_of, smallest, two

UNRELIABLE = "unreliable"


SUBJECTS = {
    "need": ("needs", "need_id"),
    "donation": ("donations", "donation_id"),
    "community": ("needs", "community"),
    "item": ("needs", "item"),
    "hub": ("hubs", "hub"),
}
"""What can be explained, and the table and column of the case that hold its ids."""


def id_of(plan: Plan, subject: str, name: str) -> str:
    """Return the id of what is called `name`: an id in any case, or a name that the tables give it.

    Raises
    ------
    UnknownIdError
        If there is no such thing in the plan, or several are called so.
    """
    case, (table, column) = plan.case, SUBJECTS[subject]
    ids = set(case.column(table, column).tolist())
    if subject == "item":
        ids |= set(case.column("donations", "item").tolist())
    called: dict[str, str] = {one: one for one in ids}
    if subject in ("community", "item"):
        listed = case.table("communities" if subject == "community" else "items")
        names = zip(listed[subject], listed["name"], strict=True)
        called = {text: one for one, text in names if one in ids and text} | called
    if name in called:
        return called[name]
    alike = {one for text, one in called.items() if text.casefold() == name.strip().casefold()}
    if len(alike) == 1:
        return alike.pop()
    said = {
        "need": tr("The plan has no need {name}.", name=name),
        "donation": tr("The plan has no donation {name}.", name=name),
        "community": tr("The plan has no community {name}.", name=name),
        "item": tr("The plan has no item {name}.", name=name),
        "hub": tr("The plan has no hub {name}.", name=name),
    }[subject]
    raise UnknownIdError(said, near_name(name, called))


@dataclass(frozen=True, slots=True)
class Candidates:
    """How each donation of an item that fits stands to one need.

    Attributes
    ----------
    table
        One row a donation, in the order of the plan's table: donation_id, donor, item, offered, planned,
        left_over; `refused` (the codes of all rules that turn it away, joined by ``;``) and `cost` (of a
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
        If the plan has no such need.
    """
    need = id_of(plan, "need", need)
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
    confirm, changes, missing = Confirmer(need, tell), list[Change](), float(result["unmet"])
    why = f"{result['reason']};{result['obstacles']}"
    kinds = tuple(kinds_for(plan, need, why, found.table))
    pairs = pairs_of(kinds)
    most = [most_plans(kind, missing) for kind in kinds]
    most += [1 + most_plans(one, missing) + most_plans(other, missing) for one, other in pairs]
    for k, kind in enumerate(kinds):
        confirm.expect(sum(most[k:]))
        change = smallest(kind, missing, confirm)
        if change is not None:
            changes.append(change)
    # Another donation, put where it is wanted, always helps: it says nothing of what keeps the others out.
    for k, pair in enumerate(pairs if all(change.kind == "more" for change in changes) else ()):
        confirm.expect(sum(most[len(kinds) + k :]))
        both = two(plan, need, why, found.table, pair, confirm)
        if both is not None:
            changes.append(both)
            break
    tried = tuple(dict.fromkeys(kind.name for kind in kinds))
    return replace(story, changes=tuple(changes), tried=tried, plans=confirm.plans)


def candidates_of(plan: Plan, need: str) -> Candidates:
    """Hold every donation of a plan's case against a need."""
    case = plan.case
    network = encode(case)
    j = int(pd.Index(case.needs["need_id"]).get_loc(need))
    refused = np.where(network.plannable > 0, STEPS[0], UNRELIABLE).astype(object)
    cost = np.full(len(case.donations), np.nan)
    excluded = bool(network.excluded[j])
    needs, parts = (network.left_out_needs, network.left_out) if excluded else (network.needs, network.parts)
    column = int(needs.class_of(len(case.needs))[j])
    part = next((part for part in parts if column in part.columns), None)
    if part is not None:
        mine = np.arange(len(part.rows))
        whom = np.full(len(mine), np.searchsorted(part.columns, column))
        price = part.costs(mine, whom)
        row, which = network.donations.rows_of(part.rows)
        refused[row] = obstacles(part.oracle.broken(mine, whom))[which]
        cost[row] = np.where(price < FORBIDDEN, price / MONEY_SCALE, np.nan)[which]
    refused[(network.plannable < network.granule) & (refused == "")] = UNRELIABLE
    i = positions(case.donations["donation_id"], plan.donations["donation_id"])
    table = plan.donations[["donation_id", "donor", "item", "offered", "planned", "left_over"]]
    table = table.assign(refused=refused[i], cost=cost[i])
    fits = (table["refused"] != STEPS[0]) & _of_an_item_that_fits(plan, need)
    if excluded:
        rules = table["refused"].where(table["refused"] == "", ";" + table["refused"])
        table = table.assign(refused=EXCLUDED + rules, cost=np.nan)
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
