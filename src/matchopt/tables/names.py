"""The nearest known name, for cures."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

from matchopt.contract.schema import TABLES
from matchopt.language import tr


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
