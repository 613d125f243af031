"""Bytes of CSV files: those of pandas and numpy, which write cell by cell."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.runs import render

WHOLE = st.integers(-9 * 10**18, 9 * 10**18) | st.integers(-10_000, 10_000)
MONEY = st.integers(-(10**16), 10**16).map(lambda k: k / 10_000) | st.floats(-1e17, 1e17)
QUANTITIES = (
    st.integers(-(10**13), 10**13).map(lambda k: k / 10**6)
    | st.integers(-(10**6), 10**6).map(lambda k: k * 0.1)
    | st.floats(-9e15, 9e15)
)
TEXTS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6)
PLAIN = st.text("ab ,;\"'\n#，库", max_size=4)


def written(*cells: render.TextCells) -> list[str]:
    """Return the lines below the header of a table of these columns."""
    text = render.csv_bytes(["x"] * len(cells), cells).decode("utf-8-sig")
    return text.split("\n")[1:-1]


def shortest(value: float) -> str:
    """Return a quantity as Python writes it: nine decimals below a million, no dust, no zeros at the end."""
    if math.isnan(value):
        return ""
    if abs(value) < 1e6:
        text = f"{np.round(value, 9):.9f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return str(int(value)) if value.is_integer() else repr(value)


@given(st.lists(WHOLE, max_size=8))
def test_whole_numbers_are_written_as_python_does(values: list[int]) -> None:
    assert written(render.whole(np.array(values, dtype=np.int64))) == [str(v) for v in values]


@given(st.lists(MONEY, max_size=8))
def test_money_has_four_decimals_as_python_writes_them(values: list[float]) -> None:
    assert written(render.money(np.array(values, dtype=float))) == [
        f"{np.round(v, 4) + 0.0:.4f}" for v in values
    ]


@given(st.lists(QUANTITIES | st.just(math.nan), min_size=1, max_size=8))
def test_quantities_are_the_shortest_texts(values: list[float]) -> None:
    # A second column: a line of nothing else would be quoted elsewhere.
    marks = render.whole(np.zeros(len(values), dtype=np.int64))
    assert written(render.quantities(np.array(values)), marks) == [shortest(v) + ",0" for v in values]


@given(st.lists(MONEY | st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_floats_read_back_to_the_last_bit(values: list[float]) -> None:
    lines = written(render.floats(np.array(values, dtype=float)))
    assert lines == (np.array(values, dtype=float) + 0.0).astype(str).tolist()
    assert [float(line) for line in lines] == values


def test_signs_zeros_and_large_numbers() -> None:
    assert written(render.money(np.array([-0.00001, -0.0, -0.5, 2.00005, 9e12, 1e15]))) == [
        "0.0000",
        "0.0000",
        "-0.5000",
        "2.0000",
        "9000000000000.0000",
        "1000000000000000.0000",
    ]
    assert written(render.floats(np.array([-0.0, -0.07, 12.0]))) == ["0.0", "-0.07", "12.0"]
    assert written(render.quantities(np.array([-0.0, 0.1 + 0.2, 9e15]))) == ["0", "0.3", "9000000000000000"]
    assert written(render.quantities(np.array([1e-5, -2.5, 999999.5]))) == ["0.00001", "-2.5", "999999.5"]
    assert written(render.quantities(np.array([1_500_000.25, 0.5, -3.0]))) == ["1500000.25", "0.5", "-3"]


@given(st.lists(st.tuples(TEXTS | PLAIN, st.booleans(), st.integers()), min_size=1, max_size=8), TEXTS)
def test_texts_and_flags_are_written_as_pandas_does(rows: list[tuple[str, bool, int]], header: str) -> None:
    names, flags, _ = (list(column) for column in zip(*rows, strict=True))
    frame = pd.DataFrame({header: pd.Series(names, dtype=object), "flag": np.where(flags, "true", "false")})
    text = frame.to_csv(index=False, lineterminator="\n")
    cells = [render.texts(frame[header]), render.flags(np.array(flags))]
    data = render.csv_bytes([header, "flag"], cells)
    assert data == text.encode("utf-8" if text.isascii() else "utf-8-sig")


@pytest.mark.parametrize("names", [["a,b", "c"] * 40, [f"n{k}" for k in range(30)], ["x", None, "y"]])
def test_texts_that_repeat_are_written_like_others(names: list[str | None]) -> None:
    frame = pd.DataFrame({"a": pd.Series(names, dtype=object), "b": 1})
    cells = [render.texts(frame["a"]), render.whole(frame["b"].to_numpy())]
    assert render.csv_bytes(["a", "b"], cells).decode() == frame.to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize("unit", ["s", "ns"])
@pytest.mark.parametrize(
    "days",
    [
        ["2026-03-01", None, "1900-01-01"],
        [None, None],
        ["2026-03-01 12:30:00", "2026-03-02"],
    ],
)
def test_days_are_written_as_pandas_does(days: list[str | None], unit: str) -> None:
    frame = pd.DataFrame({"a": np.array(days, dtype=f"datetime64[{unit}]"), "b": 1})
    cells = [render.moments(frame["a"]), render.whole(frame["b"].to_numpy())]
    assert render.csv_bytes(["a", "b"], cells).decode() == frame.to_csv(index=False, lineterminator="\n")


def test_a_table_without_rows_is_its_header() -> None:
    nothing = [render.whole(np.zeros(0, dtype=np.int64)), render.texts(pd.Series([], dtype=object))]
    assert render.csv_bytes(["a", "需求"], nothing) == b"\xef\xbb\xbfa,\xe9\x9c\x80\xe6\xb1\x82\n"
    assert (
        written(render.money(np.zeros(0)), render.quantities(np.zeros(0)), render.floats(np.zeros(0))) == []
    )
