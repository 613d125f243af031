"""The figures that the page draws: plain values, a title, a unit and a sentence that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from matchopt.language import money_unit
from matchopt.model.analysis import Analysis
from matchopt.report import words
from matchopt.report.words import Share, tr, trn
from matchopt.result.plan_tables import DIRECT, PlanTables, coverage, rows

Chart = dict[str, Any]

MOST_BARS = 20
MOST_DONORS, MOST_GOALS = 12, 15
MOST_FLOWS = 300
MOST_HUBS = 8
SOON = (7, 30)
"""Days to expiry that left-over donations are told apart by."""


def chart(kind: str, title: str, unit: str, **more: Any) -> Chart:
    """Return a chart of a kind that the page draws."""
    return {"kind": kind, "title": title, "unit": unit, **more}


def bars(title: str, unit: str, labels: Sequence[str], values: Sequence[float], *, digits: int = 3) -> Chart:
    """Return a chart of one figure each; what is not known stands at 0."""
    known = [0.0 if value != value else round(value, digits) for value in values]
    return chart("bars", title, unit, labels=list(labels), values=known, said=each(labels, known))


def pairs(
    title: str, unit: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], **more: Any
) -> Chart:
    """Return a chart of several figures side by side, or of shares; the table below has them in digits."""
    said = tr("The figures stand in the table below.")
    told = {"labels": list(labels), "series": named(series), "said": said, "share": False}
    return chart("pairs", title, unit, **told | more)


def named(series: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Return series as a chart takes them."""
    return [{"name": name, "values": [round(v, 6) for v in values]} for name, values in series.items()]


def each(labels: Sequence[str], told: Sequence[object]) -> str:
    """Return what stands at each label, in words."""
    return words.listed([tr("{name}: {value}", name=n, value=v) for n, v in zip(labels, told, strict=True)])


def coverage_by(
    found: pd.DataFrame, by: str, title: str, names: dict[Any, str] | None = None, most: int = MOST_BARS
) -> Chart:
    """Return bars of what is served and what is not, in the order of `found`."""
    cut = found.head(most)
    labels = [(names or {}).get(key, str(key)) for key in cut[by].tolist()]
    said = ""
    if len(cut):
        worst = int(cut["share"].to_numpy().argmin())
        row: Any = cut.iloc[worst]
        share = Share(row["served"], row["asked"])
        said = tr(
            "Lowest: {name}, {share} of {asked} units.", name=labels[worst], asked=row["asked"], share=share
        )
    if len(found) > most:
        said += " " + tr("{n} more are in the table below.", n=str(len(found) - most))
    lists = {name: _list(cut[name]) for name in ("served", "unmet", "share")}
    return chart("coverage", title, tr("share of the units asked for"), said=said, labels=labels, **lists)


def costs(t: PlanTables) -> Chart:
    """Return the cost by kind, the highest first."""
    currency = t.summary["currency"]
    amounts = {kind: float(value) for kind, value in t.plan.counted_cost.items() if value}
    amounts = {tr(words.COSTS[kind]): amounts[kind] for kind in sorted(amounts, key=lambda k: -amounts[k])}
    said = words.listed([f"{name} {words.money(value, currency)}" for name, value in amounts.items()])
    values = [round(value, 4) for value in amounts.values()]
    title, unit = tr("What it costs"), money_unit(currency)
    return chart("bars", title, unit, said=said, money=True, labels=list(amounts), values=values)


def streams(t: PlanTables) -> Chart:
    """Return what flows from donors over hubs to communities, in units served."""
    lines, units = t.lines, t.lines["served"]
    hub = lines["hub"].astype(str).where(lines["hub"].astype(str) != DIRECT, tr("direct"))
    ends = {
        "donor": _largest(lines["donor"], units, MOST_DONORS, tr("other donors")),
        "hub": _largest(hub, units, MOST_HUBS, tr("other hubs")),
        "goal": _largest(lines["community"], units, MOST_GOALS, tr("other communities")),
    }
    links = pd.concat([_links(ends, ("donor", "hub"), units), _links(ends, ("hub", "goal"), units)])
    nodes = [
        {"id": f"{side}|{name}", "name": name, "depth": k}
        for k, (side, column) in enumerate(ends.items())
        for name in column.drop_duplicates().tolist()
    ]
    hubs = units.groupby(ends["hub"].to_numpy()).sum().sort_values(ascending=False)
    said = words.listed([tr("{hub}: {units} units", hub=name, units=v) for name, v in hubs.items()])
    title = tr("Donors → hubs → communities")
    flows = [[a, b, round(v, 6)] for a, b, v in links.itertuples(index=False)]
    return chart("streams", title, tr("units served"), said=said, nodes=nodes, links=flows)


def _largest(column: pd.Series, units: pd.Series, most: int, rest: str) -> pd.Series:
    """Return a column with all but its largest values put together."""
    texts = column.astype(str)
    sums = units.groupby(texts.to_numpy()).sum().sort_values(ascending=False, kind="stable")
    return texts.where(texts.isin(sums.index[:most]), rest) if len(sums) > most + 1 else texts


def _links(ends: Mapping[str, pd.Series], sides: tuple[str, str], units: pd.Series) -> pd.DataFrame:
    sums = units.groupby([ends[side].to_numpy() for side in sides]).sum()
    found = sums[sums > 0].reset_index()
    found.columns = pd.Index(["tail", "head", "units"])
    return found.assign(tail=f"{sides[0]}|" + found["tail"], head=f"{sides[1]}|" + found["head"])


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
    communities = [
        [name, *_spot(r.longitude, r.latitude), r.asked, r.served, round(float(r.share), 6)]
        for name, r in zip(goals.index, rows(goals), strict=True)
    ]
    hubs = [[r.Index, *_spot(r.longitude, r.latitude)] for r in rows(here["hub"])]
    drawn = [[r.tail, r.head, *_spot(r.x0, r.y0, r.x1, r.y1), round(r.units, 6)] for r in rows(kept)]
    unit = tr("coverage of communities; units of flows")
    title = tr("Where it goes")
    return chart("map", title, unit, said=said, communities=communities, hubs=hubs, flows=drawn)


def _spot(*degrees: float) -> list[float]:
    return [round(x, 5) for x in degrees]


_FLOW = ["tail", "head", "x0", "y0", "x1", "y1", "units"]


def _ways_in(t: PlanTables, here: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what goes from donors into hubs or straight to communities."""
    row = pd.Series(np.arange(len(t.donations)), index=t.donations["donation"].astype(str))
    start = t.origins.iloc[row.reindex(t.lines["donation"].astype(str)).to_numpy()]
    hub = t.lines["hub"].astype(str)
    head = hub.where(hub != DIRECT, t.lines["community"].astype(str))
    both = pd.concat([here["community"], here["hub"]])
    end = both[~both.index.duplicated()].reindex(head)
    return _added_up(t.lines["donor"].astype(str), head, start, end, t.lines["served"])


def _ways_out(t: PlanTables, here: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what goes from hubs to communities."""
    lines = t.lines[t.lines["hub"].astype(str) != DIRECT]
    tail, head = lines["hub"].astype(str), lines["community"].astype(str)
    start, end = here["hub"].reindex(tail), here["community"].reindex(head)
    return _added_up(tail, head, start, end, lines["served"])


def _added_up(
    tail: pd.Series, head: pd.Series, start: pd.DataFrame, end: pd.DataFrame, units: pd.Series
) -> pd.DataFrame:
    """Return the flows between places apart from each other whose coordinates are known."""
    ends = [frame[name] for frame in (start, end) for name in ("longitude", "latitude")]
    flows = pd.DataFrame({n: c.to_numpy() for n, c in zip(_FLOW, [tail, head, *ends, units], strict=True)})
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
    when = start + pd.Timedelta(days=int(held[fullest].argmax()))
    said = tr("Most: {hub} holds {kg} kg on {day}.", hub=hubs[fullest], kg=float(peak[fullest]), day=when)
    if len(hubs) > MOST_HUBS:
        said += " " + tr("The {n} fullest hubs of {all} are shown.", n=MOST_HUBS, all=str(len(hubs)))
    drawn = [
        {"name": hubs[h], "kg": held[h].tolist(), "limit": None if np.isnan(limit[h]) else limit[h]}
        for h in order
    ]
    dates = [(start + pd.Timedelta(days=k)).strftime("%Y-%m-%d") for k in range(days)]
    unit = tr("kg at the end of the day")
    return chart("storage", tr("What waits in the hubs"), unit, said=said, days=dates, hubs=drawn)


def unmet_reasons(t: PlanTables) -> Chart:
    """Return what stays unmet by reason."""
    short = t.needs[t.needs["unmet"] > 0]
    found = short.groupby("reason", observed=True)["unmet"].sum().sort_values(ascending=False)
    told = {"money": False, "said": tr("The figures stand in the table below.")}
    labels = [words.called(code, words.UNMET) for code in found.index]
    title = tr("Why needs stay unmet")
    return chart("bars", title, tr("units"), **told, labels=labels, values=_list(found))


def left_over_reasons(t: PlanTables) -> Chart:
    """Return what is left over by reason, and by the days until it expires."""
    rest = t.donations[t.donations["left_over"] > 0]
    bins, bin_ = _bins(t, rest)
    found = rest.assign(bin=bin_).pivot_table(
        index="reason", columns="bin", values="left_over", aggfunc="sum", observed=True
    )
    found = found.fillna(0.0)
    found = found.loc[found.sum(axis=1).sort_values(ascending=False).index] if len(found) else found
    labels = [words.called(code, words.LEFT_OVER) for code in found.index]
    series = {name: _list(found[k]) for k, name in enumerate(bins) if k in found.columns}
    said = tr("Days to expiry count from the last day of the plan.")
    title = tr("Why donations are left over")
    return chart("stacked", title, tr("units"), said=said, labels=labels, series=named(series))


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


def demand_and_supply(found: Analysis) -> Chart:
    """Return what is asked and offered of the items of which most is missing."""
    cut = found.items[found.items["short"] > 0].head(12)
    return _pairs(tr("Asked for and offered: where they part most"), "item", cut)


def months(found: Analysis) -> Chart | None:
    """Return what is asked and offered month by month; None if no day is given."""
    dated = found.months[found.months["month"] != ""]
    return None if len(dated) < 2 else _pairs(tr("Asked for and offered, month by month"), "month", dated)


def _pairs(title: str, by: str, found: pd.DataFrame) -> Chart:
    asked, offered = _list(found["asked"]), _list(found["offered"])
    sums = {name: round(float(found[name].sum()), 6) for name in ("asked", "offered")}
    said = tr("{asked} units are asked for here and {offered} offered.", **sums)
    series = named({tr("units asked for"): asked, tr("offered"): offered})
    return chart("pairs", title, tr("units"), labels=list(map(str, found[by])), said=said, series=series)


def _list(values: pd.Series) -> list[float]:
    return [round(float(v), 6) for v in values]
