"""Capacities of 0: hubs, lanes and agreements that are closed."""

from __future__ import annotations

from matchopt.language import mark, tr
from matchopt.tables.findings import Said
from matchopt.tables.tables import Tables

CLOSED = (
    ("hubs", "storage_capacity", mark("no goods can stay in the hub overnight")),
    ("hubs", "throughput_capacity", mark("no goods can pass through the hub")),
    ("lanes", "capacity_kg", mark("the lane is closed to goods")),
    ("agreements", "max_quantity_kg", mark("no goods can be passed on under the agreement")),
)
"""Table, column and what a 0 in it means."""


def warn_of_closed(tables: Tables) -> None:
    """Warn of capacities of 0, which are easily meant as "not known"."""
    for name, column, meaning in CLOSED:
        table = tables.get(name)
        if table is None:
            continue

        def say(_: int, meaning: str = meaning) -> Said:
            return (
                "0",
                tr("closes it: {meaning}", meaning=tr(meaning)),
                tr("leave it empty if there is no limit"),
            )

        tables.warning("closed", table, column, table.array(column) == 0, say)
