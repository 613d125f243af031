"""The application: how commands are declared, which language they speak, how they end."""

from __future__ import annotations

import gettext
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from zipfile import BadZipFile, ZipFile

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from matchopt import __version__
from matchopt.cli.process import end, forget_output, interrupted, obey_signals, open_streams
from matchopt.cli.terminal import INTERRUPTED, fail, fail_with_findings
from matchopt.cli.usage import tell_usage
from matchopt.cli.warm_up import warm_up
from matchopt.errors import CaseError, MatchoptError, ProofError
from matchopt.language import DOMAIN, LOCALES, Language, mark, said_by_system, speak, spoken, tr


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
            tell_usage(error)
            sys.exit(error.exit_code)
        except typer.Abort:
            sys.exit(interrupted(KeyboardInterrupt()))


app = typer.Typer(
    name="matchopt",
    cls=_Commands,
    # Plain help comes three times as fast as drawn boxes, and reads well in a log.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

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
    open_streams()
    obey_signals()
    # Help is shown as soon as it is asked for: which language it is to be in has to be known before.
    for k, word in enumerate(sys.argv[1:], 1):
        name, _, value = word.partition("=")
        if name == "--lang":
            value = value or next(iter(sys.argv[k + 1 : k + 2]), "")
            _before["LANGUAGE"] = value if value in tuple(Language) else _before["LANGUAGE"]
    if not _before["LANGUAGE"] and said_by_system() is None and any(map(_is_chinese, sys.argv[1:])):
        _before["LANGUAGE"] = Language.ZH.value
    try:
        _begin(None)
        app(prog_name="matchopt")
    except SystemExit as ended:
        end(ended.code if isinstance(ended.code, int) else 0)
    except KeyboardInterrupt as error:
        end(interrupted(error))


def _is_chinese(word: str) -> bool:
    """Return whether a word of the command line, or what the file or folder that it names holds, is Chinese.

    Where the system says no language, the case does: headers stand in the first lines of its files.
    """
    path = Path(word)
    try:
        inside = [path, path / "case"] if path.is_dir() else []
        files = [file for folder in inside if folder.is_dir() for file in sorted(folder.iterdir())[:_FEW]]
        files += [path] if path.is_file() else []
        return bool(_CHINESE.search(" ".join([word, *(file.name for file in files), *map(_opening, files)])))
    except (OSError, ValueError):
        return False


_CHINESE = re.compile("[\u4e00-\u9fff]")
_FEW, _OPENING = 40, 400


def _opening(file: Path) -> str:
    """Return the first words of a table; of a workbook those in its list of texts."""
    if file.suffix.lower() == ".csv":
        with file.open("rb") as stream:
            start = stream.read(_OPENING)
        try:
            return start.decode("utf-8")
        except UnicodeDecodeError as error:
            in_utf8 = error.start > len(start) - 4  # the last letter is cut
            return start.decode("utf-8" if in_utf8 else "gb18030", "ignore")
    if file.suffix.lower() == ".xlsx":
        try:
            with ZipFile(file) as book, book.open("xl/sharedStrings.xml") as texts:
                return texts.read(10 * _OPENING).decode("utf-8", "ignore")
        except (BadZipFile, KeyError, NotImplementedError, RuntimeError):
            return ""
    return ""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a function a command: whatever happens ends in a plain line, in the language asked for."""

    @wraps(function)
    def wrapped(*args: Any, lang: Language | None = None, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.BadParameter):
            raise
        except KeyboardInterrupt as error:
            raise typer.Exit(interrupted(error)) from None
        except BrokenPipeError:
            forget_output()
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


def _apology(error: Exception) -> str:
    """Return one line on an error that nobody foresaw: what, where, and what to do."""
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "matchopt" in Path(frame.filename).parts] or frames
    kind, file, line = type(error).__name__, Path(ours[-1].filename).name, ours[-1].lineno
    message = mark(
        "matchopt: this should not happen: {kind} in {file}, line {line}: {text}."
        " Please report this line (MATCHOPT_DEBUG=1 shows more)."
    )
    return tr(message, kind=kind, file=file, line=line, text=" ".join(str(error).split())[:300])


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
    warm: Annotated[
        bool,
        typer.Option(
            "--warm-up",
            callback=warm_up,
            help="Compile what a machine compiles once, so that no plan waits for it.",
        ),
    ] = False,
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
