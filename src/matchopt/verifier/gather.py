"""Tables → Facts: what is not given gets the default that the contract states (contract §1 and §3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.case import Case
from matchopt.verifier import facts
from matchopt.verifier.purchases import least_purchases, written_prices
from matchopt.verifier.reliability import columns_read, expected

_WORK = (("needs", "needed_from"), ("needs", "needed_by"), ("donations", "available_until"))
"""Days that say when work is done; the horizon begins with the first of them."""
_SINCE, _EXPIRES = ("donations", "available_from"), ("donations", "expires_on")
_FOREVER, _FOUR_WEEKS = 400, 28
"""Days after the start from which on a day is no end, and how long the horizon is without any end."""


class Tables:
    """The columns of a case as arrays; a table that is not given has no rows."""

    def __init__(self, case: Case) -> None:
        self._column = case.column

    def text(self, table: str, column: str) -> Texts:
        """Return a column of text, ``""`` where not given."""
        return self._column(table, column).astype(object, copy=False)

    def number(self, table: str, column: str) -> Floats:
        """Return a column of numbers, NaN where not given."""
        return self._column(table, column).astype(np.float64, copy=False)

    def whole(self, table: str, column: str) -> Ints:
        """Return a column of whole numbers that every row has."""
        return self.number(table, column).astype(np.int64)

    def day(self, table: str, column: str) -> Ints:
        """Return a column of days as day numbers, `NO_DAY` where not given."""
        return self._column(table, column).astype("datetime64[D]").astype(np.int64)

    def flag(self, table: str, column: str) -> Bools:
        """Return a column of yes and no."""
        return self._column(table, column).astype(np.bool_, copy=False)


def gather(case: Case) -> facts.Facts:
    """Read the tables and settings of a case."""
    return _Gatherer(case).read()


class _Gatherer:
    """The tables of a case, and what several of them share: names, items by code, the horizon, places."""

    def __init__(self, case: Case) -> None:
        t = self.t = Tables(case)
        self.settings = case.settings
        self.dated, self.start, self.end = self._horizon()
        self.items = facts.Names(
            t.text("items", "item"), t.text("needs", "item"), t.text("donations", "item")
        )
        self.communities = facts.Names(
            *(t.text(table, "community") for table in ("communities", "needs", "donations"))
        )
        self.groups = facts.Names(t.text("needs", "group"))
        ends = t.text("lanes", "from_place"), t.text("lanes", "to_place")
        self.places = facts.Names(
            self.communities.texts, t.text("hubs", "hub"), *ends, t.text("donations", "origin")
        )
        self.known = self.items.of(t.text("items", "item"))
        kinds = np.full(len(self.items) + 1, "goods", dtype=object)
        kinds[self.known] = t.text("items", "kind")
        self.kinds, self.steps = kinds, self.of_item("step", 1.0)
        self.price = written_prices(self.of_item("purchase_price", np.nan))
        self.lumps = least_purchases(self.price, self.steps, self.kinds == "funds")
        self.given, self.asked = (self.items.of(t.text(table, "item")) for table in ("donations", "needs"))
        self.donations, self.needs = (
            facts.Names(t.text(*key)) for key in (("donations", "donation_id"), ("needs", "need_id"))
        )
        self.scale = self._scale()
        self.categories = np.append(self.items.texts, "")
        category = t.text("items", "category")
        self.categories[self.known] = np.where(category == "", self.categories[self.known], category)
        self.latitude, self.longitude = np.full((2, len(self.places) + 1), np.nan)
        # Where a name is community and hub, the community's coordinates come first.
        for table, column in (("hubs", "hub"), ("communities", "community")):
            north, east = t.number(table, "latitude"), t.number(table, "longitude")
            told = ~np.isnan(north) & ~np.isnan(east)
            place = self.places.of(t.text(table, column))[told]
            self.latitude[place], self.longitude[place] = north[told], east[told]

    def read(self) -> facts.Facts:
        """Return the facts."""
        t = self.t
        place_mark, places_marked = _marks(t.text("donations", "only_communities"), self.communities)
        group_mark, groups_marked = _marks(t.text("donations", "only_groups"), self.groups)
        spots = self._spots(self.places.of(self.communities.texts))
        hubs, lanes, (organizations, organization, agreements) = self._hubs(), self._lanes(), self._ties()
        limits = np.concatenate([hubs.holds, hubs.takes, agreements.passes, lanes.capacity])
        return facts.Facts(
            settings=self.settings,
            dated=self.dated,
            start=self.start,
            end=self.end,
            capacitated=bool(np.isfinite(limits).any()),
            donations=self._donations(place_mark, group_mark),
            needs=self._needs(),
            hubs=hubs,
            item_funds=self.kinds == "funds",
            buyable=self.price,
            lumps=self.lumps,
            categories=self.categories,
            tiers=tuple(np.unique(self.t.whole("needs", "priority")).tolist()),
            places=self.places,
            organizations=organizations,
            spots=spots,
            district=self._of_community(facts.Names(t.text("communities", "district")), "district"),
            organization=organization,
            population=self._population(),
            lanes=lanes,
            outbound=lanes.legs(facts.pick(hubs.spots, np.s_[:, None]), facts.pick(spots, np.s_[None, :])),
            agreements=agreements,
            substitutions=self._substitutions(),
            affinities=self._affinities(),
            places_marked=places_marked,
            groups_marked=groups_marked,
        )

    def _horizon(self) -> tuple[bool, int, int]:
        """Return whether the case knows days, and the first and last of the horizon (contract §4)."""

        def given(*columns: tuple[str, str]) -> Ints:
            days = np.concatenate([self.t.day(*column) for column in columns])
            return np.asarray(days[days != facts.NO_DAY])

        def number(day: date) -> int:
            return int(np.datetime64(day, "D").astype(np.int64))

        setting, work, since = self.settings.horizon, given(*_WORK), given(_SINCE)
        if setting.start is not None:
            start = number(setting.start)
        elif work.size or since.size:
            start = int((work if work.size else since).min())
        elif given(_EXPIRES).size:
            start = number(date.today())
        else:
            return False, 0, 0
        if setting.end is not None:
            return True, start, number(setting.end)
        near = np.concatenate([work, since])
        near = near[near <= start + _FOREVER]
        until = given(*_WORK[1:])
        ended = bool((until <= start + _FOREVER).any())
        return True, start, int(near.max(initial=start if ended else start + _FOUR_WEEKS))

    def of_item(self, column: str, otherwise: float) -> Floats:
        """Return a column of the items by code of the item; the last entry stands for none."""
        values = np.full(len(self.items) + 1, otherwise)
        values[self.known] = self.t.number("items", column)
        return values

    def _spots(self, place: Ints) -> facts.Coordinates:
        return facts.Coordinates(place, self.latitude[place], self.longitude[place])

    def _scale(self) -> Ints:
        """Return how many grains a unit of each item has."""
        t = self.t
        earlier = self.given[self.donations.of(t.text("commitments", "donation_id"))]
        columns = (
            (self.known, ("items", "step")),
            (self.asked, ("needs", "quantity")),
            (self.given, ("donations", "quantity")),
            (self.given, ("donations", "lot_size")),
            (earlier, ("commitments", "quantity")),
        )
        given = [(item, t.number(*column)) for item, column in columns]
        money = np.flatnonzero((self.kinds[:-1] == "funds").astype(bool) & bool(self.lumps.any()))
        given.append((money, np.full(len(money), 1 / 10_000)))
        return _grains_of(len(self.items), given)

    def _donations(self, place_mark: Ints, group_mark: Ints) -> facts.DonationFacts:
        t, item = self.t, self.given
        kind, scale = self.kinds[item], self.scale[item]
        cold = np.zeros(len(self.items) + 1, dtype=bool)
        cold[self.known] = t.flag("items", "cold")
        weight = np.where(kind == "funds", 0.0, self.of_item("weight_kg", 1.0)[item])
        steps, lot = counted(self.steps[item], scale), t.number("donations", "lot_size")
        lots = counted(np.nan_to_num(lot), scale)
        whole = _granules(steps, np.where(np.isnan(lot), steps, lots))
        buys, coin = (kind == "funds").astype(bool) & bool(self.lumps.any()), np.maximum(scale // 10_000, 1)
        least = np.maximum(np.where(np.isnan(lot), np.gcd(np.maximum(steps, 1), coin), lots), 1)
        offered = counted(t.number("donations", "quantity"), scale)
        place = self.places.of(t.text("donations", "origin"))
        north, east = t.number("donations", "latitude"), t.number("donations", "longitude")
        own, named = ~np.isnan(north) & ~np.isnan(east), self._spots(place)
        available = t.day("donations", "available_from")
        available = np.where(available == facts.NO_DAY, self.start, available)
        until, expires = t.day("donations", "available_until"), t.day("donations", "expires_on")
        shelf = self.of_item("shelf_life_days", np.nan)[item]
        keeps = np.where(np.isnan(shelf), facts.NEVER, available + np.nan_to_num(shelf).astype(np.int64))
        return facts.DonationFacts(
            ids=t.text("donations", "donation_id"),
            donors=t.text("donations", "donor"),
            items=t.text("donations", "item"),
            item=item,
            grain=1.0 / scale,
            granule=np.where(buys, least, whole),
            multiple=np.where(buys, whole // least, 1),
            fine=buys & np.isnan(lot),
            weight=weight,
            load=np.where(kind == "goods", weight, 0.0),
            cold=cold[item],
            service=kind == "service",
            funds=kind == "funds",
            spots=facts.Coordinates(
                place, np.where(own, north, named.latitude), np.where(own, east, named.longitude)
            ),
            community=self.communities.of(t.text("donations", "community")),
            first=np.maximum(available, self.start),
            last=np.where(until == facts.NO_DAY, self.end, np.minimum(until, self.end)),
            expires=np.where(expires == facts.NO_DAY, keeps, expires),
            quality=t.whole("donations", "quality"),
            offered=offered,
            plannable=self._plannable(offered, steps, lots),
            place_mark=place_mark,
            group_mark=group_mark,
            most_communities=_limit(t.number("donations", "max_communities")),
        )

    def _plannable(self, offered: Ints, steps: Ints, lots: Ints) -> Ints:
        """Return how many grains of each donation may be planned (contract §4 and §9, reliability)."""
        t, policy = self.t, self.settings.policy
        unsure = t.number("donations", "reliability") < 1
        if policy.reliability != "expected" or not unsure.any():
            return np.where(unsure & (policy.reliability == "firm"), 0, offered)
        origin, community = (t.text("donations", name) for name in ("origin", "community"))
        read = self.given, self.places.of(origin), self.communities.of(community)
        alike = columns_read(t, [*read], (self.start, self.end), affinities=bool(policy.affinity_weight))
        kept = np.isin(t.text("commitments", "status"), ("accepted", "in_transit", "delivered"))
        i = self.donations.of(t.text("commitments", "donation_id"))[kept]
        quantity = np.nan_to_num(t.number("commitments", "quantity"))[kept]
        stays = np.bincount(i, counted(quantity, self.scale[self.given[i]]), len(offered)).astype(np.int64)
        amounts = offered, np.minimum(stays, offered), np.maximum(steps, lots)
        return expected(t, np.flatnonzero(unsure), alike, *amounts)

    def _needs(self) -> facts.NeedFacts:
        t, item = self.t, self.asked
        rates, scale, channels = self.settings.rates, self.scale[item], t.text("needs", "channel")
        first, last = t.day("needs", "needed_from"), t.day("needs", "needed_by")
        own = t.number("needs", "unmet_cost")
        fee = np.zeros(len(item))
        for channel, rate in rates.identification.model_dump().items():
            fee[channels == channel] = rate
        return facts.NeedFacts(
            ids=t.text("needs", "need_id"),
            communities=t.text("needs", "community"),
            items=t.text("needs", "item"),
            channels=channels,
            categories=self.categories[item],
            item=item,
            grain=1.0 / scale,
            step=np.maximum(counted(self.steps[item], scale), 1),
            community=self.communities.of(t.text("needs", "community")),
            group=self.groups.of(t.text("needs", "group")),
            first=np.where(first == facts.NO_DAY, self.start, np.maximum(first, self.start)),
            last=np.where(last == facts.NO_DAY, self.end, np.minimum(last, self.end)),
            remaining=t.whole("needs", "min_remaining_days"),
            quality=t.whole("needs", "min_quality"),
            priority=t.whole("needs", "priority"),
            asked=counted(t.number("needs", "quantity"), scale),
            fee=fee,
            price=facts.tenthousandths(np.where(np.isnan(own), rates.unmet_cost, own)),
            excluded=self._excluded(),
            single=t.flag("needs", "single_source"),
            whole=t.flag("needs", "all_or_nothing"),
        )

    def _excluded(self) -> Bools:
        """Mark the needs that an exclusion names; what an exclusion leaves empty admits any."""
        columns = "item", "group", "community"
        names = {c: facts.Names(self.t.text("needs", c)) for c in columns}
        needs = {c: names[c].of(self.t.text("needs", c)) for c in columns}
        rows = {c: self.t.text("exclusions", c) for c in columns}
        excluded = np.zeros(len(self.asked), dtype=bool)
        asks = [(rows[c] != "").astype(bool) for c in columns]
        for shape in set(zip(*asks, strict=True)):
            mine = np.logical_and.reduce([a == b for a, b in zip(asks, shape, strict=True)])
            key, banned = np.zeros(len(excluded), dtype=np.int64), np.zeros(int(mine.sum()), dtype=np.int64)
            known = np.ones(len(banned), dtype=bool)
            for c in (c for c, used in zip(columns, shape, strict=True) if used):
                code = names[c].of(rows[c][mine])
                known &= code >= 0
                key, banned = (
                    old * (len(names[c]) + 2) + new + 1 for old, new in ((key, needs[c]), (banned, code))
                )
            excluded |= np.isin(key, banned[known])
        return excluded

    def _hubs(self) -> facts.HubFacts:
        t, names, rates = self.t, self.t.text("hubs", "hub"), self.settings.rates
        order = np.argsort(names, kind="stable")
        handling, storage = (t.number("hubs", name)[order] for name in ("handling_cost", "storage_cost"))
        return facts.HubFacts(
            names[order],
            self._spots(self.places.of(names)[order]),
            np.where(np.isnan(handling), rates.hub_handling, handling),
            np.where(np.isnan(storage), rates.hub_storage, storage),
            t.flag("hubs", "cold")[order],
            _limit(t.number("hubs", "storage_capacity"))[order],
            _limit(t.number("hubs", "throughput_capacity"))[order],
        )

    def _lanes(self) -> facts.LaneFacts:
        t = self.t
        return facts.LaneFacts(
            facts.PairIndex(*(self.places.of(t.text("lanes", end)) for end in ("from_place", "to_place"))),
            t.number("lanes", "distance_km"),
            t.number("lanes", "cost_per_kg"),
            t.whole("lanes", "lead_days"),
            _limit(t.number("lanes", "capacity_kg")),
            self.settings.rates.transport_per_kg_km,
            self.settings.rates.detour_factor,
        )

    def _of_community(self, names: facts.Names, column: str) -> Ints:
        """Return the code of what a column of the communities names, by community; the last is none."""
        code = np.full(len(self.communities) + 1, -1, dtype=np.int64)
        known = self.communities.of(self.t.text("communities", "community"))
        code[known] = names.of(self.t.text("communities", column))
        return code

    def _population(self) -> Floats:
        people = np.full(len(self.communities) + 1, np.nan)
        people[self.communities.of(self.t.text("communities", "community"))] = self.t.number(
            "communities", "population"
        )
        return people

    def _ties(self) -> tuple[facts.Names, Ints, facts.AgreementFacts]:
        """Return the organisations, that of each community, and what they have agreed on."""
        t = self.t
        ends = t.text("agreements", "from_organization"), t.text("agreements", "to_organization")
        names = facts.Names(t.text("communities", "organization"), *ends)
        most = _limit(t.number("agreements", "max_quantity_kg"))
        agreements = facts.AgreementFacts(
            facts.PairIndex(*map(names.of, ends)), t.number("agreements", "transfer_cost"), most
        )
        return names, self._of_community(names, "organization"), agreements

    def _substitutions(self) -> facts.SubstitutionFacts:
        t = self.t
        ends = (self.items.of(t.text("substitutions", end)) for end in ("need_item", "donated_item"))
        return facts.SubstitutionFacts(
            facts.PairIndex(*ends), t.number("substitutions", "ratio"), t.number("substitutions", "penalty")
        )

    def _affinities(self) -> facts.AffinityFacts:
        """Read the affinities; who is named by id is not looked for by donor or group."""
        t = self.t
        donation, donor, need, group = (
            t.text("affinities", column) for column in ("donation_id", "donor", "need_id", "group")
        )
        donors = facts.Names(t.text("donations", "donor"))
        number, donor_of = np.arange(len(self.given)), donors.of(t.text("donations", "donor"))
        own, group_of = np.arange(len(self.asked)), self.groups.of(t.text("needs", "group"))
        named, needed = self.donations.of(donation), self.needs.of(need)
        given = (named, number), (np.where(donation == "", donors.of(donor), -1), donor_of)
        asked = (needed, own), (np.where(need == "", self.groups.of(group), -1), group_of)
        return facts.AffinityFacts(
            self.settings.policy.affinity_weight,
            t.number("affinities", "score"),
            tuple((facts.PairIndex(row, column), i, j) for row, i in given for column, j in asked),
            donor_of,
            np.where(np.isin(number, named), number, -1),
            np.where(np.isin(own, needed), own, -1),
        )


def _marks(texts: Texts, names: facts.Names) -> tuple[Ints, Bools]:
    """Return the earmark of each donation, and earmark × name: admitted; the last column is no name."""
    distinct = facts.Names(texts)
    admitted = np.zeros((len(distinct) + 1, len(names) + 1), dtype=bool)
    admitted[-1] = True
    for row, text in enumerate(distinct.texts):
        wanted = [part.strip() for part in text.split(";") if part.strip()]
        found = names.of(np.array(wanted, dtype=object))
        admitted[row, found[found >= 0]] = True
        admitted[row] |= not wanted
    return distinct.of(texts), admitted


def _granules(step: Ints, lot: Ints) -> Ints:
    """Return the least common multiple of step and lot; 2^62 stands for anything beyond."""
    step, lot = np.maximum(step, 1), np.maximum(lot, 1)
    factor = step // np.gcd(step, lot)
    fits = factor.astype(np.float64) * lot < facts.LARGEST
    return np.where(fits, np.where(fits, factor, 1) * np.where(fits, lot, 1), 2**62)


def _grains_of(count: int, columns: Sequence[tuple[Ints, Floats]]) -> Ints:
    """Return grains per unit of each of `count` items (the last stands for none).

    `columns` are pairs of item codes and values of that item; empty values do not count.
    """
    digits, peak = np.zeros(count + 1, dtype=np.int64), np.ones(count + 1)
    for item, values in columns:
        given = ~np.isnan(values)
        np.maximum.at(digits, item[given], _decimals(values[given]))
        np.maximum.at(peak, item[given], np.abs(values[given]))
    held = np.floor(np.log10(facts.LARGEST / peak)).astype(np.int64)
    scale: Ints = 10 ** np.maximum(np.minimum(digits, held), 0)
    return scale


def _decimals(values: Floats) -> Ints:
    """Return how many digits after the point each value needs, as far as they are kept."""
    needed = np.zeros(len(values), dtype=np.int64)
    broken = np.arange(len(values))
    for digits in range(facts.MOST_DECIMALS):
        scaled = values[broken] * 10**digits
        broken = broken[np.abs(scaled - np.rint(scaled)) > 4 * np.spacing(np.abs(scaled))]
        if not broken.size:
            break
        needed[broken] = digits + 1
    return needed


def counted(values: Floats, scale: Ints) -> Ints:
    """Return values as whole grains, to the nearest; the whole part of each is kept exactly."""
    fraction, whole = np.modf(values)
    return whole.astype(np.int64) * scale + np.rint(fraction * scale).astype(np.int64)


def _limit(capacity: Floats) -> Floats:
    return np.where(np.isnan(capacity), np.inf, capacity)
