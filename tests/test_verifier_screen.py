"""The screen against looking at every pair: it leaves out nothing that the verifier would say."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks.make import SIZES, tables
from hypothesis import given
from hypothesis import strategies as st

import matchopt
from matchopt.verifier import bounding, pairs, rules
from matchopt.verifier.commitments import CommitmentFacts
from matchopt.verifier.facts import Facts, pick
from matchopt.verifier.gather import gather
from matchopt.verifier.rules import NOWHERE, PairFacts
from profiles import examples
from strategies import SmallCase, small_cases


@pytest.fixture(autouse=True)
def compiled_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send all pairs through the loop, also of cases that are small."""
    monkeypatch.setattr(pairs, "FEW_PAIRS", 0)


def best_routes(f: Facts, p: PairFacts) -> rules.BestRoutes:
    """Choose the route of each pair by whole arrays, hub by hub."""
    direct = rules.direct(f, p)
    days = direct.schedule(p)
    cost = np.where(direct.open & days.timely, direct.cost(p, days.stay).total(p.fees), NOWHERE)
    hub, connected = np.full(len(p.i), rules.DIRECT), direct.open.copy()
    for h in range(len(f.hubs.names)):
        routes = rules.through(f, p, np.full(len(p.i), h))
        days = routes.schedule(p)
        total = routes.cost(p, days.stay).total(p.fees)
        better = days.timely & routes.open & (total < cost)
        cost[better], hub[better] = total[better], h
        connected |= routes.open
    return rules.BestRoutes(hub, cost, connected)


def everything(
    f: Facts,
    commitments: CommitmentFacts,
    classes: tuple[pairs.RowClasses, pairs.RowClasses],
    watchers: pairs.PairVisitors,
) -> pairs.RulesPassed:
    """Look at all pairs of all classes, and show every admissible one to all who watch."""
    donations, needs = classes
    donation, need = (part.ravel() for part in np.indices((donations.size, needs.size)))
    p = PairFacts.of(f, donations.stands[donation], needs.stands[need])
    best = best_routes(f, p)
    refused = list(rules.refusals(f, p).values())
    steps = [*(~np.array(refused)), best.connected, best.cost < NOWHERE, ~commitments.bars(p.i, p.j)]
    passed = np.cumprod(steps, axis=0).sum(axis=0)
    met = pick(pairs.AdmissiblePairs(donation, need, p, best.cost), np.flatnonzero(passed == 7))
    reasons, plain, columns = watchers
    reasons.note(met)
    if plain is not None:
        plain.note(met, plain.found)
        assert columns is not None
        columns.note(met)
    reach = []
    for one, of, size in ((needs, need, len(f.needs.ids)), (donations, donation, len(f.donations.ids))):
        most = np.zeros(one.size)
        np.maximum.at(most, of, passed)
        reach.append(one.spread(most, 0, size).astype(int))
    return pairs.RulesPassed(*reach)


def said(case: matchopt.Case, plan: matchopt.Plan) -> list[str]:
    """Return what the verifier says, in any order."""
    return sorted(str(violation) for violation in matchopt.verify(case, plan))


def said_of_everything(case: matchopt.Case, plan: matchopt.Plan) -> list[str]:
    """Return what it says when it looks at every pair."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matchopt.verifier, "enumerate_pairs", everything)
        return said(case, plan)


def moved(plan: matchopt.Plan, row: int, by: float, level: int) -> matchopt.Plan:
    """Return the plan with one price, and its level, set off."""
    prices = plan.prices.copy()
    row %= max(len(prices), 1)
    if len(prices):
        cell: Any = prices.loc
        cell[row, "price"] = round(cell[row, "price"] + by, 4)
        cell[row, "level"] = min(max(cell[row, "level"] + level, 0), 10)
    return replace(plan, prices=prices)


STEPS = st.tuples(
    st.integers(0, 10**6), st.sampled_from([0.0001, -0.0001, 0.01, -0.3, 5.0]), st.sampled_from([0, 0, 1, -1])
)


@pytest.mark.parametrize("plain", [True, False])
def test_the_screen_says_what_all_pairs_say(plain: bool) -> None:
    @examples(0.2)
    @given(small_cases(plain=plain), STEPS)
    def agree(small: SmallCase, step: tuple[int, float, int]) -> None:
        case = small.case()
        plan = moved(matchopt.plan(case), *step)
        assert said(case, plan) == said_of_everything(case, plan)

    agree()


def through_hubs(frames: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the tables with all donations early and a hub in each community: most goods wait there."""
    places = frames["communities"]
    hubs = places[["latitude", "longitude"]].assign(hub="H" + places["community"], cold="yes")
    early = {"available_from": "2026-03-02", "available_until": "2026-03-04"}
    return frames | {"hubs": hubs, "donations": frames["donations"].assign(**early)}


@pytest.fixture(scope="module", params=["as it is", "through hubs"])
def any_village(request: pytest.FixtureRequest) -> SimpleNamespace:
    frames = tables(SIZES["village"])
    case = matchopt.Case.from_frames(**(frames if request.param == "as it is" else through_hubs(frames)))
    return SimpleNamespace(case=case, plan=matchopt.plan(case))


@pytest.fixture(scope="module")
def village() -> SimpleNamespace:
    case = matchopt.Case.from_frames(**tables(SIZES["village"]))
    return SimpleNamespace(case=case, plan=matchopt.plan(case))


def test_a_single_wrong_price_anywhere_is_found(any_village: SimpleNamespace) -> None:
    random = np.random.default_rng(5)
    prices = any_village.plan.prices
    found = 0
    for row in random.choice(len(prices), 30, replace=False).tolist():
        wrong = moved(any_village.plan, row, random.choice([0.0001, 0.001, 0.05]), random.choice([0, 0, 1]))
        expected = said_of_everything(any_village.case, wrong)
        assert said(any_village.case, wrong) == expected
        found += bool(expected)
    assert found > 15


def test_the_screen_lets_few_pairs_of_a_good_plan_pass(
    village: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = []
    monkeypatch.setattr(
        "matchopt.verifier.proof.PlainProof.note", lambda self, some, found: met.append(len(some.cost))
    )
    assert said(village.case, village.plan) == []
    needs, donations = (
        village.case.needs["item"].value_counts(),
        village.case.donations["item"].value_counts(),
    )
    assert 0 < sum(met) < 0.2 * (needs * donations).sum()


def test_few_pairs_are_computed_one_and_all(
    village: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pairs are few, the loop is left out, and the same is said."""
    plan = replace(moved(village.plan, 3, 0.05, 0), needs=village.plan.needs.assign(reason="capacity"))
    expected = said(village.case, plan)
    monkeypatch.setattr(pairs, "FEW_PAIRS", 10**9)
    monkeypatch.setattr(bounding, "prune_pairs", None)
    assert said(village.case, plan) == expected


def test_the_reasons_do_not_depend_on_the_pieces(
    village: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(village.plan, needs=village.plan.needs.assign(reason="capacity"))
    expected = said(village.case, plan)
    monkeypatch.setattr("matchopt.verifier.pairs.DONATIONS_A_PIECE", 3)
    monkeypatch.setattr("matchopt.verifier.pairs.PAIRS_A_PIECE", 5)
    assert said(village.case, plan) == expected


@pytest.mark.parametrize("settings", [{"objective": "total-cost"}, {"budget": 20.0}])
def test_pairs_held_back_are_looked_at_again(
    village: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    rates = {"unmet_cost": 2.0}
    case = village.case.replace(settings={"policy": settings, "rates": rates})
    monkeypatch.setattr("matchopt.verifier.pairs.TRIES", 2)
    blank = replace(village.plan, allocations=village.plan.allocations.iloc[:0])
    assert said(case, blank) == said_of_everything(case, blank)


def test_hubs_are_tried_as_by_whole_arrays() -> None:
    """Of random pairs, near and far, in time and late, with equal costs now and then."""
    random = np.random.default_rng(3)
    f = gather(matchopt.Case.from_frames(**tables(SIZES["town"])))
    i, j = random.integers(0, len(f.donations.ids), 4000), random.integers(0, len(f.needs.ids), 4000)
    p = PairFacts.of(f, i, j)
    p = p._replace(fees=rules.Fees(*np.zeros((4, len(i)))))
    ours, theirs = rules.best_routes(f, p), best_routes(f, p)
    assert (ours.cost == theirs.cost).all()
    assert (ours.hub == theirs.hub).all()
    assert (ours.connected == theirs.connected).all()
    assert len(pd.unique(ours.hub)) > 2
