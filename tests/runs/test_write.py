"""The run folder as it is written."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

import handmade
import matchopt
from matchopt import Case, RunError, read_case, read_run
from matchopt.contract.settings import Settings
from matchopt.runs.integrity import changed_files
from matchopt.runs.read import read_manifest
from matchopt.runs.write import settings_as_toml, write_run

BOM = b"\xef\xbb\xbf"


def text(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig")


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def case_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "needs.csv").write_bytes("需求编号;社区;物资;数量\nn1;河滨;rice;20\n".encode("gb18030"))
    (folder / "donations.csv").write_bytes(b"donation_id,item,quantity\r\nd1,rice,12\r\n")
    (folder / "matchopt.toml").write_bytes(b"[rates]\ncurrency = 'EUR' # here\n")
    return folder


def test_the_plan_is_written_as_tables(tmp_path: Path) -> None:
    run = handmade.plan().write(tmp_path / "deep" / "run")
    assert run == tmp_path / "deep" / "run"
    assert text(run / "plan/allocations.csv") == (
        "allocation_id,donation_id,need_id,donated_quantity,served_quantity,hub,pickup_day,arrival_day,"
        "delivery_day,transport_cost,handling_cost,storage_cost,other_cost,total_cost\n"
        "a1,d1,n1,12,12,,2026-03-01,2026-03-01,2026-03-01,0.0000,1.2000,0.0000,0.0000,1.2000\n"
    )
    assert text(run / "plan/needs.csv") == (
        "need_id,community,item,priority,asked,served,unmet,reason,obstacles,remark\n"
        'n1,Riverside,rice,1,20,12,8,shortage,,"says ""soon"", please"\n'
        "n2,河滨,oil,5,5,0,5,no_such_item,no_such_item,急\n"
    )
    assert text(run / "plan/donations.csv") == (
        "donation_id,donor,item,offered,planned,left_over,reason\n"
        'd1,"Sunrise, Ltd.",rice,12,12,0,\n'
        "d2,Ann,milk,0.5,0,0.5,no_such_item\n"
    )
    assert text(run / "plan/prices.csv").splitlines()[:3] == [
        "side,id,to,day,block,stage,level,price",
        "donation,d1,,,0,,1,0.1",
        "donation,d2,,,0,,10,0.0",
    ]
    assert text(run / "plan/purchases.csv") == (
        "item,community,delivery_day,quantity,unit_price,amount,donation_id,donor,need_id\n"
    )
    assert json.loads((run / "plan/summary.json").read_text("utf-8")) == handmade.summary()


def test_tables_with_more_than_ascii_open_with_a_byte_order_mark(tmp_path: Path) -> None:
    run = handmade.plan().write(tmp_path / "run")
    for name in ("allocations", "needs", "donations", "prices", "purchases"):
        content = (run / "plan" / f"{name}.csv").read_bytes()
        assert content.startswith(BOM) is not content.isascii()
        assert b"\r" not in content
    assert (run / "plan" / "needs.csv").read_bytes().startswith(BOM)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1e10, "10000000000"),
        (9e15, "9000000000000000"),
        (0.1 * 3, "0.3"),
        (2.0, "2"),
        (0.00005, "0.00005"),
        (123456789.1, "123456789.1"),
        (0.125, "0.125"),
    ],
)
def test_quantities_carry_decimals_only_where_needed(tmp_path: Path, value: float, shown: str) -> None:
    plan = handmade.plan()
    donations = plan.donations.assign(offered=[value, 0.5])
    run = replace(plan, donations=donations).write(tmp_path / "run")
    assert text(run / "plan/donations.csv").splitlines()[1].split(",")[-4] == shown
    assert read_run(run).donations["offered"].iloc[0] == pytest.approx(value, rel=1e-15)


def test_an_undated_plan_leaves_days_empty(tmp_path: Path) -> None:
    plan = handmade.plan()
    nothing = pd.Series([pd.NaT]).astype("datetime64[s]")
    days = dict.fromkeys(("pickup_day", "arrival_day", "delivery_day"), nothing)
    run = replace(plan, allocations=plan.allocations.assign(**days)).write(tmp_path / "run")
    assert text(run / "plan/allocations.csv").splitlines()[1].startswith("a1,d1,n1,12,12,,,,,0.0000")
    assert read_run(run).allocations["pickup_day"].isna().all()


def test_a_plan_without_deliveries_reads_back(tmp_path: Path) -> None:
    plan = handmade.plan()
    run = replace(plan, allocations=plan.allocations.iloc[:0]).write(tmp_path / "run")
    back = read_run(run).allocations
    assert list(back.columns) == list(plan.allocations.columns)
    assert len(back) == 0


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    plan = handmade.plan()
    back = read_run(plan.write(tmp_path / "run"))
    for name in ("allocations", "needs", "donations", "prices", "purchases"):
        written, read = getattr(plan, name), getattr(back, name)
        pd.testing.assert_frame_equal(
            written.astype(object), read.astype(object), check_dtype=False, check_index_type=False
        )
    assert back.allocations["pickup_day"].dtype == "datetime64[s]"
    assert back.needs["asked"].dtype == np.int64
    assert dict(back.summary) == dict(plan.summary)
    assert back.run["seconds"] == {"solve": 0.25}


def test_purchases_are_a_shopping_list(tmp_path: Path) -> None:
    plan = replace(handmade.plan(), purchases=handmade.purchases())
    run = plan.write(tmp_path / "run")
    assert text(run / "plan/purchases.csv").splitlines()[1:] == [
        'oil,河滨,2026-03-02,1.538462,6.5,10.0000,d1,"Sunrise, Ltd.",n2',
        "rice,Riverside,,3,0.3333333333333333,1.0000,d2,Ann,n1",
    ]
    pd.testing.assert_frame_equal(read_run(run).purchases, plan.purchases, check_dtype=False)


def test_prices_of_shared_rules_read_back_to_the_last_digit(tmp_path: Path) -> None:
    plan = replace(handmade.plan(), prices=handmade.shared_prices())
    run = plan.write(tmp_path / "run")
    assert text(run / "plan/prices.csv").splitlines()[1:] == [
        "need,n1,,,1,cost,0,0.30000000000000004",
        "storage,H1,,2026-03-02,1,tier 1,0,1e-07",
        "lane,H1,河滨,,2,cost,0,1234567.0000000002",
        "reached,tier 1,,,2,cost,0,0.6666666666666666",
    ]
    back = read_run(run).prices
    pd.testing.assert_frame_equal(back, plan.prices, check_dtype=False, check_exact=True)
    assert back["price"].to_list() == plan.prices["price"].to_list()


@given(st.lists(st.floats(0, 1e15), min_size=1, max_size=20))
def test_every_price_reads_back(prices: list[float]) -> None:
    plan = handmade.plan()
    table = pd.concat([plan.prices.iloc[:1]] * len(prices), ignore_index=True).assign(price=prices)
    with tempfile.TemporaryDirectory() as folder:
        run = replace(plan, prices=table).write(Path(folder) / "run", copy=False)
        assert read_run(run, plan.case).prices["price"].to_list() == prices


def test_the_price_of_fairness_stands_beside_the_plan(tmp_path: Path) -> None:
    run = write_run(handmade.plan(), tmp_path / "run", curve=handmade.curve())
    assert text(run / "plan/fairness_curve.csv").splitlines() == [
        "floor,served,coverage,served_tier_1,served_tier_5,logistics_cost,bound_cost,gap",
        "0,12,0.48,12,0,1.2000,1.2000,0",
        "0.5,11.5,0.46,9,2.5,1.3333,1.3330,0.00025",
    ]
    assert list(changed_files(run, read_manifest(run), run / "case")) == []
    assert read_run(run).served == 12
    (run / "plan/fairness_curve.csv").write_text("floor\n", "utf-8")
    (line,) = changed_files(run, read_manifest(run), run / "case")
    assert "fairness_curve.csv: has been changed" in line
    assert "fairness_curve.csv" not in files_of(handmade.plan().write(run, force=True) / "plan")


def test_a_case_from_frames_is_kept_as_tables(tmp_path: Path) -> None:
    case = handmade.case()
    run = handmade.plan(case).write(tmp_path / "run")
    kept = read_case(run / "case")
    assert kept.settings == case.settings
    assert set(kept.tables) == set(case.tables)
    for name in case.tables:
        pd.testing.assert_frame_equal(kept.tables[name], case.tables[name])
    pd.testing.assert_frame_equal(kept.extras["needs"], case.extras["needs"])
    assert json.loads((run / "manifest.json").read_text("utf-8"))["run"]["case_path"] is None


def test_source_files_are_kept_byte_for_byte(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "city")
    run = handmade.plan(read_case(folder)).write(tmp_path / "run")
    assert files_of(run / "case") == files_of(folder)
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    assert manifest["matchopt"] == matchopt.__version__
    assert manifest["case"]["copied"] is True
    assert manifest["run"]["case_path"] == str(folder)
    hashes = {entry["name"]: entry["sha256"] for entry in manifest["case"]["files"]}
    assert hashes == {name: hashlib.sha256(data).hexdigest() for name, data in files_of(folder).items()}
    plan = {name: hashlib.sha256(data).hexdigest() for name, data in files_of(run / "plan").items()}
    assert manifest["plan"] == plan
    assert manifest["settings"]["rates"]["currency"] == "EUR"
    assert manifest["run"]["solver"] == {"ortools": "9.15"}


def test_without_copy_only_hashes_are_kept(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "city")
    run = matchopt.plan(read_case(folder)).write(tmp_path / "run", copy=False)
    assert not (run / "case").exists()
    manifest = read_manifest(run)
    assert not manifest.copied
    assert list(changed_files(run, manifest, folder)) == []
    assert read_run(run).case.needs["need_id"].tolist() == ["n1"]
    (folder / "needs.csv").write_bytes(b"need_id,community,item,quantity\nn1,a,rice,21\n")
    (line,) = changed_files(run, manifest, folder)
    assert "needs.csv: has been changed" in line


def test_a_source_that_changed_since_it_was_read_is_refused(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "city")
    plan = handmade.plan(read_case(folder))
    (folder / "needs.csv").write_bytes(b"need_id,community,item,quantity\nn1,a,rice,21\n")
    with pytest.raises(RunError, match="has changed since it was read"):
        plan.write(tmp_path / "run")
    assert [file.name for file in tmp_path.iterdir()] == ["city"]


def test_an_existing_run_is_replaced_only_by_force(tmp_path: Path) -> None:
    plan = handmade.plan()
    run = plan.write(tmp_path / "run")
    (run / "mine.txt").touch()
    before = files_of(run)
    with pytest.raises(RunError, match="exists"):
        plan.write(run)
    assert files_of(run) == before
    plan.write(run, force=True)
    assert "mine.txt" not in files_of(run)
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_run_folder_is_never_replaced(tmp_path: Path, force: bool) -> None:
    folder = case_folder(tmp_path / "city")
    before = files_of(folder)
    with pytest.raises(RunError, match="no run folder"):
        handmade.plan().write(folder, force=force)
    with pytest.raises(RunError, match="no run folder"):
        handmade.plan().write(folder / "needs.csv", force=force)
    assert files_of(folder) == before


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        handmade.plan().write(tmp_path / "file" / "run")


def test_a_link_to_a_run_is_followed(tmp_path: Path) -> None:
    run = handmade.plan().write(tmp_path / "run")
    link = tmp_path / "latest"
    link.symlink_to(run)
    handmade.plan().write(link, force=True)
    assert link.is_symlink()
    assert (run / "manifest.json").is_file()


@pytest.mark.parametrize("name", ["asked", "reason", "need_id "])
def test_further_columns_may_be_named_like_ours(tmp_path: Path, name: str) -> None:
    plan = handmade.plan()
    needs = pd.concat([plan.needs, pd.DataFrame({name: ["one", "two"]})], axis=1)
    back = read_run(replace(plan, needs=needs).write(tmp_path / "run")).needs
    assert list(back.columns) == list(needs.columns)
    assert back.iloc[:, -1].tolist() == ["one", "two"]
    assert back.iloc[:, 4].tolist() == [20, 5]


def test_settings_written_as_toml_are_the_same_settings() -> None:
    settings = Settings.parse(
        {
            "horizon": {"start": "2026-03-01"},
            "rates": {"currency": '元 "q" \\ \x7f', "identification": {"resident": 1e-7}, "unmet_cost": 1e9},
            "policy": {"objective": "total-cost", "budget": 3},
        }
    )
    assert Settings.from_toml(settings_as_toml(settings)) == settings


REWRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from dataclasses import replace
from pathlib import Path
import handmade
plan = handmade.plan()
other = replace(plan, run={"other": True})
while True:
    for version in (plan, other):
        version.write(Path(sys.argv[1]), force=True)
    print("written", flush=True)
"""


def test_a_killed_run_leaves_a_whole_run_folder(tmp_path: Path) -> None:
    run = tmp_path / "run"
    dice = random.Random(11)
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", REWRITER, str(run), str(Path(handmade.__file__).parent)],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(dice.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert list(changed_files(run, read_manifest(run), run / "case")) == []
    handmade.plan().write(run, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


def test_a_case_read_from_a_workbook_is_found_again(tmp_path: Path) -> None:
    book = tmp_path / "city.xlsx"
    with xlsxwriter.Workbook(book) as out:
        for name, rows in {
            "needs": [["need_id", "community", "item", "quantity"], ["n1", "a", "rice", 20]],
            "donations": [["donation_id", "item", "quantity"], ["d1", "rice", 12]],
        }.items():
            sheet = out.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    case = read_case(book)
    for copy in (True, False):
        run = matchopt.plan(case).write(tmp_path / f"run-{copy}", copy=copy)
        assert read_run(run).case.needs["quantity"].tolist() == [20]
        assert isinstance(read_run(run, case).case, Case)
