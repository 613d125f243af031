"""Expected supply: quantity × reliability, rounded down once over donations that are alike (contract §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matchopt.arrays import Floats, Ints
from matchopt.tolerances import FLOAT
from matchopt.verifier.facts import NO_DAY, classes

if TYPE_CHECKING:
    from matchopt.verifier.gather import Tables


def expected(
    t: Tables, unsure: Ints, read: list[Ints | Floats], offered: Ints, stays: Ints, least: Ints
) -> Ints:
    """Return how many grains of each donation may be planned where those `unsure` may not turn up.

    Lines that stay take first of what alike ones come to, whole steps or lots (`least`); then ids in order.
    """
    reliability, ids = t.number("donations", "reliability"), t.text("donations", "donation_id")
    plannable = offered.copy()
    plannable[unsure] = 0
    of, count = classes(*(column[unsure] for column in read))
    groups: list[list[int]] = [[] for _ in range(count)]
    for row, group in zip(unsure.tolist(), of.tolist(), strict=True):
        groups[group].append(row)
    for rows in groups:
        step = int(least[rows[0]])
        likely = int(offered[rows].sum()) * float(reliability[rows[0]]) / step
        near = round(likely)
        left = (near if abs(likely - near) <= FLOAT * likely else int(likely)) * step
        by_id = sorted(rows, key=lambda row: str(ids[row]))
        for most in (stays, offered):
            for row in by_id:
                more = max(min(int(most[row] - plannable[row]), left), 0)
                plannable[row], left = plannable[row] + more, left - more
    return plannable


def columns_read(
    t: Tables, given: list[Ints], horizon: tuple[int, int], *, affinities: bool
) -> list[Ints | Floats]:
    """Return, column by column, all that the rules read of donations but id, donor and quantity.

    `given` are codes of what is known already: item, origin, community.
    """
    days = (t.day("donations", name) for name in ("available_from", "available_until"))
    numbers = "latitude", "longitude", "quality", "reliability", "lot_size", "max_communities"
    marks = (t.text("donations", name).tolist() for name in ("only_communities", "only_groups"))
    return [
        *given,
        t.day("donations", "expires_on"),
        *(np.where(day == NO_DAY, default, day) for day, default in zip(days, horizon, strict=True)),
        *(t.number("donations", name) for name in numbers),
        *(_numbered([frozenset(text.split(";")) for text in texts]) for texts in marks),
        *(_liked(t, name) for name in ("donation_id", "donor") if affinities),
    ]


def _liked(t: Tables, column: str) -> Ints:
    """Return a number for each donation, the same where equal affinities name it in `column`."""
    rows: dict[str, set[tuple[str, str, float]]] = {}
    said = (t.text("affinities", name).tolist() for name in (column, "need_id", "group"))
    for name, need, group, score in zip(*said, t.number("affinities", "score").tolist(), strict=True):
        rows.setdefault(name, set()).add((need, group, score))
    return _numbered([frozenset(rows.get(name, ())) for name in t.text("donations", column).tolist()])


def _numbered(values: list[frozenset[str]] | list[frozenset[tuple[str, str, float]]]) -> Ints:
    number = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return np.array([number[value] for value in values], dtype=np.int64)
