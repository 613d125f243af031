"""What a plan is for: its goals in the order in which they count, and what a plan reaches in each."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property

from oracle.cells import number, text
from oracle.ledger import Ledger
from oracle.rules import Rules

Cell = tuple[str, str]
Value = Fraction | tuple[Fraction, ...]
Values = Mapping[str, Value]


class Cells:
    """The (community, category) pairs that fairness looks at.

    Attributes
    ----------
    needs
        Cell → numbers of its needs, for the cells in which some donation could serve somebody.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        every: dict[Cell, list[int]] = {}
        for j, need in enumerate(rules.needs):
            if j not in rules.excluded:
                every.setdefault((text(need, "community"), self._category(need)), []).append(j)
        within_reach = {j for _, j in rules.pairs()} | {line.j for line in rules.pinned}
        self.needs = {cell: needs for cell, needs in every.items() if within_reach.intersection(needs)}

    def _category(self, row: Mapping[str, object]) -> str:
        return text(self.rules.facts(row), "category") or text(row, "item")

    def asked(self, cell: Cell) -> Fraction:
        """Return all that the needs of a cell ask for."""
        return sum((self.rules.asked(j) for j in self.needs[cell]), Fraction(0))

    def pinned(self, cell: Cell) -> Fraction:
        """Return what pinned lines bring the needs of a cell."""
        lines = (line for line in self.rules.pinned if line.j in self.needs[cell])
        return sum((line.quantity * self.rules.ratio[line.i, line.j] for line in lines), Fraction(0))

    def served(self, ledger: Ledger, cell: Cell) -> Fraction:
        """Return all that the needs of a cell get."""
        return sum((ledger.served[j] for j in self.needs[cell]), Fraction(0))

    def coverages(self, ledger: Ledger) -> tuple[Fraction, ...]:
        """Return served ÷ asked of every cell, the smallest first."""
        return tuple(sorted(self.served(ledger, cell) / self.asked(cell) for cell in self.needs))

    @cached_property
    def fair(self) -> dict[Cell, Fraction]:
        """Cell → what the rule `share` would give it at least."""
        rules = self.rules
        population = {
            name: Fraction(number(r, "population", 0)) for name, r in rules.roads.communities.items()
        }
        fair = {}
        for community, category in self.needs:
            supply = sum(
                rules.plannable[i]
                for i, donation in enumerate(rules.donations)
                if rules.kind(donation) != "funds" and self._category(donation) == category
            )
            part = population[community] / sum(population.values())
            cell = community, category
            fair[cell] = min(rules.fair_share * supply * part, self.asked(cell))
        return fair

    def shortfall(self, ledger: Ledger) -> Fraction:
        """Return what all cells miss of their fair share."""
        return sum(
            (max(fair - self.served(ledger, cell), Fraction(0)) for cell, fair in self.fair.items()),
            Fraction(0),
        )


def tiers(rules: Rules) -> list[int]:
    """Return the priorities that are asked for."""
    return sorted({rules.tier(j) for j in range(len(rules.needs))})


def goals(rules: Rules) -> list[str]:
    """Return the goals of a case in their order."""
    fairness = [] if rules.fairness == "none" else [rules.fairness]
    if rules.objective == "total-cost":
        return [*fairness, "cost"]
    return [*fairness, *(f"tier {k}" for k in tiers(rules)), "cost"]


def reached(ledger: Ledger) -> dict[str, Value]:
    """Return goal → what a plan reaches in it; more is better, and earlier goals decide first."""
    rules, cells = ledger.rules, Cells(ledger.rules)
    values: dict[str, Value] = {}
    if rules.fairness == "floor":
        values["floor"] = min(cells.coverages(ledger), default=Fraction(1))
    elif rules.fairness == "leximin":
        values["leximin"] = cells.coverages(ledger)
    elif rules.fairness == "share":
        values["share"] = -cells.shortfall(ledger)
    churn = rules.churn * ledger.changed
    if rules.objective == "total-cost":
        return values | {"cost": -ledger.logistics - ledger.unmet - churn}
    values |= {f"tier {k}": served for k, served in ledger.served_by_tier().items()}
    return values | {"cost": -ledger.logistics - churn}
