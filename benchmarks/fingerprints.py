"""Fingerprints of all that the commands print and write, on some forty fixed cases.

    python -m benchmarks.fingerprints write OLD.json --keep OLD           # before a change, or with the code
    PYTHONPATH=elsewhere/src python -m benchmarks.fingerprints write ...  # of another place
    python -m benchmarks.fingerprints write NEW.json --keep NEW           # after it
    python -m benchmarks.fingerprints compare OLD.json NEW.json --keep OLD NEW [--words FILE]

shows whether a change of the code changes a plan or a word. The tables of a run are taken byte for byte, all else
without times, versions and places on this machine. Only the command line is asked, so that all the rest may be
renamed; the cases are drawn here, with fixed seeds. Each line of `--words` has a pattern, a tab and what it becomes:
words that were renamed on purpose, made equal on both sides.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir, redirect_stderr, redirect_stdout
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import xlsxwriter

from matchopt.cli import main

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
DRAWN = 34
UNGUARDED = ("xlsx-", "43b_")
"""Faults that take all memory, or once did: too dear to try."""
COMMANDS = (
    "batch new check needs plan verify explain wishlist replan report workbook simulate stress study compare track"
).split()
Row = dict[str, Any]

VOLATILE = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", "<time>"),  # when it was written
    (r'("(?:timings|versions)": )\{[^}]*\}', r"\1<volatile>"),  # of the manifest: seconds, libraries
    (r'("matchopt": )"[^"]*"', r"\1<version>"),
    (r"\bmatchopt \d+\.\d+\.\d+\w*", "matchopt <version>"),
    (r"\b[0-9a-f]{64}\b", "<hash>"),  # of files that have fingerprints of their own, and of the version
    (r'("seconds": )[\d.]+', r"\1<seconds>"),
    (r"\b\d+(\.\d+)? (?:s|seconds|秒)\b", "<seconds>"),  # of each case of a batch
)
"""What differs from run to run of the same code: patterns, and what stands for what they find."""

EXACT = re.compile(r"/(case|plan)/[^/]+$")
"""Files of a run folder that are taken byte for byte."""

FEATURES = set(
    "days created coordinates lanes agreements substitutions ratios lots steps funds single all few capacities"
    " budget affinities services cold priorities groups channels unmet horizon reliability extra".split()
)
REFUSING = set("shelf quality earmarks exclusions blank".split())
"""Features under which little is served where they come together: drawn more seldom."""

POLICIES = (
    ("objective", 2, ("coverage-first", "total-cost")),
    ("boundary", 1, ("open", "agreements", "organization", "district", "community")),
    ("reliability", 1, ("expected", "firm", "ignore")),
    ("fairness", 3, ("none", "floor", "leximin", "share")),
)
"""Settings that change from case to case, every so many cases."""

COLUMNS = {
    "items": """category . food food help | unit extra kg box | weight_kg . - 1 2 0.5 0.3 | step steps - 0.5 2 3
        shelf_life_days shelf - 4 6 9 | cold cold - yes no | purchase_price funds - 3 1.5 0.4 | name extra - nice""",
    "communities": """name extra - Estate | district . North South | organization . Alpha Beta Gamma
        population . 10 7 100 | latitude coordinates 31.0 31.1 31.25 | longitude coordinates 121.3 121.4 121.45""",
    "hubs": """handling_cost . - 0 0.1 0.5 | storage_cost . - 0 0.1 0.01 | storage_capacity capacities - 3 8
        throughput_capacity capacities 2 5 10 | cold cold yes no
        latitude coordinates 31.0 31.1 31.25 | longitude coordinates 121.3 121.4 121.45""",
    "needs": """item . rice $items | quantity . 1 2 3 4 5 6 7 8 | community . $places | priority priorities - 1 2 9
        group groups - elderly children | needed_from days - +0 | needed_by days - +1 +2 +4
        min_quality quality - - 3 4 | min_remaining_days shelf - 0 2 | unmet_cost unmet - 40 7 0.5
        channel channels - resident public_sector enterprise | single_source single - yes no
        all_or_nothing all - yes no | created_on created -2 -1 +1 +3
        remark extra - first =1+2 先打电话 "quoted",twice""",
    "donations": """item . rice $items $funds | quantity . 2 4 6 8 10 12 14 16 | donor . - Baker Miller
        origin . $places $hubs | community . - $places | available_from days - +0 | available_until days - +1 +4
        expires_on days - +3 +6 +8 | quality quality - 5 4 3 | lot_size lots - 2 3 1.5 | max_communities few - 1 1 2
        only_communities earmarks - - East West;Bridge | only_groups earmarks - - elderly
        reliability reliability - 0.9 0.5 0.25 | created_on created -2 -1 +1 +3 | phone extra - 0571-1""",
    "lanes": """from_place . $places $hubs | to_place . $places $hubs | distance_km . 0 1 2.5 10
        cost_per_kg . - 0.1 1 | lead_days days - 0 1 | capacity_kg capacities - 4 9""",
    "agreements": """from_organization . Alpha Beta Gamma | to_organization . Alpha Beta Gamma
        max_quantity_kg capacities - 5 9 | transfer_cost . - 0.5 0.05""",
    "substitutions": """need_item . rice noodles milk | donated_item . milk noodles
        ratio ratios - 0.5 2 1.5 | penalty . - 0.1 1""",
    "affinities": "donation_id . d0 d1 d2 | need_id . n0 n1 n2 n3 | score . 0 0.5 0.9 1",
    "exclusions": "item . milk noodles | community . $places | group . - elderly",
    "rates": """transport_per_kg_km . 0.002 0.01 1 | handling_direct . - 0 3 | hub_handling . - 0 1
        hub_storage . - 0.5 0.00005 | unmet_cost . - 100 5""",
    "rates.identification": "resident channels 0.5 0.2 | public_sector channels 0.1 | enterprise channels 0.00005",
    "policy": "fair_share . 1 0.5 0.8 | budget budget 3 10 100 | affinity_weight affinities 0.5 10 | churn_cost . - 0.5 10",
    "horizon": "start horizon 2026-03-01 | end horizon 2026-03-08",
}
"""The columns and settings that are drawn: name, feature that it belongs to, values. A `-` is none, +1 the day after."""

CHINESE = dict(
    pair.split("=")
    for pair in """needs=需求 donations=捐赠 communities=社区 hubs=仓库 agreements=协议 items=物资 substitutions=替代 lanes=线路
    affinities=契合 commitments=承诺 exclusions=排除 need_id=需求编号 community=社区 item=物资 quantity=数量 priority=优先级
    group=人群 needed_from=最早送达 needed_by=最晚送达 min_quality=最低质量 min_remaining_days=最短剩余保质天数 channel=渠道
    single_source=单一来源 all_or_nothing=全部或不给 unmet_cost=未满足代价 created_on=登记日期 donation_id=捐赠编号 donor=捐赠方
    origin=所在地 latitude=纬度 longitude=经度 available_from=可用起 available_until=可用止 expires_on=保质期至 quality=质量
    lot_size=批量 only_communities=限定社区 only_groups=限定人群 max_communities=最多社区数 reliability=可靠度 name=名称 district=区
    organization=机构 population=人口 hub=仓库 storage_capacity=存储容量 throughput_capacity=吞吐容量 handling_cost=搬运成本
    storage_cost=存储成本 cold=冷藏 from_organization=转出机构 to_organization=转入机构 max_quantity_kg=最大重量
    transfer_cost=转交成本 category=类别 unit=单位 kind=种类 weight_kg=单位重量 shelf_life_days=保质天数 step=最小步长
    purchase_price=采购单价 need_item=需求物资 donated_item=捐赠物资 ratio=折算比例 penalty=替代代价 from_place=起点 to_place=终点
    distance_km=距离公里 cost_per_kg=每公斤运费 lead_days=在途天数 capacity_kg=线路容量 score=契合度 allocation_id=分配编号
    status=状态 yes=是 no=否 resident=居民 public_sector=公共部门 enterprise=企业 goods=物资 service=服务 funds=资金 accepted=已接受
    in_transit=运输中 delivered=已送达 declined=已拒绝 cancelled=已取消 planned=已计划 rice=大米 noodles=挂面 milk=牛奶 visit=探访
    money=善款 elderly=老人 children=儿童 East=东门 West=西门 Bridge=桥头 Ferry=渡口 North=北区 South=南区""".split()
)
"""What headers, choices and names of the drawn cases are in Chinese."""


class Draft:
    """A case drawn with about half of the features: its tables and settings, and how they are written."""

    def __init__(self, number: int) -> None:
        self.random = Random(f"case {number}")
        odds = dict.fromkeys(FEATURES, 0.55) | dict.fromkeys(REFUSING, 0.25)
        self.on = {".", *(name for name in sorted(odds) if self.random.random() < odds[name])}
        self.chinese, self.workbook = number % 4 == 3, number % 6 == 5
        kinds = {"rice": None, "noodles": None, "milk": "goods"}
        kinds |= {"visit": "service"} if "services" in self.on else {}
        places, hubs = ["East", "West", "Bridge", "Ferry"], ["H1", "H2", "West"][: number % 4]
        self.names = {"$places": places, "$hubs": hubs, "$items": list(kinds), "$funds": []}
        if "funds" in self.on:
            kinds["money"] = "funds"
            self.names["$funds"] = ["money"]
        items = [{"item": name, "kind": kind} | self._row("items") for name, kind in kinds.items()]
        self.steps = {row["item"]: float(row.get("step") or 1) for row in items}
        self.tables = {"items": items} | {
            "communities": [{"community": name} | self._row("communities") for name in places],
            "hubs": [{"hub": name} | self._row("hubs") for name in hubs],
            "needs": [{"need_id": f"n{k}"} | self._row("needs") for k in range(self.random.randint(6, 11))],
            "donations": [
                {"donation_id": f"d{k}"} | self._row("donations") for k in range(self.random.randint(4, 8))
            ],
        }
        for table, most in {
            "lanes": 14,
            "agreements": 6,
            "substitutions": 4,
            "affinities": 5,
            "exclusions": 1,
        }.items():
            rows = [self._row(table) for _ in range(most if table in self.on else 0)]
            apart = {tuple(row.values())[:2]: row for row in rows}  # one row for each pair
            self.tables[table] = [row for (a, b), row in apart.items() if a != b or table == "agreements"]
        for row in self.tables["hubs"]:
            if row["hub"] in places or "blank" in self.on:  # a hub in a community lies where that does
                row |= {"latitude": None, "longitude": None}
        self.settings = {
            name: self._row(name) for name in ("horizon", "rates", "rates.identification", "policy")
        }
        self.settings["policy"] |= {
            name: values[number // pace % len(values)] for name, pace, values in POLICIES
        }
        if not self.tables["agreements"] and self.settings["policy"]["boundary"] == "agreements":
            self.settings["policy"]["boundary"] = "open"
        if "days" not in self.on:
            self.settings["horizon"] = {}

    def one(self, *values: str) -> str:
        """Draw one of `values`."""
        return self.random.choice(values)

    def _row(self, table: str) -> Row:
        """Draw a row of a table, or a section of the settings."""
        row: Row = {}
        first = date(2026, 3, 1 + self.random.randint(0, 3))
        for part in re.split(r"[|\n]", COLUMNS[table]):
            column, feature, *values = part.split()
            value = self.one(*(each for value in values for each in self.names.get(value, [value])))
            if feature in self.on and value != "-":
                days = re.fullmatch(r"[+-]\d", value)
                row[column] = str(first + timedelta(int(value))) if days else value
        if "quantity" in row:
            row["quantity"] = f"{float(row['quantity']) * self.steps[row['item']]:g}"
        return row

    def said(self, value: str | None) -> str | None:
        """Return a header or a value in the language of the case."""
        return (
            ";".join(CHINESE.get(part, part) for part in value.split(";"))
            if value and self.chinese
            else value
        )

    def write(self, folder: str) -> str:
        """Write the case into a folder; return what to call it by."""
        sheets = {}
        for table, rows in self.tables.items():
            columns = list(dict.fromkeys(name for row in rows for name in row))
            cells = [[self.said(row.get(name)) for name in columns] for row in rows]
            if rows:
                sheets[self.said(table)] = [list(map(self.said, columns)), *cells]
        Path(folder).mkdir()
        if self.workbook:
            pairs = [
                [f"{section}.{name}", value]
                for section, row in self.settings.items()
                for name, value in row.items()
            ]
            _write_workbook(f"{folder}/case.xlsx", sheets | {"settings": [["name", "value"], *pairs]})
            return f"{folder}/case.xlsx"
        lines = []
        for section, row in self.settings.items():
            said = (value if _is_number(value) else json.dumps(value) for value in row.values())
            lines += [f"[{section}]", *map(" = ".join, zip(row, said, strict=True))]
        (Path(folder) / "matchopt.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        encoding, delimiter = (
            ("gb18030", ",") if self.chinese else ("utf-8", ",;"[len(self.names["$hubs"]) % 2])
        )
        for sheet, cells in sheets.items():
            with (Path(folder) / f"{sheet}.csv").open("w", encoding=encoding, newline="") as stream:
                csv.writer(stream, delimiter=delimiter).writerows(cells)
        return folder


def _is_number(text: str | None) -> bool:
    return re.fullmatch(r"-?[\d.]+", text or "") is not None


def _write_workbook(path: str, sheets: dict[str, list[list[str | None]]]) -> None:
    """Write sheets of cells, the same bytes each time."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        book.set_properties({"created": datetime(2026, 3, 1)})
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(cells):
                sheet.write_row(k, 0, [float(cell) if _is_number(cell) else cell for cell in row])


NEEDS, DONATIONS = "need_id,community,item,quantity\n", "donation_id,item,quantity,origin\n"
GOOD = {"needs.csv": f"{NEEDS}n1,East,rice,2\n", "donations.csv": f"{DONATIONS}d1,rice,3,East\n"}
BAD: dict[str, dict[str, str]] = {
    "no table": {"needs.csv": ""},
    "no column": {"needs.csv": "need_id,comunity,item\nn1,East,rice\n"},
    "no number": {"needs.csv": f"{NEEDS}n1,East,rice,some\nn2,East,rice,-1\nn3,East,rice,1e30\n"},
    "twice": {"needs.csv": f"{NEEDS}n1,East,rice,2\nn1,West,rice,2\n"},
    "unknown places": {
        "communities.csv": "community,latitude\nEst,31\n",
        "donations.csv": f"{DONATIONS}d1,rice,3,?\n",
    },
    "no day": {"needs.csv": "need_id,community,item,quantity,needed_by\nn1,East,rice,2,2026-02-30\n"},
    "unknown setting": {
        "matchopt.toml": '[policy]\nbudgt = 3\nboundary = "wall"\n[rates]\nhub_storage = "x"\n'
    },
    "no TOML": {"matchopt.toml": "[policy\n"},
    "ragged": {"needs.csv": f"{NEEDS}n1,East,rice,2,5,6\nn2,East\n", "notes.csv": "a,b\n1,2\n"},
    "choices": {"items.csv": "item,kind,cold,step\nrice,good,perhaps,0\n", "exclusions.csv": "item\nrise\n"},
    "commitments": {
        "commitments.csv": "donation_id,need_id,quantity,status\nd1,n1,9,accepted\nd2,n1,1,gone\n"
    },
    "numbers": {
        "substitutions.csv": "need_item,donated_item,ratio\nrice,rice,0\n",
        "hubs.csv": "hub\nH1\nH1\n",
    },
}
"""Cases that the check has something to say of: what differs from a good one."""


def drawn(number: int, run: Recorder) -> None:
    """Run most commands on a drawn case, some of them on every third or fourth."""
    draft, lang = Draft(number), ("en", "en", "zh")[number % 3]
    case, every = draft.write("case"), number.__mod__
    run("check", lang, case, *([] if every(2) else ["--format", "json"]))
    run("needs", lang, case)
    run(
        "plan",
        lang,
        case,
        "-o",
        "run",
        "--report" if every(3) == 0 else "--no-report",
        *(["--fairness-curve"] if every(8) == 1 else []),
    )
    run("verify", lang, "run")
    for subject, name in (
        ("need", "n0"),
        ("need", "n3"),
        ("donation", "d1"),
        ("community", draft.said("East")),
    ):
        run("explain", lang, "run", subject, name)
    run("wishlist", lang, "run", "--confirm", "1")
    lines = _lines("run")
    _write_deliveries(lines)
    run("track", lang, "run", "--done", "done.csv", *(["-o", "track"] if every(3) else []))
    _happen(draft, lines)
    run("replan", lang, "run", draft.write("later"), "-o", "rerun", "--no-report")
    run("verify", lang, "rerun")
    run("compare", lang, "run", "rerun", "-o", "compared.xlsx")
    if every(4) == 0:
        run("report", "zh" if lang == "en" else "en", "run", "--public")
        run("workbook", "zh", "run", "-o", "lists.xlsx")
    if every(4) == 1:
        run("study", lang, case, "boundaries", "-o", "study")
    if every(4) == 2:
        run("study", lang, case, "--vary", "policy.fairness", "--vary", "policy.objective", "-o", "study")
    if every(4) == 3:
        run("simulate", lang, case, "--every", "3", "--time-limit", "600", "-o", "simulated")
    if every(16) == 5:
        run("stress", lang, case, "--draws", "6", "--workers", "1", "-o", "stressed")
        run("study", lang, case, "modes", "-o", "modes")


def _lines(folder: str) -> list[str]:
    """Return the ids of the lines of a run."""
    file = Path(folder) / "plan" / "allocations.csv"
    return [line.split(",")[0] for line in file.read_text("utf-8").splitlines()[1:]] if file.exists() else []


def _write_deliveries(lines: list[str]) -> None:
    """Write what became of a plan."""
    rows = [
        f"{line},{k % 3},2026-03-0{k % 7 + 1},{k % 5 + 1},{'' if k % 3 else 'spoilt'}"
        for k, line in enumerate(lines)
    ]
    Path("done.csv").write_text(
        "\n".join(["allocation_id,quantity,day,satisfaction,cause", *rows[:6]]) + "\n", "utf-8"
    )


def _happen(draft: Draft, lines: list[str]) -> None:
    """Let donors answer, and a need grow."""
    statuses = ("accepted", "declined", "in_transit", "cancelled", "delivered")
    draft.tables["commitments"] = [
        {"allocation_id": line, "status": draft.one("", *statuses)} for line in lines[:4]
    ]
    need = draft.tables["needs"][0]
    need["quantity"] = f"{float(need['quantity']) * 2:g}"


def city_en(run: Recorder) -> None:
    """Run what is not too dear on the demo city."""
    shutil.copytree(ROOT / "data" / "city-en", "case")
    run("plan", "en", "case", "-o", "run")
    run("verify", "en", "run")
    run("needs", "en", "case", "-o", "needs.xlsx")
    for what in (
        ("need", "N0014", "--quick"),
        ("need", "N0003", "--quick"),
        ("donation", "D031"),
        ("community", "Station"),
    ):
        run("explain", "en", "run", *what)
    run("wishlist", "zh", "run", "--confirm", "0")
    run("report", "zh", "run", "--public")
    run("workbook", "zh", "run", "-o", "lists.xlsx")


def city_zh(run: Recorder) -> None:
    """Run the cheap commands on the Chinese demo city, planned without what has to be searched for."""
    shutil.copytree(ROOT / "data" / "city-zh", "case")
    run("check", "zh", "case")
    run("needs", "zh", "case")
    cheap = ("policy.fairness=none", "policy.budget=0", "policy.reliability=firm")
    run("plan", "zh", "case", "-o", "run", *(word for change in cheap for word in ("--set", change)))
    run("explain", "zh", "run", "need", "N0014", "--quick")


def shared_case(source: Path, run: Recorder) -> None:
    """Plan a case that is kept beside the project."""
    shutil.copytree(source, "case")
    run("plan", "en", "case", "-o", "run", "--no-report")
    run("verify", "en", "run")


def faults(source: Path, run: Recorder) -> None:
    """Check inputs that were hard to read once, and plan those that can be."""
    for file in sorted([*source.rglob("needs.csv"), *source.rglob("*.xlsx")]):
        name = "-".join(file.parent.relative_to(source).parts)
        if not name.startswith(UNGUARDED):
            shutil.copytree(file.parent, name)
            case = name if file.suffix == ".csv" else f"{name}/{file.name}"
            run("check", "en", case)
            run("check", "zh", case, "--format", "csv")
            run("plan", "en", case, "-o", f"run-{name}", "--no-report")


def bad(run: Recorder) -> None:
    """Check inputs that are wrong."""
    for name, files in BAD.items():
        Path(name).mkdir()
        for file, text in (GOOD | files).items():
            (Path(name) / file).write_text(text, "utf-8")
        for lang, form in (("en", "text"), ("zh", "text"), ("en", "json"), ("zh", "csv")):
            run("check", lang, name, "--format", form)
        run("plan", "en", name, "-o", "run")


def door(run: Recorder) -> None:
    """Ask for help, for empty cases and for what there is not; plan many cases in one go."""
    for lang in ("en", "zh"):
        run("--help", lang)
        for name in COMMANDS:
            run(name, lang, "--help")
        run("new", lang, f"new-{lang}")
        run("new", lang, f"new-{lang}-book", "--xlsx")
        run("plan", lang, "nowhere")
        run("explain", lang, "nowhere", "ned", "n1")
    for number in (1, 3, 5):
        Draft(number).write(f"case-{number}")
    run("batch", "en", "case-1", "case-3", "case-5", "new-en", "-o", "runs", "-j", "1", "--report")
    run("batch", "zh", "case-1", "case-3", "-o", "runs", "-j", "1", "--format", "jsonl")


def cases() -> dict[str, Callable[[Recorder], None]]:
    """Return what is run, by name, the longest first."""
    beside = {f"shared-{path.name}": partial(shared_case, path) for path in sorted(SHARED.glob("cases/*/"))}
    if (SHARED / "faults").is_dir():
        beside["faults"] = partial(faults, SHARED / "faults")
    ours = {f"drawn-{number:02}": partial(drawn, number) for number in range(DRAWN)}
    return {"city-en": city_en, **beside, "city-zh": city_zh, "door": door, "bad": bad, **ours}


# What is kept of a run


class Recorder:
    """Runs commands in a folder and keeps what they print and write, by case, command and file."""

    def __init__(self, case: str, folder: Path) -> None:
        self.case, self.folder = case, folder
        self.found: dict[str, bytes] = {}
        self.seen: dict[Path, bytes] = {}
        self.count = 0

    def __call__(self, command: str, lang: str, *arguments: str) -> None:
        """Run a command; take what it prints, how it ends, and each file that is new or changed."""
        self._changed()  # what was put there for it
        out, err = io.StringIO(), io.StringIO()
        argv = ["matchopt", command, *arguments, "--lang", lang]
        with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", argv):
            try:
                main()
                code: Any = 0
            except SystemExit as end:
                code = end.code
        self.count += 1
        place = f"{self.case}/{self.count:02} {command}"
        printed = {"stdout": out.getvalue(), "stderr": err.getvalue(), "exit": str(code)}
        for name, text in printed.items():
            self.found[f"{place}/{name}"] = self._normalised(text)
        for path, content in self._changed().items():
            name = f"{place}/{path.relative_to(self.folder).as_posix()}"
            exact = EXACT.search(name) is not None
            self.found[name] = content if exact else self._normalised(_text(path.suffix, content))

    def _changed(self) -> dict[Path, bytes]:
        """Return the files that are not as they were when this was asked last."""
        files = {path: path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}
        changed = {path: content for path, content in files.items() if self.seen.get(path) != content}
        self.seen = files
        return changed

    def _normalised(self, text: str) -> bytes:
        """Return a text without what differs from run to run."""
        text = text.replace(str(self.folder), "<folder>")
        for pattern, instead in VOLATILE:
            text = re.sub(pattern, instead, text)
        return text.encode("utf-8", "surrogatepass")


def _text(suffix: str, content: bytes) -> str:
    """Return the text of a file; of a workbook, the texts of all its parts."""
    if suffix != ".xlsx":
        return content.decode("utf-8", "surrogateescape")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "\n".join(
            f"== {name}\n{book.read(name).decode('utf-8', 'replace')}" for name in book.namelist()
        )


def work(name: str, keep: Path | None) -> tuple[dict[str, str], float]:
    """Run a case in a folder of its own; return the fingerprints and the processor time."""
    sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # compiled libraries print there
    before = os.times()
    with tempfile.TemporaryDirectory() as place, chdir(place):
        run = Recorder(name, Path(place).resolve())
        cases()[name](run)
    hashes = {}
    for key, content in run.found.items():
        hashes[key] = hashlib.sha256(content).hexdigest()
        if keep is not None:
            (keep / f"{hashes[key]}.gz").write_bytes(gzip.compress(content, 5, mtime=0))
    return hashes, sum(os.times()[:4]) - sum(before[:4])


def write(out: Path, keep: Path | None, only: str, workers: int) -> None:
    """Run all cases, or those whose names match, and write their fingerprints."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        keep = keep.resolve()
    if not SHARED.is_dir():
        print(f"without the cases in {SHARED}, which is not there")
    names = [name for name in cases() if re.search(only, name)]
    found: dict[str, str] = {}
    spent = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for name, done in [(name, pool.submit(work, name, keep)) for name in names]:
            hashes, spent[name] = done.result()
            found |= hashes
    out.write_text(json.dumps(dict(sorted(found.items())), indent=1, ensure_ascii=False) + "\n", "utf-8")
    dear = sorted(spent, key=lambda name: -spent[name])[:5]
    print(
        f"{len(names)} cases, {len(found):,} fingerprints, {sum(spent.values()):.0f} s of processor time;"
        f" the dearest: {', '.join(f'{name} {spent[name]:.1f}' for name in dear)}"
    )


def compare(old: Path, new: Path, keep: tuple[Path, Path] | None, words: Path | None) -> int:
    """List what differs, with the first place where it does; return how many there are."""
    before, after = (json.loads(path.read_text("utf-8")) for path in (old, new))
    renamed = (
        [line.split("\t") for line in words.read_text("utf-8").splitlines() if "\t" in line] if words else []
    )
    count = 0
    for key in sorted(before.keys() | after.keys()):
        pair = before.get(key), after.get(key)
        if pair[0] == pair[1]:
            continue
        if None in pair or keep is None:
            said = "only before" if pair[1] is None else "only after" if pair[0] is None else "differs"
        else:
            texts = [_kept(folder / f"{mark}.gz", renamed) for folder, mark in zip(keep, pair, strict=True)]
            if texts[0] == texts[1]:
                continue
            said = _first_difference(*texts)
        count += 1
        print(f"{key}: {said}")
    print(f"{count:,} of {len(before.keys() | after.keys()):,} fingerprints differ")
    return count


def _kept(file: Path, renamed: list[list[str]]) -> str:
    """Return a text that was kept, after words were renamed."""
    text = gzip.decompress(file.read_bytes()).decode("utf-8", "surrogateescape")
    for pattern, instead in renamed:
        text = re.sub(pattern, instead, text)
    return text


def _first_difference(old: str, new: str, around: int = 60) -> str:
    """Return the line of the first difference, and what stands there on both sides."""
    pairs = enumerate(zip(old, new, strict=False))
    at = next((k for k, (a, b) in pairs if a != b), min(len(old), len(new)))
    line = old.count("\n", 0, at) + 1
    shown = (text[max(at - around, 0) : at + around].encode("unicode_escape").decode() for text in (old, new))
    return f"line {line}\n  - {next(shown)}\n  + {next(shown)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    writing, comparing = actions.add_parser("write"), actions.add_parser("compare")
    writing.add_argument("out", type=Path)
    writing.add_argument("--keep", type=Path, help="folder for the texts, to compare them word by word")
    writing.add_argument("--only", default="", help="pattern of the names of cases")
    writing.add_argument("--workers", type=int, default=2)
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("--keep", type=Path, nargs=2, help="folders of the texts, of the old ones first")
    comparing.add_argument("--words", type=Path, help="patterns, a tab, what becomes of them")
    given = vars(parser.parse_args())
    if given.pop("action") == "write":
        write(**given)
    else:
        sys.exit(compare(**given) > 0)
