"""Reading by properties: round trips, the same case from every form, and no traceback from anything."""

from __future__ import annotations

import random
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from matchopt.contract.case import Case
from matchopt.contract.schema import TABLES
from matchopt.errors import CaseError
from matchopt.tables.cells import STRIP, widened
from matchopt.tables.check import case_from_frames
from matchopt.tables.days import DayReading
from matchopt.tables.findings import RefusedError
from matchopt.tables.read import check_case
from matchopt.tables.values import parse_number
from profiles import examples

FULL = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})

letters = st.characters(codec="gb18030", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cf", "Cn"])
names = st.text(letters, min_size=1, max_size=6).filter(
    lambda text: text == text.strip(STRIP) and not text.startswith("#")
)
days = st.dates(date(1900, 1, 1), date(9999, 12, 31))


@given(st.floats(-9e15, 9e15), st.booleans())
def test_numbers_come_back(number: float, full: bool) -> None:
    text = repr(number)
    assert parse_number(widened(text.translate(FULL) if full else text)) == (number, [])


@given(st.integers(1000, 9 * 10**15), st.integers(0, 99), st.booleans())
def test_thousands_come_back(whole: int, cents: int, full: bool) -> None:
    text = f"{whole:,}.{cents:02d}"
    value, kinds = parse_number(widened(text.translate(FULL) if full else text))
    assert value == float(f"{whole}.{cents:02d}")
    assert len(kinds) == 1


@given(
    days,
    st.sampled_from(["{0:04d}-{1:02d}-{2:02d}", "{0}/{1}/{2}", "{0}.{1}.{2}", "{0}年{1}月{2}日"]),
    st.booleans(),
)
def test_days_come_back(day: date, form: str, full: bool) -> None:
    text = form.format(day.year, day.month, day.day)
    assert DayReading().parse(widened(text.translate(FULL) if full else text))[0] == np.datetime64(day)


@given(st.text(max_size=30))
def test_any_text_is_a_value_or_refused_with_a_cure(text: str) -> None:
    said: list[object]
    for parse in (parse_number, DayReading().parse):
        try:
            value, _ = parse(widened(text.strip(STRIP)))
        except RefusedError as refused:
            said = [refused.code, refused.problem, refused.cure]
        else:
            said = [not pd.isna(value)]
        assert all(said)


@st.composite
def needs_tables(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a needs table as text, some cells empty."""
    ids = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    size = len(ids)

    def column(cells: st.SearchStrategy[str]) -> list[str]:
        return draw(st.lists(cells, min_size=size, max_size=size))

    empty = st.just("")
    quantities = st.integers(1, 10**10).map(str)
    costs = st.one_of(empty, st.floats(0, 1e6).map(repr))
    table = {
        "need_id": ids,
        "community": column(names),
        "item": column(names),
        "quantity": column(quantities),
        "priority": column(st.one_of(empty, st.integers(1, 9).map(str))),
        "group": column(st.one_of(empty, names)),
        "unmet_cost": column(costs),
        "needed_by": column(st.one_of(empty, st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(str))),
        "channel": column(st.sampled_from(["", "resident", "enterprise"])),
        "单一来源": column(st.just("no")),
    }
    return pd.DataFrame(table, dtype=object)


def donations() -> pd.DataFrame:
    return pd.DataFrame({"donation_id": ["d"], "item": ["x"], "quantity": ["1"]}, dtype=object)


def read_as(form: str, needs: pd.DataFrame) -> Case:
    if form == "frames":
        return case_from_frames({"needs": needs, "donations": donations()})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        donations().to_csv(place / "donations.csv", index=False)
        if form == "xlsx":
            with xlsxwriter.Workbook(
                place / "needs.xlsx", {"strings_to_formulas": False, "strings_to_urls": False}
            ) as book:
                sheet = book.add_worksheet("needs")
                for c, name in enumerate(needs.columns):
                    sheet.write_column(0, c, [name, *needs[name]])
        elif form == "parquet":
            needs.to_parquet(place / "needs.parquet")
        else:
            needs.to_csv(place / "needs.csv", index=False, encoding=form)
        case, findings = check_case(place)
    assert case is not None, findings
    return case


def assert_same(one: Case, other: Case) -> None:
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, other.tables[name])


@examples(0.1)
@given(needs_tables())
@pytest.mark.parametrize("form", ["frames", "xlsx", "parquet", "utf-8-sig", "gb18030"])
def test_every_form_gives_the_same_case(form: str, needs: pd.DataFrame) -> None:
    assert_same(read_as("utf-8", needs), read_as(form, needs))


@examples(0.1)
@given(needs_tables(), st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(needs: pd.DataFrame, random: random.Random) -> None:
    headers = list(needs.columns)
    random.shuffle(headers)
    assert_same(read_as("utf-8", needs), read_as("utf-8", needs[headers]))


@examples(0.1)
@given(needs_tables())
def test_checking_a_checked_case_changes_nothing(needs: pd.DataFrame) -> None:
    case = read_as("frames", needs)
    assert_same(case, case.replace())


def outcome(frames: dict[str, pd.DataFrame]) -> int | str:
    """Return the number of needs of the case, or the severity of its first finding."""
    try:
        return len(case_from_frames(frames).needs)
    except CaseError as error:
        return str(error.findings[0].severity)


def check_bytes(name: str, data: bytes) -> None:
    """Check a case with one strange file: findings, each with a place and words, or a case."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for table in ("needs", "donations"):
            if not name.startswith(table):
                columns = [column for column in TABLES[table].columns if column.required]
                cells = ",".join("1" for _ in columns)
                (place / f"{table}.csv").write_text(",".join(c.name for c in columns) + f"\n{cells}\n")
        (place / name).write_bytes(data)
        case, findings = check_case(place)
        assert (case is None) == any(finding.severity == "error" for finding in findings)
        assert all(finding.table and finding.problem for finding in findings)


@given(
    st.binary(max_size=300),
    st.sampled_from(["needs.csv", "needs.xlsx", "needs.parquet", "matchopt.toml", "items.csv"]),
)
def test_random_bytes_make_no_traceback(data: bytes, name: str) -> None:
    check_bytes(name, data)


@examples(0.1)
@given(st.text(st.sampled_from('a1"",,;\t\n\r #河\u3000\u200b'), max_size=80))
def test_random_layouts_make_no_traceback(text: str) -> None:
    check_bytes("needs.csv", ("need_id,community,item,quantity\n" + text).encode())
    check_bytes("needs.csv", text.encode())


@examples(0.1)
@given(st.sampled_from(list(TABLES)), st.data())
def test_random_cells_make_no_traceback(name: str, data: st.DataObject) -> None:
    table = TABLES[name]
    cell = st.one_of(
        st.text(max_size=12),
        st.sampled_from(["", "1", "0", "nan", "2026-03-01", "1e308", "-1", "A;B", "#N/A", "##"]),
    )
    rows = data.draw(
        st.lists(st.lists(cell, min_size=len(table.columns), max_size=len(table.columns)), max_size=4)
    )
    frame = pd.DataFrame(rows, columns=[column.name for column in table.columns], dtype=object)
    check_bytes(f"{name}.csv", frame.to_csv(index=False).encode("utf-8", "replace"))
    if name not in ("needs", "donations"):
        needs = pd.DataFrame({"need_id": ["1"], "community": ["1"], "item": ["1"], "quantity": [1]})
        offered = pd.DataFrame({"donation_id": ["1"], "item": ["1"], "quantity": [1]})
        assert outcome({"needs": needs, "donations": offered, name: frame})


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=5),
            st.integers(),
            st.floats(),
            st.booleans(),
            st.dates(),
            st.datetimes(),
            st.decimals(),
            st.binary(max_size=3),
            st.lists(st.integers(), max_size=2),
            st.text(st.characters(), max_size=3),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["need_id", "quantity", "needed_by", "single_source", "channel", "priority", "extra"]),
)
def test_frames_of_any_objects_make_no_traceback(cells: list[Any], column: str) -> None:
    size = len(cells)
    base = {"need_id": [f"n{k}" for k in range(size)], "community": "A", "item": "x", "quantity": 1}
    needs = pd.DataFrame(base).assign(**{column: pd.Series(cells, dtype=object)})
    assert outcome({"needs": needs, "donations": donations()}) in (size, "error")
