"""Every donation held against one need: the rule that turns it away, or who gets what it has instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN
from matchopt.contract.plan import Plan
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import encode
from matchopt.model.rules import ADMITTED, STEPS

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
        never = (network.plannable < network.granule) & (refused == "")
        refused[never] = UNRELIABLE
    i = pd.Index(case.donations["donation_id"]).get_indexer(pd.Index(plan.donations["donation_id"]))
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
