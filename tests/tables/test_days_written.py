"""Days as people write them: read as a person would, asked for where a person would ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import pytest

from matchopt.contract.case import Case
from matchopt.errors import CaseError, Finding
from matchopt.tables.days import DayReading
from matchopt.tables.findings import RefusedError


def read(text: str, column: str = "", **more: object) -> str:
    """Return the day that a text is read as."""
    return str(DayReading(column, [text], **more).parse(text)[0].astype("datetime64[D]"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("14-Mar-26", "2026-03-14"),
        ("二〇二六年三月十四日", "2026-03-14"),
        ("2026年十二月二十一日", "2026-12-21"),
        ("14 March 2026", "2026-03-14"),
        ("March 14th, 2026", "2026-03-14"),
        ("Mar. 14 2026", "2026-03-14"),
        ("2026-Mar-14", "2026-03-14"),
        ("1st of April 2026", "2026-04-01"),
        ("Sat, 14 Mar 2026", "2026-03-14"),
        ("Saturday 14 March 2026", "2026-03-14"),
        ("2026年3月14日", "2026-03-14"),
        ("26年3月14日", "2026-03-14"),
        ("2026年3月14日（周六）", "2026-03-14"),
        ("2026-03-14 星期六", "2026-03-14"),
        ("2026年3月14日上午", "2026-03-14"),
        ("2026-03-14 下午3点", "2026-03-14"),
        ("2026-03-14 08:30", "2026-03-14"),
        ("2026-03-14T08:30:00", "2026-03-14"),
        ("3/14/2026", "2026-03-14"),
        ("14.3.2026", "2026-03-14"),
        ("3/14/26", "2026-03-14"),
        ("3/3/2026", "2026-03-03"),
        ("3/14/2026 2:30 PM", "2026-03-14"),
        ("46095", "2026-03-14"),
        ("46095.5", "2026-03-14"),
    ],
)
def test_days_that_say_all_of_it(text: str, day: str) -> None:
    assert read(text) == day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("3/4/2026", "ambiguous_day"),
        ("3月14日", "no_year"),
        ("14 Mar", "no_year"),
        ("Sep 2026", "month_only"),
        ("2026年9月", "month_only"),
        ("3月底", "not_a_day"),
        ("待定", "not_a_day"),
        ("TBD", "not_a_day"),
        ("尽快", "not_a_day"),
        ("2026-03-14 周日", "other_weekday"),
        ("Sunday 14 March 2026", "other_weekday"),
        ("2026-03-14T08:30Z", "time_of_day"),
        ("3月1日-3月5日", "not_a_day"),
        ("12", "day_is_number"),
        ("31/31/2026", "no_such_day"),
    ],
)
def test_days_that_only_a_person_knows(text: str, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read(text)
    assert caught.value.code == code


def test_a_month_is_its_last_day_for_expiry_alone() -> None:
    assert [read(text, "expires_on") for text in ("Sep 2026", "2026-02", "2024年2月", "2/2027")] == [
        "2026-09-30",
        "2026-02-28",
        "2024-02-29",
        "2027-02-28",
    ]
    with pytest.raises(RefusedError):
        read("Sep 2026", "needed_by")


def test_until_and_since_have_to_stand_in_their_column() -> None:
    assert read("2026年3月5日前", "needed_by") == "2026-03-05"
    assert read("by 5 March 2026", "available_until") == "2026-03-05"
    assert read("2026年3月5日起", "available_from") == "2026-03-05"
    for text, column in (("2026年3月5日前", "available_from"), ("from 5 March 2026", "needed_by")):
        with pytest.raises(RefusedError) as caught:
            read(text, column)
        assert caught.value.code == "other_end"


def case_of(days: list[object], settings: Mapping[str, object] | None = None, **more: list[object]) -> Case:
    """Return a case of needs with these days as needed_by."""
    count = len(days)
    needs = pd.DataFrame(
        {
            "need_id": [f"n{k}" for k in range(count)],
            "community": "A",
            "item": "rice",
            "quantity": 1,
            "needed_by": pd.Series(days, dtype=object),
            **{name: pd.Series(cells, dtype=object) for name, cells in more.items()},
        }
    )
    gifts = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [1]})
    return Case.from_frames(needs=needs, donations=gifts, settings=settings)


def errors_of(*args: object, **more: object) -> list[Finding]:
    """Return the errors of such a case."""
    with pytest.raises(CaseError) as caught:
        case_of(*args, **more)  # type: ignore[arg-type]
    return [f for f in caught.value.findings if f.severity == "error"]


def days(case: Case) -> list[date]:
    """Return the days of needed_by."""
    return [day.date() for day in case.needs["needed_by"]]


def test_a_cell_decides_its_column() -> None:
    assert days(case_of(["3/4/2026", "3/14/2026"])) == [date(2026, 3, 4), date(2026, 3, 14)]
    assert days(case_of(["3/4/2026", "14/3/2026"])) == [date(2026, 4, 3), date(2026, 3, 14)]
    assert days(case_of(["26/3/04", "26/3/14"])) == [date(2026, 3, 4), date(2026, 3, 14)]


def test_cells_of_both_orders_decide_nothing() -> None:
    found = errors_of(["3/4/2026", "14/3/2026", "3/14/2026"])
    assert [(f.code, f.row) for f in found] == [("ambiguous_day", 2)]
    assert "both orders" in found[0].problem


def test_a_setting_decides_where_no_cell_does() -> None:
    assert [f.code for f in errors_of(["3/4/2026"])] == ["ambiguous_day"]
    assert days(case_of(["3/4/2026"], {"input": {"dates": "mdy"}})) == [date(2026, 3, 4)]
    assert days(case_of(["3/4/2026"], {"input": {"dates": "dmy"}})) == [date(2026, 4, 3)]
    found = errors_of(["13/4/2026"], {"input": {"dates": "mdy"}})
    assert [f.code for f in found] == ["ambiguous_day"]


def test_a_window_that_the_other_order_would_mend_is_asked_for() -> None:
    found = errors_of(["3/14/2026"], needed_from=["9/3/2026"])
    assert [(f.code, f.row) for f in found] == [("ambiguous_day", 2)]
    found = errors_of(["3/14/2026", "3/20/2026"], needed_from=["9/3/2026", "3/15/2026"])
    assert [(f.code, f.row) for f in found] == [("ambiguous_day", 2)]
    assert "2026-03-09" in found[0].cure


def test_the_year_is_that_of_the_horizon_or_of_the_other_days() -> None:
    horizon = {"horizon": {"start": date(2026, 12, 20), "end": date(2027, 1, 10)}}
    assert days(case_of(["12月25日", "1月5日"], horizon)) == [date(2026, 12, 25), date(2027, 1, 5)]
    assert days(case_of(["3月5日", "2026-03-01"])) == [date(2026, 3, 5), date(2026, 3, 1)]
    assert [f.code for f in errors_of(["3月5日", "2026-03-01", "2025-12-30"])] == ["no_year"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("三月一日", "2026-03-01"),
        ("十二月二十一日", "2026-12-21"),
        ("二〇二六年三月十日", "2026-03-10"),
        ("3月三十日", "2026-03-30"),
    ],
)
def test_numerals_of_chinese_characters_are_numbers(text: str, day: str) -> None:
    read, _ = DayReading(year=lambda month, of: 2026).parse(text)
    assert str(read)[:10] == day
