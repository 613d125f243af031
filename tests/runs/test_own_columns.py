"""Columns of the user's by any name come through the plan, the run folder and the verifier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from matchopt import Case, Plan, plan, read_run, verify
from matchopt.contract.plan import DONATIONS, NEEDS, handed_on

NAMES = [
    "unmet",
    "reason",
    "Served",
    "asked (given)",
    "asked",
    "=1+1",
    "a\nb",
    'say "x", y',
    "unmet_given",
    "没",
]


def case() -> Case:
    needs = {"need_id": ["n1", "n2"], "community": ["A", "B"], "item": ["rice", "oil"], "quantity": [5, 2]}
    donations = {"donation_id": ["d1"], "item": ["rice"], "quantity": [3]}
    needs |= {name: [f"{name} 1", f"{name} 2"] for name in NAMES}
    donations |= {"planned": ["p"], "planned (given)": ["q"], "planned (given 2)": ["r"], "left_over": [""]}
    return Case.from_frames(needs=pd.DataFrame(needs), donations=pd.DataFrame(donations))


@pytest.fixture(scope="module")
def made() -> Plan:
    return plan(case())


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (["note"], ["note"]),
        (["unmet"], ["unmet (given)"]),
        (["unmet", "unmet (given)"], ["unmet (given 2)", "unmet (given)"]),
        (
            ["unmet (given)", "unmet", "unmet (given 2)"],
            ["unmet (given)", "unmet (given 3)", "unmet (given 2)"],
        ),
        (["Unmet", "unmet_given"], ["Unmet", "unmet_given"]),
    ],
)
def test_a_name_of_the_plan_gets_given_after_it(own: list[str], expected: list[str]) -> None:
    assert handed_on(own, NEEDS) == expected


def test_columns_by_any_name_stand_in_the_plan_under_names_of_their_own(made: Plan) -> None:
    own = list(made.needs)[len(NEEDS) :]
    assert own[:5] == ["unmet (given)", "reason (given)", "Served", "asked (given)", "asked (given 2)"]
    assert own[5:] == NAMES[5:]
    assert made.needs["unmet (given)"].to_list() == ["unmet 1", "unmet 2"]
    assert made.needs["unmet"].to_list() == [2, 2]
    told = made.donations.iloc[0, len(DONATIONS) :].to_dict()
    assert told == {
        "planned (given 3)": "p",
        "planned (given)": "q",
        "planned (given 2)": "r",
        "left_over (given)": "",
    }


def test_they_are_written_read_again_and_verified(made: Plan, tmp_path: Path) -> None:
    again = read_run(made.write(tmp_path / "run"))
    pd.testing.assert_frame_equal(again.needs, made.needs, check_dtype=False)
    pd.testing.assert_frame_equal(again.donations, made.donations, check_dtype=False)
    assert verify(again.case, again) == ()


@pytest.mark.parametrize("column", ["unmet (given)", "asked (given 2)", "Served"])
def test_the_verifier_finds_one_that_was_changed_or_left_out(made: Plan, column: str) -> None:
    changed = made.needs.assign(**{column: ["unmet 1", "other"]})
    for needs in (changed, made.needs.drop(columns=column)):
        found = verify(made.case, replace(made, needs=needs))
        assert found
        assert all(column in violation.message for violation in found)
