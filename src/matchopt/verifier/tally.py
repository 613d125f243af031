"""What the allocations come to for each need and donation, and the rules on these sums."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matchopt.language import tr
from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Bools, Counts, Floats, Ints
from matchopt.verifier.lines import TABLE, Lines
from matchopt.verifier.quantities import sums, total
from matchopt.verifier.violation import Report

DUST = Fraction(1, 10**9)
"""Relative: what limits on sums of fractions may be passed by."""

SHORT = Fraction(1, 10**6)
"""Units; a need that lacks no more has all it asks."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The sums of a plan.

    Attributes
    ----------
    served, unmet, planned, left_over
        Grains of each need and donation; Fractions where they are not whole.
    short
        Needs that lack something.
    spare
        Donations of which a granule at least is left to plan.
    spent
        Currency that the lines cost, purchases aside.
    met, kept, held
        What of served, planned and spent stays of an earlier plan.
    """

    served: Counts
    unmet: Counts
    planned: Counts
    left_over: Counts
    short: Bools
    spare: Bools
    spent: Fraction
    met: Counts
    kept: Counts
    held: Fraction

    def served_units(self, f: Facts) -> Floats:
        """Return what each need is served, in units."""
        return np.asarray(self.served.astype(np.float64) * f.wants.grain, dtype=np.float64)


def tally_of(f: Facts, lines: Lines) -> Tally:
    """Add up the allocations."""
    g, w = f.gifts, f.wants
    served, met = lines.served(len(w.ids)), lines.before.served(len(w.ids))
    planned, kept = (sums(lines.i, given, len(g.ids)) for given in (lines.given, lines.stays))
    unmet, left = w.asked - served, g.offered - planned
    rest = np.maximum(g.plannable, kept) - planned
    cost = np.where(lines.sound, lines.unit - np.where(lines.bought, 10_000, 0), 0)
    return Tally(
        served, unmet, planned, left,
        short=_exceeds(unmet, SHORT, w.grain),
        spare=(rest >= g.granule).astype(bool) & (g.plannable > 0),
        spent=total(lines.given, g.grain[lines.i], cost) / 10_000,
        met=met, kept=kept, held=total(lines.stays, g.grain[lines.i], cost) / 10_000,
    )  # fmt: skip


def _exceeds(counts: Counts, units: Fraction, grain: Floats) -> Bools:
    """Tell which counts of grains are more than `units`, exactly."""
    more = np.zeros(len(counts), dtype=bool)
    for size in np.unique(grain).tolist():
        mine, bar = grain == size, units / Fraction(repr(size))
        # A whole number is more than a bar where it is more than the whole part of it.
        more[mine] = counts[mine] > (math.floor(bar) if counts.dtype != object else bar)
    return more


def check_tally(f: Facts, lines: Lines, tally: Tally, report: Report) -> None:
    """Check the limits of needs and donations, and the budget."""
    _check_quantities(f, tally, report)
    _check_flags(f, lines, tally, report)
    limit = f.settings.policy.budget
    if limit > 0 and tally.spent > max(Fraction(limit) * (1 + DUST), tally.held):
        report.add(
            "budget",
            TABLE,
            "",
            tr(
                "costs {spent}, purchases aside, more than the budget of {limit}",
                spent=f"{float(tally.spent):.4f}",
                limit=f"{limit:.10g}",
            ),
        )


def _check_quantities(f: Facts, tally: Tally, report: Report) -> None:
    g, w = f.gifts, f.wants
    report.each(
        "overplanned",
        TABLE,
        (tally.planned > np.maximum(g.plannable, tally.kept)).astype(bool),
        lambda r: f"donation {g.ids[r]}",
        lambda r: tr(
            "gives {value} of {value2} that may be planned ({value3} offered)",
            value=f"{tally.planned[r] * g.grain[r]:.15g}",
            value2=f"{g.plannable[r] * g.grain[r]:.15g}",
            value3=f"{g.offered[r] * g.grain[r]:.15g}",
        ),
    )
    over = (tally.unmet < 0).astype(bool)
    for r in np.flatnonzero(over).tolist():
        room = DUST * int(w.asked[r]) if isinstance(tally.served[r], Fraction) else 0
        over[r] = tally.unmet[r] < -room
    report.each(
        "overserved",
        TABLE,
        over,
        lambda r: f"need {w.ids[r]}",
        lambda r: tr(
            "is served {value}, but asks for {value2}",
            value=f"{float(tally.served[r]) * w.grain[r]:.15g}",
            value2=f"{w.asked[r] * w.grain[r]:.15g}",
        ),
    )


def _check_flags(f: Facts, lines: Lines, tally: Tally, report: Report) -> None:
    """Check who is served by several, served in part, or split over too many communities.

    Lines that stay of an earlier plan may do so; those that are new may not add to it.
    """
    g, w = f.gifts, f.wants
    new = lines.new.given > 0
    sources = _partners(lines.j[new], lines.i[new], len(w.ids))
    report.each(
        "single_source", TABLE, w.single & (sources > 1), lambda r: f"need {w.ids[r]}",
        lambda r: tr("is served by {sources} donations; at most one may serve it", sources=sources[r]),
    )  # fmt: skip
    partly = w.whole & tally.short & (tally.served > tally.met).astype(bool)
    report.each(
        "all_or_nothing",
        TABLE,
        partly,
        lambda r: f"need {w.ids[r]}",
        lambda r: tr(
            "is served {value} of {value2}; it takes all or nothing",
            value=f"{float(tally.served[r]) * w.grain[r]:.15g}",
            value2=f"{w.asked[r] * w.grain[r]:.15g}",
        ),
    )
    spread = _partners(lines.i, w.community[lines.j], len(g.ids))
    old = lines.stays > 0
    visited = _partners(lines.i[old], w.community[lines.j[old]], len(g.ids))
    report.each(
        "max_communities",
        TABLE,
        spread > np.maximum(g.most_communities, visited),
        lambda r: f"donation {g.ids[r]}",
        lambda r: tr(
            "goes to {spread} communities, more than its {most_communities}",
            spread=spread[r],
            most_communities=f"{g.most_communities[r]:g}",
        ),
    )


def _partners(rows: Ints, partner: Ints, size: int) -> Ints:
    """Count the different partners of each row."""
    width = int(partner.max(initial=0)) + 1
    pairs = np.sort(rows * width + partner)
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    counts: Ints = np.bincount(pairs // width, minlength=size).astype(np.int64)
    return counts
