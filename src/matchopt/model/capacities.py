"""Shared capacities: what a plan loads on hubs, lanes and agreements, and what it exceeds.

A plan that is best without these capacities and obeys them is best with them. One that
exceeds a capacity is refused by name until capacities take part in the planning itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from matchopt.arrays import Floats, Ints
from matchopt.case import Case
from matchopt.errors import Finding, Severity
from matchopt.model.accounts import Deliveries
from matchopt.model.network import Network
from matchopt.model.routes import DIRECT


def exceeded(case: Case, network: Network, deliveries: Deliveries) -> list[Finding]:
    """Return an error for each capacity that the plan exceeds, with its worst day."""
    item = network.items.codes(case.donations["item"])[deliveries.donation]
    kg = np.where(network.items.service[item], 0.0, network.items.weight[item])
    kg = kg * deliveries.quantity / network.scale.unit
    findings = []
    for table, columns, find in (
        ("hubs", ("throughput_capacity", "storage_capacity"), _hub_findings),
        ("lanes", ("capacity_kg",), _lane_findings),
        ("agreements", ("max_quantity_kg",), _agreement_findings),
    ):
        if table in case.tables and case.tables[table][list(columns)].notna().to_numpy().any():
            findings += find(case, network, deliveries, kg)
    return findings


def _hub_findings(case: Case, network: Network, deliveries: Deliveries, kg: Floats) -> list[Finding]:
    hubs = case.table("hubs").set_index("hub")
    findings = []
    for number, hub in enumerate(network.hubs.names):
        at = deliveries.hub == number
        arrival, stay = deliveries.arrival[at], deliveries.stay[at]
        for column, takes, days in (
            ("throughput_capacity", "takes in", np.ones_like(stay)),
            ("storage_capacity", "holds at the end of the day", stay),
        ):
            day, load = _peak(arrival, arrival + days, kg[at])
            when = f" on {np.datetime64(day, 'D')}" if network.calendar.dated else ""
            what = f"the best plan would need more: it {takes} {load:g} kg{when}"
            findings += _if_exceeded("hubs", column, str(hub), what, load, float(hubs.loc[hub, column]))
    return findings


def _peak(first: Ints, until: Ints, kg: Floats) -> tuple[int, float]:
    """Return the day with the largest load, and the load; each kg is there from `first` to before `until`."""
    days, index = np.unique(np.concatenate([first, until]), return_inverse=True)
    if not len(days):
        return 0, 0.0
    load = np.cumsum(np.bincount(index, weights=np.concatenate([kg, -kg])))
    return int(days[load.argmax()]), float(load.max())


def _lane_findings(case: Case, network: Network, deliveries: Deliveries, kg: Floats) -> list[Finding]:
    origin = case.donations["origin"].to_numpy(dtype=object)[deliveries.donation]
    community = case.needs["community"].to_numpy(dtype=object)[deliveries.need]
    hub = np.append(network.hubs.names, "")[deliveries.hub]
    through = deliveries.hub != DIRECT
    legs = pd.DataFrame(
        {
            "from_place": np.concatenate([origin, hub[through]]),
            "to_place": np.concatenate([np.where(through, hub, community), community[through]]),
            "kg": np.concatenate([kg, kg[through]]),
        }
    )
    return _pair_findings(case, "lanes", ["from_place", "to_place"], "capacity_kg", legs)


def _agreement_findings(case: Case, network: Network, deliveries: Deliveries, kg: Floats) -> list[Finding]:
    organization = case.table("communities").set_index("community")["organization"].astype(object)
    raised = organization.reindex(case.donations["community"], fill_value="").to_numpy()
    asking = organization.reindex(case.needs["community"], fill_value="").to_numpy()
    passed_on = pd.DataFrame(
        {
            "from_organization": raised[deliveries.donation],
            "to_organization": asking[deliveries.need],
            "kg": kg,
        }
    )
    key = ["from_organization", "to_organization"]
    return _pair_findings(case, "agreements", key, "max_quantity_kg", passed_on)


def _pair_findings(case: Case, table: str, key: list[str], column: str, moved: pd.DataFrame) -> list[Finding]:
    limited = case.table(table).dropna(subset=[column])
    loads = limited.merge(moved.groupby(key, as_index=False)["kg"].sum(), on=key)
    return [
        finding
        for row in loads.to_dict("records")
        for finding in _if_exceeded(
            table, column, f"{row[key[0]]} → {row[key[1]]}",
            f"the best plan would need more: it moves {row['kg']:g} kg over the horizon",
            row["kg"], row[column],
        )
    ]  # fmt: skip


def _if_exceeded(
    table: str, column: str, name: str, what: str, load: float, capacity: float
) -> list[Finding]:
    # NaN is no limit; a hair above is float dust of adding up kg.
    if not load > capacity * (1 + 1e-9):
        return []
    return [
        Finding(
            Severity.ERROR, "not_built", table,
            f"{name}: {what}, its {column} is {capacity:g} kg; "
            "a shared capacity that binds is not planned by this version yet",
            "raise the capacity, or leave it empty and watch it by hand",
            column=column, value=f"{capacity:g}",
        )
    ]  # fmt: skip
