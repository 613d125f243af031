"""Deliveries: flows between classes handed out to donations and needs, line by line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchopt.arrays import Floats, Ints
from matchopt.case import Case
from matchopt.model.flows import Flows
from matchopt.model.network import Network, hand_out
from matchopt.model.order import ranks

FINE = 10**9
"""Parts of a scaled quantity in which is kept what rounding leaves, so that sums are rounded once."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The lines of a plan in the order they are written, with all that is known of each.

    Attributes
    ----------
    donation, need, quantity, hub, pickup, arrival, stay, delivery, block : (l,) int
        Table rows, scaled donated quantity, hub number, days, days in storage, number of the block.
    ratio : (l,) float
        Units of the need that one donated unit serves.
    unit_cost : (l, kinds) int
        1/10 000 currency per donated unit, in the order of `COST_KINDS`.
    """

    donation: Ints
    need: Ints
    quantity: Ints
    ratio: Floats
    hub: Ints
    pickup: Ints
    arrival: Ints
    stay: Ints
    delivery: Ints
    unit_cost: Ints
    block: Ints

    @property
    def served(self) -> Floats:
        """Scaled quantity served by each line."""
        return self.quantity * self.ratio

    def served_by_need(self, asked: Ints) -> tuple[Ints, Ints]:
        """Return the scaled quantity served of each need, to the nearest, and what it really is above that.

        The latter is in parts of 1 / `FINE`. Whole quantities add up exactly.
        """
        even = self.ratio == 1
        served = np.zeros(len(asked), dtype=np.int64)
        np.add.at(served, self.need[even], self.quantity[even])
        odd = ~even
        parts = np.bincount(self.need[odd], self.served[odd], minlength=len(asked))
        nearest = np.rint(parts)
        dust = np.abs(parts - nearest) <= 4 * np.spacing(parts)
        rest = np.where(dust, 0, np.rint((parts - nearest) * FINE)).astype(np.int64)
        served += nearest.astype(np.int64)
        return np.minimum(served, asked), np.where(served < asked, rest, np.minimum(rest, 0))

    def planned(self, count: int) -> Ints:
        """Return the scaled quantity planned of each of `count` donations."""
        total = np.zeros(count, dtype=np.int64)
        np.add.at(total, self.donation, self.quantity)
        return total


def settle(case: Case, network: Network, flows: Flows) -> Deliveries:
    """Hand `flows` out to donations and needs, in the order in which lines are written."""
    lines = hand_out(network, flows.tail, flows.head, flows.quantity)
    # Hubs are numbered by name, so that the order of numbers is the order of names.
    order = np.lexsort(
        (
            flows.delivery[lines.arc], flows.arrival[lines.arc], flows.pickup[lines.arc],
            flows.hub[lines.arc], ranks(case.donations["donation_id"])[lines.donation],
            ranks(case.needs["need_id"])[lines.need],
        )
    )  # fmt: skip
    arc = lines.arc[order]
    return Deliveries(
        lines.donation[order], lines.need[order], lines.quantity[order], flows.ratio[arc], flows.hub[arc],
        flows.pickup[arc], flows.arrival[arc], flows.stay[arc], flows.delivery[arc], flows.unit_cost[arc],
        flows.block[arc],
    )  # fmt: skip
