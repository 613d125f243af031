"""An empty case to fill in, in the language spoken: every table with its columns explained, every setting.

Each table opens with its header and two kinds of remark rows, which the reader skips
because they begin with ``##``: one explains the columns, the others are examples. The
examples of all tables fit together: with their ``## `` deleted they are a case.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from matchopt.contract.fields import Column, Kind, Table
from matchopt.contract.schema import TABLES
from matchopt.contract.settings import FILE, Settings, this_day
from matchopt.errors import RunError, reason_of
from matchopt.language import Language, mark, speaking, spoken, tr

if TYPE_CHECKING:
    import xlsxwriter

REMARK = "## "
EXAMPLES_BEGIN = date(2026, 3, 1)
"""The day that the examples take for today; those of a new case are moved to its own."""

PROPOSED: Mapping[str, str] = {"horizon.start": "today"}
"""Settings that a new case has from the start, though they are no default."""

FROM_EARLIER = frozenset({"commitments"})
"""Tables that come out of an earlier plan: an empty case does not offer them."""

_MORE_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "needs": (
        "need_id|community|item|quantity|group|needed_by|channel",
        "N-002|Old Town|rice|12|children|2026-03-20|public_sector",
        "N-002|老城社区|大米|12|儿童|2026-03-20|社区公共部门",
    ),
    "donations": (
        "donation_id|donor|item|quantity",
        "D-002|Neighbours' Fund|money|500",
        "D-002|邻里互助金|善款|500",
    ),
    "communities": (
        "community|name|district|organization|latitude|longitude|population",
        "Old Town|Old Town Estate|South|City Care|31.20|121.48|3100",
        "老城社区|老城社区居委会|南区|关爱之家|31.20|121.48|3100",
    ),
    "organizations": (
        "organization|name",
        "City Care|City Care Association",
        "关爱之家|关爱之家协会",
    ),
    "items": (
        "item|name|category|unit|shelf_life_days|weight_kg|cold|kind|step",
        "noodles|Noodles, dried|food|kg|360||||",
        "面条|挂面|食品|公斤|360||||",
        "vaccine|Vaccine, one dose|medicine|dose||0.05|yes||",
        "疫苗|疫苗（一剂）|药品|剂||0.05|是||",
        "money|Donated money||CNY||||funds|0.01",
        "善款|捐款||元||||资金|0.01",
    ),
}
"""Further example rows that other examples refer to: columns, then each row in English and in Chinese."""

SETTINGS: Mapping[str, str] = {
    "horizon": mark("Which days are planned"),
    "horizon.start": mark(
        'first planning day, or "today"; without it the first day in needed_from, needed_by and'
        " available_until"
    ),
    "horizon.end": mark(
        "last planning day; without it the last day in needed_from, needed_by, available_from and"
        " available_until"
    ),
    "rates": mark("What things cost where no table says otherwise"),
    "rates.currency": mark("currency that all money is in"),
    "rates.transport_per_kg_km": mark("carrying 1 kg over 1 km"),
    "rates.handling_direct": mark("handling per kg of what goes straight from the donor to the community"),
    "rates.hub_handling": mark(
        "handling per kg, in and out together, in hubs without their own handling_cost"
    ),
    "rates.hub_storage": mark("storage per kg and day in hubs without their own storage_cost"),
    "rates.detour_factor": mark("how much longer roads are than the straight line, 1 or more"),
    "rates.identification": mark("cost of finding out about one unit of need, by who stated it"),
    "rates.unmet_cost": mark("what one unit not served counts as, for needs without their own unmet_cost"),
    "policy": mark("What the plan aims at and what binds it"),
    "policy.objective": mark(
        '"coverage-first": serve as much as possible, priority by priority, then at the least cost;'
        ' "total-cost": the least sum of logistics cost and cost of unmet needs'
    ),
    "policy.boundary": mark(
        'whom a donation with a community may serve: "community", "district", "organization" (the same'
        ' one only), "agreements" (and partners by agreement) or "open" (anybody)'
    ),
    "policy.fairness": mark(
        'how even the plan is between communities in each category of items: "none" does not look;'
        ' "floor" lifts the smallest coverage as high as it can be, "leximin" then the second smallest and'
        ' so on; "share" gives each its share of the supply by population'
    ),
    "policy.fair_share": mark('part of its fair share that each community gets under fairness "share", 0..1'),
    "policy.reliability": mark(
        'donations that may not turn up: "expected" plans quantity x reliability, "firm" only those that'
        ' are certain, "ignore" all in full'
    ),
    "policy.budget": mark("limit of what is really spent, purchases aside; 0 is no limit"),
    "policy.affinity_weight": mark(
        "cost per served unit of a donation and a need that do not fit at all (score 0) by the table"
        " affinities; 0 leaves that table without effect"
    ),
    "policy.churn_cost": mark(
        "cost per planned line that a new plan changes; without the table commitments it has no effect"
    ),
    "input": mark("How tables are read where they do not say it themselves"),
    "input.coordinates": mark(
        'what latitude and longitude are given in: "WGS-84" (GPS), or as maps in China have them, "GCJ-02"'
        ' (Amap, Tencent) or "BD-09" (Baidu)'
    ),
    "input.dates": mark(
        'order of days such as 3/4/2026: "mdy" month first, "dmy" day first, "ask" what the column shows'
    ),
}
"""Section or setting → what it means."""


def new_case(
    folder: Path,
    language: Language | str = "en",
    *,
    workbook: bool = False,
    today: date | None = None,
    currency: str = "",
) -> Path:
    """Make an empty case in `folder` and return the case: the folder, or the workbook in it.

    Parameters
    ----------
    folder
        A folder that does not exist yet or is empty; or the workbook to make, whose name ends in ``.xlsx``.
    language
        Of headers, explanations and examples.
    workbook
        Make one workbook, named like the folder, instead of CSV files.
    today
        The day on which the examples begin, by default that of the clock.
    currency
        That all money is in; the settings then say so.

    Raises
    ------
    RunError
        If `folder` holds anything, or cannot be written.
    """
    proposed = {**PROPOSED, **({"rates.currency": currency} if currency else {})}
    alone = folder.suffix.lower() == ".xlsx"
    try:
        if os.path.lexists(folder) and (alone or not folder.is_dir() or any(folder.iterdir())):
            raise RunError(
                tr("{folder} exists and is not an empty folder: choose another name", folder=folder)
            )
        (folder.parent if alone else folder).mkdir(parents=True, exist_ok=True)
        case = folder / f"{folder.resolve().name or 'case'}.xlsx" if workbook and not alone else folder
        with speaking(language):
            (_write_workbook if workbook or alone else _write_files)(case, today or this_day(), proposed)
    except OSError as error:
        reason = reason_of(error)
        raise RunError(tr("{folder} cannot be written: {reason}", folder=folder, reason=reason)) from error
    return case


def _offered() -> list[Table]:
    return [table for table in TABLES.values() if table.name not in FROM_EARLIER]


def _zh() -> bool:
    return spoken() is Language.ZH


def headers(table: Table) -> list[str]:
    """Return the headers of `table`."""
    return [column.zh if _zh() else column.name for column in table.columns]


def remark_rows(table: Table, today: date) -> list[list[str]]:
    """Return the remark rows of `table`: the explanation of its columns, then the examples from today on."""
    rows = [[(_zh() and column.example_zh) or column.example for column in table.columns]]
    names, *examples = (line.split("|") for line in _MORE_EXAMPLES.get(table.name, ("",)))
    for cells in examples[_zh() :: 2]:
        given = dict(zip(names, cells, strict=True))
        rows.append([given.get(column.name, "") for column in table.columns])
    for place, column in enumerate(table.columns):
        if column.kind is Kind.DAY:
            for row in rows:
                row[place] = _moved(row[place], today)
    return [[REMARK + row[0], *row[1:]] for row in ([_explained(column) for column in table.columns], *rows)]


def _moved(day: str, today: date) -> str:
    """Return a day of the examples as far from today as it is from the day that they take for it."""
    return str(date.fromisoformat(day) + (today - EXAMPLES_BEGIN)) if day else ""


def _explained(column: Column) -> str:
    """Return what to write in `column`: its meaning, then kind, unit and default in brackets."""
    parts = [tr(column.kind), tr(column.unit)] if column.unit else [tr(column.kind)]
    if column.required:
        parts.append(tr("required"))
    else:
        parts.append(tr("optional"))
        if column.default not in (None, "") and tr("empty is") not in column.said:
            parts.append(f"{tr('empty is')} {_default(column)}")
    return f"{column.said}【{'，'.join(parts)}】" if _zh() else f"{column.said} [{', '.join(parts)}]"


def _default(column: Column) -> str:
    if column.kind is Kind.FLAG:
        return tr("yes") if column.default else tr("no")
    if column.kind is Kind.CHOICE:
        return column.writable[list(column.choices).index(str(column.default))]
    return f"{column.default:g}" if isinstance(column.default, float) else str(column.default)


# --- files -------------------------------------------------------------------------------


def _write_files(folder: Path, today: date, proposed: Mapping[str, str]) -> None:
    files = {f"{table.name}.csv": _csv(table, today) for table in _offered()}
    files[FILE] = settings_text(proposed).encode("utf-8")
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _csv(table: Table, today: date) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([headers(table), *remark_rows(table, today)])
    # Spreadsheets take a CSV for Chinese only when it opens with a byte order mark.
    return text.getvalue().encode("utf-8-sig" if _zh() else "utf-8")


def settings_text(proposed: Mapping[str, str] = PROPOSED) -> str:
    """Return a ``matchopt.toml`` that explains every setting and sets none but those that are proposed."""
    intro = tr("Settings of this case. Each line shows the default; take away its # to change it.")
    lines = [f"# {intro}", ""]
    for section, values in Settings().model_dump().items():
        lines += [f"# {tr(SETTINGS[section])}", f"[{section}]"]
        for name, value in values.items():
            full = f"{section}.{name}"
            line = f'{name} = "{proposed[full]}"' if full in proposed else f"# {name} = {_shown(value)}"
            lines += ["", *_comment(tr(SETTINGS[full])), line]
        lines.append("")
    return "\n".join(lines)


def _comment(text: str, width: int = 96) -> list[str]:
    """Return `text` as comment lines; Chinese breaks nowhere, so it keeps its line."""
    import textwrap

    return textwrap.wrap(text, width, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def _shown(value: Any) -> str:
    """Return the default of a setting as TOML; a day has none, so it shows an example."""
    if value is None:
        return "2026-03-31"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_shown(inner)}" for key, inner in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)


def setting_rows(
    proposed: Mapping[str, str] = PROPOSED,
) -> Iterator[tuple[str, object, str, tuple[str, ...]]]:
    """Yield name, default, meaning and choices of every single setting, for the sheet of settings.

    A setting without a default is a remark with an example, like those of the tables.
    """
    for section, values in Settings().model_dump().items():
        for name, value in values.items():
            full = f"{section}.{name}"
            about = tr(SETTINGS[full])
            if isinstance(value, Mapping):
                for key, inner in value.items():
                    yield f"{full}.{key}", inner, about, ()
            elif full in proposed:
                yield full, proposed[full], about, ()
            elif value is None:
                yield f"{REMARK}{full}", _shown(value), about, ()
            else:
                yield full, value, about, _allowed(section, name)


def _allowed(section: str, name: str) -> tuple[str, ...]:
    """Return the values that a setting may take; none if it is free."""
    values = type(getattr(Settings(), section)).model_fields[name].annotation
    return get_args(values) if get_origin(values) is Literal else ()


# --- a workbook --------------------------------------------------------------------------


def _write_workbook(file: Path, today: date, proposed: Mapping[str, str]) -> None:
    import xlsxwriter

    remark = {"italic": True, "font_color": "#666666", "text_wrap": True, "valign": "top"}
    looks: Mapping[str, Mapping[str, Any]] = {
        "head": {"bold": True, "bg_color": "#DDEBF7", "bottom": 1},
        "about": remark,
        "text": {"num_format": "@"},
        "day": {"num_format": "yyyy-mm-dd"},
        "number": {},
    }
    with xlsxwriter.Workbook(file) as book:
        formats = {name: book.add_format(look) for name, look in looks.items()}
        for table in _offered():
            _add_table(book, table, formats, today)
        _add_settings(book, formats, proposed)


def _add_table(book: xlsxwriter.Workbook, table: Table, formats: Mapping[str, Any], today: date) -> None:
    sheet = book.add_worksheet(table.zh if _zh() else table.name)
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, headers(table), formats["head"])
    about, *examples = remark_rows(table, today)
    sheet.write_row(1, 0, about, formats["about"])
    sheet.set_row(1, 75)
    for place, column in enumerate(table.columns):
        style = formats[_style(column)]
        width = 2 * len(column.zh) if _zh() else len(column.name)
        sheet.set_column(place, place, max(14, width + 4), style)
        for row, cells in enumerate(examples, start=2):
            _write_cell(sheet, row, place, cells[place], column.kind, style)
        if column.choices:
            # From the examples down; a warning only, as other spellings are read as well.
            rule = {"validate": "list", "source": list(column.writable), "error_type": "warning"}
            sheet.data_validation(2, place, 1_048_575, place, rule)


def _style(column: Column) -> str:
    if column.kind is Kind.DAY:
        return "day"
    return "number" if column.kind in (Kind.NUMBER, Kind.WHOLE) else "text"


def _write_cell(sheet: Any, row: int, place: int, text: str, kind: Kind, style: Any) -> None:
    if not text:
        return
    if kind is Kind.DAY:
        day = datetime.combine(date.fromisoformat(text), datetime.min.time())
        sheet.write_datetime(row, place, day, style)
    elif kind in (Kind.NUMBER, Kind.WHOLE):
        sheet.write_number(row, place, float(text), style)
    else:
        sheet.write_string(row, place, text, style)


def _add_settings(book: xlsxwriter.Workbook, formats: Mapping[str, Any], proposed: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(tr("settings"))
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, [tr("setting"), tr("value"), tr("meaning")], formats["head"])
    for place, width in enumerate((36, 18, 110)):
        sheet.set_column(place, place, width)
    for row, (name, value, about, choices) in enumerate(setting_rows(proposed), start=1):
        sheet.write_string(row, 0, name)
        sheet.write(row, 1, value)
        sheet.write_string(row, 2, about)
        if choices:
            sheet.data_validation(row, 1, row, 1, {"validate": "list", "source": list(choices)})
