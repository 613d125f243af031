"""The time that searches share: what one leaves the next can use, and all know when one was cut short."""

import time

import pytest

from matchopt.solve.search import Deadline


def test_a_deadline_notes_that_it_passed() -> None:
    assert Deadline(None).left() is None
    soon, late = Deadline(1e-9), Deadline(1e6)
    assert soon.left() == 0
    assert soon.passed
    assert soon.stopped
    assert (late.left() or 0) > 0
    assert not late.passed


def test_shares_are_of_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    whole = Deadline(60.0)
    assert whole.share(0.5).left() == 30
    now[0] += 10
    half = whole.share(0.5)
    assert half.left() == 25
    assert half.share(0.2).left() == 5
    now[0] += 25
    assert half.left() == 0
    assert whole.left() == 25
    assert Deadline(None).share(0.5).left() is None


def test_to_look_at_a_share_stops_nothing_but_a_search_without_time_does() -> None:
    whole = Deadline(1e-9)
    block = whole.share(1.0)
    stage = block.share(0.5)
    assert not any(one.stopped for one in (whole, block, stage))
    stage.stop()
    assert stage.passed
    assert not block.passed
    assert block.stopped
    assert whole.stopped
