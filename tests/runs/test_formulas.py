"""Texts that look like formulas are texts in every CSV file, and come back as they were."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt import Case, read_run
from matchopt.runs.atomic import write_file
from matchopt.runs.render import all_guarded, bare, csv_file, guarded

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")


@given(st.text(st.sampled_from("'=+-@\t\r1.,%ab"), max_size=6))
def test_what_is_guarded_comes_back(text: str) -> None:
    assert bare(pd.Series([guarded(text)], dtype=object)).tolist() == [text]


@given(st.lists(st.text(st.sampled_from("'=+-@\t\r\n1.a"), max_size=4)))
def test_many_texts_are_guarded_as_each_is(texts: list[str]) -> None:
    assert all_guarded(texts) == [guarded(text) for text in texts]


@given(st.text(max_size=8), st.sampled_from(BEGINNINGS))
def test_no_formula_is_left(text: str, sign: str) -> None:
    written = guarded(sign + text)
    number = (sign + text).rstrip("%").lstrip("+-").replace(".", "").replace(",", "")
    assert written.startswith("'") or (sign in "+-" and number.isdigit() and number.isascii())


@pytest.mark.parametrize("text", ["rice", "", "-5", "+1.5", "-3%", "1-2", "'quoted'"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert guarded(text) == text


def test_a_run_keeps_its_ids_and_shows_no_formula(tmp_path: Path) -> None:
    nasty = '=HYPERLINK("http://x","y")'
    case = Case.from_frames(
        needs=pd.DataFrame(
            {
                "need_id": [nasty, "'=b"],
                "community": ["@home", "-x"],
                "item": ["+1 coat"] * 2,
                "quantity": [3, 3],
                "=remark": ["=1+1", "-2"],
            }
        ),
        donations=pd.DataFrame(
            {"donation_id": ["-d"], "donor": ["=me()"], "item": ["+1 coat"], "quantity": [5]}
        ),
    )
    made = matchopt.plan(case)
    made.write(tmp_path / "run")
    again = read_run(tmp_path / "run")
    pd.testing.assert_frame_equal(again.needs, made.needs, check_dtype=False)
    pd.testing.assert_frame_equal(again.donations, made.donations, check_dtype=False)
    pd.testing.assert_frame_equal(again.allocations, made.allocations, check_dtype=False)
    assert matchopt.verify(again.case, again) == ()
    for file in (tmp_path / "run" / "plan").glob("*.csv"):
        rows = list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))
        assert not [cell for row in rows for cell in row if cell != guarded(cell) and cell[0] != "'"], file


def test_tables_beside_a_plan_are_guarded_as_well(tmp_path: Path) -> None:
    write_file(tmp_path / "x.csv", csv_file(pd.DataFrame({"item": ["=1+1", "米"], "units": [1.5, 2.0]})))
    assert (tmp_path / "x.csv").read_text("utf-8-sig") == "item,units\n'=1+1,1.5\n米,2\n"
