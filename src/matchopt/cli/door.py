"""What all commands share: how they are declared, how they end, what they tell on the way."""

from __future__ import annotations

import gettext
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from matchopt import __version__
from matchopt.cli.usage import tell
from matchopt.errors import CaseError, Finding, MatchoptError, ProofError
from matchopt.language import DOMAIN, LOCALES, Language, speak, spoken, tr

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.report.section import Section

Step = Callable[[str, int, int], None]

FOUND, INTERRUPTED = 1, 130


class _Translated:
    """Help in the language spoken."""

    def format_help(self: Any, ctx: Any, formatter: Any) -> None:
        """Write the help, its texts looked up in the catalogue."""
        texts = [self, *self.params, *getattr(self, "commands", {}).values()]
        kept = [(text, name, getattr(text, name, None)) for text in texts for name in ("help", "short_help")]
        try:
            for text, name, said in kept:
                if said:
                    setattr(text, name, tr(inspect.cleandoc(said)))
            super().format_help(ctx, formatter)  # type: ignore[misc]
        finally:
            for text, name, said in kept:
                if said:
                    setattr(text, name, said)

    def parse_args(self: Any, ctx: Any, args: list[str]) -> Any:
        """Read the arguments; whatever is wrong with them knows the command they were meant for."""
        try:
            return super().parse_args(ctx, args)  # type: ignore[misc]
        except TyperException as error:
            error.ctx = getattr(error, "ctx", None) or ctx  # type: ignore[attr-defined]
            raise

    def format_usage(self: Any, ctx: Any, formatter: Any) -> None:
        """Write the line that shows how to call it."""
        formatter.write_usage(
            ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix=tr("Usage: ")
        )

    def get_help_option(self: Any, ctx: Any) -> Any:
        """Return the option that asks for help, explained in the language spoken."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = tr("Show this message and exit.")
        return option


class _Command(_Translated, TyperCommand):
    pass


class _Commands(_Translated, TyperGroup):
    def main(self, args: Sequence[str] | None = None, *more: Any, **rest: Any) -> Any:
        """Run the command that the arguments name, and end with its exit code; without any, show the help."""
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        try:
            sys.exit(super().main(given, *more, **rest | {"standalone_mode": False}))
        except TyperException as error:
            tell(error)
            sys.exit(error.exit_code)
        except typer.Abort:
            sys.exit(INTERRUPTED)


app = typer.Typer(
    name="matchopt",
    cls=_Commands,
    # Plain help comes three times as fast as drawn boxes, and reads well in a log.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

CasePath = Annotated[
    Path, typer.Argument(metavar="CASE", help="Folder with the tables, or one workbook (.xlsx).")
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that `matchopt plan` wrote.")]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE",
        help="Change a setting for this time, such as policy.boundary=district. May be repeated.",
    ),
]  # fmt: skip


_before = {"LANGUAGE": os.environ.get("LANGUAGE", "")}
"""What was in force before a command was asked for another language."""


def _begin(language: Language | None) -> None:
    """Speak a language, or that of the system."""
    os.environ |= _before
    speak(language)
    # What typer says of its own, it looks up in the domain in force, in the language named there.
    os.environ["LANGUAGE"] = spoken().value
    gettext.bindtextdomain(DOMAIN, str(LOCALES))
    gettext.textdomain(DOMAIN)


def _change(language: Language | None) -> None:
    """Speak another language than so far if one is named."""
    if language is not None:
        _begin(language)


_LANG = "Language of messages and files.  [default: that of the system]"
DoorLang = Annotated[Language | None, typer.Option("--lang", help=_LANG, is_eager=True, callback=_begin)]
Lang = Annotated[Language | None, typer.Option("--lang", help=_LANG, is_eager=True, callback=_change)]


def main() -> None:
    """Run the command ``matchopt``."""
    _keep_libraries_quiet()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a letter shows a question mark
            stream.reconfigure(errors="replace")
    # Help is shown as soon as it is asked for: which language it is to be in has to be known before.
    for k, word in enumerate(sys.argv[1:], 1):
        name, _, value = word.partition("=")
        if name == "--lang":
            value = value or next(iter(sys.argv[k + 1 : k + 2]), "")
            _before["LANGUAGE"] = value if value in tuple(Language) else _before["LANGUAGE"]
    _begin(None)
    app(prog_name="matchopt")


def _keep_libraries_quiet() -> None:
    """Let what compiled libraries print by themselves go nowhere: standard output is for answers.

    HiGHS tells there of repairs to a plan, whatever it was asked to say.
    """
    try:
        ours = os.dup(sys.stdout.fileno())
    except (AttributeError, OSError):  # there is none, or somebody else's
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stdout = os.fdopen(ours, "w", encoding=sys.stdout.encoding, buffering=1 if os.isatty(ours) else -1)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a function a command: whatever happens ends in a plain line, in the language asked for."""

    @wraps(function)
    def wrapped(*args: Any, lang: Language | None = None, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # Nobody reads on: what is still buffered must not fail once more at the very end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(INTERRUPTED) from None
        except CaseError as error:
            fail_with_findings(error.findings)
        except ProofError as error:
            fail(
                tr("matchopt found a mistake of its own and wrote nothing; please report it:") + f"\n{error}"
            )
        except MatchoptError as error:
            fail(f"matchopt: {error}")
        except Exception as error:
            if "MATCHOPT_DEBUG" in os.environ:
                raise
            fail(_apology(error))

    hints = get_type_hints(function, include_extras=True)
    parameters = [
        *(p.replace(annotation=hints[p.name]) for p in inspect.signature(function).parameters.values()),
        inspect.Parameter("lang", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Lang),
    ]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    del wrapped.__wrapped__
    return app.command(cls=_Command)(wrapped)


def fail(text: str) -> NoReturn:
    """Say what went wrong, and end."""
    print(text, file=sys.stderr)
    raise typer.Exit(FOUND) from None


def _apology(error: Exception) -> str:
    """Return one line on an error that nobody foresaw: what, where, and what to do."""
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "matchopt" in Path(frame.filename).parts] or frames
    return tr(
        "matchopt: this should not happen: {kind} in {file}, line {line}: {text}."
        " Please report this line (MATCHOPT_DEBUG=1 shows more).",
        kind=type(error).__name__, file=Path(ours[-1].filename).name, line=ours[-1].lineno,
        text=" ".join(str(error).split())[:300],
    )  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        print(f"matchopt {__version__}")
        raise typer.Exit


@app.callback()
def _door(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    lang: DoorLang = None,
) -> None:
    """Match donations to needs: the best plan, with its proof.

    A case is a folder of tables: needs.csv (who asks for what), donations.csv (who gives what), further
    tables where you have them (communities, hubs, items, lanes ...) and settings in matchopt.toml.
    One workbook (.xlsx) with the tables as sheets will do as well. The first three commands:

    \b
      matchopt new my-city        make an empty case, every column explained
      matchopt check my-city      list everything wrong in its data, with cures
      matchopt plan my-city       plan it, prove it, write runs/my-city

    Exit codes: 0 fine, 1 findings or a violation, 2 wrong usage.
    """  # noqa: D301


def refuse_malformed(changes: Sequence[str] | None) -> None:
    """Refuse changes of settings that are not of the form NAME=VALUE."""
    for change in changes or ():
        name, equals, _ = change.partition("=")
        if not name.strip() or not equals:
            raise typer.BadParameter(
                tr(
                    "{change} is not of the form NAME=VALUE, such as policy.boundary=district",
                    change=repr(change),
                ),
                param_hint="'--set'",
            )


def refuse_no_time(limit: float | None) -> None:
    """Refuse a time limit that is no number of seconds above 0."""
    if limit is not None and not 0 < limit < float("inf"):
        raise typer.BadParameter(
            tr("{value} is no number above 0", value=f"{limit:g}"), param_hint="'--time-limit'"
        )


def read_case(case: Path, changes: Sequence[str], step: Step, earlier: pd.DataFrame | None = None) -> Case:
    """Read and check a case, be it after an `earlier` plan; with errors in it, say so and end."""
    from matchopt.tables.read import check_case

    step("reading and checking the tables", 0, 0)
    checked, findings = check_case(case, changes, earlier)
    if checked is None:
        fail_with_findings(findings)
    return checked


def read_plan(run: Path) -> Plan:
    """Read a run folder and the case it was made from; with errors in that, say so and end."""
    from matchopt.runs.read import case_place, earlier_lines, read_manifest, read_run, settings_as_changes
    from matchopt.tables.read import check_case

    manifest = read_manifest(run)
    changes, earlier = settings_as_changes(manifest.settings), earlier_lines(run, manifest)
    case, findings = check_case(case_place(run, manifest), changes, earlier)
    if case is None:
        fail_with_findings(findings)
    return read_run(run, case)


def plan_and_verify(
    case: Case, step: Step, *, solver: str = "simplex", time_limit: float | None = None,
    executor: Executor | None = None, warm: Plan | None = None,
) -> Plan:  # fmt: skip
    """Plan a case; ProofError if the plan does not pass its own verification."""
    from matchopt.engine import plan as plan_of
    from matchopt.verifier import verify as violations_of

    made = plan_of(case, solver=solver, progress=step, time_limit=time_limit, executor=executor, warm=warm)
    step("verifying the plan", 0, 0)
    violations = violations_of(case, made)
    if violations:
        raise ProofError("\n".join(map(str, violations)))
    return made


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Step]:
    """Yield what is told the stage of the work; it shows only on a terminal and leaves no trace."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from matchopt.report.words import stage_of_work

    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=False),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, before = bar.add_task(stage_of_work("starting"), total=None), "starting"

        def step(stage: str, done: int, total: int) -> None:
            nonlocal before
            if stage != before:
                # What is left of a stage goes by the speed of that stage.
                bar.reset(task, total=None)
                before = stage
            bar.update(task, description=stage_of_work(stage), completed=done, total=total or None)

        yield step


def warn(case: Case, path: Path, most: int = 5) -> None:
    """Show the first warnings on the data, and where to see the rest."""
    from matchopt.report.findings import counts

    if not case.findings:
        return
    show_findings(case.warnings[:most], sys.stderr)
    found = counts(case.findings, zero=False)
    said = tr(
        "{found} on the data: {command}", found=found, command=f"matchopt check {shlex.quote(str(path))}"
    )
    print(f"{said}\n", file=sys.stderr)


def fail_with_findings(findings: Sequence[Finding]) -> NoReturn:
    """List findings and end."""
    from matchopt.report.findings import counts, sorted_by_weight

    show_findings(sorted_by_weight(findings), sys.stderr)
    fail(tr("{found}. Nothing was done.", found=counts(findings)))


def show(section: Section) -> None:
    """Print a small table: in colour on a terminal, as aligned lines otherwise."""
    from matchopt.report.section import plain, renderable

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(renderable(section))
    else:
        print(plain(section))


def show_findings(findings: Sequence[Finding], stream: TextIO) -> None:
    """List findings: a line each, or in colour on a terminal."""
    if not stream.isatty():
        for finding in findings:
            print(finding, file=stream)
        return
    from rich.console import Console

    from matchopt.report.findings import renderable

    Console(file=stream).print(renderable(findings))
