"""Needs analysis: every table adds up to what the case asks and offers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import matchopt
from matchopt import Case
from matchopt.language import speaking
from matchopt.model.analysis import Analysis, analyse
from matchopt.report.demand import in_words, workbook
from profiles import examples
from small_case import SmallCase
from strategies import small_cases


@examples(0.1)
@given(small=small_cases())
def test_every_table_adds_up_to_the_case(small: SmallCase) -> None:
    case = small.case()
    found = analyse(case)
    needs, quantity = len(case.needs), float(case.needs["quantity"].sum())
    urgent = float(case.needs.loc[case.needs["priority"] <= 2, "quantity"].sum())
    for table in (found.items, found.communities, found.groups, found.months, found.detail):
        assert table["needs"].sum() == needs
        assert table["asked"].sum() == pytest.approx(quantity)
        assert table["urgent"].sum() == pytest.approx(urgent)
    assert found.items["donations"].sum() == len(case.donations)
    assert found.items["offered"].sum() <= case.donations["quantity"].sum() + 1e-6
    assert found.months["asked_so_far"].iloc[-1] == pytest.approx(quantity)
    assert found.items["cover"].between(0, 1).all()
    assert list(in_words(found))
    assert len(workbook(found).sheets) == 5


@examples(0.06)
@given(small=small_cases())
def test_what_may_be_planned_is_what_is_offered(small: SmallCase) -> None:
    """No plan gives more of an item than the analysis says is there."""
    case = small.case()
    plan, offered = matchopt.plan(case), analyse(case).items.set_index("item")["offered"]
    planned = plan.donations.groupby("item")["planned"].sum()
    assert (planned <= offered.reindex(planned.index) + 1e-6).all()


@examples(0.06)
@given(small=small_cases())
def test_the_order_of_rows_does_not_matter(small: SmallCase) -> None:
    case = small.case()
    turned = case.replace(
        needs=case.needs.iloc[::-1].reset_index(drop=True),
        donations=case.donations.iloc[::-1].reset_index(drop=True),
    )
    for one, other in zip(tables(analyse(case)), tables(analyse(turned)), strict=True):
        by = [
            str(column)
            for column in one
            if one[column].dtype == object and column not in {"most", "category"}
        ]
        pd.testing.assert_frame_equal(
            one.drop(columns="most", errors="ignore").sort_values(by, ignore_index=True),
            other.drop(columns="most", errors="ignore").sort_values(by, ignore_index=True),
        )


def tables(found: Analysis) -> tuple[pd.DataFrame, ...]:
    return found.items, found.communities, found.groups, found.months, found.detail


def test_a_case_worked_out_by_hand() -> None:
    case = Case.from_frames(
        needs=pd.DataFrame(
            {
                "need_id": ["a", "b", "c"],
                "community": ["Hill", "Town", "Town"],
                "item": ["rice", "rice", "milk"],
                "quantity": [8, 5, 4],
                "priority": [1, 3, 2],
                "needed_by": ["2026-03-07", None, "2026-04-01"],
                "needed_from": [None, "2026-04-02", None],
            }
        ),
        donations=pd.DataFrame(
            {
                "donation_id": ["x", "y", "z"],
                "item": ["rice", "oat milk", "money"],
                "quantity": [10, 9, 100],
                "reliability": [0.9, 1, 1],
                "origin": ["Hill", "Town", ""],
                "available_from": ["2026-03-01", "2026-04-01", "2026-03-01"],
            }
        ),
        substitutions=pd.DataFrame({"need_item": ["milk"], "donated_item": ["oat milk"], "ratio": [0.5]}),
        items=pd.DataFrame(
            {
                "item": ["money", "milk", "rice", "oat milk"],
                "kind": ["funds", "goods", "goods", "goods"],
                "purchase_price": [None, 2, None, None],
            }
        ),
    )
    found = analyse(case)
    items = found.items.set_index("item")
    assert list(items.loc["rice", ["asked", "urgent", "offered", "short"]]) == [13, 8, 9, 4]
    assert list(items.loc["milk", ["offered", "short", "substitutes"]]) == [0, 4, 4.5]
    assert items["helps"].to_dict() == {"rice": False, "milk": False, "oat milk": True, "money": True}
    assert found.communities.set_index("community")["offered"].to_dict() == {"Hill": 9, "Town": 9}
    months = found.months.set_index("month")
    assert months["asked"].to_dict() == {"2026-03": 8, "2026-04": 9}
    assert months["offered_so_far"].tolist() == [9, 18]
    assert np.isclose(found.groups["share"].sum(), 1.0)
    with speaking("en"):
        said = list(in_words(found))
    assert "Nobody offers milk (4)." in said
    assert not [sentence for sentence in said if sentence.startswith("Nobody asks for")]
