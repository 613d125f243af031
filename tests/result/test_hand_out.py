"""The flow between classes goes back to single donations and needs, to the last unit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.model.classes import Members
from matchopt.model.network import _split
from profiles import examples


@examples(1)
@given(st.data())
def test_pieces_fill_members_in_order_and_lose_nothing(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    amount = np.array([data.draw(st.integers(1, 6)) for _ in range(sum(sizes))], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)])
    members = Members(np.arange(sum(sizes)), start, amount)
    owners, granted = [], []
    for c in range(len(sizes)):
        left = int(members.total[c])
        for wish in data.draw(st.lists(st.integers(1, 5), max_size=4)):
            if wish <= left:
                owners.append(c)
                granted.append(wish)
                left -= wish
    owner, pieces = np.array(owners, dtype=np.int64), np.array(granted, dtype=np.int64)
    piece, member, cut = _split(owner, pieces, members)
    assert (cut > 0).all()
    assert (np.bincount(piece, cut, len(pieces)) == pieces).all()
    filled = np.bincount(member, cut, len(amount))
    assert (filled <= amount).all()
    assert (np.repeat(np.arange(len(sizes)), sizes)[member] == owner[piece]).all()
    for c in range(len(sizes)):
        of_class = slice(start[c], start[c + 1])
        not_full = np.flatnonzero(filled[of_class] < amount[of_class])
        assert (filled[of_class][not_full[1:]] == 0).all()


def test_a_case_in_which_nothing_can_move_has_an_empty_plan() -> None:
    import pandas as pd

    case = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["C"], "item": ["rice"], "quantity": [1]}),
        donations=pd.DataFrame(
            {
                "donation_id": ["d"],
                "item": ["rice"],
                "quantity": [1],
                "latitude": [31.0],
                "longitude": [121.3],
            }
        ),
        lanes=pd.DataFrame({"from_place": ["C"], "to_place": ["C"], "distance_km": [0]}),
    )
    plan = matchopt.plan(case)
    assert plan.allocations.empty
    assert plan.needs["reason"].tolist() == ["unreachable"]
    assert plan.donations["reason"].tolist() == ["unreachable"]
    assert plan.gap == 0
    assert matchopt.verify(case, plan) == ()
