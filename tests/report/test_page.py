"""The report as a page: its figures are those of the plan, its text is text, the public sees no one."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import handmade
import matchopt
from matchopt import Case, Plan
from matchopt.language import speaking
from matchopt.report import page as pages
from matchopt.report.plan import html
from matchopt.result.plan_tables import tables_of
from matchopt.whatif.wishes import wishes_of
from profiles import examples
from small_case import SmallCase
from strategies import small_cases

NASTY = ("<script>alert(1)</script>", '=HYPERLINK("http://x")', "</script><b>", "a'b\"c&d", "{{ 7*7 }}")


def data_of(page: str) -> dict[str, Any]:
    """Return what the page holds as data."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


class Texts(HTMLParser):
    """The tags of a page, and the text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in not in {"script", "style"}:
            self.said.append(data)


def cells(table: dict[str, Any], k: int) -> list[Any]:
    """Return the cells of a column of a table of the page."""
    column = table["columns"][k]["cells"]
    return [column["texts"][code] for code in column["codes"]] if isinstance(column, dict) else column


def large(rows: int) -> Plan:
    """A plan with as many allocations as asked for: each need has a donation next door."""
    at = np.arange(rows)
    case = Case.from_frames(
        needs=pd.DataFrame(
            {
                "need_id": [f"N{k:06}" for k in at],
                "community": [f"Community {k % 400}" for k in at],
                "item": [f"item {k % 40}" for k in at],
                "quantity": at % 7 + 1,
                "priority": at % 5 + 1,
                "group": [("elderly", "children", "")[k % 3] for k in at],
            }
        ),
        donations=pd.DataFrame(
            {
                "donation_id": [f"D{k:06}" for k in at],
                "donor": [f"Donor {k % 900}" for k in at],
                "item": [f"item {k % 40}" for k in at],
                "quantity": at % 7 + 1,
                "only_communities": [f"Community {k % 400}" for k in at],
            }
        ),
    )
    return matchopt.plan(case)


@examples(0.06)
@given(small=small_cases())
def test_figures_of_the_page_are_those_of_the_plan(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    data = data_of(html(plan))
    for name in ("tiers", "groups", "categories", "channels"):
        chart = data["charts"][name]
        assert sum(chart["served"]) == pytest.approx(plan.served)
        assert sum(chart["served"]) + sum(chart["unmet"]) == pytest.approx(plan.asked)
    by_community = data["tables"]["communities"]
    assert sum(cells(by_community, 1)) == len(plan.needs)
    assert sum(cells(by_community, 6)) == pytest.approx(plan.served)
    shares = cells(by_community, 8)
    assert shares == sorted(shares)
    if "streams" in data["charts"]:
        into = sum(v for a, _, v in data["charts"]["streams"]["links"] if a.startswith("donor|"))
        assert into == pytest.approx(plan.served)
    if "unmet" in data["tables"]:
        assert sum(cells(data["tables"]["unmet"], 7)) == pytest.approx(plan.asked - plan.served)
    if "deliveries" in data["tables"]:
        assert data["tables"]["deliveries"]["rows"] == len(plan.allocations)
    counted = plan.summary["objective"] == "total-cost"
    money = sum(value for kind, value in plan.cost.items() if counted or kind != "unmet")
    drawn = data["charts"].get("costs", {"values": []})["values"]
    assert sum(drawn) == pytest.approx(money, abs=1e-3)


@examples(0.04)
@given(small=small_cases())
def test_what_waits_in_hubs_costs_what_the_plan_says(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    t = tables_of(plan)
    if not t.dated:
        return
    hubs = plan.case.table("hubs").set_index("hub")["storage_cost"]
    hubs = hubs.fillna(plan.case.settings.rates.hub_storage)
    rate = np.array([hubs.get(hub, 0.0) for hub in t.lines["hub"].astype(str)], dtype=float)
    days = (t.lines["leave"] - t.lines["arrival"]).dt.days.where(t.lines["hub"].astype(str) != "", 0)
    assert (days >= 0).all()
    assert (days * rate * t.lines["kg"]).to_numpy() == pytest.approx(
        plan.allocations["storage_cost"].to_numpy(), abs=2e-3
    )


def test_names_come_out_as_text() -> None:
    names = list(NASTY)
    case = Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": names, "community": names, "item": "rice", "quantity": 3, "group": names}
        ),
        donations=pd.DataFrame({"donation_id": names, "donor": names, "item": "rice", "quantity": 2}),
        settings={"rates": {"currency": "<i>"}},
    )
    plan = matchopt.plan(case)
    plain = html(handmade.plan())
    page = html(plan)
    told = Texts(page)
    assert set(told.tags) == set(Texts(plain).tags)
    assert page.count("<script") == plain.count("<script")
    assert "<script>alert(1)" not in page
    assert any("<script>alert(1)</script>" in text for text in told.said)
    assert set(cells(data_of(page)["tables"]["communities"], 0)) == set(names)


def test_the_page_asks_the_network_for_nothing() -> None:
    page = html(handmade.plan())
    text = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!#|data:)', text) == []
    assert "default-src 'none'" in page
    assert "sourceMappingURL" not in page
    assert "url(" not in "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL)).replace(
        "url(data:", ""
    )


def test_figures_have_titles_units_and_words() -> None:
    page = html(matchopt.plan(handmade.case()))
    for chart in data_of(page)["charts"].values():
        assert chart["title"]
        assert chart["unit"]
        assert chart["said"]
        assert chart["title"] in page


def test_an_undated_case_has_no_days() -> None:
    case = Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]}),
    )
    data = data_of(html(matchopt.plan(case)))
    assert "storage" not in data["charts"]
    assert all(column["kind"] != "day" for column in data["tables"]["deliveries"]["columns"])


def test_a_plan_that_serves_nothing_has_a_page() -> None:
    case = Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["oil"], "quantity": [5]}),
    )
    data = data_of(html(matchopt.plan(case)))
    assert "deliveries" not in data["tables"]
    assert data["stories"]["communities"][0]["groups"] == [
        ["nobody in particular", 1, 0, 0, 1, "1: nobody gives this item or a substitute for it"]
    ]


def test_twenty_thousand_allocations_make_less_than_six_megabytes() -> None:
    plan = large(20_000)
    assert len(plan.allocations) == 20_000
    page = html(plan)
    assert len(page.encode()) < 6e6
    assert data_of(page)["tables"]["deliveries"]["rows"] == 20_000


def test_more_rows_than_a_page_holds_are_named_with_the_file_that_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "MOST_ROWS", 50)
    data = data_of(html(large(120)))["tables"]["deliveries"]
    assert data["rows"] == 50
    assert len(cells(data, 0)) == 50
    assert data["note"] == "The first 50 of 120 rows; all of them are in plan/allocations.csv."


def test_the_page_speaks_chinese() -> None:
    with speaking("zh"):
        page = html(handmade.plan())
    assert '<html lang="zh-CN">' in page
    assert data_of(page)["lang"] == "zh"


def test_the_page_says_what_to_ask_for() -> None:
    plan = handmade.city()
    asked = wishes_of(plan, places=1).drop_duplicates("item")
    page = html(plan)
    table = data_of(page)["tables"]["wishes"]
    assert cells(table, 0) == asked["item"].tolist()
    titles = [column["title"] for column in table["columns"]]
    assert cells(table, titles.index("units at this value")) == asked["units"].tolist()
    assert f"{asked['item'].iloc[0]}: " in page
