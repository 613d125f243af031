"""Headers that people write: which column they are, which have to be asked for; none is read wrong."""

from __future__ import annotations

import csv
import pkgutil

import pytest

from checked import Check
from matchopt.contract.schema import TABLES
from matchopt.tables.header_grammar import column_by_words
from matchopt.tables.header_names import key, meanings, split_unit
from matchopt.tables.matching import heading_among, matched
from matchopt.tables.raw import texts

KEPT = {
    *("note", "contact", "phone", "address", "worth", "spec", "lot", "bin", "went", "weight", "category"),
    *("status", "email", "household", "person", "paper", "done", "place", "form"),
}
"""What headers are besides that no table has a column for."""


def rows() -> list[dict[str, str]]:
    data = pkgutil.get_data("matchopt.tables", "names.csv") or b""
    return list(csv.DictReader(data.decode("utf-8").splitlines()))


def places(table: str, headers: str, cells: str = "") -> dict[str, str]:
    """Return column → header of headers joined by ``|``, over a row of cells joined likewise."""
    names = headers.split("|")
    columns = [texts([cell]) for cell in cells.split("|")] if cells else None
    return {column: names[k] for column, k in matched(TABLES[table], names, columns).places.items()}


def test_the_list_names_columns_and_says_where_each_name_was_seen() -> None:
    listed = rows()
    assert len(listed) > 450
    for row in listed:
        assert row["seen"], row
        for table in row["tables"].split():
            known = {column.name for column in TABLES[table].columns} if table in TABLES else set()
            for column in row["column"].strip("?").split():
                assert table not in TABLES or column in {*known, *KEPT, *COMING}, row


COMING = {"unit", "verified", "pickup_days", "open_days", "trip_capacity_kg", "trip_cost"}
"""Columns of the contract that no table has yet."""


def test_no_name_of_the_contract_means_something_else_in_the_list() -> None:
    for table in TABLES.values():
        for column in table.columns:
            for name in (column.name, column.zh, *column.aliases):
                others = {c for known in meanings(table.name, name) if not known.weak for c in known.columns}
                assert others <= {column.name, *KEPT}, (table.name, name, others)


@pytest.mark.parametrize(
    ("header", "bare", "unit"),
    [
        ("数量（件）", "数量", "件"),
        ("数量(单位：箱)", "数量", "箱"),
        ("Weight (lbs)", "Weight", "lbs"),
        ("物资*", "物资", None),
        ("物资（必填）", "物资", None),
        ("3、您需要的物资【多选题】", "您需要的物资", None),
        ("数量（已发放）", "数量(已发放)", None),
        ("Distance (in miles)", "Distance", "miles"),
    ],
)
def test_marks_of_forms_and_units_come_off(header: str, bare: str, unit: str | None) -> None:
    assert split_unit(header) == (bare, unit)


def test_case_width_forms_spaces_and_punctuation_make_no_other_name() -> None:
    assert len({key(name) for name in ("Best-By", "best by", "BEST_BY.", "Ｂｅｓｔ　Ｂｙ")}) == 1
    assert key("聯絡電話") == key("联络电话")
    assert key("品 名") == key("品名：")


def test_a_street_offices_form() -> None:
    got = places("needs", "序号|小区名称|品名|需求数量|人群类别|需求时间|截止时间|联系人|联系电话|备注")
    assert got == {
        "need_id": "序号",
        "community": "小区名称",
        "item": "品名",
        "quantity": "需求数量",
        "group": "人群类别",
        "needed_from": "需求时间",
        "needed_by": "截止时间",
    } | {name: zh for name, zh in got.items() if name in ("contact", "phone", "note")}


def test_what_the_cells_hold_decides() -> None:
    assert places("needs", "小区|品名|数量|日期")["needed_by"] == "日期"
    assert "日期" not in places("needs", "小区|品名|数量|日期|截止日期").values()
    assert places("donations", "捐赠企业|品名|数量|日期")["available_from"] == "日期"
    assert places("donations", "品名|数量|保质期", "大米|5|2026-09-01")["expires_on"] == "保质期"
    assert "expires_on" not in places("donations", "品名|数量|保质期", "大米|5|12个月")


def test_a_name_that_may_mean_several_columns_is_read_by_what_stands_beside_it() -> None:
    assert places("donations", "name|container|food_group|weight|quantity")["item"] == "name"
    assert "item" not in places("needs", "Name|Community|Quantity")
    assert places("donations", "Product code|Product name|Physical QOH|OB QOH") == {
        "item": "Product name",
        "quantity": "Physical QOH",
    }


def test_worth_is_no_quantity() -> None:
    for header in ("折算金额（万元）", "金额", "单价（元）", "Value", "In-Kind Total"):
        assert "quantity" not in places("donations", f"捐赠方|品名|{header}")


def test_of_two_names_for_one_column_it_has_to_be_said_which(check: Check) -> None:
    text = "需求编号,小区,社区居委会,物资,数量\n1,甲,乙,大米,5\n"
    found = check({"needs.csv": text}).one("duplicate_column")
    assert (found.column, found.severity.value) == ("社区居委会", "error")
    said = '[needs]\n"社区居委会" = ""\n'
    assert check({"needs.csv": text, "columns.toml": said}).good.tables["needs"]["community"].tolist() == [
        "甲"
    ]


def test_what_may_be_several_columns_is_asked_for_and_not_read(check: Check) -> None:
    got = check({"donations.csv": "捐赠编号,品名,数量,意向\n1,大米,5,社区老人\n"})
    assert "only_communities or only_groups" in got.one("ask_column").problem
    assert got.good.tables["donations"]["only_groups"].tolist() == [""]
    said = '[捐赠]\n"意向" = "限定人群"\n'
    again = check({"donations.csv": "捐赠编号,品名,数量,意向\n1,大米,5,社区老人\n", "columns.toml": said})
    assert again.good.tables["donations"]["only_groups"].tolist() == ["社区老人"]


def test_columns_of_another_list_are_a_finding(check: Check) -> None:
    said = '[needs]\n"Agence" = "community"\n"Produit" = "item"\n'
    got = check({"needs.csv": "编码,何处,什么,多少\n1,甲,大米,5\n", "columns.toml": said})
    assert got.one("other_list").table == "columns.toml"
    wrong = check({"columns.toml": '[needs]\n"品名" = "itme"\n'})
    assert wrong.one("unknown_column").value == "itme"
    assert check({"columns.toml": "[needs\n"}).one("not_toml").table == "columns.toml"


def test_a_missing_column_names_the_headers_that_may_be_it(check: Check) -> None:
    got = check({"needs.csv": "need_id,何处,item,quantity\n1,甲,大米,5\n"})
    assert "何处" in got.one("missing_column").cure


def test_two_rows_of_headings_and_hashtags() -> None:
    needs = TABLES["needs"]
    rows = [
        ["2026年3月需求"],
        ["小区", "物资", "", "截止日期"],
        ["", "名称", "数量", ""],
        ["甲", "大米", "5", "3月1日"],
    ]
    got = heading_among(rows, needs)
    assert (got.at, got.above, got.headers) == (2, 1, ("小区", "物资名称", "数量", "截止日期"))
    rows = [["Où", "Quoi", "Combien"], ["#loc+name", "#item+name+fr", "#item+num"], ["A", "riz", "5"]]
    assert matched(needs, heading_among(rows, needs).headers).places == {
        "community": 0,
        "item": 1,
        "quantity": 2,
    }


def test_near_names_are_no_cure_where_they_mean_something_else(check: Check) -> None:
    got = check({"needs.csv": "need_id,item,quantity,Comment\n1,rice,5,x\n"})
    assert not got.one("missing_column").cure.startswith("rename")


def held_out() -> list[tuple[str, str, str]]:
    """Return table, header and column of headers that stand in no list; "" where none is to be read."""
    page = {
        "needs": {
            "community": "社区名|需求社区名称|收货社区名称|Requesting Agency Name|Pantry Site|Ship-to Agency",
            "item": "物资种类及名称|需要的物品名称|申领物品名称|Item Name/Description|Supplies requested",
            "quantity": "申报数量|所需总数|缺少数量|# Needed|Quantity Req'd|Number of Units Requested",
            "priority": "紧急情况|需求优先级|Urgency (1-5)|Priority Level (High/Med/Low)",
            "group": "困难群体类别|使用对象|受助人群類別|Client Population",
            "needed_by": "最晚需求日期|期望到货日期|需求截止|Deliver no later than|Must have by",
            "needed_from": "起始需求日期|Deliver not before|Earliest needed",
            "": "需求物资规格|已发放数量|需求金额|累计发放|Qty backordered|需求情况",
        },
        "donations": {
            "donor": "捐赠企业/个人|捐赠团体|赠送单位|Donor Organization Name|Donated From",
            "item": "捐赠物资明细|库存商品|Donated Goods|Food Item Description|Stock Item Name",
            "quantity": "实捐数量|可调拨数量|库存余量|Units on hand|Qty Remaining|Current Stock Level",
            "origin": "仓储地点|捐赠物资存放地|物资位置|Where located|Pickup Warehouse|Stock Location",
            "available_from": "可提日期|到库时间|Earliest Pickup Date|Available After|Date Ready",
            "available_until": "最晚提货时间|Last pickup date|Pickup no later than|Pickup Window End",
            "expires_on": "效期至|失效时间|最佳使用日期|Item Expiration Date|Product Expiry",
            "only_communities": "意向接收社区|仅限社区|Reserved For Agency|Eligible agencies",
            "": "已分配|捐赠价值（元）|Reorder point|Tax receipt|Thank-you sent|Manufacture Date|生产批号",
        },
    }
    return [
        (table, header, column)
        for table, columns in page.items()
        for column, headers in columns.items()
        for header in headers.split("|")
    ]


def test_headers_that_stand_in_no_list_are_read_by_their_words_and_none_is_wrong() -> None:
    told = [(table, header, column, places(table, header)) for table, header, column in held_out()]
    assert [(header, got) for _, header, column, got in told if not set(got) <= {column}] == []
    right = sum(column in got or (not column and not got) for *_, column, got in told)
    assert right >= 0.95 * len(told), [(h, c) for _, h, c, got in told if c and c not in got]


def test_words_and_list_do_not_contradict_each_other() -> None:
    told = wrong = 0
    for row in rows():
        for table in row["tables"].split():
            column = column_by_words(table, row["written"]) if table in TABLES else ""
            told += bool(column)
            wrong += bool(column) and column not in row["column"].strip("?").split()
    assert told > 1_000
    assert wrong < 0.03 * told
