"""The demo case as a newcomer plans it, once for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import matchopt
from once import once

DATA = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True)
class Demo:
    """The demo case as the command `plan` left it: to be looked at only, for all tests share it."""

    folder: Path
    lang: str

    @property
    def run(self) -> Path:
        return self.folder / "runs" / f"city-{self.lang}"

    @property
    def told(self) -> str:
        return (self.folder / "told.txt").read_text("utf-8")

    @cached_property
    def plan(self) -> matchopt.Plan:
        return matchopt.read_run(self.run)


def planned(session: Path, lang: str) -> Demo:
    """Return the demo of this session, under the hash seed 0."""

    def plan(folder: Path) -> None:
        told = subprocess.run(
            [sys.executable, "-m", "matchopt", "plan", str(DATA / f"city-{lang}"), "--lang", lang],
            cwd=folder,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": "0"},
        )
        (folder / "told.txt").write_text(told.stdout, "utf-8")

    return Demo(once(session / f"demo-{lang}", plan), lang)
