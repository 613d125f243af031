"""Kinds of change that might serve a need, and the smallest of a kind, confirmed by planning anew.

*Served* is what `matchopt.plan` does with the changed case: the same case always gives the same plan. Of
kinds with a list of sizes every smaller size is tried and found too small. Of quantities, sizes are doubled
until one is enough, unless even plenty is not, and then bisected: the size one step below is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import ceil, log2
from typing import Any

import numpy as np
import pandas as pd

from matchopt.contract.case import Case
from matchopt.contract.plan import Plan
from matchopt.engine import plan as plan_of
from matchopt.errors import CaseError
from matchopt.whatif.variant import WHAT_IF, Variant

BOUNDARIES = ("community", "district", "organization", "agreements", "open")
LIMITS = (
    ("storage", "hubs", "storage_capacity", ("hub",)),
    ("throughput", "hubs", "throughput_capacity", ("hub",)),
    ("lane", "lanes", "capacity_kg", ("from_place", "to_place")),
    ("agreement", "agreements", "max_quantity_kg", ("from_organization", "to_organization")),
)
"""What has a limit in kg: kind of change, table, column, and the columns that name it."""

PLENTY = 2**10
"""So many times what is missing, at least, is tried before it is said that more does not help."""

Tell = Callable[[int, int], None]
"""Is told how many plans were made, and how many there will be at most."""


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """One way to change a case for a need.

    Attributes
    ----------
    name
        ``later``, ``earlier``, ``quality``, ``shelf``, ``more``, ``priority``, ``boundary``, ``earmark``,
        ``excluded``, ``single``, ``lot``, ``budget``, ``storage``, ``throughput``, ``lane``, ``agreement``,
        ``worth``.
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


def kinds_for(plan: Plan | Variant, need: str, reason: str, refused: pd.DataFrame) -> Iterator[ChangeKind]:
    """Yield the kinds of change that the reason makes likely, the most likely first.

    Parameters
    ----------
    plan
        The plan that does not serve the need in full, or a changed case of it.
    need, reason
        Its id, and the codes why, joined by ``;``.
    refused
        The candidates that are turned away, as `matchopt.whatif.explain.Candidates.table` has them.
    """
    change = _Changes(Variant(plan) if isinstance(plan, Plan) else plan, need)
    by_reason: dict[str, tuple[Callable[[], Iterator[ChangeKind]], ...]] = {
        "no_such_item": (change.more,),
        "quality": (change.quality, change.more),
        "earmark": (lambda: change.earmarks(refused), change.more),
        "boundary": (change.boundary, change.more),
        "unreachable": (change.more,),
        "timing": (change.later, change.earlier, change.shelf, change.more),
        "excluded": (change.excluded,),
        "outranked": (change.more, change.later, change.earlier, change.quality, change.priority),
        "capacity": (change.capacity, change.later, change.more),
        "budget": (change.budget,),
        "integrality": (change.more, lambda: change.lots(refused), change.single),
        "shortage": (change.more, change.later, change.earlier, change.quality),
        "not_worth_it": (change.worth,),
    }
    seen = set()
    for code in filter(None, reason.split(";")):
        for kinds in by_reason.get(code, (change.more,)):
            for kind in kinds():
                if (kind.name, kind.subject) not in seen:
                    seen.add((kind.name, kind.subject))
                    yield kind


class _Changes:
    """Changes of one need of one plan's case."""

    def __init__(self, variant: Variant, need: str) -> None:
        self.variant, self.case = variant, variant.case
        self.row = self.case.needs.index[self.case.needs["need_id"] == need][0]
        self.asks = self.case.needs.loc[self.row]

    def _with(self, column: str, value: Any) -> Case:
        needs = self.case.needs.copy()
        needs.loc[self.row, column] = value
        return self.variant.replace(needs=needs)

    def later(self) -> Iterator[ChangeKind]:
        yield from self._days("later", "needed_by", self.variant.end, 1)

    def earlier(self) -> Iterator[ChangeKind]:
        yield from self._days("earlier", "needed_from", self.variant.start, -1)

    def _days(self, name: str, column: str, limit: Any, sign: int) -> Iterator[ChangeKind]:
        """Yield a day of the need moved towards the limit of the horizon, day by day."""
        day = self.asks[column]
        if self.variant.dated and not pd.isna(day) and sign * (limit - day).days > 0:
            most = sign * (limit - day).days
            yield ChangeKind(
                name, lambda k: self._with(column, day + sign * pd.Timedelta(days=k)), range(1, most + 1)
            )

    def quality(self) -> Iterator[ChangeKind]:
        yield from self._lower("quality", "min_quality", 1)

    def shelf(self) -> Iterator[ChangeKind]:
        yield from self._lower("shelf", "min_remaining_days", 0)

    def priority(self) -> Iterator[ChangeKind]:
        if self.case.settings.policy.objective == "coverage-first":
            yield from self._lower("priority", "priority", 1)

    def _lower(self, name: str, column: str, least: int) -> Iterator[ChangeKind]:
        """Yield a whole number of the need lowered one by one to the least that it may be."""
        now = int(self.asks[column])
        if now > least:
            yield ChangeKind(name, partial(self._with, column), range(now - 1, least - 1, -1))

    def single(self) -> Iterator[ChangeKind]:
        if self.asks["single_source"]:
            yield ChangeKind("single", lambda _: self._with("single_source", False), (True,))

    def more(self) -> Iterator[ChangeKind]:
        """Yield more of the item, lying in the need's own community on all days, of the best quality."""
        item, community = self.asks["item"], self.asks["community"]
        step = self.variant.step(item)

        def donated(steps: int) -> Case:
            row = {"donation_id": WHAT_IF, "item": item, "quantity": round(steps * step, 6)}
            row |= {"origin": community, "community": community}
            return self.variant.with_donations(pd.DataFrame([row]))

        yield ChangeKind("more", donated, step=step)

    def worth(self) -> Iterator[ChangeKind]:
        """Yield a higher cost of each unit unmet, in whole currency."""
        now = self.asks["unmet_cost"]
        base = self.case.settings.rates.unmet_cost if pd.isna(now) else float(now)
        yield ChangeKind("worth", lambda k: self._with("unmet_cost", base + k))

    def boundary(self) -> Iterator[ChangeKind]:
        wider = BOUNDARIES[BOUNDARIES.index(self.case.settings.policy.boundary) + 1 :]
        yield ChangeKind("boundary", partial(self._with_policy, "boundary"), wider)

    def budget(self) -> Iterator[ChangeKind]:
        now = self.case.settings.policy.budget
        yield ChangeKind("budget", lambda k: self._with_policy("budget", now + k))

    def _with_policy(self, name: str, value: Any) -> Case:
        return self.variant.replace(settings={"policy": {name: value}})

    def earmarks(self, refused: pd.DataFrame, most: int = 5) -> Iterator[ChangeKind]:
        """Yield the earmarks that keep donations from the need, each lifted by itself."""

        def lifted(donation: str, _: object) -> Case:
            donations = self.case.donations.copy()
            donations.loc[donations["donation_id"] == donation, ["only_communities", "only_groups"]] = ""
            return self.variant.replace(donations=donations)

        kept = refused["refused"].str.split(";").map(lambda codes: "earmark" in codes).astype(bool)
        for donation in refused.loc[kept, "donation_id"].head(most):
            yield ChangeKind("earmark", partial(lifted, donation), (True,), subject=str(donation))

    def lots(self, candidates: pd.DataFrame, most: int = 5) -> Iterator[ChangeKind]:
        """Yield smaller lots of donations that may serve the need: parts of theirs, the largest first."""

        def packed(donation: str, lot: float) -> Case:
            donations = self.case.donations.copy()
            donations.loc[donations["donation_id"] == donation, "lot_size"] = lot
            return self.variant.replace(donations=donations)

        may = candidates.loc[candidates["refused"].isin(["", "unreliable"]), "donation_id"]
        rows = self.case.donations[self.case.donations["donation_id"].isin(may)]
        rows = rows[rows["lot_size"].notna()].head(most)
        told = zip(rows["donation_id"].astype(str), rows["item"], rows["lot_size"].astype(float), strict=True)
        for donation, item, lot in told:
            step = self.variant.step(item)
            steps = round(lot / step)
            sizes = [round(k * step, 6) for k in range(steps // 2, 0, -1) if steps % k == 0]
            if sizes:
                yield ChangeKind("lot", partial(packed, donation), sizes, subject=donation)

    def excluded(self) -> Iterator[ChangeKind]:
        table = self.case.table("exclusions")
        mine = np.ones(len(table), dtype=bool)
        for column in ("item", "group", "community"):
            mine &= ((table[column] == "") | (table[column] == self.asks[column])).to_numpy()
        rest = table[~mine].reset_index(drop=True)
        exclusions = rest if len(rest) else None
        yield ChangeKind("excluded", lambda _: self.variant.replace(exclusions=exclusions), (True,))

    def capacity(self) -> Iterator[ChangeKind]:
        """Yield more capacity of each hub, lane and agreement that has a limit."""

        def roomier(name: str, column: str, row: int, kg: int) -> Case:
            table = self.case.table(name)
            more = table[column] + np.where(np.arange(len(table)) == row, kg, 0)
            changed: dict[str, Any] = {name: table.assign(**{column: more})}
            return self.variant.replace(**changed)

        for kind, name, column, keys in LIMITS:
            table = self.case.table(name)
            for row in np.flatnonzero(table[column].notna()).tolist():
                subject = " → ".join(str(table[key][row]) for key in keys)
                yield ChangeKind(kind, partial(roomier, name, column, row), subject=subject)


@dataclass(frozen=True, slots=True)
class Change:
    """A change that serves a need in full.

    Attributes
    ----------
    kind, subject
        As in `ChangeKind`.
    size
        The smallest size that does it; for quantities in units, kg or currency.
    also
        What has to be changed together with it.
    """

    kind: str
    size: Any
    subject: str = ""
    also: Change | None = None


class Confirmer:
    """Plans changed cases anew, and counts how often."""

    def __init__(self, need: str, tell: Tell) -> None:
        self._need, self._tell = need, tell
        self.plans = self._most = 0

    def expect(self, most: int) -> None:
        """Say how many plans are to come at most."""
        self._most = self.plans + most

    def serves(self, kind: ChangeKind, size: Any) -> bool:
        """Plan the case after a change; return whether the need is served in full."""
        self._tell(self.plans, self._most)
        self.plans += 1
        try:
            needs = plan_of(kind.apply(size)).needs
        except CaseError:
            # There are no districts to widen the boundary to, say: it is no change to propose.
            return False
        return bool((needs.loc[needs["need_id"] == self._need, "unmet"] <= 0).all())


def most_plans(kind: ChangeKind, missing: float) -> int:
    """Return how many plans `smallest` makes at most."""
    if kind.sizes is not None:
        return len(kind.sizes)
    # What is missing, plenty of it, each doubling between the two, and halving between the last two sizes.
    between = ceil(log2(PLENTY))
    return 2 + between + ceil(log2(_first(kind, missing))) + between


def smallest(kind: ChangeKind, missing: float, confirm: Confirmer) -> Change | None:
    """Return the smallest change of a kind that serves the need in full, None if none does.

    `missing` is what is unmet: quantities are tried from there on.
    """
    if kind.sizes is None:
        return _quantity(kind, missing, confirm)
    size = next((size for size in kind.sizes if confirm.serves(kind, size)), None)
    return None if size is None else Change(kind.name, size, kind.subject)


MOST_PAIRS = 6
"""Pairs of changes that are tried where none alone helps."""


def pairs_of(kinds: Sequence[ChangeKind]) -> list[tuple[ChangeKind, ChangeKind]]:
    """Return pairs of kinds of change that have a list of sizes, and are not of one name."""
    sized = [kind for kind in kinds if kind.sizes]
    pairs = [(one, other) for one, other in combinations(sized, 2) if one.name != other.name]
    return pairs[:MOST_PAIRS]


def two(
    plan: Plan,
    need: str,
    reason: str,
    refused: pd.DataFrame,
    pair: tuple[ChangeKind, ChangeKind],
    confirm: Confirmer,
) -> Change | None:
    """Return two changes that serve the need in full together, None if they do not however large.

    The first is as small as the other at its largest allows, then the other as small as that one allows.
    """
    first, second = pair

    def after(done: ChangeKind, size: Any, then: ChangeKind) -> ChangeKind:
        changed = Variant(plan).of(done.apply(size))
        found = kinds_for(changed, need, reason, refused)
        return next(k for k in found if (k.name, k.subject) == (then.name, then.subject))

    assert first.sizes is not None
    assert second.sizes is not None
    one = after(second, second.sizes[-1], first)
    if not confirm.serves(one, first.sizes[-1]):
        return None
    size = next((s for s in first.sizes[:-1] if confirm.serves(one, s)), first.sizes[-1])
    other = after(first, size, second)
    least = next((s for s in second.sizes[:-1] if confirm.serves(other, s)), second.sizes[-1])
    return Change(first.name, size, first.subject, Change(second.name, least, second.subject))


def _quantity(kind: ChangeKind, missing: float, confirm: Confirmer) -> Change | None:
    low, high = 0, _first(kind, missing)
    if not confirm.serves(kind, high):
        most = PLENTY * high
        if not confirm.serves(kind, most):
            return None
        low, high = high, 2 * high
        while high < most and not confirm.serves(kind, high):
            low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if confirm.serves(kind, middle):
            high = middle
        else:
            low = middle
    return Change(kind.name, round(high * kind.step, 6), kind.subject)


def _first(kind: ChangeKind, missing: float) -> int:
    """Return the number of steps that is tried first."""
    return max(1, round(missing / kind.step))
