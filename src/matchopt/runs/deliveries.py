"""What really happened to a plan: the table of deliveries, checked against the plan it is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from matchopt.arrays import Ints
from matchopt.contract.fields import LARGEST_QUANTITY, Column, Kind, Table
from matchopt.contract.plan import Plan
from matchopt.errors import CaseError, Finding, Severity, reason_of
from matchopt.language import tr
from matchopt.runs.render import bare
from matchopt.runs.study import TRACK
from matchopt.tables.columns import check_table
from matchopt.tables.files import read_table
from matchopt.tables.findings import Findings, Said
from matchopt.tables.headers import report_unfilled
from matchopt.tables.typed import Checked
from matchopt.tolerances import EQUAL

DELIVERIES = Table(
    "deliveries",
    "配送",
    "what was really delivered",
    "实际的配送情况",
    (
        Column(
            "allocation_id",
            "分配编号",
            Kind.TEXT,
            "line of the plan; or give donation and need",
            "方案中的分配编号；也可以填写捐赠编号和需求编号",
            example="A0001",
        ),
        Column("donation_id", "捐赠编号", Kind.TEXT, "donation", "捐赠编号", example="D001"),
        Column("need_id", "需求编号", Kind.TEXT, "need", "需求编号", example="N0001"),
        Column(
            "quantity",
            "数量",
            Kind.NUMBER,
            "delivered, in units of the donation; 0 if nothing came",
            "实际送达的数量，按捐赠的单位；没有送达则填 0",
            required=True,
            least=0,
            most=LARGEST_QUANTITY,
        ),
        Column("day", "日期", Kind.DAY, "day of delivery", "送达日期", example="2026-03-05"),
        Column("satisfaction", "满意度", Kind.WHOLE, "1..5, 5 is best", "1 到 5，5 最满意", least=1, most=5),
        Column(
            "cause",
            "原因",
            Kind.TEXT,
            "why it was less or late",
            "为什么少了或晚了",
            example="van broke down",
        ),
    ),
    aliases=("配送记录", "done"),
)


def deliveries_of(run: Path, plan: Plan) -> pd.DataFrame | None:
    """Return the deliveries that a run folder keeps, as `read_deliveries` does; None if it keeps none.

    Raises
    ------
    CaseError
        If they are none of the plan's.
    """
    told = run / TRACK / "deliveries.csv"
    return read_deliveries(told, plan) if told.is_file() else None


def read_deliveries(path: Path, plan: Plan) -> pd.DataFrame:
    """Read a table of deliveries and hold it against the plan.

    Parameters
    ----------
    path
        A CSV, XLSX or Parquet file with the columns of `DELIVERIES`.
    plan
        The plan that was carried out.

    Returns
    -------
    DataFrame
        at (row of the plan's allocations), quantity, day, satisfaction (NaN if not given), cause.

    Raises
    ------
    CaseError
        With every finding at once: a line that the plan does not have, more delivered than planned, a
        delivery before its pick-up, and all that can be wrong with a table.
    """
    found = Findings()
    try:
        data = path.read_bytes()
    except OSError as error:
        said = tr("cannot be opened: {strerror}", strerror=reason_of(error))
        raise CaseError([Finding(Severity.ERROR, "unreadable", str(path), said)]) from None
    raw = read_table(DELIVERIES, path.name, data, found)
    checked = None if raw is None else check_table(raw, found)
    if checked is None:
        report_unfilled([] if raw is None else [raw], (), found)
        raise CaseError(found.sorted())
    # Ids are copied from the files of a run, which guard what a spreadsheet would take for a formula.
    texts = [column.name for column in DELIVERIES.columns if column.kind is Kind.TEXT]
    checked = replace(
        checked, columns={**checked.columns, **{n: bare(checked.frame[n]).to_numpy() for n in texts}}
    )
    at = _lines(checked, plan, found)
    _refuse_too_much(checked, plan, at, found)
    _refuse_too_early(checked, plan, at, found)
    findings = found.sorted()
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise CaseError(findings)
    table = checked.frame[["quantity", "day", "satisfaction", "cause"]]
    return table.assign(at=at)


def _lines(done: Checked, plan: Plan, found: Findings) -> Ints:
    """Return which line of the plan each row is about; -1, with a finding, where that cannot be told."""
    lines = plan.allocations
    ids = done.frame["allocation_id"]
    by_id = pd.Index(lines["allocation_id"]).get_indexer(pd.Index(ids))
    pairs = pd.MultiIndex.from_frame(lines[["donation_id", "need_id"]])
    unique = ~pairs.duplicated(keep=False)
    given = pd.MultiIndex.from_frame(done.frame[["donation_id", "need_id"]])
    by_pair = np.full(len(given), -1)
    known = np.flatnonzero(unique)
    hit = pairs[known].get_indexer(given)
    by_pair[hit >= 0] = known[hit[hit >= 0]]
    several = np.asarray(given.isin(pairs[~unique])) & (ids == "").to_numpy()
    at = np.where((ids != "").to_numpy(), by_id, by_pair)
    named = np.where(ids != "", ids, done.frame["donation_id"] + " → " + done.frame["need_id"])

    def unknown(row: int) -> Said:
        if not ids[row] and not (done.frame["donation_id"][row] and done.frame["need_id"][row]):
            cure = tr("give allocation_id, or donation_id and need_id")
            return "", tr("does not say which line it is about"), cure
        if several[row]:
            return named[row], tr("are several lines of the plan"), tr("give the allocation_id")
        return named[row], tr("is no line of the plan"), tr("see plan/allocations.csv of the run")

    found.rows(Severity.ERROR, "unknown_id", done, "allocation_id", np.flatnonzero(at < 0), unknown)
    return at.astype(np.int64)


def _refuse_too_much(done: Checked, plan: Plan, at: Ints, found: Findings) -> None:
    planned = plan.allocations["donated_quantity"].to_numpy(dtype=np.float64)
    quantity = done.frame["quantity"].fillna(0.0).to_numpy(dtype=np.float64)
    good = at >= 0
    total = np.bincount(at[good], quantity[good], len(planned))
    beyond = good & (total > planned + EQUAL)[np.where(good, at, 0)]

    def say(row: int) -> Said:
        made, most = f"{total[at[row]]:.15g}", f"{planned[at[row]]:.15g}"
        said = tr("makes {total} delivered of a line that plans {planned}", total=made, planned=most)
        return (
            f"{quantity[row]:.15g}",
            said,
            tr("correct the quantity; what came besides is another donation"),
        )

    found.rows(Severity.ERROR, "more_than_planned", done, "quantity", np.flatnonzero(beyond), say)


def _refuse_too_early(done: Checked, plan: Plan, at: Ints, found: Findings) -> None:
    pickup = plan.allocations["pickup_day"].to_numpy(dtype="datetime64[s]")
    day = done.frame["day"].to_numpy(dtype="datetime64[s]")
    good = at >= 0
    early = good & (day < pickup[np.where(good, at, 0)])

    def say(row: int) -> Said:
        came, first = (str(days[k].astype("datetime64[D]")) for days, k in ((day, row), (pickup, at[row])))
        return came, tr("is before the pick-up on {day}", day=first), tr("check the day")

    found.rows(Severity.ERROR, "before_pickup", done, "day", np.flatnonzero(early), say)
