"""Settings under Chinese names, as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from matchopt.contract.setting_names import NAMES, VALUES, in_english
from matchopt.contract.settings import Settings
from matchopt.errors import CaseError
from matchopt.language import speaking


def leaves(settings: dict[str, object], section: str = "") -> set[str]:
    """Return all settings and sections by their full names."""
    found = set[str]()
    for name, value in settings.items():
        found.add(path := f"{section}.{name}".strip("."))
        found |= leaves(value, path) if isinstance(value, dict) else set()
    return found


def test_every_setting_and_choice_has_a_chinese_name() -> None:
    assert set(NAMES) == leaves(Settings().model_dump())
    for path, values in VALUES.items():
        section, _, name = path.partition(".")
        annotation = Settings.model_fields[section].annotation
        assert annotation is not None
        choices = annotation.model_fields[name].annotation.__args__
        assert path == "horizon.start" or set(values) == set(choices)


def test_no_chinese_name_means_two_things() -> None:
    for section in {path.rpartition(".")[0] for path in NAMES}:
        beside = [
            name for path, names in NAMES.items() if path.rpartition(".")[0] == section for name in names
        ]
        assert len(set(beside)) == len(beside)
    anywhere = [name for path, names in NAMES.items() if path.count(".") == 1 for name in names]
    assert len(set(anywhere)) == len(anywhere)
    for values in VALUES.values():
        assert len({name for names in values.values() for name in names}) == sum(map(len, values.values()))


@pytest.mark.parametrize(
    "toml",
    [
        '[policy]\nboundary = "district"\nbudget = 100\n',
        "边界政策 = 同一区\n预算 = 100",
        "[政策]\n边界政策 = “同一区” # 跨区另议\n物流预算 = 100  # 元",
        '["政策"]\n"边界政策" = "同一区"\nbudget = 100',
        '[policy]\n边界政策＝仅限本区\n"预算" = 100',
        "policy.边界政策 = 同一区\n政策.预算 = 100",
    ],
)
def test_names_and_values_are_read_as_people_write_them(toml: str) -> None:
    policy = Settings.from_toml(toml).policy
    assert (policy.boundary, policy.budget) == ("district", 100)


def test_changes_may_be_in_chinese() -> None:
    changed = Settings.from_toml("预算 = 100", ["公平=保底公平", "policy.边界政策=不限", "预算=7"])
    assert (changed.policy.fairness, changed.policy.boundary, changed.policy.budget) == ("floor", "open", 7)
    again = changed.changed(["边界政策=同一社区", "需求识别成本.居民=2"])
    assert (again.policy.boundary, again.rates.identification.resident) == ("community", 2)
    assert again.updated({"政策": {"公平": "不考虑"}}).policy.fairness == "none"
    start = Settings.from_toml("[计划期]\n开始日期 = 今天", today=date(2026, 3, 1)).horizon.start
    assert start == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("toml", "column", "problem"),
    [
        ('边界政策 = 同一区\n[policy]\nboundary = "open"', "policy.boundary", "出现了两次"),
        ("[政策]\n边界 = 同一区", "policy.边界", "不是 matchopt 的设置"),
        (
            "[政策]\n边界政策 = 火星",
            "policy.boundary",
            "同一社区、同一区、同一社会组织、有协议的社会组织、不限",
        ),
        ("预算 = 很多", "policy.budget", "不是数字"),
        ("政策 = 3\n预算 = 7", "policy.budget", "出现了两次"),
        ("[政策\n边界政策 = 同一区", "", "TOML"),
        ("= 同一区", "", "TOML"),
    ],
)
def test_what_is_wrong_is_said_in_chinese(toml: str, column: str, problem: str) -> None:
    with speaking("zh"), pytest.raises(CaseError) as error:
        Settings.from_toml(toml)
    (finding,) = error.value.findings
    assert finding.column == column
    assert problem in str(finding)


def test_what_is_no_section_is_left_as_it_is() -> None:
    odd = {"政策": 3, "x": {"公平": "保底公平"}, "rates": {"公平": "不考虑"}}
    assert in_english(odd) == ({"policy": 3, **{key: odd[key] for key in ("x", "rates")}}, [])
