"""How many small faults the tests find: each mutant is one changed line of the source.

    python tests/mutants.py WORK [--count 84] [--seed 1] [--only 3,17] [--tests tests/solve ...]

Draws mutants from the rooms below, a few of them from compiled loops, and tries each in WORK/project, a
copy of this project: first by the tests of its room, then by the others, to the first test that fails or
to the end of its CPU seconds. What was found of each is appended to WORK/mutants.jsonl. To try other
tests on the same mutants, lay them into WORK/project before.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("src", "tests", "benchmarks", "data", "docs", "README.md", "pyproject.toml")
ROOMS = {
    "model": (("model", "result"), ("model", "result", "planning")),
    "solve": (("solve",), ("solve",)),
    "verifier": (
        ("verifier",),
        (
            "test_verifier.py",
            "test_verifier_shared.py",
            "test_verifier_screen.py",
            "test_verifier_sweep.py",
            "test_verifier_tampering.py",
        ),
    ),
    "tables": (("tables",), ("tables", "runs", "test_cli.py")),
}
"""Room → the packages that make it, and the tests that are its own."""

OTHERS = (
    "test_whole_model.py",
    "test_verifier.py",
    "test_replanning.py",
    "test_agreement.py",
    "test_properties.py",
    "test_reasons.py",
    "test_engine.py",
    "test_replan.py",
    "test_verifier_shared.py",
    "test_verifier_screen.py",
    "planning",
    "model",
    "result",
    "solve",
    "tables",
    "runs",
    "whatif",
    "report",
    "test_verifier_tampering.py",
    "test_cli.py",
    "test_cli_people.py",
    "test_batch.py",
)
"""All tests that plan, read or verify, those first that find most."""

COMPILED_SHARE = 1 / 8
ENDLESS = 120
"""CPU seconds of one test that stand for a loop without an end."""

SWAPS: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One line of a file, before and after."""

    room: str
    file: str
    line: int
    before: str
    after: str
    compiled: bool


def changes(node: ast.AST) -> Iterator[str]:
    """Yield what the code of a node might wrongly be."""
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in SWAPS:
            yield ast.unparse(ast.Compare(left, [SWAPS[type(operator)]()], [right]))
        case ast.BinOp(left, operator, right) if type(operator) in SWAPS:
            yield f"({ast.unparse(ast.BinOp(left, SWAPS[type(operator)](), right))})"
        case ast.BoolOp(operator, values):
            yield f"({ast.unparse(ast.BoolOp(SWAPS[type(operator)](), values))})"
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(bool() as value):
            yield repr(not value)
        case ast.Constant(int() | float() as value):
            yield repr(value + 1)
        case ast.Name(name) if name in NAMES:
            yield NAMES[name]
        case ast.Attribute(value, name) if name in NAMES:
            yield f"{ast.unparse(value)}.{NAMES[name]}"
        case ast.Return(ast.expr()):
            yield "return None"
        case ast.Expr(ast.Call()) | ast.AugAssign():
            yield "pass"


def code(tree: ast.AST) -> Iterator[Any]:
    """Yield the nodes that do something: no types, no words for people, no defaults of modules."""
    for name, value in ast.iter_fields(tree):
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or name in {"annotation", "returns", "decorator_list"}:
                continue
            if not isinstance(node, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom):
                yield node
                yield from code(node)


def mutants_of(room: str, package: str, path: Path) -> list[Mutant]:
    text = path.read_text("utf-8")
    lines, found = text.splitlines(), []
    compiled = "import compiled" in text
    for node in code(ast.parse(text)):
        if not hasattr(node, "lineno") or node.lineno != node.end_lineno:
            continue
        line = lines[node.lineno - 1]
        start, end = (len(line.encode()[:k].decode()) for k in (node.col_offset, node.end_col_offset))
        for change in changes(node):
            after = line[:start] + change + line[end:]
            file = f"{package}/{path.relative_to(ROOT / 'src' / 'matchopt' / package)}"
            found.append(Mutant(room, file, node.lineno, line, after, compiled))
    return found


def drawn(count: int, seed: int) -> list[Mutant]:
    """Return as many mutants of each room, of as many files as there are, the same for the same seed."""
    chance, chosen = random.Random(seed), []
    for room, (packages, _) in ROOMS.items():
        files = [
            mutants_of(room, package, path)
            for package in packages
            for path in sorted((ROOT / "src" / "matchopt" / package).rglob("*.py"))
        ]
        for compiled, share in ((True, COMPILED_SHARE), (False, 1 - COMPILED_SHARE)):
            of_kind = [file for file in files if file and file[0].compiled == compiled]
            weights = [len(file) for file in of_kind]
            wanted = round(share * count / len(ROOMS)) if of_kind else 0
            taken: set[Mutant] = set()
            while len(taken) < wanted:
                taken.add(chance.choice(chance.choices(of_kind, weights)[0]))
            chosen += sorted(taken, key=lambda one: (one.file, one.line, one.after))
    return chosen


class Watch:
    """A plugin of pytest: writes down the first test that fails, and stops when time is up."""

    def __init__(self, report: Path, seconds: float, share: float) -> None:
        self.report, self.seconds, self.share = report, seconds, share

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """What fails need not be made smaller."""
        from hypothesis import Phase, settings  # pytest wants to be the first that imports it

        fewer = round(self.share * settings().max_examples)
        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutants", settings(), phases=phases, max_examples=fewer)
        settings.load_profile("mutants")

    def pytest_runtest_setup(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, ENDLESS)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.report.write_text(report.nodeid, "utf-8")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.report.write_text(report.nodeid or "collection", "utf-8")

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        if used.ru_utime + used.ru_stime > self.seconds:
            item.session.shouldstop = "time is up"


def tried(work: Path, tests: list[str], seconds: float, share: float) -> tuple[str, float]:
    """Return the first test that fails, if one does, and the CPU seconds of it all."""
    report = work / "failed.txt"
    report.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        os.chdir(work / "project")
        sys.path[:0] = [str(work / "project" / "src"), str(work / "project")]
        os.environ["PYTHONPATH"] = sys.path[0]
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2 * ENDLESS,) * 2)
        quiet = os.open(work / "last.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        options = ["-x", "-q", "-p", "no:cacheprovider", "--tb=short"]
        os._exit(pytest.main([*options, *tests], [Watch(report, seconds, share)]))
    _, status, used = os.wait4(child, 0)
    cpu = used.ru_utime + used.ru_stime
    if report.exists():
        return report.read_text("utf-8"), cpu
    return ("" if os.waitstatus_to_exitcode(status) in {0, 2} else "endless or crashed"), cpu


def judged(work: Path, mutant: Mutant, rounds: list[list[str]], *limits: float) -> dict[str, object]:
    """Apply a mutant, try it by one round of tests after another; put all back, compiled code, too."""
    path = work / "project" / "src" / "matchopt" / mutant.file
    kept = work / "kept"
    shutil.copytree(path.parent, kept)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[mutant.line - 1] = mutant.after + "\n"
    path.write_text("".join(lines), "utf-8")
    killer, cpu = "", 0.0
    for tests in rounds:
        if not killer:
            killer, more = tried(work, tests, *limits)
            cpu += more
    shutil.rmtree(path.parent)
    kept.rename(path.parent)
    return asdict(mutant) | {"killer": killer, "cpu": round(cpu, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=84)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="numbers of mutants")
    parser.add_argument("--tests", nargs="+", help="these alone, not all that plan, read or verify")
    parser.add_argument(
        "--seconds", type=float, default=150, help="for the tests of the room, and the others"
    )
    parser.add_argument("--share", type=float, default=1, help="of the random examples")
    asked = parser.parse_args()
    for name in COPIED if not (asked.work / "project").exists() else ():
        of, to = ROOT / name, asked.work / "project" / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(of, to) if of.is_dir() else shutil.copy2(of, to)
    mutants = drawn(asked.count, asked.seed)
    wanted = range(len(mutants)) if asked.only is None else map(int, asked.only.split(","))
    for number in wanted:
        mutant = mutants[number]
        own = ROOMS[mutant.room][1]
        rounds = [[f"tests/{name}" for name in own], [f"tests/{name}" for name in OTHERS if name not in own]]
        rounds = rounds if asked.tests is None else [asked.tests]
        found = {"number": number} | judged(asked.work, mutant, rounds, asked.seconds, asked.share)
        with (asked.work / "mutants.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(found, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
