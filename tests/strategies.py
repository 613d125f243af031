"""Random small cases that use every feature at once, as rows that a user would write."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hypothesis import given, seed
from hypothesis import strategies as st

from drawing import COSTS, FEW, WHOLE, Drawing, day, written
from oracle import Rules
from profiles import examples
from small_case import Row, SmallCase

__all__ = ["WHOLE", "Row", "SmallCase", "drawn", "small_cases"]

WEIGHTS = (None, 1, 2, 0.5, 0.3, 0)
GROUPS = (None, "elderly", "children")
PRICES = (None, 3, 12.5, 0.4, 1)
RATIOS = (None, 0.5, 2, 1.5, 0.3, 3)
LOTS = (None, 2, 3, 4, 1.5, 1, 20)
BUDGETS = (0.01, 1, 3, 10, 0.5, 30, 100, 1000)
FUNDS = "money"


class _Draft(Drawing):
    """Draws the rows of one case, feature by feature."""

    def __init__(
        self,
        draw: st.DrawFn,
        most_donations: int,
        most_needs: int,
        most_steps: int,
        always: Collection[str],
        plain: bool,
    ) -> None:
        super().__init__(draw, always, plain)
        self.most_steps = most_steps
        self.items = self._items()
        needs, donations = (3, 2) if self.whole else (2, 1)
        if FEW & self.features:
            most_donations = min(most_donations, 3)
        elif "single source" in self.features:
            most_needs, donations = min(most_needs, 4), 3
        self.tables["needs"] = [self._need(k + 1) for k in range(self.several(needs, most_needs))]
        self.tables["donations"] = self._donations(self.several(donations, most_donations))
        if "items" in self.features:
            self.tables["items"] = list(self.items.values())
        self.tables["hubs"] = self.hubs
        if "communities" in self.features:
            self.add_communities()
        if "substitutions" in self.features:
            self._substitutions()
        if "affinities" in self.features:
            self._affinities()
        if "exclusions" in self.features:
            self._exclusions()
        if "lanes" in self.features:
            self.add_lanes()
        self.correct_origins()
        self.settings = self._settings()

    def _items(self) -> dict[str, Row]:
        items: dict[str, Row] = {}
        count = self.several(2, 2) if "ratios" in self.features else self.several(1, 2 if self.whole else 4)
        for name in ("rice", "flour", "milk", "visit")[:count]:
            row: Row = {"item": name}
            if "items" in self.features:
                row |= {
                    "weight_kg": self.one(*WEIGHTS),
                    "shelf_life_days": self.one(None, 2, 4, 0, 9, given="shelf life"),
                    "cold": self.one(None, True, False, given="cold"),
                    "step": self._item_step(),
                    "kind": self.one(None, "service", "goods", given="services"),
                    "category": self.one(None, "food", "food", "help", given="fairness"),
                    "purchase_price": self.one(*PRICES, given="funds"),
                }
            items[name] = written(row)
        if "funds" in self.features:
            row = {"item": FUNDS, "kind": "funds", "weight_kg": self.one(*WEIGHTS)}
            items[FUNDS] = written(row | {"step": self.one(None, None, 0.5, 2)})
        return items

    def _item_step(self) -> float | None:
        """Draw a step, mostly not 1 where quantities are to be off it."""
        if "odd steps" in self.features:
            return self.one(2, 3, 0.5, 1.5, 5, None)
        return self.one(None, 0.5, 2, 0.5, 1, given="steps")

    def _item(self, funds: int = 0, other: int = 0) -> str:
        """Draw an item, the first one most often, so that needs and donations meet.

        It is money as if that were there `funds` times, and the last of the others `other` times more.
        """
        goods = [item for item in self.items if item != FUNDS]
        money = [FUNDS] * funds if FUNDS in self.items else []
        return self.one(*goods[:1] * 2, *goods, *goods[-1:] * other, *money)

    def _step(self, item: str) -> float:
        return float(self.items[item].get("step", 1))

    def _quantity(self, item: str, times: int = 1) -> float | int:
        """Draw a quantity; of goods, it may be `times` as large as others."""
        step = self._step(item)
        quantity = step * self.draw(st.integers(1, self.most_steps))
        if item == FUNDS:
            return quantity * self.one(1, 3, 5)
        if times > 1:
            quantity *= self.one(times, 1, times)
        if "odd steps" in self.features and step != 1:
            quantity -= self.one(0, 0.25 if step % 1 else 1)
        return int(quantity) if quantity == int(quantity) else quantity

    def _need(self, k: int) -> Row:
        item = self._item(funds=self.one(0, 0, 0, 1))
        days = "days" in self.features
        late = (3, 5) if "capacities" in self.features else ()
        since = self.one(None, 0, 2, 3, 5, 6, *late) if days else None
        until = self.one(None, None, 0, 1, 3) if days else None
        row = {
            "need_id": f"n{k}",
            "community": self.one(*self.communities),
            "item": item,
            "quantity": self._quantity(item, 3 if "single source" in self.features else 1),
            "priority": self.one(None, 1, 2, 9, given="priorities"),
            "group": self.one(*GROUPS, given="groups"),
            "needed_from": None if since is None else day(since),
            "needed_by": None if until is None else day((since or 1) + until),
            "min_quality": self.one(None, None, 1, 3, 4, 5, given="quality"),
            "min_remaining_days": self.one(None, None, 0, 1, 3, given="shelf life"),
            "channel": self.one(None, "resident", "public_sector", "enterprise", given="channels"),
            "unmet_cost": self.one(None, None, 40, 7, *COSTS, given="unmet costs"),
            "single_source": self.one(None, True, True, False, given="single source"),
            "all_or_nothing": self.one(None, True, True, False, given="all or nothing"),
            "created_on": self.one(None, "2025-12-31", given="remarks"),
            "remark": self.one(None, "ring first", given="remarks"),
        }
        return written(row)

    def _donations(self, count: int) -> list[Row]:
        """Draw donations; where some may not turn up, now and then one that is like the one before."""
        rows: list[Row] = []
        for k in range(1, count + 1):
            if rows and "reliability" in self.features and self.one(False, True, False):
                row = rows[-1] | {"donation_id": f"d{k}", "quantity": self._quantity(rows[-1]["item"])}
                rows.append(row | {"reliability": rows[-1].get("reliability", self.one(0.5, 0.4))})
                rows[-2]["reliability"] = rows[-1]["reliability"]
            else:
                rows.append(self._donation(k))
        return rows

    def _donation(self, k: int) -> Row:
        item = self._item(funds=3, other=3 if "ratios" in self.features else 0)
        days = "days" in self.features
        since = self.one(None, 0, 1, 2, None, 4) if days else None
        early = (0, 0, 1) if "capacities" in self.features else ()
        until = self.one(None, 0, 1, 2, 4, *early) if days else None
        expiry = self.one(None, None, None, 3, 5, 8) if days else None
        step = self._step(item)
        places = [None, *self.communities, "depot", *(hub["hub"] for hub in self.hubs)]
        row = {
            "donation_id": f"d{k}",
            "donor": self._donor(),
            "item": item,
            "quantity": self._quantity(item, 3 if "few communities" in self.features else 1),
            "origin": self.one(*places, None, given="origins"),
            "community": self.one(None, *self.communities, given="communities"),
            "available_from": None if since is None else day(since),
            "available_until": None if until is None else day((since or 0) + until),
            "expires_on": None if expiry is None else day((since or 0) + expiry),
            "quality": self.one(None, None, 5, 4, 3, 2, given="quality"),
            "lot_size": self._lot(step),
            "max_communities": self._most_communities(),
            "only_communities": self.one(
                *[None] * 6, *self.communities, ";".join(self.communities[:2]), given="earmarks"
            ),
            "only_groups": self.one(*[None] * 4, "elderly", "elderly; children", given="earmarks"),
            "reliability": self.one(*[None] * 6, 0.9, 0.5, 0.25, 0, given="reliability"),
            "created_on": self.one(None, "2027-01-01", given="remarks"),
        }
        return written(row) | self.coordinates("own coordinates")

    def _donor(self) -> str | None:
        if "affinities" in self.features:
            return self.one(None, "Baker", "Miller")
        return self.one(None, "Baker", given="remarks")

    def _lot(self, step: float) -> float | None:
        """Draw a lot: where it is to matter, of more than a step, or more than the donation."""
        if "big lots" in self.features:
            times = self.one(*LOTS)
            return None if times is None else times * step
        return self.one(None, None, step, step / 2, given="lots")

    def _most_communities(self) -> int | None:
        if "few communities" in self.features:
            return self.one(1, 1, 2, None)
        return self.one(None, None, len(self.communities), 9, given="lots")

    def _affinities(self) -> None:
        """Name some pairs by donation or donor and by need or group, each combination once at most."""
        donations, needs = self.tables["donations"], self.tables["needs"]
        givers, takers = (
            sorted({(column, row[column]) for row in rows for column in columns if column in row})
            for rows, columns in ((donations, ("donation_id", "donor")), (needs, ("need_id", "group")))
        )
        pairs = [(a, b) for a in givers for b in takers]
        chosen = self.draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=6))
        self.tables["affinities"] = [dict((a, b, ("score", self.one(0, 0.5, 0.9, 1)))) for a, b in chosen]

    def _substitutions(self) -> None:
        order = list(self.items)
        across = "odd steps" in self.features
        pairs = [
            (a, b)
            for k, a in enumerate(order)
            for b in order[k + 1 :]
            if across or self._step(a) == self._step(b)
        ]
        if pairs:
            chosen = self.draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=4))
            self.tables["substitutions"] = [
                written(
                    {
                        "need_item": a,
                        "donated_item": b,
                        "ratio": self.one(*RATIOS, given="ratios"),
                        "penalty": self.one(None, *COSTS),
                    }
                )
                for a, b in chosen
            ]

    def _exclusions(self) -> None:
        row = {
            "item": self.one(*self.items, None),
            "group": self.one(*reversed(GROUPS)),
            "community": self.one(*self.communities, None),
        }
        if written(row):
            self.tables["exclusions"] = [written(row)]

    def _boundary(self) -> str | None:
        """Draw a boundary that the tables can tell."""
        known = ["open", "community"]
        for column in ("district", "organization"):
            if any(column in row for row in self.tables.get("communities", ())):
                known.insert(1, column)
        if "organization" in known and "agreements" in self.tables:
            known += ["agreements", "agreements"]
        return self.one(*known, given="boundary")

    def _settings(self) -> dict[str, Any]:
        rates: dict[str, Any] = {
            "transport_per_kg_km": self.one(0.002, 0, 0.01, 1),
            "handling_direct": self.one(None, 0, 50, 0.1, 3, 50),
            "hub_handling": self.one(None, 0, 0.1, 0, 1),
            "hub_storage": self.one(None, 0.5, 0.00005, 0),
            "detour_factor": self.one(None, 1, 1.25, given="coordinates"),
            "unmet_cost": self.one(None, 100, 20, 5, 1, 0),
        }
        if "channels" in self.features:
            rates["identification"] = {
                "resident": self.one(0, 0.5),
                "public_sector": self.one(0, 1),
                "enterprise": self.one(0.1, 0.00005),
            }
        policy = {
            "objective": self.one(None, "total-cost", "total-cost", given="total cost"),
            "boundary": self._boundary(),
            "reliability": self.one(None, "ignore", "firm", "expected", given="reliability"),
            "fairness": self.fairness,
            "fair_share": self.one(1, 0.5, 0.8, 0) if self.fairness == "share" else None,
            "budget": self.one(*BUDGETS, given="budget"),
            "affinity_weight": self.one(0.5, 1, 10, 0.0003, given="affinities"),
        }
        short = "capacities" in self.features
        wanted = "days" in self.features and (short or "horizon" in self.features)
        horizon = self._horizon(short) if wanted else {}
        sections = {"rates": written(rates), "policy": written(policy), "horizon": horizon}
        return {name: section for name, section in sections.items() if section}

    def _horizon(self, short: bool) -> Row:
        """Draw a horizon that does not end before it starts, whichever end is left to the tables.

        A `short` one has few days, for each is one more for a hub to be full.
        """
        start, end = self.one(None, 0, 1, 2), self.one(6, 7, 4, 3) if short else self.one(None, 6, 8, 4, 3)
        horizon = written(
            {"start": None if start is None else day(start), "end": None if end is None else day(end)}
        )
        _, first, last = Rules.horizon(self.tables, horizon)
        return horizon if first <= last else {}


@st.composite
def small_cases(
    draw: st.DrawFn,
    most_donations: int = 6,
    most_needs: int = 7,
    most_steps: int = 6,
    always: Collection[str] = (),
    plain: bool = False,
) -> SmallCase:
    """Draw a valid case with any of the features, with ties more often than not.

    `always` names the features that every case is to have, and to use wherever it can. In a
    `plain` case no others of the `WHOLE` features occur: without any, it is a transport problem.
    """
    draft = _Draft(draw, most_donations, most_needs, most_steps, always, plain)
    return SmallCase({name: rows for name, rows in draft.tables.items() if rows}, draft.settings)


def drawn(share: float, number: int, plain: bool = False) -> list[SmallCase]:
    """Return random cases, the same ones for the same seed `number`; `share` as for properties."""
    cases: list[SmallCase] = []

    @seed(number)
    @examples(share)
    @given(small_cases(plain=plain))
    def collect(small: SmallCase) -> None:
        cases.append(small)

    collect()
    return cases
