"""Node classes: needs and donations that the rules cannot tell apart, gathered into one node each.

Gathering is lossless: members of a class admit the same partners at the same cost, so any split of a
class's flow over its members is as good as any other; `matchopt.model.network` hands it back in the order of
their ids. Whatever comes out is sorted by ids, by code points, however the caller's rows stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints, Texts
from matchopt.contract.fields import CHANNELS as CHANNEL_NAMES
from matchopt.contract.fields import Kind
from matchopt.contract.frames import positions
from matchopt.contract.schema import TABLES
from matchopt.model.calendar import Calendar
from matchopt.model.money import to_money

if TYPE_CHECKING:
    from matchopt.contract.case import Case
    from matchopt.model.places import Atlas, Places


CHANNELS = tuple(CHANNEL_NAMES)

WIDE = 2**16
"""Range of a column from which on its values are numbered before they become digits of a key."""

LARGEST_KEY = 2**62
"""Largest key of whole numbers that several columns together are taken for."""


@dataclass(frozen=True, slots=True)
class Members:
    """Which rows of a table make up each class.

    Attributes
    ----------
    row : (r,) int
        Rows of the table, class after class, within a class in the order of their ids.
    start : (c + 1,) int
        Where each class begins in `row`.
    amount : (r,) int
        Scaled quantity of each row.
    total : (c,) int
        Scaled quantity of each class.
    """

    row: Ints
    start: Ints
    amount: Ints
    total: Ints = field(init=False)

    def __post_init__(self) -> None:
        running = np.concatenate([[0], np.cumsum(self.amount)])
        object.__setattr__(self, "total", running[self.start[1:]] - running[self.start[:-1]])

    @property
    def count(self) -> Ints:
        """How many rows each class has."""
        return np.diff(self.start)

    def rows_of(self, classes: Ints) -> tuple[Ints, Ints]:
        """Return the table rows of `classes`, and for each its position in `classes`."""
        count = self.start[classes + 1] - self.start[classes]
        which = np.repeat(np.arange(len(classes)), count)
        within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return self.row[self.start[classes][which] + within], which

    def class_of(self, count: int) -> Ints:
        """Return the class of each of `count` rows, -1 for those of none."""
        found = np.full(count, -1, dtype=np.int64)
        found[self.row] = np.repeat(np.arange(len(self.total)), self.count)
        return found

    def any_of(self, mark: Bools) -> Bools:
        """Return which classes have a row that is marked."""
        running = np.concatenate([[0], np.cumsum(mark[self.row])])
        return np.asarray(running[self.start[1:]] > running[self.start[:-1]])


@dataclass(frozen=True, slots=True)
class _Columns:
    """Arrays of one length, one entry a class. `own` is -1, or a number that keeps it by itself."""

    own: Ints

    def take(self, index: Ints) -> Self:
        """Return the classes at `index`."""
        return type(self)(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def kept_apart(self, apart: Bools) -> Self:
        """Return the same, those marked each in a class of its own."""
        return replace(self, own=np.where(apart, np.arange(len(apart)), -1))


@dataclass(frozen=True, slots=True)
class Supply(_Columns):
    """Donation classes: what the rules look at, one entry a class.

    Days are whole numbers, `first`..`last` the pick-up window in the horizon, `expiry` the
    last day of use; codes are -1 where not given; `only_communities` and `only_groups`
    number the earmark sets, -1 for none. `affinity` and `donor` are codes of the affinities, `barred`
    of the bars. `own` is -1, or a number that keeps the row in a class of its own.
    """

    item: Ints
    place: Ints
    community: Ints
    first: Ints
    last: Ints
    expiry: Ints
    quality: Ints
    only_communities: Ints
    only_groups: Ints
    affinity: Ints
    donor: Ints
    barred: Ints


@dataclass(frozen=True, slots=True)
class Demand(_Columns):
    """Need classes: what the rules look at, one entry a class.

    `first`..`last` is the delivery window in the horizon, `channel` indexes `CHANNELS`,
    `unmet_cost` is in 1/10 000 currency per unit (0 unless the objective looks at it).
    `affinity`, `barred` and `own` are as in `Supply`.
    """

    item: Ints
    community: Ints
    priority: Ints
    group: Ints
    first: Ints
    last: Ints
    min_quality: Ints
    min_remaining_days: Ints
    channel: Ints
    unmet_cost: Ints
    affinity: Ints
    barred: Ints


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes (r,) of the rows of a table in what tells pairs apart, -1 for none.

    Attributes
    ----------
    affinity, donor
        In the affinities; needs have no donor.
    barred
        In the bars.
    """

    affinity: Ints
    donor: Ints
    barred: Ints


@dataclass(frozen=True, slots=True)
class Earmarks:
    """The distinct ``;`` lists of what donations are for, as sets of codes.

    Attributes
    ----------
    code : (d,) int
        The set of each donation, -1 for an empty list.
    admits : (sets + 1, universe + 1) bool
        Whether a set names a code. The last row and column are False, so that the code -1 (no set, not
        in the universe) can be an index.
    """

    code: Ints
    admits: Bools

    @classmethod
    def of(cls, lists: Texts, universe: pd.Index) -> Self:
        """Return the earmarks of a column of lists of names in `universe`."""
        code, values = pd.factorize(lists)
        order = np.argsort(values, kind="stable")
        sets = [text.split(";") for text in values[order].tolist()]
        number = np.repeat(np.arange(len(sets)), [len(parts) for parts in sets])
        member = universe.get_indexer(pd.Index([part for parts in sets for part in parts], dtype=object))
        admits = np.zeros((len(sets) + 1, len(universe) + 1), dtype=bool)
        admits[number[member >= 0], member[member >= 0]] = True
        rank = np.argsort(order)
        return cls(np.where(values == "", -1, rank)[code].astype(np.int64), admits)


def supply_rows(
    case: Case,
    atlas: Atlas,
    calendar: Calendar,
    item: Ints,
    shelf_life: Floats,
    earmarks: tuple[Earmarks, Earmarks],
    codes: Codes,
) -> tuple[Supply, Places]:
    """Return what the rules look at of each donation, and where it lies.

    Parameters
    ----------
    item : (d,) int
        Item code of each donation.
    shelf_life : (d,) float
        Shelf life of its item in days, NaN for none.
    earmarks
        For communities and for groups.
    codes
        Of each donation.
    """
    cells = partial(case.column, "donations")
    communities, groups = earmarks
    place = atlas.of_donations(case.donations)
    first, last = calendar.window(cells("available_from"), cells("available_until"))
    columns = Supply(
        item=item,
        place=alike([place.name, numbered(place.latitude), numbered(place.longitude)]),
        community=atlas.codes(cells("community")),
        first=first,
        last=last,
        expiry=calendar.expiry(cells("expires_on"), cells("available_from"), shelf_life),
        quality=cells("quality"),
        only_communities=communities.code,
        only_groups=groups.code,
        affinity=codes.affinity,
        donor=codes.donor,
        barred=codes.barred,
        own=np.full(len(item), -1),
    )
    return columns, place


def supply_classes(
    case: Case, rows: Supply, place: Places, amount: Ints, takes_part: Bools
) -> tuple[Supply, Members, Places]:
    """Return the classes of donations that take part, their members and places.

    Parameters
    ----------
    rows, place
        From `supply_rows`.
    amount : (d,) int
        Scaled quantity that can flow.
    takes_part : (d,) bool
        Which donations count, be it with an amount of 0.
    """
    members, representative = _gather(rows, case.column("donations", "donation_id"), amount, takes_part)
    _, first_at = np.unique(rows.place, return_index=True)
    return rows.take(representative), members, place.take(first_at)


def demand_rows(
    case: Case, atlas: Atlas, calendar: Calendar, item: Ints, group: Ints, codes: Codes
) -> Demand:
    """Return what the rules look at of each need; parameters as for `supply_rows`."""
    cells = partial(case.column, "needs")
    first, last = calendar.window(cells("needed_from"), cells("needed_by"))
    by_cost = case.settings.policy.objective == "total-cost"
    return Demand(
        item=item,
        community=atlas.codes(cells("community")),
        priority=cells("priority"),
        group=group,
        first=first,
        last=last,
        min_quality=alike_qualities(cells("min_quality"), case.column("donations", "quality")),
        min_remaining_days=cells("min_remaining_days"),
        channel=positions(np.array(CHANNELS, dtype=object), cells("channel")),
        unmet_cost=unmet_cost(case) if by_cost else np.zeros(len(item), dtype=np.int64),
        affinity=codes.affinity,
        barred=codes.barred,
        own=np.full(len(item), -1),
    )


def demand_classes(case: Case, rows: Demand, amount: Ints, takes_part: Bools) -> tuple[Demand, Members]:
    """Return the classes of needs that take part, and their members; parameters as for `supply_classes`."""
    members, representative = _gather(rows, case.column("needs", "need_id"), amount, takes_part)
    return rows.take(representative), members


def alike_qualities(asked: Ints, offered: Ints) -> Ints:
    """Return for each lowest quality asked the lowest one offered that will do, or one that none has.

    What nobody offers tells no two needs apart.
    """
    qualities = np.unique(offered)
    lowest = np.searchsorted(qualities, asked)
    return np.append(qualities, qualities.max(initial=0) + 1)[lowest]


def alike_groups(group: Ints, earmarks: Earmarks) -> Ints:
    """Return for each group (code) the first that all earmarks treat the same, -1 where none names it."""
    named = earmarks.admits
    _, first, same = np.unique(named, axis=1, return_index=True, return_inverse=True)
    return np.where(named.any(axis=0), first[same], -1)[group]


def unmet_cost(case: Case) -> Ints:
    """Return each need's deprivation cost in 1/10 000 currency per unit."""
    given = case.column("needs", "unmet_cost")
    return to_money(np.where(np.isnan(given), case.settings.rates.unmet_cost, given))


def _gather(columns: Supply | Demand, ids: Texts, amount: Ints, takes_part: Bools) -> tuple[Members, Ints]:
    """Group rows that take part by equal columns; return members and one row per class.

    Rows are taken in the order of their ids, so that neither classes nor members depend
    on the order of the caller's table.
    """
    order = sorted_rows(ids)
    order = order[takes_part[order]]
    label = alike([getattr(columns, f.name)[order] for f in fields(columns)])
    by_class = np.argsort(label, kind="stable")
    row = order[by_class]
    count = np.bincount(label) if len(label) else np.zeros(0, dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Members(row, start, amount[row]), row[start[:-1]]


def alike(columns: Sequence[Ints]) -> Ints:
    """Return a number for each row, the same where all columns are, counted as they first occur."""
    key, span = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        least = column.min(initial=0)
        digit, base = column - least, int(column.max(initial=0) - least) + 1
        if base > WIDE:
            digit = numbered(digit)
            base = int(digit.max(initial=0)) + 1
        if span * base > LARGEST_KEY:
            key = numbered(key)
            span = int(key.max(initial=0)) + 1
        key, span = key * base + digit, span * base
    return numbered(key)


NOT_READ = frozenset({"donation_id", "donor", "quantity", "created_on"})
"""Columns of donations that no rule looks at, or in which those that are alike may differ."""


def alike_donations(case: Case) -> Ints:
    """Number donations, the same where all is that the rules read but id, donor and quantity.

    Where affinities cost something, that is the rows that name the donation and those that name its donor.
    """
    calendar, columns = Calendar.of(case), list[Ints]()
    horizon = dict(zip(("available_from", "available_until"), (calendar.start, calendar.end), strict=True))
    for column in TABLES["donations"].columns:
        if column.name not in NOT_READ:
            values = case.donations[column.name]
            if column.name in horizon:
                values = values.fillna(pd.Timestamp(horizon[column.name], unit="D"))
            code, names = pd.factorize(values, use_na_sentinel=False)
            if column.kind is Kind.LIST:
                sets = [";".join(sorted(text.split(";"))) for text in names]
                code = pd.factorize(np.array(sets, dtype=object))[0][code]
            columns.append(code.astype(np.int64))
    if case.settings.policy.affinity_weight and "affinities" in case.tables:
        columns += [_named_alike(case, name) for name in ("donation_id", "donor")]
    return alike(columns)


def _named_alike(case: Case, column: str) -> Ints:
    """Return a number for each donation by the affinities that name it in `column`."""
    rows: dict[str, list[tuple[str, str, float]]] = {}
    names = [case.column("affinities", name).tolist() for name in (column, "need_id", "group", "score")]
    for name, *row in zip(*names, strict=True):
        rows.setdefault(name, []).append(tuple(row))
    rows.pop("", None)
    number: dict[tuple[tuple[str, str, float], ...], int] = {}
    code = {name: number.setdefault(tuple(sorted(own)), len(number)) for name, own in rows.items()}
    named = case.donations[column].map(code)
    return np.asarray(named.fillna(-1), dtype=np.int64)


def numbered(values: Ints | Floats) -> Ints:
    """Number the distinct values as they first occur; not given is one too."""
    return np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64)


LONG = 64
"""Characters of an id from which on texts are compared one by one: as numbers they would fill the memory."""


def sorted_rows(ids: Texts) -> Ints:
    """Return the rows of a table in the order of their ids; equal ids stay in the order of their rows."""
    if max(map(len, ids), default=0) > LONG:
        return np.asarray(np.argsort(ids, kind="stable"), dtype=np.int64)
    return np.asarray(np.lexsort(_as_numbers(ids)[:, ::-1].T), dtype=np.int64)


def ranks(ids: Texts) -> Ints:
    """Return the rank of each id among all of its table."""
    rows = sorted_rows(ids)
    rank = np.empty(len(rows), dtype=np.int64)
    rank[rows] = np.arange(len(rows))
    return rank


def _as_numbers(texts: npt.NDArray[np.object_]) -> npt.NDArray[np.uint64]:
    """Return short texts (n,) as whole numbers (n, k) whose order is that of their code points.

    They are the bytes of the texts in UTF-8, eight by eight, which numpy sorts much faster.
    """
    try:
        coded = texts.astype(np.bytes_)
    except UnicodeEncodeError:
        coded = np.strings.encode(texts.astype(np.str_), "utf-8")
    width = coded.dtype.itemsize
    padded = np.zeros((len(texts), 8 * -(-width // 8)), dtype=np.uint8)
    padded[:, :width] = coded.view(np.uint8).reshape(len(texts), width)
    return padded.view(">u8").astype(np.uint64)
