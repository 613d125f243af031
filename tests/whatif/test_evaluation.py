"""Plan against fact: sums, delays, words kept; and every way a table of deliveries can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

import matchopt
from matchopt import Case, CaseError, Plan
from matchopt.cli import app
from matchopt.language import speaking
from matchopt.report.evaluated import files, in_words, page, workbook
from matchopt.runs.deliveries import read_deliveries
from matchopt.runs.study import write_track
from matchopt.whatif.causes import DONOR, NOBODY, ORGANIZATION, RESIDENTS, TRANSPORT, responsible
from matchopt.whatif.evaluation import Evaluation, evaluate
from profiles import examples
from small_case import SmallCase
from strategies import small_cases


def city() -> Plan:
    """Rice for three needs by two donors: N1 gets 8 and N2 gets 2 of the Mill's 10, N3 4 of the Farm's 5."""
    needs = pd.DataFrame(
        {
            "need_id": ["N1", "N2", "N3"],
            "community": ["Hilltop", "Oldtown", "Oldtown"],
            "item": ["rice", "rice", "milk"],
            "quantity": [8, 5, 4],
            "priority": [1, 3, 2],
            "needed_by": ["2026-03-07", "2026-03-07", "2026-03-09"],
        }
    )
    gifts = pd.DataFrame(
        {
            "donation_id": ["D1", "D2"],
            "donor": ["Mill", "Farm"],
            "item": ["rice", "milk"],
            "quantity": [10, 5],
            "available_from": ["2026-03-02", "2026-03-03"],
        }
    )
    since = {"horizon": {"start": "2026-03-02"}}
    return matchopt.plan(Case.from_frames(needs=needs, donations=gifts, settings=since))


def deliveries(folder: Path, text: str) -> Path:
    (folder / "done.csv").write_text(text, "utf-8")
    return folder / "done.csv"


def test_what_is_reached_is_added_up(tmp_path: Path) -> None:
    plan = city()
    done = deliveries(
        tmp_path,
        "donation_id,need_id,quantity,day,satisfaction,cause\nD1,N1,5,2026-03-02,5,\n"
        "D1,N1,1,2026-03-05,3,lorry broke\nD2,N3,4,2026-03-03,,\n",
    )
    found = evaluate(plan, read_deliveries(done, plan))
    assert (found.asked, found.planned, found.reached) == (17, 14, 10)
    lines = found.lines.set_index("need_id")
    assert lines["delivered"].to_dict() == {"N1": 6, "N2": 0, "N3": 4}
    assert lines["delay"].to_dict() == pytest.approx({"N1": 3, "N2": np.nan, "N3": 0}, nan_ok=True)
    assert lines["cause"].to_dict() == {"N1": "lorry broke", "N2": "nothing reported", "N3": ""}
    assert found.on_time == pytest.approx(0.4)
    assert found.delay == pytest.approx(1.8)
    assert found.satisfaction == pytest.approx((5 * 5 + 3) / 6)
    assert found.donors.set_index("donor")["reliability"].to_dict() == {"Mill": 1.0, "Farm": 1.0}
    assert found.causes.set_index("cause")["units"].to_dict() == {"lorry broke": 2, "nothing reported": 2}
    assert found.communities["community"].tolist() == ["Oldtown", "Hilltop"]
    with speaking("en"):
        assert list(in_words(found)) == [
            "Reached in full: 1 of 3 needs (33.3%), where the plan serves 2 in full.",
            "Delivered of what was planned: 10 of 14 kg of goods (71.4%).",
            "40.0% came on the planned day or before; a unit came 1.8 days late in the mean.",
            "Satisfaction: 4.67 of 5 (1 allocation).",
            "Not delivered in full: 2 allocations; responsible: transport (1) and nobody yet (1).",
            "Not delivered, by cause: lorry broke (2) and nothing reported (2).",
        ]


def told(plan: Plan, *rows: tuple[str, float, str]) -> Evaluation:
    """What became of a plan: need, quantity and cause of each delivery."""
    at = {need: place for place, need in enumerate(plan.allocations["need_id"])}
    frame = pd.DataFrame(
        {
            "at": [at[need] for need, _, _ in rows],
            "quantity": [float(quantity) for _, quantity, _ in rows],
            "day": pd.Series([pd.NaT] * len(rows), dtype="datetime64[s]"),
            "satisfaction": np.nan,
            "cause": [cause for _, _, cause in rows],
        }
    )
    return evaluate(plan, frame)


def undated(donors: dict[str, list[float]], **columns: list[str]) -> Plan:
    """Needs N1, N2 …, each with a donation of its own of the same quantity."""
    rows = [(donor, quantity) for donor, quantities in donors.items() for quantity in quantities]
    items = columns.pop("item", [f"item {k}" for k in range(len(rows))])
    shared = {"item": items, "quantity": [quantity for _, quantity in rows]}
    ids = [f"{k + 1}" for k in range(len(rows))]
    needs = {"need_id": [f"N{k}" for k in ids], "community": ["Hilltop"] * len(rows), **shared, **columns}
    gifts = {"donation_id": [f"D{k}" for k in ids], "donor": [donor for donor, _ in rows], **shared}
    return matchopt.plan(Case.from_frames(needs=pd.DataFrame(needs), donations=pd.DataFrame(gifts)))


@pytest.mark.parametrize(
    ("party", "causes"),
    [
        (
            DONOR,
            "no-show; No shows; short delivery; delivered short; donor short by 2; supplier out of stock; "
            "捐赠方未提供; 捐贈方未提供; 爽约; 缺货; 数量不足; 供货商少送; 生产车间停产; "
            "donor refused to hand over; withdrawn",
        ),
        (
            RESIDENTS,
            "refused; Refused by resident; refusal; not needed any more; no longer needed; wasn't needed; "
            "didn’t want it; nobody home; moved away; resident no-show; need cancelled; "
            "居民拒收; 拒绝接收; 不需要了; 不在家; 已搬走; 無人簽收; 需求取消",
        ),
        (
            TRANSPORT,
            "road closed; the road to Hilltop was closed; van broke down; Lorry broke; driver no-show; "
            "snow; damaged in transit; refused entry; "
            "车辆故障; 車輛故障; 大雪封路; 物流公司延误; 堵车; 司机请假; 途中损坏",
        ),
        (
            ORGANIZATION,
            "warehouse full; hub closed; volunteers ill; short-staffed; short of staff; no room; "
            "warehouse refused it; 仓库已满; 倉庫已滿; 爆仓; 人手不足; 志愿者不够; 漏发",
        ),
        (NOBODY, "spoilt; late; cancelled; 变质; vanilla; ice cream; 10:30; -"),
    ],
)
def test_whose_matter_a_cause_is_by_the_words_people_write(party: str, causes: str) -> None:
    read = {cause: responsible(cause) for cause in causes.split("; ")}
    assert read == dict.fromkeys(read, party)


def test_who_stands_before_a_colon_counts_before_all_words() -> None:
    said = (
        "transport: spoilt by the donor",
        "运输：变质",
        "居民: 车辆故障",
        "Organisation: xyz",
        "donor: late",
    )
    assert [responsible(cause) for cause in said] == [TRANSPORT, TRANSPORT, RESIDENTS, ORGANIZATION, DONOR]


@pytest.mark.parametrize(
    "cause", ["refused, van broke down", "居民拒收；车辆故障", "donor and driver quarrelled"]
)
def test_a_cause_that_names_two_is_nobodys(cause: str) -> None:
    assert responsible(cause) == NOBODY


def test_only_what_is_the_donors_matter_counts_against_its_reliability() -> None:
    plan = undated({"Mill": [10, 10, 10, 10, 10, 10]})
    causes = ("no-show", "refused", "road closed", "warehouse full", "spoilt")
    found = told(plan, *((f"N{k + 1}", 4, cause) for k, cause in enumerate(causes)))
    (row,) = found.donors.to_dict("records")
    # 60 are promised; 6 each are missing of five lines, of which one is nobody's, and 10 of a line untold of.
    assert (row["promised"], row["delivered"], row["not_provided"]) == (60, 20, 6)
    assert row["reliability"] == pytest.approx(1 - 6 / 44, abs=1e-6)
    assert (row["lines"], row["known_lines"]) == (6, 5)
    whose = found.causes.set_index("cause")["responsible"].to_dict()
    assert whose == dict(zip(causes, (DONOR, RESIDENTS, TRANSPORT, ORGANIZATION, NOBODY), strict=True)) | {
        "nothing reported": NOBODY
    }
    assert found.unclear == ("spoilt",)
    with speaking("en"):
        words = "\n".join(in_words(found))
    assert "cannot be told from: spoilt. Begin such causes with donor, residents, transport" in words
    assert "Provided least of what they promised: Mill 86.4% (5 allocations)." in words
    with speaking("zh"):
        assert "捐赠方" in "\n".join(in_words(found))


def test_a_donor_of_whom_nothing_is_known_has_no_reliability() -> None:
    found = told(undated({"Mill": [10], "Farm": [5]}), ("N2", 0, ""))
    assert found.donors["reliability"].isna().all()
    assert found.donors["known_lines"].tolist() == [0, 0]
    assert set(found.causes["cause"]) == {"nothing reported", "no cause given"}
    assert set(found.causes["responsible"]) == {NOBODY}


def test_causes_of_two_parties_on_one_line_are_nobodys() -> None:
    found = told(undated({"Mill": [10]}), ("N1", 4, "short delivery"), ("N1", 2, "refused"))
    assert found.lines[["cause", "responsible"]].to_numpy().tolist() == [["short delivery; refused", NOBODY]]
    assert found.unclear == ("short delivery; refused",)
    again = told(undated({"Mill": [10]}), ("N1", 4, "refused"), ("N1", 2, "居民拒收"))
    assert again.lines["responsible"].tolist() == [RESIDENTS]


def test_what_residents_take_by_item_community_and_group() -> None:
    plan = undated(
        {"Mill": [10, 10, 10, 10], "Farm": [10, 10]},
        item=["rice", "rice", "rice", "milk", "milk", "soap"],
        community=["Hilltop", "Hilltop", "Oldtown", "Hilltop", "Hilltop", "Hilltop"],
        group=["elderly", "elderly", "elderly", "", "", ""],
    )
    given = plan.allocations.set_index("need_id")["donation_id"]
    assert given.nunique() == 6
    rows = [
        ("N1", 10, ""),
        ("N2", 4, "refused"),
        ("N3", 0, "居民拒收"),
        ("N4", 5, "no-show"),
        ("N5", 0, "road closed"),
    ]
    found = told(plan, *rows)
    assert list(found.acceptance.columns) == ["item", "community", "group", "rate", "lines"]
    # Of the milk 5 came and were taken; of the rest, and of the soap, residents have not been asked.
    assert found.acceptance.to_numpy().tolist() == [
        ["milk", "Hilltop", "", 1.0, 1],
        ["rice", "Hilltop", "elderly", 0.7, 2],
        ["rice", "Oldtown", "elderly", 0.0, 1],
    ]


def test_acceptance_is_of_what_was_donated_and_of_what_was_bought() -> None:
    needs = pd.DataFrame(
        {"need_id": ["N1", "N2"], "community": "Hilltop", "item": ["rice", "oil"], "quantity": [6, 4]}
    )
    gifts = pd.DataFrame({"donation_id": ["D1", "D2"], "item": ["flour", "money"], "quantity": [3, 40]})
    items = pd.DataFrame(
        {
            "item": ["rice", "oil", "flour", "money"],
            "kind": ["goods", "goods", "goods", "funds"],
            "purchase_price": [np.nan, 10, np.nan, np.nan],
        }
    )
    ratio = pd.DataFrame({"need_item": ["rice"], "donated_item": ["flour"], "ratio": [2]})
    plan = matchopt.plan(Case.from_frames(needs=needs, donations=gifts, items=items, substitutions=ratio))
    assert plan.served == 10
    found = told(plan, ("N1", 2, "refused"), ("N2", 30, "refused"))
    assert found.acceptance.to_numpy().tolist() == [
        ["flour", "Hilltop", "", pytest.approx(2 / 3, abs=1e-6), 1],
        ["oil", "Hilltop", "", 0.75, 1],
    ]
    assert found.kinds.to_dict("index") == {
        "goods_kg": {"planned": 3, "delivered": 2},
        "funds": {"planned": 40, "delivered": 30},
    }


def test_what_is_planned_after_the_last_day_told_of_is_not_due(tmp_path: Path) -> None:
    plan = city()
    done = deliveries(tmp_path, "donation_id,need_id,quantity,day\nD1,N1,8,2026-03-02\n")
    lines = evaluate(plan, read_deliveries(done, plan)).lines.set_index("need_id")
    assert lines["cause"].to_dict() == {"N1": "", "N2": "nothing reported", "N3": "not due yet"}
    assert lines["responsible"].to_dict() == {"N1": "", "N2": NOBODY, "N3": NOBODY}


def test_a_donor_is_late_only_where_that_is_its_matter(tmp_path: Path) -> None:
    plan = city()
    rows = "D1,N1,8,2026-03-05,van broke down\nD1,N2,2,2026-03-04,donor late\nD2,N3,4,2026-03-06,\n"
    done = deliveries(tmp_path, f"donation_id,need_id,quantity,day,cause\n{rows}")
    found = evaluate(plan, read_deliveries(done, plan))
    assert found.donors.set_index("donor")["late"].to_dict() == {"Mill": 2, "Farm": 0}
    assert found.donors["reliability"].tolist() == [1, 1]
    late = found.causes.set_index("cause")["late"].to_dict()
    assert late == {"van broke down": 8, "donor late": 2, "no cause given": 4}


@examples(0.06)
@given(small=small_cases(), data=st.data())
def test_sums_of_any_plan(small: SmallCase, data: st.DataObject) -> None:
    plan = matchopt.plan(small.case())
    lines = plan.allocations
    part = [data.draw(st.sampled_from((0.0, 0.5, 1.0))) for _ in range(len(lines))]
    causes = {"": NOBODY, "spoilt": NOBODY, "no-show": DONOR, "居民拒收": RESIDENTS, "road closed": TRANSPORT}
    said = [data.draw(st.sampled_from(list(causes))) for _ in range(len(lines))]
    rows = pd.DataFrame(
        {
            "at": np.arange(len(lines)),
            "quantity": lines["donated_quantity"].to_numpy() * part,
            "day": lines["delivery_day"].to_numpy(),
            "satisfaction": np.nan,
            "cause": said,
        }
    ).astype({"quantity": float})
    found = evaluate(plan, rows)
    served = float((lines["served_quantity"].to_numpy() * part).sum())
    assert found.reached == pytest.approx(served, abs=1e-4)
    for table in (found.communities, found.tiers):
        assert table["reached"].sum() == pytest.approx(served, abs=1e-4)
        assert table["asked"].sum() == pytest.approx(plan.asked, abs=1e-4)
    promised = lines["donated_quantity"].to_numpy()
    missing = promised - rows["quantity"].to_numpy()
    whose = np.array([causes[cause] for cause in said], dtype=object)
    donor = found.lines["donor"].to_numpy()
    for row in found.donors.itertuples():
        mine = donor == row.donor
        known = promised[mine].sum() - missing[mine & (whose == NOBODY)].sum()
        rate = 1 - missing[mine & (whose == DONOR)].sum() / known if known > 1e-6 else np.nan
        assert row.reliability == pytest.approx(rate, abs=1e-5, nan_ok=True)
    short = missing > 1e-6
    assert found.lines["responsible"].tolist() == np.where(short, whose, "").tolist()
    refused = short & (whose == RESIDENTS)
    assert found.acceptance["lines"].sum() == (refused | (rows["quantity"].to_numpy() > 1e-6)).sum()
    assert (found.acceptance["rate"] < 1).any() == refused.any()
    assert found.causes["units"].sum() == pytest.approx(plan.served - served, abs=1e-3)
    assert page(found).startswith("<!doctype html>")
    assert len(workbook(found).sheets) == 6


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("X9,,,1,,,", "unknown_id"),
        (",D1,N9,1,,,", "unknown_id"),
        (",D1,,1,,,", "unknown_id"),
        (",D1,N1,8.5,,,", "more_than_planned"),
        (",D1,N1,5,,,\n,D1,N1,4,,,", "more_than_planned"),
        (",D1,N1,5,2026-03-01,,", "before_pickup"),
        (",D1,N1,-1,,,", "out_of_range"),
        (",D1,N1,,,,", "missing_value"),
        (",D1,N1,5,soon,,", "not_a_day"),
        (",D1,N1,5,,6,", "out_of_range"),
    ],
)
def test_a_table_that_is_wrong(rows: str, code: str, tmp_path: Path) -> None:
    plan = city()
    head = "allocation_id,donation_id,need_id,quantity,day,satisfaction,cause\n"
    with pytest.raises(CaseError) as refused:
        read_deliveries(deliveries(tmp_path, head + rows + "\n"), plan)
    findings = [finding for finding in refused.value.findings if finding.severity == "error"]
    assert {finding.code for finding in findings} == {code}
    assert all(finding.row for finding in findings)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    done = deliveries(tmp_path, "allocation_id,quantity,day\nX1,1,\nX2,1,\nA0001,900,2020-01-01\n")
    plan = city()
    first = str(plan.allocations["allocation_id"].iloc[0])
    done.write_text(done.read_text("utf-8").replace("A0001", first), "utf-8")
    with pytest.raises(CaseError) as refused:
        read_deliveries(done, plan)
    codes = sorted(finding.code for finding in refused.value.findings if finding.severity == "error")
    assert codes == ["before_pickup", "more_than_planned", "unknown_id", "unknown_id"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command(tmp_path: Path) -> None:
    city().write(tmp_path / "run")
    done = deliveries(
        tmp_path, "捐赠编号,需求编号,数量,日期,满意度,原因\nD1,N1,8,2026-03-02,5,\nD2,N3,0,,,牛奶变质\n"
    )
    result = run("track", tmp_path / "run", "--done", done)
    assert result.exit_code == 0, result.output
    assert "Delivered of what was planned: 8 of 14 kg of goods" in result.stdout
    folder = tmp_path / "run" / "track"
    assert sorted(file.name for file in folder.iterdir()) == [
        "acceptance.csv",
        "causes.csv",
        "communities.csv",
        "deliveries.csv",
        "donors.csv",
        "lines.csv",
        "report.html",
        "tiers.csv",
        "track.xlsx",
    ]
    assert "牛奶变质" in (folder / "causes.csv").read_text("utf-8-sig")
    told = run("track", tmp_path / "run", "--done", done, "--lang", "zh")
    assert "牛奶变质（4）" in told.stdout
    assert run("verify", tmp_path / "run").exit_code == 0


def test_the_report_tells_what_became_of_the_plan(tmp_path: Path) -> None:
    home = tmp_path / "run"
    city().write(home)
    done = deliveries(
        tmp_path, "donation_id,need_id,quantity,day,satisfaction,cause\nD1,N1,7.5,2026-03-04,4,=1+1\n"
    )
    assert run("track", home, "--done", done, "-o", tmp_path / "elsewhere").exit_code == 0
    assert not (home / "report.html").exists()
    assert run("track", home, "--done", done).exit_code == 0
    page = (home / "report.html").read_text("utf-8")
    assert "7.5 of 14 kg of goods" in page
    assert "fact-communities" in page
    assert "fact-acceptance" in page
    # Whoever writes the report anew, later or in another language, does not lose it.
    assert run("report", home).exit_code == 0
    assert (home / "report.html").read_text("utf-8") == page
    assert run("report", home, "--lang", "zh").exit_code == 0
    assert "计划与实际" in (home / "report.html").read_text("utf-8")
    # The public is told nothing of donors.
    assert run("report", home, "--public").exit_code == 0
    assert "fact-" not in (home / "report-public.html").read_text("utf-8")
    # What the folder keeps is what was told.
    again = run("track", home, "--done", home / "track" / "deliveries.csv", "-o", tmp_path / "again")
    assert again.exit_code == 0, again.output
    for name in ("lines", "donors", "acceptance", "causes", "deliveries"):
        kept, made = (folder / f"{name}.csv" for folder in (tmp_path / "elsewhere", tmp_path / "again"))
        assert kept.read_bytes() == made.read_bytes()


def test_nothing_is_written_where_something_is_wrong(tmp_path: Path) -> None:
    city().write(tmp_path / "run")
    done = deliveries(tmp_path, "donation_id,need_id,quantity\nD1,N1,99\n")
    result = run("track", tmp_path / "run", "--done", done)
    assert result.exit_code == 1
    assert "makes 99 delivered of a line that plans 8" in result.stderr
    assert not (tmp_path / "run" / "track").exists()
    assert run("track", tmp_path / "run", "--done", tmp_path / "nowhere.csv").exit_code == 1
    (tmp_path / "mine").mkdir()
    good = deliveries(tmp_path, "donation_id,need_id,quantity\nD1,N1,8\n")
    refused = run("track", tmp_path / "run", "--done", good, "-o", tmp_path / "mine")
    assert refused.exit_code == 1
    assert list((tmp_path / "mine").iterdir()) == []


def test_an_evaluation_replaces_an_older_one(tmp_path: Path) -> None:
    plan = city()
    found = evaluate(
        plan, read_deliveries(deliveries(tmp_path, "donation_id,need_id,quantity\nD1,N1,8\n"), plan)
    )
    write_track(tmp_path / "t", found.tables, files(found))
    (tmp_path / "t" / "more").write_text("", "utf-8")
    write_track(tmp_path / "t", found.tables, files(found))
    assert not (tmp_path / "t" / "more").exists()
