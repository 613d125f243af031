"""Rows that are alike in every column get one number, in the order of their first row."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from matchopt.model.calendar import NEVER
from matchopt.model.classes import alike, numbered

VALUES = st.integers(-2, 3) | st.sampled_from([-(2**40), NEVER, NEVER + 30, 2**50])


@given(st.integers(1, 8).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), max_size=12)))
def test_rows_arenumbered_as_a_table_groups_them(rows: list[tuple[int, ...]]) -> None:
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)] or [np.zeros(0, int)]
    seen: dict[tuple[int, ...], int] = {}
    assert alike(columns).tolist() == [seen.setdefault(row, len(seen)) for row in rows]


@given(st.lists(st.sampled_from([0.0, -0.0, 1.5, float("nan")]), max_size=8))
def test_coordinates_arenumbered_with_those_not_given(values: list[float]) -> None:
    series = pd.Series(values, dtype=float)
    expected = pd.DataFrame({"v": series}).groupby("v", dropna=False, sort=False).ngroup()
    assert numbered(np.asarray(series, dtype=float)).tolist() == expected.tolist()
