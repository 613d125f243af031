"""Findings for people and for machines."""

from __future__ import annotations

import csv
import io
import json

from rich.console import Console

from matchopt import Finding, Severity
from matchopt.report.terminal import (
    as_csv,
    as_json,
    counts,
    findings_renderable,
    has_errors,
    sorted_by_weight,
)

NOTE = Finding(Severity.NOTE, "converted", "needs", "is read as UTF-8")
WARNING = Finding(Severity.WARNING, "odd", "lanes", 'is odd, "very"', "look at it", row=3)
ERROR = Finding(Severity.ERROR, "range", "needs", "must be above 0", "give more", 7, "数量", "[red]-3[/red]")
ALL = (NOTE, WARNING, ERROR)


def test_errors_come_first() -> None:
    assert sorted_by_weight(ALL) == (ERROR, WARNING, NOTE)


def test_counts_name_every_kind_or_only_those_there_are() -> None:
    assert counts((ERROR, ERROR, NOTE)) == "2 errors, 0 warnings, 1 note"
    assert counts((ERROR, ERROR, NOTE), zero=False) == "2 errors, 1 note"


def test_only_errors_stop() -> None:
    assert has_errors(ALL)
    assert not has_errors((NOTE, WARNING))


def test_json_holds_every_field() -> None:
    assert json.loads(as_json(ALL)) == [finding.as_dict() for finding in ALL]
    assert json.loads(as_json(())) == []


def test_csv_holds_every_field() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(ALL))))
    assert [row["severity"] for row in rows] == ["note", "warning", "error"]
    assert rows[2]["column"] == "数量"
    assert rows[2]["row"] == "7"
    assert rows[1]["problem"] == 'is odd, "very"'


def test_a_terminal_shows_cells_as_they_are() -> None:
    console = Console(file=io.StringIO(), width=60, force_terminal=True, color_system=None)
    console.print(findings_renderable(ALL))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "«[red]-3[/red]» must be above 0" in shown
    assert "needs, row 7, column 数量" in shown
    assert "→ give more" in shown
