"""The first plan: what is compiled once a machine, when, and where it is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import sys
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, event): compiled.append(event.data["dispatcher"].py_func.__name__)
    def on_end(self, event): pass
event.register("numba:compile", Listener())
"""

PLAN_ONE = """
import pandas as pd
from matchopt import Case, plan, verify
needs = pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]})
donations = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]})
case = Case.from_frames(needs=needs, donations=donations)
assert not verify(case, plan(case))
print(compiled)
"""

TELL = """
from matchopt import kernels
from matchopt.kernels import compiled as kernel, while_compiling
told = []
@kernel
def double(x): return 2 * x
with while_compiling(lambda: told.append("begin"), lambda: told.append("end")):
    double(2), double(3)
print(told, compiled)
"""

NOWHERE = """
import os
import numba.core.caching as caching
def from_function(cls, function, file): return None
for locator in caching.CacheImpl._locator_classes[1:]:
    locator.from_function = classmethod(from_function)
import subprocess
from matchopt.model import pair_kernels
assert pair_kernels.draw(3, 4) >= 0
folder = os.environ["NUMBA_CACHE_DIR"]
child = "from matchopt.model.pair_kernels import draw; draw(3, 4); print(compiled)"
print(subprocess.run([sys.executable, "-c", sys.argv[1] + child], capture_output=True, text=True).stdout)
print(folder)
"""


def said(code: str, *arguments: str, **environment: str) -> str:
    """Run Python code that notes what is compiled, and return what it prints."""
    command, env = [sys.executable, "-c", HEAD + code, *arguments], {**os.environ, **environment}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, env=env)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_one_need_and_one_donation_are_planned_and_verified_without_compiling(tmp_path: Path) -> None:
    assert said(PLAN_ONE, NUMBA_CACHE_DIR=str(tmp_path)).strip() == "[]"


def test_whoever_waits_is_told_that_code_is_being_compiled(tmp_path: Path) -> None:
    module = tmp_path / "telling.py"
    module.write_text(HEAD + TELL, encoding="utf-8")
    told = said("import telling", PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
    assert told.strip() == "['begin', 'end'] ['double']"


@pytest.mark.skipif(sys.platform == "win32", reason="folders are closed to nobody there")
def test_where_no_folder_can_be_written_a_process_and_its_children_compile_once(tmp_path: Path) -> None:
    lines = said(NOWHERE, HEAD, NUMBA_CACHE_DIR="", TMPDIR=str(tmp_path)).split()
    assert lines[0] == "[]"
    assert Path(lines[1]).parent == tmp_path
    assert not Path(lines[1]).exists()


def test_all_can_be_compiled_beforehand() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "matchopt", "--warm-up"], capture_output=True, text=True, timeout=900
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("Compiled")
