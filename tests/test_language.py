"""Two languages: one catalogue, complete; figures as each writes them; the system's language is heard."""

from __future__ import annotations

import ast
import gettext
import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo import Demo
from matchopt.cli import app
from matchopt.errors import reason_of
from matchopt.language import (
    Language,
    _of_desktop,
    amount,
    day,
    money_unit,
    number,
    of_system,
    said_by_system,
    share,
    speaking,
    spoken,
    tr,
    trn,
)

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src" / "matchopt").rglob("*.py"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_catalogue_has_every_message_in_chinese() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_messages.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrun: python docs/make_messages.py"


def literal(node: ast.expr) -> bool:
    """Tell whether a message can be gathered: a text, or one that was marked where it stands."""
    return not isinstance(node, (ast.JoinedStr, ast.BinOp))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_messages_can_be_gathered(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in {"tr", "mark"}:
                assert literal(node.args[0]), (path.name, node.lineno)
            elif node.func.id == "trn":
                assert all(isinstance(one, ast.Constant) for one in node.args[:2]), (path.name, node.lineno)


def test_figures_as_each_language_writes_them() -> None:
    with speaking("en"):
        assert (number(1234.5), share(0.731), amount(1234.5, "CNY")) == ("1,234.5", "73.1%", "CN¥1,234.50")
        assert amount(1234.5, "points") == "1,234.50 points"
        assert amount(12345.6, "EUR", digits=0) == "€12,346"
        assert day(date(2026, 3, 1)) == "Mar 1, 2026"
        assert (trn("{n} need", "{n} needs", 1), trn("{n} need", "{n} needs", 1200)) == (
            "1 need",
            "1,200 needs",
        )
    with speaking("zh"):
        assert amount(1234.5, "CNY") == "￥1,234.50"
        assert day(date(2026, 3, 1)) == "2026年3月1日"
        assert trn("{n} need", "{n} needs", 1200) == "1,200 项需求"
        assert tr("Overview") == "概览"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "de_DE.UTF-8"}, Language.EN),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, Language.EN),
        ({"LANG": "C", "LANGUAGE": "zh:en"}, Language.ZH),
    ],
)
def test_the_language_of_the_system(
    variables: dict[str, str], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert of_system() is language


@pytest.mark.parametrize(
    ("platform", "told", "language"),
    [
        ("darwin", '(\n    "zh-Hans-CN",\n    "en-CN"\n)\n', Language.ZH),
        ("darwin", '(\n    "en-GB"\n)\n', Language.EN),
        ("darwin", "", None),
        ("linux", "", None),
    ],
)
@pytest.mark.parametrize("lang", ["", "C.UTF-8"])
def test_where_the_variables_are_silent_the_desktop_tells(
    platform: str, told: str, language: Language | None, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", lang)
    monkeypatch.setattr(sys, "platform", platform)
    answer = subprocess.CompletedProcess([], 0, told)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: answer)
    _of_desktop.cache_clear()
    assert said_by_system() is language
    assert of_system() is (language or Language.EN)
    _of_desktop.cache_clear()


@pytest.mark.parametrize("table", ["chinese", "gbk", "english", "accents"])
def test_where_the_system_is_silent_the_case_says_which_language(table: str, tmp_path: Path) -> None:
    rows = {
        "english": "need_id,community,item,quantity\n",
        "accents": "need_id,community,item,quantity,né à\n".replace("à", "à" * 100),
    }
    text = rows.get(table, "需求编号,社区,物资,数量\n")
    (tmp_path / "needs.csv").write_bytes(text.encode("gb18030" if table == "gbk" else "utf-8"))
    silent = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "matchopt", "check", str(tmp_path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **silent},
    )
    assert ("错误" in done.stdout + done.stderr) is (table in ("chinese", "gbk"))


def test_speaking_ends() -> None:
    before = spoken()
    with speaking("zh"):
        assert spoken() is Language.ZH
    assert spoken() is before


def told(*arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "matchopt", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **variables},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", ["", "plan", "check", "new", "verify", "report"])
def test_help_in_chinese(command: str) -> None:
    lines = told(*command.split(), "--help", "--lang", "zh").splitlines()
    assert len([line for line in lines if CHINESE.search(line)]) > 4
    assert told(*command.split(), "--help", LANGUAGE="zh").splitlines() == lines


def test_the_language_asked_for_wins_over_that_of_the_system() -> None:
    assert "Match donations" in told("--lang", "en", "--help", LANGUAGE="zh")


def test_a_plan_in_chinese(chinese_demo: Demo) -> None:
    lines = [line for line in chinese_demo.told.splitlines() if line.strip()]
    words = [line for line in lines if re.search(r"[a-z]{4,} [a-z]{2,} [a-z]{2,}", line)]
    assert words == []
    assert sum(bool(CHINESE.search(line)) for line in lines) > 30


def test_one_command_does_not_leave_its_language_to_the_next(tmp_path: Path) -> None:
    runner = CliRunner()
    assert "已创建" in runner.invoke(app, ["new", str(tmp_path / "a"), "--lang", "zh"]).stdout
    assert "Made the folder" in runner.invoke(app, ["new", str(tmp_path / "b")]).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("plam", "没有命令 'plam'。您是不是想用 'plan'"),
        ("zzz", "没有命令 'zzz'。"),
        ("plan", "缺少 'CASE'。"),
        ("explain a", "缺少 'SUBJECT'"),
        ("plan --outptu x a", "没有选项 --outptu。您是不是想用 --output？"),
        ("plan -z a", "没有选项 -z。"),
        ("plan a b", "多余的参数：b。"),
        ("plan a -o", "选项 '-o' 后面要有一个值。"),
        ("plan a --force=1", "选项 '--force' 不带值。"),
        ("plan a --time-limit x", "'x' 不是数字。"),
        ("plan a --solver x", "'x' 不在可选值之内：'simplex'"),
        ("stress a --draws 1.5", "'1.5' 不是整数。"),
        ("simulate a --every 0", "'0' 小于 1。"),
        ("plan a --set x", "'x' 不是 NAME=VALUE 的形式"),
        ("track a", "缺少选项 '--done'。"),
    ],
)
def test_wrong_usage_is_told_in_chinese(arguments: str, said: str) -> None:
    result = CliRunner().invoke(app, ["--lang", "zh", *arguments.split()])
    assert result.exit_code == 2
    *_, hint, blank, error = result.stderr.splitlines()
    assert hint.startswith("用法说明：`")
    assert not blank
    assert error.startswith("错误：")
    assert said in error
    # Words of English are names of what one may type.
    assert not re.search(r"[a-z]{3,} [a-z]{2,}", error)


def test_what_is_wrong_before_a_language_is_read_is_told_in_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "matchopt", "--tiem", "plan", "--lang=zh"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "错误：没有选项 --tiem。"


BAD = {
    "needs.csv": "need_id,community,item,quantity,priority,needed_by,channel,colour\n"
    "n1,河滨,大米,十,1,2026/13/1,村民,\nn1,河滨,大米,-3,12,1/2/2026,居民,红\nn2,,大米,1.234,1,44000,,\n",
    "donations.csv": "donation_id,item,quantity,quality,expires_on,available_from,latitude,lot_size\n"
    "d1,大米,5%,7,2026-01-01,2026-02-01,,\nd2,大米,1.200.3,,,,91,\nd3,面,5 kg,1,,,,0.7\n",
    "lanes.csv": "from_place,to_place,lead_days\n东,西,x\n",
    "substitutions.csv": "need_item,donated_item\n大米,大米\n",
    "hubs.csv": "hub,latitude,longitude\n北仓,31,\n",
    "notes.txt": "",
    "matchopt.toml": "[policy]\nboundary = 'near'\nbudget = -1\n[rates]\nspeed = 3\n",
}


@pytest.mark.parametrize("left_out", [(), ("matchopt.toml",), ("matchopt.toml", "donations.csv")])
def test_what_is_wrong_with_a_case_is_said_in_chinese(left_out: tuple[str, ...], tmp_path: Path) -> None:
    for name, content in BAD.items():
        if name not in left_out:
            (tmp_path / name).write_text(content, "utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--lang", "zh", "--format", "json"])
    assert result.exit_code == 1
    findings = json.loads(result.stdout)
    assert len(findings) >= 3
    assert [f for f in findings if not CHINESE.search(f["problem"])] == []
    assert [f for f in findings if f["cure"] and not CHINESE.search(f["cure"])] == []


def test_what_is_wrong_with_a_plan_is_said_in_chinese(tmp_path: Path) -> None:
    case, run = tmp_path / "case", tmp_path / "run"
    case.mkdir()
    (case / "needs.csv").write_text("need_id,community,item,quantity\nn,a,rice,3\n", "utf-8")
    (case / "donations.csv").write_text("donation_id,item,quantity\nd,rice,5\n", "utf-8")
    assert CliRunner().invoke(app, ["plan", str(case), "-o", str(run), "-q"]).exit_code == 0
    for name, old, new in (
        ("allocations.csv", ",3,3,", ",9,9,"),
        ("needs.csv", ",3,3,0,", ",3,2,0,late"),
        ("prices.csv", "donation,d", "donation,e"),
        ("summary.json", '"gap": 0', '"gap": 1'),
    ):
        file = run / "plan" / name
        content = file.read_text("utf-8-sig")
        assert old in content, name
        file.write_text(content.replace(old, new), "utf-8")
    result = CliRunner().invoke(app, ["verify", str(run), "--lang", "zh"])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) >= 6
    assert [line for line in lines if not CHINESE.search(line)] == []
    assert CHINESE.search(CliRunner().invoke(app, ["verify", str(case), "--lang", "zh"]).stderr)


def said() -> list[str]:
    """Return all that the program says in Chinese."""
    chinese = gettext.translation("matchopt", ROOT / "src" / "matchopt" / "locale", ["zh"])
    return [text for message, text in chinese._catalog.items() if message]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "word",
    [
        "每单位",
        "个单位",
        "步长",
        "整步",
        "层级",
        "契合",
        "装卸",
        "存储",
        "千克",
        "最差",
        "移交",
        "机构",
        "最少的社区",
        "此价值",
        "原样带入",
        "二十次里",
        "可靠性太低",
        "没有线路或仓库",
        "损失原因",
        "损失数量",
        "守诺",
        "单一来源",
        "全部或不给",
        "需求单位",
        "«",
        "»",
        "¥",
    ],
)
def test_chinese_keeps_to_the_words_of_the_glossary(word: str) -> None:
    """单位 is an organisation or a unit of measure, never a count; what weighs is in 公斤; and so on."""
    assert len(said()) > 1000
    assert [text for text in said() if word in text] == []


def test_money_stands_in_signs_that_gbk_has() -> None:
    with speaking("zh"):
        assert (money_unit("CNY"), money_unit("USD")) == ("元", "USD")
        assert amount(2.5, "CNY").encode("gbk")
    with speaking("en"):
        assert (money_unit("CNY"), amount(2.5, "CNY")) == ("CNY", "CN¥2.50")


def test_chinese_never_says_public_sector_alone() -> None:
    for text in said():
        assert text.count("公共部门") == text.count("社区公共部门")


def test_what_the_system_says_is_said_in_chinese_too() -> None:
    error = OSError(28, "No space left on device")
    with speaking("zh"):
        assert reason_of(error) == "磁盘空间不足"
        assert reason_of(OSError("odd")) == "odd"
    with speaking("en"):
        assert reason_of(error) == "No space left on device"
