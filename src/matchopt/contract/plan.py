"""Plan: who gives what to whom, what it costs, and the proof that nothing is better."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from matchopt.contract import doors
from matchopt.contract.case import Case

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

PAIR = ("donation_id", "need_id")
DAYS = ("pickup_day", "arrival_day", "delivery_day")
QUANTITIES = ("donated_quantity", "served_quantity")
COSTS = ("transport_cost", "handling_cost", "storage_cost", "other_cost", "total_cost")
ALLOCATIONS = ("allocation_id", *PAIR, *QUANTITIES, "hub", *DAYS, *COSTS)
NEEDS = ("need_id", "community", "item", "priority", "asked", "served", "unmet", "reason", "obstacles")
DONATIONS = ("donation_id", "donor", "item", "offered", "planned", "left_over", "reason")
PRICES = ("side", "id", "to", "day", "block", "stage", "level", "price")
BOUGHT = ("item", "community", "delivery_day", "quantity", "unit_price", "amount")
PURCHASES = (*BOUGHT, "donation_id", "donor", "need_id")


def handed_on(own: Sequence[str], ours: Collection[str]) -> list[str]:
    """Return what columns of the caller's are called in a table of the plan that has columns `ours`.

    One that is called like one of `ours` becomes ``NAME (given)``, or ``NAME (given 2)`` and so on where the
    caller has a column of that name as well.
    """
    taken, names = {*ours, *own}, []
    for name in own:
        given, number = name, 1
        while name in ours and given in taken:
            given = f"{name} (given)" if number == 1 else f"{name} (given {number})"
            number += 1
        taken.add(given)
        names.append(given)
    return names


@dataclass(frozen=True, slots=True)
class Plan:
    """The allocation plan of a case, in the caller's own ids.

    Attributes
    ----------
    case
        The case it was made for.
    allocations
        One row per donation, need, route and days (columns `ALLOCATIONS`), sorted by
        need_id, donation_id, hub and the three days. Quantities in item units (int64, or
        float64 where one is a fraction; what is served to six decimals), money in currency
        (float64, four decimals), days as datetime64[s] (NaT in an undated case), hub ``""``
        for a direct delivery (then arrival_day is the delivery_day).
    needs, donations
        One row per need and donation (columns `NEEDS`, `DONATIONS`) in the case's order,
        followed by the columns that the schema does not know (see `handed_on`). ``reason`` is
        ``""`` where nothing is unmet or left over; ``obstacles`` are the codes of all rules, joined by
        ``;``, that the donation breaks that breaks the fewest, where the reason is a rule.
    prices
        The proof (columns `PRICES`): levels and prices of needs and donations in block 0,
        prices of everything shared, stage by stage, in the blocks from 1; see
        `matchopt.verify` for what they certify.
    purchases
        What funds buy (columns `PURCHASES`), a shopping list: one row per allocation of
        funds to a need for something else, sorted by item, community, delivery_day,
        need_id, donation_id. ``quantity`` counts units of the item, ``amount`` currency.
    summary
        The content of ``plan/summary.json``.
    run
        What differs from run to run: timings and solver versions. Not part of the plan.
    """

    case: Case
    allocations: pd.DataFrame
    needs: pd.DataFrame
    donations: pd.DataFrame
    prices: pd.DataFrame
    purchases: pd.DataFrame
    summary: Mapping[str, Any]
    run: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "summary", MappingProxyType(dict(self.summary)))
        object.__setattr__(self, "run", MappingProxyType(dict(self.run)))

    @property
    def status(self) -> str:
        """``optimal`` (gap 0) or ``feasible`` (gap stated)."""
        return str(self.summary["status"])

    @property
    def asked(self) -> float:
        """Quantity asked for, in need units."""
        return float(self.summary["asked"])

    @property
    def served(self) -> float:
        """Quantity served, in need units."""
        return float(self.summary["served"])

    @property
    def served_by_tier(self) -> dict[int, float]:
        """Priority → quantity served."""
        return {int(tier): float(q) for tier, q in self.summary["served_by_tier"].items()}

    @property
    def logistics_cost(self) -> float:
        """Transport, handling, storage, identification, penalties, transfers, purchases, in currency."""
        return float(self.summary["logistics_cost"])

    @property
    def cost(self) -> dict[str, float]:
        """Cost by kind, in currency."""
        return dict(self.summary["cost"])

    @property
    def counted_cost(self) -> dict[str, float]:
        """Cost by kind as the objective counts it: what is unmet has a cost under total cost only."""
        by_cost = self.summary["objective"] == "total-cost"
        return {kind: value for kind, value in self.cost.items() if by_cost or kind != "unmet"}

    @property
    def bound(self) -> dict[str, Any]:
        """The proven bound: ``served_by_tier`` at most, ``cost`` at least."""
        return dict(self.summary["bound"])

    @property
    def gap(self) -> float:
        """Relative distance to the proven bound; 0 is proven optimal."""
        return float(self.summary["gap"])

    def write(self, path: str | PathLike[str], *, force: bool = False, copy: bool = True) -> Path:
        """Write the run folder at `path` (contract §5), all or nothing, and return it.

        Parameters
        ----------
        path
            Folder to make.
        force
            Replace an older run folder at `path`.
        copy
            Keep a copy of the tables in ``case/``; else only their hashes.

        Raises
        ------
        RunError
            If `path` exists and `force` is not set, or is no run folder.
        """
        return doors.write_run(self, Path(path), force=force, copy=copy)

    def graph(self, *, case: bool = False) -> nx.MultiDiGraph[str]:
        """Return the flow of the plan as a graph of networkx (see ``docs/graph.md``).

        Nodes are donations, needs and hubs; arcs are the legs of what is planned, with `flow` in donated
        units. Attributes are plain numbers and texts that GraphML can hold.

        Parameters
        ----------
        case
            Add the network of the case: an arc for each pair of a donation and a need that the rules
            admit, with the unit cost of its cheapest route.

        Raises
        ------
        MatchoptError
            If `case` is set and there are more than 250 000 pairs to look at.

        Examples
        --------
        >>> import pandas as pd
        >>> from matchopt import Case, plan
        >>> needs = pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]})
        >>> donations = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]})
        >>> graph = plan(Case.from_frames(needs=needs, donations=donations)).graph()
        >>> [(tail, head, flow) for tail, head, flow in graph.edges(data="flow")]
        [('donation d', 'need n', 3.0)]
        """
        return doors.graph_of(self, case=case)

    def _repr_html_(self) -> str:
        return doors.as_html(self)

    def __repr__(self) -> str:
        return (
            f"<Plan {self.status}: serves {self.served:g} of {self.asked:g}, "
            f"logistics {self.logistics_cost:.2f} {self.summary['currency']}, gap {self.gap:g}>"
        )
