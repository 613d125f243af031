"""How far the lines of a plan travel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matchopt.arrays import Floats, Ints
from matchopt.model.places import Atlas

if TYPE_CHECKING:
    from matchopt.contract.case import Case


def kilometres(case: Case, lines: pd.DataFrame) -> Floats:
    """Return the kilometres (a,) of each line, both legs of it; 0 for money, which does not travel.

    Parameters
    ----------
    lines
        donation_id, need_id and hub of each, as in the allocations of a plan.

    Returns
    -------
    array
        NaN throughout where the case knows neither coordinates nor distances.
    """
    located = [case.table(name)["latitude"].notna().any() for name in ("communities", "hubs")]
    if not any(located) and case.table("lanes")["distance_km"].isna().all():
        return np.full(len(lines), np.nan)
    atlas = Atlas(case)
    donors = atlas.of_donations(case.donations)
    tail = pd.Index(case.donations["donation_id"]).get_indexer(pd.Index(lines["donation_id"]))
    asked = pd.Index(case.needs["need_id"]).get_indexer(pd.Index(lines["need_id"]))
    goals, head = _distinct(case.needs["community"].iloc[asked])
    stops, hub = _distinct(lines["hub"].where(lines["hub"] != "", case.needs["community"].iloc[0]))
    ends, stations = atlas.named(goals), atlas.named(stops)
    direct = (lines["hub"] == "").to_numpy()
    through = atlas.kilometres(donors, stations, tail, hub) + atlas.kilometres(stations, ends, hub, head)
    km = np.where(direct, atlas.kilometres(donors, ends, tail, head), through)
    items = case.table("items")
    funds = items.loc[items["kind"] == "funds", "item"]
    return np.where(case.donations["item"].iloc[tail].isin(funds), 0.0, km)


def _distinct(names: pd.Series) -> tuple[pd.Series, Ints]:
    """Return the distinct names, and which of them each is."""
    code, distinct = pd.factorize(names.to_numpy(dtype=object))
    return pd.Series(distinct, dtype=object), code.astype(np.int64)
