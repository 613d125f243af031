"""What to ask for: what one more unit of an item would bring, at each place and time, out of the proof.

A donation is thought of in a community that lacks the item, and in some days. It may go to every need that
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
        would lie, and a span of days on which it could be had (weeks; months in plans of more than
        `MOST_WEEKS`; put together where nothing differs; NaT without days). One more unit serves
        `served_per_unit` more units of needs of `priority`, and changes the cost that the objective counts
        by `cost_per_unit` (currency). So it stays for at least `units`: they are missing of `needs` that
        such a donation can go to straight away, of which `need_ids` names the cheapest. `basis` is ``prices``
        or ``estimate``. Donations that would serve nobody are left out.
    """
    donations = _donations(plan, places)
    if donations.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in WISHES.items()})
    network = encode(Variant(plan).with_donations(donations.drop(columns="number")))
    worth = _Worth.of(plan, network)
    given = len(plan.case.donations)
    member = network.donations.row >= given
    owner = np.repeat(np.arange(len(network.donations.start) - 1), network.donations.count)
    own = np.zeros(len(network.donations.start) - 1, dtype=bool)
    own[owner[member]] = True
    found = [
        wish
        for part in network.parts
        for wish in _part(network, part, np.flatnonzero(own[part.rows]), worth, given)
    ]
    table = pd.DataFrame(found, columns=["number", *MEASURES]).set_index("number")
    table = donations.set_index("number").join(table, how="inner").rename(columns=_NAMES)
    table = _put_together(table.sort_index())
    return ranked(table, by_cost=worth.by_cost)


def ranked(table: pd.DataFrame, *, by_cost: bool) -> pd.DataFrame:
    """Return wishes with the most worth asking for first: the most urgent, or what saves most."""
    by = ["cost_per_unit", "less"] if by_cost else ["priority", "less", "cost_per_unit"]
    order = table.assign(less=-table["units"]).sort_values(by, kind="stable").index
    return table.loc[order, list(WISHES)].reset_index(drop=True)


_NAMES = {"community": "place", "available_from": "first_day", "available_until": "last_day"}


def _donations(plan: Plan, most: int) -> pd.DataFrame:
    """Return a thinkable donation for each item, place and span of days, as in the table ``donations``."""
    short = plan.needs[(plan.needs["unmet"] > 0) & (plan.needs["reason"] != "excluded")]
    lacking = short.groupby(["item", "community"])
    where = lacking.agg(tier=("priority", "min"), unmet=("unmet", "sum")).reset_index()
    where = where.sort_values(["item", "tier", "unmet"], ascending=[True, True, False], kind="stable")
    where = where.groupby("item").head(most)[["item", "community"]]
    items = plan.case.table("items")
    funds = sorted(items.loc[items["kind"] == "funds", "item"]) if len(short) else []
    where = pd.concat([where, pd.DataFrame({"item": funds, "community": ""}, dtype=object)])
    variant = Variant(plan)
    spans = pd.DataFrame(list(_spans(variant)), columns=["available_from", "available_until"])
    donations = where.merge(spans.astype("datetime64[s]"), how="cross")
    step = {item: variant.step(item) for item in donations["item"].unique()}
    return donations.assign(
        donation_id=[f"{WHAT_IF} {k}" for k in range(len(donations))],
        origin=donations["community"],
        quantity=donations["item"].map(step),
        number=np.arange(len(donations)),
    )


def _spans(variant: Variant) -> Iterator[tuple[object, object]]:
    """Yield the spans of days that donations are told apart by."""
    if not variant.dated:
        yield pd.NaT, pd.NaT
        return
    days = (variant.end - variant.start).days + 1
    length = 7 if days <= 7 * MOST_WEEKS else 30
    for first in range(0, days, length):
        last = min(first + length, days) - 1
        yield variant.start + pd.Timedelta(days=first), variant.start + pd.Timedelta(days=last)


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


def _part(network: Network, part: Part, rows: Ints, worth: _Worth, given: int) -> Iterator[tuple[Any, ...]]:
    """Yield what the donations in `rows` of a part would bring, by the number of the donation."""
    asking = _Asking(network, part, worth)
    for level in np.unique(asking.level[asking.level < PLENTY]).tolist():
        # A donation serves the lowest level that it can go to: the others need no look.
        columns = np.flatnonzero(asking.level == level)
        served = np.zeros(len(rows), dtype=bool)
        piece = max(1, PAIRS // len(columns))
        for start in range(0, len(rows), piece):
            some = rows[start : start + piece]
            for k, told in _brought(part, asking, some, columns, by_cost=worth.by_cost):
                served[start + k] = True
                members, _ = network.donations.rows_of(part.rows[some[[k]]])
                for number in members[members >= given] - given:
                    yield (int(number), *told)
        rows = rows[~served]


def _brought(
    part: Part, asking: _Asking, rows: Ints, columns: Ints, *, by_cost: bool
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield what the donations in `rows` bring to needs of one level, by their place in `rows`."""
    cost = part.costs(rows[:, None], columns)
    admitted = cost < FORBIDDEN
    saved = np.where(admitted, asking.price[columns] - cost / MONEY_SCALE, -np.inf)
    first = saved.argmax(axis=1)
    straight = admitted & (asking.unmet[columns] > 0)
    if by_cost:
        straight &= saved > ROUNDING
    worth_it = admitted.any(axis=1) & (saved.max(axis=1) > ROUNDING if by_cost else True)
    for k in np.flatnonzero(worth_it).tolist():
        best, mine = columns[first[k]], np.flatnonzero(straight[k])
        ratio = part.ratio(rows[[k]], columns[mine])
        yield (
            k,
            (
                int(part.priority[best]) if by_cost else int(asking.level[best]),
                float(part.ratio(rows[[k]], best[None])[0]),
                round(-float(saved[k, first[k]]), 4),
                round(float((asking.unmet[columns[mine]] / ratio).sum()), 6),
                int(asking.lacking[columns[mine]].sum()),
                asking.named(columns[mine], cost[k, mine]),
                PRICES if asking.proven[best] else ESTIMATE,
            ),
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
