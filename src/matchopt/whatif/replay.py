"""Replays: needs and donations arrive day by day, and every so many days what is known is matched.

The framework of M. Samorani, R. Bala, R. Jacob and S. He, "Matching PPE" (2021): requests become known over
time, every few days a policy matches those that are open, what is matched is gone, the rest waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from matchopt.arrays import Floats
from matchopt.contract.case import Case
from matchopt.contract.frames import DAYS, ROUTE
from matchopt.contract.plan import Plan
from matchopt.engine import plan as plan_of
from matchopt.errors import ArgumentError
from matchopt.model.money import MONEY_SCALE
from matchopt.model.network import encode
from matchopt.model.places import kilometres
from matchopt.tolerances import ROUNDING
from matchopt.whatif.heuristics import HEURISTICS, match
from matchopt.whatif.variant import horizon_kept, served_by, with_lines_that_stay, without_commitments

OPTIMAL = "optimal"
POLICIES = (OPTIMAL, *HEURISTICS)

AT, AFTER = "at", "after"
"""Whether the first matching is on the first day, or after one interval."""

LINE = list(ROUTE)

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class PolicyMeasures:
    """What a policy came to (Samorani and others, 2021), and beside it what hindsight would have served.

    Attributes
    ----------
    served
        Units served.
    holding_days
        Days from when a donation became known to when it was matched, mean over units.
    shipments
        Different communities and days that a donor who gave something sent to, mean over donors.
    unit_distance
        Kilometres that a unit travels, mean over units; NaN where no distance is known.
    fill_rate
        Share served of what a community asks of an item, mean over communities, then over items.
    fill_rate_without_zeros
        The same over those that got something.
    cost
        Logistics cost.
    share
        How much of what the best plan serves that knows all arrivals from the start, tier by tier: more of
        one does not make up for less of another.
    tiers
        Priority → units served.
    shares
        Priority → the same share of this tier alone; NaN where that plan serves none of it.
    proven
        Matchings that are proven best, of all that should be: none of a policy that seeks no best.
    """

    served: float
    holding_days: float
    shipments: float
    unit_distance: float
    fill_rate: float
    fill_rate_without_zeros: float
    cost: float
    share: float
    tiers: dict[int, float]
    shares: dict[int, float]
    proven: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Replay:
    """What one policy did.

    Attributes
    ----------
    policy
        Its name.
    lines
        donation_id, need_id, quantity (donated), served, hub, pickup_day, arrival_day, delivery_day,
        matched_on (NaT where no day is known).
    rounds
        matched_on, open (units asked for and known), there (units known and not given), served.
    measures
        What it came to.
    """

    policy: str
    lines: pd.DataFrame
    rounds: pd.DataFrame
    measures: PolicyMeasures


@dataclass(frozen=True, slots=True)
class Simulation:
    """Replays of one case under several policies.

    Attributes
    ----------
    case
        The case with all arrivals.
    every, first
        As for `simulate`.
    hindsight
        The best plan with everything known from the start.
    replays
        In the order asked.
    """

    case: Case
    every: int
    first: str
    hindsight: Plan
    replays: tuple[Replay, ...]


def simulate(
    case: Case,
    *,
    every: int = 7,
    first: str = AT,
    policies: Sequence[str] = POLICIES,
    time_limit: float | None = None,
    tell: Tell = lambda stage, done, total: None,
) -> Simulation:
    """Replay the arrivals of a case under matching policies.

    Parameters
    ----------
    case
        Needs and donations become known on their ``created_on``; those without one are known from the
        start. The table ``commitments`` is left aside.
    every
        Days between two matchings.
    first
        `AT` matches on the first day already; `AFTER` waits one interval, in which requests come together.
    policies
        Names out of `POLICIES`.
    time_limit
        Seconds for each plan of ``optimal``; hindsight may take as long as all of them together.
    tell
        Called as ``tell(stage, done, total)`` on the way.

    Raises
    ------
    ArgumentError
        If `every` is less than 1, or `first` or a policy is not known.
    """
    if every < 1:
        raise ArgumentError("days between two matchings: at least 1")
    if first not in (AT, AFTER):
        raise ArgumentError(f"the first matching is {AT!r} or {AFTER!r}, not {first!r}")
    unknown = [name for name in policies if name not in POLICIES]
    if unknown:
        raise ArgumentError(f"policy {unknown[0]!r} is not known; choose of {', '.join(POLICIES)}")
    bare = replace(case, tables=without_commitments(case.tables), settings=horizon_kept(case))
    days = _matching_days(bare, every, first)
    total = len(days) * len(policies) + 1
    tell("simulate", 0, total)
    hindsight = plan_of(bare, time_limit=None if time_limit is None else time_limit * len(days))
    replays = []
    for number, policy in enumerate(policies):
        before = 1 + number * len(days)

        def told(done: int, before: int = before) -> None:
            tell("simulate", before + done, total)

        lines, rounds, proven = _replayed(bare, days, policy, time_limit, told)
        asked = len(days) if policy == OPTIMAL else 0
        measures = _measured(bare, lines, hindsight, (proven, asked))
        replays.append(Replay(policy, lines, rounds, measures))
    return Simulation(case, every, first, hindsight, tuple(replays))


def _matching_days(case: Case, every: int, begin: str) -> list[pd.Timestamp]:
    """Return the days of matchings: from the first arrival to the last, and to the end of the horizon.

    The first is on the first day, or one interval later.
    """
    created = pd.concat([case.needs["created_on"], case.donations["created_on"]]).dropna()
    horizon = case.settings.horizon
    ends = [*created, *(pd.Timestamp(day) for day in (horizon.start, horizon.end) if day is not None)]
    if not ends:
        return [pd.NaT]  # type: ignore[list-item]
    first, last = min(ends), max(ends)
    count = -(-(last - first).days // every) + 1
    rounds = range(count) if begin == AT else range(1, max(count, 2))
    return [first + pd.Timedelta(days=every * k) for k in rounds]


def _replayed(
    case: Case,
    days: Sequence[pd.Timestamp],
    policy: str,
    time_limit: float | None,
    tell: Callable[[int], None],
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return the lines and rounds of a policy, and how many of its plans are proven best."""
    lines = _no_lines()
    rounds, proven = [], 0
    for number, day in enumerate(days):
        tell(number)
        known = _known(case, day, lines)
        if known is None:
            rounds.append((day, 0.0, 0.0, 0.0))
            proven += policy == OPTIMAL  # nothing is the best of nothing
            continue
        if policy == OPTIMAL:
            made = plan_of(known, time_limit=time_limit)
            proven += made.status == "optimal"
            new = _new_lines(made, lines)
        else:
            new = match(known, HEURISTICS[policy])
        new = new.assign(matched_on=day, served=served_by(case, new))
        asked, offered = known.needs["quantity"].sum(), known.donations["quantity"].sum()
        there = offered - lines["quantity"].sum(), asked - lines["served"].sum()
        rounds.append((day, round(float(there[1]), 6), round(float(there[0]), 6), float(new["served"].sum())))
        lines = pd.concat([lines, new[lines.columns]], ignore_index=True) if len(new) else lines
    table = pd.DataFrame(rounds, columns=["matched_on", "open", "there", "served"])
    return lines, table, proven


def _no_lines() -> pd.DataFrame:
    kinds = dict.fromkeys(LINE[:3], "object") | dict.fromkeys(("quantity", "served"), "float64")
    kinds |= dict.fromkeys((*DAYS, "matched_on"), "datetime64[s]")
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})


def _known(case: Case, day: pd.Timestamp, lines: pd.DataFrame) -> Case | None:
    """Return what is known on a day, with what was given before as it was given; None if that is nothing.

    From now on nothing is picked up before that day; what cannot be picked up any more is not there.
    """
    needs, donations = (
        table[table["created_on"].isna() | (pd.isna(day) or table["created_on"] <= day)]
        for table in (case.needs, case.donations)
    )
    needs, donations = needs.reset_index(drop=True), donations.reset_index(drop=True)
    horizon = case.settings.horizon
    if horizon.end is not None and not pd.isna(day):
        sums = lines.groupby("donation_id")["quantity"].sum()
        given = sums.reindex(donations["donation_id"]).fillna(0.0).to_numpy()
        gone = (donations["available_until"] < day).to_numpy() | (day > pd.Timestamp(horizon.end))
        keep = ~gone | (given > 0)
        donations, given, gone = donations[keep].reset_index(drop=True), given[keep], gone[keep]
        since = donations["available_from"]
        donations = donations.assign(
            expires_on=_expiry(case, donations),
            available_from=since.where(gone, since.where(since >= day, day)),
            quantity=np.where(gone, given, donations["quantity"]),
        )
    if not len(needs) or not len(donations):
        return None
    tables = {**case.tables, "needs": needs, "donations": donations}
    return Case.unchecked(with_lines_that_stay(tables, lines), case.settings)


def _expiry(case: Case, donations: pd.DataFrame) -> pd.Series:
    """Return the last day of use, which does not move when goods wait."""
    shelf = case.table("items").set_index("item")["shelf_life_days"]
    life = shelf.reindex(donations["item"]).to_numpy(dtype=np.float64)
    start, since, given = case.settings.horizon.start, donations["available_from"], donations["expires_on"]
    if start is not None:
        since = since.fillna(pd.Timestamp(start))
    default = since + pd.to_timedelta(np.nan_to_num(life), unit="D")
    return given.where(given.notna() | np.isnan(life), default.astype("datetime64[s]"))


def _new_lines(made: Plan, before: pd.DataFrame) -> pd.DataFrame:
    """Return what a plan gives above what was given before."""
    lines = made.allocations[[*LINE, "donated_quantity"]].rename(columns={"donated_quantity": "quantity"})
    old = before.groupby(LINE, dropna=False)["quantity"].sum().rename("old").reset_index()
    both = lines.merge(old, on=LINE, how="left")
    new = both["quantity"].astype(np.float64) - both["old"].fillna(0.0)
    return both.assign(quantity=new.round(9))[new > ROUNDING].drop(columns="old").reset_index(drop=True)


def _measured(case: Case, lines: pd.DataFrame, hindsight: Plan, proven: tuple[int, int]) -> PolicyMeasures:
    needs = case.needs.set_index("need_id")
    donation = case.donations.set_index("donation_id").reindex(lines["donation_id"])
    served = lines["served"].to_numpy(dtype=np.float64)
    total = float(served.sum())
    held = (lines["matched_on"].to_numpy() - donation["created_on"].to_numpy()) / np.timedelta64(1, "D")
    dated = ~np.isnan(held)
    ships = pd.DataFrame(
        {
            "donor": donation["donor"].to_numpy(),
            "community": needs["community"].reindex(lines["need_id"]).to_numpy(),
            "day": lines["matched_on"].to_numpy(),
        }
    )
    got = lines.groupby("need_id")["served"].sum().reindex(needs.index).fillna(0.0)
    cells = needs.assign(served=got).groupby(["item", "community"])[["quantity", "served"]].sum()
    rate = (cells["served"] / cells["quantity"]).clip(upper=1.0)
    by_item, some = rate.groupby("item").mean(), rate[rate > 0].groupby("item").mean()
    km = kilometres(case, lines) if len(lines) else np.zeros(0)
    priced = needs["priority"].to_frame().assign(served=got).groupby("priority")["served"].sum()
    tiers = dict(zip(priced.index.astype(int).tolist(), priced.round(6).tolist(), strict=True))
    best = hindsight.served_by_tier
    reached = {tier: min(tiers.get(tier, 0.0), most) for tier, most in best.items()}
    return PolicyMeasures(
        served=round(total, 6),
        holding_days=_mean(held[dated], served[dated]),
        shipments=len(ships.drop_duplicates()) / max(ships["donor"].nunique(), 1),
        unit_distance=_mean(km, served),
        fill_rate=float(by_item.mean()),
        fill_rate_without_zeros=float(some.mean()) if len(some) else 0.0,
        cost=_logistics(case, lines),
        share=_share(sum(reached.values()), sum(best.values())),
        tiers=tiers,
        shares={tier: reached[tier] / most if most else float("nan") for tier, most in best.items()},
        proven=proven,
    )


def _share(part: float, whole: float) -> float:
    return min(part / whole, 1.0) if whole else 1.0


def _mean(values: Floats, weight: Floats) -> float:
    return float(values @ weight / weight.sum()) if weight.sum() else float("nan")


def _logistics(case: Case, lines: pd.DataFrame) -> float:
    """Return what lines cost, in currency: as lines that stay, whatever they are, of one plan."""
    if not len(lines):
        return 0.0
    network = encode(Case.unchecked(with_lines_that_stay(case.tables, lines), case.settings))
    pinned = network.pinned
    cost = (pinned.route.unit_cost.sum(axis=1) * (pinned.quantity / network.scale.unit)).sum()
    return round(float(cost) / MONEY_SCALE, 4)
