"""Fairness cells: what a community asks in a category, and what would be its share (contract §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from matchopt.arrays import FORBIDDEN, Bools, Floats, Ints
from matchopt.model.network import Network, Part

if TYPE_CHECKING:
    from matchopt.contract.case import Case

BLOCK_PAIRS = 500_000
"""Pairs looked at in one go."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells that count: somebody could serve a need in them.

    Attributes
    ----------
    of_need : (needs,) int
        Cell of each need of the table, -1 where it counts in none.
    asked, share, pinned : (k,) float
        Item units asked in each, those that are its fair share, and those that pinned lines serve.
    community, category : (k,) str
        Their names.
    """

    of_need: Ints
    asked: Floats
    share: Floats
    pinned: Floats
    community: tuple[str, ...]
    category: tuple[str, ...]

    @classmethod
    def of(cls, case: Case, network: Network) -> Self:
        """Return the cells of `case`; an item without a category is one of its own."""
        category = _categories(case)
        lines = network.pinned
        pinned = np.bincount(lines.need, lines.quantity * lines.ratio, minlength=len(network.asked))
        pinned = np.where(network.excluded, 0.0, pinned / network.scale.unit)
        table = pd.DataFrame(
            {
                "community": case.needs["community"].astype(object),
                "category": category.reindex(case.needs["item"]).to_numpy(dtype=object),
                "asked": np.where(network.excluded, 0, network.asked) / network.scale.unit,
                "counts": _reachable(network) | (pinned > 0),
                "pinned": pinned,
                "taken": ~network.excluded,
            }
        )
        # In the order of ids, so that nothing depends on how rows stand or what places are called.
        order = np.argsort(case.needs["need_id"].to_numpy(dtype=object), kind="stable")
        table_by_id = table.iloc[order]
        groups = table_by_id[table_by_id["taken"]].groupby(["community", "category"], sort=False)
        cells = groups.agg(asked=("asked", "sum"), counts=("counts", "any"), pinned=("pinned", "sum"))
        cells = cells[cells["counts"]]
        index = pd.MultiIndex.from_frame(table[["community", "category"]])
        of_need = np.where(table["taken"], cells.index.get_indexer(index), -1).astype(np.int64)
        community = tuple(cells.index.get_level_values(0))
        names = tuple(cells.index.get_level_values(1))
        share = np.minimum(_entitled(case, network, category, community, names), cells["asked"].to_numpy())
        asked, kept = (cells[name].to_numpy(dtype=np.float64) for name in ("asked", "pinned"))
        return cls(of_need, asked, share, kept, community, names)


def _categories(case: Case) -> pd.Series:
    """Return the category of every item that is asked or offered."""
    items = case.table("items")
    given = pd.Series(items["category"].to_numpy(dtype=object), index=items["item"])
    names = pd.unique(pd.concat([case.needs["item"], case.donations["item"]]).astype(object))
    category = given.reindex(names, fill_value="")
    return category.where(category != "", pd.Series(names, index=names))


def _reachable(network: Network) -> Bools:
    """Return which needs of the table some donation may serve."""
    reachable = np.zeros(len(network.asked), dtype=bool)
    for part in network.parts:
        row, which = network.needs.rows_of(part.columns)
        reachable[row] = _served_by_any(part)[which]
    return reachable


def _served_by_any(part: Part) -> Bools:
    rows, found = np.arange(len(part.rows)), []
    width = max(1, BLOCK_PAIRS // max(len(rows), 1))
    for start in range(0, len(part.columns), width):
        columns = np.arange(start, min(start + width, len(part.columns)))
        found.append((part.costs(rows[:, None], columns) < FORBIDDEN).any(axis=0))
    return np.concatenate(found)


def _entitled(
    case: Case, network: Network, category: pd.Series, community: tuple[str, ...], names: tuple[str, ...]
) -> Floats:
    """Return what the supply of each cell's category × its part of the population would give it."""
    people = case.table("communities").set_index("community")["population"].astype(np.float64)
    if case.settings.policy.fairness != "share":
        return np.zeros(len(community))
    item = network.items.codes(case.donations["item"])
    supply = np.where(network.items.funds[item], 0, network.plannable) / network.scale.unit
    of_category = (
        pd.Series(supply).groupby(category.reindex(case.donations["item"]).to_numpy(dtype=object)).sum()
    )
    part = people.reindex(list(community)).to_numpy() / people.sum()
    total = of_category.reindex(list(names), fill_value=0.0).to_numpy()
    return np.asarray(case.settings.policy.fair_share * total * part)
