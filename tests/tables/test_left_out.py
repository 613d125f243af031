"""Rows that are no data: totals, remarks, repeated headers; hidden rows and sheets."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from checked import Check, Checked
from matchopt.tables.read import check_case

HEAD = "需求编号,社区,物资,数量,最晚送达\n"


@pytest.mark.parametrize(
    "last",
    [
        "合计,,,12,\n",
        "合 计,,,99,\n",
        ",,总计,12,\n",
        ",,,,\n小计：,,,12,\n",
        "注：以上数据由居委会核实,,,,\n",
        "合计,,,12,\n填表人：李芳,,,,\n",
        "需求编号,社区,物资,数量,最晚送达\n",
        "TOTAL,,,=SUM(D2:D3),\n",
    ],
)
def test_totals_remarks_and_headers_again_are_left_out_with_a_note(check: Check, last: str) -> None:
    got = check({"needs.csv": f"{HEAD}1,甲,大米,5,2026-03-01\n2,乙,大米,7,2026-03-02\n{last}"})
    assert got.good.tables["needs"]["need_id"].tolist() == ["1", "2"]
    assert "row" in got.one("left_out").problem


def test_a_subtotal_between_rows_is_left_out(check: Check) -> None:
    got = check({"needs.csv": f"{HEAD}1,甲,大米,5,\n,甲,小计,5,\n2,乙,大米,7,\n甲社区小计,,,5,\n"})
    assert got.good.tables["needs"]["quantity"].tolist() == [5, 7]


def test_what_is_called_like_a_total_and_is_none_stays(check: Check) -> None:
    got = check({"needs.csv": f"{HEAD}total,甲,大米,5,\n2,乙,总和饼干,7,\n注1,丙,面,4,\n"})
    assert len(got.good.tables["needs"]) == 3
    assert not got.of("left_out")


def test_a_last_row_that_is_the_sum_is_warned_of(check: Check) -> None:
    got = check({"needs.csv": f"{HEAD}1,甲,大米,5,\n2,乙,大米,7,\n3,丙,大米,8,\n4,丁,大米,20,\n"})
    assert (got.one("may_be_total").row, got.one("may_be_total").severity.value) == (5, "warning")


def test_hidden_rows_are_read_and_hidden_sheets_only_where_no_other_is_that_table(tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(file) as book:
        for name, rows in {
            "捐赠": [["捐赠编号", "物资", "数量"], ["d1", "大米", 5]],
            "需求": [["需求编号", "社区", "物资", "数量"], ["n0", "甲", "大米", 5]],
            "3月需求": [
                ["需求编号", "社区", "物资", "数量"],
                ["n1", "甲", "大米", 5],
                ["n2", "甲", "大米", 6],
            ],
        }.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(rows):
                sheet.write_row(k, 0, row)
            if name == "需求":
                sheet.hide()
            if name == "3月需求":
                sheet.set_row(2, None, None, {"hidden": True})
    got = Checked(*check_case(file))
    assert got.good.tables["needs"]["need_id"].tolist() == ["n0"]  # the sheet that is called so counts
    book_of_two = tmp_path / "two.xlsx"
    with xlsxwriter.Workbook(book_of_two) as book:
        for name, hidden in {"Orders": False, "old orders": True, "Gifts": False}.items():
            sheet = book.add_worksheet(name)
            kind = (
                ["Donation #", "Item", "Qty", "Donor"]
                if name == "Gifts"
                else ["Order #", "Agency", "Item", "Qty"]
            )
            sheet.write_row(0, 0, kind)
            sheet.write_row(1, 0, [f"{name}1", "A", "rice", 5] if name != "Gifts" else ["g", "rice", 5, "B"])
            sheet.write_row(2, 0, [f"{name}2", "A", "rice", 6] if name != "Gifts" else ["h", "rice", 5, "B"])
            sheet.set_row(2, None, None, {"hidden": True})
            if hidden:
                sheet.hide()
    got = Checked(*check_case(book_of_two))
    assert got.good.tables["needs"]["need_id"].tolist() == ["Orders1", "Orders2"]
    assert "3" in got.of("hidden_rows")[0].problem


def test_a_total_of_fewer_cells_is_left_out_of_a_csv_file(check: Check) -> None:
    got = check({"needs.csv": f"{HEAD}1,甲,大米,5,\n2,乙,大米,7,\nTotal: 12\n备注：以上已核实\n"})
    assert len(got.good.tables["needs"]) == 2
    assert "Total: 12" in got.one("left_out").problem


def test_two_rows_of_headers_that_contradict_each_other_are_refused(check: Check) -> None:
    got = check({"needs.csv": "需求编号,社区,物资,数量\nneed_id,item,community,quantity\n1,甲,大米,5\n"})
    assert got.one("contradictory_headers").table == "needs.csv"
    both = check({"needs.csv": "需求编号,社区,物资,数量\nneed_id,community,item,quantity\n1,甲,大米,5\n"})
    assert both.good.tables["needs"]["item"].tolist() == ["大米"]


def test_files_that_nothing_reads_are_errors_where_they_look_like_tables(check: Check) -> None:
    got = check(
        {"donatoins.csv": "a\n1\n", "items.xls": b"\xd0\xcf\x11\xe0", "budget.ods": b"PK", "needs.xlsm": "x"}
    )
    told = {f.table: f.severity.value for f in got.of("unknown_file")}
    assert told == {"donatoins.csv": "error", "items.xls": "error", "budget.ods": "warning"}


def test_an_old_workbook_says_so(check: Check) -> None:
    got = check({"items.xlsx": b"\xd0\xcf\x11\xe0" + b"x" * 600})
    assert "old Excel workbook" in got.one("not_a_table").problem


def test_traditional_forms_are_one_name(check: Check) -> None:
    got = check({"needs.csv": f"{HEAD}1,新城家园,轮椅,5,\n2,新城家園,輪椅,7,\n"})
    assert got.good.tables["needs"]["community"].nunique() == 1
    assert "家園" in got.of("one_name")[0].problem


Sheets = dict[str, list[list[object]]]


def workbook_of(file: Path, sheets: Sheets, merged: dict[str, tuple[str, ...]]) -> Path:
    """Write a workbook; blocks of a sheet such as ``B1:C1`` are merged."""
    with xlsxwriter.Workbook(file) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(rows):
                sheet.write_row(k, 0, row)
            for block in merged.get(name, ()):
                top, left = block.split(":")[0][1:], ord(block[0]) - ord("A")
                sheet.merge_range(block, rows[int(top) - 1][left])
    return file


def test_one_workbook_in_a_folder_is_the_case_and_a_sheet_says_what_its_columns_are(tmp_path: Path) -> None:
    needs: list[list[object]] = [
        ["3月需求"],
        ["小区", "物资", "", "何时"],
        ["", "名称", "数量", ""],
        ["甲", "大米", 5, "2026-03-01"],
    ]
    sheets: Sheets = {
        "3月登记": needs,
        "爱心捐赠": [["捐赠企业", "品名", "数量"], ["东方公司", "大米", 5]],
        "列名对照": [["表", "名单", "本程序"], ["需求", "何时", "最晚送达"]],
    }
    workbook_of(tmp_path / "需求登记表.xlsx", sheets, {"3月登记": ("A1:D1", "B2:C2", "A2:A3", "D2:D3")})
    got = Checked(*check_case(tmp_path))
    table = got.good.tables["needs"]
    assert table[["community", "item", "quantity"]].to_numpy().tolist() == [["甲", "大米", 5]]
    assert str(table["needed_by"][0])[:10] == "2026-03-01"
    assert got.good.tables["donations"]["donor"].tolist() == ["东方公司"]


def test_where_no_row_is_a_header_it_is_asked_for(check: Check) -> None:
    got = check({"needs.csv": "甲一,乙二,丙三\n丁四,戊五,6\n"})
    assert [code for code, *_ in got.errors] == ["no_header_row"]
