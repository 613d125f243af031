"""Kinds of change that might serve a need, each in sizes from the smallest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.whatif.variant import Variant

BOUNDARIES = ("community", "district", "organization", "agreements", "open")
GIFT = "what-if"
LIMITS = (
    ("storage", "hubs", "storage_capacity", ("hub",)),
    ("throughput", "hubs", "throughput_capacity", ("hub",)),
    ("lane", "lanes", "capacity_kg", ("from_place", "to_place")),
    ("agreement", "agreements", "max_quantity_kg", ("from_organization", "to_organization")),
)
"""What has a limit in kg: kind of change, table, column, and the columns that name it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to change a case for a need.

    Attributes
    ----------
    name
        ``later``, ``earlier``, ``quality``, ``shelf``, ``more``, ``priority``, ``boundary``, ``earmark``,
        ``excluded``, ``single``, ``budget``, ``storage``, ``throughput``, ``lane``, ``agreement``, ``worth``.
    subject
        What it is about where there are several: a hub, a lane, an agreement, a donation.
    sizes
        What it may be, the smallest change first; None where it is a number of steps 1, 2, 3 ….
    step
        What one such step is.
    apply
        Returns the case after a change of a size.
    """

    name: str
    apply: Callable[[Any], Case]
    sizes: Sequence[Any] | None = None
    step: float = 1.0
    subject: str = ""


def kinds_for(plan: Plan, need: str, reason: str, refused: pd.DataFrame) -> Iterator[Kind]:
    """Yield the kinds of change that the reason makes likely, the most likely first.

    Parameters
    ----------
    plan
        The plan that does not serve the need in full.
    need, reason
        Its id, and the code why.
    refused
        The candidates that are turned away, as `Candidates.table` has them.
    """
    change = _Change(plan, need)
    by_reason: dict[str, tuple[Callable[[], Iterator[Kind]], ...]] = {
        "no_such_item": (change.more,),
        "quality": (change.quality, change.more),
        "earmark": (lambda: change.earmarks(refused), change.more),
        "boundary": (change.boundary, change.more),
        "unreachable": (change.more,),
        "timing": (change.later, change.earlier, change.shelf, change.more),
        "excluded": (change.excluded,),
        "outranked": (change.more, change.later, change.earlier, change.quality, change.priority),
        "capacity": (change.room, change.later, change.more),
        "budget": (change.budget,),
        "integrality": (change.more, change.single),
        "not_worth_it": (change.worth,),
    }
    for kinds in by_reason.get(reason, (change.more,)):
        yield from kinds()


class _Change:
    """Changes of one need of one plan's case."""

    def __init__(self, plan: Plan, need: str) -> None:
        self.variant = Variant(plan)
        self.case = plan.case
        self.row = self.case.needs.index[self.case.needs["need_id"] == need][0]
        self.asks = self.case.needs.loc[self.row]

    def _with(self, column: str, value: Any) -> Case:
        needs = self.case.needs.copy()
        needs.loc[self.row, column] = value
        return self.variant.replace(needs=needs)

    def later(self) -> Iterator[Kind]:
        until = self.asks["needed_by"]
        if self.variant.dated and not pd.isna(until) and until < self.variant.end:
            most = (self.variant.end - until).days
            yield Kind(
                "later", lambda k: self._with("needed_by", until + pd.Timedelta(days=k)), range(1, most + 1)
            )

    def earlier(self) -> Iterator[Kind]:
        since = self.asks["needed_from"]
        if self.variant.dated and not pd.isna(since) and since > self.variant.start:
            most = (since - self.variant.start).days
            yield Kind(
                "earlier",
                lambda k: self._with("needed_from", since - pd.Timedelta(days=k)),
                range(1, most + 1),
            )

    def quality(self) -> Iterator[Kind]:
        least = int(self.asks["min_quality"])
        if least > 1:
            yield Kind("quality", lambda q: self._with("min_quality", q), range(least - 1, 0, -1))

    def shelf(self) -> Iterator[Kind]:
        days = int(self.asks["min_remaining_days"])
        if days > 0:
            yield Kind("shelf", lambda k: self._with("min_remaining_days", k), range(days - 1, -1, -1))

    def priority(self) -> Iterator[Kind]:
        tier = int(self.asks["priority"])
        if tier > 1 and self.case.settings.policy.objective == "coverage-first":
            yield Kind("priority", lambda p: self._with("priority", p), range(tier - 1, 0, -1))

    def single(self) -> Iterator[Kind]:
        if self.asks["single_source"]:
            yield Kind("single", lambda _: self._with("single_source", False), (True,))

    def more(self) -> Iterator[Kind]:
        """Yield more of the item, lying in the need's own community on all days, of the best quality."""
        step = self.variant.step(self.asks["item"])

        def given(steps: int) -> Case:
            gift = {
                "donation_id": GIFT, "item": self.asks["item"], "quantity": round(steps * step, 6),
                "origin": self.asks["community"], "community": self.asks["community"],
            }  # fmt: skip
            return self.variant.with_gifts(pd.DataFrame([gift]))

        yield Kind("more", given, step=step)

    def worth(self) -> Iterator[Kind]:
        """Yield a higher cost of each unit unmet, in whole currency."""
        now = self.asks["unmet_cost"]
        rates = self.case.settings.rates
        base = rates.unmet_cost if pd.isna(now) else float(now)
        yield Kind("worth", lambda k: self._with("unmet_cost", base + k))

    def boundary(self) -> Iterator[Kind]:
        now = self.case.settings.policy.boundary
        wider = BOUNDARIES[BOUNDARIES.index(now) + 1 :]
        yield Kind(
            "boundary", lambda rule: self.variant.replace(settings={"policy": {"boundary": rule}}), wider
        )

    def earmarks(self, refused: pd.DataFrame, most: int = 5) -> Iterator[Kind]:
        """Yield the earmarks that keep donations from the need, each lifted by itself."""
        for donation in refused.loc[refused["refused"] == "earmark", "donation_id"].head(most):

            def lifted(_: object, donation: str = donation) -> Case:
                gifts = self.case.donations.copy()
                gifts.loc[gifts["donation_id"] == donation, ["only_communities", "only_groups"]] = ""
                return self.variant.replace(donations=gifts)

            yield Kind("earmark", lifted, (True,), subject=str(donation))

    def excluded(self) -> Iterator[Kind]:
        table = self.case.table("exclusions")

        mine = np.ones(len(table), dtype=bool)
        for column in ("item", "group", "community"):
            mine &= ((table[column] == "") | (table[column] == self.asks[column])).to_numpy()
        rest = table[~mine].reset_index(drop=True)
        yield Kind(
            "excluded", lambda _: self.variant.replace(exclusions=rest if len(rest) else None), (True,)
        )

    def budget(self) -> Iterator[Kind]:
        now = self.case.settings.policy.budget
        yield Kind("budget", lambda k: self.variant.replace(settings={"policy": {"budget": now + k}}))

    def room(self) -> Iterator[Kind]:
        """Yield more room in each hub, on each lane and under each agreement that has a limit."""
        for kind, name, column, keys in LIMITS:
            table = self.case.table(name)
            for row in np.flatnonzero(table[column].notna()).tolist():

                def roomier(
                    kg: int,
                    row: int = row,
                    column: str = column,
                    name: str = name,
                    table: pd.DataFrame = table,
                ) -> Case:
                    more = table[column] + np.where(np.arange(len(table)) == row, kg, 0)
                    changed: dict[str, Any] = {name: table.assign(**{column: more})}
                    return self.variant.replace(**changed)

                subject = " → ".join(str(table[key][row]) for key in keys)
                yield Kind(kind, roomier, subject=subject)
