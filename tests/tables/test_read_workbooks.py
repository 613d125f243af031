"""Workbooks that spreadsheets write and that older readers of XLSX misread, built part by part."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from matchopt.contract.case import Case
from matchopt.tables.read import check_case, read_case

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
X15 = (
    '<extLst><ext uri="{140A7094-0E35-4892-8432-C4D2E57EDEB5}" xmlns:x15="http://schemas.microsoft.com/office/'
    'spreadsheetml/2010/11/main"><x15:workbookPr chartTrackingRefBase="1"/></ext></extLst>'
)
"""What newer spreadsheets add: a second element that is called workbookPr, in another namespace."""

GENERAL, SHORT_DATE, CHINESE_DATE = 0, 14, 31
DAY, EMPTY = object(), object()
"""Cells: a day by its number and the number format of the workbook; a shared text without an index."""

NEEDS = ["need_id", "community", "item", "quantity", "needed_by", "group"]
DONATIONS = ["donation_id", "item", "quantity", "available_from"]


def workbook(
    file: Path,
    *,
    day: int = 46082,
    number_format: int = SHORT_DATE,
    properties: str = "",
    extra: str = "",
    needed_by: object = DAY,
) -> Path:
    """Write a workbook of one need and one donation, as spreadsheets lay them out."""
    sheets: dict[str, list[list[object]]] = {
        "needs": [[*NEEDS], ["N1", "East", "rice", 5, needed_by, EMPTY]],
        "donations": [[*DONATIONS], ["D1", "rice", 5, DAY]],
    }
    shared: list[str] = []
    bodies = [rows(cells, shared, day) for cells in sheets.values()]
    listed = "".join(f'<sheet name="{s}" sheetId="{k}" r:id="rId{k}"/>' for k, s in enumerate(sheets, 1))
    targets = ["worksheets/sheet1.xml", "worksheets/sheet2.xml", "styles.xml", "sharedStrings.xml"]
    kinds = ["worksheet", "worksheet", "styles", "sharedStrings"]
    related = "".join(
        f'<Relationship Id="rId{k}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for k, (kind, target) in enumerate(zip(kinds, targets, strict=True), 1)
    )
    formats = "".join(f'<xf numFmtId="{k}" applyNumberFormat="1"/>' for k in (GENERAL, number_format))
    texts = "".join(f"<si><t>{text}</t></si>" for text in shared)
    book = f"<workbookPr {properties}/><sheets>{listed}</sheets>{extra}"
    root = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"/>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{book}</workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
    }
    for target, body in zip(targets, bodies, strict=False):
        parts[f"xl/{target}"] = f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{part}')
    return file


def rows(table: Sequence[Sequence[object]], shared: list[str], day: int) -> str:
    """Return the rows of a sheet; texts go to those that all sheets share."""

    def cell(value: object, place: str) -> str:
        if value is DAY:
            return f'<c r="{place}" s="1"><v>{day}</v></c>'
        if value is EMPTY:
            return f'<c r="{place}" t="s"><v/></c>'
        if isinstance(value, str):
            shared.append(value)
            return f'<c r="{place}" t="s"><v>{len(shared) - 1}</v></c>'
        return f'<c r="{place}"><v>{value}</v></c>'

    return "".join(
        f'<row r="{k}">' + "".join(cell(v, f"{chr(65 + j)}{k}") for j, v in enumerate(row)) + "</row>"
        for k, row in enumerate(table, 1)
    )


def days(case: Case) -> list[pd.Timestamp]:
    return [case.needs["needed_by"][0], case.donations["available_from"][0]]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"number_format": CHINESE_DATE},
        {"day": 44620, "properties": 'date1904="1"'},
        {"day": 44620, "properties": 'date1904="1"', "extra": X15},
        {"day": 44620, "properties": 'date1904="true"'},
        {"properties": 'date1904="0"'},
    ],
    ids=["plain", "format 31", "from 1904", "from 1904, newer", "from 1904, spelt out", "not from 1904"],
)
def test_days_of_a_workbook(tmp_path: Path, how: dict[str, Any]) -> None:
    case = read_case(workbook(tmp_path / "case.xlsx", **how))
    assert days(case) == [pd.Timestamp("2026-03-01")] * 2


def test_a_shared_text_without_index_is_an_empty_cell(tmp_path: Path) -> None:
    case = read_case(workbook(tmp_path / "case.xlsx", needed_by=EMPTY))
    assert pd.isna(case.needs["needed_by"][0])
    assert case.needs["group"][0] == ""


@pytest.mark.parametrize(
    ("number", "properties"), [(46082, ""), (44620, 'date1904="1"'), (44620, 'date1904="true"')]
)
def test_a_number_in_place_of_a_day_is_read_from_the_first_day_of_its_workbook(
    tmp_path: Path, number: int, properties: str
) -> None:
    file = workbook(tmp_path / "case.xlsx", day=number, number_format=GENERAL, properties=properties)
    case, findings = check_case(file)
    assert case is not None
    assert days(case) == [pd.Timestamp("2026-03-01")] * 2
    told = [f for f in findings if f.code == "converted" and "number of a day" in f.problem]
    assert [(f.table, f.column) for f in told] == [("needs", "needed_by"), ("donations", "available_from")]
    assert all(f"«{number}» is read as 2026-03-01" in f.problem for f in told)
