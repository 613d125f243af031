"""Lists as people keep them: titles, merged cells, formulas, long numbers, names spelt in two ways."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from checked import Check, Checked
from matchopt import CaseError, plan
from matchopt.contract.schema import TABLES
from matchopt.tables.check import case_from_frames
from matchopt.tables.names import alike
from matchopt.tables.read import check_case
from matchopt.tables.xlsx import MOST_SHEETS
from xlsx_parts import book, sheet

HEADER = ["need_id", "community", "item", "quantity", "priority"]
NEEDS: list[list[Any]] = [HEADER, ["n1", "A", "rice", 5, 1], ["n2", "B", "rice", 4, 2]]
DONATIONS: list[list[Any]] = [["donation_id", "donor", "item", "quantity"], ["d1", "Mill", "rice", 6]]


def checked(file: Path, needs: str, donations: str = "") -> Checked:
    return Checked(*check_case(book(file, {"needs": needs, "donations": donations or sheet(DONATIONS)})))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "case.xlsx"


# --- where the header is -----------------------------------------------------------------


def test_the_header_is_found_below_a_merged_title(file: Path) -> None:
    got = checked(file, sheet([["2026年3月社区需求登记表"], [], *NEEDS], "A1:E1"))
    assert got.good.needs["need_id"].to_list() == ["n1", "n2"]
    note = got.one("header_row")
    assert (note.severity, note.table, note.row) == ("note", "needs", 3)
    assert "row 1 («2026年3月社区需求登记表»)" in note.problem
    assert not got.of("unknown_column")
    assert not got.of("merged")


@pytest.mark.parametrize(
    "above", ["Needs of March\n", "Needs of March,,,\n,,,\nas of 2026-03-01\n", '"a\nb",\n']
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_is_found_below_titles_in_csv(check: Check, above: str, delimiter: str) -> None:
    text = above + "need_id,community,item,quantity\nn1,A,rice,5\n"
    got = check({"needs.csv": text.replace(",", delimiter)})
    assert got.good.needs["quantity"].to_list() == [5]
    assert got.one("header_row").row == above.count("\n") + (0 if '"' in above else 1)


def test_a_list_without_a_known_header_begins_with_its_first_row(check: Check) -> None:
    got = check({"needs.csv": "编,where,what,many\nn1,A,rice,5\n"})
    assert {(code, row) for code, _, row, _ in got.errors} == {("missing_column", 1)}


def test_only_the_first_rows_are_looked_at(check: Check) -> None:
    text = "".join(f"title {k}\n" for k in range(25)) + "need_id,community,item,quantity\nn1,A,rice,5\n"
    assert not check({"needs.csv": text}).of("header_row")


def test_headings_of_two_rows_are_read_by_the_lower_one(file: Path) -> None:
    head = [["need_id", "community", "物资信息", None, None], [None, None, *HEADER[2:]]]
    got = checked(file, sheet([*head, *NEEDS[1:]], "A1:A2", "B1:B2", "C1:E1"))
    assert got.good.needs["quantity"].to_list() == [5, 4]
    assert not got.of("merged")


def test_a_merged_heading_stands_over_the_column_that_holds_something(file: Path) -> None:
    rows = [[*HEADER[:3], "quantity", None], ["n1", "A", "rice", None, 5]]
    assert checked(file, sheet(rows, "D1:E1")).good.needs["quantity"].to_list() == [5]


# --- merged cells ------------------------------------------------------------------------


def test_merged_cells_belong_to_every_row_of_their_range(file: Path) -> None:
    rows = [HEADER, ["n1", "A", "rice", 5, 1], ["n2", None, None, 4, None], ["n3", "B", "rice", 4, 3]]
    got = checked(file, sheet(rows, "B2:B3", "C2:C3", "E2:E3"))
    assert got.good.needs["priority"].to_list() == [1, 1, 3]
    assert got.good.needs["community"].to_list() == ["A", "A", "B"]
    assert "B2:B3, C2:C3, E2:E3" in got.one("merged").problem
    served = plan(got.good).needs["served"].to_list()
    assert sum(served[:2]) == 6


@pytest.mark.parametrize("column", [3])
def test_a_merged_amount_is_asked_for(file: Path, column: int) -> None:
    rows = [HEADER, ["n1", "A", "rice", 5, 1], ["n2", "A", "rice", None, 1]]
    got = checked(file, sheet(rows, "D2:D3"))
    assert got.errors == [("merged_amount", "needs", 2, "quantity")]
    assert "D2:D3" in got.one("merged_amount").problem


def test_a_row_that_is_merged_throughout_is_one(file: Path) -> None:
    rows = [HEADER, ["n1", "A", "rice", 5, 1], [], ["n2", "B", "rice", 4, 2]]
    got = checked(file, sheet(rows, *(f"{c}2:{c}3" for c in "ABCDE")))
    assert got.good.needs["quantity"].to_list() == [5, 4]
    assert not got.of("merged")


def test_merged_cells_that_overlap_are_refused(file: Path) -> None:
    got = checked(file, sheet(NEEDS, *["A1:E3"] * 3))
    assert ("not_a_table", "needs") in [error[:2] for error in got.errors]


# --- formulas, errors, long numbers ------------------------------------------------------


@pytest.mark.parametrize("cell", ["<c><f>1</f></c>", "<c><f>1</f><v></v></c>", "<c><f>1</f><v/></c>"])
@pytest.mark.parametrize("column", range(5))
def test_a_formula_without_its_value_is_an_error(file: Path, cell: str, column: int) -> None:
    row = ["n1", "A", "rice", 5, 1]
    got = checked(file, sheet([HEADER, [*row[:column], cell, *row[column + 1 :]]]))
    (finding,) = got.of("formula_without_value")
    assert (finding.row, finding.column, finding.value) == (2, HEADER[column], "=1")
    assert finding.cure.startswith("open the workbook")


def test_a_formula_with_its_value_is_read(file: Path) -> None:
    row = [
        "<c t='str'><f>\"n\"&amp;1</f><v>n1</v></c>",
        "A",
        "rice",
        "<c><f>2+3</f><v>5</v></c>",
        "<c t='str'><f/><v/></c>",
    ]
    got = checked(file, sheet([HEADER, row]))
    assert got.good.needs.iloc[0, [0, 3]].to_list() == ["n1", 5]
    assert got.good.needs["priority"].to_list() == [5]


def test_formulas_without_a_value_in_the_users_own_columns_and_settings(file: Path) -> None:
    needs = sheet([[*HEADER, "mine"], ["n1", "A", "rice", 5, 1, "<c><f>A1</f></c>"]])
    settings = sheet([["policy.budget", "<c><f>9</f></c>"]])
    sheets = {"needs": needs, "donations": sheet(DONATIONS), "settings": settings}
    got = Checked(*check_case(book(file, sheets)))
    assert [(f.table, f.row) for f in got.of("formula_without_value")] == [("settings", 1), ("needs", 2)]


def test_rows_of_error_cells_alone_are_told_of_in_time(file: Path) -> None:
    rows = [*NEEDS, *[[None, "<c t='e'/>"]] * 30_000]
    begin = time.process_time()
    got = checked(file, sheet(rows))
    assert time.process_time() - begin < 5
    assert (4, "community") in [(f.row, f.column) for f in got.of("cell_error")]


@pytest.mark.parametrize("number", [913101157000000123, 1234567890123456])
def test_a_number_of_more_digits_than_a_spreadsheet_keeps_is_no_name(file: Path, number: int) -> None:
    rows = [*DONATIONS[:1], ["d1", number, "rice", 6], ["d2", number + 1, "rice", 6]]
    got = checked(file, sheet(NEEDS), sheet(rows))
    assert got.errors == [("long_number", "donations", 2, "donor"), ("long_number", "donations", 3, "donor")]
    assert "as text" in got.of("long_number")[0].cure


def test_long_numbers_in_csv_in_frames_and_in_columns_of_the_users(check: Check, file: Path) -> None:
    text = "donation_id,donor,item,quantity\nd1,9.13101E+17,rice,5\nd2,913101157000000123,rice,5\n"
    assert check({"donations.csv": text}).errors == [("long_number", "donations", 2, "donor")]
    needs = pd.DataFrame(NEEDS[1:], columns=HEADER)
    donations = pd.DataFrame({"donation_id": ["d"], "donor": [9.13101157e17], "item": ["x"], "quantity": [1]})
    with pytest.raises(CaseError) as error:
        case_from_frames({"needs": needs, "donations": donations})
    assert [f.code for f in error.value.findings if f.severity == "error"] == ["long_number"]
    exact = donations.assign(donor=[913101157000000123])
    assert (
        case_from_frames({"needs": needs, "donations": exact}).donations["donor"][0] == "913101157000000123"
    )
    got = checked(file, sheet([[*HEADER, "card"], [*NEEDS[1], 913101157000000123]]))
    assert (got.one("long_number").severity, got.one("long_number").column) == ("warning", "card")
    assert got.case


# --- what would hurt ---------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "AZ900000"])
def test_a_stray_cell_far_off_is_a_finding(file: Path, cell: str) -> None:
    row = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    stray = f'<row r="{row}"><c r="{cell}"><v>1</v></c></row></sheetData>'
    got = checked(file, sheet(NEEDS).replace("</sheetData>", stray))
    (finding,) = got.of("stray_cell")
    assert finding.table == "needs"
    assert cell in finding.problem
    assert [code for code, *_ in got.errors] == ["stray_cell"]


def test_what_unpacks_to_too_much_is_a_finding(file: Path) -> None:
    sheets = {"needs": sheet(NEEDS), "donations": sheet(DONATIONS)}
    got = Checked(*check_case(book(file, sheets, {"xl/media/image1.bmp": "0" * 2_000_000})))
    assert [code for code, *_ in got.errors] == ["unpacks_too_large"]


def test_too_many_sheets_are_one_finding_and_unknown_ones_few(file: Path) -> None:
    many = {f"s{k}": sheet([["a"]]) for k in range(MOST_SHEETS + 1)}
    assert [f.code for f in check_case(book(file, many))[1]] == ["too_many_sheets"]
    some = {"needs": sheet(NEEDS), "donations": sheet(DONATIONS)} | dict(list(many.items())[:100])
    assert len(Checked(*check_case(book(file, some))).of("unknown_sheet")) == 21


def test_too_many_columns_are_one_finding(check: Check) -> None:
    header, row = (",".join(f"{sign}{k}" for k in range(100_000)) for sign in "cx")
    got = check({"needs.csv": f"need_id,community,item,quantity,{header}\nn1,A,rice,5,{row}\n"})
    assert got.errors == [("too_many_columns", "needs.csv", None, "")]
    needs = pd.DataFrame([[*NEEDS[1], *range(5_000)]], columns=[*HEADER, *(f"c{k}" for k in range(5_000))])
    with pytest.raises(CaseError) as error:
        case_from_frames({"needs": needs, "donations": pd.DataFrame(DONATIONS[1:], columns=DONATIONS[0])})
    assert [f.code for f in error.value.findings if f.severity == "error"] == ["too_many_columns"]


def test_unknown_columns_are_told_of_one_by_one_only_at_first(check: Check) -> None:
    header, row = (",".join(f"{sign}{k}" for k in range(300)) for sign in "cx")
    got = check({"needs.csv": f"need_id,community,item,quantity,{header}\nn1,A,rice,5,{row}\n"})
    assert len(got.of("unknown_column")) == 21
    assert got.good.extras["needs"].shape == (1, 300)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 9_000, "[a]\nb = " + "{c=" * 9_000, "a" + ".a" * 9_000 + " = 1"]
)
def test_settings_of_any_depth_are_one_finding(check: Check, text: str) -> None:
    got = check({"matchopt.toml": text})
    assert [error[:2] for error in got.errors] in (
        [("not_toml", "matchopt.toml")],
        [("unknown_setting", "matchopt.toml")],
    )


# --- CSV ---------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["sep=;", "sep=;\r", '"sep=;"', "SEP=;;;;"])
def test_the_line_that_names_the_separator_is_read(check: Check, first: str) -> None:
    got = check({"needs.csv": f"{first}\nneed_id;community;item;quantity\nn1;A, or B;rice;5\n"})
    assert got.good.needs["community"].to_list() == ["A, or B"]
    assert not got.of("header_row")
    other = "sep=|\nneed_id|community|item|quantity\nn1|A;B,C|rice|5\n"
    assert check({"needs.csv": other}).good.needs["community"].to_list() == ["A;B,C"]


@pytest.mark.parametrize("header", ["need_id,community,item,quantity", "need_id,community,item,quantity,,"])
def test_empty_cells_at_the_end_of_rows_are_no_error(check: Check, header: str) -> None:
    got = check(
        {"needs.csv": f'{header}\nn1,A,rice,5,\nn2,A,rice,4,,,\nn3,A,rice,3\nn4,A,rice,2,," "\n,,,,,,\n'}
    )
    assert got.good.needs["quantity"].to_list() == [5, 4, 3, 2]


@pytest.mark.parametrize("row", ["n1,A,rice,5,x", "n1,A,rice", "n1,A,rice,5,,x"])
def test_rows_of_more_or_fewer_filled_cells_stay_errors(check: Check, row: str) -> None:
    got = check({"needs.csv": f"need_id,community,item,quantity\nn0,A,rice,5,,\n{row}\n"})
    assert ("ragged_row", "needs", 3, "") in got.errors


# --- names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("East Gate", "EAST-GATE"),
        ("East Gate", "East\u00a0 Gate"),
        ("大米", "大\u200b米"),
        ("大米", "⼤米"),
        ("Café", "Cafe\u0301"),
        ("Mask A", "Ｍask Ａ"),
        ("Mother's", "Mother’s"),
        ("COP", "СОР"),
        ("Block 1-2", "block 1–2"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert alike(one) == alike(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1-2", "12"), ("1.5L", "15L"), ("5²", "52"), ("A+", "A"), ("rice 1 0", "rice 10")]
)
def test_other_names(one: str, other: str) -> None:
    assert alike(one) != alike(other)


def test_places_that_only_look_different_are_one(check: Check) -> None:
    got = check(
        {
            "needs.csv": "need_id,community,item,quantity\nN1,East Gate,rice,5\n",
            "donations.csv": "donation_id,item,quantity,community,origin,only_communities\n"
            "D1,rice,5,east gate,EAST GATE,x;East-Gate\n",
        },
        ["policy.boundary=community"],
    )
    assert list(got.good.donations.loc[0, ["community", "origin", "only_communities"]]) == [
        *["East Gate"] * 2,
        "x;East Gate",
    ]
    note = got.one("one_name")
    assert note.severity == "note"
    assert "«east gate», «EAST GATE», «East-Gate» as «East Gate»" in note.problem
    assert plan(got.good).needs["served"].to_list() == [5]


def test_what_tells_two_look_alikes_apart_is_shown(check: Check) -> None:
    got = check(
        {
            "needs.csv": "need_id,community,item,quantity\nN1,A,大\u200b米,5\n",
            "donations.csv": "donation_id,item,quantity\nD1,大米,6\n",
        }
    )
    assert got.good.needs["item"].to_list() == ["大米"]
    note = got.one("one_name")
    assert (note.table, note.row, note.column) == ("needs", 2, "item")
    assert "«大‹U+200B›米» as «大米»" in note.problem


def test_a_table_that_lists_both_spellings_keeps_them_apart(check: Check) -> None:
    needs = "need_id,community,item,quantity\nN1,east gate,rice,5\nN2,East Gate,rice,5\n"
    got = check({"needs.csv": needs, "communities.csv": "community\nEast Gate\neast gate\n"})
    assert got.good.needs["community"].to_list() == ["east gate", "East Gate"]
    assert not got.of("one_name")
    got = check({"needs.csv": needs, "communities.csv": "community\nEAST GATE\n"})
    assert got.good.needs["community"].to_list() == ["EAST GATE"] * 2


def test_rows_that_say_the_same_of_one_name_are_found(check: Check) -> None:
    got = check({"lanes.csv": "from_place,to_place,distance_km\nX,A,1\nx,A,2\n"})
    assert got.errors == [("contradictory_lanes", "lanes", 3, "from_place")]


def test_ids_that_look_the_same_are_one_in_references_only(check: Check) -> None:
    got = check({"affinities.csv": "donation_id,need_id,score\nd\u200b1,n1,1\n"})
    assert got.good.tables["affinities"]["donation_id"].to_list() == ["d1"]
    got = check({"affinities.csv": "donation_id,need_id,score\nD1,n1,1\n"})
    assert [code for code, *_ in got.errors] == ["unknown_key"]


def test_donors_that_look_the_same_are_one_and_ids_are_warned_of(check: Check) -> None:
    rows = "d1,Mill,rice,5\nd\u200b1,Mi\u200bll,rice,5\nD1,mill,rice,5\n"
    got = check({"donations.csv": f"donation_id,donor,item,quantity\n{rows}"})
    assert got.good.donations["donor"].to_list() == ["Mill", "Mill", "mill"]
    warned = got.one("look_alike")
    assert (warned.severity, warned.row, warned.value) == ("warning", 3, "d‹U+200B›1")
    assert "«d‹U+200B›1», which looks like «d1»" in warned.problem


# --- control characters ------------------------------------------------------------------


@pytest.mark.parametrize("table", ["needs", "donations"])
@pytest.mark.parametrize("column", ["item", "mine"])
@pytest.mark.parametrize("sign", ["\0", "\x1b", "\x7f", "\ud800"])
def test_texts_that_no_file_can_hold_are_refused(table: str, column: str, sign: str) -> None:
    needs, donations = (pd.DataFrame(rows[1:], columns=rows[0]) for rows in (NEEDS, DONATIONS))
    frames = {"needs": needs, "donations": donations}
    cells = pd.Series([f"a{sign}b"] * len(frames[table]), dtype=object)
    frames[table] = frames[table].assign(**{column: cells})
    with pytest.raises(CaseError) as error:
        case_from_frames(frames)
    first = error.value.findings[0]
    assert (first.code, first.table, first.row, first.column) == ("not_text", table, 2, column)
    assert str(first).isprintable()
    names = [f"a{sign}b" if name == column else name for name in frames[table].columns]
    frames[table].columns = pd.Index(names, dtype=object)
    with pytest.raises(CaseError):
        case_from_frames(frames)


def test_every_column_of_text_refuses_them() -> None:
    needs = pd.DataFrame(NEEDS[1:], columns=HEADER)
    donations = pd.DataFrame(DONATIONS[1:], columns=DONATIONS[0])
    for table in TABLES.values():
        for column in table.columns:
            frames = {"needs": needs, "donations": donations}
            frame = frames.get(table.name, pd.DataFrame({c.name: [c.example] for c in table.columns}))
            with pytest.raises(CaseError) as error:
                case_from_frames(frames | {table.name: frame.assign(**{column.name: "x\0"})})
            assert any(f.column == column.name and "␀" in f.value for f in error.value.findings), column


def test_line_ends_of_frames_are_those_of_files() -> None:
    needs = pd.DataFrame(NEEDS[1:], columns=HEADER).assign(**{"own\rname": ["a\r\nb", "c\rd"]})
    case = case_from_frames({"needs": needs, "donations": pd.DataFrame(DONATIONS[1:], columns=DONATIONS[0])})
    assert case.extras["needs"]["own\nname"].to_list() == ["a\nb", "c\nd"]
