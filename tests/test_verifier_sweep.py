"""The verifier looks at items side by side: nobody twice, nobody left out, and the findings in one order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.verifier.pairs import apart_from_each_other
from matchopt.verifier.violation import MOST_LINES, Violations


@given(fits=st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12))))
def test_lists_share_neither_needs_nor_donations(fits: set[tuple[int, int]]) -> None:
    of = {pair: (np.array([pair[1]]), np.array([pair[0]])) for pair in sorted(fits)}
    lists = apart_from_each_other(of)
    found = [[(int(j[0]), int(i[0])) for i, j in one] for one in lists]
    assert sorted(pair for one in found for pair in one) == sorted(fits)
    assert all(one == sorted(one) for one in found)
    assert [one[0] for one in found] == sorted(one[0] for one in found)
    for side in (0, 1):
        seen = [{pair[side] for pair in one} for one in found]
        assert sum(map(len, seen)) == len(set().union(*seen))


@given(
    codes=st.lists(st.sampled_from("ab"), max_size=3 * MOST_LINES),
    more=st.lists(st.sampled_from("bc"), max_size=3 * MOST_LINES),
)
def test_reports_put_together_say_what_one_would(codes: list[str], more: list[str]) -> None:
    one, first, second = Violations(), Violations(), Violations()
    for report, part in ((one, codes + more), (first, codes), (second, more)):
        for code in part:
            report.add(code, "needs", "n", "is wrong")
    first.extend(second)
    assert first.all() == one.all()


def test_findings_come_in_the_order_of_items_whoever_is_done_first() -> None:
    items = [f"item {k}" for k in range(12)]
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": [f"n{k}" for k in range(12)], "community": "a", "item": items, "quantity": 3}
        ),
        donations=pd.DataFrame({"donation_id": [f"d{k}" for k in range(12)], "item": items, "quantity": 5}),
    )
    plan = matchopt.plan(case)
    levels = plan.prices["side"].map({"donation": 10, "need": 3})
    found = matchopt.verify(case, replace(plan, prices=plan.prices.assign(level=levels, price=0.0)))
    rows = [violation.row for violation in found if violation.code == "proof" and violation.row[:1] == "n"]
    assert rows == [f"n{k}" for k in range(12)]
