"""Ids in the order of their code points, however they are compared."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matchopt.model.classes import LONG, ranks, sorted_rows

IDS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
    | st.text("Nn09-", max_size=LONG + 4),
    unique=True,
    max_size=30,
)


@given(IDS)
def test_rows_come_in_the_order_of_code_points(ids: list[str]) -> None:
    rows = sorted_rows(np.array(ids, dtype=object)).tolist()
    assert [ids[k] for k in rows] == sorted(ids)


@given(IDS)
def test_ranks_are_those_of_a_sorted_table(ids: list[str]) -> None:
    assert ranks(np.array(ids, dtype=object)).tolist() == [sorted(ids).index(one) for one in ids]


def test_equal_ids_stay_in_the_order_of_their_rows() -> None:
    assert sorted_rows(np.array(["b", "a", "b", "a"], dtype=object)).tolist() == [1, 3, 0, 2]
