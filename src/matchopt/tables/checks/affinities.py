"""Affinities: each row names one side and the other once, and the settings give them a weight."""

from __future__ import annotations

import numpy as np

from matchopt.contract.settings import FILE, Settings
from matchopt.language import tr
from matchopt.tables.findings import Said
from matchopt.tables.tables import Tables
from matchopt.tables.typed import Checked

SIDES = (("donation_id", "donor"), ("need_id", "group"))
"""The columns that may name each side; a row gives one of the two."""


def check_affinities(tables: Tables) -> None:
    """Check that each row names one donation or donor and one need or group, as no other row does."""
    affinities = tables.get("affinities")
    if affinities is None:
        return
    for one, other in SIDES:
        _check_side(tables, affinities, one, other)
    names = [column for side in SIDES for column in side]
    again = affinities.frame.duplicated(names).to_numpy()
    if not again.any():
        return
    groups = affinities.frame.groupby(names, sort=False).ngroup().to_numpy()
    firsts = np.flatnonzero(~again)  # groups are numbered as they first occur

    def say(at: int) -> Said:
        pair = " → ".join(str(v) for v in affinities.frame[names].iloc[at] if v)
        row = affinities.row(int(firsts[groups[at]]))
        return pair, tr("stands in row {row} already", row=row), tr("keep the row whose score is right")

    tables.error("duplicate_id", affinities, "", again & affinities.sound(*names), say)


def _check_side(tables: Tables, affinities: Checked, one: str, other: str) -> None:
    sound = affinities.sound(one, other)
    gives_one, gives_other = affinities.given(one), affinities.given(other)
    tables.error(
        "incomplete_row",
        affinities,
        one,
        sound & ~gives_one & ~gives_other,
        lambda _: (
            "",
            tr("is empty, and so is {other}", other=other),
            tr("give {one} or {other}", one=one, other=other),
        ),
    )
    values = affinities.array(other)
    tables.error(
        "ambiguous_row",
        affinities,
        other,
        sound & gives_one & gives_other,
        lambda at: (
            values[at],
            tr("stands beside a {one}, which says it already", one=one),
            tr(
                "leave {one} or {other} empty; the score then counts for the one, or for all of the other",
                one=one,
                other=other,
            ),
        ),
    )


def note_weight(tables: Tables, settings: Settings) -> None:
    """Say where affinities have no weight, or a weight has no affinities."""
    weight = settings.policy.affinity_weight
    if tables.get("affinities") is not None and weight == 0:
        problem = tr("the table affinities has no effect: its weight is 0")
    elif tables.get("affinities") is None and weight > 0 and tables.complete("affinities"):
        problem = tr("has no effect: there is no table affinities")
    else:
        return
    tables.found.note("idle_affinities", FILE, problem, column="policy.affinity_weight", value=f"{weight:g}")
