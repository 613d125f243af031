"""Gather the messages of the program into its catalogue, and compile it.

    python docs/make_messages.py [--check]

Messages are what `tr`, `trn` and `mark` are handed, kinds and units of columns, and the help of commands.
New ones come into ``src/matchopt/locale/zh/LC_MESSAGES/matchopt.po`` with an empty translation, to be written
there; those that are gone leave. With ``--check`` nothing is written; the exit code is 1 if the catalogue is
out of date, a translation is missing, or its names in braces are not those of the message.
"""

from __future__ import annotations

import inspect
import io
import re
import sys
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "matchopt"
PO = SOURCE / "locale" / "zh" / "LC_MESSAGES" / "matchopt.po"
KEYWORDS = {"tr": None, "trn": (1, 2), "mark": None}
OF_TYPER = ("Arguments", "Options", "Commands", "required", "default: {default}")
"""What the library of the command line says in its help, and looks up in our catalogue."""


def gathered() -> Catalog:
    """Return a catalogue of all messages, without translations."""
    catalog = Catalog(locale="zh", domain="matchopt", fuzzy=False)
    methods = [("**.py", "python"), ("**.j2", "jinja2.ext:babel_extract")]
    for _, _, message, _, context in extract_from_dir(SOURCE, methods, {}, KEYWORDS):
        catalog.add(message, context=context)
    for message in (*OF_TYPER, *_of_schema(), *_helps()):
        catalog.add(message)
    return catalog


def _of_schema() -> Iterator[str]:
    """Yield the kinds and units of columns, which the templates of tables name."""
    from matchopt.contract.schema import TABLES

    for column in (column for table in TABLES.values() for column in table.columns):
        yield from filter(None, (str(column.kind), column.unit))


def _helps() -> Iterator[str]:
    from typer.main import get_command

    from matchopt.cli import app

    door = get_command(app)
    for command in (door, *door.commands.values()):  # type: ignore[attr-defined]
        for text in (command, *command.params):
            if getattr(text, "help", None):
                yield inspect.cleandoc(text.help)


def translated(catalog: Catalog, old: Catalog) -> Catalog:
    """Take over the translations that there are."""
    for message in catalog:
        if message.id and (known := old.get(message.id)) is not None:
            message.string = known.string
    return catalog


def faults(catalog: Catalog) -> Iterator[str]:
    """Yield what is wrong with translations."""
    for message in catalog:
        if not message.id:
            continue
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        ours = message.string if isinstance(message.string, tuple) else (message.string,)
        if not any(ours):
            yield f"not translated: {originals[0]!r}"
            continue
        if any(_names(one) - _names(originals[-1]) for one in ours) or _names(originals[-1]) - _names(
            ours[0]
        ):
            yield f"other names in braces: {originals[0]!r}"


def _names(text: str) -> set[str]:
    return set(re.findall(r"(?<!\{)\{(\w+)", text))


def written(catalog: Catalog) -> tuple[bytes, bytes]:
    """Return the catalogue as it is read and as it is used."""
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, width=100, no_location=True, omit_header=True, sort_output=True)
    header = b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    header += b'"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    content = header + po.getvalue()
    write_mo(mo, read_po(io.BytesIO(content), locale="zh"))
    return content, mo.getvalue()


def _said(compiled: bytes) -> dict[object, str]:
    """Return what a compiled catalogue says, without when and by what it was made."""
    messages: dict[object, str] = dict(GNUTranslations(io.BytesIO(compiled))._catalog)  # type: ignore[attr-defined]
    return {message: said for message, said in messages.items() if message != ""}


def main(check: bool) -> int:
    """Write the catalogue, or only look at it."""
    old = read_po(io.BytesIO(PO.read_bytes()), locale="zh") if PO.exists() else Catalog(locale="zh")
    catalog = translated(gathered(), old)
    found = list(faults(catalog))
    po, mo = written(catalog)
    for path, content, read in ((PO, po, bytes), (PO.with_suffix(".mo"), mo, _said)):
        if not path.exists() or read(path.read_bytes()) != read(content):
            found.append(f"{'out of date' if check else 'written'}: {path.name}")
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    print("\n".join(found) or "up to date")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
