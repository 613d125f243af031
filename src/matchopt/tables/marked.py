"""Findings in a copy of the tables: cells coloured, cures as comments or done, and all of it listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from matchopt.errors import SEVERITIES, Cause, Finding, Severity, by_cause, shortened
from matchopt.language import mark, tr
from matchopt.tables.copies import AUTHOR, CaseCopy, put
from matchopt.tables.findings import REMARK
from matchopt.tables.read import SETTINGS_SHEETS

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MOST_MARKED = 10_000
"""Cells that get a comment, and a line of their own in the list; all are coloured."""
MOST_ROUNDS = 5
"""How often what was cured is checked again for what only then shows."""
MOST_LINKS = 60_000
"""Links that spreadsheets take in one sheet."""

COLOURS = {Severity.ERROR: "FFC7CE", Severity.WARNING: "FFEB9C", Severity.NOTE: "DDEBF7"}

FINDINGS, CURES = mark("matchopt findings"), mark("matchopt cures")
"""What the sheets are called; in every language the name begins with `read.OURS`."""


@dataclass(frozen=True, slots=True)
class CuredCell:
    """A cell that was cured.

    Attributes
    ----------
    sheet, cell
        Where, in the copy.
    before, after
        What stood there, and what stands there now.
    why
        The finding.
    """

    sheet: str
    cell: str
    before: str
    after: str
    why: Finding


def cure(copied: CaseCopy, findings: Sequence[Finding]) -> list[CuredCell]:
    """Do every cure that needs no decision; merged cells, which belong to several rows, are left alone."""
    done: dict[tuple[str, str], CuredCell] = {}
    for finding in findings:
        sheet = _sheet(copied, finding) if finding.instead else None
        cells = [cell for cell, _ in finding.instead]
        if sheet is None or any((sheet.title, at) in done or _is_merged(sheet, at) for at in cells):
            continue
        for cell, text in finding.instead:
            at: Any = sheet[cell]
            before = "" if at.value is None else shortened(at.value)
            text = f"{REMARK} {before}".strip() if text == REMARK else text
            put(sheet, at.row, at.column, text)
            done[sheet.title, cell] = CuredCell(sheet.title, cell, before, text, finding)
    return list(done.values())


def cured(
    copied: CaseCopy, findings: Sequence[Finding], name: str, check: Callable[[Path], Sequence[Finding]]
) -> tuple[list[CuredCell], Sequence[Finding]]:
    """Cure a copy, check it, and go on with what that finds; return what was done, and what is left.

    Parameters
    ----------
    findings
        Those of the case that was copied.
    name
        What the copy will be called.
    check
        Finds what is wrong with a copy.
    """
    done: list[CuredCell] = []
    for _ in range(MOST_ROUNDS):
        more = cure(copied, findings)
        if not more:
            break
        done += more
        with TemporaryDirectory() as folder:
            copied.book.save(Path(folder) / name)
            findings = check(Path(folder) / name)
    return done, findings


def mark_findings(copied: CaseCopy, findings: Sequence[Finding]) -> int:
    """Colour the cells of findings, comment on them and list them; return how many cells are marked."""
    of_cells: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        sheet = _sheet(copied, finding)
        cell = _anchor(sheet, _cell(copied, finding)) if sheet is not None else ""
        if sheet is not None and cell:
            of_cells.setdefault((sheet.title, cell), []).append(finding)
    for k, ((title, cell), of_cell) in enumerate(of_cells.items()):
        _mark(copied.book[title][cell], of_cell, told=k < MOST_MARKED)
    _list_findings(copied, by_cause(findings))
    return len(of_cells)


def list_cures(copied: CaseCopy, done: Sequence[CuredCell]) -> None:
    """Add the sheet of what was cured: cell, before, after, why."""
    headers = (tr("sheet"), tr("cell"), tr("before"), tr("after"), tr("why"))
    sheet = _new_sheet(copied, tr(CURES), headers, (24, 10, 30, 30, 90))
    for row, one in enumerate(done, start=2):
        why = f"{one.why.problem} → {one.why.cure}" if one.why.cure else one.why.problem
        for column, text in enumerate((one.sheet, one.cell, one.before, one.after, why), start=1):
            _write(sheet, row, column, text)
        if row < MOST_LINKS:
            _link(sheet.cell(row, 2), one.sheet, one.cell)


def _sheet(copied: CaseCopy, finding: Finding) -> Worksheet | None:
    """Return the sheet that a finding points into."""
    sheet = copied.sheets.get((finding.file, finding.sheet)) or copied.sheets.get((finding.table, ""))
    if sheet is None:
        titles = {finding.sheet, finding.table} if finding.file else {finding.table}
        named = [s for s in copied.book.worksheets if s.title in titles]
        named += [s for s in copied.book.worksheets if _is_settings(s) and finding.table == "settings"]
        return named[0] if named else None
    return sheet


def _is_settings(sheet: Worksheet) -> bool:
    return sheet.title.casefold() in SETTINGS_SHEETS


def _cell(copied: CaseCopy, finding: Finding) -> str:
    """Return the cell of a finding; that of a setting is looked for by its name."""
    sheet = _sheet(copied, finding)
    if finding.cell or sheet is None:
        return finding.cell
    if not _is_settings(sheet):
        return f"A{finding.row or 1}"
    wanted = finding.column.casefold()
    names = (cell for row in sheet.iter_rows(max_col=2) for cell in row)
    return next((c.coordinate for c in names if str(c.value).strip().casefold() == wanted), "A1")


def _is_merged(sheet: Worksheet, cell: str) -> bool:
    return any(cell in block for block in sheet.merged_cells.ranges)


def _anchor(sheet: Worksheet, cell: str) -> str:
    """Return the cell that shows: of merged ones the first."""
    blocks = (block for block in sheet.merged_cells.ranges if cell in block)
    return next((block.start_cell.coordinate for block in blocks), cell)


def _mark(cell: Any, findings: Sequence[Finding], *, told: bool) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    order = list(Severity)
    worst = min((finding.severity for finding in findings), key=order.index)
    cell.fill = PatternFill("solid", start_color=COLOURS[worst])
    if not told:
        return
    lines = [f"{f.problem} → {f.cure}" if f.cure else f.problem for f in findings]
    text, author = "\n".join(dict.fromkeys(lines)), AUTHOR
    if cell.comment is not None:
        text, author = f"{cell.comment.text}\n{AUTHOR}: {text}", cell.comment.author
    cell.comment = Comment(text, author, height=40 + 20 * (len(text) // 40 + text.count("\n")), width=320)


def _list_findings(copied: CaseCopy, causes: Sequence[Cause]) -> None:
    """Add the sheet of all findings: a line each cause, and below it one for each of several cells."""
    from openpyxl.styles import PatternFill
    from openpyxl.worksheet.properties import Outline

    headers = (tr("severity"), tr("where"), tr("cell"), tr("value"), tr("what is wrong"), tr("cure"))
    sheet = _new_sheet(copied, tr(FINDINGS), headers, (11, 44, 10, 24, 70, 70))
    sheet.sheet_properties.outlinePr = Outline(summaryBelow=False)
    row, links = 2, 0
    for cause in causes:
        first, several = cause.findings[0], len(cause.findings) > 1
        value = first.value if len({f.value for f in cause.findings}) == 1 else ""
        cells = tr(SEVERITIES[first.severity]), cause.place, "", value, first.problem, first.cure
        for column, text in enumerate(cells, start=1):
            _write(sheet, row, column, text)
        sheet.cell(row, 1).fill = PatternFill("solid", start_color=COLOURS[first.severity])
        head, row = row, row + 1
        for k, finding in enumerate(cause.findings):
            target = _sheet(copied, finding)
            at = head if not several else row
            if several and k < MOST_MARKED:
                _write(sheet, row, 4, finding.value)
                sheet.row_dimensions[row].outlineLevel = 1
                row += 1
            if target is not None and (not several or k < MOST_MARKED) and links < MOST_LINKS:
                _link(sheet.cell(at, 3), target.title, _anchor(target, _cell(copied, finding)))
                links += 1
    sheet.auto_filter.ref = f"A1:F{max(row - 1, 1)}"


def _new_sheet(copied: CaseCopy, title: str, headers: Sequence[str], widths: Sequence[float]) -> Worksheet:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet: Worksheet = copied.book.create_sheet(copied.title(title))
    for column, (header, width) in enumerate(zip(headers, widths, strict=True), start=1):
        sheet.cell(1, column, header).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    return sheet


def _write(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Write a text as it is."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment

    cell: Any = sheet.cell(row, column, ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _link(cell: Any, sheet: str, to: str) -> None:
    from openpyxl.worksheet.hyperlink import Hyperlink

    if not to:
        return
    quoted = sheet.replace("'", "''")
    cell.value, cell.style = to, "Hyperlink"
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{quoted}'!{to}", display=to)
