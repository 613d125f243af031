from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.model.money import QuantityScale, exact_dot, round_half_even, to_money
from profiles import examples


@pytest.mark.parametrize(
    ("currency", "whole"),
    [(0.00005, 0), (0.00015, 2), (0.00025, 2), (0.00035, 4), (1.00005, 10000), (2.67895, 26790), (0.0, 0)],
)
def test_money_rounds_half_to_even_as_decimals_do(currency: float, whole: int) -> None:
    assert to_money(np.array([currency]))[0] == whole


@examples(1)
@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62)), max_size=5))
def test_exact_dot_is_exact_beyond_int64(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array([p[k] for p in pairs], dtype=np.int64) for k in (0, 1))
    assert exact_dot(left, right) == sum(a * b for a, b in pairs)


@pytest.mark.parametrize(
    ("steps", "decimals"),
    [
        ([1.0, 5.0], 0),
        ([1.0, 0.5], 1),
        ([0.25], 2),
        ([0.001, 2.0], 3),
        ([0.1 + 0.2], 1),
        ([1e9 + 0.5, 1.0], 1),
        ([1e12 + 0.25], 2),
        ([9e15], 0),
        ([1 / 3], 6),
    ],
)
def test_scale_is_the_coarsest_that_holds_every_step(steps: list[float], decimals: int) -> None:
    assert QuantityScale.of_steps(np.array(steps)).decimals == decimals


@examples(1)
@given(st.lists(st.integers(0, 9 * 10**12), min_size=1, max_size=5), st.integers(0, 3))
def test_quantities_survive_the_way_there_and_back(scaled: list[int], decimals: int) -> None:
    scale = QuantityScale(decimals)
    there = np.array(scaled, dtype=np.int64)
    assert (scale.to_ints(np.asarray(scale.from_ints(there), dtype=float)) == there).all()


def test_a_quantity_is_shown_whole_where_it_is_whole() -> None:
    scale = QuantityScale(1)
    assert (scale.number(15), scale.number(20)) == (1.5, 2)
    assert isinstance(scale.number(20), int)


@pytest.mark.parametrize(("n", "d", "q"), [(1, 2, 0), (3, 2, 2), (5, 2, 2), (-1, 2, 0), (7, 3, 2), (8, 3, 3)])
def test_round_half_even(n: int, d: int, q: int) -> None:
    assert round_half_even(np.array([n]), d).tolist() == [q]


def test_a_cost_beyond_exact_counting_is_refused() -> None:
    with pytest.raises(matchopt.CaseError, match="cannot be counted exactly"):
        to_money(np.array([1.0, 1.1e9]))


def test_large_quantities_keep_their_fractions() -> None:
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["C"], "item": ["x"], "quantity": [1e9 + 0.5]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["x"], "quantity": [2e9]}),
        items=pd.DataFrame({"item": ["x"], "step": [0.5], "weight_kg": [0]}),
    )
    plan = matchopt.plan(case)
    assert (plan.served, plan.asked) == (1e9 + 0.5, 1e9 + 0.5)
    assert matchopt.verify(case, plan) == ()


@pytest.mark.parametrize(
    ("quantity", "lot", "where"),
    [(5e12, None, ("needs", 2, "quantity")), (10, 1e13, ("donations", 2, "lot_size"))],
)
def test_the_check_refuses_quantities_too_large_for_thirds(
    quantity: float, lot: float | None, where: tuple[str, int, str]
) -> None:
    """What a price of 3 buys is counted in millionths; what the check calls plannable is planned."""
    needs = {"need_id": ["n", "m"], "community": "C", "item": "x", "quantity": quantity}
    gifts = {"donation_id": ["d", "e"], "item": "cash", "quantity": 10, "lot_size": [lot, None]}
    items = pd.DataFrame({"item": ["x", "cash"], "kind": ["goods", "funds"], "purchase_price": [3, None]})
    with pytest.raises(matchopt.CaseError, match=r"beyond 9e\+12") as refused:
        matchopt.Case.from_frames(needs=pd.DataFrame(needs), donations=pd.DataFrame(gifts), items=items)
    assert [(f.table, f.row, f.column) for f in refused.value.findings if f.severity == "error"] == [where]


def test_a_line_beyond_exact_counting_is_refused() -> None:
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["C"], "item": ["x"], "quantity": [9e15]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["x"], "quantity": [9e15]}),
    )
    # The check refuses it already, at its row; planning does not rely on that.
    dear = case.settings.updated({"rates": {"handling_direct": 1.0}})
    with pytest.raises(matchopt.CaseError, match="one delivery"):
        matchopt.plan(replace(case, settings=dear))


def test_the_largest_quantity_can_be_planned_and_proven() -> None:
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame(
            {"need_id": ["n"], "community": ["C"], "item": ["x"], "quantity": ["9000000000000000"]}
        ),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["x"], "quantity": [9e15]}),
    )
    plan = matchopt.plan(case)
    assert plan.served == 9e15
    assert plan.logistics_cost == 9e14
    assert matchopt.verify(case, plan) == ()
