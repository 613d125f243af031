"""The figures that the page draws: plain values, a title, a unit and a sentence that says the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import day, tr, trn
from matchopt.model.analysis import Analysis
from matchopt.report import words
from matchopt.report.page.public import FEW
from matchopt.report.sums import coverage, rows, worst_first
from matchopt.result.plan_tables import DIRECT, PlanTables

Chart = dict[str, Any]

MOST_BARS = 20
MOST_DONORS, MOST_GOALS = 12, 15
MOST_FLOWS = 300
MOST_HUBS = 8
SOON = (7, 30)
"""Days to expiry that left-over donations are told apart by."""


def coverage_by(
    found: pd.DataFrame, by: str, title: str, names: dict[Any, str] | None = None, most: int = MOST_BARS
) -> Chart:
    """Return bars of what is served and what is not, in the order of `found`."""
    cut = found.head(most)
    labels = [(names or {}).get(key, str(key)) for key in cut[by].tolist()]
    worst: Any = cut.iloc[int(cut["share"].to_numpy().argmin())] if len(cut) else None
    said = ""
    if worst is not None:
        said = tr(
            "Lowest: {name}, {share} of {asked} units.",
            name=(names or {}).get(worst[by], str(worst[by])),
            asked=words.quantity(worst["asked"]),
            share=words.percent(worst["served"], worst["asked"]),
        )
    if len(found) > most:
        said += " " + tr("{n} more are in the table below.", n=len(found) - most)
    return {
        "kind": "coverage",
        "title": title,
        "unit": tr("share of the units asked for"),
        "said": said,
        "labels": labels,
        "served": _list(cut["served"]),
        "unmet": _list(cut["unmet"]),
        "share": [round(float(s), 6) for s in cut["share"]],
    }


def costs(t: PlanTables) -> Chart:
    """Return the cost by kind."""
    currency = t.summary["currency"]
    given = {kind: float(value) for kind, value in t.plan.counted_cost.items() if value}
    ordered = sorted(given.items(), key=lambda entry: -entry[1])
    named = [(tr(words.COSTS[kind]), value) for kind, value in ordered]
    said = words.listed([f"{name} {words.money(value, currency)}" for name, value in named])
    return {
        "kind": "bars",
        "title": tr("What it costs"),
        "unit": currency,
        "said": said,
        "money": True,
        "labels": [name for name, _ in named],
        "values": [round(value, 4) for _, value in named],
    }


def streams(t: PlanTables) -> Chart:
    """Return what flows from donors over hubs to communities, in units served."""
    lines = t.lines
    left = lines["given"] if t.public else lines["donor"]
    many = tr("other items") if t.public else tr("other donors")
    donor = _largest(left, lines["served"], MOST_DONORS, many)
    goal = _largest(lines["community"], lines["served"], MOST_GOALS, tr("other communities"))
    hub = lines["hub"].astype(str).where(lines["hub"].astype(str) != DIRECT, tr("direct"))
    hub = _largest(hub, lines["served"], MOST_HUBS, tr("other hubs"))
    links = pd.concat(
        [
            _links(donor, hub, lines["served"], ("donor", "hub")),
            _links(hub, goal, lines["served"], ("hub", "goal")),
        ]
    )
    nodes = [
        {"id": f"{depth}|{name}", "name": name, "depth": k}
        for k, (depth, column) in enumerate((("donor", donor), ("hub", hub), ("goal", goal)))
        for name in column.drop_duplicates().tolist()
    ]
    hubs = lines["served"].groupby(hub.to_numpy()).sum().sort_values(ascending=False)
    said = words.listed(
        [tr("{hub}: {units} units", hub=name, units=words.quantity(v)) for name, v in hubs.items()]
    )
    title = tr("Items → hubs → communities") if t.public else tr("Donors → hubs → communities")
    return {
        "kind": "streams",
        "title": title,
        "unit": tr("units served"),
        "said": said,
        "nodes": nodes,
        "links": [[a, b, round(v, 6)] for a, b, v in links.itertuples(index=False)],
    }


def _largest(column: pd.Series, units: pd.Series, most: int, rest: str) -> pd.Series:
    """Return a column with all but its largest values put together."""
    texts = column.astype(str)
    sums = units.groupby(texts.to_numpy()).sum().sort_values(ascending=False, kind="stable")
    return texts.where(texts.isin(sums.index[:most]), rest) if len(sums) > most + 1 else texts


def _links(tail: pd.Series, head: pd.Series, units: pd.Series, sides: tuple[str, str]) -> pd.DataFrame:
    found = units.groupby([tail.to_numpy(), head.to_numpy()]).agg(["sum", "size"]).reset_index()
    found.columns = pd.Index(["tail", "head", "units", "count"])
    return pd.DataFrame(
        {
            "tail": sides[0] + "|" + found["tail"],
            "head": sides[1] + "|" + found["head"],
            "units": found["units"],
        }
    )[found["units"] > 0]


def places(t: PlanTables) -> Chart:
    """Return where communities, hubs and donors are, and what goes between them."""
    found = coverage(t.needs, "community").set_index("community")
    spots = t.places.dropna(subset=["latitude", "longitude"]).drop_duplicates(["place", "kind"])
    here = {
        kind: spots[spots["kind"] == kind].set_index("place")[["latitude", "longitude"]]
        for kind in ("community", "hub")
    }
    goals = here["community"].join(found, how="inner")
    flows = pd.concat([_ways_in(t, here), _ways_out(t, here)], ignore_index=True)
    kept = flows.sort_values("units", ascending=False, kind="stable").head(MOST_FLOWS)
    lost = len(found) - len(goals)
    said = trn("{n} community is drawn.", "{n} communities are drawn.", len(goals))
    if lost:
        said += " " + trn(
            "{n} community has no coordinates and is not on the map.",
            "{n} communities have no coordinates and are not on the map.",
            lost,
        )
    if len(kept) < len(flows):
        said += " " + tr("The largest {n} flows are drawn.", n=f"{len(kept):,}")
    return {
        "kind": "map",
        "title": tr("Where it goes"),
        "unit": tr("coverage of communities; units of flows"),
        "said": said,
        "communities": [
            [name, round(r.longitude, 5), round(r.latitude, 5), r.asked, r.served, round(float(r.share), 6)]
            for name, r in zip(goals.index, rows(goals), strict=True)
        ],
        "hubs": [
            [name, round(r.longitude, 5), round(r.latitude, 5)]
            for name, r in zip(here["hub"].index, rows(here["hub"]), strict=True)
        ],
        "flows": [
            [r.tail, r.head, *(round(x, 5) for x in (r.x0, r.y0, r.x1, r.y1)), round(r.units, 6)]
            for r in rows(kept)
        ],
    }


_FLOW = ["tail", "head", "x0", "y0", "x1", "y1", "units"]


def _ways_in(t: PlanTables, here: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what goes from donors into hubs or straight to communities."""
    if t.public:
        return pd.DataFrame(columns=_FLOW)
    row = pd.Series(np.arange(len(t.donations)), index=t.donations["donation"].astype(str))
    at = t.origins.iloc[row.reindex(t.lines["donation"].astype(str)).to_numpy()].reset_index(drop=True)
    to_hub = (t.lines["hub"].astype(str) != DIRECT).to_numpy()
    head = t.lines["hub"].astype(str).where(to_hub, t.lines["community"].astype(str))
    both = pd.concat([here["community"], here["hub"]])
    end = both[~both.index.duplicated()].reindex(head).reset_index(drop=True)
    flows = pd.DataFrame(
        {
            "tail": t.lines["donor"].astype(str),
            "head": head,
            "x0": at["longitude"],
            "y0": at["latitude"],
            "x1": end["longitude"],
            "y1": end["latitude"],
            "units": t.lines["served"],
        }
    )
    return _added_up(flows)


def _ways_out(t: PlanTables, here: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what goes from hubs to communities."""
    lines = t.lines[t.lines["hub"].astype(str) != DIRECT]
    start = here["hub"].reindex(lines["hub"].astype(str)).reset_index(drop=True)
    end = here["community"].reindex(lines["community"].astype(str)).reset_index(drop=True)
    flows = pd.DataFrame(
        {
            "tail": lines["hub"].astype(str).to_numpy(),
            "head": lines["community"].astype(str).to_numpy(),
            "x0": start["longitude"],
            "y0": start["latitude"],
            "x1": end["longitude"],
            "y1": end["latitude"],
            "units": lines["served"].to_numpy(),
        }
    )
    return _added_up(flows)


def _added_up(flows: pd.DataFrame) -> pd.DataFrame:
    known = flows.dropna()
    if known.empty:
        return pd.DataFrame(columns=_FLOW)
    apart = (known["x0"] != known["x1"]) | (known["y0"] != known["y1"])
    return known[apart].groupby(_FLOW[:6], sort=True)["units"].sum().reset_index()


def storage(t: PlanTables) -> Chart | None:
    """Return the kg that each hub holds at the end of each day, None where nothing waits."""
    if not t.dated:
        return None
    start = pd.Timestamp(t.summary["horizon"]["start"])
    days = (pd.Timestamp(t.summary["horizon"]["end"]) - start).days + 1
    lines = t.lines[(t.lines["hub"].astype(str) != DIRECT) & (t.lines["leave"] > t.lines["arrival"])]
    if lines.empty:
        return None
    first = (lines["arrival"] - start).dt.days.to_numpy()
    last = (lines["leave"] - start).dt.days.to_numpy()
    code, hubs = pd.factorize(lines["hub"].astype(str), sort=True)
    change = np.zeros((len(hubs), days + 1))
    np.add.at(change, (code, first), lines["kg"].to_numpy())
    np.add.at(change, (code, np.minimum(last, days)), -lines["kg"].to_numpy())
    held = np.maximum(np.cumsum(change, axis=1)[:, :-1], 0).round(3)
    peak = held.max(axis=1)
    order = np.argsort(-peak, kind="stable")[:MOST_HUBS]
    limit = t.hubs.drop_duplicates("hub").set_index("hub")["storage_capacity"].reindex(hubs).to_numpy()
    fullest = order[0]
    said = tr(
        "Most: {hub} holds {kg} kg on {day}.",
        hub=hubs[fullest],
        kg=words.quantity(float(peak[fullest])),
        day=day((start + pd.Timedelta(days=int(held[fullest].argmax()))).date()),
    )
    if len(hubs) > MOST_HUBS:
        said += " " + tr("The {n} fullest hubs of {all} are shown.", n=MOST_HUBS, all=len(hubs))
    return {
        "kind": "storage",
        "title": tr("What waits in the hubs"),
        "unit": tr("kg at the end of the day"),
        "said": said,
        "days": [(start + pd.Timedelta(days=k)).strftime("%Y-%m-%d") for k in range(days)],
        "hubs": [
            {"name": hubs[h], "kg": held[h].tolist(), "limit": None if np.isnan(limit[h]) else limit[h]}
            for h in order
        ],
    }


def unmet_reasons(t: PlanTables) -> Chart:
    """Return what stays unmet by reason."""
    short = t.needs[t.needs["unmet"] > 0]
    found = (
        short.groupby("reason", observed=True)["unmet"]
        .agg(["sum", "size"])
        .sort_values("sum", ascending=False)
    )
    if t.public:
        found = found[found["size"] >= FEW]
    return {
        "kind": "bars",
        "title": tr("Why needs stay unmet"),
        "unit": tr("units"),
        "money": False,
        "said": tr("The figures stand in the table below."),
        "labels": [tr(words.UNMET.get(str(code), str(code))) for code in found.index],
        "values": _list(found["sum"]),
    }


def left_over_reasons(t: PlanTables) -> Chart:
    """Return what is left over by reason, and by the days until it expires."""
    rest = t.donations[t.donations["left_over"] > 0]
    if t.public:
        rest = rest[rest.groupby("reason", observed=True)["left_over"].transform("size") >= FEW]
    labels, bin_ = _bins(t, rest)
    found = (
        rest.assign(bin=bin_)
        .pivot_table(index="reason", columns="bin", values="left_over", aggfunc="sum", observed=True)
        .fillna(0.0)
    )
    found = found.loc[found.sum(axis=1).sort_values(ascending=False).index] if len(found) else found
    return {
        "kind": "stacked",
        "title": tr("Why donations are left over"),
        "unit": tr("units"),
        "said": tr("Days to expiry count from the last day of the plan."),
        "labels": [tr(words.LEFT_OVER.get(str(code), str(code))) for code in found.index],
        "series": [
            {"name": name, "values": _list(found[k])} for k, name in enumerate(labels) if k in found.columns
        ],
    }


def _bins(t: PlanTables, rest: pd.DataFrame) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return what stretches of days to expiry are called, and in which each row is."""
    labels = [
        tr("expires before the end"),
        tr("within {n} days", n=SOON[0]),
        tr("within {n} days", n=SOON[1]),
        tr("later"),
        tr("does not expire"),
    ]
    days = days_to_expiry(t, rest).to_numpy(dtype=float)
    return labels, np.where(np.isnan(days), 4, np.digitize(days, [0, SOON[0] + 1, SOON[1] + 1]))


def days_to_expiry(t: PlanTables, donations: pd.DataFrame) -> pd.Series:
    """Return the days from the last day of the plan to the last day of use, NaN for those without."""
    if not t.dated:
        return pd.Series(np.nan, index=donations.index)
    return (donations["expires"] - pd.Timestamp(t.summary["horizon"]["end"])).dt.days.astype(float)


def communities(t: PlanTables) -> Chart:
    """Return coverage by community, the worst first."""
    return coverage_by(
        worst_first(coverage(t.needs, "community")), "community", tr("Communities, the worst served first")
    )


def demand_and_supply(found: Analysis) -> Chart:
    """Return what is asked and offered of the items of which most is missing."""
    cut = found.items[found.items["short"] > 0].head(12)
    return _pairs(
        tr("Asked for and offered: where they part most"), cut["item"].tolist(), cut["asked"], cut["offered"]
    )


def months(found: Analysis) -> Chart | None:
    """Return what is asked and offered month by month; None if no day is given."""
    dated = found.months[found.months["month"] != ""]
    if len(dated) < 2:
        return None
    return _pairs(
        tr("Asked for and offered, month by month"), dated["month"].tolist(), dated["asked"], dated["offered"]
    )


def _pairs(title: str, labels: list[Any], asked: pd.Series, offered: pd.Series) -> Chart:
    return {
        "kind": "pairs",
        "title": title,
        "unit": tr("units"),
        "labels": [str(label) for label in labels],
        "said": tr(
            "{asked} units are asked for here and {offered} offered.",
            asked=words.quantity(round(float(asked.sum()), 6)),
            offered=words.quantity(round(float(offered.sum()), 6)),
        ),
        "series": [
            {"name": tr("units asked for"), "values": _list(asked)},
            {"name": tr("offered"), "values": _list(offered)},
        ],
    }


def _list(values: pd.Series) -> list[float]:
    return [round(float(v), 6) for v in values]
