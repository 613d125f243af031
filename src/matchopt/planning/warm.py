"""What an earlier plan knows of this case: levels and prices of the needs and donations that it had, too."""

from __future__ import annotations

import numpy as np
import pandas as pd

from matchopt.arrays import Ints
from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.model.classes import Members
from matchopt.model.money import to_money
from matchopt.model.network import Network, Part
from matchopt.solve.tiers import NO_LEVEL, WarmStart


class Warm:
    """Prices of an earlier plan, by the classes of another network.

    Parameters
    ----------
    earlier
        Any plan. Rows are the same if their ids are. What is no longer true of them costs time and
        nothing else: prices say only where to look first.
    network, case
        Those to be planned.
    """

    def __init__(self, earlier: Plan, network: Network, case: Case) -> None:
        plain = earlier.prices[earlier.prices["block"] == 0]
        gifts, needs = case.donations["donation_id"], case.needs["need_id"]
        self._donation = _by_class(plain[plain["side"] == "donation"], gifts, network.donations)
        self._need = _by_class(plain[plain["side"] == "need"], needs, network.needs)
        tail = _classes(earlier.allocations["donation_id"], gifts, network.donations)
        head = _classes(earlier.allocations["need_id"], needs, network.needs)
        both = (tail >= 0) & (head >= 0)
        order = np.argsort(tail[both], kind="stable")
        self._tail, self._head = tail[both][order], head[both][order]

    def start(self, part: Part) -> WarmStart | None:
        """Return what is known of a part, None for nothing."""
        (supply_level, supply_price), (demand_level, demand_price) = (
            (level[mine], price[mine])
            for (level, price), mine in ((self._donation, part.rows), (self._need, part.columns))
        )
        if (supply_level == NO_LEVEL).all() or (demand_level == NO_LEVEL).all():
            return None
        mine = np.isin(self._tail, part.rows) & np.isin(self._head, part.columns)
        tail = np.searchsorted(part.rows, self._tail[mine])
        head = np.searchsorted(part.columns, self._head[mine])
        return WarmStart(tail, head, supply_level, demand_level, supply_price, demand_price)


def _by_class(table: pd.DataFrame, ids: pd.Series, members: Members) -> tuple[Ints, Ints]:
    """Return level and price of each class: those of the first member that the table has."""
    row = pd.Index(table["id"]).get_indexer(pd.Index(ids))[members.row]
    found = np.flatnonzero(row >= 0)
    classes, first = np.unique(_owners(members)[found], return_index=True)
    row = row[found[first]]
    level, price = np.full(len(members.count), NO_LEVEL), np.zeros(len(members.count), dtype=np.int64)
    level[classes] = table["level"].to_numpy(dtype=np.int64)[row]
    price[classes] = to_money(table["price"].to_numpy(dtype=np.float64)[row])
    return level, price


def _classes(named: pd.Series, ids: pd.Series, members: Members) -> Ints:
    """Return the class of each row that is named, -1 for none."""
    class_of = np.full(len(ids) + 1, -1)
    class_of[members.row] = _owners(members)
    return np.asarray(class_of[pd.Index(ids).get_indexer(pd.Index(named))])


def _owners(members: Members) -> Ints:
    """Return the class of each entry of `members`."""
    return np.repeat(np.arange(len(members.count)), members.count)
