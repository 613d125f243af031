"""Random small cases that an earlier plan has led to something in, against an integer program of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.solve import stages
from profiles import examples
from replanned import PARTS, check, follow_up, replanned_cases
from small_case import SmallCase


@pytest.mark.parametrize("part", PARTS)
@examples(0.12)
@given(data=st.data())
def test_what_is_planned_around_commitments_agrees_with_the_integer_program(
    part: str, data: st.DataObject
) -> None:
    """Pins, churn cost, promises kept, lines, sums, reasons, bound and proof."""
    check(data.draw(replanned_cases(**PARTS[part])))


@pytest.mark.parametrize("part", ["plain", "days", "total cost"])
@examples(0.1)
@given(data=st.data())
def test_what_is_mended_without_a_search_is_sound_and_within_what_is_proven(
    part: str, data: st.DataObject
) -> None:
    """As large cases are."""
    small = data.draw(replanned_cases(**PARTS[part]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "FEW_PAIRS", 0)
        check(small)


@examples(0.1)
@given(small=follow_up())
def test_what_is_planned_anew_day_after_day_agrees_with_the_integer_program(small: SmallCase) -> None:
    check(small)
