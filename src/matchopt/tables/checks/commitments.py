"""Checks of commitments, and what an earlier plan adds to them: which line a row is about, what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.contract.case import EarlierPlan
from matchopt.contract.fields import BARRED, PINNED
from matchopt.contract.frames import DAYS, PAIR, ROUTE, empty_column, lines_named, positions
from matchopt.contract.schema import COMMITMENTS
from matchopt.language import tr, trn
from matchopt.tables.checks.quantities import fund_items
from matchopt.tables.findings import Said, Saying, near_or
from matchopt.tables.typed import Checked, CheckedTables, check, is_empty
from matchopt.tolerances import ROUNDING, WRITTEN

TRIPLE = ("donation_id", "need_id", "quantity")
"""What says which line a row is about where it names no line of an earlier plan."""

LINE = ("allocation_id", *ROUTE)
"""What a row can take from the line that it is about, the quantity aside."""


# --- the rows by themselves --------------------------------------------------------------


@check("commitments")
def unnamed_lines(tables: CheckedTables, commitments: Checked) -> None:
    """Report rows that do not say which line they are about, or name one of a plan that nobody knows."""
    open_ = ~_named_in_full(commitments) & commitments.sound("allocation_id", *TRIPLE)
    named, columns = commitments.given("allocation_id"), ", ".join(TRIPLE)
    problem, cure = (
        tr("does not say which line it is about"),
        tr("give allocation_id, or {columns}", columns=columns),
    )
    tables.error("incomplete_row", commitments, "allocation_id", open_ & ~named, ("", problem, cure))
    problem = tr("is a line of an earlier plan, which is not known here")
    cure = tr("plan with matchopt replan RUN CASE, or give {columns}", columns=columns)
    ids = commitments.array("allocation_id")
    tables.error("no_earlier_plan", commitments, "allocation_id", open_ & named, (ids, problem, cure))


def _named_in_full(commitments: Checked) -> Bools:
    return np.asarray(np.logical_and.reduce([commitments.given(name) for name in TRIPLE]))


@check("commitments")
def hubs_of_lines(tables: CheckedTables, commitments: Checked) -> None:
    """Report hubs of a case without hubs, and hubs for what goes direct only."""
    hubs, given = commitments.array("hub"), commitments.given("hub")
    if "hubs" not in tables.checked and tables.complete("hubs"):
        cure = tr("add the hub, or leave the cell empty")
        said = (hubs, tr("is no hub: there is no table hubs"), cure)
        tables.error("unknown_key", commitments, "hub", given, said)
        return
    items, donations = tables.get("items"), tables.get("donations")
    if items is None or donations is None:
        return
    kind = items.by("item", "kind")
    pairs = zip(donations.array("donation_id"), donations.array("item"), strict=True)
    direct = {donation for donation, item in pairs if kind.get(item, "goods") != "goods"}
    said = (hubs, tr("cannot hold it: services and money go direct"), tr("leave the cell empty"))
    tables.error("no_hub", commitments, "hub", given & commitments.among("donation_id", direct), said)


@check("commitments")
def days_of_lines(tables: CheckedTables, commitments: Checked) -> None:
    """Report schedules of which some days are missing, and days in the wrong order."""
    days = [commitments.array(name) for name in DAYS]
    pickup, arrival, delivery = days
    given = np.stack([~np.isnat(day) for day in days])
    through = commitments.given("hub")
    enough = np.where(through, given.all(axis=0), given[0] & given[2])
    sound = commitments.sound("hub", *DAYS)
    cure = tr("give pickup_day and delivery_day, and with a hub arrival_day; or none of them")
    said: Saying = ("", tr("gives some days of the way and not all"), cure)
    tables.error("incomplete_row", commitments, "pickup_day", given.any(axis=0) & ~enough & sound, said)
    wrong = (delivery < pickup) | (through & ((arrival < pickup) | (delivery < arrival)))
    cure = tr("put pickup_day, arrival_day and delivery_day in order")
    said = (delivery, tr("is before a day that comes earlier on the way"), cure)
    tables.error("reversed_days", commitments, "delivery_day", wrong & sound, said)


@check("commitments")
def pinned_lines(tables: CheckedTables, commitments: Checked) -> None:
    """Report pinned lines that serve nothing, and more pinned than is donated or needed."""
    pinned = _named_in_full(commitments) & commitments.among("status", PINNED)
    ratio = _check_fit(tables, commitments, pinned)
    quantity = np.where(pinned, np.nan_to_num(commitments.array("quantity")), 0.0)
    _check_enough(tables, commitments, "donation_id", "donations", quantity)
    _check_enough(tables, commitments, "need_id", "needs", quantity * ratio)


def _check_fit(tables: CheckedTables, commitments: Checked, pinned: Bools) -> Floats:
    """Report pinned lines whose item serves nothing of the need; return what one donated unit serves."""
    ratio = np.ones(len(pinned))
    needs, donations = tables.get("needs"), tables.get("donations")
    if needs is None or donations is None or not tables.complete("items", "substitutions"):
        return ratio
    given = pd.Series(commitments.array("donation_id"), dtype=object).map(donations.by("donation_id", "item"))
    asked = pd.Series(commitments.array("need_id"), dtype=object).map(needs.by("need_id", "item"))
    serves = _Ratios(tables)
    wrong = np.zeros(len(pinned), dtype=bool)
    other = (given.notna() & asked.notna() & (given != asked)).to_numpy()
    for at in np.flatnonzero(pinned & other):
        found = serves(asked[at], given[at])
        wrong[at] = found is None
        ratio[at] = found or 1.0

    def say(at: int) -> Said:
        problem = tr("is «{asked}», which «{given}» cannot serve", asked=asked[at], given=given[at])
        return commitments.array("need_id"), problem, tr("correct the row, or add a substitution")

    tables.error("no_fit", commitments, "need_id", wrong, say)
    return ratio


class _Ratios:
    """What one unit of an item serves of another one, None for nothing."""

    def __init__(self, tables: CheckedTables) -> None:
        table, items = tables.get("substitutions"), tables.get("items")
        self._substitutions: Mapping[tuple[str, str], float] = {}
        if table is not None:
            pairs = zip(table.array("need_item"), table.array("donated_item"), strict=True)
            self._substitutions = dict(zip(pairs, table.array("ratio").tolist(), strict=True))
        self._funds = fund_items(tables)
        self._price: Mapping[str, float] = {} if items is None else items.by("item", "purchase_price")

    def __call__(self, asked: str, given: str) -> float | None:
        if (asked, given) in self._substitutions:
            return self._substitutions[asked, given]
        price = self._price.get(asked, np.nan)
        bought = given in self._funds and asked not in self._funds and price > 0
        return 1 / price if bought else None


def _check_enough(tables: CheckedTables, commitments: Checked, key: str, name: str, quantity: Floats) -> None:
    """Report donations that give, and needs that get, more by pinned lines than their quantity."""
    table = tables.get(name)
    if table is None:
        return
    ids = pd.Series(commitments.array(key), dtype=object)
    total = pd.Series(quantity).groupby(ids.to_numpy()).transform("sum").to_numpy()
    there = ids.map(table.by(key, "quantity")).to_numpy(dtype=np.float64)
    first = ~ids.duplicated().to_numpy()

    def say(at: int) -> Said:
        told = {"total": f"{total[at]:.15g}", "there": f"{there[at]:.15g}"}
        if name == "donations":
            problem = tr("is to give {total} by pinned lines, and offers {there}", **told)
        else:
            problem = tr("is to get {total} by pinned lines, and asks {there}", **told)
        cure = tr("correct the quantity in {name}, or the rows of commitments", name=name)
        return ids[at], problem, cure

    tables.error("too_much_pinned", commitments, key, first & (total > there * (1 + ROUNDING)), say)


# --- with an earlier plan ----------------------------------------------------------------


def completed(tables: CheckedTables, earlier: EarlierPlan) -> Checked:
    """Return the table `commitments` with all that the lines of an earlier plan add to it.

    A row that names a line, by its id or as the only one of its donation and need, takes from it what
    it does not say itself. What no row takes of a line is a promise: it comes in as planned. Lines of
    which the donation, the need or the hub has left the tables are left out, with a note. A row may still
    name a line that the earlier plan has no more; nothing of that is a promise.

    Parameters
    ----------
    tables
        The tables of the case as it is now; findings go to them.
    """
    given, own = tables.get("commitments") or _nothing(), len(earlier.allocations)
    lines = pd.concat([earlier.allocations, earlier.retired], ignore_index=True)
    at = _about(tables, given, lines, own)
    there = _there(tables, lines)
    stale = np.append(~there, False)[at]
    taken = _taken(tables, given, lines, at)
    rows = _filled(given, lines, at, taken).kept(~stale)
    rest, left = _rest(rows, lines, at[~stale], taken[~stale], there & (np.arange(len(lines)) < own))
    gone = int((~there)[np.union1d(np.arange(own), at[at >= 0])].sum())
    if gone:
        problem = trn(
            "{n} line of the earlier plan is left out: its donation, need or hub is gone from the tables",
            "{n} lines of the earlier plan are left out: donation, need or hub is gone from the tables",
            gone,
        )
        tables.found.note("gone", "commitments", problem)
    return _with_promises(rows, lines.iloc[rest], left)


def _nothing() -> Checked:
    """Return a table that nobody gave."""
    columns = {column.name: empty_column(column, 0) for column in COMMITMENTS.columns}
    wrong = {column.name: np.zeros(0, dtype=bool) for column in COMMITMENTS.columns}
    no_rows = np.zeros(0, dtype=np.int64)
    return Checked(COMMITMENTS, columns, pd.DataFrame(index=range(0)), {}, no_rows, wrong, True, {})


def _about(tables: CheckedTables, given: Checked, lines: pd.DataFrame, own: int) -> Ints:
    """Return which line each row is about, -1 for none; those from `own` on are known by their ids."""
    frame, ids = given.frame, given.array("allocation_id")
    named = lines_named(lines.iloc[:own], frame)
    old = positions(lines["allocation_id"].iloc[own:], ids)
    at = np.where(named.by_id & (named.at < 0) & (old >= 0), own + old, named.at)
    unknown = named.by_id & (at < 0)

    def say_unknown(row: int) -> Said:
        cure = near_or(ids[row], set(lines["allocation_id"]), tr("see plan/allocations.csv of the run"))
        return ids, tr("is no line of the earlier plan"), cure

    tables.error("unknown_key", given, "allocation_id", unknown, say_unknown)
    given.wrong["allocation_id"][unknown] = True
    # Of a row that gives its days what it says of hub and days has to be that of a line.
    vague = named.several & (at < 0) & frame[[*DAYS]].isna().all(axis=1).to_numpy()
    vague &= ~given.among("status", BARRED)

    def say_vague(row: int) -> Said:
        pair = f"{frame['donation_id'][row]} → {frame['need_id'][row]}"
        return pair, tr("are several lines of the earlier plan"), tr("give the allocation_id")

    tables.error("ambiguous_row", given, "donation_id", vague, say_vague)
    for column in PAIR:
        _refuse_contradictions(tables, given, lines, np.where(named.by_id, at, -1), column)
    return at


def _refuse_contradictions(
    tables: CheckedTables, given: Checked, lines: pd.DataFrame, at: Ints, column: str
) -> None:
    """Report rows that name a line and another donation or need than that of the line."""
    said = given.array(column)
    theirs = np.append(lines[column].to_numpy(dtype=object), "")[at]

    def say(row: int) -> Said:
        problem = tr("is not that of the line, which is {other}", other=theirs[row])
        return said, problem, tr("correct it, or leave the cell empty")

    tables.error("contradiction", given, column, (at >= 0) & (said != "") & (said != theirs), say)


def _there(tables: CheckedTables, lines: pd.DataFrame) -> Bools:
    """Return which lines are about a donation, a need and a hub that are still in the tables."""
    there = np.ones(len(lines), dtype=bool)
    for column, table in (("donation_id", "donations"), ("need_id", "needs"), ("hub", "hubs")):
        known = tables.names(f"{table}.{column}")
        there &= (lines[column].isin(known) | (lines[column] == "")).to_numpy()
    return there


def _planned(lines: pd.DataFrame) -> Floats:
    """Return the quantity of each line, and 0 of none."""
    return np.append(lines["donated_quantity"].to_numpy(dtype=np.float64), 0.0)


def _taken(tables: CheckedTables, given: Checked, lines: pd.DataFrame, at: Ints) -> Floats:
    """Return what each row takes of its line: what it says, or all that the others leave; 0 of none.

    Report rows that take more together than the line has, and those that leave nothing to others. What was
    declined or cancelled takes no more than all these leave.
    """
    planned, quantity = _planned(lines), given.array("quantity").astype(np.float64)
    counts = (at >= 0) & ~given.among("status", BARRED)
    said = np.where(counts, np.nan_to_num(quantity), 0.0)
    spoken = np.bincount(at[counts], said[counts], len(planned))
    open_ = counts & np.isnan(quantity)
    silent = np.bincount(at[open_], minlength=len(planned))
    left = np.maximum(planned - spoken, 0.0)
    beyond = counts & ~np.isnan(quantity) & (spoken > planned + WRITTEN)[at]
    idle = open_ & ((silent > 1) | (left <= WRITTEN))[at]

    def too_much(row: int) -> Said:
        total, plans = f"{spoken[at[row]]:.15g}", f"{planned[at[row]]:.15g}"
        problem = tr("makes {total} of a line that plans {planned}", total=total, planned=plans)
        return quantity, problem, tr("correct the quantity, or plan anew for what comes besides")

    tables.error("more_than_planned", given, "quantity", beyond, too_much)
    problem = tr("leaves open how much of its line it is, and others do or take all of it")
    tables.error("incomplete_row", given, "quantity", idle, ("", problem, tr("give the quantity")))
    taken = np.where(open_, left[at], said)
    kept = np.maximum(planned - np.bincount(at[counts], taken[counts], len(planned)), 0.0)[at]
    off = (at >= 0) & given.among("status", BARRED)
    return np.where(off, np.fmin(np.where(np.isnan(quantity), np.inf, quantity), kept), taken)


def _filled(given: Checked, lines: pd.DataFrame, at: Ints, taken: Floats) -> Checked:
    """Return the rows with what their lines say where they are empty."""
    columns, hit = dict(given.columns), at >= 0
    own = lines.iloc[at[hit]]
    for column in LINE:
        cells = columns[column].copy()
        empty = is_empty(cells[hit])
        cells[np.flatnonzero(hit)[empty]] = own[column].to_numpy()[empty]
        columns[column] = cells
    quantity = columns["quantity"].astype(np.float64)
    whole = given.among("status", BARRED)
    left = np.where(whole, _planned(lines)[at], taken)
    columns["quantity"] = np.where(hit & np.isnan(quantity), left, quantity)
    return replace(given, columns=columns, codes={})


def _rest(rows: Checked, lines: pd.DataFrame, at: Ints, taken: Floats, there: Bools) -> tuple[Ints, Floats]:
    """Return the lines of which something is left, and how much: nothing of pairs that are off altogether."""
    left = lines["donated_quantity"].to_numpy(dtype=np.float64)
    left = left - np.bincount(at[at >= 0], taken[at >= 0], len(left))
    # A row that is about none of the lines of its pair is about all of them.
    barred = pd.MultiIndex.from_frame(rows.frame.loc[rows.among("status", BARRED) & (at < 0), [*PAIR]])
    stays = there & (left > WRITTEN) & ~pd.MultiIndex.from_frame(lines[[*PAIR]]).isin(barred)
    found = np.flatnonzero(stays)
    return found, np.round(left[found], 6)


def _with_promises(rows: Checked, lines: pd.DataFrame, quantity: Floats) -> Checked:
    """Return the table with promises below its rows."""
    count = len(lines)
    more = {column.name: empty_column(column, count) for column in COMMITMENTS.columns}
    more |= {column: lines[column].to_numpy() for column in LINE} | {"quantity": quantity}
    more["status"][:] = "planned"
    extras = pd.DataFrame({name: [""] * count for name in rows.extras}, dtype=object, index=range(count))
    return replace(
        rows,
        columns={
            name: np.append(cells, more[name].astype(cells.dtype)) for name, cells in rows.columns.items()
        },
        extras=pd.concat([rows.extras, extras], ignore_index=True),
        rows=np.append(rows.rows, np.zeros(count, dtype=np.int64)),
        wrong={name: np.append(mask, np.zeros(count, dtype=bool)) for name, mask in rows.wrong.items()},
        codes={},
    )
