"""An empty case to fill in: every table with its columns explained, and every setting.

Each table opens with its header and two kinds of remark rows, which the reader skips
because they begin with ``##``: one explains the columns, the others are examples. The
examples of all tables fit together: with their ``## `` deleted they are a case.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from matchopt.contract.fields import Column, Kind, Table
from matchopt.contract.schema import TABLES
from matchopt.contract.settings import FILE, Settings
from matchopt.errors import RunError
from matchopt.language import tr

if TYPE_CHECKING:
    import xlsxwriter

Language = Literal["en", "zh"]

REMARK = "## "
FROM_EARLIER = frozenset({"commitments"})
"""Tables that come out of an earlier plan: an empty case does not offer them."""

_MORE_EXAMPLES: Mapping[str, tuple[Mapping[str, tuple[str, str]], ...]] = {
    "needs": (
        {
            "need_id": ("N-002", "N-002"),
            "community": ("Old Town", "老城社区"),
            "item": ("rice", "大米"),
            "quantity": ("12", "12"),
            "group": ("children", "儿童"),
            "needed_by": ("2026-03-20", "2026-03-20"),
            "channel": ("public_sector", "公共部门"),
        },
    ),
    "donations": (
        {
            "donation_id": ("D-002", "D-002"),
            "donor": ("Neighbours' Fund", "邻里互助金"),
            "item": ("money", "善款"),
            "quantity": ("500", "500"),
        },
    ),
    "communities": (
        {
            "community": ("Old Town", "老城社区"),
            "name": ("Old Town Estate", "老城社区居委会"),
            "district": ("South", "南区"),
            "organization": ("City Care", "关爱之家"),
            "latitude": ("31.20", "31.20"),
            "longitude": ("121.48", "121.48"),
            "population": ("3100", "3100"),
        },
    ),
    "organizations": (
        {"organization": ("City Care", "关爱之家"), "name": ("City Care Association", "关爱之家协会")},
    ),
    "items": (
        {
            "item": ("noodles", "面条"),
            "name": ("Noodles, dried", "挂面"),
            "category": ("food", "食品"),
            "unit": ("kg", "公斤"),
            "shelf_life_days": ("360", "360"),
        },
        {
            "item": ("vaccine", "疫苗"),
            "name": ("Vaccine, one dose", "疫苗（一剂）"),
            "category": ("medicine", "药品"),
            "unit": ("dose", "剂"),
            "weight_kg": ("0.05", "0.05"),
            "cold": ("yes", "是"),
        },
        {
            "item": ("money", "善款"),
            "name": ("Donated money", "捐款"),
            "unit": ("CNY", "元"),
            "kind": ("funds", "资金"),
            "step": ("0.01", "0.01"),
        },
    ),
}
"""Further example rows that other examples refer to: column → English and Chinese cell."""

_KINDS_ZH = {
    Kind.TEXT: "文字",
    Kind.LIST: "列表",
    Kind.CHOICE: "选项",
    Kind.NUMBER: "数字",
    Kind.WHOLE: "整数",
    Kind.DAY: "日期",
    Kind.FLAG: "是或否",
}
_UNITS_ZH = {
    "item units": "物资单位",
    "days": "天",
    "degrees": "度",
    "persons": "人",
    "kg": "公斤",
    "kg/unit": "公斤/单位",
    "kg/day": "公斤/天",
    "km": "公里",
    "currency/unit": "货币/单位",
    "currency/kg": "货币/公斤",
    "currency/kg/day": "货币/公斤/天",
}

SETTINGS: Mapping[str, tuple[str, str]] = {
    "horizon": ("Which days are planned", "计划哪些日子"),
    "horizon.start": (
        "first planning day; without it the earliest day in the tables",
        "计划的第一天；不填为各表中最早的日期",
    ),
    "horizon.end": (
        "last planning day; without it the latest day in the tables",
        "计划的最后一天；不填为各表中最晚的日期",
    ),
    "rates": (
        "What things cost where no table says otherwise",
        "各表没有另外规定时的费用",
    ),
    "rates.currency": ("currency that all money is in", "所有金额的货币"),
    "rates.transport_per_kg_km": ("carrying 1 kg over 1 km", "每公斤每公里的运费"),
    "rates.handling_direct": (
        "handling per kg of what goes straight from the donor to the community",
        "从捐赠方直接送到社区时每公斤的搬运成本",
    ),
    "rates.hub_handling": (
        "handling per kg, in and out together, in hubs without their own handling_cost",
        "没有填写搬运成本的仓库每公斤的搬运成本（出入库合计）",
    ),
    "rates.hub_storage": (
        "storage per kg and day in hubs without their own storage_cost",
        "没有填写存储成本的仓库每公斤每天的存储成本",
    ),
    "rates.detour_factor": (
        "how much longer roads are than the straight line, 1 or more",
        "道路比直线距离长多少倍，不小于 1",
    ),
    "rates.identification": (
        "cost of finding out about one unit of need, by who stated it",
        "了解一单位需求的成本，按需求由谁提出：居民、公共部门、企业",
    ),
    "rates.unmet_cost": (
        "what one unit not served counts as, for needs without their own unmet_cost",
        "没有填写未满足代价的需求，每单位未满足的代价",
    ),
    "policy": ("What the plan aims at and what binds it", "计划的目标和约束"),
    "policy.objective": (
        '"coverage-first": serve as much as possible, priority by priority, then at the least cost;'
        ' "total-cost": the least sum of logistics cost and cost of unmet needs',
        '"coverage-first"：按优先级尽量多满足，再求成本最低；"total-cost"：物流成本与未满足代价之和最低',
    ),
    "policy.boundary": (
        'whom a donation with a community may serve: "community", "district", "organization"'
        ' (the same one only), "agreements" (and partners by agreement) or "open" (anybody)',
        '有募集社区的捐赠可以给谁："community" 同一社区、"district" 同一区、'
        '"organization" 同一机构、"agreements" 同一机构及协议机构、"open" 不限',
    ),
    "policy.fairness": (
        'how even the plan is between communities in each category of items: "none" does not look;'
        ' "floor" lifts the smallest coverage as high as it can be, "leximin" then the second smallest'
        ' and so on; "share" gives each its share of the supply by population',
        '各社区在每类物资上的公平："none" 不考虑；"floor" 先使最低的满足率尽量高；'
        '"leximin" 再使次低的尽量高，依此类推；"share" 按人口给各社区应得的份额',
    ),
    "policy.fair_share": (
        'part of its fair share that each community gets under fairness "share", 0..1',
        '公平方式为 "share" 时，各社区至少得到其应得份额的比例，0 到 1',
    ),
    "policy.reliability": (
        'donations that may not turn up: "expected" plans quantity x reliability,'
        ' "firm" only those that are certain, "ignore" all in full',
        '不一定到位的捐赠："expected" 按数量乘可靠度计划、"firm" 只计划确定的、"ignore" 全部计划',
    ),
    "policy.budget": (
        "limit of the logistics cost, purchases aside; 0 is no limit",
        "物流成本上限（不含采购）；0 为不限",
    ),
    "policy.affinity_weight": (
        "cost per served unit of a donation and a need that do not fit at all (score 0) by the table"
        " affinities; 0 leaves that table without effect",
        "按契合表完全不契合（0 分）时每单位的代价；为 0 时契合表不起作用",
    ),
    "policy.churn_cost": (
        "cost per planned line that a new plan changes; without the table commitments it has no effect",
        "新计划每改动一行原计划的代价；没有承诺表时不起作用",
    ),
}
"""Section or setting → what it means, in English and Chinese."""

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "required": "required",
        "empty is": "empty is",
        "example": "Example",
        "sheet": "settings",
        "setting": "setting",
        "value": "value",
        "meaning": "meaning",
        "yes": "yes",
        "no": "no",
        "intro": "Settings of this case. Each line shows the default; take away its # to change it.",
    },
    "zh": {
        "required": "必填",
        "empty is": "不填为",
        "example": "示例",
        "sheet": "设置",
        "setting": "设置",
        "value": "值",
        "meaning": "含义",
        "yes": "是",
        "no": "否",
        "intro": "本案例的设置。每行列出默认值；去掉行首的 # 并修改即可生效。",
    },
}


def new_case(folder: Path, language: Language = "en", *, workbook: bool = False) -> Path:
    """Make an empty case in `folder` and return the case: the folder, or the workbook in it.

    Parameters
    ----------
    folder
        A folder that does not exist yet or is empty.
    language
        Of headers, explanations and examples.
    workbook
        Make one workbook, named like the folder, instead of CSV files.

    Raises
    ------
    RunError
        If `folder` holds anything, or cannot be written.
    """
    try:
        if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
            raise RunError(
                tr("{folder} exists and is not an empty folder: choose another name", folder=folder)
            )
        folder.mkdir(parents=True, exist_ok=True)
        if workbook:
            case = folder / f"{folder.resolve().name or 'case'}.xlsx"
            _write_workbook(case, language)
            return case
        files = {f"{table.name}.csv": _csv(table, language) for table in _offered()}
        files[FILE] = settings_text(language).encode("utf-8")
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise RunError(
            tr("{folder} cannot be written: {reason}", folder=folder, reason=error.strerror or error)
        ) from error
    return folder


def _offered() -> list[Table]:
    return [table for table in TABLES.values() if table.name not in FROM_EARLIER]


def remark_rows(table: Table, language: Language) -> Iterator[list[str]]:
    """Yield the remark rows of `table`: the explanation of its columns, then the examples."""
    zh = language == "zh"
    rows = [
        [_explained(column, language) for column in table.columns],
        [column.example_zh or column.example if zh else column.example for column in table.columns],
    ]
    rows += [
        [cells.get(column.name, ("", ""))[zh] for column in table.columns]
        for cells in _MORE_EXAMPLES.get(table.name, ())
    ]
    for row in rows:
        yield [REMARK + row[0], *row[1:]]


def headers(table: Table, language: Language) -> list[str]:
    """Return the headers of `table`."""
    return [column.zh if language == "zh" else column.name for column in table.columns]


def _explained(column: Column, language: Language) -> str:
    """Return what to write in `column`: its meaning, then kind, unit and default in brackets."""
    words, zh = _WORDS[language], language == "zh"
    about = column.about_zh if zh else column.about
    parts = [_KINDS_ZH[column.kind] if zh else str(column.kind)]
    if column.unit:
        parts.append(_UNITS_ZH[column.unit] if zh else column.unit)
    if column.required:
        parts.append(words["required"])
    elif column.default not in (None, "") and words["empty is"] not in about:
        parts.append(f"{words['empty is']} {_default(column, language)}")
    return f"{about} [{', '.join(parts)}]" if not zh else f"{about}【{'，'.join(parts)}】"


def _default(column: Column, language: Language) -> str:
    if column.kind is Kind.FLAG:
        return _WORDS[language]["yes" if column.default else "no"]
    if column.kind is Kind.CHOICE:
        return _choices(column, language)[list(column.choices).index(str(column.default))]
    return f"{column.default:g}" if isinstance(column.default, float) else str(column.default)


def _choices(column: Column, language: Language) -> list[str]:
    """Return the values of `column` as one would write them in `language`."""
    if column.kind is Kind.FLAG:
        return [_WORDS[language]["yes"], _WORDS[language]["no"]]
    if language == "zh":
        return [next(name for name in names if not name.isascii()) for names in column.choices.values()]
    return list(column.choices)


def _csv(table: Table, language: Language) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headers(table, language))
    writer.writerows(remark_rows(table, language))
    # Spreadsheets take a CSV for Chinese only when it opens with a byte order mark.
    return text.getvalue().encode("utf-8-sig" if language == "zh" else "utf-8")


def settings_text(language: Language) -> str:
    """Return a ``matchopt.toml`` that explains every setting and sets none."""
    zh = language == "zh"
    lines = [f"# {_WORDS[language]['intro']}", ""]
    for section, values in Settings().model_dump().items():
        lines += [f"# {SETTINGS[section][zh]}", f"[{section}]"]
        for name, value in values.items():
            lines += ["", *_comment(SETTINGS[f"{section}.{name}"][zh]), f"# {name} = {_shown(name, value)}"]
        lines.append("")
    return "\n".join(lines)


def _comment(text: str, width: int = 96) -> list[str]:
    """Return `text` as comment lines; Chinese breaks nowhere, so it keeps its line."""
    import textwrap

    return textwrap.wrap(text, width, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def _shown(name: str, value: Any) -> str:
    """Return the default of a setting as TOML; days have none, so they show an example."""
    if value is None:
        return "2026-03-01" if name == "start" else "2026-03-31"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_shown(key, inner)}" for key, inner in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)


def setting_rows(language: Language) -> Iterator[tuple[str, object, str, tuple[str, ...]]]:
    """Yield name, default, meaning and choices of every single setting, for the sheet of settings.

    A setting without a default is a remark with an example, like those of the tables.
    """
    zh = language == "zh"
    for section, values in Settings().model_dump().items():
        for name, value in values.items():
            full = f"{section}.{name}"
            about = SETTINGS[full][zh]
            if isinstance(value, Mapping):
                for key, inner in value.items():
                    yield f"{full}.{key}", inner, about, ()
            elif value is None:
                yield f"{REMARK}{full}", _shown(name, value), about, ()
            else:
                yield full, value, about, _allowed(section, name)


def _allowed(section: str, name: str) -> tuple[str, ...]:
    """Return the values that a setting may take; none if it is free."""
    values = type(getattr(Settings(), section)).model_fields[name].annotation
    return get_args(values) if get_origin(values) is Literal else ()


def _write_workbook(file: Path, language: Language) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(file) as book:
        formats = {
            "head": book.add_format({"bold": True, "bg_color": "#DDEBF7", "bottom": 1}),
            "about": book.add_format(
                {"italic": True, "font_color": "#666666", "text_wrap": True, "valign": "top"}
            ),
            "text": book.add_format({"num_format": "@"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "number": book.add_format(),
        }
        for table in _offered():
            _add_table(book, table, formats, language)
        _add_settings(book, formats, language)


def _add_table(
    book: xlsxwriter.Workbook, table: Table, formats: Mapping[str, Any], language: Language
) -> None:
    sheet = book.add_worksheet(table.zh if language == "zh" else table.name)
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, headers(table, language), formats["head"])
    about, *examples = remark_rows(table, language)
    sheet.write_row(1, 0, about, formats["about"])
    sheet.set_row(1, 75)
    for place, column in enumerate(table.columns):
        style = formats[_style(column)]
        sheet.set_column(place, place, _width(column, language), style)
        for row, cells in enumerate(examples, start=2):
            _write_cell(sheet, row, place, cells[place], column, style)
        if column.choices:
            # From the examples down; a warning only, as other spellings are read as well.
            sheet.data_validation(
                2,
                place,
                1_048_575,
                place,
                {"validate": "list", "source": _choices(column, language), "error_type": "warning"},
            )


def _style(column: Column) -> str:
    if column.kind is Kind.DAY:
        return "day"
    return "number" if column.kind in (Kind.NUMBER, Kind.WHOLE) else "text"


def _width(column: Column, language: Language) -> int:
    return max(14, 2 * len(column.zh) + 4 if language == "zh" else len(column.name) + 4)


def _write_cell(sheet: Any, row: int, place: int, text: str, column: Column, style: Any) -> None:
    if not text:
        return
    if column.kind is Kind.DAY:
        sheet.write_datetime(
            row, place, datetime.combine(date.fromisoformat(text), datetime.min.time()), style
        )
    elif column.kind in (Kind.NUMBER, Kind.WHOLE):
        sheet.write_number(row, place, float(text), style)
    else:
        sheet.write_string(row, place, text, style)


def _add_settings(book: xlsxwriter.Workbook, formats: Mapping[str, Any], language: Language) -> None:
    words = _WORDS[language]
    sheet = book.add_worksheet(words["sheet"])
    sheet.freeze_panes(1, 0)
    head: Sequence[str] = [words["setting"], words["value"], words["meaning"]]
    sheet.write_row(0, 0, head, formats["head"])
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 2, 110)
    for row, (name, value, about, choices) in enumerate(setting_rows(language), start=1):
        sheet.write_string(row, 0, name)
        sheet.write(row, 1, value)
        sheet.write_string(row, 2, about)
        if choices:
            sheet.data_validation(row, 1, row, 1, {"validate": "list", "source": list(choices)})
