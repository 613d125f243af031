"""Inputs changed at random, of six kinds: a plan that verifies with no row lost, or findings in words."""

from __future__ import annotations

import contextlib
import random
import re
import resource
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from matchopt import CaseError, plan, read_run, verify
from matchopt.contract.case import Case
from matchopt.errors import Finding, Severity
from matchopt.tables.check import case_from_frames
from matchopt.tables.read import check_case
from profiles import some

IN_ALL = 10_000
UNSEEN = re.compile("[\\0-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
SECONDS, MEGABYTES = 10, 500

TABLES = {
    "needs": """\
need_id,community,item,quantity,priority,group,needed_from,needed_by,min_quality,unmet_cost,remark
N1,East Gate,rice,5,1,elderly,2026-03-02,2026-03-09,2,30,soon
N2,West Gate,rice,4.5,2,,2026-03-01,,,,"a, b"
N3,河滨,oil,"1,000",,children,,2026/3/8,1,9.5,
N4,East Gate,visit,2,3,elderly,,,,,急""",
    "donations": """\
donation_id,donor,item,quantity,origin,community,available_from,expires_on,quality,lot_size,only_groups
D1,Mill,rice,7,H1,,2026-03-01,2026-05-01,5,1,
D2,Ann,oil,200.5,East Gate,West Gate,2026-03-03,,4,,children;elderly
D3,Red Cross,visit,3,West Gate,,,,,,
D4,Mill,noodles,10,H1,,2026-03-01,,3,2,""",
    "communities": """\
community,district,organization,latitude,longitude,population
East Gate,North,Open Hands,30.97,117.47,9400
West Gate,North,Open Hands,30.95,117.46,3700
河滨,South,City Care,30.99,117.49,100""",
    "hubs": "hub,organization,latitude,longitude,storage_capacity,cold\nH1,City Care,30.96,117.48,900,no",
    "items": """\
item,category,unit,kind,weight_kg,step
rice,food,kg,goods,1,0.5
oil,food,L,goods,0.9,0.1
visit,care,visit,service,,1
noodles,food,kg,goods,1,1""",
    "substitutions": "need_item,donated_item,ratio,penalty\nrice,noodles,,1.5",
    "lanes": """\
from_place,to_place,distance_km,lead_days,capacity_kg
H1,East Gate,3.5,1,
East Gate,West Gate,2,,50""",
}
SETTINGS = """[horizon]
start = 2026-03-01
end = 2026-03-20
[rates]
currency = "CNY"   # yuan
identification = { resident = 1.5 }
[policy]
objective = "coverage-first"
boundary = "open"
budget = 0
"""


def listed(text: str) -> list[str]:
    return text.split(" | ")


NASTY = [
    *listed("0 | -1 | 1e308 | 1e-320 | nan | inf | 9e15 | 1e15 | 0.0000001 | 1.5 | 1,5 | 2万"),
    *listed("50箱 | =1+1 | #REF!"),
    *listed("- | 无 | N1 | D1 | rice | RICE | H1 | east-gate | East  Gate | Rice "),
    *listed("ri\u200bce | 合计 | # | ## a | #N/A"),
    *listed("2026-02-30 | 9999-12-31 | 0001-01-01 | 46082 | 3/4/2026 | 2026年3月5日"),
    *listed("2026-03-05 12:00 | true"),
    *listed('" | a"b | 🙂 | e\u0301 | Ａ１ | ٣ | ½ | \ufeff | A0001 | accepted | 9.13E+17 | ;'),
    *listed("； | 5;6 | a;;b | yes"),
    *("", " ", "a\nb", "a\tb", "a\x0bb", "\u2028", "x" * 40_000, "1" * 18),
]
HEADERS = [
    *listed("need_id | 物资 | quantity | Quantity  | unmet | reason | asked (given) | planned"),
    *listed("=a | ## | index"),
    *listed("level_0 | 0 | 🙂 | 数量（件） | latitude | group | donor | hub | None | column 3 | a\nb"),
    *("", " ", "x" * 400),
]
XML = [
    *listed('t="e" | t="s" | t="str" | t="b" | t="inlineStr" | s="9" | r="XFD1048576"'),
    *listed('r="A1" | r="ZZZZ9" | r="5"'),
    *listed("<f>1</f> | <f/> | <v/> | <v>1e999</v> | <v>99999</v> | <c/> | </c> | <row>"),
    *listed("<![CDATA[x]]> | &amp; | &x;"),
    *listed("\0 | <sheets/> | _x0000_ | <is><t>x</t></is> | <mergeCell/> | <!-- -->"),
    *listed('name="needs" | date1904="1"'),
    *('<!DOCTYPE a [<!ENTITY x "y">]>', '<mergeCell ref="A1:XFD1048576"/>', '<mergeCell ref="B2:D4"/>'),
]
OBJECTS: list[Any] = [
    *(
        None,
        float("nan"),
        float("inf"),
        pd.NA,
        pd.NaT,
        True,
        10**400,
        -1,
        1.5,
        1e18,
        b"x",
        (1, 2),
        [1],
        {"a": 1},
    ),
    *(pd.Timestamp("2026-03-05 10:00"), pd.Timestamp("2026-03-05", tz="Asia/Shanghai"), np.datetime64("NaT")),
    *(
        pd.Timedelta(days=1),
        3 + 4j,
        np.int8(3),
        np.float32(0.1),
        object,
        "a\rb",
        "a\0b",
        "\ud800",
        "\x1b[31m",
    ),
]
DTYPES = listed("category | string | Int64 | float32 | boolean | complex | datetime64[ns]")
NAMES = [*HEADERS, None, 5, ("a", "b"), float("nan"), pd.Timestamp("2026-03-01"), "a\0", "\ud800"]
ODD_BYTES = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r",
    b"\r\n",
    b'"',
    b",",
    b";",
    b"\n\n",
    b"\x80",
    b"\xcd\xf2",
    b"[[",
]
ODD_SETTINGS = listed(
    '{} | [] | 1979-05-27T07:32:00Z | inf | """ | -0.0 | 1e400 | true | 07:32:00 | "district"'
)
SETTING_NAMES = listed(
    "policy.budget | rates.x | horizon.start | policy | a.b.c | rates.identification.resident"
)


class Changed:
    """A random change of a case, and where it is written."""

    def __init__(self, kind: str, number: int, folder: Path) -> None:
        self.draw = random.Random(f"{kind} {number}")
        self.folder = folder
        self.rows = {name: [line.split(",") for line in text.split("\n")] for name, text in TABLES.items()}
        self.rows["needs"][2][-2:] = ['"a, b"']
        self.rows["needs"][3][3:5] = ['"1,000"']

    def nasty(self) -> str:
        return self.draw.choice(NASTY)

    def cell(self) -> tuple[list[list[str]], int, int]:
        rows = self.rows[self.draw.choice(["needs", "donations", *TABLES])]
        row = self.draw.randrange(1, len(rows))
        return rows, row, self.draw.randrange(len(rows[row]))

    def text(self, content: str | bytes) -> bytes:
        """Change bytes: flip, cut, double, move, insert what is odd."""
        data = bytearray(content.encode("utf-8") if isinstance(content, str) else content)
        for _ in range(self.draw.randint(1, 4)):
            at = self.draw.randrange(len(data) + 1)
            end = min(len(data), at + self.draw.choice([1, 2, 5, 40]))
            match self.draw.randrange(5):
                case 0:
                    data[at:end] = bytes(self.draw.randrange(256) for _ in range(end - at))
                case 1:
                    del data[at:end]
                case 2:
                    data[at:at] = data[at:end] * self.draw.choice([1, 3])
                case 3:
                    data[at:at] = self.draw.choice(ODD_BYTES)
                case _:
                    data[at:at] = self.nasty().encode("utf-8")
        return bytes(data)

    def write(self, files: Mapping[str, bytes] | None = None) -> Path:
        """Write the case with some files in place of its own."""

        def quoted(cell: str) -> str:
            plain = cell.startswith('"') and cell.endswith('"') and len(cell) > 2
            return cell if plain or not set(cell) & set('",\n;\t') else '"' + cell.replace('"', '""') + '"'

        self.folder.mkdir()
        for name, rows in self.rows.items():
            text = "\n".join(",".join(map(quoted, row)) for row in rows) + "\n"
            (self.folder / f"{name}.csv").write_bytes(text.encode("utf-8"))
        (self.folder / "matchopt.toml").write_text(SETTINGS, encoding="utf-8")
        for name, content in (files or {}).items():
            (self.folder / name).write_bytes(content)
        return self.folder

    def workbook(self) -> Path:
        path = self.folder.with_suffix(".xlsx")
        with xlsxwriter.Workbook(str(path)) as file:
            for name, rows in self.rows.items():
                page = file.add_worksheet(name)
                for r, row in enumerate(rows):
                    for c, cell in enumerate(row):
                        bare = cell.strip('"')
                        if bare.replace(".", "", 1).isdigit():
                            page.write_number(r, c, float(bare))
                        else:
                            page.write_string(r, c, bare[:30_000])
        return path


def of_bytes(changed: Changed) -> Path:
    if changed.draw.random() < 0.25:
        path = changed.workbook()
        path.write_bytes(changed.text(path.read_bytes()))
        return path
    path = changed.write()
    file = changed.draw.choice([*sorted(path.iterdir()), path / "needs.csv", path / "donations.csv"])
    file.write_bytes(changed.text(file.read_bytes()))
    return path


def of_cells(changed: Changed) -> Path:
    for _ in range(changed.draw.randint(1, 3)):
        rows, row, column = changed.cell()
        rows[row][column] = changed.nasty()
    return changed.workbook() if changed.draw.random() < 0.3 else changed.write()


def of_columns(changed: Changed) -> Path:
    for _ in range(changed.draw.randint(1, 3)):
        rows, _, column = changed.cell()
        match changed.draw.randrange(5):
            case 0:
                rows[0][column] = changed.draw.choice(HEADERS)
            case 1:
                header = changed.draw.choice(HEADERS)
                rows[:] = [[*row, header if k == 0 else changed.nasty()] for k, row in enumerate(rows)]
            case 2:
                rows[:] = [[*row[:column], *row[column + 1 :]] for row in rows]
            case 3:
                rows[:] = [[*row, *row[column : column + 1]] for row in rows]
            case _:
                rows.insert(
                    changed.draw.randrange(len(rows) + 1),
                    [changed.nasty()] * changed.draw.choice([1, len(rows[0])]),
                )
    return changed.workbook() if changed.draw.random() < 0.3 else changed.write()


def of_xml(changed: Changed) -> Path:
    path = changed.workbook()
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    names = [
        name
        for name in parts
        if "sheet" in name or "workbook" in name or "Strings" in name or "styles" in name
    ]
    for _ in range(changed.draw.randint(1, 4)):
        name = changed.draw.choice(names)
        text, odd = parts[name], changed.draw.choice(XML)
        marks = [k for k, sign in enumerate(text) if sign in "<> "] or [0]
        at = changed.draw.choice(marks) + changed.draw.randrange(2)
        end = changed.draw.choice([at, at, text.find(">", at) + 1, text.find("<", at), at + 30])
        parts[name] = text[:at] + (" " + odd if "=" in odd and "<" not in odd else odd) + text[max(at, end) :]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text.encode("utf-8", "surrogatepass"))
    return path


def of_frames(changed: Changed) -> dict[str, pd.DataFrame]:
    frames = {}
    for name, rows in changed.rows.items():
        cells = [[cell.strip('"') for cell in row] for row in rows[1:]]
        frames[name] = pd.DataFrame(cells, columns=rows[0], dtype=object)
    for _ in range(changed.draw.randint(1, 3)):
        name = changed.draw.choice(["needs", "donations", *TABLES])
        frames[name] = _changed_frame(changed, frames[name])
    return frames


def _changed_frame(changed: Changed, frame: pd.DataFrame) -> pd.DataFrame:
    column, odd = changed.draw.randrange(frame.shape[1]), changed.draw.choice([*OBJECTS, changed.nasty()])
    columns = [frame.iloc[:, k].reset_index(drop=True) for k in range(frame.shape[1])]
    names: list[Any] = list(frame.columns)
    match changed.draw.randrange(7):
        case 0:
            cells = np.empty(len(frame), dtype=object)
            cells[:] = columns[column].to_list()
            cells[changed.draw.randrange(len(cells))] = odd
            columns[column] = pd.Series(cells, dtype=object)
        case 1:
            with contextlib.suppress(ValueError, TypeError):
                columns[column] = columns[column].astype(
                    pd.api.types.pandas_dtype(changed.draw.choice(DTYPES))
                )
        case 2:
            names[column] = changed.draw.choice(NAMES)
        case 3:
            return frame.set_index(names[column])
        case 4:
            names, columns = [*names, names[column]], [*columns, columns[column]]
        case 5:
            return frame.set_axis([0] * len(frame))
        case _:
            names = [*names, changed.draw.choice(HEADERS)]
            columns = [*columns, pd.Series([str(odd)] * len(frame), dtype=object)]
    whole = pd.concat(columns, axis=1)
    whole.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    return whole


def of_settings(changed: Changed) -> Path:
    text = SETTINGS
    values = [*ODD_SETTINGS, "[" * 2000]
    for _ in range(changed.draw.randint(1, 3)):
        if changed.draw.random() < 0.5:
            text = changed.text(text).decode("utf-8", "replace")
        else:
            text += (
                f"{changed.draw.choice(SETTING_NAMES)} = {changed.draw.choice([*values, changed.nasty()])}\n"
            )
    return changed.write({"matchopt.toml": text.encode("utf-8")})


KINDS: dict[str, Callable[[Changed], Any]] = {
    "bytes": of_bytes,
    "cells": of_cells,
    "columns": of_columns,
    "XML": of_xml,
    "frames": of_frames,
    "settings": of_settings,
}


def read(made: Any) -> tuple[Case | None, tuple[Finding, ...]]:
    if isinstance(made, Path):
        return check_case(made)
    try:
        case = case_from_frames(made)
    except CaseError as error:
        return None, error.findings
    return case, case.findings


@pytest.mark.parametrize("number", some(range(IN_ALL // len(KINDS) + 1), 0.02))
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_input_is_planned_or_told_of(kind: str, number: int, tmp_path: Path) -> None:
    changed = Changed(kind, number, tmp_path / "case")
    made = KINDS[kind](changed)
    begin, room = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    case, findings = read(made)
    for finding in findings:
        assert not UNSEEN.search(str(finding)), ascii(str(finding))
        assert "should not happen" not in str(finding)
    wrong = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert (case is None) == bool(wrong), findings
    if case is not None:
        _check_rows(kind, changed, case, findings)
        done = plan(case)
        assert verify(case, done) == ()
        again = read_run(done.write(tmp_path / "run"))
        assert verify(again.case, again) == ()
    assert time.process_time() - begin < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - room < MEGABYTES * 1024


def _check_rows(kind: str, changed: Changed, case: Case, findings: tuple[Finding, ...]) -> None:
    """Check that each row of the tables that were written is in the case, unless a note names it."""
    if kind in ("bytes", "XML"):
        return
    named = {
        finding.table
        for finding in findings
        if finding.code in ("remarks", "header_row", "no_rows", "merged")
    }
    for name in ("needs", "donations"):
        filled = [row for row in changed.rows[name] if any(cell.strip() for cell in row)]
        if name not in named:
            assert len(case.tables[name]) == len(filled) - 1
