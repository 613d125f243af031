"""Chinese names of settings and of their values, read wherever settings are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

NAMES: Mapping[str, tuple[str, ...]] = {
    "horizon": ("计划期",),
    "horizon.start": ("计划开始日期", "开始日期", "计划期第一天"),
    "horizon.end": ("计划结束日期", "结束日期", "计划期最后一天"),
    "rates": ("费率", "费用标准"),
    "rates.currency": ("货币", "币种"),
    "rates.transport_per_kg_km": ("每公斤公里运费", "运费"),
    "rates.handling_direct": ("直达搬运成本",),
    "rates.hub_handling": ("仓库搬运成本",),
    "rates.hub_storage": ("仓库仓储成本",),
    "rates.detour_factor": ("绕行系数",),
    "rates.identification": ("需求识别成本",),
    "rates.identification.resident": ("居民", "市民"),
    "rates.identification.public_sector": ("社区公共部门", "公共部门"),
    "rates.identification.enterprise": ("企业",),
    "rates.unmet_cost": ("未满足代价",),
    "policy": ("政策",),
    "policy.objective": ("目标", "规划目标"),
    "policy.boundary": ("边界政策", "跨区限制"),
    "policy.fairness": ("公平", "公平方式"),
    "policy.fair_share": ("应得份额比例",),
    "policy.reliability": ("可靠度", "可靠度处理"),
    "policy.budget": ("预算", "物流预算"),
    "policy.affinity_weight": ("匹配度权重",),
    "policy.churn_cost": ("改动代价",),
    "input": ("输入", "读入"),
    "input.coordinates": ("坐标系",),
    "input.dates": ("日期顺序",),
}
"""Setting → its names, first the one that is shown."""

VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "horizon.start": {"today": ("今天", "今日")},
    "policy.objective": {
        "coverage-first": ("满足优先", "先求满足"),
        "total-cost": ("总费用最低", "总成本最低"),
    },
    "policy.boundary": {
        "community": ("同一社区", "仅限本社区"),
        "district": ("同一区", "仅限本区"),
        "organization": ("同一社会组织", "同一组织", "同一机构"),
        "agreements": ("有协议的社会组织", "协议组织", "协议机构"),
        "open": ("不限", "开放"),
    },
    "policy.fairness": {
        "none": ("不考虑", "无"),
        "floor": ("保底公平", "保底"),
        "leximin": ("逐级公平", "逐级"),
        "share": ("按人口份额", "人口份额"),
    },
    "policy.reliability": {
        "ignore": ("不考虑", "忽略"),
        "expected": ("按到位概率", "按期望"),
        "firm": ("只用确定的", "仅确定"),
    },
    "input.coordinates": {
        "WGS-84": ("WGS84", "GPS坐标"),
        "GCJ-02": ("GCJ02", "火星坐标", "高德坐标"),
        "BD-09": ("BD09", "百度坐标"),
    },
    "input.dates": {"ask": ("询问", "看本列"), "mdy": ("月在前", "月日年"), "dmy": ("日在前", "日月年")},
}
"""Setting → value → its names, first the one that is shown."""

_SECTIONS = {path.rpartition(".")[0] for path in NAMES} | {""}
_INSIDE = {(path.rpartition(".")[0], name): path for path, names in NAMES.items() for name in names}
_ANYWHERE = {name: path for path, names in NAMES.items() if path.count(".") == 1 for name in names}
_ENGLISH = {
    (path, name): value
    for path, values in VALUES.items()
    for value, names in values.items()
    for name in names
}


def value_shown(path: str, value: str) -> str:
    """Return the Chinese name of a value that a setting may have, or the value itself where it has none."""
    return VALUES.get(path, {}).get(value, (value,))[0]


def in_english(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return settings under their English names, and those that stand twice, in two ways.

    A setting known by its Chinese name alone may stand outside its section.

    Examples
    --------
    >>> in_english({"政策": {"公平": "保底公平"}, "边界政策": "同一区"})
    ({'policy': {'fairness': 'floor', 'boundary': 'district'}}, [])
    """
    found: dict[str, Any] = {}
    twice = []
    for path, value in _leaves(raw, ""):
        *outer, name = path
        inner: Any = found
        for key in outer:
            inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner
        if not isinstance(inner, dict) or name in inner:
            twice.append(".".join(path))
        else:
            inner[name] = value
    return found, twice


def _leaves(raw: Mapping[str, Any], section: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each setting, by its English names, with its value; what is none of ours is left as it is."""
    for key, value in raw.items():
        path = _INSIDE.get((section, key)) or ("" if section else _ANYWHERE.get(key, ""))
        known = path or ".".join(filter(None, (section, key)))
        if known in _SECTIONS and isinstance(value, Mapping) and value:
            yield from _leaves(value, known)
            continue
        written = tuple(path.split(".")) if path else (*filter(None, section.split(".")), key)
        yield written, _ENGLISH.get((known, value.strip()), value) if isinstance(value, str) else value


_SETTING = re.compile(r"(\s*)([^\s#=＝\"'\[][^#=＝\"']*?)\s*[=＝]\s*(.*)")
_SECTION = re.compile(r"(\s*)\[([^\[\]\"']+)\]\s*(#.*)?")
_QUOTED = re.compile(r"[“”]([^“”]*)[“”](.*)")


def in_quotes(toml: str) -> str:
    """Return TOML with quotes around Chinese names and values, which TOML asks for and nobody writes."""
    return "\n".join(line if line.isascii() else _line(line) for line in toml.split("\n"))


def _line(line: str) -> str:
    if found := _SECTION.fullmatch(line):
        return f"{found[1]}[{_name(found[2])}]"
    if not (found := _SETTING.fullmatch(line)):
        return line
    lead, name, value = found.groups()
    if quoted := _QUOTED.fullmatch(value):
        value = f"{_text(quoted[1])}{quoted[2]}"
    elif value[:1] not in ('"', "'", "[", "{"):
        bare, mark, comment = value.partition("#")
        value = f"{bare if bare.isascii() else _text(bare.strip())} {mark}{comment}"
    return f"{lead}{_name(name)} = {value}"


def _name(dotted: str) -> str:
    parts = (part.strip().strip("“”") for part in dotted.split("."))
    return ".".join(part if part.isascii() else _text(part) for part in parts)


def _text(bare: str) -> str:
    escaped = bare.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
