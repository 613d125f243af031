"""Where time and memory went: each stage once, its times added up."""

import sys
import time

import pytest

from matchopt.report import terminal
from matchopt.report.terminal import Profile, lines, plain


def test_stages_add_up_and_what_is_told_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(terminal, "_peak_memory", lambda: 100 + now[0])
    told = []
    watch = Profile(lambda *stage: told.append(stage))
    for stage, seconds in (("read", 1.0), ("solve", 2.0), ("solve", 3.0), ("read", 4.0)):
        now[0] += seconds
        watch.step(stage, 0, 2)
    now[0] += 10.0
    table = watch.table()
    assert told == [("read", 0, 2), ("solve", 0, 2), ("solve", 0, 2), ("read", 0, 2)]
    assert lines(table) == (
        ("starting", "1.00", "5.0%", "101"),
        ("read", "12.00", "60.0%", "120"),
        ("finding the best plan", "7.00", "35.0%", "110"),
        ("in all", "20.00", "100.0%", "120"),
    )
    assert plain(table).startswith("Where time and memory went\n  stage")


def test_a_system_that_does_not_tell_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    watch = Profile(lambda *stage: None)
    assert [row[3] for row in lines(watch.table())] == ["–", "–"]


def test_peak_memory_is_that_of_a_python_process() -> None:
    most = terminal._peak_memory()
    assert most != most or 10 < most < 100_000
