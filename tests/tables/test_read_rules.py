"""Rules across tables: references, places, days, policy."""

from __future__ import annotations

import pytest

from checked import Check
from matchopt.language import speaking
from matchopt.tables.checks.quantities import circles

NEEDS = "need_id,community,item,quantity\nn1,A,rice,5\nn2,B,rice,5\n"
PLACES = "community,latitude,longitude\nA,31.2,121.4\nB,31.3,121.5\nC,31.1,121.3\n"


def donations(header: str, *rows: str) -> str:
    return "\n".join(
        [f"donation_id,item,quantity,{header}", *(f"d{k},rice,5,{r}" for k, r in enumerate(rows))]
    )


# --- references and origins --------------------------------------------------------------


def test_key_that_another_table_lacks(check: Check) -> None:
    got = check(
        {
            "needs.csv": NEEDS,
            "communities.csv": "community\nA\nBB\n",
            "donations.csv": donations("限定社区", "A;BB", "BB;Ax"),
            "items.csv": "item\nrices\n",
        }
    )
    assert got.errors == [
        ("unknown_key", "needs", 2, "item"),
        ("unknown_key", "needs", 3, "community"),
        ("unknown_key", "needs", 3, "item"),
        ("unknown_key", "donations", 2, "item"),
        ("unknown_key", "donations", 3, "item"),
        ("unknown_key", "donations", 3, "限定社区"),
    ]
    assert "did you mean «rices»?" in got.of("unknown_key")[0].cure
    assert got.of("unknown_key")[5].value == "Ax"


def test_keys_are_free_where_the_table_is_not_given(check: Check) -> None:
    assert check({"needs.csv": NEEDS, "donations.csv": donations("community", "Z")}).errors == []


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        ({}, []),
        ({"communities.csv": "community\nA\nB\n"}, ["unknown_origin"]),
        ({"hubs.csv": "hub\nH\n"}, ["unknown_origin"]),
        ({"hubs.csv": "hub\nX\n"}, []),
        ({"hubs.csv": "hub\nH\n", "lanes.csv": "from_place,to_place,distance_km\nX,A,1\n"}, []),
        ({"lanes.csv": "from_place,to_place,distance_km\nY,A,1\n"}, []),
    ],
)
def test_origin_unknown(check: Check, files: dict[str, str], codes: list[str]) -> None:
    got = check({"needs.csv": NEEDS, "donations.csv": donations("origin", "X", "A"), **files})
    assert [code for code, *_ in got.errors] == codes
    assert [f.row for f in got.of("unknown_origin")] == [2] * len(codes)


def test_origin_with_its_own_coordinates_may_be_unknown(check: Check) -> None:
    rows = donations("origin,latitude,longitude", "X,31.2,121.4")
    assert check({"needs.csv": NEEDS, "communities.csv": PLACES, "donations.csv": rows}).errors == []


def test_origin_that_no_lane_names_is_warned_of_once(check: Check) -> None:
    lanes = "from_place,to_place,distance_km\nX,A,1\n"
    got = check({"needs.csv": NEEDS, "donations.csv": donations("origin", "X", "Y", "Z"), "lanes.csv": lanes})
    warning = got.one("unreached_origin")
    assert (warning.severity, warning.row, warning.value) == ("warning", 3, "Y")
    assert "2 of 3" in warning.problem


# --- coordinates -------------------------------------------------------------------------


def test_latitude_beyond_90_may_be_swapped(check: Check) -> None:
    got = check({"communities.csv": "community,纬度,经度\nA,121.4,31.2\nB,95,200\n"})
    assert got.errors == [
        ("out_of_range", "communities", 2, "纬度"),
        ("out_of_range", "communities", 3, "经度"),
        ("out_of_range", "communities", 3, "纬度"),
    ]
    cures = {f.row: f.cure for f in got.of("out_of_range") if f.column == "纬度"}
    assert "swapped" in cures[2]
    assert "swapped" not in cures[3]


def test_half_coordinates(check: Check) -> None:
    got = check({"communities.csv": "community,latitude,longitude\nA,31,\nB,,121\n"})
    assert got.errors == [
        ("half_coordinates", "communities", 2, "longitude"),
        ("half_coordinates", "communities", 3, "latitude"),
    ]


def test_swapped_coordinates_within_range(check: Check) -> None:
    rows = "community,latitude,longitude\nA,48.85,2.35\nB,48.9,2.4\nC,2.3,48.8\nD,48.8,2.3\n"
    assert check({"communities.csv": rows}).errors == [("swapped_coordinates", "communities", 4, "latitude")]
    far = rows.replace("C,2.3,48.8", "C,20,60")
    assert check({"communities.csv": far}).errors == []


def test_swapped_coordinates_of_a_donation(check: Check) -> None:
    communities = "community,latitude,longitude\nA,48.85,2.35\nB,48.9,2.4\n"
    rows = donations("latitude,longitude", "2.3,48.8")
    got = check({"needs.csv": NEEDS, "communities.csv": communities, "donations.csv": rows})
    assert got.errors == [("swapped_coordinates", "donations", 2, "latitude")]


def test_one_name_at_two_places(check: Check) -> None:
    got = check(
        {"communities.csv": PLACES, "hubs.csv": "仓库,latitude,longitude\nA,31.2,121.4\nB,31.2,121.4\n"}
    )
    assert got.errors == [("contradictory_place", "hubs", 3, "仓库")]


def test_own_coordinates_that_contradict_the_origin(check: Check) -> None:
    rows = donations("origin,latitude,longitude", "A,31.2,121.4", "A,31.9,121.4")
    got = check({"needs.csv": NEEDS, "communities.csv": PLACES, "donations.csv": rows})
    assert got.errors == [("contradictory_place", "donations", 3, "origin")]


@pytest.mark.parametrize(
    ("files", "severity", "words"),
    [
        ({}, "note", "distance 0"),
        ({"lanes.csv": "from_place,to_place,distance_km\nA,B,1\n"}, "note", "only by the lanes"),
        ({"communities.csv": PLACES + "D,,\n"}, "warning", "distance 0"),
    ],
)
def test_places_without_coordinates_are_spoken_of_once(
    check: Check, files: dict[str, str], severity: str, words: str
) -> None:
    got = check({"needs.csv": NEEDS, **files}).one("no_coordinates")
    assert got.severity == severity
    assert words in got.problem


def test_all_places_have_coordinates(check: Check) -> None:
    rows = donations("origin", "A")
    got = check({"needs.csv": NEEDS, "communities.csv": PLACES, "donations.csv": rows})
    assert got.findings == ()


def test_money_needs_no_place(check: Check) -> None:
    files = {
        "needs.csv": NEEDS,
        "communities.csv": PLACES,
        "items.csv": "item,kind\nrice,funds\n",
        "donations.csv": donations("donor", "x"),
    }
    assert check(files).of("no_coordinates") == []
    goods = check({**files, "items.csv": "item,kind\nrice,goods\n"})
    assert "1 place has no coordinates (d0)" in goods.one("no_coordinates").problem


# --- lanes -------------------------------------------------------------------------------


def test_contradictory_lanes(check: Check) -> None:
    lanes = "起点,终点,distance_km,lead_days\nA,B,1,\nA,B,1.0,0\nB,A,2,\nA,B,3,\n"
    got = check({"needs.csv": NEEDS, "lanes.csv": lanes})
    assert got.errors == [("contradictory_lanes", "lanes", 5, "起点")]
    assert "row 2" in got.one("contradictory_lanes").problem
    assert (got.one("repeated_lane").severity, got.one("repeated_lane").row) == ("warning", 3)


def test_repeated_lanes_are_merged(check: Check) -> None:
    lanes = "from_place,to_place,distance_km,memo\nA,B,1,x\nA,B,1,x\nB,A,2,y\n"
    got = check({"needs.csv": NEEDS, "lanes.csv": lanes}).good
    assert got.tables["lanes"]["distance_km"].to_list() == [1.0, 2.0]
    assert got.extras["lanes"]["memo"].to_list() == ["x", "y"]
    assert got.tables["lanes"].index.to_list() == [0, 1]


def test_lane_without_length(check: Check) -> None:
    lanes = "from_place,to_place,distance_km,cost_per_kg\nA,B,,\nA,A,,\nA,X,,1\nX,B,,\n"
    got = check({"needs.csv": NEEDS, "communities.csv": PLACES, "lanes.csv": lanes})
    assert got.errors == [("lane_without_length", "lanes", 5, "distance_km")]
    assert [(f.column, f.value) for f in got.of("unknown_place")] == [("to_place", "X"), ("from_place", "X")]


# --- substitutions -----------------------------------------------------------------------


def test_substitutions_by_themselves_in_circles_and_at_nothing(check: Check) -> None:
    rows = "need_item,donated_item,ratio\na,b,1\nb,c,1\nc,a,1\nd,d,1\ne,f,0\ng,a,1\n"
    got = check({"substitutions.csv": rows})
    assert got.errors == [
        ("substitution_cycle", "substitutions", 2, "donated_item"),
        ("self_substitution", "substitutions", 5, "donated_item"),
        ("not_positive", "substitutions", 6, "ratio"),
    ]
    assert got.one("substitution_cycle").value == "a → b → c → a"


def test_circles_of_a_graph() -> None:
    chain = {"a": {"b": 0}, "b": {"c": 1}, "x": {"y": 2}}
    assert circles(chain) == []
    assert circles(chain | {"y": {"x": 3}}) == [["x", "y"]]
    assert circles({"a": {"b": 0, "c": 1}, "b": {"c": 2}}) == []
    assert len(circles({k: {str((int(k) + 1) % 50): 0} for k in map(str, range(50))})[0]) == 50


# --- policy and days ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("boundary", "files", "codes"),
    [
        ("district", {}, ["boundary_without_data"]),
        ("district", {"communities.csv": "community\nA\nB\n"}, ["boundary_without_data"]),
        ("district", {"communities.csv": "community,district\nA,N\nB,\n"}, []),
        ("organization", {"communities.csv": "community,district\nA,N\nB,\n"}, ["boundary_without_data"]),
        ("agreements", {"communities.csv": "community,organization\nA,O\nB,P\n"}, ["boundary_without_data"]),
        ("community", {}, []),
    ],
)
def test_boundary_needs_its_data(
    check: Check, boundary: str, files: dict[str, str], codes: list[str]
) -> None:
    files = {"needs.csv": NEEDS, "donations.csv": donations("community", "A"), **files}
    got = check(files, [f"policy.boundary={boundary}"])
    assert [code for code, *_ in got.errors] == codes
    assert all(f.column == "policy.boundary" for f in got.of("boundary_without_data"))
    blank = got.of("blank_boundary")
    assert [(f.severity, f.row) for f in blank] == (
        [("warning", 3)] if boundary == "district" and not codes else []
    )


@pytest.mark.parametrize("rule", ["floor", "leximin", "share"])
def test_fairness_needs_communities(check: Check, rule: str) -> None:
    finding = check(changes=[f"policy.fairness={rule}"]).one("fairness_without_data")
    assert (finding.severity, finding.table, finding.column) == ("error", "matchopt.toml", "policy.fairness")
    assert (finding.value, finding.cure) == (rule, "add communities.csv, or set fairness to none")
    fit = {"communities.csv": "community,population\nA,3\n"}
    assert check(fit, [f"policy.fairness={rule}"]).errors == []


@pytest.mark.parametrize(
    ("communities", "places"),
    [
        ("community\nA\nB\n", [("matchopt.toml", None, "policy.fairness")]),
        ("community,人口\nA,\nB,\n", [("matchopt.toml", None, "policy.fairness")]),
        ("community,人口\nA,0\nB,0\n", [("matchopt.toml", None, "policy.fairness")]),
        ("community,人口\nA,\nB,5\nC,\n", [("communities", 2, "人口"), ("communities", 4, "人口")]),
        ("community,人口\nA,0\nB,5\n", []),
    ],
)
def test_fair_shares_need_every_population(
    check: Check, communities: str, places: list[tuple[str, int | None, str]]
) -> None:
    files = {"needs.csv": NEEDS, "communities.csv": communities}
    got = check(files, ["policy.fairness=share"])
    assert got.errors == [("fairness_without_data", *place) for place in places]
    assert check(files, ["policy.fairness=floor"]).errors == []


def test_a_negative_budget_or_weight_is_refused(check: Check) -> None:
    got = check(changes=["policy.budget=-1", "policy.affinity_weight=-0.5", "policy.fair_share=1.5"])
    assert got.errors == [
        ("bad_setting", "matchopt.toml", None, f"policy.{name}")
        for name in ("fair_share", "budget", "affinity_weight")
    ]
    assert check(changes=["policy.budget=1e12"]).good.settings.policy.budget == 1e12


def test_boundary_that_binds_nothing(check: Check) -> None:
    assert check(changes=["policy.boundary=community"]).one("idle_boundary").severity == "warning"
    donations = "donation_id,item,quantity,community\nd1,rice,5,A\n"
    files = {"needs.csv": NEEDS, "donations.csv": donations}
    assert check(files, ["policy.boundary=community"]).of("idle_boundary") == []


def test_undated_case_with_lead_days_or_horizon(check: Check) -> None:
    lanes = "from_place,to_place,distance_km,lead_days\nA,B,1,2\n"
    got = check({"needs.csv": NEEDS, "lanes.csv": lanes}, ["horizon.end=2026-04-01"])
    assert [(f.severity, f.table, f.row) for f in got.of("undated")] == [
        ("warning", "matchopt.toml", None),
        ("warning", "lanes", 2),
    ]


def test_horizon_against_the_tables(check: Check) -> None:
    header = "need_id,community,item,quantity,needed_from,needed_by\n"
    needs = header + "n1,A,rice,1,2026-05-01,\nn2,A,rice,1,,2026-01-01\n"
    got = check({"needs.csv": needs}, ["horizon.start=2026-03-01", "horizon.end=2026-04-01"])
    assert [(f.severity, f.row, f.column) for f in got.of("outside_horizon")] == [
        ("warning", 2, "needed_from"),
        ("warning", 3, "needed_by"),
    ]
    got = check({"needs.csv": needs}, ["horizon.start=2026-06-01"])
    assert got.errors == [("reversed_days", "matchopt.toml", None, "horizon")]
    got = check({"needs.csv": needs}, ["horizon.start=2026-03-01", "horizon.end=2206-04-01"])
    assert got.one("long_horizon").severity == "warning"


# --- rows that say too little, earmarks --------------------------------------------------


def test_exclusions_that_say_too_little(check: Check) -> None:
    got = check({"exclusions.csv": "item,community,why\n,,x\nrice,,y\n"})
    assert got.errors == [("incomplete_row", "exclusions", 2, "")]


def test_commitments_that_say_too_little(check: Check) -> None:
    header = "allocation_id,donation_id,need_id,quantity,status\n"
    got = check({"commitments.csv": header + ",d1,n1,,planned\na1,,,,planned\n,d1,n1,1,planned\n"})
    assert got.errors == [
        ("incomplete_row", "commitments", 2, "allocation_id"),
        ("no_earlier_plan", "commitments", 3, "allocation_id"),
    ]


def test_earmarks_for_nobody(check: Check) -> None:
    got = check(
        {"needs.csv": NEEDS, "donations.csv": donations("only_communities,only_groups", "A;Bb,elderly")}
    )
    assert [(f.severity, f.column, f.value) for f in got.of("idle_earmark")] == [
        ("warning", "only_groups", "elderly"),
        ("warning", "only_communities", "Bb"),
    ]


def test_items_that_differ_by_signs_only(check: Check) -> None:
    got = check({"needs.csv": NEEDS.replace("n2,B,rice", "n2,B,ri.ce")})
    assert (got.one("near_name").row, got.one("near_name").value) == (3, "ri.ce")


def test_findings_call_tables_columns_and_choices_as_their_reader_does(check: Check) -> None:
    files = {
        "affinities.csv": "捐赠编号,需求编号,匹配度\nD9,n1,0.5\n",
        "communities.csv": "社区,纬度\nA,31\n",
        "needs.csv": "需求编号,社区,物资,数量,渠道\nn1,A,大米,5,居民们\n",
    }
    with speaking("zh"):
        said = "\n".join(str(f) for f in check(files).findings if f.severity == "error")
    assert "捐赠编号" in said
    assert "经度" in said
    assert "居民、社区公共部门 或 企业" in said
    for word in ("donation", "longitude", "resident", "communities 表"):
        assert word not in said
