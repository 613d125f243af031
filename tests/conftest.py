"""What every test module shares: English, the profile of random examples, and what is made once a session."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

import demo
import profiles
from matchopt.language import speak

os.environ["LANGUAGE"] = "en"  # for the commands that tests start, too
settings.load_profile(profiles.DEFAULT)


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
