"""Walls that import-linter cannot see: who opens files, who prints."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "matchopt"
FILES = sorted(SOURCE.rglob("*.py"))
OPENERS = {"tables", "runs", "cli"}
READS_OR_WRITES = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink"}


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [f for f in FILES if room(f) not in OPENERS], ids=lambda p: p.name)
def test_only_tables_runs_and_the_command_line_touch_files(path: Path) -> None:

    assert not set(calls(ast.parse(path.read_text("utf-8")))) & READS_OR_WRITES


@pytest.mark.parametrize("path", [f for f in FILES if room(f) != "cli"], ids=lambda p: p.name)
def test_only_the_command_line_prints(path: Path) -> None:
    assert "print" not in set(calls(ast.parse(path.read_text("utf-8"))))


def test_the_walls_look_at_the_whole_house() -> None:
    rooms = {"contract", "model", "solve", "planning", "result", "verifier", "report", "engine"}
    assert rooms | OPENERS <= {room(f) for f in FILES}
