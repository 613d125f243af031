"""Input as it comes: each way a table may be written gives the same case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from checked import Check
from matchopt.contract.case import Case
from matchopt.contract.frames import empty_table
from matchopt.contract.schema import TABLES
from matchopt.errors import CaseError
from matchopt.tables.check import case_from_frames
from matchopt.tables.read import check_case, read_case

NEEDS = "need_id,community,item,quantity,needed_by\nn1,河滨,大米,1200,2026-03-01\nn2,老城,大米,7,\n"
DONATIONS = "donation_id,item,quantity\nd1,大米,5\n"


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> None:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, str) and cell.startswith("#"):
                        sheet.write_formula(r, c, "=1/0", None, cell)
                    elif cell is not None:
                        sheet.write(r, c, cell)


def same(one: Case, other: Case) -> None:
    assert one.tables.keys() == other.tables.keys()
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, other.tables[name])


@pytest.fixture
def expected(check: Check) -> Case:
    return check({"needs.csv": NEEDS, "donations.csv": DONATIONS}).good


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(check: Check, expected: Case, delimiter: str) -> None:
    got = check({"needs.csv": NEEDS.replace(",", delimiter), "donations.csv": DONATIONS})
    same(got.good, expected)


def test_delimiter_inside_quoted_header_does_not_count(check: Check) -> None:
    got = check({"needs.csv": 'need_id,community,item,quantity,"note; mine"\nn1,A,rice,5,a;b\n'})
    assert got.good.extras["needs"]["note; mine"].to_list() == ["a;b"]


def test_ambiguous_delimiter_is_an_error(check: Check) -> None:
    got = check({"needs.csv": "need_id;community,item;quantity\nn1;A,rice;5\n"})
    assert got.errors == [("ambiguous_delimiter", "needs.csv", None, "")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_encodings(check: Check, expected: Case, encoding: str) -> None:
    got = check({"needs.csv": NEEDS.encode(encoding), "donations.csv": DONATIONS.encode(encoding)})
    same(got.good, expected)
    notes = [f.table for f in got.of("converted")]
    assert notes == (["needs", "donations"] if encoding.startswith("gb") else [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(check: Check, expected: Case, end: str) -> None:
    same(check({"needs.csv": NEEDS.replace("\n", end), "donations.csv": DONATIONS}).good, expected)


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(check: Check) -> None:
    got = check({"needs.csv": 'need_id,community,item,quantity\n"n ""1""","A, b","x\ny", "5"\nn2,A,x,z\n'})
    assert got.errors == [("not_a_number", "needs", 3, "quantity")]
    got = check({"needs.csv": 'need_id,community,item,quantity\n"n ""1""","A, b","x\ny", "5"\n'})
    assert list(got.good.needs.loc[0, ["need_id", "community", "item"]]) == ['n "1"', "A, b", "x\ny"]


def test_every_column_takes_its_chinese_header(check: Check) -> None:
    for table in TABLES.values():
        raw = pd.DataFrame({column.zh: pd.Series([], dtype=object) for column in table.columns})
        got = check({f"{table.zh}.csv": raw.to_csv(index=False)}, bare=True)
        assert not got.of("unknown_column")
        assert not got.of("missing_column")
        assert not got.of("converted")


def test_a_further_name_of_a_column_is_noted(check: Check) -> None:
    got = check({"communities.csv": "community,区县\nA,North\n"})
    assert got.good.tables["communities"]["district"].to_list() == ["North"]
    (note,) = [f for f in got.of("converted") if f.table == "communities"]
    assert "区县 = district" in note.problem


def test_file_names_in_either_language_and_any_case(check: Check, expected: Case) -> None:
    got = check({"需求.CSV": NEEDS, "Donations.Csv": DONATIONS}, bare=True)
    same(got.good, expected)


def test_numbers_as_they_come_are_noted_once_a_column(check: Check) -> None:
    texts = ["1,200", "１２００", "1，200", " 1200 ", "1200.0", "1.2e3", "1,200.00", "\u200b1200\u3000"]
    rows = "".join(f'n{k},A,rice,"{text}"\n' for k, text in enumerate(texts))
    got = check({"needs.csv": "need_id,community,item,数量\n" + rows})
    assert got.good.needs["quantity"].to_list() == [1200.0] * len(texts)
    (note,) = [f for f in got.of("converted") if f.column == "数量"]
    assert "thousands separators in 3 cells («1,200» is read as 1200)" in note.problem
    assert "full-width characters in 2 cells" in note.problem
    assert "stray spaces in 2 cells" in note.problem


def test_trivial_conversions_are_not_noted(check: Check) -> None:
    got = check({"needs.csv": "Need ID,COMMUNITY,item,quantity,priority\nn1,A,rice,5.0,2.0\n"})
    assert not got.of("converted")
    assert got.good.needs["priority"].dtype == np.int64


def test_days_as_they_come_are_noted_once_a_column(check: Check) -> None:
    texts = [
        "2026-03-01",
        "2026/3/1",
        "2026.3.1",
        "20260301",
        "2026年3月1日",
        "2026 年 3 月 1 日",
        "2026-03-01 00:00:00",
        "2026-03-01T00:00",
        "２０２６－０３－０１",
        " 2026-03-01",
    ]
    rows = "".join(f"n{k},A,rice,1,{text}\n" for k, text in enumerate(texts))
    got = check({"needs.csv": "need_id,community,item,quantity,最晚送达\n" + rows})
    assert set(got.good.needs["needed_by"]) == {pd.Timestamp("2026-03-01")}
    assert got.good.needs["needed_by"].dtype == "datetime64[s]"
    (note,) = [f for f in got.of("converted") if f.column == "最晚送达"]
    assert "a day not written year-month-day in 5 cells («2026/3/1» is read as 2026-03-01)" in note.problem


def test_choices_flags_and_lists_in_chinese(check: Check) -> None:
    got = check(
        {
            "needs.csv": "need_id,community,item,quantity,渠道,全部或不给\n"
            "n1,A,rice,1,公共部门,否\nn2,A,rice,1,,\n",
            "donations.csv": "donation_id,item,quantity,限定社区\nd1,rice,1, A ； B（东） ;;A\n",
        }
    )
    assert got.good.needs["channel"].to_list() == ["public_sector", "resident"]
    assert got.good.needs["all_or_nothing"].to_list() == [False, False]
    assert got.good.donations["only_communities"].to_list() == ["A;B（东）"]
    assert {f.column for f in got.of("converted")} == {"限定社区"}


def test_blank_and_remark_rows_count_as_rows(check: Check) -> None:
    text = (
        "## explained,here\nneed_id,community,item,quantity\n## n0,A,rice\n"
        '\n,,,\n"## x, y",,,\nn1,A,rice,5\n  \nn2,A,rice,bad\n'
    )
    got = check({"needs.csv": text})
    assert got.errors == [("not_a_number", "needs", 9, "quantity")]
    assert "2 remark rows" in got.one("remarks").problem


def test_one_sign_in_the_last_row_is_a_name_whether_a_line_end_follows_or_not(check: Check) -> None:
    for end in ("", "\n"):
        got = check({"organizations.csv": f"organization\nCaritas\n#{end}"})
        assert got.good.tables["organizations"]["organization"].to_list() == ["Caritas", "#"]


def test_header_only_optional_table_is_not_given(check: Check) -> None:
    got = check({"items.csv": "item,name\n"})
    assert set(got.good.tables) == {"needs", "donations"}
    assert (got.one("no_rows").severity, got.one("no_rows").table) == ("note", "items")


def test_unknown_column_is_kept_with_a_warning(check: Check) -> None:
    got = check({"needs.csv": "need_id,community,item,quantity,prioritty\nn1,A,rice,5,7\n"})
    warning = got.one("unknown_column")
    assert (warning.severity, warning.table, warning.row, warning.column) == (
        "warning",
        "needs",
        1,
        "prioritty",
    )
    assert "priority" in warning.cure
    assert got.good.extras["needs"]["prioritty"].to_list() == ["7"]


def test_cells_without_a_header(check: Check) -> None:
    got = check({"needs.csv": "need_id,community,item,quantity,,\nn1,A,rice,5,,mine\n"})
    assert "column 6" in got.one("no_header").problem
    assert got.good.extras["needs"]["column 6"].to_list() == ["mine"]


def test_other_files_are_ignored_and_near_names_told(check: Check) -> None:
    got = check(
        {
            "readme.txt": "x",
            ".hidden.csv": "x",
            "~$needs.xlsx": "x",
            "itemz.csv": "item\nrice\n",
            "hubs.xls": "x",
            "other.toml": "",
        }
    )
    assert [(f.table, f.severity.value) for f in got.of("unknown_file")] == [
        ("hubs.xls", "error"),
        ("itemz.csv", "error"),
        ("other.toml", "warning"),
    ]
    assert "items" in got.of("unknown_file")[1].cure


def test_same_table_twice_is_an_error(check: Check) -> None:
    got = check({"需求.csv": NEEDS})
    assert got.errors == [("duplicate_table", "needs", None, "")]


# --- XLSX --------------------------------------------------------------------------------


def rows_of(text: str) -> list[list[object]]:
    def cell(value: str) -> object:
        if value == "2026-03-01":
            return date(2026, 3, 1)
        return float(value) if value.isdigit() else value or None

    return [[cell(value) for value in line.split(",")] for line in text.splitlines()]


def test_workbook_with_sheets_as_tables_and_settings(tmp_path: Path, expected: Case) -> None:
    path = tmp_path / "case.xlsx"
    settings: list[list[object]] = [
        ["名称", "值"],
        ["policy.objective", "total-cost"],
        ["horizon.end", date(2026, 4, 1)],
    ]
    workbook(path, {"需求": rows_of(NEEDS), "donations": rows_of(DONATIONS), "设置": settings, "empty": []})
    (tmp_path / "matchopt.toml").write_text("[policy]\nobjective = 'nonsense'\n")
    case = read_case(path, ["rates.currency=EUR"])
    same(case, expected)
    assert case.settings.policy.objective == "total-cost"
    assert case.settings.horizon.end == date(2026, 4, 1)
    assert case.settings.rates.currency == "EUR"
    assert [source.name for source in case.sources] == ["case.xlsx"]


def test_workbook_with_bad_settings_and_unknown_sheet(tmp_path: Path) -> None:
    path = tmp_path / "case.xlsx"
    settings = [["policy.boundry", "open"], ["rates.detour_factor"]]
    workbook(
        path,
        {"needs": rows_of(NEEDS), "donations": rows_of(DONATIONS), "settings": settings, "lane": [["a"]]},
    )
    case, findings = check_case(path)
    assert case is None
    assert [(f.code, f.table, f.row) for f in findings if f.severity != "note"] == [
        ("unknown_setting", "settings", None),
        ("bad_setting", "settings", 2),
        ("unknown_sheet", "lane", None),
    ]


def test_table_as_xlsx_takes_the_sheet_named_like_it_else_the_only_filled_one(
    check: Check, tmp_path: Path, expected: Case
) -> None:
    workbook(tmp_path / "needs.xlsx", {"notes": [["x"]], "需求": rows_of(NEEDS)})
    workbook(tmp_path / "donations.xlsx", {"Sheet1": rows_of(DONATIONS), "Sheet2": []})
    same(check(bare=True, folder=tmp_path).good, expected)
    workbook(tmp_path / "items.xlsx", {"one": [["item"]], "two": [["item"]]})
    got = check(bare=True, folder=tmp_path)
    assert got.errors == [("ambiguous_sheet", "items.xlsx", None, "")]


def test_xlsx_rows_count_as_the_spreadsheet_shows_them(check: Check, tmp_path: Path) -> None:
    header = ["", "need_id", "community", "item", "quantity", "needed_by"]
    body = [
        ["", "n1", "A", "rice", "1.2.3", datetime(2026, 3, 1, 12)],
        [],
        ["", "n2", "A", "rice", True, 46082],
    ]
    workbook(tmp_path / "needs.xlsx", {"needs": [[], header, *body]})
    got = check({"donations.csv": DONATIONS}, bare=True, folder=tmp_path)
    assert got.errors == [
        ("ambiguous_number", "needs", 3, "quantity"),
        ("not_a_number", "needs", 5, "quantity"),
    ]
    told = [f.problem for f in got.findings if f.code == "converted" and f.column == "needed_by"]
    assert "a time of day, which is left out in 1 cell" in told[0]
    assert "«46082» is read as 2026-03-01" in told[0]


def test_error_cells_of_a_spreadsheet_are_errors_not_gaps(check: Check, tmp_path: Path) -> None:
    header = ["need_id", "community", "item", "quantity", "priority"]
    workbook(tmp_path / "needs.xlsx", {"needs": [header, ["n1", "A", "rice", "#REF!", "#N/A"]]})
    got = check({"donations.csv": DONATIONS}, bare=True, folder=tmp_path)
    assert got.errors == [("cell_error", "needs", 2, "quantity"), ("cell_error", "needs", 2, "priority")]
    assert [f.value for f in got.of("cell_error")] == ["#REF!", "#N/A"]


# --- Parquet and frames ------------------------------------------------------------------


def frames() -> dict[str, pd.DataFrame]:
    needs = pd.DataFrame(
        {
            "need_id": ["n1", "n2"],
            "community": ["河滨", "老城"],
            "item": ["大米", "大米"],
            "quantity": [1200, 7],
            "needed_by": [pd.Timestamp("2026-03-01"), pd.NaT],
        }
    )
    donations = pd.DataFrame({"donation_id": ["d1"], "item": ["大米"], "quantity": [5.0]})
    return {"needs": needs, "donations": donations}


def test_parquet(check: Check, tmp_path: Path, expected: Case) -> None:
    for name, frame in frames().items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    same(check(bare=True, folder=tmp_path).good, expected)


def test_parquet_without_pyarrow_says_what_to_install(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames()["needs"].to_parquet(tmp_path / "needs.parquet")

    def missing(*_: object, **__: object) -> None:
        raise ImportError("pyarrow")

    monkeypatch.setattr(pd, "read_parquet", missing)
    got = check({"donations.csv": DONATIONS}, bare=True, folder=tmp_path)
    assert got.errors == [("no_parquet", "needs.parquet", None, "")]
    assert got.one("no_parquet").cure == 'pip install "matchopt[parquet]"'


def test_frames(expected: Case) -> None:
    same(case_from_frames(frames()), expected)


@pytest.mark.parametrize("quantity", [pd.array([1200, 7], dtype="Int64"), ["1,200", 7.0], [np.int8(12), 7]])
@pytest.mark.parametrize(
    "days",
    [
        [date(2026, 3, 1), None],
        ["2026年3月1日", float("nan")],
        pd.Series([pd.Timestamp("2026-03-01", tz="Asia/Shanghai"), pd.NaT]),
        pd.array(["2026-03-01", None], dtype="string"),
        pd.Categorical(["2026-03-01", None]),
    ],
)
def test_frames_of_other_types(quantity: Any, days: Any) -> None:
    given = frames()
    given["needs"] = given["needs"].assign(quantity=quantity, needed_by=days)
    got = case_from_frames(given).needs
    assert got["quantity"].dtype == np.float64
    assert got["quantity"].iloc[1] == 7
    assert got["needed_by"].iloc[0] == pd.Timestamp("2026-03-01")
    assert got["needed_by"].isna().to_list() == [False, True]


def test_frames_with_ids_as_numbers_or_index() -> None:
    given = frames()
    given["needs"] = given["needs"].assign(need_id=[1, 2]).set_index("need_id")
    assert case_from_frames(given).needs["need_id"].to_list() == ["1", "2"]


def test_frames_name_rows_from_2() -> None:
    given = frames()
    given["needs"]["quantity"] = [np.nan, np.inf]
    with pytest.raises(CaseError) as caught:
        case_from_frames(given)
    assert [(f.code, f.row, f.column) for f in caught.value.findings if f.severity == "error"] == [
        ("missing_value", 2, "quantity"),
        ("not_a_number", 3, "quantity"),
    ]


def test_replace_checks_anew_and_changes_nothing_else(check: Check) -> None:
    got = check({"needs.csv": NEEDS.replace("needed_by", "remark"), "donations.csv": DONATIONS}).good
    again = got.replace()
    same(again, got)
    pd.testing.assert_frame_equal(again.extras["needs"], got.extras["needs"])
    with pytest.raises(CaseError, match="no table donations"):
        case_from_frames({"needs": got.needs, "donations": None})


def test_empty_table_has_every_column_typed() -> None:
    for table in TABLES.values():
        frame = empty_table(table)
        assert list(frame.columns) == [column.name for column in table.columns]
        assert len(frame) == 0
    assert str(empty_table(TABLES["lanes"])["lead_days"].dtype) == "int64"
    assert str(empty_table(TABLES["needs"])["needed_by"].dtype) == "datetime64[s]"


def test_defaults_and_types_of_a_case(check: Check) -> None:
    got = check().good
    assert got.donations["donor"].to_list() == ["d1"]
    assert got.donations["reliability"].to_list() == [1.0]
    assert np.isnan(got.donations["lot_size"].iloc[0])
    assert got.needs["priority"].to_list() == [5]
    assert all(got.needs[name].dtype == object for name in ("need_id", "group", "channel"))


def test_sources_name_every_file_read(check: Check, tmp_path: Path) -> None:
    got = check({"matchopt.toml": "", "notes.txt": "x"}, folder=tmp_path).good
    assert [source.name for source in got.sources] == ["donations.csv", "matchopt.toml", "needs.csv"]
    assert Path(got.sources[0].path) == tmp_path / "donations.csv"
    assert len(got.sources[0].sha256) == 64


def test_settings_file_and_changes(check: Check) -> None:
    got = check(
        {"matchopt.toml": "\ufeff[rates]\ndetour_factor = 1.5 # 绕行\n"}, ["policy.objective=total-cost"]
    )
    assert got.good.settings.rates.detour_factor == 1.5
    assert got.good.settings.policy.objective == "total-cost"
