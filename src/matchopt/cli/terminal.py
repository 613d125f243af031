"""What commands show on a terminal: progress, findings, tables, files; and how they fail."""

from __future__ import annotations

import os
import shlex
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, cast

import typer

from matchopt.errors import Finding, by_cause
from matchopt.language import printable, tr

if TYPE_CHECKING:
    from rich.console import Console

    from matchopt.report.table import ReportTable

Step = Callable[[str, int, int], None]
"""Told the stage of the work, how much of it is done and how much there is."""

FOUND, INTERRUPTED = 1, 130


class Screen:
    """A stream of texts for people: no control character of a table, setting or path gets through.

    Parameters
    ----------
    inner
        The stream below; who brings colours, and takes care of the rest, writes to it.
    """

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        """Write a text, control characters as pictures."""
        return self.inner.write(printable(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def quoted(path: str | Path) -> str:
    """Return a path as a shell takes it; one with bytes that no terminal shows by their numbers."""
    text = str(path)
    if printable(text) == text:
        return shlex.quote(text)
    plain = set(string.ascii_letters + string.digits + "/._-+ ")
    shown = (chr(byte) if chr(byte) in plain else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return f"$'{''.join(shown)}'"


def console(stream: TextIO) -> Console:
    """Return a rich console on a stream; what it draws holds no control characters but its own."""
    from rich.console import Console
    from rich.segment import Segment

    class Safe(Console):
        def render(self, *args: Any, **kwargs: Any) -> Iterable[Segment]:
            for text, style, control in super().render(*args, **kwargs):
                yield Segment(text if control else printable(text), style, control)

    # Where a bar is shown, rich puts a stream of its own between.
    while (below := getattr(stream, "rich_proxied_file", getattr(stream, "inner", None))) is not None:
        stream = below
    return Safe(file=stream)


def fail(text: str) -> NoReturn:
    """Say what went wrong, and end."""
    print(text, file=sys.stderr)
    raise typer.Exit(FOUND) from None


def no_progress(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Step]:
    """Yield what is told the stage of the work; it shows only on a terminal and leaves no trace."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from matchopt.kernels import while_compiling
    from matchopt.report.words import stage_of_work

    described, left = TextColumn("{task.description}"), TimeRemainingColumn(elapsed_when_finished=False)
    columns = (SpinnerColumn(), described, BarColumn(), TimeElapsedColumn(), left)
    with Progress(*columns, console=console(sys.stderr), transient=True) as bar, _screened():
        task, before = bar.add_task(stage_of_work("starting"), total=None), "starting"

        def step(stage: str, done: int, total: int) -> None:
            nonlocal before
            if stage != before:
                # What is left of a stage goes by the speed of that stage.
                bar.reset(task, total=None)
                before = stage
            bar.update(task, description=stage_of_work(stage), completed=done, total=total or None)

        def say_compiling() -> None:
            bar.update(task, description=stage_of_work("compiling"))

        def say_stage() -> None:
            bar.update(task, description=stage_of_work(before))

        with while_compiling(say_compiling, say_stage):
            yield step


@contextmanager
def _screened() -> Iterator[None]:
    """Let what is printed above a bar, through streams of its own, be as safe as all else."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, Screen(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def fail_with_findings(findings: Sequence[Finding]) -> NoReturn:
    """List findings and end."""
    from matchopt.report.terminal import counts, sorted_by_weight

    show_findings(sorted_by_weight(findings), sys.stderr)
    fail(tr("{found}. Nothing was done.", found=counts(findings)))


def show(table: ReportTable) -> None:
    """Print a small table: in colour on a terminal, as aligned lines otherwise."""
    from matchopt.report.terminal import plain, renderable

    if sys.stdout.isatty():
        console(sys.stdout).print(renderable(table))
    else:
        print(plain(table))


def show_findings(findings: Sequence[Finding], stream: TextIO) -> None:
    """List findings: a line each cause, or in colour on a terminal."""
    if not stream.isatty():
        for cause in by_cause(findings):
            print(cause, file=stream)
        return
    from matchopt.report.terminal import findings_renderable

    console(stream).print(findings_renderable(findings))


def ask(question: str, choices: Sequence[str], proposal: str) -> str:
    """Ask on the terminal; choices are answered by number, and Enter takes what is proposed, if anything."""
    print("\n" + question)
    for number, choice in enumerate(choices, start=1):
        print(f"  {number}. {choice}")
    answer = input(f"[{proposal}] > " if proposal else "> ").strip() or proposal
    if choices and answer.isdecimal() and 1 <= int(answer) <= len(choices):
        return choices[int(answer) - 1]
    return answer


def tell(sentences: Iterable[str], tables: Iterable[ReportTable] = ()) -> None:
    """Print sentences, a line each, and tables below them."""
    for sentence in sentences:
        print(sentence)
    for table in tables:
        print()
        show(table)


def name_files(*files: str | Path) -> None:
    """Say which files there are for people."""
    print("\n" + tr("To read, print and pass on: {files}", files=", ".join(map(str, files))))
