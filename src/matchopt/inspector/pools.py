"""What the screen is told: donations and needs of two items, and where they are, as records.

Days are day numbers, money is in 1/10 000 and as floats; places on earth are unit vectors from its centre.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matchopt.inspector.keys import Bools, Floats, Ints

Records = npt.NDArray[np.void]


def _record(ints: str, floats: str = "", bools: str = "") -> np.dtype[np.void]:
    fields = [(n, "i8") for n in ints.split()] + [(n, "f8") for n in floats.split()]
    return np.dtype(fields + [(n, "?") for n in bools.split()], align=True)


GIVER = _record(
    "kind block level quality first last expires name home place_mark group_mark passed open",
    "weight handling nearest x y z price granule",
    "light straight odd able spare again",
)
"""A donation profile.

Those of a kind stand together: they have one level, quality, group mark and block, and are `odd` or not,
their granules being no whole steps of the need. `straight`: no way through a hub is shorter than the direct
one. `nearest` is the least cost of a kg into a hub that may take it, handled there; infinite without one.
`granule` counts units of the need. The screen writes what step its pairs have `passed`, what is still
`open` of its reason, and whether pairs were held back to be looked at `again`.
"""

TAKER = _record("block level quality remaining group passed open tried", "price fee asked ceiling", "short")
"""A need profile. `fee` is that of a donated unit; at `ceiling` a unit is rather left unmet.

The screen writes `passed` and `open`, and how many pairs were `tried` for its reason.
"""

WINDOW = _record("start first last remaining")
"""Groups of needs with the same days, from the group `start` on; the shortest shelf life they ask for."""

GOAL = _record("name", "x y z nearest")
"""A community; `nearest` is the least cost of a kg from a hub."""

LEGS = _record("refused lead hub_lead", "near through", "known")
"""What a donation has to do with a place: admitted or refused by a step, and its ways there.

`near` and `through` are lower bounds of what a kg costs directly and through a hub, transfer included,
infinite where there is no way; `lead` and `hub_lead` the shortest lead times. What hubs make of it is
`known` once it was asked for.
"""


def records(dtype: np.dtype[np.void], size: int, **columns: Any) -> Records:
    """Return records with the columns given, 0 in all others."""
    made: Records = np.zeros(size, dtype=dtype)
    for name, column in columns.items():
        made[name] = column
    return made


class Groups(NamedTuple):
    """Needs of one community (`place`, counted in `community`) and window; `start`: where each begins."""

    community: Ints
    place: Ints
    start: Ints
    windows: Records


class Hubs(NamedTuple):
    """The hubs by community, in the order of what a kg costs from them: `out`, infinite without a way."""

    handling: Floats
    order: Ints
    out: Floats
    lead: Ints


class Ways(NamedTuple):
    """Ways of the donations: into the hubs, and direct ones (with lanes only; otherwise one empty cell)."""

    into: Floats
    into_lead: Ints
    direct: Floats
    direct_lead: Ints


class Terms(NamedTuple):
    """What holds for all pairs of two items, and for the case.

    Attributes
    ----------
    per_diameter
        Currency for a kg over a way as long as the earth is thick.
    lanes
        Whether lanes make ways of their own, with lead times, or close others.
    longest
        No way through a hub takes more days.
    least_handling, least_storage
        Of all hubs.
    ratio
        Units of the need that a donated unit serves.
    fixed
        Penalty and purchase of a donated unit.
    marked, groups
        Earmark × community (group): admitted.
    inside, transfer
        Home × community: within bounds, transfer of a kg.
    proof
        Whether there are prices to hold against the pairs.
    sure
        Whether a need or donation has what is asked for its reason once a pair is admissible.
    often
        How many pairs of a need or donation may pass for a reason, before they are reckoned.
    """

    per_diameter: float
    lanes: bool
    longest: int
    least_handling: float
    least_storage: float
    ratio: float
    fixed: float
    marked: Bools
    groups: Bools
    inside: Bools
    transfer: Floats
    proof: bool
    sure: bool
    often: int
