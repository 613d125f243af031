"""The transport problem with spare supply and unmet demand, and its optimality certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from matchopt.arrays import Ints


@dataclass(frozen=True, slots=True)
class Transport:
    """Minimise arc cost + spare cost + unmet cost.

    Supply i is sent over arcs or left spare, demand j is met over arcs or left unmet:

        min  Σ c_a x_a + Σ e_i y_i + Σ u_j z_j
        s.t. Σ_{a from i} x_a + y_i = s_i,   Σ_{a into j} x_a + z_j = d_j,   x, y, z ≥ 0.

    Attributes
    ----------
    supply, demand : (m,) int, (n,) int
        s and d.
    tail, head, cost : (a,) int
        Arcs from supply `tail` to demand `head`.
    spare_cost, unmet_cost : (m,) int, (n,) int
        e and u; `FORBIDDEN` where all must be sent or met.
    """

    supply: Ints
    demand: Ints
    tail: Ints
    head: Ints
    cost: Ints
    spare_cost: Ints
    unmet_cost: Ints

    @property
    def root_supply(self) -> int:
        """What the root node, from which unmet demand is filled, takes in besides the spares."""
        return int(self.demand.sum()) - int(self.supply.sum())


@dataclass(frozen=True, slots=True)
class Certificate:
    """Prices that prove a flow optimal: a dual solution in complementary slackness with it.

    ``supply_price[i] + demand_price[j] ≤ cost`` on every arc, ``supply_price ≤ spare_cost``
    and ``demand_price ≤ unmet_cost``; equality wherever something flows. Any such prices
    bound every plan from below by Σ supply_price · s + Σ demand_price · d.
    """

    supply_price: Ints
    demand_price: Ints


class Backend(Protocol):
    """A solver of transport problems: arcs in, arc flows out."""

    name: str

    def flow(self, problem: Transport) -> Ints:
        """Return an optimal flow (a,) of `problem`.

        Raises
        ------
        SolverError
            If the solver reports anything but an optimum.
        """
        ...
