"""Plan against fact: what was reached, what came late, what was not delivered, why, and who is responsible.

Only what the donor is responsible for counts against its reliability, and only what residents refused against
their acceptance; what nobody is responsible for yet counts in no rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from matchopt.contract.plan import Plan
from matchopt.language import tr
from matchopt.result.plan_tables import tables_of
from matchopt.tolerances import EQUAL
from matchopt.whatif.causes import DONOR, NOBODY, RESIDENTS, responsible


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What became of a plan.

    Attributes
    ----------
    plan
        The plan.
    requests
        asked, planned, reached: how many needs there are, and how many of them are planned and were reached
        in full.
    kinds
        goods_kg, services, funds: planned, delivered; kinds that nothing is planned of are left out.
    reached
        Units of needs.
    on_time
        Share of what was reached that came on the planned day or before; NaN without days.
    delay
        Days that a unit came late in the mean, those on time counting 0; NaN without days.
    satisfaction
        Mean of what was given, by units; NaN if none was.
    lines
        allocation_id, donation_id, donor, need_id, community, item, priority, planned and delivered (donated
        units), planned_served and reached (units of the need), planned_day, day (the last), delay (days),
        satisfaction, cause (of what is missing or late; "" for neither), responsible (a party, see
        `matchopt.whatif.causes`).
    communities
        community, lines, asked, planned, reached, planned_share, reached_share, satisfaction, rated_lines
        (with a satisfaction); the worst first.
    tiers
        priority, lines, asked, planned, reached.
    donors
        donor, lines, promised, delivered, not_provided (donated units), reliability, known_lines (which it
        rests on), late (units that the donor brought late).
    acceptance
        item, community, group (keys of the case), rate (accepted ÷ accepted and refused), lines (which it
        rests on): the table acceptance of the next case.
    causes
        responsible, cause, lines, units (of needs that were planned and not reached), late (units that came
        late).
    unclear
        Causes of lines that are nobody's, because it cannot be told whose.
    deliveries
        What was told: allocation_id, quantity, day, satisfaction, cause; a row a delivery.
    """

    plan: Plan
    requests: Mapping[str, int]
    kinds: pd.DataFrame
    reached: float
    on_time: float
    delay: float
    satisfaction: float
    lines: pd.DataFrame
    communities: pd.DataFrame
    tiers: pd.DataFrame
    donors: pd.DataFrame
    acceptance: pd.DataFrame
    causes: pd.DataFrame
    unclear: tuple[str, ...]
    deliveries: pd.DataFrame

    @property
    def asked(self) -> float:
        """Units asked for."""
        return self.plan.asked

    @property
    def planned(self) -> float:
        """Units planned."""
        return self.plan.served

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Its tables by name."""
        names = ("lines", "communities", "tiers", "donors", "acceptance", "causes", "deliveries")
        return {name: getattr(self, name) for name in names}


def evaluate(plan: Plan, deliveries: pd.DataFrame) -> Evaluation:
    """Hold a plan against what was delivered.

    Parameters
    ----------
    plan
        The plan.
    deliveries
        at, quantity, day, satisfaction, cause, as `matchopt.runs.deliveries.read_deliveries` returns them.
        Lines of the plan that it does not name count as not delivered.
    """
    lines = _lines(plan, deliveries)
    came = lines[lines["reached"] > 0]
    late = np.where(came["delay"] > 0, came["reached"], 0.0)
    dated = bool(came["delay"].notna().any())
    units = float(came["reached"].sum())
    told = lines.iloc[deliveries.loc[deliveries["cause"] != "", "at"].unique()]
    named = deliveries.assign(allocation_id=lines["allocation_id"].to_numpy()[deliveries["at"].to_numpy()])
    return Evaluation(
        plan=plan,
        requests=_requests(plan, lines),
        kinds=_kinds(plan, lines),
        reached=round(units, 6),
        on_time=1 - float(late.sum()) / units if dated and units else float("nan"),
        delay=_mean(came["delay"].clip(lower=0), came["reached"]),
        satisfaction=_mean(came["satisfaction"], came["reached"]),
        lines=lines,
        communities=_communities(plan, lines),
        tiers=_asked_and_reached("priority", plan.needs, lines).reset_index(),
        donors=_donors(lines),
        acceptance=_acceptance(plan, lines),
        causes=_causes(lines),
        unclear=tuple(told.loc[told["responsible"] == NOBODY, "cause"].unique()),
        deliveries=named[["allocation_id", "quantity", "day", "satisfaction", "cause"]],
    )


def _requests(plan: Plan, lines: pd.DataFrame) -> dict[str, int]:
    """Return how many needs there are, and how many are planned and were reached in full."""
    planned = plan.needs.loc[plan.needs["unmet"] <= 0, "need_id"]
    short = lines.loc[lines["delivered"] < lines["planned"] - EQUAL, "need_id"]
    full = int((~planned.isin(short)).sum())
    return {"asked": len(plan.needs), "planned": len(planned), "reached": full}


def _kinds(plan: Plan, lines: pd.DataFrame) -> pd.DataFrame:
    """Return what was planned and delivered in kilograms, units of services and money."""
    given = plan.donations.set_index("donation_id")["item"].loc[lines["donation_id"]]
    items = plan.case.table("items").set_index("item").reindex(given)
    kind, weight = (
        items["kind"].fillna("goods").to_numpy(),
        items["weight_kg"].fillna(1.0).to_numpy(dtype=float),
    )
    weight = np.where(kind == "goods", weight, 1.0)
    told = {name: lines[name].to_numpy() * weight for name in ("planned", "delivered")}
    sums = pd.DataFrame(told).groupby(np.asarray(kind, dtype=object)).sum().round(6)
    order = {"goods": "goods_kg", "service": "services", "funds": "funds"}
    return sums.reindex([name for name in order if name in sums.index]).rename(index=order)


def _mean(values: pd.Series, weights: pd.Series) -> float:
    """Return the mean of what is given, NaN if nothing is."""
    given = values.notna()
    total = float(weights[given].sum())
    return round(float((values[given] * weights[given]).sum()) / total, 6) if total else float("nan")


def _lines(plan: Plan, deliveries: pd.DataFrame) -> pd.DataFrame:
    moves = tables_of(plan).lines
    count = len(moves)
    at = deliveries["at"].to_numpy(dtype=np.int64)
    quantity = deliveries["quantity"].to_numpy(dtype=np.float64)
    delivered = np.bincount(at, quantity, count)
    planned, served = (moves[name].to_numpy(dtype=np.float64) for name in ("donated", "served"))
    last = deliveries.groupby("at")["day"].max().reindex(range(count))
    rated = deliveries.assign(weight=quantity * deliveries["satisfaction"].notna())
    rated = rated.assign(points=rated["weight"] * rated["satisfaction"].fillna(0.0))
    sums = rated.groupby("at")[["points", "weight"]].sum().reindex(range(count))
    ids = {"donation": "donation_id", "donor": "donor", "need": "need_id", "community": "community"}
    lines = pd.DataFrame(
        {
            "allocation_id": plan.allocations["allocation_id"].to_numpy(dtype=object),
            **{name: moves[told].astype(str) for told, name in (ids | {"given": "item"}).items()},
            "priority": moves["priority"].to_numpy(),
            "planned": planned,
            "delivered": delivered,
            "planned_served": served,
            "reached": np.round(served * delivered / planned, 6),
            "planned_day": moves["delivery"].to_numpy(),
            "day": last.to_numpy(dtype="datetime64[s]"),
            "satisfaction": (sums["points"] / sums["weight"].where(sums["weight"] > 0)).to_numpy(),
        }
    )
    lines["delay"] = (lines["day"] - lines["planned_day"]).dt.days.astype(float).to_numpy()
    return lines.assign(**_answered_for(lines, deliveries))


def _answered_for(lines: pd.DataFrame, deliveries: pd.DataFrame) -> dict[str, Any]:
    """Return cause and responsible party of each line that is short or late; "" for all others.

    Causes of several parties do not say how much is whose: they are nobody's.
    """
    causes = deliveries.loc[deliveries["cause"] != "", ["at", "cause"]].drop_duplicates()
    whose = {cause: responsible(cause) for cause in causes["cause"].unique()}
    causes = causes.assign(party=causes["cause"].map(whose))
    told = causes.groupby("at")["cause"].agg("; ".join).reindex(lines.index)
    party = causes.drop_duplicates(["at", "party"]).set_index("at")["party"]
    one = party.where(~party.index.duplicated(keep=False), NOBODY)
    one = one[~one.index.duplicated()].reindex(lines.index)
    reported = np.isin(lines.index, deliveries["at"])
    not_due = (lines["planned_day"] > deliveries["day"].max()).to_numpy()
    untold = np.where(
        reported, tr("no cause given"), np.where(not_due, tr("not due yet"), tr("nothing reported"))
    )
    wrong = (lines["delivered"] < lines["planned"] - EQUAL) | (lines["delay"] > 0)
    return {
        "cause": np.where(wrong, np.where(told.isna(), untold, told), ""),
        "responsible": np.where(wrong, np.where(one.isna(), NOBODY, one), ""),
    }


def _asked_and_reached(by: str, asked: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Return asked, planned and reached by a column."""
    sums = lines.assign(lines=1.0).groupby(by)[["lines", "planned_served", "reached"]].sum()
    table = asked.groupby(by)[["asked"]].sum().join(sums).fillna(0.0)
    return table.rename(columns={"planned_served": "planned"})


def _communities(plan: Plan, lines: pd.DataFrame) -> pd.DataFrame:
    needs = tables_of(plan).needs
    asked = needs.assign(community=needs["community"].astype(str))
    table = _asked_and_reached("community", asked, lines)
    table["planned_share"] = table["planned"] / table["asked"]
    table["reached_share"] = table["reached"] / table["asked"]
    rated = {key: _mean(part["satisfaction"], part["reached"]) for key, part in lines.groupby("community")}
    table["satisfaction"] = table.index.map(rated).astype(float)
    table["rated_lines"] = (
        lines.groupby("community")["satisfaction"].count().reindex(table.index, fill_value=0)
    )
    return _worst_first(table, "reached_share", "asked")


def _worst_first(table: pd.DataFrame, share: str, size: str) -> pd.DataFrame:
    """Return the rows, the lowest share first, and of equal ones the largest."""
    by, ascending = [share, size], [True, False]
    return table.reset_index().sort_values(by, ascending=ascending, kind="stable", ignore_index=True)


def _missing(lines: pd.DataFrame, party: str) -> pd.Series:
    """Return the donated units of each line that a party did not deliver."""
    missing = (lines["planned"] - lines["delivered"]).clip(lower=0.0)
    return missing.where(lines["responsible"] == party, 0.0)


def _donors(lines: pd.DataFrame) -> pd.DataFrame:
    """Return what each donor promised and provided; what is not known of is in neither part of the rate."""
    own = _missing(lines, DONOR)
    known = lines["planned"] - _missing(lines, NOBODY)
    late = lines["delivered"].where((lines["delay"] > 0) & (lines["responsible"] == DONOR), 0.0)
    told = lines.assign(lines=1, not_provided=own, known=known, known_lines=known > EQUAL, late=late)
    sums = ["lines", "planned", "delivered", "not_provided", "known", "known_lines", "late"]
    table = told.groupby("donor")[sums].sum().rename(columns={"planned": "promised"})
    rate = 1 - table["not_provided"] / table["known"].where(table["known"] > EQUAL)
    table = table.assign(reliability=rate.round(6))
    columns = ["lines", "promised", "delivered", "not_provided", "reliability", "known_lines", "late"]
    return _worst_first(table[columns], "reliability", "promised")


def _acceptance(plan: Plan, lines: pd.DataFrame) -> pd.DataFrame:
    """Return how much of what came to residents they took, by what it was and who they are."""
    needs = plan.case.needs.set_index("need_id").loc[lines["need_id"]].reset_index()
    given = plan.case.donations.set_index("donation_id")["item"].loc[lines["donation_id"]].to_numpy()
    pairs = pd.MultiIndex.from_frame(lines[["donation_id", "need_id"]])
    bought = pairs.isin(pd.MultiIndex.from_frame(plan.purchases[["donation_id", "need_id"]]))
    # Purchases are told in units of what was bought.
    per_unit = np.where(bought, lines["planned_served"] / lines["planned"], 1.0)
    refused = _missing(lines, RESIDENTS) * per_unit
    accepted = lines["delivered"] * per_unit
    told = pd.DataFrame(
        {
            "item": np.where(bought, needs["item"], given),
            "community": needs["community"],
            "group": needs["group"],
            "accepted": accepted,
            "came": accepted + refused,
            "lines": 1,
        }
    )
    keys = ["item", "community", "group"]
    table = told[told["came"] > EQUAL].groupby(keys, observed=True)[["accepted", "came", "lines"]].sum()
    table = table.assign(rate=(table["accepted"] / table["came"]).round(6)).reset_index()
    return table[[*keys, "rate", "lines"]]


def _causes(lines: pd.DataFrame) -> pd.DataFrame:
    wrong = lines[lines["cause"] != ""]
    late = wrong["reached"].where(wrong["delay"] > 0, 0.0)
    wrong = wrong.assign(lines=1, units=wrong["planned_served"] - wrong["reached"], late=late)
    keys = ["responsible", "cause"]
    table = wrong.groupby(keys)[["lines", "units", "late"]].sum().round(6).reset_index()
    return table.sort_values(["units", "cause"], ascending=[False, True], ignore_index=True)
