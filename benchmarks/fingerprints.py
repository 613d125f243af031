"""Fingerprints of all that the commands print and write, on some sixty fixed cases.

    python -m benchmarks.fingerprints write OLD.json --keep OLD      # before a change
    python -m benchmarks.fingerprints write NEW.json --keep NEW      # after it
    python -m benchmarks.fingerprints compare OLD.json NEW.json --keep OLD NEW [--words FILE]

shows whether a change of the code changes a plan or a word; `PYTHONPATH=elsewhere/src` takes the code of
another place. The tables of a run are taken byte for byte, all else without times, versions and places on
this machine. Only the command line is asked, so that whatever is behind it may be renamed; the cases are
drawn here, with fixed seeds. Each line of `--words` has a pattern, a tab and what it becomes: what was
renamed on purpose is made equal on both sides.
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
Row = dict[str, Any]

VOLATILE = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", "<time>"),  # when it was written
    (r'("(?:timings|versions)": )\{[^}]*\}', r"\1<volatile>"),  # of the manifest: seconds, libraries
    (r'("matchopt": )"[^"]*"', r"\1<version>"),
    (r"\bmatchopt \d+\.\d+\.\d+\w*", "matchopt <version>"),
    (r"\b[0-9a-f]{64}\b", "<hash>"),  # of files that have fingerprints of their own, and of the version
    (r'("seconds": )[\d.]+', r"\1<seconds>"),  # that a case of a batch took
    (r"((?:planned|unchanged|failed),)[\d.]+,", r"\1<seconds>,"),
    (r'("(?:seconds|秒)","kind":"number","cells":)\[[^]]*\]', r"\1<seconds>"),
)
"""What differs from run to run of the same code: patterns, and what stands for what they find."""

EXACT = re.compile(r"/(case|plan)/[^/]+$")
"""Files of a run folder that are taken byte for byte."""

# What is drawn

FEATURES = """days created coordinates lanes agreements substitutions ratios lots steps funds single all few
    capacities budget affinities services cold priorities groups channels unmet horizon reliability extra"""
REFUSING = "shelf quality earmarks exclusions blank"
"""Features under which little is served where they come together: drawn more seldom."""

WHOLE = "ratios lots steps funds single all few capacities budget affinities"
"""Features without which, and without fairness, a case is a transport problem: every fourth case is one."""

POLICIES = (
    ("objective", 4, ("coverage-first", "total-cost")),
    ("boundary", 1, ("open", "agreements", "organization", "district", "community")),
    ("reliability", 1, ("expected", "firm", "ignore")),
    ("fairness", 3, ("none", "floor", "leximin", "share")),
)
"""Settings that change from case to case: name, after how many cases, values."""

COLUMNS = {
    "items": """category . food food help | unit extra kg box | weight_kg . - 1 2 0.5 0.3
        step steps - 0.5 2 3 | shelf_life_days shelf - 4 6 9 | cold cold - yes no
        purchase_price funds - 3 1.5 0.4 | name extra - nice""",
    "communities": """name extra - Estate | district . North South | organization . Alpha Beta Gamma
        population . 10 7 100 | latitude coordinates 31.0 31.1 31.25
        longitude coordinates 121.3 121.4 121.45""",
    "hubs": """handling_cost . - 0 0.1 0.5 | storage_cost . - 0 0.1 0.01 | storage_capacity capacities - 3 8
        throughput_capacity capacities 2 5 10 | cold cold yes no | latitude coordinates 31.0 31.1 31.25
        longitude coordinates 121.3 121.4 121.45""",
    "needs": """item . rice $items | quantity . 1 2 3 4 5 6 7 8 | community . $places
        priority priorities - 1 2 9 | group groups - elderly children | needed_from days - +0
        needed_by days - +1 +2 +4 | min_quality quality - - 3 4 | min_remaining_days shelf - 0 2
        unmet_cost unmet - 40 7 0.5 | channel channels - resident public_sector enterprise
        single_source single - yes no | all_or_nothing all - yes no | created_on created -2 -1 +1 +3
        remark extra - first =1+2 先打电话 "quoted",twice""",
    "donations": """item . rice $items $funds | quantity . 2 4 6 8 10 12 14 16 | donor . - Baker Miller
        origin . $places $hubs | community . - $places | available_from days - +0
        available_until days - +1 +4 | expires_on days - +3 +6 +8 | quality quality - 5 4 3
        lot_size lots - 2 3 1.5 | max_communities few - 1 1 2
        only_communities earmarks - - East West;Bridge | only_groups earmarks - - elderly
        reliability reliability - 0.9 0.5 0.25 | created_on created -2 -1 +1 +3 | phone extra - 0571-1""",
    "lanes": """from_place . $places $hubs | to_place . $places $hubs | distance_km . 0 1 2.5 10
        cost_per_kg . - 0.1 1 | lead_days days - 0 1 | capacity_kg capacities - 4 9""",
    "agreements": """from_organization . Alpha Beta Gamma | to_organization . Alpha Beta Gamma
        max_quantity_kg capacities - 5 9 | transfer_cost . - 0.5 0.05""",
    "substitutions": """need_item . rice noodles | donated_item . noodles milk | ratio ratios - 0.5 2 1.5
        penalty . - 0.1 1""",
    "affinities": "donation_id . d0 d1 d2 | need_id . n0 n1 n2 n3 | score . 0 0.5 0.9 1",
    "exclusions": "item . milk noodles | community . $places | group . - elderly",
    "rates": """transport_per_kg_km . 0.002 0.01 1 | handling_direct . - 0 3 | hub_handling . - 0 1
        hub_storage . - 0.5 0.00005 | unmet_cost . - 100 5""",
    "rates.identification": """resident channels 0.5 0.2 | public_sector channels 0.1
        enterprise channels 0.005""",
    "policy": """fair_share . 1 0.5 0.8 | budget budget 3 10 100 | affinity_weight affinities 0.5 10
        churn_cost . - 0.5 10""",
    "horizon": "start horizon 2026-03-01 | end horizon 2026-03-08",
}
"""Columns and settings: name, feature without which it is left out, values; `-` is none, +1 a day later."""

WORDS = """needs=需求 donations=捐赠 communities=社区 hubs=仓库 agreements=协议 items=物资 substitutions=替代
    lanes=线路 affinities=契合 commitments=承诺 exclusions=排除 need_id=需求编号 community=社区 item=物资
    quantity=数量 priority=优先级 group=人群 needed_from=最早送达 needed_by=最晚送达 min_quality=最低质量
    min_remaining_days=最短剩余保质天数 channel=渠道 single_source=单一来源 all_or_nothing=全部或不给
    unmet_cost=未满足代价 created_on=登记日期 donation_id=捐赠编号 donor=捐赠方 origin=所在地 latitude=纬度
    longitude=经度 available_from=可用起 available_until=可用止 expires_on=保质期至 quality=质量
    lot_size=批量 only_communities=限定社区 only_groups=限定人群 max_communities=最多社区数
    reliability=可靠度 name=名称 district=区 organization=机构 population=人口 hub=仓库
    storage_capacity=存储容量 throughput_capacity=吞吐容量 handling_cost=搬运成本 storage_cost=存储成本
    cold=冷藏 from_organization=转出机构 to_organization=转入机构 max_quantity_kg=最大重量
    transfer_cost=转交成本 category=类别 unit=单位 kind=种类 weight_kg=单位重量 shelf_life_days=保质天数
    step=最小步长 purchase_price=采购单价 need_item=需求物资 donated_item=捐赠物资 ratio=折算比例
    penalty=替代代价 from_place=起点 to_place=终点 distance_km=距离公里 cost_per_kg=每公斤运费
    lead_days=在途天数 capacity_kg=线路容量 score=契合度 allocation_id=分配编号 status=状态 yes=是 no=否
    resident=居民 public_sector=公共部门 enterprise=企业 goods=物资 service=服务 funds=资金 accepted=已接受
    in_transit=运输中 delivered=已送达 declined=已拒绝 cancelled=已取消 planned=已计划 rice=大米
    noodles=挂面 milk=牛奶 visit=探访 money=善款 elderly=老人 children=儿童 East=东门 West=西门 Bridge=桥头
    Ferry=渡口 North=北区 South=南区"""
CHINESE = dict(word.split("=") for word in WORDS.split())
"""What headers, choices and names of the drawn cases are in Chinese."""


class Draft:
    """A case drawn with about half of the features: its tables and settings, and how they are written."""

    def __init__(self, number: int) -> None:
        self.random = Random(f"case {number}")
        plain, size = number % 4 == 2, 3 if number % 4 == 2 else 1
        odds = dict.fromkeys(FEATURES.split(), 0.45) | dict.fromkeys(REFUSING.split(), 0.2)
        self.on = {".", *(name for name, chance in odds.items() if self.random.random() < chance)}
        self.on -= set(WHOLE.split()) if plain else set()
        self.on |= {"coordinates"} if "lanes" in self.on else set()  # or most places are out of reach
        self.chinese, self.workbook = number % 4 == 3, number % 6 == 5
        kinds = {"rice": None, "noodles": None, "milk": "goods"}
        kinds |= {"visit": "service"} if "services" in self.on else {}
        places, hubs = ["East", "West", "Bridge", "Ferry"], ["H1", "H2", "West"][: number % 4]
        self.names = {"$places": places, "$hubs": hubs, "$items": list(kinds), "$funds": []}
        if "funds" in self.on:
            kinds["money"], self.names["$funds"] = "funds", ["money"]
        self.tables: dict[str, list[Row]] = {
            "items": [{"item": name, "kind": kind} | self._row("items") for name, kind in kinds.items()]
        }
        self.steps = {row["item"]: float(row.get("step", 1)) for row in self.tables["items"]}
        for table, key, keys in (
            ("communities", "community", places),
            ("hubs", "hub", hubs),
            ("needs", "need_id", [f"n{k}" for k in range(size * self.random.randint(6, 11))]),
            ("donations", "donation_id", [f"d{k}" for k in range(size * self.random.randint(4, 8))]),
        ):
            self.tables[table] = [{key: name} | self._row(table) for name in keys]
        most = {"lanes": 14, "agreements": 6, "substitutions": 4, "affinities": 5, "exclusions": 1}
        for table in sorted(most.keys() & self.on):
            pairs = {tuple(row.values())[:2]: row for row in (self._row(table) for _ in range(most[table]))}
            self.tables[table] = [row for (a, b), row in pairs.items() if a != b or table == "agreements"]
        for row in self.tables["hubs"]:
            if row["hub"] in places or "blank" in self.on:  # a hub in a community lies where that does
                row |= {"latitude": None, "longitude": None}
        self.settings = {
            name: self._row(name) for name in ("horizon", "rates", "rates.identification", "policy")
        }
        policy = {name: values[number // pace % len(values)] for name, pace, values in POLICIES}
        if policy["boundary"] == "agreements" and "agreements" not in self.tables:
            policy["boundary"] = "open"
        if plain:
            policy["fairness"] = "none"
        self.settings["policy"] |= policy
        if "days" not in self.on:
            self.settings["horizon"] = {}

    def _row(self, table: str) -> Row:
        """Draw a row of a table, or a section of the settings."""
        row: Row = {}
        first = date(2026, 3, 1 + self.random.randint(0, 3))
        for part in re.split(r"[|\n]", COLUMNS[table]):
            column, feature, *values = part.split()
            value = self.random.choice([each for value in values for each in self.names.get(value, [value])])
            if feature in self.on and value != "-":
                days = re.fullmatch(r"[+-]\d", value)
                row[column] = str(first + timedelta(int(value))) if days else value
        if "quantity" in row:
            row["quantity"] = f"{float(row['quantity']) * self.steps[row['item']]:g}"
        return row

    def happen(self, lines: list[str]) -> None:
        """Let donors answer to lines of a plan, and a need grow."""
        statuses = ("accepted", "declined", "in_transit", "cancelled", "delivered")
        answers = [{"allocation_id": line, "status": self.random.choice(statuses)} for line in lines]
        self.tables["commitments"] = answers
        need = self.tables["needs"][0]
        need["quantity"] = f"{float(need['quantity']) * 2:g}"

    def said(self, value: str | None) -> str | None:
        """Return a header or a value in the language of the case."""
        if not self.chinese or value is None:
            return value
        return ";".join(CHINESE.get(part, part) for part in value.split(";"))

    def write(self, folder: str) -> str:
        """Write the case into a folder; return what to call it by."""
        sheets: dict[Any, list[list[Any]]] = {}
        for table, rows in self.tables.items():
            columns: list[Any] = list(dict.fromkeys(name for row in rows for name in row))
            if rows:
                cells = [[row.get(name) for name in columns] for row in rows]
                sheets[self.said(table)] = [[self.said(cell) for cell in line] for line in (columns, *cells)]
        Path(folder).mkdir()
        if self.workbook:
            sections = self.settings.items()
            pairs = [[f"{section}.{name}", row[name]] for section, row in sections for name in row]
            _write_workbook(f"{folder}/case.xlsx", sheets | {"settings": [["name", "value"], *pairs]})
            return f"{folder}/case.xlsx"
        lines = []
        for section, row in self.settings.items():
            lines.append(f"[{section}]")
            lines += [
                f"{name} = {row[name] if _number(row[name]) else json.dumps(row[name])}" for name in row
            ]
        Path(folder, "matchopt.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        encoding, delimiter = (
            ("gb18030", ",") if self.chinese else ("utf-8", ",;"[len(self.names["$hubs"]) % 2])
        )
        for sheet, cells in sheets.items():
            with Path(folder, f"{sheet}.csv").open("w", encoding=encoding, newline="") as stream:
                csv.writer(stream, delimiter=delimiter).writerows(cells)
        return folder


def _number(text: str | None) -> bool:
    return re.fullmatch(r"-?[\d.]+", text or "") is not None


def _write_workbook(path: str, sheets: dict[Any, list[list[Any]]]) -> None:
    """Write sheets of cells, the same bytes each time."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        book.set_properties({"created": datetime(2026, 3, 1)})
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(cells):
                sheet.write_row(k, 0, [float(cell) if _number(cell) else cell for cell in row])


# What is run

GOOD = (
    ("needs.csv", "need_id,community,item,quantity\nn1,East,rice,2\n"),
    ("donations.csv", "donation_id,item,quantity,origin\nd1,rice,3,East\n"),
)
BAD = (
    ("needs.csv", ""),
    ("needs.csv", "need_id,comunity,item\nn1,East,rice\n"),
    ("needs.csv", "need_id,community,item,quantity\nn1,East,rice,some\nn2,East,rice,-1\nn3,East,rice,1e30\n"),
    ("needs.csv", "need_id,community,item,quantity\nn1,East,rice,2\nn1,West,rice,2\n"),
    ("needs.csv", "need_id,community,item,quantity,needed_by\nn1,East,rice,2,2026-02-30\n"),
    ("needs.csv", "need_id,community,item,quantity\nn1,East,rice,2,5,6\nn2,East\n"),
    ("donations.csv", "donation_id,item,quantity,origin,quality\nd1,rice,3,?,6\n"),
    ("communities.csv", "community,latitude\nEst,31\n"),
    ("items.csv", "item,kind,cold,step\nrice,good,perhaps,0\n"),
    ("commitments.csv", "donation_id,need_id,quantity,status\nd1,n1,9,accepted\nd2,n1,1,gone\n"),
    ("substitutions.csv", "need_item,donated_item,ratio\nrice,rice,0\nrise,rice,1\n"),
    ("matchopt.toml", '[policy]\nbudgt = 3\nboundary = "wall"\n[rates]\nhub_storage = "x"\n'),
    ("matchopt.toml", "[policy\n"),
    ("notes.csv", "a,b\n1,2\n"),
)
"""Files by which a good case becomes one that the check has something to say of."""

COMMANDS = """batch new check needs plan verify explain wishlist replan report workbook simulate stress study
    compare track"""
HEAVY = ("xlsx-", "43b_")
"""Faults that take all memory, or once did: too dear to try."""


def drawn(number: int, run: Recorder) -> None:
    """Run most commands on a drawn case, the dear ones on every so many."""
    draft, lang = Draft(number), ("en", "en", "zh")[number % 3]
    case = draft.write("case")

    def seldom(every: int, at: int, then: str, otherwise: str = "") -> str:
        return then if number % every == at else otherwise

    run(lang, f"check {case} {seldom(2, 0, '--format json')}")
    run(lang, f"needs {case}")
    shown = seldom(3, 0, "--report", "--no-report")
    run(lang, f"plan {case} -o run {shown} {seldom(8, 1, '--fairness-curve')}")
    run(lang, "verify run")
    run(lang, f"explain run need n0 {seldom(3, 1, '', '--quick')}")
    run(lang, "explain run need n3 --quick")
    run(lang, "explain run donation d1")
    run(lang, f"explain run community {draft.said('East')}")
    run(lang, f"wishlist run --confirm {seldom(5, 2, '1', '0')}")
    made = Path("run", "plan", "allocations.csv")
    lines = [line.split(",")[0] for line in made.read_text("utf-8").split()[1:7]] if made.exists() else []
    done = [
        f"{line},{k % 2},2026-03-{k + 10},{k % 5 + 1},{'spoilt' * (k % 2)}" for k, line in enumerate(lines)
    ]
    Path("done.csv").write_text("\n".join(["allocation_id,quantity,day,satisfaction,cause", *done]), "utf-8")
    run(lang, f"track run --done done.csv {seldom(3, 0, '', '-o track')}")
    draft.happen(lines[:4])
    run(lang, f"replan run {draft.write('later')} -o rerun --no-report")
    run(lang, "verify rerun")
    run(lang, "compare run rerun -o compared.xlsx")
    for every, at, command in (
        (4, 0, "report run --public"),
        (4, 0, "workbook run -o lists.xlsx"),
        (6, 1, f"study {case} boundaries -o study"),
        (6, 4, f"study {case} --vary policy.fairness -o study"),
        (16, 9, f"study {case} modes -o modes"),
        (4, 3, f"simulate {case} --every 3 --time-limit 600 -o simulated"),
        (16, 5, f"stress {case} --draws 6 --workers 1 -o stressed"),
    ):
        if seldom(every, at, command):
            run({"en": "zh", "zh": "en"}[lang], command)


def city_en(run: Recorder) -> None:
    """Run what is not too dear on the demo city."""
    shutil.copytree(ROOT / "data" / "city-en", "case")
    for command in ("plan case -o run", "verify run", "needs case -o needs.xlsx"):
        run("en", command)
    for what in ("need N0014 --quick", "need N0003 --quick", "donation D031", "community Station"):
        run("en", f"explain run {what}")
    for command in ("wishlist run --confirm 0", "report run --public", "workbook run -o lists.xlsx"):
        run("zh", command)


def city_zh(run: Recorder) -> None:
    """Run cheap commands on the Chinese demo city, planned without what has to be searched for."""
    shutil.copytree(ROOT / "data" / "city-zh", "case")
    run("zh", "check case")
    run("zh", "needs case")
    run(
        "zh",
        "plan case -o run --set policy.fairness=none --set policy.budget=0 --set policy.reliability=firm",
    )
    run("zh", "explain run need N0014 --quick")


def beside(source: Path, run: Recorder) -> None:
    """Plan a case that is kept beside the project."""
    shutil.copytree(source, "case")
    run("en", "plan case -o run --no-report")
    run("en", "verify run")


def fault(source: Path, run: Recorder) -> None:
    """Check an input that was hard to read once, and plan it if it can be."""
    shutil.copytree(source.parent, "case")
    case = f"case/{source.name}" if source.suffix == ".xlsx" else "case"
    run("en", f"check {case}")
    run("zh", f"check {case} --format csv")
    run("en", f"plan {case} -o run --no-report")


def bad(run: Recorder) -> None:
    """Check inputs that are wrong."""
    for number, file in enumerate(BAD):
        case = Path(f"bad-{number}")
        case.mkdir()
        for name, text in (*GOOD, file):
            (case / name).write_text(text, "utf-8")
        for lang, form in (("en", "text"), ("zh", "text"), ("en", "json"), ("zh", "csv")):
            run(lang, f"check {case} --format {form}")
        run("en", f"plan {case} -o run-{number}")


def door(run: Recorder) -> None:
    """Ask for help, for empty cases and for what there is not; plan many cases in one go."""
    for lang in ("en", "zh"):
        for command in COMMANDS.split():
            run(lang, f"{command} --help")
        for command in (
            "--help",
            "new new-{}",
            "new book-{} --xlsx",
            "plan nowhere",
            "explain no ned n1",
            "pln",
        ):
            run(lang, command.format(lang))
    for number in (1, 3, 7):
        Draft(number).write(f"case-{number}")
    run("en", "batch case-1 case-3 case-7 new-en -o runs -j 1 --report")
    run("zh", "batch case-1 case-3 -o runs -j 1 --format jsonl")


def cases() -> dict[str, Callable[[Recorder], None]]:
    """Return what is run, by name, the longest first."""
    found: dict[str, Callable[[Recorder], None]] = {"city-en": city_en}
    found |= {f"beside-{case.name}": partial(beside, case) for case in sorted(SHARED.glob("cases/*/"))}
    found |= {"city-zh": city_zh, "door": door, "bad": bad}
    found |= {f"drawn-{number:02}": partial(drawn, number) for number in range(DRAWN)}
    for file in sorted([*SHARED.glob("faults/**/needs.csv"), *SHARED.glob("faults/**/*.xlsx")]):
        name = "-".join(file.parent.relative_to(SHARED / "faults").parts)
        if not name.startswith(HEAVY):
            found[f"fault-{name}"] = partial(fault, file)
    return found


# What is kept of it


class Recorder:
    """Runs commands in a folder and keeps what they print and write, by case, command and file."""

    def __init__(self, case: str, folder: Path) -> None:
        self.case, self.folder, self.count = case, folder, 0
        self.found: dict[str, bytes] = {}
        self.seen: dict[Path, bytes] = {}

    def __call__(self, lang: str, command: str) -> None:
        """Run a command; take what it prints, how it ends, and each file that is new or changed."""
        self._changed()  # what was put there for it
        self.count += 1
        place = f"{self.case}/{self.count:02} {command.split()[0]}"
        out, err, code = io.StringIO(), io.StringIO(), None
        argv = ["matchopt", *command.split(), "--lang", lang]
        with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", argv):
            try:
                main()
            except SystemExit as end:
                code = end.code
        for name, text in {"out": out.getvalue(), "err": err.getvalue(), "exit": str(code or 0)}.items():
            self.found[f"{place}/{name}"] = self._normalised(text)
        for path, content in self._changed().items():
            name = f"{place}/{path.relative_to(self.folder).as_posix()}"
            self.found[name] = (
                content if EXACT.search(name) else self._normalised(_text(path.suffix, content))
            )

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
        return text.encode("utf-8", "surrogateescape")


def _text(suffix: str, content: bytes) -> str:
    """Return the text of a file; of a workbook, the texts of all its parts."""
    if suffix != ".xlsx":
        return content.decode("utf-8", "surrogateescape")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = {name: book.read(name).decode("utf-8", "surrogateescape") for name in book.namelist()}
    return "\n".join(f"== {name}\n{part}" for name, part in parts.items())


def work(name: str, keep: Path | None) -> tuple[dict[str, str], float]:
    """Run a case in a folder of its own; return the fingerprints and the processor time."""
    os.environ |= {"TZ": "UTC", "COLUMNS": "100"}
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # compiled libraries print there
    before = sum(os.times()[:4])
    with tempfile.TemporaryDirectory() as place, chdir(place):
        run = Recorder(name, Path(place).resolve())
        cases()[name](run)
    hashes = {key: hashlib.sha256(content).hexdigest() for key, content in run.found.items()}
    for key, mark in hashes.items():
        if keep is not None and not (keep / f"{mark}.gz").exists():
            (keep / f"{mark}.gz").write_bytes(gzip.compress(run.found[key], 5, mtime=0))
    return hashes, sum(os.times()[:4]) - before


def write(out: Path, keep: Path | None, only: str, workers: int) -> int:
    """Run all cases, or those whose names match, and write their fingerprints."""
    if keep is not None:
        keep = keep.resolve()
        keep.mkdir(parents=True, exist_ok=True)
    if not SHARED.is_dir():
        print("Without the cases that are kept beside the project: they are not here.")
    names = [name for name in cases() if re.search(only, name)]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = dict(zip(names, pool.map(work, names, [keep] * len(names)), strict=True))
    found = {key: mark for hashes, _ in done.values() for key, mark in hashes.items()}
    out.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    spent = {name: seconds for name, (_, seconds) in done.items()}
    dear = ", ".join(f"{name} {spent[name]:.1f}" for name in sorted(spent, key=lambda name: -spent[name])[:5])
    print(f"{len(names)} cases, {len(found):,} fingerprints, {sum(spent.values()):.0f} s of processor time")
    print(f"the dearest: {dear}")
    return 0


def compare(old: Path, new: Path, keep: tuple[Path, Path] | None, words: Path | None, only: str) -> int:
    """List what differs, with the first place where it does; return 1 if anything does."""
    before, after = (json.loads(path.read_text("utf-8")) for path in (old, new))
    listed = words.read_text("utf-8").splitlines() if words else []
    renamed = [line.split("\t") for line in listed if "\t" in line]
    count, keys = (
        0,
        [key for key in sorted(before.keys() | after.keys()) if re.search(only, key.split("/")[0])],
    )
    for key in keys:
        marks = before.get(key), after.get(key)
        if marks[0] == marks[1]:
            continue
        said = "differs" if all(marks) else "is new" if marks[1] else "is gone"
        if all(marks) and keep is not None:
            texts = [_kept(folder / f"{mark}.gz", renamed) for folder, mark in zip(keep, marks, strict=True)]
            if texts[0] == texts[1]:
                continue
            said += _first_difference(texts[0], texts[1])
        count += 1
        print(f"{key} {said}")
    print(f"{count:,} of {len(keys):,} fingerprints differ")
    return int(count > 0)


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
    shown = [repr(text[max(at - around, 0) : at + around]) for text in (old, new)]
    return "".join([f" in line {old.count(chr(10), 0, at) + 1}", *map("\n  {} {}".format, "-+", shown)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(required=True)
    writing, comparing = actions.add_parser("write"), actions.add_parser("compare")
    for action, function, files in ((writing, write, ["out"]), (comparing, compare, ["old", "new"])):
        action.set_defaults(action=function)
        for file in files:
            action.add_argument(file, type=Path)
        action.add_argument("--only", default="", help="pattern of the names of cases")
    writing.add_argument("--keep", type=Path, help="folder for the texts themselves, to compare them later")
    writing.add_argument("--workers", type=int, default=2)
    comparing.add_argument(
        "--keep", type=Path, nargs=2, help="folders of the texts: of the old ones, of the new"
    )
    comparing.add_argument("--words", type=Path, help="file of patterns, a tab, what they become")
    given = vars(parser.parse_args())
    sys.exit(given.pop("action")(**given))
