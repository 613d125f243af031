"""Names: the nearest known one, for cures; that of a case, and a place of its own for what is made of it."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from matchopt.language import tr
from matchopt.schema import TABLES


def near_table(name: str) -> str:
    """Return a cure for a table that is called `name`."""
    names = {n.casefold(): t.name for t in TABLES.values() for n in (t.name, t.zh, *t.aliases)}
    near = difflib.get_close_matches(name.casefold(), list(names), n=1, cutoff=0.6)
    if near:
        return tr("did you mean {names}?", names=names[near[0]])
    return tr("tables are called {listed}", listed=", ".join(TABLES))


def alike(name: str) -> str:
    """Return `name` without what the eye skips over: case, width, spaces, dashes."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if c.isalnum())


def near_name(name: str, known: Iterable[str]) -> str:
    """Return the name among `known` that was probably meant, or ``""``."""
    names = list(known)
    if len(names) > 20_000:
        return ""
    names.sort()  # a set comes in another order on every run
    wanted = alike(name)
    same = [other for other in names if alike(other) == wanted]
    if same:
        return same[0]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.75) if len(names) <= 2_000 else []
    return near[0] if near else ""


def case_name(case: Path) -> str:
    """Return what a folder or workbook is called, also where it is written as ``.``."""
    resolved = case.resolve()
    return (resolved.stem if resolved.is_file() else resolved.name) or "case"


def free_place(first: Path, *, force: bool) -> Path:
    """Return a place, with a number after its name if it is taken and must stay."""
    place, number = first, 1
    while not force and os.path.lexists(place):
        number += 1
        place = first.with_name(f"{first.name}-{number}")
    return place
