"""The pages say what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from matchopt.cli import app
from matchopt.io.write import MANIFEST
from matchopt.model.rules import STEPS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_reference_pages_follow_from_the_code():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_reference.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrun: python docs/make_reference.py"


def test_excerpt_in_the_readme_is_what_the_demo_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    told = CliRunner().invoke(app, ["plan", "data/city-en", "-o", str(tmp_path / "run")])
    assert told.exit_code == 0, told.output
    excerpt = re.search(r"<!-- excerpt: .*?-->\n```text\n(.*?)```\n<!-- end", README, re.DOTALL)
    assert excerpt
    told_lines = [line.rstrip() for line in told.stdout.splitlines()]
    lines = [line.rstrip() for line in excerpt[1].splitlines()]
    assert len(lines) > 20
    assert [line for line in lines if line not in told_lines] == []
    rows = re.search(r"<!-- rows: .*?-->\n```text\n(.*?)```\n<!-- end", README, re.DOTALL)
    assert rows
    written = (tmp_path / "run" / "plan" / "allocations.csv").read_text("utf-8-sig").splitlines()
    assert set(rows[1].splitlines()) <= set(written)


def test_python_of_the_readme_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    exec(compile(code[1], "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "gap 0" in out
    assert "outranked" in out


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_reason_code_is_explained():
    page = (ROOT / "docs" / "model.md").read_text("utf-8")
    codes = [*STEPS, "excluded", "outranked", "not_worth_it", "unreliable", "demand_met"]
    assert [code for code in codes if f"`{code}`" not in page] == []


def test_every_file_of_a_run_is_explained():
    page = (ROOT / "docs" / "model.md").read_text("utf-8")
    for name in ("allocations.csv", "needs.csv", "donations.csv", "prices.csv", "summary.json", MANIFEST):
        assert name in page
