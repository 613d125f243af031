"""Units (contract §1a): what is told in another unit is converted, or reported; never stripped."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.contract.case import Case
from matchopt.errors import CaseError, Finding
from matchopt.runs.write import write_run
from matchopt.tables.units import factor, unit_of, written_number
from profiles import examples

Rows = list[tuple[object, ...]]


def frames(**tables: Rows) -> dict[str, pd.DataFrame]:
    """Return tables of rows, the first of which names the columns."""
    return {
        name: pd.DataFrame(rows, columns=list(head), dtype=object) for name, (head, *rows) in tables.items()
    }


def case_of(needs: Rows, donations: Rows | None = None, **more: Any) -> Case:
    """Return a case of needs (item, quantity …) and donations, the rest filled in."""
    head, *rows = needs
    asked = [("need_id", "community", *head), *((f"n{k}", "A", *row) for k, row in enumerate(rows))]
    head, *rows = donations or [("item", "quantity"), (needs[1][0], 1)]
    given = [("donation_id", *head), *((f"d{k}", *row) for k, row in enumerate(rows))]
    settings = more.pop("settings", None)
    return Case.from_frames(settings=settings, **frames(needs=asked, donations=given, **more))


def errors_of(*args: Any, **more: Any) -> list[Finding]:
    """Return the errors of such a case."""
    with pytest.raises(CaseError) as caught:
        case_of(*args, **more)
    return [f for f in caught.value.findings if f.severity == "error"]


MILK: Rows = [("item", "unit"), ("milk", "瓶")]
BOXES: Rows = [("item", "unit", "holds"), ("milk", "箱", 24)]


@pytest.mark.parametrize(
    ("text", "digits", "unit"),
    [
        ("50箱", "50", "箱"),
        ("24 lbs", "24", "lbs"),
        ("2万", "2", "万"),
        ("3.5公斤", "3.5", "公斤"),
        ("3万只", "3", "万只"),
        ("1万2千只", "12000", "只"),
        ("$2,500.00", "2,500.00", "$"),
        ("人民币200元整", "200", "人民币"),
        ("8 fl. oz", "8", "fl. oz"),
        ("24 (lbs)", "24", "lbs"),
        ("50多箱", "50", "箱"),
        ("约50罐", "50", "罐"),
        ("12斤左右", "12", "斤"),
        ("100+ cans", "100", "cans"),
    ],
)
def test_a_number_and_what_stands_beside_it(text: str, digits: str, unit: str) -> None:
    written = written_number(text)
    assert written is not None
    assert (written.digits, written.unit) == (digits, unit)


@pytest.mark.parametrize("text", ["50箱24瓶", "50-60", "2 x 12", "3 of 5", "1万2", "5²", "¥3 $4", "about"])
def test_what_is_not_one_number(text: str) -> None:
    assert written_number(text) is None


@pytest.mark.parametrize(
    ("text", "key", "size"),
    [
        ("lbs", "kg", "0.45359237"),
        ("Pounds", "kg", "0.45359237"),
        ("ounces", "kg", "0.028349523125"),
        ("斤", "kg", "0.5"),
        ("两", "kg", "0.05"),
        ("吨", "kg", "1000"),
        ("千克", "kg", "1"),
        ("fl oz", "L", "0.0295735295625"),
        ("gallons", "L", "3.785411784"),
        ("ＭＬ", "L", "0.001"),
        ("hrs", "h", "1"),
        ("boxes", "box", "1"),
        ("Families", "family", "1"),
        ("萬隻", "只", "10000"),
        ("元整", "CNY", "1"),
        ("万元", "CNY", "10000"),
    ],
)
def test_units_in_both_languages(text: str, key: str, size: str) -> None:
    assert (unit_of(text).key, unit_of(text).size) == (key, Fraction(size))


@pytest.mark.parametrize(
    ("text", "column", "size"),
    [
        ("miles", "km", "1.609344"),
        ("里", "km", "0.5"),
        ("m", "km", "0.001"),
        ("weeks", "days", "7"),
        ("吨/天", "kg/day", "1000"),
        ("万元", "currency", "10000"),
    ],
)
def test_units_of_columns(text: str, column: str, size: str) -> None:
    assert factor(text, column) == Fraction(size)


def test_packs_convert_what_stands_in_a_cell_a_column_or_the_header() -> None:
    for head, row in [
        (("item", "quantity"), ("milk", "50箱")),
        (("item", "quantity", "unit"), ("milk", 50, "箱")),
        (("item", "数量（箱）"), ("milk", 50)),
    ]:
        case = case_of([head, row], items=MILK, packs=BOXES)
        assert case.needs["quantity"].tolist() == [1200]
        assert case.needs["unit"].tolist() == ["瓶"]
        told = [f.problem for f in case.findings if f.code == "converted_units"]
        assert told == ["converted to the unit of the item: 50 箱 of milk = 1200 瓶 (row 2)"]
        assert "50 箱" in case.with_extras("needs").iloc[0].tolist()


def test_lots_and_costs_follow_the_unit_of_their_row() -> None:
    case = case_of(
        [("item", "quantity", "unit", "unmet_cost"), ("milk", 2, "箱", 240), ("milk", 2, "", 240)],
        [
            ("item", "quantity", "unit", "lot_size"),
            ("milk", 3, "箱", 1),
            ("milk", 30, "", "1箱"),
            ("milk", 9, "", 3),
        ],
        items=MILK,
        packs=BOXES,
    )
    assert case.needs["unmet_cost"].tolist() == [10, 240]
    assert case.donations["lot_size"].tolist() == [24, 24, 3]


def test_six_decimals_half_to_even() -> None:
    items: Rows = [("item", "unit"), ("rice", "kg")]
    rows: Rows = [("rice", "24 lbs"), ("rice", "1.5mg"), ("rice", "2.5mg"), ("rice", "50斤")]
    case = case_of([("item", "quantity"), *rows], items=items)
    assert case.needs["quantity"].tolist() == [10.886217, 0.000002, 0.000002, 25]
    assert [f.code for f in errors_of([("item", "quantity"), ("rice", "0.4mg")], items=items)] == ["too_fine"]


def test_what_is_weighed_has_its_weight_and_a_fine_step() -> None:
    items: Rows = [("item", "unit", "weight_kg", "step"), ("rice", "斤", None, None), ("flour", "kg", 2, 5)]
    case = case_of([("item", "quantity"), ("rice", 2.5), ("flour", 5)], items=items)
    assert case.table("items")[["weight_kg", "step"]].to_numpy().tolist() == [[0.5, 0.001], [2, 5]]
    alone = case_of([("item", "quantity"), ("rice", "2.5 lb")])
    assert alone.table("items")[["unit", "weight_kg", "step"]].to_numpy().tolist() == [
        ["lb", 0.45359237, 0.001]
    ]


def test_the_own_unit_is_that_of_the_rows_where_items_do_not_tell_it() -> None:
    gift: Rows = [("item", "quantity"), ("rice", "1 kg")]
    case = case_of([("item", "quantity"), ("rice", "50 kg"), ("rice", "24 lb")], gift)
    assert case.table("items")["unit"].tolist() == ["kg"]
    assert case.needs["quantity"].tolist() == [50, 10.886217]
    packed = case_of([("item", "quantity"), ("milk", "2箱"), ("milk", "3瓶")], packs=BOXES)
    assert packed.needs["quantity"].tolist() == [48, 3]


@pytest.mark.parametrize(
    ("needs", "more", "code", "words"),
    [
        (
            [("item", "quantity"), ("milk", "2箱"), ("milk", "3瓶")],
            {},
            "two_units",
            ["milk", "箱", "瓶", "row 2"],
        ),
        ([("item", "quantity"), ("milk", "2箱")], {"items": MILK}, "no_conversion", ["milk", "箱", "瓶"]),
        ([("item", "quantity"), ("milk", "2箱")], {"packs": BOXES}, "two_units", ["milk", "箱"]),
        (
            [("item", "quantity"), ("rice", "2 kg"), ("rice", "3 g"), ("rice", 3)],
            {},
            "two_units",
            ["kg", "g"],
        ),
        (
            [("item", "quantity", "unit"), ("milk", "2箱", "瓶")],
            {"packs": BOXES, "items": MILK},
            "two_units",
            ["箱", "瓶"],
        ),
        ([("item", "quantity"), ("milk", "2 for Ann")], {"items": MILK}, "not_a_number", ["for Ann"]),
        ([("item", "quantity"), ("milk", "2 $")], {"items": MILK}, "no_conversion", ["milk", "$"]),
        ([("item", "quantity"), ("milk", "20-30")], {}, "not_a_number", ["range"]),
    ],
)
def test_what_cannot_be_converted_is_an_error_that_names_it(
    needs: Rows, more: dict[str, Rows], code: str, words: list[str]
) -> None:
    donations: Rows = [("item", "quantity"), (needs[1][0], 1)]
    if code == "two_units" and "packs" in more and "items" not in more:
        donations = [("item", "quantity"), (needs[1][0], "1箱")]
    found = errors_of(needs, donations, **more)
    assert [f.code for f in found] == [code]
    assert all(word in found[0].problem for word in words)
    assert found[0].cure


@pytest.mark.parametrize(
    ("packs", "code"),
    [
        ([("rice", "lb", 0.5)], "contradictory_packs"),
        ([("rice", "公斤", 2)], "pack_of_itself"),
        ([("rice", "箱", "2箱")], "pack_of_itself"),
        ([("rice", "箱", "2袋"), ("rice", "袋", "3箱")], "pack_of_itself"),
        ([("rice", "case", 2), ("rice", "Cases", 3)], "contradictory_packs"),
        ([("rice", "箱", 0)], "not_positive"),
        ([("rice", "箱", "3盒")], "no_conversion"),
    ],
)
def test_packs_that_cannot_be(packs: Rows, code: str) -> None:
    found = errors_of(
        [("item", "quantity"), ("rice", 1)],
        items=[("item", "unit"), ("rice", "kg")],
        packs=[("item", "unit", "holds"), *packs],
    )
    assert {f.code for f in found} == {code}


def test_packs_within_packs_and_packs_of_a_known_size() -> None:
    packs: Rows = [
        ("item", "unit", "holds"),
        ("rice", "箱", "4袋"),
        ("rice", "袋", "5斤"),
        ("rice", "lb", 0.45359237),
    ]
    case = case_of(
        [("item", "quantity"), ("rice", "2箱")], items=[("item", "unit"), ("rice", "kg")], packs=packs
    )
    assert case.needs["quantity"].tolist() == [20]


def test_columns_with_a_unit_of_their_own() -> None:
    case = case_of(
        [("item", "quantity"), ("rice", 1)],
        items=[("item", "weight (lb)", "shelf_life_days", "purchase_price"), ("rice", 2, "2 weeks", "¥3.50")],
        lanes=[("from_place", "to_place", "distance_km", "capacity_kg"), ("A", "B", "10 miles", "2吨")],
    )
    items, lanes = case.table("items"), case.table("lanes")
    assert items[["weight_kg", "shelf_life_days", "purchase_price"]].to_numpy().tolist() == [
        [0.907185, 14, 3.5]
    ]
    assert lanes[["distance_km", "capacity_kg"]].to_numpy().tolist() == [[16.09344, 2000]]


def test_a_unit_that_a_column_cannot_have_is_an_error() -> None:
    found = errors_of(
        [("item", "quantity", "priority"), ("rice", 1, "2箱")],
        lanes=[("from_place", "to_place", "distance_km"), ("A", "B", "10 kg")],
    )
    assert [f.code for f in found] == ["not_a_number", "other_unit"]


def test_about_keeps_the_number_and_warns() -> None:
    case = case_of([("item", "quantity"), ("soup", "约50罐"), ("soup", "~20"), ("soup", "30+")])
    assert case.needs["quantity"].tolist() == [50, 20, 30]
    assert [f.row for f in case.warnings if f.code == "about"] == [2, 3, 4]


def test_rows_of_nothing_are_left_out_with_a_note() -> None:
    case = case_of([("item", "quantity"), ("soup", 0), ("soup", 5), ("soup", "0箱")])
    assert case.needs["need_id"].tolist() == ["n1"]
    assert [f.problem for f in case.findings if f.code == "zero_rows"] == [
        "rows with the quantity 0 are left out: 2, 4"
    ]
    assert [f.code for f in errors_of([("item", "quantity"), ("soup", "")])] == ["missing_value"]


def test_money_is_funds_by_its_name() -> None:
    case = case_of(
        [("item", "quantity"), ("助学金", "200元"), ("rice", 5)],
        [("item", "quantity"), ("捐款", "5,000元"), ("rice", 5)],
    )
    kinds = dict(case.table("items")[["item", "kind"]].to_numpy().tolist())
    assert kinds == {"助学金": "funds", "rice": "goods", "捐款": "funds"}
    plan = case.table("substitutions")[["need_item", "donated_item", "ratio"]].to_numpy().tolist()
    assert plan == [["助学金", "捐款", 1.0]]
    assert len([f for f in case.findings if f.code == "money"]) == 3
    goods = case_of([("item", "quantity"), ("cash", 5)], items=[("item", "kind"), ("cash", "goods")])
    assert goods.table("items")["kind"].tolist() == ["goods"]


def test_percentages_are_shares_where_the_column_is_one() -> None:
    case = case_of(
        [("item", "quantity"), ("rice", 1)], [("item", "quantity", "reliability"), ("rice", 1, "90%")]
    )
    assert case.donations["reliability"].tolist() == [0.9]
    assert [f.code for f in errors_of([("item", "quantity"), ("rice", "90%")])] == ["not_a_number"]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["特急", "急需", "一般"], [1, 2, 3]),
        (["High", "Medium", "Low"], [1, 2, 3]),
        (["Urgent", "High", "Low"], [1, 2, 4]),
        (["High", 2, "Low"], [1, 2, 3]),
    ],
)
def test_scales_in_words(words: list[object], numbers: list[int]) -> None:
    case = case_of([("item", "quantity", "priority"), *(("rice", 1, word) for word in words)])
    assert case.needs["priority"].tolist() == numbers
    assert any("words are read as" in f.problem for f in case.findings)


def test_conditions_in_words() -> None:
    rows: Rows = [("rice", 1, "New"), ("rice", 1, "九成新"), ("rice", 1, "Fair"), ("rice", 1, 2)]
    case = case_of([("item", "quantity"), ("rice", 1)], [("item", "quantity", "quality"), *rows])
    assert case.donations["quality"].tolist() == [5, 4, 3, 2]


@pytest.mark.parametrize("written", ["East、West", "East，West", "East, West", "East;West"])
def test_lists_in_a_cell_where_all_parts_are_known(written: str) -> None:
    given = [("item", "quantity", "only_communities"), ("rice", 1, written)]
    places: Rows = [("community",), ("A",), ("East",), ("West",)]
    case = case_of([("item", "quantity"), ("rice", 1)], given, communities=places)  # type: ignore[arg-type]
    assert case.donations["only_communities"].tolist() == ["East;West"]


def test_a_name_with_a_comma_stays_one() -> None:
    given: Rows = [("item", "quantity", "only_communities"), ("rice", 1, "East, upper")]
    places: Rows = [("community",), ("A",), ("East, upper",), ("East",)]
    case = case_of([("item", "quantity"), ("rice", 1)], given, communities=places)
    assert case.donations["only_communities"].tolist() == ["East, upper"]


def test_a_run_holds_the_converted_tables_beside_the_files(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "needs.csv").write_text("need_id,community,item,quantity\nn,A,rice,3 斤\n", "utf-8")
    (tmp_path / "case" / "donations.csv").write_text("donation_id,item,quantity\nd,rice,5 kg\n", "utf-8")
    (tmp_path / "case" / "items.csv").write_text("item,unit\nrice,kg\n", "utf-8")
    case = matchopt.read_case(tmp_path / "case")
    plan = matchopt.plan(case)
    assert plan.allocations["served_quantity"].tolist() == [1.5]
    assert plan.needs["quantity (given)"].tolist() == ["3 斤"]
    run = write_run(plan, tmp_path / "run")
    assert "3 斤" in (run / "case" / "needs.csv").read_text("utf-8")
    read = pd.read_csv(run / "case" / "read" / "needs.csv")
    assert read[["quantity", "unit", "quantity (given)"]].to_numpy().tolist() == [[1.5, "kg", "3 斤"]]
    again = matchopt.read_run(run)
    assert list(matchopt.verify(again.case, again)) == []


@given(st.integers(0, 2**32))
@examples(0.1)
def test_a_converted_case_plans_as_the_case_in_own_units(seed: int) -> None:
    draw = random.Random(seed)
    units = [("", 1), ("箱", 24), ("打", 12), ("百", 100), ("箱", 24)]

    def rows(count: int, key: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        told, own = [], []
        for k in range(count):
            (unit, size), number = draw.choice(units), draw.randint(1, 9)
            where = draw.choice(["unit", "cell"]) if unit != "百" else "cell"
            row: dict[str, object] = {key: f"{key[0]}{k}", "item": "milk", "community": draw.choice("AB")}
            cell, column = (f"{number}{unit}", "") if where == "cell" else (number, unit)
            told.append(row | {"quantity": cell, "unit": column})
            own.append(row | {"quantity": number * size})
        return told, own

    needs, donations = rows(4, "need_id"), rows(3, "donation_id")
    items = pd.DataFrame({"item": ["milk"], "unit": ["瓶"], "weight_kg": [0.5]})
    packs = pd.DataFrame({"item": "milk", "unit": ["箱", "打"], "holds": [24, 12]})
    more: Any = {"items": items, "packs": packs}
    both = zip(needs, donations, strict=True)
    cases = [Case.from_frames(needs=pd.DataFrame(n), donations=pd.DataFrame(d), **more) for n, d in both]
    plans = [matchopt.plan(case) for case in cases]
    columns = ["need_id", "donation_id", "donated_quantity", "served_quantity", "total_cost"]
    one, other = (plan.allocations[columns].to_numpy().tolist() for plan in plans)
    assert one == other
    assert list(matchopt.verify(plans[0].case, plans[0])) == []


def test_pieces_in_a_header_are_whatever_the_item_is_counted_in() -> None:
    case = case_of([("item", "quantity"), ("rice", "50箱")], [("item", "数量（件）"), ("rice", 20)])
    assert case.table("items")["unit"].tolist() == ["箱"]
    assert case.donations["quantity"].tolist() == [20]


def test_a_quantity_beyond_all_measure_is_a_warning() -> None:
    rows: Rows = [("rice", 50)] * 5
    case = case_of([("item", "quantity"), *rows, ("rice", 2e14)])
    assert [f.row for f in case.warnings if f.code == "outlier"] == [7]


def test_money_in_another_currency_is_a_warning() -> None:
    rows: Rows = [("item", "quantity"), ("cash", "$2,500"), ("rice", 1)]
    settings = {"rates": {"currency": "CNY"}}
    case = case_of([("item", "quantity"), ("rice", 1)], rows, settings=settings)
    assert [f.code for f in case.warnings if f.code == "other_currency"] == ["other_currency"]
    dollars = case_of([("item", "quantity"), ("rice", 1)], rows, settings={"rates": {"currency": "USD"}})
    assert not [f for f in dollars.warnings if f.code == "other_currency"]
