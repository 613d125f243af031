"""Tables → Facts: what is not given gets the default that the contract states."""

from __future__ import annotations

from datetime import date

import numpy as np

from matchopt.case import Case
from matchopt.inspector.facts import NEVER, NO_DAY, Facts, Gifts, Hubs, Ties, Wants, tenthousandths
from matchopt.inspector.keys import Bools, Floats, Ints, Names, Pairs, Texts
from matchopt.inspector.places import Roads, Spots
from matchopt.settings import Settings

_DAYS = (
    ("needs", "needed_from"), ("needs", "needed_by"), ("donations", "available_from"),
    ("donations", "available_until"), ("donations", "expires_on"),
)  # fmt: skip


class _Tables:
    """The columns of a case as arrays; a table that is not given has no rows."""

    def __init__(self, case: Case) -> None:
        self._tables = case.tables

    def text(self, table: str, column: str) -> Texts:
        if table not in self._tables:
            return np.empty(0, dtype=object)
        return self._tables[table][column].to_numpy(dtype=object)

    def number(self, table: str, column: str) -> Floats:
        if table not in self._tables:
            return np.empty(0)
        return self._tables[table][column].to_numpy(dtype=np.float64)

    def whole(self, table: str, column: str) -> Ints:
        return self.number(table, column).astype(np.int64)

    def day(self, table: str, column: str) -> Ints:
        if table not in self._tables:
            return np.empty(0, dtype=np.int64)
        return self._tables[table][column].to_numpy().astype("datetime64[D]").astype(np.int64)

    def flag(self, table: str, column: str) -> Bools:
        if table not in self._tables:
            return np.empty(0, dtype=bool)
        return self._tables[table][column].to_numpy(dtype=bool)


class _Codes:
    """The names of a case."""

    def __init__(self, t: _Tables) -> None:
        self.items = Names(t.text("items", "item"), t.text("needs", "item"), t.text("donations", "item"))
        self.communities = Names(
            t.text("communities", "community"), t.text("needs", "community"), t.text("donations", "community")
        )
        self.groups = Names(t.text("needs", "group"))
        self.places = Names(
            self.communities.index.to_numpy(dtype=object), t.text("hubs", "hub"),
            t.text("lanes", "from_place"), t.text("lanes", "to_place"), t.text("donations", "origin"),
        )  # fmt: skip


def gather(case: Case) -> Facts:
    """Read the tables and settings of a case (contract §1 and §3)."""
    t = _Tables(case)
    codes = _Codes(t)
    dated, start, end = _horizon(t, case.settings)
    latitude, longitude = _coordinates(t, codes)
    homes = codes.places.of(codes.communities.index.to_numpy(dtype=object))
    place_mark, places_marked = _marks(t.text("donations", "only_communities"), codes.communities)
    group_mark, groups_marked = _marks(t.text("donations", "only_groups"), codes.groups)
    rates = case.settings.rates
    return Facts(
        settings=case.settings,
        dated=dated,
        start=start,
        end=end,
        gifts=_gifts(t, codes, case.settings, (start, end), (latitude, longitude), (place_mark, group_mark)),
        wants=_wants(t, codes, case.settings, (start, end)),
        hubs=_hubs(t, codes, case.settings, (latitude, longitude)),
        ties=_ties(t, codes),
        roads=Roads(
            Pairs(*(codes.places.of(t.text("lanes", end)) for end in ("from_place", "to_place"))),
            t.number("lanes", "distance_km"), t.number("lanes", "cost_per_kg"), t.whole("lanes", "lead_days"),
            rates.transport_per_kg_km, rates.detour_factor,
        ),
        places=codes.places,
        spots=Spots(homes, latitude[homes], longitude[homes]),
        lane_capacity=_limit(t.number("lanes", "capacity_kg")),
        places_marked=places_marked,
        groups_marked=groups_marked,
        substitutes=Pairs(
            codes.items.of(t.text("substitutions", "need_item")),
            codes.items.of(t.text("substitutions", "donated_item")),
        ),
        penalty=t.number("substitutions", "penalty"),
    )  # fmt: skip


def _horizon(t: _Tables, settings: Settings) -> tuple[bool, int, int]:
    days = np.concatenate([t.day(table, column) for table, column in _DAYS])
    days = days[days != NO_DAY]
    if not days.size:
        return False, 0, 0
    first, last = settings.horizon.start, settings.horizon.end
    return True, _number(first, int(days.min())), _number(last, int(days.max()))


def _number(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else int(np.datetime64(day, "D").astype(np.int64))


def _coordinates(t: _Tables, codes: _Codes) -> tuple[Floats, Floats]:
    """Return latitude and longitude by place; where a name is community and hub, the community's first."""
    latitude, longitude = np.full((2, len(codes.places) + 1), np.nan)
    for table, column in (("hubs", "hub"), ("communities", "community")):
        north, east = t.number(table, "latitude"), t.number(table, "longitude")
        known = ~np.isnan(north) & ~np.isnan(east)
        place = codes.places.of(t.text(table, column))[known]
        latitude[place], longitude[place] = north[known], east[known]
    return latitude, longitude


def _marks(texts: Texts, names: Names) -> tuple[Ints, Bools]:
    """Return the earmark of each donation, and earmark × name: admitted; the last column is no name."""
    distinct = Names(texts)
    admitted = np.zeros((len(distinct) + 1, len(names) + 1), dtype=bool)
    admitted[-1] = True
    for row, text in enumerate(distinct.index):
        parts = [part.strip() for part in text.split(";")]
        wanted = np.array([part for part in parts if part], dtype=object)
        if not wanted.size:
            admitted[row] = True
            continue
        found = names.of(wanted)
        admitted[row, found[found >= 0]] = True
    return distinct.of(texts), admitted


def _of_item(t: _Tables, item: Ints, count: int, codes: _Codes, column: str, otherwise: float) -> Floats:
    values = np.full(count + 1, otherwise)
    values[codes.items.of(t.text("items", "item"))] = t.number("items", column)
    return values[item]


def _gifts(
    t: _Tables,
    codes: _Codes,
    settings: Settings,
    horizon: tuple[int, int],
    coordinates: tuple[Floats, Floats],
    marks: tuple[Ints, Ints],
) -> Gifts:
    items = t.text("donations", "item")
    item = codes.items.of(items)
    count = len(codes.items)
    kinds = np.full(count + 1, "goods", dtype=object)
    kinds[codes.items.of(t.text("items", "item"))] = t.text("items", "kind")
    cold = np.zeros(count + 1, dtype=bool)
    cold[codes.items.of(t.text("items", "item"))] = t.flag("items", "cold")
    step = _of_item(t, item, count, codes, "step", 1.0)
    offered = np.rint(t.number("donations", "quantity") / step).astype(np.int64)
    place = codes.places.of(t.text("donations", "origin"))
    north, east = t.number("donations", "latitude"), t.number("donations", "longitude")
    own = ~np.isnan(north) & ~np.isnan(east)
    available = t.day("donations", "available_from")
    available = np.where(available == NO_DAY, horizon[0], available)
    until = t.day("donations", "available_until")
    shelf = _of_item(t, item, count, codes, "shelf_life_days", np.nan)
    keeps = np.where(np.isnan(shelf), NEVER, available + np.nan_to_num(shelf).astype(np.int64))
    expires = t.day("donations", "expires_on")
    reliability = t.number("donations", "reliability")
    return Gifts(
        ids=t.text("donations", "donation_id"), donors=t.text("donations", "donor"), items=items, item=item,
        step=step, weight=_of_item(t, item, count, codes, "weight_kg", 1.0),
        cold=cold[item], service=kinds[item] == "service",
        spots=Spots(
            place, np.where(own, north, coordinates[0][place]), np.where(own, east, coordinates[1][place])
        ),
        community=codes.communities.of(t.text("donations", "community")),
        first=np.maximum(available, horizon[0]),
        last=np.where(until == NO_DAY, horizon[1], np.minimum(until, horizon[1])),
        expires=np.where(expires == NO_DAY, keeps, expires),
        quality=t.whole("donations", "quality"), offered=offered,
        plannable=_plannable(offered, t.number("donations", "quantity"), step, reliability, settings),
        place_mark=marks[0], group_mark=marks[1],
    )  # fmt: skip


def _plannable(
    offered: Ints, quantity: Floats, step: Floats, reliability: Floats, settings: Settings
) -> Ints:
    """Return how many steps of each donation may be planned (contract §4, reliability)."""
    policy = settings.policy.reliability
    if policy == "ignore":
        return offered
    if policy == "firm":
        return np.where(reliability < 1, 0, offered)
    likely = quantity * reliability / step
    nearest = np.rint(likely)
    dust = np.abs(likely - nearest) <= 1e-9 * likely
    return np.where(reliability < 1, np.where(dust, nearest, np.floor(likely)).astype(np.int64), offered)


def _wants(t: _Tables, codes: _Codes, settings: Settings, horizon: tuple[int, int]) -> Wants:
    items, channels = t.text("needs", "item"), t.text("needs", "channel")
    item = codes.items.of(items)
    step = _of_item(t, item, len(codes.items), codes, "step", 1.0)
    first, last = t.day("needs", "needed_from"), t.day("needs", "needed_by")
    own = t.number("needs", "unmet_cost")
    unmet = np.where(np.isnan(own), settings.rates.unmet_cost, own)
    fee = np.zeros(len(items))
    for channel, rate in settings.rates.identification.model_dump().items():
        fee[channels == channel] = rate
    return Wants(
        ids=t.text("needs", "need_id"), communities=t.text("needs", "community"), items=items,
        channels=channels, item=item, step=step,
        community=codes.communities.of(t.text("needs", "community")),
        group=codes.groups.of(t.text("needs", "group")),
        first=np.where(first == NO_DAY, horizon[0], np.maximum(first, horizon[0])),
        last=np.where(last == NO_DAY, horizon[1], np.minimum(last, horizon[1])),
        remaining=t.whole("needs", "min_remaining_days"), quality=t.whole("needs", "min_quality"),
        priority=t.whole("needs", "priority"),
        asked=np.rint(t.number("needs", "quantity") / step).astype(np.int64),
        fee=fee, price=tenthousandths(unmet), excluded=_excluded(t),
    )  # fmt: skip


def _excluded(t: _Tables) -> Bools:
    """Mark the needs that an exclusion names; what an exclusion leaves empty admits any."""
    columns = ("item", "group", "community")
    names = {c: Names(t.text("needs", c)) for c in columns}
    needs = {c: names[c].of(t.text("needs", c)) for c in columns}
    rows = {c: t.text("exclusions", c) for c in columns}
    excluded = np.zeros(len(t.text("needs", "need_id")), dtype=bool)
    asks = {c: rows[c] != "" for c in columns}
    pattern = asks["item"] * 4 + asks["group"] * 2 + asks["community"] * 1
    for shape in np.unique(pattern).tolist():
        used = [c for c, bit in zip(columns, (4, 2, 1), strict=True) if shape & bit]
        mine = np.flatnonzero(pattern == shape)
        if not used:
            excluded[:] = True
            continue
        key = np.zeros(len(excluded), dtype=np.int64)
        banned = np.zeros(len(mine), dtype=np.int64)
        known = np.ones(len(mine), dtype=bool)
        for c in used:
            width = len(names[c]) + 2
            code = names[c].of(rows[c][mine])
            known &= code >= 0
            key, banned = key * width + needs[c] + 1, banned * width + code + 1
        excluded |= np.isin(key, banned[known])
    return excluded


def _hubs(t: _Tables, codes: _Codes, settings: Settings, coordinates: tuple[Floats, Floats]) -> Hubs:
    names = t.text("hubs", "hub")
    order = np.argsort(names, kind="stable")
    place = codes.places.of(names)[order]
    handling, storage = t.number("hubs", "handling_cost")[order], t.number("hubs", "storage_cost")[order]
    return Hubs(
        names=names[order],
        spots=Spots(place, coordinates[0][place], coordinates[1][place]),
        handling=np.where(np.isnan(handling), settings.rates.hub_handling, handling),
        storage=np.where(np.isnan(storage), settings.rates.hub_storage, storage),
        cold=t.flag("hubs", "cold")[order],
        holds=_limit(t.number("hubs", "storage_capacity"))[order],
        takes=_limit(t.number("hubs", "throughput_capacity"))[order],
    )


def _ties(t: _Tables, codes: _Codes) -> Ties:
    own = t.text("communities", "organization")
    giving, taking = t.text("agreements", "from_organization"), t.text("agreements", "to_organization")
    organizations = Names(own, giving, taking)
    districts = t.text("communities", "district")
    known = codes.communities.of(t.text("communities", "community"))
    district, organization = np.full((2, len(codes.communities) + 1), -1, dtype=np.int64)
    district[known] = Names(districts).of(districts)
    organization[known] = organizations.of(own)
    return Ties(
        organizations, district, organization,
        Pairs(organizations.of(giving), organizations.of(taking)),
        t.number("agreements", "transfer_cost"), _limit(t.number("agreements", "max_quantity_kg")),
    )  # fmt: skip


def _limit(capacity: Floats) -> Floats:
    return np.where(np.isnan(capacity), np.inf, capacity)
