"""What is said to have changed between two plans is what did."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given

import matchopt
from matchopt import Case, Plan
from matchopt.language import speaking
from matchopt.report.compared import in_words, tables, workbook
from matchopt.report.terminal import plain
from matchopt.whatif.differences import differences
from profiles import examples
from small_case import SmallCase
from strategies import small_cases


def city(*, gift: int = 10, more: bool = False) -> Plan:
    needs = pd.DataFrame(
        {
            "need_id": ["N1", "N2"],
            "community": ["Hilltop", "Oldtown"],
            "item": ["rice", "rice"],
            "quantity": [8, 5],
            "priority": [1, 3],
        }
    )
    if more:
        needs.loc[1, "need_id"] = "N3"
    gifts = pd.DataFrame({"donation_id": ["D1"], "donor": ["Mill"], "item": ["rice"], "quantity": [gift]})
    return matchopt.plan(Case.from_frames(needs=needs, donations=gifts))


@examples(0.1)
@given(small=small_cases(), other=small_cases())
def test_changes_add_up_to_what_is_different(small: SmallCase, other: SmallCase) -> None:
    before, after = matchopt.plan(small.case()), matchopt.plan(other.case())
    changed = differences(before, after)
    units = after.served - before.served
    assert changed.needs["change"].sum() == pytest.approx(units, abs=1e-5)
    assert changed.communities["change"].sum() == pytest.approx(units, abs=1e-5)
    planned = after.summary["planned"] - before.summary["planned"]
    assert changed.donors["change"].sum() == pytest.approx(planned, abs=1e-5)
    given_before, given_after = (p.allocations["donated_quantity"].sum() for p in (before, after))
    assert changed.lines["change"].sum() == pytest.approx(given_after - given_before, abs=1e-5)
    cost = changed.costs.set_index("cost")["change"]
    assert cost.drop("unmet", errors="ignore").sum() == pytest.approx(
        after.logistics_cost - before.logistics_cost, abs=1e-3
    )
    assert list(in_words(before, after, changed))
    assert len(workbook(before, after, changed).sheets) == 4


@examples(0.06)
@given(small=small_cases())
def test_a_plan_does_not_differ_from_itself(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    changed = differences(plan, plan)
    tables = (changed.needs, changed.donors, changed.communities, changed.lines)
    assert [len(table) for table in tables] == [0, 0, 0, 0]
    assert (changed.costs["change"] == 0).all()
    with speaking("en"):
        assert list(in_words(plan, plan, changed)) == ["The two plans are the same."]


def test_what_is_said_of_more_rice() -> None:
    before, after = city(), city(gift=12)
    changed = differences(before, after)
    with speaking("en"):
        assert list(in_words(before, after, changed)) == [
            "Needs served in full: 1 before, 1 after.",
            "Planned: 10 kg of goods before, 12 kg of goods after.",
            "CN¥0.20 more is really spent.",
            "Needs that get more: 1; that get less: 0.",
            "1 delivery is another.",
        ]
        told = [plain(table).splitlines() for table in tables(before, after, changed)]
    assert [lines[0] for lines in told] == [
        "Cost, CNY",
        "By community (units served)",
        "By need (units served)",
        "By donor (units planned)",
    ]
    assert told[2][2].split() == ["N2", "Oldtown", "rice", "3", "2", "4", "+2"]


def test_needs_that_come_and_go() -> None:
    before, after = city(), city(more=True)
    changed = differences(before, after)
    table = changed.needs.set_index("need_id")
    assert list(table.loc["N2", ["asked_before", "asked_after", "before", "after"]]) == [5, 0, 2, 0]
    assert list(table.loc["N3", ["asked_before", "asked_after", "before", "after"]]) == [0, 5, 0, 2]
    with speaking("en"):
        assert "Needs that are new: 1; that are gone: 1." in list(in_words(before, after, changed))


def test_unmet_needs_cost_only_where_they_are_counted() -> None:
    before = city()
    after = matchopt.plan(before.case.replace(settings={"policy": {"objective": "total-cost"}}))
    assert "unmet" in set(differences(before, after).costs["cost"])
    assert "unmet" not in set(differences(before, city(gift=12)).costs["cost"])
