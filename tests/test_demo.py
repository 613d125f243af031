"""The demo case: as its script makes it, as large as promised, every feature and reason in it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import matchopt
from demo import Demo
from matchopt.contract.fields import Kind
from matchopt.contract.schema import TABLES
from profiles import deep

DATA = Path(__file__).resolve().parent.parent / "data"
SCRIPT = DATA / "make_demo.py"


@pytest.fixture(scope="module")
def english() -> matchopt.Case:
    return matchopt.read_case(DATA / "city-en")


@pytest.fixture(scope="module")
def chinese() -> matchopt.Case:
    return matchopt.read_case(DATA / "city-zh")


@pytest.fixture(scope="module")
def plan(english_demo: Demo) -> matchopt.Plan:
    return english_demo.plan


@pytest.fixture(scope="module")
def total_cost(english: matchopt.Case) -> matchopt.Plan:
    """The plan of least total cost: of all needs in the deep profile, which takes a minute, or of a third."""
    needs, affinities = english.needs.iloc[:: 1 if deep() else 3], english.table("affinities")
    affinities = affinities[affinities["need_id"].isin(["", *needs["need_id"]])]
    settings = {"policy": {"objective": "total-cost"}}
    return matchopt.plan(english.replace(needs=needs, affinities=affinities, settings=settings))


@pytest.fixture(scope="module")
def lines(plan: matchopt.Plan) -> pd.DataFrame:
    """The lines of the plan beside the donation, the need and the item they join."""
    case = plan.case
    needs = case.needs.add_suffix("_need").rename(columns={"need_id_need": "need_id"})
    gifts = case.donations.add_suffix("_gift").rename(columns={"donation_id_gift": "donation_id"})
    items = case.table("items").add_suffix("_of").rename(columns={"item_of": "item_gift"})
    joined = plan.allocations.merge(needs, on="need_id").merge(gifts, on="donation_id")
    return joined.merge(items, on="item_gift")


# The files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_files_are_what_the_script_makes(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-B", str(SCRIPT), "--check"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_names_a_file_that_differs(tmp_path: Path) -> None:
    for script in DATA.glob("*.py"):
        (tmp_path / script.name).write_bytes(script.read_bytes())
    run = [sys.executable, "-B", str(tmp_path / "make_demo.py")]
    assert subprocess.run(run, check=False).returncode == 0
    (tmp_path / "city-zh" / "hubs.csv").write_text("changed")
    (tmp_path / "city-en" / "left.csv").write_text("over")
    done = subprocess.run([*run, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [Path(line.split(" is not ")[0]).name for line in done.stderr.splitlines()] == [
        "left.csv",
        "hubs.csv",
    ]


def test_chinese_files_open_in_excel_and_have_the_headers_of_the_schema() -> None:
    for path in sorted((DATA / "city-zh").glob("*.csv")):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), path.name
        headers = next(csv.reader([path.read_text("utf-8-sig").splitlines()[0]]))
        english = next(csv.reader([(DATA / "city-en" / path.name).read_text("utf-8").splitlines()[0]]))
        assert headers == [TABLES[path.stem].column(name).zh for name in english]


def test_every_table_and_column_of_the_contract_is_used(english: matchopt.Case) -> None:
    assert set(TABLES) - set(english.tables) == {"commitments", "packs"}
    idle = {
        f"{name}.{column.name}"
        for name, table in english.tables.items()
        for column in TABLES[name].columns
        if not (table[column.name].notna() & ~table[column.name].isin(["", False])).any()
    }
    assert idle == {"items.name", "needs.unit", "donations.unit"}
    assert set(english.table("items")["kind"]) == {"goods", "service", "funds"}


# What it holds ------------------------------------------------------------------------------------


def test_counts_are_as_promised(english: matchopt.Case) -> None:
    rows = {name: len(table) for name, table in english.tables.items()}
    assert rows["communities"] == 20
    assert english.table("communities")["district"].nunique() == 4
    assert (rows["hubs"], rows["organizations"], rows["items"]) == (5, 3, 46)
    assert (rows["donations"], rows["needs"]) == (150, 1200)
    assert english.table("hubs")["cold"].sum() == 2
    assert english.table("hubs")["organization"].nunique() == 3
    assert set(english.needs["channel"]) == {"resident", "public_sector", "enterprise"}
    assert set(english.needs["priority"]) == {1, 2, 3, 4, 5}
    raised = (english.donations["community"] != "").mean()
    assert raised == pytest.approx(1 / 3, abs=0.03)
    asked_for = english.donations["item"].isin(english.needs["item"])
    offered = english.donations.loc[asked_for, "quantity"].sum()
    assert offered / english.needs["quantity"].sum() == pytest.approx(0.75, abs=0.05)


def test_the_city_is_thirty_kilometres_wide(english: matchopt.Case) -> None:
    for name in ("communities", "hubs", "donations"):
        table = english.table(name)
        assert table["latitude"].max() - table["latitude"].min() < 30 / 111
        assert table["longitude"].max() - table["longitude"].min() < 30 / 95
    homes = english.table("communities")
    assert homes["latitude"].nunique() == homes["longitude"].nunique() == 19  # New Hope Village has none
    assert homes["population"].max() > 4 * homes["population"].median()


def test_quantities_are_heavy_tailed_and_fit_who_asks(english: matchopt.Case) -> None:
    by_item = english.donations.groupby("item")["quantity"]
    assert (by_item.max() > 0.5 * by_item.sum())[by_item.size() >= 3].sum() >= 5
    asked = english.needs.pivot_table("quantity", "item", "channel", "mean").dropna()
    assert len(asked) > 20
    assert (asked["public_sector"] > asked["resident"]).mean() > 0.95


def test_what_must_stay_whole(english: matchopt.Case) -> None:
    gifts, needs, items = english.donations, english.needs, english.table("items")
    step = gifts["item"].map(items.set_index("item")["step"])
    assert (gifts["lot_size"] > step).sum() >= 5
    assert (gifts["max_communities"] < 20).sum() >= 5
    assert {0.5, 1, 10, 50} <= set(items["step"])
    oil = needs.loc[needs["item"] == "cooking oil", "quantity"]
    assert (oil % 1 == 0.5).any()
    assert needs["single_source"].sum() > 20
    assert needs["all_or_nothing"].sum() > 20
    assert needs.loc[needs["item"] == "hearing aid", "all_or_nothing"].all()
    assert {0.5, 1, 1.5, 7, 10} == set(english.table("substitutions")["ratio"])


def test_volunteers_fit_residents_more_or_less(english: matchopt.Case) -> None:
    table = english.table("affinities")
    levels = (table[["donation_id", "donor", "need_id", "group"]] != "").value_counts()
    assert len(levels) == 4  # by donation or donor, by need or group
    assert len(table) > 40
    assert table["score"].nunique() > 5
    assert english.settings.policy.affinity_weight > 0


def test_money_of_each_kind(english: matchopt.Case) -> None:
    money = english.donations[english.donations["item"] == "donated money"]
    assert len(money) == 3
    assert (money["only_groups"] != "").sum() == 1
    assert (money["community"] != "").sum() == 1
    assert english.table("items")["purchase_price"].notna().sum() == 4
    assert english.settings.policy.budget > 0
    assert english.settings.policy.fairness == "floor"


def test_organisations_are_not_all_in_agreement(english: matchopt.Case) -> None:
    pairs = set(
        english.table("agreements")[["from_organization", "to_organization"]].itertuples(
            index=False, name=None
        )
    )
    names = english.table("organizations")["organization"]
    assert {(a, b) for a in names for b in names if a != b} - pairs == {("Neighbours Together", "Open Hands")}


def test_it_reads_with_one_warning_about_places_without_coordinates(english: matchopt.Case) -> None:
    (warning,) = english.warnings
    assert "New Hope Village" in warning.problem


def test_real_cells_are_noted(english: matchopt.Case, chinese: matchopt.Case) -> None:
    notes = [f for f in english.findings if f.severity is matchopt.Severity.NOTE]
    assert {f.table for f in notes} == {"donations"}
    assert 3 <= len(notes) <= 4
    assert not [f for f in chinese.findings if f.table == "donations" and f.column]  # headers alone
    columns = [c.name for c in TABLES["donations"].columns if c.kind not in (Kind.TEXT, Kind.LIST)]
    pd.testing.assert_frame_equal(english.donations[columns], chinese.donations[columns])


# What the plan shows ------------------------------------------------------------------------------


def test_plan_is_proven_and_stands_the_inspection(plan: matchopt.Plan) -> None:
    assert (plan.status, plan.gap) == ("optimal", 0)
    assert matchopt.verify(plan.case, plan) == ()


def test_plan_is_interesting(plan: matchopt.Plan) -> None:
    assert 0.65 < plan.served / plan.asked < 0.85
    asked = {int(tier): quantity for tier, quantity in plan.summary["asked_by_tier"].items()}
    coverage = {tier: quantity / asked[tier] for tier, quantity in plan.served_by_tier.items()}
    assert 0.9 < coverage[1] < 1
    assert coverage[5] < coverage[3] < coverage[2]


def test_every_kind_of_cost_occurs(plan: matchopt.Plan) -> None:
    assert {kind for kind, cost in plan.cost.items() if cost == 0} == set()


def test_hubs_are_used_and_goods_wait_in_them(lines: pd.DataFrame, plan: matchopt.Plan) -> None:
    goods, via = lines[lines["kind_of"] == "goods"], lines[lines["hub"] != ""]
    assert set(via["hub"]) == set(plan.case.table("hubs")["hub"])
    assert 0.2 < len(via) / len(goods) < 0.7
    assert (via["storage_cost"] > 0).sum() > 20
    assert (via["delivery_day"] > via["arrival_day"] + pd.Timedelta(days=2)).any()
    cold = set(plan.case.table("hubs").query("cold")["hub"])
    assert set(via.loc[via["cold_of"], "hub"]) == cold


def test_capacities_hold(lines: pd.DataFrame, plan: matchopt.Plan) -> None:
    goods = lines[lines["kind_of"] == "goods"]
    kg = goods["donated_quantity"] * goods["weight_kg_of"]
    hubs = plan.case.table("hubs").set_index("hub")
    via = goods["hub"] != ""
    arrived = kg[via].groupby([goods.loc[via, "hub"], goods.loc[via, "arrival_day"]]).sum()
    limit = hubs["throughput_capacity"].dropna()
    used = arrived.groupby("hub").max().reindex(limit.index)
    assert (used <= limit + 1e-6).all()
    assert (used > 0).any()


def test_money_is_spent_and_listed(plan: matchopt.Plan) -> None:
    bought = plan.purchases
    assert set(bought["donor"]) <= set(plan.case.donations["donor"])
    assert bought["amount"].sum() == pytest.approx(plan.cost["purchase"])
    assert {"hearing aid", "nappies"} & set(bought["item"])
    assert plan.summary["budget"]["used"] <= plan.summary["budget"]["limit"]


def test_the_worst_off_get_something(plan: matchopt.Plan) -> None:
    fair = plan.summary["fairness"]
    assert fair["rule"] == "floor"
    assert fair["floor"] == fair["bound"] > 0.1


def test_lanes_with_lead_time_are_taken(lines: pd.DataFrame) -> None:
    assert (lines["pickup_day"] < lines["delivery_day"]).any()
    assert ((lines["hub"] == "H5 West Hills Depot") & (lines["community_need"] == "New Hope Village")).any()


def test_donations_use_every_feature(lines: pd.DataFrame) -> None:
    assert (lines["item_gift"] != lines["item_need"]).any()
    assert (lines["only_communities_gift"] != "").any()
    assert (lines["only_groups_gift"] != "").any()
    assert (lines["reliability_gift"] < 1).any()
    assert lines["expires_on_gift"].notna().any()
    assert (lines["expires_on_gift"].isna() & lines["shelf_life_days_of"].lt(28)).any()
    assert (lines["quality_gift"] < 5).any()
    assert (lines["origin_gift"] != "").any()
    assert {0.5, 1, 10, 50} <= set(lines["step_of"])
    assert (lines["lot_size_gift"] > lines["step_of"]).any()
    assert (lines["max_communities_gift"] < 20).any()
    assert (lines["served_quantity"] != lines["donated_quantity"]).any()
    assert set(lines["kind_of"]) == {"goods", "service", "funds"}


def test_needs_use_every_feature(lines: pd.DataFrame, english: matchopt.Case) -> None:
    assert (lines["min_quality_need"] > 1).any()
    assert (lines["min_remaining_days_need"] > 0).any()
    assert lines["needed_from_need"].notna().any()
    assert lines["needed_by_need"].notna().any()
    assert set(lines["channel_need"]) == {"resident", "public_sector", "enterprise"}
    assert set(lines["group_need"]) == set(english.needs["group"])
    services = lines[lines["kind_of"] == "service"]
    assert len(services) > 20
    assert lines["single_source_need"].any()
    assert lines["all_or_nothing_need"].any()
    assert (services[["transport_cost", "handling_cost", "storage_cost"]] == 0).all(axis=None)


def test_most_reasons_occur(plan: matchopt.Plan) -> None:
    rules = {"no_such_item", "quality", "earmark", "boundary", "unreachable", "timing"}
    assert set(plan.needs["reason"]) >= rules | {"", "excluded", "outranked"}
    assert {"capacity", "integrality"} <= set(plan.needs["reason"])
    assert set(plan.donations["reason"]) >= rules | {"", "demand_met", "unreliable", "integrality"}


def test_total_cost_is_proven_too(total_cost: matchopt.Plan) -> None:
    assert (total_cost.status, total_cost.gap) == ("optimal", 0)
    assert matchopt.verify(total_cost.case, total_cost) == ()


def test_both_languages_have_the_same_plan(
    plan: matchopt.Plan, chinese: matchopt.Case, chinese_demo: Demo
) -> None:
    other = chinese_demo.plan
    names = dict(zip(plan.case.table("hubs")["hub"], chinese.table("hubs")["hub"], strict=True)) | {"": ""}
    hub = plan.allocations["hub"]
    translated = plan.allocations.assign(hub=hub.map(names).astype(hub.dtype))
    pd.testing.assert_frame_equal(translated, other.allocations)
    same = ["need_id", "priority", "asked", "served", "unmet", "reason"]
    pd.testing.assert_frame_equal(plan.needs[same], other.needs[same])
    same = ["donation_id", "offered", "planned", "left_over", "reason"]
    pd.testing.assert_frame_equal(plan.donations[same], other.donations[same])
    same = ["quantity", "unit_price", "amount", "donation_id", "need_id"]
    pd.testing.assert_frame_equal(
        plan.purchases[same].sort_values(["need_id", "donation_id"], ignore_index=True),
        other.purchases[same].sort_values(["need_id", "donation_id"], ignore_index=True),
    )
    assert _in_words(plan, chinese) == _in_words(other, chinese)


def _in_words(plan: matchopt.Plan, chinese: matchopt.Case) -> str:
    """Return the summary as text, names of communities and categories in Chinese."""
    names: dict[str, str] = {}
    for table, column in (("communities", "community"), ("items", "category")):
        names |= dict(zip(plan.case.table(table)[column], chinese.table(table)[column], strict=True))
    summary = json.loads(json.dumps(dict(plan.summary)))
    held_by = summary["fairness"].pop("held_by")
    assert held_by
    return json.dumps([summary, sorted(sorted(names.get(n, n) for n in cell.values()) for cell in held_by)])
