"""Tables → Facts: what is not given gets the default that the contract states."""

from __future__ import annotations

from datetime import date

import numpy as np

from matchopt.contract.case import Case
from matchopt.contract.settings import Settings
from matchopt.verifier.affinities import Affinities
from matchopt.verifier.facts import (
    NEVER,
    NO_DAY,
    Facts,
    Gifts,
    Hubs,
    Items,
    Ties,
    Wants,
    tenthousandths,
)
from matchopt.verifier.keys import Bools, Floats, Ints, Names, Pairs, Texts
from matchopt.verifier.places import Roads, Spots
from matchopt.verifier.quantities import counted, grains_of, granules, plannable
from matchopt.verifier.tables import Codes, Tables, kinds, of_item

_DAYS = (
    ("needs", "needed_from"), ("needs", "needed_by"), ("donations", "available_from"),
    ("donations", "available_until"), ("donations", "expires_on"),
)  # fmt: skip


def gather(case: Case) -> Facts:
    """Read the tables and settings of a case (contract §1 and §3)."""
    t = Tables(case)
    codes = Codes(t)
    dated, start, end = _horizon(t, case.settings)
    latitude, longitude = _coordinates(t, codes)
    homes = codes.places.of(codes.communities.index.to_numpy(dtype=object))
    place_mark, places_marked = _marks(t.text("donations", "only_communities"), codes.communities)
    group_mark, groups_marked = _marks(t.text("donations", "only_groups"), codes.groups)
    rates = case.settings.rates
    scale = _scale(t, codes)
    hubs = _hubs(t, codes, case.settings, (latitude, longitude))
    ties = _ties(t, codes)
    lane_capacity = _limit(t.number("lanes", "capacity_kg"))
    limits = (hubs.holds, hubs.takes, ties.passes, lane_capacity)
    return Facts(
        settings=case.settings,
        dated=dated,
        start=start,
        end=end,
        shared=any(bool(np.isfinite(limit).any()) for limit in limits),
        gifts=_gifts(
            t, codes, case.settings, (start, end), (latitude, longitude), (place_mark, group_mark), scale
        ),
        wants=_wants(t, codes, case.settings, (start, end), scale),
        items=Items(
            codes.items, kinds(t, codes) == "funds", of_item(t, codes, "purchase_price", np.nan),
            _categories(t, codes),
        ),
        hubs=hubs,
        ties=ties,
        roads=Roads(
            Pairs(*(codes.places.of(t.text("lanes", end)) for end in ("from_place", "to_place"))),
            t.number("lanes", "distance_km"), t.number("lanes", "cost_per_kg"), t.whole("lanes", "lead_days"),
            rates.transport_per_kg_km, rates.detour_factor,
        ),
        places=codes.places,
        spots=Spots(homes, latitude[homes], longitude[homes]),
        lane_capacity=lane_capacity,
        places_marked=places_marked,
        groups_marked=groups_marked,
        substitutes=Pairs(
            codes.items.of(t.text("substitutions", "need_item")),
            codes.items.of(t.text("substitutions", "donated_item")),
        ),
        ratio=t.number("substitutions", "ratio"),
        penalty=t.number("substitutions", "penalty"),
        affinities=_affinities(t, codes, case.settings.policy.affinity_weight),
    )  # fmt: skip


def _horizon(t: Tables, settings: Settings) -> tuple[bool, int, int]:
    days = np.concatenate([t.day(table, column) for table, column in _DAYS])
    days = days[days != NO_DAY]
    if not days.size:
        return False, 0, 0
    first, last = settings.horizon.start, settings.horizon.end
    return True, _number(first, int(days.min())), _number(last, int(days.max()))


def _number(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else int(np.datetime64(day, "D").astype(np.int64))


def _coordinates(t: Tables, codes: Codes) -> tuple[Floats, Floats]:
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


def _scale(t: Tables, codes: Codes) -> Ints:
    """Return how many grains a unit of each item has."""
    columns = [(codes.items.of(t.text("items", "item")), t.number("items", "step"))]
    for table, column in (("needs", "quantity"), ("donations", "quantity"), ("donations", "lot_size")):
        columns.append((codes.items.of(t.text(table, "item")), t.number(table, column)))
    gift = Names(t.text("donations", "donation_id")).of(t.text("commitments", "donation_id"))
    given = codes.items.of(t.text("donations", "item"))[gift]
    columns.append((given, t.number("commitments", "quantity")))
    return grains_of(len(codes.items), columns)


def _categories(t: Tables, codes: Codes) -> Texts:
    own = np.append(codes.items.index.to_numpy(dtype=object), "")
    given = t.text("items", "category")
    item = codes.items.of(t.text("items", "item"))
    own[item] = np.where(given == "", own[item], given)
    return own


def _gifts(
    t: Tables,
    codes: Codes,
    settings: Settings,
    horizon: tuple[int, int],
    coordinates: tuple[Floats, Floats],
    marks: tuple[Ints, Ints],
    scale: Ints,
) -> Gifts:
    items = t.text("donations", "item")
    item = codes.items.of(items)
    kind = kinds(t, codes)[item]
    cold = np.zeros(len(codes.items) + 1, dtype=bool)
    cold[codes.items.of(t.text("items", "item"))] = t.flag("items", "cold")
    weight = np.where(kind == "funds", 0.0, of_item(t, codes, "weight_kg", 1.0)[item])
    step = of_item(t, codes, "step", 1.0)[item]
    steps, lot = counted(step, scale[item]), t.number("donations", "lot_size")
    quantity = t.number("donations", "quantity")
    offered = counted(quantity, scale[item])
    place = codes.places.of(t.text("donations", "origin"))
    north, east = t.number("donations", "latitude"), t.number("donations", "longitude")
    own = ~np.isnan(north) & ~np.isnan(east)
    available = t.day("donations", "available_from")
    available = np.where(available == NO_DAY, horizon[0], available)
    until = t.day("donations", "available_until")
    shelf = of_item(t, codes, "shelf_life_days", np.nan)[item]
    keeps = np.where(np.isnan(shelf), NEVER, available + np.nan_to_num(shelf).astype(np.int64))
    expires = t.day("donations", "expires_on")
    most = t.number("donations", "max_communities")
    return Gifts(
        ids=t.text("donations", "donation_id"), donors=t.text("donations", "donor"), items=items, item=item,
        grain=1.0 / scale[item],
        granule=granules(steps, np.where(np.isnan(lot), steps, counted(np.nan_to_num(lot), scale[item]))),
        weight=weight, load=np.where(kind == "goods", weight, 0.0),
        cold=cold[item], service=kind == "service", funds=kind == "funds",
        spots=Spots(
            place, np.where(own, north, coordinates[0][place]), np.where(own, east, coordinates[1][place])
        ),
        community=codes.communities.of(t.text("donations", "community")),
        first=np.maximum(available, horizon[0]),
        last=np.where(until == NO_DAY, horizon[1], np.minimum(until, horizon[1])),
        expires=np.where(expires == NO_DAY, keeps, expires),
        quality=t.whole("donations", "quality"), offered=offered,
        plannable=plannable(offered, quantity, (step, steps), t.number("donations", "reliability"), settings),
        place_mark=marks[0], group_mark=marks[1], most_communities=_limit(most),
    )  # fmt: skip


def _wants(t: Tables, codes: Codes, settings: Settings, horizon: tuple[int, int], scale: Ints) -> Wants:
    items, channels = t.text("needs", "item"), t.text("needs", "channel")
    item = codes.items.of(items)
    first, last = t.day("needs", "needed_from"), t.day("needs", "needed_by")
    own = t.number("needs", "unmet_cost")
    unmet = np.where(np.isnan(own), settings.rates.unmet_cost, own)
    fee = np.zeros(len(items))
    for channel, rate in settings.rates.identification.model_dump().items():
        fee[channels == channel] = rate
    return Wants(
        ids=t.text("needs", "need_id"), communities=t.text("needs", "community"), items=items,
        channels=channels, categories=_categories(t, codes)[item], item=item, grain=1.0 / scale[item],
        step=np.maximum(counted(of_item(t, codes, "step", 1.0)[item], scale[item]), 1),
        community=codes.communities.of(t.text("needs", "community")),
        group=codes.groups.of(t.text("needs", "group")),
        first=np.where(first == NO_DAY, horizon[0], np.maximum(first, horizon[0])),
        last=np.where(last == NO_DAY, horizon[1], np.minimum(last, horizon[1])),
        remaining=t.whole("needs", "min_remaining_days"), quality=t.whole("needs", "min_quality"),
        priority=t.whole("needs", "priority"), asked=counted(t.number("needs", "quantity"), scale[item]),
        fee=fee, price=tenthousandths(unmet), excluded=_excluded(t),
        single=t.flag("needs", "single_source"), whole=t.flag("needs", "all_or_nothing"),
    )  # fmt: skip


def _excluded(t: Tables) -> Bools:
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


def _hubs(t: Tables, codes: Codes, settings: Settings, coordinates: tuple[Floats, Floats]) -> Hubs:
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


def _ties(t: Tables, codes: Codes) -> Ties:
    own = t.text("communities", "organization")
    giving, taking = t.text("agreements", "from_organization"), t.text("agreements", "to_organization")
    organizations = Names(own, giving, taking)
    districts = t.text("communities", "district")
    known = codes.communities.of(t.text("communities", "community"))
    population = np.full(len(codes.communities) + 1, np.nan)
    population[known] = t.number("communities", "population")
    district, organization = np.full((2, len(codes.communities) + 1), -1, dtype=np.int64)
    district[known] = Names(districts).of(districts)
    organization[known] = organizations.of(own)
    return Ties(
        codes.communities, organizations, district, organization,
        Pairs(organizations.of(giving), organizations.of(taking)),
        t.number("agreements", "transfer_cost"), _limit(t.number("agreements", "max_quantity_kg")),
        population,
    )  # fmt: skip


def _affinities(t: Tables, codes: Codes, weight: float) -> Affinities:
    """Read the affinities; who is named by id is not looked for by donor or group."""
    gifts, needs = Names(t.text("donations", "donation_id")), Names(t.text("needs", "need_id"))
    donors, donor = Names(t.text("donations", "donor")), t.text("affinities", "donor")
    gift, need = (t.text("affinities", column) for column in ("donation_id", "need_id"))
    by_gift = np.where(gift == "", -1, gifts.of(gift))
    by_donor = np.where(gift == "", donors.of(donor), -1)
    by_need = np.where(need == "", -1, needs.of(need))
    by_group = np.where(need == "", codes.groups.of(t.text("affinities", "group")), -1)
    number = np.arange(len(gifts)), np.arange(len(needs))
    return Affinities(
        weight, t.number("affinities", "score"),
        Pairs(by_gift, by_need), Pairs(by_gift, by_group), Pairs(by_donor, by_need),
        Pairs(by_donor, by_group),
        donors.of(t.text("donations", "donor")), codes.groups.of(t.text("needs", "group")),
        np.where(np.isin(number[0], by_gift), number[0], -1),
        np.where(np.isin(number[1], by_need), number[1], -1),
    )  # fmt: skip


def _limit(capacity: Floats) -> Floats:
    return np.where(np.isnan(capacity), np.inf, capacity)
