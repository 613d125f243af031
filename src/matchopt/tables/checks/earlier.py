"""Commitments completed by an earlier plan: which line a row is about, and what no row takes of a line."""

from __future__ import annotations

import numpy as np
import pandas as pd

from matchopt.arrays import Bools, Floats, Ints
from matchopt.contract.fields import BARRED, Kind
from matchopt.contract.frames import empty_column, frame_of
from matchopt.contract.schema import COMMITMENTS
from matchopt.errors import Severity
from matchopt.language import tr, trn
from matchopt.tables.findings import Findings, Said
from matchopt.tables.names import near_name
from matchopt.tables.tables import Tables
from matchopt.tables.typed import Checked

DUST = 1e-6
"""Units that quantities may be off for being shown rounded."""

PAIR = ["donation_id", "need_id"]
DAYS = ["pickup_day", "arrival_day", "delivery_day"]


def completed(tables: Tables, lines: pd.DataFrame) -> Checked:
    """Return the table `commitments` with all that the lines of an earlier plan add to it.

    A row that names a line, by its id or as the only one of its donation and need, takes from it what
    it does not say itself. What no row takes of a line is a promise: it comes in as planned. Lines of
    which the donation, the need or the hub has left the tables are left out, with a note.

    Parameters
    ----------
    tables
        The tables of the case as it is now; findings go to them.
    lines
        Allocations of the earlier plan.
    """
    given = tables.get("commitments") or _none()
    at = _about(given, lines, tables.found)
    there = _there(tables, lines)
    stale = np.append(~there, False)[at]
    barred = given.among("status", BARRED)
    taken = _taken(given, lines, at, barred, tables.found)
    rows = _filled(given, lines, at, taken).kept(~stale)
    rest = _rest(rows, lines, at[~stale], taken[~stale], there)
    gone = int((~there).sum())
    if gone:
        tables.found.note(
            "gone", "commitments",
            trn("{n} line of the earlier plan is left out: its donation, need or hub is gone from the tables",
                "{n} lines of the earlier plan are left out: donation, need or hub is gone from the tables",
                gone),
        )  # fmt: skip
    return _with_promises(rows, lines.iloc[rest[0]], rest[1])


def _none() -> Checked:
    """Return a table that nobody gave."""
    frame = frame_of({column.name: empty_column(column, 0) for column in COMMITMENTS.columns})
    nothing = np.zeros(0, dtype=np.int64)
    wrong = {column.name: np.zeros(0, dtype=bool) for column in COMMITMENTS.columns}
    return Checked(COMMITMENTS, frame, pd.DataFrame(index=frame.index), {}, nothing, wrong, True, {})


def _about(given: Checked, lines: pd.DataFrame, found: Findings) -> Ints:
    """Return which line each row is about, -1 for none.

    A row without an id is about the only line of its donation and need, or of several the one whose way
    it names.
    """
    frame = given.frame
    ids = frame["allocation_id"].to_numpy(dtype=object)
    named = ids != ""
    at = np.full(len(frame), -1, dtype=np.int64)
    if named.any():
        at[named] = pd.Index(lines["allocation_id"]).get_indexer(pd.Index(ids[named]))
    unknown = named & (at < 0)

    def say(row: int) -> Said:
        near = near_name(ids[row], set(lines["allocation_id"]))
        cure = tr("did you mean «{near}»?", near=near) if near else tr("see plan/allocations.csv of the run")
        return ids[row], tr("is no line of the earlier plan"), cure

    found.rows(Severity.ERROR, "unknown_key", given, "allocation_id", np.flatnonzero(unknown), say)
    given.wrong["allocation_id"][unknown] = True
    pairs, way = pd.MultiIndex.from_frame(lines[PAIR]), [*PAIR, "hub", *DAYS]
    single = np.flatnonzero(~pairs.duplicated(keep=False))
    wanted = pd.MultiIndex.from_frame(frame[PAIR])
    alone = pairs[single].get_indexer(wanted)
    own = ~named & (alone >= 0)
    at[own] = single[alone[own]]
    # Of a row that gives its days what it says of hub and days has to be that of a line.
    several = ~named & np.asarray(wanted.isin(pairs)) & (alone < 0)
    if several.any():
        stated = pd.MultiIndex.from_frame(frame.loc[several, way])
        hit = pd.MultiIndex.from_frame(lines[way]).get_indexer(stated)
        at[several] = hit
        vague = np.zeros(len(frame), dtype=bool)
        vague[several] = (hit < 0) & frame.loc[several, [*DAYS]].isna().all(axis=1).to_numpy()
        vague &= ~given.among("status", BARRED)
        found.rows(
            Severity.ERROR, "ambiguous_row", given, "donation_id", np.flatnonzero(vague),
            lambda row: (
                f"{frame['donation_id'][row]} → {frame['need_id'][row]}",
                tr("are several lines of the earlier plan"), tr("give the allocation_id"),
            ),
        )  # fmt: skip
    _refuse_contradictions(given, lines, at, named, found)
    return at


def _refuse_contradictions(
    given: Checked, lines: pd.DataFrame, at: Ints, named: Bools, found: Findings
) -> None:
    """Report rows that name a line and another donation or need than that of the line."""
    for column in PAIR:
        said = given.array(column)
        theirs = np.append(lines[column].to_numpy(dtype=object), "")[at]
        wrong = np.flatnonzero(named & (at >= 0) & (said != "") & (said != theirs))
        cure = tr("correct it, or leave the cell empty")
        told: dict[int, Said] = {
            row: (said[row], tr("is not that of the line, which is {other}", other=theirs[row]), cure)
            for row in wrong.tolist()
        }
        found.rows(Severity.ERROR, "contradiction", given, column, wrong, told.__getitem__)


def _there(tables: Tables, lines: pd.DataFrame) -> Bools:
    """Return which lines are about a donation, a need and a hub that are still in the tables."""
    there = np.ones(len(lines), dtype=bool)
    for column, table, key in (
        ("donation_id", "donations", "donation_id"), ("need_id", "needs", "need_id"), ("hub", "hubs", "hub"),
    ):  # fmt: skip
        known = tables.names(table, key)
        there &= (lines[column].isin(known) | (lines[column] == "")).to_numpy()
    return there


def _taken(given: Checked, lines: pd.DataFrame, at: Ints, barred: Bools, found: Findings) -> Floats:
    """Return what each row takes of its line: what it says, or all that the others leave; 0 of none.

    Report rows that take more together than the line has, and those that leave nothing to others.
    """
    planned = np.append(lines["donated_quantity"].to_numpy(dtype=np.float64), 0.0)
    quantity = given.array("quantity").astype(np.float64)
    counts = (at >= 0) & ~barred
    said = np.where(counts, np.nan_to_num(quantity), 0.0)
    spoken = np.bincount(at[counts], said[counts], len(planned))
    open_ = counts & np.isnan(quantity)
    silent = np.bincount(at[open_], minlength=len(planned))
    left = np.maximum(planned - spoken, 0.0)
    beyond = counts & ~np.isnan(quantity) & (spoken > planned + DUST)[at]
    idle = open_ & ((silent > 1) | (left <= DUST))[at]

    def too_much(row: int) -> Said:
        told = tr(
            "makes {total} of a line that plans {planned}",
            total=f"{spoken[at[row]]:.15g}", planned=f"{planned[at[row]]:.15g}",
        )  # fmt: skip
        return (
            f"{quantity[row]:.15g}",
            told,
            tr("correct the quantity, or plan anew for what comes besides"),
        )

    def nothing(row: int) -> Said:
        problem = tr("leaves open how much of its line it is, and others do or take all of it")
        return "", problem, tr("give the quantity")

    found.rows(Severity.ERROR, "more_than_planned", given, "quantity", np.flatnonzero(beyond), too_much)
    found.rows(Severity.ERROR, "incomplete_row", given, "quantity", np.flatnonzero(idle), nothing)
    return np.where(open_, left[at], said)


def _filled(given: Checked, lines: pd.DataFrame, at: Ints, taken: Floats) -> Checked:
    """Return the rows with what their lines say where they are empty."""
    frame, hit = given.frame.copy(), at >= 0
    own = lines.iloc[at[hit]]
    for column in ["allocation_id", *PAIR, "hub", *DAYS]:
        cells = frame[column].to_numpy(copy=True)
        kind = COMMITMENTS.column(column).kind
        empty = np.isnat(cells[hit]) if kind is Kind.DAY else cells[hit] == ""
        cells[np.flatnonzero(hit)[empty]] = own[column].to_numpy()[empty]
        frame[column] = cells
    silent = hit & np.isnan(frame["quantity"].to_numpy(dtype=np.float64))
    planned = np.append(lines["donated_quantity"].to_numpy(dtype=np.float64), 0.0)[at]
    whole = given.among("status", BARRED)
    frame.loc[silent, "quantity"] = np.where(whole, planned, taken)[silent]
    return Checked(
        given.table, frame, given.extras, given.headers, given.rows, given.wrong, given.whole, codes={}
    )


def _rest(rows: Checked, lines: pd.DataFrame, at: Ints, taken: Floats, there: Bools) -> tuple[Ints, Floats]:
    """Return the lines of which something is left, and how much: nothing of pairs that are barred."""
    left = lines["donated_quantity"].to_numpy(dtype=np.float64)
    left = left - np.bincount(at[at >= 0], taken[at >= 0], len(left))
    barred = pd.MultiIndex.from_frame(rows.frame.loc[rows.among("status", BARRED), PAIR])
    stays = there & (left > DUST) & ~pd.MultiIndex.from_frame(lines[PAIR]).isin(barred)
    found = np.flatnonzero(stays)
    return found, np.round(left[found], 6)


def _with_promises(rows: Checked, lines: pd.DataFrame, quantity: Floats) -> Checked:
    """Return the table with promises below its rows."""
    count = len(lines)
    columns = {column.name: empty_column(column, count) for column in COMMITMENTS.columns}
    for column in ("allocation_id", *PAIR, "hub", *DAYS):
        columns[column] = lines[column].to_numpy()
    columns["quantity"] = quantity
    columns["status"][:] = "planned"
    more = frame_of(columns).astype(dict(rows.frame.dtypes)) if len(rows.frame) else frame_of(columns)
    extras = pd.DataFrame({name: [""] * count for name in rows.extras}, dtype=object, index=range(count))
    return Checked(
        rows.table,
        pd.concat([rows.frame, more], ignore_index=True),
        pd.concat([rows.extras, extras], ignore_index=True),
        rows.headers,
        np.concatenate([rows.rows, np.zeros(count, dtype=np.int64)]),
        {name: np.concatenate([mask, np.zeros(count, dtype=bool)]) for name, mask in rows.wrong.items()},
        rows.whole,
        codes={},
    )
