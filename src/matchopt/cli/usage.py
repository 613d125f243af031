"""Wrong usage, told in the language spoken: the library of the command line knows English alone."""

from __future__ import annotations

import re
import sys

from typer.exceptions import TyperException

from matchopt.language import mark, tr

_SAYINGS = (
    (r"Missing command\.", mark("A command is missing.")),
    (
        r"No such command {what}\. Did you mean {others}\?",
        mark("No such command: {what}. Did you mean {others}?"),
    ),
    (r"No such command {what}\.", mark("No such command: {what}.")),
    (
        r"No such option: {what} \(Possible options: {others}\)",
        mark("No such option: {what}. Did you mean {others}?"),
    ),
    (r"No such option: {what}", mark("No such option: {what}.")),
    (r"Option {what} requires an argument\.", mark("Option {what} requires a value.")),
    (r"Option {what} does not take a value\.", mark("Option {what} does not take a value.")),
    (r"Got unexpected extra argument\(s\) \({what}\)", mark("That is too much: {what}.")),
    (r"Missing argument {what}\. Choose from:{others}", mark("{what} is missing: one of {others}.")),
    (r"Missing argument {what}\.", mark("{what} is missing.")),
    (r"Missing option {what}\.", mark("Option {what} is missing.")),
    (r"Invalid value for {what}: {why}", mark("Invalid value for {what}: {why}")),
    (r"Input should be a valid integer.*", mark("{given} is not a whole number.")),
    (r"Input should be a valid number.*", mark("{given} is not a number.")),
    (r"Input should be greater than or equal to {least}", mark("{given} is less than {least}.")),
    (r"Value error, {what} is not one of {others}\.", mark("{what} is not one of {others}.")),
)
"""What the library says, and what we say instead. ``given`` is the value that was refused."""


def _in_our_words(text: str, given: str) -> str:
    """Return a sentence of the library in our words, or as it is if we have none for it."""
    for saying, ours in _SAYINGS:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>.+?)", saying)
        if found := re.fullmatch(pattern, text, re.DOTALL):
            holes = {
                name: _in_our_words(part, given) if name == "why" else " ".join(part.split())
                for name, part in found.groupdict().items()
            }
            return tr(ours, **holes, given=given)
    return text


def _given(error: BaseException) -> str:
    """Return the value that a check of types refused."""
    refused: list[dict[str, object]] = getattr(error.__cause__, "errors", list)()
    return repr(refused[0]["input"]) if refused else ""


def tell_usage(error: TyperException) -> None:
    """Say what is wrong with the way a command was called, and where to read how it goes."""
    if context := getattr(error, "ctx", None):
        print(context.get_usage(), file=sys.stderr)
        print(
            tr("Try `{command}` for help.", command=f"{context.command_path} --help") + "\n", file=sys.stderr
        )
    print(tr("Error: {what}", what=_in_our_words(error.format_message(), _given(error))), file=sys.stderr)
