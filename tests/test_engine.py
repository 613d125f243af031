"""The recipe as a whole: progress, limits of time, limits that do not bind, and the price of fairness."""

import itertools
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import matchopt
from matchopt.engine import fairness_curve
from matchopt.solve import column_generation
from profiles import examples
from strategies import SmallCase, small_cases

COMMUNITIES = ("C1", "C2", "C3", "C4")


def made(
    donors: int = 12,
    needs: int = 60,
    policy: dict[str, Any] | None = None,
    needs_too: dict[str, Any] | None = None,
    gifts_too: dict[str, Any] | None = None,
    **tables: Any,
) -> matchopt.Case:
    """Return a case of random needs and donations with days and places, and further columns or tables."""
    rng = np.random.default_rng(1)

    def spread(count: int) -> dict[str, Any]:
        return {"latitude": 31 + rng.random(count), "longitude": 121 + rng.random(count)}

    def window(count: int, start: str, end: str) -> dict[str, Any]:
        first = rng.integers(1, 6, count)
        last = first + rng.integers(0, 4, count)
        return {start: [f"2026-03-{d:02}" for d in first], end: [f"2026-03-{d:02}" for d in last]}

    wanted = {
        "need_id": [f"n{k:03}" for k in range(needs)],
        "community": rng.choice(COMMUNITIES, needs),
        "item": rng.choice(["rice", "rice", "oil"], needs),
        "quantity": rng.integers(1, 20, needs),
        "priority": rng.choice([1, 2, 5], needs),
        **window(needs, "needed_from", "needed_by"),
    }
    given = {
        "donation_id": [f"d{k:03}" for k in range(donors)],
        "item": rng.choice(["rice", "rice", "oil"], donors),
        "quantity": rng.integers(5, 60, donors),
        **spread(donors),
        **window(donors, "available_from", "available_until"),
    }
    frames = {
        "needs": pd.DataFrame(wanted | (needs_too or {})),
        "donations": pd.DataFrame(given | (gifts_too or {})),
        "communities": pd.DataFrame({"community": COMMUNITIES, "population": [10, 20, 30, 40]} | spread(4)),
        "hubs": pd.DataFrame({"hub": ["H1", "H2"], **spread(2)}),
    } | tables
    return matchopt.Case.from_frames(**frames, settings={"policy": policy or {}})


def assert_same_tables(one: matchopt.Plan, other: matchopt.Plan) -> None:
    for table in ("allocations", "needs", "donations", "prices", "purchases"):
        assert_frame_equal(getattr(one, table), getattr(other, table))


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_pairs_that_never_entered_the_solver_are_proven_too(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = made(donors=40, needs=150, policy={"objective": objective})
    whole = matchopt.plan(case)
    monkeypatch.setattr(column_generation, "PARTNERS", 1)
    monkeypatch.setattr(column_generation, "PLENTIFUL", 0)
    sparse = matchopt.plan(case)
    assert sparse.run["work"]["solves"] > whole.run["work"]["solves"]
    assert sparse.run["work"]["arcs"] < 40 * 150
    assert sparse.summary["bound"] == whole.summary["bound"]
    assert sparse.gap == whole.gap == 0
    assert matchopt.verify(case, sparse) == ()


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_the_plan_does_not_depend_on_who_works_on_it(objective: str) -> None:
    case = made(donors=30, needs=90, policy={"objective": objective})
    alone = matchopt.plan(case)
    for pool in (ThreadPoolExecutor(1), ThreadPoolExecutor(5), ProcessPoolExecutor(2, get_context("spawn"))):
        with pool as executor:
            shared = matchopt.plan(case, executor=executor)
        assert_same_tables(alone, shared)
        assert dict(alone.summary) == dict(shared.summary)
        assert alone.run["work"] == shared.run["work"]


@examples(0.15)
@given(small_cases(), small_cases(), st.data())
def test_a_warm_plan_is_as_good_as_a_cold_one(one: SmallCase, other: SmallCase, data: st.DataObject) -> None:
    """Whatever the earlier plan was of: the same case with rows changed, or one with nothing but some ids."""
    if data.draw(st.booleans()):
        other = one.copy()
        for rows in (other.tables["needs"], other.tables["donations"]):
            if len(rows) > 1 and data.draw(st.booleans()):
                rows.pop(data.draw(st.integers(0, len(rows) - 1)))
            for row in rows:
                row["quantity"] = data.draw(st.sampled_from((row["quantity"], 1, 7)))
    earlier, case = matchopt.plan(one.case()), other.case()
    cold, warm = matchopt.plan(case), matchopt.plan(case, warm=earlier)
    assert warm.served_by_tier == cold.served_by_tier
    assert warm.summary["bound"] == cold.summary["bound"]
    assert matchopt.verify(case, warm) == ()


def test_a_warm_plan_takes_less_work() -> None:
    case = made(donors=40, needs=200)
    cold = matchopt.plan(case)
    warm = matchopt.plan(case, warm=cold)
    assert (warm.served_by_tier, warm.logistics_cost) == (cold.served_by_tier, cold.logistics_cost)
    for count in ("arcs", "pivots", "pairs_priced"):
        assert warm.run["work"][count] < cold.run["work"][count]


def test_progress_is_told_in_order_and_to_the_end() -> None:
    for policy, solving in (
        ({}, ["solve"]),
        ({"fairness": "floor"}, ["floor", "tier 1", "tier 2", "tier 5", "cost"]),
        ({"fairness": "share", "objective": "total-cost"}, ["share", "cost"]),
    ):
        told: list[tuple[str, int, int]] = []
        matchopt.plan(made(policy=policy), progress=lambda *step, told=told: told.append(step))
        assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["encode", *solving, "decode"]
        assert all(0 <= done < total for _, done, total in told)


def test_an_unknown_solver_is_named() -> None:
    with pytest.raises(ValueError, match="'abacus' is not known; choose one of simplex, ortools, networkx"):
        matchopt.plan(made(), solver="abacus")


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_limit_of_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="no number of seconds above 0"):
        matchopt.plan(made(), time_limit=seconds)


def test_a_what_if_changes_only_the_settings_it_names() -> None:
    case = made(policy={"boundary": "community"})
    by_cost = case.replace(settings={"policy": {"objective": "total-cost"}}).settings
    assert by_cost.policy.objective == "total-cost"
    assert by_cost.policy.boundary == case.settings.policy.boundary == "community"
    assert by_cost.rates == case.settings.rates
    assert by_cost.horizon == case.settings.horizon
    dear = case.replace(settings={"rates": {"identification": {"resident": 9.0}}}).settings.rates
    assert dear.identification.resident == 9.0
    assert dear.identification.enterprise == case.settings.rates.identification.enterprise
    with pytest.raises(matchopt.CaseError, match=r"did you mean policy\.boundary"):
        case.replace(settings={"policy": {"boundry": "open"}})


def test_a_what_if_leaves_the_case_as_it_is() -> None:
    case = made(donors=6, gifts_too={"community": ["C1"] * 6})
    before = matchopt.plan(case)
    narrow = case.replace(settings={"policy": {"boundary": "community"}})
    assert matchopt.plan(narrow).served < before.served
    assert matchopt.plan(case).summary == before.summary


# --- what does not bind does not matter ------------------------------------------------------


@examples(0.08)
@given(small_cases())
def test_capacities_that_do_not_bind_change_nothing(small: SmallCase) -> None:
    ample = small.copy()
    for table, columns in (
        ("hubs", ("storage_capacity", "throughput_capacity")),
        ("lanes", ("capacity_kg",)),
        ("agreements", ("max_quantity_kg",)),
    ):
        for row in small.tables.get(table, ()):
            for column in columns:
                row.pop(column, None)
        for row in ample.tables.get(table, ()):
            row.update(dict.fromkeys(columns, 1_000_000))
    one, other = matchopt.plan(small.case()), matchopt.plan(ample.case())
    assert_same_tables(one, other)
    assert one.summary == other.summary


@examples(0.08)
@given(small_cases())
def test_a_budget_that_does_not_bind_changes_nothing(small: SmallCase) -> None:
    small.settings.setdefault("policy", {}).pop("budget", None)
    rich = small.copy()
    rich.settings["policy"]["budget"] = 1e9
    one, other = matchopt.plan(small.case()), matchopt.plan(rich.case())
    assert_same_tables(one, other)
    assert dict(one.summary) == dict(other.summary) | {"budget": None}
    assert other.summary["budget"]["used"] == pytest.approx(
        one.logistics_cost - one.cost["purchase"] - one.cost["penalty"], abs=1e-3
    )
    assert not any(other.summary["budget"]["one_more"].values())


# --- limits of time --------------------------------------------------------------------------


@examples(0.08)
@given(small_cases())
def test_without_time_the_plan_is_right_if_not_best(small: SmallCase) -> None:
    case = small.case()
    hasty, best = matchopt.plan(case, time_limit=1e-6), matchopt.plan(case)
    assert matchopt.verify(case, hasty) == ()
    assert (hasty.status == "optimal") == (hasty.gap == 0)
    assert hasty.gap >= 0
    if hasty.summary["stopped"] == "":
        assert hasty.status == "optimal"
        assert hasty.summary["bound"] == best.summary["bound"]
    else:
        assert hasty.summary["stopped"] == "time_limit"
    assert best.summary["stopped"] == ""


def test_whole_quantities_cut_short_are_told() -> None:
    case = made(donors=6, gifts_too={"lot_size": [7] * 6})
    hasty, best = matchopt.plan(case, time_limit=1e-6), matchopt.plan(case)
    assert (hasty.summary["stopped"], hasty.status) == ("time_limit", "feasible")
    assert hasty.gap > 0
    assert hasty.served <= best.served
    assert matchopt.verify(case, hasty) == ()


def test_time_that_is_not_needed_is_not_told() -> None:
    plan = matchopt.plan(made(), time_limit=1e-6)
    assert (plan.summary["stopped"], plan.status) == ("", "optimal")


# --- always a plan ---------------------------------------------------------------------------

NOTHING: dict[str, dict[str, Any]] = {
    "no room anywhere": {
        "hubs": pd.DataFrame({"hub": ["H1"], "storage_capacity": [0], "throughput_capacity": [0]}),
        "lanes": pd.DataFrame(
            [(a, b, 1, 0) for a in COMMUNITIES for b in (*COMMUNITIES, "H1")],
            columns=["from_place", "to_place", "distance_km", "capacity_kg"],
        ),
        "gifts_too": {"origin": ["C1"] * 6, "latitude": None, "longitude": None},
    },
    "a closed agreement": {
        "communities": pd.DataFrame(
            {"community": COMMUNITIES, "population": 1, "organization": ["A", "B", "B", "B"]}
        ),
        "agreements": pd.DataFrame(
            {"from_organization": ["A", "A"], "to_organization": ["A", "B"], "max_quantity_kg": [0, 0]}
        ),
        "gifts_too": {"community": ["C1"] * 6},
    },
    "no money": {"policy": {"budget": 0.0001}},
    "more than all": {"needs_too": {"quantity": [1000] * 20, "all_or_nothing": [True] * 20}},
    "lots too large": {"gifts_too": {"lot_size": [100] * 6}},
    "out of reach": {
        "lanes": pd.DataFrame({"from_place": ["H1"], "to_place": ["H2"], "distance_km": [1]}),
        "gifts_too": {"latitude": None, "longitude": None},
    },
    "out of time": {"gifts_too": {"expires_on": ["2026-02-28"] * 6}},
    "nothing that fits": {"gifts_too": {"item": ["salt"] * 6}},
    "nothing reliable": {"gifts_too": {"reliability": [0] * 6}},
    "all excluded": {"exclusions": pd.DataFrame({"item": ["rice", "oil"]})},
}


@pytest.mark.parametrize("fairness", ["none", "floor", "leximin", "share"])
@pytest.mark.parametrize("why", NOTHING)
def test_where_nothing_can_flow_there_is_an_empty_plan(why: str, fairness: str) -> None:
    changes = NOTHING[why]
    for objective in ("coverage-first", "total-cost"):
        policy = changes.get("policy", {}) | {"fairness": fairness, "objective": objective}
        case = made(6, 20, **changes | {"policy": policy})
        plan = matchopt.plan(case)
        assert (plan.served, plan.status, plan.gap) == (0, "optimal", 0)
        assert len(plan.allocations) == 0
        assert "" not in set(plan.needs["reason"])
        assert matchopt.verify(case, plan) == ()


def test_where_nothing_can_flow_fairness_has_no_price() -> None:
    for changes in NOTHING.values():
        curve = fairness_curve(made(6, 20, **changes), points=2)
        assert curve["served"].tolist() == [0, 0]
        assert curve["gap"].tolist() == [0, 0]


# --- the price of fairness -------------------------------------------------------------------


def goals(row: "pd.Series[Any]", objective: str) -> tuple[float, ...]:
    """Return what a point of the curve reaches, the better the larger; proven, as its gap is 0."""
    if objective == "total-cost":
        return (-row["bound_cost"],)
    tiers = [name for name in row.index if name.startswith("served_tier_")]
    return (*row[sorted(tiers)], -row["logistics_cost"])


def worse(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Return whether `one` is less than `other`, the first that differ deciding."""
    apart = ((a, b) for a, b in zip(one, other, strict=True) if abs(a - b) > 1e-5 * max(1, abs(a)))
    a, b = next(apart, (0, 0))
    return a < b


@examples(0.06)
@given(small_cases(always=("fairness",)))
def test_a_higher_floor_never_reaches_more(small: SmallCase) -> None:
    case = small.case()
    objective = case.settings.policy.objective
    curve = fairness_curve(case, points=4)
    highest = matchopt.plan(case.replace(settings={"policy": {"fairness": "floor"}}))
    free = matchopt.plan(case.replace(settings={"policy": {"fairness": "none"}}))
    points = [goals(row, objective) for _, row in curve.iterrows()]
    assert not any(worse(a, b) for a, b in itertools.pairwise(points))
    assert curve["gap"].tolist() == [0] * 4
    assert np.diff(curve["floor"], n=2) == pytest.approx([0, 0], abs=1e-12)
    top = highest.summary["fairness"]["floor"]
    assert curve["floor"].tolist() == pytest.approx([k / 3 * top for k in range(4)], abs=1e-8)
    for row, plan in ((curve.iloc[0], free), (curve.iloc[-1], highest)):
        assert row["bound_cost"] == pytest.approx(plan.summary["bound"]["cost"], abs=1e-3, rel=1e-6)
        if objective == "coverage-first":
            tiers = {f"served_tier_{t}": served for t, served in plan.served_by_tier.items()}
            assert row[list(tiers)].to_dict() == pytest.approx(tiers, abs=1e-5)


def test_each_point_of_the_curve_has_its_columns() -> None:
    case = made()
    curve = fairness_curve(case, points=3)
    assert curve.columns.tolist() == [
        "floor",
        "served",
        "coverage",
        "served_tier_1",
        "served_tier_2",
        "served_tier_5",
        "logistics_cost",
        "bound_cost",
        "gap",
    ]
    assert (curve["coverage"] == curve["served"] / case.needs["quantity"].sum()).all()


def test_a_floor_is_kept_by_every_community_and_category() -> None:
    # Three ask 10 each, 12 are there; C1's are worth most, and a lot is 2.
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame(
            {
                "need_id": ["a", "b", "c"],
                "community": ["C1", "C2", "C3"],
                "item": ["rice"] * 3,
                "quantity": [10] * 3,
                "priority": [1, 2, 2],
            }
        ),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [12], "lot_size": [2]}),
        communities=pd.DataFrame({"community": ["C1", "C2", "C3"]}),
    )
    curve = fairness_curve(case, points=5)
    # Floors of 0, 0.1, 0.2, 0.3 and 0.4 take 0, 2, 2, 4 and 4 units for C2 and C3 each.
    assert curve["floor"].tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert curve["served_tier_1"].tolist() == [10, 8, 8, 4, 4]
    assert curve["served"].tolist() == [12] * 5


def test_a_curve_has_two_points_at_least() -> None:
    with pytest.raises(ValueError, match="two points at least"):
        fairness_curve(made(), points=1)


def test_a_curve_leaves_the_fairness_of_the_case_aside() -> None:
    share = fairness_curve(made(policy={"fairness": "share"}), points=2)
    assert_frame_equal(share, fairness_curve(made(), points=2))
    assert share["floor"].iloc[0] == 0 < share["floor"].iloc[1]
