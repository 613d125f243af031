"""The run folder as it is written."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

import handmade
import matchopt
from matchopt import Case, RunError, read_case, read_run
from matchopt.io.run import changed_files, read_manifest
from matchopt.io.write import settings_as_toml
from matchopt.settings import Settings

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
        "need_id,community,item,priority,asked,served,unmet,reason,remark\n"
        'n1,Riverside,rice,1,20,12,8,outranked,"says ""soon"", please"\n'
        "n2,河滨,oil,5,5,0,5,no_such_item,急\n"
    )
    assert text(run / "plan/donations.csv") == (
        "donation_id,donor,item,offered,planned,left_over,reason\n"
        'd1,"Sunrise, Ltd.",rice,12,12,0,\n'
        "d2,Ann,milk,0.5,0,0.5,no_such_item\n"
    )
    assert text(run / "plan/prices.csv").splitlines()[1] == "donation,d1,1,0.1000"
    assert json.loads((run / "plan/summary.json").read_text("utf-8")) == handmade.summary()


def test_tables_with_more_than_ascii_open_with_a_byte_order_mark(tmp_path: Path) -> None:
    run = handmade.plan().write(tmp_path / "run")
    for name in ("allocations", "needs", "donations", "prices"):
        content = (run / "plan" / f"{name}.csv").read_bytes()
        assert content.startswith(BOM) is not content.isascii()
        assert b"\r" not in content
    assert (run / "plan" / "needs.csv").read_bytes().startswith(BOM)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1e10, "10000000000"), (9e15, "9000000000000000"), (0.1 * 3, "0.3"), (2.0, "2"), (0.00005, "0.00005"),
        (123456789.1, "123456789.1"), (0.125, "0.125"),
    ],
)  # fmt: skip
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
    for name in ("allocations", "needs", "donations", "prices"):
        written, read = getattr(plan, name), getattr(back, name)
        pd.testing.assert_frame_equal(
            written.astype(object), read.astype(object), check_dtype=False, check_index_type=False
        )
    assert back.allocations["pickup_day"].dtype == "datetime64[s]"
    assert back.needs["asked"].dtype == np.int64
    assert dict(back.summary) == dict(plan.summary)
    assert back.run["seconds"] == {"solve": 0.25}


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
    run = handmade.plan(read_case(folder)).write(tmp_path / "run", copy=False)
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
        run = handmade.plan(case).write(tmp_path / f"run-{copy}", copy=copy)
        assert read_run(run).case.needs["quantity"].tolist() == [20]
        assert isinstance(read_run(run, case).case, Case)
