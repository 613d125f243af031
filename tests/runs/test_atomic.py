"""A folder is put in its place all or nothing, also when the writer is killed."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from matchopt.runs import atomic

WRITER = """
import sys
from pathlib import Path
from matchopt.runs import atomic
if sys.argv[2] == "two_renames":
    atomic._rename_by_kernel = lambda *names: False
number = 0
while True:
    with atomic.folder_in_place_of(Path(sys.argv[1])) as folder:
        for part in "abcde":
            (folder / part).write_text(str(number))
    number += 1
    print(number, flush=True)
"""


def complete(folder: Path) -> bool:
    parts = {file.name: file.read_text() for file in folder.iterdir()}
    return set(parts) == set("abcde") and len(set(parts.values())) == 1


def leftovers(target: Path) -> list[Path]:
    return [file for file in target.parent.iterdir() if file != target]


@pytest.mark.parametrize("way", ["exchange", "two_renames"])
def test_a_killed_writer_leaves_a_whole_folder(tmp_path: Path, way: str) -> None:
    target = tmp_path / "run"
    dice = random.Random(7)
    for _ in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(target), way], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        writer.stdout.readline()  # the first folder stands
        time.sleep(dice.uniform(0, 0.03))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        atomic.tidy(target)
        assert complete(target)
        assert leftovers(target) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two names in one step")
def test_the_name_is_never_without_its_folder(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with atomic.folder_in_place_of(target) as folder:
        for part in "abcde":
            (folder / part).write_text("old")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(target), "exchange"], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    seen = [target.is_dir() for _ in range(20_000)]
    writer.kill()
    writer.communicate()
    assert all(seen)


def test_what_fails_inside_leaves_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(ZeroDivisionError), atomic.folder_in_place_of(target) as folder:
        (folder / "new").write_text(str(1 / 0))
    assert [file.name for file in target.iterdir()] == ["old"]
    assert leftovers(target) == []


def test_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with atomic.folder_in_place_of(target) as outer:
        (outer / "outer").touch()
        with atomic.folder_in_place_of(target) as inner:
            (inner / "inner").touch()
        assert outer.is_dir()
    assert [file.name for file in target.iterdir()] == ["outer"]
    assert leftovers(target) == []


def test_the_old_folder_comes_back_after_a_kill_between_two_renames(tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "old").touch()
    target.rename(tmp_path / f"{atomic._prefix(target)}-old-000000")
    atomic.tidy(target)
    assert (target / "old").is_file()
    assert leftovers(target) == []


def test_a_neighbour_with_a_similar_name_is_left_alone(tmp_path: Path) -> None:
    neighbour = tmp_path / "run-2"
    stale = tmp_path / f"{atomic._prefix(neighbour)}-new-000000"
    stale.mkdir()
    with atomic.folder_in_place_of(tmp_path / "run"):
        pass
    assert stale.is_dir()
    shutil.rmtree(stale)
