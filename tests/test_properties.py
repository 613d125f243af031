"""What must hold of every plan, whatever the optimum is."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import matchopt
from comparison import NEAR, check_agreement, exact, rows_of
from matchopt import Plan
from matchopt.solve import relaxation, stages
from oracle import solve
from profiles import examples, many
from strategies import SmallCase, drawn, small_cases


def policy(small: SmallCase, **changes: object) -> SmallCase:
    """Return the case under another policy."""
    changed = small.copy()
    changed.settings.setdefault("policy", {}).update(changes)
    return changed


def tiers(plan: Plan, *, without: str = "") -> list[Fraction]:
    """Return what each tier 1..9 is served, the need `without` left out."""
    served = [Fraction(0)] * 9
    for row in rows_of(plan.needs):
        if row.need_id != without:
            served[row.priority - 1] += exact(row.served)
    return served


def no_less(some: list[Fraction], other: list[Fraction]) -> bool:
    """Return whether `some` are as good as `other`, the first that differ deciding."""
    apart = ((a, b) for a, b in zip(some, other, strict=True) if abs(a - b) > 4 * NEAR)
    a, b = next(apart, (0, 0))
    return a >= b


def reached(plan: Plan) -> list[Fraction]:
    """Return what the plan reaches, goal after goal, the better the larger."""
    fairness, goals = plan.summary["fairness"], []
    if fairness is not None:
        goals.append(exact(-fairness["shortfall"] if fairness["rule"] == "share" else fairness["floor"]))
    if plan.summary["objective"] == "total-cost":
        return [*goals, -exact(plan.logistics_cost) - exact(plan.cost["unmet"])]
    return [*goals, *tiers(plan), -exact(plan.logistics_cost)]


def money(amount: float) -> Fraction:
    """Return currency in 1/10 000."""
    return Fraction(amount) * 10_000


def by_id(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of needs or donations in the order of its ids."""
    return table.sort_values(table.columns[0], ignore_index=True)


def assert_same_plan(one: Plan, other: Plan) -> None:
    """Both plans say the same, rows of needs and donations in any order."""
    assert_frame_equal(one.allocations, other.allocations)
    assert_frame_equal(by_id(one.needs), by_id(other.needs))
    assert_frame_equal(by_id(one.donations), by_id(other.donations))
    assert dict(one.summary) == dict(other.summary)


@examples(0.08)
@given(small_cases())
def test_nothing_is_served_twice_or_from_nowhere(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    lines = plan.allocations
    served = lines.groupby("need_id")["served_quantity"].sum()
    given_away = lines.groupby("donation_id")["donated_quantity"].sum()
    for row in rows_of(plan.needs):
        assert abs(row.served - served.get(row.need_id, 0)) <= len(lines) * NEAR
        assert 0 <= row.served <= row.asked
        assert abs(row.unmet - (row.asked - row.served)) <= NEAR
    for row in rows_of(plan.donations):
        assert abs(row.planned - given_away.get(row.donation_id, 0)) <= NEAR
        assert 0 <= row.planned <= row.offered
        assert abs(row.left_over - (row.offered - row.planned)) <= NEAR
    assert abs(plan.served - sum(plan.served_by_tier.values())) <= NEAR
    assert abs(plan.served - lines["served_quantity"].sum()) <= len(lines) * NEAR


@examples(0.08)
@given(small_cases(plain=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(small: SmallCase, random: Random) -> None:
    assert_same_plan(matchopt.plan(small.case()), matchopt.plan(shuffled(small, random).case()))


@examples(0.08)
@given(small_cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_to_what_is_reached(small: SmallCase, random: Random) -> None:
    one, other = matchopt.plan(small.case()), matchopt.plan(shuffled(small, random).case())
    assert one.status == other.status == "optimal"
    assert reached(one) == pytest.approx(reached(other), abs=2e-4)


def test_the_order_of_communities_breaks_no_tie() -> None:
    """Two needs that are alike but for communities at one place: the first by name is served, always."""
    needs = [{"need_id": f"n{k}", "community": f"C{k}", "item": "rice", "quantity": 1} for k in (1, 2)]
    communities = [{"community": f"C{k}", "latitude": 31.0, "longitude": 121.3} for k in (1, 2)]
    for rows in (communities, communities[::-1]):
        tables = {"needs": needs, "communities": rows}
        tables["donations"] = [{"donation_id": "d", "item": "rice", "quantity": 1}]
        plan = matchopt.plan(SmallCase(tables, {"policy": {"boundary": "open"}}).case())
        assert plan.allocations["need_id"].tolist() == ["n1"]


def shuffled(small: SmallCase, random: Random) -> SmallCase:
    """Return the case with the rows of each table in another order."""
    changed = small.copy()
    for rows in changed.tables.values():
        random.shuffle(rows)
    return changed


@examples(0.08)
@given(small_cases(), st.data())
def test_more_supply_never_serves_less(small: SmallCase, data: st.DataObject) -> None:
    """Whatever else binds: what was planned can be planned still. Fairness comes before, and may cost."""
    small = policy(small, objective="coverage-first", fairness="none")
    more = small.copy()
    copied = data.draw(st.sampled_from(more.tables["donations"]))
    more.tables["donations"].append(copied | {"donation_id": "another"})
    assert no_less(tiers(matchopt.plan(more.case())), tiers(matchopt.plan(small.case())))


@examples(0.08)
@given(small_cases(), st.data())
def test_another_need_never_serves_the_others_better(small: SmallCase, data: st.DataObject) -> None:
    small = policy(small, objective="coverage-first", fairness="none")
    more = small.copy()
    copied = data.draw(st.sampled_from(more.tables["needs"]))
    more.tables["needs"].append(copied | {"need_id": "another"})
    before, after = matchopt.plan(small.case()), matchopt.plan(more.case())
    assert no_less(tiers(before), tiers(after, without="another"))
    assert no_less(tiers(after), tiers(before))


@examples(0.08)
@given(small_cases(always=("budget",)), st.sampled_from((1.5, 10)))
def test_more_money_never_reaches_less(small: SmallCase, factor: float) -> None:
    more = policy(small, budget=small.settings["policy"]["budget"] * factor)
    assert no_less(reached(matchopt.plan(more.case())), reached(matchopt.plan(small.case())))


@examples(0.08)
@given(small_cases(plain=True), st.sampled_from((2, 10, 10**9)))
def test_quantities_and_costs_scale_together(small: SmallCase, factor: int) -> None:
    small = policy(small, objective="coverage-first", reliability="ignore")
    larger = small.copy()
    for table in ("needs", "donations"):
        for row in larger.tables[table]:
            row["quantity"] *= factor
    for table, column in (
        ("hubs", "throughput_capacity"),
        ("lanes", "capacity_kg"),
        ("agreements", "max_quantity_kg"),
    ):
        for row in larger.tables.get(table, ()):
            row.pop(column, None)
    one, many = matchopt.plan(small.case()), matchopt.plan(larger.case())
    assert tiers(many) == [factor * served for served in tiers(one)]
    # Both totals are rounded once to 1/10 000, and the smaller one's rounding is multiplied.
    assert abs(money(many.logistics_cost) - factor * money(one.logistics_cost)) <= factor


@examples(0.08)
@given(small_cases())
def test_total_cost_never_costs_more_than_coverage_first(small: SmallCase) -> None:
    cheap = matchopt.plan(policy(small, objective="total-cost").case())
    full = matchopt.plan(policy(small, objective="coverage-first").case())
    least, other = (money(plan.logistics_cost) + money(plan.cost["unmet"]) for plan in (cheap, full))
    assert least <= other + 1 + NEAR * other
    assert no_less(tiers(full), tiers(cheap))


@examples(0.08)
@given(small_cases(plain=True))
def test_the_reference_solver_agrees(small: SmallCase) -> None:
    rules = small.rules()
    check_agreement(rules, solve(rules), matchopt.plan(small.case(), solver="networkx"))


def test_folders_and_frames_give_the_same_plan(tmp_path: Path) -> None:
    for number, small in enumerate(drawn(0.15, 8)):
        folder = small.write(tmp_path / str(number))
        assert_same_plan(matchopt.plan(matchopt.read_case(folder)), matchopt.plan(small.case()))


PLAN_ALL = """
import sys
from pathlib import Path
import matchopt

cases, runs = Path(sys.argv[1]), Path(sys.argv[2])
for folder in sorted(cases.iterdir()):
    matchopt.plan(matchopt.read_case(folder)).write(runs / folder.name)
"""


def test_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    for number, small in enumerate(drawn(0.2, 9)):
        small.write(cases / f"{number:02}")
    written = []
    for hash_seed in ("1", "2"):
        runs = tmp_path / f"runs-{hash_seed}"
        subprocess.run(
            [sys.executable, "-c", PLAN_ALL, str(cases), str(runs)],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
        )
        written.append(
            {
                str(path.relative_to(runs)): path.read_bytes()
                for path in sorted(runs.glob("*/plan/*"))
                if path.is_file()
            }
        )
    assert len(written[0]) >= 5 * many(0.2)
    assert written[0] == written[1]


@pytest.mark.parametrize("many", [False, True])
def test_few_ways_at_a_time_enclose_the_best_plan(many: bool) -> None:
    """From one way a node on: plans that are right, not better than the best, and bounds not below it."""

    @examples(0.08)
    @given(small_cases(), st.sampled_from((0, 3, 1000)), st.sampled_from((2, 1000)))
    def enclose(small: SmallCase, near: int, most: int) -> None:
        case = small.case()
        best = matchopt.plan(case)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (
                ("ALL_COLUMNS", 0),
                ("ALL_LOOSE", 0),
                ("FIRST", 1),
                ("NEAR_COLUMNS", near),
                ("MIDDLE", 0 if many else 10**9),
            ):
                patch.setattr(stages, name, value)
            for name, value in (("CANDIDATES", 1), ("PARTNERS", 1), ("MOST_COLUMNS", most)):
                patch.setattr(relaxation, name, value)
            few = matchopt.plan(case)
        assert matchopt.verify(case, few) == ()
        # Of leximin only the smallest coverage is proven.
        goals = 1 if case.settings.policy.fairness == "leximin" else None
        assert no_less(reached(best)[:goals], reached(few)[:goals])
        assert proven(few, "relaxation")[0] == pytest.approx(proven(best, "relaxation")[0], abs=1e-3)
        assert proven(few, "bound")[0] >= reached(best)[0] - 4 * NEAR
        if few.status == "optimal":
            assert reached(few)[:goals] == pytest.approx(reached(best)[:goals], abs=2e-4)

    enclose()


def proven(plan: Plan, by: str) -> list[Fraction]:
    """Return what no plan exceeds in the first goal and, where it is reached, in those that follow."""
    fairness, limits, goals = plan.summary["fairness"], plan.summary[by], []
    if fairness is not None:
        goals.append(exact(-fairness[by] if fairness["rule"] == "share" else fairness[by]))
    goals += [exact(served) for served in limits.get("served_by_tier", {}).values()]
    return [*goals, -exact(limits["cost"])]
