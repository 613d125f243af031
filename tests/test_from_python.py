"""matchopt as Python uses it: tables of any kind, errors that name the nearest id, what a notebook shows."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import handmade
import matchopt
from matchopt import ArgumentError, Case, CaseError, MatchoptError, UnknownIdError

NEEDS = {"need_id": ["n1", "n2"], "community": ["a", "<b>"], "item": ["rice"] * 2, "quantity": [3, 4]}
DONATIONS = {"donation_id": ["d1", "d2"], "item": ["rice"] * 2, "quantity": [5, 1], "reliability": [1, 0.5]}


def case() -> Case:
    return Case.from_frames(needs=NEEDS, donations=DONATIONS)


def same(other: Case) -> None:
    pd.testing.assert_frame_equal(other.needs, case().needs)
    pd.testing.assert_frame_equal(other.donations, case().donations)


def test_tables_of_any_kind_come_in() -> None:
    same(Case.from_frames(needs=pd.DataFrame(NEEDS), donations=DONATIONS))
    same(Case.from_frames(needs=pd.DataFrame(NEEDS).to_dict("records"), donations=DONATIONS))


def test_tables_of_pyarrow_come_in() -> None:
    arrow = pytest.importorskip("pyarrow")
    same(Case.from_frames(needs=arrow.table(NEEDS), donations=arrow.table(DONATIONS)))


def test_frames_of_polars_come_in() -> None:
    polars = pytest.importorskip("polars")
    needs, donations = (polars.DataFrame(rows, strict=False) for rows in (NEEDS, DONATIONS))
    same(Case.from_frames(needs=needs, donations=donations))


def test_relations_of_duckdb_come_in() -> None:
    duckdb = pytest.importorskip("duckdb")
    frame = pd.DataFrame(NEEDS)
    same(Case.from_frames(needs=duckdb.from_df(frame), donations=DONATIONS))


def test_a_frame_that_needs_more_to_become_one_of_pandas_comes_in_all_the_same() -> None:
    class Bare:
        def to_pandas(self) -> None:
            raise ImportError("pyarrow")

        def to_dict(self, *, as_series: bool) -> dict[str, object]:
            assert not as_series
            return {**NEEDS}

    same(Case.from_frames(needs=Bare(), donations=DONATIONS))


@pytest.mark.parametrize("table", [3, "needs.csv", {"need_id": [1, 2], "item": [1]}, object()])
def test_what_is_no_table_is_a_finding(table: object) -> None:
    with pytest.raises(CaseError) as caught:
        Case.from_frames(needs=table, donations=DONATIONS)
    assert "not_a_table" in [finding.code for finding in caught.value.findings]


def test_messages_speak_of_frames_where_there_are_frames() -> None:
    with pytest.raises(CaseError) as caught:
        Case.from_frames(needs=NEEDS, donations=None)
    assert "donations.csv" not in str(caught.value)
    assert "give a table donations" in str(caught.value)


def test_errors_are_ours_and_name_the_nearest_id() -> None:
    made = matchopt.plan(case())
    with pytest.raises(UnknownIdError, match=r"^The plan has no need N-1\. Did you mean n1\?$") as caught:
        matchopt.explain_need(made, "N-1")
    assert caught.value.near == "n1"
    assert isinstance(caught.value, MatchoptError)
    assert isinstance(caught.value, KeyError)
    for call in (
        lambda: matchopt.plan(case(), solver="magic"),
        lambda: matchopt.plan(case(), time_limit=-1),
        lambda: matchopt.fairness_curve(case(), points=1),
        lambda: matchopt.simulate(case(), every=0),
        lambda: matchopt.stress(case(), draws=0),
    ):
        with pytest.raises(ArgumentError) as refused:
            call()
        assert isinstance(refused.value, ValueError)


def test_what_a_notebook_shows_is_short_and_safe() -> None:
    given = case()
    made = matchopt.plan(given)
    assert repr(given) == "<Case: 2 needs, 2 donations; 0 warnings>"
    assert repr(made).startswith("<Plan optimal: serves 5 of 7")
    assert "<td>needs</td><td>2</td>" in given._repr_html_()
    shown = handmade.plan()._repr_html_()
    assert shown.count("<table>") == shown.count("</table>") > 1
    assert "€ &quot;x&quot;" in shown


def test_the_text_of_an_explanation_is_its_sentences() -> None:
    story = matchopt.explain_need(matchopt.plan(case()), "n2", seek=False)
    assert str(story).startswith("n2")
    assert "NeedStory" not in str(story)


def test_what_the_command_line_does_stands_in_the_front_door(tmp_path: Path) -> None:
    made = matchopt.plan(case())
    assert matchopt.report(made, tmp_path / "report.html").read_text("utf-8").startswith("<!")
    assert matchopt.workbook(made, tmp_path / "plan.xlsx").stat().st_size > 1000
    assert matchopt.analyse(made.case).items["item"].tolist() == ["rice"]
    from matchopt.report import words

    assert words.quantity(1200) == "1,200"


def test_no_handler_is_installed() -> None:
    assert logging.getLogger("matchopt").handlers == []


def test_processes_work_from_a_plain_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import matchopt\n"
        f"case = matchopt.Case.from_frames(needs={NEEDS}, donations={DONATIONS})\n"
        "print(len(matchopt.stress(case, draws=2, workers=1, policies=['firm']).tried))\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
