"""The report as people meet it: opened in a browser without a network, in both languages, wide and narrow."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demo import Demo
from matchopt.cli import app
from once import once

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WIDTHS = (1400, 390)
CHARTS = {
    "en": 11,
    "zh": 11,
    "public": 6,
    "study-en": 7,
    "study-zh": 7,
    "simulate-en": 4,
    "simulate-zh": 4,
    "stress-en": 1,
    "stress-zh": 1,
    "fact-en": 10,
    "fact-zh": 10,
    "track-en": 1,
    "track-zh": 1,
}
"""The pages, and how many charts they have at the least."""

SMALL = {
    "needs": "need_id,community,item,quantity,priority,needed_from\n"
    "N1,Hilltop,rice,4,1,\nN2,Oldtown,rice,6,1,2026-03-06\nN3,Harbour,rice,5,2,\nN4,Harbour,rice,3,3,\n",
    "donations": "donation_id,donor,item,quantity,origin,community,available_from,"
    "available_until,expires_on,reliability\nD1,Mill,rice,9,Hilltop,Hilltop,2026-03-01,2026-03-02,,0.8\n"
    "D2,Dock,rice,4,Harbour,Harbour,2026-03-01,,,0.5\nD3,Dock,milk,4,Harbour,Harbour,2026-03-01,,2026-03-03,\n",
    "communities": "community,latitude,longitude,district,organization\nHilltop,31.00,121.00,North,A\n"
    "Oldtown,31.01,121.00,North,B\nHarbour,31.20,121.00,South,B\n",
    "hubs": "hub,latitude,longitude\nDepot,31.005,121.00\n",
}
"""A case in which things move, wait and spoil, whatever the boundary."""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


def make_pages(folder: Path, demo: Path) -> None:
    """Make all pages that no run folder of the demo holds: its public one, the others of a small case."""

    def run(*arguments: object) -> None:
        assert CliRunner().invoke(app, [str(argument) for argument in arguments]).exit_code == 0

    run("report", demo, "--public", "--lang", "en", "-o", folder / "public.html")
    small, done = folder / "small", folder / "done.csv"
    small.mkdir()
    for name, table in SMALL.items():
        (small / f"{name}.csv").write_text(table, "utf-8")
    done.write_text("donation_id,need_id,quantity\nD1,N1,3\n", "utf-8")
    for lang in ("en", "zh"):
        more = ("-q", "--lang", lang)
        run("study", small, "boundaries", "-o", folder / f"study-{lang}", *more)
        run("simulate", small, "-o", folder / f"simulate-{lang}", *more)
        run("stress", small, "-o", folder / f"stress-{lang}", "--draws", "5", "--workers", "1", *more)
        run("plan", small, "-o", folder / f"fact-{lang}", *more)
        run("track", folder / f"fact-{lang}", "--done", done, "--lang", lang)


@pytest.fixture(scope="module")
def reports(session: Path, english_demo: Demo, chinese_demo: Demo) -> dict[str, Path]:
    """The reports of the demo case: English, Chinese, for the public; and all other pages of a small case."""
    folder = once(session / "pages", lambda folder: make_pages(folder, english_demo.run))
    made = {name: folder / name / "report.html" for name in CHARTS}
    return made | {
        "en": english_demo.run / "report.html",
        "zh": chinese_demo.run / "report.html",
        "public": folder / "public.html",
        "track-en": folder / "fact-en" / "track" / "report.html",
        "track-zh": folder / "fact-zh" / "track" / "report.html",
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


class Visit:
    """A page that was opened, with what it logged and asked for."""

    def __init__(self, browser: Any, file: Path, width: int) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, bypass_csp=True, accept_downloads=True
        )
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on(
            "console", lambda m: self.wrong.append(m.text) if m.type in {"error", "warning"} else None
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
        self.page.wait_for_timeout(500)

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(message.text)


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    opened: list[Visit] = []

    def go(file: Path, width: int = 1400) -> Visit:
        opened.append(Visit(browser, file, width))
        return opened[-1]

    yield go
    for one in opened:
        one.context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", CHARTS)
def test_every_chart_is_drawn_and_nothing_is_asked_for(
    which: str, width: int, reports: dict[str, Path], visit: Any
) -> None:
    seen = visit(reports[which], width)
    assert seen.wrong == []
    assert [url for url in seen.asked if not url.startswith(("file:", "data:"))] == []
    charts = seen.page.evaluate(
        """() => Object.keys(JSON.parse(document.getElementById("data").textContent).charts).map((id) => {
            const place = document.getElementById("c-" + id);
            const made = place && echarts.getInstanceByDom(place);
            const series = made ? made.getOption().series : [];
            return {
              id, points: series.reduce((n, s) => n + (s.data || s.links || []).length, 0),
              shapes: place ? place.querySelectorAll("svg path").length : 0,
              height: place ? place.clientHeight : 0, label: place ? place.getAttribute("aria-label") : "",
            };
        })"""
    )
    assert len(charts) >= CHARTS[which]
    for chart in charts:
        assert chart["points"] > 0, chart
        assert chart["shapes"] > 0, chart
        assert chart["height"] >= 40, chart
        assert chart["label"], chart
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", [name for name in CHARTS if not name.endswith("-zh")])
def test_no_serious_fault_of_accessibility(
    which: str, width: int, reports: dict[str, Path], visit: Any
) -> None:
    import axe_playwright_python

    seen = visit(reports[which], width)
    seen.page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = seen.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert len(found["passes"]) > 10
    faults = [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]]
    assert faults == []


def column(page: Any, table: str, k: int) -> list[str]:
    """Return the cells of a column as they are shown."""
    rows = page.locator(f"#t-{table} .tabulator-row")
    return [str(rows.nth(r).locator(".tabulator-cell").nth(k).inner_text()) for r in range(rows.count())]


def test_tables_sort_by_click(reports: dict[str, Path], visit: Any) -> None:
    page = visit(reports["en"]).page
    before = column(page, "communities", 0)
    title = page.locator("#t-communities .tabulator-col-title").first
    title.click()
    up = column(page, "communities", 0)
    assert up != before
    assert up == sorted(up)
    title.click()
    down = column(page, "communities", 0)
    assert down == sorted(down, reverse=True)


def test_tables_of_a_study_sort_by_click(reports: dict[str, Path], visit: Any) -> None:
    page = visit(reports["study-en"]).page
    page.locator("#t-points .tabulator-col-title").nth(1).click()
    numbers = [float(text) for text in column(page, "points", 1)]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 1


def test_tables_sort_by_the_keyboard(reports: dict[str, Path], visit: Any) -> None:
    page = visit(reports["en"]).page
    page.locator("#t-communities .tabulator-col").nth(1).focus()
    page.keyboard.press("Enter")
    numbers = [int(text) for text in column(page, "communities", 1)]
    assert numbers == sorted(numbers)


def test_tables_filter(reports: dict[str, Path], visit: Any) -> None:
    page = visit(reports["en"]).page
    filters = page.locator("#t-deliveries .tabulator-header-filter input")
    filters.nth(4).press_sequentially("lakeview")
    page.wait_for_timeout(600)
    found = column(page, "deliveries", 4)
    assert found
    assert set(found) == {"Lakeview Community"}
    filters.nth(9).press_sequentially("10")
    page.wait_for_timeout(600)
    assert all(float(text) >= 10 for text in column(page, "deliveries", 9))


def test_tables_are_saved_as_csv_as_they_are_filtered(
    reports: dict[str, Path], visit: Any, tmp_path: Path
) -> None:
    page = visit(reports["zh"]).page
    page.locator("#t-communities .tabulator-header-filter input").first.fill("新村")
    page.wait_for_timeout(600)
    with page.expect_download() as waiting:
        page.locator("button.export[data-table=communities]").click()
    waiting.value.save_as(tmp_path / "saved.csv")
    content = (tmp_path / "saved.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert len(rows) == 2
    assert "新村" in rows[1][0]
    assert int(rows[1][1]) == 22


def test_what_is_picked_is_told(reports: dict[str, Path], visit: Any) -> None:
    page = visit(reports["en"]).page
    story = page.locator("#story-community")
    assert "are served in full" in story.inner_text()
    elderly = story.locator("tr", has=page.locator("th", has_text="elderly")).first
    assert elderly.locator("td").all_inner_texts() == ["4", "2", "0", "2"]
    page.locator("#pick-donor").select_option(label="Lanjiang Supermarkets")
    assert "units offered" in page.locator("#story-donor").inner_text()
