"""Columns of a CSV file as distinct texts and codes: what Python's own reader makes of the same bytes."""

import csv
import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchopt.contract.schema import TABLES
from matchopt.tables import csv as csv_module
from matchopt.tables.cells import coded
from matchopt.tables.csv import records

NEEDS = TABLES["needs"]
CELLS = st.sampled_from(
    ["", "a", "b", " a", "社区", "12345678", "12345678x", "1,2", 'say "so"', "two\nlines"]
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12)


@pytest.fixture(autouse=True, scope="module", params=["compiled", "python"])
def loops(request: pytest.FixtureRequest) -> Iterator[None]:
    """Number cells in compiled loops and a file in one block, and as in small files, but in many blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_module, "COMPILED_FROM", 0 if request.param == "compiled" else 10**9)
        patch.setattr(csv_module, "_BLOCK", 2**18 if request.param == "compiled" else 7)
        yield


def columns(data: bytes, width: int) -> list[list[str]]:
    found = records(data, NEEDS)
    return [found.column(k).rows.tolist() for k in range(width)]


def written(rows: list[tuple[str, ...]], end: str = "\n") -> bytes:
    """Return rows below a header; a mark in the last column keeps every row from being blank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("need_id", "community", "item", "mark"), *((*row, "x") for row in rows)])
    return text.getvalue().removesuffix("\n").encode() + end.encode()


@given(ROWS, st.sampled_from(["", "\n"]))
def test_cells_are_those_of_another_reader(rows: list[tuple[str, ...]], end: str) -> None:
    cells = columns(written(rows, end), 3)
    assert list(zip(*cells, strict=True)) == rows


@given(ROWS)
def test_distinct_texts_stand_in_the_order_of_their_rows(rows: list[tuple[str, ...]]) -> None:
    for k in range(3):
        column = records(written(rows), NEEDS).column(k)
        texts = [row[k] for row in rows]
        assert column.texts.tolist() == list(dict.fromkeys(texts))
        assert column.texts[column.code].tolist() == texts


@pytest.mark.parametrize(
    "ids",
    [
        [f"N{k}" for k in range(3000)],
        [f"N{k * 7919 % 3001}" for k in range(3000)],
        [f"N{k % 1500:020d}" for k in range(3000)],
    ],
)
def test_many_ids_are_told_apart(ids: list[str]) -> None:
    column = records(written([(one, "a", "b") for one in ids]), NEEDS).column(0)
    assert column.rows.tolist() == ids
    assert column.texts.tolist() == list(dict.fromkeys(ids))


def test_spaces_before_quotes_are_left_out() -> None:
    data = b'need_id,community\nn1, "a, b"\nn2,  "c" \nn3, "say ""so"""\n'
    assert columns(data, 2)[1] == ["a, b", "c ", 'say "so"']


def test_a_quoted_cell_is_the_same_as_a_bare_one() -> None:
    column = records(b'need_id,community\nn1,a\nn2,"a"\nn3,b\n', NEEDS).column(1)
    assert (column.code.tolist(), column.texts.tolist()) == ([0, 0, 1], ["a", "b"])


def test_only_texts_that_are_surely_bare_need_no_look() -> None:
    texts = ["a b", "a ", "\u3000a", "社", "#REF!", "", "x" * 40_000, "a#"]
    data = "need_id,community\n" + "".join(f"n,{text}\n" for text in texts)
    assert records(data.encode(), NEEDS).column(1).odd.tolist() == [
        False,
        True,
        True,
        True,
        True,
        False,
        True,
        False,
    ]


@given(
    st.lists(CELLS, max_size=8).flatmap(
        lambda cells: st.tuples(
            st.just(cells), st.lists(st.booleans(), min_size=len(cells), max_size=len(cells))
        )
    )
)
def test_rows_can_be_left_out(drawn: tuple[list[str], list[bool]]) -> None:
    cells, keep = drawn
    left = [cell for cell, stays in zip(cells, keep, strict=True) if stays]
    column = coded(cells).kept(np.array(keep, dtype=bool))
    assert column.rows.tolist() == left
    assert column.texts.tolist() == list(dict.fromkeys(left))
