"""Marked and cured copies of the user's own tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from typer.testing import CliRunner, Result

from matchopt.cli import app
from matchopt.errors import Finding, Severity, by_cause
from matchopt.tables.read import check_case

NEEDS = """need_id,community,item,quantity,priority,needed_by
N1,A,rice,10,12,2026-03-05
N1,B,rice,5,-,2026-03-06
N3,B,rice,x,3,无
N4,B,rice,x,3,
"""
DONATIONS = "donation_id,item,quantity,available_until\nD1,rice,7,2026-03-09\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def folder(place: Path, **tables: str) -> Path:
    case = place / "case"
    case.mkdir()
    for name, text in {"needs": NEEDS, "donations": DONATIONS, **tables}.items():
        (case / f"{name}.csv").write_text(text, "utf-8")
    return case


def book(place: Path, needs: list[list[Any]], **more: list[list[Any]]) -> Path:
    """Write a workbook as people keep it: with colours, widths, a formula and a sheet that is no table."""
    written = Workbook()
    sheet = written.worksheets[0]
    sheet.title = "needs"
    sheets = {"needs": needs, "donations": [r.split(",") for r in DONATIONS.splitlines()], **more}
    for title, rows in sheets.items():
        at = sheet if title == "needs" else written.create_sheet(title)
        for row in rows:
            at.append(row)
    sheet["A1"].font = Font(bold=True, color="00FF0000")
    sheet["B2"].comment = Comment("ask Li", "Wang")
    sheet.column_dimensions["C"].width = 33
    notes = written.create_sheet("phone list")
    notes["B2"] = "555"
    notes["B2"].fill = PatternFill("solid", start_color="0000FF00")
    written.save(place / "book.xlsx")
    return place / "book.xlsx"


ROWS: list[list[Any]] = [
    ["need_id", "community", "item", "quantity", "priority"],
    ["N1", "A", "rice", 10, 12],
    ["N1", "B", "rice", 5, "-"],
    ["N3", "B", "rice", "x", 3],
]


def test_findings_say_file_sheet_and_cell(tmp_path: Path) -> None:
    case = folder(tmp_path)
    findings = json.loads(run("check", case, "--format", "json").stdout)
    first = next(f for f in findings if f["code"] == "out_of_range")
    assert (first["file"], first["sheet"], first["cell"]) == ("needs.csv", "", "E2")
    found = check_case(book(tmp_path, ROWS))[1]
    said = "error: book.xlsx, sheet «needs», row 2, column priority: «12» is not 1 to 9"
    assert str(found[0]).startswith(said)


def test_findings_of_one_cause_are_one() -> None:
    rows = [3, 4, 5, 9]
    found = [Finding(Severity.ERROR, "odd", "needs", "is odd", "mend it", k, "item", "x") for k in rows]
    (cause,) = by_cause(found)
    assert str(cause) == "error: needs, rows 3-5, 9, column item: «x» is odd → mend it"


def test_all_rows_of_a_cause_are_listed(tmp_path: Path) -> None:
    rows = "".join(f"N{k},A,rice,x\n" for k in range(2, 502))
    case = folder(tmp_path, needs=f"need_id,community,item,quantity\n{rows}")
    assert "needs.csv, rows 2-501, column quantity" in run("check", case).stdout


def test_the_rules_of_a_column_stand_in_its_cure(tmp_path: Path) -> None:
    case = folder(tmp_path, needs=NEEDS.replace(",12,", ",urgent!,"))
    assert "write a whole number 1 to 9: tier 1..9, 1 is served first" in run("check", case).stdout


def test_a_marked_copy_is_the_users_own_workbook(tmp_path: Path) -> None:
    case, file = book(tmp_path, ROWS), tmp_path / "marked.xlsx"
    before = case.read_bytes()
    result = run("check", case, "--mark", file)
    assert result.exit_code == 1
    assert "5 cells marked" in result.stdout
    assert case.read_bytes() == before
    copied = load_workbook(file)
    needs = copied["needs"]
    assert needs["A1"].font.bold
    assert needs.column_dimensions["C"].width == 33
    assert needs["B2"].comment.text == "ask Li"
    assert copied["phone list"]["B2"].fill.start_color.rgb == "0000FF00"
    assert needs["E2"].fill.start_color.rgb == "00FFC7CE"
    assert "1 is served first" in needs["E2"].comment.text
    listed = copied["matchopt findings"]
    links = {row[2].hyperlink.location for row in listed.iter_rows(min_row=2) if row[2].hyperlink}
    assert {"'needs'!E2", "'needs'!A3", "'needs'!E3", "'needs'!D4"} <= links


def test_a_cured_copy_has_no_finding_that_was_cured(tmp_path: Path) -> None:
    case, file = book(tmp_path, ROWS), tmp_path / "cured.xlsx"
    result = run("check", case, "--fix", file)
    assert "2 cells cured" in result.stdout
    cured = load_workbook(file)
    assert [cured["needs"][cell].value for cell in ("A3", "E3", "E2", "D4")] == ["N1-2", None, 12, "x"]
    done = [[cell.value for cell in row] for row in cured["matchopt cures"].iter_rows(min_row=2)]
    assert sorted(str(row[1]) for row in done) == ["A3", "E3"]
    assert [row[:4] for row in done if row[1] == "A3"] == [["needs", "A3", "N1", "N1-2"]]
    left = [(f.code, f.cell) for f in check_case(file)[1] if f.severity is Severity.ERROR]
    assert left == [("out_of_range", "E2"), ("not_a_number", "D4")]


def test_a_cured_copy_has_the_values_of_formulas(tmp_path: Path) -> None:
    import xlsxwriter

    case, file = tmp_path / "book.xlsx", tmp_path / "cured.xlsx"
    with xlsxwriter.Workbook(case) as written:
        for title, rows in (("needs", ROWS[:3]), ("donations", [["donation_id", "item", "quantity"]])):
            sheet = written.add_worksheet(title)
            for k, row in enumerate(rows):
                sheet.write_row(k, 0, row)
        written.get_worksheet_by_name("needs").write_formula("D2", "=4*5", None, 20)
        written.get_worksheet_by_name("donations").write_row(1, 0, ["D1", "rice", 5])
        written.add_worksheet("other").write_formula("A1", "=1+1", None, 2)
    run("check", case, "--fix", file, "--mark", tmp_path / "marked.xlsx")
    assert load_workbook(file)["needs"]["D2"].value == 20
    assert load_workbook(file)["other"]["A1"].value == "=1+1"
    assert load_workbook(tmp_path / "marked.xlsx")["needs"]["D2"].value == "=4*5"


def test_a_folder_becomes_one_workbook_with_its_settings(tmp_path: Path) -> None:
    case, file = folder(tmp_path), tmp_path / "cured.xlsx"
    (case / "matchopt.toml").write_text('[policy]\nbudget = 100\nobjective = "total-cost"\n', "utf-8")
    assert "3 cells cured" in run("check", case, "--fix", file).stdout
    assert load_workbook(file)["needs"]["F4"].value is None
    (tmp_path / "right").mkdir()
    good = NEEDS.replace("12", "1").replace("x", "4").replace("\nN1,B", "\nN1-2,B").replace("无", "")
    right = folder(tmp_path / "right", needs=good.replace("-,2026-03-06", ",2026-03-06"))
    (right / "matchopt.toml").write_bytes((case / "matchopt.toml").read_bytes())
    copied = load_workbook(file)
    copied["needs"]["E2"], copied["needs"]["D4"], copied["needs"]["D5"] = 1, 4, 4
    copied.save(file)
    one, other = check_case(file)[0], check_case(right)[0]
    assert one is not None
    assert other is not None
    assert one.settings == other.settings
    for name in ("needs", "donations"):
        assert one.tables[name].equals(other.tables[name])


def test_workbooks_of_a_folder_keep_their_looks(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    book(case, ROWS).rename(case / "needs.xlsx")
    alone = load_workbook(case / "needs.xlsx")
    del alone["donations"], alone["phone list"]
    alone["needs"].title = "Tabelle1"
    alone.save(case / "needs.xlsx")
    (case / "donations.csv").write_text(DONATIONS, "utf-8")
    run("check", case, "--mark", tmp_path / "marked.xlsx")
    copied = load_workbook(tmp_path / "marked.xlsx")
    assert copied["needs"]["A1"].font.bold
    assert copied["needs"].column_dimensions["C"].width == 33
    assert copied["needs"]["E2"].fill.start_color.rgb == "00FFC7CE"
    assert check_case(tmp_path / "marked.xlsx")[1][0].sheet == "needs"


def test_exchanged_coordinates_and_repeated_lanes_are_cured(tmp_path: Path) -> None:
    places = "community,latitude,longitude\nA,31.2,121.4\nB,121.5,31.3\nC,31.1,121.6\n"
    lanes = "from_place,to_place,distance_km\nA,B,3\nA,B,3\n"
    needs = "need_id,community,item,quantity\nN1,A,rice,2\n"
    case = folder(tmp_path, needs=needs, communities=places, lanes=lanes)
    run("check", case, "--fix", tmp_path / "cured.xlsx")
    cured, findings = check_case(tmp_path / "cured.xlsx")
    assert cured is not None
    assert cured.tables["communities"]["latitude"].tolist() == [31.2, 31.3, 31.1]
    assert len(cured.tables["lanes"]) == 1
    assert not {"swapped_coordinates", "repeated_lane"} & {f.code for f in findings}


def test_ids_that_other_tables_name_are_for_a_person(tmp_path: Path) -> None:
    links = "donation_id,need_id,score\nD1,N1,0.5\n"
    result = run("check", folder(tmp_path, affinities=links), "--fix", tmp_path / "cured.xlsx")
    assert "2 cells cured" in result.stdout
    assert load_workbook(tmp_path / "cured.xlsx")["needs"]["A3"].value == "N1"


def test_the_case_stays_as_it_is(tmp_path: Path) -> None:
    case = book(tmp_path, ROWS)
    before = case.read_bytes()
    for file in (case, tmp_path / "marked.csv"):
        result = run("check", case, "--mark", file)
        assert result.exit_code == 1
        assert "another place" in result.stderr or "end in .xlsx" in result.stderr
    inside = folder(tmp_path) / "marked.xlsx"
    assert run("check", inside.parent, "--mark", inside).exit_code == 1
    assert not inside.exists()
    assert case.read_bytes() == before


def test_a_copy_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    case = book(tmp_path, ROWS)
    monkeypatch.setattr("openpyxl.writer.excel.ExcelWriter.write_data", full)
    result = run("check", case, "--mark", tmp_path / "marked.xlsx")
    assert "cannot be written: No space left on device" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["book.xlsx"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("needs.xlsx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "take the password off"),
        ("needs.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "save it as an Excel workbook (.xlsx)"),
        ("needs.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "save it as an Excel workbook (.xlsx)"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    result = run("check", tmp_path / name, "--mark", tmp_path / "marked.xlsx")
    assert said in result.stdout
    assert "There is no copy" in result.stdout
    assert not (tmp_path / "marked.xlsx").exists()


def test_macros_are_left_out_with_a_word(tmp_path: Path) -> None:
    case = book(tmp_path, ROWS).rename(tmp_path / "book.xlsm")
    result = run("check", case, "--mark", tmp_path / "marked.xlsx")
    assert "macros are not copied" in result.stdout


def test_a_copy_is_marked_anew(tmp_path: Path) -> None:
    case, first, second = book(tmp_path, ROWS), tmp_path / "1.xlsx", tmp_path / "2.xlsx"
    run("check", case, "--mark", first)
    cured = load_workbook(first)
    cured["needs"]["E2"] = 1
    cured.save(first)
    run("check", first, "--mark", second)
    again = load_workbook(second)
    assert again.sheetnames == load_workbook(first).sheetnames
    assert again["needs"]["E2"].comment is None
    assert again["needs"]["E2"].fill.fill_type is None
