"""How far somebody gets with the other side: looking at few pairs says the same as looking at all."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matchopt.arrays import Ints
from matchopt.model.rules import ADMITTED
from matchopt.result.reasons import (
    BUDGET,
    CAPACITY,
    INTEGRALITY,
    NOT_WORTH_IT,
    OUTRANKED,
    SHORTAGE,
    _furthest,
    _Seen,
)


@given(st.randoms(use_true_random=False), st.integers(0, 7), st.integers(0, 25))
def test_few_pairs_say_what_all_say(random: random.Random, own: int, others: int) -> None:
    group = np.array([random.choice([0, 1, 1, 2]) for _ in range(others)], dtype=int)
    draws = [random.choice([0, 2, 5, ADMITTED]) for _ in range(own * others)]
    step = np.array(draws, dtype=int).reshape(own, others)
    admitted = step == ADMITTED
    pays = [random.random() < 0.5 for _ in range(own * others)]
    worth = admitted & np.array(pays, dtype=bool).reshape(own, others)
    beyond = [random.choice([CAPACITY, BUDGET, INTEGRALITY]) for _ in range(own * others)]
    open_code = np.array(beyond, dtype=int)
    used_up = np.array([random.choice([SHORTAGE, OUTRANKED]) for _ in range(own * others)], dtype=int)
    best = [open_code.reshape(own, others), used_up.reshape(own, others), np.full_like(step, ADMITTED)]
    reached = np.where(worth, np.choose(group, best) if others else step, step)

    def look(some: Ints, columns: Ints) -> _Seen:
        pairs = np.ix_(some, columns)
        return _Seen(reached[pairs], admitted[pairs], worth[pairs])

    expected = reached.max(axis=1, initial=0)
    expected[admitted.any(axis=1) & ~worth.any(axis=1)] = NOT_WORTH_IT
    groups = [np.flatnonzero(group == k) for k in range(3)]
    levels = INTEGRALITY, OUTRANKED, ADMITTED
    assert _furthest(np.arange(own), groups, levels, look).tolist() == expected.tolist()
