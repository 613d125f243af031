"""The pages say what the program does."""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo import Demo
from matchopt.cli import app
from matchopt.contract.plan import PURCHASES
from matchopt.contract.settings import Policy
from matchopt.result.reasons import CODES, DONATION_CODES
from matchopt.runs.write import MANIFEST

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))
IDEAS = [
    ROOT / "docs" / f"{name}.md"
    for name in ("assignment", "budget", "capacities", "fairness", "funds", "whole")
]
"""One page per idea: story, columns, formula, a run, reason codes, limits."""

BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LONGEST = 100
"""Lines of a page about one idea."""


def test_reference_pages_follow_from_the_code() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_reference.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrun: python docs/make_reference.py"


def test_excerpt_in_the_readme_is_what_the_demo_prints(english_demo: Demo) -> None:
    excerpt = re.search(r"<!-- excerpt: .*?-->\n```text\n(.*?)```\n<!-- end", README, re.DOTALL)
    assert excerpt
    told_lines = [line.rstrip() for line in english_demo.told.splitlines()]
    lines = [line.rstrip() for line in excerpt[1].splitlines()]
    assert len(lines) > 20
    assert [line for line in lines if line not in told_lines] == []
    rows = re.search(r"<!-- rows: .*?-->\n```text\n(.*?)```\n<!-- end", README, re.DOTALL)
    assert rows
    written = (english_demo.run / "plan" / "allocations.csv").read_text("utf-8-sig").splitlines()
    assert set(rows[1].splitlines()) <= set(written)


def test_python_of_the_readme_runs_and_plans_the_same_bytes_whatever_the_hash_seed(
    english_demo: Demo, tmp_path: Path
) -> None:
    """The shared demo is planned under the hash seed 0."""
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    done = subprocess.run(
        [sys.executable, "-c", f"{code[1]}\nplan.write({str(tmp_path / 'run')!r})"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0
    assert "gap 0" in done.stdout
    assert "outranked" in done.stdout
    one, two = (
        {file.name: file.read_bytes() for file in (run / "plan").iterdir()}
        for run in (english_demo.run, tmp_path / "run")
    )
    assert one == two
    assert len(one) == 6


# --- one page per idea -------------------------------------------------------------------


def runs(page: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Run what a page shows, in `folder`; yield each time what it is, what it says and what came out.

    A block ``csv NAME`` is a file. What a ``python`` block prints stands in the ``text`` block
    after it. A ``console`` block holds commands after ``$``, each with its output below.
    """
    names: dict[str, object] = {}
    blocks = iter(BLOCK.findall(page))
    for kind, name, content in blocks:
        if kind == "csv":
            (folder / name).write_text(content, "utf-8")
        elif kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(content, "page", "exec"), names)
            kind, _, expected = next(blocks)
            assert kind == "text", "what Python prints stands in the next block"
            yield content, expected, out.getvalue()
        elif kind == "console":
            for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                command, _, expected = part.partition("\n")
                yield command, expected, _told(command.split())


def _told(words: list[str]) -> str:
    """Return what a command of a page prints, notes on the data aside."""
    if words[0] == "cat":
        return "".join(Path(name).read_text("utf-8-sig") for name in words[1:])
    assert words[0] == "matchopt"
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0, done.output
    return done.stdout


def same(expected: str, told: str) -> bool:
    """Tell whether `told` is as expected; a line of ``…`` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^…\n", _trimmed(expected), flags=re.MULTILINE)]
    return re.fullmatch(r"(?:.*\n)*?".join(parts), _trimmed(told)) is not None


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_lines_left_out_stand_for_any_and_all_others_count() -> None:
    assert same("a\n…\nd\n", "a\nb\nc\nd\n")
    assert same("…\nd \n", "d\n")
    assert not same("a\n…\nd\n", "a\nb\nd\ne\n")
    assert not same("a.\n", "ab\n")


@pytest.mark.parametrize("page", IDEAS, ids=lambda p: p.stem)
def test_runs_on_a_page_come_out_as_they_stand_there(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    count = 0
    for what, expected, told in runs(page.read_text("utf-8"), tmp_path):
        assert same(expected, told), f"{what}\n--- came out as ---\n{told}"
        count += 1
    assert count


@pytest.mark.parametrize("page", IDEAS, ids=lambda p: p.stem)
def test_pages_about_an_idea_are_of_one_form(page: Path) -> None:
    text = page.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert "Formula" in headings
    assert "A run" in headings
    assert headings[-2:] == ["What the reason codes mean here", "Limits"]
    assert f"({page.name})" in (ROOT / "docs" / "model.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("explain", 4),
        ("wishlist", 3),
        ("study", 4),
        ("needs", 1),
        ("batch", 3),
        ("track", 2),
        ("replan", 3),
        ("simulate", 1),
        ("stress", 1),
        ("graph", 4),
    ],
)
def test_runs_on_pages_for_people_come_out_as_they_stand_there(
    name: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    told = [(what, out, same(expected, out)) for what, expected, out in runs(page, tmp_path)]
    assert len(told) == count
    assert all(right for _, _, right in told), told


def test_python_on_the_page_about_the_report_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "report.md").read_text("utf-8")
    told = [same(expected, out) for _, expected, out in runs(page, tmp_path)]
    assert told == [True]


# --- the rest of the pages ---------------------------------------------------------------


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *PAGES], ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        place = page.parent / name if name else page
        assert place.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", place.read_text("utf-8"), re.MULTILINE)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings], target


def test_every_reason_code_is_explained() -> None:
    page = (ROOT / "docs" / "model.md").read_text("utf-8")
    codes = {*CODES, *DONATION_CODES, "excluded", "unreliable"}
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []


def test_every_policy_is_explained() -> None:
    pages = "".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in Policy.model_fields if not re.search(rf"`(policy\.)?{name}`", pages)] == []


def test_every_file_of_a_run_is_explained() -> None:
    page = (ROOT / "docs" / "model.md").read_text("utf-8")
    for name in (
        "allocations.csv",
        "needs.csv",
        "donations.csv",
        "purchases.csv",
        "prices.csv",
        "summary.json",
        "fairness_curve.csv",
        MANIFEST,
    ):
        assert name in page


def test_every_column_of_the_shopping_list_is_explained() -> None:
    page = (ROOT / "docs" / "funds.md").read_text("utf-8")
    assert [column for column in PURCHASES if f"`{column}`" not in page] == []


def test_every_side_of_the_prices_is_explained() -> None:
    page = (ROOT / "docs" / "proof.md").read_text("utf-8")
    sides = ("need", "donation", "storage", "throughput", "lane", "agreement", "budget", "reached", "fair")
    assert [side for side in sides if f"`{side}`" not in page] == []


def test_map_of_the_house_names_every_room() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    source = ROOT / "src" / "matchopt"
    rooms = {path.stem for path in source.rglob("*.py")} - {"__init__", "__main__"}
    assert [room for room in sorted(rooms) if not re.search(rf"\b{room}\b", page)] == []
    listed = page.partition("## What stands where")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", listed))
    assert named <= rooms, "modules that are gone"
