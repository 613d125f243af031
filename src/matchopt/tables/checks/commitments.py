"""Commitments: which line a row is about, which way it goes, and that no more is promised than there is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.contract.fields import PINNED
from matchopt.language import tr
from matchopt.tables.findings import Said
from matchopt.tables.tables import Tables
from matchopt.tables.typed import Checked, Mask

TRIPLE = ("donation_id", "need_id", "quantity")
"""What says which line a row is about where it names no line of an earlier plan."""

DAYS = ("pickup_day", "arrival_day", "delivery_day")

TOLERANCE = 1e-9
"""Relative: what adding up binary fractions may be off."""

Numbers = npt.NDArray[np.float64]


def check_commitments(tables: Tables) -> None:
    """Check the table `commitments`, completed by an earlier plan where there is one."""
    commitments = tables.get("commitments")
    if commitments is None:
        return
    said = _named_in_full(commitments)
    _check_named(tables, commitments, said)
    _check_hubs(tables, commitments)
    _check_days(tables, commitments)
    pinned = said & commitments.among("status", PINNED)
    ratio = _check_fit(tables, commitments, pinned)
    quantity = np.where(pinned, np.nan_to_num(commitments.array("quantity")), 0.0)
    _check_enough(tables, commitments, "donation_id", "donations", quantity)
    _check_enough(tables, commitments, "need_id", "needs", quantity * ratio)


def _named_in_full(commitments: Checked) -> Mask:
    return np.asarray(np.logical_and.reduce([commitments.given(name) for name in TRIPLE]))


def _check_named(tables: Tables, commitments: Checked, said: Mask) -> None:
    """Report rows that do not say which line they are about, or name one of a plan that nobody knows."""
    named, sound = commitments.given("allocation_id"), commitments.sound("allocation_id", *TRIPLE)
    tables.error(
        "incomplete_row", commitments, "allocation_id", ~named & ~said & sound,
        lambda _: (
            "", tr("does not say which line it is about"),
            tr("give allocation_id, or {columns}", columns=", ".join(TRIPLE)),
        ),
    )  # fmt: skip
    ids = commitments.array("allocation_id")
    tables.error(
        "no_earlier_plan", commitments, "allocation_id", named & ~said & sound,
        lambda at: (
            ids[at], tr("is a line of an earlier plan, which is not known here"),
            tr("plan with matchopt replan RUN CASE, or give {columns}", columns=", ".join(TRIPLE)),
        ),
    )  # fmt: skip


def _check_hubs(tables: Tables, commitments: Checked) -> None:
    """Report hubs of a case without hubs, and hubs for what goes direct only."""
    hubs = commitments.array("hub")
    given = commitments.given("hub")
    if tables.get("hubs") is None and tables.complete("hubs"):
        tables.error(
            "unknown_key", commitments, "hub", given,
            lambda at: (
                hubs[at], tr("is no hub: there is no table hubs"), tr("add the hub, or leave the cell empty"),
            ),
        )  # fmt: skip
        return
    items, donations = tables.get("items"), tables.get("donations")
    if items is None or donations is None:
        return
    kind = dict(zip(items.frame["item"], items.frame["kind"], strict=True))
    direct = {d for d, item in zip(*_columns(donations, "donation_id", "item"), strict=True)
              if kind.get(item, "goods") != "goods"}  # fmt: skip
    tables.error(
        "no_hub", commitments, "hub", given & commitments.among("donation_id", direct),
        lambda at: (hubs[at], tr("cannot hold it: services and money go direct"), tr("leave the cell empty")),
    )  # fmt: skip


def _check_days(tables: Tables, commitments: Checked) -> None:
    """Report ways of which some days are missing, and days in the wrong order."""
    days = [commitments.array(name) for name in DAYS]
    pickup, arrival, delivery = days
    given = np.stack([~np.isnat(day) for day in days])
    through = commitments.given("hub")
    enough = np.where(through, given.all(axis=0), given[0] & given[2])
    sound = commitments.sound("hub", *DAYS)
    tables.error(
        "incomplete_row", commitments, "pickup_day", given.any(axis=0) & ~enough & sound,
        lambda _: (
            "", tr("gives some days of the way and not all"),
            tr("give pickup_day and delivery_day, and with a hub arrival_day; or none of them"),
        ),
    )  # fmt: skip
    wrong = (delivery < pickup) | (through & ((arrival < pickup) | (delivery < arrival)))
    tables.error(
        "reversed_days", commitments, "delivery_day", wrong & sound,
        lambda at: (
            str(delivery[at].astype("datetime64[D]")), tr("is before a day that comes earlier on the way"),
            tr("put pickup_day, arrival_day and delivery_day in order"),
        ),
    )  # fmt: skip


def _check_fit(tables: Tables, commitments: Checked, pinned: Mask) -> Numbers:
    """Report pinned lines whose item serves nothing of the need; return what one donated unit serves."""
    ratio = np.ones(len(pinned))
    needs, donations = tables.get("needs"), tables.get("donations")
    if needs is None or donations is None or not tables.complete("items", "substitutions"):
        return ratio
    given, asked = (
        commitments.frame[key].map(dict(zip(*_columns(table, key, "item"), strict=True)))
        for key, table in (("donation_id", donations), ("need_id", needs))
    )
    serves = _Ratios(tables)
    wrong = np.zeros(len(pinned), dtype=bool)
    other = (given.notna() & asked.notna() & (given != asked)).to_numpy()
    for at in np.flatnonzero(pinned & other):
        found = serves(asked[at], given[at])
        wrong[at] = found is None
        ratio[at] = found or 1.0

    def say(at: int) -> Said:
        problem = tr("is «{asked}», which «{given}» cannot serve", asked=asked[at], given=given[at])
        return commitments.array("need_id")[at], problem, tr("correct the row, or add a substitution")

    tables.error("no_fit", commitments, "need_id", wrong, say)
    return ratio


class _Ratios:
    """What one unit of an item serves of another one, None for nothing."""

    def __init__(self, tables: Tables) -> None:
        table, items = tables.get("substitutions"), tables.get("items")
        self._stand_in: Mapping[tuple[str, str], float] = {}
        if table is not None:
            pairs = zip(*_columns(table, "need_item", "donated_item"), strict=True)
            self._stand_in = dict(zip(pairs, table.array("ratio").tolist(), strict=True))
        self._funds: frozenset[str] = frozenset()
        self._price: Mapping[str, float] = {}
        if items is not None:
            frame = items.frame
            self._funds = frozenset(frame.loc[frame["kind"] == "funds", "item"])
            self._price = dict(zip(frame["item"], frame["purchase_price"], strict=True))

    def __call__(self, asked: str, given: str) -> float | None:
        if (asked, given) in self._stand_in:
            return self._stand_in[asked, given]
        price = self._price.get(asked, np.nan)
        bought = given in self._funds and asked not in self._funds and price > 0
        return 1 / price if bought else None


def _check_enough(tables: Tables, commitments: Checked, key: str, name: str, quantity: Numbers) -> None:
    """Report donations that give, and needs that get, more by pinned lines than their quantity."""
    table = tables.get(name)
    if table is None:
        return
    ids = commitments.frame[key]
    total = pd.Series(quantity).groupby(ids.to_numpy()).transform("sum").to_numpy()
    known = dict(zip(table.array(key), table.array("quantity"), strict=True))
    there = ids.map(known).to_numpy(dtype=np.float64)
    first = ~ids.duplicated().to_numpy()
    problem = {
        "donations": tr("is to give {total} by pinned lines, and offers {there}"),
        "needs": tr("is to get {total} by pinned lines, and asks {there}"),
    }[name]

    def say(at: int) -> Said:
        said = problem.format(total=f"{total[at]:.15g}", there=f"{there[at]:.15g}")
        return ids[at], said, tr("correct the quantity in {name}, or the rows of commitments", name=name)

    tables.error("too_much_pinned", commitments, key, first & (total > there * (1 + TOLERANCE)), say)


def _columns(table: Checked, *names: str) -> tuple[list[str], ...]:
    return tuple(table.array(name).tolist() for name in names)
