"""Shared capacities: a best plan that obeys them is given, one that does not is refused by name."""

import pandas as pd
import pytest
from typer.testing import CliRunner

import matchopt
from matchopt.cli import app

NEEDS = {
    "need_id": ["n"], "community": ["A"], "item": ["rice"], "quantity": [10],
    "needed_from": ["2026-03-05"], "needed_by": ["2026-03-06"],
}  # fmt: skip
DONATIONS = {
    "donation_id": ["d"], "item": ["rice"], "quantity": [10], "origin": ["Farm"], "community": ["B"],
    "available_from": ["2026-03-01"], "available_until": ["2026-03-02"],
}  # fmt: skip
COMMUNITIES = {"community": ["A", "B"], "organization": ["One", "Two"]}
LIMITS = {
    ("hubs", "throughput_capacity"): "2026-03-02",
    ("hubs", "storage_capacity"): "2026-03-0",
    ("lanes", "capacity_kg"): "Farm → Hub",
    ("agreements", "max_quantity_kg"): "Two → One",
}


def tables(table, column, capacity):
    """The rice is picked up before it is needed, so that it must wait in the hub for three days."""
    made = {
        "needs": NEEDS,
        "donations": DONATIONS,
        "communities": COMMUNITIES,
        "hubs": {"hub": ["Hub"]},
        "lanes": {"from_place": ["Farm", "Hub"], "to_place": ["Hub", "A"], "distance_km": [1, 1]},
        "agreements": {"from_organization": ["Two"], "to_organization": ["One"]},
        "items": {"item": ["rice"], "weight_kg": [2]},
    }
    first = next(iter(made[table].values()))
    made[table] = made[table] | {column: [capacity] + [None] * (len(first) - 1)}
    return {name: pd.DataFrame(rows) for name, rows in made.items()}


@pytest.mark.parametrize(("table", "column"), LIMITS)
def test_a_capacity_that_is_just_enough_is_obeyed(table, column):
    case = matchopt.Case.from_frames(**tables(table, column, 20))
    plan = matchopt.plan(case)
    assert plan.served == 10
    assert plan.allocations["hub"].tolist() == ["Hub"]
    assert matchopt.verify(case, plan) == ()


@pytest.mark.parametrize(("table", "column"), LIMITS)
def test_a_capacity_that_binds_is_refused_by_name(table, column):
    case = matchopt.Case.from_frames(**tables(table, column, 19))
    assert "capacity_could_bind" in {f.code for f in case.warnings}
    with pytest.raises(matchopt.CaseError) as refused:
        matchopt.plan(case)
    (finding,) = [f for f in refused.value.findings if f.severity is matchopt.Severity.ERROR]
    assert (finding.code, finding.table, finding.column) == ("not_built", table, column)
    assert LIMITS[table, column] in finding.problem
    assert "20 kg" in finding.problem
    assert "19 kg" in finding.problem


def test_on_the_command_line_nothing_is_written(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    for name, frame in tables("hubs", "storage_capacity", 19).items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    told = CliRunner().invoke(app, ["plan", str(folder), "-o", str(tmp_path / "run")])
    assert told.exit_code == 1
    assert "not planned by this version yet" in told.stderr
    assert not (tmp_path / "run").exists()
