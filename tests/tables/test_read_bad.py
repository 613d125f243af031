"""Bad input: each kind gets its finding with place, value and cure; all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from checked import Check
from matchopt.errors import CaseError
from matchopt.tables.findings import LIMIT
from matchopt.tables.read import check_case, read_case

NEEDS = "need_id,community,item,quantity\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1"


@pytest.mark.parametrize("path", ["nowhere/at/all", "a\0b", "x" * 5000, ""])
def test_path_that_does_not_exist(path: str) -> None:
    case, findings = check_case(path)
    assert case is None
    assert [f.code for f in findings] == ["no_such_path"]


def test_path_to_a_file_that_is_no_case(tmp_path: Path) -> None:
    path = tmp_path / "needs.csv"
    path.write_text(NEEDS)
    assert [f.code for f in check_case(path)[1]] == ["not_a_case"]


def test_missing_table(check: Check) -> None:
    got = check({"donations.csv": "donation_id,item,quantity\nd1,rice,5\n", "need.csv": "a\n"}, bare=True)
    assert got.errors == [("unknown_file", "need.csv", None, ""), ("missing_table", "needs", None, "")]
    assert got.one("unknown_file").cure == "did you mean needs?"


def test_missing_column_names_the_header_that_was_meant(check: Check) -> None:
    got = check({"needs.csv": "need_id,comunity,item\nn1,A,rice\n"})
    assert got.errors == [
        ("missing_column", "needs", 1, "community"),
        ("missing_column", "needs", 1, "quantity"),
    ]
    assert "comunity" in got.of("missing_column")[0].cure


def test_duplicate_columns(check: Check) -> None:
    got = check({"needs.csv": "need_id,community,item,quantity,数量,x,x\nn1,A,rice,5,6,1,2\n"})
    assert got.errors == [("duplicate_column", "needs", 1, "数量"), ("duplicate_column", "needs", 1, "x")]


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf", b"## only a remark\n"])
def test_empty_file(check: Check, content: bytes) -> None:
    got = check({"needs.csv": content})
    assert got.errors == [("empty_file", "needs.csv", None, "")]


def test_header_only(check: Check) -> None:
    got = check({"needs.csv": NEEDS, "donations.csv": "donation_id,item,quantity\n## d1,rice,5\n"})
    assert got.errors == [("no_rows", "needs", None, ""), ("no_rows", "donations", None, "")]


def test_duplicated_id(check: Check) -> None:
    got = check({"needs.csv": NEEDS + "n1,A,rice,5\nn2,A,rice,5\n n1 ,B,rice,5\n"})
    assert got.errors == [("duplicate_id", "needs", 4, "need_id")]
    assert "row 2" in got.one("duplicate_id").problem


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-5", "not_positive"),
        ("－３", "not_positive"),
        ("nan", "not_a_number"),
        ("NaN", "not_a_number"),
        ("None", "not_a_number"),
        ("N/A", "not_a_number"),
        ("inf", "not_a_number"),
        ("-Infinity", "not_a_number"),
        ("many", "not_a_number"),
        ("20 for children", "not_a_number"),
        ("20 or 30", "not_a_number"),
        ("20-30", "not_a_number"),
        ("2 x 12", "not_a_number"),
        ("90%", "not_a_number"),
        ("1_000", "not_a_number"),
        ("0x10", "not_a_number"),
        ("5²", "not_a_number"),
        ("½", "not_a_number"),
        ("٣", "not_a_number"),
        ("=1+1", "not_a_number"),
        ("1,2", "ambiguous_number"),
        ("1.200,5", "ambiguous_number"),
        ("1.200.000", "ambiguous_number"),
        ("0,123", "ambiguous_number"),
        ("1,20,000", "ambiguous_number"),
        ("1 200", "ambiguous_number"),
        ("9000000000000002", "too_large"),
        ("1e300", "too_large"),
        ("1e999", "too_large"),
        ("9" * 400, "too_large"),
        ("2.5", "fraction"),
        ("#REF!", "cell_error"),
        ("", "missing_value"),
    ],
)
def test_bad_quantities(check: Check, text: str, code: str) -> None:
    got = check({"needs.csv": f'need_id,community,item,数量\nn1,A,rice,1\nn2,A,rice,"{text}"\n'})
    assert got.errors == [(code, "needs", 3, "数量")]
    assert got.one(code).cure


@pytest.mark.parametrize("text", ["10000000000", "9000000000000000", "1e10", "10,000,000,000"])
def test_large_quantities_that_are_real(check: Check, text: str) -> None:
    assert check({"needs.csv": NEEDS + f'n1,A,rice,"{text}"\n'}).good.needs["quantity"].iloc[0] >= 1e10


def test_total_beyond_64_bits(check: Check) -> None:
    rows = "".join(f"n{k},A,rice,9e15\n" for k in range(1001))
    assert check({"needs.csv": NEEDS + rows}).errors == [("too_large", "needs", 2, "quantity")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30", "no_such_day"),
        ("2026/13/1", "no_such_day"),
        ("20260230", "no_such_day"),
        ("2026年2月30日", "no_such_day"),
        ("0026-03-01", "no_such_day"),
        ("3/4/2026", "ambiguous_day"),
        ("01-02-03", "ambiguous_day"),
        ("13/13/2026", "no_such_day"),
        ("3月1日", "no_year"),
        ("3月底", "not_a_day"),
        ("待定", "not_a_day"),
        ("Mar-26", "not_a_day"),
        ("99999999999", "day_is_number"),
        ("2026-03-01 08:30+08:00", "time_of_day"),
        ("soon", "not_a_day"),
        ("n/a", "not_a_day"),
        ("2026-03", "month_only"),
        ("2026-03-01Z", "not_a_day"),
        ("2026-03/01", "not_a_day"),
    ],
)
def test_bad_days(check: Check, text: str, code: str) -> None:
    got = check({"needs.csv": f"need_id,community,item,quantity,最晚送达\nn1,A,rice,1,{text}\n"})
    assert got.errors == [(code, "needs", 2, "最晚送达")]
    assert got.one(code).value == text


def test_days_that_run_backwards(check: Check) -> None:
    got = check(
        {
            "needs.csv": "need_id,community,item,quantity,needed_from,needed_by\n"
            "n1,A,rice,1,2026-03-02,2026-03-01\nn2,A,rice,1,2026-03-01,2026-03-01\n",
            "donations.csv": "donation_id,item,quantity,available_from,available_until,expires_on\n"
            "d1,rice,1,2026-03-02,2026-03-01,\nd2,rice,1,2026-03-02,,2026-03-01\n",
        }
    )
    assert got.errors == [
        ("reversed_days", "needs", 2, "needed_by"),
        ("reversed_days", "donations", 2, "available_until"),
    ]
    assert (got.one("expired").severity, got.one("expired").row) == ("warning", 3)


@pytest.mark.parametrize(
    ("text", "code"), [("0", "out_of_range"), ("12", "out_of_range"), ("1.5", "fraction")]
)
def test_priority_outside_its_range(check: Check, text: str, code: str) -> None:
    got = check({"needs.csv": f"need_id,community,item,quantity,优先级\nn1,A,rice,1,{text}\n"})
    assert got.errors == [(code, "needs", 2, "优先级")]
    assert got.one(code).value == text


def test_choices_and_flags_that_are_none(check: Check) -> None:
    got = check(
        {"needs.csv": "need_id,community,item,quantity,channel,single_source\nn1,A,rice,1,residnt,maybe\n"}
    )
    assert got.errors == [
        ("not_a_choice", "needs", 2, "channel"),
        ("not_a_choice", "needs", 2, "single_source"),
    ]
    assert "did you mean resident?" in got.of("not_a_choice")[0].cure


def test_settings_unknown_or_wrong_come_with_the_findings_of_the_tables(check: Check) -> None:
    toml = "[policy]\nboundry = 'open'\nbudget = 'much'\n[horizon]\nend = 3\n"
    got = check({"matchopt.toml": toml, "needs.csv": NEEDS + "n1,A,rice,x\n"})
    assert {(code, column) for code, _, _, column in got.errors} == {
        ("unknown_setting", "policy.boundry"),
        ("bad_setting", "policy.budget"),
        ("bad_setting", "horizon.end"),
        ("not_a_number", "quantity"),
    }
    assert got.one("unknown_setting").cure == "did you mean policy.boundary?"


@pytest.mark.parametrize("toml", [b"[policy", b"\xff\xfe\0", PNG, b"a = \x80"])
def test_settings_that_are_no_toml(check: Check, toml: bytes) -> None:
    got = check({"matchopt.toml": toml})
    assert got.errors == [("not_toml", "matchopt.toml", got.one("not_toml").row, "")]


def test_bad_change_of_settings(check: Check) -> None:
    assert check(changes=["policy.boundary"]).one("bad_setting").value == "policy.boundary"
    assert check(changes=["policy.boundry=open"]).one("unknown_setting").column == "policy.boundry"


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize(
    "content",
    [PNG, b"\xff\xd8\xff\xe0JFIF", b"PK\3\4rubbish", b"%PDF-1.7", b"need_id\0community", b"\xff\xfen\0e\0"],
)
def test_file_that_is_no_table(check: Check, suffix: str, content: bytes) -> None:
    got = check(
        {"donations.csv": "donation_id,item,quantity\nd1,rice,5\n", f"needs.{suffix}": content}, bare=True
    )
    assert got.errors == [("not_a_table", f"needs.{suffix}", None, "")]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_xlsx(check: Check, tmp_path: Path, share: float) -> None:
    path = tmp_path / "whole.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("needs").write_row(0, 0, ["need_id", "community", "item", "quantity"])
    data = path.read_bytes()
    got = check(
        {
            "donations.csv": "donation_id,item,quantity\nd1,rice,5\n",
            "needs.xlsx": data[: int(len(data) * share)],
        },
        bare=True,
    )
    assert got.errors == [("not_a_table", "needs.xlsx", None, "")]


def test_truncated_workbook_as_a_case(tmp_path: Path) -> None:
    path = tmp_path / "case.xlsx"
    path.write_bytes(b"PK\3\4 rubbish")
    assert [f.code for f in check_case(path)[1]] == ["not_a_table"]


def test_cell_of_a_megabyte(check: Check) -> None:
    got = check(
        {"needs.csv": f"need_id,community,item,quantity,memo\nn1,{'x' * 10**6},rice,1,{'y' * 10**6}\n"}
    )
    assert sorted(got.errors) == [
        ("cell_too_long", "needs", 2, "community"),
        ("cell_too_long", "needs", 2, "memo"),
    ]
    assert all(len(f.value) <= 60 for f in got.of("cell_too_long"))


def test_megabyte_of_digits(check: Check) -> None:
    assert check({"needs.csv": NEEDS + f"n1,A,rice,{'1' * 10**6}\n"}).errors == [
        ("cell_too_long", "needs", 2, "quantity")
    ]


def test_ragged_rows(check: Check) -> None:
    got = check({"needs.csv": NEEDS + "n1,A,rice\n\nn2,A,rice,x\nn3,A,rice,1,9\n"})
    assert got.errors == [
        ("ragged_row", "needs", 2, ""),
        ("not_a_number", "needs", 4, "quantity"),
        ("ragged_row", "needs", 5, ""),
    ]


def test_ragged_rows_of_a_table_make_no_findings_elsewhere(check: Check) -> None:
    got = check({"items.csv": "item,name\nrice\n"})
    assert got.errors == [("ragged_row", "items", 2, "")]


@pytest.mark.parametrize(
    ("body", "row"),
    [
        ('n1,"A,rice,5\nn2,A,rice,5\n', 2),
        ('n1,A,rice,5\nn2,"B,rice,5\nn3,"C, c",rice,5\n', 3),
        ('n1,A,rice,5\nn2,6" pipe,rice,5\n', 3),
        ('n1,A,rice,5\nn2,"a"b,rice,5\n', 3),
    ],
)
def test_unbalanced_quote_names_where_it_opened(check: Check, body: str, row: int) -> None:
    got = check({"needs.csv": NEEDS + body})
    assert got.errors == [("unbalanced_quote", "needs.csv", row, "")]


def test_mixed_encodings_name_the_line(check: Check) -> None:
    lines = [NEEDS.encode(), "n1,河滨,大米,5\n".encode(), b"n2,A,rice,5\n", "n3,老城,大米,5\n".encode("gbk")]
    got = check({"needs.csv": b"".join(lines)})
    assert got.errors == [("mixed_encodings", "needs.csv", 4, "")]


def test_unknown_encoding(check: Check) -> None:
    got = check({"needs.csv": NEEDS.encode() + "n1,A,rice,5\nn2,café,rice,5\n".encode("latin-1")})
    assert got.errors == [("encoding", "needs.csv", 3, "")]


def test_repeated_findings_are_counted_not_listed(check: Check) -> None:
    rows = "".join(f"n{k},A,rice,-1\n" for k in range(100))
    got = check({"needs.csv": NEEDS + rows}).of("not_positive")
    assert [f.row for f in got] == [*range(2, 2 + LIMIT), None]
    assert str(100 - LIMIT) in got[-1].problem


def test_everything_is_found_at_once_in_order(check: Check) -> None:
    got = check(
        {
            "needs.csv": NEEDS + "n1,A,rice,x\nn2,A,rice,-1\nn2,,rice,1\n",
            "donations.csv": "donation_id,item,quantity,colour\nd1,rice,-2,red\n",
            "communities.csv": "community,latitude,longitude\nB,95,1\n",
            "matchopt.toml": "[rates]\nspeed = 1\n",
        }
    )
    assert got.errors == [
        ("unknown_setting", "matchopt.toml", None, "rates.speed"),
        ("not_a_number", "needs", 2, "quantity"),
        ("unknown_key", "needs", 2, "community"),
        ("not_positive", "needs", 3, "quantity"),
        ("unknown_key", "needs", 3, "community"),
        ("missing_value", "needs", 4, "community"),
        ("duplicate_id", "needs", 4, "need_id"),
        ("not_positive", "donations", 2, "quantity"),
        ("out_of_range", "communities", 2, "latitude"),
    ]
    severities = [f.severity for f in got.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)


def test_read_case_raises_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "needs.csv").write_text(NEEDS + "n1,A,rice,x\n")
    with pytest.raises(CaseError) as caught:
        read_case(tmp_path)
    assert {f.code for f in caught.value.findings} >= {"not_a_number", "missing_table"}
