"""What the screen is told: donations and needs of two items, and where they are, as records.

Days are day numbers, money is in 1/10 000 and as floats; places on earth are unit vectors from its centre.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matchopt.verifier.keys import Bools, Floats, Ints

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


TERMS = _record("longest often", "per_diameter least_handling least_storage ratio fixed", "lanes proof sure")
"""What holds for all pairs of two items, and for the case.

`per_diameter` is what a kg costs over a way as long as the earth is thick, `fixed` penalty and purchase of a
donated unit, `ratio` the units of the need that one serves. `lanes`: lanes make ways of their own, with lead
times of up to `longest` days through a hub, or close others. `proof`: there are prices to hold against the
pairs. `sure`: a need or donation has what is asked for its reason once a pair is admissible; otherwise pairs
have to be reckoned, `often` a need or donation at a time.
"""

Groups = tuple[Ints, Ints, Ints, Records]
"""Needs of one community and window: the communities; by group its place among them, and where it begins;
the windows."""

Hubs = tuple[Floats, Ints, Floats, Ints]
"""Handling by hub; by community the hubs in the order of what a kg costs from them, that cost (infinite
without a way) and the lead times."""

Ways = tuple[Floats, Ints, Floats, Ints]
"""Cost and lead time of the donations into the hubs, and direct (without lanes one empty cell)."""

Rules = tuple[Bools, Bools, Bools, Floats]
"""Earmark × community and earmark × group: admitted; home × community: within bounds, transfer of a kg."""


def records(dtype: np.dtype[np.void], size: int, **columns: Any) -> Records:
    """Return records with the columns given, 0 in all others."""
    made: Records = np.zeros(size, dtype=dtype)
    for name, column in columns.items():
        made[name] = column
    return made
