"""Arrivals replayed: what each policy does, and what is true of all of them."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
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
from matchopt.model.places import kilometres
from matchopt.whatif.heuristics import HEURISTICS, match
from matchopt.whatif.replay import POLICIES, Replay, simulate
from oracle import Rules
from profiles import examples
from small_case import SmallCase
from strategies import small_cases

SHARED = Path(__file__).parents[3] / "shared" / "cases"


def case_of(needs: list[tuple[Any, ...]], gifts: list[tuple[Any, ...]], **more: Any) -> Case:
    return Case.from_frames(
        needs=pd.DataFrame(needs, columns=["need_id", "community", "item", "quantity", "created_on"]),
        donations=pd.DataFrame(gifts, columns=["donation_id", "origin", "item", "quantity", "created_on"]),
        **more,
    )


def lanes(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["from_place", "to_place", "distance_km"])


def told(lines: pd.DataFrame) -> list[tuple[str, str, float]]:
    return list(lines[["donation_id", "need_id", "quantity"]].itertuples(index=False, name=None))


CROSSED = case_of(
    [
        ("n1", "A", "rice", 4, "2026-03-01"),
        ("n2", "B", "rice", 6, "2026-03-02"),
        ("n3", "C", "rice", 2, "2026-03-20"),
    ],
    [("d1", "X", "rice", 5, "2026-03-01"), ("d2", "Y", "rice", 5, "2026-03-02")],
    lanes=lanes(("X", "A", 9), ("X", "B", 1), ("X", "C", 5), ("Y", "A", 1), ("Y", "B", 7), ("Y", "C", 5)),
)


def test_each_heuristic_does_what_its_literature_says() -> None:
    assert told(match(CROSSED, HEURISTICS["first-come"])) == [("d1", "n1", 4), ("d2", "n2", 5)]
    assert told(match(CROSSED, HEURISTICS["proximity"])) == [("d1", "n2", 5), ("d2", "n1", 4)]
    # 5 over claims of 4, 6 and 2: 1.67, 2.5, 0.83; then 5 over what is left: 2, 3 or 4, 1.
    shared = told(match(CROSSED, HEURISTICS["proportional"]))
    assert [q for d, _, q in shared if d == "d1"] == [2, 2, 1]
    assert sum(q for _, _, q in shared) == 10


def test_a_replay_knows_only_what_has_arrived_and_measures_it() -> None:
    made = simulate(CROSSED, every=7, policies=("optimal", "first-come"))
    best, first = made.replays
    assert list(best.rounds["matched_on"].dt.strftime("%m-%d")) == ["03-01", "03-08", "03-15", "03-22"]
    # On March 1 only d1 and n1 are known, 9 km apart.
    assert told(best.lines) == [("d1", "n1", 4), ("d1", "n2", 1), ("d2", "n2", 5)]
    assert best.measures.served == 10
    assert best.measures.share == 1
    assert best.measures.unit_distance == pytest.approx((4 * 9 + 1 * 1 + 5 * 7) / 10)
    assert best.measures.holding_days == pytest.approx((4 * 0 + 1 * 7 + 5 * 6) / 10)
    assert best.measures.shipments == pytest.approx(3 / 2)
    assert best.measures.fill_rate == pytest.approx((1 + 1 + 0) / 3)
    assert best.measures.fill_rate_without_zeros == 1
    assert best.measures.proven == (4, 4)
    assert made.hindsight.served == 10
    assert first.measures.served == 10


def test_goods_age_while_they_wait_and_needs_pass() -> None:
    case = Case.from_frames(
        needs=pd.DataFrame(
            [
                ("n1", "A", "milk", 5, "2026-03-10", "2026-03-12"),
                ("n2", "A", "milk", 5, "2026-03-02", "2026-03-04"),
            ],
            columns=["need_id", "community", "item", "quantity", "created_on", "needed_by"],
        ),
        donations=pd.DataFrame(
            [("d1", "milk", 9, "2026-03-03", "2026-03-02")],
            columns=["donation_id", "item", "quantity", "created_on", "available_from"],
        ),
        items=pd.DataFrame([("milk", 6)], columns=["item", "shelf_life_days"]),
    )
    # The milk is known on the 9th, the next matching, and good until the 8th; n2 has passed on the 4th.
    late = simulate(case, every=7, policies=("optimal",)).replays[0]
    assert late.measures.served == 0
    daily = simulate(case, every=1, policies=("optimal", *HEURISTICS))
    assert [replay.measures.served for replay in daily.replays] == [5, 5, 5, 5]
    # Hindsight knows of n1 in time to send it something before the milk is too old.
    assert daily.hindsight.served == 9


def arrivals(draw: st.DrawFn, small: SmallCase) -> SmallCase:
    later = small.copy()
    for row in (*later.tables["needs"], *later.tables["donations"]):
        row.pop("created_on", None)
        if draw(st.booleans()):
            row["created_on"] = (date(2026, 2, 27) + timedelta(days=draw(st.integers(0, 8)))).isoformat()
    return later


@st.composite
def replayed_cases(draw: st.DrawFn) -> SmallCase:
    return arrivals(draw, draw(small_cases(5, 6)))


def check_lines(rules: Rules, replay: Replay) -> None:
    """What was given obeys pairs and quantities; nothing is picked up before it was matched."""
    gifts = {row["donation_id"]: i for i, row in enumerate(rules.donations)}
    needs = {row["need_id"]: j for j, row in enumerate(rules.needs)}
    given, served = [0.0] * len(gifts), [0.0] * len(needs)
    line: Any
    for line in replay.lines.itertuples():
        i, j = gifts[line.donation_id], needs[line.need_id]
        assert (i, j) in rules.route, "the rules do not admit this pair"
        granules = Fraction(str(line.quantity)) / rules.one_more(i, j)
        assert float(granules) == pytest.approx(round(granules), abs=1e-6)
        given[i] += line.quantity
        served[j] += line.served
        if not pd.isna(line.pickup_day) and not pd.isna(line.matched_on):
            assert line.pickup_day >= line.matched_on
    assert all(q <= float(rules.plannable[i]) + 1e-9 for i, q in enumerate(given))
    assert all(q <= float(rules.asked(j)) + 1e-6 for j, q in enumerate(served))
    assert sum(served) == pytest.approx(replay.measures.served)


@examples(0.08)
@given(replayed_cases(), st.integers(1, 5))
def test_nobody_breaks_a_rule_and_who_matches_best_once_is_hindsight(small: SmallCase, every: int) -> None:
    rules, case = small.rules(), small.case()
    made = simulate(case, every=every)
    for replay in made.replays:
        check_lines(rules, replay)
        assert len(replay.rounds) == len(made.replays[0].rounds)
    # Who knows everything serves as much of the first tier as anybody.
    if rules.objective == "coverage-first" and rules.fairness == "none" and rules.budget is None:
        first = min(made.hindsight.served_by_tier)
        for replay in made.replays:
            assert replay.measures.tiers.get(first, 0.0) <= made.hindsight.served_by_tier[first] + 1e-6


def test_row_order_does_not_matter() -> None:
    frames: dict[str, Any] = {
        name: table.iloc[::-1].reset_index(drop=True) for name, table in CROSSED.tables.items()
    }
    other = Case.from_frames(**frames)
    for mine, theirs in zip(simulate(CROSSED).replays, simulate(other).replays, strict=True):
        pd.testing.assert_frame_equal(mine.lines, theirs.lines)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["ppe-2020-04-22", "ppe-2020-05-28", "ppe-2020-06-18"])
def test_of_policies_that_give_the_same_the_optimal_one_travels_least(name: str) -> None:
    """Each heuristic against the best plan that gives of each donation just what the heuristic gave."""
    if not SHARED.is_dir():
        pytest.skip("the shared cases are not beside the project")
    case = matchopt.read_case(SHARED / name)
    made = simulate(case)
    optimal = made.replays[0].measures
    assert made.replays[0].policy == "optimal"
    assert optimal.share == 1
    for replay in made.replays[1:]:
        given = replay.lines.groupby("donation_id")["quantity"].sum()
        gifts = case.donations.assign(quantity=case.donations["donation_id"].map(given)).dropna(
            subset="quantity"
        )
        plan = matchopt.plan(case.replace(donations=gifts))
        assert plan.served == pytest.approx(replay.measures.served)
        least = (
            float(kilometres(plan.case, plan.allocations) @ plan.allocations["served_quantity"]) / plan.served
        )
        assert least <= replay.measures.unit_distance + 1e-9
        if replay.measures.served == pytest.approx(optimal.served):
            assert optimal.unit_distance <= replay.measures.unit_distance


def test_the_command_writes_a_folder_and_refuses_what_makes_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, table in CROSSED.tables.items():
        (tmp_path / "case").mkdir(exist_ok=True)
        table.dropna(axis=1, how="all").to_csv(tmp_path / "case" / f"{name}.csv", index=False)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["simulate", "case", *words])
        return done.exit_code, done.output

    assert run("--policy", "optimal", "-q") == (0, "studies/case-simulation\n")
    assert (tmp_path / "studies" / "case-simulation" / "report.html").is_file()
    figures = pd.read_csv(tmp_path / "studies" / "case-simulation" / "measures.csv")
    assert figures["policy"].tolist() == ["optimal"]
    assert np.isclose(figures["unit_distance_km"], 7.2).all()
    assert run("--every", "0")[0] == 2
    assert run("--policy", "random")[0] == 2
    code, out = run("--lang", "zh", "-o", "other")
    assert code == 0
    assert "policies" not in out
    with pytest.raises(ValueError, match="not known"):
        simulate(CROSSED, policies=("random",))
    assert set(POLICIES) == {"optimal", *HEURISTICS}


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "optimal"])
def test_every_policy_sends_what_fits(policy: str) -> None:
    """A lane of 9 kg takes 9 of 10 units, a budget likewise; what is to be whole stays."""

    def given(**more: Any) -> float:
        flags = more.pop("flags", {})
        case = Case.from_frames(
            needs=pd.DataFrame([{"need_id": "n", "community": "A", "item": "rice", "quantity": 10} | flags]),
            donations=pd.DataFrame([{"donation_id": "d", "item": "rice", "quantity": 10, "origin": "X"}]),
            **more,
        )
        (replay,) = simulate(case, policies=(policy,)).replays
        return replay.measures.served

    narrow = pd.DataFrame([{"from_place": "X", "to_place": "A", "distance_km": 1, "capacity_kg": 9}])
    short = {"policy": {"budget": 0.95}, "rates": {"handling_direct": 0.1}}
    assert given(lanes=narrow) == 9
    assert given(settings=short) == 9
    assert given(lanes=narrow, items=pd.DataFrame([{"item": "rice", "step": 2}])) == 8
    assert given(lanes=narrow, flags={"all_or_nothing": "yes"}) == 0


def test_the_share_of_hindsight_is_by_tier_and_never_above_all_of_it() -> None:
    """Hindsight keeps all for tier 1, which comes a day later; first come has given it away by then."""
    columns = ["need_id", "community", "item", "quantity", "created_on", "priority"]
    case = Case.from_frames(
        needs=pd.DataFrame(
            [("n1", "A", "rice", 4, "2026-03-02", 1), ("n2", "B", "rice", 8, "2026-03-01", 2)],
            columns=columns,
        ),
        donations=pd.DataFrame([{"donation_id": "d", "item": "rice", "quantity": 4}]),
    )
    (replay,) = simulate(case, every=1, policies=("first-come",)).replays
    m = replay.measures
    assert m.tiers == {1: 0.0, 2: 4.0}
    assert m.shares[1] == 0
    assert np.isnan(m.shares[2])
    assert m.share == 0


def test_the_first_matching_may_wait_one_interval() -> None:
    days = []
    for first in ("at", "after"):
        (replay,) = simulate(CROSSED, every=10, first=first, policies=("first-come",)).replays
        days.append([str(day.date()) for day in replay.rounds["matched_on"]])
    assert days == [["2026-03-01", "2026-03-11", "2026-03-21"], ["2026-03-11", "2026-03-21"]]
    with pytest.raises(ValueError, match="first matching"):
        simulate(CROSSED, first="never")
