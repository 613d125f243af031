"""Studies: the points are the plans of the changed cases, and what is said of them is so."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from typer.testing import CliRunner

import matchopt
from matchopt import Case, CaseError, RunError
from matchopt.cli import app
from matchopt.language import speaking
from matchopt.model.places import kilometres
from matchopt.report import studies
from matchopt.report.studies import figures_of
from matchopt.report.study_page import paragraph, study_html
from matchopt.runs.study import default_study, refuse_study, write_study
from matchopt.whatif.study import MODES, boundaries_study, choices, modes_study, settings_study
from matchopt.whatif.variant import Variant
from profiles import examples
from small_case import SmallCase
from strategies import small_cases


def city(**changes: Any) -> Case:
    """Two districts: rice is raised in Hilltop and Harbour, Oldtown lies with Hilltop."""
    return Case.from_frames(
        needs=pd.DataFrame(
            {
                "need_id": ["N1", "N2", "N3", "N4"],
                "community": ["Hilltop", "Oldtown", "Harbour", "Harbour"],
                "item": "rice",
                "quantity": [4, 6, 5, 3],
                "priority": [1, 1, 2, 3],
                "channel": ["resident", "public_sector", "enterprise", "resident"],
                "needed_by": ["2026-03-05", "2026-03-05", "2026-03-09", "2026-03-20"],
            }
        ),
        donations=pd.DataFrame(
            {
                "donation_id": ["D1", "D2"],
                "donor": ["Mill", "Dock"],
                "item": "rice",
                "quantity": [9, 4],
                "origin": ["Hilltop", "Harbour"],
                "community": ["Hilltop", "Harbour"],
                "available_from": "2026-03-01",
            }
        ),
        communities=pd.DataFrame(
            {
                "community": ["Hilltop", "Oldtown", "Harbour"],
                "latitude": [31.0, 31.01, 31.2],
                "longitude": [121.0, 121.0, 121.0],
                "district": ["North", "North", "South"],
                "organization": ["A", "B", "B"],
            }
        ),
        settings={"policy": changes},
    )


def test_choices_are_those_of_the_settings() -> None:
    assert choices("policy.boundary") == ["community", "district", "organization", "agreements", "open"]
    for name in ("policy.budget", "policy.bondary", "policy", "rates.identification", "nothing.at.all"):
        with pytest.raises(CaseError) as refused:
            choices(name)
        assert name in str(refused.value) or name.split(".")[0] in str(refused.value)


def test_points_are_the_plans_of_the_changed_cases() -> None:
    case = city()
    told: list[tuple[int, int]] = []
    made = settings_study(
        case,
        {"policy.boundary": ["district", "open"], "policy.objective": []},
        tell=lambda done, total: told.append((done, total)),
    )
    assert told == [(k, 4) for k in range(5)]
    assert [dict(point.label) for point in made.points] == [
        {"policy.boundary": boundary, "policy.objective": objective}
        for boundary in ("district", "open")
        for objective in ("coverage-first", "total-cost")
    ]
    assert made.reference == 2
    for point in made.points:
        section = {name.partition(".")[2]: value for name, value in point.label.items()}
        expected = matchopt.plan(case.replace(settings={"policy": section}))
        assert point.plan is not None
        assert point.plan.served == expected.served
        assert point.plan.cost == expected.cost


def test_a_border_costs_residents() -> None:
    made = boundaries_study(city())
    assert made.points[made.reference].label == {"policy.boundary": "open"}
    by_name = {point.label["policy.boundary"]: point for point in made.points}
    # Without a table of agreements there is nothing to plan by.
    assert by_name["agreements"].plan is None
    served = {name: point.plan.served for name, point in by_name.items() if point.plan is not None}
    # Within the community: 4 of Hilltop's 9, Harbour's own 4; in the district also Oldtown's 5.
    assert served == {"community": 8, "district": 13, "organization": 8, "open": 13}
    results = studies.results_of(made)
    changes = studies.gains(made, results)
    lost = changes[(changes["name"] == "only within the community") & (changes["change"] < 0)]
    assert lost["community"].tolist() == ["Oldtown"]
    with speaking("en"):
        said = paragraph(made, results)
    assert "“only within the community” serves 5 units fewer (44.4%)" in said
    assert "No plan under “where organisations agree”" in said


def test_the_modes_hear_of_their_channels_and_keep_the_days() -> None:
    case = city()
    made = modes_study(case)
    assert [point.label["mode"] for point in made.points] == list(MODES)
    for point in made.points:
        assert point.plan is not None
        channels = MODES[point.label["mode"]]
        assert set(point.plan.case.needs["channel"]) == set(channels)
        assert point.plan.summary["horizon"] == made.base.summary["horizon"]
    results = studies.results_of(made)
    assert {result.figures.asked for result in results if result.figures} == {18.0}
    assert [result.figures.served for result in results if result.figures] == [7, 6, 13, 12, 13]


def test_a_mode_that_hears_nobody_is_told() -> None:
    case = city()
    made = modes_study(case.replace(needs=case.needs.assign(channel="resident")))
    assert [point.plan is None for point in made.points] == [False, True, False, False, False]
    with speaking("en"):
        said = paragraph(made, studies.results_of(made))
    assert "No plan under “public sector”: no need comes through this channel." in said


@examples(0.05)
@given(small=small_cases())
def test_modes_of_any_case(small: SmallCase) -> None:
    made = modes_study(small.case())
    results = studies.results_of(made)
    for result in results:
        if result.figures is None:
            assert result.point.why
            continue
        m = result.figures
        assert result.point.plan is not None
        assert m.served <= m.asked + 1e-6
        assert m.served == pytest.approx(result.point.plan.served, abs=1e-5)
        assert m.communities["served"].sum() == pytest.approx(m.served, abs=1e-5)
        assert m.worst_share == pytest.approx(m.communities["share"].min())
    assert paragraph(made, results)
    assert study_html(made, results, studies.need_changes(made)).startswith("<!doctype html>")


def test_a_study_without_any_plan_says_why() -> None:
    with pytest.raises(CaseError):
        settings_study(city(), {"policy.boundary": ["agreements"]})
    with pytest.raises(CaseError):
        settings_study(city(), {"policy.bondary": ["open"]})


def haversine(a: tuple[float, float], b: tuple[float, float]) -> float:
    (p, q), (r, s) = np.radians(a), np.radians(b)
    chord = np.sin((r - p) / 2) ** 2 + np.cos(p) * np.cos(r) * np.sin((s - q) / 2) ** 2
    return float(2 * 6371.0 * np.arcsin(np.sqrt(chord)))


def test_distances_are_those_on_the_globe_times_the_detour() -> None:
    case = city()
    plan = matchopt.plan(case)
    spots: Any = case.table("communities").set_index("community")[["latitude", "longitude"]].loc
    lines: Any = plan.allocations.itertuples()
    origin = case.donations.set_index("donation_id")["origin"]
    goal = case.needs.set_index("need_id")["community"]
    expected = [
        case.settings.rates.detour_factor
        * haversine(tuple(spots[origin[line.donation_id]]), tuple(spots[goal[line.need_id]]))
        for line in lines
    ]
    assert kilometres(plan.case, plan.allocations) == pytest.approx(expected, rel=1e-4)
    weights = plan.allocations["served_quantity"]
    assert figures_of(plan).km == pytest.approx(float((expected * weights).sum() / weights.sum()), rel=1e-3)


def test_a_lane_says_how_far_it_is() -> None:
    lanes = pd.DataFrame(
        {"from_place": ["Hilltop"] * 2, "to_place": ["Oldtown", "Harbour"], "distance_km": [7.5, 80.0]}
    )
    plan = matchopt.plan(city().replace(lanes=lanes))
    over = plan.allocations.set_index(["donation_id", "need_id"]).assign(
        km=kilometres(plan.case, plan.allocations)
    )["km"]
    assert over["D1", "N2"] == pytest.approx(7.5)


@examples(0.06)
@given(small=small_cases())
def test_measures_of_any_plan_are_the_plans(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    m = figures_of(plan)
    assert m.served == pytest.approx(plan.served, abs=1e-5)
    assert m.asked == pytest.approx(plan.asked, abs=1e-5)
    assert m.kg_days >= 0
    assert m.km != m.km or m.km >= 0
    counted = plan.summary["objective"] == "total-cost"
    assert m.cost == pytest.approx(sum(v for k, v in plan.cost.items() if counted or k != "unmet"), abs=1e-3)


def test_a_study_is_a_folder(tmp_path: Path) -> None:
    made = boundaries_study(city())
    results = studies.results_of(made)
    needs = studies.need_changes(made)
    tables = {"points.csv": studies.points_table(made, results), "needs.csv": needs}
    folder = tmp_path / "deep" / "study"
    write_study(folder, study_html(made, results, needs), tables, studies.as_json(made, results), force=False)
    assert sorted(file.name for file in folder.iterdir()) == [
        "needs.csv",
        "points.csv",
        "report.html",
        "study.json",
    ]
    rows = list(csv.DictReader((folder / "points.csv").read_text("utf-8-sig").splitlines()))
    assert [row["policy.boundary"] for row in rows] == ["community", "district", "organization", "open"]
    assert [float(row["served"]) for row in rows] == [8, 13, 8, 13]
    said = json.loads((folder / "study.json").read_text("utf-8"))
    assert [point["planned"] for point in said["points"]] == [True, True, True, False, True]
    with pytest.raises(RunError, match="exists"):
        refuse_study(folder, force=False)
    refuse_study(folder, force=True)
    with pytest.raises(RunError, match="is no study"):
        refuse_study(tmp_path, force=True)


def test_a_study_has_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = default_study(tmp_path / "my-city", "modes", force=False)
    assert first == Path("studies/my-city-modes")
    first.mkdir(parents=True)
    assert default_study(tmp_path / "my-city", "modes", force=False) == Path("studies/my-city-modes-2")
    assert default_study(tmp_path / "my-city", "modes", force=True) == first


def test_a_case_with_a_gift_is_the_one_that_would_be_read() -> None:
    """A variant needs no check, for it holds what the check would make of the same rows."""
    case = city()
    gift = pd.DataFrame(
        {
            "donation_id": ["G"],
            "item": ["rice"],
            "quantity": [2.0],
            "origin": ["Hilltop"],
            "community": ["Hilltop"],
            "available_from": [pd.Timestamp("2026-03-02")],
            "available_until": [pd.NaT],
        }
    )
    made = Variant(matchopt.plan(case)).with_donations(gift)
    read = made.replace(donations=pd.concat([case.donations, gift.assign(quality=5)], ignore_index=True))
    pd.testing.assert_frame_equal(made.donations, read.donations)
    assert made.settings == read.settings
    assert matchopt.plan(made).summary == matchopt.plan(read).summary


def test_names_of_a_study_come_out_as_text(tmp_path: Path) -> None:
    nasty = ["<script>alert(1)</script>", '=HYPERLINK("http://x")', "</script><b>", "{{ 7*7 }}"]
    case = city()
    names = dict(zip(["N1", "N2", "N3", "N4"], nasty, strict=True))
    places = dict(zip(["Hilltop", "Oldtown", "Harbour"], nasty, strict=False))
    case = case.replace(
        needs=case.needs.replace({"need_id": names, "community": places}),
        donations=case.donations.replace({"origin": places, "community": places}),
        communities=case.table("communities").replace({"community": places}),
    )
    made, plain = boundaries_study(case), boundaries_study(city())
    results, needs = studies.results_of(made), studies.need_changes(made)
    page = study_html(made, results, needs)
    calm = study_html(plain, studies.results_of(plain), studies.need_changes(plain))
    assert page.count("<script") == calm.count("<script")
    assert "<script>alert(1)" not in page
    assert "\\u003c/script>\\u003cb>" in page
    tables = {"communities.csv": studies.gains(made, results), "needs.csv": needs}
    write_study(tmp_path / "s", page, tables, studies.as_json(made, results), force=False)
    for name in tables:
        for row in csv.reader((tmp_path / "s" / name).read_text("utf-8-sig").splitlines()):
            assert not [cell for cell in row if cell.startswith("=")]


def test_a_study_works_with_lines_that_stay() -> None:
    """N2 of the public sector has two of six units under way: who does not hear of it still brings these."""
    committed = pd.DataFrame(
        {
            "donation_id": ["D1", "D2", "D1"],
            "need_id": ["N2", "N3", "N1"],
            "quantity": [2, 1, 1],
            "status": ["in_transit", "declined", "planned"],
        }
    )
    base = city()
    case = Case.from_frames(
        needs=base.needs.assign(quantity=[4, 6, 5, 3]),
        donations=base.donations,
        communities=base.tables["communities"],
        commitments=committed,
    )
    made = modes_study(case)
    served = {}
    for point in made.points:
        assert point.plan is not None, [str(finding) for finding in point.why]
        assert matchopt.verify(point.plan.case, point.plan) == ()
        served[point.label["mode"]] = point.plan.needs.set_index("need_id")["served"].to_dict()
    assert served["resident"] == {"N1": 4, "N2": 2, "N4": 3}
    assert served["public_sector"] == {"N2": 6}
    assert figures_of(made.points[0].plan, case).asked == 18  # type: ignore[arg-type]
    for point in boundaries_study(case).points[:1]:
        assert point.plan is not None
        assert matchopt.verify(point.plan.case, point.plan) == ()


def test_tables_of_a_study_carry_what_is_varied_and_its_own_value() -> None:
    made = boundaries_study(city())
    with speaking("zh"):
        results = studies.results_of(made)
        for table in (studies.gains(made, results), studies.need_changes(made)):
            told = studies.as_csv(made, table)
            assert told.columns[0] == "policy.boundary"
            assert "name" not in told
            assert set(told["policy.boundary"]) == {"community", "district", "organization"}


def test_where_no_point_can_differ_it_is_said_why() -> None:
    def said(study: Any) -> str:
        return paragraph(study, studies.results_of(study))

    nobody = city().replace(donations=city().donations.assign(community=""))
    assert "No point can differ: no donation has a community." in said(boundaries_study(nobody))
    assert "No point can differ" not in said(boundaries_study(city()))
    alone = city().replace(needs=city().needs.assign(channel="resident"))
    assert "No point can differ: all needs come through one channel." in said(modes_study(alone))
    assert "No point can differ" not in said(modes_study(city()))
    vary = {"policy.reliability": [], "policy.churn_cost": ["0", "1"]}
    told = said(settings_study(city(), vary))
    assert "No point can differ: all donations are certain; there is no table commitments." in told
    assert "No point can differ" not in said(settings_study(city(), vary | {"policy.boundary": ["open"]}))


def test_spoilt_is_what_expires_unused_within_the_plan() -> None:
    """Of what is left, one lot expired before the plan, one does in it, one by its shelf life, one keeps."""
    case = Case.from_frames(
        needs=pd.DataFrame([{"need_id": "n", "community": "a", "item": "tea", "quantity": 1}]),
        donations=pd.DataFrame(
            [
                {"donation_id": "old", "item": "rice", "quantity": 1, "expires_on": "2026-02-28"},
                {"donation_id": "soon", "item": "rice", "quantity": 2, "expires_on": "2026-03-31"},
                {"donation_id": "milk", "item": "milk", "quantity": 4},
                {"donation_id": "keeps", "item": "rice", "quantity": 8, "expires_on": "2026-04-01"},
            ]
        ),
        items=pd.DataFrame([{"item": "tea"}, {"item": "rice"}, {"item": "milk", "shelf_life_days": 5}]),
        settings={"horizon": {"start": "2026-03-01", "end": "2026-03-31"}},
    )
    assert figures_of(matchopt.plan(case)).spoilt == 6


def test_the_start_can_be_varied_and_today_is_the_day_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = city()
    starts = ("2026-03-01", "2026-03-06", "today")
    made = settings_study(case, {"horizon.start": starts}, today=date(2026, 3, 10))
    plans = [point.plan for point in made.points]
    assert [plan.summary["horizon"]["start"] for plan in plans if plan] == [*starts[:2], "2026-03-10"]
    # On March 6 the needs of March 5 are gone, on March 10 that of March 9 as well.
    assert [plan.served for plan in plans if plan] == [13, 8, 3]
    case_folder = tmp_path / "city"
    case_folder.mkdir()
    for name in ("needs", "donations"):
        case.table(name).to_csv(case_folder / f"{name}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    vary = ("study", "city", "--vary", "horizon.start=2026-03-01,today", "--today", "2026-03-10", "-o", "s")
    assert CliRunner().invoke(app, list(vary)).exit_code == 0
    points = pd.read_csv("s/points.csv")
    assert points["served"].tolist() == [13, 3]
