"""What to ask for: what one more unit of an item would bring, at each place and time, out of the proof.

A donation is thought of in a community that lacks the item, on each day. It may go to every need that
the rules let it go to. By the levels of the proof (`docs/proof.md`) one more unit there serves one more unit
of the lowest level among those needs, be it straight or by setting free another donation for it; by the
prices it changes the cost by what the way costs, less the price of the need. Parts that are solved as blocks
have no levels: there a need that is not served in full counts as it stands, which is an estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN, PLENTY, Bools, Floats, Ints
from matchopt.contract.plan import Plan
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import Network, Part, encode
from matchopt.tolerances import ROUNDING
from matchopt.whatif.variant import WHAT_IF, Variant

WISHES: Mapping[str, str] = MappingProxyType(
    {
        "item": "object",
        "place": "object",
        "first_day": "datetime64[s]",
        "last_day": "datetime64[s]",
        "priority": "int64",
        "served_per_unit": "float64",
        "cost_per_unit": "float64",
        "units": "float64",
        "needs": "int64",
        "need_ids": "object",
        "basis": "object",
    }
)
"""The columns of a table of wishes, and what they hold."""

MEASURES = tuple(WISHES)[4:]
"""What a donation would bring."""

PRICES, ESTIMATE, CONFIRMED = "prices", "estimate", "confirmed"
"""What a row rests on: levels and prices of the proof, needs as they stand, or plans made anew."""

MOST_PLACES = 50
MOST_WEEKS = 10
MOST_DONATIONS = 100_000
"""Donations that are thought of; where items and days make more, fewer places are looked at."""
NAMED = 5
"""Needs that are named in a row."""

PAIRS = 2_000_000
"""Pairs looked at in one go."""


def wishes_of(plan: Plan, *, places: int = MOST_PLACES) -> pd.DataFrame:
    """Return what one more unit of each item would bring, at each place and time.

    Parameters
    ----------
    plan
        A finished plan.
    places
        How many communities are looked at for each item: those that lack the most urgent and most of it.

    Returns
    -------
    DataFrame
        Columns `WISHES`, the most worth asking for first. One row an item, a community in which the donation
        would lie, and the first and last of some days, on each of which it would serve what the row says
        (within a week; a month in plans of more than `MOST_WEEKS`; put together where nothing differs; NaT
        without days). One more unit serves
        `served_per_unit` more units of needs of `priority`, and changes the cost that the objective counts
        by `cost_per_unit` (currency). So it stays for at least `units`: they are missing of `needs` that
        such a donation can go to straight away, of which `need_ids` names the cheapest. `basis` is ``prices``
        or ``estimate``. Donations that would serve nobody are left out.
    """
    variant = Variant(plan)
    donations = _donations(plan, variant, places)
    if variant.dated and len(donations):
        donations = _spans(donations, _Thought(plan, variant, donations).looks(), variant)
    if donations.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in WISHES.items()})
    thought = _Thought(plan, variant, donations)
    table = pd.DataFrame(thought.wishes(), columns=["number", *MEASURES]).set_index("number")
    table = donations.join(table, how="inner").rename(columns=_NAMES)
    table = _put_together(table.sort_index())
    return ranked(table, by_cost=thought.worth.by_cost)


def ranked(table: pd.DataFrame, *, by_cost: bool) -> pd.DataFrame:
    """Return wishes with the most worth asking for first: the most urgent, or what saves most."""
    by = ["cost_per_unit", "less"] if by_cost else ["priority", "less", "cost_per_unit"]
    order = table.assign(less=-table["units"]).sort_values(by, kind="stable").index
    return table.loc[order, list(WISHES)].reset_index(drop=True)


_ON = ("available_from", "available_until")
_NAMES = {"community": "place", "available_from": "first_day", "available_until": "last_day"}


def _donations(plan: Plan, variant: Variant, most: int) -> pd.DataFrame:
    """Return a thinkable donation for each item, place and day, as in the table ``donations``."""
    short = plan.needs[(plan.needs["unmet"] > 0) & (plan.needs["reason"] != "excluded")]
    lacking = short.groupby(["item", "community"])
    where = lacking.agg(tier=("priority", "min"), unmet=("unmet", "sum")).reset_index()
    where = where.sort_values(["item", "tier", "unmet"], ascending=[True, True, False], kind="stable")
    days: Any = [pd.NaT]
    if variant.dated:
        days = pd.date_range(variant.start, variant.end)
    most = max(1, min(most, MOST_DONATIONS // max(1, where["item"].nunique() * len(days))))
    where = where.groupby("item").head(most)[["item", "community"]]
    items = plan.case.table("items")
    funds = sorted(items.loc[items["kind"] == "funds", "item"]) if len(short) else []
    where = pd.concat([where, pd.DataFrame({"item": funds, "community": ""}, dtype=object)])
    on = pd.DataFrame({name: pd.Series(days).astype("datetime64[s]") for name in _ON})
    donations = where.merge(on, how="cross")
    step = {item: variant.step(item) for item in donations["item"].unique()}
    return donations.assign(
        donation_id=[f"{WHAT_IF} {k}" for k in range(len(donations))],
        origin=donations["community"],
        quantity=donations["item"].map(step),
    )


def _spans(donations: pd.DataFrame, looks: Ints, variant: Variant) -> pd.DataFrame:
    """Return donations that may be had on several days, put together from those of one day that look alike.

    Parameters
    ----------
    donations
        One an item, a place and a day, the days of a place one after the other.
    looks
        What a donation serves, as a number; -1 for nothing.
    """
    day = ((donations["available_from"] - variant.start).dt.days).to_numpy()
    length = 7 if (variant.end - variant.start).days < 7 * MOST_WEEKS else 30
    begins = (day % length == 0) | (looks != np.concatenate([[-2], looks[:-1]]))
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(looks)) - 1
    spans = donations.iloc[first].assign(available_until=donations["available_until"].to_numpy()[last])
    return spans[looks[first] >= 0].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class _Worth:
    """What one more unit is worth to each need of the case.

    Attributes
    ----------
    level : (n,) int
        Level of which one more unit is served; under total cost 0 wherever a unit is missing or dear.
        `PLENTY` where nothing is to be gained.
    price : (n,) float
        Currency that it saves.
    proven : (n,) bool
        Whether both come from the levels and prices of the proof.
    unmet : (n,) float
        What is missing.
    ids : (n,) str
    by_cost
        Whether the plan is one of total cost.
    """

    level: Ints
    price: Floats
    proven: Bools
    unmet: Floats
    ids: np.ndarray[tuple[int], np.dtype[np.object_]]
    by_cost: bool

    @classmethod
    def of(cls, plan: Plan, network: Network) -> _Worth:
        case = plan.case
        by_cost = case.settings.policy.objective == "total-cost"
        ids = case.needs["need_id"].to_numpy(dtype=object)
        unmet = plan.needs.set_index("need_id")["unmet"].reindex(ids).to_numpy(dtype=np.float64)
        tier = case.needs["priority"].to_numpy(dtype=np.int64)
        rows = plan.prices[(plan.prices["side"] == "need") & (plan.prices["block"] == 0)]
        at = pd.Index(rows["id"]).get_indexer(pd.Index(ids))
        proven = at >= 0
        level = np.where(proven, rows["level"].to_numpy()[at] if len(rows) else 0, tier)
        price = np.where(proven, rows["price"].to_numpy()[at] if len(rows) else 0.0, 0.0)
        short = (unmet > 0) & ~network.excluded
        if by_cost:
            cost = case.needs["unmet_cost"].fillna(case.settings.rates.unmet_cost).to_numpy(dtype=np.float64)
            price = np.where(proven, price, np.where(short, cost, 0.0))
            level = np.where(network.excluded | ~(proven | short), PLENTY, 0)
        else:
            level = np.where(network.excluded | ~(proven | short), PLENTY, level)
        return cls(level, price, proven, unmet, ids, by_cost)


class _Asking:
    """The need classes of a part, and what one more unit is worth to them.

    Attributes
    ----------
    level, price : (n,)
        The lowest level of the needs of a class, and the highest price of those.
    proven : (n,) bool
        Whether these come from the proof.
    unmet, lacking : (n,)
        Units missing, and needs that miss some.
    """

    def __init__(self, network: Network, part: Part, worth: _Worth) -> None:
        self._network, self._part, self._worth = network, part, worth
        needs, which = network.needs.rows_of(part.columns)
        count = len(part.columns)
        self.level = np.full(count, PLENTY)
        np.minimum.at(self.level, which, worth.level[needs])
        self.price = np.full(count, -np.inf)
        best = worth.level[needs] == self.level[which]
        np.maximum.at(self.price, which[best], worth.price[needs[best]])
        self.proven = np.zeros(count, dtype=bool)
        self.proven[which] = worth.proven[needs]
        short = worth.unmet[needs] > 0
        self.unmet = np.bincount(which[short], worth.unmet[needs[short]], count)
        self.lacking = np.bincount(which[short], minlength=count)

    def named(self, classes: Ints, cost: Ints) -> str:
        """Return the ids of the first needs that miss something in the cheapest of some classes."""
        order = classes[np.argsort(cost, kind="stable")][:NAMED]
        needs, _ = self._network.needs.rows_of(self._part.columns[order])
        return ";".join(self._worth.ids[needs[self._worth.unmet[needs] > 0]][:NAMED].tolist())


class _Thought:
    """The case with donations that nobody made yet.

    Attributes
    ----------
    worth
        What one more unit is worth to its needs.
    """

    def __init__(self, plan: Plan, variant: Variant, donations: pd.DataFrame) -> None:
        self._network = network = encode(variant.with_donations(donations))
        self.worth = _Worth.of(plan, network)
        self._given, self._count = len(plan.case.donations), len(donations)
        member = network.donations.row >= self._given
        owner = np.repeat(np.arange(len(network.donations.start) - 1), network.donations.count)
        self._own = np.zeros(len(network.donations.start) - 1, dtype=bool)
        self._own[owner[member]] = True

    def looks(self) -> Ints:
        """Return what each donation serves, as a number: its level, and whether straight; -1 for nothing."""
        found = np.full(self._count, -1)
        for part, _, looked in self._looked():
            for k in np.flatnonzero(looked.worth_it).tolist():
                straight = bool(looked.straight[k].any())
                found[self._numbers(part, looked.rows[k])] = 2 * looked.level + straight
        return found

    def wishes(self) -> Iterator[tuple[Any, ...]]:
        """Yield what the donations would bring, by the number of the donation."""
        for part, asking, looked in self._looked():
            for k in np.flatnonzero(looked.worth_it).tolist():
                told = _brought(part, asking, looked, k, by_cost=self.worth.by_cost)
                for number in self._numbers(part, looked.rows[k]).tolist():
                    yield number, *told

    def _numbers(self, part: Part, row: int) -> Ints:
        """Return the numbers of the donations in a row of a part."""
        members, _ = self._network.donations.rows_of(part.rows[np.array([row])])
        return members[members >= self._given] - self._given

    def _looked(self) -> Iterator[tuple[Part, _Asking, _Looked]]:
        """Yield what donations can serve, part by part, the most urgent level first, some at a time."""
        for part in self._network.parts:
            rows = np.flatnonzero(self._own[part.rows])
            asking = _Asking(self._network, part, self.worth)
            for level in np.unique(asking.level[asking.level < PLENTY]).tolist():
                # A donation serves the lowest level that it can go to: the others need no look.
                columns = np.flatnonzero(asking.level == level)
                served = np.zeros(len(rows), dtype=bool)
                piece = max(1, PAIRS // len(columns))
                for start in range(0, len(rows), piece):
                    some = rows[start : start + piece]
                    looked = _look(part, asking, some, columns, level, by_cost=self.worth.by_cost)
                    served[start : start + piece] = looked.worth_it
                    yield part, asking, looked
                rows = rows[~served]


@dataclass(frozen=True, slots=True)
class _Looked:
    """Which needs of one level some donations of a part can serve.

    Attributes
    ----------
    rows, columns : (m,) int, (n,) int
    level
    cost : (m, n) int
    saved : (m, n) float
        What a unit saves; minus infinity where a pair is not admitted.
    straight : (m, n) bool
        Whether what is missing there is served without setting free another donation.
    worth_it : (m,) bool
        Whether a donation serves anything.
    """

    rows: Ints
    columns: Ints
    level: int
    cost: Ints
    saved: Floats
    straight: Bools
    worth_it: Bools


def _look(part: Part, asking: _Asking, rows: Ints, columns: Ints, level: int, *, by_cost: bool) -> _Looked:
    """Return which needs of one level the donations in `rows` can serve."""
    cost = part.costs(rows[:, None], columns)
    admitted = cost < FORBIDDEN
    saved = np.where(admitted, asking.price[columns] - cost / MONEY_SCALE, -np.inf)
    straight = admitted & (asking.unmet[columns] > 0)
    worth_it = np.asarray(admitted.any(axis=1))
    if by_cost:
        straight &= saved > ROUNDING
        worth_it &= np.asarray(saved.max(axis=1) > ROUNDING)
    return _Looked(rows, columns, level, cost, saved, straight, worth_it)


def _brought(part: Part, asking: _Asking, looked: _Looked, k: int, *, by_cost: bool) -> tuple[Any, ...]:
    """Return what a donation brings to needs of one level, by its place in the rows looked at."""
    columns, row = looked.columns, looked.rows[[k]]
    first = int(looked.saved[k].argmax())
    best, mine = columns[first], np.flatnonzero(looked.straight[k])
    ratio = part.ratio(row, columns[mine])
    return (
        int(part.priority[best]) if by_cost else looked.level,
        float(part.ratio(row, best[None])[0]),
        round(-float(looked.saved[k, first]), 4),
        round(float((asking.unmet[columns[mine]] / ratio).sum()), 6),
        int(asking.lacking[columns[mine]].sum()),
        asking.named(columns[mine], looked.cost[k, mine]),
        PRICES if asking.proven[best] else ESTIMATE,
    )


def _put_together(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with spans of days that differ in nothing else put together."""
    same = ["item", "place", *MEASURES]
    values = table[same]
    new = (values != values.shift()).any(axis=1)
    new |= table["first_day"] != table["last_day"].shift() + pd.Timedelta(days=1)
    if table["first_day"].isna().all():
        new[:] = True
    last = table.groupby(new.cumsum().to_numpy())["last_day"].last().to_numpy()
    return table[new].assign(last_day=last).reset_index(drop=True)
