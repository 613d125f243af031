"""`new --from`: lists as people keep them become cases; what is decided once is not asked again."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from matchopt.errors import RunError
from matchopt.tables.case_of_lists import PAGE_FILE, CaseOfLists, case_of_lists
from matchopt.tables.derived import quantity_in
from matchopt.tables.read import check_case

LISTS = Path(__file__).parents[3] / "shared" / "lists"
needs_lists = pytest.mark.skipif(not LISTS.is_dir(), reason="the lists stand beside the repository")

NEEDS = "需求编号,社区,物资,数量\nn1,甲,大米,5\n"
DONATIONS = "捐赠编号,物资,数量\nd1,大米,5\n"


def made(tmp_path: Path, lists: dict[str, str], **more: object) -> CaseOfLists:
    """Make a case of texts, each a file."""
    folder = tmp_path / f"lists-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    for name, text in lists.items():
        (folder / name).write_text(text, "utf-8")
    return case_of_lists(folder / "case", [folder / name for name in lists], **more)  # type: ignore[arg-type]


def table(case: CaseOfLists, name: str) -> pd.DataFrame:
    """Return a table of a case as it was written."""
    return pd.read_csv(case.folder / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")


def errors(case: CaseOfLists) -> list[str]:
    """Return the codes of what is wrong with a case."""
    return [finding.code for finding in case.findings if finding.severity == "error"]


# --- the lists of the repository's neighbour --------------------------------------------------


@needs_lists
def test_a_food_banks_book(tmp_path: Path) -> None:
    case = case_of_lists(tmp_path / "case", [LISTS / "foodbank-march.xlsx"])
    rows = {
        name: len(table(case, name))
        for name in ("donations", "needs", "communities", "hubs", "items", "lanes")
    }
    assert rows == {"donations": 60, "needs": 250, "communities": 12, "hubs": 3, "items": 17, "lanes": 36}
    assert {"donation_id", "donor", "origin", "expires_on", "reliability"} <= set(table(case, "donations"))
    assert "distance_km (mi)" in table(case, "lanes").columns
    assert "old stuff" in case.page
    duplicates = [f.value for f in case.findings if f.code == "duplicate_id"]
    assert duplicates == ["N0100", "D020"]
    answers = {"N0100": "N0101", "D020": "D021", "high": "0.9"}

    def ask(question: str, choices: object, proposal: str) -> str:
        return next((answer for value, answer in answers.items() if f"«{value}»" in question), "")

    asked = case_of_lists(tmp_path / "asked", [LISTS / "foodbank-march.xlsx"], ask=ask)
    assert errors(asked) == ["reversed_days"]  # 9/3/2026 until 14 March


@needs_lists
def test_a_street_offices_lists(tmp_path: Path) -> None:
    lists = [LISTS / "street-needs-zh.xlsx", LISTS / "street-donations-zh.xlsx"]
    case = case_of_lists(tmp_path / "case", lists, "zh")
    needs, donations = table(case, "needs"), table(case, "donations")
    assert needs["社区"].tolist() == ["阳光小区"] * 3 + ["和平里社区"] * 2 + ["新城家园", "新城家園"]
    assert needs["需求编号"].tolist() == [str(k) for k in range(1, 8)]
    assert donations["捐赠方"].tolist()[0] == "朝阳粮油有限公司"
    assert len(donations) == 5
    assert (case.folder / "needs.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "意向" in case.page
    assert needs["最早送达"].tolist() == ["2026-03-01"] * 7
    assert [value for value in needs["最晚送达"] if not value.startswith("2026-03-")] == ["3月底"]


@needs_lists
def test_the_hubei_red_cross(tmp_path: Path) -> None:
    lists = [LISTS / "redcross-hubei-2020.xlsx"]
    gifts = table(case_of_lists(tmp_path / "a", lists), "donations")
    assert len(gifts) == 17
    assert gifts["item"].tolist()[0] == "莲花清瘟胶囊（24粒装）"
    assert gifts["quantity"].tolist()[0] == "13.5万盒"
    inflow = table(case_of_lists(tmp_path / "b", [LISTS / "hubei-inflow.csv"]), "donations")
    assert len(inflow) == 18
    assert (inflow["item"][0], inflow["quantity"][0]) == ("捐款", "3.9亿")


@needs_lists
def test_openboxes(tmp_path: Path) -> None:
    lists = [LISTS / "openboxes-stocklist.csv", LISTS / "openboxes-inventory.csv"]
    case = case_of_lists(tmp_path / "case", lists)
    assert (len(table(case, "needs")), len(table(case, "donations"))) == (52, 57)
    assert table(case, "needs")["community"].unique().tolist() == ["openboxes-stocklist"]
    assert not errors(case)
    read = check_case(case.folder)[0]
    assert read is not None
    sums = {
        name: (len(read.tables[name]), read.tables[name]["quantity"].sum()) for name in ("needs", "donations")
    }
    assert sums == {"needs": (52, 45_908), "donations": (48, 198_656)}  # nine zeros are left out


@needs_lists
def test_a_list_that_holds_neither_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="fits no table"):
        case_of_lists(tmp_path / "case", [LISTS / "hxl-activities.csv"])
    assert not (tmp_path / "case").exists()


# --- exports of forms and programs ------------------------------------------------------------


def test_a_kobo_export_with_a_column_for_each_answer(tmp_path: Path) -> None:
    text = (
        "start,end,Community,Your name,What do you need?,What do you need?/Rice,What do you need?/Soap,"
        "_id,_uuid,_submission_time\n"
        "2026-03-01T10:00:00,2026-03-01T10:05:00,Riverside,Ann,Rice Soap,1,1,101,u1,2026-03-01T10:06:00\n"
        "2026-03-01T11:00:00,2026-03-01T11:05:00,Old Town,Bob,Soap,0,1,102,u2,2026-03-01T11:06:00\n"
    )
    case = made(tmp_path, {"needs.csv": text, "donations.csv": "donation_id,item,quantity\nd1,Rice,5\n"})
    needs = table(case, "needs")
    assert needs[["need_id", "community", "item", "quantity"]].to_numpy().tolist() == [
        ["101-1", "Riverside", "Rice", "1"],
        ["101-2", "Riverside", "Soap", "1"],
        ["102", "Old Town", "Soap", "1"],
    ]


def test_people_in_one_list_and_what_each_needs_in_another(tmp_path: Path) -> None:
    file = tmp_path / "survey.xlsx"
    with xlsxwriter.Workbook(file) as book:
        for name, rows in {
            "survey": [
                ["group_a1/community", "Your name", "_id", "_index"],
                ["Riverside", "Ann", 71, 1],
                ["A", "B", 72, 2],
            ],
            "items": [
                ["item_needed", "qty_needed", "_index", "_parent_table_name", "_parent_index"],
                ["rice", 5, 1, "survey", 2],
                ["soap", 2, 2, "survey", 1],
                ["oil", 1, 3, "survey", 1],
            ],
        }.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(rows):
                sheet.write_row(k, 0, row)
    (tmp_path / "donations.csv").write_text(DONATIONS, "utf-8")
    case = case_of_lists(tmp_path / "case", [file, tmp_path / "donations.csv"])
    assert table(case, "needs")[["need_id", "community", "item", "quantity"]].to_numpy().tolist() == [
        ["1", "A", "rice", "5"],
        ["2", "Riverside", "soap", "2"],
        ["3", "Riverside", "oil", "1"],
    ]


def test_a_wenjuanxing_export_with_several_answers_in_a_cell(tmp_path: Path) -> None:
    text = (
        "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、您所在的社区,2、您需要的物资【多选题】,3、您的姓名\n"
        "1,2026-03-01,60秒,微信,,1.2.3.4,甲,大米┋食用油,王\n2,2026-03-01,60秒,微信,,1.2.3.4,乙,大米,李\n"
    )
    needs = table(made(tmp_path, {"需求.csv": text, "捐赠.csv": DONATIONS}), "needs")
    assert needs[["need_id", "community", "item"]].to_numpy().tolist() == [
        ["1-1", "甲", "大米"],
        ["1-2", "甲", "食用油"],
        ["2", "乙", "大米"],
    ]


def test_a_google_export_parts_answers_at_commas_but_no_names(tmp_path: Path) -> None:
    text = (
        'Timestamp,Neighborhood,What do you need?\n3/1/2026,A,"Rice, Oil"\n3/1/2026,B,Oil\n3/2/2026,B,Rice\n'
    )
    needs = table(made(tmp_path, {"requests.csv": text, "donations.csv": DONATIONS}), "needs")
    assert needs["item"].tolist() == ["Rice", "Oil", "Oil", "Rice"]
    named = 'Agency,Item,Qty\nA,"Gloves, large",5\nB,"Gloves, small",6\nB,"Masks, large",6\n'
    needs = table(made(tmp_path, {"orders.csv": named, "donations.csv": DONATIONS}), "needs")
    assert needs["item"].tolist() == ["Gloves, large", "Gloves, small", "Masks, large"]


def test_a_human_essentials_export_has_a_column_for_each_item(tmp_path: Path) -> None:
    text = (
        "Date,Requestor,Type,Status,Diapers (Size 4),Wipes,<DELETED_ITEMS>\n"
        "03/01/2026,Family Center,Quantity,Pending,40,0,0\n03/02/2026,Hope House,Quantity,Pending,20,6,0\n"
    )
    needs = table(made(tmp_path, {"Requests.csv": text, "donations.csv": DONATIONS}), "needs")
    assert needs[["community", "item", "quantity"]].to_numpy().tolist() == [
        ["Family Center", "Diapers (Size 4)", "40"],
        ["Hope House", "Diapers (Size 4)", "20"],
        ["Hope House", "Wipes", "6"],
    ]


def test_hashtags_say_which_column_is_which(tmp_path: Path) -> None:
    text = (
        "Où,Quoi,Combien,Pour\n#loc+name,#item+name,#item+num,#beneficiary+type\nA,riz,5,enfants\nB,riz,6,\n"
    )
    needs = table(made(tmp_path, {"besoins-needs.csv": text, "donations.csv": DONATIONS}), "needs")
    assert needs["community"].tolist() == ["A", "B"]
    assert needs["group"].tolist() == ["enfants", ""]


def test_one_list_that_holds_both_is_two_tables(tmp_path: Path) -> None:
    text = "编号,类型,社区,物资,数量\n1,需求,甲,大米,5\n2,捐赠,乙,大米,7\n3,需求,乙,面,1\n"
    case = made(tmp_path, {"需求与捐赠.csv": text})
    assert table(case, "needs")["need_id"].tolist() == ["1", "3"]
    assert table(case, "donations")["donation_id"].tolist() == ["2"]


# --- decisions ---------------------------------------------------------------------------------


def test_the_second_weeks_list_needs_no_question(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str, choices: object, proposal: str) -> str:
        asked.append(question)
        return "only_groups" if "意向" in question else ""

    week = "捐赠单号,企业,品名,数量,意向\n{0},东方公司,大米,5,老人\n"
    first = made(tmp_path, {"3月捐赠.csv": week.format(1), "需求.csv": NEEDS}, ask=ask)
    assert any("意向" in question for question in asked)
    asked.clear()
    said = first.folder / "columns.toml"
    second = made(tmp_path, {"list-b.csv": week.format(2), "需求.csv": NEEDS}, ask=ask, names=said)
    assert asked == []
    assert table(second, "donations")["only_groups"].tolist() == ["老人"]
    assert not errors(second)


def test_without_an_answer_a_mark_stands_in_columns_toml_and_the_case_can_be_planned(tmp_path: Path) -> None:
    text = "捐赠单号,企业,品名,数量,意向\n1,东方公司,大米,5,老人\n"
    case = made(tmp_path, {"捐赠.csv": text, "需求.csv": NEEDS})
    assert '"意向" = "?"' in (case.folder / "columns.toml").read_text("utf-8")
    assert not errors(case)
    assert case.folder.joinpath(PAGE_FILE).read_text("utf-8-sig") == case.page


def test_cells_that_only_the_user_can_read_are_asked_for(tmp_path: Path) -> None:
    text = "需求编号,社区,物资,数量\nn1,甲,大米,很多\n"

    def ask(question: str, choices: object, proposal: str) -> str:
        return "12" if "很多" in question else ""

    case = made(tmp_path, {"需求.csv": text, "捐赠.csv": DONATIONS}, ask=ask)
    assert table(case, "needs")["quantity"].tolist() == ["12"]
    assert not errors(case)


def test_a_list_that_may_be_needs_or_donations_is_asked_for(tmp_path: Path) -> None:
    text = "Product,Qty\nrice,5\nbeans,6\n"
    with pytest.raises(RunError, match="None of"):
        made(tmp_path, {"list.csv": text})
    case = made(
        tmp_path,
        {"list.csv": text, "需求.csv": NEEDS},
        ask=lambda q, c, p: "donations" if "Which" in q else "",
    )
    assert table(case, "donations")["item"].tolist() == ["rice", "beans"]


def test_who_asks_for_the_same_twice_is_named(tmp_path: Path) -> None:
    text = "Agency,Item,Qty,Phone\nA,rice,5,555-1\nA,rice,5,555-1\nA,soap,1,555-1\n"
    case = made(tmp_path, {"orders.csv": text, "donations.csv": DONATIONS})
    assert "in rows 2 and 3" in case.page
    assert len(table(case, "needs")) == 3


def test_goods_that_are_still_with_the_donor_have_no_origin(tmp_path: Path) -> None:
    text = "Donor,Item,Qty,Location\nKroger,rice,5,Donor dock\nALDI,rice,5,Main Warehouse\n"
    case = made(tmp_path, {"donations.csv": text, "needs.csv": NEEDS})
    assert table(case, "donations")["origin"].tolist() == ["", "Main Warehouse"]
    assert "«Donor dock»" in case.page


# --- ids, packages -----------------------------------------------------------------------------


def test_rows_without_ids_keep_their_number_when_rows_are_added(tmp_path: Path) -> None:
    head, rows = "小区,品名,数量\n", ["甲,大米,5\n", "乙,面,6\n", "甲,大米,5\n"]
    before = table(made(tmp_path, {"需求.csv": head + "".join(rows), "捐赠.csv": DONATIONS}), "needs")
    after = table(
        made(tmp_path, {"需求.csv": head + "丙,油,1\n" + "".join(rows), "捐赠.csv": DONATIONS}), "needs"
    )
    assert before["need_id"].tolist() == after["need_id"].tolist()[1:]
    assert before["need_id"].is_unique


def test_ids_that_two_lists_share_are_told_apart(tmp_path: Path) -> None:
    lists = {
        "东街需求.csv": "序号,小区,品名,数量\n1,甲,大米,5\n",
        "西街需求.csv": "序号,小区,品名,数量\n1,乙,大米,6\n",
    }
    needs = table(made(tmp_path, {**lists, "捐赠.csv": DONATIONS}), "needs")
    assert needs["need_id"].tolist() == ["东街需求-1", "西街需求-1"]


def test_the_tables_are_a_data_package(tmp_path: Path) -> None:
    case = made(tmp_path, {"需求.csv": NEEDS, "捐赠.csv": DONATIONS})
    package = json.loads((case.folder / "datapackage.json").read_text("utf-8"))
    needs, donations = package["resources"]
    assert (needs["path"], needs["schema"]["primaryKey"]) == ("needs.csv", ["need_id"])
    assert [field["name"] for field in donations["schema"]["fields"]] == list(table(case, "donations"))


def test_a_workbook_of_several_hundred_sheets_and_one_of_remarks_say_what_they_are(tmp_path: Path) -> None:
    file = tmp_path / "remarks.xlsx"
    with xlsxwriter.Workbook(file) as book:
        for k in range(200):
            book.add_worksheet(f"sheet {k}").write(0, 0, "备注：无")
    with pytest.raises(RunError, match="sheet 7"):
        case_of_lists(tmp_path / "case", [file])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("莲花清瘟胶囊（24粒装）13.5万盒", ("莲花清瘟胶囊（24粒装）", "13.5万盒")),
        ("口罩（N95型、一次性口罩）5万只", ("口罩（N95型、一次性口罩）", "5万只")),
        ("酒精500ml*20瓶", ("酒精500ml", "20瓶")),
        ("大米50公斤", ("大米", "50公斤")),
        ("rice 40 bags", ("rice", "40 bags")),
        ("聚维酮碘消毒液1400瓶60箱", "two_quantities"),
        ("双黄连口服液", "no_quantity"),
        ("Milk 1 gal", "no_quantity"),
    ],
)
def test_the_quantity_in_an_item_is_the_number_that_a_unit_follows(text: str, expected: object) -> None:
    got = quantity_in(text)
    assert (got if isinstance(got, tuple) else got.code) == expected
