"""An empty case: what a newcomer gets, and that its examples are a case."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from python_calamine import CalamineWorkbook

import matchopt
from matchopt import RunError, Settings, Severity
from matchopt.contract.schema import TABLES, column_named, table_named
from matchopt.language import speak, speaking
from matchopt.tables.read import check_case
from matchopt.tables.template import (
    EXAMPLES_BEGIN,
    FROM_EARLIER,
    REMARK,
    SETTINGS,
    headers,
    new_case,
    remark_rows,
    settings_text,
)

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
OFFERED = [table for table in TABLES.values() if table.name not in FROM_EARLIER]


def use_examples(case: Path, language: Language) -> None:
    """Do what a user does first: take the ``## `` of the example rows away."""
    with speaking(language):
        firsts = {row[0] for table in OFFERED for row in remark_rows(table, EXAMPLES_BEGIN)[1:]}
    if case.is_dir():
        for file in case.glob("*.csv"):
            text = file.read_bytes().decode("utf-8")
            for first in firsts:
                text = text.replace(f"\n{first},", f"\n{first.removeprefix(REMARK)},")
            file.write_bytes(text.encode("utf-8"))
        return
    replace_strings(case, {first: first.removeprefix(REMARK) for first in firsts})


def replace_strings(workbook: Path, changes: dict[str, str]) -> None:
    """Change whole cells of text in a workbook, and nothing else."""
    with zipfile.ZipFile(workbook) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    strings = parts["xl/sharedStrings.xml"].decode("utf-8")
    for old, new in changes.items():
        assert f"<t>{old}</t>" in strings
        strings = strings.replace(f"<t>{old}</t>", f"<t>{new}</t>")
    parts["xl/sharedStrings.xml"] = strings.encode("utf-8")
    with zipfile.ZipFile(workbook, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


@pytest.mark.parametrize("workbook", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_are_a_case_that_plans(tmp_path: Path, language: Language, workbook: bool) -> None:
    case = new_case(tmp_path / "city", language, workbook=workbook)
    use_examples(case, language)
    checked, findings = check_case(case)
    assert [str(f) for f in findings if f.severity is not Severity.NOTE] == []
    assert checked is not None
    assert set(checked.tables) == {table.name for table in OFFERED}
    assert not checked.extras
    plan = matchopt.plan(checked)
    assert (plan.asked, plan.served, plan.gap) == (32, 32, 0)
    assert matchopt.verify(checked, plan) == ()


@pytest.mark.parametrize("workbook", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_case_lacks_nothing_but_rows(tmp_path: Path, language: Language, workbook: bool) -> None:
    case, findings = check_case(new_case(tmp_path / "city", language, workbook=workbook))
    assert case is None
    serious = [(f.code, f.table) for f in findings if f.severity is not Severity.NOTE]
    assert serious == [("no_rows", "needs"), ("no_rows", "donations")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_and_kinds_say_the_same(tmp_path: Path, language: Language) -> None:
    plans = []
    for workbook in (False, True):
        case = new_case(tmp_path / f"{language}-{workbook}", language, workbook=workbook)
        use_examples(case, language)
        plans.append(matchopt.plan(matchopt.read_case(case)))
    assert dict(plans[0].summary) == dict(plans[1].summary)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_is_explained(language: Language) -> None:
    speak(language)
    for table in OFFERED:
        names = headers(table)
        about, example, *_ = remark_rows(table, EXAMPLES_BEGIN)
        assert [column_named(table, name) for name in names] == list(table.columns)
        assert len(about) == len(example) == len(names)
        assert all(len(cell) > 3 for cell in about)
        assert any(cell.removeprefix(REMARK) for cell in example)
        for row in remark_rows(table, EXAMPLES_BEGIN):
            assert row[0].startswith(REMARK)
    needs = remark_rows(TABLES["needs"], EXAMPLES_BEGIN)[0]
    assert ("required" if language == "en" else "必填") in needs[0]


def test_chinese_files_open_in_a_spreadsheet(tmp_path: Path) -> None:
    folder = new_case(tmp_path / "城市", "zh")
    for file in folder.glob("*.csv"):
        assert file.read_bytes().startswith(b"\xef\xbb\xbf"), file.name
    assert (folder / "needs.csv").read_text("utf-8-sig").startswith("需求编号,社区,物资,数量")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_settings_are_all_there_at_their_defaults(language: Language) -> None:
    speak(language)
    text = settings_text()
    proposed = Settings.parse({"horizon": {"start": EXAMPLES_BEGIN}})
    assert Settings.from_toml(text) == proposed
    live = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    live = live.replace("end = 2026-03-31\n", "")
    parsed = Settings.from_toml(live)
    assert parsed == proposed
    assert parsed.model_fields_set == set(Settings.model_fields)
    for section in ("rates", "policy"):
        inner = getattr(parsed, section)
        assert inner.model_fields_set == set(type(inner).model_fields)


def test_every_setting_is_explained_and_nothing_else() -> None:
    names = {
        full
        for section, values in Settings().model_dump().items()
        for full in (section, *(f"{section}.{name}" for name in values))
    }
    assert set(SETTINGS) == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_helps_to_fill_it_in(tmp_path: Path, language: Language) -> None:
    book = new_case(tmp_path / "city", language, workbook=True)
    assert book == tmp_path / "city" / "city.xlsx"
    sheets = CalamineWorkbook.from_path(str(book)).sheet_names
    assert sheets[-1] == ("settings" if language == "en" else "设置")
    assert [table_named(name) for name in sheets[:-1]] == OFFERED
    with zipfile.ZipFile(book) as parts:
        needs = parts.read("xl/worksheets/sheet1.xml").decode("utf-8")
        styles = parts.read("xl/styles.xml").decode("utf-8")
    assert 'state="frozen"' in needs
    assert "yyyy\\-mm\\-dd" in styles or "yyyy-mm-dd" in styles
    choices = "resident,public_sector,enterprise" if language == "en" else "居民,社区公共部门,企业"
    assert f'"{choices}"' in needs.replace("&quot;", '"')
    rows: list[list[Any]] = CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()
    assert rows[2][3] == 20
    assert rows[2][7].isoformat() == "2026-03-01"


@pytest.mark.parametrize("workbook", [False, True])
def test_the_settings_offered_are_the_defaults_from_today_on(tmp_path: Path, workbook: bool) -> None:
    case = new_case(tmp_path / "city", "en", workbook=workbook)
    use_examples(case, "en")
    assert matchopt.read_case(case).settings == Settings.parse({"horizon": {"start": EXAMPLES_BEGIN}})


@pytest.mark.parametrize("workbook", [False, True])
def test_the_examples_take_place_from_the_day_on_which_a_case_is_made(tmp_path: Path, workbook: bool) -> None:
    day = date(2031, 7, 4)
    case = new_case(tmp_path / "city", "en", workbook=workbook, today=day)
    if workbook:
        needs: list[list[Any]] = CalamineWorkbook.from_path(str(case)).get_sheet_by_index(0).to_python()
        assert needs[2][7] == day
        return
    use_examples(case, "en")
    checked, findings = check_case(case, today=day)
    assert [str(f) for f in findings if f.severity is not Severity.NOTE] == []
    assert checked is not None
    assert checked.settings.horizon.start == day
    assert checked.needs["needed_from"].min().date() == day


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_changed_in_the_workbook_are_read(tmp_path: Path, language: Language) -> None:
    case = new_case(tmp_path / "city", language, workbook=True)
    use_examples(case, language)
    replace_strings(case, {"## horizon.end": "horizon.end", "open": "district"})
    settings = matchopt.read_case(case).settings
    assert settings.horizon.end == date(2026, 3, 31)
    assert settings.policy.boundary == "district"


@pytest.mark.parametrize("workbook", [False, True])
def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path, workbook: bool) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "mine.txt", tmp_path / "mine.txt" / "inside"):
        with pytest.raises(RunError, match=r"not an empty folder|cannot be written"):
            new_case(place, workbook=workbook)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("mine.txt", "mine")]


def test_an_empty_folder_may_be_there_already(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    assert new_case(tmp_path / "city") == tmp_path / "city"
    assert (tmp_path / "city" / "matchopt.toml").is_file()


@pytest.mark.parametrize("workbook", [False, True])
def test_a_fresh_case_has_one_line_of_notes(tmp_path: Path, workbook: bool) -> None:
    new_case(tmp_path / "city", workbook=workbook)
    notes = [f for f in check_case(tmp_path / "city")[1] if f.severity == "note"]
    assert [f.code for f in notes] == ["no_rows"]
    assert "hubs" in notes[0].problem


def test_a_name_of_a_workbook_makes_that_workbook(tmp_path: Path) -> None:
    case = new_case(tmp_path / "city.xlsx", workbook=True)
    assert case == tmp_path / "city.xlsx"
    assert case.is_file()
    with pytest.raises(RunError, match="exists"):
        new_case(tmp_path / "city.xlsx")


@pytest.mark.parametrize("workbook", [False, True])
def test_a_new_case_says_its_currency(tmp_path: Path, workbook: bool) -> None:
    case = new_case(tmp_path / "city", workbook=workbook, currency="USD")
    use_examples(case, "en")
    read = check_case(case)[0]
    assert read is not None
    assert read.settings.rates.currency == "USD"


def test_what_is_optional_is_said(tmp_path: Path) -> None:
    about = (new_case(tmp_path / "city") / "needs.csv").read_text("utf-8").splitlines()[1]
    assert "[text, required]" in about
    assert "beneficiary group [text, optional]" in about
    assert "optional, empty is 1" in about
