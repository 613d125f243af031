"""The survey: what the screen is told of the case, of two items, of some donations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matchopt.verifier import routes, rules
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Floats, Ints, classes
from matchopt.verifier.leftovers import Leftovers
from matchopt.verifier.places import EARTH_RADIUS_KM, Legs, Spots
from matchopt.verifier.pools import (
    GIVER,
    GOAL,
    TAKER,
    TERMS,
    WINDOW,
    Groups,
    Hubs,
    Records,
    Rules,
    Ways,
    records,
)
from matchopt.verifier.profiles import Profiles
from matchopt.verifier.proof import PlainProof, is_odd

HOMES_A_PIECE = 2**8


class Pool(NamedTuple):
    """Profiles of two items: the donations, those of a kind together, and the needs, group by group."""

    gifts: Ints
    needs: Ints
    kind: Ints
    odd: Bools
    takers: Records
    groups: Groups
    terms: Records


class Piece(NamedTuple):
    """Some donations of a pool, and their ways."""

    gifts: Ints
    givers: Records
    into: Legs
    ways: Ways


class Survey:
    """What the screen is told."""

    def __init__(
        self, f: Facts, gifts: Profiles, needs: Profiles, left: Leftovers, plain: PlainProof | None
    ) -> None:
        self.f, self.gifts, self.needs, self.left, self.plain = f, gifts, needs, left, plain
        self.out = routes.outbound(f)
        self.lanes = len(f.roads.lead) > 0
        self.goals, self.hubs = self._goals()
        self.home, inside, transfer = self._bounds()
        self.rules: Rules = (f.places_marked, f.groups_marked, inside, transfer)
        self.straight = self._straight()

    def _goals(self) -> tuple[Records, Hubs]:
        out, spots = self.out, self.f.spots
        cost = np.where(out.open, out.cost, np.inf).T
        order = np.argsort(cost, axis=1, kind="stable")
        ranked, lead = (np.take_along_axis(part, order, axis=1) for part in (cost, out.lead.T))
        x, y, z = _vectors(spots)
        nearest = cost.min(axis=1, initial=np.inf)
        goals = records(GOAL, len(cost), name=spots.name, x=x, y=y, z=z, nearest=nearest)
        return goals, (self.f.hubs.handling, order, ranked, lead)

    def _bounds(self) -> tuple[Ints, Bools, Floats]:
        """Return the home of each donation profile, and home × community: admitted, transfer of a kg."""
        f, i = self.f, self.gifts.stands
        home = f.gifts.community[i]
        if f.settings.policy.boundary == "open" and not len(f.ties.transfer):
            home = np.full_like(home, -1)
        _, first, of = np.unique(home, return_index=True, return_inverse=True)
        shape = max(len(first), 1), len(f.spots.name)
        inside, transfer = np.ones(shape, dtype=bool), np.zeros(shape)
        everywhere = np.arange(shape[1])[None, :]
        for start in range(0, len(first), HOMES_A_PIECE):
            rows = slice(start, start + HOMES_A_PIECE)
            inside[rows], transfer[rows] = rules.within_bounds(f, i[first[rows]][:, None], everywhere)
        return of, inside, transfer

    def _straight(self) -> Bools:
        """Mark the donations whose direct way is the shortest: all places are where they are said to be."""
        f, spots = self.f, self.f.gifts.spots.at(self.gifts.stands)
        north, east = np.full((2, len(f.places) + 1), np.nan)
        for named in (f.hubs.spots, f.spots):
            north[named.name], east[named.name] = named.latitude, named.longitude
        own = (spots.latitude == north[spots.name]) & (spots.longitude == east[spots.name])
        located = not (np.isnan(f.hubs.spots.latitude).any() or self.lanes)
        return np.asarray((own | (spots.name < 0)) & located, dtype=np.bool_)

    def pool(self, gifts: Ints, needs: Ints) -> Pool:
        """Put profiles of two items together."""
        f, i, j = self.f, self.gifts.stands[gifts], self.needs.stands[needs]
        fit = rules.same_thing(f, i[:1], j[:1])
        ratio = float(fit.ratio[0])
        odd, level, block = np.zeros(len(i), dtype=bool), np.zeros(len(i), dtype=np.int64), i * 0
        if self.plain is not None:
            odd = is_odd(f, i, j[:1], np.full(len(i), ratio))
            level, block = self.plain.prices.gift_level[i], self.plain.prices.gift_block[i]
        kind, _ = classes(level, f.gifts.quality[i], f.gifts.group_mark[i], block, odd.astype(np.int64))
        order = np.argsort(kind, kind="stable")
        needs, groups = self._groups(needs)
        return Pool(
            gifts[order], needs, kind[order], odd[order], self._takers(needs, ratio), groups,
            self._terms(fit, ratio),
        )  # fmt: skip

    def _groups(self, needs: Ints) -> tuple[Ints, Groups]:
        """Return needs group by group, and the groups."""
        w, j = self.f.wants, self.needs.stands[needs]
        community, place = np.unique(w.community[j], return_inverse=True)
        order = np.lexsort((place, w.last[j], w.first[j]))
        j, place = j[order], place[order]
        turns = np.ones(len(j), dtype=bool)
        turns[1:] = (np.diff(w.first[j]) != 0) | (np.diff(w.last[j]) != 0)
        starts = np.flatnonzero(turns | (np.diff(place, prepend=-1) != 0))
        windows = np.flatnonzero(turns)
        ends = np.append(np.searchsorted(starts, windows), len(starts))
        days = records(WINDOW, len(ends), start=ends)
        days["first"][:-1], days["last"][:-1] = w.first[j][windows], w.last[j][windows]
        days["remaining"][:-1] = np.minimum.reduceat(w.remaining[j], windows)
        return needs[order], (community, place[starts], np.append(starts, len(j)), days)

    def _takers(self, needs: Ints, ratio: float) -> Records:
        f, j = self.f, self.needs.stands[needs]
        w, left = f.wants, self.left
        takers = records(
            TAKER, len(j), quality=w.quality[j], remaining=w.remaining[j], fee=w.fee[j] * ratio * 10_000,
            group=w.group[j] % f.groups_marked.shape[1], ceiling=left.ceiling[needs], short=left.short[needs],
        )  # fmt: skip
        if self.plain is not None:
            p = self.plain.prices
            takers["level"], takers["block"], takers["price"] = p.need_level[j], p.need_block[j], p.need[j]
            takers["asked"] = self.plain.asked[needs]
        return takers

    def _terms(self, fit: rules.Fit, ratio: float) -> Records:
        roads, hubs = self.f.roads, self.f.hubs
        return records(
            TERMS, 1, per_diameter=roads.rate * roads.detour * 2 * EARTH_RADIUS_KM, lanes=self.lanes,
            longest=2 * int(roads.lead.max(initial=0)), least_handling=hubs.handling.min(initial=np.inf),
            least_storage=hubs.storage.min(initial=np.inf), ratio=ratio,
            fixed=float(fit.penalty[0] + fit.bought[0]) * 10_000, proof=self.plain is not None,
            sure=self.left.sure,
        )  # fmt: skip

    def piece(self, pool: Pool, rows: slice) -> Piece:
        """Return some donations of a pool, and their ways."""
        f, gifts = self.f, pool.gifts[rows]
        g, i = f.gifts, self.gifts.stands[gifts]
        into = routes.inbound(f, i)
        handled = np.where(into.open, into.cost + f.hubs.handling, np.inf)
        x, y, z = _vectors(g.spots.at(i))
        givers = records(
            GIVER, len(i), kind=pool.kind[rows], quality=g.quality[i], first=g.first[i], last=g.last[i],
            expires=g.expires[i], name=g.spots.name[i], home=self.home[gifts],
            place_mark=g.place_mark[i] % len(f.places_marked),
            group_mark=g.group_mark[i] % len(f.groups_marked), weight=g.weight[i],
            handling=np.where(g.service[i], 0.0, f.settings.rates.handling_direct),
            nearest=handled.min(axis=1, initial=np.inf), x=x, y=y, z=z, light=g.service[i] | g.funds[i],
            straight=self.straight[gifts], odd=pool.odd[rows], able=self.left.able[gifts],
            spare=self.left.spare[gifts],
        )  # fmt: skip
        if self.plain is not None:
            p = self.plain.prices
            givers["level"], givers["block"], givers["price"] = p.gift_level[i], p.gift_block[i], p.gift[i]
            givers["granule"] = self.plain.granule[gifts] * pool.terms["ratio"]
        return Piece(gifts, givers, into, self._ways(pool, i, into))

    def _ways(self, pool: Pool, i: Ints, into: Legs) -> Ways:
        cost = np.where(into.open, into.cost, np.inf)
        if not self.lanes:
            return cost, into.lead, np.zeros((1, 1)), np.zeros((1, 1), dtype=np.int64)
        legs = routes.straight(self.f, i[:, None], pool.groups[0][None, :])
        price = np.where(self.f.gifts.service[i][:, None], legs.quoted, legs.cost)
        return cost, into.lead, np.where(legs.open, price, np.inf), legs.lead


def _vectors(spots: Spots) -> tuple[Floats, Floats, Floats]:
    """Return where places are, seen from the centre of the earth; NaN where that is not known."""
    north, east = np.radians(spots.latitude), np.radians(spots.longitude)
    return np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)
