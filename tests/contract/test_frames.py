"""Which line of a plan a row is about: by its id, its donation and need, or its hub and days too."""

from __future__ import annotations

import numpy as np
import pandas as pd

from matchopt import Case
from matchopt.contract.frames import ROUTE, key_positions, lines_named, positions
from matchopt.contract.settings import Settings

LINES = pd.DataFrame(
    [
        ("A0001", "d1", "n1", "", "2026-03-01", "2026-03-01", "2026-03-01"),
        ("A0002", "d1", "n2", "h", "2026-03-01", "2026-03-02", "2026-03-03"),
        ("A0003", "d1", "n2", "", "2026-03-01", "2026-03-01", "2026-03-01"),
    ],
    columns=["allocation_id", *ROUTE],
).astype(dict.fromkeys(ROUTE[3:], "datetime64[s]"))


def rows(*given: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(given, columns=["allocation_id", *ROUTE], dtype=object)
    return table.astype(dict.fromkeys(ROUTE[3:], "datetime64[s]"))


def test_a_row_is_about_the_line_whose_id_it_gives() -> None:
    named = lines_named(LINES, rows(("A0002", "", "", "", "", "", ""), ("A9", "d1", "n1", "", "", "", "")))
    assert named.at.tolist() == [1, -1]
    assert named.by_id.all()
    assert not named.several.any()


def test_without_an_id_it_is_the_only_line_of_its_donation_and_need() -> None:
    named = lines_named(LINES, rows(("", "d1", "n1", "", "", "", ""), ("", "d2", "n1", "", "", "", "")))
    assert named.at.tolist() == [0, -1]
    assert not named.several.any()


def test_of_several_lines_it_is_the_one_of_its_hub_and_days() -> None:
    route = ("h", "2026-03-01", "2026-03-02", "2026-03-03")
    given = rows(("", "d1", "n2", *route), ("", "d1", "n2", "", "", "", ""))
    named = lines_named(LINES, given)
    assert named.at.tolist() == [1, -1]
    assert named.several.all()
    short = lines_named(LINES, given[["allocation_id", "donation_id", "need_id"]])
    assert short.at.tolist() == [-1, -1]
    assert short.several.all()


def test_nothing_stands_nowhere() -> None:
    assert positions(pd.Series(["a"]), pd.Series([], dtype=object)).tolist() == []
    assert positions(pd.Series(["a", "b"]), np.array(["b", "c"], dtype=object)).tolist() == [1, -1]
    assert key_positions(LINES[:0], LINES, ["donation_id", "need_id"]).tolist() == [-1, -1, -1]
    assert lines_named(LINES[:0], LINES).at.tolist() == [-1, -1, -1]


def test_an_unchecked_case_holds_its_tables_as_they_are_and_empty_columns_cannot_be_written() -> None:
    needs = pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]})
    donations = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]})
    checked = Case.from_frames(needs=needs, donations=donations)
    case = Case.unchecked(checked.tables, Settings())
    assert case.needs is checked.needs
    assert not case.findings
    nothing = case.column("hubs", "hub")
    assert len(nothing) == 0
    assert not nothing.flags.writeable
    hubs = case.table("hubs")
    hubs["more"] = 1
    assert "more" not in case.table("hubs")
