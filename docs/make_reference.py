"""Write the pages that follow from the code: docs/tables.md and docs/commands.md.

    python docs/make_reference.py [--check]

With ``--check`` nothing is written; the exit code is 1 if a page is out of date.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from matchopt.contract.fields import Column, Kind
from matchopt.contract.schema import TABLES
from matchopt.tables.checks import CHECKS

HERE = Path(__file__).parent


def tables_page() -> str:
    """Return docs/tables.md: every column of every table."""
    return "\n".join(_tables_lines()) + "\n"


def _tables_lines() -> Iterator[str]:
    yield "# The tables"
    yield ""
    yield "Headers may be written in English or Chinese; case, spaces and `_` do not matter. An empty cell"
    yield "means *not given*. Only `needs` and `donations` must exist. How cells may be written:"
    yield "[input.md](input.md); what they mean: [model.md](model.md)."
    for table in TABLES.values():
        yield ""
        yield f"## {table.name} · {table.zh}"
        yield ""
        required = " (required)" if table.required else ""
        yield f"{table.about[:1].upper()}{table.about[1:]}{required}. {table.about_zh}。"
        if table.key:
            yield f"One row per {', '.join(f'`{k}`' for k in table.key)}."
        yield ""
        yield "| column | 中文 | holds | default | meaning | 说明 |"
        yield "|---|---|---|---|---|---|"
        for column in table.columns:
            yield (
                f"| `{column.name}` | {column.zh} | {_holds(column)} | {_default(column)} "
                f"| {column.about} | {column.about_zh} |"
            )
    yield from _checks_lines()


def _checks_lines() -> Iterator[str]:
    yield ""
    yield "## What is checked across tables"
    yield ""
    yield "After the cells of each table these are checked, in order (`matchopt.tables.checks.CHECKS`):"
    yield ""
    for check in CHECKS:
        yield f"- `{check.name}`: {' '.join(check.about.split())}"


def _holds(column: Column) -> str:
    if column.kind is Kind.CHOICE:
        return "one of " + ", ".join(f"`{value}`" for value in column.choices)
    parts = [column.kind.value]
    if column.above is not None:
        parts.append(f"above {column.above:g}")
    if column.least is not None and column.most is not None:
        parts.append(f"{column.least:g} to {column.most:g}")
    elif column.least is not None:
        parts.append(f"from {column.least:g}")
    elif column.most is not None:
        parts.append(f"up to {column.most:g}")
    if column.unit:
        parts.append(f"({column.unit})")
    return " ".join(parts)


def _default(column: Column) -> str:
    if column.required:
        return "required"
    if column.default is None:
        return "–"
    if isinstance(column.default, bool):
        return "yes" if column.default else "no"
    return f"{column.default:g}" if isinstance(column.default, (int, float)) else str(column.default)


def commands_page() -> str:
    """Return docs/commands.md: the help of every command as the terminal shows it."""
    os.environ |= {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    from typer.main import get_command
    from typer.testing import CliRunner

    from matchopt.cli import app

    runner = CliRunner()
    names = ["", *sorted(get_command(app).commands)]  # type: ignore[attr-defined]
    lines = ["# The commands", "", "What each command says with `--help`."]
    for name in names:
        told = runner.invoke(app, [*name.split(), "--help"], prog_name="matchopt").output
        text = "\n".join(line.rstrip() for line in told.strip("\n").splitlines())
        lines += ["", f"## matchopt {name}".rstrip(), "", "```text", text, "```"]
    return "\n".join(lines) + "\n"


def main(check: bool) -> int:
    """Write the pages, or only compare them."""
    stale = []
    for name, page in (("tables.md", tables_page()), ("commands.md", commands_page())):
        path = HERE / name
        if not path.exists() or path.read_text("utf-8") != page:
            stale.append(name)
            if not check:
                path.write_text(page, "utf-8")
    print("\n".join(f"{'out of date' if check else 'written'}: {name}" for name in stale) or "up to date")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
