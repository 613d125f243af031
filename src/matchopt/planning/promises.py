"""Promises of an earlier plan that a part can still keep."""

from __future__ import annotations

import numpy as np

from matchopt.arrays import FORBIDDEN, Ints
from matchopt.model.classes import Members
from matchopt.model.network import Network, Part
from matchopt.planning.source import Kept
from matchopt.solve.slope_scaling import PromisedArcs


def keepable(network: Network, part: Part) -> Kept:
    """Return the promises whose donation and need are in `part` and that the rules still let be kept.

    That is where they admit the pair and the way, and the quantity is whole granules, no more than the
    donation can give and the need asks. Of the part each row is a class of its own.
    """
    promised = network.promised
    row = _place(part.rows, network.donations, promised.donation, len(network.plannable))
    column = _place(part.columns, network.needs, promised.need, len(network.asked))
    number = np.flatnonzero((row >= 0) & (column >= 0))
    row, column, quantity = row[number], column[number], promised.quantity[number]
    granules = quantity // part.granule[row]
    served = quantity * part.ratio(row, column)
    open_way, way = part.ways.open_to(
        row, column, promised.hub[number],
        (promised.pickup[number], promised.arrival[number], promised.delivery[number]),
        any_day=len(network.capacities) > 0,
    )  # fmt: skip
    good = open_way & (part.costs(row, column) < FORBIDDEN) & (granules * part.granule[row] == quantity)
    good &= (granules >= 1) & (granules <= part.supply[row])
    good &= served <= part.asked[column] * (1 + 1e-9)
    at = np.flatnonzero(good)
    return Kept(
        number[at], row[at], column[at], granules[at].astype(np.float64), way.take(at), np.full(len(at), -1)
    )


def as_flow(network: Network, part: Part, kept: Kept) -> PromisedArcs:
    """Return promises as quantities of the transport problem that the part would be without them."""
    return PromisedArcs(
        kept.row, kept.column, kept.way.unit_cost.sum(axis=1), kept.granules.astype(np.int64),
        network.promised.cost * network.scale.unit / part.step,
    )  # fmt: skip


def _place(own: Ints, members: Members, rows: Ints, count: int) -> Ints:
    """Return where the classes of table rows are among the classes `own`, -1 for those that are not."""
    class_of = np.full(count, -1)
    class_of[members.row] = np.repeat(np.arange(len(members.count)), members.count)
    wanted = class_of[rows]
    at = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
    return np.where((wanted >= 0) & (own[at] == wanted), at, -1)
