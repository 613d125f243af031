"""What every test module shares: English, the profile of random examples, and what is made once a session."""

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

import demo
import profiles
from matchopt.language import speak

os.environ["LANGUAGE"] = "en"  # for the commands that tests start, too
settings.load_profile(profiles.DEFAULT)


class FixedDate(date):
    """Days of a clock that stands still: no test may come out otherwise on another day."""

    @classmethod
    def today(cls) -> date:  # type: ignore[override]
        return date(2026, 3, 1)


def pytest_configure() -> None:
    """Let "today" be one day for all tests."""
    pytest.MonkeyPatch().setattr("matchopt.contract.settings.date", FixedDate)


def pytest_runtest_teardown() -> None:
    """Forget the language that a test asked for."""
    speak(None)
    os.environ["LANGUAGE"] = "en"


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def english_demo(session: Path) -> demo.Demo:
    return demo.planned(session, "en")


@pytest.fixture(scope="session")
def chinese_demo(session: Path) -> demo.Demo:
    return demo.planned(session, "zh")
