"""Workbooks built part by part: what spreadsheets write and no library of ours would."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def sheet(rows: Sequence[Any], *merged: str, start: int = 1) -> str:
    """Return the XML of a sheet; a cell that begins with ``<c`` stands as it is, None is no cell."""
    body = ""
    for number, cells in enumerate(rows, start):
        shown = "".join(_cell(value, f"{chr(65 + k)}{number}") for k, value in enumerate(cells))
        body += f'<row r="{number}">{shown}</row>'
    blocks = "".join(f'<mergeCell ref="{block}"/>' for block in merged)
    tail = f"<mergeCells>{blocks}</mergeCells>" if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{tail}</worksheet>'


def _cell(value: object, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        if value.startswith("<c"):
            return value.replace("<c", f'<c r="{place}"', 1)
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def book(file: Path, sheets: Mapping[str, str], more: Mapping[str, str] | None = None) -> Path:
    """Write a workbook of sheets given as XML, and further parts."""
    listed = "".join(f'<sheet name="{s}" sheetId="{k}" r:id="rId{k}"/>' for k, s in enumerate(sheets, 1))
    listed = f"<sheets>{listed}</sheets>"
    related = "".join(
        f'<Relationship Id="rId{k}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{k}.xml"/>'
        for k in range(1, len(sheets) + 1)
    )
    root = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{listed}</workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
    }
    parts |= {f"xl/worksheets/sheet{k}.xml": xml for k, xml in enumerate(sheets.values(), 1)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (parts | dict(more or {})).items():
            archive.writestr(name, part)
    return file
