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
from matchopt.whatif.evaluation import evaluate
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
    assert found.donors.set_index("donor")["reliability"].to_dict() == {"Mill": 0.6, "Farm": 1.0}
    assert found.causes.set_index("cause")["units"].to_dict() == {"lorry broke": 2, "nothing reported": 2}
    assert found.communities["community"].tolist() == ["Oldtown", "Hilltop"]
    with speaking("en"):
        assert list(in_words(found)) == [
            "10 of 14 planned units were delivered (71.4%): 58.8% of the 17 asked for, where the plan had"
            " 82.4%.",
            "40.0% came on the planned day or before; a unit came 1.8 days late in the mean.",
            "Satisfaction: 4.67 of 5.",
            "Lost, by cause: lorry broke (2) and nothing reported (2).",
            "Kept least of their word: Mill 60.0%.",
        ]


@examples(0.06)
@given(small=small_cases(), data=st.data())
def test_sums_of_any_plan(small: SmallCase, data: st.DataObject) -> None:
    plan = matchopt.plan(small.case())
    lines = plan.allocations
    part = [data.draw(st.sampled_from((0.0, 0.5, 1.0))) for _ in range(len(lines))]
    told = pd.DataFrame(
        {
            "at": np.arange(len(lines)),
            "quantity": lines["donated_quantity"].to_numpy() * part,
            "day": lines["delivery_day"].to_numpy(),
            "satisfaction": np.nan,
            "cause": "",
        }
    ).astype({"quantity": float})
    found = evaluate(plan, told)
    served = float((lines["served_quantity"].to_numpy() * part).sum())
    assert found.reached == pytest.approx(served, abs=1e-4)
    for table in (found.communities, found.tiers):
        assert table["reached"].sum() == pytest.approx(served, abs=1e-4)
        assert table["asked"].sum() == pytest.approx(plan.asked, abs=1e-4)
    assert found.donors["reliability"].between(0, 1 + 1e-9).all()
    assert found.causes["units"].sum() == pytest.approx(plan.served - served, abs=1e-3)
    assert page(found).startswith("<!doctype html>")
    assert len(workbook(found).sheets) == 5


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
    assert "8 of 14 planned units were delivered" in result.stdout
    folder = tmp_path / "run" / "track"
    assert sorted(file.name for file in folder.iterdir()) == [
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
    assert "7.5 of 14 planned units were delivered" in page
    assert "fact-communities" in page
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
    for name in ("lines", "donors", "causes", "deliveries"):
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
