"""Donations that fail, and plans that are mended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import matchopt
from matchopt import Case
from matchopt.cli import app
from matchopt.whatif.stress import Stress, drawn, percentiles, repaired_case, stress
from oracle import solve
from profiles import examples
from small_case import SmallCase
from strategies import small_cases

NEEDS = pd.DataFrame(
    [("n1", "A", "rice", 4, 1), ("n2", "A", "rice", 5, 2)],
    columns=["need_id", "community", "item", "quantity", "priority"],
)
GIFTS = pd.DataFrame(
    [("d1", "rice", 4, 0.75), ("d2", "rice", 4, 1.0)],
    columns=["donation_id", "item", "quantity", "reliability"],
)


def tried(case: Case, **more: object) -> Stress:
    with ThreadPoolExecutor(1) as executor:
        return stress(case, executor=executor, **more)  # type: ignore[arg-type]


def test_a_case_whose_distribution_is_known() -> None:
    """8 units if d1 turns up, 4 if not: d2 alone serves what d1 was to serve only if it was not promised."""
    case = Case.from_frames(needs=NEEDS, donations=GIFTS)
    made = tried(case, draws=400, seed=3)
    for one in made.tried:
        share = one.draws["failed"].mean()
        assert 0.18 < share < 0.32
        assert set(one.draws["served"]) == {4, 8}
        assert (one.draws["served"] == np.where(one.draws["failed"], 4, 8)).all()
        assert one.draws["proven"].all()
        coverage = percentiles(one, made.asked).set_index("figure").loc["coverage"]
        assert (coverage["p5"], coverage["p95"]) == (round(4 / 9, 6), round(8 / 9, 6))
        assert coverage["mean"] == pytest.approx((8 - 4 * share) / 9, abs=1e-6)
        if one.policy != "firm":  # what is not planned on cannot fail the plan
            assert one.hanging["lost"].tolist() == [4]
            assert one.hanging["expected"].tolist() == [1]
    firm = next(one for one in made.tried if one.policy == "firm")
    assert len(firm.hanging) == 0
    # Who plans on what is certain serves the first tier whoever fails; who ignores it may not.
    assert (firm.draws["served_tier_1"] == 4).all()


def test_draws_go_by_id_and_seed_whatever_the_order_of_rows() -> None:
    case = Case.from_frames(needs=NEEDS, donations=GIFTS)
    other = Case.from_frames(needs=NEEDS, donations=GIFTS.iloc[::-1].reset_index(drop=True))
    assert (drawn(case, 50, 1) == drawn(other, 50, 1)[:, ::-1]).all()
    assert (drawn(case, 50, 1) != drawn(case, 50, 2)).any()
    mine, theirs = (tried(one, draws=20, seed=5, policies=("expected",)) for one in (case, other))
    pd.testing.assert_frame_equal(mine.tried[0].draws, theirs.tried[0].draws)


def test_processes_give_the_same_figures() -> None:
    case = Case.from_frames(needs=NEEDS, donations=GIFTS)
    mine = stress(case, draws=5, seed=2, policies=("expected",), workers=2)
    pd.testing.assert_frame_equal(
        mine.tried[0].draws, tried(case, draws=5, seed=2, policies=("expected",)).tried[0].draws
    )


@st.composite
def uncertain_cases(draw: st.DrawFn) -> SmallCase:
    small = draw(small_cases(4, 5, always=("reliability",), plain=True)).copy()
    for row in small.tables["donations"]:
        row["reliability"] = draw(st.sampled_from([0.5, 0.9, 1]))
    return small


@examples(0.08)
@given(uncertain_cases(), st.integers(0, 2**4 - 1))
def test_a_mended_plan_keeps_what_turned_up_and_is_the_best_of_those(small: SmallCase, bits: int) -> None:
    """Against the integer program over the same: donations gone, the others certain, their lines stay."""
    calendar = small.rules().calendar
    if calendar.dated:
        days: dict[str, Any] = {"start": calendar.shown(calendar.start), "end": calendar.shown(calendar.end)}
        small.settings["horizon"] = {name: day.isoformat() for name, day in days.items()}
    case = small.case()
    first = matchopt.plan(case)
    failed = tuple(i for i in range(len(case.donations)) if bits >> i & 1)
    if len(failed) == len(case.donations):
        return
    left = repaired_case(case, first.allocations, failed)
    plan = matchopt.plan(left)
    assert matchopt.verify(left, plan) == ()
    later = small.copy()
    gone = {case.donations["donation_id"].iloc[i] for i in failed}
    later.tables["donations"] = [
        row | {"reliability": 1} for row in later.tables["donations"] if row["donation_id"] not in gone
    ]
    stays = first.allocations[~first.allocations["donation_id"].isin(gone)]
    later.tables["commitments"] = [
        {
            "donation_id": line.donation_id,
            "need_id": line.need_id,
            "quantity": line.donated_quantity,
            "hub": line.hub or None,
            "status": "accepted",
        }
        | {
            name: getattr(line, name).date().isoformat()
            for name in ("pickup_day", "arrival_day", "delivery_day")
            if not pd.isna(getattr(line, name))
        }
        for line in stays.itertuples()
    ]
    if later.rules().calendar.dated != calendar.dated:
        return  # the last day in the tables has gone with a donation
    optimum = solve(later.rules())
    served = {tier: float(units) for tier, units in optimum.ledger.served_by_tier().items()}
    if plan.summary["objective"] == "coverage-first":
        assert {int(t): float(q) for t, q in plan.served_by_tier.items()} == pytest.approx(served)


def test_what_makes_no_sense_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case.from_frames(needs=NEEDS, donations=GIFTS)
    with pytest.raises(ValueError, match="one draw"):
        stress(case, draws=0)
    with pytest.raises(ValueError, match="not known"):
        stress(case, policies=("brave",))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case").mkdir()
    NEEDS.to_csv("case/needs.csv", index=False)
    GIFTS.to_csv("case/donations.csv", index=False)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["stress", "case", *words])
        return done.exit_code, done.output

    assert run("--draws", "0")[0] == 2
    assert run("--seed", "-1")[0] == 2
    assert run("--draws", "3", "--policy", "expected", "-q") == (0, "studies/case-stress\n")
    figures = pd.read_csv("studies/case-stress/percentiles.csv")
    assert figures["figure"].tolist() == ["coverage", "coverage_tier_1", "coverage_tier_2", "cost"]
    GIFTS.assign(reliability=1.2).to_csv("case/donations.csv", index=False)
    code, out = run("-o", "other")
    assert code == 1
    assert "1.2" in out
    assert not (tmp_path / "other").exists()
    GIFTS.assign(reliability=1).to_csv("case/donations.csv", index=False)
    code, out = run("--draws", "2", "-o", "sure")
    assert code == 0
    assert "Every donation is certain" in out
