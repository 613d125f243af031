"""The recipe as a whole, on the demo city."""

from pathlib import Path

import pytest

import matchopt
from matchopt.solve import pairs, pricing

DEMO = Path(__file__).parents[1] / "data" / "city-en"


@pytest.fixture(scope="module")
def case():
    return matchopt.read_case(DEMO)


@pytest.mark.parametrize("objective", ["coverage-first", "total-cost"])
def test_pairs_that_never_entered_the_solver_are_proven_too(case, objective, monkeypatch):
    case = case.replace(settings={"policy": {"objective": objective, "boundary": "open"}})
    whole = matchopt.plan(case)
    monkeypatch.setattr(pricing, "ALL_PAIRS", 0)
    monkeypatch.setattr(pricing, "CANDIDATES", 2)
    monkeypatch.setattr(pairs, "BLOCK_PAIRS", 1000)
    monkeypatch.setattr(pairs, "REMEMBERED_PAIRS", 0)
    sparse = matchopt.plan(case)
    assert sparse.run["work"]["arcs"] < whole.run["work"]["arcs"]
    assert sparse.summary["bound"] == whole.summary["bound"]
    assert sparse.summary["logistics_cost"] + sparse.cost["unmet"] * (
        objective == "total-cost"
    ) == pytest.approx(
        whole.summary["logistics_cost"] + whole.cost["unmet"] * (objective == "total-cost"), abs=1e-9
    )
    assert sparse.gap == 0
    assert matchopt.verify(case, sparse) == ()


def test_progress_is_told_in_order_and_to_the_end(case):
    told = []
    matchopt.plan(case, progress=lambda stage, done, total: told.append((stage, done, total)))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["encode", "solve", "decode"]
    assert all(0 <= done < total for _, done, total in told)


def test_an_unknown_solver_is_named(case):
    with pytest.raises(ValueError, match="'abacus' is not known; choose one of ortools, networkx"):
        matchopt.plan(case, solver="abacus")


def test_a_what_if_changes_only_the_settings_it_names(case):
    by_cost = case.replace(settings={"policy": {"objective": "total-cost"}}).settings
    assert by_cost.policy.objective == "total-cost"
    assert by_cost.policy.boundary == case.settings.policy.boundary == "agreements"
    assert by_cost.rates == case.settings.rates
    assert by_cost.horizon == case.settings.horizon
    dear = case.replace(settings={"rates": {"identification": {"resident": 9.0}}}).settings.rates
    assert dear.identification.resident == 9.0
    assert dear.identification.enterprise == case.settings.rates.identification.enterprise
    with pytest.raises(matchopt.CaseError, match=r"did you mean policy\.boundary"):
        case.replace(settings={"policy": {"boundry": "open"}})


def test_a_what_if_leaves_the_case_as_it_is(case):
    before = matchopt.plan(case)
    narrow = case.replace(settings={"policy": {"boundary": "community"}})
    assert matchopt.plan(narrow).served < before.served
    assert matchopt.plan(case).summary == before.summary
