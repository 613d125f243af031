"""Who can serve whom, by which routes, at what ratio and at what cost: one pair at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from oracle.cells import Row, common_multiple, day_number, fraction, names, number, text, to_decimal, to_money
from oracle.commitments import PINNED, Commitments
from oracle.routes import Calendar, Days, Leg, Resource, Roads, Route

Pair = tuple[int, int]

TODAY = date(2026, 3, 1)
"""The day that tests take today for."""

COIN = Fraction(1, 10_000)
"""The smallest money there is."""

STAGES = ("no_such_item", "quality", "earmark", "boundary", "unreachable", "timing", "declined")
COMPONENTS = ("transport", "handling", "storage", "identification", "penalty", "transfer", "purchase")
DAYS = {
    "needed_from": "needs",
    "needed_by": "needs",
    "available_from": "donations",
    "available_until": "donations",
    "expires_on": "donations",
}
"""Column of a day → its table."""
RATES = {
    "transport_per_kg_km": 0.002,
    "handling_direct": 0.10,
    "hub_handling": 0.20,
    "hub_storage": 0.01,
    "detour_factor": 1.3,
    "unmet_cost": 1000.0,
}


class Rules:
    """The contract applied to the rows of one case.

    Attributes
    ----------
    excluded
        Numbers of the needs that an exclusion names.
    plannable, granule
        What may be planned of each donation, and the least that a line can carry of it, in item units.
    pool
        Numbers of the donations of which something may be planned.
    obstacle
        (donation, need) → first stage that refuses the pair, ``""`` if admissible.
    route
        (donation, need) → best route, for the admissible pairs.
    routes
        (donation, need) → the routes that a line may take: all if a capacity bears on one, else the best.
    through
        (donation, need) → the routes of all hubs: all days, or, where no capacity bears, the first of each.
    ratio
        (donation, need) → units served by one donated unit, where the items fit.
    limits
        What has a capacity → that capacity in kg, less what pinned lines load.
    capacitated
        Whether the case gives any capacity.
    budget
        What lines without their purchases may cost in 1/10 000 of the currency, None without a limit.
    pinned
        Lines that an earlier plan has led to and that stay.
    left, short
        What they leave of each donation and of each need.
    promises
        Lines of the earlier plan that it costs `churn` to change.
    keepable
        Those that can be kept, with the route that does it.
    """

    def __init__(
        self, tables: Mapping[str, Sequence[Row]], settings: Mapping[str, Any], today: date = TODAY
    ) -> None:
        self.needs = tables["needs"]
        self.donations = tables["donations"]
        rates = settings.get("rates", {})
        self.rates = {name: Decimal(str(rates.get(name, default))) for name, default in RATES.items()}
        self.identification = rates.get("identification", {})
        policy = settings.get("policy", {})
        self.objective: str = policy.get("objective", "coverage-first")
        self.boundary: str = policy.get("boundary", "open")
        self.reliability: str = policy.get("reliability", "expected")
        self.fairness: str = policy.get("fairness", "none")
        self.fair_share = Fraction(str(policy.get("fair_share", 1)))
        self.affinity_weight = Fraction(str(policy.get("affinity_weight", 0)))
        budget = Fraction(str(policy.get("budget", 0)))
        self.allowance = budget * 10_000 if budget > 0 else None
        self.churn = Fraction(str(policy.get("churn_cost", 0))) * 10_000
        self.roads = Roads(tables, self.rates)
        self.calendar = Calendar(*self.horizon(tables, settings.get("horizon", {}), today))
        self.items = {text(r, "item"): r for r in tables.get("items", ())}
        self.substitutions = {
            (text(r, "need_item"), text(r, "donated_item")): r for r in tables.get("substitutions", ())
        }
        self.agreements = {
            (text(r, "from_organization"), text(r, "to_organization")): r
            for r in tables.get("agreements", ())
        }
        self.affinities = {
            (self._named(r, "donation_id", "donor"), self._named(r, "need_id", "group")): Fraction(
                str(r["score"])
            )
            for r in tables.get("affinities", ())
        }
        self.excluded = {
            j
            for j, need in enumerate(self.needs)
            if any(self._names_it(row, need) for row in tables.get("exclusions", ()))
        }
        self.plannable = self._plannable(tables.get("commitments", ()))
        goods = (row for row in self.items.values() if text(row, "kind") != "funds")
        buys = any(number(row, "purchase_price") is not None for row in goods)
        self.granule = [self._granule(donation, buys=buys) for donation in self.donations]
        self.pool = [i for i, quantity in enumerate(self.plannable) if quantity > 0]
        self.limits = dict(self._limits())
        self.capacitated = bool(self.limits) or any(
            hub.get("storage_capacity") is not None for hub in self.roads.hubs.values()
        )
        self.ratio: dict[Pair, Fraction] = {}
        self.obstacle: dict[Pair, str] = {}
        self.route: dict[Pair, Route] = {}
        self.routes: dict[Pair, list[Route]] = {}
        self.through: dict[Pair, list[Route]] = {}
        for i in range(len(self.donations)):
            for j in range(len(self.needs)):
                self._judge(i, j)
        self.committed = Commitments(self, tables.get("commitments", ()))
        self.pinned = self.committed.pinned()
        self.left, self.short, self.budget = self._less_pinned()
        self._bar()
        self.promises = self.committed.promises()
        self.keepable = list(self.committed.keepable(self.promises)) if self.churn else []

    # --- the frame -----------------------------------------------------------------------------

    @staticmethod
    def horizon(
        tables: Mapping[str, Sequence[Row]], setting: Mapping[str, Any], today: date = TODAY
    ) -> tuple[bool, int, int]:
        """Return whether a case knows days, and the first and last of its horizon."""
        days = {
            column: [day_number(row[column]) for row in tables[table] if row.get(column) is not None]
            for column, table in DAYS.items()
        }
        start, end = setting.get("start"), setting.get("end")
        if start is None and not any(days.values()):
            return False, 0, 0
        until = days["needed_by"] + days["available_until"]
        if start is None:
            first = min(days["needed_from"] + until or days["available_from"] or [today.toordinal()])
        else:
            first = today.toordinal() if start == "today" else day_number(start)
        if end is not None:
            return True, first, day_number(end)
        near = [d for d in days["needed_from"] + days["available_from"] + until if d <= first + 400]
        open_end = [] if any(d <= first + 400 for d in until) else [first + 28]
        return True, first, max(near + open_end)

    @staticmethod
    def _names_it(exclusion: Row, need: Row) -> bool:
        return all(
            text(exclusion, column) in ("", text(need, column)) for column in ("item", "group", "community")
        )

    @staticmethod
    def _named(row: Row, single: str, several: str) -> tuple[str, str]:
        """Return which of the two columns an affinity gives, and what it names there."""
        return (single, text(row, single)) if text(row, single) else (several, text(row, several))

    def facts(self, row: Row) -> Row:
        """Return the row of the item of a need or donation."""
        return self.items.get(text(row, "item"), {})

    def kind(self, row: Row) -> str:
        """Return whether the item of a need or donation is goods, a service or funds."""
        return text(self.facts(row), "kind") or "goods"

    def asked(self, j: int) -> Fraction:
        """Return what need `j` asks for."""
        return Fraction(str(self.needs[j]["quantity"]))

    def offered(self, i: int) -> Fraction:
        """Return all that donation `i` holds, whether it may be planned or not."""
        return Fraction(str(self.donations[i]["quantity"]))

    def tier(self, j: int) -> int:
        """Return the priority of need `j`."""
        return int(number(self.needs[j], "priority", 5))

    def kg(self, i: int) -> Fraction:
        """Return what one unit of donation `i` loads on hubs, lanes and agreements: nothing unless goods."""
        donation = self.donations[i]
        return (
            fraction(self.facts(donation), "weight_kg", 1) if self.kind(donation) == "goods" else Fraction(0)
        )

    def _granule(self, donation: Row, *, buys: bool) -> Fraction:
        """Return the least that leaves a donor on any line: of money that may buy, a coin, or its lot."""
        if buys and self.kind(donation) == "funds":
            return fraction(donation, "lot_size") or COIN
        return self._whole(donation)

    def _whole(self, donation: Row) -> Fraction:
        step = fraction(self.facts(donation), "step", 1)
        return common_multiple(step, fraction(donation, "lot_size") or step)

    def line_granule(self, i: int, j: int) -> Fraction:
        """Return what each line from donation `i` to need `j` is a whole multiple of."""
        return self.granule[i] if self.purchase(i, j) else self._whole(self.donations[i])

    def one_more(self, i: int, j: int) -> Fraction:
        """Return the least that donation `i` alone can give need `j`."""
        least = self.line_granule(i, j)
        return common_multiple(least, self.lump(j)) if self.purchase(i, j) else least

    def step_cost(self, j: int) -> Fraction:
        """Return what a step of need `j` costs to buy."""
        item = self.facts(self.needs[j])
        return fraction(item, "step", 1) * fraction(item, "purchase_price", 0)

    def lump(self, j: int) -> Fraction:
        """Return the money of which all that is bought for need `j` costs a whole multiple."""
        return common_multiple(self.step_cost(j), COIN)

    def lead(self, j: int) -> Fraction | None:
        """Return the least money that makes whole steps of what pinned lines have bought for need `j`."""
        step = self.step_cost(j)
        bought = (line.quantity for line in self.pinned if line.j == j and line.route.purchase)
        paid = sum(bought, Fraction(0))
        for count in range(int(self.lump(j) / step)):
            lead = (math.ceil(paid / step) + count) * step - paid
            if (lead / COIN).denominator == 1:
                return lead
        return None

    def _plannable(self, commitments: Sequence[Row]) -> list[Fraction]:
        """Return what may be planned of each donation: rounded down once over those that are alike."""
        plannable = [self.offered(i) for i in range(len(self.donations))]
        groups: dict[object, list[int]] = {}
        for i, donation in enumerate(self.donations):
            if fraction(donation, "reliability", 1) < 1 and self.reliability != "ignore":
                groups.setdefault(self._read(donation), []).append(i)
        for group in groups.values():
            first = self.donations[group[0]]
            step = fraction(self.facts(first), "step", 1)
            least = max(step, fraction(first, "lot_size") or step)
            expected = sum(plannable[i] for i in group) * fraction(first, "reliability", 1)
            left = Fraction(0) if self.reliability == "firm" else math.floor(expected / least) * least
            taken = dict.fromkeys(group, Fraction(0))
            pinned = {i: self._committed(text(self.donations[i], "donation_id"), commitments) for i in group}
            by_id = sorted(group, key=lambda i: text(self.donations[i], "donation_id"))
            for most in (pinned, dict(enumerate(plannable))):
                for i in by_id:
                    more = min(max(min(most[i], plannable[i]) - taken[i], Fraction(0)), left)
                    taken[i], left = taken[i] + more, left - more
            for i in group:
                plannable[i] = taken[i]
        return plannable

    @staticmethod
    def _committed(donation: str, commitments: Sequence[Row]) -> Fraction:
        """Return what lines that stay take of a donation."""
        rows = (row for row in commitments if text(row, "donation_id") == donation)
        stay = (row for row in rows if text(row, "status") in PINNED)
        return sum((Fraction(str(row["quantity"])) for row in stay), Fraction(0))

    def _read(self, donation: Row) -> object:
        """Return all that the rules read of a donation but its id, donor and quantity."""
        donor = text(donation, "donor") or text(donation, "donation_id")
        fits = [
            sorted((taker, score) for (giver, taker), score in self.affinities.items() if giver == name)
            for name in (("donation_id", text(donation, "donation_id")), ("donor", donor))
        ]
        return (
            *(text(donation, column) for column in ("item", "origin", "community")),
            *(
                number(donation, column)
                for column in ("latitude", "longitude", "lot_size", "max_communities")
            ),
            *(frozenset(names(donation, column)) for column in ("only_communities", "only_groups")),
            number(donation, "quality", 5),
            number(donation, "reliability", 1),
            self.calendar.day(donation, "available_from", self.calendar.start),
            self.calendar.day(donation, "available_until", self.calendar.end),
            donation.get("expires_on") and day_number(donation["expires_on"]),
            str(fits) if self.affinity_weight else "",
        )

    def _limits(self) -> Iterator[tuple[Resource, Fraction]]:
        days = range(self.calendar.start, self.calendar.end + 1)
        for name, hub in self.roads.hubs.items():
            for kind in ("storage", "throughput"):
                capacity = fraction(hub, f"{kind}_capacity")
                if capacity is not None and (kind == "throughput" or self.calendar.dated):
                    yield from (((kind, name, day), capacity) for day in days)
        for table, kind, column in (
            (self.roads.lanes, "lane", "capacity_kg"),
            (self.agreements, "agreement", "max_quantity_kg"),
        ):
            for ends, row in table.items():
                capacity = fraction(row, column)
                if capacity is not None:
                    yield (kind, *ends), capacity

    # --- stages of contract §2 -----------------------------------------------------------------

    def _less_pinned(self) -> tuple[list[Fraction], list[Fraction], Fraction | None]:
        """Return what pinned lines leave of donations, needs and budget; take their loads off the limits."""
        left = list(self.plannable)
        short = [self.asked(j) for j in range(len(self.needs))]
        budget = self.allowance
        for line in self.pinned:
            left[line.i] -= line.quantity
            short[line.j] -= line.quantity * self.ratio[line.i, line.j]
            if budget is not None:
                budget -= line.quantity * line.route.budgeted
            for resource in line.route.uses:
                self.limits[resource] -= line.quantity * self.kg(line.i)
        nothing = Fraction(0)
        self.limits = {resource: max(capacity, nothing) for resource, capacity in self.limits.items()}
        rest = None if budget is None else max(budget, nothing)
        return [max(q, nothing) for q in left], [max(q, nothing) for q in short], rest

    def visited(self, i: int) -> set[str]:
        """Return the communities that pinned lines of donation `i` reach."""
        return {text(self.needs[line.j], "community") for line in self.pinned if line.i == i}

    def _barred(self, i: int, j: int) -> bool:
        """Return whether the pair is not proposed again."""
        sources = {line.i for line in self.pinned if line.j == j}
        taken = bool(self.needs[j].get("single_source")) and sources not in (set(), {i})
        return taken or (i, j) in self.committed.barred

    def _bar(self) -> None:
        """Refuse the pairs that are not proposed again."""
        for i, j in list(self.route):
            if self._barred(i, j):
                self.obstacle[i, j] = "declined"
                del self.route[i, j], self.routes[i, j]

    def broken(self, i: int, j: int) -> list[int]:
        """Return the numbers of all stages that the pair breaks, each looked at by itself."""
        donation, need = self.donations[i], self.needs[j]
        if (i, j) not in self.ratio:
            return [0]
        item = self.facts(donation)
        connected = [legs for _, legs in self.roads.connected(donation, need, item)]
        at_once = [Leg(("", ""), Decimal(0), None, 0)]
        in_time = (next(self.calendar.days(donation, need, item, w), None) for w in connected or [at_once])
        refused = {
            "quality": number(donation, "quality", 5) < number(need, "min_quality", 1),
            "earmark": not self._earmarks_admit(donation, need),
            "boundary": not self._boundary_admits(donation, need),
            "unreachable": not connected,
            "timing": not any(in_time),
            "declined": self._barred(i, j),
        }
        return [number for number, stage in enumerate(STAGES) if refused.get(stage)]

    def _judge(self, i: int, j: int) -> None:
        donation, need = self.donations[i], self.needs[j]
        ratio = self._ratio(donation, need)
        stage = ""
        if ratio is not None:
            self.ratio[i, j] = ratio
        if ratio is None:
            stage = "no_such_item"
        elif number(donation, "quality", 5) < number(need, "min_quality", 1):
            stage = "quality"
        elif not self._earmarks_admit(donation, need):
            stage = "earmark"
        elif not self._boundary_admits(donation, need):
            stage = "boundary"
        else:
            connected = list(self.roads.connected(donation, need, self.facts(donation)))
            found = [self._routes(i, j, hub, legs) for hub, legs in connected]
            loaded = any(route.uses for routes in found for route in routes)
            if not loaded:  # no capacity bears on the pair: the days that come first are the only ones
                found = [routes[:1] for routes in found]
            self.through[i, j] = [route for routes in found for route in routes]
            best = [routes[0] for routes in found if routes]
            if not connected:
                stage = "unreachable"
            elif not best:
                stage = "timing"
            else:
                self.route[i, j] = min(best, key=lambda r: (r.unit_cost, r.hub != "", r.hub))
                self.routes[i, j] = self.through[i, j] if loaded else [self.route[i, j]]
        self.obstacle[i, j] = stage

    def _ratio(self, donation: Row, need: Row) -> Fraction | None:
        """Return how many units of the need one donated unit serves, None where the items do not fit."""
        item, wanted = text(donation, "item"), text(need, "item")
        if item == wanted:
            return Fraction(1)
        if (wanted, item) in self.substitutions:
            return fraction(self.substitutions[wanted, item], "ratio", 1)
        price = fraction(self.facts(need), "purchase_price")
        if self.buys(donation, need) and price is not None:
            return 1 / price
        return None

    def buys(self, donation: Row, need: Row) -> bool:
        """Return whether the donation can serve the need only by a purchase."""
        pair = text(need, "item"), text(donation, "item")
        return (
            self.kind(donation) == "funds" and self.kind(need) != "funds" and pair not in self.substitutions
        )

    def purchase(self, i: int, j: int) -> bool:
        """Return whether donation `i` can serve need `j` only by a purchase."""
        return self.buys(self.donations[i], self.needs[j])

    @staticmethod
    def _earmarks_admit(donation: Row, need: Row) -> bool:
        communities, groups = names(donation, "only_communities"), names(donation, "only_groups")
        return (not communities or text(need, "community") in communities) and (
            not groups or text(need, "group") in groups
        )

    def _of_community(self, community: str, column: str) -> str:
        return text(self.roads.communities.get(community, {}), column)

    def _organizations(self, donation: Row, need: Row) -> tuple[str, str]:
        ours, theirs = (
            self._of_community(text(row, "community"), "organization") for row in (donation, need)
        )
        return ours, theirs

    def _boundary_admits(self, donation: Row, need: Row) -> bool:
        giver, taker = text(donation, "community"), text(need, "community")
        if self.boundary == "open" or not giver or giver == taker:
            return True
        if self.boundary == "community":
            return False
        column = "district" if self.boundary == "district" else "organization"
        ours, theirs = self._of_community(giver, column), self._of_community(taker, column)
        if ours and ours == theirs:
            return True
        return self.boundary == "agreements" and (ours, theirs) in self.agreements

    # --- routes, what they use and what one donated unit costs ---------------------------------

    def _routes(self, i: int, j: int, hub: str, legs: list[Leg]) -> list[Route]:
        """Return the routes over these legs, all their days; the days that come first by rule stand first."""
        donation, need = self.donations[i], self.needs[j]
        found: list[Route] = []
        prices: dict[int, tuple[int, tuple[tuple[int, ...], ...], int]] = {}
        for days in self.calendar.days(donation, need, self.facts(donation), legs):
            if days.storage not in prices:
                prices[days.storage] = self._price(i, j, hub, legs, days.storage)
            purchase = 10_000 if self.buys(donation, need) else 0
            uses = self._uses(i, j, hub, legs, days) if self.limits else ()
            found.append(
                Route(hub, *self.calendar.told(days), days.storage, *prices[days.storage], purchase, uses)
            )
            if not self.capacitated:
                break
        return found

    def stated_route(self, i: int, j: int, hub: str, days: Days) -> Route:
        """Return a route as somebody states it, whether the rules admit it or not."""
        legs = self.roads.stated(self.donations[i], self.needs[j], self.facts(self.donations[i]), hub)
        purchase = 10_000 if self.buys(self.donations[i], self.needs[j]) else 0
        price = self._price(i, j, hub, legs, days.storage)
        uses = self._uses(i, j, hub, legs, days)
        return Route(hub, *self.calendar.told(days), days.storage, *price, purchase, uses)

    def _uses(self, i: int, j: int, hub: str, legs: list[Leg], days: Days) -> tuple[Resource, ...]:
        """Return what has a capacity and is loaded by this route, once for each time it is."""
        if not self.kg(i):
            return ()
        loaded: list[Resource] = [("lane", *leg.names) for leg in legs]
        if hub:
            loaded.append(("throughput", hub, days.arrival))
            loaded += [("storage", hub, days.arrival + night) for night in range(days.storage)]
        if text(self.donations[i], "community"):
            loaded.append(("agreement", *self._organizations(self.donations[i], self.needs[j])))
        return tuple(resource for resource in loaded if resource in self.limits)

    def _price(
        self, i: int, j: int, hub: str, legs: list[Leg], storage_days: int
    ) -> tuple[int, tuple[tuple[int, ...], ...], int]:
        """Return what one donated unit costs, how it may be told by kind, what is rated; in 1/10 000."""
        donation, need, ratio = self.donations[i], self.needs[j], to_decimal(self.ratio[i, j])
        kind = self.kind(donation)
        weight = Decimal(0) if kind == "funds" else number(self.facts(donation), "weight_kg", 1)
        transport = weight * sum((leg.cost_per_kg for leg in legs), Decimal(0))
        handling, storage = weight * self.rates["handling_direct"], Decimal(0)
        if kind == "service":
            transport, handling = weight * (legs[0].lane_cost_per_kg or 0), Decimal(0)
        if hub:
            row = self.roads.hubs[hub]
            handling = weight * number(row, "handling_cost", self.rates["hub_handling"])
            storage = weight * storage_days * number(row, "storage_cost", self.rates["hub_storage"])
        channel = text(need, "channel") or "resident"
        pair = text(need, "item"), text(donation, "item")
        penalty = number(self.substitutions.get(pair, {}), "penalty", 0) if pair[0] != pair[1] else Decimal(0)
        rated = penalty + ratio * to_decimal(self._misfit(donation, need))
        parts = [
            transport,
            handling,
            storage,
            ratio * Decimal(str(self.identification.get(channel, 0))),
            rated,
            weight * number(self.agreements.get(self._organizations(donation, need), {}), "transfer_cost", 0),
            Decimal(self.buys(donation, need)),
        ]
        total = to_money(sum(parts, Decimal(0)))
        rounded = [to_money(part) for part in parts]
        odd = total - sum(rounded)
        spent = [k for k, name in enumerate(COMPONENTS) if name not in ("penalty", "purchase")]
        most = max(parts[k] for k in spent)
        splits = {
            tuple(amount + odd * (k == largest) for k, amount in enumerate(rounded))
            for largest in spent
            if parts[largest] == most
        }
        return total, tuple(sorted(splits)), to_money(rated)

    def _misfit(self, donation: Row, need: Row) -> Fraction:
        """Return what a served unit of the pair costs by the most specific row of the affinities."""
        donor = text(donation, "donor") or text(donation, "donation_id")
        for giver in (("donation_id", text(donation, "donation_id")), ("donor", donor)):
            for taker in (("need_id", text(need, "need_id")), ("group", text(need, "group"))):
                if (giver, taker) in self.affinities:
                    return self.affinity_weight * (1 - self.affinities[giver, taker])
        return Fraction(0)

    # --- what the rules leave open ---------------------------------------------------------------

    def unmet_money(self, j: int) -> int:
        """Return what one unit of need `j` not served costs."""
        return to_money(number(self.needs[j], "unmet_cost", self.rates["unmet_cost"]))

    def pairs(self) -> list[Pair]:
        """Return the admissible pairs of pool donations and needs that take part."""
        return [(i, j) for i, j in self.route if i in self.pool and j not in self.excluded]

    def worthwhile(self, i: int, j: int) -> bool:
        """Return whether serving need `j` from donation `i` by the best route beats leaving it unmet."""
        worth = self.ratio[i, j] * self.unmet_money(j)
        return self.objective != "total-cost" or self.route[i, j].unit_cost < worth

    def candidates_of_need(self, j: int) -> list[int]:
        """Return the pool donations that can serve need `j`."""
        return [i for i in self.pool if (i, j) in self.route]

    def candidates_of_donation(self, i: int) -> list[int]:
        """Return the needs, exclusions aside, that donation `i` can serve."""
        return [j for j in range(len(self.needs)) if j not in self.excluded and (i, j) in self.route]
