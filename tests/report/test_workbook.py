"""The workbook: what staff work from adds up to the plan, and is what it looks like."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given

import handmade
import matchopt
from matchopt import Case, Plan
from matchopt.language import speaking
from matchopt.report.plan import workbook
from matchopt.report.table import DAY, NUMBER
from matchopt.report.workbook import write_workbook
from profiles import examples
from small_case import SmallCase
from strategies import small_cases

CITY = Path(__file__).resolve().parents[2] / "data" / "city-en"

QUICK = {"policy": {"fairness": "none", "budget": 0}}


@pytest.fixture(scope="module")
def city() -> Plan:
    return matchopt.plan(matchopt.read_case(CITY).replace(settings=QUICK))


def read(path: Path) -> dict[str, pd.DataFrame]:
    return dict(pd.read_excel(path, sheet_name=None, engine="calamine"))


def written(plan: Plan, folder: Path, **more: Any) -> Path:
    path = folder / "plan.xlsx"
    write_workbook(workbook(plan), path, **more)
    return path


def test_lists_add_up_to_the_plan(city: Plan, tmp_path: Path) -> None:
    sheets = read(written(city, tmp_path))
    lines = city.allocations
    assert list(sheets) == [
        "Overview",
        "Pick list by hub",
        "Pick-up list by donor",
        "Delivery list by community",
        "Unmet",
        "Left over",
        "Purchases",
    ]
    assert sheets["Pick list by hub"]["quantity"].sum() == lines[lines["hub"] != ""]["donated_quantity"].sum()
    assert sheets["Pick-up list by donor"]["quantity"].sum() == lines["donated_quantity"].sum()
    assert len(sheets["Delivery list by community"]) == len(lines)
    assert sheets["Unmet"]["unmet"].sum() == city.needs["unmet"].sum()
    assert sheets["Left over"]["left over"].sum() == city.donations["left_over"].sum()
    assert sheets["Purchases"].filter(like="amount").sum().item() == city.purchases["amount"].sum()


def test_numbers_are_numbers_and_days_are_days(city: Plan, tmp_path: Path) -> None:
    deliveries = read(written(city, tmp_path))["Delivery list by community"]
    assert deliveries["delivery"].dtype.kind == "M"
    assert deliveries["quantity"].dtype.kind in "if"
    assert deliveries["delivery"].min() >= pd.Timestamp(datetime(2026, 3, 1))
    assert set(deliveries["done"]) == {"☐"}
    assert deliveries["received by (signature)"].isna().all()


def test_headers_stay_and_lists_can_be_filtered_and_printed(city: Plan, tmp_path: Path) -> None:
    with zipfile.ZipFile(written(city, tmp_path)) as file:
        for number in range(2, 8):
            sheet = file.read(f"xl/worksheets/sheet{number}.xml").decode()
            assert 'state="frozen"' in sheet
            assert "<autoFilter" in sheet
            assert "<cols>" in sheet
            assert 'orientation="landscape"' in sheet
        assert file.read("xl/workbook.xml").decode().count("_xlnm.Print_Titles") == 6


def test_in_chinese(city: Plan, tmp_path: Path) -> None:
    with speaking("zh"):
        sheets = read(written(city, tmp_path))
    assert all(re.search("[\u4e00-\u9fff]", name) for name in sheets)
    for name, sheet in list(sheets.items())[1:]:
        assert len(set(sheet.columns)) == len(sheet.columns), name
        assert not [column for column in sheet.columns if re.fullmatch(r"[A-Za-z ,()]+", str(column))], name


def test_names_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    names = [
        '=HYPERLINK("http://x","y")',
        "<script>alert(1)</script>",
        "+1",
        "@sum",
        "http://example.org",
        "007",
    ]
    case = Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": names, "community": names, "item": "rice", "quantity": 3, "group": names}
        ),
        donations=pd.DataFrame({"donation_id": names, "donor": names, "item": "rice", "quantity": 2}),
    )
    path = written(matchopt.plan(case), tmp_path)
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            if name.startswith("xl/worksheets/"):
                content = file.read(name).decode()
                assert "<f>" not in content
                assert "<hyperlink" not in content
    found = dict(pd.read_excel(path, sheet_name=None, engine="calamine", dtype=str))
    assert {*found["Unmet"]["need id"], *found["Delivery list by community"]["for need id"]} == set(names)


def test_long_lists_go_on_in_another_sheet(city: Plan, tmp_path: Path) -> None:
    sheets = read(written(city, tmp_path, most=500))
    parts = [sheets["Delivery list by community"], sheets["Delivery list by community 2"]]
    assert [len(part) for part in parts] == [500, len(city.allocations) - 500]
    assert list(parts[0].columns) == list(parts[1].columns)


def test_an_undated_case_has_no_days() -> None:
    case = Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]}),
    )
    book = workbook(matchopt.plan(case))
    assert all(column.kind != DAY for sheet in book.sheets for column in sheet.columns)
    assert [sheet.rows for sheet in book.sheets] == [0, 1, 1, 0, 1]


def test_a_plan_without_anything_has_a_workbook(tmp_path: Path) -> None:
    assert read(written(handmade.plan(), tmp_path))["Pick list by hub"].empty


@examples(0.06)
@given(small=small_cases())
def test_every_list_adds_up(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    hubs, donors, goals, unmet, left, *_ = workbook(plan).sheets
    lines = plan.allocations

    def total(sheet: Any, k: int) -> float:
        column = [column for column in sheet.columns if column.kind == NUMBER][k]
        return float(column.cells.sum())

    assert total(hubs, 0) == pytest.approx(lines[lines["hub"] != ""]["donated_quantity"].sum())
    assert total(donors, 0) == pytest.approx(lines["donated_quantity"].sum())
    assert goals.rows == len(lines)
    assert total(unmet, 3) == pytest.approx(plan.needs["unmet"].sum())
    assert total(left, 0) == pytest.approx(plan.donations["left_over"].sum())
